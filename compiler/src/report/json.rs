//! Results as the JSON that `falco -V` prints with `json_output`: one object per file under
//! `falco_load_results`.
//!
//! Lines and columns are from 0, as the YAML reader counts them. The last place of a diagnostic in a condition
//! is the sum of the condition's place and the position in its text (which counts from 1), as Falco adds them.
//! `span` and `related` are ours: the exact places, lines and columns from 1.

use super::diagnostic::{Diagnostic, Location, Related, Sources, Spot};
use super::snippet::snippet;
use crate::load::FileResult;
use crate::report::Severity;
use crate::span::Span;
use serde_json::{Value, json};

/// All results. `further` are diagnostics of which Falco knows nothing; they stand apart, under
/// `peregrine_lints`.
pub fn results(results: &[FileResult], further: &[Diagnostic], sources: &Sources) -> Value {
    let files: Vec<Value> = results.iter().map(|result| file(result, sources)).collect();
    let further: Vec<Value> = further.iter().map(|found| diagnostic(found, sources)).collect();
    json!({ "falco_load_results": files, "peregrine_lints": further })
}

fn file(result: &FileResult, sources: &Sources) -> Value {
    let list = |list: &[Diagnostic]| list.iter().map(|d| diagnostic(d, sources)).collect::<Vec<_>>();
    let mut out = json!({
        "name": result.name,
        "successful": result.successful(),
        "errors": list(&result.errors),
        "warnings": list(&result.warnings),
    });
    if result.left_out > 0 {
        out["left_out"] = json!(result.left_out);
    }
    if !result.schema.is_empty() {
        let valid = result.schema_valid();
        out["schema_valid"] = json!(valid);
        out["schema_warnings"] = if valid { json!([]) } else { json!(result.schema) };
    }
    out
}

fn diagnostic(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let code = diagnostic.code;
    let description = match code.severity() {
        Severity::Error => code.short(),
        Severity::Warning => code.description(),
    };
    let locations: Vec<Value> = diagnostic.locations.iter().map(|l| location(l, sources)).collect();
    let mut out = json!({
        "context": { "locations": locations, "snippet": context_snippet(diagnostic, sources) },
        "code": code.name(),
        "codedesc": description,
        "message": diagnostic.message,
        "span": span(diagnostic.span, sources),
        "related": diagnostic.related.iter().map(|r| related(r, sources)).collect::<Vec<_>>(),
    });
    if let Some(field) = diagnostic.deprecated_field {
        out["deprecated_field"] = json!(field);
    }
    if let Some(help) = &diagnostic.help {
        out["help"] = json!(help);
    }
    out
}

fn location(location: &Location, sources: &Sources) -> Value {
    let base = |file, offset| match sources.get(file) {
        Some(source) => (source.name.as_str(), source.line_column(offset)),
        None => ("", (0, 0)),
    };
    let position = match &location.spot {
        Spot::File(file, offset) => {
            let (name, (line, column)) = base(*file, *offset);
            json!({ "name": name, "line": line, "column": column, "offset": offset })
        }
        Spot::Condition { title, base: (file, offset), position } => {
            let (_, (line, column)) = base(*file, *offset);
            json!({
                "name": title,
                "line": line + position.line,
                "column": column + position.col,
                "offset": *offset as usize + position.idx,
            })
        }
    };
    json!({ "item_type": location.kind.text(), "item_name": location.name, "position": position })
}

/// The line of the last place; for conditions, of their text.
fn context_snippet(diagnostic: &Diagnostic, sources: &Sources) -> String {
    match diagnostic.locations.last().map(|location| &location.spot) {
        Some(Spot::Condition { .. }) => diagnostic.condition_snippet.clone().unwrap_or_default(),
        Some(Spot::File(file, offset)) => {
            snippet(sources.get(*file).map_or("", |source| &source.text), *offset as usize)
        }
        None => {
            let source = sources.get(diagnostic.span.file);
            snippet(source.map_or("", |source| &source.text), diagnostic.span.start as usize)
        }
    }
}

fn span(span: Span, sources: &Sources) -> Value {
    let Some(source) = sources.get(span.file) else { return Value::Null };
    let ((line, column), (end_line, end_column)) = (source.line_column(span.start), source.line_column(span.end));
    json!({
        "file": source.name,
        "line": line + 1,
        "column": column + 1,
        "end_line": end_line + 1,
        "end_column": end_column + 1,
    })
}

fn related(related: &Related, sources: &Sources) -> Value {
    json!({ "message": related.text, "span": span(related.span, sources) })
}
