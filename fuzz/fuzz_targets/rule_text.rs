//! Any text as a condition and as a rule file.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| peregrine_tests::fuzzing::rule_text(bytes));
