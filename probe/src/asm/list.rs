//! The listing of a program, one instruction a line, in the words of `bpftool prog dump xlated`.
//!
//! ```text
//! only_init:
//!    0: call bpf_get_current_pid_tgid#14
//!    1: r0 >>= 32
//!    2: if r0 != 1 goto out
//!    3: *(u32 *)(r10 -4) = r0                   ; the id is still in r0
//!  out:
//!    4: r0 = 0
//! ```

use super::insn::{CALL, END, EXIT, Insn, JA, JA_LONG, LD_IMM64, MAY_GOTO, class, pseudo, target};
use super::{Helper, Program};
use std::fmt;
use std::os::fd::RawFd;

/// Where comments begin.
const COMMENT_COLUMN: usize = 44;

const BINARY: [&str; 13] = ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "", "%=", "^=", "=", "s>>="];
const TESTS: [&str; 14] = ["", "==", ">", ">=", "&", "!=", "s>", "s>=", "", "", "<", "<=", "s<", "s<="];

fn alu(insn: &Insn) -> String {
    let letter = if insn.class() == class::ALU64 { 'r' } else { 'w' };
    let (dst, code) = (insn.dst, usize::from(insn.op >> 4));
    match insn.op & 0xf0 {
        END => {
            let order = if insn.by_register() { "be" } else { "le" };
            format!("r{dst} = {order}{} r{dst}", insn.imm)
        }
        0x80 => format!("{letter}{dst} = -{letter}{dst}"),
        _ => {
            let op = BINARY.get(code).copied().unwrap_or("?=");
            match insn.by_register() {
                true => format!("{letter}{dst} {op} {letter}{}", insn.src),
                false => format!("{letter}{dst} {op} {}", insn.imm),
            }
        }
    }
}

/// `*(u64 *)(r6 +112)`.
fn place(base: u8, insn: &Insn) -> String {
    let off = insn.off;
    format!("*(u{} *)(r{base} {off:+})", u32::from(insn.access()) * 8)
}

fn atomic(insn: &Insn) -> String {
    let (src, place) = (insn.src, place(insn.dst, insn));
    match insn.imm {
        0x00 => format!("lock {place} += r{src}"),
        0x40 => format!("lock {place} |= r{src}"),
        0x50 => format!("lock {place} &= r{src}"),
        0x01 => format!("r{src} = fetch_add({place}, r{src})"),
        0xe1 => format!("r{src} = xchg({place}, r{src})"),
        0xf1 => format!("r0 = cmpxchg({place}, r0, r{src})"),
        other => format!("atomic {other:#x} {place}, r{src}"),
    }
}

fn call(insn: &Insn, names: Names<'_>) -> String {
    match insn.src {
        target::HELPER => match Helper::by_number(insn.imm) {
            Some(helper) => format!("call bpf_{}#{}", helper.name(), insn.imm),
            None => format!("call helper#{}", insn.imm),
        },
        target::KFUNC => format!("call {}#{}", (names.function)(insn.imm.cast_unsigned()), insn.imm),
        _ => "call".to_owned(),
    }
}

/// What a listing calls that of which a program has nothing but a number.
#[derive(Clone, Copy)]
pub struct Names<'n> {
    /// The map with a file descriptor.
    pub map: &'n dyn Fn(RawFd) -> String,
    /// The kernel's function with a number in BTF.
    pub function: &'n dyn Fn(u32) -> String,
}

impl Names<'static> {
    /// Without any names.
    pub const NONE: Names<'static> = Names { map: &|fd| format!("fd:{fd}"), function: &|_| "kernel".to_owned() };
}

/// The listing of a program, in which things have names.
pub struct Listing<'l> {
    program: &'l Program,
    names: Names<'l>,
}

impl Program {
    /// The listing with these names.
    pub fn listing<'l>(&'l self, names: Names<'l>) -> Listing<'l> {
        Listing { program: self, names }
    }

    /// The label at a place, with the place if others have that name too; else the place itself.
    fn target(&self, to: i64) -> String {
        let first = self.labels.partition_point(|(at, _)| (*at as i64) < to);
        let Some((_, name)) = self.labels.get(first).filter(|(at, _)| *at as i64 == to) else { return to.to_string() };
        let same = self.labels.iter().filter(|(_, other)| other == name).count();
        if same > 1 { format!("{name} ({to})") } else { name.clone() }
    }

    fn wide(&self, at: usize, names: Names<'_>) -> String {
        let insn = &self.insns[at];
        let high = self.insns.get(at + 1).map_or(0, |i| i.imm);
        let value = match insn.src {
            pseudo::MAP_FD => format!("map[{}]", (names.map)(insn.imm)),
            pseudo::MAP_VALUE => format!("map[{}][0]{high:+}", (names.map)(insn.imm)),
            pseudo::FUNC => format!("function {}", self.target(at as i64 + 1 + i64::from(insn.imm))),
            _ => format!("{:#x} ll", i64::from(high) << 32 | i64::from(insn.imm.cast_unsigned())),
        };
        format!("r{} = {value}", insn.dst)
    }

    fn jump(&self, at: usize) -> String {
        let insn = &self.insns[at];
        let from = at as i64 + 1;
        match insn.op {
            JA => return format!("goto {}", self.target(from + i64::from(insn.off))),
            MAY_GOTO => return format!("may_goto {}", self.target(from + i64::from(insn.off))),
            JA_LONG => return format!("gotol {}", self.target(from + i64::from(insn.imm))),
            _ => {}
        }
        let letter = if insn.class() == class::JMP { 'r' } else { 'w' };
        let test = TESTS.get(usize::from(insn.op >> 4)).copied().unwrap_or("?");
        let right = match insn.by_register() {
            true => format!("{letter}{}", insn.src),
            false => insn.imm.to_string(),
        };
        format!("if {letter}{} {test} {right} goto {}", insn.dst, self.target(from + i64::from(insn.off)))
    }

    /// The text of one instruction.
    pub(super) fn text(&self, at: usize, names: Names<'_>) -> String {
        let insn = &self.insns[at];
        match (insn.class(), insn.op) {
            (_, LD_IMM64) => self.wide(at, names),
            (_, CALL) if insn.src == target::LOCAL => {
                format!("call {}", self.target(at as i64 + 1 + i64::from(insn.imm)))
            }
            (_, CALL) => call(insn, names),
            (_, EXIT) => "exit".to_owned(),
            (class::LDX, _) => format!("r{} = {}", insn.dst, place(insn.src, insn)),
            (class::ST, _) => format!("{} = {}", place(insn.dst, insn), insn.imm),
            (class::STX, _) if insn.is_atomic() => atomic(insn),
            (class::STX, _) => format!("{} = r{}", place(insn.dst, insn), insn.src),
            (class::JMP | class::JMP32, _) => self.jump(at),
            (class::LD, _) => format!("({:#04x})", insn.op),
            _ => alu(insn),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.listing(Names::NONE).fmt(f)
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.program;
        let mut labels = program.labels.iter().peekable();
        let mut comments = program.comments.iter().peekable();
        let mut functions = program.functions.iter().peekable();
        let mut at = 0;
        while at < program.insns.len() {
            while let Some(function) = functions.next_if(|f| f.start <= at) {
                writeln!(f, "{}:", function.name)?;
            }
            while let Some((place, name)) = labels.next_if(|(place, _)| *place <= at) {
                if !program.functions.iter().any(|f| f.start == *place && f.name == *name) {
                    writeln!(f, " {name}:")?;
                }
            }
            let line = format!("{at:4}: {}", program.text(at, self.names));
            let mut notes = Vec::new();
            while let Some((_, note)) = comments.next_if(|(place, _)| *place <= at) {
                notes.push(note.as_str());
            }
            match notes.is_empty() {
                true => writeln!(f, "{line}")?,
                false => writeln!(f, "{line:COMMENT_COLUMN$} ; {}", notes.join("; "))?,
            }
            at += if program.insns[at].op == LD_IMM64 { 2 } else { 1 };
        }
        Ok(())
    }
}
