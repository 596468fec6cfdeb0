//! What must hold for the recipes of all rows, and known conversions.

use super::maps::{self, MAPS};
use super::*;
use crate::events::{EVENTS, KEYCTL, PTRACE, SOCKOPT, code};
use crate::syscalls::{Arch, SYSCALLS, sc, syscall, syscall_by_number};
use crate::{Event, EventFlags, Flag, Origin, Param, Type, event};
use std::collections::HashSet;

/// What a source gives.
#[derive(PartialEq, Eq, Debug)]
enum Kind {
    Number,
    Text,
    Texts,
    Bytes,
    Address,
    Tuple,
    Fdlist,
    Dyn,
    Nothing,
    /// 4 or 16 bytes.
    Ip,
}

fn kind(source: &Source) -> Kind {
    match source {
        Source::Empty => Kind::Nothing,
        Source::File(_, FileFact::LocalAddress | FileFact::RemoteAddress) => Kind::Ip,
        Source::Const(_) | Source::Ret | Source::Arg(_) | Source::Member { .. } | Source::PairFd { .. } => Kind::Number,
        Source::Word { .. } | Source::Timespec { .. } | Source::Task(..) | Source::File(..) | Source::VectorSize(_) => {
            Kind::Number
        }
        Source::MessageLength | Source::SyscallCode | Source::SyscallNumber => Kind::Number,
        Source::Text { .. } | Source::Comm | Source::ExecFilename | Source::Path(_) => Kind::Text,
        Source::Strings { part: Strings::First, .. } | Source::Region(Region::Exe) => Kind::Text,
        Source::Strings { .. } | Source::Region(_) | Source::Cgroups => Kind::Texts,
        Source::Data { .. } | Source::Control(_) => Kind::Bytes,
        Source::Sockaddr { .. } => Kind::Address,
        Source::Tuple { .. } => Kind::Tuple,
        Source::Pollfds { .. } => Kind::Fdlist,
        Source::Special(special) => match special {
            Special::PtraceAddr | Special::PtraceData | Special::Sockopt { .. } | Special::Keyctl(_) => Kind::Dyn,
            _ => Kind::Number,
        },
    }
}

/// Bytes that a number has by nature; `None` if any width is as good.
fn width(capture: &Capture) -> Option<usize> {
    match (capture.convert, capture.source) {
        (Convert::Int(int), _) => Some(int.bytes()),
        (Convert::Plain, Source::Member { int, .. }) => Some(int.bytes()),
        _ => None,
    }
}

fn fits(ty: Type, kind: &Kind) -> bool {
    match kind {
        Kind::Number => ty.size().is_some() && !matches!(ty, Type::Ipv4addr | Type::Ipv6addr | Type::Double),
        Kind::Text => matches!(ty, Type::Charbuf | Type::Fspath | Type::Fsrelpath),
        // Lists of texts are plain bytes in the older events.
        Kind::Texts => matches!(ty, Type::Charbufarray | Type::Bytebuf),
        Kind::Bytes => ty == Type::Bytebuf,
        Kind::Address => ty == Type::Sockaddr,
        Kind::Tuple => ty == Type::Socktuple,
        Kind::Fdlist => ty == Type::Fdlist,
        Kind::Dyn => ty == Type::Dyn,
        Kind::Ip => matches!(ty, Type::Ipv4addr | Type::Ipv6addr),
        Kind::Nothing => true,
    }
}

/// The recipe and those that stand in for it.
fn chain(capture: &Capture) -> Vec<Capture> {
    let mut all = vec![*capture];
    while let Some(Capture { otherwise: Otherwise::Capture(next), .. }) = all.last() {
        assert!(all.len() < 5, "the chain does not end");
        all.push(**next);
    }
    all
}

fn recipes() -> impl Iterator<Item = (&'static Event, &'static Param, Capture)> {
    let params = EVENTS.iter().flat_map(|e| e.params.iter().map(move |p| (e, p)));
    params
        .filter_map(|(e, p)| Some((e, p, p.capture?)))
        .flat_map(|(e, p, c)| chain(&c).into_iter().map(move |c| (e, p, c)))
}

/// Arguments that a source looks at.
fn arguments(source: &Source) -> Vec<u8> {
    let vector = |v: Vector| match v {
        Vector::Array { pointer, count } => vec![pointer, count],
        Vector::Header(arg) | Vector::Message(arg) => vec![arg],
    };
    let fd = |fd: Fd| match fd {
        Fd::Arg(arg) | Fd::Pair { pointer: arg, .. } => vec![arg],
        Fd::Ret | Fd::Visited => vec![],
    };
    match *source {
        Source::Arg(arg) => vec![arg],
        Source::Member { pointer, .. } | Source::PairFd { pointer, .. } | Source::Timespec { pointer } => vec![pointer],
        Source::Word { pointer, .. } | Source::Text { pointer, .. } | Source::Strings { pointer, .. } => vec![pointer],
        Source::Task(Who::Arg(arg), _) => vec![arg],
        Source::File(file, _) | Source::Path(PathOf::File(file) | PathOf::Socket(file)) => fd(file),
        Source::Data { place, length, .. } => {
            let mut all = match place {
                Place::Buffer(arg) => vec![arg],
                Place::Vector(v) => vector(v),
            };
            if let Length::Arg(arg) | Length::RetOrArg(arg) = length {
                all.push(arg);
            }
            all
        }
        Source::VectorSize(v) | Source::Control(v) => vector(v),
        Source::Sockaddr { pointer, length } => vec![pointer, length],
        Source::Tuple { fd: file, peer, .. } => {
            let mut all = fd(file);
            match peer {
                Some(Peer::Arg(arg)) => all.push(arg),
                Some(Peer::Name(v)) => all.extend(vector(v)),
                None => {}
            }
            all
        }
        Source::Pollfds { pointer, count } => vec![pointer, count],
        Source::Special(Special::Keyctl(index)) => vec![index],
        _ => vec![],
    }
}

fn conditions(c: &Capture) -> impl Iterator<Item = Source> {
    c.when.iter().filter_map(|test| match test {
        Test::Ret(_) => None,
        Test::In { of, .. } | Test::Any { of, .. } => Some(*of),
    })
}

fn is_made(e: &Event) -> bool {
    !e.producers.is_empty()
}

fn is_current(e: &Event) -> bool {
    !e.flags.any(EventFlags::OLD_VERSION.or(EventFlags::UNUSED))
}

/// Every current event is either made by the kernel side, with a recipe for each parameter, or one of a few that come
/// from elsewhere or from 32-bit kernels.
#[test]
fn all_parameters_of_made_events_have_recipes() {
    let mut others = vec![];
    for e in &EVENTS {
        for p in e.params {
            assert_eq!(p.capture.is_some(), is_made(e), "{} {}", e.id, p.name);
        }
        if is_made(e) {
            assert!(is_current(e), "{}", e.id);
        } else if is_current(e) {
            others.push(e.id);
        }
    }
    let elsewhere = [
        "STAT64_X",
        "LSTAT64_X",
        "FSTAT64_X",
        "SCAPEVENT_E",
        "PROCINFO_E",
        "NOTIFICATION_E",
        "INFRASTRUCTURE_EVENT_E",
        "PLUGINEVENT_E",
        "CONTAINER_JSON_2_E",
        "USER_ADDED_E",
        "USER_DELETED_E",
        "GROUP_ADDED_E",
        "GROUP_DELETED_E",
        "ASYNCEVENT_E",
    ];
    assert_eq!(others, elsewhere);
    assert_eq!(EVENTS.iter().filter(|e| is_made(e)).count(), 182);
    assert_eq!(EVENTS.iter().filter(|e| is_made(e)).map(|e| e.params.len()).sum::<usize>(), 864);
}

/// Every system call that an architecture has leads to an event that is made.
#[test]
fn all_system_calls_lead_to_made_events() {
    for s in &SYSCALLS {
        if Arch::ALL.iter().any(|arch| s.number(*arch).is_some()) {
            let e = event(s.event).unwrap();
            assert!(e.producers.iter().any(|p| p.hook == Hook::SysExit), "{}", s.name);
        }
    }
    // And every event made on return has a call.
    for e in EVENTS.iter().filter(|e| e.producers.iter().any(|p| p.hook == Hook::SysExit)) {
        assert!(SYSCALLS.iter().any(|s| s.event == e.code), "{}", e.id);
        assert!(e.is_exit() && e.origin == Origin::Syscall, "{}", e.id);
    }
    assert_eq!(syscall_by_number(Arch::X86_64, 257).unwrap().code, sc::OPENAT);
    assert_eq!(syscall_by_number(Arch::Aarch64, 56).unwrap().code, sc::OPENAT);
    assert!(syscall_by_number(Arch::X86_64, 9999).is_none());
}

#[test]
fn five_calls_have_an_enter_event() {
    let with: Vec<_> = SYSCALLS.iter().filter_map(|s| Some((s.name, s.enter_event()?))).collect();
    let expected = [
        ("open", code::OPEN_E),
        ("creat", code::CREAT_E),
        ("openat", code::OPENAT_2_E),
        ("connect", code::CONNECT_E),
        ("openat2", code::OPENAT2_E),
    ];
    assert_eq!(with, expected);
    // An enter event knows no result.
    for (e, p, c) in recipes().filter(|(e, ..)| e.producers.iter().any(|p| p.hook == Hook::SysEnter)) {
        assert!(!matches!(c.source, Source::Ret | Source::File(Fd::Ret, _)), "{} {}", e.id, p.name);
        assert!(!matches!(c.convert, Convert::OpenFlags), "{} {}", e.id, p.name);
        assert!(!c.when.iter().any(|t| matches!(t, Test::Ret(_))), "{} {}", e.id, p.name);
    }
    for name in with.iter().map(|(name, _)| name) {
        let exit = SYSCALLS.iter().find(|s| s.name == *name).unwrap();
        assert_eq!(exit.enter_event(), Some(exit.event - 1));
    }
}

#[test]
fn the_first_parameter_of_an_exit_event_is_the_return_value() {
    for e in EVENTS.iter().filter(|e| is_made(e) && e.has_return_value()) {
        let first = e.params[0].capture.unwrap();
        assert!(chain(&first).iter().any(|c| matches!(c.source, Source::Ret)), "{}", e.id);
    }
}

#[test]
fn sources_fit_types() {
    for (e, p, c) in recipes() {
        let kind = kind(&c.source);
        assert!(fits(p.ty, &kind), "{} {}: {kind:?} as {:?}", e.id, p.name, p.ty);
        if let (Kind::Number, Some(width), Some(size)) = (&kind, width(&c), p.ty.size()) {
            assert!(width <= size, "{} {}: {width} bytes into {size}", e.id, p.name);
        }
        // Only numbers are converted, and only numbers have another number instead.
        assert!(kind == Kind::Number || matches!(c.convert, Convert::Plain), "{} {}", e.id, p.name);
        assert!(kind == Kind::Number || !matches!(c.otherwise, Otherwise::Const(_)), "{} {}", e.id, p.name);
        // A number is never missing, whatever the outcome.
        assert!(
            kind != Kind::Number || c.when.is_empty() || !matches!(c.otherwise, Otherwise::Empty),
            "{} {}",
            e.id,
            p.name
        );
    }
}

/// Descriptors and processes are 32 bits with sign, so that -1 and `AT_FDCWD` stay negative.
#[test]
fn descriptors_have_a_sign() {
    let unsigned = |id: &str| matches!(id, "PROCESS_VM_READV_X" | "PROCESS_VM_WRITEV_X");
    for (e, p, c) in recipes().filter(|(_, p, _)| matches!(p.ty, Type::Fd | Type::Pid)) {
        if let Source::Arg(_) = c.source {
            assert!(matches!(c.convert, Convert::Int(Int::S32)) || unsigned(e.id), "{} {}", e.id, p.name);
        }
    }
}

#[test]
fn arguments_exist() {
    for (e, p, c) in recipes() {
        let sources = [c.source].into_iter().chain(conditions(&c));
        for arg in sources.flat_map(|s| arguments(&s)) {
            assert!(arg < 6, "{} {}", e.id, p.name);
        }
        for source in conditions(&c) {
            assert_eq!(kind(&source), Kind::Number, "{} {}", e.id, p.name);
        }
    }
    for p in EVENTS.iter().filter(|e| e.id == "KEYCTL_X").flat_map(|e| &e.params[2..]) {
        let Source::Special(Special::Keyctl(index)) = p.capture.unwrap().source else { panic!("{}", p.name) };
        assert_eq!(p.name, format!("arg{}", index + 1));
    }
}

#[test]
fn maps_give_values_of_the_parameters_table() {
    for (e, p, c) in recipes() {
        let map = match c.convert {
            Convert::Map(map) => map,
            Convert::OpenFlags => &maps::OPEN,
            Convert::CloneFlags => &maps::CLONE,
            _ => continue,
        };
        // Parameters without names take any map: modes of `open`, descriptor flags in a number.
        if p.flags.is_empty() {
            assert!(["mode", "flags"].contains(&p.name), "{} {}", e.id, p.name);
            continue;
        }
        for given in given(map) {
            assert!(given == 0 || p.flags.iter().any(|f| f.value == given), "{} {}: {given:#x}", e.id, p.name);
        }
        if let Otherwise::Const(number) = c.otherwise {
            let named = |f: &Flag| i64::from(f.value) == number;
            assert!(number == 0 || p.flags.iter().any(named), "{} {}: {number}", e.id, p.name);
        }
    }
}

fn given(map: &FlagMap) -> Vec<u32> {
    match map.form {
        Form::Bits { rules, .. } => rules.iter().map(|rule| rule.gives).collect(),
        Form::Values { rows, default, .. } => rows.iter().map(|row| row.gives).chain([default]).collect(),
    }
}

#[test]
fn maps_are_well_formed() {
    let names: HashSet<_> = MAPS.iter().map(|m| m.name).collect();
    assert_eq!(names.len(), MAPS.len());
    for map in MAPS {
        for arch in Arch::ALL {
            match map.form {
                Form::Bits { rules, .. } => {
                    let mut seen = HashSet::new();
                    for rule in rules {
                        let mask = rule.mask.on(arch);
                        assert_ne!(mask, 0, "{}", map.name);
                        if let Bits::Equal(value) = rule.bits {
                            assert_eq!(value & !mask, 0, "{}", map.name);
                        }
                        assert!(seen.insert((mask, format!("{:?}", rule.bits), rule.gives)), "{}: {rule:?}", map.name);
                    }
                }
                Form::Values { mask, rows, .. } => {
                    let kernel: Vec<_> = rows.iter().filter_map(|row| row.on(arch)).collect();
                    assert_eq!(kernel.iter().collect::<HashSet<_>>().len(), kernel.len(), "{}", map.name);
                    assert!(kernel.iter().all(|value| value & !mask == 0), "{}", map.name);
                }
            }
        }
    }
}

/// Every map is used by a row, a source or the special recipes.
#[test]
fn maps_are_used() {
    let mut used: HashSet<_> = HashSet::from(["POLL", "CLONE"]);
    for (_, _, c) in recipes() {
        if let Convert::Map(map) = c.convert {
            used.insert(map.name);
        }
    }
    for map in MAPS {
        assert!(used.contains(map.name), "{}", map.name);
    }
}

#[test]
fn producers_are_well_formed() {
    for e in EVENTS.iter().filter(|e| is_made(e)) {
        for (index, p) in e.producers.iter().enumerate() {
            let same = |q: &Producer| q.hook == p.hook && (q.only == p.only || q.only.is_none() || p.only.is_none());
            assert!(!e.producers[..index].iter().any(same), "{}", e.id);
            assert!(p.when.is_none() || p.hook == Hook::SysExit, "{}", e.id);
        }
    }
    let hooks = |code: u16| event(code).unwrap().producers.iter().map(|p| p.hook).collect::<Vec<_>>();
    assert_eq!(hooks(code::EXECVE_19_X), [Hook::SysExit, Hook::SchedProcessExec]);
    assert_eq!(hooks(code::EXECVEAT_X), [Hook::SysExit]);
    assert_eq!(hooks(code::CLONE_20_X), [Hook::SysExit, Hook::SysExit, Hook::SchedProcessFork]);
    assert_eq!(hooks(code::GETPEERNAME_X), [Hook::SysExit]);
    assert!(syscall(sc::GETPEERNAME).unwrap().enter_event().is_none());
}

#[test]
fn kinds_of_dynamic_values_have_rows() {
    assert!(SOCKOPT_KINDS.is_sorted_by(|a, b| a.0 <= a.1 && a.1 < b.0));
    assert_eq!(SOCKOPT.len(), SockoptKind::Time as usize + 1);
    assert_eq!(SOCKOPT[SockoptKind::Time as usize].ty, Type::Reltime);
    assert_eq!(SOCKOPT[SockoptKind::Errno as usize].ty, Type::Errno);
    assert_eq!(PTRACE[1].ty, Type::Sigtype);
    assert_eq!(KEYCTL[1].ty, Type::Charbuf);
    assert!(KEYCTL_ARGUMENTS.is_sorted_by(|a, b| a.0 < b.0));
    for (operation, _) in KEYCTL_ARGUMENTS {
        assert!(crate::flags::KEYCTL_OPERATIONS.iter().any(|f| f.value == *operation), "{operation}");
    }
}

/// The names of a set that the capture's value has, of those that are one bit.
fn names(map: &FlagMap, kernel: u32, arch: Arch) -> Vec<&'static str> {
    let value = map.apply(kernel, arch);
    map.table.iter().filter(|f| f.value.is_power_of_two() && f.value & value != 0).map(|f| f.name).collect()
}

#[test]
fn open_flags() {
    use Arch::{Aarch64, X86_64};
    let apply = |flags, arch| maps::OPEN.apply(flags, arch);
    assert_eq!(apply(0, X86_64), 0x1);
    assert_eq!(apply(0x1, X86_64), 0x2);
    assert_eq!(apply(0x2, X86_64), 0x3);
    assert_eq!(apply(0x3, X86_64), 0x1);
    // O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC
    assert_eq!(apply(0x80242, X86_64), 0x3 | 0x4 | 0x100 | 0x1000);
    // O_DIRECTORY has another bit on aarch64, and gives O_TMPFILE too.
    assert_eq!(names(&maps::OPEN, 0x10000, X86_64), ["O_DIRECTORY", "O_RDONLY", "O_TMPFILE"]);
    assert_eq!(names(&maps::OPEN, 0x4000, Aarch64), ["O_DIRECTORY", "O_RDONLY", "O_TMPFILE"]);
    assert_eq!(names(&maps::OPEN, 0x4000, X86_64), ["O_DIRECT", "O_RDONLY"]);
    // O_DSYNC gives O_SYNC too.
    assert_eq!(names(&maps::OPEN, 0x1000, X86_64), ["O_SYNC", "O_DSYNC", "O_RDONLY"]);
}

#[test]
fn other_conversions() {
    let x86 = |map: &FlagMap, value| map.apply(value, Arch::X86_64);
    // CLONE_VM|CLONE_VFORK|SIGCHLD, as vfork's clone.
    assert_eq!(x86(&maps::CLONE, 0x4111), 0x8000 | 0x8000000);
    assert_eq!(x86(&maps::CLONE, 0x80000000), 0x4);
    // PROT_READ|PROT_EXEC; MAP_PRIVATE|MAP_ANONYMOUS.
    assert_eq!(x86(&maps::PROT, 0x5), 0x5);
    assert_eq!(x86(&maps::MMAP, 0x22), 0x2 | 0x8);
    assert_eq!(x86(&maps::FCNTL, 0), 1);
    assert_eq!(x86(&maps::FCNTL, 6), 8);
    assert_eq!(x86(&maps::FCNTL, 1030), 26);
    assert_eq!(x86(&maps::FCNTL, 9999), 0);
    // FUTEX_WAIT_BITSET with both flags.
    assert_eq!(x86(&maps::FUTEX, 0x189), 0x189);
    assert_eq!(x86(&maps::FUTEX, 0x7f), 0);
    // socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC): family and flags; an unknown family.
    assert_eq!(x86(&maps::FAMILY, 2), 2);
    assert_eq!(x86(&maps::FAMILY, 40), 0);
    assert_eq!(x86(&maps::SOCKET_FLAGS, 0x80001), 0x1000);
    assert_eq!(x86(&maps::SOCKOPT_NAME, 59), 51);
    assert_eq!(x86(&maps::SOCKOPT_NAME, 66), 20);
    assert_eq!(x86(&maps::PTRACE, 16), 11);
    assert_eq!(x86(&maps::PTRACE, 12), 26);
    assert_eq!(maps::PTRACE.apply(12, Arch::Aarch64), 0);
    // A negative set of flags is no set.
    assert_eq!(x86(&maps::PIPE2, u32::MAX), 0);
    assert_eq!(x86(&maps::PIPE2, 0x84800), 0x1000 | 0x200 | 0x40);
    assert_eq!(x86(&maps::MKNOD, 0o644), 0o100644);
    assert_eq!(x86(&maps::MKNOD, 0o20600), 0o20600);
    // A write by a user program to a page that is not there.
    assert_eq!(names(&maps::PAGE_FAULT, 0x6, Arch::X86_64), ["PAGE_NOT_PRESENT", "WRITE_ACCESS", "USER_FAULT"]);
    assert_eq!(x86(&maps::RLIMIT, 7), 7);
    assert_eq!(x86(&maps::RLIMIT, 99), 0xff);
    assert_eq!(x86(&maps::SHUTDOWN, 3), 0xffff);
    assert_eq!(x86(&maps::SEMCTL, 16), 0x1000);
    // QCMD(Q_GETQUOTA, GRPQUOTA)
    assert_eq!(x86(&maps::QUOTA_COMMAND, 0x80000701), 0x20);
    assert_eq!(x86(&maps::QUOTA_TYPE, 0x80000701), 2);
    assert_eq!(x86(&maps::QUOTA_FORMAT, 3), 1);
    assert_eq!(x86(&maps::FCHOWNAT, 0x1400), 0x1400);
    assert_eq!(x86(&maps::RESOLVE, 0x8), 0x1);
}

#[test]
fn return_values() {
    assert!(RetTest::Connecting.holds(-115) && RetTest::Connecting.holds(0) && !RetTest::Connecting.holds(-111));
    assert!(RetTest::Success.holds(0) && !RetTest::Positive.holds(0) && RetTest::NotZero.holds(-2));
}
