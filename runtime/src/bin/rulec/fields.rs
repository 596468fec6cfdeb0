//! `rulec fields`.

use anyhow::Result;
use clap::ValueEnum;
use peregrine_schema::{ArgKind, Class, FIELDS, Field, FieldFlags};
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

/// Arguments of `fields`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Names only
    #[arg(short = 'N', long)]
    names: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// A table per class
    Markdown,
    /// The fields of each class
    Json,
}

pub(super) fn run(args: &Args, out: &mut impl Write) -> Result<ExitCode> {
    match (args.names, args.format) {
        (true, Format::Json) => {
            let names: Vec<&str> = shown().filter(not_deprecated).map(|field| field.name).collect();
            super::write_json(out, &json!({ "fieldnames": names }))?;
        }
        (true, _) => {
            for field in shown().filter(not_deprecated) {
                writeln!(out, "{}", field.name)?;
            }
        }
        (false, Format::Text) => classes(|class, fields| write_text(class, fields, out))?,
        (false, Format::Markdown) => classes(|class, fields| write_markdown(class, fields, out))?,
        (false, Format::Json) => {
            let mut all = Vec::new();
            classes(|class, fields| {
                all.push(class_json(class, fields));
                Ok(())
            })?;
            super::write_json(out, &json!({ "fieldclasses": all }))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown() -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(|field| !field.flags.has(FieldFlags::HIDDEN))
}

fn not_deprecated(field: &&Field) -> bool {
    !field.flags.has(FieldFlags::DEPRECATED)
}

/// Calls `each` with every class and its fields, in the order of the table.
fn classes(mut each: impl FnMut(Class, &[&'static Field]) -> Result<()>) -> Result<()> {
    let fields: Vec<&'static Field> = shown().collect();
    fields.chunk_by(|a, b| a.class == b.class).try_for_each(|chunk| each(chunk[0].class, chunk))
}

/// Name and purpose of a class.
fn describe(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::EvtGeneric => ("evt", "any event"),
        Class::Evt => ("evt", "events of system calls and of the system"),
        Class::Process => ("process", "the process and thread that caused the event"),
        Class::User => ("user", "the user of the process"),
        Class::Group => ("group", "the group of the process"),
        Class::Fd => ("fd", "the file descriptor the event works on"),
        Class::FsPath => ("fs.path", "paths among the arguments of the event"),
        Class::Util => ("util", "helpers"),
        Class::FdList => ("fdlist", "the descriptors of poll events"),
        Class::Container => ("container", "container and pod of the process"),
    }
}

fn properties(field: &Field) -> Vec<&'static str> {
    let mut words = Vec::new();
    match field.arg {
        ArgKind::None => {}
        ArgKind::Optional => words.push("argument optional"),
        ArgKind::Required => words.push("argument required"),
    }
    let flags = [
        (FieldFlags::LIST, "list"),
        (FieldFlags::FILTER_ONLY, "conditions only"),
        (FieldFlags::PRINT_ONLY, "outputs only"),
        (FieldFlags::NO_RHS, "not comparable with fields"),
        (FieldFlags::NO_TRANSFORMER, "no transformers"),
        (FieldFlags::DEPRECATED, "deprecated"),
    ];
    words.extend(flags.iter().filter(|(flag, _)| field.flags.has(*flag)).map(|(_, word)| *word));
    words
}

fn type_name(field: &Field) -> String {
    format!("{:?}", field.ty).to_uppercase()
}

fn write_text(class: Class, fields: &[&'static Field], out: &mut impl Write) -> Result<()> {
    let (name, purpose) = describe(class);
    writeln!(out, "{name}: {purpose}\n")?;
    for field in fields {
        let mut facts = vec![type_name(field)];
        facts.extend(properties(field).into_iter().map(str::to_owned));
        writeln!(out, "{}  ({})\n    {}\n", field.name, facts.join(", "), field.doc)?;
    }
    Ok(())
}

fn write_markdown(class: Class, fields: &[&'static Field], out: &mut impl Write) -> Result<()> {
    let (name, purpose) = describe(class);
    writeln!(out, "## {name}: {purpose}\n\n| field | type | properties | meaning |\n|---|---|---|---|")?;
    for field in fields {
        let doc = field.doc.replace('|', "\\|");
        let words = properties(field).join(", ");
        writeln!(out, "| `{}` | {} | {words} | {doc} |", field.name, type_name(field))?;
    }
    writeln!(out)?;
    Ok(())
}

fn class_json(class: Class, fields: &[&'static Field]) -> Value {
    let (name, purpose) = describe(class);
    let fields: Vec<Value> = fields
        .iter()
        .map(|field| {
            json!({
                "name": field.name,
                "type": type_name(field),
                "properties": properties(field),
                "desc": field.doc,
            })
        })
        .collect();
    json!({ "name": name, "shortdesc": purpose, "fields": fields })
}
