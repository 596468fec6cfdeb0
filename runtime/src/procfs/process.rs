//! Facts of one process and its threads.
//!
//! What all threads share is read once, from the main thread; if that has exited before the others, from another one.
//! What a thread has of its own is read from its directory below `task`. Everything is read relative to the open
//! directory of the process: if its number is given to another one meanwhile, reading fails instead of mixing the two.

use super::exe::Mounts;
use super::read::{Trouble, cut, decimal, file, link, numbers, open_dir, stat};
use super::status::{Stat, Status, descriptor_limit};
use super::{Counts, cgroups::Cgroups};
use crate::capture::Process;
use crate::capture::metadata::{MAX_PATH, MAX_STRINGS};
use crate::state::thread::flags;
use hashbrown::HashMap;
use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::mem::MaybeUninit;
use std::path::Path;

/// Longest `status`: there may be 65536 groups.
const STATUS: usize = 1024 * 1024;
/// Longest `stat`.
const STAT: usize = 4096;

/// Nanoseconds in a second.
pub(super) const SECOND: u64 = 1_000_000_000;

/// How times since boot are told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Boot, ns since the epoch.
    pub boot: u64,
    /// Nanoseconds of a tick.
    pub tick: u64,
}

impl Clock {
    fn time(self, ticks: u64) -> u64 {
        self.boot.saturating_add(ticks.saturating_mul(self.tick))
    }
}

/// Memory used again for every process.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub status: Vec<u8>,
    pub stat: Vec<u8>,
    pub text: Vec<u8>,
}

/// What is kept over a scan.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub mounts: Mounts,
    pub cgroups: Cgroups,
    /// Start of the first process of a pid namespace, by the namespace.
    pub first_starts: HashMap<u64, u64, foldhash::fast::RandomState>,
}

/// What was found at a process id.
pub(super) enum Found {
    /// A process; more threads than the main one?
    Process {
        /// Whether there is more than the main thread.
        threads: bool,
        /// Directory of another thread, if the main one has exited.
        other: Option<OwnedFd>,
    },
    /// A thread of this process.
    ThreadOf(i64),
    /// A thread of the kernel.
    Kernel,
}

/// Reads processes and threads.
pub(super) struct Reader<'s> {
    pub proc: BorrowedFd<'s>,
    pub host: &'s Path,
    pub clock: Clock,
    pub kept: &'s mut Kept,
    pub counts: &'s mut Counts,
    pub buffers: &'s mut Buffers,
}

impl Reader<'_> {
    /// Reads the main thread in `dir`, with all that the process has.
    pub(super) fn process(&mut self, dir: BorrowedFd<'_>, p: &mut Process) -> Result<Found, Trouble> {
        file(dir, b"stat", STAT, &mut self.buffers.stat)?;
        let main = Stat::parse(&self.buffers.stat).ok_or(Trouble::Malformed)?;
        if main.is_kernel() {
            return Ok(Found::Kernel);
        }
        let (dead, threads) = (main.is_dead(), main.threads > 1);
        let other = if dead && threads { other_thread(dir) } else { None };
        if dead && other.is_none() {
            return Err(Trouble::Gone);
        }
        self.own(dir, p)?;
        if p.tid != p.pid {
            return Ok(Found::ThreadOf(p.pid));
        }
        self.shared(other.as_ref().map_or(dir, |o| o.as_fd()), p);
        Ok(Found::Process { threads, other })
    }

    /// Reads a thread in `dir` into what is known of its process.
    pub(super) fn thread(&mut self, dir: BorrowedFd<'_>, p: &mut Process) -> Result<(), Trouble> {
        file(dir, b"stat", STAT, &mut self.buffers.stat)?;
        if Stat::parse(&self.buffers.stat).ok_or(Trouble::Malformed)?.is_dead() {
            return Err(Trouble::Gone);
        }
        self.own(dir, p)
    }

    /// What a thread has of its own. `stat` has been read.
    fn own(&mut self, dir: BorrowedFd<'_>, p: &mut Process) -> Result<(), Trouble> {
        let Buffers { status, stat, text } = &mut *self.buffers;
        file(dir, b"status", STATUS, status)?;
        let stat = Stat::parse(stat).ok_or(Trouble::Malformed)?;
        let status = Status::parse(status).ok_or(Trouble::Malformed)?;
        (p.tid, p.pid, p.ptid) = (stat.tid, status.tgid, status.ppid);
        (p.sid, p.pgid, p.tty) = (stat.sid, stat.pgid, stat.tty);
        p.vpgid = status.inner_pgid.unwrap_or(stat.pgid);
        p.vtid = status.inner_tid.unwrap_or(p.tid);
        p.vpid = status.inner_pid.unwrap_or(p.pid);
        p.flags = if p.tid == p.pid { 0 } else { flags::CLONE_THREAD | flags::CLONE_FILES };
        put(&mut p.comm, cut(stat.comm, MAX_PATH));
        (p.uid, p.gid) = (status.uid, status.gid);
        (p.vmsize_kb, p.vmrss_kb, p.vmswap_kb) = (status.vmsize_kb, status.vmrss_kb, status.vmswap_kb);
        (p.pfmajor, p.pfminor) = (stat.major_faults, stat.minor_faults);
        p.cap_inheritable = status.cap_inheritable;
        p.cap_permitted = status.cap_permitted;
        p.cap_effective = status.cap_effective;
        p.clone_ts = self.clock.time(stat.start);
        p.loginuid = match file(dir, b"loginuid", 32, text) {
            Ok(()) => decimal(text.trim_ascii()).and_then(|n| u32::try_from(n).ok()).unwrap_or(u32::MAX),
            // Kernels without audit have none.
            Err(_) => u32::MAX,
        };
        p.cgroups.clear();
        if let Err(errno) = self.kept.cgroups.of(dir, text, &mut p.cgroups) {
            self.counts.count(errno.into());
        }
        Ok(())
    }

    /// What the threads share. `status` of the main thread has been read. What cannot be read is left empty and
    /// counted.
    fn shared(&mut self, dir: BorrowedFd<'_>, p: &mut Process) {
        let counts = &mut *self.counts;
        let mut tried = |result: Result<(), Trouble>| {
            if let Err(trouble) = result {
                counts.count(trouble);
            }
        };
        let Buffers { status, text, .. } = &mut *self.buffers;
        for (name, place) in [(c"exe", &mut p.exepath), (c"cwd", &mut p.cwd), (c"root", &mut p.root)] {
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let read = link(dir, name, &mut buffer);
            put(place, cut(read.unwrap_or_default(), MAX_PATH - 1));
            tried(read.map(drop).map_err(Trouble::from));
        }
        let status = Status::parse(status).unwrap_or_default();
        (p.exe_ino, p.exe_ino_ctime, p.exe_ino_mtime) = (0, 0, 0);
        (p.exe_writable, p.exe_from_memfd, p.exe_upper_layer, p.exe_lower_layer) = (false, false, false, false);
        tried(self.kept.mounts.executable(dir, &status, self.host, text, p));
        let strings = usize::from(MAX_STRINGS);
        let read = file(dir, b"cmdline", strings, text);
        if read.is_err() {
            text.clear();
        }
        if text.len() == strings {
            // The rest was not read.
            text[strings - 1] = 0;
        }
        let end = memchr::memchr(0, text).unwrap_or(text.len());
        put(&mut p.exe, cut(&text[..end], MAX_PATH - 1));
        put_strings(&mut p.args, text.get(end + 1..).unwrap_or_default());
        tried(read.map_err(Trouble::from));
        let read = file(dir, b"environ", strings, text);
        put_strings(&mut p.env, if read.is_ok() { text } else { &[] });
        tried(read.map_err(Trouble::from));
        let read = file(dir, b"limits", 4096, text);
        p.fdlimit = if read.is_ok() { descriptor_limit(text) } else { -1 };
        tried(read.map_err(Trouble::from));
        let nested = status.nested;
        p.pidns_init_start_ts = self.namespace_start(dir, p, nested);
    }

    /// Start of the first process of the pid namespace; 0 if it cannot be seen.
    fn namespace_start(&mut self, dir: BorrowedFd<'_>, p: &Process, nested: bool) -> u64 {
        let namespace = match nested {
            false => 0,
            true => match stat(dir, c"ns/pid") {
                Ok(namespace) => namespace.stx_ino,
                Err(_) => return 0,
            },
        };
        if let Some(start) = self.kept.first_starts.get(&namespace) {
            return *start;
        }
        let text = &mut self.buffers.text;
        let start = match (nested, p.vpid) {
            (_, 1) => Some(p.clone_ts),
            (false, _) => first_start(self.proc, self.clock, text),
            (true, _) => first_inside(dir, namespace, self.clock, text),
        };
        // Not known yet: a later process may be able to see it.
        if let Some(start) = start {
            self.kept.first_starts.insert(namespace, start);
        }
        start.unwrap_or(0)
    }
}

/// Start of process 1 of a `/proc`.
fn first_start(proc: BorrowedFd<'_>, clock: Clock, text: &mut Vec<u8>) -> Option<u64> {
    file(proc, b"1/stat", STAT, text).ok()?;
    Some(clock.time(Stat::parse(text)?.start))
}

/// Start of process 1 as a process sees it, if the `/proc` in its root is that of its namespace.
fn first_inside(dir: BorrowedFd<'_>, namespace: u64, clock: Clock, text: &mut Vec<u8>) -> Option<u64> {
    let inside = open_dir(dir, b"root/proc").ok()?;
    let first = stat(&inside, c"1/ns/pid").ok()?;
    if first.stx_ino == namespace { first_start(inside.as_fd(), clock, text) } else { None }
}

/// The directory of a thread that has not exited.
fn other_thread(dir: BorrowedFd<'_>) -> Option<OwnedFd> {
    let tasks = open_dir(dir, b"task").ok()?;
    let mut entries = [MaybeUninit::uninit(); 4096];
    let (mut found, mut text) = (None, Vec::new());
    numbers(&tasks, &mut entries, |name, _| {
        found = open_dir(&tasks, name.to_bytes()).ok().filter(|thread| {
            let read = file(thread, b"stat", STAT, &mut text);
            read.is_ok() && Stat::parse(&text).is_some_and(|s| !s.is_dead())
        });
        found.is_none()
    })
    .ok()?;
    found
}

/// Replaces a text.
fn put(place: &mut Vec<u8>, text: &[u8]) {
    place.clear();
    place.extend_from_slice(text);
}

/// Replaces a block of strings, each ended by a NUL, the last one too, cut to what a capture can hold.
fn put_strings(place: &mut Vec<u8>, strings: &[u8]) {
    let most = usize::from(MAX_STRINGS);
    put(place, &strings[..strings.len().min(most)]);
    if place.len() == most {
        place[most - 1] = 0;
    } else if place.last().is_some_and(|last| *last != 0) {
        place.push(0);
    }
}
