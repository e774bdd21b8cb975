//! Owns what must hold of whatever a publisher or a camera sends to be recorded. Run by `tests/fuzz`;
//! each function panics where it does not hold.

use super::disk_wait::DiskWait;
use super::mp4::{self, FragmentTime, Sample, TrackHeader};
use super::open_segment::Reach;
use super::tape::{Expected, Outcome, Tape};
use super::track_format::TrackFormat;
use crate::archive::{CloseCause, SegmentRecord, recover};
use crate::media::capture::nals;
use crate::media::clock;
use crate::media::continuity::Continuity;
use crate::media::feed::{Codec, Format, Layer, TrackKind, Unit};
use crate::media::h264::{self, Assembler};
use crate::media::peer::fuzz::rtp_packet;
use crate::media::peer::rtp;
use crate::media::reorder::{Ordered, PATIENCE, Reorder};
use crate::media::timeline::TrackTime;
use crate::room::Track;
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The payload type that is sound; every other one is a picture.
const SOUND: u8 = 111;

/// An empty folder of this process in TMPDIR, best on a tmpfs.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("bidroom-fuzz-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the files");
    folder
}

fn format(codec: Codec, setup: Bytes) -> Arc<Format> {
    let (clock_rate, channels) = match codec.track() {
        TrackKind::Video => (90_000, 0),
        TrackKind::Audio => (48_000, 2),
    };
    Arc::new(Format {
        codec,
        clock_rate,
        channels,
        setup,
    })
}

/// A publisher's packets, each behind its delay (its square is 16 ms) and its length, as they pass:
/// window, access units, times, files. Nothing comes out that did not go in, whole and in order; what was
/// stored is in the files, as often as was told.
pub fn packets(bytes: &[u8]) {
    let mut room = Recording::begin();
    let mut rest = bytes;
    while let [delay, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (packet, after) = after.split_at(length);
        rest = after;
        room.now += Duration::from_millis(u64::from(*delay).pow(2) / 16);
        if let Some(packet) = rtp_packet(packet) {
            room.take(packet);
        }
        room.expire();
        room.tape
            .tick(&Expected::default(), room.now)
            .expect("the disk is good");
    }
    room.end();
}

/// The way of one track.
struct Way {
    window: Reorder<(usize, rtp::Packet, Instant)>,
    assembler: Assembler,
    time: TrackTime,
    format: Arc<Format>,
    /// The sequence number that must come next, unless a loss is told.
    due: Option<u16>,
    last: Duration,
}

impl Way {
    fn new(codec: Codec) -> Self {
        let format = format(codec, Bytes::new());
        Self {
            window: Reorder::default(),
            assembler: Assembler::default(),
            time: TrackTime::new(format.clock_rate),
            format,
            due: None,
            last: Duration::ZERO,
        }
    }
}

struct Recording {
    folder: PathBuf,
    began: Instant,
    now: Instant,
    video: Way,
    audio: Way,
    continuity: Continuity,
    tape: Tape,
    came: usize,
    out: Vec<bool>,
}

impl Recording {
    fn begin() -> Self {
        let (folder, began) = (folder(), clock::now());
        Self {
            tape: Tape::new(&folder, false, DiskWait::default()),
            folder,
            began,
            now: began,
            video: Way::new(Codec::H264),
            audio: Way::new(Codec::Opus),
            continuity: Continuity::default(),
            came: 0,
            out: Vec::new(),
        }
    }

    fn way(&mut self, kind: TrackKind) -> &mut Way {
        match kind {
            TrackKind::Video => &mut self.video,
            TrackKind::Audio => &mut self.audio,
        }
    }

    fn take(&mut self, packet: rtp::Packet) {
        let kind = match packet.header.payload_type {
            SOUND => TrackKind::Audio,
            _ => TrackKind::Video,
        };
        let (now, source) = (self.now, (1, packet.header.ssrc));
        let key = kind == TrackKind::Video && h264::begins_key_frame(&packet.payload);
        if let Some(sps) = h264::sps_in(&packet.payload) {
            let _ = h264::picture_size(sps);
        }
        let format = self.way(kind).format.clone();
        self.continuity
            .continue_with(Layer::Main, source, &format, key, &packet.header, now);
        let id = self.came;
        self.came += 1;
        self.out.push(false);
        let sequence = packet.header.sequence_number;
        let ordered = self.way(kind).window.push(sequence, now, (id, packet, now));
        self.store(kind, ordered);
    }

    fn store(&mut self, kind: TrackKind, ordered: Vec<Ordered<(usize, rtp::Packet, Instant)>>) {
        for item in ordered {
            let (id, packet, arrival) = match item {
                Ordered::Lost(packets) => {
                    assert!(packets > 0);
                    let way = self.way(kind);
                    way.due = None;
                    way.assembler.lose();
                    continue;
                }
                Ordered::Next(next) => next,
            };
            assert!(!std::mem::replace(&mut self.out[id], true), "twice");
            let way = self.way(kind);
            let header = &packet.header;
            assert!(way.due.is_none_or(|due| due == header.sequence_number));
            way.due = Some(header.sequence_number.wrapping_add(1));
            let units = match kind {
                TrackKind::Video => {
                    way.assembler
                        .push(header.timestamp, header.marker, &packet.payload)
                }
                TrackKind::Audio => vec![Some(h264::AccessUnit {
                    rtp: header.timestamp,
                    key: true,
                    data: packet.payload.clone(),
                })],
            };
            for unit in units.into_iter().flatten() {
                self.store_unit(kind, unit, arrival);
            }
        }
    }

    fn store_unit(&mut self, kind: TrackKind, unit: h264::AccessUnit, arrival: Instant) {
        let elapsed = arrival - self.began;
        let way = self.way(kind);
        if kind == TrackKind::Video {
            is_whole(&unit);
            let setup = way.assembler.parameter_sets();
            if unit.key && way.format.setup != setup {
                way.format = format(Codec::H264, setup);
            }
        }
        let at = way.time.place(unit.rtp, elapsed, Duration::ZERO);
        assert!(at.pts >= way.last, "time goes back");
        assert!(at.pts.abs_diff(elapsed) <= Duration::from_secs(6) || at.pts == way.last);
        way.last = at.pts;
        let unit = Unit {
            format: way.format.clone(),
            pts: at.pts,
            dts: at.pts,
            arrival,
            rtp: unit.rtp,
            ntp: at.ntp,
            key: unit.key,
            data: unit.data,
        };
        self.tape
            .take(Arc::new(unit), &Expected::default(), self.now)
            .expect("the disk is good");
    }

    fn expire(&mut self) {
        let now = self.now;
        for kind in [TrackKind::Video, TrackKind::Audio] {
            let ordered = self.way(kind).window.expire(now);
            self.store(kind, ordered);
        }
    }

    fn end(mut self) {
        self.now += PATIENCE;
        self.expire();
        self.tape
            .close(CloseCause::Stop, Reach::LastSample, self.now)
            .expect("the disk is good");
        let stored = |kind: TrackKind, outcomes: &[(TrackKind, Outcome, Instant)]| {
            outcomes
                .iter()
                .filter(|(of, outcome, _)| *of == kind && *outcome == Outcome::Stored)
                .count() as u64
        };
        let outcomes = self.tape.take_outcomes();
        let segments = self.tape.take_closed();
        for (kind, track) in [
            (TrackKind::Video, Track::Video),
            (TrackKind::Audio, Track::Audio),
        ] {
            let in_files: u64 = segments.iter().map(|s| samples(s, track)).sum();
            assert_eq!(in_files, stored(kind, &outcomes), "{track:?}");
        }
        let most = self.now - self.began + Duration::from_secs(20);
        for segment in &segments {
            assert!(segment.from <= segment.to, "{segment:?}");
            let length = segment.to.0 - segment.from.0;
            assert!(u128::from(length.unsigned_abs()) <= most.as_millis());
            let read = recover::recover_file(&self.folder, &segment.file, segment.cause, false)
                .expect("it can be read")
                .expect("it holds something");
            assert_eq!((read.bytes, &read.sha256), (segment.bytes, &segment.sha256));
            for track in [Track::Video, Track::Audio] {
                assert_eq!(samples(&read, track), samples(segment, track));
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn samples(segment: &SegmentRecord, track: Track) -> u64 {
    let of = segment.tracks.iter().filter(|t| t.track == track);
    of.map(|t| t.samples).sum()
}

/// Of an access unit that is given out as a key frame, decoding can begin.
fn is_whole(unit: &h264::AccessUnit) {
    assert!(unit.data.starts_with(&[0, 0, 0, 1]));
    if !unit.key {
        return;
    }
    let kinds: Vec<u8> = nals(&unit.data).iter().map(|nal| nal[0] & 0x1f).collect();
    let idr = kinds.iter().rposition(|kind| *kind == 5);
    let before = &kinds[..idr.expect("a key frame has one")];
    assert!(before.contains(&7) && before.contains(&8), "{kinds:?}");
}

/// What does not hold: the positive control. Whoever does not find packets that refute it finds nothing.
pub fn no_key_frame_ever(bytes: &[u8]) {
    let mut assembler = Assembler::default();
    for payload in bytes.split(|b| *b == 0xff) {
        for unit in assembler.push(1, false, payload).into_iter().flatten() {
            assert!(!unit.key, "as it must be: the control found its key frame");
        }
    }
    let rest = assembler.push(2, false, &[]).into_iter().flatten();
    rest.for_each(|unit| assert!(!unit.key, "as it must be: the control found its key frame"));
}

/// Bytes that a camera calls a picture: NAL units hold no start codes, and what is written to a file is read back.
pub fn picture(bytes: &[u8]) {
    let picture = Bytes::copy_from_slice(bytes);
    let units = nals(&picture);
    let code = [0, 0, 1];
    for unit in &units {
        assert!(unit.last().is_some_and(|last| *last != 0));
        assert!(!unit.windows(3).any(|w| w == code));
    }
    for codec in [Codec::H264, Codec::H265] {
        let unit = Unit {
            format: format(codec, Bytes::new()),
            pts: Duration::ZERO,
            dts: Duration::ZERO,
            arrival: clock::now(),
            rtp: 0,
            ntp: None,
            key: true,
            data: picture.clone(),
        };
        if let Some(stored) = TrackFormat::of(&unit) {
            written(&stored, &mp4::with_lengths(&units));
        }
    }
    for codec in [Codec::Aac, Codec::Opus] {
        let setup = Bytes::copy_from_slice(&bytes[..bytes.len().min(100)]);
        if let Some(stored) = TrackFormat::of_sound(&format(codec, setup)) {
            let length = stored.sound_duration(bytes).expect("sound has a length");
            assert!((120..=5760).contains(&length));
            written(&stored, bytes);
        }
    }
}

/// A file of three samples is read back as one.
fn written(format: &TrackFormat, data: &[u8]) {
    let folder = folder();
    let sample = |n: u64| Sample {
        dts: n * 960,
        offset: 0,
        duration: 960,
        key: n == 0,
        data: data.to_vec(),
    };
    let run = [0, 1, 2].map(sample);
    let header = mp4::header(&[TrackHeader {
        kind: format.samples().clone(),
        timescale: format.timescale(),
        delay: 0,
    }]);
    let time = FragmentTime {
        number: 1,
        ntp: 4_000_000_000 << 32,
    };
    let file = [header, mp4::fragment(time, &[(1, &run)]).bytes].concat();
    let name = "20261124T015310.123Z.mp4";
    std::fs::write(folder.join(name), &file).expect("written");
    let read = recover::recover_file(&folder, name, CloseCause::Recovered, false)
        .expect("it can be read")
        .expect("it holds something");
    assert_eq!(read.bytes, file.len() as u64);
    assert_eq!(read.tracks[0].samples, 3);
    assert_eq!(read.tracks[0].codec, format.name());
    let _ = std::fs::remove_dir_all(&folder);
}
