//! An ICE fragment: candidates that trickle in, or a restart.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::media::peer::fuzz::fragment(bytes));
