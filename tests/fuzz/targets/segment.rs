//! A segment file that a crash left behind.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::archive::fuzz::segment(bytes));
