//! `corpus/conditions` through every engine: one test per condition.

use libtest_mimic::{Arguments, Failed, Trial};
use peregrine_tests::conditions::{ConditionCase, Expected, read_all};
use peregrine_tests::engines::{Engines, compile};
use std::path::Path;

fn main() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/conditions");
    let cases = read_all(&folder)?;
    let trials = cases.into_iter().map(|case| {
        let name = format!("{}: {}", case.about, case.condition);
        Trial::test(name, move || run(&case))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit()
}

fn run(case: &ConditionCase) -> Result<(), Failed> {
    let rules = match (compile(&[&case.condition]), case.expected) {
        (Err(_), Expected::Rejected) => return Ok(()),
        (Ok(_), Expected::Rejected) => return Err("compiles, though it must not".into()),
        (Err(error), _) => return Err(format!("does not compile: {error:#}").into()),
        (Ok(rules), _) => rules,
    };
    let event = case.table.bind(&rules.fields);
    let expected: &[u32] = if case.expected == Expected::Holds { &[0] } else { &[] };
    let answers = Engines::new(&rules)?.answers(&event);
    let wrong: Vec<_> = answers.iter().filter(|(_, found)| found != expected).map(|(kind, _)| kind).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{:?} expected, otherwise in {wrong:?}", case.expected).into()) }
}
