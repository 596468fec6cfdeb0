//! Captures through rules: reading, state, matching, alerts. Time per element is time per event.

mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use peregrine_benches::inprocess;
use peregrine_runtime::replay::{Detector, Options};

fn end_to_end(criterion: &mut Criterion) {
    let (captures, sets) = (common::Captures::new(), common::rule_sets());
    for capture in &captures.all {
        let mut group = criterion.benchmark_group(format!("end to end/{}", capture.name));
        group.throughput(Throughput::Elements(capture.events));
        for (name, rules) in &sets {
            let mut detector = Detector::new(rules, &Options::default()).expect("this machine has a code generator");
            group.bench_function(name.as_str(), |b| {
                b.iter(|| inprocess::end_to_end(&capture.raw, &mut detector).expect("whole"));
            });
        }
    }
}

criterion_group!(name = benches; config = common::short(); targets = end_to_end);
criterion_main!(benches);
