//! Predicates on one field that are answered together: one look at the value gives the list of those that hold.
//!
//! | kind | look |
//! |---|---|
//! | equal, number | one hash table over all constants of all predicates |
//! | prefix, suffix | a walk through a [`Radix`] tree |
//! | contains | one Aho-Corasick automaton |
//! | path (`pmatch`) | a walk through a tree of path components |
//! | glob, regex, case-insensitive ones | one Aho-Corasick automaton over a text that each of them needs, then the few that are left one by one; regexes that need no text in sets |
//!
//! On nearly every event the list is empty. Lists that are known beforehand lie in the group, others are put together
//! in the caller's memory; either way they ascend.

use super::prepared::{Glob, Scalar};
use super::radix::Radix;
use crate::hir::{Comparison, Const, Op, Predicate};
use crate::ir::GroupKind;
use crate::pattern::Regexes;
use crate::value::Value;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::{contiguous, noncontiguous};
use aho_corasick::{Anchored, dfa};
use rustc_hash::FxHashMap;

/// A group ready to be asked.
#[derive(Debug)]
pub struct PreparedGroup {
    lookup: Lookup,
    /// Lists of predicates, each ascending.
    ids: Vec<u32>,
}

/// A range of `ids`.
type Range = (u32, u32);

#[derive(Debug)]
enum Lookup {
    Equal {
        /// Bit `min(length, 63)` of every text.
        lengths: u64,
        lists: FxHashMap<Box<[u8]>, Range>,
    },
    Number(FxHashMap<u64, Range>),
    /// The ids of a tree are predicates.
    Affix(Radix),
    Contains {
        automaton: Substrings,
        /// By pattern.
        lists: Vec<Range>,
    },
    Path(PathTree),
    Patterns(Patterns),
}

/// Where the answer of a group lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A range of the group's own lists.
    Kept(u32, u32),
    /// The caller's memory.
    Made,
    /// The value is of a kind that the group does not know: the predicates must be asked one by one.
    Unknown,
}

impl PreparedGroup {
    /// Prepares a group from its predicates, ascending.
    pub fn new<'p>(kind: GroupKind, members: impl Iterator<Item = (u32, &'p Predicate)>) -> PreparedGroup {
        let mut lists = Lists::default();
        let lookup = match kind {
            GroupKind::Equal => {
                let lists = lists.by_constant(members, |c| text(c).map(Box::from));
                let lengths = members_lengths(lists.keys());
                Lookup::Equal { lengths, lists }
            }
            GroupKind::Number => Lookup::Number(lists.by_constant(members, number)),
            GroupKind::Prefix | GroupKind::Suffix => {
                let mut tree = Radix::new(kind == GroupKind::Suffix);
                for (id, predicate) in members {
                    constants(predicate).iter().filter_map(text).for_each(|t| tree.insert(t, id));
                }
                Lookup::Affix(tree)
            }
            GroupKind::Contains => {
                let by_text = lists.by_constant(members, |c| text(c).map(<[u8]>::to_vec));
                let mut patterns: Vec<(Vec<u8>, Range)> = by_text.into_iter().collect();
                patterns.sort_unstable();
                Lookup::Contains {
                    automaton: Substrings::new(patterns.iter().map(|(t, _)| &t[..]), false),
                    lists: patterns.into_iter().map(|(_, list)| list).collect(),
                }
            }
            GroupKind::Path => {
                let mut tree = PathTree::default();
                for (id, predicate) in members {
                    constants(predicate).iter().filter_map(text).for_each(|t| tree.insert(t, id));
                }
                Lookup::Path(tree)
            }
            GroupKind::Glob | GroupKind::Iglob | GroupKind::Icontains | GroupKind::Regex => {
                Lookup::Patterns(Patterns::new(members))
            }
        };
        PreparedGroup { lookup, ids: lists.ids }
    }

    /// A list of the group.
    pub fn kept(&self, from: u32, len: u32) -> &[u32] {
        &self.ids[from as usize..(from + len) as usize]
    }

    /// Which predicates hold for the value. A list that is made is appended to `made`.
    pub fn ask(&self, value: Option<Value<'_>>, made: &mut Vec<u32>) -> Found {
        let from = made.len();
        let found = match value {
            None => Found::Kept(0, 0),
            // Of several values any may satisfy.
            Some(Value::List(items)) => self.ask_all(items, made),
            Some(value) => self.ask_one(value, made),
        };
        match found {
            Found::Made => ascend(made, from),
            Found::Kept(..) | Found::Unknown => made.truncate(from),
        }
        found
    }

    fn ask_all(&self, items: &[Value<'_>], made: &mut Vec<u32>) -> Found {
        for item in items {
            match self.ask_one(*item, made) {
                Found::Kept(from, len) => made.extend_from_slice(self.kept(from, len)),
                Found::Made => {}
                Found::Unknown => return Found::Unknown,
            }
        }
        Found::Made
    }

    fn ask_one(&self, value: Value<'_>, made: &mut Vec<u32>) -> Found {
        match (&self.lookup, value) {
            (Lookup::Equal { lengths, lists }, Value::Str(text)) => {
                if lengths >> text.len().min(63) & 1 == 0 {
                    return Found::Kept(0, 0);
                }
                let (from, len) = lists.get(text).copied().unwrap_or_default();
                Found::Kept(from, len)
            }
            (Lookup::Number(lists), Value::Uint(number)) => {
                let (from, len) = lists.get(&number).copied().unwrap_or_default();
                Found::Kept(from, len)
            }
            (Lookup::Number(lists), Value::Int(number)) => {
                let (from, len) = lists.get(&(number as u64)).copied().unwrap_or_default();
                Found::Kept(from, len)
            }
            (Lookup::Affix(tree), Value::Str(text)) => {
                tree.walk(text, |ids| made.extend_from_slice(ids));
                Found::Made
            }
            (Lookup::Contains { automaton, lists }, Value::Str(text)) => {
                let found = |pattern: usize| {
                    let (from, len) = lists[pattern];
                    made.extend_from_slice(self.kept(from, len));
                };
                if automaton.search(text, found) { Found::Made } else { Found::Unknown }
            }
            (Lookup::Path(tree), Value::Str(text)) => {
                tree.walk(text, made);
                Found::Made
            }
            (Lookup::Patterns(patterns), Value::Str(text)) => {
                if patterns.search(text, made) {
                    Found::Made
                } else {
                    Found::Unknown
                }
            }
            _ => Found::Unknown,
        }
    }
}

/// Sorts what stands behind `from`, and removes what stands there twice.
fn ascend(made: &mut Vec<u32>, from: usize) {
    if made.len() - from > 1 {
        made[from..].sort_unstable();
        let mut kept = from + 1;
        for i in from + 1..made.len() {
            if made[i] != made[kept - 1] {
                made[kept] = made[i];
                kept += 1;
            }
        }
        made.truncate(kept);
    }
}

/// An Aho-Corasick automaton, walked byte by byte: the texts of events are short, and a search that first looks for
/// candidates costs more than it saves.
#[derive(Debug)]
enum Substrings {
    /// Few patterns: a table of all transitions.
    Table(dfa::DFA),
    /// Many patterns.
    Compact(contiguous::NFA),
    /// Too large for any automaton.
    None,
}

/// Bytes of all patterns up to which every transition is in a table.
const TABLE: usize = 8 << 10;

impl Substrings {
    /// `fold`: case does not count.
    fn new<'p>(patterns: impl Iterator<Item = &'p [u8]>, fold: bool) -> Substrings {
        let patterns: Vec<&[u8]> = patterns.collect();
        let built = noncontiguous::Builder::new().prefilter(false).ascii_case_insensitive(fold).build(&patterns);
        let Ok(nfa) = built else { return Substrings::None };
        if patterns.iter().map(|p| p.len()).sum::<usize>() <= TABLE
            && let Ok(table) = dfa::Builder::new().prefilter(false).build_from_noncontiguous(&nfa)
        {
            return Substrings::Table(table);
        }
        let compact = contiguous::Builder::new().prefilter(false).build_from_noncontiguous(&nfa);
        compact.map_or(Substrings::None, Substrings::Compact)
    }

    /// Tells every pattern that the text contains, some maybe twice. False if that is not known.
    fn search(&self, text: &[u8], found: impl FnMut(usize)) -> bool {
        match self {
            Substrings::Table(table) => walk(table, text, found),
            Substrings::Compact(nfa) => walk(nfa, text, found),
            Substrings::None => false,
        }
    }
}

fn walk(automaton: &impl Automaton, text: &[u8], mut found: impl FnMut(usize)) -> bool {
    let Ok(mut state) = automaton.start_state(Anchored::No) else { return false };
    for byte in text {
        state = automaton.next_state(Anchored::No, state, *byte);
        if automaton.is_special(state) && automaton.is_match(state) {
            for index in 0..automaton.match_len(state) {
                found(automaton.match_pattern(state, index).as_usize());
            }
        }
    }
    true
}

fn constants(predicate: &Predicate) -> &[Const] {
    match &predicate.test {
        Comparison::One(_, c) => std::slice::from_ref(c),
        Comparison::Many(_, list) => list,
        _ => &[],
    }
}

/// Bit `min(length, 63)` of every text.
fn members_lengths<'t>(texts: impl Iterator<Item = &'t Box<[u8]>>) -> u64 {
    texts.fold(0, |bits, text| bits | 1 << text.len().min(63))
}

fn text(c: &Const) -> Option<&[u8]> {
    match c {
        Const::Str(t) => Some(t),
        _ => None,
    }
}

fn number(c: &Const) -> Option<u64> {
    match c {
        Const::Int(n) => Some(*n as u64),
        Const::Uint(n) => Some(*n),
        _ => None,
    }
}

/// Lists under construction; equal lists are kept once.
#[derive(Default)]
struct Lists {
    ids: Vec<u32>,
    known: FxHashMap<Vec<u32>, Range>,
}

impl Lists {
    /// For each constant the list of predicates that have it.
    fn by_constant<'p, K: std::hash::Hash + Eq>(
        &mut self,
        members: impl Iterator<Item = (u32, &'p Predicate)>,
        key: impl Fn(&'p Const) -> Option<K>,
    ) -> FxHashMap<K, Range> {
        let mut by_key: FxHashMap<K, Vec<u32>> = FxHashMap::default();
        let mut order: Vec<(u32, &'p Const)> = Vec::new();
        for (id, predicate) in members {
            for c in constants(predicate) {
                if let Some(key) = key(c) {
                    let list = by_key.entry(key).or_default();
                    // Members come in ascending order; a constant may stand twice in one list.
                    if list.is_empty() {
                        order.push((id, c));
                    }
                    if list.last() != Some(&id) {
                        list.push(id);
                    }
                }
            }
        }
        // In the order of the rules: nothing depends on the order of a hash table.
        let mut ranges = FxHashMap::default();
        for (_, c) in order {
            if let Some(key) = key(c)
                && let Some(list) = by_key.remove(&key)
            {
                ranges.insert(key, self.add(list));
            }
        }
        ranges
    }

    fn add(&mut self, list: Vec<u32>) -> Range {
        if let Some(range) = self.known.get(&list) {
            return *range;
        }
        let range = (self.ids.len() as u32, list.len() as u32);
        self.ids.extend_from_slice(&list);
        self.known.insert(list, range);
        range
    }
}

/// Regular expressions that are matched in one pass: enough to save most passes, few enough for states to come back.
const SET: usize = 64;

/// Patterns, each with a text without which it cannot match.
#[derive(Debug)]
struct Patterns {
    needles: Substrings,
    /// By needle: positions in `all`.
    by_needle: Vec<Vec<usize>>,
    /// Those without such a text.
    always: Vec<usize>,
    /// Regular expressions without such a text, with their ids.
    sets: Vec<(Regexes, Vec<u32>)>,
    all: Vec<(u32, Scalar)>,
}

impl Patterns {
    fn new<'p>(members: impl Iterator<Item = (u32, &'p Predicate)>) -> Patterns {
        let mut by_needle: std::collections::BTreeMap<Vec<u8>, Vec<usize>> = std::collections::BTreeMap::new();
        let (mut always, mut all, mut fold) = (Vec::new(), Vec::new(), false);
        let mut free: Vec<(u32, &Const)> = Vec::new();
        for (id, predicate) in members {
            let Comparison::One(op, c) = &predicate.test else { continue };
            let Some(pattern) = text(c) else { continue };
            fold |= matches!(op, Op::Iglob | Op::Icontains);
            let needles = needles(*op, pattern);
            if needles.is_empty() && *op == Op::Regex {
                free.push((id, c));
                continue;
            }
            if needles.is_empty() {
                always.push(all.len());
            }
            needles.into_iter().for_each(|needle| by_needle.entry(needle).or_default().push(all.len()));
            all.push((id, Scalar::new(*op, c)));
        }
        let mut sets = Vec::new();
        for part in free.chunks(SET) {
            match Regexes::new(part.iter().filter_map(|(_, c)| text(c))) {
                Some(set) => sets.push((set, part.iter().map(|(id, _)| *id).collect())),
                None => {
                    always.extend(all.len()..all.len() + part.len());
                    all.extend(part.iter().map(|(id, c)| (*id, Scalar::new(Op::Regex, c))));
                }
            }
        }
        let (needles, by_needle): (Vec<Vec<u8>>, Vec<Vec<usize>>) = by_needle.into_iter().unzip();
        let needles = Substrings::new(needles.iter().map(Vec::as_slice), fold);
        Patterns { needles, by_needle, always, sets, all }
    }

    /// Appends the patterns that match the text. False if that is not known.
    fn search(&self, text: &[u8], made: &mut Vec<u32>) -> bool {
        let from = made.len();
        for (set, ids) in &self.sets {
            set.matches(text, |pattern| made.push(ids[pattern]));
        }
        let mut ask = |position: &usize| {
            let (id, scalar) = &self.all[*position];
            if !made[from..].contains(id) && scalar.holds(Value::Str(text)) {
                made.push(*id);
            }
        };
        self.always.iter().for_each(&mut ask);
        let found = |needle: usize| self.by_needle[needle].iter().for_each(&mut ask);
        self.needles.search(text, found)
    }
}

/// Texts of which a value contains at least one if the operator holds for it; none if there is no saying.
fn needles(op: Op, pattern: &[u8]) -> Vec<Vec<u8>> {
    let one = |needle: Vec<u8>| if needle.is_empty() { Vec::new() } else { vec![needle] };
    match op {
        Op::Icontains => one(pattern.to_ascii_lowercase()),
        Op::Glob => one(longest_literal(pattern)),
        Op::Iglob => one(longest_literal(&pattern.to_ascii_lowercase())),
        Op::Regex => crate::pattern::beginnings(pattern).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The longest run of a glob that stands for itself; nothing behind the first bracket counts.
fn longest_literal(glob: &[u8]) -> Vec<u8> {
    let (mut longest, mut run): (Vec<u8>, Vec<u8>) = Default::default();
    let mut bytes = glob.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' => run.clear(),
            b'[' => break,
            // What is escaped stands for itself; a backslash at the end matches nothing.
            b'\\' => match bytes.next() {
                Some(escaped) => run.push(*escaped),
                None => break,
            },
            plain => run.push(*plain),
        }
        if run.len() > longest.len() {
            longest.clone_from(&run);
        }
    }
    longest
}

/// Path prefixes by component. Empty components do not count.
#[derive(Debug)]
struct PathTree {
    nodes: Vec<PathNode>,
}

#[derive(Debug, Default)]
struct PathNode {
    texts: FxHashMap<Box<[u8]>, usize>,
    /// Pattern as written, parsed, child.
    globs: Vec<(Box<[u8]>, Glob, usize)>,
    ids: Vec<u32>,
}

impl Default for PathTree {
    fn default() -> PathTree {
        PathTree { nodes: vec![PathNode::default()] }
    }
}

fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'/').filter(|c| !c.is_empty())
}

impl PathTree {
    fn insert(&mut self, path: &[u8], id: u32) {
        let mut node = 0;
        for part in components(path) {
            let is_glob = part.iter().any(|b| b"?*[".contains(b));
            let here = &self.nodes[node];
            let known = if is_glob {
                here.globs.iter().find(|(text, ..)| **text == *part).map(|(.., child)| *child)
            } else {
                here.texts.get(part).copied()
            };
            node = known.unwrap_or_else(|| {
                let child = self.nodes.len();
                self.nodes.push(PathNode::default());
                if is_glob {
                    self.nodes[node].globs.push((part.into(), Glob::new(part), child));
                } else {
                    self.nodes[node].texts.insert(part.into(), child);
                }
                child
            });
        }
        self.nodes[node].ids.push(id);
    }

    fn walk(&self, path: &[u8], found: &mut Vec<u32>) {
        self.descend(0, path, found);
    }

    /// Below a node, along what is left of the path. As deep as the prefixes are long.
    fn descend(&self, node: usize, rest: &[u8], found: &mut Vec<u32>) {
        let here = &self.nodes[node];
        found.extend_from_slice(&here.ids);
        if here.texts.is_empty() && here.globs.is_empty() {
            return;
        }
        let Some(start) = rest.iter().position(|b| *b != b'/') else { return };
        let rest = &rest[start..];
        let (part, rest) = rest.split_at(memchr::memchr(b'/', rest).unwrap_or(rest.len()));
        if let Some(child) = here.texts.get(part) {
            self.descend(*child, rest, found);
        }
        here.globs.iter().filter(|(_, glob, _)| glob.matches(part)).for_each(|(.., child)| {
            self.descend(*child, rest, found);
        });
    }
}
