//! The few kernel objects that filters walk: registers, the task, its files, what is behind a descriptor: a socket, or the
//! dentries and mounts of a path.
//!
//! ```text
//! file ─► dentry ─► … ─► root of a mount     mount ─► mount point: dentry ─► … ─► root of all
//!           │                                  └────► parent mount
//!           ▼
//!          name, behind it rubbish
//! ```
//!
//! What must hold: members lie where the kernel's types say, as for the generator; all else is zero.

use super::machine::{KERNEL, Machine};
use crate::kernel::CaptureView;
use peregrine_compiler::kernel::eval::is_clean;
use peregrine_compiler::kernel::{End, KernelView as _, Kind, KindSet, Number, Protocol, Source};
use peregrine_probe::program::Kernel;
use peregrine_schema::capture::MAX_PATH_DEPTH;
use std::collections::BTreeMap;

/// Where each object lies.
pub mod place {
    use super::KERNEL;
    pub(super) const fn place(number: u64) -> u64 {
        KERNEL + 0x10_0000 * number
    }
    /// The registers of the process.
    pub const REGISTERS: u64 = place(1);
    /// The task.
    pub const TASK: u64 = place(2);
    pub(super) const CREDENTIALS: u64 = place(3);
    pub(super) const FILES: u64 = place(4);
    pub(super) const TABLE: u64 = place(5);
    pub(super) const FILE: u64 = place(6);
    pub(super) const INODE: u64 = place(7);
    pub(super) const FILE_SYSTEM: u64 = place(8);
    pub(super) const SOCKET: u64 = place(9);
    pub(super) const SOCK: u64 = place(10);
    pub(super) const IPV6: u64 = place(11);
    pub(super) const FIRST_THREAD: u64 = place(12);
    pub(super) const MOUNTS: [u64; 2] = [place(13), place(14)];
    pub(super) const DENTRIES: u64 = place(15);
    pub(super) const NAMES: u64 = place(16);
    /// From a dentry to the next, and from a name.
    pub(super) const NEXT: u64 = 0x400;
    pub(super) const DESCRIPTORS: u64 = place(1 << 20);
}
use place::*;

/// Where the registers lie on the stack.
const ABOVE_STACK: u64 = 16_384 - 168;
/// `thread_info.status` of a 32-bit program's call.
const TS_COMPAT: u64 = 2;
/// `S_IFMT` values.
const SOCKET_MODE: u64 = 0xc000;
const REGULAR: u64 = 0x8000;
const DIRECTORY: u64 = 0x4000;
const PIPE: u64 = 0x1000;
const CHARACTER_DEVICE: u64 = 0x2000;
const BLOCK_DEVICE: u64 = 0x6000;
/// Magic numbers of file systems: ext4, files in memory, pipes, files without a name, process descriptors.
const EXT4: u64 = 0xef53;
const TMPFS: u64 = 0x0102_1994;
const PIPEFS: u64 = 0x5049_5045;
const NAMELESS: u64 = 0x0904_1934;
const PIDFS: u64 = 0x5049_4446;
/// `AF_UNIX`, `AF_INET`, `AF_INET6`, `AF_NETLINK`.
const UNIX: u64 = 1;
const INET: u64 = 2;
const INET6: u64 = 10;
const NETLINK: u64 = 16;
/// Protocol and type of sockets.
const TCP: (u64, u64) = (6, 1);
const UDP: (u64, u64) = (17, 2);
const ICMP: (u64, u64) = (1, 2);
/// `SOCK_BINDPORT_LOCK`.
const BOUND: u64 = 8;

/// How an IPv4 address begins as an IPv6 one.
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// An end of a socket: address in network order, port in host order.
pub type Socket = (Vec<u8>, u16);

/// What the kernel can know of a descriptor.
#[derive(Debug, Clone)]
pub struct Known {
    /// Kinds that it may be of, a bit for each.
    pub kinds: u32,
    /// Protocols that its socket may have, a bit for each.
    pub protocols: u32,
    /// The local and the remote end.
    pub ends: Option<[Socket; 2]>,
    /// The socket was bound: it is not known which end is the client's.
    pub mixed: bool,
    /// What it is called by.
    pub path: Path,
}

/// What the kernel can know of the path of a descriptor.
#[derive(Debug, Clone)]
pub enum Path {
    /// User space may call it anything.
    Unknown,
    /// It has none.
    None,
    /// This one.
    Is(Vec<u8>),
}

/// Longest path that is compared: memory for one holds 256 bytes.
const LONGEST_PATH: usize = 255;

/// All that may be.
const ANYTHING: Known = Known {
    kinds: KindSet::ALL.0,
    protocols: (1 << Protocol::ALL.len()) - 1,
    ends: None,
    mixed: false,
    path: Path::Unknown,
};

/// Objects being put together.
pub struct Objects<'k> {
    kernel: &'k Kernel,
    memory: BTreeMap<u64, Vec<u8>>,
}

impl<'k> Objects<'k> {
    /// None yet.
    pub fn new(kernel: &'k Kernel) -> Objects<'k> {
        Objects { kernel, memory: BTreeMap::new() }
    }

    /// Lays them into the memory of a machine.
    pub fn lay(self, machine: &mut Machine) {
        self.memory.into_iter().for_each(|(at, bytes)| machine.there(at, bytes));
    }

    /// Sets a member, `structure.path`, of an object.
    fn set(&mut self, object: u64, path: &str, value: u64) {
        let (structure, member) = path.split_once('.').expect("a path has a structure and a member");
        let member = self.kernel.find(structure, member).unwrap_or_else(|| panic!("no {path}"));
        let (at, size) = (member.offset as usize, member.size as usize);
        let value = match member.bits {
            Some(bits) => (value & ((1 << bits.count) - 1)) << bits.shift,
            None => value,
        };
        let memory = self.object(object, structure);
        for (to, from) in memory[at..at + size].iter_mut().zip(value.to_le_bytes()) {
            *to |= from;
        }
    }

    fn set_bytes(&mut self, object: u64, path: &str, bytes: &[u8]) {
        let (structure, member) = path.split_once('.').expect("a path has a structure and a member");
        let at = self.kernel.find(structure, member).unwrap_or_else(|| panic!("no {path}")).offset as usize;
        self.object(object, structure)[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn object(&mut self, object: u64, structure: &str) -> &mut Vec<u8> {
        let size = self.kernel.btf.struct_size(structure).unwrap_or_else(|| panic!("no {structure}")) as usize;
        let memory = self.memory.entry(object).or_default();
        memory.resize(memory.len().max(size), 0);
        memory
    }

    /// The registers of a system call, which a 32-bit program may have made.
    pub fn registers(&mut self, (registers, compat): (Vec<(&str, u64)>, bool)) {
        for (name, value) in registers {
            self.set(REGISTERS, &format!("pt_regs.{name}"), value);
        }
        self.set(TASK, "task_struct.thread_info.status", if compat { TS_COMPAT } else { 0 });
    }

    /// The task, as far as it is known.
    pub fn task(&mut self, view: &CaptureView<'_>) {
        let number = |of| view.number(of).map_or(0, |n| n as u64);
        self.set(TASK, "task_struct.pid", number(Number::Tid));
        self.set(TASK, "task_struct.tgid", number(Number::Pid));
        self.set(TASK, "task_struct.stack", REGISTERS - ABOVE_STACK);
        self.set(TASK, "task_struct.loginuid.val", number(Number::LoginUid));
        self.set(TASK, "task_struct.cred", CREDENTIALS);
        self.set(CREDENTIALS, "cred.euid.val", number(Number::Uid));
        self.set(CREDENTIALS, "cred.egid.val", number(Number::Gid));
        self.set(TASK, "task_struct.files", FILES);
        self.set(FILES, "files_struct.fdt", TABLE);
        self.set(TABLE, "fdtable.fd", DESCRIPTORS);
    }

    /// How often the task has called exec.
    pub fn execs(&mut self, count: u64) {
        self.set(TASK, "task_struct.self_exec_id", count);
    }

    /// The process of the task, which is its first thread or another one; both have begun at the same time.
    pub fn process(&mut self, first_thread: bool, pid: u32, start: u64) {
        let leader = if first_thread { TASK } else { FIRST_THREAD };
        self.set(TASK, "task_struct.group_leader", leader);
        self.set(TASK, "task_struct.start_boottime", start);
        if !first_thread {
            self.set(FIRST_THREAD, "task_struct.tgid", pid.into());
            self.set(FIRST_THREAD, "task_struct.start_boottime", start);
        }
    }

    /// The file behind a descriptor, and what the kernel can know of it. `variant` chooses among forms that user space
    /// does not tell apart.
    pub fn descriptor(&mut self, fd: u32, view: &CaptureView<'_>, local_first: bool, variant: u64) -> Known {
        let Some(kind) = view.kind().filter(|kind| *kind != Kind::Other && fd < i32::MAX as u32) else {
            return ANYTHING;
        };
        self.set(TABLE, "fdtable.max_fds", u64::from(fd) + 1);
        self.memory.insert(DESCRIPTORS + 8 * u64::from(fd), FILE.to_le_bytes().to_vec());
        self.set(FILE, "file.f_inode", INODE);
        self.set(INODE, "inode.i_sb", FILE_SYSTEM);
        let of = |kinds: &[Kind]| Known { kinds: kinds.iter().fold(0, |set, k| set | 1 << *k as u32), ..ANYTHING };
        let (mode, magic, mut known) = match kind {
            Kind::File => match variant % 8 {
                3 => (CHARACTER_DEVICE, EXT4, ANYTHING),
                4 => (BLOCK_DEVICE, EXT4, ANYTHING),
                5 => (PIPE, EXT4, of(&[Kind::Pipe, Kind::File])),
                6 => (REGULAR, TMPFS, of(&[Kind::File, Kind::Memfd])),
                _ => (REGULAR, EXT4, of(&[Kind::File])),
            },
            Kind::Memfd => (REGULAR, TMPFS, of(&[Kind::File, Kind::Memfd])),
            Kind::Directory => (DIRECTORY, EXT4, of(&[Kind::Directory, Kind::File])),
            Kind::Pipe => (PIPE, PIPEFS, Known { path: Path::None, ..of(&[Kind::Pipe, Kind::File]) }),
            Kind::Pidfd => (REGULAR, PIDFS, ANYTHING),
            Kind::Ipv4 | Kind::Ipv6 | Kind::Unix | Kind::Netlink => {
                (SOCKET_MODE, EXT4, self.socket(kind, view, local_first, variant))
            }
            // Newer kernels give these a mode.
            _ => (if variant.is_multiple_of(2) { REGULAR } else { 0 }, NAMELESS, ANYTHING),
        };
        self.set(INODE, "inode.i_mode", mode | 0o600);
        self.set(FILE_SYSTEM, "super_block.s_magic", magic);
        match kind {
            Kind::File | Kind::Directory => known.path = self.named(view.text(Source::Descriptor), variant),
            Kind::Memfd => self.outside_any_tree(),
            // A path that is not to be believed.
            _ => self.tree(&[b"etc", b"passwd"], 0),
        }
        if matches!(kind, Kind::Ipv4 | Kind::Ipv6) {
            known.path = Path::None;
        }
        known
    }

    /// The names of the file, and what is known by them. Some of all files have none that could be read.
    fn named(&mut self, name: Option<&[u8]>, variant: u64) -> Path {
        let name = name.filter(|name| variant % 16 != 9 && (*name == b"/" || is_clean(name)));
        let Some(name) = name else { return Path::Unknown };
        let components: Vec<&[u8]> = name.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
        if components.len() >= MAX_PATH_DEPTH {
            return Path::Unknown;
        }
        // The last of them lie in a mount of their own: none, some, the file alone, all, or there is no such mount.
        let outside = variant as usize / 16 % (components.len() + 2);
        self.tree(&components, outside);
        if name.len() > LONGEST_PATH { Path::Unknown } else { Path::Is(name.to_vec()) }
    }

    /// Dentries of these names, the file's last; from `outside` on they are in a second mount.
    fn tree(&mut self, components: &[&[u8]], outside: usize) {
        let mut last = self.dentry(0, b"/", None);
        let mut mount = MOUNTS[0];
        self.mount(mount, last, mount, last);
        for at in 0..=components.len() {
            if at == outside {
                let root = self.dentry(1, b"not part of a path", None);
                self.mount(MOUNTS[1], root, mount, last);
                (last, mount) = (root, MOUNTS[1]);
            }
            if let Some(name) = components.get(at) {
                last = self.dentry(2 + at as u64, name, Some(last));
            }
        }
        self.leads_to(mount, last);
    }

    /// The file has a name, but is in no tree: as those made by `memfd_create`.
    fn outside_any_tree(&mut self) {
        let [root, file] = [(0, &b"/"[..]), (1, b"memfd:/etc/passwd")].map(|(at, name)| self.dentry(at, name, None));
        self.mount(MOUNTS[0], root, MOUNTS[0], root);
        self.leads_to(MOUNTS[0], file);
    }

    /// The file is this dentry in this mount.
    fn leads_to(&mut self, mount: u64, dentry: u64) {
        let inside = self.kernel.find("mount", "mnt").expect("kernels have mounts").offset;
        self.set(FILE, "file.f_path.mnt", mount + u64::from(inside));
        self.set(FILE, "file.f_path.dentry", dentry);
    }

    fn mount(&mut self, mount: u64, root: u64, parent: u64, point: u64) {
        self.set(mount, "mount.mnt.mnt_root", root);
        self.set(mount, "mount.mnt_parent", parent);
        self.set(mount, "mount.mnt_mountpoint", point);
    }

    /// A dentry, the root of a tree if it has no parent.
    fn dentry(&mut self, number: u64, name: &[u8], parent: Option<u64>) -> u64 {
        let (dentry, text) = (DENTRIES + NEXT * number, NAMES + NEXT * number);
        self.set(dentry, "dentry.d_parent", parent.unwrap_or(dentry));
        self.set(dentry, "dentry.d_name.name", text);
        self.set(dentry, "dentry.d_name.hash_len", (name.len() as u64) << 32 | 0xdead_beef);
        self.memory.insert(text, [name, b"\0/rubbish/rubbish"].concat());
        dentry
    }

    fn socket(&mut self, kind: Kind, view: &CaptureView<'_>, local_first: bool, variant: u64) -> Known {
        self.set(FILE, "file.private_data", SOCKET);
        self.set(SOCKET, "socket.sk", SOCK);
        let one = |kind: Kind| 1 << kind as u32;
        // An IPv6 socket may talk to mapped addresses.
        let mapped = kind == Kind::Ipv4 && variant % 2 == 1;
        let (family, kinds) = match kind {
            Kind::Ipv4 if !mapped => (INET, one(Kind::Ipv4)),
            Kind::Unix => (UNIX, one(Kind::Unix)),
            Kind::Netlink => (NETLINK, one(Kind::Netlink)),
            _ => (INET6, one(Kind::Ipv4) | one(Kind::Ipv6)),
        };
        self.set(SOCK, "sock.__sk_common.skc_family", family);
        let unconnected = Known { kinds, ..ANYTHING };
        let ends = view.ends(End::Either).and_then(|ends| <[Socket; 2]>::try_from(ends).ok());
        let protocol = view.protocol();
        let ((number, form), protocols) = match protocol {
            Some(Protocol::Tcp) => (TCP, 1 << Protocol::Tcp as u32),
            Some(Protocol::Udp) => (UDP, 1 << Protocol::Udp as u32),
            _ => (ICMP, ANYTHING.protocols),
        };
        let length = if kind == Kind::Ipv4 { 4 } else { 16 };
        let internet = matches!(kind, Kind::Ipv4 | Kind::Ipv6);
        // The first end is the client's.
        let ends = ends.map(|[client, server]| if local_first { [client, server] } else { [server, client] });
        let Some([local, remote]) = ends.filter(|ends| internet && ends.iter().all(|end| end.0.len() == length)) else {
            return unconnected;
        };
        let mixed = variant % 8 == 5;
        self.set(SOCK, "sock.sk_userlocks", if mixed { BOUND } else { 0 });
        self.set(SOCK, "sock.sk_protocol", number);
        self.set(SOCK, "sock.sk_type", form);
        self.set(SOCK, "inet_sock.inet_sport", local.1.to_be().into());
        self.set(SOCK, "sock.__sk_common.skc_dport", remote.1.to_be().into());
        if family == INET {
            self.set_bytes(SOCK, "inet_sock.inet_saddr", &local.0);
            self.set_bytes(SOCK, "sock.__sk_common.skc_daddr", &remote.0);
        } else {
            let long = |address: &[u8]| if mapped { [&MAPPED, address].concat() } else { address.to_vec() };
            self.set(SOCK, "inet_sock.pinet6", IPV6);
            self.set_bytes(IPV6, "ipv6_pinfo.saddr", &long(&local.0));
            self.set_bytes(SOCK, "sock.__sk_common.skc_v6_daddr", &long(&remote.0));
        }
        // Without a remote port it is not connected; ports of raw sockets mean nothing.
        if remote.1 == 0 || protocols == ANYTHING.protocols {
            return unconnected;
        }
        let is_mapped = remote.0.starts_with(&MAPPED);
        let short = |end: Socket| if is_mapped { (end.0[MAPPED.len()..].to_vec(), end.1) } else { end };
        Known { kinds, protocols, ends: Some([short(local), short(remote)]), mixed, path: Path::Unknown }
    }
}
