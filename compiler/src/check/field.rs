//! Names of fields.
//!
//! A name is looked up with its argument as one text, `name[arg]`. The first class that has any field whose
//! name begins the text decides; of its fields the longest one counts, and what is left of the text must be
//! exactly an argument that this field takes.

use super::ErrorKind;
use super::constant::{parse_signed, parse_unsigned};
use crate::value::{Arg, FieldRef};
use peregrine_schema::{ArgKind, Class, EVENTS, FIELDS, Field, FieldFlags, FieldId, Param, Type};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// A field found by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The field and its argument.
    pub field: FieldRef,
    /// Type of its values; for `evt.rawarg.NAME`, that of the first parameter of this name.
    pub ty: Type,
}

/// Why a text is no field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Kind.
    pub kind: ErrorKind,
    /// Message.
    pub message: String,
}

/// Finds the field that `text`, a name with or without `[argument]`, stands for.
pub fn resolve(text: &str) -> Result<Resolved, FieldError> {
    let unknown = || FieldError {
        kind: ErrorKind::UnknownField,
        message: format!("filter_check called with nonexistent field {text}"),
    };
    let field = longest_prefix(text).ok_or_else(unknown)?;
    let rest = &text[field.name.len()..];
    match argument(field, text, rest)? {
        Some((arg, ty)) => Ok(Resolved { field: FieldRef::new(field.id, arg), ty }),
        None => Err(unknown()),
    }
}

/// Fields by the part of their names before the first dot, in the order of the table. Every name has a dot, so a
/// name that begins a text has that part in common with it.
static FAMILIES: LazyLock<FxHashMap<&'static str, Vec<&'static Field>>> = LazyLock::new(|| {
    let mut families: FxHashMap<&str, Vec<&Field>> = FxHashMap::default();
    for field in &FIELDS {
        families.entry(family(field.name)).or_default().push(field);
    }
    families
});

fn family(name: &str) -> &str {
    name.split_once('.').map_or(name, |(family, _)| family)
}

fn longest_prefix(text: &str) -> Option<&'static Field> {
    let mut longest: Option<&Field> = None;
    // The first one decides the class; of equally long names, the last one counts.
    for field in FAMILIES.get(family(text))?.iter().filter(|f| text.starts_with(f.name)) {
        let class = longest.is_none_or(|known| known.class == field.class);
        if class && longest.is_none_or(|known| field.name.len() >= known.name.len()) {
            longest = Some(field);
        }
    }
    longest
}

/// Whether a text could be a field's name, with or without argument: most texts cannot.
pub(super) fn may_be_field(text: &str) -> bool {
    FAMILIES.contains_key(family(text))
}

fn other(message: String) -> FieldError {
    FieldError { kind: ErrorKind::Other, message }
}

type Argument = Result<Option<(Arg, Type)>, FieldError>;

/// The argument that `rest`, what follows the field's name in `text`, gives; `None` if it is not (exactly) one.
fn argument(field: &Field, text: &str, rest: &str) -> Argument {
    if field.class == Class::Container {
        return plugin_argument(field, text, rest);
    }
    let arg = match field.id {
        FieldId::EvtArg | FieldId::EvtRawarg | FieldId::EvtAround => return parameter_argument(field, text, rest),
        FieldId::EvtTypeIs => {
            let name = rest.strip_prefix('.').ok_or_else(|| other(format!("filter syntax error: {text}")))?;
            EVENTS.iter().any(|e| e.name == name).then(|| Arg::Key(name.into()))
        }
        FieldId::EvtAbspath => match rest {
            "" => Some(Arg::None),
            ".src" => Some(Arg::Key("src".into())),
            ".dst" => Some(Arg::Key("dst".into())),
            _ => None,
        },
        FieldId::ThreadCgroup => {
            let name = rest.strip_prefix('.').ok_or_else(|| other(format!("filter syntax error: {text}")))?;
            name.chars().all(|c| c.is_ascii_alphabetic() || c == '_').then(|| Arg::Key(name.into()))
        }
        FieldId::FdTypes => match brackets(rest) {
            None => rest.is_empty().then_some(Arg::None),
            Some((arg, after)) => {
                let index = parse_signed(arg).ok_or_else(|| not_a_number(arg))?;
                after.is_empty().then(|| index_arg(index))
            }
        },
        FieldId::ProcEnv | FieldId::ProcAenv => environment_argument(rest),
        _ if field.arg == ArgKind::Optional => ancestor_argument(rest),
        _ => rest.is_empty().then_some(Arg::None),
    };
    Ok(arg.map(|arg| (arg, field.ty)))
}

fn not_a_number(text: &str) -> FieldError {
    other(format!("{text} is not a valid number"))
}

/// `[arg]` at the start of `rest`: the argument up to the first closing bracket, and what follows that.
fn brackets(rest: &str) -> Option<(&str, &str)> {
    rest.strip_prefix('[')?.split_once(']')
}

/// An index that was written as a number: -1 is what fields without argument have inside, other negative ones
/// stay what no index ever is.
fn index_arg(index: i64) -> Arg {
    if index == -1 { Arg::None } else { Arg::Index(index as u64) }
}

/// `[N]` or nothing.
fn ancestor_argument(rest: &str) -> Option<Arg> {
    let Some((arg, after)) = brackets(rest) else { return rest.is_empty().then_some(Arg::None) };
    let index = i64::from(parse_signed(arg)? as i32);
    // Going back fewer than no generations ends at the process itself.
    let arg = if index < -1 { Arg::Index(0) } else { index_arg(index) };
    after.is_empty().then_some(arg)
}

/// `[N]`, `[NAME]` or nothing; `[""]` is the same as nothing.
fn environment_argument(rest: &str) -> Option<Arg> {
    let Some((arg, after)) = brackets(rest) else { return rest.is_empty().then_some(Arg::None) };
    let arg = match arg {
        "" => Arg::None,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => index_arg(i64::from(parse_signed(digits)? as i32)),
        name => Arg::Key(name.into()),
    };
    after.is_empty().then_some(arg)
}

/// `evt.arg.NAME`, `evt.arg[N]`, `evt.rawarg.NAME`, `evt.around[TIME]`.
fn parameter_argument(field: &Field, text: &str, rest: &str) -> Argument {
    let around = field.id == FieldId::EvtAround;
    if let Some(inner) = rest.strip_prefix('[') {
        if field.id == FieldId::EvtRawarg {
            return Err(other("evt.arg fields must be expressed explicitly".into()));
        }
        let (arg, after) = brackets(rest).unwrap_or((inner, "]"));
        let index = if around { parse_unsigned(arg) } else { parse_signed(arg).map(|n| i64::from(n as i32) as u64) };
        let index = index.ok_or_else(|| not_a_number(arg))?;
        return Ok(after.is_empty().then_some((Arg::Index(index), field.ty)));
    }
    let Some(name) = rest.strip_prefix('.') else {
        return Err(other(format!("filter syntax error: {text}")));
    };
    if around {
        return Err(other("wrong syntax for evt.around".into()));
    }
    let Some(param) = longest_parameter(name) else {
        return Err(other(format!("unknown event argument {name}")));
    };
    let ty = if field.id == FieldId::EvtRawarg { param.ty } else { field.ty };
    Ok((param.name == name).then(|| (Arg::Key(name.into()), ty)))
}

/// The parameter whose name is the longest beginning of `name`; of parameters of the same name, the one of the
/// event with the lowest code.
fn longest_parameter(name: &str) -> Option<&'static Param> {
    let mut best: Option<&Param> = None;
    for param in EVENTS.iter().flat_map(|e| e.params) {
        let longer = best.is_none_or(|b| param.name.len() > b.name.len());
        if longer && !param.name.is_empty() && name.starts_with(param.name) {
            best = Some(param);
        }
    }
    best
}

/// Arguments of the container plugin's fields.
fn plugin_argument(field: &Field, text: &str, rest: &str) -> Argument {
    let dotted = rest.strip_prefix('.').filter(|_| field.flags.has(FieldFlags::DOTTED_ARG));
    if let Some(key) = dotted.filter(|key| !key.is_empty() && !key.contains('[')) {
        return Ok(Some((Arg::Key(key.into()), field.ty)));
    }
    let Some((arg, after)) = brackets(rest) else {
        if field.arg == ArgKind::Required {
            let message = format!("filter '{text}': {} requires an argument but none provided", field.name);
            return Err(other(message));
        }
        return Ok(rest.is_empty().then_some((Arg::None, field.ty)));
    };
    if field.arg == ArgKind::None {
        let message = format!(
            "filter '{text}': {} does not allow nor require an argument but one is provided: {arg}",
            field.name
        );
        return Err(other(message));
    }
    if !after.is_empty() {
        return Ok(None);
    }
    let takes_index =
        matches!(field.arg_form, peregrine_schema::ArgForm::Index | peregrine_schema::ArgForm::IndexOrKey);
    let index = if takes_index { plugin_index(arg) } else { None };
    Ok(Some((index.map_or_else(|| Arg::Key(arg.into()), Arg::Index), field.ty)))
}

/// Digits only, without leading zero.
fn plugin_index(arg: &str) -> Option<u64> {
    let digits = !arg.is_empty() && arg.bytes().all(|b| b.is_ascii_digit());
    if digits && (arg.len() == 1 || !arg.starts_with('0')) { arg.parse().ok() } else { None }
}
