//! Addresses: names of sockets, socket parameters, local interfaces.
//!
//! Layouts of parameters; addresses in network byte order, ports little-endian:
//!
//! ```text
//! sockaddr   u8 family | 2: ip 4, port 2 | 10: ip 16, port 2 | 1: path, NUL
//! socktuple  u8 family | 2: sip 4, sport 2, dip 4, dport 2 | 10: sip 16, sport 2, dip 16, dport 2
//!                      | 1: u64 source, u64 dest, path, NUL
//! ```

use super::fd::{Addr, Fd, FdKind, L4};
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

/// `AF_UNIX`, `AF_INET`, `AF_INET6` and `AF_NETLINK` among the `socket_families`.
#[allow(missing_docs, reason = "self-explaining")]
pub mod family {
    pub const UNIX: u8 = 1;
    pub const INET: u8 = 2;
    pub const INET6: u8 = 10;
    pub const NETLINK: u8 = 16;
}

/// A `SOCKADDR` parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum SockAddr<'a> {
    V4 {
        ip: [u8; 4],
        port: u16,
    },
    V6 {
        ip: [u8; 16],
        port: u16,
    },
    Unix(&'a [u8]),
    /// A family without a known form.
    Other(u8),
}

impl<'a> SockAddr<'a> {
    /// Reads a parameter; `None` if it is empty or too short for its family.
    pub fn parse(bytes: &'a [u8]) -> Option<SockAddr<'a>> {
        let (&family, rest) = bytes.split_first()?;
        Some(match family {
            family::INET => SockAddr::V4 { ip: *rest.first_chunk()?, port: port(rest, 4)? },
            family::INET6 => SockAddr::V6 { ip: *rest.first_chunk()?, port: port(rest, 16)? },
            family::UNIX => SockAddr::Unix(c_text(rest)?),
            other => SockAddr::Other(other),
        })
    }

    /// The address as text: `ip:port`, a path, or `family N`.
    pub fn text(self) -> Vec<u8> {
        match self {
            SockAddr::V4 { ip, port } => v4_end(ip, port).into_bytes(),
            SockAddr::V6 { ip, port } => v6_end(ip, port).into_bytes(),
            SockAddr::Unix(path) => path.to_vec(),
            SockAddr::Other(family) => format!("family {family}").into_bytes(),
        }
    }
}

/// A `SOCKTUPLE` parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum SockTuple<'a> {
    V4 {
        sip: [u8; 4],
        sport: u16,
        dip: [u8; 4],
        dport: u16,
    },
    V6 {
        sip: [u8; 16],
        sport: u16,
        dip: [u8; 16],
        dport: u16,
    },
    Unix {
        source: u64,
        dest: u64,
        path: &'a [u8],
    },
    /// A family without a known form.
    Other(u8),
}

impl<'a> SockTuple<'a> {
    /// Reads a parameter; `None` if it is empty or too short for its family.
    pub fn parse(bytes: &'a [u8]) -> Option<SockTuple<'a>> {
        let (&family, rest) = bytes.split_first()?;
        Some(match family {
            family::INET => SockTuple::V4 {
                sip: *rest.first_chunk()?,
                sport: port(rest, 4)?,
                dip: *rest.get(6..)?.first_chunk()?,
                dport: port(rest, 10)?,
            },
            family::INET6 => SockTuple::V6 {
                sip: *rest.first_chunk()?,
                sport: port(rest, 16)?,
                dip: *rest.get(18..)?.first_chunk()?,
                dport: port(rest, 34)?,
            },
            family::UNIX => SockTuple::Unix {
                source: u64::from_le_bytes(*rest.first_chunk()?),
                dest: u64::from_le_bytes(*rest.get(8..)?.first_chunk()?),
                path: c_text(rest.get(16..)?)?,
            },
            other => SockTuple::Other(other),
        })
    }

    /// The same, with IPv4 addresses written as IPv6 ones turned into IPv4 if both ends are.
    pub fn unmapped(self) -> SockTuple<'a> {
        match self {
            SockTuple::V6 { sip, sport, dip, dport } => match (mapped_v4(sip), mapped_v4(dip)) {
                (Some(sip), Some(dip)) => SockTuple::V4 { sip, sport, dip, dport },
                _ => self,
            },
            _ => self,
        }
    }

    /// The tuple as text: `ip:port->ip:port`, `source->dest path`, or `family N`.
    pub fn text(self) -> Vec<u8> {
        match self.unmapped() {
            SockTuple::V4 { sip, sport, dip, dport } => v4_pair(sip, sport, dip, dport),
            SockTuple::V6 { sip, sport, dip, dport } => {
                format!("{}->{}", v6_end(sip, sport), v6_end(dip, dport)).into_bytes()
            }
            SockTuple::Unix { source, dest, path } => unix_name(source, dest, path),
            SockTuple::Other(family) => format!("family {family}").into_bytes(),
        }
    }
}

fn port(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Text that must end in NUL; up to the first one.
fn c_text(bytes: &[u8]) -> Option<&[u8]> {
    bytes.last().filter(|b| **b == 0)?;
    Some(&bytes[..memchr::memchr(0, bytes)?])
}

/// The IPv4 address in an IPv6 one: `::ffff:a.b.c.d`, or all zeros.
pub fn mapped_v4(ip: [u8; 16]) -> Option<[u8; 4]> {
    let (head, tail) = ip.split_at(12);
    let tail = *tail.first_chunk::<4>()?;
    let mapped = head[..10] == [0; 10] && (head[10..] == [0xff, 0xff] || head[10..] == [0, 0] && tail == [0; 4]);
    mapped.then_some(tail)
}

/// `ip:port`.
pub fn v4_end(ip: [u8; 4], port: u16) -> String {
    format!("{}:{port}", Ipv4Addr::from(ip))
}

/// `ip:port->ip:port`. Written digit by digit: servers accept often.
fn v4_pair(sip: [u8; 4], sport: u16, dip: [u8; 4], dport: u16) -> Vec<u8> {
    let mut name = Vec::with_capacity(2 * "255.255.255.255:65535".len() + 2);
    push_v4_end(&mut name, sip, sport);
    name.extend_from_slice(b"->");
    push_v4_end(&mut name, dip, dport);
    name
}

fn push_v4_end(name: &mut Vec<u8>, ip: [u8; 4], port: u16) {
    for (byte, behind) in ip.into_iter().zip(*b"...:") {
        push_decimal(name, byte.into());
        name.push(behind);
    }
    push_decimal(name, port);
}

fn push_decimal(name: &mut Vec<u8>, number: u16) {
    let mut digits = [0; 5];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    name.extend_from_slice(&digits[at..]);
}

/// `ip:port`, without brackets.
pub fn v6_end(ip: [u8; 16], port: u16) -> String {
    format!("{}:{port}", v6_text(ip))
}

/// An IPv6 address as inet_ntop(3) writes it.
pub fn v6_text(ip: [u8; 16]) -> String {
    // The C library also writes `::a.b.c.d` for addresses with 96 leading zeros, unless only the last two bytes are set.
    let address = Ipv6Addr::from(ip);
    let [.., a, b, c, d] = ip;
    if ip[..12] == [0; 12] && (a, b) != (0, 0) {
        return format!("::{}", Ipv4Addr::new(a, b, c, d));
    }
    address.to_string()
}

/// `source->dest path`, kernel addresses in hexadecimal.
pub fn unix_name(source: u64, dest: u64, path: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(path.len() + 36);
    write!(name, "{source:x}->{dest:x} ").expect("writing to memory");
    name.extend_from_slice(path);
    name
}

/// Name of a connected internet socket as its addresses and protocol give it; `None` for what is not one.
pub fn connection_name(fd: &Fd) -> Option<Vec<u8>> {
    let (tuple, l4) = (fd.addr(), fd.l4());
    let ports = matches!(l4, L4::Tcp | L4::Udp);
    let name = match tuple {
        Addr::V4 { sip, dip, sport, dport } if ports => return Some(v4_pair(sip, sport, dip, dport)),
        Addr::V4 { sip, dip, .. } if matches!(l4, L4::Icmp | L4::Raw) => {
            format!("{}->{}", Ipv4Addr::from(sip), Ipv4Addr::from(dip))
        }
        Addr::V6 { sip, dip, sport, dport } if ports => match (mapped_v4(sip), mapped_v4(dip)) {
            (Some(sip), Some(dip)) => {
                // The original reads the ports where an IPv4 tuple has them: inside the first address.
                let (sport, dport) = fd.v4_ports();
                return Some(v4_pair(sip, sport, dip, dport));
            }
            _ => format!("{}->{}", v6_end(sip, sport), v6_end(dip, dport)),
        },
        Addr::V6 { sip, dip, .. } if l4 == L4::Icmp => match (mapped_v4(sip), mapped_v4(dip)) {
            (Some(sip), Some(dip)) => format!("{}->{}", Ipv4Addr::from(sip), Ipv4Addr::from(dip)),
            _ => format!("{}->{}", v6_text(sip), v6_text(dip)),
        },
        Addr::V4 { .. } | Addr::V6 { .. } => "<unknown>".to_owned(),
        _ => return None,
    };
    Some(name.into_bytes())
}

/// An interface's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum Interface {
    V4 { addr: [u8; 4], mask: [u8; 4] },
    V6 { addr: [u8; 16] },
}

/// The machine's interfaces, in the order in which they are listed.
#[derive(Debug, Default, Clone)]
pub struct Interfaces {
    /// IPv4: address and mask.
    v4: Vec<([u8; 4], [u8; 4])>,
    /// IPv6: address.
    v6: Vec<[u8; 16]>,
}

const LOOPBACK_V4: [u8; 4] = [127, 0, 0, 1];
const LOOPBACK_V6: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

impl Interfaces {
    /// Replaces the list.
    pub fn set(&mut self, list: impl IntoIterator<Item = Interface>) {
        *self = Interfaces::default();
        for interface in list {
            match interface {
                Interface::V4 { addr, mask } => self.v4.push((addr, mask)),
                Interface::V6 { addr } => self.v6.push(addr),
            }
        }
    }

    /// Whether the machine itself has the address.
    pub fn is_local_v4(&self, ip: [u8; 4]) -> bool {
        self.v4.iter().any(|(addr, _)| *addr == ip)
    }

    /// Whether the address is in the network (first 64 bits) of one of the machine's addresses.
    pub fn is_local_v6(&self, ip: [u8; 16]) -> bool {
        self.v6.iter().any(|addr| addr[..8] == ip[..8])
    }

    /// Fills in the end of a connection whose address is all zeros: the interface by which the other end is reached.
    pub fn complete(&self, fd: &mut Fd) {
        match (fd.kind, fd.addr()) {
            (FdKind::Ipv4Sock, Addr::V4 { sip, dip, sport, dport }) if sip == [0; 4] || dip == [0; 4] => {
                let near = self.infer_v4(if sip == [0; 4] { dip } else { sip });
                let (sip, dip) = match sip == [0; 4] {
                    true if near == dip && sport == dport => return,
                    true => (near, dip),
                    false if near == sip && sport == dport => return,
                    false => (sip, near),
                };
                fd.set_addr(Addr::V4 { sip, dip, sport, dport });
            }
            (FdKind::Ipv6Sock, Addr::V6 { sip, dip, sport, dport }) if sip == [0; 16] || dip == [0; 16] => {
                let near = self.infer_v6(if sip == [0; 16] { dip } else { sip });
                let (sip, dip) = match sip == [0; 16] {
                    true if near == dip && sport == dport => return,
                    true => (near, dip),
                    false if near == sip && sport == dport => return,
                    false => (sip, near),
                };
                fd.set_addr(Addr::V6 { sip, dip, sport, dport });
            }
            _ => {}
        }
    }

    /// The interface by which an address is reached: its own, one in the same network, else the first that is not the loopback.
    fn infer_v4(&self, other: [u8; 4]) -> [u8; 4] {
        let own = self.v4.iter().find(|(addr, _)| *addr == other);
        let near = || self.v4.iter().find(|(addr, mask)| masked(*addr, *mask) == masked(other, *mask));
        let first = || self.v4.iter().find(|(addr, _)| *addr != LOOPBACK_V4);
        own.or_else(near).or_else(first).map_or([0; 4], |(addr, _)| *addr)
    }

    fn infer_v6(&self, other: [u8; 16]) -> [u8; 16] {
        let own = self.v6.iter().find(|addr| **addr == other);
        let near = || self.v6.iter().find(|addr| addr[..8] == other[..8]);
        let first = || self.v6.iter().find(|addr| **addr != LOOPBACK_V6);
        own.or_else(near).or_else(first).copied().unwrap_or_default()
    }
}

fn masked(ip: [u8; 4], mask: [u8; 4]) -> u32 {
    u32::from_le_bytes(ip) & u32::from_le_bytes(mask)
}
