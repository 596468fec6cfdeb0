//! System calls, over and over: what one costs the thread that makes it, and what it costs the watcher.

use crate::inprocess::timed;
use crate::live::results::{Calls, CallsUnder, Seen};
use crate::live::{Live, Rules};
use nix::unistd::getppid;
use std::fs::File;
use std::hint::black_box;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Files that calls work on.
pub(super) struct Place {
    zero: File,
    plain: PathBuf,
}

impl Place {
    /// With a file in `folder`.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Place> {
        let plain = folder.join("plain");
        std::fs::write(&plain, "nothing that a rule asks for\n")?;
        Ok(Place { zero: File::open("/dev/zero")?, plain })
    }
}

/// A call, made so many times.
#[derive(Clone, Copy)]
pub(super) struct Act {
    pub(super) what: &'static str,
    pub(super) count: u64,
    pub(super) work: fn(&Place, u64) -> anyhow::Result<()>,
}

/// The call that does the least.
pub(super) fn ask_parent(_: &Place, count: u64) -> anyhow::Result<()> {
    for _ in 0..count {
        black_box(getppid());
    }
    Ok(())
}

/// Reads one byte.
pub(super) fn read_byte(place: &Place, count: u64) -> anyhow::Result<()> {
    let mut byte = [0];
    for _ in 0..count {
        (&place.zero).read_exact(&mut byte)?;
    }
    Ok(())
}

/// Opens a file and closes it.
pub(super) fn open_close(place: &Place, count: u64) -> anyhow::Result<()> {
    open_close_of(&place.plain, count)
}

/// The same of a file where systems keep programs, which rules about other places rule out by its path alone.
pub(super) fn open_close_program(_: &Place, count: u64) -> anyhow::Result<()> {
    open_close_of(Path::new("/usr/bin/env"), count)
}

fn open_close_of(file: &Path, count: u64) -> anyhow::Result<()> {
    for _ in 0..count {
        drop(black_box(File::open(file)?));
    }
    Ok(())
}

/// Calls made once before they are counted.
const WARM_UP: u64 = 100;

impl Live<'_> {
    /// Makes the calls under each watcher in turn, as often as told.
    pub(super) fn calls(&mut self, rules: &Rules, acts: &[Act], rounds: u32) -> anyhow::Result<Vec<Calls>> {
        let place = Place::new(self.folder.path())?;
        let names: Vec<String> = self.watchers.iter().map(|w| w.name().to_owned()).collect();
        let under = |name: &String| CallsUnder { watcher: name.clone(), ..CallsUnder::default() };
        let calls = |act: &Act| Calls {
            what: act.what.to_owned(),
            rules: rules.name.clone(),
            count: act.count,
            under: names.iter().map(under).collect(),
        };
        let mut found: Vec<Calls> = acts.iter().map(calls).collect();
        for round in 0..rounds.max(1) {
            for number in self.turns(round) {
                let what = format!("calls, rules {}, round {}, {}", rules.name, round + 1, names[number]);
                let watching = self.start(number, rules, &what)?;
                for (act, calls) in acts.iter().zip(&mut found) {
                    (act.work)(&place, WARM_UP.min(act.count))?;
                    self.catch_up(&watching)?;
                    let own = watching.cpu()?;
                    let ((), took) = timed(|| (act.work)(&place, act.count))?;
                    self.catch_up(&watching)?;
                    let own = watching.cpu()?.saturating_sub(own);
                    let under = &mut calls.under[number];
                    under.ns.push(took.per(act.count).cpu);
                    if self.watchers[number].is_process() {
                        under.own_ns.push(own.as_nanos() as f64 / act.count.max(1) as f64);
                    }
                }
                let seen = watching.stop()?;
                if let [calls] = &mut found[..] {
                    let before = calls.under[number].seen;
                    calls.under[number].seen = before.into_iter().chain(seen).reduce(Seen::and);
                }
            }
        }
        Ok(found)
    }
}
