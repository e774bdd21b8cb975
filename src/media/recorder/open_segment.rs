//! Owns one segment while it grows: units become samples, samples become fragments, fragments are written and synced.

use super::clock::{TimeBase, boot_id};
use super::disk_wait::DiskWait;
use super::mp4::{self, FragmentTime, Sample, TrackHeader};
use super::track_format::TrackFormat;
use crate::archive::index::{SampleTime, TrackRecord};
use crate::archive::{CloseCause, SegmentRecord, SegmentWriter};
use crate::media::capture::nals;
use crate::media::feed::{TrackKind, Unit};
use crate::room::Track;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How much is at most in memory only, before a fragment is written.
const FRAGMENT: Duration = Duration::from_millis(250);
/// How often all there is is written and put onto the disk. With a recorder's tick, the sample that waits for the next
/// one and the sync itself, a power cut takes less than a second.
const SYNC: Duration = Duration::from_millis(700);
/// How long a sample waits for the next one, which tells its duration.
const HELD: Duration = Duration::from_millis(500);

/// What a segment begins with.
#[derive(Debug)]
pub(crate) struct Opening<'a> {
    /// The picture's format and its first key frame.
    pub(crate) video: Option<(TrackFormat, &'a Unit)>,
    /// The sound's format.
    pub(crate) audio: Option<TrackFormat>,
    /// The feed's time that is the file's time 0.
    pub(crate) base: Duration,
    /// When the feed's time 0 was, as far as the segment before this one tells.
    pub(crate) zero: Option<Instant>,
    /// What comes first.
    pub(crate) first: &'a Unit,
}

/// How far a segment reaches in time when it is closed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach<'a> {
    /// To the end of its last sample.
    LastSample,
    /// To this unit, which begins the next segment.
    Next(&'a Unit),
    /// To this moment: the source lived, whether or not it sent anything.
    Moment(Instant),
}

/// One growing segment. After any error it is to be abandoned.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    writer: SegmentWriter,
    wait: DiskWait,
    clock: TimeBase,
    base: Duration,
    zero: Zero,
    tracks: Vec<OpenTrack>,
    standing: Option<Standing>,
    /// Whether the source sends a picture only when it changes, and lives.
    stands: bool,
    fragments: u32,
    flushed: Instant,
    synced: Instant,
}

/// When the feed's time 0 was. Samples come late, never early: the least delayed one tells best. At a source's start, when
/// much comes at once, the first one may be half a second late.
#[derive(Debug, Clone, Copy)]
struct Zero {
    /// By this segment's samples and those of the one before it.
    best: Instant,
    /// By this segment's alone, for the next one: clocks drift.
    own: Instant,
}

impl Zero {
    fn note(&mut self, zero: Instant) {
        self.own = self.own.min(zero);
        self.best = self.best.min(zero);
    }
}

/// When the feed's time 0 was, if this unit came without delay.
fn zero_of(unit: &Unit, delay: Duration) -> Instant {
    let passed = unit.dts + delay;
    unit.arrival.checked_sub(passed).unwrap_or(unit.arrival)
}

/// The last picture in the file while nothing follows it: its duration is amended for as long as it stands.
#[derive(Debug, Clone, Copy)]
struct Standing {
    track: usize,
    dts: u64,
    /// Where its duration is, in what was written last.
    place: usize,
}

#[derive(Debug)]
struct OpenTrack {
    kind: TrackKind,
    format: TrackFormat,
    /// By how much decoding runs ahead of presentation.
    delay: Duration,
    ready: Vec<(Sample, Instant)>,
    /// The newest sample, whose duration the next one tells.
    held: Option<(Sample, Instant)>,
    samples: u64,
    first: Option<SampleTime>,
    last: Option<SampleTime>,
    /// End of the newest sample in ticks; the next one begins no earlier than its start.
    end: u64,
    usual: u32,
    /// Arrival of the newest sample that was handed to the file, and of the newest that is on the disk.
    written: Option<Instant>,
    safe: Option<Instant>,
}

impl OpenSegment {
    /// Makes the file and writes its header.
    pub(crate) fn create(
        folder: &Path,
        sm3: bool,
        opening: Opening<'_>,
        wait: &DiskWait,
        now: Instant,
    ) -> io::Result<Self> {
        let clock = TimeBase::now();
        let own = zero_of(
            opening.first,
            opening.first.pts.saturating_sub(opening.first.dts),
        );
        let best = opening.zero.map_or(own, |zero| zero.min(own));
        let start = clock.utc(best + opening.base);
        let mut writer = wait.during(|| SegmentWriter::create(folder, start, sm3))?;
        let mut tracks = Vec::new();
        if let Some((format, first)) = opening.video {
            tracks.push(OpenTrack::new(
                TrackKind::Video,
                format,
                first.pts.saturating_sub(first.dts),
            ));
        }
        if let Some(format) = opening.audio {
            tracks.push(OpenTrack::new(TrackKind::Audio, format, Duration::ZERO));
        }
        let headers: Vec<_> = tracks.iter().map(OpenTrack::header).collect();
        if let Err(fault) = wait.during(|| writer.write(mp4::header(&headers))) {
            // a full disk would collect one empty file a second
            drop(std::fs::remove_file(writer.path()));
            return Err(fault);
        }
        Ok(Self {
            writer,
            wait: wait.clone(),
            clock,
            base: opening.base,
            zero: Zero { best, own },
            tracks,
            standing: None,
            stands: false,
            fragments: 0,
            flushed: now,
            synced: now,
        })
    }

    /// The file's name.
    pub(crate) fn name(&self) -> &str {
        self.writer.name()
    }

    /// Bytes in the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.writer.bytes()
    }

    /// When it began.
    pub(crate) fn start(&self) -> Instant {
        self.zero.best + self.base
    }

    /// When the feed's time 0 was, by its own samples.
    pub(crate) fn zero(&self) -> Instant {
        self.zero.own
    }

    /// How that track is stored here; none if it is not.
    pub(crate) fn format(&self, kind: TrackKind) -> Option<&TrackFormat> {
        self.tracks
            .iter()
            .find(|track| track.kind == kind)
            .map(|track| &track.format)
    }

    /// Arrival of the newest sample that a power cut cannot take.
    pub(crate) fn safe(&self, kind: TrackKind) -> Option<Instant> {
        self.tracks
            .iter()
            .find(|track| track.kind == kind)
            .and_then(|track| track.safe)
    }

    /// Whether the unit's time is one the file can hold.
    pub(crate) fn holds(&self, unit: &Unit) -> bool {
        let delay = self
            .tracks
            .iter()
            .find(|t| t.kind == unit.format.codec.track())
            .map(|t| t.delay);
        delay.is_some_and(|delay| unit.dts + delay >= self.base)
    }

    /// Takes a unit in. It is written within [`FRAGMENT`].
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn push(&mut self, unit: &Unit, now: Instant) -> io::Result<()> {
        let kind = unit.format.codec.track();
        let base = self.base;
        let Some(track) = self.tracks.iter_mut().find(|track| track.kind == kind) else {
            return Ok(());
        };
        self.zero.note(zero_of(unit, track.delay));
        self.stand_until_unit(unit)?;
        let Some(track) = self.tracks.iter_mut().find(|track| track.kind == kind) else {
            return Ok(());
        };
        let mut sample = track.sample(unit, base);
        let hole = match &mut track.held {
            Some((held, _)) => {
                // a time that stands still is moved on by one tick, so that no two samples share one
                sample.dts = sample.dts.max(held.dts + 1);
                u64::from(held.duration) + u64::from(track.format.timescale()) / 25
                    < sample.dts - held.dts
                    && (kind == TrackKind::Audio
                        || sample.dts - held.dts > u64::from(track.format.timescale()))
            }
            None => {
                sample.dts = sample.dts.max(
                    track
                        .end
                        .saturating_sub(u64::from(track.usual.saturating_sub(1))),
                );
                false
            }
        };
        if hole {
            // a fragment's samples follow each other; after a hole the next fragment tells its own time
            self.write_fragment(true, now)?;
        }
        let Some(track) = self.tracks.iter_mut().find(|track| track.kind == kind) else {
            return Ok(());
        };
        track.note(unit, base);
        track.hold(sample, unit.arrival);
        Ok(())
    }

    // the picture that stands lasts until this one
    fn stand_until_unit(&mut self, next: &Unit) -> io::Result<()> {
        if next.format.codec.track() != TrackKind::Video {
            return Ok(());
        }
        let Some(standing) = self.standing.take().filter(|_| self.stands) else {
            return Ok(());
        };
        let end = self.tracks[standing.track].place(next.dts, self.base);
        self.stand_until(standing, end)
    }

    fn stand_at(&mut self, now: Instant) -> io::Result<()> {
        let Some(standing) = self.standing else {
            return Ok(());
        };
        let passed = now.saturating_duration_since(self.start());
        let track = &self.tracks[standing.track];
        let end = ticks(passed + track.delay, track.format.timescale());
        self.stand_until(standing, end)
    }

    fn stand_until(&mut self, standing: Standing, end: u64) -> io::Result<()> {
        if end <= standing.dts {
            return Ok(());
        }
        let track = &mut self.tracks[standing.track];
        let duration = u32::try_from(end - standing.dts).unwrap_or(u32::MAX);
        track.end = standing.dts + u64::from(duration);
        let (writer, place) = (&mut self.writer, standing.place);
        self.wait
            .during(|| writer.amend(place, &duration.to_be_bytes()))
    }

    /// Writes and syncs what is due. `stands`: the source lives, and sends a picture only when it changes.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn tick(&mut self, stands: bool, now: Instant) -> io::Result<()> {
        self.stands = stands;
        let sync = now.duration_since(self.synced) >= SYNC;
        if sync || now.duration_since(self.flushed) >= FRAGMENT {
            for track in &mut self.tracks {
                if track
                    .held
                    .as_ref()
                    .is_some_and(|(_, arrival)| now.duration_since(*arrival) > HELD)
                {
                    track.let_go();
                }
            }
            self.write_fragment(false, now)?;
        }
        if sync {
            if stands {
                self.stand_at(now)?;
            }
            self.sync(now)?;
        }
        Ok(())
    }

    fn sync(&mut self, now: Instant) -> io::Result<()> {
        self.synced = now;
        self.wait.during(|| self.writer.sync())?;
        for track in &mut self.tracks {
            track.safe = track.written;
        }
        Ok(())
    }

    fn write_fragment(&mut self, all: bool, now: Instant) -> io::Result<()> {
        self.flushed = now;
        let start = self.start();
        let (mut runs, mut first) = (Vec::new(), None);
        let mut standing = None;
        for (id, track) in (1..).zip(&mut self.tracks) {
            if all {
                track.let_go();
            }
            let last = track.ready.last().filter(|_| track.held.is_none());
            if track.kind == TrackKind::Video
                && let Some((last, _)) = last
            {
                standing = Some((id as usize - 1, last.dts));
            }
            let newest = track.ready.last().map(|(_, arrival)| *arrival);
            let samples: Vec<_> = track.ready.drain(..).map(|(sample, _)| sample).collect();
            if let Some(sample) = samples.first() {
                first.get_or_insert_with(|| start + passed(sample.dts, track.format.timescale()));
                track.written = newest;
                runs.push((id, samples));
            }
        }
        let Some(first) = first else {
            return Ok(());
        };
        self.fragments += 1;
        let time = FragmentTime {
            number: self.fragments,
            ntp: self.clock.ntp(first),
        };
        let runs: Vec<_> = runs
            .iter()
            .map(|(id, samples)| (*id, samples.as_slice()))
            .collect();
        let fragment = mp4::fragment(time, &runs);
        // sound in the same fragment tells the file's length by itself
        self.standing = standing
            .filter(|_| runs.len() == 1)
            .map(|(track, dts)| Standing {
                track,
                dts,
                place: fragment.last_duration,
            });
        let writer = &mut self.writer;
        self.wait.during(|| writer.write(fragment.bytes))
    }

    /// Writes the rest and closes the file.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn close(
        mut self,
        cause: CloseCause,
        reach: Reach<'_>,
        now: Instant,
    ) -> io::Result<SegmentRecord> {
        if let Reach::Next(unit) = reach {
            let base = self.base;
            self.tracks
                .iter_mut()
                .for_each(|track| track.last_until(unit, base));
        }
        self.write_fragment(true, now)?;
        match reach {
            Reach::Next(unit) => self.stand_until_unit(unit)?,
            Reach::Moment(at) => self.stand_at(at)?,
            Reach::LastSample => {}
        }
        let end = self
            .tracks
            .iter()
            .filter_map(OpenTrack::end)
            .max()
            .unwrap_or_default();
        let start = self.start();
        let to = match reach {
            Reach::LastSample => start + end,
            Reach::Next(unit) => start.max(self.zero.best + unit.pts),
            Reach::Moment(at) => at.max(start + end),
        };
        let file = self.writer.name().to_owned();
        let measure = self.wait.during(|| self.writer.finish())?;
        Ok(SegmentRecord {
            file,
            from: self.clock.utc(start),
            to: self.clock.utc(to),
            from_mono: Some(self.clock.mono(start)),
            to_mono: Some(self.clock.mono(to)),
            boot: boot_id().map(str::to_owned),
            tracks: self.tracks.into_iter().map(OpenTrack::record).collect(),
            bytes: measure.bytes,
            sha256: measure.sha256,
            sm3: measure.sm3,
            cause,
        })
    }
}

impl OpenTrack {
    fn new(kind: TrackKind, format: TrackFormat, delay: Duration) -> Self {
        // until two pictures told better: 25 a second
        let usual = format
            .sound_duration(&[])
            .filter(|ticks| *ticks > 0)
            .unwrap_or(format.timescale() / 25);
        Self {
            kind,
            format,
            delay,
            ready: Vec::new(),
            held: None,
            samples: 0,
            first: None,
            last: None,
            end: 0,
            usual,
            written: None,
            safe: None,
        }
    }

    fn header(&self) -> TrackHeader {
        let delay = ticks(self.delay, self.format.timescale());
        TrackHeader {
            kind: self.format.samples().clone(),
            timescale: self.format.timescale(),
            delay,
        }
    }

    // a time of the feed in the file's ticks
    fn place(&self, at: Duration, base: Duration) -> u64 {
        ticks(
            (at + self.delay).saturating_sub(base),
            self.format.timescale(),
        )
    }

    fn sample(&self, unit: &Unit, base: Duration) -> Sample {
        let (dts, pts) = (self.place(unit.dts, base), self.place(unit.pts, base));
        let data = match self.kind {
            TrackKind::Video => mp4::with_lengths(&nals(&unit.data)),
            TrackKind::Audio => unit.data.to_vec(),
        };
        Sample {
            dts,
            offset: i32::try_from(pts.cast_signed() - dts.cast_signed()).unwrap_or(0),
            duration: self.format.sound_duration(&unit.data).unwrap_or(self.usual),
            key: unit.key || self.kind == TrackKind::Audio,
            data,
        }
    }

    fn note(&mut self, unit: &Unit, base: Duration) {
        let at = u64::try_from(unit.pts.saturating_sub(base).as_millis()).unwrap_or(u64::MAX);
        let time = SampleTime {
            at,
            rtp: Some(unit.rtp),
            ntp: unit.ntp,
        };
        self.samples += 1;
        self.first.get_or_insert(time);
        self.last = Some(time);
    }

    fn hold(&mut self, sample: Sample, arrival: Instant) {
        if let Some((mut held, held_arrival)) = self.held.take() {
            held.duration = u32::try_from(sample.dts - held.dts).unwrap_or(u32::MAX);
            if held.duration <= self.format.timescale() / 4 {
                self.usual = held.duration;
            }
            self.ready.push((held, held_arrival));
        }
        self.end = sample.dts + u64::from(sample.duration);
        self.held = Some((sample, arrival));
    }

    // nothing followed: the duration stays what it usually is
    fn let_go(&mut self) {
        self.ready.extend(self.held.take());
    }

    // the last picture's duration, which the next file's first one tells; never a long hole
    fn last_until(&mut self, next: &Unit, base: Duration) {
        let at = self.place(next.dts, base);
        if let Some((held, _)) = &mut self.held
            && self.kind == next.format.codec.track()
            && self.kind == TrackKind::Video
            && let Some(shown) = at.checked_sub(held.dts).filter(|shown| *shown > 0)
        {
            let longest = self.format.timescale();
            held.duration = u32::try_from(shown).unwrap_or(longest).min(longest);
            self.end = held.dts + u64::from(held.duration);
        }
    }

    fn end(&self) -> Option<Duration> {
        let scale = u64::from(self.format.timescale());
        let nanos = u128::from(self.end) * 1_000_000_000 / u128::from(scale);
        let end = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.first.map(|_| end.saturating_sub(self.delay))
    }

    fn record(self) -> TrackRecord {
        TrackRecord {
            track: room_track(self.kind),
            codec: self.format.name().to_owned(),
            samples: self.samples,
            first: self.first,
            last: self.last,
        }
    }
}

/// The room's word for a track.
pub(crate) fn room_track(kind: TrackKind) -> Track {
    match kind {
        TrackKind::Video => Track::Video,
        TrackKind::Audio => Track::Audio,
    }
}

// rounded from the start each time, so that no error adds up
fn ticks(at: Duration, timescale: u32) -> u64 {
    u64::try_from((at.as_nanos() * u128::from(timescale) + 500_000_000) / 1_000_000_000)
        .unwrap_or(u64::MAX)
}

/// The time that so many ticks last.
fn passed(ticks: u64, timescale: u32) -> Duration {
    let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(timescale.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_do_not_drift() {
        let third = Duration::from_nanos(33_333_333);
        assert_eq!(ticks(third * 30_000, 90_000), 89_999_999);
        assert_eq!(ticks(Duration::from_millis(20), 48_000), 960);
        assert_eq!(passed(960, 48_000), Duration::from_millis(20));
    }
}
