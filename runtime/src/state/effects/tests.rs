//! Effects on hand-made events.

use super::super::fd::{Fd, FdKind, L4, Role};
use super::super::{Current, State};
use crate::capture::{FdEntry, FdInfo, FdList, Metadata, Process};
use crate::record::{Params, Record};
use peregrine_schema::EVENTS;
use peregrine_schema::events::code;

mod facts;

const SEC: u64 = 1_000_000_000;

/// A parameter.
enum P<'a> {
    None,
    I(i64),
    U32(u32),
    U16(u16),
    U8(u8),
    T(&'a str),
    B(&'a [u8]),
}
use P::{B, I, None as N, T, U8, U16, U32};

/// A state, its last event, and a clock.
struct Machine {
    state: State,
    cur: Current,
    ts: u64,
}

impl Machine {
    /// Process 1, and a shell 10 with a child 20, all main threads.
    fn new() -> Machine {
        let mut m = Machine { state: State::default(), cur: Current::default(), ts: 100 * SEC };
        for (tid, ptid, comm) in [(1, 0, "init"), (10, 1, "sh"), (20, 10, "app")] {
            m.state.load(&Metadata::Process(process(tid, tid, ptid, comm)));
        }
        m.state.loaded();
        m
    }

    fn event(&mut self, tid: i64, code: u16, params: &[P<'_>]) {
        let (mut lens, mut data) = (Vec::new(), Vec::new());
        let wide = EVENTS[code as usize].flags.has(peregrine_schema::EventFlags::LARGE_PAYLOAD);
        for p in params {
            let before = data.len();
            match p {
                P::None => {}
                I(v) => data.extend(v.to_le_bytes()),
                U32(v) => data.extend(v.to_le_bytes()),
                U16(v) => data.extend(v.to_le_bytes()),
                U8(v) => data.push(*v),
                T(v) => data.extend([v.as_bytes(), &[0]].concat()),
                B(v) => data.extend_from_slice(v),
            }
            let len = data.len() - before;
            if wide {
                lens.extend((len as u32).to_le_bytes());
            } else {
                lens.extend((len as u16).to_le_bytes());
            }
        }
        self.ts += 1000;
        let params = Params::new(&lens, &data, if wide { 4 } else { 2 });
        let rec = Record { ts: self.ts, tid, code, cpu: 0, flags: 0, params };
        self.state.apply(&rec, &mut self.cur);
        self.state.after(&mut self.cur);
    }

    fn comm(&self, tid: i64) -> Option<String> {
        self.state.threads.get(tid).map(|t| text(&t.image.comm))
    }

    fn ptid(&self, tid: i64) -> i64 {
        self.state.threads.get(tid).expect("thread exists").ptid
    }

    fn count(&self, tid: i64) -> u64 {
        self.state.threads.thread_count(self.state.threads.get(tid).expect("thread exists"))
    }

    fn has_fd(&self, tid: i64, num: i64) -> bool {
        let threads = &self.state.threads;
        threads.get(tid).and_then(|t| threads.fds(t)).is_some_and(|fds| fds.get(num).is_some())
    }

    /// The event's descriptor.
    fn fd(&self) -> Option<&Fd> {
        self.state.event_fd(&self.cur)
    }

    /// Name of the event's descriptor.
    fn name(&self) -> String {
        text(&self.fd().expect("the event is about a known descriptor").name)
    }

    fn open(&mut self, tid: i64, num: i64, path: &str, flags: u32) {
        self.event(tid, code::OPEN_X, &[I(num), T(path), U32(flags), U32(0), U32(5), I(99)]);
    }

    fn clone(&mut self, tid: i64, res: i64, ids: (i64, i64), flags: u32, vids: (i64, i64)) {
        let (pid, ptid) = ids;
        let (vtid, vpid) = vids;
        let head = [I(res), T("app"), B(b"-x\0"), I(tid), I(pid), I(ptid), N, I(1024), I(1), I(2), U32(3), U32(4)];
        let tail = [U32(5), T("app"), B(b"cpu=/\0"), U32(flags), U32(1000), U32(1000), I(vtid), I(vpid), I(7)];
        let params: Vec<P<'_>> = head.into_iter().chain(tail).collect();
        self.event(tid, code::CLONE_20_X, &params);
    }

    fn exec(&mut self, tid: i64, comm: &str, path: P<'_>) {
        let argv0 = format!("{comm}0");
        let mut params =
            vec![I(0), T(&argv0), B(b"a\0b\0"), I(tid), I(tid), I(1), N, I(512), I(1), I(2), U32(3), U32(4), U32(5)];
        params.extend([T(comm), B(b"cpu=/\0"), B(b"K=V\0"), U32(34816), I(tid), U32(1000), U32(0b0101)]);
        params.extend([I(1), I(2), I(3), I(42), I(50 * SEC as i64), I(51 * SEC as i64), U32(0), path, I(tid), U32(0)]);
        self.event(tid, code::EXECVE_19_X, &params);
    }
}

fn process(tid: i64, pid: i64, ptid: i64, comm: &str) -> Process {
    let comm = comm.as_bytes().to_vec();
    Process {
        tid,
        pid,
        ptid,
        vtid: tid,
        vpid: pid,
        exe: comm.clone(),
        comm,
        cwd: b"/home".to_vec(),
        ..Process::default()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn v4(sip: [u8; 4], sport: u16, dip: [u8; 4], dport: u16) -> Vec<u8> {
    [&[2][..], &sip, &sport.to_le_bytes(), &dip, &dport.to_le_bytes()].concat()
}

fn addr4(ip: [u8; 4], port: u16) -> Vec<u8> {
    [&[2][..], &ip, &port.to_le_bytes()].concat()
}

#[test]
fn unknown_threads_get_placeholders() {
    let mut m = Machine::new();
    m.event(77, code::FSTAT_X, &[I(0), I(3)]);
    assert_eq!(m.comm(77).as_deref(), Some("<NA>"));
    let thread = m.state.threads.get(77).expect("placeholder");
    assert!(thread.is_invalid() && thread.uid == u32::MAX);
    assert_eq!((m.cur.slot.is_some(), m.cur.fd, m.fd().is_none()), (true, Some(3), true));
    m.event(78, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(1)]);
    assert!(m.state.threads.get(78).is_none());
    assert_eq!(m.cur.slot, None);
}

#[test]
fn open_and_close() {
    let mut m = Machine::new();
    m.open(20, 3, "../etc/./passwd", 1);
    assert_eq!(m.name(), "/etc/passwd");
    assert!(m.cur.fd_name_changed);
    let fd = m.fd().cloned().expect("opened");
    assert_eq!((fd.kind, fd.dev, fd.ino, text(&fd.name_raw)), (FdKind::FileV2, 5, 99, "../etc/./passwd".into()));
    m.event(20, code::READ_X, &[I(1), B(b"x"), I(3), U32(1)]);
    assert_eq!((m.cur.fd, m.name(), m.cur.fd_name_changed), (Some(3), "/etc/passwd".into(), false));
    m.event(20, code::CLOSE_X, &[I(0), I(3)]);
    assert_eq!(m.name(), "/etc/passwd");
    assert!(m.has_fd(20, 3), "gone only with the next event");
    m.event(10, code::CLOSE_X, &[I(-9), I(3)]);
    assert!(!m.has_fd(20, 3));
    m.open(20, -2, "/nothing", 1);
    assert_eq!((m.cur.fd, m.fd().is_none()), (Some(-1), true));
}

#[test]
fn paths_of_the_enter_event_win() {
    let mut m = Machine::new();
    m.event(20, code::OPENAT_2_E, &[I(-100), T("real"), U32(0x400), U32(0)]);
    m.event(20, code::OPENAT_2_X, &[I(3), I(-100), T("forged"), U32(0x4001), U32(0), U32(0), I(0)]);
    assert_eq!(m.name(), "/home/real");
    let fd = m.fd().cloned().expect("opened");
    assert_eq!((fd.kind, fd.open_flags), (FdKind::Directory, 0x4400));
    m.event(20, code::OPENAT_2_X, &[I(4), I(3), T("x"), U32(1), U32(0), U32(0), I(0)]);
    assert_eq!(m.name(), "/home/real/x");
    m.event(20, code::OPENAT_2_X, &[I(5), I(50), T("x"), U32(1), U32(0), U32(0), I(0)]);
    assert_eq!(m.name(), "<UNKNOWN>x");
    m.event(20, code::OPEN_BY_HANDLE_AT_X, &[I(6), I(3), U32(1), N, U32(0), I(0)]);
    assert_eq!(m.name(), "<NA>");
    let long = "a".repeat(1100);
    m.open(20, 7, &long, 1);
    assert_eq!(m.name(), "/DIR_TOO_LONG/FILENAME_TOO_LONG");
}

#[test]
fn copies_of_descriptors() {
    let mut m = Machine::new();
    m.open(20, 3, "/a", 0x1001);
    m.event(20, code::DUP2_X, &[I(1), I(3), I(1)]);
    assert_eq!((m.cur.fd, m.name(), m.cur.fd_name_changed), (Some(1), "/a".into(), false));
    assert!(!m.fd().is_some_and(|fd| fd.cloexec()));
    m.event(20, code::DUP3_X, &[I(4), I(3), I(4), U32(0x1000)]);
    m.event(20, code::FCNTL_X, &[I(5), I(3), U8(0x1a), I(0)]);
    m.event(20, code::FCNTL_X, &[I(0), I(1), U8(3), I(1)]);
    m.event(20, code::PIPE2_X, &[I(0), I(6), I(7), I(11), U32(0x1000)]);
    assert_eq!(m.cur.fd, Some(7));
    m.event(20, code::EPOLL_CREATE1_X, &[I(8), U32(0)]);
    m.event(20, code::MEMFD_CREATE_X, &[I(9), T("m"), U32(0)]);
    assert_eq!(m.name(), "m");
    m.exec(20, "new", T("/bin/new"));
    let kept: Vec<i64> = (0..10).filter(|n| m.has_fd(20, *n)).collect();
    assert_eq!(kept, [8, 9]);
    m.event(20, code::CLOSE_RANGE_X, &[I(0), U32(8), U32(u32::MAX), U32(0)]);
    assert!(!m.has_fd(20, 8) && !m.has_fd(20, 9));
    m.event(20, code::MEMFD_CREATE_X, &[I(-22), T("m"), U32(0)]);
    assert_eq!(m.fd().map(|fd| fd.kind), Some(FdKind::Uninitialized));
}

#[test]
fn kinds_of_descriptors() {
    let mut m = Machine::new();
    for (code, kind) in [
        (code::EVENTFD_X, FdKind::Event),
        (code::EVENTFD2_X, FdKind::Event),
        (code::SIGNALFD_X, FdKind::SignalFd),
        (code::SIGNALFD4_X, FdKind::SignalFd),
        (code::TIMERFD_CREATE_X, FdKind::TimerFd),
        (code::INOTIFY_INIT_X, FdKind::Inotify),
        (code::INOTIFY_INIT1_X, FdKind::Inotify),
        (code::BPF_2_X, FdKind::Bpf),
        (code::USERFAULTFD_X, FdKind::Userfaultfd),
        (code::IO_URING_SETUP_X, FdKind::IoUring),
        (code::EPOLL_CREATE_X, FdKind::EventPoll),
        (code::EPOLL_CREATE1_X, FdKind::EventPoll),
    ] {
        m.event(20, code, &[I(30), U16(0), U16(0)]);
        let found = m.fd().map(|fd| fd.kind);
        assert_eq!((found, m.cur.fd), (Some(kind), Some(30)), "{}", EVENTS[code as usize].name);
    }
    m.event(20, code::PIDFD_OPEN_X, &[I(31), I(10), U32(0)]);
    assert_eq!(m.name(), "/proc/10");
    m.open(10, 3, "/of/shell", 1);
    m.event(20, code::PIDFD_GETFD_X, &[I(32), I(31), I(3), U32(0)]);
    assert_eq!(m.name(), "/of/shell");
    m.event(20, code::SOCKETPAIR_X, &[I(0), I(33), I(34), I(0xabc), I(0xdef), U32(1), U32(1), U32(0)]);
    assert_eq!((m.cur.fd, m.has_fd(20, 33)), (Some(34), true));
}

#[test]
fn tcp_client() {
    let mut m = Machine::new();
    m.event(20, code::SOCKET_X, &[I(3), U32(2), U32(1), U32(0), U32(0)]);
    let fd = m.fd().cloned().expect("made");
    assert_eq!(
        (fd.kind, fd.l4(), fd.l4proto(), fd.connected, m.name()),
        (FdKind::Ipv4Sock, L4::Tcp, L4::Na, false, String::new())
    );
    let server = addr4([1, 2, 3, 4], 80);
    // What the process has in its memory at exit is what the tuple says, but not what it was at entry.
    m.event(20, code::CONNECT_E, &[I(3), B(&addr4([9, 9, 9, 9], 443))]);
    m.event(20, code::CONNECT_X, &[I(-115), B(&v4([10, 0, 0, 1], 4000, [1, 2, 3, 4], 80)), I(3), B(&server)]);
    assert_eq!(m.name(), "10.0.0.1:4000->9.9.9.9:443");
    let fd = m.fd().cloned().expect("known");
    assert_eq!((fd.role, fd.connected, fd.l4proto(), m.cur.fd_name_changed), (Role::Client, true, L4::Tcp, true));
    m.event(20, code::CONNECT_X, &[I(-111), N, I(3), N]);
    assert_eq!(m.name(), "10.0.0.1:4000->9.9.9.9:443");
}

#[test]
fn tcp_server() {
    let mut m = Machine::new();
    m.event(20, code::SOCKET_X, &[I(3), U32(10), U32(1), U32(6), U32(0)]);
    let any = [&[10][..], &[0; 16], &80u16.to_le_bytes()].concat();
    m.event(20, code::BIND_X, &[I(0), B(&any), I(3)]);
    assert_eq!(m.name(), ":::80");
    let fd = m.fd().cloned().expect("known");
    assert_eq!((fd.kind, fd.role, fd.l4()), (FdKind::Ipv4ServSock, Role::Server, L4::Tcp));
    m.event(
        20,
        code::ACCEPT4_6_X,
        &[I(4), B(&v4([10, 0, 0, 9], 5000, [10, 0, 0, 1], 80)), U8(0), U32(0), U32(0), U32(0x1000)],
    );
    assert_eq!((m.cur.fd, m.name()), (Some(4), "10.0.0.9:5000->10.0.0.1:80".into()));
    let fd = m.fd().cloned().expect("known");
    assert!(fd.role == Role::Server && fd.connected && fd.cloexec());
    let port0 = addr4([127, 0, 0, 1], 0);
    m.event(20, code::SOCKET_X, &[I(5), U32(2), U32(1), U32(0), U32(0)]);
    m.event(20, code::BIND_X, &[I(0), B(&port0), I(5)]);
    assert_eq!((m.name(), m.fd().map(|fd| fd.kind)), ("127.0.0.1:0".into(), Some(FdKind::Ipv4Sock)));
}

#[test]
fn udp() {
    let mut m = Machine::new();
    m.event(20, code::SOCKET_X, &[I(3), U32(2), U32(2), U32(0), U32(0)]);
    let sent = v4([10, 0, 0, 1], 4000, [8, 8, 8, 8], 53);
    m.event(20, code::SENDTO_X, &[I(1), B(b"x"), I(3), U32(1), B(&sent)]);
    assert_eq!((m.name(), m.cur.fd_name_changed), ("10.0.0.1:4000->8.8.8.8:53".into(), true));
    assert_eq!(m.fd().map(|fd| fd.role), Some(Role::Client));
    m.event(20, code::RECVFROM_X, &[I(1), B(b"x"), B(&v4([8, 8, 8, 8], 53, [10, 0, 0, 1], 4000)), I(3), U32(1)]);
    assert!(!m.cur.fd_name_changed);
    m.event(20, code::CONNECT_X, &[I(0), B(&v4([10, 0, 0, 1], 4000, [8, 8, 4, 4], 53)), I(3), N]);
    assert_eq!((m.name(), m.cur.fd_name_changed), ("10.0.0.1:4000->8.8.4.4:53".into(), true));
    // Another peer.
    m.event(20, code::SENDTO_X, &[I(1), B(b"x"), I(3), U32(1), B(&v4([10, 0, 0, 1], 4000, [9, 9, 9, 9], 54))]);
    assert_eq!((m.name(), m.cur.fd_name_changed), ("10.0.0.1:4000->9.9.9.9:54".into(), true));
    // The creation was missed.
    m.event(20, code::SENDTO_X, &[I(1), B(b"x"), I(9), U32(1), B(&sent)]);
    assert_eq!((m.cur.fd, m.name()), (Some(9), "10.0.0.1:4000->8.8.8.8:53".into()));
    m.event(20, code::SENDTO_X, &[I(-1), B(b"x"), I(19), U32(1), B(&sent)]);
    assert!(m.fd().is_none());
}

#[test]
fn unix_sockets() {
    let mut m = Machine::new();
    m.event(20, code::SOCKET_X, &[I(3), U32(1), U32(2), U32(0), U32(0)]);
    let tuple = [&[1][..], &0xau64.to_le_bytes(), &0xbu64.to_le_bytes(), b"/run/s\0"].concat();
    m.event(20, code::CONNECT_X, &[I(0), B(&tuple), I(3), N]);
    assert_eq!(m.name(), "a->b /run/s");
    m.event(20, code::SENDMSG_X, &[I(1), B(b"x"), I(3), U32(1), B(&tuple)]);
    assert!(!m.cur.fd_name_changed);
    let other = [&[1][..], &0xau64.to_le_bytes(), &0xcu64.to_le_bytes(), b"/run/t\0"].concat();
    m.event(20, code::SENDMSG_X, &[I(1), B(b"x"), I(3), U32(1), B(&other)]);
    assert_eq!((m.name(), m.cur.fd_name_changed), ("a->c /run/t".into(), true));
}

#[test]
fn child_seen_by_its_parent_first() {
    let mut m = Machine::new();
    m.open(20, 3, "/a", 1);
    m.clone(20, 30, (20, 10), 0, (20, 20));
    let child = m.state.threads.get(30).expect("made").clone();
    assert_eq!((child.pid, child.ptid, child.vtid, child.vpid, child.uid), (30, 20, 30, 30, 1000));
    assert_eq!((child.clone_ts, text(&child.cwd)), (m.ts, "/home/".into()));
    assert!(m.has_fd(30, 3));
    m.clone(30, 0, (30, 20), 0, (30, 30));
    assert_eq!(m.state.threads.get(30).map(|t| t.clone_ts), Some(child.clone_ts), "the second event changes nothing");
    m.event(30, code::CLOSE_X, &[I(0), I(3)]);
    m.event(30, code::FSTAT_X, &[I(0), I(0)]);
    assert!(m.has_fd(20, 3) && !m.has_fd(30, 3), "tables are shared until one changes");
}

#[test]
fn child_seen_first() {
    let mut m = Machine::new();
    m.clone(30, 0, (30, 20), 0, (30, 30));
    assert_eq!((m.cur.slot, m.ptid(30), m.comm(30).as_deref()), (Some(m.facts(30).slot), 20, Some("app")));
    let made = m.state.threads.get(30).map(|t| t.clone_ts);
    m.clone(20, 30, (20, 10), 0, (20, 20));
    assert_eq!(m.state.threads.get(30).map(|t| t.clone_ts), made);
    m.ts += 3 * SEC;
    m.clone(30, 0, (30, 10), 0, (30, 30));
    assert_eq!(m.ptid(30), 10, "a stale entry is replaced");
}

#[test]
fn callers_that_do_not_make_the_child() {
    const VFORK: u32 = 1 << 27;
    const NEWPID: u32 = 1 << 6;
    const PARENT: u32 = 1 << 8;
    const IN_PIDNS: u32 = 1 << 29;
    let mut m = Machine::new();
    for flags in [VFORK, NEWPID, PARENT, IN_PIDNS] {
        m.clone(20, 30, (20, 10), flags, (20, 20));
        assert!(m.state.threads.get(30).is_none(), "{flags:#x}");
    }
    // In a pid namespace the child's own event tells its ids.
    m.clone(40, 0, (40, 20), IN_PIDNS, (2, 2));
    let child = m.state.threads.get(40).expect("made");
    assert_eq!((child.vtid, child.pidns_init_start_ts, child.in_pid_namespace()), (2, 7, true));
    // The child has come and gone.
    m.clone(30, 0, (30, 20), 0, (30, 30));
    m.event(30, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(0)]);
    m.clone(20, 30, (20, 10), 0, (20, 20));
    assert!(m.state.threads.get(30).is_none());
}

#[test]
fn threads_share_what_the_process_has() {
    const THREAD: u32 = 1 << 13;
    let mut m = Machine::new();
    m.clone(20, 21, (20, 10), THREAD, (20, 20));
    m.clone(22, 0, (20, 10), THREAD, (22, 20));
    assert_eq!((m.count(20), m.count(22)), (3, 3));
    m.open(21, 5, "x", 1);
    assert_eq!(m.name(), "/home/x");
    assert!(m.has_fd(20, 5) && m.has_fd(22, 5));
    m.event(22, code::CHDIR_X, &[I(0), T("/tmp")]);
    m.open(21, 6, "y", 1);
    assert_eq!(m.name(), "/tmp/y");
    let (threads, t) = (&m.state.threads, m.state.threads.get(21).expect("made"));
    assert_eq!((threads.follower_count(t), threads.main(t).map(|t| t.tid), t.is_main()), (2, Some(20), false));
    m.event(20, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(0)]);
    m.event(22, code::FSTAT_X, &[I(0), I(5)]);
    assert_eq!(m.name(), "/home/x", "the leader stays for its threads");
    m.event(21, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(0)]);
    m.event(22, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(0)]);
    m.event(10, code::FSTAT_X, &[I(0), I(5)]);
    assert!([20, 21, 22].iter().all(|t| m.state.threads.get(*t).is_none()));
}

#[test]
fn exec_ends_the_other_threads() {
    const THREAD: u32 = 1 << 13;
    let mut m = Machine::new();
    m.clone(20, 21, (20, 10), THREAD, (20, 20));
    let old = m.state.threads.get(20).expect("known").image.id;
    m.exec(20, "new", T("/bin/new (deleted)"));
    assert!(m.state.threads.get(21).is_none());
    let t = m.state.threads.get(20).expect("known");
    let image = &t.image;
    assert_eq!(
        (text(&image.comm), text(&image.exe), text(&image.exepath)),
        ("new".into(), "new0".into(), "/bin/new".into())
    );
    assert_eq!(image.args.iter().map(text).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((image.exe_flags, image.exe_ino, t.tty, t.loginuid, t.uid), (5, 42, 34816, 1000, 0));
    assert_eq!((t.cap_inheritable, t.cap_permitted, t.cap_effective, t.lastexec_ts), (1, 2, 3, m.ts));
    assert!(image.id != old && m.count(20) == 1);
}

#[test]
fn exec_of_old_captures() {
    let mut m = Machine::new();
    m.event(20, code::EXECVE_19_E, &[T("bin/app")]);
    m.exec(20, "app", N);
    assert_eq!(text(&m.state.threads.get(20).expect("known").image.exepath), "/home/bin/app");
    m.open(20, 3, "/opt", 0x400);
    m.event(20, code::EXECVEAT_E, &[I(3), T("tool"), U32(0)]);
    m.exec(20, "tool", N);
    assert_eq!(text(&m.state.threads.get(20).expect("known").image.exepath), "/opt/tool");
    // A placeholder learns who its parent is.
    m.event(77, code::FSTAT_X, &[I(0), I(3)]);
    m.exec(77, "late", T("/bin/late"));
    assert_eq!((m.ptid(77), m.count(77)), (1, 1));
}

#[test]
fn orphans() {
    const SET_CHILD_SUBREAPER: u32 = 0x24;
    let mut m = Machine::new();
    m.clone(30, 0, (30, 20), 0, (30, 30));
    m.clone(40, 0, (40, 30), 0, (40, 40));
    m.event(10, code::PRCTL_X, &[I(0), U32(SET_CHILD_SUBREAPER), N, I(1)]);
    m.event(30, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(0)]);
    m.event(20, code::FSTAT_X, &[I(0), I(0)]);
    assert_eq!(m.ptid(40), 10, "the nearest reaper");
    m.clone(50, 0, (50, 40), 0, (50, 50));
    m.event(40, code::PROCEXIT_1_E, &[I(0), I(0), U8(0), U8(0), I(1)]);
    m.event(20, code::FSTAT_X, &[I(0), I(0)]);
    assert_eq!(m.ptid(50), 1, "the reaper that the kernel names");
    let chain: Vec<i64> = m.state.threads.ancestors(m.state.threads.get(20).expect("known")).map(|t| t.tid).collect();
    assert_eq!(chain, [10, 1]);
}

#[test]
fn attributes() {
    let mut m = Machine::new();
    m.event(20, code::SETUID_X, &[I(0), U32(33)]);
    m.event(20, code::SETRESGID_X, &[I(0), U32(1), U32(2), U32(3)]);
    m.event(20, code::SETUID_X, &[I(-1), U32(44)]);
    m.event(20, code::SETSID_X, &[I(20)]);
    m.event(20, code::CAPSET_X, &[I(0), I(1), I(2), I(4)]);
    m.event(20, code::SETRLIMIT_X, &[I(0), I(77), I(88), U8(7)]);
    m.event(20, code::MMAP_X, &[I(0), U32(11), U32(12), U32(13)]);
    let t = m.state.threads.get(20).expect("known");
    assert_eq!((t.uid, t.gid, t.sid, t.usage.fdlimit), (33, 2, 20, 77));
    assert_eq!((t.cap_inheritable, t.cap_permitted, t.cap_effective), (1, 2, 4));
    assert_eq!((t.usage.vmsize_kb, t.usage.vmrss_kb, t.usage.vmswap_kb), (11, 12, 13));
    m.event(10, code::PRLIMIT_X, &[I(0), I(99), I(99), I(0), I(0), I(20), U8(7)]);
    m.event(20, code::UNSHARE_X, &[I(0), U32(1 << 20)]);
    m.event(20, code::CHROOT_X, &[I(0), T("jail")]);
    let t = m.state.threads.get(20).expect("known");
    assert_eq!((t.usage.fdlimit, t.cap_effective, text(&t.root)), (99, (1 << 41) - 1, "/home/jail".into()));
    m.event(20, code::SCHEDSWITCH_6_E, &[I(1), I(5), I(6), U32(1), U32(2), U32(3)]);
    assert_eq!(m.state.threads.get(20).map(|t| (t.usage.pfmajor, t.usage.vmsize_kb)), Some((5, 1)));
    m.open(20, 3, "/srv", 0x400);
    m.event(20, code::FCHDIR_X, &[I(0), I(3)]);
    assert_eq!(text(m.state.threads.cwd(m.state.threads.get(20).expect("known"))), "/srv/");
}

#[test]
fn users_and_containers() {
    let mut m = Machine::new();
    m.event(-1, code::USER_ADDED_E, &[U32(33), U32(34), T("www"), T("/w"), T("/sh"), T("")]);
    m.event(-1, code::GROUP_ADDED_E, &[U32(34), T("web"), T("")]);
    assert_eq!(m.cur.slot, None);
    assert_eq!(m.state.users.user(b"", 33).map(|u| text(&u.name)), Some("www".into()));
    assert_eq!(m.state.users.user(b"", 0).map(|u| text(&u.name)), Some("root".into()));
    m.event(-1, code::USER_DELETED_E, &[U32(33), U32(34), T("www"), T("/w"), T("/sh"), T("")]);
    m.event(-1, code::GROUP_DELETED_E, &[U32(34), T("web"), T("")]);
    assert!(m.state.users.user(b"", 33).is_none() && m.state.users.group(b"", 34).is_none());
    let json = r#"{"container": {"id": "aabbccddeeff", "type": 7, "name": "web"}}"#;
    m.event(-1, code::ASYNCEVENT_E, &[U32(0), T("container"), T(json)]);
    assert_eq!(m.cur.container.as_ref().map(|c| &*c.name), Some("web"));
    assert!(m.state.containers.get(b"aabbccddeeff").is_some());
    m.event(-1, code::ASYNCEVENT_E, &[U32(0), T("container_removed"), T(json)]);
    assert!(m.cur.container.is_some() && m.state.containers.get(b"aabbccddeeff").is_none());
}

#[test]
fn connections_of_the_descriptor_list() {
    let mut state = State::default();
    state.load(&Metadata::Process(process(20, 20, 1, "app")));
    let (a, b) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let entry = |fd, kind, info| FdEntry { fd, ino: 0, kind, info };
    let fds = vec![
        entry(3, 5, FdInfo::V4Server { ip: [0; 4], port: 80, l4: 2 }),
        entry(4, 3, FdInfo::V4 { sip: a, dip: b, sport: 80, dport: 4000, l4: 2 }),
        entry(5, 3, FdInfo::V4 { sip: a, dip: b, sport: 4001, dport: 443, l4: 2 }),
        entry(6, 4, FdInfo::V6 { sip: [1; 16], dip: [2; 16], sport: 80, dport: 4000, l4: 2 }),
        entry(7, 8, FdInfo::Unix { source: 1, dest: 2, name: b"/s".to_vec() }),
    ];
    state.load(&Metadata::Fds(FdList { tid: 20, fds }));
    state.loaded();
    let thread = state.threads.get(20).expect("added");
    let of = |num| state.threads.own_fds(thread).get(num).map(|fd| (text(&fd.name), fd.role)).expect("listed");
    assert_eq!(of(3), ("0.0.0.0:80".into(), Role::None));
    assert_eq!(of(4), ("10.0.0.2:4000->10.0.0.1:80".into(), Role::Server));
    assert_eq!(of(5), ("10.0.0.1:4001->10.0.0.2:443".into(), Role::Client));
    assert_eq!(of(6).1, Role::None);
    assert_eq!(of(7), ("/s".into(), Role::Server));
}

/// Events of all types with small random numbers for parameters, so that threads and descriptors meet.
#[test]
fn nothing_breaks_the_state() {
    let mut m = Machine::new();
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for _ in 0..100_000 {
        let code = match random(3) {
            0 => code::CLONE_20_X,
            1 if random(2) == 0 => code::PROCEXIT_1_E,
            _ => random(EVENTS.len() as u64) as u16,
        };
        let params: Vec<P<'_>> = (0..random(31))
            .map(|_| match random(7) {
                0 => N,
                1 => U32(1 << random(31)),
                2 => T("/a/../b"),
                3 => B(&[2, 1, 1, 1, 1, 80, 0, 2, 2, 2, 2, 81, 0]),
                _ => I(random(12) as i64 - 2),
            })
            .collect();
        m.event(random(10) as i64 - 1, code, &params);
        m.ts += random(SEC);
        for thread in m.state.threads.iter() {
            assert!(m.state.threads.ancestors(thread).count() <= m.state.threads.len());
        }
    }
}
