//! The thread table: threads by id, thread groups, parents and children.
//!
//! ```text
//! tid ─► slot ─► Thread ─► group ─► pid, number of living threads, its threads (the leader first)
//!                      └─► ptid (by number), children (by slot and serial)
//! ```
//!
//! What must hold: a thread's group, if it has one, exists as long as the thread is in the table; placeholders
//! ([`Thread::is_invalid`]) have neither group nor parent. References between threads are weak: a thread taken out or
//! replaced under the same tid leaves references that lead nowhere, and they are counted as the original counts them
//! (it cleans its lists only now and then, and a process counts as having children until it does).
//! The table holds at most [`MAX_THREADS`] threads; what does not fit is not kept.
//!
//! What every event of a thread touches lies apart, in [`Rows`]. A [`Thread`] is only changed by
//! [`ThreadTable::change`], or here in ways that stamp it as well ([`facts`](super::facts)): places that do not say
//! why no field with the lifetime of an image can see the change.

use super::facts::Stamps;
use super::fdtable::Fds;
use super::hot::{NO_SLOT, Rows};
use super::thread::{Image, Strings, Text, Thread, Usage, flags};
use std::collections::VecDeque;
use std::sync::Arc;

/// Threads that are kept.
pub const MAX_THREADS: usize = 262_144;
/// Dead references in a group or among children before they are cleaned out.
const DEAD_THREADS: u64 = 11;
const DEAD_CHILDREN: u64 = 10;
/// Exits that are remembered.
const EXITS: usize = 8192;
/// Two seconds: for this long an exit explains a clone event that comes late, and a clone event a second one.
pub(super) const STALE_NS: u64 = 2_000_000_000;

pub(super) type Map<V> = hashbrown::HashMap<i64, V, foldhash::fast::RandomState>;

/// A thread, as long as it is the one it was.
#[derive(Debug, Clone, Copy)]
struct Ref {
    slot: u32,
    serial: u64,
}

/// A thread's place among the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Links {
    /// Number of this thread since the start, never given twice.
    serial: u64,
    /// Index of its group; none for placeholders.
    group: Option<u32>,
    /// Children, oldest first; some may be gone.
    children: Vec<Ref>,
    /// How many of them are not.
    living_children: u64,
    /// Where the thread is.
    slot: u32,
}

/// Threads of a process.
#[derive(Debug, Clone)]
struct Group {
    /// Takes in the orphans below it.
    reaper: bool,
    /// Living threads. May wrap below 0 when events were lost, as in the original.
    alive: u64,
    /// Leader first, if it is known; some may be gone.
    threads: VecDeque<Ref>,
    /// Threads in the table that belong to it.
    members: u32,
    /// It is found by its pid.
    found: bool,
}

/// All threads.
#[derive(Debug, Clone)]
pub struct ThreadTable {
    by_tid: Map<u32>,
    slots: Vec<Option<Box<Thread>>>,
    /// What every event touches, by slot.
    pub(super) hot: Rows,
    stamps: Stamps,
    free: Vec<u32>,
    groups: Vec<Option<Group>>,
    free_groups: Vec<u32>,
    by_pid: Map<u32>,
    next_serial: u64,
    /// Time of recent exits by parent and thread id (low halves).
    exits: hashbrown::HashMap<u64, u64, foldhash::fast::RandomState>,
    /// The same, oldest first: what is forgotten next.
    exit_order: VecDeque<(u64, u64)>,
    /// Number of the next image.
    next_image: u64,
    /// The image of placeholders.
    unknown: Arc<Image>,
    /// Threads that were not kept because the table was full.
    pub dropped: u64,
}

impl Default for ThreadTable {
    fn default() -> ThreadTable {
        ThreadTable {
            by_tid: Map::default(),
            slots: Vec::new(),
            hot: Rows::default(),
            stamps: Stamps::default(),
            free: Vec::new(),
            groups: Vec::new(),
            free_groups: Vec::new(),
            by_pid: Map::default(),
            next_serial: 1,
            exits: hashbrown::HashMap::default(),
            exit_order: VecDeque::new(),
            next_image: 2,
            unknown: Arc::new(Image { comm: Text::from(super::NA), exe: Text::from(super::NA), ..Image::empty(1) }),
            dropped: 0,
        }
    }
}

/// Reading.
impl ThreadTable {
    /// The thread.
    #[inline]
    pub fn get(&self, tid: i64) -> Option<&Thread> {
        self.at(self.slot_of(tid)?)
    }

    /// The slot of a thread.
    #[inline]
    pub(super) fn slot_of(&self, tid: i64) -> Option<u32> {
        match self.hot.recent(tid) {
            Some(slot) => Some(slot),
            None => self.by_tid.get(&tid).copied(),
        }
    }

    /// All threads, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Thread> {
        self.slots.iter().filter_map(|t| t.as_deref())
    }

    /// Number of threads, placeholders included.
    pub fn len(&self) -> usize {
        self.by_tid.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The leader of the thread's group: holder of descriptors, cwd and environment. `None` if it is not known.
    #[inline]
    pub fn main<'a>(&'a self, thread: &'a Thread) -> Option<&'a Thread> {
        if thread.is_main() {
            return Some(thread);
        }
        let first = self.group(thread)?.threads.front()?;
        self.deref(*first).filter(|t| t.is_main())
    }

    /// The thread's descriptors: its own, or those of its leader.
    #[inline]
    pub fn fds<'a>(&'a self, thread: &'a Thread) -> Option<Fds<'a>> {
        Some(self.own_fds(if thread.flags & flags::CLONE_FILES == 0 { thread } else { self.main(thread)? }))
    }

    /// The descriptors kept with a thread: none if it uses its leader's.
    #[inline]
    pub fn own_fds(&self, thread: &Thread) -> Fds<'_> {
        self.hot.fds(thread.links.slot)
    }

    /// Version of what is known about the thread in a slot, users and containers aside.
    #[inline]
    pub(super) fn version(&self, slot: u32) -> u64 {
        self.stamps.version(self.hot.stamp(slot))
    }

    /// The last stamp given.
    pub(super) fn last_stamp(&self) -> u64 {
        self.stamps.last()
    }

    /// The process' current directory, `./` if its leader is not known.
    pub fn cwd<'a>(&'a self, thread: &'a Thread) -> &'a [u8] {
        self.main(thread).map_or(b"./", |t| &t.cwd)
    }

    /// The process' environment; that of the thread itself, which has none, if its leader is not known.
    pub fn env<'a>(&'a self, thread: &'a Thread) -> &'a Strings {
        &self.main(thread).unwrap_or(thread).image.env
    }

    /// The parent: the main thread of the thread that is the parent of this thread's leader.
    pub fn parent<'a>(&'a self, thread: &'a Thread) -> Option<&'a Thread> {
        self.ancestor(thread, 1)
    }

    /// The `n`-th ancestor process; 0 is the thread's leader. Goes from leader to leader.
    pub fn ancestor<'a>(&'a self, thread: &'a Thread, n: u32) -> Option<&'a Thread> {
        let mut at = self.main(thread)?;
        for _ in 0..n {
            at = self.main(self.get(at.ptid)?)?;
        }
        Some(at)
    }

    /// Ancestors of the thread's leader, nearest first, leader excluded; ends at an unknown parent or a loop.
    /// Goes by parent *threads*, which differ from the processes of [`ancestor`](ThreadTable::ancestor) where a
    /// thread other than the leader made the child.
    pub fn ancestors<'a>(&'a self, thread: &'a Thread) -> Ancestors<'a> {
        match self.main(thread) {
            Some(leader) => self.parents(leader),
            None => Ancestors { table: self, slow: None, fast: None },
        }
    }

    /// Like [`ancestors`](ThreadTable::ancestors), but those of the thread itself.
    pub fn parents<'a>(&'a self, thread: &'a Thread) -> Ancestors<'a> {
        let slow = self.get(thread.ptid);
        let fast = slow.and_then(|t| self.get(t.ptid));
        Ancestors { table: self, slow: slow.filter(|t| t.tid != -1), fast }
    }

    /// Living threads of the process, leader included; 0 for placeholders.
    pub fn thread_count(&self, thread: &Thread) -> u64 {
        self.group(thread).map_or(0, |g| g.alive)
    }

    /// Living threads of the process without its leader.
    pub fn follower_count(&self, thread: &Thread) -> u64 {
        let count = self.thread_count(thread);
        match self.main(thread) {
            Some(leader) if !leader.is_dead() && leader.links.group.is_some() => count.wrapping_sub(1),
            _ => count,
        }
    }

    fn at(&self, slot: u32) -> Option<&Thread> {
        self.slots.get(slot as usize)?.as_deref()
    }

    fn deref(&self, to: Ref) -> Option<&Thread> {
        self.at(to.slot).filter(|t| t.links.serial == to.serial)
    }

    fn group(&self, thread: &Thread) -> Option<&Group> {
        self.groups[thread.links.group? as usize].as_ref()
    }
}

/// Iterator over parents. The fast end runs ahead to notice loops.
#[derive(Debug)]
pub struct Ancestors<'a> {
    table: &'a ThreadTable,
    slow: Option<&'a Thread>,
    fast: Option<&'a Thread>,
}

impl<'a> Iterator for Ancestors<'a> {
    type Item = &'a Thread;

    fn next(&mut self) -> Option<&'a Thread> {
        let found = self.slow?;
        self.slow = self.table.get(found.ptid).filter(|t| t.tid != -1);
        for _ in 0..2 {
            self.fast = self.fast.and_then(|t| self.table.get(t.ptid));
            if let Some(slow) = self.slow
                && (slow.tid == slow.ptid || self.fast.is_some_and(|fast| std::ptr::eq(slow, fast)))
            {
                self.slow = None;
            }
        }
        Some(found)
    }
}

/// Changing.
impl ThreadTable {
    /// A table whose stamps lie above `last`.
    pub(super) fn after(last: u64) -> ThreadTable {
        ThreadTable { stamps: Stamps::after(last), ..ThreadTable::default() }
    }

    /// The slot of a thread. Remembers it for the next lookup.
    #[inline]
    pub(super) fn slot(&mut self, tid: i64) -> Option<u32> {
        match self.hot.recent(tid) {
            Some(slot) => Some(slot),
            None => self.find(tid),
        }
    }

    #[inline(never)]
    fn find(&mut self, tid: i64) -> Option<u32> {
        let slot = *self.by_tid.get(&tid)?;
        self.hot.remember(tid, slot);
        Some(slot)
    }

    /// The thread in a slot that is known to hold one.
    #[inline]
    pub(super) fn in_slot(&self, slot: u32) -> &Thread {
        self.at(slot).expect("slots given out hold a thread until it is removed")
    }

    /// The thread in a slot that is known to hold one, for changes that no field with the lifetime of an image sees.
    fn raw_mut(&mut self, slot: u32) -> &mut Thread {
        self.slots[slot as usize].as_deref_mut().expect("slots given out hold a thread until it is removed")
    }

    /// Changes what is known about the thread in a slot. Its id stays.
    pub(super) fn change<T>(&mut self, slot: u32, change: impl FnOnce(&mut Thread) -> T) -> T {
        let thread = self.raw_mut(slot);
        let (tid, before) = (thread.tid, thread.ptid);
        let result = change(thread);
        let after = thread.ptid;
        debug_assert_eq!(thread.tid, tid);
        if before != after {
            self.stamps.unname(before);
            self.stamps.name(after);
        }
        self.touch(slot);
        result
    }

    /// The thread in a slot has changed.
    fn touch(&mut self, slot: u32) {
        if self.is_depended_on(slot) {
            self.stamps.touch_shared();
        }
        self.hot.set_stamp(slot, self.stamps.next());
    }

    /// Whether others may see what is known about the thread: as their parent, or as the leader of their group.
    fn is_depended_on(&self, slot: u32) -> bool {
        let thread = self.in_slot(slot);
        let leads = |g: &Group| g.members > 1 && g.threads.front().is_some_and(|t| t.slot == slot);
        self.stamps.is_named(thread.tid) || self.group(thread).is_some_and(leads)
    }

    /// Memory, faults and limits of the thread in a slot.
    pub(super) fn usage_mut(&mut self, slot: u32) -> &mut Usage {
        &mut self.raw_mut(slot).usage
    }

    /// Sets who is to take the thread's children.
    pub(super) fn set_reaper_tid(&mut self, slot: u32, tid: i64) {
        self.raw_mut(slot).reaper_tid = tid;
    }

    /// The slot of the thread's leader.
    #[inline]
    pub(super) fn main_slot(&self, slot: u32) -> Option<u32> {
        let thread = self.in_slot(slot);
        if thread.is_main() {
            return Some(slot);
        }
        let first = *self.group(thread)?.threads.front()?;
        self.deref(first).filter(|t| t.is_main())?;
        Some(first.slot)
    }

    /// The slot of the thread that holds the descriptors of the thread.
    #[inline]
    pub(super) fn fds_slot(&self, slot: u32) -> Option<u32> {
        match self.hot.holder(slot, self.version(slot)) {
            Some(holder) => Some(holder).filter(|h| *h != NO_SLOT),
            None => self.find_fds(slot),
        }
    }

    /// The same, if it is remembered.
    #[inline]
    pub(super) fn known_holder(&self, slot: u32) -> Option<u32> {
        self.hot.holder(slot, self.version(slot)).filter(|h| *h != NO_SLOT)
    }

    /// The same, and remembers it.
    #[inline]
    pub(super) fn holder(&mut self, slot: u32) -> Option<u32> {
        let version = self.version(slot);
        match self.hot.holder(slot, version) {
            Some(holder) => Some(holder).filter(|h| *h != NO_SLOT),
            None => {
                let found = self.find_fds(slot);
                self.hot.set_holder(slot, version, found.unwrap_or(NO_SLOT));
                found
            }
        }
    }

    #[inline(never)]
    fn find_fds(&self, slot: u32) -> Option<u32> {
        if self.in_slot(slot).flags & flags::CLONE_FILES == 0 { Some(slot) } else { self.main_slot(slot) }
    }

    /// The slot of a thread, of a placeholder if there was none. `None` if the table is full.
    pub(super) fn slot_or_placeholder(&mut self, tid: i64) -> Option<u32> {
        if let Some(slot) = self.slot(tid) {
            return Some(slot);
        }
        let placeholder = Thread::new(tid, self.unknown.clone());
        self.add(placeholder, false)
    }

    /// A number for a new image.
    pub(super) fn image_id(&mut self) -> u64 {
        self.next_image += 1;
        self.next_image - 1
    }

    /// Whether another thread fits.
    pub(super) fn has_room(&self) -> bool {
        self.len() < MAX_THREADS
    }

    /// Adds a thread, replacing one of the same id; links it with its group and parent if `link`.
    /// `None` if the table is full.
    pub(crate) fn add(&mut self, mut thread: Thread, link: bool) -> Option<u32> {
        if !self.has_room() {
            self.dropped += 1;
            return None;
        }
        let tid = thread.tid;
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
        };
        thread.links = Links { serial: self.next_serial, slot, ..Links::default() };
        self.next_serial += 1;
        self.stamps.name(thread.ptid);
        self.slots[slot as usize] = Some(Box::new(thread));
        self.hot.begin(slot, tid);
        self.touch(slot);
        // The parent is looked up before the table changes: a thread that replaces another of the same id finds the
        // group and the parent as they are now.
        if link {
            self.link(slot);
        }
        if let Some(old) = self.by_tid.insert(tid, slot) {
            self.release(old);
        } else if self.stamps.is_named(tid) {
            // A parent that was missing.
            self.stamps.touch_shared();
        }
        Some(slot)
    }

    /// Puts a thread into its group and makes it a child of its parent. Does nothing for placeholders and for
    /// threads that have been linked.
    pub(super) fn link(&mut self, slot: u32) {
        let thread = self.in_slot(slot);
        if thread.is_invalid() || thread.links.group.is_some() {
            return;
        }
        let (pid, ptid, main) = (thread.pid, thread.ptid, thread.is_main());
        let me = Ref { slot, serial: thread.links.serial };
        let reaper = pid == 1 || thread.vpid == 1;
        let group = match self.by_pid.get(&pid) {
            Some(&group) => {
                let g = self.group_mut(group);
                if main {
                    g.threads.push_front(me);
                } else {
                    g.threads.push_back(me);
                }
                g.alive = g.alive.wrapping_add(1);
                g.members += 1;
                if g.threads.front().is_some_and(|t| t.slot == slot) {
                    // Another leader.
                    self.stamps.touch_shared();
                }
                group
            }
            None => {
                let group = Group { reaper, alive: 1, threads: VecDeque::from([me]), members: 1, found: true };
                let index = match self.free_groups.pop() {
                    Some(index) => index,
                    None => {
                        self.groups.push(None);
                        (self.groups.len() - 1) as u32
                    }
                };
                self.groups[index as usize] = Some(group);
                self.by_pid.insert(pid, index);
                index
            }
        };
        self.raw_mut(slot).links.group = Some(group);
        self.touch(slot);
        // The initial process has no parent.
        if pid == 1 {
            return;
        }
        match self.by_tid.get(&ptid).copied().filter(|p| !self.in_slot(*p).is_invalid()) {
            Some(parent) => self.adopt(parent, me),
            None => self.change(slot, |t| t.ptid = 0),
        }
    }

    fn adopt(&mut self, parent: u32, child: Ref) {
        // Lists of children are not for fields: children find their parent by its id.
        let parent = self.raw_mut(parent);
        parent.links.children.push(child);
        parent.links.living_children = parent.links.living_children.wrapping_add(1);
        let tid = parent.tid;
        self.change(child.slot, |t| t.ptid = tid);
    }

    /// Whether the thread has, or may still have, children.
    pub(super) fn has_children(&self, slot: u32) -> bool {
        !self.in_slot(slot).links.children.is_empty()
    }

    /// Marks the thread as exited. Only numbers of threads look at that.
    pub(super) fn mark_dead(&mut self, slot: u32) {
        let thread = self.raw_mut(slot);
        let group = thread.links.group.filter(|_| !thread.is_dead());
        thread.flags |= flags::CLOSED;
        if let Some(group) = group {
            self.count_dead(group);
        }
    }

    /// Takes an exit back: a thread other than the leader called exec after the leader had exited, and took its id.
    pub(super) fn resurrect(&mut self, slot: u32) {
        let thread = self.raw_mut(slot);
        if !thread.is_dead() {
            return;
        }
        thread.flags &= !flags::CLOSED;
        if let Some(group) = thread.links.group {
            let group = self.group_mut(group);
            group.alive = group.alive.wrapping_add(1);
        }
    }

    /// Whether orphans of this process' descendants become its children.
    pub(super) fn set_reaper(&mut self, slot: u32, reaper: bool) {
        if let Some(group) = self.in_slot(slot).links.group {
            self.group_mut(group).reaper = reaper;
        }
    }

    /// Threads of the process other than the leader and this one.
    pub(super) fn followers(&self, slot: u32) -> Vec<i64> {
        let this = self.in_slot(slot);
        let Some(group) = self.group(this).filter(|g| g.alive > 1) else { return Vec::new() };
        let threads = group.threads.iter().filter_map(|t| self.deref(*t));
        threads.filter(|t| !t.is_main() && t.tid != this.tid).map(|t| t.tid).collect()
    }

    /// Remembers that a thread exited.
    pub(super) fn note_exit(&mut self, tid: i64, ptid: i64, ts: u64) {
        let key = exit_key(tid, ptid);
        if self.exit_order.len() == EXITS
            && let Some((old, at)) = self.exit_order.pop_front()
            && self.exits.get(&old) == Some(&at)
        {
            self.exits.remove(&old);
        }
        self.exit_order.push_back((key, ts));
        self.exits.insert(key, ts);
    }

    /// Whether a child of `ptid` with this id exited less than two seconds before `ts`.
    pub(super) fn exited_recently(&self, tid: i64, ptid: i64, ts: u64) -> bool {
        self.exits.get(&exit_key(tid, ptid)).is_some_and(|at| ts >= *at && ts - at < STALE_NS)
    }

    /// Takes a thread out: gives its children to a reaper, and removes the leader when the last thread has gone.
    /// A leader that exits before its threads stays.
    pub(super) fn remove(&mut self, tid: i64) {
        let Some(&slot) = self.by_tid.get(&tid) else { return };
        let thread = self.in_slot(slot);
        let (ptid, pid, main) = (thread.ptid, thread.pid, thread.is_main());
        let Some(group) = thread.links.group.filter(|_| !thread.is_invalid()) else {
            self.lose_child(ptid);
            self.erase(tid);
            return;
        };
        self.mark_dead(slot);
        if self.has_children(slot) {
            self.reparent(slot);
        }
        if self.group_mut(group).alive == 0 {
            self.lose_child(ptid);
            self.forget_group(pid);
            self.erase(pid);
        }
        if !main {
            self.lose_child(ptid);
            self.erase(tid);
        }
    }

    fn reparent(&mut self, slot: u32) {
        let thread = self.in_slot(slot);
        let (tid, pid, told) = (thread.tid, thread.pid, thread.reaper_tid);
        let told = if told > 0 { self.slot_or_placeholder(told) } else { None };
        let told = told.filter(|s| !self.in_slot(*s).is_invalid());
        let reaper = told.or_else(|| self.find_reaper(slot)).filter(|r| *r != slot);
        if let Some(reaper) = reaper {
            let (reaper_tid, reaper_pid) = (self.in_slot(reaper).tid, self.in_slot(reaper).pid);
            self.set_reaper_tid(slot, reaper_tid);
            if reaper_pid != pid {
                self.set_reaper(reaper, true);
            }
        }
        let links = &mut self.raw_mut(slot).links;
        let children = std::mem::take(&mut links.children);
        links.living_children = 0;
        for child in children.into_iter().rev() {
            if self.deref(child).is_none_or(|c| c.tid == tid) {
                continue;
            }
            match reaper {
                Some(reaper) => self.adopt(reaper, child),
                None => self.change(child.slot, |t| t.ptid = 0),
            }
        }
    }

    /// Another living thread of the process, else one of the nearest ancestor in the same pid namespace that is a
    /// reaper.
    fn find_reaper(&self, slot: u32) -> Option<u32> {
        let thread = self.in_slot(slot);
        let living = |group: &Group| {
            let refs = group.threads.iter().filter(|t| self.deref(**t).is_some_and(|t| !t.is_dead()));
            refs.map(|t| t.slot).find(|s| *s != slot)
        };
        if let Some(found) = self.group(thread).filter(|g| g.alive > 0).and_then(living) {
            return Some(found);
        }
        let mut seen = vec![thread.tid];
        let mut at = self.get(thread.ptid);
        while let Some(parent) = at {
            if seen.contains(&parent.tid) || parent.in_pid_namespace() != thread.in_pid_namespace() {
                break;
            }
            seen.push(parent.tid);
            if let Some(found) = self.group(parent).filter(|g| g.reaper && g.alive > 0).and_then(living) {
                return Some(found);
            }
            at = self.get(parent.ptid);
        }
        None
    }

    fn group_mut(&mut self, group: u32) -> &mut Group {
        self.groups[group as usize].as_mut().expect("a group exists as long as threads belong to it")
    }

    fn count_dead(&mut self, group: u32) {
        let g = self.group_mut(group);
        g.alive = g.alive.wrapping_sub(1);
        if (g.threads.len() as u64).wrapping_sub(g.alive) >= DEAD_THREADS {
            let mut threads = std::mem::take(&mut g.threads);
            if threads.front().is_some_and(|t| self.deref(*t).is_none()) {
                // The leader had gone: another thread is first now.
                self.stamps.touch_shared();
            }
            threads.retain(|t| self.deref(*t).is_some());
            self.group_mut(group).threads = threads;
        }
    }

    fn lose_child(&mut self, ptid: i64) {
        let Some(&slot) = self.by_tid.get(&ptid) else { return };
        let links = &mut self.raw_mut(slot).links;
        links.living_children = links.living_children.wrapping_sub(1);
        if (links.children.len() as u64).wrapping_sub(links.living_children) >= DEAD_CHILDREN {
            let mut children = std::mem::take(&mut links.children);
            children.retain(|c| self.deref(*c).is_some());
            self.raw_mut(slot).links.children = children;
        }
    }

    fn erase(&mut self, tid: i64) {
        if let Some(slot) = self.by_tid.remove(&tid) {
            self.release(slot);
        }
    }

    fn release(&mut self, slot: u32) {
        if self.is_depended_on(slot) {
            self.stamps.touch_shared();
        }
        self.hot.end(slot);
        let thread = self.slots[slot as usize].take();
        self.free.push(slot);
        if let Some(thread) = thread {
            self.stamps.unname(thread.ptid);
            if let Some(group) = thread.links.group {
                self.group_mut(group).members -= 1;
                self.drop_group(group);
            }
        }
    }

    fn forget_group(&mut self, pid: i64) {
        if let Some(group) = self.by_pid.remove(&pid) {
            self.group_mut(group).found = false;
            self.drop_group(group);
        }
    }

    /// Forgets a group that is not found and to which nothing belongs.
    fn drop_group(&mut self, group: u32) {
        let g = self.group_mut(group);
        if g.members == 0 && !g.found {
            self.groups[group as usize] = None;
            self.free_groups.push(group);
        }
    }
}

fn exit_key(tid: i64, ptid: i64) -> u64 {
    (ptid as u64) << 32 | tid as u64 & 0xffff_ffff
}
