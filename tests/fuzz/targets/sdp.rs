//! An offer, for WHIP and for WHEP, and its answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::media::peer::fuzz::offer(bytes));
