//! Printing of conditions: every `and` and `or` in one pair of parentheses, values quoted only where
//! the rules of the original ask for it. What is printed parses to the same tree, unless a value is empty, is
//! not UTF-8 or holds a NUL, or a constant inside a transformer needs quotes for being one.

use super::ast::{Check, CheckOp, Expr, Operand, Rhs, TransformArg, Value};
use crate::hir::{ListOp, Modifier, Op, TransformKind};

/// The condition as text.
pub fn print_condition(expr: &Expr) -> String {
    let mut out = String::new();
    write_expr(&mut out, expr);
    out
}

/// The field or transformer as text.
pub fn print_operand(operand: &Operand) -> String {
    let mut out = String::new();
    write_operand(&mut out, operand);
    out
}

/// An operator's name.
pub fn op_name(op: Op) -> &'static str {
    match op {
        Op::Eq => "=",
        Op::Ne => "!=",
        Op::Lt => "<",
        Op::Le => "<=",
        Op::Gt => ">",
        Op::Ge => ">=",
        Op::Contains => "contains",
        Op::Icontains => "icontains",
        Op::Bcontains => "bcontains",
        Op::Startswith => "startswith",
        Op::Bstartswith => "bstartswith",
        Op::Endswith => "endswith",
        Op::Glob => "glob",
        Op::Iglob => "iglob",
        Op::Regex => "regex",
    }
}

/// A list operator's name.
pub fn list_op_name(op: ListOp) -> &'static str {
    match op {
        ListOp::In => "in",
        ListOp::Intersects => "intersects",
        ListOp::Pmatch => "pmatch",
    }
}

/// A modifier's name.
pub fn modifier_name(modifier: Modifier) -> &'static str {
    match modifier {
        Modifier::OneOf => "oneof",
        Modifier::AnyOf => "anyof",
        Modifier::AllOf => "allof",
    }
}

/// A transformer's name.
pub fn transform_name(kind: TransformKind) -> &'static str {
    match kind {
        TransformKind::Tolower => "tolower",
        TransformKind::Toupper => "toupper",
        TransformKind::B64 => "b64",
        TransformKind::Basename => "basename",
        TransformKind::Len => "len",
        TransformKind::Join => "join",
        TransformKind::Concat => "concat",
        TransformKind::Getopt => "getopt",
    }
}

/// The operator of a comparison with its modifier, as written.
pub fn check_op_text(check: &Check) -> String {
    match check.op {
        CheckOp::Exists => "exists".into(),
        CheckOp::List(op) => list_op_name(op).into(),
        CheckOp::Scalar(op, modifier) => {
            let name = if check.double_eq { "==" } else { op_name(op) };
            match modifier {
                Some(modifier) => format!("{name} {}", modifier_name(modifier)),
                None => name.into(),
            }
        }
    }
}

fn write_expr(out: &mut String, expr: &Expr) {
    match expr {
        Expr::And(members, _) => write_chain(out, " and ", members),
        Expr::Or(members, _) => write_chain(out, " or ", members),
        Expr::Not(inner, _) => {
            out.push_str("not ");
            write_expr(out, inner);
        }
        Expr::Macro(name, _) => out.push_str(name),
        Expr::Check(check) => write_check(out, check),
        Expr::Shared(inner) => write_expr(out, inner),
    }
}

fn write_chain(out: &mut String, keyword: &str, members: &[Expr]) {
    out.push('(');
    for (i, member) in members.iter().enumerate() {
        if i > 0 {
            out.push_str(keyword);
        }
        write_expr(out, member);
    }
    out.push(')');
}

fn write_check(out: &mut String, check: &Check) {
    write_operand(out, &check.lhs);
    out.push(' ');
    match check.op {
        CheckOp::Scalar(op, None) if !check.double_eq => out.push_str(op_name(op)),
        _ => out.push_str(&check_op_text(check)),
    }
    let Some(rhs) = &check.rhs else { return };
    out.push(' ');
    match rhs {
        Rhs::Value(value) => write_value(out, value),
        Rhs::Operand(operand) => write_operand(out, operand),
        Rhs::List(values, _) => write_list(out, ", ", values, write_value),
    }
}

fn write_operand(out: &mut String, operand: &Operand) {
    match operand {
        Operand::Field { name, arg, val, .. } => {
            if *val {
                out.push_str("val(");
            }
            out.push_str(name);
            write_arg(out, arg.as_deref());
            if *val {
                out.push(')');
            }
        }
        Operand::Transform { kind, args, key, .. } => {
            out.push_str(transform_name(*kind));
            write_list(out, ",", args, write_transform_arg);
            write_arg(out, key.as_deref());
        }
    }
}

fn write_transform_arg(out: &mut String, arg: &TransformArg) {
    match arg {
        TransformArg::Operand(operand) => write_operand(out, operand),
        TransformArg::Value(value) => write_value(out, value),
        TransformArg::List(items, _) => write_list(out, ",", items, write_transform_arg),
    }
}

fn write_list<T>(out: &mut String, separator: &str, items: &[T], write: fn(&mut String, &T)) {
    out.push('(');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        write(out, item);
    }
    out.push(')');
}

fn write_arg(out: &mut String, arg: Option<&str>) {
    match arg {
        None => {}
        Some("") => out.push_str("[\"\"]"),
        Some(arg) => {
            out.push('[');
            out.push_str(&escape(arg));
            out.push(']');
        }
    }
}

fn write_value(out: &mut String, value: &Value) {
    match std::str::from_utf8(&value.bytes) {
        Ok(text) if !value.bytes.iter().any(|byte| quoted(*byte)) => out.push_str(text),
        Ok(text) => out.push_str(&escape(text)),
        Err(_) => out.push_str(&escape(&String::from_utf8_lossy(&value.bytes))),
    }
}

/// Whether [`escape`] quotes a constant with the byte.
fn quoted(byte: u8) -> bool {
    matches!(byte, 0 | 8 | 9 | 10 | 12 | 13 | b' ' | b'=' | b'\\' | b'"' | b'\'')
}

/// The text of a constant: as it is, or in double quotes if it holds one of the characters below.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut quoted = false;
    for c in text.chars() {
        let escaped = match c {
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            ' ' => " ",
            '=' => "=",
            '\\' => "\\\\",
            '"' => "\\\"",
            '\'' => "'",
            '\0' => "\0",
            other => {
                out.push(other);
                continue;
            }
        };
        quoted = true;
        out.push_str(escaped);
    }
    if quoted { format!("\"{out}\"") } else { out }
}
