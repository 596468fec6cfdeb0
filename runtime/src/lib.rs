//! x
pub mod capture;
pub mod containers;
pub mod record;
pub mod state;
mod sys;
