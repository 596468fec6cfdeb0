//! The image of the task, and what user space has told of it: the maps that filters look into.
//!
//! What must hold: a bit is 0 only if the condition cannot be met until the image ends, so only predicates on fields that
//! are fixed are answered; the values of maps are as their users say (`probe::image`,
//! `probe::filter::bits`), written once more here.

use super::machine::Machine;
use super::objects::Objects;
use peregrine_compiler::eval;
use peregrine_compiler::hir::RuleSet;
use peregrine_compiler::ir::verify::predicate_slots;
use peregrine_compiler::kernel::{ImageCondition, KernelPlan};
use peregrine_compiler::value::Event;
use peregrine_probe::filter::bits::WORDS;
use peregrine_probe::image::first_image;
use peregrine_schema::FieldFlags;

/// What bits of images mean.
pub struct Conditions<'r> {
    rules: &'r RuleSet,
    plan: &'r KernelPlan,
    /// By predicate: all of its fields are fixed.
    fixed: Vec<bool>,
}

impl<'r> Conditions<'r> {
    /// Those of a plan of the rules.
    pub fn new(rules: &'r RuleSet, plan: &'r KernelPlan) -> Conditions<'r> {
        let fixed = plan.predicates.iter().map(|predicate| {
            let mut slots = Vec::new();
            predicate_slots(predicate, &mut slots);
            slots.iter().all(|slot| rules.fields[*slot as usize].id.row().flags.has(FieldFlags::FIXED))
        });
        Conditions { rules, plan, fixed: fixed.collect() }
    }

    /// Whether the image of an event's thread can meet a condition.
    pub fn may_hold(&self, bit: u32, event: &impl Event) -> bool {
        self.may(&self.plan.image[bit as usize], event)
    }

    fn may(&self, condition: &ImageCondition, event: &impl Event) -> bool {
        match condition {
            ImageCondition::Test(predicate, wanted) => {
                let predicate = predicate.0 as usize;
                let holds = || eval::holds(self.rules, &self.plan.predicates[predicate], event);
                !self.fixed[predicate] || holds() == *wanted
            }
            ImageCondition::All(members) => members.iter().all(|member| self.may(member, event)),
            ImageCondition::Any(members) => members.iter().any(|member| self.may(member, event)),
        }
    }
}

/// What the map of bits has of the image of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Bits that are to be asked for.
    Bits([u64; WORDS]),
    /// Nothing.
    Nothing,
    /// Bits of another image, whose place in memory was that of this one's.
    Another,
    /// Bits of another thread of the process.
    OfOtherThread,
    /// Bits of a thread that had its number before it.
    OfFormerThread,
}

impl Told {
    /// Nothing that is known, in one of its forms.
    pub fn unknown(variant: u64) -> Told {
        match variant % 4 {
            0 => Told::Nothing,
            1 => Told::Another,
            2 => Told::OfFormerThread,
            _ => Told::OfOtherThread,
        }
    }
}

/// Ticks from the start of the system to that of the process.
const STARTED: u64 = 4711;
const NANOSECONDS_OF_A_TICK: u64 = 10_000_000;
/// An image that the probe gave, on the second CPU.
const GIVEN: u64 = 1 << 48 | 5;

/// Lays out the image of the task of an event, `thread` of process `pid`, and what was told of it. `variant` chooses whether
/// the image is one that was kept.
pub fn lay(
    objects: &mut Objects<'_>,
    machine: &mut Machine,
    maps: [i32; 2],
    (pid, thread): (u32, u64),
    told: Told,
    variant: u64,
) {
    let [tasks, bits] = maps;
    let start = STARTED * NANOSECONDS_OF_A_TICK + 1;
    objects.process(thread == u64::from(pid), pid, start);
    let first = first_image(pid, STARTED);
    let (image, kept) = match variant % 2 {
        0 => (first, Vec::new()),
        _ => (GIVEN, vec![(words(&[first]), words(&[GIVEN, 1, 2]))]),
    };
    machine.table(tasks, kept);
    let entry = |thread, of: u64, since: u64, bits: &[u64; WORDS]| {
        vec![(words(&[image, thread]), words(&[&[of, thread, since], &bits[..]].concat()))]
    };
    machine.table(
        bits,
        match told {
            Told::Bits(bits) => entry(thread, image, start, &bits),
            Told::Nothing => Vec::new(),
            Told::Another => entry(thread, image + 1, start, &[0; WORDS]),
            Told::OfOtherThread => entry(thread + 1, image, start, &[0; WORDS]),
            Told::OfFormerThread => entry(thread, image, start - 1, &[0; WORDS]),
        },
    );
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
