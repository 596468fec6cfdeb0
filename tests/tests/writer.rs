//! Captures written by the runtime, read again: the same facts, the same events byte for byte, the same alerts.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use peregrine_runtime::alert::AlertFormat;
use peregrine_runtime::capture::*;
use peregrine_runtime::fields::Env;
use peregrine_runtime::record::{Params, Record};
use peregrine_runtime::replay::{self, Detector, Options};
use peregrine_runtime::session::Session;
use peregrine_schema::events::code;
use peregrine_tests::scap::{self, Form, Scap, Val};
use peregrine_tests::shared;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Shared memory that can be written to, up to a limit.
#[derive(Clone, Default)]
struct Memory {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: Option<usize>,
}

impl Write for Memory {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        let mut bytes = self.bytes.lock().unwrap();
        if self.room.is_some_and(|room| bytes.len() + from.len() > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        bytes.extend_from_slice(from);
        Ok(from.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.bytes.lock().unwrap())
    }
}

/// What a capture holds: metadata, and its events as blocks of the newest version.
fn read(mut capture: Capture) -> (Vec<Metadata>, Vec<u8>) {
    let (mut metadata, mut events) = (Vec::new(), Scap::empty());
    while let Some(item) = capture.next().unwrap() {
        match item {
            Item::Metadata(m) => metadata.push(*m),
            Item::Event(record) => events = events.record(&record),
            Item::Restart => panic!("one capture"),
        }
    }
    (metadata, events.bytes())
}

fn copy(mut from: Capture, to: &mut Writer) {
    while let Some(item) = from.next().unwrap() {
        match item {
            Item::Metadata(m) => to.metadata(&m).unwrap(),
            Item::Event(record) => to.event(&record).unwrap(),
            Item::Restart => panic!("one capture"),
        }
    }
}

fn alerts(capture: &Path, rules: &[PathBuf]) -> Vec<String> {
    let rules = shared::load_rules(rules, &["evt.rawtime", "evt.num"]).unwrap();
    let options = Options { format: AlertFormat { json: true, ..AlertFormat::default() }, ..Options::default() };
    let mut detector = Detector::new(&rules, &options).unwrap();
    let mut lines = Vec::new();
    let mut session = Session::open(capture).unwrap();
    let mut sink = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
    replay::run(&mut session, &mut detector, &Env::default(), &mut sink).unwrap();
    lines
}

/// The bytes of a capture's event blocks.
fn event_blocks(capture: &[u8]) -> &[u8] {
    let mut rest = capture;
    while let Some(kind) = rest.first_chunk().map(|k| u32::from_le_bytes(*k)) {
        if matches!(kind, 0x204 | 0x208 | 0x216 | 0x217 | 0x221 | 0x222) {
            break;
        }
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap());
        rest = &rest[length as usize..];
    }
    rest
}

fn same_again(path: &Path, current: bool) {
    let dir = tempfile::tempdir().unwrap();
    for name in ["again.scap", "again.scap.gz"] {
        let to = dir.path().join(name);
        let mut writer = Writer::create(&to, Compression::of(&to)).unwrap();
        copy(Capture::open(path).unwrap(), &mut writer);
        writer.finish().unwrap();
        assert_eq!(std::fs::read(&to).unwrap().starts_with(&[0x1f, 0x8b]), name.ends_with("gz"));
    }
    let (plain, packed) = (dir.path().join("again.scap"), dir.path().join("again.scap.gz"));
    let bytes = std::fs::read(&plain).unwrap();
    assert!(scap::uncompressed(&std::fs::read(&packed).unwrap()).unwrap() == bytes, "compressed otherwise");
    if current {
        let original = scap::uncompressed(&std::fs::read(path).unwrap()).unwrap();
        assert!(event_blocks(&original) == event_blocks(&bytes), "other blocks of events: {}", path.display());
    }
    let (metadata, events) = read(Capture::open(path).unwrap());
    let (metadata_again, events_again) = read(Capture::open(&plain).unwrap());
    assert!(metadata == metadata_again, "other metadata: {}", path.display());
    assert!(events == events_again, "other events: {}", path.display());
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name)
}

#[test]
fn bundled_captures_again() {
    for name in ["tiny.scap.gz", "shell.scap.gz", "nginx.scap.gz", "first-look.scap.gz"] {
        same_again(&corpus(name), true);
    }
    for name in ["cat_write", "connect_localhost", "open-multiple-files", "ping_sendto", "single_ipv6_conn"] {
        same_again(&corpus(&format!("old/{name}.scap")), false);
    }
}

#[test]
fn shared_captures_again() {
    let Some(shared) = shared::shared() else {
        eprintln!("skipped: PEREGRINE_SHARED is not set");
        return;
    };
    let rules = shared::upstream_rules(&shared, "all");
    for capture in shared::captures(&shared).unwrap() {
        same_again(&capture.path, !capture.name.starts_with("old/"));
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("again.scap");
        let mut writer = Writer::create(&to, Compression::None).unwrap();
        copy(Capture::open(&capture.path).unwrap(), &mut writer);
        writer.finish().unwrap();
        let (before, after) = (alerts(&capture.path, &rules), alerts(&to, &rules));
        assert!(before == after, "other alerts: {}", capture.name);
        println!("{}: {} alerts", capture.name, after.len());
    }
}

fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let memory = Memory::default();
    let mut writer = Writer::new(memory.clone(), "memory", Compression::None);
    write(&mut writer);
    let length = writer.len();
    writer.finish().unwrap();
    let bytes = memory.take();
    assert!(length <= bytes.len() as u64);
    bytes
}

fn process(tid: i64, filler: usize) -> Metadata {
    Metadata::Process(Process { tid, pid: tid, env: [vec![b'e'; filler], vec![0]].concat(), ..Process::default() })
}

#[test]
fn many_processes_share_blocks() {
    let list: Vec<Metadata> = (1..2000).map(|tid| process(tid, 4000)).collect();
    let fds = Metadata::Fds(FdList { tid: 7, fds: Vec::new() });
    let bytes = written(|w| {
        list.iter().for_each(|p| w.metadata(p).unwrap());
        w.metadata(&fds).unwrap();
        w.raw_event(3, 0, &raw(&[&b"x"[..]])).unwrap();
    });
    let (metadata, _) = read(Capture::from_bytes(&bytes));
    assert!(metadata == [list, vec![fds]].concat());
}

/// A close event's bytes with these parameters.
fn raw(params: &[&[u8]]) -> Vec<u8> {
    let block = Scap::empty().event_raw(Form::default(), 5, 6, code::CLOSE_X, params).bytes();
    let length = u32::from_le_bytes(block[26..30].try_into().unwrap()) as usize;
    block[10..10 + length].to_vec()
}

#[test]
fn raw_events_are_what_records_are() {
    let params = [&b"12345678"[..], b"", b"abc"];
    for flags in [0, 1] {
        let form = Form { cpu: 9, flags: (flags != 0).then_some(flags), ..Form::default() };
        let expected = Scap::new().event_raw(form, 5, 6, code::CLOSE_X, &params).bytes();
        assert_eq!(written(|w| w.raw_event(9, flags, &raw(&params)).unwrap()), expected);
        let lens = [8, 0, 0, 0, 3, 0];
        let params = Params::new(&lens, b"12345678abc", 2);
        let record = Record { ts: 5, tid: 6, code: code::CLOSE_X, cpu: 9, flags, params };
        assert_eq!(written(|w| w.event(&record).unwrap()), expected);
    }
}

#[test]
fn long_events_get_large_blocks() {
    let long = vec![b'l'; 40_000];
    let bytes = written(|w| {
        w.raw_event(0, 0, &raw(&[&long, &long])).unwrap();
        w.raw_event(0, 4, &raw(&[&long, &long])).unwrap();
    });
    let form = Form { large: true, ..Form::default() };
    let large = Scap::new().event_raw(form, 5, 6, code::CLOSE_X, &[&long, &long]);
    let form = Form { flags: Some(4), ..form };
    assert!(bytes == large.event_raw(form, 5, 6, code::CLOSE_X, &[&long, &long]).bytes());
    let mut capture = Capture::from_bytes(&bytes);
    assert!(matches!(capture.next(), Ok(Some(Item::Event(r))) if r.params.get(1) == Some(&long[..])));
    // Events whose lengths have four bytes are always in such blocks.
    let container = Scap::new().event(1, 2, code::CONTAINER_JSON_2_E, &[Val::Str("{}")]).bytes();
    let again = written(|w| copy(Capture::from_bytes(&container), w));
    assert_eq!(again, container);
}

#[test]
fn what_readers_refuse_is_not_written() {
    let mut errors = Vec::new();
    let bytes = written(|w| {
        for comm in [1024, 1025, 70_000] {
            let p = Process { tid: 1, comm: vec![b'c'; comm], ..Process::default() };
            errors.extend(w.metadata(&Metadata::Process(p)).err());
        }
        for name in [1023, 1024] {
            let info = FdInfo::Named(vec![b'n'; name]);
            let fds = vec![FdEntry { fd: 1, ino: 2, kind: 7, info }];
            errors.extend(w.metadata(&Metadata::Fds(FdList { tid: 1, fds })).err());
        }
        errors.extend(w.raw_event(0, 0, b"short").err());
        let mut wrong = raw(&[]);
        wrong[16] += 1;
        errors.extend(w.raw_event(0, 0, &wrong).err());
        w.raw_event(0, 0, &raw(&[])).unwrap();
    });
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "capture memory: comm has 1025 bytes, at most 1024 can be written",
            "capture memory: comm has 70000 bytes, at most 1024 can be written",
            "capture memory: descriptor name has 1024 bytes, at most 1023 can be written",
            "capture memory: an event of 5 bytes says that it has 0",
            "capture memory: an event of 26 bytes says that it has 27",
        ]
    );
    let (metadata, _) = read(Capture::from_bytes(&bytes));
    assert_eq!(metadata.len(), 2);
}

#[test]
fn errors_name_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("missing/x.scap");
    let error = Writer::create(&path, Compression::None).err().unwrap();
    assert_eq!(error.to_string(), format!("cannot create capture {}", path.display()));
    for compression in [Compression::None, Compression::Gzip] {
        let full = Memory { room: Some(0), ..Memory::default() };
        let mut writer = Writer::new(full, "full.scap", compression);
        writer.raw_event(0, 0, &raw(&[])).unwrap();
        let error = writer.flush().unwrap_err();
        assert_eq!(error.to_string(), "cannot write capture full.scap");
        let error = writer.finish().unwrap_err();
        assert_eq!(error.to_string(), "capture full.scap could not be written earlier");
    }
}

#[test]
fn flushed_captures_can_be_read() {
    for compression in [Compression::None, Compression::Gzip] {
        let memory = Memory::default();
        let mut writer = Writer::new(memory.clone(), "memory", compression);
        writer.metadata(&process(1, 1)).unwrap();
        writer.raw_event(0, 0, &raw(&[])).unwrap();
        writer.flush().unwrap();
        let so_far = memory.bytes.lock().unwrap().clone();
        let mut capture = Capture::from_bytes(&so_far);
        assert!(matches!(capture.next(), Ok(Some(Item::Metadata(_)))));
        assert!(matches!(capture.next(), Ok(Some(Item::Event(_)))));
        writer.finish().unwrap();
        read(Capture::from_bytes(&memory.take()));
    }
}
