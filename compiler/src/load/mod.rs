//! Rule files to checked rules.
pub mod scalar;
pub mod yaml;
