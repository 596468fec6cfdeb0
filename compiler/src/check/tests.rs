//! What is accepted and refused, with which words, and what it becomes.

mod regex;
mod shared;
mod templates;
mod transformers;

use super::*;
use crate::hir::{EventSet, Modifier, Operand};
use crate::syntax::parse_condition;
use crate::syntax::parser::MAX_DEPTH;
use crate::value::Arg;
use peregrine_schema::FieldId;

fn no_span(_: &At) -> Span {
    Span::NONE
}

fn parsed(text: &str) -> ast::Expr {
    parse_condition(text, 0, MAX_DEPTH).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn check(text: &str) -> Result<(Expr, Vec<CheckWarning>), CheckError> {
    Checker::new().condition(&parsed(text), &no_span)
}

fn accepts(text: &str) {
    if let Err(error) = check(text) {
        panic!("{text:?}: {error}");
    }
}

fn error(text: &str) -> CheckError {
    match check(text) {
        Ok((expr, _)) => panic!("{text:?}: {expr:?}"),
        Err(error) => error,
    }
}

fn predicate(text: &str) -> Predicate {
    match check(text) {
        Ok((Expr::Test(test), _)) => test.predicate,
        other => panic!("{text:?}: {other:?}"),
    }
}

/// The constant of `text`, a comparison with one.
fn constant(text: &str) -> Const {
    match predicate(text).test {
        Comparison::One(_, constant) => constant,
        other => panic!("{text:?}: {other:?}"),
    }
}

const ALL: &str = "exists = == != < <= > >= contains icontains startswith endswith glob iglob bcontains bstartswith \
                   regex in intersects pmatch";

/// Field, operators it takes, and a constant that fits.
const OPERATORS: [(&str, &str, &str); 13] = [
    ("evt.rawtime", "exists = == != < <= > >= in intersects", "1"),
    ("evt.cpu", "exists = == != < <= > >= in intersects", "1"),
    ("fd.dev", "exists = == != < <= > >= in intersects", "1"),
    ("proc.pid", "exists = == != < <= > >= in intersects", "1"),
    ("evt.count", "exists = == != < <= > >= in intersects", "1"),
    ("evt.num", "exists = == != < <= > >= in intersects", "1"),
    ("fd.port", "exists = == != < <= > >= in intersects", "1"),
    ("proc.pid.ts", "exists = == != < <= > >= in intersects", "1"),
    ("thread.cpu", "exists = == != < <= > >= in intersects", "1"),
    ("evt.is_io", "exists = == != in intersects", "true"),
    (
        "fd.name",
        "exists = == != < <= > >= contains icontains startswith endswith glob iglob regex in intersects pmatch",
        "1",
    ),
    ("evt.buffer", "exists = == != contains startswith endswith bcontains bstartswith in intersects", "12"),
    ("fd.types", "exists in intersects", "file"),
];

#[test]
fn operators_fit_types() {
    for (field, taken, constant) in OPERATORS {
        let taken: Vec<&str> = taken.split(' ').collect();
        for op in ALL.split(' ') {
            let text = match op {
                "exists" => format!("{field} exists"),
                "in" | "intersects" | "pmatch" => format!("{field} {op} ({constant})"),
                // Only numbers are read after these.
                "<" | "<=" | ">" | ">=" => format!("{field} {op} 1"),
                _ => format!("{field} {op} {constant}"),
            };
            assert_eq!(check(&text).is_ok(), taken.contains(&op), "{text:?}: {:?}", check(&text));
        }
    }
    for (field, constant) in [("fd.ip", "127.0.0.1"), ("fd.net", "127.0.0.0/8")] {
        for op in ["=", "!=", "= oneof", "!= anyof", "= allof"] {
            accepts(&format!(
                "{field} {op} {}",
                if op.contains(' ') { format!("({constant})") } else { constant.into() }
            ));
        }
        for test in
            ["< 127", "contains 1", "contains anyof (1)", "regex allof (1)", "startswith allof (1)", "pmatch (1)"]
        {
            assert!(check(&format!("{field} {test}")).is_err(), "{field} {test}");
        }
    }
}

#[test]
fn errors_in_the_words_of_falco() {
    let long = "x".repeat(256);
    let cases = [
        ("no.field = 1".to_string(), "filter_check called with nonexistent field no.field".to_string()),
        ("proc.name[1] = 1".into(), "filter_check called with nonexistent field proc.name[1]".into()),
        ("evt.arg = 3".into(), "filter syntax error: evt.arg".into()),
        ("evt.arg.nosuch = 3".into(), "unknown event argument nosuch".into()),
        ("evt.arg.flagsx = 3".into(), "filter_check called with nonexistent field evt.arg.flagsx".into()),
        ("evt.arg[x] = 3".into(), "x is not a valid number".into()),
        ("evt.rawarg[0] = 3".into(), "evt.arg fields must be expressed explicitly".into()),
        ("evt.type.is.nosuch = 1".into(), "filter_check called with nonexistent field evt.type.is.nosuch".into()),
        ("evt.type = nosuch".into(), "unknown event type nosuch".into()),
        ("evt.type startswith nop".into(), "unknown event type nop".into()),
        ("evt.type in (open, nosuch)".into(), "unknown event type nosuch".into()),
        ("container.id[x] = 1".into(), "filter 'container.id[x]': container.id does not allow nor require an argument but one is provided: x".into()),
        ("container.mount = 1".into(), "filter 'container.mount': container.mount requires an argument but none provided".into()),
        ("evt.num contains x".into(), "filter error: 'contains' operator not supported for numeric filters".into()),
        ("evt.is_io < 1".into(), "filter error: '<' operator not supported for numeric filters".into()),
        ("fd.name bcontains 12".into(), "filter error: 'bcontains' operator not supported for string filters".into()),
        ("evt.buffer glob x".into(), "filter error: 'glob' operator not supported for buffer filters".into()),
        ("fd.ip < 1".into(), "filter error: '<' operator not supported for ip address and network filters".into()),
        ("fd.ip contains anyof (1)".into(), "filter error: 'contains' with modifier not supported for ip address and network filters".into()),
        ("fd.types = file".into(), "filter error: '=' operator not supported list filters".into()),
        ("evt.rawarg.addr > 0".into(), "filter error: '>' operator not supported for type 'SOCKADDR'".into()),
        ("evt.rawarg.tuple > 0".into(), "filter error: '>' operator not supported for type 'SOCKTUPLE'".into()),
        ("evt.rawarg.flags contains str".into(), "filter error: 'contains' operator not supported for numeric filters".into()),
        ("evt.around[1] != 2".into(), "evt.around supports only '=' comparison operator".into()),
        ("proc.pid = 0x10".into(), "0x10 is not a valid number".into()),
        ("proc.pid > 1.0".into(), "1.0 is not a valid number".into()),
        ("proc.pid > 1e+3".into(), "1e+3 is not a valid number".into()),
        ("proc.pid = ''".into(), " is not a valid number".into()),
        ("proc.pid = '1 '".into(), "1  is not a valid number".into()),
        ("thread.cpu < 1.5".into(), "1.5 is not a valid number".into()),
        ("thread.cpu = 1.0".into(), "1.0 is not a valid number".into()),
        ("fd.port = nosuch".into(), "unrecognized protocol nosuch".into()),
        ("fd.port = -1".into(), "unrecognized protocol -1".into()),
        ("evt.is_io = TRUE".into(), "filter error: unrecognized boolean value TRUE".into()),
        ("fd.ip = 1.2.3".into(), "unrecognized IPv4 address 1.2.3".into()),
        ("fd.ip = localhost".into(), "unrecognized IPv6 address localhost".into()),
        ("fd.net = 1.2.3.4".into(), "unrecognized IP network 1.2.3.4".into()),
        ("fd.net = 1.2.3/8".into(), "unrecognized IP address 1.2.3/8".into()),
        ("fd.net = 1.2.3.4/33".into(), "invalid netmask 33".into()),
        ("fd.net = 1.2.3.4/x".into(), "x is not a valid number".into()),
        ("fd.net = ::1".into(), "invalid v6 netmask: ::1".into()),
        ("fd.net = ::1/129".into(), "invalid v6 netmask 129".into()),
        ("fd.net = ::/0".into(), "invalid v6 netmask 0".into()),
        ("evt.buffer bcontains 123".into(), "filter error: bcontains and bstartswith operator support hex strings only".into()),
        ("evt.buffer bstartswith g1".into(), "filter error: bcontains and bstartswith operator support hex strings only".into()),
        ("fd.name = \"\\x00\"".into(), "filter error: filter value cannot contain a NUL byte (\\x00)".into()),
        ("fd.name contains \"a\\x00\"".into(), "filter error: filter value cannot contain a NUL byte (\\x00)".into()),
        ("fd.name regex '(('".into(), "invalid regex pattern: missing ): ((".into()),
        (format!("fd.name = {long}"), format!("filter parameter too long (used=257, available=256):{long}")),
        (format!("evt.buffer = {long}"), "filter parameter too long (byte buf)".into()),
        ("evt.plugininfo regex val(evt.source)".into(), "operator 'REGEX' doesn't support right-hand side fields".into()),
        ("evt.plugininfo pmatch val(evt.source)".into(), "operator 'PMATCH' doesn't support right-hand side fields".into()),
        ("fd.net = val(fd.snet)".into(), "field type 'IPNET' doesn't support right-hand side fields".into()),
        ("fd.ip = val(fd.sip)".into(), "field 'fd.ip' doesn't support right-hand side fields".into()),
        ("fd.sip = val(fd.ip)".into(), "field 'fd.ip' can't be used as a right-hand side field".into()),
        ("evt.num = val(evt.around[1])".into(), "field 'evt.around' can't be used as a right-hand side field".into()),
        ("syscall.type = val(evt.is_wait)".into(), "field 'syscall.type' has type 'CHARBUF' while the right-hand side field 'evt.is_wait' has incompatible type 'BOOL'".into()),
    ];
    for (text, message) in cases {
        assert_eq!(error(&text).message, message, "{text:?}");
    }
}

#[test]
fn around_is_at_most_that_far_away() {
    for (text, expected) in [
        ("evt.around[5] = 2", Comparison::One(Op::Le, Const::Uint(2))),
        ("evt.around[5] = oneof (2)", Comparison::Modified(Op::Le, Modifier::OneOf, vec![Const::Uint(2)])),
        ("evt.num = 2", Comparison::One(Op::Eq, Const::Uint(2))),
    ] {
        let mut checker = Checker::new();
        let (typed, _) = checker.condition(&parsed(text), &no_span).unwrap();
        assert_eq!(crate::print::With(checker.fields(), &typed).to_string().replace('"', ""), text);
        assert_eq!(predicate(text).test, expected, "{text}");
    }
}

#[test]
fn kinds_of_errors() {
    assert_eq!(error("no.field = 1").kind, ErrorKind::UnknownField);
    assert_eq!(error("proc.name = val(no.field)").kind, ErrorKind::UnknownField);
    assert_eq!(error("evt.type = nosuch").kind, ErrorKind::UnknownEventType);
    assert_eq!(error("evt.arg.nosuch = 1").kind, ErrorKind::Other);
    assert_eq!(error("proc.pid = x").kind, ErrorKind::Other);
    assert_eq!(error("some_macro").message, "filter error: unexpected identifier 'some_macro'");
}

#[test]
fn every_wrong_comparison_is_reported_in_order() {
    let text = "a.b = 1 and (proc.pid = x or evt.type = open) and not evt.type = y";
    let error = error(text);
    let at = |e: &CheckError| text[e.at.range.clone()].to_string();
    assert_eq!(at(&error), "a.b");
    assert_eq!(error.more.iter().map(at).collect::<Vec<_>>(), ["x", "y"]);
}

#[test]
fn a_refused_condition_leaves_no_fields() {
    let mut checker = Checker::new();
    checker.condition(&parsed("proc.name = a and fd.name = b"), &no_span).unwrap();
    assert!(checker.condition(&parsed("proc.pid = 1 and proc.name = a and no.field = 1"), &no_span).is_err());
    assert!(checker.template("%proc.pid %nosuch", 0).is_err());
    assert_eq!(checker.fields().len(), 2);
    checker.condition(&parsed("fd.name = b and proc.pid = 1"), &no_span).unwrap();
    let ids: Vec<FieldId> = checker.fields().iter().map(|f| f.id).collect();
    assert_eq!(ids, [FieldId::ProcName, FieldId::FdName, FieldId::ProcPid]);
}

#[test]
fn fields_that_look_back_have_a_slot_at_each_place() {
    let mut checker = Checker::new();
    for _ in 0..2 {
        checker.condition(&parsed("util.cnt > 1 and proc.name = a or util.cnt < 9"), &no_span).unwrap();
    }
    checker.template("%util.cnt", 0).unwrap();
    let places: Vec<_> = checker.fields().iter().filter_map(|f| f.place.map(|p| (p.text, p.number))).collect();
    assert_eq!(places, [(1, 0), (1, 1), (2, 0), (2, 1), (3, 0)]);
    assert_eq!(checker.fields().len(), 6);
}

#[test]
fn constants() {
    let cases = [
        ("proc.pid = +1", Const::Int(1)),
        ("proc.pid = ' 1'", Const::Int(1)),
        ("proc.pid > -5", Const::Int(-5)),
        ("user.uid = -1", Const::Uint(0xffff_ffff)),
        ("evt.num = -1", Const::Uint(u64::MAX)),
        ("evt.num = 99999999999999999999", Const::Uint(u64::MAX)),
        ("proc.pid = 99999999999999999999", Const::Int(i64::MAX)),
        ("proc.pid = -99999999999999999999", Const::Int(i64::MIN)),
        ("evt.cpu = 65537", Const::Int(1)),
        ("evt.cpu = -1", Const::Int(-1)),
        ("fd.dev = 4294967295", Const::Int(-1)),
        ("thread.cpu > 12", Const::Int(12)),
        ("fd.port = 8080", Const::Uint(8080)),
        ("fd.sport = https", Const::Uint(443)),
        ("fd.sport = www", Const::Uint(80)),
        ("fd.port = 65536", Const::Uint(0)),
        ("fd.port = ''", Const::Uint(0)),
        ("evt.is_io = true", Const::Bool(true)),
        ("fd.name = \"a b\\xff\"", Const::Str(b"a b\xff".to_vec())),
        ("fd.name = '<NA>'", Const::Str(b"<NA>".to_vec())),
        ("fd.name > 12", Const::Str(b"12".to_vec())),
        ("fd.ip = 127.0.0.1", Const::Ip(vec![127, 0, 0, 1])),
        ("fd.ip = ::1", Const::Ip([[0; 15].as_slice(), &[1]].concat())),
        ("fd.net = 10.1.2.3/8", Const::Net(vec![10, 1, 2, 3], 8)),
        ("fd.net = 10.0.0.0/256", Const::Net(vec![10, 0, 0, 0], 0)),
        ("fd.net = fe80::/10", Const::Net([[0xfe, 0x80].as_slice(), &[0; 14]].concat(), 10)),
        ("evt.buffer = \"a\\x00b\"", Const::Bytes(b"a\0b".to_vec())),
        ("evt.buffer bcontains 656c6C", Const::Bytes(b"ell".to_vec())),
        ("evt.rawarg.uid = 1000", Const::Uint(1000)),
        ("evt.rawarg.res = -2", Const::Int(-2)),
        ("fd.name regex 'a.*'", Const::Str(b"a.*".to_vec())),
    ];
    for (text, value) in cases {
        assert_eq!(constant(text), value, "{text:?}");
    }
    accepts(&format!("fd.name = {}", "x".repeat(255)));
    accepts("evt.type in ()");
    accepts("proc.name in nolist");
    accepts("evt.type = pread64 or syscall.type = nosuch or evt.type = container");
}

#[test]
fn shapes() {
    let field = |slot| Operand::Field(slot);
    assert_eq!(predicate("proc.name exists").test, Comparison::Exists);
    let text = |s: &str| Const::Str(s.into());
    assert_eq!(predicate("proc.name in (a, b)").test, Comparison::Many(ListOp::In, vec![text("a"), text("b")]));
    assert_eq!(predicate("proc.name pmatch a").test, Comparison::Many(ListOp::Pmatch, vec![text("a")]));
    let modified = Comparison::Modified(Op::Glob, Modifier::AnyOf, vec![text("a*")]);
    assert_eq!(predicate("proc.name glob anyof (a*)").test, modified);
    assert_eq!(predicate("proc.name endswith val(proc.exe)").test, Comparison::Field(Op::Endswith, field(1)));
    assert_eq!(predicate("proc.name in val(proc.exe)").test, Comparison::FieldList(ListOp::In, field(1)));
    // Negations of negations vanish, wherever they come from.
    assert!(matches!(check("not (not proc.pid = 1)").unwrap().0, Expr::Test(_)));
    assert!(
        matches!(check("not (not (not proc.pid = 1))").unwrap().0, Expr::Not(inner) if matches!(*inner, Expr::Test(_)))
    );
}

#[test]
fn arguments_of_fields() {
    let cases = [
        ("proc.name", Arg::None),
        ("evt.arg.fd", Arg::Key("fd".into())),
        ("evt.rawarg.res", Arg::Key("res".into())),
        ("evt.arg[3]", Arg::Index(3)),
        ("evt.around[1404996934793590564]", Arg::Index(1_404_996_934_793_590_564)),
        ("evt.abspath", Arg::None),
        ("evt.abspath.src", Arg::Key("src".into())),
        ("evt.type.is.open", Arg::Key("open".into())),
        ("proc.aname", Arg::None),
        ("proc.aname[2]", Arg::Index(2)),
        ("proc.aname[-1]", Arg::None),
        ("proc.apid[0]", Arg::Index(0)),
        ("proc.args[1]", Arg::Index(1)),
        ("proc.env", Arg::None),
        ("proc.env[HOME]", Arg::Key("HOME".into())),
        ("proc.env[1]", Arg::Index(1)),
        ("proc.env[]", Arg::None),
        ("thread.cgroup.cpu", Arg::Key("cpu".into())),
        ("fd.types", Arg::None),
        ("fd.types[1]", Arg::Index(1)),
        ("container.mount[0]", Arg::Index(0)),
        ("container.mount[00]", Arg::Key("00".into())),
        ("container.mount[/x]", Arg::Key("/x".into())),
        ("container.label[1]", Arg::Key("1".into())),
        ("container.label.a.b", Arg::Key("a.b".into())),
    ];
    for (text, arg) in cases {
        assert_eq!(resolve(text).map(|r| r.field.arg), Ok(arg), "{text}");
    }
    let unknown = [
        "proc",
        "proc.nam",
        "proc.named",
        "proc.name[0]",
        "proc.aname[x]",
        "proc.aname[]",
        "proc.env[99999999999x]]",
        "evt.abspath.foo",
        "thread.cgroup.cpu1",
        "thread.cgroup.a.b",
        "evt.arg[1]x",
        "evt.numx",
        "container.idx",
        "",
    ];
    for text in unknown {
        assert_eq!(resolve(text).map_err(|e| e.kind), Err(ErrorKind::UnknownField), "{text}");
    }
}

fn warnings(text: &str) -> Vec<(WarningKind, String)> {
    check(text).unwrap().1.into_iter().map(|w| (w.kind, w.message)).collect()
}

#[test]
fn warns_of_fields_and_transformers_as_text() {
    let misused = |value: &str, what: &str| {
        (WarningKind::Condition, format!("'{value}' may be a valid {what} misused as a const string value"))
    };
    for value in ["proc.pname", "proc.pname ", "evt.arg[0]", "evt.arg.fd"] {
        assert_eq!(warnings(&format!("proc.name = \"{value}\"")), [misused(value, "field")]);
    }
    for value in ["toupper( proc.pname)", "tolower(evt.plugininfo)", "val(x)"] {
        assert_eq!(warnings(&format!("proc.name in (\"{value}\", x)")), [misused(value, "field transformer")]);
    }
    for text in [
        "proc.name = unknown.field",
        "evt.source = tolower",
        "evt.source = tolower(evt.plugininfo)",
        "evt.source = 'tolow(evt.plugininfo)'",
        "fd.name = <NA>",
        "proc.name = toupper(proc.pname)",
    ] {
        assert_eq!(warnings(text), [], "{text}");
    }
}

#[test]
fn warns_of_needless_regular_expressions() {
    for pattern in
        ["syscall", "^syscall", "syscall$", "^syscall$", ".*syscall", "syscall.*", ".+syscall.?", ".*syscall.*", ""]
    {
        let message = format!(
            "regex check with '{pattern}' may be optimized with simpler operators such as '=', 'contains', 'startswith', 'endswith'"
        );
        assert_eq!(warnings(&format!("evt.source regex '{pattern}'")), [(WarningKind::Condition, message)]);
    }
    for pattern in ["syscall.{1}", "syscall\\\\.*", "s.*l", "syscal[l]?", "a|b"] {
        assert_eq!(warnings(&format!("evt.source regex \"{pattern}\"")), [], "{pattern}");
    }
}

#[test]
fn warns_of_deprecated_fields_and_na() {
    let kinds = |text: &str| warnings(text).into_iter().map(|w| w.0).collect::<Vec<_>>();
    let deprecated = WarningKind::DeprecatedField;
    assert_eq!(kinds("evt.dir = < and evt.dir = <"), [deprecated("evt.dir")]);
    assert_eq!(kinds("evt.latency > 1 or tolower(evt.dir) = x"), [deprecated("evt.dir"), deprecated("evt.latency")]);
    assert_eq!(kinds("proc.name = val(evt.dir)"), []);
    // Audit fields belong to another source; the warning does not need to know them.
    let na = |text: &str| syntax_warnings(&parsed(text)).iter().any(|w| w.kind == WarningKind::UnsafeNa);
    for text in [
        "ka.f = <NA>",
        "ka.f == <NA>",
        "ka.f != <NA>",
        "ka.f in (a, <NA>)",
        "ka.f intersects (<NA>)",
        "jevt.v pmatch (<NA>)",
        "x and not (a.b = c or tolower(jevt.v) = <NA>)",
    ] {
        assert!(na(text), "{text}");
    }
    for text in ["some.field = <NA>", "ka.f exists", "ka.f contains <NA>", "ka.f = x", "ka.f = oneof (<NA>)"] {
        assert!(!na(text), "{text}");
    }
}

fn events(text: &str) -> Result<EventSet, CheckError> {
    events::event_set(&parsed(text))
}

#[test]
fn event_sets() {
    let named = |names: &[&str]| {
        let mut set = EventSet::EMPTY;
        for code in names.iter().flat_map(|name| peregrine_schema::syscalls::event_codes(name)) {
            set.insert(code);
        }
        set
    };
    let all = EventSet::all();
    let cases = [
        ("evt.type = open", named(&["open"])),
        ("syscall.type = open", named(&["open"])),
        ("evt.type in (open, openat)", named(&["open", "openat"])),
        ("evt.type != open", named(&["open"]).complement()),
        ("not evt.type != open", named(&["open"])),
        ("not evt.type in (open, openat)", named(&["open", "openat"]).complement()),
        ("evt.type = open and evt.type = close", EventSet::EMPTY),
        ("evt.type = open or evt.type = close", named(&["open", "close"])),
        ("not (evt.type = open or proc.name = x)", named(&["open"]).complement()),
        ("not (evt.type = open and proc.name = x)", all.clone()),
        ("evt.type = open and not proc.name = x", named(&["open"])),
        ("evt.type = open or proc.name = x", all.clone()),
        ("evt.type exists", all.clone()),
        ("not evt.type exists", EventSet::EMPTY),
        ("evt.type in ()", EventSet::EMPTY),
        ("evt.type startswith open", all.clone()),
        ("evt.type = oneof (open)", all.clone()),
        ("not evt.type startswith open", all.clone()),
        ("evt.type intersects (open)", all.clone()),
        ("toupper(evt.type) startswith OPEN", all.clone()),
        ("evt.num = 0", EventSet::EMPTY),
        ("evt.num < 1", EventSet::EMPTY),
        ("evt.num <= 0", EventSet::EMPTY),
        ("evt.num in (0)", EventSet::EMPTY),
        ("evt.num in ()", EventSet::EMPTY),
        ("evt.num in (0, 1)", all.clone()),
        ("evt.num != 0", all.clone()),
        ("not evt.num != 0", EventSet::EMPTY),
        ("not evt.num = 0", all.clone()),
        ("not evt.num >= 1", EventSet::EMPTY),
        ("evt.num >= 0", all.clone()),
        ("evt.num < 2", all.clone()),
        ("evt.num = -1", all.clone()),
        ("evt.type = open and not evt.num > 0", EventSet::EMPTY),
        ("evt.type = open and not (evt.num = 0)", named(&["open"])),
    ];
    for (text, set) in cases {
        assert_eq!(events(text).unwrap(), set, "{text}");
    }
    assert_eq!(events("evt.type = openat").unwrap().iter().collect::<Vec<_>>(), [102, 103, 306, 307]);
    assert_eq!(events("evt.type = syncfs").unwrap().iter().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(events("evt.type = container_removed").unwrap().iter().collect::<Vec<_>>(), [402]);
    assert_eq!(events("evt.type = execve").unwrap().len(), 16);
    let transformed = "event code search does not support `evt.type` checks with transformers";
    for text in ["toupper(evt.type) = OPEN", "toupper(evt.type) exists", "join(\"-\", (proc.name, evt.type)) = x"] {
        assert_eq!(events(text).unwrap_err().message, transformed, "{text}");
    }
    assert_eq!(events("evt.type = val(syscall.type)").unwrap_err().message, transformed);
    assert!(events("evt.type = val(proc.name)").unwrap_err().message.starts_with("right-hand field comparisons"));
}

#[test]
fn nesting_made_by_macros_is_limited() {
    let mut expr = parsed("proc.pid = 1");
    for _ in 0..MAX_NESTING + 1 {
        expr = ast::Expr::And(vec![expr, parsed("proc.pid = 2")], At::default());
    }
    let error = Checker::new().condition(&expr, &no_span).unwrap_err();
    assert_eq!(error.message, "exceeded max depth limit of 2000");
    assert_eq!(events::event_set(&expr).unwrap_err().message, "exceeded max depth limit of 2000");
}

#[test]
fn services_are_sorted() {
    for name in ["ssh", "http", "https", "domain", "mysql", "postgresql", "syslog"] {
        assert!(services::port(name).is_some(), "{name}");
    }
    assert_eq!(services::port("HTTP"), None);
}

#[test]
fn fields_of_exceptions() {
    let checker = Checker::new();
    for text in
        ["proc.name", "evt.arg.fd", "tolower(proc.name)", "tolower( proc.name)", "proc.aname[1]", "proc.env['A B']"]
    {
        assert!(checker.is_operand(text), "{text}");
    }
    for text in
        ["nosuch.field", "proc.name = x", "tolower (proc.name)", "tolower(evt.num)", "macro", "", "val(proc.name)"]
    {
        assert!(!checker.is_operand(text), "{text}");
    }
}
