//! One program being written: registers, the record so far, and reading of user and kernel memory.
//!
//! | register | holds |
//! |---|---|
//! | R6 | the context: arguments of the tracepoint, 8 bytes each |
//! | R7 | the memory in which the record is put together ([`super::layout`]) |
//! | R8 | bytes of parameters written so far |
//! | R9 | free; kept across calls of helpers, not across the functions here that say so |
//! | R0 to R5 | free; numbers are handed over in R0 |
//!
//! What must hold: before a parameter begins, at most `bound` bytes of parameters have been written; the verifier sees
//! the same bound in R8.

use super::data::Messages;
use super::kernel::{GenerateError, Kernel, registers};
use super::layout::{HEADER, ORIGIN, ROOM, SPARE_AT, cell};
use super::output::Maps;
use super::paths::PathMemory;
use crate::asm::{Asm, Cond, Helper, Label, Reg, Size, Slot};
use peregrine_schema::Event;
use peregrine_schema::capture::{Hook, Int, Who};
use peregrine_schema::syscalls::Arch;

use Reg::{R0, R1, R2, R3, R6, R7, R8, R9, R10};

/// Arguments of a system call, with its result, on the stack.
const RESULT: usize = 6;

/// A program being written.
pub(super) struct Emit<'k> {
    pub(super) a: Asm,
    pub(super) k: &'k Kernel,
    pub(super) hook: Hook,
    pub(super) event: &'static Event,
    /// Where a record that is too long ends.
    pub(super) too_long: Label,
    /// Arguments of a system call and its result.
    values: Option<[Slot; 7]>,
    /// How many bytes fewer a word of the program that called has; none where none are shorter.
    pub(super) narrow: Option<Slot>,
    /// Index of the parameter being written.
    pub(super) param: usize,
    /// Most bytes of parameters that can have been written.
    bound: usize,
    /// Kernel memory is read by calls, not by loads.
    plain: bool,
    /// Number in captures of the system call.
    pub(super) syscall: u16,
    /// Where the number of the CPU is kept.
    pub(super) cpu: Option<Slot>,
    /// Where [`flag::SHADOWED`](super::layout::flag::SHADOWED) is kept, or 0.
    pub(super) shadowed: Option<Slot>,
    /// The messages of a call that makes an event for each.
    pub(super) messages: Option<Messages>,
    /// What is written is no parameter but a part of the descriptor: its length goes into a cell.
    pub(super) part: bool,
    /// Where paths are put together.
    pub(super) paths: PathMemory,
}

/// Result of everything that writes code.
pub(super) type Written = Result<(), GenerateError>;

impl<'k> Emit<'k> {
    /// Begins a program whose context is in R1.
    pub(super) fn new(k: &'k Kernel, name: &str, hook: Hook, event: &'static Event) -> Emit<'k> {
        let mut a = Asm::new(name);
        let too_long = a.label("too long");
        a.mov(R6, R1);
        Emit {
            a,
            k,
            hook,
            event,
            too_long,
            values: None,
            narrow: None,
            param: 0,
            bound: 0,
            plain: false,
            syscall: 0,
            cpu: None,
            shadowed: None,
            messages: None,
            part: false,
            paths: PathMemory::RECORD,
        }
    }

    /// Offset of the length of parameter `index` from R7.
    pub(super) fn length_at(&self, index: usize) -> i16 {
        if self.part {
            return cell::PART;
        }
        (ORIGIN + HEADER + 2 * index) as i16
    }

    /// Offset of the first parameter from R7.
    pub(super) fn data_at(&self) -> i32 {
        (ORIGIN + HEADER + 2 * self.event.params.len()) as i32
    }

    // ---- the context ----

    /// Brings the arguments and the result of the system call onto the stack. Uses R0 to R5 and R9.
    pub(super) fn load_arguments(&mut self, maps: &Maps) -> Written {
        let slots = std::array::from_fn(|i| self.a.slot(&format!("value {i}"), 8, 8));
        self.a.comment("result");
        self.a.load(Size::B8, R0, R6, 8).store(Size::B8, R10, slots[RESULT].at(0), R0);
        let compat = (self.k.arch == Arch::X86_64).then(|| self.a.label("32-bit program"));
        if let Some(compat) = compat {
            let narrow = self.a.slot("narrow", 8, 8);
            self.is_compat(maps, narrow)?;
            self.a.jump_if(Cond::Ne, R0, 0, compat);
            self.narrow = Some(narrow);
        }
        self.a.load(Size::B8, R9, R6, 0);
        let (names, _) = registers(self.k.arch);
        for (slot, name) in slots.iter().zip(names) {
            self.a.comment(format!("argument in {name}"));
            self.walk(R0, R9, &format!("pt_regs.{name}"))?;
            self.a.store(Size::B8, R10, slot.at(0), R0);
        }
        if let Some((compat, narrow)) = compat.zip(self.narrow) {
            self.compat_arguments(&slots, narrow, compat)?;
        }
        self.values = Some(slots);
        Ok(())
    }

    /// `dst =` argument `index` of the hook.
    pub(super) fn argument(&mut self, dst: Reg, index: u8) {
        match self.values {
            Some(slots) => self.a.load(Size::B8, dst, R10, slots[usize::from(index).min(5)].at(0)),
            None => self.a.load(Size::B8, dst, R6, i16::from(index) * 8),
        };
    }

    /// `dst =` the result of the system call; 0 at hooks without one.
    pub(super) fn result(&mut self, dst: Reg) {
        match self.values {
            Some(slots) => self.a.load(Size::B8, dst, R10, slots[RESULT].at(0)),
            None => self.a.mov(dst, 0),
        };
    }

    /// `dst =` the task, to read from. Uses R0 to R5.
    ///
    /// Its type is given to it anew where that can be done: for each pointer read from one that the kernel vouches for, the
    /// verifier looks through all types for what it may be relied on, which is most of the time that loading takes.
    pub(super) fn task(&mut self, dst: Reg, who: Who) {
        self.trusted_task(dst, who);
        self.distrust(dst);
    }

    /// `dst =` the task, to read from and to give to helpers, with its type where pointers have types. Uses R0 to R5.
    pub(super) fn trusted_task(&mut self, dst: Reg, who: Who) {
        let argument = match (who, self.hook) {
            (Who::Arg(index), _) => Some(index),
            (Who::Subject, Hook::SchedProcessFork | Hook::SchedSwitch) => Some(1),
            _ => None,
        };
        match argument {
            Some(index) => {
                self.a.load(Size::B8, dst, R6, i16::from(index) * 8);
            }
            None => {
                self.a.call(if self.k.typed { Helper::GetCurrentTaskBtf } else { Helper::GetCurrentTask });
                self.a.mov(dst, R0);
            }
        }
    }

    /// Makes a task from [`Emit::trusted_task`] one as from [`Emit::task`]. Uses R0 to R5.
    pub(super) fn distrust(&mut self, task: Reg) {
        if let Some((cast, id)) = self.k.cast.zip(self.k.structure("task_struct")).filter(|_| self.k.typed) {
            self.a.mov(R1, task).mov(R2, id.cast_signed()).call_kfunc(cast, 2).mov(task, R0);
        }
    }

    // ---- kernel memory ----

    /// `dst =` a number reached by following pointers from `base`: `structure.member->structure.member…`, each arrow
    /// through the pointer before it. Zero-extended; 0 if a pointer on the way is null. Uses R0 to R3, and not R9
    /// unless it is `dst`. Gives the bytes of the number.
    pub(super) fn walk(&mut self, dst: Reg, base: Reg, path: &str) -> Result<u32, GenerateError> {
        let mut base = base;
        let mut size = 8;
        let steps: Vec<&str> = path.split("->").collect();
        for (index, step) in steps.iter().enumerate() {
            let member = self.member(step)?;
            size = member.size;
            self.a.comment(*step);
            self.read(dst, base, member.offset, member.size)?;
            if let Some(bits) = member.bits {
                self.a.rsh(dst, i32::from(bits.shift as u8)).and(dst, ((1_u64 << bits.count) - 1) as i32);
            }
            debug_assert!(index + 1 == steps.len() || size == 8, "{step} is followed but no pointer");
            base = dst;
        }
        Ok(size)
    }

    /// Like [`Emit::walk`] from a pointer without type, such as one read from an array: gives it the type first.
    pub(super) fn walk_from(&mut self, dst: Reg, base: Reg, path: &str) -> Result<u32, GenerateError> {
        let structure = path.split('.').next().unwrap_or_default();
        let Some((cast, id)) = self.k.cast.zip(self.k.structure(structure)).filter(|_| self.k.typed) else {
            return self.untyped(|emit| emit.walk(dst, base, path));
        };
        self.a.mov(R1, base).mov(R2, id.cast_signed());
        self.a.call_kfunc(cast, 2);
        self.walk(dst, R0, path)
    }

    /// Where the member that a step names lies: `structure.path`.
    pub(super) fn member(&self, step: &str) -> Result<crate::btf::Member, GenerateError> {
        let (structure, path) = step.split_once('.').unwrap_or((step, ""));
        self.k.find(structure, path).ok_or_else(|| GenerateError::NoMember {
            structure: structure.to_owned(),
            path: path.to_owned(),
            what: self.event.id.to_owned(),
        })
    }

    /// Whether this kernel has a member.
    pub(super) fn has(&self, step: &str) -> bool {
        self.member(step).is_ok()
    }

    /// `dst = *(base + offset)`.
    fn read(&mut self, dst: Reg, base: Reg, offset: u32, size: u32) -> Written {
        if self.k.typed && !self.plain {
            self.a.load(width(size), dst, base, offset as i16);
            return Ok(());
        }
        self.a.mov(R3, base).add(R3, offset as i32);
        self.read_kernel(dst, size);
        Ok(())
    }

    /// What `write` reads from the kernel is read without types.
    pub(super) fn untyped<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.plain, true);
        let result = write(self);
        self.plain = before;
        result
    }

    /// `dst =` a number of `size` bytes of kernel memory at the address in R3; 0 if it cannot be read. Uses R0 to R5.
    pub(super) fn read_kernel(&mut self, dst: Reg, size: u32) {
        // A structure that begins with a number of 64 bits: a load is much cheaper than a call.
        if let Some((cast, id)) = self.k.cast.zip(self.k.structure("timespec64")).filter(|_| self.k.typed) {
            self.a.mov(R1, R3).mov(R2, id.cast_signed()).call_kfunc(cast, 2).load(width(size), dst, R0, 0);
            return;
        }
        self.a.scoped(|a| {
            let slot = a.slot("read", 8, 8);
            a.slot_address(R1, slot, 0).mov(R2, size as i32).call(Helper::ProbeReadKernel);
            a.load(width(size), dst, R10, slot.at(0));
        });
    }

    // ---- loops ----

    /// Begins a loop that counts in `counter`, from 0, and compares it with its bound at each turn; `over` is where the
    /// loop ends. Uses R1.
    pub(super) fn counting_loop(&mut self, name: &str, counter: Reg, over: Label) -> Label {
        self.a.mov(counter, 0);
        // Within another loop, whose turns are followed anyway, the ways would not meet again.
        if !self.k.may_goto || self.messages.is_some() {
            return self.a.loop_head(name);
        }
        // Of a number that it knows the verifier would follow each value.
        self.plain_number(counter);
        let head = self.a.loop_head(name);
        self.a.may_goto(over);
        head
    }

    // ---- user memory ----

    /// `R0 =` an integer of user memory at the address in R3, extended by its sign; 0 if it cannot be read. Uses R1
    /// to R5.
    pub(super) fn read_user(&mut self, int: Int) {
        self.a.scoped(|a| {
            let slot = a.slot("user", 8, 8);
            a.slot_address(R1, slot, 0).mov(R2, int.bytes() as i32).call(Helper::ProbeReadUser);
            a.load(width(int.bytes() as u32), R0, R10, slot.at(0));
        });
        self.extend(int);
    }

    /// Extends the low bits of R0.
    pub(super) fn extend(&mut self, int: Int) {
        let drop = 64 - 8 * int.bytes() as i32;
        match (drop, int.signed()) {
            (0, _) => {}
            (32, false) => {
                self.a.mov32(R0, R0);
            }
            (_, false) => {
                self.a.and(R0, ((1_u64 << (64 - drop)) - 1) as i32);
            }
            (_, true) => {
                self.a.lsh(R0, drop).arsh(R0, drop);
            }
        }
    }

    // ---- the record ----

    /// Makes sure that a parameter of up to `most` bytes has room.
    pub(super) fn room(&mut self, most: usize) {
        // What lies beyond ROOM is for the one parameter that crosses it.
        if self.bound + most > SPARE_AT - ORIGIN - HEADER - 2 * self.event.params.len() {
            self.a.jump_if(Cond::Gt, R8, ROOM as i32, self.too_long);
            self.bound = ROOM;
        }
        self.bound += most;
    }

    /// See [`Emit::bound`]'s field: for the two ways of a condition.
    pub(super) fn bound(&self) -> usize {
        self.bound
    }

    /// Sets what [`Emit::bound`] gave.
    pub(super) fn set_bound(&mut self, bound: usize) {
        self.bound = bound;
    }

    /// The error for a recipe that no code is written for.
    pub(super) fn no_recipe(&self, source: peregrine_schema::capture::Source) -> GenerateError {
        GenerateError::Unwritten { event: self.event.id, recipe: format!("{source:?}") }
    }

    /// `dst =` where the next byte of the parameters goes.
    pub(super) fn here(&mut self, dst: Reg) {
        let data = self.data_at();
        self.a.mov(dst, R7).add(dst, R8).add(dst, data);
    }

    /// Writes R0 as the next parameter. Uses R1.
    pub(super) fn put_number(&mut self, size: usize) {
        self.room(size);
        self.here(R1);
        let at = self.length_at(self.param);
        self.a.store(width(size as u32), R1, 0, R0).add(R8, size as i32).store(Size::B2, R7, at, size as i32);
    }

    /// The next parameter is empty.
    pub(super) fn put_nothing(&mut self) {
        let at = self.length_at(self.param);
        self.a.store(Size::B2, R7, at, 0);
    }

    /// The R0 bytes that were written to where the next parameter goes are that parameter; the verifier knows how many
    /// they can be.
    pub(super) fn put_written(&mut self) {
        let at = self.length_at(self.param);
        self.a.store(Size::B2, R7, at, R0).add(R8, R0);
    }

    /// The same where the ways here wrote different numbers of bytes, all at most `most`: makes one of them.
    pub(super) fn put_at_most(&mut self, most: usize) {
        self.a.store(Size::B8, R7, cell::WRITTEN, R0).load(Size::B8, R0, R7, cell::WRITTEN);
        self.a.jump_if(Cond::Gt, R0, most as i32, self.too_long);
        self.put_written();
    }

    /// From here on R8 is what it was at the beginning of the parameter, plus what was written: stores the difference
    /// to `start` as its length. Uses R0 and R1.
    pub(super) fn put_since(&mut self, start: Slot) {
        let at = self.length_at(self.param);
        self.a.load(Size::B8, R1, R10, start.at(0)).mov(R0, R8).sub(R0, R1).store(Size::B2, R7, at, R0);
    }

    /// Notes where the parameter begins.
    pub(super) fn start(&mut self) -> Slot {
        let slot = self.a.slot("start", 8, 8);
        self.a.store(Size::B8, R10, slot.at(0), R8);
        slot
    }

    /// After a helper that gives the bytes it wrote or an error: `R0 =` the bytes, 0 after an error.
    pub(super) fn written_or_nothing(&mut self) {
        let fine = self.a.label("written");
        self.a.jump_if(Cond::Sgt, R0, 0, fine).mov(R0, 0).bind(fine);
    }
}

/// The width of a load or store.
pub(super) fn width(size: u32) -> Size {
    match size {
        1 => Size::B1,
        2 => Size::B2,
        4 => Size::B4,
        _ => Size::B8,
    }
}
