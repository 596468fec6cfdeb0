//! Versions of facts on recorded captures: as long as slot and version of a thread are the same, so is every field
//! that has the lifetime of an image, and versions are few. So it is with the names of descriptors.
//!
//! Reads the bundled captures, and the shared ones if there are any (`PEREGRINE_SHARED`).

use anyhow::{Context as _, ensure};
use bumpalo::Bump;
use peregrine_compiler::value::{Arg, Event as _, FieldRef};
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::session::Session;
use peregrine_schema::{FIELDS, FieldFlags, FieldId};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Events whose values are compared: one in so many.
const SAMPLE: u64 = 509;
/// Events whose file is looked at: one in so many.
const FILE_SAMPLE: u64 = 3;
/// Of so many events at most one begins a version.
const EVENTS_PER_VERSION: usize = 10;

fn fields() -> Vec<FieldRef> {
    use FieldId::*;
    let plain = [
        ProcName,
        ProcExe,
        ProcExepath,
        ProcPname,
        ProcPexe,
        ProcPexepath,
        ProcCmdline,
        ProcPcmdline,
        ProcArgs,
        ProcAname,
        ProcAexe,
        ProcAexepath,
        ProcAcmdline,
        ProcAargs,
        ProcApid,
        ProcCmdnargs,
        ProcCmdlenargs,
        ProcExeline,
        ProcEnv,
        ProcAenv,
        ProcCwd,
        ProcLoginshellid,
        ProcTty,
        ProcPid,
        ProcPpid,
        ProcVpid,
        ProcPvpid,
        ProcSid,
        ProcVpgid,
        ProcPgid,
        ProcPidTs,
        ProcPpidTs,
        ProcIsExeWritable,
        ProcIsExeUpperLayer,
        ProcIsExeLowerLayer,
        ProcIsExeFromMemfd,
        ProcIsSidLeader,
        ProcIsVpgidLeader,
        ProcIsPgidLeader,
        ProcExeIno,
        ProcExeInoCtime,
        ProcExeInoMtime,
        ProcExeInoCtimeDurationProcStart,
        ProcExeInoCtimeDurationPidnsStart,
        ProcPidnsInitStartTs,
        ThreadCapPermitted,
        ThreadCapInheritable,
        ThreadCapEffective,
        ThreadIsmain,
        ThreadVtid,
        ThreadNametid,
        ThreadCgroups,
        UserUid,
        UserName,
        UserHomedir,
        UserShell,
        UserLoginuid,
        UserLoginname,
        GroupGid,
        GroupName,
        ContainerId,
        ContainerName,
        ContainerImage,
        ContainerType,
        ContainerPrivileged,
        K8sPodName,
    ];
    let of = |id, n| FieldRef::new(id, Arg::Index(n));
    let indexed = (0..8).flat_map(|n| [of(ProcAname, n), of(ProcAcmdline, n), of(ProcApid, n)]);
    plain.into_iter().map(|id| FieldRef::new(id, Arg::None)).chain(indexed).collect()
}

fn flagged(flag: FieldFlags) -> Vec<FieldRef> {
    let rows = FIELDS.iter().filter(|row| row.flags.has(flag));
    rows.map(|row| FieldRef::new(row.id, Arg::None)).collect()
}

/// All values as text, of conditions and of outputs.
fn values(view: &EventView<'_>, fields: &[FieldRef]) -> String {
    let mut values = String::new();
    for (slot, field) in fields.iter().enumerate() {
        let _ = writeln!(values, "{:?}={:?} {:?}", field.id, view.field(slot), view.shown(slot).map(|s| s.value));
    }
    values
}

/// Replays a capture; gives numbers of events and of versions.
fn check(path: &Path) -> anyhow::Result<(usize, usize)> {
    let fields = fields();
    let (bound, env) = (Bound::new(&fields), Env::default());
    let files = flagged(FieldFlags::FILE);
    let bound_files = Bound::new(&files);
    let mut known_files: HashMap<(u32, u64), String> = HashMap::new();
    let mut scratch = Bump::new();
    let mut session = Session::open(path)?;
    let mut known: HashMap<_, Option<String>> = HashMap::new();
    let mut events = 0;
    let mut wrong = None;
    while session.step(&mut |event| {
        let view = EventView::new(event, &bound_files, &scratch, &env);
        if event.number % FILE_SAMPLE == 0
            && let Some(key) = view.file()
        {
            let now = values(&view, &files);
            let then = known_files.entry((key.slot, key.version)).or_insert_with(|| now.clone());
            if *then != now {
                wrong.get_or_insert(format!("event {}: {then:?} {now:?}", event.number));
            }
        }
        let Some(facts) = event.facts() else { return };
        events += 1;
        let then = known.entry(facts).or_default();
        if then.is_some() && event.number % SAMPLE != 0 {
            return;
        }
        assert_eq!(event.state.facts(event.record.tid), Some(facts));
        let view = EventView::new(event, &bound, &scratch, &env);
        let now = values(&view, &fields);
        match then {
            Some(then) if *then != now => {
                let pair = then.lines().zip(now.lines()).find(|(a, b)| a != b);
                wrong.get_or_insert(format!("event {}: {pair:?}", event.number));
            }
            Some(_) => {}
            None => *then = Some(now),
        }
        scratch.reset();
    })? {}
    match wrong {
        Some(wrong) => anyhow::bail!("{wrong}"),
        None => Ok((events, known.len())),
    }
}

fn captures() -> anyhow::Result<Vec<PathBuf>> {
    let mut dirs = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus"))];
    match peregrine_tests::shared::shared() {
        Some(shared) => dirs.push(shared.join("captures")),
        None => println!("shared captures skipped: PEREGRINE_SHARED does not name them"),
    }
    let mut found = Vec::new();
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.to_string_lossy().contains(".scap") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn equal_versions_mean_equal_values() -> anyhow::Result<()> {
    let captures = captures()?;
    ensure!(!captures.is_empty());
    for path in captures {
        let name = path.display().to_string();
        let (events, versions) = check(&path).with_context(|| name.clone())?;
        println!("{name}: {events} events of threads, {versions} versions");
        ensure!(events < 10_000 || versions * EVENTS_PER_VERSION <= events, "{name}: {versions} versions");
    }
    Ok(())
}
