//! A worker: one ring, one state, rules.
//!
//! ```text
//! turn:  look ahead in the ring ─► changes of processes to all workers
//!        up to the time that is settled: changes of others, own records ─► state ─► rules ─► alerts
//! ```
//!
//! Records are matched where they lie in the ring; the kernel gets their room when the turn ends. A record of an image
//! that is not known waits, copied, for some time: its process may begin in a record that comes late. Then the process is
//! looked up in `/proc`, and what is not found there either is matched as unknown and counted.

use super::order::{Change, Order};
use super::rules::{Generation, Generations};
use super::stats::WorkerStats;
use super::{Alert, Clock, is_change};
use crate::capture;
use crate::fields::Env;
use crate::procfs::{self, Scanner};
use crate::record::Record;
use crate::replay::Detector;
use crate::session::Delivered;
use crate::state::{Current, Known, State};
use peregrine_probe::program::layout::RingRecord;
use peregrine_probe::ring::{Look, Place, Ring};
use peregrine_schema::events::code;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

/// How long a record waits for the image that it belongs to, ns.
const PATIENCE: u64 = 50_000_000;
/// Records that wait at most.
const MOST_WAITING: usize = 4096;
/// Pauses between turns: while there is something to do, and at most. A record cannot be dealt with before it is known that no
/// earlier one is under way, so that looking more often finds nothing; and to wake up costs some 50 microseconds.
const SHORT: Duration = Duration::from_millis(4);
const LONG: Duration = Duration::from_millis(50);

/// What all workers share.
pub(super) struct Shared {
    pub(super) order: Order,
    pub(super) generations: Generations,
    pub(super) clock: Clock,
    /// Time when watching began.
    pub(super) begin: u64,
    /// Time when all processes had been looked at.
    pub(super) scanned: u64,
    pub(super) stop: AtomicBool,
    /// How often CPUs have come or gone.
    pub(super) cpu_changes: AtomicU64,
    pub(super) stats: Box<[WorkerStats]>,
}

/// A worker, to be run by a thread of its own.
pub(super) struct Worker {
    ring: Ring,
    looked: Place,
    /// The CPU of the ring, and for which of [`Shared::cpu_changes`] the worker was pinned to it.
    cpu: u32,
    pinned: Option<u64>,
    keeper: Keeper,
}

/// All of a worker but its ring.
struct Keeper {
    number: usize,
    state: State,
    current: Current,
    env: Env,
    shared: Arc<Shared>,
    alerts: SyncSender<Alert>,
    changes: VecDeque<Arc<Change>>,
    waiting: VecDeque<Waiting>,
    scanner: Option<Scanner>,
    own_pid: u32,
    events: u64,
}

struct Waiting {
    until: u64,
    record: Box<[u8]>,
}

/// The rules that a worker uses.
struct Rules<'g> {
    generation: &'g Generation,
    detector: Detector<'g>,
}

/// Why a worker ended before it was told to.
#[derive(Debug, thiserror::Error)]
#[error("the ring of CPU {0} is damaged: its events are lost from now on")]
pub struct Damaged(pub u32);

impl Worker {
    pub(super) fn new(
        number: usize,
        (cpu, mut ring): (u32, Ring),
        state: State,
        env: Env,
        shared: Arc<Shared>,
        alerts: SyncSender<Alert>,
    ) -> Worker {
        let looked = ring.batch().place();
        let keeper = Keeper {
            number,
            state,
            current: Current::default(),
            env,
            shared,
            alerts,
            changes: VecDeque::new(),
            waiting: VecDeque::new(),
            scanner: None,
            own_pid: std::process::id(),
            events: 0,
        };
        Worker { ring, looked, cpu, pinned: None, keeper }
    }

    /// Works until told to stop, and then until the ring is empty.
    pub(super) fn run(mut self) -> Result<(), Damaged> {
        let shared = self.keeper.shared.clone();
        let mut generation = shared.generations.first();
        loop {
            let next = {
                let mut rules = Rules { detector: generation.detector(), generation: &generation };
                let next = self.run_generation(&mut rules);
                shared.stats[self.keeper.number]
                    .add_counts(&generation.rules().rules, &rules.detector.counts().by_rule);
                next
            };
            match next {
                Ok(Some(next)) => generation = next,
                Ok(None) => return Ok(()),
                Err(damaged) => {
                    // The others need not wait for this ring.
                    shared.order.looked(self.keeper.number, u64::MAX - 1);
                    shared.order.done(self.keeper.number, u64::MAX);
                    return Err(damaged);
                }
            }
        }
    }

    /// Works with one set of rules; gives the next one when its time has come, nothing when all is done.
    fn run_generation(&mut self, rules: &mut Rules<'_>) -> Result<Option<Arc<Generation>>, Damaged> {
        let shared = self.keeper.shared.clone();
        let number = self.keeper.number;
        let mut pause = SHORT;
        loop {
            self.pin(shared.cpu_changes.load(Ordering::Relaxed));
            let stopping = shared.stop.load(Ordering::Acquire);
            let next = shared.generations.after(number);
            let turn = self.turn(rules, next.as_ref().map(|next| next.from()))?;
            if let Some(next) = next.filter(|next| turn.until >= next.from()) {
                shared.generations.taken(number, next.number());
                return Ok(Some(next));
            }
            if stopping && turn.empty && self.keeper.waiting.is_empty() {
                shared.order.done(number, u64::MAX);
                return Ok(None);
            }
            pause = if turn.busy { SHORT } else { (pause * 2).min(LONG) };
            // A ring that fills is emptied without a pause, as far as the others let it.
            if self.ring.level().waiting() < self.ring.size() / 4 || !turn.busy {
                std::thread::sleep(pause);
            }
        }
    }

    /// Keeps this thread on the CPU of its ring, once after each change. The kernel takes it away from a CPU that goes; one
    /// that is not there, or that this process may not use, has hardly any events: its worker runs anywhere.
    fn pin(&mut self, change: u64) {
        if self.pinned == Some(change) {
            return;
        }
        self.pinned = Some(change);
        let (mut set, cpu) = (CpuSet::new(), self.cpu as usize);
        if cpu < CpuSet::MAX_CPU {
            set.set(cpu);
            let _ = sched_setaffinity(None, &set);
        }
    }

    fn turn(&mut self, rules: &mut Rules<'_>, limit: Option<u64>) -> Result<Turn, Damaged> {
        let keeper = &mut self.keeper;
        let shared = keeper.shared.clone();
        let (order, number, cpu) = (&shared.order, keeper.number, self.cpu);
        let now = shared.clock.now();
        let batch = self.ring.batch();
        let mut changes = Vec::new();
        let drained = loop {
            match batch.look(self.looked) {
                Look::Record(bytes, next) => {
                    changes.extend(change(bytes, number));
                    self.looked = next;
                }
                Look::End => break true,
                Look::Unfinished => break false,
                Look::Damaged => return Err(Damaged(cpu)),
            }
        };
        if !changes.is_empty() {
            order.hand_in(changes.into_iter());
        }
        if drained {
            order.looked(number, now.saturating_sub(order.under_way()));
        }
        let settled = order.settle(now);
        order.take(number, &mut keeper.changes);
        let until = settled.min(limit.unwrap_or(u64::MAX));
        let mut records = 0_u64;
        let empty = loop {
            let Look::Record(bytes, next) = batch.look(batch.place()) else { break drained };
            let Some(record) = RingRecord::parse(bytes) else { return Err(Damaged(cpu)) };
            let ts = record.ts();
            if ts > until {
                break false;
            }
            keeper.take_changes(ts);
            keeper.own(&record, bytes, rules);
            batch.take(next);
            records += 1;
        };
        keeper.take_changes(until);
        drop(batch);
        keeper.retry(now, rules);
        order.done(number, until);
        shared.stats[number].add_events(records);
        let busy = records > 0 || !empty || !keeper.waiting.is_empty();
        Ok(Turn { until, busy, empty: empty && keeper.changes.is_empty() })
    }
}

/// What a turn did.
struct Turn {
    /// All up to this time has been dealt with.
    until: u64,
    /// There was or still is something to do.
    busy: bool,
    /// The ring was empty.
    empty: bool,
}

/// A record of the ring as a change, if it changes what is known of processes.
fn change(bytes: &[u8], ring: usize) -> Option<Change> {
    let record = RingRecord::parse(bytes)?;
    let event = capture::live(record.event, record.cpu)?;
    is_change(event.code).then(|| Change { ts: event.ts, ring, record: bytes.into() })
}

impl Keeper {
    /// Takes in the changes of other workers up to a time.
    fn take_changes(&mut self, until: u64) {
        while let Some(change) = self.changes.pop_front_if(|change| change.ts <= until) {
            // Own ones come from the ring.
            if change.ring == self.number {
                continue;
            }
            let Some(record) = RingRecord::parse(&change.record) else { continue };
            let Some(event) = capture::live(record.event, record.cpu) else { continue };
            self.take_in(&record, &event, &mut |_| {});
        }
    }

    /// Deals with a record of the own ring.
    fn own(&mut self, record: &RingRecord<'_>, bytes: &[u8], rules: &mut Rules<'_>) {
        let Some(event) = capture::live(record.event, record.cpu) else {
            self.shared.stats[self.number].count_unreadable();
            return;
        };
        // Threads of the kernel are not looked at, but end like others.
        let ends = event.code == code::PROCEXIT_1_E && record.first_sight();
        let known = ends || record.begins() || self.state.runs(event.tid, record.image) == Known::Yes;
        if !known && self.waiting.len() < MOST_WAITING {
            let until = event.ts.saturating_add(PATIENCE);
            self.waiting.push_back(Waiting { until, record: bytes.into() });
            return;
        }
        if !known {
            self.look_up(record, event.tid);
        }
        self.match_event(record, &event, rules);
    }

    /// Deals with the records that wait, whose image has come or whose time is over.
    fn retry(&mut self, now: u64, rules: &mut Rules<'_>) {
        if self.waiting.is_empty() {
            return;
        }
        let mut still = VecDeque::new();
        for waiting in std::mem::take(&mut self.waiting) {
            let Some(record) = RingRecord::parse(&waiting.record) else { continue };
            let Some(event) = capture::live(record.event, record.cpu) else { continue };
            if self.state.runs(event.tid, record.image) == Known::No {
                if now < waiting.until {
                    still.push_back(waiting);
                    continue;
                }
                self.look_up(&record, event.tid);
            } else {
                self.shared.stats[self.number].count_late();
            }
            self.match_event(&record, &event, rules);
        }
        self.waiting = still;
    }

    /// Forgets what was known of a thread, and asks the system about its process. If that has ended, or seems to run
    /// something else by now, the thread is an unknown one.
    fn look_up(&mut self, record: &RingRecord<'_>, tid: i64) {
        // A process of before that ended before it could be looked at.
        let was_before = record.first_sight() && record.ts() <= self.shared.scanned;
        self.shared.stats[self.number].count_unknown(was_before);
        self.state.forget(tid);
        let options = procfs::Options { descriptors: procfs::Descriptors::None, ..procfs::Options::default() };
        if self.scanner.is_none() {
            self.scanner = Scanner::open(options).ok();
        }
        let name = record.comm.split(|b| *b == 0).next().unwrap_or_default();
        if let Some(scanner) = &mut self.scanner {
            let state = &mut self.state;
            scanner.process(i64::from(record.pid), &mut |item| {
                if let crate::capture::Metadata::Process(process) = item
                    && process.tid == tid
                    && *process.comm == *name
                {
                    state.load(item);
                }
            });
        }
        self.state.complete(tid);
        self.state.name_image(tid, record.image);
    }

    fn match_event(&mut self, record: &RingRecord<'_>, event: &Record<'_>, rules: &mut Rules<'_>) {
        self.events += 1;
        // Numbers of different workers differ.
        let number = self.events * self.shared.stats.len() as u64 + self.number as u64;
        let first_ts = self.shared.begin;
        let own = record.pid == self.own_pid;
        let shared = self.shared.clone();
        let stats = &shared.stats[self.number];
        let alerts = self.alerts.clone();
        let ring = self.number;
        let env = std::mem::take(&mut self.env);
        self.take_in(record, event, &mut |(state, current)| {
            if own {
                return;
            }
            let delivered = Delivered { number, record: event, state, current, first_ts };
            let mut matched = false;
            rules.detector.event(delivered, &env, &mut |line| {
                matched = true;
                let alert = Alert { ts: event.ts, ring, line: line.into() };
                if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = alerts.try_send(alert) {
                    stats.count_unsent();
                }
            });
            if record.shadowed {
                stats.count_shadowed(matched);
            }
        });
        if let Some(telling) = rules.generation.told()
            && self.state.is_news(&self.current, rules.generation.number())
        {
            let delivered = Delivered { number, record: event, state: &self.state, current: &self.current, first_ts };
            let told = rules.detector.show(delivered, &env, |view| {
                telling.tell(record.image, (event.tid, event.ts), rules.generation.rules(), view)
            });
            stats.count_told(told);
        }
        self.env = env;
    }

    /// Takes a record into the state, and shows it to `visit` in between if rules may see it.
    fn take_in(&mut self, record: &RingRecord<'_>, event: &Record<'_>, visit: &mut dyn FnMut((&State, &Current))) {
        let state = &mut self.state;
        state.lend(event.tid, record.descriptors());
        let for_rules = state.apply(event, &mut self.current);
        if record.begins() {
            state.name_image(event.tid, record.image);
        }
        if for_rules {
            visit((state, &self.current));
        }
        state.after(&mut self.current);
        state.give_back(&self.current);
    }
}
