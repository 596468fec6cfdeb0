//! A scap event as it lies in memory: the one record format of ring, capture and matcher.
//!
//! ```text
//! block body:  u16 cpu | [u32 flags] | header | lengths | parameters
//! header:      u64 ts | u64 tid | u32 len | u16 type | u32 nparams          26 bytes, packed, little-endian
//! lengths:     nparams × u16, or × u32 for event types with LARGE_PAYLOAD
//! parameters:  back to back, unpadded
//! ```
//!
//! A [`Record`] has been checked: lengths and parameters lie inside the block. Times are nanoseconds since
//! the epoch.

use peregrine_compiler::value::Payload;
use peregrine_schema as schema;

/// An event of a capture, borrowed from the mapped file or from the converter's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Time in nanoseconds since the epoch.
    pub ts: u64,
    /// Thread id; -1 (all ones) when there is none.
    pub tid: i64,
    /// Event code, always below [`schema::EVENT_COUNT`].
    pub code: u16,
    /// CPU.
    pub cpu: u16,
    /// `EVF` flags; bit 0: use for state only.
    pub flags: u32,
    /// Parameters.
    pub params: Params<'a>,
}

impl<'a> Record<'a> {
    /// The row of the event.
    #[inline]
    pub fn event(&self) -> &'static schema::Event {
        &schema::EVENTS[self.code as usize]
    }
}

/// Parameters of a record.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    /// Lengths of `1 << shift` bytes each.
    lens: &'a [u8],
    data: &'a [u8],
    /// The first eight lengths, if they are u16, four in each; 0 for those beyond the last.
    heads: [u64; 2],
    /// 1: lengths are u16; 2: u32.
    shift: u8,
}

impl<'a> Params<'a> {
    /// `lens` holds whole lengths of `width` (2 or 4) bytes whose sum is at most `data.len()`.
    pub fn new(lens: &'a [u8], data: &'a [u8], width: u8) -> Params<'a> {
        debug_assert!(width == 2 || width == 4);
        debug_assert!(lens.len().is_multiple_of(usize::from(width)));
        let mut heads = [[0; 8]; 2];
        if width == 2 {
            for (head, lens) in heads.iter_mut().zip(lens.chunks(8)) {
                head[..lens.len()].copy_from_slice(lens);
            }
        }
        Params { lens, data, heads: heads.map(u64::from_le_bytes), shift: width >> 1 }
    }

    /// The same for lengths of two bytes, of which `heads` are the first eight.
    #[inline(always)]
    pub(crate) fn narrow(lens: &'a [u8], data: &'a [u8], heads: [u64; 2]) -> Params<'a> {
        Params { lens, data, heads, shift: 1 }
    }

    /// Number of parameters in the record; may differ from the table for other schema versions.
    #[inline]
    pub fn count(&self) -> usize {
        self.lens.len() >> self.shift
    }

    /// Bytes of a length: 2 or 4.
    #[inline]
    pub fn width(&self) -> u8 {
        1 << self.shift
    }

    /// Bytes of parameter `i`; `None` beyond the record's parameters.
    #[inline]
    pub fn get(&self, i: usize) -> Option<&'a [u8]> {
        // Nearly all parameters that are asked for are among the first.
        if i >= 8 || self.shift != 1 {
            return self.get_any(i);
        }
        if i >= self.lens.len() >> 1 {
            return None;
        }
        let [first, second] = self.heads;
        let at = 16 * (i & 3);
        let (before, head) = if i < 4 { (0, first) } else { (sum_of_four(first), second) };
        let start = before + sum_of_four(head & !(u64::MAX << at));
        self.data.get(start..start + usize::from((head >> at) as u16))
    }

    #[inline(never)]
    fn get_any(&self, i: usize) -> Option<&'a [u8]> {
        if self.shift == 1 {
            let (lens, _) = self.lens.as_chunks::<2>();
            let length = |l: &[u8; 2]| usize::from(u16::from_le_bytes(*l));
            let len = length(lens.get(i)?);
            let more: usize = lens.get(8..i).map_or(0, |lens| lens.iter().map(length).sum());
            let start = sum_of_four(self.heads[0]) + sum_of_four(self.heads[1]) + more;
            return self.data.get(start..start + len);
        }
        let (lens, _) = self.lens.as_chunks::<4>();
        let length = |l: &[u8; 4]| u32::from_le_bytes(*l) as usize;
        let len = length(lens.get(i)?);
        let start: usize = lens[..i].iter().map(length).sum();
        self.data.get(start..start + len)
    }

    /// All parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (lens, data, shift) = (self.lens, self.data, self.shift);
        let mut start = 0;
        lens.chunks_exact(1 << shift).map_while(move |l| {
            let len = match *l {
                [a, b] => usize::from(u16::from_le_bytes([a, b])),
                [a, b, c, d] => u32::from_le_bytes([a, b, c, d]) as usize,
                _ => return None,
            };
            let param = data.get(start..start + len)?;
            start += len;
            Some(param)
        })
    }

    /// Parameter `i` as an integer of its size (1, 2, 4 or 8 bytes, zero-extended); `None` if absent or of
    /// another size (an empty parameter has no value).
    #[inline]
    pub fn uint(&self, i: usize) -> Option<u64> {
        let bytes = self.get(i)?;
        // Nearly all are of one of these sizes.
        if let Ok(b) = bytes.try_into() {
            return Some(u64::from_le_bytes(b));
        }
        if let Ok(b) = bytes.try_into() {
            return Some(u64::from(u32::from_le_bytes(b)));
        }
        match bytes {
            [a] => Some(u64::from(*a)),
            [a, b] => Some(u64::from(u16::from_le_bytes([*a, *b]))),
            _ => None,
        }
    }

    /// Parameter `i` as a signed integer of its size, sign-extended.
    #[inline]
    pub fn int(&self, i: usize) -> Option<i64> {
        let bytes = self.get(i)?;
        if let Ok(b) = bytes.try_into() {
            return Some(i64::from_le_bytes(b));
        }
        match bytes {
            [a] => Some(i64::from(*a as i8)),
            [a, b] => Some(i64::from(i16::from_le_bytes([*a, *b]))),
            [a, b, c, d] => Some(i64::from(i32::from_le_bytes([*a, *b, *c, *d]))),
            _ => None,
        }
    }

    /// Parameter `i` as a signed integer; fastest if it has eight bytes.
    #[inline(always)]
    pub fn long(&self, i: usize) -> Option<i64> {
        match <[u8; 8]>::try_from(self.get(i)?) {
            Ok(bytes) => Some(i64::from_le_bytes(bytes)),
            Err(_) => self.short(i),
        }
    }

    #[cold]
    #[inline(never)]
    fn short(&self, i: usize) -> Option<i64> {
        self.int(i)
    }

    /// Parameter `i` as text up to the first NUL; `None` if absent, empty slice only for a lone NUL or an
    /// empty parameter.
    #[inline]
    pub fn text(&self, i: usize) -> Option<&'a [u8]> {
        let b = self.get(i)?;
        Some(&b[..memchr::memchr(0, b).unwrap_or(b.len())])
    }

    /// The parameters as they lie in memory.
    #[inline]
    pub fn payload(&self) -> Payload<'a> {
        Payload { lens: self.heads, data: self.data }
    }

    /// The lengths, as in the record.
    pub fn lens(&self) -> &'a [u8] {
        self.lens
    }

    /// All parameter bytes, back to back.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }
}

/// Sum of four lengths of two bytes each.
#[inline(always)]
pub(crate) fn sum_of_four(lens: u64) -> usize {
    const HALVES: u64 = 0x0000_ffff_0000_ffff;
    let sums = (lens & HALVES) + (lens >> 16 & HALVES);
    ((sums + (sums >> 32)) & 0xffff_ffff) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_by_index() {
        for width in [2_u8, 4] {
            for count in 0..20_u32 {
                let sizes = (0..count).map(|i| (i * 7 + 3) % 11);
                let lens: Vec<u8> =
                    sizes.clone().flat_map(|s| s.to_le_bytes()[..usize::from(width)].to_vec()).collect();
                let data: Vec<u8> = (0..sizes.sum::<u32>()).map(|b| b as u8).collect();
                let params = Params::new(&lens, &data, width);
                let one_by_one: Vec<&[u8]> = params.iter().collect();
                assert_eq!(one_by_one.len(), params.count());
                for i in 0..24 {
                    assert_eq!(params.get(i), one_by_one.get(i).copied(), "{i} of {count}");
                }
            }
        }
        let params = Params::new(&[8, 0, 4, 0], &[0xff; 12], 2);
        assert_eq!((params.long(0), params.long(1), params.long(2)), (Some(-1), Some(-1), None));
        assert_eq!((params.uint(0), params.uint(1)), (Some(u64::MAX), Some(0xffff_ffff)));
    }
}
