//! What the rule files say so far: rules, macros and lists by name, with appends and overrides applied.
//!
//! One counter runs over all items of all files. It gives each list, macro and rule its *index* (when it was
//! first defined; this is the order of rules) and its *visibility* (when it was last touched; a macro sees only
//! macros with a smaller index). A redefinition replaces everything but the index.
//!
//! What must hold: definitions that were wrong are remembered by name ([`Collector::broken`]), so that what
//! refers to them is not reported as a mistake of its own.

use super::context::{Checked, Context};
use super::exceptions::{self, Exception};
use super::version::Version;
use super::{MAX_TOLD, Options};
use crate::hir::Priority;
use crate::report::{Code, Diagnostic};
use crate::span::{Mapped, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// Errors and warnings of a file, in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Sink {
    pub(super) errors: Vec<Diagnostic>,
    pub(super) warnings: Vec<Diagnostic>,
    /// Further ones: a file may give as many as it has words, and each takes room and has to be shown.
    pub(super) left_out: usize,
}

impl Sink {
    /// Whether there is no error, and all warnings are here.
    pub(super) fn clean(&self) -> bool {
        self.errors.is_empty() && self.left_out == 0
    }

    /// Notes an error. Boxed, as [`Checked`] carries them.
    #[allow(clippy::boxed_local, reason = "diagnostics travel boxed")]
    pub(super) fn error(&mut self, diagnostic: Box<Diagnostic>) {
        if self.errors.len() < MAX_TOLD { self.errors.push(*diagnostic) } else { self.left_out += 1 }
    }

    /// Notes a warning, unless there was an error: Falco would not have got here.
    #[allow(clippy::boxed_local, reason = "diagnostics travel boxed")]
    pub(super) fn warn(&mut self, diagnostic: Box<Diagnostic>) {
        match self.warnings.len() {
            _ if !self.errors.is_empty() => {}
            0..MAX_TOLD => self.warnings.push(*diagnostic),
            _ => self.left_out += 1,
        }
    }

    /// The value, or the error noted.
    pub(super) fn keep<T>(&mut self, result: Checked<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(diagnostic) => {
                self.error(diagnostic);
                None
            }
        }
    }
}

/// A list.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) name: String,
    pub(super) items: Vec<Mapped>,
    pub(super) context: Context,
    pub(super) index: u32,
    pub(super) visibility: u32,
}

/// A macro.
#[derive(Debug, Clone)]
pub(super) struct Macro {
    pub(super) name: String,
    pub(super) condition: Mapped,
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) index: u32,
    pub(super) visibility: u32,
}

/// A rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) name_span: Span,
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) output_context: Context,
    pub(super) index: u32,
    pub(super) visibility: u32,
    pub(super) condition: Mapped,
    pub(super) output: Mapped,
    pub(super) desc: String,
    pub(super) priority: Priority,
    pub(super) source: String,
    pub(super) unknown_source: bool,
    pub(super) tags: BTreeSet<String>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) enabled: bool,
    pub(super) capture: bool,
    pub(super) capture_duration_ms: u32,
    pub(super) warn_evttypes: bool,
    pub(super) skip_if_unknown_filter: bool,
}

/// Changes to a rule: what an append adds or a replacement sets.
#[derive(Debug, Default)]
pub(super) struct Update {
    pub(super) source: String,
    pub(super) condition: Option<Mapped>,
    pub(super) output: Option<Mapped>,
    pub(super) desc: Option<String>,
    pub(super) tags: Option<BTreeSet<String>>,
    pub(super) exceptions: Option<Vec<Exception>>,
    pub(super) priority: Option<Priority>,
    pub(super) capture: Option<bool>,
    pub(super) capture_duration_ms: Option<u32>,
    pub(super) enabled: Option<bool>,
    pub(super) warn_evttypes: Option<bool>,
    pub(super) skip_if_unknown_filter: Option<bool>,
}

impl Update {
    fn is_empty(&self) -> bool {
        self.condition.is_none()
            && self.output.is_none()
            && self.desc.is_none()
            && self.tags.is_none()
            && self.exceptions.is_none()
            && self.priority.is_none()
            && self.capture.is_none()
            && self.capture_duration_ms.is_none()
            && self.enabled.is_none()
            && self.warn_evttypes.is_none()
            && self.skip_if_unknown_filter.is_none()
    }
}

/// One requirement: any of several plugins in some version.
#[derive(Debug, Clone)]
pub(super) struct PluginRequirement {
    /// Name and version as written.
    pub(super) alternatives: Vec<(String, String)>,
    pub(super) context: Context,
}

/// Items by name, in order of first definition.
#[derive(Debug, Clone)]
pub(super) struct Table<T> {
    pub(super) items: Vec<T>,
    by_name: FxHashMap<String, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { items: Vec::new(), by_name: FxHashMap::default() }
    }
}

impl<T> Table<T> {
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.position(name).map(|at| &self.items[at])
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.position(name).map(|at| &mut self.items[at])
    }

    fn insert(&mut self, name: &str, item: T) {
        match self.position(name) {
            Some(at) => self.items[at] = item,
            None => {
                self.by_name.insert(name.to_owned(), self.items.len());
                self.items.push(item);
            }
        }
    }
}

/// Everything collected.
#[derive(Debug, Default)]
pub(super) struct Collector {
    counter: u32,
    pub(super) lists: Table<List>,
    pub(super) macros: Table<Macro>,
    pub(super) rules: Table<Rule>,
    pub(super) plugins: Vec<PluginRequirement>,
    /// The largest engine version required.
    pub(super) engine: Version,
    /// Names of lists, macros and rules of which some definition was wrong.
    pub(super) broken: FxHashSet<(Named, String)>,
}

/// The kinds of items with names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Named {
    List,
    Macro,
    Rule,
}

const NO_LIST: &str = "List uses 'append' or 'override.items: append' but no list by that name already exists";
const NO_MACRO: &str = "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists";
const NO_RULE_APPEND: &str = "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists";
const NO_RULE_REPLACE: &str =
    "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists";
const NO_RULE_ENABLED: &str = "Rule has 'enabled' key but no rule by that name already exists";

impl Collector {
    /// Number of the next item.
    fn next(&mut self) -> u32 {
        self.counter += 1;
        self.counter - 1
    }

    /// Whether a missing definition may be the fault of an earlier mistake.
    pub(super) fn is_broken(&self, kind: Named, name: &str) -> bool {
        self.broken.contains(&(kind, name.to_owned()))
    }

    /// The error about an item that changes something that does not exist; none if it was refused earlier.
    fn absent(&self, kind: Named, name: &str, context: &Context, message: &str) -> Checked<()> {
        if self.is_broken(kind, name) { Ok(()) } else { Err(context.diagnostic(Code::Validate, message)) }
    }

    pub(super) fn require_engine(&mut self, version: Version, context: &Context) -> Checked<()> {
        let engine = Version::from(peregrine_schema::ENGINE_VERSION);
        if !engine.satisfies(version) {
            let message = format!("Rules require engine version {version}, but engine version is {engine}");
            return Err(context.diagnostic(Code::Validate, message));
        }
        self.engine = self.engine.max(version);
        Ok(())
    }

    pub(super) fn require_plugin(&mut self, requirement: PluginRequirement) -> Checked<()> {
        let context = &requirement.context;
        for (i, (name, version)) in requirement.alternatives.iter().enumerate() {
            if Version::parse(version).is_none() {
                let message = format!("Invalid required version '{version}' for plugin '{name}'");
                return Err(context.diagnostic(Code::Validate, message));
            }
            if requirement.alternatives[..i].iter().any(|(other, _)| other == name) {
                let message = format!("Defined multiple alternative version requirements for plugin '{name}'");
                return Err(context.diagnostic(Code::Validate, message));
            }
        }
        self.plugins.push(requirement);
        Ok(())
    }

    pub(super) fn define_list(&mut self, mut list: List) {
        list.visibility = self.next();
        list.index = self.lists.get(&list.name).map_or(list.visibility, |old| old.index);
        self.lists.insert(&list.name.clone(), list);
    }

    pub(super) fn append_list(&mut self, list: List) -> Checked<()> {
        let Some(at) = self.lists.position(&list.name) else {
            return self.absent(Named::List, &list.name, &list.context, NO_LIST);
        };
        let visibility = self.next();
        let old = &mut self.lists.items[at];
        old.items.extend(list.items);
        old.visibility = visibility;
        Ok(())
    }

    pub(super) fn define_macro(&mut self, mut item: Macro) {
        item.visibility = self.next();
        item.index = self.macros.get(&item.name).map_or(item.visibility, |old| old.index);
        self.macros.insert(&item.name.clone(), item);
    }

    pub(super) fn append_macro(&mut self, item: Macro) -> Checked<()> {
        let Some(at) = self.macros.position(&item.name) else {
            return self.absent(Named::Macro, &item.name, &item.context, NO_MACRO);
        };
        let visibility = self.next();
        let old = &mut self.macros.items[at];
        append(&mut old.condition, &item.condition);
        old.visibility = visibility;
        Ok(())
    }

    /// Defines or redefines a rule. Mistakes in its exceptions are all noted.
    pub(super) fn define_rule(&mut self, mut rule: Rule, options: &Options, sink: &mut Sink) -> Option<()> {
        sink.keep(self.same_source(&rule.name, &rule.source, &rule.context))?;
        rule.unknown_source = !options.sources.contains(&rule.source);
        if rule.unknown_source {
            let message = format!("Unknown source {}, skipping", rule.source);
            sink.warn(rule.context.diagnostic(Code::UnknownSource, message));
        }
        let mut valid = true;
        let fields = super::fields_of(rule.unknown_source);
        for exception in &mut rule.exceptions {
            let checked = if exception.fields.given() {
                exceptions::validate(exception, fields)
            } else {
                let message = "Rule exception item must have fields property with a list of fields";
                Err(exception.context.diagnostic(Code::Validate, message))
            };
            valid &= sink.keep(checked).is_some();
        }
        if !valid {
            return None;
        }
        rule.visibility = self.next();
        rule.index = self.rules.get(&rule.name).map_or(rule.visibility, |old| old.index);
        self.rules.insert(&rule.name.clone(), rule);
        Some(())
    }

    /// A rule keeps its source through all its definitions.
    fn same_source(&self, name: &str, source: &str, context: &Context) -> Checked<()> {
        match self.rules.get(name) {
            Some(old) if !old.source.is_empty() && !source.is_empty() && old.source != source => {
                Err(context.diagnostic(Code::Validate, "Rule has been re-defined with a different source"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn append_rule(&mut self, name: &str, update: Update, context: &Context) -> Checked<()> {
        self.same_source(name, &update.source, context)?;
        let Some(at) = self.rules.position(name) else {
            return self.absent(Named::Rule, name, context, NO_RULE_APPEND);
        };
        if update.is_empty() {
            let message = "Appended rule must have exceptions or condition property";
            return Err(context.diagnostic(Code::Validate, message));
        }
        let rule = &mut self.rules.items[at];
        if let Some(condition) = &update.condition {
            append(&mut rule.condition, condition);
        }
        if let Some(output) = &update.output {
            append(&mut rule.output, output);
        }
        if let Some(desc) = &update.desc {
            rule.desc.push(' ');
            rule.desc.push_str(desc);
        }
        rule.tags.extend(update.tags.into_iter().flatten());
        for exception in update.exceptions.into_iter().flatten() {
            append_exception(rule, exception)?;
        }
        let visibility = self.next();
        self.rules.items[at].visibility = visibility;
        Ok(())
    }

    pub(super) fn replace_rule(&mut self, name: &str, update: Update, context: &Context) -> Checked<()> {
        self.same_source(name, &update.source, context)?;
        let visibility = self.counter;
        let Some(rule) = self.rules.get_mut(name) else {
            return self.absent(Named::Rule, name, context, NO_RULE_REPLACE);
        };
        if update.is_empty() {
            let message = "The rule must have at least one field that can be replaced";
            return Err(context.diagnostic(Code::Validate, message));
        }
        rule.visibility = visibility;
        set(&mut rule.condition, update.condition);
        set(&mut rule.output, update.output);
        set(&mut rule.desc, update.desc);
        set(&mut rule.tags, update.tags);
        set(&mut rule.priority, update.priority);
        set(&mut rule.capture, update.capture);
        set(&mut rule.capture_duration_ms, update.capture_duration_ms);
        set(&mut rule.enabled, update.enabled);
        set(&mut rule.warn_evttypes, update.warn_evttypes);
        set(&mut rule.skip_if_unknown_filter, update.skip_if_unknown_filter);
        if let Some(mut replaced) = update.exceptions {
            // Falco does not check replaced exceptions: bad fields and operators are found when the condition
            // is compiled. Only what would make it read past the end of a list is refused here.
            for exception in &mut replaced {
                exceptions::fill_comps(exception);
                let (fields, comps) = (&exception.fields, &exception.comps);
                if fields.list && fields.items.len() != comps.items.len() {
                    let message = "Fields and comps lists must have equal length";
                    return Err(exception.context.diagnostic_at(Code::Validate, message, comps.span));
                }
            }
            rule.exceptions = replaced;
        }
        self.next();
        Ok(())
    }

    /// Switches a rule on or off.
    pub(super) fn enable_rule(&mut self, name: &str, enabled: bool, context: &Context) -> Checked<()> {
        match self.rules.get_mut(name) {
            Some(rule) => rule.enabled = enabled,
            None => return self.absent(Named::Rule, name, context, NO_RULE_ENABLED),
        }
        Ok(())
    }
}

/// Adds an exception, or values to the exception of that name.
fn append_exception(rule: &mut Rule, mut exception: Exception) -> Checked<()> {
    let error = |exception: &Exception, message: &str, span: Span| {
        Err(exception.context.diagnostic_at(Code::Validate, message, span))
    };
    if let Some(old) = rule.exceptions.iter_mut().find(|old| old.name == exception.name) {
        if exception.fields.given() {
            let message = "Can not append exception fields to existing exception, only values";
            return error(&exception, message, exception.fields.span);
        }
        if exception.comps.given() {
            let message = "Can not append exception comps to existing exception, only values";
            return error(&exception, message, exception.comps.span);
        }
        old.values.extend(exception.values);
        return Ok(());
    }
    let at = exception.context.span();
    if !exception.fields.given() {
        return error(&exception, "Rule exception must have fields property with a list of fields", at);
    }
    if exception.values.is_empty() {
        return error(&exception, "Rule exception must have values property with a list of values", at);
    }
    exceptions::validate(&mut exception, super::fields_of(rule.unknown_source))?;
    rule.exceptions.push(exception);
    Ok(())
}

/// Joins with one blank.
fn append(text: &mut Mapped, more: &Mapped) {
    if !more.is_empty() {
        text.push_for(" ", super::decode::whole_span(more));
        text.push_mapped(more);
    }
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}
