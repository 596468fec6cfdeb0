//! The real `/proc`: this process with everything open that there is, and its children.

use super::*;
use rustix::fs::{Mode, OFlags};
use std::fs;
use std::io::{BufRead as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};

/// A process that is ended with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Strings of a `/proc` file as a capture holds them.
fn strings(path: &str) -> Vec<u8> {
    let mut text = fs::read(path).unwrap();
    if text.len() >= 4096 {
        text.truncate(4096);
        text[4095] = 0;
    }
    text
}

#[test]
fn this_process() {
    let told = Told::process(Options::default(), own());
    let p = &told.processes[&own()];
    let exe = std::env::current_exe().unwrap();
    assert_eq!(p.exepath, bytes(&exe));
    let args: Vec<String> = std::env::args().collect();
    assert_eq!(p.exe, args[0].as_bytes());
    let rest: Vec<u8> = args[1..].iter().flat_map(|a| [a.as_bytes(), &[0]].concat()).collect();
    assert_eq!(p.args, rest);
    assert_eq!(p.env, strings("/proc/self/environ"));
    assert_eq!(p.cwd, bytes(&std::env::current_dir().unwrap()));
    assert_eq!(p.root, bytes(&fs::read_link("/proc/self/root").unwrap()));
    assert_eq!((p.pid, p.vtid, p.vpid, p.flags), (own(), own(), own(), 0));
    assert_eq!(p.ptid, i64::from(std::os::unix::process::parent_id()));
    assert_eq!((p.uid, p.gid), (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()));
    // 0 where the session began outside of this pid namespace.
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
    let [pgid, sid] = [2, 3].map(|field| after_name[field].parse::<i64>().unwrap());
    assert_eq!((p.sid, p.pgid, p.vpgid), (sid, pgid, pgid));
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    assert_eq!(p.fdlimit, limit.map_or(-1, |l| l as i64));
    let inode = fs::metadata(&exe).unwrap();
    let time = |s: i64, ns: i64| (s * 1_000_000_000 + ns) as u64;
    assert_eq!(p.exe_ino, inode.ino());
    assert_eq!(p.exe_ino_ctime, time(inode.ctime(), inode.ctime_nsec()));
    assert_eq!(p.exe_ino_mtime, time(inode.mtime(), inode.mtime_nsec()));
    // It was built by whoever runs it.
    assert_eq!(p.exe_writable, inode.uid() == p.uid || p.exe_writable);
    assert!(!p.exe_from_memfd);
    assert!(p.vmsize_kb > p.vmrss_kb && p.vmrss_kb > 0 && p.pfminor > 0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    assert!(p.clone_ts < now + 20_000_000 && p.clone_ts > now - 600_000_000_000, "{} {now}", p.clone_ts);
    assert!(p.pidns_init_start_ts > 0 && p.pidns_init_start_ts <= p.clone_ts);
    let caps = rustix::thread::capabilities(None).unwrap();
    assert_eq!(p.cap_effective, caps.effective.bits());
    assert_eq!(p.cap_permitted, caps.permitted.bits());
    assert_eq!(p.cap_inheritable, caps.inheritable.bits());
    assert_eq!((told.counts.processes, told.counts.malformed), (1, 0));
}

#[test]
fn its_threads() {
    let (tell, told) = std::sync::mpsc::channel();
    let (end, wait) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::Builder::new().name("a) thread\n".into()).spawn(move || {
        tell.send(i64::from(rustix::thread::gettid().as_raw_nonzero().get())).unwrap();
        let _ = wait.recv();
    });
    let tid = told.recv().unwrap();
    // Asked for by the id of the thread.
    let told = Told::process(Options::default(), tid);
    drop(end);
    thread.unwrap().join().unwrap();
    let (main, thread) = (&told.processes[&own()], &told.processes[&tid]);
    assert_eq!(thread.comm, b"a) thread\n");
    assert_eq!((thread.pid, thread.vtid, thread.flags), (own(), tid, 1 | 1 << 13));
    assert_eq!((&thread.exe, &thread.args, &thread.env), (&main.exe, &main.args, &main.env));
    assert_eq!((&thread.cwd, thread.ptid, thread.exe_ino), (&main.cwd, main.ptid, main.exe_ino));
    assert!(thread.clone_ts >= main.clone_ts);
    assert!(told.counts.threads >= 1);
    assert_eq!(told.fds.keys().copied().collect::<Vec<_>>(), [own()]);
}

#[test]
fn a_child_in_a_session_of_its_own() {
    let child = Command::new("setsid")
        .args(["sh", "-c", "read line", "name", "", "x y"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("MARK", "one two")
        .current_dir("/")
        .stdin(Stdio::piped())
        .spawn();
    let mut child = Ended(child.unwrap());
    let pid = i64::from(child.0.id());
    let started = std::time::Instant::now();
    let told = loop {
        let told = Told::process(Options::default(), pid);
        if told.processes.get(&pid).is_some_and(|p| p.comm == b"sh") {
            break told;
        }
        assert!(started.elapsed().as_secs() < 20, "the child does not run");
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let p = &told.processes[&pid];
    assert_eq!((p.sid, p.pgid, p.vpgid, p.ptid, p.tty), (pid, pid, pid, own(), 0));
    assert_eq!((p.exe.as_slice(), p.args.as_slice()), (&b"sh"[..], &b"-c\0read line\0name\0\0x y\0"[..]));
    assert!(p.env.windows(13).any(|w| w == b"MARK=one two\0"), "{:?}", String::from_utf8_lossy(&p.env));
    assert_eq!((p.cwd.as_slice(), p.root.as_slice()), (&b"/"[..], &b"/"[..]));
    assert_eq!(told.fd(pid, 0).unwrap().kind, 7);
    child.0.stdin.take();
    child.0.wait().unwrap();
    let gone = Told::process(Options::default(), pid);
    assert!(gone.all.is_empty());
    assert_eq!(gone.counts.gone, 1);
}

/// A process in a mount namespace with an overlay, as containers are.
#[test]
fn layers_of_overlays() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().canonicalize().unwrap();
    for folder in ["lower", "upper dir", "work", "merged"] {
        fs::create_dir(place.join(folder)).unwrap();
    }
    for (layer, upper) in [("lower", false), ("upper dir", true)] {
        let name = layer.replace(' ', "_");
        fs::copy("/bin/sh", place.join(layer).join(&name)).unwrap();
        let script = "mount -t overlay overlay -o \"lowerdir=$PWD/lower,upperdir=$PWD/upper dir,workdir=$PWD/work\" merged && exec \"$0\" -c 'echo here; read line'";
        let child = Command::new("unshare")
            .args(["-m", "sh", "-c", script, &format!("merged/{name}")])
            .current_dir(&place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = child else { return eprintln!("skipped: no unshare here") };
        let mut child = Ended(child);
        let mut line = String::new();
        std::io::BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            return eprintln!("skipped: overlays cannot be mounted here");
        }
        let pid = i64::from(child.0.id());
        let p = &Told::process(Options::default(), pid).processes[&pid];
        assert_eq!(p.exepath, bytes(&place.join("merged").join(&name)));
        assert_eq!((p.exe_upper_layer, p.exe_lower_layer), (upper, !upper));
    }
}

#[test]
fn files_and_directories() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().canonicalize().unwrap();
    let path = place.join("a file\n(deleted)");
    let mut file = fs::OpenOptions::new().append(true).create(true).open(&path).unwrap();
    file.write_all(b"x").unwrap();
    let folder = fs::File::open(&place).unwrap();
    let fifo = place.join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, Mode::RUSR | Mode::WUSR).unwrap();
    let end = rustix::fs::open(&fifo, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let null = fs::File::open("/dev/null").unwrap();
    let removed = place.join("removed");
    let gone = fs::File::create(&removed).unwrap();
    fs::remove_file(&removed).unwrap();
    let told = Told::process(Options::default(), own());
    let entry = |fd: i32| told.fd(own(), i64::from(fd)).unwrap();

    let found = entry(file.as_raw_fd());
    let inode = file.metadata().unwrap();
    let (flags, name, dev) = file_info(found);
    assert_eq!((found.kind, found.ino, name), (16, inode.ino(), &bytes(&path)[..]));
    let (major, minor) = (rustix::fs::major(inode.dev()), rustix::fs::minor(inode.dev()));
    assert_eq!(dev, minor & 0xff | major << 8 | (minor & !0xff) << 12);
    // O_WRONLY, O_APPEND, O_CLOEXEC; O_LARGEFILE depends on the C library.
    assert_eq!(flags & !0x800, 2 | 8 | 0x1000);

    let found = entry(folder.as_raw_fd());
    let expected = FdInfo::Named(bytes(&place));
    assert_eq!((found.kind, found.ino, &found.info), (2, folder.metadata().unwrap().ino(), &expected));
    let found = entry(end.as_raw_fd());
    assert_eq!((found.kind, &found.info), (7, &FdInfo::Named(bytes(&fifo))));
    assert_eq!(found.ino, fs::metadata(&fifo).unwrap().ino());
    let found = entry(null.as_raw_fd());
    assert_eq!((found.kind, file_info(found).1), (16, &b"/dev/null"[..]));
    let found = entry(gone.as_raw_fd());
    assert_eq!(file_info(found).1, [&bytes(&removed)[..], b" (deleted)"].concat());
}

#[test]
fn descriptors_without_a_file() {
    let (reading, writing) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let event = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    let epoll = rustix::event::epoll::create(rustix::event::epoll::CreateFlags::CLOEXEC).unwrap();
    let memfd = rustix::fs::memfd_create("a mem", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let inotify = rustix::fs::inotify::init(rustix::fs::inotify::CreateFlags::CLOEXEC).unwrap();
    let pidfd = rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty());
    let told = Told::process(Options::default(), own());
    let entry = |fd: &OwnedFd| told.fd(own(), i64::from(fd.as_raw_fd())).unwrap();
    let ino = |fd: &OwnedFd| rustix::fs::fstat(fd).unwrap().st_ino;
    let none = FdInfo::Named(Vec::new());
    for (fd, kind) in [(&reading, 7), (&writing, 7), (&event, 9), (&epoll, 12), (&inotify, 13)] {
        let found = entry(fd);
        assert_eq!((found.kind, found.ino, &found.info), (kind, ino(fd), &none));
    }
    let found = entry(&memfd);
    let name = FdInfo::Named(b"/memfd:a mem (deleted)".to_vec());
    assert_eq!((found.kind, found.ino, &found.info), (20, ino(&memfd), &name));
    if let Ok(pidfd) = pidfd {
        assert_eq!((entry(&pidfd).kind, &entry(&pidfd).info), (21, &none));
    }
}

#[test]
fn internet_sockets() {
    for (v6, host) in [(false, "127.0.0.1:0"), (true, "[::1]:0")] {
        let Ok(listener) = std::net::TcpListener::bind(host) else {
            eprintln!("skipped: no {host} here");
            continue;
        };
        let port = listener.local_addr().unwrap().port();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, peer) = listener.accept().unwrap();
        let udp = std::net::UdpSocket::bind(host).unwrap();
        let told = Told::process(Options::default(), own());
        let info = |fd: i32| {
            let entry = told.fd(own(), i64::from(fd)).unwrap();
            (entry.kind, entry.info.clone())
        };
        let udp_port = udp.local_addr().unwrap().port();
        let (four, mut six) = ([127, 0, 0, 1], [0; 16]);
        six[15] = 1;
        let listening = |port, l4| match v6 {
            false => (5, FdInfo::V4Server { ip: four, port, l4 }),
            true => (6, FdInfo::V6Server { ip: six, port, l4 }),
        };
        let pair = |sport, dport| match v6 {
            false => (3, FdInfo::V4 { sip: four, dip: four, sport, dport, l4: 2 }),
            true => (4, FdInfo::V6 { sip: six, dip: six, sport, dport, l4: 2 }),
        };
        assert_eq!(info(listener.as_raw_fd()), listening(port, 2));
        assert_eq!(info(udp.as_raw_fd()), listening(udp_port, 3));
        assert_eq!(info(client.as_raw_fd()), pair(peer.port(), port));
        assert_eq!(info(server.as_raw_fd()), pair(port, peer.port()));
        let entry = told.fd(own(), i64::from(client.as_raw_fd())).unwrap();
        assert_eq!(entry.ino, rustix::fs::fstat(&client).unwrap().st_ino);
        // Without the tables of sockets they are left out.
        let options = Options { descriptors: Descriptors::NoSockets, ..Options::default() };
        assert!(Told::process(options, own()).fd(own(), i64::from(client.as_raw_fd())).is_none());
    }
}

#[test]
fn local_sockets() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a sock");
    let listener = UnixListener::bind(&path).unwrap();
    // Somebody's path that forges a line about the socket before.
    let ino = rustix::fs::fstat(&listener).unwrap().st_ino;
    let forged = dir.path().join(format!("x\n0: 2 0 10000 0001 01 {ino} ")).join("forged");
    let other = fs::create_dir_all(forged.parent().unwrap()).ok().and_then(|()| UnixDatagram::bind(&forged).ok());
    let (one, two) = UnixStream::pair().unwrap();
    let netlink = rustix::net::socket(rustix::net::AddressFamily::NETLINK, rustix::net::SocketType::RAW, None);
    let netlink = netlink.unwrap();
    let address = rustix::net::netlink::SocketAddrNetlink::new(0, 0);
    rustix::net::bind(&netlink, &address).unwrap();
    let told = Told::process(Options::default(), own());
    let entry = |fd: i32| told.fd(own(), i64::from(fd)).unwrap();
    let name = |fd: i32| match &entry(fd).info {
        FdInfo::Unix { dest: 0, name, .. } => name.clone(),
        other => panic!("no unix socket: {other:?}"),
    };
    assert!(other.is_some());
    assert_eq!(name(listener.as_raw_fd()), b"");
    assert_eq!((name(one.as_raw_fd()), name(two.as_raw_fd())), (Vec::new(), Vec::new()));
    assert_eq!(entry(netlink.as_raw_fd()).kind, 15);
    drop(other);
    let told = Told::process(Options::default(), own());
    let entry = told.fd(own(), i64::from(listener.as_raw_fd())).unwrap();
    assert_eq!((entry.kind, entry.ino), (8, ino));
    assert!(matches!(&entry.info, FdInfo::Unix { name, .. } if *name == bytes(&path)), "{:?}", entry.info);
}

#[test]
fn the_whole_machine() {
    let told = Told::snapshot(Options::default());
    assert!(matches!(told.all[..3], [Metadata::Machine(_), Metadata::Interfaces(_), Metadata::Users(_)]));
    let machine = &told.machine[0];
    assert_eq!(
        machine.num_cpus as usize,
        fs::read_to_string("/proc/cpuinfo").unwrap().matches("\nprocessor").count() + 1
    );
    assert!(machine.memory > 1 << 26 && machine.boot_ts > 1_500_000_000_000_000_000);
    assert_eq!(machine.hostname, rustix::system::uname().nodename().to_bytes());
    assert!(told.users.users.iter().any(|u| u.uid == 0 && u.name == b"root"));
    assert!(told.users.groups.iter().any(|g| g.gid == 0));
    assert!(told.processes.contains_key(&own()) && told.processes.contains_key(&1));
    assert_eq!(told.counts.processes + told.counts.threads, told.processes.len() as u64);
    assert_eq!(told.counts.descriptors, told.fds.values().map(|f| f.len() as u64).sum::<u64>());
    assert_eq!(told.counts.malformed, 0, "{:?}", told.counts);
    for interface in &told.interfaces {
        if interface.name == b"lo"
            && let InterfaceAddr::V4 { addr, mask, .. } = interface.addr
        {
            assert_eq!((addr[0], mask), (127, [255, 0, 0, 0]));
        }
    }
    written_and_read(&told);
}
