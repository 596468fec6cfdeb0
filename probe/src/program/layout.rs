//! What lies where: in the ring, and in the memory in which a program puts a record together.
//!
//! ```text
//! ring record   origin (72) │ scap event: header (26) │ lengths (2 each) │ parameters │ descriptors, if asked for
//! origin        0 image: u64   8 parent: u64   16 previous: u64   24 cgroup: u64
//!               32 event length: u32   36 cpu: u16   38 flags: u16   40 uid: u32   44 gid: u32   48 pid: u32
//!               52 length of descriptors: u32   56 comm: 16 bytes
//! header        0 ts: u64 ns since the epoch   8 tid: u64   16 len: u32   20 type: u16   22 nparams: u32
//! ```
//!
//! The event is byte for byte what a capture holds. All numbers are little-endian, nothing is padded. What the images
//! in the origin are is said in [`crate::image`]; the descriptors are [`Descriptor`]s, back to back.

use crate::descriptor::Descriptor;
use peregrine_schema::capture::{MAX_EVENT, MAX_IOVECS};

/// Bytes of the origin, which the ring puts in front of each event.
pub const ORIGIN: usize = 72;
/// Bytes of an event's header.
pub const HEADER: usize = 26;

/// Offsets in the origin, bytes.
pub mod origin {
    /// Image that the task ran: u64.
    pub const IMAGE: usize = 0;
    /// Image of the parent process: u64.
    pub const PARENT: usize = 8;
    /// Of a record that begins an image, the one that it replaces or was copied from: u64. Else 0.
    pub const PREVIOUS: usize = 16;
    /// Cgroup id of the task: u64.
    pub const CGROUP: usize = 24;
    /// Bytes of the event behind the origin: u32.
    pub const LENGTH: usize = 32;
    /// CPU: u16.
    pub const CPU: usize = 36;
    /// [`flag`](super::flag)s: u16.
    pub const FLAGS: usize = 38;
    /// Effective user id in the initial namespace: u32.
    pub const UID: usize = 40;
    /// Effective group id, likewise: u32.
    pub const GID: usize = 44;
    /// Process id in the initial namespace: u32.
    pub const PID: usize = 48;
    /// Bytes of the descriptors behind the event: u32.
    pub const DESCRIPTORS: usize = 52;
    /// Name of the thread, padded with NULs.
    pub const COMM: usize = 56;
}

/// Flags of the origin.
pub mod flag {
    /// The filter would have dropped the event; it is sent to check the filter.
    pub const SHADOWED: u16 = 1;
    /// The record begins its image.
    pub const BEGINS: u16 = 2;
    /// The image was given at first sight: nothing of its beginning was seen.
    pub const FIRST_SIGHT: u16 = 4;
}

/// Offsets in the header, bytes.
pub mod header {
    /// Nanoseconds since the epoch: u64.
    pub const TS: usize = 0;
    /// Thread id in the initial namespace: u64.
    pub const TID: usize = 8;
    /// Bytes of header, lengths and parameters: u32.
    pub const LEN: usize = 16;
    /// Event code: u16.
    pub const TYPE: usize = 20;
    /// Number of parameters: u32.
    pub const NPARAMS: usize = 22;
}

/// Bytes of parameters that may have been written before one begins; of a longer event nothing is sent.
pub(super) const ROOM: usize = MAX_EVENT;
/// Where the memory behind the record begins, for what is read on the way and not sent ([`SPARE`]). In front of it lie
/// what comes before the parameters, [`ROOM`], and as much again for the one parameter that crosses it.
pub(super) const SPARE_AT: usize = ORIGIN + HEADER + 2 * 32 + 2 * ROOM;
/// Bytes of that memory: an I/O vector of the most elements that are looked at, and half of that to read a 32-bit
/// program's behind it.
pub(super) const SPARE: usize = (16 + 8) * MAX_IOVECS;
/// Bytes of the memory in front of the record: [`cell`]s.
pub(super) const FRONT: usize = 64;
/// Bytes of the memory in which a record is put together, one per CPU.
pub const SCRATCH: usize = FRONT + SPARE_AT + SPARE;

/// Numbers of 8 bytes in front of the record, by their offset from it. The verifier does not follow what is in this
/// memory: where ways with different numbers meet, it looks at what comes behind only once, if the number has been put
/// here and read back, and not once for each way.
pub(super) mod cell {
    /// Bytes of data that may be recorded.
    pub(in crate::program) const LEFT: i16 = -8;
    /// Elements of a vector.
    pub(in crate::program) const COUNT: i16 = -16;
    /// Bytes recorded so far.
    pub(in crate::program) const TOTAL: i16 = -24;
    /// Bytes of an element that are recorded.
    pub(in crate::program) const TAKE: i16 = -32;
    /// Bytes of a parameter.
    pub(in crate::program) const WRITTEN: i16 = -40;
    /// Bytes of the last part of a descriptor.
    pub(in crate::program) const PART: i16 = -56;
}

/// A record of the ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RingRecord<'r> {
    /// Image that the task ran.
    pub image: u64,
    /// Image of the parent process.
    pub parent: u64,
    /// Of a record that begins an image, the one that it replaces (exec) or was copied from (fork); 0 if that is not
    /// known. Of all others 0.
    pub previous: u64,
    /// Cgroup id of the task.
    pub cgroup: u64,
    /// CPU on which it happened.
    pub cpu: u16,
    /// Sent although the filter would have dropped it: no rule may match. One of the flags.
    pub shadowed: bool,
    /// [`flag`]s.
    pub flags: u16,
    /// Effective user id, in the initial namespace.
    pub uid: u32,
    /// Effective group id, in the initial namespace.
    pub gid: u32,
    /// Process id, in the initial namespace.
    pub pid: u32,
    /// Name of the thread, padded with NULs.
    pub comm: &'r [u8; 16],
    /// The scap event, header included.
    pub event: &'r [u8],
    /// The descriptors that the event names, where they were asked for: [`RingRecord::descriptors`] reads them.
    pub resolved: &'r [u8],
}

impl<'r> RingRecord<'r> {
    /// Reads a record; `None` if it is shorter than it says.
    pub fn parse(bytes: &'r [u8]) -> Option<RingRecord<'r>> {
        let (head, rest) = bytes.split_first_chunk::<ORIGIN>()?;
        let (event, rest) = rest.split_at_checked(u32_at(head, origin::LENGTH) as usize)?;
        let resolved = rest.get(..u32_at(head, origin::DESCRIPTORS) as usize)?;
        let record = RingRecord {
            image: u64_at(head, origin::IMAGE),
            parent: u64_at(head, origin::PARENT),
            previous: u64_at(head, origin::PREVIOUS),
            cgroup: u64_at(head, origin::CGROUP),
            cpu: u16_at(head, origin::CPU),
            shadowed: u16_at(head, origin::FLAGS) & flag::SHADOWED != 0,
            flags: u16_at(head, origin::FLAGS),
            uid: u32_at(head, origin::UID),
            gid: u32_at(head, origin::GID),
            pid: u32_at(head, origin::PID),
            comm: head.last_chunk()?,
            event,
            resolved,
        };
        (event.len() >= HEADER).then_some(record)
    }

    /// Nanoseconds since the epoch.
    pub fn ts(&self) -> u64 {
        self.event.first_chunk().map_or(0, |b| u64::from_le_bytes(*b))
    }

    /// Whether the record begins its image: of a successful exec, or the child's of a fork.
    pub const fn begins(&self) -> bool {
        self.flags & flag::BEGINS != 0
    }

    /// Whether the image was given at first sight.
    pub const fn first_sight(&self) -> bool {
        self.flags & flag::FIRST_SIGHT != 0
    }

    /// The descriptors that the event names, the one that it works on first; none if they were not asked for. Ends where
    /// one makes no sense.
    pub fn descriptors(&self) -> impl Iterator<Item = Descriptor<'r>> + use<'r> {
        let mut rest = self.resolved;
        std::iter::from_fn(move || Descriptor::take(&mut rest))
    }
}

const fn u64_at(bytes: &[u8; ORIGIN], at: usize) -> u64 {
    u32_at(bytes, at) as u64 | (u32_at(bytes, at + 4) as u64) << 32
}

const fn u32_at(bytes: &[u8; ORIGIN], at: usize) -> u32 {
    u16_at(bytes, at) as u32 | (u16_at(bytes, at + 2) as u32) << 16
}

const fn u16_at(bytes: &[u8; ORIGIN], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_any_length() {
        let mut bytes = vec![0; ORIGIN + HEADER + 2];
        bytes[..ORIGIN].copy_from_slice(&std::array::from_fn::<u8, ORIGIN, _>(|i| i as u8));
        bytes[origin::LENGTH..origin::LENGTH + 4].copy_from_slice(&(HEADER as u32).to_le_bytes());
        bytes[origin::DESCRIPTORS..origin::DESCRIPTORS + 4].copy_from_slice(&2_u32.to_le_bytes());
        bytes[ORIGIN] = 9;
        let record = RingRecord::parse(&bytes).expect("whole");
        let eights = [record.image, record.parent, record.previous, record.cgroup];
        assert_eq!(eights.map(|n| n as u8), [0, 8, 16, 24]);
        assert_eq!(record.cgroup, 0x1f1e_1d1c_1b1a_1918);
        assert_eq!([record.cpu, record.flags], [0x2524, 0x2726]);
        assert_eq!([record.uid, record.gid, record.pid], [0x2b2a_2928, 0x2f2e_2d2c, 0x3332_3130]);
        assert_eq!((record.comm[0], record.comm[15]), (56, 71));
        assert_eq!((record.ts(), record.event.len(), record.resolved), (9, HEADER, &[0, 0][..]));
        assert!(record.begins() && record.first_sight() && !record.shadowed);
        let mut marked = bytes.clone();
        marked[origin::FLAGS] = flag::SHADOWED as u8;
        let marked = RingRecord::parse(&marked).expect("whole");
        assert!(marked.shadowed && !marked.begins() && !marked.first_sight());
        for cut in 0..bytes.len() {
            assert_eq!(RingRecord::parse(&bytes[..cut]), None);
        }
        for at in [origin::LENGTH, origin::DESCRIPTORS] {
            let mut broken = bytes.clone();
            broken[at..at + 4].fill(0xff);
            assert_eq!(RingRecord::parse(&broken), None);
        }
    }
}
