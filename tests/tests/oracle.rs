//! Falco's answers on recorded captures: alerts, conditions and field values, for the reference evaluator,
//! the interpreter, native code and compiled files alike.
//!
//! Needs the shared inputs (`PEREGRINE_SHARED`). One test per capture and kind of answer. Differences that
//! are meant are listed in `docs/compatibility.md` and named here.

use anyhow::{Context as _, bail, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use peregrine_compiler::aot;
use peregrine_compiler::backend::codegen::Processor;
use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::Program;
use peregrine_runtime::alert::AlertFormat;
use peregrine_runtime::compiled::CompiledFile;
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::format::output_fields;
use peregrine_runtime::replay::{Detector, Options};
use peregrine_runtime::session::Session;
use peregrine_tests::shared::{self, OracleCapture};
use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What answers: an engine, by rules from text or from a compiled file.
#[derive(Debug, Clone, Copy)]
enum Subject {
    Text(EngineKind),
    Compiled,
}

const SUBJECTS: [Subject; 4] = [
    Subject::Text(EngineKind::Oracle),
    Subject::Text(EngineKind::Interp),
    Subject::Text(EngineKind::Jit),
    Subject::Compiled,
];

impl Subject {
    fn matcher(self, rules: &RuleSet) -> anyhow::Result<Matcher> {
        let engine = match self {
            Subject::Text(engine) => return Ok(Matcher::new(engine, rules)?),
            Subject::Compiled => EngineKind::Jit,
        };
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(&aot::build(rules, &Program::new(rules), &[], Processor::Baseline)?)?;
        // What is mapped stays when the file goes.
        Ok(CompiledFile::open(file.path())?.matcher(engine)?)
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    match shared::shared() {
        Some(shared) => add_trials(&shared, &mut trials)?,
        None => println!("skipped: PEREGRINE_SHARED does not name the shared inputs"),
    }
    libtest_mimic::run(&arguments, trials).exit()
}

fn add_trials(shared: &Path, trials: &mut Vec<Trial>) -> anyhow::Result<()> {
    for capture in shared::captures(shared)? {
        let answers = shared.join("oracle").join(&capture.name);
        if answers.join("conditions.json").exists() {
            let (shared, capture) = (shared.to_owned(), capture.clone());
            trials.push(Trial::test(format!("conditions::{}", capture.name), move || {
                conditions(&shared, &capture).map_err(failed)
            }));
        }
        if answers.join("fields.jsonl.gz").exists() {
            let (shared, capture) = (shared.to_owned(), capture.clone());
            trials.push(Trial::test(format!("fields::{}", capture.name), move || {
                fields(&shared, &capture).map_err(failed)
            }));
        }
        for set in ["stable", "all"] {
            let expected =
                |matching| shared.join("oracle/alerts").join(format!("{}.{set}.{matching}.jsonl", capture.name));
            if expected("first").exists() && expected("all").exists() {
                let (shared, capture) = (shared.to_owned(), capture.clone());
                let expected = [expected("first"), expected("all")];
                trials.push(Trial::test(format!("alerts::{}::{set}", capture.name), move || {
                    alerts(&shared, &capture, set, &expected).map_err(failed)
                }));
            }
        }
    }
    Ok(())
}

fn failed(error: anyhow::Error) -> Failed {
    Failed::from(format!("{error:#}"))
}

/// Positions of an answer list by (time, thread), in order of appearance.
struct Positions(HashMap<(u64, i64), std::collections::VecDeque<usize>>);

impl Positions {
    fn new(events: impl IntoIterator<Item = (u64, i64)>) -> Positions {
        let mut map: HashMap<_, std::collections::VecDeque<usize>> = HashMap::new();
        for (i, event) in events.into_iter().enumerate() {
            map.entry(event).or_default().push_back(i);
        }
        Positions(map)
    }

    fn take(&mut self, event: (u64, i64)) -> Option<usize> {
        self.0.get_mut(&event)?.pop_front()
    }
}

/// Time, thread and code of an event.
type EventKey = (u64, i64, u16);

fn conditions(shared: &Path, capture: &OracleCapture) -> anyhow::Result<()> {
    let answers = shared::condition_answers(shared, &capture.name)?;
    let rules = shared::conditions(shared, &capture.name)?;
    let matchers: Vec<Matcher> =
        SUBJECTS.into_iter().map(|subject| subject.matcher(&rules)).collect::<anyhow::Result<_>>()?;
    let mut pads: Vec<_> = matchers.iter().map(Matcher::pad).collect();
    let expected: Vec<&Vec<bool>> = rules
        .rules
        .iter()
        .map(|rule| answers.rules.get(&rule.name).with_context(|| format!("no answer for {}", rule.name)))
        .collect::<anyhow::Result<_>>()?;
    let mut positions = Positions::new(answers.events.iter().copied());
    let (bound, env, mut scratch) = (Bound::new(&rules.fields), Env::default(), bumpalo::Bump::new());
    let mut session = Session::open(&capture.path)?;
    let mut seen = 0;
    // By rule and engine.
    let mut wrong: HashMap<(usize, usize), Vec<EventKey>> = HashMap::new();
    while session.step(&mut |event| {
        let key = (event.record.ts, event.record.tid);
        let Some(position) = positions.take(key) else { return };
        seen += 1;
        let view = EventView::new(event, &bound, &scratch, &env);
        for (engine, matcher) in matchers.iter().enumerate() {
            let mut matched = vec![false; rules.rules.len()];
            matcher.run(&mut pads[engine], &view, true, &mut |rule| matched[rule.0 as usize] = true);
            for (rule, matched) in matched.into_iter().enumerate() {
                if matched != expected[rule][position] {
                    wrong.entry((rule, engine)).or_default().push((key.0, key.1, event.record.code));
                }
            }
        }
        scratch.reset();
    })? {}
    if seen != answers.events.len() {
        bail!("{seen} of {} events were seen", answers.events.len());
    }
    let mut lines: Vec<String> = wrong
        .iter()
        .map(|((rule, engine), events)| {
            let rule = &rules.rules[*rule];
            format!(
                "{:?} {}: {}: {} events, first {:?}",
                SUBJECTS[*engine],
                rule.name,
                rule.condition_text,
                events.len(),
                events[0]
            )
        })
        .collect();
    lines.sort();
    if !lines.is_empty() {
        bail!("{} of {} conditions differ:\n{}", wrong.len(), rules.rules.len() * SUBJECTS.len(), lines.join("\n"));
    }
    Ok(())
}

/// Falco's alerts for first and for all matches, and ours in every engine, as multisets of JSON objects.
fn alerts(shared: &Path, capture: &OracleCapture, set: &str, expected: &[PathBuf; 2]) -> anyhow::Result<()> {
    let rules = shared::load_rules(&shared::upstream_rules(shared, set), &["evt.rawtime", "thread.tid"])?;
    let mut detectors = Vec::new();
    for subject in SUBJECTS {
        for all_matches in [false, true] {
            let format = AlertFormat { json: true, hostname: "vm".to_owned(), ..AlertFormat::default() };
            let options = Options { all_matches, format, ..Options::default() };
            let detector = Detector::with_matcher(&rules, subject.matcher(&rules)?, &options);
            detectors.push((subject, all_matches, detector, Vec::new()));
        }
    }
    let env = Env::default();
    let mut session = Session::open(&capture.path)?;
    while session.step(&mut |event| {
        for (_, _, detector, lines) in &mut detectors {
            detector.event(event, &env, &mut |alert| lines.push(String::from_utf8_lossy(alert).into_owned()));
        }
    })? {}
    for (subject, all_matches, _, lines) in detectors {
        let mut found: Vec<serde_json::Value> =
            lines.iter().map(|line| serde_json::from_str(line)).collect::<Result<_, _>>()?;
        let mut wanted = shared::alert_answers(&expected[usize::from(all_matches)])?;
        for list in [&mut found, &mut wanted] {
            list.sort_by_cached_key(ToString::to_string);
        }
        if found != wanted {
            let missing = wanted.iter().find(|a| !found.contains(a));
            let extra = found.iter().find(|a| !wanted.contains(a));
            bail!(
                "{subject:?}, all matches {all_matches}: {} alerts instead of {};\n missing {missing:#?}\n extra {extra:#?}",
                found.len(),
                wanted.len()
            );
        }
    }
    Ok(())
}

/// Falco prints the types of a process' descriptors in the order of its hash table (`docs/compatibility.md`).
const UNORDERED: &str = "fd.types";

fn same_members(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    let sorted = |v: &serde_json::Value| {
        let mut members: Vec<String> = v.as_array().into_iter().flatten().map(ToString::to_string).collect();
        members.sort();
        members
    };
    sorted(a) == sorted(b)
}

/// Every printable field on the events looked at.
fn fields(shared: &Path, capture: &OracleCapture) -> anyhow::Result<()> {
    let answers = shared::field_answers(shared, &capture.name)?;
    let rules = shared::load_rules(&[shared.join("oracle").join(&capture.name).join("fields.yaml")], &[])?;
    let rule = rules.rules.first().context("no rule in fields.yaml")?;
    let mut positions = Positions::new(answers.iter().map(|a| (a.rawtime, a.tid)));
    let (bound, env, mut scratch) = (Bound::new(&rules.fields), Env::default(), bumpalo::Bump::new());
    let mut wrong: std::collections::BTreeMap<String, (usize, String)> = Default::default();
    let mut seen = 0;
    let mut session = Session::open(&capture.path)?;
    while session.step(&mut |event| {
        let Some(position) = positions.take((event.record.ts, event.record.tid)) else { return };
        seen += 1;
        let view = EventView::new(event, &bound, &scratch, &env);
        let mut found = serde_json::Map::new();
        output_fields(&rule.output, &view, &mut found);
        found.insert("evt.time".to_owned(), event.record.ts.into());
        for (name, wanted) in &answers[position].fields {
            let value = found.get(name).unwrap_or(&serde_json::Value::Null);
            if value != wanted && !(name == UNORDERED && same_members(value, wanted)) {
                let code = event.record.code;
                let entry = wrong
                    .entry(name.clone())
                    .or_insert_with(|| (0, format!("event {} code {code}: {value} instead of {wanted}", event.number)));
                entry.0 += 1;
            }
        }
        scratch.reset();
    })? {}
    ensure!(seen == answers.len(), "{seen} of {} events were seen", answers.len());
    let lines: Vec<String> =
        wrong.iter().map(|(name, (count, first))| format!("{name}: {count}, first: {first}")).collect();
    ensure!(lines.is_empty(), "{} fields differ:\n{}", lines.len(), lines.join("\n"));
    Ok(())
}
