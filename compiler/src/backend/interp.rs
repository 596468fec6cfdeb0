//! The interpreter: walks the blocks of a program. Small and total; for tests, and where executable memory is
//! refused.

use super::frame::{Frame, Pad};
use super::measure::Measurements;
use super::plan::{Plan, Run};
use crate::hir::RuleSet;
use crate::ir::{Block, Program};
use crate::value::Event;

/// A program ready to be interpreted.
#[derive(Debug)]
pub struct Interpreter {
    program: Program,
    plan: Plan,
    /// Fields of the rules, if tests are to be counted and timed.
    measured: Option<usize>,
}

impl Interpreter {
    /// Prepares a program of `rules`.
    pub fn new(rules: &RuleSet, program: Program) -> Interpreter {
        Interpreter { plan: Plan::new(rules, &program), program, measured: None }
    }

    /// The same, counting and timing tests.
    pub fn measuring(rules: &RuleSet, program: Program) -> Interpreter {
        Interpreter { measured: Some(rules.fields.len()), ..Interpreter::new(rules, program) }
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Memory for a worker.
    pub fn pad(&self) -> Pad {
        let measurements = self.measured.map(|fields| Box::new(Measurements::new(fields, &self.program.predicates)));
        Pad { measurements, ..self.plan.pad() }
    }

    /// Whether any rule can match events of this code.
    pub fn listens(&self, code: u16) -> bool {
        self.program.function(code).is_some()
    }

    /// Finds the rules that match, all or at least the first of them; in any order, in the pad.
    pub(super) fn run<E: Event + ?Sized>(&self, pad: &mut Pad, event: &E, all: bool) {
        let Some(function) = self.program.by_code.get(event.code() as usize).copied().flatten() else { return };
        let run = Run { frame: Frame::new(event, pad), plan: &self.plan, all };
        let timed = run.frame.pad.measurements.as_ref().is_some_and(|measurements| measurements.begin());
        self.function(function as usize, &run, timed);
    }

    fn function<E: Event + ?Sized>(&self, index: usize, run: &Run<'_, '_, E>, timed: bool) {
        let mut at = 0;
        loop {
            let next = match self.program.functions[index].blocks[at] {
                Block::Return => return,
                Block::Match { rule, next } => {
                    run.report(rule);
                    next
                }
                Block::Gate { rule, open, shut } => {
                    if run.may_report(rule) {
                        open
                    } else {
                        shut
                    }
                }
                Block::Switch { switch, next } => {
                    let switch = self.plan.planned_switch(self.plan.switch_number(index, switch));
                    run.cases(switch, &mut |case| self.function(case.0 as usize, run, timed));
                    next
                }
                Block::Test { predicate, holds, fails } => {
                    let held = match &run.frame.pad.measurements {
                        None => run.test(predicate.0),
                        Some(m) => m.test(run, predicate.0, timed),
                    };
                    if held { holds } else { fails }
                }
            };
            at = next.0 as usize;
        }
    }
}
