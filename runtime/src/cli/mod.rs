//! The command line of `peregrine`.
//!
//! Exit codes: 0 success, 1 the work failed (bad rules, damaged capture), 2 wrong usage.

pub mod doctor;
pub mod record;
pub mod replay;
mod rules;
pub mod run;

use crate::profile::ProfileFormat;
use anyhow::Context as _;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use peregrine_compiler::backend::EngineKind;
use peregrine_compiler::hir::Priority;
use peregrine_compiler::load::parse_extra_field;
use peregrine_compiler::report::printable;
use std::io::Write as _;
use std::path::PathBuf;

/// Runtime security from Falco's rules, compiled.
#[derive(Debug, Parser)]
#[command(name = "peregrine", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch this system and print an alert for each event that a rule matches
    ///
    /// Needs root, or CAP_BPF, CAP_PERFMON and, to describe the processes of others, CAP_SYS_PTRACE and
    /// CAP_DAC_READ_SEARCH; `peregrine doctor` tells what is missing. SIGHUP and changes of the rule files put other rules
    /// in force without losing an event; SIGINT and SIGTERM end it.
    Run(Run),
    /// Run rules over a recorded capture and print the alerts
    Replay(Replay),
    /// Record what happens on this system into a capture: of a command, of a control group, or everything
    ///
    /// Needs root, or CAP_BPF and CAP_PERFMON (and CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH to describe the processes of
    /// others). Falco, sysdig and `peregrine replay` read the capture. Exits with the status of the command.
    Record(Record),
    /// Tell what this system has, what of Peregrine works here, and what to do about the rest
    ///
    /// Exits with 0 if everything works, with 1 if something does not.
    Doctor(Doctor),
    /// Print shell completions
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print a page of the manual, for man(1)
    Man {
        /// A subcommand, instead of the program
        subcommand: Option<String>,
    },
}

/// Rules, and what becomes of their alerts.
#[derive(Debug, Args)]
pub struct RuleOptions {
    /// Rule file, or directory of *.yml and *.yaml files; repeatable. Peregrine's own rules if none is given. A file
    /// built by `rulec build` is run as it is; rule files named beside it must be those it was built from
    #[arg(short, long = "rules", value_name = "FILE_OR_DIR", value_hint = ValueHint::AnyPath)]
    pub rules: Vec<PathBuf>,
    /// Report the first matching rule of an event, or all of them
    #[arg(long, value_enum, default_value_t)]
    pub rule_matching: RuleMatching,
    /// Form of the alerts, one per line on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Add a field to every alert's output_fields; repeatable
    #[arg(long, value_name = "FIELD", value_parser = parse_extra_field)]
    pub append_field: Vec<String>,
    /// Leave out rules less severe than this
    #[arg(long, value_name = "PRIORITY", value_parser = parse_priority)]
    pub priority: Option<Priority>,
    /// Enable rules by name (with *) or, as tag:NAME, by tag; repeatable, applied in order with --disable
    #[arg(long, value_name = "RULE|tag:TAG")]
    pub enable: Vec<String>,
    /// Disable rules by name (with *) or, as tag:NAME, by tag; repeatable, applied in order with --enable
    #[arg(long, value_name = "RULE|tag:TAG")]
    pub disable: Vec<String>,
    /// Print times as ISO 8601 in UTC instead of local wall clock
    #[arg(long)]
    pub time_iso_8601: bool,
    /// What evaluates the conditions
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
}

/// Options of `peregrine replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// Capture file (.scap, plain or gzip)
    #[arg(value_hint = ValueHint::FilePath)]
    pub capture: PathBuf,
    /// Rules and alerts
    #[command(flatten)]
    pub rules: RuleOptions,
    /// Print where the time of matching goes instead of alerts; conditions are interpreted, one event of 16 is timed
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text", conflicts_with_all = ["engine", "format"])]
    pub profile: Option<ProfileFormat>,
}

/// Options of `peregrine run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Rules and alerts
    #[command(flatten)]
    pub rules: RuleOptions,
    /// Append alerts to this file, too
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output_file: Option<PathBuf>,
    /// Do not print alerts on standard output
    #[arg(long, requires = "output_file")]
    pub no_stdout: bool,
    /// Stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    pub seconds: Option<u64>,
    /// Do not look for changes of the rule files; SIGHUP reads them again in any case
    #[arg(long)]
    pub no_watch: bool,
    /// Check the filters in the kernel: of what they would drop, send one event of so many (1: all), and report those
    /// that a rule matches
    #[arg(long, value_name = "SHARE", value_parser = clap::value_parser!(u32).range(1..))]
    pub shadow: Option<u32>,
    /// Size of each CPU's ring
    #[arg(long, value_name = "MIB", default_value_t = 8)]
    pub ring_size: u32,
}

/// Options of `peregrine record`.
#[derive(Debug, Args)]
pub struct Record {
    /// Capture to write; compressed if it ends in .gz
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub write: PathBuf,
    /// Record the processes of this control group, a directory below /sys/fs/cgroup
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
    pub cgroup: Option<PathBuf>,
    /// Stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    pub seconds: Option<u64>,
    /// What to record of environment variables
    #[arg(long, value_enum, default_value_t)]
    pub environment: crate::recorder::Environment,
    /// Record switches of the scheduler and page faults, too: very many events
    #[arg(long)]
    pub all_events: bool,
    /// Size of each CPU's ring
    #[arg(long, value_name = "MIB", default_value_t = 8)]
    pub ring_size: u32,
    /// Command to run and record, with all that comes from it
    #[arg(last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<std::ffi::OsString>,
}

/// Options of `peregrine doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `rule_matching`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum RuleMatching {
    #[default]
    First,
    All,
}

/// Form of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum Format {
    #[default]
    Text,
    Json,
}

/// Engine that evaluates conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Engine {
    /// Native code
    #[default]
    Jit,
    /// Interpreter of the intermediate representation
    Interp,
    /// Reference evaluator, slow
    Oracle,
}

impl From<Engine> for EngineKind {
    fn from(engine: Engine) -> EngineKind {
        match engine {
            Engine::Jit => EngineKind::Jit,
            Engine::Interp => EngineKind::Interp,
            Engine::Oracle => EngineKind::Oracle,
        }
    }
}

fn parse_priority(text: &str) -> Result<Priority, String> {
    Priority::parse(text).ok_or_else(|| {
        let names: Vec<String> = Priority::ALL.iter().map(|p| p.name().to_lowercase()).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Runs the program; gives its exit code.
pub fn main() -> u8 {
    let matches = Cli::command().get_matches();
    let cli = match <Cli as clap::FromArgMatches>::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let result = match cli.command {
        Command::Run(options) => {
            let switches = rules::switches(matches.subcommand_matches("run"));
            run::run(&options, &switches)
        }
        Command::Replay(options) => {
            let switches = rules::switches(matches.subcommand_matches("replay"));
            replay::run(&options, &switches)
        }
        Command::Record(options) => return exit_code(record::run(&options)),
        Command::Doctor(options) => return exit_code(doctor::run(&options)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "peregrine", &mut script);
            std::io::stdout().lock().write_all(&script).map_err(Into::into)
        }
        Command::Man { subcommand } => manual(subcommand.as_deref()),
    };
    exit_code(result.map(|()| 0))
}

/// Says what went wrong, if something did; gives the exit code.
fn exit_code(result: anyhow::Result<u8>) -> u8 {
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "Error: {}", printable(&format!("{error:#}")));
            1
        }
    }
}

/// Prints the page of the program or of a subcommand, in roff.
fn manual(subcommand: Option<&str>) -> anyhow::Result<()> {
    let mut program = Cli::command();
    // Gives subcommands their full names.
    program.build();
    let command = match subcommand {
        None => &program,
        Some(name) => program.find_subcommand(name).with_context(|| format!("there is no subcommand '{name}'"))?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    std::io::stdout().lock().write_all(&page)?;
    Ok(())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|e| e.downcast_ref::<std::io::Error>()).any(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}
