//! The probe at work: programs loaded and attached, one ring per CPU, losses counted.
//!
//! ```text
//! Probe::load ─► programs in an array by number of system call, tracepoints ─► Probe::attach ─► events in the rings
//! ```
//!
//! What must hold: before [`Probe::attach`] nothing of it runs; after [`Probe::detach`] nothing either, and what the
//! rings hold can still be read. An event whose program the kernel refuses is named in [`Probe::refused`]; all others
//! are there. Every event that was made and not sent is counted.

use crate::btf::{Btf, BtfError, Kind};
use crate::features::lift_memlock;
use crate::image::{Images, Keep, counter};
use crate::program::{self, GenerateError, Kernel, Loss, Maps, layout};
use crate::ring::{Ring, RingError};
use crate::sys::map::{MapSpec, MapType, set_map, set_program};
use crate::sys::program::{Link, LoadError, LoadSpec, Loaded, Tracepoint, load};
use aya::maps::{Map, MapData, MapError, PerCpuArray};
use peregrine_schema::capture::Hook;
use peregrine_schema::syscalls::SYSCALLS;
use peregrine_schema::{EVENT_COUNT, EVENTS, Event};
use rustix::time::{ClockId, clock_gettime};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
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
    /// The descriptor that an event works on is resolved in the kernel and lies behind the event.
    pub descriptors: bool,
    /// Where images are kept; `None`: in task storage, or in a hash where the kernel has none.
    pub keep: Option<Keep>,
}

impl Default for Options {
    /// 8 MiB for each CPU, as Falco's.
    fn default() -> Options {
        Options { ring_bytes: 8 << 20, descriptors: false, keep: None }
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

/// Why the program of an event is missing.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the errors say it")]
pub enum Refusal {
    #[error(transparent)]
    Generate(#[from] GenerateError),
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Tracepoints beside `sys_exit`.
const POINTS: [(Hook, &str); 7] = [
    (Hook::SchedProcessExec, "sched_process_exec"),
    (Hook::SchedProcessFork, "sched_process_fork"),
    (Hook::SchedProcessExit, "sched_process_exit"),
    (Hook::SchedSwitch, "sched_switch"),
    (Hook::SignalDeliver, "signal_deliver"),
    (Hook::PageFaultUser, "page_fault_user"),
    (Hook::PageFaultKernel, "page_fault_kernel"),
];

/// One more than the highest number of a system call that has a program.
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

struct Attachable {
    point: &'static str,
    program: Loaded,
    link: Option<Link>,
}

/// The probe.
pub struct Probe {
    rings: Vec<Ring>,
    losses: PerCpuArray<MapData, u64>,
    counters: PerCpuArray<MapData, u64>,
    /// Kept: programs name them.
    _held: (OwnedFd, OwnedFd, MapData, Vec<Loaded>, Images),
    attachable: Vec<Attachable>,
    refused: Vec<Refused>,
    boot_time: u64,
}

impl Probe {
    /// Makes and loads the programs of the event types that are wanted.
    ///
    /// # Errors
    ///
    /// Without the rights (CAP_BPF and CAP_PERFMON), without the kernel's types, or without memory.
    pub fn load(wanted: impl Fn(u16) -> bool, options: Options) -> Result<Probe, ProbeError> {
        // Where maps count against the limit (before Linux 5.11); what makes them tells if that was not permitted.
        let _ = lift_memlock();
        let boot_time = boot_time();
        let mut kernel = Kernel::new(Btf::vmlinux()?, boot_time);
        kernel.capturing.descriptors = options.descriptors;
        let map = |name: &'static str| move |error| ProbeError::Map { name, error };
        let cpus = aya::util::nr_cpus().map_err(|(_, error)| ProbeError::Cpus(error))? as u32;
        let scratch = MapSpec::new("scratch", MapType::Array, 4, layout::SCRATCH as u32, cpus);
        let scratch = scratch.create_fd().map_err(map("scratch"))?;
        let counters = (Loss::COUNT * EVENT_COUNT) as u32;
        let losses = MapSpec::new("losses", MapType::PercpuArray, 4, 8, counters).create_fd().map_err(map("losses"))?;
        let (rings, outer) = rings(cpus, options.ring_bytes)?;
        let images = images(&kernel, options.keep).map_err(map("tasks"))?;
        let maps = Maps {
            scratch: scratch.as_raw_fd(),
            rings: outer.as_raw_fd(),
            losses: losses.as_raw_fd(),
            tasks: images.tasks(),
            images: images.counters().as_raw_fd(),
        };
        let calls = MapSpec::programs("calls", CALLS).create()?;
        let mut making = Making { kernel: &kernel, maps: &maps, refused: Vec::new() };
        let held = making.calls(&wanted, &calls)?;
        // First those that keep images: at a tracepoint they must run before those that make events.
        let mut attachable = making.keepers()?;
        attachable.extend(making.points(&wanted)?);
        if !held.is_empty() {
            let program = program::dispatcher(&kernel, &maps, calls.fd().as_fd().as_raw_fd())?;
            let program = load(&program, &LoadSpec::new(tracepoint(&kernel, "sys_exit")?))?;
            attachable.push(Attachable { point: "sys_exit", program, link: None });
        }
        let refused = making.refused;
        let losses = PerCpuArray::try_from(Map::PerCpuArray(MapData::from_fd(losses)?))?;
        let counters = images.counters().try_clone().map_err(map("images"))?;
        let counters = PerCpuArray::try_from(Map::PerCpuArray(MapData::from_fd(counters)?))?;
        let _held = (scratch, outer, calls, held, images);
        Ok(Probe { rings, losses, counters, _held, attachable, refused, boot_time })
    }

    /// Event types that are not recorded although they were wanted.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Begins to record.
    ///
    /// # Errors
    ///
    /// As the kernel gives them; what was attached before is detached when the probe goes.
    pub fn attach(&mut self) -> Result<(), ProbeError> {
        for one in &mut self.attachable {
            let link = one.program.attach().map_err(|error| ProbeError::Attach { point: one.point, error })?;
            one.link = Some(link);
        }
        Ok(())
    }

    /// Ends recording.
    pub fn detach(&mut self) {
        self.attachable.iter_mut().for_each(|one| one.link = None);
    }

    /// Time as the records have it, nanoseconds since the epoch.
    pub fn now(&self) -> u64 {
        self.boot_time.wrapping_add(clock(ClockId::Boottime))
    }

    /// The rings, by CPU.
    pub fn rings(&mut self) -> &mut [Ring] {
        &mut self.rings
    }

    /// Events lost since the probe was loaded.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn losses(&self) -> Result<Losses, ProbeError> {
        let mut losses = Losses::default();
        for cause in Loss::ALL {
            for code in 0..EVENT_COUNT as u16 {
                let count: u64 = self.losses.get(&cause.counter(code), 0)?.iter().sum();
                if count > 0 {
                    losses.counted.push((cause, code, count));
                }
            }
        }
        losses.images = self.counters.get(&counter::LOST, 0)?.iter().sum();
        for one in &self.attachable {
            let info = one.program.info().map_err(|error| ProbeError::Map { name: "programs", error })?;
            losses.skipped += info.recursion_misses;
        }
        Ok(losses)
    }
}

/// A ring per CPU, and the array in which programs find them.
fn rings(cpus: u32, bytes: u32) -> Result<(Vec<Ring>, OwnedFd), ProbeError> {
    let map = |error| ProbeError::Map { name: "rings", error };
    let rings = (0..cpus).map(|_| Ring::create("ring", bytes)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = rings.first() else { return Err(ProbeError::Cpus(io::ErrorKind::NotFound.into())) };
    let outer = MapSpec::array_of_maps("rings", cpus, first.as_fd()).create_fd().map_err(map)?;
    let writable = MapData::from_fd(outer.try_clone().map_err(map)?)?;
    for (cpu, ring) in rings.iter().enumerate() {
        set_map(&writable, cpu as u32, ring.as_fd()).map_err(map)?;
    }
    Ok((rings, outer))
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

/// Programs being made.
struct Making<'k> {
    kernel: &'k Kernel,
    maps: &'k Maps,
    refused: Vec<Refused>,
}

impl Making<'_> {
    /// Those of system calls, put into the array by number.
    fn calls(&mut self, wanted: &impl Fn(u16) -> bool, array: &MapData) -> Result<Vec<Loaded>, ProbeError> {
        let point = tracepoint(self.kernel, "sys_exit")?;
        let mut held = Vec::new();
        for call in &SYSCALLS {
            let Some(number) = call.number(self.kernel.arch) else { continue };
            let event = &EVENTS[usize::from(call.event)];
            if !wanted(event.code) || !made(event, Hook::SysExit, self.kernel) {
                continue;
            }
            if let Some(program) = self.make(Hook::SysExit, event, call.code, &point) {
                let set = set_program(array, u32::from(number), program.as_fd());
                set.map_err(|error| ProbeError::Map { name: "calls", error })?;
                held.push(program);
            }
        }
        Ok(held)
    }

    /// Those of other tracepoints.
    fn points(&mut self, wanted: &impl Fn(u16) -> bool) -> Result<Vec<Attachable>, ProbeError> {
        let mut attachable = Vec::new();
        for (hook, point) in POINTS {
            for event in EVENTS.iter().filter(|e| wanted(e.code) && made(e, hook, self.kernel)) {
                let tracepoint = tracepoint(self.kernel, point)?;
                if let Some(program) = self.make(hook, event, 0, &tracepoint) {
                    attachable.push(Attachable { point, program, link: None });
                }
            }
        }
        Ok(attachable)
    }

    /// Those that keep images.
    fn keepers(&self) -> Result<Vec<Attachable>, ProbeError> {
        let mut attachable = Vec::new();
        for (point, program) in program::keepers(self.kernel, self.maps)? {
            let program = load(&program, &LoadSpec::new(tracepoint(self.kernel, point)?))?;
            attachable.push(Attachable { point, program, link: None });
        }
        Ok(attachable)
    }

    fn make(&mut self, hook: Hook, event: &'static Event, syscall: u16, point: &Tracepoint) -> Option<Loaded> {
        let made = program::event(self.kernel, self.maps, hook, event, syscall).map_err(Refusal::from);
        match made.and_then(|program| Ok(load(&program, &LoadSpec::new(point.clone()))?)) {
            Ok(program) => Some(program),
            Err(reason) => {
                self.refused.push(Refused { event, reason });
                None
            }
        }
    }
}

/// Whether the event is made at a hook on this architecture.
fn made(event: &Event, hook: Hook, kernel: &Kernel) -> bool {
    event.producers.iter().any(|p| p.hook == hook && p.only.is_none_or(|arch| arch == kernel.arch))
}

/// When the system started, nanoseconds since the epoch: what the clock since boot lacks to the time of day.
/// The smallest of a few readings, since time passes between the two clocks.
pub fn boot_time() -> u64 {
    let one = || {
        let since_boot = clock(ClockId::Boottime);
        clock(ClockId::Realtime).wrapping_sub(since_boot)
    };
    (0..BOOT_READINGS).map(|_| one()).min().unwrap_or_default()
}

/// Nanoseconds of a clock.
fn clock(id: ClockId) -> u64 {
    let time = clock_gettime(id);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Readings of the clocks.
const BOOT_READINGS: usize = 16;
