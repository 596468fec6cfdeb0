//! The recipes that are unlike all others: layouts decided by an argument, walks through the kernel's structures.
//!
//! What an argument decides is data here: the kinds of socket options, the arguments of `keyctl`.

use super::Int;

/// What no other variant of [`super::Source`] says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Special {
    /// `_llseek`: (argument 1 << 32) + argument 2. Only on 32-bit architectures.
    SplitOffset,
    /// `mount`: argument 3, 32 bits, without its upper half if that is the old magic number 0xc0ed. The values are the
    /// kernel's.
    MountFlags,
    /// `ptrace`: 0:u8, then argument 2 as u64; 0 if the call failed.
    PtraceAddr,
    /// `ptrace`, by its request (argument 0):
    ///
    /// ```text
    /// the call failed                                   0:u8 0:u64
    /// PEEKTEXT 1  PEEKDATA 2  PEEKUSR 3                 0:u8 word:u64      in user memory at argument 3; else 0
    /// CONT 7  SINGLESTEP 9  DETACH 17  SYSCALL 24       1:u8 signal:u8     low byte of argument 3
    /// all others                                        0:u8 argument 3:u64
    /// ```
    PtraceData,
    /// `setsockopt`, `getsockopt`: kind (u8, index into [`crate::events::SOCKOPT`]) and value, read from user memory
    /// at the address in argument 3. By level (argument 1) and option (argument 2), see [`SOCKOPT_KINDS`]:
    ///
    /// ```text
    /// unknown  0:u8 bytes           as many as the length says; none if they cannot all be read
    /// errno    1:u8 -i32 as i64
    /// 32 bits  2:u8 u32
    /// 64 bits  3:u8 u64
    /// time     4:u8 nanoseconds:u64 of i64 seconds, i64 microseconds
    /// ```
    ///
    /// A value that cannot be read is 0. The length is the low 16 bits of argument 4 or, for `getsockopt`, of the
    /// i32 at the address in argument 4.
    Sockopt {
        /// Argument 4 is the address of the length.
        length_by_pointer: bool,
    },
    /// `keyctl`: argument 1 + the index, by its operation (argument 0), see [`KEYCTL_ARGUMENTS`]:
    ///
    /// ```text
    /// number   0:u8 i64
    /// text     1:u8 text     at most 4096 bytes; none if the pointer is null or cannot be read
    /// not used 0:u8 0:i64
    /// ```
    Keyctl(u8),
    /// `quotactl`: integer in user memory at the address in argument 3, `at` bytes on, if the u32 at `valid_at` has
    /// a bit of `valid`; else 0.
    QuotaMember {
        /// Offset of the integer in bytes.
        at: u16,
        /// Its size.
        int: Int,
        /// Offset of the word that says which members count.
        valid_at: u16,
        /// Bits of that word.
        valid: u32,
    },
    /// Instruction that faulted: `regs->ip` of argument 1. *Not* as in Falco, which takes it for a kernel address and
    /// records the 8 bytes found there, in user mode 0 (`page_fault_user.bpf.c`).
    FaultIp,
    /// Thread or process that sent a signal, by `kernel_siginfo` (argument 1; 0 if null) and signal (argument 0):
    /// `SIGKILL` `_kill._pid`; `SIGTERM`, `SIGHUP`, `SIGINT`, `SIGTSTP`, `SIGQUIT` the same if `si_code` is 0 or
    /// below; `SIGCHLD` `_sigchld._pid`; 32 to 65 `_rt._pid`; others 0.
    ///
    /// `siginfo` may be one of the kernel's small constants (1, 2) instead of an address; they must not be followed.
    SignalSender,
    /// Thread that inherits the subject's children; 0 without children, or if the namespace's first process ends;
    /// -1 if not found within the bounds of the search (30 threads, 60 ancestors). The first living thread of the
    /// same group; else that of the nearest ancestor in the same namespace marked as child subreaper; else the
    /// reaper of the namespace.
    Reaper,
    /// Processor on which the program runs.
    Cpu,
    /// Ratio of sampling; 1 without it.
    SamplingRatio,
}

/// Kind of a socket option's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see `Special::Sockopt`")]
pub enum SockoptKind {
    Unknown = 0,
    Errno = 1,
    U32 = 2,
    U64 = 3,
    Time = 4,
}

/// The kernel's option numbers at level `SOL_SOCKET`, in ranges (first, last), with the kind of their value. Other
/// options and levels are [`SockoptKind::Unknown`].
pub const SOCKOPT_KINDS: &[(u8, u8, SockoptKind)] = &[
    (1, 3, SockoptKind::U32),
    (4, 4, SockoptKind::Errno),
    (5, 12, SockoptKind::U32),
    // 13 SO_LINGER is a structure, 17 SO_PEERCRED too.
    (14, 16, SockoptKind::U32),
    (18, 19, SockoptKind::U32),
    (20, 21, SockoptKind::Time),
    (22, 25, SockoptKind::U32),
    (27, 27, SockoptKind::U32),
    (29, 49, SockoptKind::U32),
    (57, 57, SockoptKind::U64),
    (66, 67, SockoptKind::Time),
];

/// What an argument of `keyctl` is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "see `Special::Keyctl`")]
pub enum KeyctlArg {
    Unused,
    Number,
    Text,
}

/// Operations of `keyctl`, ascending, with the meaning of its arguments 1 to 4. Operations that are not listed use
/// none.
pub const KEYCTL_ARGUMENTS: &[(u32, [KeyctlArg; 4])] = {
    use KeyctlArg::{Number as N, Text as T, Unused as U};
    &[
        (0, [N, N, U, U]),
        (1, [T, U, U, U]),
        (2, [N, N, N, U]),
        (3, [N, U, U, U]),
        (4, [N, N, N, U]),
        (5, [N, N, U, U]),
        (6, [N, N, N, U]),
        (7, [N, U, U, U]),
        (8, [N, N, U, U]),
        (9, [N, N, U, U]),
        (10, [N, T, T, N]),
        (11, [N, N, N, U]),
        (12, [N, N, N, N]),
        (13, [N, N, N, U]),
        (14, [N, U, U, U]),
        (15, [N, N, U, U]),
        (16, [N, U, U, U]),
        (17, [N, N, N, U]),
        (19, [N, N, N, N]),
        (20, [N, N, N, N]),
        (21, [N, U, U, U]),
        (22, [N, N, U, U]),
        (23, [N, N, N, N]),
        (24, [N, N, T, U]),
        (25, [N, T, N, N]),
        (26, [N, T, N, N]),
        (27, [N, T, N, N]),
        (28, [N, T, N, N]),
        (29, [N, T, T, U]),
        (30, [N, N, N, N]),
        (31, [N, N, U, U]),
        (32, [N, N, N, U]),
    ]
};
