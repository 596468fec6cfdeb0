//! Numbers known of an open file.
//!
//! What must hold: the `struct file` is not null; it may have no type, so every way from it begins with
//! [`Emit::walk_from`].

use super::convert::named;
use super::emit::{Emit, Written};
use crate::asm::{Cond, Helper, Label, Reg, Size};
use peregrine_schema::capture::FileFact;
use peregrine_schema::flags;

use Reg::{R0, R1, R2, R3, R9, R10};

/// `OVERLAYFS_SUPER_MAGIC`.
const OVERLAYFS: i32 = 0x794c_7630;
/// `PID_FS_MAGIC`: process descriptors have a file system of their own since Linux 6.9.
const PIDFS: i32 = 0x5049_4446;

/// Results of [`Emit::layer`].
pub(super) mod layer {
    /// The file lies in the writable layer.
    pub(in super::super) const UPPER: i32 = 1;
    /// It lies in one below.
    pub(in super::super) const LOWER: i32 = 2;
}

/// Names of the dentries of files without an inode of their own, with what they are. None is longer than 15 bytes.
const ANON_NAMES: &[(&str, &str)] = &[
    ("[eventfd]", "ANON_INODE_FD_TYPE_EVENTFD"),
    ("[eventpoll]", "ANON_INODE_FD_TYPE_EVENTPOLL"),
    ("inotify", "ANON_INODE_FD_TYPE_INOTIFY"),
    ("[signalfd]", "ANON_INODE_FD_TYPE_SIGNALFD"),
    ("[timerfd]", "ANON_INODE_FD_TYPE_TIMERFD"),
    ("[io_uring]", "ANON_INODE_FD_TYPE_IO_URING"),
    ("[userfaultfd]", "ANON_INODE_FD_TYPE_USERFAULTFD"),
    ("[pidfd]", "ANON_INODE_FD_TYPE_PIDFD"),
    ("bpf-map", "ANON_INODE_FD_TYPE_BPF_MAP"),
    ("bpf-prog", "ANON_INODE_FD_TYPE_BPF_PROG"),
    ("bpf-link", "ANON_INODE_FD_TYPE_BPF_LINK"),
    ("bpf_iter", "ANON_INODE_FD_TYPE_BPF_ITER"),
    ("[perf_event]", "ANON_INODE_FD_TYPE_PERF_EVENT"),
];

impl Emit<'_> {
    /// `R0 =` a number known of the `struct file` in R9, a pointer without type that is not null. Uses R1 to R5, R9.
    pub(super) fn file_fact(&mut self, fact: FileFact) -> Written {
        let path = match fact {
            FileFact::Device => "file.f_inode->inode.i_sb->super_block.s_dev",
            FileFact::Inode => "file.f_inode->inode.i_ino",
            FileFact::Flags => "file.f_flags",
            FileFact::Layer => return self.layer(),
            FileFact::AnonKind => return self.anon_kind(),
            FileFact::MountId => {
                self.walk_from(R9, R9, "file.f_path.mnt")?;
                self.mount_of(R9)?;
                "mount.mnt_id"
            }
            _ => return self.socket_fact(fact),
        };
        self.walk_from(R0, R9, path)?;
        Ok(())
    }

    /// From the `vfsmount` in `reg` to the `mount` around it.
    pub(super) fn mount_of(&mut self, reg: Reg) -> Written {
        let inside = self.member("mount.mnt")?.offset;
        self.a.sub(reg, inside as i32);
        Ok(())
    }

    /// `R0 =` the layer of overlayfs that the file in R9 lies in; 0 on another file system. Uses R1 to R5, and R9.
    pub(super) fn layer(&mut self) -> Written {
        let (other, lower, done) = (self.a.label("no overlay"), self.a.label("lower"), self.a.label("layer"));
        self.walk_from(R9, R9, "file.f_path.dentry")?;
        self.walk_from(R0, R9, "dentry.d_sb->super_block.s_magic")?;
        self.a.jump_if(Cond::Ne, R0, OVERLAYFS, other);
        // Overlayfs keeps an inode inside a structure of its own, with the pointer to the upper dentry right behind.
        // That structure is in a module, so its types need not be known.
        self.walk_from(R3, R9, "dentry.d_inode")?;
        let inode = self.k.btf.struct_size("inode").unwrap_or_default();
        self.a.comment("upper dentry").add(R3, inode.cast_signed());
        self.read_kernel(R9, 8);
        self.a.jump_if(Cond::Eq, R9, 0, lower);
        self.walk_from(R0, R9, "dentry.d_inode->inode.i_ino")?;
        self.a.jump_if(Cond::Eq, R0, 0, lower);
        self.a.mov(R0, layer::UPPER).jump(done);
        self.a.bind(lower).mov(R0, layer::LOWER).jump(done);
        self.a.bind(other).mov(R0, 0).bind(done);
        Ok(())
    }

    /// `R0 =` what kind of file without an inode of its own is in R9. Uses R1 to R5, and R9.
    fn anon_kind(&mut self) -> Written {
        let kind = |name| named(flags::ANON_INODE_FD_TYPES, name);
        let (by_name, done) = (self.a.label("by its name"), self.a.label("kind"));
        let name = self.a.slot("name", 16, 8);
        self.walk_from(R0, R9, "file.f_inode->inode.i_sb->super_block.s_magic")?;
        self.a.jump_if(Cond::Ne, R0, PIDFS, by_name).mov(R0, kind("ANON_INODE_FD_TYPE_PIDFD")).jump(done);
        self.a.bind(by_name).zero_slot(name);
        self.walk_from(R3, R9, "file.f_path.dentry->dentry.d_name.name")?;
        self.a.slot_address(R1, name, 0).mov(R2, 16).call(Helper::ProbeReadKernelStr);
        for (text, what) in ANON_NAMES {
            let next = self.a.label("another kind");
            self.a.mov(R0, kind(what));
            self.equals(name, text, next);
            self.a.jump(done).bind(next);
        }
        self.a.mov(R0, kind("ANON_INODE_FD_TYPE_UNKNOWN")).bind(done);
        Ok(())
    }

    /// Goes to `other` unless the slot of 8 or 16 bytes holds this text and zeroes. Uses R1 and R2.
    pub(super) fn equals(&mut self, slot: crate::asm::Slot, text: &str, other: Label) {
        let mut padded = [0; 16];
        for (to, from) in padded.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        self.a.comment(format!("\"{text}\"?"));
        let wide = u128::from_le_bytes(padded);
        for (at, word) in [(0, wide as u64), (8, (wide >> 64) as u64)] {
            if at < slot.size {
                self.a.load(Size::B8, R1, R10, slot.at(at)).load_imm64(R2, word);
                self.a.jump_if(Cond::Ne, R1, R2, other);
            }
        }
    }
}
