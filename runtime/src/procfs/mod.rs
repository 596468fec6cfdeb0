//! The state of the machine from `/proc`: the facts that a capture's metadata blocks hold, in the same types.
//!
//! ```text
//! Scanner::snapshot ─► machine, interfaces, users, then for each process: main thread, threads, descriptors
//! Scanner::process  ─► the same for one process
//! ```
//!
//! Items go to a callback one by one, as [`State::load`](crate::state::State::load) and
//! [`Writer::metadata`](crate::capture::Writer::metadata) take them, so memory grows with one process at a time,
//! the sockets of the network namespaces (bounded by [`Options::most_sockets`]) and a few bounded caches.
//!
//! What must hold: nothing that a process can choose (names, paths, arguments, groups, sockets) makes a scan fail,
//! panic or hang on a file system. A process that ends during the scan is not an error. What may not be read is
//! left empty and counted ([`Counts`]); only a `/proc` that cannot be listed at all is an error. Names are bytes. Texts
//! are cut to what a capture can hold. Times are nanoseconds since the epoch, memory is in KiB.
//!
//! Where the original has two answers, that of its `/proc` scan and that of its kernel iterators, this gives the one
//! that events give too: pipes and anonymous inodes have no name, ids in a pid namespace are those of the innermost one,
//! a start is when the process started and not when somebody first looked, the executable is the very inode. Sockets
//! that no table tells about (packet, vsock, not yet bound) are left out, as are threads of the kernel and processes
//! that have exited.

mod cgroups;
mod exe;
mod fds;
mod machine;
mod process;
mod read;
mod sockets;
mod status;

use crate::capture::{FdEntry, FdList, Interface, MachineInfo, Metadata, Process, Users};
use cgroups::Cgroups;
use process::{Buffers, Clock, Found, Kept, SECOND};
use read::{Trouble, numbers, open_dir};
use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::time::ClockId;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// Where the machine is looked at, and how much of it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its `/proc`.
    pub proc: PathBuf,
    /// Its root directory: `etc/passwd`, upper layers of overlays.
    pub host_root: PathBuf,
    /// Name to give instead of the machine's own.
    pub hostname: Option<Vec<u8>>,
    /// Most descriptors of a process.
    pub most_fds: usize,
    /// Most sockets of a network namespace.
    pub most_sockets: usize,
    /// What is told of descriptors.
    pub descriptors: Descriptors,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            proc: PathBuf::from("/proc"),
            host_root: PathBuf::from("/"),
            hostname: None,
            most_fds: 65_536,
            most_sockets: 1 << 20,
            descriptors: Descriptors::All,
        }
    }
}

/// Which descriptors are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Descriptors {
    /// All.
    #[default]
    All,
    /// All but sockets, whose tables may be long.
    NoSockets,
    /// None.
    None,
}

/// What was found, and what could not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Processes.
    pub processes: u64,
    /// Threads besides the main ones.
    pub threads: u64,
    /// Descriptors.
    pub descriptors: u64,
    /// Threads of the kernel, left out.
    pub kernel_threads: u64,
    /// Processes and threads that ended meanwhile or had ended, left out.
    pub gone: u64,
    /// Files and links that the system refused to let be read.
    pub unreadable: u64,
    /// Processes and threads whose description is not in the form that the kernel writes, left out.
    pub malformed: u64,
    /// Sockets that no table tells about, left out.
    pub other_sockets: u64,
    /// Processes whose descriptors are more than [`Options::most_fds`].
    pub cut: u64,
}

impl Counts {
    fn count(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Gone => self.gone += 1,
            Trouble::Unreadable => self.unreadable += 1,
            Trouble::Malformed => self.malformed += 1,
        }
    }
}

/// The machine could not be looked at.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub struct ScanError {
    /// The directory.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

/// Looks at a machine.
pub struct Scanner {
    options: Options,
    proc: OwnedFd,
    clock: Clock,
    kept: Kept,
    namespaces: fds::Namespaces,
    buffers: Buffers,
    /// Memory for directory entries.
    entries: Vec<u8>,
    process: Process,
    fds: Vec<FdEntry>,
    counts: Counts,
}

type Sink<'s> = &'s mut dyn FnMut(&Metadata);

impl Scanner {
    /// Opens the machine's `/proc`.
    pub fn open(options: Options) -> Result<Scanner, ScanError> {
        let error = |errno: rustix::io::Errno| ScanError { path: options.proc.clone(), source: errno.into() };
        let proc = open_dir(rustix::fs::CWD, options.proc.as_os_str().as_bytes()).map_err(error)?;
        let mut buffers = Buffers::default();
        let boot = boot_time(proc.as_fd(), &mut buffers.text);
        let tick = SECOND / rustix::param::clock_ticks_per_second().clamp(1, SECOND);
        let cgroups = Cgroups::open(proc.as_fd(), &options.proc, &options.host_root);
        Ok(Scanner {
            proc,
            clock: Clock { boot, tick },
            kept: Kept { cgroups, ..Kept::default() },
            namespaces: fds::Namespaces::default(),
            buffers,
            entries: Vec::with_capacity(32 * 1024),
            process: Process::default(),
            fds: Vec::new(),
            counts: Counts::default(),
            options,
        })
    }

    /// The machine itself.
    pub fn machine(&mut self) -> MachineInfo {
        machine::machine(&self.proc, self.options.hostname.as_deref(), &mut self.buffers.text)
    }

    /// Addresses of the interfaces of this process' network namespace.
    pub fn interfaces(&self) -> io::Result<Vec<Interface>> {
        machine::interfaces().map_err(io::Error::from)
    }

    /// Users and groups of the host.
    pub fn users(&mut self) -> Users {
        let (users, missing) = machine::users(&self.options.host_root, &mut self.buffers.text);
        self.counts.unreadable += missing;
        users
    }

    /// Tells all about the machine.
    pub fn snapshot(&mut self, sink: Sink<'_>) -> Result<Counts, ScanError> {
        self.begin();
        sink(&Metadata::Machine(self.machine()));
        match self.interfaces() {
            Ok(list) => sink(&Metadata::Interfaces(list)),
            Err(_) => self.counts.unreadable += 1,
        }
        sink(&Metadata::Users(self.users()));
        for pid in self.pids()? {
            self.one(pid, sink);
        }
        self.end();
        Ok(self.counts)
    }

    /// Tells about one process, given by the id of any of its threads. Nothing is told if it is not there.
    pub fn process(&mut self, pid: i64, sink: Sink<'_>) -> Counts {
        self.begin();
        self.one(pid, sink);
        self.end();
        self.counts
    }

    fn begin(&mut self) {
        self.counts = Counts::default();
    }

    /// What was learnt may change, and numbers are given again: nothing is kept until the next time.
    fn end(&mut self) {
        self.namespaces = fds::Namespaces::default();
        self.kept.mounts.forget();
        self.kept.cgroups.forget();
        self.kept.first_starts.clear();
    }

    /// Ids of all processes, in order.
    fn pids(&mut self) -> Result<Vec<i64>, ScanError> {
        let error = |errno: rustix::io::Errno| ScanError { path: self.options.proc.clone(), source: errno.into() };
        // Opened anew: it is read from its start.
        let list = open_dir(&self.proc, b".").map_err(error)?;
        let mut pids = Vec::new();
        numbers(&list, spare(&mut self.entries), |_, pid| {
            pids.extend(i64::try_from(pid).ok());
            true
        })
        .map_err(error)?;
        pids.sort_unstable();
        Ok(pids)
    }

    fn one(&mut self, pid: i64, sink: Sink<'_>) {
        match self.described(pid, sink) {
            Ok(None) => {}
            // A thread was asked for: it is told with its process.
            Ok(Some(process)) if process != pid => {
                if let Err(trouble) = self.described(process, sink) {
                    self.counts.count(trouble);
                }
            }
            Ok(Some(_)) => self.counts.malformed += 1,
            Err(trouble) => self.counts.count(trouble),
        }
    }

    /// Tells about a process; gives its id instead if `pid` is that of one of its threads.
    fn described(&mut self, pid: i64, sink: Sink<'_>) -> Result<Option<i64>, Trouble> {
        let dir = open_dir(&self.proc, pid.to_string().as_bytes())?;
        let mut process = std::mem::take(&mut self.process);
        let found = self.reader().process(dir.as_fd(), &mut process);
        let result = match found {
            Ok(Found::Process { .. }) if process.pid != pid => Err(Trouble::Malformed),
            Ok(Found::Process { threads, other }) => {
                self.counts.processes += 1;
                process = tell(process, sink);
                if threads {
                    self.threads(dir.as_fd(), &mut process, sink);
                }
                self.descriptors(other.as_ref().map_or(dir.as_fd(), |o| o.as_fd()), pid, sink);
                Ok(None)
            }
            Ok(Found::ThreadOf(process)) => Ok(Some(process)),
            Ok(Found::Kernel) => {
                self.counts.kernel_threads += 1;
                Ok(None)
            }
            Err(trouble) => Err(trouble),
        };
        self.process = process;
        result
    }

    /// Tells about the threads besides the main one of a process, in which all that is shared is known.
    fn threads(&mut self, dir: BorrowedFd<'_>, process: &mut Process, sink: Sink<'_>) {
        let main = process.pid;
        let mut tids: Vec<i64> = Vec::new();
        let listed = open_dir(dir, b"task").and_then(|tasks| {
            numbers(&tasks, spare(&mut self.entries), |_, tid| {
                tids.extend(i64::try_from(tid).ok().filter(|tid| *tid != main));
                true
            })?;
            Ok(tasks)
        });
        let tasks = match listed {
            Ok(tasks) => tasks,
            Err(errno) => return self.counts.count(errno.into()),
        };
        tids.sort_unstable();
        for tid in tids {
            let read = open_dir(&tasks, tid.to_string().as_bytes())
                .map_err(Trouble::from)
                .and_then(|thread| self.reader().thread(thread.as_fd(), process));
            match read {
                Ok(()) if process.pid == main && process.tid == tid => {
                    self.counts.threads += 1;
                    *process = tell(std::mem::take(process), sink);
                }
                Ok(()) => self.counts.malformed += 1,
                Err(trouble) => self.counts.count(trouble),
            }
        }
    }

    fn descriptors(&mut self, dir: BorrowedFd<'_>, tid: i64, sink: Sink<'_>) {
        if self.options.descriptors == Descriptors::None {
            return;
        }
        let mut fds = std::mem::take(&mut self.fds);
        fds.clear();
        let mut reader = fds::Reader {
            namespaces: &mut self.namespaces,
            counts: &mut self.counts,
            text: &mut self.buffers.text,
            most_fds: self.options.most_fds,
            most_sockets: self.options.most_sockets,
            which: self.options.descriptors,
        };
        if let Err(trouble) = reader.read(dir, spare(&mut self.entries), &mut fds) {
            self.counts.count(trouble);
        }
        self.counts.descriptors += fds.len() as u64;
        let item = Metadata::Fds(FdList { tid, fds });
        sink(&item);
        if let Metadata::Fds(list) = item {
            self.fds = list.fds;
        }
    }

    fn reader(&mut self) -> process::Reader<'_> {
        process::Reader {
            proc: self.proc.as_fd(),
            host: &self.options.host_root,
            clock: self.clock,
            kept: &mut self.kept,
            counts: &mut self.counts,
            buffers: &mut self.buffers,
        }
    }
}

/// Memory for directory entries.
fn spare(entries: &mut Vec<u8>) -> &mut [MaybeUninit<u8>] {
    entries.clear();
    entries.spare_capacity_mut()
}

/// Gives a process to the sink and back.
fn tell(process: Process, sink: Sink<'_>) -> Process {
    let item = Metadata::Process(process);
    sink(&item);
    match item {
        Metadata::Process(process) => process,
        _ => Process::default(),
    }
}

/// When the machine booted: by the clocks, which are exact, if the `/proc` is that of this machine; else as it tells.
fn boot_time(proc: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> u64 {
    const PROC_MAGIC: u64 = 0x9fa0;
    if rustix::fs::fstatfs(proc).is_ok_and(|fs| fs.f_type as u64 == PROC_MAGIC) {
        let time = |clock| {
            let time = rustix::time::clock_gettime(clock);
            i128::from(time.tv_sec) * i128::from(SECOND) + i128::from(time.tv_nsec)
        };
        let boot = time(ClockId::Realtime) - time(ClockId::Boottime);
        return u64::try_from(boot).unwrap_or(0);
    }
    machine::machine(proc, None, buffer).boot_ts
}
