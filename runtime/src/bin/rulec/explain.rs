//! `rulec explain`.

use super::files::{World, load, refused};
use super::{explain_kernel, sharing};
use anyhow::{Result, bail};
use clap::ValueEnum;
use peregrine_compiler::backend::codegen;
use peregrine_compiler::backend::plan::Plan;
use peregrine_compiler::hir::{EventSet, Expr, Predicate, Rule, RuleSet};
use peregrine_compiler::ir::cost::{Costs, lifetime};
use peregrine_compiler::ir::text::Text;
use peregrine_compiler::ir::verify::predicate_slots;
use peregrine_compiler::ir::{Group, PredicateId, Program};
use peregrine_compiler::load::{Definition, Loaded};
use peregrine_compiler::print::With;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the rule; with --kernel, further rule files
    #[arg(value_name = "RULE", required_unless_present = "kernel")]
    names: Vec<String>,
    /// Rule files, or directories with .yml and .yaml files
    #[arg(short = 'r', long = "rules", required_unless_present = "kernel", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which events the kernel would keep back, and what of the rules it answers
    #[arg(long, conflicts_with = "stage")]
    kernel: bool,
    /// With --kernel: an event type, explained predicate by predicate
    #[arg(long, requires = "kernel", value_name = "TYPE")]
    event: Option<String>,
    /// With --event: the programs that `peregrine run` would load for it, too, instruction by instruction; no rights
    /// are needed, nothing is loaded
    #[arg(long, requires = "event")]
    listing: bool,
    /// With --listing: types of another kernel than the running one, a copy of its /sys/kernel/btf/vmlinux
    #[arg(long, requires = "listing", value_name = "FILE")]
    btf: Option<PathBuf>,
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
    /// The typed condition as a tree, with the fields that it asks for
    Hir,
    /// The program it would be on its own
    Ir,
    /// The code of that program, as given to the code generator
    Clif,
    /// The code of that program, for this machine
    Asm,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    if args.kernel {
        let files: Vec<PathBuf> = args.files.iter().cloned().chain(args.names.iter().map(PathBuf::from)).collect();
        if files.is_empty() {
            bail!("no rule files are given");
        }
        let kernel = if args.listing { Some(explain_kernel::types(args.btf.as_deref())?) } else { None };
        return explain_kernel::run(&args.world, &files, args.event.as_deref(), kernel.as_ref(), out);
    }
    let [name] = &args.names[..] else { bail!("one rule at a time; quote its name") };
    let loaded = load(&args.world, &args.files)?;
    if refused(&loaded) {
        return Ok(ExitCode::from(1));
    }
    let Some(index) = loaded.rules.rules.iter().position(|rule| rule.name == *name) else {
        bail!("no rule is called '{name}'{}", close_to(name, &loaded));
    };
    // A disabled rule has no program; what it would be is still worth seeing.
    let rule = Rule { enabled: true, ..loaded.rules.rules[index].clone() };
    let alone = RuleSet { fields: loaded.rules.fields.clone(), rules: vec![rule] };
    match args.stage {
        Stage::Rule => explain(&loaded, index, out)?,
        Stage::Hir => write_tree(&alone, out)?,
        Stage::Ir => write!(out, "{}", Text(&Program::new(&alone), &alone))?,
        Stage::Clif | Stage::Asm => write_code(&alone, args.stage, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The condition of the only rule as a tree, and its fields by slot.
fn write_tree(alone: &RuleSet, out: &mut impl Write) -> Result<()> {
    let condition = &alone.rules[0].condition;
    write_node(alone, condition, 0, out)?;
    let mut slots = Vec::new();
    sharing::tests(condition).iter().for_each(|(predicate, _)| predicate_slots(predicate, &mut slots));
    slots.sort_unstable();
    slots.dedup();
    writeln!(out, "\nfields:")?;
    for slot in slots {
        let field = &alone.fields[slot as usize];
        writeln!(out, "  s{slot}: {field}  {}", field.id.row().ty.name())?;
    }
    Ok(())
}

fn write_node(rules: &RuleSet, expr: &Expr, depth: usize, out: &mut impl Write) -> Result<()> {
    write!(out, "{:1$}", "", 2 * depth)?;
    let (word, members) = match expr {
        Expr::And(members) => ("and", &members[..]),
        Expr::Or(members) => ("or", &members[..]),
        Expr::Not(inner) => ("not", std::slice::from_ref(&**inner)),
        Expr::Test(test) => {
            let mut slots = Vec::new();
            predicate_slots(&test.predicate, &mut slots);
            let slots: Vec<String> = slots.iter().map(|slot| format!("s{slot}")).collect();
            writeln!(out, "{}  [{}]", With(&rules.fields, &test.predicate), slots.join(" "))?;
            return Ok(());
        }
    };
    writeln!(out, "{word}")?;
    members.iter().try_for_each(|member| write_node(rules, member, depth + 1, out))
}

/// The code of each function under the function's first line in the text form.
fn write_code(alone: &RuleSet, stage: Stage, out: &mut impl Write) -> Result<()> {
    let program = Program::new(alone);
    let plan = Plan::new(alone, &program);
    let target = codegen::target(codegen::Processor::Native, codegen::Effort::Quick)?;
    for (index, function) in program.functions.iter().enumerate() {
        let text = function.to_string();
        writeln!(out, "; f{index}, {}", text.lines().next().unwrap_or_default().trim_end_matches(':'))?;
        let code = match stage {
            Stage::Clif => codegen::clif(&target, &plan, &program, index).unwrap_or_default(),
            _ => codegen::assembly(&target, &plan, &program, index)?,
        };
        writeln!(out, "{}\n", code.trim_end())?;
    }
    Ok(())
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

/// The comparisons of the rule as written, each with the number of enabled rules that share it, and how it is answered
/// in the whole rule set.
fn write_predicates(loaded: &Loaded, rule: &Rule, out: &mut impl Write) -> Result<()> {
    let rules = &loaded.rules;
    let shared = sharing::uses(rules);
    let program = Program::new(rules);
    let mut told = BTreeSet::new();
    writeln!(out, "\npredicates (rules that share each, how long its answer lives, what it costs by estimate):")?;
    for (predicate, span) in sharing::tests(&rule.condition) {
        let text = With(&rules.fields, predicate).to_string();
        if told.insert(text.clone()) {
            let count = shared.get(predicate).copied().unwrap_or_default();
            let estimate = Costs::new(rules, std::slice::from_ref(predicate), None).predicate(PredicateId(0));
            writeln!(out, "  {count:>4}  {text}  ({})", loaded.sources.describe(span))?;
            write!(out, "        {}, {:.0} ns", lifetime(rules, predicate).name(), estimate.cost)?;
            if let Some((group, others)) = group_of(&program, predicate) {
                let field = &rules.fields[group.slot as usize];
                write!(out, ", answered with {others} others by one look at {field} ({})", group.kind.name())?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// The group of a predicate, with the number of its other members.
fn group_of<'p>(program: &'p Program, predicate: &Predicate) -> Option<(&'p Group, usize)> {
    let id = PredicateId(program.predicates.iter().position(|p| p == predicate)? as u32);
    let group = program.groups.iter().find(|group| group.members.contains(&id))?;
    Some((group, group.members.len() - 1))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
