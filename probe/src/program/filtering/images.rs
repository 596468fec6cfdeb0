//! What user space has told of the task's image.

use super::super::emit::{Emit, Written};
use super::super::output::Maps;
use super::{Filtering, cell};
use crate::asm::{Cond, Helper, Reg, Size};
use crate::filter::bits::value;
use peregrine_schema::capture::Who;

use Reg::{R0, R1, R2, R7, R9, R10};

impl Emit<'_> {
    /// Brings the words of bits that are asked for into their cells. Uses R0 to R5, and R9. Of threads other than the
    /// first nothing is known: one that began when its process had another name or other arguments than at the exec
    /// keeps them, under the same image.
    pub(super) fn image_facts(&mut self, maps: &Maps, filtering: &Filtering<'_>) -> Written {
        let words = filtering.filter.words();
        let (unknown, known) = (self.a.label("image not known"), self.a.label("bits"));
        let mark = self.a.mark();
        if let Some(bits) = filtering.bits {
            let [key, first] = ["image", "first image"].map(|name| self.a.slot(name, 8, 8));
            self.trusted_task(R9, Who::Subject);
            self.is_thread(R9, unknown)?;
            self.image(maps, first)?;
            self.a.store(Size::B8, R10, key.at(0), R0);
            self.a.load_map(R1, bits).slot_address(R2, key, 0).call(Helper::MapLookupElem);
            self.a.jump_if(Cond::Eq, R0, 0, unknown);
            for word in &words {
                let (may, may_not) = cells(*word);
                self.a.load(Size::B8, R1, R0, value::BITS + 8 * *word as i16).store(Size::B8, R7, may, R1);
                self.a.xor(R1, -1).store(Size::B8, R7, may_not, R1);
            }
            self.a.load(Size::B8, R1, R0, value::IMAGE).load(Size::B8, R2, R10, key.at(0));
            self.a.jump_if(Cond::Eq, R1, R2, known).bind(unknown);
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
}

/// The cells of a word.
const fn cells(word: u32) -> (i16, i16) {
    (cell::MAY + 8 * word as i16, cell::MAY_NOT + 8 * word as i16)
}
