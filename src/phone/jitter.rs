//! Owns the order of what is heard: packets wait a little, so that late and reordered ones find their place.

use super::frame::{Frame, SAMPLES};
use super::g711::Law;
use std::collections::BTreeMap;

/// Sound that waits before it is given out: 60 ms, which most networks stay below.
const WAITS: usize = 3 * SAMPLES;
/// Sound that may wait at most, 400 ms: where more does, the sender's clock is faster, and some is skipped.
pub(in crate::phone) const MOST: usize = 20 * SAMPLES;
/// A timestamp so far off begins the order anew, in samples: 2 s.
const LEAP: i64 = 16_000;

/// Gives a frame each 20 ms, made of packets of any length.
#[derive(Debug)]
pub struct Jitter {
    law: Law,
    /// Samples by the place in the stream where they belong.
    waiting: BTreeMap<i64, Vec<u8>>,
    /// The place of the next frame; none before enough waits.
    next: Option<i64>,
    /// The source, and the place of its last packet.
    last: Option<(u32, u32, i64)>,
    said: Frame,
    /// Frames in a row for which nothing was there.
    missing: u32,
}

impl Jitter {
    /// Nothing was heard yet.
    pub fn new(law: Law) -> Self {
        Self {
            law,
            waiting: BTreeMap::new(),
            next: None,
            last: None,
            said: Frame::SILENCE,
            missing: 0,
        }
    }

    /// Takes a packet's sound.
    pub fn push(&mut self, source: u32, timestamp: u32, payload: &[u8]) {
        // nothing takes no room in the count of what waits
        if payload.is_empty() {
            return;
        }
        // the timestamp wraps each 6 days of 8 kHz, and may begin just before it does
        let place = match self.last {
            Some((known, last, place)) if known == source => {
                let ahead = i64::from(timestamp.wrapping_sub(last).cast_signed());
                (ahead.abs() < LEAP).then_some(place + ahead)
            }
            _ => None,
        };
        let place = place.unwrap_or_else(|| {
            self.waiting.clear();
            self.next = None;
            i64::from(timestamp)
        });
        self.last = Some((source, timestamp, place));
        if self
            .next
            .is_some_and(|next| place + i64::try_from(payload.len()).unwrap_or(0) <= next)
        {
            return; // too late
        }
        self.waiting.insert(place, payload.to_vec());
        if self.next.is_none() && self.waits() >= WAITS {
            self.next = self.waiting.keys().next().copied();
        }
        if self.waits() > MOST {
            while self.waits() > MOST / 2 {
                let Some((place, octets)) = self.waiting.pop_first() else {
                    break;
                };
                self.next = Some(place + i64::try_from(octets.len()).unwrap_or(0));
            }
        }
    }

    /// How many samples wait.
    pub(in crate::phone) fn waits(&self) -> usize {
        self.waiting.values().map(Vec::len).sum()
    }

    /// The next 20 ms. What is lost is the last frame again, fainter each time, so that a key's tone that loses a
    /// packet stays one tone; none before anything was heard.
    pub fn pull(&mut self) -> Option<Frame> {
        let from = self.next?;
        let to = from + i64::try_from(SAMPLES).expect("160");
        let mut frame = if self.missing < 3 {
            self.said.faded()
        } else {
            Frame::SILENCE
        };
        let mut found = 0;
        for (place, octets) in self.waiting.range(..to) {
            for (at, octet) in (*place..).zip(octets) {
                if (from..to).contains(&at) {
                    frame.0[usize::try_from(at - from).expect("inside the frame")] =
                        self.law.decode(*octet);
                    found += 1;
                }
            }
        }
        self.waiting
            .retain(|place, octets| place + i64::try_from(octets.len()).unwrap_or(0) > to);
        if found == 0 && self.waiting.is_empty() {
            self.missing += 1;
            if self.missing > 10 {
                // the sender fell silent: what comes next waits anew
                self.next = None;
                self.missing = 0;
                self.said = Frame::SILENCE;
                return Some(Frame::SILENCE);
            }
        } else if found > 0 {
            self.missing = 0;
        } else {
            self.missing += 1;
        }
        self.next = Some(to);
        self.said = frame;
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(n: u32) -> Vec<u8> {
        let sample = i16::try_from(n * 300).unwrap();
        vec![Law::A.encode(sample); SAMPLES]
    }

    /// Pushes one packet a frame in an order, and gives what was pulled as packet numbers.
    fn heard(order: &[u32]) -> Vec<i32> {
        let mut jitter = Jitter::new(Law::A);
        let mut out = Vec::new();
        for n in order {
            jitter.push(1, (u32::MAX - 500).wrapping_add(n * 160), &tone(*n));
            out.extend(jitter.pull());
        }
        out.iter()
            .map(|f| (i32::from(f.0[80]) + 150) / 300)
            .collect()
    }

    #[test]
    fn reordered_packets_find_their_place_and_the_clock_may_wrap() {
        assert_eq!(heard(&[1, 2, 3, 4, 5, 6]), [1, 2, 3, 4]);
        assert_eq!(heard(&[1, 3, 2, 5, 4, 6, 7]), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_lost_packet_is_the_last_one_fainter() {
        assert_eq!(heard(&[10, 11, 12, 14, 15, 16, 17]), [10, 11, 12, 6, 14]);
    }

    #[test]
    fn a_sender_that_is_too_fast_is_caught_up_with() {
        let mut jitter = Jitter::new(Law::A);
        for n in 1..200 {
            jitter.push(1, n * 160, &tone(n % 90));
            if n % 2 == 0 {
                jitter.pull();
            }
            assert!(jitter.waits() <= MOST + SAMPLES, "{}", jitter.waits());
        }
    }

    #[test]
    fn a_new_source_begins_anew() {
        let mut jitter = Jitter::new(Law::Mu);
        for n in 0..10 {
            jitter.push(1, n * 160, &[0xff; 160]);
            jitter.pull();
        }
        for n in 0..4 {
            jitter.push(2, 4_000_000 + n * 160, &[Law::Mu.encode(1_000); 160]);
        }
        assert!(jitter.pull().unwrap().0[0] > 900);
    }
}
