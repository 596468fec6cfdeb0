//! The text form reads back as the same program; what is broken is refused, by the reader or by the verifier.

use super::*;
use crate::ir::verify::verify;
use crate::load::{Loader, Options};

fn own_rules() -> RuleSet {
    let mut loader = Loader::new(Options::default());
    loader.add_file("peregrine_rules.yaml", include_bytes!("../../../../rules/peregrine_rules.yaml"));
    let loaded = loader.finish();
    assert!(loaded.successful());
    loaded.rules
}

#[test]
fn own_rules_read_back() {
    let rules = own_rules();
    let program = Program::new(&rules);
    verify(&program, &rules).unwrap();
    let text = Text(&program, &rules).to_string();
    let read = parse(&text).unwrap();
    assert_eq!(read.to_string(), text);
    assert_eq!((read.program.functions, read.program.by_code), (program.functions, program.by_code));
}

#[test]
fn names_and_constants_with_special_characters_read_back() {
    let text = "p0: proc.name = \"a\\\"b\\\\c\\x5C\"\n\
                p1: evt.around[17] = 5\n\
                p2: tolower(fd.name) in (\"a b\", \"\\xFF\")\n\
                rule r0: \"say \\\"no\\\": a\\\\b \\xC3\\xBC\"\n\
                fn 307:\n  b0: test p0 b1 b2\n  b1: match r0 b2\n  b2: return\n";
    let read = parse(text).unwrap();
    assert_eq!(read.rules, ["say \"no\": a\\b ü"]);
    assert_eq!(read.to_string(), text);
}

/// What the reader or, failing that, the verifier says about a text.
fn refused(text: &str) -> String {
    let read = match parse(text) {
        Ok(read) => read,
        Err(error) => return error,
    };
    let mut rules = own_rules();
    rules.fields = read.fields;
    rules.rules.truncate(read.rules.len());
    verify(&read.program, &rules).expect_err(text)
}

#[test]
fn broken_texts() {
    for (text, expected) in [
        ("p0 proc.name = a", "line 1: expected ':'"),
        ("\n# fine\np1: proc.name = a", "line 3: expected p0, found 'p1'"),
        ("p0: proc.name = a and proc.pid = 1", "line 1: a predicate is one comparison"),
        ("p0: no.field = 1", "line 1: filter_check called with nonexistent field no.field"),
        ("rule r0: bare", "line 1: expected a quoted string"),
        ("rule r0: \"\\xFF\"", "line 1: the name of a rule is not UTF-8"),
        ("fn x:", "line 1: 'x' is not an event code"),
        ("fn 9999:", "line 1: no event code 9999"),
        ("b0: return", "line 1: a block before the first function"),
        ("fn 1:\nb0: jump b1", "line 2: expected test, switch, gate, match or return, found 'jump b1'"),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn broken_programs() {
    let program = |blocks: &str| format!("p0: proc.name = a\nrule r0: \"r\"\nfn 307:\n{blocks}");
    for (blocks, expected) in [
        ("", "fn 0: no block"),
        ("b0: test p0 b0 b1\nb1: return", "fn 0: b0: b0 is not a later block"),
        ("b0: test p0 b1 b9\nb1: return", "fn 0: b0: b9 is not a later block"),
        ("b0: test p7 b1 b1\nb1: return", "fn 0: b0: no predicate p7"),
        ("b0: match r3 b1\nb1: return", "fn 0: b0: no rule r3"),
        ("b0: match r0 b0", "fn 0: b0: b0 is not a later block"),
        ("b0: return\nfn 307:\nb0: return", "fn 0: code 307 does not lead to it"),
    ] {
        assert_eq!(refused(&program(blocks)), expected, "{blocks}");
    }
}

#[test]
fn programs_that_do_not_fit_their_rules() {
    let rules = own_rules();
    let whole = Program::new(&rules);
    let mut program = whole.clone();
    program.by_code.pop();
    assert_eq!(verify(&program, &rules), Err("453 codes instead of 454".to_owned()));
    let mut program = whole.clone();
    let code = program.by_code.iter().position(Option::is_none).expect("a silent code");
    program.by_code[code] = Some(0);
    assert_eq!(verify(&program, &rules), Err(format!("code {code}: function 0 does not list it")));
    let mut fewer = rules.clone();
    fewer.fields.truncate(1);
    assert!(verify(&whole, &fewer).is_err_and(|e| e.contains("no field")));
}
