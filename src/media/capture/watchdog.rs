//! Owns the judgement whether a source that is connected still gives what it should.

use crate::media::feed::TrackKind;
use crate::room::SourceFault;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long a camera may take from connecting to its first unit. Some wait for their next key frame.
pub(super) const FIRST_WITHIN: Duration = Duration::from_secs(6);
/// How long pictures may stay away: room cameras send 10 a second or more.
const PICTURE_STALL: Duration = Duration::from_millis(1_500);
/// How long sound may stay away.
const SOUND_STALL: Duration = Duration::from_millis(3_000);

/// How long pictures may come without one with which decoding can begin: longer than any camera's
/// group of pictures. A stream that is not what it is said to be has none.
const KEY_FRAME_WITHIN: Duration = Duration::from_secs(12);
/// What sent a packet so recently has not stopped.
const STILL_HEARD: Duration = Duration::from_millis(1_000);

/// Watches one connection, track by track: sound that goes on does not stand for the picture.
#[derive(Debug)]
pub(super) struct Watchdog {
    connected: Instant,
    /// The track without which the feed is lost.
    required: TrackKind,
    last: BTreeMap<TrackKind, Instant>,
    /// Whether a picture came with which decoding can begin.
    begun: bool,
}

/// How the tracks do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Health {
    /// All that was announced comes, or may still come.
    Fine,
    /// The source is lost without this.
    Lost(SourceFault),
    /// The source goes on without this track.
    Without {
        /// The track.
        track: TrackKind,
        /// Whether it had come on this connection: connecting anew may help.
        came: bool,
        /// Why.
        fault: SourceFault,
    },
}

impl Watchdog {
    /// From the moment of connecting.
    pub(super) fn new(connected: Instant, required: TrackKind) -> Self {
        Self {
            connected,
            required,
            last: BTreeMap::new(),
            begun: false,
        }
    }

    /// A unit came.
    pub(super) fn saw(&mut self, track: TrackKind, at: Instant) {
        self.last.insert(track, at);
    }

    /// A picture came with which decoding can begin.
    pub(super) fn saw_beginning(&mut self) {
        self.begun = true;
    }

    /// Judges at `now`; `announced` is what the source says it has, `heard` tells of packets in which
    /// there may be nothing.
    pub(super) fn judge(
        &self,
        now: Instant,
        announced: &BTreeSet<TrackKind>,
        heard: impl Fn(TrackKind) -> Option<Instant>,
    ) -> Health {
        let fault_of = |track| {
            let talks = |at| now.saturating_duration_since(at) < STILL_HEARD;
            let fault = self.fault_of(track, now)?;
            Some(match heard(track).is_some_and(talks) {
                true => SourceFault::Unreadable {
                    track: track.into(),
                },
                false => fault,
            })
        };
        let age = now.saturating_duration_since(self.connected);
        if !self.begun && self.last.contains_key(&TrackKind::Video) && age > KEY_FRAME_WITHIN {
            let track = TrackKind::Video.into();
            return Health::Lost(SourceFault::Unreadable { track });
        }
        if let Some(fault) = fault_of(self.required) {
            return Health::Lost(fault);
        }
        for &track in announced.iter().filter(|&&t| t != self.required) {
            if let Some(fault) = fault_of(track) {
                return Health::Without {
                    track,
                    came: self.last.contains_key(&track),
                    fault,
                };
            }
        }
        Health::Fine
    }

    fn fault_of(&self, track: TrackKind, now: Instant) -> Option<SourceFault> {
        let stall = match track {
            TrackKind::Video => PICTURE_STALL,
            TrackKind::Audio => SOUND_STALL,
        };
        match self.last.get(&track) {
            Some(&last) => {
                let after = now.saturating_duration_since(last);
                (after > stall).then_some(SourceFault::Stalled {
                    track: track.into(),
                    after: after.into(),
                })
            }
            None => {
                let after = now.saturating_duration_since(self.connected);
                (after > FIRST_WITHIN).then_some(SourceFault::NeverCame {
                    track: track.into(),
                    after: after.into(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::capture::clock;
    use TrackKind::{Audio, Video};

    fn silent(_: TrackKind) -> Option<Instant> {
        None
    }

    #[test]
    fn sound_does_not_stand_for_the_picture() {
        let start = clock::now();
        let at = |ms| start + Duration::from_millis(ms);
        let both = BTreeSet::from([Audio, Video]);
        let mut dog = Watchdog::new(start, Video);
        assert_eq!(dog.judge(at(5_000), &both, silent), Health::Fine);
        dog.saw(Audio, at(6_100));
        let never = SourceFault::NeverCame {
            track: Video.into(),
            after: Duration::from_millis(6_200).into(),
        };
        assert_eq!(dog.judge(at(6_200), &both, silent), Health::Lost(never));
        dog.saw(Video, at(6_200));
        assert_eq!(dog.judge(at(7_600), &both, silent), Health::Fine);
        dog.saw(Audio, at(7_790));
        let stalled = SourceFault::Stalled {
            track: Video.into(),
            after: Duration::from_millis(1_600).into(),
        };
        assert_eq!(dog.judge(at(7_800), &both, silent), Health::Lost(stalled));
    }

    #[test]
    fn pictures_that_never_begin_are_no_pictures() {
        let start = clock::now();
        let at = |ms| start + Duration::from_millis(ms);
        let only = BTreeSet::from([Video]);
        let mut dog = Watchdog::new(start, Video);
        dog.saw(Video, at(12_100));
        let track = Video.into();
        let unreadable = Health::Lost(SourceFault::Unreadable { track });
        assert_eq!(dog.judge(at(12_100), &only, silent), unreadable);
        dog.saw_beginning();
        assert_eq!(dog.judge(at(12_100), &only, silent), Health::Fine);
    }

    #[test]
    fn packets_without_a_picture_are_told_from_silence() {
        let start = clock::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut dog = Watchdog::new(start, Video);
        dog.saw(Video, at(0));
        let health = dog.judge(at(2_000), &BTreeSet::from([Video]), |_| Some(at(1_900)));
        let track = Video.into();
        assert_eq!(health, Health::Lost(SourceFault::Unreadable { track }));
    }

    #[test]
    fn a_picture_goes_on_without_sound_and_says_so() {
        let start = clock::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut dog = Watchdog::new(start, Video);
        dog.saw(Audio, at(0));
        dog.saw(Video, at(3_500));
        let both = BTreeSet::from([Audio, Video]);
        let health = dog.judge(at(3_600), &both, silent);
        assert!(
            matches!(
                health,
                Health::Without {
                    track: Audio,
                    came: true,
                    ..
                }
            ),
            "{health:?}"
        );
        assert_eq!(
            dog.judge(at(3_600), &BTreeSet::from([Video]), silent),
            Health::Fine
        );
    }
}
