//! Doubts about rules as a whole: those that can never match, those that match whatever happens, and those that an
//! earlier rule always takes the event from.
//!
//! ```text
//! typed rules ─ solver: predicates, nodes ─► never: the condition refuted
//!                                            always: its negation refuted
//!               shadow: candidates ────────► shadowed: it and the negation of the earlier one refuted together
//! ```
//!
//! What must hold: a claim is true for every event, whatever its fields give, a missing value included. What cannot
//! be proved in the steps allowed is not claimed. Rules that are disabled take no part. Time grows with the number
//! of rules, not with its square: which earlier rules are looked at is limited, see [`shadow`].
//!
//! These are warnings of Peregrine's own. They do not stand among those of a file, which are Falco's.

mod facts;
mod shadow;
mod solver;

use crate::hir::{EventSet, Rule, RuleSet};
use crate::load::Loaded;
use crate::report::{Code, Diagnostic, Related};
use crate::span::Span;
use peregrine_schema::events::code;
use solver::{Conflict, Node, Predicates, Solver, State};

/// A claim about a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lint {
    /// The rule, by its number.
    pub rule: usize,
    /// What is claimed.
    pub claim: Claim,
}

/// What is claimed of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// No event can match it. With the comparisons that contradict each other, if there are such: the second one,
    /// and the first one unless the second contradicts itself.
    Never(Option<(Span, Option<Span>)>),
    /// All events of its types match it, apart from asynchronous ones, which every rule is tried on.
    Always,
    /// Every event that matches it matches the earlier rule of this number.
    Shadowed(usize),
}

/// All claims about a rule set, in the order of its rules.
pub fn lint(rules: &RuleSet) -> Vec<Lint> {
    let mut predicates = Predicates::new(rules);
    let mut nodes: Vec<Option<Node>> = Vec::with_capacity(rules.rules.len());
    let mut negations: Vec<Option<Node>> = Vec::with_capacity(rules.rules.len());
    for rule in &rules.rules {
        nodes.push(rule.enabled.then(|| predicates.node(&rule.condition, true)).flatten());
        negations.push(rule.enabled.then(|| predicates.node(&rule.condition, false)).flatten());
    }
    let mut claims: Vec<Option<Claim>> = Vec::with_capacity(rules.rules.len());
    for ((rule, node), negation) in rules.rules.iter().zip(&nodes).zip(&negations) {
        claims.push(match (node, negation) {
            (Some(node), Some(negation)) => alone(&predicates, rule, node, negation),
            _ => None,
        });
    }
    shadow::find(rules, &predicates, &nodes, &negations, &mut claims);
    let told = claims.into_iter().enumerate();
    told.filter_map(|(rule, claim)| claim.map(|claim| Lint { rule, claim })).collect()
}

/// What can be claimed of a rule by itself.
fn alone(predicates: &Predicates<'_>, rule: &Rule, node: &Node, negation: &Node) -> Option<Claim> {
    let mut solver = Solver::new(predicates);
    if solver.refute(&[node], State::new(rule.events.clone())) {
        return Some(Claim::Never(solver.conflict.map(|Conflict { span, other }| (span, other))));
    }
    // A rule for all events of some types is meant to be one.
    if !says_something(predicates, node) {
        return None;
    }
    let mut codes = rule.events.clone();
    codes.0[usize::from(code::ASYNCEVENT_E) / 64] &= !(1 << (code::ASYNCEVENT_E % 64));
    Solver::new(predicates).refute(&[negation], State::new(codes)).then_some(Claim::Always)
}

/// Whether a condition tests anything but the type and number of events.
fn says_something(predicates: &Predicates<'_>, node: &Node) -> bool {
    match node {
        Node::All(members) | Node::Any(members) => members.iter().any(|member| says_something(predicates, member)),
        Node::Literal(literal) => !predicates.selects_events(literal.predicate),
    }
}

/// The claims about loaded rules as warnings.
pub fn diagnostics(loaded: &Loaded) -> Vec<Diagnostic> {
    lint(&loaded.rules).into_iter().map(|lint| diagnostic(&loaded.rules, lint)).collect()
}

fn diagnostic(rules: &RuleSet, lint: Lint) -> Diagnostic {
    let rule = &rules.rules[lint.rule];
    let here = Related { span: rule.span, text: format!("in rule '{}'", rule.name) };
    let (code, message, span, related, help) = match lint.claim {
        Claim::Never(conflict) => {
            let message = format!("rule '{}' can never match", rule.name);
            let (span, related) = match conflict.filter(|(span, _)| *span != Span::NONE) {
                Some((span, Some(other))) if other != span => {
                    (span, vec![Related { span: other, text: "contradicts this".to_owned() }, here])
                }
                Some((span, _)) => (span, vec![here]),
                None => (rule.span, Vec::new()),
            };
            (Code::NeverMatches, message, span, related, None)
        }
        Claim::Always => {
            let message = format!("rule '{}' matches every event of its types", rule.name);
            (Code::AlwaysMatches, message, rule.span, Vec::new(), None)
        }
        Claim::Shadowed(earlier) => {
            let earlier = &rules.rules[earlier];
            let message = format!("rule '{}' is never reached: '{}' matches before it", rule.name, earlier.name);
            let related = vec![Related { span: earlier.span, text: "whenever it matches, this matches".to_owned() }];
            let help = "put the more special rule first, or match all rules (rule_matching: all)";
            (Code::Shadowed, message, rule.span, related, Some(help.to_owned()))
        }
    };
    Diagnostic {
        code,
        message,
        span,
        related,
        help,
        locations: Vec::new(),
        condition_snippet: None,
        deprecated_field: None,
    }
}

/// Whether all codes of one set are in another.
fn within(part: &EventSet, whole: &EventSet) -> bool {
    part.intersection(whole) == *part
}

#[cfg(test)]
mod tests;
