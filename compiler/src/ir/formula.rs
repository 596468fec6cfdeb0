//! Conditions as a graph in which nothing stands twice.
//!
//! Negations stand only at predicates; members of `All` and `Any` are sorted, different, at least two, and not of the
//! same kind as what holds them. Equal conditions therefore have the same number, whatever order they were written in,
//! and what is common to the alternatives of an `Any` stands before it:
//!
//! ```text
//! (read and file and n >= 0) or (write and file and n >= 0)   becomes   file and n >= 0 and (read or write)
//! ```
//!
//! Predicates are two-valued (a missing value makes one false) and have no effects, so all of this is exact.

use super::PredicateId;
use crate::hir::{Expr, Predicate};
use rustc_hash::FxHashMap;

/// Number of a condition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct FormId(pub u32);

/// A condition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// Always or never.
    Const(bool),
    /// The predicate holds (`true`) or does not.
    Test(PredicateId, bool),
    /// All of them.
    All(Box<[FormId]>),
    /// Any of them.
    Any(Box<[FormId]>),
}

/// All conditions and predicates of a rule set.
#[derive(Debug)]
pub struct Formulas {
    forms: Vec<Form>,
    ids: FxHashMap<Form, FormId>,
    predicates: Vec<Predicate>,
    predicate_ids: FxHashMap<Predicate, PredicateId>,
}

/// Never.
pub const NEVER: FormId = FormId(0);
/// Always.
pub const ALWAYS: FormId = FormId(1);

impl Default for Formulas {
    fn default() -> Formulas {
        let constants = [Form::Const(false), Form::Const(true)];
        Formulas {
            ids: constants.iter().cloned().zip([NEVER, ALWAYS]).collect(),
            forms: constants.into(),
            predicates: Vec::new(),
            predicate_ids: FxHashMap::default(),
        }
    }
}

impl Formulas {
    /// The condition with a number.
    pub fn get(&self, id: FormId) -> &Form {
        &self.forms[id.0 as usize]
    }

    /// Number of conditions.
    pub fn len(&self) -> usize {
        self.forms.len()
    }

    /// Whether there is no condition; there always are two.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// The predicates, in order of first use.
    pub fn predicates(&self) -> &[Predicate] {
        &self.predicates
    }

    /// Gives the predicates away.
    pub fn into_predicates(self) -> Vec<Predicate> {
        self.predicates
    }

    /// The number of a predicate.
    pub fn predicate(&mut self, predicate: &Predicate) -> PredicateId {
        if let Some(id) = self.predicate_ids.get(predicate) {
            return *id;
        }
        let id = PredicateId(self.predicates.len() as u32);
        self.predicates.push(predicate.clone());
        self.predicate_ids.insert(predicate.clone(), id);
        id
    }

    /// The condition that `expr` holds (`true`) or does not.
    pub fn form(&mut self, expr: &Expr, holds: bool) -> FormId {
        match expr {
            Expr::Test(test) => {
                let predicate = self.predicate(&test.predicate);
                self.test(predicate, holds)
            }
            Expr::Not(inner) => self.form(inner, !holds),
            Expr::And(members) | Expr::Or(members) => {
                let forms: Vec<FormId> = members.iter().map(|m| self.form(m, holds)).collect();
                if matches!(expr, Expr::And(_)) == holds { self.all(forms) } else { self.any(forms) }
            }
        }
    }

    /// A predicate holds, or does not.
    pub fn test(&mut self, predicate: PredicateId, holds: bool) -> FormId {
        self.number(Form::Test(predicate, holds))
    }

    /// All of the conditions.
    pub fn all(&mut self, members: Vec<FormId>) -> FormId {
        self.joined(members, true)
    }

    /// Any of the conditions.
    pub fn any(&mut self, members: Vec<FormId>) -> FormId {
        let members = match self.flat(members, false) {
            Ok(members) => members,
            Err(decided) => return decided,
        };
        let common = self.common(&members);
        if common.is_empty() {
            return self.number(Form::Any(members.into()));
        }
        let rests: Vec<FormId> = members.iter().map(|m| self.without(*m, &common)).collect();
        let rest = self.any(rests);
        let mut all = common;
        all.push(rest);
        self.all(all)
    }

    /// What a condition demands: the members of an `All`, or the condition itself. Ascending.
    pub fn demands(&self, id: FormId) -> Vec<FormId> {
        match self.get(id) {
            Form::All(members) => members.to_vec(),
            Form::Const(true) => Vec::new(),
            _ => vec![id],
        }
    }

    /// Replaces predicates whose value is known. `memo` keeps results for one `known`.
    pub fn assume(
        &mut self,
        id: FormId,
        known: &impl Fn(PredicateId) -> Option<bool>,
        memo: &mut FxHashMap<FormId, FormId>,
    ) -> FormId {
        let members = match self.get(id) {
            Form::Const(_) => return id,
            Form::Test(predicate, holds) => {
                return match known(*predicate) {
                    Some(value) if value == *holds => ALWAYS,
                    Some(_) => NEVER,
                    None => id,
                };
            }
            Form::All(members) | Form::Any(members) => members.clone(),
        };
        if let Some(done) = memo.get(&id) {
            return *done;
        }
        let assumed: Vec<FormId> = members.iter().map(|m| self.assume(*m, known, memo)).collect();
        let result = match self.get(id) {
            _ if assumed[..] == members[..] => id,
            Form::All(_) => self.all(assumed),
            _ => self.any(assumed),
        };
        memo.insert(id, result);
        result
    }

    fn number(&mut self, form: Form) -> FormId {
        if let Some(id) = self.ids.get(&form) {
            return *id;
        }
        let id = FormId(self.forms.len() as u32);
        self.forms.push(form.clone());
        self.ids.insert(form, id);
        id
    }

    fn joined(&mut self, members: Vec<FormId>, all: bool) -> FormId {
        match self.flat(members, all) {
            Err(decided) => decided,
            Ok(members) if all => self.number(Form::All(members.into())),
            Ok(members) => self.number(Form::Any(members.into())),
        }
    }

    /// Members without nesting, constants and repetitions, at least two; or what is left if it is one condition.
    fn flat(&self, members: Vec<FormId>, all: bool) -> Result<Vec<FormId>, FormId> {
        let (neutral, absorbing) = if all { (ALWAYS, NEVER) } else { (NEVER, ALWAYS) };
        let mut flat = Vec::with_capacity(members.len());
        for member in members {
            match self.get(member) {
                Form::All(inner) if all => flat.extend_from_slice(inner),
                Form::Any(inner) if !all => flat.extend_from_slice(inner),
                _ if member == absorbing => return Err(absorbing),
                _ if member == neutral => {}
                _ => flat.push(member),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        let contradicts = |member: &FormId| match self.get(*member) {
            Form::Test(predicate, true) => {
                self.ids.get(&Form::Test(*predicate, false)).is_some_and(|other| flat.binary_search(other).is_ok())
            }
            _ => false,
        };
        if flat.iter().any(contradicts) {
            return Err(absorbing);
        }
        match flat[..] {
            [] => Err(neutral),
            [one] => Err(one),
            _ => Ok(flat),
        }
    }

    /// What all of the conditions demand.
    fn common(&self, members: &[FormId]) -> Vec<FormId> {
        let Some((first, rest)) = members.split_first() else { return Vec::new() };
        let mut common = self.demands(*first);
        for member in rest {
            if common.is_empty() {
                break;
            }
            let demands = self.demands(*member);
            common.retain(|c| demands.binary_search(c).is_ok());
        }
        common
    }

    /// A condition without some of its demands.
    fn without(&mut self, id: FormId, demands: &[FormId]) -> FormId {
        let rest = self.demands(id).into_iter().filter(|d| demands.binary_search(d).is_err()).collect();
        self.all(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Predicates `p0..`, without rules.
    fn tests(formulas: &mut Formulas, count: u32) -> Vec<FormId> {
        (0..count).map(|p| formulas.test(PredicateId(p), true)).collect()
    }

    #[test]
    fn order_and_nesting_do_not_matter() {
        let mut f = Formulas::default();
        let p = tests(&mut f, 3);
        let inner = f.all(vec![p[2], p[1]]);
        let one = f.all(vec![inner, p[0], p[1]]);
        assert_eq!(one, f.all(vec![p[0], p[1], p[2]]));
        assert_eq!(f.demands(one), p);
    }

    #[test]
    fn constants_and_contradictions_vanish() {
        let mut f = Formulas::default();
        let p = tests(&mut f, 2);
        let not = f.test(PredicateId(0), false);
        assert_eq!(f.all(vec![p[0], p[1], not]), NEVER);
        assert_eq!(f.any(vec![p[0], p[1], not]), ALWAYS);
        assert_eq!(f.all(vec![p[0], ALWAYS]), p[0]);
        assert_eq!(f.any(vec![p[0], NEVER]), p[0]);
        assert_eq!((f.all(vec![]), f.any(vec![])), (ALWAYS, NEVER));
    }

    #[test]
    fn alternatives_lose_what_they_have_in_common() {
        let mut f = Formulas::default();
        let p = tests(&mut f, 4);
        let (left, right) = (f.all(vec![p[0], p[1], p[2]]), f.all(vec![p[1], p[2], p[3]]));
        let either = f.any(vec![left, right]);
        let differs = f.any(vec![p[0], p[3]]);
        assert_eq!(either, f.all(vec![p[1], p[2], differs]));
        // One that demands nothing more makes the others superfluous.
        let narrower = f.all(vec![p[0], p[1]]);
        assert_eq!(f.any(vec![p[0], narrower]), p[0]);
    }

    #[test]
    fn what_is_known_is_replaced() {
        let mut f = Formulas::default();
        let p = tests(&mut f, 3);
        let either = f.any(vec![p[1], p[2]]);
        let both = f.all(vec![p[0], either]);
        let assume = |f: &mut Formulas, predicate, value| {
            f.assume(both, &|p: PredicateId| (p.0 == predicate).then_some(value), &mut FxHashMap::default())
        };
        assert_eq!(assume(&mut f, 1, true), p[0]);
        assert_eq!(assume(&mut f, 1, false), f.all(vec![p[0], p[2]]));
        assert_eq!(assume(&mut f, 0, false), NEVER);
    }
}
