//! From parsed conditions and output texts to typed rules: names are resolved to fields, operators are held
//! against types, constants are parsed to the type of the field, transformers are typed.
//!
//! One [`Checker`] serves all conditions and outputs of a rule set, so that every field has one slot; fields that
//! look back at their own evaluations have one at each place where they are written. What is accepted and refused,
//! and the words of an error, are Falco's; where the reference engine accepts something and then computes nonsense
//! (raw memory as text), it is refused here.
//!
//! What must hold of the input: macros have been replaced by their conditions. What holds of the output is
//! written in [`crate::hir`]. A condition or template that is refused leaves no field behind.
//!
//! Errors: every comparison of a condition reports its first error; of these, the first in the order of the
//! text is the one Falco reports, see [`CheckError::more`].

mod admit;
mod constant;
pub mod events;
mod field;
mod operand;
mod regex;
mod services;
mod template;
mod warn;

pub use field::{Resolved, resolve};
pub use regex::regex_to_rust;
pub use warn::syntax_warnings;

use crate::hir::{Comparison, Const, Expr, ListOp, Op, Predicate, Slot, Test};
use crate::span::Span;
use crate::syntax::ast::{self, At, Check, CheckOp, Rhs};
use crate::value::{FieldRef, Place};
use operand::Info;
use peregrine_schema::{FieldFlags, FieldId};
use rustc_hash::FxHashMap;

/// Limit of nesting once macros have been put in. A condition as written reaches about 300 levels of `and`,
/// `or` and `not`; what goes beyond this limit is built by macros alone.
pub const MAX_NESTING: usize = 2000;

/// Why a condition or an output was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CheckError {
    /// What is wrong, in Falco's words.
    pub message: String,
    /// Where: the field, operator, value or token at fault.
    pub at: At,
    /// What `skip-if-unknown-filter` makes of it.
    pub kind: ErrorKind,
    /// Further errors of the same condition, in the order of the text; theirs is empty.
    pub more: Vec<CheckError>,
}

/// Kinds of errors, as far as `skip-if-unknown-filter` tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// No such field; in outputs, any token that is neither field nor transformer. May be skipped.
    UnknownField,
    /// No such event type. May be skipped.
    UnknownEventType,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// Whether `skip-if-unknown-filter` turns the error into a warning.
    pub fn may_be_skipped(self) -> bool {
        self != ErrorKind::Other
    }
}

impl CheckError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>, at: &At) -> CheckError {
        CheckError { message: message.into(), at: at.clone(), kind, more: Vec::new() }
    }

    pub(crate) fn other(message: impl Into<String>, at: &At) -> CheckError {
        CheckError::new(ErrorKind::Other, message, at)
    }

    /// The first of `errors`, with the others behind it.
    fn join(errors: Vec<CheckError>) -> Option<CheckError> {
        let mut errors = errors.into_iter();
        let mut first = errors.next()?;
        first.more.extend(errors);
        Some(first)
    }
}

/// Something that is accepted but probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckWarning {
    /// Which.
    pub kind: WarningKind,
    /// Falco's words; empty for [`WarningKind::UnsafeNa`], whose code says it all.
    pub message: String,
    /// Where.
    pub at: At,
}

/// Warnings by Falco's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningKind {
    /// `LOAD_COMPILE_CONDITION`: a field or transformer written as text, a regular expression that does no
    /// more than a simpler operator would.
    Condition,
    /// `LOAD_UNSAFE_NA_CHECK`: a `ka.` or `jevt.` field compared with `<NA>`.
    UnsafeNa,
    /// `LOAD_DEPRECATED_ITEM`: use of the field.
    DeprecatedField(&'static str),
}

/// Checks the conditions and outputs of one rule set.
#[derive(Debug, Default, Clone)]
pub struct Checker {
    fields: Vec<FieldRef>,
    slots: FxHashMap<FieldRef, Slot>,
    /// Texts that turned out to name fields.
    resolved: FxHashMap<String, Resolved>,
    /// Where the next field is written that looks back.
    place: Place,
}

impl Checker {
    /// A checker without fields.
    pub fn new() -> Checker {
        Checker::default()
    }

    /// The fields in use; [`Slot`]s are indices into it.
    pub fn fields(&self) -> &[FieldRef] {
        &self.fields
    }

    /// The fields in use, for [`crate::hir::RuleSet::fields`].
    pub fn into_fields(self) -> Vec<FieldRef> {
        self.fields
    }

    /// Checks a condition. `span` says where the places of the tree are in rule files.
    pub fn condition(
        &mut self,
        expr: &ast::Expr,
        span: &dyn Fn(&At) -> Span,
    ) -> Result<(Expr, Vec<CheckWarning>), CheckError> {
        let known = self.fields.len();
        self.next_text();
        let mut pass = Pass { checker: self, span, warnings: syntax_warnings(expr), errors: Vec::new() };
        let typed = pass.expr(expr, 0);
        let (errors, warnings) = (pass.errors, pass.warnings);
        match (typed, CheckError::join(errors)) {
            (Some(typed), None) => Ok((typed, warnings)),
            (_, error) => {
                self.forget(known);
                Err(error
                    .unwrap_or_else(|| CheckError::other("internal error: condition without result", &At::default())))
            }
        }
    }

    /// Whether `text` names a field or a transformer of fields, as the `fields` of an exception must.
    pub fn is_operand(&self, text: &str) -> bool {
        match crate::syntax::parse_operand(text, 0) {
            Ok(operand) => Checker::new().operand(&operand).is_ok(),
            Err(_) => false,
        }
    }

    /// Begins another condition or output.
    fn next_text(&mut self) {
        self.place = Place { text: self.place.text + 1, number: 0 };
    }

    /// The slot of a field; of one that looks back, a slot of its own at each place.
    fn intern(&mut self, mut field: FieldRef) -> Slot {
        if field.id.row().flags.has(FieldFlags::LOOKS_BACK) {
            field.place = Some(self.place);
            self.place.number += 1;
        }
        let next = self.fields.len() as Slot;
        *self.slots.entry(field).or_insert_with_key(|field| {
            self.fields.push(field.clone());
            next
        })
    }

    /// Drops all fields but the first `len`.
    pub(crate) fn forget(&mut self, len: usize) {
        for field in self.fields.drain(len..) {
            self.slots.remove(&field);
        }
    }
}

/// One walk over a condition.
struct Pass<'a> {
    checker: &'a mut Checker,
    span: &'a dyn Fn(&At) -> Span,
    warnings: Vec<CheckWarning>,
    errors: Vec<CheckError>,
}

impl Pass<'_> {
    /// The typed expression, or nothing if an error was noted.
    fn expr(&mut self, expr: &ast::Expr, depth: usize) -> Option<Expr> {
        if depth >= MAX_NESTING {
            let at = expr_at(expr);
            self.errors.push(CheckError::other(format!("exceeded max depth limit of {MAX_NESTING}"), at));
            return None;
        }
        match expr {
            ast::Expr::And(members, _) => self.members(members, depth).map(Expr::And),
            ast::Expr::Or(members, _) => self.members(members, depth).map(Expr::Or),
            ast::Expr::Not(inner, _) => Some(match self.expr(inner, depth + 1)? {
                Expr::Not(twice) => *twice,
                other => Expr::Not(Box::new(other)),
            }),
            ast::Expr::Shared(inner) => self.expr(inner, depth),
            ast::Expr::Macro(name, at) => {
                self.errors.push(CheckError::other(format!("filter error: unexpected identifier '{name}'"), at));
                None
            }
            ast::Expr::Check(check) => match self.check(check) {
                Ok(predicate) => Some(Expr::Test(Test { predicate, span: (self.span)(check.lhs.at()) })),
                Err(error) => {
                    self.errors.push(error);
                    None
                }
            },
        }
    }

    /// All members, so that the errors of all of them are noted.
    fn members(&mut self, members: &[ast::Expr], depth: usize) -> Option<Vec<Expr>> {
        let typed: Vec<Option<Expr>> = members.iter().map(|m| self.expr(m, depth + 1)).collect();
        typed.into_iter().collect()
    }

    fn check(&mut self, check: &Check) -> Result<Predicate, CheckError> {
        let (lhs, info) = self.checker.operand(&check.lhs)?;
        admit::operator(check.op, &info)
            .map_err(|message| CheckError::other(format!("filter error: {message}"), &check.op_at))?;
        // The value is the distance from the time that the rule names: "around" is "at most this far away".
        let meaning = |op| if op == Op::Eq && info.field == Some(FieldId::EvtAround) { Op::Le } else { op };
        let test = match (check.op, &check.rhs) {
            (CheckOp::Exists, _) => Comparison::Exists,
            (op, Some(Rhs::Operand(rhs))) => self.computed(check, op, &info, rhs)?,
            (CheckOp::Scalar(op, None), Some(Rhs::Value(value))) => {
                Comparison::One(meaning(op), self.constant(check.op, &info, value)?)
            }
            (CheckOp::Scalar(op, Some(modifier)), Some(rhs)) => {
                Comparison::Modified(meaning(op), modifier, self.constants(check.op, &info, rhs)?)
            }
            (CheckOp::List(op), Some(rhs)) => Comparison::Many(op, self.constants(check.op, &info, rhs)?),
            (CheckOp::Scalar(_, None), Some(Rhs::List(..))) | (_, None) => {
                return Err(CheckError::other("internal error: operator and right side do not fit", &check.at));
            }
        };
        Ok(Predicate { lhs, test })
    }

    fn constants(&mut self, op: CheckOp, info: &Info, rhs: &Rhs) -> Result<Vec<Const>, CheckError> {
        match rhs {
            Rhs::Value(value) => Ok(vec![self.constant(op, info, value)?]),
            Rhs::List(values, _) => values.iter().map(|value| self.constant(op, info, value)).collect(),
            Rhs::Operand(operand) => {
                Err(CheckError::other("internal error: a computed value among constants", operand.at()))
            }
        }
    }

    fn constant(&mut self, op: CheckOp, info: &Info, value: &ast::Value) -> Result<Const, CheckError> {
        warn::text_warnings(op, value, &mut self.warnings);
        constant::parse(op, info, &value.bytes).map_err(|error| CheckError::new(error.kind, error.message, &value.at))
    }

    /// A computed right side.
    fn computed(
        &mut self,
        check: &Check,
        op: CheckOp,
        info: &Info,
        rhs: &ast::Operand,
    ) -> Result<Comparison, CheckError> {
        let (operand, rhs_info) = self.checker.operand(rhs)?;
        admit::right_side(op, info, &rhs_info).map_err(|message| CheckError::other(message, rhs.at()))?;
        match op {
            CheckOp::Scalar(op, None) if op != Op::Regex => Ok(Comparison::Field(op, operand)),
            CheckOp::List(op @ (ListOp::In | ListOp::Intersects)) => Ok(Comparison::FieldList(op, operand)),
            _ => Err(CheckError::other("internal error: operator without computed right side", &check.op_at)),
        }
    }
}

/// The place of an expression.
pub(crate) fn expr_at(expr: &ast::Expr) -> &At {
    match expr {
        ast::Expr::And(_, at) | ast::Expr::Or(_, at) | ast::Expr::Not(_, at) | ast::Expr::Macro(_, at) => at,
        ast::Expr::Check(check) => &check.at,
        ast::Expr::Shared(inner) => expr_at(inner),
    }
}

#[cfg(test)]
mod tests;
