//! seccomp(2): a filter of system calls for all threads of the process.

use seccompiler::sock_filter;
use std::io;

/// What became of a filter.
pub(crate) enum Installed {
    /// It holds for all threads.
    Everywhere,
    /// It holds for none: this thread has another one.
    NotFor(i64),
}

/// Installs a filter, for all threads at once; `logged`: what it forbids goes to the audit log, where there is one.
/// `seccompiler` installs filters as well, but not logged.
#[expect(unsafe_code, reason = "a system call that reads memory by address")]
pub(crate) fn install(filter: &[sock_filter], logged: bool) -> io::Result<Installed> {
    let log = if logged { libc::SECCOMP_FILTER_FLAG_LOG } else { 0 };
    let len = u16::try_from(filter.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let program = libc::sock_fprog { len, filter: filter.as_ptr().cast_mut().cast() };
    // SAFETY: `program` and the `len` instructions it points to are valid until the call returns, and only read; both
    // forms of an instruction are the kernel's.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_TSYNC | log,
            &raw const program,
        )
    };
    match result {
        0 => Ok(Installed::Everywhere),
        ..0 => Err(io::Error::last_os_error()),
        thread => Ok(Installed::NotFor(thread)),
    }
}
