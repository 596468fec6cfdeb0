//! The reference meaning of a plan: what a program made from it must answer, or answer less often than it.
//!
//! A [`KernelView`] gives the facts of one event as far as the kernel has them; [`answer`] is the meaning of each atom,
//! [`passes`] that of a plan. A generated program may take any atom for unknown, and may pass what this does not pass;
//! it must never keep back what this passes.

use super::atoms::{Atom, End, Kind, LONGEST_PATH, Number, Part, Protocol, Reading, Source, Text, TextSet};
use super::plan::{EventPlan, Filter, Node, NodeId};

/// Answer to an atom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// The kernel cannot tell; always right.
    Unknown,
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Answer {
        if holds { Answer::Yes } else { Answer::No }
    }
}

/// One event as the kernel sees it. `None` is what it does not know.
pub trait KernelView {
    /// A number.
    fn number(&self, of: Number) -> Option<i128>;
    /// A text, whole, without its NUL.
    fn text(&self, source: Source) -> Option<&[u8]>;
    /// The kind of the event's descriptor.
    fn kind(&self) -> Option<Kind>;
    /// The transport protocol of the event's descriptor.
    fn protocol(&self) -> Option<Protocol>;
    /// Address, in network order, and port, in host order, of an end of the event's socket; for either, of all ends.
    fn ends(&self, end: End) -> Option<Vec<(Vec<u8>, u16)>>;
    /// A bit of the task's image.
    fn image(&self, bit: u32) -> Option<bool>;
}

/// Whether an event passes.
pub fn passes(plan: &EventPlan, view: &(impl KernelView + ?Sized)) -> bool {
    passes_with(plan, &mut |atom| answer(atom, view))
}

/// Whether an event passes, given the answer to each atom.
pub fn passes_with(plan: &EventPlan, answers: &mut dyn FnMut(&Atom) -> Answer) -> bool {
    match plan {
        EventPlan::Never => false,
        EventPlan::Always { .. } => true,
        EventPlan::Filter(filter) => node_passes(filter, filter.root, answers),
    }
}

fn node_passes(filter: &Filter, id: NodeId, answers: &mut dyn FnMut(&Atom) -> Answer) -> bool {
    match &filter.nodes[id.0 as usize] {
        Node::All(members) => members.iter().all(|member| node_passes(filter, *member, answers)),
        Node::Any(members) => members.iter().any(|member| node_passes(filter, *member, answers)),
        Node::Atom(atom) => answers(&filter.atoms[*atom as usize]) != Answer::No,
        Node::NotAtom(atom) => answers(&filter.atoms[*atom as usize]) != Answer::Yes,
    }
}

/// The answer to an atom.
pub fn answer(atom: &Atom, view: &(impl KernelView + ?Sized)) -> Answer {
    match atom {
        Atom::Number { of, ranges } => known(view.number(*of).map(|n| ranges.contains(n))),
        Atom::Bits { of, mask } => known(view.number(*of).map(|n| n as u64 & mask != 0)),
        Atom::Text(text) => match view.text(text.source) {
            Some(bytes) => text_answer(text, bytes),
            None => nameless(text, view),
        },
        Atom::Kind(kinds) => known(view.kind().map(|kind| kinds.contains(kind))),
        Atom::Protocol(set) => known(view.protocol().map(|protocol| set >> protocol as u8 & 1 == 1)),
        Atom::Address { end, networks } => known(
            view.ends(*end).map(|ends| ends.iter().any(|(address, _)| networks.iter().any(|n| n.contains(address)))),
        ),
        Atom::Port { end, ranges } => {
            known(view.ends(*end).map(|ends| ends.iter().any(|(_, port)| ranges.contains(i128::from(*port)))))
        }
        Atom::Image(bit) => known(view.image(*bit)),
    }
}

fn known(holds: Option<bool>) -> Answer {
    holds.map_or(Answer::Unknown, Answer::from)
}

/// What has no path is not called by one.
fn nameless(text: &Text, view: &(impl KernelView + ?Sized)) -> Answer {
    let no_path = text.source == Source::Descriptor && view.kind().is_some_and(Kind::has_no_path);
    if no_path && text.part == Part::Whole && text.set.begins_with_slash() { Answer::No } else { Answer::Unknown }
}

/// The answer to a question about a text that could be read.
pub fn text_answer(text: &Text, bytes: &[u8]) -> Answer {
    // What old writers recorded for a text that could not be read.
    if bytes == b"(NULL)" {
        return Answer::Unknown;
    }
    let clean = is_clean(bytes);
    let readable = match text.reading {
        Reading::Raw => true,
        Reading::Squeezed => !bytes.windows(2).any(|pair| pair == b"//"),
        Reading::Absolute => bytes.first() == Some(&b'/'),
        Reading::Path => clean,
    };
    if !readable {
        return if text.reading == Reading::Path { relative(text, bytes) } else { Answer::Unknown };
    }
    // Parts and paths are only looked at in clean paths.
    if (text.part != Part::Whole || !text.set.path.is_empty()) && !clean {
        return Answer::Unknown;
    }
    let slash = bytes.iter().rposition(|b| *b == b'/');
    let part = match (text.part, slash) {
        (Part::Directory, Some(0)) => b"/",
        (Part::Directory, Some(at)) => &bytes[..at],
        (Part::FileName, Some(at)) => &bytes[at + 1..],
        _ => bytes,
    };
    Answer::from(fits(&text.set, part))
}

fn fits(set: &TextSet, text: &[u8]) -> bool {
    let holds = |text: &[u8], part: &[u8]| part.is_empty() || text.windows(part.len()).any(|w| w == part);
    let below = |path: &[u8]| text.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
    let lower = || text.to_ascii_lowercase();
    set.equal.iter().any(|t| t == text)
        || set.prefix.iter().any(|t| text.starts_with(t))
        || set.suffix.iter().any(|t| text.ends_with(t))
        || set.contains.iter().any(|t| holds(text, t))
        || !set.icontains.is_empty() && set.icontains.iter().any(|t| holds(&lower(), t))
        || set.path.iter().any(|t| below(t))
}

/// See [`Reading::Path`].
pub fn is_clean(path: &[u8]) -> bool {
    path.len() < LONGEST_PATH
        && path.first() == Some(&b'/')
        && path[1..].split(|b| *b == b'/').all(|component| !matches!(component, b"" | b"." | b".."))
}

/// What is known of a relative path: its last component, if it is an ordinary one, stays the last.
fn relative(text: &Text, bytes: &[u8]) -> Answer {
    let last = bytes.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let set = &text.set;
    let only_equal = set.equal.len() == set.len() && text.part == Part::Whole;
    if !only_equal || matches!(last, b"" | b"." | b"..") || bytes.len() >= LONGEST_PATH || !set.begins_with_slash() {
        return Answer::Unknown;
    }
    let possible = set.equal.iter().any(|t| t.rsplit(|b| *b == b'/').next() == Some(last) || t.starts_with(TOO_LONG));
    if possible { Answer::Unknown } else { Answer::No }
}

/// How a path begins that is shown in place of one that is too long.
const TOO_LONG: &[u8] = b"/DIR_TOO_LONG/";
