//! Owns the unit in which sound passes through a call: 20 ms at 8 kHz.

use std::time::Duration;

/// Samples a second.
pub const RATE: u32 = 8_000;
/// Samples in a frame.
pub const SAMPLES: usize = 160;
/// How long a frame is.
pub const LENGTH: Duration = Duration::from_millis(20);

/// 20 ms of sound, 16 bits a sample.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame(pub [i16; SAMPLES]);

impl Frame {
    /// Nothing to hear.
    pub const SILENCE: Frame = Frame([0; SAMPLES]);

    /// Frames of a piece of sound; the last one is filled up with silence.
    pub fn cut(samples: &[i16]) -> Vec<Frame> {
        let frames = samples.chunks(SAMPLES).map(|chunk| {
            let mut frame = Frame::SILENCE;
            frame.0[..chunk.len()].copy_from_slice(chunk);
            frame
        });
        frames.collect()
    }

    /// The frame, quieter by half: what is played in place of a lost one.
    pub(in crate::phone) fn faded(&self) -> Frame {
        Frame(self.0.map(|sample| sample / 2))
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Frame(…)")
    }
}
