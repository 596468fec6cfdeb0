//! Which rules use which predicates.

use peregrine_compiler::hir::{Expr, Predicate, RuleSet};
use peregrine_compiler::span::Span;
use std::collections::{HashMap, HashSet};

/// The number of enabled rules that use each predicate; those that none of them uses are left out.
pub(super) fn uses(rules: &RuleSet) -> HashMap<&Predicate, usize> {
    let mut uses: HashMap<&Predicate, usize> = HashMap::new();
    for rule in rules.rules.iter().filter(|rule| rule.enabled) {
        let mut seen = HashSet::new();
        for (predicate, _) in tests(&rule.condition) {
            if seen.insert(predicate) {
                *uses.entry(predicate).or_default() += 1;
            }
        }
    }
    uses
}

/// The comparisons of a condition with their places, in order.
pub(super) fn tests(condition: &Expr) -> Vec<(&Predicate, Span)> {
    let mut found = Vec::new();
    collect(condition, &mut found);
    found
}

fn collect<'e>(expr: &'e Expr, out: &mut Vec<(&'e Predicate, Span)>) {
    match expr {
        Expr::And(members) | Expr::Or(members) => members.iter().for_each(|member| collect(member, out)),
        Expr::Not(inner) => collect(inner, out),
        Expr::Test(test) => out.push((&test.predicate, test.span)),
    }
}
