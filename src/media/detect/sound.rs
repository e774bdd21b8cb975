//! Owns how loud a run of decoded samples is.

/// No sample is quieter than one step of 16 bits, dBFS.
const FLOOR: f32 = -96.0;

/// The loudness of a run of samples, dBFS: 0 is the largest sample there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Loudness {
    /// Of the largest sample.
    pub(super) peak: f32,
    /// Of all, by their power.
    pub(super) mean: f32,
}

impl Loudness {
    /// Of interleaved samples of 16 bits, little-endian; none if there are none.
    pub(super) fn of(samples: &[u8]) -> Option<Self> {
        let (mut peak, mut power, mut count) = (0_u16, 0_f64, 0_u32);
        for pair in samples.chunks_exact(2) {
            let sample = i16::from_le_bytes([pair[0], pair[1]]);
            peak = peak.max(sample.unsigned_abs());
            power += f64::from(sample) * f64::from(sample);
            count += 1;
        }
        let mean = (power / f64::from(count.max(1))).sqrt();
        (count > 0).then(|| Self {
            peak: decibels(f32::from(peak)),
            mean: decibels(mean as f32),
        })
    }
}

fn decibels(sample: f32) -> f32 {
    (20.0 * (sample / 32_768.0).log10()).max(FLOOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loudness(samples: impl Iterator<Item = i16>) -> Loudness {
        let bytes: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
        Loudness::of(&bytes).expect("samples")
    }

    #[test]
    fn loudness_is_relative_to_full_scale() {
        let sine = |scale: f32| {
            loudness((0..4800).map(move |n| ((n as f32 * 0.131).sin() * scale * 32_767.0) as i16))
        };
        let full = sine(1.0);
        assert!(
            (full.peak).abs() < 0.1 && (full.mean + 3.0).abs() < 0.1,
            "{full:?}"
        );
        let quiet = sine(0.001);
        assert!((quiet.peak + 60.0).abs() < 1.0, "{quiet:?}");
        assert_eq!(
            loudness([0; 10].into_iter()),
            Loudness {
                peak: FLOOR,
                mean: FLOOR
            }
        );
        assert_eq!(Loudness::of(&[]), None);
    }
}
