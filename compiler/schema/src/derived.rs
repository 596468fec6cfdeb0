//! Fields that one number of the event gives: a parameter of fixed size, taken as it is or asked one thing.
//!
//! The runtime extracts such fields by these rules, generated code reads them in place, and the kernel can decide them.
//! What is stated here holds only if the record has the parameter and it has the size of its type; of others (older
//! writers, cut records) nothing is said.

use crate::events::code;
use crate::{EVENTS, FieldId, Type};

/// How the bytes of a number become a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// A signed number.
    Signed,
    /// An unsigned number.
    Unsigned,
    /// A truth value: the signed number is below zero.
    Negative,
    /// A truth value: the number has any of these bits.
    AnyBit(u32),
}

/// A field as one parameter gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct Derived {
    /// Index of the parameter; its type has a [`Type::size`] of at most 8.
    pub param: u8,
    /// What is made of it.
    pub reading: Reading,
}

/// Bits of the flags of an opening call, as recorded.
pub mod open_flag {
    #![allow(missing_docs, reason = "the names are those of the capture format")]
    pub const O_RDONLY: u32 = 1;
    pub const O_WRONLY: u32 = 2;
    pub const O_CREAT: u32 = 4;
    pub const O_TMPFILE: u32 = 0x2000;
    pub const O_F_CREATED: u32 = 0x4000;
}

/// Index of the parameter with the flags of an opening call.
#[inline]
pub const fn open_flags(event: u16) -> Option<usize> {
    match event {
        code::OPEN_X | code::OPEN_BY_HANDLE_AT_X => Some(2),
        code::OPENAT_2_X | code::OPENAT2_X => Some(3),
        _ => None,
    }
}

impl Type {
    /// How a value of this type is read, for types that are numbers of fixed size without further meaning.
    pub const fn reading(self) -> Option<Reading> {
        use Type::*;
        match self {
            Int8 | Int16 | Int32 | Int64 | Fd | Fd32 | Pid | Pid32 | Errno => Some(Reading::Signed),
            Uint8 | Uint16 | Uint32 | Uint64 | SyscallId | Sigtype | Reltime | Abstime | Port | L4proto
            | Sockfamily | Flags8 | Flags16 | Flags32 | Enumflags8 | Enumflags16 | Enumflags32 | Mode | Uid | Gid
            | Sigset => Some(Reading::Unsigned),
            _ => Option::None,
        }
    }
}

/// What gives a field on events of a code; `key` is its argument, if that is a name.
pub fn derived(field: FieldId, key: Option<&str>, event: u16) -> Option<Derived> {
    let row = EVENTS.get(usize::from(event))?;
    let at = |param: usize, reading| {
        let numeric = row.params.get(param).is_some_and(|p| p.ty.size().is_some_and(|size| size <= 8));
        numeric.then_some(Derived { param: param as u8, reading })
    };
    // Return values of other sizes count as 0.
    let returns = row.has_return_value() && matches!(row.params[0].ty.size(), Some(4 | 8));
    match field {
        FieldId::EvtRawres if returns => at(0, Reading::Signed),
        FieldId::EvtFailed if returns => at(0, Reading::Negative),
        FieldId::EvtIsOpenRead => at(open_flags(event)?, Reading::AnyBit(open_flag::O_RDONLY)),
        FieldId::EvtIsOpenWrite => at(open_flags(event)?, Reading::AnyBit(open_flag::O_WRONLY)),
        FieldId::EvtRawarg => {
            let param = row.param(key?)?;
            at(param, row.params[param].ty.reading()?)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::FILE_FLAGS;

    #[test]
    fn parameters_of_fields() {
        let signed = |param| Some(Derived { param, reading: Reading::Signed });
        assert_eq!(derived(FieldId::EvtRawres, None, code::OPENAT_2_X), signed(0));
        assert_eq!(derived(FieldId::EvtRawres, None, code::GENERIC_X), None);
        assert_eq!(derived(FieldId::EvtRawarg, Some("dirfd"), code::OPENAT_2_X), signed(1));
        assert_eq!(derived(FieldId::EvtRawarg, Some("name"), code::OPENAT_2_X), None);
        let write = Reading::AnyBit(open_flag::O_WRONLY);
        assert_eq!(derived(FieldId::EvtIsOpenWrite, None, code::OPEN_X), Some(Derived { param: 2, reading: write }));
        assert_eq!(derived(FieldId::EvtIsOpenWrite, None, code::CREAT_X), None);
    }

    #[test]
    fn flags_of_opening_calls_are_where_they_are_said_to_be() {
        for event in &EVENTS {
            if let Some(param) = open_flags(event.code) {
                assert_eq!(event.params[param].name, "flags", "{}", event.id);
                assert_eq!(event.params[param].flags, FILE_FLAGS, "{}", event.id);
            }
        }
        let named = |name| FILE_FLAGS.iter().find(|flag| flag.name == name).map(|flag| flag.value);
        assert_eq!(named("O_RDONLY"), Some(open_flag::O_RDONLY));
        assert_eq!(named("O_WRONLY"), Some(open_flag::O_WRONLY));
        assert_eq!(named("O_CREAT"), Some(open_flag::O_CREAT));
        assert_eq!(named("O_TMPFILE"), Some(open_flag::O_TMPFILE));
        assert_eq!(named("O_F_CREATED"), Some(open_flag::O_F_CREATED));
    }
}
