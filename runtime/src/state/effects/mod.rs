//! What events do to the state.
//!
//! ```text
//! apply:  removals left by the last event
//!         thread of the event (made up if unknown), its descriptor          reset
//!         the effect named by the schema row of the event                   files, process, sockets, ids
//! after:  forget the enter event that has been used
//! ```
//!
//! Results are those of the original's parser for every event of the current schema; older events have been
//! converted before. What must hold: a parameter that is missing or of a wrong size leaves what it would change as
//! it is. On the way of reads, writes and the many events without effect nothing is allocated and no text compared.

mod files;
mod ids;
mod process;
mod sockets;
#[cfg(test)]
mod tests;

pub(super) use process::{valid_cgroups, without_deleted};

use super::fd::Fd;
use super::thread::{Enter, Text};
use super::{Current, NA, State};
use crate::record::{Params, Record};
use peregrine_schema::events::code;
use peregrine_schema::{Effect, Event, EventFlags};
use std::borrow::Cow;
use std::sync::Arc;

/// Removals that wait until the event that causes them has been delivered.
#[derive(Debug, Default)]
pub(super) struct Delayed {
    /// Anything to do.
    any: bool,
    /// A thread that exited.
    tid: Option<i64>,
    /// A descriptor that was closed: thread and number.
    fd: Option<(i64, i64)>,
}

impl State {
    /// Takes an event into the state and tells in `cur` what it is about. To be called once per event, in capture
    /// order, before the rules.
    pub fn apply(&mut self, rec: &Record<'_>, cur: &mut Current) {
        if self.delayed.any {
            self.remove_delayed(rec.ts);
        }
        let event = rec.event();
        cur.fd = None;
        cur.fd_name_changed = false;
        if cur.container.is_some() {
            cur.container = None;
        }
        let slot = self.reset(rec, event, cur);
        if event.effect != Effect::None {
            self.effect(event.effect, rec, cur, slot);
        }
        self.finish(event, cur);
    }

    /// Ends the event. To be called after the rules have seen it.
    pub fn after(&mut self, cur: &mut Current) {
        if cur.has_enter
            && let Some(slot) = cur.slot
            && let hot = self.threads.hot_mut(slot)
            && hot.enter.is_some()
            && hot.enter_used
        {
            self.spare_enter = hot.enter.take();
        }
    }

    fn remove_delayed(&mut self, ts: u64) {
        let delayed = std::mem::take(&mut self.delayed);
        if let Some(tid) = delayed.tid {
            let ptid = self.threads.get(tid).map_or(-1, |t| t.ptid);
            self.threads.note_exit(tid, ptid, ts);
            self.threads.remove(tid);
        }
        if let Some((tid, num)) = delayed.fd
            && let Some(slot) = self.threads.slot(tid)
            && let Some(holder) = self.threads.fds_slot(slot)
        {
            self.threads.fds_mut(holder).remove(num);
        }
    }

    /// Finds the thread and the descriptor of an event.
    #[inline]
    fn reset(&mut self, rec: &Record<'_>, event: &Event, cur: &mut Current) -> Option<u32> {
        let slot = self.thread_of(rec, event);
        cur.slot = slot;
        cur.tid = slot.map(|_| rec.tid);
        let Some(slot) = slot.filter(|_| rec.code != code::SCHEDSWITCH_6_E && !skips_reset(event)) else {
            cur.fd_info = None;
            return slot;
        };
        let pending = self.threads.hot_mut(slot);
        cur.has_enter = pending.enter.is_some();
        if rec.code & 1 == 0 {
            pending.fd = -1;
            pending.enter_code = rec.code;
        } else {
            // A successful execveat ends as execve.
            pending.enter_valid = rec.code == pending.enter_code.wrapping_add(1)
                || rec.code == code::EXECVE_19_X && pending.enter_code == code::EXECVEAT_E;
            pending.enter_used = true;
            if !pending.enter_valid {
                pending.fd = -1;
            }
        }
        if !event.flags.has(EventFlags::USES_FD) {
            cur.fd_info = None;
            return Some(slot);
        }
        if pending.fd == -1
            && let Some(num) = event.fd_param.and_then(|i| rec.params.int(usize::from(i)))
        {
            pending.fd = num;
        }
        let num = pending.fd;
        self.set_fd_info(cur, slot, num);
        Some(slot)
    }

    /// The thread of an event. A placeholder is made for an unknown one, except by events that end or start threads or
    /// switch between them.
    #[inline]
    fn thread_of(&mut self, rec: &Record<'_>, event: &Event) -> Option<u32> {
        if rec.code == code::PROCINFO_E {
            return self.threads.slot(rec.tid);
        }
        let without = event.flags.has(EventFlags::SKIP_PARSE_RESET)
            || matches!(
                rec.code,
                code::CONTAINER_JSON_2_E
                    | code::USER_ADDED_E
                    | code::USER_DELETED_E
                    | code::GROUP_ADDED_E
                    | code::GROUP_DELETED_E
                    | code::PLUGINEVENT_E
                    | code::ASYNCEVENT_E
            );
        if without {
            return None;
        }
        match self.threads.slot(rec.tid) {
            None if asks_machine(rec.code) => self.threads.slot_or_placeholder(rec.tid),
            found => found,
        }
    }

    /// Points `cur` to a descriptor of the thread, without touching counters if it is the one of the last event.
    #[inline]
    fn set_fd_info(&self, cur: &mut Current, slot: u32, num: i64) {
        let found = self.fd(slot, num);
        match (found, &cur.fd_info) {
            (Some(found), Some(known)) if Arc::ptr_eq(found, known) => {}
            _ => cur.fd_info = found.cloned(),
        }
    }

    /// A descriptor of the thread.
    #[inline]
    fn fd(&self, slot: u32, num: i64) -> Option<&Arc<Fd>> {
        if num < 0 {
            return None;
        }
        self.threads.hot(self.threads.fds_slot(slot)?).fds.get(num)
    }

    /// Tells the number of the descriptor, and looks for one that the effect left aside.
    fn finish(&mut self, event: &Event, cur: &mut Current) {
        const ABOUT_FDS: EventFlags = EventFlags::CREATES_FD.or(EventFlags::USES_FD).or(EventFlags::DESTROYS_FD);
        if !event.flags.any(ABOUT_FDS) {
            return;
        }
        let Some(slot) = cur.slot else { return };
        let num = self.threads.hot(slot).fd;
        cur.fd = Some(num);
        if cur.fd_info.is_none() {
            cur.fd_info = self.fd(slot, num).cloned();
        }
    }

    fn effect(&mut self, effect: Effect, rec: &Record<'_>, cur: &mut Current, slot: Option<u32>) {
        match effect {
            Effect::UserAdded | Effect::UserDeleted => return self.user(rec),
            Effect::GroupAdded | Effect::GroupDeleted => return self.group(rec),
            Effect::Container => return self.container(rec, cur),
            Effect::Async => return self.asynchronous(rec, cur),
            Effect::Clone => {
                self.clone_exit(rec, cur, slot);
                // The thread may have been made by the event, or have gone.
                cur.slot = cur.tid.and_then(|tid| self.threads.slot(tid));
                return;
            }
            _ => {}
        }
        let Some(slot) = slot else { return };
        match effect {
            Effect::StoreEnter => self.store_enter(rec, slot),
            Effect::Open | Effect::OpenByHandleAt | Effect::Creat => self.open(rec, cur, slot),
            Effect::Execve => self.exec(rec, cur, slot),
            Effect::ProcExit => self.exit(rec, slot),
            Effect::Close => self.close(rec, cur, slot),
            Effect::CloseRange => self.close_range(rec, slot),
            Effect::Dup => self.dup(rec, cur, slot),
            Effect::Fcntl => self.fcntl(rec, cur, slot),
            Effect::Pipe => self.pipe(rec, cur, slot),
            Effect::Socketpair => self.socketpair(rec, cur, slot),
            Effect::CreateFd => self.create_fd(rec, cur, slot),
            Effect::MemfdCreate => self.memfd_create(rec, cur, slot),
            Effect::PidfdOpen => self.pidfd_open(rec, cur, slot),
            Effect::PidfdGetfd => self.pidfd_getfd(rec, cur, slot),
            Effect::Socket => self.socket(rec, cur, slot),
            Effect::Bind => self.bind(rec, cur, slot),
            Effect::Connect => self.connect(rec, cur, slot),
            Effect::Accept => self.accept(rec, cur, slot),
            Effect::Io => self.io(rec, cur, slot),
            Effect::Chdir | Effect::Getcwd => self.chdir(rec, slot),
            Effect::Fchdir => self.fchdir(rec, cur, slot),
            Effect::Chroot => self.chroot(rec, slot),
            Effect::Setuid | Effect::Setgid => self.set_ids(rec, slot),
            Effect::Setsid => self.setsid(rec, slot),
            Effect::Capset => self.capset(rec, slot),
            Effect::Unshare => self.unshare(rec, slot),
            Effect::Prctl => self.prctl(rec, slot),
            Effect::Rlimit => self.rlimit(rec, slot),
            Effect::Prlimit => self.prlimit(rec),
            Effect::Memory => self.memory(rec, slot),
            Effect::Switch => self.switch(rec, slot),
            // Known to the original's parser, but without a trace in what rules can see.
            Effect::Sendfile | Effect::Procinfo | Effect::Shutdown | Effect::Listen | Effect::Getsockopt => {}
            Effect::None
            | Effect::Clone
            | Effect::UserAdded
            | Effect::UserDeleted
            | Effect::GroupAdded
            | Effect::GroupDeleted
            | Effect::Container
            | Effect::Async => {}
        }
    }

    /// Keeps an enter event for the exit event. One whose first parameter is empty tells nothing.
    fn store_enter(&mut self, rec: &Record<'_>, slot: u32) {
        let may_be_empty = matches!(rec.code, code::EXECVEAT_E | code::CONNECT_E);
        if !may_be_empty && rec.params.get(0).is_none_or(<[u8]>::is_empty) {
            return;
        }
        let mut enter = self.spare_enter.take().unwrap_or_default();
        enter.fill(rec);
        let pending = self.threads.hot_mut(slot);
        pending.enter = Some(enter);
        pending.enter_used = false;
    }

    /// The enter event that belongs to the exit event.
    fn enter_of(&self, rec: &Record<'_>, slot: u32) -> Option<&Enter> {
        let pending = self.threads.hot(slot);
        let enter = pending.enter.as_deref().filter(|_| pending.enter_valid)?;
        let matches = enter.code + 1 == rec.code || rec.code == code::EXECVE_19_X && enter.code == code::EXECVEAT_E;
        matches.then_some(enter)
    }

    /// Adds a descriptor to the thread's; the event is now about it.
    fn add_fd(&mut self, cur: &mut Current, slot: u32, num: i64, fd: Arc<Fd>) {
        let Some(holder) = self.threads.fds_slot(slot) else {
            cur.fd_info = None;
            return;
        };
        let kept = self.threads.fds_mut(holder).insert(num, fd.clone());
        self.threads.hot_mut(slot).fd = num;
        cur.fd_info = kept.then_some(fd);
    }

    /// Adds a descriptor that did not exist before: any name it has is new.
    fn add_new_fd(&mut self, cur: &mut Current, slot: u32, num: i64, fd: Fd) {
        let named = !fd.name.is_empty();
        self.add_fd(cur, slot, num, Arc::new(fd));
        cur.fd_name_changed = named && cur.fd_info.is_some();
    }

    /// Changes the descriptor the event is about.
    fn change_fd(&mut self, cur: &mut Current, slot: u32, change: impl FnOnce(&mut Fd)) {
        let num = self.threads.hot(slot).fd;
        let Some(holder) = self.threads.fds_slot(slot) else { return };
        let Some(before) = cur.fd_info.take().map(|fd| fd.name.clone()) else { return };
        let fds = self.threads.fds_mut(holder);
        fds.update(num, change);
        cur.fd_info = fds.get(num).cloned();
        cur.fd_name_changed |= cur.fd_info.as_ref().is_some_and(|fd| fd.name != before);
    }

    /// The directory to which a path given with a directory descriptor is relative, as it is put before it.
    /// `<UNKNOWN>` if the descriptor is not known.
    pub fn directory(&self, tid: i64, dirfd: i64, path: &[u8]) -> Cow<'_, [u8]> {
        match self.threads.get(tid) {
            _ if path.first() == Some(&b'/') => Cow::from(&b"."[..]),
            None => Cow::from(UNKNOWN_DIR),
            Some(thread) if dirfd == AT_FDCWD => Cow::from(self.threads.cwd(thread)),
            Some(thread) => match self.threads.fds(thread).and_then(|fds| fds.get(dirfd)).filter(|_| dirfd >= 0) {
                None => Cow::from(UNKNOWN_DIR),
                Some(fd) if fd.name.last().is_none_or(|b| *b == b'/') => Cow::from(&*fd.name),
                Some(fd) => Cow::from([&*fd.name, b"/"].concat()),
            },
        }
    }
}

/// `AT_FDCWD` as a parameter of an event.
pub const AT_FDCWD: i64 = -100;
/// Stands for the directory of an unknown descriptor.
pub const UNKNOWN_DIR: &[u8] = b"<UNKNOWN>";

/// Whether the original asks the machine about an unknown thread of the event, and makes a placeholder of what it
/// does not find.
#[inline]
fn asks_machine(code: u16) -> bool {
    !matches!(
        code,
        code::CLONE_20_X
            | code::CLONE3_X
            | code::FORK_20_X
            | code::VFORK_20_X
            | code::SCHEDSWITCH_6_E
            | code::PROCEXIT_1_E
    )
}

#[inline]
fn skips_reset(event: &Event) -> bool {
    event.flags.has(EventFlags::SKIP_PARSE_RESET)
}

/// Return value of a system call: its first parameter.
#[inline]
fn result(rec: &Record<'_>) -> i64 {
    rec.params.get(0).map_or(0, |p| match p.len() {
        4 | 8 => rec.params.int(0).unwrap_or(0),
        _ => 0,
    })
}

/// A path or text parameter. Empty, absent and `(NULL)` ones read as `<NA>`.
fn text<'a>(params: &Params<'a>, i: usize) -> &'a [u8] {
    text_of(params.get(i).unwrap_or_default())
}

fn text_of(param: &[u8]) -> &[u8] {
    match param {
        b"" | b"(NULL)\0" => NA,
        _ => &param[..memchr::memchr(0, param).unwrap_or(param.len())],
    }
}

/// Whether a parameter has a value.
fn present(params: &Params<'_>, i: usize) -> bool {
    params.get(i).is_some_and(|p| !p.is_empty())
}

/// A 32-bit parameter, 0 if it has no value.
fn u32_at(params: &Params<'_>, i: usize) -> u32 {
    params.uint(i).unwrap_or(0) as u32
}

/// The text, shared with an older one if it is the same.
fn share(bytes: &[u8], old: &Text) -> Text {
    if **old == *bytes { old.clone() } else { Text::from(bytes) }
}
