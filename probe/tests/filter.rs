//! Filters on the running kernel: it takes them, and they drop exactly what the meaning of the plan lets them drop.
//!
//! Needs root, or `CAP_BPF` and `CAP_PERFMON`; elsewhere it says that it is skipped and why. The upstream rules need the
//! shared inputs (`PEREGRINE_SHARED`).

#![expect(clippy::unwrap_used, reason = "tests may fail")]

mod common;

use common::{Reads, Record, call, own_tid};
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::kernel::decide::{is_signed, is_unsigned};
use peregrine_compiler::kernel::eval::passes;
use peregrine_compiler::kernel::{End, EventPlan, Filter, KernelPlan, KernelView, Kind, Number, Protocol, Source};
use peregrine_compiler::load::{Loader, Options as LoadOptions};
use peregrine_probe::filter::Prefilter;
use peregrine_probe::filter::maps::FilterMaps;
use peregrine_probe::image::Images;
use peregrine_probe::live::{Options, Probe};
use peregrine_probe::program::layout::{self, RingRecord};
use peregrine_probe::program::{self, Loss, Maps};
use peregrine_probe::sys::map::{MapSpec, MapType};
use peregrine_probe::sys::program::{LoadSpec, load};
use peregrine_schema::capture::Hook;
use peregrine_schema::events::code;
use peregrine_schema::syscalls::SYSCALLS;
use peregrine_schema::{EVENT_COUNT, EVENTS, Event, Type};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::PathBuf;

/// Rules of every kind of question that filters answer.
const RULES: &str = r#"
- {rule: opened, desc: d, priority: NOTICE, output: o, condition: "evt.type in (open, openat, openat2) and evt.is_open_read = true and (fd.name startswith /etc/ or fd.name in (/proc/version, /proc/meminfo) or fd.directory = /usr/share or fd.filename = hosts)"}
- {rule: written, desc: d, priority: NOTICE, output: o, condition: "evt.type in (open, openat) and evt.is_open_write = true and not fd.name startswith /tmp and not fd.name endswith .log"}
- {rule: dots, desc: d, priority: NOTICE, output: o, condition: "evt.type = openat and fd.nameraw contains ../ and evt.rawres >= 0"}
- {rule: case, desc: d, priority: NOTICE, output: o, condition: "evt.type = mkdir and evt.arg.path icontains SeCret"}
- {rule: removed, desc: d, priority: NOTICE, output: o, condition: "evt.type in (unlink, unlinkat) and not evt.arg.name startswith /tmp/x"}
- {rule: below, desc: d, priority: NOTICE, output: o, condition: "evt.type in (rename, renameat) and fs.path.source pmatch (/usr/lib, /boot)"}
- {rule: modes, desc: d, priority: NOTICE, output: o, condition: "evt.type in (chmod, fchmodat) and evt.arg.mode contains S_ISUID"}
- {rule: killed, desc: d, priority: NOTICE, output: o, condition: "evt.type = kill and evt.rawres < 0 and user.uid = 0"}
- {rule: asked, desc: d, priority: NOTICE, output: o, condition: "evt.type = acct or evt.type = sethostname"}
- {rule: connected, desc: d, priority: NOTICE, output: o, condition: "evt.type = connect and evt.rawres >= 0 and fd.l4proto = tcp and fd.sip = 127.0.0.2 and fd.sport = 4444"}
- {rule: sent, desc: d, priority: NOTICE, output: o, condition: "evt.type in (sendto, write) and fd.typechar in (4, 6) and fd.net = 10.0.0.0/8"}
- {rule: read, desc: d, priority: NOTICE, output: o, condition: "evt.type = read and fd.type = directory"}
- {rule: named, desc: d, priority: NOTICE, output: o, condition: "evt.type in (pread, fstat) and (fd.name startswith /etc/ or fd.directory = /usr/share or fd.name endswith .log and proc.name = nobody)"}
- {rule: lseek, desc: d, priority: NOTICE, output: o, condition: "evt.type = lseek and evt.rawarg.offset > 4294967296"}
"#;

fn rules(files: &[(&str, &[u8])]) -> RuleSet {
    let mut loader = Loader::new(LoadOptions::default());
    for (name, bytes) in files {
        loader.add_file(name, bytes);
    }
    let loaded = loader.finish();
    for result in &loaded.results {
        assert!(result.errors.is_empty(), "{}: {}", result.name, result.errors[0].message);
    }
    loaded.rules
}

fn upstream() -> Option<RuleSet> {
    let Some(shared) = std::env::var_os("PEREGRINE_SHARED").map(PathBuf::from) else {
        println!("skipped: PEREGRINE_SHARED does not name the shared inputs");
        return None;
    };
    let names = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];
    let files = names.map(|name| (name, std::fs::read(shared.join("upstream-rules").join(name)).unwrap()));
    Some(rules(&files.each_ref().map(|(name, bytes)| (*name, &bytes[..]))))
}

/// A probe of what the plan wants; `None`, with a word on why, if the kernel permits no BPF.
fn probe(plan: &KernelPlan, shadow: Option<u32>) -> Option<Probe> {
    let begin = std::time::Instant::now();
    match Probe::load(|_| false, Some(plan), Options { ring_bytes: 4 << 20, shadow, ..Options::default() }) {
        Ok(probe) => {
            println!("{} programs loaded in {:?}", probe.programs().count(), begin.elapsed());
            Some(probe)
        }
        Err(e) => {
            common::skipped(&e.to_string());
            None
        }
    }
}

fn all_taken(probe: &Probe) {
    let mut verified: Vec<(u32, u32, &str)> = probe
        .programs()
        .filter_map(|(event, info)| Some((info.verified_insns, info.xlated_bytes / 8, event?.id)))
        .collect();
    verified.sort_unstable_by(|a, b| b.cmp(a));
    verified.dedup();
    println!("instructions verified, instructions: {:?}", &verified[..verified.len().min(12)]);
    let refused: Vec<String> = probe.refused().iter().map(|r| format!("{}: {}", r.event.id, r.reason)).collect();
    let unfiltered: Vec<String> =
        probe.unfiltered().iter().map(|u| format!("{} {}: {}", u.event.id, u.syscall, u.reason)).collect();
    assert!(refused.is_empty() && unfiltered.is_empty(), "{refused:#?}\n{unfiltered:#?}");
}

#[test]
fn the_kernel_takes_filters() {
    let plan = KernelPlan::new(&rules(&[("rules.yaml", RULES.as_bytes())]));
    let Some(made) = probe(&plan, None) else { return };
    all_taken(&made);
}

#[test]
fn the_kernel_takes_filters_of_the_upstream_rules() {
    let Some(rules) = upstream() else { return };
    let Some(made) = probe(&KernelPlan::new(&rules), Some(100)) else { return };
    all_taken(&made);
}

#[test]
fn the_kernel_takes_filters_however_they_read_its_memory() {
    let mut plans = vec![KernelPlan::new(&rules(&[("rules.yaml", RULES.as_bytes())]))];
    plans.extend(upstream().map(|rules| KernelPlan::new(&rules)));
    for reads in Reads::ALL {
        let Some(mut kernel) = common::kernel(reads) else { continue };
        // The longest programs.
        kernel.capturing.descriptors = true;
        let scratch = MapSpec::new("scratch", MapType::Array, 4, layout::SCRATCH as u32, 2).create_fd().unwrap();
        let counters = (Loss::COUNT * EVENT_COUNT) as u32;
        let losses = MapSpec::new("losses", MapType::PercpuArray, 4, 8, counters).create_fd().unwrap();
        let ring = MapSpec::ring("ring", 1 << 16).create_fd().unwrap();
        let rings = MapSpec::array_of_maps("rings", 2, ring.as_fd()).create_fd().unwrap();
        let images = Images::create(common::keep(reads)).unwrap();
        let maps = Maps {
            scratch: scratch.as_raw_fd(),
            rings: rings.as_raw_fd(),
            losses: losses.as_raw_fd(),
            tasks: images.tasks(),
            images: images.counters().as_raw_fd(),
            callers: images.callers().as_raw_fd(),
        };
        let mut filters = FilterMaps::new().unwrap();
        filters.begin(1024).unwrap();
        let mut verified = Vec::new();
        for (filter, event, syscall) in plans.iter().flat_map(filtered_calls) {
            let filter = Prefilter::new(filter, event, Hook::SysExit, syscall);
            if filter.is_always() || filter.is_never() {
                continue;
            }
            let tables = filters.tables(&filter).unwrap();
            let filtering = Some(filters.filtering(&filter, &tables, Some(3)));
            let program = program::filtered(&kernel, &maps, Hook::SysExit, event, syscall, filtering).unwrap();
            let loaded = load(&program, &LoadSpec::new(common::tracepoint(&kernel, Hook::SysExit)));
            let loaded = loaded.unwrap_or_else(|e| panic!("{reads:?}: {e}"));
            verified.push((loaded.info().unwrap().verified_insns, event.id));
        }
        verified.sort_unstable_by(|a, b| b.cmp(a));
        println!("{reads:?}: {} taken, {:?}", verified.len(), &verified[..verified.len().min(6)]);
    }
}

/// The filters of a plan, with the system calls that they are for.
fn filtered_calls(plan: &KernelPlan) -> impl Iterator<Item = (&Filter, &'static Event, u16)> {
    SYSCALLS.iter().filter(|call| call.number(program::ARCH).is_some()).filter_map(|call| {
        match plan.event(call.event) {
            EventPlan::Filter(filter) => Some((filter, &EVENTS[usize::from(call.event)], call.code)),
            _ => None,
        }
    })
}

/// A recorded event as the plan sees it: what user space is told otherwise is left unknown.
struct View<'r>(&'r Record);

impl KernelView for View<'_> {
    fn number(&self, of: Number) -> Option<i128> {
        let index = match of {
            Number::Result => 0,
            Number::Param(index) => usize::from(index),
            Number::Tid => return Some(self.0.tid.into()),
            Number::Pid => return Some(std::process::id().into()),
            Number::Uid | Number::Gid => return Some(0),
            Number::LoginUid => {
                let text = std::fs::read_to_string("/proc/self/loginuid").ok()?;
                let id: u32 = text.trim().parse().ok()?;
                return Some(if id == u32::MAX { -1 } else { id.into() });
            }
        };
        let (param, bytes) = (self.0.event.params.get(index)?, self.0.params.get(index)?);
        if bytes.is_empty() || Some(bytes.len()) != param.ty.size() || bytes.len() > 8 {
            return None;
        }
        if of == Number::Result || is_signed(param.ty) {
            return Some(self.0.signed(param.name).into());
        }
        (is_unsigned(param.ty) || param.ty == Type::Bool).then(|| self.0.number(param.name).into())
    }

    fn text(&self, source: Source) -> Option<&[u8]> {
        let Source::Param(index) = source else { return None };
        let bytes = self.0.params.get(usize::from(index)).filter(|bytes| !bytes.is_empty())?;
        Some(&bytes[..bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len())])
    }

    fn kind(&self) -> Option<Kind> {
        None
    }

    fn protocol(&self) -> Option<Protocol> {
        None
    }

    fn ends(&self, _end: End) -> Option<Vec<(Vec<u8>, u16)>> {
        None
    }

    fn image(&self, _bit: u32) -> Option<bool> {
        None
    }
}

/// Records of this thread, and whether each was marked.
fn drain(probe: &mut Probe) -> Vec<(Record, bool)> {
    let mut all = Vec::new();
    for ring in probe.rings() {
        let batch = ring.batch();
        for bytes in batch.iter() {
            let shadowed = RingRecord::parse(bytes).unwrap().shadowed;
            all.push((Record::parse(bytes), shadowed));
        }
    }
    all.retain(|(record, _)| record.tid == own_tid());
    all.sort_by_key(|(record, _)| record.ts);
    all
}

/// Paths of every shape.
fn paths() -> Vec<CString> {
    let texts = [
        "/etc/passwd",
        "/etc",
        "/etc/",
        "/etc//passwd",
        "//etc/passwd",
        "/etc/./passwd",
        "/etc/../etc/hosts",
        "/tmp/x",
        "/proc/version",
        "proc/version",
        "version",
        "/proc/./version",
        "/nowhere/proc/version",
        "hosts",
        "a/hosts",
        "a/..",
        "",
        ".",
        "..",
        "/",
        "/usr/share",
        "/usr/share/",
        "/usr/share/doc",
        "/usr/share/doc/x",
        "/usr/lib",
        "/usr/libx",
        "/usr/lib/x",
        "/boot",
        "/bootx",
        "../../etc/passwd",
        "/tmp/../etc/passwd",
        "/var/a.log",
        "/var/a.log/b",
        "a.log",
        "/a/SECRET/b",
        "/a/secre",
        "secret",
        "(NULL)",
        "/tmp/xyz",
        "/home/hosts",
        "/home/hosts/",
        "/home/.hosts",
        "/proc/self/..",
        "/é/hosts",
        "/DIR_TOO_LONG/x",
    ];
    let mut all: Vec<CString> = texts.iter().map(|text| CString::new(*text).unwrap()).collect();
    for length in [253, 254, 255, 256, 300, 600, 4000] {
        all.push(CString::new(format!("/home/{}", "a".repeat(length - 6))).unwrap());
        all.push(CString::new(format!("/etc/{}", "a".repeat(length - 5))).unwrap());
    }
    all
}

/// Closes what was opened, if anything was.
fn closed(fd: i64) {
    if fd >= 0 {
        call(libc::SYS_close, &[fd as u64]);
    }
}

/// Calls of every kind that the rules name; the older ones where there are any.
fn workload() {
    let address = |text: &CString| text.as_ptr() as u64;
    let at = libc::AT_FDCWD as u64;
    for path in paths() {
        let path = address(&path);
        for flags in [libc::O_RDONLY, libc::O_WRONLY, libc::O_RDWR, libc::O_RDONLY | libc::O_DIRECTORY] {
            closed(call(libc::SYS_openat, &[at, path, flags as u64]));
            #[cfg(target_arch = "x86_64")]
            closed(call(libc::SYS_open, &[path, flags as u64, 0]));
        }
        call(libc::SYS_unlinkat, &[u64::MAX, path, 0x8000_0000]);
        #[cfg(target_arch = "x86_64")]
        if call(libc::SYS_mkdir, &[path, u64::from(u32::MAX)]) == 0 {
            call(libc::SYS_rmdir, &[path]);
        }
        call(libc::SYS_renameat, &[u64::MAX, path, u64::MAX, path]);
    }
    for bad in [0, 1, u64::MAX, 1 << 50] {
        call(libc::SYS_openat, &[at, bad, 0]);
        #[cfg(target_arch = "x86_64")]
        call(libc::SYS_mkdir, &[bad, 0]);
    }
    let nowhere = CString::new("/nowhere/at/all").unwrap();
    for mode in [0o644, 0o4755, 0o6755, 0o1777] {
        #[cfg(target_arch = "x86_64")]
        call(libc::SYS_chmod, &[address(&nowhere), mode]);
        call(libc::SYS_fchmodat, &[at, address(&nowhere), mode]);
    }
    for signal in [0, 9, 11, 64, 200] {
        call(libc::SYS_kill, &[0x7fff_fff0, signal]);
    }
    for offset in [0, 1 << 31, 1 << 32, (1 << 32) + 1, u64::MAX] {
        call(libc::SYS_lseek, &[0, offset, 0]);
    }
    call(libc::SYS_acct, &[1]);
    call(libc::SYS_swapon, &[1, 0]);
    call(libc::SYS_sethostname, &[1, u64::MAX]);
    let file = std::fs::File::open("/proc/version").unwrap();
    let mut byte = [0; 1];
    std::io::Read::read_exact(&mut &file, &mut byte).unwrap();
    let directory = std::fs::File::open("/proc").unwrap();
    std::io::Read::read(&mut &directory, &mut byte).unwrap_err();
    sockets();
}

fn sockets() {
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    let Ok(listener) = TcpListener::bind("127.0.0.2:4444") else { return };
    let right = TcpStream::connect("127.0.0.2:4444").unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut wrong = TcpStream::connect(other.local_addr().unwrap()).unwrap();
    wrong.write_all(b"x").unwrap();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    datagrams.connect("127.0.0.2:4444").unwrap();
    datagrams.send(b"x").unwrap_or(0);
    drop((listener, right));
}

/// What filters did with a workload.
#[derive(Debug, Default)]
struct Counts {
    recorded: usize,
    shadowed: usize,
    /// Events that the plan does not pass and that were not marked: the kernel did not know enough.
    missed: usize,
}

/// Shows every record, marked or not, to the meaning of the plan.
fn judged(plan: &KernelPlan, records: &[(Record, bool)]) -> BTreeMap<&'static str, Counts> {
    let mut counts = BTreeMap::<&str, Counts>::new();
    for (record, shadowed) in records {
        let count = counts.entry(record.event.id).or_default();
        let right = passes(plan.event(record.event.code), &View(record));
        let by_socket = matches!(record.event.code, code::CONNECT_X | code::SENDTO_X | code::WRITE_X | code::READ_X);
        assert!(!(right && *shadowed) || by_socket, "would be lost: {record:?}");
        count.recorded += 1;
        count.shadowed += usize::from(*shadowed);
        count.missed += usize::from(!right && !shadowed);
        if !right && !shadowed {
            println!("not dropped: {} {:?}", record.event.id, shown(record));
        }
    }
    counts
}

fn shown(record: &Record) -> Vec<String> {
    record.params.iter().map(|p| String::from_utf8_lossy(&p[..p.len().min(60)]).into_owned()).collect()
}

#[test]
fn what_is_marked_is_what_the_plan_does_not_pass() {
    let plan = KernelPlan::new(&rules(&[("rules.yaml", RULES.as_bytes())]));
    let Some(mut probe) = probe(&plan, Some(1)) else { return };
    probe.attach().unwrap();
    workload();
    probe.detach();
    let records = drain(&mut probe);
    let counts = judged(&plan, &records);
    println!("{counts:#?}");
    assert_eq!(probe.losses().unwrap().total(), 0);
    assert_eq!(probe.dropped().unwrap(), [], "all are sent");
    // Paths of 255 bytes to 512 are too long for the kernel, and clean.
    let missed: usize = counts.values().map(|c| c.missed).sum();
    assert!(missed < 40 && counts["OPENAT_2_X"].shadowed > 40, "{counts:?}");
    sockets_are_known(&records);
}

#[test]
fn what_is_marked_is_what_the_plan_of_the_upstream_rules_does_not_pass() {
    let Some(rules) = upstream() else { return };
    let plan = KernelPlan::new(&rules);
    let Some(mut probe) = probe(&plan, Some(1)) else { return };
    probe.attach().unwrap();
    workload();
    probe.detach();
    let records = drain(&mut probe);
    let counts = judged(&plan, &records);
    let sum = |count: fn(&Counts) -> usize| counts.values().map(count).sum::<usize>();
    let (recorded, shadowed, missed) = (sum(|c| c.recorded), sum(|c| c.shadowed), sum(|c| c.missed));
    println!("{recorded} recorded, {shadowed} marked, {missed} could have been");
    assert!(shadowed > 300 && missed < 100, "{counts:?}");
}

/// Of connections only that to the port and address that the rule names passes.
fn sockets_are_known(records: &[(Record, bool)]) {
    let connects: Vec<bool> = records
        .iter()
        .filter(|(record, _)| record.event.code == code::CONNECT_X && record.bytes("tuple").len() > 1)
        .map(|(_, shadowed)| *shadowed)
        .collect();
    assert_eq!(connects, [false, true, true]);
    let reads: Vec<(i64, bool)> = records
        .iter()
        .filter(|(record, _)| record.event.code == code::READ_X)
        .map(|(record, shadowed)| (record.signed("res"), *shadowed))
        .collect();
    assert!(reads.contains(&(1, true)) && reads.contains(&(-21, false)), "{reads:?}");
}

#[test]
fn what_is_dropped_is_counted() {
    let plan = KernelPlan::new(&rules(&[("rules.yaml", RULES.as_bytes())]));
    let Some(mut marked) = probe(&plan, Some(1)) else { return };
    let Some(mut dropping) = probe(&plan, None) else { return };
    marked.attach().unwrap();
    dropping.attach().unwrap();
    workload();
    marked.detach();
    dropping.detach();
    let name = |(record, _): &(Record, bool)| (record.event.id, record.params.clone());
    let (all, left) = (drain(&mut marked), drain(&mut dropping));
    let expected: Vec<_> = all.iter().filter(|(_, shadowed)| !shadowed).map(name).collect();
    let left: Vec<_> = left.iter().map(name).collect();
    assert_eq!(left.len(), expected.len());
    assert_eq!(left, expected);
    let dropped = dropping.dropped().unwrap();
    for (code, count) in &dropped {
        let event: &Event = &EVENTS[usize::from(*code)];
        let shadowed = all.iter().filter(|(r, shadowed)| r.event.code == *code && *shadowed).count() as u64;
        println!("{}: {count} dropped, {shadowed} of this thread", event.id);
        assert!(*count >= shadowed);
    }
    assert!(dropped.iter().any(|(code, _)| *code == code::OPENAT_2_X));
}

/// The plan of one rule.
fn of(condition: &str) -> KernelPlan {
    let rule = format!("- {{rule: r, desc: d, priority: NOTICE, output: o, condition: \"{condition}\"}}");
    KernelPlan::new(&rules(&[("rule.yaml", rule.as_bytes())]))
}

/// The mark of a filter and those of images are bits of the same number.
#[test]
fn marked_records_say_whose_they_are() {
    let plan = of("evt.type in (clone, clone3, fork, vfork) and evt.rawres < 0");
    let Some(mut probe) = probe(&plan, Some(1)) else { return };
    probe.attach().unwrap();
    let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
    child.wait().unwrap();
    probe.detach();
    let mut records = Vec::new();
    for ring in probe.rings() {
        records.extend(ring.batch().iter().map(Record::parse));
    }
    let of = |tid: u64| records.iter().filter(move |record| record.tid == tid).map(Record::ring);
    let (own, its): (Vec<_>, Vec<_>) = (of(own_tid()).collect(), of(child.id().into()).collect());
    assert!(!own.is_empty() && its.len() == 1, "{own:?} {its:?}");
    for record in &own {
        assert!(record.shadowed && !record.begins() && record.first_sight(), "{record:?}");
    }
    let (parent, child) = (own[0].image, its[0]);
    assert!(child.shadowed && child.begins() && !child.first_sight(), "{child:?}");
    assert_eq!((child.previous, child.parent), (parent, parent));
}

#[test]
fn filters_of_other_tracepoints_are_replaced() {
    let plans = [4242, 0].map(|user| of(&format!("evt.type = signaldeliver and user.uid = {user}")));
    let Some(mut probe) = probe(&plans[0], None) else { return };
    all_taken(&probe);
    probe.attach().unwrap();
    let mut seen = |next: usize| {
        let mut child = std::process::Command::new("/bin/sleep").arg("60").spawn().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let mut records = Vec::new();
        for ring in probe.rings() {
            records.extend(ring.batch().iter().map(|bytes| Record::parse(bytes).tid));
        }
        probe.replan(|_| false, Some(&plans[next])).unwrap();
        records.iter().filter(|tid| **tid == u64::from(child.id())).count()
    };
    let counts = [1, 1, 0, 0].map(&mut seen);
    assert_eq!(counts, [0, 1, 1, 0]);
}

#[test]
fn filters_are_replaced_while_calls_run() {
    let plans = [
        of("evt.type = openat and fd.name startswith /nowhere/"),
        of("evt.type = openat and (fd.name endswith wanted or evt.type = openat and fd.name startswith /etc/)"),
    ];
    let Some(mut probe) = probe(&plans[0], None) else { return };
    let issued = std::sync::atomic::AtomicU64::new(0);
    let over = std::sync::atomic::AtomicBool::new(false);
    use std::sync::atomic::Ordering::Relaxed;
    probe.attach().unwrap();
    let (received, swaps) = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let path = CString::new("/nowhere/wanted").unwrap();
            while !over.load(Relaxed) {
                call(libc::SYS_openat, &[libc::AT_FDCWD as u64, path.as_ptr() as u64, 0]);
                issued.fetch_add(1, Relaxed);
                // The readers keep up with this.
                std::thread::yield_now();
            }
            own_tid()
        });
        let (mut records, mut swaps) = (Vec::new(), 0_usize);
        let mut read = |probe: &mut Probe| {
            for ring in probe.rings() {
                records.extend(ring.batch().iter().map(|bytes| Record::parse(bytes).tid));
            }
        };
        let begin = std::time::Instant::now();
        while begin.elapsed() < std::time::Duration::from_secs(3) {
            swaps += 1;
            probe.replan(|_| false, Some(&plans[swaps % 2])).unwrap();
            assert!(probe.unfiltered().is_empty());
            read(&mut probe);
        }
        over.store(true, Relaxed);
        let tid = thread.join().unwrap();
        read(&mut probe);
        (records.iter().filter(|record| **record == tid).count() as u64, swaps)
    });
    let losses = probe.losses().unwrap();
    println!("{swaps} swaps, {} calls, {received} received, {losses:?}", issued.load(Relaxed));
    // Runs left out are counted for all tasks.
    let known = received + losses.total() - losses.skipped;
    assert!((known..=known + losses.skipped).contains(&issued.load(Relaxed)));
}

/// What a dropped open costs: `cargo test --workspace --test filter --release -- --ignored cost --nocapture`.
#[test]
#[ignore = "measures"]
fn cost() {
    let Some(rules) = upstream() else { return };
    let plan = KernelPlan::new(&rules);
    let mut nothing = KernelPlan { by_code: vec![EventPlan::Never; plan.by_code.len()], ..plan.clone() };
    nothing.by_code[usize::from(code::CHMOD_X)] = plan.event(code::CHMOD_X).clone();
    let mut all = nothing.clone();
    all.by_code[usize::from(code::OPENAT_2_X)] = EventPlan::Always { why: Vec::new() };
    let result = of("evt.type = openat and evt.rawres > 1000000");
    let text = of("evt.type = openat and fd.name startswith /nowhere/");
    let nowhere = "/tmp/no-such-directory";
    let paths = [
        "/nil".to_owned(),
        format!("{nowhere}/x"),
        format!("{nowhere}/x86_64-linux-gnu/libc.so.6"),
        format!("{nowhere}{}", "/abc".repeat(20)),
    ];
    for (what, plan) in [
        ("not wanted", &nothing),
        ("result", &result),
        ("one text", &text),
        ("upstream rules", &plan),
        ("recorded", &all),
    ] {
        for path in &paths {
            let Some(mut probe) = probe(plan, None) else { return };
            let _statistics = peregrine_probe::sys::program::enable_statistics().unwrap();
            probe.attach().unwrap();
            let begin = probe.dropped().unwrap();
            let path = CString::new(path.as_str()).unwrap();
            let mut rounds: Vec<u64> = (0..31).map(|_| one_open(&mut probe, &path)).collect();
            rounds.sort_unstable();
            let (least, middle) = (rounds[0], rounds[15]);
            let dropped = probe.dropped().unwrap();
            println!(
                "{what}: {middle} ns (at least {least}) an open, {} bytes; dropped {begin:?} {dropped:?}",
                path.as_bytes().len()
            );
        }
    }
}

/// Opens of one round.
const OPENS: u64 = 5_000;

/// Nanoseconds that programs run at the end of an open that fails, the mean of some.
fn one_open(probe: &mut Probe, path: &CString) -> u64 {
    let runs = |probe: &Probe| {
        let info = probe.programs().filter(|(event, _)| event.is_none()).map(|(_, info)| info).last();
        info.map_or((0, 0), |info| (info.run_time_ns, info.run_count))
    };
    let before = runs(probe);
    for _ in 0..OPENS {
        call(libc::SYS_openat, &[libc::AT_FDCWD as u64, path.as_ptr() as u64, libc::O_RDONLY as u64]);
    }
    let after = runs(probe);
    for ring in probe.rings() {
        ring.batch().iter().for_each(drop);
    }
    // Calls of others that no program is for, at what such a call takes.
    let others = (after.1 - before.1).saturating_sub(OPENS) * 60;
    (after.0 - before.0).saturating_sub(others) / OPENS
}
