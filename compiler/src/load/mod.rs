//! Rule files to checked rules.
//!
//! ```text
//! bytes ─ yaml ─► nodes ─ items, rule_item, exceptions ─► collector ─ compile ─► hir::RuleSet
//!                                                          lists, macros, output
//! ```
//!
//! [`Loader`] takes files one after the other. As Falco does, it reads each into what was collected before and
//! then compiles everything collected so far, so a file's result also tells of the files before it. Unlike
//! Falco it goes on after a mistake. For each file:
//! - it is refused if and only if Falco refuses it, and the first error has the code of Falco's;
//! - the warnings are Falco's; those Falco would not have reached because of an error are left out;
//! - every error and warning says where the user wrote what it is about.
//!
//! No files are opened here and no clock is read. Limits: files of [`MAX_FILE`] bytes, [`MAX_TOLD`] errors and
//! warnings of a file, and those of [`yaml`], of lists, of macros and of all conditions together; what exceeds
//! them is an error or told as left out, never a panic.

mod collect;
mod compile;
mod context;
mod decode;
mod exceptions;
mod items;
mod kept;
mod lists;
mod macros;
mod output;
mod rule_item;
mod scalar;
mod schema;
mod select;
mod told;
mod version;
pub mod yaml;

pub use select::{Choice, Selection, matches_wildcard};
pub use version::Version;

use crate::check::{self, Checker};
use crate::hir::{Priority, RuleSet};
use crate::report::{Code, Diagnostic, Source, Sources};
use crate::span::{FileId, Span};
use collect::{Collector, Sink};
use compile::Compiled;
use context::Context;
use kept::Kept;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Largest rule file, in bytes.
pub const MAX_FILE: usize = 10 << 20;

/// Most errors and most warnings of a file that are kept.
pub const MAX_TOLD: usize = 10_000;

/// Source of system call events.
pub const SYSCALL: &str = "syscall";

/// What rules are loaded with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Known event sources; rules of others are left out with a warning.
    pub sources: Vec<String>,
    /// Loaded plugins by name and version, for `required_plugin_versions`.
    pub plugins: Vec<(String, String)>,
    /// What is added to the outputs of rules, in this order.
    pub extra: Vec<ExtraOutput>,
    /// Rules less severe than this are switched off for good.
    pub min_priority: Priority,
    /// Rules switched on and off after loading, in this order.
    pub selection: Vec<Selection>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            sources: vec![SYSCALL.to_owned()],
            plugins: vec![("container".to_owned(), "0.7.1".to_owned())],
            extra: Vec::new(),
            min_priority: Priority::Debug,
            selection: Vec::new(),
        }
    }
}

/// Something added to the outputs of rules.
#[derive(Debug, Clone)]
pub struct ExtraOutput {
    /// To which rules.
    pub to: Match,
    /// What.
    pub what: Extra,
}

/// Which rules are meant; what is empty matches all.
#[derive(Debug, Clone, Default)]
pub struct Match {
    /// The rule's source.
    pub source: String,
    /// Tags that must all be on the rule.
    pub tags: BTreeSet<String>,
    /// The rule's name.
    pub rule: String,
}

/// What is added.
#[derive(Debug, Clone)]
pub enum Extra {
    /// Text at the end of the output, after a blank.
    Text(String),
    /// A field in `output_fields`, with its own type.
    Field(String),
    /// A key in `output_fields` and its text with tokens.
    Formatted(String, String),
}

impl ExtraOutput {
    /// `suggested_output`: the fields that the schema suggests for system call events, as text.
    pub fn suggested() -> ExtraOutput {
        let suggested =
            peregrine_schema::FIELDS.iter().filter(|f| f.flags.has(peregrine_schema::FieldFlags::SUGGESTED));
        let texts: Vec<String> = suggested.map(|f| format!("{}=%{}", f.name.replace('.', "_"), f.name)).collect();
        let to = Match { source: SYSCALL.to_owned(), ..Match::default() };
        ExtraOutput { to, what: Extra::Text(texts.join(" ")) }
    }
}

/// What was said about a file.
#[derive(Debug, Clone)]
pub struct FileResult {
    /// The file.
    pub file: FileId,
    /// Its name.
    pub name: String,
    /// Mistakes; the file is refused if there are any.
    pub errors: Vec<Diagnostic>,
    /// Doubts.
    pub warnings: Vec<Diagnostic>,
    /// Further errors and warnings, beyond the [`MAX_TOLD`] of each that are kept.
    pub left_out: usize,
    /// What Falco's JSON schema finds, one entry per document: `ok` or `failed for ...`. Empty if the file
    /// is not YAML or has no document.
    pub schema: Vec<String>,
}

impl FileResult {
    /// Whether the file was accepted.
    pub fn successful(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether the file fits the JSON schema.
    pub fn schema_valid(&self) -> bool {
        self.schema.first().is_some_and(|first| first == "ok")
    }
}

/// What a rule was made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Origin {
    /// The condition as written.
    pub condition: String,
    /// Macros, in order of first use.
    pub macros: Vec<Definition>,
    /// Lists, in order of first use.
    pub lists: Vec<Definition>,
}

/// A macro or list.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Where it is defined.
    pub span: Span,
    /// Its condition or items.
    pub text: Arc<str>,
}

/// Everything that was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// The rules of the last file that could be compiled, selection applied.
    pub rules: RuleSet,
    /// What each rule was made of, in the order of [`RuleSet::rules`].
    pub origins: Vec<Origin>,
    /// One result per file, in order.
    pub results: Vec<FileResult>,
    /// The files.
    pub sources: Sources,
    /// Selections that fit no rule.
    pub idle_selections: Vec<Selection>,
    /// The largest engine version required.
    pub required_engine: Version,
    /// Plugins required: for each requirement the names and versions of which one is enough.
    pub required_plugins: Vec<Vec<(String, String)>>,
}

impl Loaded {
    /// Whether all files were accepted.
    pub fn successful(&self) -> bool {
        self.results.iter().all(FileResult::successful)
    }
}

/// Loads rule files.
#[derive(Debug)]
pub struct Loader {
    options: Options,
    sources: Sources,
    collector: Collector,
    compiled: Compiled,
    kept: Kept,
    results: Vec<FileResult>,
}

impl Loader {
    /// A loader without rules.
    pub fn new(options: Options) -> Loader {
        Loader {
            options,
            sources: Sources::default(),
            collector: Collector::default(),
            compiled: Compiled::default(),
            kept: Kept::default(),
            results: Vec::new(),
        }
    }

    /// Loads the contents of a file.
    pub fn add_file(&mut self, name: &str, bytes: &[u8]) {
        let (text, encoding) = match std::str::from_utf8(&bytes[..bytes.len().min(MAX_FILE)]) {
            _ if bytes.len() > MAX_FILE => {
                let message = format!("file of {} bytes is larger than {MAX_FILE} bytes", bytes.len());
                (String::new(), Some((Code::FileRead, message, 0)))
            }
            Ok(text) => (text.to_owned(), None),
            Err(error) => {
                let message = "file is not UTF-8 text".to_owned();
                let at = error.valid_up_to();
                (String::from_utf8_lossy(bytes).into_owned(), Some((Code::YamlParse, message, at)))
            }
        };
        let file = self.sources.add(Source::new(name.to_owned(), text));
        let mut sink = Sink::default();
        let mut schema = Vec::new();
        let whole = Context::file(file);
        match encoding {
            Some((code, message, at)) => {
                sink.error(whole.diagnostic_at(code, message, Span::new(file, at, at)));
            }
            None => self.read(file, whole, &mut sink, &mut schema),
        }
        let Sink { errors, warnings, left_out } = sink;
        self.results.push(FileResult { file, name: name.to_owned(), errors, warnings, left_out, schema });
    }

    /// Reads a text and, if it is YAML, compiles everything.
    fn read(&mut self, file: FileId, whole: Context, sink: &mut Sink, schema: &mut Vec<String>) {
        let text = self.sources.get(file).map_or("", |source| source.text.as_str());
        let documents = match yaml::load(text, file) {
            Ok(documents) => documents,
            Err(error) => {
                let span = Span::new(file, error.offset, error.offset);
                let context = whole.inner(crate::report::ItemKind::ValueFor, "", span);
                sink.error(context.diagnostic(Code::YamlParse, error.message));
                return;
            }
        };
        schema.extend(documents.iter().map(|document| schema::validate(document)));
        let mut reader = items::Reader { collector: &mut self.collector, options: &self.options, sink, whole };
        reader.documents(&documents);
        let compiled = compile::compile(&self.collector, &self.options, sink, &mut self.kept);
        if sink.errors.is_empty() {
            self.compiled = compiled;
        }
    }

    /// A file that could not be read.
    pub fn add_unreadable(&mut self, name: &str, error: &str) {
        let file = self.sources.add(Source::new(name.to_owned(), String::new()));
        let diagnostic = Context::file(file).diagnostic(Code::FileRead, error);
        self.results.push(FileResult {
            file,
            name: name.to_owned(),
            errors: vec![*diagnostic],
            warnings: Vec::new(),
            left_out: 0,
            schema: Vec::new(),
        });
    }

    /// Checks the requirements on plugins, applies the selection and gives everything away.
    pub fn finish(mut self) -> Loaded {
        self.check_plugins();
        drop(self.kept);
        let Compiled { rules: compiled, fields } = self.compiled;
        let owned = compiled.into_iter().map(|(built, enabled)| (Arc::unwrap_or_clone(built), enabled));
        let (rules, mut origins): (Vec<_>, Vec<_>) =
            owned.map(|(built, enabled)| (crate::hir::Rule { enabled, ..built.rule }, built.origin)).unzip();
        let mut rules = RuleSet { fields, rules };
        let idle_selections = select::apply(&self.options, &mut rules, &mut origins);
        Loaded {
            rules,
            origins,
            idle_selections,
            results: self.results,
            sources: self.sources,
            required_engine: self.collector.engine,
            required_plugins: self.collector.plugins.into_iter().map(|plugin| plugin.alternatives).collect(),
        }
    }

    /// Of each requirement, the first plugin named that is loaded must fit.
    fn check_plugins(&mut self) {
        for requirement in &self.collector.plugins {
            let Some(message) = unmet(&requirement.alternatives, &self.options.plugins) else { continue };
            let diagnostic = requirement.context.diagnostic(Code::Validate, message);
            let file = diagnostic.span.file;
            if let Some(result) = self.results.iter_mut().find(|result| result.file == file) {
                result.errors.push(*diagnostic);
            }
        }
    }
}

/// A field or transformer with which `Extra::Field` can be made, or what is wrong with it.
pub fn parse_extra_field(text: &str) -> Result<String, String> {
    if !valid_field(text) {
        return Err("this is no field; `rulec fields` lists them".to_owned());
    }
    Ok(text.to_owned())
}

/// Why a requirement is not met.
fn unmet(alternatives: &[(String, String)], plugins: &[(String, String)]) -> Option<String> {
    for (name, required) in alternatives {
        let Some((_, loaded)) = plugins.iter().find(|(plugin, _)| plugin == name) else { continue };
        let Some(version) = Version::parse(loaded) else {
            return Some(format!("Plugin '{name}' has invalid version string '{loaded}'"));
        };
        let fits = Version::parse(required).is_some_and(|required| version.satisfies(required));
        return (!fits).then(|| {
            format!("Plugin '{name}' version '{loaded}' is not compatible with required plugin version '{required}'")
        });
    }
    let any: Vec<String> = alternatives.iter().map(|(name, version)| format!("{name} (>= {version})")).collect();
    Some(format!("Plugin requirement not satisfied, must load one of: {}", any.join(", ")))
}

/// The test for fields of exceptions, if the fields of the rule's source are known.
fn fields_of(unknown_source: bool) -> Option<&'static dyn Fn(&str) -> bool> {
    if unknown_source { None } else { Some(&valid_field) }
}

/// Whether a text may stand left of an operator: a field, or transformers of one.
fn valid_field(text: &str) -> bool {
    if text.contains('(') { Checker::new().is_operand(text) } else { check::resolve(text).is_ok() }
}

#[cfg(test)]
mod tests;
