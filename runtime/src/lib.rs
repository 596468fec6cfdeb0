//! The runtime of Peregrine: records → state → compiled rules → alerts.
//!
//! ```text
//! capture  file → blocks → records and facts about the machine; old events → current ones
//! state    threads, images, descriptors, users, containers: changed by records
//! session  capture, converter and state together: events ready for rules
//! fields   values of an event for conditions and outputs
//! format   output templates → text and JSON
//! alert    alerts as lines of text or JSON
//! procfs   the machine's processes, descriptors, users and interfaces from /proc
//! guard    capabilities and system calls that a daemon gives up
//! replay   events → matching rules → alerts
//! live     the machine as it runs: probe → state → rules → alerts
//! cli      the `peregrine` program
//! ```

pub mod alert;
pub mod capture;
pub mod cli;
pub mod compiled;
pub mod containers;
pub mod fields;
pub mod format;
pub mod guard;
pub mod live;
pub mod procfs;
pub mod profile;
pub mod record;
pub mod recorder;
pub mod replay;
pub mod session;
pub mod state;
mod sys;
