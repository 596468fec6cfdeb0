//! What the plan makes of small rule sets: `tests/plans.txt`, rewritten by `UPDATE=1 cargo test -p peregrine-compiler
//! plans`.
//!
//! A case is a heading `# event: what it shows`, conditions one a line, and the plan of the event.

use super::explain::{Image, Tree};
use super::plan::{EventPlan, KernelPlan, Limits, is_made};
use crate::hir::RuleSet;
use crate::load::{Loader, Options};
use std::fmt::Write as _;

const PLANS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/kernel/tests/plans.txt");

#[test]
fn plans() {
    let expected = std::fs::read_to_string(PLANS).unwrap();
    let mut found = String::new();
    for case in expected.split("\n\n").map(str::trim).filter(|case| !case.is_empty()) {
        let (source, _) = case.split_once("\n=>").unwrap_or((case, ""));
        let name = source.trim_start_matches("# ").split(':').next().unwrap();
        let conditions: Vec<&str> = source.lines().filter(|line| !line.starts_with('#')).collect();
        let rules = rules(&conditions);
        let _ = write!(found, "{}\n=>\n{}\n", source.trim_end(), text(&rules, &KernelPlan::new(&rules), name));
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PLANS, found.trim_end().to_owned() + "\n").unwrap();
    } else {
        assert!(found.trim_end() == expected.trim_end(), "the plans are others; see the module:\n{found}");
    }
}

fn text(rules: &RuleSet, plan: &KernelPlan, name: &str) -> String {
    let event = peregrine_schema::EVENTS.iter().find(|event| event.name == name && is_made(event)).unwrap();
    let mut text = String::new();
    match plan.event(event.code) {
        EventPlan::Never => text.push_str("never\n"),
        EventPlan::Always { why } => {
            for (rule, reason) in why {
                let _ = writeln!(text, "always, {}: {reason}", rules.rules[rule.0 as usize].name);
            }
        }
        EventPlan::Filter(filter) => {
            let _ = write!(text, "{}", Tree(filter, event));
        }
    }
    for (bit, condition) in plan.image.iter().enumerate() {
        let _ = writeln!(text, "i{bit}: {}", Image(condition, plan, rules));
    }
    text
}

/// Rules `r0`, `r1`, ... of the conditions.
fn rules(conditions: &[&str]) -> RuleSet {
    let rule = |(number, condition): (usize, &&str)| {
        let name = format!("r{number}");
        serde_json::json!({"rule": name, "desc": "d", "condition": condition, "output": "o", "priority": "INFO"})
    };
    let file = serde_json::Value::from(conditions.iter().enumerate().map(rule).collect::<Vec<_>>()).to_string();
    let mut loader = Loader::new(Options::default());
    loader.add_file("plans.yaml", file.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.successful(), "{conditions:?}: {:?}", loaded.results);
    loaded.rules
}

/// Rules that differ in everything a plan can look at.
fn many(count: usize) -> RuleSet {
    let condition = |i: usize| {
        format!(
            "evt.type in (openat, unlinkat) and evt.is_open_write = true and fd.name startswith /srv/{i}/ and \
             not fd.name endswith .{i} and proc.name = p{i} and (proc.pname = q{i} or fd.name contains /{i}/)"
        )
    };
    let conditions: Vec<String> = (0..count).map(condition).collect();
    rules(&conditions.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn large_plans_are_made_smaller() {
    let rules = many(500);
    let plan = KernelPlan::new(&rules);
    let EventPlan::Filter(filter) = plan.event(peregrine_schema::events::code::OPENAT_2_X) else { panic!("{plan:?}") };
    assert!(filter.weakened && filter.rules.len() == 500);
    let uses: usize = filter.nodes.len();
    assert!(uses <= Limits::default().atoms, "{uses}");
    // All prefixes are looked for at once.
    assert!(filter.texts.iter().any(|group| group.atoms.len() == 1));
    let least = KernelPlan::within(&rules, Limits { atoms: 0, texts: 0, image: 0 });
    assert!(matches!(least.event(peregrine_schema::events::code::OPENAT_2_X), EventPlan::Always { .. }));
}

#[test]
fn plans_are_the_same_each_time_and_survive_writing() {
    let plan = KernelPlan::new(&many(20));
    assert_eq!(plan, KernelPlan::new(&many(20)));
    let bytes = postcard::to_allocvec(&plan).unwrap();
    assert_eq!(postcard::from_bytes::<KernelPlan>(&bytes).unwrap(), plan);
    assert_eq!(plan.needs().iter().count(), 1);
}
