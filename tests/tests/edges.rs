//! Rule sets of unusual sizes in all engines: nothing, one rule, and far more of everything than people write.
//!
//! Whole sizes where assertions are off (`cargo test --release`), else a tenth of them: test builds are slower by an order
//! of magnitude.

use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::Program;
use peregrine_compiler::load::{Loader, Options};
use peregrine_compiler::value::Arg;
use peregrine_schema::FieldId;
use peregrine_tests::conditions::{Owned, Table};
use peregrine_tests::engines::Engines;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The size, or a tenth of it in slow builds.
fn scaled(size: usize) -> usize {
    if cfg!(debug_assertions) { size / 10 } else { size }
}

fn load(text: &str) -> RuleSet {
    let mut loader = Loader::new(Options::default());
    loader.add_file("edge.yaml", text.as_bytes());
    let loaded = loader.finish();
    let errors: Vec<&str> = loaded.results.iter().flat_map(|r| &r.errors).map(|e| e.message.as_str()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    loaded.rules
}

fn rules(conditions: impl IntoIterator<Item = String>) -> RuleSet {
    let mut text = String::from("[]\n");
    for (number, condition) in conditions.into_iter().enumerate() {
        if number == 0 {
            text.clear();
        }
        let _ = writeln!(text, "- rule: r{number}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO");
    }
    load(&text)
}

/// An opened file of a name.
fn opened(name: &str) -> Table {
    let text = |text: &str| Owned::Str(text.as_bytes().to_vec());
    let values = [(FieldId::EvtType, text("open")), (FieldId::FdName, text(name)), (FieldId::ProcName, text("p"))];
    let values: BTreeMap<_, _> = values.into_iter().map(|(id, value)| ((id, None), value)).collect();
    let event = peregrine_schema::EVENTS.iter().find(|e| e.name == "open" && e.is_exit()).expect("an event");
    Table { code: event.code, values }
}

/// All engines find these rules on opened files of these names.
fn find(rules: &RuleSet, expected: &[(&str, &[u32])]) {
    assert!(rules.fields.iter().all(|field| field.arg == Arg::None));
    let engines = Engines::new(rules).unwrap_or_else(|e| panic!("{e:#}"));
    for (name, expected) in expected {
        for (engine, found) in engines.answers(&opened(name).bind(&rules.fields)) {
            assert_eq!(found, *expected, "{engine:?} on {name}");
        }
    }
}

#[test]
fn no_rule_and_one() {
    find(&rules([]), &[("/a", &[])]);
    find(&rules(["evt.type = open and fd.name = /a".to_owned()]), &[("/a", &[0]), ("/b", &[])]);
}

#[test]
fn fifty_thousand_rules() {
    let count = scaled(50_000);
    let rules = rules((0..count).map(|n| format!("evt.type=open and fd.name=/f{n}")));
    let last = format!("/f{}", count - 1);
    find(&rules, &[(&last, &[count as u32 - 1]), ("/f0", &[0]), ("/f", &[])]);
}

#[test]
fn a_list_of_a_hundred_thousand() {
    let count = scaled(100_000);
    let items: Vec<String> = (0..count).map(|n| format!("/f{n}")).collect();
    let rule = "- rule: r\n  desc: d\n  condition: evt.type = open and fd.name in (l)\n  output: o\n  priority: INFO";
    let rules = load(&format!("- list: l\n  items: [{}]\n{rule}\n", items.join(", ")));
    find(&rules, &[(&items[count - 1], &[0]), ("/f", &[])]);
}

#[test]
fn a_condition_of_ten_thousand_terms() {
    let count = scaled(10_000);
    let terms: Vec<String> = (0..count).map(|n| format!("fd.name = /f{n}")).collect();
    let any = format!("evt.type = open and ({})", terms.join(" or "));
    let none = format!("evt.type = open and not {}", terms.join(" and not "));
    let last = format!("/f{}", count - 1);
    find(&rules([any, none]), &[(&last, &[0]), ("/f", &[1])]);
}

#[test]
fn a_thousand_regular_expressions() {
    let count = scaled(1_000);
    let rules = rules((0..count).map(|n| format!("evt.type = open and fd.name regex '/d{n}/[a-z]+(/x{}.*)?'", n % 7)));
    let last = format!("/d{}/abc", count - 1);
    find(&rules, &[(&last, &[count as u32 - 1]), ("/d0/abc", &[0]), ("/d0/0", &[])]);
}

/// A rule that two cases of a switch make possible is not looked for there by the same predicates again.
#[test]
fn rules_of_alternatives() {
    // A sequence that is not regular, the same everywhere.
    let mut state = 7_u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % 20
    };
    let condition = |draw: &mut dyn FnMut() -> u32| {
        let (a, b, c, d) = (draw(), draw(), draw(), draw());
        format!(
            "evt.type = open and (fd.name startswith /a{a} or fd.name endswith b{b}) \
             and (fd.name contains c{c} or not fd.name startswith /a{d})"
        )
    };
    let conditions: Vec<String> = (0..1_000).map(|_| condition(&mut draw)).collect();
    let rules = rules(conditions);
    let engines = Engines::new(&rules).unwrap_or_else(|e| panic!("{e:#}"));
    for name in ["/a1", "/a2/c3/b4", "/a10/b1", "c1"] {
        let answers = engines.answers(&opened(name).bind(&rules.fields));
        for (engine, found) in &answers[1..] {
            assert_eq!(found, &answers[0].1, "{engine:?} on {name}");
        }
    }
}

/// Fields of numbers in the record, on events of all types: code is not made for every form that a record can have.
#[test]
fn rules_about_all_types_of_events() {
    let conditions = (0..300).map(|n| format!("evt.rawres < -{n} or evt.rawarg.flags > {n} or evt.rawarg.size > {n}"));
    let program = Program::new(&rules(conditions));
    let stats = program.stats();
    assert!(stats.blocks < 5000, "{stats:?}");
    // Few blocks have a form for each.
    let program = Program::new(&rules(["evt.rawarg.flags > 3".to_owned()]));
    assert!(program.stats().functions > 10, "{:?}", program.stats());
}
