//! Rules over the running kernel, by the library: storms of processes, rules exchanged under load, rings that are too
//! small.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why, and fails where it must
//! run (`PEREGRINE_KERNEL_TESTS=required`).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::load::{Loader, Options as LoadOptions};
use peregrine_probe::program::Loss;
use peregrine_runtime::alert::AlertFormat;
use peregrine_runtime::live::output::Outputs;
use peregrine_runtime::live::rules::Generation;
use peregrine_runtime::live::{Attached, Ended, Settings, Watch};
use peregrine_runtime::replay::Options;
use peregrine_schema::events::code;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One at a time: each watches the whole machine.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// A rule for files below a directory.
fn rule_set(below: &Path, name: &str) -> RuleSet {
    one_rule(name, &format!("(fd.name startswith {}/ or fd.name = /{name})", below.display()))
}

/// A rule for opening calls.
fn one_rule(name: &str, condition: &str) -> RuleSet {
    let text = format!(
        "- rule: {name}\n  desc: d\n  condition: evt.type in (open, openat) and {condition}\n  \
         output: \"%fd.name %proc.name %proc.pid %proc.cmdline %proc.pcmdline %proc.ppid %evt.res\"\n  priority: INFO\n"
    );
    let mut loader = Loader::new(LoadOptions::default());
    loader.add_file("test.yaml", text.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.successful());
    loaded.rules
}

fn rules(below: &Path, name: &str) -> Generation {
    generation(rule_set(below, name))
}

fn generation(rules: RuleSet) -> Generation {
    let matcher = Matcher::new(EngineKind::Jit, &rules).unwrap();
    let options = Options { format: AlertFormat { json: true, ..AlertFormat::default() }, ..Options::default() };
    Generation::new(rules, matcher, options)
}

/// Watches files below a directory; `None` where that is not permitted.
fn watch(below: &Path, ring_bytes: u32, shadow: Option<u32>) -> Option<(Watch, PathBuf)> {
    watch_by(|| rule_set(below, "first"), below, ring_bytes, shadow)
}

/// Watches by rules; alerts go beside a directory.
fn watch_by(
    rules: impl Fn() -> RuleSet,
    below: &Path,
    ring_bytes: u32,
    shadow: Option<u32>,
) -> Option<(Watch, PathBuf)> {
    let alerts = below.with_extension("alerts");
    let _ = std::fs::remove_file(&alerts);
    let settings = Settings { ring_bytes, shadow, ..Settings::default() };
    match Attached::new(&rules(), settings) {
        Ok(attached) => {
            assert!(attached.probe().unfiltered().is_empty(), "{:?}", attached.probe().unfiltered());
            let outputs = Outputs::new(false, Some(&alerts)).unwrap();
            Some((attached.start(generation(rules()), outputs).unwrap(), alerts))
        }
        Err(error) => {
            let required = std::env::var("PEREGRINE_KERNEL_TESTS").is_ok_and(|v| v == "required");
            assert!(!required, "must run here: {error:?}");
            eprintln!("skipped: {error}");
            None
        }
    }
}

fn read(alerts: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(alerts).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How often a file was opened by alerts, by its name below the directory.
fn opened(alerts: &[Value]) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    for alert in alerts {
        let name = alert["output_fields"]["fd.name"].as_str().unwrap();
        *counts.entry(name.rsplit('/').next().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// Processes that are begun by processes that are begun by threads of this one: each opens a file of its own.
#[test]
fn every_event_has_the_process_that_made_it() {
    const THREADS: usize = 8;
    const EACH: usize = 60;
    let _alone = alone();
    let below = directory("storm");
    let Some((watch, alerts)) = watch(&below, 8 << 20, Some(1)) else { return };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let below = &below;
            scope.spawn(move || {
                for i in 0..EACH {
                    let number = thread * EACH + i;
                    // The shell opens a file, its child another one after an exec, and a child without exec a third.
                    let script = ": > $1/shell-$2; cat /dev/null > $1/child-$2; (: > $1/fork-$2) & \
                                  (exec sh -c ': > $1/again-$2' again $1 $2); wait";
                    let number = number.to_string();
                    let below = below.to_str().unwrap();
                    let status = Command::new("sh").args(["-c", script, "storm", below, &number]).status();
                    assert!(status.unwrap().success());
                }
            });
        }
    });
    let Ended { stats, losses, .. } = watch.stop().unwrap();
    assert_eq!(losses.counted.iter().filter(|(loss, ..)| *loss != Loss::Compat).count(), 0, "{losses:?}");
    let alerts = read(&alerts);
    let counts = opened(&alerts);
    for number in 0..THREADS * EACH {
        for name in ["shell", "child", "fork", "again"] {
            let name = format!("{name}-{number}");
            assert_eq!(counts.get(&name), Some(&1), "{name}: {stats:?}");
        }
    }
    for alert in &alerts {
        let field = |name: &str| alert["output_fields"][name].as_str().unwrap_or_else(|| panic!("{name}: {alert}"));
        let (kind, number) = field("fd.name").rsplit('/').next().unwrap().split_once('-').unwrap();
        let (own, parent) = (field("proc.cmdline"), field("proc.pcmdline"));
        let ends = |text: &str| text.rsplit(' ').next() == Some(number);
        let right = match kind {
            // Begun by a thread of this process.
            "shell" => own.contains(" storm ") && ends(own) && !parent.contains("storm "),
            // The redirection is opened before the exec of cat.
            "child" | "fork" => own.contains(" storm ") && ends(own),
            _ => own.contains(" again ") && ends(own) && parent.contains(" storm ") && ends(parent),
        };
        assert!(right, "{alert}");
    }
    assert_eq!((stats.shadow_errors, stats.unreadable, stats.unsent), (0, 0, 0), "{stats:?}");
}

/// Opens files one after the other, each a known number of times, until told to stop; how often.
fn open_until(stop: &AtomicBool, file: &Path, count: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        drop(File::open(file).unwrap());
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// A process of its own that opens a file again and again: those of this process are not matched.
fn opener(file: &Path, times: u64) -> std::process::Child {
    let script = "i=0; while [ $i -lt $2 ]; do : < $1; i=$((i+1)); done";
    let mut command = Command::new("sh");
    command.args(["-c", script, "opener", file.to_str().unwrap(), &times.to_string()]).stdin(Stdio::null());
    command.spawn().unwrap()
}

/// Not a test: threads of one process that come and go under one number, every other one with another name. Each opens a
/// file on one CPU and then on another.
#[test]
fn threads_with_one_number() {
    const THREADS: usize = 60;
    let Ok(file) = std::env::var("PEREGRINE_TEST_THREADS") else { return };
    let (mut first, mut again) = (None::<i32>, 0);
    for round in 0..THREADS {
        // A thread begins with the name of the one that makes it.
        std::fs::write("/proc/thread-self/comm", ["other", "wanted"][round % 2]).unwrap();
        if let Some(first) = first {
            std::fs::write("/proc/sys/kernel/ns_last_pid", (first - 1).to_string()).unwrap();
        }
        let file = file.clone();
        let thread = std::thread::spawn(move || {
            for cpu in [0, 1] {
                let mut cpus = nix::sched::CpuSet::new();
                cpus.set(cpu).unwrap();
                // There may be one only.
                let _ = nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &cpus);
                (0..OPENS).for_each(|_| drop(File::open(&file).unwrap()));
            }
            nix::unistd::gettid().as_raw()
        });
        let tid = thread.join().unwrap();
        again += usize::from(first == Some(tid));
        first.get_or_insert(tid);
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    assert!(again > THREADS / 2, "{again} of {THREADS} had the same number");
    println!("opened {}", THREADS / 2 * 2 * OPENS);
}

/// How often a thread of [`threads_with_one_number`] opens the file on each CPU.
const OPENS: usize = 2;

#[test]
fn what_is_told_of_a_thread_is_not_held_against_the_next_one_of_its_number() {
    let _alone = alone();
    if !Path::new("/proc/sys/kernel/ns_last_pid").exists() {
        return eprintln!("skipped: this kernel does not let numbers of threads be chosen");
    }
    let below = directory("numbers");
    let file = below.join("file");
    File::create(&file).unwrap();
    let condition = format!("proc.name = wanted and fd.name = {}", file.display());
    let Some((watch, alerts)) = watch_by(|| one_rule("name", &condition), &below, 8 << 20, None) else { return };
    let mut driver = Command::new(std::env::current_exe().unwrap());
    driver.args(["--exact", "threads_with_one_number", "--nocapture"]).env("PEREGRINE_TEST_THREADS", &file);
    let output = driver.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let times: u64 = said.lines().find_map(|line| line.split_once("opened ")?.1.parse().ok()).unwrap();
    let Ended { stats, losses, .. } = watch.stop().unwrap();
    assert_eq!(losses.counted.iter().filter(|(loss, ..)| *loss != Loss::Compat).count(), 0, "{losses:?}");
    assert_eq!(opened(&read(&alerts)).get("file"), Some(&times), "{stats:?}");
}

#[test]
fn nothing_is_lost_when_rules_are_exchanged() {
    // Each exchanges the programs of open and openat.
    const TIMES: usize = 100;
    let _alone = alone();
    let below = directory("reload");
    let [file, stop] = ["file", "stop"].map(|name| below.join(name));
    File::create(&file).unwrap();
    let Some((mut watch, alerts)) = watch(&below, 8 << 20, None) else { return };
    // Opens the file until told to stop, and says how often.
    let script = "i=0; while [ ! -e $2 ]; do : < $1; i=$((i+1)); done; echo $i";
    let mut command = Command::new("sh");
    command.args(["-c", script, "opener", file.to_str().unwrap(), stop.to_str().unwrap()]);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    for swap in 1..=TIMES {
        watch.reload(rules(&below, &format!("rules-{swap}"))).unwrap();
    }
    File::create(&stop).unwrap();
    let output = child.wait_with_output().unwrap();
    let times: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    let Ended { stats, losses, .. } = watch.stop().unwrap();
    assert_eq!(losses.counted.iter().filter(|(loss, ..)| *loss != Loss::Compat).count(), 0, "{losses:?}");
    let alerts = read(&alerts);
    assert_eq!(stats.unsent, 0);
    assert_eq!(opened(&alerts).get("file"), Some(&times), "{stats:?}");
    let rules: BTreeSet<&str> = alerts.iter().map(|a| a["rule"].as_str().unwrap()).collect();
    assert!(rules.len() > TIMES / 2, "{} of {TIMES}: {rules:?}", rules.len());
    // Alerts are in order of time, and so are the rules.
    let times: Vec<&str> = alerts.iter().map(|a| a["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    let number = |rule: &str| rule.strip_prefix("rules-").map_or(0, |n| n.parse::<u32>().unwrap());
    assert!(alerts.iter().map(|a| number(a["rule"].as_str().unwrap())).is_sorted());
}

#[test]
fn rings_that_are_too_small_lose_nothing_without_a_count() {
    const TIMES: u64 = 100_000;
    let _alone = alone();
    let below = directory("overload");
    let file = below.join("file");
    File::create(&file).unwrap();
    let Some((watch, alerts)) = watch(&below, 4096, None) else { return };
    // From two processes, each with calls as fast as it can.
    let stop = AtomicBool::new(false);
    let count = AtomicU64::new(0);
    let mut children = [opener(&file, TIMES), opener(&file, TIMES)];
    std::thread::scope(|scope| {
        // Of this process, which is not matched: it only fills the rings.
        scope.spawn(|| open_until(&stop, &file, &count));
        children.iter_mut().for_each(|child| assert!(child.wait().unwrap().success()));
        stop.store(true, Ordering::Relaxed);
    });
    let Ended { stats, losses, .. } = watch.stop().unwrap();
    let lost = losses.counted.iter().filter(|(loss, code, _)| *loss == Loss::RingFull && *code == code::OPENAT_2_X);
    let lost: u64 = lost.map(|(.., count)| count).sum();
    let alerts = read(&alerts);
    let seen = opened(&alerts).get("file").copied().unwrap_or_default();
    assert!(lost > 0, "the rings were not full: {stats:?}");
    // What this process opened was read or lost, too.
    let own = count.load(Ordering::Relaxed);
    assert!(seen + stats.unsent + lost >= 2 * TIMES, "{seen} seen, {lost} lost, {stats:?}");
    assert!(seen + stats.unsent + lost <= 2 * TIMES + own, "{seen} seen, {lost} lost, {own} own");
    // Whoever is not known for want of his beginning is told.
    eprintln!("{seen} seen, {lost} lost, {} not known, {} late", stats.unknown, stats.late);
}
