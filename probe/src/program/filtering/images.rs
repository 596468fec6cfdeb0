//! What user space has told of the task and its image.
//!
//! ```text
//! place of the CPU ─ this task, no exec since, nothing told otherwise ─► bits
//!       └─ else: image, thread ─► what is told ─► kept in the place ─► bits
//! ```

use super::super::emit::{Emit, Written};
use super::super::output::Maps;
use super::{Filtering, cell};
use crate::asm::{Cond, Helper, Label, Reg, Size, Slot};
use crate::filter::bits::{BitMaps, PLACES_SHIFT, place, value};
use peregrine_schema::capture::Who;
use std::collections::BTreeSet;

use Reg::{R0, R1, R2, R7, R8, R9, R10};

/// Where what tells a task from others is kept: its address, and [`place::EXECS`] to [`place::VERSION`].
#[derive(Clone, Copy)]
struct Kept {
    /// Number of the place.
    number: Slot,
    facts: [(i16, Slot); 4],
}

impl Emit<'_> {
    /// Brings the words of bits that are asked for into their cells. Uses R0 to R5, R8 and R9.
    pub(super) fn image_facts(&mut self, maps: &Maps, filtering: &Filtering<'_>) -> Written {
        let words = filtering.filter.words();
        let (unknown, known) = (self.a.label("task not known"), self.a.label("bits"));
        let mark = self.a.mark();
        if let Some(bits) = filtering.bits {
            let kept =
                if self.finds_caller().is_some() { Some(self.known_before(maps, bits, &words, known)?) } else { None };
            let key = self.a.slot("image and thread", 16, 8);
            self.told(maps, bits, key, &words, unknown)?;
            if let Some(kept) = kept {
                self.keep_bits(bits, kept, key, known);
            }
            self.a.jump(known).bind(unknown);
        }
        for word in &words {
            let (may, may_not) = cells(*word);
            self.a.store(Size::B8, R7, may, -1).store(Size::B8, R7, may_not, -1);
        }
        if filtering.bits.is_some() {
            self.a.bind(known);
        }
        self.a.release(mark);
        Ok(())
    }

    /// Takes the bits that were kept of the caller and goes to `known`; if there are none, goes on behind. Uses R0 to R5,
    /// and R9.
    fn known_before(
        &mut self,
        maps: &Maps,
        bits: BitMaps,
        words: &BTreeSet<u32>,
        known: Label,
    ) -> Result<Kept, super::super::GenerateError> {
        let number = self.a.slot("place", 4, 4);
        let names = ["task", "execs", "start", "version"].map(|name| self.a.slot(name, 8, 8));
        let offsets = [place::TASK, place::EXECS, place::START, place::VERSION];
        let kept = Kept { number, facts: std::array::from_fn(|at| (offsets[at], names[at])) };
        let [task, execs, start, version] = names;
        self.caller(maps)?;
        self.walk(R0, R9, "task_struct.self_exec_id")?;
        self.a.store(Size::B8, R10, execs.at(0), R0);
        self.walk(R0, R9, "task_struct.start_boottime")?;
        self.a.store(Size::B8, R10, start.at(0), R0);
        self.a.load_map_value(R1, bits.version, 0).load(Size::B8, R0, R1, 0).store(Size::B8, R10, version.at(0), R0);
        // Through the filter's memory, which makes a number of the address.
        self.a.store(Size::B8, R7, cell::WORK, R9).load(Size::B8, R0, R7, cell::WORK);
        self.a.store(Size::B8, R10, task.at(0), R0);
        self.place_of(R0, PLACES_SHIFT);
        self.a.store(Size::B4, R10, number.at(0), R1);
        let other = self.a.label("not kept");
        self.a.load_map(R1, bits.known).slot_address(R2, number, 0).call(Helper::MapLookupElem);
        self.a.jump_if(Cond::Eq, R0, 0, other);
        for (offset, slot) in kept.facts {
            self.a.load(Size::B8, R1, R0, offset).load(Size::B8, R2, R10, slot.at(0)).jump_if(Cond::Ne, R1, R2, other);
        }
        for word in words {
            self.a.load(Size::B8, R1, R0, place::BITS + 8 * *word as i16);
            self.put_word(*word);
        }
        self.a.jump(known).bind(other);
        Ok(kept)
    }

    /// Takes what is told, `R8 =` its value; goes to `unknown` if nothing is. Uses R0 to R5, and R9.
    fn told(&mut self, maps: &Maps, bits: BitMaps, key: Slot, words: &BTreeSet<u32>, unknown: Label) -> Written {
        let [first, began] = ["first image", "began"].map(|name| self.a.slot(name, 8, 8));
        self.trusted_task(R9, Who::Subject);
        self.walk(R0, R9, "task_struct.pid")?;
        self.a.store(Size::B8, R10, key.at(8), R0);
        self.walk(R0, R9, "task_struct.start_boottime")?;
        let boot = self.k.boot_time;
        self.a.load_const(R1, boot).add(R0, R1).store(Size::B8, R10, began.at(0), R0);
        self.walk(R9, R9, "task_struct.group_leader")?;
        self.image(maps, first)?;
        self.a.store(Size::B8, R10, key.at(0), R0);
        self.a.load_map(R1, bits.told).slot_address(R2, key, 0).call(Helper::MapLookupElem);
        self.a.jump_if(Cond::Eq, R0, 0, unknown).mov(R8, R0);
        self.a.load(Size::B8, R1, R8, value::SINCE).load(Size::B8, R2, R10, began.at(0));
        self.a.jump_if(Cond::Gt, R2, R1, unknown);
        for word in words {
            self.a.load(Size::B8, R1, R8, value::BITS + 8 * *word as i16);
            self.put_word(*word);
        }
        self.still(key, unknown);
        Ok(())
    }

    /// Goes to `unknown` if the value at R8 is no longer that of the key. Uses R1 and R2.
    fn still(&mut self, key: Slot, unknown: Label) {
        for (at, of_key) in [(value::IMAGE, 0), (value::THREAD, 8)] {
            self.a.load(Size::B8, R1, R8, at).load(Size::B8, R2, R10, key.at(of_key)).jump_if(
                Cond::Ne,
                R1,
                R2,
                unknown,
            );
        }
    }

    /// Keeps all bits of the value at R8 in the caller's place, unless it is no longer that of the key. Uses R0 to R5.
    fn keep_bits(&mut self, bits: BitMaps, kept: Kept, key: Slot, known: Label) {
        self.a.load_map(R1, bits.known).slot_address(R2, kept.number, 0).call(Helper::MapLookupElem);
        self.a.jump_if(Cond::Eq, R0, 0, known).store(Size::B8, R0, place::TASK, 0);
        for word in 0..bits.words as i16 {
            self.a.load(Size::B8, R1, R8, value::BITS + 8 * word).store(Size::B8, R0, place::BITS + 8 * word, R1);
        }
        self.still(key, known);
        // The task last.
        for (offset, slot) in kept.facts.into_iter().rev() {
            self.a.load(Size::B8, R1, R10, slot.at(0)).store(Size::B8, R0, offset, R1);
        }
    }

    /// Puts the word in R1 into its cells.
    fn put_word(&mut self, word: u32) {
        let (may, may_not) = cells(word);
        self.a.store(Size::B8, R7, may, R1).xor(R1, -1).store(Size::B8, R7, may_not, R1);
    }
}

/// The cells of a word.
const fn cells(word: u32) -> (i16, i16) {
    (cell::MAY + 8 * word as i16, cell::MAY_NOT + 8 * word as i16)
}
