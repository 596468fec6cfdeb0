//! Every field of the recorded answers, as JSON and as text, over whole captures.
//!
//! `PEREGRINE_SHARED` names the directory with `captures/` and `oracle/`; without it the test is skipped.
//! `PEREGRINE_FIELDS` may name one capture (`attack`, `old/cat_write`).

use peregrine_compiler::hir::{Operand, Piece, Slot, Template, Token};
use peregrine_compiler::value::{Arg, FieldRef};
use peregrine_runtime::capture::Capture;
use peregrine_runtime::fields::{Bound, Env, EventView};
use peregrine_runtime::format;
use peregrine_runtime::session::{Delivered, Session};
use peregrine_schema::fields::field_with_argument;
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

/// Captures with answers.
const CAPTURES: &[&str] = &[
    "old/cat_write",
    "old/connect_localhost",
    "old/open-multiple-files",
    "old/ping_sendto",
    "old/single_ipv6_conn",
    "attack",
    "nginx",
    "shell",
];

#[test]
fn answers() {
    let Some(shared) = std::env::var_os("PEREGRINE_SHARED").map(PathBuf::from) else {
        println!("skipped: PEREGRINE_SHARED is not set");
        return;
    };
    let only = std::env::var("PEREGRINE_FIELDS").ok();
    let mut report = Report::default();
    for name in CAPTURES.iter().filter(|name| only.as_deref().is_none_or(|only| only == **name)) {
        compare(&shared, name, &mut report);
    }
    println!("{}", report.text());
    assert!(report.is_clean(), "fields differ");
}

/// Differences by field.
#[derive(Default)]
struct Report {
    events: usize,
    missing: usize,
    fields: BTreeMap<String, (usize, Vec<String>)>,
}

impl Report {
    fn differs(&mut self, field: &str, what: String) {
        let (count, examples) = self.fields.entry(field.to_owned()).or_default();
        *count += 1;
        if examples.len() < 3 {
            examples.push(what);
        }
    }

    fn is_clean(&self) -> bool {
        self.fields.is_empty() && self.missing == 0
    }

    fn text(&self) -> String {
        let mut out = format!("{} events compared, {} not delivered\n", self.events, self.missing);
        for (field, (count, examples)) in &self.fields {
            let _ = writeln!(out, "{count:6} {field}");
            for example in examples {
                let _ = writeln!(out, "         {example}");
            }
        }
        out
    }
}

fn compare(shared: &Path, name: &str, report: &mut Report) {
    let mut expected = answers_of(&shared.join("oracle").join(name).join("fields.jsonl.gz"));
    let yaml = std::fs::read_to_string(shared.join("oracle").join(name).join("fields.yaml")).unwrap();
    let mut fields = Fields::default();
    let template = fields.template(output_of(&yaml));
    let bound = Bound::new(&fields.refs);
    let (env, mut scratch) = (Env::default(), bumpalo::Bump::new());
    let file = shared.join("captures").join(name);
    let file = [format!("{}.scap", file.display()), format!("{}.scap.gz", file.display())];
    let file = file.iter().find(|f| Path::new(f).exists()).unwrap();
    let mut session = Session::new(Capture::open(file).unwrap());
    let mut visit = |event: Delivered<'_>| {
        let key = (event.record.ts, event.record.tid);
        let Some(answer) = expected.get_mut(&key).and_then(VecDeque::pop_front) else { return };
        report.events += 1;
        check(&EventView::new(event, &bound, &scratch, &env), &template, &answer, name, report);
        scratch.reset();
    };
    while session.step(&mut visit).unwrap() {}
    report.missing += expected.values().map(VecDeque::len).sum::<usize>();
}

fn check(view: &EventView<'_>, template: &Template, answer: &Json, capture: &str, report: &mut Report) {
    let mut ours = serde_json::Map::new();
    format::output_fields(template, view, &mut ours);
    let theirs = answer["fields"].as_object().unwrap();
    let at = format!("{capture} {} {}", answer["rawtime"], theirs["evt.type"]);
    for (name, expected) in theirs {
        // Part of the alert's prefix.
        let Some(got) = ours.get(name).filter(|_| name != "evt.time") else { continue };
        let same = if name == "fd.types" { sorted(got) == sorted(expected) } else { got == expected };
        if !same {
            report.differs(name, format!("{at}: expected {expected}, got {got}"));
        }
    }
    check_text(view, template, answer, &at, report);
}

/// Compares the text piece by piece, so that a difference can be told by its field.
fn check_text(view: &EventView<'_>, template: &Template, answer: &Json, at: &str, report: &mut Report) {
    let expected = answer["output"].as_str().unwrap();
    let (_, mut rest) = expected.split_once(" Notice ").unwrap();
    for piece in &template.pieces {
        let one = Template { pieces: vec![piece.clone()] };
        let mut got = Vec::new();
        format::render_text(&one, view, &mut got);
        let mut got = format::sanitize(&got).into_owned();
        let name = match piece {
            Piece::Token(token) => token.keys[0].0.as_str(),
            Piece::Text(_) => "literal",
        };
        if name == "fd.types" && let Some(list) = answer["fields"]["fd.types"].as_array() {
            let items: Vec<&str> = list.iter().map(|v| v.as_str().unwrap()).collect();
            got = format!("({})", items.join(","));
        }
        // The time since the last alert: not all alerts have been kept.
        if name == "evt.deltatime" {
            got = rest.chars().take_while(char::is_ascii_digit).collect();
        }
        match rest.strip_prefix(&got) {
            Some(tail) => rest = tail,
            None => {
                let near: String = rest.chars().take(got.chars().count() + 20).collect();
                return report.differs(&format!("{name} (text)"), format!("{at}: expected {near:?}, got {got:?}"));
            }
        }
    }
}

fn sorted(list: &Json) -> Vec<String> {
    let mut items: Vec<String> = list.as_array().into_iter().flatten().map(Json::to_string).collect();
    items.sort();
    items
}

/// Answers by time and thread, in order.
fn answers_of(path: &Path) -> HashMap<(u64, i64), VecDeque<Json>> {
    let file = flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap());
    let mut answers: HashMap<_, VecDeque<Json>> = HashMap::new();
    for line in BufReader::new(file).lines() {
        let answer: Json = serde_json::from_str(&line.unwrap()).unwrap();
        let key = (answer["rawtime"].as_u64().unwrap(), answer["tid"].as_i64().unwrap());
        answers.entry(key).or_default().push_back(answer);
    }
    answers
}

/// The quoted output of the only rule.
fn output_of(yaml: &str) -> &str {
    let start = yaml.find("output: \"").unwrap() + "output: \"".len();
    &yaml[start..start + yaml[start..].find('"').unwrap()]
}

/// A template of blanks and fields, without the compiler's front end.
#[derive(Default)]
struct Fields {
    refs: Vec<FieldRef>,
}

impl Fields {
    fn template(&mut self, text: &str) -> Template {
        let mut pieces = Vec::new();
        for (i, word) in text.split(' ').enumerate() {
            if i > 0 {
                pieces.push(Piece::Text(" ".into()));
            }
            pieces.push(match word.strip_prefix('%') {
                None => Piece::Text(word.into()),
                Some(name) => {
                    let slot = self.slot(name);
                    Piece::Token(Token { width: 0, operand: Operand::Field(slot), keys: vec![(name.into(), slot)] })
                }
            });
        }
        Template { pieces }
    }

    fn slot(&mut self, text: &str) -> Slot {
        let (name, bracket) = match text.split_once('[') {
            Some((name, rest)) => (name, rest.strip_suffix(']')),
            None => (text, None),
        };
        let (field, dotted) = field_with_argument(name).unwrap_or_else(|| panic!("no field {name}"));
        let arg = match bracket.or(dotted) {
            None => Arg::None,
            Some(arg) => arg.parse().map_or_else(|_| Arg::Key(arg.into()), Arg::Index),
        };
        self.refs.push(FieldRef { id: field.id, arg });
        (self.refs.len() - 1) as Slot
    }
}
