//! Rules that an earlier one takes all events from.
//!
//! That every event of a rule matches an earlier one is only tried where it is likely: each rule is filed under one
//! or two terms of its condition's `and` that few rules have (the same comparison, or equality of the same field with
//! the same constant), and a later rule looks under its own terms. What is found so is then proved or dropped.
//!
//! Limits: terms that more than [`COMMON`] rules have are no use, and of the rules found [`CANDIDATES`] are looked at.

use super::facts::MAX_CONSTANTS;
use super::solver::{Node, Predicates, Solver, State};
use super::{Claim, within};
use crate::hir::{Comparison, Const, ListOp, Op, RuleSet};
use rustc_hash::{FxHashMap, FxHasher};
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

/// Most rules that share a term.
const COMMON: usize = 64;
/// Most earlier rules that are tried for a rule.
const CANDIDATES: usize = 32;

/// A term of a condition's `and`, as far as rules are filed by it.
#[derive(Debug)]
struct Term {
    /// The term itself.
    same: u64,
    /// For equality with constants: the field with each of them.
    constants: Vec<u64>,
}

/// Adds what is found to the claims.
pub(super) fn find(
    rules: &RuleSet,
    predicates: &Predicates<'_>,
    nodes: &[Option<Node>],
    negations: &[Option<Node>],
    claims: &mut [Option<Claim>],
) {
    let terms: Vec<Vec<Term>> =
        nodes.iter().map(|node| node.as_ref().map_or(Vec::new(), |n| terms(predicates, n))).collect();
    let mut common: FxHashMap<u64, usize> = FxHashMap::default();
    for key in terms.iter().flatten().flat_map(|term| term.constants.iter().chain([&term.same])) {
        *common.entry(*key).or_default() += 1;
    }
    let mut filed: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
    for (index, rule) in rules.rules.iter().enumerate() {
        let (Some(node), None) = (&nodes[index], claims[index]) else { continue };
        let found: BTreeSet<usize> = terms[index]
            .iter()
            .flat_map(|term| term.constants.first().into_iter().chain([&term.same]))
            .flat_map(|key| filed.get(key).map_or(&[][..], Vec::as_slice))
            .copied()
            .collect();
        let earlier = found.into_iter().take(CANDIDATES).find(|earlier| {
            let before = &rules.rules[*earlier];
            let Some(negation) = &negations[*earlier] else { return false };
            before.source == rule.source
                && within(&rule.events, &before.events)
                && implies(predicates, node, negation, State::new(rule.events.clone()))
        });
        claims[index] = earlier.map(Claim::Shadowed);
        for key in keys(&terms[index], &common) {
            filed.entry(key).or_default().push(index);
        }
    }
}

/// Whether nothing satisfies both; the negation of an `and` is tried member by member.
fn implies<'r>(predicates: &Predicates<'r>, node: &Node, negation: &Node, state: State<'r>) -> bool {
    match negation {
        Node::Any(members) => {
            members.iter().all(|member| Solver::new(predicates).refute(&[node, member], state.clone()))
        }
        other => Solver::new(predicates).refute(&[node, other], state),
    }
}

/// Under what a rule is filed: its rarest term, and its rarest equality with constants.
fn keys(terms: &[Term], common: &FxHashMap<u64, usize>) -> BTreeSet<u64> {
    let count = |key: &u64| common.get(key).copied().unwrap_or_default();
    let rarest = terms.iter().map(|term| (count(&term.same), term.same)).filter(|(count, _)| *count <= COMMON).min();
    let most = |term: &Term| term.constants.iter().map(count).max().unwrap_or(usize::MAX);
    let equality = terms.iter().filter(|term| most(term) <= COMMON).min_by_key(|term| (most(term), term.same));
    let constants = equality.into_iter().flat_map(|term| term.constants.iter().copied());
    rarest.map(|(_, key)| key).into_iter().chain(constants).collect()
}

fn terms(predicates: &Predicates<'_>, node: &Node) -> Vec<Term> {
    match node {
        Node::All(members) => members.iter().flat_map(|member| terms(predicates, member)).collect(),
        other => vec![Term { same: same(other), constants: equalities(predicates, other) }],
    }
}

/// A hash of a node; nodes of one hash are only tried against each other.
fn same(node: &Node) -> u64 {
    let mut hasher = FxHasher::default();
    write(node, &mut hasher);
    hasher.finish()
}

fn write(node: &Node, hasher: &mut FxHasher) {
    match node {
        Node::Literal(literal) => (0, literal.predicate, literal.answer).hash(hasher),
        Node::All(members) | Node::Any(members) => {
            (if matches!(node, Node::All(_)) { 1 } else { 2 }, members.len()).hash(hasher);
            members.iter().for_each(|member| write(member, hasher));
        }
    }
}

fn equalities(predicates: &Predicates<'_>, node: &Node) -> Vec<u64> {
    let Node::Literal(literal) = node else { return Vec::new() };
    let (predicate, known) = &predicates.all[literal.predicate as usize];
    let constants: &[Const] = match &predicate.test {
        Comparison::One(Op::Eq, constant) => std::slice::from_ref(constant),
        Comparison::Many(ListOp::In, list) if list.len() <= MAX_CONSTANTS => list,
        _ => return Vec::new(),
    };
    if !literal.answer {
        return Vec::new();
    }
    let key = |constant: &Const| {
        let mut hasher = FxHasher::default();
        (3, known.lhs, constant).hash(&mut hasher);
        hasher.finish()
    };
    constants.iter().map(key).collect()
}
