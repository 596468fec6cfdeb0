//! What a predicate costs and how likely it holds: estimates that decide only the order of tests, never a result.
//!
//! Costs are nanoseconds, roughly. A predicate that lives as long as the process image or what a descriptor is costs
//! a load, whatever it compares. Without a profile the likelihoods are those of the operators on recorded systems; with one
//! ([`Profile`]) they are the measured ones.

use super::PredicateId;
use super::formula::{Form, FormId, Formulas};
use crate::hir::{Comparison, Const, Op, Operand, Predicate, RuleSet, TransformArg};
use crate::print::With;
use crate::value::Arg;
use peregrine_schema::{EVENTS, FieldFlags, FieldId, Type};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long the answer of a predicate stays right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Lifetime {
    /// As long as the process image.
    Image,
    /// As long as a descriptor is the same to rules, in whatever process.
    File,
    /// One event.
    Event,
    /// One evaluation: some field looks back at its own evaluations.
    Evaluation,
}

impl Lifetime {
    /// Name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Lifetime::Image => "image",
            Lifetime::File => "file",
            Lifetime::Event => "event",
            Lifetime::Evaluation => "evaluation",
        }
    }
}

/// Lifetime of a predicate: the shortest of its fields'.
pub fn lifetime(rules: &RuleSet, predicate: &Predicate) -> Lifetime {
    let mut slots = Vec::new();
    super::verify::predicate_slots(predicate, &mut slots);
    let of_slot = |slot: &u32| {
        let Some(field) = rules.fields.get(*slot as usize) else { return Lifetime::Event };
        let flags = field.id.row().flags;
        if flags.has(FieldFlags::LOOKS_BACK) {
            Lifetime::Evaluation
        } else if flags.has(FieldFlags::IMAGE) {
            Lifetime::Image
        } else if flags.has(FieldFlags::FILE) {
            Lifetime::File
        } else {
            Lifetime::Event
        }
    };
    let longer = |a, b| match (a, b) {
        // The same lifetime of other facts: only one event has both.
        (Lifetime::Image, Lifetime::File) | (Lifetime::File, Lifetime::Image) => Lifetime::Event,
        (a, b) => a.max(b),
    };
    slots.iter().map(of_slot).reduce(longer).unwrap_or(Lifetime::Event)
}

/// Measured, all in the condition language.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// How often predicates were evaluated and held, and what that took once their fields were extracted.
    pub predicates: BTreeMap<String, Measured>,
    /// How often fields were extracted, and what that took.
    pub fields: BTreeMap<String, Extraction>,
}

/// What was measured of a field.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Extraction {
    /// Extractions.
    pub times: f64,
    /// Nanoseconds of one.
    pub nanoseconds: f64,
}

/// The mean of two means of so many each.
fn mean(a: (f64, f64), b: (f64, f64)) -> f64 {
    let count = a.0 + b.0;
    if count > 0.0 { (a.0 * a.1 + b.0 * b.1) / count } else { 0.0 }
}

impl Profile {
    /// Adds what was measured another time.
    pub fn merge(&mut self, other: &Profile) {
        for (predicate, new) in &other.predicates {
            let known = self.predicates.entry(predicate.clone()).or_default();
            known.nanoseconds =
                mean((known.evaluated as f64, known.nanoseconds), (new.evaluated as f64, new.nanoseconds));
            known.evaluated += new.evaluated;
            known.held += new.held;
        }
        for (field, new) in &other.fields {
            let known = self.fields.entry(field.clone()).or_default();
            known.nanoseconds = mean((known.times, known.nanoseconds), (new.times, new.nanoseconds));
            known.times += new.times;
        }
    }

    /// Nanoseconds that everything took, if each test and extraction took what `prices` says.
    pub fn price(&self, prices: &Profile) -> f64 {
        let test = |(predicate, measured): (&String, &Measured)| {
            measured.evaluated as f64 * prices.predicates.get(predicate).map_or(0.0, |p| p.nanoseconds)
        };
        let extraction = |(field, measured): (&String, &Extraction)| {
            measured.times * prices.fields.get(field).map_or(0.0, |p| p.nanoseconds)
        };
        self.predicates.iter().map(test).sum::<f64>() + self.fields.iter().map(extraction).sum::<f64>()
    }

    /// Measurements as written by `peregrine replay --profile=json`.
    pub fn from_json(json: &[u8]) -> Result<Profile, serde_json::Error> {
        #[derive(Deserialize)]
        struct File {
            predicates: Vec<Line>,
            #[serde(default)]
            fields: Vec<FieldLine>,
        }
        #[derive(Deserialize)]
        struct FieldLine {
            field: String,
            nanoseconds: f64,
            total_nanoseconds: f64,
        }
        #[derive(Deserialize)]
        struct Line {
            predicate: String,
            evaluated: u64,
            held: u64,
            nanoseconds: f64,
        }
        let file: File = serde_json::from_slice(json)?;
        let line =
            |l: Line| (l.predicate, Measured { evaluated: l.evaluated, held: l.held, nanoseconds: l.nanoseconds });
        let extraction = |l: FieldLine| {
            let times = if l.nanoseconds > 0.0 { l.total_nanoseconds / l.nanoseconds } else { 0.0 };
            (l.field, Extraction { times, nanoseconds: l.nanoseconds })
        };
        Ok(Profile {
            predicates: file.predicates.into_iter().map(line).collect(),
            fields: file.fields.into_iter().map(extraction).collect(),
        })
    }
}

/// What was measured of a predicate.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// Evaluations.
    pub evaluated: u64,
    /// Evaluations that held.
    pub held: u64,
    /// Nanoseconds of one evaluation; 0 if none was timed.
    pub nanoseconds: f64,
}

/// A cost with a likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Nanoseconds.
    pub cost: f64,
    /// Probability of holding, between 0 and 1, never quite either.
    pub likely: f64,
}

/// Estimates of predicates and conditions.
#[derive(Debug)]
pub struct Costs {
    predicates: Vec<Estimate>,
    forms: FxHashMap<FormId, Estimate>,
}

impl Costs {
    /// Estimates for the predicates of a rule set.
    pub fn new(rules: &RuleSet, predicates: &[Predicate], profile: Option<&Profile>) -> Costs {
        let measured = |p: &Predicate| profile?.predicates.get(&With(&rules.fields, p).to_string());
        // Whoever needs a field is charged with its extraction, unless the answer outlives the event.
        let extraction = |p: &Predicate| {
            let mut slots = Vec::new();
            if lifetime(rules, p) == Lifetime::Event {
                super::verify::predicate_slots(p, &mut slots);
            }
            let field = |slot: &u32| profile?.fields.get(&rules.fields.get(*slot as usize)?.to_string());
            slots.iter().filter_map(field).map(|field| field.nanoseconds).sum::<f64>()
        };
        let guesses: Vec<Estimate> = predicates.iter().map(|p| guess(rules, p)).collect();
        let known: Vec<Option<(Measured, f64)>> =
            predicates.iter().map(|p| Some((*measured(p).filter(|m| m.evaluated > 0)?, extraction(p)))).collect();
        let scale = scale(&guesses, &known);
        let estimate = |(guess, known): (Estimate, Option<(Measured, f64)>)| match known {
            Some((measured, extraction)) => measure(&measured, extraction, scale, guess),
            None => guess,
        };
        Costs { predicates: guesses.into_iter().zip(known).map(estimate).collect(), forms: FxHashMap::default() }
    }

    /// The estimate of a predicate.
    pub fn predicate(&self, predicate: PredicateId) -> Estimate {
        self.predicates[predicate.0 as usize]
    }

    /// The estimate of a condition whose members are tested in the best order.
    pub fn form(&mut self, formulas: &Formulas, id: FormId) -> Estimate {
        let (members, all) = match formulas.get(id) {
            Form::Const(value) => return Estimate { cost: 0.0, likely: f64::from(u8::from(*value)) },
            Form::Test(predicate, holds) => {
                let estimate = self.predicate(*predicate);
                return if *holds { estimate } else { Estimate { likely: 1.0 - estimate.likely, ..estimate } };
            }
            Form::All(members) => (members, true),
            Form::Any(members) => (members, false),
        };
        if let Some(known) = self.forms.get(&id) {
            return *known;
        }
        let ordered = self.ordered(formulas, members, all);
        // Probability that the next member is tested at all.
        let (mut cost, mut reached) = (0.0, 1.0);
        for member in ordered {
            let member = self.form(formulas, member);
            cost += reached * member.cost;
            reached *= if all { member.likely } else { 1.0 - member.likely };
        }
        let estimate = Estimate { cost, likely: if all { reached } else { 1.0 - reached } };
        self.forms.insert(id, estimate);
        estimate
    }

    /// Members in the order that is expected to decide soonest: cheap ones that decide often first.
    pub fn ordered(&mut self, formulas: &Formulas, members: &[FormId], all: bool) -> Vec<FormId> {
        let mut keyed: Vec<(f64, FormId)> = members
            .iter()
            .map(|m| {
                let estimate = self.form(formulas, *m);
                let decides = if all { 1.0 - estimate.likely } else { estimate.likely };
                (estimate.cost / decides.max(1e-6), *m)
            })
            .collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        keyed.into_iter().map(|(_, m)| m).collect()
    }
}

/// What a measured nanosecond is in the unit of guesses. Measured is the interpreter, on a machine of any speed, and of
/// the predicates that were never reached there are only guesses: without a common measure these would all seem cheap.
fn scale(guesses: &[Estimate], known: &[Option<(Measured, f64)>]) -> f64 {
    let (mut guessed, mut took) = (0.0, 0.0);
    for (guess, (measured, extraction)) in guesses.iter().zip(known).filter_map(|(g, k)| Some((g, k.as_ref()?))) {
        if measured.nanoseconds > 0.0 {
            guessed += guess.cost * measured.evaluated as f64;
            took += (measured.nanoseconds + extraction) * measured.evaluated as f64;
        }
    }
    if took > 0.0 { guessed / took } else { 1.0 }
}

fn measure(measured: &Measured, extraction: f64, scale: f64, guess: Estimate) -> Estimate {
    let likely = (measured.held as f64 + 0.5) / (measured.evaluated as f64 + 1.0);
    // What takes less than the clock can tell takes a little.
    let took = (measured.nanoseconds + extraction) * scale;
    Estimate { cost: if measured.nanoseconds > 0.0 { took.max(0.5) } else { guess.cost }, likely }
}

fn guess(rules: &RuleSet, predicate: &Predicate) -> Estimate {
    let likely = likelihood(rules, predicate);
    match lifetime(rules, predicate) {
        Lifetime::Image => return Estimate { cost: 1.0, likely },
        Lifetime::File => return Estimate { cost: 2.0, likely },
        Lifetime::Event | Lifetime::Evaluation => {}
    }
    let operand = operand_cost(rules, &predicate.lhs);
    let test = match &predicate.test {
        Comparison::Exists => 0.0,
        Comparison::One(op, _) => operator_cost(*op),
        Comparison::Many(..) => 8.0,
        Comparison::Modified(op, _, list) => operator_cost(*op) * (list.len().max(1) as f64),
        Comparison::Field(op, rhs) => operator_cost(*op) + 20.0 + operand_cost(rules, rhs),
        Comparison::FieldList(_, rhs) => 30.0 + operand_cost(rules, rhs),
    };
    Estimate { cost: (operand + test).max(1.0), likely }
}

fn operator_cost(op: Op) -> f64 {
    match op {
        Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => 1.0,
        Op::Startswith | Op::Bstartswith | Op::Endswith => 3.0,
        Op::Contains | Op::Bcontains => 12.0,
        Op::Icontains => 30.0,
        Op::Glob => 30.0,
        Op::Iglob => 60.0,
        Op::Regex => 80.0,
    }
}

fn operand_cost(rules: &RuleSet, operand: &Operand) -> f64 {
    match operand {
        Operand::Field(slot) => rules.fields.get(*slot as usize).map_or(20.0, |f| match &f.arg {
            // Texts of flags are recognised by their number; the operator does not run either.
            Arg::Key(name) if f.id == FieldId::EvtArg && only_flags(name) => -2.0,
            _ => field_cost(f.id),
        }),
        Operand::Transform(t) => 40.0 + t.args.iter().map(|a| argument_cost(rules, a)).sum::<f64>(),
    }
}

/// Whether every parameter of the name is a set of flags.
fn only_flags(name: &str) -> bool {
    use Type::*;
    let mut named = EVENTS.iter().filter_map(|e| e.params.iter().find(|p| p.name == name)).peekable();
    named.peek().is_some()
        && named.all(|p| matches!(p.ty, Flags8 | Flags16 | Flags32 | Enumflags8 | Enumflags16 | Enumflags32 | Mode))
}

fn argument_cost(rules: &RuleSet, argument: &TransformArg) -> f64 {
    match argument {
        TransformArg::Operand(operand) => operand_cost(rules, operand),
        TransformArg::Str(_) => 1.0,
        TransformArg::List(items) => items.iter().map(|a| argument_cost(rules, a)).sum(),
    }
}

fn field_cost(field: FieldId) -> f64 {
    use FieldId::*;
    match field {
        EvtIsOpenRead | EvtIsOpenWrite | EvtIsOpenExec | EvtIsOpenCreate | EvtRawres | EvtFailed | FdNum => 4.0,
        FdTypechar | FdType | FdName | FdSport | FdCport | EvtNum | EvtDir | EvtType => 6.0,
        FdFilename | FdDirectory | FdNameraw => 12.0,
        EvtArgs | EvtInfo => 400.0,
        EvtArg => 40.0,
        _ => match field.row().ty {
            Type::Charbuf => 25.0,
            _ => 8.0,
        },
    }
}

fn likelihood(rules: &RuleSet, predicate: &Predicate) -> f64 {
    let field = match &predicate.lhs {
        Operand::Field(slot) => rules.fields.get(*slot as usize).map(|f| f.id),
        Operand::Transform(_) => None,
    };
    let by_operator = match &predicate.test {
        Comparison::Exists => 0.8,
        Comparison::One(Op::Ne, _) => 0.9,
        Comparison::One(Op::Lt | Op::Le | Op::Gt | Op::Ge, _) => 0.5,
        Comparison::One(Op::Eq, Const::Bool(_)) => 0.4,
        Comparison::One(..) => 0.03,
        Comparison::Many(_, list) => (0.03 * list.len() as f64).clamp(0.03, 0.2),
        Comparison::Modified(..) => 0.1,
        Comparison::Field(..) | Comparison::FieldList(..) => 0.3,
    };
    match (field, &predicate.test) {
        (Some(FieldId::EvtIsOpenWrite), Comparison::One(Op::Eq, Const::Bool(true))) => 0.1,
        (Some(FieldId::EvtIsOpenRead), Comparison::One(Op::Eq, Const::Bool(true))) => 0.8,
        (Some(FieldId::FdTypechar), Comparison::One(Op::Eq, Const::Str(t))) if t == b"f" => 0.7,
        (Some(FieldId::FdNum | FieldId::EvtRawres), Comparison::One(Op::Ge | Op::Gt, _)) => 0.8,
        (Some(FieldId::ContainerId), Comparison::One(Op::Ne, _)) => 0.3,
        (Some(FieldId::UserUid), Comparison::One(Op::Eq, Const::Uint(0))) => 0.6,
        _ => by_operator,
    }
}
