//! The event types: one row per code, all 454 of them, the old and the unused ones included.
//!
//! Row:
//!
//! ```text
//! code ID "evt.type" Category Origin [flags] Effect fd=I on=PRODUCERS
//!     ("parameter" Type Format @FLAGS|dyn=TABLE|dirfd=I = RECIPE, ...)
//!     "one sentence";
//! ```
//!
//! `fd=I` is the parameter with the descriptor the event works on (0-based); rows that only *create* a descriptor
//! have none, they carry it as return value in parameter 0. `@FLAGS` names a table of [`crate::flags`],
//! `dyn=TABLE` one of the dynamic tables below, `dirfd=I` the parameter to which a relative path relates.
//!
//! `RECIPE` says how the kernel side obtains the parameter ([`crate::capture`]; short names in
//! [`crate::capture::recipe`]), `on=PRODUCERS` where ([`crate::capture::producers`]; left out for events made when a
//! system call returns). Rows of events that no probe makes have neither.
//!
//! What must hold: rows are in code order without holes, even codes enter, odd codes exit events. Parameters are
//! only ever appended: a record may have fewer than its row (an older writer). A row has a recipe for all of its
//! parameters or for none.

use crate::capture::recipe::*;
use crate::capture::{FileFact, Int, Special, TaskFact, maps, producers};
use crate::flags::*;
use crate::{Category, EVENT_COUNT, Effect, Event, EventFlags, Format, Origin, Param, Type};

macro_rules! param {
    ($name:literal $ty:ident $format:ident $(@$flags:ident)? $(dyn=$dynamic:ident)? $(dirfd=$dirfd:literal)?
        $(= $capture:expr)?) => {
        Param {
            name: $name,
            ty: Type::$ty,
            format: Format::$format,
            flags: slice!($($flags)?),
            dynamic: slice!($($dynamic)?),
            dirfd: index!($($dirfd)?),
            capture: capture!($($capture)?),
        }
    };
}

macro_rules! slice {
    () => {
        &[]
    };
    ($table:ident) => {
        $table
    };
}

macro_rules! index {
    () => {
        None
    };
    ($index:literal) => {
        Some($index)
    };
}

macro_rules! capture {
    () => {
        None
    };
    ($capture:expr) => {
        Some($capture)
    };
}

macro_rules! made {
    ([]) => {
        &[]
    };
    // Without a list of producers, an event with recipes is made on return of its system call.
    ([$($capture:expr)+]) => {
        producers::SYS_EXIT
    };
    ([$($capture:expr)*] $producers:ident) => {
        producers::$producers
    };
}

/// Value of a socket option: unknown bytes, errno, 32 bits, 64 bits, time.
pub const SOCKOPT: &[Param] = &[
    param!("" Bytebuf Hex),
    param!("" Errno Dec),
    param!("" Uint32 Dec),
    param!("" Uint64 Dec),
    param!("" Reltime Dec),
];
/// Address or data of `ptrace`: a word, or a signal.
pub const PTRACE: &[Param] = &[param!("" Uint64 Hex), param!("" Sigtype Dec)];
/// Result of the old `bpf` event: a descriptor, or an errno.
pub const BPF: &[Param] = &[param!("" Fd Dec), param!("" Errno Dec)];
/// Argument of `keyctl`: a number, or text.
pub const KEYCTL: &[Param] = &[param!("" Int64 Dec), param!("" Charbuf Na)];

macro_rules! events {
    ($($code:literal $id:ident $name:literal $category:ident $origin:ident [$($flag:ident)*]
        $effect:ident $(fd=$fd:literal)? $(on=$producers:ident)?
        ($($pname:literal $ty:ident $format:ident $(@$flags:ident)? $(dyn=$dynamic:ident)? $(dirfd=$dirfd:literal)?
            $(= $capture:expr)?),*)
        $doc:literal;)*) => {
        /// Codes of the event types by name; `_E` enter, `_X` exit.
        pub mod code {
            $(#[doc = $doc] pub const $id: u16 = $code;)*
        }

        /// All event types, indexed by code.
        pub static EVENTS: [Event; EVENT_COUNT] = [$(Event {
            code: $code,
            id: stringify!($id),
            name: $name,
            category: Category::$category,
            origin: Origin::$origin,
            flags: EventFlags::NONE$(.or(EventFlags::$flag))*,
            params: &[$(param!($pname $ty $format $(@$flags)? $(dyn=$dynamic)? $(dirfd=$dirfd)? $(= $capture)?)),*],
            fd_param: index!($($fd)?),
            producers: made!([$($($capture)?)*] $($producers)?),
            effect: Effect::$effect,
            doc: $doc,
        },)*];
    };
}

events! {
    0 GENERIC_E "syscall" Other Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("ID" SyscallId Dec, "nativeID" Uint16 Dec)
        "Entry: a system call without an event type of its own; `ID` tells which (only in old captures).";
    1 GENERIC_X "syscall" Other Syscall [CONVERTER_MANAGED] None on=SYS_EXIT
        ("ID" SyscallId Dec = SYSCALL_CODE, "nativeID" Uint16 Dec = SYSCALL_NUMBER)
        "A system call without an event type of its own; `ID` tells which.";
    2 OPEN_E "open" File Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] StoreEnter on=SYS_ENTER
        (
            "name" Fspath Na = text(0), "flags" Flags32 Hex @FILE_FLAGS = flags(1, &maps::OPEN),
            "mode" Uint32 Oct = open_mode(2, CREATING_1)
        )
        "Entry: opens a file.";
    3 OPEN_X "open" File Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] Open
        (
            "fd" Fd Dec = RET, "name" Fspath Na = text(0), "flags" Flags32 Hex @FILE_FLAGS = open_flags(1),
            "mode" Uint32 Oct = open_mode(2, CREATING_1), "dev" Uint32 Hex = OPENED_DEVICE,
            "ino" Uint64 Dec = OPENED_INODE
        )
        "Opens a file.";
    4 CLOSE_E "close" IoOther Syscall [DESTROYS_FD USES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec)
        "Entry: closes a descriptor (only in old captures).";
    5 CLOSE_X "close" IoOther Syscall [DESTROYS_FD USES_FD MODIFIES_STATE CONVERTER_MANAGED] Close fd=1
        ("res" Errno Dec = RET, "fd" Fd Dec = fd(0))
        "Closes a descriptor.";
    6 READ_E "read" IoRead Syscall [USES_FD READS_FROM_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec)
        "Entry: reads from a descriptor (only in old captures).";
    7 READ_X "read" IoRead Syscall [USES_FD READS_FROM_FD CONVERTER_MANAGED] Io fd=2
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = READ_BUFFER, "fd" Fd Dec = fd(0),
            "size" Uint32 Dec = u32_arg(2)
        )
        "Reads from a descriptor.";
    8 WRITE_E "write" IoWrite Syscall [USES_FD WRITES_TO_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec)
        "Entry: writes to a descriptor (only in old captures).";
    9 WRITE_X "write" IoWrite Syscall [USES_FD WRITES_TO_FD CONVERTER_MANAGED] Io fd=2
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = WRITTEN_BUFFER, "fd" Fd Dec = fd(0),
            "size" Uint32 Dec = u32_arg(2)
        )
        "Writes to a descriptor.";
    10 BRK_1_E "brk" Memory Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("size" Uint32 Dec)
        "Entry: moves the end of the data segment (only in old captures).";
    11 BRK_1_X "brk" Memory Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("res" Uint64 Hex)
        "Moves the end of the data segment (only in old captures).";
    12 EXECVE_8_E "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ()
        "Entry: replaces the program of a process (only in old captures).";
    13 EXECVE_8_X "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Errno Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Uint64 Dec
        )
        "Replaces the program of a process (only in old captures).";
    14 CLONE_11_E "clone" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process or thread; seen in the parent with its number and in the child with 0 (only in old captures).";
    15 CLONE_11_X "clone" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Pid Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Int64 Dec, "flags" Flags32 Hex @CLONE_FLAGS, "uid" Uint32 Dec,
            "gid" Uint32 Dec
        )
        "Makes a new process or thread; seen in the parent with its number and in the child with 0 (only in old captures).";
    16 PROCEXIT_E "procexit" Process Tracepoint [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ()
        "A thread ends (only in old captures).";
    17 PROCEXIT_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    18 SOCKET_E "socket" Net Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("domain" Enumflags32 Dec @SOCKET_FAMILIES, "type" Uint32 Dec, "proto" Uint32 Dec)
        "Entry: creates a socket (only in old captures).";
    19 SOCKET_X "socket" Net Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] Socket
        (
            "fd" Fd Dec = RET, "domain" Enumflags32 Dec @SOCKET_FAMILIES = flags(0, &maps::FAMILY),
            "type" Uint32 Dec = u32_arg(1), "proto" Uint32 Dec = u32_arg(2),
            "flags" Flags32 Hex @FILE_FLAGS = flags(1, &maps::SOCKET_FLAGS)
        )
        "Creates a socket.";
    20 BIND_E "bind" Net Syscall [USES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec)
        "Entry: gives a socket its local address (only in old captures).";
    21 BIND_X "bind" Net Syscall [USES_FD MODIFIES_STATE CONVERTER_MANAGED] Bind fd=2
        ("res" Errno Dec = RET, "addr" Sockaddr Na = SOCKADDR, "fd" Fd Dec = fd(0))
        "Gives a socket its local address.";
    22 CONNECT_E "connect" Net Syscall [USES_FD MODIFIES_STATE CONVERTER_MANAGED] StoreEnter fd=0 on=SYS_ENTER
        ("fd" Fd Dec = fd(0), "addr" Sockaddr Na = SOCKADDR)
        "Entry: connects a socket to an address.";
    23 CONNECT_X "connect" Net Syscall [USES_FD MODIFIES_STATE CONVERTER_MANAGED] Connect fd=2
        (
            "res" Errno Dec = RET, "tuple" Socktuple Na = CONNECTED, "fd" Fd Dec = fd(0),
            "addr" Sockaddr Na = SOCKADDR
        )
        "Connects a socket to an address.";
    24 LISTEN_E "listen" Net Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "backlog" Int32 Dec)
        "Entry: makes a socket accept connections (only in old captures).";
    25 LISTEN_X "listen" Net Syscall [USES_FD CONVERTER_MANAGED] None fd=1
        ("res" Errno Dec = RET, "fd" Fd Dec = fd(0), "backlog" Int32 Dec = s32_arg(1))
        "Makes a socket accept connections.";
    26 ACCEPT_E "accept" Net Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: takes a connection from the queue of a listening socket (only in old captures).";
    27 ACCEPT_X "accept" Net Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("fd" Fd Dec, "tuple" Socktuple Na, "queuepct" Uint8 Dec)
        "Takes a connection from the queue of a listening socket (only in old captures).";
    28 SEND_E "send" IoWrite Syscall [USES_FD WRITES_TO_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec)
        "Entry: sends to a connected socket (only in old captures).";
    29 SEND_X "send" IoWrite Syscall [USES_FD WRITES_TO_FD CONVERTER_MANAGED] Io fd=2
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = WRITTEN_BUFFER, "fd" Fd Dec = fd(0),
            "size" Uint32 Dec = u32_arg(2), "tuple" Socktuple Na = SENDER
        )
        "Sends to a connected socket.";
    30 SENDTO_E "sendto" IoWrite Syscall [USES_FD WRITES_TO_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec, "tuple" Socktuple Na)
        "Entry: sends to a socket, with the receiver's address (only in old captures).";
    31 SENDTO_X "sendto" IoWrite Syscall [USES_FD WRITES_TO_FD MODIFIES_STATE CONVERTER_MANAGED] Io fd=2
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = WRITTEN_BUFFER, "fd" Fd Dec = fd(0),
            "size" Uint32 Dec = u32_arg(2), "tuple" Socktuple Na = SENDER_TO
        )
        "Sends to a socket, with the receiver's address.";
    32 RECV_E "recv" IoRead Syscall [USES_FD READS_FROM_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec)
        "Entry: receives from a connected socket (only in old captures).";
    33 RECV_X "recv" IoRead Syscall [USES_FD READS_FROM_FD CONVERTER_MANAGED] Io fd=2
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = READ_BUFFER, "fd" Fd Dec = fd(0),
            "size" Uint32 Dec = u32_arg(2), "tuple" Socktuple Na = RECEIVER
        )
        "Receives from a connected socket.";
    34 RECVFROM_E "recvfrom" IoRead Syscall [USES_FD READS_FROM_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec)
        "Entry: receives from a socket, with the sender's address (only in old captures).";
    35 RECVFROM_X "recvfrom" IoRead Syscall [USES_FD READS_FROM_FD MODIFIES_STATE CONVERTER_MANAGED] Io fd=3
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = READ_BUFFER, "tuple" Socktuple Na = RECEIVER_FROM,
            "fd" Fd Dec = fd(0), "size" Uint32 Dec = u32_arg(2)
        )
        "Receives from a socket, with the sender's address.";
    36 SHUTDOWN_E "shutdown" Net Syscall [USES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "how" Enumflags8 Hex @SHUTDOWN_HOW)
        "Entry: shuts down one or both directions of a connection (only in old captures).";
    37 SHUTDOWN_X "shutdown" Net Syscall [USES_FD MODIFIES_STATE CONVERTER_MANAGED] Shutdown fd=1
        (
            "res" Errno Dec = RET, "fd" Fd Dec = fd(0),
            "how" Enumflags8 Hex @SHUTDOWN_HOW = flags(1, &maps::SHUTDOWN)
        )
        "Shuts down one or both directions of a connection.";
    38 GETSOCKNAME_E "getsockname" Net Syscall [OLD_VERSION] None
        ()
        "Entry: returns the local address of a socket (only in old captures).";
    39 GETSOCKNAME_X "getsockname" Net Syscall [] None on=SYS_EXIT
        ()
        "Returns the local address of a socket.";
    40 GETPEERNAME_E "getpeername" Net Syscall [OLD_VERSION] None
        ()
        "Entry: returns the remote address of a socket (only in old captures).";
    41 GETPEERNAME_X "getpeername" Net Syscall [] None on=SYS_EXIT
        ()
        "Returns the remote address of a socket.";
    42 SOCKETPAIR_E "socketpair" Ipc Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("domain" Enumflags32 Dec @SOCKET_FAMILIES, "type" Uint32 Dec, "proto" Uint32 Dec)
        "Entry: creates two connected sockets (only in old captures).";
    43 SOCKETPAIR_X "socketpair" Ipc Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] Socketpair
        (
            "res" Errno Dec = RET, "fd1" Fd Dec = pair_fd(3, 0).when(ZERO).or(-1),
            "fd2" Fd Dec = pair_fd(3, 1).when(ZERO).or(-1), "source" Uint64 Hex = pair_file(3, FileFact::Sock),
            "peer" Uint64 Hex = pair_file(3, FileFact::PeerSock),
            "domain" Enumflags32 Dec @SOCKET_FAMILIES = flags(0, &maps::FAMILY), "type" Uint32 Dec = u32_arg(1),
            "proto" Uint32 Dec = u32_arg(2)
        )
        "Creates two connected sockets.";
    44 SETSOCKOPT_E "setsockopt" Net Syscall [OLD_VERSION] None
        ()
        "Entry: sets an option of a socket (only in old captures).";
    45 SETSOCKOPT_X "setsockopt" Net Syscall [USES_FD] None fd=1
        (
            "res" Errno Dec = RET, "fd" Fd Dec = fd(0),
            "level" Enumflags8 Dec @SOCKOPT_LEVELS = SOCKOPT_LEVEL_ARG,
            "optname" Enumflags8 Dec @SOCKOPT_OPTIONS = SOCKOPT_NAME,
            "val" Dyn Dec dyn=SOCKOPT = special(Special::Sockopt { length_by_pointer: false }),
            "optlen" Uint32 Dec = u16_arg(4)
        )
        "Sets an option of a socket.";
    46 GETSOCKOPT_E "getsockopt" Net Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: returns an option of a socket (only in old captures).";
    47 GETSOCKOPT_X "getsockopt" Net Syscall [USES_FD MODIFIES_STATE] Getsockopt fd=1
        (
            "res" Errno Dec = RET, "fd" Fd Dec = fd(0),
            "level" Enumflags8 Dec @SOCKOPT_LEVELS = SOCKOPT_LEVEL_ARG,
            "optname" Enumflags8 Dec @SOCKOPT_OPTIONS = SOCKOPT_NAME,
            "val" Dyn Dec dyn=SOCKOPT = special(Special::Sockopt { length_by_pointer: true }),
            "optlen" Uint32 Dec = member(4, 0, Int::U32)
        )
        "Returns an option of a socket.";
    48 SENDMSG_E "sendmsg" IoWrite Syscall [USES_FD WRITES_TO_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec, "tuple" Socktuple Na)
        "Entry: sends a message to a socket (only in old captures).";
    49 SENDMSG_X "sendmsg" IoWrite Syscall [USES_FD WRITES_TO_FD MODIFIES_STATE CONVERTER_MANAGED] Io fd=2
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = SENT_HEADER, "fd" Fd Dec = fd(0),
            "size" Uint32 Dec = HEADER_SIZE, "tuple" Socktuple Na = SENDER_HEADER
        )
        "Sends a message to a socket.";
    50 SENDMMSG_E "sendmmsg" IoWrite Syscall [OLD_VERSION] None
        ()
        "Entry: sends several messages to a socket; one event per message (only in old captures).";
    51 SENDMMSG_X "sendmmsg" IoWrite Syscall [USES_FD WRITES_TO_FD MODIFIES_STATE CONVERTER_MANAGED] Io fd=1
        (
            "res" Errno Dec = MESSAGE_RESULT, "fd" Fd Dec = fd(0), "size" Uint32 Dec = MESSAGE_SIZE,
            "data" Bytebuf Na = SENT_MESSAGE, "tuple" Socktuple Na = SENDER_MESSAGE
        )
        "Sends several messages to a socket; one event per message.";
    52 RECVMSG_E "recvmsg" IoRead Syscall [USES_FD READS_FROM_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec)
        "Entry: receives a message from a socket (only in old captures).";
    53 RECVMSG_X "recvmsg" IoRead Syscall [USES_FD READS_FROM_FD MODIFIES_STATE CONVERTER_MANAGED] Io fd=5
        (
            "res" Errno Dec = RET, "size" Uint32 Dec = READ_SIZE, "data" Bytebuf Na = RECEIVED_HEADER,
            "tuple" Socktuple Na = RECEIVER_HEADER, "msgcontrol" Bytebuf Na = HEADER_CONTROL, "fd" Fd Dec = fd(0)
        )
        "Receives a message from a socket.";
    54 RECVMMSG_E "recvmmsg" IoRead Syscall [OLD_VERSION] None
        ()
        "Entry: receives several messages from a socket; one event per message (only in old captures).";
    55 RECVMMSG_X "recvmmsg" IoRead Syscall [USES_FD READS_FROM_FD MODIFIES_STATE CONVERTER_MANAGED] Io fd=1
        (
            "res" Errno Dec = MESSAGE_RESULT, "fd" Fd Dec = fd(0), "size" Uint32 Dec = MESSAGE_LENGTH,
            "data" Bytebuf Na = RECEIVED_MESSAGE, "tuple" Socktuple Na = RECEIVER_MESSAGE,
            "msgcontrol" Bytebuf Na = MESSAGE_CONTROL
        )
        "Receives several messages from a socket; one event per message.";
    56 ACCEPT4_E "accept" Net Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("flags" Int32 Hex)
        "Entry: takes a connection from the queue of a listening socket (only in old captures).";
    57 ACCEPT4_X "accept" Net Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("fd" Fd Dec, "tuple" Socktuple Na, "queuepct" Uint8 Dec)
        "Takes a connection from the queue of a listening socket (only in old captures).";
    58 CREAT_E "creat" File Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] StoreEnter on=SYS_ENTER
        ("name" Fspath Na = text(0), "mode" Uint32 Oct = flags(1, &maps::MODE))
        "Entry: creates a file and opens it for writing.";
    59 CREAT_X "creat" File Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] Creat
        (
            "fd" Fd Dec = RET, "name" Fspath Na = text(0), "mode" Uint32 Oct = flags(1, &maps::MODE),
            "dev" Uint32 Hex = OPENED_DEVICE, "ino" Uint64 Dec = OPENED_INODE,
            "creat_flags" Flags16 Hex @CREAT_FLAGS = OPENED_LAYER
        )
        "Creates a file and opens it for writing.";
    60 PIPE_E "pipe" Ipc Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: creates a pipe (only in old captures).";
    61 PIPE_X "pipe" Ipc Syscall [CREATES_FD MODIFIES_STATE] Pipe
        (
            "res" Errno Dec = RET, "fd1" Fd Dec = pair_fd(0, 0), "fd2" Fd Dec = pair_fd(0, 1),
            "ino" Uint64 Dec = pair_file(0, FileFact::Inode)
        )
        "Creates a pipe.";
    62 EVENTFD_E "eventfd" Ipc Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("initval" Uint64 Dec, "flags" Uint32 Hex)
        "Entry: creates an event counter descriptor (only in old captures).";
    63 EVENTFD_X "eventfd" Ipc Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] CreateFd
        ("res" Fd Dec = RET, "initval" Uint64 Dec = arg(0), "flags" Uint32 Hex = number(0))
        "Creates an event counter descriptor.";
    64 FUTEX_E "futex" Ipc Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("addr" Uint64 Hex, "op" Flags16 Hex @FUTEX_OPERATIONS, "val" Uint64 Dec)
        "Entry: waits on or wakes waiters of a user-space lock (only in old captures).";
    65 FUTEX_X "futex" Ipc Syscall [CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "addr" Uint64 Hex = arg(0),
            "op" Flags16 Hex @FUTEX_OPERATIONS = flags(1, &maps::FUTEX), "val" Uint64 Dec = arg(2)
        )
        "Waits on or wakes waiters of a user-space lock.";
    66 STAT_E "stat" File Syscall [OLD_VERSION] None
        ()
        "Entry: reads the attributes of a file (only in old captures).";
    67 STAT_X "stat" File Syscall [] None
        ("res" Errno Dec = RET, "path" Fspath Na = text(0))
        "Reads the attributes of a file.";
    68 LSTAT_E "lstat" File Syscall [OLD_VERSION] None
        ()
        "Entry: reads the attributes of a file without following a symbolic link (only in old captures).";
    69 LSTAT_X "lstat" File Syscall [] None
        ("res" Errno Dec = RET, "path" Fspath Na = text(0))
        "Reads the attributes of a file without following a symbolic link.";
    70 FSTAT_E "fstat" File Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Na)
        "Entry: reads the attributes of an open file (only in old captures).";
    71 FSTAT_X "fstat" File Syscall [USES_FD CONVERTER_MANAGED] None fd=1
        ("res" Errno Dec = RET, "fd" Fd Na = fd(0))
        "Reads the attributes of an open file.";
    72 STAT64_E "stat64" File Syscall [OLD_VERSION] None
        ()
        "Entry: reads the attributes of a file (32-bit systems) (only in old captures).";
    73 STAT64_X "stat64" File Syscall [] None
        ("res" Errno Dec, "path" Fspath Na)
        "Reads the attributes of a file (32-bit systems).";
    74 LSTAT64_E "lstat64" File Syscall [OLD_VERSION] None
        ()
        "Entry: reads the attributes of a file without following a symbolic link (32-bit systems) (only in old captures).";
    75 LSTAT64_X "lstat64" File Syscall [] None
        ("res" Errno Dec, "path" Fspath Na)
        "Reads the attributes of a file without following a symbolic link (32-bit systems).";
    76 FSTAT64_E "fstat64" File Syscall [USES_FD OLD_VERSION] None fd=0
        ("fd" Fd Na)
        "Entry: reads the attributes of an open file (32-bit systems) (only in old captures).";
    77 FSTAT64_X "fstat64" File Syscall [] None
        ("res" Errno Dec)
        "Reads the attributes of an open file (32-bit systems).";
    78 EPOLLWAIT_E "epoll_wait" Wait Syscall [WAITS OLD_VERSION CONVERTER_MANAGED] None
        ("maxevents" Errno Dec)
        "Entry: waits for events of an epoll instance (only in old captures).";
    79 EPOLLWAIT_X "epoll_wait" Wait Syscall [WAITS CONVERTER_MANAGED] None
        ("res" Errno Dec = RET, "maxevents" Errno Dec = s32_arg(2))
        "Waits for events of an epoll instance.";
    80 POLL_E "poll" Wait Syscall [WAITS OLD_VERSION CONVERTER_MANAGED] None
        ("fds" Fdlist Dec, "timeout" Int64 Dec)
        "Entry: waits for descriptors to become ready (only in old captures).";
    81 POLL_X "poll" Wait Syscall [WAITS CONVERTER_MANAGED] None
        ("res" Errno Dec = RET, "fds" Fdlist Dec = POLLFDS, "timeout" Int64 Dec = u32_arg(2))
        "Waits for descriptors to become ready.";
    82 SELECT_E "select" Wait Syscall [WAITS OLD_VERSION] None
        ()
        "Entry: waits for descriptors to become ready (only in old captures).";
    83 SELECT_X "select" Wait Syscall [WAITS] None
        ("res" Errno Dec = RET)
        "Waits for descriptors to become ready.";
    84 NEWSELECT_E "select" Wait Syscall [WAITS OLD_VERSION] None
        ()
        "Entry: waits for descriptors to become ready (only in old captures).";
    85 NEWSELECT_X "select" Wait Syscall [WAITS OLD_VERSION CONVERTER_MANAGED] None
        ("res" Errno Dec)
        "Waits for descriptors to become ready (only in old captures).";
    86 LSEEK_E "lseek" File Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "offset" Uint64 Dec, "whence" Enumflags8 Dec @LSEEK_WHENCE)
        "Entry: moves the position of an open file (only in old captures).";
    87 LSEEK_X "lseek" File Syscall [USES_FD CONVERTER_MANAGED] None fd=1
        (
            "res" Errno Dec = RET, "fd" Fd Dec = fd(0), "offset" Uint64 Dec = arg(1),
            "whence" Enumflags8 Dec @LSEEK_WHENCE = flags(2, &maps::WHENCE)
        )
        "Moves the position of an open file.";
    88 LLSEEK_E "llseek" File Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "offset" Uint64 Dec, "whence" Enumflags8 Dec @LSEEK_WHENCE)
        "Entry: moves the position of an open file (32-bit systems) (only in old captures).";
    89 LLSEEK_X "llseek" File Syscall [USES_FD CONVERTER_MANAGED] None fd=1
        (
            "res" Errno Dec = RET, "fd" Fd Dec = fd(0), "offset" Uint64 Dec = special(Special::SplitOffset),
            "whence" Enumflags8 Dec @LSEEK_WHENCE = flags(3, &maps::WHENCE)
        )
        "Moves the position of an open file (32-bit systems).";
    90 IOCTL_2_E "ioctl" IoOther Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "request" Uint64 Hex)
        "Entry: controls a device (only in old captures).";
    91 IOCTL_2_X "ioctl" IoOther Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None
        ("res" Errno Dec)
        "Controls a device (only in old captures).";
    92 GETCWD_E "getcwd" File Syscall [OLD_VERSION] None
        ()
        "Entry: returns the working directory (only in old captures).";
    93 GETCWD_X "getcwd" File Syscall [] Getcwd
        ("res" Errno Dec = RET, "path" Charbuf Na = text(0).when(SUCCESS))
        "Returns the working directory.";
    94 CHDIR_E "chdir" File Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: changes the working directory by path (only in old captures).";
    95 CHDIR_X "chdir" File Syscall [MODIFIES_STATE] Chdir
        ("res" Errno Dec = RET, "path" Charbuf Na = text(0))
        "Changes the working directory by path.";
    96 FCHDIR_E "fchdir" File Syscall [USES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Na)
        "Entry: changes the working directory to an open directory (only in old captures).";
    97 FCHDIR_X "fchdir" File Syscall [USES_FD MODIFIES_STATE CONVERTER_MANAGED] Fchdir fd=1
        ("res" Errno Dec = RET, "fd" Fd Na = fd(0))
        "Changes the working directory to an open directory.";
    98 MKDIR_E "mkdir" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("path" Fspath Na, "mode" Uint32 Hex)
        "Entry: makes a directory (only in old captures).";
    99 MKDIR_X "mkdir" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("res" Errno Dec)
        "Makes a directory (only in old captures).";
    100 RMDIR_E "rmdir" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("path" Fspath Na)
        "Entry: removes an empty directory (only in old captures).";
    101 RMDIR_X "rmdir" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("res" Errno Dec)
        "Removes an empty directory (only in old captures).";
    102 OPENAT_E "openat" File Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("dirfd" Fd Dec, "name" Charbuf Na, "flags" Flags32 Hex @FILE_FLAGS, "mode" Uint32 Oct)
        "Entry: opens a file found from a directory descriptor (only in old captures).";
    103 OPENAT_X "openat" File Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("fd" Fd Dec)
        "Opens a file found from a directory descriptor (only in old captures).";
    104 LINK_E "link" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("oldpath" Fspath Na, "newpath" Fspath Na)
        "Entry: makes a hard link (only in old captures).";
    105 LINK_X "link" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("res" Errno Dec)
        "Makes a hard link (only in old captures).";
    106 LINKAT_E "linkat" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("olddir" Fd Dec, "oldpath" Charbuf Na, "newdir" Fd Dec, "newpath" Charbuf Na)
        "Entry: makes a hard link, paths found from directory descriptors (only in old captures).";
    107 LINKAT_X "linkat" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("res" Errno Dec)
        "Makes a hard link, paths found from directory descriptors (only in old captures).";
    108 UNLINK_E "unlink" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("path" Fspath Na)
        "Entry: removes a file (only in old captures).";
    109 UNLINK_X "unlink" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("res" Errno Dec)
        "Removes a file (only in old captures).";
    110 UNLINKAT_E "unlinkat" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("dirfd" Fd Dec, "name" Charbuf Na)
        "Entry: removes a file or directory found from a directory descriptor (only in old captures).";
    111 UNLINKAT_X "unlinkat" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("res" Errno Dec)
        "Removes a file or directory found from a directory descriptor (only in old captures).";
    112 PREAD_E "pread" IoRead Syscall [USES_FD READS_FROM_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec, "pos" Uint64 Dec)
        "Entry: reads from a file at a position (only in old captures).";
    113 PREAD_X "pread" IoRead Syscall [USES_FD READS_FROM_FD CONVERTER_MANAGED] Io fd=2
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = READ_BUFFER, "fd" Fd Dec = fd(0),
            "size" Uint32 Dec = u32_arg(2), "pos" Uint64 Dec = arg(3)
        )
        "Reads from a file at a position.";
    114 PWRITE_E "pwrite" IoWrite Syscall [USES_FD WRITES_TO_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec, "pos" Uint64 Dec)
        "Entry: writes to a file at a position (only in old captures).";
    115 PWRITE_X "pwrite" IoWrite Syscall [USES_FD WRITES_TO_FD CONVERTER_MANAGED] Io fd=2
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = WRITTEN_BUFFER, "fd" Fd Dec = fd(0),
            "size" Uint32 Dec = u32_arg(2), "pos" Uint64 Dec = arg(3)
        )
        "Writes to a file at a position.";
    116 READV_E "readv" IoRead Syscall [USES_FD READS_FROM_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec)
        "Entry: reads from a descriptor into several buffers (only in old captures).";
    117 READV_X "readv" IoRead Syscall [USES_FD READS_FROM_FD CONVERTER_MANAGED] Io fd=3
        (
            "res" Errno Dec = RET, "size" Uint32 Dec = READ_SIZE, "data" Bytebuf Na = READ_VECTOR,
            "fd" Fd Dec = fd(0)
        )
        "Reads from a descriptor into several buffers.";
    118 WRITEV_E "writev" IoWrite Syscall [USES_FD WRITES_TO_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec)
        "Entry: writes to a descriptor from several buffers (only in old captures).";
    119 WRITEV_X "writev" IoWrite Syscall [USES_FD WRITES_TO_FD CONVERTER_MANAGED] Io fd=2
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = WRITTEN_VECTOR, "fd" Fd Dec = fd(0),
            "size" Uint32 Dec = VECTOR_SIZE
        )
        "Writes to a descriptor from several buffers.";
    120 PREADV_E "preadv" IoRead Syscall [USES_FD READS_FROM_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "pos" Uint64 Dec)
        "Entry: reads from a file at a position into several buffers (only in old captures).";
    121 PREADV_X "preadv" IoRead Syscall [USES_FD READS_FROM_FD CONVERTER_MANAGED] Io fd=3
        (
            "res" Errno Dec = RET, "size" Uint32 Dec = READ_SIZE, "data" Bytebuf Na = READ_VECTOR,
            "fd" Fd Dec = fd(0), "pos" Uint64 Dec = arg(3)
        )
        "Reads from a file at a position into several buffers.";
    122 PWRITEV_E "pwritev" IoWrite Syscall [USES_FD WRITES_TO_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "size" Uint32 Dec, "pos" Uint64 Dec)
        "Entry: writes to a file at a position from several buffers (only in old captures).";
    123 PWRITEV_X "pwritev" IoWrite Syscall [USES_FD WRITES_TO_FD CONVERTER_MANAGED] Io fd=2
        (
            "res" Errno Dec = RET, "data" Bytebuf Na = WRITTEN_VECTOR, "fd" Fd Dec = fd(0),
            "size" Uint32 Dec = VECTOR_SIZE, "pos" Uint64 Dec = arg(3)
        )
        "Writes to a file at a position from several buffers.";
    124 DUP_E "dup" IoOther Syscall [CREATES_FD USES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec)
        "Entry: duplicates a descriptor (only in old captures).";
    125 DUP_X "dup" IoOther Syscall [CREATES_FD USES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("res" Fd Dec)
        "Duplicates a descriptor (only in old captures).";
    126 SIGNALFD_E "signalfd" Signal Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("fd" Fd Dec, "mask" Uint32 Hex, "flags" Uint8 Hex)
        "Entry: creates a descriptor that receives signals (only in old captures).";
    127 SIGNALFD_X "signalfd" Signal Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] CreateFd
        ("res" Fd Dec = RET, "fd" Fd Dec = fd(0), "mask" Uint32 Hex = number(0), "flags" Uint8 Hex = number(0))
        "Creates a descriptor that receives signals.";
    128 KILL_E "kill" Signal Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("pid" Pid Dec, "sig" Sigtype Dec)
        "Entry: sends a signal to a process (only in old captures).";
    129 KILL_X "kill" Signal Syscall [CONVERTER_MANAGED] None
        ("res" Errno Dec = RET, "pid" Pid Dec = pid(0), "sig" Sigtype Dec = arg(1))
        "Sends a signal to a process.";
    130 TKILL_E "tkill" Signal Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("tid" Pid Dec, "sig" Sigtype Dec)
        "Entry: sends a signal to a thread (only in old captures).";
    131 TKILL_X "tkill" Signal Syscall [CONVERTER_MANAGED] None
        ("res" Errno Dec = RET, "tid" Pid Dec = pid(0), "sig" Sigtype Dec = arg(1))
        "Sends a signal to a thread.";
    132 TGKILL_E "tgkill" Signal Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("pid" Pid Dec, "tid" Pid Dec, "sig" Sigtype Dec)
        "Entry: sends a signal to a thread of a process (only in old captures).";
    133 TGKILL_X "tgkill" Signal Syscall [CONVERTER_MANAGED] None
        ("res" Errno Dec = RET, "pid" Pid Dec = pid(0), "tid" Pid Dec = pid(1), "sig" Sigtype Dec = arg(2))
        "Sends a signal to a thread of a process.";
    134 NANOSLEEP_E "nanosleep" Sleep Syscall [WAITS OLD_VERSION CONVERTER_MANAGED] None
        ("interval" Reltime Dec)
        "Entry: sleeps (only in old captures).";
    135 NANOSLEEP_X "nanosleep" Sleep Syscall [WAITS CONVERTER_MANAGED] None
        ("res" Errno Dec = RET, "interval" Reltime Dec = timespec(0))
        "Sleeps.";
    136 TIMERFD_CREATE_E "timerfd_create" Time Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("clockid" Uint8 Dec, "flags" Uint8 Hex)
        "Entry: creates a timer descriptor (only in old captures).";
    137 TIMERFD_CREATE_X "timerfd_create" Time Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] CreateFd
        ("res" Fd Dec = RET, "clockid" Uint8 Dec = arg(0), "flags" Uint8 Hex = flags(1, &maps::DESCRIPTOR_FLAGS))
        "Creates a timer descriptor.";
    138 INOTIFY_INIT_E "inotify_init" Ipc Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("flags" Uint8 Hex)
        "Entry: creates an inotify instance (only in old captures).";
    139 INOTIFY_INIT_X "inotify_init" Ipc Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] CreateFd
        ("res" Fd Dec = RET, "flags" Uint8 Hex = number(0))
        "Creates an inotify instance.";
    140 GETRLIMIT_E "getrlimit" Process Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("resource" Enumflags8 Dec @RLIMIT_RESOURCES)
        "Entry: returns a resource limit (only in old captures).";
    141 GETRLIMIT_X "getrlimit" Process Syscall [CONVERTER_MANAGED] Rlimit
        (
            "res" Errno Dec = RET, "cur" Int64 Dec = word(1, 0).when(ZERO).or(-1),
            "max" Int64 Dec = word(1, 1).when(ZERO).or(-1),
            "resource" Enumflags8 Dec @RLIMIT_RESOURCES = flags(0, &maps::RLIMIT)
        )
        "Returns a resource limit.";
    142 SETRLIMIT_E "setrlimit" Process Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("resource" Enumflags8 Dec @RLIMIT_RESOURCES)
        "Entry: sets a resource limit (only in old captures).";
    143 SETRLIMIT_X "setrlimit" Process Syscall [CONVERTER_MANAGED] Rlimit
        (
            "res" Errno Dec = RET, "cur" Int64 Dec = word(1, 0),
            "max" Int64 Dec = word(1, 1),
            "resource" Enumflags8 Dec @RLIMIT_RESOURCES = flags(0, &maps::RLIMIT)
        )
        "Sets a resource limit.";
    144 PRLIMIT_E "prlimit" Process Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("pid" Pid Dec, "resource" Enumflags8 Dec @RLIMIT_RESOURCES)
        "Entry: returns or sets a resource limit of any process (only in old captures).";
    145 PRLIMIT_X "prlimit" Process Syscall [CONVERTER_MANAGED] Prlimit
        (
            "res" Errno Dec = RET, "newcur" Int64 Dec = member(2, 0, Int::S64),
            "newmax" Int64 Dec = member(2, 8, Int::S64),
            "oldcur" Int64 Dec = member(3, 0, Int::S64).when(ZERO).or(-1),
            "oldmax" Int64 Dec = member(3, 8, Int::S64).when(ZERO).or(-1), "pid" Int64 Dec = pid(0),
            "resource" Enumflags8 Dec @RLIMIT_RESOURCES = flags(1, &maps::RLIMIT)
        )
        "Returns or sets a resource limit of any process.";
    146 SCHEDSWITCH_1_E "switch" Scheduler Tracepoint [SKIP_PARSE_RESET OLD_VERSION CONVERTER_MANAGED] None
        ("next" Pid Dec)
        "The scheduler switches to another thread (only in old captures).";
    147 SCHEDSWITCH_1_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    148 DROP_E "drop" Internal Meta [SKIP_PARSE_RESET] None on=PROBE
        ("ratio" Uint32 Dec = special(Special::SamplingRatio))
        "Bounds of an interval in which the driver sampled or dropped events.";
    149 DROP_X "drop" Internal Meta [SKIP_PARSE_RESET] None on=PROBE
        ("ratio" Uint32 Dec = special(Special::SamplingRatio))
        "Bounds of an interval in which the driver sampled or dropped events.";
    150 FCNTL_E "fcntl" IoOther Syscall [USES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "cmd" Enumflags8 Dec @FCNTL_COMMANDS)
        "Entry: works on an open descriptor: duplicate, flags, locks, pipe size (only in old captures).";
    151 FCNTL_X "fcntl" IoOther Syscall [USES_FD MODIFIES_STATE CONVERTER_MANAGED] Fcntl fd=1
        (
            "res" Fd Dec = RET, "fd" Fd Dec = fd(0),
            "cmd" Enumflags8 Dec @FCNTL_COMMANDS = flags(1, &maps::FCNTL), "arg" Uint64 Hex = arg(2)
        )
        "Works on an open descriptor: duplicate, flags, locks, pipe size.";
    152 SCHEDSWITCH_6_E "switch" Scheduler Tracepoint [] Switch on=SWITCH
        (
            "next" Pid Dec = task_arg(2, TaskFact::Tid), "pgft_maj" Uint64 Dec = task(TaskFact::MajorFaults),
            "pgft_min" Uint64 Dec = task(TaskFact::MinorFaults), "vm_size" Uint32 Dec = task(TaskFact::VmSize),
            "vm_rss" Uint32 Dec = task(TaskFact::VmRss), "vm_swap" Uint32 Dec = task(TaskFact::VmSwap)
        )
        "The scheduler switches to another thread.";
    153 SCHEDSWITCH_6_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    154 EXECVE_13_E "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ()
        "Entry: replaces the program of a process (only in old captures).";
    155 EXECVE_13_X "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Errno Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Uint64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec
        )
        "Replaces the program of a process (only in old captures).";
    156 CLONE_16_E "clone" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process or thread; seen in the parent with its number and in the child with 0 (only in old captures).";
    157 CLONE_16_X "clone" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Pid Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Int64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "flags" Flags32 Hex @CLONE_FLAGS,
            "uid" Uint32 Dec, "gid" Uint32 Dec
        )
        "Makes a new process or thread; seen in the parent with its number and in the child with 0 (only in old captures).";
    158 BRK_4_E "brk" Memory Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("addr" Uint64 Hex)
        "Entry: moves the end of the data segment (only in old captures).";
    159 BRK_4_X "brk" Memory Syscall [CONVERTER_MANAGED] Memory
        (
            "res" Uint64 Hex = RET, "vm_size" Uint32 Dec = task(TaskFact::VmSize),
            "vm_rss" Uint32 Dec = task(TaskFact::VmRss), "vm_swap" Uint32 Dec = task(TaskFact::VmSwap),
            "addr" Uint64 Hex = arg(0)
        )
        "Moves the end of the data segment.";
    160 MMAP_E "mmap" Memory Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=4
        (
            "addr" Uint64 Hex, "length" Uint64 Dec, "prot" Flags32 Hex @PROT_FLAGS,
            "flags" Flags32 Hex @MMAP_FLAGS, "fd" Fd Dec, "offset" Uint64 Dec
        )
        "Entry: maps a file or anonymous memory (only in old captures).";
    161 MMAP_X "mmap" Memory Syscall [USES_FD CONVERTER_MANAGED] Memory fd=8
        (
            "res" Errno Hex = RET, "vm_size" Uint32 Dec = task(TaskFact::VmSize),
            "vm_rss" Uint32 Dec = task(TaskFact::VmRss), "vm_swap" Uint32 Dec = task(TaskFact::VmSwap),
            "addr" Uint64 Hex = arg(0), "length" Uint64 Dec = arg(1),
            "prot" Flags32 Hex @PROT_FLAGS = flags(2, &maps::PROT),
            "flags" Flags32 Hex @MMAP_FLAGS = flags(3, &maps::MMAP), "fd" Fd Dec = fd(4),
            "offset" Uint64 Dec = arg(5)
        )
        "Maps a file or anonymous memory.";
    162 MMAP2_E "mmap2" Memory Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=4
        (
            "addr" Uint64 Hex, "length" Uint64 Dec, "prot" Flags32 Hex @PROT_FLAGS,
            "flags" Flags32 Hex @MMAP_FLAGS, "fd" Fd Dec, "pgoffset" Uint64 Dec
        )
        "Entry: maps a file or anonymous memory, offset in pages (32-bit systems) (only in old captures).";
    163 MMAP2_X "mmap2" Memory Syscall [USES_FD CONVERTER_MANAGED] Memory fd=8
        (
            "res" Errno Hex = RET, "vm_size" Uint32 Dec = task(TaskFact::VmSize),
            "vm_rss" Uint32 Dec = task(TaskFact::VmRss), "vm_swap" Uint32 Dec = task(TaskFact::VmSwap),
            "addr" Uint64 Hex = arg(0), "length" Uint64 Dec = arg(1),
            "prot" Flags32 Hex @PROT_FLAGS = flags(2, &maps::PROT),
            "flags" Flags32 Hex @MMAP_FLAGS = flags(3, &maps::MMAP), "fd" Fd Dec = fd(4),
            "pgoffset" Uint64 Dec = arg(5)
        )
        "Maps a file or anonymous memory, offset in pages (32-bit systems).";
    164 MUNMAP_E "munmap" Memory Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("addr" Uint64 Hex, "length" Uint64 Dec)
        "Entry: unmaps memory (only in old captures).";
    165 MUNMAP_X "munmap" Memory Syscall [CONVERTER_MANAGED] Memory
        (
            "res" Errno Dec = RET, "vm_size" Uint32 Dec = task(TaskFact::VmSize),
            "vm_rss" Uint32 Dec = task(TaskFact::VmRss), "vm_swap" Uint32 Dec = task(TaskFact::VmSwap),
            "addr" Uint64 Hex = arg(0), "length" Uint64 Dec = arg(1)
        )
        "Unmaps memory.";
    166 SPLICE_E "splice" IoOther Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=1
        ("fd_in" Fd Dec, "fd_out" Fd Dec, "size" Uint64 Dec, "flags" Flags32 Hex @SPLICE_FLAGS)
        "Entry: moves bytes between a pipe and a descriptor (only in old captures).";
    167 SPLICE_X "splice" IoOther Syscall [USES_FD CONVERTER_MANAGED] None fd=2
        (
            "res" Errno Dec = RET, "fd_in" Fd Dec = fd(0), "fd_out" Fd Dec = fd(2), "size" Uint64 Dec = arg(4),
            "flags" Flags32 Hex @SPLICE_FLAGS = flags(5, &maps::SPLICE)
        )
        "Moves bytes between a pipe and a descriptor.";
    168 PTRACE_E "ptrace" Process Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("request" Enumflags16 Dec @PTRACE_REQUESTS, "pid" Pid Dec)
        "Entry: traces or controls another process (only in old captures).";
    169 PTRACE_X "ptrace" Process Syscall [CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "addr" Dyn Hex dyn=PTRACE = special(Special::PtraceAddr),
            "data" Dyn Hex dyn=PTRACE = special(Special::PtraceData),
            "request" Enumflags16 Dec @PTRACE_REQUESTS = flags(0, &maps::PTRACE), "pid" Pid Dec = pid(1)
        )
        "Traces or controls another process.";
    170 IOCTL_3_E "ioctl" IoOther Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Dec, "request" Uint64 Hex, "argument" Uint64 Hex)
        "Entry: controls a device (only in old captures).";
    171 IOCTL_3_X "ioctl" IoOther Syscall [USES_FD CONVERTER_MANAGED] None fd=1
        (
            "res" Errno Dec = RET, "fd" Fd Dec = fd(0), "request" Uint64 Hex = arg(1),
            "argument" Uint64 Hex = arg(2)
        )
        "Controls a device.";
    172 EXECVE_14_E "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ()
        "Entry: replaces the program of a process (only in old captures).";
    173 EXECVE_14_X "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Errno Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Uint64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "env" Bytebuf Na
        )
        "Replaces the program of a process (only in old captures).";
    174 RENAME_E "rename" File Syscall [OLD_VERSION] None
        ()
        "Entry: renames a file (only in old captures).";
    175 RENAME_X "rename" File Syscall [] None
        ("res" Errno Dec = RET, "oldpath" Fspath Na = text(0), "newpath" Fspath Na = text(1))
        "Renames a file.";
    176 RENAMEAT_E "renameat" File Syscall [OLD_VERSION] None
        ()
        "Entry: renames a file, paths found from directory descriptors (only in old captures).";
    177 RENAMEAT_X "renameat" File Syscall [] None
        (
            "res" Errno Dec = RET, "olddirfd" Fd Dec = fd(0), "oldpath" Fsrelpath Na dirfd=1 = text(1),
            "newdirfd" Fd Dec = fd(2), "newpath" Fsrelpath Na dirfd=3 = text(3)
        )
        "Renames a file, paths found from directory descriptors.";
    178 SYMLINK_E "symlink" File Syscall [OLD_VERSION] None
        ()
        "Entry: makes a symbolic link (only in old captures).";
    179 SYMLINK_X "symlink" File Syscall [] None
        ("res" Errno Dec = RET, "target" Charbuf Na = text(0), "linkpath" Fspath Na = text(1))
        "Makes a symbolic link.";
    180 SYMLINKAT_E "symlinkat" File Syscall [OLD_VERSION] None
        ()
        "Entry: makes a symbolic link found from a directory descriptor (only in old captures).";
    181 SYMLINKAT_X "symlinkat" File Syscall [USES_FD] None fd=2
        (
            "res" Errno Dec = RET, "target" Charbuf Na = text(0), "linkdirfd" Fd Dec = fd(1),
            "linkpath" Fsrelpath Na dirfd=2 = text(2)
        )
        "Makes a symbolic link found from a directory descriptor.";
    182 FORK_E "fork" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process; seen in the parent with its number and in the child with 0 (only in old captures).";
    183 FORK_X "fork" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Pid Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Int64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "flags" Flags32 Hex @CLONE_FLAGS,
            "uid" Uint32 Dec, "gid" Uint32 Dec
        )
        "Makes a new process; seen in the parent with its number and in the child with 0 (only in old captures).";
    184 VFORK_E "vfork" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process that borrows the parent's memory; seen in the parent with its number and in the child with 0 (only in old captures).";
    185 VFORK_X "vfork" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Pid Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Int64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "flags" Flags32 Hex @CLONE_FLAGS,
            "uid" Uint32 Dec, "gid" Uint32 Dec
        )
        "Makes a new process that borrows the parent's memory; seen in the parent with its number and in the child with 0 (only in old captures).";
    186 PROCEXIT_1_E "procexit" Process Tracepoint [MODIFIES_STATE] ProcExit on=EXIT
        (
            "status" Errno Dec = EXIT_CODE, "ret" Errno Dec = exit_code(8, 0xff),
            "sig" Sigtype Dec = exit_code(0, 0x7f), "core" Uint8 Dec = exit_code(7, 1),
            "reaper_tid" Pid Dec = special(Special::Reaper)
        )
        "A thread ends.";
    187 PROCEXIT_1_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    188 SENDFILE_E "sendfile" IoWrite Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("out_fd" Fd Dec, "in_fd" Fd Dec, "offset" Uint64 Dec, "size" Uint64 Dec)
        "Entry: copies from one descriptor to another inside the kernel (only in old captures).";
    189 SENDFILE_X "sendfile" IoWrite Syscall [USES_FD CONVERTER_MANAGED] Sendfile fd=2
        (
            "res" Errno Dec = RET, "offset" Uint64 Dec = word(2, 0), "out_fd" Fd Dec = fd(0),
            "in_fd" Fd Dec = fd(1), "size" Uint64 Dec = arg(3)
        )
        "Copies from one descriptor to another inside the kernel.";
    190 QUOTACTL_E "quotactl" User Syscall [OLD_VERSION CONVERTER_MANAGED] None
        (
            "cmd" Flags16 Dec @QUOTACTL_CMDS, "type" Flags8 Dec @QUOTACTL_TYPES, "id" Uint32 Dec,
            "quota_fmt" Flags8 Dec @QUOTACTL_QUOTA_FMTS
        )
        "Entry: works on disk quotas (only in old captures).";
    191 QUOTACTL_X "quotactl" User Syscall [CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "special" Charbuf Na = text(1),
            "quotafilepath" Charbuf Na = text(3).when(QUOTA_ON), "dqb_bhardlimit" Uint64 Dec = quota(0, 1),
            "dqb_bsoftlimit" Uint64 Dec = quota(8, 1), "dqb_curspace" Uint64 Dec = quota(16, 2),
            "dqb_ihardlimit" Uint64 Dec = quota(24, 4), "dqb_isoftlimit" Uint64 Dec = quota(32, 4),
            "dqb_btime" Reltime Dec = quota(48, 16), "dqb_itime" Reltime Dec = quota(56, 32),
            "dqi_bgrace" Reltime Dec = quota_info(0, Int::U64, 1),
            "dqi_igrace" Reltime Dec = quota_info(8, Int::U64, 2),
            "dqi_flags" Flags8 Dec @QUOTACTL_DQI_FLAGS = quota_info(16, Int::U32, 4),
            "quota_fmt_out" Flags8 Dec @QUOTACTL_QUOTA_FMTS = QUOTA_FORMAT_OUT,
            "cmd" Flags16 Dec @QUOTACTL_CMDS = flags(0, &maps::QUOTA_COMMAND),
            "type" Flags8 Dec @QUOTACTL_TYPES = flags(0, &maps::QUOTA_TYPE), "id" Uint32 Dec = QUOTA_ID_ARG,
            "quota_fmt" Flags8 Dec @QUOTACTL_QUOTA_FMTS = QUOTA_FORMAT
        )
        "Works on disk quotas.";
    192 SETRESUID_E "setresuid" User Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("ruid" Uid Dec, "euid" Uid Dec, "suid" Uid Dec)
        "Entry: sets real, effective and saved user (only in old captures).";
    193 SETRESUID_X "setresuid" User Syscall [MODIFIES_STATE CONVERTER_MANAGED] Setuid
        (
            "res" Errno Dec = RET, "ruid" Uid Dec = u32_arg(0), "euid" Uid Dec = u32_arg(1),
            "suid" Uid Dec = u32_arg(2)
        )
        "Sets real, effective and saved user.";
    194 SETRESGID_E "setresgid" User Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("rgid" Gid Dec, "egid" Gid Dec, "sgid" Gid Dec)
        "Entry: sets real, effective and saved group (only in old captures).";
    195 SETRESGID_X "setresgid" User Syscall [MODIFIES_STATE CONVERTER_MANAGED] Setgid
        (
            "res" Errno Dec = RET, "rgid" Gid Dec = u32_arg(0), "egid" Gid Dec = u32_arg(1),
            "sgid" Gid Dec = u32_arg(2)
        )
        "Sets real, effective and saved group.";
    196 SCAPEVENT_E "scapevent" Internal Meta [SKIP_PARSE_RESET] None
        ("event_type" Uint32 Dec, "event_data" Uint64 Dec)
        "A mark of the capture machinery.";
    197 SCAPEVENT_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    198 SETUID_E "setuid" User Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("uid" Uid Dec)
        "Entry: sets the user of the process (only in old captures).";
    199 SETUID_X "setuid" User Syscall [MODIFIES_STATE CONVERTER_MANAGED] Setuid
        ("res" Errno Dec = RET, "uid" Uid Dec = u32_arg(0))
        "Sets the user of the process.";
    200 SETGID_E "setgid" User Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("gid" Gid Dec)
        "Entry: sets the group of the process (only in old captures).";
    201 SETGID_X "setgid" User Syscall [MODIFIES_STATE CONVERTER_MANAGED] Setgid
        ("res" Errno Dec = RET, "gid" Gid Dec = u32_arg(0))
        "Sets the group of the process.";
    202 GETUID_E "getuid" User Syscall [OLD_VERSION] None
        ()
        "Entry: returns the real user (only in old captures).";
    203 GETUID_X "getuid" User Syscall [] None
        ("uid" Uid Dec = RET)
        "Returns the real user.";
    204 GETEUID_E "geteuid" User Syscall [OLD_VERSION] None
        ()
        "Entry: returns the effective user (only in old captures).";
    205 GETEUID_X "geteuid" User Syscall [] None
        ("euid" Uid Dec = RET)
        "Returns the effective user.";
    206 GETGID_E "getgid" User Syscall [OLD_VERSION] None
        ()
        "Entry: returns the real group (only in old captures).";
    207 GETGID_X "getgid" User Syscall [] None
        ("gid" Gid Dec = RET)
        "Returns the real group.";
    208 GETEGID_E "getegid" User Syscall [OLD_VERSION] None
        ()
        "Entry: returns the effective group (only in old captures).";
    209 GETEGID_X "getegid" User Syscall [] None
        ("egid" Gid Dec = RET)
        "Returns the effective group.";
    210 GETRESUID_E "getresuid" User Syscall [OLD_VERSION] None
        ()
        "Entry: returns the real, effective and saved user (only in old captures).";
    211 GETRESUID_X "getresuid" User Syscall [] None
        (
            "res" Errno Dec = RET, "ruid" Uid Dec = member(0, 0, Int::U32),
            "euid" Uid Dec = member(1, 0, Int::U32), "suid" Uid Dec = member(2, 0, Int::U32)
        )
        "Returns the real, effective and saved user.";
    212 GETRESGID_E "getresgid" User Syscall [OLD_VERSION] None
        ()
        "Entry: returns the real, effective and saved group (only in old captures).";
    213 GETRESGID_X "getresgid" User Syscall [] None
        (
            "res" Errno Dec = RET, "rgid" Gid Dec = member(0, 0, Int::U32),
            "egid" Gid Dec = member(1, 0, Int::U32), "sgid" Gid Dec = member(2, 0, Int::U32)
        )
        "Returns the real, effective and saved group.";
    214 EXECVE_15_E "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ()
        "Entry: replaces the program of a process (only in old captures).";
    215 EXECVE_15_X "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Errno Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Uint64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "comm" Charbuf Na, "env" Bytebuf Na
        )
        "Replaces the program of a process (only in old captures).";
    216 CLONE_17_E "clone" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process or thread; seen in the parent with its number and in the child with 0 (only in old captures).";
    217 CLONE_17_X "clone" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Pid Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Int64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "comm" Charbuf Na,
            "flags" Flags32 Hex @CLONE_FLAGS, "uid" Uint32 Dec, "gid" Uint32 Dec
        )
        "Makes a new process or thread; seen in the parent with its number and in the child with 0 (only in old captures).";
    218 FORK_17_E "fork" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process; seen in the parent with its number and in the child with 0 (only in old captures).";
    219 FORK_17_X "fork" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Pid Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Int64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "comm" Charbuf Na,
            "flags" Flags32 Hex @CLONE_FLAGS, "uid" Uint32 Dec, "gid" Uint32 Dec
        )
        "Makes a new process; seen in the parent with its number and in the child with 0 (only in old captures).";
    220 VFORK_17_E "vfork" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process that borrows the parent's memory; seen in the parent with its number and in the child with 0 (only in old captures).";
    221 VFORK_17_X "vfork" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Pid Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Int64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "comm" Charbuf Na,
            "flags" Flags32 Hex @CLONE_FLAGS, "uid" Uint32 Dec, "gid" Uint32 Dec
        )
        "Makes a new process that borrows the parent's memory; seen in the parent with its number and in the child with 0 (only in old captures).";
    222 CLONE_20_E "clone" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process or thread; seen in the parent with its number and in the child with 0 (only in old captures).";
    223 CLONE_20_X "clone" Process Syscall [MODIFIES_STATE CONVERTER_MANAGED] Clone on=CLONE
        (
            "res" Pid Dec = RET, "exe" Charbuf Na = CLONE_EXE, "args" Bytebuf Na = CLONE_ARGS,
            "tid" Pid Dec = task(TaskFact::Tid), "pid" Pid Dec = task(TaskFact::Pid),
            "ptid" Pid Dec = task(TaskFact::ParentTid), "cwd" Charbuf Na = EMPTY,
            "fdlimit" Int64 Dec = task(TaskFact::FdLimit),
            "pgft_maj" Uint64 Dec = current(TaskFact::MajorFaults),
            "pgft_min" Uint64 Dec = current(TaskFact::MinorFaults),
            "vm_size" Uint32 Dec = task(TaskFact::VmSize), "vm_rss" Uint32 Dec = task(TaskFact::VmRss),
            "vm_swap" Uint32 Dec = task(TaskFact::VmSwap), "comm" Charbuf Na = COMM,
            "cgroups" Bytebuf Na = CGROUPS, "flags" Flags32 Hex @CLONE_FLAGS = CLONE_FLAGS_ARG,
            "uid" Uint32 Dec = task(TaskFact::Euid), "gid" Uint32 Dec = task(TaskFact::Egid),
            "vtid" Pid Dec = task(TaskFact::Vtid), "vpid" Pid Dec = task(TaskFact::Vpid),
            "pidns_init_start_ts" Uint64 Dec = PIDNS_START
        )
        "Makes a new process or thread; seen in the parent with its number and in the child with 0.";
    224 FORK_20_E "fork" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process; seen in the parent with its number and in the child with 0 (only in old captures).";
    225 FORK_20_X "fork" Process Syscall [MODIFIES_STATE CONVERTER_MANAGED] Clone on=FORK
        (
            "res" Pid Dec = RET, "exe" Charbuf Na = CLONE_EXE, "args" Bytebuf Na = CLONE_ARGS,
            "tid" Pid Dec = task(TaskFact::Tid), "pid" Pid Dec = task(TaskFact::Pid),
            "ptid" Pid Dec = task(TaskFact::ParentTid), "cwd" Charbuf Na = EMPTY,
            "fdlimit" Int64 Dec = task(TaskFact::FdLimit),
            "pgft_maj" Uint64 Dec = current(TaskFact::MajorFaults),
            "pgft_min" Uint64 Dec = current(TaskFact::MinorFaults),
            "vm_size" Uint32 Dec = task(TaskFact::VmSize), "vm_rss" Uint32 Dec = task(TaskFact::VmRss),
            "vm_swap" Uint32 Dec = task(TaskFact::VmSwap), "comm" Charbuf Na = COMM,
            "cgroups" Bytebuf Na = CGROUPS, "flags" Flags32 Hex @CLONE_FLAGS = FORK_FLAGS,
            "uid" Uint32 Dec = task(TaskFact::Euid), "gid" Uint32 Dec = task(TaskFact::Egid),
            "vtid" Pid Dec = task(TaskFact::Vtid), "vpid" Pid Dec = task(TaskFact::Vpid),
            "pidns_init_start_ts" Uint64 Dec = PIDNS_START
        )
        "Makes a new process; seen in the parent with its number and in the child with 0.";
    226 VFORK_20_E "vfork" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process that borrows the parent's memory; seen in the parent with its number and in the child with 0 (only in old captures).";
    227 VFORK_20_X "vfork" Process Syscall [MODIFIES_STATE CONVERTER_MANAGED] Clone on=FORK
        (
            "res" Pid Dec = RET, "exe" Charbuf Na = CLONE_EXE, "args" Bytebuf Na = CLONE_ARGS,
            "tid" Pid Dec = task(TaskFact::Tid), "pid" Pid Dec = task(TaskFact::Pid),
            "ptid" Pid Dec = task(TaskFact::ParentTid), "cwd" Charbuf Na = EMPTY,
            "fdlimit" Int64 Dec = task(TaskFact::FdLimit),
            "pgft_maj" Uint64 Dec = current(TaskFact::MajorFaults),
            "pgft_min" Uint64 Dec = current(TaskFact::MinorFaults),
            "vm_size" Uint32 Dec = task(TaskFact::VmSize), "vm_rss" Uint32 Dec = task(TaskFact::VmRss),
            "vm_swap" Uint32 Dec = task(TaskFact::VmSwap), "comm" Charbuf Na = COMM,
            "cgroups" Bytebuf Na = CGROUPS, "flags" Flags32 Hex @CLONE_FLAGS = FORK_FLAGS,
            "uid" Uint32 Dec = task(TaskFact::Euid), "gid" Uint32 Dec = task(TaskFact::Egid),
            "vtid" Pid Dec = task(TaskFact::Vtid), "vpid" Pid Dec = task(TaskFact::Vpid),
            "pidns_init_start_ts" Uint64 Dec = PIDNS_START
        )
        "Makes a new process that borrows the parent's memory; seen in the parent with its number and in the child with 0.";
    228 CONTAINER_E "container" Internal Meta [MODIFIES_STATE SKIP_PARSE_RESET OLD_VERSION CONVERTER_MANAGED] None
        ("id" Charbuf Na, "type" Uint32 Dec, "name" Charbuf Na, "image" Charbuf Na)
        "Tells the metadata of a container (only in old captures).";
    229 CONTAINER_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    230 EXECVE_16_E "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ()
        "Entry: replaces the program of a process (only in old captures).";
    231 EXECVE_16_X "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Errno Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Uint64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "comm" Charbuf Na,
            "cgroups" Bytebuf Na, "env" Bytebuf Na
        )
        "Replaces the program of a process (only in old captures).";
    232 SIGNALDELIVER_E "signaldeliver" Signal Tracepoint [] None on=SIGNAL
        (
            "spid" Pid Dec = special(Special::SignalSender), "dpid" Pid Dec = current(TaskFact::Tid),
            "sig" Sigtype Dec = arg(0)
        )
        "A signal reaches its receiver.";
    233 SIGNALDELIVER_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    234 PROCINFO_E "procinfo" Internal Meta [SKIP_PARSE_RESET] Procinfo
        ("cpu_usr" Uint64 Dec, "cpu_sys" Uint64 Dec)
        "Processor time of a thread, emitted periodically.";
    235 PROCINFO_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    236 GETDENTS_E "getdents" File Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Na)
        "Entry: reads entries of a directory (only in old captures).";
    237 GETDENTS_X "getdents" File Syscall [USES_FD CONVERTER_MANAGED] None fd=1
        ("res" Errno Dec = RET, "fd" Fd Na = fd(0))
        "Reads entries of a directory.";
    238 GETDENTS64_E "getdents64" File Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Na)
        "Entry: reads entries of a directory (only in old captures).";
    239 GETDENTS64_X "getdents64" File Syscall [USES_FD CONVERTER_MANAGED] None fd=1
        ("res" Errno Dec = RET, "fd" Fd Na = fd(0))
        "Reads entries of a directory.";
    240 SETNS_E "setns" Process Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Na, "nstype" Flags32 Hex @CLONE_FLAGS)
        "Entry: joins a namespace (only in old captures).";
    241 SETNS_X "setns" Process Syscall [USES_FD CONVERTER_MANAGED] Unshare fd=1
        ("res" Errno Dec = RET, "fd" Fd Na = fd(0), "nstype" Flags32 Hex @CLONE_FLAGS = flags(1, &maps::CLONE))
        "Joins a namespace.";
    242 FLOCK_E "flock" File Syscall [USES_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fd" Fd Na, "operation" Flags32 Hex @FLOCK_FLAGS)
        "Entry: locks or unlocks an open file (only in old captures).";
    243 FLOCK_X "flock" File Syscall [USES_FD CONVERTER_MANAGED] None fd=1
        ("res" Errno Dec = RET, "fd" Fd Na = fd(0), "operation" Flags32 Hex @FLOCK_FLAGS = flags(1, &maps::FLOCK))
        "Locks or unlocks an open file.";
    244 CPU_HOTPLUG_E "cpu_hotplug" System Meta [MODIFIES_STATE SKIP_PARSE_RESET] None on=PROBE
        ("cpu" Uint32 Dec = special(Special::Cpu), "action" Uint32 Dec = number(0))
        "A processor came or went.";
    245 CPU_HOTPLUG_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    246 ACCEPT_5_E "accept" Net Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: takes a connection from the queue of a listening socket (only in old captures).";
    247 ACCEPT_5_X "accept" Net Syscall [CREATES_FD MODIFIES_STATE] Accept
        (
            "fd" Fd Dec = RET, "tuple" Socktuple Na = ACCEPTED,
            "queuepct" Uint8 Dec = listening(FileFact::BacklogPercent),
            "queuelen" Uint32 Dec = listening(FileFact::Backlog),
            "queuemax" Uint32 Dec = listening(FileFact::MaxBacklog)
        )
        "Takes a connection from the queue of a listening socket.";
    248 ACCEPT4_5_E "accept" Net Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("flags" Int32 Hex)
        "Entry: takes a connection from the queue of a listening socket (only in old captures).";
    249 ACCEPT4_5_X "accept" Net Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "fd" Fd Dec, "tuple" Socktuple Na, "queuepct" Uint8 Dec, "queuelen" Uint32 Dec,
            "queuemax" Uint32 Dec
        )
        "Takes a connection from the queue of a listening socket (only in old captures).";
    250 SEMOP_E "semop" Process Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("semid" Int32 Dec)
        "Entry: works on semaphores (only in old captures).";
    251 SEMOP_X "semop" Process Syscall [CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "nsops" Uint32 Dec = u32_arg(2),
            "sem_num_0" Uint16 Dec = semop(0, 0, Int::U16), "sem_op_0" Int16 Dec = semop(0, 2, Int::S16),
            "sem_flg_0" Flags16 Hex @SEMOP_FLAGS = semop_flags(0),
            "sem_num_1" Uint16 Dec = semop(1, 0, Int::U16), "sem_op_1" Int16 Dec = semop(1, 2, Int::S16),
            "sem_flg_1" Flags16 Hex @SEMOP_FLAGS = semop_flags(1), "semid" Int32 Dec = s32_arg(0)
        )
        "Works on semaphores.";
    252 SEMCTL_E "semctl" Process Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("semid" Int32 Dec, "semnum" Int32 Dec, "cmd" Flags16 Hex @SEMCTL_COMMANDS, "val" Int32 Dec)
        "Entry: controls a set of semaphores (only in old captures).";
    253 SEMCTL_X "semctl" Process Syscall [CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "semid" Int32 Dec = s32_arg(0), "semnum" Int32 Dec = s32_arg(1),
            "cmd" Flags16 Hex @SEMCTL_COMMANDS = flags(2, &maps::SEMCTL),
            "val" Int32 Dec = s32_arg(3).when(SETVAL).or(0)
        )
        "Controls a set of semaphores.";
    254 PPOLL_E "ppoll" Wait Syscall [WAITS OLD_VERSION CONVERTER_MANAGED] None
        ("fds" Fdlist Dec, "timeout" Reltime Dec, "sigmask" Sigset Dec)
        "Entry: waits for descriptors to become ready, with a signal mask (only in old captures).";
    255 PPOLL_X "ppoll" Wait Syscall [WAITS CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "fds" Fdlist Dec = POLLFDS, "timeout" Reltime Dec = timespec(2),
            "sigmask" Sigset Dec = member(3, 0, Int::U32)
        )
        "Waits for descriptors to become ready, with a signal mask.";
    256 MOUNT_E "mount" File Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("flags" Flags32 Hex @MOUNT_FLAGS)
        "Entry: mounts a file system (only in old captures).";
    257 MOUNT_X "mount" File Syscall [MODIFIES_STATE CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "dev" Charbuf Na = text(0), "dir" Fspath Na = text(1),
            "type" Charbuf Na = long_text(2), "flags" Flags32 Hex @MOUNT_FLAGS = special(Special::MountFlags)
        )
        "Mounts a file system.";
    258 UMOUNT_E "umount" File Syscall [MODIFIES_STATE OLD_VERSION] None
        ("flags" Flags32 Hex @UMOUNT_FLAGS)
        "Entry: unmounts a file system (only in old captures).";
    259 UMOUNT_X "umount" File Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("res" Errno Dec, "name" Fspath Na)
        "Unmounts a file system (only in old captures).";
    260 K8S_E "k8s" Internal Meta [MODIFIES_STATE SKIP_PARSE_RESET OLD_VERSION] None
        ("json" Charbuf Na)
        "Tells metadata of Kubernetes (only in old captures).";
    261 K8S_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    262 SEMGET_E "semget" Process Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("key" Int32 Hex, "nsems" Int32 Dec, "semflg" Flags32 Hex @SEMGET_FLAGS)
        "Entry: finds or makes a set of semaphores (only in old captures).";
    263 SEMGET_X "semget" Process Syscall [CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "key" Int32 Hex = s32_arg(0), "nsems" Int32 Dec = s32_arg(1),
            "semflg" Flags32 Hex @SEMGET_FLAGS = flags(2, &maps::SEMGET)
        )
        "Finds or makes a set of semaphores.";
    264 ACCESS_E "access" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("mode" Flags32 Hex @ACCESS_FLAGS)
        "Entry: checks whether the caller may use a file (only in old captures).";
    265 ACCESS_X "access" File Syscall [CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "name" Fspath Na = text(0),
            "mode" Flags32 Hex @ACCESS_FLAGS = flags(1, &maps::ACCESS)
        )
        "Checks whether the caller may use a file.";
    266 CHROOT_E "chroot" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: changes the root directory (only in old captures).";
    267 CHROOT_X "chroot" Process Syscall [MODIFIES_STATE] Chroot
        ("res" Errno Dec = RET, "path" Fspath Na = text(0))
        "Changes the root directory.";
    268 TRACER_E "tracer" Other Meta [OLD_VERSION] None
        ("id" Int64 Dec, "tags" Charbufarray Na, "args" CharbufPairArray Na)
        "A user-defined trace mark (only in old captures).";
    269 TRACER_X "NA" Unknown Unknown [UNUSED] None
        ("id" Int64 Dec, "tags" Charbufarray Na, "args" CharbufPairArray Na)
        "Never produced: fills the pair.";
    270 MESOS_E "mesos" Internal Meta [MODIFIES_STATE SKIP_PARSE_RESET OLD_VERSION] None
        ("json" Charbuf Na)
        "Tells metadata of Mesos (only in old captures).";
    271 MESOS_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    272 CONTAINER_JSON_E "container" Process Meta [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("json" Charbuf Na)
        "Tells the metadata of a container (only in old captures).";
    273 CONTAINER_JSON_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    274 SETSID_E "setsid" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes the process the leader of a new session (only in old captures).";
    275 SETSID_X "setsid" Process Syscall [MODIFIES_STATE] Setsid
        ("res" Pid Dec = RET)
        "Makes the process the leader of a new session.";
    276 MKDIR_2_E "mkdir" File Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("mode" Uint32 Hex)
        "Entry: makes a directory (only in old captures).";
    277 MKDIR_2_X "mkdir" File Syscall [CONVERTER_MANAGED] None
        ("res" Errno Dec = RET, "path" Fspath Na = text(0), "mode" Uint32 Hex = u32_arg(1))
        "Makes a directory.";
    278 RMDIR_2_E "rmdir" File Syscall [OLD_VERSION] None
        ()
        "Entry: removes an empty directory (only in old captures).";
    279 RMDIR_2_X "rmdir" File Syscall [] None
        ("res" Errno Dec = RET, "path" Fspath Na = text(0))
        "Removes an empty directory.";
    280 NOTIFICATION_E "notification" Other Meta [SKIP_PARSE_RESET] None
        ("id" Charbuf Dec, "desc" Charbuf Na)
        "A notice of the collecting side, not of the kernel.";
    281 NOTIFICATION_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    282 EXECVE_17_E "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ()
        "Entry: replaces the program of a process (only in old captures).";
    283 EXECVE_17_X "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Errno Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Uint64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "comm" Charbuf Na,
            "cgroups" Bytebuf Na, "env" Bytebuf Na, "tty" Int32 Dec
        )
        "Replaces the program of a process (only in old captures).";
    284 UNSHARE_E "unshare" Process Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("flags" Flags32 Hex @CLONE_FLAGS)
        "Entry: leaves shared namespaces or resources (only in old captures).";
    285 UNSHARE_X "unshare" Process Syscall [CONVERTER_MANAGED] Unshare
        ("res" Errno Dec = RET, "flags" Flags32 Hex @CLONE_FLAGS = flags(0, &maps::CLONE))
        "Leaves shared namespaces or resources.";
    286 INFRASTRUCTURE_EVENT_E "infra" Internal Meta [SKIP_PARSE_RESET] None
        ("source" Charbuf Dec, "name" Charbuf Na, "description" Charbuf Na, "scope" Charbuf Na)
        "An event of the surrounding infrastructure, e.g. the container daemon.";
    287 INFRASTRUCTURE_EVENT_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    288 EXECVE_18_E "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("filename" Fspath Na)
        "Entry: replaces the program of a process (only in old captures).";
    289 EXECVE_18_X "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        (
            "res" Errno Dec, "exe" Charbuf Na, "args" Bytebuf Na, "tid" Pid Dec, "pid" Pid Dec, "ptid" Pid Dec,
            "cwd" Charbuf Na, "fdlimit" Uint64 Dec, "pgft_maj" Uint64 Dec, "pgft_min" Uint64 Dec,
            "vm_size" Uint32 Dec, "vm_rss" Uint32 Dec, "vm_swap" Uint32 Dec, "comm" Charbuf Na,
            "cgroups" Bytebuf Na, "env" Bytebuf Na, "tty" Int32 Dec
        )
        "Replaces the program of a process (only in old captures).";
    290 PAGE_FAULT_E "page_fault" Other Tracepoint [SKIP_PARSE_RESET] None on=PAGE_FAULT
        (
            "addr" Uint64 Hex = arg(0), "ip" Uint64 Hex = special(Special::FaultIp),
            "error" Flags32 Hex @PF_FLAGS = flags(2, &maps::PAGE_FAULT)
        )
        "A page fault, in user or in kernel mode.";
    291 PAGE_FAULT_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    292 EXECVE_19_E "execve" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] StoreEnter
        ("filename" Fspath Na)
        "Entry: replaces the program of a process (only in old captures).";
    293 EXECVE_19_X "execve" Process Syscall [MODIFIES_STATE CONVERTER_MANAGED] Execve on=EXEC
        (
            "res" Errno Dec = RET, "exe" Charbuf Na = EXEC_EXE, "args" Bytebuf Na = EXEC_ARGS,
            "tid" Pid Dec = task(TaskFact::Tid), "pid" Pid Dec = task(TaskFact::Pid),
            "ptid" Pid Dec = task(TaskFact::ParentTid), "cwd" Charbuf Na = EMPTY,
            "fdlimit" Uint64 Dec = task(TaskFact::FdLimit), "pgft_maj" Uint64 Dec = task(TaskFact::MajorFaults),
            "pgft_min" Uint64 Dec = task(TaskFact::MinorFaults), "vm_size" Uint32 Dec = task(TaskFact::VmSize),
            "vm_rss" Uint32 Dec = task(TaskFact::VmRss), "vm_swap" Uint32 Dec = task(TaskFact::VmSwap),
            "comm" Charbuf Na = COMM, "cgroups" Bytebuf Na = CGROUPS, "env" Bytebuf Na = EXEC_ENV,
            "tty" Uint32 Dec = task(TaskFact::Tty), "vpgid" Pid Dec = task(TaskFact::Vpgid),
            "loginuid" Uid Dec = task(TaskFact::LoginUid),
            "flags" Flags32 Hex @EXECVE_FLAGS = task(TaskFact::ExeFlags),
            "cap_inheritable" Uint64 Hex = task(TaskFact::CapInheritable),
            "cap_permitted" Uint64 Hex = task(TaskFact::CapPermitted),
            "cap_effective" Uint64 Hex = task(TaskFact::CapEffective),
            "exe_ino" Uint64 Dec = task(TaskFact::ExeInode),
            "exe_ino_ctime" Abstime Dec = task(TaskFact::ExeCtime),
            "exe_ino_mtime" Abstime Dec = task(TaskFact::ExeMtime), "uid" Uid Dec = task(TaskFact::Euid),
            "trusted_exepath" Fspath Na = EXE_PATH, "pgid" Pid Na = task(TaskFact::Pgid),
            "gid" Gid Dec = task(TaskFact::Egid), "filename" Fspath Na = EXEC_NAME
        )
        "Replaces the program of a process.";
    294 SETPGID_E "setpgid" Process Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("pid" Pid Dec, "pgid" Pid Dec)
        "Entry: sets the process group (only in old captures).";
    295 SETPGID_X "setpgid" Process Syscall [CONVERTER_MANAGED] None
        ("res" Errno Dec = RET, "pid" Pid Dec = pid(0), "pgid" Pid Dec = pid(1))
        "Sets the process group.";
    296 BPF_E "bpf" Other Syscall [CREATES_FD OLD_VERSION CONVERTER_MANAGED] None
        ("cmd" Int64 Dec)
        "Entry: works on BPF programs and maps; some commands return a descriptor (only in old captures).";
    297 BPF_X "bpf" Other Syscall [CREATES_FD OLD_VERSION CONVERTER_MANAGED] None
        ("res_or_fd" Dyn Dec dyn=BPF)
        "Works on BPF programs and maps; some commands return a descriptor (only in old captures).";
    298 SECCOMP_E "seccomp" Other Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("op" Uint64 Dec, "flags" Uint64 Hex)
        "Entry: restricts the system calls of the process (only in old captures).";
    299 SECCOMP_X "seccomp" Other Syscall [CONVERTER_MANAGED] None
        ("res" Errno Dec = RET, "op" Uint64 Dec = arg(0), "flags" Uint64 Hex = u32_arg(1))
        "Restricts the system calls of the process.";
    300 UNLINK_2_E "unlink" File Syscall [OLD_VERSION] None
        ()
        "Entry: removes a file (only in old captures).";
    301 UNLINK_2_X "unlink" File Syscall [] None
        ("res" Errno Dec = RET, "path" Fspath Na = text(0))
        "Removes a file.";
    302 UNLINKAT_2_E "unlinkat" File Syscall [OLD_VERSION] None
        ()
        "Entry: removes a file or directory found from a directory descriptor (only in old captures).";
    303 UNLINKAT_2_X "unlinkat" File Syscall [USES_FD] None fd=1
        (
            "res" Errno Dec = RET, "dirfd" Fd Dec = fd(0), "name" Fsrelpath Na dirfd=1 = text(1),
            "flags" Flags32 Hex @UNLINKAT_FLAGS = flags(2, &maps::UNLINKAT)
        )
        "Removes a file or directory found from a directory descriptor.";
    304 MKDIRAT_E "mkdirat" File Syscall [OLD_VERSION] None
        ()
        "Entry: makes a directory found from a directory descriptor (only in old captures).";
    305 MKDIRAT_X "mkdirat" File Syscall [USES_FD] None fd=1
        (
            "res" Errno Dec = RET, "dirfd" Fd Dec = fd(0), "path" Fsrelpath Na dirfd=1 = text(1),
            "mode" Uint32 Hex = u32_arg(2)
        )
        "Makes a directory found from a directory descriptor.";
    306 OPENAT_2_E "openat" File Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] StoreEnter on=SYS_ENTER
        (
            "dirfd" Fd Dec = fd(0), "name" Fsrelpath Na dirfd=0 = text(1),
            "flags" Flags32 Hex @FILE_FLAGS = flags(2, &maps::OPEN), "mode" Uint32 Oct = open_mode(3, CREATING_2)
        )
        "Entry: opens a file found from a directory descriptor.";
    307 OPENAT_2_X "openat" File Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] Open
        (
            "fd" Fd Dec = RET, "dirfd" Fd Dec = fd(0), "name" Fsrelpath Na dirfd=1 = text(1),
            "flags" Flags32 Hex @FILE_FLAGS = open_flags(2), "mode" Uint32 Oct = open_mode(3, CREATING_2),
            "dev" Uint32 Hex = OPENED_DEVICE, "ino" Uint64 Dec = OPENED_INODE
        )
        "Opens a file found from a directory descriptor.";
    308 LINK_2_E "link" File Syscall [OLD_VERSION] None
        ()
        "Entry: makes a hard link (only in old captures).";
    309 LINK_2_X "link" File Syscall [] None
        ("res" Errno Dec = RET, "oldpath" Fspath Na = text(0), "newpath" Fspath Na = text(1))
        "Makes a hard link.";
    310 LINKAT_2_E "linkat" File Syscall [OLD_VERSION] None
        ()
        "Entry: makes a hard link, paths found from directory descriptors (only in old captures).";
    311 LINKAT_2_X "linkat" File Syscall [] None
        (
            "res" Errno Dec = RET, "olddir" Fd Dec = fd(0), "oldpath" Fsrelpath Na dirfd=1 = text(1),
            "newdir" Fd Dec = fd(2), "newpath" Fsrelpath Na dirfd=3 = text(3),
            "flags" Flags32 Hex @LINKAT_FLAGS = flags(4, &maps::LINKAT)
        )
        "Makes a hard link, paths found from directory descriptors.";
    312 FCHMODAT_E "fchmodat" File Syscall [OLD_VERSION] None
        ()
        "Entry: changes the mode bits of a file found from a directory descriptor (only in old captures).";
    313 FCHMODAT_X "fchmodat" File Syscall [USES_FD] None fd=1
        (
            "res" Errno Dec = RET, "dirfd" Fd Dec = fd(0), "filename" Fsrelpath Na dirfd=1 = text(1),
            "mode" Mode Oct @CHMOD_MODE = flags(2, &maps::MODE)
        )
        "Changes the mode bits of a file found from a directory descriptor.";
    314 CHMOD_E "chmod" File Syscall [OLD_VERSION] None
        ()
        "Entry: changes the mode bits of a file by path (only in old captures).";
    315 CHMOD_X "chmod" File Syscall [] None
        (
            "res" Errno Dec = RET, "filename" Fspath Na = text(0),
            "mode" Mode Oct @CHMOD_MODE = flags(1, &maps::MODE)
        )
        "Changes the mode bits of a file by path.";
    316 FCHMOD_E "fchmod" File Syscall [OLD_VERSION] None
        ()
        "Entry: changes the mode bits of an open file (only in old captures).";
    317 FCHMOD_X "fchmod" File Syscall [USES_FD] None fd=1
        ("res" Errno Dec = RET, "fd" Fd Dec = fd(0), "mode" Mode Oct @CHMOD_MODE = flags(1, &maps::MODE))
        "Changes the mode bits of an open file.";
    318 RENAMEAT2_E "renameat2" File Syscall [OLD_VERSION] None
        ()
        "Entry: renames a file, paths found from directory descriptors, with flags (only in old captures).";
    319 RENAMEAT2_X "renameat2" File Syscall [] None
        (
            "res" Errno Dec = RET, "olddirfd" Fd Dec = fd(0), "oldpath" Fsrelpath Na dirfd=1 = text(1),
            "newdirfd" Fd Dec = fd(2), "newpath" Fsrelpath Na dirfd=3 = text(3),
            "flags" Flags32 Hex @RENAMEAT2_FLAGS = u32_arg(4)
        )
        "Renames a file, paths found from directory descriptors, with flags.";
    320 USERFAULTFD_E "userfaultfd" File Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: creates a descriptor that handles page faults in user space (only in old captures).";
    321 USERFAULTFD_X "userfaultfd" File Syscall [CREATES_FD MODIFIES_STATE] CreateFd
        ("res" Errno Dec = RET, "flags" Flags32 Hex @FILE_FLAGS = u32_arg(0))
        "Creates a descriptor that handles page faults in user space.";
    322 PLUGINEVENT_E "pluginevent" Other Plugin [LARGE_PAYLOAD] None
        ("plugin_id" Uint32 Dec, "event_data" Bytebuf Na)
        "An event of a plugin source, opaque to the engine.";
    323 PLUGINEVENT_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    324 CONTAINER_JSON_2_E "container" Process Meta [MODIFIES_STATE LARGE_PAYLOAD] Container
        ("json" Charbuf Na)
        "Tells the metadata of a container.";
    325 CONTAINER_JSON_2_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    326 OPENAT2_E "openat2" File Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] StoreEnter on=SYS_ENTER
        (
            "dirfd" Fd Dec = fd(0), "name" Fsrelpath Na dirfd=0 = text(1),
            "flags" Flags32 Hex @FILE_FLAGS = member_flags(2, 0, Int::U64, &maps::OPEN),
            "mode" Uint32 Oct = OPEN_HOW_MODE,
            "resolve" Flags32 Hex @OPENAT2_FLAGS = member_flags(2, 16, Int::U64, &maps::RESOLVE)
        )
        "Entry: opens a file found from a directory descriptor, with limits on how the path resolves.";
    327 OPENAT2_X "openat2" File Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] Open
        (
            "fd" Fd Dec = RET, "dirfd" Fd Dec = fd(0), "name" Fsrelpath Na dirfd=1 = text(1),
            "flags" Flags32 Hex @FILE_FLAGS = OPEN_HOW_FLAGS, "mode" Uint32 Oct = OPEN_HOW_MODE,
            "resolve" Flags32 Hex @OPENAT2_FLAGS = member_flags(2, 16, Int::U64, &maps::RESOLVE),
            "dev" Uint32 Hex = OPENED_DEVICE, "ino" Uint64 Dec = OPENED_INODE
        )
        "Opens a file found from a directory descriptor, with limits on how the path resolves.";
    328 MPROTECT_E "mprotect" Memory Syscall [OLD_VERSION CONVERTER_MANAGED] None
        ("addr" Uint64 Hex, "length" Uint64 Dec, "prot" Flags32 Hex @PROT_FLAGS)
        "Entry: changes the protection of memory (only in old captures).";
    329 MPROTECT_X "mprotect" Memory Syscall [CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "addr" Uint64 Hex = arg(0), "length" Uint64 Dec = arg(1),
            "prot" Flags32 Hex @PROT_FLAGS = flags(2, &maps::PROT)
        )
        "Changes the protection of memory.";
    330 EXECVEAT_E "execveat" Process Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] StoreEnter
        ("dirfd" Fd Dec, "pathname" Fsrelpath Na dirfd=0, "flags" Flags32 Hex @EXECVEAT_FLAGS)
        "Entry: replaces the program of a process, found from a directory descriptor (only in old captures).";
    331 EXECVEAT_X "execveat" Process Syscall [MODIFIES_STATE CONVERTER_MANAGED] Execve on=EXEC_FAILED
        (
            "res" Errno Dec = RET, "exe" Charbuf Na = EXECVEAT_EXE, "args" Bytebuf Na = EXECVEAT_ARGS,
            "tid" Pid Dec = task(TaskFact::Tid), "pid" Pid Dec = task(TaskFact::Pid),
            "ptid" Pid Dec = task(TaskFact::ParentTid), "cwd" Charbuf Na = EMPTY,
            "fdlimit" Uint64 Dec = task(TaskFact::FdLimit), "pgft_maj" Uint64 Dec = task(TaskFact::MajorFaults),
            "pgft_min" Uint64 Dec = task(TaskFact::MinorFaults), "vm_size" Uint32 Dec = task(TaskFact::VmSize),
            "vm_rss" Uint32 Dec = task(TaskFact::VmRss), "vm_swap" Uint32 Dec = task(TaskFact::VmSwap),
            "comm" Charbuf Na = COMM, "cgroups" Bytebuf Na = CGROUPS, "env" Bytebuf Na = EXECVEAT_ENV,
            "tty" Uint32 Dec = task(TaskFact::Tty), "vpgid" Pid Dec = task(TaskFact::Vpgid),
            "loginuid" Uid Dec = task(TaskFact::LoginUid),
            "flags" Flags32 Hex @EXECVE_FLAGS = task(TaskFact::ExeFlags),
            "cap_inheritable" Uint64 Hex = task(TaskFact::CapInheritable),
            "cap_permitted" Uint64 Hex = task(TaskFact::CapPermitted),
            "cap_effective" Uint64 Hex = task(TaskFact::CapEffective),
            "exe_ino" Uint64 Dec = task(TaskFact::ExeInode),
            "exe_ino_ctime" Abstime Dec = task(TaskFact::ExeCtime),
            "exe_ino_mtime" Abstime Dec = task(TaskFact::ExeMtime), "uid" Uid Dec = task(TaskFact::Euid),
            "trusted_exepath" Fspath Na = EXE_PATH, "pgid" Pid Na = task(TaskFact::Pgid),
            "gid" Gid Dec = task(TaskFact::Egid)
        )
        "Replaces the program of a process, found from a directory descriptor.";
    332 COPY_FILE_RANGE_E "copy_file_range" File Syscall [USES_FD READS_FROM_FD WRITES_TO_FD OLD_VERSION CONVERTER_MANAGED] None fd=0
        ("fdin" Fd Dec, "offin" Uint64 Dec, "len" Uint64 Dec)
        "Entry: copies bytes between two files inside the kernel (only in old captures).";
    333 COPY_FILE_RANGE_X "copy_file_range" File Syscall [USES_FD READS_FROM_FD WRITES_TO_FD CONVERTER_MANAGED] None fd=1
        (
            "res" Errno Dec = RET, "fdout" Fd Dec = fd(2), "offout" Uint64 Dec = arg(3), "fdin" Fd Dec = fd(0),
            "offin" Uint64 Dec = arg(1), "len" Uint64 Dec = arg(4)
        )
        "Copies bytes between two files inside the kernel.";
    334 CLONE3_E "clone3" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: makes a new process or thread; seen in the parent with its number and in the child with 0 (only in old captures).";
    335 CLONE3_X "clone3" Process Syscall [MODIFIES_STATE CONVERTER_MANAGED] Clone on=FORK
        (
            "res" Pid Dec = RET, "exe" Charbuf Na = CLONE_EXE, "args" Bytebuf Na = CLONE_ARGS,
            "tid" Pid Dec = task(TaskFact::Tid), "pid" Pid Dec = task(TaskFact::Pid),
            "ptid" Pid Dec = task(TaskFact::ParentTid), "cwd" Charbuf Na = EMPTY,
            "fdlimit" Int64 Dec = task(TaskFact::FdLimit),
            "pgft_maj" Uint64 Dec = current(TaskFact::MajorFaults),
            "pgft_min" Uint64 Dec = current(TaskFact::MinorFaults),
            "vm_size" Uint32 Dec = task(TaskFact::VmSize), "vm_rss" Uint32 Dec = task(TaskFact::VmRss),
            "vm_swap" Uint32 Dec = task(TaskFact::VmSwap), "comm" Charbuf Na = COMM,
            "cgroups" Bytebuf Na = CGROUPS, "flags" Flags32 Hex @CLONE_FLAGS = CLONE_ARGS_FLAGS,
            "uid" Uint32 Dec = task(TaskFact::Euid), "gid" Uint32 Dec = task(TaskFact::Egid),
            "vtid" Pid Dec = task(TaskFact::Vtid), "vpid" Pid Dec = task(TaskFact::Vpid),
            "pidns_init_start_ts" Uint64 Dec = PIDNS_START
        )
        "Makes a new process or thread; seen in the parent with its number and in the child with 0.";
    336 OPEN_BY_HANDLE_AT_E "open_by_handle_at" File Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: opens a file by its handle (only in old captures).";
    337 OPEN_BY_HANDLE_AT_X "open_by_handle_at" File Syscall [CREATES_FD MODIFIES_STATE] OpenByHandleAt
        (
            "fd" Fd Dec = RET, "mountfd" Fd Dec = fd(0), "flags" Flags32 Hex @FILE_FLAGS = open_flags(2),
            "path" Fspath Na = OPENED_PATH, "dev" Uint32 Hex = OPENED_DEVICE, "ino" Uint64 Dec = OPENED_INODE
        )
        "Opens a file by its handle.";
    338 IO_URING_SETUP_E "io_uring_setup" IoOther Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: creates an io_uring (only in old captures).";
    339 IO_URING_SETUP_X "io_uring_setup" IoOther Syscall [CREATES_FD MODIFIES_STATE] CreateFd
        (
            "res" Errno Dec = RET, "entries" Uint32 Dec = u32_arg(0),
            "sq_entries" Uint32 Dec = member(1, 0, Int::U32), "cq_entries" Uint32 Dec = member(1, 4, Int::U32),
            "flags" Flags32 Hex @IO_URING_SETUP_FLAGS = member_flags(1, 8, Int::U32, &maps::IO_URING_SETUP),
            "sq_thread_cpu" Uint32 Dec = member(1, 12, Int::U32),
            "sq_thread_idle" Uint32 Dec = member(1, 16, Int::U32),
            "features" Flags32 Hex @IO_URING_SETUP_FEATS = member_flags(1, 20, Int::U32, &maps::IO_URING_FEATURES)
        )
        "Creates an io_uring.";
    340 IO_URING_ENTER_E "io_uring_enter" IoOther Syscall [OLD_VERSION] None
        ()
        "Entry: submits requests to an io_uring or waits for completions (only in old captures).";
    341 IO_URING_ENTER_X "io_uring_enter" IoOther Syscall [USES_FD] None fd=1
        (
            "res" Errno Dec = RET, "fd" Fd Dec = fd(0), "to_submit" Uint32 Dec = u32_arg(1),
            "min_complete" Uint32 Dec = u32_arg(2),
            "flags" Flags32 Hex @IO_URING_ENTER_FLAGS = flags(3, &maps::IO_URING_ENTER),
            "sig" Sigset Dec = u32_arg(4)
        )
        "Submits requests to an io_uring or waits for completions.";
    342 IO_URING_REGISTER_E "io_uring_register" IoOther Syscall [OLD_VERSION] None
        ()
        "Entry: registers buffers, files or options with an io_uring (only in old captures).";
    343 IO_URING_REGISTER_X "io_uring_register" IoOther Syscall [USES_FD] None fd=1
        (
            "res" Errno Dec = RET, "fd" Fd Dec = fd(0),
            "opcode" Enumflags16 Dec @IO_URING_REGISTER_OPCODES = arg(1), "arg" Uint64 Hex = arg(2),
            "nr_args" Uint32 Dec = u32_arg(3)
        )
        "Registers buffers, files or options with an io_uring.";
    344 MLOCK_E "mlock" Memory Syscall [OLD_VERSION] None
        ()
        "Entry: locks pages in memory (only in old captures).";
    345 MLOCK_X "mlock" Memory Syscall [] None
        ("res" Errno Dec = RET, "addr" Uint64 Hex = arg(0), "len" Uint64 Dec = arg(1))
        "Locks pages in memory.";
    346 MUNLOCK_E "munlock" Memory Syscall [OLD_VERSION] None
        ()
        "Entry: unlocks pages (only in old captures).";
    347 MUNLOCK_X "munlock" Memory Syscall [] None
        ("res" Errno Dec = RET, "addr" Uint64 Hex = arg(0), "len" Uint64 Dec = arg(1))
        "Unlocks pages.";
    348 MLOCKALL_E "mlockall" Memory Syscall [OLD_VERSION] None
        ()
        "Entry: locks all pages of the process in memory (only in old captures).";
    349 MLOCKALL_X "mlockall" Memory Syscall [] None
        ("res" Errno Dec = RET, "flags" Flags32 Hex @MLOCKALL_FLAGS = flags(0, &maps::MLOCKALL))
        "Locks all pages of the process in memory.";
    350 MUNLOCKALL_E "munlockall" Memory Syscall [OLD_VERSION] None
        ()
        "Entry: unlocks all pages of the process (only in old captures).";
    351 MUNLOCKALL_X "munlockall" Memory Syscall [] None
        ("res" Errno Dec = RET)
        "Unlocks all pages of the process.";
    352 CAPSET_E "capset" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: sets the capabilities of a thread (only in old captures).";
    353 CAPSET_X "capset" Process Syscall [MODIFIES_STATE] Capset
        (
            "res" Errno Dec = RET, "cap_inheritable" Uint64 Hex = task(TaskFact::CapInheritable),
            "cap_permitted" Uint64 Hex = task(TaskFact::CapPermitted),
            "cap_effective" Uint64 Hex = task(TaskFact::CapEffective)
        )
        "Sets the capabilities of a thread.";
    354 USER_ADDED_E "useradded" Process Meta [MODIFIES_STATE] UserAdded
        (
            "uid" Uint32 Dec, "gid" Uint32 Dec, "name" Charbuf Na, "home" Charbuf Na, "shell" Charbuf Na,
            "container_id" Charbuf Na
        )
        "A user was seen for the first time.";
    355 USER_ADDED_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    356 USER_DELETED_E "userdeleted" Process Meta [MODIFIES_STATE] UserDeleted
        (
            "uid" Uint32 Dec, "gid" Uint32 Dec, "name" Charbuf Na, "home" Charbuf Na, "shell" Charbuf Na,
            "container_id" Charbuf Na
        )
        "A user vanished.";
    357 USER_DELETED_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    358 GROUP_ADDED_E "groupadded" Process Meta [MODIFIES_STATE] GroupAdded
        ("gid" Uint32 Dec, "name" Charbuf Na, "container_id" Charbuf Na)
        "A group was seen for the first time.";
    359 GROUP_ADDED_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    360 GROUP_DELETED_E "groupdeleted" Process Meta [MODIFIES_STATE] GroupDeleted
        ("gid" Uint32 Dec, "name" Charbuf Na, "container_id" Charbuf Na)
        "A group vanished.";
    361 GROUP_DELETED_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    362 DUP2_E "dup2" IoOther Syscall [CREATES_FD USES_FD MODIFIES_STATE OLD_VERSION] None fd=0
        ("fd" Fd Dec)
        "Entry: duplicates a descriptor onto a given number (only in old captures).";
    363 DUP2_X "dup2" IoOther Syscall [CREATES_FD USES_FD MODIFIES_STATE] Dup fd=1
        ("res" Fd Dec = RET32, "oldfd" Fd Dec = fd(0), "newfd" Fd Dec = fd(1))
        "Duplicates a descriptor onto a given number.";
    364 DUP3_E "dup3" IoOther Syscall [CREATES_FD USES_FD MODIFIES_STATE OLD_VERSION] None fd=0
        ("fd" Fd Dec)
        "Entry: duplicates a descriptor onto a given number, with flags (only in old captures).";
    365 DUP3_X "dup3" IoOther Syscall [CREATES_FD USES_FD MODIFIES_STATE] Dup fd=1
        (
            "res" Fd Dec = RET32, "oldfd" Fd Dec = fd(0), "newfd" Fd Dec = fd(1),
            "flags" Flags32 Hex @FILE_FLAGS = flags(2, &maps::DUP3)
        )
        "Duplicates a descriptor onto a given number, with flags.";
    366 DUP_1_E "dup" IoOther Syscall [CREATES_FD USES_FD MODIFIES_STATE OLD_VERSION] None fd=0
        ("fd" Fd Dec)
        "Entry: duplicates a descriptor (only in old captures).";
    367 DUP_1_X "dup" IoOther Syscall [CREATES_FD USES_FD MODIFIES_STATE] Dup fd=1
        ("res" Fd Dec = RET32, "oldfd" Fd Dec = fd(0))
        "Duplicates a descriptor.";
    368 BPF_2_E "bpf" Other Syscall [CREATES_FD OLD_VERSION] None
        ("cmd" Int64 Dec)
        "Entry: works on BPF programs and maps; some commands return a descriptor (only in old captures).";
    369 BPF_2_X "bpf" Other Syscall [CREATES_FD] CreateFd
        ("fd" Fd Dec = RET, "cmd" Enumflags32 Dec @BPF_COMMANDS = s32_arg(0))
        "Works on BPF programs and maps; some commands return a descriptor.";
    370 MLOCK2_E "mlock2" Memory Syscall [OLD_VERSION] None
        ()
        "Entry: locks pages in memory, with flags (only in old captures).";
    371 MLOCK2_X "mlock2" Memory Syscall [] None
        (
            "res" Errno Dec = RET, "addr" Uint64 Hex = arg(0), "len" Uint64 Dec = arg(1),
            "flags" Flags32 Hex @MLOCK2_FLAGS = flags(2, &maps::MLOCK2)
        )
        "Locks pages in memory, with flags.";
    372 FSCONFIG_E "fsconfig" System Syscall [OLD_VERSION] None
        ()
        "Entry: configures a file system context (only in old captures).";
    373 FSCONFIG_X "fsconfig" System Syscall [USES_FD] None fd=1
        (
            "res" Errno Dec = RET, "fd" Fd Dec = fd(0), "cmd" Enumflags32 Dec @FSCONFIG_CMDS = u32_arg(1),
            "key" Charbuf Na = long_text(2), "value_bytebuf" Bytebuf Na = bytes(3, 4).when(FSCONFIG_BINARY),
            "value_charbuf" Charbuf Na = text(3).when(FSCONFIG_TEXT), "aux" Int32 Dec = s32_arg(4)
        )
        "Configures a file system context.";
    374 EPOLL_CREATE_E "epoll_create" Wait Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("size" Int32 Dec)
        "Entry: creates an epoll instance (only in old captures).";
    375 EPOLL_CREATE_X "epoll_create" Wait Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] CreateFd
        ("res" Errno Dec = RET, "size" Int32 Dec = s32_arg(0))
        "Creates an epoll instance.";
    376 EPOLL_CREATE1_E "epoll_create1" Wait Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("flags" Flags32 Hex @EPOLL_CREATE1_FLAGS)
        "Entry: creates an epoll instance, with flags (only in old captures).";
    377 EPOLL_CREATE1_X "epoll_create1" Wait Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] CreateFd
        ("res" Errno Dec = RET, "flags" Flags32 Hex @EPOLL_CREATE1_FLAGS = flags(0, &maps::EPOLL_CREATE1))
        "Creates an epoll instance, with flags.";
    378 CHOWN_E "chown" File Syscall [OLD_VERSION] None
        ()
        "Entry: changes owner and group of a file by path (only in old captures).";
    379 CHOWN_X "chown" File Syscall [] None
        (
            "res" Errno Dec = RET, "path" Fspath Na = text(0), "uid" Uint32 Dec = u32_arg(1),
            "gid" Uint32 Dec = u32_arg(2)
        )
        "Changes owner and group of a file by path.";
    380 LCHOWN_E "lchown" File Syscall [OLD_VERSION] None
        ()
        "Entry: changes owner and group of a file without following a symbolic link (only in old captures).";
    381 LCHOWN_X "lchown" File Syscall [] None
        (
            "res" Errno Dec = RET, "path" Fspath Na = text(0), "uid" Uint32 Dec = u32_arg(1),
            "gid" Uint32 Dec = u32_arg(2)
        )
        "Changes owner and group of a file without following a symbolic link.";
    382 FCHOWN_E "fchown" File Syscall [OLD_VERSION] None
        ()
        "Entry: changes owner and group of an open file (only in old captures).";
    383 FCHOWN_X "fchown" File Syscall [USES_FD] None fd=1
        ("res" Errno Dec = RET, "fd" Fd Dec = fd(0), "uid" Uint32 Dec = u32_arg(1), "gid" Uint32 Dec = u32_arg(2))
        "Changes owner and group of an open file.";
    384 FCHOWNAT_E "fchownat" File Syscall [OLD_VERSION] None
        ()
        "Entry: changes owner and group of a file found from a directory descriptor (only in old captures).";
    385 FCHOWNAT_X "fchownat" File Syscall [USES_FD] None fd=1
        (
            "res" Errno Dec = RET, "dirfd" Fd Dec = fd(0), "pathname" Fsrelpath Na dirfd=1 = text(1),
            "uid" Uint32 Dec = u32_arg(2), "gid" Uint32 Dec = u32_arg(3),
            "flags" Flags32 Hex @FCHOWNAT_FLAGS = flags(4, &maps::FCHOWNAT)
        )
        "Changes owner and group of a file found from a directory descriptor.";
    386 UMOUNT_1_E "umount" File Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: unmounts a file system (only in old captures).";
    387 UMOUNT_1_X "umount" File Syscall [MODIFIES_STATE] None
        ("res" Errno Dec = RET, "name" Fspath Na = text(0))
        "Unmounts a file system.";
    388 ACCEPT4_6_E "accept4" Net Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("flags" Int32 Hex)
        "Entry: takes a connection from the queue of a listening socket, with flags for the new descriptor (only in old captures).";
    389 ACCEPT4_6_X "accept4" Net Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] Accept
        (
            "fd" Fd Dec = RET, "tuple" Socktuple Na = ACCEPTED,
            "queuepct" Uint8 Dec = listening(FileFact::BacklogPercent),
            "queuelen" Uint32 Dec = listening(FileFact::Backlog),
            "queuemax" Uint32 Dec = listening(FileFact::MaxBacklog),
            "flags" Int32 Hex = flags(3, &maps::SOCKET_FLAGS)
        )
        "Takes a connection from the queue of a listening socket, with flags for the new descriptor.";
    390 UMOUNT2_E "umount2" File Syscall [MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("flags" Flags32 Hex @UMOUNT_FLAGS)
        "Entry: unmounts a file system, with flags (only in old captures).";
    391 UMOUNT2_X "umount2" File Syscall [MODIFIES_STATE CONVERTER_MANAGED] None
        (
            "res" Errno Dec = RET, "name" Fspath Na = text(0),
            "flags" Flags32 Hex @UMOUNT_FLAGS = flags(1, &maps::UMOUNT)
        )
        "Unmounts a file system, with flags.";
    392 PIPE2_E "pipe2" Ipc Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: creates a pipe, with flags (only in old captures).";
    393 PIPE2_X "pipe2" Ipc Syscall [CREATES_FD MODIFIES_STATE] Pipe
        (
            "res" Errno Dec = RET, "fd1" Fd Dec = pair_fd(0, 0), "fd2" Fd Dec = pair_fd(0, 1),
            "ino" Uint64 Dec = pair_file(0, FileFact::Inode),
            "flags" Flags32 Hex @FILE_FLAGS = flags(1, &maps::PIPE2)
        )
        "Creates a pipe, with flags.";
    394 INOTIFY_INIT1_E "inotify_init1" Ipc Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: creates an inotify instance, with flags (only in old captures).";
    395 INOTIFY_INIT1_X "inotify_init1" Ipc Syscall [CREATES_FD MODIFIES_STATE] CreateFd
        ("res" Fd Dec = RET, "flags" Flags16 Hex @FILE_FLAGS = flags(0, &maps::DESCRIPTOR_FLAGS))
        "Creates an inotify instance, with flags.";
    396 EVENTFD2_E "eventfd2" Ipc Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("initval" Uint64 Dec)
        "Entry: creates an event counter descriptor, with flags (only in old captures).";
    397 EVENTFD2_X "eventfd2" Ipc Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] CreateFd
        (
            "res" Fd Dec = RET, "flags" Flags16 Hex @FILE_FLAGS = flags(1, &maps::DESCRIPTOR_FLAGS),
            "initval" Uint64 Dec = u32_arg(0)
        )
        "Creates an event counter descriptor, with flags.";
    398 SIGNALFD4_E "signalfd4" Signal Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION CONVERTER_MANAGED] None
        ("fd" Fd Dec, "mask" Uint32 Hex)
        "Entry: creates a descriptor that receives signals, with flags (only in old captures).";
    399 SIGNALFD4_X "signalfd4" Signal Syscall [CREATES_FD MODIFIES_STATE CONVERTER_MANAGED] CreateFd
        (
            "res" Fd Dec = RET32, "flags" Flags16 Hex @FILE_FLAGS = flags(3, &maps::DESCRIPTOR_FLAGS),
            "fd" Fd Dec = fd(0), "mask" Uint32 Hex = number(0)
        )
        "Creates a descriptor that receives signals, with flags.";
    400 PRCTL_E "prctl" Process Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: works on attributes of the process or thread (only in old captures).";
    401 PRCTL_X "prctl" Process Syscall [MODIFIES_STATE] Prctl
        (
            "res" Errno Dec = RET, "option" Enumflags32 Dec @PRCTL_OPTIONS = u32_arg(0),
            "arg2_str" Charbuf Na = text(1).when(PRCTL_NAME), "arg2_int" Int64 Dec = PRCTL_NUMBER
        )
        "Works on attributes of the process or thread.";
    402 ASYNCEVENT_E "asyncevent" Other Meta [LARGE_PAYLOAD] Async
        ("plugin_id" Uint32 Dec, "name" Charbuf Na, "data" Bytebuf Na)
        "An event put into the stream by a plugin, e.g. the metadata of a container.";
    403 ASYNCEVENT_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    404 MEMFD_CREATE_E "memfd_create" Memory Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: creates an anonymous file in memory (only in old captures).";
    405 MEMFD_CREATE_X "memfd_create" Memory Syscall [CREATES_FD MODIFIES_STATE] MemfdCreate
        (
            "fd" Fd Dec = RET, "name" Charbuf Na = text(0),
            "flags" Flags32 Hex @MEMFD_CREATE_FLAGS = flags(1, &maps::MEMFD_CREATE)
        )
        "Creates an anonymous file in memory.";
    406 PIDFD_GETFD_E "pidfd_getfd" Process Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: copies a descriptor of another process (only in old captures).";
    407 PIDFD_GETFD_X "pidfd_getfd" Process Syscall [CREATES_FD MODIFIES_STATE] PidfdGetfd
        ("fd" Fd Dec = RET, "pid_fd" Fd Dec = fd(0), "target_fd" Fd Dec = fd(1), "flags" Uint32 Hex = u32_arg(2))
        "Copies a descriptor of another process.";
    408 PIDFD_OPEN_E "pidfd_open" Process Syscall [CREATES_FD MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: opens a descriptor of a process (only in old captures).";
    409 PIDFD_OPEN_X "pidfd_open" Process Syscall [CREATES_FD MODIFIES_STATE] PidfdOpen
        (
            "fd" Fd Dec = RET, "pid" Pid Dec = pid(0),
            "flags" Flags32 Hex @PIDFD_OPEN_FLAGS = flags(1, &maps::PIDFD_OPEN)
        )
        "Opens a descriptor of a process.";
    410 INIT_MODULE_E "init_module" Other Syscall [OLD_VERSION] None
        ()
        "Entry: loads a kernel module from memory (only in old captures).";
    411 INIT_MODULE_X "init_module" Other Syscall [] None
        (
            "res" Errno Dec = RET, "img" Bytebuf Na = bytes(0, 1), "length" Uint64 Dec = arg(1),
            "uargs" Charbuf Na = text(2)
        )
        "Loads a kernel module from memory.";
    412 FINIT_MODULE_E "finit_module" Other Syscall [OLD_VERSION] None
        ()
        "Entry: loads a kernel module from an open file (only in old captures).";
    413 FINIT_MODULE_X "finit_module" Other Syscall [USES_FD READS_FROM_FD] None fd=1
        (
            "res" Errno Dec = RET, "fd" Fd Dec = fd(0), "uargs" Charbuf Na = text(1),
            "flags" Flags32 Hex @FINIT_MODULE_FLAGS = flags(2, &maps::FINIT_MODULE)
        )
        "Loads a kernel module from an open file.";
    414 MKNOD_E "mknod" Other Syscall [OLD_VERSION] None
        ()
        "Entry: makes a device, pipe, socket or plain file (only in old captures).";
    415 MKNOD_X "mknod" Other Syscall [] None
        (
            "res" Errno Dec = RET, "path" Fspath Na = text(0),
            "mode" Mode Oct @MKNOD_MODE = flags(1, &maps::MKNOD), "dev" Uint32 Dec = device(2)
        )
        "Makes a device, pipe, socket or plain file.";
    416 MKNODAT_E "mknodat" Other Syscall [OLD_VERSION] None
        ()
        "Entry: makes a device, pipe, socket or plain file, found from a directory descriptor (only in old captures).";
    417 MKNODAT_X "mknodat" Other Syscall [USES_FD] None fd=1
        (
            "res" Errno Dec = RET, "dirfd" Fd Dec = fd(0), "path" Fsrelpath Na dirfd=1 = text(1),
            "mode" Mode Oct @MKNOD_MODE = flags(2, &maps::MKNOD), "dev" Uint32 Dec = device(3)
        )
        "Makes a device, pipe, socket or plain file, found from a directory descriptor.";
    418 NEWFSTATAT_E "newfstatat" File Syscall [OLD_VERSION] None
        ()
        "Entry: reads the attributes of a file found from a directory descriptor (only in old captures).";
    419 NEWFSTATAT_X "newfstatat" File Syscall [USES_FD] None fd=1
        (
            "res" Errno Dec = RET, "dirfd" Fd Dec = fd(0), "path" Fsrelpath Na dirfd=1 = text(1),
            "flags" Flags32 Hex @NEWFSTATAT_FLAGS = flags(3, &maps::NEWFSTATAT)
        )
        "Reads the attributes of a file found from a directory descriptor.";
    420 PROCESS_VM_READV_E "process_vm_readv" Ipc Syscall [OLD_VERSION] None
        ()
        "Entry: reads memory of another process (only in old captures).";
    421 PROCESS_VM_READV_X "process_vm_readv" Ipc Syscall [] None
        ("res" Int64 Dec = RET, "pid" Pid Dec = arg(0), "data" Bytebuf Na = READ_VECTOR)
        "Reads memory of another process.";
    422 PROCESS_VM_WRITEV_E "process_vm_writev" Ipc Syscall [OLD_VERSION] None
        ()
        "Entry: writes memory of another process (only in old captures).";
    423 PROCESS_VM_WRITEV_X "process_vm_writev" Ipc Syscall [] None
        ("res" Int64 Dec = RET, "pid" Pid Dec = arg(0), "data" Bytebuf Na = READ_VECTOR)
        "Writes memory of another process.";
    424 DELETE_MODULE_E "delete_module" Other Syscall [OLD_VERSION] None
        ()
        "Entry: unloads a kernel module (only in old captures).";
    425 DELETE_MODULE_X "delete_module" Other Syscall [] None
        (
            "res" Errno Dec = RET, "name" Charbuf Na = text(0),
            "flags" Flags32 Hex @DELETE_MODULE_FLAGS = flags(1, &maps::DELETE_MODULE)
        )
        "Unloads a kernel module.";
    426 SETREUID_E "setreuid" User Syscall [MODIFIES_STATE OLD_VERSION] None
        ()
        "Entry: sets real and effective user (only in old captures).";
    427 SETREUID_X "setreuid" User Syscall [MODIFIES_STATE] Setuid
        ("res" Errno Dec = RET, "ruid" Uid Dec = u32_arg(0), "euid" Uid Dec = u32_arg(1))
        "Sets real and effective user.";
    428 SETREGID_E "setregid" User Syscall [OLD_VERSION] None
        ()
        "Entry: sets real and effective group (only in old captures).";
    429 SETREGID_X "setregid" User Syscall [MODIFIES_STATE] Setgid
        ("res" Errno Dec = RET, "rgid" Uid Dec = u32_arg(0), "egid" Uid Dec = u32_arg(1))
        "Sets real and effective group.";
    430 ITER_TASK_E "task" Process Iterator [MODIFIES_STATE] None on=TASK
        (
            "ppid" Pid32 Dec = task(TaskFact::ParentTid), "pgid" Pid32 Dec = task(TaskFact::Pgid),
            "vpgid" Pid32 Dec = task(TaskFact::Vpgid), "sid" Pid32 Dec = task(TaskFact::Sid),
            "comm" Charbuf Na = COMM, "argv" Charbufarray Na = ARGV, "exepath" Fspath Na = EXE_PATH,
            "flags" Flags32 Hex @EXECVE_FLAGS = task(TaskFact::ExeFlags), "env" Charbufarray Na = ENV,
            "cwd" Charbuf Na = CWD, "fdlimit" Uint64 Dec = task(TaskFact::FdLimit),
            "euid" Uid Dec = task(TaskFact::Euid), "egid" Gid Dec = task(TaskFact::Egid),
            "cap_permitted" Uint64 Hex = task(TaskFact::CapPermitted),
            "cap_effective" Uint64 Hex = task(TaskFact::CapEffective),
            "cap_inheritable" Uint64 Hex = task(TaskFact::CapInheritable),
            "exe_ino_num" Uint64 Dec = task(TaskFact::ExeInode),
            "exe_ino_ctime" Abstime Dec = task(TaskFact::ExeCtime),
            "exe_ino_mtime" Abstime Dec = task(TaskFact::ExeMtime),
            "vm_size" Uint32 Dec = task(TaskFact::VmSize), "vm_rss" Uint32 Dec = task(TaskFact::VmRss),
            "vm_swap" Uint32 Dec = task(TaskFact::VmSwap), "pgft_maj" Uint64 Dec = task(TaskFact::MajorFaults),
            "pgft_min" Uint64 Dec = task(TaskFact::MinorFaults), "vtgid" Pid32 Dec = task(TaskFact::Vpid),
            "vpid" Pid32 Dec = task(TaskFact::Vtid),
            "pidns_init_start_ts" Uint64 Dec = task(TaskFact::PidnsStart), "cgroups" Charbufarray Na = CGROUPS,
            "root" Fspath Na = ROOT, "start_time" Abstime Dec = task(TaskFact::StartTime),
            "tty" Uint32 Dec = task(TaskFact::Tty), "loginuid" Uid Dec = task(TaskFact::LoginUid)
        )
        "Snapshot of a process, from a kernel iterator.";
    431 ITER_TASK_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    432 ITER_TASK_FILE_PIPE_E "task_file_pipe" File Iterator [MODIFIES_STATE] None on=TASK_FILE
        (
            "fd" Fd32 Dec = visited(FileFact::Number), "path" Fspath Na = VISITED_PATH,
            "ino_num" Uint64 Dec = visited(FileFact::Inode)
        )
        "Snapshot of an open pipe, from a kernel iterator.";
    433 ITER_TASK_FILE_PIPE_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    434 ITER_TASK_FILE_MEMFD_E "task_file_memfd" File Iterator [MODIFIES_STATE] None on=TASK_FILE
        (
            "fd" Fd32 Dec = visited(FileFact::Number), "path" Fspath Na = VISITED_PATH,
            "ino_num" Uint64 Dec = visited(FileFact::Inode)
        )
        "Snapshot of an open anonymous file, from a kernel iterator.";
    435 ITER_TASK_FILE_MEMFD_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    436 ITER_TASK_FILE_REGULAR_E "task_file_regular" File Iterator [MODIFIES_STATE] None on=TASK_FILE
        (
            "fd" Fd32 Dec = visited(FileFact::Number), "path" Fspath Na = VISITED_PATH,
            "flags" Flags32 Hex @FILE_FLAGS = VISITED_FLAGS, "mnt_id" Uint32 Dec = visited(FileFact::MountId),
            "ino_num" Uint64 Dec = visited(FileFact::Inode)
        )
        "Snapshot of an open file, from a kernel iterator.";
    437 ITER_TASK_FILE_REGULAR_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    438 ITER_TASK_FILE_DIRECTORY_E "task_file_directory" File Iterator [MODIFIES_STATE] None on=TASK_FILE
        (
            "fd" Fd32 Dec = visited(FileFact::Number), "path" Fspath Na = VISITED_PATH,
            "ino_num" Uint64 Dec = visited(FileFact::Inode)
        )
        "Snapshot of an open directory, from a kernel iterator.";
    439 ITER_TASK_FILE_DIRECTORY_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    440 ITER_TASK_FILE_SOCKET_INET_E "task_file_socket_inet" File Iterator [MODIFIES_STATE] None on=TASK_FILE
        (
            "fd" Fd32 Dec = visited(FileFact::Number), "sk_type" Uint16 Dec = visited(FileFact::SocketType),
            "sk_proto" Uint16 Dec = visited(FileFact::SocketProtocol),
            "local_ip" Ipv4addr Hex = visited(FileFact::LocalAddress),
            "local_port" Port Hex = visited(FileFact::LocalPort),
            "remote_ip" Ipv4addr Hex = visited(FileFact::RemoteAddress),
            "remote_port" Port Hex = visited(FileFact::RemotePort),
            "ino_num" Uint64 Dec = visited(FileFact::Inode)
        )
        "Snapshot of an IPv4 socket, from a kernel iterator.";
    441 ITER_TASK_FILE_SOCKET_INET_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    442 ITER_TASK_FILE_SOCKET_INET6_E "task_file_socket_inet6" File Iterator [MODIFIES_STATE] None on=TASK_FILE
        (
            "fd" Fd32 Dec = visited(FileFact::Number), "sk_type" Uint16 Dec = visited(FileFact::SocketType),
            "sk_proto" Uint16 Dec = visited(FileFact::SocketProtocol),
            "local_ip" Ipv6addr Hex = visited(FileFact::LocalAddress),
            "local_port" Port Hex = visited(FileFact::LocalPort),
            "remote_ip" Ipv6addr Hex = visited(FileFact::RemoteAddress),
            "remote_port" Port Hex = visited(FileFact::RemotePort),
            "ino_num" Uint64 Dec = visited(FileFact::Inode)
        )
        "Snapshot of an IPv6 socket, from a kernel iterator.";
    443 ITER_TASK_FILE_SOCKET_INET6_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    444 ITER_TASK_FILE_SOCKET_UNIX_E "task_file_socket_unix" File Iterator [MODIFIES_STATE] None on=TASK_FILE
        (
            "fd" Fd32 Dec = visited(FileFact::Number), "sk_type" Uint16 Dec = visited(FileFact::SocketType),
            "sk_proto" Uint16 Dec = visited(FileFact::SocketProtocol),
            "sk_pointer" Uint64 Na = visited(FileFact::Sock), "sun_path" Fspath Na = VISITED_SOCKET_PATH,
            "ino_num" Uint64 Dec = visited(FileFact::Inode)
        )
        "Snapshot of a unix socket, from a kernel iterator.";
    445 ITER_TASK_FILE_SOCKET_UNIX_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    446 ITER_TASK_FILE_SOCKET_NETLINK_E "task_file_socket_netlink" File Iterator [MODIFIES_STATE] None on=TASK_FILE
        (
            "fd" Fd32 Dec = visited(FileFact::Number), "sk_type" Uint16 Dec = visited(FileFact::SocketType),
            "sk_proto" Uint16 Dec = visited(FileFact::SocketProtocol),
            "ino_num" Uint64 Dec = visited(FileFact::Inode)
        )
        "Snapshot of a netlink socket, from a kernel iterator.";
    447 ITER_TASK_FILE_SOCKET_NETLINK_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    448 ITER_TASK_FILE_ANON_INODE_E "task_file_anon_inode" File Iterator [MODIFIES_STATE] None on=TASK_FILE
        (
            "fd" Fd32 Dec = visited(FileFact::Number),
            "fd_type" Flags8 Dec @ANON_INODE_FD_TYPES = visited(FileFact::AnonKind),
            "path" Fspath Na = VISITED_PATH.when(ANON_UNKNOWN), "ino_num" Uint64 Dec = visited(FileFact::Inode)
        )
        "Snapshot of a descriptor without a file, from a kernel iterator.";
    449 ITER_TASK_FILE_ANON_INODE_X "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    450 CLOSE_RANGE_E "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    451 CLOSE_RANGE_X "close_range" IoOther Syscall [MODIFIES_STATE] CloseRange
        (
            "res" Errno Dec = RET, "first" Uint32 Dec = u32_arg(0), "last" Uint32 Dec = u32_arg(1),
            "flags" Flags32 Hex @CLOSE_RANGE_FLAGS = flags(2, &maps::CLOSE_RANGE)
        )
        "Closes, or marks close-on-exec, a range of descriptors.";
    452 KEYCTL_E "NA" Unknown Unknown [UNUSED] None
        ()
        "Never produced: fills the pair.";
    453 KEYCTL_X "keyctl" Other Syscall [] None
        (
            "res" Errno Dec = RET, "operation" Enumflags32 Dec @KEYCTL_OPERATIONS = u32_arg(0),
            "arg2" Dyn Dec dyn=KEYCTL = special(Special::Keyctl(1)),
            "arg3" Dyn Dec dyn=KEYCTL = special(Special::Keyctl(2)),
            "arg4" Dyn Dec dyn=KEYCTL = special(Special::Keyctl(3)),
            "arg5" Dyn Dec dyn=KEYCTL = special(Special::Keyctl(4))
        )
        "Works on the kernel's key rings.";
}
