//! Paths: names of dentries from a file up to the root of its mount, from there on at the mount point, and so to the
//! root of the tree of mounts.
//!
//! ```text
//! 1st loop, upwards      dentry ─► parent ─► … ─► root of the mount ─► mount point ─► parent ─► … ─► root
//!                          │         │                (0)                  │            │
//!                          ▼         ▼                                     ▼            ▼
//!                        names[0]  names[1]          names[…]            names[…]     names[count - 1]
//! 2nd loop, downwards    "/" + names[count - 1] + … + "/" + names[1] + "/" + names[0]     into the record
//! ```
//!
//! Addresses of names are collected first, so that each name is copied once, to its place in the record.
//!
//! What must hold: a dentry that is renamed or freed meanwhile gives a wrong name, never an error; there is no lock.
//! The names' addresses, their count and the position in the record lie in [`WORK`], not on the stack: the verifier
//! knows nothing of what is read from there, so it need not look at what follows the loops once for each way out of
//! them. A step to another mount counts as one of the [`MAX_PATH_DEPTH`], *as in Falco*.

use super::emit::{Emit, Written};
use super::filtering::cell as filter;
use super::kernel::GenerateError;
use super::layout::{ROOM, SCRATCH};
use crate::asm::{Cond, Helper, Label, Reg, Size, Slot};
use crate::btf::TypeId;
use peregrine_schema::capture::{Fd, MAX_PATH, MAX_PATH_DEPTH, MAX_UNIX_PATH, PathOf, Who};

use Reg::{R0, R1, R2, R3, R4, R7, R8, R9, R10};

/// Offset from R7 of working memory: the last bytes of the memory in which the record is put together. A record that
/// reaches so far is too long and is not sent.
const WORK: i32 = ((SCRATCH - 1024) & !7) as i32;
/// How many addresses there are.
const COUNT: i16 = 0;
/// Bytes of the path written so far.
const POSITION: i16 = 8;
/// For [`Emit::settle`].
const SETTLED: i16 = 16;
/// The addresses, innermost first; 0 for none.
const NAMES: i16 = 24;
/// Most bytes copied of one name, its NUL included. File systems with names of 255 UTF-16 units come close to it.
const NAME: i32 = 1024;

/// Lengths of the names, 4 bytes each, for [`Emit::copy_by_words`].
const LENGTHS: i16 = NAMES + 8 * MAX_PATH_DEPTH as i16;
const _: () = assert!(LENGTHS as usize + 4 * MAX_PATH_DEPTH <= filter::WORK_BYTES as usize);
/// Words of the longest name that is copied by words. The structure that they are taken for has a few more.
const WORDS: i16 = 16;

/// The memory in which a path is put together.
#[derive(Clone, Copy)]
pub(super) struct PathMemory {
    /// Offset from R7 of the working memory.
    work: i32,
    /// Offset of the path; else it goes to where the next parameter does.
    to: Option<i16>,
    /// Most bytes of the path with its NUL, and of a name in it; there is room for both together.
    most: i32,
    name: i32,
}

impl PathMemory {
    /// That of the record.
    pub(super) const RECORD: PathMemory = PathMemory { work: WORK, to: None, most: MAX_PATH as i32, name: NAME };
    /// That of the filter.
    pub(super) const FILTER: PathMemory = PathMemory {
        work: filter::WORK as i32,
        to: Some(filter::PATH),
        most: filter::TEXT_BYTES,
        name: filter::TEXT_BYTES,
    };
}

/// Where the walk is.
struct Place {
    /// The dentry whose name comes next.
    dentry: Slot,
    /// The mount it is in.
    mount: Slot,
    /// Members of that mount.
    parent: Slot,
    point: Slot,
    root: Slot,
}

impl Emit<'_> {
    /// The next parameter is a path.
    pub(super) fn path(&mut self, of: PathOf) -> Written {
        let (none, done) = (self.a.label("no path"), self.a.label("path"));
        let member = match of {
            PathOf::Socket(fd) => {
                self.socket_path(fd, none)?;
                self.a.jump(done);
                None
            }
            PathOf::File(fd) => {
                self.file_pointer(fd)?;
                Some(("file", "f_path"))
            }
            PathOf::Exe => {
                self.task(R9, Who::Subject);
                self.walk(R9, R9, "task_struct.mm->mm_struct.exe_file")?;
                Some(("file", "f_path"))
            }
            PathOf::Cwd | PathOf::Root => {
                self.task(R9, Who::Subject);
                self.walk(R9, R9, "task_struct.fs")?;
                Some(("fs_struct", if of == PathOf::Cwd { "pwd" } else { "root" }))
            }
        };
        if let Some((structure, member)) = member {
            self.a.jump_if(Cond::Eq, R9, 0, none);
            self.path_of(structure, member)?;
            self.a.jump(done);
        }
        self.a.bind(none);
        self.put_nothing();
        self.a.bind(done);
        Ok(())
    }

    /// Where the `struct path` in the structure in R9 leads to.
    fn place(&mut self, structure: &str, member: &str) -> Result<Place, GenerateError> {
        let [dentry, mount, parent, point, root] =
            ["dentry", "mount", "parent", "mount point", "root"].map(|name| self.a.slot(name, 8, 8));
        let (from_mount, from_dentry) = (format!("{member}.mnt"), format!("{member}.dentry"));
        self.members(R9, structure, &[(&from_mount, mount), (&from_dentry, dentry)])?;
        Ok(Place { dentry, mount, parent, point, root })
    }

    /// Brings the path of the `struct file` in R9 into the filter's memory, and its length; goes to `unknown` if it is
    /// too long. What it is else is what the record would hold. Uses R0 to R5, R8 and R9.
    pub(super) fn path_to_filter(&mut self, unknown: Label) -> Written {
        let (nameless, complete) = (self.a.label("no names"), self.a.label("path complete"));
        self.paths = PathMemory::FILTER;
        let place = self.place("file", "f_path")?;
        self.collect_names(&place)?;
        self.write_names();
        self.work(R1);
        self.a.load(Size::B8, R0, R1, COUNT).jump_if(Cond::Ne, R0, 0, unknown);
        self.a.load(Size::B8, R0, R1, POSITION).jump_if(Cond::Eq, R0, 0, nameless);
        self.a.jump_if(Cond::Ge, R0, filter::TEXT_BYTES, unknown).jump(complete).bind(nameless);
        self.last_name(&place)?;
        self.a.jump_if(Cond::Sle, R0, 0, unknown).jump_if(Cond::Ge, R0, filter::TEXT_BYTES, unknown).sub(R0, 1);
        self.a.bind(complete).store(Size::B8, R7, filter::LENGTH, R0);
        self.paths = PathMemory::RECORD;
        Ok(())
    }

    /// The next parameter is the path of a `struct path` in the structure in R9, which is not null.
    pub(super) fn path_of(&mut self, structure: &str, member: &str) -> Written {
        let (nameless, complete) = (self.a.label("no names"), self.a.label("path complete"));
        let place = self.place(structure, member)?;
        self.room(usize::from(MAX_PATH) + NAME as usize + 1);
        let bound = self.bound();
        self.collect_names(&place)?;
        self.write_names();
        self.work(R1);
        self.a.load(Size::B8, R4, R1, POSITION).jump_if(Cond::Eq, R4, 0, nameless);
        let fits = self.a.label("fits");
        let last = i32::from(MAX_PATH) - 1;
        self.a.jump_if(Cond::Le, R4, last, fits).mov(R4, last).bind(fits);
        self.here(R1);
        self.a.add(R1, R4).store(Size::B1, R1, 0, 0).mov(R0, R4).add(R0, 1).jump(complete);
        self.a.bind(nameless);
        self.last_name(&place)?;
        self.written_or_nothing();
        self.a.bind(complete);
        self.put_written();
        self.set_bound(bound);
        Ok(())
    }

    /// The name of the dentry in `place` to where the path goes; `R0 =` its bytes with the NUL, or an error. Uses R1 to R5.
    fn last_name(&mut self, place: &Place) -> Written {
        let name = self.a.slot("name", 8, 8);
        self.a.load(Size::B8, R3, R10, place.dentry.at(0));
        self.members(R3, "dentry", &[("d_name.name", name)])?;
        self.a.load(Size::B8, R3, R10, name.at(0));
        self.path_at(R1);
        self.a.mov(R2, self.paths.name).call(Helper::ProbeReadKernelStr);
        Ok(())
    }

    /// First loop: addresses of names, upwards. Uses R0 to R5, and R9.
    fn collect_names(&mut self, place: &Place) -> Written {
        let [up, name, length] = ["up", "name", "length"].map(|name| self.a.slot(name, 8, 8));
        let names = ["a name", "keep", "at the top"];
        let [named, keep, top] = names.map(|name| self.a.label(name));
        self.a.load(Size::B8, R9, R10, place.mount.at(0));
        self.mount_of(R9)?;
        self.retype(R9, "mount");
        self.a.store(Size::B8, R10, place.mount.at(0), R9);
        self.enter_mount(place)?;
        self.a.load(Size::B8, R9, R10, place.dentry.at(0));
        self.retype(R9, "dentry");
        self.a.store(Size::B8, R10, place.dentry.at(0), R9);
        let head = self.counting_loop("up the tree", R9, top);
        self.a.jump_if(Cond::Ge, R9, MAX_PATH_DEPTH as i32, top);
        self.a.load(Size::B8, R1, R10, place.dentry.at(0)).load(Size::B8, R2, R10, place.root.at(0));
        self.a.jump_if(Cond::Ne, R1, R2, named);
        self.a.comment("root of a mount");
        self.a.load(Size::B8, R1, R10, place.mount.at(0)).load(Size::B8, R2, R10, place.parent.at(0));
        self.a.jump_if(Cond::Eq, R1, R2, top).store(Size::B8, R10, place.mount.at(0), R2);
        self.a.load(Size::B8, R1, R10, place.point.at(0)).store(Size::B8, R10, place.dentry.at(0), R1);
        self.enter_mount(place)?;
        self.a.mov(R0, 0).jump(keep).bind(named);
        let members = [("d_parent", up), ("d_name.name", name), ("d_name.hash_len", length)];
        let by_words = self.by_words().is_some();
        self.members(R1, "dentry", &members[..if by_words { 3 } else { 2 }])?;
        // The root of no mount: a file outside any tree, or a mount that was taken away. Or nothing could be read.
        self.a.load(Size::B8, R1, R10, up.at(0)).load(Size::B8, R2, R10, place.dentry.at(0));
        self.a.jump_if(Cond::Eq, R1, R2, top).store(Size::B8, R10, place.dentry.at(0), R1);
        self.a.load(Size::B8, R0, R10, name.at(0)).bind(keep);
        self.work(R1);
        if by_words {
            // Behind the hash, in the upper half; of a step to another mount it is not looked at.
            self.a.mov(R2, R9).lsh(R2, 2).add(R2, R1).load(Size::B4, R3, R10, length.at(4));
            self.a.store(Size::B4, R2, LENGTHS, R3);
        }
        self.a.mov(R2, R9).lsh(R2, 3).add(R1, R2).store(Size::B8, R1, NAMES, R0);
        self.a.add(R9, 1).jump(head).bind(top);
        self.work(R1);
        self.a.store(Size::B8, R1, COUNT, R9);
        Ok(())
    }

    /// Brings the members of the mount of `place` into their slots.
    fn enter_mount(&mut self, place: &Place) -> Written {
        self.a.load(Size::B8, R1, R10, place.mount.at(0));
        let members = [("mnt_parent", place.parent), ("mnt_mountpoint", place.point), ("mnt.mnt_root", place.root)];
        self.members(R1, "mount", &members)
    }

    /// Second loop: the names behind their addresses, downwards, each after a slash, to where the path goes.
    /// Uses R0 to R5, and R9.
    fn write_names(&mut self) {
        let PathMemory { most, name, .. } = self.paths;
        let done = self.a.label("written");
        self.work(R1);
        self.a.store(Size::B8, R1, POSITION, 0);
        let head = self.counting_loop("down the tree", R9, done);
        self.a.jump_if(Cond::Ge, R9, MAX_PATH_DEPTH as i32, done).add(R9, 1);
        self.work(R1);
        self.a.load(Size::B8, R2, R1, COUNT).jump_if(Cond::Lt, R2, 1, done);
        self.a.jump_if(Cond::Gt, R2, MAX_PATH_DEPTH as i32, done).sub(R2, 1).store(Size::B8, R1, COUNT, R2);
        self.a.load(Size::B8, R4, R1, POSITION).jump_if(Cond::Gt, R4, most - 2, done);
        if self.by_words().is_some() {
            self.a.mov(R8, R2).lsh(R8, 2).add(R8, R1).load(Size::B4, R8, R8, LENGTHS);
        }
        self.a.lsh(R2, 3).add(R1, R2).load(Size::B8, R3, R1, NAMES).jump_if(Cond::Eq, R3, 0, head);
        self.path_at(R1);
        self.a.add(R1, R4).store(Size::B1, R1, 0, i32::from(b'/')).add(R1, 1);
        self.copy_by_words(head, done);
        self.a.mov(R2, name).call(Helper::ProbeReadKernelStr).jump_if(Cond::Sle, R0, 1, head);
        // What was copied ends with a NUL; the slash counts in its place.
        self.work(R1);
        self.a.load(Size::B8, R2, R1, POSITION).add(R2, R0).store(Size::B8, R1, POSITION, R2).jump(head).bind(done);
    }

    /// What names are copied with if calls can be spared: in the filter, where pointers can be given a type.
    fn by_words(&self) -> Option<(TypeId, TypeId)> {
        self.paths.to?;
        self.k.cast.zip(self.k.structure("pt_regs")).filter(|_| self.k.typed)
    }

    /// In the loop of [`Emit::write_names`]: copies the name of R8 bytes at the address in R3 behind the slash, by loads
    /// from a structure of words that it is taken for, and goes to `next`; longer ones are left to a call. Up to a word
    /// behind the name is copied, too, and written over by the next. Uses R0 to R5 if it copies.
    fn copy_by_words(&mut self, next: Label, done: Label) {
        let Some((cast, id)) = self.by_words() else { return };
        let (long, copied) = (self.a.label("a long name"), self.a.label("name copied"));
        self.a.jump_if(Cond::Eq, R8, 0, next).jump_if(Cond::Gt, R8, i32::from(WORDS) * 8, long);
        self.a.mov(R1, R3).mov(R2, id.cast_signed()).call_kfunc(cast, 2);
        self.work(R2);
        self.a.load(Size::B8, R4, R2, POSITION).jump_if(Cond::Gt, R4, self.paths.most - 2, done);
        self.path_at(R1);
        self.a.add(R1, R4);
        for word in 0..WORDS {
            self.a.load(Size::B8, R3, R0, 8 * word).store(Size::B8, R1, 1 + 8 * word, R3);
            self.a.jump_if(Cond::Le, R8, 8 * (i32::from(word) + 1), copied);
        }
        self.a.bind(copied).add(R4, R8).add(R4, 1).store(Size::B8, R2, POSITION, R4).jump(next).bind(long);
    }

    /// The address that the unix socket of a descriptor is bound to; goes to `none` if there is none.
    fn socket_path(&mut self, fd: Fd, none: Label) -> Written {
        let named = self.a.label("a name in the file system");
        self.file_pointer(fd)?;
        self.a.jump_if(Cond::Eq, R9, 0, none);
        self.walk_from(R9, R9, "file.private_data")?;
        self.walk_from(R9, R9, "socket.sk")?;
        self.walk_from(R9, R9, "unix_sock.addr")?;
        self.a.jump_if(Cond::Eq, R9, 0, none);
        let path = self.member("unix_address.name")?.offset + self.member("sockaddr_un.sun_path")?.offset;
        self.a.add(R9, path as i32).mov(R3, R9);
        self.read_kernel(R0, 1);
        self.a.jump_if(Cond::Ne, R0, 0, named).add(R9, 1).bind(named).mov(R3, R9);
        self.kernel_text(MAX_UNIX_PATH);
        self.put_written();
        Ok(())
    }

    // ---- tools ----

    /// `dst =` the address of the working memory.
    fn work(&mut self, dst: Reg) {
        self.a.mov(dst, R7).add(dst, self.paths.work);
    }

    /// `dst =` where the path begins.
    fn path_at(&mut self, dst: Reg) {
        match self.paths.to {
            Some(to) => {
                self.a.mov(dst, R7).add(dst, i32::from(to));
            }
            None => self.here(dst),
        }
    }

    /// Puts an address, or 0 for none, among the names. Uses R1 and R2.
    pub(super) fn keep_name(&mut self, index: usize, name: Option<Slot>) {
        self.work(R1);
        let at = NAMES + 8 * index as i16;
        match name {
            Some(name) => self.a.load(Size::B8, R2, R10, name.at(0)).store(Size::B8, R1, at, R2),
            None => self.a.store(Size::B8, R1, at, 0),
        };
    }

    /// `dst =` an address among the names. Uses R1.
    pub(super) fn kept_name(&mut self, dst: Reg, index: usize) {
        self.work(R1);
        self.a.load(Size::B8, dst, R1, NAMES + 8 * index as i16);
    }

    /// Counts, at the place of a name; goes to `beyond` if it has been done `most` times. Uses R1 and R2.
    pub(super) fn count_at(&mut self, index: usize, most: i32, beyond: Label) {
        self.kept_name(R2, index);
        self.a.jump_if(Cond::Ge, R2, most, beyond).add(R2, 1).store(Size::B8, R1, NAMES + 8 * index as i16, R2);
    }

    /// Makes the verifier take what is in `reg` for any number. Uses R1.
    pub(super) fn plain_number(&mut self, reg: Reg) {
        self.work(R1);
        self.a.store(Size::B8, R1, SETTLED, reg).load(Size::B8, reg, R1, SETTLED);
    }

    /// Makes the verifier forget what it knows of R8 but its bound, so that it looks only once at what follows,
    /// however many ways lead here. Uses R1.
    pub(super) fn settle(&mut self) {
        let too_long = self.too_long;
        self.work(R1);
        self.a.store(Size::B8, R1, SETTLED, R8).load(Size::B8, R8, R1, SETTLED);
        self.a.jump_if(Cond::Gt, R8, ROOM as i32, too_long);
        self.set_bound(ROOM);
    }

    /// Gives the pointer in `reg` its type again, if this kernel can. Uses R0 to R5.
    fn retype(&mut self, reg: Reg, structure: &str) {
        if let Some((cast, id)) = self.k.cast.zip(self.k.structure(structure)).filter(|_| self.k.typed) {
            self.a.mov(R1, reg).mov(R2, id.cast_signed()).call_kfunc(cast, 2).mov(reg, R0);
        }
    }

    /// Brings pointers out of the structure at `base` into slots; 0 if they cannot be read. Uses R0 to R5. Where
    /// memory is read by calls it is one call, as the members lie close together.
    pub(super) fn members(&mut self, base: Reg, structure: &str, members: &[(&str, Slot)]) -> Written {
        let mut at = Vec::new();
        for (name, slot) in members {
            at.push((self.member(&format!("{structure}.{name}"))?.offset, *slot));
            self.a.comment(format!("{structure}.{name}"));
        }
        if let Some((cast, id)) = self.k.cast.zip(self.k.structure(structure)).filter(|_| self.k.typed) {
            self.a.mov(R1, base).mov(R2, id.cast_signed()).call_kfunc(cast, 2);
            for (offset, slot) in at {
                self.a.load(Size::B8, R1, R0, offset as i16).store(Size::B8, R10, slot.at(0), R1);
            }
            return Ok(());
        }
        let first = at.iter().map(|(offset, _)| *offset).min().unwrap_or_default();
        let end = at.iter().map(|(offset, _)| *offset + 8).max().unwrap_or_default();
        let mark = self.a.mark();
        let copy = self.a.slot("members", (end - first) as u16, 8);
        self.a.mov(R3, base).add(R3, first as i32).slot_address(R1, copy, 0).mov(R2, (end - first) as i32);
        self.a.call(Helper::ProbeReadKernel);
        for (offset, slot) in at {
            let from = copy.at((offset - first) as u16);
            self.a.load(Size::B8, R1, R10, from).store(Size::B8, R10, slot.at(0), R1);
        }
        self.a.release(mark);
        Ok(())
    }
}
