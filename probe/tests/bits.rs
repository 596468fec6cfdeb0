//! Bits of images in filters: they hold for their image only, and for nothing that comes after it.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why.

#![expect(clippy::unwrap_used, reason = "tests may fail")]

mod common;

use common::Record;
use peregrine_compiler::kernel::KernelPlan;
use peregrine_compiler::load::{Loader, Options as LoadOptions};
use peregrine_probe::filter::bits::WORDS;
use peregrine_probe::image::Keep;
use peregrine_probe::live::{Options, Probe};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

fn plan(conditions: &[&str]) -> KernelPlan {
    let mut loader = Loader::new(LoadOptions::default());
    for (at, condition) in conditions.iter().enumerate() {
        let rule = format!("- {{rule: r{at}, desc: d, priority: NOTICE, output: o, condition: \"{condition}\"}}");
        loader.add_file(&format!("{at}.yaml"), rule.as_bytes());
    }
    let loaded = loader.finish();
    assert!(loaded.results.iter().all(|result| result.errors.is_empty()));
    KernelPlan::new(&loaded.rules)
}

fn probe(plan: &KernelPlan, options: Options) -> Option<Probe> {
    match Probe::load(|_| false, Some(plan), Options { ring_bytes: 1 << 20, ..options }) {
        Ok(mut probe) => {
            assert!(probe.refused().is_empty() && probe.unfiltered().is_empty(), "{:?}", probe.unfiltered());
            probe.attach().unwrap();
            Some(probe)
        }
        Err(e) => {
            common::skipped(&e.to_string());
            None
        }
    }
}

/// Reads no more than a line at a time, so that what it runs in its place finds the rest.
const READING: &str = "while read -r line; do eval \"$line\"; done";

/// A shell that does one line after the other.
struct Shell {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell {
    fn new() -> Shell {
        let mut child = Command::new("/bin/sh");
        child.args(["-c", READING]).env("READING", READING).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Shell { child, input, output }
    }

    fn tid(&self) -> u64 {
        self.child.id().into()
    }

    /// Comes back when it is done.
    fn run(&mut self, line: &str) {
        writeln!(self.input, "{line}\necho done").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        assert_eq!(answer, "done\n");
    }

    /// Runs a line; the images of its events, and how many were marked.
    fn seen(&mut self, probe: &mut Probe, line: &str) -> (Vec<u64>, usize) {
        self.run(line);
        let mut records = Vec::new();
        for ring in probe.rings() {
            records.extend(ring.batch().iter().map(Record::parse));
        }
        records.retain(|record| record.tid == self.tid());
        let marked = records.iter().filter(|record| record.ring().shadowed).count();
        (records.iter().map(|record| record.ring().image).collect(), marked)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A time after all that has happened; each is later than the one before.
fn now() -> u64 {
    peregrine_probe::clock::Clock::new().now()
}

fn bits(set: &[usize]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    set.iter().for_each(|bit| words[bit / 64] |= 1 << (bit % 64));
    words
}

#[test]
fn bits_hold_for_their_image() {
    for keep in [Keep::Storage, Keep::Hash].into_iter().filter(|keep| common::keeps(*keep)) {
        let plan = plan(&["evt.type = chdir and proc.name = nobody"]);
        assert_eq!(plan.image.len(), 1);
        // One that began before the probe has an image, too.
        let mut early = Shell::new();
        early.run("true");
        let Some(mut probe) = probe(&plan, Options { keep: Some(keep), ..Options::default() }) else { return };
        let known = probe.task_bits().unwrap();
        let mut late = Shell::new();
        for shell in [&mut early, &mut late] {
            let tid = shell.tid();
            let mut one = |shell: &mut Shell, line| {
                let (images, _) = shell.seen(&mut probe, line);
                assert!(images.len() < 2, "{images:x?}");
                images.first().copied()
            };
            let first = one(shell, "cd /tmp").expect("nothing is known yet");
            known.set(first, tid, now(), &bits(&[])).unwrap();
            assert_eq!(one(shell, "cd /"), None, "{keep:?}");
            assert_eq!(one(shell, "cd /tmp"), None);
            // In the order in which the words lie: another bit is no answer.
            known.set(first, tid, now(), &bits(&[1, 63, 64, 1023])).unwrap();
            assert_eq!(one(shell, "cd /"), None);
            known.set(first, tid, now(), &bits(&[0])).unwrap();
            assert_eq!(one(shell, "cd /"), Some(first));
            known.set(first, tid, now(), &bits(&[])).unwrap();
            assert_eq!(one(shell, "cd /"), None);
            let second = one(shell, "exec /bin/sh -c \"$READING\"\ncd /tmp").expect("another image");
            assert_ne!(second, first);
            known.set(second, tid, now(), &bits(&[])).unwrap();
            assert_eq!(one(shell, "cd /"), None);
            // Those of others say nothing, nor do those that an earlier event showed.
            let third = one(shell, "exec /bin/sh -c \"$READING\"\ncd /tmp").expect("another image");
            known.set(second, tid, now(), &bits(&[])).unwrap();
            assert_eq!(one(shell, "cd /"), Some(third));
            let early = now();
            known.set(third, tid, now(), &bits(&[0])).unwrap();
            known.set(third, tid, early, &bits(&[])).unwrap();
            assert_eq!(one(shell, "cd /"), Some(third));
        }
    }
}

#[test]
fn both_ways_of_a_bit_and_bits_of_every_word() {
    // A bit for each of so many rules, and one that a fact of the event is joined with.
    let names: Vec<String> =
        (0..70).map(|n| format!("evt.type = chdir and evt.rawres = {n} and proc.name = n{n}")).collect();
    let rules: Vec<&str> = names.iter().map(String::as_str).collect();
    let plan = plan(&rules);
    assert_eq!(plan.image.len(), 70);
    let Some(mut probe) = probe(&plan, Options { shadow: Some(1), ..Options::default() }) else { return };
    let known = probe.task_bits().unwrap();
    let mut shell = Shell::new();
    let tid = shell.tid();
    let (images, marked) = shell.seen(&mut probe, "cd /");
    assert_eq!((images.len(), marked), (1, 0));
    // The one whose number is the result, which is 0.
    let asked: Vec<usize> = (0..70)
        .filter(|bit| {
            known.set(images[0], tid, now(), &bits(&[*bit])).unwrap();
            shell.seen(&mut probe, "cd /").1 == 0
        })
        .collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let others: Vec<usize> = (0..1024).filter(|bit| *bit != asked[0]).collect();
    known.set(images[0], tid, now(), &bits(&others)).unwrap();
    assert_eq!(shell.seen(&mut probe, "cd /").1, 1);
}

/// What is told of one thread says nothing of another, nor of one that comes after it.
#[test]
fn bits_of_threads_are_their_own() {
    let plan = plan(&["evt.type = chdir and proc.name = nobody"]);
    let Some(mut probe) = probe(&plan, Options::default()) else { return };
    let known = probe.task_bits().unwrap();
    let mut seen = |tid: u64| -> Vec<u64> {
        let mut records = Vec::new();
        probe.rings().iter_mut().for_each(|ring| records.extend(ring.batch().iter().map(Record::parse)));
        records.iter().filter(|record| record.tid == tid).map(|record| record.ring().image).collect()
    };
    let before = now();
    let act = || std::env::set_current_dir("/").unwrap();
    let own_tid = || common::call(libc::SYS_gettid, &[]).cast_unsigned();
    let (image, others) = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let tid = own_tid();
            act();
            let image = seen(tid)[0];
            known.set(image, tid, now(), &bits(&[])).unwrap();
            (0..3).for_each(|_| act());
            assert!(seen(tid).is_empty());
            let next = std::thread::spawn(move || {
                act();
                own_tid()
            });
            (image, seen(next.join().unwrap()))
        });
        thread.join().unwrap()
    });
    assert_eq!(others, [image]);
    act();
    assert_eq!(seen(own_tid()), [image]);
    // What was told before the thread began is of another one.
    let early = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let tid = own_tid();
            known.set(image, tid, before, &bits(&[])).unwrap();
            act();
            let early = seen(tid);
            known.set(image, tid, now(), &bits(&[])).unwrap();
            act();
            assert!(seen(tid).is_empty());
            early
        });
        thread.join().unwrap()
    });
    assert_eq!(early, [image]);
}

#[test]
fn another_plan_has_bits_of_its_own() {
    let first = plan(&["evt.type = chdir and proc.name = nobody"]);
    let Some(mut probe) = probe(&first, Options::default()) else { return };
    let known = probe.task_bits().unwrap();
    let mut shell = Shell::new();
    let tid = shell.tid();
    let (images, _) = shell.seen(&mut probe, "cd /");
    known.set(images[0], tid, now(), &bits(&[])).unwrap();
    assert!(shell.seen(&mut probe, "cd /").0.is_empty());
    probe.replan(|_| false, Some(&plan(&["evt.type = chdir and proc.name = somebody"]))).unwrap();
    assert_eq!(shell.seen(&mut probe, "cd /").0, images);
    known.set(images[0], tid, now(), &bits(&[])).unwrap();
    assert_eq!(shell.seen(&mut probe, "cd /").0, images);
    probe.task_bits().unwrap().set(images[0], tid, now(), &bits(&[])).unwrap();
    assert!(shell.seen(&mut probe, "cd /").0.is_empty());
    probe.replan(|_| false, Some(&plan(&["evt.type = chdir"]))).unwrap();
    assert!(probe.task_bits().is_none());
    assert_eq!(shell.seen(&mut probe, "cd /").0, images);
}
