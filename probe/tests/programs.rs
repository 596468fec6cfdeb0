//! The kernel takes every generated program, however it reads kernel memory.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why.

mod common;

use common::{HOOKS, Reads, keep, kernel, named_tracepoint, tracepoint};
use peregrine_probe::image::{Images, Keep};
use peregrine_probe::program::{self, Capturing, Kernel, Loss, Maps, layout};
use peregrine_probe::sys::map::{MapSpec, MapType};
use peregrine_probe::sys::program::{LoadSpec, load};
use peregrine_schema::capture::{Capture, Hook, Producer, Source};
use peregrine_schema::syscalls::SYSCALLS;
use peregrine_schema::{EVENT_COUNT, EVENTS, Event, Param, Type};
use std::os::fd::{AsFd, AsRawFd};

#[test]
fn the_kernel_takes_every_program_that_loads_from_cast_pointers() {
    taken(Reads::Cast);
}

#[test]
fn the_kernel_takes_every_program_that_loads_from_typed_pointers() {
    taken(Reads::Typed);
}

#[test]
fn the_kernel_takes_every_program_that_reads_by_calls() {
    taken(Reads::Raw);
}

/// As before Linux 6.9.
#[test]
fn the_kernel_takes_every_program_whose_loops_it_follows_to_their_end() {
    let Some(mut kernel) = kernel(Reads::Cast) else { return };
    kernel.may_goto = false;
    taken_of(&kernel, Reads::Cast, "without may_goto", |_| true);
}

/// What is generated depends on how much data is recorded.
#[test]
fn the_kernel_takes_programs_that_record_more_data() {
    for reads in Reads::ALL {
        for (snaplen, port_range) in [(0, (0, 0)), (80, (1, u16::MAX)), (u16::MAX, (53, 53))] {
            let Some(mut kernel) = kernel(reads) else { continue };
            kernel.capturing = Capturing { snaplen, dynamic: true, port_range, ..Capturing::default() };
            let moves_data = |p: &Param| matches!(p.capture, Some(Capture { source: Source::Data { .. }, .. }));
            taken_of(&kernel, reads, &format!("snaplen {snaplen}"), |event| event.params.iter().any(moves_data));
        }
    }
}

/// Descriptors are behind the events that name one.
#[test]
fn the_kernel_takes_programs_that_resolve_descriptors() {
    for reads in Reads::ALL {
        let Some(mut kernel) = kernel(reads) else { continue };
        kernel.capturing.descriptors = true;
        taken_of(&kernel, reads, "descriptors", |event| event.params.iter().any(|param| param.ty == Type::Fd));
    }
}

/// Those that keep images, in either map where a kernel has both.
#[test]
fn the_kernel_takes_programs_that_keep_images() {
    for (reads, keep) in [
        (Reads::Cast, Keep::Storage),
        (Reads::Typed, Keep::Storage),
        (Reads::Cast, Keep::Hash),
        (Reads::Typed, Keep::Hash),
        (Reads::Raw, Keep::Hash),
    ] {
        let Some(kernel) = kernel(reads) else { continue };
        let images = Images::create(keep).expect("images");
        let (tasks, callers) = (images.tasks(), images.callers().as_raw_fd());
        let maps = Maps { scratch: -1, rings: -1, losses: -1, tasks, images: images.counters().as_raw_fd(), callers };
        for (point, program) in program::keepers(&kernel, &maps).expect("programs") {
            let loaded = load(&program, &LoadSpec::new(named_tracepoint(&kernel, point)));
            loaded.unwrap_or_else(|e| panic!("{reads:?} {keep:?} {e}\n{}\n{program}", e.log));
        }
    }
}

fn taken(reads: Reads) {
    let Some(kernel) = kernel(reads) else { return };
    taken_of(&kernel, reads, "all", |_| true);
}

fn taken_of(kernel: &Kernel, reads: Reads, what: &str, wanted: impl Fn(&Event) -> bool) {
    let scratch = MapSpec::new("scratch", MapType::Array, 4, layout::SCRATCH as u32, 2).create_fd().expect("scratch");
    let losses = MapSpec::new("losses", MapType::PercpuArray, 4, 8, (Loss::COUNT * EVENT_COUNT) as u32)
        .create_fd()
        .expect("losses");
    let ring = MapSpec::ring("ring", 1 << 16).create_fd().expect("ring");
    let rings = MapSpec::array_of_maps("rings", 2, ring.as_fd()).create_fd().expect("rings");
    let images = Images::create(keep(reads)).expect("images");
    let maps = Maps {
        scratch: scratch.as_raw_fd(),
        rings: rings.as_raw_fd(),
        losses: losses.as_raw_fd(),
        tasks: images.tasks(),
        images: images.counters().as_raw_fd(),
        callers: images.callers().as_raw_fd(),
    };
    let (mut taken, mut failed) = (Vec::new(), Vec::new());
    for (hook, _) in HOOKS {
        let here = |p: &Producer| p.hook == hook || stands_for(reads, hook, p);
        for event in EVENTS.iter().filter(|e| wanted(e) && e.producers.iter().any(here)) {
            match one(kernel, &maps, hook, event) {
                Ok(verified) => taken.push((verified, hook, event.id)),
                Err(e) => failed.push(format!("{hook:?} {}: {e}", event.id)),
            }
        }
    }
    taken.sort_unstable_by_key(|(verified, ..)| std::cmp::Reverse(*verified));
    println!("{reads:?}, {what}: {} taken; instructions looked at: {:?}", taken.len(), &taken[..taken.len().min(8)]);
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

/// Programs of iterators cannot be loaded as these are. Their recipes are tried where their arguments exist: the
/// visited file is the fourth argument, which this tracepoint has on kernels with `bpf_rdonly_cast`.
fn stands_for(reads: Reads, hook: Hook, producer: &Producer) -> bool {
    match producer.hook {
        Hook::IterTask => hook == Hook::SignalDeliver,
        Hook::IterTaskFile => hook == Hook::SchedSwitch && reads != Reads::Typed,
        _ => false,
    }
}

/// Loads a program; how many instructions the verifier looked at.
fn one(kernel: &Kernel, maps: &Maps, hook: Hook, event: &'static Event) -> Result<u32, String> {
    let syscall = SYSCALLS.iter().find(|s| s.event == event.code).map_or(0, |s| s.code);
    let program = program::event(kernel, maps, hook, event, syscall).map_err(|e| e.to_string())?;
    let loaded = load(&program, &LoadSpec::new(tracepoint(kernel, hook))).map_err(|e| {
        if std::env::var("VERBOSE").is_ok_and(|v| v == event.id) {
            println!("{program}\n{}", e.log);
        }
        e.to_string()
    })?;
    Ok(loaded.info().map_or(0, |info| info.verified_insns))
}
