//! Lists: lists inside lists, and the substitution of their items into conditions.
//!
//! Substitution is textual, in the order in which lists were defined, quotes or not, because rule files rely
//! on what that does. A name is replaced where it stands between blanks, parentheses, commas, equals signs or
//! the ends of the text. The text that results is byte for byte Falco's; each item in it is mapped to where it
//! was written, and [`ListUse`] remembers where the name stood.

use super::collect::{Collector, Table};
use super::exceptions::push_quoted;
use crate::span::{Mapped, Span};

/// A list with the lists inside it replaced by their items.
#[derive(Debug)]
pub(super) struct FlatList {
    pub(super) name: String,
    pub(super) items: Vec<Mapped>,
    pub(super) used: bool,
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
pub(super) fn flatten(collector: &Collector) -> Vec<FlatList> {
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
        flat.push(FlatList { name: list.name.clone(), items, used: false });
    }
    for (list, used) in flat.iter_mut().zip(used) {
        list.used = used;
    }
    flat
}

/// The list in whose items a place lies.
pub(super) fn list_at(lists: &Table<super::collect::List>, candidates: &[ListUse], span: Span) -> Option<ListUse> {
    let inside = |item: &Mapped| {
        let whole = super::decode::whole_span(item);
        whole.file == span.file && whole.start <= span.start && span.end <= whole.end
    };
    candidates.iter().find(|used| lists.items[used.list].items.iter().any(inside)).cloned()
}

/// Most bytes copied while lists are substituted into one condition: lists whose items name further lists
/// multiply.
const MAX_WORK: usize = 1 << 26;

/// A condition after all substitutions, `None` if it grows beyond measure.
pub(super) fn substitute(condition: &Mapped, lists: &mut [FlatList], uses: &mut Vec<ListUse>) -> Option<Mapped> {
    let mut text = condition.clone();
    let mut work = 0;
    for (index, list) in lists.iter_mut().enumerate() {
        if memchr::memmem::find(text.text().as_bytes(), list.name.as_bytes()).is_some() {
            list.used |= substitute_one(&mut text, list, index, uses, &mut work)?;
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

/// Substitutes one list; says whether its name occurred.
fn substitute_one(
    text: &mut Mapped,
    list: &FlatList,
    index: usize,
    uses: &mut Vec<ListUse>,
    work: &mut usize,
) -> Option<bool> {
    let finder = memchr::memmem::Finder::new(list.name.as_bytes());
    let mut replaced = false;
    let mut from = 0;
    while let Some(found) = text.text().as_bytes().get(from..).and_then(|rest| finder.find(rest)) {
        let mut start = from + found;
        let mut end = start + list.name.len();
        let bytes = text.text().as_bytes();
        if !(delimiter(start.checked_sub(1).map(|at| bytes[at])) && delimiter(bytes.get(end).copied())) {
            from = start + 1;
            continue;
        }
        let span = text.span(start..end);
        while start > 0 && blank(bytes[start - 1]) {
            start -= 1;
        }
        while bytes.get(end).copied().is_some_and(blank) {
            end += 1;
        }
        let mut items = Mapped::new();
        for (i, item) in list.items.iter().enumerate() {
            // Falco writes the comma once there is text before it: empty items at the front leave none.
            if i > 0 && !items.is_empty() {
                items.push_for(", ", span);
            }
            push_quoted(&mut items, item);
        }
        if items.is_empty() {
            if start > 0 && bytes[start - 1] == b',' {
                start -= 1;
            } else if bytes.get(end) == Some(&b',') {
                end += 1;
            }
        }
        let mut out = text.slice(0..start);
        if start > 0 {
            out.push_for(" ", span);
        }
        out.push_mapped(&items);
        out.push_for(" ", span);
        out.push_mapped(&text.slice(end..text.len()));
        uses.push(ListUse { list: index, span });
        replaced = true;
        // Falco goes on one byte behind the place where the items end in its copy of the text.
        from = start + items.len() + 2;
        *text = out;
        *work += text.len();
        if *work > MAX_WORK {
            return None;
        }
    }
    Some(replaced)
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
        let mut flat: Vec<FlatList> = lists
            .iter()
            .map(|(name, items)| FlatList {
                name: (*name).to_owned(),
                items: items.iter().map(|item| mapped(item)).collect(),
                used: false,
            })
            .collect();
        substitute(&mapped(condition), &mut flat, &mut Vec::new()).expect("small").text().to_owned()
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
