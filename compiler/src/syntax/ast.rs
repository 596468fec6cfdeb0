//! Conditions as written: macros and lists still by name, nothing typed.
//!
//! Places are byte ranges of the text that was parsed; [`At::text`] says which text (a condition is put
//! together from several: the rule's and those of its macros), see [`crate::span::Mapped`].

use crate::hir::{ListOp, Modifier, Op, TransformKind};
use std::ops::Range;
use std::sync::Arc;

/// A place in a parsed text.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct At {
    /// Number of the text, given to the parser by its caller.
    pub text: u32,
    /// Bytes of the text.
    pub range: Range<usize>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// `a and b and c`; at the first operand.
    And(Vec<Expr>, At),
    /// `a or b or c`; at the first operand.
    Or(Vec<Expr>, At),
    /// `not a`; at the keyword. Pairs of `not` have cancelled.
    Not(Box<Expr>, At),
    /// A macro's name.
    Macro(String, At),
    /// A comparison.
    Check(Check),
    /// The condition of a macro, put in place of its name. The parser makes none.
    Shared(Arc<Expr>),
}

/// A comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Left side: a field or a transformer.
    pub lhs: Operand,
    /// Operator.
    pub op: CheckOp,
    /// `=` was written `==`, which only matters for printing it back.
    pub double_eq: bool,
    /// Place of the operator.
    pub op_at: At,
    /// Right side; `None` for `exists`.
    pub rhs: Option<Rhs>,
    /// From the left side to the end of the right side.
    pub at: At,
}

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOp {
    /// `exists`.
    Exists,
    /// A scalar operator, maybe with a modifier.
    Scalar(Op, Option<Modifier>),
    /// A list operator.
    List(ListOp),
}

/// A right side.
#[derive(Clone, Debug, PartialEq)]
pub enum Rhs {
    /// A number, quoted or bare string (unescaped).
    Value(Value),
    /// `( ... )`.
    List(Vec<Value>, At),
    /// A transformer or `val(...)` (which is just the field).
    Operand(Operand),
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Unescaped bytes: escapes may give bytes that are not UTF-8.
    pub bytes: Vec<u8>,
    /// Place, quotes included.
    pub at: At,
}

/// A field or a transformer.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// `name` or `name[arg]`.
    Field {
        /// Name with its dots.
        name: String,
        /// Argument in brackets, unescaped; `Some("")` for `[""]`.
        arg: Option<String>,
        /// Place, brackets included.
        at: At,
        /// Written as `val(name)`.
        val: bool,
    },
    /// `name(args)` or `name(args)[key]`.
    Transform {
        /// Which.
        kind: TransformKind,
        /// Arguments.
        args: Vec<TransformArg>,
        /// Argument in brackets.
        key: Option<String>,
        /// Place.
        at: At,
    },
}

/// An argument of a transformer.
#[derive(Clone, Debug, PartialEq)]
pub enum TransformArg {
    /// A field or transformer.
    Operand(Operand),
    /// A quoted string or number.
    Value(Value),
    /// A parenthesised list.
    List(Vec<TransformArg>, At),
}
