//! A camera's units: their times, and the packets that browsers get.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::media::capture::fuzz::units(bytes));
