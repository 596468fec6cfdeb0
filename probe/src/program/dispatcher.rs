//! The program at `sys_exit`, which runs after every system call of the machine: finds the program of the call.
//!
//! ```text
//! number of the call ─ wanted by nobody ─► end
//!                └─ 64-bit program: its index ──┐
//!                └─ 32-bit program: by the rows ─┴─► tail call
//! ```
//!
//! What must hold: a call that nobody wants costs no call of a helper. A number is wanted if a 64-bit program means a call
//! by it that has a program, or a 32-bit program does, or means nothing that is known, which is counted. Of the register
//! with the number the kernel looks at 32 bits, whatever a program has put into the others.

use super::compat::TS_COMPAT;
use super::emit::Emit;
use super::kernel::{GenerateError, Kernel, registers};
use super::output::Maps;
use crate::asm::{Cond, Helper, Label, Program, Reg, Size};
use crate::sys::map::{Layout, MapSpec, MapType};
use aya::maps::MapData;
use peregrine_schema::capture::Hook;
use peregrine_schema::events::code;
use peregrine_schema::syscalls::compat::{COMPAT_CALLS, IPC, SOCKETCALL};
use peregrine_schema::syscalls::{Arch, NUMBER_LIMIT, program_index, syscall};
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use Reg::{R0, R1, R2, R3, R4, R5, R6, R9};

/// `PSR_MODE32_BIT` of aarch64's `pstate`.
const MODE_32: i32 = 0x10;
/// Words of the bits of [`WantedCalls`], a power of two.
const WORDS: usize = 8;
const _: () = assert!(NUMBER_LIMIT as usize == 64 * WORDS);

/// Bits of the numbers that are wanted, in a map of one value.
#[derive(Debug)]
pub struct WantedCalls(MapData);

impl WantedCalls {
    /// None.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn create() -> io::Result<WantedCalls> {
        let map = MapSpec::new("wanted", MapType::Array, 4, 8 * WORDS as u32, 1).create().map_err(io::Error::other)?;
        Ok(WantedCalls(map))
    }

    /// Those that lead to one of these programs, by [`program_index`].
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn set(&self, arch: Arch, wanted: impl Fn(u16) -> bool) -> io::Result<()> {
        let mut words = [0_u64; WORDS];
        for number in 0..NUMBER_LIMIT {
            if wanted(number) || arch == Arch::X86_64 && by_32_bit_programs(number, &wanted) {
                words[usize::from(number) / 64] |= 1 << (number % 64);
            }
        }
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        Layout::of(&self.0)?.update(&0_u32.to_ne_bytes(), &bytes, 0)
    }
}

fn by_32_bit_programs(number: u16, wanted: impl Fn(u16) -> bool) -> bool {
    // These do many things, some of them unknown.
    if number == SOCKETCALL || number == IPC {
        return true;
    }
    let mut rows = COMPAT_CALLS.iter().filter(|call| call.number == number).peekable();
    let leads = |code| syscall(code).and_then(|call| program_index(call, Arch::X86_64)).is_some_and(&wanted);
    rows.peek().is_none() || rows.any(|call| leads(call.code))
}

impl AsRawFd for WantedCalls {
    fn as_raw_fd(&self) -> RawFd {
        self.0.fd().as_fd().as_raw_fd()
    }
}

/// The program, for an array of programs in which each stands at its [`program_index`].
///
/// # Errors
///
/// When this kernel's registers are unknown.
pub fn dispatcher(
    kernel: &Kernel,
    maps: &Maps,
    programs: RawFd,
    wanted: &WantedCalls,
) -> Result<Program, GenerateError> {
    // Names the program in errors.
    let event = &peregrine_schema::EVENTS[usize::from(code::GENERIC_X)];
    let mut emit = Emit::new(kernel, "sys_exit", Hook::SysExit, event);
    let (_, number) = registers(kernel.arch);
    let [compat, unwanted] = ["32-bit program", "wanted by nobody"].map(|name| emit.a.label(name));
    match kernel.arch {
        Arch::X86_64 => {
            emit.a.load(Size::B8, R9, R6, 0);
            emit.walk(R3, R9, &format!("pt_regs.{number}"))?;
            emit.a.mov32(R3, R3);
            emit.only_if_wanted(wanted, unwanted);
            emit.caller(maps)?;
            emit.walk(R0, R9, "task_struct.thread_info.status")?;
            emit.a.jump_if32(Cond::Set, R0, TS_COMPAT, compat);
        }
        Arch::Aarch64 => {
            emit.a.load(Size::B8, R9, R6, 0);
            emit.walk(R0, R9, "pt_regs.pstate")?;
            emit.a.jump_if32(Cond::Set, R0, MODE_32, compat);
            // The numbers of 32-bit programs are others, and all their calls are counted.
            emit.walk(R3, R9, &format!("pt_regs.{number}"))?;
            emit.only_if_wanted(wanted, unwanted);
        }
    }
    emit.a.load(Size::B8, R9, R6, 0);
    emit.walk(R3, R9, &format!("pt_regs.{number}"))?;
    emit.a.mov(R1, R6).load_map(R2, programs).call(Helper::TailCall);
    emit.a.bind(unwanted).mov(R0, 0).exit().bind(compat);
    emit.compat_call(maps, programs)?;
    emit.a.finish().map_err(|m| GenerateError::Mistakes(Box::new(m)))
}

impl Emit<'_> {
    /// Goes to `unwanted` unless the number in R3 has a bit. Uses R0, R4 and R5.
    fn only_if_wanted(&mut self, wanted: &WantedCalls, unwanted: Label) {
        self.a.jump_if(Cond::Ge, R3, 64 * WORDS as i32, unwanted).load_map_value(R5, wanted.as_raw_fd(), 0);
        self.a.mov(R4, R3).rsh(R4, 6).and(R4, WORDS as i32 - 1).lsh(R4, 3).add(R5, R4);
        self.a.load(Size::B8, R0, R5, 0).and(R3, 63).rsh(R0, R3).and(R0, 1).jump_if(Cond::Eq, R0, 0, unwanted);
    }
}
