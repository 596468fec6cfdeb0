//! The answers of one event, kept where native code can read them.
//!
//! ```text
//! Pad     answers: [Answer; fields]    memo: [u32; predicates]    lists: [Listed; groups]    epoch: u32
//! Answer  u32 epoch | u32 kind | u64 a | u64 b                                   24 bytes
//! memo    (epoch << 1) | holds
//! Listed  u32 epoch | u32 length | u32 from | u32 in the group's lists or made   16 bytes
//! ```
//!
//! `a` and `b` are the number, or address and length of text, bytes, address or list. An entry counts only if its epoch
//! is the pad's, so nothing is cleared between events; the epoch counts to 2³¹ and then everything is cleared once.
//! What lives longer than an event is in the pad's [`Store`]s and [`Outcomes`].

use super::kept::{Answers, Store};
use super::measure::Measurements;
use super::outcomes::Outcomes;
use crate::value::{Event, FactsKey, Value};
use std::cell::{Cell, OnceCell, RefCell};

/// Kinds of answers, as seen by native code.
pub mod kind {
    #![allow(missing_docs, reason = "named like the variants of Value")]
    pub const MISSING: u32 = 0;
    pub const BOOL: u32 = 1;
    pub const INT: u32 = 2;
    pub const UINT: u32 = 3;
    pub const DOUBLE: u32 = 4;
    pub const STR: u32 = 5;
    pub const BYTES: u32 = 6;
    pub const IP: u32 = 7;
    pub const LIST: u32 = 8;
}

/// A field's value for the event of `epoch`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Answer {
    pub(super) epoch: u32,
    pub(super) kind: u32,
    pub(super) a: u64,
    pub(super) b: u64,
}

impl Answer {
    fn new(epoch: u32, value: Option<Value<'_>>) -> Answer {
        let slice = |kind, b: &[u8]| (kind, b.as_ptr() as u64, b.len() as u64);
        let (kind, a, b) = match value {
            None => (kind::MISSING, 0, 0),
            Some(Value::Bool(v)) => (kind::BOOL, u64::from(v), 0),
            Some(Value::Int(v)) => (kind::INT, v as u64, 0),
            Some(Value::Uint(v)) => (kind::UINT, v, 0),
            Some(Value::Double(v)) => (kind::DOUBLE, v.to_bits(), 0),
            Some(Value::Str(v)) => slice(kind::STR, v),
            Some(Value::Bytes(v)) => slice(kind::BYTES, v),
            Some(Value::Ip(v)) => slice(kind::IP, v),
            Some(Value::List(v)) => (kind::LIST, v.as_ptr() as u64, v.len() as u64),
        };
        Answer { epoch, kind, a, b }
    }

    /// The value again.
    ///
    /// # Safety
    /// The answer was made from a value that lives for `'e`.
    #[expect(unsafe_code, reason = "answers hold borrowed memory by address, for native code")]
    unsafe fn value<'e>(self) -> Option<Value<'e>> {
        let bytes = || {
            // SAFETY: `a` and `b` came from a slice that lives for `'e`, says the caller.
            unsafe { std::slice::from_raw_parts(self.a as *const u8, self.b as usize) }
        };
        Some(match self.kind {
            kind::BOOL => Value::Bool(self.a != 0),
            kind::INT => Value::Int(self.a as i64),
            kind::UINT => Value::Uint(self.a),
            kind::DOUBLE => Value::Double(f64::from_bits(self.a)),
            kind::STR => Value::Str(bytes()),
            kind::BYTES => Value::Bytes(bytes()),
            kind::IP => Value::Ip(bytes()),
            kind::LIST => {
                // SAFETY: as above; the slice held values that live for `'e`.
                Value::List(unsafe { std::slice::from_raw_parts(self.a as *const Value<'e>, self.b as usize) })
            }
            _ => return None,
        })
    }
}

/// Where the list of a group's predicates that hold lies.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Listed {
    /// Epoch of the event; in images 1 once known.
    pub(super) epoch: u32,
    /// Entries.
    pub(super) len: u32,
    /// First entry.
    pub(super) from: u32,
    /// Not 0: in the made lists of the event or image, else in the group's own.
    pub(super) made: u32,
}

/// An earlier value by fingerprint: what a predicate said of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recognised {
    pub(super) fingerprint: u64,
    /// 0 nothing yet, 1 fails, 2 holds.
    pub(super) state: u8,
}

/// Fingerprints remembered per predicate.
pub(super) const RECOGNISED: usize = 8;

/// What is remembered for a predicate.
pub(super) type RecognisedValues = Box<[Cell<Recognised>; RECOGNISED]>;

/// Memory for the answers of one event after the other; one per worker.
#[derive(Debug)]
pub struct Pad {
    /// The plan that made it; 0 none.
    pub(super) plan: u64,
    pub(super) answers: Box<[Cell<Answer>]>,
    pub(super) memo: Box<[Cell<u32>]>,
    pub(super) lists: Box<[Cell<Listed>]>,
    /// Lists put together for the event.
    pub(super) made: RefCell<Vec<u32>>,
    /// By predicate, made on first use.
    pub(super) recognised: Box<[OnceCell<RecognisedValues>]>,
    /// Answers about process images.
    pub(super) images: Store,
    /// Answers about descriptors.
    pub(super) files: Store,
    /// What functions of the program found out about both.
    pub(super) outcomes: Outcomes,
    /// Rules found, in any order.
    pub(super) found: RefCell<Vec<u32>>,
    pub(super) epoch: u32,
    /// What is counted and timed, if anything is.
    pub(super) measurements: Option<Box<Measurements>>,
}

impl Default for Pad {
    /// For no program.
    fn default() -> Pad {
        Pad::new(0, [0; 4], [Store::new(0, 0), Store::new(0, 0)])
    }
}

impl Pad {
    /// For a plan with so many fields, predicates, groups and functions, and answers about images and files.
    pub(super) fn new(
        plan: u64,
        [fields, predicates, groups, functions]: [usize; 4],
        [images, files]: [Store; 2],
    ) -> Pad {
        Pad {
            plan,
            answers: vec![Cell::new(Answer::default()); fields].into(),
            memo: vec![Cell::new(0); predicates].into(),
            lists: vec![Cell::new(Listed::default()); groups].into(),
            made: RefCell::default(),
            recognised: (0..predicates).map(|_| OnceCell::new()).collect(),
            images,
            files,
            outcomes: Outcomes::new(functions),
            found: RefCell::default(),
            epoch: 0,
            measurements: None,
        }
    }

    /// What has been counted and timed.
    pub fn measurements(&self) -> Option<&Measurements> {
        self.measurements.as_deref()
    }

    /// Forgets all answers of the event.
    fn advance(&mut self) {
        self.epoch += 1;
        self.made.get_mut().clear();
        self.found.get_mut().clear();
        self.images.advance();
        self.files.advance();
        if self.epoch >= 1 << 31 {
            self.answers.fill(Cell::new(Answer::default()));
            self.memo.fill(Cell::new(0));
            self.lists.fill(Cell::new(Listed::default()));
            self.epoch = 1;
        }
    }
}

/// An event seen through a pad: every field is asked for at most once.
pub struct Frame<'e, E: ?Sized> {
    event: &'e E,
    pub(super) pad: &'e Pad,
    image: Cell<Option<&'e Answers>>,
    file: Cell<Option<&'e Answers>>,
}

impl<'e, E: Event + ?Sized> Frame<'e, E> {
    /// Starts a new event.
    pub fn new(event: &'e E, pad: &'e mut Pad) -> Frame<'e, E> {
        pad.advance();
        Frame { event, pad, image: Cell::new(None), file: Cell::new(None) }
    }

    /// Says what the event would say of its image and its descriptor; gives what has been answered about the latter.
    #[inline]
    pub(super) fn tell(&self, image: FactsKey, file: Option<FactsKey>) -> Option<&'e Answers> {
        self.image.set(Some(self.pad.images.about(Some(image))));
        self.file.set(file.map(|_| self.pad.files.about(file)));
        self.file.get()
    }

    /// What has been answered about the process image.
    #[inline]
    pub(super) fn image(&self) -> &'e Answers {
        self.image.get().unwrap_or_else(|| {
            let image = self.pad.images.about(self.event.image());
            self.image.set(Some(image));
            image
        })
    }

    /// What has been answered about the descriptor.
    #[inline]
    pub(super) fn file(&self) -> &'e Answers {
        self.file.get().unwrap_or_else(|| {
            let file = self.pad.files.about(self.event.file());
            self.file.set(Some(file));
            file
        })
    }

    /// Whether the field has been asked for.
    pub fn has(&self, slot: usize) -> bool {
        self.pad.answers[slot].get().epoch == self.pad.epoch
    }

    /// Asks the event for a field and stores the answer.
    #[inline]
    pub fn extract(&self, slot: usize) -> Option<Value<'_>> {
        let value = self.event.field(slot);
        self.pad.answers[slot].set(Answer::new(self.pad.epoch, value));
        value
    }

    /// The remembered answer to a predicate.
    pub fn remembered(&self, predicate: usize) -> Option<bool> {
        let memo = self.pad.memo[predicate].get();
        (memo >> 1 == self.pad.epoch).then_some(memo & 1 == 1)
    }

    /// Remembers the answer to a predicate.
    pub fn remember(&self, predicate: usize, holds: bool) {
        self.pad.memo[predicate].set(self.pad.epoch << 1 | u32::from(holds));
    }
}

impl<E: Event + ?Sized> Event for Frame<'_, E> {
    fn code(&self) -> u16 {
        self.event.code()
    }

    #[expect(unsafe_code, reason = "reads back what it stored")]
    fn field(&self, slot: usize) -> Option<Value<'_>> {
        let answer = self.pad.answers[slot].get();
        if answer.epoch == self.pad.epoch {
            // SAFETY: an answer of this epoch was stored below, from a value borrowed from `self.event`,
            // which outlives the frame; the pad is borrowed for as long as the frame lives.
            return unsafe { answer.value() };
        }
        self.extract(slot)
    }

    fn fingerprint(&self, slot: usize) -> Option<u64> {
        self.event.fingerprint(slot)
    }

    fn scratch(&self) -> &bumpalo::Bump {
        self.event.scratch()
    }
}
