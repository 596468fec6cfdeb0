//! Chains of places, from the file down to the value at hand, and diagnostics made from them.

use crate::report::snippet::snippet;
use crate::report::{Code, Diagnostic, ItemKind, Location, Spot};
use crate::span::{FileId, Span};
use crate::syntax::Position;
use std::sync::Arc;

/// The result of reading or checking something; the error is large and rare.
pub(super) type Checked<T> = Result<T, Box<Diagnostic>>;

/// A place inside other places.
#[derive(Debug, Clone)]
pub(super) struct Context(Arc<Frame>);

#[derive(Debug)]
struct Frame {
    parent: Option<Context>,
    kind: ItemKind,
    name: String,
    span: Span,
}

impl Context {
    /// A whole file.
    pub(super) fn file(file: FileId) -> Context {
        let span = Span::new(file, 0, 0);
        Context(Arc::new(Frame { parent: None, kind: ItemKind::RulesContent, name: String::new(), span }))
    }

    /// Something in it.
    pub(super) fn inner(&self, kind: ItemKind, name: &str, span: Span) -> Context {
        Context(Arc::new(Frame { parent: Some(self.clone()), kind, name: name.to_owned(), span }))
    }

    /// Where it is.
    pub(super) fn span(&self) -> Span {
        self.0.span
    }

    /// An error or warning about it.
    pub(super) fn diagnostic(&self, code: Code, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic {
            code,
            message: message.into(),
            span: self.0.span,
            related: Vec::new(),
            help: None,
            locations: self.locations(),
            condition_snippet: None,
            deprecated_field: None,
        })
    }

    /// The same, pointing at a more exact place.
    pub(super) fn diagnostic_at(&self, code: Code, message: impl Into<String>, span: Span) -> Box<Diagnostic> {
        let mut diagnostic = self.diagnostic(code, message);
        if span != Span::NONE {
            diagnostic.span = span;
        }
        diagnostic
    }

    /// An error or warning at a position of a condition's text.
    pub(super) fn in_condition(
        &self,
        code: Code,
        message: impl Into<String>,
        span: Span,
        text: &str,
        position: Position,
    ) -> Box<Diagnostic> {
        let mut diagnostic = self.diagnostic_at(code, message, span);
        // Not the text itself: a condition may hold thousands of mistakes.
        diagnostic.condition_snippet = Some(snippet(text, position.idx));
        let spot = Spot::Condition { title: title(text), base: (self.0.span.file, self.0.span.start), position };
        let location = Location { kind: ItemKind::ConditionExpression, name: String::new(), spot };
        diagnostic.locations.push(location);
        diagnostic
    }

    fn locations(&self) -> Vec<Location> {
        let mut chain = Vec::new();
        let mut next = Some(self);
        while let Some(Context(frame)) = next {
            let spot = Spot::File(frame.span.file, frame.span.start);
            chain.push(Location { kind: frame.kind, name: frame.name.clone(), spot });
            next = frame.parent.as_ref();
        }
        chain.reverse();
        chain
    }
}

/// The beginning of a condition, as Falco prints it in place of a file name: at most 20 bytes.
fn title(condition: &str) -> String {
    let shown = if condition.len() > 20 {
        let mut end = 17;
        while !condition.is_char_boundary(end) {
            end -= 1;
        }
        format!("\"{}...\"", &condition[..end])
    } else {
        format!("\"{condition}\"")
    };
    shown.replace(['\n', '\r'], " ")
}
