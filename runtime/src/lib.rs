//! x
pub mod capture;
pub mod containers;
pub mod fields;
pub mod format;
pub mod record;
pub mod session;
pub mod state;
mod sys;
