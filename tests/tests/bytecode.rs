//! The programs of filters in an interpreter: what they pass and keep back, on recorded captures and on generated rules
//! and events, for two ways of reading kernel memory.
//!
//! Needs the types of the running kernel, on x86_64; the captures need the shared inputs (`PEREGRINE_SHARED`). What was
//! compared is printed (`--nocapture`).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::eval;
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::PredicateId;
use peregrine_compiler::kernel::KernelPlan;
use peregrine_compiler::load::{Loader, Options};
use peregrine_runtime::capture::Capture;
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::session::{Delivered, Session};
use peregrine_schema::events::code;
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
fn replay(mut session: Session, rules: &RuleSet, plan: &KernelPlan, runner: &mut Runner<'_>) -> Vec<String> {
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
        // Bits of images are asked one by one, and that takes long.
        let known = event.number.is_multiple_of(8);
        let mut one = |p: PredicateId| eval::holds(rules, &plan.predicates[p.0 as usize], &view);
        let bits: Vec<bool> = if known { plan.image.iter().map(|i| i.holds(&mut one)).collect() } else { Vec::new() };
        if let Err(error) = runner.look(event, matched, &|bit| bits.get(bit as usize).copied()) {
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
        let errors = replay(Session::open(&path).unwrap(), rules, &plan, &mut runner);
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
        let errors = replay(Session::new(Capture::from_bytes(&kernel::events(u, 30)?)), &rules, &plan, &mut runner);
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
    assert!(seen.matched * 50 > seen.events, "{seen:?}");
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

/// A text that fills the memory for one may be longer, and passes.
#[test]
fn long_texts_pass() {
    let Some(kernels) = Kernels::running() else { return };
    let rules = engines::compile(&["evt.type = openat and fd.name startswith /a/"]).unwrap();
    let plan = KernelPlan::new(&rules);
    for (length, dropped) in [(253, 2), (254, 2), (255, 0), (256, 0), (257, 0), (511, 0), (4095, 0)] {
        let text = format!("/b/{}", "x".repeat(length - 3));
        let mut runner = Runner::new(&kernels, &plan);
        let capture = Capture::from_bytes(&opens(&[(2, 3, &text, 1)]));
        assert_eq!(replay(Session::new(capture), &rules, &plan, &mut runner), Vec::<String>::new());
        assert_eq!((runner.seen.events, runner.seen.dropped), (1, dropped), "{length}");
    }
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
    let rules = engines::compile(&conditions).unwrap();
    let plan = KernelPlan::new(&rules);
    let capture = opens(&[
        (2, 3, "/a/b", 2),
        (3, -2, "/b/c", 1),
        (2, 5, "/c/d.c", 1),
        (2, 6, "/a/d.c", 3),
        (3, -13, "/b/d.c", 2),
        (2, 3, "/a/x", 2),
    ]);
    let errors = |programs: &KernelPlan| {
        let mut runner = Runner::mistaken(&kernels, &plan, programs);
        let errors = replay(Session::new(Capture::from_bytes(&capture)), &rules, &plan, &mut runner);
        assert_eq!((runner.seen.events, runner.seen.left_out), (6, 0));
        errors
    };
    assert!(errors(&plan).is_empty(), "{:#?}", errors(&plan));
    let mut mistakes = 0;
    while let Some(wrong) = kernel::mutated(&plan, code::OPENAT_2_X, mistakes) {
        assert!(!errors(&wrong).is_empty(), "mistake {mistakes} is not found");
        mistakes += 1;
    }
    assert!(mistakes >= 6, "{mistakes}");
}
