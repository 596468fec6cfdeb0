//! Lists, macros, rules, appends and overrides.

use super::*;

const CLOSE: &str = "evt.type = close";

#[test]
fn later_appends_reach_earlier_rules() {
    let lists = "- list: shells\n  items: [ash, bash]\n";
    let user = rule("evt.type=open and proc.name in (shells)", "");
    for append in ["override: {items: append}", "override:\n    items: append"] {
        let text = format!("{lists}{user}- list: shells\n  items: [pwsh]\n  {append}\n");
        assert_eq!(condition(&text), "(evt.type = open and proc.name in (ash, bash, pwsh))");
    }
    let text = format!("{lists}{user}- list: shells\n  items: [pwsh]\n  append: true\n");
    assert_eq!(accepted(&text).1, ["DEPRECATED_ITEM"]);
}

#[test]
fn macros_are_appended_to_as_text() {
    let text = format!(
        "- macro: m\n  condition: >\n    ((proc.aname=sshd and proc.name != sshd) or proc.name=login)\n{}\
         - macro: m\n  condition: or proc.name = ssh\n  override: {{condition: append}}\n",
        rule("evt.type=open and m", "")
    );
    let expected = "(evt.type = open and (((proc.aname = sshd and proc.name != sshd) or proc.name = login) or \
                    proc.name = ssh))";
    // Folded scalars end in a line feed, which is a blank.
    assert_eq!(condition(&text), expected);
}

#[test]
fn rules_are_appended_to_and_replaced() {
    let base = rule("evt.type=open", "");
    let text = format!(
        "{base}- rule: r\n  desc: more\n  condition: and proc.name = cat\n  output: '%proc.name'\n  \
         override: {{desc: append, condition: append, output: append}}\n"
    );
    let (loaded, warnings) = accepted(&text);
    assert!(warnings.is_empty());
    let rule = &loaded.rules.rules[0];
    assert_eq!((rule.desc.as_str(), rule.condition_text.as_str()), ("d more", "(evt.type = open and proc.name = cat)"));
    assert_eq!(loaded.origins[0].condition, "evt.type=open and proc.name = cat");
    let text = format!(
        "{base}- rule: r\n  desc: new\n  condition: and proc.name = cat\n  priority: WARNING\n  \
         override: {{desc: replace, condition: append, priority: replace}}\n"
    );
    let (loaded, _) = accepted(&text);
    assert_eq!((loaded.rules.rules[0].desc.as_str(), loaded.rules.rules[0].priority), ("new", Priority::Warning));
    let text = format!("{base}- rule: r\n  condition: and proc.name = cat\n  append: true\n");
    let (loaded, warnings) = accepted(&text);
    assert_eq!(warnings, ["DEPRECATED_ITEM"]);
    assert_eq!(loaded.rules.rules[0].condition_text, "(evt.type = open and proc.name = cat)");
}

#[test]
fn overrides_that_are_refused() {
    let base = rule(CLOSE, "");
    let tail = |item: &str| refused(&format!("{base}- rule: r\n{item}"));
    let (code, message) = tail("  priority: INFO\n  override: {priority: append}\n");
    assert_eq!(
        (code, message.as_str()),
        ("YAML_VALIDATE", "Key 'priority' cannot be appended to, use 'replace' instead")
    );
    let (_, message) = tail("  desc: x\n  override: {desc: replace, condition: append}\n");
    assert_eq!(message, "An append override for 'condition' was specified but 'condition' is not defined");
    let (_, message) = tail("  desc: x\n  override: {enabled: replace}\n");
    assert_eq!(message, "An replace override for 'enabled' was specified but 'enabled' is not defined");
    let (_, message) = tail("  desc: x\n  priority: INFO\n  override: {desc: replace}\n");
    assert_eq!(message, "Unexpected key 'priority': no corresponding entry under 'override' is defined.");
    let (_, message) = tail("  condition: x\n  override: {condition: foo}\n");
    assert_eq!(message, "Invalid override operation for key 'condition': 'foo'. Allowed values are: append replace ");
    let (_, message) = tail("  condition: x\n  override: {foo: replace}\n");
    assert_eq!(message, "Key 'foo' cannot be replaced");
    for empty in ["{}", "text"] {
        let (_, message) = tail(&format!("  override: {empty}\n"));
        assert_eq!(message, "Item has no mapping for key 'enabled'", "{empty}");
    }
    let (code, message) = tail("  condition: and x\n  append: true\n  override: {condition: append}\n");
    assert_eq!(code, "YAML_VALIDATE");
    assert!(message.starts_with("Keys 'override' and 'append: true' cannot be used together."));
}

#[test]
fn appends_need_something_to_append_to() {
    let items = [
        ("- list: l\n  items: [a]\n", "override: {items: append}", "List uses 'append'"),
        ("- macro: m\n  condition: evt.num=1\n", "override: {condition: append}", "Macro uses 'append'"),
        ("- rule: r\n  condition: evt.num=1\n", "override: {condition: append}", "Rule uses 'append'"),
    ];
    for (item, with_override, start) in items {
        for append in [with_override, "append: true"] {
            let (code, message) = refused(&format!("{item}  {append}\n"));
            assert_eq!(code, "VALIDATE");
            assert!(message.starts_with(start), "{message}");
        }
    }
    let (_, message) = refused("- rule: r\n  condition: evt.num=1\n  override: {condition: replace}\n");
    assert_eq!(message, "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists");
}

#[test]
fn lists_and_macros_may_be_replaced_before_they_are_defined() {
    let text = format!(
        "- macro: m\n  condition: evt.type = openat2\n  override: {{condition: replace}}\n\
         - macro: m\n  condition: evt.type in (open, openat)\n{}",
        rule("m", "")
    );
    assert_eq!(condition(&text), "evt.type in (open, openat)");
    let text = format!(
        "- list: l\n  items: [a]\n  override: {{items: replace}}\n- list: l\n  items: [blkid]\n{}",
        rule("evt.type=open and proc.name in (l)", "")
    );
    assert_eq!(condition(&text), "(evt.type = open and proc.name in (blkid))");
}

#[test]
fn enabled() {
    let enabled = |loaded: &Loaded| loaded.rules.rules.iter().filter(|rule| rule.enabled).count();
    let off = rule(CLOSE, "enabled: false");
    let (loaded, warnings) = accepted(&off);
    assert_eq!((enabled(&loaded), warnings.len()), (0, 0));
    let (loaded, warnings) = accepted(&format!("{off}- rule: r\n  enabled: true\n"));
    assert_eq!((enabled(&loaded), warnings), (1, vec!["DEPRECATED_ITEM"]));
    let (loaded, _) =
        accepted(&format!("{off}- rule: r\n  condition: and proc.name=x\n  append: true\n  enabled: true\n"));
    assert_eq!(enabled(&loaded), 0);
    let (loaded, warnings) = accepted(&format!("{off}- rule: r\n  enabled: true\n  override: {{enabled: replace}}\n"));
    assert_eq!((enabled(&loaded), warnings.len()), (1, 0));
    let (loaded, _) = accepted(&format!("{off}{}", rule("evt.type=open and proc.name = cat", "enabled: true")));
    assert_eq!(enabled(&loaded), 1);
    assert_eq!(loaded.rules.rules[0].condition_text, "(evt.type = open and proc.name = cat)");
    assert_eq!(
        refused("- rule: zz\n  enabled: true\n"),
        ("VALIDATE", "Rule has 'enabled' key but no rule by that name already exists".to_owned())
    );
    assert_eq!(refused("- rule: zz\n").1, "Item has no mapping for key 'enabled'");
}

#[test]
fn sources() {
    let other = rule(CLOSE, "source: k8s_audit");
    assert_eq!(accepted(&other).1, ["UNKNOWN_SOURCE"]);
    let changed =
        ["- rule: r\n  condition: and x\n  append: true\n  source: syscall\n", &rule(CLOSE, "source: syscall")]
            .map(|second| refused(&format!("{other}{second}")).1);
    assert_eq!(changed, ["Rule has been re-defined with a different source"; 2]);
    for source in ["source:", "source: \"\""] {
        let text = format!("{}- rule: r\n  condition: and proc.name=x\n  append: true\n  {source}\n", rule(CLOSE, ""));
        assert_eq!(accepted(&text).1, ["DEPRECATED_ITEM"]);
    }
}

#[test]
fn redefinition_keeps_the_place() {
    let named = |name: &str| rule(CLOSE, "").replace("rule: r", &format!("rule: {name}"));
    let names = |loaded: &Loaded| loaded.rules.rules.iter().map(|r| r.name.clone()).collect::<Vec<_>>();
    let text = [named("a"), named("b"), named("a")].concat();
    assert_eq!(names(&accepted(&text).0), ["a", "b"]);
    let selection = |enable, pattern: &str| Selection { enable, choice: Choice::Rule(pattern.to_owned()) };
    let options = Options { selection: vec![selection(false, "a"), selection(true, "*")], ..Options::default() };
    assert_eq!(names(&load_with(options, &[&text])), ["b", "a"]);
    let options =
        Options { min_priority: Priority::Notice, selection: vec![selection(true, "*")], ..Options::default() };
    assert!(load_with(options, &[&text]).rules.rules.iter().all(|rule| !rule.enabled));
}

#[test]
fn macros_see_what_was_defined_before() {
    let undefined = |text: &str| assert_eq!(refused(text).1, "Undefined macro 'b' used in filter.");
    undefined("- macro: a\n  condition: b\n- macro: b\n  condition: a\n");
    undefined("- macro: b\n  condition: b\n");
    undefined(&format!("- macro: a\n  condition: b\n- macro: b\n  condition: evt.num=1\n{}", rule("a", "")));
    let text = "- macro: a\n  condition: evt.num=1\n- macro: b\n  condition: a\n\
                - macro: a\n  condition: or b\n  append: true\n";
    assert_eq!(refused(text), ("VALIDATE", "reference loop in macro 'b'".to_owned()));
    assert_eq!(condition(&format!("{}- macro: m\n  condition: {CLOSE}\n", rule("m", ""))), "evt.type = close");
}

#[test]
fn lists_in_lists() {
    let text = |first: &str, second: &str| {
        format!("- list: {first}- list: {second}{}", rule("evt.type=open and proc.name in (l)", ""))
    };
    let inner = "i\n  items: [x, y]\n";
    let outer = "l\n  items: [a, i]\n";
    assert_eq!(condition(&text(inner, outer)), "(evt.type = open and proc.name in (a, x, y))");
    // A list that comes later is substituted too, but by the text of the condition.
    assert_eq!(condition(&text(outer, inner)), "(evt.type = open and proc.name in (a, x, y))");
    assert_eq!(
        condition(&rule("evt.type=open and proc.name in (nolist)", "")),
        "(evt.type = open and proc.name in (nolist))"
    );
}

#[test]
fn keys_and_values_of_rules() {
    let (loaded, _) = accepted(&rule(CLOSE, "capture: true\ncapture_duration: 10000\ntags: [b, a, b]"));
    let one = &loaded.rules.rules[0];
    assert_eq!((one.capture, one.capture_duration_ms, one.tags.join("")), (true, 10000, "ab".to_owned()));
    let text = format!(
        "{}- rule: r\n  tags: [c]\n  capture: false\n  capture_duration: 5\n  warn_evttypes: false\n  \
         override: {{tags: replace, capture: replace, capture_duration: replace, warn_evttypes: replace}}\n",
        rule(CLOSE, "capture: true\ntags: [a]")
    );
    let (loaded, warnings) = accepted(&text);
    let one = &loaded.rules.rules[0];
    assert_eq!(
        (one.capture, one.capture_duration_ms, one.tags.join(""), warnings.len()),
        (false, 5, "c".to_owned(), 0)
    );
    assert_eq!(refused(&rule(CLOSE, "capture_duration: not_a_number")).1, "Can't decode YAML scalar value");
    let (loaded, _) = accepted(&rule(CLOSE, "capture: \"yes\""));
    assert!(loaded.rules.rules[0].capture);
    assert_eq!(accepted(&rule("proc.name = cat", "")).1, ["NO_EVTTYPE"]);
    assert!(accepted(&rule("proc.name = cat", "warn_evttypes: false")).1.is_empty());
    for empty in ["evt.num = 0", "evt.type = open and evt.type = close"] {
        assert!(accepted(&rule(empty, "")).1.is_empty(), "{empty}");
    }
}

#[test]
fn names_and_keys_that_give_warnings() {
    let macro_name = "- macro: test-macro\n  condition: evt.num=1\n";
    assert_eq!(accepted(macro_name).1, ["INVALID_MACRO_NAME"]);
    let text = format!("- list: test list\n  items: [open]\n{}", rule("evt.type in (test list)", ""));
    let (loaded, warnings) = accepted(&text);
    assert_eq!(warnings, ["INVALID_LIST_NAME"]);
    assert_eq!(loaded.rules.rules[0].condition_text, "evt.type in (open)");
    for item in [rule(CLOSE, "typo_field: x"), format!("{macro_name}  typo_field: x\n").replace("test-macro", "m")] {
        let (loaded, _) = accepted(&item);
        let keys: Vec<_> = loaded.results[0].warnings.iter().filter(|w| w.code == Code::UnknownKey).collect();
        assert_eq!(keys[0].message, "Unknown key 'typo_field'. The key will be ignored.");
    }
    assert_eq!(accepted("- list: l\n  items: []\n  priority: INFO\n").1, ["UNKNOWN_KEY"]);
    assert_eq!(accepted("- foo: 1\n").1, ["UNKNOWN_ITEM"]);
}

#[test]
fn outputs() {
    let output = |text: &str| rule(CLOSE, "").replace("output: o", &format!("output: {text}"));
    assert_eq!(accepted(&output("'%evt.dir'")).1, ["DEPRECATED_ITEM"]);
    let (loaded, warnings) = accepted(&output("'a %container.info b'"));
    assert_eq!(warnings, ["DEPRECATED_ITEM"]);
    assert_eq!(loaded.rules.rules[0].output.pieces, [crate::hir::Piece::Text("a  b".to_owned())]);
    let unknown = ["'%not_a_field'", "'% b'", "'%evt.arg'", "'%val(x.y)'", "'%toupper (x.y)'", "'%toupper(proc.name'"];
    for text in unknown {
        assert_eq!(
            refused(&output(text)),
            ("COMPILE_OUTPUT", "unknown filter: unexpected token after '".to_owned()),
            "{text}"
        );
    }
    assert_eq!(refused(&output("'a %'")).1, "invalid formatting syntax: formatting cannot end with a %");
    assert_eq!(refused(&output("'a %5'")).1, "invalid formatting syntax: formatting cannot end with a number");
    assert!(accepted(&output("'%5proc.name'")).1.is_empty());
}

#[test]
fn extra_output() {
    let to = |rule: &str, tags: &[&str]| Match {
        rule: rule.to_owned(),
        tags: tags.iter().map(|t| (*t).to_owned()).collect(),
        ..Match::default()
    };
    let extra = vec![
        ExtraOutput { to: to("", &["t", "u"]), what: Extra::Text("e1".to_owned()) },
        ExtraOutput { to: to("other", &[]), what: Extra::Text("e2".to_owned()) },
        ExtraOutput { to: to("r", &["t"]), what: Extra::Text("e3 %proc.name".to_owned()) },
        ExtraOutput { to: Match::default(), what: Extra::Field("proc.pid".to_owned()) },
        ExtraOutput { to: Match::default(), what: Extra::Formatted("key".to_owned(), "x %proc.exe".to_owned()) },
    ];
    let loaded = load_with(Options { extra, ..Options::default() }, &[&rule(CLOSE, "tags: [t]")]);
    assert!(loaded.successful(), "{:#?}", loaded.results[0].errors);
    let one = &loaded.rules.rules[0];
    assert_eq!(one.output.pieces[0], crate::hir::Piece::Text("o e3 ".to_owned()));
    let keys: Vec<_> = one.extra_fields.iter().map(|field| field.key.as_str()).collect();
    assert_eq!(keys, ["key", "proc.pid"]);
    assert!(matches!(one.extra_fields[1].value, crate::hir::ExtraValue::Typed(_)));
}
