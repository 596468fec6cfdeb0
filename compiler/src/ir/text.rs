//! The text form of a program: printed for people, read back by tests.
//!
//! ```text
//! program = { predicate | rule | function }
//! predicate = "p" N ":" condition                 one comparison, in the condition language
//! rule      = "rule r" N ":" quoted name
//! function  = "fn" { code } ":" { "b" N ":" step }
//! step      = "test p" N "b" N "b" N | "match r" N "b" N | "return"
//! ```
//!
//! Numbers ascend from 0. Empty lines and what follows `#` at the start of a line do not count.

use super::{Block, BlockId, Function, PredicateId, Program, RuleId};
use crate::check::Checker;
use crate::hir::{EventSet, Expr, Predicate, RuleSet};
use crate::print::{Quoted, With};
use crate::span::Span;
use crate::syntax::{parse_condition, parse_quoted};
use crate::value::FieldRef;
use peregrine_schema::EVENT_COUNT;
use std::fmt::{Display, Formatter};

/// A program with the names of its rules and fields.
pub struct Text<'a>(pub &'a Program, pub &'a RuleSet);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let names = self.1.rules.iter().map(|rule| rule.name.as_str());
        write_program(f, self.0, &self.1.fields, names)
    }
}

fn write_program<'a>(
    f: &mut Formatter<'_>,
    program: &Program,
    fields: &[FieldRef],
    rules: impl Iterator<Item = &'a str>,
) -> std::fmt::Result {
    for (i, predicate) in program.predicates.iter().enumerate() {
        writeln!(f, "p{i}: {}", With(fields, predicate))?;
    }
    for (i, name) in rules.enumerate() {
        writeln!(f, "rule r{i}: {}", Quoted(name.as_bytes()))?;
    }
    program.functions.iter().try_for_each(|function| write!(f, "{function}"))
}

impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("fn")?;
        self.codes.iter().try_for_each(|code| write!(f, " {code}"))?;
        writeln!(f, ":")?;
        for (i, block) in self.blocks.iter().enumerate() {
            write!(f, "  b{i}: ")?;
            match block {
                Block::Test { predicate, holds, fails } => {
                    writeln!(f, "test p{} b{} b{}", predicate.0, holds.0, fails.0)?;
                }
                Block::Match { rule, next } => writeln!(f, "match r{} b{}", rule.0, next.0)?,
                Block::Return => writeln!(f, "return")?,
            }
        }
        Ok(())
    }
}

/// A program read from text.
#[derive(Debug)]
pub struct Parsed {
    /// The program; not verified.
    pub program: Program,
    /// Fields of its predicates.
    pub fields: Vec<FieldRef>,
    /// Names of its rules.
    pub rules: Vec<String>,
}

impl Display for Parsed {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write_program(f, &self.program, &self.fields, self.rules.iter().map(String::as_str))
    }
}

/// Reads a program. Errors begin with the line's number.
pub fn parse(text: &str) -> Result<Parsed, String> {
    let mut checker = Checker::new();
    let mut rules = Vec::new();
    let mut program = Program { by_code: vec![None; EVENT_COUNT], ..Program::default() };
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        parse_line(line, &mut program, &mut rules, &mut checker).map_err(|e| format!("line {}: {e}", index + 1))?;
    }
    Ok(Parsed { program, fields: checker.into_fields(), rules })
}

fn parse_line(line: &str, program: &mut Program, rules: &mut Vec<String>, checker: &mut Checker) -> Result<(), String> {
    let (head, rest) = line.split_once(':').ok_or("expected ':'")?;
    let rest = rest.trim();
    if let Some(codes) = head.strip_prefix("fn") {
        let index = program.functions.len() as u32;
        let mut function = Function { codes: EventSet::EMPTY, blocks: Vec::new() };
        for code in codes.split_whitespace() {
            let code: u16 = code.parse().map_err(|_| format!("'{code}' is not an event code"))?;
            *program.by_code.get_mut(code as usize).ok_or(format!("no event code {code}"))? = Some(index);
            function.codes.insert(code);
        }
        program.functions.push(function);
    } else if let Some(number) = head.strip_prefix("rule ") {
        expect(number, 'r', rules.len())?;
        let name = parse_quoted(rest, 0).map_err(|e| e.message)?;
        rules.push(String::from_utf8(name).map_err(|_| "the name of a rule is not UTF-8")?);
    } else if head.starts_with('p') {
        expect(head, 'p', program.predicates.len())?;
        program.predicates.push(parse_predicate(rest, checker)?);
    } else {
        let function = program.functions.last_mut().ok_or("a block before the first function")?;
        expect(head, 'b', function.blocks.len())?;
        function.blocks.push(parse_block(rest)?);
    }
    Ok(())
}

fn number(text: &str, letter: char) -> Result<u32, String> {
    text.trim().strip_prefix(letter).and_then(|n| n.parse().ok()).ok_or(format!("expected {letter}N, found '{text}'"))
}

fn expect(text: &str, letter: char, next: usize) -> Result<(), String> {
    if number(text, letter)? as usize == next {
        Ok(())
    } else {
        Err(format!("expected {letter}{next}, found '{text}'"))
    }
}

fn parse_predicate(text: &str, checker: &mut Checker) -> Result<Predicate, String> {
    let tree = parse_condition(text, 0, 100).map_err(|e| e.message)?;
    match checker.condition(&tree, &|_| Span::NONE) {
        Ok((Expr::Test(test), _)) => Ok(test.predicate),
        Ok(_) => Err("a predicate is one comparison".to_owned()),
        Err(e) => Err(e.message),
    }
}

fn parse_block(text: &str) -> Result<Block, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["test", p, holds, fails] => Ok(Block::Test {
            predicate: PredicateId(number(p, 'p')?),
            holds: BlockId(number(holds, 'b')?),
            fails: BlockId(number(fails, 'b')?),
        }),
        ["match", r, next] => Ok(Block::Match { rule: RuleId(number(r, 'r')?), next: BlockId(number(next, 'b')?) }),
        ["return"] => Ok(Block::Return),
        _ => Err(format!("expected test, match or return, found '{text}'")),
    }
}

#[cfg(test)]
mod tests;
