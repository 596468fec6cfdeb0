//! Generated programs in the running kernel: loaded, attached, swapped, read back.
//!
//! Needs root (or CAP_BPF and CAP_PERFMON). Where the kernel does not permit it, each test says "skipped" and why, and passes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use aya::maps::{Map, MapData, PerCpuArray};
use peregrine_probe::asm::{Alu, Asm, Atomic, Cond, Helper, Program, Reg, Reg::*, Size, Width};
use peregrine_probe::btf::{Btf, Builder, Kind};
use peregrine_probe::features::{Features, lift_memlock};
use peregrine_probe::ring::{NO_WAKEUP, Ring};
use peregrine_probe::sys::map::{Layout, MapBtf, MapSpec, MapType, clear_program, set_map, set_program};
use peregrine_probe::sys::program::{self, Link, LoadSpec, Loaded, ProgramBtf, Tracepoint, load, load_btf};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::LazyLock;

static FEATURES: LazyLock<Features> = LazyLock::new(|| {
    let _ = lift_memlock();
    let btf = Btf::vmlinux();
    let start = std::time::Instant::now();
    let features = Features::find(&btf);
    eprintln!("features found in {:?}", start.elapsed());
    features
});

/// Number of the system call that the tests make and count.
const CALL: i32 = libc::SYS_getppid as i32;
/// Bytes of a record: sequence number and CPU, 8 bytes each.
const RECORD: i32 = 16;

/// The tracepoint to use, or `None` with a word on why not.
fn tracepoint(typed: bool) -> Option<Tracepoint> {
    let point = if typed { &FEATURES.typed_tracepoint } else { &FEATURES.raw_tracepoint };
    if let Some(missing) = [point, &FEATURES.ring_array].into_iter().find(|f| !f.works()) {
        let required = std::env::var("PEREGRINE_KERNEL_TESTS").is_ok_and(|v| v == "required");
        assert!(!required, "must run here: {missing}");
        eprintln!("skipped: {missing}");
        return None;
    }
    if !typed {
        return Some(Tracepoint::Raw("sys_exit".into()));
    }
    Some(Tracepoint::Typed(Btf::vmlinux().unwrap().id(Kind::Typedef, "btf_trace_sys_exit").unwrap()))
}

fn fd(map: &MapData) -> RawFd {
    map.fd().as_fd().as_raw_fd()
}

fn load_or_show(program: &Program, spec: &LoadSpec<'_>) -> Loaded {
    load(program, spec).unwrap_or_else(|e| panic!("{e}\n{}\n{program}", e.log))
}

/// Leaves unless the task is of this process.
fn only_us(a: &mut Asm, out: peregrine_probe::asm::Label) {
    a.comment("only this process").call(Helper::GetCurrentPidTgid).rsh(R0, 32);
    a.jump_if32(Cond::Ne, R0, std::process::id() as i32, out);
}

/// Puts the number of the system call that ends into `dst`. `sys_exit` has the registers as its first argument, of
/// which typed programs read members and raw ones must copy.
fn call_number(a: &mut Asm, dst: Reg, typed: bool) {
    let btf = Btf::vmlinux().unwrap();
    let (member, size) = if cfg!(target_arch = "x86_64") { ("orig_ax", Size::B8) } else { ("syscallno", Size::B4) };
    let offset = btf.member("pt_regs", member).unwrap().offset;
    a.load(Size::B8, dst, R6, 0);
    if typed {
        a.load(size, dst, dst, offset as i16);
    } else {
        a.scoped(|a| {
            let number = a.slot("number", 8, 8);
            a.mov(R3, dst).add(R3, offset as i32).mov(R2, 8).slot_address(R1, number, 0);
            a.call(Helper::ProbeReadKernel).load(size, dst, R10, number.at(0));
        });
    }
}

/// Looks at the system call and calls the program for it.
fn dispatcher(typed: bool, programs: RawFd) -> Program {
    let mut a = Asm::new("dispatcher");
    let out = a.label("out");
    a.mov(R6, R1);
    only_us(&mut a, out);
    call_number(&mut a, R7, typed);
    a.comment("gone for good, unless there is no program").mov(R1, R6).load_map(R2, programs).mov(R3, R7);
    a.call(Helper::TailCall);
    a.bind(out).mov(R0, 0).exit();
    a.finish().unwrap()
}

/// Writes a record to this CPU's ring, and counts it (or that there was no room) in a per-CPU array.
fn recorder(name: &str, tag: i32, rings: RawFd, counts: RawFd) -> Program {
    let mut a = Asm::new(name);
    let (out, full, count) = (a.label("out"), a.label("full"), a.label("count"));
    let key = a.slot("key", 4, 4);
    a.call(Helper::GetSmpProcessorId).mov(R7, R0).store(Size::B4, R10, key.at(0), R0);
    a.slot_address(R2, key, 0).load_map(R1, rings).call(Helper::MapLookupElem);
    a.jump_if(Cond::Eq, R0, 0, out);
    a.mov(R8, 1).comment("the ring").mov(R1, R0).mov(R2, RECORD).mov(R3, 0).call(Helper::RingbufReserve);
    a.jump_if(Cond::Eq, R0, 0, full);
    a.mov(R8, 0).store(Size::B8, R0, 0, tag).store(Size::B8, R0, 8, R7);
    a.mov(R1, R0).mov(R2, NO_WAKEUP).call(Helper::RingbufSubmit);
    a.jump(count);
    a.bind(full).mov(R8, 1);
    a.bind(count).store(Size::B4, R10, key.at(0), R8).slot_address(R2, key, 0);
    a.load_map(R1, counts).call(Helper::MapLookupElem);
    a.jump_if(Cond::Eq, R0, 0, out).mov(R1, 1).atomic(Atomic::Add, Size::B8, R0, 0, R1);
    a.bind(out).mov(R0, 0).exit();
    a.finish().unwrap()
}

/// Everything of a small probe.
struct Probe {
    rings: Vec<Ring>,
    programs: MapData,
    counts: PerCpuArray<MapData, u64>,
    recorders: [Loaded; 2],
    dispatcher: Loaded,
    _link: Link,
}

fn probe(typed: bool, ring_bytes: u32) -> Option<Probe> {
    let spec = LoadSpec::new(tracepoint(typed)?);
    let cpus = aya::util::nr_cpus().unwrap() as u32;
    let rings: Vec<Ring> = (0..cpus).map(|_| Ring::create("ring", ring_bytes).unwrap()).collect();
    let outer = MapSpec::array_of_maps("rings", cpus, rings[0].as_fd()).create().unwrap();
    for (cpu, ring) in rings.iter().enumerate() {
        set_map(&outer, cpu as u32, ring.as_fd()).unwrap();
    }
    let programs = MapSpec::programs("programs", 512).create().unwrap();
    let counts = MapSpec::new("counts", MapType::PercpuArray, 4, 8, 2).create().unwrap();
    let recorders = ["first", "second"].map(|name| {
        let tag = if name == "first" { 1 } else { 2 };
        load_or_show(&recorder(name, tag, fd(&outer), fd(&counts)), &spec)
    });
    let dispatcher = load_or_show(&dispatcher(typed, fd(&programs)), &spec);
    let link = dispatcher.attach().unwrap();
    let counts = PerCpuArray::try_from(Map::PerCpuArray(counts)).unwrap();
    Some(Probe { rings, programs, counts, recorders, dispatcher, _link: link })
}

impl Probe {
    /// How many records there are by tag, each seen in the ring of its CPU.
    fn read(&mut self) -> BTreeMap<u64, u64> {
        let mut seen = BTreeMap::new();
        for (cpu, ring) in self.rings.iter_mut().enumerate() {
            let batch = ring.batch();
            for record in batch.iter() {
                let word = |i: usize| u64::from_ne_bytes(record[i * 8..i * 8 + 8].try_into().unwrap());
                assert_eq!((record.len(), word(1)), (RECORD as usize, cpu as u64));
                *seen.entry(word(0)).or_default() += 1;
            }
            assert!(!batch.is_damaged());
        }
        seen
    }

    fn count(&self, index: u32) -> u64 {
        self.counts.get(&index, 0).unwrap().iter().sum()
    }
}

/// Makes the call; the C library does not answer it by itself.
fn call(times: u32) {
    for _ in 0..times {
        std::hint::black_box(std::os::unix::process::parent_id());
    }
}

/// Tests that count this process's calls may not run beside each other.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn dispatched_and_read_back(typed: bool) {
    let _alone = ALONE.lock().unwrap();
    let Some(mut probe) = probe(typed, 1 << 16) else { return };
    call(100);
    assert_eq!(probe.read(), BTreeMap::new(), "nothing is recorded before there is a program");
    set_program(&probe.programs, CALL as u32, probe.recorders[0].as_fd()).unwrap();
    call(1000);
    set_program(&probe.programs, CALL as u32, probe.recorders[1].as_fd()).unwrap();
    call(500);
    assert!(clear_program(&probe.programs, CALL as u32).unwrap());
    assert!(!clear_program(&probe.programs, CALL as u32).unwrap());
    call(100);
    let misses = probe.dispatcher.info().unwrap().recursion_misses;
    assert_eq!(misses, 0, "the kernel left runs out");
    assert_eq!(probe.read(), BTreeMap::from([(1, 1000), (2, 500)]));
    assert_eq!((probe.count(0), probe.count(1)), (1500, 0));
}

#[test]
fn typed_programs_are_dispatched_and_their_records_read() {
    dispatched_and_read_back(true);
}

#[test]
fn raw_programs_are_dispatched_and_their_records_read() {
    dispatched_and_read_back(false);
}

#[test]
fn a_full_ring_is_counted_and_goes_on_when_read() {
    let _alone = ALONE.lock().unwrap();
    let Some(mut probe) = probe(true, 4096) else { return };
    set_program(&probe.programs, CALL as u32, probe.recorders[0].as_fd()).unwrap();
    // A record takes 24 bytes, so 170 fit; many times round, records lie over the end.
    let mut read = 0;
    for _ in 0..50 {
        call(100);
        read += probe.read().values().sum::<u64>();
    }
    assert_eq!((read, probe.count(0), probe.count(1)), (5000, 5000, 0));
    call(1000);
    let kept = probe.read().values().sum::<u64>();
    assert!((170..1000).contains(&kept), "{kept}");
    assert_eq!((probe.count(0), probe.count(1)), (5000 + kept, 1000 - kept));
}

#[test]
fn records_are_read_while_they_are_written() {
    let _alone = ALONE.lock().unwrap();
    let Some(mut probe) = probe(true, 1 << 14) else { return };
    set_program(&probe.programs, CALL as u32, probe.recorders[0].as_fd()).unwrap();
    let (threads, calls) = (4, 20_000u32);
    let mut read = 0;
    std::thread::scope(|s| {
        let writers: Vec<_> = (0..threads).map(|_| s.spawn(move || call(calls))).collect();
        while !writers.iter().all(|w| w.is_finished()) {
            read += probe.read().values().sum::<u64>();
        }
    });
    read += probe.read().values().sum::<u64>();
    let misses = probe.dispatcher.info().unwrap().recursion_misses;
    let (written, full) = (probe.count(0), probe.count(1));
    eprintln!("{read} read, {written} written, {full} without room, {misses} runs left out");
    assert_eq!(read, written);
    // Other tasks' calls are left out too.
    let (counted, made) = (written + full, u64::from(threads * calls));
    assert!(counted <= made && made <= counted + misses, "{made} made");
}

/// A program that numbers its records, and sometimes takes one back.
fn numbering(typed: bool, ring: RawFd, counter: RawFd) -> Program {
    let mut a = Asm::new("numbering");
    let (out, discard) = (a.label("out"), a.label("discard"));
    a.mov(R6, R1);
    only_us(&mut a, out);
    call_number(&mut a, R7, typed);
    a.jump_if(Cond::Ne, R7, CALL, out);
    a.load_map(R1, ring).mov(R2, 40).mov(R3, 0).call(Helper::RingbufReserve).jump_if(Cond::Eq, R0, 0, out);
    a.mov(R8, 1).load_map_value(R1, counter, 0).atomic(Atomic::FetchAdd, Size::B8, R1, 0, R8);
    a.store(Size::B8, R0, 0, R8).comment("every 7th").mov(R1, R0).mov(R2, NO_WAKEUP).rem(R8, 7);
    a.jump_if(Cond::Eq, R8, 6, discard).call(Helper::RingbufSubmit).mov(R0, 0).exit();
    a.bind(discard).call(Helper::RingbufDiscard);
    a.bind(out).mov(R0, 0).exit();
    a.finish().unwrap()
}

#[test]
fn records_come_in_order_and_are_held_together() {
    let _alone = ALONE.lock().unwrap();
    let Some(point) = tracepoint(true) else { return };
    let mut ring = Ring::create("ring", 1 << 14).unwrap();
    let counter = MapSpec::new("counter", MapType::Array, 4, 8, 1).create().unwrap();
    let program = numbering(true, ring.as_fd().as_raw_fd(), fd(&counter));
    let loaded = match load(&program, &LoadSpec::new(point)) {
        Ok(loaded) => loaded,
        // The old value is given from Linux 5.12 on.
        Err(e) if e.reason == "BPF_STX uses reserved fields" => return eprintln!("skipped: {e}"),
        Err(e) => panic!("{e}\n{}\n{program}", e.log),
    };
    let link = loaded.attach().unwrap();
    let mut expected = (0..).filter(|n| n % 7 != 6);
    for turn in 1..=40 {
        call(70);
        assert_eq!(ring.level().waiting(), 70 * 48);
        {
            let batch = ring.batch();
            let records: Vec<&[u8]> = batch.iter().collect();
            assert_eq!(records.len(), 60, "turn {turn}");
            for record in records {
                assert_eq!(record.len(), 40);
                assert_eq!(u64::from_ne_bytes(record[..8].try_into().unwrap()), expected.next().unwrap());
            }
        }
        assert_eq!(ring.level().waiting(), 0);
    }
    // What a batch leaves is in the next.
    call(10);
    assert_eq!(ring.batch().iter().take(3).count(), 3);
    assert_eq!(ring.batch().iter().count(), 9 - 3);
    drop(link);
    call(10);
    assert_eq!(ring.level().waiting(), 0, "detached");
}

#[test]
fn a_refused_program_is_explained() {
    let Some(point) = tracepoint(true) else { return };
    let mut a = Asm::new("reads_null");
    a.mov(R1, 0).comment("rule `x`").load(Size::B8, R0, R1, 0).exit();
    let error = load(&a.finish().unwrap(), &LoadSpec::new(point)).unwrap_err();
    // Before Linux 5.18 the word is another.
    let reason = ["R1 invalid mem access 'scalar'", "R1 invalid mem access 'inv'"];
    let reason = reason.into_iter().find(|r| error.reason.starts_with(r)).unwrap_or_else(|| panic!("{error:?}"));
    assert!(error.log.contains("r1 = 0"), "{error:?}");
    let words = format!("the kernel refuses `reads_null` at 1 [r0 = *(u64 *)(r1 +0); rule `x`]: {reason}");
    assert!(error.to_string().starts_with(&words), "{error}");
}

#[test]
fn programs_tell_what_they_cost() {
    let _alone = ALONE.lock().unwrap();
    let Some(point) = tracepoint(false) else { return };
    let mut a = Asm::new("second_argument");
    a.load(Size::B8, R0, R1, 8).exit();
    let program = a.finish().unwrap();
    let loaded = load_or_show(&program, &LoadSpec::new(point));
    let statistics = program::enable_statistics();
    assert_eq!(loaded.run_once(&[5, 77]).unwrap(), 77);
    let info = loaded.info().unwrap();
    assert!(info.id != 0 && info.xlated_bytes >= 16, "{info:?}");
    assert!(loaded.rewritten().unwrap().len() >= 2);
    drop(statistics);
}

/// Lets a closure stop without a value.
fn stop(_: &mut Asm) {}

/// What the kernel computes with `write` from two arguments in R1 and R2: R0, all 64 bits.
fn computed(point: &Tracepoint, arguments: [u64; 2], write: impl Fn(&mut Asm)) -> u64 {
    let half = |shift| {
        let mut a = Asm::new("computes");
        a.load(Size::B8, R2, R1, 8).load(Size::B8, R1, R1, 0);
        write(&mut a);
        a.rsh(R0, shift).exit();
        let loaded = load_or_show(&a.finish().unwrap(), &LoadSpec::new(point.clone()));
        u64::from(loaded.run_once(&arguments).unwrap())
    };
    half(32) << 32 | half(0)
}

#[test]
fn the_kernel_computes_what_the_operations_say() {
    let Some(point) = tracepoint(false) else { return };
    let (x, y) = (0xfedc_ba98_7654_3210u64, 0x0000_0011_8000_0007u64);
    let (x32, y32) = (x as u32, y as u32);
    let of = |op: Alu, width: Width| {
        computed(&point, [x, y], |a| {
            a.mov(R0, R1);
            if matches!(op, Alu::Lsh | Alu::Rsh | Alu::Arsh) {
                a.and(R2, 15);
            }
            a.alu(op, width, R0, R2);
        })
    };
    let shift = y & 15;
    let wide = [
        (Alu::Add, x.wrapping_add(y)),
        (Alu::Sub, x.wrapping_sub(y)),
        (Alu::Mul, x.wrapping_mul(y)),
        (Alu::Div, x / y),
        (Alu::Mod, x % y),
        (Alu::Or, x | y),
        (Alu::And, x & y),
        (Alu::Xor, x ^ y),
        (Alu::Lsh, x << shift),
        (Alu::Rsh, x >> shift),
        (Alu::Arsh, ((x as i64) >> shift) as u64),
        (Alu::Mov, y),
    ];
    for (op, expected) in wide {
        assert_eq!(of(op, Width::W64), expected, "{op:?}");
    }
    let narrow = [
        (Alu::Add, x32.wrapping_add(y32)),
        (Alu::Div, x32 / y32),
        (Alu::Rsh, x32 >> shift),
        (Alu::Arsh, ((x32 as i32) >> shift) as u32),
        (Alu::Mov, y32),
    ];
    for (op, expected) in narrow {
        assert_eq!(of(op, Width::W32), u64::from(expected), "{op:?}");
    }
    let constant = |value: u64| computed(&point, [0, 0], |a| stop(a.load_const(R0, value)));
    for value in [0, 5, 0x7fff_ffff, 0x8000_0000, u64::MAX, x] {
        assert_eq!(constant(value), value);
    }
    let swapped = computed(&point, [x, 0], |a| stop(a.mov(R0, R1).to_network(Size::B4, R0)));
    assert_eq!(swapped, u64::from(x32.to_be()));
    let negated = computed(&point, [x, 0], |a| stop(a.mov(R0, R1).neg(R0)));
    assert_eq!(negated, x.wrapping_neg());
}

#[test]
fn the_kernel_jumps_as_the_conditions_say() {
    let Some(point) = tracepoint(false) else { return };
    use Cond::{Eq, Ge, Gt, Le, Lt, Ne, Set, Sge, Sgt, Sle, Slt};
    let conditions = [Eq, Gt, Ge, Set, Ne, Sgt, Sge, Lt, Le, Slt, Sle];
    let mut a = Asm::new("compares");
    a.load(Size::B8, R7, R1, 8).load(Size::B8, R6, R1, 0).mov(R0, 0);
    for (i, cond) in conditions.into_iter().enumerate() {
        let (wide, narrow) = (a.label(format!("{i} wide")), a.label(format!("{i} narrow")));
        let (no_wide, no_narrow) = (a.label("no"), a.label("no"));
        a.jump_if(cond, R6, R7, wide).jump(no_wide).bind(wide).or(R0, 1 << i).bind(no_wide);
        a.jump_if32(cond, R6, R7, narrow).jump(no_narrow).bind(narrow).or(R0, 1 << (i + 11)).bind(no_narrow);
    }
    a.exit();
    let loaded = load_or_show(&a.finish().unwrap(), &LoadSpec::new(point));
    let expected = |x: u64, y: u64| {
        let (s, t) = (x as i64, y as i64);
        [x == y, x > y, x >= y, x & y != 0, x != y, s > t, s >= t, x < y, x <= y, s < t, s <= t]
    };
    let narrow = |x: u64, y: u64| {
        let (x, y, s, t) = (x as u32, y as u32, x as i32, y as i32);
        [x == y, x > y, x >= y, x & y != 0, x != y, s > t, s >= t, x < y, x <= y, s < t, s <= t]
    };
    let values = [0, 1, 2, 0x7fff_ffff, 0x8000_0000, 1 << 32, 1 << 32 | 1, 1 << 63, u64::MAX];
    for (x, y) in values.iter().flat_map(|x| values.map(|y| (*x, y))) {
        let all = expected(x, y).into_iter().chain(narrow(x, y)).enumerate();
        let bits = all.fold(0u32, |bits, (i, yes)| bits | u32::from(yes) << i);
        assert_eq!(loaded.run_once(&[x, y]).unwrap(), bits, "{x:#x} {y:#x}");
    }
}

#[test]
fn loops_functions_and_long_jumps_run() {
    let Some(point) = tracepoint(false) else { return };
    let sum = computed(&point, [3, 0], |a| {
        a.mov(R6, R1).mov(R0, 0);
        a.repeat("turn", R7, 10, |a, _| {
            a.add(R0, R6);
        });
    });
    assert_eq!(sum, 30);
    let mut a = Asm::new("far");
    let far = a.label("far");
    a.mov(R0, 1).load(Size::B8, R1, R1, 0);
    let near = a.label("near");
    a.jump_if(Cond::Eq, R1, 0, near).jump_long(far).bind(near);
    for _ in 0..40_000 {
        a.add(R0, 1);
    }
    a.bind(far).exit();
    let program = a.finish().unwrap();
    // Linux 6.6; older kernels do not know the jump.
    match load(&program, &LoadSpec::new(point.clone())) {
        Ok(loaded) => {
            assert_eq!((loaded.run_once(&[1]).unwrap(), loaded.run_once(&[0]).unwrap()), (1, 40_001));
        }
        Err(e) => eprintln!("skipped: {e}"),
    }
    if !FEATURES.bpf_loop.works() {
        return eprintln!("skipped: {}", FEATURES.bpf_loop);
    }
    let mut types = Builder::new();
    let (number, pointer) = (types.int("u64", 8), types.pointer(0));
    let main = types.prototype(number, &[pointer]);
    let turn = types.prototype(number, &[number, pointer]);
    let functions = [types.function("main", main), types.function("turn", turn)];
    let types = load_btf(&types.finish()).unwrap();
    let mut a = Asm::new("main");
    let turn = a.label("turn");
    let sum = a.slot("sum", 8, 8);
    a.zero_slot(sum).mov(R1, 100).load_function(R2, turn).slot_address(R3, sum, 0).mov(R4, 0).call(Helper::Loop);
    a.load(Size::B8, R0, R10, sum.at(0)).exit();
    a.function(turn, 2).load(Size::B8, R3, R2, 0).add(R3, R1).store(Size::B8, R2, 0, R3).mov(R0, 0).exit();
    let btf = Some(ProgramBtf { btf: types.as_fd(), functions: &functions });
    let loaded = load_or_show(&a.finish().unwrap(), &LoadSpec { btf, ..LoadSpec::new(point) });
    assert_eq!(loaded.run_once(&[0]).unwrap(), 99 * 100 / 2);
}

#[test]
fn tasks_have_storage_and_maps_are_read_by_bytes() {
    if !FEATURES.task_storage.works() {
        return eprintln!("skipped: {}", FEATURES.task_storage);
    }
    let _alone = ALONE.lock().unwrap();
    let mut types = Builder::new();
    let (key, value) = (types.int("int", 4), types.opaque("state", 24));
    let types = load_btf(&types.finish()).unwrap();
    let spec = MapSpec::task_storage("state", 24, MapBtf { btf: types.as_fd(), key, value });
    let storage = spec.create().unwrap();
    let counts = MapSpec::new("calls", MapType::Hash, 4, 8, 64).create().unwrap();
    let mut a = Asm::new("count_calls");
    let out = a.label("out");
    a.mov(R6, R1);
    only_us(&mut a, out);
    call_number(&mut a, R7, true);
    a.jump_if(Cond::Ne, R7, CALL, out).call(Helper::GetCurrentTaskBtf).mov(R2, R0).load_map(R1, fd(&storage));
    a.mov(R3, 0).mov(R4, 1).call(Helper::TaskStorageGet).jump_if(Cond::Eq, R0, 0, out);
    a.load(Size::B8, R1, R0, 16).add(R1, 1).store(Size::B8, R0, 16, R1);
    let (thread, turns) = (a.slot("thread", 4, 4), a.slot("turns", 8, 8));
    a.store(Size::B8, R10, turns.at(0), R1).call(Helper::GetCurrentPidTgid).store(Size::B4, R10, thread.at(0), R0);
    a.slot_address(R2, thread, 0).slot_address(R3, turns, 0).load_map(R1, fd(&counts)).mov(R4, 0);
    a.call(Helper::MapUpdateElem).bind(out).mov(R0, 0).exit();
    let loaded = load_or_show(&a.finish().unwrap(), &LoadSpec::new(tracepoint(true).unwrap()));
    let link = loaded.attach().unwrap();
    std::thread::scope(|s| {
        for n in [30, 40, 50] {
            s.spawn(move || call(n));
        }
    });
    drop(link);
    let layout = Layout::of(&counts).unwrap();
    let mut found = Vec::new();
    loop {
        let batch = layout.take_batch(64).unwrap();
        found.extend(batch.values.chunks(8).map(|v| u64::from_ne_bytes(v.try_into().unwrap())));
        if batch.count == 0 {
            break;
        }
    }
    found.sort_unstable();
    assert_eq!(found, [30, 40, 50]);
    layout.update(&[1, 0, 0, 0], &[9; 8], 0).unwrap();
    let mut value = [0; 8];
    assert!(layout.lookup(&[1, 0, 0, 0], &mut value).unwrap() && value == [9; 8]);
    assert!(layout.delete(&[1, 0, 0, 0]).unwrap() && !layout.lookup(&[1, 0, 0, 0], &mut value).unwrap());
    assert!(layout.update(&[1], &[9; 8], 0).is_err(), "lengths are checked");
}

#[test]
fn links_carry_a_number() {
    let Some(point) = tracepoint(true) else { return };
    let _alone = ALONE.lock().unwrap();
    let seen = MapSpec::new("seen", MapType::Array, 4, 8, 1).create().unwrap();
    let mut a = Asm::new("cookie");
    let out = a.label("out");
    a.mov(R6, R1);
    only_us(&mut a, out);
    a.mov(R1, R6).call(Helper::GetAttachCookie).load_map_value(R1, fd(&seen), 0).store(Size::B8, R1, 0, R0);
    a.bind(out).mov(R0, 0).exit();
    let loaded = match load(&a.finish().unwrap(), &LoadSpec::new(point)) {
        Ok(loaded) => loaded,
        Err(e) => return eprintln!("skipped: {e}"),
    };
    let _link = loaded.attach_with_cookie(0x1234_5678_9abc).unwrap();
    call(1);
    let mut value = [0; 8];
    Layout::of(&seen).unwrap().lookup(&[0; 4], &mut value).unwrap();
    assert_eq!(u64::from_ne_bytes(value), 0x1234_5678_9abc);
}

#[test]
fn features_are_told() {
    eprint!("{}", *FEATURES);
    assert!(FEATURES.to_string().lines().count() >= 12);
}
