//! What the figures should be, with the upstream rules: met, missed, or not measured, with why.

use crate::live::results::{Calls, Load, Results};
use crate::live::watcher::{EMPTY, FALCO, NOTHING, PEREGRINE};
use crate::live::{GETPPID, OPEN_CLOSE, OPEN_CLOSE_AT_ONCE, READ, READ_RULE};
use crate::targets::{Bound, Outcome};

/// A call that no rule listens to, above the empty program, ns, at most.
const UNHEARD: f64 = 10.0;
/// Opening and closing a file that no rule wants, a pair: the thread's time above nothing, own time, ns, at most.
const PAIR: (f64, f64) = (450.0, 30.0);
/// A read that a rule about reading does not want: the same.
const READING: (f64, f64) = (250.0, 10.0);
/// Servers: loss of throughput and own CPU for a unit, divided by Falco's, at most.
const SERVERS: ([&str; 3], f64, f64) = (["nginx", "redis", "pg"], 0.333, 0.1);
/// Share of the system calls there of which the kernel sends no event, at least.
const KEPT_BACK: f64 = 95.0;
/// CPU of a watcher with nothing to do, at most.
const IDLE: f64 = 0.5;

/// All targets, in order.
pub fn judge(results: &Results) -> Vec<Outcome> {
    let mut found = Vec::new();
    for what in [GETPPID, READ] {
        let value = calls(results, what, |calls| calls.rules != READ_RULE).and_then(|c| above(c, EMPTY));
        found.push(Outcome::new(format!("{what}, above the empty program"), Bound::AtMost(UNHEARD), " ns", value));
    }
    let pairs = || calls(results, OPEN_CLOSE, |_| true);
    let at_once = || calls(results, OPEN_CLOSE_AT_ONCE, |_| true);
    let value = pairs().and_then(|c| above(c, NOTHING));
    found.push(Outcome::new(format!("{OPEN_CLOSE}, above nothing"), Bound::AtMost(PAIR.0), " ns", value));
    let value = at_once().and_then(own);
    found.push(Outcome::new(format!("{OPEN_CLOSE}, own CPU"), Bound::AtMost(PAIR.1), " ns", value));
    let count = at_once().map_or(String::new(), |c| format!(" of {} pairs", c.count));
    let lost = at_once().and_then(|c| {
        let seen = c.under(PEREGRINE).and_then(|u| u.seen).ok_or_else(|| format!("{PEREGRINE} not run"))?;
        Ok(seen.lost as f64)
    });
    found.push(Outcome::new(format!("{OPEN_CLOSE}, lost{count}"), Bound::AtMost(0.0), "", lost));
    let reads = || calls(results, READ, |calls| calls.rules == READ_RULE);
    let value = reads().and_then(|c| above(c, NOTHING));
    found.push(Outcome::new("read, a rule about it, above nothing".to_owned(), Bound::AtMost(READING.0), " ns", value));
    let value = reads().and_then(own);
    found.push(Outcome::new("read, a rule about it, own CPU".to_owned(), Bound::AtMost(READING.1), " ns", value));
    for name in SERVERS.0 {
        let value = load(results, name).and_then(loss_of_falcos);
        found.push(Outcome::new(format!("{name}, loss / Falco's"), Bound::AtMost(SERVERS.1), "×", value));
        let value = load(results, name).and_then(own_of_falcos);
        found.push(Outcome::new(format!("{name}, own CPU / Falco's"), Bound::AtMost(SERVERS.2), "×", value));
        let value = load(results, name).and_then(|load| {
            let share = load.kept_back(PEREGRINE).ok_or_else(|| format!("{PEREGRINE} not run"))?;
            Ok(100.0 * share)
        });
        found.push(Outcome::new(format!("{name}, kept back in the kernel"), Bound::AtLeast(KEPT_BACK), " %", value));
    }
    let idle = results.idle.iter().find(|idle| idle.watcher == PEREGRINE);
    let value = idle.map(|idle| 100.0 * idle.share).ok_or_else(|| "not measured".to_owned());
    found.push(Outcome::new("nothing to do, CPU".to_owned(), Bound::AtMost(IDLE), " %", value));
    found
}

fn calls<'r>(results: &'r Results, what: &str, is: impl Fn(&Calls) -> bool) -> Result<&'r Calls, String> {
    results.calls.iter().find(|c| c.what == what && is(c)).ok_or_else(|| "not measured".to_owned())
}

fn above(calls: &Calls, other: &str) -> Result<f64, String> {
    calls.above(PEREGRINE, other).ok_or_else(|| format!("{PEREGRINE} and {other} not both run"))
}

fn own(calls: &Calls) -> Result<f64, String> {
    calls.own(PEREGRINE).ok_or_else(|| format!("{PEREGRINE} not run"))
}

fn load<'r>(results: &'r Results, name: &str) -> Result<&'r Load, String> {
    results.loads.iter().find(|load| load.what == name).ok_or_else(|| "not run".to_owned())
}

/// Where Falco costs nothing that can be measured, there is nothing to divide by.
fn loss_of_falcos(load: &Load) -> Result<f64, String> {
    let loss = |watcher: &str| load.loss(watcher, NOTHING).ok_or_else(|| format!("{watcher} not run"));
    let (ours, theirs) = (loss(PEREGRINE)?, loss(FALCO)?);
    if theirs > 0.0 { Ok(ours.max(0.0) / theirs) } else { Err("Falco's is within the noise".to_owned()) }
}

/// For the same number of units.
fn own_of_falcos(load: &Load) -> Result<f64, String> {
    let own = |watcher: &str| {
        let own = load.under(watcher).and_then(|u| u.own_per_unit());
        own.ok_or_else(|| format!("{watcher} not run"))
    };
    let (ours, theirs) = (own(PEREGRINE)?, own(FALCO)?);
    if theirs > 0.0 { Ok(ours / theirs) } else { Err("Falco's is 0".to_owned()) }
}

#[cfg(test)]
mod tests;
