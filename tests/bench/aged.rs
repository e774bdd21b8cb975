//! Makes the data folder of a box that has been at work for years, for `scripts/bench start`:
//! `aged PROFILE FOLDER EVENTS SEGMENTS`. A fifth as many segments again belong to a session that is under way.

#![allow(
    clippy::panic,
    clippy::disallowed_methods,
    reason = "it ends by panicking"
)]

#[path = "../support/aged.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod aged;

use bidroom::config::Profile;
use std::path::Path;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [profile, folder, events, segments] = words.as_slice() else {
        panic!("aged PROFILE FOLDER EVENTS SEGMENTS");
    };
    let profile = Profile::load(Path::new(profile)).expect("a profile");
    let number = |word: &str| word.parse::<u64>().expect("a number");
    let age = aged::Age {
        events: number(events),
        segments: number(segments),
        current: number(segments) / 5,
    };
    aged::make(Path::new(folder), &profile, age);
}
