//! Refutes conditions: proves, where it can, that no event satisfies some of them together.
//!
//! Conditions are brought into a form in which only comparisons are negated ([`Node`]). All comparisons that must
//! have an answer are noted in [`Known`], which holds the values that are left for each field ([`Facts`]) and the
//! event codes that are left; of an `or`, the members that contradict what is known fall away. Where several remain,
//! they are tried one after the other.
//!
//! What must hold: [`Solver::refute`] only says yes if there is no such event. It gives up when its steps are used
//! up ([`STEPS`], and [`ALL_STEPS`] for all rules together), and conditions of more than [`MAX_NODES`] nodes are not looked at, so that time is bounded.
//!
//! Fields of several values (lists, ancestors without index, ends of a connection) and comparisons with computed
//! values are opaque: all that is known of them is that a comparison that holds, holds, and that there is a value.

use super::facts::{Facts, MAX_CONSTANTS, Noted, constants};
use crate::check::events::codes_of;
use crate::hir::{Comparison, Const, EventSet, Expr, ListOp, Modifier, Op, Operand, Predicate, RuleSet};
use crate::span::Span;
use crate::value::Arg;
use peregrine_schema::events::code;
use peregrine_schema::{FieldFlags, FieldId};
use rustc_hash::FxHashMap;
use std::cell::Cell;

/// Most comparisons, `and`s and `or`s of a condition.
const MAX_NODES: usize = 4000;
/// Most steps of one refutation; each is about one comparison.
const STEPS: usize = 4000;
/// Most steps for a whole rule set; a typical rule takes a few hundred.
const ALL_STEPS: usize = 20_000_000;
/// Most members of an `or` that are tried one after the other, and how deep.
const MAX_BRANCHES: usize = 12;
const MAX_SPLITS: usize = 8;

/// A comparison with an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal {
    /// Number of the predicate.
    pub(super) predicate: u32,
    pub(super) answer: bool,
    pub(super) span: Span,
}

/// A condition of which only the comparisons are negated.
#[derive(Debug)]
pub(super) enum Node {
    Literal(Literal),
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// What is known of a predicate by itself.
#[derive(Debug)]
pub(super) struct Known {
    /// Number of its left side.
    pub(super) lhs: u32,
    /// Not to be looked into.
    opaque: bool,
    /// A test of the event type: the codes on which it can hold, and those on which it surely does.
    codes: Option<(EventSet, EventSet)>,
    /// Negated as a whole: `!=`.
    unequal: bool,
    /// It is about the number of the event, which is there and at least 1.
    counted: bool,
}

/// The predicates of a rule set, numbered.
#[derive(Debug)]
pub(super) struct Predicates<'r> {
    rules: &'r RuleSet,
    numbers: FxHashMap<&'r Predicate, u32>,
    operands: FxHashMap<&'r Operand, u32>,
    pub(super) all: Vec<(&'r Predicate, Known)>,
    /// Steps that are left for all refutations.
    left: Cell<usize>,
}

impl<'r> Predicates<'r> {
    pub(super) fn new(rules: &'r RuleSet) -> Predicates<'r> {
        let (numbers, operands) = (FxHashMap::default(), FxHashMap::default());
        Predicates { rules, numbers, operands, all: Vec::new(), left: Cell::new(ALL_STEPS) }
    }

    /// A condition, or its negation, as a node; `None` if it is too large.
    pub(super) fn node(&mut self, condition: &'r Expr, answer: bool) -> Option<Node> {
        let mut left = MAX_NODES;
        self.convert(condition, answer, &mut left)
    }

    fn convert(&mut self, expr: &'r Expr, answer: bool, left: &mut usize) -> Option<Node> {
        *left = left.checked_sub(1)?;
        Some(match expr {
            Expr::Not(inner) => self.convert(inner, !answer, left)?,
            Expr::Test(test) => {
                Node::Literal(Literal { predicate: self.number(&test.predicate), answer, span: test.span })
            }
            Expr::And(members) | Expr::Or(members) => {
                let nodes: Option<Vec<Node>> = members.iter().map(|e| self.convert(e, answer, left)).collect();
                if matches!(expr, Expr::And(_)) == answer { Node::All(nodes?) } else { Node::Any(nodes?) }
            }
        })
    }

    fn number(&mut self, predicate: &'r Predicate) -> u32 {
        if let Some(number) = self.numbers.get(predicate) {
            return *number;
        }
        let next = self.operands.len() as u32;
        let lhs = *self.operands.entry(&predicate.lhs).or_insert(next);
        let known = self.known(predicate, lhs);
        self.all.push((predicate, known));
        let number = self.all.len() as u32 - 1;
        self.numbers.insert(predicate, number);
        number
    }

    fn known(&self, predicate: &Predicate, lhs: u32) -> Known {
        let field = match &predicate.lhs {
            Operand::Field(slot) => self.rules.fields.get(*slot as usize),
            Operand::Transform(_) => None,
        };
        let several = match (&predicate.lhs, field) {
            (Operand::Transform(transform), _) => transform.list,
            // Its type, and whether it is a list, depend on the event.
            (_, Some(field)) if field.id == FieldId::EvtRawarg => true,
            (_, Some(field)) => {
                let flags = field.id.row().flags;
                flags.any(FieldFlags::LIST.or(FieldFlags::EITHER_END))
                    || (flags.has(FieldFlags::ANY_OF) && !matches!(field.arg, Arg::Index(_)))
            }
            (_, None) => true,
        };
        let is = |id| field.is_some_and(|field| field.id == id && field.arg == Arg::None);
        Known {
            lhs,
            opaque: several || constants(&predicate.test) > MAX_CONSTANTS,
            codes: if is(FieldId::EvtType) { codes(&predicate.test) } else { None },
            unequal: unequal(&predicate.test),
            counted: is(FieldId::EvtNum),
        }
    }

    /// Whether a comparison says nothing but which events, of all, are meant.
    pub(super) fn selects_events(&self, predicate: u32) -> bool {
        let (_, known) = &self.all[predicate as usize];
        known.codes.is_some() || known.counted
    }
}

fn unequal(test: &Comparison) -> bool {
    matches!(test, Comparison::One(Op::Ne, _) | Comparison::Modified(Op::Ne, ..))
}

/// The codes on which the event type can be, and surely is, one of the constants. Events without a type of their own
/// carry its name, so it is not known by their code.
fn codes(test: &Comparison) -> Option<(EventSet, EventSet)> {
    let names = match test {
        Comparison::One(Op::Eq | Op::Ne, constant) => std::slice::from_ref(constant),
        Comparison::Many(ListOp::In | ListOp::Intersects, list) => list,
        Comparison::Modified(Op::Eq, Modifier::AnyOf, list) => list,
        _ => return None,
    };
    let text = |constant: &Const| match constant {
        Const::Str(text) => codes_of(text),
        _ => EventSet::EMPTY,
    };
    let can = names.iter().fold(EventSet::EMPTY, |set, name| set.union(&text(name)));
    let mut vague = EventSet::EMPTY;
    for code in [code::GENERIC_E, code::GENERIC_X, code::ASYNCEVENT_E, code::PLUGINEVENT_E] {
        vague.insert(code);
    }
    let sure = EventSet(std::array::from_fn(|i| can.0[i] & !vague.0[i]));
    // That it is not unequal also holds where there is no name.
    Some((if unequal(test) { can.union(&vague) } else { can }, sure))
}

/// What is known of an event.
#[derive(Debug, Clone)]
pub(super) struct State<'r> {
    answers: FxHashMap<u32, Literal>,
    facts: FxHashMap<u32, Facts<'r>>,
    codes: EventSet,
    /// The comparison that last narrowed the codes.
    narrowed: Span,
}

impl<'r> State<'r> {
    /// An event of one of these codes.
    pub(super) fn new(codes: EventSet) -> State<'r> {
        State { answers: FxHashMap::default(), facts: FxHashMap::default(), codes, narrowed: Span::NONE }
    }
}

/// Two comparisons that contradict each other, or one that contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) span: Span,
    pub(super) other: Option<Span>,
}

/// Members of `or`s that are not decided yet.
type Open<'n> = Vec<&'n [Node]>;

impl Drop for Solver<'_, '_> {
    fn drop(&mut self) {
        let used = self.given - self.steps;
        self.predicates.left.set(self.predicates.left.get().saturating_sub(used));
    }
}

/// One refutation.
pub(super) struct Solver<'p, 'r> {
    predicates: &'p Predicates<'r>,
    /// Steps that are left, and how many there were.
    steps: usize,
    given: usize,
    /// The first contradiction, found without trying members of an `or`.
    pub(super) conflict: Option<Conflict>,
}

impl<'p, 'r> Solver<'p, 'r> {
    pub(super) fn new(predicates: &'p Predicates<'r>) -> Solver<'p, 'r> {
        let given = STEPS.min(predicates.left.get());
        Solver { predicates, steps: given, given, conflict: None }
    }

    /// Whether no event in the state satisfies all nodes.
    pub(super) fn refute(&mut self, nodes: &[&Node], mut state: State<'r>) -> bool {
        let mut open = Vec::new();
        for node in nodes {
            if !self.assume(node, &mut state, &mut open, true) {
                return true;
            }
        }
        self.refute_open(open, state, 0)
    }

    fn refute_open<'n>(&mut self, mut open: Open<'n>, mut state: State<'r>, splits: usize) -> bool {
        // Members that contradict what is known fall away; a single one that is left must hold.
        let mut choices: Vec<Vec<&'n Node>> = Vec::new();
        let mut progress = true;
        while std::mem::take(&mut progress) {
            choices.clear();
            for members in std::mem::take(&mut open) {
                if self.steps == 0 {
                    return false;
                }
                let left: Vec<&Node> = members.iter().filter(|member| !self.contradicts(member, &state)).collect();
                match left.as_slice() {
                    [] => return true,
                    [one] => {
                        progress = true;
                        if !self.assume(one, &mut state, &mut open, false) {
                            return true;
                        }
                    }
                    _ => {
                        open.push(members);
                        choices.push(left);
                    }
                }
            }
        }
        let Some(at) = (0..choices.len()).min_by_key(|at| choices[*at].len()) else { return false };
        let choice = choices.swap_remove(at);
        if choice.len() > MAX_BRANCHES || splits >= MAX_SPLITS || choices.len() != open.len() - 1 {
            return false;
        }
        open.swap_remove(at);
        choice.into_iter().all(|member| {
            let (mut state, mut open) = (state.clone(), open.clone());
            self.steps = self.steps.saturating_sub(1 + state.facts.len());
            self.steps > 0
                && (!self.assume(member, &mut state, &mut open, false) || self.refute_open(open, state, splits + 1))
        })
    }

    /// Notes a node; says whether it does not contradict what is known. What is left to be decided goes to `open`.
    fn assume<'n>(&mut self, node: &'n Node, state: &mut State<'r>, open: &mut Open<'n>, told: bool) -> bool {
        match node {
            Node::All(members) => members.iter().all(|member| self.assume(member, state, open, told)),
            Node::Any(members) => {
                open.push(members);
                true
            }
            Node::Literal(literal) => {
                let conflict = self.note(literal, state);
                if told && self.conflict.is_none() {
                    self.conflict = conflict;
                }
                conflict.is_none()
            }
        }
    }

    /// Whether a node contradicts what is known, as far as its comparisons show one by one.
    fn contradicts(&mut self, node: &Node, state: &State<'r>) -> bool {
        match node {
            Node::All(members) => members.iter().any(|member| self.contradicts(member, state)),
            Node::Any(members) => members.iter().all(|member| self.contradicts(member, state)),
            Node::Literal(literal) => {
                let lhs = self.predicates.all[literal.predicate as usize].1.lhs;
                // Only what is said of the same value can contradict.
                let mut part = State::new(state.codes.clone());
                part.narrowed = state.narrowed;
                if let Some(known) = state.answers.get(&literal.predicate) {
                    part.answers.insert(literal.predicate, *known);
                }
                if let Some(facts) = state.facts.get(&lhs) {
                    part.facts.insert(lhs, facts.clone());
                }
                self.note(literal, &mut part).is_some()
            }
        }
    }

    /// Notes a comparison, or gives what it contradicts. Once all steps are used up, nothing is noted any more.
    fn note(&mut self, literal: &Literal, state: &mut State<'r>) -> Option<Conflict> {
        self.steps = self.steps.saturating_sub(1);
        if self.steps == 0 {
            return None;
        }
        let (predicate, known) = &self.predicates.all[literal.predicate as usize];
        if let Some(before) = state.answers.get(&literal.predicate) {
            let conflict = Conflict { span: literal.span, other: Some(before.span) };
            return (before.answer != literal.answer).then_some(conflict);
        }
        state.answers.insert(literal.predicate, *literal);
        if let Some((can, sure)) = &known.codes {
            let among = literal.answer != known.unequal;
            let left = EventSet(std::array::from_fn(|i| state.codes.0[i] & if among { can.0[i] } else { !sure.0[i] }));
            if left.is_empty() {
                let other = (state.narrowed != Span::NONE).then_some(state.narrowed);
                return Some(Conflict { span: literal.span, other });
            }
            if left != state.codes {
                (state.codes, state.narrowed) = (left, literal.span);
            }
        }
        let new = || if known.counted { Facts::counted() } else { Facts::default() };
        let facts = state.facts.entry(known.lhs).or_insert_with(new);
        self.steps = self.steps.saturating_sub(facts.size() * constants(&predicate.test) / 64);
        let other = facts.noted.last().map(|noted| noted.span);
        // Of an opaque comparison that holds, all that is known is that there is a value; not even that of an
        // inequality, which holds of no values.
        let test = match (known.opaque, literal.answer, &predicate.test) {
            (false, ..) | (true, _, Comparison::Exists) => &predicate.test,
            (true, true, test) if !unequal(test) => &Comparison::Exists,
            (true, ..) => return None,
        };
        let possible = facts.narrow(Noted { test, answer: literal.answer, span: literal.span });
        (!possible).then_some(Conflict { span: literal.span, other })
    }
}
