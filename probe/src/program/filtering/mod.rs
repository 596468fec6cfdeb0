//! The code of a filter: between the arguments and the record, so that what is dropped costs nothing of a record.
//!
//! ```text
//! numbers ──────────────► graph over them ─ drop ─┐
//! bits of the image ──────► graph ────────── drop ─┤
//! facts about the socket ─► graph ────────── drop ─┤─► a share is sent nevertheless, and marked ─► record
//! facts about texts ──────► graph ────────── drop ─┘─► counted, end
//!                             └─ pass ─► record
//! ```
//!
//! Everything that is asked for lies in the filter's own memory ([`cell`]), not on the stack: the verifier does not follow
//! what is there, so the ways through a graph meet again at every condition. From the stack it learns by each comparison,
//! and then looks at the loop over a text once for each combination.
//!
//! What must hold: a leaf goes on to the record whenever its atom is unknown; R6 stays the context. R7 is the filter's
//! memory until the record's takes its place.

mod images;
mod numbers;
mod sockets;
mod texts;

use super::emit::{Emit, Written};
use super::layout::flag;
use super::output::Maps;
use crate::asm::{Cond, Helper, Label, Reg, Size, Slot};
use crate::filter::bits::BitMaps;
use crate::filter::graph::{Graph, Simple};
use crate::filter::texts::Answers;
use crate::filter::{MOST_NUMBERS, MOST_TEXTS, Means, Prefilter, Stage};
use std::os::fd::RawFd;

use Reg::{R0, R1, R2, R7, R10};

/// Bytes of the memory of filters, one per CPU.
pub const MEMORY: usize = 4096;

/// Offsets in that memory.
pub(super) mod cell {
    use crate::filter::bits::WORDS;

    /// Bytes of the text that is looked at, [`TEXT_BYTES`] at most.
    pub(in crate::program) const TEXT: i16 = 0;
    pub(in crate::program) const TEXT_BYTES: i32 = 256;
    /// Facts of each automaton.
    pub(in crate::program) const FACTS: i16 = 256;
    /// Kinds that the descriptor may be of, and protocols of its socket: bits.
    pub(in crate::program) const KINDS: i16 = 512;
    pub(in crate::program) const PROTOCOLS: i16 = 520;
    /// 4 or 6 if the ends of the socket are known.
    pub(in crate::program) const FAMILY: i16 = 528;
    /// 1 if it is not known which end is the client's.
    pub(in crate::program) const MIXED: i16 = 536;
    /// Ports in host order.
    pub(in crate::program) const LOCAL_PORT: i16 = 544;
    pub(in crate::program) const REMOTE_PORT: i16 = 552;
    /// Addresses in network order, 16 bytes each.
    pub(in crate::program) const LOCAL: i16 = 560;
    pub(in crate::program) const REMOTE: i16 = 576;
    /// Bytes of the text.
    pub(in crate::program) const LENGTH: i16 = 592;
    /// Numbers, 8 bytes each.
    pub(in crate::program) const NUMBERS: i16 = 640;
    /// Answers to shared nodes, a byte each.
    pub(in crate::program) const SHARED: i16 = 1024;
    /// Bits of the image that may hold, and that may not hold: both if nothing is known.
    pub(in crate::program) const MAY: i16 = 2048;
    pub(in crate::program) const MAY_NOT: i16 = MAY + 8 * WORDS as i16;
    /// The path of the descriptor, and room for a name behind it.
    pub(in crate::program) const PATH: i16 = MAY_NOT + 8 * WORDS as i16;
    /// What is needed to put it together.
    pub(in crate::program) const WORK: i16 = PATH + 2 * TEXT_BYTES as i16;
    pub(in crate::program) const WORK_BYTES: i16 = 1176;
}

/// Automata for one text, at most.
const AUTOMATA: i16 = 3;
const _: () = assert!(cell::NUMBERS as usize + 8 * MOST_NUMBERS <= cell::SHARED as usize);
const _: () = assert!(cell::FACTS as usize + 8 * MOST_TEXTS * AUTOMATA as usize <= cell::KINDS as usize);
const _: () = assert!((cell::WORK + cell::WORK_BYTES) as usize <= MEMORY);
/// Shared nodes that have a place.
const MOST_SHARED: usize = (cell::MAY - cell::SHARED) as usize;

/// A filter with the maps that its program uses.
#[derive(Clone, Copy, Debug)]
pub struct Filtering<'f> {
    /// What it asks.
    pub filter: &'f Prefilter,
    /// Array per CPU: one value of [`MEMORY`] bytes.
    pub memory: RawFd,
    /// Array per CPU: a counter of 8 bytes for each event code.
    pub dropped: RawFd,
    /// An array with one value for each of [`Prefilter::tables`].
    pub tables: &'f [RawFd],
    /// What is known of tasks; else nothing is.
    pub bits: Option<BitMaps>,
    /// One of so many events is sent instead of dropped.
    pub shadow: Option<u32>,
}

/// Instructions between two states that the verifier keeps, and a few.
const MEETING: usize = 8;

/// Where a condition leads.
#[derive(Clone, Copy)]
struct Ways {
    passes: Label,
    fails: Label,
}

impl Emit<'_> {
    /// Drops the event unless it passes; what is sent though it does not is marked in the slot [`Emit::shadowed`].
    pub(super) fn prefilter(&mut self, maps: &Maps, filtering: &Filtering<'_>) -> Written {
        let filter = filtering.filter;
        if filter.is_always() {
            return Ok(());
        }
        self.a.comment("— filter");
        let shadowed = self.a.slot("shadowed", 8, 8);
        self.a.store(Size::B8, R10, shadowed.at(0), 0);
        let mark = self.a.mark();
        let [passes, drops] = ["passes", "drops"].map(|name| self.a.label(name));
        self.a.scoped(|a| {
            let key = a.slot("filter's memory", 4, 4);
            a.store(Size::B4, R10, key.at(0), 0);
            a.load_map(R1, filtering.memory).slot_address(R2, key, 0).call(Helper::MapLookupElem);
            a.jump_if(Cond::Eq, R0, 0, passes).mov(R7, R0);
        });
        for (at, taken) in filter.numbers.iter().enumerate() {
            let inner = self.a.mark();
            self.taken_number(taken)?;
            self.a.release(inner);
            self.a.store(Size::B8, R7, number(at), R0);
        }
        for step in &filter.steps {
            let next = self.a.label("next step");
            for stage in &step.facts {
                self.meet();
                self.a.comment(format!("— filter: {stage:?}"));
                match stage {
                    Stage::Numbers => {}
                    Stage::Images => self.image_facts(maps, filtering)?,
                    Stage::Sockets => self.socket_facts(filter)?,
                    Stage::Texts => self.text_facts(filtering)?,
                }
            }
            if step.stage == Stage::Texts {
                self.quiet(filter, next, drops);
            }
            self.graph(filter, &step.graph, drops);
            self.a.bind(next);
        }
        self.a.jump(passes).bind(drops);
        self.meet();
        self.dropped(filtering, shadowed, passes);
        self.a.bind(passes);
        self.meet();
        self.a.release(mark);
        self.shadowed = Some(shadowed);
        Ok(())
    }

    /// Makes the verifier remember here what it has seen, so that the other ways here end: it does so at the target of a
    /// jump, if it has come by two jumps and eight instructions since it last did. Uses R0.
    pub(super) fn meet(&mut self) {
        self.a.comment("ways meet");
        for _ in 0..2 {
            (0..MEETING / 2).for_each(|_| {
                self.a.mov(R0, 0);
            });
            let next = self.a.label("meeting");
            self.a.jump(next).bind(next);
        }
    }

    /// Counts a dropped event and ends; goes to `passes` with one of so many.
    fn dropped(&mut self, filtering: &Filtering<'_>, shadowed: Slot, passes: Label) {
        if let Some(share) = filtering.shadow {
            let drop = self.a.label("not this one");
            if share > 1 {
                self.a.call(Helper::GetPrandomU32).mov32(R0, R0).load_const(R1, u64::from(share)).rem(R0, R1);
                self.a.jump_if(Cond::Ne, R0, 0, drop);
            }
            self.a.store(Size::B8, R10, shadowed.at(0), i32::from(flag::SHADOWED)).jump(passes).bind(drop);
            if share <= 1 {
                return;
            }
        }
        let uncounted = self.a.label("dropped");
        let code = i32::from(self.event.code);
        self.a.scoped(|a| {
            let key = a.slot("counter", 4, 4);
            a.store(Size::B4, R10, key.at(0), code);
            a.load_map(R1, filtering.dropped).slot_address(R2, key, 0).call(Helper::MapLookupElem);
            a.jump_if(Cond::Eq, R0, 0, uncounted);
            a.load(Size::B8, R1, R0, 0).add(R1, 1).store(Size::B8, R0, 0, R1);
        });
        self.a.bind(uncounted).mov(R0, 0).exit();
    }

    /// Decides at once of a text that is none of those that are asked for: goes to `passes` or `drops`.
    fn quiet(&mut self, filter: &Prefilter, passes: Label, drops: Label) {
        let Some(quiet) = &filter.quiet else { return };
        self.meet();
        let loud = self.a.label("a text that is asked for");
        for (automaton, mask) in filter.loud.iter().enumerate() {
            self.a.load(Size::B8, R0, R7, cell::FACTS + 8 * automaton as i16);
            self.any_bit(*mask, loud);
        }
        match quiet.constant() {
            Some(true) => self.a.jump(passes),
            Some(false) => self.a.jump(drops),
            None => {
                self.graph(filter, quiet, drops);
                self.a.jump(passes)
            }
        };
        self.a.bind(loud);
    }

    /// Goes to `fails` unless the graph passes.
    fn graph(&mut self, filter: &Prefilter, graph: &Graph, fails: Label) {
        let mut writing = Writing { filter, graph, shared: Vec::new() };
        for node in graph.shared().into_iter().take(MOST_SHARED) {
            let (no, done) = (self.a.label("shared: no"), self.a.label("shared"));
            let at = cell::SHARED + writing.shared.len() as i16;
            self.branch(&writing, node, false, no);
            self.a.store(Size::B1, R7, at, 1).jump(done).bind(no).store(Size::B1, R7, at, 0).bind(done);
            writing.shared.push(node);
        }
        self.branch(&writing, graph.root, false, fails);
    }

    /// Goes to a label if a node passes (`when`) or does not; else goes on behind.
    fn branch(&mut self, writing: &Writing<'_>, node: usize, when: bool, to: Label) {
        if let Some(at) = writing.shared.iter().position(|shared| *shared == node) {
            self.a.load(Size::B1, R0, R7, cell::SHARED + at as i16);
            self.a.jump_if(if when { Cond::Ne } else { Cond::Eq }, R0, 0, to);
            return;
        }
        let (members, all) = match &writing.graph.nodes[node] {
            Simple::Constant(passes) => {
                if *passes == when {
                    self.a.jump(to);
                }
                return;
            }
            Simple::Leaf(atom, holds) => return self.leaf(writing, *atom, *holds, when, to),
            Simple::All(members) => (members, true),
            Simple::Any(members) => (members, false),
        };
        // One member decides one way, only all of them the other.
        if when != all {
            return members.iter().for_each(|member| self.branch(writing, *member, when, to));
        }
        let Some((last, before)) = members.split_last() else { return };
        let skip = self.a.label("decided");
        before.iter().for_each(|member| self.branch(writing, *member, !when, skip));
        self.branch(writing, *last, when, to);
        self.a.bind(skip);
    }

    fn leaf(&mut self, writing: &Writing<'_>, atom: usize, holds: bool, when: bool, to: Label) {
        let skip = self.a.label("other way");
        let ways = if when { Ways { passes: to, fails: skip } } else { Ways { passes: skip, fails: to } };
        // Of what has an answer: yes and no.
        let (yes, no) = if holds { (ways.passes, ways.fails) } else { (ways.fails, ways.passes) };
        match &writing.filter.means[atom] {
            Means::Unknown => {
                self.a.jump(ways.passes);
            }
            Means::Constant(answer) => {
                self.a.jump(if *answer { yes } else { no });
            }
            Means::Number(at, ranges) => {
                self.a.load(Size::B8, R0, R7, number(*at));
                self.in_ranges(ranges, writing.filter.numbers[*at].signed, yes);
                self.a.jump(no);
            }
            Means::Bits(at, mask) => {
                self.a.load(Size::B8, R0, R7, number(*at));
                self.any_bit(*mask, yes);
                self.a.jump(no);
            }
            Means::Image(bit) => {
                let at = if holds { cell::MAY } else { cell::MAY_NOT };
                self.a.load(Size::B8, R0, R7, at + 8 * (bit / 64) as i16);
                self.any_bit(1 << (bit % 64), ways.passes);
                self.a.jump(ways.fails);
            }
            Means::Kind(kinds) => self.possible(cell::KINDS, *kinds, sockets::ALL_KINDS, holds, ways),
            Means::Protocol(set) => self.possible(cell::PROTOCOLS, *set, sockets::ALL_PROTOCOLS, holds, ways),
            Means::Address(ends, networks) => self.address(*ends, networks, ways.passes, yes, no),
            Means::Port(ends, ranges) => self.port(*ends, ranges, ways.passes, yes, no),
            Means::Text(text, answers) => {
                let first = writing.filter.texts[*text].first;
                self.text_leaf(first + answers.automaton, *answers, holds, ways);
            }
        }
        self.a.bind(skip);
    }

    /// A question whose possible answers are bits of a cell.
    fn possible(&mut self, at: i16, set: u32, all: u32, holds: bool, ways: Ways) {
        // Plain it fails if nothing of the set is possible, negated if nothing else is.
        let wanted = if holds { set } else { !set & all };
        self.a.load(Size::B8, R0, R7, at);
        self.any_bit(u64::from(wanted), ways.passes);
        self.a.jump(ways.fails);
    }

    fn text_leaf(&mut self, automaton: usize, answers: Answers, holds: bool, ways: Ways) {
        let Answers { bad, yes, possible, .. } = answers;
        self.a.load(Size::B8, R0, R7, cell::FACTS + 8 * automaton as i16);
        if !holds {
            self.any_bit(bad, ways.passes);
            self.any_bit(yes, ways.fails);
            self.a.jump(ways.passes);
            return;
        }
        let next = self.a.label("not readable, or one of them");
        self.any_bit(bad | yes, next);
        self.a.jump(ways.fails).bind(next);
        if let Some(possible) = possible {
            self.any_bit(possible, ways.passes);
            self.a.jump(ways.fails);
        } else {
            self.a.jump(ways.passes);
        }
    }

    /// Goes to `to` if R0 has a bit of the mask. Uses R1.
    fn any_bit(&mut self, mask: u64, to: Label) {
        match i32::try_from(mask) {
            Ok(mask) => self.a.jump_if(Cond::Set, R0, mask, to),
            Err(_) => self.a.load_imm64(R1, mask).jump_if(Cond::Set, R0, R1, to),
        };
    }
}

/// Where a number lies.
const fn number(at: usize) -> i16 {
    cell::NUMBERS + 8 * at as i16
}

/// A graph being written.
struct Writing<'w> {
    filter: &'w Prefilter,
    graph: &'w Graph,
    /// Nodes that have been answered, in the order of their cells.
    shared: Vec<usize>,
}
