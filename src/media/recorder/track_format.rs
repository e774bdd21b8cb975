//! Owns how a track is stored, and by that when two units fit into one file.

use super::mp4::SampleKind;
use crate::media::feed::{Codec, Format, Unit};
use crate::media::parameter_sets::{self, ParameterSets};
use bytes::Bytes;
use std::time::Duration;

/// How a track is stored. Two units belong into one file when this is equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrackFormat {
    codec: Codec,
    header: SampleKind,
    timescale: u32,
}

impl TrackFormat {
    /// What the first unit of a file says: of pictures a key frame, whose parameter sets count. None if it cannot be stored.
    pub(crate) fn of(unit: &Unit) -> Option<Self> {
        let sets = |read: fn(&Bytes) -> Option<ParameterSets>| {
            read(&unit.data)
                .or_else(|| read(&unit.format.setup))
                .filter(|_| unit.key)
        };
        let header = match unit.format.codec {
            Codec::H264 => SampleKind::H264(sets(parameter_sets::h264)?),
            Codec::H265 => SampleKind::H265(sets(parameter_sets::h265)?),
            Codec::Opus | Codec::Aac | Codec::Pcma | Codec::Pcmu => {
                return Self::of_sound(&unit.format);
            }
        };
        Some(Self {
            codec: unit.format.codec,
            header,
            timescale: 90_000,
        })
    }

    /// What a sound track's format says before any of it came.
    pub(crate) fn of_sound(format: &Format) -> Option<Self> {
        let channels = format.channels.max(1);
        let (header, timescale) = match format.codec {
            Codec::H264 | Codec::H265 => return None,
            Codec::Opus => (SampleKind::Opus { channels }, 48_000),
            Codec::Aac if format.setup.len() < 2 || format.setup.len() > 64 => return None,
            Codec::Aac => (
                SampleKind::Aac {
                    config: format.setup.clone(),
                    channels,
                },
                format.clock_rate,
            ),
            Codec::Pcma => (SampleKind::Pcma { channels }, format.clock_rate),
            Codec::Pcmu => (SampleKind::Pcmu { channels }, format.clock_rate),
        };
        (timescale > 0).then_some(Self {
            codec: format.codec,
            header,
            timescale,
        })
    }

    /// The codec.
    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    /// Its name in the index.
    pub(crate) fn name(&self) -> &'static str {
        match self.codec {
            Codec::H264 => "h264",
            Codec::H265 => "h265",
            Codec::Opus => "opus",
            Codec::Aac => "aac",
            Codec::Pcma => "pcma",
            Codec::Pcmu => "pcmu",
        }
    }

    /// What the file's header says of it.
    pub(crate) fn samples(&self) -> &SampleKind {
        &self.header
    }

    /// Ticks a second.
    pub(crate) fn timescale(&self) -> u32 {
        self.timescale
    }

    /// How long a sound packet plays.
    pub(crate) fn sound_length(&self, data: &[u8]) -> Duration {
        let ticks = u64::from(self.sound_duration(data).unwrap_or(0));
        Duration::from_nanos(ticks * 1_000_000_000 / u64::from(self.timescale))
    }

    /// The duration of a sound packet in ticks; none for pictures.
    pub(crate) fn sound_duration(&self, data: &[u8]) -> Option<u32> {
        match &self.header {
            SampleKind::H264(_) | SampleKind::H265(_) => None,
            SampleKind::Aac { .. } => Some(1024),
            SampleKind::Opus { .. } => Some(opus_duration(data)),
            SampleKind::Pcma { channels } | SampleKind::Pcmu { channels } => {
                u32::try_from(data.len() / usize::from(*channels)).ok()
            }
        }
    }
}

// RFC 6716 3.1: configuration and frame count of an Opus packet, in 48 kHz ticks
fn opus_duration(packet: &[u8]) -> u32 {
    let Some(toc) = packet.first() else {
        return 960;
    };
    let frame = match toc >> 3 {
        config @ 0..=11 => [480, 960, 1920, 2880][usize::from(config % 4)],
        config @ 12..=15 => [480, 960][usize::from(config % 2)],
        config => [120, 240, 480, 960][usize::from(config % 4)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(1, |count| u32::from(count & 0x3f)),
    };
    (frame * frames).clamp(120, 5760)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opus_packets_tell_their_duration() {
        // 20 ms CELT fullband, one frame; the same of two frames; 60 ms SILK; three frames of 20 ms
        for (packet, ticks) in [
            (&[0xfc][..], 960),
            (&[0xfd], 1920),
            (&[0x18], 2880),
            (&[0xff, 3], 2880),
        ] {
            assert_eq!(opus_duration(packet), ticks, "{packet:?}");
        }
    }
}
