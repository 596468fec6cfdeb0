//! Patterns: bracket expressions of globs and compiled regular expressions.

use regex_automata::meta;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind, PatternSet};

/// The characters a bracket expression accepts.
#[derive(Clone, Copy)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    fn insert(&mut self, b: u8) {
        self.0[usize::from(b) / 64] |= 1 << (b % 64);
    }

    /// Whether the byte is accepted.
    pub fn contains(&self, b: u8) -> bool {
        self.0[usize::from(b) / 64] >> (b % 64) & 1 == 1
    }
}

/// Parses what follows `[` in a glob; gives the accepted bytes and the pattern after `]`. `None` if the
/// expression is not closed: then `[` is an ordinary character.
pub fn bracket(pattern: &[u8]) -> Option<(ByteSet, &[u8])> {
    let mut set = ByteSet([0; 4]);
    let mut at = 0;
    let negated = matches!(pattern.first(), Some(b'!' | b'^'));
    at += usize::from(negated);
    let first = at;
    loop {
        let c = *pattern.get(at)?;
        if c == b']' && at > first {
            break;
        }
        if c == b'['
            && pattern.get(at + 1) == Some(&b':')
            && let Some(len) = pattern[at + 2..].windows(2).position(|w| w == b":]")
        {
            let name = &pattern[at + 2..at + 2 + len];
            (0..=255u8).filter(|b| class(name, *b)).for_each(|b| set.insert(b));
            at += len + 4;
            continue;
        }
        let (low, next) = member(pattern, at)?;
        at = next;
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|b| *b != b']') {
            let (high, next) = member(pattern, at + 1)?;
            at = next;
            (low..=high).for_each(|b| set.insert(b));
        } else {
            set.insert(low);
        }
    }
    if negated {
        set.0.iter_mut().for_each(|w| *w = !*w);
    }
    Some((set, &pattern[at + 1..]))
}

fn member(pattern: &[u8], at: usize) -> Option<(u8, usize)> {
    match *pattern.get(at)? {
        b'\\' => Some((*pattern.get(at + 1)?, at + 2)),
        c => Some((c, at + 1)),
    }
}

fn class(name: &[u8], b: u8) -> bool {
    match name {
        b"alnum" => b.is_ascii_alphanumeric(),
        b"alpha" => b.is_ascii_alphabetic(),
        b"blank" => b == b' ' || b == b'\t',
        b"cntrl" => b.is_ascii_control(),
        b"digit" => b.is_ascii_digit(),
        b"graph" => b.is_ascii_graphic(),
        b"lower" => b.is_ascii_lowercase(),
        b"print" => b.is_ascii_graphic() || b == b' ',
        b"punct" => b.is_ascii_punctuation(),
        b"space" => b.is_ascii_whitespace() || b == 0x0b,
        b"upper" => b.is_ascii_uppercase(),
        b"xdigit" => b.is_ascii_hexdigit(),
        _ => false,
    }
}

/// The texts with one of which everything begins that the regular expression matches, if there are few, and none is
/// empty or not ASCII (what is not UTF-8 in a value is not matched as it stands).
pub fn beginnings(pattern: &[u8]) -> Option<Vec<Vec<u8>>> {
    const MOST: usize = 16;
    let translated = crate::check::regex_to_rust(pattern).ok()?;
    let hir = regex_syntax::ParserBuilder::new().nest_limit(2000).build().parse(&translated).ok()?;
    let found = regex_syntax::hir::literal::Extractor::new().extract(&hir);
    let literals = found.literals()?;
    let usable = |l: &[u8]| !l.is_empty() && l.is_ascii();
    let few = !literals.is_empty() && literals.len() <= MOST && literals.iter().all(|l| usable(l.as_bytes()));
    few.then(|| literals.iter().map(|l| l.as_bytes().to_vec()).collect())
}

/// A pattern that only matches whole texts, in the syntax of the library; `None` if it is not valid.
fn whole(pattern: &[u8]) -> Option<String> {
    let translated = crate::check::regex_to_rust(pattern).ok()?;
    Some(format!("(?:{translated})\\z"))
}

/// `cache`: bytes for states that are found while matching.
fn builder(cache: usize) -> meta::Builder {
    let mut builder = meta::Builder::new();
    builder
        // A pattern that would need more is refused as RE2 refuses it.
        .configure(meta::Config::new().nfa_size_limit(Some(8 << 20)).hybrid_cache_capacity(cache))
        .syntax(syntax::Config::new().nest_limit(2000));
    builder
}

/// A regular expression in RE2's POSIX syntax, matched against a whole text.
#[derive(Debug, Clone)]
pub struct Regex(meta::Regex);

impl Regex {
    /// Compiles; `None` if the pattern is not valid (the front end has reported that).
    pub fn new(pattern: &[u8]) -> Option<Regex> {
        builder(1 << 20).build(&whole(pattern)?).ok().map(Regex)
    }

    /// Whether the whole text matches. Invalid UTF-8 is seen as U+FFFD, one per maximal invalid part.
    pub fn is_match(&self, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text);
        self.0.search_half(&Input::new(&*text).anchored(Anchored::Yes)).is_some()
    }
}

/// Several regular expressions, matched against a whole text in one pass.
#[derive(Debug)]
pub struct Regexes(meta::Regex);

impl Regexes {
    /// Compiles; `None` if a pattern is not valid, or all together are too large.
    pub fn new<'p>(patterns: impl Iterator<Item = &'p [u8]>) -> Option<Regexes> {
        let patterns: Vec<String> = patterns.map(whole).collect::<Option<_>>()?;
        let mut builder = builder(4 << 20);
        builder.configure(meta::Config::new().match_kind(MatchKind::All));
        builder.build_many(&patterns).ok().map(Regexes)
    }

    /// Tells the numbers of the patterns that match the whole text.
    pub fn matches(&self, text: &[u8], found: impl FnMut(usize)) {
        let text = String::from_utf8_lossy(text);
        let mut matching = PatternSet::new(self.0.pattern_len());
        self.0.which_overlapping_matches(&Input::new(&*text).anchored(Anchored::Yes), &mut matching);
        matching.iter().map(|pattern| pattern.as_usize()).for_each(found);
    }
}
