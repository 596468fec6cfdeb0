//! Where is measured, and the programs that are.

use crate::results::Conditions;
use crate::rules::repository;
use anyhow::{Context as _, ensure};
use std::path::PathBuf;
use std::process::Command;

/// Builds `peregrine` and `rulec` beside this program, so that what is measured is what the sources say. Without
/// cargo, which names itself in the environment, they must be there.
pub fn build_programs() -> anyhow::Result<PathBuf> {
    let folder = std::env::current_exe()?.parent().context("a program lies in a folder")?.to_owned();
    if let Some(cargo) = std::env::var_os("CARGO").filter(|_| folder.ends_with("release")) {
        let mut build = Command::new(cargo);
        build.current_dir(repository()).args(["build", "--release", "--quiet", "--bins"]);
        // The same choice of packages as for this program, so that no dependency is built twice.
        build.args(["-p", "peregrine-benches", "-p", "peregrine-runtime"]);
        ensure!(build.status()?.success(), "the programs cannot be built");
    }
    let program = folder.join("peregrine");
    ensure!(program.exists(), "{} is missing: build it with `cargo build --release`", program.display());
    Ok(folder)
}

/// What is known before measuring.
pub fn conditions() -> Conditions {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let machine = format!("{}, {cores} CPUs, Linux {}", processor(), first_line("/proc/sys/kernel/osrelease"));
    Conditions {
        date: jiff::Zoned::now().date().to_string(),
        commit: commit(),
        machine,
        load: (load_average(), 0.0),
        ..Conditions::default()
    }
}

/// Of the last minute.
pub fn load_average() -> f64 {
    first_line("/proc/loadavg").split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0.0)
}

fn first_line(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").trim().to_owned()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}

/// The state of the sources, with a mark if they were changed since.
fn commit() -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").current_dir(repository()).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match git(&["rev-parse", "--short", "HEAD"]) {
        Some(commit) => {
            let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| !s.is_empty());
            format!("commit {commit}{}", if changed { " with changes" } else { "" })
        }
        None => "commit unknown".to_owned(),
    }
}
