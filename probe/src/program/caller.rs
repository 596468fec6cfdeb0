//! The task that made the system call, found without calling a helper.
//!
//! ```text
//! registers of the call ─► place by their address ─ the same registers, whose task still has this stack ─► that task
//!                                └ any other: ask the kernel, and keep the answer there
//! ```
//!
//! A call of a helper takes longer than all that a filter does with numbers. The registers lie on the kernel's stack of
//! the task that made the call, and no two tasks have one stack at a time. So a task that was found once for these
//! registers is still the one if it still has that stack; one that has ended has none.
//!
//! What must hold: only programs at `sys_exit` look here, of which none runs within another on a CPU. A task is read from
//! as untrusted memory: what is left of one that has ended is read as numbers and at worst does not fit.

use super::emit::{Emit, Written};
use super::output::Maps;
use crate::asm::{Cond, Helper, Reg, Size};
use crate::btf::TypeId;
use peregrine_schema::capture::{Hook, Who};

use Reg::{R0, R1, R2, R6, R9, R10};

/// Places of each CPU, as a power of two.
const PLACES_SHIFT: u32 = 9;
/// Places of each CPU, in the map of callers.
pub(crate) const PLACES: u32 = 1 << PLACES_SHIFT;
/// 2^32 divided by the golden ratio: spreads addresses that differ in few bits.
const SPREAD: u32 = 0x9e37_79b1;
/// No kernel stack is longer, bytes as a power of two, unless a page is; no two stacks lie nearer to each other.
const LONGEST_STACK_SHIFT: u32 = 15;

/// What stands in a place.
pub(crate) mod place {
    /// Address of the registers: u64.
    pub(crate) const REGISTERS: i16 = 0;
    /// Address of the task: u64.
    pub(crate) const TASK: i16 = 8;
    /// Bytes in all.
    pub(crate) const SIZE: usize = 16;
}

impl Emit<'_> {
    /// What a task is given its type with, where that is possible and [`Emit::caller`] has something to gain.
    pub(super) fn finds_caller(&self) -> Option<(TypeId, TypeId)> {
        let fits = self.k.typed && self.hook == Hook::SysExit;
        self.k.cast.zip(self.k.structure("task_struct")).filter(|_| fits)
    }

    /// `R9 =` the task that made the call. Uses R0 to R5.
    pub(super) fn caller(&mut self, maps: &Maps) -> Written {
        let Some((cast, id)) = self.finds_caller() else {
            self.task(R9, Who::Current);
            return Ok(());
        };
        self.a.comment("— the caller");
        let [other, found] = ["another task", "caller"].map(|name| self.a.label(name));
        let mark = self.a.mark();
        let [key, registers] = [("place", 4), ("registers", 8)].map(|(name, size)| self.a.slot(name, size, size));
        self.a.load(Size::B8, R9, R6, 0);
        self.place_of(R9, PLACES_SHIFT);
        self.a.store(Size::B4, R10, key.at(0), R1);
        self.a.load_map(R1, maps.callers).slot_address(R2, key, 0).call(Helper::MapLookupElem);
        self.a.jump_if(Cond::Eq, R0, 0, other);
        self.a.load(Size::B8, R1, R0, place::REGISTERS).jump_if(Cond::Ne, R1, R9, other);
        self.a.store(Size::B8, R10, registers.at(0), R1);
        self.a.load(Size::B8, R1, R0, place::TASK).mov(R2, id.cast_signed()).call_kfunc(cast, 2).mov(R9, R0);
        self.walk(R2, R9, "task_struct.stack")?;
        self.a.load(Size::B8, R1, R10, registers.at(0)).sub(R1, R2);
        let longest = 1 << LONGEST_STACK_SHIFT.max(self.k.page_shift);
        self.a.jump_if(Cond::Lt, R1, longest, found).bind(other);
        self.a.load_map(R1, maps.callers).slot_address(R2, key, 0).call(Helper::MapLookupElem).mov(R9, R0);
        self.a.call(Helper::GetCurrentTaskBtf);
        let kept = self.a.label("kept");
        self.a.jump_if(Cond::Eq, R9, 0, kept);
        self.a.store(Size::B8, R9, place::TASK, R0).load(Size::B8, R1, R6, 0);
        self.a.store(Size::B8, R9, place::REGISTERS, R1).bind(kept);
        // The same type as above: what follows is verified once.
        self.a.mov(R9, R0);
        self.distrust(R9);
        self.a.bind(found);
        self.a.release(mark);
        Ok(())
    }

    /// `R1 =` a number below `1 << shift` made of the address in `pointer`.
    pub(super) fn place_of(&mut self, pointer: Reg, shift: u32) {
        // Addresses become numbers by losing their upper half.
        self.a.mov32(R1, pointer).mul32(R1, SPREAD.cast_signed()).rsh32(R1, 32 - shift.cast_signed());
    }
}
