//! RTP packets on a pipeline's pad.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::media::capture::fuzz::trace(bytes));
