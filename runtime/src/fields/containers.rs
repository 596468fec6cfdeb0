//! Fields of containers and pods: `container.*`, `k8s.*`.
//!
//! The container of an event is that of its thread; for events that announce a container or its end, the announced
//! one. A process on the host belongs to the container `host`. The id comes from the process' cgroups; everything
//! else from what has been announced, and is missing before.

use super::EventView;
use super::bound::BoundField;
use super::text::Text;
use crate::containers::{Container, Mount};
use crate::state::Thread;
use peregrine_compiler::eval::glob;
use peregrine_compiler::value::Value;
use peregrine_schema::FieldId;
use peregrine_schema::events::code;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Characters of a short id.
const SHORT_ID: usize = 12;

const POD_NAME: &str = "io.kubernetes.pod.name";
const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";
const POD_UID: &str = "io.kubernetes.pod.uid";

/// Value of a field of the container class.
pub(super) fn value<'a>(view: &EventView<'a>, field: &'a BoundField) -> Option<Value<'a>> {
    let announced = view.cur.container.as_deref();
    let thread = if announced.is_some() { None } else { Some(view.thread()?) };
    match field.id {
        FieldId::ContainerStartTs => return started(thread?).map(Value::Uint),
        FieldId::ContainerDuration => return Some(Value::Uint(view.rec.ts.wrapping_sub(started(thread?)?))),
        _ => {}
    }
    match (announced.or_else(|| view.state.containers.get(&thread?.image.container_id)), thread) {
        (Some(container), _) => of_container(view, container, field),
        // The id is known from the cgroups alone.
        (None, Some(thread)) if field.id == FieldId::ContainerId => Some(Value::Str(&thread.image.container_id)),
        (None, _) => None,
    }
}

/// Start of the first process in the thread's pid namespace; only processes in a namespace of their own have one.
fn started(thread: &Thread) -> Option<u64> {
    (thread.pidns_init_start_ts != 0).then_some(thread.pidns_init_start_ts)
}

fn of_container<'a>(view: &EventView<'a>, container: &'a Container, field: &'a BoundField) -> Option<Value<'a>> {
    use FieldId::*;
    let text = |text: &'a str| Value::Str(text.as_bytes());
    let label = |name: &str| container.labels.get(name).map(|value| text(value));
    Some(match field.id {
        ContainerId => text(&container.id),
        ContainerFullId => text(&container.full_id),
        ContainerName => text(&container.name),
        ContainerImage => text(&container.image),
        ContainerImageId => text(&container.image_id),
        ContainerType => text(container.kind.name()),
        ContainerPrivileged => Value::Bool(container.privileged),
        ContainerMounts => view.text(|out| {
            let mounts: Vec<String> = container.mounts.iter().map(Mount::text).collect();
            out.bytes(mounts.join(",").as_bytes());
        }),
        ContainerMount => {
            let mount = mount(container, field)?;
            view.text(|out| out.bytes(mount.text().as_bytes()))
        }
        ContainerMountSource => text(&mount(container, field)?.source),
        ContainerMountDest => text(&mount(container, field)?.destination),
        ContainerMountMode => text(&mount(container, field)?.mode),
        ContainerMountRdwr => text(if mount(container, field)?.rdwr { "true" } else { "false" }),
        ContainerMountPropagation => text(&mount(container, field)?.propagation),
        ContainerImageRepository => text(&container.image_repository),
        ContainerImageTag => text(&container.image_tag),
        ContainerImageDigest => text(&container.image_digest),
        ContainerIp => text(&container.ip),
        ContainerCniJson => text(&container.cni_json),
        ContainerHostPid => Value::Bool(container.host_pid),
        ContainerHostNetwork => Value::Bool(container.host_network),
        ContainerHostIpc => Value::Bool(container.host_ipc),
        ContainerLabel => label(std::str::from_utf8(field.key()?).ok()?)?,
        ContainerLabels => labels(view, &container.labels),
        K8sPodName => label(POD_NAME)?,
        K8sNsName => label(POD_NAMESPACE)?,
        K8sPodId | K8sPodUid => label(POD_UID)?,
        K8sPodSandboxId => text(short_id(&container.pod_sandbox_id)),
        K8sPodFullSandboxId => text(&container.pod_sandbox_id),
        K8sPodLabel => {
            let name = std::str::from_utf8(field.key()?).ok()?;
            let of_sandbox = sandbox(view, container).and_then(|s| s.pod_sandbox_labels.get(name));
            text(of_sandbox.or_else(|| container.pod_sandbox_labels.get(name))?)
        }
        K8sPodLabels => labels(view, &sandbox(view, container).unwrap_or(container).pod_sandbox_labels),
        K8sPodIp => text(&described(view, container)?.ip),
        K8sPodCniJson => text(&described(view, container)?.cni_json),
        // Kept so that old rules load; nothing has given them a value for long.
        _ => return None,
    })
}

/// The mount with an index; otherwise the first whose source (for `container.mount.source`: destination) is matched
/// by the pattern.
fn mount<'a>(container: &'a Container, field: &BoundField) -> Option<&'a Mount> {
    if let Some(index) = field.index() {
        return container.mounts.get(usize::try_from(index).ok()?);
    }
    let pattern = field.key()?;
    container.mounts.iter().find(|mount| {
        let path = if field.id == FieldId::ContainerMountSource { &mount.destination } else { &mount.source };
        glob(pattern, path.as_bytes())
    })
}

/// `key:value` of all labels but annotations and Kubernetes' own.
fn labels<'a>(view: &EventView<'a>, labels: &BTreeMap<String, String>) -> Value<'a> {
    let shown = labels.iter().filter(|(k, _)| !k.starts_with("annotation.") && !k.starts_with("io.kubernetes."));
    view.text(|out| {
        for (key, value) in shown {
            if !out.is_empty() {
                out.bytes(b", ");
            }
            out.bytes(key.as_bytes());
            if !value.is_empty() {
                out.push(b':');
                out.bytes(value.as_bytes());
            }
        }
    })
}

fn short_id(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// The pod's sandbox container, asked where the container itself does not describe the pod.
fn sandbox<'a>(view: &EventView<'a>, container: &Container) -> Option<&'a Container> {
    if !container.cni_json.is_empty() {
        return None;
    }
    view.state.containers.get(short_id(&container.pod_sandbox_id).as_bytes())
}

/// The container that describes the pod: itself or its sandbox.
fn described<'a>(view: &EventView<'a>, container: &'a Container) -> Option<&'a Container> {
    if container.cni_json.is_empty() { sandbox(view, container) } else { Some(container) }
}

/// For an event that announces a container: the user its thread's container runs as.
pub(super) fn announced_user<'a>(view: &EventView<'a>, thread: &Thread) -> Option<&'a [u8]> {
    let announces = match view.rec.code {
        code::CONTAINER_JSON_2_E => true,
        code::ASYNCEVENT_E => view.param_text(1) == Some(b"container"),
        _ => false,
    };
    if !announces || thread.image.container_id.is_empty() {
        return None;
    }
    let user = &view.state.containers.get(&thread.image.container_id)?.user;
    (!user.is_empty()).then_some(user.as_bytes())
}

/// Address of the container, if it has one.
pub(super) fn address(view: &EventView<'_>, id: &[u8]) -> Option<[u8; 4]> {
    parse(&view.state.containers.get(id)?.ip)
}

/// Whether any container has the address.
pub(super) fn any_address(view: &EventView<'_>, ip: [u8; 4]) -> bool {
    view.state.containers.iter().any(|container| parse(&container.ip) == Some(ip))
}

fn parse(ip: &str) -> Option<[u8; 4]> {
    ip.parse::<Ipv4Addr>().ok().map(|ip| ip.octets())
}
