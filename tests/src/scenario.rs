//! Scenarios: what happens on a small machine, written by hand, and which event a rule must match.
//!
//! A file under `rules/cases/` belongs to one rule:
//!
//! ```yaml
//! rule: Password database read
//! cases:
//!   - name: a script reads the shadow file, the login program may
//!     processes:
//!       - {pid: 100, exe: /usr/bin/python3, args: [steal.py], user: 1000}
//!       - {pid: 200, exe: /usr/bin/su}
//!     events:
//!       - {by: 100, openat: {name: /etc/shadow, flags: O_RDONLY}, match: true}
//!       - {by: 200, openat: {name: /etc/shadow, flags: O_RDONLY}}
//! ```
//!
//! - **Processes** are those of the process table, see [`process::Process`] for the keys. Process 1, `systemd`,
//!   is always there, and so are the users root (0), www-data (33) and alice (1000).
//! - **Events** name the acting thread (`by`), the event as in `evt.type` with its parameters by name, and
//!   whether the rule matches it (`match: true`; without, it must not). `at` is the time in seconds after the
//!   recording began; without, an event follows the one before by a millisecond. Times must grow.
//! - **Parameters** are written by the type of their schema row, see [`params`]; absent ones get a default.
//! - `fork`, `vfork`, `clone`, `clone3` are the event of the child (result 0): `{by: 101, fork: {ptid: 100}}`
//!   begins process 101 as a copy of process 100. `execve` needs `exe`, maybe `args`; what else the
//!   record holds about the process is filled in.
//!
//! A case becomes a capture ([`Case::capture`]), so that the reader, the state and the fields take part in
//! every test of a rule. Whoever replays it reports [`Hit`]s; [`check`] compares. Mistakes in a file are errors
//! that name the case and the event.

pub mod params;
pub mod process;

use crate::scap::{Form, Scap};
use anyhow::{Context as _, bail, ensure};
use peregrine_runtime::capture::{Group, MachineInfo, User, Users};
use peregrine_schema as schema;
use process::{Process, Running};
use schema::{Event, EventFlags};
use serde::Deserialize;
use serde_yaml::{Mapping, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Begin of every recording, ns since the epoch.
pub const BEGIN: u64 = 1_700_000_000_000_000_000;
/// Distance of events without a time of their own, ns.
const STEP: u64 = 1_000_000;

/// The cases of a rule.
#[derive(Debug)]
pub struct RuleCases {
    /// Name of the rule.
    pub rule: String,
    /// Its cases.
    pub cases: Vec<Case>,
}

/// One machine and what happens on it.
#[derive(Debug)]
pub struct Case {
    /// What the case shows.
    pub name: String,
    /// The process table at the beginning.
    pub processes: Vec<Process>,
    /// What happens, in order.
    pub events: Vec<Step>,
}

/// An event of a case.
#[derive(Debug)]
pub struct Step {
    /// Time, ns since the epoch.
    pub ts: u64,
    /// Acting thread.
    pub tid: i64,
    /// Its row.
    pub event: &'static Event,
    /// Parameters in record order.
    pub params: Vec<Vec<u8>>,
    /// Whether the rule must match.
    pub matches: bool,
}

/// A match that an engine reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Name of the rule.
    pub rule: String,
    /// `evt.rawtime` of the event, ns since the epoch.
    pub ts: u64,
}

/// A difference between a case and what an engine reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    rule: String,
    case: String,
    step: usize,
    event: &'static str,
    expected: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { rule, case, step, event, expected } = self;
        let verb = if *expected { "does not match" } else { "matches" };
        write!(f, "rule \"{rule}\" {verb} event {step} ({event}) of \"{case}\"")
    }
}

/// As written, before events are understood.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    rule: String,
    cases: Vec<RawCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    name: String,
    #[serde(default)]
    processes: Vec<Process>,
    events: Vec<Mapping>,
}

impl RuleCases {
    /// Reads a file.
    pub fn read(path: &Path) -> anyhow::Result<RuleCases> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        RuleCases::parse(&text).with_context(|| path.display().to_string())
    }

    /// Parses the text of a file.
    pub fn parse(text: &str) -> anyhow::Result<RuleCases> {
        let raw: RawFile = serde_yaml::from_str(text)?;
        let mut cases = Vec::new();
        for case in raw.cases {
            let name = case.name.clone();
            cases.push(Case::new(case).with_context(|| format!("case \"{name}\""))?);
        }
        Ok(RuleCases { rule: raw.rule, cases })
    }

    /// All files of a folder, by file name.
    pub fn read_all(folder: &Path) -> anyhow::Result<Vec<RuleCases>> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            paths.push(entry?.path());
        }
        paths.sort();
        paths.iter().map(|p| RuleCases::read(p)).collect()
    }
}

impl Case {
    fn new(raw: RawCase) -> anyhow::Result<Case> {
        let mut processes = raw.processes;
        if !processes.iter().any(|p| p.pid == 1) {
            processes.insert(0, Process::init());
        }
        let mut running: BTreeMap<i64, Running> = BTreeMap::new();
        for process in &processes {
            ensure!(running.insert(process.pid, process.running()).is_none(), "process {} twice", process.pid);
        }
        let mut events = Vec::new();
        let mut last = BEGIN;
        for (i, mapping) in raw.events.iter().enumerate() {
            let step = step(mapping, last, &mut running).with_context(|| format!("event {}", i + 1))?;
            last = step.ts;
            events.push(step);
        }
        Ok(Case { name: raw.name, processes, events })
    }

    /// The case as a raw capture.
    pub fn capture(&self) -> anyhow::Result<Vec<u8>> {
        let mut scap = Scap::new().machine(&machine()).users(2, &users());
        let processes: Vec<_> = self.processes.iter().map(Process::entry).collect();
        scap = scap.processes(9, &processes);
        for process in &self.processes {
            scap = scap.fds(&process.fd_list()?);
        }
        for step in &self.events {
            let form = Form { large: step.event.flags.has(EventFlags::LARGE_PAYLOAD), ..Form::default() };
            let params: Vec<&[u8]> = step.params.iter().map(Vec::as_slice).collect();
            scap = scap.event_raw(form, step.ts, step.tid, step.event.code, &params);
        }
        Ok(scap.bytes())
    }

    /// Where the reported hits of `rule` differ from the expectation.
    fn differences(&self, rule: &str, hits: &[Hit]) -> Vec<Difference> {
        let hit = |step: &Step| hits.iter().any(|h| h.rule == rule && h.ts == step.ts);
        let different = self.events.iter().enumerate().filter(|(_, step)| hit(step) != step.matches);
        different
            .map(|(i, step)| Difference {
                rule: rule.to_owned(),
                case: self.name.clone(),
                step: i + 1,
                event: step.event.name,
                expected: step.matches,
            })
            .collect()
    }
}

/// Replays all cases of a rule. `replay` gets a capture and reports every match of every rule in it, not only
/// the first of an event.
pub fn check(
    cases: &RuleCases,
    replay: &mut dyn FnMut(&[u8]) -> anyhow::Result<Vec<Hit>>,
) -> anyhow::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    for case in &cases.cases {
        let hits = replay(&case.capture()?).with_context(|| format!("case \"{}\" of \"{}\"", case.name, cases.rule))?;
        differences.extend(case.differences(&cases.rule, &hits));
    }
    Ok(differences)
}

/// Understands one event: `by`, `at`, `match`, and the event's name with its parameters.
fn step(mapping: &Mapping, last: u64, running: &mut BTreeMap<i64, Running>) -> anyhow::Result<Step> {
    let (mut tid, mut ts, mut matches, mut named) = (None, last + STEP, false, None);
    for (key, value) in mapping {
        let key = key.as_str().context("a key is not text")?;
        match key {
            "by" => tid = Some(value.as_i64().context("`by` is not a number")?),
            "at" => ts = time(value)?,
            "match" => matches = value.as_bool().context("`match` is not true or false")?,
            name => {
                ensure!(named.is_none(), "more than one event, the second is {name}");
                named = Some((event_named(name)?, value));
            }
        }
    }
    let tid = tid.context("`by` is missing")?;
    let (event, value) = named.context("no event")?;
    ensure!(ts > last, "times must grow");
    let empty = Mapping::new();
    let given = match value {
        Value::Null => &empty,
        Value::Mapping(m) => m,
        _ => bail!("the parameters of {} are not a mapping", event.name),
    };
    for key in given.keys() {
        let name = key.as_str().context("a parameter's name is not text")?;
        ensure!(event.param(name).is_some(), "{} has no parameter {name}", event.name);
    }
    let process = process::acting(event, tid, given, running)?;
    let mut params = Vec::new();
    for param in event.params {
        let bytes = match given.get(param.name) {
            Some(value) => params::encode(param, value),
            None => Ok(process.parameter(event, param).unwrap_or_else(|| params::default(event, param))),
        };
        params.push(bytes.with_context(|| format!("parameter {}", param.name))?);
    }
    Ok(Step { ts, tid, event, params, matches })
}

/// The current event of a name: the exit event, or the enter-coded one if there is no other.
fn event_named(name: &str) -> anyhow::Result<&'static Event> {
    let current = |e: &&Event| e.name == name && !e.flags.any(EventFlags::OLD_VERSION.or(EventFlags::UNUSED));
    let exit = schema::EVENTS.iter().filter(current).find(|e| e.is_exit());
    exit.or_else(|| schema::EVENTS.iter().find(current)).with_context(|| format!("no event is called {name}"))
}

/// Seconds after the begin.
fn time(value: &Value) -> anyhow::Result<u64> {
    let seconds = value.as_f64().context("`at` is not a number of seconds")?;
    ensure!((0.0..1e6).contains(&seconds), "`at` is not between 0 and a million seconds");
    // Up to nine decimals survive: a double holds 15 digits.
    Ok(BEGIN + (seconds * 1e9).round() as u64)
}

fn machine() -> MachineInfo {
    MachineInfo {
        num_cpus: 2,
        memory: 4 << 30,
        max_pid: 1 << 22,
        hostname: b"scenario".to_vec(),
        boot_ts: BEGIN - 86_400_000_000_000,
        flags: 0,
    }
}

fn users() -> Users {
    let user = |id: u32, name: &str, home: &str, shell: &str| User {
        uid: id,
        gid: id,
        name: name.into(),
        home: home.into(),
        shell: shell.into(),
    };
    let group = |gid: u32, name: &str| Group { gid, name: name.into() };
    Users {
        users: vec![
            user(0, "root", "/root", "/bin/bash"),
            user(33, "www-data", "/var/www", "/usr/sbin/nologin"),
            user(1000, "alice", "/home/alice", "/bin/bash"),
        ],
        groups: vec![group(0, "root"), group(33, "www-data"), group(1000, "alice")],
    }
}

#[cfg(test)]
mod tests;
