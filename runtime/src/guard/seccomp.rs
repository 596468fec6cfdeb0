//! The filter of system calls of a running daemon: those it makes, as listed here; any other is answered with `EPERM`.
//!
//! What must hold: nothing is executed, no other process is touched, no code or name space of the kernel is changed, and
//! memory is not writable and executable at once. Generated code is written, then made executable: that stays possible,
//! and so does everything that another rule set needs. What is refused goes to the kernel's audit log. A call by the
//! numbers of another architecture ends the process.
//!
//! `clone3` keeps its flags in memory, where no filter sees them: it is answered as on kernels that do not have it, and
//! libraries go on with `clone`. As one filter has one answer, that is a filter of its own.

use super::GuardError;
use crate::sys::seccomp::{Installed, install};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use std::collections::BTreeMap;
use std::fs;

type Call = (&'static str, libc::c_long);

macro_rules! calls {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name)),*] };
}

/// Calls that are permitted whatever their arguments are, and what for.
const PERMITTED: &[(&str, &[Call])] = &[
    (
        "files and descriptors",
        calls![
            SYS_read SYS_readv SYS_pread64 SYS_write SYS_writev SYS_pwrite64 SYS_lseek SYS_close SYS_close_range
            SYS_openat SYS_openat2 SYS_fstat SYS_newfstatat SYS_statx SYS_statfs SYS_fstatfs SYS_getdents64
            SYS_readlinkat SYS_getcwd SYS_faccessat SYS_faccessat2 SYS_mkdirat SYS_renameat SYS_renameat2 SYS_unlinkat
            SYS_ftruncate SYS_fsync SYS_fdatasync SYS_flock SYS_fcntl SYS_dup SYS_dup3 SYS_pipe2 SYS_umask
        ],
    ),
    (
        "waiting",
        calls![
            SYS_ppoll SYS_pselect6 SYS_epoll_create1 SYS_epoll_ctl SYS_epoll_pwait SYS_epoll_pwait2 SYS_eventfd2
            SYS_timerfd_create SYS_timerfd_settime SYS_signalfd4 SYS_inotify_init1 SYS_inotify_add_watch
            SYS_inotify_rm_watch SYS_nanosleep SYS_clock_nanosleep SYS_restart_syscall
        ],
    ),
    (
        "outputs and metrics over sockets",
        calls![
            SYS_connect SYS_bind SYS_listen SYS_accept SYS_accept4 SYS_shutdown SYS_getsockname SYS_getpeername
            SYS_getsockopt SYS_setsockopt SYS_sendto SYS_sendmsg SYS_sendmmsg SYS_recvfrom SYS_recvmsg SYS_recvmmsg
        ],
    ),
    ("memory", calls![SYS_munmap SYS_mremap SYS_madvise SYS_brk SYS_membarrier]),
    (
        "threads",
        calls![
            SYS_futex SYS_set_robust_list SYS_rseq SYS_set_tid_address SYS_gettid SYS_sched_yield SYS_sched_getaffinity
            SYS_sched_setaffinity SYS_getcpu SYS_clone3 SYS_exit SYS_exit_group
        ],
    ),
    ("signals", calls![SYS_rt_sigaction SYS_rt_sigprocmask SYS_rt_sigreturn SYS_rt_sigtimedwait SYS_sigaltstack]),
    (
        "what the system and this process are",
        calls![
            SYS_getpid SYS_getppid SYS_getuid SYS_geteuid SYS_getgid SYS_getegid SYS_capget SYS_uname SYS_sysinfo
            SYS_getrusage SYS_times SYS_clock_gettime SYS_clock_getres SYS_gettimeofday SYS_getrandom
        ],
    ),
    #[cfg(target_arch = "x86_64")]
    (
        "older names of these",
        calls![
            SYS_open SYS_stat SYS_lstat SYS_readlink SYS_access SYS_mkdir SYS_rename SYS_unlink SYS_dup2 SYS_pipe
            SYS_poll SYS_select SYS_epoll_wait SYS_time
        ],
    ),
];

/// A question about an argument of a call.
#[derive(Debug, Clone, Copy)]
enum Test {
    /// It is this number, of 32 bits.
    Is(u64),
    /// Of these bits it has those.
    Has(u64, u64),
    /// No address.
    Null,
}

/// A way to make a call that is permitted: what its arguments, by place, must be.
type Way = &'static [(u8, Test)];

/// Bits of protection that may not come together.
const WRITE_OR_EXECUTE: u64 = (libc::PROT_WRITE | libc::PROT_EXEC) as u64;
/// What separates a thread from a process of its own or in other name spaces.
const SEPARATE: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_PTRACE) as u64;
const THREAD: u64 = libc::CLONE_THREAD as u64;
/// `PR_SET_VMA`: allocators name their memory.
const NAME_MEMORY: u64 = 0x53_56_4d_41;

/// How memory may be protected: readable at most, writable, or executable; by the place of the argument.
const PROTECTIONS: &[Way] = &[
    &[(2, Test::Has(WRITE_OR_EXECUTE, 0))],
    &[(2, Test::Has(WRITE_OR_EXECUTE, libc::PROT_WRITE as u64))],
    &[(2, Test::Has(WRITE_OR_EXECUTE, libc::PROT_EXEC as u64))],
];

/// Commands of bpf(2), by the kernel's numbers: maps made, read, written; programs and types loaded, attached to
/// tracepoints, asked about.
const BPF: &[Way] = &[
    &[(0, Test::Is(0))],  // BPF_MAP_CREATE
    &[(0, Test::Is(1))],  // BPF_MAP_LOOKUP_ELEM
    &[(0, Test::Is(2))],  // BPF_MAP_UPDATE_ELEM
    &[(0, Test::Is(3))],  // BPF_MAP_DELETE_ELEM
    &[(0, Test::Is(4))],  // BPF_MAP_GET_NEXT_KEY
    &[(0, Test::Is(5))],  // BPF_PROG_LOAD
    &[(0, Test::Is(15))], // BPF_OBJ_GET_INFO_BY_FD
    &[(0, Test::Is(17))], // BPF_RAW_TRACEPOINT_OPEN
    &[(0, Test::Is(18))], // BPF_BTF_LOAD
    &[(0, Test::Is(25))], // BPF_MAP_LOOKUP_AND_DELETE_BATCH
    &[(0, Test::Is(28))], // BPF_LINK_CREATE
];

/// Calls that are permitted with some arguments, and which.
#[allow(clippy::unnecessary_cast, reason = "C libraries differ in the types of these numbers")]
const LIMITED: &[(Call, &str, &[Way])] = &[
    (("SYS_mmap", libc::SYS_mmap), "not writable and executable at once", PROTECTIONS),
    (("SYS_mprotect", libc::SYS_mprotect), "not writable and executable at once", PROTECTIONS),
    (("SYS_clone", libc::SYS_clone), "threads", &[&[(0, Test::Has(SEPARATE | THREAD, THREAD))]]),
    (
        ("SYS_bpf", libc::SYS_bpf),
        "maps, programs, types, attaching to tracepoints; no pinning, no walk over the objects of others",
        BPF,
    ),
    (
        ("SYS_socket", libc::SYS_socket),
        "Unix, IPv4 and IPv6; netlink for the addresses of interfaces",
        &[
            &[(0, Test::Is(libc::AF_UNIX as u64))],
            &[(0, Test::Is(libc::AF_INET as u64))],
            &[(0, Test::Is(libc::AF_INET6 as u64))],
            &[(0, Test::Is(libc::AF_NETLINK as u64)), (2, Test::Is(libc::NETLINK_ROUTE as u64))],
        ],
    ),
    (("SYS_socketpair", libc::SYS_socketpair), "Unix", &[&[(0, Test::Is(libc::AF_UNIX as u64))]]),
    (
        ("SYS_ioctl", libc::SYS_ioctl),
        "TCGETS, TIOCGWINSZ, FIONBIO, FIOCLEX",
        &[
            &[(1, Test::Is(libc::TCGETS as u64))],
            &[(1, Test::Is(libc::TIOCGWINSZ as u64))],
            &[(1, Test::Is(libc::FIONBIO as u64))],
            &[(1, Test::Is(libc::FIOCLEX as u64))],
        ],
    ),
    (
        ("SYS_prctl", libc::SYS_prctl),
        "names of threads and of memory",
        &[
            &[(0, Test::Is(libc::PR_SET_NAME as u64))],
            &[(0, Test::Is(libc::PR_GET_NAME as u64))],
            &[(0, Test::Is(NAME_MEMORY))],
        ],
    ),
    (("SYS_prlimit64", libc::SYS_prlimit64), "reading limits of this process", &[&[(0, Test::Is(0)), (2, Test::Null)]]),
];

/// Confines all threads of the process, those to come as well, to the calls above. Sets `no_new_privs`.
///
/// # Errors
///
/// Where the kernel has no seccomp, or a thread has another filter.
pub fn confine() -> Result<(), GuardError> {
    let unknown = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let unknown = filter(unknown, SeccompAction::Allow, errno(libc::ENOSYS))?;
    let listed = filter(listed()?, errno(libc::EPERM), SeccompAction::Allow)?;
    rustix::thread::set_no_new_privs(true).map_err(GuardError::refused("cannot set no_new_privs"))?;
    // In this order: the second permits no third.
    for (program, logged) in [(unknown, false), (listed, true)] {
        match install(&program, logged).map_err(GuardError::refused("cannot filter system calls"))? {
            Installed::Everywhere => {}
            Installed::NotFor(thread) => return Err(GuardError::Filtered(thread)),
        }
    }
    Ok(())
}

/// Whether this kernel can filter system calls.
pub fn supported() -> bool {
    let actions = fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail").unwrap_or_default();
    actions.split_whitespace().any(|action| action == "errno")
}

fn errno(error: libc::c_int) -> SeccompAction {
    SeccompAction::Errno(error.unsigned_abs())
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn filter(rules: Rules, other: SeccompAction, these: SeccompAction) -> Result<BpfProgram, BackendError> {
    SeccompFilter::new(rules, other, these, std::env::consts::ARCH.try_into()?)?.try_into()
}

/// The calls of both lists.
fn listed() -> Result<Rules, BackendError> {
    let calls = PERMITTED.iter().flat_map(|(_, calls)| calls.iter());
    let mut rules: Rules = calls.map(|(_, number)| (*number, Vec::new())).collect();
    for ((_, number), _, ways) in LIMITED {
        rules.insert(*number, ways.iter().map(|way| rule(way)).collect::<Result<_, _>>()?);
    }
    // How a process ends itself.
    rules.insert(libc::SYS_tgkill, vec![rule(&[(0, Test::Is(u64::from(std::process::id())))])?]);
    Ok(rules)
}

fn rule(way: &[(u8, Test)]) -> Result<SeccompRule, BackendError> {
    let condition = |(argument, test): &(u8, Test)| {
        let (length, compare, value) = match *test {
            Test::Is(value) => (SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value),
            Test::Has(bits, value) => (SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(bits), value),
            Test::Null => (SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0),
        };
        SeccompCondition::new(*argument, length, compare, value)
    };
    SeccompRule::new(way.iter().map(condition).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    fn name(call: &Call) -> &'static str {
        call.0.trim_start_matches("SYS_")
    }

    /// The lists as `docs/privileges.md` has them.
    fn lists() -> String {
        let mut out = "| for | system calls |\n|---|---|\n".to_owned();
        for (purpose, calls) in PERMITTED {
            let names: Vec<&str> = calls.iter().map(name).collect();
            let _ = writeln!(out, "| {purpose} | {} |", names.join(", "));
        }
        out += "\n| with these arguments only | |\n|---|---|\n";
        for (call, what, _) in LIMITED {
            let _ = writeln!(out, "| {} | {what} |", name(call));
        }
        out + "| tgkill | to this process |\n"
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_page_has_the_lists() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/privileges.md");
        let mut page = fs::read_to_string(&path).expect("the page");
        let (begin, end) = ("<!-- calls -->\n", "<!-- end -->");
        let from = page.find(begin).expect("where the lists begin") + begin.len();
        let to = page.find(end).expect("where they end");
        if std::env::var_os("UPDATE").is_some() {
            page.replace_range(from..to, &lists());
            fs::write(&path, &page).expect("the page is writable");
        } else {
            assert!(page[from..to] == lists(), "{} is out of date; run with UPDATE=1", path.display());
        }
    }

    #[test]
    fn every_call_stands_in_one_list() {
        let mut seen = BTreeSet::from([libc::SYS_tgkill]);
        let all = PERMITTED.iter().flat_map(|(_, calls)| calls.iter()).chain(LIMITED.iter().map(|(call, ..)| call));
        for call in all {
            assert!(seen.insert(call.1), "{} stands twice", name(call));
        }
        assert_eq!(listed().expect("a filter").len(), seen.len());
    }
}
