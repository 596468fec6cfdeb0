//! Processes and threads: clone, exec, exit.
//!
//! A clone event comes twice, in the child with result 0 and in the caller with the child's id, in either order. The
//! first one that knows enough makes the thread. The caller's does not when the ids it sees may be those of another
//! pid namespace, nor for vfork, where the child may be gone by then.

use super::super::fdtable::FdTable;
use super::super::table::STALE_NS;
use super::super::thread::{Image, Strings, Text, Thread, Usage, flags};
use super::super::{Current, NA, State, paths};
use super::{UNKNOWN_DIR, present, result, share, text, text_of, u32_at};
use crate::record::{Params, Record};
use peregrine_schema::events::code;
use std::sync::Arc;

/// Bit of `execveat_flags`: the descriptor is the file.
const AT_EMPTY_PATH: u64 = 1;
const DELETED: &[u8] = b" (deleted)";

impl State {
    pub(super) fn clone_exit(&mut self, rec: &Record<'_>, cur: &mut Current, slot: Option<u32>) {
        match result(rec) {
            0 => self.clone_child(rec, cur, slot),
            child if child > 0 => self.clone_caller(rec, cur, child),
            _ => {}
        }
    }

    fn clone_caller(&mut self, rec: &Record<'_>, cur: &mut Current, child: i64) {
        let Some(caller) = self.threads.slot_or_placeholder(rec.tid) else {
            cur.slot = None;
            return;
        };
        cur.slot = Some(caller);
        let p = &rec.params;
        let known = !self.threads.in_slot(caller).is_invalid();
        if !known {
            self.threads.change(caller, |thread| {
                thread.pid = p.int(4).unwrap_or(-1);
                thread.ptid = p.int(5).unwrap_or(-1);
                (thread.vtid, thread.vpid) = virtual_ids(p, rec.tid);
            });
            self.threads.link(caller);
        }
        let flags = u32_at(p, 15);
        let elsewhere = flags::CLONE_CHILD_IN_PIDNS | flags::CLONE_NEWPID | flags::CLONE_PARENT | flags::CLONE_VFORK;
        let vtid = self.threads.in_slot(caller).vtid;
        if flags & elsewhere != 0
            || rec.tid != vtid
            || rec.code == code::VFORK_20_X
            || self.threads.exited_recently(child, rec.tid, rec.ts)
        {
            return;
        }
        if let Some(existing) = self.threads.get(child) {
            if existing.flags & flags::CLONE_INVERTED != 0 {
                return;
            }
            // Its exit was missed.
            self.threads.remove(child);
        }
        if self.threads.slot(rec.tid) != Some(caller) {
            // The caller was gone with it.
            cur.slot = None;
            return;
        }
        self.make_child(rec, child, caller, known, flags);
    }

    /// Makes the child from the caller's event.
    fn make_child(&mut self, rec: &Record<'_>, child: i64, caller: u32, known: bool, flags: u32) {
        let p = &rec.params;
        let parent = self.threads.in_slot(caller);
        let is_thread = flags & flags::CLONE_THREAD != 0;
        let (pid, ptid) = if is_thread { (parent.pid, parent.ptid) } else { (child, parent.tid) };
        let lastexec_ts = if is_thread { parent.lastexec_ts } else { 0 };
        let image = self.child_image(p, caller, known);
        let mut thread = Thread::new(child, image);
        thread.flags = flags;
        (thread.pid, thread.ptid) = (pid, ptid);
        (thread.vtid, thread.vpid) = (child, pid);
        thread.lastexec_ts = lastexec_ts;
        let fds = self.complete_child(rec, &mut thread, caller, known);
        if !known {
            // What the event tells about the child is true for the caller as well.
            self.take_told(caller, &thread.image);
        }
        let slot = self.threads.add(thread, true);
        self.threads.hot.give_fds(slot, fds);
    }

    /// Gives a thread of which nothing was known what an event told about its child.
    fn take_told(&mut self, slot: u32, told: &Image) {
        let id = self.threads.image_id();
        let mut image = self.threads.in_slot(slot).image.derive(id);
        (image.exe, image.comm, image.args) = (told.exe.clone(), told.comm.clone(), told.args.clone());
        self.threads.change(slot, |t| t.image = Arc::new(image));
    }

    fn clone_child(&mut self, rec: &Record<'_>, cur: &mut Current, slot: Option<u32>) {
        if let Some(slot) = slot {
            let made = self.threads.in_slot(slot).clone_ts;
            if made != 0 {
                if rec.ts.wrapping_sub(made) < STALE_NS {
                    return;
                }
                self.threads.remove(rec.tid);
            }
        }
        let p = &rec.params;
        let flags = u32_at(p, 15) | flags::CLONE_INVERTED;
        let is_thread = flags & flags::CLONE_THREAD != 0;
        let (pid, ptid) = (p.int(4).unwrap_or(-1), p.int(5).unwrap_or(-1));
        let (vtid, vpid) = virtual_ids(p, rec.tid);
        // A new process is a copy of its parent, a thread one of its leader.
        let Some(model) = self.threads.slot_or_placeholder(if is_thread { pid } else { ptid }) else {
            cur.slot = None;
            return;
        };
        let known = !self.threads.in_slot(model).is_invalid();
        if !known && is_thread {
            self.threads.change(model, |leader| {
                (leader.pid, leader.ptid) = (pid, ptid);
                (leader.vpid, leader.vtid) = (vpid, vpid);
            });
            self.threads.link(model);
        }
        let image = self.child_image(p, model, known);
        let mut thread = Thread::new(rec.tid, image);
        thread.flags = flags;
        (thread.pid, thread.ptid, thread.vtid, thread.vpid) = (pid, ptid, vtid, vpid);
        if known && is_thread {
            thread.lastexec_ts = self.threads.in_slot(model).lastexec_ts;
        }
        let in_pidns = flags & (flags::CLONE_CHILD_IN_PIDNS | flags::CLONE_NEWPID) != 0 || rec.tid != vtid;
        // Time since boot: a replay does not add the boot time, and has no start for the host's namespace.
        thread.pidns_init_start_ts = if in_pidns { p.uint(20).unwrap_or(0) } else { 0 };
        let fds = self.complete_child(rec, &mut thread, model, known);
        if !known && is_thread {
            self.take_told(model, &thread.image);
        }
        let slot = self.threads.add(thread, true);
        self.threads.hot.give_fds(slot, fds);
        cur.slot = slot;
    }

    /// What a child has from its parent or leader, if that is known, and from the event. Gives its descriptors.
    fn complete_child(&mut self, rec: &Record<'_>, child: &mut Thread, model: u32, known: bool) -> FdTable {
        let p = &rec.params;
        let mut fds = FdTable::default();
        let is_thread = child.flags & flags::CLONE_THREAD != 0;
        if is_thread {
            // Threads never have descriptors of their own.
            child.flags |= flags::CLONE_FILES;
        }
        if known {
            if !is_thread && let Some(holder) = self.threads.holder(model) {
                fds = self.threads.hot.share_fds(holder);
            }
            let from = self.threads.in_slot(model);
            child.root = from.root.clone();
            (child.sid, child.vpgid, child.pgid) = (from.sid, from.vpgid, from.pgid);
            (child.tty, child.loginuid) = (from.tty, from.loginuid);
            child.cap_permitted = from.cap_permitted;
            child.cap_inheritable = from.cap_inheritable;
            child.cap_effective = from.cap_effective;
            if !is_thread {
                child.cwd = self.threads.main(from).map_or_else(|| Text::from(&b"./"[..]), |t| t.cwd.clone());
            }
        }
        child.usage.fdlimit = p.int(7).unwrap_or(-1);
        set_memory(p, &mut child.usage);
        (child.uid, child.gid) = (p.uint(16).map_or(u32::MAX, |u| u as u32), p.uint(17).map_or(u32::MAX, |g| g as u32));
        child.clone_ts = rec.ts;
        self.users.seen(child.uid, child.gid);
        fds
    }

    /// The image of a child: what the event tells, and the rest as in the image of the model. A thread that differs
    /// in nothing shares its leader's.
    fn child_image(&mut self, p: &Params<'_>, model: u32, known: bool) -> Arc<Image> {
        let from = self.threads.in_slot(model);
        let old = from.image.clone();
        // Only main threads have the environment.
        let has_env = from.is_main();
        let exe = text(p, 1);
        let comm = if present(p, 13) { text(p, 13) } else { exe };
        let args = block(p, 2);
        let cgroups = valid_cgroups(block(p, 14)).unwrap_or_default();
        let is_thread = u32_at(p, 15) & flags::CLONE_THREAD != 0;
        let same = *old.exe == *exe && *old.comm == *comm && *old.args.0 == *args && *old.cgroups.0 == *cgroups;
        if known && is_thread && same {
            return old;
        }
        let id = self.threads.image_id();
        let mut image = if known { old.derive(id) } else { Image::empty(id) };
        if is_thread || !has_env {
            image.env = Image::empty(id).env;
        }
        image.exe_ino_ctime_duration_pidns = 0;
        image.exe = share(exe, &old.exe);
        image.comm = share(comm, &old.comm);
        image.args = Strings(share(args, &old.args.0));
        image.cgroups = Strings(share(cgroups, &old.cgroups.0));
        image.container_id = self.containers.identify(&image.cgroups, &old.cgroups, &old.container_id);
        Arc::new(image)
    }

    pub(super) fn exec(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        if result(rec) < 0 {
            return;
        }
        self.threads.resurrect(slot);
        let p = &rec.params;
        let invalid = self.threads.change(slot, |thread| {
            thread.lastexec_ts = rec.ts;
            thread.pid = p.int(4).unwrap_or(thread.pid);
            let invalid = thread.is_invalid();
            if invalid {
                thread.ptid = p.int(5).unwrap_or(thread.ptid);
                if thread.flags & flags::CLONE_CHILD_IN_PIDNS == 0 {
                    (thread.vtid, thread.vpid) = (thread.tid, thread.pid);
                }
            }
            invalid
        });
        if invalid {
            self.threads.link(slot);
        }
        let exepath = self.exec_path(rec, cur, slot);
        let image = self.exec_image(p, slot, exepath);
        // Those of before the exec: it may be that the flags change.
        let holder = self.threads.holder(slot);
        self.threads.change(slot, |thread| {
            thread.image = image;
            exec_attributes(p, thread);
            // Whether the child was seen first is remembered.
            let kept = flags::IS_MAIN_THREAD | flags::CLONE_INVERTED;
            thread.flags = thread.flags & kept | flags::NAME_CHANGED;
        });
        exec_usage(p, self.threads.usage_mut(slot));
        let thread = self.threads.in_slot(slot);
        if thread.image.container_id.is_empty() {
            self.users.seen(thread.uid, thread.gid);
        }
        if let Some(holder) = holder {
            for num in self.threads.hot.fd_numbers(holder, |_, fd| fd.cloexec()) {
                self.threads.hot.remove_fd(holder, num);
            }
        }
        // The other threads of the process are gone.
        for tid in self.threads.followers(slot) {
            self.threads.remove(tid);
        }
    }

    /// Path of the executable: from the kernel, else put together from the enter event. `None` if neither is there.
    fn exec_path(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) -> Option<Vec<u8>> {
        if present(&rec.params, 27) {
            return Some(text(&rec.params, 27).to_vec());
        }
        let enter = self.enter_of(rec, slot)?;
        if enter.code != code::EXECVEAT_E {
            let name = text_of(enter.param(0));
            let cwd = self.threads.cwd(self.threads.in_slot(slot));
            return Some(if name == NA { NA.to_vec() } else { paths::concatenate(cwd, name) });
        }
        let name = text_of(enter.param(1));
        let (dirfd, flags) = (enter.int(0).unwrap_or(-1), enter.uint(2));
        let dir = self.directory(rec.tid, dirfd, name);
        let path = match flags & AT_EMPTY_PATH != 0 {
            _ if dir == UNKNOWN_DIR => NA.to_vec(),
            false if name == NA => NA.to_vec(),
            true => paths::concatenate(b"", &dir),
            false => paths::concatenate(&dir, name),
        };
        if *dir != *b"." && *dir != *UNKNOWN_DIR {
            cur.fd_info = self.fd(slot, dirfd).cloned().map(Box::new);
        }
        Some(path)
    }

    fn exec_image(&mut self, p: &Params<'_>, slot: u32, exepath: Option<Vec<u8>>) -> Arc<Image> {
        let id = self.threads.image_id();
        let thread = self.threads.in_slot(slot);
        let (clone_ts, pidns_ts) = (thread.clone_ts, thread.pidns_init_start_ts);
        let old = thread.image.clone();
        let mut image = old.derive(id);
        image.exe = share(text(p, 1), &old.exe);
        image.comm = if present(p, 13) { share(text(p, 13), &old.comm) } else { image.exe.clone() };
        image.args = Strings(share(block(p, 2), &old.args.0));
        if present(p, 15) {
            image.env = Strings(share(block(p, 15), &old.env.0));
        }
        if let Some(cgroups) = Some(block(p, 14)).filter(|c| !c.is_empty()).and_then(valid_cgroups) {
            image.cgroups = Strings(share(cgroups, &old.cgroups.0));
        }
        image.container_id = self.containers.identify(&image.cgroups, &old.cgroups, &old.container_id);
        if let Some(path) = exepath {
            image.exepath = share(without_deleted(&path), &old.exepath);
        }
        if present(p, 19) {
            image.exe_flags = u32_at(p, 19) & 0xf;
        }
        if present(p, 25) {
            let at = |i| p.uint(i).unwrap_or(0);
            (image.exe_ino, image.exe_ino_ctime, image.exe_ino_mtime) = (at(23), at(24), at(25));
            if clone_ts != 0 {
                image.exe_ino_ctime_duration_clone = clone_ts.wrapping_sub(image.exe_ino_ctime);
            }
            if pidns_ts != 0 && image.exe_ino_ctime > pidns_ts {
                image.exe_ino_ctime_duration_pidns = image.exe_ino_ctime - pidns_ts;
            }
        }
        Arc::new(image)
    }

    /// The thread stays until the event has been delivered.
    pub(super) fn exit(&mut self, rec: &Record<'_>, slot: u32) {
        self.threads.mark_dead(slot);
        self.delayed.tid = Some(rec.tid);
        self.delayed.any = true;
        if !self.threads.has_children(slot) {
            return;
        }
        let p = &rec.params;
        if p.count() <= 4 {
            self.threads.set_reaper_tid(slot, -1);
        } else if let Some(reaper) = p.int(4) {
            self.threads.set_reaper_tid(slot, reaper);
        }
    }
}

/// What exec tells about the thread itself.
fn exec_attributes(p: &Params<'_>, thread: &mut Thread) {
    thread.tty = p.uint(16).map_or(thread.tty, |v| v as u32);
    thread.vpgid = p.int(17).unwrap_or(thread.vpgid);
    thread.loginuid = p.uint(18).map_or(thread.loginuid, |v| v as u32);
    if present(p, 22) {
        let at = |i| p.uint(i).unwrap_or(0);
        (thread.cap_inheritable, thread.cap_permitted, thread.cap_effective) = (at(20), at(21), at(22));
    }
    thread.uid = p.uint(26).map_or(thread.uid, |v| v as u32);
    thread.pgid = p.int(28).unwrap_or(-1);
    thread.gid = p.uint(29).map_or(thread.gid, |v| v as u32);
}

/// What exec tells about memory and limits.
fn exec_usage(p: &Params<'_>, usage: &mut Usage) {
    usage.fdlimit = p.int(7).unwrap_or(usage.fdlimit);
    set_memory(p, usage);
}

/// Ids in the child's pid namespace. Old recorders did not tell them.
fn virtual_ids(p: &Params<'_>, tid: i64) -> (i64, i64) {
    match p.int(19) {
        Some(vpid) => (p.int(18).unwrap_or(tid), vpid),
        None => (tid, -1),
    }
}

fn set_memory(p: &Params<'_>, usage: &mut Usage) {
    if present(p, 12) {
        (usage.pfmajor, usage.pfminor) = (p.uint(8).unwrap_or(0), p.uint(9).unwrap_or(0));
        usage.vmsize_kb = u32_at(p, 10);
        usage.vmrss_kb = u32_at(p, 11);
        usage.vmswap_kb = u32_at(p, 12);
    }
}

/// A parameter that holds strings ended by NULs.
fn block<'a>(p: &Params<'a>, i: usize) -> &'a [u8] {
    p.get(i).unwrap_or_default()
}

/// Cgroups, unless one has no `=`: then none of the list counts.
pub(in super::super) fn valid_cgroups(block: &[u8]) -> Option<&[u8]> {
    let body = block.strip_suffix(&[0]).unwrap_or(block);
    let valid = body.is_empty() || body.split(|b| *b == 0).all(|c| memchr::memchr(b'=', c).is_some());
    valid.then_some(block)
}

/// The path of an executable that has been deleted, as it was.
pub(in super::super) fn without_deleted(path: &[u8]) -> &[u8] {
    match path.strip_suffix(DELETED) {
        Some(path) if !path.is_empty() => path,
        _ => path,
    }
}
