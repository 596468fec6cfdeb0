//! What tests of the program have in common.

use serde_json::Value;
use std::process::Command;

/// The program.
pub(crate) fn peregrine(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peregrine"));
    command.args(arguments).env("NO_COLOR", "1").env("TZ", "UTC").env("FALCO_HOSTNAME", "here");
    command
}

/// A file of the tests.
pub(crate) fn path(name: &str) -> String {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).to_str().unwrap().to_owned()
}

/// Whether the kernel lets the probe in. Says why not; where kernel tests must run, that is a failure.
pub(crate) fn permitted() -> bool {
    let output = peregrine(&["doctor", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let recording = report["uses"].as_array().unwrap().iter().find(|u| u["what"] == "peregrine record").unwrap();
    if recording["works"] == true {
        return true;
    }
    let required = std::env::var("PEREGRINE_KERNEL_TESTS").is_ok_and(|v| v == "required");
    assert!(!required, "must run here: {report:#}");
    eprintln!("skipped: {}", recording["why"]);
    false
}
