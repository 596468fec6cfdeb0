//! Builds captures byte by byte, for tests, scenario cases, fuzzing and the corpus.
//!
//! [`Scap`] writes every version of every block the reader knows; what it writes need not be sensible. Values of
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

use peregrine_runtime::capture::{FdInfo, FdList, Interface, InterfaceAddr, MachineInfo, Process, Users};
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
    bytes: Vec<u8>,
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
        Scap { bytes: Vec::new() }
    }

    /// The bytes.
    pub fn bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The bytes, compressed.
    pub fn gzip(self) -> Vec<u8> {
        gzip(&self.bytes)
    }

    /// A block with this body.
    pub fn block(mut self, kind: u32, body: &[u8]) -> Scap {
        let padded = body.len().next_multiple_of(4);
        let length = padded as u32 + 12;
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len() + padded - body.len(), 0);
        self.bytes.extend(length.to_le_bytes());
        self
    }

    /// Anything.
    pub fn raw(mut self, bytes: &[u8]) -> Scap {
        self.bytes.extend(bytes);
        self
    }

    /// A section header.
    pub fn section(self, major: u16, minor: u16) -> Scap {
        let mut body = Body::default();
        body.put(&0x1A2B_3C4D_u32.to_le_bytes());
        body.put(&major.to_le_bytes());
        body.put(&minor.to_le_bytes());
        body.put(&u64::MAX.to_le_bytes());
        self.block(block::SECTION, &body.0)
    }

    /// A machine block.
    pub fn machine(self, m: &MachineInfo) -> Scap {
        let mut hostname = m.hostname.clone();
        hostname.resize(128, 0);
        let mut body = Body::default();
        body.put(&m.num_cpus.to_le_bytes());
        body.u64s(&[m.memory, m.max_pid]);
        body.put(&hostname);
        body.u64s(&[m.boot_ts, m.flags, 0, 0]);
        self.block(block::MACHINE, &body.0)
    }

    /// A process list of one entry, newest version.
    pub fn process(self, process: &Process) -> Scap {
        self.processes(9, std::slice::from_ref(process))
    }

    /// A process list of version 1 to 9.
    pub fn processes(self, version: u8, processes: &[Process]) -> Scap {
        let body: Vec<u8> = processes.iter().flat_map(|p| process_entry(version, p)).collect();
        self.block(block::PROCESSES[usize::from(version) - 1], &body)
    }

    /// A descriptor list, newest version.
    pub fn fds(self, list: &FdList) -> Scap {
        self.fds_in(2, list)
    }

    /// A descriptor list of version 1 or 2.
    pub fn fds_in(self, version: u8, list: &FdList) -> Scap {
        let mut body = list.tid.to_le_bytes().to_vec();
        for fd in &list.fds {
            let mut entry = Body::default();
            entry.put(&fd.fd.to_le_bytes());
            entry.u64s(&[fd.ino]);
            entry.put(&[fd.kind]);
            fd_payload(&mut entry, version, &fd.info);
            body.extend(entry.with_length(version >= 2, 4));
        }
        self.block(block::DESCRIPTORS[usize::from(version) - 1], &body)
    }

    /// An interface list of version 1 or 2.
    pub fn interfaces(self, version: u8, interfaces: &[Interface]) -> Scap {
        let mut body = Vec::new();
        for interface in interfaces {
            let (kind, parts): (u16, Vec<&[u8]>) = match &interface.addr {
                InterfaceAddr::V4 { addr, mask, broadcast } => (1, vec![addr, mask, broadcast]),
                InterfaceAddr::V6 { addr, mask, broadcast } => (2, vec![addr, mask, broadcast]),
            };
            let mut entry = Body::default();
            entry.put(&kind.to_le_bytes());
            entry.put(&(interface.name.len() as u16).to_le_bytes());
            parts.iter().for_each(|p| entry.put(p));
            entry.u64s(&[interface.link_speed]);
            entry.put(&interface.name);
            // This length does not count itself.
            body.extend(entry.with_length(version >= 2, 0));
        }
        self.block(block::INTERFACES[usize::from(version) - 1], &body)
    }

    /// A user list of version 1 or 2.
    pub fn users(self, version: u8, users: &Users) -> Scap {
        let mut body = Vec::new();
        for user in &users.users {
            let mut entry = Body::default();
            entry.put(&[0]);
            entry.put(&user.uid.to_le_bytes());
            entry.put(&user.gid.to_le_bytes());
            [&user.name, &user.home, &user.shell].into_iter().for_each(|t| entry.text(t));
            body.extend(entry.with_length(version >= 2, 4));
        }
        for group in &users.groups {
            let mut entry = Body::default();
            entry.put(&[1]);
            entry.put(&group.gid.to_le_bytes());
            entry.text(&group.name);
            body.extend(entry.with_length(version >= 2, 4));
        }
        self.block(block::USERS[usize::from(version) - 1], &body)
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
        let mut tail = Body::default();
        for param in params {
            match is_large(code) {
                true => tail.put(&(param.len() as u32).to_le_bytes()),
                false => tail.put(&(param.len() as u16).to_le_bytes()),
            }
        }
        params.iter().for_each(|p| tail.put(p));
        let header = if form.version == 1 { 22 } else { 26 };
        let mut body = Body::default();
        body.put(&form.cpu.to_le_bytes());
        if let Some(flags) = form.flags {
            body.put(&flags.to_le_bytes());
        }
        body.u64s(&[ts, tid as u64]);
        body.put(&(header + tail.0.len() as u32).to_le_bytes());
        body.put(&code.to_le_bytes());
        if form.version != 1 {
            body.put(&(params.len() as u32).to_le_bytes());
        }
        body.put(&tail.0);
        self.block(form.block(), &body.0)
    }

    /// An event as it was read.
    pub fn record(self, record: &Record<'_>) -> Scap {
        let params: Vec<&[u8]> = record.params.iter().collect();
        let flags = if record.flags == 0 { None } else { Some(record.flags) };
        let form = Form { cpu: record.cpu, flags, version: 2, large: is_large(record.code) };
        self.event_raw(form, record.ts, record.tid, record.code, &params)
    }
}

/// Whether lengths of the event's parameters are u32.
fn is_large(code: u16) -> bool {
    schema::event(code).is_some_and(|e| e.flags.has(EventFlags::LARGE_PAYLOAD))
}

/// Bytes of a block or entry.
#[derive(Default)]
struct Body(Vec<u8>);

impl Body {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn u64s(&mut self, numbers: &[u64]) {
        numbers.iter().for_each(|n| self.put(&n.to_le_bytes()));
    }

    fn u32s(&mut self, numbers: &[u32]) {
        numbers.iter().for_each(|n| self.put(&n.to_le_bytes()));
    }

    fn text(&mut self, text: &[u8]) {
        self.put(&(text.len() as u16).to_le_bytes());
        self.put(text);
    }

    /// The bytes, behind their number plus `own` if the version writes it.
    fn with_length(self, length: bool, own: u32) -> Vec<u8> {
        match length {
            true => [&(self.0.len() as u32 + own).to_le_bytes()[..], &self.0].concat(),
            false => self.0,
        }
    }
}

fn process_entry(version: u8, p: &Process) -> Vec<u8> {
    let mut b = Body::default();
    b.u64s(&[p.tid as u64, p.pid as u64, p.ptid as u64]);
    if version >= 6 {
        b.u64s(&[p.sid as u64]);
    }
    if version >= 8 {
        b.u64s(&[p.vpgid as u64]);
    }
    b.text(&p.comm);
    b.text(&p.exe);
    if version >= 7 {
        b.text(&p.exepath);
    }
    b.text(&p.args);
    b.text(&p.cwd);
    b.u64s(&[p.fdlimit as u64]);
    b.u32s(&[p.flags, p.uid, p.gid]);
    if version >= 2 {
        b.u32s(&[p.vmsize_kb, p.vmrss_kb, p.vmswap_kb]);
        b.u64s(&[p.pfmajor, p.pfminor]);
    }
    if version >= 3 {
        b.text(&p.env);
    }
    if version >= 4 {
        b.u64s(&[p.vtid as u64, p.vpid as u64]);
        b.text(&p.cgroups);
    }
    if version >= 5 {
        b.text(&p.root);
    }
    if version >= 9 {
        b.u64s(&[p.pidns_init_start_ts]);
        b.u32s(&[p.tty, p.loginuid]);
        b.put(&[u8::from(p.exe_writable)]);
        b.u64s(&[p.cap_inheritable, p.cap_permitted, p.cap_effective]);
        b.put(&[u8::from(p.exe_upper_layer)]);
        b.u64s(&[p.exe_ino, p.exe_ino_ctime, p.exe_ino_mtime]);
        b.put(&[u8::from(p.exe_from_memfd), u8::from(p.exe_lower_layer)]);
        b.u64s(&[p.pgid as u64]);
    }
    b.with_length(version >= 9, 4)
}

fn fd_payload(b: &mut Body, version: u8, info: &FdInfo) {
    match info {
        FdInfo::Unknown => {}
        FdInfo::V4 { sip, dip, sport, dport, l4 } => {
            b.put(&[&sip[..], dip, &sport.to_le_bytes(), &dport.to_le_bytes(), &[*l4]].concat());
        }
        FdInfo::V6 { sip, dip, sport, dport, l4 } => {
            b.put(&[&sip[..], dip, &sport.to_le_bytes(), &dport.to_le_bytes(), &[*l4]].concat());
        }
        FdInfo::V4Server { ip, port, l4 } => b.put(&[&ip[..], &port.to_le_bytes(), &[*l4]].concat()),
        FdInfo::V6Server { ip, port, l4 } => b.put(&[&ip[..], &port.to_le_bytes(), &[*l4]].concat()),
        FdInfo::Unix { source, dest, name } => {
            b.u64s(&[*source, *dest]);
            b.text(name);
        }
        FdInfo::File { open_flags, name, dev } => {
            b.u32s(&[*open_flags]);
            b.text(name);
            if version >= 2 {
                b.u32s(&[*dev]);
            }
        }
        FdInfo::Named(name) => b.text(name),
    }
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
