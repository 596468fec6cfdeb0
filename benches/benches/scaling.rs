//! Growth with the number of rules, on generated ones: compiling, and the matcher alone on the bundled captures.
//! Small numbers only; the program `suite` goes to 10,000.

mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use peregrine_benches::{compiling, rules};
use peregrine_runtime::replay::{Detector, Options};
use peregrine_tests::rulesets;
use std::time::Duration;

const SEED: u64 = 7;

fn scaling(criterion: &mut Criterion) {
    let captures = common::Captures::new();
    for count in [10, 30, 100] {
        let texts = [("generated".to_owned(), rulesets::generate(count, SEED).into_bytes())];
        let loaded = rules::load(&texts).expect("generated rules are valid");
        let mut group = criterion.benchmark_group(format!("scaling/{count} rules"));
        group.bench_function("compile", |b| b.iter(|| compiling::compile(&texts, 1).expect("compiles")));
        let mut detector = Detector::new(&loaded.rules, &Options::default()).expect("compiles");
        for capture in captures.two() {
            let mut run = || compiling::matcher(&capture.raw, &mut detector, 1).expect("whole");
            group.throughput(Throughput::Elements(capture.events));
            group.bench_function(format!("match {}", capture.name), |b| {
                b.iter_custom(|count| (0..count).map(|_| run().max(Duration::from_nanos(1))).sum());
            });
        }
    }
}

criterion_group!(name = benches; config = common::short(); targets = scaling);
criterion_main!(benches);
