//! The tables of Peregrine: what an event, a parameter, a field and an operator *is*, one row per fact.
//!
//! Everything else is derived from these rows: the capture reader's view of a record, the programs that make it in
//! the kernel, `evt.arg.*`, name resolution and type checking of conditions, the reference pages under `docs/`.
//!
//! What must hold: no I/O, no dependency, no logic beyond looking a row up. Sizes are bytes, times are
//! nanoseconds. The facts are those of event schema 4.5.1 (driver API 10.1.0), rules engine 0.63.0.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail"))]

pub mod capture;
pub mod convert;
pub mod derived;
pub mod docs;
pub mod errno;
pub mod events;
pub mod fields;
pub mod flags;
pub mod ops;
pub mod syscalls;
#[cfg(test)]
mod tests;

pub use capture::{Capture, Producer};
pub use events::EVENTS;
pub use fields::{FIELDS, FieldId};

/// Version of the rules engine whose language is accepted (`required_engine_version`).
pub const ENGINE_VERSION: (u32, u32, u32) = (0, 63, 0);
/// Version of the event table.
pub const EVENT_SCHEMA_VERSION: (u32, u32, u32) = (4, 5, 1);
/// Number of event codes; codes are `0..EVENT_COUNT`, even for enter, odd for exit events.
pub const EVENT_COUNT: usize = 454;

/// Type of an event parameter or of a field, as in a capture (`PT_*`). The discriminant is the id used by
/// the capture format and by dynamic parameters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are those of the capture format")]
pub enum Type {
    None = 0,
    Int8 = 1,
    Int16 = 2,
    Int32 = 3,
    Int64 = 4,
    Uint8 = 5,
    Uint16 = 6,
    Uint32 = 7,
    Uint64 = 8,
    /// Text, NUL-terminated in a record.
    Charbuf = 9,
    Bytebuf = 10,
    /// Negative errno or a result, 8 bytes signed.
    Errno = 11,
    Sockaddr = 12,
    Socktuple = 13,
    Fd = 14,
    Pid = 15,
    /// u16 count, then count × (i64 fd, i16 flags).
    Fdlist = 16,
    Fspath = 17,
    SyscallId = 18,
    Sigtype = 19,
    Reltime = 20,
    Abstime = 21,
    Port = 22,
    L4proto = 23,
    Sockfamily = 24,
    /// 4 bytes.
    Bool = 25,
    Ipv4addr = 26,
    /// First byte selects a row of the parameter's dynamic table.
    Dyn = 27,
    Flags8 = 28,
    Flags16 = 29,
    Flags32 = 30,
    Uid = 31,
    Gid = 32,
    Double = 33,
    Sigset = 34,
    Charbufarray = 35,
    CharbufPairArray = 36,
    Ipv4net = 37,
    Ipv6addr = 38,
    Ipv6net = 39,
    Ipaddr = 40,
    Ipnet = 41,
    Mode = 42,
    /// Path relative to the directory descriptor named by [`Param::dirfd`].
    Fsrelpath = 43,
    Enumflags8 = 44,
    Enumflags16 = 45,
    Enumflags32 = 46,
    Fd32 = 47,
    Pid32 = 48,
}

impl Type {
    /// Bytes of a value in a record, for types whose values all have the same size.
    pub const fn size(self) -> Option<usize> {
        Some(match self {
            Type::Int8 | Type::Uint8 | Type::Flags8 | Type::Enumflags8 => 1,
            Type::Sigtype | Type::L4proto | Type::Sockfamily => 1,
            Type::Int16 | Type::Uint16 | Type::Flags16 | Type::Enumflags16 | Type::SyscallId | Type::Port => 2,
            Type::Int32 | Type::Uint32 | Type::Flags32 | Type::Enumflags32 | Type::Uid | Type::Gid => 4,
            Type::Mode | Type::Sigset | Type::Fd32 | Type::Pid32 | Type::Ipv4addr | Type::Bool => 4,
            Type::Int64 | Type::Uint64 | Type::Reltime | Type::Abstime | Type::Errno => 8,
            Type::Fd | Type::Pid | Type::Double => 8,
            Type::Ipv6addr => 16,
            _ => return None,
        })
    }

    /// Name in messages and listings, e.g. `CHARBUF`.
    pub const fn name(self) -> &'static str {
        match self {
            Type::None => "NONE",
            Type::Int8 => "INT8",
            Type::Int16 => "INT16",
            Type::Int32 => "INT32",
            Type::Int64 => "INT64",
            Type::Uint8 => "UINT8",
            Type::Uint16 => "UINT16",
            Type::Uint32 => "UINT32",
            Type::Uint64 => "UINT64",
            Type::Charbuf => "CHARBUF",
            Type::Bytebuf => "BYTEBUF",
            Type::Errno => "ERRNO",
            Type::Sockaddr => "SOCKADDR",
            Type::Socktuple => "SOCKTUPLE",
            Type::Fd => "FD",
            Type::Pid => "PID",
            Type::Fdlist => "FDLIST",
            Type::Fspath => "FSPATH",
            Type::SyscallId => "SYSCALLID",
            Type::Sigtype => "SIGTYPE",
            Type::Reltime => "RELTIME",
            Type::Abstime => "ABSTIME",
            Type::Port => "PORT",
            Type::L4proto => "L4PROTO",
            Type::Sockfamily => "SOCKFAMILY",
            Type::Bool => "BOOL",
            Type::Ipv4addr => "IPV4ADDR",
            Type::Dyn => "DYNAMIC",
            Type::Flags8 => "FLAGS8",
            Type::Flags16 => "FLAGS16",
            Type::Flags32 => "FLAGS32",
            Type::Uid => "UID",
            Type::Gid => "GID",
            Type::Double => "DOUBLE",
            Type::Sigset => "SIGSET",
            Type::Charbufarray => "CHARBUFARRAY",
            Type::CharbufPairArray => "CHARBUF_PAIR_ARRAY",
            Type::Ipv4net => "IPV4NET",
            Type::Ipv6addr => "IPV6ADDR",
            Type::Ipv6net => "IPV6NET",
            Type::Ipaddr => "IPADDR",
            Type::Ipnet => "IPNET",
            Type::Mode => "MODE",
            Type::Fsrelpath => "FSRELPATH",
            Type::Enumflags8 => "ENUMFLAGS8",
            Type::Enumflags16 => "ENUMFLAGS16",
            Type::Enumflags32 => "ENUMFLAGS32",
            Type::Fd32 => "FD32",
            Type::Pid32 => "PID32",
        }
    }
}

/// How a number is printed (`PF_*`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// Not a number.
    Na,
    /// Decimal.
    Dec,
    /// Upper-case hexadecimal without prefix.
    Hex,
    /// Decimal, zero-padded to nine digits.
    PaddedDec,
    /// An identifier: decimal.
    Id,
    /// Direction of an event: `>` or `<`.
    Dir,
    /// Octal with a leading zero.
    Oct,
}

/// One name of a flag table. `value` is the capture format's value, not the kernel's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flag {
    /// Name as printed, e.g. `O_RDONLY`.
    pub name: &'static str,
    /// Bits (flag sets) or value (enumerations).
    pub value: u32,
}

/// A parameter of an event.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Name as used by `evt.arg.NAME`.
    pub name: &'static str,
    /// Type in the record.
    pub ty: Type,
    /// How a number is printed.
    pub format: Format,
    /// Names of flag or enumeration values, in the order in which they are tried and printed; empty if none.
    pub flags: &'static [Flag],
    /// Rows of a [`Type::Dyn`] parameter, selected by the first byte of the value.
    pub dynamic: &'static [Param],
    /// For [`Type::Fsrelpath`]: index of the parameter holding the directory descriptor.
    pub dirfd: Option<u8>,
    /// How the kernel side obtains it; `None` in events that no probe makes.
    pub capture: Option<Capture>,
}

/// `evt.category` of an event (`EC_*`); categories of I/O depend on the descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are those printed by evt.category")]
pub enum Category {
    Unknown,
    Other,
    File,
    Net,
    Ipc,
    Wait,
    Signal,
    Sleep,
    Time,
    Process,
    Scheduler,
    Memory,
    User,
    System,
    /// Reads of a descriptor: file, net, ipc or unknown by the descriptor's type.
    IoRead,
    /// Writes to a descriptor.
    IoWrite,
    /// Other operations on a descriptor.
    IoOther,
    Internal,
}

/// Where an event comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum Origin {
    Syscall,
    Tracepoint,
    Plugin,
    Meta,
    Iterator,
    /// Never seen: a hole in the code space.
    Unknown,
}

macro_rules! bits {
    ($(#[$m:meta])* $name:ident : $($(#[$fm:meta])* $flag:ident = $bit:expr;)*) => {
        $(#[$m])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $name(pub u32);
        impl $name {
            $($(#[$fm])* pub const $flag: $name = $name(1 << $bit);)*
            /// No bit set.
            pub const NONE: $name = $name(0);
            /// All bits of `other` are set.
            pub const fn has(self, other: $name) -> bool { self.0 & other.0 == other.0 }
            /// Any bit of `other` is set.
            pub const fn any(self, other: $name) -> bool { self.0 & other.0 != 0 }
            /// Union.
            pub const fn or(self, other: $name) -> $name { $name(self.0 | other.0) }
        }
    };
}

bits! {
    /// Properties of an event type (`EF_*`).
    EventFlags:
    /// Creates a descriptor (the return value).
    CREATES_FD = 0;
    /// Closes a descriptor.
    DESTROYS_FD = 1;
    /// Works on a descriptor.
    USES_FD = 2;
    /// Reads from a descriptor.
    READS_FROM_FD = 3;
    /// Writes to a descriptor.
    WRITES_TO_FD = 4;
    /// Changes the state of processes or descriptors.
    MODIFIES_STATE = 5;
    /// Waits.
    WAITS = 6;
    /// Does not reset the parser's state (meta events without a thread).
    SKIP_PARSE_RESET = 7;
    /// Parameter lengths are u32 instead of u16.
    LARGE_PAYLOAD = 8;
    /// Only found in old captures.
    OLD_VERSION = 9;
    /// Never produced.
    UNUSED = 10;
    /// Old forms of it are converted to the current ones.
    CONVERTER_MANAGED = 11;
}

/// What an event does to the state of processes, descriptors, users (`docs/events.md`).
/// Consumed by the runtime's `state::effects`, one function per variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "one per group of system calls; see runtime::state::effects")]
pub enum Effect {
    None,
    /// An enter event kept per thread for the matching exit event.
    StoreEnter,
    Open,
    OpenByHandleAt,
    Creat,
    Clone,
    Execve,
    ProcExit,
    Close,
    CloseRange,
    Dup,
    Fcntl,
    Pipe,
    Socketpair,
    /// A descriptor without further attributes (eventfd, timerfd, inotify, io_uring, epoll, userfaultfd, signalfd, bpf).
    CreateFd,
    MemfdCreate,
    PidfdOpen,
    PidfdGetfd,
    Socket,
    Bind,
    Connect,
    Accept,
    /// Reads and writes on descriptors: socket tuples, roles, name changes.
    Io,
    Sendfile,
    Chdir,
    Fchdir,
    Getcwd,
    Chroot,
    Setuid,
    Setgid,
    Setsid,
    Capset,
    Unshare,
    Prctl,
    Rlimit,
    Prlimit,
    Memory,
    Switch,
    UserAdded,
    UserDeleted,
    GroupAdded,
    GroupDeleted,
    Container,
    Async,
    Procinfo,
    Shutdown,
    Listen,
    Getsockopt,
}

/// An event type.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Code in a capture, equal to the index in [`EVENTS`].
    pub code: u16,
    /// Name of the code as in [`events::code`], e.g. `OPENAT_2_X`.
    pub id: &'static str,
    /// `evt.type`; generic events print the system call's name instead.
    pub name: &'static str,
    /// Category.
    pub category: Category,
    /// Source.
    pub origin: Origin,
    /// Properties.
    pub flags: EventFlags,
    /// Parameters in record order.
    pub params: &'static [Param],
    /// Index of the parameter that holds the descriptor the event works on, if one does.
    pub fd_param: Option<u8>,
    /// Where in the kernel it is made; empty if no probe makes it.
    pub producers: &'static [Producer],
    /// Effect on state.
    pub effect: Effect,
    /// One sentence.
    pub doc: &'static str,
}

impl Event {
    /// Exit events have odd codes.
    pub const fn is_exit(&self) -> bool {
        self.code & 1 == 1
    }
    /// The event happens in a thread.
    pub const fn has_thread(&self) -> bool {
        use events::code::*;
        match self.code {
            PROCINFO_E => true,
            CONTAINER_JSON_2_E | USER_ADDED_E | USER_DELETED_E | GROUP_ADDED_E | GROUP_DELETED_E | PLUGINEVENT_E
            | ASYNCEVENT_E => false,
            _ => !self.flags.has(EventFlags::SKIP_PARSE_RESET),
        }
    }
    /// The event creates, uses or closes a descriptor, so that [`Needs::Fd`] is met.
    pub const fn has_fd(&self) -> bool {
        self.has_thread() && self.flags.any(EventFlags::CREATES_FD.or(EventFlags::USES_FD).or(EventFlags::DESTROYS_FD))
    }
    /// Parameter 0 is the return value.
    pub const fn has_return_value(&self) -> bool {
        self.is_exit()
            && matches!(self.origin, Origin::Syscall)
            && !self.params.is_empty()
            && self.code != events::code::GENERIC_X
    }
    /// Index of the parameter called `name`.
    pub fn param(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|p| p.name == name)
    }
}

/// The row of an event code, or `None` for a code of a newer schema.
pub fn event(code: u16) -> Option<&'static Event> {
    EVENTS.get(code as usize)
}

/// What a field takes in brackets or after a further dot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgKind {
    /// No argument.
    None,
    /// An argument may follow.
    Optional,
    /// An argument must follow.
    Required,
}

/// Form of a field's argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum ArgForm {
    None,
    Index,
    Key,
    IndexOrKey,
}

bits! {
    /// Properties of a field.
    FieldFlags:
    /// Gives a list of values; `in` means subset, `intersects` means a common element.
    LIST = 0;
    /// For conditions: never has a value in outputs.
    FILTER_ONLY = 1;
    /// Not allowed in conditions.
    PRINT_ONLY = 2;
    /// Left out of field listings.
    HIDDEN = 3;
    /// Not allowed in comparisons between fields.
    NO_RHS = 4;
    /// Takes no transformers.
    NO_TRANSFORMER = 5;
    /// Use gives a warning.
    DEPRECATED = 6;
    /// Appended by `append_output: suggested_output`.
    SUGGESTED = 7;
    /// Without an argument, a comparison holds if it holds for any of several values (ancestors).
    ANY_OF = 8;
    /// Client and server end: `=` if either equals, `!=` if neither does, orderings if either satisfies.
    EITHER_END = 9;
    /// The argument may also follow as `.ARG` (`evt.arg.fd`).
    DOTTED_ARG = 10;
    /// Lives as long as the process image: fixed by what is known of the event's thread, its process, its ancestors,
    /// their users and containers, and by nothing else. Such a value is computed once per image, not per event.
    IMAGE = 11;
    /// Looks back at its own earlier evaluations: asked for exactly when the condition, read from left to right, gets
    /// there, and for no other reason.
    LOOKS_BACK = 12;
    /// Fixed by what the event's descriptor is, by its name and the name as given, by its addresses, protocol and role as
    /// a socket, and by nothing else; of a descriptor that is not known, by the path that was to be opened. Such a value is
    /// computed once for all descriptors that are the same in this, not per event.
    FILE = 13;
    /// Of those with [`FieldFlags::IMAGE`]: fixed by the process' own image from the fork or exec that begins it to the next
    /// one, whatever happens meanwhile. Such a value may be told to the kernel.
    FIXED = 14;
}

/// Which part of an event a field needs; missing parts make the field missing. This is what lets the
/// compiler decide a comparison for a whole event type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// Any event has it.
    Nothing,
    /// A thread. The event's type does not decide it: an event that happens in none, such as the change of a
    /// processor, still carries the number of one.
    Thread,
    /// An event that creates, uses or closes a descriptor: see [`Event::has_fd`].
    Fd,
}

/// Class of fields, in the order in which names are looked up and listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "self-explaining")]
pub enum Class {
    EvtGeneric,
    Evt,
    Process,
    User,
    Group,
    Fd,
    FsPath,
    Util,
    FdList,
    Container,
}

/// A field of the `syscall` source.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Identity, equal to the index in [`FIELDS`].
    pub id: FieldId,
    /// Name without argument.
    pub name: &'static str,
    /// Class.
    pub class: Class,
    /// Type of the value (of an element, for lists).
    pub ty: Type,
    /// How a number is printed.
    pub format: Format,
    /// Whether an argument follows.
    pub arg: ArgKind,
    /// Form of the argument.
    pub arg_form: ArgForm,
    /// Properties.
    pub flags: FieldFlags,
    /// What it needs.
    pub needs: Needs,
    /// Meaning, one or two sentences.
    pub doc: &'static str,
}
