//! Tokens of conditions.
//!
//! There is no separate token stream: which token may come next depends on the place in the grammar (`in`
//! may be an operator, a macro or a word of text), so the parser asks for one kind of token at a time. Each
//! `lex_*` method either takes the token and says true, or leaves the position alone and says false.
//!
//! Two things of the original are kept on purpose. A NUL byte ends the text for everything but bare words,
//! and [`Lexer::last`] holds the text of the last token taken, since an error message quotes it.

use super::ast::At;
use super::parser::SyntaxError;
use std::borrow::Cow;

/// A position in a text, and the tokens that begin there.
pub(super) struct Lexer<'a> {
    src: &'a [u8],
    text: u32,
    /// Offset of the next byte.
    pub(super) pos: usize,
    /// The last token taken; of a quoted string, its unescaped value. Blanks do not count.
    pub(super) last: Cow<'a, [u8]>,
}

/// Blanks between tokens; form feeds and vertical tabs are not among them, backspaces are.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x08 | b'\r' | b'\n')
}

/// `[[:space:]]` of the original's expressions; backspaces are not among them.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// Length of `[a-zA-Z]+[a-zA-Z0-9_]*` at the start of `s`, 0 if there is none.
fn word_len(s: &[u8]) -> usize {
    if !s.first().is_some_and(u8::is_ascii_alphabetic) {
        return 0;
    }
    s.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
}

/// Length of the digits at the start of `s`.
fn digits_len(s: &[u8]) -> usize {
    s.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Length of `[+-]?[0-9]+[.]?[0-9]*([eE][+-][0-9]+)?` at the start of `s`, 0 if there is none.
fn number_len(s: &[u8]) -> usize {
    let sign = usize::from(matches!(s.first(), Some(b'+' | b'-')));
    let whole = digits_len(&s[sign..]);
    if whole == 0 {
        return 0;
    }
    let mut len = sign + whole;
    if s.get(len) == Some(&b'.') {
        len += 1;
    }
    len += digits_len(&s[len..]);
    if matches!(s.get(len), Some(b'e' | b'E')) && matches!(s.get(len + 1), Some(b'+' | b'-')) {
        let exponent = digits_len(&s[len + 2..]);
        if exponent > 0 {
            len += 2 + exponent;
        }
    }
    len
}

/// Length of a word, a dot, a word and so on at the start of `s`, 0 unless there is at least one dot.
fn field_name_len(s: &[u8]) -> usize {
    let mut len = word_len(s);
    let mut dots = 0;
    while len > 0 && s.get(len) == Some(&b'.') {
        let next = word_len(&s[len + 1..]);
        if next == 0 {
            break;
        }
        len += 1 + next;
        dots += 1;
    }
    if dots == 0 { 0 } else { len }
}

impl<'a> Lexer<'a> {
    pub(super) fn new(src: &'a str, text: u32) -> Lexer<'a> {
        Lexer { src: src.as_bytes(), text, pos: 0, last: Cow::Borrowed(b"") }
    }

    /// What is left of the text.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.src[self.pos..]
    }

    /// The next byte; 0 at the end.
    pub(super) fn peek(&self) -> u8 {
        self.src.get(self.pos).copied().unwrap_or(0)
    }

    /// Whether the text at `offset` begins with `token`.
    pub(super) fn source_starts_with(&self, offset: usize, token: &str) -> bool {
        self.src.get(offset..).is_some_and(|s| s.starts_with(token.as_bytes()))
    }

    /// The place from `start` up to here.
    pub(super) fn at(&self, start: usize) -> At {
        At { text: self.text, range: start..self.pos.max(start) }
    }

    /// An error at the current position.
    pub(super) fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError { message: message.into(), at: self.at(self.pos) }
    }

    fn take(&mut self, len: usize) -> bool {
        if len == 0 {
            return false;
        }
        let rest = self.rest();
        self.last = Cow::Borrowed(&rest[..len]);
        self.pos += len;
        true
    }

    /// Any number of blanks; true if there was one. Does not count as a token.
    pub(super) fn lex_blank(&mut self) -> bool {
        let len = self.rest().iter().take_while(|b| is_blank(**b)).count();
        self.pos += len;
        len > 0
    }

    /// Exactly `token`, whatever follows.
    pub(super) fn lex_str(&mut self, token: &str) -> bool {
        self.rest().starts_with(token.as_bytes()) && self.take(token.len())
    }

    /// `token` and blanks, of which there must be one; the blanks do not count as part of the token.
    pub(super) fn lex_str_blank(&mut self, token: &str) -> bool {
        let rest = self.rest();
        let followed = rest.get(token.len()).is_some_and(|b| is_blank(*b));
        followed && self.lex_str(token) && self.lex_blank()
    }

    /// `not` and the white space behind it.
    pub(super) fn lex_not(&mut self) -> bool {
        let Some(after) = self.rest().strip_prefix(b"not") else { return false };
        let spaces = after.iter().take_while(|b| is_space(**b)).count();
        spaces > 0 && self.take(3 + spaces)
    }

    pub(super) fn lex_identifier(&mut self) -> bool {
        self.take(word_len(self.rest()))
    }

    pub(super) fn lex_field_name(&mut self) -> bool {
        self.take(field_name_len(self.rest()))
    }

    /// A field's argument without quotes.
    pub(super) fn lex_bare_arg(&mut self) -> bool {
        let rest = self.rest();
        self.take(rest.iter().take_while(|b| !matches!(**b, b']' | b'[' | b'"' | b'\'') && !is_space(**b)).count())
    }

    /// A hexadecimal or decimal number.
    pub(super) fn lex_number(&mut self) -> bool {
        let rest = self.rest();
        if let Some(digits) = rest.strip_prefix(b"0x").or_else(|| rest.strip_prefix(b"0X")) {
            let len = digits.iter().take_while(|b| b.is_ascii_hexdigit()).count();
            if len > 0 {
                return self.take(2 + len);
            }
        }
        self.take(number_len(rest))
    }

    /// Text without quotes.
    pub(super) fn lex_bare_str(&mut self) -> bool {
        let rest = self.rest();
        let ends = |b: u8| matches!(b, b'(' | b')' | b'"' | b'\'' | b'=' | b',') || is_space(b);
        self.take(rest.iter().take_while(|b| !ends(**b)).count())
    }

    /// Quoted text; [`Lexer::last`] is its value. The closing quote is the first one that does not follow a
    /// backslash, even if that backslash is itself escaped.
    pub(super) fn lex_quoted(&mut self) -> Result<bool, SyntaxError> {
        let quote = self.peek();
        if quote != b'"' && quote != b'\'' {
            return Ok(false);
        }
        let rest = self.rest();
        let mut prev = quote;
        for (i, &byte) in rest.iter().enumerate().skip(1) {
            if byte == 0 {
                break;
            }
            if byte == quote && prev != b'\\' {
                self.pos += i + 1;
                let value = unescape(&rest[1..i], quote).map_err(|message| self.error(message))?;
                self.last = Cow::Owned(value);
                return Ok(true);
            }
            prev = byte;
        }
        Ok(false)
    }

    /// Whether one of `and`, `or`, `not` comes next, as far as the reader of operator modifiers looks: an
    /// underscore ends a keyword.
    pub(super) fn keyword_follows(&self) -> bool {
        let rest = self.rest();
        ["and", "or", "not"].iter().any(|keyword| {
            rest.strip_prefix(keyword.as_bytes())
                .is_some_and(|after| !after.first().is_some_and(u8::is_ascii_alphanumeric))
        })
    }

    /// Whether a list or a word comes next.
    pub(super) fn list_value_follows(&self) -> bool {
        self.peek() == b'(' || word_len(self.rest()) > 0
    }
}

/// The value of a quoted text, `inner` being what stands between the quotes.
fn unescape(inner: &[u8], quote: u8) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(inner.len());
    let mut i = 0;
    while i < inner.len() {
        let byte = inner[i];
        i += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&escape) = inner.get(i) else { break };
        i += 1;
        out.push(match escape {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            // The blank is dropped: some rules in use were written this way.
            b' ' | b'\\' => b'\\',
            b'/' => b'/',
            b'"' if quote != b'"' => return Err("invalid \\\" escape in '-quoted string".into()),
            b'\'' if quote != b'\'' => return Err("invalid \\' escape in \"-quoted string".into()),
            b'"' | b'\'' => escape,
            b'x' => {
                let digits = inner.get(i..i + 2).ok_or("truncated hex char escape sequence")?;
                i += 2;
                hex_byte(digits)
                    .ok_or_else(|| format!("invalid hex char escape sequence: {}", String::from_utf8_lossy(digits)))?
            }
            _ => {
                let rest = String::from_utf8_lossy(&inner[i - 1..]);
                let shown = rest.chars().next().map_or_else(String::new, String::from);
                return Err(format!("unsupported string escape sequence: \\{shown}"));
            }
        });
    }
    Ok(out)
}

/// The byte written as two hexadecimal digits.
pub(crate) fn hex_byte(digits: &[u8]) -> Option<u8> {
    let &[high, low] = digits else { return None };
    let value = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(value(high)? * 16 + value(low)?).ok()
}
