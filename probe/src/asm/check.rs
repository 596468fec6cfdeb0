//! A look at every way through a program: which registers hold something at each instruction.
//!
//! What must hold: a program without mistakes here may still be refused by the kernel, which knows types and bounds;
//! a program with mistakes here would be refused for certain.
//!
//! The state at an instruction is the set of registers written on *every* way to it, and it only shrinks, so the
//! work list ends after at most 11 visits of each instruction.

use super::insn::{CALL, END, EXIT, Insn, JA, JA_LONG, LD_IMM64, MAY_GOTO, class, target};
use super::{Helper, Mistake, Program, Reg};

/// R1 to R5.
const ARGUMENTS: u16 = 0b11_1110;

/// What is known before an instruction.
#[derive(Clone, Copy, PartialEq)]
struct State {
    /// Registers written on every way here.
    written: u16,
    /// The last call, if a call took the arguments away on some way here.
    call: Option<u32>,
}

/// What one instruction does to registers.
struct Effect {
    reads: u16,
    writes: u16,
}

fn bits(register: u8) -> u16 {
    1 << (register & 15)
}

fn alu(insn: &Insn) -> Effect {
    let dst = bits(insn.dst);
    let is_mov = insn.op & 0xf0 == 0xb0;
    let is_end = insn.op & 0xf0 == END & 0xf0;
    // `Neg` and byte order have no second operand whatever the source bit says.
    let one_operand = is_end || insn.op & 0xf0 == 0x80;
    let src = if insn.by_register() && !one_operand { bits(insn.src) } else { 0 };
    Effect { reads: src | if is_mov { 0 } else { dst }, writes: dst }
}

fn atomic(insn: &Insn) -> Effect {
    const CMPXCHG: i32 = super::Atomic::CmpXchg as i32;
    let reads = bits(insn.dst) | bits(insn.src);
    match insn.imm {
        CMPXCHG => Effect { reads: reads | Reg::R0.bit(), writes: Reg::R0.bit() },
        fetch if fetch & 1 != 0 => Effect { reads, writes: bits(insn.src) },
        _ => Effect { reads, writes: 0 },
    }
}

/// The first `n` argument registers.
fn arguments(n: u8) -> u16 {
    (1..=n.min(5)).fold(0, |set, r| set | bits(r))
}

fn call(program: &Program, at: usize) -> Effect {
    let insn = &program.insns[at];
    let count = match insn.src {
        target::HELPER => Helper::by_number(insn.imm).map_or(0, Helper::args),
        target::LOCAL => {
            let start = at as i64 + 1 + i64::from(insn.imm);
            program.functions.iter().find(|f| f.start as i64 == start).map_or(0, |f| f.args)
        }
        _ => {
            let known = program.kfuncs.binary_search_by_key(&at, |(place, _)| *place);
            known.map_or(0, |i| program.kfuncs[i].1)
        }
    };
    Effect { reads: arguments(count), writes: Reg::R0.bit() }
}

fn effect(program: &Program, at: usize) -> Effect {
    let insn = &program.insns[at];
    match (insn.class(), insn.op) {
        (_, LD_IMM64) => Effect { reads: 0, writes: bits(insn.dst) },
        (_, CALL) => call(program, at),
        (_, EXIT) => Effect { reads: Reg::R0.bit(), writes: 0 },
        (_, JA | JA_LONG | MAY_GOTO) => Effect { reads: 0, writes: 0 },
        (class::LDX, _) => Effect { reads: bits(insn.src), writes: bits(insn.dst) },
        (class::ST, _) => Effect { reads: bits(insn.dst), writes: 0 },
        (class::STX, _) if insn.is_atomic() => atomic(insn),
        (class::STX, _) => Effect { reads: bits(insn.dst) | bits(insn.src), writes: 0 },
        (class::JMP | class::JMP32, _) => {
            Effect { reads: bits(insn.dst) | if insn.by_register() { bits(insn.src) } else { 0 }, writes: 0 }
        }
        (class::LD, _) => Effect { reads: 0, writes: 0 },
        _ => alu(insn),
    }
}

/// Where the program goes on after the instruction: at most two places.
fn next(insn: &Insn, at: usize) -> [Option<i64>; 2] {
    let at = at as i64;
    match (insn.class(), insn.op) {
        (_, EXIT) => [None, None],
        (_, JA) => [Some(at + 1 + i64::from(insn.off)), None],
        (_, JA_LONG) => [Some(at + 1 + i64::from(insn.imm)), None],
        (_, CALL) => [Some(at + 1), None],
        (class::JMP | class::JMP32, _) => [Some(at + 1), Some(at + 1 + i64::from(insn.off))],
        (_, LD_IMM64) => [Some(at + 2), None],
        _ => [Some(at + 1), None],
    }
}

/// The walk over one program.
struct Walk<'p> {
    program: &'p Program,
    states: Vec<Option<State>>,
    work: Vec<usize>,
    found: Vec<Mistake>,
}

impl Walk<'_> {
    /// Records a way to `to`, within the function that ends at `end`.
    fn reach(&mut self, from: usize, to: i64, range: (usize, usize), state: State) {
        let inside = usize::try_from(to).ok().filter(|to| (range.0..range.1).contains(to));
        let Some(to) = inside else {
            self.found.push(Mistake::FallsOff { at: from });
            return;
        };
        let joined = match self.states[to] {
            None => state,
            Some(old) => State { written: old.written & state.written, call: old.call.or(state.call) },
        };
        if self.states[to] != Some(joined) {
            self.states[to] = Some(joined);
            self.work.push(to);
        }
    }

    fn function(&mut self, start: usize, end: usize, args: u8) {
        if start == end {
            self.found.push(Mistake::FallsOff { at: start.saturating_sub(1) });
            return;
        }
        self.states[start] = Some(State { written: arguments(args) | Reg::R10.bit(), call: None });
        self.work.push(start);
        while let Some(at) = self.work.pop() {
            let Some(state) = self.states[at] else { continue };
            let insn = self.program.insns[at];
            let mut after = State { written: state.written | effect(self.program, at).writes, call: state.call };
            if insn.op == CALL {
                after = State { written: after.written & !ARGUMENTS, call: Some(at as u32) };
            }
            for to in next(&insn, at).into_iter().flatten() {
                self.reach(at, to, (start, end), after);
            }
        }
    }

    /// What the final states show about one instruction.
    fn judge(&mut self, at: usize, stack: u16) {
        let insn = self.program.insns[at];
        let Some(state) = self.states[at] else {
            self.found.push(Mistake::Unreachable { at });
            return;
        };
        let effect = effect(self.program, at);
        let missing = effect.reads & !state.written;
        for reg in Reg::ALL.into_iter().filter(|r| missing & r.bit() != 0) {
            self.found.push(match state.call {
                Some(call) if ARGUMENTS & reg.bit() != 0 => Mistake::LostByCall { reg, at, call: call as usize },
                _ => Mistake::Unwritten { reg, at },
            });
        }
        if effect.writes & Reg::R10.bit() != 0 {
            self.found.push(Mistake::FrameWritten { at });
        }
        let base = match insn.class() {
            class::LDX => insn.src,
            class::ST | class::STX => insn.dst,
            _ => return,
        };
        let size = insn.access();
        let inside = -i32::from(stack) <= i32::from(insn.off) && i32::from(insn.off) + i32::from(size) <= 0;
        if base == Reg::R10 as u8 && !inside {
            self.found.push(Mistake::OutsideStack { at, off: insn.off, size, used: stack });
        }
    }
}

/// The places that begin an instruction (not the second half of a 64-bit constant).
fn starts(insns: &[Insn]) -> impl Iterator<Item = usize> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let now = at;
        at += if insns.get(now)?.op == LD_IMM64 { 2 } else { 1 };
        Some(now)
    })
}

/// All mistakes of a program whose labels are resolved, by instruction.
pub(super) fn check(program: &Program) -> Vec<Mistake> {
    if program.insns.is_empty() {
        return vec![Mistake::Empty];
    }
    let mut walk = Walk { program, states: vec![None; program.insns.len()], work: Vec::new(), found: Vec::new() };
    let ends = program.functions.iter().skip(1).map(|f| f.start).chain([program.insns.len()]);
    for (function, end) in program.functions.iter().zip(ends) {
        walk.function(function.start, end, function.args);
    }
    for at in starts(&program.insns) {
        let function = program.functions.partition_point(|f| f.start <= at).saturating_sub(1);
        walk.judge(at, program.functions[function].stack);
    }
    walk.found.dedup();
    walk.found.sort_by_key(place);
    walk.found
}

/// The instruction that a mistake found here is about.
fn place(mistake: &Mistake) -> usize {
    match mistake {
        Mistake::FallsOff { at }
        | Mistake::Unreachable { at }
        | Mistake::FrameWritten { at }
        | Mistake::Unwritten { at, .. }
        | Mistake::LostByCall { at, .. }
        | Mistake::OutsideStack { at, .. } => *at,
        _ => 0,
    }
}
