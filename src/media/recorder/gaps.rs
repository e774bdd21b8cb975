//! Owns what is missing from one feed's recording right now. Pure: arrivals, outcomes and liveness in, gaps out.
//!
//! How silence is judged depends on the kind of feed, because silence is lawful for some:
//!
//! | kind | video | audio |
//! |---|---|---|
//! | camera | strict | strict, once it has sound |
//! | microphone | | strict |
//! | face | strict | patient: muted is not missing |
//! | screen | patient: a static picture is not missing | patient |
//! | talk-back | never | never |
//!
//! *Strict*: nothing stored for 2 s is a gap. *Patient*: only while the source's connection is lost, or until its first picture is stored.
//! Whatever came and could not be stored (disk, lag, restart of the daemon) is a gap of every kind.

use super::clock::TimeBase;
use super::open_segment::room_track;
use crate::archive::GapRecord;
use crate::media::feed::{Liveness, TrackKind};
use crate::room::{FeedKind, GapCause, Track, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long a track may be silent.
pub(crate) const SILENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    Strict,
    Patient,
    Never,
}

/// A change of what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GapChange {
    /// Something began to be missing.
    Opened {
        /// Which track.
        track: Track,
        /// The last moment that was recorded.
        from: Utc,
        /// Why.
        cause: GapCause,
    },
    /// It ended.
    Closed(GapRecord),
}

/// Watches the tracks of one feed.
#[derive(Debug)]
pub(crate) struct GapWatch {
    kind: FeedKind,
    clock: TimeBase,
    tracks: BTreeMap<TrackKind, TrackWatch>,
    changes: Vec<GapChange>,
}

#[derive(Debug)]
struct TrackWatch {
    /// When something of it arrived at all.
    arrived: Option<Instant>,
    /// What arrived could not be stored, because of this.
    refused: Option<GapCause>,
    /// Until when it is recorded: the newest stored sample, or the start.
    stored: Instant,
    /// Whether anything was stored since the source last came.
    has_content: bool,
    /// Whether it was ever there.
    ever: bool,
    open: Option<(Utc, GapCause)>,
}

impl GapWatch {
    /// A feed of that kind whose recording starts now.
    pub(crate) fn new(kind: FeedKind, clock: TimeBase, now: Instant) -> Self {
        let mut watch = Self {
            kind,
            clock,
            tracks: BTreeMap::new(),
            changes: Vec::new(),
        };
        let expected: &[TrackKind] = match kind {
            FeedKind::Camera | FeedKind::Screen => &[TrackKind::Video],
            FeedKind::Microphone => &[TrackKind::Audio],
            FeedKind::Face => &[TrackKind::Video, TrackKind::Audio],
            FeedKind::TalkBack => &[],
        };
        watch.expect(expected, now);
        watch
    }

    /// These tracks belong to the feed.
    pub(crate) fn expect<'a>(
        &mut self,
        tracks: impl IntoIterator<Item = &'a TrackKind>,
        now: Instant,
    ) {
        for track in tracks {
            self.track(*track, now);
        }
    }

    /// Whether that track belongs to the feed, as far as is known.
    pub(crate) fn expects(&self, track: TrackKind) -> bool {
        self.tracks.contains_key(&track)
    }

    /// Whether that track is missing now.
    pub(crate) fn is_open(&self, track: TrackKind) -> bool {
        self.tracks
            .get(&track)
            .is_some_and(|watch| watch.open.is_some())
    }

    /// Whether all tracks are missing now.
    pub(crate) fn all_open(&self) -> bool {
        self.tracks.values().all(|watch| watch.open.is_some())
    }

    /// The gaps that are open.
    pub(crate) fn open(&self) -> impl Iterator<Item = (Track, Utc, GapCause)> {
        let open = |(kind, watch): (&TrackKind, &TrackWatch)| {
            watch.open.map(|(at, why)| (room_track(*kind), at, why))
        };
        self.tracks.iter().filter_map(open)
    }

    /// What changed since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<GapChange> {
        std::mem::take(&mut self.changes)
    }

    /// Takes the clock anew: from now on moments are dated by it.
    pub(crate) fn set_clock(&mut self, clock: TimeBase) {
        self.clock = clock;
    }

    /// The daemon did not run since `from`.
    pub(crate) fn was_not_running(&mut self, track: TrackKind, from: Utc, now: Instant) {
        self.track(track, now).ever = true;
        self.open_gap(track, from, GapCause::DaemonNotRunning);
    }

    /// A sample that arrived at `at` was stored.
    pub(crate) fn stored(&mut self, track: TrackKind, at: Instant) {
        let strict = self.watch(track) == Watch::Strict;
        let clock = self.clock;
        let watch = self.track(track, at);
        let (last, ever) = (watch.stored, watch.ever);
        (watch.arrived, watch.refused, watch.stored) = (Some(at), None, at.max(last));
        (watch.has_content, watch.ever) = (true, true);
        let silent = at.saturating_duration_since(last) > SILENCE;
        if strict && silent && watch.open.is_none() {
            // it fell between two looks
            self.open_gap(
                track,
                clock.utc(last),
                if ever {
                    GapCause::Silent
                } else {
                    GapCause::Absent
                },
            );
        }
        self.close_gap(track, clock.utc(at));
    }

    /// A sample arrived at `at` and was not stored, because of `cause`.
    pub(crate) fn refused(&mut self, track: TrackKind, at: Instant, cause: GapCause) {
        let watch = self.track(track, at);
        (watch.arrived, watch.refused) = (Some(at), Some(cause));
    }

    /// What that track had after `safe` is lost; without it, after its last stored sample. Nothing is lost of a track that has nothing.
    /// A gap that begins later ends where it began, as an earlier one takes its place.
    pub(crate) fn lost(&mut self, track: TrackKind, safe: Option<Instant>, cause: GapCause) {
        let strict = self.watch(track) == Watch::Strict;
        if let Some(watch) = self
            .tracks
            .get(&track)
            .filter(|watch| watch.has_content || strict)
        {
            let from = self.clock.utc(safe.unwrap_or(watch.stored));
            if let Some((later, _)) = watch.open.filter(|(later, _)| *later > from) {
                self.close_gap(track, later);
            }
            self.open_gap(track, from, cause);
        }
    }

    /// The disk works again: what is missing of tracks that need not send is no longer missing.
    pub(crate) fn disk_works(&mut self, now: Instant) {
        let lawful: Vec<_> = self
            .tracks
            .iter()
            .filter(|(kind, watch)| {
                watch.open.is_some_and(|(_, cause)| cause == GapCause::Disk)
                    && (self.watch(**kind) == Watch::Never
                        || (**kind == TrackKind::Audio && self.watch(**kind) == Watch::Patient))
            })
            .map(|(kind, _)| *kind)
            .collect();
        for kind in lawful {
            self.close_gap(kind, self.clock.utc(now));
        }
    }

    /// Looks at the clock and at the source.
    pub(crate) fn check(&mut self, now: Instant, liveness: &Liveness) {
        let kinds: Vec<_> = self.tracks.keys().copied().collect();
        for kind in kinds {
            match self.watch(kind) {
                Watch::Strict => self.check_strict(kind, now, liveness),
                Watch::Patient => self.check_patient(kind, now, liveness),
                Watch::Never => {}
            }
        }
    }

    fn check_strict(&mut self, kind: TrackKind, now: Instant, liveness: &Liveness) {
        let Some(watch) = self.tracks.get(&kind) else {
            return;
        };
        let fresh = watch
            .arrived
            .is_some_and(|at| now.saturating_duration_since(at) <= SILENCE);
        if now.saturating_duration_since(watch.stored) <= SILENCE {
            return;
        }
        let cause = match (watch.refused.filter(|_| fresh), liveness) {
            (Some(refused), _) => refused,
            (None, Liveness::Absent) if watch.ever => GapCause::SourceLost,
            (None, Liveness::Absent) => GapCause::Absent,
            (None, Liveness::Live { .. }) => GapCause::Silent,
            (None, Liveness::Lost { .. }) => GapCause::SourceLost,
        };
        let from = self.clock.utc(watch.stored);
        self.open_gap(kind, from, cause);
    }

    fn check_patient(&mut self, kind: TrackKind, now: Instant, liveness: &Liveness) {
        let Some(watch) = self.tracks.get_mut(&kind) else {
            return;
        };
        match liveness {
            Liveness::Live { .. } if kind == TrackKind::Video && !watch.has_content => {
                self.check_strict(kind, now, liveness);
            }
            Liveness::Live { since } => {
                // a static picture or a muted microphone; the gap of a lost source ends with its return
                let ended = watch.open.is_some_and(|(_, cause)| {
                    matches!(
                        cause,
                        GapCause::Absent | GapCause::SourceLost | GapCause::DaemonNotRunning
                    ) && kind == TrackKind::Audio
                });
                watch.stored = watch.stored.max(*since);
                if ended {
                    let to = self.clock.utc(*since);
                    self.close_gap(kind, to);
                }
            }
            Liveness::Lost { since, .. } => {
                let from = watch.stored.max(*since);
                if now.saturating_duration_since(from) > SILENCE {
                    watch.has_content = false;
                    let from = self.clock.utc(from);
                    self.open_gap(kind, from, GapCause::SourceLost);
                }
            }
            Liveness::Absent => self.check_strict(kind, now, liveness),
        }
    }

    /// Recording ends: what is open ends with it.
    pub(crate) fn finish(&mut self, now: Instant) {
        let to = self.clock.utc(now);
        let kinds: Vec<_> = self.tracks.keys().copied().collect();
        for kind in kinds {
            self.close_gap(kind, to);
        }
    }

    fn watch(&self, track: TrackKind) -> Watch {
        match (self.kind, track) {
            (FeedKind::Camera | FeedKind::Microphone, _) | (FeedKind::Face, TrackKind::Video) => {
                Watch::Strict
            }
            (FeedKind::Face, TrackKind::Audio) | (FeedKind::Screen, _) => Watch::Patient,
            (FeedKind::TalkBack, _) => Watch::Never,
        }
    }

    fn track(&mut self, track: TrackKind, now: Instant) -> &mut TrackWatch {
        self.tracks.entry(track).or_insert(TrackWatch {
            arrived: None,
            refused: None,
            stored: now,
            has_content: false,
            ever: false,
            open: None,
        })
    }

    fn open_gap(&mut self, kind: TrackKind, from: Utc, cause: GapCause) {
        if let Some(watch) = self.tracks.get_mut(&kind)
            && watch.open.is_none()
        {
            watch.open = Some((from, cause));
            self.changes.push(GapChange::Opened {
                track: room_track(kind),
                from,
                cause,
            });
        }
    }

    fn close_gap(&mut self, kind: TrackKind, to: Utc) {
        if let Some((from, cause)) = self
            .tracks
            .get_mut(&kind)
            .and_then(|watch| watch.open.take())
        {
            // a clock that was set back must not make a gap end before it began
            let to = to.max(from);
            self.changes.push(GapChange::Closed(GapRecord {
                track: room_track(kind),
                from,
                to,
                cause,
            }));
        }
    }
}

/// The tracks a source has announced or sent.
pub(crate) fn announced<V>(formats: &BTreeMap<TrackKind, V>) -> BTreeSet<TrackKind> {
    formats.keys().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIDEO: TrackKind = TrackKind::Video;
    const AUDIO: TrackKind = TrackKind::Audio;

    /// A feed of that kind, told of in ms since its recording began.
    struct Told {
        watch: GapWatch,
        clock: TimeBase,
        begin: Instant,
    }

    impl Told {
        fn new(kind: FeedKind) -> Self {
            let (clock, begin) = (TimeBase::now(), super::super::clock::now());
            Self {
                watch: GapWatch::new(kind, clock, begin),
                clock,
                begin,
            }
        }

        fn at(&self, ms: u64) -> Instant {
            self.begin + Duration::from_millis(ms)
        }

        fn check(&mut self, ms: u64, liveness: &Liveness) -> Vec<(Track, i64, GapCause)> {
            self.watch.check(self.at(ms), liveness);
            let zero = self.clock.utc(self.begin).0;
            let opened = |change| match change {
                GapChange::Opened { track, from, cause } => Some((track, from.0 - zero, cause)),
                GapChange::Closed(_) => None,
            };
            self.watch
                .take_changes()
                .into_iter()
                .filter_map(opened)
                .collect()
        }

        fn closed(&mut self) -> Vec<(Track, i64, i64)> {
            let zero = self.clock.utc(self.begin).0;
            let closed = |change| match change {
                GapChange::Opened { .. } => None,
                GapChange::Closed(gap) => Some((gap.track, gap.from.0 - zero, gap.to.0 - zero)),
            };
            self.watch
                .take_changes()
                .into_iter()
                .filter_map(closed)
                .collect()
        }

        fn live(&self, since: u64) -> Liveness {
            Liveness::Live {
                since: self.at(since),
            }
        }

        fn lost(&self, since: u64) -> Liveness {
            Liveness::Lost {
                since: self.at(since),
                cause: crate::room::SourceFault::Closed,
                now: None,
            }
        }
    }

    #[test]
    fn a_camera_is_missing_from_its_last_picture_and_only_once() {
        let mut told = Told::new(FeedKind::Camera);
        let live = told.live(0);
        told.watch.stored(VIDEO, told.at(1_000));
        assert_eq!(told.check(2_900, &live), []);
        assert_eq!(
            told.check(3_100, &live),
            [(Track::Video, 1_000, GapCause::Silent)]
        );
        assert_eq!(told.check(9_000, &told.lost(8_000)), []);
        told.watch.stored(VIDEO, told.at(9_500));
        assert_eq!(told.closed(), [(Track::Video, 1_000, 9_500)]);
    }

    #[test]
    fn a_source_that_never_came_is_absent_and_one_that_went_is_lost() {
        let mut told = Told::new(FeedKind::Microphone);
        assert_eq!(
            told.check(2_500, &Liveness::Absent),
            [(Track::Audio, 0, GapCause::Absent)]
        );
        told.watch.stored(AUDIO, told.at(3_000));
        assert_eq!(told.closed(), [(Track::Audio, 0, 3_000)]);
        assert_eq!(
            told.check(6_000, &told.lost(3_500)),
            [(Track::Audio, 3_000, GapCause::SourceLost)]
        );
    }

    #[test]
    fn pictures_without_a_key_frame_are_missing_pictures() {
        let mut told = Told::new(FeedKind::Face);
        let live = told.live(0);
        told.watch
            .refused(VIDEO, told.at(2_000), GapCause::NoKeyFrame);
        assert_eq!(
            told.check(2_100, &live),
            [(Track::Video, 0, GapCause::NoKeyFrame)]
        );
    }

    #[test]
    fn a_hole_that_nobody_saw_in_time_is_told_afterwards() {
        let mut told = Told::new(FeedKind::Camera);
        told.watch.stored(VIDEO, told.at(500));
        told.watch.stored(VIDEO, told.at(4_500));
        assert_eq!(told.closed(), [(Track::Video, 500, 4_500)]);
    }

    #[test]
    fn a_muted_microphone_and_a_static_screen_are_not_missing() {
        let mut face = Told::new(FeedKind::Face);
        for ms in (0..60_000).step_by(40) {
            face.watch.stored(VIDEO, face.at(ms));
        }
        assert_eq!(face.check(60_000, &face.live(0)), []);
        let mut screen = Told::new(FeedKind::Screen);
        screen.watch.stored(VIDEO, screen.at(0));
        assert_eq!(screen.check(60_000, &screen.live(0)), []);
        assert_eq!(
            screen.check(63_000, &screen.lost(60_500)),
            [(Track::Video, 60_500, GapCause::SourceLost)]
        );
        // back, but without a picture yet
        assert_eq!(screen.check(64_000, &screen.live(63_500)), []);
        assert!(screen.watch.is_open(VIDEO));
        screen.watch.stored(VIDEO, screen.at(64_500));
        assert_eq!(screen.closed(), [(Track::Video, 60_500, 64_500)]);
    }

    #[test]
    fn a_muted_face_that_comes_back_ends_its_sound_gap_with_the_connection() {
        let mut face = Told::new(FeedKind::Face);
        face.watch.stored(VIDEO, face.at(0));
        face.watch.stored(AUDIO, face.at(0));
        let lost = face.lost(1_000);
        assert_eq!(face.check(4_000, &lost).len(), 2);
        face.watch.check(face.at(5_100), &face.live(5_000));
        assert_eq!(face.closed(), [(Track::Audio, 1_000, 5_000)]);
    }

    #[test]
    fn nobody_talking_back_is_not_missing_but_lost_words_are() {
        let mut told = Told::new(FeedKind::TalkBack);
        assert_eq!(told.check(60_000, &Liveness::Absent), []);
        told.watch.stored(AUDIO, told.at(60_000));
        assert_eq!(told.check(90_000, &told.lost(61_000)), []);
        told.watch
            .lost(AUDIO, Some(told.at(60_000)), GapCause::Disk);
        assert!(told.watch.is_open(AUDIO));
        told.watch.disk_works(told.at(91_000));
        assert!(!told.watch.is_open(AUDIO));
    }
}
