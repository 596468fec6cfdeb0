//! Partial evaluation by event code: which predicates are decided by the type of the event alone.
//!
//! The table of [`known`] states, per field, what every event of a code gives; the predicate is then decided
//! by the reference meaning of its operator. What is not stated stays undecided, which is always right.

use super::PredicateId;
use crate::hir::{Comparison, Operand, Predicate, RuleSet};
use crate::value::{Arg, FieldRef};
use peregrine_schema::{EVENT_COUNT, EVENTS, EventFlags, FieldId, Needs, Origin};
use rustc_hash::FxHashMap;

/// What the type of the event decides, for all predicates of a program.
#[derive(Debug)]
pub struct Decisions {
    /// Predicates that some code decides, with their values by code; others are not in it.
    by_predicate: FxHashMap<PredicateId, u32>,
    rows: Vec<Vec<Option<bool>>>,
}

impl Decisions {
    /// Evaluates every predicate on every event code.
    pub fn new(rules: &RuleSet, predicates: &[Predicate]) -> Decisions {
        let mut decisions = Decisions { by_predicate: FxHashMap::default(), rows: Vec::new() };
        let mut known_rows: FxHashMap<Vec<Option<bool>>, u32> = FxHashMap::default();
        for (index, predicate) in predicates.iter().enumerate() {
            if !may_decide(rules, predicate) {
                continue;
            }
            let row: Vec<_> = (0..EVENT_COUNT as u16).map(|code| decide(rules, predicate, code)).collect();
            if row.iter().any(Option::is_some) {
                let number = *known_rows.entry(row).or_insert_with_key(|row| {
                    decisions.rows.push(row.clone());
                    decisions.rows.len() as u32 - 1
                });
                decisions.by_predicate.insert(PredicateId(index as u32), number);
            }
        }
        decisions
    }

    /// The value of a predicate on events of a code, if their type decides it.
    pub fn of(&self, predicate: PredicateId, code: u16) -> Option<bool> {
        let row = self.by_predicate.get(&predicate)?;
        self.rows[*row as usize][usize::from(code)]
    }

    /// All that is decided for a code; codes with equal signatures behave alike.
    pub fn signature(&self, code: u16) -> Vec<Option<bool>> {
        self.rows.iter().map(|row| row[usize::from(code)]).collect()
    }
}

/// Whether [`decide`] can say anything about the predicate for some code.
fn may_decide(rules: &RuleSet, predicate: &Predicate) -> bool {
    use FieldId::*;
    let Operand::Field(slot) = &predicate.lhs else { return false };
    let Some(field) = rules.fields.get(*slot as usize) else { return false };
    field.id.row().needs == Needs::Fd
        || matches!(
            field.id,
            EvtType
                | EvtDir
                | EvtIsIo
                | EvtIsIoRead
                | EvtIsIoWrite
                | EvtIsWait
                | EvtIsOpenRead
                | EvtIsOpenWrite
                | EvtIsOpenExec
                | EvtIsOpenCreate
                | EvtArg
        )
}

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
    let value = known(rules.fields.get(*slot as usize)?, code)?;
    if value == Known::Missing {
        return Some(false);
    }
    let fixed = FixedEvent { code, value, scratch: bumpalo::Bump::new() };
    match &predicate.test {
        // The right side may be missing or vary: only a missing left side decides.
        Comparison::Field(..) | Comparison::FieldList(..) => None,
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

    /// For which event codes the type decides whether the field exists.
    fn decided(id: FieldId) -> Vec<u16> {
        let rules = RuleSet { fields: vec![FieldRef::new(id, Arg::None)], rules: Vec::new() };
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
