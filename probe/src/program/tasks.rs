//! Numbers known of a task.

use super::emit::{Emit, Written};
use crate::asm::{Cond, Helper, Reg, Size};
use peregrine_schema::capture::{Fd, TaskFact};

use Reg::{R0, R1, R2, R3, R9, R10};

/// Capabilities up to `CAP_CHECKPOINT_RESTORE`.
const CAPABILITIES: u64 = (1 << 41) - 1;

/// Kinds of process numbers, `enum pid_type`.
mod pid_type {
    pub(super) const TGID: u32 = 1;
    pub(super) const PGID: u32 = 2;
    pub(super) const SID: u32 = 3;
}

/// Counters of memory, `MM_*`.
mod counter {
    pub(super) const FILE: u32 = 0;
    pub(super) const ANON: u32 = 1;
    pub(super) const SWAP: u32 = 2;
    pub(super) const SHMEM: u32 = 3;
}

/// `RLIMIT_NOFILE`.
const NOFILE: u32 = 7;

impl Emit<'_> {
    /// `R0 =` a number known of the task in R9. Uses R1 to R5, and R9.
    pub(super) fn task_fact(&mut self, fact: TaskFact) -> Written {
        let walk = match fact {
            TaskFact::Tid => "task_struct.pid",
            TaskFact::Pid => "task_struct.tgid",
            TaskFact::ParentTid => "task_struct.real_parent->task_struct.pid",
            TaskFact::MajorFaults => "task_struct.maj_flt",
            TaskFact::MinorFaults => "task_struct.min_flt",
            TaskFact::ExitCode => "task_struct.exit_code",
            TaskFact::ExeInode => "task_struct.mm->mm_struct.exe_file->file.f_inode->inode.i_ino",
            TaskFact::Pgid => return self.global_number(pid_type::PGID),
            TaskFact::Sid => return self.global_number(pid_type::SID),
            TaskFact::Vtid => return self.namespaced(R9, "task_struct.thread_pid", "nr"),
            TaskFact::Vpid => return self.inner_number(pid_type::TGID, "nr"),
            TaskFact::Vpgid => return self.inner_number(pid_type::PGID, "nr"),
            TaskFact::FdLimit => {
                self.walk(R0, R9, &format!("task_struct.signal->signal_struct.rlim[{NOFILE}].rlim_cur"))?;
                return Ok(());
            }
            TaskFact::VmSize => {
                self.walk(R0, R9, "task_struct.mm->mm_struct.total_vm")?;
                self.pages_as_kb();
                return Ok(());
            }
            TaskFact::VmRss => return self.memory(&[counter::FILE, counter::ANON, counter::SHMEM]),
            TaskFact::VmSwap => return self.memory(&[counter::SWAP]),
            TaskFact::Euid => return self.credential("euid"),
            TaskFact::Egid => return self.credential("egid"),
            TaskFact::LoginUid => return self.login_uid(),
            TaskFact::Tty => return self.terminal(),
            TaskFact::CapInheritable => return self.capabilities("cap_inheritable"),
            TaskFact::CapPermitted => return self.capabilities("cap_permitted"),
            TaskFact::CapEffective => return self.capabilities("cap_effective"),
            TaskFact::ExeFlags => return self.exe_flags(),
            TaskFact::ExeCtime => return self.exe_time("ctime"),
            TaskFact::ExeMtime => return self.exe_time("mtime"),
            TaskFact::PidnsStart => {
                self.inner_number(pid_type::TGID, "ns")?;
                self.a.mov(R9, R0);
                self.walk_from(R0, R9, "pid_namespace.child_reaper->task_struct.start_time")?;
                return Ok(());
            }
            TaskFact::StartTime => {
                self.walk(R0, R9, "task_struct.start_boottime")?;
                let boot = self.k.boot_time;
                self.a.load_const(R1, boot).add(R0, R1);
                return Ok(());
            }
        };
        self.walk(R0, R9, walk)?;
        Ok(())
    }

    /// A number of the task in R9 in the initial namespace.
    fn global_number(&mut self, kind: u32) -> Written {
        self.walk(R0, R9, &format!("task_struct.signal->signal_struct.pids[{kind}]->pid.numbers[0].nr"))?;
        Ok(())
    }

    /// A number of the task in R9 in its innermost namespace, or that namespace.
    fn inner_number(&mut self, kind: u32, what: &str) -> Written {
        self.namespaced(R9, &format!("task_struct.signal->signal_struct.pids[{kind}]"), what)
    }

    /// `R0 =` a member of the last `upid` of the `struct pid` that `path` leads to from `base`. Uses R1 to R5, and R9.
    pub(super) fn namespaced(&mut self, base: Reg, path: &str, member: &str) -> Written {
        let numbers = self.member("pid.numbers")?.offset;
        let upid = self.k.btf.struct_size("upid").unwrap_or(16);
        let member = self.member(&format!("upid.{member}"))?;
        self.walk(R9, base, path)?;
        self.walk(R0, R9, "pid.level")?;
        // The element depends on a number, so this is no load from a pointer with a type.
        self.a.mov32(R0, R0).mul(R0, upid.cast_signed());
        self.a.mov(R3, R9).add(R3, R0).add(R3, (numbers + member.offset) as i32);
        self.read_kernel(R0, member.size);
        Ok(())
    }

    /// Sum of counters of memory of the task in R9, in kB. Negative ones count as 0.
    fn memory(&mut self, counters: &[u32]) -> Written {
        let sum = self.a.slot("pages", 8, 8);
        self.a.store(Size::B8, R10, sum.at(0), 0);
        let per_cpu = self.has("mm_struct.rss_stat[0].count");
        for counter in counters {
            let member = match per_cpu {
                true => format!("rss_stat[{counter}].count"),
                false => format!("rss_stat.count[{counter}]"),
            };
            let skip = self.a.label("negative");
            let path = format!("task_struct.mm->mm_struct.{member}");
            // Verifiers do not look into an array of what is behind a typedef.
            if per_cpu {
                self.walk(R0, R9, &path)?;
            } else {
                self.untyped(|emit| emit.walk(R0, R9, &path))?;
            }
            self.a.jump_if(Cond::Slt, R0, 0, skip);
            self.a.load(Size::B8, R1, R10, sum.at(0)).add(R1, R0).store(Size::B8, R10, sum.at(0), R1).bind(skip);
        }
        self.a.load(Size::B8, R0, R10, sum.at(0));
        self.pages_as_kb();
        Ok(())
    }

    /// `R0 =` so many pages, in kB.
    fn pages_as_kb(&mut self) {
        self.a.lsh(R0, self.k.page_shift.cast_signed() - 10);
    }

    /// An id of the task's credentials; all ones if there are none.
    pub(super) fn credential(&mut self, name: &str) -> Written {
        let (none, done) = (self.a.label("no credentials"), self.a.label("id"));
        self.walk(R0, R9, "task_struct.cred")?;
        self.a.jump_if(Cond::Eq, R0, 0, none);
        self.walk(R0, R0, &format!("cred.{name}.val"))?;
        self.a.jump(done).bind(none).mov32(R0, -1).bind(done);
        Ok(())
    }

    fn login_uid(&mut self) -> Written {
        if self.has("task_struct.loginuid") {
            self.walk(R0, R9, "task_struct.loginuid.val")?;
        } else if self.has("audit_task_info.loginuid") {
            self.walk(R0, R9, "task_struct.audit->audit_task_info.loginuid.val")?;
        } else {
            self.a.mov32(R0, -1);
        }
        Ok(())
    }

    fn terminal(&mut self) -> Written {
        let (none, done) = (self.a.label("no terminal"), self.a.label("terminal"));
        let number = self.a.slot("terminal", 8, 8);
        self.walk(R9, R9, "task_struct.signal->signal_struct.tty")?;
        self.a.jump_if(Cond::Eq, R9, 0, none);
        self.walk(R0, R9, "tty_struct.driver->tty_driver.major")?;
        self.a.lsh32(R0, 20).store(Size::B8, R10, number.at(0), R0);
        self.walk(R0, R9, "tty_struct.driver->tty_driver.minor_start")?;
        let minor = self.a.slot("minor", 8, 8);
        self.a.store(Size::B8, R10, minor.at(0), R0);
        self.walk(R0, R9, "tty_struct.index")?;
        self.a.load(Size::B8, R1, R10, minor.at(0)).add32(R0, R1);
        self.a.load(Size::B8, R1, R10, number.at(0)).or32(R0, R1);
        self.device();
        self.a.jump(done).bind(none).mov(R0, 0).bind(done);
        Ok(())
    }

    pub(super) fn capabilities(&mut self, name: &str) -> Written {
        // Two words before Linux 6.3, one after; 8 bytes both times.
        let member = self.member(&format!("cred.{name}"))?;
        self.walk(R0, R9, "task_struct.cred")?;
        if self.has(&format!("cred.{name}.val")) {
            self.walk(R0, R0, &format!("cred.{name}.val"))?;
        } else {
            self.a.mov(R3, R0).add(R3, member.offset as i32);
            self.read_kernel(R0, 8);
        }
        self.a.load_imm64(R1, CAPABILITIES).and(R0, R1);
        Ok(())
    }

    /// Time of the inode of the task's program, nanoseconds since the epoch; 0 before it.
    fn exe_time(&mut self, which: &str) -> Written {
        let inode = "task_struct.mm->mm_struct.exe_file->file.f_inode";
        self.walk(R9, R9, inode)?;
        // Split since Linux 6.11, renamed since 6.6 (and 6.7).
        let forms = [
            (format!("i_{which}_sec"), format!("i_{which}_nsec")),
            (format!("__i_{which}.tv_sec"), format!("__i_{which}.tv_nsec")),
            (format!("i_{which}.tv_sec"), format!("i_{which}.tv_nsec")),
        ];
        let form = forms.iter().find(|(seconds, _)| self.has(&format!("inode.{seconds}"))).unwrap_or(&forms[2]);
        let (seconds, nanoseconds) = (format!("inode.{}", form.0), format!("inode.{}", form.1));
        let kept = self.a.slot("seconds", 8, 8);
        let done = self.a.label("time");
        self.walk(R0, R9, &seconds)?;
        self.a.store(Size::B8, R10, kept.at(0), R0);
        self.walk(R0, R9, &nanoseconds)?;
        self.a.load(Size::B8, R1, R10, kept.at(0)).load_imm64(R2, 1_000_000_000);
        // Since Linux 6.13 the top bit says that somebody asked for the time.
        self.a.mul(R1, R2).and32(R0, i32::MAX).add(R0, R1);
        self.a.jump_if(Cond::Sge, R0, 0, done).mov(R0, 0).bind(done);
        Ok(())
    }

    /// `R9 =` the `struct file` of a descriptor, 0 if there is none. Uses R0 to R5.
    pub(super) fn file_pointer(&mut self, fd: Fd) -> Written {
        let (none, done) = (self.a.label("no such descriptor"), self.a.label("file"));
        let number = self.a.slot("descriptor", 8, 8);
        match fd {
            Fd::Ret => self.result(R0),
            Fd::Arg(index) => self.argument(R0, index),
            Fd::Pair { pointer, index } => {
                self.argument(R3, pointer);
                self.a.add(R3, 4 * i32::from(index));
                self.read_user(peregrine_schema::capture::Int::S32);
            }
            Fd::Visited => {
                self.a.load(Size::B8, R9, Reg::R6, 24);
                return Ok(());
            }
        }
        self.a.mov32(R0, R0).store(Size::B8, R10, number.at(0), R0);
        self.task(R9, peregrine_schema::capture::Who::Current);
        self.walk(R9, R9, "task_struct.files->files_struct.fdt")?;
        self.walk(R0, R9, "fdtable.max_fds")?;
        // A negative number is a large one here.
        self.a.load(Size::B8, R1, R10, number.at(0)).jump_if(Cond::Ge, R1, R0, none);
        self.walk(R0, R9, "fdtable.fd")?;
        self.a.load(Size::B8, R1, R10, number.at(0)).lsh(R1, 3);
        self.a.mov(R3, R0).add(R3, R1);
        self.read_kernel(R9, 8);
        self.a.jump(done).bind(none).mov(R9, 0).bind(done);
        Ok(())
    }

    /// `R0 =` bytes read of kernel text at the address in R3 to where the next parameter goes, at most `most`.
    pub(super) fn kernel_text(&mut self, most: u16) {
        self.room(usize::from(most));
        self.here(R1);
        self.a.mov(R2, i32::from(most)).call(Helper::ProbeReadKernelStr);
        self.written_or_nothing();
    }
}
