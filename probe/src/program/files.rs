//! Open files: facts and paths.

use super::emit::{Emit, Written};
use crate::asm::{Cond, Reg};
use peregrine_schema::capture::FileFact;

use Reg::{R0, R9};

impl Emit<'_> {
    /// `R0 =` a number known of the `struct file` in R9, a pointer without type that is not null. Uses R1 to R5, R9.
    pub(super) fn file_fact(&mut self, fact: FileFact) -> Written {
        let path = match fact {
            FileFact::Device => "file.f_inode->inode.i_sb->super_block.s_dev",
            FileFact::Inode => "file.f_inode->inode.i_ino",
            FileFact::Flags => "file.f_flags",
            FileFact::Sock
            | FileFact::PeerSock
            | FileFact::Backlog
            | FileFact::MaxBacklog
            | FileFact::BacklogPercent
            | FileFact::SocketType
            | FileFact::SocketProtocol
            | FileFact::LocalAddress
            | FileFact::LocalPort
            | FileFact::RemoteAddress
            | FileFact::RemotePort => return self.socket_fact(fact),
            _ => {
                return Err(
                    self.no_recipe(peregrine_schema::capture::Source::File(peregrine_schema::capture::Fd::Ret, fact))
                );
            }
        };
        self.walk_from(R0, R9, path)?;
        let _ = Cond::Eq;
        Ok(())
    }

    pub(super) fn exe_flags(&mut self) -> Written {
        Err(self.no_recipe(peregrine_schema::capture::Source::Empty))
    }
    pub(super) fn walked_special(&mut self, s: peregrine_schema::capture::Special) -> Written {
        Err(self.no_recipe(peregrine_schema::capture::Source::Special(s)))
    }
}
