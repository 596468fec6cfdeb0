//! Renderings of a file with an error behind a macro, and of one with warnings.

use super::*;
use crate::load::{Loaded, Loader, Options};

const FILE: &str = "- macro: m\n  condition: no.field = 1\n\
                    - rule: r\n  desc: d\n  condition: evt.type = open and m\n  output: o\n  priority: INFO\n";

fn load(text: &str) -> Loaded {
    let mut loader = Loader::new(Options::default());
    loader.add_file("a.yaml", text.as_bytes());
    loader.finish()
}

#[test]
fn text_shows_the_way() {
    let loaded = load(FILE);
    let shown = text::render(&loaded.results[0].errors[0], &loaded.sources, false);
    let expected = "\
error[LOAD_ERR_COMPILE_CONDITION]: filter_check called with nonexistent field no.field
 --> a.yaml:2:14
  |
2 |   condition: no.field = 1
  |              ^^^^^^^^
3 | - rule: r
  |         - in rule 'r'
4 |   desc: d
5 |   condition: evt.type = open and m
  |                                  - macro 'm' used here";
    assert_eq!(shown, expected);
    assert!(text::render(&loaded.results[0].errors[0], &loaded.sources, true).contains("\u{1b}["));
}

#[test]
fn a_diagnostic_is_shown_once() {
    let mut loader = Loader::new(Options::default());
    loader.add_file("a.yaml", FILE.as_bytes());
    loader.add_file("b.yaml", b"[]");
    let loaded = loader.finish();
    assert_eq!(loaded.results[1].errors.len(), 1);
    assert_eq!(text::distinct(&loaded.results).count(), 1);
}

#[test]
fn summaries() {
    assert_eq!(
        summary::summary(&load(FILE).results[0]),
        "a.yaml: Invalid\n 1 errors: [LOAD_ERR_COMPILE_CONDITION (Error compiling condition)]"
    );
    assert_eq!(
        summary::summary(&load("- list: l\n  items: [a]\n").results[0]),
        "a.yaml: Ok, with warnings\n 1 warnings: [LOAD_UNUSED_LIST (Unused list)]"
    );
    assert_eq!(summary::summary(&load("[]").results[0]), "a.yaml: Ok");
}

#[test]
fn json_has_falcos_shape() {
    let loaded = load(FILE);
    let results = json::results(&loaded.results, &[], &loaded.sources);
    let file = &results["falco_load_results"][0];
    assert_eq!((file["name"].as_str(), file["successful"].as_bool()), (Some("a.yaml"), Some(false)));
    assert_eq!(file["schema_valid"].as_bool(), Some(true));
    let error = &file["errors"][0];
    assert_eq!(error["code"], "LOAD_ERR_COMPILE_CONDITION");
    assert_eq!(error["codedesc"], "Error compiling condition");
    let locations = error["context"]["locations"].as_array().expect("places");
    let places: Vec<_> = locations
        .iter()
        .map(|l| {
            (l["item_type"].as_str().unwrap_or(""), l["position"]["line"].as_u64(), l["position"]["column"].as_u64())
        })
        .collect();
    let expected = [
        ("rules content", Some(0), Some(0)),
        ("rule", Some(2), Some(2)),
        ("rule condition", Some(4), Some(13)),
        // Line and column of the field in its own text, from 1, are added.
        ("condition expression", Some(5), Some(14)),
    ];
    assert_eq!(places, expected);
    assert_eq!(locations[3]["position"]["name"], "\"evt.type = open a...\"");
    assert_eq!(error["context"]["snippet"], "evt.type = open and m\n^\n");
    assert_eq!((error["span"]["line"].as_u64(), error["span"]["column"].as_u64()), (Some(2), Some(14)));
}

#[test]
fn sarif_has_places_and_rules() {
    let loaded = load(FILE);
    let log = sarif::log(&loaded.results, &[], &loaded.sources);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "LOAD_ERR_COMPILE_CONDITION");
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a.yaml");
    assert_eq!((place["region"]["startLine"].as_u64(), place["region"]["startColumn"].as_u64()), (Some(2), Some(14)));
    assert_eq!(result["relatedLocations"].as_array().map(Vec::len), Some(2));
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(Code::ALL.len()));
}

#[test]
fn snippets() {
    assert_eq!(snippet::snippet("ab\ncd\nef", 4), "cd\n ^\n");
    assert_eq!(snippet::snippet("tags:\n", 6), "tags:\n    ^\n");
    assert_eq!(snippet::snippet("", 0), "<No context available>\n");
    let long = "x".repeat(300);
    let shown = snippet::snippet(&long, 150);
    assert!(shown.starts_with("...x") && shown.lines().next().is_some_and(|line| line.ends_with("x...")));
    assert!(shown.lines().all(|line| line.len() <= 170));
}
