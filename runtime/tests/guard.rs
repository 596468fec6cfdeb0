//! What is given up stays given up, and what is still needed works: each case in a process of its own, which is this
//! program again with the name of the case.
//!
//! Cases that start with rights need root, those of the probe a kernel that lets it in; elsewhere they say that they are
//! skipped and why, and fail where they must run (`PEREGRINE_KERNEL_TESTS=required`).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use libtest_mimic::{Arguments, Failed, Trial};
use peregrine_compiler::aot;
use peregrine_compiler::backend::EngineKind;
use peregrine_compiler::backend::codegen::Processor;
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::Program;
use peregrine_compiler::kernel::KernelPlan;
use peregrine_compiler::load::{self, Loader};
use peregrine_probe::live::{Options as ProbeOptions, Probe};
use peregrine_runtime::alert::AlertFormat;
use peregrine_runtime::capture::Metadata;
use peregrine_runtime::compiled::CompiledFile;
use peregrine_runtime::fields::Env;
use peregrine_runtime::guard::{self, GuardError, Needs};
use peregrine_runtime::procfs::{self, Scanner};
use peregrine_runtime::replay::{self, Detector, Options};
use peregrine_runtime::session::Session;
use peregrine_schema::events::code;
use rustix::thread::{CapabilitySet, CapabilitySets};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc;

/// Name, whether it needs root, what is done in the process.
const CASES: [(&str, bool, fn()); 8] = [
    ("sets_are_lowered", true, sets_are_lowered),
    ("nothing_is_kept_without_need", true, nothing_is_kept_without_need),
    ("threads_are_not_left_behind", true, threads_are_not_left_behind),
    ("other_calls_are_refused", true, other_calls_are_refused),
    ("all_threads_are_confined", false, all_threads_are_confined),
    ("rules_and_outputs_still_work", false, rules_and_outputs_still_work),
    ("the_probe_still_works", true, the_probe_still_works),
    ("processes_of_others_are_seen_if_needed", true, processes_of_others_are_seen_if_needed),
];

fn main() {
    if let Some(case) = std::env::var_os(CASE) {
        let case = case.to_str().unwrap();
        return match CASES.iter().find(|(name, ..)| *name == case) {
            Some((_, _, run)) => run(),
            None => record_with(case),
        };
    }
    let mut trials: Vec<Trial> =
        CASES.iter().map(|(name, root, _)| Trial::test(*name, || in_process(name, *root))).collect();
    trials.push(Trial::test("recording_needs_four_capabilities", recording_needs_four_capabilities));
    libtest_mimic::run(&Arguments::from_args(), trials).exit()
}

/// Names the case to run.
const CASE: &str = "PEREGRINE_GUARD_CASE";

/// Whether there is root; says so where there is not.
fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        let required = std::env::var("PEREGRINE_KERNEL_TESTS").is_ok_and(|v| v == "required");
        assert!(!required, "must run here: needs root");
        eprintln!("skipped: needs root");
    }
    root
}

fn in_process(case: &str, needs_root: bool) -> Result<(), Failed> {
    if needs_root && !root() {
        return Ok(());
    }
    let output = Command::new(std::env::current_exe()?).env(CASE, case).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{}: {said}", output.status).into()) }
}

/// The values of lines of a thread's `/proc/PID/task/TID/status`.
fn status<const N: usize>(thread: &str, names: [&str; N]) -> [String; N] {
    let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
        line.unwrap_or_else(|| panic!("no {name}")).to_owned()
    };
    names.map(value)
}

fn own() -> String {
    rustix::thread::gettid().to_string()
}

const SETS: [&str; 5] = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

fn zeros() -> String {
    format!("{:016x}", 0)
}

fn sets_are_lowered() {
    let [_, permitted, ..] = status(&own(), SETS);
    assert_ne!(u64::from_str_radix(&permitted, 16).unwrap() & 1 << 21, 0, "root may do more at first: {permitted}");
    let report = guard::lower(Needs { reload: true, processes: true }).unwrap();
    assert_eq!(report.kept, ["CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"]);
    assert!(!report.bounding_left);
    // Bits 2, 19, 38 and 39.
    let four = "000000c000080004".to_owned();
    assert_eq!(status(&own(), SETS), [zeros(), four.clone(), four, zeros(), zeros()]);
    assert_eq!(status(&own(), ["NoNewPrivs", "Seccomp"]), ["1", "0"]);
    assert_eq!(rustix::process::dumpable_behavior().unwrap(), rustix::process::DumpableBehavior::NotDumpable);
    // Again, for less.
    let report = guard::lower(Needs { reload: true, processes: false }).unwrap();
    assert_eq!((report.kept, report.bounding_left), (vec!["CAP_BPF", "CAP_PERFMON"], true));
    guard::confine().unwrap();
    assert_eq!(status(&own(), ["NoNewPrivs", "Seccomp"]), ["1", "2"]);
}

fn nothing_is_kept_without_need() {
    let (other, _input) = other();
    assert!(sees(other));
    let report = guard::lower(Needs::default()).unwrap();
    assert!(!sees(other));
    assert!(report.kept.is_empty() && !report.bounding_left, "{report:?}");
    assert_eq!(status(&own(), SETS), [(); 5].map(|()| zeros()));
    // Not even by executing something as root.
    let output = Command::new("/bin/cat").arg("/proc/self/status").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("CapPrm:\t{}\nCapEff:\t{}\n", zeros(), zeros())), "{said}");
    assert!(matches!(guard::require(), Err(GuardError::Missing(names)) if names == ["CAP_BPF", "CAP_PERFMON"]));
}

fn threads_are_not_left_behind() {
    let (end, ended) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let wait = move || begin.send(()).is_ok() && ended.recv().is_err();
    let thread = std::thread::Builder::new().name("early".to_owned()).spawn(wait).unwrap();
    // It has its name by then.
    begun.recv().unwrap();
    let before = status(&own(), SETS);
    let error = guard::lower(Needs::default()).unwrap_err();
    assert!(error.to_string().contains("(early)"), "{error}");
    assert_eq!(status(&own(), SETS), before, "nothing was given up");
    drop(end);
    assert!(thread.join().unwrap());
    // The kernel may still show it for a moment.
    while guard::lower(Needs::default()).is_err() {
        std::thread::yield_now();
    }
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || ended.recv().is_err());
    guard::lower(Needs::default()).expect("threads that have nothing do not matter");
    drop(end);
    assert!(thread.join().unwrap());
}

/// Makes a system call; the result, or minus the error.
#[expect(unsafe_code, reason = "calls what the filter forbids")]
fn call(number: libc::c_long, arguments: &[u64]) -> i64 {
    let a = |i: usize| arguments.get(i).copied().unwrap_or(0);
    // SAFETY: the calls below are given numbers, invalid descriptors, and addresses where nothing is.
    let result = unsafe { libc::syscall(number, a(0), a(1), a(2), a(3), a(4), a(5)) };
    if result == -1 { -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap()) } else { result }
}

const MINUS_ONE: u64 = u64::MAX;
const WRITE_AND_EXECUTE: u64 = (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC) as u64;
const ANONYMOUS: u64 = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64;

/// Calls that do nothing, or fail for another reason, where they are permitted.
fn forbidden() -> Vec<(&'static str, libc::c_long, Vec<u64>)> {
    let own = u64::from(std::process::id());
    vec![
        ("execve", libc::SYS_execve, vec![]),
        ("execveat", libc::SYS_execveat, vec![MINUS_ONE]),
        ("clone of a process", libc::SYS_clone, vec![libc::CLONE_SIGHAND as u64]),
        ("unshare", libc::SYS_unshare, vec![0]),
        ("setns", libc::SYS_setns, vec![MINUS_ONE, 0]),
        ("ptrace", libc::SYS_ptrace, vec![libc::PTRACE_ATTACH.into(), MINUS_ONE]),
        ("process_vm_readv", libc::SYS_process_vm_readv, vec![own]),
        ("kill", libc::SYS_kill, vec![own, 0]),
        ("tgkill of another", libc::SYS_tgkill, vec![own + 1, own + 1, 0]),
        ("init_module", libc::SYS_init_module, vec![]),
        ("finit_module", libc::SYS_finit_module, vec![MINUS_ONE]),
        ("delete_module", libc::SYS_delete_module, vec![]),
        ("mount", libc::SYS_mount, vec![]),
        ("umount2", libc::SYS_umount2, vec![]),
        ("pivot_root", libc::SYS_pivot_root, vec![]),
        ("chroot", libc::SYS_chroot, vec![]),
        ("perf_event_open", libc::SYS_perf_event_open, vec![]),
        ("bpf, pinning", libc::SYS_bpf, vec![6]),
        ("bpf, objects of others", libc::SYS_bpf, vec![13]),
        ("mmap", libc::SYS_mmap, vec![0, 4096, WRITE_AND_EXECUTE, ANONYMOUS, MINUS_ONE, 0]),
        ("mprotect", libc::SYS_mprotect, vec![0, 0, WRITE_AND_EXECUTE]),
        ("socket, packets", libc::SYS_socket, vec![libc::AF_PACKET as u64, libc::SOCK_RAW as u64, 0]),
        ("socket, audit", libc::SYS_socket, vec![libc::AF_NETLINK as u64, libc::SOCK_RAW as u64, 9]),
        ("ioctl", libc::SYS_ioctl, vec![MINUS_ONE, libc::TIOCSTI]),
        ("prctl", libc::SYS_prctl, vec![libc::PR_SET_DUMPABLE as u64, 0]),
        ("prlimit64", libc::SYS_prlimit64, vec![0, libc::RLIMIT_CORE.into(), 1]),
        ("setuid", libc::SYS_setuid, vec![u64::from(u32::MAX)]),
        ("capset", libc::SYS_capset, vec![]),
        ("fchmodat", libc::SYS_fchmodat, vec![libc::AT_FDCWD as u64]),
        ("seccomp", libc::SYS_seccomp, vec![999]),
    ]
}

fn other_calls_are_refused() {
    let eperm = -i64::from(libc::EPERM);
    for (name, number, arguments) in forbidden() {
        assert_ne!(call(number, &arguments), eperm, "{name} is refused without a filter");
    }
    let clone3 = |expected: i32| assert_eq!(call(libc::SYS_clone3, &[]), -i64::from(expected));
    clone3(libc::EINVAL);
    guard::confine().unwrap();
    for (name, number, arguments) in forbidden() {
        assert_eq!(call(number, &arguments), eperm, "{name}");
    }
    clone3(libc::ENOSYS);
    assert_eq!(Command::new("/bin/true").status().unwrap_err().kind(), ErrorKind::PermissionDenied);
    // The filter ends nobody who aborts.
    assert_eq!(call(libc::SYS_tgkill, &[std::process::id().into(), std::process::id().into(), 0]), 0);
}

fn all_threads_are_confined() {
    let unshare = || call(libc::SYS_unshare, &[0]);
    let (ask, asked) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let early = std::thread::spawn(move || {
        begin.send(unshare()).unwrap();
        asked.recv().unwrap();
        unshare()
    });
    assert_eq!(begun.recv().unwrap(), 0);
    guard::confine().unwrap();
    let late = std::thread::spawn(move || (unshare(), status(&own(), ["Seccomp", "NoNewPrivs"])));
    assert_eq!(late.join().unwrap(), (-i64::from(libc::EPERM), ["2", "1"].map(str::to_owned)));
    let states: Vec<[String; 2]> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|thread| status(thread.unwrap().file_name().to_str().unwrap(), ["Seccomp", "NoNewPrivs"]))
        .collect();
    assert!(states.len() >= 2 && states.iter().all(|state| *state == ["2", "1"]), "{states:?}");
    ask.send(()).unwrap();
    assert_eq!(early.join().unwrap(), -i64::from(libc::EPERM));
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rules(text: &str) -> RuleSet {
    let mut loader = Loader::new(load::Options::default());
    loader.add_file("rules.yaml", text.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.successful());
    loaded.rules
}

/// Alerts on a capture.
fn alerts(rules: &RuleSet, matcher: Option<peregrine_compiler::backend::Matcher>) -> usize {
    let options = Options { engine: EngineKind::Jit, all_matches: true, format: AlertFormat::default() };
    let mut detector = match matcher {
        None => Detector::new(rules, &options).unwrap(),
        Some(matcher) => Detector::with_matcher(rules, matcher, &options),
    };
    let mut session = Session::open(&repository().join("corpus/first-look.scap.gz")).unwrap();
    let mut count = 0;
    replay::run(&mut session, &mut detector, &Env::new(None, 0), &mut |_| count += 1).unwrap();
    count
}

fn rules_and_outputs_still_work() {
    let own = std::fs::read_to_string(repository().join("rules/peregrine_rules.yaml")).unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    guard::lower(Needs::default()).unwrap();
    guard::confine().unwrap();
    // Compiled by threads that start now.
    let rules = rules(&own);
    let found = alerts(&rules, None);
    assert!(found > 0);
    let path = folder.path().join("rules.pgr");
    let bytes = aot::build(&rules, &Program::new(&rules), &[], Processor::Baseline).unwrap();
    let mut file = std::fs::File::create(folder.path().join("new")).unwrap();
    file.write_all(&bytes).unwrap();
    file.sync_all().unwrap();
    std::fs::rename(folder.path().join("new"), &path).unwrap();
    let compiled = CompiledFile::open(&path).unwrap();
    assert_eq!(alerts(&compiled.compiled.rules, Some(compiled.matcher(EngineKind::Jit).unwrap())), found);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"metrics").unwrap());
    let mut text = String::new();
    TcpStream::connect(address).unwrap().read_to_string(&mut text).unwrap();
    server.join().unwrap();
    assert_eq!(text, "metrics");
    std::os::unix::net::UnixDatagram::pair().unwrap();

    let mut processes = 0;
    let mut count = |item: &Metadata| processes += usize::from(matches!(item, Metadata::Process(_)));
    Scanner::open(procfs::Options::default()).unwrap().snapshot(&mut count).unwrap();
    assert!(processes > 0);
}

fn the_probe_still_works() {
    let options = ProbeOptions { ring_bytes: 1 << 20, ..ProbeOptions::default() };
    let plan = |path: &str| {
        let condition = format!("evt.type = openat and fd.name startswith {path}");
        let rule = format!("- {{rule: r, desc: d, priority: NOTICE, output: o, condition: \"{condition}\"}}");
        KernelPlan::new(&rules(&rule))
    };
    let mut probe = Probe::load(|_| false, Some(&plan("/nowhere/first")), options).unwrap();
    probe.attach().unwrap();
    guard::lower(Needs { reload: true, processes: true }).unwrap();
    guard::confine().unwrap();
    // Records that name the path.
    let opened = |probe: &mut Probe, path: &str| {
        std::fs::File::open(path).unwrap_err();
        let names = |record: &[u8]| record.windows(path.len()).any(|part| part == path.as_bytes());
        probe.rings().iter_mut().map(|ring| ring.batch().iter().filter(|r| names(r)).count()).sum::<usize>()
    };
    assert_eq!(opened(&mut probe, "/nowhere/first"), 1);
    assert_eq!(opened(&mut probe, "/nowhere/second"), 0);
    // Another rule set: its programs are loaded, its maps made.
    probe.replan(|_| false, Some(&plan("/nowhere/second"))).unwrap();
    assert!(probe.unfiltered().is_empty() && probe.refused().is_empty());
    assert_eq!(opened(&mut probe, "/nowhere/first"), 0);
    assert_eq!(opened(&mut probe, "/nowhere/second"), 1);
    assert_eq!(probe.losses().unwrap().total(), 0);
    probe.detach();
    // And all of it from the start.
    let mut probe = Probe::load(|code| code == code::OPENAT_2_X, None, options).unwrap();
    probe.attach().unwrap();
    assert_eq!(opened(&mut probe, "/nowhere/first"), 1);
}

/// A process that has all that root has: its number, and its input, with which it ends.
#[expect(clippy::zombie_processes, reason = "waiting is a call that the filter forbids; this process ends soon")]
fn other() -> (i64, ChildStdin) {
    let mut other = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().unwrap();
    (other.id().into(), other.stdin.take().unwrap())
}

/// Whether the program of another process can be seen.
fn sees(other: i64) -> bool {
    let mut seen = None;
    let mut look = |item: &Metadata| {
        if let Metadata::Process(process) = item {
            seen = Some(!process.exepath.is_empty());
        }
    };
    Scanner::open(procfs::Options::default()).unwrap().process(other, &mut look);
    seen.unwrap()
}

fn processes_of_others_are_seen_if_needed() {
    let (other, _input) = other();
    guard::lower(Needs { reload: false, processes: true }).unwrap();
    guard::confine().unwrap();
    assert!(sees(other));
}

const FOUR: CapabilitySet = CapabilitySet::BPF
    .union(CapabilitySet::PERFMON)
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::DAC_READ_SEARCH);
const NOBODY: u32 = 65534;

/// Becomes `peregrine record`, run by nobody with these capabilities, as a service would.
fn record_with(case: &str) {
    let kept = CapabilitySet::from_bits_retain(case.parse().unwrap());
    for bit in (0..64).map(|bit| CapabilitySet::from_bits_retain(1 << bit)).filter(|bit| !kept.contains(*bit)) {
        let _ = rustix::thread::remove_capability_from_bounding_set(bit);
    }
    rustix::thread::set_keep_capabilities(true).unwrap();
    rustix::thread::set_thread_groups(&[]).unwrap();
    rustix::thread::set_thread_gid(rustix::process::Gid::from_raw(NOBODY)).unwrap();
    rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(NOBODY)).unwrap();
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: kept };
    rustix::thread::set_capabilities(None, sets).unwrap();
    for bit in kept.iter() {
        rustix::thread::configure_capability_in_ambient_set(bit, true).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_peregrine"));
    let error = command.args(["record", "-w", "/dev/null", "--", "/bin/true"]).exec();
    panic!("{error}");
}

fn recording_needs_four_capabilities() -> Result<(), Failed> {
    if !root() {
        return Ok(());
    }
    let record = |capabilities: CapabilitySet| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let output = command.env(CASE, capabilities.bits().to_string()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = record(FOUR);
    assert!(code == Some(0) && said.contains(" events, ") && !said.contains("is missing"), "{code:?}: {said}");
    for (without, name) in [(CapabilitySet::BPF, "CAP_BPF"), (CapabilitySet::PERFMON, "CAP_PERFMON")] {
        let (code, said) = record(FOUR.difference(without));
        assert!(code == Some(1) && said.contains(&format!("missing {name}: ")), "{code:?}: {said}");
    }
    let (code, said) = record(CapabilitySet::BPF | CapabilitySet::PERFMON);
    for name in ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"] {
        assert!(code == Some(0) && said.contains(&format!("warning: {name} is missing: ")), "{code:?}: {said}");
    }
    Ok(())
}
