//! What an event costs the thread that makes it. Prints figures and is run by hand:
//!
//! ```text
//! cargo test -p peregrine-probe --test cost -- --ignored --nocapture
//! ```

mod common;

use common::call;
use peregrine_compiler::kernel::KernelPlan;
use peregrine_compiler::load::{Loader, Options as LoadOptions};
use peregrine_probe::image::Keep;
use peregrine_probe::live::{Options, Probe};
use peregrine_schema::EVENTS;

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
    probe: Option<Probe>,
}

/// The plan of a rule.
fn plan(condition: &str) -> KernelPlan {
    let mut loader = Loader::new(LoadOptions::default());
    let rule = format!("- {{rule: r, desc: d, priority: NOTICE, output: o, condition: \"{condition}\"}}");
    loader.add_file("rule.yaml", rule.as_bytes());
    KernelPlan::new(&loader.finish().rules)
}

fn way(name: &'static str, events: &[&str], plan: Option<&KernelPlan>, options: Options) -> Option<Way> {
    let wanted = |code: u16| events.contains(&EVENTS[usize::from(code)].id);
    match Probe::load(wanted, plan, options) {
        Ok(probe) => Some(Way { name, probe: Some(probe) }),
        Err(e) => {
            eprintln!("skipped: {e}");
            None
        }
    }
}

fn ways(event: &str) -> Option<Vec<Way>> {
    let made = |name, events: &[&str], options: Options| way(name, events, None, options);
    let plain = Options::default();
    Some(vec![
        Way { name: "nothing attached", probe: None },
        made("another event", &["QUOTACTL_X"], plain)?,
        made("images in task storage", &[event], Options { keep: Some(Keep::Storage), ..plain })?,
        made("images in a hash", &[event], Options { keep: Some(Keep::Hash), ..plain })?,
        made("and the descriptor", &[event], Options { descriptors: true, ..plain })?,
    ])
}

/// Prints nanoseconds of a call, one way after the other in each round.
fn compare(what: &str, ways: Option<Vec<Way>>, calls: u32, act: impl Fn()) {
    let Some(mut ways) = ways else { return };
    let mut times = vec![Vec::new(); ways.len()];
    for _ in 0..ROUNDS {
        for (way, times) in ways.iter_mut().zip(&mut times) {
            if let Some(probe) = &mut way.probe {
                probe.attach().expect("attached");
            }
            let begin = cpu_time();
            (0..calls).for_each(|_| act());
            times.push((cpu_time() - begin) as f64 / f64::from(calls));
            if let Some(probe) = &mut way.probe {
                probe.detach();
                probe.rings().iter_mut().for_each(|ring| ring.batch().iter().for_each(drop));
            }
        }
    }
    for (way, mut times) in ways.into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let lost = way.probe.and_then(|p| p.losses().ok()).map_or(0, |l| l.total());
        println!("{what:32} {:24} {:8.0} ns, {lost} lost", way.name, times[times.len() / 2]);
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

/// Of events that filters drop.
#[test]
#[ignore = "prints figures"]
fn cost_of_dropped_events() {
    let filtered = |condition: &str, name| way(name, &[], Some(&plan(condition)), Options::default());
    let ways = |dropped: [(&'static str, &str); 2]| {
        let mut all = vec![Way { name: "nothing attached", probe: None }];
        all.push(way("another event", &["QUOTACTL_X"], None, Options::default())?);
        for (name, condition) in dropped {
            all.push(filtered(condition, name)?);
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
    let path = c"/tmp".as_ptr().expose_provenance() as u64;
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
