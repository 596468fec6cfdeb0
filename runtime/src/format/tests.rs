//! Facts about outputs.

use super::*;
use peregrine_schema::Format as F;

/// A number or text as printed, `None` for `<NA>`.
fn number(value: Value<'_>, ty: Type, format: F) -> Option<String> {
    let mut out = Vec::new();
    let (bits, negative) = match value {
        Value::Int(n) => (n as u64, n < 0),
        Value::Uint(n) => (n, false),
        _ => unreachable!("only numbers"),
    };
    let shown = Shown { value, ty, format };
    let printed = render_number(&shown, bits, &mut out, |out| out.dec(bits as i64), negative);
    printed.then(|| String::from_utf8(out).unwrap())
}

#[test]
fn numbers() {
    assert_eq!(number(Value::Uint(512), Type::Flags32, F::Hex).unwrap(), "200");
    assert_eq!(number(Value::Uint(255), Type::Uint64, F::Hex).unwrap(), "FF");
    assert_eq!(number(Value::Int(-1), Type::Int32, F::Hex).unwrap(), "FFFFFFFF");
    assert_eq!(number(Value::Uint(0o755), Type::Uint32, F::Oct).unwrap(), "755");
    assert_eq!(number(Value::Uint(77), Type::Reltime, F::PaddedDec).unwrap(), "000000077");
    assert_eq!(number(Value::Int(-7), Type::Int64, F::Na).unwrap(), "-7");
    assert_eq!(number(Value::Uint(1), Type::Uint32, F::Na), None);
}

#[test]
fn unprintable_text() {
    let show = |text: &[u8]| {
        let mut out = Vec::new();
        printable(text, &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(show(b"plain"), "plain");
    assert_eq!(show("größer ☃ 🦀".as_bytes()), "größer ☃ 🦀");
    assert_eq!(show(b"a\n\t\x7fb"), "a\u{fffd}\u{fffd}\u{fffd}b");
    assert_eq!(show("\u{85}\u{fdd0}\u{ffff}\u{1fffe}".as_bytes()), "\u{fffd}".repeat(4));
    // One per maximal part: a lead byte, a lead with one valid continuation, two lone continuations.
    assert_eq!(show(b"\xc3(\xe2\x98x\x80\x80"), "\u{fffd}(\u{fffd}x\u{fffd}\u{fffd}");
}
