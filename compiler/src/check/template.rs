//! Output texts: literal text and tokens `%[width]field` or `%[width]transformer(...)`.
//!
//! After the `%` the longest text that is a valid token counts: `%proc.nameand` is `%proc.name` and `and`.
//! There is no escape for `%`.

use super::{CheckError, CheckWarning, Checker, ErrorKind, warn};
use crate::hir::{Operand, Piece, Slot, Template, Token, TransformArg};
use crate::syntax::ast::{self, At};
use crate::syntax::parse_operand_prefix;
use crate::syntax::print::print_operand;

/// Widest a token may be printed, in bytes; the reference engine has no limit but memory.
const MAX_WIDTH: usize = 1 << 20;

/// Longest token that is looked for; longer rests of a text are not tried.
const MAX_TOKEN: usize = 1 << 14;

impl Checker {
    /// Checks an output text, `text_id` being its number in the places of errors and warnings.
    pub fn template(&mut self, text: &str, text_id: u32) -> Result<(Template, Vec<CheckWarning>), CheckError> {
        let known = self.fields().len();
        self.next_text();
        match self.pieces(text, text_id) {
            Ok(pieces) => Ok((Template { pieces }, warn::output_warnings(text, text_id))),
            Err(error) => {
                self.forget(known);
                Err(error)
            }
        }
    }

    fn pieces(&mut self, text: &str, text_id: u32) -> Result<Vec<Piece>, CheckError> {
        if text.is_empty() {
            return Err(CheckError::other("empty formatting token", &At { text: text_id, range: 0..0 }));
        }
        let mut pieces = Vec::new();
        let mut pos = 0;
        while let Some(offset) = text[pos..].find('%') {
            let percent = pos + offset;
            if offset > 0 {
                pieces.push(Piece::Text(text[pos..percent].into()));
            }
            let (width, start) = width(text, percent, text_id)?;
            let (token, len) = self.token(&text[start..], width).ok_or_else(|| {
                // What the reference engine says after having tried everything down to one letter.
                let at = At { text: text_id, range: percent..token_end(text, start) };
                CheckError::new(ErrorKind::UnknownField, "unknown filter: unexpected token after '", &at)
            })?;
            pieces.push(Piece::Token(token));
            pos = start + len;
        }
        if pos < text.len() {
            pieces.push(Piece::Text(text[pos..].into()));
        }
        Ok(pieces)
    }

    /// The longest valid token at the start of `rest` and its length.
    fn token(&mut self, rest: &str, width: usize) -> Option<(Token, usize)> {
        let mut end = rest.len().min(MAX_TOKEN);
        while end > 0 {
            let tried = rest.get(..end).and_then(|tried| parse_operand_prefix(tried, 0).ok());
            if let Some((parsed, len)) = tried {
                let known = self.fields().len();
                if let Ok((operand, _)) = self.operand(&parsed) {
                    let mut keys = Vec::new();
                    collect_keys(&parsed, &operand, &mut keys);
                    return Some((Token { width, operand, keys }, len));
                }
                self.forget(known);
                // Nothing between the end of what was parsed and the end of the text makes a difference.
                end = end.min(len);
            }
            end -= 1;
        }
        None
    }
}

/// The width behind the `%` at `percent` (0 if none) and where the token begins.
fn width(text: &str, percent: usize, text_id: u32) -> Result<(usize, usize), CheckError> {
    let start = percent + 1;
    let at = |end| At { text: text_id, range: percent..end };
    if start == text.len() {
        let message = "invalid formatting syntax: formatting cannot end with a %";
        return Err(CheckError::other(message, &at(start)));
    }
    let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
    let end = start + digits;
    if digits == 0 {
        return Ok((0, start));
    }
    if end == text.len() {
        let message = "invalid formatting syntax: formatting cannot end with a number";
        return Err(CheckError::other(message, &at(end)));
    }
    let width = text[start..end].parse().ok().filter(|width| *width <= MAX_WIDTH);
    let width = width.ok_or_else(|| {
        let message = format!("invalid formatting syntax: width {} is larger than {MAX_WIDTH}", &text[start..end]);
        CheckError::other(message, &at(end))
    })?;
    Ok((width, end))
}

/// End of what a reader would take for the token at `start`.
fn token_end(text: &str, start: usize) -> usize {
    let len = text[start..].bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_')).count();
    start + len
}

/// The fields of an operand under their names as written.
fn collect_keys(parsed: &ast::Operand, typed: &Operand, keys: &mut Vec<(String, Slot)>) {
    match (parsed, typed) {
        (field @ ast::Operand::Field { .. }, Operand::Field(slot)) => keys.push((print_operand(field), *slot)),
        (ast::Operand::Transform { args, .. }, Operand::Transform(transform)) => {
            collect_arg_keys(args, &transform.args, keys);
        }
        _ => {}
    }
}

fn collect_arg_keys(parsed: &[ast::TransformArg], typed: &[TransformArg], keys: &mut Vec<(String, Slot)>) {
    for pair in parsed.iter().zip(typed) {
        match pair {
            (ast::TransformArg::Operand(parsed), TransformArg::Operand(typed)) => collect_keys(parsed, typed, keys),
            (ast::TransformArg::List(parsed, _), TransformArg::List(typed)) => collect_arg_keys(parsed, typed, keys),
            _ => {}
        }
    }
}
