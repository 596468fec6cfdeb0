//! What a well-formed program is:
//!
//! 1. `by_code` has one entry per event code; each entry names a function that lists the code, and each code
//!    a function lists leads back to it.
//! 2. Every function has a block; targets are later blocks of the same function (so every run ends).
//! 3. Predicates and rules named by blocks exist.
//! 4. Slots named by predicates exist.

use super::{Block, Program};
use crate::hir::{Comparison, Operand, RuleSet, TransformArg};
use peregrine_schema::EVENT_COUNT;

/// Checks a program against the rule set it was made from. The error names the place.
pub fn verify(program: &Program, rules: &RuleSet) -> Result<(), String> {
    if program.by_code.len() != EVENT_COUNT {
        return Err(format!("{} codes instead of {EVENT_COUNT}", program.by_code.len()));
    }
    for (code, function) in program.by_code.iter().enumerate() {
        let Some(function) = function else { continue };
        let listed = program.functions.get(*function as usize).is_some_and(|f| f.codes.contains(code as u16));
        if !listed {
            return Err(format!("code {code}: function {function} does not list it"));
        }
    }
    for (index, function) in program.functions.iter().enumerate() {
        for code in function.codes.iter() {
            if program.by_code[code as usize] != Some(index as u32) {
                return Err(format!("fn {index}: code {code} does not lead to it"));
            }
        }
        verify_blocks(index, &function.blocks, program.predicates.len(), rules.rules.len())?;
    }
    for (index, predicate) in program.predicates.iter().enumerate() {
        let mut slots = Vec::new();
        operand_slots(&predicate.lhs, &mut slots);
        if let Comparison::Field(_, o) | Comparison::FieldList(_, o) = &predicate.test {
            operand_slots(o, &mut slots);
        }
        if let Some(slot) = slots.iter().find(|s| **s as usize >= rules.fields.len()) {
            return Err(format!("p{index}: no field {slot}"));
        }
    }
    Ok(())
}

fn verify_blocks(index: usize, blocks: &[Block], predicates: usize, rules: usize) -> Result<(), String> {
    if blocks.is_empty() {
        return Err(format!("fn {index}: no block"));
    }
    for (at, block) in blocks.iter().enumerate() {
        let forward = |target: super::BlockId| {
            if (target.0 as usize) <= at || target.0 as usize >= blocks.len() {
                return Err(format!("fn {index}: b{at}: b{} is not a later block", target.0));
            }
            Ok(())
        };
        match *block {
            Block::Test { predicate, holds, fails } => {
                if predicate.0 as usize >= predicates {
                    return Err(format!("fn {index}: b{at}: no predicate p{}", predicate.0));
                }
                forward(holds)?;
                forward(fails)?;
            }
            Block::Match { rule, next } => {
                if rule.0 as usize >= rules {
                    return Err(format!("fn {index}: b{at}: no rule r{}", rule.0));
                }
                forward(next)?;
            }
            Block::Return => {}
        }
    }
    Ok(())
}

/// Collects the slots an operand reads.
pub fn operand_slots(operand: &Operand, out: &mut Vec<u32>) {
    match operand {
        Operand::Field(slot) => out.push(*slot),
        Operand::Transform(t) => t.args.iter().for_each(|a| argument_slots(a, out)),
    }
}

fn argument_slots(arg: &TransformArg, out: &mut Vec<u32>) {
    match arg {
        TransformArg::Operand(o) => operand_slots(o, out),
        TransformArg::Str(_) => {}
        TransformArg::List(items) => items.iter().for_each(|a| argument_slots(a, out)),
    }
}
