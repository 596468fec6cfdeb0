//! How events of old captures become events of the current schema: one row per (event code, number of parameters).
//!
//! Old writers recorded a system call as an enter and an exit event, and exit events with fewer parameters. The
//! converter keeps enter events per thread and completes exit events from them, until an event has the current form.
//! This module only holds the rows; the reader of captures carries them out:
//!
//! 1. Events flagged `UNUSED` are dropped. Of those not flagged `CONVERTER_MANAGED`, current ones pass and old ones
//!    (all enter events) are dropped.
//! 2. Managed enter events are always looked up. Managed exit events are looked up if they are flagged
//!    `OLD_VERSION` or have fewer parameters than their row; with more parameters they are an error.
//! 3. The result is treated the same way again, until it passes or is dropped. A lookup without a row is an error.
//!
//! What must hold: rows are ordered by code, then by number of parameters; an [`Action::Add`] never gives more
//! parameters than the row of the event has; parameters taken from an old event exist there.

use crate::events::code::*;
use Action::*;
use Instr::*;

/// Number of conversions.
pub const CONVERSION_COUNT: usize = 253;

/// Where a parameter comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instr {
    /// Parameter of the event being converted.
    Old(u8),
    /// Parameter of the thread's stored enter event, whose code must be the exit event's less one; without a stored
    /// event, the default of the type. Using a stored event releases it after the conversion.
    Enter(u8),
    /// The same; without a stored event, an empty parameter.
    EnterOrEmpty(u8),
    /// Default of the type: zero, an empty text, or all ones for user and group ids.
    TypeDefault,
    /// A parameter of length 0.
    Empty,
    /// JSON text `{"id":"…","type":N,"name":"…","image":"…"}` made of the parameters of [`CONTAINER_E`]; an empty
    /// parameter if they cannot be read.
    ContainerJson,
}

/// What to do with an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// It has the current form.
    Pass,
    /// Keep it as the thread's enter event and drop it.
    Store,
    /// Keep it as the thread's enter event and deliver it too.
    StoreAndPass,
    /// Append parameters.
    Add(&'static [Instr]),
    /// Become an event of this code with exactly these parameters.
    ChangeType(u16, &'static [Instr]),
}

/// A row: events of this code with this many parameters.
#[derive(Clone, Copy, Debug)]
pub struct Conversion {
    /// Event code.
    pub code: u16,
    /// Number of parameters in the record.
    pub nparams: u8,
    /// What to do.
    pub action: Action,
}

/// The conversion of an event with this code and number of parameters.
pub fn conversion(code: u16, nparams: u32) -> Option<&'static Conversion> {
    let index = CONVERSIONS.binary_search_by_key(&(code, nparams), |c| (c.code, u32::from(c.nparams))).ok()?;
    Some(&CONVERSIONS[index])
}

const fn row(code: u16, nparams: u8, action: Action) -> Conversion {
    Conversion { code, nparams, action }
}

/// All conversions.
#[rustfmt::skip]
pub static CONVERSIONS: [Conversion; CONVERSION_COUNT] = [
    row(GENERIC_E, 2, Store),
    row(GENERIC_X, 1, Add(&[EnterOrEmpty(1)])),
    row(OPEN_E, 0, Add(&[Empty, Empty, Empty])),
    row(OPEN_E, 3, Pass),
    row(OPEN_X, 4, Add(&[Empty])),
    row(OPEN_X, 5, Add(&[Empty])),
    row(CLOSE_E, 1, Store),
    row(CLOSE_X, 1, Add(&[Enter(0)])),
    row(READ_E, 2, Store),
    row(READ_X, 2, Add(&[Enter(0), Enter(1)])),
    row(WRITE_E, 2, Store),
    row(WRITE_X, 2, Add(&[Enter(0), Enter(1)])),
    row(BRK_1_E, 1, Store),
    row(BRK_1_X, 1, ChangeType(BRK_4_X, &[Old(0), EnterOrEmpty(0), Empty, Empty, Empty])),
    row(EXECVE_8_E, 0, ChangeType(EXECVE_13_E, &[])),
    row(EXECVE_8_X, 8, ChangeType(EXECVE_13_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Empty, Empty, Empty, Empty, Empty])),
    row(CLONE_11_X, 11, ChangeType(CLONE_16_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Empty, Empty, Empty, Empty, Empty, Old(8), Old(9), Old(10)])),
    row(PROCEXIT_E, 0, ChangeType(PROCEXIT_1_E, &[Empty, Empty, Empty, Empty, Empty])),
    row(SOCKET_E, 3, Store),
    row(SOCKET_X, 1, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(SOCKET_X, 4, Add(&[TypeDefault])),
    row(BIND_E, 1, Store),
    row(BIND_X, 2, Add(&[Enter(0)])),
    row(CONNECT_E, 1, Add(&[TypeDefault])),
    row(CONNECT_E, 2, StoreAndPass),
    row(CONNECT_X, 2, Add(&[Enter(0)])),
    row(CONNECT_X, 3, Add(&[Enter(1)])),
    row(LISTEN_E, 2, Store),
    row(LISTEN_X, 1, Add(&[Enter(0), Enter(1)])),
    row(ACCEPT_X, 3, ChangeType(ACCEPT_5_X, &[Old(0), Old(1), Old(2), TypeDefault, TypeDefault])),
    row(SEND_E, 2, Store),
    row(SEND_X, 2, Add(&[Enter(0), Enter(1), TypeDefault])),
    row(SENDTO_E, 3, Store),
    row(SENDTO_X, 2, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(RECV_E, 2, Store),
    row(RECV_X, 2, Add(&[Enter(0), Enter(1), TypeDefault])),
    row(RECVFROM_E, 2, Store),
    row(RECVFROM_X, 3, Add(&[Enter(0), Enter(1)])),
    row(SHUTDOWN_E, 2, Store),
    row(SHUTDOWN_X, 1, Add(&[Enter(0), Enter(1)])),
    row(SOCKETPAIR_E, 3, Store),
    row(SOCKETPAIR_X, 5, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(SENDMSG_E, 3, Store),
    row(SENDMSG_X, 2, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(SENDMMSG_X, 0, Add(&[TypeDefault, Empty, Empty, Empty, Empty])),
    row(RECVMSG_E, 1, Store),
    row(RECVMSG_X, 4, Add(&[TypeDefault])),
    row(RECVMSG_X, 5, Add(&[Enter(0)])),
    row(RECVMMSG_X, 0, Add(&[TypeDefault, Empty, Empty, Empty, Empty, Empty])),
    row(ACCEPT4_E, 1, Store),
    row(ACCEPT4_X, 3, ChangeType(ACCEPT4_6_X, &[Old(0), Old(1), Old(2), TypeDefault, TypeDefault, Enter(0)])),
    row(CREAT_E, 0, Add(&[Empty, Empty])),
    row(CREAT_E, 2, Pass),
    row(CREAT_X, 3, Add(&[Empty])),
    row(CREAT_X, 4, Add(&[Empty])),
    row(CREAT_X, 5, Add(&[Empty])),
    row(EVENTFD_E, 2, Store),
    row(EVENTFD_X, 1, Add(&[Enter(0), Enter(1)])),
    row(FUTEX_E, 3, Store),
    row(FUTEX_X, 1, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(FSTAT_E, 1, Store),
    row(FSTAT_X, 1, Add(&[Enter(0)])),
    row(EPOLLWAIT_E, 1, Store),
    row(EPOLLWAIT_X, 1, Add(&[Enter(0)])),
    row(POLL_E, 2, Store),
    row(POLL_X, 2, Add(&[Enter(1)])),
    row(NEWSELECT_X, 1, ChangeType(SELECT_X, &[Old(0)])),
    row(LSEEK_E, 3, Store),
    row(LSEEK_X, 1, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(LLSEEK_E, 3, Store),
    row(LLSEEK_X, 1, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(IOCTL_2_E, 2, Store),
    row(IOCTL_2_X, 1, ChangeType(IOCTL_3_X, &[Old(0), EnterOrEmpty(0), EnterOrEmpty(1), Empty])),
    row(FCHDIR_E, 1, Store),
    row(FCHDIR_X, 1, Add(&[EnterOrEmpty(0)])),
    row(MKDIR_E, 2, Store),
    row(MKDIR_X, 1, ChangeType(MKDIR_2_X, &[Old(0), EnterOrEmpty(0), EnterOrEmpty(1)])),
    row(RMDIR_E, 1, Store),
    row(RMDIR_X, 1, ChangeType(RMDIR_2_X, &[Old(0), EnterOrEmpty(0)])),
    row(OPENAT_E, 4, Store),
    row(OPENAT_X, 1, ChangeType(OPENAT_2_X, &[Old(0), EnterOrEmpty(0), EnterOrEmpty(1), EnterOrEmpty(2), EnterOrEmpty(3), Empty, Empty])),
    row(LINK_E, 2, Store),
    row(LINK_X, 1, ChangeType(LINK_2_X, &[Old(0), EnterOrEmpty(0), EnterOrEmpty(1)])),
    row(LINKAT_E, 4, Store),
    row(LINKAT_X, 1, ChangeType(LINKAT_2_X, &[Old(0), EnterOrEmpty(0), EnterOrEmpty(1), EnterOrEmpty(2), EnterOrEmpty(3), Empty])),
    row(UNLINK_E, 1, Store),
    row(UNLINK_X, 1, ChangeType(UNLINK_2_X, &[Old(0), EnterOrEmpty(0)])),
    row(UNLINKAT_E, 2, Store),
    row(UNLINKAT_X, 1, ChangeType(UNLINKAT_2_X, &[Old(0), EnterOrEmpty(0), EnterOrEmpty(1), Empty])),
    row(PREAD_E, 3, Store),
    row(PREAD_X, 2, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(PWRITE_E, 3, Store),
    row(PWRITE_X, 2, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(READV_E, 1, Store),
    row(READV_X, 3, Add(&[Enter(0)])),
    row(WRITEV_E, 2, Store),
    row(WRITEV_X, 2, Add(&[Enter(0), Enter(1)])),
    row(PREADV_E, 2, Store),
    row(PREADV_X, 3, Add(&[Enter(0), Enter(1)])),
    row(PWRITEV_E, 3, Store),
    row(PWRITEV_X, 2, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(DUP_E, 1, Store),
    row(DUP_X, 1, ChangeType(DUP_1_X, &[Old(0), EnterOrEmpty(0)])),
    row(SIGNALFD_E, 3, Store),
    row(SIGNALFD_X, 1, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(KILL_E, 2, Store),
    row(KILL_X, 1, Add(&[Enter(0), Enter(1)])),
    row(TKILL_E, 2, Store),
    row(TKILL_X, 1, Add(&[Enter(0), Enter(1)])),
    row(TGKILL_E, 3, Store),
    row(TGKILL_X, 1, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(NANOSLEEP_E, 1, Store),
    row(NANOSLEEP_X, 1, Add(&[Enter(0)])),
    row(TIMERFD_CREATE_E, 2, Store),
    row(TIMERFD_CREATE_X, 1, Add(&[Enter(0), Enter(1)])),
    row(INOTIFY_INIT_E, 1, Store),
    row(INOTIFY_INIT_X, 1, Add(&[Enter(0)])),
    row(GETRLIMIT_E, 1, Store),
    row(GETRLIMIT_X, 3, Add(&[Enter(0)])),
    row(SETRLIMIT_E, 1, Store),
    row(SETRLIMIT_X, 3, Add(&[Enter(0)])),
    row(PRLIMIT_E, 2, Store),
    row(PRLIMIT_X, 5, Add(&[EnterOrEmpty(0), EnterOrEmpty(1)])),
    row(SCHEDSWITCH_1_E, 1, ChangeType(SCHEDSWITCH_6_E, &[Old(0), Empty, Empty, Empty, Empty, Empty])),
    row(FCNTL_E, 2, Store),
    row(FCNTL_X, 1, Add(&[Enter(0), Enter(1)])),
    row(FCNTL_X, 3, Add(&[TypeDefault])),
    row(EXECVE_13_E, 0, ChangeType(EXECVE_14_E, &[])),
    row(EXECVE_13_X, 13, ChangeType(EXECVE_14_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Empty])),
    row(CLONE_16_X, 16, ChangeType(CLONE_17_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Empty, Old(13), Old(14), Old(15)])),
    row(BRK_4_E, 1, Store),
    row(BRK_4_X, 4, Add(&[EnterOrEmpty(0)])),
    row(MMAP_E, 6, Store),
    row(MMAP_X, 4, Add(&[Enter(0), Enter(1), Enter(2), Enter(3), Enter(4), Enter(5)])),
    row(MMAP2_E, 6, Store),
    row(MMAP2_X, 4, Add(&[Enter(0), Enter(1), Enter(2), Enter(3), Enter(4), Enter(5)])),
    row(MUNMAP_E, 2, Store),
    row(MUNMAP_X, 4, Add(&[Enter(0), Enter(1)])),
    row(SPLICE_E, 4, Store),
    row(SPLICE_X, 1, Add(&[Enter(0), Enter(1), Enter(2), Enter(3)])),
    row(PTRACE_E, 2, Store),
    row(PTRACE_X, 0, Add(&[Empty, Empty, Empty])),
    row(PTRACE_X, 3, Add(&[EnterOrEmpty(0), EnterOrEmpty(1)])),
    row(IOCTL_3_E, 3, Store),
    row(IOCTL_3_X, 1, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(EXECVE_14_E, 0, ChangeType(EXECVE_15_E, &[])),
    row(EXECVE_14_X, 14, ChangeType(EXECVE_15_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Empty, Old(13)])),
    row(FORK_X, 16, ChangeType(FORK_17_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Empty, Old(13), Old(14), Old(15)])),
    row(VFORK_X, 16, ChangeType(VFORK_17_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Empty, Old(13), Old(14), Old(15)])),
    row(SENDFILE_E, 4, Store),
    row(SENDFILE_X, 2, Add(&[Enter(0), Enter(1), Enter(3)])),
    row(QUOTACTL_E, 4, Store),
    row(QUOTACTL_X, 14, Add(&[Enter(0), Enter(1), Enter(2), Enter(3)])),
    row(SETRESUID_E, 3, Store),
    row(SETRESUID_X, 1, Add(&[EnterOrEmpty(0), EnterOrEmpty(1), EnterOrEmpty(2)])),
    row(SETRESGID_E, 3, Store),
    row(SETRESGID_X, 1, Add(&[EnterOrEmpty(0), EnterOrEmpty(1), EnterOrEmpty(2)])),
    row(SETUID_E, 1, Store),
    row(SETUID_X, 1, Add(&[EnterOrEmpty(0)])),
    row(SETGID_E, 1, Store),
    row(SETGID_X, 1, Add(&[EnterOrEmpty(0)])),
    row(EXECVE_15_E, 0, ChangeType(EXECVE_16_E, &[])),
    row(EXECVE_15_X, 15, ChangeType(EXECVE_16_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Old(13), Empty, Old(14)])),
    row(CLONE_17_X, 17, ChangeType(CLONE_20_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Old(13), Empty, Old(14), Old(15), Old(16), Empty, Empty])),
    row(FORK_17_X, 17, ChangeType(FORK_20_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Old(13), Empty, Old(14), Old(15), Old(16), Empty, Empty])),
    row(VFORK_17_X, 17, ChangeType(VFORK_20_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Old(13), Empty, Old(14), Old(15), Old(16), Empty, Empty])),
    row(CLONE_20_X, 20, Add(&[Empty])),
    row(FORK_20_X, 20, Add(&[Empty])),
    row(VFORK_20_X, 20, Add(&[Empty])),
    row(CONTAINER_E, 4, ChangeType(CONTAINER_JSON_E, &[ContainerJson])),
    row(EXECVE_16_E, 0, ChangeType(EXECVE_17_E, &[])),
    row(EXECVE_16_X, 16, ChangeType(EXECVE_17_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Old(13), Old(14), Old(15), Empty])),
    row(GETDENTS_E, 1, Store),
    row(GETDENTS_X, 1, Add(&[Enter(0)])),
    row(GETDENTS64_E, 1, Store),
    row(GETDENTS64_X, 1, Add(&[Enter(0)])),
    row(SETNS_E, 2, Store),
    row(SETNS_X, 1, Add(&[EnterOrEmpty(0), EnterOrEmpty(1)])),
    row(FLOCK_E, 2, Store),
    row(FLOCK_X, 1, Add(&[Enter(0), Enter(1)])),
    row(ACCEPT4_5_E, 1, Store),
    row(ACCEPT4_5_X, 5, ChangeType(ACCEPT4_6_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Enter(0)])),
    row(SEMOP_E, 1, Store),
    row(SEMOP_X, 8, Add(&[Enter(0)])),
    row(SEMCTL_E, 4, Store),
    row(SEMCTL_X, 1, Add(&[Enter(0), Enter(1), Enter(2), Enter(3)])),
    row(PPOLL_E, 3, Store),
    row(PPOLL_X, 2, Add(&[Enter(1), Enter(2)])),
    row(MOUNT_E, 1, Store),
    row(MOUNT_X, 4, Add(&[Enter(0)])),
    row(UMOUNT_X, 2, ChangeType(UMOUNT_1_X, &[Old(0), Old(1)])),
    row(SEMGET_E, 3, Store),
    row(SEMGET_X, 1, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(ACCESS_E, 1, Store),
    row(ACCESS_X, 2, Add(&[Enter(0)])),
    row(CONTAINER_JSON_E, 1, ChangeType(CONTAINER_JSON_2_E, &[Old(0)])),
    row(MKDIR_2_E, 1, Store),
    row(MKDIR_2_X, 2, Add(&[EnterOrEmpty(0)])),
    row(EXECVE_17_E, 0, ChangeType(EXECVE_18_E, &[Empty])),
    row(EXECVE_17_X, 17, ChangeType(EXECVE_18_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Old(13), Old(14), Old(15), Old(16)])),
    row(UNSHARE_E, 1, Store),
    row(UNSHARE_X, 1, Add(&[Enter(0)])),
    row(EXECVE_18_E, 1, ChangeType(EXECVE_19_E, &[Old(0)])),
    row(EXECVE_18_X, 17, ChangeType(EXECVE_19_X, &[Old(0), Old(1), Old(2), Old(3), Old(4), Old(5), Old(6), Old(7), Old(8), Old(9), Old(10), Old(11), Old(12), Old(13), Old(14), Old(15), Old(16), Empty])),
    row(EXECVE_19_E, 1, StoreAndPass),
    row(EXECVE_19_X, 18, Add(&[Empty])),
    row(EXECVE_19_X, 19, Add(&[Empty])),
    row(EXECVE_19_X, 20, Add(&[Empty, Empty, Empty])),
    row(EXECVE_19_X, 23, Add(&[Empty, Empty, Empty])),
    row(EXECVE_19_X, 26, Add(&[Empty])),
    row(EXECVE_19_X, 27, Add(&[Empty])),
    row(EXECVE_19_X, 28, Add(&[Empty])),
    row(EXECVE_19_X, 29, Add(&[Empty])),
    row(EXECVE_19_X, 30, Add(&[EnterOrEmpty(0)])),
    row(SETPGID_E, 2, Store),
    row(SETPGID_X, 1, Add(&[EnterOrEmpty(0), EnterOrEmpty(1)])),
    row(BPF_E, 1, Store),
    row(BPF_X, 1, ChangeType(BPF_2_X, &[Old(0), EnterOrEmpty(0)])),
    row(SECCOMP_E, 1, Add(&[TypeDefault])),
    row(SECCOMP_E, 2, Store),
    row(SECCOMP_X, 1, Add(&[Enter(0), Enter(1)])),
    row(OPENAT_2_E, 0, Add(&[Empty, Empty, Empty, Empty])),
    row(OPENAT_2_E, 4, Pass),
    row(OPENAT_2_X, 5, Add(&[Empty])),
    row(OPENAT_2_X, 6, Add(&[Empty])),
    row(OPENAT2_E, 0, Add(&[Empty, Empty, Empty, Empty, Empty])),
    row(OPENAT2_E, 5, Pass),
    row(OPENAT2_X, 6, Add(&[Empty, Empty])),
    row(MPROTECT_E, 3, Store),
    row(MPROTECT_X, 1, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(EXECVEAT_E, 3, Pass),
    row(EXECVEAT_X, 19, Add(&[Empty])),
    row(EXECVEAT_X, 20, Add(&[Empty, Empty, Empty])),
    row(EXECVEAT_X, 23, Add(&[Empty, Empty, Empty])),
    row(EXECVEAT_X, 26, Add(&[Empty])),
    row(EXECVEAT_X, 27, Add(&[Empty])),
    row(EXECVEAT_X, 28, Add(&[Empty])),
    row(EXECVEAT_X, 29, Add(&[Empty])),
    row(COPY_FILE_RANGE_E, 3, Store),
    row(COPY_FILE_RANGE_X, 3, Add(&[Enter(0), Enter(1), Enter(2)])),
    row(CLONE3_X, 20, Add(&[Empty])),
    row(EPOLL_CREATE_E, 1, Store),
    row(EPOLL_CREATE_X, 1, Add(&[Enter(0)])),
    row(EPOLL_CREATE1_E, 1, Store),
    row(EPOLL_CREATE1_X, 1, Add(&[Enter(0)])),
    row(ACCEPT4_6_E, 1, Store),
    row(ACCEPT4_6_X, 5, Add(&[Enter(0)])),
    row(UMOUNT2_E, 1, Store),
    row(UMOUNT2_X, 2, Add(&[Enter(0)])),
    row(EVENTFD2_E, 1, Store),
    row(EVENTFD2_X, 2, Add(&[Enter(0)])),
    row(SIGNALFD4_E, 2, Store),
    row(SIGNALFD4_X, 2, Add(&[Enter(0), Enter(1)])),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventFlags, event};

    #[test]
    fn rows_are_sorted() {
        assert!(CONVERSIONS.is_sorted_by(|a, b| (a.code, a.nparams) < (b.code, b.nparams)));
    }

    #[test]
    fn rows_are_well_formed() {
        for c in &CONVERSIONS {
            let old = event(c.code).unwrap();
            assert!(old.flags.has(EventFlags::CONVERTER_MANAGED), "{}", old.id);
            let (target, first, instrs) = match c.action {
                Pass | Store | StoreAndPass => {
                    assert!(!old.is_exit(), "{}", old.id);
                    continue;
                }
                Add(instrs) => (old, usize::from(c.nparams), instrs),
                ChangeType(code, instrs) => (event(code).unwrap(), 0, instrs),
            };
            assert!(!target.flags.has(EventFlags::UNUSED), "{}", target.id);
            assert!(first + instrs.len() <= target.params.len(), "{} {}", old.id, c.nparams);
            for instr in instrs {
                match *instr {
                    Old(index) => assert!(index < c.nparams, "{}", old.id),
                    Enter(index) | EnterOrEmpty(index) => {
                        assert!(old.is_exit(), "{}", old.id);
                        let enter = event(c.code - 1).unwrap();
                        assert!(usize::from(index) < enter.params.len(), "{}", old.id);
                    }
                    TypeDefault | Empty => {}
                    ContainerJson => assert_eq!(c.code, CONTAINER_E),
                }
            }
        }
    }

    /// Follows each row to its end: the last form has the parameters of the schema and needs no further conversion.
    #[test]
    fn conversions_end_in_the_current_form() {
        for start in &CONVERSIONS {
            let (mut code, mut nparams) = (start.code, u32::from(start.nparams));
            for round in 0.. {
                assert!(round < 50, "{} {}", start.code, start.nparams);
                let row = event(code).unwrap();
                let done =
                    row.is_exit() && !row.flags.has(EventFlags::OLD_VERSION) && nparams == row.params.len() as u32;
                if done || !row.flags.has(EventFlags::CONVERTER_MANAGED) {
                    assert!(
                        !row.flags.has(EventFlags::OLD_VERSION) && nparams == row.params.len() as u32,
                        "{}",
                        row.id
                    );
                    break;
                }
                match conversion(code, nparams).map(|c| c.action) {
                    None => panic!("{} with {nparams} parameters has no conversion", row.id),
                    Some(Pass | Store | StoreAndPass) => break,
                    Some(Add(instrs)) => nparams += instrs.len() as u32,
                    Some(ChangeType(target, instrs)) => (code, nparams) = (target, instrs.len() as u32),
                }
            }
        }
    }
}
