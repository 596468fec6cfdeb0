//! The converter: old events in, current events out.
//!
//! Expected values are those of Falco's own converter tests, with the events built here.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use peregrine_runtime::capture::{Capture, ConvertError, Converted, Converter, Item};
use peregrine_schema::convert::{Action, CONVERSIONS, Instr};
use peregrine_schema::events::code;
use peregrine_schema::{EVENTS, Event, EventFlags, Type};
use peregrine_tests::scap::{Form, Scap, Val, event_row};

/// An event that came out: code and parameters.
type Out = (&'static str, Vec<Vec<u8>>);

fn run(scap: Scap) -> Result<Vec<Out>, ConvertError> {
    let bytes = scap.bytes();
    let mut capture = Capture::from_bytes(&bytes);
    let mut converter = Converter::new();
    let mut out = Vec::new();
    while let Some(item) = capture.next().unwrap() {
        let Item::Event(record) = item else { panic!("only events") };
        let (ts, tid, cpu, flags) = (record.ts, record.tid, record.cpu, record.flags);
        if let Converted::Pass(e) = converter.convert(record)? {
            assert_eq!((e.ts, e.tid, e.cpu, e.flags), (ts, tid, cpu, flags));
            out.push((e.event().id, e.params.iter().map(<[u8]>::to_vec).collect()));
        }
    }
    Ok(out)
}

/// The events of one thread, each with as many parameters as given.
fn events(events: &[(&str, &[Val<'_>])]) -> Scap {
    events.iter().fold(Scap::new(), |s, (id, params)| s.event(1, 9, event_row(id).code, params))
}

/// `id` with these parameters, encoded as its row says.
fn out(id: &'static str, params: &[Val<'_>]) -> Out {
    let row = event_row(id);
    assert_eq!(row.params.len(), params.len(), "{id}");
    (row.id, params.iter().zip(row.params).map(|(v, p)| v.encode(p.ty)).collect())
}

use Val::{Bytes, Empty, Int, Str, Strs, Uint};

const NO_ID: u64 = u32::MAX as u64;

type Case<'a> = (&'a str, &'a [Val<'a>], &'a str, &'a [Val<'a>], &'static str, &'a [Val<'a>]);

/// Enter event and its parameters, exit event and its parameters, result and its parameters.
#[rustfmt::skip]
const CASES: &[Case<'static>] = &[
    ("GENERIC_E", &[Uint(46), Uint(165)], "GENERIC_X", &[Uint(46)], "GENERIC_X", &[Uint(46), Uint(165)]),
    ("CLOSE_E", &[Int(13)], "CLOSE_X", &[Int(0)], "CLOSE_X", &[Int(0), Int(13)]),
    ("READ_E", &[Int(33), Uint(8192)], "READ_X", &[Int(270), Bytes(b"HTTP")],
     "READ_X", &[Int(270), Bytes(b"HTTP"), Int(33), Uint(8192)]),
    ("WRITE_E", &[Int(13), Uint(77)], "WRITE_X", &[Int(77), Bytes(b"x")], "WRITE_X", &[Int(77), Bytes(b"x"), Int(13), Uint(77)]),
    ("PREAD_E", &[Int(19), Uint(400), Uint(800)], "PREAD_X", &[Int(400), Bytes(b"x")],
     "PREAD_X", &[Int(400), Bytes(b"x"), Int(19), Uint(400), Uint(800)]),
    ("KILL_E", &[Int(121080), Uint(0)], "KILL_X", &[Int(0)], "KILL_X", &[Int(0), Int(121080), Uint(0)]),
    ("TGKILL_E", &[Int(672), Int(678), Uint(23)], "TGKILL_X", &[Int(0)], "TGKILL_X", &[Int(0), Int(672), Int(678), Uint(23)]),
    ("NANOSLEEP_E", &[Uint(0)], "NANOSLEEP_X", &[Int(0)], "NANOSLEEP_X", &[Int(0), Uint(0)]),
    ("GETRLIMIT_E", &[Uint(7)], "GETRLIMIT_X", &[Int(0), Int(1048576), Int(1048576)],
     "GETRLIMIT_X", &[Int(0), Int(1048576), Int(1048576), Uint(7)]),
    ("PRLIMIT_E", &[Int(0), Uint(3)], "PRLIMIT_X", &[Int(0), Int(-1), Int(-1), Int(8388608), Int(-1)],
     "PRLIMIT_X", &[Int(0), Int(-1), Int(-1), Int(8388608), Int(-1), Int(0), Uint(3)]),
    ("FCNTL_E", &[Int(19), Uint(5)], "FCNTL_X", &[Int(0)], "FCNTL_X", &[Int(0), Int(19), Uint(5), Uint(0)]),
    ("BRK_4_E", &[Uint(0xAAAB_08F6_0000)], "BRK_4_X", &[Uint(0xAAAB_08F6_0000), Uint(2208), Uint(788), Uint(0)],
     "BRK_4_X", &[Uint(0xAAAB_08F6_0000), Uint(2208), Uint(788), Uint(0), Uint(0xAAAB_08F6_0000)]),
    ("BRK_1_E", &[Uint(77)], "BRK_1_X", &[Uint(88)], "BRK_4_X", &[Uint(88), Uint(77), Empty, Empty, Empty]),
    ("SOCKET_E", &[Uint(2), Uint(524289), Uint(0)], "SOCKET_X", &[Int(19)], "SOCKET_X", &[Int(19), Uint(2), Uint(524289), Uint(0), Uint(0)]),
    ("LISTEN_E", &[Int(25), Uint(4096)], "LISTEN_X", &[Int(0)], "LISTEN_X", &[Int(0), Int(25), Uint(4096)]),
    ("SETRESUID_E", &[Uint(1000), Uint(NO_ID), Uint(NO_ID)], "SETRESUID_X", &[Int(0)],
     "SETRESUID_X", &[Int(0), Uint(1000), Uint(NO_ID), Uint(NO_ID)]),
    ("RECVFROM_E", &[Int(6), Uint(2048)], "RECVFROM_X", &[Int(89), Bytes(b"x"), Bytes(b"t")],
     "RECVFROM_X", &[Int(89), Bytes(b"x"), Bytes(b"t"), Int(6), Uint(2048)]),
    ("SHUTDOWN_E", &[Int(13), Uint(1)], "SHUTDOWN_X", &[Int(-107)], "SHUTDOWN_X", &[Int(-107), Int(13), Uint(1)]),
    ("SOCKETPAIR_E", &[Uint(1), Uint(524289), Uint(0)], "SOCKETPAIR_X", &[Int(0), Int(28), Int(29), Uint(30), Uint(31)],
     "SOCKETPAIR_X", &[Int(0), Int(28), Int(29), Uint(30), Uint(31), Uint(1), Uint(524289), Uint(0)]),
    ("SENDMSG_E", &[Int(13), Uint(89), Bytes(b"tuple")], "SENDMSG_X", &[Int(89), Bytes(b"x")],
     "SENDMSG_X", &[Int(89), Bytes(b"x"), Int(13), Uint(89), Bytes(b"tuple")]),
    ("MKDIR_E", &[Str("/hello"), Uint(0x1ff)], "MKDIR_X", &[Int(-13)], "MKDIR_2_X", &[Int(-13), Str("/hello"), Uint(0x1ff)]),
    ("FUTEX_E", &[Uint(0x5600_C323_51E0), Uint(129), Uint(1)], "FUTEX_X", &[Int(0)],
     "FUTEX_X", &[Int(0), Uint(0x5600_C323_51E0), Uint(129), Uint(1)]),
    ("LSEEK_E", &[Int(255), Uint(-751i64 as u64), Uint(1)], "LSEEK_X", &[Int(971)],
     "LSEEK_X", &[Int(971), Int(255), Uint(-751i64 as u64), Uint(1)]),
    ("IOCTL_3_E", &[Int(21), Uint(0x5414), Uint(0xFFFF_D297_F908)], "IOCTL_3_X", &[Int(0)],
     "IOCTL_3_X", &[Int(0), Int(21), Uint(0x5414), Uint(0xFFFF_D297_F908)]),
    ("IOCTL_2_E", &[Int(21), Uint(0x5414)], "IOCTL_2_X", &[Int(0)], "IOCTL_3_X", &[Int(0), Int(21), Uint(0x5414), Empty]),
    ("SPLICE_E", &[Int(5), Int(12), Uint(4194304), Uint(2)], "SPLICE_X", &[Int(0)],
     "SPLICE_X", &[Int(0), Int(5), Int(12), Uint(4194304), Uint(2)]),
    ("MOUNT_E", &[Uint(4129)], "MOUNT_X", &[Int(0), Str(""), Str("/run"), Str("")],
     "MOUNT_X", &[Int(0), Str(""), Str("/run"), Str(""), Uint(4129)]),
    ("ACCEPT4_6_E", &[Int(7)], "ACCEPT4_6_X", &[Int(-11), Empty, Uint(0), Uint(0), Uint(0)],
     "ACCEPT4_6_X", &[Int(-11), Empty, Uint(0), Uint(0), Uint(0), Int(7)]),
    ("SETRESGID_E", &[Uint(NO_ID), Uint(1000), Uint(NO_ID)], "SETRESGID_X", &[Int(0)],
     "SETRESGID_X", &[Int(0), Uint(NO_ID), Uint(1000), Uint(NO_ID)]),
    ("UMOUNT2_E", &[Uint(10)], "UMOUNT2_X", &[Int(-2), Str("/run")], "UMOUNT2_X", &[Int(-2), Str("/run"), Uint(10)]),
    ("OPENAT_E", &[Int(-100), Str("/f"), Uint(1), Uint(0)], "OPENAT_X", &[Int(3)],
     "OPENAT_2_X", &[Int(3), Int(-100), Str("/f"), Uint(1), Uint(0), Empty, Empty]),
];

#[test]
fn parameters_from_enter_events() {
    for (enter, enter_params, exit, exit_params, result, expected) in CASES {
        let got = run(events(&[(enter, enter_params), (exit, exit_params)])).unwrap();
        assert_eq!(got, [out(result, expected)]);
    }
}

#[test]
fn without_the_enter_event() {
    let lost = |exit, params: &[Val<'_>]| run(events(&[(exit, params)])).unwrap();
    // Defaults of the types, or empty.
    assert_eq!(lost("CLOSE_X", &[Int(0)]), [out("CLOSE_X", &[Int(0), Int(0)])]);
    assert_eq!(lost("SETUID_X", &[Int(0)]), [out("SETUID_X", &[Int(0), Empty])]);
    assert_eq!(lost("GENERIC_X", &[Uint(5)]), [out("GENERIC_X", &[Uint(5), Empty])]);
    // That of another system call, or of another thread, or one already used does not count.
    let other = events(&[("READ_E", &[Int(3), Uint(4)]), ("CLOSE_X", &[Int(0)])]);
    assert_eq!(run(other).unwrap(), [out("CLOSE_X", &[Int(0), Int(0)])]);
    let thread = Scap::new().event(1, 1, code::CLOSE_E, &[Int(3)]).event(1, 2, code::CLOSE_X, &[Int(0)]);
    assert_eq!(run(thread).unwrap(), [out("CLOSE_X", &[Int(0), Int(0)])]);
    let twice = events(&[("CLOSE_E", &[Int(3)]), ("CLOSE_X", &[Int(0)]), ("CLOSE_X", &[Int(0)])]);
    assert_eq!(run(twice).unwrap(), [out("CLOSE_X", &[Int(0), Int(3)]), out("CLOSE_X", &[Int(0), Int(0)])]);
    // The last one counts.
    let two = events(&[("CLOSE_E", &[Int(3)]), ("CLOSE_E", &[Int(4)]), ("CLOSE_X", &[Int(0)])]);
    assert_eq!(run(two).unwrap(), [out("CLOSE_X", &[Int(0), Int(4)])]);
    // It goes with the thread.
    let exit = events(&[("CLOSE_E", &[Int(3)]), ("PROCEXIT_1_E", &[Int(0)]), ("CLOSE_X", &[Int(0)])]);
    assert_eq!(run(exit).unwrap()[1], out("CLOSE_X", &[Int(0), Int(0)]));
}

#[test]
fn enter_events_that_are_delivered_too() {
    let scap = events(&[
        ("CONNECT_E", &[Int(3), Bytes(b"addr")]),
        ("CONNECT_X", &[Int(0), Bytes(b"tuple")]),
        ("CONNECT_E", &[Int(3), Bytes(b"addr")]),
        ("CONNECT_X", &[Int(0), Bytes(b"tuple"), Int(3)]),
        ("OPEN_E", &[]),
        ("OPEN_E", &[Str("/f"), Uint(1), Uint(2)]),
        ("OPEN_X", &[Int(3), Str("/f"), Uint(1), Uint(2)]),
    ]);
    let expected = [
        out("CONNECT_E", &[Int(3), Bytes(b"addr")]),
        // Two conversions, of which the first uses up the enter event; Falco loses the address too.
        out("CONNECT_X", &[Int(0), Bytes(b"tuple"), Int(3), Empty]),
        out("CONNECT_E", &[Int(3), Bytes(b"addr")]),
        out("CONNECT_X", &[Int(0), Bytes(b"tuple"), Int(3), Bytes(b"addr")]),
        out("OPEN_E", &[Empty, Empty, Empty]),
        out("OPEN_E", &[Str("/f"), Uint(1), Uint(2)]),
        out("OPEN_X", &[Int(3), Str("/f"), Uint(1), Uint(2), Empty, Empty]),
    ];
    assert_eq!(run(scap).unwrap(), expected);
}

#[test]
fn oldest_execve() {
    let params = [Int(0), Str("cat"), Strs(&["a"]), Int(1), Int(2), Int(3), Str("/"), Int(1024)];
    let got = run(events(&[("EXECVE_8_E", &[]), ("EXECVE_8_X", &params)])).unwrap();
    let ids: Vec<_> = got.iter().map(|e| e.0).collect();
    assert_eq!(ids, ["EXECVE_19_E", "EXECVE_19_X"]);
    assert_eq!(got[0].1, [Vec::<u8>::new()]);
    let row = event_row("EXECVE_19_X");
    assert_eq!(got[1].1.len(), row.params.len());
    let old: Vec<Vec<u8>> = params.iter().zip(row.params).map(|(v, p)| v.encode(p.ty)).collect();
    assert_eq!(got[1].1[..8], old);
    assert!(got[1].1[8..].iter().all(|p| p.is_empty()));
    // The newest form takes the file name from the enter event.
    let mut stored = vec![Int(1); 30];
    for (value, param) in stored.iter_mut().zip(row.params).filter(|(_, p)| p.ty.size().is_none()) {
        *value = Str(param.name);
    }
    let got = run(events(&[("EXECVE_19_E", &[Str("/usr/bin/cat")]), ("EXECVE_19_X", &stored)])).unwrap();
    stored.push(Str("/usr/bin/cat"));
    assert_eq!(got[1], out("EXECVE_19_X", &stored));
}

#[test]
fn containers() {
    let got = run(events(&[("CONTAINER_E", &[Str("id"), Uint(7), Str("name"), Str("image")])])).unwrap();
    let json = r#"{"id":"id","type":7,"name":"name","image":"image"}"#;
    assert_eq!(got, [("CONTAINER_JSON_2_E", vec![[json.as_bytes(), &[0]].concat()])]);
    let got = run(events(&[("CONTAINER_E", &[Empty, Uint(7), Str("name"), Str("image")])])).unwrap();
    assert_eq!(got, [("CONTAINER_JSON_2_E", vec![vec![]])]);
}

#[test]
fn dropped_and_passed() {
    assert_eq!(run(events(&[("PROCEXIT_X", &[])])).unwrap(), []);
    // Current events that the converter does not manage pass as they are, whatever number of parameters.
    let short = Scap::new().event(1, 1, code::PROCEXIT_1_E, &[Int(4)]);
    assert_eq!(run(short).unwrap(), [("PROCEXIT_1_E", vec![4i64.to_le_bytes().to_vec()])]);
    let long = Scap::new().event_raw(Form::default(), 1, 1, code::PROCEXIT_1_E, &[&b"x"[..]; 9]);
    assert_eq!(run(long).unwrap()[0].1.len(), 9);
}

#[test]
fn errors() {
    let many = Scap::new().event_raw(Form::default(), 1, 1, code::CLOSE_X, &[&[0u8; 8][..]; 3]);
    assert_eq!(run(many), Err(ConvertError::TooManyParams { code: code::CLOSE_X, count: 3, most: 2 }));
    let few = Scap::new().event(1, 1, code::CLOSE_X, &[]);
    assert_eq!(run(few), Err(ConvertError::NoConversion { code: code::CLOSE_X, count: 0 }));
    let enter = Scap::new().event_raw(Form::default(), 1, 1, code::CLOSE_E, &[&[0u8; 8][..]; 258]);
    assert_eq!(run(enter), Err(ConvertError::NoConversion { code: code::CLOSE_E, count: 258 }));
    let text = vec![b'x'; 60_000];
    let scap = events(&[("MKDIR_E", &[Bytes(&text), Uint(1)]), ("MKDIR_X", &[Int(0)])]);
    assert_eq!(run(scap).unwrap().len(), 1);
    let text = vec![b'x'; 60_000];
    let send = [Int(13), Uint(89), Bytes(&text)];
    let scap = events(&[("SENDMSG_E", &send), ("SENDMSG_X", &[Int(89), Bytes(&text)])]);
    assert!(matches!(run(scap), Err(ConvertError::TooLong { code: code::SENDMSG_X, .. })));
}

#[test]
fn values_are_cut_to_their_type() {
    // An enter event with an 8-byte value where 4 bytes belong.
    let scap = Scap::new()
        .event_raw(Form::default(), 1, 1, code::READ_E, &[&3i64.to_le_bytes(), &[1, 2, 3, 4, 5, 6, 7, 8]])
        .event(1, 1, code::READ_X, &[Int(1), Bytes(b"x")]);
    assert_eq!(run(scap).unwrap()[0].1[3], [1, 2, 3, 4]);
}

/// Parameters that an old event of this number of parameters may have had.
fn some_params(event: &Event, count: usize) -> Vec<Vec<u8>> {
    let value = |i: usize, ty: Type| match ty.size() {
        Some(size) => vec![i as u8 + 1; size],
        None => format!("p{i}\0").into_bytes(),
    };
    (0..count).map(|i| value(i, event.params.get(i).map_or(Type::Uint64, |p| p.ty))).collect()
}

/// Every row of the table leads to a current event or to none, with its enter event and without.
#[test]
fn every_conversion() {
    for row in &CONVERSIONS {
        let event = &EVENTS[usize::from(row.code)];
        let add = |scap: Scap, code: u16, count: u8| {
            let params = some_params(&EVENTS[usize::from(code)], usize::from(count));
            let params: Vec<&[u8]> = params.iter().map(Vec::as_slice).collect();
            scap.event_raw(Form::default(), 1, 1, code, &params)
        };
        let alone = run(add(Scap::new(), row.code, row.nparams)).unwrap_or_else(|e| panic!("{}: {e}", event.id));
        check_current(row.code, &alone);
        for enter in CONVERSIONS.iter().filter(|e| event.is_exit() && e.code + 1 == row.code) {
            let got = run(add(add(Scap::new(), enter.code, enter.nparams), row.code, row.nparams)).unwrap();
            let last = got.last().cloned().into_iter().collect::<Vec<_>>();
            check_current(row.code, &last);
            let uses_enter = |i: &Instr| matches!(i, Instr::Enter(_) | Instr::EnterOrEmpty(_));
            if let (Action::Add(instrs), Action::Store) = (row.action, enter.action)
                && instrs.iter().any(uses_enter)
                && last[0].1.len() == usize::from(row.nparams) + instrs.len()
            {
                let from = some_params(&EVENTS[usize::from(enter.code)], usize::from(enter.nparams));
                for (got, instr) in last[0].1[usize::from(row.nparams)..].iter().zip(instrs) {
                    if let Instr::Enter(i) | Instr::EnterOrEmpty(i) = instr {
                        assert!(from[usize::from(*i)].starts_with(got), "{}", event.id);
                    }
                }
            }
        }
    }
}

fn check_current(code: u16, got: &[Out]) {
    let from = EVENTS[usize::from(code)].id;
    if !EVENTS[usize::from(code)].is_exit() && got.is_empty() {
        return;
    }
    let [(id, params)] = got else { panic!("{from} became {got:?}") };
    let row = event_row(id);
    assert!(!row.flags.has(EventFlags::UNUSED), "{from} became {id}");
    assert!(!row.is_exit() || !row.flags.has(EventFlags::OLD_VERSION), "{from} became {id}");
    assert_eq!(params.len(), row.params.len(), "{from} became {id}");
}
