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
//!
//! Everything is compiled again after each file. What [`Kept`] says is as it was before is taken from there.
//! Limits: [`MAX_TOTAL`] bytes of conditions, and those of [`lists`] and [`super::macros`].

use super::collect::{Collector, Macro, Named, Rule, Sink};
use super::context::Context;
use super::kept::{Kept, KeptMacro, KeptRule};
use super::lists::{self, ListUse, Lists};
use super::macros::{Expander, Expansion, ParsedMacro, Shape};
use super::{Definition, Options, Origin, exceptions, output};
use crate::check::{self, Checker};
use crate::hir;
use crate::report::Code;
use crate::span::{Mapped, Span};
use crate::syntax::ast::{At, Expr};
use crate::syntax::{parse_condition, parser::MAX_DEPTH, position, print::print_condition};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Sees every macro.
const ALL: u32 = u32::MAX;
/// Rules whose set of event codes is larger give a warning.
const MANY_EVENTS: usize = 100;
/// Code of asynchronous events: every rule is evaluated on them.
const ASYNC_EVENT: u16 = 402;
/// Number of the text of the rule at hand; those of macros are numbered as the macros are.
pub(super) const OWN: u32 = u32::MAX;
/// Most bytes of the conditions of all rules, macros and lists put in: lists are copied into each condition.
const MAX_TOTAL: usize = 96 << 20;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    /// Rules in order of definition and whether each is enabled.
    pub(super) rules: Vec<(Arc<Built>, bool)>,
    /// See [`hir::RuleSet::fields`].
    pub(super) fields: Vec<crate::value::FieldRef>,
}

/// A rule and what it was made of.
#[derive(Debug, Clone)]
pub(super) struct Built {
    pub(super) rule: hir::Rule,
    pub(super) origin: Origin,
}

/// A text that was parsed.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) mapped: Mapped,
    pub(super) lists: Vec<ListUse>,
    /// Macros named in it and where.
    pub(super) macros: Vec<(usize, At)>,
    /// Offsets at which lines begin, as Falco counts them; made when first asked for.
    pub(super) lines: std::cell::OnceCell<Vec<usize>>,
}

pub(super) struct Compiler<'a> {
    pub(super) collector: &'a Collector,
    options: &'a Options,
    pub(super) sink: &'a mut Sink,
    pub(super) lists: Lists,
    pub(super) macros: Vec<ParsedMacro>,
    pub(super) macro_names: FxHashMap<String, usize>,
    /// Conditions of macros, by [`At::text`].
    pub(super) macro_texts: Vec<Text>,
    /// Condition of the rule at hand, [`OWN`].
    pub(super) own: Text,
    /// Ways from the text of a macro or rule to others, as far as they were asked for.
    pub(super) ways: super::told::Ways,
    checker: Checker,
    /// Number of fields used so far; the checker may still hold more, of rules that were kept.
    known: usize,
    compiled: Compiled,
    /// Bytes of the conditions so far.
    total: usize,
}

/// Compiles everything collected so far. `kept` is what the last call left there.
pub(super) fn compile(collector: &Collector, options: &Options, sink: &mut Sink, kept: &mut Kept) -> Compiled {
    let mut compiler = Compiler {
        collector,
        options,
        sink,
        lists: lists::flatten(collector),
        macros: Vec::new(),
        macro_names: FxHashMap::default(),
        macro_texts: Vec::new(),
        own: Text::default(),
        ways: Default::default(),
        checker: std::mem::take(&mut kept.checker),
        known: 0,
        compiled: Compiled::default(),
        total: 0,
    };
    kept.begin(&compiler.lists);
    let macros = compiler.macros(kept);
    let mut rules = Vec::with_capacity(collector.rules.items.len());
    let mut intact = kept.macros_are_intact();
    if !intact {
        compiler.checker.forget(0);
    }
    for (position, rule) in collector.rules.items.iter().enumerate() {
        rules.push(compiler.rule(rule, position, kept, &mut intact));
        if compiler.total > MAX_TOTAL {
            let message = format!("the conditions of all rules up to this one take more than {MAX_TOTAL} bytes");
            compiler.sink.error(rule.condition_context.diagnostic(Code::Validate, message));
            break;
        }
    }
    compiler.unused();
    compiler.checker.forget(compiler.known);
    let Compiler { mut compiled, checker, lists, macros: parsed, macro_texts, .. } = compiler;
    compiled.fields = checker.fields().to_vec();
    let texts = macro_texts.into_iter().zip(parsed.into_iter().map(|item| item.condition));
    let macros = macros.into_iter().zip(texts).map(|(item, (text, expanded))| KeptMacro { text, expanded, ..item });
    *kept = if sink.clean() { Kept::new(checker, lists, macros.collect(), rules) } else { Kept::default() };
    compiled
}

impl Compiler<'_> {
    fn macros(&mut self, kept: &mut Kept) -> Vec<KeptMacro> {
        let mut done = Vec::with_capacity(self.collector.macros.items.len());
        for (index, item) in self.collector.macros.items.iter().enumerate() {
            let reach = self.lists.reach(item.condition.text());
            let (text, condition) = match kept.take_macro(index, item.visibility, &reach) {
                Some((text, condition)) => {
                    self.lists.mark_used(text.lists.iter().map(|used| used.list));
                    (text, Some(condition))
                }
                None => {
                    let owner = Owner::Macro(item);
                    let (text, parsed) = self.parse(&item.condition, &item.condition_context, owner, index as u32);
                    (text, parsed.map(Arc::new))
                }
            };
            self.macro_texts.push(text);
            let parsed = condition.clone();
            done.push(KeptMacro { visibility: item.visibility, reach, parsed, ..KeptMacro::default() });
            let (name, index_of) = (item.name.clone(), item.index);
            self.macros.push(ParsedMacro { name, index: index_of, condition, shape: None, used: false });
            self.macro_names.insert(item.name.clone(), index);
        }
        for index in 0..self.macro_texts.len() {
            self.macro_texts[index].macros = self.named_macros(self.macros[index].condition.as_deref());
        }
        for (index, item) in self.collector.macros.items.iter().enumerate() {
            if let Some((condition, resolved)) = kept.take_expanded(index) {
                resolved.iter().for_each(|used| self.macros[*used].used = true);
                self.macros[index].shape = Some(Shape::of(&condition));
                self.macros[index].condition = Some(condition);
                done[index].resolved = resolved;
                continue;
            }
            let Some(parsed) = &self.macros[index].condition else { continue };
            let mut condition = Expr::clone(parsed);
            let expansion = self.expand(&mut condition, item.visibility);
            let complete = self.report_expansion(&expansion, &item.condition, &item.context, Owner::Macro(item));
            self.macros[index].shape = complete.then(|| Shape::of(&condition));
            self.macros[index].condition = complete.then(|| Arc::new(condition));
            done[index].resolved = expansion.resolved.iter().map(|(index, _)| *index).collect();
        }
        done
    }

    /// Compiles a rule, or takes what was kept of it. `intact` says whether everything before it was kept, so
    /// that fields have the numbers they had.
    fn rule(&mut self, rule: &Rule, position: usize, kept: &mut Kept, intact: &mut bool) -> KeptRule {
        let mut done = KeptRule { visibility: rule.visibility, ..KeptRule::default() };
        if rule.unknown_source {
            done.fields = self.known;
            return done;
        }
        let expanded = if rule.exceptions.is_empty() {
            Some(rule.condition.clone())
        } else {
            self.sink.keep(exceptions::expand(&rule.condition, &rule.exceptions))
        };
        done.reach = self.lists.reach(expanded.as_ref().map_or("", Mapped::text));
        if *intact && let Some(kept) = kept.take_rule(position, rule.visibility, &done.reach) {
            self.lists.mark_used(kept.lists.iter().copied());
            kept.resolved.iter().for_each(|used| self.macros[*used].used = true);
            kept.warnings.iter().for_each(|warning| self.sink.warn(Box::new(warning.clone())));
            self.total += kept.built.as_ref().map_or(0, |built| built.rule.condition_text.len());
            self.compiled.rules.extend(kept.built.iter().map(|built| (built.clone(), rule.enabled)));
            self.known = kept.fields;
            return kept;
        }
        if std::mem::take(intact) {
            self.checker.forget(self.known);
        }
        let told = self.sink.warnings.len();
        self.own = Text::default();
        self.ways.forget(OWN);
        if let Some(built) = self.build(rule, expanded, &mut done.resolved) {
            let built = Arc::new(built);
            self.total += built.rule.condition_text.len();
            self.compiled.rules.push((built.clone(), rule.enabled));
            done.built = Some(built);
        }
        done.lists = self.own.lists.iter().map(|used| used.list).collect();
        done.warnings = self.sink.warnings[told..].to_vec();
        self.known = self.checker.fields().len();
        done.fields = self.known;
        done
    }

    /// Compiles output and condition; the latter is `None` if it has been refused already.
    fn build(&mut self, rule: &Rule, condition: Option<Mapped>, resolved: &mut Vec<usize>) -> Option<Built> {
        let output = output::compile(rule, self.options, &mut self.checker, self.sink);
        if let output::Outcome::Skip = output {
            return None;
        }
        let checked = self.condition(rule, &condition?, resolved)?;
        let output::Outcome::Done(output) = output else { return None };
        let built = hir::Rule {
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
        };
        Some(Built { rule: built, origin: checked.origin })
    }

    /// Parses, expands and checks the condition of a rule.
    fn condition(&mut self, rule: &Rule, condition: &Mapped, resolved: &mut Vec<usize>) -> Option<CheckedCondition> {
        let owner = Owner::Rule(rule);
        let (text, parsed) = self.parse(condition, &rule.condition_context, owner, OWN);
        self.own = text;
        let mut parsed = parsed?;
        self.own.macros = self.named_macros(Some(&parsed));
        let expansion = self.expand(&mut parsed, ALL);
        resolved.extend(expansion.resolved.iter().map(|(index, _)| *index));
        if !self.report_expansion(&expansion, condition, &rule.context, owner) {
            return None;
        }
        let (macro_texts, own) = (&self.macro_texts, &self.own);
        let typed = self.checker.condition(&parsed, &|at: &At| span_of(text_of(macro_texts, own, at.text), at));
        let (typed, warnings) = match typed {
            Ok(typed) => typed,
            Err(error) => {
                self.condition_warnings(&check::syntax_warnings(&parsed), rule, condition);
                self.condition_error(error, rule, condition);
                return None;
            }
        };
        self.condition_warnings(&warnings, rule, condition);
        let mut events = hir::EventSet::all();
        if rule.source == "syscall" {
            events = match check::events::event_set(&parsed) {
                Ok(events) => events,
                Err(error) => {
                    self.condition_error(error, rule, condition);
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
        let origin = self.origin(rule);
        Some(CheckedCondition { condition: typed, text: print_condition(&parsed), events, origin })
    }

    /// A condition with its lists substituted, parsed if it can be. `id` is the number of the text.
    fn parse(&mut self, condition: &Mapped, context: &Context, owner: Owner<'_>, id: u32) -> (Text, Option<Expr>) {
        let mut text = Text::default();
        let Some(mapped) = lists::substitute(condition, &mut self.lists, &mut text.lists) else {
            let message = "condition becomes too large when lists are substituted";
            self.sink.error(context.diagnostic(Code::Validate, message));
            return (Text::default(), None);
        };
        text.mapped = mapped;
        let written = text.mapped.text();
        match parse_condition(written, id, MAX_DEPTH) {
            Ok(parsed) => (text, Some(parsed)),
            Err(error) => {
                let span = text.mapped.span(error.at.range.clone());
                let place = position(written, error.at.range.start);
                let mut diagnostic = context.in_condition(Code::CompileCondition, error.message, span, written, place);
                diagnostic.related = self.way_inside(&text, span, owner);
                self.sink.error(diagnostic);
                (text, None)
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
                Expr::Check(_) | Expr::Shared(_) => {}
            }
        }
        found
    }

    /// The macros and lists the rule at hand is made of, in order of first use.
    fn origin(&mut self, rule: &Rule) -> Origin {
        let mut seen_lists = FxHashSet::default();
        let mut seen = FxHashSet::default();
        let mut origin = Origin { condition: rule.condition.text().to_owned(), ..Origin::default() };
        let mut queue = std::collections::VecDeque::from([OWN]);
        while let Some(text) = queue.pop_front() {
            let Some(text) = text_of(&self.macro_texts, &self.own, text) else { continue };
            for used in &text.lists {
                if seen_lists.insert(used.list) {
                    let list = &self.collector.lists.items[used.list];
                    let (name, span) = (list.name.clone(), list.context.span());
                    let text = self.lists.flat[used.list].text();
                    origin.lists.push(Definition { name, span, text });
                }
            }
            for (index, _) in &text.macros {
                if seen.insert(*index) {
                    let item = &self.collector.macros.items[*index];
                    let (name, span) = (item.name.clone(), item.context.span());
                    origin.macros.push(Definition { name, span, text: item.condition.text().into() });
                    queue.push_back(*index as u32);
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
        for (list, flat) in self.collector.lists.items.iter().zip(&self.lists.flat) {
            if !flat.used {
                let message = "List not referred to by any other rule/macro";
                self.sink.warn(list.context.diagnostic(Code::UnusedList, message));
            }
        }
    }
}

/// Whose condition it is.
#[derive(Clone, Copy)]
pub(super) enum Owner<'a> {
    Macro(&'a Macro),
    Rule(&'a Rule),
}

struct CheckedCondition {
    condition: hir::Expr,
    text: String,
    events: hir::EventSet,
    origin: Origin,
}

/// The text with a number.
pub(super) fn text_of<'t>(macros: &'t [Text], own: &'t Text, id: u32) -> Option<&'t Text> {
    if id == OWN { Some(own) } else { macros.get(id as usize) }
}

/// Where a place of a text was written.
pub(super) fn span_of(text: Option<&Text>, at: &At) -> Span {
    text.map_or(Span::NONE, |text| text.mapped.span(at.range.clone()))
}
