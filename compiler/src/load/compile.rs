//! From what was collected to typed rules.
//!
//! ```text
//! lists   flatten ─┐
//! macros  substitute lists → parse → expand ─┐
//! rules   write exceptions in → substitute lists → parse → expand macros → check → hir
//!         append extra output → check
//! ```
//!
//! What must hold: the order of errors and warnings is Falco's (macros before rules, in a rule the output
//! before the condition). Falco stops at the first error; here each macro and rule is tried, and what depends
//! on something refused is passed over in silence.

use super::collect::{Collector, Macro, Named, Rule, Sink};
use super::context::Context;
use super::lists::{self, FlatList, ListUse};
use super::macros::{Expander, Expansion, ParsedMacro};
use super::{Definition, Options, Origin, exceptions, items, output};
use crate::check::{self, CheckError, CheckWarning, Checker, WarningKind};
use crate::hir;
use crate::report::{Code, Diagnostic, Related};
use crate::span::{Mapped, Span};
use crate::syntax::ast::{At, Expr};
use crate::syntax::{parse_condition, parser::MAX_DEPTH, position, print::print_condition};
use rustc_hash::{FxHashMap, FxHashSet};

/// Sees every macro.
const ALL: u32 = u32::MAX;
/// Rules whose set of event codes is larger give a warning.
const MANY_EVENTS: usize = 100;
/// Code of asynchronous events: every rule is evaluated on them.
const ASYNC_EVENT: u16 = 402;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) rules: hir::RuleSet,
    pub(super) origins: Vec<Origin>,
}

/// A text that was parsed, by [`At::text`]: conditions of macros, then those of rules.
struct Text {
    mapped: Mapped,
    lists: Vec<ListUse>,
    /// Macros named in it and where.
    macros: Vec<(usize, At)>,
}

struct Compiler<'a> {
    collector: &'a Collector,
    options: &'a Options,
    sink: &'a mut Sink,
    lists: Vec<FlatList>,
    macros: Vec<ParsedMacro>,
    macro_names: FxHashMap<String, usize>,
    texts: Vec<Text>,
    checker: Checker,
    compiled: Compiled,
}

/// Compiles everything collected so far.
pub(super) fn compile(collector: &Collector, options: &Options, sink: &mut Sink) -> Compiled {
    let mut compiler = Compiler {
        collector,
        options,
        sink,
        lists: lists::flatten(collector),
        macros: Vec::new(),
        macro_names: FxHashMap::default(),
        texts: Vec::new(),
        checker: Checker::new(),
        compiled: Compiled::default(),
    };
    compiler.macros();
    for rule in collector.rules.items.iter().filter(|rule| !rule.unknown_source) {
        compiler.rule(rule);
    }
    compiler.unused();
    let mut compiled = compiler.compiled;
    compiled.rules.fields = compiler.checker.into_fields();
    compiled
}

impl Compiler<'_> {
    fn macros(&mut self) {
        for (index, item) in self.collector.macros.items.iter().enumerate() {
            let condition = self.parse(&item.condition, &item.condition_context, Owner::Macro(item));
            self.macros.push(ParsedMacro { name: item.name.clone(), index: item.index, condition, used: false });
            self.macro_names.insert(item.name.clone(), index);
        }
        for index in 0..self.texts.len() {
            self.texts[index].macros = self.named_macros(self.macros[index].condition.as_ref());
        }
        for (index, item) in self.collector.macros.items.iter().enumerate() {
            let Some(mut condition) = self.macros[index].condition.clone() else { continue };
            let expansion = self.expand(&mut condition, item.visibility);
            let complete = self.report_expansion(&expansion, &item.condition, &item.context, Owner::Macro(item));
            self.macros[index].condition = complete.then_some(condition);
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let expanded = if rule.exceptions.is_empty() {
            Some(rule.condition.clone())
        } else {
            self.sink.keep(exceptions::expand(&rule.condition, &rule.exceptions))
        };
        let output = output::compile(rule, self.options, &mut self.checker, self.sink);
        let Some(condition) = expanded else { return };
        if let output::Outcome::Skip = output {
            return;
        }
        let checked = self.condition(rule, &condition);
        if let (Some(checked), output::Outcome::Done(output)) = (checked, output) {
            self.compiled.origins.push(checked.origin);
            self.compiled.rules.rules.push(hir::Rule {
                name: rule.name.clone(),
                desc: rule.desc.clone(),
                source: rule.source.clone(),
                priority: rule.priority,
                tags: rule.tags.iter().cloned().collect(),
                enabled: rule.enabled,
                capture: rule.capture,
                capture_duration_ms: rule.capture_duration_ms,
                condition: checked.condition,
                condition_text: checked.text,
                events: checked.events,
                output: output.template,
                extra_fields: output.extra_fields,
                span: rule.name_span,
            });
        }
    }

    /// Parses, expands and checks the condition of a rule.
    fn condition(&mut self, rule: &Rule, condition: &Mapped) -> Option<CheckedCondition> {
        let owner = Owner::Rule(rule);
        let text = self.texts.len();
        let mut parsed = self.parse(condition, &rule.condition_context, owner)?;
        self.texts[text].macros = self.named_macros(Some(&parsed));
        let expansion = self.expand(&mut parsed, ALL);
        if !self.report_expansion(&expansion, condition, &rule.context, owner) {
            return None;
        }
        let texts = &self.texts;
        let typed = self.checker.condition(&parsed, &|at: &At| span_of(texts, at));
        let (typed, warnings) = match typed {
            Ok(typed) => typed,
            Err(error) => {
                self.condition_warnings(&check::syntax_warnings(&parsed), rule, condition, text);
                self.condition_error(error, rule, condition, text);
                return None;
            }
        };
        self.condition_warnings(&warnings, rule, condition, text);
        let mut events = hir::EventSet::all();
        if rule.source == "syscall" {
            events = match check::events::event_set(&parsed) {
                Ok(events) => events,
                Err(error) => {
                    self.condition_error(error, rule, condition, text);
                    return None;
                }
            };
            if events.len() > MANY_EVENTS && rule.warn_evttypes {
                let message = "Rule matches too many evt.type values. This has a significant performance penalty.";
                let diagnostic = rule.context.diagnostic_at(Code::NoEvttype, message, rule.name_span);
                self.sink.warn(diagnostic);
            }
            events.insert(ASYNC_EVENT);
        }
        let origin = self.origin(rule, text);
        Some(CheckedCondition { condition: typed, text: print_condition(&parsed), events, origin })
    }

    /// A condition with its lists substituted, parsed. Its text gets the next number, valid or not.
    fn parse(&mut self, condition: &Mapped, context: &Context, owner: Owner<'_>) -> Option<Expr> {
        let id = self.texts.len();
        let mut uses = Vec::new();
        let Some(mapped) = lists::substitute(condition, &mut self.lists, &mut uses) else {
            self.texts.push(Text { mapped: Mapped::new(), lists: Vec::new(), macros: Vec::new() });
            let message = "condition becomes too large when lists are substituted";
            self.sink.error(context.diagnostic(Code::Validate, message));
            return None;
        };
        self.texts.push(Text { mapped, lists: uses, macros: Vec::new() });
        let text = &self.texts[id].mapped;
        match parse_condition(text.text(), id as u32, MAX_DEPTH) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                let span = text.span(error.at.range.clone());
                let place = position(text.text(), error.at.range.start);
                let mut diagnostic =
                    context.in_condition(Code::CompileCondition, error.message, span, text.text(), place);
                diagnostic.related = self.way_to(id, id, span, owner);
                self.sink.error(diagnostic);
                None
            }
        }
    }

    fn expand(&mut self, condition: &mut Expr, visibility: u32) -> Expansion {
        let refused = |name: &str| self.collector.is_broken(Named::Macro, name);
        let expansion = Expander::new(&self.macros, &self.macro_names, visibility, &refused).run(condition);
        for (index, _) in &expansion.resolved {
            self.macros[*index].used = true;
        }
        expansion
    }

    /// Reports what could not be expanded; says whether nothing was left.
    fn report_expansion(
        &mut self,
        expansion: &Expansion,
        condition: &Mapped,
        context: &Context,
        owner: Owner<'_>,
    ) -> bool {
        let text = match owner {
            Owner::Macro(item) => self.macro_names.get(&item.name).copied().unwrap_or_default(),
            Owner::Rule(_) => self.texts.len() - 1,
        };
        let undefined = |name: &String| format!("Undefined macro '{name}' used in filter.");
        // A name in a loop counts as unknown too, so loops come first.
        let problems: Vec<(String, Option<&str>, &At)> = if expansion.errors.is_empty() {
            expansion.unknown.iter().map(|(name, at)| (undefined(name), Some(name.as_str()), at)).collect()
        } else {
            expansion.errors.iter().map(|(message, at)| (message.clone(), None, at)).collect()
        };
        let mut told = FxHashSet::default();
        for (message, name, at) in problems {
            if !told.insert(message.clone()) {
                continue;
            }
            let mut diagnostic = self.at_condition(Code::Validate, message, at, condition, context);
            diagnostic.related = self.way_to(text, at.text as usize, diagnostic.span, owner);
            let known: Vec<&str> = self.macros.iter().map(|item| item.name.as_str()).collect();
            let close = name.and_then(|name| items::similar(name, &known));
            diagnostic.help = close.map(|close| format!("did you mean '{close}'?"));
            self.sink.error(diagnostic);
        }
        expansion.complete()
    }

    fn condition_error(&mut self, error: CheckError, rule: &Rule, condition: &Mapped, text: usize) {
        let skip = rule.skip_if_unknown_filter && error.kind.may_be_skipped();
        let mut errors = vec![CheckError { more: Vec::new(), ..error.clone() }];
        if !skip {
            errors.extend(error.more);
        }
        for error in errors {
            let code = if skip { Code::UnknownFilter } else { Code::CompileCondition };
            let mut diagnostic = self.at_condition(code, error.message, &error.at, condition, &rule.condition_context);
            diagnostic.related = self.way_to(text, error.at.text as usize, diagnostic.span, Owner::Rule(rule));
            if skip { self.sink.warn(diagnostic) } else { self.sink.error(diagnostic) }
        }
    }

    fn condition_warnings(&mut self, warnings: &[CheckWarning], rule: &Rule, condition: &Mapped, text: usize) {
        for warning in warnings {
            let (code, field) = match warning.kind {
                WarningKind::Condition => (Code::CompileConditionWarning, None),
                WarningKind::UnsafeNa => (Code::UnsafeNaCheck, None),
                WarningKind::DeprecatedField(field) => (Code::DeprecatedItem, Some(field)),
            };
            let mut diagnostic =
                self.at_condition(code, warning.message.clone(), &warning.at, condition, &rule.condition_context);
            diagnostic.related = self.way_to(text, warning.at.text as usize, diagnostic.span, Owner::Rule(rule));
            diagnostic.deprecated_field = field;
            self.sink.warn(diagnostic);
        }
    }

    /// A diagnostic at a place of some parsed text, said of `condition`.
    fn at_condition(
        &self,
        code: Code,
        message: String,
        at: &At,
        condition: &Mapped,
        context: &Context,
    ) -> Box<Diagnostic> {
        let text = self.texts.get(at.text as usize).map_or("", |text| text.mapped.text());
        let place = position(text, at.range.start);
        context.in_condition(code, message, span_of(&self.texts, at), condition.text(), place)
    }

    /// How one gets from the text `from` to a place in the text `to`: through macros and, at last, a list.
    fn way_to(&self, from: usize, to: usize, span: Span, owner: Owner<'_>) -> Vec<Related> {
        let mut way = Vec::new();
        let used = self.texts.get(to).and_then(|text| lists::list_at(&self.collector.lists, &text.lists, span));
        if let Some(used) = used {
            let text = format!("list '{}' used here", self.lists[used.list].name);
            way.push(Related { span: used.span, text });
        }
        for (index, at) in self.macro_path(from, to).into_iter().rev() {
            let text = format!("macro '{}' used here", self.macros[index].name);
            way.push(Related { span: span_of(&self.texts, &at), text });
        }
        let (span, text) = match owner {
            Owner::Macro(item) => (item.context.span(), format!("in macro '{}'", item.name)),
            Owner::Rule(rule) => (rule.name_span, format!("in rule '{}'", rule.name)),
        };
        way.push(Related { span, text });
        way
    }

    /// The shortest chain of macro names that leads from one text to another, outermost first.
    fn macro_path(&self, from: usize, to: usize) -> Vec<(usize, At)> {
        let mut came: FxHashMap<usize, (usize, At)> = FxHashMap::default();
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(text) = queue.pop_front() {
            if text == to {
                break;
            }
            for (index, at) in self.texts.get(text).map_or(&[][..], |text| &text.macros) {
                if *index != from && !came.contains_key(index) {
                    came.insert(*index, (text, at.clone()));
                    queue.push_back(*index);
                }
            }
        }
        let mut path = Vec::new();
        let mut text = to;
        while text != from {
            let Some((before, at)) = came.get(&text) else { return Vec::new() };
            path.push((text, at.clone()));
            text = *before;
        }
        path.reverse();
        path
    }

    /// The macros that a parsed condition names.
    fn named_macros(&self, condition: Option<&Expr>) -> Vec<(usize, At)> {
        let mut found = Vec::new();
        let mut open: Vec<&Expr> = condition.into_iter().collect();
        while let Some(expr) = open.pop() {
            match expr {
                Expr::And(members, _) | Expr::Or(members, _) => open.extend(members.iter().rev()),
                Expr::Not(inner, _) => open.push(inner),
                Expr::Macro(name, at) => {
                    found.extend(self.macro_names.get(name).map(|index| (*index, at.clone())));
                }
                Expr::Check(_) => {}
            }
        }
        found
    }

    /// The macros and lists a rule is made of, in order of first use.
    fn origin(&self, rule: &Rule, text: usize) -> Origin {
        let mut seen_lists = FxHashSet::default();
        let mut seen = FxHashSet::from_iter([text]);
        let mut origin = Origin { condition: rule.condition.text().to_owned(), ..Origin::default() };
        let mut queue = std::collections::VecDeque::from([text]);
        while let Some(text) = queue.pop_front() {
            for used in &self.texts[text].lists {
                if seen_lists.insert(used.list) {
                    let list = &self.collector.lists.items[used.list];
                    let items: Vec<&str> = self.lists[used.list].items.iter().map(Mapped::text).collect();
                    let (name, span) = (list.name.clone(), list.context.span());
                    origin.lists.push(Definition { name, span, text: items.join(", ") });
                }
            }
            for (index, _) in &self.texts[text].macros {
                if seen.insert(*index) {
                    let item = &self.collector.macros.items[*index];
                    let (name, span) = (item.name.clone(), item.context.span());
                    origin.macros.push(Definition { name, span, text: item.condition.text().to_owned() });
                    queue.push_back(*index);
                }
            }
        }
        origin
    }

    /// Warns of what nothing uses.
    fn unused(&mut self) {
        for (item, parsed) in self.collector.macros.items.iter().zip(&self.macros) {
            if !parsed.used {
                let message = "Macro not referred to by any other rule/macro";
                self.sink.warn(item.context.diagnostic(Code::UnusedMacro, message));
            }
        }
        for (list, flat) in self.collector.lists.items.iter().zip(&self.lists) {
            if !flat.used {
                let message = "List not referred to by any other rule/macro";
                self.sink.warn(list.context.diagnostic(Code::UnusedList, message));
            }
        }
    }
}

/// Whose condition it is.
#[derive(Clone, Copy)]
enum Owner<'a> {
    Macro(&'a Macro),
    Rule(&'a Rule),
}

struct CheckedCondition {
    condition: hir::Expr,
    text: String,
    events: hir::EventSet,
    origin: Origin,
}

fn span_of(texts: &[Text], at: &At) -> Span {
    texts.get(at.text as usize).map_or(Span::NONE, |text| text.mapped.span(at.range.clone()))
}
