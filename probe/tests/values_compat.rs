//! What generated programs record of the calls of 32-bit programs, made here by `int 0x80`: compared with what was done,
//! and with the records of the same 64-bit calls.
#![cfg(target_arch = "x86_64")]
#![expect(unsafe_code, reason = "makes system calls as 32-bit programs do")]

mod common;

use common::compat::call32;
use common::{Reads, Record, Records, call, own_tid, run};
use peregrine_probe::program::Loss;
use peregrine_schema::capture::Hook;
use peregrine_schema::{Flag, flags};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

// ---- 32-bit calls ----

/// Numbers of 32-bit calls.
mod nr {
    pub(super) const EXIT: u32 = 1;
    pub(super) const FORK: u32 = 2;
    pub(super) const READ: u32 = 3;
    pub(super) const WRITE: u32 = 4;
    pub(super) const OPEN: u32 = 5;
    pub(super) const WAITPID: u32 = 7;
    pub(super) const CREAT: u32 = 8;
    pub(super) const UNLINK: u32 = 10;
    pub(super) const EXECVE: u32 = 11;
    pub(super) const CHMOD: u32 = 15;
    pub(super) const LSEEK: u32 = 19;
    pub(super) const GETPID: u32 = 20;
    pub(super) const UMOUNT: u32 = 22;
    pub(super) const SETUID16: u32 = 23;
    pub(super) const PTRACE: u32 = 26;
    pub(super) const KILL: u32 = 37;
    pub(super) const RENAME: u32 = 38;
    pub(super) const PIPE: u32 = 42;
    pub(super) const DUP2: u32 = 63;
    pub(super) const SETRLIMIT: u32 = 75;
    pub(super) const MMAP: u32 = 90;
    pub(super) const SOCKETCALL: u32 = 102;
    pub(super) const IPC: u32 = 117;
    pub(super) const CLONE: u32 = 120;
    pub(super) const LLSEEK: u32 = 140;
    pub(super) const READV: u32 = 145;
    pub(super) const WRITEV: u32 = 146;
    pub(super) const NANOSLEEP: u32 = 162;
    pub(super) const GETRESUID16: u32 = 165;
    pub(super) const VM86: u32 = 166;
    pub(super) const PWRITE64: u32 = 181;
    pub(super) const CHOWN16: u32 = 182;
    pub(super) const SENDFILE: u32 = 187;
    pub(super) const UGETRLIMIT: u32 = 191;
    pub(super) const MMAP2: u32 = 192;
    pub(super) const STAT64: u32 = 195;
    pub(super) const CHOWN32: u32 = 212;
    pub(super) const SETUID32: u32 = 213;
    pub(super) const SENDFILE64: u32 = 239;
    pub(super) const OPENAT: u32 = 295;
    pub(super) const PPOLL: u32 = 309;
    pub(super) const SENDMMSG: u32 = 345;
    pub(super) const EXECVEAT: u32 = 358;
    pub(super) const SETSOCKOPT: u32 = 366;
    pub(super) const RECVMSG: u32 = 372;
    pub(super) const PPOLL_TIME64: u32 = 414;
}

/// Memory below 4 GiB.
struct Low {
    base: usize,
    used: usize,
}

const LOW_BYTES: usize = 1 << 16;

impl Low {
    fn new() -> Low {
        let (all, private) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let arguments = [0, LOW_BYTES as u64, all as u64, (private | libc::MAP_32BIT) as u64, u64::MAX, 0];
        let base = call(libc::SYS_mmap, &arguments);
        assert!(base > 0, "memory below 4 GiB: {base}");
        Low { base: base as usize, used: 0 }
    }

    /// Copies bytes there; their address.
    fn put(&mut self, bytes: &[u8]) -> u32 {
        let at = self.base + self.used;
        self.used += bytes.len().next_multiple_of(16);
        assert!(self.used <= LOW_BYTES);
        // SAFETY: the memory is mapped, and nothing else uses this part of it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at as *mut u8, bytes.len()) };
        at as u32
    }

    fn text(&mut self, text: impl AsRef<[u8]>) -> u32 {
        self.put(&[text.as_ref(), &[0]].concat())
    }

    fn path(&mut self, path: &Path) -> u32 {
        self.text(path.as_os_str().as_bytes())
    }

    fn words(&mut self, words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(&bytes)
    }

    /// An array of addresses of texts, ended by a null.
    fn texts(&mut self, texts: &[&str]) -> u32 {
        let mut words: Vec<u32> = texts.iter().map(|text| self.text(text)).collect();
        words.push(0);
        self.words(&words)
    }

    /// An I/O vector.
    fn vector(&mut self, parts: &[&[u8]]) -> u32 {
        let words: Vec<u32> = parts.iter().flat_map(|part| [self.put(part), part.len() as u32]).collect();
        self.words(&words)
    }
}

fn socketcall(low: &mut Low, what: u32, arguments: &[u32]) -> i64 {
    let at = low.words(arguments);
    call32(nr::SOCKETCALL, &[what, at])
}

// ---- records ----

fn hooks<const N: usize>(events: [&str; N]) -> [(Hook, &str); N] {
    events.map(|event| (Hook::SysExit, event))
}

fn flag(table: &[Flag], name: &str) -> u64 {
    table.iter().find(|f| f.name == name).map(|f| u64::from(f.value)).expect("a flag")
}

/// The two records of this thread with that event, of a 64-bit and of a 32-bit call: the same but for some parameters.
fn same(records: &Records, id: &str, but: &[&str]) {
    let own = records.own(id);
    let [wide, narrow] = own[..] else { panic!("{id}: {own:#?}") };
    for (index, param) in wide.event.params.iter().enumerate().filter(|(_, p)| !but.contains(&p.name)) {
        assert_eq!(wide.params[index], narrow.params[index], "{id} {}: {own:#?}", param.name);
    }
}

fn none_compat(records: &Records) {
    assert!(!records.lost.iter().any(|(loss, ..)| *loss == Loss::Compat), "{:?}", records.lost);
}

static ALONE: Mutex<()> = Mutex::new(());

/// Runs a test in each way of reading kernel memory.
fn each(wanted: &[(Hook, &str)], mut act: impl FnMut(&mut Low), check: impl Fn(&Records)) {
    if !common::compat::taken() {
        return;
    }
    // Programs see the calls of all threads.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for reads in Reads::ALL {
        let mut low = Low::new();
        let Some(records) = run(reads, wanted, || act(&mut low)) else { continue };
        check(&records);
        call(libc::SYS_munmap, &[low.base as u64, LOW_BYTES as u64]);
    }
}

// ---- files ----

#[test]
fn files_by_their_paths() {
    let folder = tempfile::tempdir().expect("a folder");
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let texts = [&first, &second].map(|path| path.display().to_string());
    let ids = ["OPEN_X", "OPENAT_2_X", "CREAT_X", "CHMOD_X", "RENAME_X", "UNLINK_2_X", "STAT_X", "CHOWN_X", "DUP2_X"];
    let act = |low: &mut Low| {
        let [one, two] = [&first, &second].map(|path| low.path(path));
        let create = (libc::O_CREAT | libc::O_RDWR) as u32;
        let made = call32(nr::OPEN, &[one, create, 0o640]);
        let opened = call32(nr::OPENAT, &[libc::AT_FDCWD as u32, one, libc::O_RDONLY as u32]);
        let created = call32(nr::CREAT, &[one, 0o600]);
        assert_eq!(call32(nr::DUP2, &[made as u32, created as u32]), created);
        for fd in [made, opened, created] {
            assert!(fd >= 0 && call(libc::SYS_close, &[fd as u64]) == 0, "{fd}");
        }
        assert_eq!(call32(nr::OPEN, &[low.text("/nowhere/at/all"), 0]), -2);
        let buffer = low.put(&[0; 256]);
        assert_eq!(call32(nr::STAT64, &[one, buffer]), 0);
        assert_eq!(call32(nr::CHMOD, &[one, 0o751]), 0);
        assert_eq!(call32(nr::CHOWN32, &[one, u32::MAX, 7]), 0);
        assert_eq!(call32(nr::CHOWN16, &[one, 0xffff, 8]), 0);
        assert_eq!(call32(nr::RENAME, &[one, two]), 0);
        assert_eq!(call32(nr::UNLINK, &[two]), 0);
    };
    each(&hooks(ids), act, |records| {
        none_compat(records);
        let flags = |names: &[&str]| names.iter().fold(0, |all, name| all | flag(flags::FILE_FLAGS, name));
        let open = records.own("OPEN_X");
        assert_eq!([open[0].text("name"), open[1].text("name")], [&texts[0], "/nowhere/at/all"]);
        assert_eq!(
            (open[0].number("flags"), open[0].number("mode")),
            (flags(&["O_RDWR", "O_CREAT", "O_F_CREATED"]), 0o640)
        );
        assert!(open[0].signed("fd") >= 0 && open[1].signed("fd") == -2, "{open:?}");
        let openat = records.one("OPENAT_2_X");
        assert_eq!((openat.signed("dirfd"), openat.text("name")), (-100, texts[0].clone()));
        assert_eq!((openat.number("flags"), openat.number("ino")), (flags(&["O_RDONLY"]), open[0].number("ino")));
        assert_eq!(records.one("CREAT_X").text("name"), texts[0]);
        let dup = records.one("DUP2_X");
        assert_eq!([dup.signed("oldfd"), dup.signed("newfd")], [open[0].signed("fd"), dup.signed("res")]);
        assert_eq!(records.one("STAT_X").text("path"), texts[0]);
        let chmod = records.one("CHMOD_X");
        assert_eq!((chmod.signed("res"), chmod.text("filename"), chmod.number("mode")), (0, texts[0].clone(), 0o751));
        let chown: Vec<_> = records.own("CHOWN_X").iter().map(|r| (r.number("uid"), r.number("gid"))).collect();
        assert_eq!(chown, [(u32::MAX.into(), 7), (u32::MAX.into(), 8)]);
        let rename = records.one("RENAME_X");
        assert_eq!([rename.text("oldpath"), rename.text("newpath")], texts);
        assert_eq!(records.one("UNLINK_2_X").text("path"), texts[1]);
    });
}

#[test]
fn bytes_and_places() {
    let ids = ["READ_X", "WRITE_X", "READV_X", "WRITEV_X", "PWRITE_X", "LSEEK_X", "SENDFILE_X", "PIPE_X"];
    let parts: [&[u8]; 3] = [b"one", b"", b"three"];
    let act = |low: &mut Low| {
        let file = tempfile::tempfile().expect("a file");
        let fd = file.as_raw_fd();
        let (text, fd) = (low.put(b"some bytes"), fd as u32);
        assert_eq!(call32(nr::WRITE, &[fd, text, 10]), 10);
        assert_eq!(call32(nr::LSEEK, &[fd, -4_i32 as u32, libc::SEEK_END as u32]), 6);
        let buffer = low.put(&[0; 64]);
        assert_eq!(call32(nr::READ, &[fd, buffer, 64]), 4);
        let place = low.put(&[0; 8]);
        assert_eq!(call32(nr::LLSEEK, &[fd, 3, 5, place, libc::SEEK_SET as u32]), 0);
        assert_eq!(call32(nr::PWRITE64, &[fd, text, 1, 7, 2]), 1);
        let mut fds = [0_i32; 2];
        let pair = low.put(&[0; 8]);
        assert_eq!(call32(nr::PIPE, &[pair]), 0);
        // SAFETY: the kernel wrote two numbers there.
        fds.copy_from_slice(unsafe { std::slice::from_raw_parts(pair as usize as *const i32, 2) });
        let vector = low.vector(&parts);
        assert_eq!(call32(nr::WRITEV, &[fds[1] as u32, vector, 3]), 8);
        let places = low.vector(&[&[0; 2], &[0; 16]]);
        assert_eq!(call32(nr::READV, &[fds[0] as u32, places, 2]), 8);
        // Behind the offset of 32 bits lies something else.
        let (short, long) = (low.words(&[4, 0xbad]), low.words(&[1, 3]));
        assert_eq!(call32(nr::SENDFILE, &[fds[1] as u32, fd, short, 3]), 3);
        call32(nr::SENDFILE64, &[fds[1] as u32, fd, long, 3]);
        fds.iter().for_each(|fd| assert_eq!(call(libc::SYS_close, &[*fd as u64]), 0));
    };
    each(&hooks(ids), act, |records| {
        none_compat(records);
        let (read, write) = (records.one("READ_X"), records.one("WRITE_X"));
        assert_eq!((read.signed("res"), read.bytes("data"), read.number("size")), (4, &b"ytes"[..], 64));
        assert_eq!((write.signed("res"), write.bytes("data")), (10, &b"some bytes"[..]));
        let seek: Vec<_> = records.own("LSEEK_X").iter().map(|r| (r.signed("offset"), r.signed("res"))).collect();
        assert_eq!(seek, [(-4, 6), (3 << 32 | 5, 0)]);
        let whence: Vec<_> = records.own("LSEEK_X").iter().map(|r| r.number("whence")).collect();
        assert_eq!(whence, ["SEEK_END", "SEEK_SET"].map(|name| flag(flags::LSEEK_WHENCE, name)));
        assert_eq!(records.one("PWRITE_X").number("pos"), 2 << 32 | 7);
        let (readv, writev, pipe) = (records.one("READV_X"), records.one("WRITEV_X"), records.one("PIPE_X"));
        assert_eq!([readv.signed("fd"), writev.signed("fd")], [pipe.signed("fd1"), pipe.signed("fd2")]);
        // An empty element ends what is recorded.
        assert_eq!((writev.number("size"), writev.bytes("data")), (8, &b"one"[..]));
        assert_eq!((readv.number("size"), readv.bytes("data")), (8, &b"onethree"[..]));
        let offsets: Vec<_> = records.own("SENDFILE_X").iter().map(|r| r.number("offset")).collect();
        assert_eq!(offsets[0], 7, "behind what was sent");
        assert_eq!(offsets[1] >> 32, 3);
    });
}

#[test]
fn mappings() {
    let act = |low: &mut Low| {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(1 << 20).expect("long");
        let (fd, read, private) = (file.as_raw_fd() as u32, libc::PROT_READ as u32, libc::MAP_PRIVATE as u32);
        let new = call32(nr::MMAP2, &[0, 8192, read, private, fd, 3]);
        let old = low.words(&[0, 4096, read, private, fd, 0x2000]);
        let old = call32(nr::MMAP, &[old]);
        for (at, length) in [(new, 8192), (old, 4096)] {
            assert!(at > 0, "{at}");
            assert_eq!(call(libc::SYS_munmap, &[at as u64, length]), 0);
        }
        assert_eq!(call32(nr::MMAP2, &[0, 0, read, private, fd, 0x10_0000]), -22);
    };
    each(&hooks(["MMAP_X"]), act, |records| {
        none_compat(records);
        let own = records.own("MMAP_X");
        let numbers = |name| own.iter().map(|r| r.number(name)).collect::<Vec<_>>();
        assert_eq!(numbers("length"), [8192, 4096, 0]);
        assert_eq!(numbers("offset"), [3 * 4096, 0x2000, 1 << 32]);
        let (read, private) = (flag(flags::PROT_FLAGS, "PROT_READ"), flag(flags::MMAP_FLAGS, "MAP_PRIVATE"));
        assert_eq!((numbers("prot"), numbers("flags")), (vec![read; 3], vec![private; 3]));
        assert!(own[..2].iter().all(|r| r.signed("fd") >= 0 && r.signed("res") > 0) && own[2].signed("res") == -22);
    });
}

// ---- sockets ----

fn given(address: SocketAddr) -> Vec<u8> {
    let SocketAddr::V4(v4) = address else { panic!("{address}") };
    [&2_u16.to_le_bytes()[..], &v4.port().to_be_bytes(), &v4.ip().octets(), &[0; 8]].concat()
}

fn end(address: SocketAddr) -> Vec<u8> {
    let SocketAddr::V4(v4) = address else { panic!("{address}") };
    [&v4.ip().octets()[..], &v4.port().to_le_bytes()].concat()
}

#[test]
fn connections_by_socketcall() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    let ids = ["SOCKET_X", "CONNECT_X", "ACCEPT_5_X", "SEND_X", "RECV_X", "SENDTO_X", "SHUTDOWN_X", "SOCKETPAIR_X"];
    let act = |low: &mut Low| {
        let socket = socketcall(low, 1, &[libc::AF_INET as u32, libc::SOCK_STREAM as u32, 0]) as u32;
        let at = low.put(&given(address));
        assert_eq!(socketcall(low, 3, &[socket, at, 16]), 0);
        let accepted = socketcall(low, 5, &[listener.as_raw_fd() as u32, 0, 0]) as u32;
        let (text, buffer) = (low.put(b"hello"), low.put(&[0; 16]));
        assert_eq!(socketcall(low, 9, &[socket, text, 5, 0]), 5);
        assert_eq!(socketcall(low, 10, &[accepted, buffer, 16, 0]), 5);
        assert_eq!(socketcall(low, 11, &[accepted, text, 4, 0, 0, 0]), 4);
        assert_eq!(socketcall(low, 13, &[socket, 2]), 0);
        let pair = low.put(&[0; 8]);
        assert_eq!(socketcall(low, 8, &[libc::AF_UNIX as u32, libc::SOCK_DGRAM as u32, 0, pair]), 0);
        // SAFETY: the kernel wrote two numbers there.
        let pair = unsafe { std::slice::from_raw_parts(pair as usize as *const u32, 2) };
        for fd in [socket, accepted, pair[0], pair[1]] {
            assert_eq!(call(libc::SYS_close, &[fd.into()]), 0);
        }
    };
    each(&hooks(ids), act, |records| {
        none_compat(records);
        let (socket, connect, accept) = (records.one("SOCKET_X"), records.one("CONNECT_X"), records.one("ACCEPT_5_X"));
        assert_eq!(connect.signed("fd"), socket.signed("fd"));
        assert_eq!(connect.bytes("addr"), [vec![2], end(address)].concat());
        assert_eq!(connect.bytes("tuple")[7..], end(address));
        assert_eq!(accept.bytes("tuple"), connect.bytes("tuple"));
        let (send, recv, sendto) = (records.one("SEND_X"), records.one("RECV_X"), records.one("SENDTO_X"));
        assert_eq!(
            (send.signed("fd"), send.bytes("data"), send.number("size")),
            (socket.signed("fd"), &b"hello"[..], 5)
        );
        assert_eq!((recv.signed("fd"), recv.bytes("data")), (accept.signed("fd"), &b"hello"[..]));
        assert_eq!((send.bytes("tuple"), recv.bytes("tuple")), (connect.bytes("tuple"), connect.bytes("tuple")));
        assert_eq!((sendto.bytes("data"), sendto.number("size")), (&b"hell"[..], 4));
        assert_eq!(records.one("SHUTDOWN_X").signed("res"), 0);
        let pair = records.one("SOCKETPAIR_X");
        assert!(pair.signed("fd1") > 2 && pair.signed("fd2") > pair.signed("fd1"), "{pair:?}");
    });
}

#[test]
fn messages() {
    let [sender, receiver] = [0, 1].map(|_| UdpSocket::bind("127.0.0.1:0").expect("a socket"));
    let [from, to] = [&sender, &receiver].map(|socket| socket.local_addr().expect("an address"));
    let (out, into) = (sender.as_raw_fd() as u32, receiver.as_raw_fd() as u32);
    let ids = ["SENDMSG_X", "RECVMSG_X", "SENDMMSG_X", "RECVMMSG_X"];
    let act = |low: &mut Low| {
        let name = low.put(&given(to));
        let header = |low: &mut Low, name: u32, parts: &[&[u8]]| {
            let vector = low.vector(parts);
            let control = low.put(&[7; 64]);
            let control = if name == 0 { [control, 64] } else { [0, 0] };
            [name, 16, vector, parts.len() as u32, control[0], control[1], 0]
        };
        let sent = header(low, name, &[b"one", b"two"]);
        let at = low.words(&sent);
        assert_eq!(socketcall(low, 16, &[out, at, 0]), 6);
        let received = header(low, 0, &[&[0; 2], &[0; 32]]);
        let at = low.words(&received);
        assert_eq!(call32(nr::RECVMSG, &[into, at, 0]), 6);
        let two = [header(low, name, &[b"first"]), header(low, name, &[b"the", b" second"])];
        let all: Vec<u32> = two.iter().flat_map(|header| header.iter().copied().chain([0])).collect();
        let at = low.words(&all);
        assert_eq!(call32(nr::SENDMMSG, &[out, at, 2, 0]), 2);
        let two = [header(low, 0, &[&[0; 32]]), header(low, 0, &[&[0; 32]])];
        let all: Vec<u32> = two.iter().flat_map(|header| header.iter().copied().chain([0])).collect();
        let at = low.words(&all);
        assert_eq!(socketcall(low, 19, &[into, at, 2, 0, 0]), 2);
    };
    each(&hooks(ids), act, |records| {
        none_compat(records);
        let tuple = [vec![2], end(from), end(to)].concat();
        let unknown = [vec![2], vec![0; 4], end(from)[4..].to_vec(), end(to)].concat();
        let (send, receive) = (records.one("SENDMSG_X"), records.one("RECVMSG_X"));
        assert_eq!((send.signed("res"), send.bytes("data"), send.number("size")), (6, &b"onetwo"[..], 6));
        assert!([&tuple, &unknown].contains(&&send.bytes("tuple").to_vec()), "{send:?}");
        assert_eq!((receive.signed("fd"), receive.bytes("data")), (into.into(), &b"onetwo"[..]));
        let (sent, received) = (records.own("SENDMMSG_X"), records.own("RECVMMSG_X"));
        let data = |of: &[&Record]| of.iter().map(|r| r.bytes("data").to_vec()).collect::<Vec<_>>();
        let both = [b"first".to_vec(), b"the second".to_vec()];
        assert_eq!((data(&sent), data(&received)), (both.to_vec(), both.to_vec()));
        assert_eq!(sent.iter().map(|r| (r.number("size"), r.signed("res"))).collect::<Vec<_>>(), [(5, 5), (10, 10)]);
        assert!(sent.iter().all(|r| r.bytes("tuple") == send.bytes("tuple")), "{sent:?}");
    });
}

// ---- processes ----

/// Ends the child that made this call, at once.
fn child(act: impl FnOnce()) -> ! {
    act();
    call32(nr::EXIT, &[0]);
    unreachable!("the child has ended");
}

fn words(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn reap(pid: i64) {
    assert!(pid > 0, "{pid}");
    assert_eq!(call(libc::SYS_wait4, &[pid as u64, 0, 0, 0]), pid);
}

#[test]
fn processes_that_begin() {
    let pids = std::cell::RefCell::new(Vec::new());
    let act = |_: &mut Low| {
        let made = [(nr::FORK, 0), (nr::CLONE, libc::SIGCHLD | libc::CLONE_FILES)].map(|(number, flags)| {
            let pid = call32(number, &[flags as u32, 0, 0, 0, 0]);
            if pid == 0 {
                child(|| {});
            }
            reap(pid);
            pid as u64
        });
        *pids.borrow_mut() = made.to_vec();
    };
    each(&hooks(["FORK_20_X", "CLONE_20_X"]), act, |records| {
        none_compat(records);
        let pids = pids.borrow();
        for (id, pid) in ["FORK_20_X", "CLONE_20_X"].into_iter().zip(&*pids) {
            let (parent, child) = (records.one(id), records.of(*pid, id));
            assert_eq!((parent.number("res"), child.len()), (*pid, 1), "{id}");
            assert_eq!([child[0].number("res"), child[0].number("pid")], [0, *pid]);
        }
        let files = flag(flags::CLONE_FLAGS, "CLONE_FILES");
        assert_ne!(records.one("CLONE_20_X").number("flags") & files, 0);
    });
}

#[test]
fn programs_that_are_run() {
    let pid = std::cell::Cell::new(0);
    let wanted =
        [(Hook::SysExit, "EXECVE_19_X"), (Hook::SysExit, "EXECVEAT_X"), (Hook::SchedProcessExec, "EXECVE_19_X")];
    let act = |low: &mut Low| {
        let (nowhere, program) = (low.text("/nowhere/at/all"), low.text("/bin/true"));
        let arguments = low.texts(&["zero", "one", "and two"]);
        let environment = low.texts(&["A=1", "B=2"]);
        assert_eq!(call32(nr::EXECVE, &[nowhere, arguments, environment]), -2);
        assert_eq!(call32(nr::EXECVEAT, &[u32::MAX, nowhere, arguments, environment, 0]), -2);
        let made = call32(nr::FORK, &[]);
        if made == 0 {
            child(|| {
                call32(nr::EXECVE, &[program, arguments, environment]);
            });
        }
        reap(made);
        pid.set(made as u64);
    };
    each(&wanted, act, |records| {
        none_compat(records);
        for id in ["EXECVE_19_X", "EXECVEAT_X"] {
            let failed = records.one(id);
            assert_eq!((failed.signed("res"), failed.text("exe")), (-2, "zero".to_owned()));
            assert_eq!(
                (failed.texts("args"), failed.texts("env")),
                (words(&["one", "and two"]), words(&["A=1", "B=2"]))
            );
        }
        assert_eq!(records.one("EXECVE_19_X").text("filename"), "/nowhere/at/all");
        let ran = records.of(pid.get(), "EXECVE_19_X");
        assert_eq!(ran.len(), 1, "{ran:#?}");
        assert_eq!((ran[0].signed("res"), ran[0].text("filename")), (0, "/bin/true".to_owned()));
        assert_eq!((ran[0].text("exe"), ran[0].texts("args")), ("zero".to_owned(), words(&["one", "and two"])));
    });
}

#[test]
fn ids_and_signals() {
    let pid = std::cell::Cell::new(0);
    let ids = ["SETUID_X", "KILL_X", "PTRACE_X"];
    let act = |low: &mut Low| {
        let made = call32(nr::FORK, &[]);
        if made == 0 {
            child(|| {
                call32(nr::PTRACE, &[0, 0, 0, 0]);
                call32(nr::SETUID16, &[0x1234_03e8]);
                call32(nr::SETUID32, &[1001]);
                call32(nr::KILL, &[std::process::id(), libc::SIGSTOP as u32]);
            });
        }
        assert_eq!(call(libc::SYS_wait4, &[made as u64, 0, 0, 0]), made);
        let (word, into) = (low.words(&[0x8765_4321, u32::MAX]), low.words(&[0, u32::MAX]));
        // The child was copied before the word was put there.
        assert_eq!(call32(nr::PTRACE, &[5, made as u32, word, 0x8765_4321]), 0);
        assert_eq!(call32(nr::PTRACE, &[2, made as u32, word, into]), 0);
        assert_eq!(call32(nr::KILL, &[made as u32, libc::SIGKILL as u32]), 0);
        reap(made);
        pid.set(made as u64);
    };
    each(&hooks(ids), act, |records| {
        none_compat(records);
        let numbers = |of: &[&Record], name| of.iter().map(|r| r.number(name)).collect::<Vec<_>>();
        let setuid = records.of(pid.get(), "SETUID_X");
        assert_eq!((numbers(&setuid, "uid"), setuid[0].signed("res")), (vec![1000, 1001], 0));
        let kill = records.one("KILL_X");
        assert_eq!([kill.number("pid"), kill.number("sig"), kill.number("res")], [pid.get(), 9, 0]);
        let own = records.own("PTRACE_X");
        let [poke, peek] = own[..] else { panic!("{own:#?}") };
        let number = |of: u64| [vec![0], of.to_le_bytes().to_vec()].concat();
        assert_eq!(poke.bytes("data"), number(0x8765_4321));
        assert_eq!(peek.bytes("data"), number(0x8765_4321), "one word of 32 bits");
        assert_eq!(peek.bytes("addr"), poke.bytes("addr"));
        assert!(peek.bytes("addr")[1..5] != [0; 4] && peek.bytes("addr")[5..] == [0; 4], "{peek:?}");
    });
}

// ---- words in memory ----

#[test]
fn limits_and_times() {
    let ids = ["SETRLIMIT_X", "GETRLIMIT_X", "NANOSLEEP_X", "PPOLL_X", "SETSOCKOPT_X"];
    let act = |low: &mut Low| {
        // A limit of what nothing here does.
        let (resource, limit) = (libc::RLIMIT_RTTIME, low.words(&[3_000_000_000, u32::MAX]));
        assert_eq!(call32(nr::SETRLIMIT, &[resource, limit]), 0);
        assert_eq!(call32(nr::UGETRLIMIT, &[resource, limit]), 0);
        let time = low.words(&[0, 1000]);
        assert_eq!(call32(nr::NANOSLEEP, &[time, 0]), 0);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let ready = low.words(&[socket.as_raw_fd() as u32, libc::POLLOUT as u32]);
        // The kernel writes back what is left.
        let (short, long) = (low.words(&[100, 7]), low.words(&[200, 0, 9, 0]));
        assert_eq!(call32(nr::PPOLL, &[ready, 1, short, 0, 8]), 1);
        assert_eq!(call32(nr::PPOLL_TIME64, &[ready, 1, long, 0, 8]), 1);
        let bad = low.words(&[u32::MAX, 5]);
        assert_eq!(call32(nr::PPOLL, &[0, 0, bad, 0, 8]), -22);
        let (fd, old, new) = (socket.as_raw_fd() as u32, low.words(&[2, 3]), low.words(&[4, 0, 5, 0]));
        assert_eq!(call32(nr::SETSOCKOPT, &[fd, 1, 20, old, 8]), 0);
        assert_eq!(call32(nr::SETSOCKOPT, &[fd, 1, 66, new, 16]), 0);
    };
    each(&hooks(ids), act, |records| {
        none_compat(records);
        for id in ["SETRLIMIT_X", "GETRLIMIT_X"] {
            let record = records.one(id);
            assert_eq!(
                [record.signed("res"), record.signed("cur"), record.signed("max")],
                [0, 3_000_000_000, -1],
                "{id}"
            );
        }
        assert_eq!(records.one("NANOSLEEP_X").number("interval"), 1000);
        let times: Vec<_> = records.own("PPOLL_X").iter().map(|r| r.signed("timeout")).collect();
        for (time, seconds) in times.iter().zip([100, 200]) {
            assert!((seconds - 1..=seconds).contains(&(time / 1_000_000_000)), "{times:?}");
        }
        assert_eq!(times[2], 5 - 1_000_000_000);
        let options: Vec<_> = records.own("SETSOCKOPT_X").iter().map(|r| r.bytes("val").to_vec()).collect();
        let time = |ns: u64| [vec![4], ns.to_le_bytes().to_vec()].concat();
        assert_eq!(options, [time(2_000_003_000), time(4_000_005_000)]);
    });
}

#[test]
fn semaphores() {
    let act = |low: &mut Low| {
        let id = call32(nr::IPC, &[2, 0, 2, (libc::IPC_CREAT | 0o600) as u32]);
        assert!(id >= 0, "{id}");
        let value = low.words(&[5]);
        assert_eq!(call32(nr::IPC, &[3, id as u32, 1, 16 | 0x100, value]), 0);
        let operation = low.put(&[1, 0, 0xfe, 0xff, 0, 8]);
        assert_eq!(call32(nr::IPC, &[1, id as u32, 1, 0, operation]), 0);
        assert_eq!(call(libc::SYS_semctl, &[id as u64, 0, 0]), 0);
    };
    each(&hooks(["SEMGET_X", "SEMOP_X", "SEMCTL_X"]), act, |records| {
        none_compat(records);
        let (get, operate, control) = (records.one("SEMGET_X"), records.one("SEMOP_X"), records.own("SEMCTL_X"));
        assert_eq!((get.number("nsems"), operate.signed("semid"), operate.number("nsops")), (2, get.signed("res"), 1));
        assert_eq!((operate.number("sem_num_0"), operate.signed("sem_op_0")), (1, -2));
        assert_eq!((control[0].number("semnum"), control[0].number("val")), (1, 5));
        assert_eq!(control[0].number("cmd"), flag(flags::SEMCTL_COMMANDS, "SETVAL"));
    });
}

/// What a 64-bit call and the same 32-bit one leave behind.
#[test]
fn the_same_as_64_bit_calls() {
    let ids = ["OPEN_X", "WRITEV_X", "UMOUNT2_X", "PPOLL_X", "GENERIC_X"];
    let act = |low: &mut Low| {
        let (path, vector) = (low.text("/etc/passwd"), low.vector(&[b"one", b"two"]));
        let wide: Vec<u64> = [&b"one"[..], b"two"].iter().flat_map(|p| [p.as_ptr() as u64, p.len() as u64]).collect();
        let fds = [call(libc::SYS_open, &[path.into(), 0]), call32(nr::OPEN, &[path, 0])];
        call(libc::SYS_writev, &[u32::MAX.into(), wide.as_ptr() as u64, 2]);
        call32(nr::WRITEV, &[u32::MAX, vector, 2]);
        call(libc::SYS_umount2, &[path.into(), 0]);
        call32(nr::UMOUNT, &[path, 0xffff]);
        let polled = low.words(&[fds[0] as u32, 1, u32::MAX, 4]);
        let mask = low.words(&[0x55, 0]);
        call(libc::SYS_ppoll, &[polled.into(), 2, 0, mask.into(), 8]);
        call32(nr::PPOLL, &[polled, 2, 0, mask, 8]);
        call(libc::SYS_wait4, &[u32::MAX.into(), 0, libc::WNOHANG as u64, 0]);
        call32(nr::WAITPID, &[u32::MAX, 0, libc::WNOHANG as u32]);
        fds.iter().for_each(|fd| assert_eq!(call(libc::SYS_close, &[*fd as u64]), 0));
    };
    each(&hooks(ids), act, |records| {
        none_compat(records);
        same(records, "OPEN_X", &["fd"]);
        ["WRITEV_X", "UMOUNT2_X", "PPOLL_X"].iter().for_each(|id| same(records, id, &[]));
        let waits = records.own("GENERIC_X").into_iter().filter(|r| r.number("ID") == 69);
        assert_eq!(waits.map(|r| r.number("nativeID")).collect::<Vec<_>>(), [61, 61]);
    });
}

#[test]
fn calls_that_are_not_recorded_are_counted() {
    let act = |low: &mut Low| {
        let at = low.put(&[0; 16]);
        let of = |index: u32| at + 4 * index;
        assert_eq!(call32(nr::GETRESUID16, &[of(0), of(1), of(2)]), 0);
        assert!(call32(nr::VM86, &[]) < 0);
        assert!(call32(nr::SOCKETCALL, &[21, at]) < 0 && call32(nr::IPC, &[99]) < 0);
        // Nobody wants these.
        call32(nr::GETPID, &[]);
        call32(u32::MAX, &[]);
    };
    each(&hooks(["OPEN_X"]), act, |records| {
        assert_eq!(records.lost, [(Loss::Compat, 1, 4)]);
        assert!(records.of(own_tid(), "OPEN_X").is_empty());
    });
}
