//! The kernel takes every generated program.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why.

use peregrine_probe::btf::{Btf, Kind};
use peregrine_probe::program::{self, Kernel, Loss, Maps, layout};
use peregrine_probe::sys::map::{MapSpec, MapType};
use peregrine_probe::sys::program::{LoadSpec, Tracepoint, load};
use peregrine_schema::capture::Hook;
use peregrine_schema::syscalls::SYSCALLS;
use peregrine_schema::{EVENT_COUNT, EVENTS};
use std::os::fd::{AsFd, AsRawFd};

#[test]
fn the_kernel_takes_every_program() {
    let btf = Btf::vmlinux().expect("types of the kernel");
    let kernel = Kernel::new(btf, 1_700_000_000_000_000_000);
    let scratch = MapSpec::new("scratch", MapType::Array, 4, layout::SCRATCH as u32, 2).create_fd().expect("scratch");
    let losses = MapSpec::new("losses", MapType::PercpuArray, 4, 8, (Loss::COUNT * EVENT_COUNT) as u32)
        .create_fd()
        .expect("losses");
    let ring = MapSpec::ring("ring", 1 << 16).create_fd().expect("ring");
    let rings = MapSpec::array_of_maps("rings", 2, ring.as_fd()).create_fd().expect("rings");
    let maps = Maps { scratch: scratch.as_raw_fd(), rings: rings.as_raw_fd(), losses: losses.as_raw_fd() };
    let hooks = [
        (Hook::SysExit, "btf_trace_sys_exit"),
        (Hook::SchedProcessExec, "btf_trace_sched_process_exec"),
        (Hook::SchedProcessFork, "btf_trace_sched_process_fork"),
        (Hook::SchedProcessExit, "btf_trace_sched_process_exit"),
        (Hook::SchedSwitch, "btf_trace_sched_switch"),
        (Hook::SignalDeliver, "btf_trace_signal_deliver"),
        (Hook::PageFaultUser, "btf_trace_page_fault_user"),
        (Hook::PageFaultKernel, "btf_trace_page_fault_kernel"),
    ];
    let (mut taken, mut failed) = (0, Vec::new());
    for (hook, name) in hooks {
        let point = Tracepoint::Typed(kernel.btf.id(Kind::Typedef, name).expect(name));
        for event in &EVENTS {
            if !event.producers.iter().any(|p| p.hook == hook) {
                continue;
            }
            let syscall = SYSCALLS.iter().find(|s| s.event == event.code).map_or(0, |s| s.code);
            match program::event(&kernel, &maps, hook, event, syscall) {
                Err(e) => failed.push(format!("{hook:?} {}: {e}", event.id)),
                Ok(program) => match load(&program, &LoadSpec::new(point.clone())) {
                    Ok(_) => taken += 1,
                    Err(e) => {
                        if std::env::var("VERBOSE").is_ok_and(|v| v == event.id) {
                            println!("{program}\n{}", e.log);
                        }
                        failed.push(format!("{hook:?} {}: {e}", event.id));
                    }
                },
            }
        }
    }
    println!("{taken} taken");
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
