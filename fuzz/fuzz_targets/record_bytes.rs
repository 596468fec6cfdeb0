//! Any bytes as parameters of events.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| peregrine_tests::fuzzing::record_bytes(bytes));
