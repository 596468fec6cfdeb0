//! Blocks: the units a capture consists of.
//!
//! ```text
//! u32 type | u32 length | body | padding to a multiple of 4 | u32 length
//! ```
//!
//! `length` counts everything. Types with the high bit set were used before the format was published.

use super::error::Problem;

/// Bytes of type and length.
pub(super) const HEADER: usize = 8;
/// Bytes of the second length.
pub(super) const TRAILER: usize = 4;
/// Longest event block that is not marked as large, without its header.
pub(super) const MAX_PLAIN_EVENT: u32 = 65536;
/// Longest block read at all; unknown blocks of any length are skipped. Falco has no such limit, but no writer
/// comes near it, and it bounds the memory a wrong length can take.
pub(super) const MAX_BLOCK: u32 = 256 * 1024 * 1024;

/// Section header block.
pub(super) const SECTION: u32 = 0x0A0D_0D0A;

/// Event block of version 2, neither large nor with flags: what nearly all events are in.
pub(super) const USUAL_EVENT: u32 = EVENT;

// Types of the newest versions.
pub(super) const MACHINE: u32 = 0x201;
pub(super) const PROCESSES: u32 = 0x215;
pub(super) const DESCRIPTORS: u32 = 0x218;
pub(super) const INTERFACES: u32 = 0x219;
pub(super) const USERS: u32 = 0x220;
pub(super) const EVENT: u32 = 0x216;
pub(super) const EVENT_FLAGS: u32 = 0x217;
pub(super) const EVENT_LARGE: u32 = 0x221;
pub(super) const EVENT_FLAGS_LARGE: u32 = 0x222;

/// What a block holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Section,
    Machine,
    /// Process list, version 1 to 9.
    Processes(u8),
    /// Descriptors of a process, version 1 or 2.
    Descriptors(u8),
    /// Interface list, version 1 or 2.
    Interfaces(u8),
    /// User list, version 1 or 2.
    Users(u8),
    Event(EventBlock),
    Unknown,
}

/// Form of an event block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct EventBlock {
    /// `u32 flags` follows the CPU.
    pub(super) flags: bool,
    /// The event header has the number of parameters (version 2).
    pub(super) counted: bool,
    /// May be longer than [`MAX_PLAIN_EVENT`].
    pub(super) large: bool,
}

impl EventBlock {
    const fn kind(flags: bool, counted: bool, large: bool) -> Kind {
        Kind::Event(EventBlock { flags, counted, large })
    }

    /// Form of [`USUAL_EVENT`].
    pub(super) const USUAL: EventBlock = EventBlock { flags: false, counted: true, large: false };

    /// Least and greatest length of a block of this form.
    #[inline(always)]
    const fn lengths(self) -> (u32, u32) {
        let header = if self.counted { 26 } else { 22 };
        let most = match (self.large, self.counted) {
            (true, _) => MAX_BLOCK,
            (false, true) => MAX_PLAIN_EVENT + HEADER as u32,
            // Without a count, and must have room for one.
            (false, false) => MAX_PLAIN_EVENT + HEADER as u32 - 4,
        };
        ((HEADER + TRAILER) as u32 + header, most)
    }

    /// Whether a block of this form may have this length.
    #[inline(always)]
    pub(super) const fn has_length(self, length: usize) -> bool {
        let (least, most) = self.lengths();
        length >= least as usize && length <= most as usize
    }

    /// Checks the length of a block of this form.
    pub(super) fn check_length(self, block: u32, length: u32) -> Result<(), Problem> {
        let (least, most) = self.lengths();
        check(block, length, least, most)
    }

    /// Bytes before the event header.
    pub(super) const fn prefix(self) -> usize {
        if self.flags { 6 } else { 2 }
    }
}

impl Kind {
    /// By block type.
    #[inline]
    pub(super) const fn of(block: u32) -> Kind {
        match block {
            USUAL_EVENT => Kind::Event(EventBlock::USUAL),
            EVENT_FLAGS => EventBlock::kind(true, true, false),
            EVENT_LARGE => EventBlock::kind(false, true, true),
            EVENT_FLAGS_LARGE => EventBlock::kind(true, true, true),
            0x204 | 0x8010_ABCD => EventBlock::kind(false, false, false),
            0x208 => EventBlock::kind(true, false, false),
            SECTION => Kind::Section,
            MACHINE | 0x8002_ABCD => Kind::Machine,
            0x202 | 0x8000_ABCD => Kind::Processes(1),
            0x207 | 0x8013_ABCD => Kind::Processes(2),
            0x209 | 0x8014_ABCD => Kind::Processes(3),
            0x210..=PROCESSES => Kind::Processes((block - 0x210) as u8 + 4),
            0x203 | 0x8001_ABCD => Kind::Descriptors(1),
            DESCRIPTORS => Kind::Descriptors(2),
            0x205 | 0x8011_ABCD => Kind::Interfaces(1),
            INTERFACES => Kind::Interfaces(2),
            0x206 | 0x8012_ABCD => Kind::Users(1),
            USERS => Kind::Users(2),
            _ => Kind::Unknown,
        }
    }

    /// Checks the length of a block of this kind.
    pub(super) fn check_length(self, block: u32, length: u32) -> Result<(), Problem> {
        let (body, most) = match self {
            Kind::Event(form) => return form.check_length(block, length),
            Kind::Section => (16, u32::MAX),
            Kind::Machine => (super::metadata::MACHINE_LEN, MAX_BLOCK),
            Kind::Unknown => (0, u32::MAX),
            _ => (0, MAX_BLOCK),
        };
        check(block, length, (HEADER + TRAILER + body) as u32, most)
    }
}

fn check(block: u32, length: u32, least: u32, most: u32) -> Result<(), Problem> {
    if length < least {
        return Err(Problem::BlockTooShort { kind: block, length, least });
    }
    if length > most {
        return Err(Problem::BlockTooLong { kind: block, length, most });
    }
    Ok(())
}
