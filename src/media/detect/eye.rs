//! Owns the look at one feed's picture: when a key frame is decoded, and what follows from it.
//!
//! A frozen picture is known in two ways. A camera's own noise makes every key frame differ, so two that are
//! the same to the bit, in most of their blocks, come from one picture. An encoder that is fed one picture
//! over and over refines it with whatever bits it has, so that its key frames may differ for a while; but then its predicted
//! pictures are fine and small at once, which noise never is. Either way nothing may have moved.

use super::decoder::Broken;
use super::ear::Decoders;
use super::lasting::Lasting;
use super::picture::Picture;
use super::stream::{Glance, Stream};
use crate::config::Detectors;
use crate::media::feed::{Feed, Layer, Unit};
use crate::room::{Anomaly, FeedKind};
use gstreamer as gst;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How often a key frame is decoded of a small picture, or while something is suspected.
const SOON: Duration = Duration::from_millis(1800);
/// How often of a large one, and how often a browser is asked for one, while all is well.
const SELDOM: Duration = Duration::from_millis(3800);
/// Macroblocks of a small picture: 640×360. A key frame of it takes a millisecond.
const SMALL: u32 = 920;
/// How long a browser is waited for that was asked for a key frame.
const ANSWER: Duration = Duration::from_secs(1);
/// Differences in a block up to this come from coding alone, luma levels (measured: 5.5).
const CODING: f32 = 6.5;
/// The share of blocks that must be the same to the bit in a frozen picture (measured: frozen 0.76 and
/// more where the encoder has settled; a still room 0.21 and less).
const SAME: f32 = 0.7;
/// The same for workstations: behind a still person there may be a painted background (measured: a person
/// who hardly moves 0.56).
const ALL_THE_SAME: f32 = 0.97;
/// Above this quantiser noise is coarser than the finest step and may vanish.
const FINE: f32 = 16.0;
/// Bits a macroblock that fresh noise costs at least at the quantiser `FINE`; twice that three steps
/// below (measured: five times as many).
const NOISE_BITS: f32 = 3.0;
/// Predicted pictures that are judged together.
const TOGETHER: usize = 4;
const TOGETHER_FOR: Duration = Duration::from_millis(500);
/// After a key frame an encoder refines the picture for so long.
const REFINING: Duration = Duration::from_secs(1);
/// Key frames that a new one is compared with: a settling encoder comes back to what it made before.
const KEPT: usize = 3;
/// What shows a frozen picture must come again within this.
const FRESH: Duration = Duration::from_secs(9);

/// Looks at one layer of one feed.
#[derive(Debug)]
pub(super) struct Eye {
    feed: Feed,
    layer: Layer,
    black_below: f32,
    stream: Stream,
    predicted: Vec<Predicted>,
    /// When the last key frame came.
    key: Option<Instant>,
    asked: Option<Instant>,
    /// The last key frames that were decoded, the newest first.
    seen: VecDeque<Seen>,
    /// Since when nothing shows that the picture is a new one.
    still: Option<Instant>,
    /// When that was last seen.
    still_at: Option<Instant>,
    /// Whether the last predicted pictures were fine and small at once.
    noiseless: bool,
    /// From when on key frames showed that nothing moved.
    calm: Option<Instant>,
    frozen: Lasting,
    black: Lasting,
}

/// A picture between key frames.
#[derive(Debug)]
struct Predicted {
    at: Instant,
    quantiser: f32,
    bits: f32,
}

/// A key frame that was decoded.
#[derive(Debug)]
struct Seen {
    at: Instant,
    picture: Picture,
    quantiser: Option<f32>,
}

impl Eye {
    pub(super) fn new(feed: Feed, layer: Layer, detectors: &Detectors) -> Self {
        let lasting = |anomaly| Lasting::new(detectors.lasting(anomaly), Duration::ZERO);
        Self {
            feed,
            layer,
            black_below: f32::from(detectors.black_below.0) / 100.0,
            stream: Stream::default(),
            predicted: Vec::new(),
            key: None,
            asked: None,
            seen: VecDeque::new(),
            still: None,
            still_at: None,
            noiseless: false,
            calm: None,
            frozen: lasting(Anomaly::Frozen),
            black: lasting(Anomaly::Black),
        }
    }

    pub(super) fn layer(&self) -> Layer {
        self.layer
    }

    /// Takes a picture of the layer.
    pub(super) fn see(&mut self, unit: &Unit, decoders: &mut Decoders) -> Result<(), Broken> {
        match self.stream.glance(unit) {
            Glance::Key { quantiser } => {
                self.judge_predicted();
                self.key = Some(unit.arrival);
                self.see_key(unit, quantiser, decoders)
            }
            Glance::Predicted { quantiser, bits } => {
                // a workstation's small layer is smoothed, and a virtual background has no noise
                let refined = self.makes_key_frames()
                    && self.key.is_some_and(|key| unit.arrival >= key + REFINING);
                if refined {
                    self.predicted.push(Predicted {
                        at: unit.arrival,
                        quantiser,
                        bits,
                    });
                    let first = self.predicted[0].at;
                    if unit.arrival.saturating_duration_since(first) >= TOGETHER_FOR {
                        self.judge_predicted();
                    }
                }
                Ok(())
            }
            Glance::Other => Ok(()),
        }
    }

    /// Pictures between key frames: fine and small at once means that no noise is in them.
    fn judge_predicted(&mut self) {
        let pictures = std::mem::take(&mut self.predicted);
        let (Some(first), Some(last)) = (pictures.first(), pictures.last()) else {
            return;
        };
        if pictures.len() < TOGETHER {
            return;
        }
        // the median: a clock in the picture that changes each second does not count
        let middle = |of: fn(&Predicted) -> f32| median(pictures.iter().map(of));
        let (quantiser, bits) = (middle(|p| p.quantiser), middle(|p| p.bits));
        tracing::trace!(feed = %self.feed.id(), quantiser, bits, "predicted pictures");
        let fresh_noise = NOISE_BITS * ((FINE - quantiser) / 3.0).exp2();
        self.noiseless = quantiser <= FINE && bits <= fresh_noise;
        if self.noiseless {
            self.still_since(first.at, last.at);
        }
    }

    fn see_key(
        &mut self,
        unit: &Unit,
        quantiser: Option<f32>,
        decoders: &mut Decoders,
    ) -> Result<(), Broken> {
        let period = match self.stream.macroblocks() <= SMALL {
            true => SOON,
            false => self.period(),
        };
        let passed = |last: &Seen| unit.arrival.saturating_duration_since(last.at) >= period;
        if !self.seen.front().is_none_or(passed) {
            return Ok(());
        }
        let Some((width, height)) = self.stream.size() else {
            return Ok(());
        };
        // the element wants them all named, and reads the true ones in the stream
        let caps = gst::Caps::builder("video/x-h264")
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .field("profile", "high")
            .field("width", width)
            .field("height", height)
            .field("framerate", gst::Fraction::new(0, 1))
            .build();
        let decoder = decoders.of("openh264dec")?;
        let decoded = decoder.decode_key(&caps, &unit.data)?;
        let Some(picture) = decoded.and_then(|(b, caps)| Picture::of(&b, &caps)) else {
            return Ok(());
        };
        let at = unit.arrival;
        match picture.is_dark(self.black_below) {
            true => self.black.seen(at, at),
            false => self.black.gone(at),
        }
        self.compare(Seen {
            at,
            picture,
            quantiser,
        });
        Ok(())
    }

    fn compare(&mut self, now: Seen) {
        let differences: Vec<_> = self
            .seen
            .iter()
            .map_while(|then| Some((then, now.picture.difference(&then.picture)?)))
            .collect();
        let moves = differences.first().is_none_or(|(_, d)| d.most > CODING);
        let as_coarse = |then: &Seen| then.quantiser.is_some() && then.quantiser == now.quantiser;
        let share = match self.makes_key_frames() {
            true => SAME,
            false => ALL_THE_SAME,
        };
        let same = differences
            .iter()
            .rfind(|(_, d)| d.same >= share && d.most <= CODING)
            .map(|(then, _)| then.at);
        // one picture, coded alike, would be the same; a settling encoder is not yet alike
        let renewed =
            !self.noiseless && differences.first().is_some_and(|(then, _)| as_coarse(then));
        let last = self.seen.front().map(|then| then.at);
        tracing::trace!(
            feed = %self.feed.id(),
            difference = ?differences.first().map(|(_, d)| d),
            moves, renewed, same = same.is_some(),
            "key frames"
        );
        let stale = self
            .still_at
            .is_some_and(|at| now.at.saturating_duration_since(at) > FRESH);
        match same {
            _ if moves => self.moved(now.at),
            Some(since) => {
                self.calm.get_or_insert(since);
                self.still_since(since, now.at);
            }
            None if renewed || stale => self.moved(now.at),
            None => {
                self.calm = self.calm.or(last);
                self.judge_frozen(now.at);
            }
        }
        self.seen.push_front(now);
        self.seen.truncate(KEPT);
    }

    fn moved(&mut self, at: Instant) {
        self.frozen.gone(at);
        self.still = None;
        self.still_at = None;
        self.calm = None;
    }

    fn still_since(&mut self, since: Instant, at: Instant) {
        self.still.get_or_insert(since);
        self.still_at = Some(at);
        self.judge_frozen(at);
    }

    /// Small pictures alone do not show that nothing moves: key frames must agree.
    fn judge_frozen(&mut self, at: Instant) {
        if let Some((still, calm)) = self.still.zip(self.calm) {
            self.frozen.seen(still.max(calm), at);
        }
    }

    /// How often a key frame is needed.
    fn period(&self) -> Duration {
        match self.still.or(self.black.since()) {
            Some(_) => SOON,
            None => SELDOM,
        }
    }

    /// Whether the source makes key frames by itself: a camera, not a browser.
    fn makes_key_frames(&self) -> bool {
        match self.feed.spec().kind {
            FeedKind::Camera | FeedKind::Microphone => true,
            FeedKind::Face | FeedKind::Screen | FeedKind::TalkBack => false,
        }
    }

    /// Asks for a key frame where none came for long. Cameras make them by themselves.
    pub(super) fn ask(&mut self, now: Instant) {
        let is_over = |at: Option<Instant>, wait| {
            at.is_none_or(|at| now.saturating_duration_since(at) >= wait)
        };
        if !self.makes_key_frames()
            && is_over(self.key, self.period())
            && is_over(self.asked, ANSWER)
        {
            self.asked = Some(now);
            self.feed.wish_key_frame(self.layer);
        }
    }

    /// What lasts, and since when. A black picture that does not change is black, not frozen.
    pub(super) fn found(&self) -> [(Anomaly, Option<Instant>); 2] {
        let frozen = match self.black.since() {
            Some(_) => None,
            None => self.frozen.lasts(),
        };
        [
            (Anomaly::Frozen, frozen),
            (Anomaly::Black, self.black.lasts()),
        ]
    }
}

/// The middle of some figures.
fn median(figures: impl Iterator<Item = f32>) -> f32 {
    let mut figures: Vec<f32> = figures.collect();
    figures.sort_by(f32::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}
