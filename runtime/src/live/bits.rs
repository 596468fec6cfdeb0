//! What the kernel is told about a thread: for each condition of the plan, whether the thread can meet it.
//!
//! A filter keeps an event back if no rule can match it, and what a rule asks of the process is one bit. What must hold: a
//! bit that is 0 stays right until the thread or its image ends, whatever the process and its ancestors do. So only
//! predicates on fields that are fixed for a thread and its image (`FieldFlags::FIXED`) are asked; any other may hold.

use peregrine_compiler::eval;
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::verify::predicate_slots;
use peregrine_compiler::kernel::{ImageCondition, KernelPlan};
use peregrine_compiler::value::Event;
use peregrine_probe::filter::bits::{TaskBits, WORDS};
use peregrine_schema::FieldFlags;

/// Conditions on images, and where the answers go.
pub(super) struct Telling {
    conditions: Vec<ImageCondition>,
    predicates: Vec<peregrine_compiler::hir::Predicate>,
    /// By predicate: all of its fields are fixed.
    fixed: Vec<bool>,
    bits: TaskBits,
}

impl Telling {
    /// The conditions of a plan of rules. `None` if no filter asks for any.
    pub(super) fn new(rules: &RuleSet, plan: &KernelPlan, bits: Option<TaskBits>) -> Option<Telling> {
        let fixed = |slot: &u32| {
            let field = rules.fields.get(*slot as usize);
            field.is_some_and(|field| field.id.row().flags.has(FieldFlags::FIXED))
        };
        let fixed = plan.predicates.iter().map(|predicate| {
            let mut slots = Vec::new();
            predicate_slots(predicate, &mut slots);
            slots.iter().all(fixed)
        });
        Some(Telling {
            conditions: plan.image.clone(),
            predicates: plan.predicates.clone(),
            fixed: fixed.collect(),
            bits: bits?,
        })
    }

    /// Tells the kernel what an event of a time shows of its thread, which runs an image. Whether the kernel took it.
    pub(super) fn tell(&self, image: u64, (tid, ts): (i64, u64), rules: &RuleSet, event: &impl Event) -> bool {
        let mut answers: Vec<Option<bool>> = vec![None; self.predicates.len()];
        let mut may = |condition: &ImageCondition| self.may_hold(condition, rules, event, &mut answers);
        let mut words = [u64::MAX; WORDS];
        for (number, condition) in self.conditions.iter().enumerate().take(64 * WORDS) {
            if !may(condition) {
                words[number / 64] &= !(1 << (number % 64));
            }
        }
        self.bits.set(image, tid.cast_unsigned(), ts, &words).is_ok()
    }

    fn may_hold(
        &self,
        condition: &ImageCondition,
        rules: &RuleSet,
        event: &impl Event,
        answers: &mut [Option<bool>],
    ) -> bool {
        match condition {
            ImageCondition::Test(predicate, wanted) => {
                let index = predicate.0 as usize;
                !self.fixed[index]
                    || *wanted
                        == *answers[index].get_or_insert_with(|| eval::holds(rules, &self.predicates[index], event))
            }
            ImageCondition::All(members) => members.iter().all(|member| self.may_hold(member, rules, event, answers)),
            ImageCondition::Any(members) => members.iter().any(|member| self.may_hold(member, rules, event, answers)),
        }
    }
}
