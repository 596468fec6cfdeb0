//! `peregrine replay`: rules over a recorded capture.

use super::Replay;
use super::rules::{Rules, local_offset, matching};
use crate::fields::Env;
use crate::profile::Profile;
use crate::replay::{self, Detector};
use crate::session::Session;
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use peregrine_compiler::backend::Matcher;
use peregrine_compiler::load::Selection;
use std::io::{BufWriter, IsTerminal as _, Write as _, stderr, stdout};

/// Runs the command.
pub(super) fn run(options: &Replay, switches: &[Selection]) -> anyhow::Result<()> {
    let rules = Rules::load(&options.rules, switches)?;
    let mut session = Session::open(&options.capture)?;
    let detector_options = matching(&options.rules);
    let matcher = match options.profile {
        Some(_) => Matcher::measuring(rules.set(), rules.program()),
        None => rules.matcher(detector_options.engine)?,
    };
    let mut detector = Detector::with_matcher(rules.set(), matcher, &detector_options);
    let env = Env::new(std::env::var("FALCO_HOSTNAME").ok().map(String::into_bytes), local_offset());
    let mut out = BufWriter::new(stdout().lock());
    let mut written = Ok(());
    let result = {
        let mut sink = |alert: &[u8]| {
            if written.is_ok() && options.profile.is_none() {
                written = out.write_all(alert).and_then(|()| out.write_all(b"\n"));
            }
        };
        replay_with_progress(&mut session, &mut detector, &env, &mut sink)
    };
    if let Some(format) = options.profile
        && let Matcher::Interp(interpreter) = detector.matcher()
        && let Some(measured) = detector.measurements()
    {
        let profile = Profile::new(rules.set(), interpreter, measured, detector.counts());
        written = written.and(out.write_all(profile.render(format)?.as_bytes()));
    }
    written.and_then(|()| out.flush()).context("cannot write to standard output")?;
    let _ = write!(stderr(), "{}", replay::summary(rules.set(), detector.counts()));
    result.with_context(|| options.capture.display().to_string())
}

/// Steps, each of some events, between two looks at the progress.
const PROGRESS_STEPS: u32 = 1 << 12;

fn replay_with_progress(
    session: &mut Session,
    detector: &mut Detector<'_>,
    env: &Env,
    sink: &mut dyn FnMut(&[u8]),
) -> anyhow::Result<()> {
    if !stderr().is_terminal() {
        return Ok(replay::run(session, detector, env, sink)?);
    }
    session.listen(|code| detector.matcher().listens(code));
    let bar = session.progress().total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent}% {binary_bytes_per_sec} {eta}") {
        bar.set_style(style);
    }
    let result = loop {
        let mut go_on = Ok(true);
        for _ in 0..PROGRESS_STEPS {
            go_on = session.step(&mut |event| detector.event(event, env, sink));
            if !matches!(go_on, Ok(true)) {
                break;
            }
        }
        bar.set_position(session.progress().consumed);
        match go_on {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error.into()),
        }
    };
    bar.finish_and_clear();
    result
}
