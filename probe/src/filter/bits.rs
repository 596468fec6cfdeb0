//! Bits of tasks: what user space has found out about a thread and the image that it runs, for filters to ask.
//!
//! ```text
//! told     key: the image, u64; the thread, u64     value: 0 the image: u64   8 the thread: u64   16 since: u64   24 bits: 16 × u64
//! known    a place of a CPU: 0 task: u64   8 count of its execs: u64   16 start: u64   24 version: u64   32 bits: 16 × u64
//! version  8 bytes
//! ```
//!
//! Bit `n` of word `n / 64` answers condition `64 × word + bit` of [`KernelPlan::image`]. A thread of which nothing is
//! here is unknown, and its events pass. As images are never given twice, a fork or exec makes the bits void by giving
//! another one; of what is told no more than [`TASKS`] are kept, and those that are asked for least go first.
//!
//! Programs at `sys_exit` keep what they found in places of their CPU, chosen by the address of the task: the same task,
//! that has not called exec since, has the same image. What is told otherwise than before has another version.
//!
//! Numbers of threads are used again. What is told is of the thread that had its number at a time, `since`, nanoseconds since
//! the epoch; of one that began later nothing is known by it.
//!
//! What must hold: whoever sets bits sets others as soon as it can tell that the facts have changed that they are about;
//! events in between are judged by the old ones. The image and the thread stand in the value of what is told, too, and a
//! program looks at them last: the kernel may give the memory of a value that is replaced to another one while a
//! program looks at it. The version is read before the bits are looked up.
//!
//! [`KernelPlan::image`]: peregrine_compiler::kernel::KernelPlan::image

use crate::sys::map::{KeyValueMap, Layout, MapSpec, MapType};
use aya::maps::MapData;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, PoisonError};

/// Words of bits.
pub const WORDS: usize = 16;
/// Threads that there is room for.
pub const TASKS: u32 = 1 << 16;
/// Places of each CPU, as a power of two.
pub(crate) const PLACES_SHIFT: u32 = 9;

/// Offsets in what is told, bytes.
pub(crate) mod value {
    /// The image.
    pub(crate) const IMAGE: i16 = 0;
    /// The thread.
    pub(crate) const THREAD: i16 = 8;
    /// Time of the event that showed it.
    pub(crate) const SINCE: i16 = 16;
    /// The bits.
    pub(crate) const BITS: i16 = 24;
    /// Bytes in all.
    pub(crate) const SIZE: usize = BITS as usize + 8 * super::WORDS;
}

/// Offsets in a place, bytes.
pub(crate) mod place {
    /// Address of the task.
    pub(crate) const TASK: i16 = 0;
    /// `task_struct.self_exec_id`.
    pub(crate) const EXECS: i16 = 8;
    /// `task_struct.start_boottime`.
    pub(crate) const START: i16 = 16;
    /// The version.
    pub(crate) const VERSION: i16 = 24;
    /// The bits.
    pub(crate) const BITS: i16 = 32;
    /// Bytes in all.
    pub(crate) const SIZE: usize = BITS as usize + 8 * super::WORDS;
}

/// The maps, by file descriptor.
#[derive(Clone, Copy, Debug)]
pub struct BitMaps {
    /// What is told: hash.
    pub told: RawFd,
    /// Places: an array per CPU.
    pub known: RawFd,
    /// The version: an array of one.
    pub version: RawFd,
    /// Words of bits that the plan has.
    pub words: u32,
}

/// The bits of the threads that run under one plan; for any thread.
#[derive(Clone, Debug)]
pub struct TaskBits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    told: KeyValueMap,
    known: OwnedFd,
    version: MapData,
    /// As it stands in the map.
    current: Mutex<u64>,
    words: u32,
}

/// `BPF_NOEXIST`.
const NEW: u64 = 1;

impl TaskBits {
    /// Without any, for so many conditions.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn create(conditions: usize) -> io::Result<TaskBits> {
        let told = MapSpec::new("told", MapType::LruHash, 16, value::SIZE as u32, TASKS).create_key_value()?;
        let known =
            MapSpec::new("known", MapType::PercpuArray, 4, place::SIZE as u32, 1 << PLACES_SHIFT).create_fd()?;
        let version = MapSpec::new("version", MapType::Array, 4, 8, 1).create().map_err(io::Error::other)?;
        let (current, words) = (Mutex::new(0), words(conditions));
        Ok(TaskBits(Arc::new(Inner { told, known, version, current, words })))
    }

    /// The maps.
    pub fn maps(&self) -> BitMaps {
        let Inner { told, known, version, words, .. } = &*self.0;
        let (told, version) = (told.as_fd().as_raw_fd(), version.fd().as_fd().as_raw_fd());
        BitMaps { told, known: known.as_raw_fd(), version, words: *words }
    }

    /// Tells all bits of a thread and the image that it runs, as an event at the time `since` showed them (nanoseconds since
    /// the epoch), in place of those that an earlier event showed.
    ///
    /// # Errors
    ///
    /// As the kernel gives them; then nothing may be known of the thread.
    pub fn set(&self, image: u64, thread: u64, since: u64, bits: &[u64; WORDS]) -> io::Result<()> {
        let (key, mut value) = (key(image, thread), [0; value::SIZE]);
        let words = [&image, &thread, &since].into_iter().chain(bits);
        for (to, word) in value.chunks_exact_mut(8).zip(words) {
            to.copy_from_slice(&word.to_ne_bytes());
        }
        let told = self.0.told.layout();
        match told.update(&key, &value, NEW) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other,
        }
        let mut before = [0; value::SIZE];
        if told.lookup(&key, &mut before)? {
            let (bits, at) = (value::BITS as usize, value::SINCE as usize);
            let since_before = before[at..].first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes));
            if since_before >= since {
                return Ok(());
            }
            if before[bits..] == value[bits..] {
                return told.update(&key, &value, 0);
            }
        }
        told.update(&key, &value, 0)?;
        self.renew()
    }

    /// What programs have kept is void.
    fn renew(&self) -> io::Result<()> {
        let mut current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current += 1;
        Layout::of(&self.0.version)?.update(&0_u32.to_ne_bytes(), &current.to_ne_bytes(), 0)
    }
}

/// Words of the bits of so many conditions.
pub(crate) fn words(conditions: usize) -> u32 {
    conditions.div_ceil(64).clamp(1, WORDS) as u32
}

fn key(image: u64, thread: u64) -> [u8; 16] {
    let mut key = [0; 16];
    for (to, half) in key.chunks_exact_mut(8).zip([image, thread]) {
        to.copy_from_slice(&half.to_ne_bytes());
    }
    key
}
