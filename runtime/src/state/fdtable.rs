//! Descriptor tables of processes.
//!
//! ```text
//! FdTable: number ─► index ─► Pool: descriptor, number of tables that have it
//! ```
//!
//! A child's table has its parent's descriptors until one of them changes its. What must hold: every index in a
//! table counts once in the pool, so a table is emptied ([`Pool::release_all`]) before it is dropped; whatever changes a
//! descriptor gives it a new stamp ([`Fd::stamp`]). The memory of descriptors that are gone, that of their names included,
//! serves for the next ones: opening and closing files allocates nothing.
//!
//! A table holds at most [`MAX_FDS`] descriptors; more are not kept.

use super::fd::{Fd, FdKind};

/// Descriptors of one process that are kept; later ones are dropped.
pub const MAX_FDS: usize = 4096;
/// Numbers below this are looked up by index.
const INDEXED: i64 = 4096;
/// The index of no descriptor.
const NONE: u32 = u32::MAX;
/// Unused descriptors that keep the memory of their names.
const MAX_SPARE: usize = 1024;
/// Bytes of a name that an unused descriptor keeps.
const MAX_SPARE_NAME: usize = 512;

type High = hashbrown::HashMap<i64, u32, foldhash::fast::RandomState>;

/// Numbers of the open descriptors of a process.
#[derive(Debug, Clone, Default)]
pub(super) struct FdTable {
    /// By number, as long as the highest one needs.
    low: Vec<u32>,
    /// Numbers of [`INDEXED`] and above, and negative ones.
    high: Option<Box<High>>,
    len: usize,
    /// How many are internet sockets that are not connected: a transfer connects them.
    unconnected: usize,
}

impl FdTable {
    /// Whether any is an internet socket that is not connected.
    #[inline]
    pub(super) fn any_unconnected(&self) -> bool {
        self.unconnected != 0
    }

    /// Whether there is none.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn high_index(&self, num: i64) -> Option<u32> {
        self.high.as_ref()?.get(&num).copied()
    }

    fn index(&self, num: i64) -> Option<u32> {
        if (0..INDEXED).contains(&num) {
            self.low.get(num as usize).copied().filter(|i| *i != NONE)
        } else {
            self.high_index(num)
        }
    }

    /// Numbers and indices, by number from 0, then the others in no particular order.
    fn indices(&self) -> impl Iterator<Item = (i64, u32)> {
        let low = self.low.iter().enumerate().filter(|(_, i)| **i != NONE);
        let high = self.high.iter().flat_map(|high| high.iter());
        low.map(|(n, i)| (n as i64, *i)).chain(high.map(|(n, i)| (*n, *i)))
    }

    /// Puts an index under a number; gives what was there.
    fn put(&mut self, num: i64, index: u32) -> Option<u32> {
        let old = if (0..INDEXED).contains(&num) {
            let num = num as usize;
            if self.low.len() <= num {
                self.low.resize(num + 1, NONE);
            }
            Some(std::mem::replace(&mut self.low[num], index)).filter(|i| *i != NONE)
        } else {
            self.high.get_or_insert_default().insert(num, index)
        };
        self.len += usize::from(old.is_none());
        old
    }

    /// Takes a number out.
    fn take(&mut self, num: i64) -> Option<u32> {
        let old = if (0..INDEXED).contains(&num) {
            let place = self.low.get_mut(num as usize)?;
            Some(std::mem::replace(place, NONE)).filter(|i| *i != NONE)
        } else {
            self.high.as_mut()?.remove(&num)
        };
        self.len -= usize::from(old.is_some());
        old
    }
}

/// The descriptors of all tables.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    entries: Vec<Entry>,
    free: Vec<u32>,
    /// The last one given.
    stamp: u64,
}

impl Default for Pool {
    fn default() -> Pool {
        Pool { entries: Vec::new(), free: Vec::new(), stamp: super::facts::before_first() }
    }
}

#[derive(Debug, Clone)]
struct Entry {
    /// Tables that have it.
    users: u32,
    fd: Fd,
}

impl Pool {
    /// The descriptor with a number.
    #[inline]
    pub(super) fn get(&self, table: &FdTable, num: i64) -> Option<&Fd> {
        // What is not in use has an index that does not exist.
        let index = match table.low.get(num as usize) {
            Some(index) => *index,
            None => table.high_index(num)?,
        };
        Some(&self.entries.get(index as usize)?.fd)
    }

    /// A descriptor of which only the type is known, in memory of one that is gone.
    pub(super) fn blank(&mut self, kind: FdKind) -> Fd {
        match self.free.last() {
            Some(index) => {
                let unused = &mut self.entries[*index as usize].fd;
                let (name, raw) = (std::mem::take(&mut unused.name), std::mem::take(&mut unused.name_raw));
                Fd::with_memory(kind, name, raw)
            }
            None => Fd::new(kind),
        }
    }

    /// A copy of a descriptor, in memory of one that is gone.
    pub(super) fn copy(&mut self, table: &FdTable, num: i64) -> Option<Fd> {
        let mut copy = self.blank(FdKind::Unknown);
        copy.copy_from(self.get(table, num)?);
        Some(copy)
    }

    /// Adds or replaces a descriptor; `false` if the table is full.
    pub(super) fn insert(&mut self, table: &mut FdTable, num: i64, mut fd: Fd) -> bool {
        if table.len >= MAX_FDS && table.index(num).is_none() {
            return false;
        }
        self.stamp += 1;
        fd.stamp = self.stamp;
        table.unconnected += usize::from(fd.is_unconnected());
        let index = match self.free.pop() {
            Some(index) => {
                let entry = &mut self.entries[index as usize];
                entry.users = 1;
                entry.fd = fd;
                index
            }
            None => {
                self.entries.push(Entry { users: 1, fd });
                (self.entries.len() - 1) as u32
            }
        };
        if let Some(old) = table.put(num, index) {
            self.release_from(table, old);
        }
        true
    }

    /// Removes a descriptor.
    pub(super) fn remove(&mut self, table: &mut FdTable, num: i64) {
        if let Some(old) = table.take(num) {
            self.release_from(table, old);
        }
    }

    /// Changes a descriptor of this table alone; `None` if there is none.
    pub(super) fn update<T>(&mut self, table: &mut FdTable, num: i64, change: impl FnOnce(&mut Fd) -> T) -> Option<T> {
        let index = table.index(num)?;
        let entry = &mut self.entries[index as usize];
        if entry.users == 1 {
            table.unconnected -= usize::from(entry.fd.is_unconnected());
            let result = change(&mut entry.fd);
            self.stamp += 1;
            entry.fd.stamp = self.stamp;
            table.unconnected += usize::from(entry.fd.is_unconnected());
            return Some(result);
        }
        let mut copy = self.copy(table, num)?;
        let result = change(&mut copy);
        self.insert(table, num, copy);
        Some(result)
    }

    /// A table with the same descriptors.
    pub(super) fn share(&mut self, table: &FdTable) -> FdTable {
        for (_, index) in table.indices() {
            self.entries[index as usize].users += 1;
        }
        FdTable { low: table.low.clone(), high: table.high.clone(), len: table.len, unconnected: table.unconnected }
    }

    /// Empties a table, keeping its memory.
    pub(super) fn release_all(&mut self, table: &mut FdTable) {
        for (_, index) in table.indices() {
            self.release(index);
        }
        table.low.clear();
        table.high = None;
        (table.len, table.unconnected) = (0, 0);
    }

    /// Numbers of the descriptors of which `test` holds.
    pub(super) fn numbers(&self, table: &FdTable, test: impl Fn(i64, &Fd) -> bool) -> Vec<i64> {
        Fds { pool: self, table }.iter().filter(|(n, fd)| test(*n, fd)).map(|(n, _)| n).collect()
    }

    /// One table less has a descriptor, this one.
    fn release_from(&mut self, table: &mut FdTable, index: u32) {
        table.unconnected -= usize::from(self.entries[index as usize].fd.is_unconnected());
        self.release(index);
    }

    fn release(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        entry.users -= 1;
        if entry.users > 0 {
            return;
        }
        for name in [&mut entry.fd.name, &mut entry.fd.name_raw] {
            if self.free.len() >= MAX_SPARE || name.capacity() > MAX_SPARE_NAME {
                *name = Vec::new();
            }
        }
        self.free.push(index);
    }
}

/// The open descriptors of a process.
#[derive(Debug, Clone, Copy)]
pub struct Fds<'a> {
    pub(super) pool: &'a Pool,
    pub(super) table: &'a FdTable,
}

impl<'a> Fds<'a> {
    /// The descriptor.
    pub fn get(self, num: i64) -> Option<&'a Fd> {
        self.pool.get(self.table, num)
    }

    /// Number of open descriptors.
    pub fn len(self) -> usize {
        self.table.len
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// All, by number from 0, then the others in no particular order.
    pub fn iter(self) -> impl Iterator<Item = (i64, &'a Fd)> {
        self.table.indices().filter_map(move |(n, i)| Some((n, &self.pool.entries.get(i as usize)?.fd)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pool: &mut Pool, name: &str) -> Fd {
        let mut fd = pool.blank(FdKind::FileV2);
        fd.name.extend_from_slice(name.as_bytes());
        fd
    }

    #[test]
    fn shared_until_changed() {
        let mut pool = Pool::default();
        let mut parent = FdTable::default();
        for num in [0, 5, -9, 100_000] {
            let fd = named(&mut pool, "file");
            assert!(pool.insert(&mut parent, num, fd));
        }
        let mut child = pool.share(&parent);
        assert_eq!(pool.update(&mut child, 5, |fd| fd.dev = 7), Some(()));
        pool.remove(&mut child, 100_000);
        let dev = |pool: &Pool, table: &FdTable| pool.get(table, 5).map(|fd| (fd.dev, fd.name.clone()));
        assert_eq!(dev(&pool, &parent), Some((0, b"file".to_vec())));
        assert_eq!(dev(&pool, &child), Some((7, b"file".to_vec())));
        pool.release_all(&mut parent);
        let left = Fds { pool: &pool, table: &child };
        assert_eq!(left.iter().map(|(n, _)| n).collect::<Vec<_>>(), [0, 5, -9]);
        assert_eq!((left.len(), left.get(100_000).is_none()), (3, true));
        pool.release_all(&mut child);
        assert_eq!(pool.free.len(), pool.entries.len());
    }

    #[test]
    fn sockets_without_connection_are_counted() {
        let mut pool = Pool::default();
        let mut table = FdTable::default();
        for num in [3, 4] {
            pool.insert(&mut table, num, Fd::new(FdKind::Ipv4Sock));
        }
        pool.insert(&mut table, 5, Fd::new(FdKind::UnixSock));
        assert_eq!(table.unconnected, 2);
        let mut other = pool.share(&table);
        pool.update(&mut table, 3, |fd| fd.connected = true);
        pool.update(&mut table, 5, |fd| fd.kind = FdKind::Ipv6Sock);
        assert_eq!((table.unconnected, other.unconnected), (2, 2));
        pool.remove(&mut other, 3);
        pool.remove(&mut table, 4);
        pool.insert(&mut table, 5, Fd::new(FdKind::Fifo));
        assert_eq!((table.unconnected, other.unconnected), (0, 1));
        pool.release_all(&mut other);
        assert!(!other.any_unconnected());
    }

    #[test]
    fn memory_is_used_again() {
        let mut pool = Pool::default();
        let mut table = FdTable::default();
        for round in 0..1000 {
            let fd = named(&mut pool, "a name");
            assert_eq!((fd.dev, fd.name_raw.is_empty()), (0, true));
            pool.insert(&mut table, 3, Fd { dev: 9, ..fd });
            if round % 2 == 0 {
                pool.remove(&mut table, 3);
            }
        }
        assert!(pool.entries.len() <= 2, "{}", pool.entries.len());
        let mut full = FdTable::default();
        for num in 0..MAX_FDS as i64 {
            assert!(pool.insert(&mut full, num, Fd::new(FdKind::Fifo)));
        }
        assert!(!pool.insert(&mut full, -1, Fd::new(FdKind::Fifo)));
        assert!(pool.insert(&mut full, 0, Fd::new(FdKind::Fifo)));
    }
}
