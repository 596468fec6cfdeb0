//! What a run over events measures of each predicate and rule: for `peregrine replay --profile`, and from there for
//! [`Costs`](crate::ir::cost::Costs).
//!
//! Every test is counted; on one event of [`SAMPLE`] every test is timed as well, and apart from it the extraction of
//! the fields that it is the first to need: which test that is depends on the order, and the order is what the times are
//! for. Times include the clock's own, which is measured once and taken off. A test whose answer is remembered is as
//! cheap as it is in native code.

use super::plan::Run;
use crate::hir::Predicate;
use crate::ir::verify::predicate_slots;
use crate::value::Event;
use std::cell::Cell;
use std::time::Instant;

/// One event of so many is timed.
pub const SAMPLE: u64 = 16;

/// Counts and times of one worker.
#[derive(Debug)]
pub struct Measurements {
    predicates: Box<[Cell<Tally>]>,
    fields: Box<[Cell<Tally>]>,
    /// The fields of each predicate.
    slots: Box<[Box<[u32]>]>,
    events: Cell<u64>,
    /// Nanoseconds that two readings of the clock take.
    clock: f64,
}

/// Of one predicate, or of the extraction of one field, of which only the times are kept.
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
    /// For a program of rules with so many fields.
    pub fn new(fields: usize, predicates: &[Predicate]) -> Measurements {
        let clock = (0..200).map(|_| {
            let begin = Instant::now();
            begin.elapsed().as_nanos()
        });
        Measurements {
            predicates: vec![Cell::new(Tally::default()); predicates.len()].into(),
            fields: vec![Cell::new(Tally::default()); fields].into(),
            slots: predicates.iter().map(slots).collect(),
            events: Cell::new(0),
            clock: clock.min().unwrap_or(0) as f64,
        }
    }

    /// Of a predicate.
    pub fn predicate(&self, predicate: usize) -> Tally {
        self.predicates.get(predicate).map(Cell::get).unwrap_or_default()
    }

    /// Of the extraction of a field.
    pub fn field(&self, slot: usize) -> Tally {
        self.fields.get(slot).map(Cell::get).unwrap_or_default()
    }

    /// Nanoseconds of all extractions of a field, if those that were not timed took as long.
    pub fn extraction(&self, slot: usize) -> f64 {
        self.field(slot).nanoseconds * SAMPLE as f64
    }

    /// The fields of a predicate.
    pub fn slots(&self, predicate: usize) -> &[u32] {
        self.slots.get(predicate).map_or(&[], |slots| slots)
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

    /// Makes a test, counts it, and times it if that is wanted.
    pub(super) fn test<E: Event + ?Sized>(&self, run: &Run<'_, '_, E>, predicate: u32, timed: bool) -> bool {
        let index = predicate as usize;
        if timed && !run.is_answered(predicate) {
            for slot in self.slots[index].iter().filter(|slot| !run.frame.has(**slot as usize)) {
                let begin = Instant::now();
                run.frame.extract(*slot as usize);
                self.time(&self.fields[*slot as usize], begin);
            }
        }
        let begin = timed.then(Instant::now);
        let held = run.test(predicate);
        let cell = &self.predicates[index];
        if let Some(begin) = begin {
            self.time(cell, begin);
        }
        let mut tally = cell.get();
        tally.evaluated += 1;
        tally.held += u64::from(held);
        cell.set(tally);
        held
    }

    fn time(&self, cell: &Cell<Tally>, begin: Instant) {
        let passed = begin.elapsed().as_nanos() as f64;
        let mut tally = cell.get();
        tally.timed += 1;
        tally.nanoseconds += (passed - self.clock).max(0.0);
        cell.set(tally);
    }
}

fn slots(predicate: &Predicate) -> Box<[u32]> {
    let mut slots = Vec::new();
    predicate_slots(predicate, &mut slots);
    slots.sort_unstable();
    slots.dedup();
    slots.into()
}
