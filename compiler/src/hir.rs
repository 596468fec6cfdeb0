//! Typed rules: what the front end gives to the optimiser, the reference evaluator and `rulec explain`.
//!
//! Macros, lists and exceptions are gone; constants are parsed to the type of the field; every test carries
//! the place of its source. Names of fields are resolved to slots of [`RuleSet::fields`].
//!
//! What must hold (checked by the front end, relied on by everything after it):
//! - operator, field type and constants fit (`docs/operators.md`);
//! - list fields only meet `exists`, `in`, `intersects`; modifiers only meet the operators they may;
//! - a `Not` never directly holds another `Not`; `And`/`Or` have at least two members.

use crate::span::Span;
use crate::value::FieldRef;
use peregrine_schema::Type;
use serde::{Deserialize, Serialize};

/// Index into [`RuleSet::fields`].
pub type Slot = u32;

/// A loaded, checked set of rules of one event source, in matching order.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct RuleSet {
    /// Every field used by a condition or an output, each once, in order of first use.
    pub fields: Vec<FieldRef>,
    /// Rules in matching order (disabled ones included, see [`Rule::enabled`]).
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rule {
    /// Name.
    pub name: String,
    /// Description.
    pub desc: String,
    /// Source, `syscall` unless said otherwise.
    pub source: String,
    /// Severity.
    pub priority: Priority,
    /// Sorted, unique.
    pub tags: Vec<String>,
    /// Whether the rule takes part, after all `enabled` keys.
    pub enabled: bool,
    /// `capture` key.
    pub capture: bool,
    /// `capture_duration` key in milliseconds, 0 if absent.
    pub capture_duration_ms: u32,
    /// Condition.
    pub condition: Expr,
    /// Condition printed after expansion (`condition_compiled`).
    pub condition_text: String,
    /// Event codes on which the condition can match.
    pub events: EventSet,
    /// Output.
    pub output: Template,
    /// Further entries of `output_fields`, by key.
    pub extra_fields: Vec<ExtraField>,
    /// Place of the rule's name. Not kept in compiled files.
    #[serde(skip)]
    pub span: Span,
}

/// An entry of `output_fields` that the output's text does not mention (`append_output: extra_fields`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtraField {
    /// Key.
    pub key: String,
    /// Value.
    pub value: ExtraValue,
}

/// Value of an [`ExtraField`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ExtraValue {
    /// A field, with its own JSON type.
    Typed(Token),
    /// Text with tokens in it.
    Text(Template),
}

/// Severity, most severe first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[repr(u8)]
#[allow(missing_docs, reason = "names of syslog severities")]
pub enum Priority {
    Emergency,
    Alert,
    Critical,
    Error,
    Warning,
    Notice,
    Informational,
    Debug,
}

impl Priority {
    /// All, most severe first.
    pub const ALL: [Priority; 8] = [
        Priority::Emergency,
        Priority::Alert,
        Priority::Critical,
        Priority::Error,
        Priority::Warning,
        Priority::Notice,
        Priority::Informational,
        Priority::Debug,
    ];

    /// Full name as printed in alerts, e.g. `Warning`.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Emergency => "Emergency",
            Priority::Alert => "Alert",
            Priority::Critical => "Critical",
            Priority::Error => "Error",
            Priority::Warning => "Warning",
            Priority::Notice => "Notice",
            Priority::Informational => "Informational",
            Priority::Debug => "Debug",
        }
    }

    /// Parses a name, in any case; `info` is `Informational`.
    pub fn parse(s: &str) -> Option<Priority> {
        if s.eq_ignore_ascii_case("info") {
            return Some(Priority::Informational);
        }
        Priority::ALL.into_iter().find(|p| p.name().eq_ignore_ascii_case(s))
    }
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Expr {
    /// All of them, at least two.
    And(Vec<Expr>),
    /// Any of them, at least two.
    Or(Vec<Expr>),
    /// Not it.
    Not(Box<Expr>),
    /// A comparison.
    Test(Test),
}

/// A comparison with its place in the source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Test {
    /// What is tested.
    pub predicate: Predicate,
    /// Place of the left side. Not kept in compiled files.
    #[serde(skip)]
    pub span: Span,
}

impl PartialEq for Test {
    fn eq(&self, other: &Test) -> bool {
        self.predicate == other.predicate
    }
}

/// A comparison without its place; equal predicates are evaluated once per event for the whole rule set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Predicate {
    /// Left side.
    pub lhs: Operand,
    /// Operator and right side.
    pub test: Comparison,
}

/// Operator and right side.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// `exists`.
    Exists,
    /// A scalar operator and one constant.
    One(Op, Const),
    /// `in`, `intersects`, `pmatch` and a list of constants, maybe empty.
    Many(ListOp, Vec<Const>),
    /// A scalar operator with a modifier over constants, maybe none.
    Modified(Op, Modifier, Vec<Const>),
    /// A scalar operator and a computed right side; a missing right side makes it false.
    Field(Op, Operand),
    /// `in` or `intersects` and a computed right side.
    FieldList(ListOp, Operand),
}

/// Operators that compare two scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named like the operators, docs/operators.md")]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Contains,
    Icontains,
    Bcontains,
    Startswith,
    Bstartswith,
    Endswith,
    Glob,
    Iglob,
    Regex,
}

/// Operators over lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named like the operators, docs/operators.md")]
pub enum ListOp {
    In,
    Intersects,
    Pmatch,
}

/// Quantifiers over the right side; all three are false for an empty list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named like the modifiers, docs/operators.md")]
pub enum Modifier {
    /// Exactly one element satisfies (duplicates count twice).
    OneOf,
    AnyOf,
    AllOf,
}

/// A parsed constant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Const {
    /// `true`, `false`.
    Bool(bool),
    /// Signed numbers (also the constants of `DOUBLE` fields).
    Int(i64),
    /// Unsigned numbers, truncated to the field's width.
    Uint(u64),
    /// Text, unescaped; also patterns of `glob` and `regex`.
    Str(Vec<u8>),
    /// Bytes (`BYTEBUF`, and the decoded hex of `bcontains`).
    Bytes(Vec<u8>),
    /// Address, 4 or 16 bytes.
    Ip(Vec<u8>),
    /// Network: address of 4 or 16 bytes (as written, not masked) and prefix length in bits.
    Net(Vec<u8>, u8),
}

/// A computed value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operand {
    /// A field.
    Field(Slot),
    /// A transformer applied to arguments.
    Transform(Box<Transform>),
}

/// A transformer call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Transform {
    /// Which.
    pub kind: TransformKind,
    /// Arguments.
    pub args: Vec<TransformArg>,
    /// `[key]` after `getopt(...)`.
    pub key: Option<String>,
    /// Type of the result.
    #[serde(with = "crate::value::type_name")]
    pub ty: Type,
    /// Whether the result is a list.
    pub list: bool,
}

/// Transformers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named like the transformers, docs/operators.md")]
pub enum TransformKind {
    Tolower,
    Toupper,
    B64,
    Basename,
    Len,
    Join,
    Concat,
    Getopt,
}

/// An argument of a transformer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TransformArg {
    /// A field or a nested transformer.
    Operand(Operand),
    /// A constant text (numbers included).
    Str(Vec<u8>),
    /// `( ... )`.
    List(Vec<TransformArg>),
}

/// An output, parsed. Missing values print `<NA>` (text) or null (JSON).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Literal text and tokens, in order.
    pub pieces: Vec<Piece>,
}

/// A piece of an output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// A value.
    Token(Token),
}

/// `%[width]field[arg]` or `%[width]transformer(...)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Left-aligned, padded or cut to this many bytes; 0 if none given.
    pub width: usize,
    /// What is printed.
    pub operand: Operand,
    /// Fields of the token as named in `output_fields`: name as written → slot. For transformers, the
    /// fields inside.
    pub keys: Vec<(String, Slot)>,
}

/// A set of event codes.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EventSet(pub [u64; 8]);

impl EventSet {
    /// No code.
    pub const EMPTY: EventSet = EventSet([0; 8]);

    /// All codes of the schema.
    pub fn all() -> EventSet {
        let mut set = EventSet::EMPTY;
        for code in 0..peregrine_schema::EVENT_COUNT as u16 {
            set.insert(code);
        }
        set
    }

    /// Adds a code; codes beyond 511 are ignored.
    pub fn insert(&mut self, code: u16) {
        if let Some(word) = self.0.get_mut(usize::from(code) / 64) {
            *word |= 1 << (code % 64);
        }
    }

    /// Whether the code is a member.
    pub fn contains(&self, code: u16) -> bool {
        self.0.get(usize::from(code) / 64).is_some_and(|w| w >> (code % 64) & 1 == 1)
    }

    /// Members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (0..peregrine_schema::EVENT_COUNT as u16).filter(|c| self.contains(*c))
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.0.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 8]
    }

    /// Union.
    pub fn union(&self, other: &EventSet) -> EventSet {
        EventSet(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    /// Intersection.
    pub fn intersection(&self, other: &EventSet) -> EventSet {
        EventSet(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    /// All codes but these.
    pub fn complement(&self) -> EventSet {
        let all = EventSet::all();
        EventSet(std::array::from_fn(|i| all.0[i] & !self.0[i]))
    }
}

impl std::fmt::Debug for EventSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
