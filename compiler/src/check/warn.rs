//! Warnings: what is accepted but probably not meant.

use super::field::may_be_field;
use super::{CheckWarning, WarningKind, resolve};
use crate::hir::{Op, TransformKind};
use crate::syntax::ast::{At, Check, CheckOp, Expr, Operand, Rhs, TransformArg, Value};
use crate::syntax::print::transform_name;
use std::borrow::Cow;

/// Deprecated fields that are warned of, in the order of the warnings, and what is said of them.
const DEPRECATED: [(&str, &str); 6] = [
    (
        "evt.dir",
        "due to the drop of enter events, 'evt.dir = <' always evaluates to true, and 'evt.dir = >' always evaluates \
         to false. The rule expression can be simplified by removing the condition on 'evt.dir'",
    ),
    ("evt.latency", LATENCY),
    ("evt.latency.s", LATENCY),
    ("evt.latency.ns", LATENCY),
    ("evt.latency.human", LATENCY),
    ("evt.wait_latency", LATENCY),
];

const LATENCY: &str = "field is not available due to the drop of enter events.";

/// Warnings that need no types: comparisons of audit fields with `<NA>` and deprecated fields, each once per
/// condition. Fields on the right side, and inside lists of transformers, do not count.
pub fn syntax_warnings(expr: &Expr) -> Vec<CheckWarning> {
    let mut na = None;
    let mut deprecated: [Option<At>; DEPRECATED.len()] = Default::default();
    // The order does not matter: only the first place of each kind is kept, by offset in the walk.
    let mut todo = vec![expr];
    while let Some(expr) = todo.pop() {
        match expr {
            Expr::And(members, _) | Expr::Or(members, _) => todo.extend(members.iter().rev()),
            Expr::Not(inner, _) => todo.push(inner),
            Expr::Shared(inner) => todo.push(inner),
            Expr::Macro(..) => {}
            Expr::Check(check) => {
                let unsafe_field = visit_fields(&check.lhs, &mut deprecated);
                if unsafe_field && na.is_none() {
                    na = compared_with_na(check);
                }
            }
        }
    }
    let mut out = Vec::new();
    out.extend(na.map(|at| CheckWarning { kind: WarningKind::UnsafeNa, message: String::new(), at }));
    for (at, (name, message)) in deprecated.into_iter().zip(DEPRECATED) {
        out.extend(at.map(|at| CheckWarning { kind: WarningKind::DeprecatedField(name), message: message.into(), at }));
    }
    out
}

/// Notes deprecated fields; says whether the last field is one of those that may give the text `<NA>` for a
/// missing value.
fn visit_fields(operand: &Operand, deprecated: &mut [Option<At>; DEPRECATED.len()]) -> bool {
    match operand {
        Operand::Field { name, at, .. } => {
            if let Some(i) = DEPRECATED.iter().position(|(field, _)| field == name) {
                deprecated[i].get_or_insert_with(|| at.clone());
            }
            name.starts_with("ka.") || name.starts_with("jevt.")
        }
        Operand::Transform { args, .. } => {
            let mut last = false;
            for arg in args {
                if let TransformArg::Operand(operand) = arg {
                    last = visit_fields(operand, deprecated);
                }
            }
            last
        }
    }
}

/// The `<NA>` that the check tests for equality, if any.
fn compared_with_na(check: &Check) -> Option<At> {
    let equality = matches!(check.op, CheckOp::Scalar(Op::Eq | Op::Ne, None) | CheckOp::List(_));
    let values = match &check.rhs {
        Some(Rhs::Value(value)) => std::slice::from_ref(value),
        Some(Rhs::List(values, _)) => values,
        _ => &[],
    };
    values.iter().find(|v| equality && v.bytes == b"<NA>").map(|v| v.at.clone())
}

/// Warnings for an output text that mentions deprecated fields, anywhere in the text.
pub(super) fn output_warnings(text: &str, text_id: u32) -> Vec<CheckWarning> {
    let find = |name: &str| memchr::memmem::find(text.as_bytes(), name.as_bytes());
    let any = find("evt.").is_some();
    let mentioned = DEPRECATED.iter().filter(|_| any).filter_map(|(name, _)| Some((*name, find(name)?)));
    mentioned
        .map(|(name, start)| CheckWarning {
            kind: WarningKind::DeprecatedField(name),
            message: format!("usage of deprecated field '{name}' has been detected in the rule output"),
            at: At { text: text_id, range: start..start + name.len() },
        })
        .collect()
}

/// Warnings for a constant: text that looks like a field or a transformer, needless regular expressions.
pub(super) fn text_warnings(op: CheckOp, value: &Value, out: &mut Vec<CheckWarning>) {
    // A field has a dot, a transformer a parenthesis; most constants have neither.
    let regex = matches!(op, CheckOp::Scalar(Op::Regex, _));
    if !regex && memchr::memchr2(b'.', b')', &value.bytes).is_none() {
        return;
    }
    let lossy = |_| String::from_utf8_lossy(&value.bytes);
    let text = std::str::from_utf8(&value.bytes).map_or_else(lossy, Cow::Borrowed);
    let mut warn = |message| {
        out.push(CheckWarning { kind: WarningKind::Condition, message, at: value.at.clone() });
    };
    if regex && is_plain(&value.bytes) {
        warn(format!(
            "regex check with '{text}' may be optimized with simpler operators such as '=', 'contains', \
             'startswith', 'endswith'"
        ));
    }
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r');
    let packed: Cow<'_, str> =
        if text.contains(is_space) { text.chars().filter(|c| !is_space(*c)).collect() } else { Cow::Borrowed(&text) };
    if may_be_field(&packed) && resolve(&packed).is_ok() {
        warn(format!("'{text}' may be a valid field misused as a const string value"));
    }
    if looks_like_transformer(&packed) {
        warn(format!("'{text}' may be a valid field transformer misused as a const string value"));
    }
}

fn looks_like_transformer(text: &str) -> bool {
    const KINDS: [TransformKind; 8] = [
        TransformKind::Tolower,
        TransformKind::Toupper,
        TransformKind::B64,
        TransformKind::Basename,
        TransformKind::Len,
        TransformKind::Join,
        TransformKind::Concat,
        TransformKind::Getopt,
    ];
    let Some((name, _)) = text.strip_suffix(')').and_then(|inner| inner.split_once('(')) else { return false };
    name == "val" || KINDS.iter().any(|kind| transform_name(*kind) == name)
}

/// Whether a regular expression is plain text, but for anchors and any-text parts at its ends.
fn is_plain(pattern: &[u8]) -> bool {
    let len = pattern.len();
    let mut i = 0;
    while i < len {
        let byte = pattern[i];
        let anchor = (i == 0 && byte == b'^') || (i + 1 == len && byte == b'$');
        let at_end = (i == 0 && len > 1) || i + 2 == len;
        if !anchor {
            if at_end && byte == b'.' && matches!(pattern[i + 1], b'+' | b'*' | b'?') {
                i += 1;
            } else if b".+*?^$()[]{}|\\".contains(&byte) {
                return false;
            }
        }
        i += 1;
    }
    true
}
