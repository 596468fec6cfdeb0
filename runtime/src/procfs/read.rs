//! Reading small files, links and lists of numbers below a directory, into memory that is used again.
//!
//! Names are bytes. A file is read up to a limit; what lies behind it is left out. Errors tell whether what was to be
//! read has gone ([`Trouble::Gone`]) or may not be read ([`Trouble::Unreadable`]).

use rustix::buffer::spare_capacity;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{self, AtFlags, Mode, OFlags, RawDir, Statx, StatxFlags};
use rustix::io::Errno;
use std::ffi::CStr;
use std::mem::MaybeUninit;

/// Why something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The process, thread or descriptor is not there any more.
    Gone,
    /// The system refuses.
    Unreadable,
    /// It is not in the form that the kernel writes.
    Malformed,
}

impl From<Errno> for Trouble {
    fn from(errno: Errno) -> Trouble {
        match errno {
            Errno::NOENT | Errno::SRCH | Errno::NOTDIR => Trouble::Gone,
            _ => Trouble::Unreadable,
        }
    }
}

/// Opens a directory.
pub(super) fn open_dir(dir: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    fs::openat(dir, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Opens a file for reading. Opening a FIFO that somebody put there does not wait.
pub(super) fn open_file(dir: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    fs::openat(dir, name, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY, Mode::empty())
}

/// Reads the first `limit` bytes of a file, which is one that gives all it has at once.
pub(super) fn file(dir: impl AsFd, name: &[u8], limit: usize, into: &mut Vec<u8>) -> Result<(), Errno> {
    into.clear();
    let file = open_file(dir, name)?;
    while into.len() < limit {
        into.reserve((limit - into.len()).min(4096.max(into.len())));
        let room = into.capacity() - into.len();
        match rustix::io::read(&file, spare_capacity(into)) {
            // These files are made whole when they are read, so what does not fill the room is the end.
            Ok(read) if read < room => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    into.truncate(limit);
    Ok(())
}

/// Hands the lines of a file to `line`, without their ends, until it gives false. Lines of more than the buffer, and
/// one without an end, are left out.
pub(super) fn lines(
    dir: impl AsFd,
    name: &[u8],
    buffer: &mut Vec<u8>,
    mut line: impl FnMut(&[u8]) -> bool,
) -> Result<(), Errno> {
    const CHUNK: usize = 64 * 1024;
    let file = open_file(dir, name)?;
    buffer.clear();
    buffer.reserve(CHUNK);
    // Within a line that is too long.
    let mut lost = false;
    loop {
        if buffer.len() >= CHUNK {
            buffer.clear();
            lost = true;
        }
        match rustix::io::read(&file, spare_capacity(buffer)) {
            Ok(0) => return Ok(()),
            Err(Errno::INTR) => continue,
            Ok(_) => {}
            Err(errno) => return Err(errno),
        }
        let Some(last) = memchr::memrchr(b'\n', buffer) else { continue };
        for text in buffer[..last].split(|b| *b == b'\n') {
            if !std::mem::take(&mut lost) && !line(text) {
                return Ok(());
            }
        }
        buffer.drain(..=last);
    }
}

/// Reads a link into `into`, cut to its size.
pub(super) fn link(dir: impl AsFd, name: impl rustix::path::Arg, into: &mut [MaybeUninit<u8>]) -> Result<&[u8], Errno> {
    Ok(fs::readlinkat_raw(dir, name, into)?.0)
}

/// What the inode behind a name is, without asking a network or user-space file system for it: a scan must not hang on
/// one that does not answer.
pub(super) fn stat(dir: impl AsFd, name: impl rustix::path::Arg) -> Result<Statx, Errno> {
    const MNT_ID: StatxFlags = StatxFlags::from_bits_retain(0x1000);
    fs::statx(dir, name, AtFlags::STATX_DONT_SYNC, StatxFlags::BASIC_STATS | MNT_ID)
}

/// The device of an inode as the kernel passes it on: minor, major and the rest of the minor.
pub(super) fn device(stat: &Statx) -> u32 {
    let (major, minor) = (stat.stx_dev_major, stat.stx_dev_minor);
    minor & 0xff | major << 8 | (minor & !0xff) << 12
}

/// Entries of a directory whose names are numbers, in the directory's order.
pub(super) fn numbers(
    dir: impl AsFd,
    buffer: &mut [MaybeUninit<u8>],
    mut number: impl FnMut(&CStr, u64) -> bool,
) -> Result<(), Errno> {
    let mut entries = RawDir::new(dir, buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        if let Some(value) = decimal(name.to_bytes())
            && !number(name, value)
        {
            break;
        }
    }
    Ok(())
}

/// A decimal number and nothing else.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    digits(text, 10)
}

/// A number and nothing else, of a base up to 16.
pub(super) fn digits(text: &[u8], base: u32) -> Option<u64> {
    if text.is_empty() || text.len() > 64 {
        return None;
    }
    text.iter().try_fold(0_u64, |value, digit| {
        let digit = char::from(*digit).to_digit(base)?;
        value.checked_mul(u64::from(base))?.checked_add(u64::from(digit))
    })
}

/// A decimal number that may be negative.
pub(super) fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(rest) => i64::try_from(decimal(rest)?).ok().map(|n| -n),
        None => i64::try_from(decimal(text)?).ok(),
    }
}

/// A text as captures hold it: up to its first NUL, at most `most` bytes.
pub(super) fn cut(text: &[u8], most: u16) -> &[u8] {
    let text = &text[..text.len().min(usize::from(most))];
    &text[..memchr::memchr(0, text).unwrap_or(text.len())]
}

/// The words of a text, between blanks and tabs.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| matches!(b, b' ' | b'\t')).filter(|w| !w.is_empty())
}

/// Replaces the escapes `\ooo` of mount tables.
pub(super) fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail.first_chunk::<3>().and_then(|o| digits(o, 8)).and_then(|n| u8::try_from(n).ok());
        match (first, octal) {
            (b'\\', Some(byte)) => {
                out.push(byte);
                rest = &tail[3..];
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_text() {
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        for wrong in [&b""[..], b"18446744073709551616", b"1x", b"-1", b" 1", &[b'0'; 65]] {
            assert_eq!(decimal(wrong), None);
        }
        assert_eq!((signed(b"-5"), signed(b"5"), signed(b"--5"), signed(b"-")), (Some(-5), Some(5), None, None));
        assert_eq!(digits(b"fF", 16), Some(255));
    }

    #[test]
    fn escapes_of_mount_tables() {
        assert_eq!(unescaped(br"/a\040b\134c"), br"/a b\c");
        assert_eq!(unescaped(br"\04\999\"), br"\04\999\");
    }

    #[test]
    fn lines_of_all_lengths() {
        let dir = tempfile::tempdir().expect("a directory");
        let long = vec![b'x'; 200_000];
        let text = [&b"one\n\n"[..], &long, b"\ntwo\nlast"].concat();
        std::fs::write(dir.path().join("f"), text).expect("a file");
        let folder = std::fs::File::open(dir.path()).expect("the directory");
        let mut seen = Vec::new();
        lines(&folder, b"f", &mut Vec::new(), |l| {
            seen.push(l.to_vec());
            true
        })
        .expect("lines");
        assert_eq!(seen, [b"one".to_vec(), Vec::new(), b"two".to_vec()]);
    }
}
