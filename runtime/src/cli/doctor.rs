//! `peregrine doctor`: what this system has, what works here, and what to do about the rest.

use super::Doctor;
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

#[derive(Debug, Serialize)]
struct Report {
    kernel: String,
    architecture: &'static str,
    lockdown: Option<String>,
    capabilities: Vec<(&'static str, bool)>,
    kernel_features: Vec<Finding>,
    uses: Vec<Finding>,
}

/// What helps where a feature is missing, by the names of [`Features::list`].
fn advice(feature: &str, features: &Features) -> &'static str {
    let has = |name| features.capabilities().any(|(n, has)| n == name && has);
    if feature != "kernel types (BTF)" && !(has("CAP_BPF") && has("CAP_PERFMON") || has("CAP_SYS_ADMIN")) {
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
    let report = look();
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        print(&report, &mut out)?;
    }
    Ok(u8::from(report.uses.iter().any(|finding| !finding.works)))
}

fn look() -> Report {
    let features = Features::find(&Btf::vmlinux());
    let finding = |(name, feature): (&str, &Feature)| {
        let why = if let Feature::Missing(why) = feature { Some(why.clone()) } else { None };
        let advice = why.is_some().then(|| advice(name, &features));
        Finding { what: name.to_owned(), works: feature.works(), why, advice }
    };
    let kernel_features: Vec<Finding> = features.list().into_iter().map(finding).collect();
    let lacking = kernel_features.iter().find(|f| !f.works && NEEDED.contains(&f.what.as_str()));
    let uses = vec![replaying(), recording(lacking)];
    Report {
        kernel: features.release.clone(),
        architecture: std::env::consts::ARCH,
        lockdown: features.lockdown.clone(),
        capabilities: features.capabilities().collect(),
        kernel_features,
        uses,
    }
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
    let what = "peregrine record".to_owned();
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
    for (name, has) in &report.capabilities {
        writeln!(out, "  {:6} {name}", if *has { "yes" } else { "no" })?;
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
