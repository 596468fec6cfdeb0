//! Reading and state, with and without rules, in this process and on one thread.
//!
//! All measurements of a capture begin with opening the file and end with giving it up, the walk over it as well:
//! mapping the pages is part of each. They take turns, and of each the least time counts.

use crate::captures::Prepared;
use crate::results::{OfCapture, OfRules, Time};
use crate::walk;
use anyhow::{Context as _, bail, ensure};
use nix::time::{ClockId, clock_gettime};
use peregrine_compiler::backend::Matcher;
use peregrine_compiler::backend::native::Native;
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::lower::{self, lower};
use peregrine_compiler::ir::{Program, cost};
use peregrine_runtime::fields::Env;
use peregrine_runtime::profile::{Profile, ProfileFormat};
use peregrine_runtime::replay::{self, Detector, Options};
use peregrine_runtime::session::Session;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a piece of work took.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    /// CPU of this thread.
    pub cpu: Duration,
    /// Wall clock.
    pub wall: Duration,
}

impl Took {
    /// More than anything takes.
    pub const MOST: Took = Took { cpu: Duration::MAX, wall: Duration::MAX };

    /// The less of each.
    pub fn least(self, other: Took) -> Took {
        Took { cpu: self.cpu.min(other.cpu), wall: self.wall.min(other.wall) }
    }

    /// Per event, ns.
    pub fn per(self, events: u64) -> Time {
        let per = |time: Duration| time.as_nanos() as f64 / events.max(1) as f64;
        Time { cpu: per(self.cpu), wall: per(self.wall) }
    }
}

/// Runs and times.
pub fn timed<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Took)> {
    let (begin, cpu_begin) = (Instant::now(), thread_cpu()?);
    let result = work()?;
    let cpu = thread_cpu()?.saturating_sub(cpu_begin);
    Ok((result, Took { cpu, wall: begin.elapsed() }))
}

fn thread_cpu() -> anyhow::Result<Duration> {
    Ok(Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?))
}

/// Reads a capture into state and shows its events to nobody; gives their number.
pub fn ingest(path: &Path) -> anyhow::Result<u64> {
    let mut session = Session::open(path)?;
    let mut events = 0;
    while session.step(&mut |event| {
        black_box(event.number);
        events += 1;
    })? {}
    Ok(events)
}

/// Replays a capture through rules; gives the number of alerts.
pub fn end_to_end(path: &Path, detector: &mut Detector<'_>) -> anyhow::Result<u64> {
    let mut session = Session::open(path)?;
    let env = Env::default();
    let mut alerts = 0;
    replay::run(&mut session, detector, &env, &mut |alert| {
        black_box(alert);
        alerts += 1;
    })?;
    Ok(alerts)
}

/// Rules whose tests are ordered by what they cost and how often they hold on the capture itself: the most that a
/// profile can give.
fn by_profile<'r>(path: &Path, rules: &'r RuleSet) -> anyhow::Result<Detector<'r>> {
    let options = Options { all_matches: true, ..Options::default() };
    let mut measuring = Detector::with_matcher(rules, Matcher::measuring(rules, Program::new(rules)), &options);
    end_to_end(path, &mut measuring)?;
    let Matcher::Interp(interpreter) = measuring.matcher() else { bail!("only the interpreter measures") };
    let measured = interpreter.measurements().context("nothing was measured")?;
    let profile = Profile::new(rules, interpreter, measured, measuring.counts());
    let profile = cost::Profile::from_json(profile.render(ProfileFormat::Json)?.as_bytes())?;
    let program = lower(rules, &lower::Options { plain: false, profile: Some(profile) });
    Ok(Detector::with_matcher(rules, Matcher::Jit(Native::new(rules, &program)?), &Options::default()))
}

/// After this time no further round begins: rules that take so long are measured well enough by one.
const LONG: Duration = Duration::from_secs(60);

/// Measures a capture under rule sets. `tick` is called after each of at most `runs` rounds.
pub fn measure(
    capture: &Prepared,
    sets: &[(String, &RuleSet)],
    runs: u32,
    tick: &mut dyn FnMut(),
) -> anyhow::Result<OfCapture> {
    let mut detectors = Vec::new();
    for (name, rules) in sets {
        let detector = Detector::new(rules, &Options::default())?;
        detectors.push((name.clone(), detector, Took::MOST, 0));
        let detector = by_profile(&capture.raw, rules)?;
        detectors.push((format!("{name}, by profile"), detector, Took::MOST, 0));
    }
    let (mut walk, mut ingest_time) = (Took::MOST, Took::MOST);
    let begin = Instant::now();
    for _ in 0..runs.max(1) {
        let (walked, took) = timed(|| walk::file(&capture.raw))?;
        ensure!(walked.events == capture.events, "the walk saw {} events of {}", walked.events, capture.events);
        black_box(walked.mixed);
        walk = walk.least(took);
        ingest_time = ingest_time.least(timed(|| ingest(&capture.raw))?.1);
        for (_, detector, least, alerts) in &mut detectors {
            let (count, took) = timed(|| end_to_end(&capture.raw, detector))?;
            *least = least.least(took);
            *alerts = count;
        }
        tick();
        if begin.elapsed() > LONG {
            break;
        }
    }
    let rules = detectors.into_iter().map(|(name, _, least, alerts)| OfRules {
        name,
        end_to_end: least.per(capture.events),
        alerts,
        peregrine: None,
        falco: None,
    });
    Ok(OfCapture {
        name: capture.name.clone(),
        events: capture.events,
        bytes: capture.bytes,
        walk: walk.per(capture.events),
        ingest: ingest_time.per(capture.events),
        rules: rules.collect(),
    })
}
