//! The intermediate representation: branching programs over shared predicates.
//!
//! A [`Program`] holds every predicate of the rule set once. For each class of event codes that behaves alike it has
//! one [`Function`]: blocks that test a predicate and branch, report a rule, or continue in the cases of a switch.
//! That is all there is:
//!
//! ```text
//! p0: evt.is_open_read = true             predicates, in the condition language
//! p1: fd.name startswith "/etc/"
//! group fd.name prefix: p1 p2 p3          predicates that one look at a value answers together
//! rule r0: "Read below etc"
//! case:                                    f0: what is left of the rules that p1 makes possible
//!   b0: match r0 b1
//!   b1: return
//! fn 307 327:                              f1: event codes
//!   b0: test p0 b1 b2                      holds → b1, else → b2
//!   b1: switch s0 b2                       for each predicate of s0 that holds, run its case; then → b2
//!   b2: return
//!   s0: p1 f0
//! ```
//!
//! What must hold is listed in [`verify`]. Rules are reported in any order and maybe twice; who runs a program sorts
//! them. Evaluating a predicate has no effect, so an engine may evaluate it at most once per event and remember the
//! answer. The exception are fields that look back at their own evaluations: rules with such fields are tested
//! behind a gate, in order, as they are written.
//!
//! The passes, in order: [`share`](formula) (each condition and predicate once), [`fold`] (what no event decides),
//! [`partial`] (what the type of the event decides), [`hoist`] (conditions of many rules first, then switches over
//! [`access`] predicates), all by the estimates of [`cost`].

pub mod access;
pub mod cost;
pub mod fold;
pub mod formula;
pub mod hoist;
pub mod inplace;
pub mod lower;
pub mod partial;
pub mod text;
pub mod tune;
pub mod verify;

use crate::hir::{EventSet, Predicate, RuleSet, Slot};
use peregrine_schema::EVENT_COUNT;
use serde::{Deserialize, Serialize};

/// Index into [`Program::predicates`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PredicateId(pub u32);

/// Index into [`Function::blocks`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BlockId(pub u32);

/// Index into [`RuleSet::rules`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleId(pub u32);

/// Index into [`Program::functions`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FunctionId(pub u32);

/// A compiled rule set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Program {
    /// Every predicate once, in order of first use.
    pub predicates: Vec<Predicate>,
    /// Predicates that are answered together.
    pub groups: Vec<Group>,
    /// One function per class of event codes, each behind the cases it switches to.
    pub functions: Vec<Function>,
    /// Function of each event code; `None` if no rule can match it.
    pub by_code: Vec<Option<u32>>,
}

/// Predicates on one field that are answered by one look at its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The field.
    pub slot: Slot,
    /// What its predicates ask.
    pub kind: GroupKind,
    /// Ascending.
    pub members: Vec<PredicateId>,
}

/// What the predicates of a [`Group`] ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GroupKind {
    /// `=` and `in` on texts.
    Equal,
    /// `=` and `in` on numbers.
    Number,
    /// `startswith`.
    Prefix,
    /// `endswith`.
    Suffix,
    /// `contains`.
    Contains,
    /// `pmatch`.
    Path,
    /// `glob`.
    Glob,
    /// `iglob`.
    Iglob,
    /// `icontains`.
    Icontains,
    /// `regex`.
    Regex,
}

impl GroupKind {
    /// All kinds.
    pub const ALL: [GroupKind; 10] = [
        GroupKind::Equal,
        GroupKind::Number,
        GroupKind::Prefix,
        GroupKind::Suffix,
        GroupKind::Contains,
        GroupKind::Path,
        GroupKind::Glob,
        GroupKind::Iglob,
        GroupKind::Icontains,
        GroupKind::Regex,
    ];

    /// Name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            GroupKind::Equal => "equal",
            GroupKind::Number => "number",
            GroupKind::Prefix => "prefix",
            GroupKind::Suffix => "suffix",
            GroupKind::Contains => "contains",
            GroupKind::Path => "path",
            GroupKind::Glob => "glob",
            GroupKind::Iglob => "iglob",
            GroupKind::Icontains => "icontains",
            GroupKind::Regex => "regex",
        }
    }
}

/// What is done for the events of some codes, or, without codes, for a case of a switch. Control enters at block 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The codes; none for a case.
    pub codes: EventSet,
    /// Blocks; targets always point to later blocks.
    pub blocks: Vec<Block>,
    /// Switches of the blocks.
    pub switches: Vec<Switch>,
}

/// Where to continue for each of several predicates.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Switch {
    /// Predicates of groups, ascending, with earlier functions that have no codes.
    pub cases: Vec<(PredicateId, FunctionId)>,
}

/// A step of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// Run the case of every predicate that holds, then continue.
    Switch {
        /// Index into [`Function::switches`].
        switch: u32,
        /// Next block.
        next: BlockId,
    },
    /// Continue at `open` if the rule may still be reported: every match is wanted, or no earlier rule has been found.
    Gate {
        /// The rule.
        rule: RuleId,
        /// Next block if it may.
        open: BlockId,
        /// Next block if it may not.
        shut: BlockId,
    },
    /// Report a rule and continue.
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
    /// Compiles typed rules with all passes.
    pub fn new(rules: &RuleSet) -> Program {
        lower::lower(rules, &lower::Options::default())
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
            groups: self.groups.len(),
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
    /// Groups of predicates that are answered together.
    pub groups: usize,
    /// Functions, cases included.
    pub functions: usize,
    /// Blocks of all functions.
    pub blocks: usize,
    /// Event codes on which no rule can match.
    pub silent_codes: usize,
}

#[cfg(test)]
mod tests;
