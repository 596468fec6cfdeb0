//! What the figures should be. Each target is one line of the table: met, missed, or not measured, with why.

use crate::results::{OfCapture, Results};

/// The rule set that targets are about: the three upstream files of system call rules.
pub const RULES: &str = "all";
/// Captures of servers, which read and write all the time.
const SERVERS: [&str; 3] = ["nginx", "redis", "pg"];
/// Captures with many processes.
const PROCESSES: [&str; 3] = ["attack", "shell", "compile"];

/// Falco's CPU divided by ours, at least.
const FALCO: [(&str, f64); 6] =
    [("attack", 20.0), ("shell", 20.0), ("compile", 20.0), ("nginx", 10.0), ("redis", 8.0), ("pg", 8.0)];
/// End to end divided by the floor, at most, on servers.
const FLOOR: f64 = 4.0;
/// The matcher alone, ns per event, at most: on servers, and with many processes.
const MATCHER: (f64, f64) = (10.0, 25.0);
/// The matcher alone on 10,000 rules divided by that on 100, at most.
const GROWTH: f64 = 2.0;
/// Compiling the upstream files and 10,000 rules, ms, at most.
const COMPILING: (f64, f64) = (100.0, 5000.0);
/// Loading the upstream files compiled ahead of time, ms, at most.
const AHEAD: f64 = 5.0;

/// How a target fares.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What is compared.
    pub what: String,
    /// What is asked for.
    pub target: String,
    /// What was measured; why not, if it was not.
    pub value: Result<f64, String>,
    /// Unit behind the value.
    pub unit: &'static str,
    /// Whether it is enough; nothing if it was not measured.
    pub met: Option<bool>,
    /// Whether a figure of an earlier time takes part.
    pub earlier: bool,
}

/// A bound.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Outcome {
    pub(crate) fn new(what: String, bound: Bound, unit: &'static str, value: Result<f64, String>) -> Outcome {
        let (target, holds): (String, fn(f64, f64) -> bool) = match bound {
            Bound::AtLeast(least) => (format!("≥ {least}{unit}"), |value, least| value >= least),
            Bound::AtMost(most) => (format!("≤ {most}{unit}"), |value, most| value <= most),
        };
        let (Bound::AtLeast(limit) | Bound::AtMost(limit)) = bound;
        let met = value.as_ref().ok().map(|value| holds(*value, limit));
        Outcome { what, target, value, unit, met, earlier: false }
    }
}

/// All targets, in order.
pub fn judge(results: &Results) -> Vec<Outcome> {
    let mut found: Vec<Outcome> = FALCO.iter().map(|(name, least)| against_falco(results, name, *least)).collect();
    found.extend(SERVERS.map(|name| {
        let value = with(results, name).and_then(|(capture, rules)| {
            ratio(rules.end_to_end.cpu, capture.walk.cpu).ok_or_else(|| "no time for the floor".to_owned())
        });
        Outcome::new(format!("end to end / walk, {name}, {RULES}"), Bound::AtMost(FLOOR), "×", value)
    }));
    for (names, most) in [(SERVERS, MATCHER.0), (PROCESSES, MATCHER.1)] {
        found.extend(names.map(|name| {
            let value = with(results, name).map(|(capture, rules)| capture.matcher(rules).cpu);
            Outcome::new(format!("matcher alone, {name}, {RULES}"), Bound::AtMost(most), " ns/event", value)
        }));
    }
    found.extend(["nginx", "shell"].map(|name| {
        Outcome::new(format!("matcher, 10,000 / 100 rules, {name}"), Bound::AtMost(GROWTH), "×", growth(results, name))
    }));
    let compiling = results.compiling.iter().find(|c| c.name == RULES);
    let absent = || format!("rule set {RULES} not compiled");
    let total = compiling.map(|c| c.steps.total()).ok_or_else(absent);
    found.push(Outcome::new(format!("compile, {RULES}"), Bound::AtMost(COMPILING.0), " ms", total));
    let large = results.scaling.iter().find(|s| s.rules == 10_000).map(|s| s.steps.total());
    let large = large.ok_or_else(|| "10,000 rules not measured".to_owned());
    found.push(Outcome::new("compile, 10,000 rules".to_owned(), Bound::AtMost(COMPILING.1), " ms", large));
    let ahead = compiling.ok_or_else(absent).and_then(|c| c.ahead.ok_or_else(|| "not built".to_owned()));
    let ahead = ahead.map(|a| a.load);
    found.push(Outcome::new(format!("load ahead-of-time file, {RULES}"), Bound::AtMost(AHEAD), " ms", ahead));
    found
}

fn ratio(a: f64, b: f64) -> Option<f64> {
    (b > 0.0).then(|| a / b)
}

/// A capture under the rule set of the targets.
fn with<'r>(results: &'r Results, name: &str) -> Result<(&'r OfCapture, &'r crate::results::OfRules), String> {
    let capture = results.capture(name).ok_or_else(|| format!("no capture {name}"))?;
    let rules = capture.under(RULES).ok_or_else(|| format!("no rule set {RULES}"))?;
    Ok((capture, rules))
}

/// Whole programs, both without their start. An earlier figure takes Falco's place only if it did not run.
fn against_falco(results: &Results, name: &str, least: f64) -> Outcome {
    let mut earlier = false;
    let value = with(results, name).and_then(|(_, rules)| {
        let ours = rules.peregrine.ok_or_else(|| "programs not run".to_owned())?.ns_per_event;
        let theirs = rules.falco.map(|f| f.ns_per_event).or_else(|| {
            earlier = true;
            results.earlier_figure(name, RULES)
        });
        let theirs = theirs.ok_or_else(|| "Falco not run".to_owned())?;
        ratio(theirs, ours).ok_or_else(|| "no time for Peregrine".to_owned())
    });
    let mut outcome = Outcome::new(format!("Falco / Peregrine, {name}, {RULES}"), Bound::AtLeast(least), "×", value);
    outcome.earlier = earlier && outcome.met.is_some();
    outcome
}

fn growth(results: &Results, name: &str) -> Result<f64, String> {
    let of = |rules: usize| {
        let scaling = results.scaling.iter().find(|s| s.rules == rules)?;
        Some(scaling.captures.iter().find(|c| c.name == name)?.matcher.cpu)
    };
    let missing = |rules: &str| format!("{rules} rules on {name} not measured");
    let many = of(10_000).ok_or_else(|| missing("10,000"))?;
    ratio(many, of(100).ok_or_else(|| missing("100"))?).ok_or_else(|| "100 rules take no time".to_owned())
}

#[cfg(test)]
mod tests;
