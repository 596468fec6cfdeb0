//! Functions that are known to find nothing on an event.
//!
//! Where a function has looked at nothing but what is known of the process image, what the event's descriptor is, and the
//! flags of an opening call ([`Flags`](super::plan::Flags)), and no rule matched, it will do the same on every event with
//! these three. That is remembered in a table of fixed size, in which a later outcome drives an earlier one out. Functions
//! whose outcomes hardly ever come again are left alone for a while.

use crate::value::FactsKey;

/// Outcomes that are remembered; a power of two.
const PLACES: usize = 4096;
/// Credit of a function: what a known outcome gives and one that is not known takes.
const KNOWN: i32 = 2;
const NEW: i32 = 1;
const MOST: i32 = 256;
/// Events of a function without credit until it is tried again.
const PAUSE: i32 = 1 << 14;

/// What a function's outcome may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) function: u32,
    pub(super) flags: u32,
    pub(super) image: FactsKey,
    /// Only if the function asks about it.
    pub(super) file: Option<FactsKey>,
}

/// The outcomes of one worker in which nothing was found.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    places: Vec<Option<Outcome>>,
    /// By function: above 0 it is tried, below it waits.
    credit: Vec<i32>,
}

impl Outcomes {
    /// For a program with so many functions.
    pub(super) fn new(functions: usize) -> Outcomes {
        Outcomes { places: vec![None; PLACES], credit: vec![MOST; functions] }
    }

    /// Whether it pays to ask for the outcome of a function.
    #[inline]
    pub(super) fn are_tried(&mut self, function: u32) -> bool {
        let Some(credit) = self.credit.get_mut(function as usize) else { return false };
        if *credit > 0 {
            return true;
        }
        *credit = if *credit == -PAUSE { MOST } else { *credit - 1 };
        false
    }

    /// Whether the function is known to find nothing.
    #[inline]
    pub(super) fn is_nothing(&mut self, outcome: &Outcome) -> bool {
        let credit = &mut self.credit[outcome.function as usize];
        let known = self.places[outcome.place()].as_ref() == Some(outcome);
        *credit = if known { MOST.min(*credit + KNOWN) } else { *credit - NEW };
        known
    }

    /// The function found nothing.
    pub(super) fn set_nothing(&mut self, outcome: Outcome) {
        self.places[outcome.place()] = Some(outcome);
    }
}

impl Outcome {
    #[inline]
    fn place(&self) -> usize {
        let file = self.file.map_or(0, |file| file.slot);
        let number = u64::from(file) ^ u64::from(self.image.slot) << 20 ^ u64::from(self.function) << 40;
        ((number ^ u64::from(self.flags) << 52).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize % PLACES
    }
}
