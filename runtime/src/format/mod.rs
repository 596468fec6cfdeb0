//! Outputs: templates as text, fields as typed JSON.
//!
//! Text: literal pieces and values in order; a missing value prints `<NA>`; `%[width]` pads with blanks or cuts to
//! the width in bytes; lists print as `(a,b)`, at most [`LONGEST_LIST`] bytes. In text values, what is not a
//! printable character becomes U+FFFD ([`printable`]); only cutting can leave part of a character, which
//! [`sanitize`] replaces for writers that need UTF-8.
//!
//! JSON: numbers with a decimal format are numbers, in hexadecimal or octal text; times as `HH:MM:SS` are given in
//! nanoseconds since the epoch; a missing value and an empty list are null. Values of transformers do not appear,
//! the fields inside them do.

#[cfg(test)]
mod tests;

use crate::fields::{EventView, Shown, Text as _};
use peregrine_compiler::hir::{Operand, Piece, Template, Token};
use peregrine_compiler::transform;
use peregrine_compiler::value::Value;
use peregrine_schema::{FieldId, Format, Type};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

/// What a missing value prints as.
const MISSING: &[u8] = b"<NA>";
/// Bytes of a printed list; the rest is cut off.
const LONGEST_LIST: usize = 1023;

/// Appends the text of an output.
pub fn render_text(template: &Template, view: &EventView<'_>, out: &mut Vec<u8>) {
    for piece in &template.pieces {
        match piece {
            Piece::Text(text) => out.bytes(text.as_bytes()),
            Piece::Token(token) => render_token(token, view, out),
        }
    }
}

fn render_token(token: &Token, view: &EventView<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    if !render_operand(&token.operand, view, out) {
        out.truncate(start);
        out.bytes(MISSING);
    }
    if token.width > 0 {
        out.resize(start + token.width, b' ');
    }
}

/// Appends a value; `false` if it is missing.
fn render_operand(operand: &Operand, view: &EventView<'_>, out: &mut Vec<u8>) -> bool {
    match operand {
        Operand::Field(slot) => {
            let slot = *slot as usize;
            view.shown(slot).is_some_and(|shown| render_shown(&shown, view, out))
        }
        Operand::Transform(transform) => {
            let Some(value) = transform::derive(transform, view) else { return false };
            render_shown(&Shown { value, ty: transform.ty, format: Format::Dec }, view, out)
        }
    }
}

fn render_shown(shown: &Shown<'_>, view: &EventView<'_>, out: &mut Vec<u8>) -> bool {
    let Value::List(items) = shown.value else {
        return render_value(shown, view, out);
    };
    let start = out.len();
    out.push(b'(');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        render_value(&Shown { value: *item, ..*shown }, view, out);
    }
    out.push(b')');
    out.truncate(start + LONGEST_LIST);
    true
}

/// Appends a single value; `false` if its format does not fit it.
fn render_value(shown: &Shown<'_>, view: &EventView<'_>, out: &mut Vec<u8>) -> bool {
    match shown.value {
        Value::Bool(b) => out.bytes(if b { b"true" } else { b"false" }),
        Value::Int(number) => return render_number(shown, number as u64, out, |out| out.dec(number), number < 0),
        Value::Uint(number) => return render_number(shown, number, out, |out| out.udec(number), false),
        Value::Double(number) => out.fmt(format_args!("{number:.1}")),
        Value::Str(text) => printable(text, out),
        Value::Bytes(bytes) => view.print_buffer(bytes, out),
        Value::Ip(ip) => out.ip(ip),
        Value::List(_) => return false,
    }
    true
}

fn render_number(
    shown: &Shown<'_>,
    bits: u64,
    out: &mut Vec<u8>,
    decimal: impl FnOnce(&mut Vec<u8>),
    negative: bool,
) -> bool {
    // Narrow negative numbers show as many digits as C's int has.
    let narrow = negative && matches!(shown.ty, Type::Int8 | Type::Int16 | Type::Int32);
    let bits = if narrow { bits & u64::from(u32::MAX) } else { bits };
    match shown.format {
        Format::Dec | Format::Id => decimal(out),
        Format::Hex => out.fmt(format_args!("{bits:X}")),
        Format::Oct => out.fmt(format_args!("{bits:o}")),
        Format::PaddedDec if negative => out.fmt(format_args!("{:09}", bits as i64)),
        Format::PaddedDec => out.padded(bits, 9),
        Format::Na | Format::Dir if matches!(shown.ty, Type::Int64 | Type::Pid | Type::Errno | Type::Fd) => decimal(out),
        Format::Na | Format::Dir => return false,
    }
    true
}

/// Adds every field of an output to `fields`, under the names it is written with.
pub fn output_fields(template: &Template, view: &EventView<'_>, fields: &mut Map<String, Json>) {
    for piece in &template.pieces {
        if let Piece::Token(token) = piece {
            for (name, slot) in &token.keys {
                fields.insert(name.clone(), field_json(view, *slot as usize));
            }
        }
    }
}

/// A field as typed JSON.
pub fn field_json(view: &EventView<'_>, slot: usize) -> Json {
    use FieldId::*;
    match view.field_id(slot) {
        Some(EvtTime | EvtTimeS | EvtTimeIso8601 | EvtDatetime | EvtDatetimeS | EvtOutputtime) => {
            Json::from(view.time() as i64)
        }
        // Always numbers, whatever their format.
        Some(EvtRawtimeNs | EvtReltime | EvtReltimeNs | EvtLatencyNs) => match view.shown(slot).map(|s| s.value) {
            Some(Value::Uint(ns)) => Json::from(ns as i64),
            _ => Json::Null,
        },
        // The original takes the value of an alert's field twice; the second time no time has passed.
        Some(EvtDeltatime | EvtDeltatimeS | EvtDeltatimeNs) => Json::from(0),
        _ => view.shown(slot).map_or(Json::Null, |shown| shown_json(&shown, view)),
    }
}

fn shown_json(shown: &Shown<'_>, view: &EventView<'_>) -> Json {
    match shown.value {
        Value::List([]) => Json::Null,
        Value::List(items) => items.iter().map(|item| value_json(&Shown { value: *item, ..*shown }, view)).collect(),
        _ => value_json(shown, view),
    }
}

fn value_json(shown: &Shown<'_>, view: &EventView<'_>) -> Json {
    let is_number = matches!(shown.format, Format::Dec | Format::Id);
    match shown.value {
        Value::Bool(b) => Json::Bool(b),
        Value::Int(number) if is_number => Json::from(number),
        Value::Uint(number) if is_number => Json::from(number),
        Value::Double(number) if shown.format == Format::Dec => Json::from(number as i64),
        Value::Double(number) => Json::from(number),
        _ => {
            let mut text = Vec::new();
            if render_value(shown, view, &mut text) { Json::String(sanitize(&text).into_owned()) } else { Json::Null }
        }
    }
}

/// Appends a text with U+FFFD for every control character (C0, DEL, C1), every code point that is not a character
/// (U+FDD0..U+FDEF, U+nFFFE, U+nFFFF), and every maximal part that is not UTF-8.
fn printable(text: &[u8], out: &mut Vec<u8>) {
    if text.iter().all(|b| matches!(b, 0x20..=0x7e)) {
        return out.bytes(text);
    }
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            let code = u32::from(c);
            let replaced = c.is_control() || (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe;
            let c = if replaced { char::REPLACEMENT_CHARACTER } else { c };
            out.bytes(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        if !chunk.invalid().is_empty() {
            out.bytes("\u{fffd}".as_bytes());
        }
    }
}

/// Text with U+FFFD for every maximal part that is not UTF-8.
pub fn sanitize(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
}
