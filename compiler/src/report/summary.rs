//! Falco's short form of a file's result: a verdict, and one line each for errors and warnings.

use super::diagnostic::Diagnostic;
use crate::load::FileResult;
use std::fmt::Write;

/// `name: Ok`, `name: Ok, with warnings` or `name: Invalid`, with the codes below it.
pub fn summary(result: &FileResult) -> String {
    let verdict = match (result.successful(), result.warnings.is_empty()) {
        (false, _) => "Invalid",
        (true, false) => "Ok, with warnings",
        (true, true) => "Ok",
    };
    let mut out = format!("{}: {verdict}", result.name);
    if !result.schema.is_empty() && !result.schema_valid() {
        push(&mut out, format_args!("{} schema warnings: [{}]", result.schema.len(), result.schema.join(" ")));
    }
    for (word, list) in [("errors", &result.errors), ("warnings", &result.warnings)] {
        if !list.is_empty() {
            let codes: Vec<String> = list.iter().map(code).collect();
            push(&mut out, format_args!("{} {word}: [{}]", list.len(), codes.join(" ")));
        }
    }
    if result.left_out > 0 {
        push(&mut out, format_args!("{} further errors and warnings are not shown", result.left_out));
    }
    out
}

fn push(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\n {line}");
}

fn code(diagnostic: &Diagnostic) -> String {
    let field = diagnostic.deprecated_field.map(|f| format!(": field '{f}'")).unwrap_or_default();
    format!("{} ({}{field})", diagnostic.code.name(), diagnostic.code.short())
}
