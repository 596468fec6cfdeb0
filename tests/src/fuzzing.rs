//! What the fuzz targets do. Each function takes any bytes and panics when something that must hold does not;
//! `cargo test` runs them on generated input too (`tests/differential.rs`).

use crate::engines::{Engines, compile};
use crate::{generate, scap};
use arbitrary::{Arbitrary as _, Unstructured};
use peregrine_compiler::check::Checker;
use peregrine_compiler::check::events::event_set;
use peregrine_compiler::span::Span;
use peregrine_compiler::syntax::parse_condition;
use peregrine_runtime::capture::{Capture, Converter, Item};
use peregrine_schema as schema;

/// Any text as a condition: an error or typed rules, never a panic.
pub fn rule_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(tree) = parse_condition(text, 0, 1000) else { return };
    // The checker and the event set refuse on their own: neither may rely on the other.
    let _ = Checker::new().condition(&tree, &|_| Span::NONE);
    let _ = event_set(&tree);
}

/// Any bytes as a capture: an error or items, never a panic; every record lies inside its bounds.
pub fn capture_bytes(bytes: &[u8]) {
    let mut capture = Capture::from_bytes(bytes);
    let mut converter = Converter::new();
    while let Ok(Some(item)) = capture.next() {
        match item {
            Item::Metadata(_) => {}
            Item::Restart => converter.clear(),
            Item::Event(record) => {
                for i in 0..record.params.count() {
                    assert!(record.params.get(i).is_some(), "parameter {i} lies outside its record");
                }
                let _ = converter.convert(record);
            }
        }
    }
}

/// Any bytes as parameters of events, in a sound capture.
pub fn record_bytes(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let mut capture = scap::Scap::new();
    let mut ts = 1;
    while let Ok((code, tid, count)) = <(u16, u8, u8)>::arbitrary(&mut u) {
        if u.is_empty() {
            break;
        }
        let code = code % schema::EVENT_COUNT as u16;
        let params: Vec<Vec<u8>> = (0..count % 34).map_while(|_| Vec::arbitrary(&mut u).ok()).collect();
        let params: Vec<&[u8]> = params.iter().map(Vec::as_slice).collect();
        capture = capture.event_raw(scap::Form::default(), ts, i64::from(tid), code, &params);
        ts += 1;
    }
    capture_bytes(&capture.bytes());
}

/// Random conditions on a random event: all engines say what the reference evaluator says.
/// Gives how many conditions were evaluated and how many of them held.
pub fn conditions_differential(u: &mut Unstructured<'_>) -> arbitrary::Result<(usize, usize)> {
    let (mut evaluated, mut held) = (0, 0);
    let count = u.int_in_range(1..=6)?;
    let conditions = (0..count).map(|_| generate::condition(u)).collect::<arbitrary::Result<Vec<_>>>()?;
    let rules = compile(&conditions).unwrap_or_else(|e| panic!("a generated condition does not compile: {e:#}"));
    let engines = Engines::new(&rules).unwrap_or_else(|e| panic!("{conditions:#?}: {e:#}"));
    for _ in 0..4 {
        let table = generate::table(u)?;
        let answers = engines.answers(&table.bind(&rules.fields));
        let (_, expected) = &answers[0];
        evaluated += conditions.len();
        held += expected.len();
        for (kind, found) in &answers[1..] {
            assert_eq!(found, expected, "{kind:?} differs from the reference on {conditions:#?} and {table:#?}");
        }
    }
    Ok((evaluated, held))
}
