//! Random rule sets, in which rules share conditions, on random events through all engines.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Bytes that end too early are no input.
    let _ = peregrine_tests::fuzzing::rulesets_differential(&mut Unstructured::new(bytes));
});
