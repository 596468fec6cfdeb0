//! What is known about the machine: threads, process images, descriptors, users, groups, interfaces.
//!
//! One writer. Captures fill it from their metadata blocks (`metadata`), every event changes it through the
//! effect named in its schema row (`effects`), fields read it.

pub mod effects;
pub mod fd;
pub mod metadata;
pub mod net;
pub mod paths;
pub mod thread;
pub mod users;

pub use fd::{Fd, FdKind, FdTable, L4, Role};
pub use thread::{Image, Thread, ThreadTable};

/// State of one event source.
#[derive(Debug, Default)]
pub struct State {
    /// Threads by tid.
    pub threads: ThreadTable,
    /// Users and groups by container and id.
    pub users: users::Users,
    /// Network interfaces.
    pub interfaces: net::Interfaces,
    /// Machine facts of the capture.
    pub machine: Machine,
    /// Containers by short id, with their metadata as far as known.
    pub containers: crate::containers::Containers,
}

/// Facts of the recorded machine.
#[derive(Debug, Default, Clone)]
pub struct Machine {
    /// Host name.
    pub hostname: Vec<u8>,
    /// Number of CPUs.
    pub num_cpus: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Boot time, nanoseconds since the epoch.
    pub boot_ts: u64,
}

/// What the state learnt about the event being processed: input of the `evt.*` and `fd.*` fields.
/// Filled by [`State::apply`](effects), valid until the next event.
#[derive(Debug, Clone, Default)]
pub struct Current {
    /// The thread of the event exists in the table (possibly as a placeholder); its tid.
    pub tid: Option<i64>,
    /// Descriptor number the event works on, for events with descriptor flags.
    pub fd: Option<i64>,
    /// The descriptor, if known. Kept here because `close` and `exit` remove it from the table only after
    /// the event has been delivered.
    pub fd_info: Option<std::sync::Arc<Fd>>,
    /// The event changed the descriptor's name.
    pub fd_name_changed: bool,
    /// Path parameter of an open-like event resolved against its directory.
    pub path: Option<Vec<u8>>,
}
