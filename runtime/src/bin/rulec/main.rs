//! `rulec`: checks, compiles and explains rule files. Each subcommand is a module; all of them write to one locked,
//! buffered stream.
//!
//! Exit status: 0 all is well; 1 a rule file is invalid, or has warnings under `--strict`; 2 wrong usage, or a
//! file cannot be read or an answer not be written.

mod build;
mod check;
mod compile;
mod explain;
mod explain_kernel;
mod fields;
mod files;
mod sharing;

use anyhow::{Context, Result, anyhow};
use clap::{CommandFactory, Parser, Subcommand};
use peregrine_compiler::report::printable;
use std::io::{BufWriter, IsTerminal, Write};
use std::process::ExitCode;

/// Check, compile and explain rules.
#[derive(Debug, Parser)]
#[command(name = "rulec", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check rule files, in the order in which they would be loaded
    Check(check::Args),
    /// List the fields that conditions and outputs can use
    Fields(fields::Args),
    /// Show what a rule becomes: its condition, event types, macros, lists and predicates
    Explain(explain::Args),
    /// Compile rule files to native code and tell what was built
    Compile(compile::Args),
    /// Compile rule files ahead of time, to a file that `peregrine` maps and runs
    Build(build::Args),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a page of the manual, for man(1)
    Man {
        /// A subcommand, instead of the program
        subcommand: Option<String>,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            // A reader that has seen enough is no failure.
            let broken_pipe = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
            if error.downcast_ref().is_some_and(broken_pipe) {
                return ExitCode::SUCCESS;
            }
            complain(&error);
            ExitCode::from(2)
        }
    }
}

/// Runs what the arguments ask for.
fn run() -> Result<ExitCode> {
    let cli = Cli::parse();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let code = match cli.command {
        Command::Check(args) => check::run(&args, &mut out)?,
        Command::Fields(args) => fields::run(&args, &mut out)?,
        Command::Explain(args) => explain::run(&args, &mut out)?,
        Command::Compile(args) => compile::run(&args, &mut out)?,
        Command::Build(args) => build::run(&args, &mut out)?,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "rulec", &mut script);
            out.write_all(&script)?;
            ExitCode::SUCCESS
        }
        Command::Man { subcommand } => {
            out.write_all(&manual(subcommand.as_deref())?)?;
            ExitCode::SUCCESS
        }
    };
    out.flush()?;
    Ok(code)
}

/// The page of the program or of a subcommand, in roff.
fn manual(subcommand: Option<&str>) -> Result<Vec<u8>> {
    let mut program = Cli::command();
    // Gives subcommands their full names.
    program.build();
    let command = match subcommand {
        None => &program,
        Some(name) => program.find_subcommand(name).ok_or_else(|| anyhow!("there is no subcommand '{name}'"))?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

/// Says on standard error why nothing could be done.
fn complain(error: &anyhow::Error) {
    // Nothing is left to be told if standard error is gone too.
    let _ = writeln!(std::io::stderr(), "rulec: {}", printable(&format!("{error:#}")));
}

/// Whether a stream wants colours: it is a terminal and `NO_COLOR` is unset or empty.
fn colours(stream: &impl IsTerminal) -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !no_color
}

/// Writes JSON and a line break.
fn write_json(out: &mut impl Write, value: &serde_json::Value) -> Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(std::io::Error::from).context("writing JSON")?;
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
