use super::{Outcome, judge};
use crate::results::{Earlier, EarlierFigure, OfCapture, OfRules, Program, Results, Scaling, ScalingOn, Time};

fn time(cpu: f64) -> Time {
    Time { cpu, wall: cpu }
}

fn program(ns_per_event: f64) -> Option<Program> {
    Some(Program { ns_per_event, ..Program::default() })
}

fn results() -> Results {
    let rules = OfRules {
        name: "all".into(),
        ingest: time(32.0),
        end_to_end: time(40.0),
        peregrine: program(50.0),
        ..OfRules::default()
    };
    let nginx = OfCapture {
        name: "nginx".into(),
        walk: time(5.0),
        ingest: time(32.0),
        rules: vec![rules],
        ..OfCapture::default()
    };
    Results { captures: vec![nginx], ..Results::default() }
}

#[track_caller]
fn outcome(results: &Results, what: &str) -> Outcome {
    judge(results).into_iter().find(|o| o.what == what).expect("it is among the targets")
}

#[test]
fn what_was_not_measured_is_neither_met_nor_missed() {
    for outcome in judge(&Results::default()) {
        assert_eq!(outcome.met, None, "{outcome:?}");
        assert!(outcome.value.is_err(), "{outcome:?}");
    }
}

#[test]
fn bounds_go_the_right_way() {
    let mut results = results();
    let floor = outcome(&results, "end to end / walk, nginx, all");
    assert_eq!((floor.value, floor.met), (Ok(8.0), Some(false)));
    let matcher = outcome(&results, "matcher alone, nginx, all");
    assert_eq!((matcher.value, matcher.met), (Ok(8.0), Some(true)));
    results.captures[0].rules[0].falco = program(600.0);
    let falco = outcome(&results, "Falco / Peregrine, nginx, all");
    assert_eq!((falco.value, falco.met, falco.earlier), (Ok(12.0), Some(true), false));
}

#[test]
fn an_earlier_figure_is_marked_and_gives_way() {
    let mut results = results();
    let figures = vec![EarlierFigure { capture: "nginx".into(), rules: "all".into(), ns_per_event: 400.0 }];
    results.earlier = Some(Earlier { figures, ..Earlier::default() });
    let falco = outcome(&results, "Falco / Peregrine, nginx, all");
    assert_eq!((falco.value, falco.met, falco.earlier), (Ok(8.0), Some(false), true));
    results.captures[0].rules[0].falco = program(600.0);
    assert!(!outcome(&results, "Falco / Peregrine, nginx, all").earlier);
}

#[test]
fn growth_is_of_the_same_capture() {
    let of = |rules, nginx, shell| Scaling {
        rules,
        captures: [("nginx", nginx), ("shell", shell)]
            .map(|(name, cpu)| ScalingOn { name: name.into(), matcher: time(cpu), matched_share: 0.0 })
            .to_vec(),
        ..Scaling::default()
    };
    let results = Results { scaling: vec![of(100, 10.0, 20.0), of(10_000, 15.0, 60.0)], ..Results::default() };
    assert_eq!(outcome(&results, "matcher, 10,000 / 100 rules, nginx").met, Some(true));
    assert_eq!(outcome(&results, "matcher, 10,000 / 100 rules, shell").met, Some(false));
}
