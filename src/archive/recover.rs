//! Owns what follows a crash: segment files without an index line are cut to their last whole fragment,
//! measured and indexed, and it is told since when nothing was recorded.

use super::index::{CloseCause, Index, Record, SampleTime, SegmentRecord, TrackRecord};
use super::segment::{hash_file, segment_start};
use crate::room::{Span, Track, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Seconds from NTP's epoch (1900) to 1970.
pub(crate) const NTP_EPOCH: u64 = 2_208_988_800;

/// What a fragment's checksum begins with, in a `free` box before its `moof`. Two numbers follow: where 4 bytes stand that may
/// be amended in place, and the CRC-32 with zeros there; both count from what is in the `moof`, to the end of the `mdat`.
pub(crate) const CHECKSUM: &[u8; 4] = b"crc ";

/// A fragment's checksum. None where it has no such place.
pub(crate) fn checksum(fragment: &[u8], amended: usize) -> Option<u32> {
    let (before, rest) = (fragment.get(..amended)?, fragment.get(amended + 4..)?);
    let mut sum = crc32fast::Hasher::new();
    for part in [before, &[0; 4], rest] {
        sum.update(part);
    }
    Some(sum.finalize())
}

/// Whether a fragment is what was written: a power cut may leave zeros where a disk had not been told to keep it.
fn is_whole(sum: &[u8], fragment: &[u8]) -> bool {
    let numbers = sum.strip_prefix(CHECKSUM).unwrap_or_default();
    let amended = u32_at(numbers, 0).and_then(|at| usize::try_from(at).ok());
    let found = amended.and_then(|amended| checksum(fragment, amended));
    found.is_some() && found == u32_at(numbers, 4)
}

/// A feed's recording as it was found.
#[derive(Debug)]
pub struct Recovered {
    /// Its index, ready to append to.
    pub index: Index,
    /// Where recording was cut short: the last recorded moment of each track that had any, and the last moment
    /// that is known of the recording itself. None where it was stopped in order, or never began.
    pub cut_short: Option<CutShort>,
    /// How many files were indexed now.
    pub files: usize,
}

/// The end of a recording that was not stopped by the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutShort {
    /// The last moment of each track.
    pub tracks: BTreeMap<Track, Utc>,
    /// For a track that had nothing since recording was asked for: when that was.
    pub otherwise: Utc,
}

/// Makes `folder` whole and opens its index. Makes the folder where there is none.
///
/// # Errors
/// The disk's. A single file that cannot be read back is logged, left as it is, and tried at the next start.
pub fn recover(folder: &Path, sm3: bool) -> io::Result<Recovered> {
    fs::create_dir_all(folder)?;
    let (mut index, mut found) = Index::open(folder)?;
    let known: BTreeSet<&str> = found.iter().filter_map(file_of).collect();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if segment_start(&name).is_some() && !known.contains(name.as_str()) {
            names.push(name);
        }
    }
    names.sort();
    let mut files = 0;
    for name in names {
        match recover_file(folder, &name, CloseCause::Recovered, sm3) {
            Ok(None) => {}
            Ok(Some(segment)) => {
                files += 1;
                found.push(Record::Segment(segment.clone()));
                index.append(Record::Segment(segment))?;
            }
            Err(fault) => {
                tracing::error!(folder = %folder.display(), file = name, %fault, "segment cannot be recovered")
            }
        }
    }
    Ok(Recovered {
        index,
        cut_short: cut_short(&found),
        files,
    })
}

fn file_of(record: &Record) -> Option<&str> {
    match record {
        Record::Segment(segment) => Some(&segment.file),
        Record::Gap(_) | Record::Start(_) | Record::Stop(_) => None,
    }
}

fn cut_short(records: &[Record]) -> Option<CutShort> {
    let mut open: Option<Open> = None;
    for record in records {
        match record {
            // a start without a stop before it: what the track had before still counts
            Record::Start(start) => drop(open.get_or_insert_with(|| Open::since(start.at))),
            Record::Segment(segment) => {
                let open = open.get_or_insert_with(|| Open::since(segment.from));
                for track in &segment.tracks {
                    if let Some(last) = track.last {
                        open.reach(track.track, segment.from + Span(last.at), segment);
                    }
                }
            }
            Record::Gap(gap) => {
                let open = open.get_or_insert_with(|| Open::since(gap.from));
                open.tracks.insert(gap.track, (gap.to, None));
            }
            Record::Stop(stop) => match stop.cause {
                // every open gap was written up to here
                CloseCause::Shutdown => open = Some(Open::since(stop.at)),
                CloseCause::Stop
                | CloseCause::Age
                | CloseCause::FormatChange
                | CloseCause::SourceLost
                | CloseCause::DiskFault
                | CloseCause::Recovered => open = None,
            },
        }
    }
    open.map(|open| CutShort {
        tracks: open
            .tracks
            .into_iter()
            .map(|(of, (to, _))| (of, to))
            .collect(),
        otherwise: open.since,
    })
}

/// A recording without an end, so far.
struct Open<'a> {
    since: Utc,
    /// The last moment of each track, and the file it is in.
    tracks: BTreeMap<Track, (Utc, Option<&'a SegmentRecord>)>,
}

impl<'a> Open<'a> {
    fn since(since: Utc) -> Self {
        let tracks = BTreeMap::new();
        Self { since, tracks }
    }

    // by the monotonic clock where both have it: a wall clock that was set back makes the later moment look earlier.
    // Without it the later line counts, as lines stand in the order in which files were closed.
    fn reach(&mut self, track: Track, to: Utc, file: &'a SegmentRecord) {
        let known = self.tracks.get(&track).and_then(|(_, file)| *file);
        let earlier = known.is_some_and(|known| {
            known.boot == file.boot && known.to_mono.is_some() && file.to_mono < known.to_mono
        });
        if !earlier || file.to_mono.is_none() {
            self.tracks.insert(track, (to, Some(file)));
        }
    }
}

/// Reads a file back that was not closed in order: cuts it to its last whole fragment, syncs and measures it.
/// None if it holds no fragment; such a file is removed.
///
/// # Errors
/// The disk's, or what is no segment at all.
pub fn recover_file(
    folder: &Path,
    name: &str,
    cause: CloseCause,
    sm3: bool,
) -> io::Result<Option<SegmentRecord>> {
    let path = folder.join(name);
    let data = fs::read(&path)?;
    let Some(start) = segment_start(name) else {
        return Err(io::Error::other("not a segment's name"));
    };
    let content = Content::read(&data);
    if content.whole == 0 || content.tracks.values().all(|track| track.samples == 0) {
        tracing::warn!(file = %path.display(), bytes = data.len(), "segment holds nothing that was recorded, and is removed");
        fs::remove_file(&path)?;
        File::open(folder)?.sync_all()?;
        return Ok(None);
    }
    let file = File::options().write(true).open(&path)?;
    if content.whole < data.len() {
        tracing::warn!(file = %path.display(), bytes = data.len() - content.whole, "segment was torn and is cut");
        file.set_len(content.whole as u64)?;
    }
    file.sync_all()?;
    let measure = hash_file(&path, sm3)?;
    Ok(Some(SegmentRecord {
        file: name.to_owned(),
        from: content.zero.unwrap_or(start),
        to: content.end().unwrap_or(start),
        from_mono: None,
        to_mono: None,
        boot: None,
        tracks: content
            .tracks
            .into_values()
            .map(TrackContent::record)
            .collect(),
        bytes: measure.bytes,
        sha256: measure.sha256,
        sm3: measure.sm3,
        cause,
    }))
}

/// What a segment's boxes say, as far as they are whole.
#[derive(Debug, Default)]
struct Content {
    /// Bytes up to the end of the last whole fragment.
    whole: usize,
    tracks: BTreeMap<u32, TrackContent>,
    /// When its time 0 was, by the earliest that a fragment tells: each knows the least delayed sample so far.
    zero: Option<Utc>,
}

#[derive(Debug)]
struct TrackContent {
    track: Track,
    codec: &'static str,
    timescale: u32,
    delay: u64,
    samples: u64,
    first: Option<u64>,
    last: Option<u64>,
    end: u64,
}

impl TrackContent {
    fn ms(&self, ticks: u64) -> u64 {
        ticks.saturating_sub(self.delay).saturating_mul(1000) / u64::from(self.timescale.max(1))
    }

    fn record(self) -> TrackRecord {
        let time = |ticks: Option<u64>| {
            ticks.map(|t| SampleTime {
                at: self.ms(t),
                rtp: None,
                ntp: None,
            })
        };
        TrackRecord {
            track: self.track,
            codec: self.codec.to_owned(),
            samples: self.samples,
            first: time(self.first),
            last: time(self.last),
        }
    }
}

impl Content {
    fn read(data: &[u8]) -> Self {
        let mut content = Self::default();
        let (mut moof, mut clock, mut sum) = (None, None, None);
        for (name, body, end) in Boxes(data, 0) {
            match &name {
                // the first one counts: another may stand in what is cut off
                b"moov" if content.tracks.is_empty() => content.read_header(body),
                b"prft" => clock = read_clock(body),
                b"free" => sum = Some(body),
                b"moof" => moof = Some((body, end - body.len())),
                b"mdat" => {
                    if let Some((moof, start)) = moof.take() {
                        // a file of an earlier version has no sums
                        if sum
                            .take()
                            .is_some_and(|sum| !is_whole(sum, &data[start..end]))
                        {
                            break;
                        }
                        content.read_fragment(moof);
                        content.whole = end;
                        let zero = clock.take().and_then(|clock| content.zero_by(clock));
                        content.zero = content.zero.into_iter().chain(zero).min();
                    }
                }
                _ => {}
            }
        }
        content
    }

    fn read_header(&mut self, moov: &[u8]) {
        for (name, trak, _) in Boxes(moov, 0) {
            if &name == b"trak"
                && let Some((id, track)) = read_track(trak)
            {
                self.tracks.insert(id, track);
            }
        }
    }

    fn read_fragment(&mut self, moof: &[u8]) {
        for (_, traf, _) in Boxes(moof, 0).filter(|(name, ..)| name == b"traf") {
            let id = child(traf, b"tfhd").and_then(|b| u32_at(b, 4));
            let start = child(traf, b"tfdt").and_then(|b| u64_at(b, 4));
            let run = child(traf, b"trun");
            let track = id.and_then(|id| self.tracks.get_mut(&id));
            let (Some(track), Some(start), Some(run)) = (track, start, run) else {
                continue;
            };
            let count = u32_at(run, 4).unwrap_or(0);
            let mut at = start;
            for sample in run
                .get(12..)
                .unwrap_or(&[])
                .chunks_exact(16)
                .take(count as usize)
            {
                let offset = i64::from(u32_at(sample, 12).unwrap_or(0).cast_signed());
                let shown = at.saturating_add_signed(offset);
                track.samples += 1;
                track.first.get_or_insert(shown);
                track.last = track.last.max(Some(shown));
                at = at.saturating_add(u64::from(u32_at(sample, 0).unwrap_or(0)));
            }
            track.end = track.end.max(at);
        }
    }

    fn zero_by(&self, clock: Clock) -> Option<Utc> {
        let scale = u64::from(self.tracks.get(&clock.track)?.timescale.max(1));
        let passed = clock.media.saturating_mul(1000) / scale;
        Some(Utc(clock.at.0.checked_sub_unsigned(passed)?))
    }

    // when the track ends that goes on longest
    fn end(&self) -> Option<Utc> {
        let recorded = self.tracks.values().filter(|track| track.samples > 0);
        let end = recorded.map(|track| track.ms(track.end)).max()?;
        Some(Utc(self.zero?.0.checked_add_unsigned(end)?))
    }
}

#[derive(Debug, Clone, Copy)]
struct Clock {
    track: u32,
    at: Utc,
    media: u64,
}

fn read_clock(prft: &[u8]) -> Option<Clock> {
    let since_1970 = ntp_to_unix(u64_at(prft, 8)?)?;
    let at = Utc(i64::try_from(since_1970.as_millis()).ok()?);
    Some(Clock {
        track: u32_at(prft, 4)?,
        at,
        media: u64_at(prft, 16)?,
    })
}

fn ntp_to_unix(ntp: u64) -> Option<Duration> {
    // rounded, because the writer's milliseconds do not divide 2^-32 s
    let nanos = ((ntp & 0xffff_ffff) * 1_000_000_000 + (1 << 31)) >> 32;
    Some(
        Duration::from_secs((ntp >> 32).checked_sub(NTP_EPOCH)?)
            + Duration::from_nanos(nanos + 500),
    )
}

fn read_track(trak: &[u8]) -> Option<(u32, TrackContent)> {
    let id = u32_at(child(trak, b"tkhd")?, 12)?;
    let mdia = child(trak, b"mdia")?;
    let timescale = u32_at(child(mdia, b"mdhd")?, 12)?;
    let stsd = child(child(child(mdia, b"minf")?, b"stbl")?, b"stsd")?;
    let delay = child(trak, b"edts")
        .and_then(|edts| child(edts, b"elst"))
        .and_then(|elst| u64_at(elst, 16));
    let (track, codec) = match stsd.get(12..16)? {
        b"avc1" => (Track::Video, "h264"),
        b"hvc1" => (Track::Video, "h265"),
        b"mp4a" => (Track::Audio, "aac"),
        b"Opus" => (Track::Audio, "opus"),
        b"alaw" => (Track::Audio, "pcma"),
        b"ulaw" => (Track::Audio, "pcmu"),
        _ => return None,
    };
    let delay = delay.unwrap_or(0);
    Some((
        id,
        TrackContent {
            track,
            codec,
            timescale,
            delay,
            samples: 0,
            first: None,
            last: None,
            end: 0,
        },
    ))
}

fn child<'a>(data: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    Boxes(data, 0)
        .find(|(found, ..)| found == name)
        .map(|(_, body, _)| body)
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(data: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(data.get(at..at + 8)?.try_into().ok()?))
}

/// Walks whole boxes: name, body, and where the box ends. Ends at the first one that is torn.
struct Boxes<'a>(&'a [u8], usize);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8], usize);

    fn next(&mut self) -> Option<Self::Item> {
        let Self(data, at) = *self;
        let size = usize::try_from(u32_at(data, at)?).ok()?;
        let end = at.checked_add(size).filter(|_| size >= 8)?;
        let body = data.get(at + 8..end)?;
        let name = data.get(at + 4..at + 8)?.try_into().ok()?;
        self.1 = end;
        Some((name, body, end))
    }
}
