//! Descriptors of `poll` and `ppoll`.
//!
//! ```text
//! pollfd   0 descriptor:i32   4 requested:u16   6 returned:u16                       8 bytes, at most MAX_POLLFDS
//! record   0 count:u16, then for each: descriptor:i64 returned:i16 (capture's flags)
//! ```

use super::emit::Emit;
use super::layout::{SPARE, SPARE_AT};
use crate::asm::{Cond, Helper, Reg, Size};
use peregrine_schema::capture::{Int, MAX_POLLFDS, maps};

use Reg::{R0, R1, R2, R3, R7, R9, R10};

/// Bytes of a `struct pollfd`.
const POLLFD: usize = 8;
/// Bytes of the record for one descriptor, and for their number.
const PAIR: usize = 10;
const COUNT: usize = 2;
const _: () = assert!(MAX_POLLFDS * POLLFD <= SPARE, "the descriptors fit behind the record");

impl Emit<'_> {
    /// The descriptors in user memory at the address in one argument, as many as another says.
    pub(super) fn pollfds(&mut self, pointer: u8, count: u8) {
        let (few, done) = (self.a.label("few descriptors"), self.a.label("descriptors"));
        let (have, written) = (self.a.label("have descriptors"), self.a.slot("descriptors", 8, 8));
        self.room(COUNT + MAX_POLLFDS * PAIR);
        self.argument(R9, count);
        self.a.mov32(R9, R9).jump_if(Cond::Le, R9, MAX_POLLFDS as i32, few).mov(R9, MAX_POLLFDS as i32).bind(few);
        self.argument(R3, pointer);
        self.a.mov(R2, R9).lsh(R2, 3).mov(R1, R7).add(R1, SPARE_AT as i32).call(Helper::ProbeReadUser);
        self.a.jump_if(Cond::Eq, R0, 0, have).mov(R9, 0).bind(have);
        self.here(R1);
        self.a.store(Size::B2, R1, 0, R9).store(Size::B8, R10, written.at(0), R9);
        for index in 0..MAX_POLLFDS {
            self.a.load(Size::B8, R9, R10, written.at(0)).jump_if(Cond::Le, R9, index as i32, done);
            self.pollfd(index);
        }
        self.a.bind(done).load(Size::B8, R0, R10, written.at(0)).mul(R0, PAIR as i32).add(R0, COUNT as i32);
        self.put_at_most(COUNT + MAX_POLLFDS * PAIR);
    }

    /// Descriptor `index` of those behind the record, to its place in the parameter. Uses R0 to R3.
    fn pollfd(&mut self, index: usize) {
        let (from, to) = ((index * POLLFD) as i16, (COUNT + index * PAIR) as i16);
        self.a.mov(R3, R7).add(R3, SPARE_AT as i32).load(Size::B4, R0, R3, from);
        self.extend(Int::S32);
        self.here(R1);
        self.a.store(Size::B8, R1, to, R0).load(Size::B2, R0, R3, from + 6);
        self.map(&maps::POLL);
        self.here(R1);
        self.a.store(Size::B2, R1, to + 8, R0);
    }
}
