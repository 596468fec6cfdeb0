//! `peregrine doctor`: what this system has, what works here, and what to do about the rest.

use super::Doctor;
use crate::guard::{self, Capability, GuardError, Purpose};
use peregrine_compiler::backend::native::Native;
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::Program;
use peregrine_probe::btf::Btf;
use peregrine_probe::features::{Feature, Features};
use peregrine_probe::live::{Options, Probe};
use serde::Serialize;
use std::io::Write as _;

/// Something that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    works: bool,
    /// Why not, or what is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

/// A capability, and whether this process may use it.
#[derive(Debug, Serialize)]
struct Permission {
    name: &'static str,
    held: bool,
    needed_for: Purpose,
    permits: &'static str,
}

#[derive(Debug, Serialize)]
struct Report {
    kernel: String,
    architecture: &'static str,
    lockdown: Option<String>,
    capabilities: Vec<Permission>,
    kernel_features: Vec<Finding>,
    uses: Vec<Finding>,
}

/// What helps where a feature is missing, by the names of [`Features::list`].
fn advice(feature: &str, permitted: bool) -> &'static str {
    if feature != "kernel types (BTF)" && !permitted {
        return "run it as root, or give it CAP_BPF and CAP_PERFMON (before Linux 5.8: CAP_SYS_ADMIN)";
    }
    match feature {
        "kernel types (BTF)" => "use a kernel built with CONFIG_DEBUG_INFO_BTF; those of the distributions are",
        "kernel memory" => "lockdown must not be `confidentiality`: it forbids what every such probe needs",
        "raw tracepoints" | "typed tracepoints" => "use Linux 5.10 or newer with CONFIG_BPF_EVENTS",
        "ring buffers" | "arrays of ring buffers" => {
            "use Linux 5.8 or newer; before 5.11, lift the limit on locked memory"
        }
        "task storage" => "nothing: a table of tasks is used instead (Linux 5.11 has it)",
        "bpf_loop" => "nothing: loops are bounded otherwise (Linux 5.17 has it)",
        "bpf_rdonly_cast" => "nothing: kernel memory is read by calls, which costs more (Linux 6.2 has it)",
        _ => "use a newer kernel",
    }
}

/// Features without which there is no probe.
const NEEDED: [&str; 5] =
    ["kernel types (BTF)", "typed tracepoints", "kernel memory", "ring buffers", "arrays of ring buffers"];

/// Runs the command; 0 if everything works here, 1 if something does not.
pub(super) fn run(options: &Doctor) -> anyhow::Result<u8> {
    let report = look()?;
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        print(&report, &mut out)?;
    }
    Ok(u8::from(report.uses.iter().any(|finding| !finding.works)))
}

fn look() -> anyhow::Result<Report> {
    let features = Features::find(&Btf::vmlinux());
    let permitted = guard::require();
    let finding = |(name, feature): (&str, &Feature)| {
        let why = if let Feature::Missing(why) = feature { Some(why.clone()) } else { None };
        let advice = why.is_some().then(|| advice(name, permitted.is_ok()));
        Finding { what: name.to_owned(), works: feature.works(), why, advice }
    };
    let kernel_features: Vec<Finding> = features.list().into_iter().map(finding).collect();
    let lacking = kernel_features.iter().find(|f| !f.works && NEEDED.contains(&f.what.as_str()));
    let held = guard::held()?;
    let recording = match &permitted {
        Err(GuardError::Missing(names)) => Finding {
            what: RECORDING.to_owned(),
            works: false,
            why: Some(format!("missing {}", names.join(" and "))),
            advice: Some("run it as root, or give it these capabilities"),
        },
        _ => recording(lacking),
    };
    let uses = vec![replaying(), recording, describing(&held), confining()];
    let permission =
        |(c, held): (Capability, bool)| Permission { name: c.name, held, needed_for: c.purpose, permits: c.permits };
    Ok(Report {
        kernel: features.release.clone(),
        architecture: std::env::consts::ARCH,
        lockdown: features.lockdown.clone(),
        capabilities: held.into_iter().map(permission).collect(),
        kernel_features,
        uses,
    })
}

const RECORDING: &str = "peregrine record";

/// The processes of others, as far as `/proc` shows them.
fn describing(held: &[(Capability, bool)]) -> Finding {
    let lacks = held.iter().filter(|(c, held)| c.purpose == Purpose::Processes && !held);
    let lacks: Vec<String> = lacks.map(|(c, _)| format!("{}: {}", c.name, c.permits)).collect();
    let why = (!lacks.is_empty()).then(|| format!("missing {}", lacks.join("; ")));
    let advice = why.is_some().then_some("run it as root, or give it these capabilities; events do not depend on them");
    Finding { what: "full description of the processes of others".to_owned(), works: why.is_none(), why, advice }
}

/// The filter of system calls. Setting it would confine what comes after.
fn confining() -> Finding {
    let works = guard::supported();
    let why = (!works).then(|| "the kernel does not offer seccomp filters".to_owned());
    let advice = why.is_some().then_some("use a kernel built with CONFIG_SECCOMP_FILTER");
    Finding { what: "filter of the system calls of a daemon".to_owned(), works, why, advice }
}

/// Rules over captures, by native code made here.
fn replaying() -> Finding {
    let native = Native::new(&RuleSet::default(), &Program::default());
    let why = native.err().map(|e| e.to_string());
    let advice = why.is_some().then_some("build rules with `rulec build` and run that file, or use `--engine interp`");
    Finding { what: "peregrine replay, by native code".to_owned(), works: why.is_none(), why, advice }
}

/// The probe, with all its programs.
fn recording(lacking: Option<&Finding>) -> Finding {
    let what = RECORDING.to_owned();
    if let Some(feature) = lacking {
        let why = Some(format!("{} are missing: see above", feature.what));
        return Finding { what, works: false, why, advice: None };
    }
    match Probe::load(|_| true, None, Options { ring_bytes: 1 << 16, ..Options::default() }) {
        Err(e) => Finding { what, works: false, why: Some(e.to_string()), advice: None },
        Ok(probe) if probe.refused().is_empty() => Finding { what, works: true, why: None, advice: None },
        Ok(probe) => {
            let reasons = probe.refused().iter().map(|r| format!("{} ({})", r.event.id, r.reason));
            let why = format!("without these events: {}", reasons.collect::<Vec<_>>().join("; "));
            let advice = "please report this with the release of the kernel";
            Finding { what, works: false, why: Some(why), advice: Some(advice) }
        }
    }
}

fn print(report: &Report, out: &mut impl std::io::Write) -> std::io::Result<()> {
    writeln!(out, "Kernel\n  {} ({})", report.kernel, report.architecture)?;
    let lockdown = report.lockdown.as_deref().unwrap_or("not told (securityfs is not mounted, or there is none)");
    writeln!(out, "  lockdown: {lockdown}")?;
    findings("\nWhat the kernel has", &report.kernel_features, out)?;
    writeln!(out, "\nCapabilities of this process")?;
    for Permission { name, held, needed_for, permits } in &report.capabilities {
        let mark = match (held, needed_for) {
            (true, _) => "yes",
            (false, Purpose::Optional) => "no",
            (false, _) => "NO",
        };
        let whether = if *needed_for == Purpose::Optional { "not needed: " } else { "" };
        writeln!(out, "  {mark:6} {name:19} {whether}{permits}")?;
    }
    findings("\nWhat works here", &report.uses, out)
}

fn findings(title: &str, list: &[Finding], out: &mut impl std::io::Write) -> std::io::Result<()> {
    writeln!(out, "{title}")?;
    for finding in list {
        writeln!(out, "  {:6} {}", if finding.works { "yes" } else { "NO" }, finding.what)?;
        for line in [finding.why.as_deref(), finding.advice].into_iter().flatten() {
            writeln!(out, "         {line}")?;
        }
    }
    Ok(())
}
