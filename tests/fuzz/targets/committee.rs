//! A file that somebody takes for a committee's table.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::vault::fuzz::table(bytes));
