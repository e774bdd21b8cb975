//! A picture of a camera: NAL units, parameter sets, and the file made of them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::media::recorder::fuzz::picture(bytes));
