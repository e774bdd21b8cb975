//! Owns which files of one feed are open, and which unit goes into which.
//!
//! ```text
//!            first units          both tracks there, or 1 s
//!  (none) ──────────────► stash ───────────────────────────► main ──┐ key frame, and: 10 s old, or the
//!                                                             ▲  └──┘ format or the set of tracks changed
//!  sound whose track main does not have ──► side ─────────────┘
//! ```
//!
//! `main` turns on key frames only, so that every file can be decoded from its start. Sound that begins late, or
//! changes its format, has no place in `main`: until the next key frame it goes into a file of its own, `side`.

use super::disk_wait::DiskWait;
use super::open_segment::{OpenSegment, Opening, Reach};
use super::track_format::TrackFormat;
use crate::archive::{CloseCause, SegmentRecord};
use crate::media::feed::{Format, TrackKind, Unit};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How old a segment gets.
const AGE: Duration = Duration::from_secs(10);
/// How long the first units wait for the other track.
const STASH: Duration = Duration::from_secs(1);
/// A track that was stored so recently goes on in the next file.
const ALIVE: Duration = Duration::from_secs(2);

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is in a file, or will be.
    Stored,
    /// A picture that cannot be decoded: a key frame must come first.
    NeedsKey,
    /// It cannot be stored.
    Unusable,
}

/// What the recorder knows of the source beyond its units.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expected {
    /// Whether pictures are to come.
    pub(crate) video: bool,
    /// Whether sound is to come.
    pub(crate) audio: bool,
    /// The sound's format, if the source has announced it.
    pub(crate) audio_format: Option<Arc<Format>>,
    /// Whether the pictures are known to be missing now.
    pub(crate) video_lost: bool,
    /// Whether the source lives, and sends a picture only when it changes.
    pub(crate) stands: bool,
}

/// The open files of one feed.
#[derive(Debug)]
pub(crate) struct Tape {
    folder: PathBuf,
    sm3: bool,
    wait: DiskWait,
    main: Option<OpenSegment>,
    side: Option<OpenSegment>,
    stash: Vec<Arc<Unit>>,
    /// Whether pictures are useless until a key frame comes.
    need_key: bool,
    /// Pictures that arrived after this do not follow those before it.
    cut_at: Option<Instant>,
    /// When the source was last interrupted.
    interrupted: Option<Instant>,
    /// The sound as it was last seen, the end of its newest packet, and when that arrived.
    sound: Option<Sound>,
    /// When the feed's time 0 was, as the last closed file tells; none after an interruption.
    zero: Option<Instant>,
    /// Files that failed while they were closed.
    broken: Vec<String>,
    /// Closed since they were last taken.
    closed: Vec<SegmentRecord>,
    outcomes: Vec<(TrackKind, Outcome, Instant)>,
    /// Whether a key frame would be welcome now.
    wish: bool,
}

#[derive(Debug)]
struct Sound {
    announced: Arc<Format>,
    format: TrackFormat,
    end: Duration,
    arrival: Instant,
}

impl Tape {
    /// No file yet.
    pub(crate) fn new(folder: &Path, sm3: bool, wait: DiskWait) -> Self {
        Self {
            folder: folder.to_owned(),
            sm3,
            wait,
            main: None,
            side: None,
            stash: Vec::new(),
            need_key: true,
            cut_at: None,
            interrupted: None,
            sound: None,
            zero: None,
            broken: Vec::new(),
            closed: Vec::new(),
            outcomes: Vec::new(),
            wish: false,
        }
    }

    /// The segments that were closed since the last call.
    pub(crate) fn take_closed(&mut self) -> Vec<SegmentRecord> {
        std::mem::take(&mut self.closed)
    }

    /// What became of units since the last call: track, outcome, arrival.
    pub(crate) fn take_outcomes(&mut self) -> Vec<(TrackKind, Outcome, Instant)> {
        std::mem::take(&mut self.outcomes)
    }

    /// Whether a key frame would be welcome.
    pub(crate) fn wants_key(&self) -> bool {
        self.wish
    }

    /// Whether any file is open.
    pub(crate) fn is_open(&self) -> bool {
        self.main.is_some() || self.side.is_some()
    }

    /// Bytes in the open files.
    pub(crate) fn bytes(&self) -> u64 {
        self.main
            .iter()
            .chain(&self.side)
            .map(OpenSegment::bytes)
            .sum()
    }

    /// Pictures were lost: those to come are useless until a key frame.
    pub(crate) fn need_key(&mut self) {
        self.need_key = true;
    }

    /// The source was interrupted: pictures that arrived after `at` are useless until a key frame.
    pub(crate) fn need_key_from(&mut self, at: Instant) {
        (self.cut_at, self.interrupted) = (Some(at), Some(at));
    }

    /// Arrival of that track's newest sample that a power cut cannot take; none if no open file has one.
    pub(crate) fn safe(&self, kind: TrackKind) -> Option<Instant> {
        self.main
            .iter()
            .chain(&self.side)
            .filter_map(|segment| segment.safe(kind))
            .max()
    }

    /// Gives up all open files after a disk fault, and tells their names.
    pub(crate) fn abandon(&mut self) -> Vec<String> {
        let open = self.main.take().into_iter().chain(self.side.take());
        self.broken
            .extend(open.map(|segment| segment.name().to_owned()));
        self.stash.clear();
        self.need_key = true;
        self.zero = None;
        std::mem::take(&mut self.broken)
    }

    /// Takes a unit in.
    ///
    /// # Errors
    /// The disk's; then [`Self::abandon`].
    pub(crate) fn take(
        &mut self,
        unit: Arc<Unit>,
        expected: &Expected,
        now: Instant,
    ) -> io::Result<()> {
        match unit.format.codec.track() {
            TrackKind::Video => self.take_video(unit, expected, now),
            TrackKind::Audio => self.take_audio(unit, expected, now),
        }
    }

    fn take_video(&mut self, unit: Arc<Unit>, expected: &Expected, now: Instant) -> io::Result<()> {
        if self.cut_at.is_some_and(|at| unit.arrival > at) {
            self.cut_at = None;
            self.need_key = true;
        }
        let known = self
            .main
            .as_ref()
            .and_then(|main| main.format(TrackKind::Video));
        if !unit.key {
            let follows = known.is_some_and(|format| format.codec() == unit.format.codec);
            if self.main.is_none() && !self.need_key && !self.stash.is_empty() {
                self.stash.push(unit);
            } else if self.need_key || !follows {
                self.wish = true;
                self.note(&unit, Outcome::NeedsKey);
            } else {
                self.store(&unit, now)?;
            }
            return Ok(());
        }
        // a key frame without parameter sets goes on with those it had
        let format = TrackFormat::of(&unit)
            .or_else(|| known.filter(|f| f.codec() == unit.format.codec).cloned());
        let Some(format) = format else {
            self.note(&unit, Outcome::Unusable);
            return Ok(());
        };
        self.need_key = false;
        let Some(main) = &self.main else {
            self.stash.push(unit);
            return self.open_if_due(expected, now);
        };
        let same = known == Some(&format);
        let aged = unit.arrival.saturating_duration_since(main.start()) >= AGE;
        if same && !aged && self.side.is_none() && main.holds(&unit) {
            return self.store(&unit, now);
        }
        let cause = if same && self.side.is_none() {
            CloseCause::Age
        } else {
            CloseCause::FormatChange
        };
        self.close_side(CloseCause::FormatChange, now)?;
        self.close_main(cause, Reach::Next(&unit), now)?;
        self.turn(Some((format, &unit)), &unit, now)?;
        self.store(&unit, now)
    }

    fn take_audio(&mut self, unit: Arc<Unit>, expected: &Expected, now: Instant) -> io::Result<()> {
        if self
            .sound
            .as_ref()
            .is_none_or(|sound| !Arc::ptr_eq(&sound.announced, &unit.format))
        {
            let Some(format) = TrackFormat::of_sound(&unit.format) else {
                self.note(&unit, Outcome::Unusable);
                return Ok(());
            };
            let announced = unit.format.clone();
            self.sound = Some(Sound {
                announced,
                format,
                end: unit.pts,
                arrival: unit.arrival,
            });
        }
        let Some(format) = self.sound.as_ref().map(|sound| sound.format.clone()) else {
            return Ok(());
        };
        let Some(main) = &self.main else {
            self.stash.push(unit);
            return self.open_if_due(expected, now);
        };
        let has_video = main.format(TrackKind::Video).is_some();
        let same = main.format(TrackKind::Audio) == Some(&format);
        let aged = unit.arrival.saturating_duration_since(main.start()) >= AGE;
        // without pictures nobody tells when to turn but the sound itself
        if (!has_video && (aged || !same)) || (has_video && aged && expected.video_lost) {
            let cause = if has_video || !same {
                CloseCause::FormatChange
            } else {
                CloseCause::Age
            };
            self.close_side(CloseCause::FormatChange, now)?;
            let reach = if has_video {
                Reach::LastSample
            } else {
                Reach::Next(&unit)
            };
            self.close_main(cause, reach, now)?;
            self.need_key = true;
            self.open(None, Some(format), unit.pts, &unit, now)?;
        } else if !same {
            self.wish = true;
            let side = self.side.as_ref();
            let fits = side.is_some_and(|side| {
                let aged = unit.arrival.saturating_duration_since(side.start()) >= AGE;
                !aged && side.format(TrackKind::Audio) == Some(&format)
            });
            if !fits {
                self.close_side(CloseCause::Age, now)?;
                let opening = Opening {
                    video: None,
                    audio: Some(format),
                    base: unit.pts,
                    zero: self.main.as_ref().map(OpenSegment::zero),
                    first: &unit,
                };
                let (folder, sm3) = (&self.folder, self.sm3);
                let side = OpenSegment::create(folder, sm3, opening, &self.wait, now)?;
                self.side = Some(side);
            }
        }
        self.store(&unit, now)
    }

    // into the file that has the unit's track: `side` is there only for what `main` cannot take
    fn store(&mut self, unit: &Unit, now: Instant) -> io::Result<()> {
        let kind = unit.format.codec.track();
        let segment = match (kind, &mut self.side) {
            (TrackKind::Audio, Some(side)) => Some(side),
            (TrackKind::Audio | TrackKind::Video, _) => self.main.as_mut(),
        };
        let Some(segment) = segment.filter(|segment| segment.holds(unit)) else {
            self.note(unit, Outcome::Unusable);
            return Ok(());
        };
        segment.push(unit, now)?;
        if kind == TrackKind::Audio
            && let Some(sound) = &mut self.sound
        {
            sound.arrival = unit.arrival;
            sound.end = unit.pts + sound.format.sound_length(&unit.data);
        }
        self.note(unit, Outcome::Stored);
        Ok(())
    }

    fn note(&mut self, unit: &Unit, outcome: Outcome) {
        self.outcomes
            .push((unit.format.codec.track(), outcome, unit.arrival));
    }

    // sound that lags behind the picture goes on where it ended: the file begins there. Sound from before an
    // interruption does not: what comes lies later, and the file would claim a time of which it holds nothing
    fn turn(
        &mut self,
        video: Option<(TrackFormat, &Unit)>,
        first: &Unit,
        now: Instant,
    ) -> io::Result<()> {
        let sound = self
            .sound
            .as_ref()
            .filter(|sound| first.arrival.saturating_duration_since(sound.arrival) < ALIVE);
        let audio = sound.map(|sound| sound.format.clone());
        let goes_on = |sound: &&Sound| self.interrupted.is_none_or(|at| sound.arrival > at);
        let base = sound
            .filter(goes_on)
            .map_or(first.pts, |sound| sound.end.min(first.pts));
        self.open(video, audio, base, first, now)
    }

    fn open(
        &mut self,
        video: Option<(TrackFormat, &Unit)>,
        audio: Option<TrackFormat>,
        base: Duration,
        first: &Unit,
        now: Instant,
    ) -> io::Result<()> {
        self.main = Some(OpenSegment::create(
            &self.folder,
            self.sm3,
            Opening {
                video,
                audio,
                base,
                zero: self.zero,
                first,
            },
            &self.wait,
            now,
        )?);
        self.wish = false;
        Ok(())
    }

    fn open_if_due(&mut self, expected: &Expected, now: Instant) -> io::Result<()> {
        let Some(first) = self.stash.first() else {
            return Ok(());
        };
        let is_video = |unit: &&Arc<Unit>| unit.format.codec.track() == TrackKind::Video;
        let key = self
            .stash
            .iter()
            .filter(is_video)
            .find(|unit| unit.key)
            .cloned();
        let sound = self.stash.iter().find(|unit| !is_video(unit)).cloned();
        let waited = now.saturating_duration_since(first.arrival) >= STASH;
        let whole = (key.is_some() || !expected.video) && (sound.is_some() || !expected.audio);
        if !whole && !waited {
            self.wish |= expected.video && key.is_none();
            return Ok(());
        }
        let announced = expected.audio_format.as_ref().filter(|_| key.is_some());
        let sound = sound.as_ref().map(|unit| &unit.format).or(announced);
        let audio = sound.and_then(|format| TrackFormat::of_sound(format));
        let stash = std::mem::take(&mut self.stash);
        let Some(first) = stash.iter().min_by_key(|unit| unit.pts).cloned() else {
            return Ok(());
        };
        let video = key
            .as_ref()
            .and_then(|key| Some((TrackFormat::of(key)?, key.as_ref())));
        self.open(video, audio, first.pts, &first, now)?;
        stash
            .into_iter()
            .try_for_each(|unit| self.take(unit, expected, now))
    }

    /// Writes, syncs and opens what is due.
    ///
    /// # Errors
    /// The disk's; then [`Self::abandon`].
    pub(crate) fn tick(&mut self, expected: &Expected, now: Instant) -> io::Result<()> {
        if self.main.is_none() {
            self.open_if_due(expected, now)?;
        }
        if let Some(main) = &self.main {
            let aged = now.saturating_duration_since(main.start()) >= AGE;
            self.wish |= main.format(TrackKind::Video).is_some() && aged;
        }
        self.main
            .iter_mut()
            .chain(&mut self.side)
            .try_for_each(|segment| segment.tick(expected.stands, now))
    }

    /// Closes all files; what waits in memory is written first.
    ///
    /// # Errors
    /// The disk's; then [`Self::abandon`].
    pub(crate) fn close(
        &mut self,
        cause: CloseCause,
        reach: Reach<'_>,
        now: Instant,
    ) -> io::Result<()> {
        if self.main.is_none() && !self.stash.is_empty() {
            let all = Expected::default();
            self.open_if_due(&all, now)?;
        }
        self.close_side(cause, now)?;
        self.close_main(cause, reach, now)?;
        self.need_key = true;
        self.wish = false;
        self.zero = None;
        Ok(())
    }

    fn close_main(&mut self, cause: CloseCause, reach: Reach<'_>, now: Instant) -> io::Result<()> {
        let segment = self.main.take();
        self.zero = segment.as_ref().map(OpenSegment::zero);
        self.close_one(segment, cause, reach, now)
    }

    fn close_side(&mut self, cause: CloseCause, now: Instant) -> io::Result<()> {
        let segment = self.side.take();
        self.close_one(segment, cause, Reach::LastSample, now)
    }

    fn close_one(
        &mut self,
        segment: Option<OpenSegment>,
        cause: CloseCause,
        reach: Reach<'_>,
        now: Instant,
    ) -> io::Result<()> {
        let Some(segment) = segment else {
            return Ok(());
        };
        let name = segment.name().to_owned();
        match segment.close(cause, reach, now) {
            Ok(closed) => self.closed.push(closed),
            Err(fault) => {
                self.broken.push(name);
                return Err(fault);
            }
        }
        Ok(())
    }
}
