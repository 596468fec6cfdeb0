//! Which numbers a program knows before the record is begun, exactly as the record will hold them.
//!
//! A recipe is followed if all it reads are arguments, the result, constants, and members in user memory, along every
//! way that its conditions allow. What needs a file behind a descriptor, a message, or a walk through the kernel is
//! unknown; so are flags that tell something about the opened file, but not the others beside them.

use crate::program::named;
use peregrine_compiler::kernel::Number;
use peregrine_compiler::kernel::decide::{is_signed, is_unsigned};
use peregrine_schema::capture::{Capture, Convert, Otherwise, Source, Special, TaskFact, Test};
use peregrine_schema::{Event, Type, flags};

/// How a number is found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    /// By the recipe of a parameter.
    Recipe(&'static Capture),
    /// From the task.
    Task(TaskFact),
}

/// A number that atoms ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// Which.
    pub(crate) of: Number,
    /// How it is found.
    pub(crate) how: How,
    /// Bytes in the record.
    pub(crate) size: usize,
    /// Whether it may be negative.
    pub(crate) signed: bool,
    /// The bits that are looked at, if nothing else is.
    pub(crate) wanted: u32,
    /// Bits that are not known.
    pub(crate) hidden: u64,
}

impl Taken {
    /// How a number is found; `None` if it is not known.
    pub(crate) fn new(of: Number, event: &'static Event) -> Option<Taken> {
        let task = |fact, size, signed| Some(Taken { of, how: How::Task(fact), size, signed, wanted: 0, hidden: 0 });
        let index = match of {
            Number::Uid => return task(TaskFact::Euid, 4, false),
            Number::Gid => return task(TaskFact::Egid, 4, false),
            Number::LoginUid => return task(TaskFact::LoginUid, 8, true),
            Number::Tid => return task(TaskFact::Tid, 4, true),
            Number::Pid => return task(TaskFact::Pid, 4, true),
            Number::Result => 0,
            Number::Param(index) => usize::from(index),
        };
        let param = event.params.get(index)?;
        let capture = param.capture.as_ref()?;
        let size = param.ty.size().filter(|size| matches!(size, 1 | 2 | 4 | 8))?;
        let signed = of == Number::Result || is_signed(param.ty);
        let a_number = signed || is_unsigned(param.ty) || param.ty == Type::Bool;
        let hidden = hidden(capture)?;
        a_number.then_some(Taken { of, how: How::Recipe(capture), size, signed, wanted: 0, hidden })
    }

    /// The number, if it is known when the program is made.
    pub(crate) fn constant(&self, syscall: u16) -> Option<i128> {
        let How::Recipe(Capture { source, convert: Convert::Plain, when: [], .. }) = self.how else { return None };
        match source {
            Source::SyscallCode => Some(syscall.into()),
            Source::Const(number) if self.signed || *number >= 0 => Some((*number).into()),
            _ => None,
        }
    }
}

/// The bits that a recipe leaves unknown; `None`: all of it.
fn hidden(capture: &Capture) -> Option<u64> {
    let conditions = |test: &Test| match test {
        Test::Ret(_) => true,
        Test::In { of, .. } | Test::Any { of, .. } => is_cheap(*of),
    };
    if !is_cheap(capture.source) || !capture.when.iter().all(conditions) {
        return None;
    }
    let otherwise = match capture.otherwise {
        _ if capture.when.is_empty() => 0,
        Otherwise::Empty => return None,
        Otherwise::Const(_) => 0,
        Otherwise::Capture(other) => hidden(other)?,
    };
    let flag = |table, name| u64::from(named(table, name).cast_unsigned());
    let own = match capture.convert {
        Convert::OpenFlags => ["O_F_CREATED", "FD_UPPER_LAYER", "FD_LOWER_LAYER"]
            .iter()
            .fold(0, |all, name| all | flag(flags::FILE_FLAGS, name)),
        Convert::CloneFlags => flag(flags::CLONE_FLAGS, "CLONE_CHILD_IN_PIDNS"),
        Convert::Plain | Convert::Int(_) | Convert::Map(_) | Convert::Device | Convert::Bits { .. } => 0,
    };
    Some(own | otherwise)
}

fn is_cheap(source: Source) -> bool {
    match source {
        Source::Const(_) | Source::Ret | Source::Arg(_) | Source::Member { .. } | Source::PairFd { .. } => true,
        Source::SyscallCode | Source::SyscallNumber | Source::Word { .. } => true,
        Source::Special(special) => {
            matches!(special, Special::MountFlags | Special::QuotaMember { .. } | Special::SplitOffset)
        }
        _ => false,
    }
}
