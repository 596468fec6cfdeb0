//! The whole probe on the running kernel: what this test does is what the rings hold.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why.

mod common;

use peregrine_probe::live::{Options, Probe};
use peregrine_probe::program::Loss;
use peregrine_probe::program::layout::RingRecord;
use peregrine_probe::ring::Ring;
use peregrine_schema::EVENTS;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

#[test]
fn a_probe_records_what_happens() {
    let begin = std::time::Instant::now();
    let mut probe = match Probe::load(|_| true, None, Options { ring_bytes: 1 << 20, ..Options::default() }) {
        Ok(probe) => probe,
        Err(e) => return common::skipped(&e.to_string()),
    };
    println!("loaded in {:?}", begin.elapsed());
    let refused: Vec<String> = probe.refused().iter().map(|r| format!("{}: {}", r.event.id, r.reason)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    probe.attach().expect("attached");
    std::process::Command::new("/bin/ls").arg("/").output().expect("ls");
    std::thread::sleep(std::time::Duration::from_millis(50));
    probe.detach();
    let mut counts = BTreeMap::<&str, usize>::new();
    for ring in probe.rings() {
        let batch = ring.batch();
        for record in batch.iter() {
            let record = RingRecord::parse(record).expect("a record");
            let code = u16::from_le_bytes([record.event[20], record.event[21]]);
            *counts.entry(EVENTS[usize::from(code)].id).or_default() += 1;
        }
    }
    println!("{counts:?}\n{:?}", probe.losses());
    for event in ["CLOSE_X", "OPENAT_2_X", "EXECVE_19_X", "PROCEXIT_1_E", "GENERIC_X"] {
        assert!(counts.contains_key(event), "no {event}");
    }
}

#[test]
fn rings_are_read_by_threads_of_their_own() {
    const CALLS: usize = 1000;
    let seek = |code: u16| EVENTS[usize::from(code)].id == "LSEEK_X";
    let mut probe = match Probe::load(seek, None, Options { ring_bytes: 1 << 20, ..Options::default() }) {
        Ok(probe) => probe,
        Err(e) => return common::skipped(&e.to_string()),
    };
    let (rings, clock, begin) = (probe.take_rings(), probe.clock(), probe.clock().now());
    assert!(probe.rings().is_empty() && !rings.is_empty());
    let levels: Vec<_> = rings.iter().map(|ring| ring.level()).collect();
    let (stop, own) = (AtomicBool::new(false), common::own_tid());
    let stop = &stop;
    let read = std::thread::scope(|scope| {
        let reader = |mut ring: Ring| {
            let mut count = 0;
            // What is there when the word comes is still read.
            while !stop.load(Relaxed) || !ring.level().is_empty() {
                let batch = ring.batch();
                for record in batch.iter().map(common::Record::parse).filter(|record| record.tid == own) {
                    assert!((begin..=clock.now()).contains(&record.ts), "{record:?}");
                    count += 1;
                }
                std::thread::yield_now();
            }
            count
        };
        let threads: Vec<_> = rings.into_iter().map(|ring| scope.spawn(move || reader(ring))).collect();
        probe.attach().expect("attached");
        (0..CALLS).for_each(|_| {
            common::call(libc::SYS_lseek, &[u64::MAX]);
        });
        probe.detach();
        stop.store(true, Relaxed);
        threads.into_iter().map(|thread| thread.join().expect("read")).sum::<usize>()
    });
    assert!(levels.iter().all(|level| level.is_empty()));
    assert_eq!(read + lost(&probe) as usize, CALLS);
}

/// A process that waits is ended by a signal; who it was.
fn ended_by_signal() -> u64 {
    let mut child = std::process::Command::new("/bin/sleep").arg("60").spawn().expect("sleep");
    let pid = u64::from(child.id());
    assert_eq!(common::call(libc::SYS_kill, &[pid, libc::SIGTERM as u64]), 0);
    child.wait().expect("ended");
    pid
}

#[test]
fn other_events_are_wanted_later() {
    let options = Options { ring_bytes: 1 << 20, ..Options::default() };
    let mut probe = match Probe::load(|_| false, None, options) {
        Ok(probe) => probe,
        Err(e) => return common::skipped(&e.to_string()),
    };
    let programs = probe.programs().count();
    probe.attach().expect("attached");
    let mut seen = |wanted: &[&str]| {
        probe.replan(|code| wanted.contains(&EVENTS[usize::from(code)].id), None).expect("replaced");
        common::call(libc::SYS_lseek, &[u64::MAX]);
        let pid = ended_by_signal();
        let mut records = Vec::new();
        for ring in probe.rings() {
            records.extend(ring.batch().iter().map(common::Record::parse));
        }
        let of = |tid: u64, id: &str| records.iter().filter(|r| r.tid == tid && r.event.id == id).count();
        (of(common::own_tid(), "LSEEK_X"), of(pid, "SIGNALDELIVER_E"), probe.programs().count())
    };
    for turn in 0..2 {
        let (calls, _, _) = seen(&["LSEEK_X"]);
        assert_eq!(calls, 1, "turn {turn}");
        assert_eq!(seen(&["SIGNALDELIVER_E"]), (0, 1, programs + 1), "turn {turn}");
        let (calls, signals, _) = seen(&["SIGNALDELIVER_E", "LSEEK_X"]);
        assert_eq!((calls, signals), (1, 1), "turn {turn}");
        assert_eq!(seen(&[]), (0, 0, programs), "what nobody wants costs nothing");
    }
    assert_eq!(lost(&probe), 0);
}

/// Events that were lost, but for calls of 32-bit programs that are only counted: other tests make them.
fn lost(probe: &Probe) -> u64 {
    let losses = probe.losses().expect("losses");
    let counted = losses.counted.iter().filter(|(cause, ..)| *cause != Loss::Compat);
    losses.skipped + counted.map(|(.., count)| count).sum::<u64>()
}

/// Call 20 is `getpid` for 32-bit programs and `writev` for others; 166 is nothing that is recorded.
#[cfg(target_arch = "x86_64")]
#[test]
fn calls_of_32_bit_programs_are_not_taken_for_others() {
    let mut probe = match Probe::load(|_| true, None, Options { ring_bytes: 1 << 20, ..Options::default() }) {
        Ok(probe) => probe,
        Err(e) => return common::skipped(&e.to_string()),
    };
    if !common::compat::taken() {
        return;
    }
    probe.attach().expect("attached");
    let pid = common::compat::call32(20, &[]);
    common::compat::call32(166, &[]);
    probe.detach();
    assert_eq!(pid, i64::from(std::process::id()));
    let mut names = Vec::new();
    for ring in probe.rings() {
        let batch = ring.batch();
        for record in batch.iter().map(common::Record::parse).filter(|r| r.tid == common::own_tid()) {
            assert_ne!(record.event.name, "writev");
            if record.event.id == "GENERIC_X" {
                names.push(peregrine_schema::syscalls::syscall_name(record.number("ID") as u16).expect("a call"));
            }
        }
    }
    assert_eq!(names.iter().filter(|name| **name == "getpid").count(), 1, "{names:?}");
    let losses = probe.losses().expect("losses");
    let compat: u64 = losses.counted.iter().filter(|(cause, ..)| *cause == Loss::Compat).map(|(.., count)| count).sum();
    assert_eq!(compat, 1, "{losses:?}");
}

/// The kernel does not look at the upper half of the register with the number (older ones do, and know no such call).
#[cfg(target_arch = "x86_64")]
#[test]
fn calls_are_seen_whatever_lies_above_their_number() {
    let lseek = |code: u16| EVENTS[usize::from(code)].id == "LSEEK_X";
    let mut probe = match Probe::load(lseek, None, Options { ring_bytes: 1 << 20, ..Options::default() }) {
        Ok(probe) => probe,
        Err(e) => return common::skipped(&e.to_string()),
    };
    probe.attach().expect("attached");
    let made = [0, 1 << 32, i64::MIN, 0xdead_beef << 32]
        .into_iter()
        .filter(|above| common::call(libc::SYS_lseek | above, &[u64::MAX]) == -i64::from(libc::EBADF))
        .count();
    probe.detach();
    let mut seen = 0;
    for ring in probe.rings() {
        let batch = ring.batch();
        seen += batch.iter().map(common::Record::parse).filter(|record| record.tid == common::own_tid()).count();
    }
    assert!(made > 0 && seen >= made, "{seen} of {made}");
}
