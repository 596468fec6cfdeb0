//! The system calls and kernel tracepoints, of all architectures, with their numbers and event types.
//!
//! Row: `code NAME "name" x86_64 aarch64 EVENT;` where `code` is the number used in captures (the `ID` of a generic
//! event), `-` says that the architecture lacks the call, and `EVENT` is the event type under which the call is
//! delivered: the exit event, or the tracepoint's only event. `GENERIC_X` means: no event type of its own. Several calls
//! may share an event type (`sendfile` and `sendfile64`); where else an event type is made, say a successful `execveat`,
//! stands in its row ([`crate::Event::producers`]).
//!
//! What must hold: codes ascend (0 is "unknown", 382 a hole); names are unique. The name of the event type may differ
//! from that of the call: `pread64` is delivered as `pread`.

pub mod compat;

use crate::capture::Hook;
use crate::event;
use crate::events::{EVENTS, code};

/// Number of system calls and tracepoints.
pub const SYSCALL_COUNT: usize = 452;

/// All numbers of system calls, of 32-bit programs too, are below.
pub const NUMBER_LIMIT: u16 = 512;

/// Names of the asynchronous events of the container plugin; they are values of `evt.type` too.
pub const ASYNC_EVENT_NAMES: [&str; 2] = ["container", "container_removed"];

/// Name of the system call with code 0.
pub const UNKNOWN_SYSCALL: &str = "unknown";

/// An architecture for which the kernel side is generated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum Arch {
    X86_64,
    Aarch64,
}

impl Arch {
    /// All of them.
    pub const ALL: [Arch; 2] = [Arch::X86_64, Arch::Aarch64];
}

/// A system call or tracepoint.
#[derive(Clone, Copy, Debug)]
pub struct Syscall {
    /// Number in captures.
    pub code: u16,
    /// Name in lower case.
    pub name: &'static str,
    /// Number on x86_64.
    pub x86_64: Option<u16>,
    /// Number on aarch64.
    pub aarch64: Option<u16>,
    /// Code of the event type; [`code::GENERIC_X`] if it has none of its own.
    pub event: u16,
}

impl Syscall {
    /// The call has no event type of its own.
    pub const fn is_generic(&self) -> bool {
        self.event == code::GENERIC_X
    }
    /// Number on an architecture; `None` if it lacks the call, and for tracepoints.
    pub const fn number(&self, arch: Arch) -> Option<u16> {
        match arch {
            Arch::X86_64 => self.x86_64,
            Arch::Aarch64 => self.aarch64,
        }
    }
    /// Code of the enter event that is made in addition, before the kernel acts on the arguments; five calls have one.
    pub fn enter_event(&self) -> Option<u16> {
        let enter = event(self.event.checked_sub(1)?)?;
        enter.producers.iter().any(|p| p.hook == Hook::SysEnter).then_some(enter.code)
    }
}

/// The row of a code.
pub fn syscall(code: u16) -> Option<&'static Syscall> {
    SYSCALLS.binary_search_by_key(&code, |s| s.code).ok().map(|index| &SYSCALLS[index])
}

/// Where the program of a call stands among those of an architecture: at its number, or, if only 32-bit programs make
/// it, behind all numbers.
pub fn program_index(call: &Syscall, arch: Arch) -> Option<u16> {
    let by_32_bit_programs = || arch == Arch::X86_64 && compat::ways(call.code).next().is_some();
    call.number(arch).or_else(|| by_32_bit_programs().then_some(NUMBER_LIMIT + call.code))
}

/// The row of a number on an architecture. A call without one (a newer one) is delivered as a generic event of code 0.
pub fn syscall_by_number(arch: Arch, number: u16) -> Option<&'static Syscall> {
    SYSCALLS.iter().find(|s| s.number(arch) == Some(number))
}

/// Name of a code, as `evt.type` prints it for a generic event.
pub fn syscall_name(code: u16) -> Option<&'static str> {
    if code == 0 { Some(UNKNOWN_SYSCALL) } else { syscall(code).map(|s| s.name) }
}

/// The row of a name.
pub fn syscall_by_name(name: &str) -> Option<&'static Syscall> {
    SYSCALLS.iter().find(|s| s.name == name)
}

/// Whether `name` may be compared with `evt.type`: the name of an event type, of a system call (even one that is
/// delivered under another name) or of an asynchronous event.
pub fn is_event_name(name: &str) -> bool {
    EVENTS.iter().any(|e| e.name == name)
        || name == UNKNOWN_SYSCALL
        || syscall_by_name(name).is_some()
        || ASYNC_EVENT_NAMES.contains(&name)
}

/// The event codes that `evt.type = name` selects, ascending: every version of the event type, enter and exit; the
/// two generic codes for a system call without an event type called like it. Empty for an unknown name, and for
/// `syscall`, the name of the generic codes themselves, which `evt.type` never gives.
pub fn event_codes(name: &str) -> Vec<u16> {
    let is_generic = |code: u16| code == code::GENERIC_E || code == code::GENERIC_X;
    let is_async = ASYNC_EVENT_NAMES.contains(&name);
    let codes: Vec<u16> = EVENTS
        .iter()
        .filter(|e| !is_generic(e.code) && (e.name == name || is_async && e.code == code::ASYNCEVENT_E))
        .map(|e| e.code)
        .collect();
    if codes.is_empty() && (name == UNKNOWN_SYSCALL || syscall_by_name(name).is_some()) {
        return vec![code::GENERIC_E, code::GENERIC_X];
    }
    codes
}

macro_rules! number {
    (-) => {
        None
    };
    ($number:literal) => {
        Some($number)
    };
}

macro_rules! syscalls {
    ($($code:literal $id:ident $name:literal $x86_64:tt $aarch64:tt $event:ident;)*) => {
        /// Codes of the system calls by name.
        #[allow(missing_docs, reason = "the names are those of the calls")]
        pub mod sc {
            $(pub const $id: u16 = $code;)*
        }

        /// All system calls and tracepoints, by ascending code.
        pub static SYSCALLS: [Syscall; SYSCALL_COUNT] = [$(Syscall {
            code: $code,
            name: $name,
            x86_64: number!($x86_64),
            aarch64: number!($aarch64),
            event: code::$event,
        },)*];
    };
}

syscalls! {
    1 RESTART_SYSCALL "restart_syscall" 219 128 GENERIC_X;
    2 EXIT "exit" 60 93 GENERIC_X;
    3 READ "read" 0 63 READ_X;
    4 WRITE "write" 1 64 WRITE_X;
    5 OPEN "open" 2 - OPEN_X;
    6 CLOSE "close" 3 57 CLOSE_X;
    7 CREAT "creat" 85 - CREAT_X;
    8 LINK "link" 86 - LINK_2_X;
    9 UNLINK "unlink" 87 - UNLINK_2_X;
    10 CHDIR "chdir" 80 49 CHDIR_X;
    11 TIME "time" 201 - GENERIC_X;
    12 MKNOD "mknod" 133 - MKNOD_X;
    13 CHMOD "chmod" 90 - CHMOD_X;
    14 STAT "stat" 4 - STAT_X;
    15 LSEEK "lseek" 8 62 LSEEK_X;
    16 GETPID "getpid" 39 172 GENERIC_X;
    17 MOUNT "mount" 165 40 MOUNT_X;
    18 PTRACE "ptrace" 101 117 PTRACE_X;
    19 ALARM "alarm" 37 - GENERIC_X;
    20 FSTAT "fstat" 5 80 FSTAT_X;
    21 PAUSE "pause" 34 - GENERIC_X;
    22 UTIME "utime" 132 - GENERIC_X;
    23 ACCESS "access" 21 - ACCESS_X;
    24 SYNC "sync" 162 81 GENERIC_X;
    25 KILL "kill" 62 129 KILL_X;
    26 RENAME "rename" 82 - RENAME_X;
    27 MKDIR "mkdir" 83 - MKDIR_2_X;
    28 RMDIR "rmdir" 84 - RMDIR_2_X;
    29 DUP "dup" 32 23 DUP_1_X;
    30 PIPE "pipe" 22 - PIPE_X;
    31 TIMES "times" 100 153 GENERIC_X;
    32 BRK "brk" 12 214 BRK_4_X;
    33 ACCT "acct" 163 89 GENERIC_X;
    34 IOCTL "ioctl" 16 29 IOCTL_3_X;
    35 FCNTL "fcntl" 72 25 FCNTL_X;
    36 SETPGID "setpgid" 109 154 SETPGID_X;
    37 UMASK "umask" 95 166 GENERIC_X;
    38 CHROOT "chroot" 161 51 CHROOT_X;
    39 USTAT "ustat" 136 - GENERIC_X;
    40 DUP2 "dup2" 33 - DUP2_X;
    41 GETPPID "getppid" 110 173 GENERIC_X;
    42 GETPGRP "getpgrp" 111 - GENERIC_X;
    43 SETSID "setsid" 112 157 SETSID_X;
    44 SETHOSTNAME "sethostname" 170 161 GENERIC_X;
    45 SETRLIMIT "setrlimit" 160 164 SETRLIMIT_X;
    46 GETRUSAGE "getrusage" 98 165 GENERIC_X;
    47 GETTIMEOFDAY "gettimeofday" 96 169 GENERIC_X;
    48 SETTIMEOFDAY "settimeofday" 164 170 GENERIC_X;
    49 SYMLINK "symlink" 88 - SYMLINK_X;
    50 LSTAT "lstat" 6 - LSTAT_X;
    51 READLINK "readlink" 89 - GENERIC_X;
    52 USELIB "uselib" - - GENERIC_X;
    53 SWAPON "swapon" 167 224 GENERIC_X;
    54 REBOOT "reboot" 169 142 GENERIC_X;
    55 MMAP "mmap" 9 222 MMAP_X;
    56 MUNMAP "munmap" 11 215 MUNMAP_X;
    57 TRUNCATE "truncate" 76 45 GENERIC_X;
    58 FTRUNCATE "ftruncate" 77 46 GENERIC_X;
    59 FCHMOD "fchmod" 91 52 FCHMOD_X;
    60 GETPRIORITY "getpriority" 140 141 GENERIC_X;
    61 SETPRIORITY "setpriority" 141 140 GENERIC_X;
    62 STATFS "statfs" 137 43 GENERIC_X;
    63 FSTATFS "fstatfs" 138 44 GENERIC_X;
    64 SYSLOG "syslog" 103 116 GENERIC_X;
    65 SETITIMER "setitimer" 38 103 GENERIC_X;
    66 GETITIMER "getitimer" 36 102 GENERIC_X;
    67 UNAME "uname" 63 160 GENERIC_X;
    68 VHANGUP "vhangup" 153 58 GENERIC_X;
    69 WAIT4 "wait4" 61 260 GENERIC_X;
    70 SWAPOFF "swapoff" 168 225 GENERIC_X;
    71 SYSINFO "sysinfo" 99 179 GENERIC_X;
    72 FSYNC "fsync" 74 82 GENERIC_X;
    73 SETDOMAINNAME "setdomainname" 171 162 GENERIC_X;
    74 ADJTIMEX "adjtimex" 159 171 GENERIC_X;
    75 MPROTECT "mprotect" 10 226 MPROTECT_X;
    76 INIT_MODULE "init_module" 175 105 INIT_MODULE_X;
    77 DELETE_MODULE "delete_module" 176 106 DELETE_MODULE_X;
    78 QUOTACTL "quotactl" 179 60 QUOTACTL_X;
    79 GETPGID "getpgid" 121 155 GENERIC_X;
    80 FCHDIR "fchdir" 81 50 FCHDIR_X;
    81 SYSFS "sysfs" 139 - GENERIC_X;
    82 PERSONALITY "personality" 135 92 GENERIC_X;
    83 GETDENTS "getdents" 78 - GETDENTS_X;
    84 SELECT "select" 23 - SELECT_X;
    85 FLOCK "flock" 73 32 FLOCK_X;
    86 MSYNC "msync" 26 227 GENERIC_X;
    87 READV "readv" 19 65 READV_X;
    88 WRITEV "writev" 20 66 WRITEV_X;
    89 GETSID "getsid" 124 156 GENERIC_X;
    90 FDATASYNC "fdatasync" 75 83 GENERIC_X;
    91 MLOCK "mlock" 149 228 MLOCK_X;
    92 MUNLOCK "munlock" 150 229 MUNLOCK_X;
    93 MLOCKALL "mlockall" 151 230 MLOCKALL_X;
    94 MUNLOCKALL "munlockall" 152 231 MUNLOCKALL_X;
    95 SCHED_SETPARAM "sched_setparam" 142 118 GENERIC_X;
    96 SCHED_GETPARAM "sched_getparam" 143 121 GENERIC_X;
    97 SCHED_SETSCHEDULER "sched_setscheduler" 144 119 GENERIC_X;
    98 SCHED_GETSCHEDULER "sched_getscheduler" 145 120 GENERIC_X;
    99 SCHED_YIELD "sched_yield" 24 124 GENERIC_X;
    100 SCHED_GET_PRIORITY_MAX "sched_get_priority_max" 146 125 GENERIC_X;
    101 SCHED_GET_PRIORITY_MIN "sched_get_priority_min" 147 126 GENERIC_X;
    102 SCHED_RR_GET_INTERVAL "sched_rr_get_interval" 148 127 GENERIC_X;
    103 NANOSLEEP "nanosleep" 35 101 NANOSLEEP_X;
    104 MREMAP "mremap" 25 216 GENERIC_X;
    105 POLL "poll" 7 - POLL_X;
    106 PRCTL "prctl" 157 167 PRCTL_X;
    107 RT_SIGACTION "rt_sigaction" 13 134 GENERIC_X;
    108 RT_SIGPROCMASK "rt_sigprocmask" 14 135 GENERIC_X;
    109 RT_SIGPENDING "rt_sigpending" 127 136 GENERIC_X;
    110 RT_SIGTIMEDWAIT "rt_sigtimedwait" 128 137 GENERIC_X;
    111 RT_SIGQUEUEINFO "rt_sigqueueinfo" 129 138 GENERIC_X;
    112 RT_SIGSUSPEND "rt_sigsuspend" 130 133 GENERIC_X;
    113 GETCWD "getcwd" 79 17 GETCWD_X;
    114 CAPGET "capget" 125 90 GENERIC_X;
    115 CAPSET "capset" 126 91 CAPSET_X;
    116 SENDFILE "sendfile" 40 71 SENDFILE_X;
    117 GETRLIMIT "getrlimit" 97 163 GETRLIMIT_X;
    118 LCHOWN "lchown" 94 - LCHOWN_X;
    119 GETUID "getuid" 102 174 GETUID_X;
    120 GETGID "getgid" 104 176 GETGID_X;
    121 GETEUID "geteuid" 107 175 GETEUID_X;
    122 GETEGID "getegid" 108 177 GETEGID_X;
    123 SETREUID "setreuid" 113 145 SETREUID_X;
    124 SETREGID "setregid" 114 143 SETREGID_X;
    125 GETGROUPS "getgroups" 115 158 GENERIC_X;
    126 SETGROUPS "setgroups" 116 159 GENERIC_X;
    127 FCHOWN "fchown" 93 55 FCHOWN_X;
    128 SETRESUID "setresuid" 117 147 SETRESUID_X;
    129 GETRESUID "getresuid" 118 148 GETRESUID_X;
    130 SETRESGID "setresgid" 119 149 SETRESGID_X;
    131 GETRESGID "getresgid" 120 150 GETRESGID_X;
    132 CHOWN "chown" 92 - CHOWN_X;
    133 SETUID "setuid" 105 146 SETUID_X;
    134 SETGID "setgid" 106 144 SETGID_X;
    135 SETFSUID "setfsuid" 122 151 GENERIC_X;
    136 SETFSGID "setfsgid" 123 152 GENERIC_X;
    137 PIVOT_ROOT "pivot_root" 155 41 GENERIC_X;
    138 MINCORE "mincore" 27 232 GENERIC_X;
    139 MADVISE "madvise" 28 233 GENERIC_X;
    140 GETTID "gettid" 186 178 GENERIC_X;
    141 SETXATTR "setxattr" 188 5 GENERIC_X;
    142 LSETXATTR "lsetxattr" 189 6 GENERIC_X;
    143 FSETXATTR "fsetxattr" 190 7 GENERIC_X;
    144 GETXATTR "getxattr" 191 8 GENERIC_X;
    145 LGETXATTR "lgetxattr" 192 9 GENERIC_X;
    146 FGETXATTR "fgetxattr" 193 10 GENERIC_X;
    147 LISTXATTR "listxattr" 194 11 GENERIC_X;
    148 LLISTXATTR "llistxattr" 195 12 GENERIC_X;
    149 FLISTXATTR "flistxattr" 196 13 GENERIC_X;
    150 REMOVEXATTR "removexattr" 197 14 GENERIC_X;
    151 LREMOVEXATTR "lremovexattr" 198 15 GENERIC_X;
    152 FREMOVEXATTR "fremovexattr" 199 16 GENERIC_X;
    153 TKILL "tkill" 200 130 TKILL_X;
    154 FUTEX "futex" 202 98 FUTEX_X;
    155 SCHED_SETAFFINITY "sched_setaffinity" 203 122 GENERIC_X;
    156 SCHED_GETAFFINITY "sched_getaffinity" 204 123 GENERIC_X;
    157 SET_THREAD_AREA "set_thread_area" 205 - GENERIC_X;
    158 GET_THREAD_AREA "get_thread_area" 211 - GENERIC_X;
    159 IO_SETUP "io_setup" 206 0 GENERIC_X;
    160 IO_DESTROY "io_destroy" 207 1 GENERIC_X;
    161 IO_GETEVENTS "io_getevents" 208 4 GENERIC_X;
    162 IO_SUBMIT "io_submit" 209 2 GENERIC_X;
    163 IO_CANCEL "io_cancel" 210 3 GENERIC_X;
    164 EXIT_GROUP "exit_group" 231 94 GENERIC_X;
    165 EPOLL_CREATE "epoll_create" 213 - EPOLL_CREATE_X;
    166 EPOLL_CTL "epoll_ctl" 233 21 GENERIC_X;
    167 EPOLL_WAIT "epoll_wait" 232 - EPOLLWAIT_X;
    168 REMAP_FILE_PAGES "remap_file_pages" 216 234 GENERIC_X;
    169 SET_TID_ADDRESS "set_tid_address" 218 96 GENERIC_X;
    170 TIMER_CREATE "timer_create" 222 107 GENERIC_X;
    171 TIMER_SETTIME "timer_settime" 223 110 GENERIC_X;
    172 TIMER_GETTIME "timer_gettime" 224 108 GENERIC_X;
    173 TIMER_GETOVERRUN "timer_getoverrun" 225 109 GENERIC_X;
    174 TIMER_DELETE "timer_delete" 226 111 GENERIC_X;
    175 CLOCK_SETTIME "clock_settime" 227 112 GENERIC_X;
    176 CLOCK_GETTIME "clock_gettime" 228 113 GENERIC_X;
    177 CLOCK_GETRES "clock_getres" 229 114 GENERIC_X;
    178 CLOCK_NANOSLEEP "clock_nanosleep" 230 115 GENERIC_X;
    179 TGKILL "tgkill" 234 131 TGKILL_X;
    180 UTIMES "utimes" 235 - GENERIC_X;
    181 MQ_OPEN "mq_open" 240 180 GENERIC_X;
    182 MQ_UNLINK "mq_unlink" 241 181 GENERIC_X;
    183 MQ_TIMEDSEND "mq_timedsend" 242 182 GENERIC_X;
    184 MQ_TIMEDRECEIVE "mq_timedreceive" 243 183 GENERIC_X;
    185 MQ_NOTIFY "mq_notify" 244 184 GENERIC_X;
    186 MQ_GETSETATTR "mq_getsetattr" 245 185 GENERIC_X;
    187 KEXEC_LOAD "kexec_load" 246 104 GENERIC_X;
    188 WAITID "waitid" 247 95 GENERIC_X;
    189 ADD_KEY "add_key" 248 217 GENERIC_X;
    190 REQUEST_KEY "request_key" 249 218 GENERIC_X;
    191 KEYCTL "keyctl" 250 219 KEYCTL_X;
    192 IOPRIO_SET "ioprio_set" 251 30 GENERIC_X;
    193 IOPRIO_GET "ioprio_get" 252 31 GENERIC_X;
    194 INOTIFY_INIT "inotify_init" 253 - INOTIFY_INIT_X;
    195 INOTIFY_ADD_WATCH "inotify_add_watch" 254 27 GENERIC_X;
    196 INOTIFY_RM_WATCH "inotify_rm_watch" 255 28 GENERIC_X;
    197 OPENAT "openat" 257 56 OPENAT_2_X;
    198 MKDIRAT "mkdirat" 258 34 MKDIRAT_X;
    199 MKNODAT "mknodat" 259 33 MKNODAT_X;
    200 FCHOWNAT "fchownat" 260 54 FCHOWNAT_X;
    201 FUTIMESAT "futimesat" 261 - GENERIC_X;
    202 UNLINKAT "unlinkat" 263 35 UNLINKAT_2_X;
    203 RENAMEAT "renameat" 264 38 RENAMEAT_X;
    204 LINKAT "linkat" 265 37 LINKAT_2_X;
    205 SYMLINKAT "symlinkat" 266 36 SYMLINKAT_X;
    206 READLINKAT "readlinkat" 267 78 GENERIC_X;
    207 FCHMODAT "fchmodat" 268 53 FCHMODAT_X;
    208 FACCESSAT "faccessat" 269 48 GENERIC_X;
    209 PSELECT6 "pselect6" 270 72 GENERIC_X;
    210 PPOLL "ppoll" 271 73 PPOLL_X;
    211 UNSHARE "unshare" 272 97 UNSHARE_X;
    212 SET_ROBUST_LIST "set_robust_list" 273 99 GENERIC_X;
    213 GET_ROBUST_LIST "get_robust_list" 274 100 GENERIC_X;
    214 SPLICE "splice" 275 76 SPLICE_X;
    215 TEE "tee" 276 77 GENERIC_X;
    216 VMSPLICE "vmsplice" 278 75 GENERIC_X;
    217 GETCPU "getcpu" 309 168 GENERIC_X;
    218 EPOLL_PWAIT "epoll_pwait" 281 22 GENERIC_X;
    219 UTIMENSAT "utimensat" 280 88 GENERIC_X;
    220 SIGNALFD "signalfd" 282 - SIGNALFD_X;
    221 TIMERFD_CREATE "timerfd_create" 283 85 TIMERFD_CREATE_X;
    222 EVENTFD "eventfd" 284 - EVENTFD_X;
    223 TIMERFD_SETTIME "timerfd_settime" 286 86 GENERIC_X;
    224 TIMERFD_GETTIME "timerfd_gettime" 287 87 GENERIC_X;
    225 SIGNALFD4 "signalfd4" 289 74 SIGNALFD4_X;
    226 EVENTFD2 "eventfd2" 290 19 EVENTFD2_X;
    227 EPOLL_CREATE1 "epoll_create1" 291 20 EPOLL_CREATE1_X;
    228 DUP3 "dup3" 292 24 DUP3_X;
    229 PIPE2 "pipe2" 293 59 PIPE2_X;
    230 INOTIFY_INIT1 "inotify_init1" 294 26 INOTIFY_INIT1_X;
    231 PREADV "preadv" 295 69 PREADV_X;
    232 PWRITEV "pwritev" 296 70 PWRITEV_X;
    233 RT_TGSIGQUEUEINFO "rt_tgsigqueueinfo" 297 240 GENERIC_X;
    234 PERF_EVENT_OPEN "perf_event_open" 298 241 GENERIC_X;
    235 FANOTIFY_INIT "fanotify_init" 300 262 GENERIC_X;
    236 PRLIMIT64 "prlimit64" 302 261 PRLIMIT_X;
    237 CLOCK_ADJTIME "clock_adjtime" 305 266 GENERIC_X;
    238 SYNCFS "syncfs" 306 267 GENERIC_X;
    239 SETNS "setns" 308 268 SETNS_X;
    240 GETDENTS64 "getdents64" 217 61 GETDENTS64_X;
    241 SOCKET "socket" 41 198 SOCKET_X;
    242 BIND "bind" 49 200 BIND_X;
    243 CONNECT "connect" 42 203 CONNECT_X;
    244 LISTEN "listen" 50 201 LISTEN_X;
    245 ACCEPT "accept" 43 202 ACCEPT_5_X;
    246 GETSOCKNAME "getsockname" 51 204 GETSOCKNAME_X;
    247 GETPEERNAME "getpeername" 52 205 GETPEERNAME_X;
    248 SOCKETPAIR "socketpair" 53 199 SOCKETPAIR_X;
    249 SENDTO "sendto" 44 206 SENDTO_X;
    250 RECVFROM "recvfrom" 45 207 RECVFROM_X;
    251 SHUTDOWN "shutdown" 48 210 SHUTDOWN_X;
    252 SETSOCKOPT "setsockopt" 54 208 SETSOCKOPT_X;
    253 GETSOCKOPT "getsockopt" 55 209 GETSOCKOPT_X;
    254 SENDMSG "sendmsg" 46 211 SENDMSG_X;
    255 SENDMMSG "sendmmsg" 307 269 SENDMMSG_X;
    256 RECVMSG "recvmsg" 47 212 RECVMSG_X;
    257 RECVMMSG "recvmmsg" 299 243 RECVMMSG_X;
    258 ACCEPT4 "accept4" 288 242 ACCEPT4_6_X;
    259 SEMOP "semop" 65 193 SEMOP_X;
    260 SEMGET "semget" 64 190 SEMGET_X;
    261 SEMCTL "semctl" 66 191 SEMCTL_X;
    262 MSGSND "msgsnd" 69 189 GENERIC_X;
    263 MSGRCV "msgrcv" 70 188 GENERIC_X;
    264 MSGGET "msgget" 68 186 GENERIC_X;
    265 MSGCTL "msgctl" 71 187 GENERIC_X;
    266 SHMDT "shmdt" 67 197 GENERIC_X;
    267 SHMGET "shmget" 29 194 GENERIC_X;
    268 SHMCTL "shmctl" 31 195 GENERIC_X;
    269 STATFS64 "statfs64" - - GENERIC_X;
    270 FSTATFS64 "fstatfs64" - - GENERIC_X;
    271 FSTATAT64 "fstatat64" - - GENERIC_X;
    272 SENDFILE64 "sendfile64" - - SENDFILE_X;
    273 UGETRLIMIT "ugetrlimit" - - GETRLIMIT_X;
    274 BDFLUSH "bdflush" - - GENERIC_X;
    275 SIGPROCMASK "sigprocmask" - - GENERIC_X;
    276 IPC "ipc" - - GENERIC_X;
    277 SOCKETCALL "socketcall" - - GENERIC_X;
    278 STAT64 "stat64" - - STAT64_X;
    279 LSTAT64 "lstat64" - - LSTAT64_X;
    280 FSTAT64 "fstat64" - - FSTAT64_X;
    281 FCNTL64 "fcntl64" - - FCNTL_X;
    282 MMAP2 "mmap2" - - MMAP2_X;
    283 _NEWSELECT "_newselect" - - GENERIC_X;
    284 SGETMASK "sgetmask" - - GENERIC_X;
    285 SSETMASK "ssetmask" - - GENERIC_X;
    286 SIGPENDING "sigpending" - - GENERIC_X;
    287 OLDUNAME "olduname" - - GENERIC_X;
    288 UMOUNT "umount" - - UMOUNT_1_X;
    289 SIGNAL "signal" - - GENERIC_X;
    290 NICE "nice" - - GENERIC_X;
    291 STIME "stime" - - GENERIC_X;
    292 _LLSEEK "_llseek" - - LLSEEK_X;
    293 WAITPID "waitpid" - - GENERIC_X;
    294 PREAD64 "pread64" 17 67 PREAD_X;
    295 PWRITE64 "pwrite64" 18 68 PWRITE_X;
    296 ARCH_PRCTL "arch_prctl" 158 - GENERIC_X;
    297 SHMAT "shmat" 30 196 GENERIC_X;
    298 RT_SIGRETURN "rt_sigreturn" 15 139 GENERIC_X;
    299 FALLOCATE "fallocate" 285 47 GENERIC_X;
    300 NEWFSTATAT "newfstatat" 262 79 NEWFSTATAT_X;
    301 PROCESS_VM_READV "process_vm_readv" 310 270 PROCESS_VM_READV_X;
    302 PROCESS_VM_WRITEV "process_vm_writev" 311 271 PROCESS_VM_WRITEV_X;
    303 FORK "fork" 57 - FORK_20_X;
    304 VFORK "vfork" 58 - VFORK_20_X;
    305 SETUID32 "setuid32" - - SETUID_X;
    306 GETUID32 "getuid32" - - GETUID_X;
    307 SETGID32 "setgid32" - - SETGID_X;
    308 GETEUID32 "geteuid32" - - GETEUID_X;
    309 GETGID32 "getgid32" - - GETGID_X;
    310 SETRESUID32 "setresuid32" - - SETRESUID_X;
    311 SETRESGID32 "setresgid32" - - SETRESGID_X;
    312 GETRESUID32 "getresuid32" - - GETRESUID_X;
    313 GETRESGID32 "getresgid32" - - GETRESGID_X;
    314 FINIT_MODULE "finit_module" 313 273 FINIT_MODULE_X;
    315 BPF "bpf" 321 280 BPF_2_X;
    316 SECCOMP "seccomp" 317 277 SECCOMP_X;
    317 SIGALTSTACK "sigaltstack" 131 132 GENERIC_X;
    318 GETRANDOM "getrandom" 318 278 GENERIC_X;
    319 FADVISE64 "fadvise64" 221 223 GENERIC_X;
    320 RENAMEAT2 "renameat2" 316 276 RENAMEAT2_X;
    321 USERFAULTFD "userfaultfd" 323 282 USERFAULTFD_X;
    322 OPENAT2 "openat2" 437 437 OPENAT2_X;
    323 UMOUNT2 "umount2" 166 39 UMOUNT2_X;
    324 EXECVE "execve" 59 221 EXECVE_19_X;
    325 EXECVEAT "execveat" 322 281 EXECVEAT_X;
    326 COPY_FILE_RANGE "copy_file_range" 326 285 COPY_FILE_RANGE_X;
    327 CLONE "clone" 56 220 CLONE_20_X;
    328 CLONE3 "clone3" 435 435 CLONE3_X;
    329 OPEN_BY_HANDLE_AT "open_by_handle_at" 304 265 OPEN_BY_HANDLE_AT_X;
    330 IO_URING_SETUP "io_uring_setup" 425 425 IO_URING_SETUP_X;
    331 IO_URING_ENTER "io_uring_enter" 426 426 IO_URING_ENTER_X;
    332 IO_URING_REGISTER "io_uring_register" 427 427 IO_URING_REGISTER_X;
    333 MLOCK2 "mlock2" 325 284 MLOCK2_X;
    334 GETEGID32 "getegid32" - - GETEGID_X;
    335 FSCONFIG "fsconfig" 431 431 FSCONFIG_X;
    336 FSPICK "fspick" 433 433 GENERIC_X;
    337 FSMOUNT "fsmount" 432 432 GENERIC_X;
    338 FSOPEN "fsopen" 430 430 GENERIC_X;
    339 OPEN_TREE "open_tree" 428 428 GENERIC_X;
    340 MOVE_MOUNT "move_mount" 429 429 GENERIC_X;
    341 MOUNT_SETATTR "mount_setattr" 442 442 GENERIC_X;
    342 MEMFD_CREATE "memfd_create" 319 279 MEMFD_CREATE_X;
    343 MEMFD_SECRET "memfd_secret" 447 447 GENERIC_X;
    344 IOPERM "ioperm" 173 - GENERIC_X;
    345 KEXEC_FILE_LOAD "kexec_file_load" 320 294 GENERIC_X;
    346 PIDFD_GETFD "pidfd_getfd" 438 438 PIDFD_GETFD_X;
    347 PIDFD_OPEN "pidfd_open" 434 434 PIDFD_OPEN_X;
    348 PIDFD_SEND_SIGNAL "pidfd_send_signal" 424 424 GENERIC_X;
    349 PKEY_ALLOC "pkey_alloc" 330 289 GENERIC_X;
    350 PKEY_MPROTECT "pkey_mprotect" 329 288 GENERIC_X;
    351 PKEY_FREE "pkey_free" 331 290 GENERIC_X;
    352 LANDLOCK_CREATE_RULESET "landlock_create_ruleset" 444 444 GENERIC_X;
    353 QUOTACTL_FD "quotactl_fd" 443 443 GENERIC_X;
    354 LANDLOCK_RESTRICT_SELF "landlock_restrict_self" 446 446 GENERIC_X;
    355 LANDLOCK_ADD_RULE "landlock_add_rule" 445 445 GENERIC_X;
    356 EPOLL_PWAIT2 "epoll_pwait2" 441 441 GENERIC_X;
    357 MIGRATE_PAGES "migrate_pages" 256 238 GENERIC_X;
    358 MOVE_PAGES "move_pages" 279 239 GENERIC_X;
    359 PREADV2 "preadv2" 327 286 GENERIC_X;
    360 PWRITEV2 "pwritev2" 328 287 GENERIC_X;
    361 KCMP "kcmp" 312 272 GENERIC_X;
    362 SCHED_SETATTR "sched_setattr" 314 274 GENERIC_X;
    363 MBIND "mbind" 237 235 GENERIC_X;
    364 EPOLL_CTL_OLD "epoll_ctl_old" 214 - GENERIC_X;
    365 LOOKUP_DCOOKIE "lookup_dcookie" 212 18 GENERIC_X;
    366 MODIFY_LDT "modify_ldt" 154 - GENERIC_X;
    367 STATX "statx" 332 291 GENERIC_X;
    368 SET_MEMPOLICY "set_mempolicy" 238 237 GENERIC_X;
    369 IO_PGETEVENTS "io_pgetevents" 333 292 GENERIC_X;
    370 SET_MEMPOLICY_HOME_NODE "set_mempolicy_home_node" 450 450 GENERIC_X;
    371 SEMTIMEDOP "semtimedop" 220 192 GENERIC_X;
    372 GET_KERNEL_SYMS "get_kernel_syms" - - GENERIC_X;
    373 READAHEAD "readahead" 187 213 GENERIC_X;
    374 FUTEX_WAITV "futex_waitv" 449 449 GENERIC_X;
    375 GETPMSG "getpmsg" - - GENERIC_X;
    376 NAME_TO_HANDLE_AT "name_to_handle_at" 303 264 GENERIC_X;
    377 PROCESS_MRELEASE "process_mrelease" 448 448 GENERIC_X;
    378 NFSSERVCTL "nfsservctl" - - GENERIC_X;
    379 EPOLL_WAIT_OLD "epoll_wait_old" 215 - GENERIC_X;
    380 RSEQ "rseq" 334 293 GENERIC_X;
    381 CREATE_MODULE "create_module" - - GENERIC_X;
    383 SCHED_GETATTR "sched_getattr" 315 275 GENERIC_X;
    384 FACCESSAT2 "faccessat2" 439 439 GENERIC_X;
    385 _SYSCTL "_sysctl" - - GENERIC_X;
    386 QUERY_MODULE "query_module" - - GENERIC_X;
    387 GET_MEMPOLICY "get_mempolicy" 239 236 GENERIC_X;
    388 SYNC_FILE_RANGE "sync_file_range" 277 84 GENERIC_X;
    389 PROCESS_MADVISE "process_madvise" 440 440 GENERIC_X;
    390 MEMBARRIER "membarrier" 324 283 GENERIC_X;
    391 IOPL "iopl" 172 - GENERIC_X;
    392 CLOSE_RANGE "close_range" 436 436 CLOSE_RANGE_X;
    393 FANOTIFY_MARK "fanotify_mark" 301 263 GENERIC_X;
    394 RECV "recv" - - RECV_X;
    395 SEND "send" - - SEND_X;
    396 SCHED_PROCESS_EXIT "sched_process_exit" - - PROCEXIT_1_E;
    397 SCHED_SWITCH "sched_switch" - - SCHEDSWITCH_6_E;
    398 PAGE_FAULT_USER "page_fault_user" - - PAGE_FAULT_E;
    399 PAGE_FAULT_KERNEL "page_fault_kernel" - - PAGE_FAULT_E;
    400 SIGNAL_DELIVER "signal_deliver" - - SIGNALDELIVER_E;
    401 TIMERFD "timerfd" - - GENERIC_X;
    402 S390_PCI_MMIO_READ "s390_pci_mmio_read" - - GENERIC_X;
    403 SIGACTION "sigaction" - - GENERIC_X;
    404 S390_PCI_MMIO_WRITE "s390_pci_mmio_write" - - GENERIC_X;
    405 READDIR "readdir" - - GENERIC_X;
    406 S390_STHYI "s390_sthyi" - - GENERIC_X;
    407 SIGSUSPEND "sigsuspend" - - GENERIC_X;
    408 IDLE "idle" - - GENERIC_X;
    409 S390_RUNTIME_INSTR "s390_runtime_instr" - - GENERIC_X;
    410 SIGRETURN "sigreturn" - - GENERIC_X;
    411 S390_GUARDED_STORAGE "s390_guarded_storage" - - GENERIC_X;
    412 CACHESTAT "cachestat" 451 451 GENERIC_X;
    413 FCHMODAT2 "fchmodat2" 452 452 GENERIC_X;
    414 MAP_SHADOW_STACK "map_shadow_stack" 453 453 GENERIC_X;
    415 RISCV_FLUSH_ICACHE "riscv_flush_icache" - - GENERIC_X;
    416 RISCV_HWPROBE "riscv_hwprobe" - - GENERIC_X;
    417 FUTEX_WAKE "futex_wake" 454 454 GENERIC_X;
    418 FUTEX_REQUEUE "futex_requeue" 456 456 GENERIC_X;
    419 FUTEX_WAIT "futex_wait" 455 455 GENERIC_X;
    420 OLDSTAT "oldstat" - - GENERIC_X;
    421 SWITCH_ENDIAN "switch_endian" - - GENERIC_X;
    422 MULTIPLEXER "multiplexer" - - GENERIC_X;
    423 OLDLSTAT "oldlstat" - - GENERIC_X;
    424 SPU_CREATE "spu_create" - - GENERIC_X;
    425 SYNC_FILE_RANGE2 "sync_file_range2" - - GENERIC_X;
    426 OLDFSTAT "oldfstat" - - GENERIC_X;
    427 SPU_RUN "spu_run" - - GENERIC_X;
    428 SWAPCONTEXT "swapcontext" - - GENERIC_X;
    429 PCICONFIG_WRITE "pciconfig_write" - - GENERIC_X;
    430 RTAS "rtas" - - GENERIC_X;
    431 PCICONFIG_READ "pciconfig_read" - - GENERIC_X;
    432 SYS_DEBUG_SETCONTEXT "sys_debug_setcontext" - - GENERIC_X;
    433 VM86 "vm86" - - GENERIC_X;
    434 OLDOLDUNAME "oldolduname" - - GENERIC_X;
    435 SUBPAGE_PROT "subpage_prot" - - GENERIC_X;
    436 PCICONFIG_IOBASE "pciconfig_iobase" - - GENERIC_X;
    437 LISTMOUNT "listmount" 458 458 GENERIC_X;
    438 STATMOUNT "statmount" 457 457 GENERIC_X;
    439 LSM_GET_SELF_ATTR "lsm_get_self_attr" 459 459 GENERIC_X;
    440 LSM_SET_SELF_ATTR "lsm_set_self_attr" 460 460 GENERIC_X;
    441 LSM_LIST_MODULES "lsm_list_modules" 461 461 GENERIC_X;
    442 MSEAL "mseal" 462 462 GENERIC_X;
    443 URETPROBE "uretprobe" 335 - GENERIC_X;
    444 REMOVEXATTRAT "removexattrat" 466 466 GENERIC_X;
    445 LISTXATTRAT "listxattrat" 465 465 GENERIC_X;
    446 GETXATTRAT "getxattrat" 464 464 GENERIC_X;
    447 SETXATTRAT "setxattrat" 463 463 GENERIC_X;
    448 OPEN_TREE_ATTR "open_tree_attr" 467 467 GENERIC_X;
    449 FILE_GETATTR "file_getattr" 468 468 GENERIC_X;
    450 FILE_SETATTR "file_setattr" 469 469 GENERIC_X;
    451 LISTNS "listns" 470 470 GENERIC_X;
    452 UPROBE "uprobe" 336 - GENERIC_X;
    453 RSEQ_SLICE_YIELD "rseq_slice_yield" 471 471 GENERIC_X;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventFlags;
    use std::collections::HashSet;

    #[test]
    fn rows_are_well_formed() {
        assert!(SYSCALLS.is_sorted_by(|a, b| a.code < b.code));
        let names: HashSet<_> = SYSCALLS.iter().map(|s| s.name).collect();
        assert_eq!(names.len(), SYSCALL_COUNT);
        for number in [|s: &Syscall| s.x86_64, |s: &Syscall| s.aarch64] {
            let numbers: Vec<_> = SYSCALLS.iter().filter_map(number).collect();
            assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len());
        }
        for s in &SYSCALLS {
            assert!(!event(s.event).unwrap().flags.any(EventFlags::OLD_VERSION.or(EventFlags::UNUSED)), "{}", s.name);
        }
    }

    #[test]
    fn names_select_codes() {
        assert_eq!(event_codes("openat"), [102, 103, 306, 307]);
        assert_eq!(event_codes("execve").len(), 16);
        assert_eq!(event_codes("getpid"), [0, 1]);
        assert_eq!(event_codes("pread64"), [0, 1]);
        assert_eq!(event_codes("container_removed"), [402]);
        assert_eq!(event_codes("container"), [228, 272, 324, 402]);
        assert!(event_codes("syscall").is_empty());
        assert!(event_codes("nop").is_empty());
        assert!(!is_event_name("nop"));
        assert!(is_event_name("pread64") && is_event_name("pread") && is_event_name("container_removed"));
        assert_eq!(syscall_name(5), Some("open"));
        assert_eq!(syscall_name(382), None);
        assert_eq!(syscall_by_name("openat").unwrap().event, code::OPENAT_2_X);
        assert_eq!(SYSCALLS.iter().filter(|s| s.is_generic()).count(), 272);
    }
}
