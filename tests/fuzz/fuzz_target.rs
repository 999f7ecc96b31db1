//! One target under `cargo fuzz`: the one its binary is named after.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spillway_fuzz::run(env!("CARGO_BIN_NAME"), bytes));
