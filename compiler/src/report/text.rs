//! Diagnostics for people: message, the lines of the file with the place marked, how one got there.
//!
//! A file's result repeats what is wrong with the files before it; here each diagnostic is shown once.

use super::codes::Severity;
use super::diagnostic::{Diagnostic, Sources};
use crate::load::FileResult;
use crate::span::Span;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::ops::Range;

/// The diagnostics of all files, errors of a file before its warnings, each once.
pub fn distinct(results: &[FileResult]) -> impl Iterator<Item = &Diagnostic> {
    let mut seen = std::collections::BTreeSet::new();
    results.iter().flat_map(|result| result.errors.iter().chain(&result.warnings)).filter(move |d| {
        let way: Vec<Span> = d.related.iter().map(|related| related.span).collect();
        seen.insert((d.code, d.span, d.message.clone(), way))
    })
}

/// One diagnostic, with colours if asked for.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, colours: bool) -> String {
    let level = match diagnostic.code.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = match diagnostic.message.as_str() {
        "" => diagnostic.code.short(),
        message => message,
    };
    let mut group = Group::with_title(level.primary_title(message).id(diagnostic.code.name()));
    // The file of the mistake first, then those through which one gets there.
    let (own, others): (Vec<_>, Vec<_>) = sources.iter().partition(|(file, _)| *file == diagnostic.span.file);
    for (file, source) in own.into_iter().chain(others) {
        if file == diagnostic.span.file && source.text.is_empty() {
            group = group.element(Origin::path(source.name.as_str()));
            continue;
        }
        let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str()).fold(true);
        let mut any = false;
        if diagnostic.span.file == file {
            let range = marked(&source.text, diagnostic.span);
            snippet = snippet.annotation(AnnotationKind::Primary.span(range));
            any = true;
        }
        for related in diagnostic.related.iter().filter(|related| related.span.file == file) {
            let range = marked(&source.text, related.span);
            snippet = snippet.annotation(AnnotationKind::Context.span(range).label(related.text.as_str()));
            any = true;
        }
        if any {
            group = group.element(snippet);
        }
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// The part of a place that is marked: its first line, at least one character if there is one.
fn marked(text: &str, span: Span) -> Range<usize> {
    let start = boundary(text, span.start as usize);
    let end = boundary(text, span.end as usize).max(start);
    let line = text[start..end].find('\n').map_or(end, |n| start + n);
    if line > start {
        return start..line;
    }
    match text[start..].chars().next() {
        Some(c) if c != '\n' => start..start + c.len_utf8(),
        _ => start..start,
    }
}

/// The nearest character boundary not after `offset`.
fn boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
