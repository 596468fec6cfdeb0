//! Broken captures never panic, and what is before the break is still delivered.
//!
//! Input are small captures of the corpus, and built ones.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use peregrine_runtime::capture::{Capture, CaptureError, Converter, Item, Metadata};
use peregrine_tests::scap::{self, Form, Scap};
use std::path::{Path, PathBuf};

/// What a capture gave before its end or first error: numbers of metadata items, descriptors, events, bytes of
/// parameters.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    metadata: usize,
    events: usize,
    data: usize,
}

/// Reads everything, also behind errors inside events, through the converter.
fn read(bytes: &[u8]) -> (Counts, Option<CaptureError>) {
    let mut capture = Capture::from_bytes(bytes);
    let mut converter = Converter::new();
    let mut counts = Counts::default();
    let mut first = None;
    loop {
        match capture.next() {
            Ok(None) => return (counts, first),
            Ok(Some(_)) if first.is_some() => {}
            Ok(Some(Item::Metadata(m))) => {
                counts.metadata += 1;
                if let Metadata::Fds(list) = *m {
                    counts.metadata += list.fds.len();
                }
            }
            Ok(Some(Item::Restart)) => converter.clear(),
            Ok(Some(Item::Event(record))) => {
                counts.events += 1;
                counts.data += record.params.iter().map(<[u8]>::len).sum::<usize>();
                for i in 0..record.params.count() + 1 {
                    let _ = (record.params.uint(i), record.params.int(i), record.params.text(i));
                }
                // An event the converter refuses ends nothing.
                let _ = converter.convert(record);
            }
            Err(e) => first = Some(first.unwrap_or(e)),
        }
    }
}

/// A capture of the corpus, uncompressed.
fn file(name: &str) -> Vec<u8> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    scap::uncompressed(&bytes).unwrap()
}

/// Starts of blocks.
fn starts(capture: &[u8]) -> Vec<usize> {
    let mut at = 0;
    let mut starts = Vec::new();
    while at < capture.len() {
        starts.push(at);
        at += u32::from_le_bytes(capture[at + 4..at + 8].try_into().unwrap()) as usize;
    }
    starts
}

/// Around the edges of blocks every byte, elsewhere a sample.
#[test]
fn truncation_anywhere() {
    let tiny = file("tiny.scap.gz");
    let (whole, error) = read(&tiny);
    assert!(error.is_none() && whole.events == 339);
    let starts = starts(&tiny);
    let mut last = Counts::default();
    let near_edge = |end: usize| {
        let next = starts.partition_point(|start| *start < end);
        starts.get(next).is_some_and(|start| start - end < 8) || end - starts[next.max(1) - 1] < 16
    };
    for end in (0..tiny.len()).filter(|end| near_edge(*end) || end % 61 == 0) {
        let (counts, error) = read(&tiny[..end]);
        assert!(counts.metadata >= last.metadata && counts.events >= last.events && counts.data >= last.data, "{end}");
        // A file that ends with an event is whole.
        let whole_events = starts.binary_search(&end).is_ok() && counts.events > 0;
        assert_eq!(error.is_none(), whole_events, "{end}: {error:?}");
        last = counts;
    }
    assert_eq!(last.events, 338, "all but the event that was cut");
}

#[test]
fn truncated_gzip() {
    let tiny = file("tiny.scap.gz");
    let packed = scap::gzip(&tiny);
    let mut last = Counts::default();
    for end in (2..packed.len()).step_by(31) {
        let (counts, error) = read(&packed[..end]);
        assert!(counts.metadata >= last.metadata && counts.events >= last.events, "{end}");
        assert!(error.is_some(), "{end}");
        last = counts;
    }
}

/// A generator of numbers that needs no seed from outside.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }
}

#[test]
fn flipped_bits() {
    let names = ["tiny.scap.gz", "old/cat_write.scap", "old/single_ipv6_conn.scap"];
    let mut random = Random(1);
    for name in names {
        let mut capture = file(name);
        for _ in 0..500 {
            let flips: Vec<(usize, u8)> =
                (0..1 + random.below(4)).map(|_| (random.below(capture.len()), 1 << random.below(8))).collect();
            flips.iter().for_each(|(at, bit)| capture[*at] ^= bit);
            read(&capture);
            flips.iter().rev().for_each(|(at, bit)| capture[*at] ^= bit);
        }
        // Types and lengths of blocks, where flips hurt most.
        for start in starts(&capture) {
            if random.below(8) > 0 {
                continue;
            }
            for bit in 0..64 {
                capture[start + bit / 8] ^= 1 << (bit % 8);
                read(&capture);
                capture[start + bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}

#[test]
fn flipped_bits_in_gzip() {
    let tiny = file("tiny.scap.gz");
    let mut packed = scap::gzip(&tiny);
    let mut random = Random(2);
    for _ in 0..300 {
        let (at, bit) = (random.below(packed.len()), 1 << random.below(8));
        packed[at] ^= bit;
        read(&packed);
        packed[at] ^= bit;
    }
}

#[test]
fn arbitrary_bytes() {
    arbtest::arbtest(|u| {
        let bytes: Vec<u8> = u.arbitrary()?;
        read(&bytes);
        read(&[&Scap::new().bytes()[..], &bytes].concat());
        Ok(())
    })
    .budget_ms(1000);
}

/// Blocks of all types with arbitrary bodies; raw, compressed and in small members give the same.
#[test]
fn arbitrary_blocks() {
    let kinds: Vec<u32> = [scap::block::SECTION, scap::block::MACHINE, 0x221, 0x222, 0x7777]
        .into_iter()
        .chain(scap::block::PROCESSES)
        .chain(scap::block::DESCRIPTORS)
        .chain(scap::block::INTERFACES)
        .chain(scap::block::USERS)
        .chain(scap::block::EVENT)
        .chain(scap::block::EVENT_FLAGS)
        .chain(scap::block::OLD)
        .collect();
    arbtest::arbtest(|u| {
        let mut scap = Scap::new();
        for _ in 0..u.int_in_range(0..=8)? {
            let kind = *u.choose(&kinds)?;
            let mut body: Vec<u8> = u.arbitrary()?;
            if u.ratio(1, 2)? {
                body.resize(u.int_in_range(0..=300)?, 0);
            }
            scap = scap.block(kind, &body);
        }
        let bytes = scap.bytes();
        let (raw, raw_error) = read(&bytes);
        let (packed, packed_error) = read(&scap::gzip(&bytes));
        assert_eq!(raw, packed);
        assert_eq!(raw_error.is_some(), packed_error.is_some());
        Ok(())
    })
    .budget_ms(1000);
}

/// Events of any code with any parameters come back as they were written.
#[test]
fn arbitrary_events() {
    arbtest::arbtest(|u| {
        let mut scap = Scap::new();
        let mut expected = Vec::new();
        for _ in 0..u.int_in_range(1..=6)? {
            let code = u.int_in_range(0..=460)?;
            let params: Vec<Vec<u8>> = u.arbitrary()?;
            let params: Vec<&[u8]> = params.iter().map(Vec::as_slice).collect();
            let flags = if u.arbitrary()? { Some(u.arbitrary()?) } else { None };
            let form = Form { cpu: u.arbitrary()?, flags, version: 2, large: u.arbitrary()? };
            let (ts, tid) = (u.arbitrary()?, u.arbitrary()?);
            scap = scap.event_raw(form, ts, tid, code, &params);
            if code < 454 {
                let params: Vec<Vec<u8>> = params.iter().map(|p| p.to_vec()).collect();
                expected.push((ts, tid, code, form.cpu, flags.unwrap_or(0), params));
            }
        }
        let bytes = scap.bytes();
        let mut capture = Capture::from_bytes(&bytes);
        let mut got = Vec::new();
        let mut converter = Converter::new();
        while let Some(item) = capture.next().unwrap() {
            let Item::Event(e) = item else { panic!("only events") };
            assert_eq!(e.params.iter().last(), e.params.count().checked_sub(1).and_then(|i| e.params.get(i)));
            got.push((e.ts, e.tid, e.code, e.cpu, e.flags, e.params.iter().map(<[u8]>::to_vec).collect()));
            let _ = converter.convert(e);
        }
        assert_eq!(got, expected);
        Ok(())
    })
    .budget_ms(1000);
}
