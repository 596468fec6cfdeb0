//! x
pub mod capture;
pub mod record;
mod sys;
