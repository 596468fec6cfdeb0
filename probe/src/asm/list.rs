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

use super::insn::{CALL, END, EXIT, Insn, JA, JA_LONG, LD_IMM64, class, pseudo, target};
use super::{Helper, Program};
use std::fmt;

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

fn call(insn: &Insn) -> String {
    match insn.src {
        target::HELPER => match Helper::by_number(insn.imm) {
            Some(helper) => format!("call bpf_{}#{}", helper.name(), insn.imm),
            None => format!("call helper#{}", insn.imm),
        },
        target::KFUNC => format!("call kernel#{}", insn.imm),
        _ => "call".to_owned(),
    }
}

impl Program {
    /// The label at a place, else the place itself.
    fn target(&self, to: i64) -> String {
        let first = self.labels.partition_point(|(at, _)| (*at as i64) < to);
        let named = self.labels.get(first).filter(|(at, _)| *at as i64 == to);
        named.map_or_else(|| to.to_string(), |(_, name)| name.clone())
    }

    fn wide(&self, at: usize) -> String {
        let insn = &self.insns[at];
        let high = self.insns.get(at + 1).map_or(0, |i| i.imm);
        let value = match insn.src {
            pseudo::MAP_FD => format!("map[fd:{}]", insn.imm),
            pseudo::MAP_VALUE => format!("map[fd:{}][0]{high:+}", insn.imm),
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
    pub(super) fn text(&self, at: usize) -> String {
        let insn = &self.insns[at];
        match (insn.class(), insn.op) {
            (_, LD_IMM64) => self.wide(at),
            (_, CALL) if insn.src == target::LOCAL => {
                format!("call {}", self.target(at as i64 + 1 + i64::from(insn.imm)))
            }
            (_, CALL) => call(insn),
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
        let mut labels = self.labels.iter().peekable();
        let mut comments = self.comments.iter().peekable();
        let mut functions = self.functions.iter().peekable();
        let mut at = 0;
        while at < self.insns.len() {
            while let Some(function) = functions.next_if(|f| f.start <= at) {
                writeln!(f, "{}:", function.name)?;
            }
            while let Some((place, name)) = labels.next_if(|(place, _)| *place <= at) {
                if !self.functions.iter().any(|f| f.start == *place && f.name == *name) {
                    writeln!(f, " {name}:")?;
                }
            }
            let line = format!("{at:4}: {}", self.text(at));
            let mut notes = Vec::new();
            while let Some((_, note)) = comments.next_if(|(place, _)| *place <= at) {
                notes.push(note.as_str());
            }
            match notes.is_empty() {
                true => writeln!(f, "{line}")?,
                false => writeln!(f, "{line:COMMENT_COLUMN$} ; {}", notes.join("; "))?,
            }
            at += if self.insns[at].op == LD_IMM64 { 2 } else { 1 };
        }
        Ok(())
    }
}
