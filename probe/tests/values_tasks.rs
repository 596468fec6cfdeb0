//! What generated programs record of tasks that begin and end, and of signals, compared with what is known of them here.

mod common;

use common::{Reads, call, own_tid, run};
use peregrine_schema::capture::Hook;
use peregrine_schema::flags;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

fn clone_flag(name: &str) -> u64 {
    flags::CLONE_FLAGS.iter().find(|f| f.name == name).map(|f| u64::from(f.value)).expect("a flag")
}

/// Number of this process.
fn own_pid() -> u64 {
    u64::from(std::process::id())
}

/// When the first process of this namespace began, nanoseconds since the start of the system, as `/proc` rounds it.
fn first_process() -> u64 {
    let stat = fs::read_to_string("/proc/1/stat").expect("the first process");
    let ticks = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19));
    ticks.and_then(|t| t.parse::<u64>().ok()).expect("a time") * 10_000_000
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_thread_that_begins() {
    for reads in Reads::ALL {
        let mut child = 0;
        let records = run(reads, &[(Hook::SysExit, "CLONE3_X"), (Hook::SysExit, "CLONE_20_X")], || {
            child = std::thread::spawn(own_tid).join().expect("a thread");
        });
        let Some(records) = records else { continue };
        let made = |tid| records.all.iter().find(move |r| r.tid == tid).expect("an event");
        let (parent, new) = (made(records.tid), made(child));
        assert_eq!((parent.number("res"), new.number("res")), (child, 0), "{parent:?} {new:?}");
        for (record, tid) in [(parent, records.tid), (new, child)] {
            assert_eq!(["tid", "pid", "vtid", "vpid"].map(|n| record.number(n)), [tid, own_pid(), tid, own_pid()]);
            for name in ["CLONE_THREAD", "CLONE_VM", "CLONE_FILES", "CLONE_SIGHAND"] {
                assert_ne!(record.number("flags") & clone_flag(name), 0, "{reads:?} {name}: {record:?}");
            }
            assert_eq!(record.number("flags") & clone_flag("CLONE_CHILD_IN_PIDNS"), 0, "{record:?}");
            let arguments = fs::read("/proc/self/cmdline").expect("arguments");
            assert_eq!([record.bytes("exe"), record.bytes("args")].concat(), arguments);
        }
        assert_eq!(parent.number("pidns_init_start_ts"), 0);
        let (start, told) = (new.number("pidns_init_start_ts"), first_process());
        assert!(start.abs_diff(told) < 1_000_000_000, "{start} {told}");
    }
}

#[test]
fn a_process_that_the_scheduler_tells_of() {
    for reads in Reads::ALL {
        let mut child = 0;
        let records = run(reads, &[(Hook::SchedProcessFork, "CLONE_20_X")], || {
            let mut process = Command::new("/bin/true").spawn().expect("a child");
            child = u64::from(process.id());
            process.wait().expect("its end");
        });
        let Some(records) = records else { continue };
        let own = records.of(child, "CLONE_20_X");
        assert_eq!(own.len(), 1, "{reads:?} {own:?}");
        let record = own[0];
        let numbers = ["res", "tid", "pid", "ptid", "vtid", "vpid"].map(|n| record.number(n));
        assert_eq!(numbers, [0, child, child, records.tid, child, child], "{reads:?} {record:?}");
        let unlike = ["CLONE_THREAD", "CLONE_FILES", "CLONE_CHILD_IN_PIDNS"].map(clone_flag);
        assert_eq!(record.number("flags") & unlike.iter().sum::<u64>(), 0, "{record:?}");
    }
}

/// Runs a shell, and gives the event of its end.
fn ended(reads: Reads, script: &str) -> Option<(common::Record, std::process::ExitStatus)> {
    let mut end = None;
    let records = run(reads, &[(Hook::SchedProcessExit, "PROCEXIT_1_E")], || {
        let mut child = Command::new("/bin/sh").args(["-c", script]).spawn().expect("a shell");
        end = Some((u64::from(child.id()), child.wait().expect("its end")));
    })?;
    let (pid, status) = end.expect("an end");
    let own = records.of(pid, "PROCEXIT_1_E");
    assert_eq!(own.len(), 1, "{reads:?} {own:?}");
    Some((own[0].clone(), status))
}

#[test]
fn processes_that_end() {
    for reads in Reads::ALL {
        for script in ["exit 0", "exit 3", "kill -9 $$", "kill -TERM $$"] {
            let Some((record, status)) = ended(reads, script) else { continue };
            assert_eq!(record.signed("status"), i64::from(status.into_raw()), "{record:?}");
            assert_eq!(record.number("ret"), status.code().map_or(0, |c| u64::from(c.cast_unsigned())));
            assert_eq!(record.number("sig"), status.signal().map_or(0, |s| u64::from(s.cast_unsigned())));
            assert_eq!((record.number("core"), record.number("reaper_tid")), (0, 0), "{record:?}");
        }
    }
}

#[test]
fn who_inherits_children() {
    // Of the children of what this process starts, this process: its first thread.
    assert_eq!(call(libc::SYS_prctl, &[libc::PR_SET_CHILD_SUBREAPER as u64, 1]), 0);
    for reads in Reads::ALL {
        let Some((record, _)) = ended(reads, "sleep 0.1 & exit 3") else { continue };
        assert_eq!(record.number("reaper_tid"), own_pid(), "{reads:?} {record:?}");
        // Also where others are in between that did not ask.
        let scripts = ["sh -c 'sleep 0.1 & exit 5'; exit 4", "sh -c \"sh -c 'sleep 0.1 & exit 5'; exit 6\"; exit 4"];
        for script in scripts {
            let records = run(reads, &[(Hook::SchedProcessExit, "PROCEXIT_1_E")], || {
                Command::new("/bin/sh").args(["-c", script]).status().expect("a shell");
            });
            let Some(records) = records else { continue };
            let inner = records.all.iter().find(|r| r.number("ret") == 5).expect("its end");
            assert_eq!(inner.number("reaper_tid"), own_pid(), "{reads:?} {inner:?}");
        }
        // Of those of a thread, another thread of its process.
        let (mut thread, mut child) = (0, None);
        let records = run(reads, &[(Hook::SchedProcessExit, "PROCEXIT_1_E")], || {
            let start = || (own_tid(), Command::new("sleep").arg("0.3").spawn().expect("a child"));
            let (tid, sleep) = std::thread::spawn(start).join().expect("a thread");
            (thread, child) = (tid, Some(sleep));
            // It is told of when it ends, which is after it can be joined.
            std::thread::sleep(std::time::Duration::from_millis(50));
        });
        child.expect("a child").wait().expect("its end");
        let Some(records) = records else { continue };
        let own = records.of(thread, "PROCEXIT_1_E");
        assert_eq!(own.len(), 1, "{reads:?} {own:?}");
        assert_eq!((own[0].number("status"), own[0].number("reaper_tid")), (0, own_pid()), "{reads:?}");
    }
}

#[test]
fn the_first_process_inherits_where_nobody_asked_to() {
    for reads in Reads::ALL {
        let mut end = None;
        let records = run(reads, &[(Hook::SchedProcessExit, "PROCEXIT_1_E")], || {
            // In a namespace of processes the first one is the reaper; the shell in the middle leaves a child.
            let script = "sh -c 'sleep 0.2 & exit 7'; sleep 0.1; exit 0";
            let shell = ["--pid", "--fork", "sh", "-c", script];
            end = Command::new("unshare").args(shell).status().ok().filter(|s| s.success());
        });
        let Some(records) = records else { continue };
        if end.is_none() {
            eprintln!("skipped: no namespaces");
            return;
        }
        let middle = records.all.iter().find(|r| r.number("ret") == 7).expect("its end");
        let reaper = middle.number("reaper_tid");
        let first = records.of(reaper, "PROCEXIT_1_E");
        assert_eq!(first.len(), 1, "{reads:?} {middle:?}");
        // The first process of the namespace ends and takes all others with it.
        assert_eq!((first[0].number("status"), first[0].number("reaper_tid")), (0, 0), "{reads:?}");
        assert!(![own_pid(), middle.tid].contains(&reaper));
    }
}

extern "C" fn nothing(_: libc::c_int) {}

/// Makes a signal reach a handler.
#[expect(unsafe_code, reason = "calls signal(2)")]
fn handle(signal: i32) {
    let handler: extern "C" fn(libc::c_int) = nothing;
    // SAFETY: the handler does nothing.
    assert_ne!(unsafe { libc::signal(signal, handler as *const () as libc::sighandler_t) }, libc::SIG_ERR);
}

#[test]
fn who_sent_a_signal() {
    let by_hand = [libc::SIGTERM, libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGRTMIN(), libc::SIGRTMAX()];
    for signal in by_hand.into_iter().chain([libc::SIGUSR1]) {
        handle(signal);
        for reads in Reads::ALL {
            let records = run(reads, &[(Hook::SignalDeliver, "SIGNALDELIVER_E")], || {
                assert_eq!(call(libc::SYS_tgkill, &[own_pid(), own_tid(), signal as u64]), 0);
            });
            let Some(records) = records else { continue };
            let record = records.one("SIGNALDELIVER_E");
            let sender = if by_hand.contains(&signal) { own_pid() } else { 0 };
            let numbers = ["spid", "dpid", "sig"].map(|n| record.number(n));
            assert_eq!(numbers, [sender, records.tid, signal as u64], "{reads:?}");
        }
    }
}

#[test]
fn who_killed_a_process() {
    for reads in Reads::ALL {
        let mut pid = 0;
        let records = run(reads, &[(Hook::SignalDeliver, "SIGNALDELIVER_E")], || {
            let mut child = Command::new("/bin/sleep").arg("60").spawn().expect("a child");
            pid = u64::from(child.id());
            child.kill().expect("a signal");
            child.wait().expect("its end");
        });
        let Some(records) = records else { continue };
        let own = records.of(pid, "SIGNALDELIVER_E");
        // Of a signal that ends a process at once the kernel tells no sender: the pointer is null.
        let numbers: Vec<[u64; 3]> = own.iter().map(|r| ["spid", "dpid", "sig"].map(|n| r.number(n))).collect();
        assert_eq!(numbers, [[0, pid, 9]], "{reads:?}");
    }
}
