//! Whole-system tests and what they share: captures built by hand, scenarios, conditions, generators.
//!
//! - [`scap`] builds captures byte by byte;
//! - [`scenario`] turns what happens on a small machine, written in YAML, into a capture (`rules/cases`);
//! - [`conditions`] checks conditions on tables of field values (`corpus/conditions`);
//! - [`shared`] reads recorded captures and Falco's answers, which lie outside the repository.
//!
//! Nothing here knows an engine: tests hand one in as a function.

pub mod conditions;
pub mod scap;
pub mod scenario;
pub mod shared;
