//! Sockets and other kinds of descriptors: names of the kinds, ends of connections, which end is local.

use super::EventView;
use super::containers;
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
