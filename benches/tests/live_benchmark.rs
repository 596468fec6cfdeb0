//! The live benchmark with tiny amounts: every row is there. What the figures are decides nothing.
//!
//! This program is `peregrine` as well, if its first argument is a command of it. Without root, or where the kernel does
//! not take programs, the test says so and is skipped; where kernel tests must run
//! (`PEREGRINE_KERNEL_TESTS=required`) it fails.

use libtest_mimic::{Arguments, Failed, Trial};
use peregrine_benches::live::results::Results;
use peregrine_benches::live::watcher::{EMPTY, NOTHING, PEREGRINE, Watcher};
use peregrine_benches::live::{Amounts, Live, Part, Rules, report};
use peregrine_benches::live::{GETPPID, OPEN_CLOSE, OPEN_CLOSE_AT_ONCE, OPEN_CLOSE_PROGRAM, READ};
use peregrine_benches::rules::repository;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|command| command == "run") {
        return ExitCode::from(peregrine_runtime::cli::main());
    }
    let trials = vec![Trial::test("all_rows_are_measured", all_rows_are_measured)];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn all_rows_are_measured() -> Result<(), Failed> {
    if let Err(error) = Watcher::Empty.start(&own_rules(), &std::env::temp_dir()) {
        let required = std::env::var("PEREGRINE_KERNEL_TESTS").is_ok_and(|v| v == "required");
        if required {
            return Err(format!("{error:#}").into());
        }
        eprintln!("skipped: {error:#}");
        return Ok(());
    }
    let results = measure().map_err(|error| format!("{error:#}"))?;
    let calls: Vec<&str> = results.calls.iter().map(|calls| calls.what.as_str()).collect();
    assert_eq!(calls, [GETPPID, READ, OPEN_CLOSE, OPEN_CLOSE_PROGRAM, OPEN_CLOSE_AT_ONCE, READ]);
    for calls in &results.calls {
        let under: Vec<&str> = calls.under.iter().map(|under| under.watcher.as_str()).collect();
        assert_eq!(under, [NOTHING, EMPTY, PEREGRINE], "{}", calls.what);
        assert!(calls.under.iter().all(|under| under.ns.iter().all(|ns| *ns > 0.0)), "{}", calls.what);
        assert!(calls.own(PEREGRINE).is_some() && calls.own(NOTHING).is_none(), "{}", calls.what);
    }
    let reads = results.calls.last().and_then(|calls| calls.under(PEREGRINE)).and_then(|under| under.seen);
    let seen = reads.ok_or("the watcher tells what it counted")?;
    assert!(seen.events >= 2000, "each read is looked at: {seen:?}");
    assert!(results.loads.iter().any(|load| load.what == "shell"), "a shell is everywhere");
    for load in &results.loads {
        assert!(load.loss(PEREGRINE, NOTHING).is_some(), "{}", load.what);
        assert!(load.under(PEREGRINE).and_then(|under| under.own_per_event()).is_some(), "{}", load.what);
    }
    assert_eq!(results.idle.len(), 1);
    let tables: Vec<String> = report::tables(&results).into_iter().map(|table| table.title).collect();
    assert_eq!(tables.len(), 4, "{tables:?}");
    Ok(())
}

fn own_rules() -> Rules {
    let files = vec![repository().join("rules/peregrine_rules.yaml")];
    Rules { name: "own".to_owned(), files, busy: false }
}

fn measure() -> anyhow::Result<Results> {
    let amounts = Amounts {
        rounds: 2,
        calls: 1000,
        pairs: 1000,
        pairs_at_once: 1000,
        reads: 2000,
        load_rounds: 1,
        load_seconds: 1,
        idle_seconds: 1,
    };
    let watchers = vec![Watcher::Nothing, Watcher::Empty, Watcher::Peregrine(std::env::current_exe()?)];
    let parts = [Part::Calls, Part::Pairs, Part::Reads, Part::Loads, Part::Idle];
    Live::new(watchers, own_rules(), amounts, &mut |_| ())?.run(&parts, &["shell".to_owned(), "redis".to_owned()])
}
