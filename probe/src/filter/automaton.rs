//! One automaton for all patterns about a text: what of them holds, by one look at each byte.
//!
//! ```text
//! patterns ─► three tries: from the beginning, anywhere, anywhere in any case
//!          ─► a state for each combination that a text can lead to ─► rows of a table
//! table     256 classes of bytes: u8 │ rows, a power of two of them
//! row       0 set: u64   8 keep: u64   16 last: u64   24 offset of the next row by class: u32 each
//! run       facts = facts & keep | set   at every row that is come to;   facts | last   behind the last byte
//! ```
//!
//! Facts are bits that a text gathers. Those that hold from some byte on are set there; those that hold of one component
//! of a path only are forgotten at the next slash; those about the end of the text stand in `last`.
//!
//! What must hold: offsets of rows lie below [`Table::rows_bytes`], a power of two, so that a program may mask them; the
//! first row is that of the empty text.

use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Offsets in a row.
pub(crate) mod row {
    pub(crate) const SET: i16 = 0;
    pub(crate) const KEEP: i16 = 8;
    pub(crate) const LAST: i16 = 16;
    pub(crate) const NEXT: i16 = 24;
}

/// Bytes of the classes, in front of the rows.
pub(crate) const CLASSES: usize = 256;
/// Bytes behind the rows: a class is a byte, so that the verifier takes it for up to 255, whatever the length of a row.
const BEHIND: usize = 4 * 256;
/// Largest table, some 100,000 bytes of texts. Kernels before 5.11 refuse values of more than about 4 MiB, and with them the
/// filter.
pub(crate) const LARGEST: usize = 64 << 20;

/// What a pattern tells when it is met.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tells {
    /// Facts from here on.
    pub(crate) set: u64,
    /// Facts if the text ends here.
    pub(crate) last: u64,
}

/// Patterns, put together.
#[derive(Clone, Debug)]
pub(crate) struct Patterns {
    from_start: Trie,
    anywhere: Trie,
    any_case: Trie,
    forgotten: u64,
}

/// Where a pattern must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// At the beginning.
    Start,
    /// Anywhere.
    Anywhere,
    /// Anywhere, the text taken in lower case.
    AnyCase,
}

#[derive(Clone, Debug, Default)]
struct Node {
    children: BTreeMap<u8, u32>,
    tells: Tells,
    /// The longest other node that the bytes to this one end in.
    shorter: u32,
}

#[derive(Clone, Debug)]
struct Trie(Vec<Node>);

impl Trie {
    fn new() -> Trie {
        Trie(vec![Node::default()])
    }

    fn add(&mut self, text: &[u8], tells: Tells) {
        let mut at = 0;
        for byte in text {
            let next = self.0.len() as u32;
            let child = *self.0[at as usize].children.entry(*byte).or_insert(next);
            if child == next {
                self.0.push(Node::default());
            }
            at = child;
        }
        let node = &mut self.0[at as usize].tells;
        node.set |= tells.set;
        node.last |= tells.last;
    }

    /// Links each node with the longest shorter one, and tells there what that one tells.
    fn link(&mut self) {
        let mut queue: VecDeque<u32> = self.0[0].children.values().copied().collect();
        while let Some(at) = queue.pop_front() {
            let shorter = self.0[self.0[at as usize].shorter as usize].tells;
            let node = &mut self.0[at as usize];
            node.tells.set |= shorter.set;
            node.tells.last |= shorter.last;
            let (own, children) = (node.shorter, node.children.clone());
            for (byte, child) in children {
                self.0[child as usize].shorter = self.step(own, byte);
                queue.push_back(child);
            }
        }
    }

    /// From a node of a linked trie on by a byte.
    fn step(&self, mut at: u32, byte: u8) -> u32 {
        loop {
            let node = &self.0[at as usize];
            match node.children.get(&byte) {
                Some(child) => return *child,
                None if at == 0 => return 0,
                None => at = node.shorter,
            }
        }
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.0.iter().flat_map(|node| node.children.keys().copied())
    }
}

/// What a text has led to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    from_start: Option<u32>,
    anywhere: u32,
    any_case: u32,
    slash: bool,
}

impl Patterns {
    /// None; `forgotten` are the facts that a slash takes away.
    pub(crate) fn new(forgotten: u64) -> Patterns {
        Patterns { from_start: Trie::new(), anywhere: Trie::new(), any_case: Trie::new(), forgotten }
    }

    /// Adds a pattern; one with a NUL never fits.
    pub(crate) fn add(&mut self, at: At, text: &[u8], tells: Tells) {
        if text.contains(&0) {
            return;
        }
        match at {
            At::Start => self.from_start.add(text, tells),
            At::Anywhere => self.anywhere.add(text, tells),
            At::AnyCase => self.any_case.add(&text.to_ascii_lowercase(), tells),
        }
    }

    /// About as many bytes as the table has.
    pub(crate) fn estimate(&self) -> usize {
        let nodes = self.from_start.0.len() + self.anywhere.0.len() + self.any_case.0.len();
        nodes.next_power_of_two() * stride(self.classes().1)
    }

    /// The class of each byte, and how many classes there are. Class 0 is that of bytes in no pattern.
    fn classes(&self) -> ([u8; CLASSES], usize) {
        let mut used: BTreeSet<u8> = self.from_start.bytes().chain(self.anywhere.bytes()).collect();
        used.extend(self.any_case.bytes().flat_map(|b| [b, b.to_ascii_uppercase()]));
        used.insert(b'/');
        let mut classes = [0; CLASSES];
        for (class, byte) in (1..).zip(&used) {
            classes[usize::from(*byte)] = class;
        }
        (classes, used.len() + 1)
    }

    /// The table; `None` if it would be too large.
    pub(crate) fn table(mut self) -> Option<Table> {
        self.anywhere.link();
        self.any_case.link();
        let (classes, count) = self.classes();
        let mut bytes: Vec<Option<u8>> = vec![None; count];
        for (byte, class) in (0..=u8::MAX).zip(classes).filter(|(_, class)| *class != 0) {
            bytes[usize::from(class)] = Some(byte);
        }
        let stride = stride(count);
        let first = State { from_start: Some(0), anywhere: 0, any_case: 0, slash: false };
        let mut numbers = FxHashMap::default();
        numbers.insert(first, 0_u32);
        let (mut states, mut next) = (vec![first], Vec::new());
        let mut at = 0;
        while let Some(state) = states.get(at).copied() {
            for byte in &bytes {
                let to = self.step(state, *byte);
                let number = *numbers.entry(to).or_insert_with(|| {
                    states.push(to);
                    states.len() as u32 - 1
                });
                next.push(number);
            }
            if states.len() * stride > LARGEST {
                return None;
            }
            at += 1;
        }
        let rows_bytes = (states.len() * stride).next_power_of_two();
        let mut table = vec![0; CLASSES + rows_bytes + BEHIND];
        table[..CLASSES].copy_from_slice(&classes);
        let rows = table[CLASSES..CLASSES + rows_bytes].chunks_exact_mut(stride);
        for ((row, state), next) in rows.zip(&states).zip(next.chunks_exact(count)) {
            let tells = self.tells(*state);
            let keep = if state.slash { !self.forgotten } else { u64::MAX };
            for (at, word) in [(row::SET, tells.set), (row::KEEP, keep), (row::LAST, tells.last)] {
                row[at as usize..][..8].copy_from_slice(&word.to_le_bytes());
            }
            for (to, number) in row[row::NEXT as usize..].as_chunks_mut::<4>().0.iter_mut().zip(next) {
                *to = (*number * stride as u32).to_le_bytes();
            }
        }
        Some(Table { bytes: table, stride, states: states.len() })
    }

    /// `None` is a byte of no pattern.
    fn step(&self, state: State, byte: Option<u8>) -> State {
        let Some(byte) = byte else {
            return State { from_start: None, anywhere: 0, any_case: 0, slash: false };
        };
        let from_start = state.from_start.and_then(|at| self.from_start.0[at as usize].children.get(&byte).copied());
        State {
            from_start,
            anywhere: self.anywhere.step(state.anywhere, byte),
            any_case: self.any_case.step(state.any_case, byte.to_ascii_lowercase()),
            slash: byte == b'/',
        }
    }

    fn tells(&self, state: State) -> Tells {
        let mut all = state.from_start.map_or_else(Tells::default, |at| self.from_start.0[at as usize].tells);
        for other in [self.anywhere.0[state.anywhere as usize].tells, self.any_case.0[state.any_case as usize].tells] {
            all.set |= other.set;
            all.last |= other.last;
        }
        all
    }
}

/// Bytes of a row, a power of two.
fn stride(classes: usize) -> usize {
    (row::NEXT as usize + 4 * classes).next_power_of_two()
}

/// The table of an automaton.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    pub(crate) bytes: Vec<u8>,
    stride: usize,
    states: usize,
}

impl Table {
    /// As programs read it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.states
    }

    /// Bytes of all rows: a power of two.
    pub(crate) fn rows_bytes(&self) -> usize {
        self.bytes.len() - CLASSES - BEHIND
    }

    /// What offsets of rows are masked with.
    pub(crate) fn mask(&self) -> u32 {
        ((self.rows_bytes() - 1) & !(self.stride - 1)) as u32
    }

    /// The facts before the first byte.
    pub(crate) fn first(&self) -> u64 {
        self.word(0, row::SET)
    }

    fn word(&self, row: usize, at: i16) -> u64 {
        let bytes = self.bytes.get(CLASSES + row + at as usize..).and_then(|b| b.first_chunk());
        bytes.map_or(0, |b| u64::from_le_bytes(*b))
    }

    /// The facts about a text, as a program finds them.
    #[cfg(test)]
    pub(crate) fn run(&self, text: &[u8]) -> u64 {
        let (mut row, mut facts) = (0, self.first());
        for byte in text {
            let class = usize::from(self.bytes[usize::from(*byte)]);
            let at = CLASSES + row + row::NEXT as usize + 4 * class;
            let next = u32::from_le_bytes(*self.bytes[at..].first_chunk().expect("in the table"));
            row = (next & self.mask()) as usize;
            facts = facts & self.word(row, row::KEEP) | self.word(row, row::SET);
        }
        facts | self.word(row, row::LAST)
    }
}
