//! What every event of a thread touches, packed by slot of the thread table.
//!
//! It connects the events of a thread, and no field sees it but through the event it is kept for: it changes without
//! a stamp ([`facts`](super::facts)).

use super::fd::FdTable;
use super::thread::Enter;

/// The slot of no thread.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// What one event of a thread leaves for the next.
#[derive(Debug)]
pub(super) struct Hot {
    /// Stamp of the thread.
    pub(super) stamp: u64,
    /// Descriptor number of the last event; -1 none.
    pub(super) fd: i64,
    /// Code of the last enter event; 0xffff none.
    pub(super) enter_code: u16,
    /// The current exit event belongs to that enter event.
    pub(super) enter_valid: bool,
    /// The enter event has been followed by an exit event; it is not needed any more once that has been delivered.
    pub(super) enter_used: bool,
    /// Slot of the thread whose descriptors the thread uses, at `holder_version`; [`NO_SLOT`] if it is not known.
    pub(super) holder: u32,
    /// Version of the thread for which `holder` holds.
    pub(super) holder_version: u64,
    /// The enter event itself, for the few types whose parameters the exit event needs.
    pub(super) enter: Option<Box<Enter>>,
    /// Descriptors of the thread, unless it uses its leader's.
    pub(super) fds: FdTable,
}

impl Default for Hot {
    fn default() -> Hot {
        Hot {
            stamp: 0,
            fd: -1,
            enter_code: u16::MAX,
            enter_valid: false,
            enter_used: false,
            holder: NO_SLOT,
            holder_version: 0,
            enter: None,
            fds: FdTable::default(),
        }
    }
}

impl Hot {
    /// The thread is gone.
    pub(super) fn clear(&mut self) {
        *self = Hot::default();
    }
}
