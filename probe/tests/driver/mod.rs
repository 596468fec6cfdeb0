//! Processes that say who they are, in every way in which processes begin.
//!
//! A test starts its own program again with [`ROLE`] in the environment; it then acts here, before `main`, with one
//! thread, and never returns. Each process tells the probe what it knows of itself by calls of `lseek` that fail:
//!
//! ```text
//! lseek(kind, process id << 32 | generation)        generation: how often the process has exec'd since its fork
//! ```

#![expect(unsafe_code, reason = "system calls that Rust has no functions for")]
#![allow(unreachable_pub, reason = "a part of a test")]

use crate::common::call;
use std::ffi::CString;
use std::fs::File;
use std::io::{PipeWriter, Read, Write};
use std::os::fd::AsRawFd;

/// Variable of the environment that says what a process is to do.
pub const ROLE: &str = "IMAGES_ROLE";

/// What a call of `lseek` tells: its descriptor.
pub mod tells {
    /// Who the process is.
    pub const SELF: i64 = -7;
    /// Who its parent is.
    pub const PARENT: i64 = -8;
    /// Of whom it is a copy; only of processes that have not exec'd.
    pub const COPIED: i64 = -9;
}

/// A process and its generation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Who(pub u64, pub u64);

impl Who {
    fn number(self) -> u64 {
        self.0 << 32 | self.1
    }

    pub fn from_number(number: u64) -> Who {
        Who(number >> 32, number & 0xffff_ffff)
    }
}

pub fn tell(kind: i64, who: Who) {
    call(libc::SYS_lseek, &[kind.cast_unsigned(), who.number(), 0]);
}

#[used]
#[unsafe(link_section = ".init_array")]
static BEGIN: extern "C" fn() = begin;

extern "C" fn begin() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let mut words = role.split(':');
    let name = words.next().unwrap_or_default();
    let numbers: Vec<u64> = words.filter_map(|w| w.parse().ok()).collect();
    match (name, &numbers[..]) {
        ("worker", [turns, parent]) => worker(*turns, Who(*parent, 0)),
        ("again", [generation, last, pid, parent]) => again(*generation, *last, Who(*pid, *parent)),
        _ => eprintln!("no role: {role}"),
    }
    exit();
}

fn exit() -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(0) }
}

fn own_pid() -> u64 {
    u64::from(std::process::id())
}

/// Tells who it is from both CPUs in turn.
fn wander(me: Who, parent: Who) {
    for turn in 0..4 {
        let cpus: u64 = 1 << (turn % 2);
        call(libc::SYS_sched_setaffinity, &[0, 8, (&raw const cpus).addr() as u64]);
        tell(tells::SELF, me);
        tell(tells::PARENT, parent);
    }
    let all = u64::MAX;
    call(libc::SYS_sched_setaffinity, &[0, 8, (&raw const all).addr() as u64]);
}

/// A process forks; the child does this and ends.
fn fork(child: impl FnOnce()) -> u64 {
    // SAFETY: this process has one thread, so the child's memory is whole.
    match unsafe { libc::fork() } {
        0 => {
            child();
            exit()
        }
        pid => pid.max(0) as u64,
    }
}

fn wait() {
    // SAFETY: no status is asked for.
    unsafe { libc::wait(std::ptr::null_mut()) };
}

/// What a copy of `of` whose parent is `parent` says first.
fn copied(of: Who, parent: Who) -> Who {
    let me = Who(own_pid(), 0);
    tell(tells::COPIED, of);
    wander(me, parent);
    me
}

/// Runs this program again as the next generation.
fn exec(me: Who, last: u64, parent: Who) {
    let text = |text: String| CString::new(text).expect("no NUL");
    let role = text(format!("{ROLE}=again:{}:{last}:{}:{}", me.1 + 1, parent.0, parent.1));
    let (path, name) = (text("/proc/self/exe".into()), text("again".into()));
    let (arguments, environment) = ([name.as_ptr(), std::ptr::null()], [role.as_ptr(), std::ptr::null()]);
    // SAFETY: the arrays end with null and their texts with NUL.
    unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
}

fn again(generation: u64, last: u64, parent: Who) {
    let me = Who(own_pid(), generation);
    wander(me, parent);
    if generation < last {
        exec(me, last, parent);
    }
}

/// What a process that shares its parent's memory, or not, is to do.
struct Cloned {
    of: Who,
    parent: Who,
    execs: bool,
}

extern "C" fn cloned(what: *mut libc::c_void) -> i32 {
    // SAFETY: `clone` hands over what it was given.
    let what = unsafe { &*what.cast::<Cloned>() };
    let me = copied(what.of, what.parent);
    if what.execs {
        exec(me, 1, what.parent);
    }
    exit()
}

fn clone(flags: i32, what: &Cloned) {
    let mut stack = vec![0_u128; 1 << 14];
    let top = stack.as_mut_ptr_range().end;
    // SAFETY: the stack is used by nobody else, and the parent waits or has memory of its own.
    unsafe { libc::clone(cloned, top.cast(), flags | libc::SIGCHLD, std::ptr::from_ref(what).cast_mut().cast()) };
}

fn worker(turns: u64, parent: Who) {
    let me = Who(own_pid(), 1);
    wander(me, parent);
    for _ in 0..turns {
        fork(|| {
            copied(me, me);
        });
        fork(|| exec(copied(me, me), 2, me));
        clone(libc::CLONE_VM | libc::CLONE_VFORK, &Cloned { of: me, parent: me, execs: true });
        fork(|| {
            // Its child is its parent's.
            let own = copied(me, me);
            clone(libc::CLONE_PARENT, &Cloned { of: own, parent: me, execs: false });
        });
        fork(|| thread_that_execs(copied(me, me), me));
        fork(|| {
            let own = copied(me, me);
            let threads = [0; 3].map(|_| std::thread::spawn(move || wander(own, me)));
            threads.into_iter().for_each(|t| drop(t.join()));
        });
        fork(|| namespaces(copied(me, me)));
        (0..8).for_each(|_| wait());
        wander(me, parent);
    }
}

/// Another thread than the first runs the program again.
fn thread_that_execs(me: Who, parent: Who) {
    let _ = std::thread::spawn(move || {
        wander(me, parent);
        exec(me, 1, parent);
    });
    loop {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

/// Children in a namespace of processes in which they have other numbers.
fn namespaces(me: Who) {
    if call(libc::SYS_unshare, &[libc::CLONE_NEWPID as u64]) != 0 {
        return;
    }
    let Some((pid, first)) = told(me) else { return };
    let Ok(namespace) = File::open(format!("/proc/{pid}/ns/pid")) else { return };
    call(libc::SYS_setns, &[namespace.as_raw_fd() as u64, libc::CLONE_NEWPID as u64]);
    let second = told(me);
    drop((first, second));
    wait();
    wait();
}

/// A child that is told its number outside, and ends when the writer goes.
fn told(me: Who) -> Option<(u64, PipeWriter)> {
    let (mut reader, writer) = std::io::pipe().ok()?;
    let mut writer = Some(writer);
    let pid = fork(|| {
        drop(writer.take());
        let mut number = [0; 8];
        if reader.read_exact(&mut number).is_ok() {
            tell(tells::COPIED, me);
            wander(Who(u64::from_le_bytes(number), 0), me);
            let _ = reader.read(&mut [0]);
        }
    });
    let mut writer = writer?;
    writer.write_all(&pid.to_le_bytes()).ok()?;
    Some((pid, writer))
}
