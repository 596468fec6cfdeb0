//! Rules at work, and those that follow them while events flow.
//!
//! What must hold: a record is matched by the rules that were in force at its time, on every worker: each goes on to the
//! next rules at the first record that is not older than they are.

use super::bits::Telling;
use crate::replay::{Detector, Options};
use peregrine_compiler::backend::Matcher;
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::kernel::KernelPlan;
use peregrine_probe::filter::bits::TaskBits;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Rules with what was made of them.
pub struct Generation {
    rules: RuleSet,
    matcher: Arc<Matcher>,
    options: Options,
    telling: Option<Telling>,
    /// Place in the row of all.
    number: u64,
    /// Time of the first record that they match.
    from: u64,
}

impl Generation {
    /// Rules that are to follow.
    pub fn new(rules: RuleSet, matcher: Matcher, options: Options) -> Generation {
        Generation { rules, matcher: Arc::new(matcher), options, telling: None, number: 0, from: 0 }
    }

    /// The rules.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The same, whose filters ask for bits of images.
    pub(super) fn telling(self, plan: &KernelPlan, bits: Option<TaskBits>) -> Generation {
        Generation { telling: Telling::new(&self.rules, plan, bits), ..self }
    }

    /// What the kernel is to be told about images.
    pub(super) fn told(&self) -> Option<&Telling> {
        self.telling.as_ref()
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn from(&self) -> u64 {
        self.from
    }

    /// For a worker.
    pub(super) fn detector(&self) -> Detector<'_> {
        Detector::with_matcher(&self.rules, self.matcher.clone(), &self.options)
    }
}

/// The rules in force and those to come.
pub(super) struct Generations {
    /// Oldest first; never empty.
    row: Mutex<Vec<Arc<Generation>>>,
    /// Number of the newest.
    newest: AtomicU64,
    /// By worker, the number of those it uses.
    used: Box<[AtomicU64]>,
}

impl Generations {
    pub(super) fn new(workers: usize, first: Generation) -> Generations {
        let used = (0..workers).map(|_| AtomicU64::new(0)).collect();
        Generations { row: Mutex::new(vec![Arc::new(first)]), newest: AtomicU64::new(0), used }
    }

    fn row(&self) -> MutexGuard<'_, Vec<Arc<Generation>>> {
        self.row.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules that all begin with.
    pub(super) fn first(&self) -> Arc<Generation> {
        self.row()[0].clone()
    }

    /// Puts rules behind all others, in force from a time on.
    pub(super) fn put(&self, generation: Generation, from: u64) {
        let mut row = self.row();
        let number = self.newest.load(Ordering::Relaxed) + 1;
        row.push(Arc::new(Generation { number, from, ..generation }));
        let oldest = self.used.iter().map(|used| used.load(Ordering::Acquire)).min().unwrap_or_default();
        row.retain(|generation| generation.number >= oldest);
        self.newest.store(number, Ordering::Release);
    }

    /// What follows the rules that a worker uses.
    pub(super) fn after(&self, worker: usize) -> Option<Arc<Generation>> {
        let used = self.used[worker].load(Ordering::Relaxed);
        if self.newest.load(Ordering::Acquire) == used {
            return None;
        }
        self.row().iter().find(|generation| generation.number > used).cloned()
    }

    /// A worker uses rules from now on.
    pub(super) fn taken(&self, worker: usize, number: u64) {
        self.used[worker].store(number, Ordering::Release);
    }
}
