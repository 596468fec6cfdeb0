//! Generated programs at work: [`run`] loads the programs of some events, attaches them, runs a closure on this thread
//! and gives the records that were made meanwhile, of all threads of the system ([`Records::own`]: of this one).
//! Where the kernel permits no BPF it says why and gives `None`, and the test passes.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

#[cfg(target_arch = "x86_64")]
pub mod compat;

use aya::maps::{Map, MapData, PerCpuArray};
use peregrine_probe::btf::{Btf, Kind};
use peregrine_probe::features::lift_memlock;
use peregrine_probe::image::{Images, Keep};
use peregrine_probe::program::{self, Kernel, Loss, Maps, WantedCalls, layout};
use peregrine_probe::ring::Ring;
use peregrine_probe::sys::map::{MapSpec, MapType, set_map, set_program};
use peregrine_probe::sys::program::{Link, LoadSpec, Loaded, Tracepoint, load};
use peregrine_schema::capture::Hook;
use peregrine_schema::syscalls::{SYSCALLS, Syscall, program_index};
use peregrine_schema::{EVENT_COUNT, EVENTS, Event};
use std::os::fd::{AsFd, AsRawFd};

/// Bytes of each ring: what a busy system makes while a test runs.
const RING: u32 = 4 << 20;

/// How programs read kernel memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reads {
    /// By loads, also from pointers that are given a type (Linux 6.2).
    Cast,
    /// By loads where pointers have a type, else by calls (Linux 5.11).
    Typed,
    /// By calls only, at raw tracepoints (Linux 5.10).
    Raw,
}

impl Reads {
    /// All of them.
    pub const ALL: [Reads; 3] = [Reads::Cast, Reads::Typed, Reads::Raw];
}

/// Where programs that read so keep images.
pub fn keep(reads: Reads) -> Keep {
    if reads == Reads::Raw { Keep::Hash } else { Keep::Storage }
}

/// Whether images can be kept there; says why if not.
pub fn keeps(keep: Keep) -> bool {
    let missing = matches!(Images::create(keep), Err(e) if e.raw_os_error() == Some(libc::EINVAL));
    if missing {
        eprintln!("skipped: this kernel has no task storage");
    }
    !missing
}

/// Hooks that programs are attached to, by the name of their tracepoint.
pub const HOOKS: [(Hook, &str); 8] = [
    (Hook::SysExit, "sys_exit"),
    (Hook::SchedProcessExec, "sched_process_exec"),
    (Hook::SchedProcessFork, "sched_process_fork"),
    (Hook::SchedProcessExit, "sched_process_exit"),
    (Hook::SchedSwitch, "sched_switch"),
    (Hook::SignalDeliver, "signal_deliver"),
    (Hook::PageFaultUser, "page_fault_user"),
    (Hook::PageFaultKernel, "page_fault_kernel"),
];

/// Says why a test does not run; fails where tests must run (`PEREGRINE_KERNEL_TESTS=required`).
pub fn skipped(why: &str) {
    let required = std::env::var("PEREGRINE_KERNEL_TESTS").is_ok_and(|v| v == "required");
    assert!(!required, "must run here: {why}");
    eprintln!("skipped: {why}");
}

/// The running kernel; `None`, with a word on why, if it permits no BPF.
pub fn kernel(reads: Reads) -> Option<Kernel> {
    let _ = lift_memlock();
    if let Err(e) = MapSpec::new("permitted", MapType::Array, 4, 8, 1).create_fd() {
        skipped(&format!("BPF is not permitted: {e}"));
        return None;
    }
    let btf = match Btf::vmlinux() {
        Ok(btf) => btf,
        Err(e) => {
            skipped(&e.to_string());
            return None;
        }
    };
    let mut kernel = Kernel::new(btf, boot_time());
    if reads == Reads::Cast && kernel.cast.is_none() {
        eprintln!("skipped: this kernel has no bpf_rdonly_cast");
        return None;
    }
    if reads == Reads::Typed && !kernel.typed {
        eprintln!("skipped: this kernel has no bpf_get_current_task_btf");
        return None;
    }
    kernel.cast = kernel.cast.filter(|_| reads == Reads::Cast);
    kernel.typed = reads != Reads::Raw;
    // Kernels that read otherwise are older than `may_goto`.
    kernel.may_goto &= reads == Reads::Cast;
    Some(kernel)
}

/// The tracepoint of a hook.
pub fn tracepoint(kernel: &Kernel, hook: Hook) -> Tracepoint {
    let name = HOOKS.iter().find(|(h, _)| *h == hook).map(|(_, name)| *name).expect("a hook with a tracepoint");
    named_tracepoint(kernel, name)
}

/// A tracepoint by its name.
pub fn named_tracepoint(kernel: &Kernel, name: &str) -> Tracepoint {
    if kernel.typed {
        let typedef = format!("btf_trace_{name}");
        Tracepoint::Typed(kernel.btf.id(Kind::Typedef, &typedef).unwrap_or_else(|| panic!("no {typedef}")))
    } else {
        Tracepoint::Raw(name.to_owned())
    }
}

/// The event with this name of its code.
pub fn event(id: &str) -> &'static Event {
    EVENTS.iter().find(|e| e.id == id).unwrap_or_else(|| panic!("no event {id}"))
}

/// The system calls of an event type, with the indices of their programs here.
pub fn calls(event: &Event) -> impl Iterator<Item = (&'static Syscall, u16)> {
    let code = event.code;
    let calls = SYSCALLS.iter().filter(move |s| s.event == code);
    calls.filter_map(|s| Some((s, program_index(s, program::ARCH)?)))
}

/// The start of the system, nanoseconds since the epoch.
#[expect(unsafe_code, reason = "calls clock_gettime(2)")]
pub fn boot_time() -> u64 {
    let now = |clock| {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the call writes to the structure that it is given.
        assert_eq!(unsafe { libc::clock_gettime(clock, &raw mut time) }, 0);
        time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
    };
    now(libc::CLOCK_REALTIME) - now(libc::CLOCK_BOOTTIME)
}

/// The number of this thread.
#[expect(unsafe_code, reason = "calls gettid(2)")]
pub fn own_tid() -> u64 {
    // SAFETY: has no arguments and cannot fail.
    u64::from(unsafe { libc::gettid() }.cast_unsigned())
}

/// Makes a system call; the result, or minus the error.
#[expect(unsafe_code, reason = "calls what the test asks for")]
pub fn call(number: libc::c_long, arguments: &[u64]) -> i64 {
    let a = |i: usize| arguments.get(i).copied().unwrap_or(0);
    // SAFETY: tests hand over descriptors, numbers, and addresses of what lives longer than the call.
    let result = unsafe { libc::syscall(number, a(0), a(1), a(2), a(3), a(4), a(5)) };
    match result {
        -1 => -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap()),
        _ => result,
    }
}

/// One event.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its row.
    pub event: &'static Event,
    /// Nanoseconds since the epoch.
    pub ts: u64,
    /// Thread.
    pub tid: u64,
    /// Cgroup id of the task.
    pub cgroup: u64,
    /// CPU.
    pub cpu: u16,
    /// The parameters.
    pub params: Vec<Vec<u8>>,
    /// The whole of it.
    pub raw: Vec<u8>,
}

impl Record {
    /// Reads a record of the ring; what it says of itself must fit.
    pub fn parse(bytes: &[u8]) -> Record {
        let ring = layout::RingRecord::parse(bytes).expect("a whole record");
        let event = ring.event;
        let number = |at: usize, size: usize| {
            let mut wide = [0; 8];
            wide[..size].copy_from_slice(&event[at..at + size]);
            u64::from_le_bytes(wide)
        };
        let row = &EVENTS[number(layout::header::TYPE, 2) as usize];
        let count = number(layout::header::NPARAMS, 4) as usize;
        assert_eq!(number(layout::header::LEN, 4) as usize, event.len(), "{}: length", row.id);
        assert_eq!(count, row.params.len(), "{}: parameters", row.id);
        let mut at = layout::HEADER + 2 * count;
        let mut params = Vec::new();
        for index in 0..count {
            let length = number(layout::HEADER + 2 * index, 2) as usize;
            params.push(event[at..at + length].to_vec());
            at += length;
        }
        assert_eq!(at, event.len(), "{}: lengths {params:?}", row.id);
        let (ts, tid) = (ring.ts(), number(layout::header::TID, 8));
        Record { event: row, ts, tid, cgroup: ring.cgroup, cpu: ring.cpu, params, raw: bytes.to_vec() }
    }

    /// What the origin says, and the rest.
    pub fn ring(&self) -> layout::RingRecord<'_> {
        layout::RingRecord::parse(&self.raw).expect("it was read before")
    }

    /// The bytes of a parameter.
    pub fn bytes(&self, name: &str) -> &[u8] {
        let index = self.event.params.iter().position(|p| p.name == name);
        &self.params[index.unwrap_or_else(|| panic!("{} has no {name}", self.event.id))]
    }

    /// A parameter as a number, extended by zeroes.
    pub fn number(&self, name: &str) -> u64 {
        let bytes = self.bytes(name);
        assert!((1..=8).contains(&bytes.len()), "{} {name}: {} bytes are no number", self.event.id, bytes.len());
        let mut wide = [0; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(wide)
    }

    /// A parameter as a number, extended by its sign.
    pub fn signed(&self, name: &str) -> i64 {
        let drop = 64 - 8 * self.bytes(name).len() as u32;
        (self.number(name) << drop).cast_signed() >> drop
    }

    /// A parameter as text, without the NUL that must end it.
    pub fn text(&self, name: &str) -> String {
        let bytes = self.bytes(name);
        let (last, text) = bytes.split_last().unwrap_or_else(|| panic!("{} {name}: empty", self.event.id));
        assert!(*last == 0 && !text.contains(&0), "{} {name}: no text: {bytes:?}", self.event.id);
        String::from_utf8_lossy(text).into_owned()
    }

    /// A parameter as texts in a row, each with its NUL.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let bytes = self.bytes(name);
        let Some((last, rest)) = bytes.split_last() else { return Vec::new() };
        assert_eq!(*last, 0, "{} {name}: no NUL at the end: {bytes:?}", self.event.id);
        rest.split(|b| *b == 0).map(|t| String::from_utf8_lossy(t).into_owned()).collect()
    }
}

/// What a run gave.
pub struct Records {
    /// All records, by time; those of one call in the order in which they were made.
    pub all: Vec<Record>,
    /// The thread that ran the closure.
    pub tid: u64,
    /// Events lost: (cause, event code, number).
    pub lost: Vec<(Loss, u16, u64)>,
    /// What each attached program took: (event, nanoseconds in all, runs). System calls have one in common, `sys_exit`.
    pub times: Vec<(&'static str, u64, u64)>,
}

impl Records {
    /// The records of this thread with that event.
    pub fn own(&self, id: &str) -> Vec<&Record> {
        self.of(self.tid, id)
    }

    /// The records of a thread with that event.
    pub fn of(&self, tid: u64, id: &str) -> Vec<&Record> {
        self.all.iter().filter(|r| r.tid == tid && r.event.id == id).collect()
    }

    /// The only record of this thread with that event.
    pub fn one(&self, id: &str) -> &Record {
        let own = self.own(id);
        assert_eq!(own.len(), 1, "{id}: {own:#?}");
        own[0]
    }
}

/// Attached programs.
struct Probe {
    rings: Vec<Ring>,
    losses: PerCpuArray<MapData, u64>,
    programs: Vec<(&'static str, Loaded)>,
    _links: Vec<Link>,
    /// Forgets its programs when its last descriptor is closed.
    _array: MapData,
}

/// Runs `act` on this thread while the programs of these events are attached at these hooks.
///
/// # Panics
///
/// When a program cannot be generated or the kernel refuses it.
pub fn run(reads: Reads, wanted: &[(Hook, &str)], act: impl FnOnce()) -> Option<Records> {
    Some(run_on(&kernel(reads)?, wanted, act))
}

/// The same with programs made for that kernel.
///
/// # Panics
///
/// Likewise.
pub fn run_on(kernel: &Kernel, wanted: &[(Hook, &str)], act: impl FnOnce()) -> Records {
    let mut probe = attach(kernel, wanted);
    let _statistics = peregrine_probe::sys::program::enable_statistics().ok();
    for ring in &mut probe.rings {
        ring.batch().iter().for_each(drop);
    }
    act();
    let mut all = Vec::new();
    for ring in &mut probe.rings {
        let batch = ring.batch();
        all.extend(batch.iter().map(Record::parse));
        assert!(!batch.is_damaged());
    }
    // Of one thread, which may have changed its CPU, in the order of its calls.
    all.sort_by_key(|r| r.ts);
    let mut lost = Vec::new();
    for loss in Loss::ALL {
        for code in 0..EVENT_COUNT as u16 {
            let count: u64 = probe.losses.get(&loss.counter(code), 0).unwrap().iter().sum();
            if count > 0 {
                lost.push((loss, code, count));
            }
        }
    }
    let times = probe.programs.iter().filter_map(|(name, loaded)| {
        let info = loaded.info().ok().filter(|info| info.run_count > 0)?;
        Some((*name, info.run_time_ns, info.run_count))
    });
    let times = times.collect();
    Records { all, tid: own_tid(), lost, times }
}

fn attach(kernel: &Kernel, wanted: &[(Hook, &str)]) -> Probe {
    let cpus = aya::util::nr_cpus().unwrap() as u32;
    let scratch = MapSpec::new("scratch", MapType::Array, 4, layout::SCRATCH as u32, cpus).create_fd().unwrap();
    let counters = (Loss::COUNT * EVENT_COUNT) as u32;
    let losses = MapSpec::new("losses", MapType::PercpuArray, 4, 8, counters).create().unwrap();
    let rings: Vec<Ring> = (0..cpus).map(|_| Ring::create("ring", RING).unwrap()).collect();
    let outer = MapSpec::array_of_maps("rings", cpus, rings[0].as_fd()).create().unwrap();
    for (cpu, ring) in rings.iter().enumerate() {
        set_map(&outer, cpu as u32, ring.as_fd()).unwrap();
    }
    let images = Images::create(if kernel.typed { Keep::Storage } else { Keep::Hash }).unwrap();
    let maps = Maps {
        scratch: scratch.as_raw_fd(),
        rings: outer.fd().as_fd().as_raw_fd(),
        losses: losses.fd().as_fd().as_raw_fd(),
        tasks: images.tasks(),
        images: images.counters().as_raw_fd(),
        callers: images.callers().as_raw_fd(),
    };
    let array = MapSpec::programs("programs", 1024).create().unwrap();
    let (mut programs, mut links, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for (point, program) in program::keepers(kernel, &maps).unwrap_or_else(|e| panic!("{e}")) {
        let loaded = load(&program, &LoadSpec::new(named_tracepoint(kernel, point)));
        let loaded = loaded.unwrap_or_else(|e| panic!("{e}\n{}\n{program}", e.log));
        links.push(loaded.attach().unwrap());
        programs.push((point, loaded));
    }
    for (hook, id) in wanted {
        let event = event(id);
        let loaded = |code: u16| {
            let program = program::event(kernel, &maps, *hook, event, code).unwrap_or_else(|e| panic!("{e}"));
            let spec = LoadSpec::new(tracepoint(kernel, *hook));
            load(&program, &spec).unwrap_or_else(|e| panic!("{e}\n{}\n{program}", e.log))
        };
        if *hook == Hook::SysExit {
            for (call, number) in calls(event) {
                let loaded = loaded(call.code);
                set_program(&array, u32::from(number), loaded.as_fd()).unwrap();
                numbers.push(number);
                programs.push((event.id, loaded));
            }
        } else {
            let loaded = loaded(0);
            links.push(loaded.attach().unwrap());
            programs.push((event.id, loaded));
        }
    }
    let wanted_calls = WantedCalls::create().unwrap();
    wanted_calls.set(kernel.arch, |index| numbers.contains(&index)).unwrap();
    if wanted.iter().any(|(hook, _)| *hook == Hook::SysExit) {
        let array = array.fd().as_fd().as_raw_fd();
        let program = program::dispatcher(kernel, &maps, array, &wanted_calls).unwrap_or_else(|e| panic!("{e}"));
        let loaded = load(&program, &LoadSpec::new(tracepoint(kernel, Hook::SysExit)));
        let loaded = loaded.unwrap_or_else(|e| panic!("{e}\n{}\n{program}", e.log));
        links.push(loaded.attach().unwrap());
        programs.push(("sys_exit", loaded));
    }
    let losses = PerCpuArray::try_from(Map::PerCpuArray(losses)).unwrap();
    Probe { rings, losses, programs, _links: links, _array: array }
}
