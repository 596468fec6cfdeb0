//! Typed rules → branching programs: runs the passes and puts the functions together.
//!
//! ```text
//! rules ─► share ─► fold ─► for each class of event codes: partial ─► hoist, access ─► functions
//! ```
//!
//! Codes on which the same rules are tried and the same predicates are decided form a class. Without optimisation
//! ([`Options::plain`]) every rule is tested as it is written, one after the other: what the optimised program is
//! compared with, and the form of rules whose fields look back at their own evaluations.

use super::access::{Covers, groups};
use super::cost::{Costs, Lifetime, Profile, lifetime};
use super::fold::constant;
use super::formula::{FormId, Formulas, NEVER};
use super::hoist::{Body, Hoister, Item};
use super::inplace::{InPlace, in_place};
use super::partial::Decisions;
use super::{Block, BlockId, Function, PredicateId, Program, RuleId};
use crate::hir::{EventSet, Expr, Predicate, RuleSet};
use peregrine_schema::EVENT_COUNT;
use rustc_hash::FxHashMap;

/// Asynchronous events are shown to every rule.
const ASYNC_EVENT: u16 = 402;

/// How a program is made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Leave out all passes but sharing and partial evaluation.
    pub plain: bool,
    /// Measured costs and likelihoods.
    pub profile: Option<Profile>,
}

/// Compiles a rule set.
pub fn lower(rules: &RuleSet, options: &Options) -> Program {
    let mut formulas = Formulas::default();
    let conditions: Vec<Condition> = rules.rules.iter().map(|r| condition(rules, &mut formulas, r, options)).collect();
    let predicates = formulas.predicates().to_vec();
    let groups = if options.plain { Vec::new() } else { groups(rules, &predicates) };
    let mut costs = Costs::new(rules, &predicates, options.profile.as_ref());
    let mut covers = Covers::new(predicates.len(), &groups);
    let folded: Vec<Option<bool>> = predicates.iter().map(|p| constant(rules, p)).collect();
    let decisions = Decisions::new(rules, &predicates);
    let mut hoister = Hoister::new(&mut formulas, &mut costs, &mut covers);
    let mut by_code = vec![None; EVENT_COUNT];
    let mut by_body: FxHashMap<Content, usize> = FxHashMap::default();
    for class in classes(rules, &decisions) {
        let code = class[0];
        let decided = |p: PredicateId| folded[p.0 as usize].or_else(|| decisions.of(p, code));
        let function = class_function(rules, &conditions, code, &decided, &mut hoister);
        if function.blocks == [Block::Return] {
            continue;
        }
        let forms = forms(rules, &predicates, &function, &class);
        for (code, form) in class.into_iter().zip(forms) {
            let body = (function.blocks.clone(), function.switches.clone(), form);
            let index = *by_body.entry(body).or_insert_with_key(|(blocks, switches, _)| {
                let (blocks, switches) = (blocks.clone(), switches.clone());
                hoister.functions.push(Function { codes: EventSet::EMPTY, blocks, switches });
                hoister.functions.len() - 1
            });
            hoister.functions[index].codes.insert(code);
            by_code[code as usize] = Some(index as u32);
        }
    }
    let functions = hoister.functions;
    Program { predicates, groups, functions, by_code }
}

/// What a function is made of: blocks, switches, and how its tests are answered in place.
type Content = (Vec<Block>, Vec<super::Switch>, Form);

/// For each block, how its test is answered in place.
type Form = Vec<Option<InPlace>>;

/// Most code that is made again so that it can read fields in place: blocks.
const REPEATED_BLOCKS: usize = 2000;

/// For each code of a class, how the function's tests are answered in place: code is made for each form of it. Where that
/// would be much code, there is one form, in which the codes need not agree.
fn forms(rules: &RuleSet, predicates: &[Predicate], function: &Function, class: &[u16]) -> Vec<Form> {
    let most = REPEATED_BLOCKS / function.blocks.len().max(1);
    let mut known: Vec<Form> = Vec::new();
    let mut forms = Vec::new();
    for code in class {
        let form = readings(rules, predicates, function, *code);
        if !known.contains(&form) {
            if known.len() > most {
                return vec![Form::new(); class.len()];
            }
            known.push(form.clone());
        }
        forms.push(form);
    }
    forms
}

/// From which parameters a function's fields come on events of a code.
fn readings(rules: &RuleSet, predicates: &[Predicate], function: &Function, code: u16) -> Form {
    let tested = |block: &Block| match block {
        Block::Test { predicate, .. } => in_place(&rules.fields, &predicates[predicate.0 as usize], code),
        _ => None,
    };
    function.blocks.iter().map(tested).collect()
}

/// A rule's condition.
enum Condition {
    /// May be tested in any order.
    Free(FormId),
    /// Tested from left to right, behind a gate.
    Written(Node),
}

/// A condition as it is written, over numbered predicates.
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test(PredicateId),
    /// Of a field that looks back: made whenever it is reached, even if nothing depends on its outcome any more.
    Look(PredicateId),
}

impl Node {
    /// Whether any test looks back.
    fn looks(&self) -> bool {
        match self {
            Node::And(members) | Node::Or(members) => members.iter().any(Node::looks),
            Node::Not(inner) => inner.looks(),
            Node::Test(_) => false,
            Node::Look(_) => true,
        }
    }
}

fn condition(rules: &RuleSet, formulas: &mut Formulas, rule: &crate::hir::Rule, options: &Options) -> Condition {
    if !rule.enabled {
        // Never lowered; its predicates are not part of the program.
        Condition::Free(NEVER)
    } else if options.plain || looks_back(rules, &rule.condition) {
        Condition::Written(node(rules, formulas, &rule.condition))
    } else {
        Condition::Free(formulas.form(&rule.condition, true))
    }
}

fn looks_back(rules: &RuleSet, expr: &Expr) -> bool {
    match expr {
        Expr::And(members) | Expr::Or(members) => members.iter().any(|m| looks_back(rules, m)),
        Expr::Not(inner) => looks_back(rules, inner),
        Expr::Test(test) => lifetime(rules, &test.predicate) == Lifetime::Evaluation,
    }
}

fn node(rules: &RuleSet, formulas: &mut Formulas, expr: &Expr) -> Node {
    match expr {
        Expr::And(members) => Node::And(members.iter().map(|m| node(rules, formulas, m)).collect()),
        Expr::Or(members) => Node::Or(members.iter().map(|m| node(rules, formulas, m)).collect()),
        Expr::Not(inner) => Node::Not(Box::new(node(rules, formulas, inner))),
        Expr::Test(test) => {
            let predicate = formulas.predicate(&test.predicate);
            let looks = lifetime(rules, &test.predicate) == Lifetime::Evaluation;
            if looks { Node::Look(predicate) } else { Node::Test(predicate) }
        }
    }
}

/// Event codes that behave alike, in order of their first.
fn classes(rules: &RuleSet, decisions: &Decisions) -> Vec<Vec<u16>> {
    let mut by_signature: FxHashMap<(Vec<u32>, Vec<Option<bool>>), usize> = FxHashMap::default();
    let mut classes: Vec<Vec<u16>> = Vec::new();
    for code in 0..EVENT_COUNT as u16 {
        let tried: Vec<u32> = tried(rules, code).map(|r| r.0).collect();
        if tried.is_empty() {
            continue;
        }
        let class = *by_signature.entry((tried, decisions.signature(code))).or_insert_with(|| {
            classes.push(Vec::new());
            classes.len() - 1
        });
        classes[class].push(code);
    }
    classes
}

/// The rules that are tried on events of a code.
fn tried(rules: &RuleSet, code: u16) -> impl DoubleEndedIterator<Item = RuleId> {
    let indexed = rules.rules.iter().enumerate();
    indexed
        .filter(move |(_, rule)| rule.enabled && (rule.events.contains(code) || code == ASYNC_EVENT))
        .map(|(index, _)| RuleId(index as u32))
}

fn class_function(
    rules: &RuleSet,
    conditions: &[Condition],
    code: u16,
    decided: &impl Fn(PredicateId) -> Option<bool>,
    hoister: &mut Hoister<'_>,
) -> Function {
    let mut body = Body::default();
    let mut entry = body.push(Block::Return);
    for rule in tried(rules, code).rev() {
        if let Condition::Written(node) = &conditions[rule.0 as usize] {
            let found = body.push(Block::Match { rule, next: entry });
            let open = branch(&mut body, decided, node, found, entry);
            if open != entry {
                entry = body.push(Block::Gate { rule, open, shut: entry });
            }
        }
    }
    let mut memo = FxHashMap::default();
    let mut items = Vec::new();
    for rule in tried(rules, code) {
        if let Condition::Free(form) = conditions[rule.0 as usize] {
            let assumed = hoister.formulas.assume(form, decided, &mut memo);
            if assumed != NEVER {
                items.push(Item { rule, demands: hoister.formulas.demands(assumed) });
            }
        }
    }
    let entry = hoister.rules(&mut body, items, entry);
    body.finish(EventSet::EMPTY, entry)
}

/// Code that tests a condition as it is written.
fn branch(
    body: &mut Body,
    decided: &impl Fn(PredicateId) -> Option<bool>,
    condition: &Node,
    holds: BlockId,
    fails: BlockId,
) -> BlockId {
    if holds == fails && !condition.looks() {
        return holds;
    }
    match condition {
        Node::Look(predicate) => body.push(Block::Test { predicate: *predicate, holds, fails }),
        Node::Test(predicate) => match decided(*predicate) {
            Some(true) => holds,
            Some(false) => fails,
            None => body.test(*predicate, holds, fails),
        },
        Node::Not(inner) => branch(body, decided, inner, fails, holds),
        Node::And(members) => members.iter().rev().fold(holds, |next, m| branch(body, decided, m, next, fails)),
        Node::Or(members) => members.iter().rev().fold(fails, |next, m| branch(body, decided, m, holds, next)),
    }
}
