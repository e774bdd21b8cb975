//! Owns the RTP packets that viewers get: units cut anew, numbered without a gap over reconnects.
//!
//! Cameras send packets too large for WebRTC, and begin numbers anew with each connection. The
//! timestamps come from the units' presentation times, so they go on over reconnects by themselves.

use super::units::rtp_time;
use crate::media::feed::{Codec, Format, LivePacket, Unit};
use bytes::{BufMut, Bytes, BytesMut};
use rtc::rtp;
use std::time::Duration;

/// The largest payload: with RTP header, extensions and SRTP it fits any way of 1280 bytes.
const PAYLOAD_MAX: usize = 1180;

/// Whether browsers take a track over WebRTC as it is.
pub(super) fn is_showable(format: &Format) -> bool {
    match format.codec {
        Codec::H264 | Codec::Opus => true,
        // RFC 3551 numbers G.711 at 8 kHz mono only
        Codec::Pcma | Codec::Pcmu => format.clock_rate == 8_000 && format.channels == 1,
        Codec::H265 | Codec::Aac => false,
    }
}

/// Cuts one track's units into packets.
#[derive(Debug, Default)]
pub(super) struct Packets {
    sequence: u16,
    /// The last unit's timestamp, and the clock rate it counts in.
    last: Option<(u32, u32)>,
}

impl Packets {
    /// The packets of a unit; none if browsers cannot take it. `nals` are a picture's.
    pub(super) fn of(&mut self, unit: &Unit, nals: &[Bytes]) -> Vec<LivePacket> {
        if !is_showable(&unit.format) {
            return Vec::new();
        }
        match unit.format.codec {
            Codec::H264 => self.h264(unit, nals),
            Codec::Pcma | Codec::Pcmu => self.g711(unit),
            Codec::Opus => {
                let timestamp = self.timestamp(unit.pts, unit.format.clock_rate);
                vec![self.packet(unit, timestamp, false, unit.data.clone())]
            }
            Codec::H265 | Codec::Aac => Vec::new(),
        }
    }

    fn h264(&mut self, unit: &Unit, nals: &[Bytes]) -> Vec<LivePacket> {
        let timestamp = self.timestamp(unit.pts, unit.format.clock_rate);
        let payloads = h264_payloads(nals);
        let last = payloads.len().saturating_sub(1);
        let packet_of = |(i, payload)| self.packet(unit, timestamp, i == last, payload);
        let mut packets: Vec<_> = payloads.into_iter().enumerate().map(packet_of).collect();
        if let Some(first) = packets.first_mut() {
            first.key = unit.key;
        }
        packets
    }

    /// One byte is one sample.
    fn g711(&mut self, unit: &Unit) -> Vec<LivePacket> {
        let mut packets = Vec::with_capacity(1);
        for from in (0..unit.data.len()).step_by(PAYLOAD_MAX) {
            let payload = unit
                .data
                .slice(from..unit.data.len().min(from + PAYLOAD_MAX));
            let later = Duration::from_secs(from as u64) / unit.format.clock_rate;
            let timestamp = self.timestamp(unit.pts + later, unit.format.clock_rate);
            packets.push(self.packet(unit, timestamp, false, payload));
        }
        packets
    }

    /// Never backwards: an encoder that starts anew after a reconnect may begin a little early.
    fn timestamp(&mut self, pts: Duration, rate: u32) -> u32 {
        let mut timestamp = rtp_time(pts, rate);
        if let Some((last, last_rate)) = self.last
            && last_rate == rate
            && timestamp.wrapping_sub(last).wrapping_sub(1) >= u32::MAX / 2
        {
            timestamp = last.wrapping_add(1);
        }
        self.last = Some((timestamp, rate));
        timestamp
    }

    fn packet(&mut self, unit: &Unit, timestamp: u32, marker: bool, payload: Bytes) -> LivePacket {
        let header = rtp::Header {
            version: 2,
            marker,
            sequence_number: self.sequence,
            timestamp,
            ..rtp::Header::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        LivePacket {
            format: unit.format.clone(),
            key: false,
            arrival: unit.arrival,
            packet: rtp::Packet { header, payload },
        }
    }
}

/// RFC 6184, packetization mode 1: small NAL units together (STAP-A), large ones in pieces (FU-A).
fn h264_payloads(nals: &[Bytes]) -> Vec<Bytes> {
    let mut payloads = Vec::new();
    let mut together: Vec<&Bytes> = Vec::new();
    let mut size = 1;
    for nal in nals.iter().filter(|nal| is_for_decoder(nal)) {
        if size + 2 + nal.len() > PAYLOAD_MAX {
            payloads.extend(aggregate(&together));
            together.clear();
            size = 1;
        }
        if nal.len() > PAYLOAD_MAX {
            fragment(nal, &mut payloads);
        } else {
            size += 2 + nal.len();
            together.push(nal);
        }
    }
    payloads.extend(aggregate(&together));
    payloads
}

/// Browsers need slices and parameter sets. Delimiters, filler and SEI (cameras hide all sorts of things
/// in it) are left out.
fn is_for_decoder(nal: &[u8]) -> bool {
    nal.first()
        .is_some_and(|head| matches!(head & 0x1f, 1..=5 | 7 | 8))
}

fn aggregate(nals: &[&Bytes]) -> Option<Bytes> {
    match nals {
        [] => None,
        [only] => Some((*only).clone()),
        several => {
            let importance = several.iter().map(|nal| nal[0] & 0x60).max().unwrap_or(0);
            let mut payload = BytesMut::with_capacity(PAYLOAD_MAX);
            payload.put_u8(importance | 24);
            for nal in several {
                payload.put_u16(u16::try_from(nal.len()).expect("below the payload's limit"));
                payload.put_slice(nal);
            }
            Some(payload.freeze())
        }
    }
}

fn fragment(nal: &Bytes, payloads: &mut Vec<Bytes>) {
    let (head, body) = (nal[0], &nal[1..]);
    let pieces = body.chunks(PAYLOAD_MAX - 2);
    let last = pieces.len() - 1;
    for (i, piece) in pieces.enumerate() {
        let mut payload = BytesMut::with_capacity(piece.len() + 2);
        // the forbidden bit too: what came damaged arrives so
        payload.put_u8((head & 0xe0) | 28);
        payload.put_u8(
            (head & 0x1f) | if i == 0 { 0x80 } else { 0 } | if i == last { 0x40 } else { 0 },
        );
        payload.put_slice(piece);
        payloads.push(payload.freeze());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::capture::clock;
    use crate::media::capture::nal;
    use rtc::rtp::codec::h264::H264Packet;
    use rtc::rtp::packetizer::Depacketizer;
    use std::sync::Arc;

    fn unit(codec: Codec, rate: u32, data: Vec<u8>, pts: Duration) -> Unit {
        let format = Arc::new(Format {
            codec,
            clock_rate: rate,
            channels: 1,
            setup: Bytes::new(),
        });
        let data = Bytes::from(data);
        Unit {
            format,
            pts,
            dts: pts,
            arrival: clock::now(),
            rtp: 0,
            ntp: None,
            key: true,
            data,
        }
    }

    /// An independent depacketizer gets back what went in.
    #[test]
    fn a_picture_comes_out_as_it_went_in() {
        let mut data = Vec::new();
        for (head, len) in [
            (0x09, 1),
            (0x67, 20),
            (0x68, 4),
            (0x65, 5_000),
            (0x41, 30),
            (0x65, PAYLOAD_MAX - 1),
        ] {
            data.extend([0, 0, 0, 1, head]);
            data.extend((0..len).map(|i| (i % 250) as u8 + 1));
        }
        let unit = unit(Codec::H264, 90_000, data.clone(), Duration::from_secs(2));
        let packets = Packets::default().of(&unit, &nal::split(&unit.data));
        assert!(
            packets
                .iter()
                .all(|p| p.packet.payload.len() <= PAYLOAD_MAX
                    && p.packet.header.timestamp == 180_000)
        );
        assert_eq!(
            packets.iter().map(|p| p.key).collect::<Vec<_>>()[..2],
            [true, false]
        );
        assert_eq!(packets.iter().filter(|p| p.packet.header.marker).count(), 1);
        assert!(packets.last().expect("some").packet.header.marker);
        let mut depacketizer = H264Packet::default();
        let mut back = Vec::new();
        for packet in &packets {
            back.extend(
                depacketizer
                    .depacketize(&packet.packet.payload)
                    .expect("valid"),
            );
        }
        assert_eq!(back, data[6..], "all but the delimiter");
    }

    #[test]
    fn sound_is_cut_at_samples_and_numbered_on() {
        let mut packets = Packets::default();
        let long = unit(
            Codec::Pcma,
            8_000,
            vec![1; PAYLOAD_MAX + 80],
            Duration::from_secs(1),
        );
        let sent = packets.of(&long, &[]);
        let times: Vec<_> = sent.iter().map(|p| p.packet.header.timestamp).collect();
        assert_eq!(times, [8_000, 8_000 + PAYLOAD_MAX as u32]);
        assert_eq!(packets.of(&long, &[])[0].packet.header.sequence_number, 2);
    }

    #[test]
    fn time_does_not_run_backwards() {
        let mut packets = Packets::default();
        let times: Vec<_> = [1_000, 988, 1_020]
            .map(|ms| {
                packets.of(
                    &unit(Codec::Opus, 48_000, vec![1], Duration::from_millis(ms)),
                    &[],
                )
            })
            .iter()
            .map(|sent| sent[0].packet.header.timestamp)
            .collect();
        assert_eq!(times, [48_000, 48_001, 48_960]);
    }

    #[test]
    fn what_browsers_cannot_take_is_not_sent() {
        let wide = unit(Codec::Pcma, 16_000, vec![1; 320], Duration::ZERO);
        assert!(Packets::default().of(&wide, &[]).is_empty());
        assert!(
            Packets::default()
                .of(&unit(Codec::Aac, 48_000, vec![1; 9], Duration::ZERO), &[])
                .is_empty()
        );
    }
}
