//! Whole-system tests and what they share: captures built by hand, scenarios, conditions, generators.
//!
//! - [`scap`] builds captures byte by byte;
//! - [`scenario`] turns what happens on a small machine, written in YAML, into a capture (`rules/cases`);
//! - [`conditions`] checks conditions on tables of field values (`corpus/conditions`);
//! - [`engines`] lists the engines that must agree;
//! - [`bytecode`] runs the programs of filters in an interpreter;
//! - [`kernel`] shows events as the kernel sees them, and says what must hold of kernel plans;
//! - [`generate`] makes random conditions and events, [`fuzzing`] says what must hold on them;
//! - [`rules`] loads rule sets, [`rulesets`] makes large ones;
//! - [`shared`] reads recorded captures and Falco's answers, which lie outside the repository.
//!
//! Functions panic on misuse and when a property fails; mistakes in files are errors.

pub mod bytecode;
pub mod conditions;
pub mod engines;
pub mod fuzzing;
pub mod generate;
pub mod kernel;
pub mod rules;
pub mod rulesets;
pub mod scap;
pub mod scenario;
pub mod shared;
