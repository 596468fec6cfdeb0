//! What generated programs must know of the kernel they run on.

use crate::btf::{Btf, Kind, Member, TypeId};
use crate::sys::limits::page_size;
use peregrine_schema::capture::{SNAPLEN, SNAPLEN_DNS, SNAPLEN_MAX, SNAPLEN_PORT_RANGE, SNAPLEN_PROTOCOL};
use peregrine_schema::syscalls::Arch;

/// Why no program can be generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The kernel has no such member.
    #[error("this kernel's {structure} has no {path}: the program for `{what}` cannot be generated")]
    NoMember {
        /// Structure.
        structure: String,
        /// Member.
        path: String,
        /// Event.
        what: String,
    },
    /// The event is not made at this place.
    #[error("the event {0} has no recipe for all of its parameters at this hook")]
    NoRecipe(&'static str),
    /// There is no code for a recipe.
    #[error("{event}: no code is generated for {recipe}")]
    Unwritten {
        /// Event.
        event: &'static str,
        /// The recipe's source.
        recipe: String,
    },
    /// The assembler found mistakes.
    #[error(transparent)]
    Mistakes(#[from] Box<crate::asm::Mistakes>),
}

/// How much of the data that calls move is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capturing {
    /// Bytes of data in an event; at most [`SNAPLEN_MAX`].
    pub snaplen: u16,
    /// More for some ports and protocols, see [`Limit`](peregrine_schema::capture::Limit).
    pub dynamic: bool,
    /// First and last port of which [`SNAPLEN_PORT_RANGE`] bytes are recorded; none if the last is 0.
    pub port_range: (u16, u16),
    /// Port of statsd.
    pub statsd_port: u16,
    /// The descriptors that an event names are resolved, see [`crate::descriptor`].
    pub descriptors: bool,
}

impl Default for Capturing {
    fn default() -> Capturing {
        Capturing { snaplen: SNAPLEN, dynamic: false, port_range: (0, 0), statsd_port: 8125, descriptors: false }
    }
}

impl Capturing {
    /// Most bytes that any event may hold; not 0, for which no bound could be written.
    pub(super) fn most(&self) -> u16 {
        let ports = if self.port_range.1 > 0 { SNAPLEN_PORT_RANGE } else { 0 };
        let dynamic = if self.dynamic { ports.max(SNAPLEN_PROTOCOL).max(SNAPLEN_DNS) } else { 0 };
        self.snaplen.min(SNAPLEN_MAX).max(dynamic).max(1)
    }

    /// The configured number of bytes, or `other` if that is more.
    pub(super) fn at_least(&self, other: u16) -> i32 {
        i32::from(self.snaplen.min(SNAPLEN_MAX).max(other))
    }
}

/// The running kernel, as the generator sees it.
pub struct Kernel {
    /// Its types.
    pub btf: Btf,
    /// Its architecture.
    pub arch: Arch,
    /// Pointers with types can be followed by plain loads (programs at `tp_btf`; Linux 5.11).
    pub typed: bool,
    /// `bpf_rdonly_cast`, which gives a number a type (Linux 6.2).
    pub cast: Option<TypeId>,
    /// `may_goto`, which spares the verifier to follow loops to their end (Linux 6.9).
    pub may_goto: bool,
    /// The system's start, nanoseconds since the epoch: what is added to the clock since boot.
    pub boot_time: u64,
    /// Bytes of a page of memory, as a power of two.
    pub page_shift: u32,
    /// How much data is recorded.
    pub capturing: Capturing,
}

/// The architecture this program was built for.
pub const ARCH: Arch = if cfg!(target_arch = "aarch64") { Arch::Aarch64 } else { Arch::X86_64 };

impl Kernel {
    /// With all that these types allow.
    pub fn new(btf: Btf, boot_time: u64) -> Kernel {
        let cast = btf.id(Kind::Func, "bpf_rdonly_cast");
        // Linux 5.10 has typed tracepoints, but no helper that gives the current task with its type.
        let typed = btf.enum_value("bpf_func_id", "BPF_FUNC_get_current_task_btf").is_some();
        let may_goto = btf.has("bpf_verifier_state", "may_goto_depth");
        let page_shift = page_size().trailing_zeros();
        Kernel { btf, arch: ARCH, typed, cast, may_goto, boot_time, page_shift, capturing: Capturing::default() }
    }

    /// Where a member lies, if this kernel has it. An element of an array is `name[index]`, as the last part only or
    /// before a dot.
    pub fn find(&self, structure: &str, path: &str) -> Option<Member> {
        let Some((array, rest)) = path.split_once('[') else { return self.btf.member(structure, path) };
        let (index, rest) = rest.split_once(']')?;
        let index: u32 = index.parse().ok()?;
        let base = self.btf.member(structure, array)?;
        let (element, count) = self.btf.array(self.btf.resolve(base.type_id)?)?;
        let size = self.btf.size(element)?;
        // A flexible array has none by its type.
        if count != 0 && index >= count {
            return None;
        }
        let at = base.offset + index * size;
        let Some(rest) = rest.strip_prefix('.') else {
            return Some(Member { offset: at, size, bits: None, type_id: element });
        };
        let inner = self.btf.resolve(element)?;
        let inner = self.find(self.btf.name(inner)?, rest)?;
        Some(Member { offset: at + inner.offset, ..inner })
    }

    /// Number of a structure, to give to `bpf_rdonly_cast`.
    pub fn structure(&self, name: &str) -> Option<TypeId> {
        self.btf.id(Kind::Struct, name)
    }
}

/// Offsets of system call arguments in `pt_regs`, the first six, and of the number of the call.
pub(super) fn registers(arch: Arch) -> ([&'static str; 6], &'static str) {
    match arch {
        Arch::X86_64 => (["di", "si", "dx", "r10", "r8", "r9"], "orig_ax"),
        // The first argument is overwritten by the result; the kernel keeps it in `orig_x0`.
        Arch::Aarch64 => (["orig_x0", "regs[1]", "regs[2]", "regs[3]", "regs[4]", "regs[5]"], "syscallno"),
    }
}
