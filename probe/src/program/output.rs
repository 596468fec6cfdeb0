//! The beginning and the end of an event program: memory to write to, the header, the way into the ring, losses.

use super::emit::{Emit, Written, width};
use super::layout::{FRONT, HEADER, ORIGIN, ROOM, header, origin};
use crate::asm::{Cond, Helper, Reg, Size};
use crate::image::Tasks;
use peregrine_schema::EVENT_COUNT;
use peregrine_schema::capture::{Hook, Producer};
use std::os::fd::RawFd;

use Reg::{R0, R1, R2, R3, R4, R6, R7, R8, R9, R10};

/// The maps that programs use, by file descriptor.
#[derive(Clone, Copy, Debug)]
pub struct Maps {
    /// Array: one value of [`super::layout::SCRATCH`] bytes per CPU.
    pub scratch: RawFd,
    /// Array of rings: one per CPU.
    pub rings: RawFd,
    /// Array per CPU: [`Loss::COUNT`] × [`EVENT_COUNT`] counters of 8 bytes.
    pub losses: RawFd,
    /// Where images are kept.
    pub tasks: Tasks,
    /// Array per CPU: [`crate::image::counter`]s.
    pub images: RawFd,
    /// Array per CPU: tasks that made calls ([`crate::image::Images::callers`]).
    pub callers: RawFd,
}

/// Why an event is not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Loss {
    /// The ring of its CPU has no room.
    RingFull = 0,
    /// It is longer than an event may be.
    TooLong = 1,
    /// Its CPU has no ring.
    NoRing = 2,
    /// A 32-bit program made a call that is recorded as none of the 64-bit ones
    /// ([`peregrine_schema::syscalls::compat`]). Counted under `GENERIC_X`.
    Compat = 3,
}

impl Loss {
    /// All of them.
    pub const ALL: [Loss; 4] = [Loss::RingFull, Loss::TooLong, Loss::NoRing, Loss::Compat];
    /// How many there are.
    pub const COUNT: usize = Loss::ALL.len();

    /// Index of the counter for an event code.
    pub const fn counter(self, code: u16) -> u32 {
        self as u32 * EVENT_COUNT as u32 + code as u32
    }
}

/// `BPF_RB_NO_WAKEUP`: readers look by themselves.
const NO_WAKEUP: i32 = 1;

impl Emit<'_> {
    /// Gets the memory to write to and writes what lies in front of the parameters.
    pub(super) fn begin(&mut self, maps: &Maps) -> Written {
        let nowhere = self.a.label("no memory");
        let key = self.a.slot("cpu", 4, 4);
        self.a.call(Helper::GetSmpProcessorId).mov(R9, R0).store(Size::B4, R10, key.at(0), R0);
        self.a.load_map(R1, maps.scratch).slot_address(R2, key, 0).call(Helper::MapLookupElem);
        let have = self.a.label("memory");
        self.a.jump_if(Cond::Ne, R0, 0, have).bind(nowhere).mov(R0, 0).exit();
        self.a.bind(have).mov(R7, R0).add(R7, FRONT as i32).mov(R8, 0);
        self.cpu = Some(key);
        self.a.store(Size::B2, R7, origin::CPU as i16, R9);
        match self.shadowed {
            Some(flag) => self.a.load(Size::B8, R0, R10, flag.at(0)).store(Size::B2, R7, origin::FLAGS as i16, R0),
            None => self.a.store(Size::B2, R7, origin::FLAGS as i16, 0),
        };
        self.a.call(Helper::GetCurrentCgroupId).store(Size::B8, R7, origin::CGROUP as i16, R0);
        let boot = self.k.boot_time;
        self.a.comment("time");
        self.a.call(Helper::KtimeGetBootNs).load_imm64(R1, boot).add(R0, R1);
        self.head(header::TS, 8, R0);
        self.a.comment("thread");
        match self.hook {
            Hook::SchedProcessFork => {
                self.a.load(Size::B8, R9, R6, 8);
                self.walk(R0, R9, "task_struct.tgid")?;
                self.a.store(Size::B4, R7, origin::PID as i16, R0);
                self.walk(R0, R9, "task_struct.pid")?;
            }
            _ => {
                self.a.call(Helper::GetCurrentPidTgid).mov(R1, R0).rsh(R1, 32);
                self.a.store(Size::B4, R7, origin::PID as i16, R1).mov32(R0, R0);
            }
        }
        self.head(header::TID, 8, R0);
        self.a.mov(R0, i32::from(self.event.code));
        self.head(header::TYPE, 2, R0);
        self.a.mov(R0, self.event.params.len() as i32);
        self.head(header::NPARAMS, 4, R0);
        self.identity(maps)
    }

    /// Writes `from` into the header.
    fn head(&mut self, at: usize, size: u32, from: Reg) {
        self.a.store(width(size), R7, (ORIGIN + at) as i16, from);
    }

    /// Ends the program unless one of the row's producers makes the event here.
    pub(super) fn only_if_produced(&mut self) -> Written {
        let here = |p: &&Producer| p.hook == self.hook && p.only.is_none_or(|arch| arch == self.k.arch);
        let found = self.event.producers.iter().find(here).copied();
        let Some(Producer { when: Some(test), .. }) = found else { return Ok(()) };
        let (skip, go) = (self.a.label("made elsewhere"), self.a.label("made here"));
        self.test_result(test, skip);
        self.a.jump(go).bind(skip).mov(R0, 0).exit().bind(go);
        Ok(())
    }

    /// Hands the record to the ring and ends the program.
    pub(super) fn send(&mut self, maps: &Maps) -> Written {
        let lens = 2 * self.event.params.len();
        let (too_long, no_ring, full) = (self.too_long, self.a.label("no ring"), self.a.label("ring is full"));
        let done = self.a.label("done");
        self.a.comment("— send");
        self.a.jump_if(Cond::Gt, R8, (ROOM - HEADER - lens) as i32, too_long);
        self.a.mov(R0, R8).add(R0, (HEADER + lens) as i32);
        self.head(header::LEN, 4, R0);
        self.a.store(Size::B4, R7, origin::LENGTH as i16, R0);
        self.descriptors()?;
        if let Some(cpu) = self.cpu {
            self.a.load_map(R1, maps.rings).slot_address(R2, cpu, 0).call(Helper::MapLookupElem);
        }
        self.a.jump_if(Cond::Eq, R0, 0, no_ring);
        self.a.mov(R1, R0).mov(R2, R7).mov(R3, R8).add(R3, (ORIGIN + HEADER + lens) as i32).mov(R4, NO_WAKEUP);
        self.a.call(Helper::RingbufOutput).jump_if(Cond::Ne, R0, 0, full);
        self.a.bind(done);
        self.leave();
        for (label, loss) in [(full, Loss::RingFull), (no_ring, Loss::NoRing), (too_long, Loss::TooLong)] {
            self.a.bind(label);
            self.count(maps, loss);
            self.leave();
        }
        self.next_message();
        Ok(())
    }

    /// Ends the record: ends the program, or goes on to the next message of the call.
    fn leave(&mut self) {
        match self.messages {
            Some(messages) => self.a.jump(messages.next),
            None => self.a.mov(R0, 0).exit(),
        };
    }

    pub(super) fn count(&mut self, maps: &Maps, loss: Loss) {
        let done = self.a.label("counted");
        let mark = self.a.mark();
        let key = self.a.slot("counter", 4, 4);
        self.a.store(Size::B4, R10, key.at(0), loss.counter(self.event.code).cast_signed());
        self.a.load_map(R1, maps.losses).slot_address(R2, key, 0).call(Helper::MapLookupElem);
        self.a.jump_if(Cond::Eq, R0, 0, done);
        self.a.load(Size::B8, R1, R0, 0).add(R1, 1).store(Size::B8, R0, 0, R1).bind(done);
        self.a.release(mark);
    }
}
