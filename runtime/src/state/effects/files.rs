//! Descriptors: opened, made, copied, closed; the current directory.

use super::super::fd::{Fd, FdKind, O_CLOEXEC};
use super::super::thread::Text;
use super::super::{Current, NA, State, paths};
use super::{present, result, text, text_of, u32_at};
use crate::record::Record;
use peregrine_schema::events::code;
use std::borrow::Cow;

/// Values of `file_flags`.
const O_DIRECTORY: u32 = 0x400;
const UPPER_LAYER: u32 = 0x8000;
const LOWER_LAYER: u32 = 0x1_0000;
/// Bits that the recorder adds to the flags given to the system call: `O_F_CREATED` and above.
const ADDED_FLAGS: u32 = !(0x4000 - 1);

/// Values of `fcntl_commands`.
const F_DUPFD: u64 = 1;
const F_SETFD: u64 = 3;
const F_DUPFD_CLOEXEC: u64 = 0x1a;
const FD_CLOEXEC: u64 = 1;

/// What an open-like event tells.
struct Opened<'a> {
    dir: Cow<'a, [u8]>,
    name: &'a [u8],
    flags: u32,
    dev: u32,
    ino: u64,
}

impl State {
    pub(super) fn open(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let num = result(rec);
        if num < 0 {
            return;
        }
        let mut fd = self.threads.hot.blank_fd(FdKind::FileV2);
        let opened = match rec.code {
            code::OPEN_BY_HANDLE_AT_X => opened_by_handle(rec),
            code::CREAT_X => self.created(rec, slot),
            _ => self.opened(rec, slot),
        };
        if opened.flags & O_DIRECTORY != 0 {
            fd.kind = FdKind::Directory;
        }
        fd.name_raw.extend_from_slice(opened.name);
        if opened.dir.len() + opened.name.len() < paths::MAX_PATH && paths::is_normal(opened.name) {
            fd.name.extend_from_slice(opened.name);
        } else {
            paths::concatenate_into(&mut fd.name, &opened.dir, opened.name);
        }
        (fd.open_flags, fd.dev, fd.ino) = (opened.flags, opened.dev, opened.ino);
        fd.upper_layer = opened.flags & UPPER_LAYER != 0;
        fd.lower_layer = opened.flags & LOWER_LAYER != 0;
        self.add_new_fd(cur, slot, num, fd);
    }

    /// open, openat, openat2. A path stored at entry is the one the kernel used; at exit the process may have changed
    /// it already.
    fn opened<'a>(&'a self, rec: &'a Record<'_>, slot: u32) -> Opened<'a> {
        let at = rec.code != code::OPEN_X;
        // Indices of name, flags and device at exit, and of name and flags at entry.
        let (name_at, dev_at, enter_at) = match rec.code {
            code::OPEN_X => (1, 4, 0),
            code::OPENAT2_X => (2, 6, 1),
            _ => (2, 5, 1),
        };
        let p = &rec.params;
        let mut name = text(p, name_at);
        let mut flags = u32_at(p, name_at + 1);
        let mut dirfd = p.int(1);
        if let Some(enter) = self.enter_of(rec, slot) {
            let entered = text_of(enter.param(enter_at));
            if entered != NA {
                name = entered;
                flags = enter.uint(enter_at + 1) as u32 | flags & ADDED_FLAGS;
                dirfd = enter.int(0);
            }
        }
        let thread = self.threads.in_slot(slot);
        let dir = match dirfd {
            _ if !at => Cow::from(self.threads.cwd(thread)),
            Some(dirfd) => self.directory(thread.tid, dirfd, name),
            None => Cow::default(),
        };
        let (dev, ino) = match present(p, dev_at + 1) || !at && present(p, dev_at) {
            true => (u32_at(p, dev_at), p.uint(dev_at + 1).unwrap_or(0)),
            false => (0, 0),
        };
        Opened { dir, name, flags, dev, ino }
    }

    fn created<'a>(&'a self, rec: &'a Record<'_>, slot: u32) -> Opened<'a> {
        let p = &rec.params;
        let mut name = text(p, 1);
        // creat has no flags; the layer comes in flags of its own.
        let flags = match u32_at(p, 5) {
            layer if layer & 1 != 0 => UPPER_LAYER,
            layer if layer & 2 != 0 => LOWER_LAYER,
            _ => 0,
        };
        if let Some(enter) = self.enter_of(rec, slot) {
            let entered = text_of(enter.param(0));
            if entered != NA {
                name = entered;
            }
        }
        let dir = Cow::from(self.threads.cwd(self.threads.in_slot(slot)));
        Opened { dir, name, flags, dev: u32_at(p, 3), ino: p.uint(4).unwrap_or(0) }
    }

    /// The descriptor stays until the event has been delivered.
    pub(super) fn close(&mut self, rec: &Record<'_>, slot: u32) {
        if result(rec) >= 0 && self.pending_fd(slot).is_some() {
            self.delayed.fd = Some((slot, self.threads.hot.at(slot).fd));
            self.delayed.any = true;
        }
    }

    pub(super) fn close_range(&mut self, rec: &Record<'_>, slot: u32) {
        const CLOEXEC: u32 = 4;
        let p = &rec.params;
        let (Some(first), Some(last), true) = (p.uint(1), p.uint(2), result(rec) >= 0) else { return };
        let Some(holder) = self.threads.holder(slot) else { return };
        let fds = &mut self.threads.hot;
        for num in fds.fd_numbers(holder, |n, _| n >= 0 && (first..=last).contains(&(n as u64))) {
            if u32_at(p, 3) & CLOEXEC != 0 {
                fds.update_fd(holder, num, |fd| fd.open_flags |= O_CLOEXEC);
            } else {
                fds.remove_fd(holder, num);
            }
        }
    }

    pub(super) fn dup(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let num = result(rec);
        if num >= 0 {
            let cloexec = rec.code == code::DUP3_X && u32_at(&rec.params, 3) & O_CLOEXEC != 0;
            self.duplicate(cur, slot, num, cloexec);
        }
    }

    pub(super) fn fcntl(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let command = rec.params.uint(2).unwrap_or(0);
        if !matches!(command, F_DUPFD | F_SETFD | F_DUPFD_CLOEXEC) {
            return;
        }
        let num = result(rec);
        if num < 0 {
            return;
        }
        if command == F_SETFD {
            let cloexec = rec.params.uint(3).unwrap_or(0) & FD_CLOEXEC != 0;
            let of = self.threads.hot.at(slot).fd;
            if let Some(holder) = self.threads.holder(slot).filter(|_| of >= 0) {
                self.threads.hot.update_fd(holder, of, |fd| set_cloexec(fd, cloexec));
            }
            return;
        }
        self.duplicate(cur, slot, num, command == F_DUPFD_CLOEXEC);
    }

    /// Adds a duplicate of the descriptor the event is about.
    fn duplicate(&mut self, cur: &mut Current, slot: u32, num: i64, cloexec: bool) {
        let Some(holder) = self.threads.holder(slot) else { return };
        let of = self.threads.hot.at(slot).fd;
        let Some(mut copy) = self.threads.hot.copy_fd(holder, of).filter(|_| of >= 0) else { return };
        set_cloexec(&mut copy, cloexec);
        self.add_fd(cur, slot, num, copy);
    }

    pub(super) fn pipe(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let p = &rec.params;
        let (Some(one), Some(two), true) = (p.int(1), p.int(2), result(rec) >= 0) else { return };
        let open_flags = if rec.code == code::PIPE2_X { u32_at(p, 4) } else { 0 };
        let pipe = Fd { ino: p.uint(3).unwrap_or(0), open_flags, ..Fd::new(FdKind::Fifo) };
        self.add_new_fd(cur, slot, one, pipe.clone());
        self.add_new_fd(cur, slot, two, pipe);
    }

    /// Descriptors without further facts. Where the original takes the second parameter for flags although it is
    /// something else, so does this.
    pub(super) fn create_fd(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let num = result(rec);
        if num < 0 {
            return;
        }
        let p = &rec.params;
        let (kind, open_flags) = match rec.code {
            code::EVENTFD_X => (FdKind::Event, 0),
            code::EVENTFD2_X => (FdKind::Event, u32_at(p, 1) & 0xffff),
            code::SIGNALFD_X => (FdKind::SignalFd, 0),
            code::SIGNALFD4_X => (FdKind::SignalFd, u32_at(p, 1) & 0xffff),
            code::TIMERFD_CREATE_X => (FdKind::TimerFd, u32_at(p, 2) & 0xff),
            code::INOTIFY_INIT_X => (FdKind::Inotify, 0),
            code::INOTIFY_INIT1_X => (FdKind::Inotify, u32_at(p, 1) & 0xffff),
            code::BPF_2_X => (FdKind::Bpf, 0),
            code::USERFAULTFD_X => (FdKind::Userfaultfd, 0),
            code::IO_URING_SETUP_X => (FdKind::IoUring, 0),
            code::EPOLL_CREATE1_X if u32_at(p, 1) & 1 != 0 => (FdKind::EventPoll, O_CLOEXEC),
            code::EPOLL_CREATE_X | code::EPOLL_CREATE1_X => (FdKind::EventPoll, 0),
            _ => return,
        };
        self.add_new_fd(cur, slot, num, Fd { open_flags, ..Fd::new(kind) });
    }

    /// A failed call leaves an entry of which nothing is known under the negative number, as in the original.
    pub(super) fn memfd_create(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let num = result(rec);
        let fd = match num < 0 {
            true => Fd::new(FdKind::Uninitialized),
            false => {
                Fd { name: text(&rec.params, 1).to_vec(), open_flags: u32_at(&rec.params, 2), ..Fd::new(FdKind::Memfd) }
            }
        };
        self.add_new_fd(cur, slot, num, fd);
    }

    pub(super) fn pidfd_open(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let num = result(rec);
        if num < 0 {
            return;
        }
        let pid = rec.params.int(1).unwrap_or(0);
        let name = format!("/proc/{pid}").into_bytes();
        let fd = Fd { name, pid, open_flags: u32_at(&rec.params, 2), ..Fd::new(FdKind::PidFd) };
        self.add_new_fd(cur, slot, num, fd);
    }

    /// A copy of another process' descriptor. Not looked at is whether the call failed, as in the original.
    pub(super) fn pidfd_getfd(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let p = &rec.params;
        let (Some(pidfd), Some(target)) = (p.int(1), p.int(2)) else { return };
        let Some(pid) = self.fd(slot, pidfd).filter(|fd| fd.kind == FdKind::PidFd).map(|fd| fd.pid) else { return };
        let Some(process) = self.threads.slot(pid) else { return };
        let Some(mut copy) = self.fd(process, target).cloned() else { return };
        set_cloexec(&mut copy, true);
        self.add_fd(cur, slot, result(rec), copy);
    }

    /// chdir, and getcwd, which tells where the process is.
    pub(super) fn chdir(&mut self, rec: &Record<'_>, slot: u32) {
        if result(rec) >= 0 {
            self.set_cwd(slot, text(&rec.params, 1));
        }
    }

    pub(super) fn fchdir(&mut self, rec: &Record<'_>, slot: u32) {
        if let Some(name) = self.pending_fd(slot).filter(|_| result(rec) >= 0).map(|fd| fd.name.clone()) {
            self.set_cwd(slot, &name);
        }
    }

    /// Changes the process' directory. A relative path is relative to the directory kept in the thread itself, which
    /// only main threads have.
    pub(in super::super) fn set_cwd(&mut self, slot: u32, path: &[u8]) {
        let Some(main) = self.threads.main_slot(slot) else { return };
        let mut cwd = paths::concatenate(&self.threads.in_slot(slot).cwd, path);
        if cwd.last() != Some(&b'/') {
            cwd.push(b'/');
        }
        if *self.threads.in_slot(main).cwd != *cwd {
            self.threads.change(main, |t| t.cwd = Text::from(cwd));
        }
    }

    pub(super) fn chroot(&mut self, rec: &Record<'_>, slot: u32) {
        if result(rec) != 0 {
            return;
        }
        let path = text(&rec.params, 1);
        let thread = self.threads.in_slot(slot);
        let root = match path.first() {
            None | Some(b'/') => path.to_vec(),
            _ if path == NA => path.to_vec(),
            _ => paths::concatenate(self.threads.cwd(thread), path),
        };
        self.threads.change(slot, |t| t.root = Text::from(root));
    }
}

fn opened_by_handle<'a>(rec: &'a Record<'_>) -> Opened<'a> {
    // The recorder gives an absolute path.
    let p = &rec.params;
    Opened {
        dir: Cow::default(),
        name: text(p, 3),
        flags: u32_at(p, 2),
        dev: u32_at(p, 4),
        ino: p.uint(5).unwrap_or(0),
    }
}

fn set_cloexec(fd: &mut Fd, cloexec: bool) {
    fd.clear_cloexec();
    if cloexec {
        fd.open_flags |= O_CLOEXEC;
    }
}
