//! `rulec explain --kernel`.

use super::files::{World, load, refused};
use anyhow::{Context as _, Result, bail};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::RuleId;
use peregrine_compiler::kernel::explain::{Explained, Image, Place, Tree, explain, verdict};
use peregrine_compiler::kernel::{Atom, EventPlan, Filter, KernelPlan, plan};
use peregrine_compiler::print::With;
use peregrine_probe::btf::{Btf, VMLINUX};
use peregrine_probe::listing::{Listed, Loads, programs};
use peregrine_probe::program::Kernel;
use peregrine_runtime::live::is_change;
use peregrine_schema::Event;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The kernel that programs are listed for: of types in a file, else the running one.
pub(super) fn types(file: Option<&Path>) -> Result<Kernel> {
    let types = match file {
        Some(file) => {
            let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            Btf::parse(bytes).with_context(|| format!("{}: expected a copy of {VMLINUX}", file.display()))?
        }
        None => Btf::vmlinux().context(
            "the running kernel shows no types (CONFIG_DEBUG_INFO_BTF); name those of another with --btf FILE",
        )?,
    };
    let mut kernel = Kernel::new(types, 0);
    kernel.capturing.descriptors = true;
    Ok(kernel)
}

/// Explains the kernel plan of rule files: of all event types in short, of one of them in full, with its programs if
/// there is a kernel to make them for.
pub(super) fn run(
    world: &World,
    files: &[PathBuf],
    event: Option<&str>,
    kernel: Option<&Kernel>,
    out: &mut impl Write,
) -> Result<ExitCode> {
    let loaded = load(world, files)?;
    if refused(&loaded) {
        return Ok(ExitCode::from(1));
    }
    let (rules, plan) = (&loaded.rules, KernelPlan::new(&loaded.rules));
    match event {
        None => overview(rules, &plan, out)?,
        Some(name) => {
            for event in of_type(&plan, name)? {
                explain_event(rules, &plan, event, out)?;
                if let Some(kernel) = kernel {
                    list(kernel, event, &plan, out)?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The events of a type that are made: of system calls where they end, and others that are listened to; if none is, all.
fn of_type(plan: &KernelPlan, name: &str) -> Result<Vec<&'static Event>> {
    let mut made: Vec<&'static Event> =
        peregrine_schema::EVENTS.iter().filter(|event| event.name == name && plan::is_made(event)).collect();
    if made.is_empty() {
        bail!("the probe makes no events of type '{name}'");
    }
    let shown = |event: &&Event| event.is_exit() || !matches!(plan.event(event.code), EventPlan::Never);
    if made.iter().any(shown) {
        made.retain(shown);
    }
    Ok(made)
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

/// The programs of an event as `peregrine run` makes them.
fn list(kernel: &Kernel, event: &'static Event, plan: &KernelPlan, out: &mut impl Write) -> Result<()> {
    let (all, conditions) = (EventPlan::Always { why: Vec::new() }, plan.image.len());
    let plan = if is_change(event.code) {
        writeln!(out, "\nrecorded in any case, for what it changes of processes: its programs have no filter")?;
        &all
    } else {
        plan.event(event.code)
    };
    let programs = programs(kernel, event, plan, conditions);
    if programs.is_empty() {
        writeln!(out, "\nno program is loaded")?;
    }
    for Listed { point, call, program } in programs {
        write!(out, "\nat {point}{}: ", call.map_or_else(String::new, |call| format!(", {call}")))?;
        match program {
            Loads::Nothing => writeln!(out, "no program, since nothing passes")?,
            Loads::Refused(error) => writeln!(out, "no program: {error}")?,
            Loads::Program { listing, unfiltered } => {
                if let Some(error) = unfiltered {
                    write!(out, "without the filter, which cannot be made ({error}): ")?;
                }
                write!(out, "{listing}")?;
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
