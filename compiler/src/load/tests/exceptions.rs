//! Exceptions: shapes, expansion, mistakes.

use super::*;

/// The condition of a rule on `evt.type=open` with exceptions, without the rule's own part.
#[track_caller]
fn expanded(exceptions: &str) -> String {
    let text = condition(&rule("evt.type=open", &format!("exceptions:\n{exceptions}")));
    let inner = text.strip_prefix("(evt.type = open and ").expect("an expansion");
    inner.strip_suffix(')').expect("a parenthesis").to_owned()
}

#[track_caller]
fn wrong(exceptions: &str) -> (&'static str, String) {
    refused(&rule("evt.type=open", &format!("exceptions:\n{exceptions}")))
}

#[test]
fn expansion() {
    let cases = [
        ("  - {name: e, fields: proc.name, values: [a, b c]}", "not proc.name in (a, \"b c\")"),
        ("  - {name: e, fields: proc.name, comps: pmatch, values: [/a, /b]}", "not proc.name pmatch (/a, /b)"),
        ("  - {name: e, fields: [proc.name], values: [[a], [b]]}", "not (proc.name = a or proc.name = b)"),
        (
            "  - {name: e, fields: [proc.name, fd.name], comps: [in, contains], values: [[[a, b], c]]}",
            "not (proc.name in (a, b) and fd.name contains c)",
        ),
        ("  - {name: e, fields: [proc.name], comps: [in], values: [[a]]}", "not proc.name in (a)"),
        (
            "  - {name: e, fields: [proc.name], comps: [startswith oneof], values: [[[sshd, sudo]]]}",
            "not proc.name startswith oneof (sshd, sudo)",
        ),
        (
            "  - {name: e, fields: [proc.name], comps: ['  startswith oneof  '], values: [[sshd]]}",
            "not proc.name startswith oneof (sshd)",
        ),
        (
            "  - {name: e, fields: [proc.name, fd.name], comps: [startswith oneof, startswith], \
             values: [[[sshd, sudo], /etc/]]}",
            "not (proc.name startswith oneof (sshd, sudo) and fd.name startswith /etc/)",
        ),
        (
            "  - {name: e, fields: [proc.name, fd.name, proc.exepath], comps: [contains, startswith, =], \
             values: [[agent, /var/log/, /usr/bin/prometheus]]}",
            "not (proc.name contains agent and fd.name startswith /var/log/ and proc.exepath = /usr/bin/prometheus)",
        ),
        (
            "  - {name: a, fields: [proc.name], comps: [startswith oneof], values: [[x]]}\n  \
             - {name: b, fields: [proc.name], comps: [contains anyof], values: [[y]]}",
            "not proc.name startswith oneof (x) and not proc.name contains anyof (y)",
        ),
        ("  - {name: e, fields: [proc.name], values: [[toupper(proc.pname)]]}", "not proc.name = toupper(proc.pname)"),
        ("  - {name: e, fields: [tolower(proc.name)], values: [[test]]}", "not tolower(proc.name) = test"),
        ("  - {name: e, fields: ['tolower( proc.name)'], values: [[test]]}", "not tolower(proc.name) = test"),
        ("  - {name: e, fields: [proc.name], values: [['\"a,b\"']]}", "not proc.name = a,b"),
    ];
    for (exceptions, expected) in cases {
        assert_eq!(expanded(exceptions), expected, "{exceptions}");
    }
    for comp in ["contains allof", "endswith anyof", "glob oneof", "icontains oneof", "= oneof"] {
        let text = format!("  - {{name: e, fields: [proc.name], comps: [{comp}], values: [[[a, b]]]}}");
        assert_eq!(expanded(&text), format!("not proc.name {comp} (a, b)"));
    }
    let text = rule("evt.type=open", "exceptions: [{name: e, fields: [proc.name]}]");
    assert_eq!(condition(&text), "evt.type = open");
}

#[test]
fn the_condition_is_put_in_parentheses() {
    let text = rule(
        "proc.cmdline contains curl or proc.cmdline contains wget",
        "warn_evttypes: false\nexceptions:\n- {name: e, fields: [proc.cmdline], comps: [contains], values: [[curl 127.0.0.1]]}",
    );
    let expected = "((proc.cmdline contains curl or proc.cmdline contains wget) and not proc.cmdline contains \
                    \"curl 127.0.0.1\")";
    assert_eq!(condition(&text), expected);
}

#[test]
fn values_that_look_like_fields_give_a_warning() {
    for value in ["proc.pname", "\"proc.pname\"", "'proc.pname '", "'toupper( proc.pname)'"] {
        let text = format!("exceptions:\n- {{name: e, fields: [proc.name], values: [[{value}]]}}");
        let (loaded, warnings) = accepted(&rule("evt.type=open", &text));
        assert_eq!(warnings, ["COMPILE_CONDITION"], "{value}");
        assert!(loaded.results[0].warnings[0].message.contains("misused as a const string value"));
    }
}

#[test]
fn lists_are_substituted_in_values() {
    for value in ["l", "(l)"] {
        let exception = format!(
            "exceptions:\n- {{name: e, fields: proc.name, values: [l]}}\n- {{name: f, fields: [fd.name], comps: [in], values: [[{value}]]}}"
        );
        let text = format!("- list: l\n  items: [x, y]\n{}", rule("evt.type=open", &exception));
        assert_eq!(condition(&text), "(evt.type = open and not proc.name in (x, y) and not fd.name in (x, y))");
    }
}

#[test]
fn definitions_that_are_refused() {
    let validate = [
        ("  - {name: e, fields: [not.exist], values: [[x]]}", "'not.exist' is not a supported filter field"),
        ("  - {name: e, fields: not.exist, values: [x]}", "'not.exist' is not a supported filter field"),
        ("  - {name: e, fields: [proc.name], comps: [no-comp]}", "'no-comp' is not a supported comparison operator"),
        (
            "  - {name: e, fields: [proc.name], comps: [frobulate oneof]}",
            "'frobulate oneof' is not a supported comparison operator",
        ),
        ("  - {name: e, fields: [proc.name], comps: [in oneof]}", "'in oneof' is not a supported comparison operator"),
        (
            "  - {name: e, fields: [proc.name], comps: ['>= oneof']}",
            "'>= oneof' is not a supported comparison operator",
        ),
        ("  - {name: e, fields: [proc.name], comps: [oneof]}", "'oneof' is not a supported comparison operator"),
        ("  - {name: e, fields: [proc.name], comps: [=, in]}", "Fields and comps lists must have equal length"),
        ("  - {name: e, fields: [proc.name], comps: in}", "Fields and comps lists must have equal length"),
        ("  - {name: e, fields: proc.name, comps: [in]}", "Fields and comps must both be strings"),
        (
            "  - {name: e, fields: [proc.name, fd.name], values: [[x]]}",
            "Fields and values lists must have equal length",
        ),
        ("  - {name: e, fields: [proc.name], values: [x]}", "Fields and values lists must have equal length"),
        ("  - {name: e, fields: proc.name, values: [[x]]}", "Expected values array to contain a list of strings"),
    ];
    for (exceptions, message) in validate {
        assert_eq!(wrong(exceptions), ("VALIDATE", message.to_owned()), "{exceptions}");
    }
    for comp in ["=", "frobulate oneof"] {
        let (_, message) = wrong(&format!("  - {{name: e, fields: proc.name, comps: '{comp}'}}"));
        assert!(message.starts_with("When fields is a single value, comps must be one of (in, pmatch, intersects)"));
    }
    let yaml = [
        ("  - {fields: [proc.name]}", "Item has no mapping for key 'name'"),
        ("  - {name: e}", "Item has no mapping for key 'fields'"),
        ("  - {name: e, fields: [proc.name], values: x}", "Rule exception values must be a sequence"),
        ("  - text", "Rule exception must be a mapping"),
        ("  {}", "Rule exceptions must be a sequence"),
    ];
    for (exceptions, message) in yaml {
        assert_eq!(wrong(exceptions), ("YAML_VALIDATE", message.to_owned()), "{exceptions}");
    }
    for value in ["'a,b'", "a(b)"] {
        let (code, message) = wrong(
            &format!("  - {{name: e, fields: [proc.name], comps: [in], values: [[[{value}, c)]]]}}")
                .replace(", c)", ", 'c)'"),
        );
        assert_eq!(code, "COMPILE_CONDITION", "{message}");
    }
}

#[test]
fn appended_exceptions() {
    let base = rule("evt.type=open", "exceptions:\n- {name: e, fields: [proc.name], values: [[a]]}");
    let appended = |exception: &str, how: &str| format!("{base}- rule: r\n  exceptions:\n  - {exception}\n  {how}\n");
    let append = "override: {exceptions: append}";
    let expected = "(evt.type = open and not (proc.name = a or proc.name = b))";
    assert_eq!(condition(&appended("{name: e, values: [[b]]}", append)), expected);
    let (loaded, warnings) = accepted(&appended("{name: e, values: [[b]]}", "append: true"));
    assert_eq!((loaded.rules.rules[0].condition_text.as_str(), warnings), (expected, vec!["DEPRECATED_ITEM"]));
    let new = appended("{name: f, fields: fd.name, values: [x]}", append);
    assert_eq!(condition(&new), "(evt.type = open and not proc.name = a and not fd.name in (x))");
    let misspelt = accepted(&appended("{name: e, value: [[b]]}", append));
    assert_eq!(misspelt.1, ["APPEND_NO_VALUES"]);
    assert!(!misspelt.0.results[0].schema_valid());
    let refusals = [
        (
            "{name: e, fields: [proc.name], values: [[b]]}",
            "Can not append exception fields to existing exception, only values",
        ),
        ("{name: e, comps: [=], values: [[b]]}", "Can not append exception comps to existing exception, only values"),
        ("{name: f, values: [[b]]}", "Rule exception must have fields property with a list of fields"),
        ("{name: f, fields: [proc.name]}", "Rule exception must have values property with a list of values"),
        ("{values: [[b]]}", "Item has no mapping for key 'name'"),
    ];
    for (exception, message) in refusals {
        assert_eq!(refused(&appended(exception, append)).1, message);
    }
    let replace = "override: {exceptions: replace}";
    assert_eq!(refused(&appended("{name: e, values: [[b]]}", replace)).1, "Item has no mapping for key 'fields'");
    let replaced = appended("{name: f, fields: [fd.name], values: [[x]]}", replace);
    assert_eq!(condition(&replaced), "(evt.type = open and not fd.name = x)");
    assert_eq!(
        refused(&appended("{name: f, fields: [no.field], comps: [=], values: [[x]]}", replace)).0,
        "COMPILE_CONDITION"
    );
}

#[test]
fn a_name_used_twice_gives_a_warning() {
    let twice = "exceptions:\n- {name: e, fields: proc.name, values: [a]}\n- {name: e, fields: proc.name, values: [b]}";
    assert_eq!(accepted(&rule("evt.type=open", twice)).1, ["EXCEPTION_NAME_NOT_UNIQUE"]);
}

/// Every operator that a list of fields may be compared by, with a scalar and with a list as value.
#[test]
fn every_comparison_of_a_list_of_fields() {
    let row = |comp: &str, value: &str| {
        expanded(&format!(
            "  - {{name: e, fields: [proc.name, fd.name], comps: ['{comp}', =], values: [[{value}, x]]}}"
        ))
    };
    for comp in ["=", "==", "!=", "contains", "icontains", "startswith", "endswith", "glob", "iglob"] {
        assert_eq!(row(comp, "ab"), format!("not (proc.name {comp} ab and fd.name = x)"));
        assert_eq!(row(comp, "'a b'"), format!("not (proc.name {comp} \"a b\" and fd.name = x)"));
        for modifier in ["oneof", "anyof", "allof"] {
            let comp = format!("{comp} {modifier}");
            assert_eq!(row(&comp, "ab"), format!("not (proc.name {comp} (ab) and fd.name = x)"));
            assert_eq!(row(&comp, "[ab, 'c d']"), format!("not (proc.name {comp} (ab, \"c d\") and fd.name = x)"));
        }
    }
    for comp in ["in", "intersects", "pmatch"] {
        assert_eq!(row(comp, "/a"), format!("not (proc.name {comp} (/a) and fd.name = x)"));
        assert_eq!(row(comp, "(/a)"), format!("not (proc.name {comp} (/a) and fd.name = x)"));
        assert_eq!(row(comp, "[/a, '/b c']"), format!("not (proc.name {comp} (/a, \"/b c\") and fd.name = x)"));
    }
    for comp in ["<", "<=", ">", ">="] {
        let text = format!("  - {{name: e, fields: [proc.pid], comps: ['{comp}'], values: [[5]]}}");
        assert_eq!(expanded(&text), format!("not proc.pid {comp} 5"));
    }
    assert_eq!(row("regex", "'[a-z]+'"), "not (proc.name regex [a-z]+ and fd.name = x)");
    // `exists` is let through and takes no value, so what follows it cannot be read.
    assert_eq!(wrong("  - {name: e, fields: [proc.name], comps: [exists], values: [[a]]}").0, "COMPILE_CONDITION");
    // A list where one value is asked for is in parentheses, which only lists may be.
    assert_eq!(wrong("  - {name: e, fields: [proc.name], comps: [=], values: [[[a, b]]]}").0, "COMPILE_CONDITION");
}

#[test]
fn every_comparison_of_a_single_field() {
    let values = |comp: &str, values: &str| {
        expanded(&format!("  - {{name: e, fields: proc.name, comps: '{comp}', values: [{values}]}}"))
    };
    for comp in ["in", "intersects", "pmatch", "startswith oneof", "!= allof", "glob anyof", "== oneof"] {
        assert_eq!(values(comp, "a"), format!("not proc.name {comp} (a)"));
        assert_eq!(values(comp, "a, 'b c', '\"d,e\"'"), format!("not proc.name {comp} (a, \"b c\", d,e)"));
        assert_eq!(values(&format!(" {comp} "), "a"), format!("not proc.name {comp} (a)"));
    }
    assert_eq!(expanded("  - {name: e, fields: proc.name, values: [a, a]}"), "not proc.name in (a, a)");
    assert_eq!(expanded("  - {name: e, fields: proc.name, comps: , values: [a]}"), "not proc.name in (a)");
    assert_eq!(expanded("  - {name: e, fields: [proc.name], comps: [], values: [[a]]}"), "not proc.name = a");
    for comp in ["contains", "exists", ">", "> oneof", "in oneof", "startswith oneof x", "oneof"] {
        let (code, _) = wrong(&format!("  - {{name: e, fields: proc.name, comps: '{comp}', values: [a]}}"));
        assert_eq!(code, "VALIDATE", "{comp}");
    }
}

#[test]
fn rows_and_exceptions_stand_in_order() {
    let text = "  - {name: b, fields: [proc.name, fd.name], values: [[a, x], [b, y], [c, z]]}
  - {name: none, fields: [proc.name]}
  - {name: empty, fields: fd.name, values: []}
  - {name: a, fields: fd.directory, comps: pmatch, values: [/x, /y]}";
    assert_eq!(
        expanded(text),
        "not ((proc.name = a and fd.name = x) or (proc.name = b and fd.name = y) or (proc.name = c and fd.name = z)) \
         and not fd.directory pmatch (/x, /y)"
    );
}

/// Files that follow append, replace and define anew; the condition is always that of all of it together.
#[test]
fn exceptions_through_several_files() {
    let base = rule("evt.type=open", "exceptions:\n- {name: e, fields: [proc.name, fd.name], values: [[a, x]]}");
    let change = |exception: &str, how: &str| {
        format!("- rule: r\n  exceptions: [{exception}]\n  override: {{exceptions: {how}}}\n")
    };
    let condition_of = |files: &[&str]| {
        let mut loader = Loader::new(Options::default());
        for (i, file) in files.iter().enumerate() {
            loader.add_file(&format!("{i}.yaml"), file.as_bytes());
        }
        let loaded = loader.finish();
        assert!(loaded.successful(), "{:#?}", loaded.results);
        loaded.rules.rules[0].condition_text.clone()
    };
    let more = change("{name: e, values: [[b, y], [c, z]]}", "append");
    let other = change("{name: f, fields: proc.pname, comps: startswith anyof, values: [s]}", "append");
    let others = change("{name: f, values: [t, u]}", "append");
    let instead = change("{name: g, fields: [proc.name], values: [[q]]}", "replace");
    let whole =
        "not ((proc.name = a and fd.name = x) or (proc.name = b and fd.name = y) or (proc.name = c and fd.name = z))";
    assert_eq!(condition_of(&[&base, &more]), format!("(evt.type = open and {whole})"));
    assert_eq!(
        condition_of(&[&base, &more, &other, &others]),
        format!("(evt.type = open and {whole} and not proc.pname startswith anyof (s, t, u))")
    );
    assert_eq!(condition_of(&[&base, &more, &instead]), "(evt.type = open and not proc.name = q)");
    assert_eq!(
        condition_of(&[&base, &instead, &change("{name: g, values: [[r]]}", "append")]),
        "(evt.type = open and not (proc.name = q or proc.name = r))"
    );
    assert_eq!(condition_of(&[&base, &more, &rule("evt.type=close", "")]), "evt.type = close");
}
