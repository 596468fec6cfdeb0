//! The descriptor that an event works on, compared with what is known of it here.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why.

mod common;

use common::{Reads, Record, call, kernel, run_on};
use peregrine_probe::descriptor::{Descriptor, DescriptorKind, What};
use peregrine_schema::capture::Hook;
use std::fs::{self, File};
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram, UnixListener, UnixStream};

/// One open descriptor after the other.
#[derive(Default)]
struct Opened {
    all: Vec<(&'static str, OwnedFd)>,
}

impl Opened {
    fn add(&mut self, name: &'static str, fd: impl Into<OwnedFd>) {
        self.all.push((name, fd.into()));
    }

    /// Of a call that gives a descriptor.
    #[expect(unsafe_code, reason = "a descriptor from a number")]
    fn call(&mut self, name: &'static str, number: libc::c_long, arguments: &[u64]) {
        let fd = call(number, arguments);
        assert!(fd >= 0, "{name}: {fd}");
        // SAFETY: the kernel has just given it, and nobody else knows it.
        self.add(name, unsafe { OwnedFd::from_raw_fd(fd as i32) });
    }
}

/// Runs the call on each, and gives the records in order.
fn told(reads: Reads, opened: &Opened) -> Option<Vec<Record>> {
    let mut kernel = kernel(reads)?;
    kernel.capturing.descriptors = true;
    let records = run_on(&kernel, &[(Hook::SysExit, "LSEEK_X")], || {
        for (_, fd) in &opened.all {
            // No such whence: nothing moves.
            call(libc::SYS_lseek, &[fd.as_raw_fd() as u64, 0, 99]);
        }
    });
    assert_eq!(records.lost, []);
    let own: Vec<Record> = records.own("LSEEK_X").into_iter().cloned().collect();
    assert_eq!(own.len(), opened.all.len());
    Some(own)
}

fn descriptor(record: &Record) -> Descriptor<'_> {
    let read = record.ring().resolved().unwrap_or_else(|| panic!("no descriptor: {record:?}"));
    assert_eq!(read.number, record.signed("fd"));
    read
}

/// A device number as user space has it in 32 bits.
fn device(dev: u64) -> u32 {
    let (major, minor) = (libc::major(dev), libc::minor(dev));
    minor & 0xff | major << 8 | (minor & !0xff) << 12
}

#[test]
fn files() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("x".repeat(200)).join("y".repeat(200)).join("a b");
    fs::create_dir_all(&deep).expect("folders");
    let path = |name: &str| folder.path().join(name);
    let mut opened = Opened::default();
    for name in ["kept", "gone"] {
        opened.add(if name == "kept" { "file" } else { "deleted file" }, File::create(path(name)).expect("a file"));
    }
    fs::remove_file(path("gone")).expect("deleted");
    opened.add("directory", File::open(&deep).expect("a folder"));
    opened.add("root", File::open("/").expect("the root"));
    opened.add("device", File::open("/dev/null").expect("a device"));
    opened.add("other mount", File::open("/proc/self/status").expect("a file"));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    opened.add("pipe", reader);
    opened.add("pipe", writer);
    opened.call("[eventfd]", libc::SYS_eventfd2, &[0, 0]);
    opened.call("[eventpoll]", libc::SYS_epoll_create1, &[0]);
    opened.call("pidfd", libc::SYS_pidfd_open, &[u64::from(std::process::id()), 0]);
    opened.call("memfd:hidden", libc::SYS_memfd_create, &[c"hidden".as_ptr().addr() as u64, 0]);
    for reads in Reads::ALL {
        let Some(records) = told(reads, &opened) else { return };
        for ((name, fd), record) in opened.all.iter().zip(&records) {
            let read = descriptor(record);
            let What::File { device: dev, inode, path } = read.what else { panic!("{reads:?} {name}: {read:?}") };
            let link = fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).expect("a link");
            let link = link.to_str().expect("text");
            let known = File::from(fd.try_clone().expect("a copy")).metadata().expect("facts");
            assert_eq!((dev, inode), (device(known.dev()), known.ino()), "{reads:?} {name}");
            let (kind, expected) = match *name {
                "directory" | "root" => (DescriptorKind::Directory, link),
                "device" => (DescriptorKind::Character, link),
                "pipe" => (DescriptorKind::Fifo, ""),
                "pidfd" => (DescriptorKind::Anonymous, std::str::from_utf8(path).expect("text")),
                name if name.starts_with('[') => (DescriptorKind::Anonymous, name),
                "memfd:hidden" => (DescriptorKind::Regular, "memfd:hidden"),
                _ => (DescriptorKind::Regular, link.trim_end_matches(" (deleted)")),
            };
            let path = String::from_utf8_lossy(path);
            assert_eq!((read.kind, &*path), (kind, expected), "{reads:?} {name}");
        }
    }
}

/// Both ends as a capture has them.
fn ends(local: SocketAddr, remote: Option<SocketAddr>) -> Vec<u8> {
    let family = if local.is_ipv4() { 2 } else { 10 };
    let end = |of: Option<SocketAddr>| {
        let (address, port) = match of {
            Some(SocketAddr::V4(v4)) => (v4.ip().octets().to_vec(), v4.port()),
            Some(SocketAddr::V6(v6)) => (v6.ip().octets().to_vec(), v6.port()),
            None => (vec![0; if local.is_ipv4() { 4 } else { 16 }], 0),
        };
        [address, port.to_le_bytes().to_vec()].concat()
    };
    [vec![family], end(Some(local)), end(remote)].concat()
}

#[test]
fn sockets_with_ports() {
    let mut opened = Opened::default();
    let mut expected = Vec::new();
    for (host, kind) in [("127.0.0.1:0", DescriptorKind::Inet), ("[::1]:0", DescriptorKind::Inet6)] {
        let Ok(listener) = TcpListener::bind(host) else { continue };
        let address = listener.local_addr().expect("an address");
        let client = TcpStream::connect(address).expect("a connection");
        let (server, peer) = listener.accept().expect("a client");
        let (bound, connected) = (UdpSocket::bind(host).expect("bound"), UdpSocket::bind(host).expect("bound"));
        let (at, to) = (connected.local_addr().expect("an address"), bound.local_addr().expect("an address"));
        connected.connect(to).expect("connected");
        let tcp = libc::IPPROTO_TCP as u8;
        let udp = libc::IPPROTO_UDP as u8;
        expected.extend([
            (kind, tcp, true, ends(address, None)),
            (kind, tcp, false, ends(peer, Some(address))),
            (kind, tcp, false, ends(address, Some(peer))),
            (kind, udp, false, ends(to, None)),
            (kind, udp, false, ends(at, Some(to))),
        ]);
        opened.add("listener", listener);
        opened.add("client", client);
        opened.add("server", server);
        opened.add("bound", bound);
        opened.add("connected", connected);
    }
    for reads in Reads::ALL {
        let Some(records) = told(reads, &opened) else { return };
        for (((name, _), record), (kind, protocol, listens, ends)) in opened.all.iter().zip(&records).zip(&expected) {
            let read = descriptor(record);
            let What::Socket { protocol: found, ends: both, .. } = read.what else { panic!("{name}: {read:?}") };
            let all = (read.kind, found, read.listens(), both);
            assert_eq!(all, (*kind, *protocol, *listens, &ends[..]), "{reads:?} {name}");
        }
    }
}

#[test]
fn other_sockets() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let text = path.to_str().expect("text").to_owned();
    let mut opened = Opened::default();
    let listener = UnixListener::bind(&path).expect("bound");
    let client = UnixStream::connect(&path).expect("a connection");
    let server = listener.accept().expect("a client").0;
    let (one, other) = UnixDatagram::pair().expect("a pair");
    let name = format!("peregrine-{}", std::process::id());
    let hidden = UnixListener::bind_addr(&UnixAddr::from_abstract_name(&name).expect("a name")).expect("bound");
    opened.add("listener", listener);
    opened.add("client", client);
    opened.add("server", server);
    opened.add("one", one);
    opened.add("other", other);
    opened.add("abstract", hidden);
    opened.call("netlink", libc::SYS_socket, &[libc::AF_NETLINK as u64, libc::SOCK_RAW as u64, 0]);
    opened.call("node", libc::SYS_openat, &[u64::MAX, c_path(&text).as_ptr().addr() as u64, libc::O_PATH as u64]);
    for reads in Reads::ALL {
        let Some(records) = told(reads, &opened) else { return };
        let mut pointers = std::collections::BTreeMap::new();
        for ((name, _), record) in opened.all.iter().zip(&records) {
            let read = descriptor(record);
            let ends = match read.what {
                What::Socket { ends, .. } => ends,
                What::File { path, .. } => {
                    assert_eq!((*name, read.kind, path), ("node", DescriptorKind::SocketNode, text.as_bytes()));
                    continue;
                }
                What::Nothing => panic!("{name}"),
            };
            if *name == "netlink" {
                assert_eq!((read.kind, ends), (DescriptorKind::OtherSocket, &[][..]), "{reads:?}");
                continue;
            }
            assert_eq!((read.kind, ends[0]), (DescriptorKind::Unix, 1), "{reads:?} {name}");
            assert_eq!(read.listens(), ["listener", "abstract"].contains(name), "{reads:?} {name}");
            let expected = match *name {
                "one" | "other" => String::new(),
                "abstract" => format!("peregrine-{}", std::process::id()),
                _ => text.clone(),
            };
            assert_eq!(ends[17..], [expected.as_bytes(), &[0]].concat(), "{reads:?} {name}");
            let pointer = |at: usize| u64::from_le_bytes(ends[at..at + 8].try_into().expect("8 bytes"));
            pointers.insert(*name, (pointer(1), pointer(9)));
        }
        for (a, b) in [("client", "server"), ("one", "other")] {
            let ((to_a, at_a), (to_b, at_b)) = (pointers[a], pointers[b]);
            assert_eq!((to_a, at_a), (at_b, to_b), "{reads:?} {a} {b}");
        }
        assert_eq!(pointers["listener"].0, 0);
    }
}

fn c_path(text: &str) -> std::ffi::CString {
    std::ffi::CString::new(text).expect("no NUL")
}

#[test]
fn no_descriptor() {
    for reads in Reads::ALL {
        let Some(mut kernel) = kernel(reads) else { return };
        kernel.capturing.descriptors = true;
        let wanted = ["LSEEK_X", "CLOSE_X", "OPENAT_2_X", "READ_X"].map(|id| (Hook::SysExit, id));
        let mut data = [0; 100];
        let records = run_on(&kernel, &wanted, || {
            call(libc::SYS_lseek, &[u64::MAX, 0, 0]);
            call(libc::SYS_lseek, &[1 << 20, 0, 0]);
            let mut file = File::open("/proc/self/comm").expect("a file");
            file.read_exact(&mut data[..3]).expect("data");
        });
        for record in records.own("LSEEK_X") {
            let read = descriptor(record);
            assert_eq!((read.kind, read.what), (DescriptorKind::None, What::Nothing), "{reads:?}");
        }
        assert_eq!(descriptor(records.own("LSEEK_X")[0]).number, -1);
        // What opens has none; what has closed finds nothing.
        assert!(records.own("OPENAT_2_X").iter().all(|r| r.ring().descriptor.is_none()));
        let kinds: Vec<_> = records.own("CLOSE_X").iter().map(|r| descriptor(r).kind).collect();
        assert!(kinds.contains(&DescriptorKind::None), "{kinds:?}");
        // Behind data too.
        let path = |r: &&Record| matches!(descriptor(r).what, What::File { path, .. } if path.ends_with(b"/comm"));
        assert_eq!(records.own("READ_X").iter().filter(|r| path(r)).count(), 1, "{reads:?}");
        kernel.capturing.descriptors = false;
        let records = run_on(&kernel, &wanted, || {
            call(libc::SYS_lseek, &[0, 0, 99]);
        });
        assert_eq!(records.one("LSEEK_X").ring().descriptor, None);
    }
}
