//! System calls as 32-bit programs make them.

#![expect(unsafe_code, reason = "makes system calls as 32-bit programs do")]

use std::arch::asm;

const GETPID: u32 = 20;

/// Makes a 32-bit call. The upper halves of the registers hold what no 32-bit program can put there.
pub fn call32(number: u32, arguments: &[u32]) -> i64 {
    let word = |i: usize| u64::from(arguments.get(i).copied().unwrap_or(0)) | 0x5a5a_5a5a_0000_0000;
    let words: [u64; 6] = std::array::from_fn(word);
    let mut result = u64::from(number) | 0x5a5a_5a5a_0000_0000;
    // SAFETY: tests hand over descriptors, numbers, and addresses in memory that stays; registers that the compiler keeps
    // for itself are put back.
    unsafe {
        asm!(
            "push rbx", "push rbp",
            "mov rbx, [r12]", "mov rbp, [r12 + 40]",
            "int 0x80",
            "pop rbp", "pop rbx",
            in("r12") words.as_ptr(), inout("rax") result, inout("rcx") words[1] => _, inout("rdx") words[2] => _,
            inout("rsi") words[3] => _, inout("rdi") words[4] => _,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    result.cast_signed()
}

/// Whether the kernel takes 32-bit calls: where it does not, they end the process.
pub fn taken() -> bool {
    // SAFETY: the child makes two calls and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let status = i32::from(call32(GETPID, &[]) != i64::from(std::process::id()));
        // SAFETY: ends the child.
        unsafe { libc::_exit(status) }
    }
    let mut status = -1;
    // SAFETY: writes to the status.
    let ended = unsafe { libc::waitpid(child, &raw mut status, 0) };
    let taken = ended == child && status == 0;
    if !taken {
        eprintln!("skipped: this kernel takes no 32-bit calls");
    }
    taken
}
