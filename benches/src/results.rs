//! What was measured. Written to `results.json` as it stands; times are ns per event unless the name says otherwise.

use serde::{Deserialize, Serialize};

/// Everything of one run of the suite.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Where and how.
    pub conditions: Conditions,
    /// By capture.
    pub captures: Vec<OfCapture>,
    /// By rule set.
    pub compiling: Vec<Compiling>,
    /// By number of generated rules.
    pub scaling: Vec<Scaling>,
    /// Figures of Falco's that were not measured in this run.
    pub earlier: Option<Earlier>,
}

/// Where and how it was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// Day.
    pub date: String,
    /// State of the sources.
    pub commit: String,
    /// Processor, number of them, kernel.
    pub machine: String,
    /// Load average of the last minute, before and after: above 1 something else was running.
    pub load: (f64, f64),
    /// Runs in process, runs of programs.
    pub runs: (u32, u32),
    /// Version of Falco, if it ran.
    pub falco: Option<String>,
}

/// Time of the calling thread, and of the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Time {
    /// CPU.
    pub cpu: f64,
    /// Wall clock.
    pub wall: f64,
}

/// Of one capture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OfCapture {
    /// Name.
    pub name: String,
    /// Event blocks.
    pub events: u64,
    /// Size of the plain form.
    pub bytes: u64,
    /// The floor.
    pub walk: Time,
    /// Reading and state, without rules.
    pub ingest: Time,
    /// With rules.
    pub rules: Vec<OfRules>,
}

/// Of one capture under one rule set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OfRules {
    /// Name of the rule set.
    pub name: String,
    /// Reading and state, with the events shown that the rules listen to.
    #[serde(default)]
    pub ingest: Time,
    /// Reading, state, matching, alerts.
    pub end_to_end: Time,
    /// Alerts.
    pub alerts: u64,
    /// The whole program.
    pub peregrine: Option<Program>,
    /// Falco, measured in the same run.
    pub falco: Option<Program>,
    /// Where the time of matching goes, as a picture (SVG).
    #[serde(skip)]
    pub profile: Option<String>,
}

/// What a program needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// User and system time on the whole capture.
    pub cpu_seconds: f64,
    /// The same on the capture's first event.
    pub start_cpu_seconds: f64,
    /// Their difference per event.
    pub ns_per_event: f64,
    /// Peak resident set on the gzip form.
    pub peak_memory_mib: f64,
}

/// Of compiling a rule set. Wall clock, ms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Compiling {
    /// Name of the rule set.
    pub name: String,
    /// Rules.
    pub rules: usize,
    /// Steps.
    pub steps: Steps,
    /// Machine code.
    pub code_bytes: usize,
    /// Compiled ahead of time; nothing if this build cannot.
    pub ahead: Option<Ahead>,
}

/// Steps of compiling, ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// Text to checked rules.
    pub load: f64,
    /// Checked rules to program.
    pub lower: f64,
    /// Program to machine code.
    pub native: f64,
}

impl Steps {
    /// All steps.
    pub fn total(&self) -> f64 {
        self.load + self.lower + self.native
    }
}

/// Of a rule set compiled ahead of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Ahead {
    /// Wall clock of building, ms.
    pub build: f64,
    /// Wall clock of loading, ms.
    pub load: f64,
    /// Size of the file.
    pub bytes: u64,
}

/// Of so many generated rules.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// How many.
    pub rules: usize,
    /// Steps of compiling.
    pub steps: Steps,
    /// Machine code.
    pub code_bytes: usize,
    /// Peak resident set of `peregrine replay` that compiles them and reads one event.
    pub peak_memory_mib: Option<f64>,
    /// On captures.
    pub captures: Vec<ScalingOn>,
}

/// Generated rules on a capture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScalingOn {
    /// Capture.
    pub name: String,
    /// The matcher alone.
    pub matcher: Time,
    /// Events on which a rule matched, of all events.
    pub matched_share: f64,
}

/// Figures measured at another time; never mixed with this run's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Earlier {
    /// Program and version.
    pub program: String,
    /// Where the figures come from.
    pub source: String,
    /// How they were measured.
    pub conditions: String,
    /// The figures.
    pub figures: Vec<EarlierFigure>,
}

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EarlierFigure {
    /// Capture.
    pub capture: String,
    /// Rule set.
    pub rules: String,
    /// ns per event.
    pub ns_per_event: f64,
}

impl OfCapture {
    /// Under a rule set.
    pub fn under(&self, rules: &str) -> Option<&OfRules> {
        self.rules.iter().find(|r| r.name == rules)
    }

    /// The matcher alone: end to end, less reading and state. Never below 0, however noisy.
    pub fn matcher(&self, rules: &OfRules) -> Time {
        rules.end_to_end.less(rules.ingest)
    }
}

impl Time {
    /// The difference, not below 0.
    pub fn less(self, other: Time) -> Time {
        Time { cpu: (self.cpu - other.cpu).max(0.0), wall: (self.wall - other.wall).max(0.0) }
    }
}

impl Results {
    /// A capture.
    pub fn capture(&self, name: &str) -> Option<&OfCapture> {
        self.captures.iter().find(|c| c.name == name)
    }

    /// An earlier figure of Falco's.
    pub fn earlier_figure(&self, capture: &str, rules: &str) -> Option<f64> {
        let figures = &self.earlier.as_ref()?.figures;
        figures.iter().find(|f| f.capture == capture && f.rules == rules).map(|f| f.ns_per_event)
    }
}
