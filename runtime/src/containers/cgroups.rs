//! Container ids in cgroup paths.
//!
//! Engines name a container's cgroup after its id, in one of a few forms. They are tried in a fixed order; the first
//! that fits decides, so most names under two components are taken for containerd's. `ID` stands for 64 hexadecimal digits, of which the first 12 are the id that is told.
//!
//! ```text
//! podman       …/libpod-ID[.scope[/container]]  …/libpod-payload-ID[.scope[/container]]
//! docker       …/ID  …/docker-ID.scope
//! cri          …/ID  …/crio-ID[.scope]  …/cri-containerd-ID.scope  …:cri-containerd:ID  …/docker-ID.scope
//!              …/nerdctl-ID.scope
//! containerd   /NAMESPACE/NAME, NAME up to 64 bytes, not a systemd unit; its first 12 bytes are the id
//! lxc          …/lxc/NAME[/…]  …/lxc.payload/NAME[/…]  …/lxc.payload.NAME[/…]
//! libvirt_lxc  …/NAME.libvirt-lxc  …-lxc\x2dNAME.scope[/libvirt]  …/libvirt/lxc/NAME
//! bpm          …bpm-NAME[.scope…]
//! ```

use super::ContainerType;
use memchr::memmem;

/// Hexadecimal digits of a full id.
const ID_LEN: usize = 64;
/// Bytes of the id that is told.
const SHORT_LEN: usize = 12;

/// Prefix and suffix of an id.
type Layout = (&'static [u8], &'static [u8]);

const PODMAN: &[Layout] = &[
    (b"/libpod-", b".scope"),
    (b"/libpod-", b".scope/container"),
    (b"/libpod-", b""),
    (b"/libpod-payload-", b".scope"),
    (b"/libpod-payload-", b".scope/container"),
    (b"/libpod-payload-", b""),
];
const DOCKER: &[Layout] = &[(b"/", b""), (b"/docker-", b".scope")];
const CRI: &[Layout] = &[
    (b"/", b""),
    (b"/crio-", b""),
    (b"/cri-containerd-", b".scope"),
    (b"/crio-", b".scope"),
    (b":cri-containerd:", b""),
    (b"/docker-", b".scope"),
    (b"/nerdctl-", b".scope"),
];

/// A container found in a cgroup path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    /// Short id.
    pub id: &'a [u8],
    /// Type, for engines that are asked for no more than what the path tells; others may be any of several engines.
    pub engine: Option<ContainerType>,
}

/// The container of a cgroup path; `None` on the host.
pub(super) fn find(path: &[u8]) -> Option<Found<'_>> {
    let known = |id| Found { id, engine: None };
    let by_layout = |layouts: &[Layout]| layouts.iter().find_map(|(prefix, suffix)| full_id(path, prefix, suffix));
    by_layout(PODMAN)
        .or_else(|| by_layout(DOCKER))
        .or_else(|| by_layout(CRI))
        .or_else(|| containerd(path))
        .map(known)
        .or_else(|| Some(Found { id: lxc(path)?, engine: Some(ContainerType::Lxc) }))
        .or_else(|| Some(Found { id: libvirt_lxc(path)?, engine: Some(ContainerType::LibvirtLxc) }))
        .or_else(|| Some(Found { id: bpm(path)?, engine: Some(ContainerType::Bpm) }))
}

/// The bytes between the last `prefix` and the last `suffix` (the end, if that is empty).
fn between<'a>(path: &'a [u8], prefix: &[u8], suffix: &[u8]) -> Option<(usize, &'a [u8])> {
    let start = memmem::rfind(path, prefix)? + prefix.len();
    let end = if suffix.is_empty() { path.len() } else { memmem::rfind(path, suffix)? };
    Some((start, path.get(start..end)?))
}

/// An id of 64 digits. Not all of them are looked at when the id begins late in the path: the original compares the
/// place of the first other byte in the whole path with 64.
fn full_id<'a>(path: &'a [u8], prefix: &[u8], suffix: &[u8]) -> Option<&'a [u8]> {
    let (start, id) = between(path, prefix, suffix)?;
    let digits = path[start..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let all = start + digits == path.len();
    (id.len() == ID_LEN && (all || start + digits >= ID_LEN)).then(|| &id[..SHORT_LEN])
}

/// The namespace is the first component with another one behind it, made of words joined by single `.`, `_` or `-`.
fn containerd(path: &[u8]) -> Option<&[u8]> {
    let namespace = first_namespace(path)?;
    let (_, id) = between(path, namespace, b"")?;
    let unit = [&b".service"[..], b".slice", b".scope"].iter().any(|suffix| path.ends_with(suffix));
    match id.len() {
        ID_LEN if id.iter().all(u8::is_ascii_hexdigit) => Some(&id[..SHORT_LEN]),
        1..=ID_LEN if !unit => Some(&id[..id.len().min(SHORT_LEN)]),
        _ => None,
    }
}

/// The first `/NAMESPACE/`, slashes included.
fn first_namespace(path: &[u8]) -> Option<&[u8]> {
    let mut from = 0;
    loop {
        let start = from + memchr::memchr(b'/', path.get(from..)?)?;
        let end = start + 1 + memchr::memchr(b'/', &path[start + 1..])?;
        if is_namespace(&path[start + 1..end]) {
            return Some(&path[start..=end]);
        }
        from = end;
    }
}

fn is_namespace(name: &[u8]) -> bool {
    name.split(|b| matches!(b, b'.' | b'_' | b'-'))
        .all(|word| !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric))
}

fn lxc(path: &[u8]) -> Option<&[u8]> {
    [&b"/lxc/"[..], b"/lxc.payload/", b"/lxc.payload."].iter().find_map(|prefix| {
        let rest = &path[memmem::find(path, prefix)? + prefix.len()..];
        Some(&rest[..memchr::memchr(b'/', rest).unwrap_or(rest.len())])
    })
}

fn libvirt_lxc(path: &[u8]) -> Option<&[u8]> {
    if let Some(head) = path.strip_suffix(b".libvirt-lxc")
        && memmem::find(path, b".libvirt-lxc") == Some(head.len())
        && let Some(slash) = memchr::memrchr(b'/', path)
    {
        return head.get(slash + 1..);
    }
    if let Some(at) = memmem::find(path, b"-lxc\\x2") {
        // One byte more than the mark: the `d` of the escaped hyphen.
        let start = at + b"-lxc\\x2d".len();
        let whole = memmem::find(path, b".scope/libvirt").is_some();
        let unit: &[u8] = if whole { b".scope/libvirt" } else { b".scope" };
        if let Some(end) = memmem::find(path, unit)
            && end + unit.len() == path.len()
        {
            return path.get(start..end);
        }
    }
    let mark = b"/libvirt/lxc/";
    Some(&path[memmem::find(path, mark)? + mark.len()..])
}

fn bpm(path: &[u8]) -> Option<&[u8]> {
    let rest = &path[memmem::find(path, b"bpm-")? + 4..];
    let id = &rest[..memmem::find(rest, b".scope").unwrap_or(rest.len())];
    let valid = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (!id.is_empty() && id.iter().all(valid)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: &str = "1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef";

    fn id(path: &str) -> Option<String> {
        find(path.as_bytes()).map(|f| String::from_utf8_lossy(f.id).into_owned())
    }

    #[test]
    fn engines() {
        let ceph = "/system.slice/system-ceph-f952f5be-565c-11f0-ab72-0affea283157.slice/\
                    ceph-f952f5be-565c-11f0-ab72-0affea283157@mon.ip-10-0-25-96.service";
        let user = "/user.slice/user-1000.slice/user@1000.service";
        for (path, expected) in [
            (format!("/system.slice/libpod-{H}"), "1234567890ab"),
            (format!("/system.slice/libpod-{H}.scope"), "1234567890ab"),
            (format!("/machine.slice/libpod-{H}.scope/container"), "1234567890ab"),
            (format!("{ceph}/libpod-payload-{H}"), "1234567890ab"),
            (format!("{ceph}/libpod-payload-{H}.scope"), "1234567890ab"),
            (format!("{user}/libpod-{H}"), "1234567890ab"),
            (format!("/kubepods/besteffort/podac04f3f2-1f2c-11e9-b015-1ebee232acfa/{H}"), "1234567890ab"),
            (format!("/kubepods-burstable-podbd12dd33.slice:cri-containerd:{H}"), "1234567890ab"),
            ("/default/test_container".into(), "test_contain"),
            ("/my_very_long_namespace-1.5/test_container".into(), "test_contain"),
            (format!("/kubepods/besteffort/pod63b3ebfc-2890-11e9-8154-16bf8ef8d9dc/crio-{H}"), "1234567890ab"),
            (format!("/kubepods.slice/kubepods-pod63b3.slice/crio-{H}.scope"), "1234567890ab"),
            (format!("/kubepods.slice/kubepods-pod63b3.slice/cri-containerd-{H}.scope"), "1234567890ab"),
            (format!("/docker/{H}"), "1234567890ab"),
            (format!("/docker.slice/docker-{H}.scope"), "1234567890ab"),
            (format!("/system.slice/nerdctl-{H}.scope"), "1234567890ab"),
            ("/default/abcdef123456".into(), "abcdef123456"),
            ("/my.namespace/container.name".into(), "container.na"),
            ("/default/service.container".into(), "service.cont"),
            ("/default/slice.mycontainer".into(), "slice.mycont"),
            ("/default/scope.mycontainer".into(), "scope.mycont"),
            ("/default/a".into(), "a"),
            ("/k8s.io/my-test_container".into(), "my-test_cont"),
            // Taken for a container of the namespace `lxc`, as it comes first.
            ("/lxc/one".into(), "one"),
            ("/lxc.payload.one/init.scope".into(), "one"),
            ("/machine-lxc\\x2d2293906\\x2dlibvirt.scope".into(), "2293906\\x2dlibvirt"),
            ("/one.libvirt-lxc".into(), "one"),
            ("/bpm-worker.scope".into(), "worker"),
        ] {
            assert_eq!(id(&path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn host() {
        for path in [
            "/",
            &format!("/user.slice/user-1000.slice/user@1000.service/libpod-{H}{H}{H}"),
            &format!("/user.slice/user-1000.slice/user@1000.service/libpod-{H}g"),
            "/user.slice/user-1000.slice/user@1000.service/init.scope",
            "/default/some_short_id.service",
            "/default/some_short_id.slice",
            "/default/some_short_id.scope",
            "/namespace/.service",
            "/namespace/.slice",
            "/namespace/.scope",
            "/init.scope",
            "/system.slice/sshd.service",
        ] {
            assert_eq!(id(path), None, "{path}");
        }
    }
}
