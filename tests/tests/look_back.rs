//! Fields that look back at their own evaluations: what a rule sees does not depend on the rules beside it, and all
//! engines see the same, whatever they share and in which order they evaluate.

use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::session::Session;
use peregrine_tests::engines::{ENGINES, compile};
use std::path::Path;

const CONDITIONS: [&str; 13] = [
    "util.cnt > 100",
    "util.cnt > 100 and proc.name exists",
    "evt.type = openat and util.cnt > 100",
    "thread.pfminor = val(util.cnt)",
    "evt.num < val(util.cnt) or fd.ip = allof (127.0.0.1, 0.0.0.0)",
    "evt.deltatime > 1000 and evt.deltatime < 5000",
    "evt.type = close and evt.deltatime > 100000 or evt.type != close and evt.deltatime < 2000",
    "evt.type in (openat, close) and (util.cnt < 50 or not evt.deltatime.ns > 3000)",
    "not (evt.type = read or util.cnt >= 400)",
    // What follows is decided by the type of the event, or by nothing: the test is made nevertheless.
    "evt.type in (open, openat, close, read) and evt.deltatime > 5000 and evt.arg.name exists",
    "util.cnt in (1, 2, 3) and fd.name exists",
    "util.cnt > 20 and evt.type = close or util.cnt > 10 and evt.type = open",
    "evt.type in (close, openat) and util.cnt > 5 and proc.name in () or util.cnt < 9",
];

/// Numbers of the events on which each condition holds.
type Found = Vec<Vec<u64>>;

fn replay(kind: EngineKind, conditions: &[&str], all: bool) -> anyhow::Result<Found> {
    let rules = compile(conditions)?;
    let matcher = Matcher::new(kind, &rules)?;
    let (mut pad, bound, env) = (matcher.pad(), Bound::new(&rules.fields), Env::default());
    let mut scratch = bumpalo::Bump::new();
    let mut found = vec![Vec::new(); conditions.len()];
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/old/single_ipv6_conn.scap");
    let mut session = Session::open(&capture)?;
    let mut step = |event: peregrine_runtime::session::Delivered<'_>| {
        let number = event.number;
        let view = EventView::new(event, &bound, &scratch, &env);
        matcher.run(&mut pad, &view, all, &mut |rule| found[rule.0 as usize].push(number));
        scratch.reset();
    };
    while session.step(&mut step)? {}
    Ok(found)
}

#[test]
fn rules_do_not_move_each_other_on() {
    let alone: Found = CONDITIONS.iter().flat_map(|one| replay(EngineKind::Oracle, &[one], true).unwrap()).collect();
    assert!(alone.iter().filter(|events| !events.is_empty()).count() > 5, "hardly anything is found: {alone:?}");
    for kind in ENGINES {
        for (i, events) in replay(kind, &CONDITIONS, true).unwrap().into_iter().enumerate() {
            assert!(events == alone[i], "{kind:?}, {}", CONDITIONS[i]);
        }
    }
}

#[test]
fn rules_behind_a_match_are_not_evaluated() {
    let expected = replay(EngineKind::Oracle, &CONDITIONS, false).unwrap();
    for kind in ENGINES {
        assert!(replay(kind, &CONDITIONS, false).unwrap() == expected, "{kind:?}");
    }
    let mut all: Vec<u64> = expected.concat();
    let found = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), found, "one rule for each event");
}
