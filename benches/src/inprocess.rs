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
use peregrine_compiler::ir::tune::tune;
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

/// Reads a capture into state; the events of the codes that are wanted are shown to nobody.
pub fn ingest(path: &Path, wanted: impl Fn(u16) -> bool) -> anyhow::Result<()> {
    let mut session = Session::open(path)?;
    session.listen(wanted);
    while session.step(&mut |event| {
        black_box(event.number);
    })? {}
    Ok(())
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

/// Where the time of matching goes on a capture.
fn profile(path: &Path, rules: &RuleSet, program: &Program) -> anyhow::Result<Profile> {
    let options = Options { all_matches: true, ..Options::default() };
    let mut measuring = Detector::with_matcher(rules, Matcher::measuring(rules, program.clone()), &options);
    end_to_end(path, &mut measuring)?;
    let Matcher::Interp(interpreter) = measuring.matcher() else { bail!("only the interpreter measures") };
    let measured = measuring.measurements().context("nothing was measured")?;
    Ok(Profile::new(rules, interpreter, measured, measuring.counts()))
}

/// Rules whose tests are ordered by what they cost and how often they hold on the capture itself: the most that a
/// profile can give. With the profile of the rules as they are ordered without.
fn by_profile<'r>(path: &Path, rules: &'r RuleSet) -> anyhow::Result<(Detector<'r>, Profile)> {
    let mut first = None;
    let program = tune(rules, |program| {
        let profile = profile(path, rules, program)?;
        let read = cost::Profile::from_json(profile.render(ProfileFormat::Json)?.as_bytes())?;
        first.get_or_insert(profile);
        anyhow::Ok(read)
    })?;
    let detector = Detector::with_matcher(rules, Matcher::Jit(Native::new(rules, &program)?), &Options::default());
    Ok((detector, first.context("nothing was measured")?))
}

/// Rules under measurement.
struct Measured<'r> {
    name: String,
    detector: Detector<'r>,
    /// Reading and state, with the events shown that the rules listen to.
    ingest: Took,
    end_to_end: Took,
    alerts: u64,
    profile: Option<String>,
}

impl<'r> Measured<'r> {
    fn new(name: String, detector: Detector<'r>, profile: Option<String>) -> Measured<'r> {
        Measured { name, detector, ingest: Took::MOST, end_to_end: Took::MOST, alerts: 0, profile }
    }
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
        let (by_profile, mut profile) = by_profile(&capture.raw, rules)?;
        // A record says how rules fare, not what they say.
        profile.predicates.clear();
        let picture = profile.render(ProfileFormat::Svg)?;
        detectors.push(Measured::new(name.clone(), Detector::new(rules, &Options::default())?, Some(picture)));
        detectors.push(Measured::new(format!("{name}, by profile"), by_profile, None));
    }
    let (mut walk, mut ingest_time) = (Took::MOST, Took::MOST);
    let begin = Instant::now();
    for _ in 0..runs.max(1) {
        let (walked, took) = timed(|| walk::file(&capture.raw))?;
        ensure!(walked.events == capture.events, "the walk saw {} events of {}", walked.events, capture.events);
        black_box(walked.mixed);
        walk = walk.least(took);
        ingest_time = ingest_time.least(timed(|| ingest(&capture.raw, |_| false))?.1);
        for Measured { detector, ingest: of_ingest, end_to_end: least, alerts, .. } in &mut detectors {
            let wanted = |code| detector.matcher().listens(code);
            *of_ingest = of_ingest.least(timed(|| ingest(&capture.raw, wanted))?.1);
            let (count, took) = timed(|| end_to_end(&capture.raw, detector))?;
            *least = least.least(took);
            *alerts = count;
        }
        tick();
        if begin.elapsed() > LONG {
            break;
        }
    }
    let rules = detectors.into_iter().map(|measured| OfRules {
        name: measured.name,
        ingest: measured.ingest.per(capture.events),
        end_to_end: measured.end_to_end.per(capture.events),
        alerts: measured.alerts,
        peregrine: None,
        falco: None,
        profile: measured.profile,
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
