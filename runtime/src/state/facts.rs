//! Versions of what is known about a thread apart from what every event may change.
//!
//! A consumer may keep what it derived from *image-lifetime* fields of a thread (names, arguments, ids, users,
//! containers, the same of ancestors: everything but descriptors, counters, times of events and leaders found by the
//! id of a session or process group) as long as [`Facts`] are equal.
//!
//! ```text
//! version = max(stamp of the thread, stamp of what threads share) + changes of users + changes of containers
//! ```
//!
//! What must hold: equal slot and version mean equal values. Stamps are drawn from one rising number, so each term
//! never falls and an equal sum means equal terms. A thread's stamp is new after every change of the thread itself,
//! the shared one after every change of a thread on which another depends: one that some thread names as its parent,
//! or the first of a group of several. [`ThreadTable`](super::ThreadTable) has no other ways to change a
//! [`Thread`](super::Thread) than those that stamp it.

use super::table::Map;
use std::sync::atomic::{AtomicU64, Ordering};

/// Identity of the facts about a thread at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Facts {
    /// The thread's place in the table, below [`MAX_THREADS`](super::table::MAX_THREADS); may be another thread's
    /// later, with another version.
    pub slot: u32,
    /// Never falls for the same slot.
    pub version: u64,
}

/// The stamps of a thread table, and who depends on whom.
#[derive(Debug, Clone)]
pub(super) struct Stamps {
    /// The last number given.
    last: u64,
    /// When something changed on which other threads than the changed one depend.
    shared: u64,
    /// Number of threads in the table that name a thread id as their parent's, whether or not it exists.
    named: Map<u32>,
}

impl Default for Stamps {
    fn default() -> Stamps {
        Stamps::after(before_first())
    }
}

/// Below the first stamp of a table. No two tables of a process, of threads or of descriptors, give the same stamps: who
/// keeps what it derived from one may go on with another.
pub(super) fn before_first() -> u64 {
    /// Stamps that a table may give before they are those of another.
    const STAMPS_OF_TABLE: u64 = 1 << 40;
    static TABLES: AtomicU64 = AtomicU64::new(0);
    TABLES.fetch_add(STAMPS_OF_TABLE, Ordering::Relaxed)
}

impl Stamps {
    /// Stamps above `last`.
    pub(super) fn after(last: u64) -> Stamps {
        Stamps { last: last + 1, shared: last + 1, named: Map::default() }
    }

    /// A new stamp.
    pub(super) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The last stamp given.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// The version of a thread with this stamp, users and containers aside.
    #[inline]
    pub(super) fn version(&self, stamp: u64) -> u64 {
        stamp.max(self.shared)
    }

    /// Something changed on which several threads depend.
    pub(super) fn touch_shared(&mut self) {
        self.shared = self.next();
    }

    /// Whether a thread in the table names this one as its parent.
    pub(super) fn is_named(&self, tid: i64) -> bool {
        self.named.contains_key(&tid)
    }

    /// A thread that names `ptid` has come.
    pub(super) fn name(&mut self, ptid: i64) {
        *self.named.entry(ptid).or_insert(0) += 1;
    }

    /// A thread that names `ptid` has gone.
    pub(super) fn unname(&mut self, ptid: i64) {
        if let Some(count) = self.named.get_mut(&ptid) {
            *count -= 1;
            if *count == 0 {
                self.named.remove(&ptid);
            }
        }
    }
}
