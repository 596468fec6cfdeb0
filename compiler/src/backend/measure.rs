//! What a run over events measures of each predicate and rule: for `peregrine replay --profile`, and from there for
//! [`Costs`](crate::ir::cost::Costs).
//!
//! Every test is counted; on one event of [`SAMPLE`] every test is timed as well. Times include the clock's own, which
//! is measured once and taken off. A test whose answer is remembered is as cheap as it is in native code.

use std::cell::Cell;
use std::time::Instant;

/// One event of so many is timed.
pub const SAMPLE: u64 = 16;

/// Counts and times of one worker.
#[derive(Debug)]
pub struct Measurements {
    predicates: Box<[Cell<Tally>]>,
    events: Cell<u64>,
    /// Nanoseconds that two readings of the clock take.
    clock: f64,
}

/// Of one predicate.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Tests.
    pub evaluated: u64,
    /// Tests that held.
    pub held: u64,
    /// Tests that were timed.
    pub timed: u64,
    /// Nanoseconds of those together.
    pub nanoseconds: f64,
}

impl Tally {
    /// Nanoseconds of one test; 0 if none was timed.
    pub fn mean(&self) -> f64 {
        if self.timed == 0 { 0.0 } else { self.nanoseconds / self.timed as f64 }
    }

    /// Nanoseconds of all tests, if those that were not timed took as long.
    pub fn total(&self) -> f64 {
        self.mean() * self.evaluated as f64
    }
}

impl Measurements {
    /// For a program with so many predicates.
    pub fn new(predicates: usize) -> Measurements {
        let clock = (0..200).map(|_| {
            let begin = Instant::now();
            begin.elapsed().as_nanos()
        });
        Measurements {
            predicates: vec![Cell::new(Tally::default()); predicates].into(),
            events: Cell::new(0),
            clock: clock.min().unwrap_or(0) as f64,
        }
    }

    /// Of a predicate.
    pub fn predicate(&self, predicate: usize) -> Tally {
        self.predicates.get(predicate).map(Cell::get).unwrap_or_default()
    }

    /// Events whose tests were counted.
    pub fn events(&self) -> u64 {
        self.events.get()
    }

    /// A new event; whether its tests are timed.
    pub(super) fn begin(&self) -> bool {
        self.events.set(self.events.get() + 1);
        self.events.get().is_multiple_of(SAMPLE)
    }

    /// Counts a test, and times it if that is wanted.
    pub(super) fn test(&self, predicate: usize, timed: bool, test: impl FnOnce() -> bool) -> bool {
        let begin = timed.then(Instant::now);
        let held = test();
        let mut tally = self.predicates[predicate].get();
        if let Some(begin) = begin {
            tally.timed += 1;
            tally.nanoseconds += (begin.elapsed().as_nanos() as f64 - self.clock).max(0.0);
        }
        tally.evaluated += 1;
        tally.held += u64::from(held);
        self.predicates[predicate].set(tally);
        held
    }
}
