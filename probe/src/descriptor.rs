//! A descriptor that an event names, as the kernel knew it at the event.
//!
//! ```text
//! all                 0 number: i64   8 kind: u8
//! not open            nothing more
//! file and the like   9 device: u32   13 inode: u64   21 length: u16   23 path, with a NUL
//! socket              9 protocol: u8   10 state: u8   11 side: u8   12 length: u16   14 ends
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
    /// [`Side`](super::Side): u8.
    pub const SIDE: usize = 11;
    /// Bytes of the ends: u16.
    pub const LENGTH: usize = 12;
    /// The ends.
    pub const ENDS: usize = 14;
}
/// State of a socket that listens: `TCP_LISTEN`.
pub(crate) const LISTENING: u8 = 10;

/// Which side of a connection a socket is.
///
/// It is what the socket itself shows: one that was accepted, disconnected and connected anew may still look like a
/// server. Of unix sockets it is known if one of the two has an address and the other has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Side {
    /// Not known: there is no connection, or nothing tells.
    Unknown = 0,
    /// The one that connected.
    Client = 1,
    /// The one that was accepted, or that listens.
    Server = 2,
    /// `bind` gave it its port: Falco's server, also if it connects afterwards.
    Bound = 3,
}

impl Side {
    /// All of them.
    pub const ALL: [Side; 4] = [Side::Unknown, Side::Client, Side::Server, Side::Bound];

    /// By its number.
    pub fn from_number(number: u8) -> Option<Side> {
        Side::ALL.into_iter().find(|side| *side as u8 == number)
    }
}

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
        /// Which side it is.
        side: Side,
        /// Both ends, as in the parameter `tuple` of a capture.
        ends: &'r [u8],
    },
}

impl<'r> Descriptor<'r> {
    /// Reads one off the front of those that lie back to back.
    pub fn take(bytes: &mut &'r [u8]) -> Option<Descriptor<'r>> {
        let all: &'r [u8] = bytes;
        let number = i64::from_le_bytes(*all.first_chunk()?);
        let kind = DescriptorKind::from_number(*all.get(8)?)?;
        let part = |length: usize, at: usize| {
            let length = usize::from(u16::from_le_bytes(*all.get(length..)?.first_chunk()?));
            all.get(at..)?.split_at_checked(length)
        };
        let (what, rest) = match kind {
            DescriptorKind::None => (What::Nothing, all.get(HEAD..)?),
            kind if kind as u8 >= DescriptorKind::Inet as u8 => {
                let (protocol, state) = (*all.get(socket::PROTOCOL)?, *all.get(socket::STATE)?);
                let side = Side::from_number(*all.get(socket::SIDE)?)?;
                let (ends, rest) = part(socket::LENGTH, socket::ENDS)?;
                (What::Socket { protocol, state, side, ends }, rest)
            }
            _ => {
                let device = u32::from_le_bytes(*all.get(file::DEVICE..)?.first_chunk()?);
                let inode = u64::from_le_bytes(*all.get(file::INODE..)?.first_chunk()?);
                let (path, rest) = part(file::LENGTH, file::PATH)?;
                (What::File { device, inode, path: path.strip_suffix(&[0]).unwrap_or(path) }, rest)
            }
        };
        *bytes = rest;
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

    fn one(mut bytes: &[u8]) -> Option<Descriptor<'_>> {
        Descriptor::take(&mut bytes)
    }

    #[test]
    fn what_is_cut_or_wrong_is_none() {
        let mut file = vec![3, 0, 0, 0, 0, 0, 0, 0, 8, 1, 2, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0];
        file.extend(b"/a\0");
        let what = What::File { device: 0x201, inode: 7, path: b"/a" };
        assert_eq!(one(&file), Some(Descriptor { number: 3, kind: DescriptorKind::Regular, what }));
        let socket = [[0xff; 8].as_slice(), &[35, 6, 10, 2, 2, 0, 9, 9]].concat();
        let read = one(&socket).expect("whole");
        assert_eq!(read.what, What::Socket { protocol: 6, state: 10, side: Side::Server, ends: &[9, 9] });
        assert!(read.number == -1 && read.listens());
        for bytes in [&file, &socket] {
            for cut in 0..bytes.len() {
                assert_eq!(one(&bytes[..cut]), None);
            }
        }
        let mut nothing = file.clone();
        nothing[8] = 0;
        assert_eq!(one(&nothing[..9]).map(|d| d.what), Some(What::Nothing));
        let all = [&nothing[..9], &socket, &file, &[1]].concat();
        let mut rest = &all[..];
        let kinds: Vec<_> = std::iter::from_fn(|| Descriptor::take(&mut rest)).map(|d| d.kind).collect();
        assert_eq!(kinds, [DescriptorKind::None, DescriptorKind::OtherSocket, DescriptorKind::Regular]);
        assert_eq!(rest, [1]);
        let mut zeros = [0; 40];
        for number in 0..=u8::MAX {
            zeros[8] = number;
            assert_eq!(one(&zeros).is_some(), DescriptorKind::from_number(number).is_some());
            let mut socket = socket.clone();
            socket[11] = number;
            assert_eq!(one(&socket).is_some(), Side::from_number(number).is_some());
        }
    }
}
