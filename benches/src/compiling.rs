//! From rule text to machine code, and how that and matching grow with the number of rules.

use crate::captures::Prepared;
use crate::inprocess::{self, Took, timed};
use crate::programs::{Replayer, once};
use crate::results::{Scaling, ScalingOn, Steps};
use crate::rules;
use anyhow::Context as _;
use peregrine_compiler::backend::native::Native;
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::Program;
use peregrine_tests::rulesets;
use std::path::Path;
use std::time::Duration;

/// A rule set and what compiling it took.
#[derive(Debug)]
pub struct Compiled {
    /// The rules.
    pub rules: RuleSet,
    /// Least time of each step.
    pub steps: Steps,
    /// Machine code.
    pub code_bytes: usize,
}

/// Compiles texts of rule files `runs` times. Steps that together take longer than [`LONG`] are not repeated.
pub fn compile(texts: &[(String, Vec<u8>)], runs: u32) -> anyhow::Result<Compiled> {
    let mut least = [Duration::MAX; 3];
    let mut last = None;
    for _ in 0..runs.max(1) {
        let (loaded, load) = timed(|| rules::load(texts))?;
        let (program, lower) = timed(|| Ok(Program::new(&loaded.rules)))?;
        let (code_bytes, native) = timed(|| Ok(Native::new(&loaded.rules, &program)?.code_size()))?;
        for (least, took) in least.iter_mut().zip([load, lower, native]) {
            *least = (*least).min(took.wall);
        }
        last = Some((loaded.rules, code_bytes));
        if least.iter().sum::<Duration>() > LONG {
            break;
        }
    }
    let (rules, code_bytes) = last.context("no run")?;
    let [load, lower, native] = least.map(|time| time.as_secs_f64() * 1e3);
    Ok(Compiled { rules, steps: Steps { load, lower, native }, code_bytes })
}

/// What takes longer is measured once: its noise is small beside it.
const LONG: Duration = Duration::from_secs(5);

/// What growth is measured with.
#[derive(Debug)]
pub struct Growth<'a> {
    /// Of the generator.
    pub seed: u64,
    /// Captures on which the matcher is measured; the first one also where memory is.
    pub captures: &'a [&'a Prepared],
    /// Runs on captures.
    pub runs: u32,
    /// The program whose memory is measured.
    pub peregrine: &'a Path,
    /// For files that last as long as the measurement.
    pub folder: &'a Path,
}

/// Measures so many generated rules.
///
/// The time of ingest is measured anew, in turns with that of the rules. `tick` is called after each part: compiling,
/// every capture, memory.
pub fn scaling(count: usize, growth: &Growth<'_>, tick: &mut dyn FnMut()) -> anyhow::Result<Scaling> {
    let text = rulesets::generate(count, growth.seed);
    let texts = [(format!("{count} generated rules"), text.clone().into_bytes())];
    let compiled = compile(&texts, growth.runs.min(3))?;
    tick();
    let mut on = Vec::new();
    for capture in growth.captures {
        let sets = [("generated".to_owned(), &compiled.rules)];
        let measured = inprocess::measure(capture, &sets, growth.runs, &mut || {})?;
        let generated = measured.under("generated").context("it was asked for")?;
        on.push(ScalingOn {
            name: capture.name.clone(),
            matcher: measured.matcher(generated),
            matched_share: generated.alerts as f64 / capture.events.max(1) as f64,
        });
        tick();
    }
    let path = growth.folder.join(format!("generated-{count}.yaml"));
    std::fs::write(&path, text)?;
    let memory = |capture: &&Prepared| {
        let program = Replayer::Peregrine(growth.peregrine.to_owned());
        once(&program.command(&capture.start, std::slice::from_ref(&path)))
    };
    let used = growth.captures.first().map(memory).transpose()?;
    tick();
    Ok(Scaling {
        rules: count,
        steps: compiled.steps,
        code_bytes: compiled.code_bytes,
        peak_memory_mib: used.map(|used| used.peak_kib as f64 / 1024.0),
        captures: on,
    })
}

/// The matcher alone on a capture: the least of `runs`, in turns.
pub fn matcher(
    capture: &Path,
    detector: &mut peregrine_runtime::replay::Detector<'_>,
    runs: u32,
) -> anyhow::Result<Duration> {
    let (mut with, mut without) = (Took::MOST, Took::MOST);
    for _ in 0..runs.max(1) {
        let wanted = |code| detector.matcher().listens(code);
        without = without.least(timed(|| inprocess::ingest(capture, wanted))?.1);
        with = with.least(timed(|| inprocess::end_to_end(capture, detector))?.1);
    }
    Ok(with.cpu.saturating_sub(without.cpu))
}
