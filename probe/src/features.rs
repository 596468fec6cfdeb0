//! What this kernel offers and this process may use, each found by trying.
//!
//! Versions say little: distributions carry features back and switch them off. So a program of two instructions is
//! loaded, a map of one entry made, and what the kernel answers is the result, with its words where it says no. Only
//! the release is read as text, for the reader.
//!
//! All of it takes a few milliseconds besides reading the kernel's types, and leaves nothing behind.

use crate::asm::{Asm, Helper, Program, Reg, Size};
use crate::btf::{Btf, BtfError, Builder, Kind, TypeId};
use crate::ring::Ring;
use crate::sys::limits;
use crate::sys::map::{MapBtf, MapSpec};
use crate::sys::program::{LoadError, LoadSpec, Loaded, ProgramBtf, Tracepoint, load, load_btf};
use std::fmt;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// One feature: there, or not and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feature {
    /// It works.
    Works,
    /// It does not; the words of the kernel or of the library.
    Missing(String),
}

impl Feature {
    /// Whether it works.
    pub fn works(&self) -> bool {
        *self == Feature::Works
    }

    fn of<T, E: fmt::Display>(result: Result<T, E>) -> Feature {
        match result {
            Ok(_) => Feature::Works,
            Err(error) => Feature::Missing(error.to_string()),
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Feature::Works => f.write_str("yes"),
            Feature::Missing(why) => write!(f, "no: {why}"),
        }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Features {
    /// The kernel's release, as `uname -r` says it.
    pub release: String,
    /// What lockdown forbids: `none`, `integrity`, `confidentiality`; `None` where securityfs does not tell.
    pub lockdown: Option<String>,
    /// Types of the kernel.
    pub btf: Feature,
    /// Programs may be loaded and attached to a raw tracepoint.
    pub raw_tracepoint: Feature,
    /// Likewise to a typed one (`tp_btf`).
    pub typed_tracepoint: Feature,
    /// Programs may copy from kernel memory (not under lockdown `confidentiality`).
    pub kernel_memory: Feature,
    /// Ring buffers (5.8), with their memory mapped here.
    pub ring: Feature,
    /// Arrays of rings, one for each CPU.
    pub ring_array: Feature,
    /// A value for each task (5.11), usable from a tracepoint.
    pub task_storage: Feature,
    /// `bpf_loop` (5.17).
    pub bpf_loop: Feature,
    /// `bpf_rdonly_cast` (6.2): kernel memory read without a helper for each field.
    pub rdonly_cast: Feature,
    /// Whether maps count against the limit on locked memory (before 5.11), so that it must be lifted; `None` where
    /// nothing can be loaded.
    pub needs_memlock: Option<bool>,
}

/// Lifts the limit on locked memory. Needed where [`Features::needs_memlock`]; harmless elsewhere.
///
/// # Errors
///
/// `EPERM` without CAP_SYS_RESOURCE.
pub fn lift_memlock() -> io::Result<()> {
    limits::lift_memlock()
}

/// A program that does what `body` writes and gives 0.
fn program(name: &str, body: impl FnOnce(&mut Asm)) -> Result<Program, String> {
    let mut a = Asm::new(name);
    body(&mut a);
    a.mov(Reg::R0, 0).exit();
    a.finish().map_err(|m| m.to_string())
}

fn raw() -> Tracepoint {
    Tracepoint::Raw("sys_exit".to_owned())
}

/// Loads what `body` writes for a raw tracepoint.
fn loads(name: &str, tracepoint: Tracepoint, body: impl FnOnce(&mut Asm)) -> Result<Loaded, String> {
    load(&program(name, body)?, &LoadSpec::new(tracepoint)).map_err(short)
}

/// The reason in a word: what `doctor` prints has no room for the log.
fn short(error: LoadError) -> String {
    format!("{} ({})", error.reason, error.error)
}

fn attaches(name: &str, tracepoint: Tracepoint) -> Result<(), String> {
    loads(name, tracepoint, |_| ())?.attach().map(drop).map_err(|e| e.to_string())
}

/// The typed tracepoint at the end of system calls.
fn typed(btf: &Btf) -> Result<Tracepoint, String> {
    let id = btf.id(Kind::Typedef, "btf_trace_sys_exit").ok_or("the kernel's types have no btf_trace_sys_exit")?;
    Ok(Tracepoint::Typed(id))
}

/// The helper that lockdown takes away.
fn kernel_memory() -> Result<(), String> {
    loads("probe_read", raw(), |a| {
        let word = a.slot("word", 8, 8);
        a.load(Size::B8, Reg::R3, Reg::R1, 0).mov(Reg::R2, 8).slot_address(Reg::R1, word, 0);
        a.call(Helper::ProbeReadKernel);
    })
    .map(drop)
}

fn ring_array() -> Result<(), String> {
    let ring = MapSpec::ring("probe_inner", limits::page_size() as u32).create_fd().map_err(|e| e.to_string())?;
    MapSpec::array_of_maps("probe_outer", 1, ring.as_fd()).create_fd().map(drop).map_err(|e| e.to_string())
}

fn task_storage(tracepoint: Tracepoint) -> Result<(), String> {
    let mut types = Builder::new();
    let (key, value) = (types.int("int", 4), types.int("u64", 8));
    let types = load_btf(&types.finish()).map_err(short)?;
    let spec = MapSpec::task_storage("probe_task", 8, MapBtf { btf: types.as_fd(), key, value });
    let map = spec.create_fd().map_err(|e| e.to_string())?;
    loads("probe_task", tracepoint, |a| {
        a.call(Helper::GetCurrentTaskBtf).load_map(Reg::R1, map.as_raw_fd()).mov(Reg::R2, Reg::R0);
        a.mov(Reg::R3, 0).mov(Reg::R4, 1).call(Helper::TaskStorageGet);
    })
    .map(drop)
}

fn bpf_loop() -> Result<(), String> {
    let mut types = Builder::new();
    let number = types.int("u64", 8);
    let pointer = types.pointer(0);
    let prototypes = [types.prototype(number, &[pointer]), types.prototype(number, &[number, pointer])];
    let functions = [types.function("main", prototypes[0]), types.function("turn", prototypes[1])];
    let types = load_btf(&types.finish()).map_err(short)?;
    let mut a = Asm::new("probe_loop");
    let turn = a.label("turn");
    a.mov(Reg::R1, 2).load_function(Reg::R2, turn).mov(Reg::R3, 0).mov(Reg::R4, 0).call(Helper::Loop);
    a.mov(Reg::R0, 0).exit();
    a.function(turn, 2).mov(Reg::R0, 0).exit();
    let program = a.finish().map_err(|m| m.to_string())?;
    let btf = Some(ProgramBtf { btf: types.as_fd(), functions: &functions });
    load(&program, &LoadSpec { btf, ..LoadSpec::new(raw()) }).map(drop).map_err(short)
}

/// The kernel function, and that reading through it is accepted.
fn rdonly_cast(btf: &Btf, tracepoint: Tracepoint) -> Result<(), String> {
    let cast = btf.id(Kind::Func, "bpf_rdonly_cast").ok_or("the kernel has no bpf_rdonly_cast")?;
    let task: TypeId = btf.id(Kind::Struct, "task_struct").ok_or("the kernel's types have no task_struct")?;
    let pid = btf.member("task_struct", "pid").and_then(|m| i16::try_from(m.offset).ok());
    let pid = pid.ok_or("task_struct has no pid within reach")?;
    loads("probe_cast", tracepoint, |a| {
        a.call(Helper::GetCurrentTask).mov(Reg::R1, Reg::R0).load_const(Reg::R2, u64::from(task));
        a.call_kfunc(cast, 2).load(Size::B4, Reg::R0, Reg::R0, pid);
    })
    .map(drop)
}

/// The word in brackets of `none [integrity] confidentiality`.
fn lockdown(text: &str) -> Option<String> {
    let (_, after) = text.split_once('[')?;
    after.split_once(']').map(|(word, _)| word.to_owned())
}

impl Features {
    /// Tries everything. `btf` is what [`Btf::vmlinux`] gave, which is also needed for generating programs.
    pub fn find(btf: &Result<Btf, BtfError>) -> Features {
        let typed = || btf.as_ref().map_err(ToString::to_string).and_then(typed);
        let missing = |error: &BtfError| Err(error.to_string());
        // Helpers on tasks are for typed tracepoints; where there are none, the reason is that.
        let storage = typed().and_then(task_storage);
        let cast = btf.as_ref().map_or_else(missing, |btf| rdonly_cast(btf, raw()));
        let ring = Ring::create("probe_ring", limits::page_size() as u32);
        Features {
            release: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            lockdown: fs::read_to_string("/sys/kernel/security/lockdown").ok().as_deref().and_then(lockdown),
            btf: btf.as_ref().map_or_else(|e| Feature::Missing(e.to_string()), |_| Feature::Works),
            raw_tracepoint: Feature::of(attaches("probe_raw", raw())),
            typed_tracepoint: Feature::of(typed().and_then(|t| attaches("probe_typed", t))),
            kernel_memory: Feature::of(kernel_memory()),
            ring: Feature::of(ring),
            ring_array: Feature::of(ring_array()),
            task_storage: Feature::of(storage),
            bpf_loop: Feature::of(bpf_loop()),
            rdonly_cast: Feature::of(cast),
            needs_memlock: needs_memlock(),
        }
    }

    /// The features by name, in the order to print them.
    pub fn list(&self) -> [(&'static str, &Feature); 9] {
        [
            ("kernel types (BTF)", &self.btf),
            ("raw tracepoints", &self.raw_tracepoint),
            ("typed tracepoints", &self.typed_tracepoint),
            ("kernel memory", &self.kernel_memory),
            ("ring buffers", &self.ring),
            ("arrays of ring buffers", &self.ring_array),
            ("task storage", &self.task_storage),
            ("bpf_loop", &self.bpf_loop),
            ("bpf_rdonly_cast", &self.rdonly_cast),
        ]
    }
}

/// Whether maps count against the limit on locked memory. The change came with 5.11, and so did a helper; asking for
/// that does not depend on the limit, as making a map would.
fn needs_memlock() -> Option<bool> {
    let probe = |helper| {
        loads("probe_memlock", raw(), |a| {
            a.call(helper);
        })
    };
    probe(Helper::KtimeGetNs).ok().map(|_| probe(Helper::GetCurrentTaskBtf).is_err())
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "kernel                 {}", self.release)?;
        writeln!(
            f,
            "lockdown               {}",
            self.lockdown.as_deref().unwrap_or("not told (securityfs is not mounted, or there is none)")
        )?;
        for (name, feature) in self.list() {
            writeln!(f, "{name:22} {feature}")?;
        }
        let memlock = match self.needs_memlock {
            None => "not known",
            Some(true) => "must be lifted",
            Some(false) => "does not matter",
        };
        writeln!(f, "{:22} {memlock}", "limit of locked memory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_kernel_are_read() {
        assert_eq!(lockdown("none [integrity] confidentiality\n").as_deref(), Some("integrity"));
        assert_eq!(lockdown("garbage"), None);
    }
}
