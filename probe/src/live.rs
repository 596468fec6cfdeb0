//! The probe at work: programs loaded and attached, one ring per CPU, losses counted.
//!
//! ```text
//! Probe::load ─► programs in an array by number of system call, tracepoints ─► Probe::attach ─► events in the rings
//! ```
//!
//! Events are recorded that are wanted in any case, and those that the kernel plan passes; what it drops is counted
//! ([`Probe::dropped`]). A filter that the kernel refuses is left out: all events of that call are recorded, and
//! [`Probe::unfiltered`] says so, loudly enough for whoever prints it.
//!
//! What must hold: before [`Probe::attach`] nothing of it runs; after [`Probe::detach`] nothing either, and what the
//! rings hold can still be read. An event whose program the kernel refuses is named in [`Probe::refused`]; all others
//! are there. Every event that was made and not sent is counted.

mod cpus;

pub use cpus::online_cpus;

use crate::btf::{Btf, BtfError, Kind};
use crate::clock::Clock;
use crate::features::lift_memlock;
use crate::filter::bits::TaskBits;
use crate::filter::maps::FilterMaps;
use crate::filter::{self, Prefilter};
use crate::image::{Images, Keep, counter};
use crate::program::{self, Filtering, GenerateError, Kernel, Loss, Maps, WantedCalls, layout};
use crate::ring::{Ring, RingError};
use crate::sys::map::{MapSpec, MapType, clear_program, set_program};
use crate::sys::program::{Link, LoadError, LoadSpec, Loaded, ProgramInfo, Tracepoint, load};
use aya::maps::{Map, MapData, MapError, PerCpuArray};
use cpus::rings;
use peregrine_compiler::ir::RuleId;
use peregrine_compiler::kernel::{Atom, EventPlan, Filter, KernelPlan};
use peregrine_schema::capture::Hook;
use peregrine_schema::events::code;
use peregrine_schema::syscalls::{SYSCALLS, program_index};
use peregrine_schema::{EVENT_COUNT, EVENTS, Event};
use std::collections::BTreeSet;
use std::io;
use std::num::NonZero;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use thiserror::Error;

/// Why there is no probe.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// The kernel's types cannot be read.
    #[error("the kernel's types: {0}")]
    Types(#[from] BtfError),
    /// The kernel has no such tracepoint.
    #[error("this kernel has no tracepoint {0}")]
    NoTracepoint(&'static str),
    /// A map cannot be made or written.
    #[error("map `{name}`: {error}")]
    Map {
        /// Which.
        name: &'static str,
        /// Why.
        error: io::Error,
    },
    /// A ring cannot be made.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The program that finds the others cannot be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The kernel does not take it.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A program cannot be attached.
    #[error("{point} cannot be attached to: {error}")]
    Attach {
        /// The tracepoint.
        point: &'static str,
        /// Why.
        error: io::Error,
    },
    /// The CPUs of this machine are not known.
    #[error("the CPUs of this machine: {0}")]
    Cpus(io::Error),
    /// Losses cannot be read.
    #[error("losses: {0}")]
    Losses(#[from] MapError),
}

/// How the probe is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of each CPU's ring: a power of two, whole pages.
    pub ring_bytes: u32,
    /// The descriptors that an event names are resolved in the kernel and lie behind the event.
    pub descriptors: bool,
    /// Where images are kept; `None`: in task storage, or in a hash where the kernel has none.
    pub keep: Option<Keep>,
    /// One of so many events that a filter would drop is sent, marked, to check the filter.
    pub shadow: Option<u32>,
}

impl Default for Options {
    /// 8 MiB for each CPU, as Falco's.
    fn default() -> Options {
        Options { ring_bytes: 8 << 20, descriptors: false, keep: None, shadow: None }
    }
}

/// An event that is not recorded, and why.
#[derive(Debug)]
pub struct Refused {
    /// The event's row.
    pub event: &'static Event,
    /// Why.
    pub reason: Refusal,
}

/// An event whose filter the kernel does not take: all of them are recorded.
#[derive(Debug)]
pub struct Unfiltered {
    /// The event's row.
    pub event: &'static Event,
    /// Number in captures of the system call; 0 at other tracepoints.
    pub syscall: u16,
    /// Why.
    pub reason: Refusal,
    /// The rules that want some of these events.
    pub rules: Vec<RuleId>,
}

/// Why the program of an event is missing.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the errors say it")]
pub enum Refusal {
    #[error(transparent)]
    Generate(#[from] GenerateError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("maps of the filter: {0}")]
    Map(io::Error),
}

/// Tracepoints beside `sys_exit`.
pub(crate) const POINTS: [(Hook, &str); 7] = [
    (Hook::SchedProcessExec, "sched_process_exec"),
    (Hook::SchedProcessFork, "sched_process_fork"),
    (Hook::SchedProcessExit, "sched_process_exit"),
    (Hook::SchedSwitch, "sched_switch"),
    (Hook::SignalDeliver, "signal_deliver"),
    (Hook::PageFaultUser, "page_fault_user"),
    (Hook::PageFaultKernel, "page_fault_kernel"),
];

/// One more than the highest index of the program of a system call.
const CALLS: u32 = 1024;

/// Events made and not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// By cause and event code, where not 0.
    pub counted: Vec<(Loss, u16, u64)>,
    /// Runs of programs that the kernel left out because one was running on the CPU (`recursion_misses`).
    pub skipped: u64,
    /// Images that the kernel had no memory to keep: records of those processes have the image given at first sight.
    /// No event is lost by it, and so it is not in the total.
    pub images: u64,
}

impl Losses {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.skipped + self.counted.iter().map(|(_, _, count)| count).sum::<u64>()
    }
}

/// A program at a tracepoint.
struct Attachable {
    point: &'static str,
    event: Option<&'static Event>,
    /// The filter in it, if it was asked for and taken.
    filter: Option<Filter>,
    program: Loaded,
    link: Option<Link>,
}

impl Attachable {
    fn attach(&mut self) -> Result<(), ProbeError> {
        let link = self.program.attach().map_err(|error| ProbeError::Attach { point: self.point, error })?;
        self.link = Some(link);
        Ok(())
    }

    /// Runs that the kernel left out.
    fn skipped(&self) -> Result<u64, ProbeError> {
        let info = self.program.info().map_err(|error| ProbeError::Map { name: "programs", error })?;
        Ok(info.recursion_misses)
    }
}

/// Whether a program with this filter, or none, does what is asked for now. Bits of images have other numbers in each
/// plan.
fn fits(before: Option<&Filter>, treatment: &Treatment<'_>) -> bool {
    match treatment {
        Treatment::Ignored => false,
        Treatment::Recorded => before.is_none(),
        Treatment::Filtered(filter) => {
            let of_image = |atom: &Atom| matches!(atom, Atom::Image(_));
            before == Some(*filter) && !filter.atoms.iter().any(of_image)
        }
    }
}

/// The program of a system call.
struct Call {
    event: &'static Event,
    /// Where it stands among the programs.
    number: u16,
    /// The filter in it, if it was asked for and taken.
    filter: Option<Filter>,
    program: Loaded,
}

/// The probe.
pub struct Probe {
    rings: Vec<Ring>,
    /// The CPU of each ring.
    ring_cpus: Vec<u32>,
    losses: PerCpuArray<MapData, u64>,
    counters: PerCpuArray<MapData, u64>,
    making: Making,
    /// Programs of system calls, by number.
    calls: MapData,
    /// Those that lead to one of them.
    wanted_calls: WantedCalls,
    held: Vec<Call>,
    /// Programs that keep images: at a tracepoint they must run before those that make events.
    keepers: Vec<Attachable>,
    /// Those of other tracepoints than that of system calls.
    points: Vec<Attachable>,
    /// The one that finds the programs of system calls, while there are any.
    dispatcher: Option<Attachable>,
    attached: bool,
    /// Codes of the events that there is or was a program for, and the one under which other calls are counted.
    codes: BTreeSet<u16>,
    /// [`Losses::skipped`] of programs that are gone.
    skipped: u64,
}

impl Probe {
    /// Makes and loads the programs of the event types that are wanted whatever rules say, and of those that the plan
    /// passes some or all of.
    ///
    /// # Errors
    ///
    /// Without the rights (CAP_BPF and CAP_PERFMON), without the kernel's types, or without memory.
    pub fn load(
        wanted: impl Fn(u16) -> bool,
        plan: Option<&KernelPlan>,
        options: Options,
    ) -> Result<Probe, ProbeError> {
        // Where maps count against the limit (before Linux 5.11); what makes them tells if that was not permitted.
        let _ = lift_memlock();
        let mut kernel = Kernel::new(Btf::vmlinux()?, Clock::new().boot_time);
        kernel.capturing.descriptors = options.descriptors;
        let map = |name: &'static str| move |error| ProbeError::Map { name, error };
        let cpus = aya::util::nr_cpus().map_err(|(_, error)| ProbeError::Cpus(error))? as u32;
        let ring_cpus = online_cpus().map_err(ProbeError::Cpus)?;
        let scratch = scratch(cpus)?;
        let counters = (Loss::COUNT * EVENT_COUNT) as u32;
        let losses = MapSpec::new("losses", MapType::PercpuArray, 4, 8, counters).create_fd().map_err(map("losses"))?;
        let (rings, outer) = rings(cpus, &ring_cpus, options.ring_bytes)?;
        let images = images(&kernel, options.keep).map_err(map("tasks"))?;
        let maps = Maps {
            scratch: scratch.as_raw_fd(),
            rings: outer.as_raw_fd(),
            losses: losses.as_raw_fd(),
            tasks: images.tasks(),
            images: images.counters().as_raw_fd(),
            callers: images.callers().as_raw_fd(),
        };
        let counters = images.counters().try_clone().map_err(map("images"))?;
        let counters = PerCpuArray::try_from(Map::PerCpuArray(MapData::from_fd(counters)?))?;
        let calls = MapSpec::programs("calls", CALLS).create()?;
        let wanted_calls = WantedCalls::create().map_err(map("wanted"))?;
        let (filters, held) = (FilterMaps::new()?, (scratch, outer, images));
        let shadow = options.shadow.filter(|share| *share > 0);
        let (refused, unfiltered) = (Vec::new(), Vec::new());
        let making = Making { kernel, maps, filters, shadow, refused, unfiltered, cpus, _held: held };
        let losses = PerCpuArray::try_from(Map::PerCpuArray(MapData::from_fd(losses)?))?;
        let keepers = making.keepers()?;
        let (held, points, dispatcher) = (Vec::new(), Vec::new(), None);
        let (attached, codes, skipped) = (false, BTreeSet::from([code::GENERIC_X]), 0);
        let mut probe = Probe {
            rings,
            ring_cpus,
            losses,
            counters,
            making,
            calls,
            wanted_calls,
            held,
            keepers,
            points,
            dispatcher,
            attached,
            codes,
            skipped,
        };
        probe.replan(wanted, plan)?;
        Ok(probe)
    }

    /// Puts programs made for another plan in place of those there are, while they run. Each system call sees the old
    /// program or the new one; at another tracepoint whose filter changes the two overlap, and an event of that moment
    /// may come twice. [`Probe::refused`], [`Probe::unfiltered`] and [`Probe::task_bits`] are those of the new plan.
    ///
    /// # Errors
    ///
    /// As the kernel gives them; then some programs are new and others old.
    pub fn replan(&mut self, wanted: impl Fn(u16) -> bool, plan: Option<&KernelPlan>) -> Result<(), ProbeError> {
        self.making.refused.clear();
        self.making.unfiltered.clear();
        let bits = |error| ProbeError::Map { name: "bits", error };
        self.making.filters.begin(plan.map_or(0, |plan| plan.image.len())).map_err(bits)?;
        let treat = |code| treatment(code, &wanted, plan);
        // The old programs are kept until the new ones are in place.
        let mut before = std::mem::take(&mut self.held);
        let made = self.making.calls(&treat, &self.calls, &mut before, &mut self.held);
        self.codes.extend(self.held.iter().map(|call| call.event.code));
        if let Err(error) = made {
            // Those that were not reached are still in their places.
            self.held.append(&mut before);
            return Err(error);
        }
        drop(before);
        let has_program = |index| self.held.iter().any(|call| call.number == index);
        let unwritten = |error| ProbeError::Map { name: "wanted", error };
        self.wanted_calls.set(self.making.kernel.arch, has_program).map_err(unwritten)?;
        self.replan_dispatcher()?;
        self.replan_points(&treat)?;
        self.codes.extend(self.points.iter().filter_map(|one| one.event).map(|event| event.code));
        Ok(())
    }

    /// Without a program for any system call there is nothing to be found, and no call should pay for it.
    fn replan_dispatcher(&mut self) -> Result<(), ProbeError> {
        if self.held.is_empty() {
            let before = self.dispatcher.take();
            self.skipped += before.map_or(Ok(0), |one| one.skipped())?;
        } else if self.dispatcher.is_none() {
            let Making { kernel, maps, .. } = &self.making;
            let program = program::dispatcher(kernel, maps, self.calls.fd().as_fd().as_raw_fd(), &self.wanted_calls)?;
            let program = load(&program, &LoadSpec::new(tracepoint(kernel, "sys_exit")?))?;
            let mut one = Attachable { point: "sys_exit", event: None, filter: None, program, link: None };
            if self.attached {
                one.attach()?;
            }
            self.dispatcher = Some(one);
        }
        Ok(())
    }

    fn replan_points<'p>(&mut self, treat: &impl Fn(u16) -> Treatment<'p>) -> Result<(), ProbeError> {
        let fits = |one: &Attachable| one.event.is_some_and(|event| fits(one.filter.as_ref(), &treat(event.code)));
        let (mut points, before): (Vec<_>, Vec<_>) = std::mem::take(&mut self.points).into_iter().partition(fits);
        let attached = self.attached;
        let made = self.making.points(treat, &points).and_then(|mut made| {
            made.iter_mut().filter(|_| attached).try_for_each(Attachable::attach)?;
            Ok(made)
        });
        match made {
            Ok(made) => points.extend(made),
            Err(e) => {
                points.extend(before);
                self.points = points;
                return Err(e);
            }
        }
        self.points = points;
        self.skipped += before.iter().try_fold(0, |sum, one| Ok::<_, ProbeError>(sum + one.skipped()?))?;
        Ok(())
    }

    /// What takes the answers to [`KernelPlan::image`]; `None` if no filter of the plan asks for any. It is of the plan
    /// that the probe has now: an older one's no longer reaches any program.
    pub fn task_bits(&self) -> Option<TaskBits> {
        self.making.filters.bits().cloned()
    }

    /// Event types that are not recorded although they were wanted.
    pub fn refused(&self) -> &[Refused] {
        &self.making.refused
    }

    /// Filters that the kernel does not take. To be printed: these events cost as if there were no filters.
    pub fn unfiltered(&self) -> &[Unfiltered] {
        &self.making.unfiltered
    }

    /// The programs, with what the kernel tells about each. System calls have their times in common, those of
    /// `sys_exit`, which has no event and is the last; those that keep images have none either.
    pub fn programs(&self) -> impl Iterator<Item = (Option<&'static Event>, ProgramInfo)> {
        let calls = self.held.iter().map(|call| (Some(call.event), &call.program));
        let points = self.attachable().map(|one| (one.event, &one.program));
        calls.chain(points).map(|(event, program)| (event, program.info().unwrap_or_default()))
    }

    /// Events that filters dropped since the probe was loaded, by code, where not 0.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn dropped(&self) -> Result<Vec<(u16, u64)>, ProbeError> {
        Ok(self.making.filters.dropped()?)
    }

    /// Begins to record.
    ///
    /// # Errors
    ///
    /// As the kernel gives them; what was attached before is detached when the probe goes.
    pub fn attach(&mut self) -> Result<(), ProbeError> {
        self.attached = true;
        self.attachable_mut().try_for_each(Attachable::attach)
    }

    /// Ends recording.
    pub fn detach(&mut self) {
        self.attached = false;
        // What makes events goes before what keeps images: else the last would begin images that have no number of their own.
        self.attachable_mut().rev().for_each(|one| one.link = None);
    }

    fn attachable(&self) -> impl Iterator<Item = &Attachable> {
        self.keepers.iter().chain(&self.points).chain(&self.dispatcher)
    }

    /// In the order in which they must be attached.
    fn attachable_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Attachable> {
        self.keepers.iter_mut().chain(&mut self.points).chain(&mut self.dispatcher)
    }

    /// The clock of the records.
    pub fn clock(&self) -> Clock {
        Clock { boot_time: self.making.kernel.boot_time }
    }

    /// The CPU of each ring: those that were online when the probe was loaded. Others that come share a ring with one of
    /// them.
    pub fn ring_cpus(&self) -> &[u32] {
        &self.ring_cpus
    }

    /// The rings, by [`Probe::ring_cpus`]; none once they are taken.
    pub fn rings(&mut self) -> &mut [Ring] {
        &mut self.rings
    }

    /// Gives the rings away, by [`Probe::ring_cpus`], so that each can be read by a thread of its own. What they hold can be read after
    /// the probe is gone, too.
    pub fn take_rings(&mut self) -> Vec<Ring> {
        std::mem::take(&mut self.rings)
    }

    /// Events lost since the probe was loaded.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn losses(&self) -> Result<Losses, ProbeError> {
        let mut losses = Losses::default();
        for cause in Loss::ALL {
            for code in self.codes.iter().copied() {
                let count: u64 = self.losses.get(&cause.counter(code), 0)?.iter().sum();
                if count > 0 {
                    losses.counted.push((cause, code, count));
                }
            }
        }
        losses.images = self.counters.get(&counter::LOST, 0)?.iter().sum();
        losses.skipped = self.skipped;
        for one in self.attachable() {
            losses.skipped += one.skipped()?;
        }
        Ok(losses)
    }
}

/// Where images are kept: as asked, or as this kernel can.
fn images(kernel: &Kernel, keep: Option<Keep>) -> io::Result<Images> {
    match keep {
        Some(keep) => Images::create(keep),
        // Tasks that have a type can be given to the helper.
        None if kernel.typed => Images::create(Keep::Storage).or_else(|_| Images::create(Keep::Hash)),
        None => Images::create(Keep::Hash),
    }
}

fn tracepoint(kernel: &Kernel, point: &'static str) -> Result<Tracepoint, ProbeError> {
    if !kernel.typed {
        return Ok(Tracepoint::Raw(point.to_owned()));
    }
    let id = kernel.btf.id(Kind::Typedef, &format!("btf_trace_{point}"));
    id.map(Tracepoint::Typed).ok_or(ProbeError::NoTracepoint(point))
}

/// Memory in which records are put together.
fn scratch(cpus: u32) -> Result<OwnedFd, ProbeError> {
    let spec = MapSpec::new("scratch", MapType::Array, 4, layout::SCRATCH as u32, cpus);
    spec.create_fd().map_err(|error| ProbeError::Map { name: "scratch", error })
}

/// What becomes of the events of a type.
enum Treatment<'p> {
    /// They are not recorded.
    Ignored,
    /// All are recorded.
    Recorded,
    /// Those are that pass.
    Filtered(&'p Filter),
}

fn treatment<'p>(code: u16, wanted: &impl Fn(u16) -> bool, plan: Option<&'p KernelPlan>) -> Treatment<'p> {
    match plan.map(|plan| plan.event(code)) {
        _ if wanted(code) => Treatment::Recorded,
        None | Some(EventPlan::Never) => Treatment::Ignored,
        Some(EventPlan::Always { .. }) => Treatment::Recorded,
        Some(EventPlan::Filter(filter)) => Treatment::Filtered(filter),
    }
}

/// Makes programs.
struct Making {
    kernel: Kernel,
    maps: Maps,
    filters: FilterMaps,
    shadow: Option<u32>,
    refused: Vec<Refused>,
    unfiltered: Vec<Unfiltered>,
    cpus: u32,
    /// Kept: programs name them.
    _held: (OwnedFd, OwnedFd, Images),
}

impl Making {
    /// Those of system calls, put into the array by number. Those of before that do what is asked for stay.
    fn calls<'p>(
        &mut self,
        treat: &impl Fn(u16) -> Treatment<'p>,
        array: &MapData,
        before: &mut Vec<Call>,
        held: &mut Vec<Call>,
    ) -> Result<(), ProbeError> {
        let calls = |error| ProbeError::Map { name: "calls", error };
        let point = tracepoint(&self.kernel, "sys_exit")?;
        let (mut numbers, mut jobs) = (Vec::new(), Vec::new());
        for call in &SYSCALLS {
            let Some(number) = program_index(call, self.kernel.arch) else { continue };
            let event = &EVENTS[usize::from(call.event)];
            if !made(event, Hook::SysExit, &self.kernel) {
                continue;
            }
            let treatment = treat(event.code);
            let fits = |one: &Call| one.number == number && fits(one.filter.as_ref(), &treatment);
            if let Some(at) = before.iter().position(fits) {
                held.push(before.swap_remove(at));
                continue;
            }
            match self.job(Hook::SysExit, event, call.code, &point, &treatment) {
                Some(job) => {
                    numbers.push(number);
                    jobs.push(job);
                }
                None => {
                    clear_program(array, u32::from(number)).map_err(calls)?;
                }
            }
        }
        for ((number, event), made) in numbers.into_iter().zip(jobs.iter().map(|job| job.event)).zip(self.made(&jobs)) {
            match made {
                Some((program, filter)) => {
                    set_program(array, u32::from(number), program.as_fd()).map_err(calls)?;
                    held.push(Call { event, number, filter, program });
                }
                None => {
                    clear_program(array, u32::from(number)).map_err(calls)?;
                }
            }
        }
        Ok(())
    }

    /// Those of other tracepoints, but for those that are there.
    ///
    /// Each has memory of its own, which the kernel keeps as long as the program. A program never runs twice at a time on a
    /// CPU, but programs of different tracepoints do: in an interrupt, and from Linux 7.2 on, where programs are preempted,
    /// in another task.
    fn points<'p>(
        &mut self,
        treat: &impl Fn(u16) -> Treatment<'p>,
        there: &[Attachable],
    ) -> Result<Vec<Attachable>, ProbeError> {
        let (mut points, mut jobs, mut memories) = (Vec::new(), Vec::new(), Vec::new());
        for (hook, point) in POINTS {
            for event in &EVENTS {
                let treatment = treat(event.code);
                let is_there =
                    there.iter().any(|one| (one.point, one.event.map(|e| e.code)) == (point, Some(event.code)));
                if is_there || matches!(treatment, Treatment::Ignored) || !made(event, hook, &self.kernel) {
                    continue;
                }
                let tracepoint = tracepoint(&self.kernel, point)?;
                if let Some(mut job) = self.job(hook, event, 0, &tracepoint, &treatment) {
                    let (scratch, memory) = (scratch(self.cpus)?, filter::maps::memory()?);
                    (job.maps.scratch, job.memory) = (scratch.as_raw_fd(), Some(memory.as_raw_fd()));
                    memories.push((scratch, memory));
                    points.push((point, event));
                    jobs.push(job);
                }
            }
        }
        let made = points.into_iter().zip(self.made(&jobs));
        let attachable = |((point, event), made): (_, Option<(Loaded, Option<Filter>)>)| {
            made.map(|(program, filter)| Attachable { point, event: Some(event), filter, program, link: None })
        };
        Ok(made.filter_map(attachable).collect())
    }

    /// Those that keep images.
    fn keepers(&self) -> Result<Vec<Attachable>, ProbeError> {
        let mut attachable = Vec::new();
        for (point, program) in program::keepers(&self.kernel, &self.maps)? {
            let program = load(&program, &LoadSpec::new(tracepoint(&self.kernel, point)?))?;
            attachable.push(Attachable { point, event: None, filter: None, program, link: None });
        }
        Ok(attachable)
    }

    /// What is to be made; `None` if there is nothing to record.
    fn job<'p>(
        &mut self,
        hook: Hook,
        event: &'static Event,
        syscall: u16,
        point: &Tracepoint,
        treatment: &Treatment<'p>,
    ) -> Option<Job<'p>> {
        let (mut plan, mut asks) = (None, None);
        match treatment {
            Treatment::Ignored => return None,
            Treatment::Recorded => {}
            Treatment::Filtered(of) => {
                let filter = Prefilter::new(of, event, hook, syscall);
                if filter.is_never() {
                    return None;
                }
                plan = Some(*of);
                if !filter.is_always() {
                    let tables = self.filters.tables(&filter);
                    asks = Some((filter, tables));
                }
            }
        }
        Some(Job { hook, event, syscall, point: point.clone(), plan, asks, maps: self.maps, memory: None })
    }

    /// The programs of jobs with the filters in them, in their order; what is refused is noted. They are loaded on all
    /// CPUs: the verifier takes nearly all of the time.
    fn made(&mut self, jobs: &[Job<'_>]) -> Vec<Option<(Loaded, Option<Filter>)>> {
        let made = in_parallel(jobs, |job| self.make(job));
        let note = |(job, (program, unfiltered)): (&Job<'_>, Made)| {
            let Job { event, syscall, .. } = *job;
            let filter = job.plan.filter(|_| unfiltered.is_none()).cloned();
            if let (Some(reason), Some(plan)) = (unfiltered, job.plan) {
                self.unfiltered.push(Unfiltered { event, syscall, reason, rules: plan.rules.clone() });
            }
            match program {
                Ok(program) => Some((program, filter)),
                Err(reason) => {
                    self.refused.push(Refused { event, reason });
                    None
                }
            }
        };
        jobs.iter().zip(made).map(note).collect()
    }

    /// A program, without its filter if the kernel does not take it.
    fn make(&self, job: &Job<'_>) -> Made {
        let mut unfiltered = None;
        if let Some((filter, tables)) = &job.asks {
            match self.filtered(job, filter, tables) {
                Ok(program) => return (Ok(program), None),
                Err(reason) => unfiltered = Some(reason),
            }
        }
        (self.load(job, None), unfiltered)
    }

    fn filtered(&self, job: &Job<'_>, filter: &Prefilter, tables: &io::Result<Vec<RawFd>>) -> Result<Loaded, Refusal> {
        let copy = |error: &io::Error| Refusal::Map(io::Error::new(error.kind(), error.to_string()));
        let filtering = self.filters.filtering(filter, tables.as_ref().map_err(copy)?, self.shadow);
        let memory = job.memory.unwrap_or(filtering.memory);
        self.load(job, Some(Filtering { memory, ..filtering }))
    }

    fn load(&self, job: &Job<'_>, filtering: Option<Filtering<'_>>) -> Result<Loaded, Refusal> {
        let program = program::filtered(&self.kernel, &job.maps, job.hook, job.event, job.syscall, filtering)?;
        Ok(load(&program, &LoadSpec::new(job.point.clone()))?)
    }
}

/// A program to be made.
struct Job<'p> {
    hook: Hook,
    event: &'static Event,
    /// Number in captures of the system call.
    syscall: u16,
    point: Tracepoint,
    /// What is to pass, if not everything.
    plan: Option<&'p Filter>,
    /// What of that a program can ask, if it can at all, and the maps of the tables.
    asks: Option<(Prefilter, io::Result<Vec<RawFd>>)>,
    maps: Maps,
    /// Memory of the filter, if not that of the programs of system calls.
    memory: Option<RawFd>,
}

/// A program, and why it has no filter though it should.
type Made = (Result<Loaded, Refusal>, Option<Refusal>);

/// Does the work for each, on as many threads as there are CPUs; what came of it in the order of the jobs.
fn in_parallel<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    if jobs.len() < 2 {
        return jobs.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else { return done };
            done.push((at, work(job)));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(jobs.len());
    let mut done = std::thread::scope(|scope| {
        // Where no thread can be had, this one does it all.
        let others: Vec<_> =
            (1..threads).map_while(|_| std::thread::Builder::new().spawn_scoped(scope, worker).ok()).collect();
        let mut done = worker();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Whether the event is made at a hook on this architecture.
pub(crate) fn made(event: &Event, hook: Hook, kernel: &Kernel) -> bool {
    event.producers.iter().any(|p| p.hook == hook && p.only.is_none_or(|arch| arch == kernel.arch))
}

#[cfg(test)]
mod tests {
    use super::in_parallel;

    #[test]
    fn what_came_of_jobs_is_in_their_order() {
        for count in [0, 1, 2, 500] {
            let jobs: Vec<u64> = (0..count).collect();
            // The first take longest.
            let work = |job: &u64| {
                std::thread::sleep(std::time::Duration::from_micros(500 - *job));
                job * 3
            };
            assert_eq!(in_parallel(&jobs, work), jobs.iter().map(|job| job * 3).collect::<Vec<_>>());
        }
    }
}
