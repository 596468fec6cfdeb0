//! Kernel plans keep nothing back that a rule wants: on recorded captures and on generated rules and events.
//!
//! The captures need the shared inputs (`PEREGRINE_SHARED`). What a plan drops is printed (`--nocapture`).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::kernel::{EventPlan, KernelPlan};
use peregrine_runtime::session::Session;
use peregrine_schema as schema;
use peregrine_tests::kernel::{Outcome, Watcher};
use peregrine_tests::{engines, kernel, scap, shared};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

/// Events of a capture that are looked at; most are not wanted by any rule and take no time.
const EVENTS: usize = 400_000;

/// What a plan did with a capture.
#[derive(Debug, Default)]
struct Counts {
    events: usize,
    listened: usize,
    matched: usize,
    without_bits: usize,
    with_bits: usize,
    /// By event type: events, passed without bits, passed with bits.
    by_type: BTreeMap<&'static str, [usize; 3]>,
    /// By event type and rule: events that pass because of it, bits known.
    by_rule: BTreeMap<(&'static str, String), usize>,
}

impl Counts {
    fn add(&mut self, code: u16, listens: bool, outcome: &Outcome) {
        self.events += 1;
        self.listened += usize::from(listens);
        self.matched += usize::from(!outcome.matched.is_empty());
        self.without_bits += usize::from(outcome.without_bits);
        self.with_bits += usize::from(outcome.with_bits);
        if listens {
            let row = self.by_type.entry(schema::EVENTS[usize::from(code)].name).or_default();
            row[0] += 1;
            row[1] += usize::from(outcome.without_bits);
            row[2] += usize::from(outcome.with_bits);
        }
    }

    fn print(&self, capture: &str) {
        let share = |passed: usize| 100.0 * (1.0 - passed as f64 / self.events.max(1) as f64);
        println!(
            "{capture}: {} events, {} of types that rules want, {} matched; dropped {:.2} % without image bits, {:.2} % with",
            self.events,
            self.listened,
            self.matched,
            share(self.without_bits),
            share(self.with_bits)
        );
        for (name, [all, without, with]) in &self.by_type {
            println!("  {name:<18} {all:>7} events, passed {without:>7} without bits, {with:>7} with");
            let rules = self.by_rule.iter().filter(|((of, _), _)| of == name);
            let mut rules: Vec<(usize, &str)> = rules.map(|((_, rule), count)| (*count, rule.as_str())).collect();
            rules.sort_by_key(|(count, rule)| (std::cmp::Reverse(*count), *rule));
            rules.iter().take(6).for_each(|(count, rule)| println!("    {count:>7}  {rule}"));
        }
    }
}

/// The plan of each rule alone.
fn plans(rules: &RuleSet) -> Vec<(String, KernelPlan)> {
    let enabled = (0..rules.rules.len()).filter(|index| rules.rules[*index].enabled);
    enabled
        .map(|index| {
            let mut one = rules.clone();
            (0..).zip(&mut one.rules).for_each(|(other, rule)| rule.enabled = other == index);
            (rules.rules[index].name.clone(), KernelPlan::new(&one))
        })
        .collect()
}

/// `plans`: of each rule alone, to tell which one lets an event pass.
fn replay(path: &Path, rules: &RuleSet, plan: &KernelPlan, plans: &[(String, KernelPlan)]) -> Counts {
    let matcher = Matcher::new(EngineKind::Jit, rules).unwrap();
    let mut pad = matcher.pad();
    let mut watcher = Watcher::new(rules, plan);
    let mut alone: Vec<(&str, Watcher<'_>)> =
        plans.iter().map(|(name, plan)| (name.as_str(), Watcher::new(rules, plan))).collect();
    let mut counts = Counts::default();
    let mut session = Session::open(path).unwrap();
    let mut errors = Vec::new();
    while counts.events < EVENTS && errors.len() < 5 {
        let more = session.step(&mut |event| {
            let code = event.record.code;
            let listens = *plan.event(code) != EventPlan::Never;
            let mut matching = |view: &peregrine_runtime::fields::EventView<'_>| {
                let mut found = Vec::new();
                if matcher.listens(code) {
                    matcher.run(&mut pad, view, true, &mut |rule| found.push(rule.0 as usize));
                }
                found
            };
            match watcher.look(event, &mut matching) {
                Ok(outcome) => {
                    counts.add(code, listens, &outcome);
                    for (name, watcher) in alone.iter_mut().filter(|_| outcome.with_bits) {
                        if !watcher.look(event, &mut |_| Vec::new()).is_ok_and(|alone| alone.with_bits) {
                            continue;
                        }
                        let key = (schema::EVENTS[usize::from(code)].name, (*name).to_owned());
                        *counts.by_rule.entry(key).or_default() += 1;
                    }
                }
                Err(error) => errors.push(error),
            }
        });
        if !more.unwrap() {
            break;
        }
    }
    assert!(errors.is_empty(), "{}: {}", path.display(), errors.join("\n"));
    counts
}

#[test]
fn upstream_rules_on_recorded_captures() {
    let Some(shared) = shared::shared() else {
        println!("skipped: PEREGRINE_SHARED does not name the shared inputs");
        return;
    };
    let rules = shared::load_rules(&shared::upstream_rules(&shared, "all"), &[]).unwrap();
    let start = std::time::Instant::now();
    let plan = KernelPlan::new(&rules);
    println!("plan made in {:?}, {} bits, {} bytes as JSON", start.elapsed(), plan.image.len(), json_size(&plan));
    let plans = plans(&rules);
    for name in ["tiny", "nginx", "shell", "attack"] {
        replay(&shared.join("captures").join(format!("{name}.scap.gz")), &rules, &plan, &plans).print(name);
    }
}

fn json_size(plan: &KernelPlan) -> usize {
    serde_json::to_vec(plan).map_or(0, |bytes| bytes.len())
}

/// Plans of large rule sets stay within their limits, and do not take long.
#[test]
fn large_rule_sets() {
    use peregrine_compiler::load::{Loader, Options};
    use peregrine_tests::rulesets;
    let mut loader = Loader::new(Options::default());
    loader.add_file("large.yaml", rulesets::generate(rulesets::MAX / 4, 1).as_bytes());
    let loaded = loader.finish();
    assert!(loaded.successful());
    let start = std::time::Instant::now();
    let plan = KernelPlan::new(&loaded.rules);
    let by_verdict = |verdict: &str| {
        plan.by_code.iter().filter(|p| peregrine_compiler::kernel::explain::verdict(p) == verdict).count()
    };
    println!(
        "{} rules: {:?}, {} bits, {} codes filtered, {} unfiltered",
        loaded.rules.rules.len(),
        start.elapsed(),
        plan.image.len(),
        by_verdict("filtered"),
        by_verdict("unfiltered")
    );
    let limits = peregrine_compiler::kernel::plan::Limits::default();
    assert!(start.elapsed().as_secs() < 60 && plan.image.len() <= limits.image);
    for filter in plan.by_code.iter().filter_map(|p| if let EventPlan::Filter(f) = p { Some(f) } else { None }) {
        let bits_only = filter.nodes.len() <= 2 * filter.atoms.len();
        assert!(filter.nodes.len() <= limits.atoms || bits_only, "{} nodes", filter.nodes.len());
    }
}

#[test]
fn generated_rules_and_events() {
    let total = Cell::new(kernel::Seen::default());
    arbtest::arbtest(|u| {
        let mut so_far = total.get();
        so_far.add(&kernel::plans_hold(u)?);
        total.set(so_far);
        Ok(())
    })
    .size_min(8_000)
    .size_max(16_000)
    .budget_ms(std::env::var("PLAN_BUDGET_MS").map_or(6000, |ms| ms.parse().unwrap()));
    let seen = total.get();
    println!("{seen:?}");
    // Else nothing is compared.
    assert!(seen.matched * 50 > seen.filtered && seen.dropped * 20 > seen.filtered && seen.weakened > 0, "{seen:?}");
}

/// A plan with one mistake in it is found out, wherever the mistake is.
#[test]
fn mistakes_are_found() {
    use peregrine_schema::events::code;
    use scap::Val;
    let conditions = [
        "evt.type = openat and evt.is_open_write = true and fd.name startswith /a/ and not fd.name in (/a/x, /a/y)",
        "evt.type = openat and evt.failed = true and fd.name pmatch (/b) and proc.name = cat",
        "evt.type in (open, openat) and evt.rawres >= 0 and fd.name endswith .c and not proc.name = cat",
    ];
    let rules = engines::compile(&conditions).unwrap();
    let plan = KernelPlan::new(&rules);
    let mut capture = kernel::small_machine();
    let mut ts = 1_500_000_000_000_000_000;
    for (tid, result, name, flags) in
        [(2, 3, "/a/b", 2), (3, -2, "/b/c", 1), (2, 5, "/c/d.c", 1), (2, 6, "/a/d.c", 3), (3, -13, "/b/d.c", 2)]
    {
        ts += 1000;
        let params = [
            ("fd", Val::Int(result)),
            ("dirfd", Val::Int(-100)),
            ("name", Val::Str(name)),
            ("flags", Val::Uint(flags)),
            ("mode", Val::Uint(0)),
            ("dev", Val::Uint(0)),
            ("ino", Val::Uint(1)),
        ];
        capture = capture.event_by_name(ts, tid, "OPENAT_2_X", &params);
    }
    let capture = capture.bytes();
    let (errors, seen) = kernel::watch(&rules, &plan, &capture);
    assert_eq!((errors.len(), seen.matched), (0, 5), "{errors:#?}");
    let mut mistakes = 0;
    while let Some(wrong) = kernel::mutated(&plan, code::OPENAT_2_X, mistakes) {
        let (errors, _) = kernel::watch(&rules, &wrong, &capture);
        assert!(!errors.is_empty(), "mistake {mistakes} is not found");
        mistakes += 1;
    }
    assert!(mistakes >= 6, "{mistakes}");
}
