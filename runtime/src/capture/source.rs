//! The bytes of a capture, whichever way they are stored.
//!
//! A raw file is mapped and read in place. Compressed files, and files that cannot be mapped (pipes), pass
//! through a buffer that is refilled as it is used up:
//!
//! ```text
//! buffer:   | used up | window: start..end | free |
//! ```
//!
//! The buffer has [`BUFFER`] bytes; it grows for a larger block, never beyond what the file really
//! holds, and shrinks again afterwards. A gzip file may have several members; what follows the last one and is
//! not gzip is ignored, as zlib does.
//!
//! A read error does not take away bytes read before it: they are delivered first.

use super::error::Problem;
use crate::sys::map::map_file;
use flate2::bufread::GzDecoder;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Usual size of the buffer.
const BUFFER: usize = 256 * 1024;
/// Bytes read from a compressed file at a time.
const INPUT: usize = 64 * 1024;

/// Bytes of a mapped file brought into memory at a time.
const AHEAD: usize = 4 << 20;

/// First bytes of a gzip member.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes of a capture, read once from front to back.
pub(super) struct Source {
    bytes: Bytes,
    /// The window in `bytes`. What has been passed over may still be in use.
    start: Cell<usize>,
    end: usize,
    /// Position of the first of `bytes` in the capture.
    base: u64,
    /// Where the part of a map ends that is known to be in memory.
    ahead: Cell<usize>,
    /// Bytes of the file, if it has a size.
    total: Option<u64>,
    /// Whether positions are those of the uncompressed bytes.
    pub(super) compressed: bool,
}

enum Bytes {
    Mapped(memmap2::Mmap),
    Owned(Vec<u8>),
    Stream(Stream),
}

impl Source {
    /// A file of any kind.
    pub(super) fn open(file: File) -> io::Result<Source> {
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Source::stream(file, None);
        }
        let total = Some(meta.len());
        if meta.len() == 0 {
            return Ok(Source::new(Bytes::Owned(Vec::new()), total, false));
        }
        let map = map_file(&file)?;
        if map.starts_with(&GZIP) {
            drop(map);
            return Source::stream(file, total);
        }
        Ok(Source::new(Bytes::Mapped(map), total, false))
    }

    /// Bytes in memory, raw or compressed.
    pub(super) fn from_bytes(bytes: &[u8]) -> Source {
        let total = Some(bytes.len() as u64);
        let bytes = bytes.to_vec();
        if bytes.starts_with(&GZIP) {
            let input = BufReader::new(Counted::new(io::Cursor::new(bytes)));
            return Source::new(Bytes::Stream(Stream::gzip(input)), total, true);
        }
        Source::new(Bytes::Owned(bytes), total, false)
    }

    fn stream(file: File, total: Option<u64>) -> io::Result<Source> {
        let mut input = BufReader::with_capacity(INPUT, Counted::new(file));
        let compressed = input.fill_buf()?.starts_with(&GZIP);
        let stream = if compressed { Stream::gzip(input) } else { Stream::raw(input) };
        Ok(Source::new(Bytes::Stream(stream), total, compressed))
    }

    fn new(bytes: Bytes, total: Option<u64>, compressed: bool) -> Source {
        let end = match &bytes {
            Bytes::Mapped(map) => map.len(),
            Bytes::Owned(bytes) => bytes.len(),
            Bytes::Stream(_) => 0,
        };
        Source { bytes, start: Cell::new(0), end, base: 0, ahead: Cell::new(0), total, compressed }
    }

    /// Position of the window in the uncompressed bytes.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.base + self.start.get() as u64
    }

    /// Bytes of the file used so far, and its size if it has one.
    pub(super) fn progress(&self) -> (u64, Option<u64>) {
        let used = match &self.bytes {
            Bytes::Mapped(_) | Bytes::Owned(_) => self.start.get() as u64,
            Bytes::Stream(s) => s.input_used.load(Ordering::Relaxed),
        };
        (used, self.total)
    }

    #[inline(always)]
    fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
            Bytes::Stream(s) => &s.buffer,
        }
    }

    /// Brings the next part of a mapped file into the page table: a call for many pages costs less than a fault for
    /// each few of them.
    #[inline(always)]
    pub(super) fn look_ahead(&self) {
        if self.start.get() >= self.ahead.get() {
            self.populate();
        }
    }

    #[cold]
    fn populate(&self) {
        let Bytes::Mapped(map) = &self.bytes else { return self.ahead.set(usize::MAX) };
        let from = self.start.get();
        let len = AHEAD.min(map.len() - from);
        // Kernels before 5.14 cannot; then the pages come one by one.
        let able = map.advise_range(memmap2::Advice::PopulateRead, from, len).is_ok();
        self.ahead.set(if able && len == AHEAD { from + AHEAD } else { usize::MAX });
    }

    /// The bytes at hand.
    #[inline(always)]
    pub(super) fn ready(&self) -> &[u8] {
        &self.bytes()[self.start.get()..self.end]
    }

    /// The next bytes: at least `least` of them, fewer only if the capture ends before.
    #[inline]
    pub(super) fn window(&mut self, least: usize) -> &[u8] {
        if self.end - self.start.get() < least {
            self.fill(least);
        }
        self.ready()
    }

    /// Takes `len` bytes, which are in the window.
    #[inline(always)]
    pub(super) fn take(&mut self, len: usize) -> &[u8] {
        let start = self.start.get();
        self.pass(len);
        &self.bytes()[start..start + len]
    }

    /// Passes over `len` bytes, which are in the window.
    #[inline(always)]
    pub(super) fn pass(&self, len: usize) {
        self.start.set(self.start.get() + len);
    }

    /// Passes over `len` bytes; gives how many were there if the capture ends before.
    pub(super) fn skip(&mut self, len: u64) -> Result<(), u64> {
        let mut left = len;
        while left > 0 {
            let step = (self.window(1).len() as u64).min(left);
            if step == 0 {
                return Err(len - left);
            }
            // At most the window's length, a usize.
            self.take(step as usize);
            left -= step;
        }
        Ok(())
    }

    /// Why the bytes ended, if it was an error. Given once.
    pub(super) fn failure(&mut self) -> Option<Problem> {
        match &mut self.bytes {
            Bytes::Stream(s) => s.failure.take(),
            Bytes::Mapped(_) | Bytes::Owned(_) => None,
        }
    }

    /// Reads until the window has `least` bytes or the capture ends.
    #[cold]
    fn fill(&mut self, least: usize) {
        if let Bytes::Stream(s) = &mut self.bytes {
            let start = self.start.replace(0);
            s.buffer.copy_within(start..self.end, 0);
            self.base += start as u64;
            self.end = s.fill(self.end - start, least);
        }
    }
}

/// Bytes that pass through a buffer.
struct Stream {
    input: Box<dyn Read + Send>,
    /// Bytes taken from the file.
    input_used: Arc<AtomicU64>,
    buffer: Vec<u8>,
    /// Nothing more to read.
    ended: bool,
    /// Why, if it was an error.
    failure: Option<Problem>,
    /// What an error of `input` means.
    failed: fn(io::Error) -> Problem,
}

impl Stream {
    fn new(input: Box<dyn Read + Send>, input_used: Arc<AtomicU64>, failed: fn(io::Error) -> Problem) -> Stream {
        let buffer = vec![0; BUFFER];
        Stream { input, input_used, buffer, ended: false, failure: None, failed }
    }

    fn raw<R: Read + Send + 'static>(input: BufReader<Counted<R>>) -> Stream {
        let used = input.get_ref().count.clone();
        Stream::new(Box::new(input), used, Problem::Io)
    }

    fn gzip<R: Read + Send + 'static>(input: BufReader<Counted<R>>) -> Stream {
        let used = input.get_ref().count.clone();
        Stream::new(Box::new(Members { member: Some(GzDecoder::new(input)) }), used, Problem::Gzip)
    }

    /// Reads behind the first `end` bytes of the buffer until it has `least` bytes or the input ends; gives the
    /// new end.
    fn fill(&mut self, mut end: usize, least: usize) -> usize {
        if self.buffer.len() > BUFFER && end.max(least) <= BUFFER {
            self.buffer.truncate(BUFFER);
            self.buffer.shrink_to_fit();
        }
        while end < least && !self.ended {
            if end == self.buffer.len() {
                // A large block: room grows with what has been read, so that a wrong length costs nothing.
                self.buffer.resize(least.min(2 * self.buffer.len()), 0);
            }
            match self.input.read(&mut self.buffer[end..]) {
                Ok(0) => self.ended = true,
                Ok(n) => end += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.ended = true;
                    self.failure = Some((self.failed)(e));
                }
            }
        }
        end
    }
}

/// The members of a gzip file, one after the other.
struct Members<R> {
    /// `None` behind the last one.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            let Some(mut rest) = self.member.take().map(GzDecoder::into_inner) else { break };
            if rest.fill_buf()?.first() == Some(&GZIP[0]) {
                self.member = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// Counts the bytes read through it, for progress reports.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    fn new(inner: R) -> Counted<R> {
        Counted { inner, count: Arc::default() }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
