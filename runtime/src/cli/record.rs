//! `peregrine record`: what happens on this system into a capture.

use super::Record;
use crate::capture::{Compression, Writer};
use crate::guard;
use crate::recorder::{Recorder, Scope, Summary, is_flood};
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use peregrine_probe::live::{Options, Probe};
use peregrine_schema::EVENTS;
use std::io::{IsTerminal as _, Write as _, stderr};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the rings are looked at.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs the command; gives the exit code: that of the recorded command, if there is one.
pub(super) fn run(options: &Record) -> anyhow::Result<u8> {
    let probe = load(options)?;
    let writer = Writer::create(&options.write, Compression::of(&options.write))?;
    let scope = match (&options.cgroup, options.command.is_empty()) {
        (Some(path), _) => Scope::Cgroup(path.clone()),
        (None, true) => Scope::System,
        (None, false) => Scope::Children,
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, stop.clone()).context("signals cannot be waited for")?;
    }
    let mut recorder = Recorder::start(probe, writer, &scope, options.environment)?;
    let mut child = match options.command.split_first() {
        None => None,
        Some((program, arguments)) => {
            let spawned = Command::new(program).args(arguments).spawn();
            Some(spawned.with_context(|| format!("cannot run {}", program.display()))?)
        }
    };
    let status = watch(options, &mut recorder, child.as_mut(), &stop)?;
    let summary = recorder.finish()?;
    report(options, &summary);
    Ok(match status {
        Some(status) => status.code().or_else(|| status.signal().map(|s| 128 + s)).unwrap_or(1) as u8,
        None => 0,
    })
}

fn load(options: &Record) -> anyhow::Result<Probe> {
    let size = options.ring_size.checked_mul(1 << 20).filter(|bytes| bytes.is_power_of_two());
    let Some(ring_bytes) = size else {
        bail!("--ring-size {}: a power of two is wanted, below 4096", options.ring_size)
    };
    for lacking in guard::require()? {
        let _ = writeln!(stderr(), "warning: {} is missing: {}", lacking.name, lacking.permits);
    }
    let wanted = |code| options.all_events || !is_flood(code);
    let probe = Probe::load(wanted, None, Options { ring_bytes, ..Options::default() })
        .context("the probe cannot be loaded; `peregrine doctor` tells what this system lacks")?;
    for refused in probe.refused() {
        let _ = writeln!(stderr(), "warning: {} is not recorded: {}", refused.event.name, refused.reason);
    }
    Ok(probe)
}

/// Records until the command ends, the time is over, or a signal comes.
fn watch(
    options: &Record,
    recorder: &mut Recorder,
    mut child: Option<&mut Child>,
    stop: &AtomicBool,
) -> anyhow::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    let bar = if stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_style(
        ProgressStyle::with_template("{spinner} {elapsed} {msg}").unwrap_or(ProgressStyle::default_spinner()),
    );
    let mut status = None;
    loop {
        let summary = recorder.poll()?;
        bar.set_message(format!("{} events", summary.events));
        bar.tick();
        if let Some(child) = child.as_mut() {
            status = child.try_wait().context("cannot wait for the command")?;
        }
        let over = options.seconds.is_some_and(|s| begin.elapsed() >= Duration::from_secs(s));
        // A signal from the terminal goes to the command as well, whose end is waited for.
        let stopped = stop.load(Ordering::Relaxed) && child.is_none();
        if status.is_some() || over || stopped {
            bar.finish_and_clear();
            return Ok(status);
        }
        std::thread::sleep(PAUSE);
    }
}

fn report(options: &Record, summary: &Summary) {
    let mut out = stderr().lock();
    let path = options.write.display();
    let _ = writeln!(out, "{} events, {} bytes in {path}", summary.events, summary.bytes);
    if summary.too_long > 0 {
        let _ =
            writeln!(out, "warning: {} events or processes are too long for the format and left out", summary.too_long);
    }
    for (cause, code, count) in &summary.losses.counted {
        let name = EVENTS.get(usize::from(*code)).map_or("?", |e| e.name);
        let _ = writeln!(out, "warning: {count} events of {name} lost: {cause:?}; a larger --ring-size may help");
    }
    if summary.losses.skipped > 0 {
        let _ = writeln!(out, "warning: the kernel skipped {} runs of the probe", summary.losses.skipped);
    }
}
