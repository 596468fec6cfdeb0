//! Access predicates: what makes a rule worth a look.
//!
//! The cover of a condition is a set of predicates of which at least one holds whenever the condition does. All of them
//! belong to groups, so that a few looks at values (one per group) tell which rules are possible, however many there
//! are. Conditions without a cover (negations, comparisons with computed values, ...) are tested one by one.
//!
//! ```text
//! cover(predicate of a group)  = it
//! cover(All)                   = the smallest cover of a member
//! cover(Any)                   = all members' covers together, if all have one
//! ```

use super::cost::Costs;
use super::formula::{Form, FormId, Formulas};
use super::{Group, GroupKind, PredicateId};
use crate::hir::{Comparison, Const, ListOp, Op, Operand, Predicate, RuleSet, Slot};
use crate::value::Arg;
use peregrine_schema::{FieldFlags, Type};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Predicates that share a field and an operator; fewer are tested one by one.
const LEAST_GROUP: usize = 4;
/// Predicates in a cover; more would make a switch larger than what it saves.
const MOST_COVER: usize = 64;

/// The group a predicate could belong to.
pub fn group_key(rules: &RuleSet, predicate: &Predicate) -> Option<(Slot, GroupKind)> {
    let Operand::Field(slot) = predicate.lhs else { return None };
    let field = rules.fields.get(slot as usize)?;
    let row = field.id.row();
    // Of several values any may satisfy; lists and both ends of a connection have meanings of their own.
    let several = row.flags.has(FieldFlags::ANY_OF) && !matches!(field.arg, Arg::Index(_));
    let barred = FieldFlags::LIST.or(FieldFlags::EITHER_END).or(FieldFlags::LOOKS_BACK);
    if row.flags.any(barred) || several && matches!(predicate.test, Comparison::Many(ListOp::Pmatch, _)) {
        return None;
    }
    let is_text = |c: &Const| matches!(c, Const::Str(_));
    let is_number = |c: &Const| matches!(c, Const::Int(_) | Const::Uint(_));
    let kind = match (&predicate.test, row.ty) {
        (Comparison::One(op, Const::Str(text)), Type::Charbuf) => match op {
            Op::Eq => GroupKind::Equal,
            Op::Startswith => GroupKind::Prefix,
            Op::Endswith => GroupKind::Suffix,
            // Everything that exists contains the empty text.
            Op::Contains if !text.is_empty() => GroupKind::Contains,
            Op::Icontains => GroupKind::Icontains,
            Op::Glob => GroupKind::Glob,
            Op::Iglob => GroupKind::Iglob,
            Op::Regex => GroupKind::Regex,
            _ => return None,
        },
        (Comparison::Many(ListOp::In, list), Type::Charbuf) if list.iter().all(is_text) => GroupKind::Equal,
        (Comparison::Many(ListOp::Pmatch, _), Type::Charbuf) => GroupKind::Path,
        (Comparison::One(Op::Eq, c), Type::Dyn | Type::Double) if is_number(c) => return None,
        (Comparison::One(Op::Eq, c), _) if is_number(c) => GroupKind::Number,
        (Comparison::Many(_, list), Type::Dyn | Type::Double) if list.iter().all(is_number) => return None,
        (Comparison::Many(ListOp::In, list), _) if list.iter().all(is_number) => GroupKind::Number,
        _ => return None,
    };
    Some((slot, kind))
}

/// The groups of a rule set's predicates, in order of field and kind.
pub fn groups(rules: &RuleSet, predicates: &[Predicate]) -> Vec<Group> {
    let mut by_key: BTreeMap<(Slot, GroupKind), Vec<PredicateId>> = BTreeMap::new();
    for (index, predicate) in predicates.iter().enumerate() {
        if let Some(key) = group_key(rules, predicate) {
            by_key.entry(key).or_default().push(PredicateId(index as u32));
        }
    }
    let large = by_key.into_iter().filter(|(_, members)| members.len() >= LEAST_GROUP);
    large.map(|((slot, kind), members)| Group { slot, kind, members }).collect()
}

/// Covers of conditions, each computed once.
#[derive(Debug)]
pub struct Covers {
    grouped: Vec<bool>,
    known: FxHashMap<FormId, Option<Cover>>,
}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Cover {
    /// Ascending.
    pub predicates: Vec<PredicateId>,
    /// How likely any of them holds.
    pub likely: f64,
}

impl Covers {
    /// For a program with so many predicates and these groups.
    pub fn new(predicates: usize, groups: &[Group]) -> Covers {
        let mut grouped = vec![false; predicates];
        groups.iter().flat_map(|g| &g.members).for_each(|p| grouped[p.0 as usize] = true);
        Covers { grouped, known: FxHashMap::default() }
    }

    /// The cover of a condition.
    pub fn of(&mut self, formulas: &Formulas, costs: &Costs, id: FormId) -> Option<Cover> {
        match formulas.get(id) {
            Form::Test(predicate, true) if self.grouped[predicate.0 as usize] => {
                Some(Cover { predicates: vec![*predicate], likely: costs.predicate(*predicate).likely })
            }
            Form::Const(_) | Form::Test(..) => None,
            Form::All(members) | Form::Any(members) => {
                if let Some(known) = self.known.get(&id) {
                    return known.clone();
                }
                let all = matches!(formulas.get(id), Form::All(_));
                let cover =
                    if all { self.of_all(formulas, costs, members) } else { self.of_any(formulas, costs, members) };
                self.known.insert(id, cover.clone());
                cover
            }
        }
    }

    /// The cover of several demands: that of the one that is least likely to hold.
    pub fn of_all(&mut self, formulas: &Formulas, costs: &Costs, members: &[FormId]) -> Option<Cover> {
        let covers = members.iter().filter_map(|m| self.of(formulas, costs, *m));
        covers.min_by(|a, b| {
            (a.likely, a.predicates.len())
                .partial_cmp(&(b.likely, b.predicates.len()))
                .unwrap_or(std::cmp::Ordering::Equal)
        })
    }

    fn of_any(&mut self, formulas: &Formulas, costs: &Costs, members: &[FormId]) -> Option<Cover> {
        if members.len() > MOST_COVER {
            return None;
        }
        let mut together = Cover { predicates: Vec::new(), likely: 0.0 };
        for member in members {
            let cover = self.of(formulas, costs, *member)?;
            together.predicates.extend(cover.predicates);
            together.likely += cover.likely;
        }
        together.predicates.sort_unstable();
        together.predicates.dedup();
        (together.predicates.len() <= MOST_COVER).then_some(together)
    }
}
