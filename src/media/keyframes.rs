//! Owns when a source is asked for a key frame: all wishes of viewers and recorders together make at
//! most one request in 300 ms. A wish inside that time waits; it is never dropped.
//!
//! The time is one for all layers: libwebrtc ignores a request within 300 ms of the last one, whichever
//! layer that was for, and answers one with a key frame on every layer.

use super::feed::Layer;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The shortest time between two requests to a source, with a little for their ways' differences.
pub const SPACING: Duration = Duration::from_millis(310);

/// The wishes for one source's key frames.
#[derive(Debug, Default)]
pub struct KeyFrames {
    asked: Option<Instant>,
    waiting: BTreeSet<Layer>,
}

impl KeyFrames {
    /// Somebody wishes a key frame.
    pub fn wish(&mut self, layer: Layer) {
        self.waiting.insert(layer);
    }

    /// The layers to ask for now. They count as asked.
    pub fn take_due(&mut self, now: Instant) -> BTreeSet<Layer> {
        if self.next_due(now).is_none_or(|due| due > now) {
            return BTreeSet::new();
        }
        self.asked = Some(now);
        std::mem::take(&mut self.waiting)
    }

    /// When [`KeyFrames::take_due`] has something next; `now` or before if it has already.
    pub fn next_due(&self, now: Instant) -> Option<Instant> {
        let due = self.asked.map_or(now, |asked| asked + SPACING);
        (!self.waiting.is_empty()).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock;

    #[test]
    fn the_first_wish_is_asked_at_once_and_the_next_one_waits() {
        let start = clock::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut frames = KeyFrames::default();
        assert_eq!(frames.next_due(at(0)), None);

        frames.wish(Layer::Main);
        assert_eq!(frames.take_due(at(0)), BTreeSet::from([Layer::Main]));
        assert_eq!(frames.next_due(at(1)), None, "one request answers one wish");

        frames.wish(Layer::Main);
        frames.wish(Layer::Main);
        frames.wish(Layer::Small);
        let due = at(0) + SPACING;
        assert_eq!(frames.next_due(at(100)), Some(due));
        assert_eq!(frames.take_due(at(100)), BTreeSet::new());
        let both = BTreeSet::from([Layer::Main, Layer::Small]);
        assert_eq!(
            frames.take_due(due),
            both,
            "deferred, not dropped, and only once"
        );
        assert_eq!(frames.next_due(due), None);
    }
}
