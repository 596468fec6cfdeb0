//! Capture recipes: how the kernel side obtains each parameter of an event.
//!
//! A [`Capture`] stands in the parameter's row in [`crate::events`]. It says where the value comes from
//! ([`Source`]), what happens to it on the way ([`Convert`]), under which conditions it is taken ([`Test`]) and what
//! the record holds otherwise ([`Otherwise`]). The eBPF generator walks these rows; user space walks the same flag
//! maps when it reads `/proc`.
//!
//! What a program has at hand, at each [`Hook`]: the hook's arguments (of a system call: its six arguments and its
//! return value), the current `task_struct` and all it leads to, user memory of the current task.
//!
//! What must hold:
//!
//! - A parameter is its length (u16, in the record's length array) and that many bytes. An *empty* parameter has
//!   length 0. Numbers are little-endian and have the size of the parameter's type; a wider value loses its upper
//!   bytes, a narrower one is extended as its [`Int`] says. Ports are in host order, addresses in network order.
//! - Reading fails if the memory is not mapped or not resident: nothing is paged in. What then happens is said at each
//!   source. In short: integers are 0, texts and bytes are empty.
//! - A text ends with one NUL, which counts. It is cut to its limit, the NUL being the last byte of the limit. An
//!   empty text is one NUL; a null pointer gives an empty parameter.
//! - An event larger than [`MAX_EVENT`] is dropped and counted; there is no partial record.
//! - Conditions are about the raw arguments, never about converted values.
//!
//! The facts are those of the modern probe of libs 0.25.4 (`driver/modern_bpf`, `driver/ppm_flag_helpers.h`); where
//! the source and its comments differ, the source holds. Peculiarities that a reader would take for mistakes of ours
//! are marked *as in Falco*. Not reproduced: sampling ("dropping mode"), in which Falco also drops failed `bind` and
//! `close` and most `fcntl`; the option to drop every failed call. Calls of 32-bit programs are those of
//! [`crate::syscalls::compat`], with the arguments that it says; what they do not have in common with Falco stands in
//! `docs/compatibility.md`.

mod flagmap;
mod hooks;
pub mod maps;
pub mod recipe;
mod special;
#[cfg(test)]
mod tests;

pub use flagmap::{Bits, FlagMap, Form, PerArch, Row, Rule};
pub use hooks::{Hook, Producer, producers};
pub use special::{KEYCTL_ARGUMENTS, KeyctlArg, SOCKOPT_KINDS, SockoptKind, Special};

/// Largest event, header and length array included, in bytes.
pub const MAX_EVENT: usize = 64 * 1024;
/// Longest parameter without a limit of its own, in bytes.
pub const MAX_PARAM: u16 = u16::MAX;
/// Longest path, its NUL included (`PATH_MAX`).
pub const MAX_PATH: u16 = 4096;
/// Longest `exe`; longest `exe` and `args` together; longest `env`. NULs included.
pub const MAX_ARGS: u16 = 4096;
/// Pointers looked at in an array of strings (`argv`, `envp`), `argv[0]` included.
pub const MAX_STRINGS: usize = 16;
/// Elements looked at in an I/O vector.
pub const MAX_IOVECS: usize = 32;
/// Messages of one `sendmmsg` or `recvmmsg` that get an event. Needs `bpf_loop` (Linux 5.17); without it, 1.
pub const MAX_MESSAGES: usize = 16;
/// Descriptors of one `poll` or `ppoll` that are recorded.
pub const MAX_POLLFDS: usize = 16;
/// Longest path of a unix socket: 108 bytes and the NUL.
pub const MAX_UNIX_PATH: u16 = 109;
/// Longest `comm`, its NUL included.
pub const MAX_COMM: u16 = 16;
/// Components of a control group's path that are recorded, from its end.
pub const MAX_CGROUP_DEPTH: usize = 6;
/// Components of a file's path that are recorded, from its end.
pub const MAX_PATH_DEPTH: usize = 96;
/// Bytes of data in an event unless configured otherwise (`snaplen`); at most [`SNAPLEN_MAX`].
pub const SNAPLEN: u16 = 80;
/// Upper bound of a configured `snaplen`.
pub const SNAPLEN_MAX: u16 = 65000;
/// `snaplen` of a socket with a local or remote port in the configured range.
pub const SNAPLEN_PORT_RANGE: u16 = 16000;
/// `snaplen` of a socket whose remote port is 53.
pub const SNAPLEN_DNS: u16 = 512;
/// `snaplen` of a socket whose remote port is statsd's (8125 unless configured), or whose protocol was recognised.
pub const SNAPLEN_PROTOCOL: u16 = 2000;

/// How one parameter is obtained.
#[derive(Clone, Copy, Debug)]
pub struct Capture {
    /// Where the value comes from.
    pub source: Source,
    /// What happens to it.
    pub convert: Convert,
    /// All of these must hold, or `otherwise` is recorded. Empty: always.
    pub when: &'static [Test],
    /// What is recorded if a test fails.
    pub otherwise: Otherwise,
}

/// What is recorded when the condition of a recipe does not hold.
#[derive(Clone, Copy, Debug)]
pub enum Otherwise {
    /// A parameter of length 0.
    Empty,
    /// This number, in the size of the parameter's type. It is not converted.
    Const(i64),
    /// What another recipe gives. Chains end.
    Capture(&'static Capture),
}

/// A condition on a call or hook.
#[derive(Clone, Copy, Debug)]
pub enum Test {
    /// On the return value. At hooks without one it counts as 0.
    Ret(RetTest),
    /// The low 32 bits of a number, shifted right by `shift`, are one of `values`.
    In {
        /// The number.
        of: Source,
        /// Bits to drop from its low end.
        shift: u8,
        /// What it may be.
        values: &'static [u32],
    },
    /// The low 32 bits of a number have a bit of `mask`.
    Any {
        /// The number.
        of: Source,
        /// The bits.
        mask: PerArch,
    },
}

/// A condition on the return value, as a signed 64-bit number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RetTest {
    /// 0.
    Zero,
    /// Not 0.
    NotZero,
    /// 0 or more: the call succeeded.
    Success,
    /// More than 0.
    Positive,
    /// 0, or -115 (`EINPROGRESS`): a connection exists or is being made.
    Connecting,
}

impl RetTest {
    /// Whether `ret` passes.
    pub const fn holds(self, ret: i64) -> bool {
        match self {
            RetTest::Zero => ret == 0,
            RetTest::NotZero => ret != 0,
            RetTest::Success => ret >= 0,
            RetTest::Positive => ret > 0,
            RetTest::Connecting => ret == 0 || ret == -115,
        }
    }
}

/// An integer in memory or in a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "signedness and bits")]
pub enum Int {
    U8,
    U16,
    S16,
    U32,
    S32,
    U64,
    S64,
}

impl Int {
    /// Size in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Int::U8 => 1,
            Int::U16 | Int::S16 => 2,
            Int::U32 | Int::S32 => 4,
            Int::U64 | Int::S64 => 8,
        }
    }
    /// Extended by its sign, not by zeroes.
    pub const fn signed(self) -> bool {
        matches!(self, Int::S16 | Int::S32 | Int::S64)
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// Nothing: the parameter is always empty.
    Empty,
    /// A number.
    Const(i64),
    /// Return value of the call, 64 bits. At hooks without one ([`Hook::SchedProcessExec`],
    /// [`Hook::SchedProcessFork`]) it is 0.
    Ret,
    /// Argument of the hook, from 0, 64 bits: of the system call (0 to 5; of 32-bit programs as
    /// [`crate::syscalls::compat`] says), or of the tracepoint.
    Arg(u8),
    /// Integer in user memory, `at` bytes behind the address in argument `pointer`. 0 if it cannot be read, also if
    /// the pointer is null.
    Member {
        /// Argument with the address.
        pointer: u8,
        /// Offset in bytes.
        at: u16,
        /// Size and sign.
        int: Int,
    },
    /// `unsigned long` in user memory, `index` of them behind the address in argument `pointer`: 64 bits, in 32-bit
    /// programs 32, of which all ones (no limit) are 64 ones. 0 if it cannot be read.
    Word {
        /// Argument with the address.
        pointer: u8,
        /// How many lie before it.
        index: u8,
    },
    /// Descriptor number from a pair of 32-bit numbers in user memory (`pipe`, `socketpair`). -1 if it cannot be
    /// read.
    PairFd {
        /// Argument with the address.
        pointer: u8,
        /// 0 or 1.
        index: u8,
    },
    /// Nanoseconds of a timespec in user memory: i64 seconds × 10⁹ + i64 nanoseconds, modulo 2⁶⁴ (in 32-bit
    /// programs two i32). 0 if it cannot be read.
    Timespec {
        /// Argument with the address.
        pointer: u8,
    },
    /// A number known of a task.
    Task(Who, TaskFact),
    /// A number known of an open file. 0 if the descriptor is negative, beyond the table or not open.
    File(Fd, FileFact),
    /// Number of the system call in captures ([`crate::syscalls::Syscall::code`]), of 32-bit calls that of the 64-bit
    /// call.
    SyscallCode,
    /// The architecture's number of the system call, of 32-bit calls that of the 64-bit call.
    SyscallNumber,
    /// Text in user memory at the address in argument `pointer`, cut to `max` bytes. Empty if the pointer is null or
    /// its first page cannot be read.
    Text {
        /// Argument with the address.
        pointer: u8,
        /// Limit in bytes.
        max: u16,
    },
    /// Texts from a null-terminated array of pointers in user memory, in a row, each with its NUL. At most
    /// [`MAX_STRINGS`] pointers; ends early at a pointer that cannot be read; a text that cannot be read is left out.
    Strings {
        /// Argument with the address of the array.
        pointer: u8,
        /// Which of them.
        part: Strings,
    },
    /// Bytes of the subject's own memory in which its arguments or environment lie. Empty if they cannot be read.
    Region(Region),
    /// `comm` of the subject, at most [`MAX_COMM`] bytes.
    Comm,
    /// Name of the executed file: `bprm->filename`, kernel text of at most [`MAX_PATH`] bytes. For `execve` it is the
    /// caller's argument; for `execveat` with a descriptor `/dev/fd/N` or `/dev/fd/N/PATH`.
    ExecFilename,
    /// A path.
    Path(PathOf),
    /// Control groups of the subject, for the controllers cpuset, cpu, cpuacct, io, memory in this order, those that
    /// the kernel has: `NAME=PATH` and a NUL each. `NAME` is the kernel's name of the controller (`blkio` was `io`'s
    /// in version 1). The path begins with a slash and is made of the last [`MAX_CGROUP_DEPTH`] components, the root's
    /// empty one included.
    Cgroups,
    /// Bytes in user memory.
    Data {
        /// Where they are.
        place: Place,
        /// How many the call moved.
        length: Length,
        /// How many are recorded at most.
        limit: Limit,
    },
    /// Sum of the lengths in an I/O vector, of its first [`MAX_IOVECS`] elements, modulo 2³². 0 if the vector cannot
    /// be read. If the message header cannot be read the parameter is empty.
    VectorSize(Vector),
    /// Bytes moved of one message: `msg_len` of its `mmsghdr`. See [`Vector::Message`].
    MessageLength,
    /// Control data of a message: `msg_controllen` bytes at `msg_control`. Empty if there is none, if it cannot be
    /// read, or if the length is above [`MAX_PARAM`] (messages of `recvmmsg`: the length's low 16 bits, *as in
    /// Falco*).
    Control(Vector),
    /// Socket address in user memory.
    ///
    /// ```text
    /// AF_INET   family:u8 address:4 port:u16
    /// AF_INET6  family:u8 address:16 port:u16
    /// AF_UNIX   family:u8 path:text      at most 109 bytes; the NUL that begins an abstract name is left out
    /// ```
    ///
    /// The length is the low 16 bits of its argument. Empty if it is 0, if the address cannot be read, and for other
    /// families. A short length is not noticed: what lies behind it is read as zeroes.
    Sockaddr {
        /// Argument with the address.
        pointer: u8,
        /// Argument with its length.
        length: u8,
    },
    /// Both ends of a socket.
    ///
    /// ```text
    /// AF_INET   family:u8 source:4 port:u16 destination:4 port:u16
    /// AF_INET6  family:u8 source:16 port:u16 destination:16 port:u16
    /// AF_UNIX   family:u8 destination:u64 source:u64 path:text      addresses of struct unix_sock
    /// ```
    ///
    /// Addresses and ports are the socket's: local `inet_saddr` (`pinet6->saddr`) and `inet_sport`, remote `skc_daddr`
    /// (`skc_v6_daddr`) and `skc_dport`. If the remote port is 0 and the call names a peer, address and port come
    /// from there. The path of a unix socket is the receiver's: outbound the peer's (or, without a peer, the one
    /// the call names), inbound the socket's own; at most 109 bytes, the NUL that begins an abstract name left out.
    /// Empty if the descriptor is no socket, and for other families.
    Tuple {
        /// The socket.
        fd: Fd,
        /// Which end is the source.
        direction: Direction,
        /// Address given with the call.
        peer: Option<Peer>,
    },
    /// Descriptors of `poll`: count (u16), then for each (at most [`MAX_POLLFDS`]) number (i64) and returned events
    /// (i16, by [`maps::POLL`]). If the array cannot be read: count 0.
    Pollfds {
        /// Argument with the address.
        pointer: u8,
        /// Argument with the number of elements.
        count: u8,
    },
    /// What no other variant says.
    Special(Special),
}

/// Which task a fact is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// The task that the event is about: the current one; the child at [`Hook::SchedProcessFork`]; the visited one at
    /// [`Hook::IterTask`]; the ending one at [`Hook::SchedProcessExit`]; the one that leaves at [`Hook::SchedSwitch`].
    Subject,
    /// The current task, also where it is not the subject.
    Current,
    /// The task in this argument of the hook.
    Arg(u8),
}

/// A number known of a task. Where a pointer on the way is null the fact is 0, unless said otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TaskFact {
    /// `pid`: the thread, in the initial namespace.
    Tid,
    /// `tgid`: the process, in the initial namespace.
    Pid,
    /// `real_parent->pid`: the thread that made it, in the initial namespace.
    ParentTid,
    /// `signal->pids[PIDTYPE_PGID]->numbers[0].nr`: process group, in the initial namespace.
    Pgid,
    /// `signal->pids[PIDTYPE_SID]->numbers[0].nr`: session, in the initial namespace.
    Sid,
    /// `thread_pid`, in the innermost namespace of that pid.
    Vtid,
    /// `signal->pids[PIDTYPE_TGID]`, in its innermost namespace.
    Vpid,
    /// `signal->pids[PIDTYPE_PGID]`, in its innermost namespace.
    Vpgid,
    /// `signal->rlim[RLIMIT_NOFILE].rlim_cur`.
    FdLimit,
    /// `maj_flt`.
    MajorFaults,
    /// `min_flt`.
    MinorFaults,
    /// `mm->total_vm`, in kB.
    VmSize,
    /// File, anonymous and shared pages of `mm->rss_stat`, in kB. From Linux 6.2 on the counters are per-CPU; only
    /// their common part is read.
    VmRss,
    /// Swap entries of `mm->rss_stat`, in kB.
    VmSwap,
    /// `cred->euid`; 0xffffffff if it cannot be read.
    Euid,
    /// `cred->egid`; 0xffffffff if it cannot be read.
    Egid,
    /// `loginuid` (or `audit->loginuid`); 0xffffffff if the kernel has none.
    LoginUid,
    /// Device number of `signal->tty` (`driver->major`, `driver->minor_start` + `index`), encoded as by
    /// [`Convert::Device`]; 0 without a terminal.
    Tty,
    /// `cred->cap_inheritable`, the capabilities up to `CAP_CHECKPOINT_RESTORE` (41 bits).
    CapInheritable,
    /// `cred->cap_permitted`, likewise.
    CapPermitted,
    /// `cred->cap_effective`, likewise.
    CapEffective,
    /// Flags of `mm->exe_file`, by [`crate::flags::EXECVE_FLAGS`]: writable by the task (owner, mode bits, group,
    /// `CAP_DAC_OVERRIDE` and `CAP_FOWNER` with mapped ids; never on a read-only file system or if immutable); on
    /// overlayfs, in the upper or lower layer; from a memfd (a root dentry whose name begins with `memfd:`).
    ExeFlags,
    /// `mm->exe_file->f_inode->i_ino`.
    ExeInode,
    /// Change time of that inode, nanoseconds since the epoch; 0 if before it.
    ExeCtime,
    /// Modification time of that inode, likewise.
    ExeMtime,
    /// `start_time` of the process that reaps in the namespace of `signal->pids[PIDTYPE_TGID]`: monotonic ns.
    PidnsStart,
    /// `start_boottime` + time of boot: nanoseconds since the epoch.
    StartTime,
    /// `exit_code`, 32 bits: status in bits 8 to 15, core dump in bit 7, signal in bits 0 to 6.
    ExitCode,
}

/// An open file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fd {
    /// Of the descriptor that the call returned, low 32 bits.
    Ret,
    /// Of the descriptor in this argument, low 32 bits.
    Arg(u8),
    /// Of the descriptor at [`Source::PairFd`].
    Pair {
        /// Argument with the address.
        pointer: u8,
        /// 0 or 1.
        index: u8,
    },
    /// The one that [`Hook::IterTaskFile`] visits.
    Visited,
}

/// A number known of an open file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileFact {
    /// Number of the descriptor.
    Number,
    /// `f_inode->i_sb->s_dev`, as the kernel has it: see [`Convert::Device`].
    Device,
    /// `f_inode->i_ino`.
    Inode,
    /// Layer of overlayfs: 0 another file system, 1 upper, 2 lower. Lower if the pointer behind the inode, that to
    /// the upper dentry, is null or leads to inode 0.
    Layer,
    /// `f_flags`.
    Flags,
    /// `mnt_id` of its mount.
    MountId,
    /// Address of `struct sock`; 0 if it is no socket.
    Sock,
    /// Address of the `unix_sock` at the other end; 0 if it is no unix socket or has no peer.
    PeerSock,
    /// `sk_ack_backlog`: connections that wait for `accept`.
    Backlog,
    /// `sk_max_ack_backlog`.
    MaxBacklog,
    /// 100 × backlog / max backlog, rounded down; 0 if either is.
    BacklogPercent,
    /// `sk_type`.
    SocketType,
    /// `sk_protocol`.
    SocketProtocol,
    /// `skc_rcv_saddr` or `skc_v6_rcv_saddr`: 4 or 16 bytes, by the parameter's type.
    LocalAddress,
    /// `skc_num`.
    LocalPort,
    /// `skc_daddr` or `skc_v6_daddr`: 4 or 16 bytes, by the parameter's type.
    RemoteAddress,
    /// `skc_dport`, in host order.
    RemotePort,
    /// Kind of a file without an inode of its own, by [`crate::flags::ANON_INODE_FD_TYPES`]: pidfs by its magic number
    /// (0x50494446), others by the dentry's name.
    AnonKind,
}

/// Part of an array of strings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strings {
    /// The first one, at most [`MAX_ARGS`] bytes. One NUL if the array's address is null.
    First,
    /// All but the first, at most [`MAX_ARGS`] less the length of the first; the last byte is made NUL.
    Rest,
    /// All of them, at most [`MAX_ARGS`] bytes; the last byte is made NUL.
    All,
}

/// Part of the subject's memory. Read as bytes: if one page of it is not resident, all is empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Region {
    /// The text at `mm->arg_start`, at most [`MAX_ARGS`] bytes.
    Exe,
    /// From behind [`Region::Exe`], as it was recorded, to `mm->arg_end`, at most [`MAX_ARGS`] less its length; the
    /// last byte is made NUL.
    Args,
    /// From `mm->arg_start` to `mm->arg_end`, at most [`MAX_ARGS`]; the last byte is made NUL.
    Argv,
    /// From `mm->env_start` to `mm->env_end`, at most [`MAX_ARGS`]; the last byte is made NUL.
    Env,
}

/// A path, at most [`MAX_PATH`] bytes. Of a file: names of the dentries up to the root of the mount, on to the mount
/// point, and so to the root of the mount tree, at most [`MAX_PATH_DEPTH`]; without the suffix ` (deleted)` and
/// without the process's own root. A file outside any tree (memfd, pipe) has its dentry's name, without a slash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathOf {
    /// Of an open file.
    File(Fd),
    /// Address of a bound unix socket, kernel text of at most [`MAX_UNIX_PATH`] bytes; the NUL that begins an abstract
    /// name is left out.
    Socket(Fd),
    /// Of `mm->exe_file` of the subject.
    Exe,
    /// Of `fs->pwd` of the subject.
    Cwd,
    /// Of `fs->root` of the subject.
    Root,
}

/// An I/O vector: an array of (address, length), 16 bytes each (8 in 32-bit programs).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vector {
    /// The array itself.
    Array {
        /// Argument with the address.
        pointer: u8,
        /// Argument with the number of elements.
        count: u8,
    },
    /// `msg_iov` and `msg_iovlen` of the `msghdr` at the address in this argument.
    Header(u8),
    /// The same of the current `mmsghdr` in the array at the address in this argument.
    ///
    /// A call whose parameters name it yields, if its return value is above 0, one event for each of its first
    /// [`MAX_MESSAGES`] messages, with the return value as their number; else one event without a message.
    Message(u8),
}

/// Where bytes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a row, at the address in this argument. Empty if they cannot all be read.
    Buffer(u8),
    /// Scattered over a vector, of which the first [`MAX_IOVECS`] elements count. Ends before an element that cannot
    /// be read, and before one whose length is a multiple of 2¹⁶ (0 included), *as in Falco*.
    Vector(Vector),
}

/// How many bytes a call moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// The return value.
    Ret,
    /// The return value if above 0, else this argument.
    RetOrArg(u8),
    /// The return value if above 0, else all of the vector.
    RetOrAll,
    /// The low 16 bits of this argument.
    Arg(u8),
    /// `msg_len` of the message.
    Message,
    /// `msg_len` of the message if above 0, else all of its vector.
    MessageOrAll,
}

/// How many bytes are recorded at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// [`MAX_PARAM`].
    Param,
    /// The configured `snaplen`; with the dynamic one on, and on an IPv4 or IPv6 socket, more by its ports, as
    /// [`SNAPLEN_PORT_RANGE`], [`SNAPLEN_PROTOCOL`] (statsd) and [`SNAPLEN_DNS`] say, in this order. The socket is
    /// that of the descriptor in argument 0.
    ///
    /// `process_vm_readv` and `process_vm_writev` have this limit too: their argument 0, a process, is taken for a
    /// descriptor, *as in Falco*.
    SnaplenByPort,
    /// The same, and if the ports decide nothing [`SNAPLEN_PROTOCOL`] by the first 16 bytes of the data and the
    /// length given with the call: MySQL and PostgreSQL on their ports (3306, 5432), MongoDB on 27017 or by its
    /// opcode, HTTP by its first word on any socket.
    SnaplenByContent,
}

/// Which end of a socket is the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// The remote one.
    Inbound,
    /// The local one.
    Outbound,
}

/// A socket address given with a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// At the address in this argument.
    Arg(u8),
    /// `msg_name` of a message.
    Name(Vector),
}

/// What happens to a number before it is cut to the size of the parameter.
#[derive(Clone, Copy, Debug)]
pub enum Convert {
    /// Nothing.
    Plain,
    /// Only so many low bits count; extended again by sign or zeroes. Descriptors, processes and modes are
    /// 32-bit arguments, whatever the upper half of the register holds. `AT_FDCWD` is -100 in a capture too.
    Int(Int),
    /// Kernel values become capture values: the low 32 bits go through the map.
    Map(&'static FlagMap),
    /// [`maps::OPEN`], and, of the file behind the returned descriptor: `O_F_CREATED` if it was made by this call
    /// (`f_mode` has `FMODE_CREATED`, 0x100000), `FD_UPPER_LAYER` or `FD_LOWER_LAYER` by [`FileFact::Layer`]. The layer
    /// only if the return value is above 0; `O_F_CREATED` also for descriptor 0, but for `open_by_handle_at`.
    OpenFlags,
    /// [`maps::CLONE`], and `CLONE_CHILD_IN_PIDNS` if the current task's namespace is not the initial one
    /// (`level` not 0) or not that of its children (`nsproxy->pid_ns_for_children`).
    ///
    /// At [`Hook::SchedProcessFork`] the flags are found instead by comparing: `CLONE_THREAD`, `CLONE_SIGHAND` and
    /// `CLONE_VM` if the child is not the first thread of its process, `CLONE_FILES` if parent and child have the
    /// same `files`, `CLONE_CHILD_IN_PIDNS` if the `level` of the child's namespace is not 0.
    CloneFlags,
    /// Device number of the kernel (major << 20 | minor, 32 bits) as user space has it: (minor & 0xff) | major << 8 |
    /// (minor & !0xff) << 12. `mknod` applies it to a number that already has that form, *as in Falco*.
    Device,
    /// `(value >> shift) & mask`.
    Bits {
        /// Bits to drop.
        shift: u8,
        /// Bits to keep, after that.
        mask: u32,
    },
}
