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
mod plan;
mod process;
mod sockets;
#[cfg(test)]
mod tests;

pub(super) use process::{valid_cgroups, without_deleted};

use super::fd::Fd;
use super::hot::NO_ENTER;
use super::thread::{Enter, Text};
use super::{Current, NA, State};
use crate::record::{Params, Record};
use peregrine_schema::Effect;
use peregrine_schema::events::code;
use plan::{Lookup, NO_PARAM, PLANS, Plan};
use std::borrow::Cow;

/// Removals that wait until the event that causes them has been delivered.
#[derive(Debug, Clone, Default)]
pub(super) struct Delayed {
    /// Anything to do.
    any: bool,
    /// A thread that exited.
    tid: Option<i64>,
    /// A descriptor that was closed: slot of the thread, which nothing changes until then, and number.
    pub(super) fd: Option<(u32, i64)>,
}

impl State {
    /// Takes an event into the state and tells in `cur` what it is about. To be called once per event, in capture
    /// order, before the rules. Whether it is for rules at all: an enter event kept for its exit event is not.
    #[inline(always)]
    pub fn apply(&mut self, rec: &Record<'_>, cur: &mut Current) -> bool {
        if self.delayed.any {
            self.remove_delayed(rec.ts);
        }
        let plan = &PLANS[usize::from(rec.code)];
        cur.fd = None;
        cur.fd_name_changed = false;
        if cur.fd_info.is_some() {
            cur.fd_info = None;
        }
        if cur.container.is_some() {
            cur.container = None;
        }
        let slot = self.reset(rec, plan, cur);
        cur.slot = slot;
        if plan.effect == Effect::Io
            && let Some(slot) = slot
        {
            self.io(rec, plan, cur, slot);
        } else if plan.effect != Effect::None {
            self.effect(plan.effect, rec, cur, slot);
        }
        if plan.about_fd
            && let Some(slot) = cur.slot
        {
            cur.fd = Some(self.threads.hot.at(slot).fd);
        }
        !plan.kept
    }

    /// Whether events of a code, that nobody looks at, may be given to [`State::pass`].
    pub fn is_quiet(code: u16) -> bool {
        PLANS.get(usize::from(code)).is_some_and(|plan| plan.quiet)
    }

    /// Takes in an event that nobody looks at, in place of [`State::apply`] and [`State::after`], if it leaves nothing
    /// that any later event could see; `false` if that is not sure, and then nothing has been done. Its code must be
    /// [quiet](State::is_quiet). What is passed over is the number of its descriptor, which only an exit event with a
    /// pending enter event would find.
    #[inline(always)]
    pub fn pass(&mut self, code: u16, tid: i64, params: &Params<'_>) -> bool {
        let plan = &PLANS[usize::from(code)];
        debug_assert!(plan.quiet);
        let Some(slot) = self.threads.hot.recent(tid).filter(|_| !self.delayed.any) else {
            return false;
        };
        self.threads.hot.at(slot).enter_code == NO_ENTER
            && (plan.effect == Effect::None || self.tells_nothing(params, plan, slot))
    }

    /// Whether a transfer tells nothing about a socket. May say no where it is yes.
    #[inline(always)]
    fn tells_nothing(&self, params: &Params<'_>, plan: &Plan, slot: u32) -> bool {
        let Some(holder) = self.threads.known_holder(slot) else { return false };
        if plan.tuple == NO_PARAM {
            return !self.threads.hot.any_unconnected(holder);
        }
        // A copy, so that those of other events need not be in memory.
        let params = *params;
        let num = params.long(usize::from(plan.fd_param)).filter(|num| *num >= 0);
        num.and_then(|num| self.threads.hot.fd(holder, num)).is_some_and(Fd::is_settled)
    }

    /// Ends the event. To be called after the rules have seen it.
    #[inline(always)]
    pub fn after(&mut self, cur: &mut Current) {
        if cur.has_enter
            && let Some(slot) = cur.slot
            && let hot = self.threads.hot.at_mut(slot)
            && hot.enter.is_some()
            && hot.enter_used
        {
            self.spare_enter = hot.enter.take();
        }
    }

    #[inline(never)]
    fn remove_delayed(&mut self, ts: u64) {
        self.delayed.any = false;
        if let Some((slot, num)) = self.delayed.fd.take()
            && let Some(holder) = self.threads.holder(slot)
        {
            self.threads.hot.remove_fd(holder, num);
        }
        if let Some(tid) = self.delayed.tid.take() {
            let ptid = self.threads.get(tid).map_or(-1, |t| t.ptid);
            self.threads.note_exit(tid, ptid, ts);
            self.threads.remove(tid);
        }
    }

    /// Finds the thread of an event, and the number of the descriptor it works on.
    #[inline(always)]
    fn reset(&mut self, rec: &Record<'_>, plan: &Plan, cur: &mut Current) -> Option<u32> {
        if plan.is_usual() {
            let slot = match self.threads.hot.recent(rec.tid) {
                Some(slot) => slot,
                None => self.threads.slot_or_placeholder(rec.tid)?,
            };
            self.pair(rec, plan, cur, slot);
            return Some(slot);
        }
        if plan.lookup == Lookup::None {
            return None;
        }
        let slot = self.threads.slot(rec.tid)?;
        if plan.pairs {
            self.pair(rec, plan, cur, slot);
        }
        Some(slot)
    }

    /// Pairs enter and exit events.
    #[inline(always)]
    fn pair(&mut self, rec: &Record<'_>, plan: &Plan, cur: &mut Current, slot: u32) {
        let pending = self.threads.hot.at_mut(slot);
        cur.has_enter = pending.enter.is_some();
        if rec.code & 1 == 0 {
            pending.fd = -1;
            pending.enter_code = rec.code;
        } else {
            pending.enter_used = true;
            if !continues(pending.enter_code, rec.code) {
                pending.fd = -1;
            }
        }
        if plan.fd_param != NO_PARAM
            && pending.fd == -1
            && let Some(num) = rec.params.long(usize::from(plan.fd_param))
        {
            pending.fd = num;
        }
    }

    /// The descriptor the event is about: of the number that the event works on or has just made.
    #[inline(always)]
    fn pending_fd(&self, slot: u32) -> Option<&Fd> {
        self.fd(slot, self.threads.hot.at(slot).fd)
    }

    /// A descriptor of the thread.
    #[inline(always)]
    pub(super) fn fd(&self, slot: u32, num: i64) -> Option<&Fd> {
        if num < 0 {
            return None;
        }
        self.threads.hot.fd(self.threads.fds_slot(slot)?, num)
    }

    #[inline(never)]
    fn effect(&mut self, effect: Effect, rec: &Record<'_>, cur: &mut Current, slot: Option<u32>) {
        let Some(slot) = slot else { return self.effect_without_thread(effect, rec, cur) };
        match effect {
            Effect::StoreEnter => self.store_enter(rec, slot),
            Effect::Open | Effect::OpenByHandleAt | Effect::Creat => self.open(rec, cur, slot),
            Effect::Execve => self.exec(rec, cur, slot),
            Effect::ProcExit => self.exit(rec, slot),
            Effect::Close => self.close(rec, slot),
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
            Effect::Io => self.io(rec, &PLANS[usize::from(rec.code)], cur, slot),
            Effect::Chdir | Effect::Getcwd => self.chdir(rec, slot),
            Effect::Fchdir => self.fchdir(rec, slot),
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
            Effect::Clone => self.clone_of(rec, cur, Some(slot)),
            Effect::UserAdded
            | Effect::UserDeleted
            | Effect::GroupAdded
            | Effect::GroupDeleted
            | Effect::Container
            | Effect::Async => self.effect_without_thread(effect, rec, cur),
            // What leaves no trace in what rules can see has no effect in the plan.
            Effect::None
            | Effect::Sendfile
            | Effect::Procinfo
            | Effect::Shutdown
            | Effect::Listen
            | Effect::Getsockopt => {}
        }
    }

    /// Effects of events that are not about a thread, or whose thread is not known.
    fn effect_without_thread(&mut self, effect: Effect, rec: &Record<'_>, cur: &mut Current) {
        match effect {
            Effect::UserAdded | Effect::UserDeleted => self.user(rec),
            Effect::GroupAdded | Effect::GroupDeleted => self.group(rec),
            Effect::Container => self.container(rec, cur),
            Effect::Async => self.asynchronous(rec, cur),
            Effect::Clone => self.clone_of(rec, cur, None),
            _ => {}
        }
    }

    fn clone_of(&mut self, rec: &Record<'_>, cur: &mut Current, slot: Option<u32>) {
        self.clone_exit(rec, cur, slot);
        // The thread may have been made by the event, or have gone.
        cur.slot = cur.slot.and_then(|_| self.threads.slot(rec.tid));
    }

    /// Keeps an enter event for the exit event. One whose first parameter is empty tells nothing.
    fn store_enter(&mut self, rec: &Record<'_>, slot: u32) {
        let may_be_empty = matches!(rec.code, code::EXECVEAT_E | code::CONNECT_E);
        if !may_be_empty && rec.params.get(0).is_none_or(<[u8]>::is_empty) {
            return;
        }
        let mut enter = self.spare_enter.take().unwrap_or_default();
        enter.fill(rec);
        let pending = self.threads.hot.at_mut(slot);
        pending.enter = Some(enter);
        pending.enter_used = false;
    }

    /// The enter event that belongs to the exit event.
    fn enter_of(&self, rec: &Record<'_>, slot: u32) -> Option<&Enter> {
        let pending = self.threads.hot.at(slot);
        let enter = pending.enter.as_deref().filter(|_| continues(pending.enter_code, rec.code))?;
        let matches = enter.code + 1 == rec.code || rec.code == code::EXECVE_19_X && enter.code == code::EXECVEAT_E;
        matches.then_some(enter)
    }

    /// Adds a descriptor to the thread's; the event is now about it. `false` if it was not kept.
    fn add_fd(&mut self, cur: &mut Current, slot: u32, num: i64, fd: Fd) -> bool {
        let Some(holder) = self.threads.holder(slot) else { return false };
        self.threads.hot.at_mut(slot).fd = num;
        // Nothing is found under a negative number; this event is nevertheless about it.
        let odd = (num < 0).then(|| Box::new(fd.clone()));
        let kept = self.threads.hot.insert_fd(holder, num, fd);
        cur.fd_info = odd.filter(|_| kept);
        kept
    }

    /// Adds a descriptor that did not exist before: any name it has is new.
    fn add_new_fd(&mut self, cur: &mut Current, slot: u32, num: i64, fd: Fd) {
        let named = !fd.name.is_empty();
        cur.fd_name_changed = self.add_fd(cur, slot, num, fd) && named;
    }

    /// Changes the descriptor the event is about.
    fn change_fd(&mut self, cur: &mut Current, slot: u32, change: impl FnOnce(&mut Fd)) {
        let num = self.threads.hot.at(slot).fd;
        let Some(holder) = self.threads.holder(slot).filter(|_| num >= 0) else { return };
        let renamed = self.threads.hot.update_fd(holder, num, |fd| {
            let before = fd.name.clone();
            change(fd);
            fd.name != before
        });
        cur.fd_name_changed |= renamed == Some(true);
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
                Some(fd) if fd.name.last().is_none_or(|b| *b == b'/') => Cow::from(&fd.name),
                Some(fd) => Cow::from([&*fd.name, b"/"].concat()),
            },
        }
    }
}

/// `AT_FDCWD` as a parameter of an event.
pub const AT_FDCWD: i64 = -100;
/// Stands for the directory of an unknown descriptor.
pub const UNKNOWN_DIR: &[u8] = b"<UNKNOWN>";

/// Whether an exit event belongs to an enter event. A successful execveat ends as execve.
#[inline]
fn continues(enter: u16, exit: u16) -> bool {
    exit == enter.wrapping_add(1) || exit == code::EXECVE_19_X && enter == code::EXECVEAT_E
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
#[inline]
fn present(params: &Params<'_>, i: usize) -> bool {
    params.get(i).is_some_and(|p| !p.is_empty())
}

/// A 32-bit parameter, 0 if it has no value.
#[inline]
fn u32_at(params: &Params<'_>, i: usize) -> u32 {
    params.uint(i).unwrap_or(0) as u32
}

/// The text, shared with an older one if it is the same.
fn share(bytes: &[u8], old: &Text) -> Text {
    if **old == *bytes { old.clone() } else { Text::from(bytes) }
}
