//! Control groups of a process as `subsystem=path` strings.
//!
//! ```text
//! version 1   3:cpu,cpuacct:/x   cpu=/x cpuacct=/x
//! version 2   0::/a/b            for each controller: the nearest group from /a/b upwards that has it
//! ```
//!
//! Controllers of a version 2 group are read below the root of process 1, and kept by path. Without that
//! file system version 2 groups are left out, as in the original.
//!
//! In a cgroup namespace of our own, paths of others lead out of it: `/../../x`. They are joined to our own group's
//! path, which is looked for once; if it is not found, only the `/..` are taken away. What does not fit into
//! the longest block is left out.

use super::read::{decimal, file, lines, link, open_dir, unescaped};
use crate::capture::metadata::MAX_STRINGS;
use hashbrown::HashMap;
use rustix::fd::{AsFd, BorrowedFd};
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Paths whose strings are kept.
const KEPT: usize = 16 * 1024;
/// Groups looked at in search of our own.
const SEARCHED: usize = 20_000;

/// The hierarchies of the machine.
#[derive(Debug, Default)]
pub(super) struct Cgroups {
    /// Where version 2 is mounted.
    mount: Option<PathBuf>,
    /// Our own group, if others' paths are relative to it.
    own: Option<Vec<u8>>,
    /// Strings of version 2 groups by their path.
    kept: HashMap<Vec<u8>, Vec<u8>, foldhash::fast::RandomState>,
}

impl Cgroups {
    /// Finds the hierarchies. `proc` is the directory at `path`.
    pub(super) fn open(proc: BorrowedFd<'_>, path: &Path, host_root: &Path) -> Cgroups {
        let mut mount = None;
        let mut buffer = Vec::new();
        // Without it there are only version 1 groups.
        let _ = lines(proc, b"1/mounts", &mut buffer, |line| {
            let mut fields = line.split(|b| *b == b' ');
            let (Some(folder), Some(b"cgroup2")) = (fields.nth(1), fields.next()) else { return true };
            let folder = unescaped(folder);
            let below = |root: PathBuf| {
                let folder = root.join(OsStr::from_bytes(folder.strip_prefix(b"/").unwrap_or(&folder)));
                let controllers = std::fs::read(folder.join("cgroup.controllers")).ok()?;
                Some((folder, !controllers.trim_ascii().is_empty()))
            };
            let Some((folder, has)) = below(path.join("1/root")).or_else(|| below(host_root.to_owned())) else {
                return true;
            };
            mount = Some(folder);
            !has
        });
        let own = mount.as_deref().filter(|_| in_namespace(proc)).and_then(find_own);
        Cgroups { mount, own, kept: HashMap::default() }
    }

    /// Appends the strings of the thread in `dir`.
    pub(super) fn of(
        &mut self,
        dir: impl AsFd,
        buffer: &mut Vec<u8>,
        into: &mut Vec<u8>,
    ) -> Result<(), rustix::io::Errno> {
        file(dir, b"cgroup", 64 * 1024, buffer)?;
        for line in buffer.split(|b| *b == b'\n') {
            let mut parts = line.splitn(3, |b| *b == b':');
            let (Some(id), Some(names), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
            if names.is_empty() {
                if id == b"0" {
                    self.unified(path, into);
                }
                continue;
            }
            for name in names.split(|b| *b == b',') {
                push(into, name, &outside(None, path));
            }
        }
        Ok(())
    }

    fn unified(&mut self, path: &[u8], into: &mut Vec<u8>) {
        let Some(mount) = &self.mount else { return };
        if let Some(strings) = self.kept.get(path) {
            return append(into, strings);
        }
        let mut strings = Vec::new();
        let whole = outside(self.own.as_deref(), path);
        let mut found: Vec<Vec<u8>> = Vec::new();
        let mut group = whole.as_slice();
        loop {
            let folder = mount.join(OsStr::from_bytes(group.strip_prefix(b"/").unwrap_or(group)));
            let Ok(controllers) = std::fs::read(folder.join("cgroup.controllers")) else { break };
            for name in controllers.trim_ascii_end().split(|b| *b == b' ').filter(|n| !n.is_empty()) {
                if !found.iter().any(|f| f == name) {
                    push(&mut strings, name, group);
                    found.push(name.to_vec());
                }
            }
            match memchr::memrchr(b'/', group) {
                Some(0) if group.len() > 1 => group = b"/",
                Some(slash) if slash > 0 => group = &group[..slash],
                _ => break,
            }
        }
        append(into, &strings);
        if self.kept.len() < KEPT {
            self.kept.insert(path.to_vec(), strings);
        }
    }

    /// Forgets what groups have: they may be made anew.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }
}

/// Appends `name=path`, if it fits.
fn push(into: &mut Vec<u8>, name: &[u8], path: &[u8]) {
    if into.len() + name.len() + path.len() + 2 <= usize::from(MAX_STRINGS) {
        into.extend_from_slice(name);
        into.push(b'=');
        into.extend_from_slice(path);
        into.push(0);
    }
}

fn append(into: &mut Vec<u8>, strings: &[u8]) {
    for string in strings.split_inclusive(|b| *b == 0) {
        if into.len() + string.len() <= usize::from(MAX_STRINGS) {
            into.extend_from_slice(string);
        }
    }
}

/// A path that may lead out of our own group.
fn outside(own: Option<&[u8]>, path: &[u8]) -> Vec<u8> {
    let mut prefix = own.unwrap_or_default();
    let mut rest = path;
    while let Some(after) = rest.strip_prefix(b"/..").filter(|r| r.first().is_none_or(|b| *b == b'/')) {
        prefix = &prefix[..memchr::memrchr(b'/', prefix).unwrap_or(0)];
        rest = after;
    }
    let rest = if rest == b"/" && !prefix.is_empty() { b"" } else { rest };
    match [prefix, rest].concat() {
        empty if empty.is_empty() => b"/".to_vec(),
        joined => joined,
    }
}

/// Whether we are in another cgroup namespace than process 1.
fn in_namespace(proc: BorrowedFd<'_>) -> bool {
    let (mut ours, mut first) = ([MaybeUninit::uninit(); 64], [MaybeUninit::uninit(); 64]);
    match (link(proc, c"self/ns/cgroup", &mut ours), link(proc, c"1/ns/cgroup", &mut first)) {
        (Ok(ours), Ok(first)) => ours != first,
        _ => false,
    }
}

/// Our own group's path below `mount`, nearest ones first.
fn find_own(mount: &Path) -> Option<Vec<u8>> {
    let pid = u64::from(std::process::id());
    let mut folders = VecDeque::from([mount.to_owned()]);
    let mut buffer = Vec::new();
    for _ in 0..SEARCHED {
        let folder = folders.pop_front()?;
        let Ok(dir) = open_dir(rustix::fs::CWD, folder.as_os_str().as_bytes()) else { continue };
        let mut found = false;
        // A group that goes away meanwhile is not ours.
        let _ = lines(&dir, b"cgroup.procs", &mut buffer, |line| {
            found = decimal(line) == Some(pid);
            !found
        });
        if found {
            return Some(folder.strip_prefix(mount).ok()?.as_os_str().as_bytes().to_vec())
                .map(|p| [b"/", &p[..]].concat());
        }
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        folders.extend(entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_out_of_a_namespace() {
        for (own, path, expected) in [
            (None, "/a/b", "/a/b"),
            (None, "/../../x", "/x"),
            (None, "/..", "/"),
            (None, "/", "/"),
            (Some("/a/b/c"), "/", "/a/b/c"),
            (Some("/a/b/c"), "/../x/y", "/a/b/x/y"),
            (Some("/a/b/c"), "/../../..", "/"),
            (Some("/a/b/c"), "/../../../../../x", "/x"),
            (Some("/a"), "/..x", "/a/..x"),
        ] {
            let joined = outside(own.map(str::as_bytes), path.as_bytes());
            assert_eq!(joined, expected.as_bytes(), "{own:?} {path}");
        }
    }

    #[test]
    fn blocks_do_not_outgrow_the_format() {
        let mut block = Vec::new();
        for _ in 0..100 {
            push(&mut block, b"cpu", &[b'x'; 200]);
        }
        assert!(block.len() <= 4096 && block.len() > 3800);
        assert_eq!(block.last(), Some(&0));
    }
}
