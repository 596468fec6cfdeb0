//! Sockets: kinds and protocols of descriptors, addresses in parameters, which end is local.

use super::EventView;
use super::containers;
use super::text::Text;
use crate::state::{Addr, Fd, FdKind};
use peregrine_compiler::value::Value;

/// `fd.type`.
pub(super) fn type_name(kind: FdKind) -> &'static [u8] {
    match kind {
        FdKind::File | FdKind::FileV2 => b"file",
        FdKind::Directory => b"directory",
        FdKind::Ipv4Sock | FdKind::Ipv4ServSock => b"ipv4",
        FdKind::Ipv6Sock | FdKind::Ipv6ServSock => b"ipv6",
        FdKind::UnixSock => b"unix",
        FdKind::Fifo => b"pipe",
        FdKind::Event => b"event",
        FdKind::SignalFd => b"signalfd",
        FdKind::EventPoll => b"eventpoll",
        FdKind::Inotify => b"inotify",
        FdKind::TimerFd => b"timerfd",
        FdKind::Netlink => b"netlink",
        FdKind::Bpf => b"bpf",
        FdKind::Userfaultfd => b"userfaultfd",
        FdKind::IoUring => b"io_uring",
        FdKind::Memfd => b"memfd",
        FdKind::PidFd => b"pidfd",
        FdKind::Unknown | FdKind::Unsupported | FdKind::Uninitialized => b"<NA>",
    }
}

/// `fd.typechar`.
pub(super) fn type_char(kind: FdKind) -> u8 {
    match kind {
        FdKind::File | FdKind::FileV2 => b'f',
        FdKind::Directory => b'd',
        FdKind::Ipv4Sock | FdKind::Ipv4ServSock => b'4',
        FdKind::Ipv6Sock | FdKind::Ipv6ServSock => b'6',
        FdKind::UnixSock | FdKind::Userfaultfd => b'u',
        FdKind::Fifo => b'p',
        FdKind::Event => b'e',
        FdKind::SignalFd => b's',
        FdKind::EventPoll => b'l',
        FdKind::Inotify => b'i',
        FdKind::TimerFd => b't',
        FdKind::Netlink => b'n',
        FdKind::Bpf => b'b',
        FdKind::IoUring => b'r',
        FdKind::Memfd => b'm',
        FdKind::PidFd => b'P',
        FdKind::Unknown => b'o',
        FdKind::Unsupported => b'X',
        FdKind::Uninitialized => b'?',
    }
}

/// Whether it is an IP socket, connected or not.
pub(super) fn is_inet(fd: &Fd) -> bool {
    matches!(fd.kind, FdKind::Ipv4Sock | FdKind::Ipv6Sock | FdKind::Ipv4ServSock | FdKind::Ipv6ServSock)
}

/// An address of 4 or 16 bytes, network order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ip {
    V4([u8; 4]),
    V6([u8; 16]),
}

impl Ip {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Ip::V4(ip) => ip,
            Ip::V6(ip) => ip,
        }
    }

    /// As a field's value.
    pub(super) fn value<'a>(&self, view: &EventView<'a>) -> Value<'a> {
        Value::Ip(view.scratch.alloc_slice_copy(self.bytes()))
    }

    /// An IPv4 address inside an IPv6 one; all zeros count as one.
    fn mapped_v4(&self) -> Option<Ip> {
        let Ip::V6(ip) = self else { return None };
        let (prefix, v4) = ip.split_last_chunk()?;
        let mapped = prefix[..10] == [0; 10] && (prefix[10..] == [0xff; 2] || ip[10..] == [0; 6]);
        mapped.then_some(Ip::V4(*v4))
    }
}

/// One end of a connection, or a bound server socket. The port is in host order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct End {
    pub(super) ip: Ip,
    pub(super) port: u16,
}

/// Ends of an IP socket that is not a server socket: source and destination, client and server once the role is
/// known.
pub(super) fn ends(fd: &Fd) -> Option<(End, End)> {
    match fd.addr() {
        Addr::V4 { sip, dip, sport, dport } => {
            Some((End { ip: Ip::V4(sip), port: sport }, End { ip: Ip::V4(dip), port: dport }))
        }
        Addr::V6 { sip, dip, sport, dport } => {
            Some((End { ip: Ip::V6(sip), port: sport }, End { ip: Ip::V6(dip), port: dport }))
        }
        _ => None,
    }
}

/// Address of a server socket.
pub(super) fn bound_end(fd: &Fd) -> Option<End> {
    match fd.addr() {
        Addr::ServV4 { ip, port } => Some(End { ip: Ip::V4(ip), port }),
        Addr::ServV6 { ip, port } => Some(End { ip: Ip::V6(ip), port }),
        _ => None,
    }
}

/// Whether an address belongs to the machine, or for a process in a container to a container: to its own if that
/// has an address, otherwise to any. IPv6 addresses in containers are never local.
pub(super) fn is_local(view: &EventView<'_>, ip: Ip) -> bool {
    let container = view.thread().map_or(&b""[..], |t| &t.image.container_id);
    if container.is_empty() {
        return is_interface(view, ip);
    }
    let Ip::V4(ip) = ip else { return false };
    match containers::address(view, container) {
        Some(own) => own == ip || is_interface(view, Ip::V4(ip)),
        None => containers::any_address(view, ip),
    }
}

fn is_interface(view: &EventView<'_>, ip: Ip) -> bool {
    match ip {
        Ip::V4(ip) => view.state.interfaces.is_local_v4(ip),
        Ip::V6(ip) => view.state.interfaces.is_local_v6(ip),
    }
}

/// A socket address or tuple of a parameter.
pub(super) enum Socket<'b> {
    Address(End),
    Tuple(End, End),
    UnixPath(&'b [u8]),
    /// Kernel pointers of both ends, and the path.
    UnixPair(u64, u64, &'b [u8]),
    Family(u8),
}

/// A socket parameter too short for its family.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    Empty,
    Unix,
    V4,
    V6,
}

const AF_UNIX: u8 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// `u8 family`, then address and `u16 port`, or a NUL-terminated path.
pub(super) fn parse_sockaddr(bytes: &[u8]) -> Result<Socket<'_>, Invalid> {
    let (&family, rest) = bytes.split_first().ok_or(Invalid::Empty)?;
    match family {
        AF_INET => v4_end(rest).map(|(end, _)| Socket::Address(end)).ok_or(Invalid::V4),
        AF_INET6 => v6_end(rest).map(|(end, _)| Socket::Address(end)).ok_or(Invalid::V6),
        AF_UNIX => path(rest).map(Socket::UnixPath).ok_or(Invalid::Unix),
        other => Ok(Socket::Family(other)),
    }
}

/// `u8 family`, then source and destination (address and `u16 port` each), or `u64 source, u64 destination` and
/// a NUL-terminated path.
pub(super) fn parse_socktuple(bytes: &[u8]) -> Result<Socket<'_>, Invalid> {
    let (&family, rest) = bytes.split_first().ok_or(Invalid::Empty)?;
    match family {
        AF_INET => tuple(rest, v4_end).ok_or(Invalid::V4),
        AF_INET6 => tuple(rest, v6_end).ok_or(Invalid::V6),
        AF_UNIX => unix_pair(rest).ok_or(Invalid::Unix),
        other => Ok(Socket::Family(other)),
    }
}

fn tuple<'b>(bytes: &'b [u8], end: impl Fn(&'b [u8]) -> Option<(End, &'b [u8])>) -> Option<Socket<'b>> {
    let (source, rest) = end(bytes)?;
    Some(Socket::Tuple(source, end(rest)?.0))
}

fn v4_end(bytes: &[u8]) -> Option<(End, &[u8])> {
    let (ip, rest) = bytes.split_first_chunk()?;
    let (port, rest) = rest.split_first_chunk()?;
    Some((End { ip: Ip::V4(*ip), port: u16::from_le_bytes(*port) }, rest))
}

fn v6_end(bytes: &[u8]) -> Option<(End, &[u8])> {
    let (ip, rest) = bytes.split_first_chunk()?;
    let (port, rest) = rest.split_first_chunk()?;
    Some((End { ip: Ip::V6(*ip), port: u16::from_le_bytes(*port) }, rest))
}

fn unix_pair(bytes: &[u8]) -> Option<Socket<'_>> {
    let (source, rest) = bytes.split_first_chunk()?;
    let (dest, rest) = rest.split_first_chunk()?;
    Some(Socket::UnixPair(u64::from_le_bytes(*source), u64::from_le_bytes(*dest), path(rest)?))
}

fn path(bytes: &[u8]) -> Option<&[u8]> {
    (bytes.last() == Some(&0)).then(|| &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())])
}

/// `ip:port`, `ip:port->ip:port`, a path, or `pointer->pointer path`.
pub(super) fn write_socket(out: &mut Vec<u8>, socket: &Socket<'_>) {
    match socket {
        Socket::Address(end) => write_end(out, *end),
        Socket::Tuple(source, dest) => {
            let (source, dest) = match (source.ip.mapped_v4(), dest.ip.mapped_v4()) {
                (Some(s), Some(d)) => (End { ip: s, ..*source }, End { ip: d, ..*dest }),
                _ => (*source, *dest),
            };
            write_end(out, source);
            out.bytes(b"->");
            write_end(out, dest);
        }
        Socket::UnixPath(path) => out.bytes(path),
        Socket::UnixPair(source, dest, path) => {
            out.fmt(format_args!("{source:x}->{dest:x} "));
            out.bytes(path);
        }
        Socket::Family(family) => out.fmt(format_args!("family {family}")),
    }
}

fn write_end(out: &mut Vec<u8>, end: End) {
    out.ip(end.ip.bytes());
    out.push(b':');
    out.udec(end.port.into());
}
