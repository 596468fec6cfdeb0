//! Measures what watching a live system costs and writes a record. `README.md` tells what the numbers mean.
//!
//! ```text
//! cargo run --release -p peregrine-benches --bin live
//! ```

use anyhow::ensure;
use clap::builder::PossibleValuesParser;
use clap::{Parser, ValueEnum as _};
use indicatif::ProgressBar;
use nix::unistd::Uid;
use peregrine_benches::live::results::Results;
use peregrine_benches::live::watcher::Watcher;
use peregrine_benches::live::{Amounts, Live, Part, Rules, loads, report};
use peregrine_benches::programs::Replayer;
use peregrine_benches::{machine, rules};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Measure what `peregrine run` costs a live system, beside Falco if FALCO_BIN names its program (FALCO_CONFIG its
/// configuration, FALCO_PRELOAD a library to be loaded before others). Needs root.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Options {
    /// What to measure
    #[arg(long, value_name = "PART", value_enum, value_delimiter = ',', default_values_t = Part::value_variants().to_vec())]
    parts: Vec<Part>,
    /// Of programs only these
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = PossibleValuesParser::new(loads::names()))]
    loads: Vec<String>,
    /// Rule files. Default: the upstream files of PEREGRINE_SHARED, without it Peregrine's own rules
    #[arg(short, long, value_name = "FILE", num_args = 1..)]
    rules: Vec<PathBuf>,
    /// Rounds of single calls
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Calls of getppid and of read in a round
    #[arg(long, default_value_t = 200_000)]
    calls: u64,
    /// Pairs of open and close in a round
    #[arg(long, default_value_t = 50_000)]
    pairs: u64,
    /// Pairs of open and close without a pause; the target is about 10 million
    #[arg(long, default_value_t = 1_000_000)]
    pairs_at_once: u64,
    /// Reads, in all rounds, under a rule about reading elsewhere
    #[arg(long, default_value_t = 5_000_000)]
    reads: u64,
    /// Rounds of programs
    #[arg(long, default_value_t = 3)]
    load_rounds: u32,
    /// Seconds of a round of a program
    #[arg(long, default_value_t = 2)]
    load_seconds: u32,
    /// Seconds without anything to do
    #[arg(long, default_value_t = 10)]
    idle_seconds: u32,
    /// Folder of the record. Default, if everything was measured: benches/record/DATE
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Write no record
    #[arg(long, conflicts_with = "record")]
    no_record: bool,
    /// Folder of the program peregrine. Default: that of this program, where it is built first
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

impl Options {
    fn amounts(&self) -> Amounts {
        Amounts {
            rounds: self.rounds,
            calls: self.calls,
            pairs: self.pairs,
            pairs_at_once: self.pairs_at_once,
            reads: self.reads,
            load_rounds: self.load_rounds,
            load_seconds: self.load_seconds,
            idle_seconds: self.idle_seconds,
        }
    }

    /// Whether everything is measured, with the rules of the targets.
    fn is_whole(&self) -> bool {
        Part::value_variants().iter().all(|part| self.parts.contains(part))
            && self.loads.is_empty()
            && self.rules.is_empty()
    }

    fn rules(&self) -> anyhow::Result<Rules> {
        if !self.rules.is_empty() {
            return Ok(Rules { name: "given".to_owned(), files: self.rules.clone(), busy: false });
        }
        // The last has the most rules.
        let usual = rules::usual().pop().into_iter();
        let mut usual = usual.map(|set| Rules { name: set.name, files: set.files, busy: false });
        usual.next().ok_or_else(|| anyhow::anyhow!("no rules"))
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    ensure!(Uid::effective().is_root(), "programs in the kernel need root");
    let programs = match &options.programs {
        Some(folder) => folder.clone(),
        None => machine::build_programs()?,
    };
    let mut watchers = vec![Watcher::Nothing, Watcher::Empty, Watcher::Peregrine(programs.join("peregrine"))];
    watchers.extend(Watcher::falco());
    let mut conditions = machine::conditions();
    conditions.runs = (options.rounds, options.load_rounds);
    conditions.falco = Replayer::falco().map(|f| f.version().unwrap_or_else(|| "unknown".to_owned()));
    // Drawn on a terminal only.
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_secs(1));
    let mut say = |what: &str| bar.set_message(what.to_owned());
    let mut results =
        Live::new(watchers, options.rules()?, options.amounts(), &mut say)?.run(&options.parts, &options.loads)?;
    bar.finish_and_clear();
    conditions.load.1 = machine::load_average();
    results.conditions = conditions;
    for table in report::tables(&results) {
        println!("{}", table.text());
    }
    println!("{}", report::conditions(&results));
    if let Some(folder) = &options.record {
        write_record(folder, &results)?;
    } else if options.is_whole() && !options.no_record {
        write_record(&rules::repository().join("benches/record").join(&results.conditions.date), &results)?;
    }
    Ok(())
}

fn write_record(folder: &Path, results: &Results) -> anyhow::Result<()> {
    report::record(folder, results)?;
    println!("\nRecord: {}", folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Options;
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn options_are_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn only_a_whole_run_is_recorded_by_itself() {
        let whole = |args: &[&str]| Options::parse_from([&["live"], args].concat()).is_whole();
        assert!(whole(&["--rounds", "1"]));
        assert!(!whole(&["--parts", "calls,idle"]));
        assert!(!whole(&["--rules", "a.yaml"]));
        assert!(!whole(&["--loads", "nginx"]));
    }
}
