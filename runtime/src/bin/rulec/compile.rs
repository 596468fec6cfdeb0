//! `rulec compile`: from rule files to verified IR and native code, and what came of it.
//!
//! Times are wall clock, one run each: good for telling milliseconds from seconds, not for benchmarks.

use super::files::{World, load, refused};
use super::sharing;
use anyhow::{Result, anyhow};
use clap::ValueEnum;
use peregrine_compiler::backend::native::Native;
use peregrine_compiler::ir::text::Text;
use peregrine_compiler::ir::{Program, Stats, verify};
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Arguments of `compile`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Rule files, or directories with .yml and .yaml files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to tell what was built
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print a stage instead of telling about it
    #[arg(long, value_enum, conflicts_with = "format")]
    emit: Option<Emit>,
    #[command(flatten)]
    world: World,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Emit {
    /// The optimised program: predicates, rules, one function per class of event types
    Ir,
}

/// What was built.
#[derive(Debug, Serialize)]
struct Built {
    rules: usize,
    enabled_rules: usize,
    /// Fields of conditions and outputs.
    fields: usize,
    #[serde(flatten)]
    program: Stats,
    /// Predicates of more than one enabled rule.
    shared_predicates: usize,
    /// Bytes of machine code.
    code_bytes: usize,
    microseconds: Times,
}

#[derive(Debug, Serialize)]
struct Times {
    /// Reading, parsing and checking rule files.
    #[serde(serialize_with = "microseconds")]
    load: Duration,
    /// Typed rules to verified IR.
    #[serde(serialize_with = "microseconds")]
    lower: Duration,
    /// IR to machine code.
    #[serde(serialize_with = "microseconds")]
    native: Duration,
}

fn microseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u128(time.as_micros())
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    let (loaded, load_time) = timed(|| load(&args.world, &args.files));
    let loaded = loaded?;
    if refused(&loaded) {
        return Ok(ExitCode::from(1));
    }
    let rules = &loaded.rules;
    let (program, lower_time) = timed(|| {
        let program = Program::new(rules);
        let verified = verify::verify(&program, rules);
        verified.map(|()| program).map_err(|e| anyhow!("internal error: the program is not well-formed: {e}"))
    });
    let program = program?;
    if args.emit == Some(Emit::Ir) {
        write!(out, "{}", Text(&program, rules))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (native, native_time) = timed(|| Native::new(rules, &program));
    let built = Built {
        rules: rules.rules.len(),
        enabled_rules: rules.rules.iter().filter(|rule| rule.enabled).count(),
        fields: rules.fields.len(),
        program: program.stats(),
        shared_predicates: sharing::uses(rules).values().filter(|rules| **rules > 1).count(),
        code_bytes: native?.code_size(),
        microseconds: Times { load: load_time, lower: lower_time, native: native_time },
    };
    match args.format {
        Format::Text => write_text(&built, out)?,
        Format::Json => super::write_json(out, &serde_json::to_value(&built)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let result = work();
    (result, begin.elapsed())
}

fn write_text(built: &Built, out: &mut impl Write) -> Result<()> {
    let codes = peregrine_schema::EVENT_COUNT;
    let lines = [
        ("rules", format!("{}, {} enabled", built.rules, built.enabled_rules)),
        ("fields", built.fields.to_string()),
        ("predicates", format!("{}, {} shared by several rules", built.program.predicates, built.shared_predicates)),
        ("functions", format!("{} of {} blocks", built.program.functions, built.program.blocks)),
        ("silent event codes", format!("{} of {codes}", built.program.silent_codes)),
        ("native code", format!("{} bytes", built.code_bytes)),
        ("time to load", format!("{:.1?}", built.microseconds.load)),
        ("time to lower", format!("{:.1?}", built.microseconds.lower)),
        ("time to native code", format!("{:.1?}", built.microseconds.native)),
    ];
    for (what, value) in lines {
        writeln!(out, "{:21}{value}", format!("{what}:"))?;
    }
    Ok(())
}
