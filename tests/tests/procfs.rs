//! The scan of `/proc`, over trees made for the purpose and over the real one.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use peregrine_runtime::capture::*;
use peregrine_runtime::procfs::*;
use peregrine_runtime::state::State;
use rustix::fs::{Mode, OFlags};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a scan told.
#[derive(Debug, Default)]
struct Told {
    machine: Vec<MachineInfo>,
    interfaces: Vec<Interface>,
    users: Users,
    processes: BTreeMap<i64, Process>,
    fds: BTreeMap<i64, Vec<FdEntry>>,
    all: Vec<Metadata>,
    counts: Counts,
}

impl Told {
    fn add(&mut self, item: &Metadata) {
        self.all.push(item.clone());
        match item.clone() {
            Metadata::Machine(machine) => self.machine.push(machine),
            Metadata::Interfaces(list) => self.interfaces = list,
            Metadata::Users(users) => self.users = users,
            Metadata::Process(p) => assert!(self.processes.insert(p.tid, p).is_none(), "told twice"),
            Metadata::Fds(list) => {
                assert!(self.processes.contains_key(&list.tid), "descriptors before their process");
                assert!(self.fds.insert(list.tid, list.fds).is_none(), "told twice");
            }
        }
    }

    fn snapshot(options: Options) -> Told {
        let mut told = Told::default();
        told.counts = Scanner::open(options).unwrap().snapshot(&mut |item| told.add(item)).unwrap();
        told
    }

    fn process(options: Options, pid: i64) -> Told {
        let mut told = Told::default();
        told.counts = Scanner::open(options).unwrap().process(pid, &mut |item| told.add(item));
        told
    }

    fn fd(&self, pid: i64, fd: i64) -> Option<&FdEntry> {
        self.fds[&pid].iter().find(|f| f.fd == fd)
    }
}

fn own() -> i64 {
    i64::from(std::process::id())
}

// ---- the real one ----

/// A process that is ended with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
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
    let sid = rustix::process::getsid(None).unwrap().as_raw_nonzero().get();
    let pgid = rustix::process::getpgrp().as_raw_nonzero().get();
    assert_eq!((p.sid, p.pgid, p.vpgid), (i64::from(sid), i64::from(pgid), i64::from(pgid)));
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

fn file_info(entry: &FdEntry) -> (u32, &[u8], u32) {
    match &entry.info {
        FdInfo::File { open_flags, name, dev } => (*open_flags, name, *dev),
        other => panic!("no file: {other:?}"),
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

/// Through a capture: the same facts but those that none can hold, and the same state.
fn written_and_read(told: &Told) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.scap.gz");
    let mut writer = Writer::create(&path, Compression::of(&path)).unwrap();
    for item in &told.all {
        writer.metadata(item).unwrap();
    }
    let event = peregrine_tests::scap::Scap::empty().event(1, own(), 3, &[]).bytes();
    writer.raw_event(0, 0, &event[10..36]).unwrap();
    writer.finish().unwrap();
    let mut capture = Capture::open(&path).unwrap();
    let (mut direct, mut replayed) = (State::default(), State::default());
    for item in &told.all {
        let mut expected = item.clone();
        if let Metadata::Process(p) = &mut expected {
            p.clone_ts = 0;
        }
        match capture.next().unwrap() {
            Some(Item::Metadata(read)) => {
                assert_eq!(*read, expected);
                direct.load(item);
                replayed.load(&read);
            }
            other => panic!("no metadata: {other:?}"),
        }
    }
    direct.loaded();
    replayed.loaded();
    for (tid, p) in &told.processes {
        let (one, two) = (direct.threads.get(*tid).unwrap(), replayed.threads.get(*tid).unwrap());
        assert_eq!((&*one.image.comm, &*one.image.exe), (&p.comm[..], &p.exe[..]));
        assert_eq!((&one.image.exepath, &one.image.args.0), (&two.image.exepath, &two.image.args.0));
        assert_eq!((&one.image.container_id, &one.cwd), (&two.image.container_id, &two.cwd));
        assert_eq!((one.pid, one.clone_ts, two.clone_ts), (p.pid, p.clone_ts, 0));
        let fds = |state: &State| {
            let thread = state.threads.get(*tid).unwrap();
            let mut fds: Vec<_> = state
                .threads
                .own_fds(thread)
                .iter()
                .map(|(n, fd)| (n, fd.kind as u8, fd.name.clone(), fd.ino))
                .collect();
            fds.sort();
            fds
        };
        let told = told.fds.get(tid).map_or(0, Vec::len);
        assert_eq!((fds(&direct).len(), fds(&replayed)), (told, fds(&direct)));
    }
    assert!(matches!(capture.next(), Ok(Some(Item::Event(_)))));
}

// ---- made for the purpose ----

/// A machine in a folder.
struct Fake {
    dir: tempfile::TempDir,
}

impl Fake {
    fn new() -> Fake {
        let fake = Fake { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(fake.path("proc")).unwrap();
        fake
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn link(&self, name: &str, to: impl AsRef<Path>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
    }

    fn options(&self) -> Options {
        Options { proc: self.path("proc"), host_root: self.path("host"), ..Options::default() }
    }

    fn snapshot(&self) -> Told {
        Told::snapshot(self.options())
    }

    fn machine(&self) {
        self.put("proc/stat", "cpu  1 2\ncpu0 1 2\ncpu1 3 4\nintr 1\nbtime 1700000000\n");
        self.put("proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\n");
        self.put("proc/sys/kernel/pid_max", "4194304\n");
        self.put("proc/sys/kernel/hostname", "box\n");
        self.put("proc/1/mounts", "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cg\\040roup cgroup2 rw 0 0\n");
        self.put(
            "host/etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\n+::::::\nbad:x:y:0:::\nu:x:7:8::/home/u:/bin/zsh\n",
        );
        self.put("host/etc/group", "root:x:0:\nwheel:x:10:u,v\nbad\n");
        self.put("host/sys/fs/cg roup/cgroup.controllers", "cpu io memory pids\n");
        self.put("host/sys/fs/cg roup/a/cgroup.controllers", "memory pids\n");
        self.put("host/sys/fs/cg roup/a/b/cgroup.controllers", "pids\n");
    }

    /// A thread's own files below `folder`.
    fn thread(&self, folder: &str, tid: i64, pid: i64, ids: &str, comm: &[u8], threads: u32) {
        let stat = format!(") S 1 {pid} 20 34816 -1 4194560 50 0 60 0 1 2 3 4 20 0 {threads} 0 8000 9 10\n");
        self.put(&format!("{folder}/stat"), [tid.to_string().as_bytes(), b" (", comm, stat.as_bytes()].concat());
        let status = format!(
            "Name:\tx\nTgid:\t{pid}\nPid:\t{tid}\nPPid:\t1\nUid:\t1\t7\t7\t7\nGid:\t1\t8\t8\t8\nGroups:\t10 \n{ids}\
             VmSize:\t 1000 kB\nVmRSS:\t 100 kB\nVmSwap:\t 10 kB\nCapInh:\t0000000000000001\n\
             CapPrm:\t0000000000000003\nCapEff:\t0000000000000002\n"
        );
        self.put(&format!("{folder}/status"), status);
        self.put(&format!("{folder}/cgroup"), "2:cpu,cpuacct:/x:y\n1:name=systemd:/\n0::/a/b\n");
        self.put(&format!("{folder}/loginuid"), "1000");
    }

    /// Process 42 with a thread, 43, and every kind of descriptor.
    fn process(&self) {
        let ids = "NStgid:\t42\t5\nNSpid:\t42\t5\nNSpgid:\t42\t6\n";
        self.thread("proc/42", 42, 42, ids, b"ma) in", 2);
        let ids = "NStgid:\t42\t5\nNSpid:\t43\t6\nNSpgid:\t42\t6\n";
        self.thread("proc/42/task/43", 43, 42, ids, b"wor\nker", 2);
        self.thread("proc/42/task/42", 42, 42, ids, b"unused", 2);
        self.put("host/bin/prog", "#!");
        self.link("proc/42/exe", self.path("host/bin/prog"));
        self.link("proc/42/cwd", "/home/u");
        self.link("proc/42/root", "/");
        self.put("proc/42/cmdline", b"prog\0-x\0\0last");
        self.put("proc/42/environ", b"A=1\0B=2\0");
        self.put("proc/42/limits", "Limit  Soft\nMax open files            1024                 4096        files\n");
        for (fd, text) in [
            ("0", "pipe:[200]"),
            ("1", "socket:[100]"),
            ("2", "socket:[101]"),
            ("3", "socket:[102]"),
            ("4", "socket:[999]"),
            ("5", "anon_inode:[eventfd]"),
            ("6", "anon_inode:[perf_event]"),
            ("7", "anon_inode:bpf-map"),
            ("9", "/gone/away"),
            ("notanumber", "pipe:[1]"),
        ] {
            self.link(&format!("proc/42/fd/{fd}"), text);
        }
        self.link("proc/42/fd/8", self.path("host/bin/prog"));
        self.put("proc/42/fdinfo/8", "pos:\t0\nflags:\t02102001\nmnt_id:\t1\n");
        self.link("proc/42/fd/10", self.path("host/bin"));
        self.put(
            "proc/42/net/tcp",
            "  sl  local_address rem_address   st\n   0: 0100007F:0016 0200007F:1F90 01 0:0 00:0 0 0 0 100 1\n",
        );
        self.put("proc/42/net/unix", "Num Ref\n00ff: 2 0 10000 0001 01 101 /run/s\n");
        self.put("proc/42/net/netlink", "sk Eth\n00aa 0 1 2 3 4 5 6 7 102\n");
    }
}

#[test]
fn a_made_machine() {
    let fake = Fake::new();
    fake.machine();
    fake.process();
    fake.put("proc/2/stat", "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0\n");
    fake.put("proc/3/stat", "3 (dead) Z 1 3 3 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0\n");
    let told = fake.snapshot();
    let box_ = MachineInfo {
        num_cpus: 2,
        memory: 2 << 20,
        max_pid: 4_194_304,
        hostname: b"box".to_vec(),
        boot_ts: 1_700_000_000_000_000_000,
        flags: 0,
    };
    assert_eq!(told.machine, [box_]);
    let user = |uid, gid, name: &str, home: &str, shell: &str| User {
        uid,
        gid,
        name: name.into(),
        home: home.into(),
        shell: shell.into(),
    };
    let users = [user(0, 0, "root", "/root", "/bin/sh"), user(7, 8, "u", "/home/u", "/bin/zsh")];
    assert_eq!(told.users.users, users);
    let groups: Vec<(u32, &[u8])> = told.users.groups.iter().map(|g| (g.gid, &g.name[..])).collect();
    assert_eq!(groups, [(0, &b"root"[..]), (10, b"wheel")]);

    let inode = fs::metadata(fake.path("host/bin/prog")).unwrap();
    let time = |s: i64, ns: i64| (s * 1_000_000_000 + ns) as u64;
    let main = Process {
        tid: 42,
        pid: 42,
        ptid: 1,
        sid: 20,
        vpgid: 6,
        pgid: 42,
        comm: b"ma) in".to_vec(),
        exe: b"prog".to_vec(),
        exepath: bytes(&fake.path("host/bin/prog")),
        args: b"-x\0\0last\0".to_vec(),
        cwd: b"/home/u".to_vec(),
        env: b"A=1\0B=2\0".to_vec(),
        cgroups: b"cpu=/x:y\0cpuacct=/x:y\0name=systemd=/\0pids=/a/b\0memory=/a\0cpu=/\0io=/\0".to_vec(),
        root: b"/".to_vec(),
        fdlimit: 1024,
        flags: 0,
        uid: 7,
        gid: 8,
        vmsize_kb: 1000,
        vmrss_kb: 100,
        vmswap_kb: 10,
        pfmajor: 60,
        pfminor: 50,
        vtid: 5,
        vpid: 5,
        pidns_init_start_ts: 0,
        tty: 34816,
        loginuid: 1000,
        // Of another user and group; the capability counts for nothing without a map of users.
        exe_writable: inode.uid() == 7,
        exe_upper_layer: false,
        exe_lower_layer: false,
        exe_from_memfd: false,
        cap_inheritable: 1,
        cap_permitted: 3,
        cap_effective: 2,
        exe_ino: inode.ino(),
        exe_ino_ctime: time(inode.ctime(), inode.ctime_nsec()),
        exe_ino_mtime: time(inode.mtime(), inode.mtime_nsec()),
        clone_ts: 1_700_000_080_000_000_000,
    };
    let thread = Process { tid: 43, vtid: 6, comm: b"wor\nker".to_vec(), flags: 1 | 1 << 13, ..main.clone() };
    assert_eq!(told.processes.values().cloned().collect::<Vec<_>>(), [main, thread]);

    let mut fds = told.fds[&42].clone();
    fds.sort_by_key(|f| f.fd);
    let none = || FdInfo::Named(Vec::new());
    let v4 = FdInfo::V4 { sip: [127, 0, 0, 1], dip: [127, 0, 0, 2], sport: 22, dport: 8080, l4: 2 };
    let unix = FdInfo::Unix { source: 0xff, dest: 0, name: b"/run/s".to_vec() };
    let perf = FdInfo::Named(b"anon_inode:[perf_event]".to_vec());
    let (major, minor) = (rustix::fs::major(inode.dev()), rustix::fs::minor(inode.dev()));
    let dev = minor & 0xff | major << 8 | (minor & !0xff) << 12;
    let flags = if cfg!(target_arch = "x86_64") { 2 | 0x800 | 0x1000 | 8 } else { file_info(&fds[7]).0 };
    let file = FdInfo::File { open_flags: flags, name: bytes(&fake.path("host/bin/prog")), dev };
    let folder = FdInfo::Named(bytes(&fake.path("host/bin")));
    let folder_ino = fs::metadata(fake.path("host/bin")).unwrap().ino();
    let expected = [
        (0, 200, 7, none()),
        (1, 100, 3, v4),
        (2, 101, 8, unix),
        (3, 102, 15, none()),
        (5, 0, 9, none()),
        (6, 0, 10, perf),
        (7, 0, 17, none()),
        (8, inode.ino(), 16, file),
        (10, folder_ino, 2, folder),
    ];
    let expected = expected.map(|(fd, ino, kind, info)| FdEntry { fd, ino, kind, info });
    assert_eq!(fds, expected);
    let expected = Counts {
        processes: 1,
        threads: 1,
        descriptors: 9,
        kernel_threads: 1,
        gone: 2, // 3, and 1, which has no stat
        other_sockets: 1,
        ..Counts::default()
    };
    assert_eq!(told.counts, expected);
    written_and_read(&told);
}

#[test]
fn writable_executables() {
    use std::os::unix::fs::PermissionsExt as _;
    let fake = Fake::new();
    fake.machine();
    fake.process();
    let exe = fake.path("host/bin/prog");
    let inode = fs::metadata(&exe).unwrap();
    if inode.uid() == 7 {
        eprintln!("skipped: run by user 7");
        return;
    }
    let writable = |mode: u32| {
        fs::set_permissions(&exe, fs::Permissions::from_mode(mode)).unwrap();
        fake.snapshot().processes[&42].exe_writable
    };
    assert!(writable(0o777) && !writable(0o755));
    // CAP_DAC_OVERRIDE, if the namespace maps owner and group.
    fake.put("proc/42/uid_map", "0 0 4294967295\n");
    assert!(!writable(0o755));
    fake.put("proc/42/gid_map", format!("0 {} 1\n", inode.gid()));
    assert!(writable(0o755));
    fake.put("proc/42/gid_map", format!("0 {} 1\n", inode.gid() + 1));
    assert!(!writable(0o755));
}

#[test]
fn a_main_thread_that_has_exited() {
    let fake = Fake::new();
    fake.machine();
    fake.process();
    for stat in ["proc/42/stat", "proc/42/task/42/stat"] {
        fake.put(stat, "42 (main) Z 1 42 20 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 2 0 5 0 0\n");
    }
    for name in ["exe", "cwd", "root", "cmdline", "environ"] {
        let (from, to) = (format!("proc/42/{name}"), format!("proc/42/task/43/{name}"));
        fs::rename(fake.path(&from), fake.path(&to)).unwrap();
    }
    for name in ["fd", "net"] {
        fs::rename(fake.path("proc/42").join(name), fake.path("proc/42/task/43").join(name)).unwrap();
    }
    let told = fake.snapshot();
    assert_eq!(told.processes.keys().copied().collect::<Vec<_>>(), [42, 43]);
    assert_eq!(told.processes[&42].args, b"-x\0\0last\0");
    assert_eq!(told.fds[&42].len(), 9);
}

#[test]
fn nested_namespaces_begin_with_their_first_process() {
    let fake = Fake::new();
    fake.machine();
    fake.process();
    let ids = "NStgid:\t30\t1\nNSpid:\t30\t1\nNSpgid:\t30\t1\n";
    fake.thread("proc/30", 30, 30, ids, b"init", 1);
    let stat = fs::read_to_string(fake.path("proc/30/stat")).unwrap().replace(" 8000 ", " 7000 ");
    fake.put("proc/30/stat", stat);
    fake.put("namespace", "");
    for pid in ["30", "42"] {
        fake.link(&format!("proc/{pid}/ns/pid"), fake.path("namespace"));
    }
    let told = fake.snapshot();
    assert_eq!(told.processes[&30].pidns_init_start_ts, 1_700_000_070_000_000_000);
    assert_eq!(told.processes[&42].pidns_init_start_ts, 1_700_000_070_000_000_000);
    assert_eq!((told.processes[&30].vpid, told.processes[&42].vpid), (1, 5));
    // Asked for alone, it is seen through the root of the process.
    let alone = |fake: &Fake| Told::process(fake.options(), 42).processes[&42].pidns_init_start_ts;
    assert_eq!(alone(&fake), 0);
    fs::remove_file(fake.path("proc/42/root")).unwrap();
    fake.link("proc/42/root", fake.path("inside"));
    fake.put("inside/proc/1/stat", fs::read(fake.path("proc/30/stat")).unwrap());
    assert_eq!(alone(&fake), 0);
    fake.link("inside/proc/1/ns/pid", fake.path("namespace"));
    assert_eq!(alone(&fake), 1_700_000_070_000_000_000);
}

#[test]
fn long_texts_are_cut() {
    let fake = Fake::new();
    fake.machine();
    fake.process();
    fake.put("proc/42/cmdline", vec![b'x'; 1 << 20]);
    fake.put("proc/42/environ", [b"E=".to_vec(), vec![b'y'; 1 << 20]].concat());
    fake.put("proc/42/cgroup", format!("1:{}:/{}\n", "c,".repeat(9000), "p".repeat(3000)));
    let told = fake.snapshot();
    let p = &told.processes[&42];
    assert_eq!((p.exe.len(), p.args.len(), p.env.len()), (1023, 0, 4096));
    assert!(p.cgroups.len() <= 4096 && p.cgroups.ends_with(&[0]));
    fake.put("proc/42/cmdline", [b"a\0".to_vec(), vec![b'x'; 1 << 20]].concat());
    let told = fake.snapshot();
    assert_eq!((told.processes[&42].args.len(), told.processes[&42].args.last()), (4094, Some(&0)));
    let options = Options { most_fds: 3, ..fake.options() };
    let told = Told::snapshot(options);
    assert_eq!((told.fds[&42].len(), told.counts.cut), (3, 1));
    written_and_read(&told);
}

#[test]
fn files_that_are_missing() {
    for name in [
        "exe",
        "cwd",
        "root",
        "cmdline",
        "environ",
        "limits",
        "cgroup",
        "loginuid",
        "fd",
        "fdinfo",
        "net",
        "task",
        "task/43/stat",
        "task/43/status",
        "task/43",
    ] {
        let fake = Fake::new();
        fake.machine();
        fake.process();
        let path = fake.path("proc/42").join(name);
        match path.is_dir() && !path.is_symlink() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
        let told = fake.snapshot();
        assert!(told.processes.contains_key(&42), "{name}");
        written_and_read(&told);
    }
    for name in ["stat", "status"] {
        let fake = Fake::new();
        fake.process();
        fs::remove_file(fake.path("proc/42").join(name)).unwrap();
        assert!(fake.snapshot().processes.is_empty(), "{name}");
    }
    let options = Options { proc: PathBuf::from("/nowhere/proc"), ..Options::default() };
    let error = Scanner::open(options).err().unwrap();
    assert_eq!(error.to_string(), "cannot read /nowhere/proc");
    assert!(Fake::new().snapshot().processes.is_empty());
}

#[test]
fn any_content() {
    const NAMES: [&str; 17] = [
        "stat",
        "status",
        "cmdline",
        "environ",
        "limits",
        "cgroup",
        "loginuid",
        "mountinfo",
        "net/tcp",
        "net/tcp6",
        "net/unix",
        "net/netlink",
        "fdinfo/8",
        "task/43/stat",
        "task/43/status",
        "uid_map",
        "../1/mounts",
    ];
    let fake = Fake::new();
    fake.machine();
    fake.process();
    let mut original = BTreeMap::new();
    for name in NAMES {
        original.insert(name, fs::read(fake.path("proc/42").join(name)).unwrap_or_default());
    }
    arbtest::arbtest(|u| {
        for name in NAMES {
            let path = format!("proc/42/{name}");
            let mut content = original[name].clone();
            match u.int_in_range(0..=4)? {
                0 | 1 => {}
                2 => content = u.arbitrary::<Vec<u8>>()?,
                3 => content.truncate(u.int_in_range(0..=content.len())?),
                _ => {
                    for _ in 0..u.int_in_range(1..=8)? {
                        if !content.is_empty() {
                            let at = u.choose_index(content.len())?;
                            content[at] = *u.choose(b"\0\n )(:-9azF\xff/=,")?;
                        }
                    }
                }
            }
            fake.put(&path, content);
        }
        let told = fake.snapshot();
        for p in told.processes.values() {
            assert!(p.args.len() <= 4096 && p.env.len() <= 4096 && p.cgroups.len() <= 4096 && p.comm.len() <= 1024);
        }
        written_and_read(&told);
        Ok(())
    })
    .budget_ms(4_000);
}
