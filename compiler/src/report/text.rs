//! Diagnostics for people: message, the lines of the file with the place marked, how one got there.
//!
//! A file's result repeats what is wrong with the files before it; here each diagnostic is shown once.

use super::codes::Severity;
use super::diagnostic::{Diagnostic, Source, Sources};
use super::printable;
use crate::load::FileResult;
use crate::span::Span;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::borrow::Cow;
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
        let mut marks = Vec::new();
        if diagnostic.span.file == file {
            marks.push((AnnotationKind::Primary, marked(&source.text, diagnostic.span), None));
        }
        for related in diagnostic.related.iter().filter(|related| related.span.file == file) {
            marks.push((AnnotationKind::Context, marked(&source.text, related.span), Some(printable(&related.text))));
        }
        if !marks.is_empty() {
            group = place(group, source, marks);
        }
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// Most bytes of a file that are looked at for one diagnostic.
const MAX_SHOWN: usize = 1 << 16;

/// A marked part of a file, and what is said about it.
type Mark<'t> = (AnnotationKind, Range<usize>, Option<Cow<'t, str>>);

/// Adds the lines of a file with their marks. The renderer reads all that it is given, once per diagnostic, so it
/// gets the lines from the first to the last mark; if these are too many, those of each mark alone.
fn place<'t>(group: Group<'t>, source: &'t Source, marks: Vec<Mark<'t>>) -> Group<'t> {
    match lines(&source.text, &marks).len() {
        0..=MAX_SHOWN => snippet(group, source, marks),
        _ => marks.into_iter().fold(group, |group, mark| snippet(group, source, vec![mark])),
    }
}

/// The lines from the first to the last mark.
fn lines(text: &str, marks: &[Mark<'_>]) -> Range<usize> {
    let first = marks.iter().map(|(_, range, _)| range.start).min().unwrap_or(0);
    let last = marks.iter().map(|(_, range, _)| range.end).max().unwrap_or(0);
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    start..text[last..].find('\n').map_or(text.len(), |at| last + at + 1)
}

/// Adds the lines with these marks, or the place of the first one if the lines are too long to be shown.
fn snippet<'t>(group: Group<'t>, source: &'t Source, marks: Vec<Mark<'t>>) -> Group<'t> {
    let lines = lines(&source.text, &marks);
    let path = source.name.as_str();
    if lines.len() > MAX_SHOWN {
        let (line, column) = source.line_column(marks.first().map_or(0, |(_, range, _)| range.start as u32));
        return group.element(Origin::path(path).line(line + 1).char_column(column + 1));
    }
    let (line, _) = source.line_column(lines.start as u32);
    let snippet = Snippet::source(&source.text[lines.clone()]).line_start(line + 1).path(path).fold(true);
    group.element(marks.into_iter().fold(snippet, |snippet, (kind, range, label)| {
        let annotation = kind.span(range.start - lines.start..range.end - lines.start);
        snippet.annotation(match label {
            Some(label) => annotation.label(label),
            None => annotation,
        })
    }))
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
