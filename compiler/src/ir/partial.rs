//! Partial evaluation by event code: which predicates are decided by the type of the event alone.
//!
//! The table of [`known`] states, per field, what every event of a code gives; the predicate is then decided
//! by the reference meaning of its operator. What is not stated stays undecided, which is always right.

use crate::hir::{Comparison, Operand, Predicate, RuleSet};
use crate::value::{Arg, FieldRef};
use peregrine_schema::{EVENTS, EventFlags, FieldId, Needs, Origin};

/// What the events of a code give for a field.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    /// Nothing: missing.
    Missing,
    /// This text.
    Text(&'static str),
    /// This truth value.
    Bool(bool),
}

/// Decides a predicate for all events of a code, if that is possible.
pub fn decide(rules: &RuleSet, predicate: &Predicate, code: u16) -> Option<bool> {
    let Operand::Field(slot) = &predicate.lhs else { return None };
    let fixed =
        FixedEvent { code, value: known(rules.fields.get(*slot as usize)?, code)?, scratch: bumpalo::Bump::new() };
    match &predicate.test {
        // The right side may be missing or vary: only a missing left side decides.
        Comparison::Field(..) | Comparison::FieldList(..) => (fixed.value == Known::Missing).then_some(false),
        _ => Some(crate::eval::holds(rules, predicate, &fixed)),
    }
}

/// An event of which one field is known; only that one is asked for.
struct FixedEvent {
    code: u16,
    value: Known,
    scratch: bumpalo::Bump,
}

impl crate::value::Event for FixedEvent {
    fn code(&self) -> u16 {
        self.code
    }
    fn field(&self, _slot: usize) -> Option<crate::value::Value<'_>> {
        match self.value {
            Known::Missing => None,
            Known::Text(t) => Some(crate::value::Value::Str(t.as_bytes())),
            Known::Bool(b) => Some(crate::value::Value::Bool(b)),
        }
    }
    fn scratch(&self) -> &bumpalo::Bump {
        &self.scratch
    }
}

const GENERIC_ENTER: u16 = 0;
const GENERIC_EXIT: u16 = 1;
const ASYNC: u16 = 402;

fn known(field: &FieldRef, code: u16) -> Option<Known> {
    let event = &EVENTS[code as usize];
    let has = |f| event.flags.has(f);
    let works_on_fd = event.flags.any(EventFlags::CREATES_FD.or(EventFlags::USES_FD).or(EventFlags::DESTROYS_FD));
    // Nothing is decided for fields of threads: an event that happens in none, such as the change of a processor,
    // still carries the number of a thread, and its fields are those of the thread of that number.
    if field.id.row().needs == Needs::Fd && !works_on_fd {
        return Some(Known::Missing);
    }
    let opens = matches!(event.name, "open" | "openat" | "openat2" | "open_by_handle_at" | "creat");
    match field.id {
        // Generic events carry the system call's number, asynchronous ones their name.
        FieldId::EvtType if !matches!(code, GENERIC_ENTER | GENERIC_EXIT | ASYNC) && event.origin != Origin::Plugin => {
            Some(Known::Text(event.name))
        }
        FieldId::EvtDir => Some(Known::Text(if event.is_exit() { "<" } else { ">" })),
        FieldId::EvtIsIo => Some(Known::Bool(event.flags.any(EventFlags::READS_FROM_FD.or(EventFlags::WRITES_TO_FD)))),
        FieldId::EvtIsIoRead => Some(Known::Bool(has(EventFlags::READS_FROM_FD))),
        FieldId::EvtIsIoWrite => Some(Known::Bool(has(EventFlags::WRITES_TO_FD))),
        FieldId::EvtIsWait => Some(Known::Bool(has(EventFlags::WAITS))),
        FieldId::EvtIsOpenRead | FieldId::EvtIsOpenWrite | FieldId::EvtIsOpenExec | FieldId::EvtIsOpenCreate
            if !opens =>
        {
            Some(Known::Bool(false))
        }
        FieldId::EvtArg => match &field.arg {
            Arg::Key(name) if event.param(name).is_none() => Some(Known::Missing),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use peregrine_schema::EVENT_COUNT;

    /// For which event codes the type decides whether the field exists.
    fn decided(id: FieldId) -> Vec<u16> {
        let rules = RuleSet { fields: vec![FieldRef { id, arg: Arg::None }], rules: Vec::new() };
        let exists = Predicate { lhs: Operand::Field(0), test: Comparison::Exists };
        (0..EVENT_COUNT as u16).filter(|code| decide(&rules, &exists, *code).is_some()).collect()
    }

    #[test]
    fn no_type_of_events_lacks_a_thread() {
        assert!(decided(FieldId::ProcName).is_empty());
        assert!(decided(FieldId::UserName).is_empty());
    }

    #[test]
    fn only_some_types_of_events_have_a_descriptor() {
        let decided = decided(FieldId::FdName);
        assert!(decided.contains(&peregrine_schema::events::code::EXECVE_19_X));
        assert!(!decided.contains(&peregrine_schema::events::code::OPENAT_2_X));
    }
}
