//! Processes of scenarios: the process table, and what a record of `fork` or `execve` repeats about them.

use super::params;
use crate::scap;
use anyhow::{Context as _, ensure};
use peregrine_runtime::capture::{self, FdEntry, FdInfo, FdList};
use peregrine_schema::{Effect, Event, Param};
use serde::Deserialize;
use serde_yaml::{Mapping, Value};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Bytes of a command name without its NUL.
const COMM: usize = 15;

/// A process of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Process id.
    pub pid: i64,
    /// Process id of the parent, 1 if not said.
    #[serde(default = "init_pid")]
    pub parent: i64,
    /// Path of the executable.
    pub exe: String,
    /// Command name; without, the file name of the executable, cut to 15 bytes.
    pub name: Option<String>,
    /// Arguments after the program's name.
    #[serde(default)]
    pub args: Vec<String>,
    /// `NAME=value` each.
    #[serde(default)]
    pub env: Vec<String>,
    /// Working directory.
    #[serde(default = "root_directory")]
    pub cwd: String,
    /// User and group.
    #[serde(default)]
    pub user: u32,
    /// Controlling terminal, 0 for none.
    #[serde(default)]
    pub tty: u32,
    /// Session; without, the process leads its own.
    pub session: Option<i64>,
    /// Process id inside the container; without, the process id.
    pub vpid: Option<i64>,
    /// First hex digits of the id of a docker container; without, the process runs on the host.
    pub container: Option<String>,
    /// Open descriptors: a path, `source->destination`, or `unix:PATH`. Numbered by the key.
    #[serde(default)]
    pub fds: BTreeMap<i64, String>,
}

fn init_pid() -> i64 {
    1
}

fn root_directory() -> String {
    "/".to_owned()
}

/// The command name of an executable.
fn comm(exe: &str) -> String {
    let name = exe.rsplit('/').next().unwrap_or(exe);
    name.chars().take(COMM).collect()
}

impl Process {
    /// Process 1.
    pub fn init() -> Process {
        Process {
            pid: 1,
            parent: 0,
            exe: "/usr/lib/systemd/systemd".to_owned(),
            name: None,
            args: Vec::new(),
            env: Vec::new(),
            cwd: root_directory(),
            user: 0,
            tty: 0,
            session: None,
            vpid: None,
            container: None,
            fds: BTreeMap::new(),
        }
    }

    /// What later records repeat.
    pub fn running(&self) -> Running {
        Running {
            pid: self.pid,
            parent: self.parent,
            vpid: self.vpid.unwrap_or(self.pid),
            exe: self.exe.clone(),
            comm: self.name.clone().unwrap_or_else(|| comm(&self.exe)),
            args: params::texts(&self.args),
            env: params::texts(&self.env),
            cwd: self.cwd.clone(),
            user: self.user,
            tty: self.tty,
            cgroups: self.cgroups(),
        }
    }

    fn cgroups(&self) -> Vec<u8> {
        let path = match &self.container {
            Some(id) => format!("cpuset=/docker/{id:0<64}"),
            None => "cpuset=/".to_owned(),
        };
        params::text(path.as_bytes())
    }

    /// As a capture lists it.
    pub fn entry(&self) -> capture::Process {
        let running = self.running();
        let session = self.session.unwrap_or(running.vpid);
        capture::Process {
            tid: self.pid,
            pid: self.pid,
            ptid: self.parent,
            sid: session,
            vpgid: running.vpid,
            pgid: self.pid,
            comm: running.comm.into_bytes(),
            exe: self.exe.clone().into_bytes(),
            exepath: self.exe.clone().into_bytes(),
            args: running.args,
            cwd: self.cwd.clone().into_bytes(),
            env: running.env,
            cgroups: running.cgroups,
            root: b"/".to_vec(),
            fdlimit: 1024,
            uid: self.user,
            gid: self.user,
            vtid: running.vpid,
            vpid: running.vpid,
            tty: self.tty,
            ..capture::Process::default()
        }
    }

    /// Its descriptors as a capture lists them.
    pub fn fd_list(&self) -> anyhow::Result<FdList> {
        let mut fds = Vec::new();
        for (number, text) in &self.fds {
            let (kind, info) = descriptor(text).with_context(|| format!("descriptor {number} of {}", self.pid))?;
            fds.push(FdEntry { fd: *number, ino: 1000 + *number as u64, kind, info });
        }
        Ok(FdList { tid: self.pid, fds })
    }
}

/// Type and data of a written descriptor; types are `SCAP_FD_*`.
fn descriptor(text: &str) -> anyhow::Result<(u8, FdInfo)> {
    const TCP: u8 = 2;
    if text.starts_with('/') {
        return Ok((16, FdInfo::File { open_flags: 1, name: text.into(), dev: 0 }));
    }
    if let Some(path) = text.strip_prefix("unix:") {
        return Ok((8, FdInfo::Unix { source: 0x1000, dest: 0x2000, name: path.into() }));
    }
    let (source, dest) = params::ends(text)?;
    let (sport, dport, l4) = (source.port(), dest.port(), TCP);
    match (source.ip(), dest.ip()) {
        (IpAddr::V4(s), IpAddr::V4(d)) => Ok((3, FdInfo::V4 { sip: s.octets(), dip: d.octets(), sport, dport, l4 })),
        (IpAddr::V6(s), IpAddr::V6(d)) => Ok((4, FdInfo::V6 { sip: s.octets(), dip: d.octets(), sport, dport, l4 })),
        _ => anyhow::bail!("ends of different families"),
    }
}

/// What `fork` and `execve` records repeat about the acting process.
#[derive(Debug, Clone)]
pub struct Running {
    pid: i64,
    parent: i64,
    vpid: i64,
    exe: String,
    comm: String,
    args: Vec<u8>,
    env: Vec<u8>,
    cwd: String,
    user: u32,
    tty: u32,
    cgroups: Vec<u8>,
}

/// The acting process after the event: a copy of its parent after a fork, the new program after an exec.
pub fn acting<'r>(
    event: &Event,
    tid: i64,
    given: &Mapping,
    running: &'r mut BTreeMap<i64, Running>,
) -> anyhow::Result<&'r Running> {
    if event.effect == Effect::Clone {
        let parent = given.get("ptid").and_then(Value::as_i64).context("the child's `ptid` is missing")?;
        let parent = running.get(&parent).with_context(|| format!("there is no process {parent}"))?;
        let child = Running { pid: tid, vpid: tid, parent: parent.pid, ..parent.clone() };
        running.insert(tid, child);
    }
    let process = running.get_mut(&tid).with_context(|| format!("there is no process {tid}"))?;
    if event.effect == Effect::Execve {
        let exe = given.get("exe").and_then(Value::as_str).context("`exe` is missing")?;
        let path = given.get("trusted_exepath").and_then(Value::as_str).unwrap_or(exe);
        let is_path = path.starts_with('/') || path.starts_with("memfd:");
        ensure!(is_path, "`exe` is no absolute path: say `trusted_exepath` too");
        process.exe = path.to_owned();
        process.comm = comm(path);
        process.args.clear();
    }
    Ok(process)
}

impl Running {
    /// Bytes of a parameter that describes the process, unless the scenario gives it.
    pub fn parameter(&self, event: &Event, param: &Param) -> Option<Vec<u8>> {
        if !matches!(event.effect, Effect::Clone | Effect::Execve) {
            return None;
        }
        let number = |n: i64| scap::Val::Int(n).encode(param.ty);
        Some(match param.name {
            "exe" | "trusted_exepath" | "filename" => params::text(self.exe.as_bytes()),
            "comm" => params::text(self.comm.as_bytes()),
            "args" => self.args.clone(),
            "env" => self.env.clone(),
            "cwd" => params::text(self.cwd.as_bytes()),
            "cgroups" => self.cgroups.clone(),
            "tid" | "pid" | "pgid" => number(self.pid),
            "vtid" | "vpid" | "vpgid" => number(self.vpid),
            "ptid" => number(self.parent),
            "uid" | "gid" => number(i64::from(self.user)),
            "loginuid" => number(i64::from(u32::MAX)),
            "tty" => number(i64::from(self.tty)),
            "fdlimit" => number(1024),
            _ => return None,
        })
    }
}
