//! Owns the hearing of keys in sound: two tones and nothing beside them (ITU-T Q.24), so that speech presses no key.
//!
//! Each 5 ms a window of 20 ms is looked at by Goertzel's filter at the eight frequencies and 1.2 % beside them. It holds a key
//! when one low and one high tone carry nearly all of its energy and neither has an overtone. A key is pressed once
//! four windows in a row hold it (a tone of 40 ms has five), and let go once none did for 50 ms.

use super::tone::{HIGH, KEYS, LOW};
use crate::phone::frame::RATE;
use crate::room::Key;
use std::collections::VecDeque;
use std::f64::consts::TAU;

/// Samples looked at together: 20 ms.
const WINDOW: usize = 160;
/// Samples from one look to the next: 5 ms.
const HOP: usize = 40;
/// Looks in a row that must agree.
const PRESSED: u32 = 4;
/// Looks without a tone, after which the same key counts again.
const RELEASED: u32 = 10;
/// Q.24 lets tones be off by 1.5 %; so far beside each frequency it is looked, too.
const OFF: [f64; 3] = [0.988, 1.0, 1.012];
/// The weakest tone, as mean square of its samples: -36 dBm0.
const WEAKEST: f64 = 40_000.0;
/// How much stronger the low tone may be than the high one, in power: 8 dB; a line damps high tones more.
const TWIST: f64 = 6.3;
/// How much stronger the high tone may be: 5 dB.
const REVERSE_TWIST: f64 = 3.2;
/// The share of the window's energy that the two tones must hold.
const PURE: f64 = 0.80;
/// The share of a tone that its overtone may have.
const OVERTONE: f64 = 0.12;
/// How much stronger than the next of its group each tone must be, in power.
const APART: f64 = 5.0;

/// Hears keys in a stream of samples.
#[derive(Debug, Default)]
pub struct Detector {
    samples: VecDeque<f64>,
    unlooked: usize,
    candidate: Option<Key>,
    agreed: u32,
    pressed: Option<Key>,
    absent: u32,
}

impl Detector {
    /// Takes sound in; gives the keys whose press was just made out.
    pub fn hear(&mut self, samples: &[i16]) -> Vec<Key> {
        let mut keys = Vec::new();
        for sample in samples {
            if self.samples.len() == WINDOW {
                self.samples.pop_front();
            }
            self.samples.push_back(f64::from(*sample));
            self.unlooked += 1;
            if self.unlooked >= HOP && self.samples.len() == WINDOW {
                self.unlooked = 0;
                keys.extend(self.look());
            }
        }
        keys
    }

    fn look(&mut self) -> Option<Key> {
        let found = key_in(self.samples.make_contiguous());
        if found == self.pressed {
            self.absent = 0;
        } else {
            self.absent += 1;
            if self.absent >= RELEASED {
                self.pressed = None;
            }
        }
        if found.is_some() && found == self.candidate {
            self.agreed += 1;
        } else {
            self.candidate = found;
            self.agreed = u32::from(found.is_some());
        }
        let fresh = found.filter(|key| self.agreed >= PRESSED && self.pressed != Some(*key))?;
        self.pressed = Some(fresh);
        self.absent = 0;
        Some(fresh)
    }
}

/// The key that a window holds.
fn key_in(window: &[f64]) -> Option<Key> {
    let length = f64::from(u32::try_from(window.len()).ok()?);
    let total: f64 = window.iter().map(|s| s * s).sum();
    if total / length < WEAKEST {
        return None;
    }
    let (row, low_hertz, low) = strongest(window, &LOW)?;
    let (column, high_hertz, high) = strongest(window, &HIGH)?;
    let twisted = low > high * TWIST || high > low * REVERSE_TWIST;
    if twisted || low + high < total * PURE {
        return None;
    }
    let overtone = |hertz: f64, of: f64| energy(window, hertz * 2.0) > of * OVERTONE;
    if overtone(low_hertz, low) || overtone(high_hertz, high) {
        return None;
    }
    Key::new(KEYS[row][column])
}

/// Which of a group is the strongest, at which frequency, with what energy; none where another is near it.
fn strongest(window: &[f64], group: &[f64; 4]) -> Option<(usize, f64, f64)> {
    let best_of = |hertz: f64| {
        let near = OFF.map(|off| (hertz * off, energy(window, hertz * off)));
        near.into_iter()
            .fold((hertz, 0.0), |a, b| if b.1 > a.1 { b } else { a })
    };
    let found = group.map(best_of);
    let best = (0..4).fold(0, |a, b| if found[b].1 > found[a].1 { b } else { a });
    let alone = (0..4).all(|n| n == best || found[n].1 * APART < found[best].1);
    alone.then_some((best, found[best].0, found[best].1))
}

/// The energy of one frequency in a window, so that a pure tone of that frequency has all of it.
fn energy(window: &[f64], hertz: f64) -> f64 {
    let around = 2.0 * (TAU * hertz / f64::from(RATE)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in window {
        (last, before) = (sample + around * last - before, last);
    }
    let length = f64::from(u32::try_from(window.len()).unwrap_or(u32::MAX));
    (last * last + before * before - around * last * before) * 2.0 / length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::dtmf::tone;

    fn keys_of(sound: &[i16]) -> String {
        let mut detector = Detector::default();
        let keys: Vec<Key> = sound
            .chunks(53)
            .flat_map(|chunk| detector.hear(chunk))
            .collect();
        keys.into_iter().map(Key::sign).collect()
    }

    fn key(sign: char) -> Key {
        Key::new(sign).unwrap()
    }

    fn pause(ms: usize) -> Vec<i16> {
        vec![0; ms * 8]
    }

    #[test]
    fn every_key_is_heard_at_any_place_in_the_window() {
        let all = "0123456789*#ABCD";
        for shift in 0..40 {
            let mut sound = vec![0; shift * 3];
            for sign in all.chars() {
                // 40 ms, the shortest that Q.24 asks to be taken
                sound.extend(tone(key(sign), 320, 6_000.0, 6_000.0));
                sound.extend(pause(60));
            }
            assert_eq!(keys_of(&sound), all, "shifted by {shift}");
        }
    }

    #[test]
    fn tones_that_are_too_short_weak_or_twisted_press_nothing() {
        let press = |samples, low, high| {
            keys_of(&[tone(key('5'), samples, low, high), pause(100)].concat())
        };
        assert_eq!(press(400, 3_000.0, 3_000.0), "5");
        assert_eq!(press(160, 3_000.0, 3_000.0), "", "20 ms");
        assert_eq!(press(800, 100.0, 100.0), "", "-48 dBm0");
        assert_eq!(press(800, 400.0, 400.0), "5", "-36 dBm0");
        assert_eq!(press(800, 8_000.0, 4_000.0), "5", "6 dB");
        assert_eq!(press(800, 8_000.0, 2_500.0), "", "10 dB");
        assert_eq!(press(800, 2_500.0, 8_000.0), "", "-10 dB");
        assert_eq!(press(800, 8_000.0, 0.0), "", "one tone");
    }

    #[test]
    fn a_held_key_and_one_with_a_hole_count_once() {
        let held = tone(key('1'), 16_000, 5_000.0, 5_000.0);
        assert_eq!(keys_of(&held), "1");
        let mut holed = held;
        holed[8_000..8_200].fill(0);
        assert_eq!(keys_of(&holed), "1", "25 ms are missing");
        holed[8_000..8_600].fill(0);
        assert_eq!(keys_of(&holed), "11", "75 ms are missing");
    }

    #[test]
    fn tones_with_noise_are_heard() {
        let mut random = 1_u32;
        let sound: Vec<i16> = tone(key('2'), 800, 5_000.0, 5_000.0)
            .into_iter()
            .map(|sample| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // 15 dB below the tones
                sample + i16::try_from(random >> 20).unwrap() - 2_048
            })
            .collect();
        assert_eq!(keys_of(&sound), "2");
    }
}
