//! What the system grants the process: the limit on locked memory, the size of a page.

use std::io;

/// Lifts the limit on locked memory, which kernels before 5.11 charge maps and programs to.
#[expect(unsafe_code, reason = "a system call that reads memory by address")]
pub(crate) fn lift_memlock() -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: `limit` is a whole `rlimit`, only read.
    match unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Bytes of a page of memory.
#[expect(unsafe_code, reason = "a function of the C library")]
pub(crate) fn page_size() -> usize {
    // SAFETY: takes no memory; a constant of the system.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}
