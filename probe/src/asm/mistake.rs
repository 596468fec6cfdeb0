//! What can be wrong with a program before the kernel sees it.

use super::Reg;
use std::fmt;
use thiserror::Error;

/// One mistake. `at` is the number of the instruction, as the listing shows it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message says what each field is")]
pub enum Mistake {
    #[error("label `{label}` is used at {at} but bound nowhere")]
    Unbound { label: String, at: usize },
    #[error("label `{label}` is bound at {first} and again at {at}")]
    BoundTwice { label: String, first: usize, at: usize },
    #[error("the jump at {at} to `{label}` is {distance} instructions long, more than 16 bits can say")]
    TooFar { label: String, at: usize, distance: i64 },
    #[error("the jump at {at} goes back to `{label}`, which is not the head of a loop")]
    Back { label: String, at: usize },
    #[error("the jump at {at} goes to `{label}` in another function")]
    OtherFunction { label: String, at: usize },
    #[error("{reg} is read at {at} but the call at {call} may have left anything in it")]
    LostByCall { reg: Reg, at: usize, call: usize },
    #[error("{reg} is read at {at} but not written on every way there")]
    Unwritten { reg: Reg, at: usize },
    #[error("r10 is written at {at}")]
    FrameWritten { at: usize },
    #[error("the access at {at} to {size} bytes at r10{off:+} is outside the {used} bytes of stack taken")]
    OutsideStack { at: usize, off: i16, size: u8, used: u16 },
    #[error("slot `{name}` of {size} bytes does not fit: {used} of 512 bytes of stack are taken")]
    StackFull { name: String, size: u16, used: u16 },
    #[error("the way through {at} runs past the end of its function")]
    FallsOff { at: usize },
    #[error("nothing leads to {at}")]
    Unreachable { at: usize },
    #[error("the program is empty")]
    Empty,
}

/// All mistakes of a program, in the order of its instructions, with its listing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Mistakes {
    /// Name of the program.
    pub program: String,
    /// The mistakes; never empty.
    pub list: Vec<Mistake>,
    /// The program as far as it is known.
    pub listing: String,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "program `{}`: ", self.program)?;
        for (i, mistake) in self.list.iter().enumerate() {
            write!(f, "{}{mistake}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
