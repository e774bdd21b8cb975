//! Owns WAV files (RIFF, PCM of 16 bits): what speech engines give, and what recordings of calls are.

use super::frame::RATE;

/// Why bytes are no sound that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a WAV file with PCM of 16 bits, one or two channels, 8 to 48 kHz")]
pub struct NoWav;

/// Reads a file's sound: one channel (the first of two is taken), at its own rate.
///
/// # Errors
/// It is none.
pub fn read(bytes: &[u8]) -> Result<(u32, Vec<i16>), NoWav> {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(NoWav);
    }
    let mut rest = bytes.get(12..).ok_or(NoWav)?;
    let mut format = None;
    while let Some((head, body)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        // who writes to a pipe does not know the length: the sound goes to the end then
        let length = usize::try_from(length).map_err(|_| NoWav)?.min(body.len());
        match &head[..4] {
            b"fmt " => format = Some(Format::read(&body[..length])?),
            b"data" => {
                let format = format.ok_or(NoWav)?;
                let frame = 2 * format.channels;
                let samples = body[..length]
                    .chunks_exact(frame)
                    .map(|f| i16::from_le_bytes([f[0], f[1]]));
                return Ok((format.rate, samples.collect()));
            }
            _ => {}
        }
        rest = body.get(length + length % 2..).unwrap_or_default();
    }
    Err(NoWav)
}

struct Format {
    rate: u32,
    channels: usize,
}

impl Format {
    fn read(chunk: &[u8]) -> Result<Self, NoWav> {
        let short = |at: usize| {
            chunk
                .get(at..at + 2)
                .map(|b| u16::from_le_bytes([b[0], b[1]]))
        };
        let rate = chunk
            .get(4..8)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        match (short(0), short(2), rate, short(14)) {
            // 0xfffe: the same with more words
            (Some(1 | 0xfffe), Some(channels @ 1..=2), Some(rate @ 8_000..=48_000), Some(16)) => {
                Ok(Self {
                    rate,
                    channels: usize::from(channels),
                })
            }
            _ => Err(NoWav),
        }
    }
}

/// A file of the calls' rate with these samples, its channels interleaved.
pub fn write(samples: &[i16], channels: u16) -> Vec<u8> {
    let length = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * u32::from(channels) * 2).to_le_bytes());
    file.extend((channels * 2).to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let file = write(&[1, -2, 3, -4], 1);
        assert_eq!(read(&file), Ok((8_000, vec![1, -2, 3, -4])));
        let file = write(&[1, -2, 3, -4], 2);
        assert_eq!(read(&file), Ok((8_000, vec![1, 3])));
    }

    #[test]
    fn what_is_no_sound_is_refused_and_a_pipe_s_length_is_not_believed() {
        let whole = write(&[1, 2, 3], 1);
        for length in 0..44 {
            assert_eq!(read(&whole[..length]), Err(NoWav), "{length}");
        }
        let mut piped = whole.clone();
        piped[40..44].fill(0xff);
        assert_eq!(read(&piped), Ok((8_000, vec![1, 2, 3])));
        let mut eight_bits = whole;
        eight_bits[34] = 8;
        assert_eq!(read(&eight_bits), Err(NoWav));
    }
}
