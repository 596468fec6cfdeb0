//! The programs of filters, run on events of captures: they keep back what their plan keeps back, and no match.
//!
//! ```text
//! record + state ─► call, objects (made up) ─► machine: the program of the filter, to its end or to the record
//!              └──► plan's meaning, of what the kernel can know of these ─► the same answer
//! ```
//!
//! What must hold: an event is compared only if the call that was made up would be recorded with the numbers that the
//! filter asks for; the others are counted. What of the plan is known is said here once more, apart from the generator:
//! the texts that can be read, the kinds, protocol, ends and path that a file can tell ([`objects::Known`]), and whether
//! bits of the image are known ([`images::Told`]). A relative path in an argument stays relative for a filter, whatever
//! directory it begins at.

pub mod call;
pub mod images;
pub mod machine;
pub mod objects;

use crate::kernel::CaptureView;
use call::{Call, beside_arguments};
use images::{Conditions, Told};
use machine::{End as RunEnd, Machine};
use objects::{Known, Objects, Path, place};
use peregrine_compiler::kernel::eval::{answer, passes, passes_with, text_answer};
use peregrine_compiler::kernel::{
    Answer, Atom, End, EventPlan, Filter, KernelPlan, KernelView as _, Number, Part, Source, Text,
};
use peregrine_compiler::value::Event as Fields;
use peregrine_probe::asm::{Helper, Program};
use peregrine_probe::btf::Btf;
use peregrine_probe::filter::Prefilter;
use peregrine_probe::filter::bits::{BitMaps, WORDS};
use peregrine_probe::image::Tasks;
use peregrine_probe::program::filtering::MEMORY;
use peregrine_probe::program::{self, Filtering, Kernel, Maps};
use peregrine_runtime::session::Delivered;
use peregrine_schema::capture::{Capture, Hook, Source as CaptureSource};
use peregrine_schema::events::code;
use peregrine_schema::syscalls::{Arch, SYSCALLS};
use peregrine_schema::{EVENT_COUNT, EVENTS, Event};
use std::collections::HashMap;

/// The maps of programs, by made-up descriptors.
const FILTER_MEMORY: i32 = 1;
const DROPPED: i32 = 2;
const BITS: i32 = 8;
const CALLERS: i32 = 9;
const KNOWN: i32 = 10;
const VERSION: i32 = 11;
const TABLES: i32 = 12;
/// Places of the maps of callers and of what is known of them, and bytes of each.
const PLACES: usize = 512;
const CALLER: usize = 16;
const KNOWN_BITS: usize = 32 + 8 * WORDS;
/// Images of tasks.
const TASKS: i32 = 6;
/// Those that no filter uses, but for the tasks.
const MAPS: Maps = Maps { scratch: 3, rings: 4, losses: 5, tasks: Tasks::Hash(TASKS), images: 7, callers: CALLERS };
/// Process ids of Linux lie below.
const MOST_PIDS: u32 = 1 << 22;
/// The first helper that a program calls for the record.
const RECORD_BEGINS: Helper = Helper::GetSmpProcessorId;
/// From this length on a text is not compared: memory for one holds 256 bytes, and a text that fills it may be longer.
const LONG_TEXT: usize = 255;

/// The kernel that programs are made for, in the ways of reading its memory.
pub struct Kernels([Kernel; 2]);

impl Kernels {
    /// The running one's types; `None`, with a word on why, where it has none (a failure where kernel tests must run), or
    /// another architecture than the call that is made up.
    pub fn running() -> Option<Kernels> {
        if !cfg!(target_arch = "x86_64") {
            println!("skipped: calls are made up for x86_64");
            return None;
        }
        let types = || match Btf::vmlinux() {
            Ok(types) => Some(types),
            Err(error) => {
                let required = std::env::var("PEREGRINE_KERNEL_TESTS").is_ok_and(|v| v == "required");
                assert!(!required, "must run here: {error}");
                println!("skipped: {error}");
                None
            }
        };
        let by_loads = Kernel::new(types()?, 0);
        let by_calls = Kernel { typed: false, cast: None, ..Kernel::new(types()?, 0) };
        Some(Kernels([by_calls, by_loads]))
    }
}

/// The programs of one filter, each with a machine that has its maps.
struct Made {
    prefilter: Prefilter,
    programs: Vec<(Program, Machine)>,
    /// Places of the plan's atoms.
    places: HashMap<*const Atom, usize>,
}

/// What was seen.
#[derive(Debug, Default, Clone, Copy)]
pub struct Seen {
    /// Events of calls with a filter that asks something.
    pub events: usize,
    /// Of these, those whose call could not be made up.
    pub left_out: usize,
    /// Runs of programs on the others.
    pub runs: usize,
    /// Runs that keep the event back.
    pub dropped: usize,
    /// Events compared that some rule matches.
    pub matched: usize,
    /// Runs with a descriptor whose path is asked for and known, be it that there is none.
    pub paths: usize,
    /// Events compared with bits of the image that are asked for and known, too.
    pub told: usize,
    /// Of these, those kept back by their bits alone.
    pub dropped_by_bits: usize,
    /// Events compared as calls of 32-bit programs, too.
    pub narrow: usize,
    /// Events that the program passes although the plan would not: the kernel cannot know enough.
    pub weaker: usize,
}

impl Seen {
    /// Adds what another one saw.
    pub fn add(&mut self, other: &Seen) {
        self.events += other.events;
        self.left_out += other.left_out;
        self.runs += other.runs;
        self.dropped += other.dropped;
        self.matched += other.matched;
        self.paths += other.paths;
        self.told += other.told;
        self.dropped_by_bits += other.dropped_by_bits;
        self.narrow += other.narrow;
        self.weaker += other.weaker;
    }
}

/// Runs the programs of a plan.
pub struct Runner<'k> {
    kernels: &'k Kernels,
    plan: &'k KernelPlan,
    /// What programs are made from.
    programs: &'k KernelPlan,
    /// By event code and system call; `None` if there is nothing to run.
    made: HashMap<(u16, u16), Option<Made>>,
    /// What was seen so far.
    pub seen: Seen,
    /// Programs that could not be made.
    pub refused: Vec<String>,
}

impl<'k> Runner<'k> {
    /// For a plan.
    pub fn new(kernels: &'k Kernels, plan: &'k KernelPlan) -> Runner<'k> {
        Runner::mistaken(kernels, plan, plan)
    }

    /// For a plan, with programs of another one with the same atoms.
    pub fn mistaken(kernels: &'k Kernels, plan: &'k KernelPlan, programs: &'k KernelPlan) -> Runner<'k> {
        Runner { kernels, plan, programs, made: HashMap::new(), seen: Seen::default(), refused: Vec::new() }
    }

    /// The plan that programs are compared with.
    pub fn plan(&self) -> &'k KernelPlan {
        self.plan
    }

    /// Whether events of a code come from system calls and have a filter.
    pub fn filters(&self, code: u16) -> bool {
        let event = &EVENTS[usize::from(code)];
        let made_here = event.producers.iter().any(|p| p.hook == Hook::SysExit);
        made_here && matches!(self.plan.event(code), EventPlan::Filter(_))
    }

    /// Looks at an event with these fields, which some rule matches or none; an error if a program does not do what it
    /// should.
    pub fn look(
        &mut self,
        event: Delivered<'_>,
        fields: &impl Fields,
        conditions: &Conditions<'_>,
        matched: bool,
    ) -> Result<(), String> {
        let record = event.record;
        let EventPlan::Filter(filter) = self.plan.event(record.code) else { return Ok(()) };
        let row = record.event();
        let Some(syscall) = syscall(event) else { return Ok(()) };
        let EventPlan::Filter(source) = self.programs.event(record.code) else { return Ok(()) };
        let (kernels, refused) = (self.kernels, &mut self.refused);
        let made = self.made.entry((record.code, syscall)).or_insert_with(|| {
            make(kernels, source, filter, row, syscall).unwrap_or_else(|error| {
                refused.push(error);
                None
            })
        });
        let Some(made) = made else { return Ok(()) };
        self.seen.events += 1;
        let unknown = |_| None;
        let view = CaptureView::new(event, &unknown);
        let call = Call::of(record, &view, syscall);
        if !is_so(&call, &view, row, filter, &made.prefilter) {
            self.seen.left_out += 1;
            return Ok(());
        }
        let narrow = call.by_32_bit_program(event.number).filter(|_| !has_words(row));
        let narrow = narrow.filter(|narrow| is_so(narrow, &view, row, filter, &made.prefilter));
        let bits = asked_bits(filter, &made.prefilter);
        let exactly = passes(self.plan.event(record.code), &view);
        let mut again = call.clone();
        let nothing = Told::unknown(event.number / 2);
        let passed = self.runs(&call, &view, event, nothing, matched)?;
        if exactly && !passed {
            return Err("the plan passes it".to_owned());
        }
        self.seen.weaker += usize::from(passed && !exactly);
        self.seen.matched += usize::from(matched);
        if !bits.is_empty() && pid(&view).is_some() {
            let with_bits = self.with_bits(&call, event, &bits, &|bit| conditions.may_hold(bit, fields), matched)?;
            self.seen.told += 1;
            self.seen.dropped_by_bits += usize::from(passed && !with_bits);
        }
        // The same by a 32-bit program, if it can.
        if let Some(narrow) = narrow {
            self.seen.narrow += 1;
            if self.runs(&narrow, &view, event, nothing, matched)? != passed {
                return Err("a 32-bit program's call is not taken for the same".to_owned());
            }
        }
        // The same with texts that cannot be read.
        for param in row.params {
            if let Some(Capture { source: CaptureSource::Text { pointer, .. }, .. }) = param.capture {
                again.forget_text(pointer);
            }
        }
        self.runs(&again, &view, event, nothing, false)?;
        Ok(())
    }

    /// Runs the programs on a call with these bits of the image told; whether it passes.
    fn with_bits(
        &mut self,
        call: &Call,
        event: Delivered<'_>,
        bits: &[u32],
        may_hold: &dyn Fn(u32) -> bool,
        matched: bool,
    ) -> Result<bool, String> {
        // Others are not looked at.
        let mut words = [0; WORDS];
        for bit in bits.iter().filter(|bit| may_hold(**bit)) {
            words[*bit as usize / 64] |= 1 << (bit % 64);
        }
        let known = |bit| Some(may_hold(bit));
        let view = CaptureView::new(event, &known);
        let passed = self.runs(call, &view, event, Told::Bits(words), matched)?;
        if passes(self.plan.event(event.record.code), &view) && !passed {
            return Err("the plan passes it by what is known of the image".to_owned());
        }
        Ok(passed)
    }

    /// Runs the programs on a call; whether it passes.
    fn runs(
        &mut self,
        call: &Call,
        view: &CaptureView<'_>,
        event: Delivered<'_>,
        told: Told,
        matched: bool,
    ) -> Result<bool, String> {
        let record = event.record;
        let Some(Some(made)) = self.made.get_mut(&(record.code, call.syscall)) else { return Ok(true) };
        let accepts = matches!(record.code, code::ACCEPT_5_X | code::ACCEPT4_6_X);
        let fd = descriptor(call, view, record.event(), accepts);
        let mut result = None;
        // What was told is asked for once and then kept.
        let times = if matches!(told, Told::Bits(_)) { 2 } else { 1 };
        let execs = self.seen.runs as u64 + 1;
        let programs = made.programs.len();
        for at in (0..times).flat_map(|_| 0..programs) {
            let ((program, machine), kernel) = (&mut made.programs[at], &self.kernels.0[at]);
            let mut objects = Objects::new(kernel);
            objects.registers(call.registers());
            objects.task(view);
            let known = fd.map(|fd| objects.descriptor(fd, view, !accepts, event.number));
            objects.execs(execs);
            let thread = view.number(Number::Tid).map_or(1, |tid| tid as u64);
            images::lay(&mut objects, machine, [TASKS, BITS], (pid(view).unwrap_or(1), thread), told, event.number);
            objects.lay(machine);
            call.memory().for_each(|(at, bytes)| machine.there(at, bytes.to_vec()));
            call.words().into_iter().for_each(|(at, bytes)| machine.there(at, bytes));
            let counted = dropped(machine, record.code);
            let context = [place::REGISTERS, call.result.cast_unsigned()];
            let end = machine.run(program, &context, RECORD_BEGINS)?;
            let passed = end == RunEnd::Stopped;
            let expected = Expected { call, view, known, row: record.event(), made: (&made.prefilter, &made.places) };
            let should = passes_with(self.plan.event(record.code), &mut |atom| expected.answer(atom));
            self.seen.runs += 1;
            self.seen.dropped += usize::from(!passed);
            self.seen.paths += usize::from(expected.asks_path(self.plan.event(record.code)));
            if passed != should || (matched && !passed) {
                return Err(expected.difference(self.plan.event(record.code), matched, passed));
            }
            if dropped(machine, record.code) != counted + u64::from(!passed) {
                return Err("what is kept back is not counted".to_owned());
            }
            result = Some(passed);
        }
        Ok(result.unwrap_or(true))
    }
}

/// The counter of events of a code that were kept back.
fn dropped(machine: &Machine, code: u16) -> u64 {
    let counter = machine.values(DROPPED)[8 * usize::from(code)..].first_chunk();
    counter.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The system call of a record.
fn syscall(event: Delivered<'_>) -> Option<u16> {
    let record = event.record;
    if record.code == code::GENERIC_X {
        let number = record.params.uint(0)? as u16;
        return SYSCALLS.iter().find(|call| call.code == number && call.x86_64.is_some()).map(|call| call.code);
    }
    SYSCALLS.iter().find(|call| call.event == record.code && call.x86_64.is_some()).map(|call| call.code)
}

/// The programs of a filter, to be compared with a plan; `None` if they have nothing to ask.
fn make(
    kernels: &Kernels,
    source: &Filter,
    plan: &Filter,
    row: &'static Event,
    syscall: u16,
) -> Result<Option<Made>, String> {
    let prefilter = Prefilter::new(source, row, Hook::SysExit, syscall);
    if prefilter.is_always() || prefilter.is_never() {
        return Ok(None);
    }
    let tables: Vec<i32> = (TABLES..).zip(prefilter.tables()).map(|(fd, _)| fd).collect();
    let filtering = Filtering {
        filter: &prefilter,
        memory: FILTER_MEMORY,
        dropped: DROPPED,
        tables: &tables,
        bits: Some(BitMaps { told: BITS, known: KNOWN, version: VERSION, words: WORDS as u32 }),
        shadow: None,
    };
    let mut programs = Vec::new();
    for kernel in &kernels.0 {
        let program = program::filtered(kernel, &MAPS, Hook::SysExit, row, syscall, Some(filtering));
        let program = program.map_err(|error| error.to_string())?;
        let mut machine = Machine::new(place::TASK, kernel.cast);
        machine.map(FILTER_MEMORY, vec![0xa5; MEMORY], MEMORY);
        machine.map(DROPPED, vec![0; 8 * EVENT_COUNT], 8);
        for (fd, size) in [(CALLERS, CALLER), (KNOWN, KNOWN_BITS)] {
            machine.map(fd, vec![0; PLACES * size], size);
        }
        machine.map(VERSION, vec![0; 8], 8);
        for (fd, table) in tables.iter().zip(prefilter.tables()) {
            machine.map(*fd, table.bytes().to_vec(), table.bytes().len());
        }
        programs.push((program, machine));
    }
    let places = plan.atoms.iter().enumerate().map(|(at, atom)| (std::ptr::from_ref(atom), at)).collect();
    Ok(Some(Made { prefilter, programs, places }))
}

/// Whether the call would be recorded with the numbers that are asked for.
fn is_so(call: &Call, view: &CaptureView<'_>, row: &Event, filter: &Filter, prefilter: &Prefilter) -> bool {
    let made_here = row.producers.iter().any(|producer| {
        let here = producer.hook == Hook::SysExit && producer.only.is_none_or(|arch| arch == Arch::X86_64);
        here && producer.when.is_none_or(|test| call.returns(test))
    });
    let numbers =
        filter.atoms.iter().enumerate().filter(|(at, _)| prefilter.asks(*at)).filter_map(|(_, atom)| match atom {
            Atom::Number { of, .. } | Atom::Bits { of, .. } => Some(*of),
            _ => None,
        });
    let is_so = |of: Number| {
        let index = match of {
            Number::Result => 0,
            Number::Param(index) => usize::from(index),
            Number::Tid | Number::Pid => return view.number(of).is_some_and(|id| i32::try_from(id).is_ok()),
            Number::Uid | Number::Gid | Number::LoginUid => return view.number(of).is_some(),
        };
        let Some(param) = row.params.get(index) else { return false };
        let beside = param.capture.as_ref().map_or(0, |capture| beside_arguments(capture.convert));
        let known = |number: i128| number & !i128::from(beside);
        let (has, wants) = (call.number(param).map(known), view.number(of).map(known));
        has.is_some() && has == wants
    };
    made_here && numbers.into_iter().all(is_so)
}

/// Whether what is recorded lies in memory in another form if a 32-bit program makes the call.
fn has_words(row: &Event) -> bool {
    row.params.iter().filter_map(|param| param.capture).any(|c| matches!(c.source, CaptureSource::Word { .. }))
}

/// The process of an event, if it can be one.
fn pid(view: &CaptureView<'_>) -> Option<u32> {
    view.number(Number::Pid).and_then(|pid| u32::try_from(pid).ok()).filter(|pid| (1..MOST_PIDS).contains(pid))
}

/// The bits of the image that a program asks for.
fn asked_bits(filter: &Filter, prefilter: &Prefilter) -> Vec<u32> {
    let asked = filter.atoms.iter().enumerate().filter(|(at, _)| prefilter.asks(*at));
    asked.filter_map(|(_, atom)| if let Atom::Image(bit) = atom { Some(*bit) } else { None }).collect()
}

/// The number of the descriptor that the filter may look at, as the call gives it.
fn descriptor(call: &Call, view: &CaptureView<'_>, row: &Event, accepts: bool) -> Option<u32> {
    if accepts {
        return Some(call.result as u32);
    }
    let index = row.fd_param?;
    let param = row.params.get(usize::from(index))?;
    let number = call.number(param).filter(|number| view.number(Number::Param(index)) == Some(*number))?;
    Some(number as u32)
}

/// What a program should answer.
struct Expected<'e> {
    call: &'e Call,
    view: &'e CaptureView<'e>,
    known: Option<Known>,
    row: &'static Event,
    made: (&'e Prefilter, &'e HashMap<*const Atom, usize>),
}

impl Expected<'_> {
    fn answer(&self, atom: &Atom) -> Answer {
        let (prefilter, places) = self.made;
        if !places.get(&std::ptr::from_ref(atom)).is_some_and(|at| prefilter.asks(*at)) {
            return Answer::Unknown;
        }
        let known = self.known.as_ref();
        match atom {
            Atom::Number { .. } | Atom::Bits { .. } => answer(atom, self.view),
            Atom::Text(text) => match text.source {
                Source::Param(index) if self.readable(index) => answer(atom, self.view),
                Source::Param(_) => Answer::Unknown,
                Source::Descriptor => known.map_or(Answer::Unknown, |known| path_answer(text, &known.path)),
            },
            Atom::Kind(set) => known.map_or(Answer::Unknown, |known| among(known.kinds, set.0)),
            Atom::Protocol(set) => known.map_or(Answer::Unknown, |known| among(known.protocols, u32::from(*set))),
            Atom::Address { end, networks } => {
                self.ends(*end, |(address, _)| networks.iter().any(|network| network.contains(address)))
            }
            Atom::Port { end, ranges } => self.ends(*end, |(_, port)| ranges.contains(i128::from(*port))),
            Atom::Image(_) => answer(atom, self.view),
        }
    }

    /// Whether a path is asked for, and known.
    fn asks_path(&self, plan: &EventPlan) -> bool {
        let (EventPlan::Filter(filter), Some(known)) = (plan, &self.known) else { return false };
        let asks = |atom: &Atom| matches!(atom, Atom::Text(Text { source: Source::Descriptor, .. }));
        let asks = filter.atoms.iter().enumerate().any(|(at, atom)| asks(atom) && self.made.0.asks(at));
        asks && !matches!(known.path, Path::Unknown)
    }

    /// What a program should answer and does not, with all that it could know.
    fn difference(&self, plan: &EventPlan, matched: bool, told: bool) -> String {
        let EventPlan::Filter(filter) = plan else { return String::new() };
        let told = if told { "passes" } else { "is kept back" };
        let answers = filter.atoms.iter().map(|atom| {
            let (expected, exactly) = (self.answer(atom), answer(atom, self.view));
            format!("{expected:?} ({exactly:?} of the record): {atom:?}")
        });
        let answers = answers.collect::<Vec<_>>().join("\n");
        format!("it {told}, rules match: {matched}\n{:?}\n{:?}\n{answers}", self.call, self.known)
    }

    /// Whether a program can read the whole of a text.
    fn readable(&self, index: u8) -> bool {
        let Some(capture) = self.row.params.get(usize::from(index)).and_then(|param| param.capture.as_ref()) else {
            return false;
        };
        let CaptureSource::Text { pointer, .. } = capture.source else { return false };
        self.call.holds(capture.when) && self.call.text(pointer).is_some_and(|text| text.len() < LONG_TEXT)
    }

    fn ends(&self, end: End, holds: impl Fn(&objects::Socket) -> bool) -> Answer {
        let Some(Known { ends: Some([local, remote]), mixed, .. }) = &self.known else { return Answer::Unknown };
        let client_is_local = self.row.code == code::CONNECT_X;
        match end {
            End::Either => Answer::from(holds(local) || holds(remote)),
            End::Client | End::Server if *mixed => Answer::Unknown,
            End::Client => Answer::from(holds(if client_is_local { local } else { remote })),
            End::Server => Answer::from(holds(if client_is_local { remote } else { local })),
            End::Local | End::Remote => Answer::Unknown,
        }
    }
}

/// The answer to a question about the path of a descriptor.
fn path_answer(text: &Text, path: &Path) -> Answer {
    match path {
        Path::Unknown => Answer::Unknown,
        // It has another name, which begins with no slash.
        Path::None if text.part == Part::Whole && text.set.begins_with_slash() => Answer::No,
        Path::None => Answer::Unknown,
        Path::Is(path) => text_answer(text, path),
    }
}

/// Whether one of the possible answers is in a set: all of them, none, or some.
fn among(possible: u32, set: u32) -> Answer {
    match (possible & set, possible & !set) {
        (0, _) => Answer::No,
        (_, 0) => Answer::Yes,
        _ => Answer::Unknown,
    }
}
