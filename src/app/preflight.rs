//! Owns the preflight (自检): when the room wants one, looks at disk, clock, cameras and seats, and reports.

use super::around::space;
use super::disk::named;
use super::health;
use crate::clerk::{ClerkHandle, SubmitError};
use crate::config::Profile;
use crate::media::feed::{Feed, Feeds, Liveness};
use crate::room::{
    Actor, CheckResult, Command, EquipmentId, Fault, FeedId, FeedKind, Part, Place, Room, Seat,
    Verdict, wanted,
};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// What is written to measure the disk.
const SAMPLE: usize = 32 << 20;
/// What a room writes at most, bytes a second: 9 seats of 3 Mbit/s and 4 cameras of 2 Mbit/s, twice over.
const NEEDED: u64 = 2 * 35_000_000 / 8;
/// How soon a report is given again that the clerk could not take.
const AGAIN: Duration = Duration::from_secs(1);

/// Follows the room for ever.
pub(super) async fn follow(clerk: ClerkHandle, profile: Arc<Profile>, data: PathBuf, feeds: Feeds) {
    let mut changes = clerk.watch();
    loop {
        let room = clerk.room();
        if wanted(&room).preflight.is_some() {
            let results = check(&room, &profile, &data, &feeds).await;
            report(&clerk, results).await;
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

async fn report(clerk: &ClerkHandle, results: Vec<CheckResult>) {
    loop {
        let command = Command::ReportPreflight {
            results: results.clone(),
        };
        match clerk
            .submit(Actor::Daemon { part: Part::Health }, None, None, command)
            .await
        {
            Ok(_) | Err(SubmitError::Stopped | SubmitError::Refused(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "the preflight's report waits");
                sleep(AGAIN).await;
            }
        }
    }
}

async fn check(room: &Room, profile: &Profile, data: &Path, feeds: &Feeds) -> Vec<CheckResult> {
    let folder = profile.storage.sessions(data);
    let least = profile.storage.min_free.0;
    let disk = tokio::task::spawn_blocking(move || disk(&folder, least)).await;
    let mut results = match disk {
        Ok(results) => results,
        Err(error) => vec![failed(
            "disk-recordings",
            Fault::Other {
                detail: error.to_string(),
            },
        )],
    };
    results.push(clock(room));
    results.extend(feeds.iter().filter(|feed| is_fixed(feed)).map(source));
    results.extend(
        room.layout
            .seats
            .iter()
            .map(|place| seat(room, feeds, place)),
    );
    results
}

fn result(item: &str, verdict: Verdict, fault: Option<Fault>, detail: String) -> CheckResult {
    CheckResult {
        item: item.parse().unwrap_or_else(|_| unnamed()),
        verdict,
        fault,
        detail,
    }
}

fn unnamed() -> EquipmentId {
    "equipment".parse().expect("a plain word")
}

fn passed(item: &str, detail: String) -> CheckResult {
    result(item, Verdict::Passed, None, detail)
}

fn failed(item: &str, fault: Fault) -> CheckResult {
    result(item, Verdict::Failed, Some(fault), String::new())
}

/// Space, and how fast it can be written and synced.
fn disk(folder: &Path, least: u64) -> Vec<CheckResult> {
    let free = space(folder).free_bytes;
    let hours = free / NEEDED * 2 / 3600;
    let room = match free < least {
        true => failed("disk-space", Fault::DiskNearlyFull { free_bytes: free }),
        false => passed(
            "disk-space",
            format!("{} GB · {hours} h", free / 1_000_000_000),
        ),
    };
    let speed = match measure(folder) {
        Err(error) => failed("disk-recordings", named(error.kind(), error.to_string())),
        Ok(rate) => {
            let detail = format!("{} MB/s", rate / 1_000_000);
            match rate < NEEDED {
                true => {
                    let fault = Fault::Other {
                        detail: "slower than a full room writes".to_owned(),
                    };
                    result("disk-recordings", Verdict::Failed, Some(fault), detail)
                }
                false => passed("disk-recordings", detail),
            }
        }
    };
    vec![room, speed]
}

/// Bytes a second that reach the disk.
#[expect(clippy::disallowed_methods, reason = "it measures a span")]
fn measure(folder: &Path) -> std::io::Result<u64> {
    let path = folder.join(".speed-test");
    let began = Instant::now();
    let written = (|| {
        let mut file = File::create(&path)?;
        let block = vec![0x5a; 1 << 20];
        for _ in 0..SAMPLE >> 20 {
            file.write_all(&block)?;
        }
        file.sync_data()
    })();
    let took = began.elapsed();
    // also when writing failed: a full disk must not keep the sample
    let removed = fs::remove_file(&path);
    written.and(removed)?;
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    Ok(u64::try_from(SAMPLE).unwrap_or(0) * 1000 / millis)
}

fn clock(room: &Room) -> CheckResult {
    let (offset, fault) = health::clock_fault(room.policies.clock_offset.0);
    match (offset, fault) {
        (_, Some(fault)) => failed("clock", fault),
        (Some(offset), None) => passed("clock", format!("{offset:.1} ms")),
        (None, None) => result(
            "clock",
            Verdict::Attention,
            Some(Fault::ClockOff { offset_ms: None }),
            String::new(),
        ),
    }
}

/// Cameras and microphones of the room itself.
fn is_fixed(feed: &Feed) -> bool {
    matches!(feed.spec().kind, FeedKind::Camera | FeedKind::Microphone)
}

fn source(feed: &Feed) -> CheckResult {
    let status = feed.status().borrow().clone();
    let item = feed.id().as_str();
    let codecs: Vec<String> = status
        .formats
        .values()
        .map(|format| format.codec.name().to_owned())
        .collect();
    let detail = codecs.join(" · ");
    match &status.liveness {
        Liveness::Lost { cause, now, .. } => {
            let cause = now.as_ref().unwrap_or(cause).clone();
            failed(item, Fault::NoSignal { cause })
        }
        Liveness::Absent => failed(item, Fault::NoSignalYet),
        Liveness::Live { .. } if !status.is_showable() => {
            failed(item, Fault::NotShowable { codec: detail })
        }
        Liveness::Live { .. } => match status.troubles.values().next() {
            None => passed(item, detail),
            Some(cause) => {
                let fault = Fault::SendsWrongly {
                    cause: cause.clone(),
                };
                result(item, Verdict::Attention, Some(fault), detail)
            }
        },
    }
}

/// A seat: its workstation is enrolled, and sends face and screen.
fn seat(room: &Room, feeds: &Feeds, place: &Seat) -> CheckResult {
    let item = format!("seat-{}", place.no);
    if !room.workstations.contains_key(&place.no) {
        return result(
            &item,
            Verdict::Attention,
            Some(Fault::NotEnrolled),
            String::new(),
        );
    }
    let of_seat = feeds
        .iter()
        .filter(|feed| feed.spec().place == Place::Seat(place.no));
    let silent: Vec<FeedId> = of_seat
        .filter(|feed| !matches!(feed.status().borrow().liveness, Liveness::Live { .. }))
        .map(|feed| feed.id().clone())
        .collect();
    match silent.is_empty() {
        true => passed(&item, String::new()),
        false => {
            let fault = Fault::NotSending { feeds: silent };
            result(&item, Verdict::Attention, Some(fault), String::new())
        }
    }
}
