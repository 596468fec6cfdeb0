//! The plan of every event code, and how it is put together and kept small.
//!
//! ```text
//! rule's condition, partially evaluated ─► image part (user space, one bit per task) and event part (atoms)
//! event parts equal ─► image parts joined:   (i1 and e) or (i2 and e)  becomes  (i1 or i2) and e, one bit
//! all rules ─► any of (bit and event part)
//! ```
//!
//! An image part is a whole condition over predicates whose answer lives as long as the process image, and is exact in
//! both polarities, so a rule needs one bit however many names it excludes. Bits are shared by all events.
//!
//! Sizes: the atoms and texts of an event and all bits stay below [`Limits`]. A plan that is larger is weakened, in steps:
//! exceptions that mix image and event are left out; rules with
//! the same numbers and bits ask for any of their texts together; texts are left out; event parts are left out.

use super::atoms::{Atom, Part, Reading, Source, TextSet};
use super::decide::{Decider, Reason};
use super::form::{ALWAYS, Form, FormId, NEVER};
use crate::hir::{EventSet, Expr, Predicate, RuleSet};
use crate::ir::cost::{Lifetime, lifetime};
use crate::ir::fold::constant;
use crate::ir::formula::{self, Formulas};
use crate::ir::partial::Decisions;
use crate::ir::{PredicateId, RuleId};
use peregrine_schema::{EVENT_COUNT, Event, EventFlags, Origin};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The plan of a rule set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelPlan {
    /// By event code.
    pub by_code: Vec<EventPlan>,
    /// Conditions on the process image that user space answers, by the number of their bit.
    pub image: Vec<ImageCondition>,
    /// The predicates of these conditions.
    pub predicates: Vec<Predicate>,
}

/// What to do with the events of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventPlan {
    /// No rule can match: rules do not need the event.
    Never,
    /// Every event passes.
    Always {
        /// The rules that demand it, and why; at least one.
        why: Vec<(RuleId, Reason)>,
    },
    /// Those pass for which the root holds.
    Filter(Filter),
}

/// A graph of atoms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The whole.
    pub root: NodeId,
    /// Members of a node stand before it.
    pub nodes: Vec<Node>,
    /// The atoms, each once, in order of use.
    pub atoms: Vec<Atom>,
    /// The texts that are compared, with the atoms about each: they can be answered by one look.
    pub texts: Vec<TextGroup>,
    /// The rules that may match, ascending.
    pub rules: Vec<RuleId>,
    /// Whether something that the kernel could tell was left out because of the size.
    pub weakened: bool,
}

/// Index into [`Filter::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u32);

/// A condition of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Node {
    /// All of them, at least two; what costs less first.
    All(Vec<NodeId>),
    /// Any of them, at least two.
    Any(Vec<NodeId>),
    /// The atom of this index is not answered with no.
    Atom(u32),
    /// The atom of this index is not answered with yes.
    NotAtom(u32),
}

/// Atoms about one text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextGroup {
    /// Where it is.
    pub source: Source,
    /// When it counts.
    pub reading: Reading,
    /// Which part.
    pub part: Part,
    /// Indices of the atoms, ascending.
    pub atoms: Vec<u32>,
}

/// A condition on a process image, over [`KernelPlan::predicates`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageCondition {
    /// The predicate holds (`true`) or does not.
    Test(PredicateId, bool),
    /// All of them.
    All(Vec<ImageCondition>),
    /// Any of them.
    Any(Vec<ImageCondition>),
}

impl ImageCondition {
    /// Whether it holds, given the answers to predicates.
    pub fn holds(&self, answer: &mut dyn FnMut(PredicateId) -> bool) -> bool {
        match self {
            ImageCondition::Test(predicate, holds) => answer(*predicate) == *holds,
            ImageCondition::All(members) => members.iter().all(|member| member.holds(answer)),
            ImageCondition::Any(members) => members.iter().any(|member| member.holds(answer)),
        }
    }
}

/// Largest plan of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Atoms, as often as they stand in the graph.
    pub atoms: usize,
    /// Texts of all atoms. One that may end anywhere counts as [`ANYWHERE`]: it needs an automaton, others a map.
    pub texts: usize,
    /// Bits of an image, of all events.
    pub image: usize,
}

/// See [`Limits::texts`].
const ANYWHERE: usize = 8;

fn weight(set: &TextSet) -> usize {
    let anywhere = set.suffix.len() + set.contains.len() + set.icontains.len();
    set.len() - anywhere + ANYWHERE * anywhere
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { atoms: 512, texts: 32_768, image: 1024 }
    }
}

impl KernelPlan {
    /// The plan of the enabled rules.
    pub fn new(rules: &RuleSet) -> KernelPlan {
        KernelPlan::within(rules, Limits::default())
    }

    /// The plan of the enabled rules within limits.
    pub fn within(rules: &RuleSet, limits: Limits) -> KernelPlan {
        let mut planner = Planner::new(rules, limits);
        let by_code = (0..EVENT_COUNT as u16).map(|code| planner.event(code)).collect();
        planner.finish(by_code)
    }

    /// The event codes that a probe makes and rules need. What the bookkeeping of processes needs is not part of it.
    pub fn needs(&self) -> EventSet {
        let mut needs = EventSet::EMPTY;
        for (code, plan) in (0..).zip(&self.by_code) {
            if *plan != EventPlan::Never && peregrine_schema::event(code).is_some_and(is_made) {
                needs.insert(code);
            }
        }
        needs
    }

    /// The plan of an event code; events of unknown codes pass.
    pub fn event(&self, code: u16) -> &EventPlan {
        static UNKNOWN: EventPlan = EventPlan::Always { why: Vec::new() };
        self.by_code.get(usize::from(code)).unwrap_or(&UNKNOWN)
    }
}

/// Whether a probe makes events of this type: when system calls return, and at tracepoints.
pub fn is_made(event: &Event) -> bool {
    let made = event.origin == Origin::Tracepoint || event.origin == Origin::Syscall && event.is_exit();
    made && !event.flags.any(EventFlags::OLD_VERSION.or(EventFlags::UNUSED))
}

/// Asynchronous events are shown to every rule.
const ASYNC_EVENT: u16 = 402;

/// What the kernel can tell of one rule on events of one code.
#[derive(Debug, Clone)]
pub struct RulePlan {
    /// The part that is answered per image, among the planner's formulas.
    image: formula::FormId,
    /// The part that is answered per event.
    event: FormId,
    /// Why not more is answered; the first of all reasons.
    reason: Option<Reason>,
}

/// Makes plans.
#[derive(Debug)]
pub struct Planner<'r> {
    pub(super) rules: &'r RuleSet,
    limits: Limits,
    pub(super) formulas: Formulas,
    /// By rule; `None` of a rule that is disabled.
    conditions: Vec<Option<formula::FormId>>,
    /// By rule.
    looks_back: Vec<bool>,
    folded: Vec<Option<bool>>,
    decisions: Decisions,
    lifetimes: Vec<Lifetime>,
    pub(super) decider: Decider<'r>,
    /// Whether a condition asks for nothing but facts of the image.
    of_image: FxHashMap<formula::FormId, bool>,
    bits: FxHashMap<formula::FormId, u32>,
    images: Vec<formula::FormId>,
    /// The bits that plans of events so far ask for.
    used: BTreeSet<u32>,
}

impl<'r> Planner<'r> {
    /// A planner for a rule set.
    pub fn new(rules: &'r RuleSet, limits: Limits) -> Planner<'r> {
        let mut formulas = Formulas::default();
        let condition = |rule: &crate::hir::Rule| rule.enabled.then(|| formulas.form(&rule.condition, true));
        let conditions: Vec<Option<formula::FormId>> = rules.rules.iter().map(condition).collect();
        let predicates = formulas.predicates();
        Planner {
            rules,
            limits,
            conditions,
            looks_back: rules.rules.iter().map(|rule| looks_back(rules, &rule.condition)).collect(),
            folded: predicates.iter().map(|p| constant(rules, p)).collect(),
            decisions: Decisions::new(rules, predicates),
            lifetimes: predicates.iter().map(|p| lifetime(rules, p)).collect(),
            formulas,
            decider: Decider::new(rules),
            of_image: FxHashMap::default(),
            bits: FxHashMap::default(),
            images: Vec::new(),
            used: BTreeSet::new(),
        }
    }

    fn finish(self, mut by_code: Vec<EventPlan>) -> KernelPlan {
        let used = renumber(&mut by_code);
        let mut numbers: FxHashMap<PredicateId, PredicateId> = FxHashMap::default();
        let mut predicates = Vec::new();
        let mut number = |predicate: PredicateId| {
            *numbers.entry(predicate).or_insert_with(|| {
                predicates.push(self.formulas.predicates()[predicate.0 as usize].clone());
                PredicateId(predicates.len() as u32 - 1)
            })
        };
        let image = used.iter().map(|bit| self.images[*bit as usize]);
        let image = image.map(|form| image_condition(&self.formulas, form, &mut number)).collect();
        KernelPlan { by_code, image, predicates }
    }

    /// Whether a rule has a field that looks back at its own evaluations.
    pub(super) fn looks_back(&self, rule: RuleId) -> bool {
        self.looks_back.get(rule.0 as usize).is_some_and(|looks| *looks)
    }

    /// The rules that are tried on events of a code.
    pub(super) fn tried(&self, code: u16) -> Vec<RuleId> {
        let tried = |(_, rule): &(usize, &crate::hir::Rule)| {
            rule.enabled && (rule.events.contains(code) || code == ASYNC_EVENT)
        };
        self.rules.rules.iter().enumerate().filter(tried).map(|(index, _)| RuleId(index as u32)).collect()
    }

    /// The rules that may match events of a code, with their conditions as the type of the event leaves them.
    pub(super) fn left(&mut self, code: u16) -> Vec<(RuleId, formula::FormId)> {
        let mut left = Vec::new();
        let mut memo = FxHashMap::default();
        for rule in self.tried(code) {
            let Some(condition) = self.conditions[rule.0 as usize] else { continue };
            let known = |p: PredicateId| self.folded[p.0 as usize].or_else(|| self.decisions.of(p, code));
            let condition = self.formulas.assume(condition, &known, &mut memo);
            if condition != formula::NEVER {
                left.push((rule, condition));
            }
        }
        left
    }

    /// The plan of an event code.
    fn event(&mut self, code: u16) -> EventPlan {
        let Some(event) = peregrine_schema::event(code) else { return EventPlan::Never };
        let left = self.left(code);
        if left.is_empty() {
            return EventPlan::Never;
        }
        if !is_made(event) {
            let of_kernel = matches!(event.origin, Origin::Syscall | Origin::Tracepoint);
            let reason = if of_kernel { Reason::NotMade } else { Reason::NotOfKernel };
            return EventPlan::Always { why: left.into_iter().map(|(rule, _)| (rule, reason)).collect() };
        }
        let mut memo = FxHashMap::default();
        let parts: Vec<(RuleId, RulePlan)> = left
            .into_iter()
            .map(|(rule, condition)| (rule, self.rule(rule, condition, event, &mut memo)))
            .filter(|(_, part)| part.event != NEVER && part.image != formula::NEVER)
            .collect();
        let rules: Vec<RuleId> = parts.iter().map(|(rule, _)| *rule).collect();
        for effort in Effort::ALL {
            let root = self.joined(&parts, effort);
            if root == ALWAYS {
                return EventPlan::Always { why: unrestricted(&parts, effort) };
            }
            if root == NEVER {
                return EventPlan::Never;
            }
            let filter = self.filter(root, rules.clone(), effort != Effort::All);
            if self.fits(&filter) {
                self.used.extend(bits(&filter));
                return EventPlan::Filter(filter);
            }
        }
        EventPlan::Always { why: rules.into_iter().map(|rule| (rule, Reason::TooLarge)).collect() }
    }

    /// What the kernel can tell of a rule whose condition the type of the event has left.
    pub(super) fn rule(
        &mut self,
        rule: RuleId,
        condition: formula::FormId,
        event: &'static Event,
        memo: &mut FxHashMap<formula::FormId, RulePlan>,
    ) -> RulePlan {
        if self.looks_back(rule) {
            // What an evaluation finds depends on which events were looked at before.
            return RulePlan { image: formula::ALWAYS, event: ALWAYS, reason: Some(Reason::LooksBack) };
        }
        self.parts(condition, event, memo)
    }

    /// The image part and the event part of a condition: it implies both.
    fn parts(
        &mut self,
        condition: formula::FormId,
        event: &'static Event,
        memo: &mut FxHashMap<formula::FormId, RulePlan>,
    ) -> RulePlan {
        if self.is_of_image(condition) {
            return RulePlan { image: condition, event: ALWAYS, reason: None };
        }
        if let Some(done) = memo.get(&condition) {
            return done.clone();
        }
        let plan = match self.formulas.get(condition).clone() {
            formula::Form::Const(_) => RulePlan { image: condition, event: ALWAYS, reason: None },
            formula::Form::Test(predicate, holds) => {
                let predicate = self.formulas.predicates()[predicate.0 as usize].clone();
                let decision = self.decider.decide(&predicate, event);
                let event = if holds { decision.holds } else { decision.fails };
                RulePlan { image: formula::ALWAYS, event, reason: decision.reason }
            }
            formula::Form::All(members) => {
                let parts: Vec<RulePlan> = members.iter().map(|m| self.parts(*m, event, memo)).collect();
                let image = self.formulas.all(parts.iter().map(|p| p.image).collect());
                let event = self.decider.forms.all(parts.iter().map(|p| p.event).collect());
                RulePlan { image, event, reason: parts.iter().find_map(|p| p.reason) }
            }
            formula::Form::Any(members) => {
                let parts: Vec<RulePlan> = members.iter().map(|m| self.parts(*m, event, memo)).collect();
                let reason = parts.iter().find_map(|p| p.reason);
                // As long as no member needs both parts, the facts of the image make one bit.
                let image = parts.iter().filter(|p| p.event == ALWAYS).map(|p| p.image).collect();
                let image = self.formulas.any(image);
                let mut members = vec![self.bit(image)];
                for part in parts.iter().filter(|p| p.event != ALWAYS) {
                    let bit = self.bit(part.image);
                    members.push(self.decider.forms.all(vec![bit, part.event]));
                }
                let event = self.decider.forms.any(members);
                RulePlan { image: formula::ALWAYS, event, reason }
            }
        };
        memo.insert(condition, plan.clone());
        plan
    }

    fn is_of_image(&mut self, condition: formula::FormId) -> bool {
        if let Some(known) = self.of_image.get(&condition) {
            return *known;
        }
        let result = match self.formulas.get(condition).clone() {
            formula::Form::Const(_) => true,
            formula::Form::Test(predicate, _) => {
                self.lifetimes[predicate.0 as usize] == Lifetime::Image && !self.is_number_of_task(predicate)
            }
            formula::Form::All(members) | formula::Form::Any(members) => members.iter().all(|m| self.is_of_image(*m)),
        };
        self.of_image.insert(condition, result);
        result
    }

    /// Numbers that the kernel has itself: it need not wait for a bit.
    fn is_number_of_task(&self, predicate: PredicateId) -> bool {
        use peregrine_schema::FieldId::{GroupGid, ProcPid, UserLoginuid, UserUid};
        let crate::hir::Operand::Field(slot) = self.formulas.predicates()[predicate.0 as usize].lhs else {
            return false;
        };
        let field = self.rules.fields.get(slot as usize);
        field.is_some_and(|field| matches!(field.id, GroupGid | ProcPid | UserLoginuid | UserUid))
    }

    /// The atom for a condition on the image.
    fn bit(&mut self, condition: formula::FormId) -> FormId {
        if condition == formula::ALWAYS {
            return ALWAYS;
        }
        if condition == formula::NEVER {
            return NEVER;
        }
        let bit = match self.bits.get(&condition) {
            Some(bit) => *bit,
            None => {
                self.images.push(condition);
                let bit = self.images.len() as u32 - 1;
                self.bits.insert(condition, bit);
                bit
            }
        };
        self.decider.forms.literal(Atom::Image(bit), true)
    }

    /// Any of the rules.
    fn joined(&mut self, parts: &[(RuleId, RulePlan)], effort: Effort) -> FormId {
        let mut by_event: BTreeMap<FormId, (Vec<formula::FormId>, BTreeSet<FormId>)> = BTreeMap::new();
        for (_, part) in parts {
            let (event, texts) = self.weaker(part.event, effort);
            let entry = by_event.entry(event).or_default();
            entry.0.push(part.image);
            entry.1.insert(texts);
        }
        let mut members = Vec::with_capacity(by_event.len());
        for (event, (images, texts)) in by_event {
            let image = self.formulas.any(images);
            let bit = self.bit(image);
            let texts = self.decider.forms.any(texts.into_iter().collect());
            members.push(self.decider.forms.all(vec![bit, event, texts]));
        }
        self.decider.forms.any(members)
    }

    /// An event part with less in it, and a demand for texts that rules with the same rest share.
    fn weaker(&mut self, event: FormId, effort: Effort) -> (FormId, FormId) {
        let demands = match effort {
            Effort::All => return (event, ALWAYS),
            Effort::Nothing => return (ALWAYS, ALWAYS),
            Effort::Trimmed => {
                let demands = self.decider.forms.demands(event);
                let kept = demands.into_iter().filter(|id| !self.mixes_image(*id)).collect();
                return (self.decider.forms.all(kept), ALWAYS);
            }
            Effort::Shared | Effort::Numbers => self.decider.forms.demands(event),
        };
        let number = |id: &FormId| match self.decider.forms.get(*id) {
            Form::Atom(atom, _) => {
                matches!(self.decider.forms.atom(*atom), Atom::Number { .. } | Atom::Bits { .. } | Atom::Kind(_))
            }
            _ => false,
        };
        let text = demands.iter().copied().find(|id| effort == Effort::Shared && self.asks_for_texts(*id));
        let kept: Vec<FormId> = demands.into_iter().filter(number).collect();
        (self.decider.forms.all(kept), text.unwrap_or(ALWAYS))
    }

    /// Whether some alternative in a form asks for a bit of the image.
    fn mixes_image(&self, id: FormId) -> bool {
        match self.decider.forms.get(id) {
            Form::Const(_) => false,
            Form::Atom(atom, _) => matches!(self.decider.forms.atom(*atom), Atom::Image(_)),
            Form::All(members) | Form::Any(members) => members.iter().any(|m| self.mixes_image(*m)),
        }
    }

    /// Whether a form only asks whether texts are in sets.
    fn asks_for_texts(&self, id: FormId) -> bool {
        match self.decider.forms.get(id) {
            Form::Atom(atom, true) => matches!(self.decider.forms.atom(*atom), Atom::Text(_)),
            Form::Any(members) => members.iter().all(|m| self.asks_for_texts(*m)),
            _ => false,
        }
    }

    /// The graph below a form.
    fn filter(&self, root: FormId, rules: Vec<RuleId>, weakened: bool) -> Filter {
        let mut graph = Graph::new(&self.decider.forms);
        let root = graph.node(root);
        let mut groups: BTreeMap<(Source, Reading, Part), Vec<u32>> = BTreeMap::new();
        for (index, atom) in (0..).zip(&graph.atoms) {
            if let Atom::Text(text) = atom {
                groups.entry((text.source, text.reading, text.part)).or_default().push(index);
            }
        }
        let group = |((source, reading, part), atoms)| TextGroup { source, reading, part, atoms };
        let texts = groups.into_iter().map(group).collect();
        Filter { root, nodes: graph.nodes, atoms: graph.atoms, texts, rules, weakened }
    }

    fn fits(&self, filter: &Filter) -> bool {
        let uses = |node: &Node| match node {
            Node::All(members) | Node::Any(members) => members.len(),
            Node::Atom(_) | Node::NotAtom(_) => 1,
        };
        let texts = |atom: &Atom| match atom {
            Atom::Text(text) => weight(&text.set),
            Atom::Address { networks, .. } => networks.len(),
            Atom::Number { ranges, .. } | Atom::Port { ranges, .. } => ranges.ranges().len(),
            _ => 0,
        };
        let more = bits(filter).filter(|bit| !self.used.contains(bit)).count();
        self.used.len() + more <= self.limits.image
            && filter.nodes.iter().map(uses).sum::<usize>() <= self.limits.atoms
            && filter.atoms.iter().map(texts).sum::<usize>() <= self.limits.texts
    }
}

/// The bits of the image that a filter asks for, each once.
fn bits(filter: &Filter) -> impl Iterator<Item = u32> {
    filter.atoms.iter().filter_map(|atom| if let Atom::Image(bit) = atom { Some(*bit) } else { None })
}

/// How much of the rules' event parts a plan has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// All.
    All,
    /// All but alternatives of the image and of the event: exceptions such as "or it is that program on that path".
    Trimmed,
    /// Numbers and kinds; texts of all rules with the same ones.
    Shared,
    /// Numbers and kinds.
    Numbers,
    /// Nothing: only bits of the image are left.
    Nothing,
}

impl Effort {
    const ALL: [Effort; 5] = [Effort::All, Effort::Trimmed, Effort::Shared, Effort::Numbers, Effort::Nothing];
}

/// A filter being put together.
struct Graph<'f> {
    forms: &'f super::form::Forms,
    nodes: Vec<Node>,
    ids: FxHashMap<FormId, NodeId>,
    atoms: Vec<Atom>,
    atom_ids: FxHashMap<u32, u32>,
}

impl<'f> Graph<'f> {
    fn new(forms: &'f super::form::Forms) -> Graph<'f> {
        let (ids, atom_ids) = (FxHashMap::default(), FxHashMap::default());
        Graph { forms, nodes: Vec::new(), ids, atoms: Vec::new(), atom_ids }
    }

    /// The node of a form that is no constant.
    fn node(&mut self, form: FormId) -> NodeId {
        if let Some(done) = self.ids.get(&form) {
            return *done;
        }
        let node = match self.forms.get(form) {
            // Constants are only found alone, and then there is no filter.
            Form::Const(_) => Node::All(Vec::new()),
            Form::Atom(atom, holds) => {
                let forms = self.forms;
                let atoms = &mut self.atoms;
                let index = *self.atom_ids.entry(*atom).or_insert_with(|| {
                    atoms.push(forms.atom(*atom).clone());
                    atoms.len() as u32 - 1
                });
                if *holds { Node::Atom(index) } else { Node::NotAtom(index) }
            }
            Form::All(members) => Node::All(self.members(members)),
            Form::Any(members) => Node::Any(self.members(members)),
        };
        self.nodes.push(node);
        let id = NodeId(self.nodes.len() as u32 - 1);
        self.ids.insert(form, id);
        id
    }

    /// What costs less first: either way it may decide.
    fn members(&mut self, members: &[FormId]) -> Vec<NodeId> {
        let mut ordered: Vec<FormId> = members.to_vec();
        ordered.sort_by_key(|id| (self.cost(*id), *id));
        ordered.into_iter().map(|id| self.node(id)).collect()
    }

    fn cost(&self, form: FormId) -> u32 {
        match self.forms.get(form) {
            Form::Const(_) => 0,
            Form::Atom(atom, _) => match self.forms.atom(*atom) {
                Atom::Number { .. } | Atom::Bits { .. } => 1,
                Atom::Image(_) => 2,
                Atom::Kind(_) | Atom::Protocol(_) => 10,
                Atom::Address { .. } | Atom::Port { .. } => 20,
                Atom::Text(text) if text.source == Source::Descriptor => 200,
                Atom::Text(_) => 50,
            },
            Form::All(members) | Form::Any(members) => {
                members.iter().map(|m| self.cost(*m)).fold(3, u32::saturating_add)
            }
        }
    }
}

/// The rules that demand every event of a type.
fn unrestricted(parts: &[(RuleId, RulePlan)], effort: Effort) -> Vec<(RuleId, Reason)> {
    let alone = |(_, part): &&(RuleId, RulePlan)| part.event == ALWAYS && part.image == formula::ALWAYS;
    let reason = |(rule, part): &(RuleId, RulePlan)| (*rule, part.reason.unwrap_or(Reason::Unrestricted));
    let why: Vec<(RuleId, Reason)> = parts.iter().filter(alone).map(reason).collect();
    match effort {
        // No rule alone: one passes what another does not.
        _ if !why.is_empty() => why,
        Effort::All => parts.iter().map(reason).collect(),
        _ => parts.iter().map(|(rule, _)| (*rule, Reason::TooLarge)).collect(),
    }
}

fn image_condition(
    formulas: &Formulas,
    form: formula::FormId,
    number: &mut impl FnMut(PredicateId) -> PredicateId,
) -> ImageCondition {
    match formulas.get(form) {
        formula::Form::Test(predicate, holds) => ImageCondition::Test(number(*predicate), *holds),
        formula::Form::All(members) => {
            ImageCondition::All(members.iter().map(|m| image_condition(formulas, *m, number)).collect())
        }
        formula::Form::Any(members) => {
            ImageCondition::Any(members.iter().map(|m| image_condition(formulas, *m, number)).collect())
        }
        formula::Form::Const(true) => ImageCondition::All(Vec::new()),
        formula::Form::Const(false) => ImageCondition::Any(Vec::new()),
    }
}

fn looks_back(rules: &RuleSet, expr: &Expr) -> bool {
    match expr {
        Expr::And(members) | Expr::Or(members) => members.iter().any(|m| looks_back(rules, m)),
        Expr::Not(inner) => looks_back(rules, inner),
        Expr::Test(test) => lifetime(rules, &test.predicate) == Lifetime::Evaluation,
    }
}

/// Gives the bits that are used consecutive numbers, in order of use, and tells their old ones.
fn renumber(by_code: &mut [EventPlan]) -> Vec<u32> {
    let mut old = Vec::new();
    let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
    for plan in by_code {
        let EventPlan::Filter(filter) = plan else { continue };
        for atom in &mut filter.atoms {
            if let Atom::Image(bit) = atom {
                *bit = *numbers.entry(*bit).or_insert_with(|| {
                    old.push(*bit);
                    old.len() as u32 - 1
                });
            }
        }
    }
    old
}
