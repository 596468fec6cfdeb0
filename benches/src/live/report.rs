//! Results for people.
//!
//! ```text
//! DATE/live.md, live.json, live-calls.svg, live-own.svg, live-loss.svg
//! ```

use crate::live::READ_RULE;
use crate::live::results::{Calls, Load, Results, Seen, median};
use crate::live::targets;
use crate::live::watcher::{EMPTY, FALCO, NOTHING};
use crate::report::Table;
use crate::report::plots::{self, Bar, Drawn, Group};
use crate::report::tables::{optional, outcomes};
use anyhow::{Context as _, anyhow};
use plotters::style::RGBColor;
use std::path::Path;

/// The plots.
const PLOTS: [&str; 3] = ["live-calls.svg", "live-own.svg", "live-loss.svg"];

/// All tables, the targets first.
pub fn tables(results: &Results) -> Vec<Table> {
    let all = [outcomes(targets::judge(results)), calls(results), loads(results), processes(results)];
    all.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

/// Writes a record. What an earlier one left in the folder is replaced.
pub fn record(folder: &Path, results: &Results) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    std::fs::write(folder.join("live.json"), serde_json::to_string_pretty(results)? + "\n")?;
    draw(folder, results).map_err(|e| anyhow!("cannot draw: {e}"))?;
    std::fs::write(folder.join("live.md"), markdown(results))?;
    Ok(())
}

fn markdown(results: &Results) -> String {
    let mut text = format!("# Watching a live system, {}\n\n{}\n", results.conditions.date, conditions(results));
    for plot in PLOTS {
        text += &format!("\n![{}]({plot})\n", plot.trim_end_matches(".svg"));
    }
    for table in tables(results) {
        text += &format!("\n{}", table.markdown());
    }
    text + "\nWhat each number means: [benches/README.md](../../README.md).\n"
}

/// Where and how, and what is missing, in sentences.
pub fn conditions(results: &Results) -> String {
    let c = &results.conditions;
    let mut text = format!(
        "{}; {}; rounds of calls: {}, of programs: {}, the middle counts; load average {:.2} before, {:.2} after.",
        c.machine, c.commit, c.runs.0, c.runs.1, c.load.0, c.load.1
    );
    if let Some(falco) = &c.falco {
        text += &format!(" Falco: {falco}.");
    }
    if results.restless > 0 {
        text += &format!(
            " {} times a watcher did not come to rest after the work: something else was running, and its CPU time is too \
             high.",
            results.restless
        );
    }
    for left_out in &results.left_out {
        text += &format!("\n\nLeft out: {left_out}.");
    }
    text
}

/// Counters of a watcher, in cells.
fn seen(seen: Option<Seen>) -> [String; 3] {
    let dropped = seen.and_then(|seen| seen.dropped_share()).map(percent);
    [
        seen.map_or_else(|| "-".to_owned(), |seen| seen.events.to_string()),
        dropped.unwrap_or_else(|| "-".to_owned()),
        seen.map_or_else(|| "-".to_owned(), |seen| seen.lost.to_string()),
    ]
}

/// Two digits behind the point, as shares near 0 and 100 are told apart by them.
fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

fn calls(results: &Results) -> Table {
    let mut rows = Vec::new();
    for calls in &results.calls {
        for under in &calls.under {
            let name = &under.watcher;
            let mut row = vec![calls.what.clone(), calls.rules.clone(), calls.count.to_string(), name.clone()];
            row.extend([
                optional(median(under.ns.iter().copied())),
                optional(calls.above(name, NOTHING).filter(|_| name != NOTHING)),
                optional(calls.above(name, EMPTY).filter(|_| name != NOTHING && name != EMPTY)),
                optional(calls.own(name)),
            ]);
            row.extend(seen(under.seen));
            rows.push(row);
        }
    }
    let header = [
        "call",
        "rules",
        "in a round",
        "watcher",
        "ns",
        "above nothing",
        "above empty",
        "own ns",
        "events",
        "dropped %",
        "lost",
    ];
    Table::new("System calls, ns of CPU for one", &header, rows)
}

fn loads(results: &Results) -> Table {
    let mut rows = Vec::new();
    for load in &results.loads {
        for under in &load.under {
            let mut row = vec![load.what.clone(), load.unit.clone(), under.watcher.clone()];
            row.push(optional(under.rate()));
            let loss = load.loss(&under.watcher, NOTHING).filter(|_| under.watcher != NOTHING);
            row.push(optional(loss.map(|loss| 100.0 * loss)));
            let own = under.seen().is_some();
            let own = |value: Option<f64>| optional(value.filter(|_| own));
            row.push(own(under.own_share().map(|share| 100.0 * share)));
            row.push(own(under.own_per_unit()));
            row.push(own(under.own_per_event()));
            row.extend(seen(under.seen()));
            row.push(load.kept_back(&under.watcher).map_or_else(|| "-".to_owned(), percent));
            rows.push(row);
        }
    }
    let header = [
        "program",
        "unit",
        "watcher",
        "units/s",
        "loss %",
        "own CPU %",
        "own ns/unit",
        "own ns/event",
        "events",
        "dropped %",
        "lost",
        "kept back %",
    ];
    Table::new("Programs", &header, rows)
}

fn processes(results: &Results) -> Table {
    let row = |starts: &crate::live::results::Starts| {
        let idle = results.idle.iter().find(|idle| idle.watcher == starts.watcher);
        vec![
            starts.watcher.clone(),
            starts.starts.len().to_string(),
            optional(median(starts.starts.iter().map(|start| start.wall_ms))),
            optional(median(starts.starts.iter().map(|start| start.cpu_ms))),
            idle.map_or_else(|| "-".to_owned(), |idle| percent(idle.share)),
        ]
    };
    let rows = results.starts.iter().map(row).collect();
    let header = ["watcher", "starts", "until it watches, ms", "CPU of it, ms", "CPU with nothing to do, %"];
    Table::new("Starting, and nothing to do", &header, rows)
}

fn colour(watcher: &str) -> RGBColor {
    match watcher {
        NOTHING | EMPTY => plots::WALK,
        FALCO => plots::FALCO,
        _ => plots::RULES[2],
    }
}

/// Bars of those watchers of which there is a value.
fn group<'w>(
    label: String,
    watchers: impl Iterator<Item = &'w String>,
    value: impl Fn(&str) -> Option<f64>,
) -> Option<Group> {
    let bar = |name: &String| Some(Bar { label: name.clone(), value: value(name)?, colour: colour(name) });
    let bars: Vec<Bar> = watchers.filter_map(bar).collect();
    (!bars.is_empty()).then_some(Group { label, bars })
}

fn draw(folder: &Path, results: &Results) -> Drawn {
    let of_calls = |value: fn(&Calls, &str) -> Option<f64>| {
        let groups = results.calls.iter().filter_map(move |calls| {
            let names = calls.under.iter().map(|u| &u.watcher);
            let about = if calls.rules == READ_RULE { ", a rule about it" } else { "" };
            group(format!("{}{about}", calls.what), names, |name| value(calls, name))
        });
        groups.collect::<Vec<Group>>()
    };
    let of_loads = |value: fn(&Load, &str) -> Option<f64>| {
        let groups = results.loads.iter().filter_map(move |load| {
            let names = load.under.iter().map(|u| &u.watcher);
            group(format!("{}, {}", load.what, load.unit), names, |name| value(load, name))
        });
        groups.collect::<Vec<Group>>()
    };
    let added = of_calls(|calls, name| (name != NOTHING).then(|| calls.above(name, NOTHING))?);
    let note = "CPU of the calling thread above nothing attached";
    plots::bars(&folder.join(PLOTS[0]), "What watching adds to a system call, ns, logarithmic", note, &added)?;
    let mut own = of_calls(|calls, name| calls.own(name));
    own.extend(of_loads(|load, name| {
        let under = load.under(name)?;
        under.seen().and(under.own_per_unit())
    }));
    let note = "user and system time of its process";
    plots::bars(&folder.join(PLOTS[1]), "CPU of the watcher for a call or unit, ns, logarithmic", note, &own)?;
    let loss = of_loads(|load, name| (name != NOTHING).then(|| Some(100.0 * load.loss(name, NOTHING)?))?);
    let note = "against nothing attached; without a bar: within the noise";
    plots::bars(&folder.join(PLOTS[2]), "Loss of throughput, %, logarithmic", note, &loss)
}

#[cfg(test)]
mod tests {
    use super::{PLOTS, record, tables};
    use crate::live::results::{Calls, CallsUnder, Idle, Load, LoadRound, LoadUnder, Results, Seen, Start, Starts};
    use crate::live::watcher::{NOTHING, PEREGRINE};

    fn results() -> Results {
        let seen = Some(Seen { events: 20, dropped: Some(19), lost: 0 });
        let call = |watcher: &str, own_ns: &[f64]| CallsUnder {
            watcher: watcher.into(),
            ns: vec![100.0, 120.0],
            own_ns: own_ns.into(),
            seen,
        };
        let under = vec![call(NOTHING, &[]), call(PEREGRINE, &[3.0, 4.0])];
        let calls = Calls { what: "read".into(), rules: "all".into(), count: 9, under };
        let round = LoadRound { units: 10.0, seconds: 1.0, own_seconds: 0.1, seen };
        let load = |watcher: &str| LoadUnder { watcher: watcher.into(), rounds: vec![round] };
        let under = vec![load(NOTHING), load(PEREGRINE)];
        Results {
            calls: vec![calls],
            loads: vec![Load { what: "nginx".into(), unit: "requests".into(), calls_per_unit: 3.0, under }],
            left_out: vec!["pg: not installed: pgbench".into()],
            idle: vec![Idle { watcher: PEREGRINE.into(), share: 0.01, seconds: 1.0 }],
            starts: vec![Starts { watcher: PEREGRINE.into(), starts: vec![Start { wall_ms: 9.0, cpu_ms: 8.0 }] }],
            ..Results::default()
        }
    }

    #[test]
    fn rows_have_as_many_cells_as_the_header() {
        let tables = tables(&results());
        assert_eq!(tables.len(), 4);
        for table in tables {
            assert!(table.rows.iter().all(|row| row.len() == table.header.len()), "{}", table.title);
        }
    }

    #[test]
    fn a_record_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        record(folder.path(), &results()).expect("written");
        let json = std::fs::read(folder.path().join("live.json")).expect("there");
        assert_eq!(serde_json::from_slice::<Results>(&json).expect("JSON"), results());
        let markdown = std::fs::read_to_string(folder.path().join("live.md")).expect("there");
        assert!(markdown.contains("pgbench"), "what was left out is told");
        for plot in PLOTS {
            assert!(markdown.contains(plot), "{plot} is shown");
            let svg = std::fs::read_to_string(folder.path().join(plot)).expect("drawn");
            assert!(svg.starts_with("<svg"), "{plot}");
        }
    }
}
