//! Descriptors of a process.
//!
//! The text of the link `fd/N` tells what it is, before anything else is asked:
//!
//! ```text
//! socket:[INODE]       looked up in the tables of the process' network namespace; left out if it is in none
//! pipe:[INODE]         a pipe, without a name
//! anon_inode:KIND      eventfd, epoll, ...; unsupported with the text as name if the kind is not known
//! /memfd:NAME …        a memfd, if its inode has no other name
//! anything else        by the mode of the inode: file with flags and device, directory, named pipe
//! ```
//!
//! Names are cut to what a capture can hold. Flags are those of `file_flags`, as events have them.

use super::read::{Trouble, cut, decimal, device, digits, file, link, open_dir, stat, words};
use super::sockets::Sockets;
use super::{Counts, Descriptors};
use crate::capture::metadata::MAX_PATH;
use crate::capture::{FdEntry, FdInfo};
use crate::state::FdKind;
use hashbrown::HashMap;
use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{FileType, OFlags};
use std::ffi::CStr;
use std::mem::MaybeUninit;

/// Tables of sockets by network namespace.
pub(super) type Namespaces = HashMap<u64, Sockets, foldhash::fast::RandomState>;

/// How the kernel numbers flags of open files, and `file_flags` does. Those of several bits count if one is set.
const FLAGS: [(OFlags, u32); 11] = [
    (OFlags::APPEND, 1 << 3),
    (OFlags::DSYNC, 1 << 4),
    (OFlags::EXCL, 1 << 5),
    (OFlags::NONBLOCK, 1 << 6),
    (OFlags::SYNC, 1 << 7),
    (OFlags::TRUNC, 1 << 8),
    (OFlags::DIRECT, 1 << 9),
    (OFlags::DIRECTORY, 1 << 10),
    (OFlags::LARGEFILE, 1 << 11),
    (OFlags::CLOEXEC, 1 << 12),
    (OFlags::TMPFILE, 1 << 13),
];

/// Reads the descriptors of one process after the other.
pub(super) struct Reader<'s> {
    pub namespaces: &'s mut Namespaces,
    pub counts: &'s mut Counts,
    pub text: &'s mut Vec<u8>,
    pub most_fds: usize,
    pub most_sockets: usize,
    pub which: Descriptors,
}

/// A process whose descriptors are read.
struct Of<'d> {
    dir: BorrowedFd<'d>,
    fd: BorrowedFd<'d>,
    /// `fdinfo`, when it has been asked for.
    info: Option<Option<OwnedFd>>,
    /// Number of the network namespace, when it has been asked for.
    namespace: Option<u64>,
}

impl Reader<'_> {
    /// Reads the descriptors of the process in `dir`.
    pub(super) fn read(
        &mut self,
        dir: BorrowedFd<'_>,
        entries: &mut [MaybeUninit<u8>],
        into: &mut Vec<FdEntry>,
    ) -> Result<(), Trouble> {
        let fd = open_dir(dir, b"fd")?;
        let mut of = Of { dir, fd: fd.as_fd(), info: None, namespace: None };
        super::read::numbers(&fd, entries, |name, number| {
            if into.len() >= self.most_fds {
                self.counts.cut += 1;
                return false;
            }
            match self.one(&mut of, name, number) {
                Ok(Some(entry)) => into.push(entry),
                Ok(None) | Err(Trouble::Gone) => {}
                Err(trouble) => {
                    self.counts.count(trouble);
                    // Whoever may not see one may see none.
                    return trouble != Trouble::Unreadable;
                }
            }
            true
        })?;
        Ok(())
    }

    fn one(&mut self, of: &mut Of<'_>, name: &CStr, number: u64) -> Result<Option<FdEntry>, Trouble> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let text = link(of.fd, name, &mut buffer)?;
        let entry = |ino, kind: FdKind, info| {
            Ok(Some(FdEntry { fd: i64::try_from(number).unwrap_or(-1), ino, kind: kind as u8, info }))
        };
        let path = || cut(text, MAX_PATH - 1).to_vec();
        let inode = |prefix: &[u8]| decimal(text.strip_prefix(prefix)?.strip_suffix(b"]")?);
        if let Some(ino) = inode(b"socket:[") {
            return match self.socket(of, ino) {
                Some((kind, info)) => entry(ino, kind, info),
                None => Ok(None),
            };
        }
        if let Some(ino) = inode(b"pipe:[") {
            return entry(ino, FdKind::Fifo, FdInfo::Named(Vec::new()));
        }
        let inode = stat(of.fd, name);
        if let Some(what) = text.strip_prefix(b"anon_inode:") {
            // They share an inode that tells nothing.
            let ino = inode.map_or(0, |i| i.stx_ino);
            return match FdKind::anonymous(what) {
                Some(kind) => entry(ino, kind, FdInfo::Named(Vec::new())),
                None => entry(ino, FdKind::Unsupported, FdInfo::Named(path())),
            };
        }
        let inode = inode?;
        let ino = inode.stx_ino;
        match FileType::from_raw_mode(u32::from(inode.stx_mode)) {
            FileType::RegularFile if text.starts_with(b"/memfd:") && inode.stx_nlink == 0 => {
                entry(ino, FdKind::Memfd, FdInfo::Named(path()))
            }
            FileType::RegularFile | FileType::BlockDevice | FileType::CharacterDevice | FileType::Symlink => {
                let info = FdInfo::File { open_flags: self.flags(of, name), name: path(), dev: device(&inode) };
                entry(ino, FdKind::FileV2, info)
            }
            FileType::Directory => entry(ino, FdKind::Directory, FdInfo::Named(path())),
            FileType::Fifo => entry(ino, FdKind::Fifo, FdInfo::Named(path())),
            _ => entry(ino, FdKind::Unsupported, FdInfo::Named(path())),
        }
    }

    /// Flags of an open file.
    fn flags(&mut self, of: &mut Of<'_>, name: &CStr) -> u32 {
        let Some(info) = of.info.get_or_insert_with(|| open_dir(of.dir, b"fdinfo").ok()) else { return 0 };
        if file(info, name.to_bytes(), 512, self.text).is_err() {
            return 0;
        }
        let line = self.text.split(|b| *b == b'\n').find_map(|l| l.strip_prefix(b"flags:"));
        line.and_then(|l| digits(words(l).next()?, 8)).map_or(0, |f| file_flags(f as u32))
    }

    /// A socket of the process' network namespace.
    fn socket(&mut self, of: &mut Of<'_>, ino: u64) -> Option<super::sockets::Socket> {
        if self.which == Descriptors::NoSockets {
            return None;
        }
        let namespace = *of.namespace.get_or_insert_with(|| stat(of.dir, c"ns/net").map_or(0, |n| n.stx_ino));
        let (most, text) = (self.most_sockets, &mut *self.text);
        let counts = &mut *self.counts;
        let sockets = self.namespaces.entry(namespace).or_insert_with(|| {
            let sockets = Sockets::read(of.dir, most, text);
            counts.unreadable += sockets.missing;
            sockets
        });
        let socket = sockets.get(ino).cloned();
        self.counts.other_sockets += u64::from(socket.is_none());
        socket
    }
}

/// The flags of an open file as events have them.
fn file_flags(kernel: u32) -> u32 {
    let flags = OFlags::from_bits_retain(kernel);
    let access = match flags & OFlags::RWMODE {
        OFlags::WRONLY => 2,
        OFlags::RDWR => 3,
        _ => 1,
    };
    FLAGS.iter().filter(|(bits, _)| flags.intersects(*bits)).fold(access, |all, (_, flag)| all | flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_files() {
        assert_eq!(file_flags(0), 1);
        assert_eq!(file_flags((OFlags::WRONLY | OFlags::APPEND | OFlags::CLOEXEC).bits()), 2 | 8 | 0x1000);
        assert_eq!(file_flags((OFlags::RDWR | OFlags::LARGEFILE).bits()), 3 | 0x800);
        // One of the two bits of O_SYNC is O_DSYNC.
        assert_eq!(file_flags(OFlags::DSYNC.bits()), 1 | 0x10 | 0x80);
    }
}
