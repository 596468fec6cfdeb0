//! Whose a record is: the origin's image, parent, user, group and name; and the programs that keep images
//! ([`crate::image`]).
//!
//! ```text
//! sched_process_fork   child is a process: new image, previous = its parent's    child is a thread: same image
//! sched_process_exec   new image, previous = the one until now
//! sched_process_free   the entry goes (hash only; task storage goes with its task)
//! ```
//!
//! What must hold: the image of a process is found through its first thread (`group_leader`), which is there as long as
//! any thread is. Only an exec changes it, when all other threads have ended. Programs at one tracepoint run in the order
//! in which they were attached, so the ones here come before those that make events. That a child's image is kept before
//! the child runs is the kernel's order: it tells of a fork before it wakes the child.

use super::emit::{Emit, Written};
use super::kernel::{GenerateError, Kernel};
use super::layout::{HEADER, ORIGIN, flag, header, origin};
use super::output::Maps;
use crate::asm::{Atomic, Cond, Helper, Program, Reg, Size, Slot};
use crate::image::{FIRST_SIGHT, PID_BITS, TICK, TICKS_BITS, Tasks, counter, value};
use peregrine_schema::Effect;
use peregrine_schema::capture::{Hook, Who};

use Reg::{R0, R1, R2, R3, R4, R6, R7, R8, R9, R10};

/// `BPF_LOCAL_STORAGE_GET_F_CREATE`.
const CREATE: i32 = 1;
/// Bits above those that count images: the number of the CPU.
const CPU_SHIFT: i32 = 48;
/// Bytes of the name of a thread.
const COMM: i32 = 16;
const _: () = assert!(origin::GID == origin::UID + 4, "user and group are written at once where they are read at once");

/// Whether a record begins its image.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    Never,
    Always,
    /// If its thread is the first of its process, and the result is 0.
    InChild,
}

/// The tracepoints of the programs that keep images, with the programs.
///
/// # Errors
///
/// When this kernel's tasks lack what is needed.
pub fn keepers(kernel: &Kernel, maps: &Maps) -> Result<Vec<(&'static str, Program)>, GenerateError> {
    let mut programs = vec![
        ("sched_process_fork", keeper(kernel, "image_fork", Hook::SchedProcessFork, |e| e.keep_child(maps))?),
        ("sched_process_exec", keeper(kernel, "image_exec", Hook::SchedProcessExec, |e| e.keep_exec(maps))?),
    ];
    if let Tasks::Hash(map) = maps.tasks {
        let program = keeper(kernel, "image_free", Hook::SchedProcessExit, |e| e.forget(map))?;
        programs.push(("sched_process_free", program));
    }
    Ok(programs)
}

fn keeper(
    kernel: &Kernel,
    name: &str,
    hook: Hook,
    write: impl FnOnce(&mut Emit<'_>) -> Written,
) -> Result<Program, GenerateError> {
    // Names the program in errors; no event is made.
    let event = &peregrine_schema::EVENTS[usize::from(peregrine_schema::events::code::GENERIC_X)];
    let mut emit = Emit::new(kernel, name, hook, event);
    write(&mut emit)?;
    let end = emit.too_long;
    emit.a.bind(end).mov(R0, 0).exit();
    emit.a.finish().map_err(|m| GenerateError::Mistakes(Box::new(m)))
}

impl Emit<'_> {
    // ---- the origin ----

    /// Writes whose the record is into the origin. Uses R0 to R5, and R9.
    pub(super) fn identity(&mut self, maps: &Maps) -> Written {
        let mark = self.a.mark();
        let [task, leader, parent, key] =
            ["task", "leader", "parent", "first image"].map(|name| self.a.slot(name, 8, 8));
        self.a.comment("— whose it is");
        self.trusted_task(R9, Who::Subject);
        self.a.store(Size::B8, R10, task.at(0), R9);
        // Before the ways part: these are dear to verify, see [`Emit::task`].
        self.walk(R0, R9, "task_struct.group_leader")?;
        self.a.store(Size::B8, R10, leader.at(0), R0);
        self.parent_leader()?;
        self.a.store(Size::B8, R10, parent.at(0), R9);
        let begins = self.begins();
        self.mark_begin(begins);
        self.a.load(Size::B8, R9, R10, leader.at(0));
        self.own_image(maps, begins, key)?;
        self.a.load(Size::B8, R9, R10, parent.at(0));
        self.image(maps, key)?;
        self.a.store(Size::B8, R7, origin::PARENT as i16, R0);
        self.a.load(Size::B8, R9, R10, task.at(0));
        self.name()?;
        self.distrust(R9);
        self.user()?;
        self.a.release(mark);
        Ok(())
    }

    /// Whether this program's records begin an image.
    fn begins(&self) -> Begins {
        match (self.hook, self.event.effect) {
            (Hook::SchedProcessExec, _) => Begins::Always,
            (Hook::SysExit | Hook::SchedProcessFork, Effect::Clone) => Begins::InChild,
            _ => Begins::Never,
        }
    }

    /// Adds to the flags whether the record begins its image, and writes no previous image. Uses R0 and R1.
    fn mark_begin(&mut self, begins: Begins) {
        self.a.store(Size::B8, R7, origin::PREVIOUS as i16, 0);
        match begins {
            Begins::Never => {}
            Begins::Always => self.mark(flag::BEGINS),
            Begins::InChild => {
                let other = self.a.label("no new process");
                self.result(R0);
                self.a.jump_if(Cond::Ne, R0, 0, other);
                self.a.load(Size::B4, R0, R7, origin::PID as i16);
                self.a.load(Size::B8, R1, R7, (ORIGIN + header::TID) as i16);
                self.a.jump_if(Cond::Ne, R0, R1, other);
                self.mark(flag::BEGINS);
                self.a.bind(other);
            }
        }
    }

    /// Adds to the flags that [`Emit::begin`] wrote. Uses R0.
    fn mark(&mut self, flag: u16) {
        self.a.load(Size::B2, R0, R7, origin::FLAGS as i16).or(R0, i32::from(flag));
        self.a.store(Size::B2, R7, origin::FLAGS as i16, R0);
    }

    /// Writes the image of the process whose first thread is in R9, and what it was before.
    fn own_image(&mut self, maps: &Maps, begins: Begins, key: Slot) -> Written {
        let (unknown, known) = (self.a.label("first sight"), self.a.label("image known"));
        self.kept(maps.tasks, key)?;
        self.a.jump_if(Cond::Eq, R0, 0, unknown);
        self.a.load(Size::B8, R1, R0, value::IMAGE as i16).store(Size::B8, R7, origin::IMAGE as i16, R1);
        if begins != Begins::Never {
            self.a.load(Size::B2, R1, R7, origin::FLAGS as i16).and(R1, i32::from(flag::BEGINS));
            self.a.jump_if(Cond::Eq, R1, 0, known);
            self.a.load(Size::B8, R1, R0, value::PREVIOUS as i16).store(Size::B8, R7, origin::PREVIOUS as i16, R1);
        }
        self.a.jump(known).bind(unknown);
        self.first_image_kept(maps.tasks, key)?;
        self.a.store(Size::B8, R7, origin::IMAGE as i16, R0);
        self.mark(flag::FIRST_SIGHT);
        self.a.bind(known);
        Ok(())
    }

    /// User and group of the task in R9.
    fn user(&mut self) -> Written {
        let (uid, gid) = (self.member("cred.euid.val")?, self.member("cred.egid.val")?);
        if self.k.typed || gid.offset != uid.offset + 4 {
            self.credential("euid")?;
            self.a.store(Size::B4, R7, origin::UID as i16, R0);
            self.credential("egid")?;
            self.a.store(Size::B4, R7, origin::GID as i16, R0);
            return Ok(());
        }
        // Calls are dear: one for both.
        let (none, done) = (self.a.label("no credentials"), self.a.label("user"));
        self.walk(R0, R9, "task_struct.cred")?;
        self.a.jump_if(Cond::Eq, R0, 0, none).mov(R3, R0).add(R3, uid.offset as i32);
        self.read_kernel(R0, 8);
        self.a.jump(done).bind(none).mov(R0, -1).bind(done).store(Size::B8, R7, origin::UID as i16, R0);
        Ok(())
    }

    /// Name of the task in R9.
    fn name(&mut self) -> Written {
        let comm = self.member("task_struct.comm")?.offset;
        self.a.comment("task_struct.comm");
        if self.k.typed {
            for at in [0, 8] {
                self.a.load(Size::B8, R0, R9, (comm + at) as i16);
                self.a.store(Size::B8, R7, (origin::COMM as u32 + at) as i16, R0);
            }
            return Ok(());
        }
        self.a.mov(R1, R7).add(R1, origin::COMM as i32).mov(R2, COMM).mov(R3, R9).add(R3, comm as i32);
        self.a.call(Helper::ProbeReadKernel);
        Ok(())
    }

    // ---- images of tasks ----

    /// From the task in R9 to the first thread of its parent's process. Uses R0 to R3.
    fn parent_leader(&mut self) -> Written {
        self.walk(R9, R9, "task_struct.real_parent->task_struct.group_leader")?;
        Ok(())
    }

    /// `R0 =` what is kept of the process whose first thread is in R9, or null. In `key` is its number at first sight
    /// where that is what it is kept by. Uses R1 to R5.
    fn kept(&mut self, tasks: Tasks, key: Slot) -> Written {
        match tasks {
            Tasks::Storage(map) => {
                self.a.load_map(R1, map).mov(R2, R9).mov(R3, 0).mov(R4, 0).call(Helper::TaskStorageGet);
            }
            Tasks::Hash(map) => {
                self.first_image(R9)?;
                self.a.store(Size::B8, R10, key.at(0), R0);
                self.a.load_map(R1, map).slot_address(R2, key, 0).call(Helper::MapLookupElem);
            }
        }
        Ok(())
    }

    /// `R0 =` the number at first sight of what [`Emit::kept`] did not find. Uses R1 to R5.
    fn first_image_kept(&mut self, tasks: Tasks, key: Slot) -> Written {
        match tasks {
            Tasks::Storage(_) => self.first_image(R9),
            Tasks::Hash(_) => {
                self.a.load(Size::B8, R0, R10, key.at(0));
                Ok(())
            }
        }
    }

    /// `R0 =` the image of the process whose first thread is in R9. Uses R1 to R5.
    pub(super) fn image(&mut self, maps: &Maps, key: Slot) -> Written {
        let (unknown, known) = (self.a.label("first sight"), self.a.label("image known"));
        self.kept(maps.tasks, key)?;
        self.a.jump_if(Cond::Eq, R0, 0, unknown).load(Size::B8, R0, R0, value::IMAGE as i16).jump(known).bind(unknown);
        self.first_image_kept(maps.tasks, key)?;
        self.a.bind(known);
        Ok(())
    }

    /// `R0 =` [`crate::image::first_image`] of the process whose first thread is in `leader`. Uses R1 to R5.
    fn first_image(&mut self, leader: Reg) -> Written {
        let mark = self.a.mark();
        let ticks = self.a.slot("ticks", 8, 8);
        self.walk(R0, leader, "task_struct.start_boottime")?;
        self.a.div(R0, TICK as i32).load_imm64(R1, (1 << TICKS_BITS) - 1).and(R0, R1).lsh(R0, PID_BITS as i32);
        self.a.store(Size::B8, R10, ticks.at(0), R0);
        self.walk(R0, leader, "task_struct.tgid")?;
        self.a.load(Size::B8, R1, R10, ticks.at(0)).or(R0, R1).load_imm64(R1, FIRST_SIGHT).or(R0, R1);
        self.a.release(mark);
        Ok(())
    }

    /// `R0 =` a number for a new image. Uses R1 to R5.
    fn next_image(&mut self, maps: &Maps) {
        let none = self.a.label("no counter");
        let mark = self.a.mark();
        let key = self.a.slot("counter", 4, 4);
        self.a.comment("— a new image").store(Size::B4, R10, key.at(0), counter::GIVEN.cast_signed());
        self.a.load_map(R1, maps.images).slot_address(R2, key, 0).call(Helper::MapLookupElem);
        self.a.jump_if(Cond::Eq, R0, 0, none);
        match maps.tasks {
            // Where programs can be interrupted by others of their kind there are such instructions.
            Tasks::Storage(_) => self.a.mov(R1, 1).atomic(Atomic::FetchAdd, Size::B8, R0, 0, R1).add(R1, 1),
            Tasks::Hash(_) => self.a.load(Size::B8, R1, R0, 0).add(R1, 1).store(Size::B8, R0, 0, R1),
        };
        let number = self.a.slot("number", 8, 8);
        self.a.store(Size::B8, R10, number.at(0), R1).call(Helper::GetSmpProcessorId).lsh(R0, CPU_SHIFT);
        self.a.load(Size::B8, R1, R10, number.at(0)).or(R0, R1).bind(none);
        self.a.release(mark);
    }

    /// Counts an image that is not kept. Uses R0 to R5.
    fn lost_image(&mut self, maps: &Maps) {
        let done = self.a.label("counted");
        let mark = self.a.mark();
        let key = self.a.slot("counter", 4, 4);
        self.a.comment("no memory").store(Size::B4, R10, key.at(0), counter::LOST.cast_signed());
        self.a.load_map(R1, maps.images).slot_address(R2, key, 0).call(Helper::MapLookupElem);
        self.a.jump_if(Cond::Eq, R0, 0, done);
        self.a.load(Size::B8, R1, R0, 0).add(R1, 1).store(Size::B8, R0, 0, R1).bind(done);
        self.a.release(mark);
    }

    // ---- programs ----

    /// A task begins: R7 is the new one.
    fn keep_child(&mut self, maps: &Maps) -> Written {
        let end = self.too_long;
        let (thread, lost) = (self.a.label("a thread"), self.a.label("not kept"));
        let [key, previous, parent] = ["first image", "previous", "parent"].map(|name| self.a.slot(name, 8, 8));
        self.a.load(Size::B8, R7, R6, 8).load(Size::B8, R9, R6, 0);
        self.is_thread(R7, thread)?;
        self.walk(R9, R9, "task_struct.group_leader")?;
        self.image(maps, key)?;
        self.a.store(Size::B8, R10, previous.at(0), R0).mov(R9, R7);
        self.parent_leader()?;
        self.image(maps, key)?;
        self.a.store(Size::B8, R10, parent.at(0), R0);
        self.next_image(maps);
        self.a.mov(R8, R0);
        match maps.tasks {
            Tasks::Storage(map) => {
                self.storage_of(R7, map);
                self.a.jump_if(Cond::Eq, R0, 0, lost).store(Size::B8, R0, value::IMAGE as i16, R8);
                self.a.load(Size::B8, R1, R10, parent.at(0)).store(Size::B8, R0, value::PARENT as i16, R1);
                self.a.load(Size::B8, R1, R10, previous.at(0)).store(Size::B8, R0, value::PREVIOUS as i16, R1);
            }
            Tasks::Hash(map) => {
                self.first_image(R7)?;
                self.a.store(Size::B8, R10, key.at(0), R0);
                self.put_value(map, key, previous, parent);
                self.a.jump_if(Cond::Ne, R0, 0, lost);
            }
        }
        self.a.jump(end).bind(thread);
        if let Tasks::Storage(map) = maps.tasks {
            self.walk(R9, R9, "task_struct.group_leader")?;
            self.kept(maps.tasks, key)?;
            self.a.jump_if(Cond::Eq, R0, 0, end).load(Size::B8, R8, R0, value::IMAGE as i16);
            self.storage_of(R7, map);
            self.a.jump_if(Cond::Eq, R0, 0, lost).store(Size::B8, R0, value::IMAGE as i16, R8);
        }
        self.a.jump(end).bind(lost);
        self.lost_image(maps);
        Ok(())
    }

    /// The current process runs another program: R7 is its only thread, and so its first.
    fn keep_exec(&mut self, maps: &Maps) -> Written {
        let end = self.too_long;
        let (lost, known) = (self.a.label("not kept"), self.a.label("image known"));
        let [key, previous, parent] = ["first image", "previous", "parent"].map(|name| self.a.slot(name, 8, 8));
        self.a.load(Size::B8, R7, R6, 0).mov(R9, R7);
        self.parent_leader()?;
        self.image(maps, key)?;
        self.a.store(Size::B8, R10, parent.at(0), R0);
        match maps.tasks {
            Tasks::Storage(map) => {
                // It may have been another thread until now, with a value of its own.
                self.storage_of(R7, map);
                self.a.jump_if(Cond::Eq, R0, 0, lost).mov(R8, R0);
                self.a.load(Size::B8, R0, R8, value::IMAGE as i16).jump_if(Cond::Ne, R0, 0, known);
                self.first_image(R7)?;
                self.a.bind(known).store(Size::B8, R8, value::PREVIOUS as i16, R0);
                self.a.load(Size::B8, R1, R10, parent.at(0)).store(Size::B8, R8, value::PARENT as i16, R1);
                self.next_image(maps);
                self.a.store(Size::B8, R8, value::IMAGE as i16, R0);
            }
            Tasks::Hash(map) => {
                self.a.mov(R9, R7);
                self.image(maps, key)?;
                self.a.bind(known).store(Size::B8, R10, previous.at(0), R0);
                self.next_image(maps);
                self.a.mov(R8, R0);
                self.put_value(map, key, previous, parent);
                self.a.jump_if(Cond::Ne, R0, 0, lost);
            }
        }
        self.a.jump(end).bind(lost);
        self.lost_image(maps);
        Ok(())
    }

    /// A task's memory goes.
    fn forget(&mut self, map: std::os::fd::RawFd) -> Written {
        let end = self.too_long;
        let key = self.a.slot("first image", 8, 8);
        self.a.load(Size::B8, R7, R6, 0);
        self.is_thread(R7, end)?;
        self.first_image(R7)?;
        self.a.store(Size::B8, R10, key.at(0), R0);
        self.a.load_map(R1, map).slot_address(R2, key, 0).call(Helper::MapDeleteElem);
        Ok(())
    }

    /// Goes to `thread` if the task is not the first of its process. Uses R0 to R5.
    pub(super) fn is_thread(&mut self, task: Reg, thread: crate::asm::Label) -> Written {
        if self.k.typed {
            self.walk(R0, task, "task_struct.tgid")?;
            self.walk(R1, task, "task_struct.pid")?;
            self.a.jump_if(Cond::Ne, R0, R1, thread);
            return Ok(());
        }
        let mark = self.a.mark();
        let tgid = self.a.slot("tgid", 8, 8);
        self.walk(R0, task, "task_struct.tgid")?;
        self.a.store(Size::B8, R10, tgid.at(0), R0);
        self.walk(R0, task, "task_struct.pid")?;
        self.a.load(Size::B8, R1, R10, tgid.at(0)).jump_if(Cond::Ne, R0, R1, thread);
        self.a.release(mark);
        Ok(())
    }

    /// `R0 =` the storage of a task, made if there is none; null without memory. Uses R1 to R5.
    fn storage_of(&mut self, task: Reg, map: std::os::fd::RawFd) {
        self.a.load_map(R1, map).mov(R2, task).mov(R3, 0).mov(R4, CREATE).call(Helper::TaskStorageGet);
    }

    /// Puts the image in R8 into the hash, by the key; `R0 =` 0 or an error. Uses R1 to R5.
    fn put_value(&mut self, map: std::os::fd::RawFd, key: Slot, previous: Slot, parent: Slot) {
        let mark = self.a.mark();
        let new = self.a.slot("value", value::SIZE as u16, 8);
        self.a.zero_slot(new).store(Size::B8, R10, new.at(value::IMAGE as u16), R8);
        for (from, at) in [(previous, value::PREVIOUS), (parent, value::PARENT)] {
            self.a.load(Size::B8, R1, R10, from.at(0)).store(Size::B8, R10, new.at(at as u16), R1);
        }
        self.a.load_map(R1, map).slot_address(R2, key, 0).slot_address(R3, new, 0).mov(R4, 0);
        self.a.call(Helper::MapUpdateElem);
        self.a.release(mark);
    }
}

const _: () = assert!(HEADER > header::TID, "the thread is in the header");
