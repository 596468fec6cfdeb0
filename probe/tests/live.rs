//! The whole probe on the running kernel: what this test does is what the rings hold.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why.

use peregrine_probe::live::{Options, Probe};
use peregrine_probe::program::layout::RingRecord;
use peregrine_schema::EVENTS;
use std::collections::BTreeMap;

#[test]
fn a_probe_records_what_happens() {
    let begin = std::time::Instant::now();
    let mut probe = match Probe::load(|_| true, None, Options { ring_bytes: 1 << 20, ..Options::default() }) {
        Ok(probe) => probe,
        Err(e) => return eprintln!("skipped: {e}"),
    };
    println!("loaded in {:?}", begin.elapsed());
    for refused in probe.refused() {
        println!("{}: {}", refused.event.id, refused.reason);
    }
    probe.attach().expect("attached");
    std::process::Command::new("/bin/ls").arg("/").output().expect("ls");
    std::thread::sleep(std::time::Duration::from_millis(50));
    probe.detach();
    let mut counts = BTreeMap::<&str, usize>::new();
    for ring in probe.rings() {
        let batch = ring.batch();
        for record in batch.iter() {
            let record = RingRecord::parse(record).expect("a record");
            let code = u16::from_le_bytes([record.event[20], record.event[21]]);
            *counts.entry(EVENTS[usize::from(code)].id).or_default() += 1;
        }
    }
    println!("{counts:?}\n{:?}", probe.losses());
    assert!(counts.contains_key("CLOSE_X"));
}
