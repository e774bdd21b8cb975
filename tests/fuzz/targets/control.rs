//! The positive control: a claim that is false, and that the fuzzer must refute from nothing.
#![no_main]

libfuzzer_sys::fuzz_target!(
    |bytes: &[u8]| bidroom::media::recorder::fuzz::no_key_frame_ever(bytes)
);
