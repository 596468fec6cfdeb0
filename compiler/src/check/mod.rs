//! Syntax tree → typed rules.
pub mod regex;
