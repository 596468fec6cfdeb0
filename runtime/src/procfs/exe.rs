//! What is known of an executable besides its path: inode, who may write it, the layer of an overlay it is in.
//!
//! The answers are those that the kernel side gives with an exec: *writable* is what the owner or anyone
//! with write permission or the capability to do without may write, if file system and inode allow it; access control
//! lists are not looked at. A file of an overlay is in the upper layer if it is found there, else in the lower.

use super::read::{Trouble, file, lines, stat, unescaped, words};
use super::status::Status;
use crate::capture::Process;
use hashbrown::HashMap;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{Mode, OFlags, Statx, StatxAttributes};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `CAP_DAC_OVERRIDE` and `CAP_FOWNER`.
const MAY_WRITE_ANYWAY: u64 = 1 << 1 | 1 << 3;
/// `OVERLAYFS_SUPER_MAGIC`.
const OVERLAY: u64 = 0x794c_7630;
/// `ST_RDONLY`.
const READ_ONLY: u64 = 1;
/// Mounts that are kept.
const KEPT: usize = 4096;

/// A mount that has an executable.
#[derive(Debug, Default)]
struct Mount {
    read_only: bool,
    /// Where it is, and its upper layer, if it is an overlay with one.
    overlay: Option<Overlay>,
}

#[derive(Debug)]
struct Overlay {
    /// As seen by the process.
    place: Vec<u8>,
    /// On the host; empty if there is none.
    upper: Vec<u8>,
}

/// Mounts that have been looked at.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    known: HashMap<u64, Arc<Mount>, foldhash::fast::RandomState>,
}

impl Mounts {
    /// Forgets all: numbers of mounts are given again.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Fills in what `dir/exe` tells. `host` is the root directory of the host, below which upper layers are.
    pub(super) fn executable(
        &mut self,
        dir: BorrowedFd<'_>,
        status: &Status<'_>,
        host: &Path,
        buffer: &mut Vec<u8>,
        p: &mut Process,
    ) -> Result<(), Trouble> {
        let inode = stat(dir, c"exe")?;
        p.exe_ino = inode.stx_ino;
        p.exe_ino_ctime = nanoseconds(inode.stx_ctime.tv_sec, inode.stx_ctime.tv_nsec);
        p.exe_ino_mtime = nanoseconds(inode.stx_mtime.tv_sec, inode.stx_mtime.tv_nsec);
        p.exe_from_memfd = p.exepath.starts_with(b"/memfd:") && inode.stx_nlink == 0;
        let mount = self.mount(dir, &inode, buffer);
        let fixed = mount.read_only || inode.stx_attributes.contains(StatxAttributes::IMMUTABLE);
        p.exe_writable = !fixed && permitted(dir, &inode, status, buffer);
        if let Some(overlay) = &mount.overlay {
            p.exe_upper_layer = overlay.has_above(&p.exepath, host);
            p.exe_lower_layer = !p.exe_upper_layer;
        }
        Ok(())
    }

    fn mount(&mut self, dir: BorrowedFd<'_>, inode: &Statx, buffer: &mut Vec<u8>) -> Arc<Mount> {
        // Before Linux 5.8 mounts have no number here; devices tell them apart nearly as well.
        let numbered = inode.stx_mask & 0x1000 != 0;
        let device = u64::from(inode.stx_dev_major) << 32 | u64::from(inode.stx_dev_minor);
        let key = if numbered { inode.stx_mnt_id } else { 1 << 63 | device };
        if let Some(mount) = self.known.get(&key) {
            return mount.clone();
        }
        let path = rustix::fs::openat(dir, c"exe", OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        let system = path.and_then(rustix::fs::fstatfs);
        let read_only = system.is_ok_and(|s| s.f_flags as u64 & READ_ONLY != 0);
        let mut overlay = None;
        if system.is_ok_and(|s| s.f_type as u64 == OVERLAY) {
            overlay = overlay_of(dir, inode, numbered, buffer);
        }
        let mount = Arc::new(Mount { read_only, overlay });
        if self.known.len() < KEPT {
            self.known.insert(key, mount.clone());
        }
        mount
    }
}

/// The overlay that has an inode, from the mounts that the process sees; without them it is taken for none.
fn overlay_of(dir: BorrowedFd<'_>, inode: &Statx, numbered: bool, buffer: &mut Vec<u8>) -> Option<Overlay> {
    let device = format!("{}:{}", inode.stx_dev_major, inode.stx_dev_minor);
    let number = inode.stx_mnt_id.to_string();
    let mut overlay = None;
    lines(dir, b"mountinfo", buffer, |line| {
        let mut fields = words(line);
        let (id, dev) = (fields.next(), fields.nth(1));
        let ours = if numbered { id == Some(number.as_bytes()) } else { dev == Some(device.as_bytes()) };
        if ours {
            overlay = Overlay::parse(line);
        }
        !ours
    })
    .ok()?;
    overlay
}

impl Overlay {
    /// From a line of `mountinfo`, if it is of an overlay.
    ///
    /// ```text
    /// id parent device root PLACE options [tags] - TYPE source SUPER,OPTIONS
    /// ```
    fn parse(line: &[u8]) -> Option<Overlay> {
        let place = unescaped(words(line).nth(4)?);
        let mut tail = words(line).skip_while(|w| *w != b"-").skip(1);
        tail.next().filter(|kind| *kind == b"overlay")?;
        let options = tail.nth(1).unwrap_or_default();
        let upper = options.split(|b| *b == b',').find_map(|o| o.strip_prefix(b"upperdir="));
        Some(Overlay { place, upper: upper.map(unescaped).unwrap_or_default() })
    }

    /// Whether the upper layer has the file.
    fn has_above(&self, path: &[u8], host: &Path) -> bool {
        let inside = if self.place == b"/" { path } else { path.strip_prefix(self.place.as_slice()).unwrap_or(path) };
        let inside = inside.strip_suffix(b" (deleted)").unwrap_or(inside);
        if self.upper.is_empty() || inside.is_empty() {
            return false;
        }
        let relative = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes.strip_prefix(b"/").unwrap_or(bytes)));
        let file = host.join(relative(&self.upper)).join(relative(inside));
        std::fs::symlink_metadata(file).is_ok_and(|m| m.is_file())
    }
}

/// Whether the process may write the file, whatever the file system says.
fn permitted(dir: impl AsFd, inode: &Statx, status: &Status<'_>, buffer: &mut Vec<u8>) -> bool {
    const NOBODY: u32 = u32::MAX;
    if inode.stx_uid == NOBODY || inode.stx_gid == NOBODY {
        return false;
    }
    if inode.stx_uid == status.fsuid {
        return true;
    }
    let bit = if status.in_group(inode.stx_gid) { 0o020 } else { 0o002 };
    if inode.stx_mode & bit != 0 {
        return true;
    }
    status.cap_effective & MAY_WRITE_ANYWAY != 0
        && maps(&dir, b"uid_map", inode.stx_uid, buffer)
        && maps(&dir, b"gid_map", inode.stx_gid, buffer)
}

/// Whether the user namespace of the process has a number for an id of ours: capabilities mean nothing for others.
fn maps(dir: impl AsFd, name: &[u8], id: u32, buffer: &mut Vec<u8>) -> bool {
    if file(dir, name, 64 * 1024, buffer).is_err() {
        return false;
    }
    buffer.split(|b| *b == b'\n').any(|line| {
        let mut numbers = words(line).skip(1).map(super::read::decimal);
        match (numbers.next(), numbers.next()) {
            (Some(Some(first)), Some(Some(count))) => u64::from(id).checked_sub(first).is_some_and(|n| n < count),
            _ => false,
        }
    })
}

/// A time since the epoch.
fn nanoseconds(seconds: i64, rest: u32) -> u64 {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000_000).saturating_add(u64::from(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlays() {
        let line = br"1 2 0:50 / /var/a\040b rw - overlay overlay rw,lowerdir=/l,upperdir=/u\054p/diff,workdir=/w";
        let overlay = Overlay::parse(line).expect("an overlay");
        assert_eq!((overlay.place, overlay.upper), (b"/var/a b".to_vec(), b"/u,p/diff".to_vec()));
        let line = b"1 2 0:50 / / ro master:1 shared:2 - overlay overlay ro,lowerdir=/l:/m";
        assert_eq!(Overlay::parse(line).map(|o| (o.place, o.upper)), Some((b"/".to_vec(), Vec::new())));
        assert!(Overlay::parse(b"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw").is_none());
        assert!(Overlay::parse(b"27 1 254:0").is_none());
    }

    #[test]
    fn layers() {
        let host = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(host.path().join("up/bin")).expect("directories");
        std::fs::write(host.path().join("up/bin/new"), "x").expect("a file");
        for place in ["/", "/mnt"] {
            let overlay = Overlay { place: place.as_bytes().to_vec(), upper: b"/up".to_vec() };
            let path = |name: &str| format!("{}/bin/{name}", place.trim_end_matches('/')).into_bytes();
            assert!(overlay.has_above(&path("new"), host.path()));
            assert!(overlay.has_above(&path("new (deleted)"), host.path()));
            assert!(!overlay.has_above(&path("old"), host.path()));
        }
    }
}
