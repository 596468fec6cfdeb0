//! What a daemon gives up once it runs: capabilities that it no longer needs, and system calls that it never makes.
//!
//! ```text
//! require ─► load, attach ─► lower ─► threads, rules compiled ─► confine ─► events
//!              all rights      needed ones             no more system calls than listed
//! ```
//!
//! - [`require`]: tells before anything else which capability is missing;
//! - [`lower`]: capability sets are per thread, so this comes while only one thread has any (compiling rules starts
//!   threads, too);
//! - [`confine`]: the filter of system calls is set for all threads, those that run and those to come.
//!
//! What must hold: neither can be undone; what comes later (another rule set, another program in the kernel, the
//! description of a process) works with what is left. `docs/privileges.md` is the reader's view of both tables.

mod privileges;
mod seccomp;

pub use privileges::{Capability, Needs, Purpose, Report, held, lower, require};
pub use seccomp::{confine, supported};

use std::io;

/// Why rights could not be given up, or work cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// Something needed is not permitted.
    #[error(
        "missing {}: run as root, or give these capabilities to the program or its service (docs/privileges.md); \
         `peregrine doctor` tells what this system lacks",
        .0.join(" and ")
    )]
    Missing(Vec<&'static str>),
    /// Threads would keep what is given up.
    #[error("capabilities are lowered before there are threads that have them; these run: {}", .0.join(", "))]
    Threads(Vec<String>),
    /// A thread has a filter of system calls of its own.
    #[error("thread {0} has another filter of system calls")]
    Filtered(i64),
    /// The filter of system calls cannot be made for this machine.
    #[error("no filter of system calls: {0}")]
    Filter(#[from] seccompiler::BackendError),
    /// The kernel refuses.
    #[error("{what}: {error}")]
    Refused {
        /// To do what.
        what: &'static str,
        /// Its words.
        error: io::Error,
    },
}

impl GuardError {
    fn refused<E: Into<io::Error>>(what: &'static str) -> impl Fn(E) -> GuardError {
        move |error| GuardError::Refused { what, error: error.into() }
    }
}
