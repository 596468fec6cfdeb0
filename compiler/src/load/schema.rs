//! What Falco's JSON schema for rule files says about a document. It never refuses a file; Falco only shows
//! the verdict. All kinds of items share one flat set of keys.
//!
//! Types are weak: text that looks like a number or truth value passes as one, but a quoted text only as text.

use super::decode::parse_bool;
use super::yaml::{Kind, Node};

/// The verdict: `ok`, or where it fails and why.
pub(super) fn validate(document: &Node) -> String {
    match check(document) {
        Ok(()) => "ok".to_owned(),
        Err(failure) => format!("failed for <root>{}: {}", failure.path, failure.why),
    }
}

struct Failure {
    path: String,
    why: String,
}

type Verdict = Result<(), Failure>;

fn fail(why: impl Into<String>) -> Verdict {
    Err(Failure { path: String::new(), why: why.into() })
}

fn inside(step: &dyn std::fmt::Display, verdict: Verdict) -> Verdict {
    verdict.map_err(|failure| Failure { path: format!("[{step}]{}", failure.path), why: failure.why })
}

fn check(document: &Node) -> Verdict {
    array(document, item)
}

fn item(node: &Node) -> Verdict {
    object(node, &[], |key, value| match key {
        "macro" | "condition" | "list" | "rule" | "desc" | "output" | "source" => Some(string(value)),
        "required_engine_version" => Some(string(value)),
        "enabled" | "append" | "capture" | "warn_evttypes" | "skip-if-unknown-filter" => Some(boolean(value)),
        "capture_duration" => Some(integer(value)),
        "priority" => Some(one_of(value, PRIORITIES)),
        "items" => Some(array(value, |v| if integer(v).is_ok() { Ok(()) } else { string(v) })),
        "tags" => Some(array(value, string)),
        "exceptions" => Some(array(value, exception)),
        "override" => Some(overrides(value)),
        "required_plugin_versions" => Some(array(value, plugin)),
        _ => None,
    })
}

const PRIORITIES: &[&str] =
    &["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "INFORMATIONAL", "DEBUG"];
const OVERRIDES: &[&str] = &[
    "items",
    "desc",
    "condition",
    "output",
    "priority",
    "enabled",
    "exceptions",
    "capture",
    "capture_duration",
    "tags",
    "warn_evttypes",
    "skip-if-unknown-filter",
];

fn exception(node: &Node) -> Verdict {
    object(node, &["name"], |key, value| match key {
        "name" => Some(string(value)),
        "fields" | "comps" | "values" => Some(Ok(())),
        _ => None,
    })
}

fn overrides(node: &Node) -> Verdict {
    if node.map().is_some_and(<[_]>::is_empty) {
        return fail("Object should have at least 1 properties.");
    }
    object(node, &[], |key, value| OVERRIDES.contains(&key).then(|| one_of(value, &["append", "replace"])))
}

fn plugin(node: &Node) -> Verdict {
    object(node, &["name", "version"], |key, value| match key {
        "name" | "version" => Some(string(value)),
        "alternatives" => Some(array(value, |alternative| {
            object(alternative, &["name", "version"], |key, value| {
                matches!(key, "name" | "version").then(|| string(value))
            })
        })),
        _ => None,
    })
}

fn array(node: &Node, element: impl Fn(&Node) -> Verdict) -> Verdict {
    let Some(items) = node.seq() else { return fail("Value type not permitted by 'type' constraint.") };
    items.iter().enumerate().try_for_each(|(i, item)| inside(&i, element(item)))
}

/// An object; `value` gives the verdict on a key's value, `None` for a key that is not allowed.
fn object(node: &Node, required: &[&str], value: impl Fn(&str, &Node) -> Option<Verdict>) -> Verdict {
    let Some(entries) = node.map() else { return fail("Value type not permitted by 'type' constraint.") };
    for (key, node) in entries {
        let key = key.scalar().map_or("null", |text| text.text());
        match value(key, node) {
            Some(verdict) => inside(&key, verdict)?,
            None => {
                return fail(
                    "Object contains a property that could not be validated using 'properties' or \
                     'additionalProperties' constraints: '"
                        .to_owned()
                        + key
                        + "'.",
                );
            }
        }
    }
    match required.iter().find(|key| node.get(key).is_none()) {
        Some(key) => fail(format!("Missing required property '{key}'.")),
        None => Ok(()),
    }
}

fn string(node: &Node) -> Verdict {
    match node.kind {
        Kind::Scalar(_) => Ok(()),
        _ => fail("Value type not permitted by 'type' constraint."),
    }
}

/// A scalar that reads as what is asked for.
fn scalar(node: &Node, reads: impl Fn(&str) -> bool) -> Verdict {
    match node.scalar() {
        Some(text) if reads(text.text()) => Ok(()),
        _ => fail("Value type not permitted by 'type' constraint."),
    }
}

fn boolean(node: &Node) -> Verdict {
    scalar(node, |text| parse_bool(text).is_some())
}

fn integer(node: &Node) -> Verdict {
    scalar(node, |text| text.parse::<i64>().is_ok())
}

fn one_of(node: &Node, allowed: &[&str]) -> Verdict {
    match node.scalar() {
        Some(text) if allowed.contains(&text.text()) => Ok(()),
        Some(_) => fail("Failed to match against any enum values."),
        None => fail("Value type not permitted by 'type' constraint."),
    }
}
