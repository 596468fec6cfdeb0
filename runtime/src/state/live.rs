//! State of a live system: what the kernel tells with an event takes the place of what a replay has remembered.
//!
//! ```text
//! per event:  image checked ─► descriptors lent ─► State::apply ─► rules ─► State::after ─► descriptors taken back
//! ```
//!
//! The kernel names the image that a process runs, and tells with each event what its descriptors lead to. So the
//! tables of descriptors are empty between events, and an event is only taken in when the state knows the image of its
//! process. What must hold: [`State::give_back`] follows on every event.

use super::fd::{Addr, Fd, FdKind, L4, Role};
use super::fdtable::FdTable;
use super::net::{self, SockTuple};
use super::{Current, State};
use peregrine_probe::descriptor::{Descriptor, DescriptorKind, Side, What};

/// What the state knows about the image that a thread runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is this one.
    Yes,
    /// Another one, or the thread is not known.
    No,
}

impl State {
    /// Whether a thread runs an image, by the kernel's number. Of a thread whose image has not been named yet, the first
    /// one named is taken.
    #[inline]
    pub fn runs(&mut self, tid: i64, image: u64) -> Known {
        let Some(slot) = self.threads.slot(tid) else { return Known::No };
        let row = self.threads.hot.at_mut(slot);
        if row.image == image {
            return Known::Yes;
        }
        if row.image != 0 || self.threads.in_slot(slot).is_invalid() {
            return Known::No;
        }
        self.threads.hot.at_mut(slot).image = image;
        Known::Yes
    }

    /// A thread runs an image from now on.
    pub fn name_image(&mut self, tid: i64, image: u64) {
        if let Some(slot) = self.threads.slot(tid) {
            let row = self.threads.hot.at_mut(slot);
            (row.image, row.told) = (image, NOT_SEEN);
        }
    }

    /// Whether the kernel is to be told, under these rules, about an event's thread: on its second event. Many threads do
    /// not live that long.
    #[inline]
    pub fn is_news(&mut self, current: &Current, rules: u64) -> bool {
        let Some(slot) = current.slot else { return false };
        let row = self.threads.hot.at_mut(slot);
        let told = TOLD + rules;
        if row.told == told || row.image == 0 {
            return false;
        }
        if row.told == NOT_SEEN {
            row.told = SEEN;
            return false;
        }
        row.told = told;
        let thread = self.threads.in_slot(slot);
        !thread.is_invalid() && !thread.is_dead()
    }

    /// Forgets a thread.
    pub fn forget(&mut self, tid: i64) {
        self.threads.remove(tid);
    }

    /// Makes a thread that was loaded a member of its process, and a placeholder of one that is not known.
    pub fn complete(&mut self, tid: i64) {
        let Some(slot) = self.threads.slot_or_placeholder(tid) else { return };
        self.threads.link(slot);
        self.identify(slot);
    }

    /// Gives a thread what its descriptors lead to, for one event.
    pub fn lend<'d>(&mut self, tid: i64, descriptors: impl Iterator<Item = Descriptor<'d>>) {
        let holder = self.threads.slot(tid).and_then(|slot| self.threads.holder(slot));
        let Some(holder) = holder else { return };
        for descriptor in descriptors {
            if let Some(fd) = self.lent(&descriptor) {
                self.threads.hot.insert_fd(holder, descriptor.number, fd);
            }
        }
    }

    /// Takes all descriptors of a thread back, those included that the event has made. To be called after
    /// [`State::after`].
    #[inline]
    pub fn give_back(&mut self, current: &Current) {
        let Some(slot) = current.slot else { return };
        self.delayed.fd = None;
        if let Some(holder) = self.threads.holder(slot)
            && !self.threads.hot.has_no_fds(holder)
        {
            self.threads.hot.give_fds(Some(holder), FdTable::default());
        }
    }

    /// A descriptor as a replay would know it.
    fn lent(&mut self, descriptor: &Descriptor<'_>) -> Option<Fd> {
        match descriptor.what {
            What::Nothing => None,
            What::File { device, inode, path } => {
                let kind = match descriptor.kind {
                    DescriptorKind::Directory => FdKind::Directory,
                    DescriptorKind::Fifo => FdKind::Fifo,
                    DescriptorKind::Anonymous => FdKind::anonymous(path).unwrap_or(FdKind::Unsupported),
                    DescriptorKind::SocketNode => FdKind::Unsupported,
                    _ if path.starts_with(MEMFD) => FdKind::Memfd,
                    _ => FdKind::FileV2,
                };
                let mut fd = self.threads.hot.blank_fd(kind);
                (fd.dev, fd.ino) = (device, inode);
                // What has no path has no name either, as in a replay.
                let name = match kind {
                    FdKind::Memfd => path.get(MEMFD.len()..).unwrap_or_default(),
                    _ if descriptor.kind == DescriptorKind::Anonymous && kind != FdKind::Unsupported => b"",
                    _ => path,
                };
                fd.set_name(name);
                // What was given when it was opened is not known any more.
                fd.name_raw.extend_from_slice(name);
                Some(fd)
            }
            What::Socket { protocol, side, ends, .. } => {
                let l4 = match protocol {
                    libc_protocol::ICMP => L4::Icmp,
                    libc_protocol::TCP => L4::Tcp,
                    libc_protocol::UDP => L4::Udp,
                    libc_protocol::RAW => L4::Raw,
                    _ => L4::Unknown,
                };
                let mut fd = self.threads.hot.blank_fd(match descriptor.kind {
                    DescriptorKind::Inet => FdKind::Ipv4Sock,
                    DescriptorKind::Inet6 => FdKind::Ipv6Sock,
                    DescriptorKind::Unix => FdKind::UnixSock,
                    _ => FdKind::Unknown,
                });
                fd.set_l4(l4);
                if let Some(tuple) = SockTuple::parse(ends) {
                    connect(&mut fd, tuple, l4, if descriptor.listens() { None } else { Some(side) });
                }
                Some(fd)
            }
        }
    }
}

/// What the kernel has been told about an image: nothing, before or after its first event; or all, under the rules of
/// a number.
const NOT_SEEN: u64 = 0;
const SEEN: u64 = 1;
const TOLD: u64 = 2;

/// How the kernel calls memfds, before their name.
const MEMFD: &[u8] = b"memfd:";

/// Numbers of `IPPROTO_*`.
mod libc_protocol {
    pub(super) const ICMP: u8 = 1;
    pub(super) const TCP: u8 = 6;
    pub(super) const UDP: u8 = 17;
    pub(super) const RAW: u8 = 255;
}

/// Gives a socket the ends that the kernel knows; without a side it listens. One without a peer is as after socket(2), or
/// bind(2).
fn connect(fd: &mut Fd, tuple: SockTuple<'_>, l4: L4, side: Option<Side>) {
    let serves = matches!(side, None | Some(Side::Bound));
    // The source is the client, and a bound socket a server, also if it has connected: of TCP it is the source then.
    let turned = side == Some(Side::Server) || side == Some(Side::Bound) && l4 == L4::Udp;
    match tuple.unmapped() {
        SockTuple::V4 { sip, sport, dport, .. } if serves && (dport == 0 || side.is_none()) => {
            fd.kind = FdKind::Ipv4ServSock;
            fd.set_addr(Addr::ServV4 { ip: sip, port: sport });
            fd.set_name(net::v4_end(sip, sport).as_bytes());
            fd.role = Role::Server;
        }
        SockTuple::V6 { sip, sport, dport, .. } if serves && (dport == 0 || side.is_none()) => {
            fd.kind = FdKind::Ipv6ServSock;
            fd.set_addr(Addr::ServV6 { ip: sip, port: sport });
            fd.set_name(net::v6_end(sip, sport).as_bytes());
            fd.role = Role::Server;
        }
        SockTuple::V4 { dport: 0, .. } | SockTuple::V6 { dport: 0, .. } => {}
        SockTuple::V4 { sip, sport, dip, dport } => {
            fd.kind = FdKind::Ipv4Sock;
            fd.set_addr(if turned {
                Addr::V4 { sip: dip, dip: sip, sport: dport, dport: sport }
            } else {
                Addr::V4 { sip, dip, sport, dport }
            });
            connected(fd, l4, side);
        }
        SockTuple::V6 { sip, sport, dip, dport } => {
            fd.kind = FdKind::Ipv6Sock;
            fd.set_addr(if turned {
                Addr::V6 { sip: dip, dip: sip, sport: dport, dport: sport }
            } else {
                Addr::V6 { sip, dip, sport, dport }
            });
            connected(fd, l4, side);
        }
        SockTuple::Unix { source, dest, path } => {
            // The source is the peer.
            fd.connected = source != 0;
            if fd.connected {
                fd.set_addr(Addr::Unix { source, dest });
                fd.set_name(&tuple.text());
            } else {
                fd.set_name(path);
            }
            fd.role = role(side);
        }
        SockTuple::Other(_) => {}
    }
    fd.set_l4(l4);
}

fn connected(fd: &mut Fd, l4: L4, side: Option<Side>) {
    fd.set_l4(l4);
    fd.connected = true;
    fd.role = role(side);
    if let Some(name) = net::connection_name(fd) {
        fd.set_name(&name);
    }
}

/// Of a socket with a peer.
fn role(side: Option<Side>) -> Role {
    match side {
        None | Some(Side::Server | Side::Bound) => Role::Server,
        Some(Side::Client) => Role::Client,
        Some(Side::Unknown) => Role::None,
    }
}
