//! Values of fields, and the one interface through which every engine reads an event.
//!
//! A [`Value`] borrows from the record, from process state or from the event's scratch memory and lives as
//! long as the evaluation of one event. A missing value is `None`: every comparison on it is false.

use peregrine_schema::FieldId;
use serde::{Deserialize, Serialize};

/// What a field gave for one event.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'e> {
    /// `BOOL`.
    Bool(bool),
    /// Signed integers of any width, descriptors, pids, errno.
    Int(i64),
    /// Unsigned integers of any width, times, ports, flags, ids.
    Uint(u64),
    /// `DOUBLE`.
    Double(f64),
    /// Text, without a terminating NUL; any bytes, not necessarily UTF-8.
    Str(&'e [u8]),
    /// `BYTEBUF`.
    Bytes(&'e [u8]),
    /// An address: 4 bytes for IPv4, 16 bytes for IPv6, network order.
    Ip(&'e [u8]),
    /// Several values: list fields, ancestors without index, both ends of a connection.
    List(&'e [Value<'e>]),
}

/// Argument of a field, parsed.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Arg {
    /// None given (distinct from an empty key).
    None,
    /// Digits only and the field takes an index.
    Index(u64),
    /// Anything else.
    Key(String),
}

/// A field with its argument, as used by conditions and outputs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FieldRef {
    /// The row of the schema.
    #[serde(with = "field_name")]
    pub id: FieldId,
    /// The argument.
    pub arg: Arg,
    /// The place in the rules that the value belongs to, for fields that look back (`LOOKS_BACK`): each place
    /// remembers its own earlier evaluations. `None` for all others.
    pub place: Option<Place>,
}

/// A place where a field that looks back is written.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Number of the condition or output. The places of one see the same value of a field on one event.
    pub text: u32,
    /// Number of the place in it.
    pub number: u32,
}

impl FieldRef {
    /// A field that does not look back, or all places of one taken as one.
    pub fn new(id: FieldId, arg: Arg) -> FieldRef {
        FieldRef { id, arg, place: None }
    }
}

/// Fields of the schema in compiled files: by name.
mod field_name {
    use peregrine_schema::FieldId;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(id: &FieldId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.row().name)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FieldId, D::Error> {
        let name = <&str>::deserialize(deserializer)?;
        let row = peregrine_schema::fields::field_by_name(name);
        row.map(|row| row.id).ok_or_else(|| D::Error::custom(format!("there is no field {name}")))
    }
}

/// Types of the schema in compiled files: by name.
pub(crate) mod type_name {
    use peregrine_schema::Type;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(ty: &Type, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(ty.name())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Type, D::Error> {
        let name = <&str>::deserialize(deserializer)?;
        let mut types = peregrine_schema::FIELDS.iter().map(|field| field.ty);
        types.find(|ty| ty.name() == name).ok_or_else(|| D::Error::custom(format!("no field has the type {name}")))
    }
}

/// Names facts that do not change. Fields of the schema with `IMAGE` (or `FILE`) give the same values on two events of
/// the same [`Event::image`] (or [`Event::file`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FactsKey {
    /// A small number: of a thread of the state, of an entry of a table. Numbers of what is gone are used again.
    pub slot: u32,
    /// Changes with everything that such fields depend on, and never comes again in a slot; never 0.
    pub version: u64,
}

/// Parameters of an event as they lie in memory.
#[derive(Clone, Copy, Default, Debug)]
pub struct Payload<'e> {
    /// Lengths of the first eight parameters, two bytes each, four in a word; 0 for those that are not there, and for
    /// all if lengths are wider.
    pub lens: [u64; 2],
    /// The parameters, back to back.
    pub data: &'e [u8],
}

/// Read access to one event. Implemented by the runtime over record and state, by tests over tables.
///
/// `slot` indexes the rule set's table of [`FieldRef`]s (`RuleSet::fields`), which the implementation has
/// bound before. Engines call it at most once per slot and event.
pub trait Event {
    /// Event code.
    fn code(&self) -> u16;
    /// Value of the field, `None` if missing.
    fn field(&self, slot: usize) -> Option<Value<'_>>;
    /// The process image whose facts the fields with `IMAGE` give, if what was computed for it may be kept.
    fn image(&self) -> Option<FactsKey> {
        None
    }
    /// What the event's descriptor is, which the fields with `FILE` give, if what was computed for it may be kept.
    fn file(&self) -> Option<FactsKey> {
        None
    }
    /// A number that alone decides the field's value, for fields that are cheaper to tell apart than to compute (texts
    /// made from flags); `None` if there is none. Numbers of different slots have nothing to do with each other.
    fn fingerprint(&self, slot: usize) -> Option<u64> {
        let _ = slot;
        None
    }
    /// The parameters as they lie in memory, for fields that one of them gives
    /// ([`derived`](peregrine_schema::derived)).
    fn payload(&self) -> Payload<'_> {
        Payload::default()
    }
    /// Memory for derived values (transformers), freed with the event.
    fn scratch(&self) -> &bumpalo::Bump;
}
