//! Trees as yaml-cpp gives them: shapes, places, what is refused.

use super::*;
use std::fmt::Write;

/// `map 0:2`, `s 0:2 text`, `null 1:4`, `seq 2:0`: kind, line and column from 0; deeper nodes indented.
fn show(node: &Node, source: &crate::report::Source, depth: usize, out: &mut String) {
    let (line, column) = source.line_column(node.span.start);
    let pad = " ".repeat(depth);
    let text = match &node.kind {
        Kind::Null => format!("null {line}:{column}"),
        Kind::Scalar(s) => format!("s {line}:{column} {}", s.text().escape_debug()),
        Kind::Seq(_) => format!("seq {line}:{column}"),
        Kind::Map(_) => format!("map {line}:{column}"),
    };
    writeln!(out, "{pad}{text}").expect("a string takes text");
    for item in node.seq().unwrap_or_default() {
        show(item, source, depth + 1, out);
    }
    for (key, value) in node.map().unwrap_or_default() {
        show(key, source, depth + 1, out);
        show(value, source, depth + 2, out);
    }
}

#[track_caller]
fn tree(text: &str) -> String {
    let source = crate::report::Source::new(String::new(), text.to_owned());
    let mut out = String::new();
    for document in load(text, FileId(0)).expect("YAML") {
        show(&document, &source, 0, &mut out);
    }
    out
}

fn refused(text: &str) -> bool {
    load(text, FileId(0)).is_err()
}

#[test]
fn shapes_and_places() {
    let text = "- rule: r\n  condition: >\n    a\n    b\n  tags: [x, 'y z']\n  enabled:\n";
    let expected = "seq 0:0\n map 0:2\n  s 0:2 rule\n   s 0:8 r\n  s 1:2 condition\n   s 1:13 a b\\n\n  s 4:2 tags\n   \
                    seq 4:8\n    s 4:9 x\n    s 4:12 y z\n  s 5:2 enabled\n   null 5:9\n";
    assert_eq!(tree(text), expected);
}

#[test]
fn sequences_need_no_indentation() {
    assert_eq!(tree("a:\n- b\n"), "map 0:0\n s 0:0 a\n  seq 1:0\n   s 1:2 b\n");
    assert_eq!(tree("a: [\n  b\n]\n"), "map 0:0\n s 0:0 a\n  seq 0:3\n   s 1:2 b\n");
}

#[test]
fn an_alias_is_the_anchored_node() {
    assert_eq!(
        tree("- &x {a: b}\n- *x\n"),
        "seq 0:0\n map 0:2\n  s 0:6 a\n   s 0:9 b\n map 0:2\n  s 0:6 a\n   s 0:9 b\n"
    );
    assert_eq!(tree("- &x y\n- *x\n"), "seq 0:0\n s 0:2 y\n s 0:2 y\n");
    assert!(refused("- *x\n"));
    assert!(refused("- &a [*a]\n"));
    assert!(tree("- <<: {a: b}\n").contains("s 0:2 <<"), "merge keys are keys");
}

#[test]
fn the_first_of_equal_keys_is_found() {
    let documents = load("{a: 1, a: 2}", FileId(0)).expect("YAML");
    assert_eq!(documents[0].get("a").and_then(|n| n.scalar()).map(|s| s.text()), Some("1"));
}

#[test]
fn nulls() {
    for null in ["~", "null", "Null", "NULL", ""] {
        assert!(load(&format!("- {null}\n"), FileId(0)).expect("YAML")[0].seq().expect("a sequence")[0].is_null());
    }
    for text in ["'~'", "\"\"", "nULL", "!!str null"] {
        assert!(!load(&format!("- {text}\n"), FileId(0)).expect("YAML")[0].seq().expect("a sequence")[0].is_null());
    }
}

#[test]
fn documents() {
    assert_eq!(load("--- [a]\n--- [b]\n...\n", FileId(0)).expect("YAML").len(), 2);
    assert_eq!(tree("- a\nb\n"), "seq 0:0\n s 0:2 a\ns 1:0 b\n", "no --- is needed");
    assert_eq!(tree("a: >\n  b"), "map 0:0\n s 0:0 a\n  s 0:3 b\n", "the file's end is no line feed");
    assert_eq!(tree("a: b\nc"), "map 0:0\n s 0:0 a\n  s 0:3 b\n s 1:0 c\n  null 1:1\n", "the last colon may lack");
}

#[test]
fn what_is_no_yaml() {
    for text in
        ["a: b: c", "- a: [b\n", "- a\n\t- b\n", "a: 'b\n", "a: \"\\q\"\n", "{a: b", "- @a\n", "a: \"b\" c\nd: e\n"]
    {
        assert!(refused(text), "{text:?}");
    }
}
