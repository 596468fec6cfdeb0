//! Typed rules → branching programs.
//!
//! Equal predicates of the whole rule set get one number. For every event code the conditions become tests in
//! the order in which they were written; a predicate that the event's type decides ([`super::partial`])
//! becomes a jump, so that rules which cannot match the type vanish. Codes with the same code share a function.

use super::partial::decide;
use super::{Block, BlockId, Function, PredicateId, Program, RuleId};
use crate::hir::{EventSet, Expr, Predicate, RuleSet};
use peregrine_schema::EVENT_COUNT;
use rustc_hash::FxHashMap;

/// Asynchronous events are shown to every rule.
const ASYNC_EVENT: u16 = 402;

/// Compiles a rule set.
pub fn lower(rules: &RuleSet) -> Program {
    let mut sharing = Sharing::default();
    let conditions: Vec<Node> = rules.rules.iter().map(|r| sharing.node(&r.condition)).collect();
    let predicates = sharing.predicates;
    let mut functions: Vec<Function> = Vec::new();
    let mut by_blocks: FxHashMap<Vec<Block>, usize> = FxHashMap::default();
    let mut by_code = vec![None; EVENT_COUNT];
    for code in 0..EVENT_COUNT as u16 {
        let decided = predicates.iter().map(|p| decide(rules, p, code)).collect();
        let blocks = function_blocks(rules, &conditions, code, decided);
        if blocks.len() == 1 {
            continue;
        }
        let index = *by_blocks.entry(blocks).or_insert_with_key(|blocks| {
            functions.push(Function { codes: EventSet::EMPTY, blocks: blocks.clone() });
            functions.len() - 1
        });
        functions[index].codes.insert(code);
        by_code[code as usize] = Some(index as u32);
    }
    Program { predicates, functions, by_code }
}

/// A condition over numbered predicates.
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test(PredicateId),
}

/// Numbers predicates; equal ones get the same number.
#[derive(Default)]
struct Sharing {
    predicates: Vec<Predicate>,
    ids: FxHashMap<Predicate, PredicateId>,
}

impl Sharing {
    fn node(&mut self, condition: &Expr) -> Node {
        match condition {
            Expr::And(members) => Node::And(members.iter().map(|m| self.node(m)).collect()),
            Expr::Or(members) => Node::Or(members.iter().map(|m| self.node(m)).collect()),
            Expr::Not(inner) => Node::Not(Box::new(self.node(inner))),
            Expr::Test(test) => Node::Test(self.id(&test.predicate)),
        }
    }

    fn id(&mut self, predicate: &Predicate) -> PredicateId {
        if let Some(id) = self.ids.get(predicate) {
            return *id;
        }
        let id = PredicateId(self.predicates.len() as u32);
        self.predicates.push(predicate.clone());
        self.ids.insert(predicate.clone(), id);
        id
    }
}

fn function_blocks(rules: &RuleSet, conditions: &[Node], code: u16, decided: Vec<Option<bool>>) -> Vec<Block> {
    let mut builder = Builder { blocks: Vec::new(), decided };
    // Built from the end so that every target exists; `BlockId`s count from the end until `finish`.
    let mut next = builder.push(Block::Return);
    for (index, rule) in rules.rules.iter().enumerate().rev() {
        if rule.enabled && (rule.events.contains(code) || code == ASYNC_EVENT) {
            let found = builder.push(Block::Match { rule: RuleId(index as u32), next });
            next = builder.branch(&conditions[index], found, next);
        }
    }
    builder.finish(next)
}

struct Builder {
    blocks: Vec<Block>,
    /// Predicates the event code decides.
    decided: Vec<Option<bool>>,
}

impl Builder {
    fn push(&mut self, block: Block) -> BlockId {
        self.blocks.push(block);
        BlockId(self.blocks.len() as u32 - 1)
    }

    /// Code that continues at `holds` if the condition holds, else at `fails`; gives its entry.
    fn branch(&mut self, condition: &Node, holds: BlockId, fails: BlockId) -> BlockId {
        if holds == fails {
            return holds;
        }
        match condition {
            Node::Test(predicate) => match self.decided[predicate.0 as usize] {
                Some(true) => holds,
                Some(false) => fails,
                None => self.push(Block::Test { predicate: *predicate, holds, fails }),
            },
            Node::Not(inner) => self.branch(inner, fails, holds),
            Node::And(members) => members.iter().rev().fold(holds, |next, m| self.branch(m, next, fails)),
            Node::Or(members) => members.iter().rev().fold(fails, |next, m| self.branch(m, holds, next)),
        }
    }

    /// Turns the order around, so that the entry is block 0 and targets point forward, and drops blocks
    /// that are never reached.
    fn finish(self, entry: BlockId) -> Vec<Block> {
        let mut reached = vec![false; self.blocks.len()];
        reached[entry.0 as usize] = true;
        for i in (0..self.blocks.len()).rev() {
            if !reached[i] {
                continue;
            }
            match self.blocks[i] {
                Block::Test { holds, fails, .. } => {
                    reached[holds.0 as usize] = true;
                    reached[fails.0 as usize] = true;
                }
                Block::Match { next, .. } => reached[next.0 as usize] = true,
                Block::Return => {}
            }
        }
        let mut number = vec![BlockId(0); self.blocks.len()];
        for (count, i) in (0..self.blocks.len()).rev().filter(|i| reached[*i]).enumerate() {
            number[i] = BlockId(count as u32);
        }
        let renumber = |b: BlockId| number[b.0 as usize];
        (0..self.blocks.len())
            .rev()
            .filter(|i| reached[*i])
            .map(|i| match self.blocks[i] {
                Block::Test { predicate, holds, fails } => {
                    Block::Test { predicate, holds: renumber(holds), fails: renumber(fails) }
                }
                Block::Match { rule, next } => Block::Match { rule, next: renumber(next) },
                Block::Return => Block::Return,
            })
            .collect()
    }
}
