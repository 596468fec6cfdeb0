use super::judge;
use crate::live::results::{Calls, CallsUnder, Load, LoadRound, LoadUnder, Results, Seen};
use crate::live::watcher::{EMPTY, FALCO, NOTHING, PEREGRINE};
use crate::live::{GETPPID, OPEN_CLOSE_AT_ONCE};

#[track_caller]
fn value(results: &Results, what: &str) -> (Result<f64, String>, Option<bool>) {
    let outcome = judge(results).into_iter().find(|o| o.what == what).expect("it is among the targets");
    (outcome.value, outcome.met)
}

fn calls(what: &str, under: &[(&str, f64, f64)]) -> Calls {
    let seen = Some(Seen { events: 10, dropped: Some(10), lost: 2 });
    let under = under.iter().map(|(watcher, ns, own)| CallsUnder {
        watcher: (*watcher).into(),
        ns: vec![*ns],
        own_ns: vec![*own],
        seen,
    });
    Calls { what: what.into(), rules: "all".into(), count: 7, under: under.collect() }
}

#[test]
fn what_was_not_measured_is_neither_met_nor_missed() {
    for outcome in judge(&Results::default()) {
        assert_eq!(outcome.met, None, "{outcome:?}");
        assert!(outcome.value.is_err(), "{outcome:?}");
    }
}

#[test]
fn calls_are_compared_with_the_empty_program() {
    let under = [(NOTHING, 100.0, 0.0), (EMPTY, 190.0, 0.0), (PEREGRINE, 195.0, 0.0)];
    let results = Results { calls: vec![calls(GETPPID, &under)], ..Results::default() };
    assert_eq!(value(&results, "getppid, above the empty program"), (Ok(5.0), Some(true)));
    let results = Results { calls: vec![calls(GETPPID, &under[1..2])], ..Results::default() };
    assert_eq!(value(&results, "getppid, above the empty program").1, None);
}

#[test]
fn lost_events_and_own_time_are_of_the_long_run() {
    let results = Results { calls: vec![calls(OPEN_CLOSE_AT_ONCE, &[(PEREGRINE, 900.0, 31.0)])], ..Results::default() };
    assert_eq!(value(&results, "open + close, own CPU"), (Ok(31.0), Some(false)));
    assert_eq!(value(&results, "open + close, lost of 7 pairs"), (Ok(2.0), Some(false)));
}

#[test]
fn servers_are_compared_with_falco() {
    let under = |watcher: &str, units: f64, own_seconds: f64| LoadUnder {
        watcher: watcher.into(),
        rounds: vec![LoadRound { units, seconds: 1.0, own_seconds, seen: None }],
    };
    let ours = under(PEREGRINE, 90.0, 0.09);
    let load = |theirs: LoadUnder| Load {
        what: "nginx".into(),
        unit: "requests".into(),
        calls_per_unit: 4.0,
        under: vec![under(NOTHING, 100.0, 0.0), ours.clone(), theirs],
    };
    let results = Results { loads: vec![load(under(FALCO, 50.0, 1.0))], ..Results::default() };
    let (loss, met) = value(&results, "nginx, loss / Falco's");
    assert_eq!((loss.map(|l| (l * 1e6).round()), met), (Ok(200_000.0), Some(true)));
    let (own, met) = value(&results, "nginx, own CPU / Falco's");
    assert_eq!((own.map(|o| (o * 1e6).round()), met), (Ok(50_000.0), Some(true)));
    let results = Results { loads: vec![load(under(FALCO, 101.0, 1.0))], ..Results::default() };
    assert!(value(&results, "nginx, loss / Falco's").0.is_err(), "Falco made it faster: noise");
}
