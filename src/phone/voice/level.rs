//! Owns the evenness of speech: every piece as loud as the others, and no silence before and after it.

use super::resample::as_sample;
use crate::phone::frame::SAMPLES;

/// The loudness of what is spoken, as root of the mean square of its loud frames: -20 dBFS.
const LOUD: f64 = 3_277.0;
/// No sample is louder: -3 dBFS.
const LOUDEST: f64 = 23_200.0;
/// A frame that is quieter than the loudest one by so much is silence, in amplitude: 36 dB.
const SILENT: f64 = 0.016;
/// Frames of silence that stay before and after: 100 ms.
const LEFT: usize = 5;

/// The sound, evened; empty where there is nothing to hear.
pub(super) fn even(samples: &[i16]) -> Vec<i16> {
    let levels: Vec<f64> = samples.chunks(SAMPLES).map(level).collect();
    let top = levels.iter().fold(0.0_f64, |a, b| a.max(*b));
    if top < 10.0 {
        return Vec::new();
    }
    let is_loud = |level: &f64| *level > top * SILENT;
    let first = levels
        .iter()
        .position(is_loud)
        .unwrap_or(0)
        .saturating_sub(LEFT);
    let last = levels.iter().rposition(is_loud).unwrap_or(0) + LEFT + 1;
    let spoken: Vec<f64> = levels
        .iter()
        .copied()
        .filter(|level| *level > top * 0.1)
        .collect();
    let squares: f64 = spoken.iter().map(|l| l * l).sum();
    let loudness = (squares / f64::from(u32::try_from(spoken.len()).unwrap_or(u32::MAX))).sqrt();
    let peak = samples
        .iter()
        .map(|s| f64::from(s.unsigned_abs()))
        .fold(1.0, f64::max);
    let gain = (LOUD / loudness).min(LOUDEST / peak);
    let from = first * SAMPLES;
    let to = (last * SAMPLES).min(samples.len());
    samples[from..to]
        .iter()
        .map(|s| as_sample(f64::from(*s) * gain))
        .collect()
}

fn level(frame: &[i16]) -> f64 {
    let squares: f64 = frame.iter().map(|s| f64::from(*s).powi(2)).sum();
    (squares / f64::from(u32::try_from(frame.len().max(1)).unwrap_or(u32::MAX))).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(amplitude: i16, before: usize, after: usize) -> Vec<i16> {
        let tone = (0..8_000).map(|n| {
            if n / 20 % 2 == 0 {
                amplitude
            } else {
                -amplitude
            }
        });
        std::iter::repeat_n(0, before)
            .chain(tone)
            .chain(std::iter::repeat_n(0, after))
            .collect()
    }

    #[test]
    fn loud_and_quiet_become_even_and_silence_goes() {
        for amplitude in [200, 3_000, 30_000] {
            let even = even(&speech(amplitude, 16_000, 8_000));
            let loud = level(&even[2_000..6_000]);
            assert!((loud - LOUD).abs() < 50.0, "{amplitude}: {loud}");
            assert!(
                even.len().abs_diff(8_000 + 2 * LEFT * SAMPLES) < 2 * SAMPLES,
                "{}",
                even.len()
            );
        }
        assert!(even(&[0; 8_000]).is_empty());
        assert!(even(&[]).is_empty());
    }

    #[test]
    fn nothing_is_driven_into_its_limits() {
        let mut spiked = speech(500, 0, 0);
        spiked[4_000] = 20_000;
        let loudest = even(&spiked)
            .iter()
            .map(|s| s.unsigned_abs())
            .max()
            .unwrap();
        assert!(f64::from(loudest) <= LOUDEST + 1.0);
    }
}
