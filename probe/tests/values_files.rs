//! What generated programs record of open files, paths and running programs, compared with what the kernel says
//! elsewhere.

mod common;

use common::{Reads, Record, Records, call, run};
use peregrine_schema::capture::Hook;
use peregrine_schema::{Flag, flags};
use std::ffi::CString;
use std::fs;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The value of a flag.
fn flag(table: &[Flag], name: &str) -> u64 {
    table.iter().find(|f| f.name == name).map(|f| u64::from(f.value)).expect("a flag")
}

fn created() -> u64 {
    flag(flags::FILE_FLAGS, "O_F_CREATED")
}

fn c(path: &Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).expect("no NUL in a path")
}

/// `st_dev` as the kernel encodes it for old calls.
fn device(dev: u64) -> u64 {
    let (major, minor) = (u64::from(libc::major(dev)), u64::from(libc::minor(dev)));
    minor & 0xff | major << 8 | (minor & !0xff) << 12
}

fn check_file(record: &Record, path: &Path) {
    let meta = fs::metadata(path).expect("the file");
    assert_eq!(record.number("dev"), device(meta.dev()), "{record:?}");
    assert_eq!(record.number("ino"), meta.ino(), "{record:?}");
}

#[test]
fn files_that_are_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    for reads in Reads::ALL {
        let path = folder.path().join(format!("{reads:?}"));
        let name = c(&path);
        let address = name.as_ptr() as u64;
        let mut fds = Vec::new();
        let wanted = ["OPENAT_2_X", "OPENAT2_X"].map(|id| (Hook::SysExit, id));
        let how = [libc::O_RDONLY as u64, 0, 0];
        let records = run(reads, &wanted, || {
            let at = libc::AT_FDCWD as u64;
            let create = (libc::O_CREAT | libc::O_RDWR) as u64;
            fds.push(call(libc::SYS_openat, &[at, address, create, 0o640]));
            fds.push(call(libc::SYS_openat, &[at, address, create, 0o640]));
            fds.push(call(libc::SYS_openat, &[at, c"/nowhere/at/all".as_ptr() as u64, 0]));
            fds.push(call(libc::SYS_openat2, &[at, address, how.as_ptr() as u64, size_of_val(&how) as u64]));
        });
        let Some(records) = records else { continue };
        let own = records.own("OPENAT_2_X");
        assert_eq!(own.len(), 3, "{reads:?} {own:#?}");
        for (record, fd) in own.iter().zip(&fds) {
            assert_eq!((record.signed("fd"), record.signed("dirfd")), (*fd, -100), "{record:?}");
        }
        for (record, created) in [(own[0], created()), (own[1], 0)] {
            check_file(record, &path);
            let (flags, rdwr) = (record.number("flags"), flag(flags::FILE_FLAGS, "O_RDWR"));
            assert_eq!(flags, rdwr | flag(flags::FILE_FLAGS, "O_CREAT") | created, "{reads:?} {record:?}");
            assert_eq!((record.text("name"), record.number("mode")), (path.display().to_string(), 0o640));
        }
        assert_eq!((own[2].number("dev"), own[2].number("ino"), fds[2]), (0, 0, -2), "{:?}", own[2]);
        check_file(records.one("OPENAT2_X"), &path);
        for fd in fds {
            call(libc::SYS_close, &[fd as u64]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn files_that_are_opened_by_the_older_calls() {
    let folder = tempfile::tempdir().expect("a folder");
    for reads in Reads::ALL {
        let path = folder.path().join(format!("{reads:?}"));
        let name = c(&path);
        let mut fds = Vec::new();
        let wanted = ["OPEN_X", "CREAT_X"].map(|id| (Hook::SysExit, id));
        let records = run(reads, &wanted, || {
            fds.push(call(libc::SYS_creat, &[name.as_ptr() as u64, 0o600]));
            fds.push(call(libc::SYS_open, &[name.as_ptr() as u64, libc::O_WRONLY as u64]));
        });
        let Some(records) = records else { continue };
        let (creat, open) = (records.one("CREAT_X"), records.one("OPEN_X"));
        check_file(creat, &path);
        check_file(open, &path);
        assert_eq!((creat.signed("fd"), creat.number("creat_flags")), (fds[0], 0), "{creat:?}");
        assert_eq!((open.signed("fd"), open.number("flags")), (fds[1], flag(flags::FILE_FLAGS, "O_WRONLY")));
        for fd in fds {
            call(libc::SYS_close, &[fd as u64]);
        }
    }
}

/// A file's handle as `name_to_handle_at` writes it: its length, its kind, and bytes.
#[repr(C)]
struct Handle {
    bytes: u32,
    kind: i32,
    data: [u8; 128],
}

/// Opens a file by its handle; the record, and the path that the kernel tells of the descriptor. `None` where that is
/// not possible.
fn by_handle(reads: Reads, path: &Path) -> Option<(Record, String)> {
    let file = fs::File::open(path).expect("the file");
    let mut handle = Handle { bytes: 128, kind: 0, data: [0; 128] };
    let (mut mount, address) = (0_i32, (&raw mut handle) as u64);
    let empty = libc::AT_EMPTY_PATH as u64;
    let arguments = [file.as_raw_fd() as u64, c"".as_ptr() as u64, address, (&raw mut mount) as u64, empty];
    let answer = call(libc::SYS_name_to_handle_at, &arguments);
    if answer < 0 {
        eprintln!("skipped: no handle of {}: {answer}", path.display());
        return None;
    }
    let mut fd = 0;
    let records = run(reads, &[(Hook::SysExit, "OPEN_BY_HANDLE_AT_X")], || {
        fd = call(libc::SYS_open_by_handle_at, &[file.as_raw_fd() as u64, address, 0]);
    })?;
    if fd < 0 {
        eprintln!("skipped: {} is not opened by its handle: {fd}", path.display());
        return None;
    }
    let real = fs::read_link(format!("/proc/self/fd/{fd}"));
    call(libc::SYS_close, &[fd as u64]);
    let record = records.one("OPEN_BY_HANDLE_AT_X").clone();
    check_file(&record, path);
    Some((record, real.map_or_else(|_| String::new(), |path| path.display().to_string())))
}

#[test]
fn paths_of_files() {
    let folders = [std::env::temp_dir(), "/dev/shm".into(), "/".into()];
    for folder in folders.iter().filter(|f| f.is_dir()) {
        let Ok(folder) = tempfile::tempdir_in(folder) else { continue };
        let deep = folder.path().join("a/bb/ccc/dddd");
        fs::create_dir_all(&deep).expect("a folder");
        let file = deep.join("a name with blanks, ünicode");
        fs::write(&file, "x").expect("a file");
        for reads in Reads::ALL {
            let Some((record, real)) = by_handle(reads, &file) else { continue };
            assert_eq!(record.text("path"), real);
            assert_eq!(Path::new(&real), file);
        }
    }
    for reads in Reads::ALL {
        let Some((record, real)) = by_handle(reads, Path::new("/")) else { continue };
        assert_eq!((record.text("path"), real.as_str()), ("/".to_owned(), "/"));
    }
}

/// Makes folders one inside the other, beginning at `at`, and a file in the innermost; no path is longer than a name.
fn nested(at: &Path, name: &str, depth: usize) -> fs::File {
    let mut folder = fs::File::open(at).expect("a folder");
    let name = CString::new(name).expect("a name");
    for _ in 0..depth {
        let inside = [folder.as_raw_fd() as u64, name.as_ptr() as u64, 0o700];
        assert_eq!(call(libc::SYS_mkdirat, &inside), 0);
        folder = fs::File::open(format!("/proc/self/fd/{}/{}", folder.as_raw_fd(), name.to_string_lossy()))
            .expect("the folder inside");
    }
    folder
}

#[test]
fn paths_that_are_too_deep_or_too_long() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, depth) in [("d".to_owned(), 120), ("e".repeat(250), 30)] {
        let innermost = nested(folder.path(), &name, depth);
        for reads in Reads::ALL {
            let path = format!("/proc/self/fd/{}", innermost.as_raw_fd());
            let Some((record, _)) = by_handle(reads, Path::new(&path)) else { continue };
            let whole = format!("{}{}", folder.path().display(), format!("/{name}").repeat(depth));
            let expected = match name.len() {
                1 => "/d".repeat(96),
                _ => whole[..4095].to_owned(),
            };
            assert_eq!(record.text("path"), expected, "{reads:?}");
        }
    }
}

/// The lines of a file of `/proc` as (word before the colon, rest).
fn status(of: &str, file: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(format!("/proc/{of}/{file}")).expect("a file of /proc");
    let pairs = text.lines().filter_map(|l| l.split_once(':'));
    pairs.map(|(name, rest)| (name.to_owned(), rest.trim().to_owned())).collect()
}

fn looked_up<'s>(status: &'s [(String, String)], name: &str) -> &'s str {
    status.iter().find(|(n, _)| n == name).map(|(_, rest)| rest.as_str()).expect("a line")
}

/// What `/proc` says of a process.
struct Proc {
    pid: u64,
    cmdline: Vec<u8>,
    environ: Vec<u8>,
    status: Vec<(String, String)>,
    stat: Vec<i64>,
    exe: String,
    cgroup: String,
    loginuid: u64,
    files: u64,
}

impl Proc {
    fn of(pid: u32) -> Proc {
        let read = |file: &str| fs::read(format!("/proc/{pid}/{file}"));
        let text = |file: &str| String::from_utf8_lossy(&read(file).expect("a file of /proc")).into_owned();
        let stat = text("stat");
        let behind = stat.rsplit(')').next().expect("numbers").split_whitespace().skip(1);
        let limits = text("limits");
        let files = limits.lines().find(|l| l.starts_with("Max open files")).expect("a limit");
        Proc {
            pid: u64::from(pid),
            cmdline: read("cmdline").expect("arguments"),
            environ: read("environ").expect("environment"),
            status: status(&pid.to_string(), "status"),
            stat: behind.map(|n| n.parse().unwrap_or_default()).collect(),
            exe: fs::read_link(format!("/proc/{pid}/exe")).expect("the program").display().to_string(),
            cgroup: text("cgroup"),
            loginuid: read("loginuid").map_or(0xffff_ffff, |n| String::from_utf8_lossy(&n).trim().parse().unwrap_or(0)),
            files: files.split_whitespace().nth(3).and_then(|n| n.parse().ok()).expect("a number"),
        }
    }
    fn hex(&self, name: &str) -> u64 {
        u64::from_str_radix(looked_up(&self.status, name), 16).expect("a number") & ((1 << 41) - 1)
    }
    fn number(&self, name: &str, index: usize) -> u64 {
        let words = looked_up(&self.status, name).split_whitespace();
        words.map(|n| n.parse().expect("a number")).nth(index).expect("a number")
    }
}

/// Runs a program that waits for the end of its input, and looks at `/proc` meanwhile.
fn waiting(reads: Reads, wanted: &[(Hook, &str)], command: &mut Command) -> Option<(Records, Proc)> {
    let mut seen = None;
    let records = run(reads, wanted, || {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a child");
        // A program that only sets up the next one is over when `cat` reads; not all kernels tell where a task waits.
        let (start, most) = (Instant::now(), Duration::from_secs(2));
        let place = || fs::read_to_string(format!("/proc/{}/wchan", child.id()));
        while start.elapsed() < most && place().is_ok_and(|place| !place.contains("pipe_")) {
            std::thread::yield_now();
        }
        seen = Some(Proc::of(child.id()));
        drop(child.stdin.take());
        child.wait().expect("its end");
    })?;
    Some((records, seen.expect("seen")))
}

/// Paths of control groups as the kernel tells them, compared with those recorded.
fn check_cgroups(record: &Record, proc: &Proc) {
    let recorded = record.texts("cgroups");
    let names: Vec<&str> = recorded.iter().filter_map(|g| g.split('=').next()).collect();
    let order = ["cpuset", "cpu", "cpuacct", "io", "memory"];
    assert!(!names.is_empty() && order.iter().filter(|n| names.contains(n)).eq(names.iter()), "{recorded:?}");
    for group in recorded {
        let (name, path) = group.split_once('=').expect("name and path");
        let v1 = if name == "io" { "blkio" } else { name };
        let lines: Vec<[&str; 2]> = proc
            .cgroup
            .lines()
            .filter_map(|l| l.split_once(':').and_then(|(_, l)| l.split_once(':')))
            .map(|(names, path)| [names, path])
            .collect();
        match lines.iter().find(|[names, _]| names.split(',').any(|n| n == v1)) {
            // What is told may begin at the root of a namespace, what is recorded has at most five names.
            Some([_, told]) => assert!(path.ends_with(told) || told.ends_with(path), "{group} but {told}"),
            // In version 2 the controller is that of the group or of one above it.
            None => {
                let [_, told] = lines.iter().find(|[names, _]| names.is_empty()).expect("version 2");
                assert!(path.starts_with('/') && (told.starts_with(path) || path.ends_with(told)), "{group}, {told}");
            }
        }
    }
}

#[test]
fn a_program_that_is_run() {
    for reads in Reads::ALL {
        let mut command = Command::new("/bin/cat");
        command.arg0("other-name").args(["-", "", "/dev/null"]).env_clear().env("ONE", "1").env("EMPTY", "");
        let wanted = [(Hook::SchedProcessExec, "EXECVE_19_X")];
        let Some((records, proc)) = waiting(reads, &wanted, &mut command) else { continue };
        let own = records.of(proc.pid, "EXECVE_19_X");
        assert_eq!(own.len(), 1, "{own:?}");
        let record = own[0];
        assert_eq!((record.number("res"), record.text("exe")), (0, "other-name".into()));
        assert_eq!([record.bytes("exe"), record.bytes("args")].concat(), proc.cmdline);
        assert_eq!(record.bytes("env"), proc.environ);
        assert_eq!((record.text("comm"), record.text("filename")), ("cat".into(), "/bin/cat".into()));
        let numbers = ["tid", "pid", "ptid"].map(|n| record.number(n));
        assert_eq!(numbers, [proc.pid, proc.pid, records.tid], "{reads:?}");
        // Behind the name: state, parent, group, session, terminal; from 1 without the state.
        assert_eq!(record.signed("pgid"), proc.stat[2 - 1]);
        assert_eq!(record.signed("vpgid"), proc.stat[2 - 1]);
        assert_eq!(record.signed("tty"), proc.stat[4 - 1]);
        assert_eq!(record.number("fdlimit"), proc.files);
        assert_eq!(record.number("loginuid"), proc.loginuid);
        for (name, line) in [("cap_inheritable", "CapInh"), ("cap_permitted", "CapPrm"), ("cap_effective", "CapEff")] {
            assert_eq!(record.number(name), proc.hex(line), "{name}");
        }
        assert_eq!((record.number("uid"), record.number("gid")), (proc.number("Uid", 1), proc.number("Gid", 1)));
        assert_eq!(record.text("trusted_exepath"), proc.exe, "{reads:?}");
        let meta = fs::metadata("/bin/cat").expect("the program");
        let ns = |seconds: i64, ns: i64| (seconds * 1_000_000_000 + ns) as u64;
        assert_eq!(record.number("exe_ino"), meta.ino());
        assert_eq!(record.number("exe_ino_ctime"), ns(meta.ctime(), meta.ctime_nsec()));
        assert_eq!(record.number("exe_ino_mtime"), ns(meta.mtime(), meta.mtime_nsec()));
        check_cgroups(record, &proc);
        let (_, ns, runs) = records.times[0];
        println!("{reads:?}: {} ns for an event of {} bytes", ns / runs, record.params.concat().len());
    }
}

#[test]
fn a_program_that_is_not_found() {
    let missing = c"/no/such/program";
    let (arguments, environment) =
        ([c"first".as_ptr(), c"second".as_ptr(), std::ptr::null()], [std::ptr::null::<u8>()]);
    for reads in Reads::ALL {
        let records = run(reads, &[(Hook::SysExit, "EXECVE_19_X")], || {
            let arguments = [missing.as_ptr() as u64, arguments.as_ptr() as u64, environment.as_ptr() as u64];
            assert_eq!(call(libc::SYS_execve, &arguments), -2);
        });
        let Some(records) = records else { continue };
        let record = records.one("EXECVE_19_X");
        assert_eq!((record.signed("res"), record.text("exe")), (-2, "first".into()));
        assert_eq!((record.text("args"), record.text("filename")), ("second".into(), "/no/such/program".into()));
        assert_eq!(record.bytes("env"), b"");
        let me = std::process::id();
        let proc = Proc::of(me);
        assert_eq!((record.number("tid"), record.number("pid")), (records.tid, u64::from(me)));
        assert_eq!(record.text("trusted_exepath"), proc.exe);
        check_cgroups(record, &proc);
    }
}

/// Whether this is root, who may run programs as others.
fn root() -> bool {
    let root = fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0);
    if !root {
        eprintln!("skipped: not root");
    }
    root
}

/// A copy of a program that waits for its input, with such a mode and owner.
fn copied(folder: &Path, mode: u32, owner: Option<(u32, u32)>) -> std::path::PathBuf {
    fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).expect("open to all");
    let path = folder.join(format!("cat-{mode:o}"));
    fs::copy("/bin/cat", &path).expect("a copy");
    if let Some((uid, gid)) = owner {
        std::os::unix::fs::chown(&path, Some(uid), Some(gid)).expect("another owner");
    }
    fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("a mode");
    path
}

/// Flags of the program at `path`, run by `command`.
fn exe_flags(reads: Reads, path: &Path, command: &mut Command) -> Option<Record> {
    let wanted = [(Hook::SchedProcessExec, "EXECVE_19_X")];
    let (records, proc) = waiting(reads, &wanted, command)?;
    let own = records.of(proc.pid, "EXECVE_19_X");
    let last = own.last().expect("an event");
    assert_eq!(last.text("filename"), path.display().to_string());
    Some((*last).clone())
}

#[test]
fn whether_the_program_could_be_changed() {
    if !root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (mine, theirs) = (copied(folder.path(), 0o755, None), copied(folder.path(), 0o757, None));
    let group = copied(folder.path(), 0o775, Some((0, 1234)));
    let writable = flag(flags::EXECVE_FLAGS, "EXE_WRITABLE");
    let some = |groups: &str| vec!["--reuid=65534", "--regid=65534", groups].into_iter().map(str::to_owned).collect();
    let caps = |cap: &str| -> Vec<String> {
        let (inherit, ambient) = (format!("--inh-caps=+{cap}"), format!("--ambient-caps=+{cap}"));
        vec!["--reuid=65534".into(), "--regid=65534".into(), "--clear-groups".into(), inherit, ambient]
    };
    let cases: [(&str, Vec<String>, &Path, u64); 9] = [
        ("the owner", vec!["--regid=5".into(), "--clear-groups".into()], &mine, writable),
        ("another", some("--clear-groups"), &mine, 0),
        ("all may", some("--clear-groups"), &theirs, writable),
        ("a group", some("--groups=3,5,1234,70000"), &group, writable),
        ("the last group", some("--groups=3,5,1234"), &group, writable),
        ("other groups", some("--groups=3,5,1235,70000"), &group, 0),
        ("overrides", caps("dac_override"), &mine, writable),
        ("may as the owner", caps("fowner"), &mine, writable),
        ("a capability of no use", caps("chown"), &mine, 0),
    ];
    for reads in Reads::ALL {
        for (name, options, path, expected) in &cases {
            let mut command = Command::new("setpriv");
            command.args(options).arg(path);
            let Some(record) = exe_flags(reads, path, &mut command) else { continue };
            assert_eq!(record.number("flags"), *expected, "{reads:?}: {name}: {record:?}");
        }
    }
}

#[test]
fn a_program_in_memory() {
    for reads in Reads::ALL {
        let fd = call(libc::SYS_memfd_create, &[c"in memory".as_ptr() as u64, 0]);
        let path = format!("/proc/{}/fd/{fd}", std::process::id());
        let mut file = fs::OpenOptions::new().write(true).open(&path).expect("a file in memory");
        file.write_all(&fs::read("/bin/cat").expect("a program")).expect("a copy");
        drop(file);
        let mut command = Command::new(&path);
        let Some(record) = exe_flags(reads, Path::new(&path), &mut command) else { continue };
        let wanted = ["EXE_WRITABLE", "EXE_FROM_MEMFD"].map(|name| flag(flags::EXECVE_FLAGS, name));
        assert_eq!(record.number("flags"), wanted[0] | wanted[1], "{record:?}");
        assert_eq!(record.text("trusted_exepath"), "memfd:in memory");
        call(libc::SYS_close, &[fd as u64]);
    }
}

/// Mounted until dropped.
struct Mounted<'p>(&'p Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn layers_of_overlayfs() {
    let folder = tempfile::tempdir().expect("a folder");
    let [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map(|name| folder.path().join(name));
    for path in [&lower, &upper, &work, &merged] {
        fs::create_dir(path).expect("a folder");
    }
    for path in [&lower, &upper] {
        copied(path, if *path == lower { 0o755 } else { 0o700 }, None);
    }
    let options = format!("lowerdir={},upperdir={},workdir={}", lower.display(), upper.display(), work.display());
    let mount = Command::new("mount").args(["-t", "overlay", "overlay", "-o", &options]).arg(&merged).output();
    if !mount.is_ok_and(|m| m.status.success()) {
        eprintln!("skipped: no overlayfs");
        return;
    }
    let _mounted = Mounted(&merged);
    for reads in Reads::ALL {
        for (name, layer) in [("cat-755", "LOWER_LAYER"), ("cat-700", "UPPER_LAYER")] {
            let path = merged.join(name);
            let Some(record) = exe_flags(reads, &path, &mut Command::new(&path)) else { continue };
            let flags = ["EXE_WRITABLE", &format!("EXE_{layer}")].map(|name| flag(flags::EXECVE_FLAGS, name));
            assert_eq!(record.number("flags"), flags[0] | flags[1], "{reads:?}: {record:?}");
            assert_eq!(record.text("trusted_exepath"), path.display().to_string());
            let (c_path, mut fd) = (c(&path), 0);
            let records = run(reads, &[(Hook::SysExit, "OPENAT_2_X")], || {
                fd = call(libc::SYS_openat, &[0, c_path.as_ptr() as u64, libc::O_RDONLY as u64]);
            });
            call(libc::SYS_close, &[fd as u64]);
            let Some(records) = records else { continue };
            let flags = records.one("OPENAT_2_X").number("flags");
            let rdonly = flag(flags::FILE_FLAGS, "O_RDONLY");
            assert_eq!(flags, rdonly | flag(flags::FILE_FLAGS, &format!("FD_{layer}")), "{reads:?}");
        }
    }
}

/// At a hook of signals, as programs of iterators cannot be attached here: the subject is the current task there too.
#[test]
fn folders_of_a_process() {
    for reads in Reads::ALL {
        let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
        let mut pid = 0;
        let records = run(reads, &[(Hook::SignalDeliver, "ITER_TASK_E")], || {
            let mut command = Command::new("/bin/sleep");
            let mut child = command.arg("60").current_dir(folder.path()).spawn().expect("a child");
            pid = u64::from(child.id());
            child.kill().expect("a signal");
            child.wait().expect("its end");
        });
        let Some(records) = records else { continue };
        let own = records.of(pid, "ITER_TASK_E");
        let record = own.first().expect("an event");
        assert_eq!(record.text("cwd"), folder.path().display().to_string(), "{reads:?}");
        assert_eq!(record.text("root"), fs::read_link("/proc/self/root").expect("a root").display().to_string());
        let program = fs::canonicalize("/bin/sleep").expect("a program");
        assert_eq!(record.text("exepath"), program.display().to_string());
        assert_eq!(record.texts("argv"), ["/bin/sleep", "60"]);
    }
}

/// What paths cost: `cargo test -p peregrine-probe --test values_files -- --ignored --nocapture cost`.
#[test]
#[ignore = "measures"]
fn cost_of_paths() {
    let turns = 20_000;
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let inside = folder.path().join("a/b/c/d/e/f");
    fs::create_dir_all(&inside).expect("folders");
    for path in [Path::new("/"), Path::new("/etc/passwd"), &inside] {
        for reads in Reads::ALL {
            let file = fs::File::open(path).expect("the file");
            let mut handle = Handle { bytes: 128, kind: 0, data: [0; 128] };
            let (mut mount, address) = (0_i32, (&raw mut handle) as u64);
            let (fd, empty) = (file.as_raw_fd() as u64, libc::AT_EMPTY_PATH as u64);
            let arguments = [fd, c"".as_ptr() as u64, address, (&raw mut mount) as u64, empty];
            assert_eq!(call(libc::SYS_name_to_handle_at, &arguments), 0);
            // Without its program the call costs what the dispatcher does.
            let costs = ["OPEN_BY_HANDLE_AT_X", "OPENAT2_X"].map(|id| {
                let records = run(reads, &[(Hook::SysExit, id)], || {
                    for _ in 0..turns {
                        let opened = call(libc::SYS_open_by_handle_at, &[fd, address, 0]);
                        call(libc::SYS_close, &[opened as u64]);
                    }
                });
                records.map_or(0, |r| r.times.iter().map(|(_, ns, _)| ns / turns).sum::<u64>())
            });
            println!("{}: {reads:?}: {} ns with the event, {} without", path.display(), costs[0], costs[1]);
        }
    }
}

/// What the event of a new program costs, likewise.
#[test]
#[ignore = "measures"]
fn cost_of_programs() {
    for reads in Reads::ALL {
        let records = run(reads, &[(Hook::SchedProcessExec, "EXECVE_19_X")], || {
            for _ in 0..500 {
                Command::new("/bin/true").status().expect("a child");
            }
        });
        let Some(records) = records else { continue };
        let (_, ns, runs) = records.times[0];
        println!("execve: {reads:?}: {} ns", ns / runs);
    }
}
