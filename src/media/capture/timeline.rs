//! Owns one track's decoding times: never backwards, over reorderings and reconnects.

use std::collections::BTreeSet;
use std::time::Duration;

/// H.264 and H.265 reorder at most 16 pictures.
const REORDER_MAX: usize = 16;
/// A presentation time that lies further back than this is a new beginning, not a B-frame.
const REORDER_SPAN: Duration = Duration::from_secs(1);
/// Less than this backwards is a clock being corrected: no camera sends 100 pictures a second.
const CORRECTION: Duration = Duration::from_millis(10);
/// So many reordered pictures are no accident.
const REORDERED_SURELY: u32 = 3;
/// How far apart pictures are thought to be before a second one came.
const PICTURE: Duration = Duration::from_millis(40);
/// What keeps two units apart that would fall on one time: a tick of the 90 kHz clock.
const TICK: Duration = Duration::from_nanos(11_112);

/// Gives each unit of a track, in the order they arrive, its times on the box's monotonic clock.
///
/// RTP carries presentation times only. A track without B-frames decodes when it presents. With
/// them, the decoding times are the presentation times in order, late by as many pictures as the
/// camera reorders. How many, its parameter sets tell; where they do not, it is learnt from the pictures
/// themselves, so the first reordered ones get a decoding time slightly behind their presentation.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Presentation times not yet given out as decoding times; `depth` of them at most.
    waiting: BTreeSet<Duration>,
    depth: usize,
    reordered: u32,
    latest: Option<Duration>,
    last: Option<Times>,
}

/// A unit's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    /// When it is shown.
    pub(super) pts: Duration,
    /// When it is decoded.
    pub(super) dts: Duration,
}

impl Timeline {
    /// Whether B-frames were seen: browsers do not show them over WebRTC in order.
    pub(super) fn reorders(&self) -> bool {
        self.reordered >= REORDERED_SURELY
    }

    /// The parameter sets tell how many pictures may be decoded before one that is shown before them.
    pub(super) fn reorders_by(&mut self, pictures: u32) {
        let told = usize::try_from(pictures).unwrap_or(REORDER_MAX);
        self.depth = self.depth.max(told.min(REORDER_MAX));
    }

    /// The source was connected anew: what waits belongs to the old connection.
    pub(super) fn reconnected(&mut self) {
        self.waiting.clear();
        self.latest = None;
    }

    /// The times of the unit that presents at `pts`; pictures may be reordered, sound never.
    pub(super) fn next(&mut self, pts: Duration, may_reorder: bool) -> Times {
        if let Some(latest) = self.latest
            && pts + CORRECTION < latest
            && may_reorder
        {
            if latest - pts > REORDER_SPAN {
                self.reconnected();
            } else {
                let behind = self.waiting.range(pts..).count().max(1);
                self.reordered = self.reordered.saturating_add(1);
                self.depth = self.depth.max(behind).min(REORDER_MAX);
            }
        }
        self.latest = self.latest.max(Some(pts));
        let candidate = if self.depth == 0 {
            // remembered so that a first B-frame finds how far it was reordered
            self.waiting.insert(pts);
            while self.waiting.len() > REORDER_MAX {
                self.waiting.pop_first();
            }
            pts
        } else {
            if self.waiting.is_empty() {
                // the first ones are decoded before the first is shown
                let mut before = pts;
                for _ in 0..self.depth {
                    before = before.saturating_sub(PICTURE);
                    self.waiting.insert(before);
                }
            }
            self.waiting.insert(pts);
            while self.waiting.len() > self.depth + 1 {
                self.waiting.pop_first();
            }
            self.waiting.first().copied().unwrap_or(pts).min(pts)
        };
        let dts = match self.last {
            Some(last) if candidate <= last.dts => last.dts + TICK,
            Some(_) | None => candidate,
        };
        // without reordering a unit cannot be shown before it is decoded
        let pts = if self.depth == 0 { pts.max(dts) } else { pts };
        let times = Times { pts, dts };
        self.last = Some(times);
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn without_b_frames_both_times_are_one() {
        let mut timeline = Timeline::default();
        for at in [0, 40, 80, 120] {
            assert_eq!(
                timeline.next(ms(at), true),
                Times {
                    pts: ms(at),
                    dts: ms(at)
                }
            );
        }
        assert!(!timeline.reorders());
    }

    #[test]
    fn nothing_runs_backwards_over_a_reconnect() {
        let mut timeline = Timeline::default();
        timeline.next(ms(5_000), true);
        timeline.reconnected();
        let times = timeline.next(ms(4_990), true);
        assert!(times.dts > ms(5_000) && times.pts >= times.dts, "{times:?}");
        assert!(!timeline.reorders());
    }

    #[test]
    fn told_how_many_are_reordered_nothing_is_decoded_late() {
        let mut timeline = Timeline::default();
        timeline.reorders_by(2);
        // a key frame, then the decoding order of P B b b
        let groups = (0..20).flat_map(|g| [4, 2, 1, 3].map(|i| 4_000 + (g * 4 + i) * 40));
        let shown: Vec<u64> = std::iter::once(4_000).chain(groups).collect();
        let times: Vec<Times> = shown
            .iter()
            .map(|&at| timeline.next(ms(at), true))
            .collect();
        assert!(times.iter().all(|t| t.dts <= t.pts), "{times:?}");
        // evenly, from the first on
        let steps = times.windows(2).map(|w| w[1].dts - w[0].dts);
        assert!(steps.into_iter().all(|s| s >= ms(39)), "{times:?}");
        assert!(timeline.reorders());
        timeline.reconnected();
        let again = timeline.next(ms(90_000), true);
        assert_eq!(again.dts, ms(90_000 - 80));
    }

    #[test]
    fn b_frames_keep_their_presentation_and_decode_in_order() {
        let mut timeline = Timeline::default();
        // decoding order of I P B b b, five pictures a group, 40 ms apart
        let shown: Vec<u64> = (0..20)
            .flat_map(|g| [4, 2, 1, 3].map(|i| (g * 4 + i) * 40))
            .collect();
        let times: Vec<Times> = shown
            .iter()
            .map(|&at| timeline.next(ms(at), true))
            .collect();
        assert!(timeline.reorders());
        assert!(times.windows(2).all(|w| w[0].dts < w[1].dts), "{times:?}");
        assert!(times.iter().zip(&shown).all(|(t, &at)| t.pts == ms(at)));
        // learnt from the first group on
        assert!(times.iter().skip(8).all(|t| t.dts <= t.pts), "{times:?}");
    }
}
