//! The interpreter: walks the blocks of a program. Small and total; for tests, and where executable memory is
//! refused.

use super::frame::{Frame, Pad};
use super::prepared::Prepared;
use crate::hir::RuleSet;
use crate::ir::{Block, Program, RuleId};
use crate::value::Event;

/// A program ready to be interpreted.
#[derive(Debug)]
pub struct Interpreter {
    program: Program,
    prepared: Vec<Prepared>,
    fields: usize,
}

impl Interpreter {
    /// Prepares a program of `rules`.
    pub fn new(rules: &RuleSet, program: Program) -> Interpreter {
        let prepared = program.predicates.iter().map(|p| Prepared::new(rules, p)).collect();
        Interpreter { program, prepared, fields: rules.fields.len() }
    }

    /// Memory for a worker.
    pub fn pad(&self) -> Pad {
        Pad::new(self.fields, self.prepared.len())
    }

    /// Whether any rule can match events of this code.
    pub fn listens(&self, code: u16) -> bool {
        self.program.function(code).is_some()
    }

    /// Reports the matching rules in order until `on_match` says that it wants no more.
    pub fn run<E: Event + ?Sized>(&self, pad: &mut Pad, event: &E, on_match: &mut dyn FnMut(RuleId) -> bool) {
        let Some(function) = self.program.function(event.code()) else { return };
        let frame = Frame::new(event, pad);
        let mut at = 0;
        loop {
            match function.blocks[at] {
                Block::Return => return,
                Block::Match { rule, next } => {
                    if !on_match(rule) {
                        return;
                    }
                    at = next.0 as usize;
                }
                Block::Test { predicate, holds, fails } => {
                    let id = predicate.0 as usize;
                    let held = frame.remembered(id).unwrap_or_else(|| {
                        let held = self.prepared[id].holds(&frame);
                        frame.remember(id, held);
                        held
                    });
                    at = if held { holds.0 } else { fails.0 } as usize;
                }
            }
        }
    }
}
