//! Peregrine's own rules: they load without a word, each has events it must and events it must not match, and all
//! of these hold in every engine, through reader, state and fields.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use anyhow::Context as _;
use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::load::{Loader, Options};
use peregrine_runtime::capture::Capture;
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::session::Session;
use peregrine_tests::engines::ENGINES;
use peregrine_tests::scenario::{Hit, RuleCases, check};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../rules")
}

fn rules() -> RuleSet {
    let bytes = std::fs::read(folder().join("peregrine_rules.yaml")).unwrap();
    let mut loader = Loader::new(Options::default());
    loader.add_file("peregrine_rules.yaml", &bytes);
    let loaded = loader.finish();
    for result in &loaded.results {
        assert!(result.errors.is_empty(), "{:#?}", result.errors);
        assert!(result.warnings.is_empty(), "{:#?}", result.warnings);
        assert!(result.schema_valid(), "{:?}", result.schema);
    }
    loaded.rules
}

/// All matches of all rules in a capture.
fn replay(rules: &RuleSet, engine: EngineKind, capture: &[u8]) -> anyhow::Result<Vec<Hit>> {
    let matcher = Matcher::new(engine, rules)?;
    let (bound, env) = (Bound::new(&rules.fields), Env::default());
    let mut pad = matcher.pad();
    let mut scratch = bumpalo::Bump::new();
    let mut hits = Vec::new();
    let mut session = Session::new(Capture::from_bytes(capture));
    let mut visit = |event: peregrine_runtime::session::Delivered<'_>| {
        if matcher.listens(event.record.code) {
            let ts = event.record.ts;
            let view = EventView::new(event, &bound, &scratch, &env);
            matcher.run(&mut pad, &view, true, &mut |rule| {
                hits.push(Hit { rule: rules.rules[rule.0 as usize].name.clone(), ts });
            });
        }
        scratch.reset();
    };
    while session.step(&mut visit).context("replay")? {}
    Ok(hits)
}

#[test]
fn every_rule_has_cases_of_both_kinds() {
    let names: BTreeSet<String> = rules().rules.iter().map(|r| r.name.clone()).collect();
    let cases = RuleCases::read_all(&folder().join("cases")).unwrap();
    let tested: BTreeSet<String> = cases.iter().map(|c| c.rule.clone()).collect();
    assert_eq!(tested.len(), cases.len(), "two files for one rule");
    assert_eq!(names, tested);
    for rule in &cases {
        let matches: Vec<bool> = rule.cases.iter().flat_map(|c| c.events.iter().map(|e| e.matches)).collect();
        assert!(matches.contains(&true), "no event matches \"{}\"", rule.rule);
        assert!(matches.contains(&false), "every event matches \"{}\"", rule.rule);
    }
}

#[test]
fn rules_say_who_did_it_and_what_it_is() {
    for rule in rules().rules {
        let name = &rule.name;
        assert!(rule.tags.iter().any(|t| t.starts_with("mitre_")), "{name}: no MITRE tactic");
        assert!(rule.tags.iter().any(|t| t.starts_with('T') && t[1..5].parse::<u16>().is_ok()), "{name}: no technique");
        assert!(rule.tags.iter().any(|t| t == "host" || t == "container"), "{name}: neither host nor container");
        assert!(rule.desc.len() > 40, "{name}: no description");
    }
}

#[test]
fn rules_match_what_they_must_and_nothing_else() {
    let rules = rules();
    let mut differences = Vec::new();
    for cases in RuleCases::read_all(&folder().join("cases")).unwrap() {
        for engine in ENGINES {
            let found = check(&cases, &mut |capture| replay(&rules, engine, capture)).unwrap();
            differences.extend(found.iter().map(|d| format!("{engine:?}: {d}")));
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}
