//! The memory of a ring that a program writes and this process reads.
//!
//! ```text
//!   mapped writable     mapped read-only
//!   ┌──────────────┐    ┌──────────────┬───────────────┬───────────────────┐
//!   │ consumer     │    │ producer     │ data          │ the same data     │  a record over the end goes on
//!   │ position     │    │ position     │ (2^n bytes)   │ again             │  in the second picture
//!   └──────────────┘    └──────────────┴───────────────┴───────────────────┘
//!   page 0              page 1         page 2 …
//!
//!   record:  │ length u32, bit 31 busy, bit 30 discarded │ page offset u32 │ bytes, padded to 8 │
//! ```
//!
//! Positions count bytes since the ring was made and never wrap in practice; a record lies at position modulo size.
//!
//! What must hold: the kernel does not touch a committed record until the consumer position has passed it. That
//! position is only moved by [`Memory::release`], which takes the ring for itself alone, so no record is borrowed
//! then. Only one [`Memory`] reads a ring.

use super::limits::page_size;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;
const HEADER: usize = 8;

/// Mapped memory, unmapped on drop.
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

#[expect(unsafe_code, reason = "memory shared with the kernel")]
// SAFETY: the memory belongs to the mapping and not to a thread.
unsafe impl Send for Mapping {}

#[expect(unsafe_code, reason = "memory shared with the kernel")]
// SAFETY: the address and length never change; what lies there is loaded and stored atomically, but for records, which
// only the one `Memory` of a ring reads.
unsafe impl Sync for Mapping {}

impl Mapping {
    #[expect(unsafe_code, reason = "a system call that makes memory")]
    fn new(fd: BorrowedFd<'_>, offset: usize, length: usize, writable: bool) -> io::Result<Mapping> {
        let protection = if writable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        let (none, fd) = (std::ptr::null_mut(), fd.as_raw_fd());
        // SAFETY: without an address wanted, the kernel takes memory that nothing else uses.
        let start = unsafe { libc::mmap(none, length, protection, libc::MAP_SHARED, fd, offset) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("memory was mapped at address 0"))?;
        Ok(Mapping { start, length })
    }
}

impl Drop for Mapping {
    #[expect(unsafe_code, reason = "a system call that takes memory away")]
    fn drop(&mut self) {
        // SAFETY: the memory was mapped by `new` and all that borrows from it borrows from `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// A place between two records, as only [`Memory`] gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(usize);

/// What lies at a position.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read<'m> {
    /// Nothing yet.
    End,
    /// A record that a program is still writing. Those behind it wait.
    Busy,
    /// A record that its program took back; the next place.
    Discarded(Position),
    /// A record and the next place.
    Data(&'m [u8], Position),
    /// A length that reaches beyond what was written. The kernel does not do this.
    Damaged,
}

/// What is mapped of a ring.
struct Mapped {
    consumer: Mapping,
    producer: Mapping,
}

impl Mapped {
    #[expect(unsafe_code, reason = "memory shared with the kernel")]
    fn consumer_word(&self) -> &AtomicUsize {
        // SAFETY: the mapping begins with the position, aligned to a page, writable; the kernel, too, uses it
        // atomically only.
        unsafe { AtomicUsize::from_ptr(self.consumer.start.as_ptr().cast()) }
    }

    #[expect(unsafe_code, reason = "memory shared with the kernel")]
    fn producer_word(&self) -> &AtomicUsize {
        // SAFETY: the mapping begins with the position, aligned to a page; it is only loaded here, since the
        // mapping is read-only.
        unsafe { AtomicUsize::from_ptr(self.producer.start.as_ptr().cast()) }
    }
}

/// The positions of a ring, for any thread.
#[derive(Clone)]
pub(crate) struct Positions(Arc<Mapped>);

impl Positions {
    /// Bytes between the consumer's and the producer's position.
    pub(crate) fn between(&self) -> usize {
        // In this order: the consumer's, which never passes the producer's, can only have grown since it was loaded, so
        // if the two are equal, they were so when the second was loaded.
        let consumer = self.0.consumer_word().load(Ordering::Acquire);
        self.0.producer_word().load(Ordering::Acquire).saturating_sub(consumer)
    }
}

/// The memory of one ring.
pub(crate) struct Memory {
    mapped: Arc<Mapped>,
    page: usize,
    size: usize,
    /// What the consumer position says.
    read: usize,
}

impl Memory {
    /// Maps a ring of `size` bytes. The kernel refuses another size than the ring's own.
    pub(crate) fn map(fd: BorrowedFd<'_>, size: u32) -> io::Result<Memory> {
        let (page, size) = (page_size(), size as usize);
        if !size.is_power_of_two() || !size.is_multiple_of(page) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a ring's size is a power of two of whole pages"));
        }
        let consumer = Mapping::new(fd, 0, page, true)?;
        // The kernel checks that the ring has as much memory as this.
        let producer = Mapping::new(fd, page, page + 2 * size, false)?;
        let mapped = Mapped { consumer, producer };
        let read = mapped.consumer_word().load(Ordering::Acquire);
        Ok(Memory { mapped: Arc::new(mapped), page, size, read })
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn positions(&self) -> Positions {
        Positions(Arc::clone(&self.mapped))
    }

    /// Where reading goes on.
    pub(crate) fn start(&self) -> Position {
        Position(self.read)
    }

    /// How far programs have reserved.
    pub(crate) fn end(&self) -> Position {
        // Pairs with the kernel's release of the position after it has written the record's header as busy.
        Position(self.mapped.producer_word().load(Ordering::Acquire))
    }

    /// What lies at a position of this ring, up to `end`.
    #[expect(unsafe_code, reason = "memory shared with the kernel")]
    pub(crate) fn read(&self, at: Position, end: Position) -> Read<'_> {
        if at.0 < self.read || at.0 >= end.0 {
            return Read::End;
        }
        let offset = self.page + (at.0 & (self.size - 1));
        // SAFETY: `offset` is at most a page and `size` minus 8, positions being multiples of 8, and the mapping has
        // a page and twice `size`. The header is written by the kernel atomically; it is only loaded here.
        let header = unsafe { AtomicU32::from_ptr(self.mapped.producer.start.as_ptr().add(offset).cast()) };
        // Pairs with the kernel's exchange that commits: whoever sees the bit gone sees the bytes.
        let header = header.load(Ordering::Acquire);
        if header & BUSY != 0 {
            return Read::Busy;
        }
        let length = (header & !DISCARDED) as usize;
        let next = Position(at.0 + (HEADER + length).next_multiple_of(8));
        if next.0 > end.0 || length > self.size {
            return Read::Damaged;
        }
        if header & DISCARDED != 0 {
            return Read::Discarded(next);
        }
        // SAFETY: `offset` is below a page and `size`, the length at most `size` (less the header, as `next` is
        // within what was written), so the end lies in the second picture of the data at most. The record is
        // committed, so the kernel leaves its bytes alone until the consumer position passes it; that takes
        // `&mut self`, for which this borrow must have ended.
        let data = unsafe {
            let start = self.mapped.producer.start.as_ptr().add(offset + HEADER);
            std::slice::from_raw_parts(start, length)
        };
        Read::Data(data, next)
    }

    /// Gives the kernel everything before a position. Positions behind what was given already change nothing.
    pub(crate) fn release(&mut self, to: Position) {
        if to.0 <= self.read {
            return;
        }
        self.read = to.0;
        // Pairs with the kernel's acquire before it uses the room again: our reading is over.
        self.mapped.consumer_word().store(self.read, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileExt;

    const SIZE: u32 = 1 << 16;

    /// A file laid out as a ring, so that it can hold what a kernel would not write.
    struct Fake(File);

    impl Fake {
        fn new() -> (Fake, Memory) {
            let file = tempfile::tempfile().unwrap();
            file.set_len((2 * page_size() + 2 * SIZE as usize) as u64).unwrap();
            let memory = Memory::map(file.as_fd(), SIZE).unwrap();
            (Fake(file), memory)
        }

        /// Writes a header and the position up to which all is reserved.
        fn write(&self, at: usize, header: u32, end: usize) {
            let data = 2 * page_size() + (at & (SIZE as usize - 1));
            self.0.write_all_at(&header.to_ne_bytes(), data as u64).unwrap();
            self.0.write_all_at(&end.to_ne_bytes(), page_size() as u64).unwrap();
        }
    }

    fn length(read: Read<'_>) -> (usize, Position) {
        match read {
            Read::Data(data, next) => (data.len(), next),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn records_are_read_up_to_a_busy_one() {
        let (fake, memory) = Fake::new();
        assert_eq!(memory.read(memory.start(), memory.end()), Read::End);
        fake.write(0, 5, 16);
        fake.write(16, 8 | DISCARDED, 32);
        fake.write(32, 8 | BUSY, 48);
        let end = memory.end();
        assert_eq!(length(memory.read(memory.start(), end)), (5, Position(16)));
        assert_eq!(memory.read(Position(16), end), Read::Discarded(Position(32)));
        assert_eq!(memory.read(Position(32), end), Read::Busy);
        fake.write(32, 8, 48);
        assert_eq!(length(memory.read(Position(32), end)), (8, Position(48)));
    }

    #[test]
    fn lengths_beyond_what_was_written_are_damage() {
        for header in [9, 4096, SIZE, SIZE + 1, DISCARDED - 1, DISCARDED | 9, !BUSY] {
            let (fake, memory) = Fake::new();
            fake.write(0, header, 16);
            assert_eq!(memory.read(memory.start(), memory.end()), Read::Damaged, "{header:#x}");
        }
        // The same where so much would have been written.
        let (fake, memory) = Fake::new();
        fake.write(0, SIZE + 8, usize::MAX >> 1);
        assert_eq!(memory.read(memory.start(), memory.end()), Read::Damaged);
    }

    #[test]
    fn room_is_given_back_once_and_places_given_back_are_not_read() {
        let (fake, mut memory) = Fake::new();
        fake.write(0, 8, 32);
        fake.write(16, 8, 32);
        let start = memory.start();
        memory.release(Position(16));
        memory.release(start);
        assert_eq!((memory.start(), memory.read(start, memory.end())), (Position(16), Read::End));
        let mut word = [0; 8];
        fake.0.read_exact_at(&mut word, 0).unwrap();
        assert_eq!(usize::from_ne_bytes(word), 16);
        assert_eq!(memory.positions().between(), 16);
        memory.release(Position(32));
        assert_eq!(memory.positions().between(), 0);
        // Whoever maps it next goes on there.
        assert_eq!(Memory::map(fake.0.as_fd(), SIZE).unwrap().start(), Position(32));
    }

    #[test]
    fn odd_sizes_are_refused() {
        let file = tempfile::tempfile().unwrap();
        for size in [0, 1, 100, SIZE + 4096, SIZE - 1] {
            assert!(Memory::map(file.as_fd(), size).is_err(), "{size}");
        }
    }
}
