//! The matcher alone: captures through rules, less reading and state. Time per element is time per event.
//!
//! Values of an event live as long as the event is the newest one, so the matcher cannot run by itself; the
//! difference of two runs is noisier than other figures.

mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use peregrine_benches::compiling;
use peregrine_compiler::backend::EngineKind;
use peregrine_runtime::replay::{Detector, Options};
use std::time::Duration;

fn matching(criterion: &mut Criterion) {
    let (captures, sets) = (common::Captures::new(), common::rule_sets());
    for capture in &captures.all {
        let mut group = criterion.benchmark_group(format!("match/{}", capture.name));
        group.throughput(Throughput::Elements(capture.events));
        for (name, rules) in &sets {
            for (engine, title) in [(EngineKind::Jit, "native"), (EngineKind::Interp, "interpreter")] {
                let options = Options { engine, ..Options::default() };
                let mut detector = Detector::new(rules, &options).expect("this machine has a code generator");
                let mut run = || compiling::matcher(&capture.raw, &mut detector, 1).expect("whole");
                group.bench_function(format!("{name}, {title}"), |b| {
                    b.iter_custom(|count| (0..count).map(|_| run().max(Duration::from_nanos(1))).sum());
                });
            }
        }
    }
}

criterion_group!(name = benches; config = common::short(); targets = matching);
criterion_main!(benches);
