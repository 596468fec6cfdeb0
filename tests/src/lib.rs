//! What the whole-system tests share: capture builder, oracle answers, rule sets.

pub mod rules;
pub mod scap;
pub mod shared;
