//! From rules to blocks: conditions that many rules demand first, then switches, then what is left rule by rule.
//!
//! ```text
//! rules ─► demanded by many? ─► test it once, around those rules               (hoisting)
//!       ─► many with a cover? ─► switch over the predicates of their covers     (access predicates)
//!       ─► else               ─► one after the other, cheapest decision first
//! ```
//!
//! A function that is entered on an event on which nothing matches thus runs through a number of tests that depends on
//! how different the rules are, not on how many there are. Blocks are made from the end, so that targets exist.

use super::access::Covers;
use super::cost::Costs;
use super::formula::{ALWAYS, Form, FormId, Formulas, NEVER};
use super::{Block, BlockId, Function, FunctionId, PredicateId, RuleId, Switch};
use crate::hir::EventSet;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Rules among which a condition is hoisted even if only two of them demand it.
const FEW: usize = 24;
/// Rules with a cover that make a switch worth its look at the values.
const LEAST_SWITCH: usize = 16;
/// Rules under a hoisted condition in which it is assumed; more would take long.
const MOST_ASSUME: usize = 64;
/// Hoisted conditions and cases inside each other.
const DEEPEST: usize = 40;
/// What a switch inside a case counts for that: each one may repeat rules, by predicate of their covers.
const SWITCH_DEPTH: usize = 12;
/// How often a switch inside a case may list a rule, on average: what is repeated there multiplies.
const MOST_REPEATED: usize = 2;

/// A rule with what it demands of the event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// The rule.
    pub rule: RuleId,
    /// Ascending; the rule matches if all hold.
    pub demands: Vec<FormId>,
}

/// Makes functions.
#[derive(Debug)]
pub struct Hoister<'a> {
    /// Conditions.
    pub formulas: &'a mut Formulas,
    /// Estimates.
    pub costs: &'a mut Costs,
    /// Access predicates.
    pub covers: &'a mut Covers,
    /// What has been made.
    pub functions: Vec<Function>,
    cases: FxHashMap<Vec<Item>, FunctionId>,
}

/// A function under construction; `BlockId`s count from the end until it is finished.
#[derive(Debug, Default)]
pub struct Body {
    blocks: Vec<Block>,
    switches: Vec<Switch>,
}

enum Section {
    /// The items match only if all of the conditions hold.
    Guarded(Vec<FormId>, Vec<Item>),
    Switch(Vec<(PredicateId, FunctionId)>),
    Single(Item),
}

impl Body {
    /// Adds a block.
    pub fn push(&mut self, block: Block) -> BlockId {
        self.blocks.push(block);
        BlockId(self.blocks.len() as u32 - 1)
    }

    /// Tests a predicate.
    pub fn test(&mut self, predicate: PredicateId, holds: BlockId, fails: BlockId) -> BlockId {
        if holds == fails { holds } else { self.push(Block::Test { predicate, holds, fails }) }
    }

    /// Turns the order around, so that the entry is block 0 and targets point forward, and drops what is never
    /// reached.
    pub fn finish(self, codes: EventSet, entry: BlockId) -> Function {
        let mut reached = vec![false; self.blocks.len()];
        reached[entry.0 as usize] = true;
        for i in (0..self.blocks.len()).rev().filter(|i| *i <= entry.0 as usize) {
            if reached[i] {
                targets(&self.blocks[i]).into_iter().flatten().for_each(|t| reached[t.0 as usize] = true);
            }
        }
        let mut number = vec![BlockId(0); self.blocks.len()];
        for (count, i) in (0..self.blocks.len()).rev().filter(|i| reached[*i]).enumerate() {
            number[i] = BlockId(count as u32);
        }
        let renumber = |b: BlockId| number[b.0 as usize];
        let mut switches = Vec::new();
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for i in (0..self.blocks.len()).rev().filter(|i| reached[*i]) {
            blocks.push(match self.blocks[i] {
                Block::Test { predicate, holds, fails } => {
                    Block::Test { predicate, holds: renumber(holds), fails: renumber(fails) }
                }
                Block::Switch { switch, next } => {
                    switches.push(self.switches[switch as usize].clone());
                    Block::Switch { switch: switches.len() as u32 - 1, next: renumber(next) }
                }
                Block::Gate { rule, open, shut } => Block::Gate { rule, open: renumber(open), shut: renumber(shut) },
                Block::Match { rule, next } => Block::Match { rule, next: renumber(next) },
                Block::Return => Block::Return,
            });
        }
        Function { codes, blocks, switches }
    }
}

/// Blocks to which a block leads.
pub fn targets(block: &Block) -> [Option<BlockId>; 2] {
    match *block {
        Block::Test { holds, fails, .. } => [Some(holds), Some(fails)],
        Block::Gate { open, shut, .. } => [Some(open), Some(shut)],
        Block::Switch { next, .. } | Block::Match { next, .. } => [Some(next), None],
        Block::Return => [None, None],
    }
}

impl<'a> Hoister<'a> {
    /// A maker without functions.
    pub fn new(formulas: &'a mut Formulas, costs: &'a mut Costs, covers: &'a mut Covers) -> Hoister<'a> {
        Hoister { formulas, costs, covers, functions: Vec::new(), cases: FxHashMap::default() }
    }

    /// Code that reports the items that match and continues at `next`; gives its entry.
    pub fn rules(&mut self, body: &mut Body, items: Vec<Item>, next: BlockId) -> BlockId {
        self.nested(body, items, next, 0)
    }

    fn nested(&mut self, body: &mut Body, items: Vec<Item>, next: BlockId, depth: usize) -> BlockId {
        let sections = self.sections(items, depth);
        let mut next = next;
        for section in sections.into_iter().rev() {
            next = match section {
                Section::Guarded(conditions, items) => {
                    let inside = self.nested(body, items, next, depth + 1);
                    self.branch_all(body, &conditions, inside, next)
                }
                Section::Switch(cases) => {
                    body.switches.push(Switch { cases });
                    body.push(Block::Switch { switch: body.switches.len() as u32 - 1, next })
                }
                Section::Single(item) => {
                    let found = body.push(Block::Match { rule: item.rule, next });
                    self.branch_all(body, &item.demands, found, next)
                }
            };
        }
        next
    }

    /// Continues at `holds` if all conditions hold, else at `fails`.
    fn branch_all(&mut self, body: &mut Body, conditions: &[FormId], holds: BlockId, fails: BlockId) -> BlockId {
        let ordered = self.costs.ordered(self.formulas, conditions, true);
        ordered.into_iter().rev().fold(holds, |next, condition| self.branch(body, condition, next, fails))
    }

    fn branch(&mut self, body: &mut Body, condition: FormId, holds: BlockId, fails: BlockId) -> BlockId {
        let (members, all) = match self.formulas.get(condition) {
            Form::Const(true) => return holds,
            Form::Const(false) => return fails,
            Form::Test(predicate, true) => return body.test(*predicate, holds, fails),
            Form::Test(predicate, false) => return body.test(*predicate, fails, holds),
            Form::All(members) => (members.clone(), true),
            Form::Any(members) => (members.clone(), false),
        };
        let ordered = self.costs.ordered(self.formulas, &members, all);
        let step = |next: BlockId, member: FormId| {
            if all { self.branch(body, member, next, fails) } else { self.branch(body, member, holds, next) }
        };
        ordered.into_iter().rev().fold(if all { holds } else { fails }, step)
    }

    fn sections(&mut self, items: Vec<Item>, depth: usize) -> Vec<Section> {
        let mut sections = Vec::new();
        let (mut items, matched): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|i| !i.demands.is_empty());
        let mut single: Vec<Item> = matched;
        if depth < DEEPEST {
            while let Some(guard) = self.guard(&items) {
                let (inside, outside) = items.into_iter().partition(|i| i.demands.binary_search(&guard).is_ok());
                sections.push(self.guarded(guard, inside));
                items = outside;
            }
            items = self.switch(items, &mut sections, depth);
            items = self.pairs(items, &mut sections);
        }
        single.append(&mut items);
        single.sort_by_key(|i| i.rule);
        sections.extend(single.into_iter().map(Section::Single));
        sections
    }

    /// The condition that is most worth testing once, if enough rules demand it.
    fn guard(&mut self, items: &[Item]) -> Option<FormId> {
        let least = if items.len() <= FEW { 2 } else { items.len() / 8 };
        let counts = counts(items);
        let mut best: Option<(f64, FormId)> = None;
        for (form, count) in counts.into_iter().filter(|(_, count)| *count >= least) {
            let worth = self.worth(form, count);
            if best.is_none_or(|(most, _)| worth > most) {
                best = Some((worth, form));
            }
        }
        best.map(|(_, form)| form)
    }

    /// What is saved by testing a condition once, for so many rules.
    fn worth(&mut self, form: FormId, count: usize) -> f64 {
        let estimate = self.costs.form(self.formulas, form);
        count as f64 * (1.05 - estimate.likely) / (estimate.cost + 1.0)
    }

    /// Rules that demand `guard`, with everything else that they have in common.
    fn guarded(&mut self, guard: FormId, mut items: Vec<Item>) -> Section {
        let mut common = items[0].demands.clone();
        for item in &items[1..] {
            common.retain(|c| item.demands.binary_search(c).is_ok());
        }
        for item in &mut items {
            item.demands.retain(|d| common.binary_search(d).is_err());
        }
        if items.len() <= MOST_ASSUME
            && let Form::Test(predicate, holds) = *self.formulas.get(guard)
        {
            let mut memo = FxHashMap::default();
            for item in &mut items {
                self.assume(item, predicate, holds, &mut memo);
            }
            items.retain(|i| i.demands != [NEVER]);
        }
        Section::Guarded(common, items)
    }

    fn assume(&mut self, item: &mut Item, predicate: PredicateId, holds: bool, memo: &mut FxHashMap<FormId, FormId>) {
        let known = |p: PredicateId| (p == predicate).then_some(holds);
        let assumed: Vec<FormId> = item.demands.iter().map(|d| self.formulas.assume(*d, &known, memo)).collect();
        if assumed != item.demands {
            let all = self.formulas.all(assumed);
            item.demands = self.formulas.demands(all);
        }
    }

    /// Takes the rules that have a cover into a switch, if there are many; gives the others back.
    fn switch(&mut self, items: Vec<Item>, sections: &mut Vec<Section>, depth: usize) -> Vec<Item> {
        let covers: Vec<_> = items.iter().map(|i| self.covers.of_all(self.formulas, self.costs, &i.demands)).collect();
        let covered = covers.iter().flatten().count();
        let listed: usize = covers.iter().flatten().map(|c| c.predicates.len()).sum();
        if covered < LEAST_SWITCH || depth >= SWITCH_DEPTH && listed > MOST_REPEATED * covered {
            return items;
        }
        let mut by_predicate: BTreeMap<PredicateId, Vec<Item>> = BTreeMap::new();
        let mut rest = Vec::new();
        for (item, cover) in items.into_iter().zip(covers) {
            let Some(cover) = cover else {
                rest.push(item);
                continue;
            };
            for predicate in cover.predicates {
                by_predicate.entry(predicate).or_default().push(item.clone());
            }
        }
        let mut cases = Vec::with_capacity(by_predicate.len());
        for (predicate, mut items) in by_predicate {
            // Also where alternatives hold the predicate: else they would be covered by it again, without end.
            let mut memo = FxHashMap::default();
            items.iter_mut().for_each(|item| self.assume(item, predicate, true, &mut memo));
            items.retain(|i| i.demands != [NEVER]);
            if !items.is_empty() {
                cases.push((predicate, self.case(items, depth + SWITCH_DEPTH)));
            }
        }
        if !cases.is_empty() {
            sections.push(Section::Switch(cases));
        }
        rest
    }

    /// The function of a case.
    fn case(&mut self, items: Vec<Item>, depth: usize) -> FunctionId {
        if let Some(known) = self.cases.get(&items) {
            return *known;
        }
        let mut body = Body::default();
        let end = body.push(Block::Return);
        let entry = self.nested(&mut body, items.clone(), end, depth);
        self.functions.push(body.finish(EventSet::EMPTY, entry));
        let id = FunctionId(self.functions.len() as u32 - 1);
        self.cases.insert(items, id);
        id
    }

    /// Groups what at least two rules demand, each rule with the condition that most others share.
    fn pairs(&mut self, items: Vec<Item>, sections: &mut Vec<Section>) -> Vec<Item> {
        if items.len() <= FEW {
            return items;
        }
        let counts: FxHashMap<FormId, usize> = counts(&items).into_iter().collect();
        let mut by_guard: BTreeMap<FormId, Vec<Item>> = BTreeMap::new();
        for item in items {
            let shared = item.demands.iter().max_by_key(|d| (counts.get(d), std::cmp::Reverse(**d)));
            by_guard.entry(shared.copied().unwrap_or(ALWAYS)).or_default().push(item);
        }
        let mut rest = Vec::new();
        for (guard, items) in by_guard {
            if items.len() < 2 {
                rest.extend(items);
            } else {
                sections.push(self.guarded(guard, items));
            }
        }
        rest
    }
}

/// How many rules demand each condition, by condition.
fn counts(items: &[Item]) -> Vec<(FormId, usize)> {
    let mut counts: FxHashMap<FormId, usize> = FxHashMap::default();
    items.iter().flat_map(|i| &i.demands).for_each(|d| *counts.entry(*d).or_default() += 1);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable();
    counts
}
