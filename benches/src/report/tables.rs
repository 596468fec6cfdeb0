//! The tables of a report.

use crate::results::{OfCapture, OfRules, Results};
use crate::targets;

/// A table: the first column is text, the others are aligned to the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Above it.
    pub title: String,
    /// Names of columns.
    pub header: Vec<String>,
    /// Cells; as many in each row as there are columns.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: &str, header: &[&str], rows: Vec<Vec<String>>) -> Table {
        Table { title: title.to_owned(), header: header.iter().map(|h| (*h).to_owned()).collect(), rows }
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].as_str());
        cells.chain([self.header[column].as_str()]).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    fn line(&self, cells: &[String], separator: &str) -> String {
        let padded = cells.iter().enumerate().map(|(i, cell)| {
            let width = self.width(i);
            if i == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        padded.collect::<Vec<_>>().join(separator)
    }

    /// For the terminal.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n", self.title, self.line(&self.header, "  "));
        for row in &self.rows {
            text += &format!("{}\n", self.line(row, "  "));
        }
        text
    }

    /// For Markdown.
    pub fn markdown(&self) -> String {
        let rule: Vec<String> = (0..self.header.len())
            .map(|i| if i == 0 { "-".repeat(self.width(i)) } else { "-".repeat(self.width(i) - 1) + ":" })
            .collect();
        let mut text =
            format!("## {}\n\n| {} |\n| {} |\n", self.title, self.line(&self.header, " | "), rule.join(" | "));
        for row in &self.rows {
            text += &format!("| {} |\n", self.line(row, " | "));
        }
        text
    }
}

/// Three digits that matter.
pub(crate) fn number(value: f64) -> String {
    match value {
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

pub(crate) fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), number)
}

fn ratio(a: f64, b: f64) -> String {
    if b > 0.0 { format!("{}×", number(a / b)) } else { "-".to_owned() }
}

pub(super) fn targets(results: &Results) -> Table {
    outcomes(targets::judge(results))
}

/// Targets, one in each row.
pub(crate) fn outcomes(outcomes: Vec<targets::Outcome>) -> Table {
    let row = |outcome: targets::Outcome| {
        let value = match &outcome.value {
            Ok(value) => format!("{}{}", number(*value), outcome.unit),
            Err(why) => why.clone(),
        };
        let verdict = match outcome.met {
            Some(true) => "met",
            Some(false) => "missed",
            None => "not measured",
        };
        let mark = if outcome.earlier { ", recorded earlier" } else { "" };
        vec![outcome.what, outcome.target, value, format!("{verdict}{mark}")]
    };
    let rows = outcomes.into_iter().map(row).collect();
    Table::new("Targets", &["what", "target", "measured", ""], rows)
}

/// Every capture under every rule set.
fn pairs(results: &Results) -> impl Iterator<Item = (&OfCapture, &OfRules)> {
    results.captures.iter().flat_map(|capture| capture.rules.iter().map(move |rules| (capture, rules)))
}

pub(super) fn stages(results: &Results) -> Table {
    let row = |(capture, rules): (&OfCapture, &OfRules)| {
        vec![
            capture.name.clone(),
            rules.name.clone(),
            capture.events.to_string(),
            number(capture.walk.cpu),
            number(rules.ingest.cpu),
            number(capture.matcher(rules).cpu),
            number(rules.end_to_end.cpu),
            number(rules.end_to_end.wall),
            ratio(rules.end_to_end.cpu, capture.walk.cpu),
            rules.alerts.to_string(),
        ]
    };
    let header = ["capture", "rules", "events", "walk", "ingest", "matcher", "end to end", "wall", "/ walk", "alerts"];
    Table::new("In process, ns of CPU per event", &header, pairs(results).map(row).collect())
}

pub(super) fn programs(results: &Results) -> Table {
    let mut rows = Vec::new();
    for (capture, rules) in pairs(results) {
        let Some(ours) = rules.peregrine else { continue };
        let earlier = results.earlier_figure(&capture.name, &rules.name).filter(|_| rules.falco.is_none());
        let falco = match (rules.falco, earlier) {
            (Some(falco), _) => number(falco.ns_per_event),
            (None, Some(earlier)) => format!("{} recorded earlier", number(earlier)),
            (None, None) => "-".to_owned(),
        };
        let theirs = rules.falco.map(|f| f.ns_per_event).or(earlier);
        rows.push(vec![
            capture.name.clone(),
            rules.name.clone(),
            number(ours.ns_per_event),
            falco,
            theirs.map_or_else(|| "-".to_owned(), |theirs| ratio(theirs, ours.ns_per_event)),
            format!("{:.3}", ours.cpu_seconds),
            format!("{:.3}", ours.start_cpu_seconds),
            number(ours.peak_memory_mib),
            optional(rules.falco.map(|f| f.peak_memory_mib)),
        ]);
    }
    let header = [
        "capture",
        "rules",
        "ns/event",
        "Falco ns/event",
        "Falco / ours",
        "CPU s",
        "of it start s",
        "MiB",
        "Falco MiB",
    ];
    Table::new("Whole programs, start-up taken off", &header, rows)
}

pub(super) fn compiling(results: &Results) -> Table {
    let row = |c: &crate::results::Compiling| {
        vec![
            c.name.clone(),
            c.rules.to_string(),
            number(c.steps.load),
            number(c.steps.lower),
            number(c.steps.native),
            number(c.steps.total()),
            (c.code_bytes / 1024).to_string(),
            c.ahead.map_or_else(|| "not built".to_owned(), |a| number(a.build)),
            c.ahead.map_or_else(|| "not built".to_owned(), |a| number(a.load)),
        ]
    };
    let header =
        ["rule set", "rules", "load", "lower", "native", "total", "code KiB", "ahead of time: build", "and load"];
    Table::new("Compiling, ms", &header, results.compiling.iter().map(row).collect())
}

pub(super) fn scaling(results: &Results) -> Table {
    let names: Vec<&str> = results
        .scaling
        .first()
        .map_or_else(Vec::new, |first| first.captures.iter().map(|capture| capture.name.as_str()).collect());
    let mut header = vec!["rules".to_owned()];
    header.extend(["load ms", "lower ms", "native ms", "code KiB", "MiB"].map(str::to_owned));
    for name in &names {
        header.extend([format!("matcher {name} ns/event"), "matched %".to_owned()]);
    }
    let row = |s: &crate::results::Scaling| {
        let steps = [s.steps.load, s.steps.lower, s.steps.native].map(number);
        let mut cells = vec![s.rules.to_string()];
        cells.extend(steps);
        cells.extend([(s.code_bytes / 1024).to_string(), optional(s.peak_memory_mib)]);
        for name in &names {
            let on = s.captures.iter().find(|capture| capture.name == *name);
            cells.push(optional(on.map(|on| on.matcher.cpu)));
            cells.push(on.map_or_else(|| "-".to_owned(), |on| format!("{:.4}", 100.0 * on.matched_share)));
        }
        cells
    };
    let rows = results.scaling.iter().map(row).collect();
    Table { title: "Generated rules".to_owned(), header, rows }
}
