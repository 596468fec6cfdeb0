//! The reference pages under `docs/`, written from the rows.
//!
//! Each function gives a whole page as Markdown; the same rows give the same text. A test compares the pages with
//! the files and, with `UPDATE=1` in the environment, rewrites them.

mod capture;

use crate::convert::{Action, CONVERSIONS, Conversion, Instr};
use crate::events::{BPF, EVENTS, KEYCTL, PTRACE, SOCKOPT};
use crate::flags::TABLES;
use crate::ops::{Form, MODIFIERS, OPERATORS, Operator, ResultType, TRANSFORMERS, Transformer, TypeGroup};
use crate::syscalls::{SYSCALLS, compat};
use crate::{
    ArgForm, ArgKind, Category, Class, Effect, Event, EventFlags, FIELDS, Field, FieldFlags, Format, Needs, Origin,
    Param, event,
};
use std::fmt::Write;

/// A page under `docs/`.
pub struct Page {
    /// File name.
    pub name: &'static str,
    /// Content.
    pub text: String,
}

/// All pages.
pub fn pages() -> [Page; 3] {
    [
        Page { name: "events.md", text: events() },
        Page { name: "fields.md", text: fields() },
        Page { name: "operators.md", text: operators() },
    ]
}

/// Says where a page comes from.
const ORIGIN_NOTE: &str = "Written from the rows in `compiler/schema`; \
    `UPDATE=1 cargo test -p peregrine-schema` rewrites it.\n\n";

/// Appends formatted text. Writing to a `String` cannot fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{
        let _ = write!($out, $($arg)*);
    }};
}
use put;

/// Text as a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Names joined with blanks, each as code.
fn codes<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
}

// ---- events.md ----

fn events() -> String {
    let mut out = format!("# Event types\n\n{ORIGIN_NOTE}");
    out.push_str(
        "An event is a record of one system call, of one kernel tracepoint, or of something the machinery itself has \
         to say. Even codes are enter events, odd codes exit events; system calls are recorded at their exit. \
         `evt.type` is the type's name; generic events (code 1) have the name of their system call.\n\n\
         Parameters are `name:TYPE`, then `/` and the number format (`x` hexadecimal, `o` octal, `id`), then `@` and \
         the table of flag names, `#` and the table of dynamic types, or `^` and the parameter with the directory \
         that a relative path starts from.\n\n\
         Properties: C creates a descriptor, D closes one, U works on one (parameter in brackets), R reads, W writes, \
         S changes state, w waits, k leaves the state of threads alone (of these only `procinfo` has a thread), L has 32-bit parameter lengths, c is converted from older forms.\n\n",
    );
    let current = |e: &&Event| !e.flags.any(EventFlags::OLD_VERSION.or(EventFlags::UNUSED));
    event_table(&mut out, "## Current events", EVENTS.iter().filter(current));
    out.push_str(
        "Events of old captures are converted to current ones, see the last section; they have the same names.\n\n",
    );
    event_table(
        &mut out,
        "## Old events",
        EVENTS.iter().filter(|e| e.flags.has(EventFlags::OLD_VERSION) && !e.flags.has(EventFlags::UNUSED)),
    );
    put!(out, "Never used: codes {}.\n\n", join_codes(EVENTS.iter().filter(|e| e.flags.has(EventFlags::UNUSED))));
    capture::captures(&mut out);
    syscall_table(&mut out);
    dynamic_tables(&mut out);
    flag_tables(&mut out);
    capture::flag_maps(&mut out);
    conversion_table(&mut out);
    out
}

fn join_codes<'a>(events: impl Iterator<Item = &'a Event>) -> String {
    events.map(|e| e.code.to_string()).collect::<Vec<_>>().join(", ")
}

fn event_table<'a>(out: &mut String, title: &str, events: impl Iterator<Item = &'a Event>) {
    put!(out, "{title}\n\n| code | `evt.type` | category | properties | parameters | effect | meaning |\n");
    out.push_str("|---|---|---|---|---|---|---|\n");
    for e in events {
        let params = e.params.iter().map(param).collect::<Vec<_>>().join(", ");
        let effect = if e.effect == Effect::None { String::new() } else { format!("{:?}", e.effect) };
        put!(
            out,
            "| {} {} | `{}` | {}{} | {} | {} | {} | {} |\n",
            e.code,
            e.id,
            e.name,
            category(e.category),
            origin(e.origin),
            properties(e),
            cell(&params),
            effect,
            cell(e.doc)
        );
    }
    out.push('\n');
}

fn param(p: &Param) -> String {
    let mut text = format!("{}:{}", p.name, p.ty.name());
    text.push_str(match p.format {
        Format::Hex => "/x",
        Format::Oct => "/o",
        Format::Id => "/id",
        Format::PaddedDec => "/9",
        Format::Dir => "/dir",
        Format::Na | Format::Dec => "",
    });
    // A table is known by its content: constants have no address of their own.
    if let Some((name, _)) = TABLES.iter().find(|(_, table)| *table == p.flags) {
        put!(text, "@{name}");
    }
    let types = |table: &[Param]| table.iter().map(|p| p.ty).collect::<Vec<_>>();
    if let Some((name, _)) = DYNAMIC.iter().find(|(_, table)| types(table) == types(p.dynamic)) {
        put!(text, "#{name}");
    }
    if let Some(dirfd) = p.dirfd {
        put!(text, "^{dirfd}");
    }
    text
}

fn properties(e: &Event) -> String {
    const LETTERS: [(EventFlags, char); 10] = [
        (EventFlags::CREATES_FD, 'C'),
        (EventFlags::DESTROYS_FD, 'D'),
        (EventFlags::USES_FD, 'U'),
        (EventFlags::READS_FROM_FD, 'R'),
        (EventFlags::WRITES_TO_FD, 'W'),
        (EventFlags::MODIFIES_STATE, 'S'),
        (EventFlags::WAITS, 'w'),
        (EventFlags::SKIP_PARSE_RESET, 'k'),
        (EventFlags::LARGE_PAYLOAD, 'L'),
        (EventFlags::CONVERTER_MANAGED, 'c'),
    ];
    let mut text = String::new();
    for (flag, letter) in LETTERS {
        if e.flags.has(flag) {
            text.push(letter);
            if let (EventFlags::USES_FD, Some(index)) = (flag, e.fd_param) {
                put!(text, "[{index}]");
            }
        }
    }
    text
}

fn category(category: Category) -> &'static str {
    match category {
        Category::Unknown => "unknown",
        Category::Other => "other",
        Category::File => "file",
        Category::Net => "net",
        Category::Ipc => "IPC",
        Category::Wait => "wait",
        Category::Signal => "signal",
        Category::Sleep => "sleep",
        Category::Time => "time",
        Category::Process => "process",
        Category::Scheduler => "scheduler",
        Category::Memory => "memory",
        Category::User => "user",
        Category::System => "system",
        Category::IoRead => "I/O, reads",
        Category::IoWrite => "I/O, writes",
        Category::IoOther => "I/O",
        Category::Internal => "internal",
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Syscall | Origin::Unknown => "",
        Origin::Tracepoint => ", tracepoint",
        Origin::Plugin => ", plugin",
        Origin::Meta => ", meta",
        Origin::Iterator => ", iterator",
    }
}

fn syscall_table(out: &mut String) {
    out.push_str(
        "## System calls\n\nThe code is the `ID` of a generic event. Calls without an event type of their own are \
         delivered as generic events. The column i386 has the numbers of the calls of 32-bit programs that are recorded \
         as the call, on x86_64; behind a slash what `socketcall` and `ipc` do.\n\n\
         | code | name | x86_64 | i386 | aarch64 | event type |\n|---|---|---|---|---|---|\n",
    );
    let way = |(number, what, _): (u16, Option<u16>, _)| match what {
        Some(what) => format!("{number}/{what}"),
        None => number.to_string(),
    };
    let number = |n: Option<u16>| n.map_or(String::new(), |n| n.to_string());
    for s in &SYSCALLS {
        let own = if s.is_generic() { None } else { event(s.event) };
        let own = own.map_or(String::new(), |e| format!("{} `{}`", e.code, e.name));
        let i386 = compat::ways(s.code).map(way).collect::<Vec<_>>().join(" ");
        let (x86_64, aarch64) = (number(s.x86_64), number(s.aarch64));
        put!(out, "| {} | `{}` | {x86_64} | {i386} | {aarch64} | {own} |\n", s.code, s.name);
    }
    out.push('\n');
}

/// The dynamic tables with their names.
const DYNAMIC: [(&str, &[Param]); 4] = [("sockopt", SOCKOPT), ("ptrace", PTRACE), ("bpf", BPF), ("keyctl", KEYCTL)];

fn dynamic_tables(out: &mut String) {
    out.push_str(
        "## Dynamic types\n\nThe first byte of the value selects the type, from 0.\n\n| table | types |\n|---|---|\n",
    );
    for (name, table) in DYNAMIC {
        let types = table.iter().map(|p| p.ty.name()).collect::<Vec<_>>().join(", ");
        put!(out, "| `{name}` | {types} |\n");
    }
    out.push('\n');
}

fn flag_tables(out: &mut String) {
    out.push_str(
        "## Flags and enumerations\n\nIn the order in which they are printed. The values are those of a capture, not \
         of the kernel.\n\n| table | names |\n|---|---|\n",
    );
    for (name, table) in TABLES {
        let names = table.iter().map(|f| format!("{} {:#x}", f.name, f.value)).collect::<Vec<_>>().join(", ");
        put!(out, "| `{name}` | {names} |\n");
    }
    out.push('\n');
}

fn conversion_table(out: &mut String) {
    out.push_str(
        "## Conversion of old captures\n\nOne row per event code and number of parameters in the record. The result \
         is converted again until it has the current form. `old N` is parameter N of the event, `enter N` of the \
         thread's stored enter event, with `?` an empty parameter if there is none; `default` is the type's default, \
         `empty` a parameter of length 0, `json` a JSON text made of the event's parameters.\n\n\
         | event | parameters | action |\n|---|---|---|\n",
    );
    for c in &CONVERSIONS {
        let name = event(c.code).map_or("", |e| e.id);
        put!(out, "| {} {name} | {} | {} |\n", c.code, c.nparams, action(c));
    }
}

fn action(c: &Conversion) -> String {
    match c.action {
        Action::Pass => "pass".into(),
        Action::Store => "store".into(),
        Action::StoreAndPass => "store and pass".into(),
        Action::Add(instrs) => format!("add {}", instructions(instrs)),
        Action::ChangeType(code, []) => {
            format!("become {}", event(code).map_or("", |e| e.id))
        }
        Action::ChangeType(code, instrs) => {
            format!("become {}: {}", event(code).map_or("", |e| e.id), instructions(instrs))
        }
    }
}

fn instructions(instrs: &[Instr]) -> String {
    let text = |instr: &Instr| match instr {
        Instr::Old(index) => format!("old {index}"),
        Instr::Enter(index) => format!("enter {index}"),
        Instr::EnterOrEmpty(index) => format!("enter {index}?"),
        Instr::TypeDefault => "default".into(),
        Instr::Empty => "empty".into(),
        Instr::ContainerJson => "json".into(),
    };
    instrs.iter().map(text).collect::<Vec<_>>().join(", ")
}

// ---- fields.md ----

fn fields() -> String {
    let mut out = format!("# Fields\n\n{ORIGIN_NOTE}");
    put!(out, "The {} fields of the `syscall` source, in the order in which names are looked up.\n\n", FIELDS.len());
    out.push_str(
        "A field can be *missing*: then every comparison with it is false, and it prints as `<NA>`. *Needs* says \
         which events have it at all: a *descriptor* field those that create, use or close a descriptor, a *thread* \
         field all but plugin, meta and asynchronous events. *Argument* is what may stand in brackets, or behind a \
         further dot.\n\n",
    );
    let mut class = None;
    for f in &FIELDS {
        if class != Some(f.class) {
            if class.is_some() {
                out.push('\n');
            }
            class = Some(f.class);
            put!(out, "## {}\n\n", class_title(f.class));
            out.push_str("| field | type | argument | needs | properties | meaning |\n|---|---|---|---|---|---|\n");
        }
        put!(
            out,
            "| `{}` | {} | {} | {} | {} | {} |\n",
            f.name,
            field_type(f),
            argument(f),
            match f.needs {
                Needs::Nothing => "",
                Needs::Thread => "thread",
                Needs::Fd => "descriptor",
            },
            field_properties(f),
            cell(f.doc)
        );
    }
    out
}

fn class_title(class: Class) -> &'static str {
    match class {
        Class::EvtGeneric => "Events of all sources",
        Class::Evt => "System call events",
        Class::Process => "Processes and threads",
        Class::User => "Users",
        Class::Group => "Groups",
        Class::Fd => "Descriptors",
        Class::FsPath => "Paths of operations",
        Class::Util => "Utilities",
        Class::FdList => "Descriptors of poll",
        Class::Container => "Containers and Kubernetes",
    }
}

fn field_type(f: &Field) -> String {
    let format = match f.format {
        Format::Hex => ", hexadecimal",
        Format::Oct => ", octal",
        Format::PaddedDec => ", nine digits",
        Format::Na | Format::Dec | Format::Id | Format::Dir => "",
    };
    format!("{}{format}", f.ty.name())
}

fn argument(f: &Field) -> String {
    let form = match f.arg_form {
        ArgForm::None => return String::new(),
        ArgForm::Index => "number",
        ArgForm::Key => "name",
        ArgForm::IndexOrKey => "number or name",
    };
    let dotted = if f.flags.has(FieldFlags::DOTTED_ARG) { ", dotted" } else { "" };
    let optional = if f.arg == ArgKind::Optional { ", optional" } else { "" };
    format!("{form}{dotted}{optional}")
}

fn field_properties(f: &Field) -> String {
    const NAMES: [(FieldFlags, &str); 10] = [
        (FieldFlags::LIST, "list"),
        (FieldFlags::ANY_OF, "any of several"),
        (FieldFlags::EITHER_END, "either end"),
        (FieldFlags::FILTER_ONLY, "conditions only"),
        (FieldFlags::PRINT_ONLY, "outputs only"),
        (FieldFlags::NO_RHS, "no field comparison"),
        (FieldFlags::NO_TRANSFORMER, "no transformer"),
        (FieldFlags::HIDDEN, "hidden"),
        (FieldFlags::DEPRECATED, "deprecated"),
        (FieldFlags::SUGGESTED, "suggested output"),
    ];
    NAMES.iter().filter(|(flag, _)| f.flags.has(*flag)).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

// ---- operators.md ----

fn operators() -> String {
    let mut out = format!("# Operators\n\n{ORIGIN_NOTE}");
    out.push_str(
        "A comparison is `field operator value`. Comparisons are joined by `and`, `or`, `not` and parentheses; `not` \
         binds tighter than `and`, `and` tighter than `or`.\n\n\
         *On* names the types of fields that admit the operator; an operator on *lists* also takes fields that give a \
         list of texts, times, booleans, addresses or 64-bit numbers. An operator with *modifiers* takes `oneof`, \
         `anyof` and `allof` before a list. *Fields right*: the right side may be `val(field)` or a transformer \
         instead of a constant (never for networks). Operators made of letters with a *blank* need one behind them.\n\n\
         | operator | on | properties | meaning | example |\n|---|---|---|---|---|\n",
    );
    for o in OPERATORS {
        let tokens = codes([o.token].into_iter().chain(o.aliases.iter().copied()));
        put!(
            out,
            "| {tokens} | {} | {} | {} | `{}` |\n",
            groups(o),
            operator_properties(o),
            cell(o.doc),
            cell(o.example)
        );
    }
    out.push_str(
        "\n## Modifiers\n\nBetween an operator and a list in parentheses. With an empty list each is false.\n\n\
         | modifier | meaning | example |\n|---|---|---|\n",
    );
    for m in MODIFIERS {
        put!(out, "| `{}` | {} | `{}` |\n", m.token, cell(m.doc), cell(m.example));
    }
    out.push_str(
        "\n## Transformers\n\nOn either side of a comparison; they nest. The parenthesis follows the name directly. \
         A missing argument makes the result missing.\n\n\
         | transformer | arguments | result | meaning | example |\n|---|---|---|---|---|\n",
    );
    for t in TRANSFORMERS {
        let name = if t.key { format!("`{}(...)[c]`", t.name) } else { format!("`{}(...)`", t.name) };
        put!(out, "| {name} | {} | {} | {} | `{}` |\n", arguments(t), result(t), cell(t.doc), cell(t.example));
    }
    out
}

fn groups(o: &Operator) -> String {
    if o.form == Form::Unary {
        return "all fields".into();
    }
    let name = |group: &TypeGroup| match group {
        TypeGroup::Number => "numbers",
        TypeGroup::Id => "user and group ids",
        TypeGroup::Bool => "booleans",
        TypeGroup::Text => "texts",
        TypeGroup::Buffer => "bytes",
        TypeGroup::Address => "addresses and networks",
        TypeGroup::Other => "others",
    };
    o.groups.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn operator_properties(o: &Operator) -> String {
    let names =
        [(o.on_lists, "lists"), (o.modifiers, "modifiers"), (o.field_right, "fields right"), (o.blank, "blank")];
    names.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

fn arguments(t: &Transformer) -> String {
    match (t.min_args, t.max_args) {
        (min, Some(max)) if min == max && t.types.is_empty() => min.to_string(),
        (_, Some(_)) => codes(t.types.iter().map(|ty| ty.name())),
        (min, None) => format!("{min} or more"),
    }
}

fn result(t: &Transformer) -> &'static str {
    match t.result {
        ResultType::Same => "like the argument",
        ResultType::Number => "number",
        ResultType::Text => "text",
        ResultType::Options => "list of texts; text with `[c]`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn pages_are_up_to_date() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        for page in pages() {
            let path = folder.join(page.name);
            if std::env::var_os("UPDATE").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &page.text).unwrap();
            }
            let file = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(file == page.text, "docs/{} is out of date; run with UPDATE=1", page.name);
        }
    }

    #[test]
    fn every_table_is_named() {
        for p in EVENTS.iter().flat_map(|e| e.params) {
            let text = param(p);
            assert_eq!(text.contains('@'), !p.flags.is_empty(), "{text}");
            assert_eq!(text.contains('#'), !p.dynamic.is_empty(), "{text}");
        }
    }
}
