//! Counts over recorded captures: current ones, and old ones through the converter. Small ones lie in the corpus, large
//! ones under `$PEREGRINE_SHARED/captures`; without the variable the tests of these say that they are skipped.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use peregrine_runtime::capture::{Capture, Converted, Converter, Item, Metadata};
use peregrine_schema::{Effect, EventFlags};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

fn captures() -> Option<PathBuf> {
    match std::env::var_os("PEREGRINE_SHARED") {
        Some(dir) => Some(PathBuf::from(dir).join("captures")),
        None => {
            eprintln!("skipped: PEREGRINE_SHARED is not set");
            None
        }
    }
}

#[derive(Debug, Default, PartialEq)]
struct Seen {
    events: u64,
    passed: u64,
    /// Passed, except enter events that only serve their exit event.
    delivered: u64,
    by_name: BTreeMap<&'static str, u64>,
    metadata: BTreeMap<&'static str, u64>,
}

fn read(path: PathBuf) -> Seen {
    let mut capture = Capture::open(&path).unwrap();
    let mut converter = Converter::new();
    let mut seen = Seen::default();
    while let Some(item) = capture.next().unwrap() {
        match item {
            Item::Metadata(m) => {
                let name = match *m {
                    Metadata::Machine(_) => "machine",
                    Metadata::Process(_) => "process",
                    Metadata::Fds(_) => "fds",
                    Metadata::Interfaces(_) => "interfaces",
                    Metadata::Users(_) => "users",
                };
                *seen.metadata.entry(name).or_default() += 1;
            }
            Item::Restart => panic!("{} is one capture", path.display()),
            Item::Event(record) => {
                seen.events += 1;
                if let Converted::Pass(record) = converter.convert(record).unwrap() {
                    seen.passed += 1;
                    if record.event().effect != Effect::StoreEnter {
                        seen.delivered += 1;
                        *seen.by_name.entry(record.event().name).or_default() += 1;
                    }
                    let row = record.event();
                    if row.flags.has(EventFlags::CONVERTER_MANAGED) {
                        assert_eq!(record.params.count(), row.params.len(), "{}", row.id);
                    }
                }
            }
        }
    }
    let progress = capture.progress();
    assert_eq!(Some(progress.consumed), progress.total);
    assert_eq!(converter.not_stored(), 0);
    seen
}

fn current(name: &str, events: u64) {
    let Some(dir) = captures() else { return };
    let seen = read(dir.join(name));
    assert_eq!((seen.events, seen.passed), (events, events));
}

#[test]
fn bundled() {
    for (name, events) in
        [("tiny.scap.gz", 339), ("first-look.scap.gz", 300_000), ("shell.scap.gz", 60_000), ("nginx.scap.gz", 60_000)]
    {
        let seen = read(corpus().join(name));
        assert_eq!((seen.events, seen.passed), (events, events), "{name}");
    }
}

#[test]
fn attack() {
    current("attack.scap.gz", 829_368);
}

#[test]
fn shell() {
    current("shell.scap.gz", 1_314_551);
}

#[test]
fn nginx() {
    current("nginx.scap.gz", 800_000);
}

/// Numbers of falco with a rule that matches every event.
fn old(name: &str, delivered: u64, by_name: &[(&str, u64)]) -> Seen {
    let seen = read(corpus().join("old").join(name));
    for (name, count) in by_name {
        assert_eq!(seen.by_name.get(name), Some(count), "{name}: {:?}", seen.by_name);
    }
    assert_eq!(seen.delivered, delivered, "{:?}", seen.by_name);
    seen
}

#[test]
fn cat_write() {
    let by_name = [("mmap", 10), ("close", 6), ("fstat", 5), ("open", 4), ("procinfo", 260), ("procexit", 1)];
    let seen = old("cat_write.scap", 303, &by_name);
    // Event numbers 1..307: the four opens' enter events take one each.
    assert_eq!(seen.passed, 307);
}

#[test]
fn connect_localhost() {
    let seen = old("connect_localhost.scap", 370, &[("procinfo", 366), ("socket", 3), ("connect", 1)]);
    assert_eq!(seen.passed, 371);
}

#[test]
fn open_multiple_files() {
    let by_name = [("procinfo", 1183), ("open", 13), ("fstat", 13), ("close", 13), ("select", 1), ("switch", 1)];
    // Falco delivers three less, numbers 4..1243: the capture begins with three container events, which count as
    // initial state.
    let seen = old("open-multiple-files.scap", 1230, &by_name);
    assert_eq!(seen.by_name.get("container"), Some(&3));
    assert_eq!(seen.passed, 1243);
}

#[test]
fn ping_sendto() {
    let seen = old("ping_sendto.scap", 1516, &[("procinfo", 1506), ("sendmsg", 10)]);
    assert_eq!(seen.passed, 1516);
}

#[test]
fn single_ipv6_conn() {
    let by_name = [("procinfo", 1700), ("socket", 4), ("connect", 3), ("bind", 2), ("accept", 1)];
    let seen = old("single_ipv6_conn.scap", 1714, &by_name);
    assert_eq!(seen.passed, 1717);
}
