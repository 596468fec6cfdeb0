//! Bytes of blocks and their entries, the reverse of [`metadata`](super::metadata) and `event`, which draw the layouts.
//!
//! An [`Encoder`] appends to one growing buffer. Entries and lists can be written in every version, so that
//! readers of all of them can be tested; [`Writer`](super::Writer) uses the newest only.
//!
//! What must hold: a text longer than readers accept is written as far as its length fits and remembered in
//! [`Encoder::too_long`]; whoever writes for others must look there before using the bytes.

use super::blocks::{EVENT, EVENT_FLAGS, EVENT_FLAGS_LARGE, EVENT_LARGE, HEADER, MAX_PLAIN_EVENT, SECTION, TRAILER};
use super::event::EVENT_HEADER;
use super::metadata::{
    FdEntry, FdInfo, Interface, InterfaceAddr, MAX_CREDENTIAL, MAX_HOSTNAME, MAX_PATH, MAX_STRINGS, MachineInfo,
    Process, Users,
};
use super::reader::MAGIC;
use crate::record::Record;
use peregrine_schema::{EventFlags, event};

/// A text that is longer than readers accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// What it is.
    pub what: &'static str,
    /// Its bytes.
    pub length: usize,
    /// Bytes that readers accept.
    pub most: usize,
}

/// Blocks being put together.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Encoder {
    /// What has been written.
    pub bytes: Vec<u8>,
    /// The first text that readers will refuse.
    pub too_long: Option<TooLong>,
}

impl Encoder {
    /// Appends bytes as they are.
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn u16s(&mut self, numbers: &[u16]) {
        numbers.iter().for_each(|n| self.put(&n.to_le_bytes()));
    }

    /// Appends numbers of four bytes.
    pub fn u32s(&mut self, numbers: &[u32]) {
        numbers.iter().for_each(|n| self.put(&n.to_le_bytes()));
    }

    /// Appends numbers of eight bytes.
    pub fn u64s(&mut self, numbers: &[u64]) {
        numbers.iter().for_each(|n| self.put(&n.to_le_bytes()));
    }

    fn i64s(&mut self, numbers: &[i64]) {
        numbers.iter().for_each(|n| self.put(&n.to_le_bytes()));
    }

    fn limit(&mut self, what: &'static str, length: usize, most: usize) {
        if length > most && self.too_long.is_none() {
            self.too_long = Some(TooLong { what, length, most });
        }
    }

    fn text(&mut self, what: &'static str, text: &[u8], most: u16) {
        self.limit(what, text.len(), usize::from(most));
        let text = &text[..text.len().min(usize::from(u16::MAX))];
        self.u16s(&[text.len() as u16]);
        self.put(text);
    }

    /// A block of strings. Reading gave it a final NUL that may have had no room in the entry.
    fn strings(&mut self, what: &'static str, block: &[u8]) {
        let full = usize::from(MAX_STRINGS) + 1;
        let block = if block.len() == full && block.last() == Some(&0) { &block[..full - 1] } else { block };
        self.text(what, block, MAX_STRINGS);
    }

    /// What `write` appends, behind its length plus `own`.
    fn sized(&mut self, own: u32, write: impl FnOnce(&mut Encoder)) {
        let start = self.bytes.len();
        self.u32s(&[0]);
        write(self);
        let length = (self.bytes.len() - start - 4) as u32 + own;
        self.bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// An entry, behind its length if the version writes one.
    fn entry(&mut self, sized: bool, own: u32, write: impl FnOnce(&mut Encoder)) {
        if sized { self.sized(own, write) } else { write(self) }
    }

    /// A block of this type; `write` appends its body.
    pub fn block(&mut self, kind: u32, write: impl FnOnce(&mut Encoder)) {
        let start = self.begin(kind);
        write(self);
        self.end(start);
    }

    /// Begins a block; gives what [`Encoder::end`] needs.
    pub(super) fn begin(&mut self, kind: u32) -> usize {
        let start = self.bytes.len();
        self.u32s(&[kind, 0]);
        start
    }

    /// Ends the block that began at `start`.
    pub(super) fn end(&mut self, start: usize) {
        let padded = start + (self.bytes.len() - start).next_multiple_of(4);
        self.bytes.resize(padded, 0);
        let length = ((padded - start + TRAILER) as u32).to_le_bytes();
        self.bytes[start + 4..start + HEADER].copy_from_slice(&length);
        self.put(&length);
    }

    /// A section header.
    pub fn section(&mut self, major: u16, minor: u16) {
        self.block(SECTION, |e| {
            e.u32s(&[MAGIC]);
            e.u16s(&[major, minor]);
            // The section's length is not known.
            e.u64s(&[u64::MAX]);
        });
    }

    /// The body of a machine block.
    pub fn machine(&mut self, m: &MachineInfo) {
        self.limit("host name", m.hostname.len(), MAX_HOSTNAME);
        let mut hostname = [0; MAX_HOSTNAME];
        let length = m.hostname.len().min(MAX_HOSTNAME);
        hostname[..length].copy_from_slice(&m.hostname[..length]);
        self.u32s(&[m.num_cpus]);
        self.u64s(&[m.memory, m.max_pid]);
        self.put(&hostname);
        self.u64s(&[m.boot_ts, m.flags, 0, 0]);
    }

    /// An entry of a process list of version 1 to 9.
    pub fn process(&mut self, version: u8, p: &Process) {
        self.entry(version >= 9, 4, |e| {
            e.process_fields(version, p);
            if version >= 9 {
                e.u64s(&[p.pidns_init_start_ts]);
                e.u32s(&[p.tty, p.loginuid]);
                e.put(&[u8::from(p.exe_writable)]);
                e.u64s(&[p.cap_inheritable, p.cap_permitted, p.cap_effective]);
                e.put(&[u8::from(p.exe_upper_layer)]);
                e.u64s(&[p.exe_ino, p.exe_ino_ctime, p.exe_ino_mtime]);
                e.put(&[u8::from(p.exe_from_memfd), u8::from(p.exe_lower_layer)]);
                e.i64s(&[p.pgid]);
            }
        });
    }

    fn process_fields(&mut self, version: u8, p: &Process) {
        self.i64s(&[p.tid, p.pid, p.ptid]);
        if version >= 6 {
            self.i64s(&[p.sid]);
        }
        if version >= 8 {
            self.i64s(&[p.vpgid]);
        }
        self.text("comm", &p.comm, MAX_PATH);
        self.text("exe", &p.exe, MAX_PATH);
        if version >= 7 {
            self.text("exepath", &p.exepath, MAX_PATH);
        }
        self.strings("arguments", &p.args);
        self.text("cwd", &p.cwd, MAX_PATH);
        self.i64s(&[p.fdlimit]);
        self.u32s(&[p.flags, p.uid, p.gid]);
        if version >= 2 {
            self.u32s(&[p.vmsize_kb, p.vmrss_kb, p.vmswap_kb]);
            self.u64s(&[p.pfmajor, p.pfminor]);
        }
        if version >= 3 {
            self.strings("environment", &p.env);
        }
        if version >= 4 {
            self.i64s(&[p.vtid, p.vpid]);
            self.text("cgroups", &p.cgroups, MAX_STRINGS);
        }
        if version >= 5 {
            self.text("root directory", &p.root, MAX_PATH);
        }
    }

    /// An entry of a descriptor list of version 1 or 2.
    pub fn descriptor(&mut self, version: u8, fd: &FdEntry) {
        const NAME: &str = "descriptor name";
        self.entry(version >= 2, 4, |e| {
            e.i64s(&[fd.fd]);
            e.u64s(&[fd.ino]);
            e.put(&[fd.kind]);
            match &fd.info {
                FdInfo::Unknown => {}
                FdInfo::V4 { sip, dip, sport, dport, l4 } => e.pair(sip, dip, *sport, *dport, *l4),
                FdInfo::V6 { sip, dip, sport, dport, l4 } => e.pair(sip, dip, *sport, *dport, *l4),
                FdInfo::V4Server { ip, port, l4 } => e.end_of_socket(ip, *port, *l4),
                FdInfo::V6Server { ip, port, l4 } => e.end_of_socket(ip, *port, *l4),
                FdInfo::Unix { source, dest, name } => {
                    e.u64s(&[*source, *dest]);
                    e.text(NAME, name, MAX_PATH - 1);
                }
                FdInfo::File { open_flags, name, dev } => {
                    e.u32s(&[*open_flags]);
                    e.text(NAME, name, MAX_PATH - 1);
                    if version >= 2 {
                        e.u32s(&[*dev]);
                    }
                }
                FdInfo::Named(name) => e.text(NAME, name, MAX_PATH - 1),
            }
        });
    }

    fn pair(&mut self, source: &[u8], dest: &[u8], sport: u16, dport: u16, l4: u8) {
        self.put(source);
        self.put(dest);
        self.u16s(&[sport, dport]);
        self.put(&[l4]);
    }

    fn end_of_socket(&mut self, ip: &[u8], port: u16, l4: u8) {
        self.put(ip);
        self.u16s(&[port]);
        self.put(&[l4]);
    }

    /// An entry of an interface list of version 1 or 2.
    pub fn interface(&mut self, version: u8, interface: &Interface) {
        let (kind, parts): (u16, [&[u8]; 3]) = match &interface.addr {
            InterfaceAddr::V4 { addr, mask, broadcast } => (1, [addr, mask, broadcast]),
            InterfaceAddr::V6 { addr, mask, broadcast } => (2, [addr, mask, broadcast]),
        };
        let name = &interface.name[..interface.name.len().min(usize::from(u16::MAX))];
        self.limit("interface name", interface.name.len(), usize::from(MAX_PATH) - 1);
        // This length does not count itself.
        self.entry(version >= 2, 0, |e| {
            e.u16s(&[kind, name.len() as u16]);
            parts.into_iter().for_each(|part| e.put(part));
            e.u64s(&[interface.link_speed]);
            e.put(name);
        });
    }

    /// The entries of a user list of version 1 or 2.
    pub fn users(&mut self, version: u8, users: &Users) {
        for user in &users.users {
            self.entry(version >= 2, 4, |e| {
                e.put(&[0]);
                e.u32s(&[user.uid, user.gid]);
                e.text("user name", &user.name, MAX_CREDENTIAL);
                e.text("home directory", &user.home, MAX_CREDENTIAL);
                e.text("shell", &user.shell, MAX_CREDENTIAL);
            });
        }
        for group in &users.groups {
            self.entry(version >= 2, 4, |e| {
                e.put(&[1]);
                e.u32s(&[group.gid]);
                e.text("group name", &group.name, MAX_CREDENTIAL);
            });
        }
    }

    /// An event block of the newest version.
    #[inline]
    pub fn event(&mut self, record: &Record<'_>) {
        let (lens, data) = (record.params.lens(), record.params.data());
        let length = EVENT_HEADER + lens.len() + data.len();
        let start = self.event_block(record.cpu, record.flags, record.code, length);
        let mut header = [0; EVENT_HEADER];
        header[..8].copy_from_slice(&record.ts.to_le_bytes());
        header[8..16].copy_from_slice(&record.tid.to_le_bytes());
        header[16..20].copy_from_slice(&(length as u32).to_le_bytes());
        header[20..22].copy_from_slice(&record.code.to_le_bytes());
        header[22..].copy_from_slice(&(record.params.count() as u32).to_le_bytes());
        self.put(&header);
        self.put(lens);
        self.put(data);
        self.end(start);
    }

    /// Begins the block of an event of `length` bytes.
    #[inline]
    pub(super) fn event_block(&mut self, cpu: u16, flags: u32, code: u16, length: usize) -> usize {
        let prefix = if flags == 0 { 2 } else { 6 };
        let wide = event(code).is_some_and(|e| e.flags.has(EventFlags::LARGE_PAYLOAD));
        let large = wide || (prefix + length).next_multiple_of(4) + TRAILER > MAX_PLAIN_EVENT as usize;
        let start = self.begin(match (flags == 0, large) {
            (true, false) => EVENT,
            (true, true) => EVENT_LARGE,
            (false, false) => EVENT_FLAGS,
            (false, true) => EVENT_FLAGS_LARGE,
        });
        self.put(&cpu.to_le_bytes());
        if flags != 0 {
            self.put(&flags.to_le_bytes());
        }
        start
    }
}
