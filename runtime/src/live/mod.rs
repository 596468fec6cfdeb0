//! A live system: what the probe records, matched as it happens.
//!
//! ```text
//! probe attached ─► /proc scanned ─► a state for every worker
//! ring of a CPU ─► worker, pinned to the CPU ─► rules ─► alerts ─► queue ─► outputs
//!                    ▲  │ changes of processes
//!                    └──┴─► order, shared
//! ```
//!
//! - [`order`]: the forks, execs, exits and changes of attributes of all CPUs, by time;
//! - [`worker`]: from ring to alert;
//! - [`rules`]: replacing rules while events flow;
//! - `bits`: what the kernel is told about processes;
//! - [`output`]: alerts on their way out;
//! - [`stats`], [`loss`]: what is counted, and what of it is told.
//!
//! What must hold: the probe is attached before `/proc` is looked at, so that nothing falls between the two. What
//! happened meanwhile is in both, and taking it in again changes nothing. Nothing is lost without a count.

mod bits;
pub mod loss;
pub mod order;
pub mod output;
pub mod rules;
pub mod stats;
pub mod worker;

use crate::fields::Env;
use crate::procfs::{self, ScanError, Scanner};
use crate::state::State;
use output::{Alert, OutputError, Outputs};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::kernel::KernelPlan;
use peregrine_compiler::kernel::plan::is_made;
use peregrine_probe::clock::Clock;
use peregrine_probe::live::{Losses, Options, Probe, ProbeError, online_cpus};
use peregrine_probe::ring::Ring;
use peregrine_schema::{EVENTS, Effect};
use rules::{Generation, Generations};
use stats::Stats;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use worker::{Damaged, Shared, Worker};

/// Why a system cannot be watched, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The probe.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// `/proc`.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A thread cannot be started.
    #[error("a thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// A ring makes no sense any more.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// Alerts cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A thread ended by a mistake in the program.
    #[error("{0} ended by a mistake in the program")]
    Ended(&'static str),
}

/// How a system is watched.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Bytes of each CPU's ring.
    pub ring_bytes: u32,
    /// One of so many records that a filter would drop is sent to check the filter.
    pub shadow: Option<u32>,
    /// Replaces the name of the machine in events.
    pub hostname: Option<Vec<u8>>,
    /// Seconds from UTC to local time.
    pub utc_offset: i64,
}

/// A system about to be watched: the probe is attached, and its rings fill.
pub struct Attached {
    probe: Probe,
    plan: KernelPlan,
    state: State,
    settings: Settings,
    begin: u64,
    scanned: u64,
}

/// A system being watched.
pub struct Watch {
    probe: Probe,
    plan: KernelPlan,
    shared: Arc<Shared>,
    alerts: SyncSender<Alert>,
    workers: Vec<JoinHandle<Result<(), Damaged>>>,
    output: JoinHandle<Result<(), OutputError>>,
    /// The CPUs that were at work when they were last looked at.
    cpus: Vec<u32>,
}

/// What is known of a system that was watched, at the end.
#[derive(Debug)]
pub struct Ended {
    /// What workers counted.
    pub stats: Stats,
    /// Events that filters dropped in the kernel: no rule could match them.
    pub dropped: u64,
    /// What was lost.
    pub losses: Losses,
}

/// Whether events of a code change what is known of processes: they are recorded whatever the rules say, and every
/// worker takes them in.
pub fn is_change(code: u16) -> bool {
    EVENTS.get(usize::from(code)).is_some_and(|event| {
        is_made(event)
            && matches!(
                event.effect,
                Effect::Clone
                    | Effect::Execve
                    | Effect::ProcExit
                    | Effect::Chdir
                    | Effect::Fchdir
                    | Effect::Chroot
                    | Effect::Setuid
                    | Effect::Setgid
                    | Effect::Setsid
                    | Effect::Capset
                    | Effect::Unshare
                    | Effect::Prctl
            )
    })
}

impl Attached {
    /// Loads and attaches the probe for some rules, and looks at the processes that there are.
    ///
    /// # Errors
    ///
    /// Without the rights that this needs.
    pub fn new(rules: &RuleSet, settings: Settings) -> Result<Attached, WatchError> {
        let plan = KernelPlan::new(rules);
        let options = Options {
            ring_bytes: settings.ring_bytes,
            descriptors: true,
            shadow: settings.shadow,
            ..Options::default()
        };
        let mut probe = Probe::load(is_change, Some(&plan), options)?;
        probe.attach()?;
        let begin = probe.clock().now();
        let mut state = State::default();
        let options = procfs::Options { descriptors: procfs::Descriptors::None, ..procfs::Options::default() };
        Scanner::open(options)?.snapshot(&mut |item| state.load(item))?;
        state.loaded();
        let scanned = probe.clock().now();
        Ok(Attached { probe, plan, state, settings, begin, scanned })
    }

    /// The probe.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// Starts the workers, with the rules that the probe was loaded for. From now on alerts are written.
    ///
    /// # Errors
    ///
    /// If threads cannot be started.
    pub fn start(self, generation: Generation, outputs: Outputs) -> Result<Watch, WatchError> {
        let Attached { mut probe, plan, state, settings, begin, scanned } = self;
        let generation = generation.telling(&plan, probe.task_bits());
        let rings = probe.take_rings();
        let cpus = probe.ring_cpus().to_vec();
        let (alerts, queue) = sync_channel(output::QUEUE);
        let shared = Arc::new(Shared {
            order: order::Order::new(rings.iter().map(Ring::level).collect()),
            generations: Generations::new(rings.len(), generation),
            clock: probe.clock(),
            begin,
            scanned,
            stop: AtomicBool::new(false),
            cpu_changes: AtomicU64::new(0),
            stats: rings.iter().map(|_| stats::WorkerStats::default()).collect(),
        });
        let for_output = shared.clone();
        let output = spawn("outputs", move || outputs.run(queue, &for_output))?;
        let workers = cpus.iter().copied().zip(rings).enumerate().map(|(number, ring)| {
            let env = Env::new(settings.hostname.clone(), settings.utc_offset);
            let worker = Worker::new(number, ring, state.clone(), env, shared.clone(), alerts.clone());
            spawn(&format!("ring-{number}"), move || worker.run())
        });
        let workers = workers.collect::<Result<Vec<_>, _>>()?;
        Ok(Watch { probe, plan, shared, alerts, workers, output, cpus })
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, WatchError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(WatchError::Thread)
}

fn dropped(probe: &Probe) -> Result<u64, WatchError> {
    Ok(probe.dropped()?.iter().map(|(_, count)| count).sum())
}

impl Watch {
    /// The probe.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// The clock of the records.
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }

    /// What has been counted so far.
    pub fn stats(&self) -> Stats {
        Stats::of(&self.shared.stats, self.shared.order.late())
    }

    /// What was lost so far.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn losses(&self) -> Result<Losses, WatchError> {
        Ok(self.probe.losses()?)
    }

    /// Events that filters have dropped in the kernel so far.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn dropped(&self) -> Result<u64, WatchError> {
        dropped(&self.probe)
    }

    /// Looks whether CPUs have come or gone since the last look; if so, gives those that are online now, and workers go
    /// back to the CPUs of their rings.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn look_at_cpus(&mut self) -> std::io::Result<Option<&[u32]>> {
        let cpus = online_cpus()?;
        if cpus == self.cpus {
            return Ok(None);
        }
        self.cpus = cpus;
        self.shared.cpu_changes.fetch_add(1, Ordering::Relaxed);
        Ok(Some(&self.cpus))
    }

    /// Whether a worker or the outputs have ended by themselves: then it is time for [`Watch::stop`], which tells why.
    pub fn has_failed(&self) -> bool {
        self.output.is_finished() || self.workers.iter().any(JoinHandle::is_finished)
    }

    /// Writes an alert of the program itself, if there is room for it.
    pub fn tell(&self, line: &[u8]) -> bool {
        let ts = self.shared.clock.now();
        self.alerts.try_send(Alert { ts, ring: usize::MAX, line: line.into() }).is_ok()
    }

    /// Puts other rules in force: first what the kernel drops, then what is matched. Processes stay as they are known,
    /// and no event is lost that rules before and after want.
    ///
    /// # Errors
    ///
    /// As the kernel gives them; then the rules of before are in force.
    pub fn reload(&mut self, generation: Generation) -> Result<(), WatchError> {
        let plan = KernelPlan::new(generation.rules());
        if let Err(error) = self.probe.replan(is_change, Some(&plan)) {
            // Programs for both plans may be at work now.
            self.probe.replan(is_change, Some(&self.plan))?;
            return Err(error.into());
        }
        let generation = generation.telling(&plan, self.probe.task_bits());
        self.plan = plan;
        self.shared.generations.put(generation, self.shared.clock.now());
        Ok(())
    }

    /// Ends watching: all that was recorded until now is matched, and all alerts are written.
    ///
    /// # Errors
    ///
    /// The first thing that went wrong in any thread.
    pub fn stop(mut self) -> Result<Ended, WatchError> {
        self.probe.detach();
        self.shared.stop.store(true, Ordering::Release);
        let mut failure = None;
        for worker in self.workers.drain(..) {
            match worker.join() {
                Ok(Ok(())) => {}
                Ok(Err(damaged)) => drop(failure.get_or_insert(damaged.into())),
                Err(_) => drop(failure.get_or_insert(WatchError::Ended("a worker"))),
            }
        }
        let stats = self.stats();
        drop(self.alerts);
        match self.output.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => drop(failure.get_or_insert(error.into())),
            Err(_) => drop(failure.get_or_insert(WatchError::Ended("the thread of the outputs"))),
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(Ended { stats, dropped: dropped(&self.probe)?, losses: self.probe.losses()? }),
        }
    }
}
