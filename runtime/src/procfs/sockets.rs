//! Sockets of a network namespace, by inode, from the tables `net/*` of one of its processes.
//!
//! ```text
//! tcp, udp, raw, icmp, and with 6   sl: LOCAL:PORT REMOTE:PORT st queues timer retransmits uid timeout INODE
//! unix                              POINTER: refs protocol flags type st INODE [PATH]
//! netlink                           POINTER protocol pid groups rmem wmem dump locks drops INODE
//! ```
//!
//! Addresses are hexadecimal words as they lie in memory, ports in host order. A socket whose remote address is all
//! zeros counts as a server's. A path may hold a newline and so a line of somebody's choice: an inode that is told
//! twice by `unix` keeps neither path.

use super::read::{cut, decimal, digits, lines, words};
use crate::capture::FdInfo;
use crate::capture::metadata::MAX_PATH;
use crate::state::{FdKind, L4};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use rustix::fd::BorrowedFd;

/// A socket of a table.
pub(super) type Socket = (FdKind, FdInfo);

/// Sockets by inode.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    by_inode: HashMap<u64, Socket, foldhash::fast::RandomState>,
    /// Tables that could not be read, and sockets beyond the limit.
    pub missing: u64,
}

/// Tables and their protocol. The same inode is in one of them only.
const INTERNET: [(&[u8], L4); 8] = [
    (b"net/tcp", L4::Tcp),
    (b"net/udp", L4::Udp),
    (b"net/raw", L4::Raw),
    (b"net/icmp", L4::Icmp),
    (b"net/tcp6", L4::Tcp),
    (b"net/udp6", L4::Udp),
    (b"net/raw6", L4::Raw),
    (b"net/icmp6", L4::Icmp),
];

impl Sockets {
    /// Reads the tables of the namespace of a process, of which `dir` is the directory. At most `most` sockets.
    pub(super) fn read(dir: BorrowedFd<'_>, most: usize, buffer: &mut Vec<u8>) -> Sockets {
        let mut sockets = Sockets::default();
        for (name, l4) in INTERNET {
            sockets.table(dir, name, most, buffer, |line| internet(line, l4));
        }
        sockets.table(dir, b"net/unix", most, buffer, unix);
        sockets.table(dir, b"net/netlink", most, buffer, netlink);
        sockets
    }

    /// The socket with an inode.
    pub(super) fn get(&self, inode: u64) -> Option<&Socket> {
        self.by_inode.get(&inode)
    }

    fn table(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &[u8],
        most: usize,
        buffer: &mut Vec<u8>,
        parse: impl Fn(&[u8]) -> Option<(u64, Socket)>,
    ) {
        let read = lines(dir, name, buffer, |line| {
            if self.by_inode.len() >= most {
                self.missing += 1;
                return false;
            }
            // The first line says what the columns are. Sockets that are being closed have no inode.
            if let Some((inode, socket)) = parse(line).filter(|(inode, _)| *inode != 0) {
                self.add(inode, socket);
            }
            true
        });
        // A kernel without a protocol has no table of it.
        if read.is_err_and(|errno| errno != rustix::io::Errno::NOENT) {
            self.missing += 1;
        }
    }

    fn add(&mut self, inode: u64, socket: Socket) {
        match self.by_inode.entry(inode) {
            Entry::Vacant(entry) => {
                entry.insert(socket);
            }
            Entry::Occupied(mut entry) => {
                if let (_, FdInfo::Unix { name, .. }) = entry.get_mut() {
                    name.clear();
                }
            }
        }
    }
}

fn internet(line: &[u8], l4: L4) -> Option<(u64, Socket)> {
    let mut columns = words(line);
    columns.next().filter(|sl| sl.last() == Some(&b':'))?;
    let (local, remote) = (columns.next()?, columns.next()?);
    let inode = decimal(columns.nth(6)?)?;
    let l4 = l4 as u8;
    let socket = match (address(local)?, address(remote)?) {
        ((Ip::V4(sip), sport), (Ip::V4(dip), dport)) if dip != [0; 4] => {
            (FdKind::Ipv4Sock, FdInfo::V4 { sip, dip, sport, dport, l4 })
        }
        ((Ip::V4(ip), port), (Ip::V4(_), _)) => (FdKind::Ipv4ServSock, FdInfo::V4Server { ip, port, l4 }),
        ((Ip::V6(sip), sport), (Ip::V6(dip), dport)) if dip != [0; 16] => {
            (FdKind::Ipv6Sock, FdInfo::V6 { sip, dip, sport, dport, l4 })
        }
        ((Ip::V6(ip), port), (Ip::V6(_), _)) => (FdKind::Ipv6ServSock, FdInfo::V6Server { ip, port, l4 }),
        _ => return None,
    };
    Some((inode, socket))
}

enum Ip {
    V4([u8; 4]),
    V6([u8; 16]),
}

/// `HEX:PORT`.
fn address(text: &[u8]) -> Option<(Ip, u16)> {
    let colon = memchr::memchr(b':', text)?;
    let port = u16::try_from(digits(&text[colon + 1..], 16)?).ok()?;
    let word = |hex: &[u8]| Some(u32::try_from(digits(hex, 16)?).ok()?.to_ne_bytes());
    let ip = match colon {
        8 => Ip::V4(word(&text[..8])?),
        32 => {
            let mut ip = [0; 16];
            for (part, hex) in ip.chunks_exact_mut(4).zip(text.chunks_exact(8)) {
                part.copy_from_slice(&word(hex)?);
            }
            Ip::V6(ip)
        }
        _ => return None,
    };
    Some((ip, port))
}

fn unix(line: &[u8]) -> Option<(u64, Socket)> {
    // The path may hold blanks: columns are counted from the left.
    let mut rest = line;
    let mut column = || {
        rest = rest.trim_ascii_start();
        let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let column;
        (column, rest) = rest.split_at(end);
        column
    };
    let source = digits(column().strip_suffix(b":")?, 16)?;
    for _ in 0..5 {
        column();
    }
    let inode = decimal(column())?;
    let name = rest.strip_prefix(b" ").unwrap_or(rest);
    let name = cut(name, MAX_PATH - 1).to_vec();
    Some((inode, (FdKind::UnixSock, FdInfo::Unix { source, dest: 0, name })))
}

fn netlink(line: &[u8]) -> Option<(u64, Socket)> {
    let mut columns = words(line);
    digits(columns.next()?, 16)?;
    let inode = decimal(columns.nth(8)?)?;
    Some((inode, (FdKind::Netlink, FdInfo::Named(Vec::new()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_internet_tables() {
        let line =
            b"   1: 0100007F:E4F6 507100CB:01BB 01 00000000:00000000 00:00000000 00000000     0        0 280931 1";
        let info = FdInfo::V4 { sip: [127, 0, 0, 1], dip: [203, 0, 113, 80], sport: 0xe4f6, dport: 443, l4: 2 };
        assert_eq!(internet(line, L4::Tcp), Some((280_931, (FdKind::Ipv4Sock, info))));
        let line = b"   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1065 1";
        let info = FdInfo::V4Server { ip: [0; 4], port: 2024, l4: 3 };
        assert_eq!(internet(line, L4::Udp), Some((1065, (FdKind::Ipv4ServSock, info))));
        let line =
            b" 0: 0000000000000000FFFF00000100007F:1F90 000080FE000000000000000001000000:0001 01 0:0 0:0 0 0 0 7 1";
        let mut sip = [0; 16];
        sip[10..].copy_from_slice(&[255, 255, 127, 0, 0, 1]);
        let mut dip = [0; 16];
        (dip[0], dip[1], dip[15]) = (0xfe, 0x80, 1);
        let info = FdInfo::V6 { sip, dip, sport: 8080, dport: 1, l4: 2 };
        assert_eq!(internet(line, L4::Tcp), Some((7, (FdKind::Ipv6Sock, info))));
        let wrong: [&[u8]; 5] = [
            b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            b"",
            b" 0: 0100007F:E4F6 507100CB:01BB 01",
            b" 0: 0100007G:E4F6 507100CB:01BB 01 0:0 0:0 0 0 0 7",
            b" 0: 0100007F:1E4F6 507100CB:01BB 01 0:0 0:0 0 0 0 7",
        ];
        for line in wrong {
            assert_eq!(internet(line, L4::Tcp), None);
        }
    }

    #[test]
    fn lines_of_the_unix_table() {
        let unix_socket = |line: &[u8]| match unix(line) {
            Some((inode, (FdKind::UnixSock, FdInfo::Unix { source, dest: 0, name }))) => Some((inode, source, name)),
            _ => None,
        };
        assert_eq!(
            unix_socket(b"000000002fdc1a38: 00000002 00000000 00010000 0001 01  1062 /run/a b.sock"),
            Some((1062, 0x2fdc_1a38, b"/run/a b.sock".to_vec()))
        );
        assert_eq!(
            unix_socket(b"000000002fdc1a38: 00000003 00000000 00000000 0001 03 1063 @abstract"),
            Some((1063, 0x2fdc_1a38, b"@abstract".to_vec()))
        );
        assert_eq!(
            unix_socket(b"000000002fdc1a38: 00000003 00000000 00000000 0001 03  1063"),
            Some((1063, 0x2fdc_1a38, Vec::new()))
        );
        assert_eq!(unix_socket(b"Num       RefCount Protocol Flags    Type St Inode Path"), None);
        let netlink_line =
            b"00000000ff0568f3 0   0          00000000 0        0        0     2        0        4       ";
        assert_eq!(netlink(netlink_line), Some((4, (FdKind::Netlink, FdInfo::Named(Vec::new())))));
        assert_eq!(
            netlink(b"sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode"),
            None
        );
    }

    #[test]
    fn forged_paths_are_forgotten() {
        let mut sockets = Sockets::default();
        for line in [&b"0: 0 0 0 1 1 5 /forged"[..], b"1: 0 0 0 1 1 6 /x", b"2: 0 0 0 1 1 5 /true"] {
            let (inode, socket) = unix(line).expect("a socket");
            sockets.add(inode, socket);
        }
        let name = |inode| match sockets.get(inode) {
            Some((_, FdInfo::Unix { name, .. })) => name.clone(),
            _ => panic!("no socket"),
        };
        assert_eq!((name(5), name(6)), (Vec::new(), b"/x".to_vec()));
    }
}
