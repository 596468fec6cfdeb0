//! What a condition says about the value of one field or transformer.
//!
//! [`Facts`] is a set of values, the missing one among them, that holds at least all values for which the
//! comparisons noted so far have the answers noted: too large a set proves nothing, too small a one would prove
//! what is not so. It is narrowed comparison by comparison; once equality leaves few values, these are tried one by
//! one with the reference evaluator's meaning of operators.
//!
//! Only values that are not lists are described here; see [`super::solver`] for those that may be.

use crate::eval;
use crate::hir::{Comparison, Const, ListOp, Modifier, Op};
use crate::span::Span;
use crate::value::Value;
use std::ops::RangeInclusive;

/// Most constants of a comparison that are looked at one by one.
pub(super) const MAX_CONSTANTS: usize = 256;
/// Most values on which regular expressions are tried, which have to be built for each.
const MAX_TRIED: usize = 16;

/// A value that is not a list.
#[derive(Debug, Clone)]
enum Single {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Str(Vec<u8>),
    Bytes(Vec<u8>),
    Ip(Vec<u8>),
}

impl Single {
    fn value(&self) -> Value<'_> {
        match self {
            Single::Bool(b) => Value::Bool(*b),
            Single::Int(n) => Value::Int(*n),
            Single::Uint(n) => Value::Uint(*n),
            Single::Double(n) => Value::Double(*n),
            Single::Str(s) => Value::Str(s),
            Single::Bytes(s) => Value::Bytes(s),
            Single::Ip(ip) => Value::Ip(ip),
        }
    }
}

/// All values that equal a constant, of whatever kind; `None` if they cannot be told one by one.
fn equals(constant: &Const) -> Option<Vec<Single>> {
    Some(match constant {
        Const::Bool(b) => vec![Single::Bool(*b)],
        Const::Int(n) => vec![Single::Int(*n), Single::Uint(*n as u64), Single::Double(*n as f64)],
        Const::Uint(n) => vec![Single::Int(*n as i64), Single::Uint(*n), Single::Double(*n as f64)],
        // Only fields whose values are text have constants of text.
        Const::Str(s) => vec![Single::Str(s.clone())],
        Const::Bytes(s) => vec![Single::Str(s.clone()), Single::Bytes(s.clone())],
        Const::Ip(ip) => vec![Single::Ip(ip.clone())],
        Const::Net(..) => return None,
    })
}

/// All values for which a comparison can hold, if they can be told one by one.
fn candidates(test: &Comparison) -> Option<Vec<Single>> {
    let constants = match test {
        Comparison::One(Op::Eq, constant) => std::slice::from_ref(constant),
        Comparison::Many(ListOp::In | ListOp::Intersects, list) => list,
        // Whatever the modifier, one of the constants has to be equal.
        Comparison::Modified(Op::Eq, _, list) => list,
        _ => return None,
    };
    let all: Option<Vec<Vec<Single>>> = constants.iter().map(equals).collect();
    Some(all?.concat())
}

/// The answer of a comparison for a value; `None` if it depends on more than the value.
fn answer(test: &Comparison, value: &Single) -> Option<bool> {
    let value = value.value();
    Some(match test {
        Comparison::Exists => true,
        Comparison::One(op, constant) => eval::scalar(*op, value, constant),
        Comparison::Many(ListOp::Pmatch, list) => {
            let Value::Str(path) = value else { return Some(false) };
            list.iter().any(|prefix| matches!(prefix, Const::Str(prefix) if eval::path_prefix(prefix, path)))
        }
        Comparison::Many(_, list) => list.iter().any(|constant| eval::scalar(Op::Eq, value, constant)),
        Comparison::Modified(op, modifier, list) => {
            let count = list.iter().filter(|constant| eval::scalar(*op, value, constant)).count();
            match modifier {
                Modifier::OneOf => count == 1,
                Modifier::AnyOf => count > 0,
                Modifier::AllOf => count > 0 && count == list.len(),
            }
        }
        Comparison::Field(..) | Comparison::FieldList(..) => return None,
    })
}

fn has_regex(test: &Comparison) -> bool {
    matches!(test, Comparison::One(Op::Regex, _) | Comparison::Modified(Op::Regex, ..))
}

/// Number of constants of a comparison.
pub(super) fn constants(test: &Comparison) -> usize {
    match test {
        Comparison::Many(_, list) | Comparison::Modified(_, _, list) => list.len(),
        _ => 1,
    }
}

/// Fractional numbers between two bounds, each with whether it is left out.
#[derive(Debug, Clone, Copy)]
struct Doubles {
    low: (f64, bool),
    high: (f64, bool),
}

impl Doubles {
    fn is_empty(&self) -> bool {
        self.low.0 > self.high.0 || (self.low.0 == self.high.0 && (self.low.1 || self.high.1))
    }

    /// Leaves those to which the bound has the relation.
    fn narrow(&mut self, op: Op, bound: f64) {
        let strict = matches!(op, Op::Lt | Op::Gt);
        match op {
            Op::Lt | Op::Le if bound < self.high.0 => self.high = (bound, strict),
            Op::Gt | Op::Ge if bound > self.low.0 => self.low = (bound, strict),
            Op::Lt | Op::Le if bound == self.high.0 => self.high.1 |= strict,
            Op::Gt | Op::Ge if bound == self.low.0 => self.low.1 |= strict,
            _ => {}
        }
    }
}

/// A comparison on the value with its answer, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted<'r> {
    pub(super) test: &'r Comparison,
    pub(super) answer: bool,
    pub(super) span: Span,
}

/// The values that are left.
#[derive(Debug, Clone)]
pub(super) struct Facts<'r> {
    /// There may be no value.
    missing: bool,
    /// The values one by one. If they are not known so, the parts below count, each for a kind of value.
    single: Option<Vec<Single>>,
    signed: RangeInclusive<i128>,
    unsigned: RangeInclusive<i128>,
    doubles: Doubles,
    /// What is no number but has the type of one.
    not_a_number: bool,
    /// All kinds that are not numbers.
    others: bool,
    /// What texts begin and end with.
    prefix: &'r [u8],
    suffix: &'r [u8],
    pub(super) noted: Vec<Noted<'r>>,
}

impl Default for Facts<'_> {
    fn default() -> Self {
        Facts {
            missing: true,
            single: None,
            signed: i128::from(i64::MIN)..=i128::from(i64::MAX),
            unsigned: 0..=i128::from(u64::MAX),
            doubles: Doubles { low: (f64::NEG_INFINITY, false), high: (f64::INFINITY, false) },
            not_a_number: true,
            others: true,
            prefix: b"",
            suffix: b"",
            noted: Vec::new(),
        }
    }
}

impl<'r> Facts<'r> {
    /// A number that is always there and at least 1.
    pub(super) fn counted() -> Facts<'r> {
        let mut facts = Facts { missing: false, not_a_number: false, others: false, ..Facts::default() };
        facts.unsigned = 1..=i128::from(u64::MAX);
        facts.signed = nothing();
        facts.doubles.high = (f64::NEG_INFINITY, true);
        facts
    }

    /// Number of values that are known one by one.
    pub(super) fn size(&self) -> usize {
        self.single.as_ref().map_or(0, Vec::len)
    }

    /// Leaves the values for which the comparison has the answer; says whether there are any.
    pub(super) fn narrow(&mut self, noted: Noted<'r>) -> bool {
        let (test, positive) = (noted.test, noted.answer);
        if positive {
            self.missing = false;
        }
        if let Some(values) = &mut self.single {
            keep(values, &noted);
            self.noted.push(noted);
            return self.missing || self.any();
        }
        match candidates(test) {
            Some(mut values) if positive => {
                values.retain(|value| self.holds(value));
                self.noted.iter().chain([&noted]).for_each(|noted| keep(&mut values, noted));
                self.single = Some(values);
            }
            _ => self.narrow_parts(test, positive),
        }
        self.noted.push(noted);
        self.missing || self.any()
    }

    fn any(&self) -> bool {
        match &self.single {
            Some(values) => !values.is_empty(),
            None => {
                let numbers = !self.signed.is_empty() || !self.unsigned.is_empty() || !self.doubles.is_empty();
                numbers || self.not_a_number || self.others
            }
        }
    }

    /// Whether a value is in the part of its kind.
    fn holds(&self, value: &Single) -> bool {
        match value {
            Single::Int(n) => self.signed.contains(&i128::from(*n)),
            Single::Uint(n) => self.unsigned.contains(&i128::from(*n)),
            Single::Double(_) => !self.doubles.is_empty(),
            _ => self.others,
        }
    }

    fn narrow_parts(&mut self, test: &'r Comparison, positive: bool) {
        match test {
            Comparison::Exists if !positive => self.no_value(),
            // No constant can satisfy.
            Comparison::Many(_, list) | Comparison::Modified(_, _, list) if list.is_empty() && positive => {
                self.no_value();
            }
            Comparison::One(op, constant @ (Const::Int(_) | Const::Uint(_))) => {
                self.narrow_numbers(*op, constant, positive)
            }
            Comparison::One(op, Const::Str(text) | Const::Bytes(text)) => self.narrow_texts(*op, text, positive),
            _ => {}
        }
    }

    fn no_value(&mut self) {
        self.no_number();
        self.others = false;
    }

    fn no_number(&mut self) {
        (self.signed, self.unsigned) = (nothing(), nothing());
        self.doubles.high = (f64::NEG_INFINITY, true);
        self.not_a_number = false;
    }

    fn narrow_numbers(&mut self, op: Op, constant: &Const, positive: bool) {
        let op = match (op, positive) {
            (Op::Lt, true) | (Op::Ge, false) => Op::Lt,
            (Op::Le, true) | (Op::Gt, false) => Op::Le,
            (Op::Gt, true) | (Op::Le, false) => Op::Gt,
            (Op::Ge, true) | (Op::Lt, false) => Op::Ge,
            _ => return,
        };
        if positive {
            (self.others, self.not_a_number) = (false, false);
        }
        let (signed, unsigned, double) = match constant {
            Const::Int(n) => (*n, *n as u64, *n as f64),
            Const::Uint(n) => (*n as i64, *n, *n as f64),
            _ => return,
        };
        narrow_range(&mut self.signed, op, i128::from(signed));
        narrow_range(&mut self.unsigned, op, i128::from(unsigned));
        self.doubles.narrow(op, double);
    }

    fn narrow_texts(&mut self, op: Op, text: &'r [u8], positive: bool) {
        if positive && op != Op::Ne {
            self.no_number();
        }
        if positive && matches!(op, Op::Startswith | Op::Bstartswith) {
            self.others &= text.starts_with(self.prefix) || self.prefix.starts_with(text);
            if text.len() > self.prefix.len() {
                self.prefix = text;
            }
        }
        if positive && op == Op::Endswith {
            self.others &= text.ends_with(self.suffix) || self.suffix.ends_with(text);
            if text.len() > self.suffix.len() {
                self.suffix = text;
            }
        }
        // A text with the prefix and suffix has every part of them, so that no such test can fail on it. Where no
        // test so far says that it is a text, neither of them says anything.
        let found = |part: &[u8], op: Op| match op {
            Op::Startswith | Op::Bstartswith => self.prefix.starts_with(part),
            Op::Endswith => self.suffix.ends_with(part),
            Op::Contains | Op::Bcontains => {
                let within = |whole: &[u8]| memchr::memmem::find(whole, part).is_some();
                within(self.prefix) || within(self.suffix)
            }
            _ => false,
        };
        let is_text = !self.prefix.is_empty() || !self.suffix.is_empty();
        let failed = self.noted.iter().filter(|noted| !noted.answer).filter_map(|noted| match noted.test {
            Comparison::One(op, Const::Str(part) | Const::Bytes(part)) => Some((part.as_slice(), *op)),
            _ => None,
        });
        let now = (!positive).then_some((text, op));
        if is_text && failed.chain(now).any(|(part, op)| found(part, op)) {
            self.others = false;
        }
    }
}

/// Leaves the values for which a comparison may have its answer.
fn keep(values: &mut Vec<Single>, noted: &Noted<'_>) {
    if has_regex(noted.test) && values.len() > MAX_TRIED {
        return;
    }
    values.retain(|value| answer(noted.test, value) != Some(!noted.answer));
}

fn nothing() -> RangeInclusive<i128> {
    RangeInclusive::new(1, 0)
}

fn narrow_range(range: &mut RangeInclusive<i128>, op: Op, bound: i128) {
    let (low, high) = (*range.start(), *range.end());
    *range = match op {
        Op::Lt => low..=high.min(bound - 1),
        Op::Le => low..=high.min(bound),
        Op::Gt => low.max(bound + 1)..=high,
        Op::Ge => low.max(bound)..=high,
        _ => return,
    };
}
