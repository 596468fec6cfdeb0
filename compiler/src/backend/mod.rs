//! Engines that run a compiled program over events.
//!
//! `interp` walks the IR, `native` is machine code made from it. Both keep the answers of an event in a
//! [`frame::Pad`]: each field is asked for at most once, each predicate evaluated at most once. String and
//! list tests are prepared once per rule set ([`prepared`]). [`Matcher`] is one of them, or the reference
//! evaluator.

pub mod frame;
pub mod interp;
pub mod native;
pub mod prepared;

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

    /// Memory for a worker.
    pub fn pad(&self) -> Pad {
        match self {
            Matcher::Jit(native) => native.pad(),
            Matcher::Interp(interpreter) => interpreter.pad(),
            Matcher::Oracle(_) => Pad::new(0, 0),
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

    /// Reports the matching rules in order until `on_match` says that it wants no more.
    pub fn run<E: Event>(&self, pad: &mut Pad, event: &E, on_match: &mut dyn FnMut(RuleId) -> bool) {
        match self {
            Matcher::Jit(native) => native.run(pad, event, on_match),
            Matcher::Interp(interpreter) => interpreter.run(pad, event, on_match),
            Matcher::Oracle(rules) => {
                for rule in eval::run(rules, false, event) {
                    if !on_match(RuleId(rule as u32)) {
                        return;
                    }
                }
            }
        }
    }
}
