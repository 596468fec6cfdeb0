//! Texts and regions of memory: paths given to a call, arguments and environment, names.

use super::emit::{Emit, Written};
use crate::asm::{Cond, Helper, Reg, Size, Slot};
use peregrine_schema::capture::{Hook, MAX_ARGS, MAX_COMM, MAX_PATH, MAX_STRINGS, Region, Strings, Who};

use Reg::{R0, R1, R2, R3, R7, R8, R9, R10};

/// Which argument of `sched_process_exec` leads to the `linux_binprm`.
const BINPRM: u8 = 2;

impl Emit<'_> {
    /// The text in user memory at the address in an argument.
    pub(super) fn text(&mut self, pointer: u8, max: u16) {
        self.room(usize::from(max));
        self.argument(R3, pointer);
        self.here(R1);
        self.a.mov(R2, i32::from(max)).call(Helper::ProbeReadUserStr);
        self.written_or_nothing();
        self.put_written();
    }

    /// `comm` of the subject.
    pub(super) fn comm(&mut self) -> Written {
        let comm = self.member("task_struct.comm")?;
        self.task(R9, Who::Subject);
        self.a.mov(R3, R9).add(R3, comm.offset as i32);
        self.kernel_text(MAX_COMM);
        self.put_written();
        Ok(())
    }

    /// Name of the executed file.
    pub(super) fn exec_filename(&mut self) -> Written {
        if self.hook != Hook::SchedProcessExec {
            self.put_nothing();
            return Ok(());
        }
        self.argument(R9, BINPRM);
        self.walk(R3, R9, "linux_binprm.filename")?;
        self.kernel_text(MAX_PATH);
        self.put_written();
        Ok(())
    }

    /// `R1 =` the length of the parameter before this one.
    fn length_before(&mut self) {
        let at = self.length_at(self.param.saturating_sub(1));
        self.a.load(Size::B2, R1, R7, at);
    }

    /// Part of the array of texts in user memory at the address in an argument.
    pub(super) fn strings(&mut self, pointer: u8, part: Strings) {
        if part == Strings::First {
            return self.first_string(pointer);
        }
        let start = self.start();
        let left = self.a.slot("left", 8, 8);
        let done = self.a.label("strings done");
        self.a.mov(R9, i32::from(MAX_ARGS));
        let first = usize::from(part == Strings::Rest);
        if part == Strings::Rest {
            self.length_before();
            self.a.sub(R9, R1);
        }
        self.a.store(Size::B8, R10, left.at(0), R9);
        for index in first..MAX_STRINGS {
            self.string(pointer, index, left, done);
        }
        self.a.bind(done);
        self.end_with_zero(start);
        self.put_since(start);
    }

    /// Appends text `index` of an array, of at most the bytes in the slot `left`; goes to `done` at the array's end.
    fn string(&mut self, pointer: u8, index: usize, left: Slot, done: crate::asm::Label) {
        let bad = self.a.label("text left out");
        self.room(usize::from(MAX_ARGS));
        let mark = self.a.mark();
        let at = self.a.slot("pointer", 8, 8);
        self.argument(R3, pointer);
        self.add_words(R3, index as i32);
        self.bytes_of_words(R2, 1, R1);
        self.a.store(Size::B8, R10, at.at(0), 0).slot_address(R1, at, 0).call(Helper::ProbeReadUser);
        self.a.jump_if(Cond::Ne, R0, 0, done);
        self.a.load(Size::B8, R3, R10, at.at(0)).jump_if(Cond::Eq, R3, 0, done);
        self.a.release(mark);
        self.a.load(Size::B8, R2, R10, left.at(0));
        self.a.jump_if(Cond::Sle, R2, 0, done).jump_if(Cond::Sgt, R2, i32::from(MAX_ARGS), done);
        self.here(R1);
        self.a.call(Helper::ProbeReadUserStr);
        self.a.jump_if(Cond::Sle, R0, 0, bad).jump_if(Cond::Sgt, R0, i32::from(MAX_ARGS), bad);
        self.a.add(R8, R0);
        self.a.load(Size::B8, R1, R10, left.at(0)).sub(R1, R0).store(Size::B8, R10, left.at(0), R1);
        self.a.bind(bad);
        // Else the verifier would look at each text once for every choice of those left out before it.
        self.settle();
    }

    /// The first text of an array; one NUL if there is no array.
    fn first_string(&mut self, pointer: u8) {
        let (null, done) = (self.a.label("no array"), self.a.label("first text"));
        self.room(usize::from(MAX_ARGS));
        self.argument(R3, pointer);
        self.a.jump_if(Cond::Eq, R3, 0, null);
        self.read_word(false);
        self.a.mov(R3, R0);
        self.here(R1);
        self.a.mov(R2, i32::from(MAX_ARGS)).call(Helper::ProbeReadUserStr);
        self.written_or_nothing();
        self.a.jump(done).bind(null);
        self.here(R1);
        self.a.store(Size::B1, R1, 0, 0).mov(R0, 1).bind(done);
        self.put_written();
    }

    /// If anything has been written since `start`, its last byte becomes zero. Uses R0 and R1.
    fn end_with_zero(&mut self, start: Slot) {
        let empty = self.a.label("nothing to end");
        self.a.load(Size::B8, R1, R10, start.at(0)).jump_if(Cond::Eq, R1, R8, empty);
        let last = (self.data_at() - 1) as i16;
        self.a.mov(R1, R7).add(R1, R8).store(Size::B1, R1, last, 0).bind(empty);
    }

    /// A part of the subject's own memory.
    pub(super) fn region(&mut self, region: Region) -> Written {
        self.room(usize::from(MAX_ARGS));
        self.task(R9, Who::Subject);
        let (from, to) = match region {
            Region::Env => ("env_start", "env_end"),
            _ => ("arg_start", "arg_end"),
        };
        self.walk(R9, R9, "task_struct.mm")?;
        if region == Region::Exe {
            self.walk(R3, R9, &format!("mm_struct.{from}"))?;
            self.here(R1);
            self.a.mov(R2, i32::from(MAX_ARGS)).call(Helper::ProbeReadUserStr);
            self.written_or_nothing();
            self.put_written();
            return Ok(());
        }
        let (start, room) = (self.start(), self.a.slot("room", 8, 8));
        let (none, fits) = (self.a.label("no bytes"), self.a.label("fits"));
        // R9: bytes that may be taken; the slot: where they begin.
        self.walk(R0, R9, &format!("mm_struct.{from}"))?;
        self.a.store(Size::B8, R10, room.at(0), R0);
        self.walk(R2, R9, &format!("mm_struct.{to}"))?;
        self.a.mov(R9, i32::from(MAX_ARGS)).load(Size::B8, R3, R10, room.at(0));
        if region == Region::Args {
            self.length_before();
            self.a.sub(R9, R1).add(R3, R1);
        }
        self.a.sub(R2, R3);
        self.a.jump_if(Cond::Sle, R2, R9, fits).mov(R2, R9).bind(fits);
        self.a.jump_if(Cond::Sle, R2, 0, none).jump_if(Cond::Sgt, R2, i32::from(MAX_ARGS), none);
        self.a.mov(R9, R2);
        self.here(R1);
        self.a.call(Helper::ProbeReadUser).jump_if(Cond::Ne, R0, 0, none);
        self.a.add(R8, R9);
        self.end_with_zero(start);
        self.a.bind(none);
        self.put_since(start);
        Ok(())
    }
}
