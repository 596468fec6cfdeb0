//! The sequence of a capture's blocks.
//!
//! ```text
//! section header, metadata blocks, event blocks
//! ```
//!
//! Captures may be concatenated: a section header after an event begins the next one. Any other block that is
//! not an event is an error there, as for Falco. A section header among metadata is skipped like an unknown block.
//! A capture without an event is an error, after its metadata.

use super::blocks::{EventBlock, HEADER, Kind, SECTION, TRAILER, USUAL_EVENT};
use super::error::{CaptureError, Offset, Problem};
use super::event::{self, UsualEvent};
use super::metadata::{self, Fields, MAX_ENTRY, Metadata};
use super::source::Source;
use crate::record::Record;
use peregrine_schema::EVENT_COUNT;
use std::path::Path;

/// Magic of a section header written in this byte order.
pub(super) const MAGIC: u32 = 0x1A2B_3C4D;
/// Newest major version of the format.
const MAJOR: u16 = 1;

/// A capture being read. After an error of the block structure there is nothing more to read; after an error
/// inside an event, reading may go on with the next one.
pub struct Capture {
    source: Source,
    phase: Phase,
}

/// What comes next.
#[derive(Clone, Copy)]
enum Phase {
    /// The first section header.
    Start,
    /// Metadata, or the first event.
    Metadata,
    /// Entries of a process list; `length` is that of the block, `end` the position where its body ends.
    Processes { version: u8, length: u32, end: u64 },
    /// Events, or another section.
    Events,
    /// Nothing.
    End,
}

/// One step through a capture.
#[derive(Debug)]
pub enum Item<'a> {
    /// A fact about the machine when the capture began.
    Metadata(Box<Metadata>),
    /// An event.
    Event(Record<'a>),
    /// Another capture follows in the same file: what was known is void; event numbers go on.
    Restart,
}

/// How far reading has come, in bytes of the file as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes used.
    pub consumed: u64,
    /// Size of the file, if it has one (a pipe has none).
    pub total: Option<u64>,
}

/// Events of the usual form, one after the other. They cost less than those of [`Capture::next`].
pub struct Usual<'a> {
    source: &'a Source,
    rest: &'a [u8],
}

impl<'a> Usual<'a> {
    /// The next event, which is to be [passed](Usual::pass) over.
    #[inline(always)]
    pub fn peek(&self) -> Option<UsualEvent<'a>> {
        event::usual(self.rest)
    }

    /// Passes over an event.
    #[inline(always)]
    pub fn pass(&mut self, event: &UsualEvent<'a>) {
        self.source.pass(event.length);
        self.rest = event.rest;
    }
}

/// A whole event block in the window, not yet taken.
struct EventAhead {
    form: EventBlock,
    length: usize,
}

/// A step without the borrowed record.
enum Step {
    Metadata(Box<Metadata>),
    Event(EventAhead),
    Restart,
    End,
}

impl Capture {
    /// Opens a file; nothing of it is checked yet.
    pub fn open(path: impl AsRef<Path>) -> Result<Capture, CaptureError> {
        let path = path.as_ref();
        std::fs::File::open(path)
            .and_then(Source::open)
            .map(Capture::new)
            .map_err(|source| CaptureError::Open { path: path.to_owned(), source })
    }

    /// Reads a capture, raw or compressed, that is in memory.
    pub fn from_bytes(bytes: &[u8]) -> Capture {
        Capture::new(Source::from_bytes(bytes))
    }

    fn new(source: Source) -> Capture {
        Capture { source, phase: Phase::Start }
    }

    /// How far reading has come.
    pub fn progress(&self) -> Progress {
        let (consumed, total) = self.source.progress();
        Progress { consumed, total }
    }

    /// Position of the next block or entry.
    pub fn offset(&self) -> Offset {
        Offset { bytes: self.source.offset(), compressed: self.source.compressed }
    }

    /// The events of the usual form that come next and are in memory. They are the same as [`Capture::next`] would
    /// give, which must look when there is none left.
    #[inline(always)]
    pub fn usual(&self) -> Usual<'_> {
        let at_events = matches!(self.phase, Phase::Events);
        self.source.look_ahead();
        Usual { source: &self.source, rest: if at_events { self.source.ready() } else { &[] } }
    }

    /// The next item; `None` at the end.
    // Always inlined: an event handed over through memory would cost more than all else done here.
    #[inline(always)]
    #[expect(clippy::should_implement_trait, reason = "items borrow from the reader, an Iterator's cannot")]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, CaptureError> {
        if let (Phase::Events, Some(length)) = (self.phase, usual_event(self.source.ready())) {
            let at = self.offset();
            return match event::parse(self.source.take(length), EventBlock::USUAL) {
                Ok(record) => Ok(Some(Item::Event(record))),
                Err(problem) => Err(at.error(problem)),
            };
        }
        let event = match self.step() {
            Ok(Step::Event(event)) => event,
            Ok(Step::Metadata(m)) => return Ok(Some(Item::Metadata(m))),
            Ok(Step::Restart) => return Ok(Some(Item::Restart)),
            Ok(Step::End) => return Ok(None),
            Err(e) => {
                self.phase = Phase::End;
                return Err(e);
            }
        };
        let at = self.offset();
        match event::parse_any(self.source.take(event.length), event.form) {
            Ok(record) => Ok(Some(Item::Event(record))),
            Err(problem) => Err(at.error(problem)),
        }
    }

    /// The next event block of this schema, or `None` if something else comes.
    fn event_ahead(&mut self) -> Result<Option<EventAhead>, CaptureError> {
        loop {
            let Some((kind, length)) = block_header(self.source.window(HEADER)) else { return Ok(None) };
            let Kind::Event(form) = Kind::of(kind) else { return Ok(None) };
            form.check_length(kind, length).map_err(|p| self.offset().error(p))?;
            let length = length as usize;
            let Some(block) = self.source.window(length).get(..length) else {
                return Err(self.truncated("event block", length as u64));
            };
            // Newer schemas have more event types; nothing is known about them.
            if event::code(block, form).is_some_and(|code| usize::from(code) >= EVENT_COUNT) {
                self.source.take(length);
                continue;
            }
            return Ok(Some(EventAhead { form, length }));
        }
    }

    /// The next step.
    #[inline(never)]
    fn step(&mut self) -> Result<Step, CaptureError> {
        loop {
            match self.phase {
                Phase::End => return Ok(Step::End),
                Phase::Start => {
                    if self.source.window(1).is_empty() && self.source.offset() == 0 {
                        return Err(self.ended(Problem::Empty));
                    }
                    self.section()?;
                    self.phase = Phase::Metadata;
                }
                Phase::Processes { length, end, .. } if self.source.offset() + 4 > end => {
                    self.end_block(length, end)?;
                    self.phase = Phase::Metadata;
                }
                Phase::Processes { version, end, .. } => {
                    let process = self.entry(end, |f| metadata::process(f, version))?;
                    return Ok(Step::Metadata(Box::new(Metadata::Process(process))));
                }
                Phase::Metadata => {
                    if let Some(step) = self.metadata_block()? {
                        return Ok(step);
                    }
                }
                Phase::Events => match self.event_ahead()? {
                    Some(event) => return Ok(Step::Event(event)),
                    None => return self.section_end(),
                },
            }
        }
    }

    /// What comes after the events: the end, or another section.
    fn section_end(&mut self) -> Result<Step, CaptureError> {
        match self.peek_header("block header")? {
            None => match self.source.failure() {
                Some(problem) => Err(self.offset().error(problem)),
                None => {
                    self.phase = Phase::End;
                    Ok(Step::End)
                }
            },
            Some((SECTION, _)) => {
                self.section()?;
                self.phase = Phase::Metadata;
                Ok(Step::Restart)
            }
            Some((kind, _)) => Err(self.offset().error(Problem::UnexpectedBlock { kind })),
        }
    }

    /// Reads a section header.
    fn section(&mut self) -> Result<(), CaptureError> {
        let at = self.offset();
        let Some((kind, length)) = self.peek_header("section header")? else {
            return Err(self.truncated("section header", HEADER as u64));
        };
        if kind != SECTION {
            return Err(at.error(Problem::NotACapture { found: kind }));
        }
        let window = self.source.window(HEADER + 8);
        let Some(&[m0, m1, m2, m3, a0, a1, i0, i1]) = window.get(HEADER..HEADER + 8) else {
            return Err(self.truncated("section header", 28));
        };
        // Before the length, which is of the other byte order too.
        let found = u32::from_le_bytes([m0, m1, m2, m3]);
        if found == MAGIC.swap_bytes() {
            return Err(at.error(Problem::ByteOrder));
        }
        if found != MAGIC {
            return Err(at.error(Problem::Magic { found }));
        }
        let (major, minor) = (u16::from_le_bytes([a0, a1]), u16::from_le_bytes([i0, i1]));
        if major > MAJOR {
            return Err(at.error(Problem::Version { major, minor }));
        }
        Kind::Section.check_length(kind, length).map_err(|p| at.error(p))?;
        self.skip("section header", u64::from(length))
    }

    /// Reads a metadata block, except that a process list is only begun; nothing is taken of an event block.
    fn metadata_block(&mut self) -> Result<Option<Step>, CaptureError> {
        let at = self.offset();
        let Some((block, length)) = self.peek_header("block header")? else {
            return Err(self.ended(Problem::NoEvents));
        };
        let kind = Kind::of(block);
        kind.check_length(block, length).map_err(|p| at.error(p))?;
        let end = at.bytes + u64::from(length) - TRAILER as u64;
        let metadata = match kind {
            Kind::Event(_) => {
                self.phase = Phase::Events;
                return Ok(None);
            }
            Kind::Section | Kind::Unknown => {
                self.skip("block", u64::from(length) - TRAILER as u64)?;
                self.end_block(length, end)?;
                return Ok(None);
            }
            Kind::Processes(version) => {
                self.skip("block header", HEADER as u64)?;
                self.phase = Phase::Processes { version, length, end };
                return Ok(None);
            }
            Kind::Machine => {
                self.skip("block header", HEADER as u64)?;
                Metadata::Machine(self.entry(end, |f| Ok((metadata::machine(f)?, f.used() as u64)))?)
            }
            Kind::Descriptors(version) => {
                self.skip("block header", HEADER as u64)?;
                let tid = self.entry(end, |f| Ok((f.i64("tid of a descriptor list")?, f.used() as u64)))?;
                let mut fds = Vec::new();
                while self.source.offset() + 4 <= end {
                    fds.push(self.entry(end, |f| metadata::descriptor(f, version))?);
                }
                Metadata::Fds(metadata::FdList { tid, fds })
            }
            Kind::Interfaces(version) => {
                self.skip("block header", HEADER as u64)?;
                let mut interfaces = Vec::new();
                while self.source.offset() + 4 <= end {
                    interfaces.push(self.entry(end, |f| metadata::interface(f, version))?);
                }
                Metadata::Interfaces(interfaces)
            }
            Kind::Users(version) => {
                self.skip("block header", HEADER as u64)?;
                let mut users = metadata::Users::default();
                while self.source.offset() + 4 <= end {
                    self.entry(end, |f| Ok(((), metadata::user(f, version, &mut users)?)))?;
                }
                Metadata::Users(users)
            }
        };
        self.end_block(length, end)?;
        Ok(Some(Step::Metadata(Box::new(metadata))))
    }

    /// Reads an entry of a block whose body ends at `end`, and passes over it. `read` gives the entry's length.
    fn entry<T>(
        &mut self,
        end: u64,
        read: impl FnOnce(&mut Fields<'_>) -> Result<(T, u64), CaptureError>,
    ) -> Result<T, CaptureError> {
        let at = self.offset();
        let left = end - at.bytes;
        // At most MAX_ENTRY.
        let wanted = left.min(MAX_ENTRY as u64) as usize;
        let window = self.source.window(wanted);
        let bytes = &window[..window.len().min(wanted)];
        let cut = bytes.len() < wanted;
        let result = read(&mut Fields::new(bytes, at, cut));
        let (value, length) = match result {
            Ok(ok) => ok,
            Err(e) if cut => return Err(self.prefer_failure(e)),
            Err(e) => return Err(e),
        };
        if length > left {
            let what = "entry";
            return Err(at.error(Problem::Overrun { what, expected: length, found: left }));
        }
        self.skip("entry", length)?;
        Ok(value)
    }

    /// Passes over the rest of a metadata block whose body ends at `end`, and checks its second length.
    fn end_block(&mut self, length: u32, end: u64) -> Result<(), CaptureError> {
        self.skip("block", end - self.source.offset())?;
        let window = self.source.window(TRAILER);
        let Some(&[a, b, c, d]) = window.get(..TRAILER) else {
            return Err(self.truncated("block length", TRAILER as u64));
        };
        let trailer = u32::from_le_bytes([a, b, c, d]);
        if trailer != length {
            return Err(self.offset().error(Problem::Trailer { header: length, trailer }));
        }
        self.source.take(TRAILER);
        Ok(())
    }

    /// Type and length of the next block, without taking them; `None` at the end.
    fn peek_header(&mut self, what: &'static str) -> Result<Option<(u32, u32)>, CaptureError> {
        let window = self.source.window(HEADER);
        match block_header(window) {
            Some(header) => Ok(Some(header)),
            None if window.is_empty() => Ok(None),
            None => Err(self.truncated(what, HEADER as u64)),
        }
    }

    fn skip(&mut self, what: &'static str, length: u64) -> Result<(), CaptureError> {
        self.source.skip(length).map_err(|found| {
            let at = Offset { bytes: self.source.offset() - found, ..self.offset() };
            self.prefer_failure(at.error(Problem::Truncated { what, expected: length, found }))
        })
    }

    /// The window is shorter than `expected`.
    fn truncated(&mut self, what: &'static str, expected: u64) -> CaptureError {
        let found = self.source.window(0).len() as u64;
        self.ended(Problem::Truncated { what, expected, found })
    }

    /// The bytes ended here too early, which is `problem`.
    fn ended(&mut self, problem: Problem) -> CaptureError {
        let at = self.offset();
        self.prefer_failure(at.error(problem))
    }

    /// Why the bytes ended, if reading them failed; else `error`.
    fn prefer_failure(&mut self, error: CaptureError) -> CaptureError {
        match self.source.failure() {
            Some(problem) => self.offset().error(problem),
            None => error,
        }
    }
}

/// Length of the block that the window begins with, if it is an event of the usual form and of this schema.
#[inline(always)]
fn usual_event(window: &[u8]) -> Option<usize> {
    let (kind, length) = block_header(window)?;
    let length = length as usize;
    if kind != USUAL_EVENT || !EventBlock::USUAL.has_length(length) {
        return None;
    }
    let code = event::code(window.get(..length)?, EventBlock::USUAL)?;
    (usize::from(code) < EVENT_COUNT).then_some(length)
}

/// Type and length of a block.
#[inline(always)]
fn block_header(window: &[u8]) -> Option<(u32, u32)> {
    let &[a, b, c, d, e, f, g, h] = window.first_chunk::<HEADER>()?;
    Some((u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
}
