//! Prints a generated rule file: `cargo run -p peregrine-tests --example rules -- COUNT [SEED]`.

use anyhow::{Context as _, ensure};
use peregrine_tests::rulesets::{MAX, generate};
use std::io::Write as _;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let rules: usize = args.next().context("how many rules?")?.parse()?;
    ensure!(rules <= MAX, "at most {MAX} rules fit into a rule file");
    let seed: u64 = args.next().map_or(Ok(7), |seed| seed.parse())?;
    std::io::stdout().write_all(generate(rules, seed).as_bytes())?;
    Ok(())
}
