//! What later files leave of earlier ones: everything is as if it stood in one file.

use super::*;

/// Loads the texts as files of their own and as one; both must give the same rules and say the same.
#[track_caller]
fn same(files: &[&str]) {
    let (several, one) = (load(files), load(&[&files.concat()]));
    assert_eq!(several.rules.fields, one.rules.fields, "{files:#?}");
    let shown = |loaded: &Loaded| -> Vec<_> {
        let rule = |(rule, origin): (&crate::hir::Rule, &Origin)| {
            let made: Vec<_> =
                origin.macros.iter().chain(&origin.lists).map(|d| (d.name.clone(), d.text.clone())).collect();
            let condition = (rule.condition.clone(), rule.condition_text.clone(), rule.events.clone());
            (rule.name.clone(), rule.enabled, condition, rule.output.clone(), origin.condition.clone(), made)
        };
        loaded.rules.rules.iter().zip(&loaded.origins).map(rule).collect()
    };
    assert_eq!(shown(&several), shown(&one), "{files:#?}");
    // Of a file's own items the warnings come once, so only those that come with every compilation are compared.
    let warned = |loaded: &Loaded| -> Vec<_> {
        let warnings = loaded.results.last().map_or(&[][..], |result| &result.warnings);
        let compiled = |d: &&Diagnostic| {
            matches!(d.code, Code::NoEvttype | Code::CompileConditionWarning | Code::UnusedMacro | Code::UnusedList)
        };
        warnings.iter().filter(compiled).map(|d| (d.code, d.message.clone(), d.related.len())).collect()
    };
    assert_eq!(warned(&several), warned(&one), "{files:#?}");
}

fn named(name: &str, condition: &str) -> String {
    rule(condition, "").replace("rule: r", &format!("rule: {name}"))
}

fn base() -> String {
    let lists = "- list: inner\n  items: [a, b]\n- list: outer\n  items: [c, inner]\n- list: alone\n  items: [x]\n";
    let macros = "- macro: m\n  condition: proc.name in (outer)\n- macro: n\n  condition: m or proc.pname in (later)\n";
    let rules = [
        named("first", "evt.type = open and n"),
        named("second", "fd.name = /etc and proc.pname in (alone, later)"),
        named("third", "evt.type = close and proc.exepath = proc.name"),
    ];
    format!("{lists}{macros}{}", rules.concat())
}

#[test]
fn files_that_add() {
    let base = base();
    same(&[&base, &named("fourth", "evt.type = read and m and proc.cwd = /")]);
    same(&[&base, "- macro: p\n  condition: n\n", &named("fourth", "p and evt.type = read")]);
    same(&[&base, "", &base.replace("rule: ", "rule: again ")]);
}

#[test]
fn files_that_change() {
    let base = base();
    for change in [
        // A list that names of earlier texts turn out to be.
        "- list: later\n  items: [p, q]\n",
        "- list: inner\n  items: [d]\n  override: {items: append}\n",
        "- list: outer\n  items: [e]\n",
        "- list: alone\n  items: [y, z]\n  override: {items: append}\n",
        "- macro: m\n  condition: or proc.name = z\n  override: {condition: append}\n",
        "- macro: n\n  condition: proc.name = z\n",
        "- rule: first\n  condition: and fd.num = 3\n  override: {condition: append}\n",
        "- rule: first\n  output: '%fd.num'\n  override: {output: replace}\n",
        "- rule: second\n  enabled: false\n  override: {enabled: replace}\n",
        "- rule: third\n  exceptions: [{name: e, fields: fd.name, values: [later]}]\n  override: {exceptions: append}\n",
    ] {
        same(&[&base, change]);
        let more = named("fourth", "evt.type = read and m and proc.cwd = /");
        same(&[&base, change, &more]);
        same(&[&base, &more, change]);
        same(&[&base, &more, change, "- list: last\n  items: []\n"]);
    }
}

#[test]
fn a_file_that_is_refused_leaves_the_rules() {
    let base = base();
    let broken =
        "- list: inner\n  items: [changed]\n- rule: first\n  condition: and (\n  override: {condition: append}\n";
    let (before, after) = (load(&[&base]), load(&[&base, broken]));
    assert!(!after.successful());
    let texts = |loaded: &Loaded| loaded.rules.rules.iter().map(|r| r.condition_text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&before), texts(&after));
    assert_eq!(before.rules.fields, after.rules.fields);
    // What comes then is compiled with what was read before the mistake.
    let repaired = load(&[&base, broken, &named("first", "evt.type = open and n")]);
    assert!(texts(&repaired)[0].contains("changed"), "{:?}", texts(&repaired));
}

#[test]
fn standalone_enabled() {
    let base = base();
    same(&[&base, "- rule: second\n  enabled: false\n", &named("fourth", "evt.type = read")]);
}
