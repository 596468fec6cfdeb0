//! `rulec` as its users see it: exit codes, what goes to which stream, places of mistakes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use serde_json::Value;
use std::process::{Command, Output};

const OWN_RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/peregrine_rules.yaml");

/// The condition's field does not exist; it stands at line 3, column 14.
const BROKEN: &str =
    "- rule: r\n  desc: d\n  condition: no.field = 1\n  output: o\n  priority: INFO\n- macro: m\n  condition: (\n";

fn rulec(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rulec")).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

/// Standard output of a run that must succeed in silence.
fn succeeds(arguments: &[&str]) -> String {
    let output = rulec(arguments);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{arguments:?}");
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes a rule file of its own for a test.
fn file(name: &str, content: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn good_rules() {
    assert!(succeeds(&["check", "--strict", OWN_RULES]).contains("Ok"));
    let report: Value = serde_json::from_str(&succeeds(&["check", "--format", "json", OWN_RULES])).unwrap();
    assert_eq!(report["falco_load_results"][0]["successful"], true);
    let sarif: Value = serde_json::from_str(&succeeds(&["check", "--format", "sarif", OWN_RULES])).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn broken_rules_are_told_with_their_places() {
    let broken = file("broken.yaml", BROKEN);
    let output = rulec(&["check", &broken]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    // Both mistakes, not only the first.
    for place in [format!("{broken}:3:14"), format!("{broken}:7:15")] {
        assert!(said.contains(&place), "{place} is missing in:\n{said}");
    }
    assert!(!said.contains('\x1b'), "colours in spite of NO_COLOR");
    let output = rulec(&["check", "--format", "json", &broken]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["falco_load_results"][0]["successful"], false);
    for command in [&["compile", &broken][..], &["explain", "r", "-r", &broken]] {
        let output = rulec(command);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()), "{command:?}");
        assert!(text(&output.stderr).contains(&format!("{broken}:3:14")), "{command:?}");
    }
}

#[test]
fn warnings_count_only_if_strict() {
    let doubtful = file("doubtful.yaml", "- macro: unused\n  condition: evt.type = open\n");
    assert!(succeeds(&["check", &doubtful]).contains("LOAD_UNUSED_MACRO"));
    assert_eq!(rulec(&["check", "--strict", &doubtful]).status.code(), Some(1));
}

#[test]
fn wrong_usage() {
    for arguments in [
        &[][..],
        &["check"],
        &["chekc", OWN_RULES],
        &["check", "/no/such/file.yaml"],
        &["compile", "--format", "json", "--emit", "ir", OWN_RULES],
        &["explain", "No such rule", "-r", OWN_RULES],
        &["man", "nosuch"],
    ] {
        let output = rulec(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_was_compiled() {
    let told = succeeds(&["compile", OWN_RULES]);
    for word in ["rules:", "predicates:", "functions:", "silent event codes:", "native code:", "time to load:"] {
        assert!(told.contains(word), "{word} is missing in:\n{told}");
    }
    let built: Value = serde_json::from_str(&succeeds(&["compile", "--format", "json", OWN_RULES])).unwrap();
    let number = |key: &str| built[key].as_u64().unwrap_or_else(|| panic!("{key}: {built}"));
    assert!(number("rules") >= number("enabled_rules") && number("enabled_rules") > 20);
    assert!(number("predicates") > number("shared_predicates") && number("shared_predicates") > 0);
    assert!(number("functions") > 0 && number("blocks") > number("functions") && number("code_bytes") > 0);
    assert!(number("fields") > 0 && number("silent_codes") > 0);
    assert!(built["microseconds"]["native"].is_u64(), "{built}");
    let ir = succeeds(&["compile", "--emit", "ir", OWN_RULES]);
    let read = peregrine_compiler::ir::text::parse(&ir).unwrap();
    assert_eq!(read.program.predicates.len() as u64, number("predicates"));
    // The same rules give the same program.
    assert_eq!(succeeds(&["compile", "--emit", "ir", OWN_RULES]), ir);
}

#[test]
fn explained() {
    let rules = file(
        "two.yaml",
        "- macro: opens\n  condition: evt.type in (open, openat)\n\
         - rule: one\n  desc: d\n  condition: opens and fd.name = /a\n  output: o\n  priority: INFO\n\
         - rule: two\n  desc: d\n  condition: opens and fd.name = /b\n  output: o\n  priority: INFO\n  enabled: false\n",
    );
    let told = succeeds(&["explain", "one", "-r", &rules]);
    assert!(told.contains("opens and fd.name = /a") && told.contains("macros:"), "{told}");
    let ir = succeeds(&["explain", "two", "-r", &rules, "--stage", "ir"]);
    assert!(ir.contains("rule r0: \"two\"") && ir.contains("match r0") && !ir.contains("/a"), "{ir}");
    let hir = succeeds(&["explain", "one", "-r", &rules, "--stage", "hir"]);
    let tree = "and\n  evt.type in (\"open\", \"openat\")  [s0]\n  fd.name = \"/a\"  [s1]\n\nfields:\n  s0: evt.type  CHARBUF\n  s1: fd.name  CHARBUF\n";
    assert_eq!(hir, tree);
    let clif = succeeds(&["explain", "one", "-r", &rules, "--stage", "clif"]);
    assert!(clif.starts_with("; f0, fn ") && clif.contains("function") && clif.contains("block0"), "{clif}");
    let asm = succeeds(&["explain", "one", "-r", &rules, "--stage", "asm"]);
    assert!(asm.starts_with("; f0, fn ") && asm.contains("ret") && !asm.contains("function"), "{asm}");
}

#[test]
fn the_kernel_plan_is_explained() {
    let rules = file(
        "kernel.yaml",
        "- rule: one\n  desc: d\n  condition: evt.type = openat and fd.name = /a and not fd.ino = 3 and proc.name = p\n  \
         output: o\n  priority: INFO\n\
         - rule: two\n  desc: d\n  condition: evt.type = read and fd.ino = 3\n  output: o\n  priority: INFO\n",
    );
    let all = succeeds(&["explain", "--kernel", &rules]);
    assert!(all.starts_with("event types: 1 filtered, 1 unfiltered, "), "{all}");
    assert!(all.contains("\nopenat: filtered for 1 rule, 2 atoms, 1 text\n"), "{all}");
    assert!(all.contains("\nread: unfiltered\n  two: only user space keeps what it asks for\n"), "{all}");
    let one = succeeds(&["explain", "--kernel", "-r", &rules, "--event", "openat"]);
    for line in [
        "openat (OPENAT_2_X): filtered",
        "  kernel      fd.name = \"/a\"",
        "  user space  not fd.ino = 3  (only user space keeps what it asks for)",
        "  image bit   proc.name = \"p\"",
        "    arg.name (if absolute and clean) is \"/a\"",
        "i0: proc.name = \"p\"",
    ] {
        assert!(one.lines().any(|l| l == line), "{line}: {one}");
    }
    // What is asked for must be something.
    for wrong in [
        &["explain", "--kernel"][..],
        &["explain", "--kernel", &rules, "--event", "nothing"],
        &["explain", "-r", &rules],
        &["explain", "a", "b", "-r", &rules],
        &["explain", "one", "-r", &rules, "--event", "read"],
        &["explain", "--kernel", &rules, "--listing"],
        &["explain", "--kernel", &rules, "--event", "read", "--btf", &rules],
    ] {
        assert_eq!(rulec(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

/// Programs are listed for the types of a kernel, loaded nowhere.
#[test]
fn the_programs_of_an_event_are_listed() {
    let rules = file(
        "listing.yaml",
        "- rule: one\n  desc: d\n  condition: evt.type = openat and fd.name = /a and evt.rawres >= 0 and proc.name = p\n  \
         output: o\n  priority: INFO\n\
         - rule: two\n  desc: d\n  condition: evt.type = read and fd.ino = 3\n  output: o\n  priority: INFO\n",
    );
    let explain = |event: &str, more: &[&str]| {
        let arguments = [&["explain", "--kernel", &rules, "--event", event, "--listing"], more].concat();
        rulec(&arguments)
    };
    // What a kernel lacks is told; this one has nothing.
    let types = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty.btf");
    std::fs::write(&types, peregrine_probe::btf::Builder::new().finish()).unwrap();
    let none = text(&explain("openat", &["--btf", types.to_str().unwrap()]).stdout);
    let why = "at sys_exit, openat: no program: this kernel's ";
    assert!(
        none.contains("\nfilter (") && none.lines().any(|line| line.starts_with(why) && line.contains(" has no ")),
        "{none}"
    );
    for (wrong, said) in [("/no/such.btf", "cannot read"), (&rules[..], "expected a copy of /sys/kernel/btf/vmlinux")] {
        let output = explain("openat", &["--btf", wrong]);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
    let running = explain("openat", &[]);
    if running.status.code() == Some(2) {
        let (said, required) = (text(&running.stderr), std::env::var("PEREGRINE_KERNEL_TESTS"));
        assert!(said.contains("--btf FILE") && !required.is_ok_and(|v| v == "required"), "{said}");
        println!("skipped: {said}");
        return;
    }
    let listed = text(&running.stdout);
    let (plan, program) = listed.split_once("\nat sys_exit, openat: openat_2_x:\n").unwrap();
    assert!(plan.contains("arg.name (if absolute and clean) is \"/a\"") && program.ends_with(": exit\n"), "{listed}");
    // The arguments, the filter by what its questions cost, the record, the ring.
    let mut rest = program;
    for part in [
        "; argument in ",
        "; — filter\n",
        "= map[filter]\n",
        "; — filter: Numbers\n",
        "; — filter: Texts\n",
        "= map[texts 0][0]+0\n",
        "; — filter: Images",
        "= map[known]\n",
        "= map[told]\n",
        "\n drops:\n",
        "= map[dropped]\n",
        "\n passes:\n",
        "= map[scratch]\n",
        "; — name FSRELPATH\n",
        "; — send\n",
        "= map[rings]\n",
        "call bpf_ringbuf_output#130\n",
        "= map[losses]\n",
    ] {
        let (_, behind) =
            rest.split_once(part).unwrap_or_else(|| panic!("{part:?} is not behind the others: {program}"));
        rest = behind;
    }
    assert!(!program.contains("map[fd:"), "{program}");
    let all = text(&explain("read", &[]).stdout);
    assert!(all.contains("\nat sys_exit, read: read_x:\n") && !all.contains("; — filter"), "{all}");
    assert!(text(&explain("close", &[]).stdout).ends_with("\nno program is loaded\n"));
    let exec = text(&explain("execve", &[]).stdout);
    assert!(
        exec.contains("\nrecorded in any case") && exec.contains("\nat sched_process_exec: execve_19_x:\n"),
        "{exec}"
    );
}

#[test]
fn predicates_are_explained_with_how_they_are_answered() {
    let rule = |number: u32| {
        let condition = format!("evt.type = open and proc.name = p{number} and proc.aname = q");
        format!("- rule: r{number}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n")
    };
    let rules = file("group.yaml", &(0..5).map(rule).collect::<String>());
    let told = succeeds(&["explain", "r3", "-r", &rules]);
    let after = |line: &str| {
        let mut lines = told.lines().skip_while(|l| !l.contains(line)).skip(1);
        lines.next().unwrap_or_else(|| panic!("{line}: {told}")).trim()
    };
    assert_eq!(
        after("   1  proc.name = \"p3\""),
        "image, 1 ns, answered with 4 others by one look at proc.name (equal)"
    );
    assert_eq!(after("   5  proc.aname = \"q\""), "image, 1 ns");
    assert!(after("   5  evt.type = \"open\"").starts_with("event, "), "{told}");
}

#[test]
fn built_ahead_of_time() {
    let out = |name: &str| std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).to_str().unwrap().to_owned();
    let (first, second) = (out("first.pgr"), out("second.pgr"));
    let told = succeeds(&["build", OWN_RULES, "-o", &first]);
    assert!(told.starts_with(&first) && told.contains(" rules, ") && told.ends_with(" bytes\n"), "{told}");
    succeeds(&["build", OWN_RULES, "-o", &second]);
    let bytes = std::fs::read(&first).unwrap();
    assert!(bytes == std::fs::read(&second).unwrap(), "the same rules give different files");
    let read = peregrine_compiler::aot::read(&bytes).unwrap();
    assert_eq!(read.sources.len(), 1);
    // With a rule less it is another file.
    succeeds(&["build", OWN_RULES, "-o", &second, "--disable", "tag:network"]);
    assert!(bytes != std::fs::read(&second).unwrap());
    let broken = file("broken_build.yaml", BROKEN);
    let nothing = out("nothing.pgr");
    let output = rulec(&["build", &broken, "-o", &nothing]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(!std::path::Path::new(&nothing).exists(), "a file in spite of broken rules");
    for arguments in [&["build", OWN_RULES][..], &["build", OWN_RULES, "-o", "/no/such/folder/x.pgr"]] {
        assert_eq!(rulec(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

/// Of two tests the one that is measured to hold less often comes first.
#[test]
fn built_by_a_profile() {
    let rules = file(
        "profiled.yaml",
        "- rule: r\n  desc: d\n  condition: evt.type = open and fd.name contains x and fd.name contains y\n  \
         output: o\n  priority: INFO\n",
    );
    let profile = |x: u32, y: u32| {
        let line = |letter: &str, held: u32| {
            format!(
                "{{\"predicate\": \"fd.name contains \\\"{letter}\\\"\", \"evaluated\": 100, \"held\": {held}, \"nanoseconds\": 9.0}}"
            )
        };
        format!("{{\"predicates\": [{}, {}]}}", line("x", x), line("y", y))
    };
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("beside");
    std::fs::create_dir_all(&folder).unwrap();
    let first_test = |rulec: &std::path::Path, profile: &str| {
        let out = folder.join("out.pgr");
        let output =
            Command::new(rulec).args(["build", &rules, "--profile", profile, "-o"]).arg(&out).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
        let read = peregrine_compiler::aot::read(&std::fs::read(&out).unwrap()).unwrap();
        let peregrine_compiler::ir::Block::Test { predicate, .. } = read.program.functions[0].blocks[0] else {
            panic!("no test: {:?}", read.program)
        };
        peregrine_compiler::print::With(&read.rules.fields, &read.program.predicates[predicate.0 as usize]).to_string()
    };
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_rulec"));
    assert_eq!(first_test(own, &file("x.json", &profile(90, 1))), "fd.name contains \"y\"");
    assert_eq!(first_test(own, &file("y.json", &profile(1, 90))), "fd.name contains \"x\"");
    // Of a capture, by the `peregrine` that lies beside; here one that only says what it would have measured.
    let rulec = folder.join("rulec");
    std::fs::copy(own, &rulec).unwrap();
    let script = format!("#!/bin/sh\necho '{}'\necho \"$@\" >{}/arguments\n", profile(90, 1), folder.display());
    std::fs::write(folder.join("peregrine"), script).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder.join("peregrine"), PermissionsExt::from_mode(0o755)).unwrap();
    let capture = file("some.scap", "a capture");
    assert_eq!(first_test(&rulec, &capture), "fd.name contains \"y\"");
    let arguments = std::fs::read_to_string(folder.join("arguments")).unwrap();
    let expected = format!("replay {capture} --profile=json --rule-matching all -r ");
    assert!(arguments.starts_with(&expected) && arguments.ends_with(".pgr\n"), "{arguments}");
    let fails = |output: &str, profile: &[&str]| {
        let run = Command::new(own).args(["build", &rules, "-o", output]).args(profile).output().unwrap();
        assert_eq!(run.status.code(), Some(2));
        text(&run.stderr)
    };
    fails(&file("none.pgr", ""), &["--profile", "/no/such.scap"]);
    // Only a file is replaced, and no source.
    assert!(fails("/dev/null", &[]).contains("/dev/null is no file"));
    assert!(fails(&rules, &[]).contains("is one of the rule files"));
}

#[test]
fn documented() {
    assert!(succeeds(&["fields", "-N"]).lines().any(|line| line == "proc.name"));
    let fields: Value = serde_json::from_str(&succeeds(&["fields", "--format", "json"])).unwrap();
    assert!(fields["fieldclasses"].is_array());
    assert!(succeeds(&["completions", "bash"]).contains("rulec"));
    assert!(succeeds(&["man"]).contains(".TH"));
    assert!(succeeds(&["man", "compile"]).contains("\\-\\-emit"));
}
