//! Programs made from the rows of the schema: for an event type and a place in the kernel, a program that puts the
//! record together and hands it to the ring of its CPU.
//!
//! ```text
//! rows (peregrine_schema::capture) + Kernel (offsets, what it can) + Maps ──► event(), filtered() ──► asm::Program
//!                                                                     └──► dispatcher()
//! tracepoint ─► dispatcher ─► tail call by number of the system call ─► event program ─► ring of the CPU
//! ```
//!
//! What must hold: the record is byte for byte the one a capture holds ([`layout`]); a record that cannot be sent is
//! counted, by cause and event code ([`Loss`]); nothing is sent in part.

pub(crate) mod caller;
mod cgroups;
mod compat;
mod convert;
mod data;
mod descriptors;
mod dispatcher;
mod emit;
mod exe;
mod files;
pub mod filtering;
mod images;
mod kernel;
pub mod layout;
mod number;
mod output;
mod paths;
mod poll;
mod snaplen;
mod sockets;
mod special;
mod tasks;
mod texts;
mod walked;

pub(crate) use convert::named;
pub use dispatcher::{WantedCalls, dispatcher};
pub use filtering::Filtering;
pub use images::keepers;
pub use kernel::{ARCH, Capturing, GenerateError, Kernel};
pub use output::{Loss, Maps};

use crate::asm::{Program, Reg};
use emit::{Emit, Written};
use peregrine_schema::Event;
use peregrine_schema::capture::{Capture, FileFact, Hook, Otherwise, Source, Special};
use sockets::IPV6;

/// The program of an event type at a hook; at system calls it is reached by tail call. `syscall` is the number in
/// captures of the call that it is for.
///
/// # Errors
///
/// When this kernel lacks what a parameter needs.
pub fn event(
    kernel: &Kernel,
    maps: &Maps,
    hook: Hook,
    event: &'static Event,
    syscall: u16,
) -> Result<Program, GenerateError> {
    filtered(kernel, maps, hook, event, syscall, None)
}

/// The same with a filter: events that it drops are not recorded.
///
/// # Errors
///
/// Likewise.
pub fn filtered(
    kernel: &Kernel,
    maps: &Maps,
    hook: Hook,
    event: &'static Event,
    syscall: u16,
    filtering: Option<Filtering<'_>>,
) -> Result<Program, GenerateError> {
    let mut emit = Emit::new(kernel, &event.id.to_lowercase(), hook, event);
    emit.syscall = syscall;
    if hook == Hook::SysExit {
        emit.load_arguments(maps)?;
    }
    if let Some(filtering) = filtering {
        emit.prefilter(maps, &filtering)?;
    }
    emit.begin(maps)?;
    emit.only_if_produced()?;
    emit.each_message();
    for (index, param) in event.params.iter().enumerate() {
        let capture = param.capture.as_ref().ok_or(GenerateError::NoRecipe(event.id))?;
        emit.param = index;
        emit.a.comment(format!("— {} {}", param.name, param.ty.name()));
        let mark = emit.a.mark();
        emit.parameter(capture)?;
        if param.ty.size().is_none() {
            emit.settle();
        }
        emit.a.release(mark);
    }
    emit.send(maps)?;
    emit.a.finish().map_err(|m| GenerateError::Mistakes(Box::new(m)))
}

impl Emit<'_> {
    /// Writes one parameter.
    fn parameter(&mut self, capture: &Capture) -> Written {
        if capture.when.is_empty() {
            return self.taken(capture);
        }
        let (fails, done) = (self.a.label("otherwise"), self.a.label("parameter done"));
        self.tests(capture.when, fails)?;
        let bound = self.bound();
        self.taken(capture)?;
        let one = self.bound();
        self.a.jump(done).bind(fails);
        self.set_bound(bound);
        match capture.otherwise {
            Otherwise::Empty => self.put_nothing(),
            Otherwise::Const(number) => {
                self.a.load_const(Reg::R0, number.cast_unsigned());
                self.put_number(self.size());
            }
            Otherwise::Capture(other) => self.parameter(other)?,
        }
        self.a.bind(done);
        let other = self.bound();
        self.set_bound(one.max(other));
        Ok(())
    }

    /// Bytes of the parameter being written, if it is a number.
    fn size(&self) -> usize {
        self.event.params[self.param].ty.size().unwrap_or(8)
    }

    fn taken(&mut self, capture: &Capture) -> Written {
        match capture.source {
            Source::Empty => self.put_nothing(),
            Source::Text { pointer, max } => self.text(pointer, max),
            Source::Strings { pointer, part } => self.strings(pointer, part),
            Source::Region(region) => self.region(region)?,
            Source::Comm => self.comm()?,
            Source::ExecFilename => self.exec_filename()?,
            Source::Path(of) => self.path(of)?,
            Source::Cgroups => self.cgroups()?,
            // Data and sockets.
            Source::Data { place, length, limit } => self.data(place, length, limit)?,
            Source::VectorSize(vector) => self.vector_size(vector)?,
            Source::Control(vector) => self.control(vector)?,
            Source::Sockaddr { pointer, length } => self.sockaddr(pointer, length),
            Source::Tuple { fd, direction, peer } => self.tuple(fd, direction, peer)?,
            Source::File(fd, FileFact::LocalAddress | FileFact::RemoteAddress) if self.size() == IPV6 => {
                self.long_address(fd, capture.source)?;
            }
            Source::Pollfds { pointer, count } => self.pollfds(pointer, count),
            Source::Special(
                special @ (Special::PtraceAddr | Special::PtraceData | Special::Sockopt { .. } | Special::Keyctl(_)),
            ) => self.by_argument(special),
            // All others are numbers.
            source => {
                self.number(source)?;
                self.convert(capture.convert)?;
                self.put_number(self.size());
            }
        }
        Ok(())
    }
}
