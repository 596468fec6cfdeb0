//! `peregrine record` on the running kernel: the capture holds what was done, and only that.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why, and fails where it must
//! run (`PEREGRINE_KERNEL_TESTS=required`).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod support;

use serde_json::Value;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output};
use support::{path, peregrine, permitted};

/// Records a command of the shell; what `peregrine` said.
fn record(capture: &str, options: &[&str], script: &str) -> Output {
    let mut command = peregrine(&["record", "-w", capture]);
    command.args(options).args(["--", "/bin/sh", "-c", script]).env("PEREGRINE_SECRET", "hunter2").output().unwrap()
}

/// The `output_fields` of all events of a capture for which `condition` holds.
fn events(capture: &str, condition: &str, fields: &[&str]) -> Vec<Value> {
    let rules = format!("{capture}.yaml");
    let output = fields.iter().map(|f| format!("%{f}")).collect::<Vec<_>>().join(" ");
    let rule = format!("- rule: r\n  desc: d\n  condition: {condition}\n  output: \"{output}\"\n  priority: INFO\n");
    std::fs::write(&rules, rule).unwrap();
    let output = peregrine(&["replay", capture, "-r", &rules, "--format", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["output_fields"].clone()).collect()
}

#[test]
fn a_command_and_all_that_comes_from_it() {
    if !permitted() {
        return;
    }
    let capture = path("command.scap");
    let output = record(&capture, &[], "cat /etc/passwd > /dev/null; (cd / && ls .) > /dev/null; exit 7");
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("warning"), "{output:?}");

    let fields = ["proc.name", "proc.pname", "proc.cmdline", "fd.name", "evt.res", "proc.exepath", "user.uid"];
    let opened = events(&capture, "evt.type in (open, openat) and fd.name = /etc/passwd and proc.name = cat", &fields);
    assert_eq!(opened.len(), 1, "{opened:#?}");
    assert_eq!(opened[0]["proc.pname"], "sh");
    assert_eq!(opened[0]["proc.cmdline"], "cat /etc/passwd");
    assert_eq!(opened[0]["evt.res"], "SUCCESS");

    // The current directory of the subshell, which it inherited and changed.
    let listed = events(&capture, "evt.type = openat and proc.name = ls and fd.name = /", &["evt.args"]);
    assert_eq!(listed.len(), 1, "{listed:#?}");
    assert!(listed[0]["evt.args"].as_str().unwrap().contains("name=.(/)"), "{listed:#?}");

    let execs =
        events(&capture, "evt.type in (execve, execveat) and evt.res = SUCCESS", &["proc.name", "proc.aname[1]"]);
    let mut names: Vec<&str> = execs.iter().map(|e| e["proc.name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["cat", "ls", "sh"]);
    let exits = events(&capture, "evt.type = procexit and proc.name = sh and evt.arg.status = 1792", &["proc.name"]);
    assert_eq!(exits.len(), 1, "the status is 7 << 8: {exits:#?}");
    // Nobody else's events.
    let others = events(&capture, "not proc.name in (sh, cat, ls, peregrine)", &["proc.name", "evt.type"]);
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn secrets_stay_out_unless_asked_for() {
    if !permitted() {
        return;
    }
    for (environment, holds) in [("names", "PEREGRINE_SECRET="), ("none", ""), ("all", "PEREGRINE_SECRET=hunter2")] {
        let capture = path(&format!("environment-{environment}.scap"));
        assert!(record(&capture, &["--environment", environment], "true").status.success());
        let env = events(&capture, "evt.type = execve and proc.name = sh and evt.res = SUCCESS", &["proc.env"]);
        let env = env[0]["proc.env"].as_str().unwrap_or_default();
        assert!(env.split(' ').any(|v| v == holds) || holds.is_empty() && env.is_empty(), "{environment}: {env}");
        let bytes = std::fs::read(&capture).unwrap();
        let leaks = bytes.windows(7).any(|w| w == b"hunter2");
        assert_eq!(leaks, environment == "all", "{environment}");
    }
}

#[test]
fn sockets_pipes_and_compressed_captures() {
    if !permitted() {
        return;
    }
    let capture = path("things.scap.gz");
    let script = "echo hello | cat > /dev/null; mkdir -p \"$0.d\" && touch \"$0.d/f\" && mv \"$0.d/f\" \"$0.d/g\" \
                  && chmod 755 \"$0.d/g\" && rm -r \"$0.d\"";
    let mut command = peregrine(&["record", "-w", &capture, "--", "/bin/sh", "-c", script, &path("things")]);
    assert!(command.output().unwrap().status.success());
    let renamed = events(&capture, "evt.type in (rename, renameat, renameat2)", &["evt.args"]);
    assert_eq!(renamed.len(), 1, "{renamed:#?}");
    assert!(renamed[0]["evt.args"].as_str().unwrap().contains("things.d/g"));
    assert_eq!(
        events(&capture, "evt.type in (chmod, fchmodat) and evt.arg.mode contains S_IXUSR", &["evt.args"]).len(),
        1
    );
    let written = events(&capture, "evt.type = write and evt.buffer contains hello and fd.type = pipe", &["fd.num"]);
    assert_eq!(written.len(), 1, "{written:#?}");
}

/// Falco reads what is recorded and says the same of it. Needs `FALCO_BIN` and `FALCO_CONFIG`.
#[test]
fn falco_reads_it() {
    let (Ok(falco), Ok(config)) = (std::env::var("FALCO_BIN"), std::env::var("FALCO_CONFIG")) else {
        return eprintln!("skipped: FALCO_BIN and FALCO_CONFIG name no Falco");
    };
    if !permitted() {
        return;
    }
    let (capture, rules) = (path("falco.scap"), path("falco.yaml"));
    assert!(record(&capture, &[], "cat /etc/shadow > /dev/null; ls / > /dev/null").status.success());
    let rule = "- rule: r\n  desc: d\n  condition: evt.type in (open, openat, execve, clone, close)\n  output: \
                \"%evt.time %evt.type %evt.args %fd.name %proc.cmdline %proc.pname %proc.exepath %user.name\"\n  \
                priority: INFO\n";
    std::fs::write(&rules, rule).unwrap();
    let ours = peregrine(&["replay", &capture, "-r", &rules, "--format", "json"]).output().unwrap();
    let mut command = Command::new(falco);
    command.env("TZ", "UTC").env("FALCO_HOSTNAME", "here").args(["-c", &config, "-r", &rules]);
    command.args(["-o", "engine.kind=replay", "-o", &format!("engine.replay.capture_file={capture}")]);
    let theirs = command.output().unwrap();
    let alerts = |bytes: &[u8]| {
        let lines = String::from_utf8_lossy(bytes).into_owned();
        let alerts = lines.lines().filter(|l| l.starts_with('{')).map(|l| serde_json::from_str::<Value>(l).unwrap());
        // What else an alert has depends on the configuration.
        alerts.map(|alert| alert["output"].clone()).collect::<Vec<_>>()
    };
    let (ours, theirs) = (alerts(&ours.stdout), alerts(&theirs.stdout));
    assert!(ours.len() > 10, "{}", ours.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
}

#[test]
fn without_rights_it_says_what_to_do() {
    let mut command = peregrine(&["record", "-w", "/dev/null", "--", "true"]);
    // Not root: the kernel takes the capabilities away.
    if rustix::process::geteuid().is_root() {
        command.uid(65534);
    }
    let Ok(output) = command.output() else { return eprintln!("skipped: the program is not readable for others") };
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("peregrine doctor"), "{said}");
}
