//! Events that nobody looks at are passed over: what is seen on all others stays the same.

use anyhow::ensure;
use bumpalo::Bump;
use peregrine_compiler::value::{Arg, FieldRef};
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::session::Session;
use peregrine_schema::FieldId;
use peregrine_schema::events::code;
use std::path::Path;

const FIELDS: [FieldId; 12] = [
    FieldId::EvtNum,
    FieldId::EvtTime,
    FieldId::FdNum,
    FieldId::FdName,
    FieldId::FdTypechar,
    FieldId::FdConnected,
    FieldId::FdNameChanged,
    FieldId::FdSport,
    FieldId::ProcName,
    FieldId::ProcPname,
    FieldId::ThreadVmsize,
    FieldId::ContainerId,
];

/// What is seen on the events that are looked at, and how many events were shown.
fn seen(path: &Path, wanted: impl Fn(u16) -> bool, tell: bool) -> anyhow::Result<(Vec<String>, usize)> {
    let bound = Bound::new(&FIELDS.map(|id| FieldRef::new(id, Arg::None)));
    let (env, mut scratch) = (Env::default(), Bump::new());
    let mut session = Session::open(path)?;
    if tell {
        session.listen(&wanted);
    }
    let (mut lines, mut shown) = (Vec::new(), 0);
    while session.step(&mut |event| {
        shown += 1;
        if wanted(event.record.code) {
            let view = EventView::new(event, &bound, &scratch, &env);
            let values = (0..FIELDS.len()).map(|slot| format!("{:?}", view.shown(slot).map(|s| s.value)));
            lines.push(format!("{} {}", event.record.ts, values.collect::<Vec<_>>().join(" ")));
        }
        scratch.reset();
    })? {}
    Ok((lines, shown))
}

#[test]
fn what_is_seen_does_not_depend_on_what_is_passed_over() -> anyhow::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    for name in ["nginx.scap.gz", "shell.scap.gz", "tiny.scap.gz", "old/connect_localhost.scap"] {
        let path = corpus.join(name);
        let opened = |c| matches!(c, code::OPENAT_2_X | code::EXECVE_19_X | code::CONNECT_X);
        let some = |c: u16| c.is_multiple_of(5);
        let none = |_| false;
        let wanted: [(&str, &dyn Fn(u16) -> bool); 3] = [("opened", &opened), ("some", &some), ("none", &none)];
        for (set, wanted) in wanted {
            let (all, of_all) = seen(&path, wanted, false)?;
            let (told, of_told) = seen(&path, wanted, true)?;
            let differ = all.iter().zip(&told).find(|(a, b)| a != b);
            ensure!(differ.is_none() && all.len() == told.len(), "{name}, {set}: {differ:?}");
            ensure!(of_told < of_all || name.starts_with("old"), "{name}, {set}: nothing was passed over");
        }
    }
    Ok(())
}
