//! `peregrine run`: rules over what happens on this system.

use super::Run;
use super::rules::{Rules, hostname, local_offset, matching, rule_files};
use crate::alert::Alerts;
use crate::guard;
use crate::live::loss::{Thresholds, Watcher};
use crate::live::output::Outputs;
use crate::live::{Attached, Ended, Settings, Watch};
use anyhow::{Context as _, bail};
use peregrine_compiler::hir::Priority;
use peregrine_compiler::load::Selection;
use peregrine_compiler::report::printable;
use peregrine_probe::live::{Losses, Probe};
use peregrine_schema::EVENTS;
use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io::{Write as _, stderr};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often signals are looked at.
const PAUSE: Duration = Duration::from_millis(100);
/// How often losses and files are looked at.
const SECOND: Duration = Duration::from_secs(1);
/// How long files must have stayed as they are before they are read again.
const QUIET: Duration = Duration::from_millis(100);

/// Runs the command.
pub(super) fn run(options: &Run, switches: &[Selection]) -> anyhow::Result<()> {
    let size = options.ring_size.checked_mul(1 << 20).filter(|bytes| bytes.is_power_of_two());
    let Some(ring_bytes) = size else {
        bail!("--ring-size {}: a power of two is wanted, below 4096", options.ring_size)
    };
    let outputs = Outputs::new(!options.no_stdout, options.output_file.as_deref())?;
    let [stop, again] = [Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false))];
    for (signal, flag) in [
        (signal_hook::consts::SIGINT, &stop),
        (signal_hook::consts::SIGTERM, &stop),
        (signal_hook::consts::SIGHUP, &again),
    ] {
        signal_hook::flag::register(signal, flag.clone()).context("signals cannot be waited for")?;
    }
    let files = Files::new(&options.rules.rules);
    let rules = Rules::load(&options.rules, switches)?;
    for lacking in guard::require()? {
        let _ = writeln!(stderr(), "warning: {} is missing: {}", lacking.name, lacking.permits);
    }
    let settings = Settings {
        ring_bytes,
        shadow: options.shadow,
        hostname: std::env::var("FALCO_HOSTNAME").ok().map(String::into_bytes).or(Some(hostname().into_bytes())),
        utc_offset: local_offset(),
    };
    let attached = Attached::new(rules.set(), settings)
        .context("this system cannot be watched; `peregrine doctor` tells what it lacks")?;
    warn(attached.probe());
    // Before there are threads: compiling rules starts some.
    let report = guard::lower(guard::Needs { reload: true, processes: true })?;
    let watch = attached.start(rules.generation(&options.rules)?, outputs)?;
    if guard::supported() {
        guard::confine()?;
    } else {
        let _ = writeln!(stderr(), "warning: this kernel cannot confine the program to the system calls that it needs");
    }
    let kept = if report.kept.is_empty() { "no capabilities".to_owned() } else { report.kept.join(", ") };
    let _ = writeln!(stderr(), "watching: {}; kept {kept}", watching(watch.probe()));
    let mut running = Running { options, switches, watch, alerts: Alerts::new(matching(&options.rules).format), files };
    running.until(&stop, &again)?;
    let Ended { stats, dropped, losses } = running.watch.stop()?;
    let mut out = stderr().lock();
    let lost = losses.total();
    let _ =
        writeln!(out, "Events of the kernel: {} read, {dropped} dropped there by filters, {lost} lost", stats.events);
    let _ = writeln!(out, "Events detected: {}", stats.rules.values().sum::<u64>());
    let _ = writeln!(out, "Triggered rules by rule name:");
    for (rule, count) in &stats.rules {
        let _ = writeln!(out, "   {}: {count}", printable(&rule.replace('\n', " ")));
    }
    let counted = [
        (stats.unknown, "events of processes that were not known"),
        (stats.unreadable, "events that could not be read"),
        (stats.unordered, "changes of processes that came out of order"),
        (stats.unsent, "alerts that found no room in the queue"),
        (
            stats.shadow_errors,
            "events that a rule matched although the filter would have dropped them: please report it",
        ),
    ];
    for (count, what) in counted.iter().filter(|(count, _)| *count > 0) {
        let _ = writeln!(out, "warning: {count} {what}");
    }
    if options.shadow.is_some() {
        let _ = writeln!(out, "{} events checked that filters would have dropped", stats.shadowed);
    }
    tell_losses(&losses);
    Ok(())
}

/// What is watched, in words.
fn watching(probe: &Probe) -> String {
    let types: BTreeSet<&str> = probe.programs().filter_map(|(event, _)| event).map(|event| event.name).collect();
    format!("events of {} types", types.len())
}

/// Says what the kernel did not take.
fn warn(probe: &Probe) {
    let mut out = stderr().lock();
    for refused in probe.refused() {
        let _ = writeln!(out, "warning: {} is not recorded: {}", refused.event.name, refused.reason);
    }
    for open in probe.unfiltered() {
        let _ = writeln!(
            out,
            "warning: all events of {} are sent: the kernel refuses their filter: {}",
            open.event.name, open.reason
        );
    }
}

fn tell_losses(losses: &Losses) {
    let mut out = stderr().lock();
    for (cause, code, count) in &losses.counted {
        let name = EVENTS.get(usize::from(*code)).map_or("?", |e| e.name);
        let _ = writeln!(out, "warning: {count} events of {name} lost: {cause:?}");
    }
    if losses.skipped > 0 {
        let _ = writeln!(out, "warning: the kernel skipped {} runs of the probe", losses.skipped);
    }
    if losses.images > 0 {
        let _ = writeln!(out, "warning: the kernel had no memory for {} images of processes", losses.images);
    }
}

struct Running<'o> {
    options: &'o Run,
    switches: &'o [Selection],
    watch: Watch,
    alerts: Alerts,
    files: Files,
}

impl Running<'_> {
    /// Waits for signals, changes of files and the end.
    fn until(&mut self, stop: &AtomicBool, again: &AtomicBool) -> anyhow::Result<()> {
        let begin = Instant::now();
        let mut looked = begin;
        let mut losses = Watcher::new(Thresholds::default(), begin);
        let mut shadow_errors = 0;
        loop {
            let over = self.options.seconds.is_some_and(|s| begin.elapsed() >= Duration::from_secs(s));
            if stop.load(Ordering::Relaxed) || over || self.watch.has_failed() {
                return Ok(());
            }
            let mut reload = again.swap(false, Ordering::Relaxed);
            if looked.elapsed() >= SECOND {
                looked = Instant::now();
                reload |= !self.options.no_watch && self.files.have_changed();
                match self.watch.look_at_cpus() {
                    Ok(Some(cpus)) => drop(writeln!(stderr(), "CPUs at work now: {cpus:?}")),
                    Ok(None) => {}
                    Err(error) => drop(writeln!(stderr(), "warning: the CPUs that are at work: {error}")),
                }
                let stats = self.watch.stats();
                if let Some(lost) = losses.look(&self.watch.losses()?, stats.events, looked) {
                    let (what, fields) = lost.alert();
                    self.tell("Falco internal: syscall event drop", Priority::Debug, &what, &fields);
                }
                if stats.shadow_errors > shadow_errors {
                    shadow_errors = stats.shadow_errors;
                    let fields = [("n_errors", shadow_errors.to_string())];
                    let what = "a rule matched events that the filter would have dropped";
                    self.tell("Peregrine internal: filter is wrong", Priority::Critical, what, &fields);
                }
            }
            if reload {
                self.reload();
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Writes an alert of the program itself, and says it on standard error.
    fn tell(&mut self, rule: &str, priority: Priority, what: &str, fields: &[(&str, String)]) {
        let _ = writeln!(stderr(), "{}: {rule}: {}", priority.name(), printable(what));
        let line = self.alerts.internal(self.watch.clock().now(), rule, priority, what, fields);
        if !self.watch.tell(line) {
            let _ = writeln!(stderr(), "warning: the queue of alerts is full");
        }
    }

    /// Reads the rules again. If anything is wrong with them, those in force stay.
    fn reload(&mut self) {
        while self.files.have_changed() {
            std::thread::sleep(QUIET);
        }
        let begin = Instant::now();
        let loaded = Rules::load(&self.options.rules, self.switches)
            .and_then(|rules| rules.generation(&self.options.rules))
            .and_then(|generation| Ok(self.watch.reload(generation)?));
        match loaded {
            Ok(()) => {
                warn(self.watch.probe());
                let _ = writeln!(stderr(), "rules read again in {} ms", begin.elapsed().as_millis());
            }
            Err(error) => {
                let what = format!("{error:#}; the rules of before are in force");
                self.tell("Falco internal: hot restart failure", Priority::Critical, &what, &[]);
            }
        }
    }
}

/// Rule files, as they were when last looked at. Names are followed each time, so that links that are exchanged count.
struct Files {
    paths: Vec<PathBuf>,
    seen: Vec<(PathBuf, u64, i64, i64, u64)>,
}

impl Files {
    fn new(paths: &[PathBuf]) -> Files {
        let mut files = Files { paths: paths.to_owned(), seen: Vec::new() };
        files.seen = files.look();
        files
    }

    fn look(&self) -> Vec<(PathBuf, u64, i64, i64, u64)> {
        let state = |path: &Path, m: &Metadata| (path.to_owned(), m.ino(), m.mtime(), m.mtime_nsec(), m.size());
        // Whatever cannot be read is told when the rules are read.
        let files = rule_files(&self.paths).unwrap_or_default();
        files.iter().filter_map(|path| Some(state(path, &std::fs::metadata(path).ok()?))).collect()
    }

    /// Whether they are others than at the last look.
    fn have_changed(&mut self) -> bool {
        let now = self.look();
        let changed = now != self.seen;
        self.seen = now;
        changed
    }
}
