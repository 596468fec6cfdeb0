//! Typed values of the keys of an item. The order of the checks and the words of the errors are Falco's.

use super::context::{Checked, Context};
use super::yaml::Node;
use crate::report::{Code, Diagnostic, ItemKind};
use crate::span::{Mapped, Span};

/// A value that must not be empty.
enum Empty {
    /// Null and `""` are mistakes.
    Refused,
    /// Null and `""` are as good as nothing.
    Absent,
}

/// The text of a key that must be there.
pub(super) fn text<'n>(item: &'n Node, key: &str, context: &Context) -> Checked<&'n Mapped> {
    let found = scalar(item, key, context, Empty::Refused)?;
    found.map(|(text, _)| text).ok_or_else(|| missing(key, context))
}

/// The text of a key that may be missing, null or empty.
pub(super) fn text_or_nothing<'n>(item: &'n Node, key: &str, context: &Context) -> Checked<Option<&'n Mapped>> {
    Ok(scalar(item, key, context, Empty::Absent)?.map(|(text, _)| text))
}

/// The text of a key that may be missing, but not empty.
pub(super) fn optional_text<'n>(item: &'n Node, key: &str, context: &Context) -> Checked<Option<&'n Mapped>> {
    Ok(scalar(item, key, context, Empty::Refused)?.map(|(text, _)| text))
}

/// The truth value of a key that may be missing.
pub(super) fn optional_bool(item: &Node, key: &str, context: &Context) -> Checked<Option<bool>> {
    parsed(item, key, context, parse_bool)
}

/// The truth value of a key that must be there.
pub(super) fn bool(item: &Node, key: &str, context: &Context) -> Checked<bool> {
    optional_bool(item, key, context)?.ok_or_else(|| missing(key, context))
}

/// The number of a key that may be missing.
pub(super) fn optional_u32(item: &Node, key: &str, context: &Context) -> Checked<Option<u32>> {
    parsed(item, key, context, parse_u32)
}

/// The number of a key that must be there.
pub(super) fn u32(item: &Node, key: &str, context: &Context) -> Checked<u32> {
    optional_u32(item, key, context)?.ok_or_else(|| missing(key, context))
}

/// The texts of a sequence, `None` if the key is missing.
pub(super) fn optional_texts(item: &Node, key: &str, context: &Context) -> Checked<Option<Vec<Mapped>>> {
    let Some(value) = item.get(key) else { return Ok(None) };
    let context = context.inner(ItemKind::ValueFor, key, value.span);
    let Some(nodes) = value.seq() else {
        return Err(context.diagnostic(Code::YamlValidate, "Value is not a sequence"));
    };
    let text = |node: &std::rc::Rc<Node>| {
        node.scalar().cloned().ok_or_else(|| {
            let context = context.inner(ItemKind::ListItem, "", node.span);
            context.diagnostic(Code::YamlValidate, "sequence value is not scalar")
        })
    };
    nodes.iter().map(text).collect::<Checked<Vec<_>>>().map(Some)
}

/// The texts of a sequence that must be there.
pub(super) fn texts(item: &Node, key: &str, context: &Context) -> Checked<Vec<Mapped>> {
    optional_texts(item, key, context)?.ok_or_else(|| missing(key, context))
}

/// The error about a key that is not there.
pub(super) fn missing(key: &str, context: &Context) -> Box<Diagnostic> {
    context.diagnostic(Code::YamlValidate, format!("Item has no mapping for key '{key}'"))
}

fn parsed<T>(item: &Node, key: &str, context: &Context, parse: fn(&str) -> Option<T>) -> Checked<Option<T>> {
    let Some((text, context)) = scalar(item, key, context, Empty::Refused)? else { return Ok(None) };
    match parse(text.text()) {
        Some(value) => Ok(Some(value)),
        None => Err(context.diagnostic(Code::YamlValidate, "Can't decode YAML scalar value")),
    }
}

/// The scalar of a key and its place.
fn scalar<'n>(item: &'n Node, key: &str, context: &Context, empty: Empty) -> Checked<Option<(&'n Mapped, Context)>> {
    let Some((key_node, value)) = item.entry(key) else { return Ok(None) };
    if value.is_null() {
        return match empty {
            Empty::Absent => Ok(None),
            Empty::Refused => {
                let message = format!("Mapping for key '{key}' is empty");
                Err(context.diagnostic_at(Code::YamlValidate, message, key_node.span))
            }
        };
    }
    let context = context.inner(ItemKind::ValueFor, key, value.span);
    let Some(text) = value.scalar() else {
        return Err(context.diagnostic(Code::YamlValidate, "Value is not a scalar value"));
    };
    match (text.is_empty(), empty) {
        (false, _) => Ok(Some((text, context))),
        (true, Empty::Absent) => Ok(None),
        (true, Empty::Refused) => Err(context.diagnostic(Code::YamlValidate, "Value must be non-empty")),
    }
}

/// The truth values of YAML 1.1: `y yes true on` and their opposites, in lower, upper or title case.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    let first = text.chars().next()?;
    let rest = &text[first.len_utf8()..];
    let lower = |s: &str| s.chars().all(|c| c.is_ascii_lowercase());
    let upper = |s: &str| s.chars().all(|c| c.is_ascii_uppercase());
    if !(lower(text) || (first.is_ascii_uppercase() && (lower(rest) || upper(rest)))) {
        return None;
    }
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "on" => Some(true),
        "n" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// A number as C++ streams read it: decimal, `0x` hexadecimal, `0` octal; blanks may follow.
pub(super) fn parse_u32(text: &str) -> Option<u32> {
    let text = text.trim_end_matches(|c: char| c.is_ascii_whitespace());
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).ok();
    }
    match digits.strip_prefix('0') {
        Some("") => Some(0),
        Some(octal) => u32::from_str_radix(octal, 8).ok(),
        None => digits.parse().ok(),
    }
}

/// The text of a key of a mapping: null is `null`, and what is no scalar is a mistake.
pub(super) fn key_text(key: &Node, whole: &Context) -> Checked<String> {
    if key.is_null() {
        return Ok("null".to_owned());
    }
    match key.scalar() {
        Some(text) => Ok(text.text().to_owned()),
        None => Err(whole.diagnostic_at(Code::Validate, "bad conversion: a key must be a scalar", key.span)),
    }
}

/// Text without surrounding white space, still mapped.
pub(super) fn trimmed(text: &Mapped) -> Mapped {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
    let start = text.len() - text.text().trim_start_matches(blank).len();
    let end = text.text().trim_end_matches(blank).len().max(start);
    text.slice(start..end)
}

/// The place of a whole text.
pub(super) fn whole_span(text: &Mapped) -> Span {
    text.span(0..text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_values() {
        for yes in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On"] {
            assert_eq!(parse_bool(yes), Some(true), "{yes}");
        }
        for no in ["n", "no", "No", "false", "FALSE", "off"] {
            assert_eq!(parse_bool(no), Some(false), "{no}");
        }
        for neither in ["", "yEs", "1", "foo", "tRUE"] {
            assert_eq!(parse_bool(neither), None, "{neither}");
        }
    }

    #[test]
    fn numbers() {
        for (text, number) in [("0", 0), ("63", 63), ("0x1F", 31), ("010", 8), ("+5", 5), ("7 ", 7)] {
            assert_eq!(parse_u32(text), Some(number), "{text}");
        }
        for text in ["", "-1", "1.0", "seven", " 1", "4294967296", "08", "0x"] {
            assert_eq!(parse_u32(text), None, "{text}");
        }
    }
}
