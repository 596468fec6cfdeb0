//! What is claimed and, above all, what is not.

use super::{Claim, diagnostics};
use crate::load::{Loaded, Loader, Options};
use crate::report::Code;

fn load(conditions: &[&str]) -> Loaded {
    let rule = |(i, condition): (usize, &&str)| serde_json::json!({"rule": format!("r{i}"), "desc": "d", "condition": condition, "output": "o", "priority": "INFO"});
    let rules: Vec<_> = conditions.iter().enumerate().map(rule).collect();
    let mut loader = Loader::new(Options::default());
    loader.add_file("rules.yaml", serde_json::Value::from(rules).to_string().as_bytes());
    let loaded = loader.finish();
    assert!(loaded.successful(), "{conditions:?}: {:#?}", loaded.results);
    loaded
}

fn claims(conditions: &[&str]) -> Vec<(usize, Claim)> {
    super::lint(&load(conditions).rules).into_iter().map(|lint| (lint.rule, lint.claim)).collect()
}

#[test]
fn rules_that_never_match() {
    for condition in [
        "evt.type = open and evt.type = close",
        "evt.type in (open, openat) and not evt.type in (open, openat, close)",
        "evt.type in () and proc.name = a",
        "evt.type = open and proc.name = a and proc.name = b",
        "evt.type = open and proc.name in (a, b) and proc.name in (c, d)",
        "evt.type = open and proc.name = a and proc.name != a",
        "evt.type = open and proc.name = abc and not proc.name startswith a",
        "evt.type = open and proc.name in (abc, abd) and not proc.name glob \"ab?\"",
        "evt.type = open and fd.name startswith /etc and fd.name startswith /usr",
        "evt.type = open and fd.name startswith /etc/ssh and not fd.name startswith /etc",
        "evt.type = open and fd.name endswith .so and not fd.name contains \".s\"",
        "evt.type = open and not proc.name exists and proc.name = a",
        "evt.type = open and not proc.name exists and proc.name != a",
        "evt.type = open and not fd.types exists and fd.types in (file)",
        "evt.type = open and not proc.aname exists and proc.aname = a",
        "evt.type = open and proc.pid > 10 and proc.pid < 5",
        "evt.type = open and proc.pid > 10 and proc.pid <= 10",
        "evt.type = open and proc.pid = 7 and proc.pid >= 8",
        "evt.type = open and (proc.name = a or proc.name = b) and not proc.name in (a, b, c)",
        "evt.type = open and (proc.name = a or fd.name = x) and proc.name = b and fd.name = y",
        "evt.type = open and proc.name = oneof (a, a)",
        "evt.num = 0 and evt.type = open",
        "evt.type = open and tolower(proc.name) = a and tolower(proc.name) = b",
    ] {
        assert!(matches!(claims(&[condition])[..], [(0, Claim::Never(_))]), "{condition}: {:?}", claims(&[condition]));
    }
}

#[test]
fn rules_that_always_match() {
    for condition in [
        "evt.type = open and (proc.name exists or not proc.name exists)",
        "evt.type in (open, close) and (proc.name = a or not proc.name = a)",
        "evt.type = open and not (proc.name = a and proc.name = b)",
        "evt.type = open and (not proc.pid > 5 or not proc.pid < 3)",
    ] {
        assert_eq!(claims(&[condition]), [(0, Claim::Always)], "{condition}");
    }
}

#[test]
fn what_is_not_claimed() {
    for condition in [
        // Missing values make both comparisons false.
        "evt.type = open and (proc.name = a or proc.name != a)",
        "evt.type = open and (proc.pid < 5 or proc.pid >= 5)",
        "evt.type = open and not proc.name = a and not proc.name != a",
        "evt.type = open and not proc.pid < 5 and not proc.pid >= 5",
        // Several values.
        "evt.type = open and proc.aname = a and proc.aname = b",
        "evt.type = open and fd.ip = 10.0.0.1 and fd.ip = 10.0.0.2",
        "evt.type = open and fd.port > 10 and fd.port < 5",
        "evt.type = open and fd.types in (file) and fd.types in (ipv4)",
        // What values have in common.
        "evt.type = open and fd.name startswith /etc and fd.name startswith /etc/ssh",
        "evt.type = open and fd.net = 10.0.0.0/8 and fd.net = 10.1.0.0/16",
        "evt.type = open and proc.name contains a and proc.name contains b",
        "evt.type = open and fd.name startswith /a and not fd.name endswith /a",
        "evt.type = open and proc.pid > 5 and proc.pid < 7",
        "evt.type = open and proc.name = a and proc.pname = b",
        // Meant to match all events of a type.
        "evt.type = open",
        "evt.type in (open, openat) and evt.num >= 0",
        // A system call without an event type of its own, and asynchronous events.
        "evt.type = getrandom and evt.type != getrandom or evt.type = container",
    ] {
        assert_eq!(claims(&[condition]), [], "{condition}");
    }
}

#[test]
fn shadowed_rules() {
    let early = "evt.type in (open, openat) and fd.name startswith /etc";
    for (early, late) in [
        (early, "evt.type = open and fd.name startswith /etc and proc.name = cat"),
        (early, "evt.type = openat and proc.name = cat and fd.name startswith /etc"),
        (early, early),
        ("evt.type = open and proc.name in (a, b)", "evt.type = open and proc.name = a and fd.name = x"),
        ("evt.type = open and (proc.name = a or fd.name = x)", "evt.type = open and proc.name = a"),
        ("evt.type = open and (proc.name = a or fd.name = x)", "(fd.name = x or proc.name = a) and evt.type = open"),
        ("evt.type = open and not proc.name = a", "evt.type = open and not proc.name = a and proc.pid = 1"),
    ] {
        let expected = if late.starts_with('(') || early.contains(" or ") { None } else { Some(()) };
        let found = claims(&[early, late]);
        // Terms that are not shared as they are need not be found; what is found must be this.
        match found[..] {
            [(1, Claim::Shadowed(0))] => {}
            [] if expected.is_none() => {}
            _ => panic!("{early} / {late}: {found:?}"),
        }
    }
    for (early, late) in [
        (early, "evt.type = close and fd.name startswith /etc"),
        (early, "evt.type = open and fd.name startswith /et"),
        ("evt.type = open and proc.name = a and proc.pid = 1", "evt.type = open and proc.name = a"),
        ("evt.type = open and proc.aname in (a)", "evt.type = open and proc.aname in (a, b)"),
        ("evt.type = open and proc.name in (a, b)", "evt.type = open and proc.name in (a, c)"),
    ] {
        assert_eq!(claims(&[early, late]), [], "{early} / {late}");
    }
}

#[test]
fn disabled_rules_take_no_part() {
    let mut loaded = load(&["evt.type = open and proc.name = a", "evt.type = open and proc.name = a"]);
    assert_eq!(super::lint(&loaded.rules).len(), 1);
    loaded.rules.rules[0].enabled = false;
    assert_eq!(super::lint(&loaded.rules), []);
}

#[test]
fn places_are_those_of_the_comparisons() {
    let text = "
- macro: shell
  condition: proc.name = sh
- list: editors
  items: [vi, emacs]
- rule: odd
  desc: d
  condition: evt.type = open and shell and proc.name in (editors)
  output: o
  priority: INFO
";
    let mut loader = Loader::new(Options::default());
    loader.add_file("rules.yaml", text.as_bytes());
    let loaded = loader.finish();
    let told = diagnostics(&loaded);
    let [told] = &told[..] else { panic!("{told:#?}") };
    let at = |span| loaded.sources.describe(span);
    assert_eq!((told.code, at(told.span).as_str()), (Code::NeverMatches, "rules.yaml:8:44"));
    let related: Vec<_> = told.related.iter().map(|related| (at(related.span), related.text.as_str())).collect();
    assert_eq!(
        related,
        [("rules.yaml:3:14".to_owned(), "contradicts this"), ("rules.yaml:6:9".to_owned(), "in rule 'odd'")]
    );
    assert!(loaded.results[0].warnings.is_empty(), "Falco has no such warnings");
}

/// Work is bounded: many alternatives, many rules that share a term.
#[test]
fn large_rules_are_given_up() {
    let any = |i| format!("(proc.name contains a{i} or fd.name contains b{i} or proc.cmdline contains {i})");
    let any: Vec<String> = (0..200).map(any).collect();
    assert_eq!(claims(&[&format!("evt.type = open and {}", any.join(" and "))]).len(), 0);
    let rules: Vec<String> =
        (0..3000).map(|i| format!("evt.type = open and proc.name = a and proc.pid = {i}")).collect();
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    assert_eq!(claims(&rules), []);
}
