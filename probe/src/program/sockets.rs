//! Numbers known of a socket.

use super::emit::{Emit, Written};
use peregrine_schema::capture::{Fd, FileFact, Source};

impl Emit<'_> {
    /// `R0 =` a number known of the socket whose `struct file` is in R9.
    pub(super) fn socket_fact(&mut self, fact: FileFact) -> Written {
        Err(self.no_recipe(Source::File(Fd::Ret, fact)))
    }
}
