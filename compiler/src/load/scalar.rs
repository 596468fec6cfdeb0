//! Maps the value of a YAML scalar back to its source, byte by byte.
//!
//! The value is what the parser made of the source: line breaks folded, indentation and quotes dropped,
//! escapes replaced. Instead of doing the parser's work again, the two texts are walked side by side: a
//! visible character of the value is the next visible character of the source, white space of the value is
//! white space of the source or an escape. Should the walk ever lose its way, the rest of the value is mapped
//! to the whole scalar: less exact, never wrong.

use crate::span::{Mapped, Span};

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// Without quotes.
    Plain,
    /// `'...'`, where `''` is one quote.
    SingleQuoted,
    /// `"..."`, with escapes.
    DoubleQuoted,
    /// `|` or `>`: the text begins on the line after the indicator.
    Block,
}

/// The value of the scalar written at `span`, mapped.
pub(super) fn map_scalar(text: &str, span: Span, style: Style, value: &str) -> Mapped {
    let mut out = Mapped::new();
    let source = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    if style == Style::Plain && source == value {
        out.push_exact(value, span);
        return out;
    }
    let mut walk = Walk { source, at: body_start(source, style), style, span, out, run: 0, run_source: 0 };
    let mut done = 0;
    while let Some(c) = value[done..].chars().next() {
        let same = walk.same(value, done);
        if same > 0 {
            walk.equal(value, done, same);
            done += same;
        } else if walk.step(value, done, c) {
            done += c.len_utf8();
        } else {
            walk.flush(value, done);
            walk.out.push_for(&value[done..], span);
            return walk.out;
        }
    }
    walk.flush(value, done);
    walk.out
}

/// Offset of the first byte that can belong to the value.
fn body_start(source: &str, style: Style) -> usize {
    match style {
        Style::Plain => 0,
        Style::SingleQuoted | Style::DoubleQuoted => 1,
        Style::Block if source.starts_with(['|', '>']) => source.find('\n').map_or(source.len(), |n| n + 1),
        Style::Block => 0,
    }
}

struct Walk<'s> {
    source: &'s str,
    /// Offset in the source of what comes next.
    at: usize,
    style: Style,
    span: Span,
    out: Mapped,
    /// Offset in the value of the current run of equal bytes, and in the source.
    run: usize,
    run_source: usize,
}

impl Walk<'_> {
    /// How many bytes of the value from `offset` on are the bytes that come next in the source, as they are.
    fn same(&self, value: &str, offset: usize) -> usize {
        let special = match self.style {
            Style::Plain | Style::Block => 0,
            Style::SingleQuoted => b'\'',
            Style::DoubleQuoted => b'\\',
        };
        let source = self.source.as_bytes().get(self.at..).unwrap_or_default();
        let pairs = value.as_bytes()[offset..].iter().zip(source);
        let mut same = pairs.take_while(|(a, b)| a == b && **b != special).count();
        while !value.is_char_boundary(offset + same) {
            same -= 1;
        }
        same
    }

    /// Finds the source of the character `c`, which stands at `offset` of the value.
    fn step(&mut self, value: &str, offset: usize, c: char) -> bool {
        if c.is_ascii_whitespace() {
            return self.blank(value, offset, c);
        }
        loop {
            let Some(s) = self.next() else { return false };
            match s {
                '\\' if self.style == Style::DoubleQuoted => match self.escape() {
                    Some((Some(decoded), len)) if decoded == c => return self.replaced(value, offset, c, len),
                    Some((None, len)) => self.at += len,
                    _ => return false,
                },
                '\'' if self.style == Style::SingleQuoted => return c == '\'' && self.replaced(value, offset, c, 2),
                s if s == c => {
                    self.equal(value, offset, c.len_utf8());
                    return true;
                }
                s if s.is_ascii_whitespace() => self.at += s.len_utf8(),
                _ => return false,
            }
        }
    }

    /// White space of the value: the same byte, a folded line break, or an escape.
    fn blank(&mut self, value: &str, offset: usize, c: char) -> bool {
        loop {
            match self.next() {
                // The line feed after the last line of a block that the file's end cuts short.
                None => return self.replaced(value, offset, c, 0),
                Some('\\') if self.style == Style::DoubleQuoted => match self.escape() {
                    Some((Some(decoded), len)) if decoded == c => return self.replaced(value, offset, c, len),
                    Some((None, len)) => self.at += len,
                    _ => return false,
                },
                Some(s) if s == c => {
                    self.equal(value, offset, c.len_utf8());
                    return true;
                }
                Some('\n') if c == ' ' => return self.replaced(value, offset, c, 1),
                Some(s) if s.is_ascii_whitespace() => self.at += 1,
                Some(_) => return false,
            }
        }
    }

    fn next(&self) -> Option<char> {
        self.source.get(self.at..)?.chars().next()
    }

    /// The escape at the current place: its character (`None` for an escaped line break) and its length.
    fn escape(&self) -> Option<(Option<char>, usize)> {
        let rest = &self.source[self.at..];
        let code = rest.chars().nth(1)?;
        let hex = |digits: usize| {
            let number = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
            Some((Some(char::from_u32(number)?), 2 + digits))
        };
        let simple = |c: char| Some((Some(c), 1 + code.len_utf8()));
        match code {
            'x' => hex(2),
            'u' => hex(4),
            'U' => hex(8),
            '0' => simple('\0'),
            'a' => simple('\u{7}'),
            'b' => simple('\u{8}'),
            't' | '\t' => simple('\t'),
            'n' => simple('\n'),
            'v' => simple('\u{b}'),
            'f' => simple('\u{c}'),
            'r' => simple('\r'),
            'e' => simple('\u{1b}'),
            'N' => simple('\u{85}'),
            '_' => simple('\u{a0}'),
            'L' => simple('\u{2028}'),
            'P' => simple('\u{2029}'),
            '\n' | '\r' => Some((None, 2)),
            other => simple(other),
        }
    }

    /// The next `len` bytes are written as they are; extends the run.
    fn equal(&mut self, value: &str, offset: usize, len: usize) {
        if self.run_source + (offset - self.run) != self.at {
            self.flush(value, offset);
            self.run_source = self.at;
        }
        self.at += len;
    }

    /// The character stands for `len` bytes of the source.
    fn replaced(&mut self, value: &str, offset: usize, c: char, len: usize) -> bool {
        self.flush(value, offset);
        let start = self.span.start as usize + self.at;
        let end = offset + c.len_utf8();
        self.out.push_for(&value[offset..end], Span::new(self.span.file, start, start + len));
        self.at += len;
        self.run = end;
        self.run_source = self.at;
        true
    }

    /// Ends the run of equal bytes before `offset`.
    fn flush(&mut self, value: &str, offset: usize) {
        if offset > self.run {
            let start = self.span.start as usize + self.run_source;
            let span = Span::new(self.span.file, start, start + (offset - self.run));
            self.out.push_exact(&value[self.run..offset], span);
        }
        self.run = offset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;

    /// Every visible character of the value must map to the same character of the source, or to an escape.
    fn check(text: &str, style: Style, value: &str) {
        let span = Span::new(FileId(0), 0, text.len());
        let mapped = map_scalar(text, span, style, value);
        assert_eq!(mapped.text(), value);
        for (offset, c) in value.char_indices() {
            let place = mapped.span(offset..offset + c.len_utf8());
            let source = &text[place.start as usize..place.end as usize];
            if !c.is_whitespace() && !source.starts_with('\\') && source != "''" {
                assert_eq!(source, c.to_string(), "{value:?} at {offset}");
            }
        }
    }

    #[test]
    fn plain_scalars_fold() {
        check("a b", Style::Plain, "a b");
        check("a  \n    b\n\n  c", Style::Plain, "a b\nc");
    }

    #[test]
    fn quoted_scalars() {
        check("'it''s'", Style::SingleQuoted, "it's");
        check("'a\n   b'", Style::SingleQuoted, "a b");
        check(r#""a\tb \"c\" \x41 \u00e9""#, Style::DoubleQuoted, "a\tb \"c\" A é");
        check("\"a\\\n   b\"", Style::DoubleQuoted, "ab");
    }

    #[test]
    fn block_scalars() {
        check(">\n  a and\n  b\n", Style::Block, "a and b\n");
        check("|-  # note\n  a\n    b\n\n  c", Style::Block, "a\n  b\n\nc");
        check(">\n  a", Style::Block, "a\n");
    }

    #[test]
    fn a_lost_walk_maps_to_the_whole() {
        let span = Span::new(FileId(0), 0, 3);
        assert_eq!(map_scalar("xyz", span, Style::Plain, "abc").span(1..2), span);
    }
}
