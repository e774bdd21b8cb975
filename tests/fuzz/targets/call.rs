//! What a gateway, a network or a modem sends in a call.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::phone::fuzz::call(bytes));
