//! Writing captures that Falco 0.44, sysdig and this program read.
//!
//! ```text
//! Writer::create ─► metadata … ─► event … ─► finish
//! section header, one block per list, one block per event; newest version of each
//! ```
//!
//! Process entries that follow each other share a block of at most about [`PROCESS_BLOCK`] bytes, whose length is
//! only known at its end. Everything is gathered in one buffer, handed on in pieces of at least [`PIECE`] bytes: an
//! event costs a copy. The metadata of a process come before its descriptors; metadata come before events.
//!
//! What must hold: [`Writer::finish`] is called, else the last piece is missing and a compressed file has no end.
//! After an error nothing more is written. Errors name the file: it cannot be created or written, or something is
//! longer than readers accept; then that item is left out, and writing may go on.
//!
//! A file is created for its owner alone: captures hold command lines, environments and data.

use super::blocks::{DESCRIPTORS, INTERFACES, MACHINE, MAX_BLOCK, PROCESSES, USERS};
use super::encode::{Encoder, TooLong};
use super::event::EVENT_HEADER;
use super::metadata::Metadata;
use crate::record::Record;
use flate2::write::GzEncoder;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Bytes gathered before they are handed on.
const PIECE: usize = 128 * 1024;
/// A block of processes ends when it has this many bytes.
const PROCESS_BLOCK: usize = 1024 * 1024;

/// How a capture is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// As it is.
    #[default]
    None,
    /// In one gzip member. Fast rather than small: captures are written while they are recorded.
    Gzip,
}

impl Compression {
    /// By the name of a file: `.gz` is compressed.
    pub fn of(path: &Path) -> Compression {
        if path.extension().is_some_and(|e| e == "gz") { Compression::Gzip } else { Compression::None }
    }
}

/// A capture could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file could not be created.
    #[error("cannot create capture {}", path.display())]
    Create {
        /// As given.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file could not be written on.
    #[error("cannot write capture {name}")]
    Write {
        /// The file.
        name: String,
        /// The system's reason.
        source: io::Error,
    },
    /// An earlier error ended the capture.
    #[error("capture {name} could not be written earlier")]
    Ended {
        /// The file.
        name: String,
    },
    /// An item does not fit the format.
    #[error("capture {name}: {what} has {length} bytes, at most {most} can be written")]
    TooLong {
        /// The file.
        name: String,
        /// What is too long.
        what: &'static str,
        /// Its bytes.
        length: usize,
        /// What fits.
        most: usize,
    },
    /// A raw event does not say its own length.
    #[error("capture {name}: an event of {length} bytes says that it has {said}")]
    EventLength {
        /// The file.
        name: String,
        /// Its bytes.
        length: usize,
        /// What its header says.
        said: u32,
    },
}

#[expect(clippy::large_enum_variant, reason = "there is one")]
enum Sink {
    Plain(Box<dyn Write + Send>),
    Gzip(GzEncoder<Box<dyn Write + Send>>),
    /// An error ended the capture.
    Ended,
}

/// A capture being written.
pub struct Writer {
    sink: Sink,
    name: String,
    buffer: Encoder,
    /// Start of the process list that is being written, in the buffer.
    processes: Option<usize>,
    /// Bytes handed on.
    written: u64,
}

impl Writer {
    /// Creates a file, or empties the one that is there.
    pub fn create(path: impl AsRef<Path>, compression: Compression) -> Result<Writer, WriteError> {
        let path = path.as_ref();
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let file = file.map_err(|source| WriteError::Create { path: path.to_owned(), source })?;
        Ok(Writer::new(file, &path.display().to_string(), compression))
    }

    /// Writes to anything; errors call it `name`.
    pub fn new(sink: impl Write + Send + 'static, name: &str, compression: Compression) -> Writer {
        let sink: Box<dyn Write + Send> = Box::new(sink);
        let sink = match compression {
            Compression::None => Sink::Plain(sink),
            Compression::Gzip => Sink::Gzip(GzEncoder::new(sink, flate2::Compression::fast())),
        };
        let mut buffer = Encoder { bytes: Vec::with_capacity(2 * PIECE), too_long: None };
        buffer.section(1, 2);
        Writer { sink, name: name.to_owned(), buffer, processes: None, written: 0 }
    }

    /// Bytes of the capture so far, before compression.
    pub fn len(&self) -> u64 {
        self.written + self.buffer.bytes.len() as u64
    }

    /// Never: a capture has a header.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Appends a fact about the machine.
    pub fn metadata(&mut self, item: &Metadata) -> Result<(), WriteError> {
        if let Metadata::Process(process) = item {
            let opened = self.processes.is_none();
            let start = *self.processes.get_or_insert_with(|| self.buffer.begin(PROCESSES));
            let entry = self.buffer.bytes.len();
            self.buffer.process(9, process);
            let kept = self.kept(if opened { start } else { entry });
            if kept.is_err() && opened {
                self.processes = None;
            } else if self.buffer.bytes.len() - start >= PROCESS_BLOCK {
                self.end_processes();
            }
            kept?;
            return self.hand_on(PIECE);
        }
        self.end_processes();
        let start = self.buffer.bytes.len();
        match item {
            Metadata::Process(_) => {}
            Metadata::Machine(machine) => self.buffer.block(MACHINE, |e| e.machine(machine)),
            Metadata::Fds(list) => self.buffer.block(DESCRIPTORS, |e| {
                e.u64s(&[list.tid as u64]);
                list.fds.iter().for_each(|fd| e.descriptor(2, fd));
            }),
            Metadata::Interfaces(list) => {
                self.buffer.block(INTERFACES, |e| list.iter().for_each(|i| e.interface(2, i)));
            }
            Metadata::Users(users) => self.buffer.block(USERS, |e| e.users(2, users)),
        }
        self.kept(start)?;
        self.hand_on(PIECE)
    }

    /// Appends an event as it was read or recorded.
    #[inline]
    pub fn event(&mut self, record: &Record<'_>) -> Result<(), WriteError> {
        let length = record.params.lens().len() + record.params.data().len();
        self.check_event(length)?;
        self.end_processes();
        self.buffer.event(record);
        self.hand_on(PIECE)
    }

    /// Appends an event as it lies in memory: header, lengths and parameters.
    #[inline]
    pub fn raw_event(&mut self, cpu: u16, flags: u32, event: &[u8]) -> Result<(), WriteError> {
        let length = event.len();
        self.check_event(length)?;
        let header = event.first_chunk::<EVENT_HEADER>();
        let said = header.map_or(0, |h| u32::from_le_bytes([h[16], h[17], h[18], h[19]]));
        let (Some(header), true) = (header, said as usize == length) else {
            return Err(WriteError::EventLength { name: self.name.clone(), length, said });
        };
        self.end_processes();
        let start = self.buffer.event_block(cpu, flags, u16::from_le_bytes([header[20], header[21]]), length);
        self.buffer.put(event);
        self.buffer.end(start);
        self.hand_on(PIECE)
    }

    /// Hands on all that is complete, so that a reader may see it.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.end_processes();
        self.hand_on(0)?;
        let flushed = match &mut self.sink {
            Sink::Plain(sink) => sink.flush(),
            Sink::Gzip(sink) => sink.flush(),
            Sink::Ended => return Err(self.ended()),
        };
        flushed.map_err(|source| self.fail(source))
    }

    /// Ends the capture.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.end_processes();
        self.hand_on(0)?;
        let done = match std::mem::replace(&mut self.sink, Sink::Ended) {
            Sink::Plain(mut sink) => sink.flush(),
            Sink::Gzip(sink) => sink.finish().and_then(|mut sink| sink.flush()),
            Sink::Ended => return Err(self.ended()),
        };
        done.map_err(|source| self.fail(source))
    }

    #[inline]
    fn check_event(&self, length: usize) -> Result<(), WriteError> {
        const MOST: usize = MAX_BLOCK as usize - 64;
        if length > MOST { Err(self.too_long(TooLong { what: "an event", length, most: MOST })) } else { Ok(()) }
    }

    #[inline]
    fn end_processes(&mut self) {
        if let Some(start) = self.processes.take() {
            self.buffer.end(start);
        }
    }

    /// Takes back what was appended since `start` if readers would refuse it.
    fn kept(&mut self, start: usize) -> Result<(), WriteError> {
        let length = self.buffer.bytes.len() - start;
        let block = TooLong { what: "a block", length, most: MAX_BLOCK as usize };
        let Some(why) = self.buffer.too_long.take().or((length > block.most).then_some(block)) else { return Ok(()) };
        self.buffer.bytes.truncate(start);
        Err(self.too_long(why))
    }

    #[cold]
    fn too_long(&self, TooLong { what, length, most }: TooLong) -> WriteError {
        WriteError::TooLong { name: self.name.clone(), what, length, most }
    }

    /// Hands the buffer on if it has `least` bytes and no block in it is open.
    #[inline]
    fn hand_on(&mut self, least: usize) -> Result<(), WriteError> {
        if self.buffer.bytes.len() < least || self.processes.is_some() {
            return Ok(());
        }
        let bytes = &self.buffer.bytes;
        let handed = match &mut self.sink {
            Sink::Plain(sink) => sink.write_all(bytes),
            Sink::Gzip(sink) => sink.write_all(bytes),
            Sink::Ended => return Err(self.ended()),
        };
        handed.map_err(|source| self.fail(source))?;
        self.written += self.buffer.bytes.len() as u64;
        self.buffer.bytes.clear();
        self.buffer.bytes.shrink_to(4 * PIECE);
        Ok(())
    }

    #[cold]
    fn fail(&mut self, source: io::Error) -> WriteError {
        self.sink = Sink::Ended;
        self.buffer.bytes.clear();
        WriteError::Write { name: self.name.clone(), source }
    }

    #[cold]
    fn ended(&self) -> WriteError {
        WriteError::Ended { name: self.name.clone() }
    }
}
