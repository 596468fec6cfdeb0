//! Containers: which one a process belongs to, and what is known about it.
//!
//! The id comes from the cgroups of a process (`cgroups`). Everything else comes as JSON, from container
//! events: in a capture they were recorded, live they come from the container engines. Until then only the id is
//! known. The host is a container, too: its id as a process' container is empty, and it prints as `host`.

mod cgroups;

use crate::state::thread::{Strings, Text};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Container engine (`container.type`; the discriminant is the number in container events).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named like container.type")]
pub enum ContainerType {
    Docker = 0,
    Lxc = 1,
    LibvirtLxc = 2,
    Mesos = 3,
    Rkt = 4,
    Custom = 5,
    Cri = 6,
    Containerd = 7,
    Crio = 8,
    Bpm = 9,
    Static = 10,
    Podman = 11,
    Host = 0xfffe,
    Unknown = 0xffff,
}

impl ContainerType {
    /// The engine with a number of a container event.
    pub fn from_id(id: u64) -> ContainerType {
        use ContainerType::*;
        const TYPES: [ContainerType; 12] =
            [Docker, Lxc, LibvirtLxc, Mesos, Rkt, Custom, Cri, Containerd, Crio, Bpm, Static, Podman];
        match id {
            0xfffe => Host,
            _ => usize::try_from(id).ok().and_then(|id| TYPES.get(id).copied()).unwrap_or(Unknown),
        }
    }

    /// `container.type`; empty where the original has no name.
    pub fn name(self) -> &'static str {
        match self {
            ContainerType::Docker => "docker",
            ContainerType::Lxc => "lxc",
            ContainerType::LibvirtLxc => "libvirt-lxc",
            ContainerType::Mesos => "mesos",
            ContainerType::Rkt => "rkt",
            ContainerType::Cri => "cri",
            ContainerType::Containerd => "containerd",
            ContainerType::Crio => "cri-o",
            ContainerType::Bpm => "bpm",
            ContainerType::Podman => "podman",
            ContainerType::Host => "host",
            ContainerType::Custom | ContainerType::Static | ContainerType::Unknown => "",
        }
    }
}

/// A mount of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[allow(missing_docs, reason = "named like container.mount.*")]
pub struct Mount {
    pub source: String,
    pub destination: String,
    pub mode: String,
    #[serde(rename = "RW")]
    pub rdwr: bool,
    pub propagation: String,
}

impl Mount {
    /// `source:dest:mode:rdwr:propagation`.
    pub fn text(&self) -> String {
        format!("{}:{}:{}:{}:{}", self.source, self.destination, self.mode, self.rdwr, self.propagation)
    }
}

/// A port of the host that leads into a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[allow(missing_docs, reason = "self-explaining")]
pub struct PortMapping {
    pub host_ip: i64,
    pub host_port: i64,
    pub container_port: i64,
}

/// What is known about a container.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "named like the fields container.* and k8s.pod.*, docs/fields.md")]
pub struct Container {
    /// Short id.
    pub id: String,
    pub full_id: String,
    pub kind: ContainerType,
    pub name: String,
    pub image: String,
    pub image_id: String,
    pub image_repository: String,
    pub image_tag: String,
    pub image_digest: String,
    pub user: String,
    pub ip: String,
    pub cni_json: String,
    pub privileged: bool,
    pub host_pid: bool,
    pub host_network: bool,
    pub host_ipc: bool,
    pub mounts: Vec<Mount>,
    pub port_mappings: Vec<PortMapping>,
    /// Sorted by name.
    pub labels: BTreeMap<String, String>,
    pub env: Vec<String>,
    pub is_pod_sandbox: bool,
    pub pod_sandbox_id: String,
    /// Sorted by name.
    pub pod_sandbox_labels: BTreeMap<String, String>,
    /// Seconds since the epoch, 0 if not known.
    pub created_time: i64,
}

impl Container {
    /// A container of which only id and engine are known.
    pub fn new(id: &str, kind: ContainerType) -> Container {
        Container {
            id: id.to_owned(),
            full_id: String::new(),
            kind,
            name: String::new(),
            image: String::new(),
            image_id: String::new(),
            image_repository: String::new(),
            image_tag: String::new(),
            image_digest: String::new(),
            user: String::new(),
            ip: String::new(),
            cni_json: String::new(),
            privileged: false,
            host_pid: false,
            host_network: false,
            host_ipc: false,
            mounts: Vec::new(),
            port_mappings: Vec::new(),
            labels: BTreeMap::new(),
            env: Vec::new(),
            is_pod_sandbox: false,
            pod_sandbox_id: String::new(),
            pod_sandbox_labels: BTreeMap::new(),
            created_time: 0,
        }
    }

    /// Reads the JSON of a container event.
    fn parse(json: &[u8]) -> Result<Container, serde_json::Error> {
        let Event { container: c } = serde_json::from_slice(json)?;
        Ok(Container {
            id: c.id,
            full_id: c.full_id,
            kind: c.kind.map_or(ContainerType::Unknown, ContainerType::from_id),
            name: c.name,
            image: c.image,
            image_id: c.imageid,
            image_repository: c.imagerepo,
            image_tag: c.imagetag,
            image_digest: c.imagedigest,
            user: c.user,
            ip: c.ip,
            cni_json: c.cni_json,
            privileged: c.privileged,
            host_pid: c.host_pid,
            host_network: c.host_network,
            host_ipc: c.host_ipc,
            mounts: c.mounts.unwrap_or_default(),
            port_mappings: c.port_mappings.unwrap_or_default(),
            labels: c.labels.unwrap_or_default(),
            env: c.env.unwrap_or_default(),
            is_pod_sandbox: c.is_pod_sandbox,
            pod_sandbox_id: c.pod_sandbox_id,
            pod_sandbox_labels: c.pod_sandbox_labels.unwrap_or_default(),
            created_time: c.created_time,
        })
    }
}

/// A container event's JSON.
#[derive(Deserialize)]
struct Event {
    container: Fields,
}

/// Its fields, all of which may be missing; lists may be null.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Fields {
    id: String,
    full_id: String,
    #[serde(rename = "type")]
    kind: Option<u64>,
    name: String,
    image: String,
    imageid: String,
    imagerepo: String,
    imagetag: String,
    imagedigest: String,
    #[serde(rename = "User")]
    user: String,
    ip: String,
    cni_json: String,
    privileged: bool,
    host_pid: bool,
    host_network: bool,
    host_ipc: bool,
    #[serde(rename = "Mounts")]
    mounts: Option<Vec<Mount>>,
    port_mappings: Option<Vec<PortMapping>>,
    labels: Option<BTreeMap<String, String>>,
    env: Option<Vec<String>>,
    is_pod_sandbox: bool,
    pod_sandbox_id: String,
    pod_sandbox_labels: Option<BTreeMap<String, String>>,
    created_time: i64,
}

/// All containers.
#[derive(Debug, Clone)]
pub struct Containers {
    by_id: hashbrown::HashMap<Box<[u8]>, Arc<Container>, foldhash::fast::RandomState>,
    /// How often `by_id` changed.
    changes: u64,
    /// Container events whose JSON could not be read.
    pub malformed: u64,
}

impl Default for Containers {
    fn default() -> Containers {
        let mut host = Container::new("host", ContainerType::Host);
        host.full_id = "host".to_owned();
        host.name = "host".to_owned();
        let by_id = [(Box::from(&b""[..]), Arc::new(host))].into_iter().collect();
        Containers { by_id, changes: 0, malformed: 0 }
    }
}

impl Containers {
    /// What is known about the container with a short id; the empty id is the host's.
    pub fn get(&self, id: &[u8]) -> Option<&Container> {
        self.by_id.get(id).map(|c| &**c)
    }

    /// A number that rises when anything about a container changes.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// All containers of which more than the id is known, in no particular order; the host is not among them.
    pub fn iter(&self) -> impl Iterator<Item = &Container> {
        self.by_id.iter().filter(|(id, _)| !id.is_empty()).map(|(_, c)| &**c)
    }

    /// Short id of the container to which a process with these cgroups belongs; empty for the host. `like` and
    /// `container` are cgroups and container of another process, likely to be the same; if nothing is known about the
    /// other, both are empty.
    pub(crate) fn identify(&mut self, cgroups: &Strings, like: &Strings, container: &Text) -> Text {
        let same = Arc::ptr_eq(&cgroups.0, &like.0) || cgroups.0 == like.0;
        if same {
            return container.clone();
        }
        let paths = cgroups.iter().filter_map(|c| Some(&c[memchr::memchr(b'=', c)? + 1..]));
        let Some(found) = paths.filter(|p| !p.is_empty()).find_map(cgroups::find).filter(|f| !f.id.is_empty()) else {
            return if container.is_empty() { container.clone() } else { Text::from(&b""[..]) };
        };
        if let Some(kind) = found.engine {
            let known = Container::new(&String::from_utf8_lossy(found.id), kind);
            if self.get(found.id) != Some(&known) {
                self.changes += 1;
                self.by_id.insert(found.id.into(), Arc::new(known));
            }
        }
        if *found.id == **container { container.clone() } else { Text::from(found.id) }
    }

    /// A container event: adds or replaces a container. `None`, and counted, if the JSON cannot be read.
    pub(crate) fn add_json(&mut self, json: &[u8]) -> Option<Arc<Container>> {
        let container = self.read(json)?;
        self.changes += 1;
        self.by_id.insert(container.id.as_bytes().into(), container.clone());
        Some(container)
    }

    /// The event of a container's end.
    pub(crate) fn remove_json(&mut self, json: &[u8]) -> Option<Arc<Container>> {
        let container = self.read(json)?;
        self.changes += 1;
        self.by_id.remove(container.id.as_bytes());
        Some(container)
    }

    fn read(&mut self, json: &[u8]) -> Option<Arc<Container>> {
        match Container::parse(json) {
            Ok(container) => Some(Arc::new(container)),
            Err(_) => {
                self.malformed += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_events() {
        let mut containers = Containers::default();
        let json = br#"{"container": {"id": "32a1026ccb88", "type": 0, "name": "babbage", "image": "fedora:38",
            "imagerepo": "fedora", "imagetag": "38", "ip": "172.17.0.2", "labels": {"b": "1", "a": "2"}, "env": null,
            "Mounts": [{"Destination": "/d", "Mode": "", "Propagation": "rprivate", "RW": true, "Source": "/s"}],
            "pod_sandbox_labels": null, "port_mappings": [], "privileged": false, "created_time": 1730971086,
            "lookup_state": 1, "size": -1}}"#;
        assert!(containers.add_json(json).is_some());
        let found = containers.get(b"32a1026ccb88").expect("added");
        assert_eq!((found.kind, &*found.name, &*found.image_tag), (ContainerType::Docker, "babbage", "38"));
        assert_eq!(found.mounts[0].text(), "/s:/d::true:rprivate");
        assert_eq!(found.labels.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert!(containers.remove_json(json).is_some());
        assert!(containers.get(b"32a1026ccb88").is_none());
        assert!(containers.add_json(b"{").is_none());
        assert_eq!(containers.malformed, 1);
    }

    #[test]
    fn host_is_a_container() {
        let containers = Containers::default();
        assert_eq!(containers.get(b"").map(|c| &*c.name), Some("host"));
        assert_eq!(containers.iter().count(), 0);
    }

    #[test]
    fn ids_of_processes() {
        let mut containers = Containers::default();
        let none = Strings(Text::from(&b""[..]));
        let host = Text::from(&b""[..]);
        let cgroups = |text: &str| Strings(Text::from(text.as_bytes()));
        let first = cgroups("cpu=/\0pids=/lxc.payload.one\0");
        let id = containers.identify(&first, &none, &host);
        assert_eq!(&*id, b"one");
        assert_eq!(containers.get(b"one").map(|c| c.kind), Some(ContainerType::Lxc));
        assert!(Arc::ptr_eq(&containers.identify(&first, &first, &id), &id));
        assert_eq!(&*containers.identify(&cgroups("cpu=/user.slice\0"), &first, &id), b"");
    }

    /// Recorded `/proc/PID/cgroup` files: the id is the beginning of the engine's, which is part of the path.
    #[test]
    fn recorded_cgroups() {
        let Some(shared) = std::env::var_os("PEREGRINE_SHARED") else {
            eprintln!("skipped: PEREGRINE_SHARED is not set");
            return;
        };
        let mut dirs = vec![std::path::PathBuf::from(shared).join("samples")];
        let mut seen = 0;
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).expect("samples can be read").flatten() {
                let path = entry.path();
                let name = entry.file_name().to_string_lossy().into_owned();
                if path.is_dir() {
                    dirs.push(path);
                } else if name.contains("cgroup") && name.ends_with(".txt") {
                    let text = std::fs::read_to_string(&path).expect("samples can be read");
                    check_recorded(&name, &text);
                    seen += 1;
                }
            }
        }
        assert!(seen > 0);
    }

    /// Looks at the unified hierarchy only; the others are not always the container's.
    fn check_recorded(name: &str, text: &str) {
        let Some(path) = text.lines().find_map(|l| l.strip_prefix("0::")) else { return };
        let full = path.split(|c: char| !c.is_ascii_hexdigit()).rfind(|part| part.len() == 64);
        let Some(full) = full else { return };
        let none = Text::from(&b""[..]);
        let block = Strings(Text::from(format!("unified={path}\0").into_bytes()));
        let id = Containers::default().identify(&block, &Strings(none.clone()), &none);
        assert_eq!(String::from_utf8_lossy(&id), full[..12], "{name}");
    }
}
