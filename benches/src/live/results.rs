//! What was measured live. Written to `live.json` as it stands.

use crate::results::Conditions;
use serde::{Deserialize, Serialize};

/// Everything of one run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Where and how.
    pub conditions: Conditions,
    /// Single system calls, over and over.
    pub calls: Vec<Calls>,
    /// Whole programs.
    pub loads: Vec<Load>,
    /// What was not measured, and why.
    pub left_out: Vec<String>,
    /// How often a watcher was still at work long after what it watched had ended.
    pub restless: u64,
    /// Watchers with nothing to do.
    pub idle: Vec<Idle>,
    /// Starts of watchers with the rules of the targets.
    pub starts: Vec<Starts>,
}

/// A call, over and over, under each watcher.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    /// What is called.
    pub what: String,
    /// With which rules.
    pub rules: String,
    /// Calls (or pairs of calls) in a round.
    pub count: u64,
    /// By watcher.
    pub under: Vec<CallsUnder>,
}

/// Calls under a watcher.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CallsUnder {
    /// Name of the watcher.
    pub watcher: String,
    /// CPU time of the calling thread for a call, ns, by round.
    pub ns: Vec<f64>,
    /// CPU time of the watcher for a call, ns, by round; nothing of what has no process.
    pub own_ns: Vec<f64>,
    /// What the watcher counted in all rounds, if it watched nothing but this.
    pub seen: Option<Seen>,
}

/// A program under each watcher.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Name.
    pub what: String,
    /// What is counted.
    pub unit: String,
    /// System calls of the machine for each.
    pub calls_per_unit: f64,
    /// By watcher.
    pub under: Vec<LoadUnder>,
}

/// A program under a watcher.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadUnder {
    /// Name of the watcher.
    pub watcher: String,
    /// By round.
    pub rounds: Vec<LoadRound>,
}

/// A round of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadRound {
    /// Units done.
    pub units: f64,
    /// In so many seconds.
    pub seconds: f64,
    /// CPU time of the watcher until it had caught up, s.
    pub own_seconds: f64,
    /// What the watcher counted from its start to its end.
    pub seen: Option<Seen>,
}

/// What a watcher counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Events that its programs in the kernel looked at.
    pub events: u64,
    /// Those of them that filters dropped there; nothing of a watcher that has none.
    pub dropped: Option<u64>,
    /// Those that it lost.
    pub lost: u64,
}

/// A watcher with nothing to do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Idle {
    /// Name of the watcher.
    pub watcher: String,
    /// Share of one CPU.
    pub share: f64,
    /// Over so many seconds.
    pub seconds: f64,
}

/// Starts of a watcher.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Starts {
    /// Name of the watcher.
    pub watcher: String,
    /// Each start.
    pub starts: Vec<Start>,
}

/// What it takes a watcher from its call until it watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Wall clock, ms.
    pub wall_ms: f64,
    /// CPU time, ms.
    pub cpu_ms: f64,
}

/// The middle of some numbers.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2)?;
    Some(if values.len().is_multiple_of(2) { (middle + values[values.len() / 2 - 1]) / 2.0 } else { *middle })
}

impl Calls {
    /// Under a watcher.
    pub fn under(&self, watcher: &str) -> Option<&CallsUnder> {
        self.under.iter().find(|u| u.watcher == watcher)
    }

    /// What a call costs more under one watcher than under another, ns: the middle of the differences of each round.
    pub fn above(&self, watcher: &str, other: &str) -> Option<f64> {
        let (one, other) = (self.under(watcher)?, self.under(other)?);
        median(one.ns.iter().zip(&other.ns).map(|(one, other)| one - other))
    }

    /// CPU time of a watcher for a call, ns.
    pub fn own(&self, watcher: &str) -> Option<f64> {
        median(self.under(watcher)?.own_ns.iter().copied())
    }
}

impl LoadUnder {
    /// Units in a second.
    pub fn rate(&self) -> Option<f64> {
        median(self.rounds.iter().map(LoadRound::rate))
    }

    /// CPU time of the watcher as share of one CPU.
    pub fn own_share(&self) -> Option<f64> {
        median(self.rounds.iter().map(|r| r.own_seconds / r.seconds))
    }

    /// CPU time of the watcher for a unit, ns.
    pub fn own_per_unit(&self) -> Option<f64> {
        median(self.rounds.iter().map(|r| r.own_seconds * 1e9 / r.units))
    }

    /// What the watcher counted, in all rounds.
    pub fn seen(&self) -> Option<Seen> {
        self.rounds.iter().filter_map(|r| r.seen).reduce(Seen::and)
    }

    /// CPU time of the watcher for an event, ns.
    pub fn own_per_event(&self) -> Option<f64> {
        let events = self.seen()?.events;
        let own: f64 = self.rounds.iter().map(|r| r.own_seconds).sum();
        (events > 0).then(|| own * 1e9 / events as f64)
    }
}

impl LoadRound {
    fn rate(&self) -> f64 {
        self.units / self.seconds
    }
}

impl Seen {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Seen) -> Seen {
        Seen {
            events: self.events + other.events,
            dropped: self.dropped.zip(other.dropped).map(|(a, b)| a + b),
            lost: self.lost + other.lost,
        }
    }

    /// Events that came to the watcher's process.
    pub fn sent(&self) -> u64 {
        self.events.saturating_sub(self.dropped.unwrap_or(0) + self.lost)
    }

    /// Share of events that filters dropped.
    pub fn dropped_share(&self) -> Option<f64> {
        let dropped = self.dropped?;
        (self.events > 0).then(|| dropped as f64 / self.events as f64)
    }
}

impl Load {
    /// Under a watcher.
    pub fn under(&self, watcher: &str) -> Option<&LoadUnder> {
        self.under.iter().find(|u| u.watcher == watcher)
    }

    /// Share of the system calls of which a watcher got no event: none is wanted, or a filter dropped it, or it was lost.
    pub fn kept_back(&self, watcher: &str) -> Option<f64> {
        let under = self.under(watcher)?;
        let (seen, units) = (under.seen()?, under.rounds.iter().map(|r| r.units).sum::<f64>());
        let calls = self.calls_per_unit * units;
        (calls > 0.0).then(|| 1.0 - seen.sent() as f64 / calls)
    }

    /// Share of throughput that is lost under one watcher: the middle of the rounds.
    pub fn loss(&self, watcher: &str, nothing: &str) -> Option<f64> {
        let (one, nothing) = (self.under(watcher)?, self.under(nothing)?);
        let rounds = one.rounds.iter().zip(&nothing.rounds);
        median(rounds.map(|(one, nothing)| 1.0 - one.rate() / nothing.rate()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Calls, CallsUnder, Load, LoadRound, LoadUnder, Seen, median};

    #[test]
    fn the_middle_of_few() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0, 1.0, 9.0]), Some(3.0));
        assert_eq!(median([4.0, 1.0]), Some(2.5));
    }

    #[test]
    fn rounds_are_compared_with_themselves() {
        let under = |watcher: &str, ns: &[f64]| CallsUnder {
            watcher: watcher.into(),
            ns: ns.into(),
            own_ns: vec![],
            seen: None,
        };
        let under = vec![under("a", &[100.0, 200.0, 300.0]), under("b", &[110.0, 211.0, 390.0])];
        let calls = Calls { under, ..Calls::default() };
        assert_eq!(calls.above("b", "a"), Some(11.0));
        assert_eq!(calls.above("b", "c"), None);
        assert_eq!(calls.own("a"), None);
    }

    #[test]
    fn loads_are_summed_up() {
        let round = |units, own_seconds, events| {
            let seen = Some(Seen { events, dropped: Some(events / 2), lost: 1 });
            LoadRound { units, seconds: 2.0, own_seconds, seen }
        };
        let under = |watcher: &str, rounds: Vec<LoadRound>| LoadUnder { watcher: watcher.into(), rounds };
        let watched = under("b", vec![round(50.0, 0.1, 10), round(150.0, 0.3, 10)]);
        let quiet = under("a", vec![round(100.0, 0.0, 0), round(200.0, 0.0, 0)]);
        assert_eq!(watched.rate(), Some(50.0));
        assert_eq!(watched.own_share(), Some(0.1));
        assert_eq!(watched.own_per_unit(), Some(2e6));
        assert_eq!(watched.seen(), Some(Seen { events: 20, dropped: Some(10), lost: 2 }));
        assert_eq!(watched.own_per_event().map(f64::round), Some(2e7));
        let load = Load { under: vec![quiet, watched], calls_per_unit: 0.2, ..Load::default() };
        assert_eq!(load.kept_back("b"), Some(0.8), "8 of 40 calls came");
        assert_eq!(load.loss("b", "a"), Some(0.375));
    }
}
