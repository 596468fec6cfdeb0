//! Numbers, and conditions on them.

use super::emit::{Emit, Written};
use crate::asm::{Cond, Helper, Label, Reg, Size};
use peregrine_schema::capture::{FileFact, Int, RetTest, Source, Special, Test};
use peregrine_schema::syscalls;

use Reg::{R0, R1, R2, R3, R9, R10};

/// `EINPROGRESS`.
const IN_PROGRESS: i32 = 115;

impl Emit<'_> {
    /// `R0 =` the number that a source gives. Uses R1 to R5, and R9.
    pub(super) fn number(&mut self, source: Source) -> Written {
        match source {
            Source::Const(number) => {
                self.a.load_const(R0, number.cast_unsigned());
            }
            Source::Ret => self.result(R0),
            Source::Arg(index) => self.argument(R0, index),
            Source::Member { pointer, at, int } => {
                self.argument(R3, pointer);
                self.a.add(R3, i32::from(at));
                self.read_user(int);
            }
            Source::PairFd { pointer, index } => {
                let fine = self.a.label("read");
                self.argument(R3, pointer);
                self.a.add(R3, 4 * i32::from(index));
                let slot = self.a.slot("pair", 8, 8);
                self.a.slot_address(R1, slot, 0).mov(R2, 4).call(Helper::ProbeReadUser);
                self.a.mov(R1, R0).load(Size::B4, R0, R10, slot.at(0));
                self.extend(Int::S32);
                self.a.jump_if(Cond::Eq, R1, 0, fine).mov(R0, -1).bind(fine);
            }
            Source::Timespec { pointer } => {
                self.two_words(pointer, 1_000_000_000);
            }
            Source::Word { pointer, index } => self.unlimited_word(pointer, index),
            Source::Task(who, fact) => self.task_number(who, fact)?,
            Source::File(fd, FileFact::Number) => match fd {
                peregrine_schema::capture::Fd::Visited => {
                    self.a.load(Size::B8, R0, Reg::R6, 16);
                }
                peregrine_schema::capture::Fd::Ret => self.result(R0),
                peregrine_schema::capture::Fd::Arg(index) => self.argument(R0, index),
                peregrine_schema::capture::Fd::Pair { pointer, index } => {
                    return self.number(Source::PairFd { pointer, index });
                }
            },
            Source::File(fd, fact) => {
                let none = self.a.label("no file");
                self.file_pointer(fd)?;
                self.a.mov(R0, 0).jump_if(Cond::Eq, R9, 0, none);
                self.file_fact(fact)?;
                self.a.bind(none);
            }
            Source::SyscallCode => {
                self.a.mov(R0, i32::from(self.syscall));
            }
            Source::SyscallNumber => {
                let number = syscalls::syscall(self.syscall).and_then(|s| s.number(self.k.arch)).unwrap_or_default();
                self.a.mov(R0, i32::from(number));
            }
            Source::MessageLength => self.message_length()?,
            Source::Special(special) => self.special_number(special)?,
            other => return Err(self.no_recipe(other)),
        }
        Ok(())
    }

    /// Goes to `fails` unless all tests hold. Uses R0 to R5, and R9.
    pub(super) fn tests(&mut self, tests: &[Test], fails: Label) -> Written {
        for test in tests {
            match *test {
                Test::Ret(test) => self.test_result(test, fails),
                Test::In { of, shift, values } => {
                    let holds = self.a.label("one of them");
                    self.number(of)?;
                    self.a.mov32(R0, R0).rsh32(R0, i32::from(shift));
                    for value in values {
                        self.a.jump_if32(Cond::Eq, R0, value.cast_signed(), holds);
                    }
                    self.a.jump(fails).bind(holds);
                }
                Test::Any { of, mask } => {
                    let mask = mask.on(self.k.arch);
                    self.number(of)?;
                    self.a.mov32(R0, R0).and32(R0, mask.cast_signed()).jump_if32(Cond::Eq, R0, 0, fails);
                }
            }
        }
        Ok(())
    }

    /// Goes to `fails` unless the result is as asked. Uses R0.
    pub(super) fn test_result(&mut self, test: RetTest, fails: Label) {
        self.result(R0);
        match test {
            RetTest::Zero => self.a.jump_if(Cond::Ne, R0, 0, fails),
            RetTest::NotZero => self.a.jump_if(Cond::Eq, R0, 0, fails),
            RetTest::Success => self.a.jump_if(Cond::Slt, R0, 0, fails),
            RetTest::Positive => self.a.jump_if(Cond::Sle, R0, 0, fails),
            RetTest::Connecting => {
                let holds = self.a.label("connecting");
                self.a.jump_if(Cond::Eq, R0, 0, holds).jump_if(Cond::Ne, R0, -IN_PROGRESS, fails).bind(holds)
            }
        };
    }

    fn special_number(&mut self, special: Special) -> Written {
        match special {
            Special::MountFlags => {
                let done = self.a.label("flags");
                self.argument(R0, 3);
                self.a.mov32(R0, R0).mov32(R1, R0).and32(R1, 0xffff_0000_u32.cast_signed());
                self.a.jump_if32(Cond::Ne, R1, 0xc0ed_0000_u32.cast_signed(), done).and32(R0, 0xffff).bind(done);
            }
            Special::QuotaMember { at, int, valid_at, valid } => {
                let done = self.a.label("member");
                self.argument(R3, 3);
                self.a.add(R3, i32::from(valid_at));
                self.read_user(Int::U32);
                self.a.and32(R0, valid.cast_signed()).jump_if32(Cond::Eq, R0, 0, done);
                self.argument(R3, 3);
                self.a.add(R3, i32::from(at));
                self.read_user(int);
                self.a.bind(done);
            }
            Special::SplitOffset => {
                self.argument(R0, 1);
                self.argument(R1, 2);
                self.a.lsh(R0, 32).mov32(R1, R1).add(R0, R1);
            }
            Special::Cpu => {
                self.a.call(Helper::GetSmpProcessorId);
            }
            Special::FaultIp => {
                let path = if self.k.arch == syscalls::Arch::X86_64 { "pt_regs.ip" } else { "pt_regs.pc" };
                self.a.load(Size::B8, R9, Reg::R6, 8);
                self.walk(R0, R9, path)?;
            }
            Special::SamplingRatio => {
                self.a.mov(R0, 1);
            }
            Special::SignalSender | Special::Reaper => return self.walked_special(special),
            Special::PtraceAddr | Special::PtraceData | Special::Sockopt { .. } | Special::Keyctl(_) => {
                return Err(self.no_recipe(Source::Special(special)));
            }
        }
        Ok(())
    }
}
