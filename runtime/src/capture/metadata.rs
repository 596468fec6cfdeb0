//! Metadata of a capture: machine, processes, descriptors, interfaces, users, as they were when it began.
//!
//! Integers are little-endian and unaligned. A *text* is `u16 length | bytes`, without NUL; what follows a NUL
//! inside is cut, as C strings are. Block layouts, `[..]` marking what only some versions have:
//!
//! ```text
//! machine      u32 cpus | u64 memory | u64 max_pid | char[128] hostname | u64 boot_ts | u64 flags | 2 × u64
//! process      [V9 u32 entry_len] u64 tid pid ptid [V6 sid] [V8 vpgid]
//!              text comm exe [V7 exepath] args cwd | u64 fdlimit | u32 flags uid gid
//!              [V2 u32 vmsize vmrss vmswap | u64 pfmajor pfminor] [V3 text env]
//!              [V4 i64 vtid vpid | text cgroups] [V5 text root] [V9 tail, see `process_tail`]
//! descriptors  u64 tid, then per descriptor: [V2 u32 entry_len] i64 fd | u64 ino | u8 type | payload
//! interface    [V2 u32 len, without itself] u16 type | u16 name_len | addr mask bcast | u64 speed | name
//! user         [V2 u32 entry_len] u8 type | 0: u32 uid gid, text name home shell | else: u32 gid, text name
//! ```
//!
//! `entry_len` counts itself; what an entry has beyond the known fields is skipped. Errors: an entry that runs
//! past its block or its own length, a text longer than the format allows, an unknown interface type.

use super::error::{CaptureError, Offset, Problem};

/// Longest path, comm or argv[0].
pub(crate) const MAX_PATH: u16 = 1024;
/// Longest block of arguments, environment or cgroups.
pub(crate) const MAX_STRINGS: u16 = 4096;
/// Longest name of a user or group, home directory or shell.
pub(crate) const MAX_CREDENTIAL: u16 = 255;

/// Bytes for the host name.
pub(crate) const MAX_HOSTNAME: usize = 128;

/// No entry's known fields are longer: eight texts of at most 4 × 1024 and 3 × 4096 bytes and change.
pub(super) const MAX_ENTRY: usize = 32 * 1024;

/// Bytes of a machine block's body.
pub(super) const MACHINE_LEN: usize = 180;

/// One fact, or one list of facts, that precedes the events.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are processes, and items box them")]
pub enum Metadata {
    /// The recorded machine.
    Machine(MachineInfo),
    /// One thread of the process table.
    Process(Process),
    /// Open descriptors of one process.
    Fds(FdList),
    /// All network interfaces; replaces an earlier list.
    Interfaces(Vec<Interface>),
    /// All users and groups; replaces an earlier list.
    Users(Users),
}

/// The machine on which the capture was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MachineInfo {
    /// CPUs.
    pub num_cpus: u32,
    /// Memory, bytes.
    pub memory: u64,
    /// Highest process id.
    pub max_pid: u64,
    /// Host name.
    pub hostname: Vec<u8>,
    /// Boot time, ns since the epoch.
    pub boot_ts: u64,
    /// Flags of the recorder.
    pub flags: u64,
}

/// A thread of the process table. What the block's version lacks has the value given in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Thread id.
    pub tid: i64,
    /// Process id: thread id of the main thread.
    pub pid: i64,
    /// Thread id of the parent.
    pub ptid: i64,
    /// Session (-1).
    pub sid: i64,
    /// Process group in the innermost pid namespace (-1).
    pub vpgid: i64,
    /// Process group (-1).
    pub pgid: i64,
    /// Command name.
    pub comm: Vec<u8>,
    /// argv[0].
    pub exe: Vec<u8>,
    /// Path of the executable (empty).
    pub exepath: Vec<u8>,
    /// Arguments after argv[0], each ended by a NUL.
    pub args: Vec<u8>,
    /// Current directory.
    pub cwd: Vec<u8>,
    /// Environment, each variable ended by a NUL (empty).
    pub env: Vec<u8>,
    /// Cgroups, `subsys=path` each ended by a NUL (empty).
    pub cgroups: Vec<u8>,
    /// Root directory (empty).
    pub root: Vec<u8>,
    /// Limit of open descriptors.
    pub fdlimit: i64,
    /// `PPM_CL_*` bits.
    pub flags: u32,
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Virtual memory, KiB (0).
    pub vmsize_kb: u32,
    /// Resident memory, KiB (0).
    pub vmrss_kb: u32,
    /// Swapped memory, KiB (0).
    pub vmswap_kb: u32,
    /// Major page faults (0).
    pub pfmajor: u64,
    /// Minor page faults (0).
    pub pfminor: u64,
    /// Thread id in the innermost pid namespace (-1).
    pub vtid: i64,
    /// Process id in the innermost pid namespace (-1).
    pub vpid: i64,
    /// Start of the pid namespace's init, ns since the epoch (0).
    pub pidns_init_start_ts: u64,
    /// Terminal (0).
    pub tty: u32,
    /// Login user (`u32::MAX`: none).
    pub loginuid: u32,
    /// The executable may be written by the process' user (false).
    pub exe_writable: bool,
    /// The executable is in the upper layer of an overlay (false).
    pub exe_upper_layer: bool,
    /// The executable is in the lower layer of an overlay (false).
    pub exe_lower_layer: bool,
    /// The executable is a memfd (false).
    pub exe_from_memfd: bool,
    /// Inheritable capabilities (0).
    pub cap_inheritable: u64,
    /// Permitted capabilities (0).
    pub cap_permitted: u64,
    /// Effective capabilities (0).
    pub cap_effective: u64,
    /// Inode of the executable (0).
    pub exe_ino: u64,
    /// Change time of the executable, ns (0).
    pub exe_ino_ctime: u64,
    /// Modification time of the executable, ns (0).
    pub exe_ino_mtime: u64,
    /// Start, ns since the epoch (0: no version of the block has it).
    pub clone_ts: u64,
}

impl Default for Process {
    fn default() -> Process {
        Process {
            tid: 0,
            pid: 0,
            ptid: 0,
            sid: -1,
            vpgid: -1,
            pgid: -1,
            comm: Vec::new(),
            exe: Vec::new(),
            exepath: Vec::new(),
            args: Vec::new(),
            cwd: Vec::new(),
            env: Vec::new(),
            cgroups: Vec::new(),
            root: Vec::new(),
            fdlimit: 0,
            flags: 0,
            uid: 0,
            gid: 0,
            vmsize_kb: 0,
            vmrss_kb: 0,
            vmswap_kb: 0,
            pfmajor: 0,
            pfminor: 0,
            vtid: -1,
            vpid: -1,
            pidns_init_start_ts: 0,
            tty: 0,
            loginuid: u32::MAX,
            exe_writable: false,
            exe_upper_layer: false,
            exe_lower_layer: false,
            exe_from_memfd: false,
            cap_inheritable: 0,
            cap_permitted: 0,
            cap_effective: 0,
            exe_ino: 0,
            exe_ino_ctime: 0,
            exe_ino_mtime: 0,
            clone_ts: 0,
        }
    }
}

/// Descriptors of one process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FdList {
    /// The process' main thread.
    pub tid: i64,
    /// Its descriptors.
    pub fds: Vec<FdEntry>,
}

/// An open descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FdEntry {
    /// Number.
    pub fd: i64,
    /// Inode.
    pub ino: u64,
    /// Type (`SCAP_FD_*`, 0 to 21); 10, unsupported, for types this schema does not know.
    pub kind: u8,
    /// What belongs to the type.
    pub info: FdInfo,
}

/// Type-dependent part of a descriptor. Addresses in network byte order; `l4` is `SCAP_L4_*`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "s: source, d: destination")]
pub enum FdInfo {
    /// Type 0: nothing recorded.
    Unknown,
    V4 {
        sip: [u8; 4],
        dip: [u8; 4],
        sport: u16,
        dport: u16,
        l4: u8,
    },
    V4Server {
        ip: [u8; 4],
        port: u16,
        l4: u8,
    },
    V6 {
        sip: [u8; 16],
        dip: [u8; 16],
        sport: u16,
        dport: u16,
        l4: u8,
    },
    V6Server {
        ip: [u8; 16],
        port: u16,
        l4: u8,
    },
    /// Kernel pointers of both ends and the path.
    Unix {
        source: u64,
        dest: u64,
        name: Vec<u8>,
    },
    /// `dev` is 0 if the writer did not know it.
    File {
        open_flags: u32,
        name: Vec<u8>,
        dev: u32,
    },
    /// Every other type has a name; `unknown-type:[N]` for types this schema does not know.
    Named(Vec<u8>),
}

/// A network interface. Addresses in network byte order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Name.
    pub name: Vec<u8>,
    /// Address, netmask and broadcast address.
    pub addr: InterfaceAddr,
    /// Bits per second, 0 if not known.
    pub link_speed: u64,
}

/// Addresses of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum InterfaceAddr {
    V4 { addr: [u8; 4], mask: [u8; 4], broadcast: [u8; 4] },
    V6 { addr: [u8; 16], mask: [u8; 16], broadcast: [u8; 16] },
}

/// Users and groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Users {
    /// Users in file order.
    pub users: Vec<User>,
    /// Groups in file order.
    pub groups: Vec<Group>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the columns of passwd(5)")]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    pub name: Vec<u8>,
    pub home: Vec<u8>,
    pub shell: Vec<u8>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the columns of group(5)")]
pub struct Group {
    pub gid: u32,
    pub name: Vec<u8>,
}

/// The bytes from which an entry is read: up to the end of its block, of [`MAX_ENTRY`], or of the file.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    /// Bytes read so far.
    used: usize,
    /// Position of `bytes`.
    at: Offset,
    /// `bytes` ends because the file does, not because the block does.
    cut: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8], at: Offset, cut: bool) -> Fields<'a> {
        Fields { bytes, used: 0, at, cut }
    }

    /// Bytes read so far.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    fn here(&self) -> Offset {
        self.at.plus(self.used)
    }

    fn take(&mut self, len: usize, what: &'static str) -> Result<&'a [u8], CaptureError> {
        let rest = &self.bytes[self.used..];
        let Some(taken) = rest.get(..len) else {
            let (expected, found) = (len as u64, rest.len() as u64);
            return Err(self.here().error(match self.cut {
                true => Problem::Truncated { what, expected, found },
                false => Problem::Overrun { what, expected, found },
            }));
        };
        self.used += len;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], CaptureError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N, what)?);
        Ok(out)
    }

    fn u8(&mut self, what: &'static str) -> Result<u8, CaptureError> {
        Ok(u8::from_le_bytes(self.array(what)?))
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, CaptureError> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, CaptureError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, CaptureError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    pub(super) fn i64(&mut self, what: &'static str) -> Result<i64, CaptureError> {
        Ok(i64::from_le_bytes(self.array(what)?))
    }

    /// A text of at most `most` bytes, NULs inside included.
    fn raw_text(&mut self, most: u16, what: &'static str) -> Result<Vec<u8>, CaptureError> {
        let at = self.here();
        let length = self.u16(what)?;
        if length > most {
            return Err(at.error(Problem::TextTooLong { what, length, most }));
        }
        Ok(self.take(usize::from(length), what)?.to_vec())
    }

    /// A text up to its first NUL.
    fn text(&mut self, most: u16, what: &'static str) -> Result<Vec<u8>, CaptureError> {
        let mut text = self.raw_text(most, what)?;
        cut_at_nul(&mut text);
        Ok(text)
    }

    /// A block of strings, given the final NUL that some writers left out.
    fn strings(&mut self, what: &'static str) -> Result<Vec<u8>, CaptureError> {
        let mut block = self.raw_text(MAX_STRINGS, what)?;
        if block.last().is_some_and(|last| *last != 0) {
            block.push(0);
        }
        Ok(block)
    }

    /// Ends an entry of `length` bytes (0: not known): gives the bytes it takes, of which some may lie beyond
    /// the window.
    fn end(&self, length: u32, what: &'static str) -> Result<u64, CaptureError> {
        let (used, length) = (self.used as u64, u64::from(length));
        if length != 0 && used > length {
            return Err(self.at.error(Problem::EntryLength { what, used, length }));
        }
        Ok(used.max(length))
    }
}

fn cut_at_nul(text: &mut Vec<u8>) {
    if let Some(nul) = memchr::memchr(0, text) {
        text.truncate(nul);
    }
}

/// Reads a machine block's body of [`MACHINE_LEN`] bytes.
pub(super) fn machine(f: &mut Fields<'_>) -> Result<MachineInfo, CaptureError> {
    let num_cpus = f.u32("CPU count")?;
    let memory = f.u64("memory size")?;
    let max_pid = f.u64("highest process id")?;
    let mut hostname = f.take(MAX_HOSTNAME, "host name")?.to_vec();
    cut_at_nul(&mut hostname);
    let boot_ts = f.u64("boot time")?;
    let flags = f.u64("machine flags")?;
    f.take(16, "reserved machine fields")?;
    Ok(MachineInfo { num_cpus, memory, max_pid, hostname, boot_ts, flags })
}

/// Reads a process entry of list version 1 to 9; also gives its length in the block.
pub(super) fn process(f: &mut Fields<'_>, version: u8) -> Result<(Process, u64), CaptureError> {
    let mut p = Process::default();
    let length = if version >= 9 { f.u32("process entry length")? } else { 0 };
    p.tid = f.i64("tid")?;
    p.pid = f.i64("pid")?;
    p.ptid = f.i64("ptid")?;
    if version >= 6 {
        p.sid = f.i64("session")?;
    }
    if version >= 8 {
        p.vpgid = f.i64("process group")?;
    }
    p.comm = f.text(MAX_PATH, "comm")?;
    p.exe = f.text(MAX_PATH, "exe")?;
    if version >= 7 {
        p.exepath = f.text(MAX_PATH, "exepath")?;
    }
    p.args = f.strings("arguments")?;
    p.cwd = f.text(MAX_PATH, "cwd")?;
    p.fdlimit = f.i64("descriptor limit")?;
    p.flags = f.u32("process flags")?;
    p.uid = f.u32("uid")?;
    p.gid = f.u32("gid")?;
    if version >= 2 {
        p.vmsize_kb = f.u32("virtual memory")?;
        p.vmrss_kb = f.u32("resident memory")?;
        p.vmswap_kb = f.u32("swapped memory")?;
        p.pfmajor = f.u64("major faults")?;
        p.pfminor = f.u64("minor faults")?;
    }
    if version >= 3 {
        p.env = f.strings("environment")?;
    }
    if version >= 4 {
        p.vtid = f.i64("vtid")?;
        p.vpid = f.i64("vpid")?;
        p.cgroups = f.raw_text(MAX_STRINGS, "cgroups")?;
    }
    if version >= 5 {
        p.root = f.text(MAX_PATH, "root directory")?;
    }
    process_tail(f, length, &mut p)?;
    let length = f.end(length, "process entry")?;
    Ok((p, length))
}

/// Longest tail written before two fields were inserted at its front: loginuid, exe_writable, capabilities.
const OLD_TAIL: u64 = 4 + 1 + 3 * 8;

/// The fields that were added over time to entries that know their length. Each is there if the entry has room
/// for it, looked at one by one.
///
/// ```text
/// [u64 pidns_init_start_ts | u32 tty] u32 loginuid | u8 exe_writable | u64 inheritable permitted effective
/// u8 upper | u64 ino ctime mtime | u8 memfd | u8 lower | i64 pgid
/// ```
fn process_tail(f: &mut Fields<'_>, length: u32, p: &mut Process) -> Result<(), CaptureError> {
    let length = u64::from(length);
    let left = |f: &Fields<'_>, size: u64| f.used as u64 + size <= length;
    macro_rules! optional {
        ($size:literal, $place:expr, $read:expr) => {
            if left(f, $size) {
                $place = $read;
            }
        };
    }
    if length.saturating_sub(f.used as u64) > OLD_TAIL {
        optional!(8, p.pidns_init_start_ts, f.u64("start of the pid namespace")?);
        optional!(4, p.tty, f.u32("tty")?);
    }
    optional!(4, p.loginuid, f.u32("loginuid")?);
    optional!(1, p.exe_writable, f.u8("exe_writable")? != 0);
    optional!(8, p.cap_inheritable, f.u64("inheritable capabilities")?);
    optional!(8, p.cap_permitted, f.u64("permitted capabilities")?);
    optional!(8, p.cap_effective, f.u64("effective capabilities")?);
    optional!(1, p.exe_upper_layer, f.u8("exe_upper_layer")? != 0);
    optional!(8, p.exe_ino, f.u64("exe_ino")?);
    optional!(8, p.exe_ino_ctime, f.u64("exe_ino_ctime")?);
    optional!(8, p.exe_ino_mtime, f.u64("exe_ino_mtime")?);
    optional!(1, p.exe_from_memfd, f.u8("exe_from_memfd")? != 0);
    optional!(1, p.exe_lower_layer, f.u8("exe_lower_layer")? != 0);
    optional!(8, p.pgid, f.i64("pgid")?);
    Ok(())
}

/// Reads a descriptor entry of list version 1 or 2; also gives its length in the block.
pub(super) fn descriptor(f: &mut Fields<'_>, version: u8) -> Result<(FdEntry, u64), CaptureError> {
    let length = if version >= 2 { f.u32("descriptor entry length")? } else { 0 };
    let fd = f.i64("descriptor number")?;
    let ino = f.u64("inode")?;
    let mut kind = f.u8("descriptor type")?;
    const ADDR: &str = "address";
    const NAME: &str = "descriptor name";
    let info = match kind {
        0 => FdInfo::Unknown,
        3 => FdInfo::V4 {
            sip: f.array(ADDR)?,
            dip: f.array(ADDR)?,
            sport: f.u16(ADDR)?,
            dport: f.u16(ADDR)?,
            l4: f.u8(ADDR)?,
        },
        4 => FdInfo::V6 {
            sip: f.array(ADDR)?,
            dip: f.array(ADDR)?,
            sport: f.u16(ADDR)?,
            dport: f.u16(ADDR)?,
            l4: f.u8(ADDR)?,
        },
        5 => FdInfo::V4Server { ip: f.array(ADDR)?, port: f.u16(ADDR)?, l4: f.u8(ADDR)? },
        6 => FdInfo::V6Server { ip: f.array(ADDR)?, port: f.u16(ADDR)?, l4: f.u8(ADDR)? },
        8 => FdInfo::Unix { source: f.u64(ADDR)?, dest: f.u64(ADDR)?, name: f.text(MAX_PATH - 1, NAME)? },
        16 => {
            let open_flags = f.u32("open flags")?;
            let name = f.text(MAX_PATH - 1, NAME)?;
            let dev = if f.used + 4 <= length as usize { f.u32("device")? } else { 0 };
            FdInfo::File { open_flags, name, dev }
        }
        1 | 2 | 7 | 9..=15 | 17..=21 => FdInfo::Named(f.text(MAX_PATH - 1, NAME)?),
        newer => {
            kind = 10;
            FdInfo::Named(format!("unknown-type:[{newer}]").into_bytes())
        }
    };
    let length = f.end(length, "descriptor entry")?;
    Ok((FdEntry { fd, ino, kind, info }, length))
}

/// Reads an interface entry of list version 1 or 2; also gives its length in the block.
pub(super) fn interface(f: &mut Fields<'_>, version: u8) -> Result<(Interface, u64), CaptureError> {
    // Unlike other entries' lengths this one does not count itself.
    let length = if version >= 2 { f.u32("interface entry length")?.saturating_add(4) } else { 0 };
    let at = f.here();
    let kind = f.u16("interface type")?;
    let name_len = f.u16("interface name length")?;
    if name_len >= MAX_PATH {
        let what = "interface name";
        return Err(at.error(Problem::TextTooLong { what, length: name_len, most: MAX_PATH - 1 }));
    }
    const ADDR: &str = "interface address";
    let addr = match kind {
        1 | 3 => InterfaceAddr::V4 { addr: f.array(ADDR)?, mask: f.array(ADDR)?, broadcast: f.array(ADDR)? },
        2 | 4 => InterfaceAddr::V6 { addr: f.array(ADDR)?, mask: f.array(ADDR)?, broadcast: f.array(ADDR)? },
        other => return Err(at.error(Problem::InterfaceType(other))),
    };
    let link_speed = if kind <= 2 { f.u64("link speed")? } else { 0 };
    let mut name = f.take(usize::from(name_len), "interface name")?.to_vec();
    cut_at_nul(&mut name);
    let length = f.end(length, "interface entry")?;
    Ok((Interface { name, addr, link_speed }, length))
}

/// Reads a user or group entry of list version 1 or 2 into `users`; gives its length in the block.
pub(super) fn user(f: &mut Fields<'_>, version: u8, users: &mut Users) -> Result<u64, CaptureError> {
    let length = if version >= 2 { f.u32("user entry length")? } else { 0 };
    if f.u8("user entry type")? == 0 {
        users.users.push(User {
            uid: f.u32("uid")?,
            gid: f.u32("gid")?,
            name: f.text(MAX_CREDENTIAL, "user name")?,
            home: f.text(MAX_CREDENTIAL, "home directory")?,
            shell: f.text(MAX_CREDENTIAL, "shell")?,
        });
    } else {
        users.groups.push(Group { gid: f.u32("gid")?, name: f.text(MAX_CREDENTIAL, "group name")? });
    }
    f.end(length, "user entry")
}
