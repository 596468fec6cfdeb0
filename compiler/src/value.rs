//! Values of fields, and the one interface through which every engine reads an event.
//!
//! A [`Value`] borrows from the record, from process state or from the event's scratch memory and lives as
//! long as the evaluation of one event. A missing value is `None`: every comparison on it is false.

use peregrine_schema::FieldId;

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
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Arg {
    /// None given (distinct from an empty key).
    None,
    /// Digits only and the field takes an index.
    Index(u64),
    /// Anything else.
    Key(String),
}

/// A field with its argument, as used by conditions and outputs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct FieldRef {
    /// The row of the schema.
    pub id: FieldId,
    /// The argument.
    pub arg: Arg,
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
    /// Memory for derived values (transformers), freed with the event.
    fn scratch(&self) -> &bumpalo::Bump;
}
