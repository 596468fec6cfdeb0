//! Rules over a capture: session → matcher → alerts.

use crate::alert::{AlertFormat, Alerts};
use crate::fields::{Bound, Env, EventView};
use crate::session::{Delivered, Session, SessionError};
use bumpalo::Bump;
use peregrine_compiler::backend::frame::Pad;
use peregrine_compiler::backend::measure::Measurements;
use peregrine_compiler::backend::native::NativeError;
use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::hir::{Priority, RuleSet};
use peregrine_compiler::ir::RuleId;
use peregrine_compiler::report::printable;
use std::sync::Arc;

/// How events are matched and alerts written.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What evaluates conditions.
    pub engine: EngineKind,
    /// Report every matching rule of an event instead of the first.
    pub all_matches: bool,
    /// Form of alerts.
    pub format: AlertFormat,
}

/// Rules compiled for one consumer of events.
#[derive(Debug)]
pub struct Detector<'r> {
    rules: &'r RuleSet,
    matcher: Arc<Matcher>,
    pad: Pad,
    bound: Bound,
    scratch: Bump,
    alerts: Alerts,
    all_matches: bool,
    counts: Counts,
    matched: Vec<RuleId>,
}

/// How often rules matched.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Alerts by rule, in rule order.
    pub by_rule: Vec<u64>,
}

impl<'r> Detector<'r> {
    /// Compiles `rules`.
    pub fn new(rules: &'r RuleSet, options: &Options) -> Result<Detector<'r>, NativeError> {
        Ok(Detector::with_matcher(rules, Matcher::new(options.engine, rules)?, options))
    }

    /// With a matcher that has been made for `rules`; several may share it.
    pub fn with_matcher(rules: &'r RuleSet, matcher: impl Into<Arc<Matcher>>, options: &Options) -> Detector<'r> {
        let matcher = matcher.into();
        Detector {
            rules,
            pad: matcher.pad(),
            matcher,
            bound: Bound::new(&rules.fields),
            scratch: Bump::new(),
            alerts: Alerts::new(options.format.clone()),
            all_matches: options.all_matches,
            counts: Counts { by_rule: vec![0; rules.rules.len()] },
            matched: Vec::new(),
        }
    }

    /// What matches.
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// What was counted and timed, if the matcher measures.
    pub fn measurements(&self) -> Option<&Measurements> {
        self.pad.measurements()
    }

    /// Shows an event as conditions see it.
    pub(crate) fn show<T>(&mut self, event: Delivered<'_>, env: &Env, look: impl FnOnce(&EventView<'_>) -> T) -> T {
        let result = look(&EventView::new(event, &self.bound, &self.scratch, env));
        self.scratch.reset();
        result
    }

    /// How often rules matched so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Matches an event; hands every alert, a line without its end, to `sink`.
    #[inline]
    pub fn event(&mut self, event: Delivered<'_>, env: &Env, sink: &mut dyn FnMut(&[u8])) {
        if self.matcher.listens(event.record.code) {
            self.match_event(event, env, sink);
        }
    }

    fn match_event(&mut self, event: Delivered<'_>, env: &Env, sink: &mut dyn FnMut(&[u8])) {
        let view = EventView::new(event, &self.bound, &self.scratch, env);
        let (matched, all) = (&mut self.matched, self.all_matches);
        matched.clear();
        self.matcher.run(&mut self.pad, &view, all, &mut |rule| matched.push(rule));
        for rule in matched {
            self.counts.by_rule[rule.0 as usize] += 1;
            sink(self.alerts.render(&self.rules.rules[rule.0 as usize], &view));
        }
        self.scratch.reset();
    }
}

/// Runs a whole capture. Alerts before an error have been delivered.
pub fn run(
    session: &mut Session,
    detector: &mut Detector<'_>,
    env: &Env,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), SessionError> {
    session.listen(|code| detector.matcher().listens(code));
    while session.step(&mut |event| detector.event(event, env, sink))? {}
    Ok(())
}

/// Falco's closing summary: events, alerts by severity and by rule.
pub fn summary(rules: &RuleSet, counts: &Counts) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let total: u64 = counts.by_rule.iter().sum();
    let _ = writeln!(out, "Events detected: {total}");
    let _ = writeln!(out, "Rule counts by severity:");
    for priority in Priority::ALL {
        let of_priority = rules.rules.iter().zip(&counts.by_rule).filter(|(r, _)| r.priority == priority);
        let count: u64 = of_priority.map(|(_, n)| n).sum();
        if count > 0 {
            let name = if priority == Priority::Informational { "Info" } else { priority.name() };
            let _ = writeln!(out, "   {}: {count}", name.to_uppercase());
        }
    }
    let _ = writeln!(out, "Triggered rules by rule name:");
    for (rule, count) in rules.rules.iter().zip(&counts.by_rule).filter(|(_, n)| **n > 0) {
        let _ = writeln!(out, "   {}: {count}", printable(&rule.name.replace('\n', " ")));
    }
    out
}
