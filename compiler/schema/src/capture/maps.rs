//! The flag maps: the kernel's values and, by their name, those of a capture.
//!
//! A capture's value is written once, in [`crate::flags`]; here its name stands beside the kernel's bits. Rows:
//!
//! ```text
//! bits ID TABLE [void MASK] { RULE, ... }         "void MASK" is optional
//!     any "NAME" MASK            if a bit of MASK is set
//!     none "NAME" MASK           if no bit of MASK is set
//!     equal "NAME" MASK VALUE    if the bits of MASK are VALUE
//! values ID TABLE [SHIFT MASK DEFAULT] { "NAME" VALUE, ... }
//! ```
//!
//! DEFAULT is a name or, for an unnamed one, 0. A mask or value is a number, or `(x86_64, aarch64)`; of an enumeration
//! `-` says that the architecture lacks it.
//!
//! What must hold: a name is in its table (checked by the compiler); no kernel value stands twice in one enumeration.
//! Names of a table that no rule gives are never recorded by a probe: the kernel has no such flag, or it means
//! something to user space only.

use super::{Bits, FlagMap, Form, PerArch, Row, Rule};
use crate::Flag;
use crate::flags::*;

/// The value called `name`; for constants. A missing name is looked for beyond the end, which stops the compiler.
const fn value(table: &[Flag], name: &str) -> u32 {
    let mut index = 0;
    while !same(table[index].name.as_bytes(), name.as_bytes()) {
        index += 1;
    }
    table[index].value
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    a.len() == b.len()
}

macro_rules! mask {
    (($x86_64:literal, $aarch64:literal)) => {
        PerArch { x86_64: $x86_64, aarch64: $aarch64 }
    };
    ($mask:literal) => {
        PerArch::same($mask)
    };
}

macro_rules! rule {
    ($table:ident any $name:literal $mask:tt) => {
        Rule { mask: mask!($mask), bits: Bits::Any, gives: value($table, $name) }
    };
    ($table:ident none $name:literal $mask:tt) => {
        Rule { mask: mask!($mask), bits: Bits::None, gives: value($table, $name) }
    };
    ($table:ident equal $name:literal $mask:tt $value:literal) => {
        Rule { mask: mask!($mask), bits: Bits::Equal($value), gives: value($table, $name) }
    };
}

macro_rules! number {
    (-) => {
        None
    };
    ($value:literal) => {
        Some($value)
    };
}

macro_rules! row {
    ($table:ident $name:literal ($x86_64:tt, $aarch64:tt)) => {
        Row { x86_64: number!($x86_64), aarch64: number!($aarch64), gives: value($table, $name) }
    };
    ($table:ident $name:literal $value:literal) => {
        Row { x86_64: Some($value), aarch64: Some($value), gives: value($table, $name) }
    };
}

macro_rules! void {
    () => {
        0
    };
    ($void:literal) => {
        $void
    };
}

macro_rules! default {
    ($table:ident 0) => {
        0
    };
    ($table:ident $name:literal) => {
        value($table, $name)
    };
}

macro_rules! form {
    (bits $table:ident [$(void $void:literal)?] {$($kind:ident $name:literal $mask:tt $($value:literal)?,)*}) => {
        Form::Bits {
            void: void!($($void)?),
            rules: &[$(rule!($table $kind $name $mask $($value)?)),*],
        }
    };
    (values $table:ident [$shift:literal $mask:literal $default:tt] {$($name:literal $value:tt,)*}) => {
        Form::Values {
            shift: $shift,
            mask: $mask,
            rows: &[$(row!($table $name $value)),*],
            default: default!($table $default),
        }
    };
}

macro_rules! maps {
    ($($(#[doc = $doc:literal])* $kind:ident $id:ident $table:ident $options:tt $rows:tt)*) => {
        $($(#[doc = $doc])*
        pub static $id: FlagMap =
            FlagMap { name: stringify!($id), table: $table, form: form!($kind $table $options $rows) };)*

        /// All maps.
        pub static MAPS: &[&FlagMap] = &[$(&$id),*];
    };
}

maps! {
    /// Flags of `open` and its relatives. `O_SYNC` contains `O_DSYNC`, `O_TMPFILE` contains `O_DIRECTORY`: each of
    /// the pair gives both.
    bits OPEN FILE_FLAGS [] {
        equal "O_RDONLY" 0x3 0x0,
        equal "O_WRONLY" 0x3 0x1,
        equal "O_RDWR" 0x3 0x2,
        equal "O_RDONLY" 0x3 0x3,
        any "O_CREAT" 0x40,
        any "O_TMPFILE" (0x410000, 0x404000),
        any "O_APPEND" 0x400,
        any "O_DSYNC" 0x1000,
        any "O_EXCL" 0x80,
        any "O_NONBLOCK" 0x800,
        any "O_SYNC" 0x101000,
        any "O_TRUNC" 0x200,
        any "O_DIRECT" (0x4000, 0x10000),
        any "O_DIRECTORY" (0x10000, 0x4000),
        any "O_LARGEFILE" (0x8000, 0x20000),
        any "O_CLOEXEC" 0x80000,
    }
    /// Permission bits, the same in both.
    bits MODE CHMOD_MODE [] {
        any "S_IXOTH" 0x1,
        any "S_IWOTH" 0x2,
        any "S_IROTH" 0x4,
        any "S_IXGRP" 0x8,
        any "S_IWGRP" 0x10,
        any "S_IRGRP" 0x20,
        any "S_IXUSR" 0x40,
        any "S_IWUSR" 0x80,
        any "S_IRUSR" 0x100,
        any "S_ISVTX" 0x200,
        any "S_ISGID" 0x400,
        any "S_ISUID" 0x800,
    }
    /// Permission bits and file type; no type means a regular file.
    bits MKNOD MKNOD_MODE [] {
        any "S_IXOTH" 0x1,
        any "S_IWOTH" 0x2,
        any "S_IROTH" 0x4,
        any "S_IXGRP" 0x8,
        any "S_IWGRP" 0x10,
        any "S_IRGRP" 0x20,
        any "S_IXUSR" 0x40,
        any "S_IWUSR" 0x80,
        any "S_IRUSR" 0x100,
        any "S_ISVTX" 0x200,
        any "S_ISGID" 0x400,
        any "S_ISUID" 0x800,
        equal "S_IFREG" 0xf000 0x0,
        equal "S_IFREG" 0xf000 0x8000,
        equal "S_IFIFO" 0xf000 0x1000,
        equal "S_IFCHR" 0xf000 0x2000,
        equal "S_IFBLK" 0xf000 0x6000,
        equal "S_IFSOCK" 0xf000 0xc000,
    }
    /// `openat2`: limits on how the path resolves.
    bits RESOLVE OPENAT2_FLAGS [] {
        any "RESOLVE_NO_XDEV" 0x1,
        any "RESOLVE_NO_MAGICLINKS" 0x2,
        any "RESOLVE_NO_SYMLINKS" 0x4,
        any "RESOLVE_BENEATH" 0x8,
        any "RESOLVE_IN_ROOT" 0x10,
        any "RESOLVE_CACHED" 0x20,
    }
    /// `SOCK_NONBLOCK` and `SOCK_CLOEXEC` of `socket` (in its type) and `accept4`.
    bits SOCKET_FLAGS FILE_FLAGS [] {
        any "O_NONBLOCK" 0x800,
        any "O_CLOEXEC" 0x80000,
    }
    /// `eventfd2`, `inotify_init1`, `signalfd4`, `timerfd_create`. In the 8 bits of `timerfd_create` only `O_NONBLOCK`
    /// remains.
    bits DESCRIPTOR_FLAGS FILE_FLAGS [void 0x80000000] {
        any "O_NONBLOCK" 0x800,
        any "O_CLOEXEC" 0x80000,
    }
    /// `pipe2`.
    bits PIPE2 FILE_FLAGS [void 0x80000000] {
        any "O_CLOEXEC" 0x80000,
        any "O_DIRECT" (0x4000, 0x10000),
        any "O_NONBLOCK" 0x800,
    }
    /// `dup3`.
    bits DUP3 FILE_FLAGS [] {
        any "O_CLOEXEC" 0x80000,
    }
    /// `clone`, `clone3` (low half), `unshare`, `setns`.
    bits CLONE CLONE_FLAGS [] {
        any "CLONE_VM" 0x100,
        any "CLONE_FS" 0x200,
        any "CLONE_FILES" 0x400,
        any "CLONE_SIGHAND" 0x800,
        any "CLONE_PTRACE" 0x2000,
        any "CLONE_VFORK" 0x4000,
        any "CLONE_PARENT" 0x8000,
        any "CLONE_THREAD" 0x10000,
        any "CLONE_NEWNS" 0x20000,
        any "CLONE_SYSVSEM" 0x40000,
        any "CLONE_SETTLS" 0x80000,
        any "CLONE_PARENT_SETTID" 0x100000,
        any "CLONE_CHILD_CLEARTID" 0x200000,
        any "CLONE_UNTRACED" 0x800000,
        any "CLONE_CHILD_SETTID" 0x1000000,
        any "CLONE_NEWCGROUP" 0x2000000,
        any "CLONE_NEWUTS" 0x4000000,
        any "CLONE_NEWIPC" 0x8000000,
        any "CLONE_NEWUSER" 0x10000000,
        any "CLONE_NEWPID" 0x20000000,
        any "CLONE_NEWNET" 0x40000000,
        any "CLONE_IO" 0x80000000,
    }
    /// Families of sockets; those without a name in captures give `AF_UNSPEC`.
    values FAMILY SOCKET_FAMILIES [0 0xff "AF_UNSPEC"] {
        "AF_UNSPEC" 0,
        "AF_UNIX" 1,
        "AF_INET" 2,
        "AF_AX25" 3,
        "AF_IPX" 4,
        "AF_APPLETALK" 5,
        "AF_NETROM" 6,
        "AF_BRIDGE" 7,
        "AF_ATMPVC" 8,
        "AF_X25" 9,
        "AF_INET6" 10,
        "AF_ROSE" 11,
        "AF_DECnet" 12,
        "AF_NETBEUI" 13,
        "AF_SECURITY" 14,
        "AF_KEY" 15,
        "AF_NETLINK" 16,
        "AF_PACKET" 17,
        "AF_ASH" 18,
        "AF_ECONET" 19,
        "AF_ATMSVC" 20,
        "AF_RDS" 21,
        "AF_SNA" 22,
        "AF_IRDA" 23,
        "AF_PPPOX" 24,
        "AF_WANPIPE" 25,
        "AF_LLC" 26,
        "AF_CAN" 29,
        "AF_TIPC" 30,
        "AF_BLUETOOTH" 31,
        "AF_IUCV" 32,
        "AF_RXRPC" 33,
        "AF_ISDN" 34,
        "AF_PHONET" 35,
        "AF_IEEE802154" 36,
        "AF_CAIF" 37,
        "AF_ALG" 38,
        "AF_NFC" 39,
    }
    /// Level of `setsockopt` and `getsockopt`.
    values SOCKOPT_LEVEL SOCKOPT_LEVELS [0 0xffffffff "UNKNOWN"] {
        "SOL_SOCKET" 1,
        "SOL_TCP" 6,
    }
    /// Option, at level `SOL_SOCKET`.
    values SOCKOPT_NAME SOCKOPT_OPTIONS [0 0xffffffff "UNKNOWN"] {
        "SO_DEBUG" 1,
        "SO_REUSEADDR" 2,
        "SO_TYPE" 3,
        "SO_ERROR" 4,
        "SO_DONTROUTE" 5,
        "SO_BROADCAST" 6,
        "SO_SNDBUF" 7,
        "SO_RCVBUF" 8,
        "SO_KEEPALIVE" 9,
        "SO_OOBINLINE" 10,
        "SO_NO_CHECK" 11,
        "SO_PRIORITY" 12,
        "SO_LINGER" 13,
        "SO_BSDCOMPAT" 14,
        "SO_REUSEPORT" 15,
        "SO_PASSCRED" 16,
        "SO_PEERCRED" 17,
        "SO_RCVLOWAT" 18,
        "SO_SNDLOWAT" 19,
        "SO_RCVTIMEO" 20,
        "SO_SNDTIMEO" 21,
        "SO_SECURITY_AUTHENTICATION" 22,
        "SO_SECURITY_ENCRYPTION_TRANSPORT" 23,
        "SO_SECURITY_ENCRYPTION_NETWORK" 24,
        "SO_BINDTODEVICE" 25,
        "SO_ATTACH_FILTER" 26,
        "SO_DETACH_FILTER" 27,
        "SO_PEERNAME" 28,
        "SO_TIMESTAMP" 29,
        "SO_ACCEPTCONN" 30,
        "SO_PEERSEC" 31,
        "SO_SNDBUFFORCE" 32,
        "SO_RCVBUFFORCE" 33,
        "SO_PASSSEC" 34,
        "SO_TIMESTAMPNS" 35,
        "SO_MARK" 36,
        "SO_TIMESTAMPING" 37,
        "SO_PROTOCOL" 38,
        "SO_DOMAIN" 39,
        "SO_RXQ_OVFL" 40,
        "SO_WIFI_STATUS" 41,
        "SO_PEEK_OFF" 42,
        "SO_NOFCS" 43,
        "SO_LOCK_FILTER" 44,
        "SO_SELECT_ERR_QUEUE" 45,
        "SO_BUSY_POLL" 46,
        "SO_MAX_PACING_RATE" 47,
        "SO_BPF_EXTENSIONS" 48,
        "SO_INCOMING_CPU" 49,
        "SO_ATTACH_BPF" 50,
        "SO_MEMINFO" 55,
        "SO_COOKIE" 57,
        "SO_PEERGROUPS" 59,
        "SO_RCVTIMEO" 66,
        "SO_SNDTIMEO" 67,
    }
    /// `shutdown`. Of the unknown value's 16 bits the parameter holds 8.
    values SHUTDOWN SHUTDOWN_HOW [0 0xffffffff "SHUT_UNKNOWN"] {
        "SHUT_RD" 0,
        "SHUT_WR" 1,
        "SHUT_RDWR" 2,
    }
    /// `mmap`, `mprotect`.
    bits PROT PROT_FLAGS [] {
        any "PROT_READ" 0x1,
        any "PROT_WRITE" 0x2,
        any "PROT_EXEC" 0x4,
        any "PROT_SEM" 0x8,
        any "PROT_SAO" 0x10,
        any "PROT_GROWSDOWN" 0x1000000,
        any "PROT_GROWSUP" 0x2000000,
    }
    /// `mmap`. `MAP_FILE` is 0 in the kernel, `MAP_RENAME` another architecture's.
    bits MMAP MMAP_FLAGS [] {
        any "MAP_SHARED" 0x1,
        any "MAP_PRIVATE" 0x2,
        any "MAP_FIXED" 0x10,
        any "MAP_ANONYMOUS" 0x20,
        any "MAP_32BIT" 0x40,
        any "MAP_INHERIT" 0x80,
        any "MAP_GROWSDOWN" 0x100,
        any "MAP_DENYWRITE" 0x800,
        any "MAP_EXECUTABLE" 0x1000,
        any "MAP_LOCKED" 0x2000,
        any "MAP_NORESERVE" 0x4000,
        any "MAP_POPULATE" 0x8000,
        any "MAP_NONBLOCK" 0x10000,
    }
    /// `fcntl`.
    values FCNTL FCNTL_COMMANDS [0 0xffffffff "UNKNOWN"] {
        "F_DUPFD" 0,
        "F_GETFD" 1,
        "F_SETFD" 2,
        "F_GETFL" 3,
        "F_SETFL" 4,
        "F_GETLK" 5,
        "F_SETLK" 6,
        "F_SETLKW" 7,
        "F_SETOWN" 8,
        "F_GETOWN" 9,
        "F_SETSIG" 10,
        "F_GETSIG" 11,
        "F_GETLK64" 12,
        "F_SETLK64" 13,
        "F_SETLKW64" 14,
        "F_SETOWN_EX" 15,
        "F_GETOWN_EX" 16,
        "F_OFD_GETLK" 36,
        "F_OFD_SETLK" 37,
        "F_OFD_SETLKW" 38,
        "F_SETLEASE" 1024,
        "F_GETLEASE" 1025,
        "F_NOTIFY" 1026,
        "F_CANCELLK" 1029,
        "F_DUPFD_CLOEXEC" 1030,
        "F_SETPIPE_SZ" 1031,
        "F_GETPIPE_SZ" 1032,
    }
    /// `flock`.
    bits FLOCK FLOCK_FLAGS [] {
        any "LOCK_SH" 0x1,
        any "LOCK_EX" 0x2,
        any "LOCK_NB" 0x4,
        any "LOCK_UN" 0x8,
    }
    /// Returned events of `poll` and `ppoll`.
    bits POLL POLL_FLAGS [] {
        any "POLLIN" 0x1,
        any "POLLPRI" 0x2,
        any "POLLOUT" 0x4,
        any "POLLERR" 0x8,
        any "POLLHUP" 0x10,
        any "POLLNVAL" 0x20,
        any "POLLRDNORM" 0x40,
        any "POLLRDBAND" 0x80,
        any "POLLWRNORM" 0x100,
        any "POLLWRBAND" 0x200,
        any "POLLRDHUP" 0x2000,
    }
    /// `futex`: operation in 7 bits, and two flags. Unknown operations give `FUTEX_WAIT`, which is 0.
    bits FUTEX FUTEX_OPERATIONS [] {
        equal "FUTEX_WAIT" 0x7f 0,
        equal "FUTEX_WAKE" 0x7f 1,
        equal "FUTEX_FD" 0x7f 2,
        equal "FUTEX_REQUEUE" 0x7f 3,
        equal "FUTEX_CMP_REQUEUE" 0x7f 4,
        equal "FUTEX_WAKE_OP" 0x7f 5,
        equal "FUTEX_LOCK_PI" 0x7f 6,
        equal "FUTEX_UNLOCK_PI" 0x7f 7,
        equal "FUTEX_TRYLOCK_PI" 0x7f 8,
        equal "FUTEX_WAIT_BITSET" 0x7f 9,
        equal "FUTEX_WAKE_BITSET" 0x7f 10,
        equal "FUTEX_WAIT_REQUEUE_PI" 0x7f 11,
        equal "FUTEX_CMP_REQUEUE_PI" 0x7f 12,
        any "FUTEX_PRIVATE_FLAG" 0x80,
        any "FUTEX_CLOCK_REALTIME" 0x100,
    }
    /// `access`. `F_OK` is 0 in both.
    bits ACCESS ACCESS_FLAGS [] {
        any "X_OK" 0x1,
        any "W_OK" 0x2,
        any "R_OK" 0x4,
    }
    /// `getrlimit`, `setrlimit`, `prlimit64`.
    values RLIMIT RLIMIT_RESOURCES [0 0xffffffff "RLIMIT_UNKNOWN"] {
        "RLIMIT_CPU" 0,
        "RLIMIT_FSIZE" 1,
        "RLIMIT_DATA" 2,
        "RLIMIT_STACK" 3,
        "RLIMIT_CORE" 4,
        "RLIMIT_RSS" 5,
        "RLIMIT_NPROC" 6,
        "RLIMIT_NOFILE" 7,
        "RLIMIT_MEMLOCK" 8,
        "RLIMIT_AS" 9,
        "RLIMIT_LOCKS" 10,
        "RLIMIT_SIGPENDING" 11,
        "RLIMIT_MSGQUEUE" 12,
        "RLIMIT_NICE" 13,
        "RLIMIT_RTPRIO" 14,
        "RLIMIT_RTTIME" 15,
    }
    /// `lseek`. Others (`SEEK_DATA`, `SEEK_HOLE`) give `SEEK_SET`.
    values WHENCE LSEEK_WHENCE [0 0xffffffff "SEEK_SET"] {
        "SEEK_SET" 0,
        "SEEK_CUR" 1,
        "SEEK_END" 2,
    }
    /// Error code of a page fault on x86_64; each of the first three bits means something either way.
    bits PAGE_FAULT PF_FLAGS [] {
        any "PROTECTION_VIOLATION" 0x1,
        none "PAGE_NOT_PRESENT" 0x1,
        any "WRITE_ACCESS" 0x2,
        none "READ_ACCESS" 0x2,
        any "USER_FAULT" 0x4,
        none "SUPERVISOR_FAULT" 0x4,
        any "RESERVED_PAGE" 0x8,
        any "INSTRUCTION_FETCH" 0x10,
    }
    /// Flags of one operation of `semop`.
    bits SEMOP SEMOP_FLAGS [] {
        any "IPC_NOWAIT" 0x800,
        any "SEM_UNDO" 0x1000,
    }
    /// `semget`.
    bits SEMGET SEMGET_FLAGS [] {
        any "IPC_CREAT" 0x200,
        any "IPC_EXCL" 0x400,
    }
    /// `semctl`, low 16 bits of the command; others give 0.
    values SEMCTL SEMCTL_COMMANDS [0 0xffff 0] {
        "IPC_RMID" 0,
        "IPC_SET" 1,
        "IPC_STAT" 2,
        "IPC_INFO" 3,
        "GETPID" 11,
        "GETVAL" 12,
        "GETALL" 13,
        "GETNCNT" 14,
        "GETZCNT" 15,
        "SETVAL" 16,
        "SETALL" 17,
        "SEM_STAT" 18,
        "SEM_INFO" 19,
    }
    /// `ptrace`; those from 12 to 33 that have no number on aarch64 are x86's.
    values PTRACE PTRACE_REQUESTS [0 0xffffffff "PTRACE_UNKNOWN"] {
        "PTRACE_TRACEME" 0,
        "PTRACE_PEEKTEXT" 1,
        "PTRACE_PEEKDATA" 2,
        "PTRACE_PEEKUSR" 3,
        "PTRACE_POKETEXT" 4,
        "PTRACE_POKEDATA" 5,
        "PTRACE_POKEUSR" 6,
        "PTRACE_CONT" 7,
        "PTRACE_KILL" 8,
        "PTRACE_SINGLESTEP" 9,
        "PTRACE_GETREGS" (12, -),
        "PTRACE_SETREGS" (13, -),
        "PTRACE_GETFPREGS" (14, -),
        "PTRACE_SETFPREGS" (15, -),
        "PTRACE_ATTACH" 16,
        "PTRACE_DETACH" 17,
        "PTRACE_GETFPXREGS" (18, -),
        "PTRACE_SETFPXREGS" (19, -),
        "PTRACE_OLDSETOPTIONS" (21, -),
        "PTRACE_SYSCALL" 24,
        "PTRACE_GET_THREAD_AREA" (25, -),
        "PTRACE_SET_THREAD_AREA" (26, -),
        "PTRACE_ARCH_PRCTL" (30, -),
        "PTRACE_SYSEMU" (31, -),
        "PTRACE_SYSEMU_SINGLESTEP" (32, -),
        "PTRACE_SINGLEBLOCK" (33, -),
        "PTRACE_SETOPTIONS" 0x4200,
        "PTRACE_GETEVENTMSG" 0x4201,
        "PTRACE_GETSIGINFO" 0x4202,
        "PTRACE_SETSIGINFO" 0x4203,
        "PTRACE_GETREGSET" 0x4204,
        "PTRACE_SETREGSET" 0x4205,
        "PTRACE_SEIZE" 0x4206,
        "PTRACE_INTERRUPT" 0x4207,
        "PTRACE_LISTEN" 0x4208,
        "PTRACE_PEEKSIGINFO" 0x4209,
        "PTRACE_GETSIGMASK" 0x420a,
        "PTRACE_SETSIGMASK" 0x420b,
    }
    /// `splice`.
    bits SPLICE SPLICE_FLAGS [] {
        any "SPLICE_F_MOVE" 0x1,
        any "SPLICE_F_NONBLOCK" 0x2,
        any "SPLICE_F_MORE" 0x4,
        any "SPLICE_F_GIFT" 0x8,
    }
    /// `unlinkat`.
    bits UNLINKAT UNLINKAT_FLAGS [] {
        any "AT_REMOVEDIR" 0x200,
    }
    /// `linkat`.
    bits LINKAT LINKAT_FLAGS [] {
        any "AT_SYMLINK_FOLLOW" 0x400,
        any "AT_EMPTY_PATH" 0x1000,
    }
    /// `newfstatat`.
    bits NEWFSTATAT NEWFSTATAT_FLAGS [] {
        any "AT_SYMLINK_NOFOLLOW" 0x100,
        any "AT_NO_AUTOMOUNT" 0x800,
        any "AT_EMPTY_PATH" 0x1000,
    }
    /// `fchownat`. The name of the table says NOFOLLOW, but the bit that is looked at is the kernel's
    /// `AT_SYMLINK_FOLLOW`, *as in Falco*.
    bits FCHOWNAT FCHOWNAT_FLAGS [] {
        any "AT_SYMLINK_NOFOLLOW" 0x400,
        any "AT_EMPTY_PATH" 0x1000,
    }
    /// `umount2`.
    bits UMOUNT UMOUNT_FLAGS [] {
        any "FORCE" 0x1,
        any "DETACH" 0x2,
        any "EXPIRE" 0x4,
        any "NOFOLLOW" 0x8,
    }
    /// `io_uring_setup`: flags. `IORING_SQ_NEED_WAKEUP` is a flag of the ring, not of the call; it has bit 0, so that
    /// `IORING_SETUP_IOPOLL` gives it too, *as in Falco*. The name for the kernel's `IORING_SETUP_ATTACH_WQ` is
    /// misspelt in the table.
    bits IO_URING_SETUP IO_URING_SETUP_FLAGS [] {
        any "IORING_SETUP_IOPOLL" 0x1,
        any "IORING_SETUP_SQPOLL" 0x2,
        any "IORING_SQ_NEED_WAKEUP" 0x1,
        any "IORING_SETUP_SQ_AFF" 0x4,
        any "IORING_SETUP_CQSIZE" 0x8,
        any "IORING_SETUP_CLAMP" 0x10,
        any "IORING_SETUP_ATTACH_RW" 0x20,
        any "IORING_SETUP_R_DISABLED" 0x40,
    }
    /// `io_uring_setup`: features. `IORING_FEAT_ENTER_EXT_ARG` is asked for by a name that the kernel does not have and
    /// is never given, *as in Falco*.
    bits IO_URING_FEATURES IO_URING_SETUP_FEATS [] {
        any "IORING_FEAT_SINGLE_MMAP" 0x1,
        any "IORING_FEAT_NODROP" 0x2,
        any "IORING_FEAT_SUBMIT_STABLE" 0x4,
        any "IORING_FEAT_RW_CUR_POS" 0x8,
        any "IORING_FEAT_CUR_PERSONALITY" 0x10,
        any "IORING_FEAT_FAST_POLL" 0x20,
        any "IORING_FEAT_POLL_32BITS" 0x40,
        any "IORING_FEAT_SQPOLL_NONFIXED" 0x80,
        any "IORING_FEAT_NATIVE_WORKERS" 0x200,
        any "IORING_FEAT_RSRC_TAGS" 0x400,
    }
    /// `io_uring_enter`.
    bits IO_URING_ENTER IO_URING_ENTER_FLAGS [] {
        any "IORING_ENTER_GETEVENTS" 0x1,
        any "IORING_ENTER_SQ_WAKEUP" 0x2,
        any "IORING_ENTER_SQ_WAIT" 0x4,
        any "IORING_ENTER_EXT_ARG" 0x8,
    }
    /// `mlockall`.
    bits MLOCKALL MLOCKALL_FLAGS [] {
        any "MCL_CURRENT" 0x1,
        any "MCL_FUTURE" 0x2,
        any "MCL_ONFAULT" 0x4,
    }
    /// `mlock2`.
    bits MLOCK2 MLOCK2_FLAGS [] {
        any "MLOCK_ONFAULT" 0x1,
    }
    /// `epoll_create1`.
    bits EPOLL_CREATE1 EPOLL_CREATE1_FLAGS [] {
        any "EPOLL_CLOEXEC" 0x80000,
    }
    /// `memfd_create`.
    bits MEMFD_CREATE MEMFD_CREATE_FLAGS [] {
        any "MFD_CLOEXEC" 0x1,
        any "MFD_ALLOW_SEALING" 0x2,
        any "MFD_HUGETLB" 0x4,
    }
    /// `pidfd_open`.
    bits PIDFD_OPEN PIDFD_OPEN_FLAGS [] {
        any "PIDFD_NONBLOCK" 0x800,
    }
    /// `finit_module`.
    bits FINIT_MODULE FINIT_MODULE_FLAGS [] {
        any "MODULE_INIT_IGNORE_MODVERSIONS" 0x1,
        any "MODULE_INIT_IGNORE_VERMAGIC" 0x2,
        any "MODULE_INIT_COMPRESSED_FILE" 0x4,
    }
    /// `delete_module`.
    bits DELETE_MODULE DELETE_MODULE_FLAGS [] {
        any "O_NONBLOCK" 0x800,
        any "O_TRUNC" 0x200,
    }
    /// `close_range`.
    bits CLOSE_RANGE CLOSE_RANGE_FLAGS [] {
        any "CLOSE_RANGE_UNSHARE" 0x2,
        any "CLOSE_RANGE_CLOEXEC" 0x4,
    }
    /// `quotactl`: command, above the lowest 8 bits; others give 0.
    values QUOTA_COMMAND QUOTACTL_CMDS [8 0xffffff 0] {
        "Q_SYNC" 0x800001,
        "Q_QUOTAON" 0x800002,
        "Q_QUOTAOFF" 0x800003,
        "Q_GETFMT" 0x800004,
        "Q_GETINFO" 0x800005,
        "Q_SETINFO" 0x800006,
        "Q_GETQUOTA" 0x800007,
        "Q_SETQUOTA" 0x800008,
        "Q_XQUOTAON" 0x5801,
        "Q_XQUOTAOFF" 0x5802,
        "Q_XGETQUOTA" 0x5803,
        "Q_XSETQLIM" 0x5804,
        "Q_XGETQSTAT" 0x5805,
        "Q_XQUOTARM" 0x5806,
        "Q_XQUOTASYNC" 0x5807,
    }
    /// `quotactl`: type, the lowest 8 bits of the command; others (projects) give 0.
    values QUOTA_TYPE QUOTACTL_TYPES [0 0xff 0] {
        "USRQUOTA" 0,
        "GRPQUOTA" 1,
    }
    /// `quotactl`: format.
    values QUOTA_FORMAT QUOTACTL_QUOTA_FMTS [0 0xffffffff "QFMT_NOT_USED"] {
        "QFMT_VFS_OLD" 1,
        "QFMT_VFS_V0" 2,
        "QFMT_VFS_V1" 4,
    }
}
