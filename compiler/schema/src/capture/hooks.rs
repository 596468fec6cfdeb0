//! Places in the kernel where events are made, and which event types are made where.

use super::RetTest;
use crate::syscalls::Arch;

/// Place in the kernel where an event is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hook {
    /// `tracepoint/syscalls/sys_enter_NAME`, for 32-bit programs a kprobe on `__ia32_compat_sys_NAME` or
    /// `__ia32_sys_NAME`: records the arguments before the kernel acts on them, so that a thread that changes them
    /// while the call runs is noticed. Made for every call whose exit event is made, right before it in time; there
    /// is no return value.
    SysEnter,
    /// `tp_btf/sys_exit`: arguments from `pt_regs` as they are on return, return value.
    SysExit,
    /// `tp_btf/sched_process_exec` (task, old pid, `linux_binprm`): a successful `execve` or `execveat`, in its new
    /// memory. Kernel threads are left out.
    SchedProcessExec,
    /// `tp_btf/sched_process_fork` (parent, child), in the parent: the child's side of `fork`, `vfork`, `clone` and
    /// `clone3`, under the number of the child (in the header too). Kernel threads are left out.
    SchedProcessFork,
    /// `tp_btf/sched_process_exit` (task).
    SchedProcessExit,
    /// `tp_btf/sched_switch` (preempt, previous, next).
    SchedSwitch,
    /// `tp_btf/signal_deliver` (signal, `kernel_siginfo`, `k_sigaction`), in the receiver.
    SignalDeliver,
    /// `tp_btf/page_fault_user` (address, `pt_regs`, error code).
    PageFaultUser,
    /// `tp_btf/page_fault_kernel`, likewise.
    PageFaultKernel,
    /// `iter.s/task` (task), every thread but those of the kernel. The header's thread is `pid << 32 | tid`, its time
    /// 0. Needs `bpf_copy_from_user_task` (Linux 5.18).
    IterTask,
    /// `iter/task_file` (task, descriptor, file), first threads of processes. The event type is decided by the mode
    /// of the inode: pipe; regular (memfd or file), block, character and symbolic link; directory; socket, by its
    /// family; else by the magic number of its file system: 0x09041934 or 0x50494446 for files without an inode.
    IterTaskFile,
    /// The probe itself: sampling begins or ends, a processor without a ring.
    Probe,
}

/// One way in which an event type is made.
#[derive(Clone, Copy, Debug)]
pub struct Producer {
    /// Where.
    pub hook: Hook,
    /// Only on this architecture.
    pub only: Option<Arch>,
    /// Only if this holds.
    pub when: Option<RetTest>,
}

impl Producer {
    /// Everywhere, always.
    pub const fn at(hook: Hook) -> Producer {
        Producer { hook, only: None, when: None }
    }
}

/// Lists of producers; named in the rows of [`crate::events`]. A system call's exit event whose row names none has
/// [`producers::SYS_EXIT`].
pub mod producers {
    use super::{Hook, Producer, RetTest};
    use crate::syscalls::Arch;

    /// On return of the call.
    pub const SYS_EXIT: &[Producer] = &[Producer::at(Hook::SysExit)];
    /// On entry of the call.
    pub const SYS_ENTER: &[Producer] = &[Producer::at(Hook::SysEnter)];
    /// `execve`: failures on return (for success, not all kernels report the right call there, or any); both calls'
    /// successes from the scheduler. Hence a successful `execveat` is an `execve` event.
    pub const EXEC: &[Producer] = &[
        Producer { hook: Hook::SysExit, only: None, when: Some(RetTest::NotZero) },
        Producer::at(Hook::SchedProcessExec),
    ];
    /// `execveat`: failures only.
    pub const EXEC_FAILED: &[Producer] = &[Producer { hook: Hook::SysExit, only: None, when: Some(RetTest::NotZero) }];
    /// `clone`: on x86_64 both sides on return. On aarch64 `sys_exit` is not reported in a child; there its side comes
    /// from the scheduler, for `clone3` too, as a `clone` event.
    pub const CLONE: &[Producer] = &[
        Producer { hook: Hook::SysExit, only: Some(Arch::X86_64), when: None },
        Producer { hook: Hook::SysExit, only: Some(Arch::Aarch64), when: Some(RetTest::NotZero) },
        Producer { hook: Hook::SchedProcessFork, only: Some(Arch::Aarch64), when: None },
    ];
    /// `clone3`, `fork`, `vfork`: both sides on x86_64, the parent's on aarch64.
    pub const FORK: &[Producer] = &[
        Producer { hook: Hook::SysExit, only: Some(Arch::X86_64), when: None },
        Producer { hook: Hook::SysExit, only: Some(Arch::Aarch64), when: Some(RetTest::NotZero) },
    ];
    /// A thread ends.
    pub const EXIT: &[Producer] = &[Producer::at(Hook::SchedProcessExit)];
    /// The scheduler switches.
    pub const SWITCH: &[Producer] = &[Producer::at(Hook::SchedSwitch)];
    /// A signal is delivered.
    pub const SIGNAL: &[Producer] = &[Producer::at(Hook::SignalDeliver)];
    /// A page fault; only x86_64 has the tracepoints.
    pub const PAGE_FAULT: &[Producer] = &[
        Producer { hook: Hook::PageFaultUser, only: Some(Arch::X86_64), when: None },
        Producer { hook: Hook::PageFaultKernel, only: Some(Arch::X86_64), when: None },
    ];
    /// A walk over the tasks.
    pub const TASK: &[Producer] = &[Producer::at(Hook::IterTask)];
    /// A walk over the open files.
    pub const TASK_FILE: &[Producer] = &[Producer::at(Hook::IterTaskFile)];
    /// The probe tells of itself.
    pub const PROBE: &[Producer] = &[Producer::at(Hook::Probe)];
}
