//! Sockets: made, bound, connected, accepted, and what sending and receiving tells about them.
//!
//! The name of a connected internet socket is rebuilt from its addresses when they change. Source is the client as
//! soon as the role is known: a server's tuple is turned round when it sends, a client's when it receives.

use super::super::fd::{Addr, Fd, FdKind, L4, O_CLOEXEC, Role};
use super::super::fdtable::Fds;
use super::super::net::{self, SockAddr, SockTuple, family};
use super::super::{Current, State};
use super::plan::{NO_PARAM, Plan};
use super::{result, u32_at};
use crate::record::Record;
use peregrine_schema::events::code;

const EINPROGRESS: i64 = 115;

impl State {
    pub(super) fn socket(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let num = result(rec);
        if num < 0 {
            return;
        }
        let at = |i| u32_at(&rec.params, i);
        let fd = new_socket(at(1), at(2), at(3), at(4));
        self.add_new_fd(cur, slot, num, fd);
    }

    pub(super) fn socketpair(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let p = &rec.params;
        let (Some(one), Some(two), true) = (p.int(1), p.int(2), result(rec) >= 0) else { return };
        if one == two {
            return;
        }
        let mut fd = Fd::new(FdKind::UnixSock);
        fd.set_addr(Addr::Unix { source: p.uint(3).unwrap_or(0), dest: p.uint(4).unwrap_or(0) });
        self.add_new_fd(cur, slot, two, fd.clone());
        // The event is about the first, but the last number added is the second.
        self.add_new_fd(cur, slot, one, fd);
        cur.fd_info = self.pending_fd(slot).cloned().map(Box::new);
        self.threads.hot.at_mut(slot).fd = two;
    }

    /// A port makes it a server socket.
    pub(super) fn bind(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        if self.pending_fd(slot).is_none() || result(rec) < 0 {
            return;
        }
        let Some(addr) = rec.params.get(1).and_then(SockAddr::parse) else { return };
        let name = addr.text();
        self.change_fd(cur, slot, |fd| {
            match addr {
                SockAddr::V4 { ip, port } if port > 0 => {
                    let l4 = fd.l4_as(FdKind::Ipv4Sock);
                    serve(fd, FdKind::Ipv4ServSock, Addr::ServV4 { ip, port }, l4);
                }
                SockAddr::V6 { ip, port } if port > 0 => {
                    let l4 = fd.l4_as(FdKind::Ipv6Sock);
                    match net::mapped_v4(ip) {
                        Some(ip) => serve(fd, FdKind::Ipv4ServSock, Addr::ServV4 { ip, port }, l4),
                        None => serve(fd, FdKind::Ipv6ServSock, Addr::ServV6 { ip, port }, l4),
                    }
                }
                _ => {}
            }
            fd.set_name(&name);
        });
    }

    pub(super) fn connect(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let result = result(rec);
        if self.pending_fd(slot).is_none() || result < 0 && result != -EINPROGRESS {
            return;
        }
        let valid = |bytes: &&[u8]| SockAddr::parse(bytes).is_some();
        let enter = self.enter_of(rec, slot).map(|e| e.param(1)).filter(valid).map(<[u8]>::to_vec);
        let told = rec.params.get(3).filter(valid);
        let tuple = rec.params.get(1).unwrap_or_default();
        self.change_fd(cur, slot, |fd| {
            fd.connected = true;
            if !tuple.is_empty() {
                if let Some(parsed) = SockTuple::parse(tuple) {
                    connected(fd, parsed, told, enter.as_deref());
                }
            } else if let Some(addr) = enter.as_deref().and_then(SockAddr::parse) {
                connecting(fd, addr);
            }
        });
    }

    pub(super) fn accept(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        let num = result(rec);
        if num < 0 {
            return;
        }
        self.threads.hot.at_mut(slot).fd = num;
        let Some(tuple) = rec.params.get(1).and_then(SockTuple::parse) else { return };
        let mut fd = Fd::new(FdKind::Unknown);
        match tuple.unmapped() {
            SockTuple::V4 { sip, sport, dip, dport } => {
                fd.kind = FdKind::Ipv4Sock;
                fd.set_addr(Addr::V4 { sip, dip, sport, dport });
                fd.set_l4(L4::Tcp);
            }
            SockTuple::V6 { sip, sport, dip, dport } => {
                fd.kind = FdKind::Ipv6Sock;
                fd.set_addr(Addr::V6 { sip, dip, sport, dport });
                fd.set_l4(L4::Tcp);
            }
            SockTuple::Unix { source, dest, .. } => {
                fd.kind = FdKind::UnixSock;
                fd.set_addr(Addr::Unix { source, dest });
            }
            SockTuple::Other(_) => return,
        }
        fd.set_name(&tuple.text());
        if rec.code == code::ACCEPT4_6_X {
            fd.open_flags = u32_at(&rec.params, 5) & O_CLOEXEC;
        }
        fd.role = Role::Server;
        fd.connected = true;
        self.add_new_fd(cur, slot, num, fd);
    }

    /// Reads and writes, of which most change nothing.
    #[inline(always)]
    pub(super) fn io(&mut self, rec: &Record<'_>, plan: &Plan, cur: &mut Current, slot: u32) {
        // A transfer that tells no addresses may at most connect a socket.
        if plan.tuple == NO_PARAM && !self.threads.holder(slot).is_some_and(|h| self.threads.hot.any_unconnected(h)) {
            return;
        }
        self.transfer(rec, plan, cur, slot);
    }

    #[inline(never)]
    fn transfer(&mut self, rec: &Record<'_>, plan: &Plan, cur: &mut Current, slot: u32) {
        let sends = matches!(rec.code, code::SEND_X | code::SENDTO_X | code::SENDMSG_X);
        match self.pending_fd(slot) {
            Some(fd) if fd.is_settled() => return,
            None if sends => self.infer_socket(rec, cur, slot),
            _ => {}
        }
        let Some(fd) = self.pending_fd(slot) else { return };
        let connects = fd.is_unconnected();
        if result(rec) < 0 || rec.params.get(0).is_none_or(<[u8]>::is_empty) {
            return;
        }
        let may_change = plan.tuple != NO_PARAM && (fd.name.is_empty() || !fd.is_tcp());
        let tuple = if may_change { rec.params.get(plan.tuple.into()).and_then(SockTuple::parse) } else { None };
        let tuple = tuple.filter(|t| !says_nothing_new(fd, *t));
        if connects || tuple.is_some() {
            self.learn(rec, cur, slot, tuple);
        }
    }

    /// Takes over what a successful transfer tells about a socket.
    fn learn(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32, tuple: Option<SockTuple<'_>>) {
        let receives = rec.event().flags.has(peregrine_schema::EventFlags::READS_FROM_FD);
        let num = self.threads.hot.at(slot).fd;
        let Some(holder) = self.threads.holder(slot) else { return };
        let Some(mut fd) = self.threads.hot.copy_fd(holder, num) else { return };
        if fd.is_inet() {
            fd.connected = true;
        }
        if let Some(tuple) = tuple
            && update(&mut fd, tuple)
        {
            if !matches!(tuple, SockTuple::Unix { .. }) {
                if fd.is_inet() && fd.l4() == L4::Unknown {
                    // TCP would not change addresses in the middle of a connection.
                    fd.set_l4(L4::Udp);
                }
                self.interfaces.complete(&mut fd);
            }
            if fd.is_inet() {
                if fd.role == Role::None {
                    fd.role = guess_role(&fd, num, self.threads.hot.fds(holder), receives);
                }
                let turned = if receives { fd.role.is_client() } else { fd.role.is_server() };
                if turned {
                    swap(&mut fd);
                }
                if let Some(name) = net::connection_name(&fd) {
                    fd.set_name(&name);
                }
            } else {
                fd.set_name(&tuple.text());
            }
        }
        let before = self.threads.hot.fd(holder, num);
        cur.fd_name_changed |= before.is_some_and(|before| before.name != fd.name);
        self.threads.hot.insert_fd(holder, num, fd);
    }

    /// Sending on a descriptor that is not known: its creation was missed. Only UDP sockets show their addresses.
    fn infer_socket(&mut self, rec: &Record<'_>, cur: &mut Current, slot: u32) {
        const DGRAM: u32 = 2;
        const UDP: u32 = 17;
        let (Some(num), true) = (rec.params.int(2), result(rec) >= 0) else { return };
        let family = rec.params.get(4).and_then(|t| t.first()).copied();
        if let Some(family @ (family::INET | family::INET6)) = family {
            self.add_new_fd(cur, slot, num, new_socket(u32::from(family), DGRAM, UDP, 0));
        }
    }
}

/// A socket as socket(2) makes it.
fn new_socket(domain: u32, kind: u32, protocol: u32, open_flags: u32) -> Fd {
    const STREAM: u32 = 1;
    const DGRAM: u32 = 2;
    const RAW: u32 = 3;
    let fd_kind = match u8::try_from(domain) {
        Ok(family::UNIX) => FdKind::UnixSock,
        Ok(family::INET) => FdKind::Ipv4Sock,
        Ok(family::INET6) => FdKind::Ipv6Sock,
        Ok(family::NETLINK) => FdKind::Netlink,
        _ => FdKind::Unknown,
    };
    let l4 = match protocol {
        6 | 17 | 1 if kind == RAW => L4::Raw,
        6 => L4::Tcp,
        17 => L4::Udp,
        1 => L4::Icmp,
        255 => L4::Raw,
        // The upper bits hold SOCK_NONBLOCK and SOCK_CLOEXEC.
        0 if kind & 0xff == STREAM => L4::Tcp,
        0 if kind & 0xff == DGRAM => L4::Udp,
        _ => L4::Unknown,
    };
    let mut fd = Fd { open_flags, ..Fd::new(fd_kind) };
    fd.set_l4(l4);
    fd
}

fn serve(fd: &mut Fd, kind: FdKind, addr: Addr, l4: L4) {
    fd.kind = kind;
    fd.set_addr(addr);
    fd.set_l4(l4);
    fd.role = fd.role.and_server();
}

/// A connection whose tuple the event does not have: only the destination is known, from the enter event.
fn connecting(fd: &mut Fd, addr: SockAddr<'_>) {
    let v4 = |fd: &mut Fd, ip, port| {
        let (sip, sport, ..) = fd.as_v4();
        fd.kind = FdKind::Ipv4Sock;
        fd.set_addr(Addr::V4 { sip, sport, dip: ip, dport: port });
    };
    match addr {
        SockAddr::V4 { ip, port } => v4(fd, ip, port),
        SockAddr::V6 { ip, port } => match net::mapped_v4(ip) {
            Some(ip) => v4(fd, ip, port),
            None => {
                let (sip, sport, ..) = fd.as_v6();
                fd.kind = FdKind::Ipv6Sock;
                fd.set_addr(Addr::V6 { sip, sport, dip: ip, dport: port });
            }
        },
        // The original prints the missing tuple.
        SockAddr::Unix(_) | SockAddr::Other(_) => fd.set_name(b"NULL"),
    }
}

/// A connection with its tuple. If the tuple's destination is what the process had in its memory at exit, it may
/// have changed it since: what it had there at entry is used.
fn connected(fd: &mut Fd, tuple: SockTuple<'_>, told: Option<&[u8]>, enter: Option<&[u8]>) {
    let given = told.zip(enter);
    let tuple = match tuple {
        SockTuple::V4 { sip, sport, dip, dport } => {
            let (dip, dport) = destination(dip, dport, given);
            SockTuple::V4 { sip, sport, dip, dport }
        }
        SockTuple::V6 { sip, sport, dip, dport } => {
            let (dip, dport) = destination(dip, dport, given);
            SockTuple::V6 { sip, sport, dip, dport }.unmapped()
        }
        SockTuple::Unix { source, dest, path } if fd.kind == FdKind::UnixSock => {
            let path = match given.map(|(told, enter)| (SockAddr::parse(told), SockAddr::parse(enter))) {
                Some((Some(SockAddr::Unix(told)), Some(SockAddr::Unix(enter)))) if told == path => enter,
                _ => path,
            };
            SockTuple::Unix { source, dest, path }
        }
        SockTuple::Unix { .. } | SockTuple::Other(_) => return,
    };
    match tuple {
        SockTuple::V4 { sip, sport, dip, dport } => {
            fd.kind = FdKind::Ipv4Sock;
            let changed = update_v4(fd, (sip, sport, dip, dport));
            if changed && fd.role.is_server() && fd.is_udp() {
                swap(fd);
            }
        }
        SockTuple::V6 { sip, sport, dip, dport } => {
            fd.kind = FdKind::Ipv6Sock;
            update_v6(fd, (sip, sport, dip, dport));
        }
        SockTuple::Unix { source, dest, .. } => fd.set_addr(Addr::Unix { source, dest }),
        SockTuple::Other(_) => {}
    }
    let name = net::connection_name(fd).unwrap_or_else(|| tuple.text());
    fd.set_name(&name);
    if fd.role == Role::None {
        fd.role = fd.role.and_client();
    }
}

/// The destination of a connection, given the address the process had at exit and at entry.
fn destination<const N: usize>(ip: [u8; N], port: u16, given: Option<(&[u8], &[u8])>) -> ([u8; N], u16) {
    let read = |bytes: &[u8]| -> Option<([u8; N], u16)> {
        let rest = bytes.get(1..)?;
        Some((*rest.first_chunk()?, u16::from_le_bytes(*rest.get(N..)?.first_chunk()?)))
    };
    match given {
        Some((told, enter)) if read(told) == Some((ip, port)) => read(enter).unwrap_or((ip, port)),
        _ => (ip, port),
    }
}

/// Whether a transfer's tuple leaves the socket as it is. May say no where it is yes.
fn says_nothing_new(fd: &Fd, tuple: SockTuple<'_>) -> bool {
    match (fd.kind, tuple) {
        (FdKind::Ipv4Sock, SockTuple::V4 { sip, sport, dip, dport }) => same_ends(fd.as_v4(), (sip, sport, dip, dport)),
        (FdKind::UnixSock, SockTuple::Unix { source, dest, path }) => {
            fd.addr() == (Addr::Unix { source, dest }) && is_unix_name(&fd.name, source, dest, path)
        }
        _ => false,
    }
}

/// Whether a name is what [`net::unix_name`] makes.
fn is_unix_name(name: &[u8], source: u64, dest: u64, path: &[u8]) -> bool {
    let rest = strip_hex(name, source).and_then(|rest| strip_hex(rest.strip_prefix(b"->")?, dest));
    rest.is_some_and(|rest| rest.strip_prefix(b" ") == Some(path))
}

/// What follows a number in lower-case hexadecimal digits, without leading zeros.
fn strip_hex(text: &[u8], number: u64) -> Option<&[u8]> {
    let digits = 16 - (number | 1).leading_zeros() as usize / 4;
    let (head, rest) = text.split_at_checked(digits)?;
    let digit = |at: usize| b"0123456789abcdef"[(number >> (4 * at) & 15) as usize];
    head.iter().rev().enumerate().all(|(at, byte)| *byte == digit(at)).then_some(rest)
}

type V4 = ([u8; 4], u16, [u8; 4], u16);
type V6 = ([u8; 16], u16, [u8; 16], u16);

fn same_ends<A: PartialEq>(known: (A, u16, A, u16), new: (A, u16, A, u16)) -> bool {
    let (sip, sport, dip, dport) = &new;
    (&known.0, known.1, &known.2, known.3) == (sip, *sport, dip, *dport)
        || (&known.2, known.3, &known.0, known.1) == (sip, *sport, dip, *dport)
}

/// Takes a transfer's tuple into a socket. Whether anything changed.
fn update(fd: &mut Fd, tuple: SockTuple<'_>) -> bool {
    match tuple.unmapped() {
        SockTuple::V4 { sip, sport, dip, dport } => {
            let l4 = match fd.kind {
                FdKind::Ipv4ServSock if matches!(tuple, SockTuple::V4 { .. }) => Some(fd.l4()),
                _ => None,
            };
            fd.kind = FdKind::Ipv4Sock;
            if let Some(l4) = l4 {
                fd.set_l4(l4);
            }
            update_v4(fd, (sip, sport, dip, dport))
        }
        // The type stays, whatever it is.
        SockTuple::V6 { sip, sport, dip, dport } => update_v6(fd, (sip, sport, dip, dport)),
        SockTuple::Unix { source, dest, .. } => {
            fd.kind = FdKind::UnixSock;
            fd.set_addr(Addr::Unix { source, dest });
            true
        }
        SockTuple::Other(_) => true,
    }
}

/// Replaces both ends, unless they are these, in whatever direction. Whether anything changed.
fn update_v4(fd: &mut Fd, new: V4) -> bool {
    let old = fd.as_v4();
    if fd.kind == FdKind::Ipv4Sock && same_ends(old, new) {
        return false;
    }
    let (sip, sport, dip, dport) = new;
    fd.set_addr(Addr::V4 { sip, dip, sport, dport });
    // Setting what was not set counts, even to zero.
    old.2 == [0; 4] || old.3 == 0 || old != (sip, sport, dip, dport)
}

/// The same for IPv6.
fn update_v6(fd: &mut Fd, new: V6) -> bool {
    let old = fd.as_v6();
    if fd.kind == FdKind::Ipv6Sock && same_ends(old, new) {
        return false;
    }
    let (sip, sport, dip, dport) = new;
    fd.set_addr(Addr::V6 { sip, dip, sport, dport });
    old.2 == [0; 16] || old.3 == 0 || old != (sip, sport, dip, dport)
}

fn swap(fd: &mut Fd) {
    if fd.kind == FdKind::Ipv4Sock {
        let (sip, sport, dip, dport) = fd.as_v4();
        fd.set_addr(Addr::V4 { sip: dip, dip: sip, sport: dport, dport: sport });
    } else {
        let (sip, sport, dip, dport) = fd.as_v6();
        fd.set_addr(Addr::V6 { sip: dip, dip: sip, sport: dport, dport: sport });
    }
}

/// Role of a socket whose creation was not seen. `fd` replaces number `num` of the table. Looks at IPv4 sockets only,
/// and at the ports where an IPv4 tuple has them.
fn guess_role(fd: &Fd, num: i64, fds: Fds<'_>, receives: bool) -> Role {
    let (sport, dport) = fd.v4_ports();
    let any = |test: &dyn Fn(&Fd) -> bool| test(fd) || fds.iter().any(|(n, other)| n != num && test(other));
    let bound = any(&|fd| match fd.addr() {
        Addr::V4 { dport: port, .. } | Addr::ServV4 { port, .. } => port == dport,
        _ => false,
    });
    if !bound {
        return Role::Client;
    }
    let used = any(&|fd| matches!(fd.addr(), Addr::V4 { sport: port, .. } if port == sport));
    if !used || receives { Role::Server } else { Role::Client }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_unix_sockets() {
        let numbers = [0, 1, 0xf, 0x10, 0xffff_8881_0a2b_3c40, u64::MAX];
        for (source, dest) in numbers.iter().flat_map(|source| numbers.map(|dest| (*source, dest))) {
            let name = net::unix_name(source, dest, b"/run/x");
            assert!(is_unix_name(&name, source, dest, b"/run/x"));
            assert!(!is_unix_name(&name, source, dest, b"/run/y") && !is_unix_name(&name, source, dest, b""));
            assert!(
                !is_unix_name(&name, source ^ 1, dest, b"/run/x") && !is_unix_name(&name, source, dest ^ 16, b"/run/x")
            );
            assert!(!is_unix_name(&name[1..], source, dest, b"/run/x"));
        }
    }
}
