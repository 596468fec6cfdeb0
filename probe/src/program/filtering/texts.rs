//! Texts: read once, each byte looked at once by each automaton.
//!
//! What must hold: the loop's turns and the reads in it are bounded for the verifier by the length of the memory, the
//! offsets of rows by a mask; it looks at about 20 instructions for each of 255 turns.

use super::super::emit::{Emit, Written};
use super::{Filtering, cell};
use crate::asm::{Cond, Helper, Reg, Size};
use crate::filter::automaton::{CLASSES, Table, row};
use crate::filter::texts::fact;
use std::os::fd::RawFd;

use Reg::{R0, R1, R2, R3, R4, R5, R7, R8, R9};

impl Emit<'_> {
    /// Brings the facts about all texts into their cells. Uses R0 to R5, R8 and R9.
    pub(super) fn text_facts(&mut self, filtering: &Filtering<'_>) -> Written {
        for text in &filtering.filter.texts {
            if text.tables.is_empty() {
                continue;
            }
            let unread = self.a.label("text unknown");
            self.a.comment(format!("text of {}", self.event.params[usize::from(text.param)].name));
            let numbers = text.first..text.first + text.tables.len();
            for number in numbers.clone() {
                self.a.store(Size::B8, R7, facts(number), fact::UNKNOWN as i32);
            }
            self.tests(text.capture.when, unread)?;
            self.argument(R3, text.pointer);
            self.a.mov(R1, R7).add(R1, i32::from(cell::TEXT)).mov(R2, cell::TEXT_BYTES);
            self.a.call(Helper::ProbeReadUserStr).jump_if(Cond::Sle, R0, 0, unread);
            self.a.comment("longer ones may be cut").jump_if(Cond::Sge, R0, cell::TEXT_BYTES, unread);
            self.a.sub(R0, 1).store(Size::B8, R7, cell::LENGTH, R0);
            self.meet();
            for (number, table) in numbers.zip(&text.tables) {
                let map = filtering.tables.get(number).copied().unwrap_or(-1);
                self.automaton(table, map, facts(number));
            }
            self.a.bind(unread);
        }
        Ok(())
    }

    /// Runs an automaton over the bytes of the text. Uses R0 to R5, R8 and R9.
    fn automaton(&mut self, table: &Table, map: RawFd, facts: i16) {
        let done = self.a.label("text over");
        let mask = table.mask().cast_signed();
        self.a.load_map_value(R3, map, 0).load_map_value(R4, map, CLASSES as u32);
        self.a.load_const(R5, table.first()).mov(R1, 0).mov(R2, 0);
        // Read again for each automaton: the end of a loop tells the verifier how long the text is, and it would look at
        // the next loop once for each length.
        self.a.load(Size::B8, R9, R7, cell::LENGTH).and(R9, cell::TEXT_BYTES - 1);
        let head = self.a.loop_head("next byte");
        self.a.jump_if(Cond::Ge, R1, R9, done);
        self.a.mov(R0, R7).add(R0, R1).load(Size::B1, R0, R0, cell::TEXT);
        self.a.comment("its class").mov(R8, R3).add(R8, R0).load(Size::B1, R0, R8, 0).lsh(R0, 2);
        self.a.comment("next row").add(R0, R4).add(R2, R0).load(Size::B4, R2, R2, row::NEXT).and(R2, mask);
        self.a.mov(R0, R4).add(R0, R2);
        self.a.load(Size::B8, R8, R0, row::KEEP).and(R5, R8).load(Size::B8, R8, R0, row::SET).or(R5, R8);
        self.a.add(R1, 1).jump_if(Cond::Lt, R1, cell::TEXT_BYTES - 1, head);
        self.a.bind(done).add(R4, R2).load(Size::B8, R8, R4, row::LAST).or(R5, R8);
        self.a.xor(R5, fact::ABSOLUTE as i32).store(Size::B8, R7, facts, R5);
    }
}

/// Where the facts of an automaton lie.
const fn facts(number: usize) -> i16 {
    cell::FACTS + 8 * number as i16
}
