//! Control groups of a task: for each controller that the kernel has, its name and the path of the group.
//!
//! ```text
//! task ─► css_set ─► subsys[controller] ─► cgroup ─► kernfs_node ─► parent ─► … ─► root, without a name
//! ```
//!
//! The way is the same in versions 1 and 2; in version 2 controllers share groups. A controller's number is that of
//! this kernel, its name that of its enumerator, as the kernel makes the one from the other.

use super::emit::{Emit, Written};
use crate::asm::{Cond, Helper, Label, Reg, Size, Slot};
use peregrine_schema::capture::{MAX_CGROUP_DEPTH, Who};

use Reg::{R0, R1, R2, R3, R8, R9, R10};

/// The controllers, in the order of the record.
const CONTROLLERS: [&str; 5] = ["cpuset", "cpu", "cpuacct", "io", "memory"];
/// Most bytes of a component, its NUL included; kernfs has no longer names.
const COMPONENT: usize = 256;

impl Emit<'_> {
    /// The next parameter are the subject's control groups.
    pub(super) fn cgroups(&mut self) -> Written {
        let start = self.start();
        let groups = self.a.slot("groups", 8, 8);
        self.task(R9, Who::Subject);
        self.walk(R9, R9, "task_struct.cgroups")?;
        self.a.store(Size::B8, R10, groups.at(0), R9);
        for name in CONTROLLERS {
            let Some(id) = self.k.btf.enum_value("cgroup_subsys_id", &format!("{name}_cgrp_id")) else { continue };
            let mark = self.a.mark();
            self.controller(name, id, groups)?;
            self.a.release(mark);
        }
        self.put_since(start);
        Ok(())
    }

    /// Appends `NAME=PATH` and a NUL, nothing if the controller has no state for the task.
    fn controller(&mut self, name: &str, id: i64, groups: Slot) -> Written {
        let names = ["no such controller", "names collected", "path begun", "end"];
        let [skip, collected, begun, end] = names.map(|name| self.a.label(name));
        self.a.load(Size::B8, R9, R10, groups.at(0));
        self.walk(R9, R9, &format!("css_set.subsys[{id}]"))?;
        self.a.jump_if(Cond::Eq, R9, 0, skip);
        self.room(name.len() + 3);
        self.append(&format!("{name}="));
        let begin = self.start();
        self.walk(R9, R9, "cgroup_subsys_state.cgroup->cgroup.kn")?;
        self.a.jump_if(Cond::Eq, R9, 0, end);
        self.components(collected)?;
        self.a.bind(collected);
        for index in (0..MAX_CGROUP_DEPTH).rev() {
            self.component(index);
        }
        self.a.load(Size::B8, R1, R10, begin.at(0)).jump_if(Cond::Ne, R1, R8, begun);
        self.append("/");
        self.a.bind(begun);
        self.settle();
        self.room(1);
        self.a.bind(end);
        self.append("\0");
        self.a.bind(skip);
        self.settle();
        Ok(())
    }

    /// Collects the addresses of the names of the node in R9 and of those above it, the root left out; goes to
    /// `collected` when there are no more.
    fn components(&mut self, collected: Label) -> Written {
        // Without a lock on the tree since Linux 6.15, and named differently since.
        let parent = if self.has("kernfs_node.__parent") { "__parent" } else { "parent" };
        let [up, name] = ["up", "name"].map(|name| self.a.slot(name, 8, 8));
        for index in 0..MAX_CGROUP_DEPTH {
            self.keep_name(index, None);
        }
        for index in 0..MAX_CGROUP_DEPTH {
            self.members(R9, "kernfs_node", &[("name", name), (parent, up)])?;
            self.a.load(Size::B8, R9, R10, up.at(0)).jump_if(Cond::Eq, R9, 0, collected);
            self.keep_name(index, Some(name));
        }
        Ok(())
    }

    /// Appends a slash and the component with this index; nothing if there is none.
    fn component(&mut self, index: usize) {
        let none = self.a.label("no component");
        self.room(COMPONENT + 1);
        self.kept_name(R3, index);
        self.a.jump_if(Cond::Eq, R3, 0, none);
        self.here(R1);
        self.a.store(Size::B1, R1, 0, i32::from(b'/')).add(R1, 1);
        self.a.mov(R2, COMPONENT as i32).call(Helper::ProbeReadKernelStr);
        // What was copied ends with a NUL, which the next byte overwrites; the slash counts in its place.
        self.a.jump_if(Cond::Sle, R0, 1, none).add(R8, R0).bind(none);
        self.settle();
    }

    /// Appends bytes, for which there is room. Uses R1.
    fn append(&mut self, text: &str) {
        self.here(R1);
        let mut at = 0;
        let mut rest = text.as_bytes();
        while let Some(size) = [Size::B4, Size::B2, Size::B1].into_iter().find(|s| usize::from(s.bytes()) <= rest.len())
        {
            let (now, later) = rest.split_at(usize::from(size.bytes()));
            let word = now.iter().rev().fold(0_i32, |word, byte| word << 8 | i32::from(*byte));
            self.a.store(size, R1, at, word);
            at += i16::from(size.bytes());
            rest = later;
        }
        self.a.add(R8, text.len() as i32);
    }
}
