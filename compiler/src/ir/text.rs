//! The text form of a program: printed for people, read back by tests.
//!
//! ```text
//! program = { predicate | group | rule | function }
//! predicate = "p" N ":" condition                 one comparison, in the condition language
//! group     = "group" field kind ":" { "p" N }    kind: equal number prefix suffix contains path glob ...
//! rule      = "rule r" N ":" quoted name
//! function  = ("case" | "fn" { code }) ":" { "b" N ":" step } { "s" N ":" { "p" N "f" N } }
//! step      = "test p" N "b" N "b" N | "switch s" N "b" N | "gate r" N "b" N "b" N | "match r" N "b" N | "return"
//! ```
//!
//! Numbers ascend from 0. Empty lines and what follows `#` at the start of a line do not count.

use super::{Block, BlockId, Function, FunctionId, Group, GroupKind, PredicateId, Program, RuleId, Switch};
use crate::check::Checker;
use crate::hir::{EventSet, Expr, Operand, Predicate, RuleSet};
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
    for group in &program.groups {
        let field = fields.get(group.slot as usize).map(ToString::to_string).unwrap_or_default();
        write!(f, "group {field} {}:", group.kind.name())?;
        group.members.iter().try_for_each(|p| write!(f, " p{}", p.0))?;
        writeln!(f)?;
    }
    for (i, name) in rules.enumerate() {
        writeln!(f, "rule r{i}: {}", Quoted(name.as_bytes()))?;
    }
    program.functions.iter().try_for_each(|function| write!(f, "{function}"))
}

impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.codes.is_empty() { "case" } else { "fn" })?;
        self.codes.iter().try_for_each(|code| write!(f, " {code}"))?;
        writeln!(f, ":")?;
        for (i, block) in self.blocks.iter().enumerate() {
            write!(f, "  b{i}: ")?;
            match block {
                Block::Test { predicate, holds, fails } => {
                    writeln!(f, "test p{} b{} b{}", predicate.0, holds.0, fails.0)?;
                }
                Block::Switch { switch, next } => writeln!(f, "switch s{switch} b{}", next.0)?,
                Block::Gate { rule, open, shut } => writeln!(f, "gate r{} b{} b{}", rule.0, open.0, shut.0)?,
                Block::Match { rule, next } => writeln!(f, "match r{} b{}", rule.0, next.0)?,
                Block::Return => writeln!(f, "return")?,
            }
        }
        for (i, switch) in self.switches.iter().enumerate() {
            write!(f, "  s{i}:")?;
            switch.cases.iter().try_for_each(|(p, case)| write!(f, " p{} f{}", p.0, case.0))?;
            writeln!(f)?;
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
    if let Some(codes) = head.strip_prefix("fn").or_else(|| (head == "case").then_some("")) {
        let index = program.functions.len() as u32;
        let mut function = Function { codes: EventSet::EMPTY, blocks: Vec::new(), switches: Vec::new() };
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
    } else if let Some(group) = head.strip_prefix("group ") {
        program.groups.push(parse_group(group, rest, program)?);
    } else if head.starts_with('s') {
        let function = program.functions.last_mut().ok_or("a switch before the first function")?;
        expect(head, 's', function.switches.len())?;
        function.switches.push(parse_switch(rest)?);
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

/// A group's field is that of its first predicate; the name in front is for people.
fn parse_group(head: &str, members: &str, program: &Program) -> Result<Group, String> {
    let name = head.rsplit(' ').next().unwrap_or_default();
    let kind = GroupKind::ALL.into_iter().find(|k| k.name() == name).ok_or(format!("'{name}' is no kind of group"))?;
    let ids = members.split_whitespace().map(|p| Ok(PredicateId(number(p, 'p')?)));
    let members: Vec<PredicateId> = ids.collect::<Result<_, String>>()?;
    let first = members.first().and_then(|p| program.predicates.get(p.0 as usize));
    match first.map(|p| &p.lhs) {
        Some(Operand::Field(slot)) => Ok(Group { slot: *slot, kind, members }),
        _ => Err("a group without a predicate on a field".to_owned()),
    }
}

fn parse_switch(text: &str) -> Result<Switch, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let case = |pair: &[&str]| match pair {
        [p, f] => Ok((PredicateId(number(p, 'p')?), FunctionId(number(f, 'f')?))),
        _ => Err(format!("expected pN fN, found '{}'", pair.join(" "))),
    };
    Ok(Switch { cases: words.chunks(2).map(case).collect::<Result<_, String>>()? })
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
        ["switch", s, next] => Ok(Block::Switch { switch: number(s, 's')?, next: BlockId(number(next, 'b')?) }),
        ["gate", r, open, shut] => Ok(Block::Gate {
            rule: RuleId(number(r, 'r')?),
            open: BlockId(number(open, 'b')?),
            shut: BlockId(number(shut, 'b')?),
        }),
        ["match", r, next] => Ok(Block::Match { rule: RuleId(number(r, 'r')?), next: BlockId(number(next, 'b')?) }),
        ["return"] => Ok(Block::Return),
        _ => Err(format!("expected test, switch, gate, match or return, found '{text}'")),
    }
}

#[cfg(test)]
mod tests;
