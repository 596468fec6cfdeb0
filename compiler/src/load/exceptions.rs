//! Exceptions: reading them, checking their shape, and writing them into the condition of their rule.
//!
//! ```text
//! - name: known            - name: known
//!   fields: [a, b]           fields: a
//!   comps: [=, in]           comps: in
//!   values:                  values: [x, y]
//!     - [x, [y, z]]
//! (cond) and not ((a = x and b in (y, z)))      (cond) and not (a in (x, y))
//! ```
//!
//! Values are text of the condition language, so a list's name or a transformer in a value means what it means
//! in a condition. What must hold of the expansion: its words are exactly Falco's (blanks excepted), because
//! what it means depends on that; every value is mapped to where it was written.

use super::collect::Sink;
use super::context::{Checked, Context};
use super::decode::{text, trimmed};
use super::yaml::{Kind, Node};
use crate::hir::{ListOp, Modifier, Op};
use crate::report::{Code, ItemKind};
use crate::span::{Mapped, Span};
use crate::syntax::print::{list_op_name, modifier_name, op_name};
use rustc_hash::FxHashMap;

/// A scalar or a list of an exception.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Whether it is a list.
    pub(super) list: bool,
    /// The text, empty for a list.
    pub(super) text: Mapped,
    /// The elements of a list.
    pub(super) items: Vec<Entry>,
    /// Where it is.
    pub(super) span: Span,
}

impl Entry {
    fn nothing(span: Span) -> Entry {
        Entry { list: false, text: Mapped::new(), items: Vec::new(), span }
    }

    /// Whether anything was given.
    pub(super) fn given(&self) -> bool {
        if self.list { !self.items.is_empty() } else { !self.text.is_empty() }
    }

    fn operator(name: &str, span: Span) -> Entry {
        let mut entry = Entry::nothing(span);
        entry.text.push_for(name, span);
        entry
    }
}

/// An exception of a rule.
#[derive(Debug, Clone)]
pub(super) struct Exception {
    pub(super) name: String,
    pub(super) fields: Entry,
    pub(super) comps: Entry,
    pub(super) values: Vec<Entry>,
    pub(super) context: Context,
}

/// Most warnings that one exception gives for others of its name.
const MAX_SAME: usize = 16;

/// How an `exceptions` key is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// In a definition or replacement: fields are required.
    Define,
    /// In an append: fields may be missing.
    Append,
}

/// Reads the `exceptions` of a rule. Mistakes go to the sink; `None` if there were any.
pub(super) fn read(item: &Node, rule: &Context, usage: Use, sink: &mut Sink) -> Option<Vec<Exception>> {
    let Some(node) = item.get("exceptions").filter(|node| !node.is_null()) else { return Some(Vec::new()) };
    let context = rule.inner(ItemKind::Exceptions, "", node.span);
    let Some(nodes) = node.seq() else {
        sink.error(context.diagnostic(Code::YamlValidate, "Rule exceptions must be a sequence"));
        return None;
    };
    let mut exceptions: Vec<Exception> = Vec::new();
    let mut names: FxHashMap<String, usize> = FxHashMap::default();
    let mut whole = true;
    for node in nodes {
        let unnamed = context.inner(ItemKind::Exception, "", node.span);
        let read = read_one(node, &unnamed, rule, usage, &names, sink);
        match sink.keep(read) {
            Some(exception) => {
                *names.entry(exception.name.clone()).or_default() += 1;
                exceptions.push(exception);
            }
            None => whole = false,
        }
    }
    whole.then_some(exceptions)
}

fn read_one(
    node: &Node,
    unnamed: &Context,
    rule: &Context,
    usage: Use,
    earlier: &FxHashMap<String, usize>,
    sink: &mut Sink,
) -> Checked<Exception> {
    if node.map().is_none() {
        return Err(unnamed.diagnostic(Code::YamlValidate, "Rule exception must be a mapping"));
    }
    let name = text(node, "name", unnamed)?.text().to_owned();
    let context = rule.inner(ItemKind::Exception, &name, node.span);
    // As Falco does, one for each earlier one, but not without end.
    for _ in 0..earlier.get(&name).copied().unwrap_or_default().min(MAX_SAME) {
        let message = format!("Multiple definitions of exception '{name}' in the same rule");
        sink.warn(context.diagnostic(Code::ExceptionNameNotUnique, message));
    }
    let fields = match node.get("fields") {
        Some(fields) => read_entry(fields, &context.inner(ItemKind::ValueFor, "fields", fields.span))?,
        None if usage == Use::Append => Entry::nothing(node.span),
        None => return Err(super::decode::missing("fields", &context)),
    };
    let comps = match node.get("comps") {
        Some(comps) => read_entry(comps, &context.inner(ItemKind::ValueFor, "comps", comps.span))?,
        None => Entry::nothing(node.span),
    };
    let values = match node.get("values") {
        Some(values) => read_values(values, &context)?,
        None => {
            if usage == Use::Append {
                let message = "Overriding/appending exception with no values";
                sink.warn(context.diagnostic(Code::AppendNoValues, message));
            }
            Vec::new()
        }
    };
    Ok(Exception { name, fields, comps, values, context })
}

fn read_values(node: &Node, exception: &Context) -> Checked<Vec<Entry>> {
    let context = exception.inner(ItemKind::ExceptionValues, "", node.span);
    let Some(values) = node.seq() else {
        return Err(context.diagnostic(Code::YamlValidate, "Rule exception values must be a sequence"));
    };
    let read = |value: &std::rc::Rc<Node>| {
        let context = context.inner(ItemKind::ExceptionValue, "", value.span);
        read_entry(value, &context.inner(ItemKind::ValueFor, "", value.span))
    };
    values.iter().map(read).collect()
}

/// A scalar or list; anything else counts as nothing.
fn read_entry(node: &Node, context: &Context) -> Checked<Entry> {
    let mut entry = Entry::nothing(node.span);
    match &node.kind {
        Kind::Scalar(text) if text.is_empty() => {
            return Err(context.diagnostic(Code::YamlValidate, "Value must be non-empty"));
        }
        Kind::Scalar(text) => entry.text = text.clone(),
        Kind::Seq(nodes) => {
            entry.list = true;
            for node in nodes {
                let context = context.inner(ItemKind::Exception, "", node.span);
                entry.items.push(read_entry(node, &context.inner(ItemKind::ValueFor, "", node.span))?);
            }
        }
        Kind::Null | Kind::Map(_) => {}
    }
    Ok(entry)
}

/// Checks fields and comparisons against each other and fills in what was left out.
/// `valid_field` is `None` if the fields of the rule's source are not known.
pub(super) fn validate(exception: &mut Exception, valid_field: Option<&dyn Fn(&str) -> bool>) -> Checked<()> {
    fill_comps(exception);
    let context = &exception.context;
    let error = |message: String, span: Span| Err(context.diagnostic_at(Code::Validate, message, span));
    if exception.fields.list {
        if exception.fields.items.len() != exception.comps.items.len() {
            let span = exception.comps.span;
            return error("Fields and comps lists must have equal length".to_owned(), span);
        }
        for comp in &mut exception.comps.items {
            comp.text = trimmed(&comp.text);
            let text = comp.text.text();
            if !is_operator(text) && !has_modifier(text) {
                return error(format!("'{text}' is not a supported comparison operator"), comp.span);
            }
        }
    } else {
        if exception.comps.list {
            return error("Fields and comps must both be strings".to_owned(), exception.comps.span);
        }
        exception.comps.text = trimmed(&exception.comps.text);
        let text = exception.comps.text.text();
        if !is_list_operator(text) && !has_modifier(text) {
            let message = "When fields is a single value, comps must be one of (in, pmatch, intersects) \
                           or a modifier operator (e.g. startswith oneof)";
            return error(message.to_owned(), exception.comps.span);
        }
    }
    let Some(valid_field) = valid_field else { return Ok(()) };
    let one = std::slice::from_ref(&exception.fields);
    let fields = if exception.fields.list { exception.fields.items.as_slice() } else { one };
    match fields.iter().find(|field| !valid_field(field.text.text())) {
        Some(field) => error(format!("'{}' is not a supported filter field", field.text.text()), field.span),
        None => Ok(()),
    }
}

/// Comparisons that were left out: `=` for each field of a list, `in` for a single field.
pub(super) fn fill_comps(exception: &mut Exception) {
    if exception.comps.given() {
        return;
    }
    let span = exception.comps.span;
    if exception.fields.list {
        exception.comps.list = true;
        exception.comps.items = exception.fields.items.iter().map(|_| Entry::operator("=", span)).collect();
    } else {
        exception.comps = Entry::operator("in", span);
    }
}

const SCALAR_OPS: [Op; 15] = [
    Op::Eq,
    Op::Ne,
    Op::Lt,
    Op::Le,
    Op::Gt,
    Op::Ge,
    Op::Contains,
    Op::Icontains,
    Op::Bcontains,
    Op::Startswith,
    Op::Bstartswith,
    Op::Endswith,
    Op::Glob,
    Op::Iglob,
    Op::Regex,
];

fn is_list_operator(text: &str) -> bool {
    [ListOp::In, ListOp::Intersects, ListOp::Pmatch].iter().any(|op| list_op_name(*op) == text)
}

fn is_operator(text: &str) -> bool {
    is_list_operator(text) || matches!(text, "exists" | "==") || SCALAR_OPS.iter().any(|op| op_name(*op) == text)
}

/// A string operator with a quantifier: `startswith oneof`.
fn has_modifier(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    let (Some(op), Some(modifier), None) = (words.next(), words.next(), words.next()) else { return false };
    let numeric = [Op::Lt, Op::Le, Op::Gt, Op::Ge].iter().any(|o| op_name(*o) == op);
    let string = !numeric && (op == "==" || SCALAR_OPS.iter().any(|o| op_name(*o) == op));
    string && [Modifier::OneOf, Modifier::AnyOf, Modifier::AllOf].iter().any(|m| modifier_name(*m) == modifier)
}

/// The condition with the exceptions written into it.
pub(super) fn expand(condition: &Mapped, exceptions: &[Exception]) -> Checked<Mapped> {
    let whole = super::decode::whole_span(condition);
    let mut out = Mapped::new();
    out.push_for("(", whole);
    out.push_mapped(condition);
    out.push_for(")", whole);
    for exception in exceptions {
        let part = if exception.fields.list { rows(exception)? } else { values(exception)? };
        if !part.is_empty() {
            out.push_for(" and not ", exception.context.span());
            out.push_mapped(&part);
        }
    }
    Ok(out)
}

/// `(field comp (v1, v2))`, or nothing without values.
fn values(exception: &Exception) -> Checked<Mapped> {
    let at = exception.context.span();
    let mut out = Mapped::new();
    for value in &exception.values {
        if value.list {
            let message = "Expected values array to contain a list of strings";
            return Err(exception.context.diagnostic_at(Code::Validate, message, value.span));
        }
        if out.is_empty() {
            out.push_for("(", at);
            out.push_mapped(&exception.fields.text);
            out.push_for(" ", at);
            out.push_mapped(&exception.comps.text);
            out.push_for(" (", at);
        } else {
            out.push_for(", ", at);
        }
        push_quoted(&mut out, &value.text);
    }
    if !out.is_empty() {
        out.push_for("))", at);
    }
    Ok(out)
}

/// `((f1 c1 v1 and f2 c2 v2) or (...))`, or nothing without values.
fn rows(exception: &Exception) -> Checked<Mapped> {
    let at = exception.context.span();
    let mut out = Mapped::new();
    for row in &exception.values {
        if exception.fields.items.len() != row.items.len() {
            let message = "Fields and values lists must have equal length";
            return Err(exception.context.diagnostic_at(Code::Validate, message, row.span));
        }
        out.push_for(if out.is_empty() { "((" } else { " or (" }, at);
        let tests = exception.fields.items.iter().zip(&exception.comps.items).zip(&row.items);
        for (k, ((field, comp), value)) in tests.enumerate() {
            out.push_for(if k == 0 { " " } else { " and  " }, at);
            out.push_mapped(&field.text);
            out.push_for(" ", at);
            out.push_mapped(&comp.text);
            out.push_for(" ", at);
            push_value(&mut out, value, comp.text.text());
        }
        out.push_for(")", at);
    }
    if !out.is_empty() {
        out.push_for(")", at);
    }
    Ok(out)
}

/// A value of a row: lists in parentheses, scalars too where the operator takes a list.
fn push_value(out: &mut Mapped, value: &Entry, comp: &str) {
    if value.list {
        out.push_for("(", value.span);
        for (i, item) in value.items.iter().enumerate() {
            if i > 0 {
                out.push_for(", ", value.span);
            }
            push_quoted(out, &item.text);
        }
        out.push_for(")", value.span);
    } else if !(is_list_operator(comp) || has_modifier(comp)) {
        push_quoted(out, &value.text);
    } else if value.text.text().starts_with('(') {
        out.push_mapped(&value.text);
    } else {
        out.push_for("(", value.span);
        out.push_mapped(&value.text);
        out.push_for(")", value.span);
    }
}

/// Text that becomes one word of a condition: in quotes if it holds a blank and has none yet.
pub(super) fn push_quoted(out: &mut Mapped, text: &Mapped) {
    let quote = text.text().contains(' ') && !text.text().starts_with(['"', '\'']);
    let at = super::decode::whole_span(text);
    if quote {
        out.push_for("\"", at);
    }
    out.push_mapped(text);
    if quote {
        out.push_for("\"", at);
    }
}
