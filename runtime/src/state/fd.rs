//! Descriptors and their tables.

use std::sync::Arc;

/// Type of a descriptor (`SCAP_FD_*`; the discriminant is the id in captures).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "named like fd.type")]
pub enum FdKind {
    Unknown = 0,
    File = 1,
    Directory = 2,
    Ipv4Sock = 3,
    Ipv6Sock = 4,
    Ipv4ServSock = 5,
    Ipv6ServSock = 6,
    Fifo = 7,
    UnixSock = 8,
    Event = 9,
    Unsupported = 10,
    SignalFd = 11,
    EventPoll = 12,
    Inotify = 13,
    TimerFd = 14,
    Netlink = 15,
    FileV2 = 16,
    Bpf = 17,
    Userfaultfd = 18,
    IoUring = 19,
    Memfd = 20,
    PidFd = 21,
}

/// Transport protocol of a socket (`SCAP_L4_*`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
#[allow(missing_docs, reason = "named like fd.l4proto")]
pub enum L4 {
    #[default]
    Unknown = 0,
    Na = 1,
    Tcp = 2,
    Udp = 3,
    Icmp = 4,
    Raw = 5,
}

/// Which end of a connection this process is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum Role {
    #[default]
    None,
    Client,
    Server,
}

/// Addresses of a socket. Network byte order for addresses, host order for ports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum Addr {
    #[default]
    None,
    V4 { sip: [u8; 4], dip: [u8; 4], sport: u16, dport: u16 },
    V6 { sip: [u8; 16], dip: [u8; 16], sport: u16, dport: u16 },
    /// Bound server sockets.
    ServV4 { ip: [u8; 4], port: u16 },
    ServV6 { ip: [u8; 16], port: u16 },
    /// Kernel pointers of both ends.
    Unix { source: u64, dest: u64 },
}

/// An open descriptor.
#[derive(Clone, Debug)]
pub struct Fd {
    /// Type.
    pub kind: FdKind,
    /// `fd.name`: path, tuple or label, as printed.
    pub name: Arc<[u8]>,
    /// `fd.nameraw`: path as given to the system call.
    pub name_raw: Arc<[u8]>,
    /// Addresses of sockets; `sip`/`sport` is the source as in libscap's tuple (client once the role is known).
    pub addr: Addr,
    /// Transport protocol.
    pub l4: L4,
    /// Role.
    pub role: Role,
    /// TCP/UDP socket that has been connected.
    pub connected: bool,
    /// Closed on exec.
    pub cloexec: bool,
    /// Open flags (`file_flags` values).
    pub open_flags: u32,
    /// Device.
    pub dev: u32,
    /// Inode.
    pub ino: u64,
    /// Target process of a pidfd.
    pub pid: i64,
    /// Overlayfs upper layer.
    pub upper_layer: bool,
    /// Overlayfs lower layer.
    pub lower_layer: bool,
}

/// The descriptors of a process. Entries are shared between parent and child until one changes.
#[derive(Clone, Debug, Default)]
pub struct FdTable {
    /// By number.
    pub by_num: Arc<hashbrown::HashMap<i64, Arc<Fd>, foldhash::fast::RandomState>>,
}

impl FdTable {
    /// The descriptor.
    pub fn get(&self, num: i64) -> Option<&Arc<Fd>> {
        self.by_num.get(&num)
    }

    /// Number of open descriptors.
    pub fn len(&self) -> usize {
        self.by_num.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_num.is_empty()
    }

    /// All, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Arc<Fd>)> {
        self.by_num.iter().map(|(n, f)| (*n, f))
    }
}
