//! The reference evaluator: decides what a condition means.
//!
//! Written to be read, not to be fast; it shares no code with the optimiser and the back ends, and they are
//! tested against it. A missing value makes every comparison false; only `not` turns that true.

use crate::hir::{Comparison, Const, Expr, ListOp, Modifier, Op, Operand, Predicate, RuleSet};
use crate::transform;
use crate::value::{Arg, Event, Value};
use peregrine_schema::FieldFlags;

/// Whether the condition of `rules` holds for the event.
pub fn matches<E: Event + ?Sized>(rules: &RuleSet, condition: &Expr, event: &E) -> bool {
    match condition {
        Expr::And(all) => all.iter().all(|e| matches(rules, e, event)),
        Expr::Or(any) => any.iter().any(|e| matches(rules, e, event)),
        Expr::Not(e) => !matches(rules, e, event),
        Expr::Test(t) => holds(rules, &t.predicate, event),
    }
}

/// Rules that match the event, in order: only the first one, or all.
pub fn run<E: Event + ?Sized>(rules: &RuleSet, first_only: bool, event: &E) -> Vec<usize> {
    let candidates = rules.rules.iter().enumerate().filter(|(_, rule)| {
        // Asynchronous events are shown to every rule, as there is no telling their type beforehand.
        rule.enabled && (rule.events.contains(event.code()) || event.code() == ASYNC_EVENT)
    });
    let matching = candidates.filter(|(_, rule)| matches(rules, &rule.condition, event)).map(|(i, _)| i);
    if first_only { matching.take(1).collect() } else { matching.collect() }
}

const ASYNC_EVENT: u16 = 402;

/// Whether a predicate holds.
pub fn holds<E: Event + ?Sized>(rules: &RuleSet, p: &Predicate, event: &E) -> bool {
    let Some(value) = transform::operand(&p.lhs, event) else { return false };
    match multiplicity(rules, &p.lhs) {
        Multiplicity::Single => compare(&p.test, value, event),
        Multiplicity::AnyOf => match value {
            Value::List(items) => items.iter().any(|v| compare(&p.test, *v, event)),
            one => compare(&p.test, one, event),
        },
        Multiplicity::EitherEnd => match value {
            Value::List(ends) => either_end(&p.test, ends, event),
            one => compare(&p.test, one, event),
        },
    }
}

enum Multiplicity {
    Single,
    /// Ancestors without index: one that satisfies is enough.
    AnyOf,
    /// `fd.ip` and the like: `!=` holds if neither end equals.
    EitherEnd,
}

fn multiplicity(rules: &RuleSet, operand: &Operand) -> Multiplicity {
    let Operand::Field(slot) = operand else { return Multiplicity::Single };
    let field = &rules.fields[*slot as usize];
    let flags = field.id.row().flags;
    if flags.has(FieldFlags::EITHER_END) {
        Multiplicity::EitherEnd
    } else if flags.has(FieldFlags::ANY_OF) && !matches!(field.arg, Arg::Index(_)) {
        Multiplicity::AnyOf
    } else {
        Multiplicity::Single
    }
}

fn either_end<E: Event + ?Sized>(test: &Comparison, ends: &[Value<'_>], event: &E) -> bool {
    let one = |op: Op, c: &Const| {
        let mut satisfied = ends.iter().map(|end| scalar(op, *end, c));
        if op == Op::Ne { satisfied.all(|s| s) } else { satisfied.any(|s| s) }
    };
    match test {
        Comparison::One(op, c) => one(*op, c),
        Comparison::Modified(op, modifier, list) => quantify(*modifier, list, |c| one(*op, c)),
        _ => ends.iter().any(|end| compare(test, *end, event)),
    }
}

fn compare<E: Event + ?Sized>(test: &Comparison, value: Value<'_>, event: &E) -> bool {
    match test {
        Comparison::Exists => true,
        Comparison::One(op, c) => scalar(*op, value, c),
        Comparison::Modified(op, modifier, list) => quantify(*modifier, list, |c| scalar(*op, value, c)),
        Comparison::Many(ListOp::Pmatch, list) => {
            let Value::Str(path) = value else { return false };
            list.iter().any(|c| matches!(c, Const::Str(prefix) if path_prefix(prefix, path)))
        }
        Comparison::Many(op, list) => {
            let member = |v: &Value<'_>| list.iter().any(|c| scalar(Op::Eq, *v, c));
            match (value, op) {
                (Value::List(items), ListOp::In) => items.iter().all(member),
                (Value::List(items), _) => items.iter().any(member),
                (one, _) => member(&one),
            }
        }
        Comparison::Field(op, rhs) => {
            transform::operand(rhs, event).and_then(|v| constant(v)).is_some_and(|c| scalar(*op, value, &c))
        }
        Comparison::FieldList(op, rhs) => {
            let Some(rhs) = transform::operand(rhs, event) else { return false };
            let list: Vec<Const> = items(rhs).iter().filter_map(|v| constant(*v)).collect();
            compare(&Comparison::Many(*op, list), value, event)
        }
    }
}

fn items<'e>(value: Value<'e>) -> Vec<Value<'e>> {
    match value {
        Value::List(items) => items.to_vec(),
        one => vec![one],
    }
}

/// A value of the event in the place of a constant.
fn constant(value: Value<'_>) -> Option<Const> {
    Some(match value {
        Value::Bool(b) => Const::Bool(b),
        Value::Int(n) => Const::Int(n),
        Value::Uint(n) => Const::Uint(n),
        Value::Str(s) => Const::Str(s.to_vec()),
        Value::Bytes(s) => Const::Bytes(s.to_vec()),
        Value::Ip(ip) => Const::Ip(ip.to_vec()),
        // Neither numbers with a fraction nor lists stand on the right side of a scalar operator.
        Value::Double(_) | Value::List(_) => return None,
    })
}

fn quantify(modifier: Modifier, list: &[Const], satisfies: impl Fn(&Const) -> bool) -> bool {
    let count = list.iter().filter(|c| satisfies(c)).count();
    match modifier {
        Modifier::OneOf => count == 1,
        Modifier::AnyOf => count > 0,
        Modifier::AllOf => count > 0 && count == list.len(),
    }
}

/// A scalar operator. Values and constants of different kinds never match; `!=` on them holds.
pub fn scalar(op: Op, value: Value<'_>, c: &Const) -> bool {
    use std::cmp::Ordering;
    let ordered = |o: Option<Ordering>| match op {
        Op::Eq => o == Some(Ordering::Equal),
        Op::Ne => o != Some(Ordering::Equal),
        Op::Lt => o == Some(Ordering::Less),
        Op::Le => matches!(o, Some(Ordering::Less | Ordering::Equal)),
        Op::Gt => o == Some(Ordering::Greater),
        Op::Ge => matches!(o, Some(Ordering::Greater | Ordering::Equal)),
        _ => false,
    };
    match (value, c) {
        (Value::Bool(a), Const::Bool(b)) => ordered(Some(a.cmp(b))),
        (Value::Int(a), Const::Int(b)) => ordered(Some(a.cmp(b))),
        // A dynamically typed parameter may be wider or of other sign than its constant was parsed for.
        (Value::Int(a), Const::Uint(b)) => ordered(Some(a.cmp(&(*b as i64)))),
        (Value::Uint(a), Const::Uint(b)) => ordered(Some(a.cmp(b))),
        (Value::Uint(a), Const::Int(b)) => ordered(Some(a.cmp(&(*b as u64)))),
        (Value::Double(a), Const::Int(b)) => ordered(a.partial_cmp(&(*b as f64))),
        (Value::Double(a), Const::Uint(b)) => ordered(a.partial_cmp(&(*b as f64))),
        (Value::Str(a), Const::Str(b)) => text(op, a, b),
        (Value::Bytes(a) | Value::Str(a), Const::Bytes(b) | Const::Str(b)) => bytes(op, a, b),
        (Value::Ip(a), Const::Ip(b)) => ordered(Some(if a == &b[..] { Ordering::Equal } else { Ordering::Less })),
        (Value::Ip(a), Const::Net(net, bits)) => {
            ordered(Some(if in_network(a, net, *bits) { Ordering::Equal } else { Ordering::Less }))
        }
        _ => op == Op::Ne,
    }
}

fn text(op: Op, a: &[u8], b: &[u8]) -> bool {
    match op {
        Op::Eq => a == b,
        Op::Ne => a != b,
        Op::Lt => a < b,
        Op::Le => a <= b,
        Op::Gt => a > b,
        Op::Ge => a >= b,
        Op::Icontains => find(&a.to_ascii_lowercase(), &b.to_ascii_lowercase()),
        Op::Contains | Op::Bcontains => find(a, b),
        Op::Startswith | Op::Bstartswith => a.starts_with(b),
        Op::Endswith => a.ends_with(b),
        Op::Glob => glob(b, a),
        Op::Iglob => glob(&b.to_ascii_lowercase(), &a.to_ascii_lowercase()),
        Op::Regex => crate::pattern::Regex::new(b).is_some_and(|r| r.is_match(a)),
    }
}

fn bytes(op: Op, a: &[u8], b: &[u8]) -> bool {
    match op {
        Op::Eq => a == b,
        Op::Ne => a != b,
        Op::Contains | Op::Bcontains => find(a, b),
        Op::Startswith | Op::Bstartswith => a.starts_with(b),
        Op::Endswith => a.ends_with(b),
        _ => false,
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|w| w == needle)
}

fn in_network(address: &[u8], network: &[u8], bits: u8) -> bool {
    let bit = |b: &[u8], i: usize| b[i / 8] >> (7 - i % 8) & 1;
    address.len() == network.len()
        && (0..(bits as usize).min(address.len() * 8)).all(|i| bit(address, i) == bit(network, i))
}

/// `fnmatch(pattern, value, 0)`: `*` and `?` match `/` and leading dots, `[...]` with ranges, classes and
/// negation, backslash escapes; the whole value. Follows all ways to read the pattern at once: `reached[i]`
/// says that the pattern so far can end before byte `i`.
pub fn glob(pattern: &[u8], value: &[u8]) -> bool {
    let mut reached = vec![false; value.len() + 1];
    reached[0] = true;
    let mut rest = pattern;
    while let Some((c, after)) = rest.split_first() {
        rest = after;
        let accepts: Box<dyn Fn(u8) -> bool> = match c {
            b'*' => {
                let from = reached.iter().position(|r| *r).unwrap_or(reached.len());
                reached[from..].fill(true);
                continue;
            }
            b'?' => Box::new(|_| true),
            b'[' => match crate::pattern::bracket(after) {
                Some((set, after)) => {
                    rest = after;
                    Box::new(move |b| set.contains(b))
                }
                None => Box::new(|b| b == b'['),
            },
            b'\\' => match after.split_first() {
                Some((c, after)) => {
                    rest = after;
                    Box::new(move |b| b == *c)
                }
                None => return false,
            },
            c => Box::new(move |b| b == *c),
        };
        for i in (0..value.len()).rev() {
            reached[i + 1] = reached[i] && accepts(value[i]);
        }
        reached[0] = false;
    }
    reached[value.len()]
}

/// Whether the components of `prefix` match the first components of `path`; empty components do not count.
pub fn path_prefix(prefix: &[u8], path: &[u8]) -> bool {
    let components = |p: &'_ [u8]| -> Vec<Vec<u8>> {
        p.split(|b| *b == b'/').filter(|c| !c.is_empty()).map(<[u8]>::to_vec).collect()
    };
    let (prefix, path) = (components(prefix), components(path));
    prefix.len() <= path.len()
        && prefix
            .iter()
            .zip(&path)
            .all(|(want, have)| if want.iter().any(|b| b"?*[".contains(b)) { glob(want, have) } else { want == have })
}
