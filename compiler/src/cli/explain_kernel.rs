//! `rulec explain --kernel`.

use super::files::{World, load, refused};
use anyhow::{Result, bail};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::RuleId;
use peregrine_compiler::kernel::explain::{Explained, Image, Place, Tree, explain, verdict};
use peregrine_compiler::kernel::{Atom, EventPlan, Filter, KernelPlan, plan};
use peregrine_compiler::print::With;
use peregrine_schema::Event;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Explains the kernel plan of rule files: of all event types in short, of one of them in full.
pub(super) fn run(world: &World, files: &[PathBuf], event: Option<&str>, out: &mut impl Write) -> Result<ExitCode> {
    let loaded = load(world, files)?;
    if refused(&loaded) {
        return Ok(ExitCode::from(1));
    }
    let (rules, plan) = (&loaded.rules, KernelPlan::new(&loaded.rules));
    match event {
        None => overview(rules, &plan, out)?,
        Some(name) => {
            let made: Vec<&'static Event> =
                peregrine_schema::EVENTS.iter().filter(|event| event.name == name && plan::is_made(event)).collect();
            if made.is_empty() {
                bail!("the probe makes no events of type '{name}'");
            }
            for event in made.into_iter().filter(|event| event.is_exit() || *plan.event(event.code) != EventPlan::Never)
            {
                explain_event(rules, &plan, event, out)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// All event types: which are listened to, and which rules keep one from being filtered.
fn overview(rules: &RuleSet, plan: &KernelPlan, out: &mut impl Write) -> Result<()> {
    let made = || peregrine_schema::EVENTS.iter().filter(|event| plan::is_made(event) && event.is_exit());
    let count = |verdict_of: &str| made().filter(|event| verdict(plan.event(event.code)) == verdict_of).count();
    writeln!(
        out,
        "event types: {} filtered, {} unfiltered, {} not listened to",
        count("filtered"),
        count("unfiltered"),
        count("not listened to")
    )?;
    writeln!(out, "conditions on the process image: {}", plan.image.len())?;
    for event in made() {
        match plan.event(event.code) {
            EventPlan::Never => {}
            EventPlan::Always { why } => {
                writeln!(out, "\n{}: unfiltered", event.name)?;
                for (rule, reason) in why {
                    writeln!(out, "  {}: {reason}", name(rules, *rule))?;
                }
            }
            EventPlan::Filter(filter) => {
                writeln!(
                    out,
                    "\n{}: filtered for {}, {}",
                    event.name,
                    count_of(filter.rules.len(), "rule"),
                    size(filter)
                )?;
            }
        }
    }
    Ok(())
}

fn name(rules: &RuleSet, rule: RuleId) -> &str {
    rules.rules.get(rule.0 as usize).map_or("?", |rule| &rule.name)
}

fn count_of(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn size(filter: &Filter) -> String {
    let texts: usize =
        filter.atoms.iter().map(|atom| if let Atom::Text(text) = atom { text.set.len() } else { 0 }).sum();
    let weakened = if filter.weakened { ", made smaller" } else { "" };
    format!("{}, {}{weakened}", count_of(filter.atoms.len(), "atom"), count_of(texts, "text"))
}

/// One event type: the rules, predicate by predicate, and the filter.
fn explain_event(rules: &RuleSet, plan: &KernelPlan, event: &'static Event, out: &mut impl Write) -> Result<()> {
    let found = plan.event(event.code);
    writeln!(out, "{} ({}): {}", event.name, event.id, verdict(found))?;
    for explained in explain(rules, event) {
        write_rule(rules, &explained, out)?;
    }
    match found {
        EventPlan::Never => {}
        EventPlan::Always { why } => {
            writeln!(out, "\nevery event passes:")?;
            for (rule, reason) in why {
                writeln!(out, "  {}: {reason}", name(rules, *rule))?;
            }
        }
        EventPlan::Filter(filter) => {
            writeln!(out, "\nfilter ({}):", size(filter))?;
            for line in Tree(filter, event).to_string().lines() {
                writeln!(out, "  {line}")?;
            }
            let bits: BTreeSet<u32> = filter
                .atoms
                .iter()
                .filter_map(|atom| if let Atom::Image(bit) = atom { Some(*bit) } else { None })
                .collect();
            for bit in bits {
                if let Some(condition) = plan.image.get(bit as usize) {
                    writeln!(out, "\ni{bit}: {}", Image(condition, plan, rules))?;
                }
            }
        }
    }
    Ok(())
}

fn write_rule(rules: &RuleSet, explained: &Explained, out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nrule: {}", name(rules, explained.rule))?;
    for answered in &explained.predicates {
        let not = if answered.negated { "not " } else { "" };
        write!(out, "  {:<10}  {not}{}", answered.place.to_string(), With(&rules.fields, &answered.predicate))?;
        if let Place::User(reason) | Place::Partly(reason) = answered.place {
            write!(out, "  ({reason})")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
