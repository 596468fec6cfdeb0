//! What can be wrong with a capture. Every error names where it was found and what was expected there.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A capture could not be opened or read on.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file could not be opened.
    #[error("cannot open capture {}", path.display())]
    Open {
        /// As given.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file's content is not what a capture holds.
    #[error("{at}: {problem}")]
    Data {
        /// Position of the block, entry or field at fault.
        at: Offset,
        /// What is wrong.
        problem: Problem,
    },
}

/// A position in a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// Bytes from the start of the (uncompressed) capture.
    pub bytes: u64,
    /// The file is compressed: `bytes` is not a position in the file.
    pub compressed: bool,
}

impl Offset {
    /// Another position, `bytes` further on.
    pub(super) fn plus(self, bytes: usize) -> Offset {
        Offset { bytes: self.bytes + bytes as u64, compressed: self.compressed }
    }

    /// An error at this place.
    pub(super) fn error(self, problem: Problem) -> CaptureError {
        CaptureError::Data { at: self, problem }
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}", self.bytes)?;
        if self.compressed {
            f.write_str(" of the uncompressed capture")?;
        }
        Ok(())
    }
}

/// What is wrong at some place of a capture.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Problem {
    #[error("the file is empty, expected a section header")]
    Empty,
    #[error("not a capture: expected a section header (block type 0x0a0d0d0a), found block type {found:#010x}")]
    NotACapture { found: u32 },
    #[error("written on a machine of the other byte order, which is not supported")]
    ByteOrder,
    #[error("not a capture: expected magic 0x1a2b3c4d in the section header, found {found:#010x}")]
    Magic { found: u32 },
    #[error("format version {major}.{minor} is too new, expected 1.x")]
    Version { major: u16, minor: u16 },
    #[error("the capture ends without an event")]
    NoEvents,
    #[error("truncated: expected {expected} bytes of {what}, found {found}")]
    Truncated { what: &'static str, expected: u64, found: u64 },
    #[error("cannot read: {0}")]
    Io(#[source] io::Error),
    #[error("broken gzip data: {0}")]
    Gzip(#[source] io::Error),
    #[error("length {length} of block type {kind:#x} is too small, expected at least {least}")]
    BlockTooShort { kind: u32, length: u32, least: u32 },
    #[error("length {length} of block type {kind:#x} is too large, expected at most {most}")]
    BlockTooLong { kind: u32, length: u32, most: u32 },
    #[error("length {header} at the start of the block differs from {trailer} at its end")]
    Trailer { header: u32, trailer: u32 },
    #[error("expected an event or a new section header after the first event, found block type {kind:#x}")]
    UnexpectedBlock { kind: u32 },
    #[error("{what} runs past the end of its block: expected {expected} bytes, {found} are left")]
    Overrun { what: &'static str, expected: u64, found: u64 },
    #[error("length {length} of {what} is too large, expected at most {most}")]
    TextTooLong { what: &'static str, length: u16, most: u16 },
    #[error("{what} takes {used} bytes but says it has {length}")]
    EntryLength { what: &'static str, used: u64, length: u64 },
    #[error("unknown interface type {0}, expected 1 to 4")]
    InterfaceType(u16),
    #[error("length {length} of the event is wrong, expected {least} to {most}")]
    EventLength { length: u32, least: u32, most: u32 },
    #[error("the lengths of {count} parameters do not fit into an event of {length} bytes")]
    ParamCount { count: u32, length: u32 },
    #[error("parameters of {size} bytes do not fit into the {left} bytes the event has for them")]
    ParamLength { size: u64, left: u64 },
    #[error("cannot tell the number of parameters of event type {code}: no number up to {most} fits its length")]
    ParamsUnknown { code: u16, most: usize },
}
