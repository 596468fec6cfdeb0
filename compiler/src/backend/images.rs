//! Answers that live as long as a process image: predicates whose fields say only what is known of the process.
//!
//! ```text
//! Image   states: [u8; predicates]   0 not asked yet, 1 fails, 2 holds
//!         lists:  [Listed; groups]   epoch 1: known
//! ```
//!
//! Images are found by the slot of their thread and count as long as the version is the same ([`ImageKey`]); whatever
//! changes a fact changes the version, and the answers are asked for anew, one by one, when they are needed. Events
//! without an image get a transient one, which is forgotten with the event. Memory is bounded: beyond
//! [`MOST_BYTES`] everything is forgotten once.

use super::frame::Listed;
use crate::value::ImageKey;
use std::cell::{Cell, RefCell};

/// Bytes of all images of a worker.
const MOST_BYTES: usize = 64 << 20;

/// The images of a worker.
#[derive(Debug)]
pub struct Images {
    predicates: usize,
    groups: usize,
    /// By slot of the thread.
    known: Vec<Option<Box<Image>>>,
    bytes: usize,
    /// For events without an image.
    transient: Box<Image>,
    /// Slot of the current event's image; `None`: the transient one.
    current: Option<usize>,
}

/// What is known of an image.
#[derive(Debug)]
pub(super) struct Image {
    version: u64,
    pub(super) states: Box<[Cell<u8>]>,
    pub(super) lists: Box<[Cell<Listed>]>,
    pub(super) made: RefCell<Vec<u32>>,
}

impl Image {
    fn new(predicates: usize, groups: usize, version: u64) -> Image {
        Image {
            version,
            states: vec![Cell::new(0); predicates].into(),
            lists: vec![Cell::new(Listed::default()); groups].into(),
            made: RefCell::default(),
        }
    }

    fn forget(&mut self, version: u64) {
        self.version = version;
        self.states.fill(Cell::new(0));
        self.lists.fill(Cell::new(Listed::default()));
        self.made.get_mut().clear();
    }
}

impl Images {
    pub(super) fn new(predicates: usize, groups: usize) -> Images {
        Images {
            predicates,
            groups,
            known: Vec::new(),
            bytes: 0,
            transient: Box::new(Image::new(predicates, groups, 0)),
            current: None,
        }
    }

    /// Whether images have room for so many predicates and groups.
    pub(super) fn fits(&self, predicates: usize, groups: usize) -> bool {
        self.predicates >= predicates && self.groups >= groups
    }

    /// Makes the image of an event the current one.
    #[inline]
    pub(super) fn choose(&mut self, key: Option<ImageKey>) {
        let Some(key) = key else {
            self.transient.forget(0);
            self.current = None;
            return;
        };
        let slot = key.slot as usize;
        self.current = Some(slot);
        match self.known.get_mut(slot) {
            Some(Some(image)) if image.version == key.version => {}
            Some(Some(image)) => image.forget(key.version),
            _ => self.add(slot, key.version),
        }
    }

    #[cold]
    fn add(&mut self, slot: usize, version: u64) {
        let size = size_of::<Image>() + self.predicates + self.groups * size_of::<Listed>();
        if self.bytes + size > MOST_BYTES {
            self.known.clear();
            self.bytes = 0;
        }
        if self.known.len() <= slot {
            self.known.resize_with(slot + 1, || None);
        }
        self.bytes += size;
        self.known[slot] = Some(Box::new(Image::new(self.predicates, self.groups, version)));
    }

    /// The current image.
    #[inline]
    pub(super) fn current(&self) -> &Image {
        self.current.and_then(|slot| self.known.get(slot)?.as_deref()).unwrap_or(&self.transient)
    }
}
