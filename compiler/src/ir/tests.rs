//! What each pass makes of small rule sets: `tests/passes.txt`, rewritten by `UPDATE=1 cargo test -p peregrine-compiler
//! passes`.
//!
//! A case is a heading, conditions one a line, and the program. `{1..16}` in a condition stands for sixteen rules.

use super::verify::verify;
use super::{Program, text::Text};
use crate::hir::RuleSet;
use crate::load::{Loader, Options};
use std::fmt::Write as _;

const PASSES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ir/tests/passes.txt");

#[test]
fn passes() {
    let expected = std::fs::read_to_string(PASSES).unwrap();
    let mut found = String::new();
    for case in expected.split("\n\n").map(str::trim).filter(|case| !case.is_empty()) {
        let (source, _) = case.split_once("\n=>").unwrap_or((case, ""));
        let conditions: Vec<&str> = source.lines().filter(|line| !line.starts_with('#')).collect();
        let rules = rules(&conditions);
        let program = Program::new(&rules);
        verify(&program, &rules).unwrap();
        let _ = write!(found, "{}\n=>\n{}\n", source.trim_end(), Text(&program, &rules));
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PASSES, found.trim_end().to_owned() + "\n").unwrap();
    } else {
        assert!(found.trim_end() == expected.trim_end(), "the passes give another result; see the module:\n{found}");
    }
}

/// Rules `r0`, `r1`, ... of the conditions.
fn rules(conditions: &[&str]) -> RuleSet {
    let expanded = conditions.iter().flat_map(|condition| expand(condition)).enumerate();
    let rule = |(number, condition): (usize, String)| {
        let name = format!("r{number}");
        serde_json::json!({"rule": name, "desc": "d", "condition": condition, "output": "o", "priority": "INFO"})
    };
    let file = serde_json::Value::from(expanded.map(rule).collect::<Vec<_>>()).to_string();
    let mut loader = Loader::new(Options::default());
    loader.add_file("passes.yaml", file.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.successful(), "{conditions:?}: {:?}", loaded.results);
    loaded.rules
}

fn expand(condition: &str) -> Vec<String> {
    let Some((before, rest)) = condition.split_once('{') else { return vec![condition.to_owned()] };
    let (range, after) = rest.split_once('}').unwrap();
    let (from, to) = range.split_once("..").unwrap();
    (from.parse::<u32>().unwrap()..=to.parse().unwrap()).map(|n| format!("{before}{n}{after}")).collect()
}
