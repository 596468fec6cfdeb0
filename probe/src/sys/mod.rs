//! The one gate to the kernel: bpf(2), and the memory of a ring.
//!
//! This folder holds all `unsafe` of the crate. Each command has a struct that is laid out as the kernel's
//! `union bpf_attr` is for that command, and a safe function that owns every buffer the struct points to.
//!
//! Aya is used where it can be: maps are its [`aya::maps::MapData`], so that its typed maps read and write them. It
//! cannot be used for
//! - programs: it loads from ELF files only, and hides the verifier's flags, `func_info`, and what a program cost;
//! - maps of maps and task storage: it creates these from ELF definitions only ([`map::MapSpec::create`]);
//! - program arrays: [`aya::maps::ProgramArray::set`] takes programs that aya loaded ([`map::set_program`]);
//! - rings: its reader tells the kernel after every record and lends one record at a time ([`crate::ring`]).
//!
//! What must hold: file descriptors are owned ([`std::os::fd::OwnedFd`]) and closed on exec.

pub(crate) mod limits;
pub mod map;
pub mod program;
pub(crate) mod ring;

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// Commands of bpf(2).
#[derive(Clone, Copy)]
#[repr(u32)]
enum Command {
    MapCreate = 0,
    MapLookup = 1,
    MapUpdate = 2,
    MapDelete = 3,
    ProgLoad = 5,
    ProgTestRun = 10,
    ObjGetInfo = 15,
    RawTracepointOpen = 17,
    BtfLoad = 18,
    LookupAndDeleteBatch = 25,
    LinkCreate = 28,
    EnableStats = 32,
}

/// Names the kernel keeps of programs and maps: 15 bytes and a zero.
type Name = [u8; 16];

/// A name the kernel accepts: letters, digits, `_` and `.`, cut to 15 bytes.
fn kernel_name(name: &str) -> Name {
    let mut kept: Name = [0; 16];
    let allowed = |b: u8| if b.is_ascii_alphanumeric() || b == b'_' || b == b'.' { b } else { b'_' };
    for (to, from) in kept[..15].iter_mut().zip(name.bytes()) {
        *to = allowed(from);
    }
    kept
}

/// Calls bpf(2) and gives its result, which is a new file descriptor for some commands.
///
/// # Safety
///
/// `attr` must be laid out as the kernel reads it for `command`; every address in it must be 0, or be valid for the
/// length it says (for writing, where the kernel writes) until the call returns.
#[expect(unsafe_code, reason = "a system call that reads and writes memory by address")]
unsafe fn bpf<T>(command: Command, attr: &mut T) -> io::Result<i32> {
    let size = size_of::<T>();
    // SAFETY: `attr` is valid for `size` bytes for reading and writing; the addresses in it are the caller's promise.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command as libc::c_long, std::ptr::from_mut(attr), size) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as i32) }
}

/// As [`bpf`], for commands that give a file descriptor.
///
/// # Safety
///
/// As for [`bpf`]; and `command` must be one that gives a new file descriptor.
#[expect(unsafe_code, reason = "a file descriptor from a number")]
unsafe fn bpf_fd<T>(command: Command, attr: &mut T) -> io::Result<OwnedFd> {
    // SAFETY: the caller's promise.
    let fd = unsafe { bpf(command, attr)? };
    // SAFETY: the kernel has just given this descriptor to us, and nobody else knows it. It sets close-on-exec itself.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The address of a slice, for an attribute.
fn address<T>(slice: &[T]) -> u64 {
    if slice.is_empty() { 0 } else { slice.as_ptr().expose_provenance() as u64 }
}

/// The address of a slice the kernel writes to.
fn address_mut<T>(slice: &mut [T]) -> u64 {
    if slice.is_empty() { 0 } else { slice.as_mut_ptr().expose_provenance() as u64 }
}
