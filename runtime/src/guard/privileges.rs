//! Capabilities: what starting needs, and keeping no more of them than what is still needed.
//!
//! What must hold: after [`lower`] no thread of the process has a capability that is not asked for, nor can the process
//! get one back. Nothing is executed from then on, so that the sets which only matter for that are emptied: the
//! inheritable, the ambient, and the bounding set. The last takes CAP_SETPCAP; without it the set stays as it was, which
//! `no_new_privs` makes harmless.

use super::GuardError;
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Pid, set_dumpable_behavior};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set, clear_ambient_capability_set, gettid,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};
use serde::Serialize;
use std::fs;

/// What a capability is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// There is no probe without it.
    Probe,
    /// Without it less is known of the processes of others.
    Processes,
    /// It does something where others are missing or the kernel is old; nothing lacks without it.
    Optional,
}

/// A capability that is of use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// Its name.
    pub name: &'static str,
    /// What for.
    pub purpose: Purpose,
    /// What it permits.
    pub permits: &'static str,
    bit: CapabilitySet,
}

const fn row(name: &'static str, bit: CapabilitySet, purpose: Purpose, permits: &'static str) -> Capability {
    Capability { name, purpose, permits, bit }
}

/// All that are.
const CAPABILITIES: [Capability; 7] = [
    row("CAP_BPF", CapabilitySet::BPF, Purpose::Probe, "to make maps and load programs"),
    row("CAP_PERFMON", CapabilitySet::PERFMON, Purpose::Probe, "to load programs that read memory of the kernel"),
    row(
        "CAP_SYS_PTRACE",
        CapabilitySet::SYS_PTRACE,
        Purpose::Processes,
        "to see programs and directories of the processes of others",
    ),
    row(
        "CAP_DAC_READ_SEARCH",
        CapabilitySet::DAC_READ_SEARCH,
        Purpose::Processes,
        "to see, with CAP_SYS_PTRACE, their descriptors and environments",
    ),
    row("CAP_SETPCAP", CapabilitySet::SETPCAP, Purpose::Optional, "to empty the bounding set"),
    row("CAP_SYS_ADMIN", CapabilitySet::SYS_ADMIN, Purpose::Optional, "what CAP_BPF and CAP_PERFMON permit"),
    row("CAP_SYS_RESOURCE", CapabilitySet::SYS_RESOURCE, Purpose::Optional, "to lock more memory (Linux before 5.11)"),
];

/// What is still to be done when capabilities are given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Programs of the probe are replaced: other rules.
    pub reload: bool,
    /// Processes of other users are described from `/proc`.
    pub processes: bool,
}

impl Needs {
    fn of(self, permitted: CapabilitySet) -> CapabilitySet {
        let asked = |c: &&Capability| match c.purpose {
            Purpose::Probe => self.reload,
            Purpose::Processes => self.processes,
            Purpose::Optional => false,
        };
        let wanted: CapabilitySet = CAPABILITIES.iter().filter(asked).map(|c| c.bit).collect();
        let instead =
            if self.reload && !permitted.contains(probe()) { CapabilitySet::SYS_ADMIN } else { CapabilitySet::empty() };
        permitted & (wanted | instead)
    }
}

/// What was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The names of capabilities.
    pub kept: Vec<&'static str>,
    /// The bounding set could not be emptied: CAP_SETPCAP was missing.
    pub bounding_left: bool,
}

/// Those without which there is no probe.
fn probe() -> CapabilitySet {
    CAPABILITIES.iter().filter(|c| c.purpose == Purpose::Probe).map(|c| c.bit).collect()
}

fn sets(thread: Option<Pid>) -> Result<CapabilitySets, GuardError> {
    capabilities(thread).map_err(GuardError::refused("cannot read capabilities"))
}

/// The capabilities that are of use here, each with whether this thread may use it.
///
/// # Errors
///
/// As the kernel gives them.
pub fn held() -> Result<Vec<(Capability, bool)>, GuardError> {
    let effective = sets(None)?.effective;
    Ok(CAPABILITIES.iter().map(|c| (*c, effective.contains(c.bit))).collect())
}

/// Makes sure that the probe can be loaded, as far as capabilities go; gives those without which it works, but knows
/// less.
///
/// # Errors
///
/// [`GuardError::Missing`].
pub fn require() -> Result<Vec<Capability>, GuardError> {
    lacking(sets(None)?.effective)
}

fn lacking(effective: CapabilitySet) -> Result<Vec<Capability>, GuardError> {
    let lacks = |purpose| CAPABILITIES.into_iter().filter(move |c| c.purpose == purpose && !effective.contains(c.bit));
    let missing: Vec<&str> = lacks(Purpose::Probe).map(|c| c.name).collect();
    if !missing.is_empty() && !effective.contains(CapabilitySet::SYS_ADMIN) {
        return Err(GuardError::Missing(missing));
    }
    Ok(lacks(Purpose::Processes).collect())
}

/// Gives up all capabilities but those that are needed and there, and the means to get others; memory is no longer
/// readable for processes of the same user, nor dumped. Called while no other thread has more than what is kept.
///
/// # Errors
///
/// [`GuardError::Threads`], before anything was given up; else as the kernel gives them.
pub fn lower(needs: Needs) -> Result<Report, GuardError> {
    let before = sets(None)?;
    let keep = needs.of(before.permitted);
    alone(keep)?;
    let bounding_left = !before.effective.contains(CapabilitySet::SETPCAP);
    if !bounding_left {
        empty_bounding_set()?;
    }
    clear_ambient_capability_set().map_err(GuardError::refused("cannot clear ambient capabilities"))?;
    let after = CapabilitySets { effective: keep, permitted: keep, inheritable: CapabilitySet::empty() };
    set_capabilities(None, after).map_err(GuardError::refused("cannot give up capabilities"))?;
    set_no_new_privs(true).map_err(GuardError::refused("cannot set no_new_privs"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(GuardError::refused("cannot forbid dumps"))?;
    let kept = CAPABILITIES.iter().filter(|c| keep.contains(c.bit)).map(|c| c.name).collect();
    Ok(Report { kept, bounding_left })
}

/// Makes sure that no other thread has a capability beyond these.
fn alone(keep: CapabilitySet) -> Result<(), GuardError> {
    let refused = || GuardError::refused("cannot list threads");
    let mut others = Vec::new();
    for entry in fs::read_dir("/proc/self/task").map_err(refused())? {
        let entry = entry.map_err(refused())?;
        let thread = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        let Some(thread) = thread.filter(|thread| *thread != gettid()) else { continue };
        match capabilities(Some(thread)) {
            Ok(sets) if keep.contains(sets.permitted | sets.inheritable) => {}
            // It has ended.
            Err(Errno::SRCH) => {}
            Ok(_) => {
                let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                others.push(format!("{} ({})", thread.as_raw_nonzero(), name.trim_end()));
            }
            Err(error) => return Err(GuardError::refused("cannot read capabilities")(error)),
        }
    }
    if others.is_empty() { Ok(()) } else { Err(GuardError::Threads(others)) }
}

fn empty_bounding_set() -> Result<(), GuardError> {
    for capability in (0..u64::BITS).map(|number| CapabilitySet::from_bits_retain(1 << number)) {
        match capability_is_in_bounding_set(capability) {
            Ok(false) => {}
            Ok(true) => remove_capability_from_bounding_set(capability)
                .map_err(GuardError::refused("cannot empty the bounding set"))?,
            // The kernel has no more of them.
            Err(_) => break,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let some = CapabilitySet::BPF | CapabilitySet::SYS_PTRACE;
        let Err(GuardError::Missing(missing)) = lacking(some) else { panic!("CAP_PERFMON is missing") };
        assert_eq!(missing, ["CAP_PERFMON"]);
        let said = GuardError::Missing(vec!["CAP_BPF", "CAP_PERFMON"]).to_string();
        assert!(said.starts_with("missing CAP_BPF and CAP_PERFMON: "), "{said}");
        let less = lacking(CapabilitySet::SYS_ADMIN | CapabilitySet::SYS_PTRACE).expect("enough for the probe");
        assert_eq!(less.iter().map(|c| c.name).collect::<Vec<_>>(), ["CAP_DAC_READ_SEARCH"]);
        assert!(lacking(CapabilitySet::all()).is_ok_and(|less| less.is_empty()));
    }

    #[test]
    fn only_what_is_asked_for_is_kept() {
        let (reload, processes) = (Needs { reload: true, processes: false }, Needs { reload: false, processes: true });
        let all = CapabilitySet::all();
        assert_eq!(Needs::default().of(all), CapabilitySet::empty());
        assert_eq!(reload.of(all), CapabilitySet::BPF | CapabilitySet::PERFMON);
        assert_eq!(processes.of(all), CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH);
        // Where CAP_SYS_ADMIN stands for them it is kept; what is not there is not asked for.
        assert_eq!(reload.of(CapabilitySet::SYS_ADMIN | CapabilitySet::CHOWN), CapabilitySet::SYS_ADMIN);
        assert_eq!(processes.of(CapabilitySet::SYS_PTRACE), CapabilitySet::SYS_PTRACE);
    }
}
