//! `peregrine run` on the running kernel: it says of what happens what `peregrine replay` says of the recording of it.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why, and fails where it must
//! run (`PEREGRINE_KERNEL_TESTS=required`).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::{path, peregrine, permitted};

/// The programs of a system, at what they do all day and at what they should not do. `$1` is a directory.
const SCRIPT: &str = r#"
cd "$1" || exit 1
for i in 1 2 3; do
    cat /etc/shadow > /dev/null
    (cd /etc; head -n 1 shadow > /dev/null; cat ./passwd ../etc/group > /dev/null)
    cp /bin/ls "tool$i"; "./tool$i" / > /dev/null; chmod 4755 "tool$i"; mv "tool$i" moved; rm moved
    mkdir -p a/b; touch a/b/c; mv a/b/c a/d; ln a/d a/e; rm -r a; ln -s /etc/shadow "link$i"; cat "link$i" > /dev/null
done
echo text > file; cat file | tr a-z A-Z | wc -c > /dev/null; cat < file > /dev/null; : > file
(cat file > /dev/null) & (exec sh -c 'cat /etc/hosts > /dev/null' renamed) & wait
sh -c 'sh -c "sh -c \"cat /etc/hostname\"" ' > /dev/null
cat /proc/1/environ > /dev/null 2>&1; ls /nonexistent 2> /dev/null; kill -0 $$
find /etc -maxdepth 1 -name passwd > /dev/null; grep -r root file; dd if=/dev/zero of=/dev/null count=2 2> /dev/null
"#;

/// Binds to a free port. If that is left to the kernel, a replay does not learn which one it is.
fn bound<T>(bind: impl Fn((Ipv4Addr, u16)) -> std::io::Result<T>) -> T {
    let first = 20_000 + std::process::id() as u16 % 8192;
    (first..first + 100).find_map(|port| bind((Ipv4Addr::LOCALHOST, port)).ok()).unwrap()
}

/// What a shell cannot do; below a directory.
fn actions(below: &Path) {
    std::env::set_current_dir(below).unwrap();
    // Connections, from both ends.
    let listener = bound(TcpListener::bind);
    let address = listener.local_addr().unwrap();
    let served = std::thread::spawn(move || {
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).unwrap();
            stream.write_all(b"reply").unwrap();
        }
    });
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"hello").unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
    }
    served.join().unwrap();
    let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, 1));
    let [one, other, third] = [(); 3].map(|()| bound(UdpSocket::bind));
    one.send_to(b"datagram", other.local_addr().unwrap()).unwrap();
    other.recv_from(&mut [0; 8]).unwrap();
    third.connect(other.local_addr().unwrap()).unwrap();
    third.send(b"datagram").unwrap();
    other.recv(&mut [0; 8]).unwrap();
    let local = UnixListener::bind("socket").unwrap();
    let mut client = UnixStream::connect("socket").unwrap();
    let (mut server, _) = local.accept().unwrap();
    client.write_all(b"local").unwrap();
    server.read_exact(&mut [0; 5]).unwrap();
    // A connection for standard input and output.
    let listener = bound(TcpListener::bind);
    let stream = OwnedFd::from(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let (mut peer, _) = listener.accept().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo over the network"]).stdin(stream.try_clone().unwrap()).stdout(stream);
    assert!(shell.status().unwrap().success());
    peer.read_exact(&mut [0; 5]).unwrap();
    // Paths by descriptors of directories.
    let etc = File::options().read(true).custom_flags(nix::libc::O_DIRECTORY).open("/etc").unwrap();
    let flags = nix::fcntl::OFlag::O_RDONLY;
    let mode = nix::sys::stat::Mode::S_IRWXU;
    drop(nix::fcntl::openat(&etc, "shadow", flags, nix::sys::stat::Mode::empty()).unwrap());
    let here = File::options().read(true).custom_flags(nix::libc::O_DIRECTORY).open(below).unwrap();
    nix::sys::stat::mkdirat(&here, "directory", mode).unwrap();
    nix::fcntl::renameat(&here, "directory", &here, "other").unwrap();
    nix::unistd::unlinkat(&here, "other", nix::unistd::UnlinkatFlags::RemoveDir).unwrap();
    let copy = nix::unistd::dup(&etc).unwrap();
    drop(nix::fcntl::openat(&copy, "passwd", flags, nix::sys::stat::Mode::empty()).unwrap());
    nix::unistd::fchdir(&etc).unwrap();
    drop(File::open("shadow").unwrap());
    // In threads: the directory is that of all of them.
    std::env::set_current_dir("/").unwrap();
    let threads = (0..4).map(|_| std::thread::spawn(|| drop(File::open("etc/shadow").unwrap())));
    threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
    std::env::set_current_dir(below).unwrap();
    // A program from memory, and one of another user and with another name.
    let program = nix::sys::memfd::memfd_create("program", nix::sys::memfd::MFdFlags::empty()).unwrap();
    let mut program = File::from(program);
    program.write_all(&std::fs::read("/bin/true").unwrap()).unwrap();
    let name = format!("/proc/self/fd/{}", program.as_fd().as_raw_fd());
    assert!(Command::new(name).status().unwrap().success());
    let mut other = Command::new("sh");
    other.arg0("other").args(["-c", ": < /etc/passwd; : < /etc/shadow"]).gid(65534).uid(65534);
    other.stderr(Stdio::null()).status().unwrap();
    // What is mostly refused.
    let _ = nix::sys::ptrace::traceme();
    let _ = nix::mount::mount(Some("none"), "/nonexistent", Some("tmpfs"), nix::mount::MsFlags::empty(), None::<&str>);
    let _ = nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUTS);
    let _ = nix::unistd::setsid();
}

/// Not a test: what [`what_is_said_live_is_what_a_replay_says`] watches.
#[test]
fn driver() {
    if let Ok(below) = std::env::var("PEREGRINE_TEST_ACTIONS") {
        actions(Path::new(&below));
    }
}

/// Fields that are compared. What a call tells of sizes of memory, times and addresses may differ between two programs
/// that look one after the other.
const FIELDS: [&str; 40] = [
    "evt.type",
    "evt.res",
    "evt.rawres",
    "evt.failed",
    "evt.is_open_read",
    "evt.is_open_write",
    "evt.category",
    "fd.num",
    "fd.type",
    "fd.typechar",
    "fd.name",
    "fd.nameraw",
    "fd.directory",
    "fd.filename",
    "fd.l4proto",
    "fd.cip",
    "fd.sip",
    "fd.cport",
    "fd.sport",
    "fd.lport",
    "fd.rport",
    "fd.is_server",
    "fd.connected",
    "fs.path.name",
    "fs.path.source",
    "fs.path.target",
    "proc.name",
    "proc.cmdline",
    "proc.exepath",
    "proc.pname",
    "proc.pcmdline",
    "proc.aname[2]",
    "proc.cwd",
    "proc.sname",
    "proc.pid",
    "proc.ppid",
    "thread.tid",
    "user.name",
    "user.uid",
    "group.gid",
];

/// A rule that shows all events of a session but those that open or work on what nothing is known of beforehand.
fn everything(session: i64) -> String {
    let fields: Vec<String> = FIELDS.iter().map(|field| format!("%{field}")).collect();
    format!(
        "- rule: everything\n  desc: d\n  condition: >\n    proc.sid = {session} and evt.type in (open, openat, openat2, \
         creat, connect, accept, accept4, bind, listen, socket, socketpair, sendto, sendmsg, recvfrom, recvmsg, read, write, \
         dup, dup2, dup3, fcntl, unlink, unlinkat, rename, renameat, renameat2, mkdir, mkdirat, rmdir, link, linkat, \
         symlink, symlinkat, chmod, fchmod, fchmodat, chown, fchownat, setuid, setresuid, setgid, setresgid, chdir, fchdir, \
         execve, execveat, clone, clone3, vfork, fork, ptrace, mount, unshare, kill, memfd_create, pipe, pipe2, procexit)\n  \
         output: \"{}\"\n  priority: INFO\n",
        fields.join(" ")
    )
}

/// Waits for something, at most a minute.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
}

/// Alerts of a session from a time on, each without what differs between two that look: by rule, thread and type of event, in order.
fn alerts(text: &str, session: i64, from: u64) -> BTreeMap<(String, i64, String), Vec<Value>> {
    let mut all: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for line in text.lines() {
        let mut alert: Value = serde_json::from_str(line).unwrap();
        let fields = alert["output_fields"].as_object_mut().unwrap();
        let time = fields.remove("evt.time").unwrap().as_u64().unwrap();
        if fields["proc.sid"] != session || time < from {
            continue;
        }
        // A replay knows the path that was given when the file was opened, the kernel where the file is.
        if !fields["evt.type"].as_str().unwrap().starts_with("open") {
            for name in ["fd.nameraw", "fd.directory", "fd.filename"] {
                fields.remove(name);
            }
            // It calls a file what was not opened as a directory, and learns by a transfer that a socket has a peer.
            if fields["evt.type"] == "fchdir" {
                fields.remove("fd.type");
                fields.remove("fd.typechar");
            }
            if fields["evt.type"] == "recvfrom" {
                fields.remove("fd.connected");
            }
            let own = format!("/proc/{}/", fields["proc.pid"]);
            if let Some(rest) =
                fields.get("fd.name").and_then(Value::as_str).and_then(|n| n.strip_prefix("/proc/self/"))
            {
                fields.insert("fd.name".to_owned(), Value::from(own + rest));
            }
            let path = fields.get("fd.name").and_then(Value::as_str).and_then(|name| std::fs::canonicalize(name).ok());
            if let Some(path) = path {
                fields.insert("fd.name".to_owned(), Value::from(path.to_str().unwrap()));
            }
        }
        let key = (fields["thread.tid"].as_i64().unwrap(), fields["evt.type"].as_str().unwrap().to_owned());
        let fields = Value::from(fields.clone());
        let rule = alert["rule"].as_str().unwrap().to_owned();
        all.entry((rule, key.0, key.1)).or_default().push(fields);
    }
    all
}

#[test]
fn what_is_said_live_is_what_a_replay_says() {
    if !permitted() {
        return;
    }
    let below = PathBuf::from(path("run"));
    let _ = std::fs::remove_dir_all(&below);
    std::fs::create_dir_all(&below).unwrap();
    let file = |name: &str| below.join(name).to_str().unwrap().to_owned();
    let [capture, session, begin, own] = ["run.scap", "session", "begin", "own.yaml"].map(file);
    // The driver says which session it is and waits.
    let script = format!(
        "echo $$ > {session}.new; mv {session}.new {session}; while [ ! -e {begin} ]; do sleep 0.1; done; sleep 2\n{SCRIPT}\n\
         PEREGRINE_TEST_ACTIONS=\"$1\" \"$2\" --exact driver --test-threads 1 > /dev/null"
    );
    let mut command = peregrine(&["record", "-w", &capture, "--", "setsid", "-w", "sh", "-c", &script, "driver"]);
    let this = std::env::current_exe().unwrap();
    let recording = command.arg(&below).arg(this).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let session: i64 = wait_for("the driver", || std::fs::read_to_string(&session).ok()?.trim().parse().ok());
    std::fs::write(&own, everything(session)).unwrap();
    // All events of the driver, for which filters can do nothing; and rules as they are used, of which every event that
    // filters would drop is checked.
    let used = match std::env::var("PEREGRINE_SHARED") {
        Ok(shared) => ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"]
            .map(|name| format!("{shared}/upstream-rules/{name}"))
            .to_vec(),
        Err(_) => vec![concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/peregrine_rules.yaml").to_owned()],
    };
    let watched = [Watched::start(&below, "own", vec![own]), Watched::start(&below, "used", used)];
    File::create(&begin).unwrap();
    // While the driver sleeps: what it did before is in the recording alone.
    let begin = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(1);
    let recorded = recording.wait_with_output().unwrap();
    assert!(recorded.status.success(), "{}", String::from_utf8_lossy(&recorded.stderr));
    std::thread::sleep(Duration::from_millis(300));
    let counts = watched.map(|watched| watched.compare(&capture, session, begin.as_nanos() as u64));
    assert!(counts[0] > 2000 && counts[1] > 0, "{counts:?} alerts");
}

/// Rules at work.
struct Watched {
    rules: Vec<String>,
    process: Child,
    alerts: String,
    said: String,
}

impl Watched {
    fn start(below: &Path, name: &str, rules: Vec<String>) -> Watched {
        let file = |kind: &str| below.join(format!("{name}.{kind}")).to_str().unwrap().to_owned();
        let [alerts, said] = ["json", "said"].map(file);
        let stdio = |name: &str| Stdio::from(File::create(name).unwrap());
        let mut command = peregrine(&["run", "--shadow", "1", "--ring-size", "64"]);
        with_rules(&mut command, &rules);
        let process = command.stdout(stdio(&alerts)).stderr(stdio(&said)).spawn().unwrap();
        wait_for("the program to watch", || std::fs::read_to_string(&said).ok()?.contains("watching:").then_some(()));
        Watched { rules, process, alerts, said }
    }

    /// Ends it, and compares what it said of a session from a time on with what a replay says; how many alerts that were.
    fn compare(mut self, capture: &str, session: i64, from: u64) -> usize {
        interrupt(&self.process);
        assert!(self.process.wait().unwrap().success());
        let said = std::fs::read_to_string(&self.said).unwrap();
        // Counts of what went wrong. That changes come late is no loss; whatever it does to alerts is found below.
        let counts = said.lines().filter_map(|line| line.strip_prefix("warning: "));
        for line in counts.filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
            assert!(line.contains("out of order"), "{said}");
        }
        let mut command = peregrine(&["replay", capture]);
        with_rules(&mut command, &self.rules);
        let replayed = command.output().unwrap();
        let both = [std::fs::read(&self.alerts).unwrap(), replayed.stdout];
        let [live, replayed] = both.map(|text| alerts(&String::from_utf8(text).unwrap(), session, from));
        let mut different = Vec::new();
        let none = Vec::new();
        for key in live.keys().chain(replayed.keys()).collect::<BTreeSet<_>>() {
            let [live, replayed] = [&live, &replayed].map(|all| all.get(key).unwrap_or(&none));
            for at in 0..live.len().max(replayed.len()) {
                let (live, replayed) = (live.get(at), replayed.get(at));
                if live != replayed {
                    different.push((key.clone(), difference(live, replayed)));
                }
            }
        }
        let count = replayed.values().map(Vec::len).sum();
        let shown: Vec<String> = different.iter().take(200).map(|d| format!("{d:?}")).collect();
        assert!(different.is_empty(), "{} of {count}:\n{}\n{said}", different.len(), shown.join("\n"));
        count
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Only if a comparison failed is it still there.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn with_rules(command: &mut Command, rules: &[String]) {
    command.args(["--rule-matching", "all", "--format", "json"]);
    for rule in rules {
        command.args(["-r", rule]);
    }
    for field in ["proc.sid", "proc.pid", "thread.tid", "evt.type"] {
        command.args(["--append-field", field]);
    }
}

/// Fields that are different; all if one of the alerts is missing.
fn difference(live: Option<&Value>, replayed: Option<&Value>) -> Vec<(String, Value, Value)> {
    let fields = |alert: Option<&Value>| alert.and_then(Value::as_object).cloned().unwrap_or_default();
    let (live, replayed) = (fields(live), fields(replayed));
    let get = |fields: &serde_json::Map<String, Value>, name: &str| fields.get(name).cloned().unwrap_or(Value::Null);
    let names: BTreeSet<&String> = live.keys().chain(replayed.keys()).collect();
    let both = names.into_iter().map(|name| (name.clone(), get(&live, name), get(&replayed, name)));
    both.filter(|(_, live, replayed)| live != replayed).collect()
}
