//! An index as it lies on the disk, whoever wrote it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bidroom::archive::fuzz::index(bytes));
