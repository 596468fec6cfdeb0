//! Programs ordered by what is measured of them, in rounds.
//!
//! Of what a program never reaches nothing is measured, and another order reaches other predicates: so a program is
//! measured, ordered anew by all that is known by then, and measured again. The best one is taken, the one ordered by
//! estimates included; how good each was is told by how often it made each test, at the price that the test had on
//! average of all rounds, so that two programs are not told apart by what else the machine was doing.

use super::Program;
use super::cost::Profile;
use super::lower::{Options, lower};
use crate::hir::RuleSet;

/// Programs that are measured.
const ROUNDS: usize = 4;

/// The best program of `rules` according to `measure`, which runs a program over events.
pub fn tune<E>(rules: &RuleSet, mut measure: impl FnMut(&Program) -> Result<Profile, E>) -> Result<Program, E> {
    let mut program = Program::new(rules);
    let mut measured = Vec::new();
    let mut known = Profile::default();
    for _ in 0..ROUNDS {
        let profile = measure(&program)?;
        known.merge(&profile);
        let next = lower(rules, &Options { plain: false, profile: Some(known.clone()) });
        measured.push((profile, std::mem::replace(&mut program, next)));
    }
    // Of equal ones the one that knows most.
    let priced = measured.into_iter().rev().map(|(profile, program)| (profile.price(&known), program));
    let best = priced.min_by(|a, b| a.0.total_cmp(&b.0));
    Ok(best.map_or(program, |(_, program)| program))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::cost::{Extraction, Measured};

    fn profile(tests: u64, nanoseconds: f64) -> Profile {
        let mut profile = Profile::default();
        profile.predicates.insert("a".to_owned(), Measured { evaluated: tests, held: 0, nanoseconds });
        profile.fields.insert("f".to_owned(), Extraction { times: tests as f64, nanoseconds: 1.0 });
        profile
    }

    #[test]
    fn the_program_with_the_fewest_tests_is_taken() {
        let rules = RuleSet { fields: Vec::new(), rules: Vec::new() };
        // The clock says otherwise each time.
        let (mut rounds, tests) = (0, [40, 10, 20, 30]);
        tune::<()>(&rules, |_| {
            rounds += 1;
            Ok(profile(tests[rounds - 1], 1000.0 / tests[rounds - 1] as f64))
        })
        .unwrap();
        assert_eq!(rounds, ROUNDS);
        let mut known = Profile::default();
        tests.iter().for_each(|n| known.merge(&profile(*n, 1000.0 / *n as f64)));
        let prices = tests.map(|n| profile(n, 0.0).price(&known));
        assert!(prices[1] < prices[2] && prices[2] < prices[3] && prices[3] < prices[0], "{prices:?}");
    }
}
