//! Native code, made by Cranelift from the IR.
//!
//! One function per predicate, `fn(context) -> u8`, and one per IR function, `fn(context)`. A predicate that
//! some function tests more than once remembers its answer. Comparisons of numbers, truth values and short
//! texts are done in place; everything else calls back into [`Prepared`].
//!
//! ```text
//! Context  0 answers: *Answer     8 memo: *u32     16 epoch: u32    20 memo tag: u32 (epoch << 1)
//!         24 extract: fn(ctx, slot)   32 test: fn(ctx, predicate) -> u8   40 report: fn(ctx, rule) -> u8
//!         48 host: *Host (opaque to the code)
//! ```
//!
//! What must hold: code is executable only after it has been written and is never writable again; it is freed
//! with the [`Native`] that owns it.

use super::frame::{Answer, Frame, Pad, kind};
use super::prepared::{Prepared, Scalar, Set, Spread, Test};
use crate::hir::{Const, Op, Operand, RuleSet};
use crate::ir::{Block, Function, Program, RuleId};
use crate::value::Event;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, InstBuilder, MemFlagsData, SigRef, Signature, Type, UserFuncName, Value as Ssa, types,
};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, ModuleError};
use std::mem::offset_of;

/// Why no native code could be made.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// This machine is not supported by the code generator.
    #[error("no code generator for this machine: {0}")]
    Target(String),
    /// Code generation or its memory failed.
    #[error("code generation failed: {0}")]
    Module(#[from] Box<ModuleError>),
}

impl From<ModuleError> for NativeError {
    fn from(e: ModuleError) -> NativeError {
        NativeError::Module(Box::new(e))
    }
}

/// What native code is called with.
#[repr(C)]
struct Context {
    answers: *const Answer,
    memo: *const u32,
    epoch: u32,
    memo_tag: u32,
    extract: unsafe extern "C" fn(*const Context, u32),
    test: unsafe extern "C" fn(*const Context, u32) -> u8,
    report: unsafe extern "C" fn(*const Context, u32) -> u8,
    host: *const (),
}

type Entry = unsafe extern "C" fn(*const Context);

/// What the callbacks of a running function find behind [`Context::host`].
struct Host<'h, 'e, E: ?Sized> {
    frame: Frame<'e, E>,
    prepared: &'h [Prepared],
    on_match: std::cell::RefCell<&'h mut dyn FnMut(RuleId) -> bool>,
}

/// A program as machine code.
pub struct Native {
    prepared: Vec<Prepared>,
    /// Entry of each event code.
    entries: Vec<Option<Entry>>,
    fields: usize,
    /// Bytes of machine code.
    code_size: usize,
    /// Owner of the executable memory; only `None` while being dropped.
    module: Option<Box<JITModule>>,
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Native").field("code_size", &self.code_size).finish_non_exhaustive()
    }
}

impl Drop for Native {
    #[expect(unsafe_code, reason = "frees executable memory")]
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: entries are only called by `run`, which borrows self; none can be running or be
            // called again.
            unsafe { module.free_memory() }
        }
    }
}

impl Native {
    /// Compiles a program of `rules` for this machine.
    #[expect(unsafe_code, reason = "turns addresses of finished code into functions")]
    pub fn new(rules: &RuleSet, program: &Program) -> Result<Native, NativeError> {
        let prepared: Vec<Prepared> = program.predicates.iter().map(|p| Prepared::new(rules, p)).collect();
        let mut generator = Generator::new()?;
        let shared = shared_predicates(program);
        let mut predicates = Vec::with_capacity(prepared.len());
        for (index, p) in prepared.iter().enumerate() {
            predicates.push(generator.predicate(index as u32, p, shared[index])?);
        }
        let mut functions = Vec::with_capacity(program.functions.len());
        for function in &program.functions {
            functions.push(generator.function(function, &predicates)?);
        }
        generator.module.finalize_definitions()?;
        let entry = |id: FuncId| {
            // SAFETY: the function was defined with exactly this signature and calling convention.
            unsafe { std::mem::transmute::<*const u8, Entry>(generator.module.get_finalized_function(id)) }
        };
        let entries = program.by_code.iter().map(|f| f.map(|f| entry(functions[f as usize]))).collect();
        let (code_size, module) = (generator.code_size, Some(Box::new(generator.module)));
        Ok(Native { prepared, entries, fields: rules.fields.len(), code_size, module })
    }

    /// Memory for a worker.
    pub fn pad(&self) -> Pad {
        Pad::new(self.fields, self.prepared.len())
    }

    /// Bytes of machine code.
    pub fn code_size(&self) -> usize {
        self.code_size
    }

    /// Whether any rule can match events of this code.
    #[inline]
    pub fn listens(&self, code: u16) -> bool {
        self.entries.get(code as usize).is_some_and(Option::is_some)
    }

    /// Reports the matching rules in order until `on_match` says that it wants no more.
    #[expect(unsafe_code, reason = "calls generated code")]
    pub fn run<E: Event>(&self, pad: &mut Pad, event: &E, on_match: &mut dyn FnMut(RuleId) -> bool) {
        let Some(entry) = self.entries.get(event.code() as usize).copied().flatten() else { return };
        assert!(
            pad.answers.len() >= self.fields && pad.memo.len() >= self.prepared.len(),
            "the pad was made for another program"
        );
        let frame = Frame::new(event, pad);
        let host = Host { frame, prepared: &self.prepared, on_match: std::cell::RefCell::new(on_match) };
        let pad = host.frame.pad;
        let context = Context {
            answers: pad.answers.as_ptr().cast(),
            memo: pad.memo.as_ptr().cast(),
            epoch: pad.epoch,
            memo_tag: pad.epoch << 1,
            extract: extract::<E>,
            test: test::<E>,
            report: report::<E>,
            host: std::ptr::from_ref(&host).cast(),
        };
        // SAFETY: the code reads and writes only the context, answers and memo, whose sizes were checked, and
        // calls the three callbacks, which were instantiated for the type behind `host`.
        unsafe { entry(&context) }
    }
}

/// Asks the event for a field; the frame stores the answer where the code finds it.
///
/// # Safety
/// `context` was made by [`Native::run`] for `E`.
#[expect(unsafe_code, reason = "called by generated code")]
unsafe extern "C" fn extract<E: Event>(context: *const Context, slot: u32) {
    // SAFETY: see above; the host outlives the call.
    let host = unsafe { &*(*context).host.cast::<Host<'_, '_, E>>() };
    host.frame.field(slot as usize);
}

/// Evaluates a predicate that the code does not evaluate in place.
///
/// # Safety
/// `context` was made by [`Native::run`] for `E`.
#[expect(unsafe_code, reason = "called by generated code")]
unsafe extern "C" fn test<E: Event>(context: *const Context, predicate: u32) -> u8 {
    // SAFETY: see above.
    let host = unsafe { &*(*context).host.cast::<Host<'_, '_, E>>() };
    u8::from(host.prepared[predicate as usize].holds(&host.frame))
}

/// Reports a match; whether further ones are wanted.
///
/// # Safety
/// `context` was made by [`Native::run`] for `E`.
#[expect(unsafe_code, reason = "called by generated code")]
unsafe extern "C" fn report<E: Event>(context: *const Context, rule: u32) -> u8 {
    // SAFETY: see above.
    let host = unsafe { &*(*context).host.cast::<Host<'_, '_, E>>() };
    u8::from((host.on_match.borrow_mut())(RuleId(rule)))
}

/// Which predicates some function tests in more than one block.
fn shared_predicates(program: &Program) -> Vec<bool> {
    let mut shared = vec![false; program.predicates.len()];
    let mut seen_in = vec![usize::MAX; program.predicates.len()];
    for (index, function) in program.functions.iter().enumerate() {
        for block in &function.blocks {
            if let Block::Test { predicate, .. } = block {
                let p = predicate.0 as usize;
                shared[p] |= seen_in[p] == index;
                seen_in[p] = index;
            }
        }
    }
    shared
}

struct Generator {
    module: JITModule,
    builder_context: FunctionBuilderContext,
    pointer: Type,
    code_size: usize,
}

const TRUSTED: MemFlagsData = MemFlagsData::trusted();

impl Generator {
    fn new() -> Result<Generator, NativeError> {
        let target = |e: &dyn std::fmt::Display| NativeError::Target(e.to_string());
        let mut flags = settings::builder();
        flags.set("opt_level", "none").map_err(|e| target(&e))?;
        flags.set("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }).map_err(|e| target(&e))?;
        let isa = cranelift_native::builder()
            .map_err(|e| target(&e))?
            .finish(settings::Flags::new(flags))
            .map_err(|e| target(&e))?;
        let pointer = isa.pointer_type();
        let module = JITModule::new(JITBuilder::with_isa(isa, cranelift_module::default_libcall_names()));
        Ok(Generator { module, builder_context: FunctionBuilderContext::new(), pointer, code_size: 0 })
    }

    fn signature(&self, params: &[Type], returns: &[Type]) -> Signature {
        let mut signature = self.module.make_signature();
        signature.params.extend(params.iter().map(|t| AbiParam::new(*t)));
        signature.returns.extend(returns.iter().map(|t| AbiParam::new(*t)));
        signature
    }

    /// Defines a function of the context; `body` fills it.
    fn define(
        &mut self,
        name: &str,
        returns: &[Type],
        body: impl FnOnce(&mut Code<'_, '_>),
    ) -> Result<FuncId, NativeError> {
        let frontend = self.module.target_config();
        let signature = self.signature(&[self.pointer], returns);
        let id = self.module.declare_function(name, Linkage::Local, &signature)?;
        let mut context = self.module.make_context();
        context.func.signature = signature;
        context.func.name = UserFuncName::user(0, id.as_u32());
        let callback_void = self.signature(&[self.pointer, types::I32], &[]);
        let callback_bool = self.signature(&[self.pointer, types::I32], &[types::I8]);
        let mut builder = FunctionBuilder::new(&mut context.func, &mut self.builder_context);
        let block = builder.create_block();
        builder.append_block_params_for_function_params(block);
        builder.switch_to_block(block);
        let argument = builder.block_params(block)[0];
        let signatures = (builder.import_signature(callback_void), builder.import_signature(callback_bool));
        let mut code =
            Code { b: builder, module: &mut self.module, context: argument, pointer: self.pointer, signatures };
        body(&mut code);
        code.b.seal_all_blocks();
        code.b.finalize(frontend);
        self.module.define_function(id, &mut context)?;
        self.code_size += context.compiled_code().map_or(0, |c| c.code_buffer().len());
        Ok(id)
    }

    fn predicate(&mut self, index: u32, prepared: &Prepared, shared: bool) -> Result<FuncId, NativeError> {
        self.define(&format!("p{index}"), &[types::I8], |code| {
            if shared {
                code.return_remembered(index);
            }
            let holds = code.evaluate(index, prepared);
            if shared {
                code.remember(index, holds);
            }
            code.b.ins().return_(&[holds]);
        })
    }

    fn function(&mut self, function: &Function, predicates: &[FuncId]) -> Result<FuncId, NativeError> {
        let name = format!("events{}", self.code_size);
        self.define(&name, &[], |code| code.branches(&function.blocks, predicates))
    }
}

/// A function under construction.
struct Code<'f, 'm> {
    b: FunctionBuilder<'f>,
    module: &'m mut JITModule,
    /// The context argument.
    context: Ssa,
    pointer: Type,
    /// Callbacks `fn(ctx, u32)` and `fn(ctx, u32) -> u8`.
    signatures: (SigRef, SigRef),
}

impl Code<'_, '_> {
    fn load_context(&mut self, ty: Type, offset: usize) -> Ssa {
        self.b.ins().load(ty, TRUSTED, self.context, offset as i32)
    }

    fn branches(&mut self, blocks: &[Block], predicates: &[FuncId]) {
        let entry = self.b.current_block();
        let targets: Vec<_> = blocks.iter().map(|_| self.b.create_block()).collect();
        debug_assert!(entry.is_some());
        self.b.ins().jump(targets[0], &[]);
        for (block, target) in blocks.iter().zip(&targets) {
            self.b.switch_to_block(*target);
            match *block {
                Block::Test { predicate, holds, fails } => {
                    let callee = self.module.declare_func_in_func(predicates[predicate.0 as usize], self.b.func);
                    let call = self.b.ins().call(callee, &[self.context]);
                    let held = self.b.inst_results(call)[0];
                    self.b.ins().brif(held, targets[holds.0 as usize], &[], targets[fails.0 as usize], &[]);
                }
                Block::Match { rule, next } => {
                    let wanted = self.callback(offset_of!(Context, report), rule.0);
                    let stop = self.b.create_block();
                    self.b.ins().brif(wanted, targets[next.0 as usize], &[], stop, &[]);
                    self.b.switch_to_block(stop);
                    self.b.ins().return_(&[]);
                }
                Block::Return => {
                    self.b.ins().return_(&[]);
                }
            }
        }
    }

    /// Calls a callback that returns a truth value.
    fn callback(&mut self, offset: usize, argument: u32) -> Ssa {
        let callee = self.load_context(self.pointer, offset);
        let argument = self.b.ins().iconst(types::I32, i64::from(argument));
        let call = self.b.ins().call_indirect(self.signatures.1, callee, &[self.context, argument]);
        self.b.inst_results(call)[0]
    }

    /// Returns the remembered answer if there is one of this event.
    fn return_remembered(&mut self, predicate: u32) {
        let memo = self.load_context(self.pointer, offset_of!(Context, memo));
        let tag = self.load_context(types::I32, offset_of!(Context, memo_tag));
        let entry = self.b.ins().load(types::I32, TRUSTED, memo, predicate as i32 * 4);
        let difference = self.b.ins().bxor(entry, tag);
        let known = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, difference, 2);
        let (hit, miss) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(known, hit, &[], miss, &[]);
        self.b.switch_to_block(hit);
        let answer = self.b.ins().ireduce(types::I8, difference);
        self.b.ins().return_(&[answer]);
        self.b.switch_to_block(miss);
    }

    fn remember(&mut self, predicate: u32, holds: Ssa) {
        let memo = self.load_context(self.pointer, offset_of!(Context, memo));
        let tag = self.load_context(types::I32, offset_of!(Context, memo_tag));
        let bit = self.b.ins().uextend(types::I32, holds);
        let entry = self.b.ins().bor(tag, bit);
        self.b.ins().store(TRUSTED, entry, memo, predicate as i32 * 4);
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
        let callee = self.load_context(self.pointer, offset_of!(Context, extract));
        let argument = self.b.ins().iconst(types::I32, i64::from(slot));
        self.b.ins().call_indirect(self.signatures.0, callee, &[self.context, argument]);
        self.b.ins().jump(go, &[]);
        self.b.switch_to_block(go);
        address
    }

    /// Evaluates a predicate, in place where that is simple; gives 0 or 1.
    fn evaluate(&mut self, index: u32, prepared: &Prepared) -> Ssa {
        let (Operand::Field(slot), Spread::One) = (&prepared.lhs, prepared.spread) else {
            return self.callback(offset_of!(Context, test), index);
        };
        match &prepared.test {
            Test::Exists => {
                let answer = self.answer(*slot);
                let kind = self.b.ins().load(types::I32, TRUSTED, answer, offset_of!(Answer, kind) as i32);
                self.b.ins().icmp_imm_u(IntCC::NotEqual, kind, i64::from(kind::MISSING))
            }
            Test::One(Scalar::Order(op, c)) => match (number(c), text(c)) {
                (Some((kind, n)), _) => {
                    self.in_place(index, *slot, kind, |code, answer| code.compare_number(answer, *op, kind, n))
                }
                (_, Some(t)) if matches!(op, Op::Eq | Op::Ne) && t.len() <= INLINE_TEXT => {
                    self.in_place(index, *slot, kind::STR, |code, answer| {
                        let equal = code.text_equals(answer, &[t]);
                        if *op == Op::Eq { equal } else { code.b.ins().bxor_imm_u(equal, 1) }
                    })
                }
                _ => self.out_of_line(index, *slot),
            },
            Test::One(Scalar::Startswith(prefix)) if prefix.len() <= INLINE_TEXT => {
                self.in_place(index, *slot, kind::STR, |code, answer| code.text_starts_with(answer, prefix))
            }
            Test::In(Set::FewTexts(_, texts), _) if texts.iter().all(|t| t.len() <= INLINE_TEXT) => {
                let texts: Vec<&[u8]> = texts.iter().map(|t| &t[..]).collect();
                self.in_place(index, *slot, kind::STR, |code, answer| code.text_equals(answer, &texts))
            }
            _ => self.out_of_line(index, *slot),
        }
    }

    /// 0 if the field is missing, else the callback's answer.
    fn out_of_line(&mut self, index: u32, slot: u32) -> Ssa {
        self.in_place(index, slot, u32::MAX, |_, answer| answer)
    }

    /// `compare` if the field's value is of `expected` kind, 0 if it is missing, else the callback's answer
    /// (dynamically typed parameters). `expected` of `u32::MAX` means never.
    fn in_place(&mut self, index: u32, slot: u32, expected: u32, compare: impl FnOnce(&mut Self, Ssa) -> Ssa) -> Ssa {
        let answer = self.answer(slot);
        let kind = self.b.ins().load(types::I32, TRUSTED, answer, offset_of!(Answer, kind) as i32);
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, types::I8);
        let (other, slow) = (self.b.create_block(), self.b.create_block());
        if expected == u32::MAX {
            self.b.ins().jump(other, &[]);
        } else {
            let fast = self.b.create_block();
            let same = self.b.ins().icmp_imm_u(IntCC::Equal, kind, i64::from(expected));
            self.b.ins().brif(same, fast, &[], other, &[]);
            self.b.switch_to_block(fast);
            let held = compare(self, answer);
            self.b.ins().jump(done, &[held.into()]);
        }
        self.b.switch_to_block(other);
        let zero = self.b.ins().iconst(types::I8, 0);
        self.b.ins().brif(kind, slow, &[], done, &[zero.into()]);
        self.b.switch_to_block(slow);
        let held = self.callback(offset_of!(Context, test), index);
        self.b.ins().jump(done, &[held.into()]);
        self.b.switch_to_block(done);
        result
    }

    fn compare_number(&mut self, answer: Ssa, op: Op, kind: u32, constant: u64) -> Ssa {
        let value = self.b.ins().load(types::I64, TRUSTED, answer, offset_of!(Answer, a) as i32);
        let constant = self.b.ins().iconst(types::I64, constant as i64);
        let signed = kind == kind::INT;
        let condition = match op {
            Op::Ne => IntCC::NotEqual,
            Op::Lt if signed => IntCC::SignedLessThan,
            Op::Lt => IntCC::UnsignedLessThan,
            Op::Le if signed => IntCC::SignedLessThanOrEqual,
            Op::Le => IntCC::UnsignedLessThanOrEqual,
            Op::Gt if signed => IntCC::SignedGreaterThan,
            Op::Gt => IntCC::UnsignedGreaterThan,
            Op::Ge if signed => IntCC::SignedGreaterThanOrEqual,
            Op::Ge => IntCC::UnsignedGreaterThanOrEqual,
            // Only orderings reach this place; equality is what is left of them.
            _ => IntCC::Equal,
        };
        self.b.ins().icmp(condition, value, constant)
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

/// Longest text compared in place, bytes.
const INLINE_TEXT: usize = 32;

fn number(c: &Const) -> Option<(u32, u64)> {
    match c {
        Const::Bool(b) => Some((kind::BOOL, u64::from(*b))),
        Const::Int(n) => Some((kind::INT, *n as u64)),
        Const::Uint(n) => Some((kind::UINT, *n)),
        _ => None,
    }
}

fn text(c: &Const) -> Option<&[u8]> {
    match c {
        Const::Str(s) => Some(s),
        _ => None,
    }
}
