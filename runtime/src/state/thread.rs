//! Threads and process images.
//!
//! An [`Image`] is what a successful exec (or fork, or the process table) fixed about a process: immutable,
//! numbered, shared. A [`Thread`] points to its image and holds what may change in between. Descriptors, cwd
//! and environment belong to the process and live in its main thread: read them through [`ThreadTable::main`] and
//! [`ThreadTable::fds`]. The table itself is in [`table`](super::table).

use super::table::Links;
use std::sync::{Arc, OnceLock};

pub use super::table::ThreadTable;

/// Bytes shared between images.
pub type Text = Arc<[u8]>;

/// Bits of [`Thread::flags`]: those of `clone_flags`, and what is only known here.
#[allow(missing_docs, reason = "named like clone_flags, docs/events.md")]
pub mod flags {
    pub const CLONE_FILES: u32 = 1;
    pub const CLONE_NEWPID: u32 = 1 << 6;
    pub const CLONE_PARENT: u32 = 1 << 8;
    pub const CLONE_THREAD: u32 = 1 << 13;
    /// The child's event came before its parent's.
    pub const CLONE_INVERTED: u32 = 1 << 16;
    /// The thread's name changed.
    pub const NAME_CHANGED: u32 = 1 << 17;
    /// The thread has exited.
    pub const CLOSED: u32 = 1 << 18;
    pub const CLONE_NEWUSER: u32 = 1 << 20;
    pub const CLONE_VFORK: u32 = 1 << 27;
    /// The child is not in the initial pid namespace.
    pub const CLONE_CHILD_IN_PIDNS: u32 = 1 << 29;
    /// The main thread although its tid is not the pid.
    pub const IS_MAIN_THREAD: u32 = 1 << 30;
}

/// A block of NUL-terminated strings (arguments, environment, cgroups), as recorded.
#[derive(Debug, Clone)]
pub struct Strings(pub Text);

impl Strings {
    fn body(&self) -> &[u8] {
        self.0.strip_suffix(&[0]).unwrap_or(&self.0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.body().is_empty()
    }

    /// The strings, without NULs.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let body = self.body();
        let empty = body.is_empty();
        body.split(|b| *b == 0).filter(move |_| !empty)
    }

    /// Appends the strings with blanks between them.
    pub fn join_into(&self, out: &mut Vec<u8>) {
        out.extend(self.body().iter().map(|b| if *b == 0 { b' ' } else { *b }));
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
    /// Environment joined with blanks, made on first use.
    pub env_joined: OnceLock<Box<[u8]>>,
}

impl Image {
    /// An image about which nothing is known.
    pub fn empty(id: u64) -> Image {
        let none = super::empty_text();
        let strings = || Strings(none.clone());
        Image {
            id,
            comm: none.clone(),
            exe: none.clone(),
            exepath: none.clone(),
            args: strings(),
            env: strings(),
            cgroups: strings(),
            container_id: none.clone(),
            exe_flags: 0,
            exe_ino: 0,
            exe_ino_ctime: 0,
            exe_ino_mtime: 0,
            exe_ino_ctime_duration_clone: 0,
            exe_ino_ctime_duration_pidns: 0,
            args_joined: OnceLock::new(),
            cmdline: OnceLock::new(),
            env_joined: OnceLock::new(),
        }
    }

    /// The same facts as another image's, for one that will differ in some.
    pub(super) fn derive(&self, id: u64) -> Image {
        Image {
            id,
            comm: self.comm.clone(),
            exe: self.exe.clone(),
            exepath: self.exepath.clone(),
            args: self.args.clone(),
            env: self.env.clone(),
            cgroups: self.cgroups.clone(),
            container_id: self.container_id.clone(),
            exe_flags: self.exe_flags,
            exe_ino: self.exe_ino,
            exe_ino_ctime: self.exe_ino_ctime,
            exe_ino_mtime: self.exe_ino_mtime,
            exe_ino_ctime_duration_clone: self.exe_ino_ctime_duration_clone,
            exe_ino_ctime_duration_pidns: self.exe_ino_ctime_duration_pidns,
            args_joined: OnceLock::new(),
            cmdline: OnceLock::new(),
            env_joined: OnceLock::new(),
        }
    }
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
    /// `PPM_CL_*` bits ([`flags`]).
    pub flags: u32,
    pub uid: u32,
    pub gid: u32,
    pub loginuid: u32,
    pub tty: u32,
    pub cap_permitted: u64,
    pub cap_effective: u64,
    pub cap_inheritable: u64,
    /// Start of the pid namespace's init, ns since the epoch, 0 unknown.
    pub pidns_init_start_ts: u64,
    /// Clone time, ns since the epoch, 0 unknown.
    pub clone_ts: u64,
    /// Exec time, ns since the epoch, 0 none.
    pub lastexec_ts: u64,
    pub root: Text,
    /// Current directory with trailing `/`; only meaningful on main threads (see [`ThreadTable::cwd`]).
    pub cwd: Text,
    /// What changes without changing what the thread is.
    pub usage: Usage,
    /// Place in the table.
    pub(super) links: Links,
}

/// Memory, faults and limits of a thread.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "named like the fields, docs/fields.md")]
pub struct Usage {
    pub fdlimit: i64,
    pub vmsize_kb: u32,
    pub vmrss_kb: u32,
    pub vmswap_kb: u32,
    pub pfmajor: u64,
    pub pfminor: u64,
}

/// Parameters that an enter event can have.
const ENTER_PARAMS: usize = 8;

/// Copy of an enter event.
#[derive(Debug, Clone, Default)]
pub(super) struct Enter {
    /// Event code.
    pub code: u16,
    /// Parameters back to back.
    data: Vec<u8>,
    /// Where each of them ends in `data`; absent ones end where the one before does.
    ends: [u32; ENTER_PARAMS],
}

impl Enter {
    /// Copies an event, keeping the memory of an earlier one.
    pub(super) fn fill(&mut self, rec: &crate::record::Record<'_>) {
        self.code = rec.code;
        self.data.clear();
        let mut params = rec.params.iter();
        for end in &mut self.ends {
            self.data.extend_from_slice(params.next().unwrap_or_default());
            *end = self.data.len() as u32;
        }
    }

    /// Bytes of a parameter; empty if absent.
    pub(super) fn param(&self, i: usize) -> &[u8] {
        let start = i.checked_sub(1).map_or(0, |before| self.ends.get(before).copied().unwrap_or(0));
        let end = self.ends.get(i).copied().unwrap_or(start);
        self.data.get(start as usize..end as usize).unwrap_or_default()
    }

    /// A parameter as a number of its size, 0 if it is none.
    pub(super) fn uint(&self, i: usize) -> u64 {
        match *self.param(i) {
            [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => 0,
        }
    }

    /// A descriptor parameter.
    pub(super) fn int(&self, i: usize) -> Option<i64> {
        Some(i64::from_le_bytes(self.param(i).try_into().ok()?))
    }
}

impl Thread {
    /// A thread of which only the id is known.
    pub fn new(tid: i64, image: Arc<Image>) -> Thread {
        Thread {
            tid,
            pid: -1,
            ptid: -1,
            reaper_tid: -1,
            sid: -1,
            vpgid: -1,
            pgid: -1,
            vtid: -1,
            vpid: -1,
            image,
            flags: flags::NAME_CHANGED,
            uid: u32::MAX,
            gid: u32::MAX,
            loginuid: u32::MAX,
            tty: 0,
            cap_permitted: 0,
            cap_effective: 0,
            cap_inheritable: 0,
            pidns_init_start_ts: 0,
            clone_ts: 0,
            lastexec_ts: 0,
            root: super::empty_text(),
            cwd: super::empty_text(),
            usage: Usage { fdlimit: -1, vmsize_kb: 0, vmrss_kb: 0, vmswap_kb: 0, pfmajor: 0, pfminor: 0 },
            links: Links::default(),
        }
    }

    /// Whether this is the thread group's leader.
    pub fn is_main(&self) -> bool {
        self.tid == self.pid || self.flags & flags::IS_MAIN_THREAD != 0
    }

    /// Whether nothing but its id is known: a placeholder.
    pub fn is_invalid(&self) -> bool {
        self.tid < 0 || self.pid < 0 || self.ptid < 0
    }

    /// Whether it has exited.
    pub fn is_dead(&self) -> bool {
        self.flags & flags::CLOSED != 0
    }

    /// Whether it lives in a pid namespace below the initial one.
    pub fn in_pid_namespace(&self) -> bool {
        self.flags & flags::CLONE_CHILD_IN_PIDNS != 0 || self.tid != self.vtid && self.vtid >= 0
    }
}
