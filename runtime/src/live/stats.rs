//! What workers count.

use peregrine_compiler::hir::Rule;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters of one worker: it alone writes, others read.
#[derive(Debug, Default)]
pub(super) struct WorkerStats {
    events: AtomicU64,
    unreadable: AtomicU64,
    late: AtomicU64,
    unknown: AtomicU64,
    unsent: AtomicU64,
    told: AtomicU64,
    shadowed: AtomicU64,
    shadow_errors: AtomicU64,
    /// Alerts by rule, of rule sets that are no longer in use: by name.
    rules: Mutex<BTreeMap<String, u64>>,
}

/// What all workers have counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records read from the rings.
    pub events: u64,
    /// Records that were not in the form of an event.
    pub unreadable: u64,
    /// Records that waited for the image of their process, and got it.
    pub late: u64,
    /// Records of images that never became known.
    pub unknown: u64,
    /// Alerts that found no room in the queue of the outputs.
    pub unsent: u64,
    /// Images of which the kernel was told.
    pub told: u64,
    /// Records that a filter would have dropped, sent to check it.
    pub shadowed: u64,
    /// Those of them that a rule matched: the filter is wrong.
    pub shadow_errors: u64,
    /// Changes of processes that came after their time had been settled.
    pub unordered: u64,
    /// Alerts by rule. Complete only when the workers have ended.
    pub rules: BTreeMap<String, u64>,
}

impl WorkerStats {
    pub(super) fn add_events(&self, count: u64) {
        self.events.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn count_unreadable(&self) {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_unknown(&self) {
        self.unknown.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_unsent(&self) {
        self.unsent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_told(&self, told: bool) {
        self.told.fetch_add(u64::from(told), Ordering::Relaxed);
    }

    pub(super) fn count_shadowed(&self, matched: bool) {
        self.shadowed.fetch_add(1, Ordering::Relaxed);
        self.shadow_errors.fetch_add(u64::from(matched), Ordering::Relaxed);
    }

    /// Adds the alerts of a rule set that goes out of use.
    pub(super) fn add_counts(&self, rules: &[Rule], counts: &[u64]) {
        let mut all = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        for (rule, count) in rules.iter().zip(counts).filter(|(_, count)| **count > 0) {
            *all.entry(rule.name.clone()).or_default() += count;
        }
    }
}

impl Stats {
    /// Adds up the counters.
    pub(super) fn of(workers: &[WorkerStats], unordered: u64) -> Stats {
        let mut stats = Stats { unordered, ..Stats::default() };
        for worker in workers {
            let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            stats.events += get(&worker.events);
            stats.unreadable += get(&worker.unreadable);
            stats.late += get(&worker.late);
            stats.unknown += get(&worker.unknown);
            stats.unsent += get(&worker.unsent);
            stats.told += get(&worker.told);
            stats.shadowed += get(&worker.shadowed);
            stats.shadow_errors += get(&worker.shadow_errors);
            for (rule, count) in worker.rules.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                *stats.rules.entry(rule.clone()).or_default() += count;
            }
        }
        stats
    }
}
