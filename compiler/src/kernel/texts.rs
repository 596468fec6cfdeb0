//! Comparisons of texts with constants → [`TextSet`]s.
//!
//! Exact are equality, membership, prefixes, suffixes, substrings and paths without patterns. Of a glob its fixed ends
//! are necessary, of a regular expression its fixed beginnings, of a path with patterns what stands before the first:
//! what holds implies that; what does not hold implies nothing.

use super::atoms::{Atom, Part, Text, TextSet};
use super::decide::{Decider, Decision, Reason};
use crate::hir::{Comparison, Const, ListOp, Modifier, Op};

/// A question without its set.
pub(super) type Place = Text;

impl Decider<'_> {
    /// A comparison of a text that `place` describes.
    pub(super) fn text(&mut self, test: &Comparison, place: &Place) -> Decision {
        match test {
            Comparison::One(op, constant) => self.text_one(*op, constant, place),
            Comparison::Many(op, list) => {
                let mut texts = Vec::with_capacity(list.len());
                for constant in list {
                    let Const::Str(text) = constant else { return Decision::unknown(Reason::OtherType) };
                    texts.push(text.clone());
                }
                match op {
                    ListOp::Pmatch => self.text_below(&texts, place),
                    _ => self.text_exactly(place, TextSet { equal: texts, ..TextSet::default() }),
                }
            }
            Comparison::Modified(op, modifier, list) => {
                let each = list.iter().map(|constant| self.text_one(*op, constant, place)).collect();
                self.quantified(*modifier, each)
            }
            Comparison::Exists | Comparison::Field(..) | Comparison::FieldList(..) => {
                Decision::unknown(Reason::Operator)
            }
        }
    }

    fn text_one(&mut self, op: Op, constant: &Const, place: &Place) -> Decision {
        let Const::Str(text) = constant else { return Decision::unknown(Reason::OtherType) };
        let text = text.clone();
        // What every value has is only a question whether there is a value.
        if text.is_empty() && !matches!(op, Op::Eq | Op::Ne) {
            return Decision::unknown(Reason::Operator);
        }
        let none = TextSet::default();
        match op {
            Op::Eq => self.text_exactly(place, TextSet { equal: vec![text], ..none }),
            Op::Ne => self.text_exactly(place, TextSet { equal: vec![text], ..none }).not(),
            Op::Startswith => self.text_exactly(place, TextSet { prefix: vec![text], ..none }),
            Op::Endswith => self.text_exactly(place, TextSet { suffix: vec![text], ..none }),
            Op::Contains => self.text_exactly(place, TextSet { contains: vec![text], ..none }),
            Op::Icontains => self.text_exactly(place, TextSet { icontains: vec![text.to_ascii_lowercase()], ..none }),
            Op::Glob => self.text_glob(&text, place),
            Op::Regex => match crate::pattern::beginnings(&text) {
                Some(prefix) => {
                    let implied = self.text_literal(place, TextSet { prefix, ..none });
                    Decision::necessary(implied, Reason::Pattern)
                }
                None => Decision::unknown(Reason::Pattern),
            },
            Op::Iglob => Decision::unknown(Reason::Pattern),
            Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Bcontains | Op::Bstartswith => Decision::unknown(Reason::Operator),
        }
    }

    fn text_glob(&mut self, pattern: &[u8], place: &Place) -> Decision {
        let special = |b: &u8| b"*?[\\".contains(b);
        let Some(first) = pattern.iter().position(special) else {
            return self.text_exactly(place, TextSet { equal: vec![pattern.to_vec()], ..TextSet::default() });
        };
        let mut implied = Vec::new();
        if first > 0 {
            implied.push(TextSet { prefix: vec![pattern[..first].to_vec()], ..TextSet::default() });
        }
        // Behind a bracket or a backslash a star may be an ordinary character; then there is no telling.
        let star = pattern.iter().rposition(special).filter(|last| pattern[*last] == b'*');
        let plain = !pattern.iter().any(|b| b"[\\".contains(b));
        if let Some(last) = star.filter(|last| plain && last + 1 < pattern.len()) {
            implied.push(TextSet { suffix: vec![pattern[last + 1..].to_vec()], ..TextSet::default() });
        }
        // What stands between two stars must be somewhere.
        if plain {
            let inner = pattern.split(|b| b"*?".contains(b)).skip(1);
            let longest = inner.filter(|part| !part.is_empty()).max_by_key(|part| part.len());
            if let Some(part) = longest.filter(|part| !pattern.ends_with(part)) {
                implied.push(TextSet { contains: vec![part.to_vec()], ..TextSet::default() });
            }
        }
        let implied = implied.into_iter().map(|set| self.text_literal(place, set)).collect();
        let implied = self.forms.all(implied);
        Decision::necessary(implied, Reason::Pattern)
    }

    /// `pmatch`: some path of the list is the text or above it.
    fn text_below(&mut self, list: &[Vec<u8>], place: &Place) -> Decision {
        // The name of a file is no path.
        if place.part == Part::FileName {
            return Decision::unknown(Reason::Operator);
        }
        let (mut path, mut exact) = (Vec::new(), true);
        for text in list {
            let mut fixed = Vec::new();
            for component in text.split(|b| *b == b'/').filter(|c| !c.is_empty()) {
                if component.iter().any(|b| b"?*[".contains(b)) {
                    exact = false;
                    break;
                }
                fixed.push(b'/');
                fixed.extend_from_slice(component);
            }
            // Above everything.
            if fixed.is_empty() {
                return Decision::unknown(Reason::Operator);
            }
            path.push(fixed);
        }
        let set = TextSet { path, ..TextSet::default() };
        if exact {
            self.text_exactly(place, set)
        } else {
            let implied = self.text_literal(place, set);
            Decision::necessary(implied, Reason::Pattern)
        }
    }

    fn text_exactly(&mut self, place: &Place, set: TextSet) -> Decision {
        let form = self.text_literal(place, set);
        self.exactly(form)
    }

    fn text_literal(&mut self, place: &Place, set: TextSet) -> super::form::FormId {
        self.forms.literal(Atom::Text(Text { set: set.sorted(), ..place.clone() }), true)
    }

    /// A modifier over the answers for each constant.
    pub(super) fn quantified(&mut self, modifier: Modifier, each: Vec<Decision>) -> Decision {
        match modifier {
            // No constant, no match.
            Modifier::AllOf if each.is_empty() => self.any_of(Vec::new()),
            Modifier::AllOf => self.all_of(each),
            Modifier::AnyOf => self.any_of(each),
            Modifier::OneOf => {
                let any = self.any_of(each);
                Decision::necessary(any.holds, Reason::Operator)
            }
        }
    }
}
