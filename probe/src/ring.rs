//! Reads the records of a ring in place, in batches.
//!
//! A [`Batch`] lends records as slices of the ring's own memory. All records of a batch may be held at the same time;
//! when the batch ends, the kernel gets the room of those that were taken, in one store. Nothing sleeps here and
//! nothing is woken: programs submit with [`NO_WAKEUP`], and whoever reads decides when to look again.
//!
//! A ring may be read by a thread of its own; others see by its [`Level`] whether anything waits in it.
//!
//! What must hold: one reader for each ring. A record that a program is still writing holds up those behind it
//! (they are in the order of reservation); it comes with a later batch.
//!
//! Aya's reader is not used: it stores the position after each record and lends one at a time.

use crate::sys::map::MapSpec;
use crate::sys::ring::{Memory, Position, Positions, Read};
use aya::maps::MapData;
use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use thiserror::Error;

/// Flag of `bpf_ringbuf_submit`, `_output` and `_discard`: wake nobody. Waking costs more than the event.
pub const NO_WAKEUP: i32 = 1;
/// Flag of the same: wake the reader even if it has not caught up.
pub const FORCE_WAKEUP: i32 = 2;

/// Why a ring cannot be made.
#[derive(Debug, Error)]
pub enum RingError {
    /// The kernel does not create it.
    #[error("a ring of {bytes} bytes cannot be made: {error}")]
    Create {
        /// The size wanted.
        bytes: u32,
        /// Why.
        error: io::Error,
    },
    /// Its memory cannot be mapped.
    #[error("a ring of {bytes} bytes cannot be mapped: {error}")]
    Map {
        /// The size wanted.
        bytes: u32,
        /// Why.
        error: io::Error,
    },
}

/// A ring that programs write to, and its reader.
pub struct Ring {
    map: MapData,
    memory: Memory,
}

impl Ring {
    /// Makes a ring of so many bytes: a power of two, whole pages. The kernel takes the memory at once.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn create(name: &str, bytes: u32) -> Result<Ring, RingError> {
        let refused = |error| RingError::Create { bytes, error };
        let fd = MapSpec::ring(name, bytes).create_fd().map_err(refused)?;
        let map = MapData::from_fd(fd).map_err(|e| refused(io::Error::other(e)))?;
        let memory = Memory::map(map.fd().as_fd(), bytes).map_err(|error| RingError::Map { bytes, error })?;
        Ok(Ring { map, memory })
    }

    /// The map, to be put into an array of maps or named by a program.
    pub fn map(&self) -> &MapData {
        &self.map
    }

    /// Bytes of the ring.
    pub fn size(&self) -> usize {
        self.memory.size()
    }

    /// How full it is, for any thread and as long as it likes.
    pub fn level(&self) -> Level {
        Level(self.memory.positions())
    }

    /// What is in the ring now.
    pub fn batch(&mut self) -> Batch<'_> {
        let (at, end) = (self.memory.start(), self.memory.end());
        Batch { memory: &mut self.memory, at: Cell::new(at), end, damaged: Cell::new(false) }
    }
}

/// How full a ring is, seen from outside of the thread that reads it.
#[derive(Clone)]
pub struct Level(Positions);

impl Level {
    /// Bytes that are reserved or written and not given back yet; a record takes its length and 8, rounded up to 8.
    /// Two loads; what comes meanwhile may be counted or not.
    pub fn waiting(&self) -> usize {
        self.0.between()
    }

    /// Whether, at some time during this call, all that had come was read, and its batches were at their end.
    pub fn is_empty(&self) -> bool {
        self.waiting() == 0
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.map.fd().as_fd()
    }
}

/// A place between two records of a ring; see [`Batch::look`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(Position);

/// What lies at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look<'b> {
    /// A record, and the place behind it.
    Record(&'b [u8], Place),
    /// Nothing, when the batch began.
    End,
    /// What a program is still writing.
    Unfinished,
    /// A length that cannot be: [`Batch::is_damaged`].
    Damaged,
}

/// The records that were in a ring when the batch began. Dropping it gives the room of those taken to the kernel.
pub struct Batch<'r> {
    memory: &'r mut Memory,
    at: Cell<Position>,
    end: Position,
    damaged: Cell<bool>,
}

impl Batch<'_> {
    /// The next record. It may be held as long as the batch.
    pub fn next(&self) -> Option<&[u8]> {
        loop {
            match self.memory.read(self.at.get(), self.end) {
                Read::End | Read::Busy => return None,
                Read::Damaged => {
                    self.damaged.set(true);
                    return None;
                }
                Read::Discarded(next) => self.at.set(next),
                Read::Data(data, next) => {
                    self.at.set(next);
                    return Some(data);
                }
            }
        }
    }

    /// Where the next record lies.
    pub fn place(&self) -> Place {
        Place(self.at.get())
    }

    /// Looks at a record that is not taken yet, from the place of an earlier look or [`Batch::place`]. Places hold from
    /// batch to batch.
    pub fn look(&self, at: Place) -> Look<'_> {
        let mut at = at.0.max(self.at.get());
        loop {
            match self.memory.read(at, self.end) {
                Read::End => return Look::End,
                Read::Busy => return Look::Unfinished,
                Read::Damaged => {
                    self.damaged.set(true);
                    return Look::Damaged;
                }
                Read::Discarded(next) => at = next,
                Read::Data(data, next) => return Look::Record(data, Place(next)),
            }
        }
    }

    /// Takes all records before a place.
    pub fn take(&self, before: Place) {
        self.at.set(before.0.max(self.at.get()));
    }

    /// The records that follow.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::from_fn(|| self.next())
    }

    /// Whether a length was found that cannot be. The ring is of no more use then.
    pub fn is_damaged(&self) -> bool {
        self.damaged.get()
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.memory.release(self.at.get());
    }
}
