//! What an event costs the thread that makes it. Prints figures and is run by hand:
//!
//! ```text
//! PEREGRINE_SHARED=… cargo test --workspace --test cost -- --ignored --nocapture --test-threads 1
//! ```
//!
//! A program that does nothing is what the kernel takes for any; what it takes on another machine scales the rest.

mod common;

use common::{Reads, call, kernel, tracepoint};
use peregrine_compiler::kernel::KernelPlan;
use peregrine_compiler::load::{Loader, Options as LoadOptions};
use peregrine_probe::asm::{Asm, Helper, Reg, Size};
use peregrine_probe::image::{Images, Keep, Tasks};
use peregrine_probe::live::{Options, Probe};
use peregrine_probe::sys::map::{MapSpec, MapType};
use peregrine_probe::sys::program::{Link, LoadSpec, Loaded, load};
use peregrine_schema::EVENTS;
use peregrine_schema::capture::Hook;
use std::os::fd::AsRawFd as _;

/// Calls of a round, and rounds; the median counts.
const CALLS: u32 = 20_000;
const ROUNDS: usize = 15;

/// CPU time of this thread, ns.
fn cpu_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// One way of making events.
struct Way {
    name: &'static str,
    attached: Attached,
}

enum Attached {
    Nothing,
    /// A program that does nothing.
    Empty(Loaded, Option<Link>),
    Probe(Box<Probe>),
}

impl Attached {
    fn attach(&mut self) {
        match self {
            Attached::Nothing => {}
            Attached::Empty(program, link) => *link = Some(program.attach().expect("attached")),
            Attached::Probe(probe) => probe.attach().expect("attached"),
        }
    }

    fn detach(&mut self) {
        match self {
            Attached::Nothing => {}
            Attached::Empty(_, link) => *link = None,
            Attached::Probe(probe) => {
                probe.detach();
                probe.rings().iter_mut().for_each(|ring| ring.batch().iter().for_each(drop));
            }
        }
    }

    fn lost(&self) -> u64 {
        if let Attached::Probe(probe) = self { probe.losses().map_or(0, |losses| losses.total()) } else { 0 }
    }
}

/// Nothing, a program that does nothing, and the dispatcher without a program for what is called.
fn least() -> Option<Vec<Way>> {
    let kernel = kernel(Reads::Cast)?;
    let mut empty = Asm::new("empty");
    empty.mov(Reg::R0, 0).exit();
    let spec = LoadSpec::new(tracepoint(&kernel, Hook::SysExit));
    let empty = load(&empty.finish().expect("a program"), &spec).expect("loaded");
    Some(vec![
        Way { name: "nothing attached", attached: Attached::Nothing },
        Way { name: "an empty program", attached: Attached::Empty(empty, None) },
        way("another event", &["QUOTACTL_X"], None, Options::default())?,
    ])
}

/// The plan of a rule.
fn plan(condition: &str) -> KernelPlan {
    let rule = format!("- {{rule: r, desc: d, priority: NOTICE, output: o, condition: \"{condition}\"}}");
    plan_of(&[("rule.yaml", rule.into_bytes())])
}

fn plan_of(files: &[(&str, Vec<u8>)]) -> KernelPlan {
    let mut loader = Loader::new(LoadOptions::default());
    files.iter().for_each(|(name, text)| loader.add_file(name, text));
    KernelPlan::new(&loader.finish().rules)
}

/// That of the upstream rules, if they are there.
fn upstream() -> Option<KernelPlan> {
    let folder = std::path::PathBuf::from(std::env::var_os("PEREGRINE_SHARED")?).join("upstream-rules");
    let names = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];
    Some(plan_of(&names.map(|name| (name, std::fs::read(folder.join(name)).expect("rules")))))
}

fn way(name: &'static str, events: &[&str], plan: Option<&KernelPlan>, options: Options) -> Option<Way> {
    let wanted = |code: u16| events.contains(&EVENTS[usize::from(code)].id);
    match Probe::load(wanted, plan, options) {
        Ok(probe) => Some(Way { name, attached: Attached::Probe(Box::new(probe)) }),
        Err(e) => {
            eprintln!("skipped: {e}");
            None
        }
    }
}

fn ways(event: &str) -> Option<Vec<Way>> {
    let made = |name, events: &[&str], options: Options| way(name, events, None, options);
    let plain = Options::default();
    let mut all = least()?;
    all.push(made("images in task storage", &[event], Options { keep: Some(Keep::Storage), ..plain })?);
    all.push(made("images in a hash", &[event], Options { keep: Some(Keep::Hash), ..plain })?);
    all.push(made("and the descriptor", &[event], Options { descriptors: true, ..plain })?);
    Some(all)
}

/// Prints nanoseconds of a call, one way after the other in each round.
fn compare(what: &str, ways: Option<Vec<Way>>, calls: u32, act: impl Fn()) {
    let Some(mut ways) = ways else { return };
    let mut times = vec![Vec::new(); ways.len()];
    for _ in 0..ROUNDS {
        for (way, times) in ways.iter_mut().zip(&mut times) {
            way.attached.attach();
            let begin = cpu_time();
            (0..calls).for_each(|_| act());
            times.push((cpu_time() - begin) as f64 / f64::from(calls));
            way.attached.detach();
        }
    }
    for (way, mut times) in ways.into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        println!("{what:32} {:24} {:8.0} ns, {} lost", way.name, times[times.len() / 2], way.attached.lost());
    }
}

#[test]
#[ignore = "prints figures"]
fn cost_of_events() {
    let file = std::fs::File::open("/dev/zero").expect("a file");
    let (fd, byte) = (std::os::fd::AsRawFd::as_raw_fd(&file) as u64, [0_u8; 1]);
    let address = byte.as_ptr().expose_provenance() as u64;
    compare("lseek", ways("LSEEK_X"), CALLS, || {
        call(libc::SYS_lseek, &[fd, 0, 0]);
    });
    compare("read", ways("READ_X"), CALLS, || {
        call(libc::SYS_read, &[fd, address, 1]);
    });
}

/// Of what programs call, and of the way to the program of a call.
#[test]
#[ignore = "prints figures"]
fn cost_of_helpers() {
    let text = c"/usr/lib/os-release".as_ptr().expose_provenance() as u64;
    compare("getppid", helpers(), 10 * CALLS, || {
        call(libc::SYS_getppid, &[text]);
    });
}

fn helpers() -> Option<Vec<Way>> {
    let kernel = kernel(Reads::Cast)?;
    let mut ways = least()?;
    let spec = LoadSpec::new(tracepoint(&kernel, Hook::SysExit));
    let mut add = |name, write: &dyn Fn(&mut Asm)| {
        let mut a = Asm::new("helper");
        a.mov(Reg::R6, Reg::R1);
        write(&mut a);
        a.mov(Reg::R0, 0).exit();
        let program = load(&a.finish().expect("a program"), &spec).expect("loaded");
        ways.push(Way { name, attached: Attached::Empty(program, None) });
    };
    // Programs keep the maps that they use.
    let array = MapSpec::new("array", MapType::PercpuArray, 4, 256, 1).create_fd().expect("array");
    let lru = MapSpec::new("lru", MapType::LruHash, 4, 136, 1024).create_fd().expect("hash");
    let Tasks::Storage(storage) = Images::create(Keep::Storage).map(kept).ok()?.tasks() else { return None };
    let first_argument = kernel.find("pt_regs", "di")?.offset as i16;
    let look_up = |a: &mut Asm, map: i32| {
        let key = a.slot("key", 4, 4);
        a.store(Size::B4, Reg::R10, key.at(0), 0);
        a.load_map(Reg::R1, map).slot_address(Reg::R2, key, 0).call(Helper::MapLookupElem);
    };
    add("the current task", &|a| {
        a.call(Helper::GetCurrentTaskBtf);
    });
    add("and its storage", &|a| {
        a.call(Helper::GetCurrentTaskBtf).mov(Reg::R2, Reg::R0).load_map(Reg::R1, storage);
        a.mov(Reg::R3, 0).mov(Reg::R4, 0).call(Helper::TaskStorageGet);
    });
    add("a lookup, array per CPU", &|a| look_up(a, array.as_raw_fd()));
    add("a lookup, LRU hash", &|a| look_up(a, lru.as_raw_fd()));
    add("a text of the program", &|a| {
        let bytes = a.slot("text", 256, 8);
        a.slot_address(Reg::R1, bytes, 0).mov(Reg::R2, 256).load(Size::B8, Reg::R3, Reg::R6, 0);
        a.load(Size::B8, Reg::R3, Reg::R3, first_argument).call(Helper::ProbeReadUserStr);
    });
    Some(ways)
}

/// For as long as this program runs.
fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Of events that filters drop.
#[test]
#[ignore = "prints figures"]
fn cost_of_dropped_events() {
    let upstream = upstream();
    let ways = |dropped: [(&'static str, &str); 2]| {
        let mut all = least()?;
        for (name, condition) in dropped {
            all.push(way(name, &[], Some(&plan(condition)), Options::default())?);
        }
        if let Some(upstream) = &upstream {
            all.push(way("upstream rules", &[], Some(upstream), Options::default())?);
        }
        Some(all)
    };
    let byte = [0_u8; 1];
    let address = byte.as_ptr().expose_provenance() as u64;
    for path in ["/dev/zero", "/proc/version", "/usr/share/common-licenses/GPL-3"] {
        let Ok(file) = std::fs::File::open(path) else { continue };
        let fd = std::os::fd::AsRawFd::as_raw_fd(&file) as u64;
        let by_number = ("by its result", "evt.type = pread and evt.rawres > 1000000");
        let ways = ways([by_number, ("by its path", "evt.type = pread and fd.name startswith /etc/")]);
        compare(path, ways, CALLS, || {
            call(libc::SYS_pread64, &[fd, address, 1, 0]);
        });
    }
    let path = c"/usr/lib/os-release".as_ptr().expose_provenance() as u64;
    let by_number = ("by its result", "evt.type = openat and evt.rawres > 1000000");
    let ways = ways([by_number, ("by its path", "evt.type = openat and fd.name startswith /etc/")]);
    compare("open, close", ways, CALLS, || {
        let fd = call(libc::SYS_openat, &[libc::AT_FDCWD as u64, path, libc::O_RDONLY as u64]);
        call(libc::SYS_close, &[fd as u64]);
    });
}

/// Images are kept whatever is recorded.
#[test]
#[ignore = "prints figures"]
fn cost_of_processes() {
    let mut stack = vec![0_u128; 1 << 12];
    let top = stack.as_mut_ptr_range().end.expose_provenance();
    compare("clone, wait", ways("QUOTACTL_X"), 500, || process(top));
}

extern "C" fn nothing(_: *mut libc::c_void) -> i32 {
    0
}

/// A process that ends at once.
#[expect(unsafe_code, reason = "calls clone(2)")]
fn process(stack: usize) {
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the stack is used by one process at a time, as this one waits.
    unsafe {
        let pid = libc::clone(nothing, std::ptr::with_exposed_provenance_mut(stack), flags, std::ptr::null_mut());
        libc::waitpid(pid, std::ptr::null_mut(), 0)
    };
}
