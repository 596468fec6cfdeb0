//! System calls of 32-bit programs on x86_64, with the 64-bit call that each is recorded as.
//!
//! Row: `number NAME form;` where `number` is that of `arch/x86/entry/syscalls/syscall_32.tbl`, `NAME` the call of
//! [`super::sc`] that does the same, and the form says how the arguments of that call are made of those given; without
//! one they are the registers `bx`, `cx`, `dx`, `si`, `di` and `bp`, extended by zeroes. The numbers of `socketcall` and
//! `ipc` are those of what they do (argument 0).
//!
//! What must hold: numbers ascend. Structures in user memory have 32-bit words where the 64-bit call has words of 64 bits
//! (`unsigned long`, pointers, `timespec`, `msghdr`), and nothing else in them differs; where that is not so, the form is
//! [`WIDE`] or the call has no row. Without a row are, and not recorded:
//!
//! | number | call | because |
//! |---|---|---|
//! | 165, 171 | `getresuid`, `getresgid` of 16 bits | the ids in memory have 16 bits; programs of this century call 209 and 211 |
//! | 86 | `uselib` | there is no such 64-bit call, and hardly a kernel still has it |
//! | all others | | kernels of x86_64 answer that they do not have it |

use super::sc;

/// One argument of the 64-bit call, by the number of the 32-bit one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Argument {
    /// 0.
    Zero,
    /// 32 bits, extended by zeroes.
    Word(u8),
    /// 32 bits, extended by their sign.
    Signed(u8),
    /// 64 bits in two arguments, the low half first.
    Halves(u8, u8),
    /// A number of pages of 4096 bytes, as bytes.
    Pages(u8),
    /// A user or group id of 16 bits; -1 stays -1.
    Id(u8),
    /// Without bit 8, which says that structures are of the new form (`IPC_64`).
    Command(u8),
    /// 32 bits in user memory at this address; 0 if they cannot be read.
    Pointed(u8),
}

/// How the arguments of a 64-bit call are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arguments {
    /// Those given are words in user memory: the argument with their address, and their number. If they cannot be read
    /// they count as 0.
    pub memory: Option<(u8, u8)>,
    /// Structures are those of 64-bit programs.
    pub wide: bool,
    /// The arguments.
    pub each: [Argument; 6],
}

/// A system call of a 32-bit program.
#[derive(Clone, Copy, Debug)]
pub struct CompatCall {
    /// Number, or what `socketcall` or `ipc` is to do.
    pub number: u16,
    /// Code of the 64-bit call.
    pub code: u16,
    /// Its arguments.
    pub arguments: &'static Arguments,
}

/// Number of `socketcall`.
pub const SOCKETCALL: u16 = 102;
/// Number of `ipc`.
pub const IPC: u16 = 117;
/// Bits of its argument 0 that say what `ipc` is to do.
pub const IPC_MASK: u16 = 0xffff;

use Argument::{Command, Halves, Id, Pages, Pointed, Signed, Word, Zero};

const fn form(each: [Argument; 6]) -> Arguments {
    Arguments { memory: None, wide: false, each }
}

const fn words(pointer: u8, count: u8) -> Arguments {
    Arguments { memory: Some((pointer, count)), ..PLAIN }
}

/// As they are.
pub const PLAIN: Arguments = form([Word(0), Word(1), Word(2), Word(3), Word(4), Word(5)]);
/// Structures are those of 64-bit programs.
pub const WIDE: Arguments = Arguments { wide: true, ..PLAIN };
/// The first one only.
const FIRST: Arguments = form([Word(0), Zero, Zero, Zero, Zero, Zero]);
/// The old `mmap`: in memory.
const MEMORY: Arguments = words(0, 6);
/// An offset in pages.
const PAGES: Arguments = form([Word(0), Word(1), Word(2), Word(3), Word(4), Pages(5)]);
/// An offset with a sign.
const LSEEK: Arguments = form([Word(0), Signed(1), Word(2), Zero, Zero, Zero]);
/// An offset in two halves, the high one first.
const LLSEEK: Arguments = form([Word(0), Halves(2, 1), Word(4), Zero, Zero, Zero]);
/// A position in two halves.
const AT: Arguments = form([Word(0), Word(1), Word(2), Halves(3, 4), Zero, Zero]);
/// Ids of 16 bits.
const IDS_0: Arguments = form([Id(0), Id(1), Id(2), Zero, Zero, Zero]);
/// Ids of 16 bits of a file.
const IDS_1: Arguments = form([Word(0), Id(1), Id(2), Zero, Zero, Zero]);
/// `socketcall` with so many arguments.
const TWO: Arguments = words(1, 2);
const THREE: Arguments = words(1, 3);
const FOUR: Arguments = words(1, 4);
const FIVE: Arguments = words(1, 5);
const SIX: Arguments = words(1, 6);
/// `ipc`: the address is argument 4, what stands behind it is given as 2.
const SEMOP: Arguments = form([Word(1), Word(4), Word(2), Zero, Zero, Zero]);
const SEMGET: Arguments = form([Word(1), Word(2), Word(3), Zero, Zero, Zero]);
const SEMCTL: Arguments = form([Word(1), Word(2), Command(3), Pointed(4), Zero, Zero]);

macro_rules! compat_calls {
    ($($number:literal $name:ident $($form:ident)?;)*) => {
        &[$(CompatCall { number: $number, code: sc::$name, arguments: compat_calls!(@ $($form)?) },)*]
    };
    (@) => {
        &PLAIN
    };
    (@ $form:ident) => {
        &$form
    };
}

/// The calls but for `socketcall` and `ipc`.
pub const COMPAT_CALLS: &[CompatCall] = compat_calls! {
    0 RESTART_SYSCALL;
    1 EXIT;
    2 FORK;
    3 READ;
    4 WRITE;
    5 OPEN;
    6 CLOSE;
    7 WAIT4;
    8 CREAT;
    9 LINK;
    10 UNLINK;
    11 EXECVE;
    12 CHDIR;
    13 TIME;
    14 MKNOD;
    15 CHMOD;
    16 LCHOWN IDS_1;
    18 STAT;
    19 LSEEK LSEEK;
    20 GETPID;
    21 MOUNT;
    22 UMOUNT2 FIRST;
    23 SETUID IDS_0;
    24 GETUID;
    25 SETTIMEOFDAY;
    26 PTRACE;
    27 ALARM;
    28 FSTAT;
    29 PAUSE;
    30 UTIME;
    33 ACCESS;
    34 SETPRIORITY;
    36 SYNC;
    37 KILL;
    38 RENAME;
    39 MKDIR;
    40 RMDIR;
    41 DUP;
    42 PIPE;
    43 TIMES;
    45 BRK;
    46 SETGID IDS_0;
    47 GETGID;
    48 RT_SIGACTION;
    49 GETEUID;
    50 GETEGID;
    51 ACCT;
    52 UMOUNT2;
    54 IOCTL;
    55 FCNTL;
    57 SETPGID;
    59 UNAME;
    60 UMASK;
    61 CHROOT;
    62 USTAT;
    63 DUP2;
    64 GETPPID;
    65 GETPGRP;
    66 SETSID;
    67 RT_SIGACTION;
    68 RT_SIGPROCMASK;
    69 RT_SIGPROCMASK;
    70 SETREUID IDS_0;
    71 SETREGID IDS_0;
    72 RT_SIGSUSPEND;
    73 RT_SIGPENDING;
    74 SETHOSTNAME;
    75 SETRLIMIT;
    76 GETRLIMIT;
    77 GETRUSAGE;
    78 GETTIMEOFDAY;
    79 SETTIMEOFDAY;
    80 GETGROUPS;
    81 SETGROUPS;
    82 SELECT;
    83 SYMLINK;
    84 LSTAT;
    85 READLINK;
    87 SWAPON;
    88 REBOOT;
    89 GETDENTS;
    90 MMAP MEMORY;
    91 MUNMAP;
    92 TRUNCATE;
    93 FTRUNCATE;
    94 FCHMOD;
    95 FCHOWN IDS_1;
    96 GETPRIORITY;
    97 SETPRIORITY;
    99 STATFS;
    100 FSTATFS;
    101 IOPERM;
    103 SYSLOG;
    104 SETITIMER;
    105 GETITIMER;
    106 STAT;
    107 LSTAT;
    108 FSTAT;
    109 UNAME;
    110 IOPL;
    111 VHANGUP;
    114 WAIT4;
    115 SWAPOFF;
    116 SYSINFO;
    118 FSYNC;
    119 RT_SIGRETURN;
    120 CLONE;
    121 SETDOMAINNAME;
    122 UNAME;
    123 MODIFY_LDT;
    124 ADJTIMEX;
    125 MPROTECT;
    126 RT_SIGPROCMASK;
    128 INIT_MODULE;
    129 DELETE_MODULE;
    131 QUOTACTL;
    132 GETPGID;
    133 FCHDIR;
    135 SYSFS;
    136 PERSONALITY;
    138 SETFSUID;
    139 SETFSGID;
    140 LSEEK LLSEEK;
    141 GETDENTS;
    142 SELECT;
    143 FLOCK;
    144 MSYNC;
    145 READV;
    146 WRITEV;
    147 GETSID;
    148 FDATASYNC;
    150 MLOCK;
    151 MUNLOCK;
    152 MLOCKALL;
    153 MUNLOCKALL;
    154 SCHED_SETPARAM;
    155 SCHED_GETPARAM;
    156 SCHED_SETSCHEDULER;
    157 SCHED_GETSCHEDULER;
    158 SCHED_YIELD;
    159 SCHED_GET_PRIORITY_MAX;
    160 SCHED_GET_PRIORITY_MIN;
    161 SCHED_RR_GET_INTERVAL;
    162 NANOSLEEP;
    163 MREMAP;
    164 SETRESUID IDS_0;
    168 POLL;
    170 SETRESGID IDS_0;
    172 PRCTL;
    173 RT_SIGRETURN;
    174 RT_SIGACTION;
    175 RT_SIGPROCMASK;
    176 RT_SIGPENDING;
    177 RT_SIGTIMEDWAIT;
    178 RT_SIGQUEUEINFO;
    179 RT_SIGSUSPEND;
    180 PREAD64 AT;
    181 PWRITE64 AT;
    182 CHOWN IDS_1;
    183 GETCWD;
    184 CAPGET;
    185 CAPSET;
    186 SIGALTSTACK;
    187 SENDFILE;
    190 VFORK;
    191 GETRLIMIT;
    192 MMAP PAGES;
    193 TRUNCATE;
    194 FTRUNCATE;
    195 STAT;
    196 LSTAT;
    197 FSTAT;
    198 LCHOWN;
    199 GETUID;
    200 GETGID;
    201 GETEUID;
    202 GETEGID;
    203 SETREUID;
    204 SETREGID;
    205 GETGROUPS;
    206 SETGROUPS;
    207 FCHOWN;
    208 SETRESUID;
    209 GETRESUID;
    210 SETRESGID;
    211 GETRESGID;
    212 CHOWN;
    213 SETUID;
    214 SETGID;
    215 SETFSUID;
    216 SETFSGID;
    217 PIVOT_ROOT;
    218 MINCORE;
    219 MADVISE;
    220 GETDENTS64;
    221 FCNTL;
    224 GETTID;
    225 READAHEAD;
    226 SETXATTR;
    227 LSETXATTR;
    228 FSETXATTR;
    229 GETXATTR;
    230 LGETXATTR;
    231 FGETXATTR;
    232 LISTXATTR;
    233 LLISTXATTR;
    234 FLISTXATTR;
    235 REMOVEXATTR;
    236 LREMOVEXATTR;
    237 FREMOVEXATTR;
    238 TKILL;
    239 SENDFILE WIDE;
    240 FUTEX;
    241 SCHED_SETAFFINITY;
    242 SCHED_GETAFFINITY;
    243 SET_THREAD_AREA;
    244 GET_THREAD_AREA;
    245 IO_SETUP;
    246 IO_DESTROY;
    247 IO_GETEVENTS;
    248 IO_SUBMIT;
    249 IO_CANCEL;
    250 FADVISE64;
    252 EXIT_GROUP;
    253 LOOKUP_DCOOKIE;
    254 EPOLL_CREATE;
    255 EPOLL_CTL;
    256 EPOLL_WAIT;
    257 REMAP_FILE_PAGES;
    258 SET_TID_ADDRESS;
    259 TIMER_CREATE;
    260 TIMER_SETTIME;
    261 TIMER_GETTIME;
    262 TIMER_GETOVERRUN;
    263 TIMER_DELETE;
    264 CLOCK_SETTIME;
    265 CLOCK_GETTIME;
    266 CLOCK_GETRES;
    267 CLOCK_NANOSLEEP;
    268 STATFS;
    269 FSTATFS;
    270 TGKILL;
    271 UTIMES;
    272 FADVISE64;
    274 MBIND;
    275 GET_MEMPOLICY;
    276 SET_MEMPOLICY;
    277 MQ_OPEN;
    278 MQ_UNLINK;
    279 MQ_TIMEDSEND;
    280 MQ_TIMEDRECEIVE;
    281 MQ_NOTIFY;
    282 MQ_GETSETATTR;
    283 KEXEC_LOAD;
    284 WAITID;
    286 ADD_KEY;
    287 REQUEST_KEY;
    288 KEYCTL;
    289 IOPRIO_SET;
    290 IOPRIO_GET;
    291 INOTIFY_INIT;
    292 INOTIFY_ADD_WATCH;
    293 INOTIFY_RM_WATCH;
    294 MIGRATE_PAGES;
    295 OPENAT;
    296 MKDIRAT;
    297 MKNODAT;
    298 FCHOWNAT;
    299 FUTIMESAT;
    300 NEWFSTATAT;
    301 UNLINKAT;
    302 RENAMEAT;
    303 LINKAT;
    304 SYMLINKAT;
    305 READLINKAT;
    306 FCHMODAT;
    307 FACCESSAT;
    308 PSELECT6;
    309 PPOLL;
    310 UNSHARE;
    311 SET_ROBUST_LIST;
    312 GET_ROBUST_LIST;
    313 SPLICE;
    314 SYNC_FILE_RANGE;
    315 TEE;
    316 VMSPLICE;
    317 MOVE_PAGES;
    318 GETCPU;
    319 EPOLL_PWAIT;
    320 UTIMENSAT;
    321 SIGNALFD;
    322 TIMERFD_CREATE;
    323 EVENTFD;
    324 FALLOCATE;
    325 TIMERFD_SETTIME;
    326 TIMERFD_GETTIME;
    327 SIGNALFD4;
    328 EVENTFD2;
    329 EPOLL_CREATE1;
    330 DUP3;
    331 PIPE2;
    332 INOTIFY_INIT1;
    333 PREADV AT;
    334 PWRITEV AT;
    335 RT_TGSIGQUEUEINFO;
    336 PERF_EVENT_OPEN;
    337 RECVMMSG;
    338 FANOTIFY_INIT;
    339 FANOTIFY_MARK;
    340 PRLIMIT64;
    341 NAME_TO_HANDLE_AT;
    342 OPEN_BY_HANDLE_AT;
    343 CLOCK_ADJTIME;
    344 SYNCFS;
    345 SENDMMSG;
    346 SETNS;
    347 PROCESS_VM_READV;
    348 PROCESS_VM_WRITEV;
    349 KCMP;
    350 FINIT_MODULE;
    351 SCHED_SETATTR;
    352 SCHED_GETATTR;
    353 RENAMEAT2;
    354 SECCOMP;
    355 GETRANDOM;
    356 MEMFD_CREATE;
    357 BPF;
    358 EXECVEAT;
    359 SOCKET;
    360 SOCKETPAIR;
    361 BIND;
    362 CONNECT;
    363 LISTEN;
    364 ACCEPT4;
    365 GETSOCKOPT;
    366 SETSOCKOPT;
    367 GETSOCKNAME;
    368 GETPEERNAME;
    369 SENDTO;
    370 SENDMSG;
    371 RECVFROM;
    372 RECVMSG;
    373 SHUTDOWN;
    374 USERFAULTFD;
    375 MEMBARRIER;
    376 MLOCK2;
    377 COPY_FILE_RANGE;
    378 PREADV2;
    379 PWRITEV2;
    380 PKEY_MPROTECT;
    381 PKEY_ALLOC;
    382 PKEY_FREE;
    383 STATX;
    384 ARCH_PRCTL;
    385 IO_PGETEVENTS;
    386 RSEQ;
    393 SEMGET;
    394 SEMCTL;
    395 SHMGET;
    396 SHMCTL;
    397 SHMAT;
    398 SHMDT;
    399 MSGGET;
    400 MSGSND;
    401 MSGRCV;
    402 MSGCTL;
    403 CLOCK_GETTIME;
    404 CLOCK_SETTIME;
    405 CLOCK_ADJTIME;
    406 CLOCK_GETRES;
    407 CLOCK_NANOSLEEP;
    408 TIMER_GETTIME;
    409 TIMER_SETTIME;
    410 TIMERFD_GETTIME;
    411 TIMERFD_SETTIME;
    412 UTIMENSAT;
    413 PSELECT6;
    414 PPOLL WIDE;
    416 IO_PGETEVENTS;
    417 RECVMMSG;
    418 MQ_TIMEDSEND;
    419 MQ_TIMEDRECEIVE;
    420 SEMTIMEDOP;
    421 RT_SIGTIMEDWAIT;
    422 FUTEX;
    423 SCHED_RR_GET_INTERVAL;
    424 PIDFD_SEND_SIGNAL;
    425 IO_URING_SETUP;
    426 IO_URING_ENTER;
    427 IO_URING_REGISTER;
    428 OPEN_TREE;
    429 MOVE_MOUNT;
    430 FSOPEN;
    431 FSCONFIG;
    432 FSMOUNT;
    433 FSPICK;
    434 PIDFD_OPEN;
    435 CLONE3;
    436 CLOSE_RANGE;
    437 OPENAT2;
    438 PIDFD_GETFD;
    439 FACCESSAT2;
    440 PROCESS_MADVISE;
    441 EPOLL_PWAIT2;
    442 MOUNT_SETATTR;
    443 QUOTACTL_FD;
    444 LANDLOCK_CREATE_RULESET;
    445 LANDLOCK_ADD_RULE;
    446 LANDLOCK_RESTRICT_SELF;
    447 MEMFD_SECRET;
    448 PROCESS_MRELEASE;
    449 FUTEX_WAITV;
    450 SET_MEMPOLICY_HOME_NODE;
    451 CACHESTAT;
    452 FCHMODAT2;
    453 MAP_SHADOW_STACK;
    454 FUTEX_WAKE;
    455 FUTEX_WAIT;
    456 FUTEX_REQUEUE;
    457 STATMOUNT;
    458 LISTMOUNT;
    459 LSM_GET_SELF_ATTR;
    460 LSM_SET_SELF_ATTR;
    461 LSM_LIST_MODULES;
    462 MSEAL;
    463 SETXATTRAT;
    464 GETXATTRAT;
    465 LISTXATTRAT;
    466 REMOVEXATTRAT;
    467 OPEN_TREE_ATTR;
    468 FILE_GETATTR;
    469 FILE_SETATTR;
    470 LISTNS;
    471 RSEQ_SLICE_YIELD;
};

/// What `socketcall` does. `send` and `recv` have no number on x86_64.
pub const SOCKETCALLS: &[CompatCall] = compat_calls! {
    1 SOCKET THREE;
    2 BIND THREE;
    3 CONNECT THREE;
    4 LISTEN TWO;
    5 ACCEPT THREE;
    6 GETSOCKNAME THREE;
    7 GETPEERNAME THREE;
    8 SOCKETPAIR FOUR;
    9 SEND FOUR;
    10 RECV FOUR;
    11 SENDTO SIX;
    12 RECVFROM SIX;
    13 SHUTDOWN TWO;
    14 SETSOCKOPT FIVE;
    15 GETSOCKOPT FIVE;
    16 SENDMSG THREE;
    17 RECVMSG THREE;
    18 ACCEPT4 FOUR;
    19 RECVMMSG FIVE;
    20 SENDMMSG FOUR;
};

/// What `ipc` does. Those without a form have no event type with parameters.
pub const IPC_CALLS: &[CompatCall] = compat_calls! {
    1 SEMOP SEMOP;
    2 SEMGET SEMGET;
    3 SEMCTL SEMCTL;
    4 SEMTIMEDOP;
    11 MSGSND;
    12 MSGRCV;
    13 MSGGET;
    14 MSGCTL;
    21 SHMAT;
    22 SHMDT;
    23 SHMGET;
    24 SHMCTL;
};

/// The ways in which a 32-bit program makes a 64-bit call, by its code: the number, what is to be done of `socketcall`
/// and `ipc`, and the arguments.
pub fn ways(code: u16) -> impl Iterator<Item = (u16, Option<u16>, &'static Arguments)> {
    let of = move |call: &&CompatCall| call.code == code;
    let plain = COMPAT_CALLS.iter().filter(of).map(|c| (c.number, None, c.arguments));
    let many = [(SOCKETCALL, SOCKETCALLS), (IPC, IPC_CALLS)];
    plain.chain(
        many.into_iter().flat_map(move |(number, calls)| {
            calls.iter().filter(of).map(move |c| (number, Some(c.number), c.arguments))
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event;
    use crate::syscalls::{Arch, SYSCALLS, syscall, syscall_by_name};

    #[test]
    fn rows_are_well_formed() {
        for calls in [COMPAT_CALLS, SOCKETCALLS, IPC_CALLS] {
            assert!(calls.is_sorted_by(|a, b| a.number < b.number));
            for call in calls {
                let Arguments { memory, each, .. } = call.arguments;
                assert!(memory.is_none_or(|(pointer, count)| pointer < 2 && count <= 6), "{call:?}");
                for argument in each {
                    let (Word(i) | Signed(i) | Pages(i) | Id(i) | Command(i) | Pointed(i)) = *argument else {
                        continue;
                    };
                    assert!(i < 6, "{call:?}");
                }
            }
        }
        assert!(COMPAT_CALLS.iter().all(|c| ![SOCKETCALL, IPC].contains(&c.number)));
    }

    /// Those of `socketcall` are in memory, whatever is recorded of them; else a form matters where an event has
    /// parameters.
    #[test]
    fn calls_lead_to_64_bit_ones() {
        for call in [COMPAT_CALLS, SOCKETCALLS, IPC_CALLS].into_iter().flatten() {
            let syscall = syscall(call.code).expect("a call");
            let alone = [sc::SEND, sc::RECV].contains(&call.code);
            assert!(syscall.x86_64.is_some() != alone, "{}", syscall.name);
        }
        for call in COMPAT_CALLS.iter().chain(IPC_CALLS).filter(|call| *call.arguments != PLAIN) {
            let params = syscall(call.code).and_then(|s| event(s.event)).map_or(0, |e| e.params.len());
            assert!(params > 1, "{call:?}");
        }
        let counts: Vec<_> = SOCKETCALLS.iter().filter_map(|call| call.arguments.memory).collect();
        // `nargs` in the kernel's `net/socket.c`.
        let kernel = [3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4];
        assert_eq!(counts, kernel.map(|count| (1, count)));
    }

    /// Every call that x86_64 has and 32-bit programs too has a row; these are those that it has alone.
    #[test]
    fn all_64_bit_calls_are_reached() {
        let alone: Vec<&str> = SYSCALLS
            .iter()
            .filter(|s| s.number(Arch::X86_64).is_some() && ways(s.code).next().is_none())
            .map(|s| s.name)
            .collect();
        assert_eq!(alone, ["kexec_file_load", "epoll_ctl_old", "epoll_wait_old", "uretprobe", "uprobe"]);
    }

    #[test]
    fn ways_of_a_call() {
        let of = |name| ways(syscall_by_name(name).unwrap().code).map(|(n, what, _)| (n, what)).collect::<Vec<_>>();
        assert_eq!(of("setuid"), [(23, None), (213, None)]);
        assert_eq!(of("connect"), [(362, None), (SOCKETCALL, Some(3))]);
        assert_eq!(of("accept"), [(SOCKETCALL, Some(5))]);
        assert_eq!(of("semctl"), [(394, None), (IPC, Some(3))]);
        assert!(of("send") == [(SOCKETCALL, Some(9))] && of("vm86").is_empty());
    }
}
