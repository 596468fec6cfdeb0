//! What the benchmarks of parts share: captures, rule sets, and settings that keep a run short.

#![allow(dead_code, reason = "every benchmark uses a part of it")]

use criterion::Criterion;
use peregrine_benches::captures::{self, Prepared};
use peregrine_benches::rules;
use peregrine_compiler::hir::RuleSet;
use std::time::Duration;

/// Captures unpacked into a folder that lives as long as they do.
pub(crate) struct Captures {
    pub(crate) all: Vec<Prepared>,
    _folder: tempfile::TempDir,
}

impl Captures {
    /// The bundled ones and those of `PEREGRINE_SHARED`.
    pub(crate) fn new() -> Captures {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let chosen = captures::usual().expect("the bundled captures are there");
        let prepare = |c| captures::prepare(c, folder.path(), captures::LEAST).expect("captures are whole");
        Captures { all: chosen.iter().filter_map(prepare).collect(), _folder: folder }
    }

    /// Two of them: of a server, and of many processes. The bundled ones, which are short.
    pub(crate) fn two(&self) -> impl Iterator<Item = &Prepared> {
        self.all.iter().filter(|c| c.name == "corpus/nginx" || c.name == "corpus/shell")
    }
}

/// Names and bytes of rule files.
type Texts = Vec<(String, Vec<u8>)>;

/// Rule sets by name.
pub(crate) fn texts() -> Vec<(String, Texts)> {
    let read = |set: rules::RuleFiles| (set.name.clone(), set.read().expect("rule files are there"));
    rules::usual().into_iter().map(read).collect()
}

pub(crate) fn rule_sets() -> Vec<(String, RuleSet)> {
    let load = |(name, texts): (String, Texts)| (name, rules::load(&texts).expect("rule files are valid").rules);
    texts().into_iter().map(load).collect()
}

pub(crate) fn short() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args()
}
