//! Compiling rule files, step by step. One iteration is one rule set.

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use peregrine_benches::rules;
use peregrine_compiler::backend::native::Native;
use peregrine_compiler::ir::Program;

fn compile(criterion: &mut Criterion) {
    for (name, texts) in common::texts() {
        let mut group = criterion.benchmark_group(format!("compile/{name}"));
        let loaded = rules::load(&texts).expect("rule files are valid");
        let program = Program::new(&loaded.rules);
        group.bench_function("load", |b| b.iter(|| rules::load(&texts).expect("rule files are valid")));
        group.bench_function("lower", |b| b.iter(|| Program::new(&loaded.rules)));
        group.bench_function("native", |b| b.iter(|| Native::new(&loaded.rules, &program).expect("compiles")));
    }
}

criterion_group!(name = benches; config = common::short(); targets = compile);
criterion_main!(benches);
