//! Captures of every block version, built for the purpose, and captures that are broken in every way.

use peregrine_runtime::capture::*;
use peregrine_schema::events::code;
use peregrine_tests::scap::{self, Form, Scap, Val, block};

/// Time, thread, code, CPU, flags, parameters.
type Seen = (u64, i64, u16, u16, u32, Vec<Vec<u8>>);

/// What a capture gave, up to its end or its error.
#[derive(Debug, Default, PartialEq)]
struct Read {
    metadata: Vec<Metadata>,
    events: Vec<Seen>,
    restarts: usize,
    error: Option<String>,
}

fn read(bytes: &[u8]) -> Read {
    let mut capture = Capture::from_bytes(bytes);
    let mut out = Read::default();
    loop {
        match capture.next() {
            Ok(None) => return out,
            Ok(Some(Item::Restart)) => out.restarts += 1,
            Ok(Some(Item::Metadata(m))) => out.metadata.push(*m),
            Ok(Some(Item::Event(e))) => {
                let params = e.params.iter().map(<[u8]>::to_vec).collect();
                out.events.push((e.ts, e.tid, e.code, e.cpu, e.flags, params));
            }
            Err(e) => {
                out.error = Some(e.to_string());
                return out;
            }
        }
    }
}

/// The same raw, compressed, and compressed in two members.
fn read_all_ways(capture: Scap) -> Read {
    let bytes = capture.bytes();
    let raw = read(&bytes);
    assert_eq!(read(&scap::gzip(&bytes)), with_compressed(&raw));
    let (a, b) = bytes.split_at(bytes.len() / 2);
    assert_eq!(read(&[scap::gzip(a), scap::gzip(b)].concat()), with_compressed(&raw));
    raw
}

fn with_compressed(raw: &Read) -> Read {
    let error = raw.error.as_ref().map(|e| {
        let (at, rest) = e.split_once(':').expect("position");
        format!("{at} of the uncompressed capture:{rest}")
    });
    Read { metadata: raw.metadata.clone(), events: raw.events.clone(), restarts: raw.restarts, error }
}

fn close(scap: Scap) -> Scap {
    scap.event(5, 7, code::CLOSE_X, &[Val::Int(0), Val::Int(3)])
}

fn process() -> Process {
    Process {
        tid: 10,
        pid: 11,
        ptid: 12,
        sid: 13,
        vpgid: 14,
        pgid: 15,
        comm: b"comm".to_vec(),
        exe: b"exe".to_vec(),
        exepath: b"/bin/exe".to_vec(),
        args: b"a\0b\0".to_vec(),
        cwd: b"/cwd/".to_vec(),
        env: b"A=1\0".to_vec(),
        cgroups: b"cpu=/\0".to_vec(),
        root: b"/".to_vec(),
        fdlimit: 1024,
        flags: 16,
        uid: 17,
        gid: 18,
        vmsize_kb: 19,
        vmrss_kb: 20,
        vmswap_kb: 21,
        pfmajor: 22,
        pfminor: 23,
        vtid: 24,
        vpid: 25,
        pidns_init_start_ts: 26,
        tty: 27,
        loginuid: 28,
        exe_writable: true,
        exe_upper_layer: true,
        exe_lower_layer: true,
        exe_from_memfd: true,
        cap_inheritable: 29,
        cap_permitted: 30,
        cap_effective: 31,
        exe_ino: 32,
        exe_ino_ctime: 33,
        exe_ino_mtime: 34,
        clone_ts: 0,
    }
}

/// The process as far as list version `version` tells it.
fn process_of(version: u8) -> Process {
    let mut p = process();
    let none = Process::default();
    if version < 9 {
        let q = none.clone();
        p = Process {
            pgid: q.pgid,
            pidns_init_start_ts: 0,
            tty: 0,
            loginuid: q.loginuid,
            exe_writable: false,
            exe_upper_layer: false,
            exe_lower_layer: false,
            exe_from_memfd: false,
            cap_inheritable: 0,
            cap_permitted: 0,
            cap_effective: 0,
            exe_ino: 0,
            exe_ino_ctime: 0,
            exe_ino_mtime: 0,
            ..p
        };
    }
    if version < 8 {
        p.vpgid = -1;
    }
    if version < 7 {
        p.exepath.clear();
    }
    if version < 6 {
        p.sid = -1;
    }
    if version < 5 {
        p.root.clear();
    }
    if version < 4 {
        (p.vtid, p.vpid) = (-1, -1);
        p.cgroups.clear();
    }
    if version < 3 {
        p.env.clear();
    }
    if version < 2 {
        (p.vmsize_kb, p.vmrss_kb, p.vmswap_kb, p.pfmajor, p.pfminor) = (0, 0, 0, 0, 0);
    }
    p
}

fn machine() -> MachineInfo {
    MachineInfo { num_cpus: 4, memory: 5, max_pid: 6, hostname: b"host".to_vec(), boot_ts: 7, flags: 8 }
}

#[test]
fn process_lists_of_all_versions() {
    for version in 1..=9 {
        let other = Process { tid: 99, comm: b"other".to_vec(), ..process() };
        let got = read_all_ways(close(Scap::new().processes(version, &[process(), other.clone()])));
        assert_eq!(got.error, None, "version {version}");
        assert_eq!(got.metadata.len(), 2);
        assert_eq!(got.metadata[0], Metadata::Process(process_of(version)), "version {version}");
        assert!(matches!(&got.metadata[1], Metadata::Process(p) if p.tid == 99 && p.comm == b"other"));
        assert_eq!(got.events.len(), 1);
    }
}

/// Body of the first block after the section header.
fn body_of(scap: Scap) -> Vec<u8> {
    let bytes = scap.bytes();
    let body = &bytes[28 + 8..bytes.len() - 4];
    body.to_vec()
}

#[test]
fn unpublished_block_types() {
    let [mi, pl1, pl2, pl3, fdl, il, ul, ev] = block::OLD;
    let fds = FdList { tid: 10, fds: vec![FdEntry { fd: 1, ino: 2, kind: 1, info: FdInfo::Named(b"/f".to_vec()) }] };
    let interface = Interface {
        name: b"lo".to_vec(),
        addr: InterfaceAddr::V4 { addr: [127, 0, 0, 1], mask: [255, 0, 0, 0], broadcast: [0; 4] },
        link_speed: 9,
    };
    let users = Users { groups: vec![Group { gid: 1, name: b"g".to_vec() }], ..Users::default() };
    let form = Form { version: 1, ..Form::default() };
    let scap = Scap::new()
        .block(mi, &body_of(Scap::new().machine(&machine())))
        .block(pl1, &body_of(Scap::new().processes(1, &[process()])))
        .block(pl2, &body_of(Scap::new().processes(2, &[process()])))
        .block(pl3, &body_of(Scap::new().processes(3, &[process()])))
        .block(fdl, &body_of(Scap::new().fds_in(1, &fds)))
        .block(il, &body_of(Scap::new().interfaces(1, std::slice::from_ref(&interface))))
        .block(ul, &body_of(Scap::new().users(1, &users)))
        .block(ev, &body_of(Scap::new().event_in(form, 1, 2, code::CLOSE_X, &[Val::Int(0)])));
    let got = read_all_ways(scap);
    let expected = [
        Metadata::Machine(machine()),
        Metadata::Process(process_of(1)),
        Metadata::Process(process_of(2)),
        Metadata::Process(process_of(3)),
        Metadata::Fds(fds),
        Metadata::Interfaces(vec![interface]),
        Metadata::Users(users),
    ];
    assert_eq!(got.metadata, expected);
    assert_eq!(got.events, [(1, 2, code::CLOSE_X, 0, 0, vec![vec![0; 8]])]);
    assert_eq!(got.error, None);
}

#[test]
fn process_entries_with_short_and_long_tails() {
    let entry = body_of(Scap::new().processes(9, &[process()]));
    let tail = 8 + 4 + 4 + 1 + 3 * 8 + 1 + 3 * 8 + 1 + 1 + 8;
    let entry = &entry[..u32::from_le_bytes(entry[..4].try_into().unwrap()) as usize];
    let fixed = &entry[4..entry.len() - tail];
    let with_tail = |tail: &[u8]| {
        let length = (4 + fixed.len() + tail.len()) as u32;
        let body = [&length.to_le_bytes()[..], fixed, tail].concat();
        let got = read_all_ways(close(Scap::new().block(0x215, &body)));
        assert_eq!(got.error, None);
        match &got.metadata[..] {
            [Metadata::Process(p)] => p.clone(),
            other => panic!("{other:?}"),
        }
    };
    // No tail.
    let p = with_tail(&[]);
    assert_eq!((p.loginuid, p.tty, p.pgid, p.exe_writable), (u32::MAX, 0, -1, false));
    // Up to 29 bytes: the layout without pid namespace and terminal.
    let p = with_tail(&[1; 29]);
    assert_eq!((p.pidns_init_start_ts, p.tty, p.loginuid, p.exe_writable), (0, 0, 0x0101_0101, true));
    assert_eq!((p.cap_inheritable, p.cap_effective), (0x0101_0101_0101_0101, 0x0101_0101_0101_0101));
    let p = with_tail(&[1; 4]);
    assert_eq!((p.loginuid, p.exe_writable), (0x0101_0101, false));
    // 30 bytes: with them, and what does not fit is looked over one by one.
    let p = with_tail(&[1; 30]);
    assert_eq!((p.pidns_init_start_ts, p.tty, p.loginuid), (0x0101_0101_0101_0101, 0x0101_0101, 0x0101_0101));
    assert_eq!((p.cap_inheritable, p.cap_permitted, p.exe_upper_layer), (0x0101_0101_0101_0101, 0, true));
    // Longer than known.
    let long = [&entry[entry.len() - tail..], &[1; 50_000]].concat();
    assert_eq!(with_tail(&long), process());
    // Shorter than its fields.
    let short = [&((3 + fixed.len()) as u32).to_le_bytes()[..], fixed].concat();
    let error = read(&close(Scap::new().block(0x215, &short)).bytes()).error.unwrap();
    assert_eq!(
        error,
        format!("byte 36: process entry takes {} bytes but says it has {}", 4 + fixed.len(), 3 + fixed.len())
    );
}

fn all_descriptors() -> Vec<FdEntry> {
    let addr6 = [6; 16];
    let mut infos = vec![
        (0, FdInfo::Unknown),
        (3, FdInfo::V4 { sip: [1; 4], dip: [2; 4], sport: 3, dport: 4, l4: 2 }),
        (4, FdInfo::V6 { sip: addr6, dip: [7; 16], sport: 3, dport: 4, l4: 3 }),
        (5, FdInfo::V4Server { ip: [1; 4], port: 3, l4: 2 }),
        (6, FdInfo::V6Server { ip: addr6, port: 3, l4: 2 }),
        (8, FdInfo::Unix { source: 1, dest: 2, name: b"/sock".to_vec() }),
        (16, FdInfo::File { open_flags: 3, name: b"/file".to_vec(), dev: 0 }),
    ];
    infos.extend([1, 2, 7].into_iter().chain(9..=15).chain(17..=21).map(|k| (k, FdInfo::Named(vec![b'a' + k]))));
    infos.into_iter().enumerate().map(|(i, (kind, info))| FdEntry { fd: i as i64, ino: 7, kind, info }).collect()
}

#[test]
fn descriptors_of_all_types_and_versions() {
    for version in [1, 2] {
        let mut list = FdList { tid: 3, fds: all_descriptors() };
        if version == 2 {
            list.fds.push(FdEntry {
                fd: 90,
                ino: 1,
                kind: 16,
                info: FdInfo::File { open_flags: 1, name: b"/dev/x".to_vec(), dev: 77 },
            });
        }
        let got = read_all_ways(close(Scap::new().fds_in(version, &list)));
        assert_eq!(got.error, None);
        assert_eq!(got.metadata, [Metadata::Fds(list)]);
    }
    // A type of a newer schema: the entry's length passes over what it holds.
    let newer = FdEntry { fd: 1, ino: 2, kind: 200, info: FdInfo::Named(b"hidden".to_vec()) };
    let known = FdEntry { fd: 2, ino: 2, kind: 1, info: FdInfo::Named(b"shown".to_vec()) };
    let list = FdList { tid: 3, fds: vec![newer, known.clone()] };
    let got = read_all_ways(close(Scap::new().fds(&list)));
    let name = FdInfo::Named(b"unknown-type:[200]".to_vec());
    let expected = FdList { tid: 3, fds: vec![FdEntry { fd: 1, ino: 2, kind: 10, info: name }, known] };
    assert_eq!(got.metadata, [Metadata::Fds(expected)]);
}

#[test]
fn interfaces_and_users() {
    let interfaces = vec![
        Interface {
            name: b"eth0".to_vec(),
            addr: InterfaceAddr::V4 { addr: [1; 4], mask: [2; 4], broadcast: [3; 4] },
            link_speed: 5,
        },
        Interface {
            name: b"eth1".to_vec(),
            addr: InterfaceAddr::V6 { addr: [1; 16], mask: [2; 16], broadcast: [3; 16] },
            link_speed: 6,
        },
    ];
    let user = User { uid: 1, gid: 2, name: b"me".to_vec(), home: b"/home/me".to_vec(), shell: b"/bin/sh".to_vec() };
    let users = Users { users: vec![user.clone(), user], groups: vec![Group { gid: 4, name: b"us".to_vec() }] };
    for version in [1, 2] {
        let scap = Scap::new().interfaces(version, &interfaces).users(version, &users);
        let got = read_all_ways(close(scap));
        assert_eq!(got.error, None);
        assert_eq!(got.metadata, [Metadata::Interfaces(interfaces.clone()), Metadata::Users(users.clone())]);
    }
    // Without link speed.
    let body = [&[3, 0, 2, 0][..], &[9; 12], b"lo"].concat();
    let got = read_all_ways(close(Scap::new().block(block::INTERFACES[0], &body)));
    let addr = InterfaceAddr::V4 { addr: [9; 4], mask: [9; 4], broadcast: [9; 4] };
    let lo = Interface { name: b"lo".to_vec(), addr, link_speed: 0 };
    assert_eq!(got.metadata, [Metadata::Interfaces(vec![lo])]);
    let got = read(&close(Scap::new().block(block::INTERFACES[0], &[7; 64])).bytes());
    assert_eq!(
        got.error.as_deref(),
        Some("byte 36: length 1799 of interface name is too large, expected at most 1023")
    );
}

#[test]
fn events_in_all_blocks() {
    for (version, large) in [(1, false), (2, false), (2, true)] {
        for flags in [None, Some(5)] {
            let form = Form { cpu: 3, flags, version, large };
            if form == (Form { large: true, version: 1, ..form }) {
                continue;
            }
            let scap = Scap::new().event_in(form, 10, -1, code::OPEN_X, &[Val::Int(3), Val::Str("/a"), Val::Uint(1)]);
            let got = read_all_ways(close(scap));
            let params = vec![3i64.to_le_bytes().to_vec(), b"/a\0".to_vec(), vec![1, 0, 0, 0]];
            assert_eq!(got.error, None, "{form:?}");
            assert_eq!(got.events[0], (10, -1, code::OPEN_X, 3, flags.unwrap_or(0), params));
            assert_eq!(got.events.len(), 2);
        }
    }
}

#[test]
fn events_of_old_and_new_writers() {
    let v1 = Form { version: 1, ..Form::default() };
    // A notification's length has three bytes too many in version 1.
    let scap = Scap::new().event_in(v1, 1, 1, code::NOTIFICATION_E, &[Val::Str("id"), Val::Str("text")]);
    let mut bytes = scap.bytes();
    let at = 28 + 8 + 2 + 16;
    bytes[at] += 3;
    let got = read(&bytes);
    assert_eq!((got.events.len(), got.error), (1, None));
    assert_eq!(got.events[0].5, [b"id\0".to_vec(), b"text\0".to_vec()]);
    // No number of parameters fits.
    bytes[at] -= 4;
    let error = read(&bytes).error.unwrap();
    assert_eq!(
        error,
        "byte 28: cannot tell the number of parameters of event type 280: no number up to 2 fits its length"
    );
    // Codes of newer schemas are passed over, also as the first event and the last.
    let form = Form::default();
    let newer = |s: Scap| s.event_raw(form, 1, 1, 454, &[b"x"]).event_raw(form, 1, 1, 60000, &[b"x"]);
    let got = read_all_ways(newer(close(newer(Scap::new()))));
    assert_eq!((got.events.len(), got.error), (1, None));
    let got = read_all_ways(newer(Scap::new()));
    assert_eq!((got.events.len(), got.error), (0, None));
    // More parameters than the table, and less.
    let got =
        read_all_ways(Scap::new().event_raw(form, 1, 1, code::OPEN_X, &[&b"x"[..]; 40]).event(1, 1, code::OPEN_X, &[]));
    assert_eq!((got.events[0].5.len(), got.events[1].5.len(), got.error), (40, 0, None));
}

#[test]
fn large_events() {
    let big = vec![7u8; 3_000_000];
    let params = [Val::Uint(1), Val::Bytes(&big)];
    let got = read_all_ways(close(Scap::new().event(1, 1, code::PLUGINEVENT_E, &params)));
    assert_eq!(got.error, None);
    assert_eq!(got.events[0].5, [vec![1, 0, 0, 0], big]);
    assert_eq!(got.events.len(), 2);
    // The limit of other blocks.
    let fits = vec![1u8; 65535];
    let most = 65536 - 4 - 2 - 26 - 4;
    let got =
        read_all_ways(Scap::new().event_raw(Form::default(), 1, 1, code::READ_X, &[&fits[..8], &fits[..most - 8]]));
    assert_eq!((got.events.len(), got.error), (1, None));
    let got =
        read(&Scap::new().event_raw(Form::default(), 1, 1, code::READ_X, &[&fits[..8], &fits[..most - 4]]).bytes());
    assert_eq!(
        got.error.as_deref(),
        Some("byte 28: length 65548 of block type 0x216 is too large, expected at most 65544")
    );
    let absurd = Scap::new().raw(&0x221u32.to_le_bytes()).raw(&0x0fff_fff0u32.to_le_bytes()).raw(&[0; 50]).bytes();
    let expected = "truncated: expected 268435440 bytes of event block, found 58";
    assert_eq!(read(&absurd).error.unwrap(), format!("byte 28: {expected}"));
    assert_eq!(read(&scap::gzip(&absurd)).error.unwrap(), format!("byte 28 of the uncompressed capture: {expected}"));
}

#[test]
fn concatenated_captures() {
    let one = close(Scap::new().machine(&machine())).bytes();
    let got = read_all_ways(Scap::empty().raw(&one).raw(&one).raw(&one));
    assert_eq!((got.events.len(), got.metadata.len(), got.restarts, got.error), (3, 3, 2, None));
    // A section header among metadata is passed over.
    let got = read_all_ways(Scap::empty().raw(&Scap::new().machine(&machine()).bytes()).raw(&one));
    assert_eq!((got.events.len(), got.metadata.len(), got.restarts, got.error), (1, 2, 0, None));
    // What follows an event must be an event or a section.
    let got = read_all_ways(Scap::empty().raw(&one).machine(&machine()));
    let expected = format!(
        "byte {}: expected an event or a new section header after the first event, found block type 0x201",
        one.len()
    );
    assert_eq!((got.events.len(), got.error), (1, Some(expected)));
    let got = read_all_ways(Scap::empty().raw(&one).section(2, 0));
    assert!(got.error.unwrap().ends_with("format version 2.0 is too new, expected 1.x"));
    let got = read_all_ways(Scap::empty().raw(&one).section(1, 0).machine(&machine()));
    assert!(got.error.unwrap().ends_with("the capture ends without an event"));
}

#[test]
fn unknown_metadata_is_passed_over() {
    let big = vec![1; 700_000];
    let scap = Scap::new().block(0x7777, &big).machine(&machine()).block(0x1234_5678, &[]);
    let got = read_all_ways(close(scap));
    assert_eq!((got.metadata, got.events.len(), got.error), (vec![Metadata::Machine(machine())], 1, None));
}

#[test]
fn not_captures() {
    let error = |bytes: &[u8]| read(bytes).error.unwrap();
    assert_eq!(error(b""), "byte 0: the file is empty, expected a section header");
    assert_eq!(error(b"abc"), "byte 0: truncated: expected 8 bytes of section header, found 3");
    let found = "not a capture: expected a section header (block type 0x0a0d0d0a), found block type 0x6c6c6568";
    assert_eq!(error(b"hello, world"), format!("byte 0: {found}"));
    assert_eq!(error(&scap::gzip(b"hello, world")), format!("byte 0 of the uncompressed capture: {found}"));
    assert_eq!(
        error(&scap::gzip(b"")),
        "byte 0 of the uncompressed capture: the file is empty, expected a section header"
    );
    assert_eq!(error(&Scap::new().bytes()), "byte 28: the capture ends without an event");
    let mut swapped = close(Scap::new()).bytes();
    swapped[8..12].reverse();
    assert_eq!(error(&swapped), "byte 0: written on a machine of the other byte order, which is not supported");
    swapped[4..8].reverse();
    assert_eq!(error(&swapped), "byte 0: written on a machine of the other byte order, which is not supported");
    swapped[8] = 0;
    let magic = "byte 0: not a capture: expected magic 0x1a2b3c4d in the section header, found 0x4d3c2b00";
    assert_eq!(error(&swapped), magic);
    assert_eq!(error(&Scap::empty().section(2, 1).bytes()), "byte 0: format version 2.1 is too new, expected 1.x");
    assert!(matches!(Capture::open("/no/such/file"), Err(CaptureError::Open { .. })));
}

#[test]
fn broken_metadata() {
    let error = |scap: Scap| read(&close(scap).bytes()).error.unwrap();
    let mut trailer = Scap::new().machine(&machine()).bytes();
    let end = trailer.len() - 4;
    trailer[end] += 1;
    let expected = format!("byte {end}: length 192 at the start of the block differs from 193 at its end");
    assert_eq!(error(Scap::empty().raw(&trailer)), expected);
    assert_eq!(
        error(Scap::new().raw(&[1, 2, 0, 0, 11, 0, 0, 0])),
        "byte 28: length 11 of block type 0x201 is too small, expected at least 192"
    );
    assert_eq!(
        error(Scap::new().block(block::PROCESSES[0], &[0; 24])),
        "byte 60: comm runs past the end of its block: expected 2 bytes, 0 are left"
    );
    let long = Process { comm: vec![b'x'; 1025], ..process() };
    assert_eq!(
        error(Scap::new().processes(1, &[long])),
        "byte 60: length 1025 of comm is too large, expected at most 1024"
    );
    assert_eq!(
        error(Scap::new().block(block::INTERFACES[1], &[40, 0, 0, 0, 1, 0, 0, 0])),
        "byte 44: interface address runs past the end of its block: expected 4 bytes, 0 are left"
    );
    let cpu = Scap::new().block(block::INTERFACES[0], &[5, 0, 0, 0]);
    assert_eq!(error(cpu), "byte 36: unknown interface type 5, expected 1 to 4");
}

#[test]
fn broken_events() {
    let event = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = close(Scap::new()).bytes();
        change(&mut bytes);
        // An error in an event does not keep the next one from being read.
        let capture = close(Scap::empty().raw(&bytes)).bytes();
        let mut capture = Capture::from_bytes(&capture);
        let error = capture.next().unwrap_err().to_string();
        assert!(matches!(capture.next(), Ok(Some(Item::Event(_)))));
        error
    };
    let header = 28 + 8 + 2;
    let at = |offset: usize, value: u8| move |bytes: &mut Vec<u8>| bytes[header + offset] = value;
    assert_eq!(event(&at(16, 25)), "byte 28: length 25 of the event is wrong, expected 26 to 46");
    assert_eq!(event(&at(16, 47)), "byte 28: length 47 of the event is wrong, expected 26 to 46");
    assert_eq!(event(&at(16, 29)), "byte 28: the lengths of 2 parameters do not fit into an event of 29 bytes");
    assert_eq!(event(&at(22, 200)), "byte 28: the lengths of 200 parameters do not fit into an event of 46 bytes");
    assert_eq!(
        event(&at(26, 9)),
        "byte 28: parameters of 17 bytes do not fit into the 16 bytes the event has for them"
    );
}

#[test]
fn broken_gzip() {
    let capture = close(Scap::new().machine(&machine())).bytes();
    let whole = read(&capture);
    let packed = scap::gzip(&capture);
    // Any shorter file is an error, with what was there before it.
    for end in 2..packed.len() {
        let got = read(&packed[..end]);
        assert!(got.error.is_some(), "{end}");
        assert!(whole.metadata.starts_with(&got.metadata) && whole.events.starts_with(&got.events));
    }
    let mut crc = packed.clone();
    let at = crc.len() - 8;
    crc[at] ^= 1;
    let got = read(&crc);
    assert_eq!((&got.metadata, &got.events), (&whole.metadata, &whole.events));
    assert!(got.error.unwrap().contains("of the uncompressed capture: broken gzip data:"));
    // What follows the last member is ignored.
    let got = read(&[&packed[..], b"\0\0\0garbage"].concat());
    assert_eq!(got.error, None);
    assert_eq!(got.events, whole.events);
}

#[test]
fn files_and_progress() {
    let capture = close(close(Scap::new().machine(&machine()))).bytes();
    for bytes in [capture.clone(), scap::gzip(&capture)] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let mut opened = Capture::open(file.path()).unwrap();
        assert_eq!(opened.progress().total, Some(bytes.len() as u64));
        let mut last = 0;
        while opened.next().unwrap().is_some() {
            assert!(opened.progress().consumed >= last);
            last = opened.progress().consumed;
        }
        assert_eq!(last, bytes.len() as u64);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Capture::open(file.path()).unwrap().next().unwrap_err();
    assert_eq!(error.to_string(), "byte 0: the file is empty, expected a section header");
}

#[test]
fn cut_keeps_metadata() {
    let capture = (0..10).fold(Scap::new().machine(&machine()), |s, i| s.event(i, 1, code::CLOSE_X, &[])).bytes();
    let got = read(&scap::cut(&capture, 3..5).unwrap());
    assert_eq!(got.metadata, [Metadata::Machine(machine())]);
    assert_eq!(got.events.iter().map(|e| e.0).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(scap::cut(&capture[..capture.len() - 1], 3..5), None);
}
