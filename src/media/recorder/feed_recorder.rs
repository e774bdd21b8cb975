//! Owns the recording of one feed: a thread that takes units, keeps the tape going, names what is missing and writes the index.

use super::clock::{self, TimeBase};
use super::disk_wait::DiskWait;
use super::gaps::{GapChange, GapWatch, announced};
use super::open_segment::Reach;
use super::recorders::{DiskFault, FeedRecordingStatus, RecorderReport, RecordingStatus};
use super::tape::{Expected, Outcome, Tape};
use crate::archive::index::{StartRecord, StopRecord};
use crate::archive::recover::{recover, recover_file};
use crate::archive::segment::probe;
use crate::archive::{CloseCause, GapRecord, Index, Record};
use crate::media::feed::{Feed, FeedStatus, Layer, Liveness, TrackKind, Unit};
use crate::room::{FeedKind, Gap, GapCause, IndexHead, SessionId, Track, Utc};
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{broadcast, mpsc, watch};

/// How often units are taken. Nothing is lost by waiting: the feed keeps about 20 s.
const TICK: Duration = Duration::from_millis(100);
/// How often a failed disk is tried again, and the status published.
const RETRY: Duration = Duration::from_secs(1);
/// How often a key frame is asked for while one would be welcome.
const WISH: Duration = Duration::from_secs(2);
/// After so long a silence the file is closed, even if the connection stands.
const SILENT: Duration = Duration::from_secs(10);

/// What is to be recorded, and where to.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) session: SessionId,
    pub(crate) feed: Feed,
    pub(crate) folder: PathBuf,
    pub(crate) sm3: bool,
    pub(crate) units: broadcast::Receiver<Arc<Unit>>,
    pub(crate) reports: mpsc::Sender<RecorderReport>,
    pub(crate) status: watch::Sender<RecordingStatus>,
    /// Says when to end, and why; closed means that the daemon goes down.
    pub(crate) stop: Receiver<CloseCause>,
}

/// Records until it is told to stop. Blocks: give it a thread.
pub(crate) fn record(job: Job) {
    let span = tracing::info_span!("recorder", session = %job.session, feed = %job.feed.id());
    let _entered = span.entered();
    let mut recorder = Recorder::new(job);
    loop {
        let stop = match recorder.job.stop.recv_timeout(TICK) {
            Ok(cause) => Some(cause),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(CloseCause::Shutdown),
        };
        recorder.step(clock::now());
        if let Some(cause) = stop {
            recorder.finish(cause, clock::now());
            return;
        }
    }
}

/// ```text
/// Works ──write, sync or index fails──► Faulty ──each second──► Works
/// ```
#[derive(Debug)]
enum Disk {
    Works,
    Faulty { retry: Instant },
}

struct Recorder {
    job: Job,
    source: watch::Receiver<FeedStatus>,
    clock: TimeBase,
    disk: Disk,
    wait: DiskWait,
    /// When units were last taken, and how long the disk had made it wait until then.
    taken: (Instant, Duration),
    /// None until the folder could be read.
    index: Option<Index>,
    tape: Tape,
    gaps: GapWatch,
    /// Files that failed, to be read back when the disk works.
    abandoned: Vec<String>,
    started: bool,
    /// When the source's connection was last lost.
    lost_at: Option<Instant>,
    /// Since when it lives, as it was last seen.
    live_since: Option<Instant>,
    last_stored: Instant,
    last_wish: Option<Instant>,
    fault: Option<DiskFault>,
    published: Option<Instant>,
    bytes: u64,
    last_write: Option<Utc>,
    /// Lines that wait for the index to be opened.
    records: Vec<Record>,
    reports: VecDeque<RecorderReport>,
}

impl Recorder {
    fn new(job: Job) -> Self {
        let now = clock::now();
        let clock = TimeBase::now();
        let wait = DiskWait::default();
        let mut recorder = Self {
            source: job.feed.status(),
            clock,
            disk: Disk::Works,
            index: None,
            tape: Tape::new(&job.folder, job.sm3, wait.clone()),
            wait,
            taken: (now, Duration::ZERO),
            gaps: GapWatch::new(job.feed.spec().kind, clock, now),
            abandoned: Vec::new(),
            started: false,
            lost_at: None,
            live_since: None,
            last_stored: now,
            last_wish: None,
            fault: None,
            published: None,
            bytes: 0,
            last_write: None,
            records: Vec::new(),
            reports: VecDeque::new(),
            job,
        };
        recorder.open_index(now);
        recorder
    }

    // makes whole what a crash left, once the disk lets it
    fn open_index(&mut self, now: Instant) {
        let at = self.clock.utc(now);
        let opened = self.wait.during(|| {
            let mut found = recover(&self.job.folder, self.job.sm3)?;
            found.index.append(Record::Start(StartRecord { at }))?;
            io::Result::Ok(found)
        });
        match opened {
            Ok(found) => {
                self.index = Some(found.index);
                let Some(cut) = found.cut_short else { return };
                let talks = self.job.feed.spec().kind == FeedKind::TalkBack;
                tracing::warn!(
                    files = found.files,
                    since = cut.otherwise.0,
                    "recording was cut short and goes on"
                );
                for kind in [TrackKind::Video, TrackKind::Audio] {
                    let had = cut
                        .tracks
                        .get(&super::open_segment::room_track(kind))
                        .copied();
                    if !talks && (had.is_some() || self.gaps.expects(kind)) {
                        self.gaps
                            .was_not_running(kind, had.unwrap_or(cut.otherwise), now);
                    }
                }
            }
            Err(fault) => self.disk_failed(&fault, now),
        }
    }

    fn step(&mut self, now: Instant) {
        let source = self.source.borrow_and_update().clone();
        let live = matches!(source.liveness, Liveness::Live { .. });
        // whatever arrives after a lost connection does not follow what came before it
        match source.liveness {
            Liveness::Lost { since, .. } if self.lost_at != Some(since) => {
                (self.lost_at, self.live_since) = (Some(since), None);
                self.tape.need_key_from(since);
            }
            Liveness::Live { since } => {
                // lost and back between two looks, and nothing taken yet of what came with the new connection
                let before = self.live_since.replace(since);
                if before.is_some_and(|before| before != since) && self.last_stored < since {
                    self.tape.need_key_from(self.last_stored);
                }
            }
            Liveness::Lost { .. } | Liveness::Absent => {}
        }
        self.gaps.expect(&announced(&source.formats), now);
        let expects = |track| self.gaps.expects(track) || source.promised.contains(&track);
        let expected = Expected {
            video: expects(TrackKind::Video),
            audio: expects(TrackKind::Audio),
            audio_format: source.formats.get(&TrackKind::Audio).cloned(),
            video_lost: self.gaps.is_open(TrackKind::Video),
            stands: live && self.job.feed.spec().kind == FeedKind::Screen,
        };
        self.try_disk(live, now);
        self.take_units(&expected, now);
        if matches!(self.disk, Disk::Works)
            && let Err(fault) = self.tape.tick(&expected, now)
        {
            self.disk_failed(&fault, now);
        }
        self.settle_outcomes();
        self.gaps.check(now, &source.liveness);
        self.close_silent(live, now);
        self.write_index();
        self.wish_key(now);
        self.publish(now);
    }

    fn take_units(&mut self, expected: &Expected, now: Instant) {
        let (before, waited) = std::mem::replace(&mut self.taken, (now, self.wait.total(now)));
        loop {
            match self.job.units.try_recv() {
                Ok(unit) => self.take(unit, expected, now),
                Err(TryRecvError::Lagged(units)) => {
                    // whoever waited for the disk most of the time did not lag by himself
                    let by_disk = (self.wait.total(now) - waited) * 2 > now - before;
                    tracing::error!(units, by_disk, "recorder lagged behind the feed");
                    self.settle_outcomes();
                    let cause = match by_disk {
                        true => GapCause::Disk,
                        false => GapCause::Lagged,
                    };
                    self.gaps.lost(TrackKind::Video, None, cause);
                    self.gaps.lost(TrackKind::Audio, None, cause);
                    self.tape.need_key();
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn take(&mut self, unit: Arc<Unit>, expected: &Expected, now: Instant) {
        match self.disk {
            Disk::Faulty { .. } => {
                self.gaps
                    .refused(unit.format.codec.track(), unit.arrival, GapCause::Disk);
            }
            Disk::Works => {
                if let Err(fault) = self.tape.take(unit, expected, now) {
                    self.disk_failed(&fault, now);
                }
            }
        }
    }

    // in the order of arrival, so that gaps open and close as they happened
    fn settle_outcomes(&mut self) {
        for (kind, outcome, arrival) in self.tape.take_outcomes() {
            match outcome {
                Outcome::Stored => {
                    self.gaps.stored(kind, arrival);
                    self.last_stored = self.last_stored.max(arrival);
                    if !self.started {
                        self.started = true;
                        let (session, feed) =
                            (self.job.session.clone(), self.job.feed.id().clone());
                        self.reports
                            .push_back(RecorderReport::Started { session, feed });
                    }
                }
                Outcome::NeedsKey => self.gaps.refused(kind, arrival, GapCause::NoKeyFrame),
                Outcome::Unusable => self.gaps.refused(kind, arrival, GapCause::Unusable),
            }
        }
    }

    fn close_silent(&mut self, live: bool, now: Instant) {
        let silent = now.saturating_duration_since(self.last_stored);
        let over =
            silent > super::gaps::SILENCE && !live || silent > SILENT && self.gaps.all_open();
        if over
            && self.tape.is_open()
            && let Err(fault) = self
                .tape
                .close(CloseCause::SourceLost, Reach::LastSample, now)
        {
            self.disk_failed(&fault, now);
        }
    }

    fn disk_failed(&mut self, fault: &io::Error, now: Instant) {
        let named = DiskFault {
            kind: fault.kind(),
            detail: fault.to_string(),
        };
        if self.fault.as_ref() != Some(&named) {
            tracing::error!(folder = %self.job.folder.display(), fault = named.detail, "recording cannot be written");
            self.fault = Some(named);
            self.published = None;
        }
        self.settle_outcomes();
        for kind in [TrackKind::Video, TrackKind::Audio] {
            self.gaps.lost(kind, self.tape.safe(kind), GapCause::Disk);
        }
        self.abandoned.extend(self.tape.abandon());
        if let Some(index) = &mut self.index {
            index.let_go();
        }
        self.disk = Disk::Faulty { retry: now + RETRY };
    }

    fn try_disk(&mut self, live: bool, now: Instant) {
        if matches!(self.disk, Disk::Faulty { retry } if now >= retry) {
            self.disk = Disk::Works;
            self.clock = TimeBase::now();
            match &mut self.index {
                None => self.open_index(now),
                Some(index) => {
                    let folder = &self.job.folder;
                    let tried = self
                        .wait
                        .during(|| probe(folder).and_then(|()| index.flush()));
                    if let Err(fault) = tried {
                        self.disk_failed(&fault, now);
                    }
                }
            }
            if matches!(self.disk, Disk::Works) {
                tracing::warn!("the disk is tried again");
                self.gaps.disk_works(now);
                if !live {
                    // nothing comes that could prove it further
                    self.fault = None;
                }
            }
        }
    }

    fn write_index(&mut self) {
        let closed = self.tape.take_closed();
        if !closed.is_empty() {
            self.clock = TimeBase::now();
            self.gaps.set_clock(self.clock);
        }
        self.records.extend(closed.into_iter().map(Record::Segment));
        self.read_back();
        for change in self.gaps.take_changes() {
            self.tell_gap(change);
        }
        let Some(index) = &mut self.index else { return };
        for record in self.records.drain(..) {
            if let Err(fault) = self.wait.during(|| index.append(record)) {
                tracing::error!(%fault, waiting = index.waiting(), "index cannot be written, its lines wait");
            }
        }
    }

    // what a failed disk kept of its files, once a new file that is being written to shows that it works
    fn read_back(&mut self) {
        if self.tape.bytes() == 0 || matches!(self.disk, Disk::Faulty { .. }) {
            return;
        }
        if self.fault.take().is_some() {
            self.published = None;
        }
        for name in std::mem::take(&mut self.abandoned) {
            let (folder, sm3) = (&self.job.folder, self.job.sm3);
            let read = || recover_file(folder, &name, CloseCause::DiskFault, sm3);
            match self.wait.during(read) {
                Ok(segment) => self.records.extend(segment.map(Record::Segment)),
                Err(fault) => tracing::error!(file = name, %fault, "is left to the next start"),
            }
        }
    }

    fn tell_gap(&mut self, change: GapChange) {
        let (session, feed) = (self.job.session.clone(), self.job.feed.id().clone());
        let gap = |track: Track, from: Utc, cause: GapCause| Gap {
            feed,
            track,
            from,
            cause,
        };
        self.published = None;
        match change {
            GapChange::Opened { track, from, cause } => {
                tracing::warn!(%track, from = from.0, ?cause, "gap opened");
                let gap = gap(track, from, cause);
                self.reports
                    .push_back(RecorderReport::GapOpened { session, gap });
            }
            GapChange::Closed(GapRecord {
                track,
                from,
                to,
                cause,
            }) => {
                tracing::warn!(%track, from = from.0, to = to.0, ?cause, "gap closed");
                let gap = gap(track, from, cause);
                self.reports
                    .push_back(RecorderReport::GapClosed { session, gap, to });
                self.records.push(Record::Gap(GapRecord {
                    track,
                    from,
                    to,
                    cause,
                }));
            }
        }
    }

    fn wish_key(&mut self, now: Instant) {
        if self.tape.wants_key()
            && self
                .last_wish
                .is_none_or(|last| now.duration_since(last) >= WISH)
        {
            self.last_wish = Some(now);
            self.job.feed.wish_key_frame(Layer::Main);
        }
    }

    fn publish(&mut self, now: Instant) {
        self.send_reports();
        if self
            .published
            .is_some_and(|last| now.duration_since(last) < RETRY)
        {
            return;
        }
        self.published = Some(now);
        let waiting = self.index.as_mut().is_some_and(|index| {
            index.waiting() > 0 && self.wait.during(|| index.flush()).is_err()
        });
        if waiting {
            tracing::debug!("index lines still wait for the disk");
        }
        let head = self.head();
        let at = self.clock.utc(now);
        let bytes = head.bytes + self.tape.bytes();
        if bytes > self.bytes {
            self.last_write = Some(at);
        }
        self.bytes = bytes;
        let feed = self.job.feed.id().clone();
        let gap = |(track, from, cause)| Gap {
            feed: feed.clone(),
            track,
            from,
            cause,
        };
        let status = FeedRecordingStatus {
            session: self.job.session.clone(),
            bytes,
            last_write: self.last_write,
            gaps: self.gaps.open().map(gap).collect(),
            head,
            looked: now,
            wait: self.wait.clone(),
            fault: self.fault.clone(),
        };
        self.job
            .status
            .send_modify(|all| drop(all.feeds.insert(feed.clone(), status)));
    }

    fn head(&self) -> IndexHead {
        self.index
            .as_ref()
            .map(|index| index.head().clone())
            .unwrap_or_default()
    }

    // a clerk that is slow makes reports wait here, never the recording
    fn send_reports(&mut self) {
        while let Some(report) = self.reports.pop_front() {
            match self.job.reports.try_send(report) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(report)) => {
                    self.reports.push_front(report);
                    return;
                }
                Err(mpsc::error::TrySendError::Closed(report)) => {
                    tracing::warn!(?report, "nobody takes the report");
                }
            }
        }
    }

    fn finish(mut self, cause: CloseCause, now: Instant) {
        let source = self.source.borrow().clone();
        let still = self.job.feed.spec().kind == FeedKind::Screen
            && matches!(source.liveness, Liveness::Live { .. });
        let reach = if still {
            Reach::Moment(now)
        } else {
            Reach::LastSample
        };
        if let Err(fault) = self.tape.close(cause, reach, now) {
            self.disk_failed(&fault, now);
        }
        self.settle_outcomes();
        self.gaps.finish(now);
        self.write_index();
        if let Some(index) = &mut self.index {
            let at = self.clock.utc(now);
            if let Err(fault) = index.append(Record::Stop(StopRecord { at, cause })) {
                tracing::error!(%fault, waiting = index.waiting(), "index lines are lost with the disk");
            }
        }
        if !self.records.is_empty() {
            tracing::error!(records = ?self.records, "index lines are lost with the disk");
        }
        let (session, feed) = (self.job.session.clone(), self.job.feed.id().clone());
        self.reports.push_back(RecorderReport::Stopped {
            session,
            feed: feed.clone(),
            head: self.head(),
        });
        for report in self.reports.drain(..) {
            if self.job.reports.blocking_send(report).is_err() {
                tracing::warn!("nobody takes the last reports");
                break;
            }
        }
        self.job
            .status
            .send_modify(|all| drop(all.feeds.remove(&feed)));
    }
}
