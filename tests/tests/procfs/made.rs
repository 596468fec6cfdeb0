//! Trees made for the purpose: every fact, and what no kernel would write.

use super::*;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::PathBuf;

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
