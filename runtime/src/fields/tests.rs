//! Facts about values, on records and state made by hand.

use super::*;
use crate::state::thread::Strings;
use crate::state::{Addr, FdKind, Image, Role};
use bumpalo::Bump;
use peregrine_compiler::value::{Arg, FieldRef, Place};
use peregrine_schema::FieldId;
use std::sync::Arc;

/// A record with its own bytes.
struct Made {
    lens: Vec<u8>,
    data: Vec<u8>,
    code: u16,
}

impl Made {
    fn new(code: u16, params: &[&[u8]]) -> Made {
        let lens = params.iter().flat_map(|p| (p.len() as u16).to_le_bytes()).collect();
        Made { lens, data: params.concat(), code }
    }

    fn record(&self) -> Record<'_> {
        let params = crate::record::Params::new(&self.lens, &self.data, 2);
        Record { ts: 1_470_327_477_881_781_397, tid: 7, code: self.code, cpu: 1, flags: 0, params }
    }
}

/// A process `sh` (7) with a child of its own name, in `/data/`.
fn state() -> State {
    let mut state = State::default();
    let mut image = Image::empty(1);
    image.comm = b"sh"[..].into();
    image.exe = b"/bin/sh"[..].into();
    image.exepath = b"/bin/dash"[..].into();
    image.args = Strings(b"-c\0a b\0"[..].into());
    image.env = Strings(b"A= x \0PATH=/bin\0"[..].into());
    image.cgroups = Strings(b"cpu=/\0mem_cgroup=/m\0"[..].into());
    let mut thread = Thread::new(7, Arc::new(image));
    (thread.pid, thread.ptid, thread.vtid, thread.vpid) = (7, 1, 7, 7);
    (thread.uid, thread.gid) = (0, 5);
    thread.cwd = b"/data/"[..].into();
    thread.cap_effective = 0b101;
    assert!(state.threads.add(thread, true).is_some());
    state
}

fn with<T>(made: &Made, cur: &Current, fields: &[FieldRef], f: impl FnOnce(&EventView<'_>) -> T) -> T {
    let (state, bound, scratch, env) = (state(), Bound::new(fields), Bump::new(), Env::default());
    let record = made.record();
    let event = Delivered { number: 3, record: &record, state: &state, current: cur, first_ts: 1 };
    f(&EventView::new(event, &bound, &scratch, &env))
}

/// The value of one field as debug text, strings as text.
fn show(value: Option<Value<'_>>) -> String {
    match value {
        None => "missing".into(),
        Some(Value::Str(text)) => String::from_utf8_lossy(text).into_owned(),
        Some(other) => format!("{other:?}"),
    }
}

fn value(made: &Made, cur: &Current, id: FieldId, arg: Arg) -> String {
    with(made, cur, &[FieldRef::new(id, arg)], |view| show(view.field(0)))
}

fn key(name: &str) -> Arg {
    Arg::Key(name.into())
}

fn res(result: i64) -> [u8; 8] {
    result.to_le_bytes()
}

/// A failed `openat(AT_FDCWD, "x", O_RDONLY|O_CLOEXEC)`.
fn failed_open() -> Made {
    let (fd, dirfd, flags, mode) = (res(-2), res(-100), 0x1001u32.to_le_bytes(), 0u32.to_le_bytes());
    Made::new(code::OPENAT_2_X, &[&fd, &dirfd, b"x\0", &flags, &mode, &[0; 4], &[0; 8]])
}

#[test]
fn a_failed_open() {
    let (made, cur) = (failed_open(), Current { fd: Some(-2), ..Current::default() });
    for (id, arg, expected) in [
        (FieldId::EvtArg, key("fd"), "ENOENT"),
        (FieldId::EvtArg, key("flags"), "O_RDONLY|O_CLOEXEC"),
        (FieldId::EvtArg, key("name"), "/data/x"),
        (FieldId::EvtArg, key("mode"), "0"),
        (FieldId::EvtArg, Arg::Index(1), "AT_FDCWD"),
        (FieldId::EvtArg, Arg::Index(9), "missing"),
        (FieldId::EvtArg, key("res"), "missing"),
        (FieldId::EvtRawarg, key("name"), "x"),
        (FieldId::EvtRawarg, key("fd"), "Int(-2)"),
        (FieldId::EvtRes, Arg::None, "ENOENT"),
        (FieldId::EvtRawres, Arg::None, "Int(-2)"),
        (FieldId::EvtFailed, Arg::None, "Bool(true)"),
        (FieldId::EvtIsOpenRead, Arg::None, "Bool(true)"),
        (FieldId::EvtIsOpenWrite, Arg::None, "Bool(false)"),
        (FieldId::EvtCountErrorFile, Arg::None, "Uint(1)"),
        (FieldId::EvtCountErrorNet, Arg::None, "missing"),
        (FieldId::EvtTypeIs, key("openat"), "Uint(1)"),
        (FieldId::EvtTypeIs, key("open"), "Uint(0)"),
        (FieldId::EvtDir, Arg::None, "<"),
        (FieldId::FdNum, Arg::None, "Int(-2)"),
        (FieldId::FdName, Arg::None, "/data/x"),
        (FieldId::FdNameraw, Arg::None, "x"),
        (FieldId::FdDirectory, Arg::None, "/data"),
        (FieldId::FdFilename, Arg::None, "missing"),
        (FieldId::FdType, Arg::None, "missing"),
        (FieldId::FdTypechar, Arg::None, "f"),
        (FieldId::FdUid, Arg::None, "7-2"),
        (FieldId::EvtAbspath, Arg::None, "/data/x"),
        (FieldId::FsPathName, Arg::None, "<UNKNOWN>"),
    ] {
        assert_eq!(value(&made, &cur, id, arg.clone()), expected, "{} {arg:?}", id.row().name);
    }
    assert_eq!(
        value(&made, &cur, FieldId::EvtArgs, Arg::None),
        "fd=-2(ENOENT) dirfd=-100(AT_FDCWD) name=x(/data/x) flags=4097(O_RDONLY|O_CLOEXEC) mode=0 dev=0 ino=0"
    );
}

#[test]
fn the_process() {
    let (made, cur) = (failed_open(), Current::default());
    for (id, arg, expected) in [
        (FieldId::ProcName, Arg::None, "sh"),
        (FieldId::ProcCmdline, Arg::None, "sh -c a b"),
        (FieldId::ProcExeline, Arg::None, "/bin/sh -c a b"),
        (FieldId::ProcArgs, Arg::Index(1), "a b"),
        (FieldId::ProcArgs, Arg::Index(2), ""),
        (FieldId::ProcCmdnargs, Arg::None, "Uint(2)"),
        (FieldId::ProcCmdlenargs, Arg::None, "Uint(5)"),
        (FieldId::ProcEnv, key("A"), "x"),
        (FieldId::ProcEnv, key("NONE"), ""),
        (FieldId::ProcEnv, Arg::None, "A= x  PATH=/bin"),
        (FieldId::ProcCwd, Arg::None, "/data/"),
        (FieldId::ProcPname, Arg::None, "missing"),
        (FieldId::ProcAname, Arg::Index(0), "sh"),
        (FieldId::ProcAname, Arg::None, "List([])"),
        (FieldId::ProcApid, Arg::Index(0), "Int(7)"),
        (FieldId::ProcLoginshellid, Arg::None, "Int(7)"),
        (FieldId::ProcSname, Arg::None, ""),
        (FieldId::ProcDuration, Arg::None, "missing"),
        (FieldId::ThreadCapEffective, Arg::None, "CAP_CHOWN CAP_DAC_READ_SEARCH"),
        (FieldId::ThreadCapPermitted, Arg::None, ""),
        (FieldId::ThreadCgroups, Arg::None, "cpu=/ memory=/m"),
        (FieldId::ThreadCgroup, key("memory"), "/m"),
        (FieldId::ThreadCgroup, key("cpuset"), "missing"),
        (FieldId::ThreadNametid, Arg::None, "sh7"),
        (FieldId::UserName, Arg::None, "root"),
        (FieldId::UserHomedir, Arg::None, "/root"),
        (FieldId::UserShell, Arg::None, "<NA>"),
        (FieldId::UserLoginuid, Arg::None, "Int(-1)"),
        (FieldId::UserLoginname, Arg::None, "<NA>"),
        (FieldId::GroupName, Arg::None, "<NA>"),
        (FieldId::ContainerName, Arg::None, "host"),
        (FieldId::ContainerImage, Arg::None, ""),
        (FieldId::K8sPodName, Arg::None, "missing"),
    ] {
        assert_eq!(value(&made, &cur, id, arg.clone()), expected, "{} {arg:?}", id.row().name);
    }
}

/// Names of users and threads change while their numbers stay.
#[test]
fn only_errors_are_known_by_their_number() {
    let known = |code: u16, result: &[u8]| {
        let made = Made::new(code, &[result]);
        with(&made, &Current::default(), &[FieldRef::new(FieldId::EvtRes, Arg::None)], |view| view.fingerprint(0))
    };
    assert!(known(code::SETUID_X, &res(-1)).is_some());
    assert_eq!(known(code::GETUID_X, &u32::MAX.to_le_bytes()), None);
    assert_eq!(known(code::CLONE_20_X, &res(-2)), None);
}

#[test]
fn empty_parameters() {
    // setuid with its result and an empty uid.
    let made = Made::new(code::SETUID_X, &[&res(0), b""]);
    let cur = Current::default();
    assert_eq!(value(&made, &cur, FieldId::EvtArg, key("uid")), "<NA>");
    assert_eq!(value(&made, &cur, FieldId::EvtRawarg, key("uid")), "missing");
    assert_eq!(value(&made, &cur, FieldId::EvtArgs, Arg::None), "res=0 uid=<NA>");
    let uid = FieldRef::new(FieldId::EvtRawarg, key("uid"));
    with(&made, &cur, &[uid], |view| assert_eq!(view.shown(0).map(|s| s.value), Some(Value::Uint(0))));
    // Text: empty, and a lone NUL.
    let made = Made::new(code::CHDIR_X, &[&res(0), b""]);
    assert_eq!(value(&made, &cur, FieldId::EvtRawarg, key("path")), "<NA>");
    let made = Made::new(code::CHDIR_X, &[&res(0), b"\0"]);
    assert_eq!(value(&made, &cur, FieldId::EvtRawarg, key("path")), "");
    let made = Made::new(code::SETUID_X, &[&res(0), &5u32.to_le_bytes()]);
    assert_eq!(value(&made, &cur, FieldId::EvtArgs, Arg::None), "res=0 uid=5(<NA>)");
}

#[test]
fn sockets() {
    let mut fd = Fd::new(FdKind::Ipv4Sock);
    fd.set_addr(Addr::V4 { sip: [172, 40, 111, 222], dip: [142, 251, 111, 147], sport: 54321, dport: 443 });
    fd.name = b"172.40.111.222:54321->142.251.111.147:443"[..].into();
    let made = Made::new(code::SHUTDOWN_X, &[&res(0), &res(4), &[2]]);
    let of = |fd: &Fd, id| {
        let cur = Current { fd: Some(4), fd_info: Some(Box::new(fd.clone())), ..Current::default() };
        value(&made, &cur, id, Arg::None)
    };
    assert_eq!(of(&fd, FieldId::FdSip), "missing", "the role is not known");
    assert_eq!(of(&fd, FieldId::FdL4proto), "<NA>");
    assert_eq!(of(&fd, FieldId::FdIp), "List([Ip([172, 40, 111, 222]), Ip([142, 251, 111, 147])])");
    assert_eq!(of(&fd, FieldId::FdPort), "List([Uint(54321), Uint(443)])");
    fd.role = Role::Client;
    assert_eq!(of(&fd, FieldId::FdSip), "Ip([142, 251, 111, 147])");
    assert_eq!(of(&fd, FieldId::FdCport), "Uint(54321)");
    assert_eq!(of(&fd, FieldId::FdSproto), "443");
    // No interface has the client's address, so the server end counts as local.
    assert_eq!(of(&fd, FieldId::FdLip), "Ip([142, 251, 111, 147])");
    assert_eq!(of(&fd, FieldId::FdRport), "Uint(54321)");
    assert_eq!(of(&fd, FieldId::FdDirectory), "missing");
    assert_eq!(of(&fd, FieldId::FdSockfamily), "ip");
    let mut server = Fd::new(FdKind::Ipv4ServSock);
    server.set_addr(Addr::ServV4 { ip: [0; 4], port: 80 });
    assert_eq!(of(&server, FieldId::FdSport), "Uint(80)");
    assert_eq!(of(&server, FieldId::FdCport), "missing");
    assert_eq!(of(&server, FieldId::FdIsServer), "Bool(true)");
    assert_eq!(of(&Fd::new(FdKind::FileV2), FieldId::FdIp), "missing");
}

#[test]
fn polls() {
    let list = [&2u16.to_le_bytes()[..], &res(4), &[1, 0], &res(-1), &[4, 0]].concat();
    let made = Made::new(code::POLL_X, &[&res(1), &list, &res(0)]);
    let cur = Current::default();
    assert_eq!(value(&made, &cur, FieldId::FdlistNums, Arg::None), "4,-1");
    assert_eq!(value(&made, &cur, FieldId::FdlistNames, Arg::None), "<NA>,<NA>");
    assert_eq!(value(&made, &cur, FieldId::FdlistCips, Arg::None), "missing");
    assert_eq!(value(&made, &cur, FieldId::EvtArg, key("fds")), "4:?1 18446744073709551615:?4");
}

#[test]
fn times_and_counters() {
    let (made, cur) = (failed_open(), Current::default());
    for (id, expected) in [
        (FieldId::EvtTime, "16:17:57.881781397"),
        (FieldId::EvtTimeIso8601, "2016-08-04T16:17:57.881781397+0000"),
        (FieldId::EvtDatetimeS, "2016-08-04 16:17:57"),
        (FieldId::EvtRawtimeNs, "Uint(881781397)"),
        (FieldId::EvtReltimeS, "Uint(1470327477)"),
        (FieldId::EvtNum, "Uint(3)"),
        (FieldId::EvtLatencyHuman, "0ns"),
        (FieldId::EvtSource, "syscall"),
        (FieldId::EvtAsynctype, "missing"),
    ] {
        assert_eq!(value(&made, &cur, id, Arg::None), expected, "{}", id.row().name);
    }
    // 2.5 ms away: within 3 ms, not within 2.
    let near = Arg::Index(1_470_327_477_879_281_397);
    assert_eq!(value(&made, &cur, FieldId::EvtAround, near), "Uint(3)");
    let fields = [FieldId::UtilCnt, FieldId::EvtDeltatime].map(|id| FieldRef::new(id, Arg::None));
    let (state, bound, scratch, env) = (state(), Bound::new(&fields), Bump::new(), Env::default());
    let mut record = made.record();
    for (number, count, delta) in [(1, 1, 0), (2, 2, 5), (3, 3, 5)] {
        record.ts += 5;
        let event = Delivered { number, record: &record, state: &state, current: &cur, first_ts: 1 };
        let view = EventView::new(event, &bound, &scratch, &env);
        assert_eq!(view.field(0), Some(Value::Uint(count)));
        assert_eq!(view.field(0), Some(Value::Uint(count)), "the same within an event");
        assert_eq!(view.field(1), Some(Value::Uint(delta)));
    }
}

#[test]
fn places_remember_apart() {
    let at =
        |text, number| FieldRef { place: Some(Place { text, number }), ..FieldRef::new(FieldId::UtilCnt, Arg::None) };
    let (made, cur) = (failed_open(), Current::default());
    let (state, bound) = (state(), Bound::new(&[at(1, 0), at(1, 1), at(2, 0)]));
    let (scratch, env) = (Bump::new(), Env::default());
    let record = made.record();
    let seen = |number, slots: &[usize]| -> Vec<u64> {
        let event = Delivered { number, record: &record, state: &state, current: &cur, first_ts: 1 };
        let view = EventView::new(event, &bound, &scratch, &env);
        let count = |slot: &usize| match view.field(*slot) {
            Some(Value::Uint(count)) => count,
            other => panic!("{other:?}"),
        };
        slots.iter().map(count).collect()
    };
    // Of the places of one text, the one reached first counts and the others see its value.
    assert_eq!(seen(1, &[0, 1, 2, 0]), [1, 1, 1, 1]);
    assert_eq!(seen(2, &[0, 1]), [2, 2]);
    assert_eq!(seen(3, &[1, 0, 2]), [1, 1, 2]);
    assert_eq!(seen(4, &[0]), [3]);
}

#[test]
fn no_field_panics_on_odd_records() {
    let fields: Vec<FieldRef> = peregrine_schema::FIELDS
        .iter()
        .flat_map(|f| [Arg::None, Arg::Index(0), key("data"), key("res")].map(|arg| FieldRef::new(f.id, arg)))
        .collect();
    for event in &peregrine_schema::EVENTS {
        for params in [&[][..], &[&b""[..]; 32], &[&b"\0"[..]; 32], &[&b"\x02\xff\0"[..]; 32], &[&[0xff; 8][..]; 32]] {
            let made = Made::new(event.code, params);
            let cur = Current { fd: Some(i64::MIN), ..Current::default() };
            with(&made, &cur, &fields, |view| {
                for slot in 0..fields.len() {
                    let _ = view.field(slot);
                    let _ = crate::format::field_json(view, slot);
                }
            });
        }
    }
}
