//! Parts of Peregrine on the bundled captures: reading and state alone, with rules, and compiling rules.
//!
//! `cargo bench -p peregrine-benches`; one iteration is one capture (time per element is time per event) or one
//! rule set.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::Program;
use peregrine_compiler::load::{Loader, Options as LoadOptions};
use peregrine_runtime::capture::Capture;
use peregrine_runtime::fields::Env;
use peregrine_runtime::replay::{self, Detector, Options};
use peregrine_runtime::session::Session;
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn capture(name: &str) -> Vec<u8> {
    let path = repository().join("corpus").join(name);
    let file = std::fs::File::open(&path).expect("the bundled capture is there");
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).expect("the bundled capture is whole");
    bytes
}

fn own_rules() -> RuleSet {
    let text = std::fs::read(repository().join("rules/peregrine_rules.yaml")).expect("the own rules are there");
    let mut loader = Loader::new(LoadOptions::default());
    loader.add_file("peregrine_rules.yaml", &text);
    loader.finish().rules
}

fn replays(criterion: &mut Criterion) {
    let rules = own_rules();
    for name in ["shell", "nginx"] {
        let bytes = capture(&format!("{name}.scap.gz"));
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(60_000)).sample_size(20);
        group.bench_function("state", |b| {
            b.iter(|| {
                let mut session = Session::new(Capture::from_bytes(&bytes));
                let mut events = 0_u64;
                while session.step(&mut |event| events += black_box(event).number & 1).expect("whole") {}
                events
            });
        });
        for (engine, title) in [(EngineKind::Interp, "interpreter"), (EngineKind::Jit, "native")] {
            let mut detector = Detector::new(&rules, &Options { engine, ..Options::default() })
                .expect("this machine has a code generator");
            let env = Env::default();
            group.bench_function(title, |b| {
                b.iter(|| {
                    let mut session = Session::new(Capture::from_bytes(&bytes));
                    replay::run(&mut session, &mut detector, &env, &mut |alert| {
                        black_box(alert);
                    })
                    .expect("whole");
                });
            });
        }
    }
}

fn compiling(criterion: &mut Criterion) {
    let rules = own_rules();
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(20);
    group.bench_function("load", |b| b.iter(own_rules));
    group.bench_function("lower", |b| b.iter(|| Program::new(&rules)));
    group.bench_function("native", |b| b.iter(|| Matcher::new(EngineKind::Jit, &rules).expect("compiles")));
}

criterion_group!(benches, replays, compiling);
criterion_main!(benches);
