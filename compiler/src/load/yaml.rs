//! Rule files as trees of YAML nodes that know where they were written.
//!
//! The only module that names the YAML library. It reads a text as yaml-cpp does: several documents, anchors
//! and aliases (an alias *is* the anchored node, its place included), no merge keys (`<<` is a key like any
//! other), duplicate keys allowed (the first one is found), plain `~`, `null`, `Null`, `NULL` and nothing at
//! all are null, tags are ignored.
//!
//! What must hold: places are byte offsets of the text; collections nest at most [`MAX_DEPTH`] deep, and a
//! document has at most [`MAX_NODES`] nodes after its aliases are followed, so that walking a tree is bounded.
//! Errors: [`YamlError`], with the offset of the offending byte; the first one ends the reading.

use super::scalar::{Style, map_scalar};
use crate::span::{FileId, Mapped, Span};
use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, options};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Deepest nesting of collections, of block and of flow style each.
pub const MAX_DEPTH: usize = 250;
/// Most nodes of a document, aliases followed.
pub const MAX_NODES: usize = 2_000_000;

/// A text that is not YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct YamlError {
    /// What is wrong.
    pub message: String,
    /// Offset of the byte at which it was noticed.
    pub offset: usize,
}

/// A node.
#[derive(Debug)]
pub struct Node {
    /// Where it starts (at its anchor or tag, if it has one) and ends.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
    /// Number of nodes in the tree below and including this one.
    size: usize,
}

/// Contents of a node.
#[derive(Debug)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// Text.
    Scalar(Mapped),
    /// `[a, b]` or `- a`.
    Seq(Vec<Rc<Node>>),
    /// `{k: v}` or `k: v`, in order of writing.
    Map(Vec<(Rc<Node>, Rc<Node>)>),
}

impl Node {
    /// The text of a scalar.
    pub fn scalar(&self) -> Option<&Mapped> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a sequence.
    pub fn seq(&self) -> Option<&[Rc<Node>]> {
        match &self.kind {
            Kind::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn map(&self) -> Option<&[(Rc<Node>, Rc<Node>)]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// The value of the first entry of a mapping with this key.
    pub fn get(&self, key: &str) -> Option<&Rc<Node>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The first entry of a mapping with this key.
    pub fn entry(&self, key: &str) -> Option<&(Rc<Node>, Rc<Node>)> {
        self.map()?.iter().find(|(k, _)| k.scalar().is_some_and(|text| text.text() == key))
    }
}

/// Most documents that are begun without a `---` before them.
const MAX_BARE_DOCUMENTS: usize = 64;

/// Longest text of which a copy is made to try a last key without a colon.
const MAX_REPAIRED: usize = 1 << 20;

/// Reads all documents of a text.
///
/// As yaml-cpp does, what follows a complete document at the start of a line begins another one, `---` or not;
/// a damaged file is then refused for what that document is.
pub fn load(text: &str, file: FileId) -> Result<Vec<Rc<Node>>, YamlError> {
    let mut documents = Vec::new();
    let mut start = 0;
    for _ in 0..MAX_BARE_DOCUMENTS {
        let error = match load_from(text, start, text.len(), file) {
            Ok(more) => {
                documents.extend(more);
                return Ok(documents);
            }
            Err(error) => error,
        };
        let at = error.offset;
        if let Some(more) = load_with_last_key(text, start, at, file) {
            documents.extend(more);
            return Ok(documents);
        }
        // A byte order mark is content here, but would be skipped at the start of a part.
        let line_start = at > start && text.as_bytes().get(at - 1) == Some(&b'\n');
        let content = text.get(at..).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('\u{feff}'));
        match load_from(text, start, at, file) {
            Ok(more) if line_start && content && more.iter().any(|document| !document.is_null()) => {
                documents.extend(more)
            }
            _ => return Err(error),
        }
        start = at;
    }
    Err(YamlError { message: "too many documents without '---'".to_owned(), offset: start })
}

/// As yaml-cpp does, takes a last line that lacks its colon for a key without a value. The mistake is at `at`.
fn load_with_last_key(text: &str, start: usize, at: usize, file: FileId) -> Option<Vec<Rc<Node>>> {
    let line = text.get(at..)?.trim();
    if line.is_empty() || line.contains('\n') || text.len() - start > MAX_REPAIRED {
        return None;
    }
    let mut repaired = text.trim_end().to_owned();
    repaired.push(':');
    load_from(&repaired, start, repaired.len(), file).ok()
}

/// Reads the documents of a part of a text.
fn load_from(text: &str, from: usize, to: usize, file: FileId) -> Result<Vec<Rc<Node>>, YamlError> {
    let options = options! {
        emit_comments: false,
        emit_anchor_events: true,
        block_scalar_eof_without_line_feed: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder { text, file, documents: Vec::new(), open: Vec::new(), anchors: BTreeMap::new() };
    for next in Parser::new_from_str_with_options(&text[from..to], options) {
        let (event, span) = next.map_err(|e| YamlError {
            message: e.info(),
            offset: (from + e.marker().byte_offset().unwrap_or(to)).min(to),
        })?;
        let range = span.byte_range().unwrap_or(0..0);
        let start = span.tag_start().and_then(|mark| mark.byte_offset()).unwrap_or(range.start);
        builder.event(event, from + start.min(range.start), from + range.start..from + range.end)?;
    }
    Ok(builder.documents)
}

/// A collection whose end has not been seen.
struct Open {
    start: usize,
    anchor: usize,
    map: bool,
    /// Elements; keys and values alternate in a mapping.
    nodes: Vec<Rc<Node>>,
    size: usize,
}

struct Builder<'t> {
    text: &'t str,
    file: FileId,
    documents: Vec<Rc<Node>>,
    open: Vec<Open>,
    /// Anchored nodes by the parser's number of the anchor. Numbers are not used twice.
    anchors: BTreeMap<usize, Rc<Node>>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, start: usize, range: std::ops::Range<usize>) -> Result<(), YamlError> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let start = if block { start.min(block_indicator(self.text, range.start)) } else { start };
                let plain_null = style == ScalarStyle::Plain
                    && tag.is_none()
                    && matches!(&*value, "" | "~" | "null" | "Null" | "NULL");
                let kind = if plain_null {
                    Kind::Null
                } else {
                    let source = Span::new(self.file, range.start, range.end);
                    Kind::Scalar(map_scalar(self.text, source, style_of(style), &value))
                };
                self.finish(Node { span: Span::new(self.file, start, range.end), kind, size: 1 }, anchor)
            }
            Event::SequenceStart(style, anchor, _) => {
                let start = if style == StructureStyle::Block { dash(self.text, start) } else { start };
                self.open.push(Open { start, anchor, map: false, nodes: Vec::new(), size: 1 });
                Ok(())
            }
            Event::MappingStart(_, anchor, _) => {
                self.open.push(Open { start, anchor, map: true, nodes: Vec::new(), size: 1 });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                self.close(open, range.end)
            }
            Event::Anchor(anchor, _) => {
                self.move_start(anchor, range.start);
                Ok(())
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    let node = node.clone();
                    self.push(node, range.start)
                }
                None => Err(YamlError {
                    message: "an alias stands inside the node it refers to".to_owned(),
                    offset: range.start,
                }),
            },
            _ => Ok(()),
        }
    }

    /// A collection is complete. Its end is that of its last node: the parser notices the end only at the
    /// next token.
    fn close(&mut self, open: Open, noticed: usize) -> Result<(), YamlError> {
        let flow = self.text.as_bytes().get(noticed.wrapping_sub(1)).is_some_and(|b| matches!(b, b']' | b'}'));
        let last = open.nodes.last().map_or(open.start, |n| n.span.end as usize);
        let end = if flow { noticed } else { last.max(open.start) };
        let kind = if open.map {
            let mut nodes = open.nodes.into_iter();
            let mut entries = Vec::new();
            while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
                entries.push((key, value));
            }
            Kind::Map(entries)
        } else {
            Kind::Seq(open.nodes)
        };
        self.finish(Node { span: Span::new(self.file, open.start, end), kind, size: open.size }, open.anchor)
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        let at = node.span.start as usize;
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.push(node, at)
    }

    fn push(&mut self, node: Rc<Node>, at: usize) -> Result<(), YamlError> {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        open.size = open.size.saturating_add(node.size);
        if open.size > MAX_NODES {
            return Err(YamlError { message: "aliases make the document too large".to_owned(), offset: at });
        }
        open.nodes.push(node);
        Ok(())
    }

    /// The anchor of the node just begun (a collection) or just finished (a scalar) starts before it.
    fn move_start(&mut self, anchor: usize, start: usize) {
        if let Some(open) = self.open.last_mut().filter(|open| open.anchor == anchor) {
            open.start = open.start.min(start);
            return;
        }
        let Some(old) = self.anchors.remove(&anchor) else { return };
        let slot = match self.open.last_mut() {
            Some(open) => open.nodes.last_mut(),
            None => self.documents.last_mut(),
        };
        let Some(slot) = slot else { return };
        drop(old);
        if let Some(node) = Rc::get_mut(slot) {
            node.span.start = node.span.start.min(start as u32);
        }
        self.anchors.insert(anchor, slot.clone());
    }
}

/// Offset of the `-` that begins a block sequence: the parser places one that is not indented behind it.
fn dash(text: &str, start: usize) -> usize {
    let before = text[..start].trim_end_matches([' ', '\t']);
    if !text[start..].starts_with('-') && before.ends_with('-') { before.len() - 1 } else { start }
}

/// Offset of the `|` or `>` of a block scalar whose text begins at `body`, or `body` if there is none.
fn block_indicator(text: &str, body: usize) -> usize {
    let before = text[..body].trim_end();
    let line_start = before.rfind('\n').map_or(0, |n| n + 1);
    let line = &before[line_start..];
    let is_header = |at: &usize| {
        let rest = line[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
        rest.is_empty() || (rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#'))
    };
    let found = line.match_indices(['|', '>']).map(|(at, _)| at).find(is_header);
    found.map_or(body, |at| line_start + at)
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

#[cfg(test)]
mod tests;
