//! What loading gives, case by case: Falco's own loader tests, its validation tests and answers recorded from
//! it, each with a rule file as small as it gets.

use super::*;
use crate::report::ItemKind;

mod definitions;
mod exceptions;
mod kept;
mod limits;
mod places;
mod validation;

/// Loads files given as texts.
fn load(files: &[&str]) -> Loaded {
    load_with(Options::default(), files)
}

fn load_with(options: Options, files: &[&str]) -> Loaded {
    let mut loader = Loader::new(options);
    for (i, text) in files.iter().enumerate() {
        loader.add_file(&format!("{i}.yaml"), text.as_bytes());
    }
    loader.finish()
}

/// Loads one file that must be accepted; gives its warnings' codes without `LOAD_`, without those about unused
/// lists and macros.
#[track_caller]
fn accepted(text: &str) -> (Loaded, Vec<&'static str>) {
    let loaded = load(&[text]);
    let result = &loaded.results[0];
    assert!(result.successful(), "refused: {:#?}", result.errors);
    let codes = result.warnings.iter().map(|w| &w.code.name()["LOAD_".len()..]);
    let codes = codes.filter(|code| !code.starts_with("UNUSED_")).collect();
    (loaded, codes)
}

/// The compiled condition of the last rule of a file without warnings.
#[track_caller]
fn condition(text: &str) -> String {
    let (loaded, warnings) = accepted(text);
    assert!(warnings.is_empty(), "{warnings:?}");
    loaded.rules.rules.last().expect("a rule").condition_text.clone()
}

/// Loads one file that must be refused; gives code (without `LOAD_ERR_`) and message of the first error.
#[track_caller]
fn refused(text: &str) -> (&'static str, String) {
    let loaded = load(&[text]);
    let error = loaded.results[0].errors.first().expect("an error");
    (&error.code.name()["LOAD_ERR_".len()..], error.message.clone())
}

/// A rule `r` with a condition; `more` are further lines of keys.
fn rule(condition: &str, more: &str) -> String {
    let mut out = format!("- rule: r\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n");
    for line in more.lines() {
        out.push_str(&format!("  {line}\n"));
    }
    out
}
