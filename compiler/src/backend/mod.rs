//! Engines that run a compiled program over events.
//!
//! `interp` walks the IR, `native` is machine code made from it ([`codegen`]). How a predicate is answered is the same in
//! both ([`plan`]): each field is asked for at most once per event, each predicate evaluated at most once per event,
//! process image or descriptor, those of a group together ([`groups`], [`frame`], [`kept`]). Native code is not even run where
//! that is known to find nothing ([`outcomes`]). [`Matcher`] is one of them, or the reference evaluator.

pub mod codegen;
pub mod frame;
pub mod groups;
pub mod interp;
pub mod kept;
pub mod measure;
pub mod native;
mod outcomes;
pub mod plan;
pub mod prepared;
pub mod radix;

use crate::eval;
use crate::hir::RuleSet;
use crate::ir::{Program, RuleId};
use crate::value::Event;
use frame::Pad;

/// Which engine evaluates conditions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EngineKind {
    /// Native code.
    #[default]
    Jit,
    /// The IR interpreter.
    Interp,
    /// The reference evaluator.
    Oracle,
}

/// A rule set in one of the engines.
#[derive(Debug)]
pub enum Matcher {
    /// Native code.
    Jit(native::Native),
    /// The IR interpreter.
    Interp(interp::Interpreter),
    /// The reference evaluator.
    Oracle(RuleSet),
}

impl Matcher {
    /// Compiles the rules for an engine.
    pub fn new(kind: EngineKind, rules: &RuleSet) -> Result<Matcher, native::NativeError> {
        Ok(match kind {
            EngineKind::Jit => Matcher::Jit(native::Native::new(rules, &Program::new(rules))?),
            EngineKind::Interp => Matcher::Interp(interp::Interpreter::new(rules, Program::new(rules))),
            EngineKind::Oracle => Matcher::Oracle(rules.clone()),
        })
    }

    /// The rules for the interpreter, counting and timing.
    pub fn measuring(rules: &RuleSet, program: Program) -> Matcher {
        Matcher::Interp(interp::Interpreter::measuring(rules, program))
    }

    /// Memory for a worker.
    pub fn pad(&self) -> Pad {
        match self {
            Matcher::Jit(native) => native.pad(),
            Matcher::Interp(interpreter) => interpreter.pad(),
            Matcher::Oracle(_) => Pad::default(),
        }
    }

    /// Whether any rule can match events of this code.
    #[inline]
    pub fn listens(&self, code: u16) -> bool {
        match self {
            Matcher::Jit(native) => native.listens(code),
            Matcher::Interp(interpreter) => interpreter.listens(code),
            Matcher::Oracle(_) => true,
        }
    }

    /// Reports the rules that match, in order: all of them, or only the first.
    #[inline]
    pub fn run<E: Event>(&self, pad: &mut Pad, event: &E, all: bool, on_match: &mut dyn FnMut(RuleId)) {
        match self {
            Matcher::Jit(native) => native.run(pad, event, all),
            Matcher::Interp(interpreter) => interpreter.run(pad, event, all),
            Matcher::Oracle(rules) => {
                eval::run(rules, !all, event).into_iter().for_each(|rule| on_match(RuleId(rule as u32)));
                return;
            }
        }
        let found = pad.found.get_mut();
        if found.is_empty() {
            return;
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(if all { found.len() } else { 1 });
        found.drain(..).for_each(|rule| on_match(RuleId(rule)));
    }
}
