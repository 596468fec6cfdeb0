//! Parser of conditions, fields and transformers: recursive descent, one method per rule of the grammar.
//!
//! ```text
//! Condition  = Or                                       the whole text; blanks around any token
//! Or         = And { "or"  ( Blank And | "(" Embedded ) }
//! And        = Not { "and" ( Blank Not | "(" Embedded ) }
//! Not        = { "not" Space } ( "not(" Embedded | Check )
//! Embedded   = Or ")"
//! Check      = "(" Embedded | Field Test | Transformer Test | Identifier
//! Test       = "exists"
//!            | ( "<=" | "<" | ">=" | ">" )  ( Computed | Number )
//!            | StrOp [ Blank Modifier ( List | Identifier ) ]      if a modifier and such a value follow
//!            | StrOp                        ( Computed | Quoted | Bare )
//!            | ( "intersects" | "in" | "pmatch" ) ( List | Computed | Identifier )
//! StrOp      = "==" | "=" | "!=" | Word Blank           glob iglob contains icontains bcontains
//!                                                       startswith bstartswith endswith regex
//! Modifier   = ( "oneof" | "anyof" | "allof" ) Blank
//! List       = "(" [ Str { "," Str } ] ")"              Str = Quoted | Bare
//! Computed   = Transformer | "val(" Field ")"
//! Transformer= Name "(" Arg { "," Arg } ")" [ "[" FieldArg "]" ]     no blank before "("
//! Arg        = Number | Quoted | "(" [ Item { "," Item } ] ")" | Transformer | Field
//! Item       = Field | Transformer | Quoted | Number
//! Field      = FieldName [ "[" FieldArg "]" ]           no blank before "["
//! FieldArg   = Quoted | bare text without brackets, quotes and white space
//! Identifier = [a-zA-Z]+[a-zA-Z0-9_]*                   FieldName = Identifier { "." Identifier }, a dot at least
//! ```
//!
//! Note what the grammar does not say: after `or(`...`)` no `and` may follow; `exists`, `in`, `pmatch` and the
//! operators made of symbols need no blank behind them; keywords are only keywords where the grammar asks for
//! them (`not`, `and` are fine macro names).
//!
//! What must hold: nesting is bounded. Every method counts as one level, as in the original, so that the same
//! conditions are refused at the same limit; at 1000 levels the stack needed stays far below 1 MiB. Chains of
//! `not`, `and`, `or` need no stack.

use super::ast::{At, Check, CheckOp, Expr, Operand, Rhs, TransformArg, Value};
use super::lexer::Lexer;
use crate::hir::{ListOp, Modifier, Op, TransformKind};

/// Limit of nesting for conditions of rules and macros.
pub const MAX_DEPTH: usize = 1000;
/// Limit of nesting for everything else (fields of exceptions, tokens of outputs).
pub const MAX_DEPTH_OPERAND: usize = 100;

/// A text that is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong, in Falco's words.
    pub message: String,
    /// Where the parser stood (an empty range).
    pub at: At,
}

impl SyntaxError {
    /// Line, column and offset as Falco prints them; `text` is the text that was parsed.
    pub fn position(&self, text: &str) -> Position {
        position(text, self.at.range.start)
    }
}

/// A position as Falco prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Offset in bytes, from 0.
    pub idx: usize,
    /// Line, from 1; a carriage return and a line feed each begin one.
    pub line: usize,
    /// Column in bytes, from 1.
    pub col: usize,
}

/// The position of byte `offset` of `text`.
pub fn position(text: &str, offset: usize) -> Position {
    let mut at = Position { idx: offset, line: 1, col: 1 };
    for byte in text.bytes().take(offset) {
        at.col += 1;
        if matches!(byte, b'\r' | b'\n') {
            at.col = 1;
            at.line += 1;
        }
    }
    at
}

/// Parses a condition. `text_id` goes into every [`At`]; nesting is limited to `max_depth` levels, each
/// parenthesis counting five ([`MAX_DEPTH`] is what rules are allowed).
pub fn parse_condition(text: &str, text_id: u32, max_depth: usize) -> Result<Expr, SyntaxError> {
    let mut parser = Parser { lex: Lexer::new(text, text_id), depth: 0, max_depth };
    if text.is_empty() {
        return Err(parser.lex.error("filter input string is empty"));
    }
    let expr = parser.or_expr()?;
    if parser.lex.pos != text.len() {
        let last = String::from_utf8_lossy(&parser.lex.last).into_owned();
        return Err(parser.lex.error(format!("unexpected token after '{last}', expecting 'or', 'and'")));
    }
    Ok(expr)
}

/// Parses a field or transformer at the start of `text` and says how many bytes it takes.
pub fn parse_operand_prefix(text: &str, text_id: u32) -> Result<(Operand, usize), SyntaxError> {
    let mut parser = Parser { lex: Lexer::new(text, text_id), depth: 0, max_depth: MAX_DEPTH_OPERAND };
    let operand = parser.field_or_transformer()?;
    Ok((operand, parser.lex.pos))
}

/// Parses a text that is a field or a transformer and nothing else.
pub fn parse_operand(text: &str, text_id: u32) -> Result<Operand, SyntaxError> {
    let (operand, len) = parse_operand_prefix(text, text_id)?;
    if len != text.len() {
        let at = At { text: text_id, range: len..text.len() };
        return Err(SyntaxError { message: format!("unexpected token after '{}'", &text[..len]), at });
    }
    Ok(operand)
}

/// Parses a text that is a field, with or without argument, and nothing else.
pub fn parse_field(text: &str, text_id: u32) -> Result<Operand, SyntaxError> {
    match parse_operand(text, text_id)? {
        field @ Operand::Field { .. } => Ok(field),
        Operand::Transform { at, .. } => Err(SyntaxError { message: "expected a field".into(), at }),
    }
}

/// The value of a text that is one quoted string and nothing else.
pub fn parse_quoted(text: &str, text_id: u32) -> Result<Vec<u8>, SyntaxError> {
    let mut lex = Lexer::new(text, text_id);
    if lex.lex_quoted()? && lex.pos == text.len() {
        return Ok(lex.last.into_owned());
    }
    let at = At { text: text_id, range: lex.pos..text.len() };
    Err(SyntaxError { message: "expected a quoted string".into(), at })
}

type Parsed<T> = Result<T, SyntaxError>;

const TRANSFORMERS: [(&str, TransformKind); 8] = [
    ("tolower(", TransformKind::Tolower),
    ("toupper(", TransformKind::Toupper),
    ("b64(", TransformKind::B64),
    ("basename(", TransformKind::Basename),
    ("len(", TransformKind::Len),
    ("join(", TransformKind::Join),
    ("concat(", TransformKind::Concat),
    ("getopt(", TransformKind::Getopt),
];

/// Transformers as listed by messages.
const TRANSFORMER_NAMES: &str = "'val', 'tolower', 'toupper', 'b64', 'basename', 'len', 'join', 'concat', 'getopt'";

/// Operators as listed by messages.
const OPERATOR_NAMES: &str = "'exists', '<=', '<', '>=', '>', '==', '=', '!=', 'glob', 'iglob', 'contains', \
     'icontains', 'bcontains', 'startswith', 'bstartswith', 'endswith', 'regex', 'intersects', 'in', 'pmatch'";

/// In the order in which they are tried.
const NUM_OPS: [(&str, Op); 4] = [("<=", Op::Le), ("<", Op::Lt), (">=", Op::Ge), (">", Op::Gt)];

/// In the order in which they are tried.
const SYMBOL_OPS: [(&str, Op); 3] = [("==", Op::Eq), ("=", Op::Eq), ("!=", Op::Ne)];

/// Operators that need a blank behind them.
const WORD_OPS: [(&str, Op); 9] = [
    ("glob", Op::Glob),
    ("iglob", Op::Iglob),
    ("contains", Op::Contains),
    ("icontains", Op::Icontains),
    ("bcontains", Op::Bcontains),
    ("startswith", Op::Startswith),
    ("bstartswith", Op::Bstartswith),
    ("endswith", Op::Endswith),
    ("regex", Op::Regex),
];

/// In the order in which they are tried.
const LIST_OPS: [(&str, ListOp); 3] =
    [("intersects", ListOp::Intersects), ("in", ListOp::In), ("pmatch", ListOp::Pmatch)];

const MODIFIERS: [(&str, Modifier); 3] =
    [("oneof", Modifier::OneOf), ("anyof", Modifier::AnyOf), ("allof", Modifier::AllOf)];

struct Parser<'a> {
    lex: Lexer<'a>,
    depth: usize,
    max_depth: usize,
}

impl Parser<'_> {
    /// Runs one rule of the grammar a level deeper.
    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        let result = if self.depth >= self.max_depth {
            Err(self.lex.error(format!("exceeded max depth limit of {}", self.max_depth)))
        } else {
            rule(self)
        };
        self.depth -= 1;
        result
    }

    fn or_expr(&mut self) -> Parsed<Expr> {
        self.deeper(|p| p.chain("or", Self::and_expr, Expr::Or))
    }

    fn and_expr(&mut self) -> Parsed<Expr> {
        self.deeper(|p| p.chain("and", Self::not_expr, Expr::And))
    }

    /// `operand { keyword operand }`.
    fn chain(
        &mut self,
        keyword: &str,
        operand: fn(&mut Self) -> Parsed<Expr>,
        make: fn(Vec<Expr>, At) -> Expr,
    ) -> Parsed<Expr> {
        self.lex.lex_blank();
        let start = self.lex.pos;
        let mut members = vec![operand(self)?];
        let mut at = self.lex.at(start);
        self.lex.lex_blank();
        while self.lex.lex_str(keyword) {
            let member = if self.lex.lex_blank() {
                operand(self)?
            } else if self.lex.lex_str("(") {
                self.embedded()?
            } else {
                return Err(self.lex.error(format!("expected blank or '(' after '{keyword}'")));
            };
            members.push(member);
            at = self.lex.at(start);
            self.lex.lex_blank();
        }
        match members.len() {
            1 => Ok(members.swap_remove(0)),
            _ => Ok(make(members, at)),
        }
    }

    fn not_expr(&mut self) -> Parsed<Expr> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let start = p.lex.pos;
            let mut negated = false;
            while p.lex.lex_not() {
                negated = !negated;
            }
            let expr = if p.lex.lex_str("not(") {
                negated = !negated;
                p.embedded()?
            } else {
                p.check()?
            };
            Ok(if negated { Expr::Not(Box::new(expr), p.lex.at(start)) } else { expr })
        })
    }

    /// What follows an opening parenthesis.
    fn embedded(&mut self) -> Parsed<Expr> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let expr = p.or_expr()?;
            p.lex.lex_blank();
            if !p.lex.lex_str(")") {
                return Err(p.lex.error("expected a ')' token"));
            }
            Ok(expr)
        })
    }

    fn check(&mut self) -> Parsed<Expr> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let start = p.lex.pos;
            if p.lex.lex_str("(") {
                return p.embedded();
            }
            if p.lex.lex_field_name() {
                let lhs = p.field_remainder(start)?;
                return p.test(lhs, start);
            }
            if let Some(kind) = p.transformer_name() {
                p.lex.lex_blank();
                let lhs = p.transformer_remainder(kind, start)?;
                return p.test(lhs, start);
            }
            if p.lex.lex_identifier() {
                return Ok(Expr::Macro(p.last_text(), p.lex.at(start)));
            }
            Err(p.lex.error("expected a '(' token, a field check, or an identifier"))
        })
    }

    fn field_or_transformer(&mut self) -> Parsed<Operand> {
        self.deeper(|p| {
            if p.lex.lex_field_name() {
                return p.field_remainder(0);
            }
            if let Some(kind) = p.transformer_name() {
                p.lex.lex_blank();
                return p.transformer_remainder(kind, 0);
            }
            Err(p.lex.error("unexpected token after '"))
        })
    }

    /// The argument of a field whose name, beginning at `start`, is the last token.
    fn field_remainder(&mut self, start: usize) -> Parsed<Operand> {
        self.deeper(|p| {
            let name = p.last_text();
            let arg = p.bracketed()?;
            Ok(Operand::Field { name, arg, at: p.lex.at(start), val: false })
        })
    }

    /// `[ ... ]`, if there.
    fn bracketed(&mut self) -> Parsed<Option<String>> {
        if !self.lex.lex_str("[") {
            return Ok(None);
        }
        if !self.lex.lex_quoted()? && !self.lex.lex_bare_arg() {
            return Err(self.lex.error("expected a valid field argument: a quoted string or a bare string"));
        }
        let arg = self.last_text();
        if !self.lex.lex_str("]") {
            return Err(self.lex.error("expected a ']' token"));
        }
        Ok(Some(arg))
    }

    /// The arguments of a transformer whose name, beginning at `start`, and parenthesis have been read.
    fn transformer_remainder(&mut self, kind: TransformKind, start: usize) -> Parsed<Operand> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let mut args = Vec::new();
            loop {
                args.push(p.transformer_arg()?);
                p.lex.lex_blank();
                if !p.lex.lex_str(",") {
                    break;
                }
            }
            if !p.lex.lex_str(")") {
                return Err(p.lex.error("expected a ')' token closing the transformer"));
            }
            let key = p.bracketed()?;
            Ok(Operand::Transform { kind, args, key, at: p.lex.at(start) })
        })
    }

    fn transformer_arg(&mut self) -> Parsed<TransformArg> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let start = p.lex.pos;
            if p.lex.lex_number() || p.lex.lex_quoted()? {
                return Ok(TransformArg::Value(p.value(start)));
            }
            if p.lex.lex_str("(") {
                return p.transformer_list(start);
            }
            if let Some(kind) = p.transformer_name() {
                return Ok(TransformArg::Operand(p.transformer_remainder(kind, start)?));
            }
            if p.lex.lex_field_name() {
                return Ok(TransformArg::Operand(p.field_remainder(start)?));
            }
            let expected = "expected field transformer argument: field, transformer, quoted string, number, \
                            or transformer list";
            Err(p.lex.error(expected))
        })
    }

    /// What follows the opening parenthesis of a list inside a transformer.
    fn transformer_list(&mut self, start: usize) -> Parsed<TransformArg> {
        let mut items = Vec::new();
        self.lex.lex_blank();
        if self.lex.lex_str(")") {
            return Ok(TransformArg::List(items, self.lex.at(start)));
        }
        loop {
            items.push(self.transformer_list_item()?);
            self.lex.lex_blank();
            if !self.lex.lex_str(",") {
                break;
            }
            self.lex.lex_blank();
        }
        if !self.lex.lex_str(")") {
            return Err(self.lex.error("expected ')'"));
        }
        Ok(TransformArg::List(items, self.lex.at(start)))
    }

    fn transformer_list_item(&mut self) -> Parsed<TransformArg> {
        let start = self.lex.pos;
        if self.lex.lex_field_name() {
            return Ok(TransformArg::Operand(self.field_remainder(start)?));
        }
        if let Some(kind) = self.transformer_name() {
            self.lex.lex_blank();
            return Ok(TransformArg::Operand(self.transformer_remainder(kind, start)?));
        }
        if self.lex.lex_quoted()? || self.lex.lex_number() {
            return Ok(TransformArg::Value(self.value(start)));
        }
        let expected = "expected transformer list argument: field, transformer, quoted string, or number";
        Err(self.lex.error(expected))
    }

    /// The operator and right side of a comparison that begins at `start`.
    fn test(&mut self, lhs: Operand, start: usize) -> Parsed<Expr> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let op_start = p.lex.pos;
            if p.lex.lex_str("exists") {
                let op_at = p.lex.at(op_start);
                let at = p.lex.at(start);
                return Ok(Expr::Check(Check { lhs, op: CheckOp::Exists, double_eq: false, op_at, rhs: None, at }));
            }
            let (op, rhs, op_at) = p.operator_and_rhs(op_start)?;
            let double_eq = op_at.range.len() >= 2 && p.lex.source_starts_with(op_start, "==");
            Ok(Expr::Check(Check { lhs, op, double_eq, op_at, rhs: Some(rhs), at: p.lex.at(start) }))
        })
    }

    fn operator_and_rhs(&mut self, op_start: usize) -> Parsed<(CheckOp, Rhs, At)> {
        if let Some(op) = self.one_of(&NUM_OPS) {
            let op_at = self.lex.at(op_start);
            return Ok((CheckOp::Scalar(op, None), self.number_or_computed()?, op_at));
        }
        if let Some((op, blank)) = self.string_op() {
            let op_at = self.lex.at(op_start);
            let (pos, last) = (self.lex.pos, self.lex.last.clone());
            let modifier = if blank { self.one_of_blank(&MODIFIERS) } else { None };
            if modifier.is_some() && self.lex.list_value_follows() && !self.lex.keyword_follows() {
                return Ok((CheckOp::Scalar(op, modifier), self.list_or_word()?, op_at));
            }
            // The word was the value itself.
            (self.lex.pos, self.lex.last) = (pos, last);
            return Ok((CheckOp::Scalar(op, None), self.string_or_computed()?, op_at));
        }
        if let Some(op) = self.one_of(&LIST_OPS) {
            let op_at = self.lex.at(op_start);
            return Ok((CheckOp::List(op), self.list_or_computed()?, op_at));
        }
        Err(self.lex.error(format!("expected a valid check operator: one of {OPERATOR_NAMES}")))
    }

    /// A string operator, and whether blanks followed it.
    fn string_op(&mut self) -> Option<(Op, bool)> {
        if let Some(op) = self.one_of(&SYMBOL_OPS) {
            return Some((op, self.lex.lex_blank()));
        }
        self.one_of_blank(&WORD_OPS).map(|op| (op, true))
    }

    fn number_or_computed(&mut self) -> Parsed<Rhs> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let start = p.lex.pos;
            if let Some(operand) = p.computed()? {
                return Ok(Rhs::Operand(operand));
            }
            if p.lex.lex_number() {
                return Ok(Rhs::Value(p.value(start)));
            }
            let expected = "expected a number value or a field with a valid transformer: ";
            Err(p.lex.error(format!("{expected}{TRANSFORMER_NAMES}")))
        })
    }

    fn string_or_computed(&mut self) -> Parsed<Rhs> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let start = p.lex.pos;
            if let Some(operand) = p.computed()? {
                return Ok(Rhs::Operand(operand));
            }
            if p.lex.lex_quoted()? || p.lex.lex_bare_str() {
                return Ok(Rhs::Value(p.value(start)));
            }
            let expected = "expected a string value or a field with a valid transformer: ";
            Err(p.lex.error(format!("{expected}{TRANSFORMER_NAMES}")))
        })
    }

    /// An element of a list.
    fn string(&mut self) -> Parsed<Value> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let start = p.lex.pos;
            if p.lex.lex_quoted()? || p.lex.lex_bare_str() {
                return Ok(p.value(start));
            }
            Err(p.lex.error("expected a string value"))
        })
    }

    /// A list of constants, if one begins here.
    fn list(&mut self) -> Parsed<Option<Rhs>> {
        let start = self.lex.pos;
        if !self.lex.lex_str("(") {
            return Ok(None);
        }
        let mut values = Vec::new();
        self.lex.lex_blank();
        // Whatever is wrong with the first element, what matters to the original is whether the list ends
        // there: a first element with a bad escape, being consumed, leaves an empty list.
        if let Ok(first) = self.string() {
            values.push(first);
            self.lex.lex_blank();
            while self.lex.lex_str(",") {
                values.push(self.string()?);
                self.lex.lex_blank();
            }
        }
        if !self.lex.lex_str(")") {
            return Err(self.lex.error("expected a ')' token"));
        }
        Ok(Some(Rhs::List(values, self.lex.at(start))))
    }

    fn list_or_word(&mut self) -> Parsed<Rhs> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let start = p.lex.pos;
            if let Some(list) = p.list()? {
                return Ok(list);
            }
            if p.lex.lex_identifier() {
                return Ok(Rhs::Value(p.value(start)));
            }
            Err(p.lex.error("expected a list or an identifier"))
        })
    }

    fn list_or_computed(&mut self) -> Parsed<Rhs> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let start = p.lex.pos;
            if let Some(list) = p.list()? {
                return Ok(list);
            }
            if let Some(operand) = p.computed()? {
                return Ok(Rhs::Operand(operand));
            }
            if p.lex.lex_identifier() {
                return Ok(Rhs::Value(p.value(start)));
            }
            let expected = "expected a list, an identifier, or a field with a valid transformer: ";
            Err(p.lex.error(format!("{expected}{TRANSFORMER_NAMES}")))
        })
    }

    /// A transformer or `val(...)`, if one begins here.
    fn computed(&mut self) -> Parsed<Option<Operand>> {
        self.deeper(|p| {
            p.lex.lex_blank();
            let start = p.lex.pos;
            if p.lex.lex_str("val(") {
                return p.val_remainder(start).map(Some);
            }
            let Some(kind) = p.transformer_name() else { return Ok(None) };
            p.lex.lex_blank();
            p.transformer_remainder(kind, start).map(Some)
        })
    }

    /// What follows `val(`.
    fn val_remainder(&mut self, start: usize) -> Parsed<Operand> {
        self.lex.lex_blank();
        let field_start = self.lex.pos;
        if !self.lex.lex_field_name() {
            return Err(self.lex.error("expected a field within 'val' transformer"));
        }
        let Operand::Field { name, arg, .. } = self.field_remainder(field_start)? else {
            return Err(self.lex.error("expected a field within 'val' transformer"));
        };
        self.lex.lex_blank();
        if !self.lex.lex_str(")") {
            return Err(self.lex.error("expected a ')' token closing the transformer"));
        }
        if self.bracketed()?.is_some() {
            // The tree has no room for it, and nothing accepts it.
            return Err(self.lex.error("filter error: transformer 'val' does not support field arguments"));
        }
        Ok(Operand::Field { name, arg, at: self.lex.at(start), val: true })
    }

    fn transformer_name(&mut self) -> Option<TransformKind> {
        self.one_of(&TRANSFORMERS)
    }

    /// The first of `tokens` that comes next.
    fn one_of<T: Copy>(&mut self, tokens: &[(&str, T)]) -> Option<T> {
        tokens.iter().find(|(token, _)| self.lex.lex_str(token)).map(|(_, what)| *what)
    }

    /// The first of `tokens` that comes next with a blank behind it.
    fn one_of_blank<T: Copy>(&mut self, tokens: &[(&str, T)]) -> Option<T> {
        tokens.iter().find(|(token, _)| self.lex.lex_str_blank(token)).map(|(_, what)| *what)
    }

    /// The last token as the value that begins at `start`.
    fn value(&self, start: usize) -> Value {
        Value { bytes: self.lex.last.to_vec(), at: self.lex.at(start) }
    }

    /// The last token as text. Names are ASCII; arguments may hold any bytes through escapes.
    fn last_text(&self) -> String {
        String::from_utf8_lossy(&self.lex.last).into_owned()
    }
}
