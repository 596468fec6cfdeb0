//! Process images: what a process runs between two execs, and the numbers that programs give them.
//!
//! An image begins with a fork (the child's, a copy of its parent's) or a successful exec. All threads of a process run
//! the same image. Numbers are never 0, and none is given twice while the system runs:
//!
//! ```text
//! given by the probe        cpu << 48 | count                      count from 1, for each CPU
//! given at first sight      1 << 63 | ticks << 22 | process id     ticks: start of the process, see [`first_image`]
//! ```
//!
//! A process that began before the probe has the second kind until it execs, and so has one of which the kernel had no
//! memory to keep more. It depends on nothing but the process: programs and whoever reads `/proc` find the same.
//!
//! Programs keep for each process:
//!
//! ```text
//! 0 image: u64   8 parent: u64   16 previous: u64                                                           24 bytes
//! ```
//!
//! `parent` and `previous` are of the time when the image began. What user space knows of an image is in another map
//! ([`crate::filter::bits`]): bpf(2) writes a value as a whole, so that an exec in between would be undone.
//!
//! | kept in | for | key | what must hold |
//! |---|---|---|---|
//! | task storage (Linux 5.12) | programs at typed tracepoints | the first thread of the process | see below |
//! | a hash | all others | [`first_image`] of the process, always | an entry goes with the process |
//!
//! In task storage each thread that begins gets the number of the image too: when a thread execs that is not the first,
//! it takes the first one's place, and what was kept there is gone.
//!
//! What must hold: the programs that keep images are attached before those that make events, so that they run first.

use crate::btf::Builder;
use crate::program::caller::{PLACES, place};
use crate::sys::map::{MapBtf, MapSpec, MapType};
use crate::sys::program::load_btf;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

/// Offsets in what is kept for a process, bytes.
pub mod value {
    /// The image: u64.
    pub const IMAGE: usize = 0;
    /// The parent's image when this one began: u64.
    pub const PARENT: usize = 8;
    /// The image before this one: u64.
    pub const PREVIOUS: usize = 16;
    /// Bytes in all.
    pub const SIZE: usize = 24;
}

/// Bit of numbers given at first sight.
pub const FIRST_SIGHT: u64 = 1 << 63;
/// Nanoseconds of a clock tick: the kernel's numbers for user space count hundredths of a second on all architectures
/// here (`USER_HZ`).
pub const TICK: u64 = 10_000_000;
/// Bits of a process id, and of the time in front of it.
pub(crate) const PID_BITS: u32 = 22;
pub(crate) const TICKS_BITS: u32 = 41;
/// Processes that a hash has room for.
const PROCESSES: u32 = 1 << 16;

/// Number of the image of a process of which nothing is kept. `start_ticks` is field 22 of `/proc/PID/stat` (`starttime`)
/// as read outside of time namespaces, `pid` the process in the initial namespace.
pub const fn first_image(pid: u32, start_ticks: u64) -> u64 {
    FIRST_SIGHT | (start_ticks & ((1 << TICKS_BITS) - 1)) << PID_BITS | (pid & ((1 << PID_BITS) - 1)) as u64
}

/// Where images are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// In task storage.
    Storage,
    /// In a hash.
    Hash,
}

/// The map of the processes, by file descriptor.
#[derive(Clone, Copy, Debug)]
pub enum Tasks {
    /// Task storage.
    Storage(RawFd),
    /// A hash by [`first_image`].
    Hash(RawFd),
}

/// Counters of each CPU, by key.
pub mod counter {
    /// Numbers given.
    pub const GIVEN: u32 = 0;
    /// Images that could not be kept, for want of memory.
    pub const LOST: u32 = 1;
    /// How many there are.
    pub const COUNT: u32 = 2;
}

/// The maps.
#[derive(Debug)]
pub struct Images {
    keep: Keep,
    tasks: OwnedFd,
    counters: OwnedFd,
    callers: OwnedFd,
}

impl Images {
    /// Makes the maps.
    ///
    /// # Errors
    ///
    /// As the kernel gives them; `EINVAL` for task storage on kernels without it.
    pub fn create(keep: Keep) -> io::Result<Images> {
        let size = value::SIZE as u32;
        let tasks = match keep {
            Keep::Hash => MapSpec::new("tasks", MapType::Hash, 8, size, PROCESSES).create_fd()?,
            Keep::Storage => {
                let mut types = Builder::new();
                let (key, value) = (types.int("int", 4), types.opaque("image", size));
                let types = load_btf(&types.finish()).map_err(|e| e.error)?;
                MapSpec::task_storage("tasks", size, MapBtf { btf: types.as_fd(), key, value }).create_fd()?
            }
        };
        let counters = MapSpec::new("images", MapType::PercpuArray, 4, 8, counter::COUNT).create_fd()?;
        let callers = MapSpec::new("callers", MapType::PercpuArray, 4, place::SIZE as u32, PLACES).create_fd()?;
        Ok(Images { keep, tasks, counters, callers })
    }

    /// The map of the processes.
    pub fn tasks(&self) -> Tasks {
        match self.keep {
            Keep::Storage => Tasks::Storage(self.tasks.as_raw_fd()),
            Keep::Hash => Tasks::Hash(self.tasks.as_raw_fd()),
        }
    }

    /// The [`counter`]s: an array per CPU.
    pub fn counters(&self) -> &OwnedFd {
        &self.counters
    }

    /// The tasks that made calls, by the address of their registers: an array per CPU.
    pub fn callers(&self) -> &OwnedFd {
        &self.callers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_first_sight() {
        assert_eq!(first_image(1, 0), 0x8000_0000_0000_0001);
        assert_eq!(first_image(0x3f_ffff, 5), FIRST_SIGHT | 5 << 22 | 0x3f_ffff);
        assert_eq!(first_image(u32::MAX, u64::MAX), u64::MAX);
    }
}
