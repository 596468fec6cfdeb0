//! Predicates made ready to run: searchers built, lists sorted, patterns compiled.
//!
//! Shared by interpreter and native code; the reference evaluator has its own reading of the operators.

use crate::hir::{Comparison, Const, ListOp, Modifier, Op, Operand, Predicate, RuleSet};
use crate::pattern::{Regex, bracket};
use crate::transform;
use crate::value::{Arg, Event, Value};
use memchr::memmem;
use peregrine_schema::FieldFlags;
use rustc_hash::FxHashSet;

/// A predicate ready to run.
#[derive(Debug)]
pub struct Prepared {
    /// Left side.
    pub lhs: Operand,
    /// How several values of the left side combine.
    pub spread: Spread,
    /// What is tested.
    pub test: Test,
}

/// How a test applies to a field that gives several values without being a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// One value.
    One,
    /// Holds if it holds for any value.
    Any,
    /// Both ends of a connection: `!=` must hold for all, everything else for any.
    Ends,
}

/// A test of one value.
#[derive(Debug)]
pub enum Test {
    /// The value exists.
    Exists,
    /// A scalar operator.
    One(Scalar),
    /// Membership of a scalar in a set, of all (`true`) or any elements of a list in a set.
    In(Set, bool),
    /// Path prefixes.
    Pmatch(Vec<Box<[Component]>>),
    /// A quantified scalar operator.
    Modified(Modifier, Vec<Scalar>),
    /// A scalar operator against a computed value.
    Field(Op, Operand),
    /// Membership in a computed list.
    FieldList(ListOp, Operand),
}

/// A scalar operator with its constant.
#[derive(Debug)]
pub enum Scalar {
    /// `= != < <= > >=`.
    Order(Op, Const),
    /// `contains`.
    Contains(Box<memmem::Finder<'static>>),
    /// `icontains`, lower-cased needle.
    Icontains(Box<memmem::Finder<'static>>),
    /// `startswith`.
    Startswith(Box<[u8]>),
    /// `endswith`.
    Endswith(Box<[u8]>),
    /// `glob`, or `iglob` with a lower-cased pattern.
    Glob(Glob, bool),
    /// `regex`; `None` never matches.
    Regex(Option<Regex>),
}

/// Constants for membership tests.
#[derive(Debug)]
pub enum Set {
    /// Up to a handful of texts: compared one by one after a look at the lengths (bit `min(len, 63)`).
    FewTexts(u64, Vec<Box<[u8]>>),
    /// Texts.
    Texts(u64, FxHashSet<Box<[u8]>>),
    /// Anything else, compared one by one.
    Others(Vec<Const>),
}

const FEW: usize = 4;

impl Set {
    fn new(list: &[Const]) -> Set {
        let texts: Option<Vec<Box<[u8]>>> = list
            .iter()
            .map(|c| match c {
                Const::Str(s) | Const::Bytes(s) => Some(s.clone().into_boxed_slice()),
                _ => None,
            })
            .collect();
        match texts {
            Some(texts) => {
                let lengths = texts.iter().fold(0, |bits, t| bits | 1 << t.len().min(63));
                if texts.len() <= FEW {
                    Set::FewTexts(lengths, texts)
                } else {
                    Set::Texts(lengths, texts.into_iter().collect())
                }
            }
            None => Set::Others(list.to_vec()),
        }
    }

    /// Whether the value equals a member.
    pub fn contains(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Set::FewTexts(lengths, texts), Value::Str(v) | Value::Bytes(v)) => {
                lengths >> v.len().min(63) & 1 == 1 && texts.iter().any(|t| **t == *v)
            }
            (Set::Texts(lengths, texts), Value::Str(v) | Value::Bytes(v)) => {
                lengths >> v.len().min(63) & 1 == 1 && texts.contains(v)
            }
            (Set::Others(list), v) => list.iter().any(|c| order(Op::Eq, v, c)),
            _ => false,
        }
    }
}

impl Prepared {
    /// Prepares a predicate whose left side combines as given.
    pub fn new(spread: Spread, predicate: &Predicate) -> Prepared {
        let test = match &predicate.test {
            Comparison::Exists => Test::Exists,
            Comparison::One(op, c) => Test::One(Scalar::new(*op, c)),
            Comparison::Many(ListOp::Pmatch, list) => Test::Pmatch(
                list.iter().filter_map(|c| if let Const::Str(s) = c { Some(components(s)) } else { None }).collect(),
            ),
            Comparison::Many(op, list) => Test::In(Set::new(list), *op == ListOp::In),
            Comparison::Modified(op, modifier, list) => {
                Test::Modified(*modifier, list.iter().map(|c| Scalar::new(*op, c)).collect())
            }
            Comparison::Field(op, rhs) => Test::Field(*op, rhs.clone()),
            Comparison::FieldList(op, rhs) => Test::FieldList(*op, rhs.clone()),
        };
        Prepared { lhs: predicate.lhs.clone(), spread, test }
    }

    /// Whether the predicate holds.
    pub fn holds<E: Event + ?Sized>(&self, event: &E) -> bool {
        let Some(value) = transform::operand(&self.lhs, event) else { return false };
        self.test_value(value, event)
    }

    /// Whether the predicate holds, given the value of the left side.
    pub fn test_value<E: Event + ?Sized>(&self, value: Value<'_>, event: &E) -> bool {
        match (self.spread, value) {
            (Spread::One, v) => self.test.holds(v, event),
            (Spread::Any, Value::List(items)) => items.iter().any(|v| self.test.holds(*v, event)),
            (Spread::Ends, Value::List(ends)) => self.test.holds_for_ends(ends, event),
            (_, v) => self.test.holds(v, event),
        }
    }
}

/// How several values of an operand combine.
pub fn spread(rules: &RuleSet, operand: &Operand) -> Spread {
    let Operand::Field(slot) = operand else { return Spread::One };
    let Some(field) = rules.fields.get(*slot as usize) else { return Spread::One };
    let flags = field.id.row().flags;
    if flags.has(FieldFlags::EITHER_END) {
        Spread::Ends
    } else if flags.has(FieldFlags::ANY_OF) && !matches!(field.arg, Arg::Index(_)) {
        Spread::Any
    } else {
        Spread::One
    }
}

impl Test {
    fn holds<E: Event + ?Sized>(&self, value: Value<'_>, event: &E) -> bool {
        match self {
            Test::Exists => true,
            Test::One(scalar) => scalar.holds(value),
            Test::In(set, all) => match value {
                Value::List(items) if *all => items.iter().all(|v| set.contains(*v)),
                Value::List(items) => items.iter().any(|v| set.contains(*v)),
                v => set.contains(v),
            },
            Test::Pmatch(prefixes) => match value {
                Value::Str(path) => prefixes.iter().any(|p| prefix_matches(p, path)),
                _ => false,
            },
            Test::Modified(modifier, scalars) => quantify(*modifier, scalars.iter().map(|s| s.holds(value))),
            Test::Field(op, rhs) => match transform::operand(rhs, event) {
                Some(rhs) => constant(rhs).is_some_and(|c| Scalar::new(*op, &c).holds(value)),
                None => false,
            },
            Test::FieldList(op, rhs) => match transform::operand(rhs, event) {
                Some(rhs) => in_computed(*op, value, rhs),
                None => false,
            },
        }
    }

    fn holds_for_ends<E: Event + ?Sized>(&self, ends: &[Value<'_>], event: &E) -> bool {
        match self {
            Test::One(scalar) => scalar.holds_for_ends(ends),
            Test::Modified(modifier, scalars) => quantify(*modifier, scalars.iter().map(|s| s.holds_for_ends(ends))),
            _ => ends.iter().any(|end| self.holds(*end, event)),
        }
    }
}

fn quantify(modifier: Modifier, mut satisfied: impl ExactSizeIterator<Item = bool>) -> bool {
    match modifier {
        Modifier::OneOf => satisfied.filter(|s| *s).take(2).count() == 1,
        Modifier::AnyOf => satisfied.any(|s| s),
        Modifier::AllOf => satisfied.len() > 0 && satisfied.all(|s| s),
    }
}

fn in_computed(op: ListOp, value: Value<'_>, rhs: Value<'_>) -> bool {
    let same = |a: &Value<'_>, b: &Value<'_>| constant(*b).is_some_and(|c| order(Op::Eq, *a, &c));
    let member = |v: &Value<'_>| match rhs {
        Value::List(items) => items.iter().any(|item| same(v, item)),
        one => same(v, &one),
    };
    match value {
        Value::List(items) if op == ListOp::In => items.iter().all(member),
        Value::List(items) => items.iter().any(member),
        one => member(&one),
    }
}

fn constant(value: Value<'_>) -> Option<Const> {
    Some(match value {
        Value::Bool(b) => Const::Bool(b),
        Value::Int(n) => Const::Int(n),
        Value::Uint(n) => Const::Uint(n),
        Value::Str(s) => Const::Str(s.to_vec()),
        Value::Bytes(s) => Const::Bytes(s.to_vec()),
        Value::Ip(ip) => Const::Ip(ip.to_vec()),
        Value::Double(_) | Value::List(_) => return None,
    })
}

impl Scalar {
    /// Prepares an operator with its constant.
    pub fn new(op: Op, c: &Const) -> Scalar {
        let (Const::Str(b) | Const::Bytes(b)) = c else { return Scalar::Order(op, c.clone()) };
        match op {
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => Scalar::Order(op, c.clone()),
            Op::Contains | Op::Bcontains => Scalar::Contains(Box::new(memmem::Finder::new(b).into_owned())),
            Op::Icontains => Scalar::Icontains(Box::new(memmem::Finder::new(&b.to_ascii_lowercase()).into_owned())),
            Op::Startswith | Op::Bstartswith => Scalar::Startswith(b.clone().into()),
            Op::Endswith => Scalar::Endswith(b.clone().into()),
            Op::Glob => Scalar::Glob(Glob::new(b), false),
            Op::Iglob => Scalar::Glob(Glob::new(&b.to_ascii_lowercase()), true),
            Op::Regex => Scalar::Regex(Regex::new(b)),
        }
    }

    /// Whether the operator holds for the value.
    pub fn holds(&self, value: Value<'_>) -> bool {
        let text = match (self, value) {
            (Scalar::Order(op, c), v) => return order(*op, v, c),
            (_, Value::Str(t) | Value::Bytes(t)) => t,
            _ => return false,
        };
        match self {
            Scalar::Order(..) => false,
            Scalar::Contains(finder) => finder.find(text).is_some(),
            Scalar::Icontains(finder) => icontains(finder, text),
            Scalar::Startswith(prefix) => text.starts_with(prefix),
            Scalar::Endswith(suffix) => text.ends_with(suffix),
            Scalar::Glob(glob, false) => glob.matches(text),
            Scalar::Glob(glob, true) => glob.matches(&text.to_ascii_lowercase()),
            Scalar::Regex(regex) => regex.as_ref().is_some_and(|r| r.is_match(text)),
        }
    }

    fn holds_for_ends(&self, ends: &[Value<'_>]) -> bool {
        match self {
            Scalar::Order(Op::Ne, _) => ends.iter().all(|end| self.holds(*end)),
            _ => ends.iter().any(|end| self.holds(*end)),
        }
    }
}

fn icontains(finder: &memmem::Finder<'_>, text: &[u8]) -> bool {
    let needle = finder.needle();
    let Some(first) = needle.first() else { return true };
    let Some(last) = text.len().checked_sub(needle.len()) else { return false };
    let starts = memchr::memchr2_iter(*first, first.to_ascii_uppercase(), &text[..=last]);
    starts.into_iter().any(|i| text[i..i + needle.len()].eq_ignore_ascii_case(needle))
}

/// The ordering operators. Values of another kind than the constant are different from it, and unordered.
pub fn order(op: Op, value: Value<'_>, c: &Const) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let ordering = match (value, c) {
        (Value::Str(a), Const::Str(b)) => Some(a.cmp(b)),
        (Value::Uint(a), Const::Uint(b)) => Some(a.cmp(b)),
        (Value::Int(a), Const::Int(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Const::Bool(b)) => Some(a.cmp(b)),
        (Value::Uint(a), Const::Int(b)) => Some(a.cmp(&(*b as u64))),
        (Value::Int(a), Const::Uint(b)) => Some(a.cmp(&(*b as i64))),
        (Value::Double(a), Const::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Double(a), Const::Uint(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Bytes(a) | Value::Str(a), Const::Bytes(b) | Const::Str(b)) => (a == &b[..]).then_some(Equal),
        (Value::Ip(a), Const::Ip(b)) => (a == &b[..]).then_some(Equal),
        (Value::Ip(a), Const::Net(net, bits)) => in_network(a, net, *bits).then_some(Equal),
        _ => None,
    };
    match op {
        Op::Eq => ordering == Some(Equal),
        Op::Ne => ordering != Some(Equal),
        Op::Lt => ordering == Some(Less),
        Op::Le => matches!(ordering, Some(Less | Equal)),
        Op::Gt => ordering == Some(Greater),
        Op::Ge => matches!(ordering, Some(Greater | Equal)),
        _ => false,
    }
}

fn in_network(address: &[u8], network: &[u8], bits: u8) -> bool {
    let whole = usize::from(bits / 8).min(address.len());
    let rest = bits % 8;
    address.len() == network.len()
        && address[..whole] == network[..whole]
        && (rest == 0 || whole == address.len() || (address[whole] ^ network[whole]) >> (8 - rest) == 0)
}

/// A component of a `pmatch` path.
#[derive(Debug)]
pub enum Component {
    /// Compared as it is.
    Text(Box<[u8]>),
    /// Holds one of `?*[`.
    Glob(Glob),
}

fn components(path: &[u8]) -> Box<[Component]> {
    let parts = path.split(|b| *b == b'/').filter(|c| !c.is_empty());
    parts
        .map(|part| {
            if part.iter().any(|b| b"?*[".contains(b)) {
                Component::Glob(Glob::new(part))
            } else {
                Component::Text(part.into())
            }
        })
        .collect()
}

fn prefix_matches(prefix: &[Component], path: &[u8]) -> bool {
    let mut parts = path.split(|b| *b == b'/').filter(|c| !c.is_empty());
    prefix.iter().all(|want| {
        parts.next().is_some_and(|have| match want {
            Component::Text(text) => have == &text[..],
            Component::Glob(glob) => glob.matches(have),
        })
    })
}

/// A glob, parsed.
#[derive(Debug)]
pub struct Glob(Vec<GlobToken>);

enum GlobToken {
    Star,
    Any,
    Byte(u8),
    Set(crate::pattern::ByteSet),
    /// A trailing backslash: matches nothing.
    Nothing,
}

impl std::fmt::Debug for GlobToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            GlobToken::Star => f.write_str("*"),
            GlobToken::Any => f.write_str("?"),
            GlobToken::Byte(b) => write!(f, "{:?}", char::from(*b)),
            GlobToken::Set(_) => f.write_str("[]"),
            GlobToken::Nothing => f.write_str("\\"),
        }
    }
}

impl Glob {
    /// Parses a pattern; every text is one.
    pub fn new(pattern: &[u8]) -> Glob {
        let mut tokens = Vec::new();
        let mut rest = pattern;
        while let Some((c, after)) = rest.split_first() {
            rest = after;
            tokens.push(match c {
                b'*' => GlobToken::Star,
                b'?' => GlobToken::Any,
                b'[' => match bracket(after) {
                    Some((set, after)) => {
                        rest = after;
                        GlobToken::Set(set)
                    }
                    None => GlobToken::Byte(b'['),
                },
                b'\\' => match after.split_first() {
                    Some((c, after)) => {
                        rest = after;
                        GlobToken::Byte(*c)
                    }
                    None => GlobToken::Nothing,
                },
                c => GlobToken::Byte(*c),
            });
        }
        Glob(tokens)
    }

    /// Whether the whole text matches. Goes back to the last star only, which is enough.
    pub fn matches(&self, text: &[u8]) -> bool {
        let (mut token, mut at) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            let step = match self.0.get(token) {
                Some(GlobToken::Star) => {
                    star = Some((token + 1, at));
                    token += 1;
                    continue;
                }
                None if at == text.len() => return true,
                None | Some(GlobToken::Nothing) => false,
                Some(_) if at == text.len() => return false,
                Some(GlobToken::Any) => true,
                Some(GlobToken::Byte(b)) => *b == text[at],
                Some(GlobToken::Set(set)) => set.contains(text[at]),
            };
            if step {
                token += 1;
                at += 1;
            } else if let Some((after, from)) = star.filter(|(_, from)| *from < text.len()) {
                star = Some((after, from + 1));
                token = after;
                at = from + 1;
            } else {
                return false;
            }
        }
    }
}
