//! Machine code from the IR: one function per IR function, without relocations.
//!
//! Code reaches everything through its only argument, the [`Context`]; constants are immediate. So it can be put
//! anywhere, in executable memory or in a file, and functions are generated independently of each other, on all cores.
//!
//! ```text
//! Context  0 answers: *Answer       8 memo: *u32                16 lists: *Listed
//!         24 states: *u8          32 image lists: *Listed
//!         40 file states: *u8     48 file lists: *Listed       both null until asked for
//!         56 epoch: u32           60 memo tag: u32 (epoch << 1)
//!         64 extract: fn(ctx, slot)       72 file: fn(ctx)             80 test: fn(ctx, predicate) -> u8
//!         88 report: fn(ctx, rule)        96 gate: fn(ctx, rule) -> u8
//!        104 switch: fn(ctx, switch)     112 host: *Host (opaque to the code)
//!        120 lens: [u64; 2]              136 data: *u8                144 data length: u64
//!        152 looked: u8                  set before the code looks at what only the event says (`outcomes`)
//! ```
//!
//! | predicate | code |
//! |---|---|
//! | of the image, of the file | its state, a byte; if not known, the callback |
//! | on a number in the record | loaded and compared where it lies; if lengths are unusual, the callback |
//! | number, truth value, short text, short list | compared in place |
//! | of a group | false if the list is known and empty, else the callback |
//! | other | the remembered answer, else the callback |

use super::frame::{Answer, Listed, kind};
use super::plan::{Plan, Planned};
use super::prepared::Spread;
use crate::hir::{Comparison, Const, EventSet, ListOp, Op, Operand};
use crate::ir::cost::Lifetime;
use crate::ir::hoist::targets;
use crate::ir::inplace::InPlace;
use crate::ir::{Block, Function, Program};
use cranelift_codegen::Context as CodegenContext;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, Block as Label, InstBuilder, MemFlagsData, SigRef, Signature, Type, UserFuncName, Value as Ssa, types,
};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use peregrine_schema::derived::Reading;
use rayon::prelude::*;
use std::cell::Cell;
use std::mem::offset_of;

/// What native code is called with.
#[repr(C)]
pub(super) struct Context {
    pub answers: *const Answer,
    pub memo: *const u32,
    pub lists: *const Listed,
    pub states: *const u8,
    pub image_lists: *const Listed,
    pub file_states: Cell<*const u8>,
    pub file_lists: Cell<*const Listed>,
    pub epoch: u32,
    pub memo_tag: u32,
    pub extract: unsafe extern "C" fn(*const Context, u32),
    pub file: unsafe extern "C" fn(*const Context),
    pub test: unsafe extern "C" fn(*const Context, u32) -> u8,
    pub report: unsafe extern "C" fn(*const Context, u32),
    pub gate: unsafe extern "C" fn(*const Context, u32) -> u8,
    pub switch: unsafe extern "C" fn(*const Context, u32),
    pub host: *const (),
    /// See [`Payload`](crate::value::Payload).
    pub lens: [u64; 2],
    pub data: *const u8,
    pub data_len: u64,
    pub looked: Cell<u8>,
}

/// Why no machine code could be made.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// This machine is not supported by the code generator.
    #[error("no code generator for this machine: {0}")]
    Target(String),
    /// A function could not be generated.
    #[error("code generation failed: {0}")]
    Function(String),
}

/// Machine code of a program.
#[derive(Debug)]
pub struct Code {
    /// One per function of the program.
    pub functions: Vec<Vec<u8>>,
}

/// Alignment of functions, bytes.
pub const ALIGNMENT: usize = 16;

/// Which instructions code may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Processor {
    /// Those of this machine's processor.
    #[default]
    Native,
    /// Those of every processor of the architecture.
    Baseline,
}

/// How much time code generation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Soon: rules wait for it.
    Quick,
    /// As long as it takes: for files that are built once.
    Best,
}

/// Names of the processor features that code for a machine may use, sorted.
pub fn features(isa: &OwnedTargetIsa) -> Vec<String> {
    let used = isa.isa_flags().into_iter().filter(|flag| flag.as_bool() == Some(true));
    let mut names: Vec<String> = used.map(|flag| flag.name.to_owned()).collect();
    names.sort();
    names
}

/// The machine for which code is made: this architecture.
pub fn target(processor: Processor, effort: Effort) -> Result<OwnedTargetIsa, CodeError> {
    let failed = |e: &dyn std::fmt::Display| CodeError::Target(e.to_string());
    let mut flags = settings::builder();
    let (optimise, registers) = match effort {
        Effort::Quick => ("none", "single_pass"),
        Effort::Best => ("speed", "backtracking"),
    };
    for (name, value) in [
        ("opt_level", optimise),
        ("regalloc_algorithm", registers),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ] {
        flags.set(name, value).map_err(|e| failed(&e))?;
    }
    let infer = processor == Processor::Native;
    cranelift_native::builder_with_options(infer)
        .map_err(|e| failed(&e))?
        .finish(settings::Flags::new(flags))
        .map_err(|e| failed(&e))
}

/// Generates the code of a program. Functions come out the same whatever the number of cores.
pub fn generate(isa: &OwnedTargetIsa, plan: &Plan, program: &Program) -> Result<Code, CodeError> {
    let one = |(index, function): (usize, &Function)| {
        let mut context = build(isa, plan, index, function);
        let failed = |e: &dyn std::fmt::Debug| CodeError::Function(format!("fn {index}: {e:?}"));
        let compiled = context.compile(&**isa, &mut ControlPlane::default()).map_err(|e| failed(&e.inner))?;
        if !compiled.buffer.relocs().is_empty() {
            return Err(failed(&"code that refers to other places"));
        }
        Ok(compiled.code_buffer().to_vec())
    };
    let functions = program.functions.par_iter().enumerate().map(one).collect::<Result<_, _>>()?;
    Ok(Code { functions })
}

/// The code of one function in the code generator's own language, for people.
pub fn clif(isa: &OwnedTargetIsa, plan: &Plan, program: &Program, index: usize) -> Option<String> {
    Some(build(isa, plan, index, program.functions.get(index)?).func.display().to_string())
}

/// The code of one function as assembly, for people.
pub fn assembly(isa: &OwnedTargetIsa, plan: &Plan, program: &Program, index: usize) -> Result<String, CodeError> {
    let failed = |e: &dyn std::fmt::Debug| CodeError::Function(format!("fn {index}: {e:?}"));
    let function = program.functions.get(index).ok_or_else(|| failed(&"no such function"))?;
    let mut context = build(isa, plan, index, function);
    context.set_disasm(true);
    let compiled = context.compile(&**isa, &mut ControlPlane::default()).map_err(|e| failed(&e.inner))?;
    Ok(compiled.vcode.clone().unwrap_or_default())
}

fn build(isa: &OwnedTargetIsa, plan: &Plan, index: usize, function: &Function) -> CodegenContext {
    let pointer = isa.pointer_type();
    let signature = |params: &[Type], returns: &[Type]| {
        let mut signature = Signature::new(isa.default_call_conv());
        signature.params.extend(params.iter().map(|t| AbiParam::new(*t)));
        signature.returns.extend(returns.iter().map(|t| AbiParam::new(*t)));
        signature
    };
    let mut context = CodegenContext::new();
    context.func.signature = signature(&[pointer], &[]);
    context.func.name = UserFuncName::user(0, index as u32);
    let mut memory = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut context.func, &mut memory);
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    let argument = builder.block_params(entry)[0];
    let void = builder.import_signature(signature(&[pointer, types::I32], &[]));
    let truth = builder.import_signature(signature(&[pointer, types::I32], &[types::I8]));
    let bare = builder.import_signature(signature(&[pointer], &[]));
    let mut emitter = Emitter { b: builder, plan, context: argument, pointer, void, truth, bare, has_file: false };
    emitter.function(index, function);
    emitter.b.seal_all_blocks();
    emitter.b.finalize(isa.frontend_config());
    context
}

const TRUSTED: MemFlagsData = MemFlagsData::trusted();

/// A function under construction.
struct Emitter<'f, 'p> {
    b: FunctionBuilder<'f>,
    plan: &'p Plan,
    /// The context argument.
    context: Ssa,
    pointer: Type,
    /// Callbacks without and with an answer, and without an argument.
    void: SigRef,
    truth: SigRef,
    bare: SigRef,
    /// The file has been asked for on all ways to the current block.
    has_file: bool,
}

impl Emitter<'_, '_> {
    fn load_context(&mut self, ty: Type, offset: usize) -> Ssa {
        self.b.ins().load(ty, TRUSTED, self.context, offset as i32)
    }

    fn function(&mut self, index: usize, function: &Function) {
        let labels: Vec<Label> = function.blocks.iter().map(|_| self.b.create_block()).collect();
        self.b.ins().jump(labels[0], &[]);
        let looks = |block: &Block| self.looks(index, function, block);
        let (looked, asked) = (passed(function, looks), passed(function, |block| self.asks_for_file(index, block)));
        let looks: Vec<bool> = function.blocks.iter().map(looks).collect();
        for (at, (block, label)) in function.blocks.iter().zip(&labels).enumerate() {
            self.b.switch_to_block(*label);
            self.has_file = asked[at];
            if looks[at] && !looked[at] {
                let yes = self.b.ins().iconst(types::I8, 1);
                self.b.ins().store(TRUSTED, yes, self.context, offset_of!(Context, looked) as i32);
            }
            match *block {
                Block::Test { predicate, holds, fails } => {
                    self.test(predicate.0, &function.codes, labels[holds.0 as usize], labels[fails.0 as usize]);
                }
                Block::Switch { switch, next } => {
                    let number = self.plan.switch_number(index, switch);
                    self.switch(number, labels[next.0 as usize]);
                }
                Block::Gate { rule, open, shut } => {
                    let may = self.ask(offset_of!(Context, gate), rule.0);
                    self.b.ins().brif(may, labels[open.0 as usize], &[], labels[shut.0 as usize], &[]);
                }
                Block::Match { rule, next } => {
                    self.tell(offset_of!(Context, report), rule.0);
                    self.b.ins().jump(labels[next.0 as usize], &[]);
                }
                Block::Return => {
                    self.b.ins().return_(&[]);
                }
            }
        }
    }

    /// Whether a block looks at what only the event says.
    fn looks(&self, index: usize, function: &Function, block: &Block) -> bool {
        match block {
            Block::Test { predicate, .. } => self.plan.looks_at_event(index, predicate.0, &function.codes),
            Block::Switch { switch, .. } => {
                let mut lifetimes = self.lifetimes(index, *switch);
                !lifetimes.all(|lifetime| matches!(lifetime, Lifetime::Image | Lifetime::File))
            }
            Block::Gate { .. } | Block::Match { .. } | Block::Return => false,
        }
    }

    /// Whether the addresses of the answers about the file are there after a block.
    fn asks_for_file(&self, index: usize, block: &Block) -> bool {
        match block {
            Block::Test { predicate, .. } => self.plan.predicates()[predicate.0 as usize].lifetime == Lifetime::File,
            Block::Switch { switch, .. } => self.lifetimes(index, *switch).next() == Some(Lifetime::File),
            Block::Gate { .. } | Block::Match { .. } | Block::Return => false,
        }
    }

    /// Lifetimes of the groups of a switch.
    fn lifetimes(&self, index: usize, switch: u32) -> impl Iterator<Item = Lifetime> {
        let groups = &self.plan.planned_switch(self.plan.switch_number(index, switch)).groups;
        groups.iter().map(|(group, _)| self.plan.group_place(*group).0)
    }

    /// Calls a callback that returns a truth value.
    fn ask(&mut self, offset: usize, argument: u32) -> Ssa {
        let callee = self.load_context(self.pointer, offset);
        let argument = self.b.ins().iconst(types::I32, i64::from(argument));
        let call = self.b.ins().call_indirect(self.truth, callee, &[self.context, argument]);
        self.b.inst_results(call)[0]
    }

    /// Calls a callback that returns nothing.
    fn tell(&mut self, offset: usize, argument: u32) {
        let callee = self.load_context(self.pointer, offset);
        let argument = self.b.ins().iconst(types::I32, i64::from(argument));
        self.b.ins().call_indirect(self.void, callee, &[self.context, argument]);
    }

    /// Continues at `holds` or `fails`.
    fn test(&mut self, predicate: u32, codes: &EventSet, holds: Label, fails: Label) {
        let planned = &self.plan.predicates()[predicate as usize];
        if matches!(planned.lifetime, Lifetime::Image | Lifetime::File) {
            self.test_kept(predicate, planned, holds, fails);
        } else if let Some(place) = self.plan.in_place(predicate, codes) {
            self.test_in_record(predicate, &place, holds, fails);
        } else if let Some(held) = self.in_place(predicate, planned) {
            self.b.ins().brif(held, holds, &[], fails, &[]);
        } else if let Some(group) = planned.group {
            self.test_of_group(predicate, group, holds, fails);
        } else {
            self.test_remembered(predicate, holds, fails);
        }
    }

    /// A test whose answer outlives the event; the callback makes it known.
    fn test_kept(&mut self, predicate: u32, planned: &Planned, holds: Label, fails: Label) {
        let states = match planned.lifetime {
            Lifetime::File => self.of_file(offset_of!(Context, file_states)),
            _ => self.load_context(self.pointer, offset_of!(Context, states)),
        };
        let place = planned.place as i32;
        let state = self.b.ins().load(types::I8, TRUSTED, states, place);
        let (other, unknown) = (self.b.create_block(), self.cold());
        // Most fail.
        let failed = self.b.ins().icmp_imm_u(IntCC::Equal, state, 1);
        self.b.ins().brif(failed, fails, &[], other, &[]);
        self.b.switch_to_block(other);
        let held = self.b.ins().icmp_imm_u(IntCC::Equal, state, 2);
        self.b.ins().brif(held, holds, &[], unknown, &[]);
        self.callback_test(predicate, unknown, holds, fails);
    }

    /// An address in the context that is there once the file has been asked for.
    fn of_file(&mut self, offset: usize) -> Ssa {
        let have = self.load_context(self.pointer, offset);
        if self.has_file {
            return have;
        }
        let (ask, go) = (self.b.create_block(), self.b.create_block());
        let address = self.b.append_block_param(go, self.pointer);
        self.b.ins().brif(have, go, &[have.into()], ask, &[]);
        self.b.switch_to_block(ask);
        let callee = self.load_context(self.pointer, offset_of!(Context, file));
        self.b.ins().call_indirect(self.bare, callee, &[self.context]);
        let have = self.load_context(self.pointer, offset);
        self.b.ins().jump(go, &[have.into()]);
        self.b.switch_to_block(go);
        address
    }

    /// A test of a number in the record.
    fn test_in_record(&mut self, predicate: u32, place: &InPlace, holds: Label, fails: Label) {
        let slow = self.cold();
        let words: Vec<Ssa> =
            (0..2).map(|word| self.load_context(types::I64, offset_of!(Context, lens) + 8 * word)).collect();
        let mut odd: Option<Ssa> = None;
        for (word, (mask, value)) in words.iter().zip(place.fixed).filter(|(_, (mask, _))| *mask != 0) {
            let mask = self.b.ins().iconst(types::I64, mask as i64);
            let lens = self.b.ins().band(*word, mask);
            let value = self.b.ins().iconst(types::I64, value as i64);
            let differs = self.b.ins().bxor(lens, value);
            odd = Some(odd.map_or(differs, |before| self.b.ins().bor(before, differs)));
        }
        let mut at = self.b.ins().iconst(types::I64, i64::from(place.before));
        for param in &place.varying {
            let shifted = self.b.ins().ushr_imm_u(words[usize::from(param / 4)], i64::from(param % 4) * 16);
            let len = self.b.ins().band_imm_u(shifted, 0xffff);
            at = self.b.ins().iadd(at, len);
        }
        let end = self.b.ins().iadd_imm_u(at, i64::from(place.size));
        let length = self.load_context(types::I64, offset_of!(Context, data_len));
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThan, end, length);
        let outside = self.b.ins().uextend(types::I64, outside);
        let odd = odd.map_or(outside, |odd| self.b.ins().bor(odd, outside));
        let usual = self.b.create_block();
        self.b.ins().brif(odd, slow, &[], usual, &[]);
        self.b.switch_to_block(usual);
        let data = self.load_context(self.pointer, offset_of!(Context, data));
        let address = self.b.ins().iadd(data, at);
        let held = self.compare_in_record(address, place);
        self.b.ins().brif(held, holds, &[], fails, &[]);
        self.callback_test(predicate, slow, holds, fails);
    }

    /// Loads the number at `address` and compares it.
    fn compare_in_record(&mut self, address: Ssa, place: &InPlace) -> Ssa {
        let unaligned = MemFlagsData::new().with_notrap();
        let ty = match place.size {
            8 => types::I64,
            4 => types::I32,
            2 => types::I16,
            _ => types::I8,
        };
        let signed = matches!(place.reading, Reading::Signed | Reading::Negative);
        let number = self.b.ins().load(ty, unaligned, address, 0);
        let number = match (ty, signed) {
            (types::I64, _) => number,
            (_, true) => self.b.ins().sextend(types::I64, number),
            (_, false) => self.b.ins().uextend(types::I64, number),
        };
        let truth = match place.reading {
            Reading::Signed | Reading::Unsigned => {
                let constant = self.b.ins().iconst(types::I64, place.constant as i64);
                return self.b.ins().icmp(order(place.op, signed), number, constant);
            }
            Reading::Negative => self.b.ins().icmp_imm_s(IntCC::SignedLessThan, number, 0),
            Reading::AnyBit(bits) => {
                let some = self.b.ins().band_imm_u(number, i64::from(bits));
                self.b.ins().icmp_imm_u(IntCC::NotEqual, some, 0)
            }
        };
        let wanted = place.constant ^ u64::from(place.op == Op::Ne);
        self.b.ins().icmp_imm_u(IntCC::Equal, truth, wanted as i64)
    }

    fn test_of_group(&mut self, predicate: u32, group: u32, holds: Label, fails: Label) {
        let slow = self.cold();
        self.unless_empty(group, slow, fails);
        self.callback_test(predicate, slow, holds, fails);
    }

    fn test_remembered(&mut self, predicate: u32, holds: Label, fails: Label) {
        let memo = self.load_context(self.pointer, offset_of!(Context, memo));
        let tag = self.load_context(types::I32, offset_of!(Context, memo_tag));
        let entry = self.b.ins().load(types::I32, TRUSTED, memo, predicate as i32 * 4);
        let difference = self.b.ins().bxor(entry, tag);
        let known = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, difference, 2);
        let (hit, miss) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(known, hit, &[], miss, &[]);
        self.b.switch_to_block(hit);
        self.b.ins().brif(difference, holds, &[], fails, &[]);
        self.callback_test(predicate, miss, holds, fails);
    }

    fn callback_test(&mut self, predicate: u32, slow: Label, holds: Label, fails: Label) {
        self.b.switch_to_block(slow);
        let held = self.ask(offset_of!(Context, test), predicate);
        self.b.ins().brif(held, holds, &[], fails, &[]);
    }

    fn cold(&mut self) -> Label {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// Continues at `empty` if the group's list is known and empty, else at `other`.
    fn unless_empty(&mut self, group: u32, other: Label, empty: Label) {
        let (lifetime, place) = self.plan.group_place(group);
        let lists = match lifetime {
            Lifetime::Image => self.load_context(self.pointer, offset_of!(Context, image_lists)),
            Lifetime::File => self.of_file(offset_of!(Context, file_lists)),
            Lifetime::Event | Lifetime::Evaluation => self.load_context(self.pointer, offset_of!(Context, lists)),
        };
        let at = place as i32 * size_of::<Listed>() as i32;
        // Epoch and length as one word.
        let have = self.b.ins().load(types::I64, TRUSTED, lists, at + offset_of!(Listed, epoch) as i32);
        let want = if matches!(lifetime, Lifetime::Image | Lifetime::File) {
            self.b.ins().iconst(types::I64, 1)
        } else {
            let epoch = self.load_context(types::I32, offset_of!(Context, epoch));
            self.b.ins().uextend(types::I64, epoch)
        };
        let is_empty = self.b.ins().icmp(IntCC::Equal, have, want);
        self.b.ins().brif(is_empty, empty, &[], other, &[]);
    }

    fn switch(&mut self, number: u32, next: Label) {
        let groups: Vec<u32> = self.plan.planned_switch(number).groups.iter().map(|(group, _)| *group).collect();
        let slow = self.cold();
        for (i, group) in groups.iter().enumerate() {
            let empty = if i + 1 == groups.len() { next } else { self.b.create_block() };
            self.unless_empty(*group, slow, empty);
            if i + 1 < groups.len() {
                self.b.switch_to_block(empty);
            }
        }
        if groups.is_empty() {
            self.b.ins().jump(next, &[]);
        }
        self.b.switch_to_block(slow);
        self.tell(offset_of!(Context, switch), number);
        self.b.ins().jump(next, &[]);
    }

    /// Makes sure that the answer of a field is there; gives its address.
    fn answer(&mut self, slot: u32) -> Ssa {
        let answers = self.load_context(self.pointer, offset_of!(Context, answers));
        let epoch = self.load_context(types::I32, offset_of!(Context, epoch));
        let address = self.b.ins().iadd_imm_u(answers, i64::from(slot) * size_of::<Answer>() as i64);
        let have = self.b.ins().load(types::I32, TRUSTED, address, offset_of!(Answer, epoch) as i32);
        let fresh = self.b.ins().icmp(IntCC::Equal, have, epoch);
        let (ask, go) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(fresh, go, &[], ask, &[]);
        self.b.switch_to_block(ask);
        self.tell(offset_of!(Context, extract), slot);
        self.b.ins().jump(go, &[]);
        self.b.switch_to_block(go);
        address
    }

    /// Evaluates a predicate in place, if that is simple.
    fn in_place(&mut self, predicate: u32, planned: &Planned) -> Option<Ssa> {
        let (Operand::Field(slot), Spread::One) = (&planned.predicate.lhs, planned.spread) else { return None };
        let slot = *slot;
        match &planned.predicate.test {
            Comparison::Exists => {
                let answer = self.answer(slot);
                let kind = self.b.ins().load(types::I32, TRUSTED, answer, offset_of!(Answer, kind) as i32);
                Some(self.b.ins().icmp_imm_u(IntCC::NotEqual, kind, i64::from(kind::MISSING)))
            }
            Comparison::One(op, c) if is_order(*op) && number(c).is_some() => {
                let (kind, n) = number(c)?;
                Some(self.of_kind(predicate, slot, kind, |code, answer| code.compare_number(answer, *op, kind, n)))
            }
            Comparison::One(op @ (Op::Eq | Op::Ne), Const::Str(t)) if t.len() <= INLINE_TEXT => {
                Some(self.of_kind(predicate, slot, kind::STR, |code, answer| {
                    let equal = code.text_equals(answer, &[t]);
                    if *op == Op::Eq { equal } else { code.b.ins().bxor_imm_u(equal, 1) }
                }))
            }
            Comparison::One(Op::Startswith | Op::Bstartswith, Const::Str(prefix)) if prefix.len() <= INLINE_TEXT => {
                Some(self.of_kind(predicate, slot, kind::STR, |code, answer| code.text_starts_with(answer, prefix)))
            }
            Comparison::Many(ListOp::In | ListOp::Intersects, list) if list.len() <= INLINE_LIST => {
                let texts: Vec<&[u8]> = list.iter().map(short_text).collect::<Option<_>>()?;
                Some(self.of_kind(predicate, slot, kind::STR, |code, answer| code.text_equals(answer, &texts)))
            }
            _ => None,
        }
    }

    /// `compare` if the field's value is of `expected` kind, 0 if it is missing, else the callback's answer
    /// (dynamically typed parameters).
    fn of_kind(
        &mut self,
        predicate: u32,
        slot: u32,
        expected: u32,
        compare: impl FnOnce(&mut Self, Ssa) -> Ssa,
    ) -> Ssa {
        let answer = self.answer(slot);
        let kind = self.b.ins().load(types::I32, TRUSTED, answer, offset_of!(Answer, kind) as i32);
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, types::I8);
        let (fast, other, slow) = (self.b.create_block(), self.b.create_block(), self.cold());
        let same = self.b.ins().icmp_imm_u(IntCC::Equal, kind, i64::from(expected));
        self.b.ins().brif(same, fast, &[], other, &[]);
        self.b.switch_to_block(fast);
        let held = compare(self, answer);
        self.b.ins().jump(done, &[held.into()]);
        self.b.switch_to_block(other);
        let zero = self.b.ins().iconst(types::I8, 0);
        self.b.ins().brif(kind, slow, &[], done, &[zero.into()]);
        self.b.switch_to_block(slow);
        let held = self.ask(offset_of!(Context, test), predicate);
        self.b.ins().jump(done, &[held.into()]);
        self.b.switch_to_block(done);
        result
    }

    fn compare_number(&mut self, answer: Ssa, op: Op, kind: u32, constant: u64) -> Ssa {
        let value = self.b.ins().load(types::I64, TRUSTED, answer, offset_of!(Answer, a) as i32);
        let constant = self.b.ins().iconst(types::I64, constant as i64);
        let signed = kind == kind::INT;
        self.b.ins().icmp(order(op, signed), value, constant)
    }

    fn text_equals(&mut self, answer: Ssa, texts: &[&[u8]]) -> Ssa {
        let address = self.b.ins().load(self.pointer, TRUSTED, answer, offset_of!(Answer, a) as i32);
        let length = self.b.ins().load(types::I64, TRUSTED, answer, offset_of!(Answer, b) as i32);
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, types::I8);
        for text in texts {
            let (compare, next) = (self.b.create_block(), self.b.create_block());
            let same = self.b.ins().icmp_imm_u(IntCC::Equal, length, text.len() as i64);
            self.b.ins().brif(same, compare, &[], next, &[]);
            self.b.switch_to_block(compare);
            let equal = self.bytes_equal(address, text);
            let one = self.b.ins().iconst(types::I8, 1);
            self.b.ins().brif(equal, done, &[one.into()], next, &[]);
            self.b.switch_to_block(next);
        }
        let zero = self.b.ins().iconst(types::I8, 0);
        self.b.ins().jump(done, &[zero.into()]);
        self.b.switch_to_block(done);
        result
    }

    fn text_starts_with(&mut self, answer: Ssa, prefix: &[u8]) -> Ssa {
        let address = self.b.ins().load(self.pointer, TRUSTED, answer, offset_of!(Answer, a) as i32);
        let length = self.b.ins().load(types::I64, TRUSTED, answer, offset_of!(Answer, b) as i32);
        let (compare, done) = (self.b.create_block(), self.b.create_block());
        let result = self.b.append_block_param(done, types::I8);
        let enough = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, length, prefix.len() as i64);
        let zero = self.b.ins().iconst(types::I8, 0);
        self.b.ins().brif(enough, compare, &[], done, &[zero.into()]);
        self.b.switch_to_block(compare);
        let equal = self.bytes_equal(address, prefix);
        self.b.ins().jump(done, &[equal.into()]);
        self.b.switch_to_block(done);
        result
    }

    /// Whether the memory at `address`, at least as long as `text`, begins with it: word by word.
    fn bytes_equal(&mut self, address: Ssa, text: &[u8]) -> Ssa {
        // The memory is readable but not aligned, and may be changed between events: no `readonly`.
        let unaligned = MemFlagsData::new().with_notrap();
        let mut difference: Option<Ssa> = None;
        let mut at = 0;
        while at < text.len() {
            let size = [8, 4, 2, 1].into_iter().find(|s| at + s <= text.len()).unwrap_or(1);
            let mut word = [0; 8];
            word[..size].copy_from_slice(&text[at..at + size]);
            let ty = match size {
                8 => types::I64,
                4 => types::I32,
                2 => types::I16,
                _ => types::I8,
            };
            let have = self.b.ins().load(ty, unaligned, address, at as i32);
            let have = if size == 8 { have } else { self.b.ins().uextend(types::I64, have) };
            let want = self.b.ins().iconst(types::I64, i64::from_le_bytes(word));
            let differs = self.b.ins().bxor(have, want);
            difference = Some(match difference {
                Some(before) => self.b.ins().bor(before, differs),
                None => differs,
            });
            at += size;
        }
        match difference {
            Some(difference) => self.b.ins().icmp_imm_u(IntCC::Equal, difference, 0),
            None => self.b.ins().iconst(types::I8, 1),
        }
    }
}

/// For each block whether all ways to it have passed a block that `does` it.
fn passed(function: &Function, does: impl Fn(&Block) -> bool) -> Vec<bool> {
    let mut all: Vec<Option<bool>> = vec![None; function.blocks.len()];
    // Targets are later blocks.
    for (at, block) in function.blocks.iter().enumerate() {
        let after = all[at].unwrap_or(false) || does(block);
        for target in targets(block).into_iter().flatten() {
            let all = &mut all[target.0 as usize];
            *all = Some(all.unwrap_or(true) && after);
        }
    }
    all.into_iter().map(|passed| passed.unwrap_or(false)).collect()
}

/// Longest text compared in place, bytes.
const INLINE_TEXT: usize = 32;
/// Most texts of a list compared in place.
const INLINE_LIST: usize = 4;

/// The machine's comparison; for orderings only.
fn order(op: Op, signed: bool) -> IntCC {
    match op {
        Op::Ne => IntCC::NotEqual,
        Op::Lt if signed => IntCC::SignedLessThan,
        Op::Lt => IntCC::UnsignedLessThan,
        Op::Le if signed => IntCC::SignedLessThanOrEqual,
        Op::Le => IntCC::UnsignedLessThanOrEqual,
        Op::Gt if signed => IntCC::SignedGreaterThan,
        Op::Gt => IntCC::UnsignedGreaterThan,
        Op::Ge if signed => IntCC::SignedGreaterThanOrEqual,
        Op::Ge => IntCC::UnsignedGreaterThanOrEqual,
        _ => IntCC::Equal,
    }
}

fn is_order(op: Op) -> bool {
    matches!(op, Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge)
}

fn number(c: &Const) -> Option<(u32, u64)> {
    match c {
        Const::Bool(b) => Some((kind::BOOL, u64::from(*b))),
        Const::Int(n) => Some((kind::INT, *n as u64)),
        Const::Uint(n) => Some((kind::UINT, *n)),
        _ => None,
    }
}

fn short_text(c: &Const) -> Option<&[u8]> {
    match c {
        Const::Str(s) if s.len() <= INLINE_TEXT => Some(s),
        _ => None,
    }
}
