//! The intermediate representation: branching programs over shared predicates.
//!
//! A [`Program`] holds every predicate of the rule set once. For each class of event codes that behaves alike
//! it has one [`Function`]: blocks that test a predicate and branch, or report a rule. That is all there is:
//!
//! ```text
//! p0: evt.type in (open, openat)          predicates, in the condition language
//! p1: fd.name startswith "/etc/"
//! rule r0: "Write below etc"
//! fn 307 327:                              event codes
//!   b0: test p1 b1 b2                      holds → b1, else → b2
//!   b1: match r0 b2                        report r0; if more are wanted → b2, else stop
//!   b2: return
//! ```
//!
//! What must hold is listed in [`verify`]. Evaluating a predicate has no effect, so an engine may evaluate it
//! at most once per event and remember the answer.

pub mod lower;
pub mod partial;
pub mod text;
pub mod verify;

use crate::hir::{EventSet, Predicate, RuleSet};
use peregrine_schema::EVENT_COUNT;

/// Index into [`Program::predicates`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct PredicateId(pub u32);

/// Index into [`Function::blocks`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct BlockId(pub u32);

/// Index into [`RuleSet::rules`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct RuleId(pub u32);

/// A compiled rule set.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// Every predicate once, in order of first use.
    pub predicates: Vec<Predicate>,
    /// One function per class of event codes.
    pub functions: Vec<Function>,
    /// Function of each event code; `None` if no rule can match it.
    pub by_code: Vec<Option<u32>>,
}

/// What is done for the events of some codes. Control enters at block 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The codes.
    pub codes: EventSet,
    /// Blocks; targets always point to later blocks.
    pub blocks: Vec<Block>,
}

/// A step of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Block {
    /// Continue at `holds` or `fails`.
    Test {
        /// What is tested.
        predicate: PredicateId,
        /// Next block if the predicate holds.
        holds: BlockId,
        /// Next block if it does not.
        fails: BlockId,
    },
    /// Report a rule; continue at `next` if the caller wants further matches.
    Match {
        /// The rule.
        rule: RuleId,
        /// Next block.
        next: BlockId,
    },
    /// No further match.
    Return,
}

impl Program {
    /// Compiles typed rules: partial evaluation by event code, sharing of predicates, branching code.
    pub fn new(rules: &RuleSet) -> Program {
        lower::lower(rules)
    }

    /// The function for an event code.
    pub fn function(&self, code: u16) -> Option<&Function> {
        let index = (*self.by_code.get(code as usize)?)?;
        self.functions.get(index as usize)
    }

    /// Sizes, for people.
    pub fn stats(&self) -> Stats {
        Stats {
            predicates: self.predicates.len(),
            functions: self.functions.len(),
            blocks: self.functions.iter().map(|f| f.blocks.len()).sum(),
            silent_codes: EVENT_COUNT - self.by_code.iter().flatten().count(),
        }
    }
}

/// Sizes of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Stats {
    /// Distinct predicates.
    pub predicates: usize,
    /// Functions.
    pub functions: usize,
    /// Blocks of all functions.
    pub blocks: usize,
    /// Event codes on which no rule can match.
    pub silent_codes: usize,
}
