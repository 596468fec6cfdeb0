//! One error or warning.
//!
//! Two notions of place live side by side. [`Diagnostic::span`] and [`Diagnostic::related`] say exactly where
//! the mistake was written and how the reader got there (rule → macro → list). [`Diagnostic::locations`] is
//! the chain Falco prints in its JSON: item inside item, down to a position inside the condition's text.

use super::codes::{Code, Severity};
use crate::span::{FileId, Span};

/// An error or warning.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// What is wrong, in Falco's words where Falco has words for it.
    pub message: String,
    /// Where the mistake was written.
    pub span: Span,
    /// How one gets there, nearest first.
    pub related: Vec<Related>,
    /// What to do about it.
    pub help: Option<String>,
    /// Falco's chain of places, outermost first.
    pub locations: Vec<Location>,
    /// The line of the condition's text around the last location, when that is a position of a condition.
    pub condition_snippet: Option<String>,
    /// The deprecated field it is about.
    pub deprecated_field: Option<&'static str>,
}

impl Diagnostic {
    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
    }
}

/// A further place of a diagnostic.
#[derive(Debug, Clone, PartialEq)]
pub struct Related {
    /// The place.
    pub span: Span,
    /// What is there, e.g. `macro 'x' used here`.
    pub text: String,
}

/// A link of Falco's chain of places.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// What stands there.
    pub kind: ItemKind,
    /// Its name, empty if it has none.
    pub name: String,
    /// Where.
    pub spot: Spot,
}

/// Where a [`Location`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum Spot {
    /// At a byte of a file.
    File(FileId, u32),
    /// In a condition: relative to a place of a file, as Falco adds the two up.
    Condition {
        /// The condition's beginning, which Falco prints as the name of the place.
        title: String,
        /// File and byte of the condition.
        base: (FileId, u32),
        /// Line and column from 1, and offset.
        position: crate::syntax::Position,
    },
}

macro_rules! item_kinds {
    ($($name:ident $text:literal;)*) => {
        /// What a [`Location`] is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the words are those of ItemKind::text")]
        pub enum ItemKind { $($name),* }

        impl ItemKind {
            /// As printed.
            pub fn text(self) -> &'static str { match self { $(ItemKind::$name => $text),* } }
        }
    };
}

item_kinds! {
    ValueFor "value for";
    Exceptions "exceptions";
    Exception "exception";
    ExceptionValues "exception values";
    ExceptionValue "exception value";
    RulesContent "rules content";
    RulesContentItem "rules content item";
    RequiredEngineVersion "required_engine_version";
    RequiredPluginVersions "required plugin versions";
    RequiredPluginVersionsEntry "required plugin versions entry";
    RequiredPluginVersionsAlternative "required plugin versions alternative";
    List "list";
    ListItem "list item";
    Macro "macro";
    MacroCondition "macro condition";
    Rule "rule";
    RuleCondition "rule condition";
    ConditionExpression "condition expression";
    RuleOutput "rule output";
    RulePriority "rule priority";
    Override "overrides";
}

/// A rule file as text.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name as given.
    pub name: String,
    /// Its contents; empty if they are not text.
    pub text: String,
    /// Offsets of the first bytes of the lines.
    lines: Vec<u32>,
}

impl Source {
    /// Takes a file's contents.
    pub fn new(name: String, text: String) -> Source {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Source { name, text, lines }
    }

    /// Line and column in bytes, both from 0.
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        (line, (offset - self.lines[line]) as usize)
    }

    /// The part of the text, empty if the range is not one of it.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// All rule files of a run by [`FileId`].
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a file.
    pub fn add(&mut self, source: Source) -> FileId {
        self.0.push(source);
        FileId(self.0.len() as u32 - 1)
    }

    /// A file, `None` for places that are in no file.
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.0.get(file.0 as usize)
    }

    /// All files with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.0.iter().enumerate().map(|(i, source)| (FileId(i as u32), source))
    }

    /// `name:line:column`, from 1, of the start of a place.
    pub fn describe(&self, span: Span) -> String {
        match self.get(span.file) {
            Some(source) => {
                let (line, column) = source.line_column(span.start);
                format!("{}:{}:{}", source.name, line + 1, column + 1)
            }
            None => "<unknown>".to_owned(),
        }
    }
}
