//! `rulec explain`.

use super::files::{World, load};
use anyhow::{Result, bail};
use peregrine_compiler::hir::{EventSet, Expr, Predicate, Rule};
use peregrine_compiler::load::{Definition, Loaded};
use peregrine_compiler::print::With;
use peregrine_compiler::report::text;
use peregrine_compiler::span::Span;
use std::collections::{BTreeSet, HashMap, HashSet};
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
    #[command(flatten)]
    world: World,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    let loaded = load(&args.world, &args.files)?;
    if !loaded.successful() {
        let colours = super::colours();
        for diagnostic in text::distinct(&loaded.results).filter(|d| d.is_error()) {
            writeln!(out, "{}\n", text::render(diagnostic, &loaded.sources, colours))?;
        }
        return Ok(ExitCode::from(1));
    }
    let Some(index) = loaded.rules.rules.iter().position(|rule| rule.name == args.rule) else {
        bail!("no rule is called '{}'{}", args.rule, close_to(&args.rule, &loaded));
    };
    explain(&loaded, index, out)?;
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
    let mut shared: HashMap<&Predicate, usize> = HashMap::new();
    for other in loaded.rules.rules.iter().filter(|other| other.enabled) {
        let mut own = Vec::new();
        tests(&other.condition, &mut own);
        let mut seen = HashSet::new();
        for (predicate, _) in own {
            if seen.insert(predicate) {
                *shared.entry(predicate).or_default() += 1;
            }
        }
    }
    let mut own = Vec::new();
    tests(&rule.condition, &mut own);
    let mut told = BTreeSet::new();
    writeln!(out, "\npredicates (rules that share each):")?;
    for (predicate, span) in own {
        let text = With(&loaded.rules.fields, predicate).to_string();
        if told.insert(text.clone()) {
            let count = shared.get(predicate).copied().unwrap_or_default();
            writeln!(out, "  {count:>4}  {text}  ({})", loaded.sources.describe(span))?;
        }
    }
    Ok(())
}

fn tests<'e>(expr: &'e Expr, out: &mut Vec<(&'e Predicate, Span)>) {
    match expr {
        Expr::And(members) | Expr::Or(members) => members.iter().for_each(|member| tests(member, out)),
        Expr::Not(inner) => tests(inner, out),
        Expr::Test(test) => out.push((&test.predicate, test.span)),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
