//! Falco's answers on recorded captures: alerts, conditions and field values, for the reference evaluator,
//! the interpreter and native code alike.
//!
//! Needs the shared inputs (`PEREGRINE_SHARED`). One test per capture and kind of answer. Differences that
//! are meant are listed in `docs/compatibility.md` and named in [`peregrine_tests::exceptions`].

use anyhow::{Context as _, bail};
use libtest_mimic::{Arguments, Failed, Trial};
use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::session::Session;
use peregrine_tests::shared::{self, OracleCapture};
use std::collections::HashMap;
use std::path::Path;

const ENGINES: [EngineKind; 3] = [EngineKind::Oracle, EngineKind::Interp, EngineKind::Jit];

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

fn conditions(shared: &Path, capture: &OracleCapture) -> anyhow::Result<()> {
    let answers = shared::condition_answers(shared, &capture.name)?;
    let rules = shared::conditions(shared, &capture.name)?;
    let matchers: Vec<Matcher> =
        ENGINES.into_iter().map(|engine| Matcher::new(engine, &rules)).collect::<Result<_, _>>()?;
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
    let mut wrong: HashMap<(usize, usize), Vec<(u64, i64, u16)>> = HashMap::new();
    while session.step(&mut |event| {
        let key = (event.record.ts, event.record.tid);
        let Some(position) = positions.take(key) else { return };
        seen += 1;
        let view = EventView::new(event.number, event.record, event.state, event.current, &bound, &scratch, &env);
        for (engine, matcher) in matchers.iter().enumerate() {
            let mut matched = vec![false; rules.rules.len()];
            matcher.run(&mut pads[engine], &view, &mut |rule| {
                matched[rule.0 as usize] = true;
                true
            });
            for (rule, matched) in matched.into_iter().enumerate() {
                if matched != expected[rule][position] {
                    wrong.entry((rule, engine)).or_default().push((key.0, key.1, event.record.code));
                }
            }
        }
        drop(view);
        scratch.reset();
    })? {}
    if seen != answers.events.len() {
        bail!("{seen} of {} events were seen", answers.events.len());
    }
    let mut lines: Vec<String> = wrong
        .iter()
        .map(|((rule, engine), events)| {
            let rule = &rules.rules[*rule];
            format!("{:?} {}: {}: {} events, first {:?}", ENGINES[*engine], rule.name, rule.condition_text, events.len(), events[0])
        })
        .collect();
    lines.sort();
    if !lines.is_empty() {
        bail!("{} of {} conditions differ:\n{}", wrong.len(), rules.rules.len() * 3, lines.join("\n"));
    }
    Ok(())
}
