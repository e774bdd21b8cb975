//! Owns which feeds are being recorded: converges the running recorders to the wanted set, and gathers what they tell.

use super::disk_wait::DiskWait;
use super::feed_recorder::{Job, record};
use crate::archive::{CloseCause, feed_folder};
use crate::keys::media_only;
use crate::media::feed::Feeds;
use crate::room::{FeedId, Gap, IndexHead, SessionId, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How often the heads of all indexes are reported.
const HEADS: Duration = Duration::from_secs(60);
/// How soon a recorder that ended by itself is started again.
const RESTART: Duration = Duration::from_secs(1);

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedRecordings {
    /// For which session; none when nothing is to be recorded.
    pub session: Option<SessionId>,
    /// Which feeds.
    pub feeds: BTreeSet<FeedId>,
}

/// What recorders tell the clerk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecorderReport {
    /// The first sample of a feed is stored.
    Started {
        /// For which session.
        session: SessionId,
        /// Which feed.
        feed: FeedId,
    },
    /// Something is missing from now on. After a restart of the daemon a gap that was open comes again with
    /// its own cause: the same feed and track never have two at once.
    GapOpened {
        /// In which session.
        session: SessionId,
        /// What, since when and why.
        gap: Gap,
    },
    /// It is there again, or the recording ended.
    GapClosed {
        /// In which session.
        session: SessionId,
        /// The gap as it was opened.
        gap: Gap,
        /// Its end.
        to: Utc,
    },
    /// Where all indexes stand; each minute.
    Heads {
        /// Of which session.
        session: SessionId,
        /// Feed by feed.
        feeds: BTreeMap<FeedId, IndexHead>,
    },
    /// A recording was finalised; this is the last report of it.
    Stopped {
        /// In which session.
        session: SessionId,
        /// Which feed.
        feed: FeedId,
        /// Where its index stands.
        head: IndexHead,
    },
}

/// What is being recorded, for the console and the watchdog.
#[derive(Debug, Clone, Default)]
pub struct RecordingStatus {
    /// The running recorders.
    pub feeds: BTreeMap<FeedId, FeedRecordingStatus>,
}

/// One running recorder; at most a second old.
#[derive(Debug, Clone)]
pub struct FeedRecordingStatus {
    /// For which session.
    pub session: SessionId,
    /// Bytes on disk for this session and feed.
    pub bytes: u64,
    /// When they last grew.
    pub last_write: Option<Utc>,
    /// What is missing now; at most one a track.
    pub gaps: Vec<Gap>,
    /// Where its index stands.
    pub head: IndexHead,
    /// When the recorder last went round: far in the past means that it hangs.
    pub looked: Instant,
    /// Whether it hangs in the disk, and how much of its time it waits for it.
    pub wait: DiskWait,
    /// What the disk said last, while nothing can be written.
    pub fault: Option<DiskFault>,
}

/// Why a recorder cannot write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFault {
    /// The kind of fault.
    pub kind: std::io::ErrorKind,
    /// In the system's words.
    pub detail: String,
}

/// The worker that records.
#[derive(Debug)]
pub struct Recorders {
    data: PathBuf,
    sm3: bool,
    status: watch::Sender<RecordingStatus>,
}

/// Asks the recorders. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RecordersHandle {
    status: watch::Receiver<RecordingStatus>,
}

impl RecordersHandle {
    /// What is being recorded, and its changes.
    pub fn status(&self) -> watch::Receiver<RecordingStatus> {
        self.status.clone()
    }

    /// Where the indexes of that session's running recorders stand, at most a second ago.
    pub fn heads(&self, session: &SessionId) -> BTreeMap<FeedId, IndexHead> {
        heads(&self.status.borrow(), session)
    }
}

fn heads(status: &RecordingStatus, session: &SessionId) -> BTreeMap<FeedId, IndexHead> {
    let of_session = status
        .feeds
        .iter()
        .filter(|(_, feed)| &feed.session == session);
    of_session
        .map(|(id, feed)| (id.clone(), feed.head.clone()))
        .collect()
}

type Key = (SessionId, FeedId);

/// ```text
/// running ──no longer wanted──► stopping ──finalised──► (gone)
/// ```
struct Running {
    task: tokio::task::Id,
    /// None while stopping.
    stop: Option<std::sync::mpsc::SyncSender<CloseCause>>,
}

enum Input {
    Wanted(bool),
    Ended(tokio::task::Id),
    Minute,
    Again,
}

impl Recorders {
    /// Recordings go under the data folder; with `sm3` each file gets that hash too.
    pub fn new(data: PathBuf, sm3: bool) -> Self {
        Self {
            data,
            sm3,
            status: watch::Sender::default(),
        }
    }

    /// For those who ask.
    pub fn handle(&self) -> RecordersHandle {
        RecordersHandle {
            status: self.status.subscribe(),
        }
    }

    /// Records what is wanted, until the sender of `wanted` is dropped: then all segments are finalised as a
    /// shutdown, and it returns. Take reports until then.
    pub async fn run(
        self,
        mut wanted: watch::Receiver<WantedRecordings>,
        feeds: Feeds,
        reports: mpsc::Sender<RecorderReport>,
    ) {
        let mut threads = JoinSet::new();
        let mut running: BTreeMap<Key, Running> = BTreeMap::new();
        let mut minute = tokio::time::interval(HEADS);
        minute.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        minute.reset();
        let mut down = false;
        let mut again = false;
        loop {
            let target = if down {
                WantedRecordings::default()
            } else {
                wanted.borrow_and_update().clone()
            };
            let cause = if down {
                CloseCause::Shutdown
            } else {
                CloseCause::Stop
            };
            if !again {
                self.converge(&target, cause, &feeds, &reports, &mut running, &mut threads);
            }
            if down && running.is_empty() {
                return;
            }
            let input = tokio::select! {
                changed = wanted.changed(), if !down => Input::Wanted(changed.is_ok()),
                Some(ended) = threads.join_next_with_id() => Input::Ended(match ended {
                    Ok((id, ())) => id,
                    Err(fault) => fault.id(),
                }),
                _ = minute.tick() => Input::Minute,
                () = tokio::time::sleep(RESTART), if again => Input::Again,
            };
            match input {
                Input::Wanted(alive) => {
                    down = !alive;
                    again = false;
                }
                Input::Ended(id) => {
                    let unasked = running.values().any(|r| r.task == id && r.stop.is_some());
                    if unasked {
                        tracing::error!("a recorder ended by itself and is started again");
                    }
                    running.retain(|_, recorder| recorder.task != id);
                    again = unasked && !down;
                }
                Input::Minute => self.report_heads(&reports),
                Input::Again => again = false,
            }
        }
    }

    fn converge(
        &self,
        wanted: &WantedRecordings,
        cause: CloseCause,
        feeds: &Feeds,
        reports: &mpsc::Sender<RecorderReport>,
        running: &mut BTreeMap<Key, Running>,
        threads: &mut JoinSet<()>,
    ) {
        for ((session, feed), recorder) in running.iter_mut() {
            let stays = wanted.session.as_ref() == Some(session) && wanted.feeds.contains(feed);
            if !stays && let Some(stop) = recorder.stop.take() {
                // a recorder that is gone already needs no telling
                let _ = stop.send(cause);
            }
        }
        let Some(session) = &wanted.session else {
            return;
        };
        for id in &wanted.feeds {
            let key = (session.clone(), id.clone());
            // one that is still stopping owns the folder: its end comes back here
            if running.contains_key(&key) {
                continue;
            }
            let Some(feed) = feeds.get(id) else {
                tracing::error!(feed = %id, "is to be recorded and is not in the profile");
                continue;
            };
            let (stop_tx, stop) = std::sync::mpsc::sync_channel(1);
            let job = Job {
                session: session.clone(),
                feed: feed.clone(),
                folder: feed_folder(&self.data, session, id),
                sm3: self.sm3,
                units: feed.units(),
                reports: reports.clone(),
                status: self.status.clone(),
                stop,
            };
            let task = threads
                .spawn_blocking(move || media_only(|| record(job)))
                .id();
            running.insert(
                key,
                Running {
                    task,
                    stop: Some(stop_tx),
                },
            );
        }
    }

    // a report that finds the queue full comes again in a minute
    fn report_heads(&self, reports: &mpsc::Sender<RecorderReport>) {
        let status = self.status.borrow();
        let sessions: BTreeSet<_> = status
            .feeds
            .values()
            .map(|feed| feed.session.clone())
            .collect();
        for session in sessions {
            let feeds = heads(&status, &session);
            if let Err(fault) = reports.try_send(RecorderReport::Heads { session, feeds }) {
                tracing::warn!(%fault, "heads of the recordings are not reported this time");
            }
        }
    }
}
