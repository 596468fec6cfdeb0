use super::{MAX, generate, table, words};
use peregrine_compiler::hir::{Comparison, Expr, ListOp, Op, RuleSet};
use peregrine_compiler::load::{Loader, MAX_FILE, Options};
use std::collections::{BTreeMap, BTreeSet};

const SEED: u64 = 7;

fn load(text: &str) -> RuleSet {
    let mut loader = Loader::new(Options::default());
    loader.add_file("generated.yaml", text.as_bytes());
    let loaded = loader.finish();
    let errors: Vec<&str> = loaded.results.iter().flat_map(|r| &r.errors).map(|e| e.message.as_str()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    loaded.rules
}

#[test]
fn the_same_seed_gives_the_same_text() {
    assert_eq!(generate(50, SEED), generate(50, SEED));
    assert_ne!(generate(50, SEED), generate(50, SEED + 1));
}

#[test]
fn fewer_rules_are_the_beginning_of_more() {
    assert!(generate(60, SEED).starts_with(&generate(25, SEED)));
}

#[test]
fn the_largest_set_fits_into_a_file() {
    for seed in [SEED, 1, 2] {
        let text = generate(MAX, seed);
        assert!(text.len() <= MAX_FILE, "{} bytes", text.len());
    }
}

#[test]
fn words_differ() {
    let words: BTreeSet<String> = (0..100_000).map(words::word).collect();
    assert_eq!(words.len(), 100_000);
}

#[test]
fn any_seed_loads() {
    for seed in 0..20 {
        assert_eq!(load(&generate(30, seed)).rules.len(), 30);
    }
}

/// Comparisons of a rule set.
#[derive(Default)]
struct Counts {
    total: usize,
    negated: usize,
    per_rule: Vec<usize>,
    operators: BTreeMap<String, usize>,
    distinct: BTreeSet<String>,
}

fn count(expression: &Expr, negated: bool, counts: &mut Counts) {
    match expression {
        Expr::And(members) | Expr::Or(members) => members.iter().for_each(|m| count(m, negated, counts)),
        Expr::Not(inner) => count(inner, !negated, counts),
        Expr::Test(test) => {
            let operator = match &test.predicate.test {
                Comparison::One(Op::Eq, _) => "=".to_owned(),
                Comparison::One(Op::Ne, _) => "!=".to_owned(),
                Comparison::One(Op::Ge, _) => ">=".to_owned(),
                Comparison::One(operator, _) => format!("{operator:?}").to_lowercase(),
                Comparison::Many(ListOp::In, _) => "in".to_owned(),
                other => format!("{other:?}").chars().take(12).collect(),
            };
            *counts.operators.entry(operator).or_default() += 1;
            counts.total += 1;
            counts.negated += usize::from(negated);
            counts.distinct.insert(format!("{:?}", test.predicate));
        }
    }
}

/// The shares of the upstream files, as `table` tells them.
#[test]
fn shares_are_those_of_the_upstream_files() {
    let rules = load(&generate(1500, SEED));
    let mut counts = Counts::default();
    for rule in &rules.rules {
        let before = counts.total;
        count(&rule.condition, false, &mut counts);
        counts.per_rule.push(counts.total - before);
    }
    counts.per_rule.sort_unstable();
    let mean = counts.total as f64 / rules.rules.len() as f64;
    let median = counts.per_rule[counts.per_rule.len() / 2];
    let percent = |n: usize| 100.0 * n as f64 / counts.total as f64;
    println!("mean {mean:.1} median {median} negated {:.0} %", percent(counts.negated));
    println!("distinct {:.0} %", percent(counts.distinct.len()));
    for (operator, n) in &counts.operators {
        println!("{operator:12} {:.1} %", percent(*n));
    }
    assert!((12.0..19.0).contains(&mean), "{mean} comparisons per rule, upstream 15.6");
    assert!((7..=12).contains(&median), "{median} comparisons in half of the rules, upstream 9");
    assert!((45.0..65.0).contains(&percent(counts.negated)), "negated, upstream 55 %");
    assert!((48.0..70.0).contains(&percent(counts.distinct.len())), "distinct, upstream 58 %");
    let upstream =
        [("=", 32.4), ("in", 22.2), ("startswith", 18.0), ("contains", 10.7), ("endswith", 5.9), ("!=", 5.5)];
    for (operator, share) in upstream {
        let found = percent(counts.operators.get(operator).copied().unwrap_or(0));
        assert!((found - share).abs() < 5.0, "{operator}: {found:.1} %, upstream {share} %");
    }
}

#[test]
fn a_rule_of_every_kind_can_be_kept_from_matching() {
    for kind in &table::KINDS {
        assert!(kind.wanted.iter().any(|row| !matches!(row.3, table::Constant::Real(_))), "{kind:?}");
    }
}
