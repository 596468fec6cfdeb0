use crate::check::{CheckError, CheckWarning, Checker, ErrorKind, WarningKind};
use crate::hir::{Operand, Piece, Template};

fn template(text: &str) -> Result<(Template, Vec<CheckWarning>), CheckError> {
    Checker::new().template(text, 0)
}

/// Pieces as text: literals as they are, tokens as `{width:key,key}`.
fn shown(text: &str) -> String {
    let (template, _) = template(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Token(token) => {
            let keys: Vec<&str> = token.keys.iter().map(|k| k.0.as_str()).collect();
            let kind = if matches!(token.operand, Operand::Field(_)) { "" } else { "!" };
            format!("{{{}:{kind}{}}}", token.width, keys.join(","))
        }
    };
    template.pieces.iter().map(piece).collect()
}

#[test]
fn tokens() {
    let cases = [
        ("start end", "start end"),
        ("%proc.name", "{0:proc.name}"),
        ("start %2proc.name end", "start {2:proc.name} end"),
        ("%10proc.name", "{10:proc.name}"),
        ("%010proc.name", "{10:proc.name}"),
        ("start%proc.nameand%thread.tidend", "start{0:proc.name}and{0:thread.tid}end"),
        ("%proc.name[1]", "{0:proc.name}[1]"),
        ("%proc.name.", "{0:proc.name}."),
        ("%proc.aname[1]%evt.arg[0]", "{0:proc.aname[1]}{0:evt.arg[0]}"),
        ("%proc.env[\"A B\"]", "{0:proc.env[\"A B\"]}"),
        ("%evt.arg.fd=x", "{0:evt.arg.fd}=x"),
        ("%evt.args", "{0:evt.args}"),
        ("%fd.ip", "{0:fd.ip}"),
        ("%toupper(proc.name)", "{0:!proc.name}"),
        ("%toupper( proc.name )x", "{0:!proc.name}x"),
        ("%5join(\"->\", (proc.name, evt.arg.path))", "{5:!proc.name,evt.arg.path}"),
        (
            "%toupper(join(\"->\", (concat(proc.name, evt.arg.path), proc.name)))",
            "{0:!proc.name,evt.arg.path,proc.name}",
        ),
        ("%container.label[a.b] %container.id", "{0:container.label[a.b]} {0:container.id}"),
        ("\u{e9}%proc.name\u{e9}", "\u{e9}{0:proc.name}\u{e9}"),
        ("*x %proc.pid", "*x {0:proc.pid}"),
    ];
    for (text, pieces) in cases {
        assert_eq!(shown(text), pieces, "{text:?}");
    }
}

#[test]
fn refused() {
    let unknown = "unknown filter: unexpected token after '";
    for text in [
        "%not_a_field",
        "%some.field",
        "%a",
        "% b",
        "% ",
        "%%",
        "%evt.arg",
        "%evt.arg.nosuch",
        "%val(proc.name)",
        "%(x.y)",
        "%toupper (proc.name)",
        "%toupper(evt.num)",
        "%toupper(proc.name",
        "x %proc.nam y",
        "%5 proc.name",
        "%\u{e9}",
    ] {
        let error = template(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.kind), (unknown, ErrorKind::UnknownField), "{text:?}");
    }
    let cases = [
        ("", "empty formatting token"),
        ("x %", "invalid formatting syntax: formatting cannot end with a %"),
        ("x %5", "invalid formatting syntax: formatting cannot end with a number"),
        ("%99999999999proc.name", "invalid formatting syntax: width 99999999999 is larger than 1048576"),
    ];
    for (text, message) in cases {
        let error = template(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.kind), (message, ErrorKind::Other), "{text:?}");
    }
    assert_eq!(template("a %proc.name %nosuch.field, x").unwrap_err().at.range, 13..26);
}

#[test]
fn deprecated_fields_are_found_anywhere_in_the_text() {
    let (_, warnings) = template("%evt.latency.s evt.dir").unwrap();
    let kinds: Vec<WarningKind> = warnings.iter().map(|w| w.kind).collect();
    let expected = ["evt.dir", "evt.latency", "evt.latency.s"].map(WarningKind::DeprecatedField);
    assert_eq!(kinds, expected);
    assert_eq!(warnings[0].message, "usage of deprecated field 'evt.dir' has been detected in the rule output");
}

#[test]
fn long_texts_take_reasonable_time() {
    let text = format!("{}%nosuch.field", "%proc.name[x y] ".repeat(1000));
    assert!(template(&text).is_err());
}
