//! Conversion of the kernel's flags and enumerations, as data: small enough that a generator turns it into straight
//! code, and that user space walks it as it stands. The maps themselves are in [`super::maps`].

use crate::Flag;
use crate::syscalls::Arch;

/// A 32-bit number that depends on the architecture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "self-explaining")]
pub struct PerArch {
    pub x86_64: u32,
    pub aarch64: u32,
}

impl PerArch {
    /// The same everywhere.
    pub const fn same(value: u32) -> PerArch {
        PerArch { x86_64: value, aarch64: value }
    }
    /// The number on an architecture.
    pub const fn on(self, arch: Arch) -> u32 {
        match arch {
            Arch::X86_64 => self.x86_64,
            Arch::Aarch64 => self.aarch64,
        }
    }
}

/// Conversion of the kernel's flags or enumeration into those of a capture.
#[derive(Clone, Copy, Debug)]
pub struct FlagMap {
    /// Name, as in [`super::maps`].
    pub name: &'static str,
    /// Names of the values it gives; all of them are in this table (but for the 0 of an empty set).
    pub table: &'static [Flag],
    /// How.
    pub form: Form,
}

/// The two kinds of conversion.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// The union of what each rule that applies gives.
    Bits {
        /// If the value has a bit of this mask the result is 0: some calls refuse negative flags.
        void: u32,
        /// The rules.
        rules: &'static [Rule],
    },
    /// What the row of `(value >> shift) & mask` gives.
    Values {
        /// Bits to drop.
        shift: u8,
        /// Bits that count, after that.
        mask: u32,
        /// The rows, each kernel value once per architecture.
        rows: &'static [Row],
        /// For other values.
        default: u32,
    },
}

/// One rule of a set of flags.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Bits it looks at.
    pub mask: PerArch,
    /// What they must be.
    pub bits: Bits,
    /// What it gives.
    pub gives: u32,
}

/// What the bits under a mask must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bits {
    /// At least one set. A mask of several bits is satisfied by any: `O_DIRECTORY` alone gives `O_TMPFILE`.
    Any,
    /// None set.
    None,
    /// Together exactly this.
    Equal(u32),
}

/// One value of an enumeration.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Value in the kernel; `None`: the architecture lacks it.
    pub x86_64: Option<u32>,
    /// The same on aarch64.
    pub aarch64: Option<u32>,
    /// Value in a capture.
    pub gives: u32,
}

impl Row {
    /// Value in the kernel of an architecture.
    pub const fn on(&self, arch: Arch) -> Option<u32> {
        match arch {
            Arch::X86_64 => self.x86_64,
            Arch::Aarch64 => self.aarch64,
        }
    }
}

impl FlagMap {
    /// The capture's value of the kernel's.
    pub fn apply(&self, value: u32, arch: Arch) -> u32 {
        match self.form {
            Form::Bits { void, .. } if value & void != 0 => 0,
            Form::Bits { rules, .. } => {
                let applies = |rule: &&Rule| {
                    let bits = value & rule.mask.on(arch);
                    match rule.bits {
                        Bits::Any => bits != 0,
                        Bits::None => bits == 0,
                        Bits::Equal(wanted) => bits == wanted,
                    }
                };
                rules.iter().filter(applies).fold(0, |all, rule| all | rule.gives)
            }
            Form::Values { shift, mask, rows, default } => {
                let value = (value >> shift) & mask;
                rows.iter().find(|row| row.on(arch) == Some(value)).map_or(default, |row| row.gives)
            }
        }
    }
}
