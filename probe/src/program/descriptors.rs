//! The descriptor that an event works on, behind the event: a [`crate::descriptor`].
//!
//! What must hold: it is written after the event is complete and its lengths are stored; R8 goes on counting. An event
//! that leaves no room for it is sent without. Calls that open something have none (their event says what was opened),
//! and a call that closes finds nothing.

use super::emit::{Emit, Written};
use super::layout::{ORIGIN, ROOM, cell, origin};
use super::sockets::{FAMILY, INET, INET6, KIND, SOCKET, family};
use crate::asm::{Cond, Label, Reg, Size, Slot};
use crate::descriptor::{DescriptorKind, HEAD, file, socket};
use peregrine_schema::EventFlags;
use peregrine_schema::capture::{Direction, Fd, FileFact, Hook, Int, MAX_UNIX_PATH, Source};

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

impl Emit<'_> {
    /// The descriptor that the event works on, if there is one to be written.
    fn worked_on(&self) -> Option<Fd> {
        if !self.k.capturing.descriptors || self.hook != Hook::SysExit {
            return None;
        }
        let opens = self.event.flags.has(EventFlags::CREATES_FD);
        let param = self.event.params.get(usize::from(self.event.fd_param?)).filter(|_| !opens)?;
        match param.capture.as_ref()?.source {
            Source::Arg(index) => Some(Fd::Arg(index)),
            Source::File(fd, FileFact::Number) => Some(fd),
            _ => None,
        }
    }

    /// Writes the descriptor behind the event, and its length into the origin. Uses R0 to R5, and R9.
    pub(super) fn descriptor(&mut self) -> Written {
        let Some(fd) = self.worked_on() else { return Ok(()) };
        let mark = self.a.mark();
        let begin = self.a.slot("begin of the descriptor", 8, 8);
        let (done, none) = (self.a.label("descriptor done"), self.a.label("not open"));
        self.a.comment("— descriptor").store(Size::B4, R7, origin::DESCRIPTOR as i16, 0);
        self.a.jump_if(Cond::Gt, R8, (ROOM - MOST) as i32, done).store(Size::B8, R10, begin.at(0), R8);
        self.number(Source::File(fd, FileFact::Number))?;
        self.extend(Int::S32);
        self.put_at(0, 8);
        self.file_pointer(fd)?;
        self.a.jump_if(Cond::Eq, R9, 0, none);
        self.resolve(begin)?;
        let written = self.a.label("written");
        self.a.jump(written).bind(none).mov(R0, DescriptorKind::None as i32);
        self.put_at(KIND_AT, 1);
        self.a.add(R8, HEAD as i32).bind(written);
        self.a.load(Size::B8, R1, R10, begin.at(0)).mov(R0, R8).sub(R0, R1);
        self.a.store(Size::B4, R7, origin::DESCRIPTOR as i16, R0).bind(done);
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
        self.kind_of_socket(DescriptorKind::OtherSocket);
        let ends = self.a.label("ends");
        self.a.mov(R0, 0).jump(ends);
        for (_, kind, label) in families {
            self.a.bind(label);
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

    /// Writes the kind, and goes on to the ends.
    fn kind_of_socket(&mut self, kind: DescriptorKind) {
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
const _: () = assert!(ORIGIN > origin::DESCRIPTOR, "the length is in the origin");
