//! `rulec build`: from rule files to one file of native code.

use super::complain;
use super::files::{World, load_with, refused};
use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;
use peregrine_compiler::aot;
use peregrine_compiler::backend::codegen::Processor;
use peregrine_compiler::hir::{Priority, RuleSet};
use peregrine_compiler::ir::Program;
use peregrine_compiler::ir::cost::Profile;
use peregrine_compiler::ir::lower::{Options, lower};
use peregrine_compiler::ir::tune::tune;
use peregrine_compiler::load::{Choice, Extra, ExtraOutput, Match, Selection, parse_extra_field};
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Arguments of `build`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Rule files, or directories with .yml and .yaml files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Processors that the code is for
    #[arg(long, value_enum, default_value_t = Cpu::Baseline)]
    cpu: Cpu,
    /// Order tests by what they cost and how often they hold on a capture (needs `peregrine` beside this program or in
    /// PATH), or by a profile in JSON written by `peregrine replay --profile=json`
    #[arg(long, value_name = "CAPTURE|JSON")]
    profile: Option<PathBuf>,
    /// Add a field to every alert's output_fields; repeatable
    #[arg(long, value_name = "FIELD", value_parser = parse_extra_field)]
    append_field: Vec<String>,
    /// Leave out rules less severe than this
    #[arg(long, value_name = "PRIORITY", value_parser = parse_priority)]
    priority: Option<Priority>,
    /// Disable rules by name (with *) or, as tag:NAME, by tag; repeatable
    #[arg(long, value_name = "RULE|tag:TAG")]
    disable: Vec<String>,
    #[command(flatten)]
    world: World,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cpu {
    /// Every processor of this architecture; the same bytes wherever it is built
    Baseline,
    /// This machine's
    Native,
}

fn parse_priority(text: &str) -> Result<Priority, String> {
    Priority::parse(text)
        .ok_or_else(|| "expected emergency, alert, critical, error, warning, notice, info or debug".to_owned())
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    let mut options = args.world.options();
    options.min_priority = args.priority.unwrap_or(Priority::Debug);
    options.selection = args.disable.iter().map(|text| selection(text)).collect();
    let extra = |field: &String| ExtraOutput { to: Match::default(), what: Extra::Field(field.clone()) };
    options.extra = args.append_field.iter().map(extra).collect();
    let (loaded, sources) = load_with(options, &args.files)?;
    if refused(&loaded) {
        return Ok(ExitCode::from(1));
    }
    for selection in &loaded.idle_selections {
        complain(&anyhow!("warning: no rule fits --disable {}", selection.choice));
    }
    let output = place(&args.output, &sources)?;
    let rules = &loaded.rules;
    let program = match &args.profile {
        Some(path) => ordered(rules, path)?,
        None => Program::new(rules),
    };
    let processor = if args.cpu == Cpu::Native { Processor::Native } else { Processor::Baseline };
    let bytes = aot::build(rules, &program, &sources, processor)?;
    write_whole(&output, &bytes)?;
    let enabled = rules.rules.iter().filter(|rule| rule.enabled).count();
    writeln!(out, "{}: {enabled} rules, {} bytes", args.output.display(), bytes.len())?;
    Ok(ExitCode::SUCCESS)
}

fn selection(text: &str) -> Selection {
    let choice = match text.strip_prefix("tag:") {
        Some(tag) => Choice::Tag(tag.to_owned()),
        None => Choice::Rule(text.to_owned()),
    };
    Selection { enable: false, choice }
}

/// Where to write: the file itself, behind symbolic links. Only a file is ever replaced, and never one of the sources.
fn place(output: &Path, sources: &[aot::Source]) -> Result<PathBuf> {
    let real = std::fs::canonicalize(output).unwrap_or_else(|_| output.to_owned());
    if real.exists() && !real.is_file() {
        bail!("{} is no file: name one to write to", output.display());
    }
    let is_source = |source: &aot::Source| std::fs::canonicalize(&source.name).is_ok_and(|path| path == real);
    if sources.iter().any(is_source) {
        bail!("{} is one of the rule files: name another file to write to", output.display());
    }
    Ok(real)
}

/// Writes beside the file and moves into its place: who has the old one mapped keeps it, and nobody sees half of one.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().context("the output is not a file name")?.to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let result = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if result.is_err() {
        // What cannot be written can mostly not be removed either.
        let _ = std::fs::remove_file(&beside);
    }
    result.with_context(|| format!("cannot write {}", path.display()))
}

/// The rules ordered by measurements: from a file of them, or of runs of `peregrine` over a capture.
fn ordered(rules: &RuleSet, path: &Path) -> Result<Program> {
    let mut start = [0; 64];
    let file = std::fs::File::open(path).and_then(|mut file| file.read(&mut start));
    let read = file.with_context(|| format!("cannot read {}", path.display()))?;
    if start[..read].iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return tune(rules, |program| measure(rules, program, path));
    }
    let json = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let profile = Profile::from_json(&json).with_context(|| format!("{}: not a profile", path.display()))?;
    Ok(lower(rules, &Options { plain: false, profile: Some(profile) }))
}

/// What `peregrine` measures of a program on a capture.
fn measure(rules: &RuleSet, program: &Program, capture: &Path) -> Result<Profile> {
    let beside = std::env::current_exe().ok().map(|p| p.with_file_name("peregrine")).filter(|p| p.is_file());
    let mut file = tempfile::Builder::new().suffix(".pgr").tempfile().context("no place for a file")?;
    file.write_all(&aot::build(rules, program, &[], Processor::Baseline)?).context("no place for a file")?;
    let mut command = Command::new(beside.unwrap_or_else(|| PathBuf::from("peregrine")));
    command.arg("replay").arg(capture).args(["--profile=json", "--rule-matching", "all", "-r"]).arg(file.path());
    let output = command.output().context("cannot run peregrine, which reads the capture")?;
    if !output.status.success() {
        bail!("peregrine could not profile {}: {}", capture.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Profile::from_json(&output.stdout).context("peregrine gave no profile")
}
