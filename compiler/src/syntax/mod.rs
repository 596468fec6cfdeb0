//! Conditions as text.
pub mod ast;
