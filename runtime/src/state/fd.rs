//! Descriptors and their tables.
//!
//! A descriptor keeps its socket addresses in one piece of memory whose meaning depends on the type, exactly as
//! captures' original consumer does: a bound socket that turns into a connected one keeps its bytes, and what was a
//! port may then be read as part of an address. Rules see such values, so they are reproduced, not repaired.
//!
//! ```text
//! socket bytes  V4      sip 0..4 | dip 4..8 | sport 8..10 | dport 10..12 | l4 12
//!               V6      sip 0..16 | dip 16..32 | sport 32..34 | dport 34..36 | l4 36
//!               ServV4  ip 0..4 | port 4..6 | l4 6
//!               ServV6  ip 0..16 | port 16..18 | l4 18
//!               Unix    source 0..8 | dest 8..16
//! ```
//!
//! Addresses are in network byte order, ports in little-endian host order.

/// `O_CLOEXEC` among the `file_flags`.
pub const O_CLOEXEC: u32 = 0x1000;
/// `EPOLL_CLOEXEC` and `MFD_CLOEXEC` among the flags of epoll and memfd descriptors.
const SPECIAL_CLOEXEC: u32 = 1;

/// Kinds of descriptors without a file.
const ANONYMOUS: [(&[u8], FdKind); 13] = [
    (b"[eventfd]", FdKind::Event),
    (b"[eventpoll]", FdKind::EventPoll),
    (b"inotify", FdKind::Inotify),
    (b"[signalfd]", FdKind::SignalFd),
    (b"[timerfd]", FdKind::TimerFd),
    (b"[io_uring]", FdKind::IoUring),
    (b"[userfaultfd]", FdKind::Userfaultfd),
    (b"[pidfd]", FdKind::PidFd),
    (b"bpf-map", FdKind::Bpf),
    (b"bpf-prog", FdKind::Bpf),
    (b"bpf-link", FdKind::Bpf),
    (b"bpf_link", FdKind::Bpf),
    (b"bpf_iter", FdKind::Bpf),
];

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
    /// Nothing is known, not even that it exists (what a failed `memfd_create` leaves behind).
    Uninitialized = 255,
}

impl FdKind {
    /// The type with an id of a capture; `None` for ids of newer writers.
    pub fn from_id(id: u8) -> Option<FdKind> {
        use FdKind::*;
        const KINDS: [FdKind; 22] = [
            Unknown,
            File,
            Directory,
            Ipv4Sock,
            Ipv6Sock,
            Ipv4ServSock,
            Ipv6ServSock,
            Fifo,
            UnixSock,
            Event,
            Unsupported,
            SignalFd,
            EventPoll,
            Inotify,
            TimerFd,
            Netlink,
            FileV2,
            Bpf,
            Userfaultfd,
            IoUring,
            Memfd,
            PidFd,
        ];
        KINDS.get(usize::from(id)).copied()
    }

    /// The type of a descriptor without a file, as the kernel calls it.
    pub fn anonymous(name: &[u8]) -> Option<FdKind> {
        ANONYMOUS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }
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

impl L4 {
    pub(super) fn from_id(id: u8) -> L4 {
        match id {
            1 => L4::Na,
            2 => L4::Tcp,
            3 => L4::Udp,
            4 => L4::Icmp,
            5 => L4::Raw,
            _ => L4::Unknown,
        }
    }
}

/// Which end of a connection this process is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum Role {
    #[default]
    None,
    Client,
    Server,
    /// A client that was bound afterwards: counts as either.
    Both,
}

impl Role {
    /// Whether it counts as the client end.
    pub fn is_client(self) -> bool {
        matches!(self, Role::Client | Role::Both)
    }

    /// Whether it counts as the server end.
    pub fn is_server(self) -> bool {
        matches!(self, Role::Server | Role::Both)
    }

    /// This role and the client's.
    pub(super) fn and_client(self) -> Role {
        if self.is_server() { Role::Both } else { Role::Client }
    }

    /// This role and the server's.
    pub(super) fn and_server(self) -> Role {
        if self.is_client() { Role::Both } else { Role::Server }
    }
}

/// Addresses of a socket. Network byte order for addresses, host order for ports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum Addr {
    #[default]
    None,
    V4 {
        sip: [u8; 4],
        dip: [u8; 4],
        sport: u16,
        dport: u16,
    },
    V6 {
        sip: [u8; 16],
        dip: [u8; 16],
        sport: u16,
        dport: u16,
    },
    /// Bound server sockets.
    ServV4 {
        ip: [u8; 4],
        port: u16,
    },
    ServV6 {
        ip: [u8; 16],
        port: u16,
    },
    /// Kernel pointers of both ends.
    Unix {
        source: u64,
        dest: u64,
    },
}

/// An open descriptor.
#[derive(Clone, Debug)]
pub struct Fd {
    /// Type.
    pub kind: FdKind,
    /// `fd.name`: path, tuple or label, as printed.
    pub name: Vec<u8>,
    /// `fd.nameraw`: path as given to the system call.
    pub name_raw: Vec<u8>,
    /// Addresses of sockets (layout in the module's documentation); read through [`Fd::addr`].
    pub(super) sock: [u8; 40],
    /// Role.
    pub role: Role,
    /// TCP/UDP socket that has been connected.
    pub connected: bool,
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
    /// Another number after every change of a descriptor in a table; 0 for what has not been in one.
    pub(super) stamp: u64,
}

/// What rules see of a socket besides its type and names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Socket {
    /// Addresses and protocol of internet sockets.
    bytes: [u8; 40],
    role: Role,
    connected: bool,
}

impl Socket {
    /// Which end of a connection it is.
    pub fn role(&self) -> Role {
        self.role
    }
}

impl Fd {
    /// A descriptor of which only the type is known.
    pub fn new(kind: FdKind) -> Fd {
        Fd::with_memory(kind, Vec::new(), Vec::new())
    }

    /// The same, with memory for its names.
    pub(super) fn with_memory(kind: FdKind, mut name: Vec<u8>, mut name_raw: Vec<u8>) -> Fd {
        name.clear();
        name_raw.clear();
        Fd {
            kind,
            name,
            name_raw,
            sock: [0; 40],
            role: Role::None,
            connected: false,
            open_flags: 0,
            dev: 0,
            ino: 0,
            pid: 0,
            upper_layer: false,
            lower_layer: false,
            stamp: 0,
        }
    }

    /// Makes it a copy of another one, in its memory.
    pub(super) fn copy_from(&mut self, other: &Fd) {
        let (mut name, mut name_raw) = (std::mem::take(&mut self.name), std::mem::take(&mut self.name_raw));
        name.clone_from(&other.name);
        name_raw.clone_from(&other.name_raw);
        *self = Fd { name, name_raw, stamp: 0, ..*other };
    }

    /// Gives it another name.
    pub(super) fn set_name(&mut self, name: &[u8]) {
        self.name.clear();
        self.name.extend_from_slice(name);
    }

    /// Addresses of a socket; `sip` and `sport` are the source as in libscap's tuple (client once the role is known).
    pub fn addr(&self) -> Addr {
        match self.kind {
            FdKind::Ipv4Sock => {
                Addr::V4 { sip: self.take(0), dip: self.take(4), sport: self.port(8), dport: self.port(10) }
            }
            FdKind::Ipv6Sock => {
                Addr::V6 { sip: self.take(0), dip: self.take(16), sport: self.port(32), dport: self.port(34) }
            }
            FdKind::Ipv4ServSock => Addr::ServV4 { ip: self.take(0), port: self.port(4) },
            FdKind::Ipv6ServSock => Addr::ServV6 { ip: self.take(0), port: self.port(16) },
            FdKind::UnixSock => {
                Addr::Unix { source: u64::from_le_bytes(self.take(0)), dest: u64::from_le_bytes(self.take(8)) }
            }
            _ => Addr::None,
        }
    }

    /// What is known of it as a socket; `None` if that is nothing.
    #[inline]
    pub fn socket(&self) -> Option<Socket> {
        let has_bytes = Fd::l4_at(self.kind).is_some();
        let bytes = if has_bytes { self.sock } else { [0; 40] };
        let known = has_bytes || self.connected || self.role != Role::None;
        known.then_some(Socket { bytes, role: self.role, connected: self.connected })
    }

    /// A number that only copies have as well, and this one only as long as it is what it is; none before it is in a
    /// table.
    #[inline]
    pub fn stamp(&self) -> Option<std::num::NonZeroU64> {
        std::num::NonZeroU64::new(self.stamp)
    }

    /// Transport protocol; `Unknown` for what is not an internet socket.
    pub fn l4(&self) -> L4 {
        self.l4_as(self.kind)
    }

    /// Transport protocol as `fd.l4proto` tells it: not before the socket has a role, unless raw.
    pub fn l4proto(&self) -> L4 {
        match (self.kind, self.l4()) {
            (FdKind::Ipv4Sock | FdKind::Ipv6Sock, L4::Raw) => L4::Raw,
            (FdKind::Ipv4Sock | FdKind::Ipv6Sock, _) if self.role == Role::None => L4::Na,
            (FdKind::Ipv4Sock | FdKind::Ipv6Sock | FdKind::Ipv4ServSock | FdKind::Ipv6ServSock, l4) => l4,
            _ => L4::Na,
        }
    }

    /// An IPv4 TCP connection. IPv6 ones do not count, as in the original.
    pub(super) fn is_tcp(&self) -> bool {
        self.kind == FdKind::Ipv4Sock && self.l4() == L4::Tcp
    }

    /// An IPv4 UDP socket.
    pub(super) fn is_udp(&self) -> bool {
        self.kind == FdKind::Ipv4Sock && self.l4() == L4::Udp
    }

    /// An internet socket that is not a bound server socket.
    pub(super) fn is_inet(&self) -> bool {
        matches!(self.kind, FdKind::Ipv4Sock | FdKind::Ipv6Sock)
    }

    /// A connection of which no transfer tells anything new: it is connected, named, and TCP does not change its ends.
    pub(super) fn is_settled(&self) -> bool {
        self.connected && self.is_tcp() && !self.name.is_empty()
    }

    /// An internet socket that has not been connected.
    pub(super) fn is_unconnected(&self) -> bool {
        self.is_inet() && !self.connected
    }

    /// Whether exec closes it.
    pub fn cloexec(&self) -> bool {
        self.open_flags & O_CLOEXEC != 0
            || matches!(self.kind, FdKind::EventPoll | FdKind::Memfd) && self.open_flags & SPECIAL_CLOEXEC != 0
    }

    /// Makes it survive exec. Clears the bit that means close-on-exec for epoll and memfd for every type, `O_RDONLY`
    /// of files included.
    pub(super) fn clear_cloexec(&mut self) {
        self.open_flags &= !(O_CLOEXEC | SPECIAL_CLOEXEC);
    }

    /// Sets the addresses, whose form must be that of the type; the protocol stays.
    pub(crate) fn set_addr(&mut self, addr: Addr) {
        match addr {
            Addr::None => {}
            Addr::V4 { sip, dip, sport, dport } => {
                self.put(0, &sip);
                self.put(4, &dip);
                self.put(8, &sport.to_le_bytes());
                self.put(10, &dport.to_le_bytes());
            }
            Addr::V6 { sip, dip, sport, dport } => {
                self.put(0, &sip);
                self.put(16, &dip);
                self.put(32, &sport.to_le_bytes());
                self.put(34, &dport.to_le_bytes());
            }
            Addr::ServV4 { ip, port } => {
                self.put(0, &ip);
                self.put(4, &port.to_le_bytes());
            }
            Addr::ServV6 { ip, port } => {
                self.put(0, &ip);
                self.put(16, &port.to_le_bytes());
            }
            Addr::Unix { source, dest } => {
                self.put(0, &source.to_le_bytes());
                self.put(8, &dest.to_le_bytes());
            }
        }
    }

    /// Sets the protocol of an internet socket.
    pub(super) fn set_l4(&mut self, l4: L4) {
        if let Some(at) = Fd::l4_at(self.kind) {
            self.sock[at] = l4 as u8;
        }
    }

    /// The bytes read as an IPv4 tuple, whatever the type is: source, destination and their ports.
    pub(super) fn as_v4(&self) -> ([u8; 4], u16, [u8; 4], u16) {
        (self.take(0), self.port(8), self.take(4), self.port(10))
    }

    /// The bytes read as an IPv6 tuple, whatever the type is.
    pub(super) fn as_v6(&self) -> ([u8; 16], u16, [u8; 16], u16) {
        (self.take(0), self.port(32), self.take(16), self.port(34))
    }

    /// The protocol where a socket of type `kind` has it, whatever the type is.
    pub(super) fn l4_as(&self, kind: FdKind) -> L4 {
        Fd::l4_at(kind).map_or(L4::Unknown, |at| L4::from_id(self.sock[at]))
    }

    /// Source and destination port as an IPv4 tuple has them, whatever the type is.
    pub(super) fn v4_ports(&self) -> (u16, u16) {
        (self.port(8), self.port(10))
    }

    fn l4_at(kind: FdKind) -> Option<usize> {
        match kind {
            FdKind::Ipv4Sock => Some(12),
            FdKind::Ipv6Sock => Some(36),
            FdKind::Ipv4ServSock => Some(6),
            FdKind::Ipv6ServSock => Some(18),
            _ => None,
        }
    }

    fn take<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        out.copy_from_slice(&self.sock[at..at + N]);
        out
    }

    fn port(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.take(at))
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.sock[at..at + bytes.len()].copy_from_slice(bytes);
    }
}
