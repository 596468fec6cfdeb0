//! Replays a capture: records in order through converter and state to whoever evaluates rules.
//!
//! What must hold, as in Falco's inspector: every converted record takes the next event number and changes
//! the state; enter events kept for their exit event, and records marked as state only, are not delivered;
//! container, user, group and asynchronous events at the very beginning are initial state and not delivered
//! either.

use crate::capture::{Capture, CaptureError, ConvertError, Converted, Converter, Item, Offset, Progress, UsualEvent};
use crate::record::Record;
use crate::state::{Current, Facts, State};
use peregrine_schema::{EVENT_COUNT, Effect, Origin};
use std::path::Path;

/// A capture being replayed.
pub struct Session {
    capture: Capture,
    converter: Converter,
    progress: Replay,
}

/// What a replay knows besides the capture, from which the event being delivered is borrowed.
struct Replay {
    state: State,
    current: Current,
    number: u64,
    /// 0 before the first event that is not about the capture itself.
    first_ts: u64,
    /// `first_ts` is known.
    timed: bool,
    phase: Phase,
    /// Events are being delivered and the first time is known: nothing to be done besides.
    settled: bool,
    /// By event code: nobody looks at such events, and they leave hardly anything.
    quiet: Box<[bool; EVENT_COUNT]>,
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

/// Events that one step processes at most.
const AT_ONCE: usize = 64;

/// Flag of a record: changes state, is not shown to rules.
const STATE_ONLY: u32 = 1;

impl Session {
    /// Opens a capture file.
    pub fn open(path: &Path) -> Result<Session, CaptureError> {
        Ok(Session::new(Capture::open(path)?))
    }

    /// Replays an open capture.
    pub fn new(capture: Capture) -> Session {
        let progress = Replay {
            state: State::default(),
            current: Current::default(),
            number: 0,
            first_ts: 0,
            phase: Phase::Metadata,
            timed: false,
            settled: false,
            quiet: Box::new([false; EVENT_COUNT]),
        };
        Session { capture, converter: Converter::new(), progress }
    }

    /// How much of the file has been used.
    pub fn progress(&self) -> Progress {
        self.capture.progress()
    }

    /// State as of the last event.
    pub fn state(&self) -> &State {
        &self.progress.state
    }

    /// Tells which events somebody looks at, by code. Of the others some are shown nevertheless, but most are not.
    pub fn listen(&mut self, wanted: impl Fn(u16) -> bool) {
        for (code, quiet) in (0..).zip(self.progress.quiet.iter_mut()) {
            *quiet = !wanted(code) && State::is_quiet(code);
        }
    }

    /// Processes the next item of the capture, or some events, and shows to `visit` what is an event for rules. False
    /// at the end.
    #[inline]
    pub fn step(&mut self, visit: &mut impl FnMut(Delivered<'_>)) -> Result<bool, SessionError> {
        // Nearly all events take this way.
        let mut usual = self.capture.usual();
        for done in 0..AT_ONCE {
            match usual.peek().filter(|event| Converter::is_current(event.code, event.params.count())) {
                Some(event) => {
                    usual.pass(&event);
                    if !self.progress.pass(&event) {
                        self.progress.deliver(&event.record(), visit);
                    }
                }
                None if done > 0 => break,
                None => return self.step_any(visit),
            }
        }
        Ok(true)
    }

    #[cold]
    #[inline(never)]
    fn step_any(&mut self, visit: &mut impl FnMut(Delivered<'_>)) -> Result<bool, SessionError> {
        let progress = &mut self.progress;
        match self.capture.next()? {
            None => Ok(false),
            Some(Item::Metadata(metadata)) => {
                progress.state.load(&metadata);
                Ok(true)
            }
            Some(Item::Restart) => {
                progress.restart();
                self.converter.clear();
                Ok(true)
            }
            Some(Item::Event(record)) => convert(&mut self.converter, progress, record, visit)
                .map_err(|source| SessionError::Convert { offset: self.capture.offset(), source }),
        }
    }
}

/// Brings an event to its current form and delivers it, if it is to be delivered.
#[inline(never)]
fn convert(
    converter: &mut Converter,
    progress: &mut Replay,
    record: Record<'_>,
    visit: &mut impl FnMut(Delivered<'_>),
) -> Result<bool, ConvertError> {
    if progress.phase == Phase::Metadata {
        progress.phase = Phase::Initial;
    }
    match converter.convert(record) {
        Ok(Converted::Pass(record)) => progress.deliver(&record, visit),
        Ok(Converted::Dropped) => progress.run(),
        Err(source) => return Err(source),
    }
    Ok(true)
}

impl Replay {
    /// Another capture begins. Event numbers go on.
    fn restart(&mut self) {
        self.state.restart();
        self.current = Current::default();
        self.first_ts = 0;
        self.phase = Phase::Metadata;
        (self.settled, self.timed) = (false, false);
    }

    /// Passes over an event that nobody looks at and that leaves nothing; `false` if it must be delivered.
    #[inline(always)]
    fn pass(&mut self, event: &UsualEvent<'_>) -> bool {
        let passed = self.settled
            && self.quiet[usize::from(event.code)]
            && self.state.pass(event.code, event.tid, &event.params);
        self.number += u64::from(passed);
        passed
    }

    /// Takes an event of the current form into the state, and shows it to `visit` if it is one for rules.
    #[inline(always)]
    fn deliver(&mut self, record: &Record<'_>, visit: &mut impl FnMut(Delivered<'_>)) {
        if !self.settled {
            self.begin(record);
        }
        self.number += 1;
        let for_rules = self.state.apply(record, &mut self.current);
        if for_rules && record.flags & STATE_ONLY == 0 && (self.settled || self.phase == Phase::Running) {
            visit(Delivered {
                number: self.number,
                record,
                state: &self.state,
                current: &self.current,
                first_ts: self.first_ts,
            });
        }
        self.state.after(&mut self.current);
    }

    /// Before the first events of a capture.
    #[cold]
    fn begin(&mut self, record: &Record<'_>) {
        let event = record.event();
        if self.phase == Phase::Metadata {
            self.phase = Phase::Initial;
        }
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
            self.run();
        }
        if !self.timed && event.origin != Origin::Meta {
            (self.first_ts, self.timed) = (record.ts, true);
        }
        self.settled = self.timed && self.phase == Phase::Running;
    }

    /// Initial state is complete.
    fn run(&mut self) {
        if self.phase != Phase::Running {
            self.phase = Phase::Running;
            self.state.loaded();
        }
    }
}
