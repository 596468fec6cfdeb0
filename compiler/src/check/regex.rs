//! Regular expressions: from RE2's POSIX syntax to the syntax of the `regex` crates.
//!
//! The reference engine uses RE2 with `posix_syntax`, which means: no classes like `\d` and `\w`, no `\b`,
//! no `(?...)`, no `\p{..}`; `^` and `$` match at line ends; `.` does not match a line feed, negated classes
//! do; a repetition may be repeated (`a*?` is `(a*)?`). Whether a match is leftmost-longest does not matter,
//! since conditions ask for a match of the whole text, which whoever uses the result must anchor.
//!
//! The text that is searched is valid UTF-8: invalid bytes have been replaced by U+FFFD before. One character
//! of the pattern is one code point. What is given back is in the default (Unicode) mode, has no capturing
//! groups, and no constructs whose meaning depends on flags set outside of it.
//!
//! ```text
//! Pattern = Branch { "|" Branch }          Branch = { Piece }
//! Piece   = Atom { "*" | "+" | "?" | "{" N [ "," [ M ] ] "}" }       N, M <= 1000, products too
//! Atom    = Char | "." | "^" | "$" | Escape | Class | "(" Pattern ")"
//! Escape  = "\" ( punctuation | a f n r t v | octal | "x" HH | "x{" H.. "}" )
//! Class   = "[" [ "^" ] { "[:" [ "^" ] name ":]" | Char [ "-" Char ] } "]"    "]" may come first,
//!                                                                            "-" first or last
//! ```
//!
//! Errors are RE2's messages.

use regex_automata::meta::Regex;
use std::fmt::Write;

/// Highest count of a repetition, and highest product of nested counts.
const MAX_REPEAT: u32 = 1000;

/// Nesting of groups beyond which a pattern is refused, well above what fits into a constant.
const MAX_NESTING: usize = 200;

/// An equivalent pattern for the `regex` crates, or RE2's message.
pub fn regex_to_rust(pattern: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(pattern).map_err(|_| "invalid UTF-8".to_string())?;
    let mut parser = Parser { text, pos: 0, out: String::new(), groups: Vec::new(), last: None };
    parser.pattern()?;
    // A pattern that is accepted must compile later; this is the only way to know.
    match Regex::new(&format!("\\A(?:{})\\z", parser.out)) {
        Ok(_) => Ok(parser.out),
        Err(_) => Err("pattern too large - compile failed".into()),
    }
}

/// The atom that a repetition operator would apply to.
#[derive(Clone, Copy)]
struct Atom {
    /// Where it begins in the output.
    start: usize,
    /// Largest product of counts of nested repetitions in it.
    repeat: u32,
    /// It ends with a repetition.
    repetition: Repetition,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Repetition {
    None,
    /// `*`, `+` or `?`, the last byte of the output.
    Simple,
    Counted,
}

struct Group {
    /// Where the group begins in the output.
    start: usize,
    /// Largest product of counts of its atoms so far.
    repeat: u32,
}

struct Parser<'a> {
    text: &'a str,
    pos: usize,
    out: String,
    /// Groups that are open.
    groups: Vec<Group>,
    last: Option<Atom>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.pos..]
    }

    fn pattern(&mut self) -> Result<(), String> {
        // The pattern itself is the outermost group.
        self.groups.push(Group { start: 0, repeat: 1 });
        while let Some(c) = self.rest().chars().next() {
            match c {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.settle();
                    self.pos += 1;
                    self.out.push('|');
                }
                '*' | '+' | '?' => {
                    self.pos += 1;
                    self.simple_repeat(c)?;
                }
                '{' => self.counted()?,
                '[' => {
                    let class = self.class()?;
                    self.atom(|out| out.push_str(&class));
                }
                '.' | '^' | '$' => {
                    self.pos += 1;
                    let translated = match c {
                        '.' => "[^\\n]",
                        '^' => "(?m:^)",
                        _ => "(?m:$)",
                    };
                    self.atom(|out| out.push_str(translated));
                }
                '\\' => {
                    let c = self.escape()?;
                    self.literal(c);
                }
                c => {
                    self.pos += c.len_utf8();
                    self.literal(u32::from(c));
                }
            }
        }
        match self.groups.len() {
            1 => Ok(()),
            _ => Err(format!("missing ): {}", self.text)),
        }
    }

    /// The last atom is complete: its counts go to the group around it.
    fn settle(&mut self) {
        if let (Some(atom), Some(group)) = (self.last.take(), self.groups.last_mut()) {
            group.repeat = group.repeat.max(atom.repeat);
        }
    }

    fn atom(&mut self, write: impl FnOnce(&mut String)) {
        self.settle();
        let start = self.out.len();
        write(&mut self.out);
        self.last = Some(Atom { start, repeat: 1, repetition: Repetition::None });
    }

    fn literal(&mut self, c: u32) {
        // Surrogates can be written as numbers but occur in no text.
        self.atom(|out| match char::from_u32(c) {
            Some(c) => regex_syntax::escape_into(c.encode_utf8(&mut [0; 4]), out),
            None => out.push_str(NOTHING),
        });
    }

    fn open(&mut self) -> Result<(), String> {
        self.settle();
        if self.groups.len() > MAX_NESTING {
            return Err(format!("bad nesting: {}", self.text));
        }
        self.groups.push(Group { start: self.out.len(), repeat: 1 });
        self.pos += 1;
        self.out.push_str("(?:");
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        self.settle();
        if self.groups.len() == 1 {
            return Err(format!("unexpected ): {}", self.text));
        }
        if let Some(group) = self.groups.pop() {
            self.pos += 1;
            self.out.push(')');
            self.last = Some(Atom { start: group.start, repeat: group.repeat, repetition: Repetition::None });
        }
        Ok(())
    }

    /// The atom that a repetition, `written` so in the pattern, applies to.
    fn repeated(&self, written: &str) -> Result<Atom, String> {
        self.last.ok_or_else(|| format!("no argument for repetition operator: {written}"))
    }

    /// Puts an atom that is a repetition in parentheses, so that what follows is not taken for a suffix of it.
    fn enclose(&mut self, atom: Atom) {
        if atom.repetition != Repetition::None {
            self.out.insert_str(atom.start, "(?:");
            self.out.push(')');
        }
    }

    fn simple_repeat(&mut self, op: char) -> Result<(), String> {
        let atom = self.repeated(op.encode_utf8(&mut [0; 4]))?;
        if atom.repetition == Repetition::Simple {
            // `**` is `*`, `+?` is `*`, and so on.
            if self.out.pop() == Some(op) { self.out.push(op) } else { self.out.push('*') }
        } else {
            self.enclose(atom);
            self.out.push(op);
        }
        self.last = Some(Atom { repetition: Repetition::Simple, ..atom });
        Ok(())
    }

    /// `{n}`, `{n,}`, `{n,m}`; anything else that begins with a brace is text.
    fn counted(&mut self) -> Result<(), String> {
        let Some((min, max, len)) = counts(self.rest()) else {
            self.pos += 1;
            self.literal(u32::from(b'{'));
            return Ok(());
        };
        let written = &self.rest()[..len];
        self.pos += len;
        if max.is_some_and(|max| max < min || max > MAX_REPEAT) || min > MAX_REPEAT {
            return Err(format!("invalid repetition size: {written}"));
        }
        let atom = self.repeated(written)?;
        let repeat = atom.repeat.saturating_mul(max.unwrap_or(min).max(1));
        if repeat > MAX_REPEAT {
            return Err(format!("invalid repetition size: {written}"));
        }
        let repetition = match (min, max) {
            // Left out, so that no constant nests deeper than the `regex` crates take.
            (1, Some(1)) => atom.repetition,
            (0, Some(0)) => {
                self.out.truncate(atom.start);
                self.out.push_str("(?:)");
                Repetition::None
            }
            _ => {
                self.enclose(atom);
                self.out.push_str(written);
                Repetition::Counted
            }
        };
        self.last = Some(Atom { start: atom.start, repeat, repetition });
        Ok(())
    }

    /// The character that an escape stands for.
    fn escape(&mut self) -> Result<u32, String> {
        let start = self.pos;
        let mut chars = self.text[start + 1..].chars();
        let Some(c) = chars.next() else { return Err("trailing \\".into()) };
        self.pos += 1 + c.len_utf8();
        let bad = |parser: &Parser<'_>| Err(format!("invalid escape sequence: {}", &parser.text[start..parser.pos]));
        match c {
            'a' => Ok(7),
            'f' => Ok(12),
            'n' => Ok(10),
            'r' => Ok(13),
            't' => Ok(9),
            'v' => Ok(11),
            '0'..='7' => {
                let more = chars.as_str().bytes().take_while(|b| matches!(b, b'0'..=b'7')).take(2).count();
                if c != '0' && more == 0 {
                    return bad(self);
                }
                self.pos += more;
                let digits = &self.text[start + 1..self.pos];
                Ok(u32::from_str_radix(digits, 8).unwrap_or(0))
            }
            // Reading a character beyond the end is what the original calls so.
            'x' if chars.as_str() == "{" => Err("invalid UTF-8".into()),
            'x' => match hex_escape(chars.as_str()) {
                (Some(value), len) => {
                    self.pos += len;
                    Ok(value)
                }
                (None, len) => {
                    self.pos += len;
                    bad(self)
                }
            },
            c if c == '_' || c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(u32::from(c)),
            _ => bad(self),
        }
    }

    /// A class in brackets, translated.
    fn class(&mut self) -> Result<String, String> {
        let whole = self.rest();
        self.pos += 1;
        let mut out = String::from("[");
        if self.rest().starts_with('^') {
            self.pos += 1;
            out.push('^');
        }
        let mut items = 0;
        let mut first = true;
        while !self.rest().is_empty() && (!self.rest().starts_with(']') || first) {
            let rest = self.rest();
            if rest.starts_with('-') && !first && !rest.starts_with("-]") {
                return Err(match rest[1..].chars().next() {
                    Some(next) => format!("invalid character class range: {}", &rest[..1 + next.len_utf8()]),
                    None => "invalid UTF-8".into(),
                });
            }
            first = false;
            if let Some(class) = self.named_class()? {
                out.push_str(class);
                items += 1;
                continue;
            }
            items += usize::from(self.class_range(whole, &mut out)?);
        }
        if self.rest().is_empty() {
            return Err(format!("missing ]: {whole}"));
        }
        self.pos += 1;
        out.push(']');
        // A class of nothing but surrogates.
        Ok(match (items, out.starts_with("[^")) {
            (0, true) => "[\\x{0}-\\x{10FFFF}]".into(),
            (0, false) => NOTHING.into(),
            _ => out,
        })
    }

    /// `[:name:]`, if it comes next.
    fn named_class(&mut self) -> Result<Option<&'static str>, String> {
        let rest = self.rest();
        let Some(end) = rest.strip_prefix("[:").and_then(|inner| inner.find(":]")) else { return Ok(None) };
        let name = &rest[..end + 4];
        let Some((_, class)) = NAMED.iter().find(|(known, _)| *known == name) else {
            return Err(format!("invalid character class range: {name}"));
        };
        self.pos += name.len();
        Ok(Some(class))
    }

    /// One character or range; false if nothing of it can occur in a text.
    fn class_range(&mut self, whole: &str, out: &mut String) -> Result<bool, String> {
        let start = self.pos;
        let low = self.class_char(whole)?;
        let mut high = low;
        let rest = self.rest();
        if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
            self.pos += 1;
            high = self.class_char(whole)?;
            if high < low {
                let written = &self.text[start..self.pos];
                return Err(format!("invalid character class range: {written}"));
            }
        }
        // Without the surrogates.
        let mut any = false;
        for (low, high) in [(low, high.min(0xd7ff)), (low.max(0xe000), high)] {
            if low <= high {
                any = true;
                // Writing to a string cannot fail.
                let _ = write!(out, "\\x{{{low:X}}}-\\x{{{high:X}}}");
            }
        }
        Ok(any)
    }

    fn class_char(&mut self, whole: &str) -> Result<u32, String> {
        match self.rest().chars().next() {
            None => Err(format!("missing ]: {whole}")),
            Some('\\') => self.escape(),
            Some(c) => {
                self.pos += c.len_utf8();
                Ok(u32::from(c))
            }
        }
    }
}

/// Matches no character.
const NOTHING: &str = "[^\\x{0}-\\x{10FFFF}]";

/// Classes by name: ASCII only, unless negated.
const NAMED: [(&str, &str); 28] = [
    ("[:alnum:]", "[0-9A-Za-z]"),
    ("[:^alnum:]", "[^0-9A-Za-z]"),
    ("[:alpha:]", "[A-Za-z]"),
    ("[:^alpha:]", "[^A-Za-z]"),
    ("[:ascii:]", "[\\x00-\\x7F]"),
    ("[:^ascii:]", "[^\\x00-\\x7F]"),
    ("[:blank:]", "[\\t ]"),
    ("[:^blank:]", "[^\\t ]"),
    ("[:cntrl:]", "[\\x00-\\x1F\\x7F]"),
    ("[:^cntrl:]", "[^\\x00-\\x1F\\x7F]"),
    ("[:digit:]", "[0-9]"),
    ("[:^digit:]", "[^0-9]"),
    ("[:graph:]", "[!-~]"),
    ("[:^graph:]", "[^!-~]"),
    ("[:lower:]", "[a-z]"),
    ("[:^lower:]", "[^a-z]"),
    ("[:print:]", "[ -~]"),
    ("[:^print:]", "[^ -~]"),
    ("[:punct:]", "[!-/:-@\\[-`{-~]"),
    ("[:^punct:]", "[^!-/:-@\\[-`{-~]"),
    ("[:space:]", "[\\t-\\r ]"),
    ("[:^space:]", "[^\\t-\\r ]"),
    ("[:upper:]", "[A-Z]"),
    ("[:^upper:]", "[^A-Z]"),
    ("[:word:]", "[0-9A-Z_a-z]"),
    ("[:^word:]", "[^0-9A-Z_a-z]"),
    ("[:xdigit:]", "[0-9A-Fa-f]"),
    ("[:^xdigit:]", "[^0-9A-Fa-f]"),
];

/// `n}`, `n,}` or `n,m}` behind a brace: the counts and the length, braces included.
fn counts(text: &str) -> Option<(u32, Option<u32>, usize)> {
    let inner = text.strip_prefix('{')?;
    let (min, rest) = count(inner)?;
    let (max, rest) = match rest.strip_prefix(',') {
        None => (Some(min), rest),
        Some(rest) if rest.starts_with('}') => (None, rest),
        Some(rest) => {
            let (max, rest) = count(rest)?;
            (Some(max), rest)
        }
    };
    let rest = rest.strip_prefix('}')?;
    Some((min, max, text.len() - rest.len()))
}

/// A count without leading zeros, and what follows.
fn count(text: &str) -> Option<(u32, &str)> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    let digits = &text[..len];
    if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().ok().filter(|n| *n < 1_000_000_000)?, &text[len..]))
}

/// What follows `\x`: the value, if it is one, and how much of the text was looked at.
fn hex_escape(text: &str) -> (Option<u32>, usize) {
    let Some(braced) = text.strip_prefix('{') else {
        let looked_at: usize = text.chars().take(2).map(char::len_utf8).sum();
        let digits = &text[..looked_at];
        let hex = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        return (u32::from_str_radix(digits, 16).ok().filter(|_| hex), looked_at);
    };
    let digits = braced.bytes().take_while(u8::is_ascii_hexdigit).count();
    let value = u32::from_str_radix(&braced[..digits], 16).ok().filter(|v| *v <= 0x10_ffff);
    let closed = braced[digits..].starts_with('}');
    let next = braced[digits..].chars().next().map_or(0, char::len_utf8);
    (value.filter(|_| closed), 1 + digits + next)
}
