//! Records what happens on this system into a capture.
//!
//! ```text
//! probe attached ─► /proc scanned ─► metadata ─┐
//! rings, one per CPU ─► by time ─► scope ─► environment hidden ─► capture
//! ```
//!
//! What must hold: the probe is attached before `/proc` is looked at, so that nothing falls between the two; what
//! happened meanwhile is in both, and replaying it again changes nothing. Events are written in order of their times:
//! those of the rings' last look wait until no CPU can come with an earlier one. Events of the recorder's own thread
//! are left out: writing the capture would make new ones.

use crate::capture::{Metadata, Process, WriteError, Writer};
use crate::procfs::{self, ScanError, Scanner};
use peregrine_probe::live::{Losses, Probe, ProbeError};
use peregrine_probe::program::layout::{HEADER, RingRecord, header};
use peregrine_schema::events::{EVENTS, code};
use peregrine_schema::{Effect, Event};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    System,
    /// This process's children and all that come from them.
    Children,
    /// Processes of a control group and of those in it.
    Cgroup(PathBuf),
}

/// What becomes of environment variables, in events and in the list of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Environment {
    /// Names are recorded, values are not
    #[default]
    Names,
    /// Nothing is recorded
    None,
    /// Names and values are recorded: they may hold secrets
    All,
}

/// Why a recording ended.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The probe.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// `/proc`.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The capture.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A control group cannot be looked at.
    #[error("cannot read control group {}", path.display())]
    Cgroup {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The memory of a ring no longer makes sense.
    #[error("the ring of CPU {0} is damaged; events after this are lost")]
    Damaged(u32),
}

/// What was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events in the capture.
    pub events: u64,
    /// Events that were read and are not in scope.
    pub left_out: u64,
    /// Events and descriptions of processes that could not be written because they are too long for the format.
    pub too_long: u64,
    /// Bytes of the capture, before compression.
    pub bytes: u64,
    /// Events that never came.
    pub losses: Losses,
}

/// An event on its way.
struct Pending {
    ts: u64,
    cgroup: u64,
    cpu: u16,
    event: Vec<u8>,
}

/// A recording under way.
pub struct Recorder {
    probe: Probe,
    writer: Writer,
    scope: Members,
    environment: Environment,
    pending: Vec<Pending>,
    summary: Summary,
    own_thread: u64,
}

/// How long an event may be on its way from the clock to the ring, ns.
const UNDER_WAY: u64 = 5_000_000;

/// Event types that are recorded only if asked for: there are very many of them.
pub fn is_flood(event: u16) -> bool {
    matches!(event, code::SCHEDSWITCH_6_E | code::PAGE_FAULT_E)
}

impl Recorder {
    /// Attaches the probe and writes what is known of the machine.
    ///
    /// # Errors
    ///
    /// Without the rights, or if the capture cannot be written.
    pub fn start(
        mut probe: Probe,
        mut writer: Writer,
        scope: &Scope,
        environment: Environment,
    ) -> Result<Recorder, RecordError> {
        let scope = Members::new(scope)?;
        probe.attach()?;
        let (mut failed, mut summary) = (None, Summary::default());
        let mut scanner = Scanner::open(procfs::Options::default())?;
        scanner.snapshot(&mut |item| {
            let written = match item {
                Metadata::Process(process) => writer.metadata(&Metadata::Process(hidden(process, environment))),
                other => writer.metadata(other),
            };
            match written {
                Ok(()) => {}
                // Left out, and told at the end.
                Err(WriteError::TooLong { .. }) => summary.too_long += 1,
                Err(e) => drop(failed.get_or_insert(e)),
            }
        })?;
        if let Some(e) = failed {
            return Err(e.into());
        }
        let own_thread = rustix::thread::gettid().as_raw_nonzero().get() as u64;
        let pending = Vec::new();
        Ok(Recorder { probe, writer, scope, environment, pending, summary, own_thread })
    }

    /// Takes what is in the rings and writes what is old enough.
    ///
    /// # Errors
    ///
    /// If the capture cannot be written.
    pub fn poll(&mut self) -> Result<&Summary, RecordError> {
        let begin = self.probe.clock().now();
        self.take()?;
        self.write_until(begin.saturating_sub(UNDER_WAY))?;
        Ok(&self.summary)
    }

    /// Detaches the probe, writes what is left, and ends the capture.
    ///
    /// # Errors
    ///
    /// If the capture cannot be written.
    pub fn finish(mut self) -> Result<Summary, RecordError> {
        self.probe.detach();
        self.take()?;
        self.write_until(u64::MAX)?;
        self.summary.losses = self.probe.losses()?;
        self.summary.bytes = self.writer.len();
        self.writer.finish()?;
        Ok(self.summary)
    }

    /// Takes what is in the rings.
    fn take(&mut self) -> Result<(), RecordError> {
        let cpus = self.probe.ring_cpus().to_vec();
        for (cpu, ring) in cpus.into_iter().zip(self.probe.rings()) {
            let batch = ring.batch();
            for record in batch.iter() {
                let Some(record) = RingRecord::parse(record) else { return Err(RecordError::Damaged(cpu)) };
                self.pending.push(Pending {
                    ts: record.ts(),
                    cgroup: record.cgroup,
                    cpu: record.cpu,
                    event: record.event.to_vec(),
                });
            }
            if batch.is_damaged() {
                return Err(RecordError::Damaged(cpu));
            }
        }
        Ok(())
    }

    /// Writes the events up to a time.
    fn write_until(&mut self, time: u64) -> Result<(), RecordError> {
        // Stable: events of one CPU stay in their order.
        self.pending.sort_by_key(|pending| pending.ts);
        let ready = self.pending.partition_point(|pending| pending.ts <= time);
        let rest = self.pending.split_off(ready);
        for pending in std::mem::replace(&mut self.pending, rest) {
            self.write(pending)?;
        }
        Ok(())
    }

    fn write(&mut self, pending: Pending) -> Result<(), RecordError> {
        let Some(head) = Head::of(&pending.event) else { return Err(RecordError::Damaged(pending.cpu.into())) };
        if head.tid == self.own_thread || !self.scope.contains(&head, pending.cgroup, &pending.event)? {
            self.summary.left_out += 1;
            return Ok(());
        }
        let hidden = (self.environment != Environment::All)
            .then(|| without_environment(&head, &pending.event, self.environment))
            .flatten();
        match self.writer.raw_event(pending.cpu, 0, hidden.as_deref().unwrap_or(&pending.event)) {
            Ok(()) => self.summary.events += 1,
            Err(WriteError::TooLong { .. }) => self.summary.too_long += 1,
            Err(e) => return Err(e.into()),
        }
        self.summary.bytes = self.writer.len();
        Ok(())
    }
}

/// The header of an event.
struct Head {
    tid: u64,
    event: &'static Event,
    params: usize,
}

impl Head {
    fn of(event: &[u8]) -> Option<Head> {
        let tid = u64::from_le_bytes(*event.get(header::TID..)?.first_chunk()?);
        let code = u16::from_le_bytes(*event.get(header::TYPE..)?.first_chunk()?);
        let params = u32::from_le_bytes(*event.get(header::NPARAMS..)?.first_chunk()?) as usize;
        Some(Head { tid, event: EVENTS.get(usize::from(code))?, params })
    }

    /// Where a parameter lies in the event.
    fn param(&self, event: &[u8], index: usize) -> Option<std::ops::Range<usize>> {
        let lens = event.get(HEADER..HEADER + 2 * self.params)?;
        let len = |i: usize| lens.get(2 * i..2 * i + 2).map_or(0, |l| usize::from(u16::from_le_bytes([l[0], l[1]])));
        let start = HEADER + 2 * self.params + (0..index).map(len).sum::<usize>();
        (index < self.params && start + len(index) <= event.len()).then(|| start..start + len(index))
    }

    /// A number of eight bytes, by name.
    fn number(&self, event: &[u8], name: &str) -> Option<i64> {
        let range = self.param(event, self.event.param(name)?)?;
        Some(i64::from_le_bytes(event.get(range)?.try_into().ok()?))
    }
}

/// The processes that are recorded.
enum Members {
    All,
    /// Threads and processes by id.
    Children {
        ids: HashSet<u64>,
        own: u64,
    },
    /// Ids of control groups.
    Cgroups {
        root: PathBuf,
        ids: HashSet<u64>,
        others: HashSet<u64>,
    },
}

impl Members {
    fn new(scope: &Scope) -> Result<Members, RecordError> {
        Ok(match scope {
            Scope::System => Members::All,
            Scope::Children => Members::Children { ids: HashSet::new(), own: u64::from(std::process::id()) },
            Scope::Cgroup(path) => {
                let ids = cgroup_ids(path)?;
                Members::Cgroups { root: path.clone(), ids, others: HashSet::new() }
            }
        })
    }

    /// Whether an event is recorded. Called for each event, in order.
    fn contains(&mut self, head: &Head, cgroup: u64, event: &[u8]) -> Result<bool, RecordError> {
        match self {
            Members::All => Ok(true),
            Members::Children { ids, own } => {
                if head.event.effect == Effect::Clone && head.number(event, "res") == Some(0) {
                    let of = |name| head.number(event, name).map(|id| id as u64);
                    let inherited = [of("ptid"), of("pid")].into_iter().flatten();
                    if inherited.into_iter().any(|id| id == *own || ids.contains(&id)) {
                        ids.extend([Some(head.tid), of("pid")].into_iter().flatten().filter(|id| id != own));
                    }
                }
                let inside = ids.contains(&head.tid);
                if head.event.effect == Effect::ProcExit {
                    ids.remove(&head.tid);
                }
                Ok(inside)
            }
            Members::Cgroups { root, ids, others } => {
                // A group that has not been seen may have been made in the one that is recorded.
                if !ids.contains(&cgroup) && others.insert(cgroup) {
                    ids.extend(cgroup_ids(root)?);
                }
                Ok(ids.contains(&cgroup))
            }
        }
    }
}

/// Ids of a control group and all in it: the inodes of their directories.
fn cgroup_ids(path: &Path) -> Result<HashSet<u64>, RecordError> {
    use std::os::unix::fs::MetadataExt as _;
    let error = |source| RecordError::Cgroup { path: path.to_owned(), source };
    let mut ids = HashSet::from([std::fs::metadata(path).map_err(error)?.ino()]);
    let mut open = vec![path.to_owned()];
    while let Some(next) = open.pop() {
        // Groups may vanish while they are looked at.
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                ids.extend(entry.metadata().map(|m| m.ino()));
                open.push(entry.path());
            }
        }
    }
    Ok(ids)
}

/// Variables without what is not to be recorded: texts that end in NUL.
fn hide(env: &[u8], environment: Environment) -> Vec<u8> {
    let name = |text: &[u8]| text.iter().position(|b| *b == b'=').map_or(text.len(), |at| at + 1);
    match environment {
        Environment::All => env.to_vec(),
        Environment::None => Vec::new(),
        Environment::Names => {
            let texts = env.split(|b| *b == 0).filter(|text| !text.is_empty());
            texts.flat_map(|text| text[..name(text)].iter().copied().chain([0])).collect()
        }
    }
}

fn hidden(process: &Process, environment: Environment) -> Process {
    Process { env: hide(&process.env, environment), ..process.clone() }
}

/// The event with its environment hidden; `None` if it has none.
fn without_environment(head: &Head, event: &[u8], environment: Environment) -> Option<Vec<u8>> {
    let index = head.event.param("env")?;
    let range = head.param(event, index)?;
    let env = hide(event.get(range.clone())?, environment);
    let mut changed = Vec::with_capacity(event.len());
    changed.extend_from_slice(&event[..range.start]);
    changed.extend_from_slice(&env);
    changed.extend_from_slice(&event[range.end..]);
    let at = HEADER + 2 * index;
    changed[at..at + 2].copy_from_slice(&(env.len() as u16).to_le_bytes());
    let length = changed.len() as u32;
    changed[header::LEN..header::LEN + 4].copy_from_slice(&length.to_le_bytes());
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_variables_are_hidden() {
        let env = b"A=secret\0B=\0PATH=/bin:/usr/bin\0odd\0";
        assert_eq!(hide(env, Environment::Names), b"A=\0B=\0PATH=\0odd\0");
        assert_eq!(hide(env, Environment::None), b"");
        assert_eq!(hide(env, Environment::All), env);
    }

    #[test]
    fn an_event_without_values_is_whole() {
        let row = &EVENTS[usize::from(code::EXECVE_19_X)];
        let index = row.param("env").expect("execve has an environment");
        let mut event = vec![0; HEADER + 2 * row.params.len()];
        event[header::TYPE..header::TYPE + 2].copy_from_slice(&row.code.to_le_bytes());
        event[header::NPARAMS] = row.params.len() as u8;
        event[HEADER + 2 * index] = 4;
        event[HEADER + 2 * index + 2] = 3;
        event.extend_from_slice(b"A=x\0end");
        event[header::LEN] = event.len() as u8;
        let head = Head::of(&event).expect("a header");
        let changed = without_environment(&head, &event, Environment::Names).expect("an environment");
        assert_eq!(usize::from(changed[header::LEN]), changed.len());
        assert_eq!(&changed[head.param(&changed, index).expect("there")], b"A=\0");
        assert_eq!(&changed[head.param(&changed, index + 1).expect("there")], b"end");
    }
}
