//! Macros: which names stand for which, and putting their conditions in place of the names.
//!
//! A macro sees the macros whose index is smaller than its visibility, a rule sees all. Names inside a macro's
//! condition are resolved with the eyes of the condition that is being expanded.
//!
//! What must hold: an expanded condition has at most [`MAX_SIZE`] comparisons and nests at most [`MAX_NESTING`]
//! deep, so that walking it needs neither endless time nor stack.

use crate::syntax::ast::{At, Expr};
use rustc_hash::FxHashMap;

/// Most nodes of an expanded condition.
const MAX_SIZE: usize = 200_000;
/// Deepest nesting of an expanded condition.
pub(super) const MAX_NESTING: usize = 1000;

/// A macro, its condition parsed.
#[derive(Debug)]
pub(super) struct ParsedMacro {
    pub(super) name: String,
    pub(super) index: u32,
    /// `None` if it could not be parsed or resolved, which has been reported.
    pub(super) condition: Option<Expr>,
    pub(super) used: bool,
}

/// What was found while a condition was expanded.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    /// Loops and excesses, with their messages.
    pub(super) errors: Vec<(String, At)>,
    /// Names that are no macros in sight.
    pub(super) unknown: Vec<(String, At)>,
    /// Macros put in, at the place of their names, innermost first.
    pub(super) resolved: Vec<(usize, At)>,
    /// A macro that has been refused is used: the condition cannot be judged.
    pub(super) broken: bool,
}

impl Expansion {
    /// Whether every name was resolved.
    pub(super) fn complete(&self) -> bool {
        self.errors.is_empty() && self.unknown.is_empty() && !self.broken
    }
}

/// Expands conditions.
pub(super) struct Expander<'m> {
    pub(super) macros: &'m [ParsedMacro],
    pub(super) by_name: &'m FxHashMap<String, usize>,
    /// Only macros with a smaller index are seen.
    visibility: u32,
    /// Whether a name belongs to a macro that was refused.
    pub(super) refused: &'m dyn Fn(&str) -> bool,
    path: Vec<usize>,
    size: usize,
    found: Expansion,
}

impl<'m> Expander<'m> {
    /// An expander for the eyes of `visibility`.
    pub(super) fn new(
        macros: &'m [ParsedMacro],
        by_name: &'m FxHashMap<String, usize>,
        visibility: u32,
        refused: &'m dyn Fn(&str) -> bool,
    ) -> Expander<'m> {
        Expander { macros, by_name, visibility, refused, path: Vec::new(), size: 0, found: Expansion::default() }
    }

    /// Puts macros in place of their names.
    pub(super) fn run(mut self, condition: &mut Expr) -> Expansion {
        self.expand(condition, 0);
        self.found
    }

    fn expand(&mut self, expr: &mut Expr, depth: usize) {
        self.size += 1;
        if depth > MAX_NESTING || self.size > MAX_SIZE {
            if self.found.errors.is_empty() {
                let what = if depth > MAX_NESTING { "nested too deep" } else { "too large" };
                self.found.errors.push((format!("condition is {what} once its macros are expanded"), place(expr)));
            }
            return;
        }
        match expr {
            Expr::And(members, _) | Expr::Or(members, _) => {
                members.iter_mut().for_each(|member| self.expand(member, depth + 1));
            }
            Expr::Not(inner, _) => self.expand(inner, depth + 1),
            Expr::Check(_) => {}
            Expr::Macro(name, at) => {
                if let Some(condition) = self.macro_used(name, at, depth) {
                    *expr = condition;
                }
            }
        }
    }

    /// The expanded condition of a macro.
    fn macro_used(&mut self, name: &str, at: &At, depth: usize) -> Option<Expr> {
        let visible = self.by_name.get(name).filter(|index| self.macros[**index].index < self.visibility);
        let Some(&index) = visible else {
            if (self.refused)(name) {
                self.found.broken = true;
            } else {
                self.found.unknown.push((name.to_owned(), at.clone()));
            }
            return None;
        };
        if self.path.contains(&index) {
            self.found.errors.push((format!("reference loop in macro '{name}'"), at.clone()));
            return None;
        }
        let Some(condition) = &self.macros[index].condition else {
            self.found.broken = true;
            self.found.resolved.push((index, at.clone()));
            return None;
        };
        let mut condition = condition.clone();
        self.path.push(index);
        self.expand(&mut condition, depth);
        self.path.pop();
        self.found.resolved.push((index, at.clone()));
        Some(condition)
    }
}

fn place(expr: &Expr) -> At {
    match expr {
        Expr::And(_, at) | Expr::Or(_, at) | Expr::Not(_, at) | Expr::Macro(_, at) => at.clone(),
        Expr::Check(check) => check.at.clone(),
    }
}
