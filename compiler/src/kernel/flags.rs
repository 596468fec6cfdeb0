//! Texts made from a number: flags, enumerations, results, decimal numbers.
//!
//! The text of a set of flags is the names of its bits, joined by bars, so a test for a name is a test of bits; that
//! of an enumeration or of a result is one of few, so a test is a set of numbers. How the texts are made is said at
//! `evt.arg` and `evt.res`; a number without a name reads as its digits.

use super::atoms::{Atom, LEAST, MOST, Number, Ranges};
use super::decide::{Decider, Decision, Reason};
use super::form::{ALWAYS, FormId, NEVER};
use crate::hir::{Comparison, Const, ListOp, Op};
use crate::value::Value;
use peregrine_schema::{Flag, errno};

/// `AT_FDCWD`, which is also the number of an error.
const AT_FDCWD: i64 = -100;

/// How a result that is not negative reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Success {
    /// `SUCCESS`.
    Word,
    /// Its digits.
    Digits,
    /// Something else.
    Other,
}

impl Decider<'_> {
    /// A test of the text of a set of flags.
    pub(super) fn flag_text(&mut self, test: &Comparison, of: Number, flags: &[Flag], mode: bool) -> Decision {
        match test {
            Comparison::One(Op::Contains, Const::Str(text)) => self.flag_contains(of, flags, mode, text, false),
            Comparison::One(Op::Icontains, Const::Str(text)) => self.flag_contains(of, flags, mode, text, true),
            Comparison::One(Op::Eq, Const::Str(text)) => self.flag_equal(of, flags, text),
            Comparison::Many(ListOp::In | ListOp::Intersects, list) => {
                let each = list
                    .iter()
                    .map(|constant| match constant {
                        Const::Str(text) => self.flag_equal(of, flags, text),
                        _ => Decision::unknown(Reason::OtherType),
                    })
                    .collect();
                self.any_of(each)
            }
            Comparison::Modified(op, modifier, list) => {
                let each = list
                    .iter()
                    .map(|constant| self.flag_text(&Comparison::One(*op, constant.clone()), of, flags, mode))
                    .collect();
                self.quantified(*modifier, each)
            }
            _ => Decision::unknown(Reason::Operator),
        }
    }

    /// Some name in the text holds `text`.
    fn flag_contains(&mut self, of: Number, flags: &[Flag], mode: bool, text: &[u8], any_case: bool) -> Decision {
        // Digits may be part of a number without name, a bar stands between names.
        if text.is_empty() || text.contains(&b'|') || text.iter().all(u8::is_ascii_digit) {
            return Decision::unknown(Reason::Operator);
        }
        let wanted = if any_case { text.to_ascii_lowercase() } else { text.to_vec() };
        let named = |flag: &Flag| {
            let name = if any_case { flag.name.to_ascii_lowercase() } else { flag.name.to_owned() };
            name.as_bytes().windows(wanted.len()).any(|part| part == wanted)
        };
        let (mut printed, mut set, mut exact) = (Vec::new(), Vec::new(), true);
        for (index, flag) in flags.iter().enumerate().filter(|(_, flag)| named(flag)) {
            exact &= !mode || !overlaps(flags, index);
            printed.push(self.flag_printed(of, flags, index));
            set.push(self.flag_set(of, flag.value));
        }
        if exact {
            let printed = self.forms.any(printed);
            self.exactly(printed)
        } else {
            let set = self.forms.any(set);
            Decision::necessary(set, Reason::Operator)
        }
    }

    /// All names of `text` are set: what its being the whole text implies.
    fn flag_equal(&mut self, of: Number, flags: &[Flag], text: &[u8]) -> Decision {
        let mut set = Vec::new();
        for name in text.split(|b| *b == b'|') {
            let Some(flag) = flags.iter().find(|flag| flag.name.as_bytes() == name) else {
                return Decision::unknown(Reason::Operator);
            };
            set.push(self.flag_set(of, flag.value));
        }
        let set = self.forms.all(set);
        Decision::necessary(set, Reason::Operator)
    }

    /// All bits of a flag are set; of the flag without bits: none is.
    fn flag_set(&mut self, of: Number, bits: u32) -> FormId {
        if bits == 0 {
            return self.forms.ranges(of, Ranges::one(0));
        }
        let each = (0..32).filter(|bit| bits >> bit & 1 == 1);
        let set = each.map(|bit| self.forms.literal(Atom::Bits { of, mask: 1 << bit }, true)).collect();
        self.forms.all(set)
    }

    /// The name of a flag is in the text: all its bits are set, and no name before it took one of them.
    fn flag_printed(&mut self, of: Number, flags: &[Flag], index: usize) -> FormId {
        let bits = flags[index].value;
        let mut demands = vec![self.flag_set(of, bits)];
        for earlier in (0..index).filter(|i| flags[*i].value & bits != 0) {
            let taken = self.flag_printed(of, flags, earlier);
            demands.push(self.forms.not(taken));
        }
        self.forms.all(demands)
    }

    /// A test of the text of an enumeration: all names of the value.
    pub(super) fn enum_text(&mut self, test: &Comparison, of: Number, flags: &[Flag]) -> Decision {
        let mut values: Vec<u32> = flags.iter().map(|flag| flag.value).collect();
        values.sort_unstable();
        values.dedup();
        let text = |value: u32| {
            let names: Vec<&str> = flags.iter().filter(|flag| flag.value == value).map(|flag| flag.name).collect();
            names.join("|")
        };
        let named: Vec<(i128, String)> = values.into_iter().map(|value| (i128::from(value), text(value))).collect();
        self.named_text(test, of, &named, Ranges::all())
    }

    /// A test of the text of a result.
    pub(super) fn result_text(&mut self, test: &Comparison, success: Success, descriptor: bool) -> Decision {
        let name = |number: i128, name: &str| {
            let directory = descriptor && number == i128::from(AT_FDCWD);
            (number, if directory { "AT_FDCWD" } else { name }.to_owned())
        };
        let errors = errno::ERRNO.iter().map(|(number, error)| name(-i128::from(*number), error));
        let named: Vec<(i128, String)> = errors.collect();
        let negative = self.named_text(test, Number::Result, &named, Ranges::new(LEAST, -1));
        let failed = self.forms.ranges(Number::Result, Ranges::new(LEAST, -1));
        let succeeded = self.forms.not(failed);
        let positive = match success {
            Success::Word => self.constant(test, Value::Str(b"SUCCESS")),
            Success::Digits => self.named_text(test, Number::Result, &[], Ranges::new(0, MOST)),
            Success::Other => Decision::unknown(Reason::Resolved),
        };
        let (failed, succeeded) = (self.always(failed), self.always(succeeded));
        let (failed, succeeded) = (self.all_of(vec![failed, negative]), self.all_of(vec![succeeded, positive]));
        self.any_of(vec![failed, succeeded])
    }

    /// A test of a text that some numbers have as a name, while others within `range` read as their digits.
    fn named_text(&mut self, test: &Comparison, of: Number, named: &[(i128, String)], range: Ranges) -> Decision {
        let (mut holds, mut known) = (Ranges::default(), Ranges::default());
        for (number, name) in named {
            known = known.union(&Ranges::one(*number));
            if self.compare(test, Value::Str(name.as_bytes())) {
                holds = holds.union(&Ranges::one(*number));
            }
        }
        let others = known.complement().intersection(&range);
        match digits(test) {
            // Each constant is one number, or none.
            Some(numbers) => {
                let numbers = numbers.iter().fold(Ranges::default(), |all, n| all.union(&Ranges::one(*n)));
                let found = numbers.intersection(&others);
                let rest = match test {
                    Comparison::One(Op::Ne, _) => found.complement().intersection(&others),
                    _ => found,
                };
                let form = self.forms.ranges(of, holds.union(&rest));
                self.of_number(of, form)
            }
            None if never_digits(test) => {
                let form = self.forms.ranges(of, holds);
                self.of_number(of, form)
            }
            None => {
                let possible = self.forms.ranges(of, holds.union(&others));
                let certain = self.forms.ranges(of, holds);
                let fails = self.forms.not(certain);
                if of != Number::Result && (possible == NEVER || fails == NEVER) {
                    return Decision::unknown(Reason::Operator);
                }
                Decision { holds: possible, fails, reason: Some(Reason::Operator) }
            }
        }
    }

    /// A test of digits: of a number printed in decimal.
    pub(super) fn decimal_text(&mut self, test: &Comparison, of: Number, range: Ranges) -> Decision {
        self.named_text(test, of, &[], range)
    }

    /// A comparison of a value that is known.
    pub(super) fn constant(&mut self, test: &Comparison, value: Value<'_>) -> Decision {
        let form = if self.compare(test, value) { ALWAYS } else { NEVER };
        self.always(form)
    }
}

/// Whether an earlier flag of the table has a bit of this one.
fn overlaps(flags: &[Flag], index: usize) -> bool {
    flags[index].value == 0 || flags[..index].iter().any(|earlier| earlier.value & flags[index].value != 0)
}

/// The numbers whose digits a test for equality names; `None` for other tests.
pub(super) fn digits(test: &Comparison) -> Option<Vec<i128>> {
    let one = |constant: &Const| match constant {
        Const::Str(text) => Some(
            std::str::from_utf8(text)
                .ok()
                .and_then(|text| text.parse::<i64>().ok().filter(|n| n.to_string() == text).map(i128::from)),
        ),
        _ => None,
    };
    let list: Vec<Option<i128>> = match test {
        Comparison::One(Op::Eq | Op::Ne, constant) => vec![one(constant)?],
        Comparison::Many(ListOp::In | ListOp::Intersects, list) => list.iter().map(one).collect::<Option<_>>()?,
        _ => return None,
    };
    Some(list.into_iter().flatten().collect())
}

/// Whether the test can only hold of a text with something else than digits and a sign.
fn never_digits(test: &Comparison) -> bool {
    let other = |constant: &Const| match constant {
        Const::Str(text) => text.iter().any(|b| !b.is_ascii_digit() && *b != b'-'),
        _ => false,
    };
    match test {
        Comparison::One(Op::Contains | Op::Icontains | Op::Startswith | Op::Endswith, constant) => other(constant),
        Comparison::Many(ListOp::Pmatch, _) => false,
        _ => false,
    }
}
