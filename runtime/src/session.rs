//! Replays a capture: records in order through converter and state to whoever evaluates rules.
//!
//! What must hold, as in Falco's inspector: every converted record takes the next event number and changes
//! the state; enter events kept for their exit event, and records marked as state only, are not delivered;
//! container, user, group and asynchronous events at the very beginning are initial state and not delivered
//! either.

use crate::capture::{Capture, CaptureError, ConvertError, Converted, Converter, Item, Offset, Progress};
use crate::record::Record;
use crate::state::{Current, Facts, State};
use peregrine_schema::{Effect, Origin};
use std::path::Path;

/// A capture being replayed.
pub struct Session {
    capture: Capture,
    converter: Converter,
    state: State,
    current: Current,
    number: u64,
    first_ts: Option<u64>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Reading the facts about the machine.
    Metadata,
    /// Consuming initial state events.
    Initial,
    /// Delivering events.
    Running,
}

/// Why a replay ended early. Events before it have been delivered.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The capture cannot be read on.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// An event of an old capture cannot be brought into its current form.
    #[error("{offset}: {source}")]
    Convert {
        /// Where the reader stood after the event.
        offset: Offset,
        /// What is wrong.
        source: ConvertError,
    },
}

/// An event ready for rules.
#[derive(Clone, Copy)]
pub struct Delivered<'a> {
    /// `evt.num`.
    pub number: u64,
    /// The record.
    pub record: &'a Record<'a>,
    /// State after the event.
    pub state: &'a State,
    /// What the state knows about this event.
    pub current: &'a Current,
    /// Time of the first event of the capture that is not about the capture itself, ns since the epoch.
    pub first_ts: u64,
}

impl Delivered<'_> {
    /// Version of the facts about the event's thread: [`Current::facts`].
    #[inline]
    pub fn facts(&self) -> Option<Facts> {
        self.current.facts(self.state)
    }
}

/// Flag of a record: changes state, is not shown to rules.
const STATE_ONLY: u32 = 1;

impl Session {
    /// Opens a capture file.
    pub fn open(path: &Path) -> Result<Session, CaptureError> {
        Ok(Session::new(Capture::open(path)?))
    }

    /// Replays an open capture.
    pub fn new(capture: Capture) -> Session {
        Session {
            capture,
            converter: Converter::new(),
            state: State::default(),
            current: Current::default(),
            number: 0,
            first_ts: None,
            phase: Phase::Metadata,
        }
    }

    /// How much of the file has been used.
    pub fn progress(&self) -> Progress {
        self.capture.progress()
    }

    /// State as of the last event.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Processes the next item of the capture, and shows it to `visit` if it is an event for rules. False at
    /// the end.
    #[inline]
    pub fn step(&mut self, visit: &mut impl FnMut(Delivered<'_>)) -> Result<bool, SessionError> {
        let record = match self.capture.next()? {
            None => return Ok(false),
            Some(Item::Metadata(metadata)) => {
                self.state.load(&metadata);
                return Ok(true);
            }
            Some(Item::Restart) => {
                self.state.restart();
                self.current = Current::default();
                self.converter.clear();
                self.first_ts = None;
                self.phase = Phase::Metadata;
                return Ok(true);
            }
            Some(Item::Event(record)) => record,
        };
        if self.phase == Phase::Metadata {
            self.phase = Phase::Initial;
        }
        let record = match self.converter.convert(record) {
            Ok(Converted::Pass(record)) => record,
            Ok(Converted::Dropped) => {
                enter_running(&mut self.phase, &mut self.state);
                return Ok(true);
            }
            Err(source) => return Err(SessionError::Convert { offset: self.capture.offset(), source }),
        };
        let event = record.event();
        let initial = matches!(
            event.effect,
            Effect::Container
                | Effect::Async
                | Effect::UserAdded
                | Effect::UserDeleted
                | Effect::GroupAdded
                | Effect::GroupDeleted
        );
        if !initial {
            enter_running(&mut self.phase, &mut self.state);
        }
        if self.first_ts.is_none() && event.origin != Origin::Meta {
            self.first_ts = Some(record.ts);
        }
        self.number += 1;
        self.state.apply(&record, &mut self.current);
        let kept_for_exit = event.effect == Effect::StoreEnter;
        if self.phase == Phase::Running && !kept_for_exit && record.flags & STATE_ONLY == 0 {
            visit(Delivered {
                number: self.number,
                record: &record,
                state: &self.state,
                current: &self.current,
                first_ts: self.first_ts.unwrap_or(0),
            });
        }
        self.state.after(&mut self.current);
        Ok(true)
    }
}

/// Initial state is complete.
fn enter_running(phase: &mut Phase, state: &mut State) {
    if *phase != Phase::Running {
        *phase = Phase::Running;
        state.loaded();
    }
}
