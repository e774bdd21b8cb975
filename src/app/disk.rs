//! Owns the look at the recordings' disk: what its recorders meet and how long it makes them wait, and, since
//! they may be at rest, a write of its own.

use super::around::space;
use crate::media::recorder::{RecordersHandle, RecordingStatus};
use crate::room::{Fault, FeedId};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How often the disk is written to, to see whether it takes anything.
const TRY: Duration = Duration::from_secs(5);
/// A write of a few bytes that takes longer is slow.
const PATIENCE: Duration = Duration::from_secs(1);
/// Over how long the recorders' waits are summed up.
const SUM: Duration = Duration::from_secs(2);
/// A recorder that waits this part of its time is at the mercy of a slow disk: seldom more than 5 % on a good one.
const SLOW: f64 = 0.25;
/// Below this it is no longer slow.
const QUICK: f64 = 0.12;

/// Watches one disk.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    least: u64,
    /// The write that is under way, and since when: on a disk that hangs it does not come back.
    trial: Option<(JoinHandle<Option<Fault>>, Instant)>,
    tried: Option<Instant>,
    /// What the last write met.
    met: Option<Fault>,
    /// How long each recorder had waited, and when that was read.
    waits: Option<(Instant, BTreeMap<FeedId, Duration>)>,
    slow: bool,
}

impl Disk {
    /// The disk of that folder, where less than `least` bytes free are too few.
    pub(super) fn new(folder: PathBuf, least: u64) -> Self {
        Self {
            folder,
            least,
            trial: None,
            tried: None,
            met: None,
            waits: None,
            slow: false,
        }
    }

    /// What is wrong with it; never waits for it.
    pub(super) async fn fault(
        &mut self,
        recorders: &RecordersHandle,
        now: Instant,
    ) -> Option<Fault> {
        let status = recorders.status().borrow().clone();
        let refused = status.feeds.values().find_map(|feed| feed.fault.clone());
        let hangs = self.look(now).await;
        self.measure(&status, now);
        match (refused, &self.met) {
            (Some(fault), _) => Some(named(fault.kind, fault.detail)),
            (None, Some(fault)) if !matches!(fault, Fault::DiskNearlyFull { .. }) => {
                Some(fault.clone())
            }
            (None, _) if hangs || self.slow => Some(Fault::DiskSlow),
            (None, met) => met.clone(),
        }
    }

    /// Writes now and then; whether that takes too long.
    async fn look(&mut self, now: Instant) -> bool {
        let due = self
            .tried
            .is_none_or(|tried| now.duration_since(tried) >= TRY);
        if self.trial.is_none() && due {
            self.tried = Some(now);
            let (folder, least) = (self.folder.clone(), self.least);
            let trial = tokio::task::spawn_blocking(move || trial(&folder, least));
            self.trial = Some((trial, now));
        }
        let Some((trial, since)) = &mut self.trial else {
            return false;
        };
        // at a good disk it has come back by the next look
        match tokio::time::timeout(Duration::from_millis(50), trial).await {
            Ok(met) => {
                self.met = met.unwrap_or(None);
                self.trial = None;
                false
            }
            Err(_) => now.duration_since(*since) > PATIENCE,
        }
    }

    fn measure(&mut self, status: &RecordingStatus, now: Instant) {
        let known = self.waits.as_ref();
        if known.is_some_and(|(since, _)| now.duration_since(*since) < SUM) {
            return;
        }
        let waits: BTreeMap<_, _> = status
            .feeds
            .iter()
            .map(|(id, feed)| (id.clone(), feed.wait.total(now)))
            .collect();
        if let Some((since, before)) = self.waits.replace((now, waits.clone())) {
            let span = now.duration_since(since).as_secs_f64();
            // a recorder that began meanwhile read its index, which is no wait for the disk
            let shares = waits.iter().filter_map(|(id, wait)| {
                let before = before.get(id)?;
                Some(wait.saturating_sub(*before).as_secs_f64() / span)
            });
            let most = shares.fold(0.0, f64::max);
            self.slow = most > if self.slow { QUICK } else { SLOW };
        }
    }
}

/// What is wrong: tried by writing, as a read-only or dying disk still has space.
fn trial(folder: &Path, least: u64) -> Option<Fault> {
    if let Err(error) = try_to_write(folder) {
        return Some(named(error.kind(), error.to_string()));
    }
    let free = space(folder).free_bytes;
    // whole gigabytes, so that a slowly filling disk is no stream of events
    (free < least).then_some(Fault::DiskNearlyFull {
        free_bytes: free / 1_000_000_000 * 1_000_000_000,
    })
}

/// The room's word for what a disk says.
pub(super) fn named(kind: ErrorKind, detail: String) -> Fault {
    if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        Fault::DiskFull
    } else if kind == ErrorKind::ReadOnlyFilesystem {
        Fault::DiskReadOnly
    } else {
        Fault::DiskNotWritable { detail }
    }
}

fn try_to_write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(".write-test");
    let mut file = fs::File::create(&path)?;
    file.write_all(&[0; 4096])?;
    file.sync_data()?;
    drop(file);
    fs::remove_file(path)
}
