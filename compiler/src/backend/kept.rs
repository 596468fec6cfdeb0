//! Answers that outlive an event: predicates whose fields say only what is known of the process image, or only what the
//! event's descriptor is.
//!
//! ```text
//! Answers  states: [u8; predicates]   0 not asked yet, 1 fails, 2 holds
//!          lists:  [Listed; groups]   epoch 1: known
//! ```
//!
//! Predicates and groups are counted by lifetime ([`Planned::place`](super::plan::Planned::place)). Answers are found by
//! the slot of their facts and count as long as the version is the same ([`FactsKey`]); whatever changes a fact changes
//! the version, and the answers are asked for anew, one by one, when they are needed. Events without such facts get
//! transient answers, which are forgotten with the event. Memory is bounded: beyond [`MOST_BYTES`] everything is
//! forgotten once.

use super::frame::Listed;
use crate::value::FactsKey;
use std::cell::{Cell, OnceCell, RefCell};

/// Bytes of all answers of a lifetime, of one worker.
const MOST_BYTES: usize = 16 << 20;

/// The answers of one lifetime, of one worker.
#[derive(Debug)]
pub struct Store {
    predicates: usize,
    groups: usize,
    /// By slot of the facts, as far as slots have been seen.
    known: Vec<OnceCell<Box<Answers>>>,
    bytes: Cell<usize>,
    /// Slots that the next event needs to have a place.
    wanted: Cell<usize>,
    /// For events without facts, and those whose slot has no place yet.
    transient: Box<Answers>,
}

/// What was answered about the facts of a version.
#[derive(Debug)]
pub(super) struct Answers {
    version: Cell<u64>,
    pub(super) states: Box<[Cell<u8>]>,
    pub(super) lists: Box<[Cell<Listed>]>,
    pub(super) made: RefCell<Vec<u32>>,
}

impl Answers {
    fn new(predicates: usize, groups: usize, version: u64) -> Box<Answers> {
        Box::new(Answers {
            version: Cell::new(version),
            states: vec![Cell::new(0); predicates].into(),
            lists: vec![Cell::new(Listed::default()); groups].into(),
            made: RefCell::default(),
        })
    }

    #[inline(never)]
    fn forget(&self, version: u64) {
        self.version.set(version);
        self.states.iter().for_each(|state| state.set(0));
        self.lists.iter().for_each(|list| list.set(Listed::default()));
        self.made.borrow_mut().clear();
    }
}

impl Store {
    pub(super) fn new(predicates: usize, groups: usize) -> Store {
        Store {
            predicates,
            groups,
            known: Vec::new(),
            bytes: Cell::new(0),
            wanted: Cell::new(0),
            transient: Answers::new(predicates, groups, 0),
        }
    }

    /// The next event begins.
    #[inline]
    pub(super) fn advance(&mut self) {
        if self.wanted.get() > self.known.len() || self.bytes.get() > MOST_BYTES {
            self.make_room();
        }
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        if self.bytes.get() > MOST_BYTES {
            self.known.clear();
            self.bytes.set(0);
        }
        self.known.resize_with(self.wanted.get().next_power_of_two(), OnceCell::new);
    }

    /// The answers about the facts that `key` names. To be asked for once per event: transient ones begin empty.
    #[inline]
    pub(super) fn about(&self, key: Option<FactsKey>) -> &Answers {
        let Some(FactsKey { slot, version }) = key else { return self.no_place(0) };
        let Some(place) = self.known.get(slot as usize) else { return self.no_place(slot as usize + 1) };
        let answers = place.get_or_init(|| {
            let size = size_of::<Answers>() + self.predicates + self.groups * size_of::<Listed>();
            self.bytes.set(self.bytes.get() + size);
            Answers::new(self.predicates, self.groups, version)
        });
        if answers.version.get() != version {
            answers.forget(version);
        }
        answers
    }

    /// Transient answers; the next event needs places for so many slots.
    #[cold]
    #[inline(never)]
    fn no_place(&self, slots: usize) -> &Answers {
        self.wanted.set(self.wanted.get().max(slots));
        self.transient.forget(0);
        &self.transient
    }
}
