//! Descriptors by what rules see of them, numbered: what rules say of them is remembered by the number
//! ([`Event::file`]).
//!
//! ```text
//! stamp ─► recent ─────────────────────────────► entry   version | kind | name | name as given | socket
//!          what the descriptor is ─► hash of a name ─┘
//! ```
//!
//! Tables of fixed size. Where two have the same place the later one drives the earlier one out, an entry under a new
//! version: nothing is wrong then, only forgotten.
//!
//! [`Event::file`]: peregrine_compiler::value::Event::file

use crate::state::Fd;
use crate::state::fd::Socket;
use peregrine_compiler::value::FactsKey;

/// Entries; a power of two.
const PLACES: usize = 16384;
/// Descriptors whose entry is found by their stamp; a power of two.
const RECENT: usize = 1024;
/// Longest name that is remembered, bytes.
const LONGEST: usize = 512;

/// What decides all fields with `FILE`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct File<'n> {
    /// What kind of thing it is.
    pub(super) kind: Kind,
    /// The name, or the directory from which the name as given starts.
    pub(super) name: &'n [u8],
    /// The name as given.
    pub(super) raw: &'n [u8],
    /// What a descriptor is as a socket.
    pub(super) socket: Option<Socket>,
}

/// Kinds of things with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Kind {
    /// Nothing yet.
    #[default]
    None,
    /// A descriptor of this kind.
    Known(crate::state::FdKind),
    /// What an event of this code could not open.
    Unopened(u16),
}

/// The tables of one worker.
#[derive(Debug, Default)]
pub(crate) struct Files {
    entries: Vec<Entry>,
    recent: Vec<Recent>,
    versions: u64,
}

#[derive(Debug, Default)]
struct Entry {
    version: u64,
    kind: Kind,
    name: Vec<u8>,
    raw: Vec<u8>,
    socket: Option<Socket>,
}

/// The entry of a descriptor, as long as its version is this one.
#[derive(Debug, Clone, Copy, Default)]
struct Recent {
    stamp: u64,
    slot: u32,
    version: u64,
}

impl Files {
    /// The number of a descriptor; `None` if its name is too long to be remembered.
    #[inline]
    pub(super) fn of(&mut self, fd: &Fd) -> Option<FactsKey> {
        let stamp = fd.stamp().map_or(0, |stamp| stamp.get());
        let place = stamp as usize % RECENT;
        if let Some(&Recent { stamp: of, slot, version }) = self.recent.get(place)
            && of == stamp
            && stamp != 0
            && self.entries[slot as usize].version == version
        {
            return Some(FactsKey { slot, version });
        }
        let file = File { kind: Kind::Known(fd.kind), name: &fd.name, raw: &fd.name_raw, socket: fd.socket() };
        let key = self.key(file)?;
        self.recent[place] = Recent { stamp, slot: key.slot, version: key.version };
        Some(key)
    }

    /// The number of what is described; `None` if a name is too long to be remembered.
    #[inline]
    pub(super) fn key(&mut self, file: File<'_>) -> Option<FactsKey> {
        if file.name.len() > LONGEST || file.raw.len() > LONGEST {
            return None;
        }
        if self.entries.is_empty() {
            self.entries.resize_with(PLACES, Entry::default);
            self.recent.resize(RECENT, Recent::default());
        }
        // The two ends of a connection within the machine are called the same. An absolute path decides the name as well,
        // as a rule.
        let start = file.socket.map_or(0, |socket| socket.role() as u64);
        let raw = hash(start, file.raw);
        let hash = if file.raw.first() == Some(&b'/') { raw } else { hash(raw, file.name) };
        let slot = (hash >> 40) as usize % PLACES;
        let entry = &mut self.entries[slot];
        if entry.kind != file.kind || entry.name != file.name || entry.raw != file.raw || entry.socket != file.socket {
            self.versions += 1;
            (entry.version, entry.kind, entry.socket) = (self.versions, file.kind, file.socket);
            for (kept, new) in [(&mut entry.name, file.name), (&mut entry.raw, file.raw)] {
                kept.clear();
                kept.extend_from_slice(new);
            }
        }
        Some(FactsKey { slot: slot as u32, version: entry.version })
    }
}

/// A hash of a text and of what came before it.
#[inline]
fn hash(before: u64, text: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let (words, rest) = text.as_chunks::<8>();
    let start = mix(before, text.len() as u64);
    let hash = words.iter().fold(start, |hash, bytes| mix(hash, word(bytes)));
    // The last bytes once more in part, which is cheaper than to take them one by one.
    match text.last_chunk::<8>() {
        Some(last) => mix(hash, word(last)),
        None => rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Addr, FdKind, Role};

    fn file<'n>(kind: Kind, name: &'n [u8], raw: &'n [u8]) -> File<'n> {
        File { kind, name, raw, socket: None }
    }

    #[test]
    fn equal_files_have_equal_numbers_and_others_do_not() {
        let mut files = Files::default();
        let all = [
            file(Kind::Known(FdKind::File), b"/a".as_slice(), b"/a".as_slice()),
            file(Kind::Known(FdKind::Directory), b"/a", b"/a"),
            file(Kind::Unopened(1), b"/a", b"/a"),
            file(Kind::Unopened(2), b"/a", b"/a"),
            file(Kind::Known(FdKind::File), b"/aa", b""),
            file(Kind::Known(FdKind::File), b"/", b"a/"),
            file(Kind::Known(FdKind::File), b"/b", b"/a"),
            file(Kind::Known(FdKind::File), b"", b""),
        ];
        let mut known = std::collections::HashSet::new();
        for file in all {
            let key = files.key(file).unwrap();
            assert!(key.version != 0 && known.insert((key.slot, key.version)));
            assert_eq!(files.key(file), Some(key));
        }
        // Driven out by another one, a name comes back under another number.
        let first = files.key(all[0]);
        for i in 0..100_000 {
            let other = format!("/{i}");
            files.key(file(Kind::Known(FdKind::File), other.as_bytes(), b""));
        }
        assert_ne!(files.key(all[0]), first);
        assert_eq!(files.key(file(Kind::Known(FdKind::File), &[b'a'; 513], b"")), None);
    }

    #[test]
    fn sockets_differ_by_all_that_rules_see() {
        let mut files = Files::default();
        let mut fd = Fd::new(FdKind::Ipv4Sock);
        let mut known = std::collections::HashSet::new();
        let mut changes: [&mut dyn FnMut(&mut Fd); 6] = [
            &mut |_| {},
            &mut |fd| fd.set_addr(Addr::V4 { sip: [1; 4], dip: [2; 4], sport: 3, dport: 4 }),
            &mut |fd| fd.role = Role::Server,
            &mut |fd| fd.connected = true,
            &mut |fd| fd.set_addr(Addr::V4 { sip: [1; 4], dip: [2; 4], sport: 3, dport: 5 }),
            &mut |fd| fd.kind = FdKind::Ipv4ServSock,
        ];
        for change in &mut changes {
            change(&mut fd);
            let key = files.of(&fd).unwrap();
            assert!(known.insert((key.slot, key.version)));
            assert_eq!(files.of(&fd.clone()), Some(key));
        }
    }
}
