//! The order in which workers take in what changes processes.
//!
//! ```text
//! ring of a CPU ─► its worker looks ahead ─► hand_in ─► waiting, by time
//!                                                          │ settle: no ring can come with an earlier one
//!                                                          ▼
//!                                            settled ─► every worker, up to the time of its next own record
//! ```
//!
//! Each worker keeps a state of its own and takes in the forks, execs, exits and changes of attributes of all CPUs, in
//! order of their times, before its own records of a later time. So each state is what a replay of all records up to
//! then would have. What must hold: a worker hands in what changes processes before it says how far it has looked;
//! [`Order::settle`] goes no further than all workers have looked. What comes later nevertheless is put behind and
//! counted. So is what comes from a worker that has not been able to look for some time: the others wait no longer than
//! [`PATIENCE`]. A record takes some time from the clock to its ring, during which nobody sees it; where that turns out to
//! be longer than expected, more is expected from then on ([`Order::under_way`]). For a ring in which nothing lies nobody waits at all: its worker may sleep.

use peregrine_probe::ring::Level;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long a worker is waited for, ns. Where processes that want a CPU are many, a worker gets none for some hundred
/// milliseconds now and then.
const PATIENCE: u64 = 1_000_000_000;

/// How long a record is expected to be on its way from the clock to its ring, at first and at most, ns.
const UNDER_WAY: u64 = 3_000_000;
const LONGEST_WAY: u64 = 100_000_000;

/// A record that changes what is known of processes.
#[derive(Debug)]
pub struct Change {
    /// Its time, nanoseconds since the epoch.
    pub ts: u64,
    /// The ring it came from.
    pub ring: usize,
    /// The record of the ring.
    pub record: Box<[u8]>,
}

/// What all workers share.
pub struct Order {
    /// How full the rings are, by worker.
    levels: Box<[Level]>,
    queues: Mutex<Queues>,
    /// Changes settled since the start.
    settled: AtomicU64,
    /// Up to which time everything is settled.
    until: AtomicU64,
    /// By worker: up to which time it has handed in everything, how many settled changes it has taken in, and up to
    /// which time it has dealt with its records.
    looked: Box<[AtomicU64]>,
    taken: Box<[AtomicU64]>,
    done: Box<[AtomicU64]>,
    late: AtomicU64,
    under_way: AtomicU64,
}

#[derive(Debug, Default)]
struct Queues {
    waiting: BTreeMap<(u64, usize, u64), Arc<Change>>,
    settled: VecDeque<Arc<Change>>,
    /// Number of the first of `settled`.
    first: u64,
    next: u64,
}

impl Order {
    /// For workers of rings, of which the levels are given.
    pub fn new(levels: Vec<Level>) -> Order {
        Order::with(levels.len(), levels)
    }

    fn with(workers: usize, levels: Vec<Level>) -> Order {
        let zeros = || (0..workers).map(|_| AtomicU64::new(0)).collect();
        Order {
            levels: levels.into(),
            queues: Mutex::default(),
            settled: AtomicU64::new(0),
            until: AtomicU64::new(0),
            looked: zeros(),
            taken: zeros(),
            done: zeros(),
            late: AtomicU64::new(0),
            under_way: AtomicU64::new(UNDER_WAY),
        }
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        // Nothing in here can be left half done.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes changes of a ring.
    pub fn hand_in(&self, changes: impl Iterator<Item = Change>) {
        let mut queues = self.queues();
        for change in changes {
            let number = queues.next;
            queues.next += 1;
            let behind = self.until.load(Ordering::Relaxed).saturating_sub(change.ts);
            if behind > 0 {
                self.late.fetch_add(1, Ordering::Relaxed);
                let longer = self.under_way() + behind + behind / 4;
                self.under_way.fetch_max(longer.min(LONGEST_WAY), Ordering::Relaxed);
            }
            queues.waiting.insert((change.ts, change.ring, number), Arc::new(change));
        }
    }

    /// A worker has handed in everything up to a time.
    pub fn looked(&self, worker: usize, until: u64) {
        self.looked[worker].fetch_max(until, Ordering::AcqRel);
    }

    /// Up to which time a worker has looked.
    pub fn has_looked(&self, worker: usize) -> u64 {
        self.looked[worker].load(Ordering::Acquire)
    }

    /// Settles what all workers have handed in; gives the time up to which everything is settled. `now` is a time
    /// before the call.
    pub fn settle(&self, now: u64) -> u64 {
        for (worker, level) in self.levels.iter().enumerate() {
            // What has been taken out of a ring has been handed in before.
            if level.is_empty() {
                self.looked(worker, now.saturating_sub(self.under_way()));
            }
        }
        let looked = (0..self.looked.len()).map(|worker| self.has_looked(worker)).min().unwrap_or_default();
        // At the start all wait for all: the rings hold what has come since the probe was attached.
        let until = if looked == 0 { 0 } else { looked.max(now.saturating_sub(PATIENCE)) };
        if until <= self.until.load(Ordering::Acquire) {
            return self.until.load(Ordering::Acquire);
        }
        let mut queues = self.queues();
        let rest = queues.waiting.split_off(&(until + 1, 0, 0));
        let ready = std::mem::replace(&mut queues.waiting, rest);
        queues.settled.extend(ready.into_values());
        self.settled.store(queues.first + queues.settled.len() as u64, Ordering::Release);
        // Under the lock: a change that comes later knows that it does.
        self.until.fetch_max(until, Ordering::AcqRel);
        self.forget(&mut queues);
        self.until.load(Ordering::Acquire)
    }

    /// Forgets what all workers have taken in.
    fn forget(&self, queues: &mut Queues) {
        let taken = self.taken.iter().map(|taken| taken.load(Ordering::Acquire)).min().unwrap_or_default();
        let gone = taken.saturating_sub(queues.first).min(queues.settled.len() as u64);
        queues.settled.drain(..gone as usize);
        queues.first += gone;
    }

    /// The settled changes that a worker has not been given yet. To be called after the [`Order::settle`] whose time
    /// the worker goes by.
    pub fn take(&self, worker: usize, into: &mut VecDeque<Arc<Change>>) {
        let taken = self.taken[worker].load(Ordering::Acquire);
        if taken == self.settled.load(Ordering::Acquire) {
            return;
        }
        let queues = self.queues();
        let from = taken.saturating_sub(queues.first) as usize;
        into.extend(queues.settled.range(from.min(queues.settled.len())..).cloned());
        self.taken[worker].store(queues.first + queues.settled.len() as u64, Ordering::Release);
    }

    /// A worker has dealt with all its records up to a time.
    pub fn done(&self, worker: usize, until: u64) {
        self.done[worker].fetch_max(until, Ordering::AcqRel);
    }

    /// Up to which time all workers have dealt with their records.
    pub fn all_done(&self) -> u64 {
        self.done.iter().map(|done| done.load(Ordering::Acquire)).min().unwrap_or_default()
    }

    /// How long before now a record may have been made that is in no ring yet, ns.
    pub fn under_way(&self) -> u64 {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Changes that came after their time had been settled.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(ts: u64, ring: usize) -> Change {
        Change { ts, ring, record: Box::default() }
    }

    fn taken(order: &Order, worker: usize) -> Vec<(u64, usize)> {
        let mut changes = VecDeque::new();
        order.take(worker, &mut changes);
        changes.iter().map(|c| (c.ts, c.ring)).collect()
    }

    #[test]
    fn changes_are_settled_in_order_of_time_once_all_have_looked() {
        let order = Order::with(2, Vec::new());
        order.hand_in([change(5, 0), change(9, 0)].into_iter());
        order.looked(0, 10);
        assert_eq!(order.settle(0), 0);
        assert_eq!(taken(&order, 0), []);
        order.hand_in([change(3, 1), change(7, 1)].into_iter());
        order.looked(1, 7);
        assert_eq!(order.settle(0), 7);
        assert_eq!(taken(&order, 0), [(3, 1), (5, 0), (7, 1)]);
        assert_eq!(taken(&order, 0), []);
        order.looked(1, 20);
        assert_eq!(order.settle(0), 10);
        assert_eq!(taken(&order, 1), [(3, 1), (5, 0), (7, 1), (9, 0)]);
        assert_eq!(taken(&order, 0), [(9, 0)]);
        assert_eq!(order.late(), 0);
    }

    #[test]
    fn what_comes_late_is_put_behind_and_counted() {
        let order = Order::with(1, Vec::new());
        order.looked(0, 10);
        order.hand_in([change(4, 0)].into_iter());
        // At the time itself is not late: only earlier ones are known to be complete.
        order.hand_in([change(10, 0)].into_iter());
        order.settle(0);
        order.hand_in([change(6, 0)].into_iter());
        order.looked(0, 11);
        order.settle(0);
        assert_eq!(taken(&order, 0), [(4, 0), (10, 0), (6, 0)]);
        assert_eq!(order.late(), 1);
    }

    #[test]
    fn what_all_have_taken_is_forgotten() {
        let order = Order::with(2, Vec::new());
        for round in 1..100 {
            order.hand_in([change(round, 0)].into_iter());
            order.looked(0, round);
            order.looked(1, round);
            order.settle(0);
            assert_eq!((taken(&order, 0).len(), taken(&order, 1).len()), (1, 1));
        }
        assert!(order.queues().settled.len() <= 1);
        order.done(0, 5);
        assert_eq!(order.all_done(), 0);
    }
}
