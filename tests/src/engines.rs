//! The engines that must agree, and the shortest way from a condition to each of them.
//!
//! [`ENGINES`] begins with the reference evaluator; a new engine is one more entry. [`compile`] makes a rule set
//! of conditions alone, each under its own text as the rule's name, without rule files.

use crate::conditions::TableEvent;
use anyhow::Context as _;
use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::RuleId;
use peregrine_compiler::value::Event as _;

/// All engines, the reference evaluator first.
pub const ENGINES: [EngineKind; 3] = [EngineKind::Oracle, EngineKind::Interp, EngineKind::Jit];

/// A rule set of conditions without macros and lists, in the order given. The first one that is refused is the
/// error.
pub fn compile<S: AsRef<str>>(conditions: &[S]) -> anyhow::Result<RuleSet> {
    crate::rules::from_conditions(conditions.iter().map(|c| (c.as_ref(), c.as_ref()))).map_err(anyhow::Error::msg)
}

/// A rule set in every engine.
#[derive(Debug)]
pub struct Engines {
    matchers: Vec<(EngineKind, Matcher)>,
}

impl Engines {
    /// Compiles for all engines.
    pub fn new(rules: &RuleSet) -> anyhow::Result<Engines> {
        let matcher = |kind| Ok((kind, Matcher::new(kind, rules).with_context(|| format!("{kind:?}"))?));
        Ok(Engines { matchers: ENGINES.into_iter().map(matcher).collect::<anyhow::Result<_>>()? })
    }

    /// What each engine says about an event: indices of all matching rules, in order.
    pub fn answers(&self, event: &TableEvent) -> Vec<(EngineKind, Vec<u32>)> {
        let answer = |matcher: &Matcher| {
            let mut found = Vec::new();
            if matcher.listens(event.code()) {
                matcher.run(&mut matcher.pad(), event, true, &mut |RuleId(rule)| found.push(rule));
            }
            found
        };
        self.matchers.iter().map(|(kind, matcher)| (*kind, answer(matcher))).collect()
    }
}
