//! Conversion of a number in R0: the kernel's flags and enumerations to those of a capture, devices, widths.

use super::emit::{Emit, Written};
use crate::asm::{Cond, Reg, Size};
use peregrine_schema::capture::{Bits, Convert, Fd, FileFact, FlagMap, Form, Hook, TaskFact, Who, maps};
use peregrine_schema::events::code;
use peregrine_schema::flags;

use Reg::{R0, R1, R2, R9, R10};

/// `f_mode` of a file that was made by the call that opened it.
const FMODE_CREATED: i32 = 0x10_0000;

impl Emit<'_> {
    /// Converts R0. Uses R1 to R5, and R9.
    pub(super) fn convert(&mut self, convert: Convert) -> Written {
        match convert {
            Convert::Plain => {}
            Convert::Int(int) => self.extend(int),
            Convert::Map(map) => self.map(map),
            Convert::Device => self.device(),
            Convert::Bits { shift, mask } => {
                self.a.rsh(R0, i32::from(shift)).mov32(R0, R0).and32(R0, mask.cast_signed());
            }
            Convert::OpenFlags => self.open_flags()?,
            Convert::CloneFlags => self.clone_flags()?,
        }
        Ok(())
    }

    /// The low 32 bits of R0 through a map. Uses R1 and R2.
    pub(super) fn map(&mut self, map: &FlagMap) {
        let arch = self.k.arch;
        self.a.comment(format!("through {}", map.name));
        self.a.mov32(R1, R0);
        match map.form {
            Form::Bits { void, rules } => {
                let done = self.a.label(format!("{} done", map.name));
                self.a.mov(R0, 0);
                if void != 0 {
                    self.a.jump_if32(Cond::Set, R1, void.cast_signed(), done);
                }
                for rule in rules {
                    let next = self.a.label("next rule");
                    self.a.mov32(R2, R1).and32(R2, rule.mask.on(arch).cast_signed());
                    match rule.bits {
                        Bits::Any => self.a.jump_if32(Cond::Eq, R2, 0, next),
                        Bits::None => self.a.jump_if32(Cond::Ne, R2, 0, next),
                        Bits::Equal(wanted) => self.a.jump_if32(Cond::Ne, R2, wanted.cast_signed(), next),
                    };
                    self.a.or32(R0, rule.gives.cast_signed()).bind(next);
                }
                self.a.bind(done);
            }
            Form::Values { shift, mask, rows, default } => {
                let done = self.a.label(format!("{} done", map.name));
                self.a.rsh32(R1, i32::from(shift)).and32(R1, mask.cast_signed());
                for row in rows {
                    let Some(value) = row.on(arch) else { continue };
                    self.a.mov32(R0, row.gives.cast_signed());
                    self.a.jump_if32(Cond::Eq, R1, value.cast_signed(), done);
                }
                self.a.mov32(R0, default.cast_signed()).bind(done);
            }
        }
    }

    /// The kernel's device number in R0 as user space has it.
    pub(super) fn device(&mut self) {
        self.a.comment("device number as user space has it");
        self.a.mov32(R1, R0).rsh32(R1, 20).lsh32(R1, 8);
        self.a.mov32(R2, R0).and32(R2, 0xff).or32(R1, R2);
        self.a.and32(R0, 0xf_ff00).lsh32(R0, 12).or32(R0, R1);
    }

    fn open_flags(&mut self) -> Written {
        self.map(&maps::OPEN);
        let kept = self.a.slot("flags", 8, 8);
        let (done, no_file) = (self.a.label("flags complete"), self.a.label("no file"));
        self.a.store(Size::B8, R10, kept.at(0), R0);
        self.result(R1);
        self.a.jump_if(Cond::Slt, R1, 0, no_file);
        self.file_pointer(Fd::Ret)?;
        self.a.jump_if(Cond::Eq, R9, 0, no_file);
        if self.event.code != code::OPEN_BY_HANDLE_AT_X {
            let old = self.a.label("file was there");
            self.walk_from(R0, R9, "file.f_mode")?;
            self.a.jump_if(Cond::Set, R0, FMODE_CREATED, old);
            let created = self.a.label("mode looked at");
            self.a.jump(created).bind(old);
            self.a.load(Size::B8, R0, R10, kept.at(0)).or32(R0, named(flags::FILE_FLAGS, "O_F_CREATED"));
            self.a.store(Size::B8, R10, kept.at(0), R0).bind(created);
        }
        self.result(R1);
        self.a.jump_if(Cond::Eq, R1, 0, no_file);
        self.file_fact(FileFact::Layer)?;
        let (upper, lower) = (self.a.label("upper layer"), self.a.label("lower layer"));
        self.a.jump_if(Cond::Eq, R0, 1, upper).jump_if(Cond::Eq, R0, 2, lower).jump(no_file);
        for (label, name) in [(upper, "FD_UPPER_LAYER"), (lower, "FD_LOWER_LAYER")] {
            self.a.bind(label).load(Size::B8, R0, R10, kept.at(0)).or32(R0, named(flags::FILE_FLAGS, name)).jump(done);
        }
        self.a.bind(no_file).load(Size::B8, R0, R10, kept.at(0)).bind(done);
        Ok(())
    }

    fn clone_flags(&mut self) -> Written {
        let kept = self.a.slot("flags", 8, 8);
        if self.hook == Hook::SchedProcessFork {
            return self.found_clone_flags(kept);
        }
        self.map(&maps::CLONE);
        self.a.store(Size::B8, R10, kept.at(0), R0);
        let (inside, done) = (self.a.label("in a namespace"), self.a.label("flags complete"));
        self.task(R9, Who::Current);
        self.a.mov(R1, R9);
        self.level_of(R9)?;
        self.a.jump_if(Cond::Ne, R0, 0, inside);
        // The first one: are its children to be in it?
        self.task(R9, Who::Current);
        self.namespace_of(R9)?;
        let own = self.a.slot("namespace", 8, 8);
        self.a.store(Size::B8, R10, own.at(0), R0);
        self.task(R9, Who::Current);
        self.walk(R0, R9, "task_struct.nsproxy->nsproxy.pid_ns_for_children")?;
        self.a.load(Size::B8, R1, R10, own.at(0));
        self.a.mov(R2, R0).load(Size::B8, R0, R10, kept.at(0));
        self.a.jump_if(Cond::Eq, R1, R2, done);
        self.a.bind(inside).load(Size::B8, R0, R10, kept.at(0));
        self.a.or32(R0, named(flags::CLONE_FLAGS, "CLONE_CHILD_IN_PIDNS")).bind(done);
        Ok(())
    }

    /// Flags of a child in R9's place, found by comparing it with its parent.
    fn found_clone_flags(&mut self, kept: crate::asm::Slot) -> Written {
        let flag = |name| named(flags::CLONE_FLAGS, name);
        let thread = flag("CLONE_THREAD") | flag("CLONE_SIGHAND") | flag("CLONE_VM");
        let (leader, files, namespace) = (self.a.label("a process"), self.a.label("own files"), self.a.label("done"));
        self.a.store(Size::B8, R10, kept.at(0), 0);
        self.task(R9, Who::Subject);
        self.walk(R0, R9, "task_struct.tgid")?;
        self.a.mov(R1, R0);
        let tgid = self.a.slot("tgid", 8, 8);
        self.a.store(Size::B8, R10, tgid.at(0), R1);
        self.walk(R0, R9, "task_struct.pid")?;
        self.a.load(Size::B8, R1, R10, tgid.at(0)).jump_if(Cond::Eq, R0, R1, leader);
        self.a.store(Size::B8, R10, kept.at(0), thread).bind(leader);
        self.walk(R0, R9, "task_struct.files")?;
        self.a.store(Size::B8, R10, tgid.at(0), R0);
        self.task(R9, Who::Arg(0));
        self.walk(R0, R9, "task_struct.files")?;
        self.a.load(Size::B8, R1, R10, tgid.at(0)).jump_if(Cond::Ne, R0, R1, files);
        self.a.load(Size::B8, R0, R10, kept.at(0)).or32(R0, flag("CLONE_FILES"));
        self.a.store(Size::B8, R10, kept.at(0), R0).bind(files);
        self.task(R9, Who::Subject);
        self.level_of(R9)?;
        self.a.mov(R1, R0).load(Size::B8, R0, R10, kept.at(0));
        self.a.jump_if(Cond::Eq, R1, 0, namespace).or32(R0, flag("CLONE_CHILD_IN_PIDNS")).bind(namespace);
        Ok(())
    }

    /// `R0 =` how deep the namespace of the task in `task` is.
    fn level_of(&mut self, task: Reg) -> Written {
        self.walk(R0, task, "task_struct.thread_pid->pid.level")?;
        Ok(())
    }

    /// `R0 =` the namespace of processes of the task in `task`.
    fn namespace_of(&mut self, task: Reg) -> Written {
        self.namespaced(task, "task_struct.thread_pid", "ns")
    }

    /// A number known of a task.
    pub(super) fn task_number(&mut self, who: Who, fact: TaskFact) -> Written {
        self.task(R9, who);
        self.task_fact(fact)
    }
}

/// The value of a flag; a name that is not in the table gives 0 and fails the tests.
pub(crate) fn named(table: &[peregrine_schema::Flag], name: &str) -> i32 {
    table.iter().find(|flag| flag.name == name).map_or(0, |flag| flag.value.cast_signed())
}
