//! Results as SARIF 2.1.0, which code review tools read. Lines and columns count from 1, columns in UTF-16
//! units are avoided by declaring Unicode code points.

use super::codes::{Code, Severity};
use super::diagnostic::{Diagnostic, Sources};
use crate::load::FileResult;
use crate::span::Span;
use serde_json::{Value, json};

/// A log with one run. `further` are diagnostics that belong to no single file.
pub fn log(results: &[FileResult], further: &[Diagnostic], sources: &Sources) -> Value {
    let rules: Vec<Value> = Code::ALL.iter().map(|code| rule(*code)).collect();
    let found: Vec<Value> = super::text::distinct(results).chain(further).map(|d| result(d, sources)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "rulec",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": found,
        }],
    })
}

fn level(code: Code) -> &'static str {
    match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.name(),
        "shortDescription": { "text": code.short() },
        "fullDescription": { "text": code.description() },
        "defaultConfiguration": { "level": level(code) },
    })
}

fn result(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let mut text = diagnostic.message.clone();
    if text.is_empty() {
        text = diagnostic.code.description().to_owned();
    }
    if let Some(help) = &diagnostic.help {
        text.push_str("; ");
        text.push_str(help);
    }
    let index = Code::ALL.iter().position(|code| *code == diagnostic.code);
    let related: Vec<Value> = diagnostic
        .related
        .iter()
        .map(|related| {
            let mut place = location(related.span, sources);
            place["message"] = json!({ "text": related.text });
            place
        })
        .collect();
    json!({
        "ruleId": diagnostic.code.name(),
        "ruleIndex": index,
        "level": level(diagnostic.code),
        "message": { "text": text },
        "locations": [location(diagnostic.span, sources)],
        "relatedLocations": related,
    })
}

fn location(span: Span, sources: &Sources) -> Value {
    let Some(source) = sources.get(span.file) else { return json!({}) };
    let place = |offset: u32| {
        let (line, column) = source.line_column(offset);
        let start = offset as usize - column;
        let before = source.text.get(start..offset as usize).map_or(column, |text| text.chars().count());
        (line + 1, before + 1)
    };
    let ((line, column), (end_line, end_column)) = (place(span.start), place(span.end));
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&source.name) },
        "region": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column },
    } })
}

/// A file name as a relative or absolute URI reference.
fn uri(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    if name.starts_with('/') { format!("file://{out}") } else { out }
}
