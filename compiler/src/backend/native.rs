//! Native code in memory: from the code generator's bytes to functions that are called per event.
//!
//! What must hold: code is executable only after it has been written and is never writable again; it is freed with the
//! [`Native`] that owns it.

use super::codegen::{self, ALIGNMENT, CodeError, Context};
use super::frame::{Frame, Pad};
use super::outcomes::Outcome;
use super::plan::{Plan, Run};
use crate::hir::RuleSet;
use crate::ir::{Program, RuleId};
use crate::value::Event;
use cranelift_codegen::ir::{AbiParam, Signature};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Module as _, ModuleError};
use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

/// Why there is no native code.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// It could not be generated.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// Its memory could not be had or made executable.
    #[error(
        "no executable memory: {0}; where it may not be made from data, build the rules with `rulec build` and run that \
         file, or use the interpreter (`--engine interp`)"
    )]
    Memory(#[from] Box<ModuleError>),
}

impl From<ModuleError> for NativeError {
    fn from(e: ModuleError) -> NativeError {
        NativeError::Memory(Box::new(e))
    }
}

type Entry = unsafe extern "C" fn(*const Context);

/// What the callbacks of a running function find behind [`Context::host`].
struct Host<'h, 'e, E: ?Sized> {
    run: Run<'h, 'e, E>,
    functions: &'h [Entry],
}

/// A program as machine code.
pub struct Native {
    plan: Plan,
    functions: Vec<Entry>,
    /// Function of each event code.
    by_code: Vec<Option<u32>>,
    /// Bytes of machine code.
    code_size: usize,
    /// Last, since it is what the functions lie in.
    #[expect(dead_code, reason = "kept alive, not looked at")]
    memory: Memory,
}

/// Owner of the executable memory.
enum Memory {
    /// Only `None` while being dropped, and only looked at then: locked, so that threads can share the code.
    Module(Mutex<Option<Box<JITModule>>>),
    /// A mapped file.
    Mapped(#[expect(dead_code, reason = "kept alive, not looked at")] Box<dyn Send + Sync>),
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Native").field("code_size", &self.code_size).finish_non_exhaustive()
    }
}

impl Drop for Memory {
    #[expect(unsafe_code, reason = "frees executable memory")]
    fn drop(&mut self) {
        if let Memory::Module(module) = self
            && let Some(module) = module.get_mut().unwrap_or_else(PoisonError::into_inner).take()
        {
            // SAFETY: entries are only called by `run`, which borrows the owner; none can be running or be called
            // again.
            unsafe { module.free_memory() }
        }
    }
}

impl Native {
    /// Compiles a program of `rules` for this machine.
    pub fn new(rules: &RuleSet, program: &Program) -> Result<Native, NativeError> {
        let plan = Plan::new(rules, program);
        let isa = codegen::target(codegen::Processor::Native, codegen::Effort::Quick)?;
        let code = codegen::generate(&isa, &plan, program)?;
        let code_size = code.functions.iter().map(Vec::len).sum();
        let (memory, functions) = in_memory(isa, &code)?;
        Ok(Native { plan, functions, by_code: program.by_code.clone(), code_size, memory })
    }

    /// A compiled file whose code lies executable in memory.
    ///
    /// # Safety
    /// `base` is the address of the code of the file from which `compiled` was read, mapped executable, aligned to
    /// [`ALIGNMENT`] and unchanged as long as `owner` lives; and that file was made by [`build`](crate::aot::build).
    #[expect(unsafe_code, reason = "turns addresses of finished code into functions")]
    pub unsafe fn mapped(compiled: &crate::aot::Compiled, base: *const u8, owner: Box<dyn Send + Sync>) -> Native {
        let entry = |offset: &u32| {
            // SAFETY: the offset lies in the code, says `aot::read`; there begins a function with this signature and
            // calling convention, says the caller.
            unsafe { std::mem::transmute::<*const u8, Entry>(base.add(*offset as usize)) }
        };
        Native {
            plan: Plan::new(&compiled.rules, &compiled.program),
            functions: compiled.functions.iter().map(entry).collect(),
            by_code: compiled.program.by_code.clone(),
            code_size: compiled.code.len(),
            memory: Memory::Mapped(owner),
        }
    }

    /// Memory for a worker.
    pub fn pad(&self) -> Pad {
        self.plan.pad()
    }

    /// Bytes of machine code.
    pub fn code_size(&self) -> usize {
        self.code_size
    }

    /// Whether any rule can match events of this code.
    #[inline]
    pub fn listens(&self, code: u16) -> bool {
        self.by_code.get(code as usize).is_some_and(Option::is_some)
    }

    /// Finds the rules that match, all or at least the first of them; in any order, in the pad, where none is left.
    #[inline]
    pub(super) fn run<E: Event>(&self, pad: &mut Pad, event: &E, all: bool) {
        let Some(function) = self.by_code.get(event.code() as usize).copied().flatten() else { return };
        assert!(self.plan.fits(pad), "the pad was made for another program");
        let outcome = if pad.outcomes.are_tried(function) { self.outcome(function, event) } else { None };
        if outcome.as_ref().is_some_and(|outcome| pad.outcomes.is_nothing(outcome)) {
            return;
        }
        let decided = self.call(function, pad, event, outcome.as_ref(), all);
        if decided && let Some(outcome) = outcome {
            pad.outcomes.set_nothing(outcome);
        }
    }

    /// What decides the outcome of a function that looks at nothing else.
    #[inline]
    fn outcome<E: Event>(&self, function: u32, event: &E) -> Option<Outcome> {
        let (flags, about_file) = self.plan.looks_at(function);
        let flags = flags.map_or(Some(0), |flags| flags.read(&event.payload()))?;
        let file = if about_file { Some(event.file()?) } else { None };
        Some(Outcome { function, flags, image: event.image()?, file })
    }

    /// Calls a function; `outcome` says what the event would say. Whether it looked at nothing else and found nothing.
    #[expect(unsafe_code, reason = "calls generated code")]
    #[inline(never)]
    fn call<E: Event>(&self, function: u32, pad: &mut Pad, event: &E, outcome: Option<&Outcome>, all: bool) -> bool {
        let frame = Frame::new(event, pad);
        let told = outcome.and_then(|outcome| frame.tell(outcome.image, outcome.file));
        let host = Host { run: Run { frame, plan: &self.plan, all }, functions: &self.functions };
        let (pad, image, payload) = (host.run.frame.pad, host.run.frame.image(), event.payload());
        let context = Context {
            answers: pad.answers.as_ptr().cast(),
            memo: pad.memo.as_ptr().cast(),
            lists: pad.lists.as_ptr().cast(),
            states: image.states.as_ptr().cast(),
            image_lists: image.lists.as_ptr().cast(),
            file_states: Cell::new(told.map_or(std::ptr::null(), |file| file.states.as_ptr().cast())),
            file_lists: Cell::new(told.map_or(std::ptr::null(), |file| file.lists.as_ptr().cast())),
            epoch: pad.epoch,
            memo_tag: pad.epoch << 1,
            extract: extract::<E>,
            file: file::<E>,
            test: test::<E>,
            report: report::<E>,
            gate: gate::<E>,
            switch: switch::<E>,
            host: std::ptr::from_ref(&host).cast(),
            lens: payload.lens,
            data: payload.data.as_ptr(),
            data_len: payload.data.len() as u64,
            looked: Cell::new(0),
        };
        // SAFETY: the code reads only the context, the payload within its length, answers, memo, lists and states, which
        // the plan made in its sizes, and calls the callbacks, which were instantiated for the type behind `host`. It was generated for this plan.
        unsafe { self.functions[function as usize](&context) }
        context.looked.get() == 0 && pad.found.borrow().is_empty()
    }
}

/// Puts code into executable memory.
#[expect(unsafe_code, reason = "turns addresses of finished code into functions")]
fn in_memory(isa: OwnedTargetIsa, code: &codegen::Code) -> Result<(Memory, Vec<Entry>), NativeError> {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params.push(AbiParam::new(isa.pointer_type()));
    let mut module = JITModule::new(JITBuilder::with_isa(isa, cranelift_module::default_libcall_names()));
    let mut ids = Vec::with_capacity(code.functions.len());
    for bytes in &code.functions {
        let id = module.declare_anonymous_function(&signature)?;
        module.define_function_bytes(id, ALIGNMENT as u64, bytes, &[])?;
        ids.push(id);
    }
    module.finalize_definitions()?;
    let entry = |id| {
        // SAFETY: the function was generated with exactly this signature and calling convention.
        unsafe { std::mem::transmute::<*const u8, Entry>(module.get_finalized_function(id)) }
    };
    let functions = ids.into_iter().map(entry).collect();
    Ok((Memory::Module(Mutex::new(Some(Box::new(module)))), functions))
}

/// What the callbacks work on.
///
/// # Safety
/// `context` was made by [`Native::run`] for `E`.
#[expect(unsafe_code, reason = "called by generated code")]
unsafe fn host<'c, E: Event>(context: *const Context) -> &'c Host<'c, 'c, E> {
    // SAFETY: see above; the host outlives the call.
    unsafe { &*(*context).host.cast::<Host<'_, '_, E>>() }
}

/// Asks the event for a field; the frame stores the answer where the code finds it.
///
/// # Safety
/// As for [`host`].
#[expect(unsafe_code, reason = "called by generated code")]
unsafe extern "C" fn extract<E: Event>(context: *const Context, slot: u32) {
    // SAFETY: see above.
    let host = unsafe { host::<E>(context) };
    host.run.frame.extract(slot as usize);
}

/// Finds out what has been answered about the event's descriptor, and puts it where the code looks.
///
/// # Safety
/// As for [`host`].
#[expect(unsafe_code, reason = "called by generated code")]
unsafe extern "C" fn file<E: Event>(context: *const Context) {
    // SAFETY: see above.
    let (host, context) = unsafe { (host::<E>(context), &*context) };
    let file = host.run.frame.file();
    context.file_states.set(file.states.as_ptr().cast());
    context.file_lists.set(file.lists.as_ptr().cast());
}

/// Evaluates a predicate that the code does not evaluate in place.
///
/// # Safety
/// As for [`host`].
#[expect(unsafe_code, reason = "called by generated code")]
unsafe extern "C" fn test<E: Event>(context: *const Context, predicate: u32) -> u8 {
    // SAFETY: see above.
    u8::from(unsafe { host::<E>(context) }.run.test(predicate))
}

/// Notes a match.
///
/// # Safety
/// As for [`host`].
#[expect(unsafe_code, reason = "called by generated code")]
unsafe extern "C" fn report<E: Event>(context: *const Context, rule: u32) {
    // SAFETY: see above.
    unsafe { host::<E>(context) }.run.report(RuleId(rule));
}

/// Whether a rule may still be reported.
///
/// # Safety
/// As for [`host`].
#[expect(unsafe_code, reason = "called by generated code")]
unsafe extern "C" fn gate<E: Event>(context: *const Context, rule: u32) -> u8 {
    // SAFETY: see above.
    u8::from(unsafe { host::<E>(context) }.run.may_report(RuleId(rule)))
}

/// Runs the cases of a switch.
///
/// # Safety
/// As for [`host`].
#[expect(unsafe_code, reason = "called by generated code, and calls it")]
unsafe extern "C" fn switch<E: Event>(context: *const Context, number: u32) {
    // SAFETY: see above.
    let host = unsafe { host::<E>(context) };
    host.run.cases(host.run.plan.planned_switch(number), &mut |case| {
        // SAFETY: cases are functions of the same program, called with the context of its caller.
        unsafe { host.functions[case.0 as usize](context) }
    });
}
