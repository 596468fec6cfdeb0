//! `peregrine` as its users see it: exit codes, what goes to which stream, and what is left of a broken capture.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

// The builder of captures stands on top of this crate: it cannot be a dependency, but its source can be shared.
#[path = "../../tests/src/scap.rs"]
#[expect(dead_code, unreachable_pub, reason = "only a part is used here")]
mod scap;

use scap::{Scap, Val};
use serde_json::Value;
use std::process::{Command, Output};

const RULES: &str = "- rule: Shadow read\n  desc: d\n  condition: evt.type = open and fd.name = /etc/shadow\n  \
                     output: read by %thread.tid\n  priority: WARNING\n  tags: [host]\n";

fn peregrine(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peregrine"));
    command.args(arguments).env("NO_COLOR", "1").env("TZ", "UTC").env("FALCO_HOSTNAME", "here").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes a file of its own for a test.
fn file(name: &str, content: &[u8]) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A capture in which threads 1, 2, ... open /etc/shadow, one after the other.
fn capture(opens: i64) -> Vec<u8> {
    let open = |scap: Scap, tid: i64| {
        let params = [("fd", Val::Int(3)), ("name", Val::Str("/etc/shadow"))];
        scap.event_by_name(1_700_000_000_000_000_000 + tid as u64, tid, "OPEN_X", &params)
    };
    (1..=opens).fold(Scap::new(), open).bytes()
}

#[test]
fn alerts_as_text_and_json() {
    let (rules, capture) = (file("good.yaml", RULES.as_bytes()), file("whole.scap", &capture(2)));
    let output = peregrine(&["replay", &capture, "-r", &rules]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "22:13:20.000000001: Warning read by 1\n22:13:20.000000002: Warning read by 2\n");
    assert!(text(&output.stderr).contains("Events detected: 2"));
    for engine in ["jit", "interp", "oracle"] {
        let output = peregrine(&["replay", &capture, "-r", &rules, "--format", "json", "--engine", engine]);
        assert_eq!(output.status.code(), Some(0));
        let lines = text(&output.stdout);
        let alerts: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(alerts.len(), 2, "{engine}");
        assert_eq!(alerts[1]["rule"], "Shadow read");
        assert_eq!(alerts[1]["hostname"], "here");
        assert_eq!(alerts[1]["output_fields"]["thread.tid"], 2);
    }
}

#[test]
fn a_truncated_capture_gives_what_is_before_the_end() {
    let rules = file("truncated.yaml", RULES.as_bytes());
    let whole = capture(3);
    let raw = file("truncated.scap", &whole[..whole.len() - 5]);
    let packed = scap::gzip(&whole);
    let packed = file("truncated.scap.gz", &packed[..packed.len() - 5]);
    for (capture, alerts) in [(raw, 2), (packed, 3)] {
        let output = peregrine(&["replay", &capture, "-r", &rules]);
        assert_eq!(output.status.code(), Some(1), "{capture}");
        assert_eq!(text(&output.stdout).lines().count(), alerts, "{capture}");
        let said = text(&output.stderr);
        assert!(said.contains(&format!("{capture}: byte ")), "{said}");
        assert!(said.contains(&format!("Events detected: {alerts}")), "{said}");
    }
}

#[test]
fn what_does_not_work() {
    let broken = file("broken.yaml", RULES.replace("fd.name", "no.field").as_bytes());
    let capture = file("good.scap", &capture(1));
    let output = peregrine(&["replay", &capture, "-r", &broken]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = text(&output.stderr);
    assert!(said.contains(&format!("{broken}:3:")) && !said.contains('\x1b'), "{said}");
    let no_capture = file("none.scap", b"this is no capture");
    for arguments in [["replay", "/no/such.scap"], ["replay", &no_capture], ["man", "nosuch"]] {
        let output = peregrine(&arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{arguments:?}");
        assert!(text(&output.stderr).contains("Error: "), "{arguments:?}");
    }
    for arguments in [&[][..], &["replay"], &["repaly", &capture], &["replay", &capture, "--priority", "loud"]] {
        let output = peregrine(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
    }
}

/// A compiled file of a rule file, made in this process.
fn compiled(name: &str, source: &str) -> String {
    use peregrine_compiler::{aot, backend::codegen::Processor, ir::Program, load};
    let bytes = std::fs::read(source).unwrap();
    let mut loader = load::Loader::new(load::Options::default());
    loader.add_file(source, &bytes);
    let rules = loader.finish().rules;
    let sources = [aot::Source::new(source, &bytes)];
    let built = aot::build(&rules, &Program::new(&rules), &sources, Processor::Baseline).unwrap();
    let path = file(name, &built);
    permit(&path, 0o644);
    path
}

fn permit(path: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn compiled_rules_give_the_same_alerts() {
    let (rules, capture) = (file("source.yaml", RULES.as_bytes()), file("compiled.scap", &capture(2)));
    let built = compiled("source.pgr", &rules);
    for matching in ["first", "all"] {
        for engine in ["jit", "interp", "oracle"] {
            let run = |rules: &[&str]| {
                let mut arguments = vec!["replay", &capture, "--format", "json", "--rule-matching", matching];
                arguments.extend(["--engine", engine]);
                rules.iter().for_each(|file| arguments.extend(["-r", file]));
                let output = peregrine(&arguments);
                assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
                text(&output.stdout)
            };
            let expected = run(&[&rules]);
            assert_eq!(expected.lines().count(), 2);
            assert_eq!(run(&[&built]), expected, "{matching} {engine}");
            // Named with the file it was built from, it is checked against it.
            assert_eq!(run(&[&built, &rules]), expected, "{matching} {engine}");
        }
    }
}

#[test]
fn compiled_rules_that_are_refused() {
    let (rules, capture) = (file("refused.yaml", RULES.as_bytes()), file("refused.scap", &capture(1)));
    let built = compiled("refused.pgr", &rules);
    let bytes = std::fs::read(&built).unwrap();
    let refused = |arguments: &[&str], expected: &str| {
        let output = peregrine(&[&["replay", &capture][..], arguments].concat());
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.starts_with("Error: ") && said.contains(expected), "{expected} is missing in {said}");
    };
    let changed = |name: &str, at: usize, to: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = to;
        let path = file(name, &bytes);
        permit(&path, 0o644);
        path
    };
    let last = bytes.len() - 1;
    refused(&["-r", &changed("damaged.pgr", last, !bytes[last])], "damaged");
    refused(&["-r", &changed("format.pgr", 8, 99)], "has format 99");
    let empty = file("empty.pgr", b"");
    refused(&["-r", &empty], "no compiled rule file");
    let short = file("short.pgr", &bytes[..bytes.len() / 2]);
    permit(&short, 0o644);
    refused(&["-r", &short], "damaged");
    let writable = changed("writable.pgr", 0, bytes[0]);
    permit(&writable, 0o664);
    refused(&["-r", &writable], "others than its owner may write");
    let other = compiled("other.pgr", &rules);
    refused(&["-r", &built, "-r", &other], "one compiled rule file at a time");
    for option in [["--priority", "error"], ["--disable", "*"], ["--enable", "*"], ["--append-field", "proc.name"]] {
        refused(&["-r", &built, option[0], option[1]], "give these options to `rulec build`");
    }
    // The rule file has changed since.
    std::fs::write(&rules, format!("{RULES}# new\n")).unwrap();
    refused(&["-r", &built, "-r", &rules], "built from another version of");
}

#[test]
fn profiles() {
    let (rules, capture) = (file("profile.yaml", RULES.as_bytes()), file("profile.scap", &capture(40)));
    let built = compiled("profile.pgr", &rules);
    for rules in [&rules, &built] {
        let run = |format: &str| {
            let output = peregrine(&["replay", &capture, "-r", rules, format]);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            assert!(text(&output.stderr).contains("Events detected: 40"));
            text(&output.stdout)
        };
        for told in [run("--profile=text"), run("--profile")] {
            assert!(told.contains("Shadow read") && told.contains("fd.name = \"/etc/shadow\""), "{told}");
        }
        assert!(run("--profile=svg").starts_with("<svg"));
        let json = run("--profile=json");
        let profile = peregrine_compiler::ir::cost::Profile::from_json(json.as_bytes()).unwrap();
        let measured = profile.predicates["fd.name = \"/etc/shadow\""];
        assert_eq!((measured.evaluated, measured.held), (40, 40));
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["rules"][0]["rule"], &json["rules"][0]["hits"]), (&"Shadow read".into(), &40.into()));
    }
    let output = peregrine(&["replay", &capture, "-r", &rules, "--profile=json", "--engine", "jit"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn documented() {
    for (arguments, word) in
        [(&["completions", "zsh"][..], "peregrine"), (&["man"], ".TH"), (&["man", "replay"], "\\-\\-rule\\-matching")]
    {
        let output = peregrine(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains(word), "{arguments:?}");
    }
}
