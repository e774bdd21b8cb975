//! Owns the putting in order of a track's packets: a small window in which retransmissions can still
//! fill holes, and the judgement that a hole will not be filled.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a hole may stay open: four rounds of asking, one in 100 ms, over a network of 40 ms. Where one
/// packet in 20 is lost, one round in ten fails: two rounds would tear a recording every 10 s. Viewers do
/// not wait for it, and below 500 ms the recorder keeps picture and sound together.
pub const PATIENCE: Duration = Duration::from_millis(450);
/// Packets that may wait behind a hole; about 1 s of 8 Mbit/s.
const WINDOW: usize = 1024;
/// A sequence number this far from the expected one is a new start of the sender.
const RESTART: i64 = 3000;

/// What comes out, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Ordered<T> {
    /// The next packet.
    Next(T),
    /// That many packets are missing here.
    Lost(u64),
}

/// The window of one track.
#[derive(Debug)]
pub struct Reorder<T> {
    /// The extended sequence number that is to come out next.
    next: Option<i64>,
    waiting: BTreeMap<i64, (Instant, T)>,
}

impl<T> Default for Reorder<T> {
    fn default() -> Self {
        Self {
            next: None,
            waiting: BTreeMap::new(),
        }
    }
}

impl<T> Reorder<T> {
    /// Takes a packet; gives what is in order with it. Duplicates and what is too late are dropped.
    pub fn push(&mut self, sequence: u16, arrival: Instant, packet: T) -> Vec<Ordered<T>> {
        let mut out = Vec::new();
        let mut next = *self.next.get_or_insert(i64::from(sequence));
        // the low 16 bits of `next` are the expected number: the distance is a signed 16-bit one
        let distance = i64::from(sequence.wrapping_sub((next & 0xffff) as u16) as i16);
        if distance.abs() > RESTART {
            self.release(&mut out, |_| true);
            next = i64::from(sequence);
            self.next = Some(next);
            out.push(Ordered::Lost(1));
            self.waiting.insert(next, (arrival, packet));
        } else if distance >= 0 {
            self.waiting
                .entry(next + distance)
                .or_insert((arrival, packet));
        }
        self.drain(&mut out);
        if self.waiting.len() > WINDOW {
            self.skip(&mut out);
        }
        out
    }

    /// Gives up holes that nobody filled in time.
    pub fn expire(&mut self, now: Instant) -> Vec<Ordered<T>> {
        let mut out = Vec::new();
        while self
            .waiting
            .first_key_value()
            .is_some_and(|(_, (arrival, _))| *arrival + PATIENCE <= now)
        {
            self.skip(&mut out);
        }
        out
    }

    fn release(&mut self, out: &mut Vec<Ordered<T>>, all: impl Fn(i64) -> bool) {
        while let Some(entry) = self.waiting.first_entry() {
            if !all(*entry.key()) {
                return;
            }
            out.push(Ordered::Next(entry.remove().1));
        }
    }

    /// Passes the hole before the first waiting packet.
    fn skip(&mut self, out: &mut Vec<Ordered<T>>) {
        let (Some(next), Some((first, _))) = (self.next, self.waiting.first_key_value()) else {
            return;
        };
        out.push(Ordered::Lost((first - next).unsigned_abs()));
        self.next = Some(*first);
        self.drain(out);
    }

    fn drain(&mut self, out: &mut Vec<Ordered<T>>) {
        let Some(mut next) = self.next else { return };
        while let Some((_, packet)) = self.waiting.remove(&next) {
            out.push(Ordered::Next(packet));
            next += 1;
        }
        self.next = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use super::Ordered::{Lost, Next};
    use super::*;
    use crate::media::clock;

    #[test]
    fn a_late_packet_fills_its_hole_over_the_wrap() {
        let now = clock::now();
        let mut window = Reorder::default();
        assert_eq!(window.push(65_534, now, 'a'), [Next('a')]);
        assert_eq!(window.push(0, now, 'c'), []);
        assert_eq!(window.push(0, now, 'c'), []);
        assert_eq!(window.push(65_535, now, 'b'), [Next('b'), Next('c')]);
        assert_eq!(window.push(65_535, now, 'b'), [], "twice is once");
        assert_eq!(window.push(1, now, 'd'), [Next('d')]);
    }

    #[test]
    fn a_hole_is_given_up_after_a_while_and_named() {
        let now = clock::now();
        let mut window = Reorder::default();
        window.push(10, now, 10);
        assert_eq!(window.push(13, now, 13), []);
        assert_eq!(window.expire(now + PATIENCE - Duration::from_millis(1)), []);
        assert_eq!(window.expire(now + PATIENCE), [Lost(2), Next(13)]);
        assert_eq!(window.push(11, now, 11), [], "too late");
    }

    #[test]
    fn a_sender_that_starts_anew_is_followed() {
        let now = clock::now();
        let mut window = Reorder::default();
        window.push(10, now, 1);
        window.push(12, now, 2);
        assert_eq!(window.push(40_000, now, 3), [Next(2), Lost(1), Next(3)]);
    }
}
