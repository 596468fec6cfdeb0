//! Forms: conditions over atoms as a graph in which nothing stands twice.
//!
//! Like the IR's formulas, with what only atoms allow: ranges of one number, kinds and texts of one source are put
//! together into one atom, and alternatives that another one makes superfluous vanish.
//!
//! What must hold: a form passes whenever it would without these steps, its atoms unknown or not. A value that user
//! space finds missing has no answer at all: a predicate on it and its contrary both fail, so their opposites both
//! hold. That is why `a and not a` does not vanish, nor ranges of a number that have nothing in common, unless the
//! number is always there; of kinds and protocols *missing* is one. Numbers, kinds and protocols never stand negated:
//! their complement stands for that.

use super::atoms::{Atom, End, KindSet, Network, Number, Part, Ranges, Reading, Source, Text, TextSet};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Number of a form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct FormId(pub u32);

/// A condition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// Always or never.
    Const(bool),
    /// The atom of this number holds (`true`) or does not.
    Atom(u32, bool),
    /// All of them, at least two, ascending.
    All(Box<[FormId]>),
    /// Any of them, at least two, ascending.
    Any(Box<[FormId]>),
}

/// Never.
pub const NEVER: FormId = FormId(0);
/// Always.
pub const ALWAYS: FormId = FormId(1);

/// All forms of a plan being made.
#[derive(Debug)]
pub struct Forms {
    forms: Vec<Form>,
    ids: FxHashMap<Form, FormId>,
    atoms: Vec<Atom>,
    atom_ids: FxHashMap<Atom, u32>,
}

impl Default for Forms {
    fn default() -> Forms {
        let constants = [Form::Const(false), Form::Const(true)];
        Forms {
            ids: constants.iter().cloned().zip([NEVER, ALWAYS]).collect(),
            forms: constants.into(),
            atoms: Vec::new(),
            atom_ids: FxHashMap::default(),
        }
    }
}

/// What must be equal for texts to be put together.
type TextKey = (Source, Reading, Part);

impl Forms {
    /// The form with a number.
    pub fn get(&self, id: FormId) -> &Form {
        &self.forms[id.0 as usize]
    }

    /// The atom with a number.
    pub fn atom(&self, id: u32) -> &Atom {
        &self.atoms[id as usize]
    }

    /// An atom holds, or does not.
    pub fn literal(&mut self, atom: Atom, holds: bool) -> FormId {
        let atom = match (atom, holds) {
            (Atom::Number { of, ranges }, false) => Atom::Number { of, ranges: ranges.complement() },
            (Atom::Kind(kinds), false) => Atom::Kind(kinds.complement()),
            (Atom::Protocol(set), false) => Atom::Protocol(!set & ALL_PROTOCOLS),
            (other, _) => other,
        };
        let two_sided = matches!(atom, Atom::Number { .. } | Atom::Kind(_) | Atom::Protocol(_));
        let constant = match &atom {
            Atom::Number { ranges, .. } if ranges.is_empty() => Some(false),
            Atom::Number { ranges, .. } if ranges.is_all() => Some(true),
            Atom::Kind(KindSet(0)) | Atom::Protocol(0) => Some(false),
            Atom::Kind(KindSet::ALL) | Atom::Protocol(ALL_PROTOCOLS) => Some(true),
            Atom::Text(text) if text.set.is_empty() => Some(!holds),
            Atom::Bits { mask: 0, .. } => Some(!holds),
            Atom::Address { networks, .. } if networks.is_empty() => Some(!holds),
            Atom::Port { ranges, .. } if ranges.is_empty() => Some(!holds),
            _ => None,
        };
        if let Some(constant) = constant {
            return if constant { ALWAYS } else { NEVER };
        }
        let id = match self.atom_ids.get(&atom) {
            Some(id) => *id,
            None => {
                self.atoms.push(atom.clone());
                let id = self.atoms.len() as u32 - 1;
                self.atom_ids.insert(atom, id);
                id
            }
        };
        self.number(Form::Atom(id, holds || two_sided))
    }

    /// A number lies in ranges.
    pub fn ranges(&mut self, of: Number, ranges: Ranges) -> FormId {
        self.literal(Atom::Number { of, ranges }, true)
    }

    /// The descriptor is of one of the kinds.
    pub fn kinds(&mut self, kinds: KindSet) -> FormId {
        self.literal(Atom::Kind(kinds), true)
    }

    /// An end lies in one of the networks.
    pub fn address(&mut self, end: End, mut networks: Vec<Network>) -> FormId {
        networks.sort_unstable();
        networks.dedup();
        self.literal(Atom::Address { end, networks }, true)
    }

    /// The opposite.
    pub fn not(&mut self, id: FormId) -> FormId {
        match self.get(id).clone() {
            Form::Const(true) => NEVER,
            Form::Const(false) => ALWAYS,
            Form::Atom(atom, holds) => {
                let atom = self.atom(atom).clone();
                self.literal(atom, !holds)
            }
            Form::All(members) => {
                let members = members.iter().map(|m| self.not(*m)).collect();
                self.any(members)
            }
            Form::Any(members) => {
                let members = members.iter().map(|m| self.not(*m)).collect();
                self.all(members)
            }
        }
    }

    /// All of the forms.
    pub fn all(&mut self, members: Vec<FormId>) -> FormId {
        self.joined(members, true)
    }

    /// Any of the forms; what all of them demand stands before them.
    pub fn any(&mut self, members: Vec<FormId>) -> FormId {
        let id = self.joined(members, false);
        let Form::Any(members) = self.get(id).clone() else { return id };
        let mut common = self.demands(members[0]);
        for member in &members[1..] {
            let demands = self.demands(*member);
            common.retain(|c| demands.binary_search(c).is_ok());
        }
        if common.is_empty() {
            return id;
        }
        let rests = members.iter().map(|m| self.without(*m, &common)).collect();
        let rest = self.any(rests);
        common.push(rest);
        self.all(common)
    }

    /// The members of an `All`, or the form itself. Ascending.
    pub fn demands(&self, id: FormId) -> Vec<FormId> {
        match self.get(id) {
            Form::All(members) => members.to_vec(),
            Form::Const(true) => Vec::new(),
            _ => vec![id],
        }
    }

    fn without(&mut self, id: FormId, demands: &[FormId]) -> FormId {
        let rest = self.demands(id).into_iter().filter(|d| demands.binary_search(d).is_err()).collect();
        self.all(rest)
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
        let (neutral, absorbing) = if all { (ALWAYS, NEVER) } else { (NEVER, ALWAYS) };
        let flat = self.flat(members, all);
        let mut flat = self.merged(&flat, all);
        flat.sort_unstable();
        flat.dedup();
        flat.retain(|m| *m != neutral);
        if flat.contains(&absorbing) || !all && self.contradicts(&flat) {
            return absorbing;
        }
        let flat = self.absorbed(flat, all);
        if all && let Some(simpler) = self.propagated(&flat) {
            return self.joined(simpler, true);
        }
        match flat[..] {
            [] => neutral,
            [one] => one,
            _ if all => self.number(Form::All(flat.into())),
            _ => self.number(Form::Any(flat.into())),
        }
    }

    fn flat(&self, members: Vec<FormId>, all: bool) -> Vec<FormId> {
        let mut flat = Vec::with_capacity(members.len());
        for member in members {
            match self.get(member) {
                Form::All(inner) if all => flat.extend_from_slice(inner),
                Form::Any(inner) if !all => flat.extend_from_slice(inner),
                _ => flat.push(member),
            }
        }
        flat
    }

    /// Members with the atoms about one thing put together.
    fn merged(&mut self, members: &[FormId], all: bool) -> Vec<FormId> {
        let mut numbers: BTreeMap<Number, Ranges> = BTreeMap::new();
        let mut texts: BTreeMap<TextKey, TextSet> = BTreeMap::new();
        let mut bits: BTreeMap<Number, u64> = BTreeMap::new();
        let (mut kinds, mut protocols) = (None::<u32>, None::<u8>);
        let mut rest = Vec::with_capacity(members.len());
        for member in members {
            let Form::Atom(atom, holds) = self.get(*member) else {
                rest.push(*member);
                continue;
            };
            match &self.atoms[*atom as usize] {
                // One that is missing is neither in these nor in those.
                Atom::Number { of, .. } if all && *of != Number::Result => rest.push(*member),
                Atom::Number { of, ranges } => {
                    let joined = match numbers.get(of) {
                        None => ranges.clone(),
                        Some(known) if all => known.intersection(ranges),
                        Some(known) => known.union(ranges),
                    };
                    numbers.insert(*of, joined);
                }
                Atom::Kind(KindSet(set)) => {
                    kinds = Some(kinds.map_or(*set, |known| if all { known & set } else { known | set }));
                }
                Atom::Protocol(set) => {
                    protocols = Some(protocols.map_or(*set, |known| if all { known & set } else { known | set }));
                }
                // None of these and none of those: none of both.
                Atom::Text(text) if *holds != all => {
                    let known = texts.entry((text.source, text.reading, text.part)).or_default();
                    *known = std::mem::take(known).union(text.set.clone());
                }
                Atom::Bits { of, mask } if *holds != all => *bits.entry(*of).or_default() |= mask,
                _ => rest.push(*member),
            }
        }
        rest.extend(numbers.into_iter().map(|(of, ranges)| self.ranges(of, ranges)));
        rest.extend(kinds.map(|set| self.kinds(KindSet(set))));
        rest.extend(protocols.map(|set| self.literal(Atom::Protocol(set), true)));
        rest.extend(bits.into_iter().map(|(of, mask)| self.literal(Atom::Bits { of, mask }, !all)));
        for ((source, reading, part), set) in texts {
            rest.push(self.literal(Atom::Text(Text { source, reading, part, set }), !all));
        }
        rest
    }

    /// What is left of alternatives when the result and the kind are known to lie where other members demand it; `None`
    /// if that changes nothing. Both are always there: a result is, and of kinds *missing* is one.
    fn propagated(&mut self, members: &[FormId]) -> Option<Vec<FormId>> {
        let (mut result, mut kinds) = (None, None);
        for member in members {
            match self.get(*member) {
                Form::Atom(atom, true) => match &self.atoms[*atom as usize] {
                    Atom::Number { of: Number::Result, ranges } => result = Some(ranges.clone()),
                    Atom::Kind(set) => kinds = Some(*set),
                    _ => {}
                },
                Form::Const(_) | Form::Atom(_, false) | Form::All(_) | Form::Any(_) => {}
            }
        }
        if result.is_none() && kinds.is_none() {
            return None;
        }
        let mut simpler = Vec::with_capacity(members.len());
        for member in members {
            let Form::Any(alternatives) = self.get(*member).clone() else {
                simpler.push(*member);
                continue;
            };
            let left = alternatives.iter().map(|a| self.given(*a, result.as_ref(), kinds)).collect();
            simpler.push(self.any(left));
        }
        simpler.sort_unstable();
        simpler.dedup();
        (simpler != members).then_some(simpler)
    }

    /// An alternative where result and kind are known to lie in these sets.
    fn given(&mut self, id: FormId, result: Option<&Ranges>, kinds: Option<KindSet>) -> FormId {
        match self.get(id).clone() {
            Form::All(parts) => {
                let parts = parts.iter().map(|part| self.given(*part, result, kinds)).collect();
                self.all(parts)
            }
            Form::Atom(atom, true) => match (&self.atoms[atom as usize], result, kinds) {
                (Atom::Number { of: Number::Result, ranges }, Some(known), _) => {
                    match (ranges.intersection(known), known) {
                        (both, _) if both.is_empty() => NEVER,
                        (both, known) if both == *known => ALWAYS,
                        _ => id,
                    }
                }
                (Atom::Kind(KindSet(set)), _, Some(KindSet(known))) => match set & known {
                    0 => NEVER,
                    both if both == known => ALWAYS,
                    _ => id,
                },
                _ => id,
            },
            Form::Const(_) | Form::Atom(..) | Form::Any(_) => id,
        }
    }

    /// Whether a sorted list holds an atom and its opposite.
    fn contradicts(&self, members: &[FormId]) -> bool {
        members.iter().any(|member| match self.get(*member) {
            Form::Atom(atom, true) => {
                let opposite = self.ids.get(&Form::Atom(*atom, false));
                opposite.is_some_and(|other| members.binary_search(other).is_ok())
            }
            _ => false,
        })
    }

    /// Members without those that another one makes superfluous: `a or (a and b)`, `a and (a or b)`.
    fn absorbed(&self, members: Vec<FormId>, all: bool) -> Vec<FormId> {
        let parts = |id: FormId| match self.get(id) {
            Form::All(parts) if !all => Some(parts),
            Form::Any(parts) if all => Some(parts),
            _ => None,
        };
        let superfluous = |member: FormId| {
            let Some(inner) = parts(member) else { return false };
            // One that stands alone, or one that demands less. Long lists are not compared with each other.
            inner.iter().any(|part| members.binary_search(part).is_ok())
                || members.len() <= 64
                    && members.iter().any(|other| {
                        *other != member
                            && parts(*other).is_some_and(|outer| {
                                outer.len() < inner.len() && outer.iter().all(|p| inner.binary_search(p).is_ok())
                            })
                    })
        };
        members.iter().copied().filter(|member| !superfluous(*member)).collect()
    }
}

/// A bit for each protocol.
pub const ALL_PROTOCOLS: u8 = (1 << super::atoms::Protocol::ALL.len()) - 1;

#[cfg(test)]
mod tests {
    use super::super::atoms::MOST;
    use super::*;

    fn text(forms: &mut Forms, prefix: &str, holds: bool) -> FormId {
        let set = TextSet { prefix: vec![prefix.into()], ..TextSet::default() };
        let text = Text { source: Source::Param(1), reading: Reading::Path, part: Part::Whole, set };
        forms.literal(Atom::Text(text), holds)
    }

    #[test]
    fn atoms_about_one_thing_are_put_together() {
        let mut f = Forms::default();
        let (low, high) = (f.ranges(Number::Result, Ranges::new(0, 5)), f.ranges(Number::Result, Ranges::new(6, MOST)));
        let either = f.any(vec![low, high]);
        assert_eq!(either, f.ranges(Number::Result, Ranges::new(0, MOST)));
        assert_eq!(f.all(vec![low, high]), NEVER);
        let not = f.not(low);
        assert_eq!(f.any(vec![low, not]), ALWAYS);
        let (a, b) = (text(&mut f, "/a", true), text(&mut f, "/b", true));
        let both = f.any(vec![a, b]);
        assert!(matches!(f.get(both), Form::Atom(_, true)));
        let (no_a, no_b) = (f.not(a), f.not(b));
        assert_eq!(f.all(vec![no_a, no_b]), f.not(both));
        // A path cannot begin with both, but that is not worked out.
        assert!(matches!(f.get(f.demands(a)[0]), Form::Atom(..)));
    }

    #[test]
    fn superfluous_alternatives_vanish() {
        let mut f = Forms::default();
        let image: Vec<FormId> = (0..3).map(|i| f.literal(Atom::Image(i), true)).collect();
        let pair = f.all(vec![image[0], image[1]]);
        let triple = f.all(image.clone());
        assert_eq!(f.any(vec![image[0], pair]), image[0]);
        assert_eq!(f.any(vec![pair, triple]), pair);
        let other = f.all(vec![image[0], image[2]]);
        let either = f.any(vec![pair, other]);
        let rest = f.any(vec![image[1], image[2]]);
        assert_eq!(either, f.all(vec![image[0], rest]));
    }
}
