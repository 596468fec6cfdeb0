//! Conditions as text: parsing ([`parser`]), the tree ([`ast`]) and printing ([`print`]).
//!
//! What must hold: what is accepted, what a text means and where an error is placed is what Falco's own
//! parser does, its oddities included, since rule files in use depend on them. Places are byte offsets.

pub mod ast;
pub(crate) mod lexer;
pub mod parser;
pub mod print;

pub use parser::{
    Position, SyntaxError, parse_condition, parse_field, parse_operand, parse_operand_prefix, parse_quoted, position,
};

#[cfg(test)]
mod tests;
