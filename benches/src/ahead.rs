//! Rules compiled ahead of time, through the command lines: `rulec build -o X.pgr FILES`, then
//! `peregrine replay CAPTURE --rules X.pgr`.
//!
//! Loading is what `peregrine replay` of a capture of one event takes with the built file, less what it takes with an
//! empty rule file: the start of the program, and the process list.

use crate::programs::{MEASURE, Replayer, Usage, once};
use crate::results::Ahead;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether this `rulec` can build.
pub fn available(rulec: &Path) -> bool {
    let mut help = Command::new(rulec);
    help.args(["build", "--help"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    help.status().is_ok_and(|status| status.success())
}

/// Builds rule files and loads the result, with a capture of one event.
pub fn measure(
    rulec: &Path,
    peregrine: &Path,
    rules: &[PathBuf],
    start: &Path,
    folder: &Path,
    runs: u32,
) -> anyhow::Result<Ahead> {
    let (built, empty) = (folder.join("rules.pgr"), folder.join("empty.yaml"));
    std::fs::write(&empty, "[]\n")?;
    let mut build: Vec<OsString> = vec![rulec.into(), "build".into(), "-o".into(), (&built).into()];
    build.extend(rules.iter().map(OsString::from));
    let program = Replayer::Peregrine(peregrine.to_owned());
    let (with, without) = (program.command(start, std::slice::from_ref(&built)), program.command(start, &[empty]));
    let mut least: Option<[Usage; 3]> = None;
    for _ in 0..runs.max(1) {
        let round = [once(&build)?, once(&with)?, once(&without)?];
        least = Some(least.map_or(round, |l| std::array::from_fn(|i| l[i].least(round[i]))));
    }
    let [build, with, without] = least.ok_or_else(|| anyhow::anyhow!("{MEASURE} ran nothing"))?;
    let ms = |ns: u64| ns as f64 / 1e6;
    Ok(Ahead {
        build: ms(build.wall_ns),
        load: ms(with.wall_ns.saturating_sub(without.wall_ns)),
        bytes: std::fs::metadata(&built)?.len(),
    })
}
