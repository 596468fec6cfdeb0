//! What is known of the program that a task runs: whether the task could write to it, where it comes from.
//!
//! The question of writing is answered by mode bits, group, and capabilities, as Falco does it; access lists, and what
//! a file system or security module says beyond them, are not looked at.

use super::convert::named;
use super::emit::{Emit, Written};
use super::files::layer;
use crate::asm::{Cond, Helper, Label, Reg, Size, Slot};
use peregrine_schema::flags;

use Reg::{R0, R1, R2, R3, R9, R10};

/// `SB_RDONLY`.
const READ_ONLY: i32 = 1;
/// `S_IMMUTABLE`.
const IMMUTABLE: i32 = 8;
/// `S_IFMT`, and the kinds of files that a read-only file system protects.
const KIND: i32 = 0o170_000;
const PROTECTED: [i32; 3] = [0o100_000, 0o040_000, 0o120_000];
/// `MAY_WRITE`, the bit for others in a mode; three bits up is the group's.
const MAY_WRITE: i32 = 2;
const GROUP_SHIFT: i32 = 3;
/// Bits of `CAP_DAC_OVERRIDE` and `CAP_FOWNER`.
const DAC_OVERRIDE: i32 = 1 << 1;
const OWNER: i32 = 1 << 3;
/// Steps of the search among at most 65536 groups.
const GROUP_STEPS: i32 = 16;
/// Extents of a map of ids that are kept in place (`UID_GID_MAP_MAX_BASE_EXTENTS`).
const EXTENTS: u32 = 5;

/// What [`Emit::writable`] keeps at hand.
struct Kept {
    inode: Slot,
    cred: Slot,
    uid: Slot,
    gid: Slot,
}

impl Emit<'_> {
    /// `R0 =` flags of the program of the task in R9. Uses R1 to R5, and R9.
    pub(super) fn exe_flags(&mut self) -> Written {
        let flag = |name| named(flags::EXECVE_FLAGS, name);
        let [task, file, found] = ["task", "program", "flags"].map(|name| self.a.slot(name, 8, 8));
        let (fixed, done) = (self.a.label("not writable"), self.a.label("flags complete"));
        self.a.store(Size::B8, R10, task.at(0), R9).store(Size::B8, R10, found.at(0), 0);
        self.walk(R9, R9, "task_struct.mm->mm_struct.exe_file")?;
        self.a.store(Size::B8, R10, file.at(0), R9).jump_if(Cond::Eq, R9, 0, done);
        self.writable(task, fixed)?;
        self.add_flag(found, flag("EXE_WRITABLE"));
        self.a.bind(fixed).load(Size::B8, R9, R10, file.at(0));
        self.layer()?;
        for (value, name) in [(layer::UPPER, "EXE_UPPER_LAYER"), (layer::LOWER, "EXE_LOWER_LAYER")] {
            let next = self.a.label("not this layer");
            self.a.jump_if(Cond::Ne, R0, value, next);
            self.add_flag(found, flag(name));
            self.a.bind(next);
        }
        self.a.load(Size::B8, R9, R10, file.at(0));
        self.only_from_memfd(done)?;
        self.add_flag(found, flag("EXE_FROM_MEMFD"));
        self.a.bind(done).load(Size::B8, R0, R10, found.at(0));
        Ok(())
    }

    /// Uses R1.
    fn add_flag(&mut self, flags: Slot, flag: i32) {
        self.a.load(Size::B8, R1, R10, flags.at(0)).or(R1, flag).store(Size::B8, R10, flags.at(0), R1);
    }

    /// Goes to `other` unless the file in R9 was made by `memfd_create`: its dentry is its own parent and is named so.
    fn only_from_memfd(&mut self, other: Label) -> Written {
        let name = self.a.slot("name", 8, 8);
        self.walk_from(R9, R9, "file.f_path.dentry")?;
        self.walk_from(R0, R9, "dentry.d_parent")?;
        self.a.jump_if(Cond::Ne, R0, R9, other).zero_slot(name);
        self.walk_from(R3, R9, "dentry.d_name.name")?;
        // Six letters and the zero that ends what is read.
        self.a.slot_address(R1, name, 0).mov(R2, 7).call(Helper::ProbeReadKernelStr);
        self.equals(name, "memfd:", other);
        Ok(())
    }

    /// Goes to `no` unless the task could write to the file in R9.
    fn writable(&mut self, task: Slot, no: Label) -> Written {
        let [inode, cred, uid, gid] = ["inode", "credentials", "owner", "group"].map(|name| self.a.slot(name, 8, 8));
        let kept = Kept { inode, cred, uid, gid };
        let (yes, open) = (self.a.label("writable"), self.a.label("not read-only"));
        self.walk(R9, R9, "file.f_inode")?;
        self.a.store(Size::B8, R10, inode.at(0), R9);
        self.walk(R0, R9, "inode.i_sb->super_block.s_flags")?;
        self.a.and(R0, READ_ONLY).jump_if(Cond::Eq, R0, 0, open);
        self.walk(R0, R9, "inode.i_mode")?;
        self.a.and(R0, KIND);
        for kind in PROTECTED {
            self.a.jump_if(Cond::Eq, R0, kind, no);
        }
        self.a.bind(open);
        self.walk(R0, R9, "inode.i_flags")?;
        self.a.jump_if(Cond::Set, R0, IMMUTABLE, no);
        // Ids that the file system cannot express are all ones.
        for (slot, path) in [(uid, "inode.i_uid.val"), (gid, "inode.i_gid.val")] {
            self.walk(R0, R9, path)?;
            self.a.store(Size::B8, R10, slot.at(0), R0).jump_if32(Cond::Eq, R0, -1, no);
        }
        self.a.load(Size::B8, R9, R10, task.at(0));
        self.walk(R0, R9, "task_struct.cred")?;
        self.a.store(Size::B8, R10, cred.at(0), R0).mov(R9, R0);
        self.walk(R0, R9, "cred.fsuid.val")?;
        self.a.load(Size::B8, R1, R10, uid.at(0)).jump_if32(Cond::Eq, R0, R1, yes);
        self.writable_by_mode(&kept, yes)?;
        self.writable_by_capability(&kept, task, yes, no)?;
        self.a.bind(yes);
        Ok(())
    }

    /// Goes to `yes` if the bits of the mode for the group or for others allow it.
    fn writable_by_mode(&mut self, kept: &Kept, yes: Label) -> Written {
        let (member, other, test) = (self.a.label("of the group"), self.a.label("of others"), self.a.label("mode"));
        self.a.load(Size::B8, R9, R10, kept.cred.at(0));
        self.walk(R0, R9, "cred.fsgid.val")?;
        self.a.load(Size::B8, R1, R10, kept.gid.at(0)).jump_if32(Cond::Eq, R0, R1, member);
        self.in_groups(kept, member)?;
        self.a.jump(other).bind(member).load(Size::B8, R9, R10, kept.inode.at(0));
        self.walk(R0, R9, "inode.i_mode")?;
        self.a.rsh(R0, GROUP_SHIFT).jump(test).bind(other).load(Size::B8, R9, R10, kept.inode.at(0));
        self.walk(R0, R9, "inode.i_mode")?;
        self.a.bind(test).jump_if(Cond::Set, R0, MAY_WRITE, yes);
        Ok(())
    }

    /// Goes to `found` if the file's group is among the task's, which are sorted.
    fn in_groups(&mut self, kept: &Kept, found: Label) -> Written {
        let first = self.member("group_info.gid")?.offset;
        let [groups, left, right, middle] = ["groups", "left", "right", "middle"].map(|name| self.a.slot(name, 8, 8));
        let (out, upper, next) = (self.a.label("not found"), self.a.label("upper half"), self.a.label("next step"));
        self.a.load(Size::B8, R9, R10, kept.cred.at(0));
        self.walk(R9, R9, "cred.group_info")?;
        self.walk(R0, R9, "group_info.ngroups")?;
        self.a.store(Size::B8, R10, right.at(0), R0).store(Size::B8, R10, left.at(0), 0);
        // As a number: to what is added to a pointer the verifier would want to know exactly, turn by turn.
        self.plain_number(R9);
        self.a.store(Size::B8, R10, groups.at(0), R9).mov(R9, 0);
        let head = self.a.loop_head("search for the group");
        self.a.jump_if(Cond::Ge, R9, GROUP_STEPS, out).add(R9, 1);
        self.a.load(Size::B8, R1, R10, left.at(0)).load(Size::B8, R2, R10, right.at(0));
        self.a.jump_if(Cond::Ge, R1, R2, out).add(R1, R2).rsh(R1, 1).store(Size::B8, R10, middle.at(0), R1);
        self.a.lsh(R1, 2).load(Size::B8, R3, R10, groups.at(0)).add(R3, R1).add(R3, first as i32);
        self.read_kernel(R0, 4);
        self.a.load(Size::B8, R1, R10, kept.gid.at(0)).load(Size::B8, R2, R10, middle.at(0));
        self.a.jump_if32(Cond::Eq, R1, R0, found).jump_if32(Cond::Gt, R1, R0, upper);
        self.a.store(Size::B8, R10, right.at(0), R2).jump(next);
        self.a.bind(upper).add(R2, 1).store(Size::B8, R10, left.at(0), R2);
        self.a.bind(next).jump(head).bind(out);
        Ok(())
    }

    /// Goes to `yes` if a capability counts for the file, as its ids are known in the task's namespace; else to `no`.
    fn writable_by_capability(&mut self, kept: &Kept, task: Slot, yes: Label, no: Label) -> Written {
        let (capable, namespace) = (self.a.slot("capabilities", 8, 8), self.a.slot("namespace", 8, 8));
        self.a.load(Size::B8, R9, R10, task.at(0));
        self.capabilities("cap_effective")?;
        // Most tasks have neither, and need not be asked about their namespace.
        self.a.and(R0, DAC_OVERRIDE | OWNER).jump_if(Cond::Eq, R0, 0, no).store(Size::B8, R10, capable.at(0), R0);
        self.a.load(Size::B8, R9, R10, kept.cred.at(0));
        self.walk(R0, R9, "cred.user_ns")?;
        self.a.jump_if(Cond::Eq, R0, 0, no).store(Size::B8, R10, namespace.at(0), R0);
        self.only_mapped(namespace, "user_namespace.uid_map", kept.uid, no)?;
        self.a.load(Size::B8, R0, R10, capable.at(0)).jump_if(Cond::Set, R0, OWNER, yes);
        self.only_mapped(namespace, "user_namespace.gid_map", kept.gid, no)
    }

    /// Goes to `no` unless an id is in a map of the namespace. Of a map with more extents than are kept in place, the
    /// places are looked at all the same.
    fn only_mapped(&mut self, namespace: Slot, map: &str, id: Slot, no: Label) -> Written {
        let mark = self.a.mark();
        let map = self.member(map)?;
        let count = self.member("uid_gid_map.nr_extents")?.offset as u16;
        let extents: Vec<[u16; 2]> = (0..EXTENTS)
            .map(|index| {
                let at = |name: &str| self.member(&format!("uid_gid_map.extent[{index}].{name}"));
                Ok([at("lower_first")?.offset as u16, at("count")?.offset as u16])
            })
            .collect::<Result<_, super::GenerateError>>()?;
        let copy = self.a.slot("map of ids", map.size as u16, 8);
        self.a.load(Size::B8, R3, R10, namespace.at(0)).add(R3, map.offset as i32);
        self.a.slot_address(R1, copy, 0).mov(R2, map.size as i32).call(Helper::ProbeReadKernel);
        let mapped = self.a.label("mapped");
        self.a.load(Size::B8, R0, R10, id.at(0)).mov32(R0, R0);
        for (index, [first, length]) in extents.into_iter().enumerate() {
            let next = self.a.label("next extent");
            self.a.load(Size::B4, R3, R10, copy.at(count)).jump_if(Cond::Le, R3, index as i32, no);
            self.a.load(Size::B4, R1, R10, copy.at(first)).load(Size::B4, R2, R10, copy.at(length));
            self.a.add32(R2, R1).sub32(R2, 1);
            self.a.jump_if(Cond::Lt, R0, R1, next).jump_if(Cond::Le, R0, R2, mapped).bind(next);
        }
        self.a.jump(no).bind(mapped);
        self.a.release(mark);
        Ok(())
    }
}
