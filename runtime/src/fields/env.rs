//! What fields need besides record and state: settings of the run, and memory of earlier evaluations.

use super::bound::BoundField;
use super::files::Files;
use super::time;
use jiff::tz::TimeZone;
use peregrine_compiler::value::Place;
use peregrine_schema::FieldId;
use std::cell::RefCell;
use std::collections::HashMap;

/// Settings and memory of one worker.
#[derive(Debug, Default)]
pub struct Env {
    /// Replaces the host name of the machine (`evt.hostname`); not used when replaying a capture.
    pub hostname: Option<Vec<u8>>,
    /// Seconds to add to UTC for local time: the time zone's offset of now. Falco prints the times of events with it.
    pub utc_offset: i64,
    /// The time zone, whose offset at the time itself goes for times among the parameters of events; without one,
    /// [`Env::utc_offset`] does.
    pub zone: Option<TimeZone>,
    /// Print byte buffers as base64 instead of with dots for unprintable bytes (`buffer_format_base64`).
    pub base64: bool,
    /// Plugins whose events may occur.
    pub plugins: Vec<Plugin>,
    pub(crate) memory: RefCell<HashMap<(Place, FieldId), Memory>>,
    /// A field's last evaluation in a condition or output ([`Place::text`]).
    pub(crate) seen: RefCell<HashMap<(u32, FieldId), Seen>>,
    pub(crate) buffers: RefCell<Vec<Vec<u8>>>,
    pub(crate) files: RefCell<Files>,
}

/// A source of plugin events.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// Id in the events.
    pub id: u32,
    /// Name of the plugin.
    pub name: Vec<u8>,
    /// Event source.
    pub source: Vec<u8>,
}

/// What a field remembers of its earlier evaluations at one place of the rules.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// A time or counter.
    pub(super) last: u64,
    /// A time or counter by CPU or thread.
    pub(super) by_key: HashMap<i64, u64>,
}

/// What a field that looks back gave on an event. All places of a condition or output that name it see the same.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Number of the event; 0 for none yet.
    event: u64,
    value: Option<u64>,
}

impl Env {
    /// Settings of a run: what replaces the recorded host name, and seconds between UTC and local time. The time
    /// zone is the system's.
    pub fn new(hostname: Option<Vec<u8>>, utc_offset: i64) -> Env {
        Env { hostname, utc_offset, zone: Some(TimeZone::system()), ..Env::default() }
    }

    /// Seconds to add to UTC for local time at a time in ns.
    pub(super) fn offset_at(&self, ts: u64) -> i64 {
        match &self.zone {
            Some(zone) => time::offset(zone, ts),
            None => self.utc_offset,
        }
    }

    /// Evaluates a field that looks back, once per event and condition or output. As in Falco, what a place remembers
    /// is only moved on by the evaluations that happen there: of two places of one condition that name the same
    /// field, the one that is reached first is evaluated.
    pub(super) fn remember(
        &self,
        field: &BoundField,
        event: u64,
        evaluate: impl FnOnce(&mut Memory) -> Option<u64>,
    ) -> Option<u64> {
        let mut seen = self.seen.borrow_mut();
        let seen = seen.entry((field.place.text, field.id)).or_default();
        if seen.event != event {
            let mut all = self.memory.borrow_mut();
            *seen = Seen { event, value: evaluate(all.entry((field.place, field.id)).or_default()) };
        }
        seen.value
    }

    /// An empty buffer to put a text together.
    pub(super) fn take_buffer(&self) -> Vec<u8> {
        self.buffers.borrow_mut().pop().unwrap_or_default()
    }

    /// Gives a buffer of [`Env::take_buffer`] back.
    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.buffers.borrow_mut().push(buffer);
    }
}
