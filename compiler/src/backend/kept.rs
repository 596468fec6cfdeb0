//! Answers that outlive an event: predicates whose fields say only what is known of the process image, or only how the
//! event's descriptor is called.
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
    /// By slot of the facts; those of the current event are not there.
    known: RefCell<Vec<Option<Box<Answers>>>>,
    bytes: Cell<usize>,
    /// For events without facts, unless they are the current ones.
    transient: RefCell<Option<Box<Answers>>>,
    /// Of the current event, once asked for, and where they belong; `None`: transient.
    current: OnceCell<(Option<u32>, Box<Answers>)>,
}

/// What was answered about the facts of a version.
#[derive(Debug)]
pub(super) struct Answers {
    version: u64,
    pub(super) states: Box<[Cell<u8>]>,
    pub(super) lists: Box<[Cell<Listed>]>,
    pub(super) made: RefCell<Vec<u32>>,
}

impl Answers {
    fn new(predicates: usize, groups: usize, version: u64) -> Box<Answers> {
        Box::new(Answers {
            version,
            states: vec![Cell::new(0); predicates].into(),
            lists: vec![Cell::new(Listed::default()); groups].into(),
            made: RefCell::default(),
        })
    }

    fn forget(&mut self, version: u64) {
        self.version = version;
        self.states.fill(Cell::new(0));
        self.lists.fill(Cell::new(Listed::default()));
        self.made.get_mut().clear();
    }
}

impl Store {
    pub(super) fn new(predicates: usize, groups: usize) -> Store {
        Store {
            predicates,
            groups,
            known: RefCell::default(),
            bytes: Cell::new(0),
            transient: RefCell::default(),
            current: OnceCell::new(),
        }
    }

    /// Whether the answers have room for so many predicates and groups.
    pub(super) fn fits(&self, predicates: usize, groups: usize) -> bool {
        self.predicates >= predicates && self.groups >= groups
    }

    /// The next event begins.
    #[inline]
    pub(super) fn advance(&mut self) {
        match self.current.take() {
            Some((None, answers)) => *self.transient.get_mut() = Some(answers),
            Some((Some(slot), answers)) => self.known.get_mut()[slot as usize] = Some(answers),
            None => {}
        }
    }

    /// The answers of the current event; `key` names its facts.
    #[inline]
    pub(super) fn current(&self, key: impl FnOnce() -> Option<FactsKey>) -> &Answers {
        if let Some((_, answers)) = self.current.get() {
            return answers;
        }
        &self.current.get_or_init(|| self.take(key())).1
    }

    fn take(&self, key: Option<FactsKey>) -> (Option<u32>, Box<Answers>) {
        let Some(FactsKey { slot, version }) = key else {
            let mut answers =
                self.transient.borrow_mut().take().unwrap_or_else(|| Answers::new(self.predicates, self.groups, 0));
            answers.forget(0);
            return (None, answers);
        };
        let mut known = self.known.borrow_mut();
        if known.len() <= slot as usize {
            known.resize_with(slot as usize + 1, || None);
        }
        let answers = match known[slot as usize].take() {
            Some(mut answers) => {
                if answers.version != version {
                    answers.forget(version);
                }
                answers
            }
            None => {
                let size = size_of::<Answers>() + self.predicates + self.groups * size_of::<Listed>();
                if self.bytes.get() + size > MOST_BYTES {
                    known.fill_with(|| None);
                    self.bytes.set(0);
                }
                self.bytes.set(self.bytes.get() + size);
                Answers::new(self.predicates, self.groups, version)
            }
        };
        (Some(slot), answers)
    }
}
