//! Results for people: tables for the terminal and for Markdown, plots, the folder of a record, and links to it.
//!
//! ```text
//! DATE/table.md, results.json, stages.svg, matcher.svg, scaling.svg, compiling.svg, profile-CAPTURE.svg
//! ```

pub(crate) mod plots;
pub(crate) mod tables;

pub use tables::Table;

use crate::results::Results;
use crate::targets;
use anyhow::{Context as _, anyhow};
use std::path::Path;

/// All tables, the targets first.
pub fn tables(results: &Results) -> Vec<Table> {
    let all = [
        tables::targets(results),
        tables::stages(results),
        tables::programs(results),
        tables::compiling(results),
        tables::scaling(results),
    ];
    all.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

/// Writes a record: results, tables and plots. What an earlier record left in the folder is replaced.
pub fn record(folder: &Path, results: &Results) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    std::fs::write(folder.join("results.json"), serde_json::to_string_pretty(results)? + "\n")?;
    let plots = plots::draw(folder, results).map_err(|e| anyhow!("cannot draw: {e}"))?;
    let profiles = profiles(results);
    for (name, picture) in &profiles {
        std::fs::write(folder.join(name), picture)?;
    }
    let profiles: Vec<&str> = profiles.iter().map(|(name, _)| name.as_str()).collect();
    std::fs::write(folder.join("table.md"), markdown(results, &plots, &profiles))?;
    Ok(())
}

/// Pictures of where the time of matching goes, of all captures under the rules of the targets. The captures that are
/// cut from others are left out.
fn profiles(results: &Results) -> Vec<(String, &str)> {
    let own = results.captures.iter().filter(|capture| !capture.name.contains('/'));
    own.filter_map(|capture| {
        let picture = capture.under(targets::RULES)?.profile.as_deref()?;
        Some((format!("profile-{}.svg", capture.name), picture))
    })
    .collect()
}

/// A text whose links into `benches/record/DATE/` lead to another date.
pub fn point_to(text: &str, date: &str) -> String {
    const RECORD: &str = "benches/record/";
    let mut parts = text.split(RECORD);
    let mut pointed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        pointed += RECORD;
        let dated = part.char_indices().take(11).all(|(i, c)| match i {
            4 | 7 => c == '-',
            10 => c == '/',
            _ => c.is_ascii_digit(),
        });
        match part.get(10..) {
            Some(rest) if dated => pointed += &(date.to_owned() + rest),
            _ => pointed += part,
        }
    }
    pointed
}

fn markdown(results: &Results, plots: &[&str], profiles: &[&str]) -> String {
    let mut text = format!("# Benchmarks of {}\n\n{}\n", results.conditions.date, conditions(results));
    for plot in plots {
        text += &format!("\n![{}]({plot})\n", plot.trim_end_matches(".svg"));
    }
    for table in tables(results) {
        text += &format!("\n{}", table.markdown());
    }
    if !profiles.is_empty() {
        text += &format!("\n## Where the time of matching goes, rules {}\n", targets::RULES);
    }
    for profile in profiles {
        text += &format!("\n![{}]({profile})\n", profile.trim_end_matches(".svg"));
    }
    text + "\nWhat each number means: [benches/README.md](../../README.md).\n"
}

/// Where and how, in sentences.
pub fn conditions(results: &Results) -> String {
    let c = &results.conditions;
    let mut text = format!(
        "{}; {}; runs in process: {}, of programs: {}, the least counts; load average {:.2} before, {:.2} after.",
        c.machine, c.commit, c.runs.0, c.runs.1, c.load.0, c.load.1
    );
    if let Some(falco) = &c.falco {
        text += &format!(" Falco: {falco}.");
    }
    if let Some(earlier) = &results.earlier {
        text += &format!(
            "\n\n*Recorded earlier* marks figures of {} that were not measured in this run: {}; {}.",
            earlier.program, earlier.source, earlier.conditions
        );
    }
    text
}

#[cfg(test)]
mod tests;
