//! Owns when a source is asked for a key frame: all wishes of viewers and recorders together make at
//! most one request a layer in 300 ms. A wish inside that time waits; it is never dropped.

use super::feed::Layer;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The shortest time between two requests for a layer. A browser's key frame takes about 100 ms.
pub const SPACING: Duration = Duration::from_millis(300);

/// The wishes for one source's key frames.
#[derive(Debug, Default)]
pub struct KeyFrames {
    layers: BTreeMap<Layer, Wishes>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Wishes {
    asked: Option<Instant>,
    waiting: bool,
}

impl Wishes {
    /// When the source may be asked again, if somebody waits for it.
    fn due(&self) -> Option<Option<Instant>> {
        self.waiting.then(|| self.asked.map(|asked| asked + SPACING))
    }
}

impl KeyFrames {
    /// Somebody wishes a key frame.
    pub fn wish(&mut self, layer: Layer) {
        self.layers.entry(layer).or_default().waiting = true;
    }

    /// The layers to ask for now. They count as asked.
    pub fn take_due(&mut self, now: Instant) -> Vec<Layer> {
        let mut due = Vec::new();
        for (layer, wishes) in &mut self.layers {
            if wishes.due().is_some_and(|at| at.is_none_or(|at| at <= now)) {
                *wishes = Wishes { asked: Some(now), waiting: false };
                due.push(*layer);
            }
        }
        due
    }

    /// When [`KeyFrames::take_due`] has something next; `now` if it has already.
    pub fn next_due(&self, now: Instant) -> Option<Instant> {
        self.layers.values().filter_map(Wishes::due).map(|at| at.unwrap_or(now)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wish_is_asked_at_once_and_the_next_one_waits() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut frames = KeyFrames::default();
        assert_eq!(frames.next_due(at(0)), None);

        frames.wish(Layer::Main);
        assert_eq!(frames.take_due(at(0)), [Layer::Main]);
        assert_eq!(frames.next_due(at(1)), None, "one request answers one wish");

        frames.wish(Layer::Main);
        frames.wish(Layer::Main);
        frames.wish(Layer::Small);
        assert_eq!(frames.take_due(at(100)), [Layer::Small], "layers do not wait for each other");
        assert_eq!(frames.next_due(at(100)), Some(at(300)));
        assert_eq!(frames.take_due(at(299)), []);
        assert_eq!(frames.take_due(at(300)), [Layer::Main], "deferred, not dropped, and only once");
        assert_eq!(frames.next_due(at(300)), None);
    }
}
