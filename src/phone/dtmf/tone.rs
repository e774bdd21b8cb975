//! Owns the tones of the keys (ITU-T Q.23).

use crate::phone::frame::RATE;
use crate::room::Key;
use std::f64::consts::TAU;

/// The low tones, Hz: one a row of keys.
pub(super) const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
/// The high tones, Hz: one a column.
pub(super) const HIGH: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// The keys by row and column.
pub(super) const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// A key's tone: its length in samples, its low and high tone's amplitude (full scale is 32,767).
pub fn tone(key: Key, samples: usize, low: f64, high: f64) -> Vec<i16> {
    let mut place = (0, 0);
    for (row, keys) in KEYS.iter().enumerate() {
        if let Some(column) = keys.iter().position(|sign| *sign == key.sign()) {
            place = (row, column);
        }
    }
    let turn = |hertz: f64, n: usize| {
        let n = f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        (TAU * hertz * n / f64::from(RATE)).sin()
    };
    let sample = |n| low * turn(LOW[place.0], n) + high * turn(HIGH[place.1], n);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast of a float saturates"
    )]
    (0..samples).map(|n| sample(n).round() as i16).collect()
}
