use super::{accepts, check, error, predicate};
use crate::hir::{Operand, Transform, TransformKind};
use peregrine_schema::Type;

fn transform(text: &str) -> Transform {
    match predicate(text).lhs {
        Operand::Transform(transform) => *transform,
        other => panic!("{other:?}"),
    }
}

#[test]
fn types_of_results() {
    let cases = [
        ("toupper(proc.name) exists", TransformKind::Toupper, Type::Charbuf, false),
        ("tolower(fd.types) exists", TransformKind::Tolower, Type::Charbuf, true),
        ("len(fd.types) = 1", TransformKind::Len, Type::Uint64, false),
        ("len(fd.name) = 9", TransformKind::Len, Type::Uint64, false),
        ("len(evt.buffer) > 1", TransformKind::Len, Type::Uint64, false),
        ("len((proc.name, 'x')) = 2", TransformKind::Len, Type::Uint64, false),
        ("b64(evt.buffer) = x", TransformKind::B64, Type::Bytebuf, false),
        ("b64(\"aGVsbG8=\") = hello", TransformKind::B64, Type::Charbuf, false),
        ("basename(proc.exepath) = x", TransformKind::Basename, Type::Charbuf, false),
        ("join(\",\", (evt.num, proc.name)) = x", TransformKind::Join, Type::Charbuf, false),
        ("join(\",\", fd.types) = x", TransformKind::Join, Type::Charbuf, false),
        ("join(fd.name, ()) = x", TransformKind::Join, Type::Charbuf, false),
        ("concat(proc.name, 1, \"x\") = x", TransformKind::Concat, Type::Charbuf, false),
        ("len(join(\"-\", (\"aaa\",\"bbb\"))) = 7", TransformKind::Len, Type::Uint64, false),
        ("getopt(fd.types, \"nt:\") in (t)", TransformKind::Getopt, Type::Charbuf, true),
        ("getopt((\"-t\", \"x\"), \"nt:\")[t] = x", TransformKind::Getopt, Type::Charbuf, false),
    ];
    for (text, kind, ty, list) in cases {
        let transform = transform(text);
        assert_eq!((transform.kind, transform.ty, transform.list), (kind, ty, list), "{text}");
    }
    accepts("proc.name = toupper(basename(proc.exe))");
    accepts("evt.num = len(proc.name)");
    accepts("fd.name startswith concat(proc.cwd, \"/\")");
    assert_eq!(transform("getopt(fd.types, \"t:\")[t] = x").key.as_deref(), Some("t"));
}

#[test]
fn refused() {
    let cases = [
        (
            "toupper(evt.rawres) = x",
            "can't add field transformer: type 'INT64' is not supported by 'toupper' transformer applied on field 'evt.rawres'",
        ),
        (
            "b64(evt.rawres) = x",
            "can't add field transformer: type 'INT64' is not supported by 'b64' transformer applied on field 'evt.rawres'",
        ),
        (
            "toupper(len(proc.name)) = x",
            "can't add field transformer: type 'UINT64' is not supported by 'toupper' transformer applied on field 'proc.name'",
        ),
        ("toupper(evt.rawarg.res) = x", "field 'evt.rawarg' does not support transformers"),
        ("len(proc.aname) = 1", "field 'proc.aname' does not support transformers"),
        ("toupper(fd.name)[x] = y", "filter error: transformer 'toupper' does not support field arguments"),
        ("join(\"x\") = y", "unknown field transfomer 'join'"),
        ("toupper(proc.name, fd.name) = y", "unknown multivalue transformer"),
        ("join(\"x\", (proc.name), 1) = y", "join() requires exactly 2 arguments: separator and list"),
        ("join(fd.types, (proc.name)) = y", "join() first argument (separator) must be a single value, not a list"),
        ("join(\"x\", proc.name) = y", "join() second argument must be a list"),
        ("join(\"x\", (proc.name))[1] = y", "transformer 'join' does not support field arguments"),
        ("concat(proc.name, fd.types) = y", "concat() arguments must be strings"),
        ("concat(proc.name, evt.num) = y", "concat() arguments must be strings"),
        ("getopt(fd.types, \"n\", \"t\") exists", "getopt() requires exactly 2 arguments: args list and optstring"),
        ("getopt(proc.args, \"n\") exists", "getopt() first argument must be a list"),
        ("getopt(fd.types, fd.types) exists", "getopt() second argument (optstring) must be a single value"),
        ("getopt(fd.types, evt.num) exists", "getopt() arguments must be strings"),
        ("getopt(fd.types, \"n\")[\"\"] exists", "getopt() field argument must be a single option character"),
        ("getopt(fd.types, \"n\")[nn] exists", "getopt() field argument must be a single option character"),
        ("getopt(fd.types, \"n\") = x", "filter error: '=' operator not supported list filters"),
        ("toupper(no.field) = y", "filter_check called with nonexistent field no.field"),
        ("join(\"-\", (no.field)) = y", "filter_check called with nonexistent field no.field"),
        ("fd.types in val(proc.name)", "field 'fd.types' doesn't support right-hand side fields"),
        ("proc.name in tolower(fd.types)", "field 'fd.types' can't be used as a right-hand side field"),
        (
            "len(proc.name) = val(proc.exe)",
            "field 'proc.name' has type 'UINT64' while the right-hand side field 'proc.exe' has incompatible type 'CHARBUF'",
        ),
        (
            "proc.name in getopt((\"a\"), \"n\")",
            "field 'proc.name' has type 'CHARBUF' while the right-hand side field 'INTERNAL' has incompatible type 'CHARBUF (list)'",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(error(text).message, message, "{text}");
    }
}

#[test]
fn constants_of_a_transformed_event_type_are_event_names_too() {
    assert!(check("tolower(evt.type) startswith open").is_ok());
    assert_eq!(error("toupper(evt.type) startswith OPEN").message, "unknown event type OPEN");
    assert_eq!(error("len(evt.type) > 4").message, "unknown event type 4");
}
