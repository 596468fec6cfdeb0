//! Parameters whose layout an argument decides: `ptrace`, options of sockets, `keyctl`.
//!
//! ```text
//! kind:u8 value      the kind says what the value is; see `peregrine_schema::capture::Special`
//! ```

use super::emit::{Emit, width};
use crate::asm::{Cond, Helper, Reg, Size};
use peregrine_schema::capture::{
    Int, KEYCTL_ARGUMENTS, KeyctlArg, MAX_PARAM, MAX_PATH, SOCKOPT_KINDS, SockoptKind, Special,
};

use Reg::{R0, R1, R2, R3, R9};

/// Bytes of the kind.
const KIND: usize = 1;
/// Kinds of `ptrace` and `keyctl`: a number; a signal or a text.
const NUMBER: i32 = 0;
const OTHER: i32 = 1;
/// `SOL_SOCKET`.
const SOL_SOCKET: i32 = 1;
/// `SO_RCVTIMEO_NEW`; from there on times are of 64 bits in 32-bit programs too.
const FIRST_NEW_TIME: i32 = 66;
/// Requests of `ptrace` that read a word, and those that send a signal.
const PEEKS: [i32; 3] = [1, 2, 3];
const SIGNALS: [i32; 4] = [7, 9, 17, 24];
/// Argument with the data of `ptrace`, with the value of a socket option, and with the length of that.
const DATA: u8 = 3;
const VALUE: u8 = 3;
const LENGTH: u8 = 4;

impl Emit<'_> {
    /// A parameter whose layout an argument decides.
    pub(super) fn by_argument(&mut self, special: Special) {
        match special {
            Special::PtraceAddr => self.ptrace_address(),
            Special::PtraceData => self.ptrace_data(),
            Special::Sockopt { length_by_pointer } => self.sockopt(length_by_pointer),
            Special::Keyctl(index) => self.keyctl(index),
            _ => self.put_nothing(),
        }
    }

    /// The parameter is this kind and R0 as a number of `size` bytes. Uses R1.
    fn put_kind_and_number(&mut self, kind: i32, size: usize) {
        self.here(R1);
        self.a.store(Size::B1, R1, 0, kind).store(width(size as u32), R1, KIND as i16, R0);
        self.a.mov(R0, (KIND + size) as i32);
        self.put_written();
    }

    fn ptrace_address(&mut self) {
        let failed = self.a.label("failed");
        self.room(KIND + 8);
        self.result(R1);
        self.a.mov(R0, 0).jump_if(Cond::Slt, R1, 0, failed);
        self.argument(R0, 2);
        self.a.bind(failed);
        self.put_kind_and_number(NUMBER, 8);
    }

    fn ptrace_data(&mut self) {
        let (number, signal, done) = (self.a.label("a number"), self.a.label("a signal"), self.a.label("data"));
        let peek = self.a.label("a word");
        self.room(KIND + 8);
        self.result(R1);
        self.a.mov(R0, 0).jump_if(Cond::Slt, R1, 0, number);
        self.argument(R1, 0);
        for (requests, label) in [(&PEEKS[..], peek), (&SIGNALS[..], signal)] {
            for request in requests {
                self.a.jump_if32(Cond::Eq, R1, *request, label);
            }
        }
        self.argument(R0, DATA);
        self.a.jump(number).bind(peek);
        self.argument(R3, DATA);
        self.read_word(false);
        self.a.bind(number);
        self.put_kind_and_number(NUMBER, 8);
        self.a.jump(done).bind(signal);
        self.argument(R0, DATA);
        self.put_kind_and_number(OTHER, 1);
        self.a.bind(done);
    }

    /// Value of a socket option.
    fn sockopt(&mut self, length_by_pointer: bool) {
        let done = self.a.label("value");
        let kinds = [
            (SockoptKind::Errno, self.a.label("an error"), Int::S32),
            (SockoptKind::U32, self.a.label("32 bits"), Int::U32),
            (SockoptKind::U64, self.a.label("64 bits"), Int::U64),
            (SockoptKind::Time, self.a.label("a time"), Int::U64),
        ];
        let unknown = self.a.label("unknown option");
        self.room(KIND + usize::from(MAX_PARAM));
        self.argument(R0, 1);
        self.a.jump_if32(Cond::Ne, R0, SOL_SOCKET, unknown);
        self.argument(R0, 2);
        self.a.mov32(R0, R0);
        for &(first, last, kind) in SOCKOPT_KINDS {
            let Some((_, label, _)) = kinds.iter().find(|(k, ..)| *k == kind) else { continue };
            let other = self.a.label("another option");
            self.a.jump_if(Cond::Lt, R0, i32::from(first), other);
            self.a.jump_if(Cond::Le, R0, i32::from(last), *label).bind(other);
        }
        self.a.jump(unknown);
        for (kind, label, int) in kinds {
            self.a.bind(label);
            match kind {
                SockoptKind::Time => self.read_time(),
                _ => {
                    self.argument(R3, VALUE);
                    self.read_user(int);
                }
            }
            if kind == SockoptKind::Errno {
                self.a.neg(R0);
            }
            self.put_kind_and_number(kind as i32, if kind == SockoptKind::U32 { 4 } else { 8 });
            self.a.jump(done);
        }
        self.a.bind(unknown);
        self.unknown_option(length_by_pointer);
        self.a.bind(done);
    }

    /// `R0 =` the nanoseconds of the option's value, seconds and microseconds; 0 if they cannot be read. Uses R1 to R5.
    fn read_time(&mut self) {
        let [wide, known] = ["numbers of 64 bits", "time"].map(|name| self.a.label(name));
        self.argument(R0, 2);
        self.a.jump_if32(Cond::Ge, R0, FIRST_NEW_TIME, wide);
        self.two_words(VALUE, 1_000_000);
        self.a.jump(known).bind(wide);
        let narrow = self.narrow.take();
        self.two_words(VALUE, 1_000_000);
        self.narrow = narrow;
        self.a.bind(known).mul(R0, 1000);
    }

    /// The bytes of an option that is not known.
    fn unknown_option(&mut self, length_by_pointer: bool) {
        let none = self.a.label("no bytes");
        let done = self.a.label("bytes");
        if length_by_pointer {
            self.argument(R3, LENGTH);
            self.read_user(Int::U32);
        } else {
            self.argument(R0, LENGTH);
        }
        self.a.mov(R9, R0).and(R9, i32::from(u16::MAX));
        self.here(R1);
        self.a.store(Size::B1, R1, 0, SockoptKind::Unknown as i32).add(R1, KIND as i32).mov(R2, R9);
        self.argument(R3, VALUE);
        self.a.call(Helper::ProbeReadUser).jump_if(Cond::Ne, R0, 0, none);
        self.a.mov(R0, R9).add(R0, KIND as i32).jump(done).bind(none).mov(R0, KIND as i32).bind(done);
        self.put_at_most(KIND + usize::from(MAX_PARAM));
    }

    /// Argument `index` of `keyctl`.
    fn keyctl(&mut self, index: u8) {
        let (number, text, done) = (self.a.label("a number"), self.a.label("a text"), self.a.label("argument"));
        let of = |arguments: &[KeyctlArg; 4]| arguments.get(usize::from(index).wrapping_sub(1)).copied();
        let has = |kind| KEYCTL_ARGUMENTS.iter().any(|(_, arguments)| of(arguments) == Some(kind));
        self.room(KIND + usize::from(MAX_PATH));
        self.argument(R1, 0);
        self.argument(R0, index);
        for (operation, arguments) in KEYCTL_ARGUMENTS {
            match of(arguments) {
                Some(KeyctlArg::Number) => self.a.jump_if32(Cond::Eq, R1, operation.cast_signed(), number),
                Some(KeyctlArg::Text) => self.a.jump_if32(Cond::Eq, R1, operation.cast_signed(), text),
                _ => &mut self.a,
            };
        }
        self.a.mov(R0, 0).bind(number);
        self.put_kind_and_number(NUMBER, 8);
        self.a.jump(done);
        if has(KeyctlArg::Text) {
            self.a.bind(text);
            self.here(R1);
            self.a.store(Size::B1, R1, 0, OTHER).add(R1, KIND as i32).mov(R2, i32::from(MAX_PATH));
            self.argument(R3, index);
            self.a.call(Helper::ProbeReadUserStr);
            self.written_or_nothing();
            self.a.add(R0, KIND as i32);
            self.put_written();
        }
        self.a.bind(done);
    }
}
