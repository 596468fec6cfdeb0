//! Benchmarks of Peregrine. The program `suite` runs those on captures and writes a record; the criterion benches use
//! the same measurements. The program `live` measures what watching a live system costs.
//!
//! ```text
//! captures   the captures and the forms in which runs need them
//! rules      rule sets, from files and generated
//! walk       the floor: steps over the blocks of a mapped capture
//! inprocess  reading and state, with and without rules, in this process
//! programs   whole programs: peregrine, falco
//! compiling  from rule text to machine code; growth with the number of rules
//! ahead      rules compiled ahead of time
//! live       watching a live system
//! machine    where it is measured
//! results    what was measured
//! targets    what should have been
//! report     tables, plots and the folder of a record
//! ```
//!
//! What must hold: a figure is the least of several runs, runs of what is compared take turns, and a ratio is made of
//! figures of one run of the suite. Times decide no test.

pub mod ahead;
pub mod captures;
pub mod compiling;
pub mod inprocess;
pub mod live;
pub mod machine;
pub mod programs;
pub mod report;
pub mod results;
pub mod rules;
pub mod targets;
pub mod walk;
