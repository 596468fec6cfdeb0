//! Texts: read once, each byte looked at once by each automaton.
//!
//! The path of a descriptor is what the record would hold behind the event. Nothing is known of what user space may call
//! otherwise: unix sockets, files without a name in a file system. Pipes and internet sockets have no path at all.
//!
//! What must hold: the loop's turns and the reads in it are bounded for the verifier by the length of the memory, the
//! offsets of rows by a mask; it looks at about 20 instructions for each of 255 turns.

use super::super::emit::{Emit, Written};
use super::sockets::{NAMELESS, format};
use super::{Filtering, cell};
use crate::asm::{Cond, Helper, Label, Reg, Size};
use crate::filter::Whence;
use crate::filter::automaton::{CLASSES, Table, row};
use crate::filter::texts::fact;
use peregrine_schema::capture::Fd;
use std::os::fd::RawFd;

use Reg::{R0, R1, R2, R3, R4, R5, R7, R8, R9, R10};

/// `PIPEFS_MAGIC`: the file system of pipes without a name.
const PIPES: i32 = 0x5049_5045;

impl Emit<'_> {
    /// Brings the facts about all texts into their cells. Uses R0 to R5, R8 and R9.
    pub(super) fn text_facts(&mut self, filtering: &Filtering<'_>) -> Written {
        for text in &filtering.filter.texts {
            if text.tables.is_empty() {
                continue;
            }
            let [nameless, known] = ["nothing with a path", "text known"].map(|name| self.a.label(name));
            let numbers = text.first..text.first + text.tables.len();
            for number in numbers.clone() {
                self.a.store(Size::B8, R7, facts(number), fact::UNKNOWN as i32);
            }
            let at = match text.of {
                Whence::Argument { param, pointer, capture } => {
                    self.a.comment(format!("text of {}", self.event.params[usize::from(param)].name));
                    self.tests(capture.when, known)?;
                    self.text_of_argument(pointer, known);
                    cell::TEXT
                }
                Whence::Descriptor(fd) => {
                    self.a.comment("path of the descriptor");
                    let mark = self.a.mark();
                    self.text_of_descriptor(fd, nameless, known)?;
                    self.a.release(mark);
                    cell::PATH
                }
            };
            self.meet();
            for (number, table) in numbers.clone().zip(&text.tables) {
                let map = filtering.tables.get(number).copied().unwrap_or(-1);
                self.automaton(table, map, at, facts(number));
            }
            if let Whence::Descriptor(_) = text.of {
                self.a.jump(known).bind(nameless);
                for number in numbers {
                    self.a.store(Size::B8, R7, facts(number), fact::NAMELESS as i32);
                }
            }
            self.a.bind(known);
        }
        Ok(())
    }

    /// Reads the text at the address in an argument; goes to `unknown` if it cannot be read, or may be longer. Uses R0
    /// to R5.
    fn text_of_argument(&mut self, pointer: u8, unknown: Label) {
        self.argument(R3, pointer);
        self.a.mov(R1, R7).add(R1, i32::from(cell::TEXT)).mov(R2, cell::TEXT_BYTES);
        self.a.call(Helper::ProbeReadUserStr).jump_if(Cond::Sle, R0, 0, unknown);
        self.a.comment("longer ones may be cut").jump_if(Cond::Sge, R0, cell::TEXT_BYTES, unknown);
        self.a.sub(R0, 1).store(Size::B8, R7, cell::LENGTH, R0);
    }

    /// Brings the path of what a descriptor leads to here. Goes to `nameless` if it is of a kind without a path, to
    /// `unknown` if user space may have another name for it. Uses R0 to R5, R8 and R9.
    fn text_of_descriptor(&mut self, fd: Fd, nameless: Label, unknown: Label) -> Written {
        let [socket, pipe, regular, path] = ["a socket", "a pipe", "a regular file", "path"].map(|n| self.a.label(n));
        let kept = self.a.slot("file", 8, 8);
        self.file_pointer(fd)?;
        self.a.jump_if(Cond::Eq, R9, 0, unknown).store(Size::B8, R10, kept.at(0), R9);
        self.walk_from(R0, R9, "file.f_inode->inode.i_mode")?;
        self.a.and32(R0, format::MASK).jump_if(Cond::Eq, R0, format::REGULAR, regular);
        for kind in [format::DIRECTORY, format::CHARACTER, format::BLOCK] {
            self.a.jump_if(Cond::Eq, R0, kind, path);
        }
        self.a.jump_if(Cond::Eq, R0, format::PIPE, pipe).jump_if(Cond::Eq, R0, format::SOCKET, socket).jump(unknown);
        self.a.bind(socket);
        self.sock(unknown)?;
        self.family()?;
        self.a.jump_if(Cond::Eq, R0, libc::AF_INET, nameless).jump_if(Cond::Eq, R0, libc::AF_INET6, nameless);
        self.a.jump(unknown).bind(pipe);
        self.walk_from(R0, R9, "file.f_inode->inode.i_sb->super_block.s_magic")?;
        self.a.jump_if(Cond::Eq, R0, PIPES, nameless).jump(path).bind(regular);
        self.walk_from(R0, R9, "file.f_inode->inode.i_sb->super_block.s_magic")?;
        for magic in NAMELESS {
            self.a.jump_if(Cond::Eq, R0, magic, unknown);
        }
        self.a.bind(path).load(Size::B8, R9, R10, kept.at(0));
        self.path_to_filter(unknown)
    }

    /// Runs an automaton over the bytes of the text at `at`. Uses R0 to R5, R8 and R9.
    fn automaton(&mut self, table: &Table, map: RawFd, at: i16, facts: i16) {
        let done = self.a.label("text over");
        let mask = table.mask().cast_signed();
        self.a.load_map_value(R3, map, 0).load_map_value(R4, map, CLASSES as u32);
        self.a.load_const(R5, table.first()).mov(R1, 0).mov(R2, 0);
        // Read again for each automaton: the end of a loop tells the verifier how long the text is, and it would look at
        // the next loop once for each length.
        self.a.load(Size::B8, R9, R7, cell::LENGTH).and(R9, cell::TEXT_BYTES - 1);
        let head = self.a.loop_head("next byte");
        self.a.jump_if(Cond::Ge, R1, R9, done);
        self.a.mov(R0, R7).add(R0, R1).load(Size::B1, R0, R0, at);
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
