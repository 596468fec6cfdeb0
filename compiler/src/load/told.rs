//! What there is to say about conditions: errors and warnings with their places, and how one gets there through
//! macros and lists.
//!
//! A condition may hold thousands of mistakes, so none of them may cost as much as the condition is long:
//! positions come from a table of lines, ways through macros are found for all places of a condition at once.

use super::collect::Rule;
use super::compile::{Compiler, OWN, Owner, Text, span_of, text_of};
use super::context::Context;
use super::macros::Expansion;
use super::{items, lists};
use crate::check::{CheckError, CheckWarning, WarningKind};
use crate::report::{Code, Diagnostic, Related};
use crate::span::{Mapped, Span};
use crate::syntax::Position;
use crate::syntax::ast::At;
use rustc_hash::{FxHashMap, FxHashSet};

/// Most names of macros that are compared with unknown names, of all those in the rule files.
const MAX_COMPARED: usize = 1_000_000;

impl Compiler<'_> {
    /// Reports what could not be expanded; says whether nothing was left.
    pub(super) fn report_expansion(
        &mut self,
        expansion: &Expansion,
        condition: &Mapped,
        context: &Context,
        owner: Owner<'_>,
    ) -> bool {
        let from = match owner {
            Owner::Macro(item) => self.macro_names.get(&item.name).map_or(OWN, |index| *index as u32),
            Owner::Rule(_) => OWN,
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
            diagnostic.related = self.way_to(from, at.text, diagnostic.span, owner);
            diagnostic.help = name.and_then(|name| self.close_to(name)).map(|close| format!("did you mean '{close}'?"));
            self.sink.error(diagnostic);
        }
        expansion.complete()
    }

    /// The macro whose name is closest to a name, as long as not too many names were looked at.
    fn close_to(&mut self, name: &str) -> Option<&str> {
        self.ways.compared += self.macros.len();
        if self.ways.compared > MAX_COMPARED {
            return None;
        }
        let known: Vec<&str> = self.macros.iter().map(|item| item.name.as_str()).collect();
        items::similar(name, &known)
    }

    pub(super) fn condition_error(&mut self, error: CheckError, rule: &Rule, condition: &Mapped) {
        let skip = rule.skip_if_unknown_filter && error.kind.may_be_skipped();
        let mut errors = vec![CheckError { more: Vec::new(), ..error.clone() }];
        if !skip {
            errors.extend(error.more);
        }
        for error in errors {
            let code = if skip { Code::UnknownFilter } else { Code::CompileCondition };
            let mut diagnostic = self.at_condition(code, error.message, &error.at, condition, &rule.condition_context);
            diagnostic.related = self.way_to(OWN, error.at.text, diagnostic.span, Owner::Rule(rule));
            if skip { self.sink.warn(diagnostic) } else { self.sink.error(diagnostic) }
        }
    }

    pub(super) fn condition_warnings(&mut self, warnings: &[CheckWarning], rule: &Rule, condition: &Mapped) {
        for warning in warnings {
            let (code, field) = match warning.kind {
                WarningKind::Condition => (Code::CompileConditionWarning, None),
                WarningKind::UnsafeNa => (Code::UnsafeNaCheck, None),
                WarningKind::DeprecatedField(field) => (Code::DeprecatedItem, Some(field)),
            };
            let mut diagnostic =
                self.at_condition(code, warning.message.clone(), &warning.at, condition, &rule.condition_context);
            diagnostic.related = self.way_to(OWN, warning.at.text, diagnostic.span, Owner::Rule(rule));
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
        let text = text_of(&self.macro_texts, &self.own, at.text);
        let place = text.map_or(Position { idx: 0, line: 1, col: 1 }, |text| text.position(at.range.start));
        context.in_condition(code, message, span_of(text, at), condition.text(), place)
    }

    /// How one gets to a place in a text that cannot be parsed: from a list, maybe.
    pub(super) fn way_inside(&self, text: &Text, span: Span, owner: Owner<'_>) -> Vec<Related> {
        let used = lists::list_at(&self.collector.lists, &text.lists, span);
        let mut way: Vec<Related> = used.map(|used| self.list_used(&used)).into_iter().collect();
        way.push(owned(owner));
        way
    }

    /// How one gets from the text `from` to a place in the text `to`: through macros and, at last, a list.
    fn way_to(&mut self, from: u32, to: u32, span: Span, owner: Owner<'_>) -> Vec<Related> {
        let text = text_of(&self.macro_texts, &self.own, to);
        let used = text.and_then(|text| lists::list_at(&self.collector.lists, &text.lists, span));
        let mut way: Vec<Related> = used.map(|used| self.list_used(&used)).into_iter().collect();
        for (index, at) in self.macro_path(from, to).into_iter().rev() {
            let text = format!("macro '{}' used here", self.macros[index as usize].name);
            way.push(Related { span: span_of(text_of(&self.macro_texts, &self.own, at.text), &at), text });
        }
        way.push(owned(owner));
        way
    }

    fn list_used(&self, used: &lists::ListUse) -> Related {
        Related { span: used.span, text: format!("list '{}' used here", self.lists.flat[used.list].name) }
    }

    /// The shortest chain of macro names that leads from one text to another, outermost first.
    fn macro_path(&mut self, from: u32, to: u32) -> Vec<(u32, At)> {
        if from != to && self.ways.from != Some(from) {
            self.find_ways(from);
        }
        let mut path = Vec::new();
        let mut text = to;
        while text != from {
            let Some((before, at)) = self.ways.came.get(&text) else { return Vec::new() };
            path.push((text, at.clone()));
            text = *before;
        }
        path.reverse();
        path
    }

    /// Finds the shortest ways from a text to all others.
    fn find_ways(&mut self, from: u32) {
        let came = &mut self.ways.came;
        came.clear();
        self.ways.from = Some(from);
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(text) = queue.pop_front() {
            for (index, at) in text_of(&self.macro_texts, &self.own, text).map_or(&[][..], |text| &text.macros) {
                let index = *index as u32;
                if index != from && !came.contains_key(&index) {
                    came.insert(index, (text, at.clone()));
                    queue.push_back(index);
                }
            }
        }
    }
}

impl Text {
    /// The position of a byte as Falco prints it, see [`crate::syntax::position`].
    fn position(&self, offset: usize) -> Position {
        let begins = self.lines.get_or_init(|| {
            let breaks = memchr::memchr2_iter(b'\r', b'\n', self.mapped.text().as_bytes()).map(|at| at + 1);
            std::iter::once(0).chain(breaks).collect()
        });
        let line = begins.partition_point(|begin| *begin <= offset);
        Position { idx: offset, line, col: offset - begins[line - 1] + 1 }
    }
}

/// Ways from one text to others: for each, the text before it and where that names it.
#[derive(Debug, Default)]
pub(super) struct Ways {
    from: Option<u32>,
    came: FxHashMap<u32, (u32, At)>,
    /// Names that were compared with unknown ones.
    compared: usize,
}

impl Ways {
    /// The text `from` is another one now.
    pub(super) fn forget(&mut self, from: u32) {
        if self.from == Some(from) {
            self.from = None;
        }
    }
}

fn owned(owner: Owner<'_>) -> Related {
    let (span, text) = match owner {
        Owner::Macro(item) => (item.context.span(), format!("in macro '{}'", item.name)),
        Owner::Rule(rule) => (rule.name_span, format!("in rule '{}'", rule.name)),
    };
    Related { span, text }
}
