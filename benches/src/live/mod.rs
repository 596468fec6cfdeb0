//! What watching a live system costs, beside Falco's modern probe. The program `live` measures it and writes a record.
//!
//! ```text
//! watcher    who watches: nothing, an empty program in the kernel, peregrine run, Falco
//! calls      single system calls, over and over
//! loads      whole programs: servers under their load generators, a compiler, a shell
//! results    what was measured
//! targets    what should have been
//! report     tables, plots and the files of a record
//! ```
//!
//! What must hold: watchers take turns, in the other direction every second round, and what is compared is of one
//! round. Each watcher is a fresh one in each round. One watches at a time, and nothing else should run. Times decide no
//! test.

pub mod calls;
pub mod loads;
pub mod report;
pub mod results;
pub mod targets;
pub mod watcher;

use anyhow::{Context as _, ensure};
use calls::{Act, ask_parent, open_close, open_close_program, read_byte};
use results::{Calls, Idle, Results, Starts};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;
use watcher::{Watcher, Watching};

/// Rules with a name.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What they are called in results.
    pub name: String,
    /// Their files.
    pub files: Vec<PathBuf>,
    /// Whether they want calls that Falco leaves out as too many unless it is told otherwise (`base_syscalls.all`).
    pub busy: bool,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Amounts {
    /// Rounds of calls.
    pub rounds: u32,
    /// Calls of a round that do little.
    pub calls: u64,
    /// Pairs of open and close of a round.
    pub pairs: u64,
    /// Pairs of open and close in one go.
    pub pairs_at_once: u64,
    /// Reads in all rounds under a rule about reading.
    pub reads: u64,
    /// Rounds of whole programs.
    pub load_rounds: u32,
    /// Seconds of a round of a whole program.
    pub load_seconds: u32,
    /// Seconds without work.
    pub idle_seconds: u32,
}

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Single calls, each a few times
    Calls,
    /// Opening and closing for long, without a pause
    Pairs,
    /// Reading under a rule about reading elsewhere
    Reads,
    /// Servers, a compiler, a shell
    Loads,
    /// Nothing to do
    Idle,
}

/// Names of the rows of calls.
pub const GETPPID: &str = "getppid";
/// One byte of /dev/zero.
pub const READ: &str = "read";
/// Of a file that no rule wants.
pub const OPEN_CLOSE: &str = "open + close";
/// Of a file that rules out most rules by its path alone.
pub const OPEN_CLOSE_PROGRAM: &str = "open + close, /usr";
/// Of the first, without a pause.
pub const OPEN_CLOSE_AT_ONCE: &str = "open + close, no pause";
/// Name of the rule set of one rule about reading.
pub const READ_RULE: &str = "one about read";

/// A rule about reading that no read here fulfils, but each must be looked at.
const READ_RULES: &str = "\
- rule: read below etc
  desc: a file below /etc is read
  condition: evt.type = read and fd.name startswith /etc/
  output: \"%proc.name %fd.name\"
  priority: INFO
";

/// A measurement.
pub struct Live<'o> {
    amounts: Amounts,
    watchers: Vec<Watcher>,
    /// The rules of the targets.
    rules: Rules,
    starts: Vec<Starts>,
    restless: u64,
    /// Everything that servers and watchers write.
    folder: tempfile::TempDir,
    say: &'o mut dyn FnMut(&str),
}

impl<'o> Live<'o> {
    /// Prepares to measure; `say` is told what is being done. The first watcher is what others are compared with.
    ///
    /// # Errors
    ///
    /// Without a place for files.
    pub fn new(
        watchers: Vec<Watcher>,
        rules: Rules,
        amounts: Amounts,
        say: &'o mut dyn FnMut(&str),
    ) -> anyhow::Result<Live<'o>> {
        ensure!(watchers.first() == Some(&Watcher::Nothing), "nothing to compare with");
        let folder = tempfile::Builder::new().prefix("peregrine-live-").tempdir()?;
        // Servers that run as other users must reach what is theirs in it.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        Ok(Live { amounts, watchers, rules, starts: Vec::new(), restless: 0, folder, say })
    }

    /// Measures some parts, and of programs those that are chosen, or all if none is. The conditions of the results are
    /// the caller's to fill in.
    ///
    /// # Errors
    ///
    /// If a watcher cannot watch, or a program fails.
    pub fn run(mut self, parts: &[Part], loads: &[String]) -> anyhow::Result<Results> {
        let mut results = Results::default();
        let rules = self.rules.clone();
        let Amounts { rounds, calls, pairs, pairs_at_once, reads, .. } = self.amounts;
        if parts.contains(&Part::Calls) {
            let acts = [
                Act { what: GETPPID, count: calls, work: ask_parent },
                Act { what: READ, count: calls, work: read_byte },
                Act { what: OPEN_CLOSE, count: pairs, work: open_close },
                Act { what: OPEN_CLOSE_PROGRAM, count: pairs, work: open_close_program },
            ];
            results.calls.extend(self.calls(&rules, &acts, rounds)?);
        }
        if parts.contains(&Part::Pairs) {
            let act = Act { what: OPEN_CLOSE_AT_ONCE, count: pairs_at_once, work: open_close };
            results.calls.extend(self.calls(&rules, &[act], 1)?);
        }
        if parts.contains(&Part::Reads) {
            results.calls.extend(self.reads(rounds, reads / u64::from(rounds.max(1)))?);
        }
        if parts.contains(&Part::Loads) {
            (results.loads, results.left_out) = self.loads(&rules, loads)?;
        }
        if parts.contains(&Part::Idle) {
            results.idle = self.idle(&rules)?;
        }
        (results.starts, results.restless) = (self.starts, self.restless);
        Ok(results)
    }

    fn reads(&mut self, rounds: u32, count: u64) -> anyhow::Result<Vec<Calls>> {
        let file = self.folder.path().join("read.yaml");
        std::fs::write(&file, READ_RULES)?;
        let rules = Rules { name: READ_RULE.to_owned(), files: vec![file], busy: true };
        self.calls(&rules, &[Act { what: READ, count, work: read_byte }], rounds)
    }

    fn idle(&mut self, rules: &Rules) -> anyhow::Result<Vec<Idle>> {
        let mut found = Vec::new();
        let seconds = f64::from(self.amounts.idle_seconds.max(1));
        for number in 0..self.watchers.len() {
            let watcher = self.watchers[number].name();
            if !self.watchers[number].is_process() {
                continue;
            }
            let watching = self.start(number, rules, &format!("idle, {watcher}"))?;
            self.catch_up(&watching)?;
            let before = watching.cpu()?;
            std::thread::sleep(Duration::from_secs_f64(seconds));
            let share = watching.cpu()?.saturating_sub(before).as_secs_f64() / seconds;
            watching.stop()?;
            found.push(Idle { watcher: watcher.to_owned(), share, seconds });
        }
        Ok(found)
    }

    /// The watchers of a round, by number, in their order.
    fn turns(&self, round: u32) -> Vec<usize> {
        let forward = 0..self.watchers.len();
        if round.is_multiple_of(2) { forward.collect() } else { forward.rev().collect() }
    }

    /// Waits until a watcher has done what it has to do.
    fn catch_up(&mut self, watching: &Watching) -> anyhow::Result<()> {
        self.restless += u64::from(!watching.catch_up()?);
        Ok(())
    }

    /// Starts a watcher.
    fn start(&mut self, number: usize, rules: &Rules, what: &str) -> anyhow::Result<Watching> {
        (self.say)(what);
        let watcher = &self.watchers[number];
        let watching = watcher.start(rules, self.folder.path()).with_context(|| what.to_owned())?;
        if let Some(start) = watching.start().filter(|_| rules.name == self.rules.name) {
            match self.starts.iter_mut().find(|s| s.watcher == watcher.name()) {
                Some(starts) => starts.starts.push(start),
                None => self.starts.push(Starts { watcher: watcher.name().to_owned(), starts: vec![start] }),
            }
        }
        // What it does at once belongs to its start.
        self.catch_up(&watching)?;
        Ok(watching)
    }
}
