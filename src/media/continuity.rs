//! Owns a feed's numbers towards its viewers: sequence numbers and timestamps go on over reconnects
//! of the source, a change of the picture's source within a layer, and a change of codec.

use super::feed::{Format, Layer, TrackKind};
use super::peer::rtp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who sends: which publisher (counted over the feed's life) and its SSRC.
pub(crate) type Source = (u64, u32);

/// The numbers of one feed, kept as long as the room has the feed.
#[derive(Debug, Default)]
pub(crate) struct Continuity {
    publishers: u64,
    reached: Duration,
    tracks: BTreeMap<(Layer, TrackKind), Numbers>,
}

#[derive(Debug)]
struct Numbers {
    source: Source,
    format: Arc<Format>,
    sequence_shift: u16,
    timestamp_shift: u32,
    last_sequence: u16,
    last_timestamp: u32,
    last_arrival: Instant,
}

impl Continuity {
    /// A new publisher: its number, and the time of the feed's clock that it must not go before.
    pub(crate) fn begin(&mut self) -> (u64, Duration) {
        self.publishers += 1;
        (self.publishers, self.reached)
    }

    /// Units came to this time of the feed's clock; a later publisher does not go before it.
    pub(crate) fn reached(&mut self, pts: Duration) {
        self.reached = self.reached.max(pts);
    }

    /// The numbers under which a packet goes on; none if it must not, because a picture from a new
    /// source begins with a key frame.
    pub(crate) fn continue_with(
        &mut self,
        layer: Layer,
        source: Source,
        format: &Arc<Format>,
        key: bool,
        header: &rtp::Header,
        arrival: Instant,
    ) -> Option<(u16, u32)> {
        let kind = format.codec.track();
        let key = key || kind == TrackKind::Audio;
        let numbers = match self.tracks.entry((layer, kind)) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                if !key {
                    return None;
                }
                entry.insert(Numbers {
                    source,
                    format: format.clone(),
                    sequence_shift: 0,
                    timestamp_shift: 0,
                    last_sequence: header.sequence_number,
                    last_timestamp: header.timestamp,
                    last_arrival: arrival,
                })
            }
        };
        if numbers.source != source || numbers.format.codec != format.codec {
            if !key {
                return None;
            }
            numbers.turn(source, format, header, arrival);
        }
        Some(numbers.shift(header, arrival))
    }
}

impl Numbers {
    fn turn(
        &mut self,
        source: Source,
        format: &Arc<Format>,
        header: &rtp::Header,
        arrival: Instant,
    ) {
        let passed = arrival.saturating_duration_since(self.last_arrival);
        let ticks = (passed.as_nanos() * u128::from(format.clock_rate) / 1_000_000_000).max(1);
        let timestamp = self
            .last_timestamp
            .wrapping_add((ticks & u128::from(u32::MAX)) as u32);
        self.source = source;
        self.format = format.clone();
        self.sequence_shift = self
            .last_sequence
            .wrapping_add(1)
            .wrapping_sub(header.sequence_number);
        self.timestamp_shift = timestamp.wrapping_sub(header.timestamp);
    }

    fn shift(&mut self, header: &rtp::Header, arrival: Instant) -> (u16, u32) {
        let sequence = header.sequence_number.wrapping_add(self.sequence_shift);
        let timestamp = header.timestamp.wrapping_add(self.timestamp_shift);
        // retransmissions come late and do not move what comes next
        if sequence.wrapping_sub(self.last_sequence) < 0x8000 {
            self.last_sequence = sequence;
            self.last_timestamp = timestamp;
            self.last_arrival = arrival;
        }
        (sequence, timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock;
    use crate::media::feed::Codec;
    use bytes::Bytes;

    fn header(sequence_number: u16, timestamp: u32) -> rtp::Header {
        rtp::Header {
            sequence_number,
            timestamp,
            ..Default::default()
        }
    }

    #[test]
    fn numbers_go_on_over_a_new_source_which_begins_with_a_key_frame() {
        let format = Arc::new(Format {
            codec: Codec::H264,
            clock_rate: 90_000,
            channels: 0,
            setup: Bytes::new(),
        });
        let start = clock::now();
        let mut feed = Continuity::default();
        let mut go = |source, key, header: rtp::Header, ms| {
            feed.continue_with(
                Layer::Main,
                source,
                &format,
                key,
                &header,
                start + Duration::from_millis(ms),
            )
        };
        assert_eq!(go((1, 7), false, header(9, 90), 0), None);
        assert_eq!(go((1, 7), true, header(10, 100), 0), Some((10, 100)));
        assert_eq!(go((1, 7), false, header(12, 3_100), 33), Some((12, 3_100)));
        assert_eq!(
            go((1, 7), false, header(11, 3_100), 60),
            Some((11, 3_100)),
            "late"
        );
        assert_eq!(go((2, 8), false, header(60_000, 5), 1_000), None);
        assert_eq!(
            go((2, 8), true, header(60_001, 50), 1_033),
            Some((13, 3_100 + 90_000))
        );
        assert_eq!(
            go((2, 8), false, header(60_002, 3_050), 1_066),
            Some((14, 3_100 + 93_000))
        );
    }
}
