//! Owns RTP packets (RFC 3550) and telephone events in them (RFC 4733), as far as a call needs them.

use super::frame::SAMPLES;
use super::g711::Law;
use crate::room::Key;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The length of a header without contributors and extensions.
const HEADER: usize = 12;

/// One packet that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What the payload is.
    pub payload_type: u8,
    /// Counts the packets.
    pub sequence: u16,
    /// When its first sample was taken, in samples.
    pub timestamp: u32,
    /// Who sends.
    pub source: u32,
    /// What is in it.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram; none where it is no RTP.
    pub fn read(datagram: &'a [u8]) -> Option<Self> {
        let header = datagram.get(..HEADER)?;
        if header[0] >> 6 != 2 {
            return None;
        }
        let (padded, extended) = (header[0] & 0x20 != 0, header[0] & 0x10 != 0);
        let mut from = HEADER + usize::from(header[0] & 0x0f) * 4;
        if extended {
            let words = datagram.get(from + 2..from + 4)?;
            from += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
        }
        let mut payload = datagram.get(from..)?;
        if padded {
            let padding = usize::from(*payload.last()?);
            payload = payload.get(..payload.len().checked_sub(padding)?)?;
        }
        let word = |at: usize| {
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        Some(Self {
            payload_type: header[1] & 0x7f,
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: word(4),
            source: word(8),
            payload,
        })
    }
}

/// Makes the packets of one stream that is sent.
#[derive(Debug)]
pub struct Sender {
    law: Law,
    source: u32,
    sequence: u16,
    timestamp: u32,
    begins: bool,
}

impl Sender {
    /// A new stream, with fresh randomness for its beginnings.
    pub fn new(law: Law, seed: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = seed.to_be_bytes();
        Self {
            law,
            source: u32::from_be_bytes([a, b, c, d]),
            sequence: u16::from_be_bytes([e, f]) & 0x7fff,
            timestamp: u32::from_be_bytes([g, h, 0, 0]),
            begins: true,
        }
    }

    /// The next packet: 20 ms of sound.
    pub fn packet(&mut self, samples: &[i16; SAMPLES]) -> [u8; HEADER + SAMPLES] {
        let mut packet = [0; HEADER + SAMPLES];
        packet[0] = 0x80;
        // the marker begins a stretch of sound
        let marker = if std::mem::take(&mut self.begins) {
            0x80
        } else {
            0
        };
        packet[1] = marker | self.law.payload_type();
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&self.source.to_be_bytes());
        for (octet, sample) in packet[HEADER..].iter_mut().zip(samples) {
            *octet = self.law.encode(*sample);
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self
            .timestamp
            .wrapping_add(u32::try_from(SAMPLES).expect("160"));
        packet
    }
}

/// Tells key presses from telephone events: each press once, however often and in whatever order its packets come.
#[derive(Debug, Default)]
pub struct EventReader {
    /// The last presses, and when a packet of each came last: source and timestamp name one.
    seen: VecDeque<(u32, u32, Instant)>,
}

/// Presses that are remembered.
const REMEMBERED: usize = 16;
/// Packets of a press come one after the other. What has its name after so long a silence is another press of a phone that plays
/// a captured one.
const FORGOTTEN: Duration = Duration::from_secs(1);

impl EventReader {
    /// The key of a packet of telephone events that came at a moment, where it is the first of its press.
    pub fn read(&mut self, packet: &Packet<'_>, at: Instant) -> Option<Key> {
        let event = *packet.payload.get(..4)?.first()?;
        let sign = *b"0123456789*#ABCD".get(usize::from(event))?;
        self.seen
            .retain(|(_, _, last)| at.saturating_duration_since(*last) < FORGOTTEN);
        let (source, timestamp) = (packet.source, packet.timestamp);
        let known = self
            .seen
            .iter_mut()
            .find(|(s, t, _)| (*s, *t) == (source, timestamp));
        if let Some((_, _, last)) = known {
            *last = at;
            return None;
        }
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back((source, timestamp, at));
        Key::new(char::from(sign))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::clock;

    #[test]
    fn a_captured_press_that_is_played_again_is_another_press() {
        let (mut reader, now) = (EventReader::default(), clock::now());
        let press = event(1, 800, 1, false);
        let mut read = |ms| {
            reader.read(
                &Packet::read(&press).unwrap(),
                now + Duration::from_millis(ms),
            )
        };
        assert_eq!(read(0), Some(Key::ONE));
        // a key that is held
        for ms in [400, 900, 1_500, 2_000] {
            assert_eq!(read(ms), None);
        }
        assert_eq!(read(3_500), Some(Key::ONE));
    }

    fn event(sequence: u16, timestamp: u32, code: u8, ends: bool) -> Vec<u8> {
        let mut packet = vec![0x80, 101];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(7_u32.to_be_bytes());
        packet.extend([code, if ends { 0x8a } else { 0x0a }, 0, 160]);
        packet
    }

    fn keys(packets: &[Vec<u8>]) -> String {
        let (mut reader, now) = (EventReader::default(), clock::now());
        let pressed = packets
            .iter()
            .filter_map(|p| reader.read(&Packet::read(p).unwrap(), now));
        pressed.map(Key::sign).collect()
    }

    #[test]
    fn a_press_counts_once_whatever_is_lost_doubled_or_reordered() {
        let press = |at: u16, time, code| -> Vec<Vec<u8>> {
            (0..5).map(|n| event(at + n, time, code, n > 1)).collect()
        };
        let (one, two) = (press(10, 800, 1), press(20, 2_400, 1));
        assert_eq!(keys(&one), "1");
        assert_eq!(keys(&one[4..]), "1", "only its last end came");
        let both = [one.clone(), two.clone()].concat();
        assert_eq!(keys(&both), "11");
        let mixed = [two[..2].to_vec(), one.clone(), two[2..].to_vec(), one].concat();
        assert_eq!(keys(&mixed), "11");
        assert_eq!(keys(&press(1, 0, 10)), "*");
        assert_eq!(keys(&press(1, 0, 16)), "", "flash is no key");
    }

    #[test]
    fn sent_packets_are_read_back() {
        let mut sender = Sender::new(Law::A, 0x0102_0304_fffe_0607);
        let first = sender.packet(&[0; SAMPLES]);
        let second = sender.packet(&[1_000; SAMPLES]);
        let (first, second) = (
            Packet::read(&first).unwrap(),
            Packet::read(&second).unwrap(),
        );
        assert_eq!(second.sequence, first.sequence.wrapping_add(1));
        assert_eq!(second.timestamp, first.timestamp.wrapping_add(160));
        assert_eq!((first.payload_type, first.payload.len()), (8, 160));
        assert_eq!(Law::A.decode(second.payload[0]), 1_008);
    }

    #[test]
    fn what_is_no_packet_is_none() {
        assert!(Packet::read(&[]).is_none());
        assert!(Packet::read(&[0x80; 11]).is_none());
        assert!(Packet::read(&[0x00; 40]).is_none(), "STUN");
        let mut longer_padding_than_payload = event(1, 1, 1, true);
        longer_padding_than_payload[0] = 0xa0;
        *longer_padding_than_payload.last_mut().unwrap() = 200;
        assert!(Packet::read(&longer_padding_than_payload).is_none());
        let mut extension_beyond_the_end = event(1, 1, 1, true);
        extension_beyond_the_end[0] = 0x90;
        assert!(Packet::read(&extension_beyond_the_end).is_none());
    }
}
