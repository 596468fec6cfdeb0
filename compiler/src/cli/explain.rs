//! `rulec explain`.

use super::files::{World, load, refused};
use super::sharing;
use anyhow::{Result, bail};
use clap::ValueEnum;
use peregrine_compiler::hir::{EventSet, Rule, RuleSet};
use peregrine_compiler::ir::Program;
use peregrine_compiler::ir::text::Text;
use peregrine_compiler::load::{Definition, Loaded};
use peregrine_compiler::print::With;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the rule
    rule: String,
    /// Rule files, or directories with .yml and .yaml files
    #[arg(short = 'r', long = "rules", required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What to show of it
    #[arg(long, value_enum, default_value_t = Stage::Rule)]
    stage: Stage,
    #[command(flatten)]
    world: World,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// Condition, event types, macros, lists and predicates
    Rule,
    /// The program it would be on its own
    Ir,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    let loaded = load(&args.world, &args.files)?;
    if refused(&loaded) {
        return Ok(ExitCode::from(1));
    }
    let Some(index) = loaded.rules.rules.iter().position(|rule| rule.name == args.rule) else {
        bail!("no rule is called '{}'{}", args.rule, close_to(&args.rule, &loaded));
    };
    match args.stage {
        Stage::Rule => explain(&loaded, index, out)?,
        Stage::Ir => {
            // A disabled rule has no program; what it would be is still worth seeing.
            let rule = Rule { enabled: true, ..loaded.rules.rules[index].clone() };
            let alone = RuleSet { fields: loaded.rules.fields.clone(), rules: vec![rule] };
            write!(out, "{}", Text(&Program::new(&alone), &alone))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Names that contain a word of what was asked for.
fn close_to(name: &str, loaded: &Loaded) -> String {
    let wanted = name.to_lowercase();
    let has_word = |rule: &&Rule| wanted.split_whitespace().any(|word| rule.name.to_lowercase().contains(word));
    let names: Vec<String> =
        loaded.rules.rules.iter().filter(has_word).take(5).map(|rule| format!("'{}'", rule.name)).collect();
    if names.is_empty() { String::new() } else { format!("; there are {}", names.join(", ")) }
}

fn explain(loaded: &Loaded, index: usize, out: &mut impl Write) -> Result<()> {
    let (rule, origin) = (&loaded.rules.rules[index], &loaded.origins[index]);
    let state = if rule.enabled { "enabled" } else { "disabled" };
    writeln!(out, "rule: {}", rule.name)?;
    writeln!(out, "  at {}", loaded.sources.describe(rule.span))?;
    writeln!(out, "  {}, {state}, source {}, tags [{}]", rule.priority.name(), rule.source, rule.tags.join(", "))?;
    writeln!(out, "  {}", one_line(&rule.desc))?;
    writeln!(out, "\ncondition as written:\n  {}", one_line(&origin.condition))?;
    writeln!(out, "\ncondition expanded:\n  {}", rule.condition_text)?;
    write_definitions("macros", &origin.macros, loaded, out)?;
    write_definitions("lists", &origin.lists, loaded, out)?;
    write_events(&rule.events, out)?;
    write_predicates(loaded, rule, out)
}

fn write_definitions(what: &str, all: &[Definition], loaded: &Loaded, out: &mut impl Write) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{what}:")?;
    for one in all {
        writeln!(out, "  {} ({}): {}", one.name, loaded.sources.describe(one.span), one_line(&one.text))?;
    }
    Ok(())
}

/// Event types by name; a rule that is tried on all of them says so.
fn write_events(events: &EventSet, out: &mut impl Write) -> Result<()> {
    if *events == EventSet::all() {
        writeln!(out, "\nevent types: all")?;
        return Ok(());
    }
    let names: BTreeSet<&str> = events.iter().filter_map(peregrine_schema::event).map(|event| event.name).collect();
    let names: Vec<&str> = names.into_iter().collect();
    writeln!(out, "\nevent types: {} codes\n  {}", events.len(), names.join(" "))?;
    Ok(())
}

/// The comparisons of the rule as written, each with the number of enabled rules that share it.
fn write_predicates(loaded: &Loaded, rule: &Rule, out: &mut impl Write) -> Result<()> {
    let shared = sharing::uses(&loaded.rules);
    let mut told = BTreeSet::new();
    writeln!(out, "\npredicates (rules that share each):")?;
    for (predicate, span) in sharing::tests(&rule.condition) {
        let text = With(&loaded.rules.fields, predicate).to_string();
        if told.insert(text.clone()) {
            let count = shared.get(predicate).copied().unwrap_or_default();
            writeln!(out, "  {count:>4}  {text}  ({})", loaded.sources.describe(span))?;
        }
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
