//! Transformers: values computed from values (`tolower(proc.name)`, `join("-", (a, b))`).
//!
//! One definition for every engine and for outputs. A missing input makes the result missing.
//! Facts: language reference, transformers; `docs/operators.md`.

use crate::hir::{Operand, Transform, TransformArg, TransformKind};
use crate::value::{Event, Value};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

/// Value of an operand.
pub fn operand<'e, E: Event + ?Sized>(operand: &Operand, event: &'e E) -> Option<Value<'e>> {
    match operand {
        Operand::Field(slot) => event.field(*slot as usize),
        Operand::Transform(t) => derive(t, event),
    }
}

/// Result of a transformer.
pub fn derive<'e, E: Event + ?Sized>(t: &Transform, event: &'e E) -> Option<Value<'e>> {
    let scratch = event.scratch();
    match t.kind {
        TransformKind::Tolower => each(single(t, event)?, scratch, &|b| Some(case(b, scratch, u8::to_ascii_lowercase))),
        TransformKind::Toupper => each(single(t, event)?, scratch, &|b| Some(case(b, scratch, u8::to_ascii_uppercase))),
        TransformKind::B64 => each(single(t, event)?, scratch, &|b| decode_base64(b, scratch)),
        TransformKind::Basename => {
            each(single(t, event)?, scratch, &|b| Some(&b[memchr::memrchr(b'/', b).map_or(0, |i| i + 1)..]))
        }
        TransformKind::Len => Some(Value::Uint(match single(t, event)? {
            Value::List(items) => items.len() as u64,
            Value::Str(b) | Value::Bytes(b) => b.len() as u64,
            _ => return None,
        })),
        TransformKind::Join => join(t, event),
        TransformKind::Concat => {
            let mut out = BumpVec::new_in(scratch);
            for arg in &t.args {
                out.extend_from_slice(text(argument(arg, event)?, scratch)?);
            }
            Some(Value::Str(out.into_bump_slice()))
        }
        TransformKind::Getopt => getopt(t, event),
    }
}

fn single<'e, E: Event + ?Sized>(t: &Transform, event: &'e E) -> Option<Value<'e>> {
    argument(t.args.first()?, event)
}

fn argument<'e, E: Event + ?Sized>(arg: &TransformArg, event: &'e E) -> Option<Value<'e>> {
    let scratch = event.scratch();
    match arg {
        TransformArg::Operand(o) => operand(o, event),
        TransformArg::Str(s) => Some(Value::Str(scratch.alloc_slice_copy(s))),
        TransformArg::List(items) => {
            let mut out = BumpVec::with_capacity_in(items.len(), scratch);
            for item in items {
                out.push(argument(item, event)?);
            }
            Some(Value::List(out.into_bump_slice()))
        }
    }
}

/// Applies `f` to a text or to every text of a list.
fn each<'e>(value: Value<'e>, scratch: &'e Bump, f: &dyn Fn(&'e [u8]) -> Option<&'e [u8]>) -> Option<Value<'e>> {
    match value {
        Value::Str(b) => f(b).map(Value::Str),
        // Trailing NULs end a text; a transformed buffer is text as far as its own bytes go.
        Value::Bytes(b) => f(trim_nul(b)).map(Value::Bytes),
        Value::List(items) => {
            let mut out = BumpVec::with_capacity_in(items.len(), scratch);
            for item in items {
                out.push(each(*item, scratch, f)?);
            }
            Some(Value::List(out.into_bump_slice()))
        }
        _ => None,
    }
}

fn trim_nul(b: &[u8]) -> &[u8] {
    &b[..b.iter().rposition(|c| *c != 0).map_or(0, |i| i + 1)]
}

fn case<'e>(b: &[u8], scratch: &'e Bump, f: fn(&u8) -> u8) -> &'e [u8] {
    scratch.alloc_slice_fill_iter(b.iter().map(f))
}

/// Standard alphabet, padding optional; bad characters or lengths give no value.
fn decode_base64<'e>(b: &[u8], scratch: &'e Bump) -> Option<&'e [u8]> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    LENIENT.decode(b).ok().map(|v| &*scratch.alloc_slice_copy(&v))
}

/// Numbers inside `join` and `concat` are printed in decimal.
fn text<'e>(value: Value<'e>, scratch: &'e Bump) -> Option<&'e [u8]> {
    let number = match value {
        Value::Str(b) | Value::Bytes(b) => return Some(b),
        Value::Int(n) => n.to_string(),
        Value::Uint(n) => n.to_string(),
        _ => return None,
    };
    Some(scratch.alloc_slice_copy(number.as_bytes()))
}

fn join<'e, E: Event + ?Sized>(t: &Transform, event: &'e E) -> Option<Value<'e>> {
    let scratch = event.scratch();
    let [separator, list] = &t.args[..] else { return None };
    let separator = text(argument(separator, event)?, scratch)?;
    let Value::List(items) = argument(list, event)? else { return None };
    let mut out = BumpVec::new_in(scratch);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(text(*item, scratch)?);
    }
    Some(Value::Str(out.into_bump_slice()))
}

/// Options of `getopt`'s second argument.
struct OptionSpec<'a>(&'a [u8]);

impl OptionSpec<'_> {
    fn body(&self) -> &[u8] {
        self.0.strip_prefix(b":").unwrap_or(self.0)
    }
    fn known(&self, option: u8) -> bool {
        option != b':' && self.body().contains(&option)
    }
    fn takes_argument(&self, option: u8) -> bool {
        self.body().windows(2).any(|w| w[0] == option && w[1] == b':')
    }
}

/// POSIX-like scan of short options; stops at `--` and at the first non-option, skips `--long`.
fn getopt<'e, E: Event + ?Sized>(t: &Transform, event: &'e E) -> Option<Value<'e>> {
    let scratch = event.scratch();
    let [list, spec] = &t.args[..] else { return None };
    let spec = OptionSpec(text(argument(spec, event)?, scratch)?);
    let words: Vec<&[u8]> = match argument(list, event)? {
        Value::List(items) => items.iter().map(|v| text(*v, scratch)).collect::<Option<_>>()?,
        single => vec![text(single, scratch)?],
    };
    let wanted = t.key.as_ref().and_then(|k| k.bytes().next());
    let mut found: Option<&'e [u8]> = None;
    let mut all = BumpVec::new_in(scratch);
    let mut emit = |name: &'e [u8], value: Option<&'e [u8]>| {
        found = Some(value.unwrap_or(name));
        all.push(Value::Str(name));
        all.extend(value.map(Value::Str));
    };
    let mut at = 0;
    while at < words.len() {
        let word = words[at];
        if word == b"--" || word.len() < 2 || word[0] != b'-' {
            break;
        }
        at += 1;
        if word.starts_with(b"--") {
            continue;
        }
        for i in 1..word.len() {
            let option = word[i];
            let name = &word[i..=i];
            if !spec.known(option) {
                if wanted.is_none() {
                    emit(b"?", None);
                }
                continue;
            }
            let selected = wanted.is_none_or(|w| w == option);
            if !spec.takes_argument(option) {
                if selected {
                    emit(name, None);
                }
                continue;
            }
            let value =
                if i + 1 < word.len() { Some(&word[i + 1..]) } else { words.get(at).copied().inspect(|_| at += 1) };
            match value {
                Some(value) if selected => emit(name, Some(value)),
                None if selected => emit(b"", None),
                _ => {}
            }
            break;
        }
    }
    match wanted {
        Some(_) => found.map(Value::Str),
        None => Some(Value::List(all.into_bump_slice())),
    }
}
