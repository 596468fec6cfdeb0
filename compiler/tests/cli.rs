//! `rulec` as its users see it: exit codes, what goes to which stream, places of mistakes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use serde_json::Value;
use std::process::{Command, Output};

const OWN_RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/peregrine_rules.yaml");

/// The condition's field does not exist; it stands at line 3, column 14.
const BROKEN: &str =
    "- rule: r\n  desc: d\n  condition: no.field = 1\n  output: o\n  priority: INFO\n- macro: m\n  condition: (\n";

fn rulec(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rulec")).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

/// Standard output of a run that must succeed in silence.
fn succeeds(arguments: &[&str]) -> String {
    let output = rulec(arguments);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{arguments:?}");
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes a rule file of its own for a test.
fn file(name: &str, content: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn good_rules() {
    assert!(succeeds(&["check", "--strict", OWN_RULES]).contains("Ok"));
    let report: Value = serde_json::from_str(&succeeds(&["check", "--format", "json", OWN_RULES])).unwrap();
    assert_eq!(report["falco_load_results"][0]["successful"], true);
    let sarif: Value = serde_json::from_str(&succeeds(&["check", "--format", "sarif", OWN_RULES])).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn broken_rules_are_told_with_their_places() {
    let broken = file("broken.yaml", BROKEN);
    let output = rulec(&["check", &broken]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    // Both mistakes, not only the first.
    for place in [format!("{broken}:3:14"), format!("{broken}:7:15")] {
        assert!(said.contains(&place), "{place} is missing in:\n{said}");
    }
    assert!(!said.contains('\x1b'), "colours in spite of NO_COLOR");
    let output = rulec(&["check", "--format", "json", &broken]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["falco_load_results"][0]["successful"], false);
    for command in [&["compile", &broken][..], &["explain", "r", "-r", &broken]] {
        let output = rulec(command);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()), "{command:?}");
        assert!(text(&output.stderr).contains(&format!("{broken}:3:14")), "{command:?}");
    }
}

#[test]
fn warnings_count_only_if_strict() {
    let doubtful = file("doubtful.yaml", "- macro: unused\n  condition: evt.type = open\n");
    assert!(succeeds(&["check", &doubtful]).contains("LOAD_UNUSED_MACRO"));
    assert_eq!(rulec(&["check", "--strict", &doubtful]).status.code(), Some(1));
}

#[test]
fn wrong_usage() {
    for arguments in [
        &[][..],
        &["check"],
        &["chekc", OWN_RULES],
        &["check", "/no/such/file.yaml"],
        &["compile", "--format", "json", "--emit", "ir", OWN_RULES],
        &["explain", "No such rule", "-r", OWN_RULES],
        &["man", "nosuch"],
    ] {
        let output = rulec(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_was_compiled() {
    let told = succeeds(&["compile", OWN_RULES]);
    for word in ["rules:", "predicates:", "functions:", "silent event codes:", "native code:", "time to load:"] {
        assert!(told.contains(word), "{word} is missing in:\n{told}");
    }
    let built: Value = serde_json::from_str(&succeeds(&["compile", "--format", "json", OWN_RULES])).unwrap();
    let number = |key: &str| built[key].as_u64().unwrap_or_else(|| panic!("{key}: {built}"));
    assert!(number("rules") >= number("enabled_rules") && number("enabled_rules") > 20);
    assert!(number("predicates") > number("shared_predicates") && number("shared_predicates") > 0);
    assert!(number("functions") > 0 && number("blocks") > number("functions") && number("code_bytes") > 0);
    assert!(number("fields") > 0 && number("silent_codes") > 0);
    assert!(built["microseconds"]["native"].is_u64(), "{built}");
    let ir = succeeds(&["compile", "--emit", "ir", OWN_RULES]);
    let read = peregrine_compiler::ir::text::parse(&ir).unwrap();
    assert_eq!(read.program.predicates.len() as u64, number("predicates"));
    // The same rules give the same program.
    assert_eq!(succeeds(&["compile", "--emit", "ir", OWN_RULES]), ir);
}

#[test]
fn explained() {
    let rules = file(
        "two.yaml",
        "- macro: opens\n  condition: evt.type in (open, openat)\n\
         - rule: one\n  desc: d\n  condition: opens and fd.name = /a\n  output: o\n  priority: INFO\n\
         - rule: two\n  desc: d\n  condition: opens and fd.name = /b\n  output: o\n  priority: INFO\n  enabled: false\n",
    );
    let told = succeeds(&["explain", "one", "-r", &rules]);
    assert!(told.contains("opens and fd.name = /a") && told.contains("macros:"), "{told}");
    let ir = succeeds(&["explain", "two", "-r", &rules, "--stage", "ir"]);
    assert!(ir.contains("rule r0: \"two\"") && ir.contains("match r0") && !ir.contains("/a"), "{ir}");
}

#[test]
fn documented() {
    assert!(succeeds(&["fields", "-N"]).lines().any(|line| line == "proc.name"));
    let fields: Value = serde_json::from_str(&succeeds(&["fields", "--format", "json"])).unwrap();
    assert!(fields["fieldclasses"].is_array());
    assert!(succeeds(&["completions", "bash"]).contains("rulec"));
    assert!(succeeds(&["man"]).contains(".TH"));
    assert!(succeeds(&["man", "compile"]).contains("\\-\\-emit"));
}
