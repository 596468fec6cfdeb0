//! Runs all benchmarks and writes a record of them: tables, results and plots. `README.md` tells what the numbers
//! mean.
//!
//! ```text
//! cargo run --release -p peregrine-benches --bin suite
//! ```

use anyhow::{Context as _, ensure};
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use peregrine_benches::captures::{self, Chosen, Prepared};
use peregrine_benches::programs::{self, Replayer};
use peregrine_benches::results::{Compiling, Earlier, OfCapture, Results};
use peregrine_benches::rules::{self, RuleFiles};
use peregrine_benches::{ahead, compiling, inprocess, machine, report};
use peregrine_compiler::hir::RuleSet;
use std::path::{Path, PathBuf};

/// Run all benchmarks of Peregrine, beside Falco if FALCO_BIN names its program (FALCO_CONFIG its configuration).
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Options {
    /// Captures, plain or gzip. Default: the bundled ones and those of PEREGRINE_SHARED
    #[arg(long, value_name = "FILE", num_args = 1..)]
    captures: Vec<PathBuf>,
    /// A named set of rule files, repeatable. Default: own=Peregrine's rules and, with PEREGRINE_SHARED, stable=
    /// and all= the upstream files
    #[arg(long, value_name = "NAME=FILE[,FILE...]", value_parser = RuleFiles::parse)]
    rules: Vec<RuleFiles>,
    /// What to run
    #[arg(long, value_name = "PART", value_enum, value_delimiter = ',', default_values_t = [Part::Inprocess, Part::Programs, Part::Compiling, Part::Scaling])]
    parts: Vec<Part>,
    /// Runs of everything in process; the least time counts
    #[arg(long, default_value_t = 10)]
    runs: u32,
    /// Runs of whole programs; the least time counts
    #[arg(long, default_value_t = 5)]
    program_runs: u32,
    /// Numbers of generated rules
    #[arg(long, value_delimiter = ',', default_values_t = [10, 100, 1000, 10_000])]
    sizes: Vec<usize>,
    /// Seed of the generated rules
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Figures of Falco's from another time, shown with that mark where it does not run
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// Folder of the record. Default, if everything was run: benches/record/DATE, to which the README's links are
    /// led then
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Write no record
    #[arg(long, conflicts_with = "record")]
    no_record: bool,
    /// Folder of the programs peregrine and rulec. Default: that of this program, where they are built first
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Walk, reading and state, end to end
    Inprocess,
    /// peregrine, and falco
    Programs,
    /// From rule text to machine code
    Compiling,
    /// Generated rules
    Scaling,
}

impl Options {
    /// Whether everything is run on everything.
    fn is_whole(&self) -> bool {
        let parts = Part::value_variants().iter().all(|part| self.parts.contains(part));
        parts && self.captures.is_empty() && self.rules.is_empty()
    }
}

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args_os();
    if args.nth(1).is_some_and(|a| a == programs::MEASURE) {
        return programs::child(args);
    }
    let options = Options::parse();
    let suite = Suite::new(&options)?;
    let results = suite.run()?;
    for table in report::tables(&results) {
        println!("{}", table.text());
    }
    println!("{}", report::conditions(&results));
    if let Some(folder) = &options.record {
        write_record(folder, &results)?;
    } else if options.is_whole() && !options.no_record {
        write_record(&rules::repository().join("benches/record").join(&results.conditions.date), &results)?;
        let readme = rules::repository().join("README.md");
        let text = std::fs::read_to_string(&readme)?;
        std::fs::write(&readme, report::point_to(&text, &results.conditions.date))?;
    }
    Ok(())
}

fn write_record(folder: &Path, results: &Results) -> anyhow::Result<()> {
    report::record(folder, results)?;
    println!("\nRecord: {}", folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).display());
    Ok(())
}

/// Everything that measuring needs.
struct Suite<'o> {
    options: &'o Options,
    /// Where `peregrine` and `rulec` are.
    programs: PathBuf,
    falco: Option<Replayer>,
    captures: Vec<Prepared>,
    sets: Vec<(RuleFiles, RuleSet)>,
    /// Holds forms of captures; goes at the end.
    folder: tempfile::TempDir,
    bar: ProgressBar,
}

impl Suite<'_> {
    fn new(options: &Options) -> anyhow::Result<Suite<'_>> {
        let programs = match &options.programs {
            Some(folder) => folder.clone(),
            None => machine::build_programs()?,
        };
        // Drawn on a terminal only.
        let bar = ProgressBar::new(0);
        bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
        let folder = tempfile::tempdir()?;
        let captures = prepare(options, folder.path(), &bar)?;
        ensure!(!captures.is_empty(), "no capture to measure");
        let sets = if options.rules.is_empty() { rules::usual() } else { options.rules.clone() };
        let load = |set: RuleFiles| {
            let rules = rules::load(&set.read()?)?.rules;
            Ok((set, rules))
        };
        let sets = sets.into_iter().map(load).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Suite { options, programs, falco: Replayer::falco(), captures, sets, folder, bar })
    }

    fn wants(&self, part: Part) -> bool {
        self.options.parts.contains(&part)
    }

    fn run(&self) -> anyhow::Result<Results> {
        let mut results = Results { conditions: machine::conditions(), ..Results::default() };
        results.conditions.runs = (self.options.runs, self.options.program_runs);
        if let Some(path) = &self.options.reference {
            let text = std::fs::read(path).with_context(|| path.display().to_string())?;
            let earlier: Earlier = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
            results.earlier = Some(earlier);
        }
        self.bar.set_length(self.ticks());
        if self.wants(Part::Compiling) {
            results.compiling = self.compiling()?;
        }
        // Whole programs are shown beside the stages, so these are measured whenever those are.
        if self.wants(Part::Inprocess) || self.wants(Part::Programs) {
            results.captures = self.captures.iter().map(|c| self.capture(c)).collect::<anyhow::Result<_>>()?;
        }
        if self.wants(Part::Programs) {
            results.conditions.falco = self.falco.as_ref().map(|f| f.version().unwrap_or_else(|| "unknown".to_owned()));
        }
        if self.wants(Part::Scaling) {
            results.scaling = self.scaling()?;
        }
        self.bar.finish_and_clear();
        results.conditions.load.1 = machine::load_average();
        Ok(results)
    }

    /// Steps of the progress bar.
    fn ticks(&self) -> u64 {
        let (captures, sets) = (self.captures.len() as u64, self.sets.len() as u64);
        let mut ticks = 0;
        if self.wants(Part::Compiling) {
            ticks += sets;
        }
        if self.wants(Part::Inprocess) || self.wants(Part::Programs) {
            ticks += captures * u64::from(self.options.runs.max(1));
        }
        if self.wants(Part::Programs) {
            ticks += captures * sets * u64::from(self.options.program_runs.max(1));
        }
        if self.wants(Part::Scaling) {
            ticks += self.options.sizes.len() as u64 * (2 + self.scaled().len() as u64);
        }
        ticks
    }

    fn capture(&self, capture: &Prepared) -> anyhow::Result<OfCapture> {
        self.bar.set_message(format!("{}: in process", capture.name));
        let sets: Vec<(String, &RuleSet)> = self.sets.iter().map(|(set, rules)| (set.name.clone(), rules)).collect();
        let mut found = inprocess::measure(capture, &sets, self.options.runs, &mut || self.bar.inc(1))?;
        if self.wants(Part::Programs) {
            let ours = Replayer::Peregrine(self.programs.join("peregrine"));
            let mut replayers = vec![&ours];
            replayers.extend(&self.falco);
            for (set, _) in &self.sets {
                // What stands there besides is no rule set of its own.
                let Some(of_rules) = found.rules.iter_mut().find(|r| r.name == set.name) else { continue };
                self.bar.set_message(format!("{}: programs, rules {}", capture.name, set.name));
                let runs = self.options.program_runs;
                let used = programs::measure(capture, &set.files, &replayers, runs, &mut || self.bar.inc(1))?;
                (of_rules.peregrine, of_rules.falco) = (used.first().copied(), used.get(1).copied());
            }
        }
        Ok(found)
    }

    fn compiling(&self) -> anyhow::Result<Vec<Compiling>> {
        let (rulec, peregrine) = (self.programs.join("rulec"), self.programs.join("peregrine"));
        let can_build = ahead::available(&rulec);
        let mut found = Vec::new();
        for (set, _) in &self.sets {
            self.bar.set_message(format!("compiling {}", set.name));
            let compiled = compiling::compile(&set.read()?, self.options.runs)?;
            let built = match can_build {
                true => {
                    let (start, runs) = (&self.captures[0].start, self.options.program_runs);
                    Some(ahead::measure(&rulec, &peregrine, &set.files, start, self.folder.path(), runs)?)
                }
                false => None,
            };
            found.push(Compiling {
                name: set.name.clone(),
                rules: compiled.rules.rules.len(),
                steps: compiled.steps,
                code_bytes: compiled.code_bytes,
                ahead: built,
            });
            self.bar.inc(1);
        }
        Ok(found)
    }

    /// Captures on which generated rules are measured: one of a server and one of many processes, the full ones if
    /// they are there; of the user's choice all.
    fn scaled(&self) -> Vec<&Prepared> {
        if !self.options.captures.is_empty() {
            return self.captures.iter().collect();
        }
        let named = |name: &str| self.captures.iter().find(|c| c.name == name);
        let one = |name: &str| named(name).or_else(|| named(&format!("corpus/{name}")));
        ["nginx", "shell"].into_iter().filter_map(one).collect()
    }

    fn scaling(&self) -> anyhow::Result<Vec<peregrine_benches::results::Scaling>> {
        let captures = self.scaled();
        let peregrine = self.programs.join("peregrine");
        let scale = |count: &usize| {
            self.bar.set_message(format!("{count} generated rules"));
            let options = compiling::Growth {
                seed: self.options.seed,
                captures: &captures,
                runs: self.options.runs,
                peregrine: &peregrine,
                folder: self.folder.path(),
            };
            compiling::scaling(*count, &options, &mut || self.bar.inc(1))
        };
        self.options.sizes.iter().map(scale).collect()
    }
}

/// The captures in all forms.
fn prepare(options: &Options, folder: &Path, bar: &ProgressBar) -> anyhow::Result<Vec<Prepared>> {
    let (chosen, least) = if options.captures.is_empty() {
        (captures::usual()?, captures::LEAST)
    } else {
        (options.captures.iter().map(|path| Chosen::new("", path)).collect::<anyhow::Result<_>>()?, 1)
    };
    let mut found = Vec::new();
    for capture in chosen {
        bar.set_message(format!("unpacking {}", capture.name));
        found.extend(captures::prepare(&capture, folder, least)?);
    }
    Ok(found)
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
        let whole = |args: &[&str]| Options::parse_from([&["suite"], args].concat()).is_whole();
        assert!(whole(&["--runs", "1"]));
        assert!(!whole(&["--parts", "inprocess,scaling"]));
        assert!(!whole(&["--captures", "a.scap"]));
    }
}
