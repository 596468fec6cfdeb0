//! Whole programs, measured from outside.
//!
//! The kernel accounts for waited-for children as a whole, so each run happens under a process of its own: this
//! program again, called with [`MEASURE`].
//!
//! A program is run on the whole capture and on its first event alone; the difference of the CPU times is what its
//! events took, without reading and compiling rules and without the process list. Memory is the peak resident set on
//! the gzip form, which no program maps.

use crate::captures::Prepared;
use crate::results::Program;
use anyhow::{Context as _, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// First argument of the measuring process.
pub const MEASURE: &str = "--measure-child";

/// What a run used.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// User and system time, ns.
    pub cpu_ns: u64,
    /// Wall clock, ns.
    pub wall_ns: u64,
    /// Peak resident set, KiB.
    pub peak_kib: u64,
}

impl Usage {
    /// The less of each.
    pub fn least(self, other: Usage) -> Usage {
        Usage {
            cpu_ns: self.cpu_ns.min(other.cpu_ns),
            wall_ns: self.wall_ns.min(other.wall_ns),
            peak_kib: self.peak_kib.min(other.peak_kib),
        }
    }
}

/// Runs a command; its output is thrown away, and its failure is an error.
pub fn once(command: &[OsString]) -> anyhow::Result<Usage> {
    let output = Command::new(std::env::current_exe()?).arg(MEASURE).args(command).output()?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The measuring process: runs the command, prints its usage as JSON.
pub fn child(mut command: impl Iterator<Item = OsString>) -> anyhow::Result<()> {
    let program = command.next().context("no command")?;
    let begin = Instant::now();
    let status = Command::new(program).args(command).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let wall_ns = begin.elapsed().as_nanos() as u64;
    if !status.success() {
        bail!("{status}");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu_us = (usage.user_time() + usage.system_time()).num_microseconds();
    let usage = Usage { cpu_ns: cpu_us.unsigned_abs() * 1000, wall_ns, peak_kib: usage.max_rss().unsigned_abs() };
    println!("{}", serde_json::to_string(&usage)?);
    Ok(())
}

/// A program that replays captures.
#[derive(Debug, Clone)]
pub enum Replayer {
    /// `peregrine`.
    Peregrine(PathBuf),
    /// `falco` and its configuration.
    Falco(PathBuf, PathBuf),
}

impl Replayer {
    /// Falco, if `FALCO_BIN` names it; `FALCO_CONFIG` its configuration.
    pub fn falco() -> Option<Replayer> {
        let program = std::env::var_os("FALCO_BIN").filter(|v| !v.is_empty())?;
        let config = std::env::var_os("FALCO_CONFIG").unwrap_or_else(|| "/etc/falco/falco.yaml".into());
        Some(Replayer::Falco(program.into(), config.into()))
    }

    /// The command that replays a capture.
    pub fn command(&self, capture: &Path, rules: &[PathBuf]) -> Vec<OsString> {
        let mut command: Vec<OsString> = match self {
            Replayer::Peregrine(program) => vec![program.into(), "replay".into(), capture.into()],
            Replayer::Falco(program, config) => {
                let mut replay = OsString::from("engine.replay.capture_file=");
                replay.push(capture);
                vec![
                    program.into(),
                    "-c".into(),
                    config.into(),
                    "-o".into(),
                    "engine.kind=replay".into(),
                    "-o".into(),
                    replay,
                ]
            }
        };
        for file in rules {
            command.extend(["-r".into(), file.into()]);
        }
        command
    }

    /// What `--version` says first.
    pub fn version(&self) -> Option<String> {
        let (Replayer::Peregrine(program) | Replayer::Falco(program, _)) = self;
        let output = Command::new(program).arg("--version").output().ok()?;
        String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
    }
}

/// Measures programs on a capture under a rule set; they take turns.
pub fn measure(
    capture: &Prepared,
    rules: &[PathBuf],
    programs: &[&Replayer],
    runs: u32,
    tick: &mut dyn FnMut(),
) -> anyhow::Result<Vec<Program>> {
    let mut found: Vec<(Option<Usage>, Option<Usage>)> = vec![(None, None); programs.len()];
    let take = |least: &mut Option<Usage>, usage: Usage| *least = Some(least.map_or(usage, |l| l.least(usage)));
    for _ in 0..runs.max(1) {
        for (program, (whole, start)) in programs.iter().zip(&mut found) {
            take(whole, once(&program.command(&capture.raw, rules))?);
            take(start, once(&program.command(&capture.start, rules))?);
        }
        tick();
    }
    let mut results = Vec::new();
    for (program, least) in programs.iter().zip(found) {
        let (Some(whole), Some(start)) = least else { bail!("no run") };
        let memory = once(&program.command(&capture.gzip, rules))?.peak_kib;
        results.push(summary(whole, start, memory, capture.events));
    }
    Ok(results)
}

/// Start-up is taken off the time per event.
fn summary(whole: Usage, start: Usage, memory_kib: u64, events: u64) -> Program {
    Program {
        cpu_seconds: whole.cpu_ns as f64 / 1e9,
        start_cpu_seconds: start.cpu_ns as f64 / 1e9,
        ns_per_event: whole.cpu_ns.saturating_sub(start.cpu_ns) as f64 / events.max(1) as f64,
        peak_memory_mib: memory_kib as f64 / 1024.0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Replayer, Usage, summary};
    use std::path::{Path, PathBuf};

    #[test]
    fn starting_is_taken_off() {
        let usage = |cpu_ns| Usage { cpu_ns, wall_ns: cpu_ns, peak_kib: 0 };
        let program = summary(usage(5_000), usage(1_000), 2048, 40);
        assert_eq!(program.ns_per_event, 100.0);
        assert_eq!(program.peak_memory_mib, 2.0);
        assert_eq!(summary(usage(1_000), usage(5_000), 0, 40).ns_per_event, 0.0, "noise");
    }

    #[test]
    fn programs_are_called_as_they_want() {
        let rules = [PathBuf::from("a.yaml"), PathBuf::from("b.yaml")];
        let text = |replayer: Replayer| replayer.command(Path::new("x.scap"), &rules).join(" ".as_ref());
        assert_eq!(text(Replayer::Peregrine("peregrine".into())), "peregrine replay x.scap -r a.yaml -r b.yaml");
        assert_eq!(
            text(Replayer::Falco("falco".into(), "f.yaml".into())),
            "falco -c f.yaml -o engine.kind=replay -o engine.replay.capture_file=x.scap -r a.yaml -r b.yaml"
        );
    }
}
