//! Whose records are: images, parents and what came before, in storms of processes that say who they are.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why.

mod common;
mod driver;

use common::{Reads, Record, call, own_tid};
use driver::{ROLE, Who, tells};
use peregrine_probe::image::{FIRST_SIGHT, Keep, first_image};
use peregrine_probe::live::{Losses, Options, Probe};
use peregrine_schema::EVENTS;
use peregrine_schema::capture::Hook;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Events that tell of processes, and the one with which ours tell who they are.
const EVENTS_OF_STORMS: [&str; 7] =
    ["LSEEK_X", "CLONE_20_X", "CLONE3_X", "FORK_20_X", "VFORK_20_X", "EXECVE_19_X", "PROCEXIT_1_E"];

/// Turns of a worker in a storm: ten processes each.
const TURNS: u64 = 20;

/// One test at a time: each fills both CPUs.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A probe that records these events; `None`, with a word on why, where there can be none.
fn probe(events: &[&str], options: Options) -> Option<Probe> {
    let _ = peregrine_probe::features::lift_memlock();
    match Probe::load(|code| events.contains(&EVENTS[usize::from(code)].id), None, options) {
        Ok(probe) => {
            assert!(probe.refused().is_empty(), "{:?}", probe.refused());
            Some(probe)
        }
        Err(e) => {
            common::skipped(&e.to_string());
            None
        }
    }
}

/// Takes what is in the rings.
fn drain(probe: &mut Probe, records: &mut Vec<Record>) {
    for ring in probe.rings() {
        let batch = ring.batch();
        records.extend(batch.iter().map(Record::parse));
        assert!(!batch.is_damaged());
    }
}

fn own_pid() -> u64 {
    u64::from(std::process::id())
}

/// Starts processes that act as [`driver`] says.
fn workers(count: usize, turns: u64) -> Vec<Child> {
    let program = std::env::current_exe().expect("this program");
    let role = format!("worker:{turns}:{}", own_pid());
    (0..count).map(|_| Command::new(&program).env_clear().env(ROLE, &role).spawn().expect("a worker")).collect()
}

/// Start of a process in ticks, from `/proc`.
fn start_ticks(pid: u64) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(19)?.parse().ok()
}

/// Runs a storm; all records and what was lost.
fn storm(keep: Keep, count: usize, turns: u64) -> Option<(Vec<Record>, Losses)> {
    let options = Options { keep: Some(keep), ..Options::default() };
    let mut probe = probe(&EVENTS_OF_STORMS, options)?;
    probe.attach().expect("attached");
    driver::tell(tells::SELF, Who(own_pid(), 0));
    let mut records = Vec::new();
    let mut children = workers(count, turns);
    // An emulated machine takes its time.
    let end = Instant::now() + Duration::from_secs(600);
    while children.iter_mut().any(|c| !matches!(c.try_wait(), Ok(Some(_)))) {
        assert!(Instant::now() < end, "the storm does not end");
        drain(&mut probe, &mut records);
        sleep(Duration::from_millis(5));
    }
    // Their last threads are told of a moment later.
    sleep(Duration::from_millis(50));
    probe.detach();
    drain(&mut probe, &mut records);
    let losses = probe.losses().expect("losses");
    Some((records, losses))
}

/// What processes told of themselves, and what began images.
struct Known<'r> {
    images: BTreeMap<Who, u64>,
    parents: BTreeMap<Who, Who>,
    copied: BTreeMap<Who, Who>,
    begins: BTreeMap<u64, Vec<&'r Record>>,
}

fn known(records: &[Record]) -> Known<'_> {
    let mut known =
        Known { images: BTreeMap::new(), parents: BTreeMap::new(), copied: BTreeMap::new(), begins: BTreeMap::new() };
    // By thread: who it said last that it is.
    let mut last = BTreeMap::<u64, (i64, Who)>::new();
    let mut images = BTreeMap::<u64, Who>::new();
    let mut sorted: Vec<&Record> = records.iter().collect();
    sorted.sort_by_key(|r| r.ts);
    for record in sorted {
        let ring = record.ring();
        if ring.begins() {
            known.begins.entry(ring.image).or_default().push(record);
        }
        if record.event.id != "LSEEK_X" || !(tells::COPIED..=tells::SELF).contains(&record.signed("fd")) {
            continue;
        }
        let (kind, who) = (record.signed("fd"), Who::from_number(record.number("offset")));
        match (kind, last.get(&record.tid)) {
            (tells::SELF, before) => {
                assert_eq!(u64::from(ring.pid), who.0, "{who:?} {record:?}");
                assert_eq!(*known.images.entry(who).or_insert(ring.image), ring.image, "{who:?} {record:?}");
                assert_eq!(*images.entry(ring.image).or_insert(who), who, "one image, two processes: {record:?}");
                if let Some((tells::COPIED, of)) = before {
                    known.copied.insert(who, *of);
                }
            }
            (tells::PARENT, Some((_, me))) => {
                assert_eq!(*known.parents.entry(*me).or_insert(who), who);
                assert_eq!(known.images.get(&who), Some(&ring.parent), "parent of {me:?}: {record:?}");
            }
            _ => {}
        }
        if kind != tells::PARENT {
            last.insert(record.tid, (kind, who));
        }
    }
    known
}

/// Checks all records of a storm against what its processes told; how many processes and images there were.
fn check(records: &[Record]) -> (usize, usize) {
    let Known { images, parents, copied, begins } = known(records);
    let own = Who(own_pid(), 0);
    for (image, records) in &begins {
        assert_eq!(records.len(), 1, "begins of {image:#x}: {records:#?}");
    }
    for (who, image) in images.iter().filter(|(who, _)| **who != own) {
        let begin = begins.get(image).unwrap_or_else(|| panic!("{who:?} has no begin"))[0];
        let ring = begin.ring();
        assert!(!ring.first_sight(), "{who:?} {begin:?}");
        assert_eq!(begin.event.id == "EXECVE_19_X", who.1 > 0, "{who:?} {begin:?}");
        assert_eq!((u64::from(ring.pid), begin.tid), (who.0, who.0), "{begin:?}");
        assert_eq!(ring.parent, images[&parents[who]], "{who:?} {begin:?}");
        if who.1 == 0 {
            assert_eq!(ring.previous, images[&copied[who]], "{who:?} {begin:?}");
        } else if let Some(before) = images.get(&Who(who.0, who.1 - 1)) {
            assert_eq!(ring.previous, *before, "{who:?} {begin:?}");
        } else {
            // A worker, of which only this process knows what it was.
            let fork = begins[&ring.previous][0].ring();
            assert_eq!((fork.previous, u64::from(fork.pid)), (images[&own], who.0), "{who:?}");
        }
    }
    let mut pids = BTreeMap::<u64, u32>::new();
    for record in records {
        let ring = record.ring();
        assert_eq!(*pids.entry(ring.image).or_insert(ring.pid), ring.pid, "{record:?}");
        assert_eq!(ring.first_sight(), ring.image & FIRST_SIGHT != 0);
    }
    check_ends(records, &images);
    (images.keys().map(|w| w.0).collect::<BTreeSet<_>>().len(), images.len())
}

/// The first thread of each process ends once, with the last image.
fn check_ends(records: &[Record], images: &BTreeMap<Who, u64>) {
    let last: BTreeMap<u64, u64> = images.iter().map(|(who, image)| (who.0, *image)).collect();
    for (pid, image) in last.iter().filter(|(pid, _)| **pid != own_pid()) {
        let mine = |r: &&Record| r.event.id == "PROCEXIT_1_E" && r.tid == *pid;
        let ends: Vec<_> = records.iter().filter(mine).collect();
        // Where another thread than the first ran a program, the first ended before, and its number lives on.
        let with: Vec<u64> = ends.iter().map(|r| r.ring().image).collect();
        assert!(with.iter().filter(|i| *i == image).count() == 1, "{pid}: {image:#x} {ends:#?}");
    }
}

fn storm_checked(keep: Keep) {
    let _alone = alone();
    if !common::keeps(keep) {
        return;
    }
    let begin = Instant::now();
    let Some((records, losses)) = storm(keep, 4, TURNS) else { return };
    assert_eq!((losses.total(), losses.images), (0, 0), "{losses:?}");
    let (processes, images) = check(&records);
    println!("{keep:?}: {} records, {processes} processes, {images} images, {:?}", records.len(), begin.elapsed());
    assert!(images as u64 > 4 * TURNS * 10, "{images}");
}

#[test]
fn every_record_has_its_image_from_task_storage() {
    storm_checked(Keep::Storage);
}

#[test]
fn every_record_has_its_image_from_a_hash() {
    storm_checked(Keep::Hash);
}

/// However programs read kernel memory.
#[test]
fn every_record_has_its_image_however_it_is_read() {
    let _alone = alone();
    for reads in Reads::ALL {
        let of = |hook: fn(&str) -> bool| EVENTS_OF_STORMS.into_iter().filter(move |id| hook(id));
        let calls = of(|id| id != "PROCEXIT_1_E" && id != "EXECVE_19_X").map(|id| (Hook::SysExit, id));
        let mut wanted: Vec<_> = calls.collect();
        wanted.extend([(Hook::SchedProcessExec, "EXECVE_19_X"), (Hook::SchedProcessExit, "PROCEXIT_1_E")]);
        let records = common::run(reads, &wanted, || {
            driver::tell(tells::SELF, Who(own_pid(), 0));
            for mut child in workers(2, 5) {
                child.wait().expect("its end");
            }
            sleep(Duration::from_millis(50));
        });
        let Some(records) = records else { return };
        assert_eq!(records.lost, [], "{reads:?}");
        println!("{reads:?}: {:?}", check(&records.all));
    }
}

/// Without the events that tell of forks and execs there are images too.
#[test]
fn images_do_not_depend_on_what_is_recorded() {
    let _alone = alone();
    let Some(mut probe) = probe(&["LSEEK_X"], Options::default()) else { return };
    probe.attach().expect("attached");
    driver::tell(tells::SELF, Who(own_pid(), 0));
    workers(2, 3).into_iter().for_each(|mut w| drop(w.wait()));
    let mut records = Vec::new();
    drain(&mut probe, &mut records);
    let known = known(&records);
    let seen_first: Vec<_> = known.images.iter().filter(|(_, image)| **image & FIRST_SIGHT != 0).collect();
    let own = first_image(own_pid() as u32, start_ticks(own_pid()).expect("this process"));
    assert_eq!(seen_first, [(&Who(own_pid(), 0), &own)]);
    assert!(known.begins.is_empty() && known.images.len() > 2 * 3 * 10);
}

/// Of all that runs meanwhile, kernel threads too, the numbers given at first sight are those that `/proc` leads to.
#[test]
fn first_images_are_those_of_proc() {
    let _alone = alone();
    let Some(mut probe) = probe(&["SCHEDSWITCH_6_E"], Options::default()) else { return };
    let pids = || std::fs::read_dir("/proc").expect("/proc").filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok());
    let before: BTreeMap<u64, u64> = pids().filter_map(|pid| Some((pid, start_ticks(pid)?))).collect();
    probe.attach().expect("attached");
    sleep(Duration::from_millis(500));
    probe.detach();
    let mut records = Vec::new();
    drain(&mut probe, &mut records);
    let mut seen = BTreeSet::new();
    for record in &records {
        let ring = record.ring();
        let Some(ticks) = before.get(&u64::from(ring.pid)).filter(|_| ring.first_sight()) else { continue };
        assert_eq!(ring.image, first_image(ring.pid, *ticks), "{record:?}");
        seen.insert(ring.pid);
        // The parent too, if it is one of them.
        let parent = before.get(&(ring.parent & 0x3f_ffff)).filter(|_| ring.parent & FIRST_SIGHT != 0);
        if let Some(ticks) = parent {
            assert_eq!(ring.parent, first_image((ring.parent & 0x3f_ffff) as u32, *ticks), "{record:?}");
        }
    }
    println!("{} of {} processes ran", seen.len(), before.len());
    assert!(seen.len() > 3, "{seen:?}");
}

/// User, group, name and number of the process, also when they change.
#[test]
fn who_a_record_is_of() {
    let _alone = alone();
    for reads in Reads::ALL {
        let records = common::run(reads, &[(Hook::SysExit, "LSEEK_X")], || {
            let thread = std::thread::Builder::new().name("fifteen letters".into());
            let act = || {
                // Of this thread only.
                assert_eq!(call(libc::SYS_setresgid, &[u64::MAX, 1234, u64::MAX]), 0);
                assert_eq!(call(libc::SYS_setresuid, &[u64::MAX, 4321, u64::MAX]), 0);
                driver::tell(tells::SELF, Who(own_tid(), 0));
            };
            thread.spawn(act).expect("a thread").join().expect("its end");
            driver::tell(tells::SELF, Who(own_tid(), 1));
        });
        let Some(records) = records else { return };
        let told = |generation| {
            let mine =
                |r: &&Record| r.signed("fd") == tells::SELF && Who::from_number(r.number("offset")).1 == generation;
            let record = records.all.iter().find(mine).expect("a record");
            let ring = record.ring();
            (ring.uid, ring.gid, u64::from(ring.pid), ring.comm.to_vec(), ring.image)
        };
        let (thread, main) = (told(0), told(1));
        assert_eq!((thread.0, thread.1, thread.2), (4321, 1234, own_pid()), "{reads:?}");
        assert_eq!(thread.3, b"fifteen letters\0");
        assert_eq!((main.0, main.1, main.2), (0, 0, own_pid()), "{reads:?}");
        assert_eq!(main.4, thread.4, "threads share the image");
    }
}

/// Rings far too small, two threads on each CPU: what was issued was received or is counted.
#[test]
fn every_missing_record_is_counted() {
    let _alone = alone();
    const EACH: u64 = 30_000;
    for reads_meanwhile in [true, false] {
        let options = Options { ring_bytes: 4096, ..Options::default() };
        let Some(mut probe) = probe(&["QUOTACTL_X"], options) else { return };
        probe.attach().expect("attached");
        let issue = |cpu: usize| {
            move || {
                let cpus: u64 = 1 << cpu;
                call(libc::SYS_sched_setaffinity, &[0, 8, (&raw const cpus).addr() as u64]);
                for _ in 0..EACH {
                    call(libc::SYS_quotactl, &[u64::MAX]);
                }
            }
        };
        let threads = [0, 1, 0, 1].map(|cpu| std::thread::spawn(issue(cpu)));
        let mut records = Vec::new();
        while reads_meanwhile && threads.iter().any(|t| !t.is_finished()) {
            drain(&mut probe, &mut records);
        }
        threads.into_iter().for_each(|t| t.join().expect("its end"));
        probe.detach();
        drain(&mut probe, &mut records);
        let losses = probe.losses().expect("losses");
        println!("{} received, {} lost: {losses:?}", records.len(), losses.total());
        assert_eq!(records.len() as u64 + losses.total(), 4 * EACH, "{losses:?}");
        assert!(losses.total() > 0 && !records.is_empty());
    }
}

/// What runs before the probe has its first image until it execs, and that is what its next one replaces.
#[test]
fn a_process_from_before_the_probe_execs() {
    let _alone = alone();
    for keep in [Keep::Storage, Keep::Hash].into_iter().filter(|keep| common::keeps(*keep)) {
        let script = ["-c", "read line; exec /bin/sleep 0"];
        let stdin = std::process::Stdio::piped();
        let mut child = Command::new("sh").args(script).stdin(stdin).spawn().expect("a shell");
        let pid = u64::from(child.id());
        let first = first_image(child.id(), start_ticks(pid).expect("the child"));
        let own = first_image(own_pid() as u32, start_ticks(own_pid()).expect("this process"));
        let options = Options { keep: Some(keep), ..Options::default() };
        let Some(mut probe) = probe(&["EXECVE_19_X", "PROCEXIT_1_E"], options) else {
            drop(child.stdin.take());
            child.wait().expect("its end");
            return;
        };
        probe.attach().expect("attached");
        drop(child.stdin.take());
        child.wait().expect("its end");
        let mut records = Vec::new();
        drain(&mut probe, &mut records);
        records.sort_by_key(|r| r.ts);
        let own_records: Vec<_> = records.iter().filter(|r| u64::from(r.ring().pid) == pid).collect();
        let [exec, end] = own_records[..] else { panic!("{own_records:#?}") };
        let (exec, end) = (exec.ring(), end.ring());
        assert!(exec.begins() && !exec.first_sight() && !end.begins());
        assert_eq!((exec.previous, exec.parent), (first, own), "{keep:?}");
        assert_eq!((end.image, end.previous, end.parent), (exec.image, 0, own), "{keep:?}");
    }
}

/// A process whose parent ends gets another parent.
#[test]
fn orphans_have_the_image_of_who_takes_them() {
    let _alone = alone();
    assert_eq!(call(libc::SYS_prctl, &[libc::PR_SET_CHILD_SUBREAPER as u64, 1]), 0);
    for keep in [Keep::Storage, Keep::Hash].into_iter().filter(|keep| common::keeps(*keep)) {
        let options = Options { keep: Some(keep), ..Options::default() };
        let Some(mut probe) = probe(&["EXECVE_19_X", "PROCEXIT_1_E"], options) else { return };
        probe.attach().expect("attached");
        let script = ["-c", "sh -c 'sleep 0.2; exit 3' & sleep 0.1; exit 4"];
        let status = Command::new("sh").args(script).status().expect("a shell");
        assert_eq!(status.code(), Some(4));
        sleep(Duration::from_millis(300));
        let mut records = Vec::new();
        drain(&mut probe, &mut records);
        let ended = |code| {
            let end = records.iter().find(|r| r.event.id == "PROCEXIT_1_E" && r.number("ret") == code);
            end.expect("an end").ring()
        };
        let (inner, outer) = (ended(3), ended(4));
        let begin = records.iter().map(Record::ring).find(|r| r.begins() && r.image == inner.image);
        let own = first_image(own_pid() as u32, start_ticks(own_pid()).expect("this process"));
        assert_eq!(begin.expect("an exec").parent, outer.image, "{keep:?}");
        assert_eq!((outer.parent, inner.parent), (own, own), "{keep:?}");
    }
}
