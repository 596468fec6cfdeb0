//! What the fuzz targets do. Each function takes any bytes and panics when something that must hold does not;
//! `cargo test` runs them on generated input too (`tests/differential.rs`), and on every case under
//! `corpus/regressions`.
//!
//! Rules are compiled once per thread ([`Watch`]) and only run per input.

mod rulesets;

pub use rulesets::{Seen, rulesets_differential};

use crate::engines::{Engines, compile};
use crate::{generate, scap};
use arbitrary::Unstructured;
use bumpalo::Bump;
use peregrine_compiler::backend::frame::Pad;
use peregrine_compiler::backend::{EngineKind, Matcher};
use peregrine_compiler::check::Checker;
use peregrine_compiler::check::events::event_set;
use peregrine_compiler::eval;
use peregrine_compiler::hir::{Piece, Rule, RuleSet};
use peregrine_compiler::lint::{self, Claim};
use peregrine_compiler::load::{Loaded, Loader, Options};
use peregrine_compiler::report::{json, sarif, summary, text};
use peregrine_compiler::span::Span;
use peregrine_compiler::syntax::parse_condition;
use peregrine_compiler::value::Event as _;
use peregrine_runtime::alert::{AlertFormat, Alerts};
use peregrine_runtime::capture::{Capture, Converter, FdEntry, FdInfo, FdList, Item, MachineInfo, Process};
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::session::{Delivered, Session};
use peregrine_schema as schema;
use schema::{ArgForm, ArgKind, FIELDS, Field, FieldFlags, FieldId};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Any text as a condition and as a rule file: errors or typed rules, never a panic. What was accepted compiles,
/// and what there is to say about a file can be said in every form.
pub fn rule_text(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(tree) = parse_condition(text, 0, 1000)
    {
        // The checker and the event set refuse on their own: neither may rely on the other.
        let _ = Checker::new().condition(&tree, &|_| Span::NONE);
        let _ = event_set(&tree);
    }
    let loaded = load("fuzz.yaml", bytes);
    report(&loaded);
    if loaded.successful() && !loaded.rules.rules.is_empty() {
        for kind in [EngineKind::Interp, EngineKind::Jit] {
            let matcher = Matcher::new(kind, &loaded.rules);
            assert!(matcher.is_ok(), "{kind:?} refuses rules that were accepted: {matcher:?}");
        }
    }
}

fn load(name: &str, bytes: &[u8]) -> Loaded {
    let mut loader = Loader::new(Options::default());
    loader.add_file(name, bytes);
    loader.finish()
}

/// Everything that is said about rule files, in all forms.
fn report(loaded: &Loaded) {
    let lints = lint::diagnostics(loaded);
    for diagnostic in text::distinct(&loaded.results).chain(&lints) {
        for colours in [false, true] {
            assert!(!text::render(diagnostic, &loaded.sources, colours).is_empty());
        }
    }
    for result in &loaded.results {
        assert!(!summary::summary(result).is_empty());
    }
    assert!(!json::results(&loaded.results, &lints, &loaded.sources).to_string().is_empty());
    assert!(!sarif::log(&loaded.results, &lints, &loaded.sources).to_string().is_empty());
}

/// Any bytes as a capture: an error or items, never a panic; every record lies inside its bounds. Then Peregrine's
/// own rules over it.
pub fn capture_bytes(bytes: &[u8]) {
    let mut capture = Capture::from_bytes(bytes);
    let mut converter = Converter::new();
    while let Ok(Some(item)) = capture.next() {
        match item {
            Item::Metadata(_) => {}
            Item::Restart => converter.clear(),
            Item::Event(record) => {
                for i in 0..record.params.count() {
                    assert!(record.params.get(i).is_some(), "parameter {i} lies outside its record");
                }
                let _ = converter.convert(record);
            }
        }
    }
    thread_local!(static OWN: Watch = Watch::new(&OWN_RULES, EngineKind::Jit));
    OWN.with(|watch| watch.run(bytes, |_, _| {}));
}

/// Any bytes as parameters of events of a small machine: every field as a condition and as an output sees it, and
/// alerts with all of them.
pub fn record_bytes(bytes: &[u8]) {
    // Native code for so many rules about all event types takes long to make; `conditions_differential` runs it.
    thread_local!(static EVERY: Watch = Watch::new(&EVERY_FIELD, EngineKind::Interp));
    // The input may end anywhere: what there was is used.
    let mut capture = machine();
    let _ = records(&mut Unstructured::new(bytes), &mut capture);
    EVERY.with(|watch| watch.run(&capture.bytes(), every_value));
}

/// Takes every value of the rule set's fields.
fn every_value(view: &EventView<'_>, slots: usize) {
    for slot in 0..slots {
        let _ = view.field(slot);
        let _ = view.shown(slot);
    }
}

/// A rule set in the reference evaluator and in an engine, with alerts as text from the one and as JSON from the
/// other.
struct Watch {
    rules: &'static RuleSet,
    bound: Bound,
    engines: [(EngineKind, Matcher); 2],
}

/// What one engine keeps during a capture.
struct Run<'w> {
    kind: EngineKind,
    matcher: &'w Matcher,
    pad: Pad,
    env: Env,
    scratch: Bump,
    alerts: Alerts,
}

impl Watch {
    fn new(rules: &'static RuleSet, engine: EngineKind) -> Watch {
        let matcher = |kind| (kind, Matcher::new(kind, rules).unwrap_or_else(|e| panic!("{kind:?}: {e}")));
        let engines = [EngineKind::Oracle, engine].map(matcher);
        Watch { rules, bound: Bound::new(&rules.fields), engines }
    }

    /// Replays a capture until it ends or breaks: engines agree on every event, alerts are well-formed. `look` is
    /// shown every event and the number of fields.
    fn run(&self, capture: &[u8], look: impl Fn(&EventView<'_>, usize)) {
        let mut session = Session::new(Capture::from_bytes(capture));
        let mut runs = self.engines.each_ref().map(|(kind, matcher)| Run {
            kind: *kind,
            matcher,
            pad: matcher.pad(),
            env: Env::default(),
            scratch: Bump::new(),
            alerts: Alerts::new(AlertFormat { json: *kind != EngineKind::Oracle, ..AlertFormat::default() }),
        });
        let mut visit = |event: Delivered<'_>| {
            let [reference, engine] = &mut runs;
            let expected = self.matches(reference, event, &look);
            let found = self.matches(engine, event, &look);
            let names = |rules: &[u32]| rules.iter().map(|r| &self.rules.rules[*r as usize].name).collect::<Vec<_>>();
            let what = schema::EVENTS[usize::from(event.record.code)].id;
            assert_eq!(names(&found), names(&expected), "{:?} differs from the reference on {what}", engine.kind);
        };
        while let Ok(true) = session.step(&mut visit) {}
    }

    /// The rules that match an event, in order, and an alert for each whose output has values.
    fn matches(&self, run: &mut Run<'_>, event: Delivered<'_>, look: &impl Fn(&EventView<'_>, usize)) -> Vec<u32> {
        let view = EventView::new(event, &self.bound, &run.scratch, &run.env);
        let mut found = Vec::new();
        if run.matcher.listens(event.record.code) {
            run.matcher.run(&mut run.pad, &view, true, &mut |rule| found.push(rule.0));
        }
        look(&view, self.bound.len());
        for rule in found.iter().map(|rule| &self.rules.rules[*rule as usize]).filter(|rule| has_values(rule)) {
            let alert = run.alerts.render(rule, &view);
            let line = std::str::from_utf8(alert).unwrap_or_else(|e| panic!("an alert is not UTF-8: {e}"));
            assert!(!line.contains('\n'), "an alert of several lines: {line:?}");
            if run.kind != EngineKind::Oracle {
                let json = serde_json::from_str::<serde_json::Value>(line);
                assert!(json.is_ok_and(|j| j.is_object()), "an alert is not JSON: {line}");
            }
        }
        run.scratch.reset();
        found
    }
}

fn has_values(rule: &Rule) -> bool {
    rule.output.pieces.iter().any(|piece| matches!(piece, Piece::Token(_)))
}

static OWN_RULES: LazyLock<RuleSet> =
    LazyLock::new(|| accepted("peregrine_rules.yaml", include_bytes!("../../rules/peregrine_rules.yaml")));

/// A rule for each field, and one whose output has all of them.
static EVERY_FIELD: LazyLock<RuleSet> = LazyLock::new(|| {
    let in_conditions: Vec<String> =
        FIELDS.iter().filter(|f| !f.flags.has(FieldFlags::PRINT_ONLY)).flat_map(written).collect();
    let in_output: Vec<String> = FIELDS.iter().flat_map(written).map(|f| format!("%{f}")).collect();
    let rule = |name: &str, condition: &str, output: &str| serde_json::json!({"rule": name, "desc": "a field", "condition": condition, "output": output, "priority": "DEBUG"});
    let mut rules = vec![rule("all fields in an output", "evt.num >= 0", &in_output.join(" "))];
    rules.extend(in_conditions.iter().map(|f| rule(f, &format!("{f} exists"), f)));
    accepted("fields.yaml", serde_json::Value::from(rules).to_string().as_bytes())
});

fn accepted(name: &str, bytes: &[u8]) -> RuleSet {
    let loaded = load(name, bytes);
    let errors: Vec<&str> = loaded.results.iter().flat_map(|r| &r.errors).map(|e| e.message.as_str()).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
    loaded.rules
}

/// A field with the arguments it can have.
fn written(field: &'static Field) -> Vec<String> {
    let names = || schema::EVENTS.iter().flat_map(|e| e.params.iter()).map(|p| p.name).collect::<BTreeSet<_>>();
    let mut all: Vec<String> = match field.id {
        FieldId::EvtAround => return Vec::new(),
        FieldId::EvtArg | FieldId::EvtRawarg => names().iter().map(|n| format!("{}.{n}", field.name)).collect(),
        FieldId::EvtTypeIs => return vec![format!("{}.openat", field.name)],
        FieldId::EvtAbspath => return ["", ".src", ".dst"].map(|which| format!("{}{which}", field.name)).into(),
        _ if field.arg == ArgKind::None => return vec![field.name.to_owned()],
        _ => Vec::new(),
    };
    if field.arg == ArgKind::Optional {
        all.push(field.name.to_owned());
    }
    if field.id != FieldId::EvtRawarg {
        let args: &[&str] = match field.arg_form {
            // A variable and a control group of the machine, and what it does not have.
            ArgForm::Key => &["A", "cpuset", "none"],
            ArgForm::Index => &["0", "1", "4"],
            ArgForm::None | ArgForm::IndexOrKey => &["0", "3", "31"],
        };
        let dotted = field.flags.has(FieldFlags::DOTTED_ARG) && field.arg_form == ArgForm::Key;
        let written = |arg| if dotted { format!("{}.{arg}", field.name) } else { format!("{}[{arg}]", field.name) };
        all.extend(args.iter().map(written));
    }
    all
}

/// A machine of three processes, one in a container, with descriptors of several kinds.
pub(crate) fn machine() -> scap::Scap {
    // Types of descriptors in captures.
    let [ipv4, fifo, unix, file] = [3, 7, 8, 16];
    let process = |tid: i64, ptid: i64, name: &str, cgroups: &str| Process {
        tid,
        pid: tid,
        ptid,
        vtid: tid,
        vpid: tid,
        comm: name.into(),
        exe: format!("/bin/{name}").into(),
        exepath: format!("/bin/{name}").into(),
        args: b"-a\0b\0".to_vec(),
        cwd: b"/a/".to_vec(),
        env: b"A=1\0".to_vec(),
        cgroups: cgroups.into(),
        ..Process::default()
    };
    let docker = format!("cpuset=/docker/{}\0", "0123456789abcdef".repeat(4));
    let descriptor = |fd, kind, info| FdEntry { fd, ino: 1, kind, info };
    let fds = vec![
        descriptor(3, file, FdInfo::File { open_flags: 1, name: b"/a/b".to_vec(), dev: 1 }),
        descriptor(4, ipv4, FdInfo::V4 { sip: [10, 0, 0, 1], dip: [10, 0, 0, 2], sport: 1000, dport: 80, l4: 2 }),
        descriptor(5, unix, FdInfo::Unix { source: 1, dest: 2, name: b"/run/s".to_vec() }),
        descriptor(6, fifo, FdInfo::Named(b"pipe:[1]".to_vec())),
    ];
    scap::Scap::new()
        .machine(&MachineInfo { num_cpus: 2, memory: 1 << 30, hostname: b"host".to_vec(), ..MachineInfo::default() })
        .process(&process(1, 0, "init", "cpuset=/\0"))
        .process(&process(2, 1, "sh", "cpuset=/\0"))
        .process(&process(3, 2, "cat", &docker))
        .fds(&FdList { tid: 2, fds: fds.clone() })
        .fds(&FdList { tid: 3, fds })
}

/// Appends events until the bytes end.
fn records(u: &mut Unstructured<'_>, capture: &mut scap::Scap) -> arbitrary::Result<()> {
    let mut ts = 1_500_000_000_000_000_000;
    while !u.is_empty() {
        let code = u.int_in_range(0..=schema::EVENT_COUNT as u16 - 1)?;
        let tid = *u.choose(&[1_i64, 2, 3, 3, 4, 5, 0, -1])?;
        let row = &schema::EVENTS[usize::from(code)];
        // Mostly as many as the schema says; older writers recorded fewer.
        let count = if u.ratio(4, 5)? { row.params.len() } else { u.int_in_range(0..=33)? };
        let ty = |i: usize| row.params.get(i).map_or(schema::Type::Bytebuf, |p| p.ty);
        let params = (0..count).map(|i| generate::parameter(u, ty(i))).collect::<arbitrary::Result<Vec<_>>>()?;
        let params: Vec<&[u8]> = params.iter().map(Vec::as_slice).collect();
        ts += u64::from(u.arbitrary::<u16>()?);
        *capture = std::mem::take(capture).event_raw(scap::Form::default(), ts, tid, code, &params);
    }
    Ok(())
}

/// What the lints claim of generated rules, against the reference evaluator on generated events. Gives the number of
/// claims of each kind: never, always, shadowed.
pub fn claims_hold(u: &mut Unstructured<'_>) -> arbitrary::Result<[usize; 3]> {
    let mut conditions: Vec<String> =
        (0..4).map(|_| generate::entangled_condition(u)).collect::<arbitrary::Result<_>>()?;
    // Rules that have something to do with each other.
    conditions.push(format!("({} and {})", conditions[0], conditions[1]));
    conditions.push(format!("({} or {})", conditions[0], conditions[2]));
    let rules = compile(&conditions).unwrap_or_else(|e| panic!("a generated condition does not compile: {e:#}"));
    let claims = lint::lint(&rules);
    let mut count = [0; 3];
    for claim in &claims {
        count[match claim.claim {
            Claim::Never(_) => 0,
            Claim::Always => 1,
            Claim::Shadowed(_) => 2,
        }] += 1;
    }
    for _ in 0..12 {
        let table = generate::table(u)?;
        let event = table.bind(&rules.fields);
        let holds = |rule: usize| eval::matches(&rules, &rules.rules[rule].condition, &event);
        for claim in &claims {
            let rule = &rules.rules[claim.rule];
            let tried = rule.events.contains(event.code());
            let kept = match claim.claim {
                Claim::Never(_) => !holds(claim.rule),
                Claim::Always => !tried || holds(claim.rule),
                Claim::Shadowed(earlier) => !(tried && holds(claim.rule)) || holds(earlier),
            };
            assert!(kept, "{claim:?} is wrong of {conditions:#?} on {table:#?}");
        }
    }
    Ok(count)
}

/// Random conditions on a random event: all engines say what the reference evaluator says.
/// Gives how many conditions were evaluated and how many of them held.
pub fn conditions_differential(u: &mut Unstructured<'_>) -> arbitrary::Result<(usize, usize)> {
    let (mut evaluated, mut held) = (0, 0);
    let count = u.int_in_range(1..=6)?;
    let conditions = (0..count).map(|_| generate::condition(u)).collect::<arbitrary::Result<Vec<_>>>()?;
    let rules = compile(&conditions).unwrap_or_else(|e| panic!("a generated condition does not compile: {e:#}"));
    let engines = Engines::new(&rules).unwrap_or_else(|e| panic!("{conditions:#?}: {e:#}"));
    for _ in 0..4 {
        let table = generate::table(u)?;
        let answers = engines.answers(&table.bind(&rules.fields));
        let (_, expected) = &answers[0];
        evaluated += conditions.len();
        held += expected.len();
        for (kind, found) in &answers[1..] {
            assert_eq!(found, expected, "{kind:?} differs from the reference on {conditions:#?} and {table:#?}");
        }
    }
    Ok((evaluated, held))
}
