//! Attributes of threads: ids, capabilities, limits, memory; users and groups; containers.

use super::super::thread::flags;
use super::super::users::{Group, User};
use super::super::{Current, State};
use super::{present, result, text, u32_at};
use crate::record::Record;
use peregrine_schema::events::code;

/// `RLIMIT_NOFILE` among the `rlimit_resources`.
const NOFILE: u64 = 7;
/// All capabilities of the original's time: up to `CAP_CHECKPOINT_RESTORE`.
const ALL_CAPS: u64 = (1 << 41) - 1;

impl State {
    /// The effective user or group: second of real, effective (and saved) ones, or the only one.
    pub(super) fn set_ids(&mut self, rec: &Record<'_>, slot: u32) {
        if result(rec) != 0 {
            return;
        }
        let at = if matches!(rec.code, code::SETUID_X | code::SETGID_X) { 1 } else { 2 };
        let Some(id) = rec.params.uint(at).map(|v| v as u32) else { return };
        let user = matches!(rec.code, code::SETUID_X | code::SETREUID_X | code::SETRESUID_X);
        let thread = self.threads.in_slot(slot);
        if thread.image.container_id.is_empty() && id == 0 {
            if user {
                self.users.seen_user(thread.gid);
            } else {
                self.users.seen_group();
            }
        }
        if id != if user { thread.uid } else { thread.gid } {
            self.threads.change(slot, |t| *if user { &mut t.uid } else { &mut t.gid } = id);
        }
    }

    pub(super) fn setsid(&mut self, rec: &Record<'_>, slot: u32) {
        let session = result(rec);
        if session >= 0 {
            self.threads.change(slot, |t| t.sid = session);
        }
    }

    pub(super) fn capset(&mut self, rec: &Record<'_>, slot: u32) {
        let p = &rec.params;
        let (Some(inheritable), Some(permitted), Some(effective)) = (p.uint(1), p.uint(2), p.uint(3)) else { return };
        if result(rec) >= 0 {
            self.set_caps(slot, inheritable, permitted, effective);
        }
    }

    /// unshare and setns: who enters a new user namespace has all capabilities in it.
    pub(super) fn unshare(&mut self, rec: &Record<'_>, slot: u32) {
        let at = if rec.code == code::UNSHARE_X { 1 } else { 2 };
        if result(rec) >= 0 && u32_at(&rec.params, at) & flags::CLONE_NEWUSER != 0 {
            self.set_caps(slot, ALL_CAPS, ALL_CAPS, ALL_CAPS);
        }
    }

    fn set_caps(&mut self, slot: u32, inheritable: u64, permitted: u64, effective: u64) {
        let caps = (inheritable, permitted, effective);
        let thread = self.threads.in_slot(slot);
        if (thread.cap_inheritable, thread.cap_permitted, thread.cap_effective) != caps {
            self.threads.change(slot, |t| (t.cap_inheritable, t.cap_permitted, t.cap_effective) = caps);
        }
    }

    pub(super) fn prctl(&mut self, rec: &Record<'_>, slot: u32) {
        const SET_CHILD_SUBREAPER: u32 = 0x24;
        const GET_CHILD_SUBREAPER: u32 = 0x25;
        let option = u32_at(&rec.params, 1);
        if result(rec) < 0
            || self.threads.in_slot(slot).is_invalid()
            || !matches!(option, SET_CHILD_SUBREAPER | GET_CHILD_SUBREAPER)
        {
            return;
        }
        let reaper = rec.params.int(3).unwrap_or(0) != 0;
        self.threads.set_reaper(slot, reaper);
    }

    /// getrlimit, setrlimit.
    pub(super) fn rlimit(&mut self, rec: &Record<'_>, slot: u32) {
        let p = &rec.params;
        if result(rec) < 0 || p.uint(3) != Some(NOFILE) {
            return;
        }
        if let Some(limit) = p.int(1).filter(|l| *l != -1) {
            self.set_fdlimit(slot, limit);
        }
    }

    pub(super) fn prlimit(&mut self, rec: &Record<'_>) {
        let p = &rec.params;
        if result(rec) != 0 || p.uint(6) != Some(NOFILE) {
            return;
        }
        let (Some(limit), Some(pid)) = (p.int(1).filter(|l| *l != -1), p.int(5)) else { return };
        let tid = if pid == 0 { rec.tid } else { pid };
        let Some(slot) = self.threads.slot_or_placeholder(tid) else { return };
        if !self.threads.in_slot(slot).is_invalid() {
            self.set_fdlimit(slot, limit);
        }
    }

    fn set_fdlimit(&mut self, slot: u32, limit: i64) {
        if let Some(main) = self.threads.main_slot(slot) {
            self.threads.usage_mut(main).fdlimit = limit;
        }
    }

    /// brk, mmap, munmap: sizes of the process' memory.
    pub(super) fn memory(&mut self, rec: &Record<'_>, slot: u32) {
        let p = &rec.params;
        let usage = self.threads.usage_mut(slot);
        if let Some(size) = p.uint(1) {
            usage.vmsize_kb = size as u32;
        }
        if present(p, 3) {
            usage.vmrss_kb = u32_at(p, 2);
            usage.vmswap_kb = u32_at(p, 3);
        }
    }

    pub(super) fn switch(&mut self, rec: &Record<'_>, slot: u32) {
        let p = &rec.params;
        if !present(p, 5) {
            return;
        }
        let usage = self.threads.usage_mut(slot);
        (usage.pfmajor, usage.pfminor) = (p.uint(1).unwrap_or(0), p.uint(2).unwrap_or(0));
        if let Some(main) = self.threads.main_slot(slot) {
            let main = self.threads.usage_mut(main);
            main.vmsize_kb = u32_at(p, 3);
            main.vmrss_kb = u32_at(p, 4);
            main.vmswap_kb = u32_at(p, 5);
        }
    }

    pub(super) fn user(&mut self, rec: &Record<'_>) {
        let p = &rec.params;
        let Some(uid) = p.uint(0).map(|v| v as u32) else { return };
        let container = text(p, 5);
        if rec.code == code::USER_DELETED_E {
            return self.users.remove_user(container, uid);
        }
        let at = |i| text(p, i).into();
        self.users.add_user(container, User { uid, gid: u32_at(p, 1), name: at(2), home: at(3), shell: at(4) });
    }

    pub(super) fn group(&mut self, rec: &Record<'_>) {
        let p = &rec.params;
        let Some(gid) = p.uint(0).map(|v| v as u32) else { return };
        let container = text(p, 2);
        if rec.code == code::GROUP_DELETED_E {
            return self.users.remove_group(container, gid);
        }
        self.users.add_group(container, Group { gid, name: text(p, 1).into() });
    }

    /// The JSON of a container in captures of before the container plugin.
    pub(super) fn container(&mut self, rec: &Record<'_>, cur: &mut Current) {
        if let Some(json) = rec.params.text(0).filter(|j| !j.is_empty()) {
            cur.container = self.containers.add_json(json);
        }
    }

    /// Asynchronous events: those by which the container plugin tells about containers.
    pub(super) fn asynchronous(&mut self, rec: &Record<'_>, cur: &mut Current) {
        let p = &rec.params;
        let Some(json) = p.text(2).filter(|j| !j.is_empty()) else { return };
        match p.text(1) {
            Some(b"container") => cur.container = self.containers.add_json(json),
            Some(b"container_removed") => cur.container = self.containers.remove_json(json),
            _ => {}
        }
    }
}
