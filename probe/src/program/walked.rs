//! Tasks found by walking through the kernel's lists, and the sender of a signal.
//!
//! What must hold: every walk is bounded; one that ends at its bound says so (-1), as the answer would be a guess.

use super::emit::{Emit, Written};
use crate::asm::{Cond, Label, Reg, Size, Slot};
use peregrine_schema::capture::{Int, Special, Who};

use Reg::{R0, R1, R2, R9, R10};

/// Threads of a process that are looked at.
const THREADS: i32 = 30;
/// Ancestors that are looked at.
const ANCESTORS: i32 = 60;
/// Turns of the search among the threads of ancestors: enough for all ancestors and the threads of a few of them.
const TURNS: i32 = 200;
/// `PF_EXITING`.
const EXITING: i32 = 4;

/// Addresses below are no `siginfo` but the kernel's words for "none" and "from the kernel".
const FIRST_PAGE: i32 = 4096;
/// Signals that have a number of a process wherever they come from, and those that have one if a process sent them.
mod signal {
    pub(super) const KILL: i32 = 9;
    pub(super) const CHLD: i32 = 17;
    /// `SIGTERM`, `SIGHUP`, `SIGINT`, `SIGTSTP`, `SIGQUIT`.
    pub(super) const BY_HAND: [i32; 5] = [15, 1, 2, 20, 3];
    /// Real-time ones.
    pub(super) const FIRST: i32 = 32;
    pub(super) const LAST: i32 = 65;
}

impl Emit<'_> {
    /// `R0 =` what a special recipe finds by walking. Uses R1 to R5, and R9.
    pub(super) fn walked_special(&mut self, special: Special) -> Written {
        match special {
            Special::SignalSender => self.signal_sender(),
            Special::Reaper => self.reaper(),
            other => Err(self.no_recipe(peregrine_schema::capture::Source::Special(other))),
        }
    }

    /// `R0 =` who sent the signal.
    fn signal_sender(&mut self) -> Written {
        let names = ["by kill", "by hand", "by child", "by queue", "nobody", "sender"];
        let [killed, by_hand, child, queued, nobody, done] = names.map(|name| self.a.label(name));
        self.argument(R9, 1);
        // The pointer is compared as a number, and followed beyond the first page only. Newer kernels (6.12.118) give it
        // no type, because it may be no pointer.
        self.a.jump_if(Cond::Eq, R9, 0, nobody).jump_if(Cond::Lt, R9, FIRST_PAGE, nobody);
        self.argument(R0, 0);
        self.a.mov32(R0, R0).jump_if(Cond::Eq, R0, signal::KILL, killed).jump_if(Cond::Eq, R0, signal::CHLD, child);
        for number in signal::BY_HAND {
            self.a.jump_if(Cond::Eq, R0, number, by_hand);
        }
        self.a.jump_if(Cond::Lt, R0, signal::FIRST, nobody).jump_if(Cond::Le, R0, signal::LAST, queued);
        self.a.jump(nobody).bind(by_hand);
        // Above 0 are the codes of what the kernel itself sends.
        self.walk_from(R0, R9, "kernel_siginfo.si_code")?;
        self.extend(Int::S32);
        self.a.jump_if(Cond::Sgt, R0, 0, nobody);
        for (label, member) in [(killed, "_kill"), (child, "_sigchld"), (queued, "_rt")] {
            self.a.bind(label);
            self.walk_from(R0, R9, &format!("kernel_siginfo._sifields.{member}._pid"))?;
            self.a.jump(done);
        }
        self.a.bind(nobody).mov(R0, 0).bind(done);
        self.extend(Int::S32);
        Ok(())
    }

    /// `R0 =` the thread that inherits the subject's children.
    fn reaper(&mut self) -> Written {
        let (nobody, done) = (self.a.label("no reaper"), self.a.label("reaper"));
        let children = self.member("task_struct.children")?.offset;
        let task = self.a.slot("task", 8, 8);
        self.task(R9, Who::Subject);
        self.a.store(Size::B8, R10, task.at(0), R9);
        // A list without elements leads to itself.
        self.walk(R0, R9, "task_struct.children.next")?;
        self.a.mov(R1, R9).add(R1, children as i32).jump_if(Cond::Eq, R0, R1, nobody);
        self.walk(R9, R9, "task_struct.signal")?;
        self.living_thread(done)?;
        let [reaper, level] = ["reaper of the namespace", "level"].map(|name| self.a.slot(name, 8, 8));
        let of_namespace = self.a.label("reaper of the namespace");
        self.a.load(Size::B8, R9, R10, task.at(0));
        self.namespaced(R9, "task_struct.thread_pid", "ns")?;
        self.a.mov(R9, R0);
        self.walk_from(R0, R9, "pid_namespace.child_reaper")?;
        self.a.store(Size::B8, R10, reaper.at(0), R0).load(Size::B8, R9, R10, task.at(0));
        self.a.jump_if(Cond::Eq, R0, R9, nobody);
        self.walk(R0, R9, "task_struct.signal->signal_struct.has_child_subreaper")?;
        self.a.jump_if(Cond::Eq, R0, 0, of_namespace);
        self.walk(R0, R9, "task_struct.thread_pid->pid.level")?;
        self.a.store(Size::B8, R10, level.at(0), R0);
        self.subreaper(task, reaper, level, of_namespace, done)?;
        self.a.bind(of_namespace).load(Size::B8, R9, R10, reaper.at(0));
        self.walk_from(R0, R9, "task_struct.pid")?;
        self.a.jump(done).bind(nobody).mov(R0, 0).bind(done);
        Ok(())
    }

    /// Goes to `done` with the thread of an ancestor that asked for orphans, or -1; to `of_namespace` if there is none
    /// in the namespace.
    ///
    /// One loop for two: each turn looks at one thread of the ancestor, or goes to the next ancestor when there are no
    /// more threads. What it keeps are numbers that the verifier knows nothing of, so that it looks once at each turn.
    fn subreaper(&mut self, task: Slot, reaper: Slot, level: Slot, of_namespace: Label, done: Label) -> Written {
        let [ancestor, node, head] = ["ancestor", "node", "head"].map(|name| self.a.slot(name, 8, 8));
        let [threads, ancestors] = [0, 1];
        let (bound, thread) = (self.a.label("too far"), self.a.label("a thread"));
        self.a.load(Size::B8, R9, R10, task.at(0));
        self.plain_number(R9);
        for slot in [ancestor, node, head] {
            self.a.store(Size::B8, R10, slot.at(0), R9);
        }
        for counter in [threads, ancestors] {
            self.keep_name(counter, None);
        }
        let turn = self.a.slot("turn", 8, 8);
        let again = self.counting_loop("ancestors and their threads", R9, bound);
        self.a.jump_if(Cond::Ge, R9, TURNS, bound).add(R9, 1).store(Size::B8, R10, turn.at(0), R9);
        self.a.load(Size::B8, R1, R10, node.at(0)).load(Size::B8, R2, R10, head.at(0));
        self.a.jump_if(Cond::Ne, R1, R2, thread);
        self.count_at(ancestors, ANCESTORS, bound);
        self.keep_name(threads, None);
        self.next_ancestor([ancestor, node, head], reaper, level, of_namespace)?;
        self.a.load(Size::B8, R9, R10, turn.at(0)).jump(again).bind(thread);
        self.count_at(threads, THREADS, bound);
        self.a.load(Size::B8, R9, R10, node.at(0));
        self.thread(done)?;
        self.plain_number(R0);
        self.a.store(Size::B8, R10, node.at(0), R0).load(Size::B8, R9, R10, turn.at(0)).jump(again);
        self.a.bind(bound).mov(R0, -1).jump(done);
        Ok(())
    }

    /// Goes on to the parent of `ancestor`: if it asked for orphans, `node` becomes its first thread and `head` the end
    /// of its threads. Uses R0 to R5, and R9.
    fn next_ancestor(&mut self, places: [Slot; 3], reaper: Slot, level: Slot, of_namespace: Label) -> Written {
        let [ancestor, node, head] = places;
        let next = self.a.label("did not ask");
        let list = self.member("signal_struct.thread_head")?.offset as i32;
        self.a.load(Size::B8, R9, R10, ancestor.at(0));
        self.walk_from(R9, R9, "task_struct.real_parent")?;
        self.plain_number(R9);
        self.a.store(Size::B8, R10, ancestor.at(0), R9).load(Size::B8, R1, R10, reaper.at(0));
        self.a.jump_if(Cond::Eq, R9, R1, of_namespace);
        self.walk_from(R0, R9, "task_struct.thread_pid->pid.level")?;
        self.a.load(Size::B8, R1, R10, level.at(0)).jump_if(Cond::Ne, R0, R1, of_namespace);
        self.walk_from(R9, R9, "task_struct.signal")?;
        self.walk_from(R0, R9, "signal_struct.is_child_subreaper")?;
        self.a.jump_if(Cond::Eq, R0, 0, next);
        self.walk_from(R0, R9, "signal_struct.thread_head.next")?;
        self.plain_number(R0);
        self.plain_number(R9);
        self.a.add(R9, list).store(Size::B8, R10, node.at(0), R0).store(Size::B8, R10, head.at(0), R9).bind(next);
        Ok(())
    }

    /// Of the thread with this `thread_node` in R9: goes to `done` with its number if it is not about to end, else
    /// `R0 =` the next node. Uses R1 to R5, and R9.
    fn thread(&mut self, done: Label) -> Written {
        let ends = self.a.label("about to end");
        let inside = self.member("task_struct.thread_node")?.offset as i32;
        self.a.sub(R9, inside);
        self.walk_from(R0, R9, "task_struct.flags")?;
        self.a.jump_if(Cond::Set, R0, EXITING, ends);
        self.walk_from(R0, R9, "task_struct.pid")?;
        self.a.jump(done).bind(ends);
        self.walk_from(R0, R9, "task_struct.thread_node.next")?;
        Ok(())
    }

    /// Goes to `done` with the first thread, of the process whose `signal_struct` is in R9, that is not about to end,
    /// or with -1 if there are too many threads to tell. Uses R0 to R5, and R9.
    fn living_thread(&mut self, done: Label) -> Written {
        let mark = self.a.mark();
        let [head, node, turn] = ["head", "node", "turn"].map(|name| self.a.slot(name, 8, 8));
        let (none, bound) = (self.a.label("none"), self.a.label("too many threads"));
        let list = self.member("signal_struct.thread_head")?.offset as i32;
        self.walk_from(R0, R9, "signal_struct.thread_head.next")?;
        self.a.store(Size::B8, R10, node.at(0), R0);
        self.a.add(R9, list).store(Size::B8, R10, head.at(0), R9);
        let again = self.counting_loop("threads", R9, bound);
        self.a.load(Size::B8, R1, R10, node.at(0)).load(Size::B8, R2, R10, head.at(0));
        self.a.jump_if(Cond::Eq, R1, R2, none).jump_if(Cond::Ge, R9, THREADS, bound).add(R9, 1);
        self.a.store(Size::B8, R10, turn.at(0), R9).mov(R9, R1);
        self.thread(done)?;
        self.a.store(Size::B8, R10, node.at(0), R0).load(Size::B8, R9, R10, turn.at(0)).jump(again);
        self.a.bind(bound).mov(R0, -1).jump(done).bind(none);
        self.a.release(mark);
        Ok(())
    }
}
