//! A capture's metadata: the state of the machine when it began.
//!
//! ```text
//! machine, processes, descriptors, interfaces, users ─► State::load, one by one, in file order
//! end of the metadata                                ─► State::loaded
//! ```
//!
//! [`State::loaded`] links what could not be linked before all was known: threads to their groups and parents, servers
//! among the connections, containers of all threads.

use super::effects::{valid_cgroups, without_deleted};
use super::fd::{Addr, Fd, FdKind, L4, Role};
use super::net::{self, Interface};
use super::thread::{Image, Strings, Text, Thread};
use super::{Machine, State, users};
use crate::capture::{FdEntry, FdInfo, InterfaceAddr, Metadata, Process};
use hashbrown::HashSet;
use std::sync::Arc;

/// Ports of server sockets.
pub(super) type Ports = HashSet<u16, foldhash::fast::RandomState>;

impl State {
    /// Takes over one item of a capture's metadata.
    pub fn load(&mut self, item: &Metadata) {
        match item {
            Metadata::Machine(m) => {
                self.machine = Machine {
                    hostname: m.hostname.clone(),
                    num_cpus: m.num_cpus,
                    memory: m.memory,
                    boot_ts: m.boot_ts,
                };
            }
            Metadata::Process(process) => self.load_process(process),
            Metadata::Fds(list) => {
                for entry in &list.fds {
                    self.load_fd(list.tid, entry);
                }
            }
            Metadata::Interfaces(list) => self.interfaces.set(list.iter().map(|i| match i.addr {
                InterfaceAddr::V4 { addr, mask, .. } => Interface::V4 { addr, mask },
                InterfaceAddr::V6 { addr, .. } => Interface::V6 { addr },
            })),
            Metadata::Users(list) => {
                for u in &list.users {
                    let text = |bytes: &[u8]| bytes.into();
                    let (name, home, shell) = (text(&u.name), text(&u.home), text(&u.shell));
                    self.users.add_user(b"", users::User { uid: u.uid, gid: u.gid, name, home, shell });
                }
                for g in &list.groups {
                    self.users.add_group(b"", users::Group { gid: g.gid, name: g.name.as_slice().into() });
                }
            }
        }
    }

    /// Ends the metadata.
    pub fn loaded(&mut self) {
        let mut tids: Vec<i64> = self.threads.iter().map(|t| t.tid).collect();
        tids.sort_unstable();
        for tid in tids {
            let Some(slot) = self.threads.slot(tid) else { continue };
            self.threads.link(slot);
            self.fix_sockets(slot);
            self.identify(slot);
        }
        self.server_ports.clear();
    }

    /// Finds the container of a loaded thread.
    pub(super) fn identify(&mut self, slot: u32) {
        let none = super::empty_text();
        let old = self.threads.in_slot(slot).image.clone();
        let container = self.containers.identify(&old.cgroups, &Strings(none.clone()), &none);
        if *container != *old.container_id {
            let id = self.threads.image_id();
            let image = Image { container_id: container, ..old.derive(id) };
            self.threads.change(slot, |t| t.image = Arc::new(image));
        }
    }

    fn load_process(&mut self, p: &Process) {
        let id = self.threads.image_id();
        let text = |bytes: &[u8]| Text::from(bytes);
        let exe_flags = u32::from(p.exe_writable)
            | u32::from(p.exe_upper_layer) << 1
            | u32::from(p.exe_from_memfd) << 2
            | u32::from(p.exe_lower_layer) << 3;
        let mut image = Image {
            comm: text(&p.comm),
            exe: text(&p.exe),
            exepath: text(without_deleted(&p.exepath)),
            args: Strings(text(&p.args)),
            cgroups: Strings(text(valid_cgroups(&p.cgroups).unwrap_or_default())),
            exe_flags,
            exe_ino: p.exe_ino,
            exe_ino_ctime: p.exe_ino_ctime,
            exe_ino_mtime: p.exe_ino_mtime,
            ..Image::empty(id)
        };
        let main = p.tid == p.pid;
        if main {
            image.env = Strings(text(&p.env));
        }
        let mut thread = Thread::new(p.tid, Arc::new(image));
        thread.flags |= p.flags;
        (thread.pid, thread.ptid, thread.sid) = (p.pid, p.ptid, p.sid);
        (thread.vpgid, thread.pgid, thread.vtid, thread.vpid) = (p.vpgid, p.pgid, p.vtid, p.vpid);
        (thread.uid, thread.gid, thread.loginuid, thread.tty) = (p.uid, p.gid, p.loginuid, p.tty);
        thread.usage.fdlimit = p.fdlimit;
        thread.cap_permitted = p.cap_permitted;
        thread.cap_effective = p.cap_effective;
        thread.cap_inheritable = p.cap_inheritable;
        let usage = &mut thread.usage;
        (usage.vmsize_kb, usage.vmrss_kb, usage.vmswap_kb) = (p.vmsize_kb, p.vmrss_kb, p.vmswap_kb);
        (usage.pfmajor, usage.pfminor) = (p.pfmajor, p.pfminor);
        thread.pidns_init_start_ts = p.pidns_init_start_ts;
        thread.clone_ts = p.clone_ts;
        thread.root = text(&p.root);
        self.users.seen(p.uid, p.gid);
        if let Some(slot) = self.threads.add(thread, false)
            && main
        {
            self.set_cwd(slot, &p.cwd);
        }
    }

    fn load_fd(&mut self, tid: i64, entry: &FdEntry) {
        let Some(kind) = FdKind::from_id(entry.kind).filter(|k| *k != FdKind::Unknown) else { return };
        let Some(mut fd) = descriptor(kind, &entry.info) else { return };
        fd.ino = entry.ino;
        if let Addr::ServV4 { port, .. } | Addr::ServV6 { port, .. } = fd.addr() {
            self.server_ports.insert(port);
        }
        if let Some(slot) = self.threads.slot(tid) {
            self.threads.hot.insert_fd(slot, entry.fd, fd);
        }
    }

    /// Connections whose source port is that of a server socket seen anywhere are turned round: this end is the
    /// server. All other IPv4 ones are clients; IPv6 ones keep no role.
    fn fix_sockets(&mut self, slot: u32) {
        let ports = &self.server_ports;
        for num in self.threads.hot.fd_numbers(slot, |_, fd| fd.kind == FdKind::Ipv4Sock) {
            self.threads.hot.update_fd(slot, num, |fd| {
                let Addr::V4 { sip, dip, sport, dport } = fd.addr() else { return };
                if ports.contains(&sport) {
                    fd.set_addr(Addr::V4 { sip: dip, dip: sip, sport: dport, dport: sport });
                    fd.name = table_name(fd);
                    fd.role = fd.role.and_server();
                } else {
                    fd.role = fd.role.and_client();
                }
            });
        }
    }
}

/// Name of a connection of the list: with ports, whatever the protocol.
fn table_name(fd: &Fd) -> Vec<u8> {
    let name = match fd.addr() {
        Addr::V4 { sip, dip, sport, dport } => format!("{}->{}", net::v4_end(sip, sport), net::v4_end(dip, dport)),
        Addr::V6 { sip, dip, sport, dport } => format!("{}->{}", net::v6_end(sip, sport), net::v6_end(dip, dport)),
        _ => String::new(),
    };
    name.into_bytes()
}

/// A descriptor of the list; `None` for what the original leaves out.
fn descriptor(kind: FdKind, info: &FdInfo) -> Option<Fd> {
    let mut fd = Fd::new(kind);
    match *info {
        FdInfo::Unknown => return None,
        FdInfo::V4 { sip, dip, sport, dport, l4 } => {
            fd.kind = FdKind::Ipv4Sock;
            connection(&mut fd, Addr::V4 { sip, dip, sport, dport }, l4);
        }
        FdInfo::V6 { sip, dip, sport, dport, l4 } => match (net::mapped_v4(sip), net::mapped_v4(dip)) {
            (Some(sip), Some(dip)) => {
                fd.kind = FdKind::Ipv4Sock;
                connection(&mut fd, Addr::V4 { sip, dip, sport, dport }, l4);
            }
            _ => {
                fd.kind = FdKind::Ipv6Sock;
                connection(&mut fd, Addr::V6 { sip, dip, sport, dport }, l4);
            }
        },
        FdInfo::V4Server { ip, port, l4 } => {
            fd.set_addr(Addr::ServV4 { ip, port });
            fd.set_l4(L4::from_id(l4));
            fd.name = net::v4_end(ip, port).into_bytes();
        }
        FdInfo::V6Server { ip, port, l4 } => {
            fd.set_addr(Addr::ServV6 { ip, port });
            fd.set_l4(L4::from_id(l4));
            fd.name = net::v6_end(ip, port).into_bytes();
        }
        FdInfo::Unix { source, dest, ref name } => {
            fd.set_addr(Addr::Unix { source, dest });
            fd.name.clone_from(name);
            fd.role = if name.is_empty() { Role::Client } else { Role::Server };
        }
        FdInfo::File { open_flags, ref name, dev } => {
            fd.name.clone_from(name);
            (fd.open_flags, fd.dev) = (open_flags, dev);
        }
        FdInfo::Named(ref name) => fd.name.clone_from(name),
    }
    Some(fd)
}

/// An internet connection of the list. Its addresses are not completed: the original reads the interfaces later.
fn connection(fd: &mut Fd, addr: Addr, l4: u8) {
    fd.set_addr(addr);
    fd.set_l4(L4::from_id(l4));
    fd.connected = fd.l4() == L4::Tcp;
    fd.name = table_name(fd);
}
