//! The programs of an event as text, for a kernel of which only the types are there: what [`crate::live`] would load,
//! made without any right and loaded nowhere.
//!
//! What must hold: programs are those that the probe makes, but for the time when the system started, which is 0 here, and
//! the size of a page, which is this system's; maps, of which there are none, go by their names.

use crate::asm::{Names, Program};
use crate::filter::Prefilter;
use crate::filter::bits::{BitMaps, words};
use crate::image::Tasks;
use crate::live::{POINTS, made};
use crate::program::filtering::Filtering;
use crate::program::{self, GenerateError, Kernel, Maps};
use peregrine_compiler::kernel::EventPlan;
use peregrine_schema::Event;
use peregrine_schema::capture::Hook;
use peregrine_schema::syscalls::{SYSCALLS, program_index};
use std::os::fd::RawFd;

/// What runs for an event at one place.
pub struct Listed {
    /// Name of the tracepoint.
    pub point: &'static str,
    /// Name of the system call, at the tracepoint of system calls.
    pub call: Option<&'static str>,
    /// What is loaded.
    pub program: Loads,
}

/// What is loaded for an event at a place.
pub enum Loads {
    /// Nothing: the filter passes no event here.
    Nothing,
    /// A program, as text.
    Program {
        /// The listing.
        listing: String,
        /// Why it has no filter though there is a plan; `None` if it has, or if the plan passes everything.
        unfiltered: Option<GenerateError>,
    },
    /// Nothing, since no program can be generated.
    Refused(GenerateError),
}

/// Made-up descriptors of maps.
const SCRATCH: RawFd = 0;
const RINGS: RawFd = 1;
const LOSSES: RawFd = 2;
const TASKS: RawFd = 3;
const IMAGES: RawFd = 4;
const MEMORY: RawFd = 5;
const DROPPED: RawFd = 6;
const TOLD: RawFd = 7;
const KNOWN: RawFd = 8;
const VERSION: RawFd = 9;
const CALLERS: RawFd = 10;
/// The first of the tables of texts.
const TABLES: RawFd = 11;
/// The names of all before them.
const NAMES: [&str; TABLES as usize] =
    ["scratch", "rings", "losses", "tasks", "images", "filter", "dropped", "told", "known", "version", "callers"];

/// The programs of an event by its plan, of so many conditions on images, at each place where it is made.
pub fn programs(kernel: &Kernel, event: &'static Event, plan: &EventPlan, conditions: usize) -> Vec<Listed> {
    let calls = SYSCALLS.iter().filter(|call| {
        call.event == event.code && program_index(call, kernel.arch).is_some() && made(event, Hook::SysExit, kernel)
    });
    let points = POINTS.iter().filter(|(hook, _)| made(event, *hook, kernel));
    let calls = calls.map(|call| (Hook::SysExit, "sys_exit", Some(call.name), call.code));
    let places = calls.chain(points.map(|(hook, point)| (*hook, *point, None, 0)));
    let listed = |(hook, point, call, syscall)| {
        let program = loads(kernel, event, (plan, conditions), hook, syscall);
        Listed { point, call, program }
    };
    if matches!(plan, EventPlan::Never) { Vec::new() } else { places.map(listed).collect() }
}

fn loads(
    kernel: &Kernel,
    event: &'static Event,
    (plan, conditions): (&EventPlan, usize),
    hook: Hook,
    syscall: u16,
) -> Loads {
    let mut unfiltered = None;
    if let EventPlan::Filter(filter) = plan {
        let filter = Prefilter::new(filter, event, hook, syscall);
        if filter.is_never() {
            return Loads::Nothing;
        }
        if !filter.is_always() {
            let tables: Vec<RawFd> = (TABLES..).take(filter.tables().count()).collect();
            let bits = BitMaps { told: TOLD, known: KNOWN, version: VERSION, words: words(conditions) };
            let (memory, dropped, bits, shadow) = (MEMORY, DROPPED, Some(bits), None);
            let filtering = Filtering { filter: &filter, memory, dropped, tables: &tables, bits, shadow };
            match program::filtered(kernel, &maps(kernel), hook, event, syscall, Some(filtering)) {
                Ok(program) => return Loads::Program { listing: text(kernel, &program), unfiltered: None },
                Err(error) => unfiltered = Some(error),
            }
        }
    }
    match program::event(kernel, &maps(kernel), hook, event, syscall) {
        Ok(program) => Loads::Program { listing: text(kernel, &program), unfiltered },
        Err(error) => Loads::Refused(error),
    }
}

fn maps(kernel: &Kernel) -> Maps {
    let tasks = if kernel.typed { Tasks::Storage(TASKS) } else { Tasks::Hash(TASKS) };
    Maps { scratch: SCRATCH, rings: RINGS, losses: LOSSES, tasks, images: IMAGES, callers: CALLERS }
}

fn text(kernel: &Kernel, program: &Program) -> String {
    let map = |fd: RawFd| {
        let name = usize::try_from(fd).ok().and_then(|fd| NAMES.get(fd));
        name.map_or_else(|| format!("texts {}", fd - TABLES), |name| (*name).to_owned())
    };
    let function = |id| kernel.btf.name(id).unwrap_or("kernel").to_owned();
    program.listing(Names { map: &map, function: &function }).to_string()
}
