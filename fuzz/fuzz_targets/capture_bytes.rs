//! Any bytes as a capture.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| peregrine_tests::fuzzing::capture_bytes(bytes));
