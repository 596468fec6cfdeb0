//! The programs of filters in an interpreter: what they pass and keep back, on recorded captures and on generated rules
//! and events, for two ways of reading kernel memory.
//!
//! Needs the types of the running kernel, on x86_64; the captures need the shared inputs (`PEREGRINE_SHARED`). What was
//! compared is printed (`--nocapture`).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::eval;
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::kernel::KernelPlan;
use peregrine_compiler::load::{Loader, Options};
use peregrine_runtime::capture::{Capture, Process};
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::session::{Delivered, Session};
use peregrine_schema::events::code;
use peregrine_tests::bytecode::images::Conditions;
use peregrine_tests::bytecode::{Kernels, Runner, Seen};
use peregrine_tests::{engines, generate, kernel, rulesets, scap, shared};
use std::cell::Cell;
use std::collections::HashMap;
use std::path::PathBuf;

/// Events of a capture that go by at most, and events of a type that are looked at: all up to so many, then one of a few.
const EVENTS: usize = 300_000;
const ALL: usize = 2000;
const ONE_OF: usize = 16;

/// Whether an event is among those that are looked at.
#[derive(Default)]
struct Sample(HashMap<(u16, bool), usize>);

impl Sample {
    fn takes(&mut self, code: u16, matched: bool) -> bool {
        let count = self.0.entry((code, matched)).or_default();
        *count += 1;
        *count <= ALL || (*count).is_multiple_of(ONE_OF)
    }
}

/// Shows events of a capture to the programs of a plan.
fn replay(mut session: Session, rules: &RuleSet, runner: &mut Runner<'_>) -> Vec<String> {
    let conditions = Conditions::new(rules, runner.plan());
    let matcher = Matcher::new(EngineKind::Jit, rules).unwrap();
    let (mut pad, bound, env) = (matcher.pad(), Bound::new(&rules.fields), Env::default());
    let mut scratch = bumpalo::Bump::new();
    let (mut sample, mut errors, events) = (Sample::default(), Vec::new(), Cell::new(0));
    let mut visit = |event: Delivered<'_>| {
        events.set(events.get() + 1);
        let code = event.record.code;
        if !runner.filters(code) {
            return;
        }
        scratch.reset();
        let view = EventView::new(event, &bound, &scratch, &env);
        let mut matched = false;
        if matcher.listens(code) {
            matcher.run(&mut pad, &view, false, &mut |_| matched = true);
        }
        if !sample.takes(code, matched) {
            return;
        }
        let matched = !eval::run(rules, false, &view).is_empty();
        if let Err(error) = runner.look(event, &view, &conditions, matched) {
            errors.push(format!("event {} ({}): {error}", event.number, event.record.event().id));
        }
    };
    while events.get() < EVENTS && session.step(&mut visit).unwrap() {}
    errors
}

/// All captures of the shared inputs.
fn captures() -> Vec<PathBuf> {
    let Some(shared) = shared::shared() else {
        println!("skipped: PEREGRINE_SHARED does not name the shared inputs");
        return Vec::new();
    };
    shared::captures(&shared).unwrap().into_iter().map(|capture| capture.path).collect()
}

/// Compares on all captures; what was seen.
fn on_captures(rules: &RuleSet, kernels: &Kernels) -> Seen {
    let plan = KernelPlan::new(rules);
    let mut runner = Runner::new(kernels, &plan);
    for path in captures() {
        let (before, begin) = (runner.seen, std::time::Instant::now());
        let errors = replay(Session::open(&path).unwrap(), rules, &mut runner);
        assert!(
            errors.is_empty(),
            "{}: {} errors\n{}",
            path.display(),
            errors.len(),
            errors[..errors.len().min(9)].join("\n")
        );
        let name = path.file_name().unwrap().display();
        println!("{name}: {} events, {:?}", runner.seen.events - before.events, begin.elapsed());
    }
    assert!(runner.refused.is_empty(), "{:#?}", runner.refused);
    println!("{:?}", runner.seen);
    runner.seen
}

#[test]
fn upstream_rules_on_recorded_captures() {
    let (Some(kernels), Some(shared)) = (Kernels::running(), shared::shared()) else { return };
    let rules = shared::load_rules(&shared::upstream_rules(&shared, "all"), &[]).unwrap();
    let seen = on_captures(&rules, &kernels);
    // Else nothing is compared.
    assert!(seen.events > 5000 && seen.left_out * 20 < seen.events && seen.matched > 20, "{seen:?}");
    assert!(seen.dropped * 4 > seen.runs && seen.weaker * 20 < seen.events, "{seen:?}");
    assert!(seen.paths > 1000 && seen.told * 2 > seen.events && seen.dropped_by_bits * 8 > seen.told, "{seen:?}");
}

#[test]
fn random_rule_sets_on_recorded_captures() {
    let Some(kernels) = Kernels::running() else { return };
    if captures().is_empty() {
        return;
    }
    let mut loader = Loader::new(Options::default());
    loader.add_file("random.yaml", rulesets::generate(300, 7).as_bytes());
    let loaded = loader.finish();
    assert!(loaded.successful());
    let seen = on_captures(&loaded.rules, &kernels);
    assert!(seen.events > 5000 && seen.left_out * 20 < seen.events && seen.dropped * 4 > seen.runs, "{seen:?}");
    assert!(seen.told * 4 > seen.events && seen.dropped_by_bits * 8 > seen.told, "{seen:?}");
    assert!(seen.narrow * 4 > seen.events, "{seen:?}");
}

#[test]
fn generated_rules_and_events() {
    let Some(kernels) = Kernels::running() else { return };
    let total = Cell::new(Seen::default());
    arbtest::arbtest(|u| {
        let count = u.int_in_range(1..=6)?;
        let conditions = (0..count).map(|_| generate::kernel_condition(u)).collect::<arbitrary::Result<Vec<_>>>()?;
        let rules = engines::compile(&conditions).unwrap();
        let plan = KernelPlan::new(&rules);
        let mut runner = Runner::new(&kernels, &plan);
        let errors = replay(Session::new(Capture::from_bytes(&kernel::events(u, 30)?)), &rules, &mut runner);
        assert!(errors.is_empty(), "{conditions:#?}\n{}", errors.join("\n"));
        assert!(runner.refused.is_empty(), "{conditions:#?}\n{}", runner.refused.join("\n"));
        let mut so_far = total.get();
        so_far.add(&runner.seen);
        total.set(so_far);
        Ok(())
    })
    .size_min(8_000)
    .size_max(16_000)
    .budget_ms(std::env::var("PLAN_BUDGET_MS").map_or(8000, |ms| ms.parse().unwrap()));
    let seen = total.get();
    println!("{seen:?}");
    assert!(seen.events > 200 && seen.left_out * 2 < seen.events && seen.dropped * 10 > seen.runs, "{seen:?}");
    assert!(seen.matched * 50 > seen.events && seen.paths * 400 > seen.runs, "{seen:?}");
    assert!(seen.told * 20 > seen.events && seen.dropped_by_bits * 20 > seen.told, "{seen:?}");
}

/// A capture of opens: thread, result, path, flags.
fn opens(calls: &[(i64, i64, &str, u64)]) -> Vec<u8> {
    use scap::Val;
    let mut capture = kernel::small_machine();
    for (ts, (tid, result, name, flags)) in (1_500_000_000_000_000_000..).step_by(1000).zip(calls) {
        let params = [
            ("fd", Val::Int(*result)),
            ("dirfd", Val::Int(-100)),
            ("name", Val::Str(name)),
            ("flags", Val::Uint(*flags)),
            ("mode", Val::Uint(0)),
            ("dev", Val::Uint(0)),
            ("ino", Val::Uint(1)),
        ];
        capture = capture.event_by_name(ts, *tid, "OPENAT_2_X", &params);
    }
    capture.bytes()
}

/// A text that fills the memory for one may be longer, and passes. Two ways of reading memory, each in 64 and 32 bits.
#[test]
fn long_texts_pass() {
    let Some(kernels) = Kernels::running() else { return };
    let rules = engines::compile(&["evt.type = openat and fd.name startswith /a/"]).unwrap();
    let plan = KernelPlan::new(&rules);
    for (length, dropped) in [(253, 4), (254, 4), (255, 0), (256, 0), (257, 0), (511, 0), (4095, 0)] {
        let text = format!("/b/{}", "x".repeat(length - 3));
        let mut runner = Runner::new(&kernels, &plan);
        let capture = Capture::from_bytes(&opens(&[(2, 3, &text, 1)]));
        assert_eq!(replay(Session::new(capture), &rules, &mut runner), Vec::<String>::new());
        assert_eq!((runner.seen.events, runner.seen.dropped), (1, dropped), "{length}");
    }
}

fn seek(capture: scap::Scap, ts: u64, tid: i64, fd: i64) -> scap::Scap {
    use scap::Val::{Int, Uint};
    let params = [("res", Int(0)), ("fd", Int(fd)), ("offset", Uint(0)), ("whence", Uint(0))];
    capture.event_by_name(ts, tid, "LSEEK_X", &params)
}

/// A capture of seeks: so many, each of the next thread and file.
fn seeks(count: usize, files: &[(i64, &str)]) -> Vec<u8> {
    use scap::Val;
    let second = Process { tid: 30, pid: 3, ptid: 2, comm: b"sh".to_vec(), ..Process::default() };
    let mut capture = kernel::small_machine().process(&second);
    let times = (1_500_000_000_000_000_000..).step_by(1000);
    for (ts, (fd, (tid, name))) in times.clone().zip((10..).zip(files)) {
        let params = [
            ("fd", Val::Int(fd)),
            ("dirfd", Val::Int(-100)),
            ("name", Val::Str(name)),
            ("flags", Val::Uint(1)),
            ("mode", Val::Uint(0)),
            ("dev", Val::Uint(0)),
            ("ino", Val::Uint(1)),
        ];
        capture = capture.event_by_name(ts, *tid, "OPENAT_2_X", &params);
    }
    for (ts, (fd, (tid, _))) in times.skip(files.len()).zip((10..).zip(files).cycle().take(count)) {
        capture = seek(capture, ts, *tid, fd);
    }
    capture.bytes()
}

/// Paths of descriptors are put together from names, whatever their length and the mounts they lie in; longer ones than
/// there is memory for pass.
#[test]
fn paths_of_descriptors() {
    let Some(kernels) = Kernels::running() else { return };
    let seen = |condition: &str, count: usize, name: &str| {
        let rules = engines::compile(&[&format!("evt.type = lseek and {condition}")]).unwrap();
        let plan = KernelPlan::new(&rules);
        let mut runner = Runner::new(&kernels, &plan);
        let capture = Capture::from_bytes(&seeks(count, &[(2, name)]));
        assert_eq!(replay(Session::new(capture), &rules, &mut runner), Vec::<String>::new(), "{condition}, {name}");
        assert_eq!(runner.seen.events, count);
        runner.seen
    };
    // Of each 16 files one is not readable; each event is shown to two programs, twice.
    let (count, most) = (80, 4 * 75);
    for length in [5, 11, 12, 13, 127, 254, 255, 256, 257, 400] {
        let dropped = if length > 255 { 0 } else { most };
        let long = "x".repeat(length - 2);
        let parts: Vec<&str> = long.as_bytes().chunks(60).map(|part| str::from_utf8(&part[1..]).unwrap()).collect();
        for name in [format!("/b{}", &long.replacen('x', "/", 1)), format!("/b/{}", parts.join("/"))] {
            assert_eq!(name.len(), length);
            if length > 255 && name.rsplit('/').next().unwrap().len() > 255 {
                continue;
            }
            assert_eq!(seen("fd.name startswith /a/", count, &name).dropped, dropped, "{name}");
            assert_eq!(seen("not fd.name startswith /b", count, &name).dropped, dropped, "{name}");
            assert_eq!(seen("fd.name startswith /b", count, &name).dropped, 0, "{name}");
            // Constants of rules are shorter.
            if length < 255 {
                assert_eq!(seen(&format!("not fd.name = {name}"), count, &name).dropped, most, "{name}");
            }
        }
    }
    let deep = format!("/b{}", "/x".repeat(94));
    for name in ["/b", "/b/c/d", "/etc/passwd", &deep, "/"] {
        for condition in ["fd.name = /a", "fd.name endswith .c", "fd.directory = /a", "fd.filename = a"] {
            let seen = seen(condition, count, name);
            // The root has no directory and no last component.
            let dropped = if name == "/" && !condition.starts_with("fd.name") { 0 } else { most };
            assert_eq!((seen.paths, seen.dropped), (most, dropped), "{condition}, {name}");
        }
    }
}

/// Internet sockets and pipes are called by no path, unix sockets may be.
#[test]
fn what_has_no_path() {
    let Some(kernels) = Kernels::running() else { return };
    let rules = engines::compile(&["evt.type = lseek and fd.name startswith /x/"]).unwrap();
    let plan = KernelPlan::new(&rules);
    // Descriptors of the small machine.
    for (fd, dropped) in [(4, 64), (5, 0), (6, 64)] {
        let times = (1_500_000_000_000_000_000..).take(16);
        let capture = times.fold(kernel::small_machine(), |capture, ts| seek(capture, ts, 2, fd));
        let mut runner = Runner::new(&kernels, &plan);
        let errors = replay(Session::new(Capture::from_bytes(&capture.bytes())), &rules, &mut runner);
        assert_eq!(errors, Vec::<String>::new(), "{fd}");
        assert_eq!((runner.seen.events, runner.seen.dropped), (16, dropped), "{fd}");
    }
}

/// Shows programs of a plan with one mistake in it events, which are to find it out; how many there are.
fn mistakes(kernels: &Kernels, conditions: &[&str], code: u16, capture: &[u8], events: usize) -> usize {
    let rules = engines::compile(conditions).unwrap();
    let plan = KernelPlan::new(&rules);
    let errors = |programs: &KernelPlan| {
        let mut runner = Runner::mistaken(kernels, &plan, programs);
        let errors = replay(Session::new(Capture::from_bytes(capture)), &rules, &mut runner);
        assert_eq!((runner.seen.events, runner.seen.left_out), (events, 0));
        errors
    };
    assert!(errors(&plan).is_empty(), "{:#?}", errors(&plan));
    let mut mistakes = 0;
    while let Some(wrong) = kernel::mutated(&plan, code, mistakes) {
        assert!(!errors(&wrong).is_empty(), "mistake {mistakes} is not found");
        mistakes += 1;
    }
    mistakes
}

/// A program of a plan with one mistake in it is found out, wherever the mistake is.
#[test]
fn mistakes_are_found() {
    let Some(kernels) = Kernels::running() else { return };
    let conditions = [
        "evt.type = openat and evt.is_open_write = true and fd.name startswith /a/ and not fd.name in (/a/x, /a/y)",
        "evt.type = openat and evt.failed = true and fd.name pmatch (/b) and user.uid = 0",
        "evt.type in (open, openat) and evt.rawres >= 0 and fd.name endswith .c",
    ];
    let capture = opens(&[
        (2, 3, "/a/b", 2),
        (3, -2, "/b/c", 1),
        (2, 5, "/c/d.c", 1),
        (2, 6, "/a/d.c", 3),
        (3, -13, "/b/d.c", 2),
        (2, 3, "/a/x", 2),
    ]);
    assert!(mistakes(&kernels, &conditions, code::OPENAT_2_X, &capture, 6) >= 6);
    let conditions = [
        "evt.type = lseek and fd.name startswith /a/ and not fd.name in (/a/x, /a/y)",
        "evt.type = lseek and fd.name endswith .c and not proc.name = cat",
        "evt.type = lseek and fd.name startswith /c/ and proc.name = cat and proc.exepath = /bin/cat",
    ];
    let files = [(2, "/a/b"), (2, "/c/d"), (3, "/c/d"), (2, "/a/x"), (3, "/b/x.c"), (2, "/b/x.c"), (30, "/b/d")];
    let capture = seeks(112, &files);
    assert!(mistakes(&kernels, &conditions, code::LSEEK_X, &capture, 112) >= 5);
}

/// Bits are told of each thread, and only what is fixed.
#[test]
fn bits_of_images() {
    let Some(kernels) = Kernels::running() else { return };
    let seen = |condition: &str, tid: i64| {
        let rules = engines::compile(&[&format!("evt.type = lseek and {condition}")]).unwrap();
        let plan = KernelPlan::new(&rules);
        let mut runner = Runner::new(&kernels, &plan);
        let capture = Capture::from_bytes(&seeks(24, &[(tid, "/a/b")]));
        assert_eq!(replay(Session::new(capture), &rules, &mut runner), Vec::<String>::new(), "{condition}, {tid}");
        (runner.seen.told, runner.seen.dropped_by_bits)
    };
    for (condition, tid, expected) in [
        ("proc.name = cat", 3, (24, 0)),
        ("proc.name = cat", 2, (24, 24)),
        ("not proc.name = cat", 3, (24, 24)),
        ("proc.name = cat", 30, (24, 24)),
        // The first is fixed, the other not.
        ("proc.name = cat and proc.cwd = /x/", 3, (24, 0)),
        ("proc.name = sh and proc.cwd = /x/", 3, (24, 24)),
        ("not proc.cwd = /a/", 3, (24, 0)),
    ] {
        assert_eq!(seen(condition, tid), expected, "{condition}, {tid}");
    }
}
