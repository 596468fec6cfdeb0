//! Fields with their arguments resolved, once per rule set.

use peregrine_compiler::hir::EventSet;
use peregrine_compiler::value::{Arg, FieldRef, Place};
use peregrine_schema::syscalls::event_codes;
use peregrine_schema::{Class, EVENT_COUNT, EVENTS, FieldId};

/// The fields of a rule set, ready for extraction; indexed by slot.
#[derive(Debug, Default)]
pub struct Bound {
    pub(super) fields: Vec<BoundField>,
}

/// A field with its argument.
#[derive(Debug)]
pub(super) struct BoundField {
    pub(super) id: FieldId,
    pub(super) class: Class,
    pub(super) arg: BoundArg,
    /// See [`FieldRef::place`].
    pub(super) place: Place,
}

/// An argument, in the form its field needs.
#[derive(Debug)]
pub(super) enum BoundArg {
    None,
    Index(u64),
    Key(Box<[u8]>),
    /// `evt.arg.NAME`: index of the parameter by event code, [`NO_PARAM`] where the event has none.
    Params(Box<[u8; EVENT_COUNT]>),
    /// `evt.type.is.NAME`.
    Codes(EventSet),
}

/// See [`BoundArg::Params`]; events have at most 32 parameters.
const NO_PARAM: u8 = u8::MAX;

impl Bound {
    /// Resolves the fields of a rule set, in slot order.
    pub fn new(fields: &[FieldRef]) -> Bound {
        Bound { fields: fields.iter().map(BoundField::new).collect() }
    }

    /// Number of slots.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl BoundField {
    fn new(field: &FieldRef) -> BoundField {
        let arg = match (field.id, &field.arg) {
            (FieldId::EvtArg | FieldId::EvtRawarg, Arg::Key(name)) => BoundArg::Params(params_named(name)),
            (FieldId::EvtTypeIs, Arg::Key(name)) => BoundArg::Codes(codes_named(name)),
            (FieldId::EvtTypeIs, Arg::Index(code)) => BoundArg::Codes(single_code(*code)),
            (_, Arg::None) => BoundArg::None,
            (_, Arg::Index(index)) => BoundArg::Index(*index),
            (_, Arg::Key(key)) => BoundArg::Key(key.as_bytes().into()),
        };
        BoundField { id: field.id, class: field.id.row().class, arg, place: field.place.unwrap_or_default() }
    }

    /// Index of the parameter for `evt.arg` and `evt.rawarg`, which may lie beyond the event's parameters.
    pub(super) fn param(&self, code: u16) -> Option<usize> {
        match &self.arg {
            BoundArg::Params(by_code) => {
                let index = *by_code.get(usize::from(code))?;
                (index != NO_PARAM).then_some(usize::from(index))
            }
            BoundArg::Index(index) => usize::try_from(*index).ok(),
            _ => None,
        }
    }

    /// The parameter whose type decides how the field is printed: only of `evt.rawarg`.
    pub(super) fn raw_param(&self, code: u16) -> Option<usize> {
        if self.id == FieldId::EvtRawarg { self.param(code) } else { None }
    }

    /// The argument as an index, `None` without argument.
    pub(super) fn index(&self) -> Option<u64> {
        if let BoundArg::Index(index) = self.arg { Some(index) } else { None }
    }

    /// The argument as a key, `None` without argument.
    pub(super) fn key(&self) -> Option<&[u8]> {
        if let BoundArg::Key(key) = &self.arg { Some(key) } else { None }
    }

    /// Fields whose output is text although their values are not.
    pub(super) fn prints_text(&self) -> bool {
        self.id == FieldId::EvtBuffer
    }
}

fn params_named(name: &str) -> Box<[u8; EVENT_COUNT]> {
    let mut by_code = Box::new([NO_PARAM; EVENT_COUNT]);
    for event in &EVENTS {
        if let Some(index) = event.param(name) {
            by_code[usize::from(event.code)] = index as u8;
        }
    }
    by_code
}

fn codes_named(name: &str) -> EventSet {
    if let Ok(code) = name.parse() {
        return single_code(code);
    }
    let mut set = EventSet::EMPTY;
    event_codes(name).into_iter().for_each(|code| set.insert(code));
    set
}

fn single_code(code: u64) -> EventSet {
    let mut set = EventSet::EMPTY;
    if let Ok(code) = u16::try_from(code) {
        set.insert(code);
    }
    set
}
