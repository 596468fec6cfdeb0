//! What of a kernel plan a program can ask, and in which order: the data that filters are written from.
//!
//! ```text
//! EventPlan::Filter ─► Prefilter   each atom: how it is answered      numbers   by recipe, before the record is begun
//!                          │                                           sockets   from the file behind the descriptor
//!                          │                                           texts     tables of automata
//!                          └─► program::filtering   the code: for each of the three in turn, what can be told by now
//! ```
//!
//! What must hold: an atom that is not answered here is unknown, which passes in both polarities; an answer that is
//! given equals that of `peregrine_compiler::kernel::eval` on the record that would be made. So a program drops nothing
//! that [`passes`](peregrine_compiler::kernel::eval::passes) passes.
//!
//! The bytes of a text are read twice, for the filter and for the record; a process that changes them in between is
//! judged by the first. It could as well have changed them before the system call ended.

pub(crate) mod automaton;
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

/// A text that is compared.
#[derive(Clone, Debug)]
pub(crate) struct TextOf {
    pub(crate) param: u8,
    /// Argument with its address.
    pub(crate) pointer: u8,
    pub(crate) capture: &'static Capture,
    pub(crate) tables: Vec<Table>,
    /// Number of its first automaton among all.
    pub(crate) first: usize,
}

/// What is found out one after the other, since each costs more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Numbers,
    Sockets,
    Texts,
}

impl Stage {
    pub(crate) const ALL: [Stage; 3] = [Stage::Numbers, Stage::Sockets, Stage::Texts];
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
    /// What passes when a stage is done, for the stages that tell more than those before.
    pub(crate) stages: Vec<(Stage, Graph)>,
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
            stages: Vec::new(),
            never: false,
        };
        made.means = filter.atoms.iter().map(|atom| made.means(atom, event, syscall)).collect();
        made.add_texts(filter, event);
        for stage in Stage::ALL {
            let graph = Graph::new(filter, |atom, holds| made.known(atom, holds, stage));
            let constant = graph.constant();
            made.never |= constant == Some(false);
            if constant.is_none() && made.stages.last().is_none_or(|(_, before)| *before != graph) {
                made.stages.push((stage, graph));
            }
        }
        made.drop_unused();
        made.add_quiet(filter);
        made
    }

    /// Whether nothing passes.
    pub fn is_never(&self) -> bool {
        self.never
    }

    /// Whether everything passes, as far as this filter can tell.
    pub fn is_always(&self) -> bool {
        !self.never && self.stages.is_empty()
    }

    /// Whether its program asks about an atom of the plan, by index; others are unknown to it.
    pub fn asks(&self, atom: usize) -> bool {
        self.means.get(atom).is_some_and(|means| !matches!(means, Means::Unknown))
    }

    /// The tables that its program reads, in the order in which it is given their maps.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.texts.iter().flat_map(|text| &text.tables)
    }

    /// Whether an atom, plain or negated, passes by what is known once a stage is done; `None` if it is to be asked.
    fn known(&self, atom: usize, holds: bool, stage: Stage) -> Option<bool> {
        let asked_at = match &self.means[atom] {
            Means::Unknown => return Some(true),
            Means::Constant(answer) => return Some(*answer == holds),
            Means::Number(..) | Means::Bits(..) => Stage::Numbers,
            Means::Kind(_) | Means::Protocol(_) | Means::Address(..) | Means::Port(..) => Stage::Sockets,
            Means::Text(..) => Stage::Texts,
        };
        (asked_at > stage).then_some(true)
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
        let mut params: Vec<u8> = Vec::new();
        for atom in &filter.atoms {
            if let Atom::Text(Text { source: TextSource::Param(param), .. }) = atom
                && !params.contains(param)
            {
                params.push(*param);
            }
        }
        for param in params.into_iter().take(MOST_TEXTS) {
            let capture = event.params.get(usize::from(param)).and_then(|p| p.capture.as_ref());
            let Some(capture @ &Capture { source: Source::Text { pointer, .. }, .. }) = capture else { continue };
            let of_param = |atom: &Atom| matches!(atom, Atom::Text(t) if t.source == TextSource::Param(param));
            let atoms: Vec<usize> = (0..filter.atoms.len()).filter(|at| of_param(&filter.atoms[*at])).collect();
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
            self.texts.push(TextOf { param, pointer, capture, tables: automata.tables, first });
        }
    }

    fn add_quiet(&mut self, filter: &Filter) {
        let Some((Stage::Texts, graph)) = self.stages.last() else { return };
        let mut loud = vec![0; self.tables().count()];
        for atom in graph.leaves() {
            if let Means::Text(text, answers) = &self.means[atom] {
                loud[self.texts[*text].first + answers.automaton] |= answers.bad | answers.yes;
            }
        }
        let answered_no = |atom: usize, holds: bool| match &self.means[atom] {
            Means::Text(..) => Some(!holds),
            _ => self.known(atom, holds, Stage::Texts),
        };
        self.quiet = Some(Graph::new(filter, answered_no));
        self.loud = loud;
    }

    /// Without texts and numbers that no stage asks for.
    fn drop_unused(&mut self) {
        let used: Vec<usize> = self.stages.iter().flat_map(|(_, graph)| graph.leaves()).collect();
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
        // What is asked about the descriptor only together with texts is found out before them all the same.
        if sockets && !self.stages.iter().any(|(stage, _)| *stage == Stage::Sockets) {
            let at = self.stages.partition_point(|(stage, _)| *stage < Stage::Sockets);
            self.stages.insert(at, (Stage::Sockets, Graph::everything()));
        }
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

/// How a bit of the task's image is asked for: not yet.
fn image(_bit: u32) -> Means {
    Means::Unknown
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
