//! Results as table, JSON and picture.

use crate::ProgramUsage;
use crate::capture::Prepared;
use anyhow::anyhow;
use plotters::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

/// One capture under one rule set.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Row {
    capture: String,
    rules: String,
    events: u64,
    peregrine: Program,
    falco: Option<Program>,
}

/// What a program needed.
#[derive(Debug, serde::Serialize)]
struct Program {
    cpu_seconds: f64,
    start_cpu_seconds: f64,
    ns_per_event: f64,
    peak_memory_mib: f64,
}

impl Row {
    pub(crate) fn new(capture: &Prepared, rules: &str, ours: ProgramUsage, theirs: Option<ProgramUsage>) -> Row {
        let program = |u: ProgramUsage| Program {
            cpu_seconds: u.whole.cpu_ns as f64 / 1e9,
            start_cpu_seconds: u.start.cpu_ns as f64 / 1e9,
            ns_per_event: u.whole.cpu_ns.saturating_sub(u.start.cpu_ns) as f64 / capture.events.max(1) as f64,
            peak_memory_mib: u.memory_kib as f64 / 1024.0,
        };
        Row {
            capture: capture.name.clone(),
            rules: rules.to_owned(),
            events: capture.events,
            peregrine: program(ours),
            falco: theirs.map(program),
        }
    }

    fn ratio(&self) -> Option<f64> {
        self.falco.as_ref().map(|f| self.peregrine.ns_per_event / f.ns_per_event)
    }
}

const HEADER: &str = "capture      rules       events   CPU s  start s  ns/event  MiB   Falco ns/event  ratio";

/// A row for the terminal.
pub(crate) fn line(row: &Row) -> String {
    let p = &row.peregrine;
    let mut line = format!(
        "{:<12} {:<8} {:>9} {:>7.3} {:>8.3} {:>9.1} {:>4.0}",
        row.capture, row.rules, row.events, p.cpu_seconds, p.start_cpu_seconds, p.ns_per_event, p.peak_memory_mib
    );
    match (&row.falco, row.ratio()) {
        (Some(f), Some(ratio)) => {
            let _ = write!(line, "   {:>14.1}  {ratio:>5.3}", f.ns_per_event);
        }
        _ => line.push_str("                -      -"),
    }
    line
}

/// All rows.
pub(crate) fn table(rows: &[Row]) -> String {
    let lines: Vec<String> = rows.iter().map(line).collect();
    format!("{HEADER}\n{}", lines.join("\n"))
}

/// Writes `NAME.json` and `NAME.svg`.
pub(crate) fn record(name: &Path, rows: &[Row]) -> anyhow::Result<()> {
    std::fs::write(name.with_extension("json"), serde_json::to_string_pretty(rows)? + "\n")?;
    plot(&name.with_extension("svg"), rows).map_err(|e| anyhow!("cannot draw: {e}"))
}

fn plot(path: &Path, rows: &[Row]) -> Result<(), Box<dyn std::error::Error>> {
    let most = rows
        .iter()
        .flat_map(|r| [Some(r.peregrine.ns_per_event), r.falco.as_ref().map(|f| f.ns_per_event)])
        .flatten()
        .fold(1.0, f64::max);
    let area = SVGBackend::new(path, (900, 60 + 60 * rows.len() as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("CPU per event, ns (less is better)", ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(130)
        .build_cartesian_2d(0.0..most * 1.1, 0.0..rows.len() as f64)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(rows.len() * 2 + 1)
        .y_label_formatter(&|y| match (y - 0.5).fract().abs() < 1e-6 && *y > 0.0 {
            true => rows.get(*y as usize).map_or(String::new(), |r| format!("{} {}", r.capture, r.rules)),
            false => String::new(),
        })
        .draw()?;
    let bar = |index: usize, part: usize, value: f64, colour: RGBColor| {
        let bottom = index as f64 + 0.12 + part as f64 * 0.38;
        Rectangle::new([(0.0, bottom), (value, bottom + 0.36)], colour.filled())
    };
    let (ours, theirs) = (RGBColor(30, 110, 180), RGBColor(190, 190, 190));
    chart
        .draw_series(rows.iter().enumerate().map(|(i, r)| bar(i, 0, r.peregrine.ns_per_event, ours)))?
        .label("Peregrine")
        .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], ours.filled()));
    chart
        .draw_series(
            rows.iter().enumerate().filter_map(|(i, r)| r.falco.as_ref().map(|f| bar(i, 1, f.ns_per_event, theirs))),
        )?
        .label("Falco")
        .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], theirs.filled()));
    chart.configure_series_labels().border_style(BLACK).background_style(WHITE).draw()?;
    area.present()?;
    Ok(())
}
