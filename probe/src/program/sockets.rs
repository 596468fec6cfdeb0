//! Sockets: addresses given with a call, both ends of a socket, facts about it.
//!
//! ```text
//! struct file ─ private_data ─► struct socket ─ sk ─► struct sock, inet_sock, unix_sock
//! ```
//!
//! What must hold: a file is a socket if its inode says so and it leads to one. (A socket's node in a file system can be
//! opened with `O_PATH`; that file leads to none.) Pointers reached from a file have no type that the verifier trusts;
//! each walk gives them one.

use super::emit::{Emit, Written};
use crate::asm::{Cond, Helper, Label, Reg, Size, Slot};
use peregrine_schema::capture::{Direction, Fd, FileFact, MAX_UNIX_PATH, Peer, Source};
use peregrine_schema::flags;

use Reg::{R0, R1, R2, R3, R9, R10};

/// Bytes of an IPv4 and of an IPv6 address, and of a port.
const IPV4: usize = 4;
pub(super) const IPV6: usize = 16;
const PORT: usize = 2;
/// Bytes of the family in a record.
pub(super) const FAMILY: usize = 1;
/// Kind of a file's inode, and that of sockets: `S_IFMT`, `S_IFSOCK`.
pub(super) const KIND: i32 = 0xf000;
pub(super) const SOCKET: i32 = 0xc000;

/// Offsets in a `struct sockaddr_in`, `sockaddr_in6` and `sockaddr_un`, and what is read of one.
mod sockaddr {
    pub(super) const PORT: u16 = 2;
    pub(super) const ADDRESS: u16 = 4;
    pub(super) const ADDRESS6: u16 = 8;
    pub(super) const PATH: u16 = 2;
    /// `struct sockaddr_un`, the longest.
    pub(super) const SIZE: u16 = 110;
    /// That, and zeros behind it.
    pub(super) const WITH_END: u16 = 112;
}

/// What is unlike between the two families with ports.
pub(super) struct Inet {
    family: i32,
    address: usize,
    /// Offset of the address in the structure that a call gives.
    given_at: u16,
    /// Where the socket has its addresses.
    local: &'static str,
    remote: &'static str,
}

pub(super) const INET: Inet = Inet {
    family: libc::AF_INET,
    address: IPV4,
    given_at: sockaddr::ADDRESS,
    local: "inet_sock.inet_saddr",
    remote: "sock.__sk_common.skc_daddr",
};
pub(super) const INET6: Inet = Inet {
    family: libc::AF_INET6,
    address: IPV6,
    given_at: sockaddr::ADDRESS6,
    local: "inet_sock.pinet6->ipv6_pinfo.saddr",
    remote: "sock.__sk_common.skc_v6_daddr",
};
/// Where the local IPv6 address is found too, of sockets that are bound.
const BOUND6: &str = "sock.__sk_common.skc_v6_rcv_saddr";

/// A family as a capture has it.
pub(super) fn family(number: i32) -> i32 {
    let name = match number {
        libc::AF_INET => "AF_INET",
        libc::AF_INET6 => "AF_INET6",
        _ => "AF_UNIX",
    };
    super::convert::named(flags::SOCKET_FAMILIES, name)
}

impl Emit<'_> {
    // ---- the socket ----

    /// `R9 =` the `struct sock` of the `struct file` in R9, which is not null; goes to `none` if it is no socket. Uses
    /// R0 to R5.
    pub(super) fn sock(&mut self, none: Label) -> Written {
        self.walk_from(R0, R9, "file.f_inode->inode.i_mode")?;
        self.a.and32(R0, KIND).jump_if(Cond::Ne, R0, SOCKET, none);
        self.walk_from(R0, R9, "file.private_data")?;
        self.a.jump_if(Cond::Eq, R0, 0, none);
        self.walk_from(R9, R0, "socket.sk")?;
        self.a.jump_if(Cond::Eq, R9, 0, none);
        Ok(())
    }

    /// `R0 =` the family of the `struct sock` in R9. Uses R1 to R5.
    pub(super) fn family(&mut self) -> Written {
        self.walk_from(R0, R9, "sock.__sk_common.skc_family")?;
        Ok(())
    }

    /// `R0 =` the local port of the `inet_sock` in R9, in host order. Uses R1 to R5.
    pub(super) fn local_port(&mut self) -> Written {
        self.walk_from(R0, R9, "inet_sock.inet_sport")?;
        self.a.to_network(Size::B2, R0);
        Ok(())
    }

    /// `R0 =` the remote port of the `struct sock` in R9, in host order. Uses R1 to R5.
    pub(super) fn remote_port(&mut self) -> Written {
        self.walk_from(R0, R9, "sock.__sk_common.skc_dport")?;
        self.a.to_network(Size::B2, R0);
        Ok(())
    }

    /// `R3 =` the address of a member that a path leads to from the `struct sock` in R9. Uses R0 to R2.
    pub(super) fn sock_member(&mut self, path: &str) -> Written {
        let (way, last) = path.rsplit_once("->").map_or((None, path), |(way, last)| (Some(way), last));
        let offset = self.member(last)?.offset;
        match way {
            Some(way) => {
                self.walk_from(R3, R9, way)?;
            }
            None => {
                self.a.mov(R3, R9);
            }
        }
        self.a.add(R3, offset as i32);
        Ok(())
    }

    /// Number known of the socket behind the `struct file` in R9, to R0; 0 if it is none. Uses R1 to R5, and R9.
    pub(super) fn socket_fact(&mut self, fact: FileFact) -> Written {
        let (none, done) = (self.a.label("no socket"), self.a.label("fact"));
        self.sock(none)?;
        match fact {
            FileFact::Sock => {
                self.a.mov(R0, R9);
            }
            FileFact::PeerSock => {
                self.family()?;
                self.a.jump_if(Cond::Ne, R0, libc::AF_UNIX, none);
                self.walk_from(R0, R9, "unix_sock.peer")?;
            }
            FileFact::BacklogPercent => {
                let backlog = self.a.slot("backlog", 8, 8);
                self.walk_from(R0, R9, "sock.sk_ack_backlog")?;
                self.a.store(Size::B8, R10, backlog.at(0), R0);
                self.walk_from(R0, R9, "sock.sk_max_ack_backlog")?;
                // By zero gives zero.
                self.a.mov(R1, R0).load(Size::B8, R0, R10, backlog.at(0)).mul(R0, 100).div(R0, R1);
            }
            FileFact::RemotePort => self.remote_port()?,
            fact => {
                let path = match fact {
                    FileFact::Backlog => "sock.sk_ack_backlog",
                    FileFact::MaxBacklog => "sock.sk_max_ack_backlog",
                    FileFact::SocketType => "sock.sk_type",
                    FileFact::SocketProtocol => "sock.sk_protocol",
                    FileFact::LocalAddress => "sock.__sk_common.skc_rcv_saddr",
                    FileFact::RemoteAddress => "sock.__sk_common.skc_daddr",
                    FileFact::LocalPort => "sock.__sk_common.skc_num",
                    _ => return Err(self.no_recipe(Source::File(Fd::Ret, fact))),
                };
                self.walk_from(R0, R9, path)?;
            }
        }
        self.a.jump(done).bind(none).mov(R0, 0).bind(done);
        Ok(())
    }

    /// IPv6 address of a socket as the parameter; zeros if it is none.
    pub(super) fn long_address(&mut self, fd: Fd, source: Source) -> Written {
        let (none, done) = (self.a.label("no socket"), self.a.label("address"));
        let path = match source {
            Source::File(_, FileFact::LocalAddress) => BOUND6,
            _ => INET6.remote,
        };
        self.room(IPV6);
        self.file_pointer(fd)?;
        self.a.jump_if(Cond::Eq, R9, 0, none);
        self.sock(none)?;
        self.sock_member(path)?;
        self.copy(0, IPV6);
        self.a.jump(done).bind(none);
        self.here(R1);
        self.a.store(Size::B8, R1, 0, 0).store(Size::B8, R1, 8, 0).bind(done).mov(R0, IPV6 as i32);
        self.put_written();
        Ok(())
    }

    // ---- pieces of a parameter ----

    /// Stores R0 as the bytes of the parameter from `at` on. Uses R1.
    pub(super) fn put_at(&mut self, at: usize, size: usize) {
        self.here(R1);
        self.a.store(super::emit::width(size as u32), R1, at as i16, R0);
    }

    /// Copies kernel memory at the address in R3 to the bytes of the parameter from `at` on; zeros if it cannot be read.
    /// Uses R0 to R5.
    fn copy(&mut self, at: usize, size: usize) {
        self.here(R1);
        self.a.add(R1, at as i32).mov(R2, size as i32).call(Helper::ProbeReadKernel);
    }

    /// Reads the R2 bytes, less if they are more than an address has, of user memory at the address in R3 into a slot, and
    /// zeros behind them; `R0 =` 0 or an error. Uses R1 to R5.
    fn read_given(&mut self, given: Slot) {
        let short = self.a.label("short");
        let size = i32::from(sockaddr::SIZE);
        self.a.zero_slot(given).jump_if(Cond::Le, R2, size, short).mov(R2, size).bind(short);
        self.a.slot_address(R1, given, 0).call(Helper::ProbeReadUser);
    }

    /// Copies the address in a slot that a call gave, `from` on, to the bytes of the parameter from `at` on.
    fn put_given_address(&mut self, inet: &Inet, given: Slot, at: usize) {
        self.a.slot_address(R3, given, inet.given_at);
        self.copy(at, inet.address);
    }

    /// The path in a `sockaddr_un` in a slot, to the bytes of the parameter from `at` on; adds its length to `at`:
    /// `R0 =` the bytes of the parameter. Uses R1 to R5.
    fn put_given_path(&mut self, given: Slot, at: usize) {
        let named = self.a.label("named");
        self.a.slot_address(R3, given, sockaddr::PATH).load(Size::B1, R0, R10, given.at(sockaddr::PATH));
        self.a.jump_if(Cond::Ne, R0, 0, named).add(R3, 1).bind(named).mov(R2, i32::from(MAX_UNIX_PATH));
        self.put_path(at);
    }

    /// The kernel text at the address in R3, of at most R2 bytes, to the bytes of the parameter from `at` on; one NUL if
    /// it cannot be read. `R0 =` the bytes of the parameter. Uses R1 to R5.
    fn put_path(&mut self, at: usize) {
        let fine = self.a.label("path");
        self.here(R1);
        self.a.store(Size::B1, R1, at as i16, 0).add(R1, at as i32).call(Helper::ProbeReadKernelStr);
        self.a.jump_if(Cond::Sgt, R0, 0, fine).mov(R0, 1).bind(fine).add(R0, at as i32);
    }

    // ---- an address that a call gives ----

    /// The address in user memory at the address in an argument, its length in another.
    pub(super) fn sockaddr(&mut self, pointer: u8, length: u8) {
        let (none, done) = (self.a.label("no address"), self.a.label("address"));
        let (inet, inet6, unix) = (self.a.label("AF_INET"), self.a.label("AF_INET6"), self.a.label("AF_UNIX"));
        let given = self.a.slot("address", sockaddr::WITH_END, 8);
        self.room(FAMILY + usize::from(MAX_UNIX_PATH));
        self.argument(R3, pointer);
        self.argument(R2, length);
        self.a.and(R2, i32::from(u16::MAX)).jump_if(Cond::Eq, R2, 0, none);
        self.read_given(given);
        self.a.jump_if(Cond::Ne, R0, 0, none);
        self.a.load(Size::B2, R0, R10, given.at(0)).jump_if(Cond::Eq, R0, INET.family, inet);
        self.a.jump_if(Cond::Eq, R0, INET6.family, inet6).jump_if(Cond::Eq, R0, libc::AF_UNIX, unix).jump(none);
        for (label, inet) in [(inet, &INET), (inet6, &INET6)] {
            self.a.bind(label).mov(R0, family(inet.family));
            self.put_at(0, FAMILY);
            self.put_given_address(inet, given, FAMILY);
            self.a.load(Size::B2, R0, R10, given.at(sockaddr::PORT)).to_network(Size::B2, R0);
            self.put_at(FAMILY + inet.address, PORT);
            self.a.mov(R0, (FAMILY + inet.address + PORT) as i32).jump(done);
        }
        self.a.bind(unix).mov(R0, family(libc::AF_UNIX));
        self.put_at(0, FAMILY);
        self.put_given_path(given, FAMILY);
        self.a.jump(done).bind(none).mov(R0, 0).bind(done);
        self.put_at_most(FAMILY + usize::from(MAX_UNIX_PATH));
    }

    // ---- both ends ----

    /// Both ends of a socket.
    pub(super) fn tuple(&mut self, fd: Fd, direction: Direction, peer: Option<Peer>) -> Written {
        let (none, done) = (self.a.label("no socket"), self.a.label("tuple"));
        let unix = self.a.label("AF_UNIX");
        self.room(FAMILY + 2 * 8 + usize::from(MAX_UNIX_PATH));
        self.file_pointer(fd)?;
        self.a.jump_if(Cond::Eq, R9, 0, none);
        self.sock(none)?;
        self.family()?;
        self.a.jump_if(Cond::Eq, R0, libc::AF_UNIX, unix);
        let families = [Some(INET), self.inet6()].into_iter().flatten();
        let families: Vec<_> = families.map(|inet| (self.a.label("a family with ports"), inet)).collect();
        for (label, inet) in &families {
            self.a.jump_if(Cond::Eq, R0, inet.family, *label);
        }
        self.a.jump(none);
        for (label, inet) in families {
            self.a.bind(label);
            self.inet_tuple(&inet, direction, peer)?;
            self.a.jump(done);
        }
        self.a.bind(unix);
        self.unix_tuple(direction, peer)?;
        self.a.jump(done).bind(none).mov(R0, 0).bind(done);
        self.put_at_most(FAMILY + 2 * 8 + usize::from(MAX_UNIX_PATH));
        Ok(())
    }

    /// IPv6, if this kernel has it.
    pub(super) fn inet6(&self) -> Option<Inet> {
        let has = |path: &str| path.split("->").all(|step| self.has(step));
        let local = [INET6.local, BOUND6].into_iter().find(|path| has(path))?;
        has(INET6.remote).then_some(Inet { local, ..INET6 })
    }

    /// Both ends of the `inet_sock` in R9; `R0 =` the bytes of the parameter.
    pub(super) fn inet_tuple(&mut self, inet: &Inet, direction: Direction, peer: Option<Peer>) -> Written {
        let (first, second) = (FAMILY, FAMILY + inet.address + PORT);
        let (local, remote) = match direction {
            Direction::Outbound => (first, second),
            Direction::Inbound => (second, first),
        };
        self.a.mov(R0, family(inet.family));
        self.put_at(0, FAMILY);
        self.sock_member(inet.local)?;
        self.copy(local, inet.address);
        self.local_port()?;
        self.put_at(local + inet.address, PORT);
        self.sock_member(inet.remote)?;
        self.copy(remote, inet.address);
        self.remote_port()?;
        self.put_at(remote + inet.address, PORT);
        if let Some(peer) = peer {
            let known = self.a.label("remote end known");
            let size = inet.given_at + inet.address as u16;
            let given = self.a.slot("address", size.next_multiple_of(8), 8);
            self.a.jump_if(Cond::Ne, R0, 0, known);
            self.peer_pointer(peer)?;
            self.a.jump_if(Cond::Eq, R3, 0, known);
            self.a.slot_address(R1, given, 0).mov(R2, i32::from(size)).call(Helper::ProbeReadUser);
            self.put_given_address(inet, given, remote);
            self.a.load(Size::B2, R0, R10, given.at(sockaddr::PORT)).to_network(Size::B2, R0);
            self.put_at(remote + inet.address, PORT);
            self.a.bind(known);
        }
        self.a.mov(R0, (second + inet.address + PORT) as i32);
        Ok(())
    }

    /// Both ends of the `unix_sock` in R9; `R0 =` the bytes of the parameter.
    fn unix_tuple(&mut self, direction: Direction, peer: Option<Peer>) -> Written {
        let path_at = FAMILY + 2 * 8;
        let (local, remote) = match direction {
            Direction::Outbound => (FAMILY + 8, FAMILY),
            Direction::Inbound => (FAMILY, FAMILY + 8),
        };
        let done = self.a.label("path known");
        self.a.mov(R0, family(libc::AF_UNIX));
        self.put_at(0, FAMILY);
        self.a.mov(R0, R9);
        self.put_at(local, 8);
        self.walk_from(R0, R9, "unix_sock.peer")?;
        self.put_at(remote, 8);
        if direction == Direction::Outbound {
            let connected = self.a.label("has a peer");
            self.a.mov(R9, R0);
            if let Some(peer) = peer {
                self.a.jump_if(Cond::Ne, R9, 0, connected);
                self.peer_length(peer)?;
                let length = self.a.slot("length", 8, 8);
                self.a.store(Size::B8, R10, length.at(0), R0);
                self.peer_pointer(peer)?;
                self.a.jump_if(Cond::Eq, R3, 0, connected).load(Size::B8, R2, R10, length.at(0));
                let given = self.a.slot("address", sockaddr::WITH_END, 8);
                self.read_given(given);
                self.put_given_path(given, path_at);
                self.a.jump(done);
            }
            self.a.bind(connected);
        }
        self.bound_path(path_at)?;
        self.a.bind(done);
        Ok(())
    }

    /// The path to which the `unix_sock` in R9 is bound, to the bytes of the parameter from `at` on; one NUL if it is
    /// bound to none. `R0 =` the bytes of the parameter. Uses R1 to R5, and R9.
    pub(super) fn bound_path(&mut self, at: usize) -> Written {
        let (named, unnamed, done) = (self.a.label("named"), self.a.label("unnamed"), self.a.label("bound path"));
        let path = self.member("unix_address.name[0].sun_path")?.offset as i32;
        let length = self.a.slot("length", 8, 8);
        self.walk_from(R9, R9, "unix_sock.addr")?;
        self.a.jump_if(Cond::Eq, R9, 0, unnamed);
        // An abstract name has no NUL at its end. Less the family, and the NUL in front if there is one, it is as long
        // as a path is with its NUL.
        self.walk_from(R0, R9, "unix_address.len")?;
        self.a.sub(R0, i32::from(sockaddr::PATH)).store(Size::B8, R10, length.at(0), R0);
        self.a.add(R9, path).mov(R3, R9);
        self.read_kernel(R0, 1);
        self.a.jump_if(Cond::Ne, R0, 0, named).add(R9, 1).bind(named);
        self.a.load(Size::B8, R2, R10, length.at(0)).jump_if(Cond::Eq, R2, 0, unnamed);
        self.a.jump_if(Cond::Gt, R2, i32::from(MAX_UNIX_PATH), unnamed).mov(R3, R9);
        self.put_path(at);
        self.a.jump(done).bind(unnamed);
        self.here(R1);
        self.a.store(Size::B1, R1, at as i16, 0).mov(R0, at as i32 + 1).bind(done);
        Ok(())
    }
}
