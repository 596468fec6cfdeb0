//! A system call made up so that it would be recorded as an event is: its arguments, result and memory.
//!
//! Recipes are followed backwards, each as well as it can be. Whether that succeeded is seen by following them forwards
//! again ([`Call::number`]), which shares nothing with the generator but the rows.

use crate::kernel::CaptureView;
use peregrine_compiler::kernel::decide::is_signed;
use peregrine_compiler::kernel::{KernelView as _, Number};
use peregrine_runtime::record::Record;
use peregrine_schema::capture::{
    Bits, Capture, Convert, FlagMap, Form, Int, Otherwise, RetTest, Source, Special, Test, maps,
};
use peregrine_schema::syscalls::Arch;
use peregrine_schema::syscalls::compat::{self, PLAIN};
use peregrine_schema::{Param, Type, flags};
use std::collections::BTreeMap;

const ARCH: Arch = Arch::X86_64;
/// Where the memory that an argument points to begins, and how far the next is away: a 32-bit program can call so too.
const USER: u64 = 0x1000_0000;
const SPACING: u64 = 0x100_0000;
/// Nothing is there.
const NOWHERE: u64 = 0xf000_0000;
/// Where the arguments of `socketcall` lie.
const WORDS: u64 = 0xe000_0000;
/// What a 32-bit program cannot put into the upper half of a register.
const UPPER: u64 = 0xabcd_ef01 << 32;

/// A system call.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// The arguments.
    pub arguments: [u64; 6],
    /// The result.
    pub result: i64,
    /// Number in captures.
    pub syscall: u16,
    /// A 32-bit program makes it, by this number; what `socketcall` is to do.
    way: Option<(u16, Option<u16>)>,
    /// What arguments point to.
    memory: BTreeMap<u8, Vec<u8>>,
}

impl Call {
    /// The call behind a record.
    pub fn of(record: &Record<'_>, view: &CaptureView<'_>, syscall: u16) -> Call {
        let mut call = Call { syscall, ..Call::default() };
        // Conditions may be about what a later parameter tells.
        for _ in 0..2 {
            for (index, param) in (0..).zip(record.event().params) {
                let Some(capture) = &param.capture else { continue };
                match capture.source {
                    Source::Text { pointer, .. } => {
                        let text = view.text(peregrine_compiler::kernel::Source::Param(index));
                        call.put_text(pointer, text);
                    }
                    _ => {
                        if let Some(number) = view.number(Number::Param(index)) {
                            call.put(capture, number as u64);
                        }
                    }
                }
            }
        }
        call
    }

    /// The same by a 32-bit program, in one of the ways in which its arguments are those of the 64-bit call.
    pub fn by_32_bit_program(&self, choice: u64) -> Option<Call> {
        let ways: Vec<_> = compat::ways(self.syscall)
            .filter(|(_, what, a)| a.each == PLAIN.each && !a.wide && a.memory.is_some() == what.is_some())
            .collect();
        let (number, what, arguments) = *ways.get(choice as usize % ways.len().max(1))?;
        let count = arguments.memory.map_or(6, |(_, count)| usize::from(count));
        let mut call = Call { way: Some((number, what)), ..self.clone() };
        call.arguments.iter_mut().for_each(|argument| *argument &= u64::from(u32::MAX));
        call.arguments[count..].fill(0);
        Some(call)
    }

    /// The registers in which the kernel finds the call, and whether a 32-bit program made it.
    pub fn registers(&self) -> (Vec<(&'static str, u64)>, bool) {
        let Some((number, what)) = self.way else {
            return (["di", "si", "dx", "r10", "r8", "r9"].into_iter().zip(self.arguments).collect(), false);
        };
        let arguments = match what {
            Some(what) => [what.into(), WORDS, 0, 0, 0, 0],
            None => self.arguments,
        };
        let registers = ["bx", "cx", "dx", "si", "di", "bp"].into_iter().zip(arguments.map(|a| a | UPPER));
        (registers.chain([("orig_ax", number.into())]).collect(), true)
    }

    /// The arguments of `socketcall`, and where they lie.
    pub fn words(&self) -> Option<(u64, Vec<u8>)> {
        let (_, Some(_)) = self.way? else { return None };
        Some((WORDS, self.arguments.iter().flat_map(|a| (*a as u32).to_le_bytes()).collect()))
    }

    /// Memory by address.
    pub fn memory(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.memory.iter().map(|(argument, bytes)| (address(*argument), &bytes[..]))
    }

    /// Forgets the text that an argument points to.
    pub fn forget_text(&mut self, pointer: u8) {
        self.put_text(pointer, None);
    }

    /// The text that an argument points to.
    pub fn text(&self, pointer: u8) -> Option<&[u8]> {
        let bytes = self.memory.get(&pointer).filter(|_| self.arguments[usize::from(pointer)] == address(pointer))?;
        bytes.split(|byte| *byte == 0).next()
    }

    fn put_text(&mut self, pointer: u8, text: Option<&[u8]>) {
        let at = usize::from(pointer);
        match text {
            Some(text) => {
                self.arguments[at] = address(pointer);
                self.memory.insert(pointer, [text, &[0]].concat());
            }
            None => {
                self.arguments[at] = NOWHERE;
                self.memory.remove(&pointer);
            }
        }
    }

    fn put_memory(&mut self, pointer: u8, at: usize, bytes: &[u8]) {
        self.arguments[usize::from(pointer)] = address(pointer);
        let memory = self.memory.entry(pointer).or_default();
        memory.resize(memory.len().max(at + bytes.len()), 0);
        memory[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Makes a recipe give a number.
    fn put(&mut self, capture: &Capture, number: u64) {
        if !self.holds(capture.when) {
            if let Otherwise::Capture(other) = capture.otherwise {
                self.put(other, number);
            }
            return;
        }
        let raw = before(capture.convert, number);
        match capture.source {
            Source::Ret => self.result = raw.cast_signed(),
            Source::Arg(index) => {
                let argument = &mut self.arguments[usize::from(index)];
                *argument = match capture.convert {
                    // Several parameters may come from one argument.
                    Convert::Bits { shift, mask } => *argument & !(u64::from(mask) << shift) | raw,
                    _ => raw,
                };
            }
            Source::Member { pointer, at, int } => {
                self.put_memory(pointer, at.into(), &raw.to_le_bytes()[..int.bytes()]);
            }
            Source::Word { pointer, index } => {
                self.put_memory(pointer, 8 * usize::from(index), &raw.to_le_bytes());
            }
            Source::PairFd { pointer, index } => {
                self.put_memory(pointer, 4 * usize::from(index), &raw.to_le_bytes()[..4]);
            }
            Source::Special(Special::MountFlags) => self.arguments[3] = raw,
            _ => {}
        }
    }

    /// Whether the tests of a recipe hold.
    pub fn holds(&self, tests: &[Test]) -> bool {
        tests.iter().all(|test| match test {
            Test::Ret(test) => self.returns(*test),
            Test::In { of, shift, values } => self.source(*of).is_some_and(|n| values.contains(&(n as u32 >> shift))),
            Test::Any { of, mask } => self.source(*of).is_some_and(|n| n as u32 & mask.on(ARCH) != 0),
        })
    }

    /// Whether the result is as asked.
    pub fn returns(&self, test: RetTest) -> bool {
        test.holds(self.result)
    }

    /// What a parameter of the record of this call holds; `None` if that is not told by the call alone.
    pub fn number(&self, param: &Param) -> Option<i128> {
        let size = param.ty.size().filter(|size| *size <= 8)?;
        let drop = 64 - 8 * size;
        let number = self.taken(param.capture.as_ref()?)? << drop;
        let signed = is_signed(param.ty) || param.ty == Type::Errno;
        Some(if signed { i128::from(number.cast_signed() >> drop) } else { i128::from(number >> drop) })
    }

    fn taken(&self, capture: &Capture) -> Option<u64> {
        if !self.holds(capture.when) {
            return match capture.otherwise {
                Otherwise::Empty => None,
                Otherwise::Const(number) => Some(number.cast_unsigned()),
                Otherwise::Capture(other) => self.taken(other),
            };
        }
        let number = self.source(capture.source)?;
        Some(match capture.convert {
            Convert::Plain => number,
            Convert::Int(int) => extended(number, int),
            Convert::Map(map) => map.apply(number as u32, ARCH).into(),
            Convert::OpenFlags => maps::OPEN.apply(number as u32, ARCH).into(),
            Convert::CloneFlags => maps::CLONE.apply(number as u32, ARCH).into(),
            Convert::Device => {
                let (major, minor) = (number >> 20 & 0xfff, number & 0xf_ffff);
                minor & 0xff | major << 8 | (minor & !0xff) << 12
            }
            Convert::Bits { shift, mask } => number >> shift & u64::from(mask),
        })
    }

    fn source(&self, source: Source) -> Option<u64> {
        let read = |pointer: u8, at: usize, len: usize| {
            let bytes = self.memory.get(&pointer)?.get(at..at + len)?;
            let mut word = [0; 8];
            word[..len].copy_from_slice(bytes);
            Some(u64::from_le_bytes(word)).filter(|_| self.arguments[usize::from(pointer)] == address(pointer))
        };
        Some(match source {
            Source::Const(number) => number.cast_unsigned(),
            Source::Ret => self.result.cast_unsigned(),
            Source::Arg(index) => self.arguments[usize::from(index)],
            Source::Member { pointer, at, int } => {
                read(pointer, at.into(), int.bytes()).map_or(0, |number| extended(number, int))
            }
            Source::Word { pointer, index } => read(pointer, 8 * usize::from(index), 8).unwrap_or(0),
            Source::PairFd { pointer, index } => {
                read(pointer, 4 * usize::from(index), 4).map_or(u64::MAX, |number| extended(number, Int::S32))
            }
            Source::SyscallCode => self.syscall.into(),
            Source::SyscallNumber => peregrine_schema::syscalls::syscall(self.syscall)?.number(ARCH)?.into(),
            Source::Special(Special::MountFlags) => match self.arguments[3] as u32 {
                old if old >> 16 == 0xc0ed => u64::from(old & 0xffff),
                flags => flags.into(),
            },
            _ => return None,
        })
    }
}

fn address(argument: u8) -> u64 {
    USER + SPACING * u64::from(argument)
}

fn extended(number: u64, int: Int) -> u64 {
    let drop = 64 - 8 * int.bytes();
    if int.signed() { ((number << drop).cast_signed() >> drop).cast_unsigned() } else { number << drop >> drop }
}

/// Flags about the opened file or the child's name space, which no argument tells.
pub fn beside_arguments(convert: Convert) -> u64 {
    let of = |table: &[peregrine_schema::Flag], names: &[&str]| {
        table.iter().filter(|flag| names.contains(&flag.name)).fold(0, |all, flag| all | u64::from(flag.value))
    };
    match convert {
        Convert::OpenFlags => of(flags::FILE_FLAGS, &["O_F_CREATED", "FD_UPPER_LAYER", "FD_LOWER_LAYER"]),
        Convert::CloneFlags => of(flags::CLONE_FLAGS, &["CLONE_CHILD_IN_PIDNS"]),
        _ => 0,
    }
}

/// A number that becomes another one by a conversion, if there is one.
fn before(convert: Convert, number: u64) -> u64 {
    let number = number & !beside_arguments(convert);
    match convert {
        Convert::Plain | Convert::Int(_) => number,
        Convert::Map(map) => u64::from(unmapped(map, number as u32)),
        Convert::OpenFlags => u64::from(unmapped(&maps::OPEN, number as u32)),
        Convert::CloneFlags => u64::from(unmapped(&maps::CLONE, number as u32)),
        Convert::Device => {
            let (major, minor) = (number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xf_ff00);
            major << 20 | minor
        }
        Convert::Bits { shift, mask } => (number & u64::from(mask)) << shift,
    }
}

/// The kernel's value of a capture's, or one near it.
fn unmapped(map: &FlagMap, gives: u32) -> u32 {
    let rules = match map.form {
        Form::Values { shift, mask, rows, .. } => {
            let row = rows.iter().filter(|row| row.gives == gives).find_map(|row| row.on(ARCH));
            let other = || (0..=mask.min(0xffff)).rev().find(|value| map.apply(value << shift, ARCH) == gives);
            return row.or_else(other).unwrap_or(0) << shift;
        }
        Form::Bits { rules, .. } => rules,
    };
    let distance = |raw: u32| (map.apply(raw, ARCH) ^ gives).count_ones();
    let mut raw = 0;
    // Step by step nearer, by the bits of one rule at a time.
    let steps: Vec<(u32, u32)> = rules
        .iter()
        .flat_map(|rule| {
            let mask = rule.mask.on(ARCH);
            let set = match rule.bits {
                Bits::Equal(bits) => vec![bits],
                Bits::Any | Bits::None => {
                    (0..32).map(|bit| 1 << bit & mask).filter(|bits| *bits != 0).chain([mask, 0]).collect()
                }
            };
            set.into_iter().map(move |bits| (mask, bits))
        })
        .collect();
    while distance(raw) > 0 {
        let next = steps.iter().map(|(mask, bits)| raw & !mask | bits).min_by_key(|next| distance(*next));
        match next.filter(|next| distance(*next) < distance(raw)) {
            Some(next) => raw = next,
            None => break,
        }
    }
    raw
}
