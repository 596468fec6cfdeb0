//! Where diagnostics point: the very token, and the way there.

use super::*;

/// The text that the first error points at, and what its related places say.
fn pointed(text: &str) -> (String, Vec<String>) {
    let loaded = load(&[text]);
    let error = loaded.results[0].errors.first().expect("an error");
    let slice = |span| loaded.sources.get(FileId(0)).expect("a file").slice(span).to_owned();
    let related = error.related.iter().map(|r| format!("{} @ {}", r.text, slice(r.span).lines().next().unwrap_or("")));
    (slice(error.span), related.collect())
}

#[test]
fn through_a_macro() {
    let text = format!(
        "- macro: inner\n  condition: >\n    proc.name = x or\n    no.field = 1\n\
         - macro: outer\n  condition: (inner and evt.num > 0)\n{}",
        rule("\"evt.type = open \\\n    and outer\"", "")
    );
    let (token, way) = pointed(&text);
    assert_eq!(token, "no.field");
    assert_eq!(way, ["macro 'inner' used here @ inner", "macro 'outer' used here @ outer", "in rule 'r' @ r"]);
}

#[test]
fn into_a_list() {
    let text = format!("- list: types\n  items:\n    - open\n    - nosuch\n{}", rule("evt.type in (types)", ""));
    let (token, way) = pointed(&text);
    assert_eq!(token, "nosuch");
    assert_eq!(way, ["list 'types' used here @ types", "in rule 'r' @ r"]);
}

#[test]
fn in_appends_and_exceptions() {
    let text = format!(
        "{}- rule: r\n  condition: and no.field = 1\n  override: {{condition: append}}\n",
        rule("evt.type = open", "exceptions: [{name: e, fields: proc.name, values: [a]}]")
    );
    assert_eq!(pointed(&text).0, "no.field");
    let text = rule("evt.type = open", "exceptions:\n- name: e\n  fields: [proc.pid]\n  values:\n  - [1]\n  - [huh]");
    assert_eq!(pointed(&text).0, "huh");
    let text = rule("evt.type = open", "exceptions:\n- name: e\n  fields: [proc.pid, no.field]\n  values: []");
    assert_eq!(pointed(&text).0, "no.field");
}

#[test]
fn in_outputs_and_keys() {
    assert_eq!(pointed(&rule("evt.num=1", "").replace("output: o", "output: a %no_field b")).0, "%no_field");
    assert_eq!(pointed(&rule("evt.num=1", "enabled: maybe")).0, "maybe");
    let loaded = load(&[&rule("evt.type=open", "tag: [x]")]);
    let warning = &loaded.results[0].warnings[0];
    assert_eq!(loaded.sources.get(FileId(0)).expect("a file").slice(warning.span), "tag");
    assert_eq!(warning.help.as_deref(), Some("did you mean 'tags'?"));
}

#[test]
fn anchored_nodes_are_one_node() {
    let text =
        "- list: a\n  items: &x [cat, dog]\n- list: b\n  items: *x\n- &y\n  macro: m\n  condition: evt.num = 1 x\n";
    let (_, way) = pointed(text);
    assert_eq!(way.len(), 1);
    let loaded = load(&[text]);
    assert_eq!(loaded.results[0].errors.len(), 1);
}
