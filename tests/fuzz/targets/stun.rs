//! A datagram of anybody on the shared UDP port.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::media::peer::fuzz::datagram(bytes));
