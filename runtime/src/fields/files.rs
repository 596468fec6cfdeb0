//! Names of descriptors, numbered: what rules say of a name is remembered by its number ([`Event::file`]).
//!
//! ```text
//! entry   version | kind | name | name as given        found by a hash of one of the names
//! ```
//!
//! A table of fixed size. Where two names have the same place the later one drives the earlier one out, under a new
//! version: nothing is wrong then, only forgotten.
//!
//! [`Event::file`]: peregrine_compiler::value::Event::file

use peregrine_compiler::value::FactsKey;
use rustc_hash::FxHasher;
use std::hash::Hasher as _;

/// Names that are remembered; a power of two.
const PLACES: usize = 16384;
/// Longest name that is remembered, bytes.
const LONGEST: usize = 512;

/// What decides all fields with `FILE`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Name<'n> {
    /// What kind of thing is called so.
    pub(super) kind: Kind,
    /// The name, or the directory from which the name as given starts.
    pub(super) name: &'n [u8],
    /// The name as given.
    pub(super) raw: &'n [u8],
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

/// The table of one worker.
#[derive(Debug, Default)]
pub(crate) struct Files {
    entries: Vec<Entry>,
    versions: u64,
}

#[derive(Debug, Default)]
struct Entry {
    version: u64,
    kind: Kind,
    name: Vec<u8>,
    raw: Vec<u8>,
}

impl Files {
    /// The number of a name; `None` if it is too long to be remembered.
    pub(super) fn key(&mut self, file: Name<'_>) -> Option<FactsKey> {
        if file.name.len() > LONGEST || file.raw.len() > LONGEST {
            return None;
        }
        if self.entries.is_empty() {
            self.entries.resize_with(PLACES, Entry::default);
        }
        // An absolute path decides the name as well, as a rule.
        let hashed = if file.raw.starts_with(b"/") { file.raw } else { file.name };
        let mut hasher = FxHasher::default();
        hasher.write(hashed);
        let slot = hasher.finish() as usize % PLACES;
        let entry = &mut self.entries[slot];
        if entry.kind != file.kind || entry.name != file.name || entry.raw != file.raw {
            self.versions += 1;
            (entry.version, entry.kind) = (self.versions, file.kind);
            for (kept, new) in [(&mut entry.name, file.name), (&mut entry.raw, file.raw)] {
                kept.clear();
                kept.extend_from_slice(new);
            }
        }
        Some(FactsKey { slot: slot as u32, version: entry.version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::FdKind;

    #[test]
    fn equal_names_have_equal_numbers_and_others_do_not() {
        let mut files = Files::default();
        let name = |kind, name, raw| Name { kind, name, raw };
        let names = [
            name(Kind::Known(FdKind::File), b"/a".as_slice(), b"/a".as_slice()),
            name(Kind::Known(FdKind::Directory), b"/a", b"/a"),
            name(Kind::Unopened(1), b"/a", b"/a"),
            name(Kind::Unopened(2), b"/a", b"/a"),
            name(Kind::Known(FdKind::File), b"/aa", b""),
            name(Kind::Known(FdKind::File), b"/", b"a/"),
            name(Kind::Known(FdKind::File), b"/b", b"/a"),
            name(Kind::Known(FdKind::File), b"", b""),
        ];
        let mut known = std::collections::HashSet::new();
        for file in names {
            let key = files.key(file).unwrap();
            assert!(key.version != 0 && known.insert((key.slot, key.version)));
            assert_eq!(files.key(file), Some(key));
        }
        // Driven out by another one, a name comes back under another number.
        let first = files.key(names[0]);
        for i in 0..100_000 {
            let other = format!("/{i}");
            files.key(Name { kind: Kind::Known(FdKind::File), name: other.as_bytes(), raw: b"" });
        }
        assert_ne!(files.key(names[0]), first);
        assert_eq!(files.key(name(Kind::Known(FdKind::File), &[b'a'; 513], b"")), None);
    }
}
