//! What is recorded is what was sent: whole, in time, and what is missing is named.

use crate::encoded::{Encoded, audio, publish, video};
use crate::probe::{Probed, decode, probe};
use bidroom::archive::index::{Depth, verify};
use bidroom::archive::{CloseCause, Record, SegmentRecord, feed_folder, index, playback};
use bidroom::media::feed::{Codec, Feeds, Liveness, TrackKind};
use bidroom::media::recorder::{RecorderReport, Recorders, RecordersHandle, WantedRecordings};
use bidroom::room::{FeedId, FeedKind, FeedSpec, GapCause, Place, SessionId, Track};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// A room with one feed that is being recorded.
struct Room {
    data: PathBuf,
    _folder: Option<TempDir>,
    feeds: Feeds,
    id: FeedId,
    wanted: watch::Sender<WantedRecordings>,
    reports: mpsc::Receiver<RecorderReport>,
    seen: Vec<RecorderReport>,
    handle: RecordersHandle,
    worker: JoinHandle<()>,
}

fn session() -> SessionId {
    "BS-1123-04".parse().unwrap()
}

impl Room {
    fn new(kind: FeedKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut room = Self::at(folder.path(), kind);
        room._folder = Some(folder);
        room
    }

    /// The same room whenever it is asked for: what lies in `data` goes on.
    fn at(data: &Path, kind: FeedKind) -> Self {
        let id: FeedId = "camera-1".parse().unwrap();
        let spec = FeedSpec {
            id: id.clone(),
            name: "全景".into(),
            kind,
            place: Place::EvaluationRoom,
            simulated: false,
        };
        let feeds = Feeds::new(&[spec]);
        let recorders = Recorders::new(data.to_owned(), true);
        let handle = recorders.handle();
        let feeds_wanted = [id.clone()].into();
        let (wanted, wanted_rx) = watch::channel(WantedRecordings {
            session: Some(session()),
            feeds: feeds_wanted,
        });
        let (reports_tx, reports) = mpsc::channel(64);
        let worker = tokio::spawn(recorders.run(wanted_rx, feeds.clone(), reports_tx));
        let data = data.to_owned();
        Self {
            data,
            _folder: None,
            feeds,
            id,
            wanted,
            reports,
            seen: Vec::new(),
            handle,
            worker,
        }
    }

    async fn ready(&mut self) {
        let mut status = self.handle.status();
        let begun = status.wait_for(|status| status.feeds.contains_key(&self.id));
        tokio::time::timeout(Duration::from_secs(10), begun)
            .await
            .expect("begins")
            .unwrap();
    }

    fn feed(&self) -> &bidroom::media::feed::Feed {
        self.feeds.get(&self.id).unwrap()
    }

    fn live(&self, tracks: &[&Encoded]) {
        self.feed().update(|status| {
            status.liveness = Liveness::Live {
                since: Instant::now(),
            };
            for track in tracks {
                status
                    .formats
                    .insert(track.format.codec.track(), track.format.clone());
            }
        });
    }

    fn lost(&self) {
        let cause = "camera closed the connection".to_owned();
        self.feed().update(|status| {
            status.liveness = Liveness::Lost {
                since: Instant::now(),
                cause,
            }
        });
    }

    fn folder(&self) -> PathBuf {
        feed_folder(&self.data, &session(), &self.id)
    }

    async fn report(&mut self, what: &str, is: impl Fn(&RecorderReport) -> bool) -> RecorderReport {
        loop {
            let report = tokio::time::timeout(Duration::from_secs(20), self.reports.recv());
            let report = report
                .await
                .unwrap_or_else(|_| panic!("no {what}"))
                .expect("the worker lives");
            self.seen.push(report.clone());
            if is(&report) {
                return report;
            }
        }
    }

    /// Ends the recording in order and reads its index.
    async fn stop(&mut self) -> Vec<Record> {
        self.wanted.send_replace(WantedRecordings::default());
        self.report("end", |report| {
            matches!(report, RecorderReport::Stopped { .. })
        })
        .await;
        verify(&self.folder(), Depth::Files).unwrap();
        let (lines, _) = index::read(&self.folder()).unwrap();
        lines.into_iter().map(|line| line.record).collect()
    }

    async fn shut_down(self) {
        let Self {
            wanted,
            worker,
            mut reports,
            ..
        } = self;
        drop(wanted);
        while reports.recv().await.is_some() {}
        tokio::time::timeout(Duration::from_secs(10), worker)
            .await
            .expect("ends")
            .unwrap();
    }
}

fn segments(records: &[Record]) -> Vec<&SegmentRecord> {
    records
        .iter()
        .filter_map(|record| match record {
            Record::Segment(segment) => Some(segment),
            Record::Gap(_) | Record::Start(_) | Record::Stop(_) => None,
        })
        .collect()
}

fn gaps(records: &[Record]) -> Vec<&bidroom::archive::GapRecord> {
    records
        .iter()
        .filter_map(|record| match record {
            Record::Gap(gap) => Some(gap),
            Record::Segment(_) | Record::Start(_) | Record::Stop(_) => None,
        })
        .collect()
}

/// SHA-256 of each unit as it is stored: start codes become lengths.
fn stored(track: &Encoded) -> Vec<String> {
    let video = track.format.codec.track() == TrackKind::Video;
    let stored = track.units.iter().map(|unit| {
        if video {
            with_lengths(&unit.data)
        } else {
            unit.data.to_vec()
        }
    });
    stored
        .map(|data| hex::encode(Sha256::digest(data)))
        .collect()
}

// written apart from the product's: by pattern, not by scanning
fn with_lengths(annex_b: &[u8]) -> Vec<u8> {
    let mut starts: Vec<usize> = Vec::new();
    for (at, window) in annex_b.windows(3).enumerate() {
        if window == [0, 0, 1] {
            starts.push(at + 3);
        }
    }
    let mut out = Vec::new();
    for (n, &from) in starts.iter().enumerate() {
        let mut to = starts.get(n + 1).map_or(annex_b.len(), |next| next - 3);
        while to > from && annex_b[to - 1] == 0 {
            to -= 1;
        }
        out.extend_from_slice(&((to - from) as u32).to_be_bytes());
        out.extend_from_slice(&annex_b[from..to]);
    }
    out
}

fn hashes<'a>(files: impl IntoIterator<Item = &'a Vec<Probed>>, codec: &str) -> Vec<String> {
    let tracks = files
        .into_iter()
        .flatten()
        .filter(|track| track.codec == codec);
    tracks
        .flat_map(|track| track.packets.iter().map(|packet| packet.hash.clone()))
        .collect()
}

fn close_to(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() <= 0.05, "{what}: {a} is not {b}");
}

async fn every_unit_is_recorded_once(
    video_codec: Codec,
    audio_codec: Codec,
    names: [&str; 2],
    b_frames: u32,
) {
    let picture = video(video_codec, (320, 240), 23, b_frames);
    let sound = audio(audio_codec, 23).later(picture.units[0].pts);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&picture, &sound]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 10).await;
    let records = room.stop().await;
    let segments = segments(&records);
    let probed: Vec<_> = segments
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)))
        .collect();
    segments
        .iter()
        .for_each(|s| decode(&room.folder().join(&s.file)));
    let files: Vec<_> = probed.iter().map(|(tracks, _)| tracks.clone()).collect();
    assert_eq!(segments.len(), 3, "10 s each: {segments:#?}");
    assert_eq!(hashes(&files, names[0]), stored(&picture), "pictures");
    assert_eq!(hashes(&files, names[1]), stored(&sound), "sound");
    assert!(gaps(&records).is_empty(), "{records:#?}");
    for ((tracks, duration), segment) in probed.iter().zip(&segments) {
        let first = tracks.iter().map(Probed::start).fold(f64::MAX, f64::min);
        close_to(first, 0.0, "the file's start");
        // sound that arrived before the key frame's own time belongs to the new file: B-frames come late
        let delay = picture.units[0].pts.as_secs_f64();
        let lead = tracks[0].start() - tracks[1].start();
        assert!(
            lead > -0.05 && lead < delay + 0.05,
            "pictures begin {lead} s after sound, decoding delay {delay} s"
        );
        let end = tracks.iter().map(Probed::end).fold(0.0, f64::max);
        // ffprobe adds the later track's start to the duration of any fragmented file
        let late = tracks.iter().map(Probed::start).fold(0.0, f64::max);
        close_to(end + late, *duration, "the file's duration");
        close_to(
            end,
            (segment.to.0 - segment.from.0) as f64 / 1000.0,
            "the index's duration",
        );
        assert_eq!(segment.tracks[0].samples, tracks[0].packets.len() as u64);
        assert_eq!(segment.tracks[1].samples, tracks[1].packets.len() as u64);
    }
    let total: i64 = segments
        .iter()
        .map(|segment| segment.to.0 - segment.from.0)
        .sum();
    assert!((total - 23_000).abs() < 200, "{total} ms");
    assert_eq!(segments[0].cause, CloseCause::Age);
    assert_eq!(segments[2].cause, CloseCause::Stop);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_opus_is_recorded_whole() {
    every_unit_is_recorded_once(Codec::H264, Codec::Opus, ["h264", "opus"], 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_b_frames_and_aac_is_recorded_whole() {
    every_unit_is_recorded_once(Codec::H264, Codec::Aac, ["h264", "aac"], 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h265_with_a_law_is_recorded_whole() {
    every_unit_is_recorded_once(Codec::H265, Codec::Pcma, ["hevc", "pcm_alaw"], 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_mu_law_is_recorded_whole() {
    every_unit_is_recorded_once(Codec::H264, Codec::Pcmu, ["h264", "pcm_mulaw"], 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_that_begins_late_stands_where_it_began() {
    let picture = video(Codec::H264, (320, 240), 8, 0);
    let sound = audio(Codec::Opus, 5).later(Duration::from_secs(3));
    let mut room = Room::new(FeedKind::Face);
    room.live(&[&picture, &sound]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 2).await;
    let records = room.stop().await;
    let segments = segments(&records);
    assert_eq!(segments.len(), 1, "{records:#?}");
    let (tracks, _) = probe(&room.folder().join(&segments[0].file));
    close_to(tracks[0].start(), 0.0, "pictures");
    close_to(tracks[1].start(), 3.0, "sound");
    close_to(tracks[0].end(), 8.0, "pictures' end");
    close_to(tracks[1].end(), 8.0, "sound's end");
    assert_eq!(hashes([&tracks], "opus"), stored(&sound));
    assert!(
        gaps(&records).is_empty(),
        "a muted microphone is no gap: {records:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_that_nobody_announced_is_kept_from_its_first_packet() {
    let picture = video(Codec::H264, (320, 240), 8, 0);
    let sound = audio(Codec::Pcma, 5).later(Duration::from_millis(2_500));
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&picture]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 2).await;
    let records = room.stop().await;
    let files: Vec<_> = segments(&records)
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)).0)
        .collect();
    assert_eq!(hashes(&files, "h264"), stored(&picture));
    let (mut kept, mut sent) = (hashes(&files, "pcm_alaw"), stored(&sound));
    kept.sort();
    sent.sort();
    assert_eq!(kept, sent, "each packet once");
    let last = files.iter().filter(|tracks| tracks.len() == 2).count();
    assert_eq!(
        last, 1,
        "one file has both after the next key frame: {files:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_format_change_begins_a_new_file() {
    let small = video(Codec::H264, (320, 240), 3, 0);
    let large = video(Codec::H264, (640, 360), 3, 0).later(Duration::from_secs(3));
    let other = video(Codec::H265, (320, 240), 3, 0).later(Duration::from_secs(6));
    let sound = audio(Codec::Opus, 9);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&small, &sound]);
    room.ready().await;
    publish(room.feed(), &[&small, &large, &other, &sound], 4).await;
    let records = room.stop().await;
    let segments = segments(&records);
    let files: Vec<_> = segments
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)).0)
        .collect();
    segments
        .iter()
        .for_each(|s| decode(&room.folder().join(&s.file)));
    assert_eq!(segments.len(), 3, "{segments:#?}");
    assert_eq!(segments[0].cause, CloseCause::FormatChange);
    assert_eq!(
        hashes(&files, "h264"),
        [stored(&small), stored(&large)].concat()
    );
    assert_eq!(hashes(&files, "hevc"), stored(&other));
    assert_eq!(hashes(&files, "opus"), stored(&sound));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_that_die_are_a_gap_while_sound_goes_on() {
    let seconds = Duration::from_secs;
    let whole = video(Codec::H264, (320, 240), 20, 0);
    let picture = whole.clone().without(seconds(2), seconds(16));
    let sound = audio(Codec::Opus, 20);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&picture, &sound]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 1).await;
    let records = room.stop().await;
    let files: Vec<_> = segments(&records)
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)).0)
        .collect();
    assert_eq!(hashes(&files, "h264"), stored(&picture));
    assert_eq!(hashes(&files, "opus"), stored(&sound));
    assert!(
        files.iter().any(|tracks| tracks.len() == 1),
        "a file of sound alone: {files:#?}"
    );
    let gaps = gaps(&records);
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    assert_eq!(
        (gaps[0].track, gaps[0].cause),
        (Track::Video, GapCause::Silent)
    );
    close_to(
        (gaps[0].to.0 - gaps[0].from.0) as f64 / 1000.0,
        14.04,
        "the gap",
    );
    let opened = |report: &RecorderReport| matches!(report, RecorderReport::GapOpened { .. });
    let closed = |report: &RecorderReport| matches!(report, RecorderReport::GapClosed { .. });
    let at = |is: &dyn Fn(&RecorderReport) -> bool| room.seen.iter().position(is);
    assert!(at(&opened) < at(&closed), "{:#?}", room.seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_static_screen_is_no_gap_until_its_connection_is_lost() {
    let mut picture = video(Codec::H264, (320, 240), 1, 0);
    picture.units.truncate(3);
    let mut room = Room::new(FeedKind::Screen);
    room.live(&[&picture]);
    room.ready().await;
    publish(room.feed(), &[&picture], 1).await;
    room.report("start", |report| {
        matches!(report, RecorderReport::Started { .. })
    })
    .await;
    let quiet = tokio::time::timeout(Duration::from_secs(4), room.reports.recv()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    room.lost();
    let opened = room
        .report("gap", |report| {
            matches!(report, RecorderReport::GapOpened { .. })
        })
        .await;
    let RecorderReport::GapOpened { gap, .. } = opened else {
        unreachable!()
    };
    assert_eq!((gap.track, gap.cause), (Track::Video, GapCause::SourceLost));
    let records = room.stop().await;
    let segments = segments(&records);
    assert_eq!(segments.len(), 1, "{records:#?}");
    assert_eq!(segments[0].cause, CloseCause::SourceLost);
    let (tracks, _) = probe(&room.folder().join(&segments[0].file));
    assert_eq!(hashes([&tracks], "h264"), stored(&picture));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorder_that_cannot_keep_up_says_what_it_lost() {
    let picture = video(Codec::H264, (320, 240), 4, 0);
    let flood = audio(Codec::Pcma, 60);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&picture]);
    room.ready().await;
    publish(room.feed(), &[&picture], 8).await;
    room.report("start", |report| {
        matches!(report, RecorderReport::Started { .. })
    })
    .await;
    // all at once: more than a feed keeps for its recorder
    publish(room.feed(), &[&flood], 100_000).await;
    room.report("gap", |report| {
        matches!(report, RecorderReport::GapOpened { gap, .. } if gap.cause == GapCause::Lagged)
    })
    .await;
    let again = video(Codec::H264, (320, 240), 2, 0).later(Duration::from_secs(61));
    publish(room.feed(), &[&again], 1000).await;
    room.report("end of the gap", |report| {
        matches!(report, RecorderReport::GapClosed { .. })
    })
    .await;
    let records = room.stop().await;
    assert!(
        gaps(&records)
            .iter()
            .any(|gap| gap.cause == GapCause::Lagged),
        "{records:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_is_lost_comes_back_at_its_next_key_frame() {
    let seconds = Duration::from_secs;
    let before = video(Codec::H264, (320, 240), 2, 0);
    let mut after = video(Codec::H264, (320, 240), 3, 0).later(seconds(6));
    // it comes back in the middle of a group of pictures
    after.units.drain(..10);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&before]);
    room.ready().await;
    publish(room.feed(), &[&before], 1).await;
    room.lost();
    let opened = room
        .report("gap", |report| {
            matches!(report, RecorderReport::GapOpened { .. })
        })
        .await;
    let RecorderReport::GapOpened { gap, .. } = opened else {
        unreachable!()
    };
    assert_eq!((gap.track, gap.cause), (Track::Video, GapCause::SourceLost));
    room.live(&[&after]);
    publish(room.feed(), &[&after], 2).await;
    let records = room.stop().await;
    let files: Vec<_> = segments(&records)
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)).0)
        .collect();
    segments(&records)
        .iter()
        .for_each(|s| decode(&room.folder().join(&s.file)));
    let decodable = Encoded {
        units: after.units[15..].to_vec(),
        ..after
    };
    assert_eq!(
        hashes(&files, "h264"),
        [stored(&before), stored(&decodable)].concat()
    );
    assert_eq!(gaps(&records).len(), 1, "{records:#?}");
    assert_eq!(segments(&records)[0].cause, CloseCause::SourceLost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_without_key_frames_is_asked_for_one_and_loses_nothing() {
    let mut picture = video(Codec::H264, (320, 240), 13, 0);
    picture
        .units
        .iter_mut()
        .skip(1)
        .for_each(|unit| unit.key = false);
    let mut room = Room::new(FeedKind::Face);
    room.live(&[&picture]);
    room.ready().await;
    let mut wishes = room.feed().take_wishes().unwrap();
    publish(room.feed(), &[&picture], 1).await;
    let mut asked = 0;
    while let Ok(wish) = wishes.try_recv() {
        assert_eq!(wish.layer, Layer::Main);
        asked += 1;
    }
    assert!(
        (1..=3).contains(&asked),
        "each 2 s from 10 s on, not {asked} times"
    );
    let records = room.stop().await;
    let segments = segments(&records);
    assert_eq!(segments.len(), 1);
    let (tracks, _) = probe(&room.folder().join(&segments[0].file));
    assert_eq!(hashes([&tracks], "h264"), stored(&picture));
}
