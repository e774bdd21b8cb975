//! What hashing costs, for `scripts/bench record`: prints the CPU time of SHA-256 alone and of SHA-256 with SM3, each in
//! ms a megabyte, as the recorder hashes what it writes.

#![allow(
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it ends by panicking, measures, and prints what it found"
)]

use bidroom::archive::segment::hash_file;
use std::io::Write;
use std::time::Instant;

/// Megabytes that are hashed.
const MEGABYTES: usize = 256;

fn main() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    for block in 0..MEGABYTES {
        let bytes: Vec<u8> = (0..1_000_000)
            .map(|n: usize| ((n ^ block).wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        file.write_all(&bytes).expect("written");
    }
    let cost = |sm3: bool| {
        let began = Instant::now();
        hash_file(file.path(), sm3).expect("hashed");
        began.elapsed().as_secs_f64() * 1000.0 / MEGABYTES as f64
    };
    // the first reads the file into memory
    cost(false);
    println!("{} {}", cost(false), cost(true));
}
