//! What a program uses, measured from outside.
//!
//! The kernel accounts for waited-for children as a whole, so each run happens under a process of its own:
//! this program again, called with [`MEASURE`].

use anyhow::{Context as _, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use std::ffi::OsString;
use std::process::{Command, Stdio};

/// First argument of the measuring process.
pub(crate) const MEASURE: &str = "--measure-child";

/// What a run used.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Usage {
    /// User and system time, ns.
    pub(crate) cpu_ns: u64,
    /// Peak resident set, KiB.
    pub(crate) peak_kib: u64,
}

/// Runs a command several times; gives the run with the least CPU time.
pub(crate) fn best(command: &[OsString], runs: u32) -> anyhow::Result<Usage> {
    let mut best: Option<Usage> = None;
    for _ in 0..runs.max(1) {
        let usage = once(command)?;
        if best.is_none_or(|b| usage.cpu_ns < b.cpu_ns) {
            best = Some(usage);
        }
    }
    best.context("no run")
}

fn once(command: &[OsString]) -> anyhow::Result<Usage> {
    let output = Command::new(std::env::current_exe()?).arg(MEASURE).args(command).output()?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The measuring process: runs the command, prints its usage as JSON.
pub(crate) fn child(mut command: impl Iterator<Item = OsString>) -> anyhow::Result<()> {
    let program = command.next().context("no command")?;
    let status = Command::new(program).args(command).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if !status.success() {
        bail!("{status}");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu_us = (usage.user_time() + usage.system_time()).num_microseconds();
    let usage = Usage { cpu_ns: cpu_us.unsigned_abs() * 1000, peak_kib: usage.max_rss().unsigned_abs() };
    println!("{}", serde_json::to_string(&usage)?);
    Ok(())
}
