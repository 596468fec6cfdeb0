//! Questions about a text → patterns and facts.
//!
//! | fact | holds of texts that |
//! |---|---|
//! | [`fact::UNKNOWN`] | could not be read, or are what old writers recorded in such a case |
//! | [`fact::DOUBLED`] | have a slash behind a slash |
//! | [`fact::ABSOLUTE`] | begin with a slash; turned round when the text is over, so that it speaks of relative ones |
//! | [`fact::UNCLEAN`] | have a component `.` or `..`, or end in a slash |
//! | [`fact::ODD`] | have a last component that is empty, `.` or `..` |
//! | [`fact::NAMELESS`] | are none: the descriptor leads to something without a path |
//! | others | the answer to an atom, and whether a relative text may be called by one of the atom's texts |
//!
//! An answer to an atom is then a comparison of two masks ([`Answers`]). What is meant by each question is said at
//! [`Reading`], [`Part`] and [`TextSet`]; it equals [`text_answer`], which the tests compare it with.
//!
//! What must hold: what the facts cannot express has no answer: parts of a directory's name.
//!
//! [`text_answer`]: peregrine_compiler::kernel::eval::text_answer

use super::automaton::{At, LARGEST, Patterns, Table, Tells};
use peregrine_compiler::kernel::{Part, Reading, Source, Text, TextSet};

/// Facts that every automaton tells.
pub(crate) mod fact {
    pub(crate) const UNKNOWN: u64 = 1;
    pub(crate) const DOUBLED: u64 = 1 << 1;
    pub(crate) const ABSOLUTE: u64 = 1 << 2;
    pub(crate) const UNCLEAN: u64 = 1 << 3;
    pub(crate) const ODD: u64 = 1 << 4;
    /// What makes a text no clean absolute path, [`ABSOLUTE`] being turned round.
    pub(crate) const NO_PATH: u64 = UNKNOWN | DOUBLED | ABSOLUTE | UNCLEAN;
    pub(crate) const NAMELESS: u64 = 1 << 5;
    /// The first bit of atoms.
    pub(crate) const FIRST: u32 = 6;
}

/// How a path begins that is shown in place of one that is too long.
const TOO_LONG: &[u8] = b"/DIR_TOO_LONG/";

/// How the answer to an atom is found among the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answers {
    /// Number of the automaton.
    pub(crate) automaton: usize,
    /// Unknown if any of these holds.
    pub(crate) bad: u64,
    /// Else yes if any of these does.
    pub(crate) yes: u64,
    /// Even if it is unknown by that, no if none of these holds; those of `yes` are among them.
    pub(crate) possible: Option<u64>,
}

/// Automata for the atoms about one text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Automata {
    pub(crate) tables: Vec<Table>,
    /// By atom.
    pub(crate) answers: Vec<Option<Answers>>,
}

/// Most automata for a text: each goes over it once.
const MOST: usize = 3;

/// An automaton being put together.
struct Making {
    number: usize,
    forgotten: u64,
    used: u32,
    /// Patterns, with the facts.
    patterns: Vec<(At, Vec<u8>, Tells)>,
}

impl Making {
    fn new(number: usize) -> Making {
        let mut making = Making { number, forgotten: 0, used: fact::FIRST, patterns: Vec::new() };
        making.last(At::Start, b"(NULL)", fact::UNKNOWN);
        making.set(At::Anywhere, b"//", fact::DOUBLED);
        making.set(At::Start, b"/", fact::ABSOLUTE);
        for inner in [&b"/./"[..], b"/../"] {
            making.set(At::Anywhere, inner, fact::UNCLEAN);
        }
        for end in [&b"/"[..], b"/.", b"/.."] {
            making.last(At::Anywhere, end, fact::UNCLEAN | fact::ODD);
        }
        for whole in [&b""[..], b".", b".."] {
            making.last(At::Start, whole, fact::ODD);
        }
        making
    }

    fn set(&mut self, at: At, text: &[u8], set: u64) {
        self.patterns.push((at, text.to_vec(), Tells { set, last: 0 }));
    }

    fn last(&mut self, at: At, text: &[u8], last: u64) {
        self.patterns.push((at, text.to_vec(), Tells { set: 0, last }));
    }

    fn joined(&self) -> Patterns {
        let mut patterns = Patterns::new(self.forgotten);
        self.patterns.iter().for_each(|(at, text, tells)| patterns.add(*at, text, *tells));
        patterns
    }

    fn fact(&mut self) -> u64 {
        self.used += 1;
        1 << (self.used - 1)
    }

    /// Adds an atom; `None` if there is no room, or no answer.
    fn add(&mut self, text: &Text) -> Option<Answers> {
        // At most three facts.
        if self.used + 3 > u64::BITS {
            return None;
        }
        let before = (self.patterns.len(), self.used, self.forgotten);
        let yes = self.answer(text.part, &text.set);
        let bad = match text.reading {
            _ if text.part != Part::Whole || !text.set.path.is_empty() => fact::NO_PATH,
            Reading::Raw => fact::UNKNOWN,
            Reading::Squeezed => fact::UNKNOWN | fact::DOUBLED,
            Reading::Absolute => fact::UNKNOWN | fact::ABSOLUTE,
            Reading::Path => fact::NO_PATH,
        };
        let (bad, possible) = match text.source {
            Source::Param(_) => (bad, self.possible(text)),
            // A file without a name in a file system may have one in user space that begins with a slash.
            Source::Descriptor => {
                let unknown = bad | fact::ABSOLUTE;
                let slash = text.part == Part::Whole && text.set.begins_with_slash();
                (unknown | fact::NAMELESS, slash.then_some(unknown | yes))
            }
        };
        if self.joined().estimate() > LARGEST {
            self.patterns.truncate(before.0);
            (self.used, self.forgotten) = (before.1, before.2);
            return None;
        }
        Some(Answers { automaton: self.number, bad, yes, possible })
    }

    /// The facts of which one holds if the part of a readable text is in the set.
    fn answer(&mut self, part: Part, set: &TextSet) -> u64 {
        // What holds of one component is forgotten behind it.
        let forgets = match part {
            Part::Whole => false,
            Part::Directory => !set.equal.is_empty(),
            Part::FileName => set.prefix.len() + set.contains.len() + set.icontains.len() > 0,
        };
        let lasts = match part {
            Part::Whole => true,
            Part::Directory => !set.path.is_empty(),
            Part::FileName => set.equal.len() + set.suffix.len() > 0,
        };
        let of_component = if forgets { self.fact() } else { 0 };
        let lasting = if lasts { self.fact() } else { 0 };
        self.forgotten |= of_component;
        if part == Part::Whole {
            set.equal.iter().for_each(|t| self.last(At::Start, t, lasting));
            set.prefix.iter().for_each(|t| self.set(At::Start, t, lasting));
            set.suffix.iter().for_each(|t| self.last(At::Anywhere, t, lasting));
            set.contains.iter().for_each(|t| self.set(At::Anywhere, t, lasting));
            set.icontains.iter().for_each(|t| self.set(At::AnyCase, t, lasting));
            for path in &set.path {
                self.last(At::Start, path, lasting);
                self.set(At::Start, &with_slash(path), lasting);
            }
            return lasting;
        }
        if part == Part::Directory {
            // A path without a directory has the root's.
            for directory in set.equal.iter().filter(|directory| !directory.is_empty()) {
                let beginning = if directory == b"/" { directory.clone() } else { with_slash(directory) };
                self.set(At::Start, &beginning, of_component);
            }
            set.path.iter().for_each(|t| self.set(At::Start, &with_slash(t), lasting));
            return lasting | of_component;
        }
        let name = |list: &[Vec<u8>]| list.iter().filter(|t| !t.contains(&b'/')).cloned().collect::<Vec<_>>();
        let behind_slash = |text: &[u8]| [b"/", text].concat();
        name(&set.equal).iter().for_each(|t| self.last(At::Anywhere, &behind_slash(t), lasting));
        name(&set.prefix).iter().for_each(|t| self.set(At::Anywhere, &behind_slash(t), of_component));
        name(&set.suffix).iter().for_each(|t| self.last(At::Anywhere, t, lasting));
        name(&set.contains).iter().for_each(|t| self.set(At::Anywhere, t, of_component));
        name(&set.icontains).iter().for_each(|t| self.set(At::AnyCase, t, of_component));
        lasting | of_component
    }

    /// See [`Reading::Path`]: what is known of texts that are no clean path.
    fn possible(&mut self, text: &Text) -> Option<u64> {
        let set = &text.set;
        let only_equal = set.equal.len() == set.len() && text.part == Part::Whole && text.reading == Reading::Path;
        if !only_equal || !set.begins_with_slash() || set.equal.iter().any(|t| t.starts_with(TOO_LONG)) {
            return None;
        }
        let fact = self.fact();
        for path in &set.equal {
            let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
            self.last(At::Anywhere, &[b"/", name].concat(), fact);
            self.last(At::Start, name, fact);
        }
        Some(fact | fact::UNKNOWN | fact::ODD)
    }
}

fn with_slash(path: &[u8]) -> Vec<u8> {
    [path, b"/"].concat()
}

/// Whether the question can be put in facts.
fn expressible(text: &Text) -> bool {
    let TextSet { prefix, suffix, contains, icontains, path, .. } = &text.set;
    match text.part {
        Part::Whole => true,
        Part::Directory => prefix.is_empty() && suffix.is_empty() && contains.is_empty() && icontains.is_empty(),
        Part::FileName => path.is_empty(),
    }
}

impl Automata {
    /// For these atoms; those without an answer are unknown.
    pub(crate) fn new<'t>(texts: impl Iterator<Item = &'t Text>) -> Automata {
        let (mut done, mut making) = (Vec::new(), Making::new(0));
        let mut answers = Vec::new();
        for text in texts {
            let mut answer = expressible(text).then(|| making.add(text)).flatten();
            let more = done.len() + 1 < MOST && making.used > fact::FIRST;
            if answer.is_none() && expressible(text) && more {
                let next = Making::new(making.number + 1);
                done.push(std::mem::replace(&mut making, next));
                answer = making.add(text);
            }
            answers.push(answer);
        }
        done.push(making);
        // Combinations may be more than the nodes that were counted.
        let tables: Vec<Option<Table>> = done.iter().map(|m| m.joined().table()).collect();
        let mut automata = Automata::default();
        let mut numbers = vec![None; tables.len()];
        for (number, table) in numbers.iter_mut().zip(tables) {
            let Some(table) = table else { continue };
            *number = Some(automata.tables.len());
            automata.tables.push(table);
        }
        let renumbered = |answer: Answers| Some(Answers { automaton: numbers[answer.automaton]?, ..answer });
        automata.answers = answers.into_iter().map(|answer| answer.and_then(renumbered)).collect();
        if automata.answers.iter().all(Option::is_none) {
            automata.tables.clear();
        }
        automata
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use peregrine_compiler::kernel::Answer;
    use peregrine_compiler::kernel::eval::{is_clean, text_answer};

    fn answer(table: &Table, answers: Answers, text: &[u8]) -> Answer {
        let facts = table.run(text) ^ fact::ABSOLUTE;
        if facts & answers.bad == 0 {
            return Answer::from(facts & answers.yes != 0);
        }
        match answers.possible {
            Some(possible) if facts & possible == 0 => Answer::No,
            _ => Answer::Unknown,
        }
    }

    /// Numbers that look like chance.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % n
        }

        fn text(&mut self) -> Vec<u8> {
            const PIECES: [&[u8]; 14] = [
                b"/",
                b"/",
                b"/etc",
                b"/usr/bin",
                b"a",
                b"b",
                b"A",
                b".",
                b"..",
                b"/.",
                b"/..",
                b"passwd",
                b"x.log",
                b"\xff",
            ];
            (0..self.below(6)).flat_map(|_| PIECES[self.below(PIECES.len())].to_vec()).collect()
        }

        fn list(&mut self) -> Vec<Vec<u8>> {
            if self.below(3) > 0 { Vec::new() } else { (0..1 + self.below(3)).map(|_| self.text()).collect() }
        }

        fn question(&mut self) -> Text {
            let reading = [Reading::Raw, Reading::Squeezed, Reading::Absolute, Reading::Path][self.below(4)];
            let part = [Part::Whole, Part::Whole, Part::Directory, Part::FileName][self.below(4)];
            let mut set = TextSet { equal: self.list(), ..TextSet::default() };
            if self.below(2) == 0 {
                (set.prefix, set.suffix, set.contains) = (self.list(), self.list(), self.list());
                set.icontains = self.list().iter().map(|t| t.to_ascii_lowercase()).collect();
            }
            if self.below(3) == 0 {
                let paths = [&b"/etc"[..], b"/usr", b"/usr/bin", b"/a/b"];
                set.path = vec![paths[self.below(4)].to_vec()];
            }
            let source = if self.below(3) == 0 { Source::Descriptor } else { Source::Param(0) };
            Text { source, reading, part, set: set.sorted() }
        }
    }

    #[test]
    fn as_the_reference_answers() {
        let mut chance = Chance(7);
        let mut counts = [0; 4];
        for _ in 0..400 {
            let questions: Vec<Text> = (0..1 + chance.below(30)).map(|_| chance.question()).collect();
            let automata = Automata::new(questions.iter());
            for _ in 0..60 {
                let text = if chance.below(8) == 0 { b"(NULL)".to_vec() } else { chance.text() };
                for (question, answers) in questions.iter().zip(&automata.answers) {
                    let right = text_answer(question, &text);
                    let Some(answers) = answers else {
                        counts[3] += 1;
                        continue;
                    };
                    let told = answer(&automata.tables[answers.automaton], *answers, &text);
                    let shown = String::from_utf8_lossy(&text);
                    // The path of a descriptor is one, or the name is not known.
                    let no_path = text.first() != Some(&b'/') || question.reading == Reading::Path && !is_clean(&text);
                    let right = match question.source {
                        Source::Descriptor if no_path => Answer::Unknown,
                        _ => right,
                    };
                    assert_eq!(told, right, "{shown:?} {question:?} {answers:?}");
                    counts[told as usize] += 1;
                }
            }
        }
        println!("yes, no, unknown, without answer: {counts:?}");
        assert!(counts[..3].iter().all(|count| *count > 10_000), "{counts:?}");
    }

    #[test]
    fn what_has_no_path_is_called_by_none() {
        let text = |part, set: TextSet| Text { source: Source::Descriptor, reading: Reading::Raw, part, set };
        let list = |text: &str| vec![text.as_bytes().to_vec()];
        let slash = TextSet { prefix: list("/etc/"), equal: list("/x"), ..TextSet::default() };
        let asked = [
            (text(Part::Whole, slash.clone()), Answer::No),
            (text(Part::Whole, TextSet { path: list("/etc"), ..TextSet::default() }), Answer::No),
            (text(Part::Whole, TextSet { equal: list("x"), ..slash.clone() }), Answer::Unknown),
            (text(Part::Whole, TextSet { suffix: list("/etc"), ..TextSet::default() }), Answer::Unknown),
            (text(Part::FileName, TextSet { equal: list("x"), ..TextSet::default() }), Answer::Unknown),
        ];
        let automata = Automata::new(asked.iter().map(|(text, _)| text));
        for ((text, right), answers) in asked.iter().zip(&automata.answers) {
            let answers = answers.expect("an answer");
            assert_ne!(fact::NAMELESS & answers.bad, 0, "{text:?}");
            let told = answers.possible.filter(|possible| fact::NAMELESS & possible == 0).map(|_| Answer::No);
            assert_eq!(told.unwrap_or(Answer::Unknown), *right, "{text:?}");
        }
    }

    /// Paths that have nothing in common.
    fn paths(count: u64) -> Text {
        let path = |n: u64| format!("/srv/{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes();
        let set = TextSet { equal: (1..=count).map(path).collect(), ..TextSet::default() }.sorted();
        Text { source: Source::Param(0), reading: Reading::Raw, part: Part::Whole, set }
    }

    #[test]
    fn many_texts_have_an_answer() {
        let many = paths(5_000);
        let automata = Automata::new([&many].into_iter());
        let [table] = &automata.tables[..] else { panic!("{} tables", automata.tables.len()) };
        let answers = automata.answers[0].expect("an answer");
        for path in many.set.equal.iter().step_by(97) {
            assert_eq!(answer(table, answers, path), Answer::Yes);
            assert_eq!(answer(table, answers, &path[..path.len() - 1]), Answer::No);
        }
    }

    #[test]
    fn too_many_texts_have_no_answer() {
        let large = paths(60_000);
        let set = TextSet { equal: vec![b"/etc".to_vec()], ..TextSet::default() };
        let small = Text { set, ..large.clone() };
        let automata = Automata::new([&large, &small].into_iter());
        assert_eq!(automata.answers[0], None);
        assert!(automata.answers[1].is_some());
        assert!(automata.tables.iter().all(|table| table.bytes().len() <= LARGEST + 2048));
    }
}
