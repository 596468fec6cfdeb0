//! Programs: loaded with the verifier's reason when refused, attached to tracepoints, asked what they cost.
//!
//! What must hold: a [`Link`] keeps its program attached and is what keeps it; dropping it detaches. A program in a
//! program array stays loaded without its [`Loaded`].

use super::{Command, Name, address, address_mut, bpf, bpf_fd, kernel_name};
use crate::asm::{Insn, Program};
use crate::btf::TypeId;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use thiserror::Error;

/// The licence that the kernel's tracing helpers and `bpf_rdonly_cast` demand of their callers. Generated programs
/// are declared so; the declaration concerns the bytes in the kernel, not the program that generates them.
const LICENSE: &[u8] = b"GPL\0";
const PROG_TYPE_RAW_TRACEPOINT: u32 = 17;
const PROG_TYPE_TRACING: u32 = 26;
const ATTACH_TRACE_RAW_TP: u32 = 23;
/// First size of the buffer for the verifier's log, and the most that kernels accept.
const LOG_FIRST: usize = 256 << 10;
const LOG_MOST: usize = u32::MAX as usize >> 8;
/// How often a load interrupted by a signal is tried again.
const AGAIN: u32 = 5;

/// What a program is attached to, which the verifier must know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tracepoint {
    /// A tracepoint whose arguments have types (`tp_btf`), by the number of its typedef `btf_trace_<name>`.
    Typed(TypeId),
    /// A tracepoint whose arguments are plain numbers (`raw_tp`), by name.
    Raw(String),
}

/// The BTF of a program that has more than one function.
#[derive(Clone, Copy, Debug)]
pub struct ProgramBtf<'a> {
    /// From [`load_btf`].
    pub btf: BorrowedFd<'a>,
    /// For each function of the program, in order, the number of its `FUNC`.
    pub functions: &'a [TypeId],
}

/// How a program is to be loaded.
#[derive(Clone, Debug)]
pub struct LoadSpec<'a> {
    /// What it is for.
    pub tracepoint: Tracepoint,
    /// `BPF_F_*` of `BPF_PROG_LOAD`.
    pub flags: u32,
    /// Types of its functions, where the program needs them.
    pub btf: Option<ProgramBtf<'a>>,
    /// How much the verifier writes when it refuses: 1 the way to the mistake, 2 every instruction it looked at.
    pub log_level: u32,
}

impl LoadSpec<'_> {
    /// For that tracepoint, with nothing special.
    pub fn new(tracepoint: Tracepoint) -> LoadSpec<'static> {
        LoadSpec { tracepoint, flags: 0, btf: None, log_level: 1 }
    }
}

/// Why the kernel did not take a program.
#[derive(Debug, Error)]
#[error("the kernel refuses `{program}`{}: {reason} ({error})", place(.at.as_ref()))]
pub struct LoadError {
    /// The program's name.
    pub program: String,
    /// What the kernel answered.
    pub error: io::Error,
    /// The verifier's last word, or what the answer usually means.
    pub reason: String,
    /// Where, if the log says so: the number of the instruction, and its line with the comments of the generator.
    pub at: Option<(usize, String)>,
    /// The verifier's log; may be empty.
    pub log: String,
}

fn place(at: Option<&(usize, String)>) -> String {
    at.map_or_else(String::new, |(at, line)| format!(" at {at} [{line}]"))
}

/// As the kernel reads it for `BPF_PROG_LOAD`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct LoadAttr {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: Name,
    prog_ifindex: u32,
    expected_attach_type: u32,
    prog_btf_fd: u32,
    func_info_rec_size: u32,
    func_info: u64,
    func_info_cnt: u32,
    line_info_rec_size: u32,
    line_info: u64,
    line_info_cnt: u32,
    attach_btf_id: u32,
}

/// A program in the kernel.
#[derive(Debug)]
pub struct Loaded {
    fd: OwnedFd,
    tracepoint: Tracepoint,
}

/// A program's attachment; dropping it detaches.
#[derive(Debug)]
pub struct Link {
    fd: OwnedFd,
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsFd for Loaded {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// One try at loading; `log` is written to if it is not empty.
#[expect(unsafe_code, reason = "calls bpf(2)")]
fn try_load(program: &Program, spec: &LoadSpec<'_>, log: &mut [u8]) -> io::Result<OwnedFd> {
    let bytes = program.bytes();
    let starts = program.functions().iter().map(|f| f.start as u32);
    let functions = spec.btf.map_or(&[][..], |b| b.functions);
    let info: Vec<[u32; 2]> = starts.zip(functions).map(|(start, id)| [start, *id]).collect();
    let (prog_type, expected_attach_type, attach_btf_id) = match spec.tracepoint {
        Tracepoint::Typed(id) => (PROG_TYPE_TRACING, ATTACH_TRACE_RAW_TP, id),
        Tracepoint::Raw(_) => (PROG_TYPE_RAW_TRACEPOINT, 0, 0),
    };
    let mut attr = LoadAttr {
        prog_type,
        insn_cnt: program.insns().len() as u32,
        insns: address(&bytes),
        license: address(LICENSE),
        log_level: if log.is_empty() { 0 } else { spec.log_level.max(1) },
        log_size: log.len() as u32,
        log_buf: address_mut(log),
        prog_flags: spec.flags,
        prog_name: kernel_name(program.name()),
        expected_attach_type,
        prog_btf_fd: spec.btf.map_or(0, |b| b.btf.as_raw_fd().cast_unsigned()),
        func_info_rec_size: if info.is_empty() { 0 } else { 8 },
        func_info: address(&info),
        func_info_cnt: info.len() as u32,
        attach_btf_id,
        ..LoadAttr::default()
    };
    let mut tries = 0;
    loop {
        // SAFETY: the layout is that of the command, which gives a file descriptor. `bytes` has `insn_cnt` times 8
        // bytes, the licence ends in a zero, `info` has `func_info_cnt` times 8 bytes, `log` is writable for
        // `log_size` bytes; all outlive the call.
        match unsafe { bpf_fd(Command::ProgLoad, &mut attr) } {
            Err(e) if e.raw_os_error() == Some(libc::EAGAIN) && tries < AGAIN => tries += 1,
            result => return result,
        }
    }
}

/// The text before the first zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// The line of a verifier's log that says what is wrong: the last that is not statistics, nor the advice that newer
/// kernels (7.3) give after it.
fn last_word(log: &str) -> Option<&str> {
    let log = log.split("\nVerification failed: ").next().unwrap_or(log);
    let statistics = |l: &&str| ["processed ", "verification time ", "stack depth "].iter().any(|s| l.starts_with(s));
    log.lines().rev().map(str::trim).find(|l| !l.is_empty() && !statistics(l))
}

/// The instruction that the log speaks of last, as in `12: (79) r1 = *(u64 *)(r6 +112)`.
fn last_instruction(log: &str) -> Option<usize> {
    let number = |l: &str| l.split_once(": (")?.0.trim().parse().ok();
    log.lines().rev().find_map(number)
}

/// What an answer without a log usually means.
fn usual_meaning(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => "not permitted: CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN) are needed",
        Some(libc::E2BIG) => "too large for this kernel",
        Some(libc::ENOMEM) => "no memory",
        Some(libc::ENOSYS) => "this kernel has no bpf(2)",
        _ => "no reason given",
    }
}

/// Loads a program. A refused program is loaded once more to get the verifier's log.
///
/// # Errors
///
/// With the verifier's reason and log.
pub fn load(program: &Program, spec: &LoadSpec<'_>) -> Result<Loaded, LoadError> {
    let loaded = |fd| Loaded { fd, tracepoint: spec.tracepoint.clone() };
    let mut error = match try_load(program, spec, &mut []) {
        Ok(fd) => return Ok(loaded(fd)),
        Err(error) => error,
    };
    let mut log = Vec::new();
    // Without the right to load, a second try says nothing more.
    let mut size = if error.raw_os_error() == Some(libc::EPERM) { LOG_MOST + 1 } else { LOG_FIRST };
    while size <= LOG_MOST {
        log = vec![0; size];
        match try_load(program, spec, &mut log) {
            // Refused for want of memory or by a race; it has been accepted now.
            Ok(fd) => return Ok(loaded(fd)),
            // The log did not fit.
            Err(e) if e.raw_os_error() == Some(libc::ENOSPC) => size *= 8,
            Err(e) => {
                error = e;
                break;
            }
        }
    }
    let log = text(&log);
    let reason = last_word(&log).unwrap_or_else(|| usual_meaning(&error)).to_owned();
    let at = last_instruction(&log).and_then(|at| Some((at, program.line(at)?)));
    Err(LoadError { program: program.name().to_owned(), error, reason, at, log })
}

/// Instructions from bytes; what is left over at the end is ignored.
fn instructions(bytes: &[u8]) -> Vec<Insn> {
    bytes.as_chunks().0.iter().map(|b| Insn::from_bytes(*b)).collect()
}

/// As the kernel reads it for `BPF_RAW_TRACEPOINT_OPEN`.
#[repr(C)]
struct OpenAttr {
    name: u64,
    prog_fd: u32,
    _pad: u32,
}

/// As the kernel reads it for `BPF_LINK_CREATE`, of a tracing program.
#[derive(Default)]
#[repr(C)]
struct LinkAttr {
    prog_fd: u32,
    target_fd: u32,
    attach_type: u32,
    flags: u32,
    target_btf_id: u32,
    _pad: u32,
    cookie: u64,
}

/// As the kernel reads it for `BPF_PROG_TEST_RUN`.
#[derive(Default)]
#[repr(C)]
struct TestAttr {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    ctx_size_in: u32,
    ctx_size_out: u32,
    ctx_in: u64,
    ctx_out: u64,
}

impl Loaded {
    fn number(&self) -> u32 {
        self.fd.as_raw_fd().cast_unsigned()
    }

    /// What it was loaded for.
    pub fn tracepoint(&self) -> &Tracepoint {
        &self.tracepoint
    }

    /// Attaches it to its tracepoint.
    ///
    /// # Errors
    ///
    /// As the kernel gives them; `ENOENT` if there is no tracepoint of that name.
    #[expect(unsafe_code, reason = "calls bpf(2)")]
    pub fn attach(&self) -> io::Result<Link> {
        let name = match &self.tracepoint {
            Tracepoint::Typed(_) => None,
            Tracepoint::Raw(name) => Some(CString::new(name.as_str())?),
        };
        let place = name.as_ref().map_or(0, |n| address(n.as_bytes_with_nul()));
        let mut attr = OpenAttr { name: place, prog_fd: self.number(), _pad: 0 };
        // SAFETY: the layout is that of the command, which gives a file descriptor; the name is 0 or ends in a zero,
        // and lives to the end of the function.
        unsafe { bpf_fd(Command::RawTracepointOpen, &mut attr) }.map(|fd| Link { fd })
    }

    /// Attaches a typed program with a number that it can ask for by [`crate::asm::Helper::GetAttachCookie`]. Older
    /// kernels attach without the number or refuse the helper.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    #[expect(unsafe_code, reason = "calls bpf(2)")]
    pub fn attach_with_cookie(&self, cookie: u64) -> io::Result<Link> {
        let attach_type = ATTACH_TRACE_RAW_TP;
        let mut attr = LinkAttr { prog_fd: self.number(), attach_type, cookie, ..LinkAttr::default() };
        // SAFETY: the layout is that of the command, which gives a file descriptor and reads no addresses.
        unsafe { bpf_fd(Command::LinkCreate, &mut attr) }.map(|fd| Link { fd })
    }

    /// Runs a raw tracepoint's program once, here, with such arguments (Linux 5.10), and gives its result.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it reads more arguments than given; `ENOTSUPP` for typed programs.
    #[expect(unsafe_code, reason = "calls bpf(2)")]
    pub fn run_once(&self, arguments: &[u64]) -> io::Result<u32> {
        let mut attr = TestAttr {
            prog_fd: self.number(),
            ctx_size_in: size_of_val(arguments) as u32,
            ctx_in: address(arguments),
            ..TestAttr::default()
        };
        // SAFETY: the layout is that of the command; the context is only read, for its length.
        unsafe { bpf(Command::ProgTestRun, &mut attr)? };
        Ok(attr.retval)
    }

    /// What the kernel tells about it.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn info(&self) -> io::Result<ProgramInfo> {
        program_info(self.fd.as_fd())
    }

    /// The instructions after the verifier's rewriting, as far as the kernel shows them.
    ///
    /// # Errors
    ///
    /// As the kernel gives them.
    pub fn rewritten(&self) -> io::Result<Vec<Insn>> {
        let length = self.info()?.xlated_bytes as usize;
        let mut bytes = vec![0u8; length.next_multiple_of(8)];
        let mut info = RawInfo { xlated_prog_len: bytes.len() as u32, ..RawInfo::default() };
        info.xlated_prog_insns = address_mut(&mut bytes);
        ask_info(self.fd.as_fd(), &mut info)?;
        Ok(instructions(&bytes))
    }
}

/// What the kernel tells about a program. Times count only while statistics are on ([`enable_statistics`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProgramInfo {
    /// Its number.
    pub id: u32,
    /// Bytes of instructions after the verifier's rewriting.
    pub xlated_bytes: u32,
    /// Bytes of machine code; 0 if interpreted.
    pub jited_bytes: u32,
    /// Nanoseconds in all runs.
    pub run_time_ns: u64,
    /// Runs.
    pub run_count: u64,
    /// Runs left out since the program was running on that CPU already: events lost (Linux 5.12, else 0).
    pub recursion_misses: u64,
    /// Instructions the verifier looked at (Linux 5.16, else 0).
    pub verified_insns: u32,
}

/// As the kernel writes it for `BPF_OBJ_GET_INFO_BY_FD` of a program.
#[derive(Default)]
#[repr(C)]
struct RawInfo {
    type_id: [u32; 2],
    tag: [u8; 8],
    jited_prog_len: u32,
    xlated_prog_len: u32,
    jited_prog_insns: u64,
    xlated_prog_insns: u64,
    load_time: u64,
    created_by_uid: u32,
    nr_map_ids: u32,
    map_ids: u64,
    name: Name,
    ifindex: u32,
    gpl_compatible: u32,
    netns: [u64; 2],
    nr_jited: [u32; 2],
    jited: [u64; 2],
    btf_id: u32,
    func_info_rec_size: u32,
    func_info: u64,
    nr_info: [u32; 2],
    line_info: [u64; 2],
    line_sizes: [u32; 4],
    prog_tags: u64,
    run_time_ns: u64,
    run_cnt: u64,
    recursion_misses: u64,
    verified_insns: u32,
    attach_btf_obj_id: u32,
    attach_btf_id: u32,
    _pad: u32,
}

const _: () = assert!(std::mem::offset_of!(RawInfo, run_time_ns) == 192 && size_of::<RawInfo>() == 232);
const _: () = assert!(size_of::<LoadAttr>() == 112);

/// As the kernel reads it for `BPF_OBJ_GET_INFO_BY_FD`.
#[repr(C)]
struct InfoAttr {
    bpf_fd: u32,
    info_len: u32,
    info: u64,
}

/// Fills `info`, whose own addresses must be 0 or valid for the lengths beside them.
#[expect(unsafe_code, reason = "calls bpf(2)")]
fn ask_info(fd: BorrowedFd<'_>, info: &mut RawInfo) -> io::Result<()> {
    let mut attr = InfoAttr {
        bpf_fd: fd.as_raw_fd().cast_unsigned(),
        info_len: size_of::<RawInfo>() as u32,
        info: address_mut(std::slice::from_mut(info)),
    };
    // SAFETY: the layout is that of the command, which writes at most `info_len` bytes of plain numbers to `info`;
    // the callers, both in this file, set no address but that of a buffer as long as its length says.
    unsafe { bpf(Command::ObjGetInfo, &mut attr) }.map(drop)
}

/// What the kernel tells about a program.
///
/// # Errors
///
/// As the kernel gives them.
pub fn program_info(program: BorrowedFd<'_>) -> io::Result<ProgramInfo> {
    let mut raw = RawInfo::default();
    ask_info(program, &mut raw)?;
    Ok(ProgramInfo {
        id: raw.type_id[1],
        xlated_bytes: raw.xlated_prog_len,
        jited_bytes: raw.jited_prog_len,
        run_time_ns: raw.run_time_ns,
        run_count: raw.run_cnt,
        recursion_misses: raw.recursion_misses,
        verified_insns: raw.verified_insns,
    })
}

/// As the kernel reads it for `BPF_BTF_LOAD`.
#[derive(Default)]
#[repr(C)]
struct BtfAttr {
    btf: u64,
    log_buf: u64,
    size: u32,
    log_size: u32,
    log_level: u32,
    _pad: u32,
}

#[expect(unsafe_code, reason = "calls bpf(2)")]
fn try_load_btf(bytes: &[u8], log: &mut [u8]) -> io::Result<OwnedFd> {
    let mut attr = BtfAttr {
        btf: address(bytes),
        log_buf: address_mut(log),
        size: bytes.len() as u32,
        log_size: log.len() as u32,
        log_level: u32::from(!log.is_empty()),
        _pad: 0,
    };
    // SAFETY: the layout is that of the command, which gives a file descriptor; it reads `size` bytes of BTF and
    // writes at most `log_size` bytes of log.
    unsafe { bpf_fd(Command::BtfLoad, &mut attr) }
}

/// Loads BTF made by [`crate::btf::Builder`].
///
/// # Errors
///
/// With the last line of the kernel's log.
pub fn load_btf(bytes: &[u8]) -> Result<OwnedFd, LoadError> {
    let error = match try_load_btf(bytes, &mut []) {
        Ok(fd) => return Ok(fd),
        Err(error) => error,
    };
    let mut log = vec![0; LOG_FIRST];
    let _ = try_load_btf(bytes, &mut log);
    let log = text(&log);
    let reason = last_word(&log).unwrap_or_else(|| usual_meaning(&error)).to_owned();
    Err(LoadError { program: "types".to_owned(), error, reason, at: None, log })
}

/// As the kernel reads it for `BPF_ENABLE_STATS`.
#[repr(C)]
struct StatsAttr {
    kind: u32,
}

/// Makes the kernel count runs and time of all programs while the result lives (Linux 5.8). Costs about 60 ns a run.
///
/// # Errors
///
/// As the kernel gives them.
#[expect(unsafe_code, reason = "calls bpf(2)")]
pub fn enable_statistics() -> io::Result<OwnedFd> {
    let mut attr = StatsAttr { kind: 0 };
    // SAFETY: the layout is that of the command, which gives a file descriptor and reads no addresses.
    unsafe { bpf_fd(Command::EnableStats, &mut attr) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_last_line_that_is_no_statistics() {
        let log = "0: (79) r1 = *(u64 *)(r2 +0)\nR2 !read_ok\nprocessed 1 insns (limit 1000000) max_states 0\n\n";
        assert_eq!(last_word(log), Some("R2 !read_ok"));
        assert_eq!((last_word(""), last_word("processed 0 insns\n")), (None, None));
        assert_eq!((last_instruction(log), last_instruction("x: (1")), (Some(0), None));
        let advised =
            "1: (79) r0 = *(u64 *)(r1 +0)\nR1 invalid mem access\n\nVerification failed: Safety\n\nReason:\n  It is.\n";
        assert_eq!(last_word(advised), Some("R1 invalid mem access"));
        assert_eq!(text(b"ab\0cd"), "ab");
    }

    #[test]
    fn names_are_cut_and_cleaned() {
        assert_eq!(&kernel_name("tp/sys exit-of.everything"), b"tp_sys_exit_of.\0");
    }
}
