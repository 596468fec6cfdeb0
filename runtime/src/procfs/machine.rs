//! The machine: size, name, boot time, interfaces, users and groups.
//!
//! All but the interfaces is read below the configured roots; interfaces are those of our own network namespace. What
//! cannot be read is 0 or empty. Users and groups are those of the files, not of directory services.

use super::read::{cut, decimal, file, words};
use crate::capture::metadata::{MAX_CREDENTIAL, MAX_HOSTNAME};
use crate::capture::{Group, Interface, InterfaceAddr, MachineInfo, User, Users};
use nix::sys::socket::SockaddrStorage;
use rustix::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Longest file of users or groups that is read, and of facts about the machine.
const MOST: usize = 64 * 1024 * 1024;

/// Facts of the machine from its `/proc`.
pub(super) fn machine(proc: impl AsFd, hostname: Option<&[u8]>, buffer: &mut Vec<u8>) -> MachineInfo {
    let mut machine = MachineInfo::default();
    if file(&proc, b"sys/kernel/pid_max", 32, buffer).is_ok() {
        machine.max_pid = decimal(buffer.trim_ascii()).unwrap_or(0);
    }
    if file(&proc, b"stat", MOST, buffer).is_ok() {
        for line in buffer.split(|b| *b == b'\n') {
            let mut fields = words(line);
            match fields.next() {
                Some(b"btime") => {
                    let seconds = fields.next().and_then(decimal).unwrap_or(0);
                    machine.boot_ts = seconds.saturating_mul(1_000_000_000);
                }
                // Those that are online.
                Some(cpu) if cpu.strip_prefix(b"cpu").and_then(decimal).is_some() => machine.num_cpus += 1,
                _ => {}
            }
        }
    }
    if file(&proc, b"meminfo", MOST, buffer).is_ok() {
        let line = buffer.split(|b| *b == b'\n').find_map(|l| l.strip_prefix(b"MemTotal:"));
        let kib = line.and_then(|l| decimal(words(l).next()?)).unwrap_or(0);
        machine.memory = kib.saturating_mul(1024);
    }
    match hostname {
        Some(name) => machine.hostname = name.to_vec(),
        None if file(&proc, b"sys/kernel/hostname", MAX_HOSTNAME, buffer).is_ok() => {
            machine.hostname = buffer.trim_ascii_end().to_vec();
        }
        None => {}
    }
    let length = cut(&machine.hostname, MAX_HOSTNAME as u16 - 1).len();
    machine.hostname.truncate(length);
    machine
}

/// Addresses of the interfaces, IPv4 before IPv6.
pub(super) fn interfaces() -> nix::Result<Vec<Interface>> {
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for interface in nix::ifaddrs::getifaddrs()? {
        let name = interface.interface_name.clone().into_bytes();
        let far = interface.broadcast.or(interface.destination);
        let Some(address) = interface.address else { continue };
        if let Some(addr) = ip4(address) {
            // An interface without a broadcast address has its own there.
            let (mask, broadcast) = (interface.netmask.and_then(ip4).unwrap_or_default(), far.and_then(ip4));
            let addr = InterfaceAddr::V4 { addr, mask, broadcast: broadcast.unwrap_or(addr) };
            v4.push(Interface { name, addr, link_speed: 0 });
        } else if let Some(addr) = ip6(address) {
            let (mask, broadcast) = (interface.netmask.and_then(ip6), far.and_then(ip6));
            let (mask, broadcast) = (mask.unwrap_or_default(), broadcast.unwrap_or_default());
            v6.push(Interface { name, addr: InterfaceAddr::V6 { addr, mask, broadcast }, link_speed: 0 });
        }
    }
    v4.append(&mut v6);
    Ok(v4)
}

fn ip4(address: SockaddrStorage) -> Option<[u8; 4]> {
    Some(address.as_sockaddr_in()?.ip().octets())
}

fn ip6(address: SockaddrStorage) -> Option<[u8; 16]> {
    Some(address.as_sockaddr_in6()?.ip().octets())
}

/// Users and groups of the host; also how many of the two files could not be read.
pub(super) fn users(host: &Path, buffer: &mut Vec<u8>) -> (Users, u64) {
    let (mut users, mut missing) = (Users::default(), 0);
    let mut read = |name: &str, line: &mut dyn FnMut(&[&[u8]]) -> Option<()>| {
        let path = host.join(name);
        if file(rustix::fs::CWD, path.as_os_str().as_bytes(), MOST, buffer).is_err() {
            missing += 1;
            return;
        }
        for text in buffer.split(|b| *b == b'\n') {
            let columns: Vec<&[u8]> = text.split(|b| *b == b':').collect();
            // Lines that are not entries are passed over.
            let _ = line(&columns);
        }
    };
    let id = |text: &[u8]| u32::try_from(decimal(text)?).ok();
    let text = |text: &[u8]| cut(text, MAX_CREDENTIAL).to_vec();
    read("etc/passwd", &mut |columns| {
        let [name, _, uid, gid, _, home, shell] = *columns else { return None };
        let user = User { uid: id(uid)?, gid: id(gid)?, name: text(name), home: text(home), shell: text(shell) };
        users.users.push(user);
        Some(())
    });
    read("etc/group", &mut |columns| {
        let [name, _, gid, _] = *columns else { return None };
        users.groups.push(Group { gid: id(gid)?, name: text(name) });
        Some(())
    });
    (users, missing)
}
