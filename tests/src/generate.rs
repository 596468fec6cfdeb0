//! Random conditions, events and captures, from the bytes that `arbitrary` hands out.
//!
//! One description for `cargo test` (arbtest) and for the fuzz targets. Conditions are drawn from the schema: a
//! field, an operator its type admits, constants of that type; a new field or operator is drawn without a change
//! here. Values are drawn from few, short ones, so that comparisons hold often enough, and a field has none every
//! fourth time.
//!
//! What must hold: every condition compiles (`fuzzing` fails otherwise), and a table holds only what an event of
//! its type can have.

use crate::conditions::{Owned, Table, is_signed, known_by_type};
use crate::scap;
use arbitrary::{Result, Unstructured};
use peregrine_schema as schema;
use schema::ops::{Form, MODIFIERS, OPERATORS, Operator, TypeGroup};
use schema::{ArgForm, ArgKind, Event, EventFlags, FIELDS, Field, FieldFlags, FieldId, Needs, Type};
use std::collections::BTreeSet;

/// Nesting of generated conditions.
const DEPTH: u32 = 4;

/// Texts that values and constants are made of.
const TEXTS: [&str; 12] = [
    "",
    "a",
    "b",
    "ab",
    "aab",
    "/",
    "/a",
    "/a/b",
    "/a/b/ab",
    "/b/a*",
    "YQ==",
    "a long text of more than thirty-two bytes",
];
/// Patterns of `glob` and `iglob`.
const GLOBS: [&str; 8] = ["*", "a*", "*b", "/a/*", "?", "[ab]*", "[!a]", "/*/b"];
/// Patterns of `regex`.
const REGEXES: [&str; 6] = ["a", "a.*", ".*b", "[ab]+", "(a|b)+b", "/a(/.*)?"];
/// Hex constants of `bcontains` and `bstartswith`.
const HEXES: [&str; 3] = ["61", "6162", "00"];
/// Numbers; those of other types are cut to their width by the compiler.
const NUMBERS: [i64; 8] = [0, 1, 2, 3, 80, 127, 443, 1000];
/// Addresses.
const ADDRESSES: [&str; 4] = ["10.0.0.1", "10.0.0.2", "192.168.1.1", "2001:db8::1"];
/// Networks.
const NETWORKS: [&str; 5] = ["10.0.0.0/8", "10.0.0.2/32", "0.0.0.0/0", "192.168.0.0/16", "2001:db8::/32"];
/// Event types of generated events and of comparisons with `evt.type`.
const EVENT_TYPES: [&str; 8] = ["openat", "open", "read", "close", "execve", "connect", "clone", "setuid"];
/// Option strings of `getopt`.
const OPTIONS: [&str; 5] = ["", "a", "ab:", "ab:c", "a:b"];
/// Words of the lists that `getopt` and `join` take, besides [`TEXTS`].
const WORDS: [&str; 6] = ["-a", "-b", "-bval", "-ab", "--", "file"];

/// Whether generated conditions use the field.
fn usable(field: &Field) -> bool {
    let out = FieldFlags::PRINT_ONLY.or(FieldFlags::DEPRECATED).or(FieldFlags::HIDDEN);
    // Their type or argument depends on the event, or their constants are names of another table.
    let special = matches!(
        field.id,
        FieldId::EvtArg
            | FieldId::EvtRawarg
            | FieldId::EvtAround
            | FieldId::EvtAbspath
            | FieldId::EvtTypeIs
            | FieldId::EvtType
            | FieldId::SyscallType
    );
    !field.flags.any(out) && !special && field.ty.group() != TypeGroup::Other
}

/// A condition's text.
pub fn condition(u: &mut Unstructured<'_>) -> Result<String> {
    expression(u, DEPTH, comparison)
}

/// A condition about few fields, so that its parts often contradict or follow from each other.
pub fn entangled_condition(u: &mut Unstructured<'_>) -> Result<String> {
    expression(u, DEPTH - 1, entangled_comparison)
}

/// Fields of [`entangled_condition`]: of each kind of value, with one and with several values.
const ENTANGLED: [&str; 7] = ["proc.name", "fd.name", "proc.pid", "fd.port", "fd.ip", "fd.types", "proc.aname"];

fn entangled_comparison(u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(1, 5)? {
        return event_type(u);
    }
    // The first ones, which have one value, are the ones of which most can be said.
    let count = if u.arbitrary()? { 2 } else { ENTANGLED.len() };
    let name = *u.choose(&ENTANGLED[..count])?;
    let field = FIELDS.iter().find(|field| field.name == name).expect("a field");
    test(u, name, field.ty, field.flags.has(FieldFlags::LIST))
}

type Comparison = fn(&mut Unstructured<'_>) -> Result<String>;

fn expression(u: &mut Unstructured<'_>, depth: u32, comparison: Comparison) -> Result<String> {
    if depth == 0 || u.ratio(2, 5)? {
        return comparison(u);
    }
    Ok(match u.int_in_range(0..=4)? {
        0 => format!("not ({})", expression(u, depth - 1, comparison)?),
        n => {
            let word = if n <= 2 { " and " } else { " or " };
            let count = u.int_in_range(2..=3)?;
            let parts: Result<Vec<String>> = (0..count).map(|_| expression(u, depth - 1, comparison)).collect();
            // A term in parentheses at the end would end the condition, so each is closed.
            format!("({})", parts?.join(word))
        }
    })
}

fn comparison(u: &mut Unstructured<'_>) -> Result<String> {
    match u.int_in_range(0..=12)? {
        0 | 1 => return event_type(u),
        2 => return parameter_test(u),
        12 => return record_test(u),
        3 => return transformer_of_several(u),
        _ => {}
    }
    let field = choose_field(u, &usable)?;
    let name = written(u, field)?;
    let text = matches!(field.ty, Type::Charbuf | Type::Fspath | Type::Fsrelpath);
    let list = field.flags.has(FieldFlags::LIST);
    if text && !list && !field.flags.has(FieldFlags::NO_TRANSFORMER) && u.ratio(1, 6)? {
        let transformer = *u.choose(&["tolower", "toupper", "basename", "b64", "len"])?;
        let ty = if transformer == "len" { Type::Uint64 } else { Type::Charbuf };
        return test(u, &format!("{transformer}({name})"), ty, false);
    }
    if text && !list && !field.flags.has(FieldFlags::NO_RHS) && u.ratio(1, 8)? {
        let same = |f: &Field| usable(f) && f.ty == field.ty && !f.flags.any(FieldFlags::NO_RHS.or(FieldFlags::LIST));
        let other = choose_field(u, &same)?;
        let operator = *u.choose(&["=", "!=", "contains", "startswith", "endswith"])?;
        return Ok(format!("{name} {operator} val({})", written(u, other)?));
    }
    test(u, &name, field.ty, list)
}

/// A test of a field that one number of the record gives.
fn record_test(u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(1, 4)? {
        return Ok(format!("evt.res {} {}", u.choose(&["=", "!="])?, u.choose(&["SUCCESS", "EIO"])?));
    }
    let name = *u.choose(&["evt.rawres", "evt.failed", "evt.is_open_read", "evt.is_open_write"])?;
    let ty = FIELDS.iter().find(|field| field.name == name).map_or(Type::Bool, |field| field.ty);
    test(u, name, ty, false)
}

fn event_type(u: &mut Unstructured<'_>) -> Result<String> {
    let (a, b) = (*u.choose(&EVENT_TYPES)?, *u.choose(&EVENT_TYPES)?);
    Ok(match u.int_in_range(0..=2)? {
        0 => format!("evt.type = {a}"),
        1 => format!("evt.type != {a}"),
        _ => format!("evt.type in ({a}, {b})"),
    })
}

/// A test of `evt.arg` or `evt.rawarg`.
fn parameter_test(u: &mut Unstructured<'_>) -> Result<String> {
    let (name, ty) = *u.choose(&parameters())?;
    if u.arbitrary()? {
        return test(u, &format!("evt.rawarg.{name}"), ty, false);
    }
    let index = if u.ratio(1, 4)? { Some(u.int_in_range(0..=3)?) } else { None };
    let written = index.map_or_else(|| format!("evt.arg.{name}"), |index: usize| format!("evt.arg[{index}]"));
    test(u, &written, Type::Charbuf, false)
}

/// Names of parameters of the [`EVENT_TYPES`], and the type that `evt.rawarg` has for each: that of the first
/// event with such a parameter. Those of types without comparisons are left out.
fn parameters() -> Vec<(&'static str, Type)> {
    let of_types = schema::EVENTS.iter().filter(|e| EVENT_TYPES.contains(&e.name) && is_current(e));
    let names: BTreeSet<&'static str> = of_types.flat_map(|e| e.params.iter().map(|p| p.name)).collect();
    let first = |name| schema::EVENTS.iter().flat_map(|e| e.params.iter()).find(|p| p.name == name).map(|p| p.ty);
    let typed = names.into_iter().filter_map(|name| Some((name, first(name)?)));
    typed.filter(|(_, ty)| comparable(*ty)).collect()
}

/// Whether parameters of the type have values to compare. Of users and groups `evt.rawarg` takes fewer operators
/// than the type admits.
fn comparable(ty: Type) -> bool {
    !matches!(ty.group(), TypeGroup::Other) && !matches!(ty, Type::Bytebuf | Type::Uid | Type::Gid)
}

/// A test of `join`, `concat` or `getopt`.
fn transformer_of_several(u: &mut Unstructured<'_>) -> Result<String> {
    let words = |u: &mut Unstructured<'_>| -> Result<String> {
        let count = u.int_in_range(0..=4)?;
        Ok((0..count).map(|_| word(u)).collect::<Result<Vec<_>>>()?.join(", "))
    };
    match u.int_in_range(0..=3)? {
        0 => {
            let (separator, list) = (word(u)?, words(u)?);
            test(u, &format!("join({separator}, ({list}))"), Type::Charbuf, false)
        }
        1 => {
            let (first, second) = (word(u)?, word(u)?);
            test(u, &format!("concat({first}, {second})"), Type::Charbuf, false)
        }
        2 => {
            let (list, options) = (words(u)?, u.choose(&OPTIONS)?);
            test(u, &format!("getopt(({list}), \"{options}\")"), Type::Charbuf, true)
        }
        _ => {
            let (list, options, option) = (words(u)?, u.choose(&OPTIONS)?, u.choose(&["a", "b"])?);
            test(u, &format!("getopt(({list}), \"{options}\")[{option}]"), Type::Charbuf, false)
        }
    }
}

/// A text as an argument of a transformer: a field, one transformed, or a constant.
fn word(u: &mut Unstructured<'_>) -> Result<String> {
    let out = FieldFlags::LIST.or(FieldFlags::NO_TRANSFORMER);
    let text = |f: &Field| usable(f) && f.ty == Type::Charbuf && !f.flags.any(out);
    Ok(match u.int_in_range(0..=5)? {
        0 | 1 => {
            let field = choose_field(u, &text)?;
            written(u, field)?
        }
        2 => {
            let field = choose_field(u, &text)?;
            format!("toupper({})", written(u, field)?)
        }
        3 => format!("\"{}\"", u.choose(&TEXTS)?),
        _ => format!("\"{}\"", u.choose(&WORDS)?),
    })
}

/// An operator that fits the type, and a right side.
fn test(u: &mut Unstructured<'_>, left: &str, ty: Type, list: bool) -> Result<String> {
    let fitting: Vec<&Operator> = OPERATORS.iter().filter(|o| o.admits(ty, list)).collect();
    let operator = *u.choose(&fitting)?;
    let token = operator.token;
    match operator.form {
        Form::Unary => Ok(format!("{left} {token}")),
        // Only numbers may follow, on text too.
        Form::Number => Ok(format!("{left} {token} {}", u.choose(&NUMBERS)?)),
        Form::Scalar if operator.modifiers && modifiable(ty) && u.ratio(1, 5)? => {
            let modifier = u.choose(MODIFIERS)?.token;
            Ok(format!("{left} {token} {modifier} ({})", constants(u, ty, token)?))
        }
        Form::Scalar => Ok(format!("{left} {token} {}", constant(u, ty, token)?)),
        Form::List => Ok(format!("{left} {token} ({})", constants(u, ty, token)?)),
    }
}

/// Types on which the modifiers are drawn.
fn modifiable(ty: Type) -> bool {
    matches!(ty.group(), TypeGroup::Text | TypeGroup::Address)
}

fn constants(u: &mut Unstructured<'_>, ty: Type, operator: &str) -> Result<String> {
    let count = u.int_in_range(0..=3)?;
    let list: Result<Vec<String>> = (0..count).map(|_| constant(u, ty, operator)).collect();
    Ok(list?.join(", "))
}

/// A constant as the operator takes it, quoted where it needs to be.
fn constant(u: &mut Unstructured<'_>, ty: Type, operator: &str) -> Result<String> {
    match operator {
        "glob" | "iglob" => return Ok(format!("\"{}\"", u.choose(&GLOBS)?)),
        "regex" => return Ok(format!("'{}'", u.choose(&REGEXES)?)),
        "bcontains" | "bstartswith" => return Ok((*u.choose(&HEXES)?).to_owned()),
        _ => {}
    }
    Ok(match ty.group() {
        TypeGroup::Bool => (if u.arbitrary()? { "true" } else { "false" }).to_owned(),
        TypeGroup::Text | TypeGroup::Buffer | TypeGroup::Other => format!("\"{}\"", u.choose(&TEXTS)?),
        TypeGroup::Address if matches!(ty, Type::Ipnet | Type::Ipv4net | Type::Ipv6net) => {
            (*u.choose(&NETWORKS)?).to_owned()
        }
        TypeGroup::Address => (*u.choose(&ADDRESSES)?).to_owned(),
        TypeGroup::Number | TypeGroup::Id => u.choose(&NUMBERS)?.to_string(),
    })
}

fn choose_field(u: &mut Unstructured<'_>, fits: &dyn Fn(&Field) -> bool) -> Result<&'static Field> {
    let fitting: Vec<&'static Field> = FIELDS.iter().filter(|f| fits(f)).collect();
    Ok(*u.choose(&fitting)?)
}

/// A field with an argument, if it takes one.
fn written(u: &mut Unstructured<'_>, field: &Field) -> Result<String> {
    Ok(match argument(u, field)? {
        Some(arg) if field.flags.has(FieldFlags::DOTTED_ARG) => format!("{}.{arg}", field.name),
        Some(arg) => format!("{}[{arg}]", field.name),
        None => field.name.to_owned(),
    })
}

fn argument(u: &mut Unstructured<'_>, field: &Field) -> Result<Option<String>> {
    let wanted = match field.arg {
        ArgKind::None => false,
        ArgKind::Optional => u.arbitrary()?,
        ArgKind::Required => true,
    };
    Ok(wanted.then_some(match field.arg_form {
        ArgForm::Key => "a".to_owned(),
        ArgForm::None | ArgForm::Index | ArgForm::IndexOrKey => "1".to_owned(),
    }))
}

/// Fields that [`near_comparison`] asks for: of the image and of the event, with one and with several values.
const NEAR_TEXTS: [&str; 7] =
    ["proc.name", "fd.name", "proc.cmdline", "evt.arg[1]", "proc.aname", "proc.aname[1]", "container.id"];
const NEAR_NUMBERS: [&str; 5] = ["proc.pid", "fd.num", "user.uid", "fd.port", "proc.apid"];

/// A comparison that differs from others of its kind only in its constant: what engines answer in groups.
pub fn near_comparison(u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(1, 6)? {
        let field = u.choose(&NEAR_NUMBERS)?;
        // Most numbers are those of events.
        let number = |u: &mut Unstructured<'_>| -> Result<i64> {
            if u.arbitrary()? { Ok(*u.choose(&NUMBERS)?) } else { u.int_in_range(0..=300) }
        };
        return Ok(if u.arbitrary()? {
            format!("{field} = {}", number(u)?)
        } else {
            format!("{field} in ({}, {}, {})", number(u)?, number(u)?, number(u)?)
        });
    }
    let field = u.choose(&NEAR_TEXTS)?;
    let operators = ["=", "in", "startswith", "endswith", "contains", "icontains", "pmatch", "glob", "iglob", "regex"];
    let operator = *u.choose(&operators)?;
    let quoted = |u: &mut Unstructured<'_>| Ok(format!("\"{}\"", piece(u)?));
    Ok(match operator {
        "in" | "pmatch" => {
            let count = u.int_in_range(1..=4)?;
            let list = (0..count).map(|_| quoted(u)).collect::<Result<Vec<_>>>()?;
            format!("{field} {operator} ({})", list.join(", "))
        }
        "glob" | "iglob" => {
            format!("{field} {operator} \"{}{}{}\"", piece(u)?, u.choose(&["*", "?", "[ab]", ""])?, piece(u)?)
        }
        "regex" => {
            let ends = ["", ".*", ".?", "[ab]+", "(/.*)?", "b|a"];
            // A dot is the only character of the vocabulary's that would mean something else: `*` is left out.
            let middle = piece(u)?.replace('*', "");
            format!("{field} regex '{}{middle}{}'", u.choose(&ends)?, u.choose(&["x?", ".*", ".?", "[ab]*", "(/.*)?"])?)
        }
        "icontains" => format!("{field} icontains \"{}\"", piece(u)?.to_uppercase()),
        _ => format!("{field} {operator} {}", quoted(u)?),
    })
}

/// Event types of [`kernel_condition`] and [`kernel_code`]: with all ways in which a plan looks at events.
const KERNEL_TYPES: [&str; 36] = [
    "open",
    "openat",
    "openat2",
    "creat",
    "open_by_handle_at",
    "read",
    "write",
    "close",
    "connect",
    "accept4",
    "socket",
    "bind",
    "sendto",
    "execve",
    "clone",
    "unlink",
    "unlinkat",
    "rename",
    "renameat2",
    "mkdir",
    "mkdirat",
    "symlink",
    "symlinkat",
    "link",
    "linkat",
    "chmod",
    "fchmodat",
    "fchmod",
    "mount",
    "ptrace",
    "bpf",
    "dup",
    "setuid",
    "procexit",
    "acct",
    "swapon",
];
/// Texts of paths, clean ones and others.
const PATHS: [&str; 24] = [
    "/", "/a", "/a/b", "/a/b/ab", "/a/bc", "/b/a", "/a//b", "/a/./b", "/a/b/", "/a/../b", "/a/.b", "a", "a/b", "./a/b",
    "../b", "b", ".", "..", "", "<NA>", "(NULL)", "//a", "/a/b/..", "/b/ab.c",
];
/// Descriptions of numbers as texts.
const RESULTS: [&str; 14] =
    ["SUCCESS", "ENOENT", "EPERM", "EINPROGRESS", "E", "ENO", "AT_FDCWD", "0", "3", "-1", "-2", "-100", "-4000", "S"];

/// A condition of which a kernel plan can tell something.
pub fn kernel_condition(u: &mut Unstructured<'_>) -> Result<String> {
    let condition = expression(u, DEPTH - 1, kernel_comparison)?;
    // As rules are: of some types.
    let count = u.int_in_range(1..=4)?;
    let types = (0..count).map(|_| u.choose(&KERNEL_TYPES).copied()).collect::<Result<Vec<_>>>()?;
    Ok(if u.ratio(4, 5)? { format!("(evt.type in ({}) and {condition})", types.join(", ")) } else { condition })
}

/// The code of an event for [`kernel_condition`].
pub fn kernel_code(u: &mut Unstructured<'_>) -> Result<u16> {
    let named = |name: &&str| schema::EVENTS.iter().find(|e| e.name == *name && is_current(e));
    let name = *u.choose(&KERNEL_TYPES)?;
    Ok(named(&name).map_or(schema::events::code::GENERIC_X, |event| event.code))
}

fn kernel_comparison(u: &mut Unstructured<'_>) -> Result<String> {
    let quoted = |text: &str| format!("\"{text}\"");
    match u.int_in_range(0..=15)? {
        0..=5 => kernel_text(u),
        6 => {
            let field = *u.choose(&[
                "evt.is_open_read",
                "evt.is_open_write",
                "evt.is_open_exec",
                "evt.is_open_create",
                "evt.failed",
            ])?;
            test(u, field, Type::Bool, false)
        }
        7 => {
            let field = *u.choose(&["evt.res", "evt.arg.res", "evt.arg.fd", "evt.arg[0]"])?;
            let operator = *u.choose(&["=", "!=", "contains", "startswith", "endswith", "in", "glob"])?;
            let (a, b) = (quoted(u.choose(&RESULTS)?), quoted(u.choose(&RESULTS)?));
            Ok(if operator == "in" { format!("{field} in ({a}, {b})") } else { format!("{field} {operator} {a}") })
        }
        8 => kernel_number(u),
        9 => {
            let field = *u.choose(&["fd.type", "fd.typechar", "fd.sockfamily", "fd.l4proto"])?;
            let texts =
                ["f", "d", "4", "6", "u", "p", "o", "file", "directory", "ipv4", "unix", "ip", "tcp", "udp", "<NA>"];
            let (operator, text) = (*u.choose(&["=", "!=", "contains", "startswith"])?, quoted(u.choose(&texts)?));
            Ok(format!("{field} {operator} {text}"))
        }
        10 | 11 => kernel_flags(u),
        12 => {
            let field = *u.choose(&[
                "fd.sip", "fd.cip", "fd.ip", "fd.rip", "fd.net", "fd.snet", "fd.port", "fd.sport", "fd.cport",
            ])?;
            let field = FIELDS.iter().find(|row| row.name == field).expect("a field");
            test(u, field.name, field.ty, false)
        }
        13 => {
            let name = *u.choose(&KERNEL_TYPES)?;
            Ok(format!("evt.type {} {name}", u.choose(&["=", "!="])?))
        }
        14 => near_comparison(u),
        _ => comparison(u),
    }
}

/// A test of a text that is a path.
fn kernel_text(u: &mut Unstructured<'_>) -> Result<String> {
    const FIELDS: [&str; 22] = [
        "fd.name",
        "fd.name",
        "fd.name",
        "fd.nameraw",
        "fd.directory",
        "fd.filename",
        "evt.arg.name",
        "evt.arg.path",
        "evt.arg.filename",
        "evt.arg.oldpath",
        "evt.arg.newpath",
        "evt.arg.target",
        "evt.arg[1]",
        "evt.arg[2]",
        "evt.rawarg.name",
        "fs.path.name",
        "fs.path.nameraw",
        "fs.path.source",
        "fs.path.target",
        "fs.path.targetraw",
        "fs.path.sourceraw",
        "evt.rawarg.path",
    ];
    let field = *u.choose(&FIELDS)?;
    let text = |u: &mut Unstructured<'_>| -> Result<String> {
        let text = *u.choose(&PATHS)?;
        let from = if u.ratio(1, 4)? { u.int_in_range(0..=text.len())? } else { 0 };
        let to = if u.ratio(1, 4)? { u.int_in_range(from..=text.len())? } else { text.len() };
        Ok(text[from..to].to_owned())
    };
    let one = |u: &mut Unstructured<'_>| Ok(format!("\"{}\"", text(u)?));
    let list = |u: &mut Unstructured<'_>| -> Result<String> {
        let count = u.int_in_range(1..=3)?;
        Ok((0..count).map(|_| one(u)).collect::<Result<Vec<_>>>()?.join(", "))
    };
    let scalar = ["=", "!=", "startswith", "endswith", "contains", "icontains", "glob", "iglob"];
    let operator = *u.choose(&scalar)?;
    Ok(match u.int_in_range(0..=9)? {
        0 => format!("{field} in ({})", list(u)?),
        1 => format!("{field} pmatch ({})", list(u)?),
        2 => format!("{field} pmatch (\"{}/*\", {})", text(u)?, one(u)?),
        3 => format!("{field} glob \"{}{}{}\"", text(u)?, u.choose(&["*", "?", "[ab]", "*/*", "*a*"])?, text(u)?),
        4 => format!("{field} regex '{}{}'", u.choose(&["/a", "/a/", "a", "(/a|/b)"])?, u.choose(&["", ".*", "/?.*"])?),
        5 => format!("{field} {operator} {} ({})", u.choose(&["anyof", "allof", "oneof"])?, list(u)?),
        _ => format!("{field} {operator} {}", one(u)?),
    })
}

fn kernel_number(u: &mut Unstructured<'_>) -> Result<String> {
    let signed = ["evt.rawres", "fd.num", "thread.tid", "proc.pid", "user.loginuid", "evt.rawarg.res", "evt.rawarg.fd"];
    let unsigned = ["user.uid", "group.gid", "evt.rawarg.flags", "evt.rawarg.mode"];
    let (field, ty) =
        if u.arbitrary()? { (*u.choose(&signed)?, Type::Int64) } else { (*u.choose(&unsigned)?, Type::Uint32) };
    if u.arbitrary()? {
        let least = if ty == Type::Int64 { -3 } else { 0 };
        let operator = *u.choose(&["=", "!=", "<", "<=", ">", ">="])?;
        return Ok(format!("{field} {operator} {}", u.int_in_range(least..=6)?));
    }
    test(u, field, ty, false)
}

/// A test of names of flags.
fn kernel_flags(u: &mut Unstructured<'_>) -> Result<String> {
    let tables = [
        ("flags", schema::flags::FILE_FLAGS),
        ("mode", schema::flags::CHMOD_MODE),
        ("request", schema::flags::PTRACE_REQUESTS),
        ("cmd", schema::flags::BPF_COMMANDS),
        ("domain", schema::flags::SOCKET_FAMILIES),
        ("flags", schema::flags::UNLINKAT_FLAGS),
    ];
    let (param, flags) = *u.choose(&tables)?;
    let (name, other) = (u.choose(flags)?.name, u.choose(flags)?.name);
    let from = if u.ratio(1, 3)? { u.int_in_range(0..=name.len())? } else { 0 };
    Ok(match u.int_in_range(0..=6)? {
        0 => format!("evt.arg.{param} = \"{name}|{other}\""),
        1 => format!("evt.arg.{param} = {name}"),
        2 => format!("evt.arg.{param} in ({name}, {other})"),
        3 => format!("evt.arg.{param} icontains \"{}\"", name[from..].to_lowercase()),
        4 => format!("evt.arg.{param} startswith \"{name}\""),
        _ => format!("evt.arg.{param} contains \"{}\"", &name[from..]),
    })
}

/// Bytes for a parameter, of which more than in [`parameter`] are paths and sets of flags.
pub fn kernel_parameter(u: &mut Unstructured<'_>, ty: Type) -> Result<Vec<u8>> {
    match ty {
        Type::Fspath | Type::Fsrelpath | Type::Charbuf if u.ratio(5, 6)? => {
            Ok([u.choose(&PATHS)?.as_bytes(), b"\0"].concat())
        }
        Type::Flags32 | Type::Mode if u.ratio(5, 6)? => {
            // Few bits, all bits of the tables.
            let bits = u.arbitrary::<u32>()? & u.arbitrary::<u32>()? & 0x1_ffff;
            Ok(bits.to_le_bytes().to_vec())
        }
        Type::Fd | Type::Errno if u.ratio(1, 2)? => {
            let number = *u.choose(&[0_i64, 3, 4, 7, -1, -2, -100, -115, -4000])?;
            Ok(number.to_le_bytes().to_vec())
        }
        _ => parameter(u, ty),
    }
}

/// A part of a text of events, sometimes with something more.
fn piece(u: &mut Unstructured<'_>) -> Result<String> {
    let text = *u.choose(&TEXTS)?;
    let from = u.int_in_range(0..=text.len())?;
    let to = if u.arbitrary()? { text.len() } else { u.int_in_range(from..=text.len())? };
    let from = if u.ratio(1, 2)? { 0 } else { from };
    Ok(if u.ratio(1, 5)? { format!("{}{}", &text[from..to], u.choose(&TEXTS)?) } else { text[from..to].to_owned() })
}

/// An event with values for most fields.
pub fn table(u: &mut Unstructured<'_>) -> Result<Table> {
    let name = *u.choose(&EVENT_TYPES)?;
    let current: Vec<&Event> = schema::EVENTS.iter().filter(|e| e.name == name && is_current(e)).collect();
    let event = *u.choose(&current)?;
    let fd_flags = EventFlags::CREATES_FD.or(EventFlags::USES_FD).or(EventFlags::DESTROYS_FD);
    let mut values = known_by_type(event);
    // Every event has a number, counted from 1.
    values.insert((FieldId::EvtNum, None), Owned::Uint(u.int_in_range(1..=300)?));
    for field in FIELDS.iter().filter(|f| usable(f)) {
        if values.contains_key(&(field.id, None)) {
            continue;
        }
        if (field.needs == Needs::Fd && !event.flags.any(fd_flags)) || u.ratio(1, 4)? {
            continue;
        }
        let forms = match field.arg {
            ArgKind::None => vec![None],
            ArgKind::Optional => vec![None, argument_of(field)],
            ArgKind::Required => vec![argument_of(field)],
        };
        for arg in forms {
            let several = FieldFlags::LIST.or(FieldFlags::ANY_OF).or(FieldFlags::EITHER_END);
            let many = field.flags.has(FieldFlags::LIST) || (arg.is_none() && field.flags.any(several));
            let value = if many {
                let count = u.int_in_range(1..=3)?;
                Owned::List((0..count).map(|_| value(u, field.ty)).collect::<Result<_>>()?)
            } else {
                value(u, field.ty)?
            };
            values.insert((field.id, arg), value);
        }
    }
    for (index, param) in event.params.iter().enumerate() {
        if u.ratio(1, 4)? {
            continue;
        }
        let text = value(u, Type::Charbuf)?;
        values.insert((FieldId::EvtArg, Some(index.to_string())), text.clone());
        values.insert((FieldId::EvtArg, Some(param.name.to_owned())), text);
        if comparable(param.ty) {
            values.insert((FieldId::EvtRawarg, Some(param.name.to_owned())), value(u, param.ty)?);
        }
    }
    Ok(Table { code: event.code, values })
}

/// Exit events of the current schema.
fn is_current(event: &Event) -> bool {
    event.is_exit() && !event.flags.any(EventFlags::OLD_VERSION.or(EventFlags::UNUSED))
}

/// The argument that [`argument`] draws.
fn argument_of(field: &Field) -> Option<String> {
    Some(if field.arg_form == ArgForm::Key { "a" } else { "1" }.to_owned())
}

fn value(u: &mut Unstructured<'_>, ty: Type) -> Result<Owned> {
    Ok(match ty.group() {
        TypeGroup::Bool => Owned::Bool(u.arbitrary()?),
        TypeGroup::Text => Owned::Str(u.choose(&TEXTS)?.as_bytes().to_vec()),
        TypeGroup::Buffer => Owned::Bytes(u.choose(&TEXTS)?.as_bytes().to_vec()),
        TypeGroup::Address => match *u.choose(&[0_u8, 1, 2])? {
            0 => Owned::Ip(vec![10, 0, 0, 1]),
            1 => Owned::Ip(vec![192, 168, 1, 1]),
            _ => Owned::Ip([&[0x20, 1, 0x0d, 0xb8][..], &[0; 11], &[1]].concat()),
        },
        _ if ty == Type::Double => Owned::Double(f64::from(u.int_in_range(0..=8_u8)?) / 2.0),
        _ if is_signed(ty) => Owned::Int(*u.choose(&NUMBERS)?),
        _ => Owned::Uint(u.choose(&NUMBERS)?.unsigned_abs()),
    })
}

/// Bytes for a parameter of a type: mostly such as writers record, sometimes any.
pub fn parameter(u: &mut Unstructured<'_>, ty: Type) -> Result<Vec<u8>> {
    // Descriptors, threads and users of the prelude, results of calls, flags, addresses of families.
    const SMALL: [i64; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 16, -1, -2, -100, 0x10000, i64::MAX];
    match u.int_in_range(0..=9)? {
        0 => return Ok(Vec::new()),
        1 => return u.arbitrary(),
        _ => {}
    }
    Ok(match (ty, ty.size()) {
        (Type::Sockaddr, _) => match u.int_in_range(0..=2)? {
            0 => scap::sockaddr_v4(u.arbitrary()?, u.arbitrary()?),
            1 => scap::sockaddr_v6(u.arbitrary()?, u.arbitrary()?),
            _ => scap::sockaddr_unix(u.choose(&TEXTS)?),
        },
        (Type::Socktuple, _) => match u.int_in_range(0..=2)? {
            0 => scap::tuple_v4((u.arbitrary()?, u.arbitrary()?), (u.arbitrary()?, u.arbitrary()?)),
            1 => scap::tuple_v6((u.arbitrary()?, u.arbitrary()?), (u.arbitrary()?, u.arbitrary()?)),
            _ => scap::tuple_unix(u.arbitrary()?, u.arbitrary()?, u.choose(&TEXTS)?),
        },
        (Type::Fdlist, _) => {
            let count = u.int_in_range(0..=4)?;
            scap::fdlist(&(0..count).map(|_| Ok((*u.choose(&SMALL)?, u.arbitrary()?))).collect::<Result<Vec<_>>>()?)
        }
        (_, Some(size)) if size <= 8 && u.ratio(3, 4)? => u.choose(&SMALL)?.to_le_bytes()[..size].to_vec(),
        (_, Some(size)) => u.bytes(size)?.to_vec(),
        _ if u.arbitrary()? => {
            let count = u.int_in_range(1..=3)?;
            (0..count).map(|_| Ok([u.choose(&TEXTS)?.as_bytes(), &[0]].concat())).collect::<Result<Vec<_>>>()?.concat()
        }
        _ => u.arbitrary()?,
    })
}
