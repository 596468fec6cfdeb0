//! What is known about the machine: threads, process images, descriptors, users, groups, interfaces.
//!
//! One writer. Captures fill it from their metadata blocks (`metadata`), every event changes it through the
//! effect named in its schema row (`effects`), fields read it.
//!
//! ```text
//! per event:  State::apply ─► Current ─► rules ─► State::after
//! ```
//!
//! A thread that exits and a descriptor that is closed stay until the next event is applied: rules about the event
//! still see them.

pub mod effects;
pub mod facts;
pub mod fd;
pub mod fdtable;
mod hot;
mod live;
pub mod metadata;
pub mod net;
pub mod paths;
pub mod table;
pub mod thread;
pub mod users;

pub use facts::Facts;
pub use fd::{Addr, Fd, FdKind, L4, Role};
pub use fdtable::Fds;
pub use live::Known;
pub use thread::{Image, Text, Thread, ThreadTable};

/// What the original prints for what is not known.
pub const NA: &[u8] = b"<NA>";

/// State of one event source.
#[derive(Debug, Clone, Default)]
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
    /// Removals that wait for the next event.
    delayed: effects::Delayed,
    /// Memory for the next enter event.
    spare_enter: Option<Box<thread::Enter>>,
    /// Ports of the server sockets of the descriptor lists.
    server_ports: metadata::Ports,
}

impl State {
    /// An empty state instead of this one, whose versions of facts go on.
    pub fn restart(&mut self) {
        let threads = ThreadTable::after(self.threads.last_stamp() + self.other_changes());
        *self = State { threads, ..State::default() };
    }

    /// Version of what is known about a thread, but for descriptors and counters: as long as it is the same, so are
    /// the values of the thread's fields that have the lifetime of an image ([`facts`]).
    pub fn facts(&self, tid: i64) -> Option<Facts> {
        Some(self.facts_at(self.threads.slot_of(tid)?))
    }

    /// The descriptor that an event works on or has made, if it is known.
    #[inline]
    pub fn event_fd<'a>(&'a self, cur: &'a Current) -> Option<&'a Fd> {
        match &cur.fd_info {
            Some(fd) => Some(fd),
            None => self.fd(cur.slot?, cur.fd?),
        }
    }

    #[inline]
    fn facts_at(&self, slot: u32) -> Facts {
        Facts { slot, version: self.threads.version(slot) + self.other_changes() }
    }

    /// The thread of an event, if the table has it.
    #[inline]
    pub fn event_thread(&self, cur: &Current, tid: i64) -> Option<&Thread> {
        match cur.slot {
            Some(slot) => Some(self.threads.in_slot(slot)),
            None => self.threads.get(tid),
        }
    }

    /// Changes of what is not kept with threads.
    #[inline]
    fn other_changes(&self) -> u64 {
        self.users.changes() + self.containers.changes()
    }
}

impl Current {
    /// [`State::facts`] of the event's thread. `None` if the event is not about one, and for the events that tell
    /// about containers, users and groups, whose fields do not depend on the thread alone.
    #[inline]
    pub fn facts(&self, state: &State) -> Option<Facts> {
        Some(state.facts_at(self.slot?))
    }
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
    /// Boot time, nanoseconds since the epoch; 0 when replaying a capture.
    pub boot_ts: u64,
}

/// What the state learnt about the event being processed: input of the `evt.*` and `fd.*` fields.
/// Filled by [`State::apply`](effects), valid until the next event. Keep one for all events of a source: it is
/// cheaper to update than to fill.
#[derive(Debug, Clone, Default)]
pub struct Current {
    /// Slot of the event's thread, if that is in the table (possibly as a placeholder).
    pub(crate) slot: Option<u32>,
    /// Descriptor number the event works on or has made, for events with descriptor flags: `fd.num`. -1 if the
    /// event does not tell.
    pub fd: Option<i64>,
    /// The descriptor, if it is not the one that the thread has under the number in `fd`. That one stays until the
    /// next event, even if this event closes it: it is looked up when it is asked for ([`State::event_fd`]).
    pub fd_info: Option<Box<Fd>>,
    /// An enter event of the thread waits to be used or dropped.
    pub(crate) has_enter: bool,
    /// The event changed the descriptor's name.
    pub fd_name_changed: bool,
    /// The container that a container event tells about, known before any of its threads.
    pub container: Option<std::sync::Arc<crate::containers::Container>>,
}

/// The empty text, without allocating.
fn empty_text() -> Text {
    static EMPTY: std::sync::LazyLock<Text> = std::sync::LazyLock::new(|| Text::from(&b""[..]));
    EMPTY.clone()
}
