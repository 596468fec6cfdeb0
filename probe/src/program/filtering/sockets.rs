//! What the file behind the event's descriptor tells: kind, protocol, ends of the socket.
//!
//! | inode | kinds that it may be known as |
//! |---|---|
//! | regular file | file, memfd; anything on the file systems of files without a name |
//! | directory | directory; file, if it was opened without asking for one |
//! | pipe | pipe; file, if it was opened by a path |
//! | socket | by its family; IPv4 of an IPv6 one, which may talk to a mapped address |
//! | anything else, none | anything |
//!
//! Protocol and ends are known of a socket that is connected: its remote port is not 0.

use super::super::descriptors::BOUND;
use super::super::emit::{Emit, Written};
use super::super::sockets::IPV6;
use super::cell;
use crate::asm::{Cond, Label, Reg, Size};
use crate::filter::{Ends, Prefilter};
use peregrine_compiler::kernel::{Kind, KindSet, Network, Protocol, Ranges};

use Reg::{R0, R1, R2, R7, R9};

pub(super) const ALL_KINDS: u32 = KindSet::ALL.0;
pub(super) const ALL_PROTOCOLS: u32 = (1 << Protocol::ALL.len()) - 1;

/// `S_IFMT` and its values.
const FORMAT: i32 = 0xf000;
const SOCKET: i32 = 0xc000;
const REGULAR: i32 = 0x8000;
const DIRECTORY: i32 = 0x4000;
const PIPE: i32 = 0x1000;
/// File systems of files without a name: `ANON_INODE_FS_MAGIC`, `PID_FS_MAGIC`, `SECRETMEM_MAGIC`.
const NAMELESS: [i32; 3] = [0x0904_1934, 0x5049_4446, 0x5345_434d];
/// Types of sockets: `SOCK_STREAM`, `SOCK_DGRAM`.
const STREAM: i32 = 1;
const DATAGRAM: i32 = 2;

const fn kinds(of: &[Kind]) -> i32 {
    let (mut set, mut at) = (0, 0);
    while at < of.len() {
        set |= 1 << of[at] as u32;
        at += 1;
    }
    set
}

impl Emit<'_> {
    /// Brings what is known of the descriptor into the cells. Uses R0 to R5, and R9.
    pub(super) fn socket_facts(&mut self, filter: &Prefilter) -> Written {
        let Some(descriptor) = filter.descriptor else { return Ok(()) };
        let done = self.a.label("descriptor known");
        let mark = self.a.mark();
        self.a.store(Size::B8, R7, cell::KINDS, ALL_KINDS.cast_signed());
        self.a.store(Size::B8, R7, cell::PROTOCOLS, ALL_PROTOCOLS.cast_signed());
        self.a.store(Size::B8, R7, cell::FAMILY, 0).store(Size::B8, R7, cell::MIXED, 0);
        self.file_pointer(descriptor.fd)?;
        self.a.jump_if(Cond::Eq, R9, 0, done);
        self.walk_from(R0, R9, "file.f_inode->inode.i_mode")?;
        self.a.and32(R0, FORMAT);
        let socket = self.a.label("a socket");
        self.a.jump_if(Cond::Eq, R0, SOCKET, socket);
        let plain = [(DIRECTORY, kinds(&[Kind::Directory, Kind::File])), (PIPE, kinds(&[Kind::Pipe, Kind::File]))];
        for (format, set) in plain {
            let other = self.a.label("another one");
            self.a.jump_if(Cond::Ne, R0, format, other).store(Size::B8, R7, cell::KINDS, set).jump(done).bind(other);
        }
        self.a.jump_if(Cond::Ne, R0, REGULAR, done);
        self.walk_from(R0, R9, "file.f_inode->inode.i_sb->super_block.s_magic")?;
        for magic in NAMELESS {
            self.a.jump_if(Cond::Eq, R0, magic, done);
        }
        self.a.store(Size::B8, R7, cell::KINDS, kinds(&[Kind::File, Kind::Memfd])).jump(done).bind(socket);
        self.of_socket(done)?;
        self.a.bind(done);
        self.a.release(mark);
        Ok(())
    }

    /// The same of the `struct file` in R9 of a socket.
    fn of_socket(&mut self, done: Label) -> Written {
        self.sock(done)?;
        let [inet, inet6] = ["IPv4", "IPv6"].map(|name| self.a.label(name));
        self.family()?;
        self.a.jump_if(Cond::Eq, R0, libc::AF_INET, inet).jump_if(Cond::Eq, R0, libc::AF_INET6, inet6);
        for (family, kind) in [(libc::AF_UNIX, Kind::Unix), (libc::AF_NETLINK, Kind::Netlink)] {
            let other = self.a.label("another family");
            self.a.jump_if(Cond::Ne, R0, family, other);
            self.a.store(Size::B8, R7, cell::KINDS, kinds(&[kind])).jump(done).bind(other);
        }
        self.a.jump(done).bind(inet);
        self.a.store(Size::B8, R7, cell::KINDS, kinds(&[Kind::Ipv4]));
        self.connected(done)?;
        for (at, path) in [(cell::LOCAL, "inet_sock.inet_saddr"), (cell::REMOTE, "sock.__sk_common.skc_daddr")] {
            self.walk_from(R0, R9, path)?;
            self.a.store(Size::B8, R7, at, R0);
        }
        self.a.store(Size::B8, R7, cell::FAMILY, 4).jump(done).bind(inet6);
        self.a.store(Size::B8, R7, cell::KINDS, kinds(&[Kind::Ipv4, Kind::Ipv6]));
        self.connected(done)?;
        self.long_ends()
    }

    /// Protocol and ports of the `struct sock` in R9; goes to `done` if it is not connected.
    fn connected(&mut self, done: Label) -> Written {
        let [other, tcp, known] = ["no TCP or UDP", "TCP", "protocol"].map(|name| self.a.label(name));
        self.remote_port()?;
        self.a.jump_if(Cond::Eq, R0, 0, done).store(Size::B8, R7, cell::REMOTE_PORT, R0);
        self.local_port()?;
        self.a.store(Size::B8, R7, cell::LOCAL_PORT, R0);
        // User space may take it for a server.
        self.walk_from(R0, R9, "sock.sk_userlocks")?;
        self.a.and(R0, BOUND).store(Size::B8, R7, cell::MIXED, R0);
        self.walk_from(R0, R9, "sock.sk_protocol")?;
        self.a.jump_if(Cond::Eq, R0, libc::IPPROTO_TCP, tcp).jump_if(Cond::Ne, R0, libc::IPPROTO_UDP, other);
        self.walk_from(R0, R9, "sock.sk_type")?;
        self.a.jump_if(Cond::Ne, R0, DATAGRAM, other);
        self.a.store(Size::B8, R7, cell::PROTOCOLS, 1 << Protocol::Udp as i32).jump(known).bind(tcp);
        self.walk_from(R0, R9, "sock.sk_type")?;
        self.a.jump_if(Cond::Ne, R0, STREAM, other);
        self.a.store(Size::B8, R7, cell::PROTOCOLS, 1 << Protocol::Tcp as i32).jump(known);
        // A raw socket's ports mean nothing.
        self.a.bind(other).jump(done).bind(known);
        Ok(())
    }

    /// Addresses of the `struct sock` in R9, of IPv6; mapped ones become those of IPv4.
    fn long_ends(&mut self) -> Written {
        let long = self.a.label("not mapped");
        for (at, path) in
            [(cell::LOCAL, "inet_sock.pinet6->ipv6_pinfo.saddr"), (cell::REMOTE, "sock.__sk_common.skc_v6_daddr")]
        {
            self.sock_member(path)?;
            self.a.mov(R1, R7).add(R1, i32::from(at)).mov(R2, IPV6 as i32);
            self.a.call(crate::asm::Helper::ProbeReadKernel);
        }
        self.a.store(Size::B8, R7, cell::FAMILY, 6);
        self.a.load(Size::B8, R0, R7, cell::REMOTE).jump_if(Cond::Ne, R0, 0, long);
        self.a.load(Size::B4, R0, R7, cell::REMOTE + 8).load_imm64(R1, 0xffff_0000).jump_if(Cond::Ne, R0, R1, long);
        for at in [cell::LOCAL, cell::REMOTE] {
            self.a.load(Size::B4, R0, R7, at + 12).store(Size::B8, R7, at, R0);
        }
        self.a.store(Size::B8, R7, cell::FAMILY, 4).bind(long);
        Ok(())
    }

    /// Goes to `unknown`, `yes` or `no`. Uses R0 to R3.
    pub(super) fn address(&mut self, ends: Ends, networks: &[Network], unknown: Label, yes: Label, no: Label) {
        let long = self.a.label("IPv6");
        self.known_ends(ends, unknown);
        self.a.jump_if(Cond::Eq, R0, 6, long);
        for (address, _) in cells(ends) {
            for network in networks {
                let Ok(bytes) = <[u8; 4]>::try_from(&network.address[..]) else { continue };
                let mask = leading(u32::from(network.bits)) >> 96;
                let (mask, value) = ((mask as u32).to_be(), u32::from_ne_bytes(bytes));
                self.a.load(Size::B8, R0, R7, *address).and32(R0, mask.cast_signed());
                self.a.jump_if32(Cond::Eq, R0, (value & mask).cast_signed(), yes);
            }
        }
        self.a.jump(no).bind(long);
        for (address, _) in cells(ends) {
            for network in networks {
                let Ok(bytes) = <[u8; IPV6]>::try_from(&network.address[..]) else { continue };
                let mask = leading(u32::from(network.bits)).to_be_bytes();
                let other = self.a.label("another network");
                for at in [0, 8] {
                    let word = |bytes: &[u8; IPV6]| bytes[at..].first_chunk().map_or(0, |b| u64::from_ne_bytes(*b));
                    let (mask, value) = (word(&mask), word(&bytes));
                    self.a.load(Size::B8, R0, R7, *address + at as i16).load_imm64(R1, mask).and(R0, R1);
                    self.a.load_imm64(R1, value & mask).jump_if(Cond::Ne, R0, R1, other);
                }
                self.a.jump(yes).bind(other);
            }
        }
        self.a.jump(no);
    }

    /// Goes to `unknown`, `yes` or `no`. Uses R0 and R1.
    pub(super) fn port(&mut self, ends: Ends, ranges: &Ranges, unknown: Label, yes: Label, no: Label) {
        self.known_ends(ends, unknown);
        for (_, port) in cells(ends) {
            self.a.load(Size::B8, R0, R7, *port);
            self.in_ranges(ranges, false, yes);
        }
        self.a.jump(no);
    }

    /// Goes to `unknown` unless these ends are known; `R0 =` their family.
    fn known_ends(&mut self, ends: Ends, unknown: Label) {
        if ends != Ends::Both {
            self.a.load(Size::B8, R0, R7, cell::MIXED).jump_if(Cond::Ne, R0, 0, unknown);
        }
        self.a.load(Size::B8, R0, R7, cell::FAMILY).jump_if(Cond::Eq, R0, 0, unknown);
    }
}

/// The cells of ends: address and port.
fn cells(ends: Ends) -> &'static [(i16, i16)] {
    const BOTH: [(i16, i16); 2] = [(cell::LOCAL, cell::LOCAL_PORT), (cell::REMOTE, cell::REMOTE_PORT)];
    match ends {
        Ends::Local => &BOTH[..1],
        Ends::Remote => &BOTH[1..],
        Ends::Both => &BOTH,
    }
}

/// So many bits from the left.
fn leading(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits.min(128)).unwrap_or(0)
}
