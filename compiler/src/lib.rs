//! The compiler of Peregrine: rule text → typed rules → optimised IR → native code.

pub mod check;
pub mod hir;
pub mod span;
pub mod syntax;
pub mod value;
