//! x
pub mod scap;
