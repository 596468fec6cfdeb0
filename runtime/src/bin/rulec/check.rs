//! `rulec check`: what Falco would say of rule files, and what the lints say of the rules.

use super::files::{World, load};
use anyhow::Result;
use clap::ValueEnum;
use peregrine_compiler::lint;
use peregrine_compiler::load::Loaded;
use peregrine_compiler::report::{Diagnostic, json, sarif, summary, text};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Rule files, or directories with .yml and .yaml files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to tell what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Treat warnings as errors
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    world: World,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// As falco -V with json_output
    Json,
    /// SARIF 2.1.0
    Sarif,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    let loaded = load(&args.world, &args.files)?;
    // Of files that were refused only a part of the rules is there.
    let lints = if loaded.successful() { lint::diagnostics(&loaded) } else { Vec::new() };
    match args.format {
        Format::Text => write_text(&loaded, &lints, out)?,
        Format::Json => super::write_json(out, &json::results(&loaded.results, &lints, &loaded.sources))?,
        Format::Sarif => super::write_json(out, &sarif::log(&loaded.results, &lints, &loaded.sources))?,
    }
    let warned = loaded.results.iter().any(|result| !result.warnings.is_empty());
    let doubts = args.strict && (warned || !lints.is_empty());
    Ok(if loaded.successful() && !doubts { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn write_text(loaded: &Loaded, lints: &[Diagnostic], out: &mut impl Write) -> Result<()> {
    let colours = super::colours(&std::io::stdout());
    for diagnostic in text::distinct(&loaded.results).chain(lints) {
        writeln!(out, "{}\n", text::render(diagnostic, &loaded.sources, colours))?;
    }
    for result in &loaded.results {
        writeln!(out, "{}", summary::summary(result))?;
    }
    Ok(())
}
