//! Numbers as the record will hold them, and their comparison.

use super::super::emit::{Emit, Written};
use crate::asm::{Cond, Label, Reg};
use crate::filter::numbers::{How, Taken};
use peregrine_compiler::kernel::{Number, Ranges};
use peregrine_schema::capture::{Bits, Capture, Convert, FlagMap, Form, Hook, Otherwise, TaskFact, Who, maps};

use Reg::{R0, R1, R2};

impl Emit<'_> {
    /// `R0 =` a number, extended to 64 bits. Uses R1 to R5, and R9.
    pub(super) fn taken_number(&mut self, taken: &Taken) -> Written {
        match taken.how {
            How::Recipe(capture) => self.by_recipe(capture, taken.wanted)?,
            How::Task(fact) => {
                self.task_number(Who::Subject, fact)?;
                if fact == TaskFact::LoginUid {
                    self.login_or_unset();
                }
            }
        }
        let drop = 64 - 8 * taken.size as i32;
        match (drop, taken.signed) {
            (0, _) => {}
            (32, false) => {
                self.a.mov32(R0, R0);
            }
            (_, false) => {
                self.a.lsh(R0, drop).rsh(R0, drop);
            }
            (_, true) => {
                self.a.lsh(R0, drop).arsh(R0, drop);
            }
        }
        debug_assert!(taken.of != Number::Result || taken.signed, "results are signed");
        Ok(())
    }

    /// An audit id in R0 that is not set is -1. Uses R1.
    fn login_or_unset(&mut self) {
        let set = self.a.label("login id");
        self.a.mov32(R0, R0).load_imm64(R1, u64::from(u32::MAX)).jump_if(Cond::Ne, R0, R1, set);
        self.a.mov(R0, -1).bind(set);
    }

    /// `R0 =` what a recipe gives, of flags those that are wanted. Uses R1 to R5, and R9.
    fn by_recipe(&mut self, capture: &Capture, wanted: u32) -> Written {
        let (fails, done) = (self.a.label("otherwise"), self.a.label("number"));
        self.tests(capture.when, fails)?;
        self.number(capture.source)?;
        match capture.convert {
            Convert::Map(map) => self.some_flags(map, wanted),
            Convert::OpenFlags => self.some_flags(&maps::OPEN, wanted),
            Convert::CloneFlags if self.hook == Hook::SysExit => self.some_flags(&maps::CLONE, wanted),
            convert => self.convert(convert)?,
        }
        if !capture.when.is_empty() {
            self.a.jump(done).bind(fails);
            match capture.otherwise {
                // Such a recipe is not followed.
                Otherwise::Empty => {
                    self.a.mov(R0, 0);
                }
                Otherwise::Const(number) => {
                    self.a.load_const(R0, number.cast_unsigned());
                }
                Otherwise::Capture(other) => self.by_recipe(other, wanted)?,
            }
        } else {
            self.a.bind(fails);
        }
        self.a.bind(done);
        Ok(())
    }

    /// Like [`Emit::map`], but only for some bits of what it gives.
    fn some_flags(&mut self, map: &FlagMap, wanted: u32) {
        let Form::Bits { void, rules } = map.form else { return self.map(map) };
        let arch = self.k.arch;
        let done = self.a.label("flags");
        self.a.comment(format!("through {}", map.name)).mov32(R1, R0).mov(R0, 0);
        if void != 0 {
            self.a.jump_if32(Cond::Set, R1, void.cast_signed(), done);
        }
        for rule in rules.iter().filter(|rule| rule.gives & wanted != 0) {
            let next = self.a.label("next flag");
            self.a.mov32(R2, R1).and32(R2, rule.mask.on(arch).cast_signed());
            match rule.bits {
                Bits::Any => self.a.jump_if32(Cond::Eq, R2, 0, next),
                Bits::None => self.a.jump_if32(Cond::Ne, R2, 0, next),
                Bits::Equal(exactly) => self.a.jump_if32(Cond::Ne, R2, exactly.cast_signed(), next),
            };
            self.a.or32(R0, rule.gives.cast_signed()).bind(next);
        }
        self.a.bind(done);
    }

    /// Goes to `yes` if R0 lies in the ranges; else goes on behind. Uses R1.
    pub(super) fn in_ranges(&mut self, ranges: &Ranges, signed: bool, yes: Label) {
        let (least, most) =
            if signed { (i128::from(i64::MIN), i128::from(i64::MAX)) } else { (0, i128::from(u64::MAX)) };
        let (below, up_to) = if signed { (Cond::Slt, Cond::Sle) } else { (Cond::Lt, Cond::Le) };
        for (low, high) in ranges.ranges() {
            let (low, high) = ((*low).max(least), (*high).min(most));
            if low > high {
                continue;
            }
            if low == high {
                self.compare(Cond::Eq, low, yes);
                continue;
            }
            let next = self.a.label("next range");
            if low > least {
                self.compare(below, low, next);
            }
            if high < most {
                self.compare(up_to, high, yes);
            } else {
                self.a.jump(yes);
            }
            self.a.bind(next);
        }
    }

    /// Goes to `to` if the comparison of R0 with a number of 64 bits holds. Uses R1.
    fn compare(&mut self, cond: Cond, with: i128, to: Label) {
        let with = with as u64;
        match i32::try_from(with.cast_signed()) {
            Ok(short) => self.a.jump_if(cond, R0, short, to),
            Err(_) => self.a.load_imm64(R1, with).jump_if(cond, R0, R1, to),
        };
    }
}
