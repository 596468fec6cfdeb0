//! Hostile files end in errors, soon, and never in a crash.

use super::*;

#[test]
fn bytes_that_are_no_text() {
    let mut loader = Loader::new(Options::default());
    loader.add_file("a", b"- list: \xff\n");
    loader.add_file("b", &[0; 64]);
    loader.add_file("c", b"\xfe\xff\x00-");
    let results = loader.finish().results;
    assert!(results.iter().all(|result| !result.successful()), "{results:#?}");
}

#[test]
fn files_that_are_too_large() {
    let mut loader = Loader::new(Options::default());
    loader.add_file("a", &vec![b' '; MAX_FILE + 1]);
    let long = format!("- list: l\n  items: [{}]\n", "abcdefg, ".repeat(MAX_FILE / 9 - 10));
    loader.add_file("b", long.as_bytes());
    let results = loader.finish().results;
    assert_eq!(results[0].errors[0].code, Code::FileRead);
    assert!(results[1].successful(), "{:?}", results[1].errors.first());
}

#[test]
fn nesting() {
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000), "? ".repeat(100_000)] {
        assert_eq!(refused(&text).0, "YAML_PARSE");
    }
    for text in [format!("{}evt.num=1", "(".repeat(100_000)), "not(".repeat(100_000)] {
        assert_eq!(refused(&rule(&text, "")).0, "COMPILE_CONDITION");
    }
}

#[test]
fn aliases_that_multiply() {
    let mut text = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let inner = format!("*a{}", i - 1);
        text.push_str(&format!("- &a{i} [{}]\n", vec![inner; 10].join(", ")));
    }
    assert_eq!(refused(&text), ("YAML_PARSE", "aliases make the document too large".to_owned()));
    assert_eq!(refused("- &a [*a]\n").0, "YAML_PARSE");
}

#[test]
fn macros_that_multiply() {
    let mut text = "- macro: m0\n  condition: evt.num > 0\n".to_owned();
    for i in 1..40 {
        text.push_str(&format!("- macro: m{i}\n  condition: m{0} and m{0} and m{0}\n", i - 1));
    }
    text.push_str(&rule("m39", ""));
    let (code, message) = refused(&text);
    assert_eq!((code, message.as_str()), ("VALIDATE", "condition is too large once its macros are expanded"));
    let mut text = "- macro: m0\n  condition: evt.num > 0\n".to_owned();
    for i in 1..2000 {
        text.push_str(&format!("- macro: m{i}\n  condition: not (m{} and evt.num > 1)\n", i - 1));
    }
    assert_eq!(refused(&text).1, "condition is nested too deep once its macros are expanded");
}

#[test]
fn lists_that_multiply() {
    let mut text = String::new();
    for i in 0..12 {
        text.push_str(&format!("- list: l{i}\n  items: [{}]\n", vec![format!("l{}", i + 1); 10].join(", ")));
    }
    text.push_str(&rule("evt.type = open and proc.name in (l0)", ""));
    let loaded = load(&[&text]);
    // Lists in lists are resolved one level, and substitution goes on from there.
    assert_eq!(loaded.results[0].errors[0].message, "condition becomes too large when lists are substituted");
}

/// Sizes that took minutes, or all memory, while anything in loading grew with their square.
#[test]
fn many_of_everything() {
    let all = |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<String>();
    let open = |more: &str| rule(&format!("evt.type = open {more}"), "");
    let unused =
        all(4000, &|i| format!("- macro: m{i}\n  condition: proc.name = a{i}\n- list: l{i}\n  items: [a, b]\n"));
    let loaded = load(&[&format!("{unused}{}", open(""))]);
    assert_eq!((loaded.results[0].warnings.len(), loaded.results[0].left_out), (8000, 0));

    let rows = all(10_000, &|i| format!("    - [a{i}, /b{i}]\n"));
    let one =
        format!("exceptions:\n- name: e\n  fields: [proc.name, fd.name]\n  comps: [=, startswith]\n  values:\n{rows}");
    assert!(accepted(&rule("evt.type=open", &one)).0.rules.rules[0].condition_text.len() > 100_000);
    let exceptions = all(5000, &|i| format!("- {{name: e{i}, fields: proc.name, values: [a]}}\n"));
    accepted(&rule("evt.type=open", &format!("exceptions:\n{exceptions}")));

    let terms = all(20_000, &|i| format!(" or proc.name = a{i}"));
    accepted(&open(&format!("and (proc.name = a{terms})")));
    let anchors = all(20_000, &|i| format!("- &a{i} x{i}\n"));
    refused(&anchors);
    accepted(&format!(
        "- list: l\n  items:\n{}{}",
        all(20_000, &|i| format!("  - &a{i} x{i}\n")),
        open("and proc.name in (l)")
    ));

    let items = format!("- list: l\n  items: [{}]\n", all(20_000, &|i| format!("item{i}, ")));
    let rules = all(10, &|i| {
        open(&format!("and proc.name in (l) and proc.pid = {i}")).replace("rule: r", &format!("rule: r{i}"))
    });
    assert_eq!(accepted(&format!("{items}{rules}")).0.rules.rules.len(), 10);
    let patterns = all(200, &|i| {
        open(&format!("and fd.name regex \"/a{i}/[a-z]+/[0-9]{{1,8}}(x|y)*\""))
            .replace("rule: r", &format!("rule: r{i}"))
    });
    accepted(&patterns);
}

#[test]
fn many_mistakes() {
    let all = |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<String>();
    let unknown = all(3000, &|i| format!(" or nosuch{i}"));
    let known = all(3000, &|i| format!("- macro: such{i}\n  condition: proc.name = a{i}\n"));
    let loaded = load(&[&format!("{known}{}", rule(&format!("such1{unknown}"), ""))]);
    assert_eq!(loaded.results[0].errors.len(), 3000);
    assert!(loaded.results[0].errors[0].help.is_some());

    let fields = all(MAX_TOLD + 100, &|i| format!(" or proc.nosuch{i} = 1"));
    let result = &load(&[&rule(&format!("proc.name = a{fields}"), "")]).results[0];
    assert_eq!((result.errors.len(), result.left_out), (MAX_TOLD, 100));

    let same = "- {name: e, fields: proc.name, values: [a]}\n".repeat(500);
    let (loaded, _) = accepted(&rule("evt.type=open", &format!("exceptions:\n{same}")));
    assert!(loaded.results[0].warnings.len() < 500 * 17);
}
