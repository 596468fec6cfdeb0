//! The event codes on which a condition can match.
//!
//! Sets are combined along `and`, `or` and `not`, with negations pushed down to the comparisons. Only
//! comparisons of `evt.type` and `syscall.type` by `=`, `!=`, `in`, and of `evt.num` (which is at least 1)
//! say anything; all others stand for all codes, negated or not.
//!
//! Errors: comparisons that would have to be understood and cannot be, a transformed event type and an event
//! type compared with a computed value.

use super::constant::parse_unsigned;
use super::{CheckError, MAX_NESTING, expr_at};
use crate::hir::{EventSet, ListOp, Op};
use crate::syntax::ast::{At, Check, CheckOp, Expr, Operand, Rhs, TransformArg, Value};
use peregrine_schema::EVENTS;
use peregrine_schema::events::code;
use peregrine_schema::syscalls::{ASYNC_EVENT_NAMES, SYSCALLS, UNKNOWN_SYSCALL};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// The set of a condition whose macros have been replaced.
pub fn event_set(expr: &Expr) -> Result<EventSet, CheckError> {
    expr_set(expr, false, 0)
}

fn expr_set(expr: &Expr, negated: bool, depth: usize) -> Result<EventSet, CheckError> {
    if depth >= MAX_NESTING {
        let message = format!("exceeded max depth limit of {MAX_NESTING}");
        return Err(CheckError::other(message, expr_at(expr)));
    }
    let members = |members: &[Expr], intersect: bool| {
        let mut set = if intersect { ALL.clone() } else { EventSet::EMPTY };
        for member in members {
            let other = expr_set(member, negated, depth + 1)?;
            set = if intersect { set.intersection(&other) } else { set.union(&other) };
        }
        Ok(set)
    };
    match expr {
        Expr::And(all, _) => members(all, !negated),
        Expr::Or(any, _) => members(any, negated),
        Expr::Not(inner, _) => expr_set(inner, !negated, depth + 1),
        Expr::Macro(..) => Ok(ALL.clone()),
        Expr::Shared(inner) => expr_set(inner, negated, depth),
        Expr::Check(check) => Ok(match check_set(check)? {
            Some(set) if negated => complement(&set),
            Some(set) => set,
            None => ALL.clone(),
        }),
    }
}

/// What a comparison says about event codes; `None` if nothing.
fn check_set(check: &Check) -> Result<Option<EventSet>, CheckError> {
    if let Some(holds) = event_number(check) {
        return Ok(Some(if holds { ALL.clone() } else { EventSet::EMPTY }));
    }
    let understood = match check.op {
        CheckOp::Exists => return Ok(is_event_type(&check.lhs)?.then(|| ALL.clone())),
        CheckOp::Scalar(Op::Eq | Op::Ne, None) | CheckOp::List(ListOp::In) => true,
        _ => false,
    };
    if !understood || !is_event_type(&check.lhs)? {
        return Ok(None);
    }
    let values = match &check.rhs {
        Some(Rhs::Value(value)) => std::slice::from_ref(value),
        Some(Rhs::List(values, _)) => values,
        Some(Rhs::Operand(rhs)) => return Err(computed_type(rhs)),
        None => return Ok(None),
    };
    let set = named(values);
    Ok(Some(if check.op == CheckOp::Scalar(Op::Ne, None) { complement(&set) } else { set }))
}

fn named(values: &[Value]) -> EventSet {
    let names = values.iter().filter_map(|value| std::str::from_utf8(&value.bytes).ok());
    names.filter_map(|name| NAMES.get(name)).fold(EventSet::EMPTY, |set, codes| set.union(codes))
}

/// [`EventSet::all`] and [`EventSet::complement`] go through all codes one by one, too slow for every comparison.
static ALL: LazyLock<EventSet> = LazyLock::new(EventSet::all);

fn complement(set: &EventSet) -> EventSet {
    EventSet(std::array::from_fn(|i| ALL.0[i] & !set.0[i]))
}

/// What [`peregrine_schema::syscalls::event_codes`] says of every name, since rules ask for the same few names again and again.
static NAMES: LazyLock<FxHashMap<&'static str, EventSet>> = LazyLock::new(|| {
    let mut names: FxHashMap<&str, EventSet> = FxHashMap::default();
    for event in &EVENTS {
        let set = names.entry(event.name).or_insert(EventSet::EMPTY);
        if event.code != code::GENERIC_E && event.code != code::GENERIC_X {
            set.insert(event.code);
        }
    }
    let missing = SYSCALLS.iter().map(|call| call.name).filter(|name| names.get(name).is_none_or(EventSet::is_empty));
    let missing: Vec<&str> = missing.chain(ASYNC_EVENT_NAMES).chain([UNKNOWN_SYSCALL]).collect();
    for name in missing {
        let set = names.entry(name).or_insert(EventSet::EMPTY);
        if ASYNC_EVENT_NAMES.contains(&name) {
            set.insert(code::ASYNCEVENT_E);
        }
        if set.is_empty() {
            [code::GENERIC_E, code::GENERIC_X].into_iter().for_each(|code| set.insert(code));
        }
    }
    names
});

/// The codes of the events that a constant of `evt.type` names.
pub(crate) fn codes_of(name: &[u8]) -> EventSet {
    std::str::from_utf8(name).ok().and_then(|name| NAMES.get(name)).cloned().unwrap_or(EventSet::EMPTY)
}

/// Whether `evt.type` may be compared with the name.
pub(super) fn is_event_name(name: &str) -> bool {
    NAMES.contains_key(name)
}

/// An event type on the left, something computed on the right.
fn computed_type(rhs: &Operand) -> CheckError {
    let transformed = match rhs {
        Operand::Field { name, arg, .. } => is_type_field(name, arg.as_deref()),
        Operand::Transform { .. } => is_event_type(rhs).is_err(),
    };
    if transformed {
        return transformed_type(rhs.at());
    }
    let message = "right-hand field comparisons on `evt.type`/`syscall.type` checks are not supported by event code \
                   search";
    CheckError::other(message, rhs.at())
}

fn transformed_type(at: &At) -> CheckError {
    CheckError::other("event code search does not support `evt.type` checks with transformers", at)
}

fn is_type_field(name: &str, arg: Option<&str>) -> bool {
    matches!(name, "evt.type" | "syscall.type") && arg.is_none()
}

/// Whether the operand is the event type itself; an error if it is computed from it. Of a list inside a
/// transformer only the last element is looked at.
fn is_event_type(operand: &Operand) -> Result<bool, CheckError> {
    match operand {
        Operand::Field { name, arg, .. } => Ok(is_type_field(name, arg.as_deref())),
        Operand::Transform { args, at, .. } => {
            for arg in args {
                if arg_is_event_type(arg)? {
                    return Err(transformed_type(at));
                }
            }
            Ok(false)
        }
    }
}

fn arg_is_event_type(arg: &TransformArg) -> Result<bool, CheckError> {
    match arg {
        TransformArg::Operand(operand) => is_event_type(operand),
        TransformArg::Value(_) => Ok(false),
        TransformArg::List(items, _) => {
            let mut last = false;
            for item in items {
                last = arg_is_event_type(item)?;
            }
            Ok(last)
        }
    }
}

/// Whether a comparison of `evt.num` always holds or never does, events being counted from 1.
fn event_number(check: &Check) -> Option<bool> {
    match &check.lhs {
        Operand::Field { name, arg: None, .. } if name == "evt.num" => {}
        _ => return None,
    }
    let number = |value: &Value| parse_unsigned(std::str::from_utf8(&value.bytes).ok()?);
    match (check.op, &check.rhs) {
        (CheckOp::List(ListOp::In), Some(Rhs::List(values, _))) => {
            values.iter().all(|v| number(v) == Some(0)).then_some(false)
        }
        (CheckOp::Scalar(op, None), Some(Rhs::Value(value))) => match (op, number(value)?) {
            (Op::Eq | Op::Le, 0) | (Op::Lt, 0 | 1) => Some(false),
            (Op::Ne | Op::Gt, 0) | (Op::Ge, 0 | 1) => Some(true),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use peregrine_schema::syscalls;

    #[test]
    fn names_are_those_of_the_schema() {
        let events = EVENTS.iter().map(|event| event.name);
        let calls = SYSCALLS.iter().map(|call| call.name);
        for name in events.chain(calls).chain(ASYNC_EVENT_NAMES).chain([UNKNOWN_SYSCALL, "nosuch", ""]) {
            assert_eq!(is_event_name(name), syscalls::is_event_name(name), "{name}");
            let codes: Vec<u16> = NAMES.get(name).map_or(Vec::new(), |set| set.iter().collect());
            assert_eq!(codes, syscalls::event_codes(name), "{name}");
        }
    }
}
