//! Owns a camera that is captured and recorded, and the judgement of its files by the wall clock that it
//! burns into its pictures.

use crate::cameras::Cameras;
use crate::recording::{Room, gaps, segments};
use crate::time_strip;
use bidroom::archive::{GapRecord, Record};
use bidroom::media::capture::{self, Source};
use bidroom::media::feed::{Aspect, FeedStatus, Liveness, TrackKind};
use bidroom::room::{FeedKind, GapCause, SourceFault, Track};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_secs(30);
/// All pictures are looked at in this size.
const SIZE: (usize, usize) = (640, 360);

/// A camera whose recording is looked at afterwards.
pub(crate) struct Recorded {
    pub(crate) room: Room,
    /// All that was told of it, in order, each change once.
    pub(crate) told: Arc<Mutex<Vec<SourceFault>>>,
    tasks: JoinSet<()>,
}

/// What is left of it.
pub(crate) struct Tape {
    pub(crate) records: Vec<Record>,
    /// Pictures of each file.
    pub(crate) files: Vec<Vec<Picture>>,
    pub(crate) told: Vec<SourceFault>,
    /// Where the files lie, for as long as somebody looks at them.
    pub(crate) _folder: Option<TempDir>,
}

/// A recorded picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picture {
    /// Where it stands in its file, ms.
    pub(crate) at: i64,
    /// When it was taken by the clock burned into it, ms since 1970; none where it is damaged.
    pub(crate) taken: Option<i64>,
}

impl Recorded {
    /// Captures and records from now on.
    pub(crate) async fn start(source: Source) -> Self {
        let mut room = Room::new(FeedKind::Camera);
        room.ready().await;
        let (mut tasks, feed) = (JoinSet::new(), room.feed().clone());
        tasks.spawn(async move {
            capture::run(feed, source).await;
        });
        let told: Arc<Mutex<Vec<SourceFault>>> = Arc::default();
        let (mut status, list) = (room.feed().status(), told.clone());
        tasks.spawn(async move {
            loop {
                let fault = status.borrow_and_update().fault().cloned();
                if let Some(fault) = fault {
                    let mut list = list.lock().unwrap();
                    if list.last() != Some(&fault) {
                        list.push(fault);
                    }
                }
                if status.changed().await.is_err() {
                    return;
                }
            }
        });
        Self { room, told, tasks }
    }

    /// Waits; tells why not, where it does not come in time.
    pub(crate) async fn until(
        &self,
        what: &str,
        met: impl FnMut(&FeedStatus) -> bool,
    ) -> Result<(), String> {
        let mut status = self.room.feed().status();
        match tokio::time::timeout(PATIENCE, status.wait_for(met)).await {
            Ok(_) => Ok(()),
            Err(_) => {
                let status = self.room.feed().status().borrow().clone();
                Err(format!(
                    "not {what} within {PATIENCE:?}: {:?}",
                    status.liveness
                ))
            }
        }
    }

    pub(crate) async fn until_live(&self, what: &str) -> Result<(), String> {
        let live = |status: &FeedStatus| matches!(status.liveness, Liveness::Live { .. });
        self.until(what, live).await
    }

    /// Waits until a picture comes that stands alone: by its sound alone a feed lives too.
    pub(crate) async fn until_picture(&self, what: &str) -> Result<(), String> {
        let seen = |status: &FeedStatus| {
            let blind = status.troubles.contains_key(&Aspect::Picture);
            matches!(status.liveness, Liveness::Live { .. }) && !blind
        };
        self.until(what, seen).await?;
        let mut units = self.room.feed().units();
        let picture = async {
            loop {
                match units.recv().await {
                    Ok(unit) if unit.key && unit.format.codec.track() == TrackKind::Video => {
                        return Ok(());
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => {
                        return Err(format!("not {what}: the feed is closed"));
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, picture)
            .await
            .unwrap_or_else(|_| Err(format!("not {what}: no picture within {PATIENCE:?}")))
    }

    /// Ends the recording and looks at it.
    pub(crate) async fn stop(mut self) -> Tape {
        let told = self.told.lock().unwrap().clone();
        let records = self.room.stop().await;
        self.tasks.shutdown().await;
        let folder = self.room.folder();
        let recorded = records.clone();
        let files = tokio::task::spawn_blocking(move || {
            let files = segments(&recorded)
                .into_iter()
                .filter(|s| s.tracks.iter().any(|t| t.track == Track::Video));
            files
                .map(|segment| pictures(&folder.join(&segment.file)))
                .collect()
        });
        Tape {
            files: files.await.unwrap(),
            told,
            records,
            _folder: self.room._folder.take(),
        }
    }
}

impl Tape {
    /// All pictures whose clock can be read, in order of their taking.
    pub(crate) fn taken(&self) -> Vec<i64> {
        let mut taken: Vec<_> = self
            .files
            .iter()
            .flatten()
            .filter_map(|p| p.taken)
            .collect();
        taken.sort_unstable();
        taken
    }

    /// The most by which a file's own time and the burned-in clock differ over the file, ms.
    pub(crate) fn worst_drift(&self) -> i64 {
        let of_file = |file: &Vec<Picture>| {
            let offsets = file.iter().filter_map(|p| Some(p.taken? - p.at));
            let (least, most) = (offsets.clone().min(), offsets.max());
            most.unwrap_or(0) - least.unwrap_or(0)
        };
        self.files.iter().map(of_file).max().unwrap_or(0)
    }

    /// The most by which a file's place in the index and the burned-in clock differ, ms.
    pub(crate) fn worst_place(&self) -> i64 {
        let placed = segments(&self.records)
            .into_iter()
            .filter(|s| s.tracks.iter().any(|t| t.track == Track::Video));
        placed
            .zip(&self.files)
            .flat_map(|(segment, file)| {
                file.iter()
                    .filter_map(|p| Some((p.taken? - p.at - segment.from.0).abs()))
            })
            .max()
            .unwrap_or(0)
    }

    /// Without the pictures that lie between two moments: where packets were lost on the way, a decoder
    /// shows an older picture's clock.
    pub(crate) fn forget(&mut self, from: i64, to: i64) {
        let placed = segments(&self.records)
            .into_iter()
            .filter(|s| s.tracks.iter().any(|t| t.track == Track::Video));
        for (segment, file) in placed.zip(&mut self.files) {
            file.retain(|p| !(from..to).contains(&(segment.from.0 + p.at)));
        }
    }

    /// What is missing of a track that had come.
    pub(crate) fn gaps(&self, track: Track) -> Vec<GapRecord> {
        // how long a camera takes to come first is not judged here
        let of_track = |gap: &&GapRecord| gap.track == track && gap.cause != GapCause::Absent;
        gaps(&self.records)
            .into_iter()
            .filter(of_track)
            .cloned()
            .collect()
    }

    /// Stretches without a picture of more than `least` ms, by the burned-in clock.
    pub(crate) fn holes(&self, least: i64) -> Vec<(i64, i64)> {
        let taken = self.taken();
        let pairs = taken.windows(2).filter(|w| w[1] - w[0] > least);
        pairs.map(|w| (w[0], w[1])).collect()
    }
}

/// The pictures of a file, decoded by ffmpeg.
fn pictures(file: &Path) -> Vec<Picture> {
    let (width, height) = SIZE;
    let out = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostats", "-i"])
        .arg(file)
        .args(["-map", "0:v:0", "-fps_mode", "passthrough"])
        // says of each picture where it stands
        .args([
            "-vf",
            &format!("scale={width}:{height},format=gray,showinfo"),
        ])
        .args(["-f", "rawvideo", "-"])
        .output()
        .expect("ffmpeg is installed");
    let said = String::from_utf8_lossy(&out.stderr);
    let times = said.split(" pts_time:").skip(1).map(|after| {
        let seconds: f64 = after.split_whitespace().next().unwrap().parse().unwrap();
        (seconds * 1000.0).round() as i64
    });
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64;
    // the strip tells 32 bits
    let whole = |ms: u32| now - i64::from((now as u32).wrapping_sub(ms).cast_signed());
    out.stdout
        .chunks_exact(width * height)
        .zip(times)
        .map(|(luma, at)| Picture {
            at,
            taken: time_strip::read(luma, width, height).map(whole),
        })
        .collect()
}

/// The only camera of these tests: `qa-camera`, ten small pictures a second.
pub(crate) fn camera(cameras: &Cameras) -> Source {
    cameras.source("qa-camera")
}
