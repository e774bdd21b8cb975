//! A publisher's packets, from the first look at them to the recorded file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::media::recorder::fuzz::packets(bytes));
