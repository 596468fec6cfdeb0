//! Lists: lists inside lists, and the substitution of their items into conditions.
//!
//! Substitution is textual, in the order in which lists were defined, quotes or not, because rule files rely
//! on what that does. A name is replaced where it stands between blanks, parentheses, commas, equals signs or
//! the ends of the text. The text that results is byte for byte Falco's; each item in it is mapped to where it
//! was written, and [`ListUse`] remembers where the name stood.

use super::collect::{Collector, Table};
use super::exceptions::push_quoted;
use crate::span::{Mapped, Span};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A list with the lists inside it replaced by their items.
#[derive(Debug)]
pub(super) struct FlatList {
    pub(super) name: String,
    pub(super) items: Vec<Mapped>,
    pub(super) used: bool,
    /// The items with commas between them, once asked for.
    text: Option<Arc<str>>,
    /// The lists that words of the items name, once asked for.
    named: Option<Vec<usize>>,
}

impl FlatList {
    fn new(name: String, items: Vec<Mapped>) -> FlatList {
        FlatList { name, items, used: false, text: None, named: None }
    }

    /// The items with commas between them.
    pub(super) fn text(&mut self) -> Arc<str> {
        let joined = || self.items.iter().map(Mapped::text).collect::<Vec<_>>().join(", ").into();
        self.text.get_or_insert_with(joined).clone()
    }
}

/// All lists, flat.
#[derive(Debug)]
pub(super) struct Lists {
    /// In order of definition.
    pub(super) flat: Vec<FlatList>,
    by_name: FxHashMap<String, usize>,
    /// Lists whose names hold a delimiter, which no word of a text does.
    odd: Vec<usize>,
    /// By the first byte of names, which lengths they have, see [`bit`]: most words are told apart by that.
    lengths: [u64; 256],
}

impl Default for Lists {
    fn default() -> Lists {
        Lists { flat: Vec::new(), by_name: FxHashMap::default(), odd: Vec::new(), lengths: [0; 256] }
    }
}

/// The bit of a word's length.
fn bit(word: &[u8]) -> u64 {
    1 << (word.len() % 64)
}

impl Lists {
    fn new(flat: Vec<FlatList>) -> Lists {
        let mut lists = Lists { flat, ..Lists::default() };
        for (index, list) in lists.flat.iter().enumerate() {
            if list.name.bytes().any(|byte| delimiter(Some(byte))) {
                lists.odd.push(index);
            } else {
                if let Some(first) = list.name.bytes().next() {
                    lists.lengths[usize::from(first)] |= bit(list.name.as_bytes());
                }
                lists.by_name.insert(list.name.clone(), index);
            }
        }
        lists
    }

    /// The lists that words of a text name.
    fn named<'a>(&'a self, text: &'a str) -> impl Iterator<Item = usize> + 'a {
        let words = text.as_bytes().split(|byte| delimiter(Some(*byte)));
        let likely = words.filter(|word| word.first().is_some_and(|b| self.lengths[usize::from(*b)] & bit(word) != 0));
        likely.filter_map(|word| self.by_name.get(std::str::from_utf8(word).ok()?).copied())
    }

    /// All lists that a text may name, directly or through the items of others.
    pub(super) fn reach(&mut self, text: &str) -> Vec<usize> {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let mut open: Vec<usize> = self.named(text).chain(self.odd.iter().copied()).collect();
        while let Some(list) = open.pop() {
            if found.insert(list) {
                open.extend(self.named_by(list));
            }
        }
        found.into_iter().collect()
    }

    /// Notes that lists are used.
    pub(super) fn mark_used(&mut self, lists: impl Iterator<Item = usize>) {
        lists.for_each(|list| self.flat[list].used = true);
    }

    /// The lists that words of a list's items name.
    fn named_by(&mut self, list: usize) -> Vec<usize> {
        if let Some(named) = &self.flat[list].named {
            return named.clone();
        }
        let items = &self.flat[list].items;
        let mut named: Vec<usize> =
            items.iter().flat_map(|item| self.named(&quoted(item)).collect::<Vec<_>>()).collect();
        named.sort_unstable();
        named.dedup();
        self.flat[list].named = Some(named.clone());
        named
    }
}

/// A place where a list's name was replaced by its items.
#[derive(Debug, Clone)]
pub(super) struct ListUse {
    /// Index of the list.
    pub(super) list: usize,
    /// Where its name stood.
    pub(super) span: Span,
}

/// Replaces lists in lists: an item that is the name of a list defined before this one was last touched.
/// One level only: the inner list's own items are taken as written.
pub(super) fn flatten(collector: &Collector) -> Lists {
    let mut used = vec![false; collector.lists.items.len()];
    let mut flat = Vec::with_capacity(used.len());
    for list in &collector.lists.items {
        let mut items = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let inner = collector.lists.position(item.text());
            match inner.map(|at| (at, &collector.lists.items[at])) {
                Some((at, inner)) if inner.index < list.visibility => {
                    used[at] = true;
                    items.extend(inner.items.iter().cloned());
                }
                _ => items.push(item.clone()),
            }
        }
        flat.push(FlatList::new(list.name.clone(), items));
    }
    for (list, used) in flat.iter_mut().zip(used) {
        list.used = used;
    }
    Lists::new(flat)
}

/// The list in whose items a place lies.
pub(super) fn list_at(lists: &Table<super::collect::List>, candidates: &[ListUse], span: Span) -> Option<ListUse> {
    let inside = |item: &Mapped| {
        let whole = super::decode::whole_span(item);
        whole.file == span.file && whole.start <= span.start && span.end <= whole.end
    };
    candidates.iter().find(|used| lists.items[used.list].items.iter().any(inside)).cloned()
}

/// Most bytes of a condition with lists put in: lists whose items name further lists multiply.
const MAX_TEXT: usize = 1 << 24;
/// Most bytes copied on the way there.
const MAX_WORK: usize = 1 << 26;

/// A condition after all substitutions, `None` if it grows beyond measure.
///
/// Only lists that the text may name are tried. A name without delimiters is a whole word of the text, and
/// substitution neither joins words nor divides them, so the words tell which those are.
pub(super) fn substitute(condition: &Mapped, lists: &mut Lists, uses: &mut Vec<ListUse>) -> Option<Mapped> {
    let mut open: BTreeSet<usize> = lists.named(condition.text()).collect();
    open.extend(&lists.odd);
    if open.is_empty() {
        return Some(condition.clone());
    }
    let mut text = condition.clone();
    let mut work = 0;
    while let Some(index) = open.pop_first() {
        let found = memchr::memmem::find(text.text().as_bytes(), lists.flat[index].name.as_bytes()).is_some();
        if found && substitute_one(&mut text, &lists.flat[index], index, uses, &mut work)? {
            lists.flat[index].used = true;
            // A list behind this one may be named by its items; those before it have had their turn.
            open.extend(lists.named_by(index).into_iter().filter(|named| *named > index));
        }
    }
    Some(text)
}

fn blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn delimiter(byte: Option<u8>) -> bool {
    byte.is_none_or(|b| blank(b) || matches!(b, b'(' | b')' | b',' | b'='))
}

/// Substitutes one list; says whether its name occurred. What is behind the last replacement is not yet part
/// of the new text, `done` says how much of the old one is.
fn substitute_one(
    text: &mut Mapped,
    list: &FlatList,
    index: usize,
    uses: &mut Vec<ListUse>,
    work: &mut usize,
) -> Option<bool> {
    let finder = memchr::memmem::Finder::new(list.name.as_bytes());
    let bytes = text.text().as_bytes();
    let mut out = Mapped::new();
    let (mut from, mut done) = (0, 0);
    while let Some(found) = bytes.get(from..).and_then(|rest| finder.find(rest)) {
        let start = from + found;
        let mut end = start + list.name.len();
        if !(delimiter(start.checked_sub(1).map(|at| bytes[at])) && delimiter(bytes.get(end).copied())) {
            from = start + 1;
            continue;
        }
        let span = text.span(start..end);
        out.push_part(text, done..start);
        out.truncate(out.text().trim_end_matches(|c| u8::try_from(c).is_ok_and(blank)).len());
        while bytes.get(end).copied().is_some_and(blank) {
            end += 1;
        }
        // Falco writes the comma once there is text before it: empty items at the front leave none.
        let empty = list.items.iter().all(Mapped::is_empty);
        if empty && out.text().ends_with(',') {
            out.truncate(out.len() - 1);
        } else if empty && bytes.get(end) == Some(&b',') {
            end += 1;
        }
        // Falco goes on one byte behind the place where the items end in its copy of the text: at the start of
        // a text, where no blank precedes them, this is one byte too far.
        from = if out.is_empty() { end + 1 } else { end };
        done = end;
        if !out.is_empty() {
            out.push_for(" ", span);
        }
        push_items(&mut out, &list.items, span);
        out.push_for(" ", span);
        uses.push(ListUse { list: index, span });
        if out.len() > MAX_TEXT {
            return None;
        }
    }
    if done == 0 {
        return Some(false);
    }
    out.push_part(text, done..text.len());
    *work += out.len();
    *text = out;
    (*work <= MAX_WORK && text.len() <= MAX_TEXT).then_some(true)
}

/// Appends items with commas between them.
fn push_items(out: &mut Mapped, items: &[Mapped], span: Span) {
    let begin = out.len();
    for item in items {
        if out.len() > begin {
            out.push_for(", ", span);
        }
        push_quoted(out, item);
    }
}

/// An item as it is written into a text.
fn quoted(item: &Mapped) -> String {
    let mut out = Mapped::new();
    push_quoted(&mut out, item);
    out.text().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(condition: &str, lists: &[(&str, &[&str])]) -> String {
        let mapped = |text: &str| {
            let mut out = Mapped::new();
            out.push_for(text, Span::NONE);
            out
        };
        let flat = lists
            .iter()
            .map(|(name, items)| FlatList::new((*name).to_owned(), items.iter().map(|item| mapped(item)).collect()))
            .collect();
        substitute(&mapped(condition), &mut Lists::new(flat), &mut Vec::new()).expect("small").text().to_owned()
    }

    #[test]
    fn names_between_delimiters_are_replaced() {
        let shells: &[(&str, &[&str])] = &[("sh", &["bash", "a b", "\"q\""])];
        assert_eq!(run("p in (sh)", shells), "p in ( bash, \"a b\", \"q\" )");
        assert_eq!(run("sh", shells), "bash, \"a b\", \"q\" ");
        assert_eq!(run("p in (x, sh ,y)", shells), "p in (x, bash, \"a b\", \"q\" ,y)");
        assert_eq!(run("p=sh and q = ash or shx", shells), "p= bash, \"a b\", \"q\" and q = ash or shx");
        assert_eq!(run("c contains \"foo sh bar\"", shells), "c contains \"foo bash, \"a b\", \"q\" bar\"");
    }

    #[test]
    fn empty_lists_take_a_comma_with_them() {
        let empty: &[(&str, &[&str])] = &[("e", &[])];
        assert_eq!(run("p in (e)", empty), "p in (  )");
        assert_eq!(run("p in (a, e, b)", empty), "p in (a  , b)");
        assert_eq!(run("p in (e, b)", empty), "p in (   b)");
    }
}
