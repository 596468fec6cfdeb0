//! The descriptors that an event names, behind the event: [`crate::descriptor`]s, one after the other.
//!
//! Named are those in arguments of the call: the one that the event works on first, then the others in the order of the
//! parameters, such as the directories that relative paths begin at. Numbers below 0 (`AT_FDCWD` among them) are left out.
//!
//! | left out | because |
//! |---|---|
//! | what a call made | its event tells what it is: the path opened, the ends of the connection accepted |
//! | what `dup` and the like made | it leads where the old descriptor does |
//! | `target_fd` of `pidfd_getfd` | it is a number of another process; the copy that the call made is told instead |
//! | lists of `poll` | each element tells its own |
//!
//! What must hold: they are written after the event is complete and its lengths are stored; R8 goes on counting. Those
//! that an event leaves no room for are left out. A call that closes finds nothing.

use super::emit::{Emit, Written};
use super::layout::{ORIGIN, ROOM, cell, origin};
use super::sockets::{FAMILY, INET, INET6, KIND, SOCKET, family};
use crate::asm::{Cond, Label, Reg, Size, Slot};
use crate::descriptor::{DescriptorKind, HEAD, LISTENING, Side, file, socket};
use peregrine_schema::capture::{Direction, Fd, FileFact, Hook, Int, MAX_UNIX_PATH, Source};
use peregrine_schema::{Effect, Event, Type};

use Reg::{R0, R1, R7, R8, R9, R10};

/// Room that a descriptor needs.
const MOST: usize = 8192;
/// Where the kind of an inode stands in its mode.
const KIND_SHIFT: i32 = 12;
/// File systems of files without an inode of their own: `ANON_INODE_FS_MAGIC`, `PID_FS_MAGIC`.
const ANONYMOUS: [i32; 2] = [0x0904_1934, 0x5049_4446];
/// Most bytes of the ends of a socket.
const ENDS: usize = FAMILY + 2 * 8 + MAX_UNIX_PATH as usize;
/// Offset of the kind.
const KIND_AT: usize = 8;

/// `SOCK_BINDPORT_LOCK`: the socket was given its port by `bind`.
pub(super) const BOUND: i32 = 8;

/// The descriptors that the events of a system call name.
fn named(event: &Event) -> Vec<Fd> {
    let made_elsewhere = |index: usize| match event.effect {
        // The second of two is where the copy goes, or belongs to another process.
        Effect::Dup | Effect::PidfdGetfd => index > 1,
        _ => false,
    };
    let argument = |index: usize| {
        let param = event.params.get(index).filter(|param| param.ty == Type::Fd && !made_elsewhere(index))?;
        let capture = param.capture.as_ref().filter(|capture| capture.when.is_empty())?;
        if let Source::Arg(argument) = capture.source { Some(Fd::Arg(argument)) } else { None }
    };
    let first = event.fd_param.map(usize::from);
    let others = (0..event.params.len()).filter(|index| Some(*index) != first);
    let mut named: Vec<Fd> = first.into_iter().chain(others).filter_map(argument).collect();
    named.extend((event.effect == Effect::PidfdGetfd).then_some(Fd::Ret));
    named
}

impl Emit<'_> {
    /// Writes the descriptors behind the event, if they are asked for, and their length into the origin. Uses R0 to R5, and R9.
    pub(super) fn descriptors(&mut self) -> Written {
        self.a.store(Size::B4, R7, origin::DESCRIPTORS as i16, 0);
        if !self.k.capturing.descriptors || self.hook != Hook::SysExit {
            return Ok(());
        }
        for (index, fd) in named(self.event).into_iter().enumerate() {
            if index > 0 {
                self.settle();
            }
            self.descriptor(fd)?;
        }
        Ok(())
    }

    /// Writes one, and adds its length.
    fn descriptor(&mut self, fd: Fd) -> Written {
        let mark = self.a.mark();
        let begin = self.a.slot("begin of the descriptor", 8, 8);
        let (done, none) = (self.a.label("descriptor done"), self.a.label("not open"));
        self.a.comment("— descriptor");
        self.a.jump_if(Cond::Gt, R8, (ROOM - MOST) as i32, done).store(Size::B8, R10, begin.at(0), R8);
        self.number(Source::File(fd, FileFact::Number))?;
        self.extend(Int::S32);
        self.a.jump_if(Cond::Slt, R0, 0, done);
        self.put_at(0, 8);
        self.file_pointer(fd)?;
        self.a.jump_if(Cond::Eq, R9, 0, none);
        self.resolve(begin)?;
        let written = self.a.label("written");
        self.a.jump(written).bind(none).mov(R0, DescriptorKind::None as i32);
        self.put_at(KIND_AT, 1);
        self.a.add(R8, HEAD as i32).bind(written);
        self.a.load(Size::B8, R1, R10, begin.at(0)).mov(R0, R8).sub(R0, R1);
        self.a.load(Size::B4, R1, R7, origin::DESCRIPTORS as i16).add(R0, R1);
        self.a.store(Size::B4, R7, origin::DESCRIPTORS as i16, R0).bind(done);
        self.a.release(mark);
        Ok(())
    }

    /// Writes all but the number of the open file in R9.
    fn resolve(&mut self, begin: Slot) -> Written {
        let kept = self.a.slot("file", 8, 8);
        let [anonymous, plain, kind, end] = ["anonymous", "no socket", "kind", "end"].map(|name| self.a.label(name));
        self.a.store(Size::B8, R10, kept.at(0), R9);
        self.sock(plain)?;
        self.socket_ends(begin)?;
        self.a.jump(end).bind(plain).load(Size::B8, R9, R10, kept.at(0));
        self.walk_from(R0, R9, "file.f_inode->inode.i_sb->super_block.s_magic")?;
        for magic in ANONYMOUS {
            self.a.jump_if(Cond::Eq, R0, magic, anonymous);
        }
        self.walk_from(R0, R9, "file.f_inode->inode.i_mode")?;
        self.a.rsh(R0, KIND_SHIFT).and(R0, KIND >> KIND_SHIFT).jump_if(Cond::Ne, R0, 0, kind);
        self.a.bind(anonymous).mov(R0, DescriptorKind::Anonymous as i32).bind(kind);
        self.put_at(KIND_AT, 1);
        self.walk_from(R0, R9, "file.f_inode->inode.i_sb->super_block.s_dev")?;
        self.device();
        self.put_at(file::DEVICE, 4);
        self.walk_from(R0, R9, "file.f_inode->inode.i_ino")?;
        self.put_at(file::INODE, 8);
        self.a.add(R8, file::PATH as i32);
        self.as_part(begin, file::LENGTH, |emit| emit.path_of("file", "f_path"))?;
        self.a.bind(end);
        Ok(())
    }

    /// Runs `write`, which writes a parameter, and puts its length at an offset of the descriptor.
    fn as_part(&mut self, begin: Slot, at: usize, write: impl FnOnce(&mut Self) -> Written) -> Written {
        self.part = true;
        let result = write(self);
        self.part = false;
        let data = self.data_at();
        self.a.load(Size::B8, R1, R10, begin.at(0)).add(R1, R7).add(R1, data);
        self.a.load(Size::B2, R0, R7, cell::PART).store(Size::B2, R1, at as i16, R0);
        result
    }

    /// Writes what is known of the `struct sock` in R9.
    fn socket_ends(&mut self, begin: Slot) -> Written {
        self.walk_from(R0, R9, "sock.sk_protocol")?;
        self.put_at(socket::PROTOCOL, 1);
        self.walk_from(R0, R9, "sock.__sk_common.skc_state")?;
        self.put_at(socket::STATE, 1);
        self.family()?;
        let inet6 = self.inet6();
        let mut families = vec![(libc::AF_INET, DescriptorKind::Inet), (libc::AF_UNIX, DescriptorKind::Unix)];
        families.extend(inet6.is_some().then_some((libc::AF_INET6, DescriptorKind::Inet6)));
        let families: Vec<_> = families.into_iter().map(|(n, kind)| (n, kind, self.a.label("family"))).collect();
        for (number, _, label) in &families {
            self.a.jump_if(Cond::Eq, R0, *number, *label);
        }
        self.a.mov(R0, Side::Unknown as i32);
        self.kind_of_socket(DescriptorKind::OtherSocket);
        let ends = self.a.label("ends");
        self.a.mov(R0, 0).jump(ends);
        for (_, kind, label) in families {
            self.a.bind(label);
            self.side(kind)?;
            self.kind_of_socket(kind);
            match kind {
                DescriptorKind::Unix => self.unix_ends()?,
                DescriptorKind::Inet => self.inet_tuple(&INET, Direction::Outbound, None)?,
                _ => self.inet_tuple(inet6.as_ref().unwrap_or(&INET6), Direction::Outbound, None)?,
            }
            self.a.jump(ends);
        }
        self.a.bind(ends);
        self.as_part(begin, socket::LENGTH, |emit| {
            emit.put_at_most(ENDS);
            Ok(())
        })
    }

    /// `R0 =` the side of the socket in R9. Uses R1 to R5.
    ///
    /// A connection that was accepted has in place of what it would set for multicast how its first packet came: from
    /// which interface, and with how many hops left (Linux 5.10 to 7.3). By itself a socket has no interface there and
    /// one hop; a stream cannot be given hops, but an interface (only of IPv4). So it takes both to be a server.
    fn side(&mut self, kind: DescriptorKind) -> Written {
        let names = ["client", "server", "bound", "unknown", "side"];
        let [client, server, bound, unknown, known] = names.map(|name| self.a.label(name));
        self.walk_from(R0, R9, "sock.__sk_common.skc_state")?;
        self.a.jump_if(Cond::Eq, R0, i32::from(LISTENING), server);
        if kind == DescriptorKind::Unix {
            self.unix_side(client, server)?;
        } else {
            self.walk_from(R0, R9, "sock.sk_userlocks")?;
            self.a.jump_if(Cond::Set, R0, BOUND, bound);
            self.remote_port()?;
            self.a.jump_if(Cond::Eq, R0, 0, unknown);
            self.walk_from(R0, R9, "sock.sk_protocol")?;
            self.a.jump_if(Cond::Eq, R0, libc::IPPROTO_UDP, client).jump_if(Cond::Ne, R0, libc::IPPROTO_TCP, unknown);
            let (interface, hops) = match kind {
                DescriptorKind::Inet => ("inet_sock.mc_index", "inet_sock.mc_ttl"),
                _ => ("inet_sock.pinet6->ipv6_pinfo.mcast_oif", "inet_sock.pinet6->ipv6_pinfo.mcast_hops"),
            };
            self.walk_from(R0, R9, interface)?;
            self.a.jump_if(Cond::Eq, R0, 0, client);
            self.walk_from(R0, R9, hops)?;
            self.a.jump_if(Cond::Ne, R0, 1, server);
        }
        self.a.bind(unknown).mov(R0, Side::Unknown as i32).jump(known);
        if kind != DescriptorKind::Unix {
            self.a.bind(bound).mov(R0, Side::Bound as i32).jump(known);
        }
        self.a.bind(client).mov(R0, Side::Client as i32).jump(known).bind(server).mov(R0, Side::Server as i32);
        self.a.bind(known);
        Ok(())
    }

    /// Goes to `client` or `server` if that is known of the `unix_sock` in R9: one that was accepted has the address of
    /// the socket that listened, and who connects mostly none. Uses R0 to R5.
    fn unix_side(&mut self, client: Label, server: Label) -> Written {
        let (unknown, unnamed) = (self.a.label("unknown"), self.a.label("without an address"));
        let peer = self.a.slot("peer's address", 8, 8);
        self.walk_from(R0, R9, "unix_sock.peer")?;
        self.a.jump_if(Cond::Eq, R0, 0, unknown);
        self.walk_from(R0, R0, "unix_sock.addr")?;
        self.a.store(Size::B8, R10, peer.at(0), R0);
        self.walk_from(R0, R9, "unix_sock.addr")?;
        self.a.load(Size::B8, R1, R10, peer.at(0)).jump_if(Cond::Eq, R0, 0, unnamed);
        self.a.jump_if(Cond::Eq, R1, 0, server).jump(unknown);
        self.a.bind(unnamed).jump_if(Cond::Ne, R1, 0, client).bind(unknown);
        Ok(())
    }

    /// Writes the side in R0 and the kind, and goes on to the ends.
    fn kind_of_socket(&mut self, kind: DescriptorKind) {
        self.put_at(socket::SIDE, 1);
        self.a.mov(R0, kind as i32);
        self.put_at(KIND_AT, 1);
        self.a.add(R8, socket::ENDS as i32);
    }

    /// Both ends of the `unix_sock` in R9; `R0 =` their bytes.
    fn unix_ends(&mut self) -> Written {
        let own = self.a.slot("own", 8, 8);
        let [none, named]: [Label; 2] = ["peer without a path", "path"].map(|name| self.a.label(name));
        self.a.store(Size::B8, R10, own.at(0), R9).mov(R0, family(libc::AF_UNIX));
        self.put_at(0, FAMILY);
        self.a.mov(R0, R9);
        self.put_at(FAMILY + 8, 8);
        self.walk_from(R0, R9, "unix_sock.peer")?;
        self.put_at(FAMILY, 8);
        self.a.jump_if(Cond::Eq, R0, 0, none).mov(R9, R0);
        self.walk_from(R0, R9, "unix_sock.addr")?;
        self.a.jump_if(Cond::Ne, R0, 0, named);
        self.a.bind(none).load(Size::B8, R9, R10, own.at(0)).bind(named);
        self.bound_path(FAMILY + 2 * 8)
    }
}

const _: () = assert!(SOCKET >> KIND_SHIFT == DescriptorKind::SocketNode as i32, "kinds are those of inodes");
const _: () = assert!(ORIGIN > origin::DESCRIPTORS, "the length is in the origin");
