//! Builds captures byte by byte, for tests, scenario cases, fuzzing and the corpus.
//!
//! [`Scap`] writes every version of every block the reader knows, with the runtime's [`Encoder`]; what it writes need
//! not be sensible. Values of
//! parameters are encoded by the type of their schema row, so a case only says what matters to it:
//!
//! ```
//! use peregrine_tests::scap::{Scap, Val};
//! let capture = Scap::new()
//!     .event_by_name(1_000, 7, "OPEN_X", &[("fd", Val::Int(3)), ("name", Val::Str("/etc/passwd"))])
//!     .bytes();
//! # assert!(!capture.is_empty());
//! ```
//!
//! [`cut`] takes some events out of a capture, keeping its metadata. Functions panic on misuse (a parameter that
//! the event does not have, a number for a text): they serve tests.

use peregrine_runtime::capture::encode::Encoder;
use peregrine_runtime::capture::{FdList, Interface, MachineInfo, Process, Users};
use peregrine_runtime::record::Record;
use peregrine_schema as schema;
use peregrine_schema::{EventFlags, Type};
use std::io::{Read, Write};

/// Types of blocks, newest versions.
pub mod block {
    #![allow(missing_docs, reason = "named after their content")]
    pub const SECTION: u32 = 0x0A0D_0D0A;
    pub const MACHINE: u32 = 0x201;
    pub const PROCESSES: [u32; 9] = [0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215];
    pub const DESCRIPTORS: [u32; 2] = [0x203, 0x218];
    pub const INTERFACES: [u32; 2] = [0x205, 0x219];
    pub const USERS: [u32; 2] = [0x206, 0x220];
    pub const EVENT: [u32; 2] = [0x204, 0x216];
    pub const EVENT_FLAGS: [u32; 2] = [0x208, 0x217];
    pub const EVENT_LARGE: u32 = 0x221;
    pub const EVENT_FLAGS_LARGE: u32 = 0x222;
    /// Of unpublished writers: machine, process lists 1 to 3, descriptors, interfaces, users, event.
    pub const OLD: [u32; 8] =
        [0x8002_ABCD, 0x8000_ABCD, 0x8013_ABCD, 0x8014_ABCD, 0x8001_ABCD, 0x8011_ABCD, 0x8012_ABCD, 0x8010_ABCD];
}

/// Value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Val<'a> {
    /// No bytes: the value is missing.
    Empty,
    /// A number of the parameter's size.
    Int(i64),
    /// A number of the parameter's size.
    Uint(u64),
    /// Text, to which the terminating NUL is added.
    Str(&'a str),
    /// Texts, to each of which a NUL is added.
    Strs(&'a [&'a str]),
    /// These bytes.
    Bytes(&'a [u8]),
}

impl Val<'_> {
    /// As recorded for a parameter of this type; types without a fixed size take numbers as 8 bytes.
    pub fn encode(&self, ty: Type) -> Vec<u8> {
        let number = |bytes: [u8; 8]| match ty.size() {
            Some(size) if size <= 8 => bytes[..size].to_vec(),
            Some(size) => panic!("a number for a parameter of {size} bytes"),
            None => bytes.to_vec(),
        };
        match *self {
            Val::Empty => Vec::new(),
            Val::Int(n) => number(n.to_le_bytes()),
            Val::Uint(n) => number(n.to_le_bytes()),
            Val::Str(s) => [s.as_bytes(), &[0]].concat(),
            Val::Strs(s) => s.iter().flat_map(|s| [s.as_bytes(), &[0]].concat()).collect(),
            Val::Bytes(b) => b.to_vec(),
        }
    }
}

/// `SOCKADDR` of an IPv4 end.
pub fn sockaddr_v4(ip: [u8; 4], port: u16) -> Vec<u8> {
    [&[2], &ip[..], &port.to_le_bytes()].concat()
}

/// `SOCKADDR` of an IPv6 end.
pub fn sockaddr_v6(ip: [u8; 16], port: u16) -> Vec<u8> {
    [&[10], &ip[..], &port.to_le_bytes()].concat()
}

/// `SOCKADDR` of a unix socket.
pub fn sockaddr_unix(path: &str) -> Vec<u8> {
    [&[1], path.as_bytes(), &[0]].concat()
}

/// `SOCKTUPLE` of an IPv4 connection.
pub fn tuple_v4(source: ([u8; 4], u16), dest: ([u8; 4], u16)) -> Vec<u8> {
    [&[2], &source.0[..], &source.1.to_le_bytes(), &dest.0, &dest.1.to_le_bytes()].concat()
}

/// `SOCKTUPLE` of an IPv6 connection.
pub fn tuple_v6(source: ([u8; 16], u16), dest: ([u8; 16], u16)) -> Vec<u8> {
    [&[10], &source.0[..], &source.1.to_le_bytes(), &dest.0, &dest.1.to_le_bytes()].concat()
}

/// `SOCKTUPLE` of a unix connection.
pub fn tuple_unix(source: u64, dest: u64, path: &str) -> Vec<u8> {
    [&[1], &source.to_le_bytes()[..], &dest.to_le_bytes(), path.as_bytes(), &[0]].concat()
}

/// `FDLIST` of descriptors and flags.
pub fn fdlist(fds: &[(i64, i16)]) -> Vec<u8> {
    let mut out = (fds.len() as u16).to_le_bytes().to_vec();
    for (fd, flags) in fds {
        out.extend(fd.to_le_bytes());
        out.extend(flags.to_le_bytes());
    }
    out
}

/// The schema row with this [`id`](schema::Event::id), e.g. `OPENAT_2_X`.
pub fn event_row(id: &str) -> &'static schema::Event {
    schema::EVENTS.iter().find(|e| e.id == id).unwrap_or_else(|| panic!("no event {id}"))
}

/// How an event block is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// CPU.
    pub cpu: u16,
    /// Flags, for a block with flags.
    pub flags: Option<u32>,
    /// Block version: 1 or 2.
    pub version: u8,
    /// Block for events of more than 64 KiB (version 2).
    pub large: bool,
}

impl Default for Form {
    fn default() -> Form {
        Form { cpu: 0, flags: None, version: 2, large: false }
    }
}

impl Form {
    fn block(self) -> u32 {
        match (self.flags, self.large) {
            (None, false) => block::EVENT[usize::from(self.version) - 1],
            (Some(_), false) => block::EVENT_FLAGS[usize::from(self.version) - 1],
            (None, true) => block::EVENT_LARGE,
            (Some(_), true) => block::EVENT_FLAGS_LARGE,
        }
    }
}

/// A capture being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scap {
    out: Encoder,
}

impl Default for Scap {
    fn default() -> Scap {
        Scap::new()
    }
}

impl Scap {
    /// A capture with its section header.
    pub fn new() -> Scap {
        Scap::empty().section(1, 2)
    }

    /// No bytes yet.
    pub fn empty() -> Scap {
        Scap { out: Encoder::default() }
    }

    /// The bytes.
    pub fn bytes(self) -> Vec<u8> {
        self.out.bytes
    }

    /// The bytes, compressed.
    pub fn gzip(self) -> Vec<u8> {
        gzip(&self.out.bytes)
    }

    /// A block with this body.
    pub fn block(self, kind: u32, body: &[u8]) -> Scap {
        self.encode(kind, |e| e.put(body))
    }

    fn encode(mut self, kind: u32, body: impl FnOnce(&mut Encoder)) -> Scap {
        self.out.block(kind, body);
        self
    }

    /// Anything.
    pub fn raw(mut self, bytes: &[u8]) -> Scap {
        self.out.put(bytes);
        self
    }

    /// A section header.
    pub fn section(mut self, major: u16, minor: u16) -> Scap {
        self.out.section(major, minor);
        self
    }

    /// A machine block.
    pub fn machine(self, m: &MachineInfo) -> Scap {
        self.encode(block::MACHINE, |e| e.machine(m))
    }

    /// A process list of one entry, newest version.
    pub fn process(self, process: &Process) -> Scap {
        self.processes(9, std::slice::from_ref(process))
    }

    /// A process list of version 1 to 9.
    pub fn processes(self, version: u8, processes: &[Process]) -> Scap {
        let kind = block::PROCESSES[usize::from(version) - 1];
        self.encode(kind, |e| processes.iter().for_each(|p| e.process(version, p)))
    }

    /// A descriptor list, newest version.
    pub fn fds(self, list: &FdList) -> Scap {
        self.fds_in(2, list)
    }

    /// A descriptor list of version 1 or 2.
    pub fn fds_in(self, version: u8, list: &FdList) -> Scap {
        self.encode(block::DESCRIPTORS[usize::from(version) - 1], |e| {
            e.u64s(&[list.tid as u64]);
            list.fds.iter().for_each(|fd| e.descriptor(version, fd));
        })
    }

    /// An interface list of version 1 or 2.
    pub fn interfaces(self, version: u8, interfaces: &[Interface]) -> Scap {
        let kind = block::INTERFACES[usize::from(version) - 1];
        self.encode(kind, |e| interfaces.iter().for_each(|i| e.interface(version, i)))
    }

    /// A user list of version 1 or 2.
    pub fn users(self, version: u8, users: &Users) -> Scap {
        self.encode(block::USERS[usize::from(version) - 1], |e| e.users(version, users))
    }

    /// An event with the first parameters of its row, in a block of the newest version.
    pub fn event(self, ts: u64, tid: i64, code: u16, params: &[Val<'_>]) -> Scap {
        let form = Form { large: is_large(code), ..Form::default() };
        self.event_in(form, ts, tid, code, params)
    }

    /// The same in any block.
    pub fn event_in(self, form: Form, ts: u64, tid: i64, code: u16, params: &[Val<'_>]) -> Scap {
        let row = &schema::EVENTS[usize::from(code)];
        assert!(params.len() <= row.params.len(), "event {} has {} parameters", row.id, row.params.len());
        let params: Vec<Vec<u8>> = params.iter().zip(row.params).map(|(v, p)| v.encode(p.ty)).collect();
        let params: Vec<&[u8]> = params.iter().map(Vec::as_slice).collect();
        self.event_raw(form, ts, tid, code, &params)
    }

    /// An event with all parameters of its row; those not named are empty.
    pub fn event_by_name(self, ts: u64, tid: i64, id: &str, params: &[(&str, Val<'_>)]) -> Scap {
        let row = event_row(id);
        let mut values = vec![Val::Empty; row.params.len()];
        for (name, value) in params {
            values[row.param(name).unwrap_or_else(|| panic!("event {id} has no parameter {name}"))] = *value;
        }
        self.event(ts, tid, row.code, &values)
    }

    /// An event with these parameters, whatever its row says; the code need not exist.
    pub fn event_raw(self, form: Form, ts: u64, tid: i64, code: u16, params: &[&[u8]]) -> Scap {
        let width = if is_large(code) { 4 } else { 2 };
        let size: usize = params.iter().map(|p| width + p.len()).sum();
        let header = if form.version == 1 { 22 } else { 26 };
        self.encode(form.block(), |e| {
            e.put(&form.cpu.to_le_bytes());
            if let Some(flags) = form.flags {
                e.u32s(&[flags]);
            }
            e.u64s(&[ts, tid as u64]);
            e.u32s(&[header + size as u32]);
            e.put(&code.to_le_bytes());
            if form.version != 1 {
                e.u32s(&[params.len() as u32]);
            }
            params.iter().for_each(|p| e.put(&(p.len() as u32).to_le_bytes()[..width]));
            params.iter().for_each(|p| e.put(p));
        })
    }

    /// An event as it was read.
    pub fn record(mut self, record: &Record<'_>) -> Scap {
        self.out.event(record);
        self
    }
}

/// Whether lengths of the event's parameters are u32.
fn is_large(code: u16) -> bool {
    schema::event(code).is_some_and(|e| e.flags.has(EventFlags::LARGE_PAYLOAD))
}

/// Compresses bytes.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

/// The uncompressed bytes of a capture, raw or compressed.
pub fn uncompressed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.to_vec());
    }
    let mut raw = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut raw)?;
    Ok(raw)
}

/// Copies a raw capture's metadata and those of its events whose number is in `events`. Events are numbered from 0
/// in file order, dropped and unknown ones included; later sections of a concatenated capture are left out.
/// `None` if the bytes are not whole blocks.
pub fn cut(capture: &[u8], events: std::ops::Range<usize>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = capture;
    let mut number = 0;
    while !rest.is_empty() {
        let kind = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?);
        let length = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?) as usize;
        let (block, after) = rest.split_at_checked(length.max(12))?;
        rest = after;
        if matches!(kind, 0x204 | 0x208 | 0x216 | 0x217 | 0x221 | 0x222 | 0x8010_ABCD) {
            if events.contains(&number) {
                out.extend_from_slice(block);
            }
            number += 1;
        } else if number == 0 {
            out.extend_from_slice(block);
        } else if kind == block::SECTION {
            break;
        }
    }
    Some(out)
}
