//! Event blocks.
//!
//! ```text
//! body:    u16 cpu | [u32 flags] | header | lengths | parameters        layout of the event: crate::record
//! header:  u64 ts | u64 tid | u32 len | u16 type | [u32 nparams]        len: header, lengths, parameters
//! ```
//!
//! Version 1 blocks have no `nparams`; it is the one number of parameters whose lengths add up to `len`.
//! Bytes behind the last parameter are ignored.

use super::blocks::{EventBlock, HEADER, MAX_PLAIN_EVENT, TRAILER, USUAL_EVENT};
use super::error::Problem;
use crate::record::{Params, Record, sum_of_four};
use peregrine_schema::{EVENT_COUNT, EVENTS, EventFlags};

/// Bytes of the header with `nparams`.
pub(super) const EVENT_HEADER: usize = 26;
/// Bytes of the header without `nparams`.
const COUNTLESS: usize = 22;
/// Offset of `type` in the header.
const CODE: usize = 20;

/// Whether the lengths of an event type are u32.
static LARGE: [bool; EVENT_COUNT] = {
    let mut large = [false; EVENT_COUNT];
    let mut code = 0;
    while code < EVENT_COUNT {
        large[code] = EVENTS[code].flags.has(EventFlags::LARGE_PAYLOAD);
        code += 1;
    }
    large
};

/// Bytes of a parameter length of the event type, which exists.
#[inline]
pub(super) fn length_width(code: u16) -> u8 {
    if LARGE[usize::from(code)] { 4 } else { 2 }
}

/// Events whose old writers counted three bytes too many: notification and infrastructure.
const THREE_TOO_LONG: [u16; 2] = [280, 286];

#[inline(always)]
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

#[inline(always)]
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[inline(always)]
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let b = &bytes[at..at + 8];
    u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])
}

/// Code of the event in a whole block; `None` if the block ends before it.
#[inline(always)]
pub(super) fn code(block: &[u8], form: EventBlock) -> Option<u16> {
    let at = HEADER + form.prefix() + CODE;
    let bytes = block.get(at..at + 2)?;
    Some(u16_at(bytes, 0))
}

/// Bytes of a usual block before the lengths.
const USUAL_HEAD: usize = HEADER + EventBlock::USUAL.prefix() + EVENT_HEADER;

/// An event of the usual form. Most are passed over without that their record is put together.
#[derive(Clone, Copy)]
pub struct UsualEvent<'a> {
    head: &'a [u8; USUAL_HEAD],
    /// Bytes of the block.
    pub(super) length: usize,
    /// What follows the block.
    pub(super) rest: &'a [u8],
    /// Event code, below [`EVENT_COUNT`].
    pub code: u16,
    /// Thread id.
    pub tid: i64,
    /// Parameters.
    pub params: Params<'a>,
}

impl<'a> UsualEvent<'a> {
    const EVENT: usize = HEADER + EventBlock::USUAL.prefix();

    /// The whole event.
    #[inline(always)]
    pub fn record(&self) -> Record<'a> {
        Record {
            ts: u64_at(self.head, Self::EVENT),
            tid: self.tid,
            code: self.code,
            cpu: u16_at(self.head, HEADER),
            flags: 0,
            params: self.params,
        }
    }
}

/// The event that the window begins with, if it is of the usual form, of this schema, with lengths of two bytes, whole
/// and without error. The way of nearly all events: everything else, errors included, is left to [`parse`].
#[inline(always)]
pub(super) fn usual(window: &[u8]) -> Option<UsualEvent<'_>> {
    const EVENT: usize = UsualEvent::EVENT;
    let head = window.first_chunk::<USUAL_HEAD>()?;
    let length = u32_at(head, 4) as usize;
    let code = u16_at(head, EVENT + CODE);
    // Where the event ends.
    let end = EVENT + u32_at(head, EVENT + 16) as usize;
    if u32_at(head, 0) != USUAL_EVENT
        || usize::from(code) >= EVENT_COUNT
        || LARGE[usize::from(code)]
        || length > MAX_PLAIN_EVENT as usize + HEADER
        || end + TRAILER > length
    {
        return None;
    }
    let (block, rest) = window.split_at_checked(length)?;
    let body = block.get(USUAL_HEAD..end)?;
    let count = u32_at(head, EVENT + COUNTLESS) as usize;
    let (lens, data) = body.split_at_checked(2 * count)?;
    // Parameters follow the lengths: what is read beyond the last length is forgotten. Fewer bytes are odd.
    let (heads, size) = match count {
        0 => ([0, 0], 0),
        1..=4 => {
            let head = u64::from_le_bytes(*body.first_chunk()?) & u64::MAX >> (64 - 16 * count);
            ([head, 0], sum_of_four(head))
        }
        _ => {
            let (first, second) = body.first_chunk::<16>()?.split_at(8);
            let unused = 8_usize.saturating_sub(count);
            let second = u64::from_le_bytes(*second.first_chunk()?) & u64::MAX >> (16 * unused);
            let heads = [u64::from_le_bytes(*first.first_chunk()?), second];
            let more = lens.get(16..).map_or(0, |more| sum_u16(more) as usize);
            (heads, sum_of_four(heads[0]) + sum_of_four(heads[1]) + more)
        }
    };
    let data = data.get(..size)?;
    let tid = u64_at(head, EVENT + 8) as i64;
    Some(UsualEvent { head, length, rest, code, tid, params: Params::narrow(lens, data, heads) })
}

/// The same as [`parse`], for forms that are rare.
#[inline(never)]
pub(super) fn parse_any(block: &[u8], form: EventBlock) -> Result<Record<'_>, Problem> {
    parse(block, form)
}

/// Reads the event of a whole block whose length has been checked and whose code is of this schema.
#[inline(always)]
pub(super) fn parse(block: &[u8], form: EventBlock) -> Result<Record<'_>, Problem> {
    let event = block.get(HEADER + form.prefix()..block.len() - TRAILER).unwrap_or_default();
    let flags = if form.flags { u32_at(block, HEADER + 2) } else { 0 };
    parse_bare(event, form, u16_at(block, HEADER), flags)
}

/// Reads an event as the probe makes it; `None` if it is damaged or of an unknown type.
pub(crate) fn live(event: &[u8], cpu: u16) -> Option<Record<'_>> {
    let code = event.get(CODE..)?.first_chunk()?;
    if usize::from(u16::from_le_bytes(*code)) >= EVENT_COUNT {
        return None;
    }
    parse_bare(event, EventBlock::USUAL, cpu, 0).ok()
}

/// Reads an event without what a block puts around it, whose code is of this schema.
#[inline(always)]
fn parse_bare(event: &[u8], form: EventBlock, cpu: u16, flags: u32) -> Result<Record<'_>, Problem> {
    let available = event.len() as u32;
    let header_len = if form.counted { EVENT_HEADER } else { COUNTLESS };
    let (Some(header), true) = (event.first_chunk::<COUNTLESS>(), event.len() >= header_len) else {
        return Err(Problem::EventLength { length: available, least: header_len as u32, most: available });
    };
    let code = u16_at(header, CODE);
    let mut length = u32_at(header, 16);
    if !form.counted && THREE_TOO_LONG.contains(&code) {
        length = length.saturating_sub(3);
    }
    let Some(body) = event.get(header_len..length as usize) else {
        return Err(Problem::EventLength { length, least: header_len as u32, most: available });
    };
    let width = length_width(code);
    let count = if form.counted { u32_at(event, COUNTLESS) } else { count_params(code, body, width)? };
    let lens_len = count as usize * usize::from(width);
    let Some((lens, data)) = body.split_at_checked(lens_len) else {
        return Err(Problem::ParamCount { count, length });
    };
    let size = if width == 2 { sum_u16(lens) } else { sum_u32(lens) };
    let Some(data) = data.get(..size as usize) else {
        return Err(Problem::ParamLength { size, left: data.len() as u64 });
    };
    Ok(Record {
        ts: u64_at(header, 0),
        tid: u64_at(header, 8) as i64,
        code,
        cpu,
        flags,
        params: Params::new(lens, data, width),
    })
}

/// Sum of 2-byte lengths. Most events have few: four at a time, in the halves of a word.
#[inline(always)]
fn sum_u16(lens: &[u8]) -> u64 {
    const HALVES: u64 = 0x0000_ffff_0000_ffff;
    // A block that may be large could make a half overflow.
    if lens.len() > 1 << 16 {
        return lens.chunks_exact(2).map(|l| u64::from(u16_at(l, 0))).sum();
    }
    let (words, rest) = lens.as_chunks::<8>();
    let mut sum = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        sum += (word & HALVES) + (word >> 16 & HALVES);
    }
    sum = (sum & 0xffff_ffff) + (sum >> 32);
    for len in rest.as_chunks::<2>().0 {
        sum += u64::from(u16::from_le_bytes(*len));
    }
    sum
}

/// Sum of 4-byte lengths. At most 2^26 of them are in a block, so the sum does not overflow.
fn sum_u32(lens: &[u8]) -> u64 {
    lens.chunks_exact(4).map(|l| u64::from(u32_at(l, 0))).sum()
}

/// Number of parameters in lengths and parameters without a count. Each further parameter takes at least its
/// length's bytes, so at most one number fits.
fn count_params(code: u16, body: &[u8], width: u8) -> Result<u32, Problem> {
    let width = usize::from(width);
    let most = EVENTS[usize::from(code)].params.len();
    let mut size = 0;
    for count in 0..=most {
        if size == body.len() {
            return Ok(count as u32);
        }
        let Some(len) = body.get(count * width..(count + 1) * width) else { break };
        size += width + if width == 2 { usize::from(u16_at(len, 0)) } else { u32_at(len, 0) as usize };
    }
    Err(Problem::ParamsUnknown { code, most })
}
