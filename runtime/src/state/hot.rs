//! What every event of a thread touches, packed by slot of the thread table, and the descriptors.
//!
//! ```text
//! thread id ─► recent ─► row: thread id, what the last event left, whose descriptors, descriptors
//! ```
//!
//! It changes without a stamp ([`facts`](super::facts)): no field with the lifetime of an image sees it. What must
//! hold: `recent` names a slot under a thread id only while the row there is that thread's.

use super::fd::{Fd, FdKind};
use super::fdtable::{FdTable, Fds, Pool};
use super::thread::Enter;

/// The slot of no thread.
pub(super) const NO_SLOT: u32 = u32::MAX;
/// The code of no enter event.
pub(super) const NO_ENTER: u16 = u16::MAX;
/// Places for slots of threads that had an event, by the low bits of their ids.
const RECENT: usize = 256;

/// What one event of a thread leaves for the next.
#[derive(Debug, Clone)]
pub(super) struct Hot {
    /// The thread.
    tid: i64,
    /// Number that the kernel gave to the image of the process; 0 if it is not known, and in captures.
    pub(super) image: u64,
    /// What the kernel has been told about the image: [`super::live`].
    pub(super) told: u64,
    /// Stamp of the thread.
    stamp: u64,
    /// Version of the thread for which `holder` holds.
    holder_version: u64,
    /// Slot of the thread whose descriptors the thread uses.
    holder: u32,
    /// Code of the last enter event; [`NO_ENTER`] if there was none.
    pub(super) enter_code: u16,
    /// The enter event has been followed by an exit event; it is not needed any more once that has been delivered.
    pub(super) enter_used: bool,
    /// Descriptor number of the last event; -1 none.
    pub(super) fd: i64,
    /// The enter event itself, for the few types whose parameters the exit event needs.
    pub(super) enter: Option<Box<Enter>>,
    /// Descriptors of the thread, unless it uses its leader's.
    fds: FdTable,
}

impl Hot {
    fn new(tid: i64, fds: FdTable) -> Hot {
        Hot {
            tid,
            image: 0,
            told: 0,
            stamp: 0,
            holder_version: 0,
            holder: NO_SLOT,
            enter_code: NO_ENTER,
            enter_used: false,
            fd: -1,
            enter: None,
            fds,
        }
    }
}

/// The rows of all threads.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    rows: Vec<Hot>,
    recent: Box<[u32; RECENT]>,
    pool: Pool,
}

impl Default for Rows {
    fn default() -> Rows {
        Rows { rows: Vec::new(), recent: Box::new([NO_SLOT; RECENT]), pool: Pool::default() }
    }
}

/// Rows.
impl Rows {
    /// The slot of a thread, if it is among the recent ones.
    #[inline]
    pub(super) fn recent(&self, tid: i64) -> Option<u32> {
        let slot = self.recent[tid as usize % RECENT];
        self.rows.get(slot as usize).filter(|row| row.tid == tid).map(|_| slot)
    }

    /// Makes a thread that lives in this slot a recent one.
    pub(super) fn remember(&mut self, tid: i64, slot: u32) {
        self.recent[tid as usize % RECENT] = slot;
    }

    /// A thread begins in a slot.
    pub(super) fn begin(&mut self, slot: u32, tid: i64) {
        match self.rows.get_mut(slot as usize) {
            // The memory of the descriptors has been kept.
            Some(row) => *row = Hot::new(tid, std::mem::take(&mut row.fds)),
            None => self.rows.push(Hot::new(tid, FdTable::default())),
        }
    }

    /// The thread in a slot is gone.
    pub(super) fn end(&mut self, slot: u32) {
        let row = &mut self.rows[slot as usize];
        let recent = &mut self.recent[row.tid as usize % RECENT];
        if *recent == slot {
            *recent = NO_SLOT;
        }
        row.enter = None;
        self.pool.release_all(&mut row.fds);
    }

    #[inline]
    pub(super) fn at(&self, slot: u32) -> &Hot {
        &self.rows[slot as usize]
    }

    #[inline]
    pub(super) fn at_mut(&mut self, slot: u32) -> &mut Hot {
        &mut self.rows[slot as usize]
    }

    #[inline]
    pub(super) fn stamp(&self, slot: u32) -> u64 {
        self.rows[slot as usize].stamp
    }

    /// Stamps a thread.
    pub(super) fn set_stamp(&mut self, slot: u32, stamp: u64) {
        self.rows[slot as usize].stamp = stamp;
    }

    /// The slot whose descriptors the thread uses, if it is known for this version.
    #[inline]
    pub(super) fn holder(&self, slot: u32, version: u64) -> Option<u32> {
        let row = &self.rows[slot as usize];
        (row.holder_version == version).then_some(row.holder)
    }

    /// Remembers the slot whose descriptors the thread uses.
    pub(super) fn set_holder(&mut self, slot: u32, version: u64, holder: u32) {
        let row = &mut self.rows[slot as usize];
        (row.holder, row.holder_version) = (holder, version);
    }
}

/// Descriptors, by the slot of the thread that has them.
impl Rows {
    #[inline]
    pub(super) fn fds(&self, slot: u32) -> Fds<'_> {
        Fds { pool: &self.pool, table: &self.rows[slot as usize].fds }
    }

    #[inline]
    pub(super) fn fd(&self, slot: u32, num: i64) -> Option<&Fd> {
        self.pool.get(&self.rows[slot as usize].fds, num)
    }

    /// Whether any of the descriptors is an internet socket that is not connected.
    #[inline]
    pub(super) fn any_unconnected(&self, slot: u32) -> bool {
        self.rows[slot as usize].fds.any_unconnected()
    }

    /// Whether the thread has no descriptors of its own.
    #[inline]
    pub(super) fn has_no_fds(&self, slot: u32) -> bool {
        self.rows[slot as usize].fds.is_empty()
    }

    /// A descriptor to be added, of which only the type is known.
    pub(super) fn blank_fd(&mut self, kind: FdKind) -> Fd {
        self.pool.blank(kind)
    }

    /// A copy of a descriptor, to be added.
    pub(super) fn copy_fd(&mut self, slot: u32, num: i64) -> Option<Fd> {
        self.pool.copy(&self.rows[slot as usize].fds, num)
    }

    /// Adds or replaces a descriptor; `false` if the table is full.
    pub(super) fn insert_fd(&mut self, slot: u32, num: i64, fd: Fd) -> bool {
        self.pool.insert(&mut self.rows[slot as usize].fds, num, fd)
    }

    pub(super) fn remove_fd(&mut self, slot: u32, num: i64) {
        self.pool.remove(&mut self.rows[slot as usize].fds, num);
    }

    /// Changes a descriptor of this thread; `None` if there is none.
    pub(super) fn update_fd<T>(&mut self, slot: u32, num: i64, change: impl FnOnce(&mut Fd) -> T) -> Option<T> {
        self.pool.update(&mut self.rows[slot as usize].fds, num, change)
    }

    /// Numbers of the descriptors of which `test` holds.
    pub(super) fn fd_numbers(&self, slot: u32, test: impl Fn(i64, &Fd) -> bool) -> Vec<i64> {
        self.pool.numbers(&self.rows[slot as usize].fds, test)
    }

    /// A table with the same descriptors, for [`Rows::give_fds`].
    pub(super) fn share_fds(&mut self, slot: u32) -> FdTable {
        self.pool.share(&self.rows[slot as usize].fds)
    }

    /// Gives a table to a thread, in place of its own; none: drops it.
    pub(super) fn give_fds(&mut self, slot: Option<u32>, mut fds: FdTable) {
        if let Some(slot) = slot {
            std::mem::swap(&mut self.rows[slot as usize].fds, &mut fds);
        }
        self.pool.release_all(&mut fds);
    }
}
