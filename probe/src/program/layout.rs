//! What lies where: in the ring, and in the memory in which a program puts a record together.
//!
//! ```text
//! ring record   origin (16) │ scap event: header (26) │ lengths (2 each) │ parameters
//! origin        0 cgroup: u64   8 event length: u32   12 cpu: u16   14 flags: u16
//! header        0 ts: u64 ns since the epoch   8 tid: u64   16 len: u32   20 type: u16   22 nparams: u32
//! ```
//!
//! The event is byte for byte what a capture holds. All numbers are little-endian, nothing is padded.

use peregrine_schema::capture::{MAX_EVENT, MAX_IOVECS};

/// Bytes of the origin, which the ring puts in front of each event.
pub const ORIGIN: usize = 16;
/// Bytes of an event's header.
pub const HEADER: usize = 26;

/// Offsets in the origin, bytes.
pub mod origin {
    /// Cgroup id of the task: u64.
    pub const CGROUP: usize = 0;
    /// Bytes of the event behind the origin: u32.
    pub const LENGTH: usize = 8;
    /// CPU: u16.
    pub const CPU: usize = 12;
    /// Bit 0: the filter would have dropped the event; it is sent to check the filter. u16.
    pub const FLAGS: usize = 14;
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
/// Bytes of that memory: an I/O vector of the most elements that are looked at.
pub(super) const SPARE: usize = 16 * MAX_IOVECS;
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
}

/// A record of the ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RingRecord<'r> {
    /// Cgroup id of the task.
    pub cgroup: u64,
    /// CPU on which it happened.
    pub cpu: u16,
    /// Sent although the filter would have dropped it: no rule may match.
    pub shadowed: bool,
    /// The scap event, header included.
    pub event: &'r [u8],
}

impl<'r> RingRecord<'r> {
    /// Reads a record; `None` if it is shorter than it says.
    pub fn parse(bytes: &'r [u8]) -> Option<RingRecord<'r>> {
        let cgroup = u64::from_le_bytes(*bytes.get(origin::CGROUP..)?.first_chunk()?);
        let length = u32::from_le_bytes(*bytes.get(origin::LENGTH..)?.first_chunk()?) as usize;
        let cpu = u16::from_le_bytes(*bytes.get(origin::CPU..)?.first_chunk()?);
        let shadowed = bytes.get(origin::FLAGS)? & 1 == 1;
        let event = bytes.get(ORIGIN..ORIGIN.checked_add(length)?)?;
        (event.len() >= HEADER).then_some(RingRecord { cgroup, cpu, shadowed, event })
    }

    /// Nanoseconds since the epoch.
    pub fn ts(&self) -> u64 {
        self.event.first_chunk().map_or(0, |b| u64::from_le_bytes(*b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_any_length() {
        let mut bytes = vec![0; ORIGIN + HEADER];
        bytes[0] = 7;
        bytes[origin::LENGTH] = HEADER as u8;
        bytes[origin::CPU] = 3;
        bytes[ORIGIN] = 9;
        let record = RingRecord::parse(&bytes).expect("whole");
        assert_eq!((record.cgroup, record.cpu, record.ts(), record.event.len()), (7, 3, 9, HEADER));
        for cut in 0..bytes.len() {
            assert_eq!(RingRecord::parse(&bytes[..cut]), None);
        }
        bytes[origin::LENGTH..origin::CPU].fill(0xff);
        assert_eq!(RingRecord::parse(&bytes), None);
    }
}
