//! Typed conditions as text, in the condition language: what is printed reads back as the same condition.
//!
//! For people (`rulec explain`), for the IR's text form, for comparing conditions in tests.

use crate::hir::{Comparison, Const, Expr, Op, Operand, Predicate, Transform, TransformArg};
use crate::syntax::print::{list_op_name, modifier_name, op_name, transform_name};
use crate::value::{Arg, FieldRef};
use peregrine_schema::{FieldFlags, FieldId};
use std::fmt::{Display, Formatter, Result, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

impl Display for FieldRef {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let row = self.id.row();
        f.write_str(row.name)?;
        match &self.arg {
            Arg::None => Ok(()),
            Arg::Index(i) => write!(f, "[{i}]"),
            Arg::Key(key) => {
                let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                let bare = !key.is_empty() && !key.bytes().any(|b| b"[]\"' \t\n\r\x08".contains(&b));
                if plain && row.flags.has(FieldFlags::DOTTED_ARG) {
                    write!(f, ".{key}")
                } else if bare {
                    write!(f, "[{key}]")
                } else {
                    write!(f, "[{}]", Quoted(key.as_bytes()))
                }
            }
        }
    }
}

/// Bytes as a quoted string of the condition language.
pub struct Quoted<'a>(pub &'a [u8]);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_char('"')?;
        for (i, b) in self.0.iter().enumerate() {
            match b {
                b'"' => f.write_str("\\\"")?,
                // A string cannot end in an escaped backslash, but it can end in one written as a byte.
                b'\\' if i + 1 == self.0.len() => f.write_str("\\x5C")?,
                b'\\' => f.write_str("\\\\")?,
                b'\n' => f.write_str("\\n")?,
                b'\r' => f.write_str("\\r")?,
                b'\t' => f.write_str("\\t")?,
                0x20..=0x7e => f.write_char(char::from(*b))?,
                _ => write!(f, "\\x{b:02X}")?,
            }
        }
        f.write_char('"')
    }
}

/// Something printed with the names of a rule set's fields.
pub struct With<'a, T: ?Sized>(pub &'a [FieldRef], pub &'a T);

impl Display for With<'_, Expr> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let group = |f: &mut Formatter<'_>, members: &[Expr], word: &str| {
            f.write_char('(')?;
            for (i, member) in members.iter().enumerate() {
                if i > 0 {
                    write!(f, " {word} ")?;
                }
                write!(f, "{}", With(self.0, member))?;
            }
            f.write_char(')')
        };
        match self.1 {
            Expr::And(members) => group(f, members, "and"),
            Expr::Or(members) => group(f, members, "or"),
            Expr::Not(inner) => write!(f, "not {}", With(self.0, &**inner)),
            Expr::Test(test) => write!(f, "{}", With(self.0, &test.predicate)),
        }
    }
}

impl Display for With<'_, Predicate> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} ", With(self.0, &self.1.lhs))?;
        match &self.1.test {
            Comparison::Exists => f.write_str("exists"),
            Comparison::One(op, c) => {
                write!(f, "{} ", self.op_as_written(*op))?;
                constant(f, *op, c)
            }
            Comparison::Many(op, list) => {
                write!(f, "{} ", list_op_name(*op))?;
                constants(f, Op::Eq, list)
            }
            Comparison::Modified(op, modifier, list) => {
                write!(f, "{} {} ", self.op_as_written(*op), modifier_name(*modifier))?;
                constants(f, *op, list)
            }
            Comparison::Field(op, rhs) => {
                write!(f, "{} ", op_name(*op))?;
                right_side(f, self.0, rhs)
            }
            Comparison::FieldList(op, rhs) => {
                write!(f, "{} ", list_op_name(*op))?;
                right_side(f, self.0, rhs)
            }
        }
    }
}

impl With<'_, Predicate> {
    /// The operator of a rule's text: `evt.around[T] = D` is a `<=` inside.
    fn op_as_written(&self, op: Op) -> &'static str {
        let around = |slot: &u32| self.0.get(*slot as usize).is_some_and(|f| f.id == FieldId::EvtAround);
        match &self.1.lhs {
            Operand::Field(slot) if op == Op::Le && around(slot) => op_name(Op::Eq),
            _ => op_name(op),
        }
    }
}

fn right_side(f: &mut Formatter<'_>, fields: &[FieldRef], operand: &Operand) -> Result {
    match operand {
        Operand::Field(_) => write!(f, "val({})", With(fields, operand)),
        Operand::Transform(_) => write!(f, "{}", With(fields, operand)),
    }
}

impl Display for With<'_, Operand> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.1 {
            Operand::Field(slot) => match self.0.get(*slot as usize) {
                Some(field) => write!(f, "{field}"),
                None => write!(f, "?{slot}"),
            },
            Operand::Transform(t) => write!(f, "{}", With(self.0, &**t)),
        }
    }
}

impl Display for With<'_, Transform> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}(", transform_name(self.1.kind))?;
        for (i, arg) in self.1.args.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{}", With(self.0, arg))?;
        }
        f.write_char(')')?;
        match &self.1.key {
            Some(key) => write!(f, "[{}]", Quoted(key.as_bytes())),
            None => Ok(()),
        }
    }
}

impl Display for With<'_, TransformArg> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.1 {
            TransformArg::Operand(o) => write!(f, "{}", With(self.0, o)),
            TransformArg::Str(s) => write!(f, "{}", Quoted(s)),
            TransformArg::List(items) => {
                f.write_char('(')?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{}", With(self.0, item))?;
                }
                f.write_char(')')
            }
        }
    }
}

fn constants(f: &mut Formatter<'_>, op: Op, list: &[Const]) -> Result {
    f.write_char('(')?;
    for (i, c) in list.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        constant(f, op, c)?;
    }
    f.write_char(')')
}

fn constant(f: &mut Formatter<'_>, op: Op, c: &Const) -> Result {
    match c {
        Const::Bool(b) => write!(f, "{b}"),
        Const::Int(n) => write!(f, "{n}"),
        Const::Uint(n) => write!(f, "{n}"),
        // Orderings take number tokens only, which texts then are.
        Const::Str(s) if matches!(op, Op::Lt | Op::Le | Op::Gt | Op::Ge) => f.write_str(&String::from_utf8_lossy(s)),
        Const::Str(s) => write!(f, "{}", Quoted(s)),
        Const::Bytes(s) if matches!(op, Op::Bcontains | Op::Bstartswith) => {
            s.iter().try_for_each(|b| write!(f, "{b:02x}"))
        }
        Const::Bytes(s) => write!(f, "{}", Quoted(s)),
        Const::Ip(ip) => f.write_str(&address(ip)),
        Const::Net(ip, bits) => write!(f, "{}/{bits}", address(ip)),
    }
}

/// An address of 4 or 16 bytes as text.
pub fn address(ip: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(ip) {
        Ipv4Addr::from(v4).to_string()
    } else if let Ok(v6) = <[u8; 16]>::try_from(ip) {
        Ipv6Addr::from(v6).to_string()
    } else {
        format!("{ip:02x?}")
    }
}
