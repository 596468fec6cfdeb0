//! The compiler of Peregrine: rule text → typed rules → optimised IR → native code.

pub mod hir;
pub mod span;
pub mod value;
pub mod load;
