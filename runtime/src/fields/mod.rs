//! Values of the `syscall` source's fields, taken from a record and the state.
//!
//! ```text
//! FieldRef ──(once per rule set: Bound::new)──► BoundField { id, class, argument }
//! Record + State + Current ──(per event: EventView)──► Value      engines, through the trait `Event`
//!                                                 └──► Shown      outputs: value, type and number format
//! ```
//!
//! Names and arguments are resolved once; taking a value is a match on the class, then on the field. Values
//! borrow from record, state and [`Bound`]; texts that must be put together lie in the event's scratch memory.
//!
//! What must hold: a value only depends on record, state and binding, except for the few fields that look back
//! at earlier evaluations (`evt.deltatime`, `util.cnt`, `thread.exectime`, `thread.cpu` and their kin), whose
//! memory is in [`Env`]. A field without a value is `None`; nothing here fails, and nothing panics on input.
//!
//! Conditions and outputs see the same values with these exceptions ([`Purpose`]): ancestors without index are a
//! list of candidates in a condition and a text of all in an output, `proc.apid` without index prints the process
//! itself, `evt.buffer` holds bytes in a condition and printable text in an output.
//!
//! Times are nanoseconds since the epoch unless a field says otherwise.

mod bound;
mod containers;
mod env;
mod evt;
mod fd;
mod fdlist;
mod files;
mod fspath;
mod names;
mod net;
mod param;
mod paths;
mod text;
mod thread;
pub(crate) mod time;
mod users;

#[cfg(test)]
mod tests;

pub use bound::Bound;
pub use env::{Env, Plugin};
pub(crate) use text::Text;

use crate::record::Record;
use crate::session::Delivered;
use crate::state::{Current, Facts, Fd, State, Thread};
use bound::BoundField;
use peregrine_compiler::value::{Event, FactsKey, Payload, Value};
use peregrine_schema::events::code;
use peregrine_schema::{self as schema, Class, Format, Origin, Type};
use std::cell::{Cell, OnceCell};

/// One event as seen by conditions and outputs.
pub struct EventView<'a> {
    num: u64,
    rec: &'a Record<'a>,
    state: &'a State,
    cur: &'a Current,
    /// Time of the capture's first event, origin of `evt.reltime`.
    first_ts: u64,
    /// Version of what is known of the thread.
    facts: Option<Facts>,
    bound: &'a Bound,
    scratch: &'a bumpalo::Bump,
    env: &'a Env,
    /// Names of an unknown descriptor, cleaned and as written, put together on first use.
    names: [OnceCell<Option<&'a [u8]>>; 2],
    /// The descriptor the event works on, looked up on first use.
    descriptor: Cell<Option<Option<&'a Fd>>>,
    thread: Option<&'a Thread>,
}

/// What a value is wanted for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    Condition,
    Output,
}

/// A value with what is needed to print it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'e> {
    /// The value.
    pub value: Value<'e>,
    /// Its type; that of the parameter for `evt.rawarg`.
    pub ty: Type,
    /// How its numbers are printed.
    pub format: Format,
}

impl<'a> EventView<'a> {
    /// A view of an event. `scratch` must be reset between events.
    #[inline]
    pub fn new(event: Delivered<'a>, bound: &'a Bound, scratch: &'a bumpalo::Bump, env: &'a Env) -> EventView<'a> {
        EventView {
            num: event.number,
            rec: event.record,
            state: event.state,
            cur: event.current,
            first_ts: event.first_ts,
            facts: event.facts(),
            bound,
            scratch,
            env,
            names: [OnceCell::new(), OnceCell::new()],
            descriptor: Cell::new(None),
            thread: event.state.event_thread(event.current, event.record.tid),
        }
    }

    /// Time of the event.
    pub fn time(&self) -> u64 {
        self.rec.ts
    }

    /// The record.
    pub fn record(&self) -> &'a Record<'a> {
        self.rec
    }

    /// Value of a field for an output.
    pub fn shown(&self, slot: usize) -> Option<Shown<'a>> {
        let field = self.bound.fields.get(slot)?;
        let row = field.id.row();
        // Falco accepts them in outputs and prints nothing.
        if row.flags.has(schema::FieldFlags::FILTER_ONLY) {
            return None;
        }
        if let Some(index) = field.raw_param(self.rec.code) {
            return self.shown_param(index);
        }
        let value = self.value(field, Purpose::Output)?;
        let ty = if field.prints_text() { Type::Charbuf } else { row.ty };
        Some(Shown { value, ty, format: row.format })
    }

    /// Appends a byte buffer as it is printed.
    pub(crate) fn print_buffer(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        param::buffer(self, bytes, out);
        param::cut_buffer(out, start);
    }

    /// Identity of the field in a slot.
    pub fn field_id(&self, slot: usize) -> Option<schema::FieldId> {
        self.bound.fields.get(slot).map(|f| f.id)
    }

    fn shown_param(&self, index: usize) -> Option<Shown<'a>> {
        let param = self.event().params.get(index)?;
        let value = match param::typed(self, index) {
            Some(value) => value,
            // An empty parameter is missing in a condition but prints as zero.
            None if self.param_count() > index && param::is_number(param.ty) => Value::Uint(0),
            None => return None,
        };
        Some(Shown { value, ty: param.ty, format: param.format })
    }

    fn value(&self, field: &'a BoundField, purpose: Purpose) -> Option<Value<'a>> {
        match field.class {
            Class::EvtGeneric | Class::Evt | Class::Util => evt::value(self, field, purpose),
            Class::Process => thread::value(self, field, purpose),
            Class::User | Class::Group => users::value(self, field),
            Class::Fd => fd::value(self, field),
            Class::FsPath => fspath::value(self, field),
            Class::FdList => fdlist::value(self, field),
            Class::Container => containers::value(self, field),
        }
    }

    fn event(&self) -> &'static schema::Event {
        self.rec.event()
    }

    /// The event's thread, if the table has it.
    fn thread(&self) -> Option<&'a Thread> {
        self.thread
    }

    /// A descriptor of the event's process.
    fn fd(&self, num: i64) -> Option<&'a Fd> {
        if num < 0 {
            return None;
        }
        self.state.threads.fds(self.thread()?)?.get(num)
    }

    /// The descriptor the event works on, as the state found it.
    #[inline]
    fn event_fd(&self) -> Option<&'a Fd> {
        if let Some(known) = self.descriptor.get() {
            return known;
        }
        let descriptor = self.state.event_fd(self.cur);
        self.descriptor.set(Some(descriptor));
        descriptor
    }

    /// Current directory of the event's process, with trailing slash.
    fn cwd(&self, thread: &'a Thread) -> &'a [u8] {
        self.state.threads.cwd(thread)
    }

    /// Parameters that both the record and the table have.
    fn param_count(&self) -> usize {
        self.rec.params.count().min(self.event().params.len())
    }

    /// Return value of a system call; `None` for events without one.
    fn result(&self) -> Option<i64> {
        let event = self.event();
        let returns = event.origin == Origin::Syscall
            && event.is_exit()
            && self.rec.code != code::GENERIC_X
            && self.param_count() > 0;
        returns.then(|| match self.rec.params.get(0).map(<[u8]>::len) {
            Some(4 | 8) => self.rec.params.int(0).unwrap_or(0),
            _ => 0,
        })
    }

    /// A text parameter as fields see it: `<NA>` if empty.
    fn param_text(&self, index: usize) -> Option<&'a [u8]> {
        if index >= self.param_count() {
            return None;
        }
        param::text(self.rec.params.get(index)?)
    }

    /// Puts a text together in scratch memory.
    fn build(&self, make: impl FnOnce(&mut Vec<u8>)) -> &'a [u8] {
        let mut buffer = self.env.take_buffer();
        make(&mut buffer);
        let text = self.scratch.alloc_slice_copy(&buffer);
        self.env.give_back(buffer);
        text
    }

    /// A [`Value::Str`] put together in scratch memory.
    fn text(&self, make: impl FnOnce(&mut Vec<u8>)) -> Value<'a> {
        Value::Str(self.build(make))
    }

    /// A [`Value::List`] in scratch memory.
    fn list(&self, values: impl IntoIterator<Item = Value<'a>>) -> Value<'a> {
        Value::List(bumpalo::collections::Vec::from_iter_in(values, self.scratch).into_bump_slice())
    }
}

impl Event for EventView<'_> {
    fn code(&self) -> u16 {
        self.rec.code
    }

    fn field(&self, slot: usize) -> Option<Value<'_>> {
        let field = self.bound.fields.get(slot)?;
        self.value(field, Purpose::Condition)
    }

    #[inline]
    fn image(&self) -> Option<FactsKey> {
        self.facts.map(|facts| FactsKey { slot: facts.slot, version: facts.version })
    }

    #[inline]
    fn file(&self) -> Option<FactsKey> {
        fd::file(self, &mut self.env.files.borrow_mut())
    }

    fn fingerprint(&self, slot: usize) -> Option<u64> {
        let field = self.bound.fields.get(slot)?;
        let number = match field.id {
            schema::FieldId::EvtArg => param::flags_of(self, field.param(self.rec.code)?)?,
            // The text of an error depends on its number alone; that of a user or thread does not.
            schema::FieldId::EvtRes if self.event().params.first().is_some_and(|p| p.ty == Type::Errno) => {
                i32::try_from(self.result()?).ok()? as u32
            }
            _ => return None,
        };
        Some(u64::from(self.rec.code) << 32 | u64::from(number))
    }

    #[inline]
    fn payload(&self) -> Payload<'_> {
        self.rec.params.payload()
    }

    fn scratch(&self) -> &bumpalo::Bump {
        self.scratch
    }
}
