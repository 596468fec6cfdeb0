//! Rule files and what Falco said about them: damaged upstream files with recorded answers, and the upstream
//! files themselves. Needs the shared inputs, whose place is in `PEREGRINE_SHARED`; without it nothing is run.

use peregrine_compiler::load::{Loaded, Loader, Options};
use peregrine_compiler::report::{Diagnostic, ItemKind, Location, Sources, Spot};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn shared() -> Option<PathBuf> {
    let place = std::env::var_os("PEREGRINE_SHARED").map(PathBuf::from);
    if place.is_none() {
        eprintln!("skipped: PEREGRINE_SHARED is not set");
    }
    place
}

fn load(options: Options, files: &[PathBuf]) -> Loaded {
    let mut loader = Loader::new(options);
    for file in files {
        loader.add_file(&file.to_string_lossy(), &std::fs::read(file).expect("a readable file"));
    }
    loader.finish()
}

fn codes(diagnostics: &[Diagnostic]) -> BTreeSet<&'static str> {
    diagnostics.iter().map(|d| d.code.name()).collect()
}

/// Falco's chain of places: kind, name, line, column.
fn chain(diagnostic: &Diagnostic, sources: &Sources) -> Vec<(String, String, u64, u64)> {
    let place = |location: &Location| {
        let (line, column) = match &location.spot {
            Spot::File(file, offset) => sources.get(*file).expect("a file").line_column(*offset),
            Spot::Condition { base: (file, offset), position, .. } => {
                let (line, column) = sources.get(*file).expect("a file").line_column(*offset);
                (line + position.line, column + position.col)
            }
        };
        (location.kind.text().to_owned(), location.name.clone(), line as u64, column as u64)
    };
    diagnostic.locations.iter().map(place).collect()
}

/// The same places, but for the last one, which may be further inside what Falco points at.
fn as_exact(ours: &[(String, String, u64, u64)], theirs: &[(String, String, u64, u64)]) -> bool {
    let (Some((last, ours)), Some((their_last, theirs))) = (ours.split_last(), theirs.split_last()) else {
        return false;
    };
    let same_item = last.0 == their_last.0 && last.1 == their_last.1;
    ours == theirs && same_item && (last.2, last.3) >= (their_last.2, their_last.3)
}

fn expected_chain(error: &Value) -> Vec<(String, String, u64, u64)> {
    let text = |v: &Value| v.as_str().expect("text").to_owned();
    let number = |v: &Value| v.as_u64().expect("a number");
    let locations = error["locations"].as_array().expect("locations");
    locations.iter().map(|l| (text(&l[0]), text(&l[1]), number(&l[2]), number(&l[3]))).collect()
}

#[test]
fn damaged_files_get_falcos_answers() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("oracle/load");
    let results = std::fs::read_to_string(folder.join("results.json")).expect("results");
    let results: serde_json::Map<String, Value> = serde_json::from_str(&results).expect("JSON");
    let mut wrong = Vec::new();
    for (name, expected) in &results {
        let loaded = load(Options::default(), &[folder.join(format!("{name}.yaml"))]);
        let result = &loaded.results[0];
        let mut complain = |what: String| wrong.push(format!("{name}: {what}"));
        if Some(result.successful()) != expected["successful"].as_bool() {
            complain(format!("successful is {}: {:#?}", result.successful(), result.errors.first()));
            continue;
        }
        let warnings: BTreeSet<&str> =
            expected["warnings"].as_array().expect("warnings").iter().filter_map(Value::as_str).collect();
        if codes(&result.warnings) != warnings {
            complain(format!("warnings {:?} instead of {warnings:?}", codes(&result.warnings)));
        }
        let Some(error) = expected["errors"].get(0) else { continue };
        let Some(ours) = result.errors.first() else { continue };
        if error["code"].as_str() != Some(ours.code.name()) {
            complain(format!("code {} instead of {error}", ours.code.name()));
        }
        // The wording and place of what YAML does not allow are the parser's own.
        if ours.code.name() != "LOAD_ERR_YAML_PARSE" {
            let (ours, theirs) = (chain(ours, &loaded.sources), expected_chain(error));
            if !as_exact(&ours, &theirs) {
                complain(format!("places {ours:?} instead of {theirs:?}"));
            }
        }
        let message = error["message"].as_str().expect("a message");
        let version = message.contains("engine version is");
        if ours.code.name() != "LOAD_ERR_YAML_PARSE" && !version && message != ours.message {
            complain(format!("message {:?} instead of {message:?}", ours.message));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), results.len(), wrong.join("\n"));
}

/// Every error points into the item that Falco names, at a place no less exact.
#[test]
fn places_lie_in_the_item() {
    let Some(shared) = shared() else { return };
    for entry in std::fs::read_dir(shared.join("oracle/load")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "yaml") {
            continue;
        }
        let loaded = load(Options::default(), std::slice::from_ref(&path));
        for diagnostic in loaded.results[0].errors.iter().chain(&loaded.results[0].warnings) {
            let item = diagnostic.locations.iter().find(|l| l.kind != ItemKind::RulesContent);
            if let Some(Location { spot: Spot::File(file, offset), .. }) = item {
                assert_eq!(*file, diagnostic.span.file, "{path:?} {diagnostic:#?}");
                let text = &loaded.sources.get(*file).expect("a file").text;
                assert!(diagnostic.span.end as usize <= text.len(), "{path:?} {diagnostic:#?}");
                let own = diagnostic.related.iter().all(|r| !r.text.contains("used here"));
                assert!(!own || diagnostic.span.start >= *offset, "{path:?} {diagnostic:#?}");
            }
        }
    }
}

fn upstream(shared: &Path, names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| shared.join("upstream-rules").join(name)).collect()
}

#[test]
fn upstream_files_load_without_a_word() {
    let Some(shared) = shared() else { return };
    let files = upstream(&shared, &["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"]);
    let loaded = load(Options::default(), &files);
    for result in &loaded.results {
        assert!(result.errors.is_empty(), "{:#?}", result.errors);
        assert!(result.warnings.is_empty(), "{:#?}", result.warnings);
        assert!(result.schema_valid(), "{:?}", result.schema);
    }
    assert!(loaded.rules.rules.len() > 50, "{} rules", loaded.rules.rules.len());
    assert!(loaded.rules.rules.iter().all(|rule| !rule.events.is_empty()));
}

#[test]
fn rules_of_other_sources_are_left_out() {
    let Some(shared) = shared() else { return };
    let mut options = Options::default();
    options.plugins.push(("k8saudit".to_owned(), "0.18.0".to_owned()));
    options.plugins.push(("json".to_owned(), "0.7.0".to_owned()));
    let loaded = load(options, &upstream(&shared, &["k8s_audit_rules.yaml"]));
    let result = &loaded.results[0];
    assert!(result.errors.is_empty(), "{:#?}", result.errors);
    assert!(result.warnings.iter().any(|w| w.code.name() == "LOAD_UNKNOWN_SOURCE"));
    assert!(loaded.rules.rules.is_empty());
}
