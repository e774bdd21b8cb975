//! Owns the change of a sound's rate to that of a telephone: a windowed sinc that lets nothing above 3.8 kHz through.

use crate::phone::frame::RATE;
use std::f64::consts::PI;

/// Zero crossings of the filter on each side.
const CROSSINGS: f64 = 16.0;
/// The highest frequency that is kept, as a share of half the rate.
const KEPT: f64 = 0.95;

/// The same sound at 8 kHz.
pub(super) fn to_telephone(samples: &[i16], rate: u32) -> Vec<i16> {
    if rate == RATE {
        return samples.to_vec();
    }
    let step = f64::from(rate) / f64::from(RATE);
    // in samples of the source
    let cutoff = KEPT / step.max(1.0);
    let reach = CROSSINGS / cutoff;
    let length = as_float(samples.len()) / step;
    let at = |position: f64| {
        let first = (position - reach).ceil().max(0.0);
        let last = (position + reach)
            .floor()
            .min(as_float(samples.len()) - 1.0);
        let (first, last) = (as_index(first), as_index(last));
        let sum: f64 = (first..=last)
            .map(|n| {
                let x = as_float(n) - position;
                let window = 0.5 + 0.5 * (PI * x / reach).cos();
                f64::from(samples[n]) * sinc(x * cutoff) * cutoff * window
            })
            .sum();
        as_sample(sum)
    };
    (0..as_index(length))
        .map(|n| at(as_float(n) * step))
        .collect()
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sounds are far shorter than 2^52 samples"
)]
fn as_float(n: usize) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and a cast of a float saturates"
)]
fn as_index(x: f64) -> usize {
    x.max(0.0) as usize
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float saturates"
)]
pub(super) fn as_sample(x: f64) -> i16 {
    x.round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64, rate: u32) -> Vec<i16> {
        (0..rate)
            .map(|n| {
                as_sample(10_000.0 * (2.0 * PI * hertz * f64::from(n) / f64::from(rate)).sin())
            })
            .collect()
    }

    fn level(samples: &[i16]) -> f64 {
        let middle = &samples[1_000..samples.len() - 1_000];
        (middle.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / as_float(middle.len())).sqrt()
    }

    #[test]
    fn what_a_telephone_carries_stays_and_the_rest_goes() {
        for rate in [11_025, 16_000, 22_050, 24_000, 44_100, 48_000] {
            let kept = to_telephone(&tone(1_000.0, rate), rate);
            assert!(kept.len().abs_diff(8_000) <= 1, "{rate}");
            assert!(
                (level(&kept) / 7_071.0 - 1.0).abs() < 0.02,
                "{rate}: {}",
                level(&kept)
            );
            let gone = to_telephone(&tone(5_000.0, rate), rate);
            assert!(level(&gone) < 70.0, "{rate}: {}", level(&gone));
        }
    }
}
