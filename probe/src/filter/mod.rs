//! What of a kernel plan a program can ask, and in which order: the data that filters are written from.
//!
//! ```text
//! EventPlan::Filter ─► Prefilter   each atom: how it is answered      numbers   by recipe, before the record is begun
//!                          │                                           images    bits that user space has told
//!                          │                                           sockets   from the file behind the descriptor
//!                          │                                           texts     tables of automata
//!                          └─► program::filtering   the code: for each of them in turn, what can be told by now
//! ```
//!
//! Bits of images come last where texts alone drop most of what is to be dropped; else texts do, which cost most.
//!
//! What must hold: an atom that is not answered here is unknown, which passes in both polarities; an answer that is
//! given equals that of `peregrine_compiler::kernel::eval` on the record that would be made. So a program drops nothing
//! that [`passes`](peregrine_compiler::kernel::eval::passes) passes.
//!
//! The bytes of a text are read twice, for the filter and for the record; a process that changes them in between is
//! judged by the first. It could as well have changed them before the system call ended.

pub(crate) mod automaton;
pub mod bits;
pub(crate) mod graph;
pub mod maps;
pub(crate) mod numbers;
pub(crate) mod texts;

pub use automaton::Table;

use graph::Graph;
use numbers::Taken;
use peregrine_compiler::kernel::{Atom, End, Filter, Network, Number, Ranges, Source as TextSource, Text};
use peregrine_schema::capture::{Capture, Convert, Fd, Hook, Int, Source};
use peregrine_schema::events::code;
use peregrine_schema::{Event, EventFlags};
use std::collections::BTreeSet;
use texts::{Answers, Automata};

/// How an atom is answered.
#[derive(Clone, Debug)]
pub(crate) enum Means {
    /// Not at all.
    Unknown,
    /// The same for all events of the program.
    Constant(bool),
    /// By a number, of [`Prefilter::numbers`].
    Number(usize, Ranges),
    /// By bits of a number.
    Bits(usize, u64),
    /// By a bit of the image.
    Image(u32),
    /// By the kinds that the descriptor may be of.
    Kind(u32),
    /// By the protocols that its socket may have.
    Protocol(u32),
    /// By an address of ends of its socket.
    Address(Ends, Vec<Network>),
    /// By a port of them.
    Port(Ends, Ranges),
    /// By facts about a text, of [`Prefilter::texts`].
    Text(usize, Answers),
}

/// Ends of a socket, as the kernel has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    Local,
    Remote,
    Both,
}

/// The file behind the event's descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Descriptor {
    pub(crate) fd: Fd,
    /// Whether the call made the connection, or took it.
    pub(crate) role: Option<Role>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

/// Where a text comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whence {
    /// From the address in an argument, as a parameter does.
    Argument { param: u8, pointer: u8, capture: &'static Capture },
    /// It is the path of a descriptor.
    Descriptor(Fd),
}

/// A text that is compared.
#[derive(Clone, Debug)]
pub(crate) struct TextOf {
    pub(crate) of: Whence,
    pub(crate) tables: Vec<Table>,
    /// Number of its first automaton among all.
    pub(crate) first: usize,
}

/// What is found out one after the other, as far as it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Numbers,
    Images,
    Sockets,
    Texts,
}

impl Stage {
    /// By what each costs.
    const USUAL: [Stage; 4] = [Stage::Numbers, Stage::Sockets, Stage::Images, Stage::Texts];
    /// Where texts alone drop most events.
    const TEXTS_FIRST: [Stage; 4] = [Stage::Numbers, Stage::Sockets, Stage::Texts, Stage::Images];
}

/// A question that a program asks.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// What is known by then.
    pub(crate) stage: Stage,
    /// What of that must be found out now.
    pub(crate) facts: Vec<Stage>,
    /// What passes.
    pub(crate) graph: Graph,
}

/// A filter for the program of an event.
#[derive(Clone, Debug)]
pub struct Prefilter {
    pub(crate) means: Vec<Means>,
    pub(crate) numbers: Vec<Taken>,
    pub(crate) descriptor: Option<Descriptor>,
    pub(crate) texts: Vec<TextOf>,
    /// What passes if no text is one that is asked for, and none is unknown: of most events.
    pub(crate) quiet: Option<Graph>,
    /// The facts of each automaton of which one holds else.
    pub(crate) loud: Vec<u64>,
    /// One for each stage that tells more than those before.
    pub(crate) steps: Vec<Step>,
    order: [Stage; 4],
    never: bool,
}

/// Most numbers of an event.
pub(crate) const MOST_NUMBERS: usize = 40;
/// Most texts of an event.
pub(crate) const MOST_TEXTS: usize = 4;

impl Prefilter {
    /// The filter of an event's program at a hook; of a system call with this number in captures.
    pub fn new(filter: &Filter, event: &'static Event, hook: Hook, syscall: u16) -> Prefilter {
        let mut made = Prefilter {
            means: Vec::new(),
            numbers: Vec::new(),
            descriptor: descriptor(event, hook),
            texts: Vec::new(),
            quiet: None,
            loud: Vec::new(),
            steps: Vec::new(),
            order: Stage::TEXTS_FIRST,
            never: false,
        };
        made.means = filter.atoms.iter().map(|atom| made.means(atom, event, syscall)).collect();
        made.add_texts(filter, event);
        if made.texts.is_empty() || made.quiet_graph(filter).constant() == Some(true) {
            made.order = Stage::USUAL;
        }
        for stage in made.order {
            let graph = Graph::new(filter, |atom, holds| made.known(atom, holds, stage));
            let constant = graph.constant();
            made.never |= constant == Some(false);
            if constant.is_none() && made.steps.last().is_none_or(|before| before.graph != graph) {
                let facts = made.facts(&graph);
                made.steps.push(Step { stage, facts, graph });
            }
        }
        made.drop_unused();
        made.add_quiet(filter);
        made
    }

    /// What must be found out for a graph beyond what is there for the steps so far.
    fn facts(&self, graph: &Graph) -> Vec<Stage> {
        let leaves = graph.leaves();
        let needed = |stage: &Stage| leaves.iter().any(|atom| self.asked_at(*atom) == Some(*stage));
        let there = |stage: &Stage| self.steps.iter().any(|step| step.facts.contains(stage));
        self.order.into_iter().filter(|stage| needed(stage) && !there(stage)).collect()
    }

    /// Whether nothing passes.
    pub fn is_never(&self) -> bool {
        self.never
    }

    /// Whether everything passes, as far as this filter can tell.
    pub fn is_always(&self) -> bool {
        !self.never && self.steps.is_empty()
    }

    /// Whether its program asks about an atom of the plan, by index; others are unknown to it.
    pub fn asks(&self, atom: usize) -> bool {
        self.means.get(atom).is_some_and(|means| !matches!(means, Means::Unknown))
    }

    /// The tables that its program reads, in the order in which it is given their maps.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.texts.iter().flat_map(|text| &text.tables)
    }

    /// The words of an image's bits that are asked for.
    pub(crate) fn words(&self) -> BTreeSet<u32> {
        let asked = self.steps.iter().flat_map(|step| step.graph.leaves());
        let word = |atom: usize| if let Means::Image(bit) = self.means[atom] { Some(bit / 64) } else { None };
        asked.filter_map(word).collect()
    }

    /// Whether an atom, plain or negated, passes by what is known once a stage is done; `None` if it is to be asked.
    fn known(&self, atom: usize, holds: bool, stage: Stage) -> Option<bool> {
        if let Means::Constant(answer) = &self.means[atom] {
            return Some(*answer == holds);
        }
        let Some(asked_at) = self.asked_at(atom) else { return Some(true) };
        let rank = |of: Stage| self.order.iter().position(|stage| *stage == of);
        (rank(asked_at) > rank(stage)).then_some(true)
    }

    /// The stage that answers an atom, if one does.
    fn asked_at(&self, atom: usize) -> Option<Stage> {
        match &self.means[atom] {
            Means::Unknown | Means::Constant(_) => None,
            Means::Number(..) | Means::Bits(..) => Some(Stage::Numbers),
            Means::Image(_) => Some(Stage::Images),
            Means::Kind(_) | Means::Protocol(_) | Means::Address(..) | Means::Port(..) => Some(Stage::Sockets),
            Means::Text(..) => Some(Stage::Texts),
        }
    }

    fn means(&mut self, atom: &Atom, event: &'static Event, syscall: u16) -> Means {
        match atom {
            Atom::Number { of, ranges } => match self.number(*of, event, u64::MAX) {
                Some(at) => match self.numbers[at].constant(syscall) {
                    Some(number) => Means::Constant(ranges.contains(number)),
                    None => in_domain(at, ranges, self.numbers[at].signed),
                },
                None => Means::Unknown,
            },
            Atom::Bits { of, mask } => match self.number(*of, event, *mask) {
                Some(at) => match self.numbers[at].constant(syscall) {
                    Some(number) => Means::Constant(number as u64 & mask != 0),
                    None => Means::Bits(at, *mask),
                },
                None => Means::Unknown,
            },
            // Texts of one source are put together later.
            Atom::Text(_) => Means::Unknown,
            Atom::Kind(kinds) if self.descriptor.is_some() => Means::Kind(kinds.0),
            Atom::Protocol(set) if self.descriptor.is_some() => Means::Protocol(u32::from(*set)),
            Atom::Address { end, networks } => {
                self.ends(*end).map_or(Means::Unknown, |ends| Means::Address(ends, networks.clone()))
            }
            Atom::Port { end, ranges } => {
                // Every port, and none, is no question, but whether there is one.
                let (possible, all) = (ranges.intersection(&domain(false)), domain(false));
                let ends = self.ends(*end).filter(|_| !possible.is_empty() && possible != all);
                ends.map_or(Means::Unknown, |ends| Means::Port(ends, possible))
            }
            Atom::Image(bit) => image(*bit),
            _ => Means::Unknown,
        }
    }

    /// Place of a number of which these bits are asked.
    fn number(&mut self, of: Number, event: &'static Event, bits: u64) -> Option<usize> {
        let at = match self.numbers.iter().position(|taken| taken.of == of) {
            Some(at) => at,
            None if self.numbers.len() == MOST_NUMBERS => return None,
            None => {
                self.numbers.push(Taken::new(of, event)?);
                self.numbers.len() - 1
            }
        };
        let taken = &mut self.numbers[at];
        if bits & taken.hidden != 0 {
            return None;
        }
        taken.wanted |= bits as u32;
        Some(at)
    }

    /// Which ends the kernel has for those that are asked for.
    fn ends(&self, end: End) -> Option<Ends> {
        match (end, self.descriptor?.role) {
            (End::Either, _) => Some(Ends::Both),
            (End::Server, Some(Role::Client)) | (End::Client, Some(Role::Server)) => Some(Ends::Remote),
            (End::Server, Some(Role::Server)) | (End::Client, Some(Role::Client)) => Some(Ends::Local),
            (End::Server | End::Client, None) | (End::Local | End::Remote, _) => None,
        }
    }

    fn add_texts(&mut self, filter: &Filter, event: &'static Event) {
        let mut sources: Vec<TextSource> = Vec::new();
        for atom in &filter.atoms {
            if let Atom::Text(Text { source, .. }) = atom
                && !sources.contains(source)
            {
                sources.push(*source);
            }
        }
        for source in sources.into_iter().take(MOST_TEXTS) {
            let Some(of) = self.whence(source, event) else { continue };
            let of_source = |atom: &Atom| matches!(atom, Atom::Text(text) if text.source == source);
            let atoms: Vec<usize> = (0..filter.atoms.len()).filter(|at| of_source(&filter.atoms[*at])).collect();
            let texts = atoms.iter().filter_map(|at| match &filter.atoms[*at] {
                Atom::Text(text) => Some(text),
                _ => None,
            });
            let automata = Automata::new(texts);
            for (at, answers) in atoms.iter().zip(&automata.answers) {
                if let Some(answers) = answers {
                    self.means[*at] = Means::Text(self.texts.len(), *answers);
                }
            }
            let first = self.tables().count();
            self.texts.push(TextOf { of, tables: automata.tables, first });
        }
    }

    fn whence(&self, source: TextSource, event: &'static Event) -> Option<Whence> {
        let param = match source {
            TextSource::Param(param) => param,
            TextSource::Descriptor => return self.descriptor.map(|descriptor| Whence::Descriptor(descriptor.fd)),
        };
        match event.params.get(usize::from(param))?.capture.as_ref()? {
            capture @ &Capture { source: Source::Text { pointer, .. }, .. } => {
                Some(Whence::Argument { param, pointer, capture })
            }
            _ => None,
        }
    }

    fn add_quiet(&mut self, filter: &Filter) {
        let Some(step) = self.steps.iter().find(|step| step.stage == Stage::Texts) else { return };
        let mut loud = vec![0; self.tables().count()];
        for atom in step.graph.leaves() {
            if let Means::Text(text, answers) = &self.means[atom] {
                loud[self.texts[*text].first + answers.automaton] |= answers.bad | answers.yes;
            }
        }
        self.quiet = Some(self.quiet_graph(filter));
        self.loud = loud;
    }

    /// What passes when texts are known, if the answer to all about them is no.
    fn quiet_graph(&self, filter: &Filter) -> Graph {
        Graph::new(filter, |atom, holds| match &self.means[atom] {
            Means::Text(..) => Some(!holds),
            _ => self.known(atom, holds, Stage::Texts),
        })
    }

    /// Without texts and numbers that no stage asks for.
    fn drop_unused(&mut self) {
        let used: Vec<usize> = self.steps.iter().flat_map(|step| step.graph.leaves()).collect();
        let asks = |what: &dyn Fn(&Means) -> bool| used.iter().any(|atom| what(&self.means[*atom]));
        let texts: Vec<bool> =
            (0..self.texts.len()).map(|at| asks(&|m| matches!(m, Means::Text(of, _) if *of == at))).collect();
        let mut sockets = false;
        for atom in &used {
            sockets |=
                matches!(self.means[*atom], Means::Kind(_) | Means::Protocol(_) | Means::Address(..) | Means::Port(..));
        }
        let mut first = 0;
        for (text, used) in self.texts.iter_mut().zip(texts) {
            text.first = first;
            if !used {
                text.tables.clear();
            }
            first += text.tables.len();
        }
        self.descriptor = self.descriptor.filter(|_| sockets);
    }
}

/// Whether every number of 64 bits lies in the ranges.
fn covers(ranges: &Ranges, signed: bool) -> bool {
    let all = domain(signed);
    ranges.intersection(&all) == all
}

fn domain(signed: bool) -> Ranges {
    if signed { Ranges::new(i64::MIN.into(), i64::MAX.into()) } else { Ranges::new(0, u64::MAX.into()) }
}

/// A question about a number, unless all or none of its type satisfy it.
fn in_domain(at: usize, ranges: &Ranges, signed: bool) -> Means {
    if covers(ranges, signed) {
        return Means::Constant(true);
    }
    let possible = ranges.intersection(&domain(signed));
    if possible.is_empty() { Means::Constant(false) } else { Means::Number(at, possible) }
}

/// How a bit of the task's image is asked for.
fn image(bit: u32) -> Means {
    if (bit as usize) < 64 * bits::WORDS { Means::Image(bit) } else { Means::Unknown }
}

/// The descriptor that an event is about, where the file behind it is still there when the call returns.
fn descriptor(event: &'static Event, hook: Hook) -> Option<Descriptor> {
    if hook != Hook::SysExit {
        return None;
    }
    if matches!(event.code, code::ACCEPT_5_X | code::ACCEPT4_6_X) {
        return Some(Descriptor { fd: Fd::Ret, role: Some(Role::Server) });
    }
    if event.flags.any(EventFlags::CREATES_FD.or(EventFlags::DESTROYS_FD)) {
        return None;
    }
    let capture = event.params.get(usize::from(event.fd_param?))?.capture.as_ref()?;
    let Capture { source: Source::Arg(index), convert: Convert::Int(Int::S32), when: [], .. } = *capture else {
        return None;
    };
    let role = (event.code == code::CONNECT_X).then_some(Role::Client);
    Some(Descriptor { fd: Fd::Arg(index), role })
}
