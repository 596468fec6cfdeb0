//! Constant folding: predicates that no event decides.
//!
//! A missing value makes a predicate false, so one that holds for every value is not constant: it asks whether the
//! field exists. What always exists is stated here, per field.

use crate::hir::{Comparison, Const, ListOp, Op, Operand, Predicate, RuleSet};
use peregrine_schema::{FieldFlags, FieldId};

/// The value a predicate has on every event, if it has one.
pub fn constant(rules: &RuleSet, predicate: &Predicate) -> Option<bool> {
    match &predicate.test {
        // Nothing begins with, equals or is in nothing; but all elements of an empty list are.
        Comparison::Many(ListOp::Pmatch | ListOp::Intersects, list) if list.is_empty() => Some(false),
        Comparison::Many(ListOp::In, list) if list.is_empty() && !gives_lists(rules, &predicate.lhs) => Some(false),
        Comparison::Modified(_, _, list) if list.is_empty() => Some(false),
        Comparison::One(op, Const::Uint(n)) => number_of_the_event(rules, &predicate.lhs, *op, *n),
        _ => None,
    }
}

fn gives_lists(rules: &RuleSet, operand: &Operand) -> bool {
    match operand {
        Operand::Field(slot) => rules
            .fields
            .get(*slot as usize)
            .is_none_or(|f| f.id.row().flags.any(FieldFlags::LIST.or(FieldFlags::ANY_OF).or(FieldFlags::EITHER_END))),
        Operand::Transform(t) => t.list || t.args.len() != 1 || true_of_argument(rules, &t.args[0]),
    }
}

fn true_of_argument(rules: &RuleSet, argument: &crate::hir::TransformArg) -> bool {
    match argument {
        crate::hir::TransformArg::Operand(operand) => gives_lists(rules, operand),
        crate::hir::TransformArg::Str(_) => false,
        crate::hir::TransformArg::List(_) => true,
    }
}

/// Events are counted from 1: `evt.num = 0` is how rule files write "never", `evt.num >= 0` "always".
fn number_of_the_event(rules: &RuleSet, lhs: &Operand, op: Op, constant: u64) -> Option<bool> {
    let Operand::Field(slot) = lhs else { return None };
    if rules.fields.get(*slot as usize)?.id != FieldId::EvtNum {
        return None;
    }
    match (op, constant) {
        (Op::Eq, 0) | (Op::Lt, 0 | 1) | (Op::Le, 0) => Some(false),
        (Op::Ne, 0) | (Op::Gt, 0) | (Op::Ge, 0 | 1) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::check::Checker;
    use crate::hir::{Expr, RuleSet};
    use crate::span::Span;
    use crate::syntax::parse_condition;

    fn constant(condition: &str) -> Option<bool> {
        let mut checker = Checker::new();
        let tree = parse_condition(condition, 0, 100).unwrap();
        let (expr, _) = checker.condition(&tree, &|_| Span::NONE).unwrap();
        let Expr::Test(test) = expr else { panic!("{condition} is no comparison") };
        let rules = RuleSet { fields: checker.into_fields(), rules: Vec::new() };
        super::constant(&rules, &test.predicate)
    }

    #[test]
    fn golden() {
        for (condition, expected) in [
            ("evt.num = 0", Some(false)),
            ("evt.num < 1", Some(false)),
            ("evt.num >= 0", Some(true)),
            ("evt.num >= 1", Some(true)),
            ("evt.num > 0", Some(true)),
            ("evt.num != 0", Some(true)),
            ("evt.num = 1", None),
            ("evt.num >= 2", None),
            ("proc.name in ()", Some(false)),
            ("proc.aname in ()", None),
            ("fd.types in ()", None),
            ("fd.types intersects ()", Some(false)),
            ("fd.name pmatch ()", Some(false)),
            ("tolower(proc.name) in ()", Some(false)),
            ("proc.pid >= 0", None),
            ("proc.name contains \"\"", None),
        ] {
            assert_eq!(constant(condition), expected, "{condition}");
        }
    }
}
