//! Macros: which names stand for which, and putting their conditions in place of the names.
//!
//! A macro sees the macros whose index is smaller than its visibility, a rule sees all. Names inside a macro's
//! condition are resolved with the eyes of the condition that is being expanded.
//!
//! What must hold: an expanded condition has at most [`MAX_SIZE`] comparisons and nests at most [`MAX_NESTING`]
//! deep, so that walking it needs neither endless time nor stack.

use crate::check::expr_at;
use crate::syntax::ast::{At, Check, Expr, Rhs};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Most nodes of an expanded condition.
const MAX_SIZE: usize = 200_000;
/// As many constants of a list count as one node.
const VALUES: usize = 16;
/// Deepest nesting of an expanded condition.
pub(super) const MAX_NESTING: usize = 1000;

/// A macro, its condition parsed.
#[derive(Debug)]
pub(super) struct ParsedMacro {
    pub(super) name: String,
    pub(super) index: u32,
    /// `None` if it could not be parsed or resolved, which has been reported.
    pub(super) condition: Option<Arc<Expr>>,
    /// Size and depth of the condition once all macros in it are put in.
    pub(super) shape: Option<Shape>,
    pub(super) used: bool,
}

/// How large a condition is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    size: usize,
    depth: usize,
}

impl Shape {
    /// The shape of a condition.
    pub(super) fn of(expr: &Expr) -> Shape {
        let mut shape = Shape::default();
        let mut open = vec![(expr, 0)];
        while let Some((expr, depth)) = open.pop() {
            if let Expr::Shared(inner) = expr {
                open.push((inner, depth));
                continue;
            }
            shape.size += weight(expr);
            shape.depth = shape.depth.max(depth);
            match expr {
                Expr::And(members, _) | Expr::Or(members, _) => open.extend(members.iter().map(|e| (e, depth + 1))),
                Expr::Not(inner, _) => open.push((inner, depth + 1)),
                _ => {}
            }
        }
        shape
    }
}

/// How much a node, without what is below it, counts. Long lists count as well.
fn weight(expr: &Expr) -> usize {
    match expr {
        Expr::Check(Check { rhs: Some(Rhs::List(values, _)), .. }) => 1 + values.len() / VALUES,
        _ => 1,
    }
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
        self.size += weight(expr);
        if depth > MAX_NESTING || self.size > MAX_SIZE {
            if self.found.errors.is_empty() {
                let what = if depth > MAX_NESTING { "nested too deep" } else { "too large" };
                let at = expr_at(expr).clone();
                self.found.errors.push((format!("condition is {what} once its macros are expanded"), at));
            }
            return;
        }
        match expr {
            Expr::And(members, _) | Expr::Or(members, _) => {
                members.iter_mut().for_each(|member| self.expand(member, depth + 1));
            }
            Expr::Not(inner, _) => self.expand(inner, depth + 1),
            Expr::Check(_) | Expr::Shared(_) => {}
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
        if let Some(shape) = self.macros[index].shape
            && self.size + shape.size <= MAX_SIZE
            && depth + shape.depth <= MAX_NESTING
        {
            self.size += shape.size;
            self.found.resolved.push((index, at.clone()));
            return Some(Expr::Shared(condition.clone()));
        }
        let mut condition = copied(condition);
        self.path.push(index);
        self.expand(&mut condition, depth);
        self.path.pop();
        self.found.resolved.push((index, at.clone()));
        Some(condition)
    }
}

/// A condition without shared parts.
fn copied(expr: &Expr) -> Expr {
    let all = |members: &[Expr]| members.iter().map(copied).collect();
    match expr {
        Expr::And(members, at) => Expr::And(all(members), at.clone()),
        Expr::Or(members, at) => Expr::Or(all(members), at.clone()),
        Expr::Not(inner, at) => Expr::Not(Box::new(copied(inner)), at.clone()),
        Expr::Shared(inner) => copied(inner),
        Expr::Macro(..) | Expr::Check(_) => expr.clone(),
    }
}
