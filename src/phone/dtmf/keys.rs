//! Owns the counting of presses that may come twice: as a tone in the sound and as a telephone event beside it.

use super::detector::Detector;
use crate::phone::frame::Frame;
use crate::room::Key;
use std::time::{Duration, Instant};

/// An event that comes within this time of the same key's tone is that press.
const SAME: Duration = Duration::from_millis(600);

/// The keys of one call. Once a telephone event came, tones count no more: whoever sends events sends all keys as events.
#[derive(Debug, Default)]
pub struct Keys {
    detector: Detector,
    by_event: bool,
    last_tone: Option<(Key, Instant)>,
}

impl Keys {
    /// Takes sound that was heard at a moment.
    pub fn hear(&mut self, frame: &Frame, at: Instant) -> Vec<Key> {
        if self.by_event {
            return Vec::new();
        }
        let keys = self.detector.hear(&frame.0);
        if let Some(key) = keys.last() {
            self.last_tone = Some((*key, at));
        }
        keys
    }

    /// Takes a telephone event's press; gives it back unless its tone was heard before.
    pub fn event(&mut self, key: Key, at: Instant) -> Option<Key> {
        let known = self
            .last_tone
            .take_if(|(tone, when)| *tone == key && at.saturating_duration_since(*when) < SAME);
        let first = !std::mem::replace(&mut self.by_event, true);
        (!(first && known.is_some())).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::clock;
    use crate::phone::dtmf::tone;

    fn hear(keys: &mut Keys, at: Instant) -> Vec<Key> {
        let sound = [tone(Key::ONE, 800, 5_000.0, 5_000.0), vec![0; 800]].concat();
        let frames = Frame::cut(&sound);
        frames
            .iter()
            .flat_map(|frame| keys.hear(frame, at))
            .collect()
    }

    #[test]
    fn a_press_that_comes_both_ways_counts_once() {
        let now = clock::now();
        let mut keys = Keys::default();
        assert_eq!(hear(&mut keys, now), [Key::ONE]);
        assert_eq!(keys.event(Key::ONE, now + Duration::from_millis(120)), None);
        // from now on events alone count
        assert_eq!(hear(&mut keys, now + Duration::from_secs(2)), []);
        let again = now + Duration::from_secs(2);
        assert_eq!(keys.event(Key::ONE, again), Some(Key::ONE));
        let mut keys = Keys::default();
        assert_eq!(keys.event(Key::ONE, now), Some(Key::ONE));
        assert_eq!(hear(&mut keys, now), []);
    }

    #[test]
    fn an_event_long_after_a_tone_is_another_press() {
        let now = clock::now();
        let mut keys = Keys::default();
        assert_eq!(hear(&mut keys, now), [Key::ONE]);
        assert_eq!(
            keys.event(Key::ONE, now + Duration::from_secs(1)),
            Some(Key::ONE)
        );
        let mut keys = Keys::default();
        assert_eq!(hear(&mut keys, now), [Key::ONE]);
        assert_eq!(keys.event(Key::TWO, now), Some(Key::TWO));
    }
}
