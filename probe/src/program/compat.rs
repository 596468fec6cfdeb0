//! Calls of 32-bit programs: where they go, their arguments, and words in their memory.
//!
//! ```text
//! sys_exit ─► dispatcher ─ 64-bit ─► number ───────────────► program
//!                └ 32-bit ─► number, found in the rows ────► the same program
//! ```
//!
//! A program asks once whether its call is that of a 32-bit program ([`Emit::load_arguments`]) and brings the arguments
//! into the places where those of a 64-bit call would be; all that reads arguments, filters among it, sees no difference.
//! How much shorter a word is in the program's memory is kept on the stack, and calculated with. A branch on what is there
//! would make the verifier look at all that follows once for each way; where one must be, it is on a number calculated from
//! it ([`Emit::fewer`]), from which the verifier learns nothing of the slot.
//!
//! What must hold: a call that is recorded has a row in [`compat`]; all others are counted. On aarch64 all are counted.

use super::emit::{Emit, Written};
use super::output::{Loss, Maps};
use crate::asm::{Cond, Helper, Label, Reg, Size, Slot};
use peregrine_schema::capture::Int;
use peregrine_schema::syscalls::compat::{
    self, Argument, Arguments, COMPAT_CALLS, CompatCall, IPC, IPC_CALLS, IPC_MASK, PLAIN, SOCKETCALL, SOCKETCALLS,
};
use peregrine_schema::syscalls::{Arch, NUMBER_LIMIT, program_index, syscall};
use std::os::fd::RawFd;

use Reg::{R0, R1, R2, R3, R6, R9, R10};

/// `TS_COMPAT` of x86's `thread_info.status`.
pub(super) const TS_COMPAT: i32 = 2;
/// Bytes of a word of 64-bit programs, and how many fewer those of 32-bit ones have.
const WORD: i32 = 8;
pub(super) const FEWER: i32 = 4;
/// Registers of the arguments of 32-bit programs, and of the number.
const REGISTERS: [&str; 6] = ["bx", "cx", "dx", "si", "di", "bp"];
const NUMBER: &str = "pt_regs.orig_ax";
/// Page size of x86, as a shift.
const PAGE_SHIFT: i32 = 12;

/// Numbers in a row whose programs lie in a row, too.
struct Run {
    first: u16,
    last: u16,
    /// Index of the program of the first.
    program: u16,
}

fn runs(calls: &[CompatCall]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for call in calls {
        let Some(program) = syscall(call.code).and_then(|s| program_index(s, Arch::X86_64)) else { continue };
        match runs.last_mut() {
            Some(run) if call.number == run.last + 1 && program == run.program + (call.number - run.first) => {
                run.last = call.number;
            }
            _ => runs.push(Run { first: call.number, last: call.number, program }),
        }
    }
    runs
}

/// Where the six arguments of a 32-bit program are.
#[derive(Clone, Copy)]
enum Given {
    /// In the registers that R9 leads to.
    Registers,
    /// In a slot, so many words of 32 bits.
    Words(Slot, u8),
}

impl Emit<'_> {
    // ---- the dispatcher ----

    /// Goes to the program of a 32-bit program's call, if there is one, and ends; calls that are not recorded are counted.
    pub(super) fn compat_call(&mut self, maps: &Maps, programs: RawFd) -> Written {
        let [missing, end] = ["no such call", "end"].map(|name| self.a.label(name));
        if self.k.arch == Arch::X86_64 {
            let [found, sockets, ipc] = ["found", "socketcall", "ipc"].map(|name| self.a.label(name));
            self.a.load(Size::B8, R9, R6, 0);
            self.walk(R3, R9, NUMBER)?;
            // What has no number, as the return from a signal handler, is no call.
            self.a.mov32(R3, R3).jump_if(Cond::Ge, R3, i32::from(NUMBER_LIMIT), end);
            self.a.jump_if(Cond::Eq, R3, i32::from(SOCKETCALL), sockets).jump_if(Cond::Eq, R3, i32::from(IPC), ipc);
            self.search(&runs(COMPAT_CALLS), missing, found);
            for (label, calls, mask) in [(sockets, SOCKETCALLS, -1), (ipc, IPC_CALLS, i32::from(IPC_MASK))] {
                self.a.bind(label);
                self.walk(R3, R9, &format!("pt_regs.{}", REGISTERS[0]))?;
                self.a.and32(R3, mask);
                self.search(&runs(calls), missing, found);
            }
            self.a.bind(found).mov(R1, R6).load_map(R2, programs).call(Helper::TailCall).jump(end);
        }
        self.a.bind(missing);
        self.count(maps, Loss::Compat);
        self.a.bind(end).mov(R0, 0).exit();
        Ok(())
    }

    /// The number in R3 becomes the index of its program; goes to `found` or `missing`.
    fn search(&mut self, runs: &[Run], missing: Label, found: Label) {
        let (left, right) = runs.split_at(runs.len() / 2);
        match right {
            [] => {
                self.a.jump(missing);
            }
            [Run { first, last, program }] if left.is_empty() => {
                self.a.jump_if(Cond::Lt, R3, i32::from(*first), missing);
                self.a.jump_if(Cond::Gt, R3, i32::from(*last), missing);
                self.a.add(R3, i32::from(*program) - i32::from(*first)).jump(found);
            }
            [middle, ..] => {
                let below = self.a.label("below");
                self.a.jump_if(Cond::Lt, R3, i32::from(middle.first), below);
                self.search(right, missing, found);
                self.a.bind(below);
                self.search(left, missing, found);
            }
        }
    }

    // ---- arguments ----

    /// After the arguments of a 64-bit call have been brought to `slots`: goes on behind, or, if `narrow` says that it is
    /// a 32-bit program's, brings its own there. R9: the registers. Uses R0 to R5.
    pub(super) fn compat_arguments(&mut self, slots: &[Slot; 7], narrow: Slot, compat: Label) -> Written {
        let done = self.a.label("arguments");
        self.a.jump(done).bind(compat).comment("32-bit program").load(Size::B8, R9, R6, 0);
        let ways: Vec<_> = compat::ways(self.syscall).filter(|(.., arguments)| **arguments != PLAIN).collect();
        // One number may do several things, but for this program only one.
        for (number, _, arguments) in ways {
            let other = self.a.label("another way");
            self.walk(R0, R9, NUMBER)?;
            self.a.jump_if32(Cond::Ne, R0, i32::from(number), other);
            self.brought(arguments, slots)?;
            if arguments.wide {
                self.a.store(Size::B8, R10, narrow.at(0), 0);
            }
            self.a.jump(done).bind(other);
        }
        self.brought(&PLAIN, slots)?;
        self.a.bind(done);
        self.meet();
        Ok(())
    }

    fn brought(&mut self, arguments: &Arguments, slots: &[Slot; 7]) -> Written {
        let mark = self.a.mark();
        let given = match arguments.memory {
            None => Given::Registers,
            Some((pointer, count)) => {
                let words = self.a.slot("words", 4 * slots.len() as u16 - 4, 8);
                self.given(R3, Given::Registers, pointer)?;
                self.a.slot_address(R1, words, 0).mov(R2, 4 * i32::from(count)).call(Helper::ProbeReadUser);
                Given::Words(words, count)
            }
        };
        for (slot, argument) in slots.iter().zip(arguments.each) {
            match argument {
                Argument::Zero => {
                    self.a.mov(R0, 0);
                }
                Argument::Word(index) => self.given(R0, given, index)?,
                Argument::Signed(index) => {
                    self.given(R0, given, index)?;
                    self.extend(Int::S32);
                }
                Argument::Halves(low, high) => {
                    self.given(R0, given, high)?;
                    self.a.lsh(R0, 32).store(Size::B8, R10, slot.at(0), R0);
                    self.given(R0, given, low)?;
                    self.a.load(Size::B8, R1, R10, slot.at(0)).or(R0, R1);
                }
                Argument::Pages(index) => {
                    self.given(R0, given, index)?;
                    self.a.lsh(R0, PAGE_SHIFT);
                }
                Argument::Id(index) => {
                    let set = self.a.label("an id");
                    self.given(R0, given, index)?;
                    self.extend(Int::U16);
                    self.a.jump_if(Cond::Ne, R0, i32::from(u16::MAX), set).mov32(R0, -1).bind(set);
                }
                Argument::Command(index) => {
                    self.given(R0, given, index)?;
                    self.a.and32(R0, !0x100);
                }
                Argument::Pointed(index) => {
                    self.given(R3, given, index)?;
                    self.read_user(Int::U32);
                }
            }
            self.a.store(Size::B8, R10, slot.at(0), R0);
        }
        self.a.release(mark);
        Ok(())
    }

    /// `dst =` 32 bits that were given. Uses R0 to R5 where kernel memory is read by calls.
    fn given(&mut self, dst: Reg, given: Given, index: u8) -> Written {
        match given {
            Given::Registers => {
                self.walk(dst, R9, &format!("pt_regs.{}", REGISTERS[usize::from(index)]))?;
                // What a 64-bit program that calls so has in the upper half does not count.
                self.a.mov32(dst, dst);
            }
            Given::Words(words, count) if index < count => {
                self.a.load(Size::B4, dst, R10, words.at(4 * u16::from(index)));
            }
            Given::Words(..) => {
                self.a.mov(dst, 0);
            }
        }
        Ok(())
    }

    /// `R0 =` not 0 if the call is a 32-bit program's; `narrow` becomes how many bytes fewer its words have. Uses R1 to
    /// R5, and R9.
    pub(super) fn is_compat(&mut self, maps: &Maps, narrow: Slot) -> Written {
        self.caller(maps)?;
        self.walk(R0, R9, "task_struct.thread_info.status")?;
        self.a.and32(R0, TS_COMPAT).mov(R1, R0).mul(R1, FEWER / TS_COMPAT).store(Size::B8, R10, narrow.at(0), R1);
        Ok(())
    }

    // ---- words in user memory ----

    /// `dst =` how many bytes fewer a word has than those of 64-bit programs, in a form that the verifier knows.
    pub(super) fn fewer(&mut self, dst: Reg, narrow: Slot) {
        self.a.load(Size::B8, dst, R10, narrow.at(0)).and(dst, FEWER);
    }

    /// `dst =` the bytes of so many words of the program. Uses `other`.
    pub(super) fn bytes_of_words(&mut self, dst: Reg, count: i32, other: Reg) {
        self.a.mov(dst, WORD * count);
        if let Some(narrow) = self.narrow.filter(|_| count > 0) {
            self.fewer(other, narrow);
            self.a.mul(other, count).sub(dst, other);
        }
    }

    /// Adds the bytes of so many words of the program to an address. Uses R0 and R1.
    pub(super) fn add_words(&mut self, to: Reg, count: i32) {
        if count > 0 {
            self.bytes_of_words(R0, count, R1);
            self.a.add(to, R0);
        }
    }

    /// What was read as a word of 64 bits is one of the program: cuts what lies behind a shorter one, and extends it by
    /// its sign or by zeroes. Uses `other`.
    pub(super) fn cut_word(&mut self, reg: Reg, signed: bool, other: Reg) {
        let Some(narrow) = self.narrow else { return };
        self.fewer(other, narrow);
        self.a.lsh(other, 3).lsh(reg, other);
        if signed {
            self.a.arsh(reg, other)
        } else {
            self.a.rsh(reg, other)
        };
    }

    /// `R0 =` a word of user memory at the address in R3; 0 if it cannot be read. Uses R1 to R5.
    pub(super) fn read_word(&mut self, signed: bool) {
        let mark = self.a.mark();
        let word = self.a.slot("word", 8, 8);
        self.bytes_of_words(R2, 1, R1);
        self.a.store(Size::B8, R10, word.at(0), 0).slot_address(R1, word, 0).call(Helper::ProbeReadUser);
        self.a.load(Size::B8, R0, R10, word.at(0));
        if signed {
            self.cut_word(R0, true, R1);
        }
        self.a.release(mark);
    }

    /// `R0 =` word `index` behind the address in an argument; all ones are extended. Uses R1 to R5.
    pub(super) fn unlimited_word(&mut self, pointer: u8, index: u8) {
        self.argument(R3, pointer);
        self.add_words(R3, index.into());
        self.read_word(false);
        if let Some(narrow) = self.narrow {
            let known = self.a.label("word");
            self.a.load_imm64(R1, u32::MAX.into()).jump_if(Cond::Ne, R0, R1, known);
            self.fewer(R1, narrow);
            self.a.jump_if(Cond::Eq, R1, 0, known).mov(R0, -1).bind(known);
        }
    }

    /// `R0 =` two words with sign behind the address in an argument: the first `scale` times, and the second; 0 if they
    /// cannot be read. Uses R1 to R5.
    pub(super) fn two_words(&mut self, pointer: u8, scale: i32) {
        let mark = self.a.mark();
        let first = self.a.slot("first word", 8, 8);
        self.argument(R3, pointer);
        self.read_word(true);
        self.a.mul(R0, scale).store(Size::B8, R10, first.at(0), R0);
        self.argument(R3, pointer);
        self.add_words(R3, 1);
        self.read_word(true);
        self.a.load(Size::B8, R1, R10, first.at(0)).add(R0, R1);
        self.a.release(mark);
    }
}
