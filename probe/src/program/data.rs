//! Bytes that calls move: buffers, I/O vectors, messages and their control data.
//!
//! ```text
//! iovec     0 address   1 length                                                                   2 words
//! msghdr    0 name   1 namelen:u32   2 iov   3 iovlen   4 control   5 controllen   6 flags:u32     7 words
//! mmsghdr   0 msghdr   7 length:u32                                                                8 words
//! ```
//!
//! Words have 8 bytes, in 32-bit programs 4.
//!
//! An event that names [`Vector::Message`] is made once per message: the whole of the record is written in a loop whose
//! bound the verifier sees ([`Emit::each_message`]), so that neither `bpf_loop` nor types of functions are needed.
//!
//! What must hold: at most [`Capturing::most`] bytes of data are in an event, which is known when the program is
//! generated. A vector needs room for twice as many: the verifier knows how much was written and how much an element
//! adds, but not that their sum is bounded. What the turns of a loop hand on lies in [`cell`]s, so that the ways out of
//! it do not multiply.
//!
//! [`Capturing::most`]: super::Capturing

use super::compat::FEWER;
use super::emit::{Emit, Written};
use super::layout::{SPARE, SPARE_AT, cell};
use crate::asm::{Cond, Helper, Label, Reg, Size, Slot};
use peregrine_schema::capture::{
    Capture, Int, Length, Limit, MAX_IOVECS, MAX_MESSAGES, MAX_PARAM, Otherwise, Peer, Place, Source, Vector,
};

use Reg::{R0, R1, R2, R3, R4, R7, R8, R9, R10};

/// Bytes of one, a power of two, as a shift; and of a 32-bit program's.
const IOVEC_SHIFT: i32 = 4;
const SHORT_SHIFT: i32 = 3;
/// The bits that the bytes of all elements of a 32-bit program's vector may have.
const ALL_SHORT: i32 = ((MAX_IOVECS as i32) << (SHORT_SHIFT + 1)) - (1 << SHORT_SHIFT);
const _: () = assert!(MAX_IOVECS.is_power_of_two() && ALL_SHORT % FEWER == 0);
/// Where the vector of a 32-bit program is read to: so far behind that no element is written over before it is read.
const SHORT_AT: usize = SPARE_AT + (MAX_IOVECS << SHORT_SHIFT);
const _: () =
    assert!(SHORT_AT + (MAX_IOVECS << IOVEC_SHIFT) <= SPARE_AT + SPARE, "the verifier takes it for a long one");
/// Places in a `struct msghdr`, and its size, in words.
mod msghdr {
    pub(super) const NAME: i32 = 0;
    pub(super) const NAMELEN: i32 = 1;
    pub(super) const IOV: i32 = 2;
    pub(super) const IOVLEN: i32 = 3;
    pub(super) const CONTROL: i32 = 4;
    pub(super) const CONTROLLEN: i32 = 5;
    pub(super) const SIZE: i32 = 7;
}
/// Place of the length of a message in a `struct mmsghdr`, and the size of that structure, in words.
const MESSAGE_LENGTH: i32 = 7;
const MMSGHDR: i32 = 8;

/// The loop over the messages of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Messages {
    /// Argument with the address of the messages.
    pointer: u8,
    /// Number of the current message.
    index: Slot,
    /// Where the loop begins.
    head: Label,
    /// Where a message ends.
    pub(super) next: Label,
}

/// The argument with the messages that a recipe names.
fn messages_of(capture: &Capture) -> Option<u8> {
    let vector = match capture.source {
        Source::Data { place: Place::Vector(vector), .. } => Some(vector),
        Source::VectorSize(vector) | Source::Control(vector) => Some(vector),
        Source::Tuple { peer: Some(Peer::Name(vector)), .. } => Some(vector),
        _ => None,
    };
    match (vector, capture.otherwise) {
        (Some(Vector::Message(pointer)), _) => Some(pointer),
        (_, Otherwise::Capture(other)) => messages_of(other),
        _ => None,
    }
}

impl Emit<'_> {
    // ---- messages ----

    /// If the event is made for each message of the call: begins the loop. Its end is [`Emit::next_message`]'s.
    pub(super) fn each_message(&mut self) {
        let pointer = self.event.params.iter().filter_map(|p| p.capture.as_ref()).find_map(messages_of);
        let Some(pointer) = pointer else { return };
        let index = self.a.slot("message", 8, 8);
        self.a.store(Size::B8, R10, index.at(0), 0);
        let next = self.a.label("next message");
        let head = self.a.loop_head("message");
        self.a.mov(R8, 0);
        self.messages = Some(Messages { pointer, index, head, next });
    }

    /// The end of the loop over messages, if there is one. Of a call that moved none there is one event.
    pub(super) fn next_message(&mut self) {
        let Some(Messages { index, head, next, .. }) = self.messages else { return };
        let over = self.a.label("no more messages");
        self.a.bind(next);
        self.a.load(Size::B8, R1, R10, index.at(0)).add(R1, 1).store(Size::B8, R10, index.at(0), R1);
        self.a.jump_if(Cond::Ge, R1, MAX_MESSAGES as i32, over);
        self.result(R0);
        self.a.jump_if(Cond::Sle, R0, R1, over).jump(head);
        self.a.bind(over).mov(R0, 0).exit();
    }

    /// `R3 =` the address of a word of the current `mmsghdr`. Uses R0 and R1.
    fn message_at(&mut self, word: i32) -> Written {
        let Some(Messages { pointer, index, .. }) = self.messages else {
            return Err(self.no_recipe(Source::MessageLength));
        };
        self.argument(R3, pointer);
        self.bytes_of_words(R0, MMSGHDR, R1);
        self.a.load(Size::B8, R1, R10, index.at(0)).mul(R0, R1).add(R3, R0);
        self.add_words(R3, word);
        Ok(())
    }

    /// `R0 =` the bytes moved of the current message. Uses R1 to R5.
    pub(super) fn message_length(&mut self) -> Written {
        self.message_at(MESSAGE_LENGTH)?;
        self.read_user(Int::U32);
        Ok(())
    }

    /// `R3 =` the address that a call names, in user memory; 0 if none. Uses R0 to R5.
    pub(super) fn peer_pointer(&mut self, peer: Peer) -> Written {
        match peer {
            Peer::Arg(index) => self.argument(R3, index),
            Peer::Name(vector) => {
                self.header_at(vector, msghdr::NAME)?;
                self.read_word(false);
                self.a.mov(R3, R0);
            }
        }
        Ok(())
    }

    /// `R0 =` the length of that address, 32 bits: in the argument behind it, or in the header. Uses R1 to R5.
    pub(super) fn peer_length(&mut self, peer: Peer) -> Written {
        match peer {
            Peer::Arg(index) => {
                self.argument(R0, index + 1);
                self.a.mov32(R0, R0);
            }
            Peer::Name(vector) => {
                self.header_at(vector, msghdr::NAMELEN)?;
                self.read_user(Int::U32);
            }
        }
        Ok(())
    }

    /// `R3 =` the address of a word of a message's header. Uses R0 and R1.
    fn header_at(&mut self, vector: Vector, word: i32) -> Written {
        match vector {
            Vector::Header(pointer) => {
                self.argument(R3, pointer);
                self.add_words(R3, word);
            }
            Vector::Message(_) => self.message_at(word)?,
            Vector::Array { .. } => return Err(self.no_recipe(Source::Control(vector))),
        }
        Ok(())
    }

    /// Reads the header of a message into the memory behind the record; goes to `none` if it cannot be read. Uses R0 to
    /// R5.
    fn header(&mut self, vector: Vector, none: Label) -> Written {
        self.header_at(vector, 0)?;
        self.bytes_of_words(R2, msghdr::SIZE, R0);
        self.a.mov(R1, R7).add(R1, SPARE_AT as i32).call(Helper::ProbeReadUser).jump_if(Cond::Ne, R0, 0, none);
        Ok(())
    }

    /// `dst =` a word of the header that was read. Uses R0 and R1.
    fn header_word(&mut self, dst: Reg, word: i32) {
        self.a.mov(dst, R7).add(dst, SPARE_AT as i32);
        self.add_words(dst, word);
        self.a.load(Size::B8, dst, dst, 0);
        self.cut_word(dst, false, R1);
    }

    /// Control data of a message.
    pub(super) fn control(&mut self, vector: Vector) -> Written {
        let (none, done) = (self.a.label("no control data"), self.a.label("control data"));
        self.room(usize::from(MAX_PARAM));
        self.header(vector, none)?;
        self.header_word(R3, msghdr::CONTROL);
        self.a.jump_if(Cond::Eq, R3, 0, none);
        self.header_word(R9, msghdr::CONTROLLEN);
        if matches!(vector, Vector::Message(_)) {
            self.a.and(R9, i32::from(MAX_PARAM));
        }
        self.a.jump_if(Cond::Gt, R9, i32::from(MAX_PARAM), none);
        self.bytes_at(MAX_PARAM, none, done);
        Ok(())
    }

    // ---- buffers ----

    /// The R9 bytes, at most `most`, in user memory at the address in R3 are the parameter, if they can all be read; else
    /// it is empty. Binds both labels.
    fn bytes_at(&mut self, most: u16, none: Label, done: Label) {
        self.a.jump_if(Cond::Eq, R9, 0, none);
        self.here(R1);
        self.a.mov(R2, R9).call(Helper::ProbeReadUser).jump_if(Cond::Ne, R0, 0, none);
        self.a.mov(R0, R9).jump(done).bind(none).mov(R0, 0).bind(done);
        self.put_at_most(usize::from(most));
    }

    /// Bytes in user memory.
    pub(super) fn data(&mut self, place: Place, length: Length, limit: Limit) -> Written {
        let most = match limit {
            Limit::Param => MAX_PARAM,
            Limit::SnaplenByPort | Limit::SnaplenByContent => self.k.capturing.most(),
        };
        self.limit(limit, place)?;
        self.moved(length)?;
        match place {
            Place::Buffer(pointer) => {
                let (none, done) = (self.a.label("no data"), self.a.label("data"));
                self.room(usize::from(most));
                self.argument(R3, pointer);
                self.a.load(Size::B8, R9, R7, cell::LEFT).jump_if(Cond::Gt, R9, i32::from(most), none);
                self.bytes_at(most, none, done);
                Ok(())
            }
            Place::Vector(vector) => self.scattered(vector, most),
        }
    }

    /// Lowers the bytes that may be recorded to those that the call moved. Uses R0 to R5.
    fn moved(&mut self, length: Length) -> Written {
        let (fewer, done) = (self.a.label("fewer bytes"), self.a.label("bytes known"));
        match length {
            Length::Ret => self.result(R0),
            Length::RetOrArg(index) => {
                self.result(R0);
                self.a.jump_if(Cond::Sgt, R0, 0, fewer);
                self.argument(R0, index);
            }
            Length::RetOrAll => {
                self.result(R0);
                self.a.jump_if(Cond::Sle, R0, 0, done);
            }
            Length::Arg(index) => {
                self.argument(R0, index);
                self.a.and(R0, i32::from(u16::MAX));
            }
            Length::Message => self.message_length()?,
            Length::MessageOrAll => {
                self.message_length()?;
                self.a.jump_if(Cond::Eq, R0, 0, done);
            }
        }
        self.a.bind(fewer).load(Size::B8, R1, R7, cell::LEFT).jump_if(Cond::Le, R1, R0, done);
        self.a.store(Size::B8, R7, cell::LEFT, R0).bind(done);
        Ok(())
    }

    // ---- vectors ----

    /// Reads the elements of a vector into the memory behind the record, and how many are to be looked at into a cell.
    /// Goes to `no_header` if the message header cannot be read, to `no_vector` if the elements cannot. Uses R0 to R5,
    /// and R9.
    fn elements(&mut self, vector: Vector, no_header: Label, no_vector: Label) -> Written {
        let few = self.a.label("few elements");
        if let Vector::Array { pointer, count } = vector {
            self.argument(R3, pointer);
            self.argument(R9, count);
        } else {
            self.header(vector, no_header)?;
            self.header_word(R3, msghdr::IOV);
            self.header_word(R9, msghdr::IOVLEN);
        }
        self.a.jump_if(Cond::Le, R9, MAX_IOVECS as i32, few).mov(R9, MAX_IOVECS as i32).bind(few);
        self.a.store(Size::B8, R7, cell::COUNT, R9);
        // Long ones are twice as long. Older verifiers (6.1) know nothing of a product with a register.
        self.a.mov(R2, R9).lsh(R2, SHORT_SHIFT);
        match self.narrow {
            Some(narrow) => {
                self.fewer(R0, narrow);
                self.a.mul(R0, ALL_SHORT / FEWER).mov(R1, ALL_SHORT).sub(R1, R0).and(R1, R2).add(R2, R1);
            }
            None => {
                self.a.lsh(R2, IOVEC_SHIFT - SHORT_SHIFT);
            }
        }
        self.a.mov(R1, R7).add(R1, SPARE_AT as i32);
        if let Some(narrow) = self.narrow {
            self.fewer(R0, narrow);
            self.a.mul(R0, (SHORT_AT - SPARE_AT) as i32 / FEWER).add(R1, R0);
        }
        self.a.call(Helper::ProbeReadUser).jump_if(Cond::Ne, R0, 0, no_vector);
        self.a.store(Size::B8, R7, cell::TOTAL, 0);
        self.long_elements();
        Ok(())
    }

    /// Makes of the elements of a 32-bit program's vector those of a 64-bit one: of as many as there may be, without a
    /// loop whose turns the verifier would follow. Uses R0, and R2 to R4.
    fn long_elements(&mut self) {
        let Some(narrow) = self.narrow else { return };
        let long = self.a.label("long elements");
        self.fewer(R0, narrow);
        self.a.jump_if(Cond::Eq, R0, 0, long).mov(R4, R7).add(R4, SPARE_AT as i32);
        for index in 0..MAX_IOVECS {
            let (from, to) = (((index << SHORT_SHIFT) + SHORT_AT - SPARE_AT) as i16, (index << IOVEC_SHIFT) as i16);
            self.a.load(Size::B4, R2, R4, from).load(Size::B4, R3, R4, from + 4);
            self.a.store(Size::B8, R4, to, R2).store(Size::B8, R4, to + 8, R3);
        }
        self.a.bind(long);
    }

    /// Begins the loop over the elements: `R4 =` the address of one; goes to `over` behind the last. Keep R9.
    fn each_element(&mut self, over: Label) -> Label {
        self.a.mov(R9, 0);
        let head = self.a.loop_head("next element");
        self.a.load(Size::B8, R1, R7, cell::COUNT).jump_if(Cond::Ge, R9, R1, over);
        self.a.mov(R4, R9).lsh(R4, IOVEC_SHIFT).add(R4, R7).add(R4, SPARE_AT as i32);
        head
    }

    /// Ends that loop; goes on behind it too.
    fn next_element(&mut self, head: Label) {
        self.a.add(R9, 1).jump_if(Cond::Lt, R9, MAX_IOVECS as i32, head);
    }

    /// Sum of the lengths in a vector.
    pub(super) fn vector_size(&mut self, vector: Vector) -> Written {
        let (empty, zero, sum) = (self.a.label("no header"), self.a.label("no vector"), self.a.label("size"));
        let (over, done) = (self.a.label("summed"), self.a.label("size known"));
        self.elements(vector, empty, zero)?;
        let head = self.each_element(over);
        self.a.load(Size::B8, R2, R4, 8).load(Size::B8, R1, R7, cell::TOTAL).add(R1, R2);
        self.a.store(Size::B8, R7, cell::TOTAL, R1);
        self.next_element(head);
        self.a.bind(over).load(Size::B8, R0, R7, cell::TOTAL).jump(sum);
        self.a.bind(zero).mov(R0, 0).bind(sum);
        let size = self.size();
        self.put_number(size);
        if !matches!(vector, Vector::Array { .. }) {
            self.a.jump(done).bind(empty);
            self.put_nothing();
        }
        self.a.bind(done);
        Ok(())
    }

    /// Bytes scattered over a vector, at most as many as may be recorded, and at most `most`.
    fn scattered(&mut self, vector: Vector, most: u16) -> Written {
        let (none, over, done) = (self.a.label("no vector"), self.a.label("gathered"), self.a.label("data"));
        self.room(usize::from(mask(most)) + usize::from(most));
        let after = self.bound() - usize::from(mask(most));
        self.elements(vector, none, none)?;
        let head = self.each_element(over);
        self.a.load(Size::B8, R3, R4, 0).load(Size::B8, R2, R4, 8);
        self.a.and(R2, i32::from(u16::MAX));
        self.take(most, over);
        self.here(R1);
        self.a.add(R1, R0).call(Helper::ProbeReadUser).jump_if(Cond::Ne, R0, 0, over);
        self.a.load(Size::B8, R0, R7, cell::TOTAL).load(Size::B8, R1, R7, cell::TAKE).add(R0, R1);
        self.a.store(Size::B8, R7, cell::TOTAL, R0);
        self.next_element(head);
        self.a.bind(over).load(Size::B8, R0, R7, cell::TOTAL).jump(done);
        self.a.bind(none).mov(R0, 0).bind(done);
        self.put_at_most(usize::from(most));
        self.set_bound(after);
        Ok(())
    }

    /// `R0 =` the bytes so far, `R2 =` those of an element of R2 bytes that may be added; goes to `over` if none may.
    /// Uses R1, R4 and R5. Few branches, for each doubles the ways that the verifier follows.
    fn take(&mut self, most: u16, over: Label) {
        self.a.load(Size::B8, R0, R7, cell::TOTAL).load(Size::B8, R1, R7, cell::LEFT).sub(R1, R0);
        self.a.comment("the lesser of both").sub(R2, R1).mov(R4, R2).arsh(R4, 63).and(R2, R4).add(R2, R1);
        self.a.comment("none, or none left").sub(R2, 1).jump_if(Cond::Gt, R2, i32::from(most) - 1, over).add(R2, 1);
        self.a.store(Size::B8, R7, cell::TAKE, R2).comment("as it is; the verifier sees the bound");
        self.a.and(R0, i32::from(mask(most)));
    }
}

/// The least mask that a number of up to `most` passes unchanged.
fn mask(most: u16) -> u16 {
    u16::MAX >> most.max(1).leading_zeros()
}
