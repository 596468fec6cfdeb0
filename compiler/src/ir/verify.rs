//! What a well-formed program is:
//!
//! 1. `by_code` has one entry per event code; each entry names a function that lists the code, and each code
//!    a function lists leads back to it.
//! 2. Every function has a block; targets are later blocks of the same function, cases of switches earlier functions
//!    without codes (so every run ends).
//! 3. Predicates, rules and switches named by blocks exist. Predicates of switches belong to groups and ascend.
//! 4. Slots named by predicates and groups exist. A predicate belongs to at most one group, that of its own field.

use super::hoist::targets;
use super::{Block, Function, Program};
use crate::hir::{Comparison, Operand, Predicate, RuleSet, TransformArg};
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
        verify_blocks(index, function, program.predicates.len(), rules.rules.len())?;
    }
    let grouped = verify_groups(program)?;
    for (index, function) in program.functions.iter().enumerate() {
        verify_switches(index, function, program, &grouped)?;
    }
    for (index, predicate) in program.predicates.iter().enumerate() {
        let mut slots = Vec::new();
        predicate_slots(predicate, &mut slots);
        if let Some(slot) = slots.iter().find(|s| **s as usize >= rules.fields.len()) {
            return Err(format!("p{index}: no field {slot}"));
        }
    }
    Ok(())
}

fn verify_blocks(index: usize, function: &Function, predicates: usize, rules: usize) -> Result<(), String> {
    let blocks = &function.blocks;
    if blocks.is_empty() {
        return Err(format!("fn {index}: no block"));
    }
    for (at, block) in blocks.iter().enumerate() {
        match *block {
            Block::Test { predicate, .. } if predicate.0 as usize >= predicates => {
                return Err(format!("fn {index}: b{at}: no predicate p{}", predicate.0));
            }
            Block::Match { rule, .. } | Block::Gate { rule, .. } if rule.0 as usize >= rules => {
                return Err(format!("fn {index}: b{at}: no rule r{}", rule.0));
            }
            Block::Switch { switch, .. } if switch as usize >= function.switches.len() => {
                return Err(format!("fn {index}: b{at}: no switch s{switch}"));
            }
            _ => {}
        }
        for target in targets(block).into_iter().flatten() {
            if (target.0 as usize) <= at || target.0 as usize >= blocks.len() {
                return Err(format!("fn {index}: b{at}: b{} is not a later block", target.0));
            }
        }
    }
    Ok(())
}

/// Which predicates belong to a group.
fn verify_groups(program: &Program) -> Result<Vec<bool>, String> {
    let mut grouped = vec![false; program.predicates.len()];
    for (index, group) in program.groups.iter().enumerate() {
        for member in &group.members {
            let predicate = program.predicates.get(member.0 as usize);
            if !predicate.is_some_and(|p| p.lhs == Operand::Field(group.slot)) {
                return Err(format!("group {index}: p{} is not about its field", member.0));
            }
            if std::mem::replace(&mut grouped[member.0 as usize], true) {
                return Err(format!("group {index}: p{} is in two groups", member.0));
            }
        }
        if !group.members.is_sorted() {
            return Err(format!("group {index}: its predicates do not ascend"));
        }
    }
    Ok(grouped)
}

fn verify_switches(index: usize, function: &Function, program: &Program, grouped: &[bool]) -> Result<(), String> {
    for (number, switch) in function.switches.iter().enumerate() {
        if !switch.cases.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(format!("fn {index}: s{number}: its predicates do not ascend"));
        }
        for (predicate, case) in &switch.cases {
            if !grouped.get(predicate.0 as usize).is_some_and(|g| *g) {
                return Err(format!("fn {index}: s{number}: p{} is in no group", predicate.0));
            }
            let callee = program.functions.get(case.0 as usize);
            if case.0 as usize >= index || !callee.is_some_and(|f| f.codes.is_empty()) {
                return Err(format!("fn {index}: s{number}: f{} is not an earlier case", case.0));
            }
        }
    }
    Ok(())
}

/// Collects the slots a predicate reads.
pub fn predicate_slots(predicate: &Predicate, out: &mut Vec<u32>) {
    operand_slots(&predicate.lhs, out);
    if let Comparison::Field(_, o) | Comparison::FieldList(_, o) = &predicate.test {
        operand_slots(o, out);
    }
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
