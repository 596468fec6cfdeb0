//! Places in the 512 bytes of stack that a function has.
//!
//! What must hold: slots lie below R10, the first at the top; a slot is aligned as asked, at most to 8. Slots taken
//! in a [scope](crate::asm::Asm::scoped) are given back at its end, so that parts of a program that never run one
//! inside the other share bytes.
//!
//! ```text
//!   R10 ──►┌───────────────┐  0
//!          │ first slot    │ -8
//!          │ second slot   │ -24
//!          │ free          │
//!          └───────────────┘ -512
//! ```

/// The stack that the kernel gives to each function of a program.
pub const STACK: u16 = 512;

/// A named piece of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Distance of the first byte from R10; negative.
    pub offset: i16,
    /// Bytes.
    pub size: u16,
}

impl Slot {
    /// The distance from R10 of a byte of the slot.
    pub const fn at(self, byte: u16) -> i16 {
        self.offset + byte as i16
    }
}

/// The bytes in use of one function's stack.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frame {
    /// Bytes in use now.
    pub(crate) used: u16,
    /// Most bytes ever in use.
    pub(crate) deepest: u16,
    /// Bytes that the kernel uses besides.
    kept: u16,
}

impl Frame {
    /// Takes `size` bytes; `None` when they do not fit.
    pub(crate) fn take(&mut self, size: u16, align: u16) -> Option<Slot> {
        let align = align.clamp(1, 8).next_power_of_two();
        let used = self.used.checked_add(size)?.checked_next_multiple_of(align)?;
        if used > STACK - self.kept {
            return None;
        }
        self.used = used;
        self.deepest = self.deepest.max(used);
        Some(Slot { offset: -(used as i16), size })
    }

    /// Leaves so many bytes to the kernel; `false` when they have been in use.
    pub(crate) fn keep(&mut self, bytes: u16) -> bool {
        self.kept = bytes;
        self.deepest <= STACK - bytes
    }
}
