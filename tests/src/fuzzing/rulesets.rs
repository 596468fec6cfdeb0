//! Rule sets in which rules share conditions, so that all passes of the optimiser have something to do, on events of
//! process images and files that come back and change.
//!
//! Every engine keeps one pad for all events: what it remembers of an event, an image or a value must not show.

use crate::conditions::{Owned, Table, TableEvent};
use crate::engines::compile;
use crate::generate;
use arbitrary::{Result, Unstructured};
use peregrine_compiler::backend::frame::Pad;
use peregrine_compiler::backend::interp::Interpreter;
use peregrine_compiler::backend::native::Native;
use peregrine_compiler::backend::{Matcher, native::NativeError};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::lower::{Options, lower};
use peregrine_compiler::ir::verify::verify;
use peregrine_compiler::ir::{Block, Program, RuleId};
use peregrine_compiler::value::{Event as _, FactsKey};
use peregrine_schema::{self as schema, FieldFlags, FieldId};

/// Events per rule set.
const EVENTS: usize = 40;
/// Slots of process images and of files: few, so that they are used again.
const SLOTS: usize = 3;

/// What was compared, to be sure that something was.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// Rules on events.
    pub evaluated: usize,
    /// Of these, matches.
    pub held: usize,
    /// Groups of all programs.
    pub groups: usize,
    /// Switches of all programs.
    pub switches: usize,
    /// Gates of all programs.
    pub gates: usize,
    /// Events of an image or file that an earlier event had.
    pub seen_again: usize,
}

impl Seen {
    /// Adds what another run has seen.
    pub fn add(&mut self, other: &Seen) {
        self.evaluated += other.evaluated;
        self.held += other.held;
        self.groups += other.groups;
        self.switches += other.switches;
        self.gates += other.gates;
        self.seen_again += other.seen_again;
    }
}

/// The facts of a process image, as fields with `IMAGE` give them, or of a file.
type Facts = Vec<((FieldId, Option<String>), Owned)>;

/// Facts that come back and change.
struct Kept {
    flag: FieldFlags,
    slots: [(FactsKey, Facts); SLOTS],
    versions: u64,
}

/// A rule set of 40 to 300 rules on random events: reference evaluator, interpreter, native code and the program
/// without optimisation report the same, the first match and all.
pub fn rulesets_differential(u: &mut Unstructured<'_>) -> Result<Seen> {
    let conditions = conditions(u)?;
    let rules = compile(&conditions).unwrap_or_else(|e| panic!("a generated condition does not compile: {e:#}"));
    let program = Program::new(&rules);
    verify(&program, &rules).unwrap_or_else(|e| panic!("{e}: {conditions:#?}"));
    let mut seen = Seen { groups: program.groups.len(), ..Seen::default() };
    seen.switches = program.functions.iter().map(|f| f.switches.len()).sum();
    let gate = |b: &&Block| matches!(b, Block::Gate { .. });
    seen.gates = program.functions.iter().flat_map(|f| f.blocks.iter().filter(gate)).count();
    let mut engines = engines(&rules, program).unwrap_or_else(|e| panic!("{e}: {conditions:#?}"));
    let kept = |flag| {
        let slot = |slot| (FactsKey { slot: slot as u32, version: 0 }, Facts::new());
        Kept { flag, slots: std::array::from_fn(slot), versions: 0 }
    };
    let (mut images, mut files) = (kept(FieldFlags::IMAGE), kept(FieldFlags::FILE));
    for _ in 0..EVENTS {
        let mut table = generate::table(u)?;
        let key = [images.enter(u, &mut table, &mut seen)?, files.enter(u, &mut table, &mut seen)?];
        let mut bound = table.bind(&rules.fields).of_image(key[0]).of_file(key[1]);
        if u.ratio(1, 3)? {
            bound = bound.with_fingerprints();
        }
        if u.ratio(2, 3)? {
            let types = schema::EVENTS[usize::from(table.code)].params.iter().map(|p| p.ty);
            let params = types.map(|ty| generate::parameter(u, ty)).collect::<Result<Vec<_>>>()?;
            bound = bound.of_record(&rules.fields, &params);
        }
        for all in [true, false] {
            let expected = answer(&mut engines[0], &bound, all);
            if all {
                seen.evaluated += rules.rules.len();
                seen.held += expected.len();
            }
            for engine in &mut engines[1..] {
                let found = answer(engine, &bound, all);
                let differing: Vec<&str> = conditions
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| found.contains(&(*i as u32)) != expected.contains(&(*i as u32)))
                    .map(|(_, c)| c.as_str())
                    .collect();
                assert_eq!(
                    found, expected,
                    "{} differs from the reference (all: {all}) on {differing:#?} and {key:?} {table:#?}",
                    engine.0
                );
            }
        }
    }
    Ok(seen)
}

/// Conditions that share parts, and conditions that differ only in their constants.
fn conditions(u: &mut Unstructured<'_>) -> Result<Vec<String>> {
    let pool_size = u.int_in_range(4..=24)?;
    let pool = (0..pool_size).map(|_| generate::condition(u)).collect::<Result<Vec<_>>>()?;
    let most = if u.ratio(1, 3)? { 300 } else { 90 };
    let count = u.int_in_range(40..=most)?;
    // A part that all rules of a file have, as often happens.
    let head = if u.arbitrary()? { u.choose(&pool)?.clone() } else { String::new() };
    let rule = |u: &mut Unstructured<'_>| -> Result<String> {
        let near = u.int_in_range(0..=3)?;
        let members = u.int_in_range(if near == 0 { 1..=6 } else { 0..=2 })?;
        let mut parts = Vec::new();
        for _ in 0..members {
            let part = u.choose(&pool)?;
            parts.push(if u.ratio(1, 4)? { format!("not ({part})") } else { format!("({part})") });
        }
        for _ in 0..near.min(2) {
            parts.push(generate::near_comparison(u)?);
        }
        let joined = parts.join(if u.ratio(1, 4)? { " or " } else { " and " });
        Ok(if head.is_empty() || u.ratio(1, 4)? { joined } else { format!("({head}) and ({joined})") })
    };
    (0..count).map(|_| rule(u)).collect()
}

type Engine = (&'static str, Matcher, Pad);

/// The reference evaluator first.
fn engines(rules: &RuleSet, program: Program) -> std::result::Result<Vec<Engine>, NativeError> {
    let plain = lower(rules, &Options { plain: true, profile: None });
    let matchers = [
        ("reference", Matcher::Oracle(rules.clone())),
        ("native code", Matcher::Jit(Native::new(rules, &program)?)),
        ("interpreter", Matcher::Interp(Interpreter::new(rules, program))),
        ("plain program", Matcher::Interp(Interpreter::new(rules, plain))),
    ];
    Ok(matchers.into_iter().map(|(name, matcher)| (name, matcher.pad(), matcher)).map(|(n, p, m)| (n, m, p)).collect())
}

fn answer((_, matcher, pad): &mut Engine, event: &TableEvent, all: bool) -> Vec<u32> {
    let mut found = Vec::new();
    if matcher.listens(event.code()) {
        matcher.run(pad, event, all, &mut |RuleId(rule)| found.push(rule));
    }
    found
}

impl Kept {
    /// Makes an event one of a slot, or of none. Some events change the slot, i.e. its facts and its version.
    fn enter(&mut self, u: &mut Unstructured<'_>, table: &mut Table, seen: &mut Seen) -> Result<Option<FactsKey>> {
        // Fields of descriptors have values only on events that are about one.
        let about_fd = schema::EVENTS.get(usize::from(table.code)).is_some_and(|event| event.has_fd());
        if self.flag == FieldFlags::FILE && !about_fd || u.ratio(1, 5)? {
            return Ok(None);
        }
        let kept = |id: &FieldId| id.row().flags.has(self.flag);
        let (key, facts) = &mut self.slots[u.int_in_range(0..=SLOTS - 1)?];
        if key.version == 0 || u.ratio(1, 4)? {
            self.versions += 1;
            key.version = self.versions;
            *facts = table.values.iter().filter(|((id, _), _)| kept(id)).map(|(k, v)| (k.clone(), v.clone())).collect();
        } else {
            seen.seen_again += 1;
            table.values.retain(|(id, _), _| !kept(id));
            table.values.extend(facts.iter().cloned());
        }
        Ok(Some(*key))
    }
}
