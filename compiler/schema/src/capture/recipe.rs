//! Short names for the recipes that many rows share.
//!
//! Constants and functions give a [`Capture`] without conditions; [`Capture::when`], [`Capture::or`] and
//! [`Capture::or_else`] add them.

use super::maps::{self, SOCKOPT_LEVEL};
use super::*;

const fn plain(source: Source) -> Capture {
    converted(source, Convert::Plain)
}

const fn converted(source: Source, convert: Convert) -> Capture {
    Capture { source, convert, when: ALWAYS, otherwise: Otherwise::Empty }
}

impl Capture {
    /// Taken only if all tests hold; else the parameter is empty.
    pub const fn when(self, when: &'static [Test]) -> Capture {
        Capture { when, ..self }
    }
    /// What is recorded otherwise: a number.
    pub const fn or(self, number: i64) -> Capture {
        Capture { otherwise: Otherwise::Const(number), ..self }
    }
    /// What is recorded otherwise: another recipe.
    pub const fn or_else(self, other: &'static Capture) -> Capture {
        Capture { otherwise: Otherwise::Capture(other), ..self }
    }
}

// ---- conditions ----

/// No condition.
pub const ALWAYS: &[Test] = &[];
/// The call succeeded.
pub const SUCCESS: &[Test] = &[Test::Ret(RetTest::Success)];
/// The call returned 0.
pub const ZERO: &[Test] = &[Test::Ret(RetTest::Zero)];
/// The call returned more than 0.
pub const POSITIVE: &[Test] = &[Test::Ret(RetTest::Positive)];
/// A connection exists or is being made.
pub const CONNECTING: &[Test] = &[Test::Ret(RetTest::Connecting)];
/// `O_CREAT` or a bit of `O_TMPFILE`: only then `open` has a mode.
const CREATING: PerArch = PerArch { x86_64: 0x410040, aarch64: 0x404040 };
/// The flags in argument 1 (`open`) may create a file.
pub const CREATING_1: &[Test] = &[Test::Any { of: Source::Arg(1), mask: CREATING }];
/// The flags in argument 2 (`openat`) may create a file.
pub const CREATING_2: &[Test] = &[Test::Any { of: Source::Arg(2), mask: CREATING }];
/// The flags of the `open_how` at argument 2 may create a file.
pub const CREATING_HOW: &[Test] =
    &[Test::Any { of: Source::Member { pointer: 2, at: 0, int: Int::U64 }, mask: CREATING }];

const fn arg_is(arg: u8, shift: u8, values: &'static [u32]) -> Test {
    Test::In { of: Source::Arg(arg), shift, values }
}

/// A level of socket options that has names.
pub const SOL_SOCKET: &[Test] = &[arg_is(1, 0, &[1])];
/// `semctl` sets one value.
pub const SETVAL: &[Test] = &[Test::In { of: Source::Arg(2), shift: 0, values: &[16] }];
/// `semop` succeeded and had an operation.
pub const ONE_SEMOP: &[Test] =
    &[Test::Ret(RetTest::Zero), Test::Any { of: Source::Arg(2), mask: PerArch::same(u32::MAX) }];
/// `semop` succeeded and had more than one operation.
pub const TWO_SEMOPS: &[Test] = &[Test::Ret(RetTest::Zero), Test::Any { of: Source::Arg(2), mask: PerArch::same(!1) }];
/// `fsconfig` set bytes.
pub const FSCONFIG_BINARY: &[Test] = &[Test::Ret(RetTest::Success), arg_is(1, 0, &[2])];
/// `fsconfig` set a text or a path.
pub const FSCONFIG_TEXT: &[Test] = &[Test::Ret(RetTest::Success), arg_is(1, 0, &[1, 3, 4])];
/// `prctl` sets or gives the name.
pub const PRCTL_NAME: &[Test] = &[arg_is(0, 0, &[15, 16])];
/// `prctl` tells whether the process reaps.
const PRCTL_GET_REAPER: &[Test] = &[arg_is(0, 0, &[37])];
/// `quotactl` switches quotas on.
pub const QUOTA_ON: &[Test] = &[arg_is(0, 8, &[0x800002])];
/// `quotactl` asks for the format.
pub const QUOTA_GET_FORMAT: &[Test] = &[arg_is(0, 8, &[0x800004])];
/// `quotactl` gives or sets the grace times.
pub const QUOTA_INFO: &[Test] = &[arg_is(0, 8, &[0x800005, 0x800006])];
/// `quotactl` gives or sets the quotas of one id.
pub const QUOTA_BLOCK: &[Test] = &[arg_is(0, 8, &[0x800007, 0x800008])];
/// The same, or XFS's.
pub const QUOTA_ID: &[Test] = &[arg_is(0, 8, &[0x800007, 0x800008, 0x5803, 0x5804])];
/// The visited file is of no known kind.
pub const ANON_UNKNOWN: &[Test] =
    &[Test::In { of: Source::File(Fd::Visited, FileFact::AnonKind), shift: 0, values: &[0] }];

// ---- numbers of the call ----

/// Return value.
pub const RET: Capture = plain(Source::Ret);
/// Return value, 32 bits with sign.
pub const RET32: Capture = converted(Source::Ret, Convert::Int(Int::S32));
/// Always empty.
pub const EMPTY: Capture = plain(Source::Empty);

/// Always this number.
pub const fn number(number: i64) -> Capture {
    plain(Source::Const(number))
}
/// Argument, as wide as the parameter.
pub const fn arg(arg: u8) -> Capture {
    plain(Source::Arg(arg))
}
/// Argument of 32 bits without sign.
pub const fn u32_arg(arg: u8) -> Capture {
    converted(Source::Arg(arg), Convert::Int(Int::U32))
}
/// Argument of 16 bits without sign.
pub const fn u16_arg(arg: u8) -> Capture {
    converted(Source::Arg(arg), Convert::Int(Int::U16))
}
/// Argument of 32 bits with sign.
pub const fn s32_arg(arg: u8) -> Capture {
    converted(Source::Arg(arg), Convert::Int(Int::S32))
}
/// Descriptor in an argument; `AT_FDCWD` stays -100.
pub const fn fd(arg: u8) -> Capture {
    s32_arg(arg)
}
/// Process or thread in an argument.
pub const fn pid(arg: u8) -> Capture {
    s32_arg(arg)
}
/// Flags or enumeration in an argument, through a map.
pub const fn flags(arg: u8, map: &'static FlagMap) -> Capture {
    converted(Source::Arg(arg), Convert::Map(map))
}
/// Option of a socket, in argument 2; only one level has names.
pub const SOCKOPT_NAME: Capture = flags(2, &maps::SOCKOPT_NAME).when(SOL_SOCKET).or(0);
/// Level of a socket option, in argument 1.
pub const SOCKOPT_LEVEL_ARG: Capture = flags(1, &SOCKOPT_LEVEL);

// ---- numbers in user memory ----

/// Integer behind an argument.
pub const fn member(pointer: u8, at: u16, int: Int) -> Capture {
    plain(Source::Member { pointer, at, int })
}
/// `unsigned long` behind an argument.
pub const fn word(pointer: u8, index: u8) -> Capture {
    plain(Source::Word { pointer, index })
}
/// Flags behind an argument, through a map.
pub const fn member_flags(pointer: u8, at: u16, int: Int, map: &'static FlagMap) -> Capture {
    converted(Source::Member { pointer, at, int }, Convert::Map(map))
}
/// Descriptor of a pair.
pub const fn pair_fd(pointer: u8, index: u8) -> Capture {
    plain(Source::PairFd { pointer, index })
}
/// Timespec behind an argument, in nanoseconds.
pub const fn timespec(pointer: u8) -> Capture {
    plain(Source::Timespec { pointer })
}
/// Member of the block of quotas that argument 3 of `quotactl` leads to, valid by its bit.
///
/// ```text
/// 0 bhardlimit:u64  8 bsoftlimit:u64  16 curspace:u64  24 ihardlimit:u64  32 isoftlimit:u64  40 curinodes:u64
/// 48 btime:u64  56 itime:u64  64 valid:u32
/// ```
pub const fn quota(at: u16, valid: u32) -> Capture {
    quota_member(at, Int::U64, 64, valid).when(QUOTA_BLOCK).or(0)
}
/// Member of the information that argument 3 of `quotactl` leads to, valid by its bit.
///
/// ```text
/// 0 bgrace:u64  8 igrace:u64  16 flags:u32  20 valid:u32
/// ```
pub const fn quota_info(at: u16, int: Int, valid: u32) -> Capture {
    quota_member(at, int, 20, valid).when(QUOTA_INFO).or(0)
}
const fn quota_member(at: u16, int: Int, valid_at: u16, valid: u32) -> Capture {
    special(Special::QuotaMember { at, int, valid_at, valid })
}

// ---- texts and bytes in user memory ----

/// Path or short text behind an argument.
pub const fn text(pointer: u8) -> Capture {
    plain(Source::Text { pointer, max: MAX_PATH })
}
/// Text of any length behind an argument.
pub const fn long_text(pointer: u8) -> Capture {
    plain(Source::Text { pointer, max: MAX_PARAM })
}
/// Bytes that a call read into the buffer at argument 1: only if it read some.
pub const READ_BUFFER: Capture =
    plain(Source::Data { place: Place::Buffer(1), length: Length::Ret, limit: Limit::SnaplenByContent }).when(POSITIVE);
/// Bytes that a call wrote, or was to write, from the buffer at argument 1, with its length in argument 2.
pub const WRITTEN_BUFFER: Capture =
    plain(Source::Data { place: Place::Buffer(1), length: Length::RetOrArg(2), limit: Limit::SnaplenByContent });
/// Bytes at an argument, as many as another says.
pub const fn bytes(pointer: u8, length: u8) -> Capture {
    plain(Source::Data { place: Place::Buffer(pointer), length: Length::Arg(length), limit: Limit::Param })
}
/// Array of an I/O vector at argument 1, its length in argument 2.
const ARRAY: Vector = Vector::Array { pointer: 1, count: 2 };
/// Header of a message at argument 1.
const HEADER: Vector = Vector::Header(1);
/// Messages at argument 1.
const MESSAGE: Vector = Vector::Message(1);

const fn vector(vector: Vector, length: Length) -> Capture {
    plain(Source::Data { place: Place::Vector(vector), length, limit: Limit::SnaplenByPort })
}
/// Bytes that a call read into a vector: only if it read some.
pub const READ_VECTOR: Capture = vector(ARRAY, Length::Ret).when(POSITIVE);
/// Bytes that a call wrote, or was to write, from a vector.
pub const WRITTEN_VECTOR: Capture = vector(ARRAY, Length::RetOrAll);
/// Bytes that a call read: the return value if it succeeded, else 0.
pub const READ_SIZE: Capture = RET.when(SUCCESS).or(0);
/// Bytes that a call was to write from a vector.
pub const VECTOR_SIZE: Capture = plain(Source::VectorSize(ARRAY));
/// Bytes of a received message.
pub const RECEIVED_HEADER: Capture = vector(HEADER, Length::Ret).when(SUCCESS);
/// Bytes of a message that was sent, or was to be.
pub const SENT_HEADER: Capture = vector(HEADER, Length::RetOrAll);
/// Bytes that a message to be sent has.
pub const HEADER_SIZE: Capture = plain(Source::VectorSize(HEADER));
/// Control data of a received message.
pub const HEADER_CONTROL: Capture = plain(Source::Control(HEADER)).when(SUCCESS);
/// Result of one of several messages: its length; without messages the return value.
pub const MESSAGE_RESULT: Capture = plain(Source::MessageLength).when(POSITIVE).or_else(&RET);
/// Bytes received in one of several messages.
pub const MESSAGE_LENGTH: Capture = plain(Source::MessageLength).when(POSITIVE).or(0);
/// Bytes that one of several messages was to send.
pub const MESSAGE_SIZE: Capture = plain(Source::VectorSize(MESSAGE)).when(POSITIVE).or(0);
/// Content of one of several received messages.
pub const RECEIVED_MESSAGE: Capture = vector(MESSAGE, Length::Message).when(POSITIVE);
/// Content of one of several sent messages.
pub const SENT_MESSAGE: Capture = vector(MESSAGE, Length::MessageOrAll).when(POSITIVE);
/// Control data of one of several received messages.
pub const MESSAGE_CONTROL: Capture = plain(Source::Control(MESSAGE)).when(POSITIVE);
/// Descriptors of `poll`, with returned events.
pub const POLLFDS: Capture = plain(Source::Pollfds { pointer: 0, count: 1 });

// ---- sockets ----

/// Socket address at argument 1, its length in argument 2.
pub const SOCKADDR: Capture = plain(Source::Sockaddr { pointer: 1, length: 2 });

const fn tuple(fd: Fd, direction: Direction, peer: Option<Peer>) -> Capture {
    plain(Source::Tuple { fd, direction, peer })
}
/// Ends of the socket that `accept` returned.
pub const ACCEPTED: Capture = tuple(Fd::Ret, Direction::Inbound, None).when(SUCCESS);
/// Ends of the socket that `connect` connects.
pub const CONNECTED: Capture = tuple(Fd::Arg(0), Direction::Outbound, Some(Peer::Arg(1))).when(CONNECTING);
/// Ends of a socket that sends.
pub const SENDER: Capture = tuple(Fd::Arg(0), Direction::Outbound, None).when(SUCCESS);
/// Ends of a socket that sends to the address at argument 4.
pub const SENDER_TO: Capture = tuple(Fd::Arg(0), Direction::Outbound, Some(Peer::Arg(4))).when(SUCCESS);
/// Ends of a socket that sends a message.
pub const SENDER_HEADER: Capture = tuple(Fd::Arg(0), Direction::Outbound, Some(Peer::Name(HEADER))).when(SUCCESS);
/// Ends of a socket that sends one of several messages.
pub const SENDER_MESSAGE: Capture = tuple(Fd::Arg(0), Direction::Outbound, Some(Peer::Name(MESSAGE))).when(POSITIVE);
/// Ends of a socket that receives.
pub const RECEIVER: Capture = tuple(Fd::Arg(0), Direction::Inbound, None).when(SUCCESS);
/// Ends of a socket that receives, the sender's address at argument 4.
pub const RECEIVER_FROM: Capture = tuple(Fd::Arg(0), Direction::Inbound, Some(Peer::Arg(4))).when(SUCCESS);
/// Ends of a socket that receives a message.
pub const RECEIVER_HEADER: Capture = tuple(Fd::Arg(0), Direction::Inbound, Some(Peer::Name(HEADER))).when(SUCCESS);
/// Ends of a socket that receives one of several messages.
pub const RECEIVER_MESSAGE: Capture = tuple(Fd::Arg(0), Direction::Inbound, Some(Peer::Name(MESSAGE))).when(POSITIVE);

// ---- files ----

/// Fact of an open file.
pub const fn file(fd: Fd, fact: FileFact) -> Capture {
    plain(Source::File(fd, fact))
}
/// Fact of the listening socket in argument 0, once a connection was taken from it.
pub const fn listening(fact: FileFact) -> Capture {
    file(Fd::Arg(0), fact).when(SUCCESS).or(0)
}
/// Fact of the first descriptor of a pair, if it was made.
pub const fn pair_file(pointer: u8, fact: FileFact) -> Capture {
    file(Fd::Pair { pointer, index: 0 }, fact).when(ZERO).or(0)
}
/// Fact of the visited file.
pub const fn visited(fact: FileFact) -> Capture {
    file(Fd::Visited, fact)
}
/// Path of the visited file.
pub const VISITED_PATH: Capture = plain(Source::Path(PathOf::File(Fd::Visited)));
/// Path of the visited unix socket.
pub const VISITED_SOCKET_PATH: Capture = plain(Source::Path(PathOf::Socket(Fd::Visited)));
/// Flags of the visited file.
pub const VISITED_FLAGS: Capture = converted(Source::File(Fd::Visited, FileFact::Flags), Convert::Map(&maps::OPEN));
/// Device of the file that was opened; 0 for descriptor 0 too, *as in Falco*.
pub const OPENED_DEVICE: Capture =
    converted(Source::File(Fd::Ret, FileFact::Device), Convert::Device).when(POSITIVE).or(0);
/// Inode of the file that was opened; likewise.
pub const OPENED_INODE: Capture = file(Fd::Ret, FileFact::Inode).when(POSITIVE).or(0);
/// Layer of the file that was made, as the two flags of `creat`; likewise.
pub const OPENED_LAYER: Capture = file(Fd::Ret, FileFact::Layer).when(POSITIVE).or(0);
/// Path of the file that was opened; likewise.
pub const OPENED_PATH: Capture = plain(Source::Path(PathOf::File(Fd::Ret))).when(POSITIVE);
/// Flags of `open` in an argument, and what is known of the file.
pub const fn open_flags(arg: u8) -> Capture {
    converted(Source::Arg(arg), Convert::OpenFlags)
}
/// The same in the `open_how` at argument 2.
pub const OPEN_HOW_FLAGS: Capture = converted(Source::Member { pointer: 2, at: 0, int: Int::U64 }, Convert::OpenFlags);
/// Mode in an argument, if the flags ask for one.
pub const fn open_mode(arg: u8, creating: &'static [Test]) -> Capture {
    flags(arg, &maps::MODE).when(creating).or(0)
}
/// The same in the `open_how` at argument 2.
pub const OPEN_HOW_MODE: Capture = member_flags(2, 8, Int::U64, &maps::MODE).when(CREATING_HOW).or(0);

// ---- tasks ----

/// Fact of the subject.
pub const fn task(fact: TaskFact) -> Capture {
    plain(Source::Task(Who::Subject, fact))
}
/// Fact of the current task. Page faults are the parent's in a child's `clone` event of aarch64, *as in Falco*.
pub const fn current(fact: TaskFact) -> Capture {
    plain(Source::Task(Who::Current, fact))
}
/// Fact of the task in an argument of the hook.
pub const fn task_arg(arg: u8, fact: TaskFact) -> Capture {
    plain(Source::Task(Who::Arg(arg), fact))
}
/// Part of the exit code of the subject.
pub const fn exit_code(shift: u8, mask: u32) -> Capture {
    converted(Source::Task(Who::Subject, TaskFact::ExitCode), Convert::Bits { shift, mask })
}
/// Exit code of the subject.
pub const EXIT_CODE: Capture = converted(Source::Task(Who::Subject, TaskFact::ExitCode), Convert::Int(Int::S32));
/// First argument of the subject's program.
pub const EXE: Capture = plain(Source::Region(Region::Exe));
/// The other arguments.
pub const ARGS: Capture = plain(Source::Region(Region::Args));
/// All arguments.
pub const ARGV: Capture = plain(Source::Region(Region::Argv));
/// Environment of the subject.
pub const ENV: Capture = plain(Source::Region(Region::Env));
/// First argument of a program, after a successful `clone`.
pub const CLONE_EXE: Capture = EXE.when(SUCCESS);
/// The other arguments, after a successful `clone`.
pub const CLONE_ARGS: Capture = ARGS.when(SUCCESS);

const fn strings(pointer: u8, part: Strings) -> Capture {
    plain(Source::Strings { pointer, part })
}
const ARGV1_FIRST: Capture = strings(1, Strings::First);
const ARGV1_REST: Capture = strings(1, Strings::Rest);
const ENVP2: Capture = strings(2, Strings::All);
/// `execve`: first argument, of the new program or, on failure, of the array in argument 1.
pub const EXEC_EXE: Capture = EXE.when(ZERO).or_else(&ARGV1_FIRST);
/// `execve`: the other arguments, likewise.
pub const EXEC_ARGS: Capture = ARGS.when(ZERO).or_else(&ARGV1_REST);
/// `execve`: the environment, likewise, of the array in argument 2.
pub const EXEC_ENV: Capture = ENV.when(ZERO).or_else(&ENVP2);
/// `execve`: the file's name as given.
pub const EXEC_NAME: Capture = plain(Source::ExecFilename).when(ZERO).or_else(&TEXT0);
const TEXT0: Capture = text(0);
/// `execveat`, which failed: first argument.
pub const EXECVEAT_EXE: Capture = strings(2, Strings::First);
/// `execveat`, which failed: the other arguments.
pub const EXECVEAT_ARGS: Capture = strings(2, Strings::Rest);
/// `execveat`, which failed: environment.
pub const EXECVEAT_ENV: Capture = strings(3, Strings::All);
/// Name of the subject.
pub const COMM: Capture = plain(Source::Comm);
/// Control groups of the subject.
pub const CGROUPS: Capture = plain(Source::Cgroups);
/// Path of the subject's program.
pub const EXE_PATH: Capture = plain(Source::Path(PathOf::Exe));
/// Working directory of the subject.
pub const CWD: Capture = plain(Source::Path(PathOf::Cwd));
/// Root of the subject.
pub const ROOT: Capture = plain(Source::Path(PathOf::Root));
/// When the namespace of processes began; 0 on the parent's side.
pub const PIDNS_START: Capture = task(TaskFact::PidnsStart).when(ZERO).or(0);
/// Flags of `clone` in argument 0.
pub const CLONE_FLAGS_ARG: Capture = converted(Source::Arg(0), Convert::CloneFlags);
/// Flags of `fork` and `vfork`, which have none of their own.
pub const FORK_FLAGS: Capture = converted(Source::Const(0), Convert::CloneFlags);
/// Flags of `clone3`, in the `clone_args` at argument 0.
pub const CLONE_ARGS_FLAGS: Capture =
    converted(Source::Member { pointer: 0, at: 0, int: Int::U64 }, Convert::CloneFlags);

// ---- others ----

/// Number of the system call in captures.
pub const SYSCALL_CODE: Capture = plain(Source::SyscallCode);
/// Number of the system call in the kernel.
pub const SYSCALL_NUMBER: Capture = plain(Source::SyscallNumber);

/// What has a recipe of its own.
pub const fn special(special: Special) -> Capture {
    plain(Source::Special(special))
}
/// `mknod`: device in an argument.
pub const fn device(arg: u8) -> Capture {
    converted(Source::Arg(arg), Convert::Device)
}
/// `prctl`: argument 1 as a number. 0 if it is a text; of `PR_GET_CHILD_SUBREAPER` the i32 it leads to.
pub const PRCTL_NUMBER: Capture = number(0).when(PRCTL_NAME).or_else(&PRCTL_REAPER);
const PRCTL_REAPER: Capture = member(1, 0, Int::S32).when(PRCTL_GET_REAPER).or_else(&ARG1);
const ARG1: Capture = arg(1);
/// `quotactl`: id, for the commands that have one.
pub const QUOTA_ID_ARG: Capture = u32_arg(2).when(QUOTA_ID).or(0);
/// `quotactl`: format in argument 2; `QFMT_NOT_USED` unless quotas are switched on.
pub const QUOTA_FORMAT: Capture = flags(2, &maps::QUOTA_FORMAT).when(QUOTA_ON).or(1);
/// `quotactl`: format that was asked for; `QFMT_NOT_USED` for other commands.
pub const QUOTA_FORMAT_OUT: Capture = member_flags(3, 0, Int::U32, &maps::QUOTA_FORMAT).when(QUOTA_GET_FORMAT).or(1);
/// `semop`: integer of an operation (6 bytes: number u16, change i16, flags i16 each), the first or second.
pub const fn semop(index: u16, at: u16, int: Int) -> Capture {
    member(1, 6 * index + at, int).when(if index == 0 { ONE_SEMOP } else { TWO_SEMOPS }).or(0)
}
/// `semop`: flags of an operation.
pub const fn semop_flags(index: u16) -> Capture {
    member_flags(1, 6 * index + 4, Int::U16, &maps::SEMOP).when(if index == 0 { ONE_SEMOP } else { TWO_SEMOPS }).or(0)
}
