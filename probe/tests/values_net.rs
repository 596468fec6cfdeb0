//! What generated programs record of data, sockets and what an argument decides, compared byte for byte.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod common;

use common::{Reads, Records, call, run, run_on};
use peregrine_probe::program::Capturing;
use peregrine_schema::capture::Hook;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

// ---- arguments of calls, bytes of records ----

/// A descriptor as an argument.
fn fd(of: &impl AsRawFd) -> u64 {
    of.as_raw_fd() as u64
}

fn at<T>(of: &[T]) -> u64 {
    of.as_ptr() as u64
}

fn at_mut<T>(of: &mut [T]) -> u64 {
    of.as_mut_ptr() as u64
}

/// An I/O vector: address and length of each part.
fn vector(parts: &[&[u8]]) -> Vec<u64> {
    parts.iter().flat_map(|p| [at(p), p.len() as u64]).collect()
}

/// A message header.
fn header(name: &[u8], parts: &[u64], control: &[u8]) -> [u64; 7] {
    let name_at = if name.is_empty() { 0 } else { at(name) };
    [name_at, name.len() as u64, at(parts), parts.len() as u64 / 2, at(control), control.len() as u64, 0]
}

/// Bytes that tell where they are.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7 + i / 256) as u8).collect()
}

/// A socket address as calls take it.
fn given(address: SocketAddr) -> Vec<u8> {
    match address {
        SocketAddr::V4(v4) => [&2_u16.to_le_bytes()[..], &v4.port().to_be_bytes(), &v4.ip().octets(), &[0; 8]].concat(),
        SocketAddr::V6(v6) => {
            [&10_u16.to_le_bytes()[..], &v6.port().to_be_bytes(), &[0; 4], &v6.ip().octets(), &[0; 4]].concat()
        }
    }
}

fn given_path(path: &[u8]) -> Vec<u8> {
    [&1_u16.to_le_bytes()[..], path].concat()
}

/// One end in a record.
fn end(address: SocketAddr) -> Vec<u8> {
    let port = address.port().to_le_bytes();
    match address {
        SocketAddr::V4(v4) => [&v4.ip().octets()[..], &port].concat(),
        SocketAddr::V6(v6) => [&v6.ip().octets()[..], &port].concat(),
    }
}

/// A tuple in a record.
fn tuple(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    let family = if from.is_ipv4() { 2 } else { 10 };
    [vec![family], end(from), end(to)].concat()
}

fn hooks<const N: usize>(events: [&str; N]) -> [(Hook, &str); N] {
    events.map(|event| (Hook::SysExit, event))
}

/// Nothing of these events was lost.
fn none_lost(records: &Records) {
    assert!(records.lost.is_empty(), "{:?}", records.lost);
}

/// A path for a socket.
fn socket_path(name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

fn bytes_of(path: &std::path::Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

// ---- data ----

#[test]
fn buffers() {
    let data = pattern(200);
    let wanted = hooks(["READ_X", "WRITE_X", "PREAD_X", "PWRITE_X"]);
    for reads in Reads::ALL {
        let file = tempfile::tempfile().unwrap();
        let mut buffer = vec![0; 300];
        let act = || {
            assert_eq!(call(libc::SYS_write, &[fd(&file), at(&data), 200]), 200);
            assert_eq!(call(libc::SYS_write, &[u64::MAX, at(&data), 50]), -9);
            assert_eq!(call(libc::SYS_write, &[fd(&file), 8, 50]), -14);
            assert_eq!(call(libc::SYS_pwrite64, &[fd(&file), at(&data), 30, 200]), 30);
            assert_eq!(call(libc::SYS_pread64, &[fd(&file), at_mut(&mut buffer), 300, 20]), 210);
            assert_eq!(call(libc::SYS_read, &[fd(&file), at_mut(&mut buffer), 300]), 30);
            assert_eq!(call(libc::SYS_read, &[fd(&file), at_mut(&mut buffer), 300]), 0);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        none_lost(&records);
        let writes = records.own("WRITE_X");
        assert_eq!(writes.iter().map(|r| r.signed("res")).collect::<Vec<_>>(), [200, -9, -14]);
        assert_eq!(writes.iter().map(|r| r.bytes("data")).collect::<Vec<_>>(), [&data[..80], &data[..50], &[]]);
        assert_eq!((writes[0].number("size"), writes[0].number("fd")), (200, fd(&file)));
        let pwrite = records.one("PWRITE_X");
        assert_eq!((pwrite.bytes("data"), pwrite.number("pos")), (&data[..30], 200));
        let pread = records.one("PREAD_X");
        assert_eq!((pread.signed("res"), pread.bytes("data")), (210, &data[20..100]));
        let reads = records.own("READ_X");
        assert_eq!(reads.iter().map(|r| r.bytes("data")).collect::<Vec<_>>(), [&data[..30], &[]]);
    }
}

#[test]
fn vectors() {
    let data = pattern(200);
    let (first, second, third) = (&data[..30], &data[30..130], &data[130..]);
    let parts = vector(&[first, second, third]);
    let with_gap = vector(&[first, &[], third]);
    let ones: Vec<&[u8]> = (0..40).map(|i| &data[i..=i]).collect();
    let many = vector(&ones);
    let bad = [at(&data), 20, 8, 20, at(&data), 20];
    let wanted = hooks(["READV_X", "WRITEV_X", "PREADV_X", "PWRITEV_X"]);
    for reads in Reads::ALL {
        let file = tempfile::tempfile().unwrap();
        let (mut a, mut b) = (vec![0; 30], vec![0; 300]);
        let into = [at_mut(&mut a), 30, at_mut(&mut b), 300];
        let act = || {
            assert_eq!(call(libc::SYS_writev, &[fd(&file), at(&parts), 3]), 200);
            assert_eq!(call(libc::SYS_writev, &[fd(&file), at(&with_gap), 3]), 100);
            assert_eq!(call(libc::SYS_writev, &[fd(&file), at(&many), 40]), 40);
            assert_eq!(call(libc::SYS_writev, &[u64::MAX, at(&bad), 3]), -9);
            assert_eq!(call(libc::SYS_writev, &[fd(&file), 8, 3]), -14);
            assert_eq!(call(libc::SYS_writev, &[fd(&file), at(&parts), 0]), 0);
            assert_eq!(call(libc::SYS_pwritev, &[fd(&file), at(&parts), 3, 0, 0]), 200);
            assert_eq!(call(libc::SYS_preadv, &[fd(&file), at(&into), 2, 10, 0]), 330);
            assert_eq!(call(libc::SYS_readv, &[fd(&file), at(&into), 2]), 0);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        none_lost(&records);
        let writes = records.own("WRITEV_X");
        let found: Vec<_> = writes.iter().map(|r| (r.signed("res"), r.bytes("data"), r.number("size"))).collect();
        let expected = [
            (200, &data[..80], 200),
            (100, &data[..30], 100),
            (40, &data[..32], 32),
            (-9, &data[..20], 60),
            (-14, &[][..], 0),
            (0, &[][..], 0),
        ];
        assert_eq!(found, expected);
        let pwritev = records.one("PWRITEV_X");
        assert_eq!((pwritev.bytes("data"), pwritev.number("size"), pwritev.number("pos")), (&data[..80], 200, 0));
        let preadv = records.one("PREADV_X");
        assert_eq!((preadv.bytes("data"), preadv.number("size"), preadv.number("pos")), (&data[10..90], 330, 10));
        assert!(records.one("READV_X").bytes("data").is_empty());
    }
}

#[test]
fn as_much_data_as_configured() {
    let data = pattern(70_000);
    let parts = vector(&[&data[..40_000], &data[40_000..]]);
    for snaplen in [0, 1, 16, 65_000, u16::MAX] {
        let Some(mut kernel) = common::kernel(Reads::Typed) else { return };
        kernel.capturing = Capturing { snaplen, ..Capturing::default() };
        let file = tempfile::tempfile().unwrap();
        let records = run_on(&kernel, &hooks(["WRITE_X", "WRITEV_X"]), || {
            assert_eq!(call(libc::SYS_write, &[fd(&file), at(&data), 70_000]), 70_000);
            assert_eq!(call(libc::SYS_writev, &[fd(&file), at(&parts), 2]), 70_000);
        });
        none_lost(&records);
        let expected = &data[..usize::from(snaplen).min(65_000)];
        assert!(records.one("WRITE_X").bytes("data") == expected, "snaplen {snaplen}");
        assert!(records.one("WRITEV_X").bytes("data") == expected, "snaplen {snaplen}, vector");
    }
}

/// Bytes of data in the event of a call that sends `data` to `to`.
fn sent(capturing: Capturing, from: &UdpSocket, to: SocketAddr, data: &[u8]) -> Option<usize> {
    let mut kernel = common::kernel(Reads::Cast).or_else(|| common::kernel(Reads::Typed))?;
    kernel.capturing = capturing;
    let address = given(to);
    let records = run_on(&kernel, &hooks(["SENDTO_X"]), || {
        let arguments = [fd(from), at(data), data.len() as u64, 0, at(&address), address.len() as u64];
        assert_eq!(call(libc::SYS_sendto, &arguments), data.len() as i64);
    });
    let recorded = records.one("SENDTO_X").bytes("data").to_vec();
    assert_eq!(recorded, data[..recorded.len()]);
    Some(recorded.len())
}

#[test]
fn more_data_by_port_and_content() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let own = socket.local_addr().unwrap().port();
    let to = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let on = Capturing { dynamic: true, ..Capturing::default() };
    let plain = vec![b'x'; 20_000];
    let begins = |first: &[u8]| [first, &plain[first.len()..]].concat();
    let mongo = begins(&[&[0xff; 12][..], &2004_u32.to_le_bytes()].concat());
    let cases = [
        (Capturing::default(), to(53), plain.clone(), 80),
        (on, to(9), plain.clone(), 80),
        (on, to(53), plain.clone(), 512),
        (on, to(8125), plain.clone(), 2000),
        (Capturing { statsd_port: 9125, ..on }, to(8125), plain.clone(), 80),
        (Capturing { port_range: (own, own), ..on }, to(9), plain.clone(), 16_000),
        (Capturing { port_range: (50, 60), ..on }, to(53), plain.clone(), 16_000),
        (Capturing { port_range: (54, 60), snaplen: 700, ..on }, to(53), plain.clone(), 700),
        (on, to(9), begins(b"GET /"), 2000),
        (on, to(9), begins(b"HTTP/1.1"), 2000),
        (on, to(9), begins(b"HTTPS"), 80),
        (on, to(9), b"OPTI".to_vec(), 4),
        (on, to(3306), begins(&[1, 2, 9, 9, 3]), 2000),
        (on, to(3306), begins(&[9, 9, 0, 0, 9]), 2000),
        (on, to(3306), begins(b"GET /"), 80),
        (on, to(5432), begins(b"P\0"), 2000),
        (on, to(5432), begins(&[9, 9, 9, 9, 0, 3, 0]), 2000),
        (on, to(5432), begins(b"GET /"), 80),
        (on, to(27017), plain.clone(), 2000),
        (on, to(9), mongo, 2000),
    ];
    for (number, (capturing, to, data, expected)) in cases.into_iter().enumerate() {
        let Some(length) = sent(capturing, &socket, to, &data) else { return };
        assert_eq!(length, expected, "case {number}: {capturing:?} {to}");
    }
}

#[test]
fn more_data_only_of_sockets() {
    let (left, _right) = UnixStream::pair().unwrap();
    let file = tempfile::tempfile().unwrap();
    let data = [b"POST", &[b'x'; 3000][..]].concat();
    for reads in Reads::ALL {
        let Some(mut kernel) = common::kernel(reads) else { continue };
        kernel.capturing.dynamic = true;
        let records = run_on(&kernel, &hooks(["WRITE_X"]), || {
            for fd in [fd(&left), fd(&file)] {
                assert_eq!(call(libc::SYS_write, &[fd, at(&data), 3004]), 3004);
            }
            assert_eq!(call(libc::SYS_write, &[u64::MAX, at(&data), 3004]), -9);
        });
        let lengths: Vec<_> = records.own("WRITE_X").iter().map(|r| r.bytes("data").len()).collect();
        assert_eq!(lengths, [2000, 80, 80]);
    }
}

#[test]
fn memory_of_processes_and_modules() {
    let data = pattern(100);
    let wanted = hooks(["PROCESS_VM_READV_X", "INIT_MODULE_X"]);
    for reads in Reads::ALL {
        let mut copy = vec![0; 100];
        let (local, remote) = ([at_mut(&mut copy), 100], vector(&[&data]));
        let pid = u64::from(std::process::id());
        let module = b"no module";
        let act = || {
            let arguments = [pid, at(&local), 1, at(&remote), 1, 0];
            assert_eq!(call(libc::SYS_process_vm_readv, &arguments), 100);
            assert!(call(libc::SYS_init_module, &[at(module), 9, at(b"x=1\0")]) < 0);
            assert!(call(libc::SYS_init_module, &[8, 9, 0]) < 0);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        let read = records.one("PROCESS_VM_READV_X");
        assert_eq!((read.signed("res"), read.number("pid"), read.bytes("data")), (100, pid, &data[..80]));
        let modules = records.own("INIT_MODULE_X");
        assert_eq!((modules[0].bytes("img"), modules[0].number("length")), (&module[..], 9));
        assert_eq!(modules[0].text("uargs"), "x=1");
        assert_eq!((modules[1].bytes("img"), modules[1].bytes("uargs")), (&[][..], &[][..]));
    }
}

// ---- sockets ----

/// TCP over an address family: connect, accept and accept4, with the queue of the listening socket.
fn tcp(local: SocketAddr) {
    let wanted = hooks(["CONNECT_X", "ACCEPT_5_X", "ACCEPT4_6_X", "LISTEN_X"]);
    for reads in Reads::ALL {
        let listener = TcpListener::bind(local).unwrap();
        let server = listener.local_addr().unwrap();
        let (mut clients, mut accepted) = (Vec::new(), Vec::new());
        let act = || {
            assert_eq!(call(libc::SYS_listen, &[fd(&listener), 4]), 0);
            clients.extend((0..3).map(|_| TcpStream::connect(server).unwrap()));
            accepted.push(call(libc::SYS_accept, &[fd(&listener), 0, 0]));
            accepted.push(call(libc::SYS_accept4, &[fd(&listener), 0, 0, libc::SOCK_CLOEXEC as u64]));
            assert_eq!(call(libc::SYS_accept4, &[u64::MAX, 0, 0, 0]), -9);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        none_lost(&records);
        close(&accepted);
        let listen = records.one("LISTEN_X");
        assert_eq!((listen.signed("res"), listen.number("fd"), listen.signed("backlog")), (0, fd(&listener), 4));
        let ends: Vec<_> = clients.iter().map(|c| c.local_addr().unwrap()).collect();
        for (record, end_of_client) in records.own("CONNECT_X").iter().zip(&ends) {
            assert_eq!(record.bytes("tuple"), tuple(*end_of_client, server), "{record:?}");
            assert_eq!(record.bytes("addr"), [vec![if server.is_ipv4() { 2 } else { 10 }], end(server)].concat());
        }
        assert_eq!(records.own("CONNECT_X").len(), 3);
        let accept = records.one("ACCEPT_5_X");
        assert_eq!((accept.signed("fd"), accept.bytes("tuple")), (accepted[0], &tuple(ends[0], server)[..]));
        let queue = |r: &common::Record| ["queuepct", "queuelen", "queuemax"].map(|n| r.number(n));
        assert_eq!(queue(accept), [50, 2, 4]);
        let accept4 = records.own("ACCEPT4_6_X");
        assert_eq!((accept4[0].signed("fd"), accept4[0].bytes("tuple")), (accepted[1], &tuple(ends[1], server)[..]));
        assert_eq!(queue(accept4[0]), [25, 1, 4]);
        assert_eq!((accept4[1].signed("fd"), accept4[1].bytes("tuple"), queue(accept4[1])), (-9, &[][..], [0, 0, 0]));
    }
}

#[expect(unsafe_code, reason = "the descriptors are the test's own")]
fn close(descriptors: &[i64]) {
    for descriptor in descriptors.iter().filter(|d| **d >= 0) {
        // SAFETY: they come from calls that the test made, and nothing else owns them.
        drop(unsafe { OwnedFd::from_raw_fd(*descriptor as i32) });
    }
}

#[test]
fn tcp_of_both_families() {
    tcp((Ipv4Addr::LOCALHOST, 0).into());
    tcp((Ipv6Addr::LOCALHOST, 0).into());
}

#[test]
fn a_connection_that_is_being_made_or_refused() {
    let wanted = hooks(["CONNECT_X"]);
    for reads in Reads::ALL {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (to, kind) = (given(closed), (libc::SOCK_STREAM | libc::SOCK_NONBLOCK) as u64);
        let blocking = call(libc::SYS_socket, &[2, libc::SOCK_STREAM as u64, 0]);
        let other = call(libc::SYS_socket, &[2, kind, 0]);
        let far = given("192.0.2.1:9".parse().unwrap());
        let act = || {
            assert_eq!(call(libc::SYS_connect, &[blocking as u64, at(&to), 16]), -111);
            let _ = call(libc::SYS_connect, &[other as u64, at(&far), 16]);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        close(&[blocking, other]);
        let connects = records.own("CONNECT_X");
        assert_eq!((connects[0].signed("res"), connects[0].bytes("tuple")), (-111, &[][..]));
        assert_eq!(connects[0].bytes("addr"), [vec![2], end(closed)].concat());
        if connects[1].signed("res") == -115 {
            assert_eq!(&connects[1].bytes("tuple")[7..], end("192.0.2.1:9".parse().unwrap()));
        }
    }
}

/// UDP without a connection over an address family, by all calls that send and receive.
fn udp(local: SocketAddr) {
    let wanted = hooks(["SENDTO_X", "RECVFROM_X", "SENDMSG_X", "RECVMSG_X"]);
    let data = pattern(100);
    for reads in Reads::ALL {
        let (one, two) = (UdpSocket::bind(local).unwrap(), UdpSocket::bind(local).unwrap());
        let (from, to) = (one.local_addr().unwrap(), two.local_addr().unwrap());
        let name = given(to);
        let mut buffer = vec![0; 200];
        let mut sender = vec![0; name.len()];
        let mut length = [name.len() as u32];
        let parts = vector(&[&data[..10], &data[10..]]);
        let into = [at_mut(&mut buffer), 200];
        let (send, receive) = (header(&name, &parts, &[]), header(&sender, &into, &[]));
        let act = || {
            let size = name.len() as u64;
            assert_eq!(call(libc::SYS_sendto, &[fd(&one), at(&data), 100, 0, at(&name), size]), 100);
            let place = at_mut(&mut sender);
            let arguments = [fd(&two), at_mut(&mut buffer), 200, 0, place, at_mut(&mut length)];
            assert_eq!(call(libc::SYS_recvfrom, &arguments), 100);
            assert_eq!(call(libc::SYS_sendmsg, &[fd(&one), at(&send), 0]), 100);
            assert_eq!(call(libc::SYS_recvmsg, &[fd(&two), at(&receive), 0]), 100);
            assert_eq!(call(libc::SYS_sendmsg, &[u64::MAX, at(&send), 0]), -9);
            assert_eq!(call(libc::SYS_sendmsg, &[fd(&one), 8, 0]), -14);
            assert_eq!(call(libc::SYS_recvmsg, &[u64::MAX, at(&receive), 0]), -9);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        none_lost(&records);
        let expected = tuple(from, to);
        for id in ["SENDTO_X", "RECVFROM_X", "SENDMSG_X", "RECVMSG_X"] {
            let record = records.own(id)[0];
            assert_eq!((record.signed("res"), record.bytes("data")), (100, &data[..80]), "{record:?}");
            assert_eq!(record.bytes("tuple"), expected, "{record:?}");
        }
        let sends = records.own("SENDMSG_X");
        assert_eq!(sends.iter().map(|r| r.bytes("size").len()).collect::<Vec<_>>(), [4, 4, 0]);
        assert_eq!((sends[0].number("size"), sends[1].number("size")), (100, 100));
        assert_eq!((sends[1].bytes("data"), sends[1].bytes("tuple")), (&data[..80], &[][..]));
        assert_eq!((sends[2].bytes("data"), sends[2].bytes("tuple")), (&[][..], &[][..]));
        let receives = records.own("RECVMSG_X");
        assert_eq!((receives[0].number("size"), receives[0].bytes("msgcontrol")), (100, &[][..]));
        assert_eq!((receives[1].number("size"), receives[1].bytes("data")), (0, &[][..]));
    }
}

#[test]
fn udp_of_both_families() {
    udp((Ipv4Addr::LOCALHOST, 0).into());
    udp((Ipv6Addr::LOCALHOST, 0).into());
}

#[test]
fn one_event_for_each_message() {
    let wanted = hooks(["SENDMMSG_X", "RECVMMSG_X"]);
    let data = pattern(300);
    for reads in Reads::ALL {
        let (one, two) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("[::1]:0").unwrap());
        let (sink, sink6) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("[::1]:0").unwrap());
        let name = given(sink.local_addr().unwrap());
        let vectors: Vec<_> = (0..20).map(|i| vector(&[&data[i..i + 5], &data[i + 5..i + 5 + 10 * i]])).collect();
        let message = |v: &Vec<u64>, name: &[u8]| [&header(name, v, &[])[..], &[0]].concat();
        let to: Vec<u64> = vectors.iter().flat_map(|v| message(v, &name)).collect();
        two.connect(sink6.local_addr().unwrap()).unwrap();
        let connected: Vec<u64> = vectors.iter().take(2).flat_map(|v| message(v, &[])).collect();
        let mut buffers = vec![[0_u8; 100]; 3];
        let mut senders = vec![[0_u8; 16]; 3];
        let into: Vec<_> = buffers.iter_mut().map(|b| [at_mut(b), 100]).collect();
        let from: Vec<u64> =
            into.iter().zip(&mut senders).flat_map(|(v, s)| [&header(s, v, &[])[..], &[0]].concat()).collect();
        let act = || {
            assert_eq!(call(libc::SYS_sendmmsg, &[fd(&one), at(&to), 3, 0]), 3);
            assert_eq!(call(libc::SYS_recvmmsg, &[fd(&sink), at(&from), 3, 0, 0]), 3);
            assert_eq!(call(libc::SYS_sendmmsg, &[fd(&two), at(&connected), 2, 0]), 2);
            assert_eq!(call(libc::SYS_sendmmsg, &[u64::MAX, at(&to), 3, 0]), -9);
            assert_eq!(call(libc::SYS_recvmmsg, &[u64::MAX, at(&from), 3, 0, 0]), -9);
            assert_eq!(call(libc::SYS_sendmmsg, &[fd(&one), at(&to), 20, 0]), 20);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        none_lost(&records);
        let sends = records.own("SENDMMSG_X");
        assert_eq!(sends.len(), 3 + 2 + 1 + 16);
        let expected = tuple(one.local_addr().unwrap(), sink.local_addr().unwrap());
        let expected6 = tuple(two.local_addr().unwrap(), sink6.local_addr().unwrap());
        let message = |record: &common::Record, i: usize, ends: &[u8]| {
            let size = 5 + 10 * i;
            assert_eq!((record.number("res"), record.number("size")), (size as u64, size as u64), "{record:?}");
            assert_eq!(record.bytes("data"), &data[i..i + size.min(80)], "message {i}");
            assert_eq!(record.bytes("tuple"), ends, "message {i}");
        };
        sends[..3].iter().enumerate().for_each(|(i, r)| message(r, i, &expected));
        sends[3..5].iter().enumerate().for_each(|(i, r)| message(r, i, &expected6));
        assert_eq!((sends[5].signed("res"), sends[5].number("size")), (-9, 0));
        assert_eq!((sends[5].bytes("data"), sends[5].bytes("tuple")), (&[][..], &[][..]));
        sends[6..].iter().enumerate().for_each(|(i, r)| message(r, i, &expected));
        let receives = records.own("RECVMMSG_X");
        assert_eq!(receives.len(), 4);
        receives[..3].iter().enumerate().for_each(|(i, r)| message(r, i, &expected));
        assert_eq!((receives[3].signed("res"), receives[3].bytes("msgcontrol")), (-9, &[][..]));
    }
}

#[test]
fn control_data() {
    let wanted = hooks(["RECVMSG_X", "RECVMMSG_X"]);
    for reads in Reads::ALL {
        let (left, right) = UnixStream::pair().unwrap();
        let on = 1_u32.to_le_bytes();
        let arguments = [fd(&right), libc::SOL_SOCKET as u64, libc::SO_PASSCRED as u64, at(&on), 4];
        assert_eq!(call(libc::SYS_setsockopt, &arguments), 0);
        (&left).write_all(b"both").unwrap();
        let (mut buffer, mut control) = ([0_u8; 2], [0_u64; 8]);
        let into = [at_mut(&mut buffer), 2];
        let mut header = header(&[], &into, &[]);
        let mut several = [&header[..], &[0]].concat();
        for words in [&mut header[..], &mut several[..]] {
            (words[4], words[5]) = (at_mut(&mut control), 64);
        }
        let act = || {
            assert_eq!(call(libc::SYS_recvmsg, &[fd(&right), at(&header), 0]), 2);
            assert_eq!(call(libc::SYS_recvmmsg, &[fd(&right), at(&several), 1, 0, 0]), 1);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        // A cmsghdr of 16 bytes and a ucred of 12, filled up to 8.
        let expected: Vec<u8> = control.iter().flat_map(|w| w.to_le_bytes()).take(32).collect();
        assert_eq!(header[5], 32, "the kernel says so");
        assert_eq!(records.one("RECVMSG_X").bytes("msgcontrol"), expected);
        let record = records.one("RECVMMSG_X");
        assert_eq!(
            (record.bytes("msgcontrol"), record.bytes("data"), record.number("res")),
            (&expected[..], &b"th"[..], 2)
        );
        assert_eq!(record.bytes("tuple").len(), 1 + 8 + 8 + 1, "a unix socket without a name");
    }
}

#[test]
fn unix_streams() {
    let wanted = hooks(["CONNECT_X", "ACCEPT4_6_X", "SENDTO_X", "RECVFROM_X"]);
    for reads in Reads::ALL {
        let (_folder, path) = socket_path("stream");
        let listener = UnixListener::bind(&path).unwrap();
        let mut connected = None;
        let mut buffer = [0_u8; 9];
        let act = || {
            let client = UnixStream::connect(&path).unwrap();
            let (server, _) = listener.accept().unwrap();
            assert_eq!(call(libc::SYS_sendto, &[fd(&client), at(b"data"), 4, 0, 0, 0]), 4);
            assert_eq!(call(libc::SYS_recvfrom, &[fd(&server), at_mut(&mut buffer), 9, 0, 0, 0]), 4);
            assert_eq!(call(libc::SYS_sendto, &[fd(&server), at(b"back"), 4, 0, 0, 0]), 4);
            connected = Some((client, server));
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        let name = bytes_of(&path);
        let connect = records.one("CONNECT_X");
        assert_eq!(connect.bytes("addr"), [&[1][..], &name, &[0]].concat());
        // The receiver is the accepted socket, both times.
        let ends = connect.bytes("tuple");
        assert_eq!((ends[0], &ends[17..]), (1, &[&name[..], &[0]].concat()[..]));
        assert!(ends[1..9] != [0; 8] && ends[9..17] != [0; 8] && ends[1..9] != ends[9..17], "{connect:?}");
        assert_eq!(records.one("ACCEPT4_6_X").bytes("tuple"), ends);
        let sends = records.own("SENDTO_X");
        assert_eq!(sends[0].bytes("tuple"), ends);
        assert_eq!(records.one("RECVFROM_X").bytes("tuple"), ends);
        // The client has no name.
        assert_eq!(sends[1].bytes("tuple"), [&[1][..], &ends[9..17], &ends[1..9], &[0]].concat());
    }
}

#[test]
fn unix_datagrams_and_names() {
    let wanted = hooks(["BIND_X", "SENDTO_X", "RECVFROM_X"]);
    for reads in Reads::ALL {
        let (_folder, path) = socket_path("datagram");
        let by_path = UnixDatagram::bind(&path).unwrap();
        let abstract_name = format!("\0peregrine {:?} {}", reads, std::process::id()).into_bytes();
        let (name, own) = (given_path(&bytes_of(&path)), given_path(&abstract_name));
        let sender = call(libc::SYS_socket, &[1, libc::SOCK_DGRAM as u64, 0]);
        let unnamed = UnixDatagram::unbound().unwrap();
        let mut buffer = [0_u8; 9];
        let act = || {
            assert_eq!(call(libc::SYS_bind, &[sender as u64, at(&own), own.len() as u64]), 0);
            let size = name.len() as u64;
            assert_eq!(call(libc::SYS_sendto, &[sender as u64, at(b"one"), 3, 0, at(&name), size]), 3);
            assert_eq!(call(libc::SYS_recvfrom, &[fd(&by_path), at_mut(&mut buffer), 9, 0, 0, 0]), 3);
            let size = own.len() as u64;
            assert_eq!(call(libc::SYS_sendto, &[fd(&unnamed), at(b"two"), 3, 0, at(&own), size]), 3);
            assert_eq!(call(libc::SYS_recvfrom, &[sender as u64, at_mut(&mut buffer), 9, 0, 0, 0]), 3);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        close(&[sender]);
        let path = [&bytes_of(&path)[..], &[0]].concat();
        let shown = [&abstract_name[1..], &[0]].concat();
        assert_eq!(records.one("BIND_X").bytes("addr"), [&[1][..], &shown].concat());
        let (sends, receives) = (records.own("SENDTO_X"), records.own("RECVFROM_X"));
        assert_eq!(
            (&sends[0].bytes("tuple")[..9], &sends[0].bytes("tuple")[17..]),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 0][..], &path[..])
        );
        assert_eq!(&receives[0].bytes("tuple")[17..], path);
        assert_eq!(&sends[1].bytes("tuple")[17..], shown);
        assert_eq!(&receives[1].bytes("tuple")[17..], shown);
    }
}

#[test]
fn addresses_of_any_length() {
    let wanted = hooks(["BIND_X"]);
    let v4 = given("1.2.3.4:513".parse().unwrap());
    let v6 = given("[2001:db8::7]:513".parse().unwrap());
    let long = given_path(&[b'p'; 108]);
    let cases: [(&[u8], u64, Vec<u8>); 9] = [
        (&v4, 16, vec![2, 1, 2, 3, 4, 1, 2]),
        (&v4, 0x1_0010, vec![2, 1, 2, 3, 4, 1, 2]),
        (&v4, 4, vec![2, 0, 0, 0, 0, 1, 2]),
        (&v4, 0, vec![]),
        (&v6, 28, [&[10][..], &end("[2001:db8::7]:513".parse().unwrap())].concat()),
        (&long, 110, [&[1][..], &[b'p'; 108], &[0]].concat()),
        (&long, 12, [&[1][..], &[b'p'; 10], &[0]].concat()),
        (&long, 2, vec![1, 0]),
        (&[16, 0, 0, 0], 4, vec![]),
    ];
    for reads in Reads::ALL {
        let act = || {
            for (address, length, _) in &cases {
                assert!(call(libc::SYS_bind, &[u64::MAX, at(address), *length]) < 0);
            }
            assert!(call(libc::SYS_bind, &[u64::MAX, 8, 16]) < 0);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        let binds = records.own("BIND_X");
        assert_eq!(binds.len(), cases.len() + 1);
        for (record, (address, length, expected)) in binds.iter().zip(&cases) {
            assert_eq!(record.bytes("addr"), expected, "{address:?}, {length}");
        }
        assert!(binds[cases.len()].bytes("addr").is_empty());
    }
}

#[test]
fn pairs() {
    let wanted = hooks(["SOCKETPAIR_X", "SENDTO_X", "PIPE_X", "PIPE2_X"]);
    for reads in Reads::ALL {
        let (mut pair, mut ends) = ([0_i32; 2], [0_i32; 2]);
        let act = || {
            assert_eq!(call(libc::SYS_socketpair, &[1, libc::SOCK_STREAM as u64, 0, at_mut(&mut pair)]), 0);
            assert_eq!(call(libc::SYS_sendto, &[pair[0] as u64, at(b"x"), 1, 0, 0, 0]), 1);
            assert!(call(libc::SYS_socketpair, &[2, 1, 0, at_mut(&mut ends)]) < 0);
            assert_eq!(call(libc::SYS_pipe2, &[at_mut(&mut ends), libc::O_CLOEXEC as u64]), 0);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        let inode =
            std::fs::metadata(format!("/proc/self/fd/{}", ends[0])).map(|m| std::os::unix::fs::MetadataExt::ino(&m));
        close(&[pair, ends].concat().into_iter().map(i64::from).collect::<Vec<_>>());
        let pairs = records.own("SOCKETPAIR_X");
        assert_eq!([pairs[0].number("fd1"), pairs[0].number("fd2")], pair.map(|f| f as u64));
        let ends_of_send = records.one("SENDTO_X").bytes("tuple");
        assert_eq!((pairs[0].bytes("peer"), pairs[0].bytes("source")), (&ends_of_send[1..9], &ends_of_send[9..17]));
        assert_eq!((pairs[1].signed("fd1"), pairs[1].number("source"), pairs[1].number("peer")), (-1, 0, 0));
        let pipe = records.one("PIPE2_X");
        assert_eq!([pipe.number("fd1"), pipe.number("fd2")], ends.map(|f| f as u64));
        assert_eq!(pipe.number("ino"), inode.unwrap());
    }
}

// ---- what waits ----

/// An element of the list of `poll`, and the parameter that it gives.
fn poll_entry(fd: i32, events: i16) -> Vec<u8> {
    [&fd.to_le_bytes()[..], &events.to_le_bytes(), &[0; 2]].concat()
}

fn polled(fd: i32, events: i16) -> Vec<u8> {
    [&i64::from(fd).to_le_bytes()[..], &events.to_le_bytes()].concat()
}

#[cfg(target_arch = "x86_64")]
#[test]
fn descriptors_polled_by_the_older_call() {
    for reads in Reads::ALL {
        let (left, right) = UnixStream::pair().unwrap();
        (&left).write_all(b"x").unwrap();
        let ends = [left.as_raw_fd(), right.as_raw_fd(), -5];
        let events = libc::POLLIN | libc::POLLOUT;
        let mut three = ends.map(|fd| poll_entry(fd, events)).concat();
        let act = || {
            assert_eq!(call(libc::SYS_poll, &[at_mut(&mut three), 3, 100]), 2);
            assert_eq!(call(libc::SYS_poll, &[8, 2, 0]), -14);
            assert_eq!(call(libc::SYS_poll, &[0, 0, 0]), 0);
        };
        let Some(records) = run(reads, &hooks(["POLL_X"]), act) else { continue };
        let polls = records.own("POLL_X");
        let expected = [vec![3, 0], polled(ends[0], libc::POLLOUT), polled(ends[1], events), polled(-5, 0)].concat();
        assert_eq!((polls[0].bytes("fds"), polls[0].number("timeout")), (&expected[..], 100));
        assert_eq!((polls[1].bytes("fds"), polls[2].bytes("fds")), (&[0, 0][..], &[0, 0][..]));
    }
}

#[test]
fn polled_descriptors() {
    for reads in Reads::ALL {
        let mut many: Vec<u8> = (0..20).flat_map(|_| poll_entry(9999, libc::POLLIN | libc::POLLOUT)).collect();
        let (mut time, mask) = ([1_u64, 5], [0_u64]);
        let act = || {
            assert_eq!(call(libc::SYS_ppoll, &[at_mut(&mut many), 20, at_mut(&mut time), at(&mask), 8]), 20);
        };
        let Some(records) = run(reads, &hooks(["PPOLL_X"]), act) else { continue };
        let ppoll = records.one("PPOLL_X");
        let sixteen: Vec<u8> = (0..16).flat_map(|_| polled(9999, 1 << 6)).collect();
        assert_eq!(ppoll.bytes("fds"), [&[16, 0][..], &sixteen].concat());
        // The kernel writes what was left of the time.
        assert_eq!(ppoll.number("timeout"), time[0] * 1_000_000_000 + time[1]);
    }
}

// ---- what an argument decides ----

#[test]
fn options_of_sockets() {
    let wanted = hooks(["SETSOCKOPT_X", "GETSOCKOPT_X"]);
    for reads in Reads::ALL {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = UdpSocket::bind("127.0.0.1:0").unwrap();
        let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        refused.connect(gone).unwrap();
        refused.send(b"x").unwrap();
        let (on, time, linger) = (1_u32.to_le_bytes(), [3_u64, 7], [1_u32, 9]);
        let (mut value, mut length) = ([0_u64], [8_u32]);
        let act = || {
            let set = |level: i32, name: i32, at: u64, size: u64| {
                call(libc::SYS_setsockopt, &[fd(&tcp), level as u64, name as u64, at, size])
            };
            assert_eq!(set(libc::SOL_SOCKET, libc::SO_REUSEADDR, at(&on), 4), 0);
            assert_eq!(set(libc::SOL_SOCKET, libc::SO_RCVTIMEO, at(&time), 16), 0);
            assert_eq!(set(libc::SOL_SOCKET, libc::SO_LINGER, at(&linger), 8), 0);
            assert_eq!(set(libc::IPPROTO_TCP, libc::TCP_NODELAY, at(&on), 4), 0);
            assert_eq!(set(libc::IPPROTO_TCP, libc::TCP_NODELAY, 8, 4), -14);
            assert_eq!(set(libc::SOL_SOCKET, libc::SO_REUSEADDR, 8, 4), -14);
            let mut get = |fd: u64, name: i32| {
                length = [8];
                let arguments = [fd, libc::SOL_SOCKET as u64, name as u64, at_mut(&mut value), at_mut(&mut length)];
                assert_eq!(call(libc::SYS_getsockopt, &arguments), 0);
                value[0]
            };
            assert_eq!(get(fd(&refused), libc::SO_ERROR) as i32, 111);
            let cookie = get(fd(&tcp), libc::SO_COOKIE);
            assert!(cookie != 0);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        let sets: Vec<_> = records.own("SETSOCKOPT_X").iter().map(|r| r.bytes("val").to_vec()).collect();
        let kind = |kind: u8, value: &[u8]| [&[kind], value].concat();
        let expected = [
            kind(2, &on),
            kind(4, &3_000_007_000_u64.to_le_bytes()),
            kind(0, &[1, 0, 0, 0, 9, 0, 0, 0]),
            kind(0, &on),
            kind(0, &[]),
            kind(2, &[0; 4]),
        ];
        assert_eq!(sets, expected);
        let gets = records.own("GETSOCKOPT_X");
        assert_eq!(gets[0].bytes("val"), kind(1, &(-111_i64).to_le_bytes()));
        assert_eq!((gets[1].bytes("val"), gets[1].number("optlen")), (&kind(3, &value[0].to_le_bytes())[..], 8));
    }
}

#[test]
fn an_option_longer_than_an_event_is_counted() {
    let data = vec![7_u8; 70_000];
    let wanted = hooks(["SETSOCKOPT_X"]);
    let act = || {
        assert!(call(libc::SYS_setsockopt, &[u64::MAX, 6, 1, at(&data), 0xffff]) < 0);
        assert!(call(libc::SYS_setsockopt, &[u64::MAX, 6, 1, at(&data), 60_000]) < 0);
    };
    let Some(records) = run(Reads::Typed, &wanted, act) else { return };
    assert_eq!(records.one("SETSOCKOPT_X").bytes("val").len(), 60_001);
    let code = common::event("SETSOCKOPT_X").code;
    assert_eq!(records.lost, [(peregrine_probe::program::Loss::TooLong, code, 1)]);
}

#[test]
fn requests_of_ptrace() {
    let wanted = hooks(["PTRACE_X"]);
    for reads in Reads::ALL {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = u64::from(child.id());
        let mut word = [0_u64];
        let act = || {
            assert_eq!(call(libc::SYS_ptrace, &[3, 0x7fff_ffff, 5, 6]), -3);
            assert_eq!(call(libc::SYS_ptrace, &[16, pid, 5, 6]), 0);
            let mut status = [0_i32];
            assert_eq!(call(libc::SYS_wait4, &[pid, at_mut(&mut status), 0, 0]), pid as i64);
            assert_eq!(call(libc::SYS_ptrace, &[3, pid, 8, at_mut(&mut word)]), 0);
            assert_eq!(call(libc::SYS_ptrace, &[7, pid, 0, libc::SIGCONT as u64]), 0);
        };
        let records = run(reads, &wanted, act);
        child.kill().unwrap();
        child.wait().unwrap();
        let Some(records) = records else { continue };
        let number = |n: u64| [&[0][..], &n.to_le_bytes()].concat();
        let found: Vec<_> =
            records.own("PTRACE_X").iter().map(|r| (r.bytes("addr").to_vec(), r.bytes("data").to_vec())).collect();
        let expected = [
            (number(0), number(0)),
            (number(5), number(6)),
            (number(8), number(word[0])),
            (number(0), vec![1, libc::SIGCONT as u8]),
        ];
        assert_eq!(found, expected);
        assert_eq!(records.own("PTRACE_X")[1].number("pid"), pid);
    }
}

#[test]
fn arguments_of_keyctl() {
    let wanted = hooks(["KEYCTL_X"]);
    let (kind, name) = (b"user\0", b"peregrine: no such key\0");
    for reads in Reads::ALL {
        let act = || {
            let _ = call(libc::SYS_keyctl, &[10, -3_i64 as u64, at(kind), at(name), 77]);
            let _ = call(libc::SYS_keyctl, &[10, -3_i64 as u64, 0, 8, 77]);
            let _ = call(libc::SYS_keyctl, &[0, -3_i64 as u64, 4, 5, 6]);
            let _ = call(libc::SYS_keyctl, &[9999, 3, 4, 5, 6]);
        };
        let Some(records) = run(reads, &wanted, act) else { continue };
        let number = |n: i64| [&[0][..], &n.to_le_bytes()].concat();
        let text = |t: &[u8]| [&[1][..], t].concat();
        let found: Vec<_> = records.own("KEYCTL_X").iter().map(|r| r.params[2..].to_vec()).collect();
        let expected = [
            vec![number(-3), text(kind), text(name), number(77)],
            vec![number(-3), text(&[]), text(&[]), number(77)],
            vec![number(-3), number(4), number(0), number(0)],
            vec![number(0); 4],
        ];
        assert_eq!(found, expected);
    }
}
