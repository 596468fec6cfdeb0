//! Who watches while work is done: nobody, an empty program in the kernel, `peregrine run`, Falco's modern probe.
//!
//! A watcher that is a process is started and stopped as its users do. It watches when it says so: Peregrine with a
//! line on standard error, Falco with its first metrics, which it is told to write for its counters. Alerts are
//! written, to nowhere.
//!
//! What must hold: the CPU time of a watcher is that of its process, all threads, to the nanosecond. What it still has
//! to do when the work is done is part of it ([`Watching::catch_up`]).

use crate::live::Rules;
use crate::live::results::{Seen, Start};
use crate::programs::Replayer;
use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;
use peregrine_probe::asm::{Asm, Reg};
use peregrine_probe::btf::{Btf, Kind};
use peregrine_probe::sys::program::{Link, LoadSpec, Loaded, Tracepoint, enable_statistics, load};
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a watcher may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at meanwhile.
const PAUSE: Duration = Duration::from_millis(5);
/// A watcher has caught up when it needs less CPU time than the second in the first.
const CALM: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(5));
/// How long that may take. Where much else happens, it never comes.
const RESTLESS: Duration = Duration::from_secs(10);
/// How often Falco writes its counters.
const METRICS_MS: u64 = 500;

/// Names in results.
pub const NOTHING: &str = "nothing";
/// The empty program.
pub const EMPTY: &str = "empty program";
/// `peregrine run`.
pub const PEREGRINE: &str = "Peregrine";
/// Falco's modern probe.
pub const FALCO: &str = "Falco";

/// Who watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watcher {
    /// Nothing is attached.
    Nothing,
    /// A program that does nothing is attached where system calls end: what no watcher there can avoid.
    Empty,
    /// `peregrine run`; the program.
    Peregrine(PathBuf),
    /// Falco's modern probe.
    Falco {
        /// The program.
        program: PathBuf,
        /// Its configuration.
        config: PathBuf,
        /// A library to be loaded before others.
        preload: Option<OsString>,
    },
}

/// A watcher at work.
#[derive(Debug)]
pub enum Watching {
    /// Nothing is attached.
    Nothing,
    /// The empty program, attached.
    Empty(Loaded, Link),
    /// A process.
    Process(Process),
}

/// A watcher that is a process. It ends with this value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Collects what it says on standard error.
    said: Option<JoinHandle<Vec<String>>>,
    clock: ClockId,
    start: Start,
    /// Falco's counters.
    metrics: Option<PathBuf>,
}

impl Watcher {
    /// Falco, if `FALCO_BIN` names it; `FALCO_CONFIG` its configuration, `FALCO_PRELOAD` a library to be loaded first.
    pub fn falco() -> Option<Watcher> {
        let Some(Replayer::Falco(program, config)) = Replayer::falco() else { return None };
        let preload = std::env::var_os("FALCO_PRELOAD").filter(|v| !v.is_empty());
        Some(Watcher::Falco { program, config, preload })
    }

    /// What it is called in results.
    pub fn name(&self) -> &'static str {
        match self {
            Watcher::Nothing => NOTHING,
            Watcher::Empty => EMPTY,
            Watcher::Peregrine(_) => PEREGRINE,
            Watcher::Falco { .. } => FALCO,
        }
    }

    /// Whether it is a process, which has CPU time and counters.
    pub fn is_process(&self) -> bool {
        matches!(self, Watcher::Peregrine(_) | Watcher::Falco { .. })
    }

    /// Begins to watch with some rules; returns when it does. `folder` is for files of its own.
    ///
    /// # Errors
    ///
    /// If it ends, or does not say in time that it watches.
    pub fn start(&self, rules: &Rules, folder: &Path) -> anyhow::Result<Watching> {
        let metrics = folder.join("metrics.jsonl");
        let (mut command, metrics) = match self {
            Watcher::Nothing => return Ok(Watching::Nothing),
            Watcher::Empty => {
                let program = empty()?;
                let link = program.attach().context("the empty program cannot be attached")?;
                return Ok(Watching::Empty(program, link));
            }
            Watcher::Peregrine(program) => {
                let mut command = Command::new(program);
                command.arg("run");
                (command, None)
            }
            Watcher::Falco { program, config, preload } => {
                if metrics.exists() {
                    std::fs::remove_file(&metrics)?;
                }
                let mut command = falco(program, config, preload.as_ref(), &metrics);
                if rules.busy {
                    command.args(["-o", "base_syscalls.all=true"]);
                }
                (command, Some(metrics))
            }
        };
        for file in &rules.files {
            command.arg("-r").arg(file);
        }
        Ok(Watching::Process(Process::start(command, metrics).with_context(|| self.name())?))
    }
}

/// The command but for the rules.
fn falco(program: &Path, config: &Path, preload: Option<&OsString>, metrics: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("-c").arg(config);
    if let Some(library) = preload {
        command.env("LD_PRELOAD", library);
    }
    let settings = [
        "engine.kind=modern_ebpf".to_owned(),
        "metrics.enabled=true".to_owned(),
        format!("metrics.interval={METRICS_MS}ms"),
        "metrics.output_rule=false".to_owned(),
        format!("metrics.output_file={}", metrics.display()),
        // Only the counters of events.
        "metrics.kernel_event_counters_enabled=true".to_owned(),
        "metrics.rules_counters_enabled=false".to_owned(),
        "metrics.resource_utilization_enabled=false".to_owned(),
        "metrics.state_counters_enabled=false".to_owned(),
        "metrics.libbpf_stats_enabled=false".to_owned(),
    ];
    for setting in settings {
        command.arg("-o").arg(setting);
    }
    command
}

/// A program that gives 0.
fn empty() -> anyhow::Result<Loaded> {
    let btf = Btf::vmlinux().context("the kernel's types")?;
    let id = btf.id(Kind::Typedef, "btf_trace_sys_exit").context("the kernel's types have no sys_exit")?;
    let mut a = Asm::new("empty");
    a.mov(Reg::R0, 0).exit();
    let program = a.finish().map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?;
    load(&program, &LoadSpec::new(Tracepoint::Typed(id))).context("the empty program cannot be loaded")
}

/// Does some work, and counts the system calls of the whole machine meanwhile: those that end.
pub fn count_calls<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, u64)> {
    let program = empty()?;
    let _counted = enable_statistics().context("runs of programs cannot be counted")?;
    let _attached = program.attach().context("the empty program cannot be attached")?;
    let result = work()?;
    Ok((result, program.info()?.run_count))
}

impl Process {
    fn start(mut command: Command, metrics: Option<PathBuf>) -> anyhow::Result<Process> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let begin = Instant::now();
        let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
        let (send, ready) = std::sync::mpsc::channel();
        let said = child.stderr.take().context("standard error is a pipe")?;
        let said = std::thread::spawn(move || listen(said, || _ = send.send(())));
        let clock = clock_getcpuclockid(pid(&child)?)?;
        let mut process = Process { child, said: Some(said), clock, start: Start::default(), metrics };
        loop {
            let watches = match &process.metrics {
                Some(file) => !counters(file)?.is_empty(),
                None => ready.try_recv().is_ok(),
            };
            if watches {
                break;
            }
            if let Some(status) = process.child.try_wait()? {
                bail!("ended before it watched: {status}\n{}", process.last_words());
            }
            ensure!(begin.elapsed() < PATIENCE, "does not watch after {PATIENCE:?}");
            std::thread::sleep(PAUSE);
        }
        let cpu_ms = process.cpu()?.as_secs_f64() * 1e3;
        process.start = Start { wall_ms: begin.elapsed().as_secs_f64() * 1e3, cpu_ms };
        Ok(process)
    }

    /// User and system time until now.
    fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(Duration::from(self.clock.now()?))
    }

    fn last_words(&mut self) -> String {
        self.said.take().and_then(|said| said.join().ok()).unwrap_or_default().join("\n")
    }

    /// Ends the process, and gives what it has counted.
    fn stop(mut self) -> anyhow::Result<Seen> {
        let counted = self.metrics.as_deref().map(of_falco).transpose()?;
        kill(pid(&self.child)?, Signal::SIGINT)?;
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            ensure!(begin.elapsed() < PATIENCE, "does not end after {PATIENCE:?}");
            std::thread::sleep(PAUSE);
        };
        let words = self.last_words();
        ensure!(status.success(), "{status}\n{words}");
        match counted {
            Some(seen) => Ok(seen),
            None => of_peregrine(&words),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pid(child: &Child) -> anyhow::Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(child.id())?))
}

/// Collects lines; calls `ready` at the one by which Peregrine says that it watches.
fn listen(from: ChildStderr, ready: impl Fn()) -> Vec<String> {
    let mut lines = Vec::new();
    for line in BufReader::new(from).lines().map_while(Result::ok) {
        if line.starts_with("watching:") {
            ready();
        }
        lines.push(line);
    }
    lines
}

/// Reads the summary of `peregrine run`.
fn of_peregrine(words: &str) -> anyhow::Result<Seen> {
    let context = || format!("no summary in:\n{words}");
    let line = words.lines().find_map(|l| l.strip_prefix("Events of the kernel: ")).with_context(context)?;
    let mut numbers = line.split(", ").map(|part| part.split(' ').next().and_then(|n| n.parse::<u64>().ok()));
    let mut number = || numbers.next().flatten().with_context(context);
    let (read, dropped, lost) = (number()?, number()?, number()?);
    Ok(Seen { events: read + dropped + lost, dropped: Some(dropped), lost })
}

/// Falco's counters, the newest last: lines that are complete.
fn counters(file: &Path) -> anyhow::Result<Vec<serde_json::Value>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context("Falco's metrics"),
    };
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines.map(|line| serde_json::from_str(line).context("Falco's metrics")).collect()
}

/// Waits for new counters of Falco's and gives them. Its counter of events has those that found no room, too.
fn of_falco(file: &Path) -> anyhow::Result<Seen> {
    let (before, begin) = (counters(file)?.len(), Instant::now());
    loop {
        let now = counters(file)?;
        if let Some(newest) = now.get(before..).and_then(<[_]>::last) {
            let of = |name: &str| newest["output_fields"][name].as_u64().with_context(|| format!("no {name}"));
            return Ok(Seen { events: of("scap.n_evts")?, dropped: None, lost: of("scap.n_drops")? });
        }
        ensure!(begin.elapsed() < PATIENCE, "Falco writes no metrics");
        std::thread::sleep(PAUSE);
    }
}

impl Watching {
    /// CPU time of its process until now.
    ///
    /// # Errors
    ///
    /// If the process is gone.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        match self {
            Watching::Process(process) => process.cpu(),
            Watching::Nothing | Watching::Empty(..) => Ok(Duration::ZERO),
        }
    }

    /// What starting took, of a process.
    pub fn start(&self) -> Option<Start> {
        match self {
            Watching::Process(process) => Some(process.start),
            Watching::Nothing | Watching::Empty(..) => None,
        }
    }

    /// Waits until it has done what it has to do because of what happened before; gives whether it has, after some time.
    ///
    /// # Errors
    ///
    /// If the process is gone.
    pub fn catch_up(&self) -> anyhow::Result<bool> {
        let Watching::Process(process) = self else { return Ok(true) };
        let begin = Instant::now();
        let mut before = process.cpu()?;
        while begin.elapsed() < RESTLESS {
            std::thread::sleep(CALM.0);
            let now = process.cpu()?;
            if now.saturating_sub(before) < CALM.1 {
                return Ok(true);
            }
            before = now;
        }
        Ok(false)
    }

    /// Ends watching; of a process gives what it has counted.
    ///
    /// # Errors
    ///
    /// If it does not end well or does not tell.
    pub fn stop(self) -> anyhow::Result<Option<Seen>> {
        match self {
            Watching::Nothing | Watching::Empty(..) => Ok(None),
            Watching::Process(process) => process.stop().map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, counters, of_peregrine};

    #[test]
    fn summaries_are_read() {
        let words = "watching: events of 9 types\nEvents of the kernel: 12 read, 30 dropped there by filters, 1 lost\n";
        let seen = of_peregrine(words).expect("a summary");
        assert_eq!(seen, Seen { events: 43, dropped: Some(30), lost: 1 });
        assert!(of_peregrine("watching: events of 9 types\n").is_err());
    }

    #[test]
    fn unfinished_metrics_are_left_for_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("m");
        assert!(counters(&file).expect("not there yet").is_empty());
        std::fs::write(&file, "{\"sample\": 1}\n{\"sam").expect("written");
        assert_eq!(counters(&file).expect("read").len(), 1);
    }
}
