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
    Ok(best(measured, &known).unwrap_or(program))
}

/// What took least at the prices; of equals the last, which knows most.
fn best<T>(measured: Vec<(Profile, T)>, prices: &Profile) -> Option<T> {
    let priced = measured.into_iter().rev().map(|(profile, what)| (profile.price(prices), what));
    priced.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, what)| what)
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
        // The clock says otherwise: the fewer tests, the longer each took.
        let tests = [40, 10, 20, 30];
        let measured = || tests.iter().map(|n| (profile(*n, 10_000.0 / (n * n) as f64), *n)).collect::<Vec<_>>();
        let mut known = Profile::default();
        measured().iter().for_each(|(profile, _)| known.merge(profile));
        assert_eq!(best(measured(), &known), Some(10));
        let equal = [1, 2, 3].map(|n| (profile(5, 1.0), n));
        assert_eq!(best(equal.into(), &known), Some(3));
    }

    #[test]
    fn every_round_is_measured() {
        let rules = RuleSet { fields: Vec::new(), rules: Vec::new() };
        let mut rounds = 0;
        let measure = |_: &Program| {
            rounds += 1;
            if rounds < 3 { Ok(Profile::default()) } else { Err("no more") }
        };
        assert_eq!(tune(&rules, measure).unwrap_err(), "no more");
        assert_eq!(rounds, 3);
    }
}
