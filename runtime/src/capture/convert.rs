//! Brings events of older schemas to the current one.
//!
//! Older writers recorded the arguments of a system call in its enter event and the result in its exit event,
//! and exit events had fewer parameters. The converter keeps a thread's last enter event and completes the exit
//! event from it, by the rows of [`peregrine_schema::convert`], until the event has its current form or is dropped.
//!
//! What must hold: an event of the current form passes untouched, for the price of one table look-up. There is
//! at most one stored event per thread; it goes with its use, with the next one, or with the thread. Stored events
//! take at most [`MAX_STORED`] bytes; those that would take more are counted and not kept. A converted event has at most
//! [`MAX_EVENT`] bytes in its recorded form.
//!
//! Only events that pass take an event number.

use super::event::{EVENT_HEADER, length_width};
use crate::record::{Params, Record};
use hashbrown::HashMap;
use peregrine_schema::convert::{Action, Instr, conversion};
use peregrine_schema::events::code::{PROCEXIT_1_E, PROCEXIT_E};
use peregrine_schema::{EVENT_COUNT, EVENTS, EventFlags, Type};

/// Longest converted event: header, lengths and parameters.
const MAX_EVENT: usize = 64 * 1024;
/// Steps from the oldest form of an event to its current one; the longest chain has about ten.
const MAX_STEPS: usize = 50;
/// Memory for stored enter events, bytes.
const MAX_STORED: usize = 64 * 1024 * 1024;
/// Memory for a stored event besides its parameters, roughly.
const STORED_OVERHEAD: usize = 128;
/// Buffers of used enter events kept for the next ones.
const MAX_SPARE: usize = 64;

/// An event could not be brought to its current form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum ConvertError {
    #[error("event type {code} has {count} parameters, expected at most {most}")]
    TooManyParams { code: u16, count: usize, most: usize },
    #[error("event type {code} with {count} parameters cannot be brought to its current form: it has no conversion")]
    NoConversion { code: u16, count: usize },
    #[error("event type {code} has {count} parameters, expected a parameter {index}")]
    NoParam { code: u16, count: usize, index: u8 },
    #[error("event type {code} has {length} bytes, expected at most {MAX_EVENT} to convert it")]
    TooLong { code: u16, length: usize },
    #[error("conversion of event type {code} does not end")]
    Endless { code: u16 },
}

/// What became of an event.
#[derive(Debug)]
pub enum Converted<'a> {
    /// The event in its current form; it takes the next event number.
    Pass(Record<'a>),
    /// Not delivered: never produced by current writers, or an enter event kept for its exit event. Takes no
    /// event number.
    Dropped,
}

/// What to do with an event, by its code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Pass,
    Drop,
    /// Passes, and the thread is gone.
    ThreadEnd,
    /// Current exit event: passes if it has this many parameters.
    Exit(u8),
    /// Always converted.
    Convert,
}

static CLASSES: [Class; EVENT_COUNT] = {
    let mut classes = [Class::Pass; EVENT_COUNT];
    let mut code = 0;
    while code < EVENT_COUNT {
        classes[code] = class(code as u16);
        code += 1;
    }
    classes
};

const fn class(code: u16) -> Class {
    let event = &EVENTS[code as usize];
    let old = event.flags.has(EventFlags::OLD_VERSION);
    if event.flags.has(EventFlags::UNUSED) {
        return Class::Drop;
    }
    if !event.flags.has(EventFlags::CONVERTER_MANAGED) {
        return match (old, code) {
            (true, _) => Class::Drop,
            (false, PROCEXIT_1_E) => Class::ThreadEnd,
            (false, _) => Class::Pass,
        };
    }
    match old || !event.is_exit() {
        true => Class::Convert,
        false => Class::Exit(event.params.len() as u8),
    }
}

/// Code and parameters of an event, owned.
#[derive(Debug, Clone, Default)]
struct Parts {
    code: u16,
    lens: Vec<u32>,
    data: Vec<u8>,
}

impl Parts {
    fn set(&mut self, record: &Record<'_>) {
        self.code = record.code;
        self.lens.clear();
        self.lens.extend(record.params.iter().map(|p| p.len() as u32));
        self.data.clear();
        self.data.extend(record.params.iter().flatten());
    }

    fn set_parts(&mut self, other: &Parts) {
        self.code = other.code;
        self.lens.clone_from(&other.lens);
        self.data.clone_from(&other.data);
    }

    fn count(&self) -> usize {
        self.lens.len()
    }

    fn get(&self, index: u8) -> Option<&[u8]> {
        let len = *self.lens.get(usize::from(index))? as usize;
        let start = self.lens[..usize::from(index)].iter().map(|l| *l as usize).sum::<usize>();
        self.data.get(start..start + len)
    }

    /// Bytes as recorded.
    fn size(&self) -> usize {
        EVENT_HEADER + self.count() * usize::from(length_width(self.code)) + self.data.len()
    }

    /// Appends a parameter, cut to what its type can hold.
    fn push(&mut self, value: &[u8]) {
        let most = match self.next_type().and_then(Type::size) {
            Some(size) => size,
            None if length_width(self.code) == 2 => usize::from(u16::MAX),
            None => u32::MAX as usize,
        };
        let value = &value[..value.len().min(most)];
        self.lens.push(value.len() as u32);
        self.data.extend_from_slice(value);
    }

    /// Appends the default of the next parameter's type.
    fn push_default(&mut self) {
        let ty = self.next_type();
        let filler = if matches!(ty, Some(Type::Uid | Type::Gid)) { 0xff } else { 0 };
        self.push(&[filler; 16][..ty.and_then(Type::size).unwrap_or(0)]);
    }

    fn next_type(&self) -> Option<Type> {
        EVENTS[usize::from(self.code)].params.get(self.count()).map(|p| p.ty)
    }
}

/// Converts the events of one capture, in order.
#[derive(Debug, Default)]
pub struct Converter {
    /// The event being converted, and its next form.
    event: Parts,
    next: Parts,
    /// Lengths of the converted event as recorded.
    lens: Vec<u8>,
    /// Last enter event of each thread.
    stored: HashMap<i64, Parts, foldhash::fast::RandomState>,
    /// Bytes taken by `stored`.
    stored_bytes: usize,
    /// Buffers for further stored events.
    spare: Vec<Parts>,
    not_stored: u64,
}

impl Converter {
    /// A converter that has seen no event.
    pub fn new() -> Converter {
        Converter::default()
    }

    /// Forgets stored enter events, as at the begin of another capture in the same file.
    pub fn clear(&mut self) {
        self.stored.clear();
        self.stored_bytes = 0;
    }

    /// Enter events that were not kept for lack of memory: their exit events lack parameters.
    pub fn not_stored(&self) -> u64 {
        self.not_stored
    }

    /// Whether an event with so many parameters is of its current form and passes, and nothing is to be done about it:
    /// [`Converter::convert`] need not be asked.
    #[inline(always)]
    pub fn is_current(code: u16, params: usize) -> bool {
        match CLASSES[usize::from(code)] {
            Class::Pass => true,
            Class::Exit(count) => params == usize::from(count),
            _ => false,
        }
    }

    /// Brings an event to its current form.
    #[inline(always)]
    pub fn convert<'a>(&'a mut self, record: Record<'a>) -> Result<Converted<'a>, ConvertError> {
        match CLASSES[usize::from(record.code)] {
            Class::Exit(count) if record.params.count() == usize::from(count) => Ok(Converted::Pass(record)),
            Class::Pass => Ok(Converted::Pass(record)),
            Class::Drop => Ok(Converted::Dropped),
            Class::ThreadEnd => {
                self.release(record.tid);
                Ok(Converted::Pass(record))
            }
            Class::Exit(_) | Class::Convert => self.run(record),
        }
    }

    #[cold]
    fn run<'a>(&'a mut self, record: Record<'a>) -> Result<Converted<'a>, ConvertError> {
        self.event.set(&record);
        if self.event.size() > MAX_EVENT {
            return Err(ConvertError::TooLong { code: record.code, length: self.event.size() });
        }
        if record.code == PROCEXIT_E {
            self.release(record.tid);
        }
        for _ in 0..MAX_STEPS {
            match self.step(record.tid)? {
                Some(true) => return Ok(Converted::Pass(self.finished(record))),
                Some(false) => return Ok(Converted::Dropped),
                None => {}
            }
        }
        Err(ConvertError::Endless { code: record.code })
    }

    /// Converts `event` once: tells whether it is to pass (`true`), to be dropped (`false`) or converted further.
    fn step(&mut self, tid: i64) -> Result<Option<bool>, ConvertError> {
        let (code, count) = (self.event.code, self.event.count());
        let most = EVENTS[usize::from(code)].params.len();
        if code & 1 == 1 && count > most {
            return Err(ConvertError::TooManyParams { code, count, most });
        }
        let Some(row) = conversion(code, count as u32) else {
            return Err(ConvertError::NoConversion { code, count });
        };
        match row.action {
            Action::Pass => return Ok(Some(true)),
            Action::Store => {
                self.store(tid);
                return Ok(Some(false));
            }
            Action::StoreAndPass => {
                self.store(tid);
                return Ok(Some(true));
            }
            Action::Add(instrs) => {
                self.next.set_parts(&self.event);
                self.fill(tid, instrs)?;
            }
            Action::ChangeType(code, instrs) => {
                self.next.code = code;
                self.next.lens.clear();
                self.next.data.clear();
                self.fill(tid, instrs)?;
            }
        }
        if self.next.size() > MAX_EVENT {
            return Err(ConvertError::TooLong { code: self.next.code, length: self.next.size() });
        }
        std::mem::swap(&mut self.event, &mut self.next);
        Ok(match CLASSES[usize::from(self.event.code)] {
            Class::Pass | Class::ThreadEnd => Some(true),
            Class::Drop => Some(false),
            Class::Exit(count) if self.event.count() == usize::from(count) => Some(true),
            Class::Exit(_) | Class::Convert => None,
        })
    }

    /// Appends parameters to `next`.
    fn fill(&mut self, tid: i64, instrs: &[Instr]) -> Result<(), ConvertError> {
        let old = &self.event;
        // An enter event of another system call says nothing about this one: the right one was lost.
        let enter = self.stored.get(&tid).filter(|e| e.code + 1 == old.code);
        let mut used_enter = false;
        for instr in instrs {
            match *instr {
                Instr::Old(index) => self.next.push(param(old, index)?),
                Instr::Enter(index) | Instr::EnterOrEmpty(index) => match enter {
                    Some(enter) => {
                        self.next.push(param(enter, index)?);
                        used_enter = true;
                    }
                    None if matches!(instr, Instr::Enter(_)) => self.next.push_default(),
                    None => self.next.push(&[]),
                },
                Instr::TypeDefault => self.next.push_default(),
                Instr::Empty => self.next.push(&[]),
                Instr::ContainerJson => {
                    let json = container_json(old).unwrap_or_default();
                    if json.len() > usize::from(u16::MAX) {
                        return Err(ConvertError::TooLong { code: old.code, length: json.len() });
                    }
                    self.next.push(&json);
                }
            }
        }
        if used_enter {
            self.release(tid);
        }
        Ok(())
    }

    /// Keeps `event` as the thread's enter event.
    fn store(&mut self, tid: i64) {
        self.release(tid);
        let size = STORED_OVERHEAD + self.event.data.len() + 4 * self.event.count();
        if self.stored_bytes + size > MAX_STORED {
            self.not_stored += 1;
            return;
        }
        let mut enter = self.spare.pop().unwrap_or_default();
        enter.set_parts(&self.event);
        self.stored.insert(tid, enter);
        self.stored_bytes += size;
    }

    /// Forgets the thread's enter event.
    fn release(&mut self, tid: i64) {
        if self.stored.is_empty() {
            return;
        }
        if let Some(enter) = self.stored.remove(&tid) {
            self.stored_bytes -= STORED_OVERHEAD + enter.data.len() + 4 * enter.count();
            if self.spare.len() < MAX_SPARE {
                self.spare.push(enter);
            }
        }
    }

    /// `event` as a record with the header of `record`.
    fn finished<'a>(&'a mut self, record: Record<'a>) -> Record<'a> {
        let width = length_width(self.event.code);
        self.lens.clear();
        for len in &self.event.lens {
            // Parameters were cut to what a length can say, or were recorded with lengths of this width.
            self.lens.extend_from_slice(&len.to_le_bytes()[..usize::from(width)]);
        }
        let params = Params::new(&self.lens, &self.event.data, width);
        Record { code: self.event.code, params, ..record }
    }
}

fn param(event: &Parts, index: u8) -> Result<&[u8], ConvertError> {
    event.get(index).ok_or(ConvertError::NoParam { code: event.code, count: event.count(), index })
}

/// JSON of a container event's id, type, name and image; `None` unless all are there. The texts are not escaped,
/// as in the events that container plugins of that time understood.
fn container_json(event: &Parts) -> Option<Vec<u8>> {
    let text = |index| event.get(index).and_then(<[u8]>::split_last).map(|(_nul, text)| text);
    let kind = u32::from_le_bytes(event.get(1)?.try_into().ok()?);
    let mut json = Vec::new();
    json.extend_from_slice(b"{\"id\":\"");
    json.extend_from_slice(text(0)?);
    json.extend_from_slice(format!("\",\"type\":{kind},\"name\":\"").as_bytes());
    json.extend_from_slice(text(2)?);
    json.extend_from_slice(b"\",\"image\":\"");
    json.extend_from_slice(text(3)?);
    json.extend_from_slice(b"\"}\0");
    Some(json)
}
