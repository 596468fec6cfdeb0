//! How each predicate of a program is answered, and the answering itself: what interpreter and native code share.
//!
//! A [`Plan`] belongs to a program: lifetimes, groups, switches, and searchers that are built when they are first
//! needed, so that a plan is made in no time. A [`Run`] is one event on its way through a program.

use super::frame::{Frame, Listed, Pad, RECOGNISED, Recognised};
use super::groups::{Found, PreparedGroup};
use super::kept::{Answers, Store};
use super::prepared::{Prepared, Spread, spread};
use crate::hir::{Comparison, EventSet, Operand, Predicate, RuleSet};
use crate::ir::cost::{Lifetime, lifetime};
use crate::ir::inplace::{InPlace, in_place};
use crate::ir::{Block, Function, FunctionId, Group, GroupKind, PredicateId, Program, RuleId};
use crate::value::{Event, FieldRef, Payload};
use peregrine_schema::derived::Reading;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// How the predicates of a program are answered.
#[derive(Debug)]
pub struct Plan {
    /// Another one for every plan of a process; never 0.
    id: u64,
    fields: Vec<FieldRef>,
    predicates: Vec<Planned>,
    groups: Vec<PlannedGroup>,
    /// Switches of all functions, in order.
    switches: Vec<PlannedSwitch>,
    /// For each function the number of its first switch.
    first_switch: Vec<u32>,
    functions: Vec<PlannedFunction>,
    images: Counts,
    files: Counts,
}

/// What a function looks at.
#[derive(Debug, Default)]
struct PlannedFunction {
    /// The event's descriptor, itself or in the cases of its switches.
    about_file: bool,
    flags: Option<Flags>,
}

/// Where the flags of an opening call lie in the record, and which of them a function asks about.
#[derive(Debug)]
pub(super) struct Flags {
    place: InPlace,
    bits: u32,
}

impl Flags {
    /// Reads them; `None` if the record is of an unusual form.
    #[inline]
    pub(super) fn read(&self, payload: &Payload<'_>) -> Option<u32> {
        let usual = |(lens, (mask, value)): (&u64, &(u64, u64))| lens & mask == *value;
        if !payload.lens.iter().zip(&self.place.fixed).all(usual) {
            return None;
        }
        let length = |param: &u8| payload.lens[usize::from(param / 4)] >> (16 * (param % 4)) & 0xffff;
        let at = self.place.before as usize + self.place.varying.iter().map(length).sum::<u64>() as usize;
        let number = payload.data.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*number) & self.bits)
    }

    /// Whether a predicate that is answered from the record asks about them.
    fn are_at(&self, place: &InPlace) -> bool {
        let InPlace { fixed, before, varying, size, reading, .. } = &self.place;
        matches!((reading, place.reading), (Reading::AnyBit(_), Reading::AnyBit(_)))
            && (fixed, before, varying, size) == (&place.fixed, &place.before, &place.varying, &place.size)
    }
}

/// Predicates and groups of a lifetime.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    predicates: usize,
    groups: usize,
}

impl Counts {
    fn store(self) -> Store {
        Store::new(self.predicates, self.groups)
    }
}

/// How a predicate is answered.
#[derive(Debug)]
pub struct Planned {
    /// What is compared.
    pub predicate: Predicate,
    /// How long the answer stays right.
    pub lifetime: Lifetime,
    /// Number among the predicates of its lifetime.
    pub place: u32,
    /// How several values of the left side combine.
    pub spread: Spread,
    /// The group that answers it.
    pub group: Option<u32>,
    prepared: OnceLock<Prepared>,
}

#[derive(Debug)]
struct PlannedGroup {
    group: Group,
    /// That of all its predicates.
    lifetime: Lifetime,
    /// Number among the groups of its lifetime.
    place: u32,
    /// Place of its first predicate; the others follow.
    first: u32,
    prepared: OnceLock<PreparedGroup>,
}

/// Numbers given to what has a lifetime.
#[derive(Default)]
struct Places(FxHashMap<Lifetime, u32>);

impl Places {
    fn next(&mut self, lifetime: Lifetime) -> u32 {
        let count = self.0.entry(lifetime).or_default();
        *count += 1;
        *count - 1
    }

    fn count(&self, lifetime: Lifetime) -> usize {
        self.0.get(&lifetime).copied().unwrap_or(0) as usize
    }
}

/// Numbers the predicates of each lifetime, those of a group one after the other.
fn number(predicates: &mut [Planned], groups: &[Group]) -> Places {
    let mut places = Places::default();
    let mut numbered = vec![false; predicates.len()];
    let all = (0..predicates.len()).map(|p| PredicateId(p as u32));
    for id in groups.iter().flat_map(|group| group.members.iter().copied()).chain(all) {
        let planned = &mut predicates[id.0 as usize];
        if !std::mem::replace(&mut numbered[id.0 as usize], true) {
            planned.place = places.next(planned.lifetime);
        }
    }
    places
}

/// Whether a group answers tests outside of switches, too. A search for one text is faster than one for many.
fn answers_tests(group: &Group) -> bool {
    use GroupKind::*;
    !matches!(group.kind, Contains | Icontains | Glob | Iglob | Regex) || group.members.len() >= 16
}

/// The cases of a switch by group.
#[derive(Debug)]
pub struct PlannedSwitch {
    /// Groups, ascending, each with its predicates and their functions, ascending.
    pub groups: Vec<(u32, Vec<(u32, FunctionId)>)>,
}

impl Plan {
    /// The plan of a program of `rules`.
    pub fn new(rules: &RuleSet, program: &Program) -> Plan {
        let plan = |p: &Predicate| Planned {
            predicate: p.clone(),
            lifetime: lifetime(rules, p),
            place: 0,
            spread: spread(rules, &p.lhs),
            group: None,
            prepared: OnceLock::new(),
        };
        let mut predicates: Vec<Planned> = program.predicates.iter().map(plan).collect();
        let places = number(&mut predicates, &program.groups);
        let mut group_places = Places::default();
        let plan_group = |g: &Group| {
            let first = g.members.first().map(|p| &predicates[p.0 as usize]);
            // Its predicates are about one field, and about nothing else.
            let lifetime = first.map_or(Lifetime::Event, |p| p.lifetime);
            PlannedGroup {
                group: g.clone(),
                lifetime,
                place: group_places.next(lifetime),
                first: first.map_or(0, |p| p.place),
                prepared: OnceLock::new(),
            }
        };
        let groups: Vec<PlannedGroup> = program.groups.iter().map(plan_group).collect();
        for (index, planned) in groups.iter().enumerate().filter(|(_, g)| answers_tests(&g.group)) {
            planned.group.members.iter().for_each(|p| predicates[p.0 as usize].group = Some(index as u32));
        }
        let counts = |lifetime| Counts { predicates: places.count(lifetime), groups: group_places.count(lifetime) };
        let (images, files) = (counts(Lifetime::Image), counts(Lifetime::File));
        static PLANS: AtomicU64 = AtomicU64::new(1);
        let mut plan = Plan {
            id: PLANS.fetch_add(1, Ordering::Relaxed),
            fields: rules.fields.clone(),
            predicates,
            groups,
            switches: Vec::new(),
            first_switch: Vec::new(),
            functions: Vec::new(),
            images,
            files,
        };
        let members =
            |(index, group): (usize, &Group)| group.members.iter().map(move |p| (*p, index as u32)).collect::<Vec<_>>();
        let group_of: FxHashMap<PredicateId, u32> = program.groups.iter().enumerate().flat_map(members).collect();
        for function in &program.functions {
            plan.first_switch.push(plan.switches.len() as u32);
            for switch in &function.switches {
                plan.switches.push(Plan::switch(&switch.cases, &group_of));
            }
            let planned = plan.function(function);
            plan.functions.push(planned);
        }
        plan
    }

    /// What a function looks at; those of its cases are known.
    fn function(&self, function: &Function) -> PlannedFunction {
        let mut planned = PlannedFunction::default();
        let of_file = |p: &PredicateId| self.predicates[p.0 as usize].lifetime == Lifetime::File;
        for (predicate, case) in function.switches.iter().flat_map(|switch| &switch.cases) {
            planned.about_file |= of_file(predicate) || self.functions[case.0 as usize].about_file;
        }
        for block in &function.blocks {
            let Block::Test { predicate, .. } = block else { continue };
            planned.about_file |= of_file(predicate);
            let Some(place) = self.in_place(predicate.0, &function.codes) else { continue };
            let (Reading::AnyBit(bits), 4) = (place.reading, place.size) else { continue };
            let flags = planned.flags.get_or_insert_with(|| Flags { place: place.clone(), bits: 0 });
            if flags.are_at(&place) {
                flags.bits |= bits;
            }
        }
        planned
    }

    fn switch(cases: &[(PredicateId, FunctionId)], group_of: &FxHashMap<PredicateId, u32>) -> PlannedSwitch {
        let mut groups = std::collections::BTreeMap::<u32, Vec<(u32, FunctionId)>>::new();
        for (predicate, function) in cases {
            if let Some(group) = group_of.get(predicate) {
                groups.entry(*group).or_default().push((predicate.0, *function));
            }
        }
        PlannedSwitch { groups: groups.into_iter().collect() }
    }

    /// How a predicate is answered from the record on events of any of these codes, if it can be.
    pub fn in_place(&self, predicate: u32, codes: &EventSet) -> Option<InPlace> {
        let predicate = &self.predicates[predicate as usize].predicate;
        let mut all = codes.iter().map(|code| in_place(&self.fields, predicate, code));
        let first = all.next()??;
        all.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// Memory for a worker.
    pub fn pad(&self) -> Pad {
        let kept = [self.images.store(), self.files.store()];
        let counts = [self.fields.len(), self.predicates.len(), self.groups.len(), self.functions.len()];
        Pad::new(self.id, counts, kept)
    }

    /// Whether a pad was made by [`Plan::pad`] of this plan.
    #[inline]
    pub fn fits(&self, pad: &Pad) -> bool {
        pad.plan == self.id
    }

    /// The predicates.
    pub fn predicates(&self) -> &[Planned] {
        &self.predicates
    }

    /// How long a group's answer lives, and its number among those that live as long; of those that live for an event,
    /// among all.
    pub fn group_place(&self, group: u32) -> (Lifetime, u32) {
        let planned = &self.groups[group as usize];
        match planned.lifetime {
            Lifetime::Image | Lifetime::File => (planned.lifetime, planned.place),
            Lifetime::Event | Lifetime::Evaluation => (planned.lifetime, group),
        }
    }

    /// The flags that a function asks about, and whether it or a case of its switches asks about the descriptor.
    #[inline]
    pub(super) fn looks_at(&self, function: u32) -> (Option<&Flags>, bool) {
        let planned = &self.functions[function as usize];
        (planned.flags.as_ref(), planned.about_file)
    }

    /// Whether a test of a function looks at something that only the event says, but for the flags of the function.
    pub fn looks_at_event(&self, function: usize, predicate: u32, codes: &EventSet) -> bool {
        match self.predicates[predicate as usize].lifetime {
            Lifetime::Image | Lifetime::File => false,
            Lifetime::Event | Lifetime::Evaluation => {
                let place = self.in_place(predicate, codes);
                !place.zip(self.functions[function].flags.as_ref()).is_some_and(|(place, flags)| flags.are_at(&place))
            }
        }
    }

    /// Number of a function's switch among all.
    pub fn switch_number(&self, function: usize, switch: u32) -> u32 {
        self.first_switch[function] + switch
    }

    /// A switch by its number.
    pub fn planned_switch(&self, number: u32) -> &PlannedSwitch {
        &self.switches[number as usize]
    }

    fn group(&self, index: u32) -> &PreparedGroup {
        let planned = &self.groups[index as usize];
        planned.prepared.get_or_init(|| {
            let member = |p: &PredicateId| (p.0, &self.predicates[p.0 as usize].predicate);
            PreparedGroup::new(planned.group.kind, planned.group.members.iter().map(member))
        })
    }

    fn prepared(&self, predicate: u32) -> &Prepared {
        let planned = &self.predicates[predicate as usize];
        planned.prepared.get_or_init(|| Prepared::new(planned.spread, &planned.predicate))
    }
}

/// One event on its way through a program.
pub struct Run<'r, 'e, E: ?Sized> {
    /// The event.
    pub frame: Frame<'e, E>,
    /// The plan.
    pub plan: &'r Plan,
    /// Every match is wanted, not only the first.
    pub all: bool,
}

impl<E: Event + ?Sized> Run<'_, '_, E> {
    /// Whether a predicate holds.
    pub fn test(&self, predicate: u32) -> bool {
        let index = predicate as usize;
        let planned = &self.plan.predicates[index];
        let Some(kept) = self.kept(planned.lifetime) else {
            return self.frame.remembered(index).unwrap_or_else(|| {
                let held = self.evaluate(predicate);
                self.frame.remember(index, held);
                held
            });
        };
        let state = &kept.states[planned.place as usize];
        if state.get() == 0 && !planned.group.is_some_and(|group| self.answer(group, kept)) {
            state.set(1 + u8::from(self.evaluate(predicate)));
        }
        state.get() == 2
    }

    /// Answers all predicates of a group that outlive the event; `false` if they must be asked one by one.
    fn answer(&self, group: u32, kept: &Answers) -> bool {
        let listed = self.listed(group);
        if listed.made == UNKNOWN {
            return false;
        }
        let PlannedGroup { first, group: Group { members, .. }, .. } = &self.plan.groups[group as usize];
        let first = *first as usize;
        kept.states[first..first + members.len()].iter().for_each(|state| state.set(1));
        let place = |predicate: &u32| self.plan.predicates[*predicate as usize].place as usize;
        self.with_list(group, listed, |list| list.iter().for_each(|p| kept.states[place(p)].set(2)));
        true
    }

    /// Whether a predicate's answer is there, or must not be asked for but by its rule.
    pub fn is_answered(&self, predicate: u32) -> bool {
        let planned = &self.plan.predicates[predicate as usize];
        match self.kept(planned.lifetime) {
            Some(kept) => kept.states[planned.place as usize].get() != 0,
            None if planned.lifetime == Lifetime::Evaluation => true,
            None => self.frame.remembered(predicate as usize).is_some(),
        }
    }

    /// The answers of a lifetime, if they outlive the event.
    fn kept(&self, lifetime: Lifetime) -> Option<&Answers> {
        match lifetime {
            Lifetime::Image => Some(self.frame.image()),
            Lifetime::File => Some(self.frame.file()),
            Lifetime::Event | Lifetime::Evaluation => None,
        }
    }

    fn evaluate(&self, predicate: u32) -> bool {
        let planned = &self.plan.predicates[predicate as usize];
        if let Some(group) = planned.group {
            let listed = self.listed(group);
            if listed.made != UNKNOWN {
                return self.list_contains(group, listed, predicate);
            }
        } else if planned.lifetime == Lifetime::Event
            // The fingerprint of one field says nothing of another.
            && !matches!(planned.predicate.test, Comparison::Field(..) | Comparison::FieldList(..))
            && let Operand::Field(slot) = planned.predicate.lhs
            && let Some(fingerprint) = self.frame.fingerprint(slot as usize)
        {
            return self.recognised(predicate, fingerprint);
        }
        self.plan.prepared(predicate).holds(&self.frame)
    }

    /// The answer for a value that may have been seen before.
    fn recognised(&self, predicate: u32, fingerprint: u64) -> bool {
        let entries = self.frame.pad.recognised[predicate as usize]
            .get_or_init(|| Box::new(std::array::from_fn(|_| Cell::new(Recognised::default()))));
        let place = fingerprint.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61;
        let entry = &entries[place as usize % RECOGNISED];
        let known = entry.get();
        if known.state != 0 && known.fingerprint == fingerprint {
            return known.state == 2;
        }
        let held = self.plan.prepared(predicate).holds(&self.frame);
        entry.set(Recognised { fingerprint, state: 1 + u8::from(held) });
        held
    }

    /// Where the list of a group lies, made if it is not there yet.
    fn listed(&self, group: u32) -> Listed {
        let pad = self.frame.pad;
        let planned = &self.plan.groups[group as usize];
        let kept = self.kept(planned.lifetime);
        let (cell, epoch) = match kept {
            Some(kept) => (&kept.lists[planned.place as usize], 1),
            None => (&pad.lists[group as usize], pad.epoch),
        };
        let known = cell.get();
        if known.epoch == epoch {
            return known;
        }
        let prepared = self.plan.group(group);
        let value = self.frame.field(planned.group.slot as usize);
        let mut made = kept.map_or(&pad.made, |kept| &kept.made).borrow_mut();
        let begin = made.len();
        let listed = match prepared.ask(value, &mut made) {
            Found::Kept(from, len) => Listed { epoch, len, from, made: KEPT },
            Found::Made => Listed { epoch, len: (made.len() - begin) as u32, from: begin as u32, made: MADE },
            Found::Unknown => Listed { epoch, len: u32::MAX, from: 0, made: UNKNOWN },
        };
        cell.set(listed);
        listed
    }

    fn list_contains(&self, group: u32, listed: Listed, predicate: u32) -> bool {
        self.with_list(group, listed, |list| list.binary_search(&predicate).is_ok())
    }

    fn with_list<R>(&self, group: u32, listed: Listed, look: impl FnOnce(&[u32]) -> R) -> R {
        if listed.made == KEPT {
            return look(self.plan.group(group).kept(listed.from, listed.len));
        }
        let kept = self.kept(self.plan.groups[group as usize].lifetime);
        let made = kept.map_or(&self.frame.pad.made, |kept| &kept.made).borrow();
        look(&made[listed.from as usize..(listed.from + listed.len) as usize])
    }

    /// Runs the cases of a switch whose predicates hold.
    pub fn cases(&self, switch: &PlannedSwitch, run: &mut dyn FnMut(FunctionId)) {
        for (group, cases) in &switch.groups {
            let listed = self.listed(*group);
            if listed.made == UNKNOWN {
                cases.iter().filter(|(p, _)| self.test(*p)).for_each(|(_, function)| run(*function));
                continue;
            }
            // Lists are not held while a case runs: it may add to them.
            for i in 0..listed.len as usize {
                let predicate = self.with_list(*group, listed, |list| list[i]);
                if let Ok(case) = cases.binary_search_by_key(&predicate, |(p, _)| *p) {
                    run(cases[case].1);
                }
            }
        }
    }

    /// Notes a match.
    pub fn report(&self, rule: RuleId) {
        self.frame.pad.found.borrow_mut().push(rule.0);
    }

    /// Whether a rule may still be reported: every match is wanted, or no earlier rule has been found.
    pub fn may_report(&self, rule: RuleId) -> bool {
        self.all || self.frame.pad.found.borrow().iter().all(|found| *found > rule.0)
    }
}

/// `Listed::made`: in the group's own lists.
const KEPT: u32 = 0;
/// In the memory of the event or of what outlives it.
const MADE: u32 = 1;
/// No list: the predicates are asked one by one.
const UNKNOWN: u32 = 2;
