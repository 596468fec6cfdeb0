//! Files that are refused or doubted: structure, versions, conditions.

use super::*;

#[test]
fn structure() {
    let yaml = [
        ("just text", "Rules content is not yaml"),
        ("foo: bar", "Rules content is not yaml array of objects"),
        ("- text", "Unexpected element type. Each element should be a yaml associative array."),
        ("- list:\n", "Mapping for key 'list' is empty"),
        ("- macro:\n", "Mapping for key 'macro' is empty"),
        ("- rule:\n", "Mapping for key 'rule' is empty"),
        ("- list: l\n", "Item has no mapping for key 'items'"),
        ("- macro: m\n", "Item has no mapping for key 'condition'"),
        ("- rule: r\n  desc: d\n  condition: evt.num=1\n  priority: INFO\n", "Item has no mapping for key 'output'"),
        ("- list: l\n  items: text\n", "Value is not a sequence"),
        ("- list: l\n  items:\n", "Value is not a sequence"),
        ("- list: l\n  items: [[a]]\n", "sequence value is not scalar"),
        ("- macro: m\n  condition: ''\n", "Value must be non-empty"),
        ("- macro: m\n  condition: [a]\n", "Value is not a scalar value"),
        (
            "- required_engine_version: seven\n",
            "Unable to parse engine version 'seven' as a semver string. Expected \"x.y.z\" semver format.",
        ),
        (
            "- required_engine_version: 0.5\n",
            "Unable to parse engine version '0.5' as a semver string. Expected \"x.y.z\" semver format.",
        ),
        ("- required_plugin_versions: x\n", "Value of required_plugin_versions must be a sequence"),
    ];
    for (text, message) in yaml {
        assert_eq!(refused(text), ("YAML_VALIDATE", message.to_owned()), "{text}");
    }
    for (more, message) in [
        ("priority: HUH", "Invalid priority"),
        ("priority: INFO\nenabled: foo", "Can't decode YAML scalar value"),
        ("priority: INFO\ntags: x", "Value is not a sequence"),
    ] {
        let text = rule("evt.num=1", more).replacen("  priority: INFO\n", "", 1);
        assert_eq!(refused(&text), ("YAML_VALIDATE", message.to_owned()));
    }
    for text in ["", "# nothing\n", "- \n", "---\n---\n", "- ~\n"] {
        assert!(accepted(text).1.is_empty(), "{text:?}");
    }
    assert_eq!(refused("- a: b\n\t- c\n").0, "YAML_PARSE");
    assert_eq!(refused("- list: a: b\n").0, "YAML_PARSE");
}

#[test]
fn schema() {
    let valid = |text: &str| {
        let loaded = load(&[text]);
        loaded.results[0].schema_valid()
    };
    let base = rule("evt.type=open", "");
    assert!(valid(&base));
    for bad in [
        base.replace("INFO", "informational"),
        format!("{base}  typo: x\n"),
        format!("{base}  capture: \"maybe\"\n"),
        format!("{base}- foo: 1\n"),
        format!("{base}- \n"),
    ] {
        assert!(!valid(&bad), "{bad}");
    }
    assert!(valid("- list: l\n  items: [1, a]\n  priority: INFO\n"));
    assert!(load(&["# nothing\n"]).results[0].schema.is_empty());
}

#[test]
fn versions() {
    for version in ["0.26.0", "26", "63", "0.63.0x", "0.63.0"] {
        assert!(accepted(&format!("- required_engine_version: {version}\n")).1.is_empty(), "{version}");
    }
    for version in ["64", "1.0.0"] {
        let (code, message) = refused(&format!("- required_engine_version: {version}\n"));
        assert_eq!(code, "VALIDATE");
        assert!(message.starts_with("Rules require engine version "), "{message}");
    }
    let plugin =
        |name: &str, version: &str| format!("- required_plugin_versions:\n  - name: {name}\n    version: {version}\n");
    assert!(accepted(&plugin("container", "0.4.0")).1.is_empty());
    let messages = [
        (
            plugin("container", "0.9.0"),
            "Plugin 'container' version '0.7.1' is not compatible with required plugin version '0.9.0'",
        ),
        (plugin("foo", "0.1.0"), "Plugin requirement not satisfied, must load one of: foo (>= 0.1.0)"),
        (plugin("foo", "abc"), "Invalid required version 'abc' for plugin 'foo'"),
    ];
    for (text, message) in messages {
        assert_eq!(refused(&text), ("VALIDATE", message.to_owned()));
    }
    let either = format!("{}    alternatives:\n    - {{name: container, version: 0.7.0}}\n", plugin("foo", "0.1.0"));
    assert!(accepted(&either).1.is_empty());
    let twice = format!("{}    alternatives:\n    - {{name: foo, version: 0.7.0}}\n", plugin("foo", "0.1.0"));
    assert_eq!(refused(&twice).1, "Defined multiple alternative version requirements for plugin 'foo'");
}

#[test]
fn several_files() {
    let verdicts = |files: &[&str]| {
        let loaded = load(files);
        let first = |r: &FileResult| r.errors.first().map(|e| (e.code.name(), e.message.clone()));
        loaded.results.iter().map(first).collect::<Vec<_>>()
    };
    let base = rule("evt.type=open", "");
    let appended = "- rule: r\n  condition: bad\n  append: true\n";
    let trailing = "unexpected token after 'open', expecting 'or', 'and'".to_owned();
    let expected = vec![None, Some(("LOAD_ERR_COMPILE_CONDITION", trailing))];
    assert_eq!(verdicts(&[&base, appended]), expected);
    let documents = format!("{base}---\n{appended}");
    assert_eq!(verdicts(&[&documents])[0], expected[1]);
    let overwritten = verdicts(&[&base, &rule("bar", "")]);
    assert_eq!(overwritten[1], Some(("LOAD_ERR_VALIDATE", "Undefined macro 'bar' used in filter.".to_owned())));
    // The rules of the last good file stay.
    assert_eq!(load(&[&base, appended]).rules.rules.len(), 1);
    // What is wrong in one file is wrong for the files after it, as they are compiled together.
    assert_eq!(verdicts(&[&rule("bar", ""), "[]"])[1], overwritten[1]);
}

#[test]
fn conditions() {
    let cases = [
        ("proc.nobody = x", "filter_check called with nonexistent field proc.nobody"),
        ("evt.type = nosuch", "unknown event type nosuch"),
        ("evt.type = open and proc.pid = 0x10", "0x10 is not a valid number"),
        ("evt.type = open or", "unexpected token after 'or', expecting"),
    ];
    for (text, message) in cases {
        let (code, got) = refused(&rule(text, ""));
        assert_eq!(code, "COMPILE_CONDITION", "{text}: {got}");
        if !text.ends_with("or") {
            assert_eq!(got, message);
        }
    }
    for text in ["evt.type in ()", "evt.type = open and proc.name in (nolist)", "evt.type=open and fd.name=<NA>"] {
        assert!(accepted(&rule(text, "")).1.is_empty(), "{text}");
    }
    assert_eq!(accepted("- macro: m\n  condition: no.field = 1\n").1, [""; 0]);
    assert_eq!(refused("- macro: m\n  condition: evt.num = 1 x\n").0, "COMPILE_CONDITION");
}

#[test]
fn unknown_filters_may_be_skipped() {
    let skip = "skip-if-unknown-filter: true";
    for text in ["proc.nobody = x", "evt.type = nosuch"] {
        let (loaded, warnings) = accepted(&rule(text, skip));
        assert_eq!((loaded.rules.rules.len(), warnings), (0, vec!["UNKNOWN_FILTER"]), "{text}");
    }
    let output = rule("evt.type=open", skip).replace("output: o", "output: '%proc.nobody'");
    assert_eq!(accepted(&output).1, ["UNKNOWN_FILTER"]);
    assert_eq!(refused(&rule("proc.name = (", skip)).0, "COMPILE_CONDITION");
    assert_eq!(refused(&rule("proc.nobody = x", "skip-if-unknown-filter: false")).0, "COMPILE_CONDITION");
}

#[test]
fn deprecated_fields_in_conditions() {
    for text in ["evt.type=open and evt.dir = <", "evt.type=open and evt.dir = < and evt.latency > 1"] {
        let (loaded, warnings) = accepted(&rule(&format!(">\n    {text}"), ""));
        assert!(warnings.iter().all(|w| *w == "DEPRECATED_ITEM"), "{warnings:?}");
        assert_eq!(loaded.results[0].warnings[0].deprecated_field, Some("evt.dir"));
        assert!(loaded.results[0].warnings[0].condition_snippet.as_deref().is_some_and(|c| c.contains("evt.dir")));
    }
}

#[test]
fn all_mistakes_of_a_file_are_told() {
    let text = "- rule: a\n  condition: x y\n- macro: m\n- macro: n\n  condition: m and )\n- list: l\n  items: x\n\
                - rule: b\n  desc: d\n  condition: m and no.field = 1 and n and also_missing\n  output: '%no'\n  priority: HUH\n";
    let loaded = load(&[text]);
    let messages: Vec<&str> = loaded.results[0].errors.iter().map(|e| e.message.as_str()).collect();
    let expected = [
        "Item has no mapping for key 'output'",
        "Item has no mapping for key 'desc'",
        "Item has no mapping for key 'priority'",
        "Item has no mapping for key 'condition'",
        "Value is not a sequence",
        "Invalid priority",
    ];
    assert_eq!(messages[..6], expected);
    // The macro that was refused is not also reported as undefined.
    assert!(messages[6..].iter().all(|m| !m.contains("'m'") && !m.contains("'n'")), "{messages:?}");
    let text = [rule("proc.nobody = 1 and evt.type = huh", ""), rule("x", "").replace("rule: r", "rule: s")].concat();
    let messages: Vec<String> = load(&[&text]).results[0].errors.iter().map(|e| e.message.clone()).collect();
    assert_eq!(messages.len(), 3, "{messages:?}");
}

#[test]
fn item_kinds_are_named_as_falco_names_them() {
    let loaded = load(&["- rule: r\n  desc: d\n  condition: evt.num=1\n  output: o\n  priority: HUH\n"]);
    let kinds: Vec<&str> = loaded.results[0].errors[0].locations.iter().map(|l| l.kind.text()).collect();
    assert_eq!(kinds, ["rules content", "rule", "rule priority"]);
    assert_eq!(ItemKind::Override.text(), "overrides");
}
