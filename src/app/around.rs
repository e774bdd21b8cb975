//! Owns what is known of the moment beside the journal: gathered twice a second for the pages.

use super::relays::Relayed;
use crate::console::views::{LiveFeed, Storage, Surroundings};
use crate::media::feed::{Codec, Feed, FeedStatus, Feeds, Layer};
use crate::media::recorder::{RecordersHandle, RecordingStatus};
use rustix::fs::statvfs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

const PERIOD: Duration = Duration::from_millis(500);
/// Periods over which the rate of writing is measured.
const RATE_OVER: usize = 20;

/// The disk that recordings go to.
#[derive(Debug, Clone)]
pub(super) struct RecordingDisk {
    /// The folder on it.
    pub(super) folder: PathBuf,
    /// Bytes without which no session starts.
    pub(super) least: u64,
    /// Bytes a second that all feeds at once need.
    pub(super) needed: u64,
}

/// Gathers until nobody listens.
pub(super) async fn gather(
    feeds: Feeds,
    recorders: RecordersHandle,
    disk: RecordingDisk,
    clock_offset: watch::Receiver<Option<f64>>,
    relayed: watch::Receiver<Relayed>,
    around_tx: watch::Sender<Surroundings>,
) {
    let mut tick = interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut written = std::collections::VecDeque::new();
    let mut space = Storage::default();
    let mut asked = ask(&disk);
    while !around_tx.is_closed() {
        tick.tick().await;
        let recorded = recorders.status().borrow().clone();
        // a disk over the network that hangs must not hold up the pages
        if asked.is_finished() {
            space = asked.await.unwrap_or_default();
            asked = ask(&disk);
        }
        let bytes: u64 = recorded.feeds.values().map(|feed| feed.bytes).sum();
        written.push_back(bytes);
        if written.len() > RATE_OVER {
            written.pop_front();
        }
        let feeds = feeds
            .iter()
            .map(|feed| (feed.id().clone(), live_feed(feed, &recorded)))
            .collect();
        let storage = Storage {
            rate: rate(&written),
            ..space
        };
        let now = Surroundings {
            feeds,
            storage,
            clock_offset_ms: *clock_offset.borrow(),
            relayed: relayed.borrow().clone(),
        };
        around_tx.send_if_modified(|known| {
            let changed = *known != now;
            *known = now;
            changed
        });
    }
}

/// Bytes a second over the last periods.
fn rate(written: &std::collections::VecDeque<u64>) -> u64 {
    let (Some(first), Some(last)) = (written.front(), written.back()) else {
        return 0;
    };
    let periods = u64::try_from(written.len() - 1).unwrap_or(0);
    let millis = periods * u64::try_from(PERIOD.as_millis()).unwrap_or(1);
    last.saturating_sub(*first)
        .saturating_mul(1000)
        .checked_div(millis)
        .unwrap_or(0)
}

fn ask(disk: &RecordingDisk) -> JoinHandle<Storage> {
    let disk = disk.clone();
    tokio::task::spawn_blocking(move || {
        let space = space(&disk.folder);
        let spare_bytes = space.free_bytes.saturating_sub(disk.least);
        Storage {
            spare_bytes,
            hours: spare_bytes / disk.needed.max(1) / 3600,
            ..space
        }
    })
}

/// The disk that holds a folder; nothing where it cannot be asked.
pub(super) fn space(folder: &Path) -> Storage {
    statvfs(folder).map_or_else(
        |_| Storage::default(),
        |disk| Storage {
            free_bytes: disk.f_bavail * disk.f_frsize,
            total_bytes: disk.f_blocks * disk.f_frsize,
            ..Storage::default()
        },
    )
}

fn live_feed(feed: &Feed, recorded: &RecordingStatus) -> LiveFeed {
    let status = feed.status().borrow().clone();
    let recording = recorded.feeds.get(feed.id());
    LiveFeed {
        carries: status
            .formats
            .values()
            .map(|format| carried(format.codec, &status))
            .collect(),
        small: status.layers.contains(&Layer::Small),
        showable: status.is_showable(),
        fault: status.fault().cloned(),
        bytes: recording.map_or(0, |recording| recording.bytes),
        last_write: recording.and_then(|recording| recording.last_write),
    }
}

fn carried(codec: Codec, status: &FeedStatus) -> String {
    let name = codec.name();
    match (codec, status.size) {
        (Codec::H264 | Codec::H265, Some((width, height))) => format!("{name} {width}×{height}"),
        _ => name.to_owned(),
    }
}
