//! The engines that must agree, and the shortest way from a condition to each of them.
//!
//! [`ENGINES`] begins with the reference evaluator; a new engine is one more entry. [`compile`] makes a rule set
//! of conditions alone, each under its own text as the rule's name, without rule files.

use crate::conditions::TableEvent;
use anyhow::Context as _;
use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::check::Checker;
use peregrine_compiler::check::events::event_set;
use peregrine_compiler::hir::{Priority, Rule, RuleSet, Template};
use peregrine_compiler::ir::RuleId;
use peregrine_compiler::span::Span;
use peregrine_compiler::syntax::parse_condition;

/// All engines, the reference evaluator first.
pub const ENGINES: [EngineKind; 3] = [EngineKind::Oracle, EngineKind::Interp, EngineKind::Jit];

/// Nesting that a condition of a rule may have.
const MAX_DEPTH: usize = 1000;

/// A rule set of conditions without macros and lists, in the order given. The first one that is refused is the
/// error.
pub fn compile<S: AsRef<str>>(conditions: &[S]) -> anyhow::Result<RuleSet> {
    let mut checker = Checker::new();
    let mut rules = Vec::new();
    for text in conditions {
        let text = text.as_ref();
        let tree = parse_condition(text, 0, MAX_DEPTH).with_context(|| text.to_owned())?;
        let (condition, _warnings) = checker.condition(&tree, &|_| Span::NONE).with_context(|| text.to_owned())?;
        let events = event_set(&tree).with_context(|| text.to_owned())?;
        rules.push(Rule {
            name: text.to_owned(),
            desc: String::new(),
            source: "syscall".to_owned(),
            priority: Priority::Notice,
            tags: Vec::new(),
            enabled: true,
            capture: false,
            capture_duration_ms: 0,
            condition,
            condition_text: text.to_owned(),
            events,
            output: Template::default(),
            span: Span::NONE,
        });
    }
    Ok(RuleSet { fields: checker.into_fields(), rules })
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
            if matcher.listens(peregrine_compiler::value::Event::code(event)) {
                matcher.run(&mut matcher.pad(), event, &mut |RuleId(rule)| {
                    found.push(rule);
                    true
                });
            }
            found
        };
        self.matchers.iter().map(|(kind, matcher)| (*kind, answer(matcher))).collect()
    }
}
