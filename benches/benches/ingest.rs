//! Reading captures into state, without rules, beside the floor. Time per element is time per event.

mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use peregrine_benches::{inprocess, walk};

fn ingest(criterion: &mut Criterion) {
    let captures = common::Captures::new();
    for capture in &captures.all {
        let mut group = criterion.benchmark_group(format!("ingest/{}", capture.name));
        group.throughput(Throughput::Elements(capture.events));
        group.bench_function("walk", |b| b.iter(|| walk::file(&capture.raw).expect("whole")));
        group.bench_function("state", |b| b.iter(|| inprocess::ingest(&capture.raw, |_| false).expect("whole")));
        group.bench_function("state, gzip", |b| b.iter(|| inprocess::ingest(&capture.gzip, |_| false).expect("whole")));
    }
}

criterion_group!(name = benches; config = common::short(); targets = ingest);
criterion_main!(benches);
