//! The descriptors that events name, compared with what is known of them here.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why.

mod common;

use common::{Reads, Record, call, kernel, run_on};
use peregrine_probe::descriptor::{Descriptor, DescriptorKind, Side, What};
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
    fn call(&mut self, name: &'static str, number: libc::c_long, arguments: &[u64]) {
        self.add(name, Opened::of_call(name, number, arguments));
    }

    #[expect(unsafe_code, reason = "a descriptor from a number")]
    fn of_call(name: &str, number: libc::c_long, arguments: &[u64]) -> OwnedFd {
        let fd = call(number, arguments);
        assert!(fd >= 0, "{name}: {fd}");
        // SAFETY: the kernel has just given it, and nobody else knows it.
        unsafe { OwnedFd::from_raw_fd(fd as i32) }
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
    let [read] = descriptors(record)[..] else { panic!("not one: {record:?}") };
    assert_eq!(read.number, record.signed("fd"));
    read
}

/// All of them; nothing may lie behind.
fn descriptors(record: &Record) -> Vec<Descriptor<'_>> {
    let mut rest = record.ring().resolved;
    let all: Vec<_> = record.ring().descriptors().collect();
    all.iter().for_each(|known| assert_eq!(Descriptor::take(&mut rest).as_ref(), Some(known)));
    assert!(rest.is_empty(), "{rest:?}");
    all
}

/// Number and path of each that leads to a file.
fn numbers_and_paths(record: &Record) -> Vec<(i64, String)> {
    let path = |what: &What<'_>| match what {
        What::File { path, .. } => String::from_utf8_lossy(path).into_owned(),
        other => format!("{other:?}"),
    };
    descriptors(record).iter().map(|read| (read.number, path(&read.what))).collect()
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
        let Some(records) = told(reads, &opened) else { continue };
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
        let (own, own_at) = connected_from_own_port(address);
        let tcp = libc::IPPROTO_TCP as u8;
        let udp = libc::IPPROTO_UDP as u8;
        expected.extend([
            (kind, tcp, true, Side::Server, ends(address, None)),
            (kind, tcp, false, Side::Client, ends(peer, Some(address))),
            (kind, tcp, false, Side::Server, ends(address, Some(peer))),
            (kind, udp, false, Side::Unknown, ends(to, None)),
            (kind, udp, false, Side::Client, ends(at, Some(to))),
            (kind, tcp, false, Side::Bound, ends(own_at, Some(address))),
        ]);
        opened.add("listener", listener);
        opened.add("client", client);
        opened.add("server", server);
        opened.add("bound", bound);
        opened.add("connected", connected);
        opened.add("from a port of its own", own);
    }
    if let Ok(listener) = TcpListener::bind("[::]:0") {
        let port = listener.local_addr().expect("an address").port();
        let _client = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let (server, peer) = listener.accept().expect("a client");
        let at = server.local_addr().expect("an address");
        let tcp = libc::IPPROTO_TCP as u8;
        expected.push((DescriptorKind::Inet6, tcp, false, Side::Server, ends(at, Some(peer))));
        opened.add("server of IPv4 by IPv6", server);
    }
    for reads in Reads::ALL {
        let Some(records) = told(reads, &opened) else { continue };
        for (((name, _), record), (kind, protocol, listens, side, ends)) in
            opened.all.iter().zip(&records).zip(&expected)
        {
            let read = descriptor(record);
            let What::Socket { protocol: found, side: known, ends: both, .. } = read.what else {
                panic!("{name}: {read:?}")
            };
            let all = (read.kind, found, read.listens(), known, both);
            assert_eq!(all, (*kind, *protocol, *listens, *side, &ends[..]), "{reads:?} {name}");
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
        let Some(records) = told(reads, &opened) else { continue };
        let mut pointers = std::collections::BTreeMap::new();
        for ((name, _), record) in opened.all.iter().zip(&records) {
            let read = descriptor(record);
            let (side, ends) = match read.what {
                What::Socket { side, ends, .. } => (side, ends),
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
                "client" => Side::Client,
                "listener" | "server" | "abstract" => Side::Server,
                _ => Side::Unknown,
            };
            assert_eq!(side, expected, "{reads:?} {name}");
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

/// A connection from a port that was chosen before; the port.
#[expect(unsafe_code, reason = "makes a socket as the standard library does not")]
fn connected_from_own_port(to: SocketAddr) -> (OwnedFd, SocketAddr) {
    let family = if to.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let address = |of: SocketAddr| {
        let mut bytes = vec![0_u8; if of.is_ipv4() { 16 } else { 28 }];
        bytes[..2].copy_from_slice(&(family as u16).to_ne_bytes());
        bytes[2..4].copy_from_slice(&of.port().to_be_bytes());
        match of.ip() {
            std::net::IpAddr::V4(ip) => bytes[4..8].copy_from_slice(&ip.octets()),
            std::net::IpAddr::V6(ip) => bytes[8..24].copy_from_slice(&ip.octets()),
        }
        bytes
    };
    let fd = call(libc::SYS_socket, &[family as u64, libc::SOCK_STREAM as u64, 0]);
    assert!(fd >= 0);
    let free = TcpListener::bind((to.ip(), 0)).and_then(|taken| taken.local_addr()).expect("a free port");
    for (number, with) in [(libc::SYS_bind, free), (libc::SYS_connect, to)] {
        let with = address(with);
        assert_eq!(call(number, &[fd as u64, with.as_ptr().addr() as u64, with.len() as u64]), 0);
    }
    // SAFETY: the kernel has just given it, and nobody else knows it.
    (unsafe { OwnedFd::from_raw_fd(fd as i32) }, free)
}

#[test]
fn all_that_a_call_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    for name in ["one", "other"] {
        fs::create_dir(place(name)).expect("a folder");
    }
    let (one, other) = (File::open(place("one")).expect("open"), File::open(place("other")).expect("open"));
    let file = File::create(place("one/file")).expect("a file");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let fd = |of: &dyn AsRawFd| of.as_raw_fd() as u64;
    let (a, b, f) = (fd(&one), fd(&other), fd(&file));
    let here = libc::AT_FDCWD as u64;
    let text = |of: &std::ffi::CStr| of.as_ptr().addr() as u64;
    let of = |name: &str| place(name).to_str().expect("text").to_owned();
    let (at_one, at_other, at_file) = (of("one"), of("other"), of("one/file"));
    let ids = ["OPENAT_2_X", "OPENAT2_X", "UNLINKAT_2_X", "RENAMEAT2_X", "LINKAT_2_X", "DUP_1_X", "DUP3_X"];
    let more = ["FCNTL_X", "SENDFILE_X", "SPLICE_X", "COPY_FILE_RANGE_X", "PIDFD_GETFD_X", "MMAP_X"];
    let wanted: Vec<_> = ids.into_iter().chain(more).map(|id| (Hook::SysExit, id)).collect();
    for reads in Reads::ALL {
        let Some(mut kernel) = kernel(reads) else { continue };
        kernel.capturing.descriptors = true;
        let own = Opened::of_call("pidfd", libc::SYS_pidfd_open, &[u64::from(std::process::id()), 0]);
        let mut made = Opened::default();
        let how = [0_u64; 3];
        let records = run_on(&kernel, &wanted, || {
            made.call("relative", libc::SYS_openat, &[a, text(c"file"), 0]);
            call(libc::SYS_openat, &[here, text(c"nothing"), 0]);
            made.call("relative", libc::SYS_openat2, &[a, text(c"file"), how.as_ptr().addr() as u64, 24]);
            call(libc::SYS_unlinkat, &[b, text(c"nothing"), 0]);
            call(libc::SYS_renameat2, &[a, text(c"nothing"), b, text(c"x"), 0]);
            call(libc::SYS_renameat2, &[here, text(c"nothing"), b, text(c"x"), 0]);
            call(libc::SYS_linkat, &[b, text(c"nothing"), a, text(c"x"), 0]);
            made.call("copy", libc::SYS_dup, &[f]);
            made.call("copy", libc::SYS_dup3, &[f, 900, 0]);
            made.call("copy", libc::SYS_fcntl, &[f, libc::F_DUPFD as u64, 0]);
            call(libc::SYS_sendfile, &[fd(&writer), f, 0, 1]);
            call(libc::SYS_splice, &[fd(&reader), 0, f, 0, 1, libc::SPLICE_F_NONBLOCK as u64]);
            call(libc::SYS_copy_file_range, &[a, 0, f, 0, 1, 0]);
            made.call("copy", libc::SYS_pidfd_getfd, &[own.as_raw_fd() as u64, f, 0]);
            call(libc::SYS_mmap, &[0, 0, 0, 0, u64::MAX, 0]);
        });
        assert_eq!(records.lost, []);
        let told = |id: &str| -> Vec<_> { records.own(id).into_iter().map(numbers_and_paths).collect() };
        let is = |number: u64, path: &str| (number.cast_signed(), path.to_owned());
        assert_eq!(told("OPENAT_2_X"), [vec![is(a, &at_one)], vec![]], "{reads:?}");
        assert_eq!(told("OPENAT2_X"), [[is(a, &at_one)]]);
        assert_eq!(told("UNLINKAT_2_X"), [[is(b, &at_other)]]);
        assert_eq!(told("RENAMEAT2_X"), [vec![is(a, &at_one), is(b, &at_other)], vec![is(b, &at_other)]]);
        assert_eq!(told("LINKAT_2_X"), [[is(b, &at_other), is(a, &at_one)]]);
        for copies in ["DUP_1_X", "DUP3_X", "FCNTL_X"] {
            assert_eq!(told(copies), [[is(f, &at_file)]], "{reads:?} {copies}");
        }
        // The one that the event works on comes first.
        assert_eq!(told("SENDFILE_X"), [[is(fd(&writer), ""), is(f, &at_file)]]);
        assert_eq!(told("SPLICE_X"), [[is(f, &at_file), is(fd(&reader), "")]]);
        assert_eq!(told("COPY_FILE_RANGE_X"), [[is(f, &at_file), is(a, &at_one)]]);
        let copy = made.all.last().expect("a copy").1.as_raw_fd() as u64;
        let [of_process, got] = &told("PIDFD_GETFD_X")[0][..] else { panic!("{:?}", told("PIDFD_GETFD_X")) };
        assert_eq!((of_process.0, got), (i64::from(own.as_raw_fd()), &is(copy, &at_file)));
        assert_eq!(told("MMAP_X"), [[]]);
    }
}

/// An event for each message has them behind each.
#[test]
fn each_message_has_its_own() {
    let (one, _other) = UnixDatagram::pair().expect("a pair");
    let data = [1_u8; 8];
    let vector = [data.as_ptr().addr() as u64, 8];
    let header = [0, 0, vector.as_ptr().addr() as u64, 1, 0, 0, 0, 0];
    let messages = [header; 3].concat();
    for reads in Reads::ALL {
        let Some(mut kernel) = kernel(reads) else { continue };
        kernel.capturing.descriptors = true;
        let records = run_on(&kernel, &[(Hook::SysExit, "SENDMMSG_X")], || {
            let sent = call(libc::SYS_sendmmsg, &[one.as_raw_fd() as u64, messages.as_ptr().addr() as u64, 3, 0]);
            assert_eq!(sent, 3);
        });
        let own = records.own("SENDMMSG_X");
        assert_eq!(own.len(), 3);
        assert!(own.iter().all(|record| descriptor(record).kind == DescriptorKind::Unix), "{reads:?}");
    }
}

#[test]
fn no_descriptor() {
    for reads in Reads::ALL {
        let Some(mut kernel) = kernel(reads) else { continue };
        kernel.capturing.descriptors = true;
        let wanted = ["LSEEK_X", "CLOSE_X", "OPENAT_2_X", "READ_X"].map(|id| (Hook::SysExit, id));
        let mut data = [0; 100];
        let records = run_on(&kernel, &wanted, || {
            call(libc::SYS_lseek, &[u64::MAX, 0, 0]);
            call(libc::SYS_lseek, &[1 << 20, 0, 0]);
            let mut file = File::open("/proc/self/comm").expect("a file");
            file.read_exact(&mut data[..3]).expect("data");
        });
        let [negative, beyond] = records.own("LSEEK_X")[..] else { panic!("not two") };
        assert_eq!(descriptors(negative), []);
        let read = descriptor(beyond);
        assert_eq!((read.kind, read.what), (DescriptorKind::None, What::Nothing), "{reads:?}");
        // What opens by an absolute path names none; what has closed finds nothing.
        assert!(records.own("OPENAT_2_X").iter().all(|r| r.ring().resolved.is_empty()));
        let kinds: Vec<_> = records.own("CLOSE_X").iter().map(|r| descriptor(r).kind).collect();
        assert!(kinds.contains(&DescriptorKind::None), "{kinds:?}");
        // Behind data too.
        let path = |r: &&Record| matches!(descriptor(r).what, What::File { path, .. } if path.ends_with(b"/comm"));
        assert_eq!(records.own("READ_X").iter().filter(|r| path(r)).count(), 1, "{reads:?}");
        kernel.capturing.descriptors = false;
        let records = run_on(&kernel, &wanted, || {
            call(libc::SYS_lseek, &[0, 0, 99]);
        });
        assert!(records.one("LSEEK_X").ring().resolved.is_empty());
    }
}
