//! The descriptor that an event works on, as the kernel knew it at the event.
//!
//! ```text
//! all                 0 number: i64   8 kind: u8
//! not open            nothing more
//! file and the like   9 device: u32   13 inode: u64   21 length: u16   23 path, with a NUL
//! socket              9 protocol: u8   10 state: u8   11 length: u16   13 ends
//!
//! ends   AF_INET   family: u8   local: 4    port: u16   remote: 4    port: u16
//!        AF_INET6  family: u8   local: 16   port: u16   remote: 16   port: u16
//!        AF_UNIX   family: u8   remote: u64   local: u64   path, with a NUL      addresses of `struct unix_sock`
//!        others    nothing
//! ```
//!
//! The device is as user space has it, family and ends are as in a capture's tuple, outbound and without what a call
//! names. The path is that of the tree of mounts, from the root; a file that was deleted has the one that it had. A pipe
//! has no name, and files without an inode of their own have the one of their kind, such as `[eventfd]`. The path of a
//! unix socket is its peer's, or its own if the peer has none; the NUL that begins an abstract name is left out.
//!
//! What must hold: what is read here may be cut anywhere or hold anything, and gives `None` then.

/// Bytes before what depends on the kind.
pub const HEAD: usize = 9;
/// Offsets of what files and sockets have.
pub mod file {
    /// Device: u32.
    pub const DEVICE: usize = 9;
    /// Inode: u64.
    pub const INODE: usize = 13;
    /// Bytes of the path: u16.
    pub const LENGTH: usize = 21;
    /// The path.
    pub const PATH: usize = 23;
}
/// Likewise.
pub mod socket {
    /// Protocol, `IPPROTO_*`: u8.
    pub const PROTOCOL: usize = 9;
    /// State, `TCP_*`: u8.
    pub const STATE: usize = 10;
    /// Bytes of the ends: u16.
    pub const LENGTH: usize = 11;
    /// The ends.
    pub const ENDS: usize = 13;
}
/// State of a socket that listens: `TCP_LISTEN`.
const LISTENING: u8 = 10;

/// What a descriptor leads to. Up to 15 these are the kinds of inodes, as `d_type` has them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum DescriptorKind {
    /// Nothing: it is not open, or not any more (a `close` that has just succeeded).
    None = 0,
    /// A pipe, named or not.
    Fifo = 1,
    /// A character device.
    Character = 2,
    /// A directory.
    Directory = 4,
    /// A block device.
    Block = 6,
    /// A regular file.
    Regular = 8,
    /// A symbolic link, opened by `O_PATH`.
    Link = 10,
    /// The node of a socket in a file system, opened by `O_PATH`.
    SocketNode = 12,
    /// A file without an inode of its own: eventfd, epoll, pidfd and so on.
    Anonymous = 16,
    /// A socket of IPv4.
    Inet = 32,
    /// A socket of IPv6.
    Inet6 = 33,
    /// A unix socket.
    Unix = 34,
    /// A socket of another family.
    OtherSocket = 35,
}

impl DescriptorKind {
    /// All of them.
    pub const ALL: [DescriptorKind; 13] = [
        DescriptorKind::None,
        DescriptorKind::Fifo,
        DescriptorKind::Character,
        DescriptorKind::Directory,
        DescriptorKind::Block,
        DescriptorKind::Regular,
        DescriptorKind::Link,
        DescriptorKind::SocketNode,
        DescriptorKind::Anonymous,
        DescriptorKind::Inet,
        DescriptorKind::Inet6,
        DescriptorKind::Unix,
        DescriptorKind::OtherSocket,
    ];

    /// By its number.
    pub fn from_number(number: u8) -> Option<DescriptorKind> {
        DescriptorKind::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// A descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Descriptor<'r> {
    /// Its number.
    pub number: i64,
    /// What it leads to.
    pub kind: DescriptorKind,
    /// What is known of that.
    pub what: What<'r>,
}

/// What is known of what a descriptor leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What<'r> {
    /// It is not open.
    Nothing,
    /// A file, directory, pipe, device or the like.
    File {
        /// Device of the file system.
        device: u32,
        /// Inode.
        inode: u64,
        /// Path from the root, without a NUL.
        path: &'r [u8],
    },
    /// A socket.
    Socket {
        /// `IPPROTO_*`.
        protocol: u8,
        /// State: `TCP_*`, also of other protocols.
        state: u8,
        /// Both ends, as in the parameter `tuple` of a capture.
        ends: &'r [u8],
    },
}

impl<'r> Descriptor<'r> {
    /// Reads one.
    pub fn parse(bytes: &'r [u8]) -> Option<Descriptor<'r>> {
        let number = i64::from_le_bytes(*bytes.first_chunk()?);
        let kind = DescriptorKind::from_number(*bytes.get(8)?)?;
        let part = |length: usize, at: usize| {
            let length = usize::from(u16::from_le_bytes(*bytes.get(length..)?.first_chunk()?));
            bytes.get(at..at.checked_add(length)?)
        };
        let what = match kind {
            DescriptorKind::None => What::Nothing,
            kind if kind as u8 >= DescriptorKind::Inet as u8 => What::Socket {
                protocol: *bytes.get(socket::PROTOCOL)?,
                state: *bytes.get(socket::STATE)?,
                ends: part(socket::LENGTH, socket::ENDS)?,
            },
            _ => {
                let path = part(file::LENGTH, file::PATH)?;
                What::File {
                    device: u32::from_le_bytes(*bytes.get(file::DEVICE..)?.first_chunk()?),
                    inode: u64::from_le_bytes(*bytes.get(file::INODE..)?.first_chunk()?),
                    path: path.strip_suffix(&[0]).unwrap_or(path),
                }
            }
        };
        Some(Descriptor { number, kind, what })
    }

    /// Whether it is a socket that listens.
    pub fn listens(&self) -> bool {
        matches!(self.what, What::Socket { state: LISTENING, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_or_wrong_is_none() {
        let mut file = vec![3, 0, 0, 0, 0, 0, 0, 0, 8, 1, 2, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0];
        file.extend(b"/a\0");
        let what = What::File { device: 0x201, inode: 7, path: b"/a" };
        assert_eq!(Descriptor::parse(&file), Some(Descriptor { number: 3, kind: DescriptorKind::Regular, what }));
        let socket = [[0xff; 8].as_slice(), &[35, 6, 10, 2, 0, 9, 9]].concat();
        let read = Descriptor::parse(&socket).expect("whole");
        assert_eq!(read.what, What::Socket { protocol: 6, state: 10, ends: &[9, 9] });
        assert!(read.number == -1 && read.listens());
        for bytes in [&file, &socket] {
            for cut in 0..bytes.len() {
                assert_eq!(Descriptor::parse(&bytes[..cut]), None);
            }
        }
        let mut nothing = file;
        nothing[8] = 0;
        assert_eq!(Descriptor::parse(&nothing[..9]).map(|d| d.what), Some(What::Nothing));
        for number in 0..=u8::MAX {
            nothing[8] = number;
            assert_eq!(Descriptor::parse(&nothing).is_some(), DescriptorKind::from_number(number).is_some());
        }
    }
}
