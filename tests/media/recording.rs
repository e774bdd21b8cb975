//! Owns a room with one feed that is being recorded, and what its index and files then say.

use crate::encoded::Encoded;
use crate::probe::Probed;
use bidroom::archive::index::{Depth, verify};
use bidroom::archive::{GapRecord, Record, SegmentRecord, feed_folder, index};
use bidroom::media::feed::{Feed, Feeds, Liveness, TrackKind};
use bidroom::media::recorder::{RecorderReport, Recorders, RecordersHandle, WantedRecordings};
use bidroom::room::{FeedId, FeedKind, FeedSpec, Place, SessionId, SourceFault};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// A room with one feed that is being recorded.
pub(crate) struct Room {
    pub(crate) data: PathBuf,
    pub(crate) _folder: Option<TempDir>,
    pub(crate) feeds: Feeds,
    pub(crate) id: FeedId,
    pub(crate) wanted: watch::Sender<WantedRecordings>,
    pub(crate) reports: mpsc::Receiver<RecorderReport>,
    pub(crate) seen: Vec<RecorderReport>,
    pub(crate) handle: RecordersHandle,
    pub(crate) worker: JoinHandle<()>,
}

pub(crate) fn session() -> SessionId {
    "BS-1123-04".parse().unwrap()
}

impl Room {
    pub(crate) fn new(kind: FeedKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut room = Self::at(folder.path(), kind);
        room._folder = Some(folder);
        room
    }

    /// The same room whenever it is asked for: what lies in `data` goes on.
    pub(crate) fn at(data: &Path, kind: FeedKind) -> Self {
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

    pub(crate) async fn ready(&mut self) {
        let mut status = self.handle.status();
        let begun = status.wait_for(|status| status.feeds.contains_key(&self.id));
        tokio::time::timeout(Duration::from_secs(10), begun)
            .await
            .expect("begins")
            .unwrap();
    }

    pub(crate) fn feed(&self) -> &Feed {
        self.feeds.get(&self.id).unwrap()
    }

    pub(crate) fn live(&self, tracks: &[&Encoded]) {
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

    pub(crate) fn lost(&self) {
        self.feed().update(|status| {
            status.liveness = Liveness::Lost {
                since: Instant::now(),
                cause: SourceFault::Closed,
                now: None,
            }
        });
    }

    pub(crate) fn folder(&self) -> PathBuf {
        feed_folder(&self.data, &session(), &self.id)
    }

    pub(crate) async fn report(
        &mut self,
        what: &str,
        is: impl Fn(&RecorderReport) -> bool,
    ) -> RecorderReport {
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
    pub(crate) async fn stop(&mut self) -> Vec<Record> {
        self.wanted.send_replace(WantedRecordings::default());
        self.report("end", |report| {
            matches!(report, RecorderReport::Stopped { .. })
        })
        .await;
        verify(&self.folder(), Depth::Files).unwrap();
        let (lines, _) = index::read(&self.folder()).unwrap();
        lines.into_iter().map(|line| line.record).collect()
    }

    pub(crate) async fn shut_down(self) {
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

pub(crate) fn segments(records: &[Record]) -> Vec<&SegmentRecord> {
    records
        .iter()
        .filter_map(|record| match record {
            Record::Segment(segment) => Some(segment),
            Record::Gap(_) | Record::Start(_) | Record::Stop(_) => None,
        })
        .collect()
}

pub(crate) fn gaps(records: &[Record]) -> Vec<&GapRecord> {
    records
        .iter()
        .filter_map(|record| match record {
            Record::Gap(gap) => Some(gap),
            Record::Segment(_) | Record::Start(_) | Record::Stop(_) => None,
        })
        .collect()
}

/// SHA-256 of each unit as it is stored: start codes become lengths.
pub(crate) fn stored(track: &Encoded) -> Vec<String> {
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
pub(crate) fn with_lengths(annex_b: &[u8]) -> Vec<u8> {
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

pub(crate) fn hashes<'a>(
    files: impl IntoIterator<Item = &'a Vec<Probed>>,
    codec: &str,
) -> Vec<String> {
    let tracks = files
        .into_iter()
        .flatten()
        .filter(|track| track.codec == codec);
    tracks
        .flat_map(|track| track.packets.iter().map(|packet| packet.hash.clone()))
        .collect()
}

pub(crate) fn close_to(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() <= 0.05, "{what}: {a} is not {b}");
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "mp4"));
    files.sort();
    files
}

pub(crate) async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
