//! A file that somebody takes for a room's profile.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::config::fuzz::profile(bytes));
