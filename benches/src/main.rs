//! Compares whole programs: `peregrine replay`, and `falco` if `FALCO_BIN` names one, on the same captures
//! and rule files.
//!
//! For each capture and rule set it prints CPU seconds, nanoseconds of CPU per event and the ratio. The time
//! of starting up (reading and compiling rules, the process list) is measured on a capture with one event
//! and taken off. Every program runs `--runs` times; the least CPU time counts. Memory is the peak resident
//! set on the gzip form of the capture, which no program maps.
//!
//! ```text
//! cargo run --release -p peregrine-benches --bin compare -- CAPTURE.scap[.gz]... \
//!     --rules stable=falco_rules.yaml --rules all=falco_rules.yaml,falco-incubating_rules.yaml,... \
//!     --record benches/record/NAME
//! ```
//!
//! `FALCO_BIN` is run with `FALCO_CONFIG` (default `/etc/falco/falco.yaml`).

mod capture;
mod measure;
mod report;

use anyhow::{Context as _, bail};
use clap::Parser;
use measure::Usage;
use std::path::{Path, PathBuf};

/// Compare whole programs on recorded captures.
#[derive(Debug, Parser)]
struct Options {
    /// Captures, plain or gzip
    #[arg(required = true)]
    captures: Vec<PathBuf>,
    /// A named set of rule files: NAME=FILE[,FILE...]; repeatable
    #[arg(long, value_parser = parse_set, required = true)]
    rules: Vec<RuleFiles>,
    /// Runs of each program; the least CPU time counts
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// The peregrine program; default: beside this one
    #[arg(long)]
    peregrine: Option<PathBuf>,
    /// Write NAME.json and NAME.svg
    #[arg(long, value_name = "NAME")]
    record: Option<PathBuf>,
}

/// A named set of rule files.
#[derive(Debug, Clone)]
struct RuleFiles {
    name: String,
    files: Vec<PathBuf>,
}

fn parse_set(text: &str) -> Result<RuleFiles, String> {
    let (name, files) = text.split_once('=').ok_or("expected NAME=FILE[,FILE...]")?;
    Ok(RuleFiles { name: name.to_owned(), files: files.split(',').map(PathBuf::from).collect() })
}

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args_os();
    if args.nth(1).is_some_and(|a| a == measure::MEASURE) {
        return measure::child(args);
    }
    let options = Options::parse();
    let peregrine = match &options.peregrine {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("peregrine"),
    };
    if !peregrine.exists() {
        bail!("{} is missing: build it with `cargo build --release`", peregrine.display());
    }
    let falco = std::env::var_os("FALCO_BIN").map(PathBuf::from);
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for path in &options.captures {
        let capture = capture::prepare(path, folder.path()).with_context(|| path.display().to_string())?;
        for rules in &options.rules {
            let ours = program_usage(&capture, options.runs, |file| peregrine_command(&peregrine, file, rules))?;
            let theirs = match &falco {
                Some(falco) => Some(program_usage(&capture, options.runs, |file| falco_command(falco, file, rules))?),
                None => None,
            };
            rows.push(report::Row::new(&capture, &rules.name, ours, theirs));
            eprintln!("{}", report::line(&rows[rows.len() - 1]));
        }
    }
    println!("{}", report::table(&rows));
    if let Some(name) = &options.record {
        report::record(name, &rows)?;
    }
    Ok(())
}

/// What a program used on a capture.
#[derive(Debug, Clone, Copy)]
struct ProgramUsage {
    /// CPU on the whole capture.
    whole: Usage,
    /// CPU on the capture with one event.
    start: Usage,
    /// Peak memory on the gzip form.
    memory_kib: u64,
}

fn program_usage(
    capture: &capture::Prepared,
    runs: u32,
    command: impl Fn(&Path) -> Vec<std::ffi::OsString>,
) -> anyhow::Result<ProgramUsage> {
    Ok(ProgramUsage {
        whole: measure::best(&command(&capture.raw), runs)?,
        start: measure::best(&command(&capture.start), runs)?,
        memory_kib: measure::best(&command(&capture.gzip), 1)?.peak_kib,
    })
}

fn peregrine_command(program: &Path, capture: &Path, rules: &RuleFiles) -> Vec<std::ffi::OsString> {
    let mut command = vec![program.into(), "replay".into(), capture.into()];
    for file in &rules.files {
        command.extend(["-r".into(), file.into()]);
    }
    command
}

fn falco_command(program: &Path, capture: &Path, rules: &RuleFiles) -> Vec<std::ffi::OsString> {
    let config = std::env::var_os("FALCO_CONFIG").unwrap_or_else(|| "/etc/falco/falco.yaml".into());
    let mut replay = std::ffi::OsString::from("engine.replay.capture_file=");
    replay.push(capture);
    let mut command =
        vec![program.into(), "-c".into(), config, "-o".into(), "engine.kind=replay".into(), "-o".into(), replay];
    for file in &rules.files {
        command.extend(["-r".into(), file.into()]);
    }
    command
}
