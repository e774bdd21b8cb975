//! A decrypted RTCP datagram of a peer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::media::peer::fuzz::rtcp(bytes));
