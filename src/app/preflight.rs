//! Owns the preflight (自检): when the room wants one, looks at disks, clock, certificates, cameras and seats, records and plays
//! back a test on every stream, and reports.

use super::around::space;
use super::disk::named;
use super::health;
use super::smart::{self, Health};
use super::{cameras, sealing};
use crate::clerk::{ClerkHandle, SubmitError};
use crate::config::check::{self as checks, PoolSeen, Premises, SealingSeen};
use crate::config::{Lang, Profile};
use crate::media::feed::{Feed, Feeds, Liveness};
use crate::media::trial::{Tried, trial};
use crate::room::{
    Actor, Anomaly, CheckResult, Command, EquipmentId, Fault, FeedId, FeedKind, Part, Place, Room,
    Seat, SourceFault, Utc, Verdict, wanted,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// A disk that could not be measured for so long hangs.
const HUNG: Duration = Duration::from_secs(10);
/// The test recording of all streams and its playing take less by far, unless the disk hangs.
const TRIAL: Duration = Duration::from_secs(120);
/// The test recording, among the results.
const TEST_RECORDING: &str = "test-recording";
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
    let needs = checks::recording_rate(profile).0;
    let measured = folder.clone();
    // the disk is measured before the test recording, not against it
    let disk = tokio::task::spawn_blocking(move || disk(&measured, least, needs));
    let disk = timeout(HUNG, disk).await;
    let hangs = disk.is_err();
    let mut results = match disk {
        Ok(Ok(results)) => results,
        Ok(Err(error)) => {
            let detail = error.to_string();
            vec![failed("disk-recordings", Fault::Other { detail })]
        }
        Err(_) => vec![failed("disk-recordings", Fault::DiskSlow)],
    };
    let premises = Premises {
        data: data.to_owned(),
        credentials: cameras::credentials(),
        now: Utc(jiff::Timestamp::now().as_millisecond()),
    };
    let (health, seen, tried) =
        tokio::join!(smart::health(&folder), sealing::look(profile), async {
            match hangs {
                true => (failed(TEST_RECORDING, Fault::DiskSlow), BTreeMap::new()),
                false => try_streams(room, profile, &folder, feeds).await,
            }
        });
    results.push(disk_health(health));
    results.push(clock(room));
    results.extend(certificate(&premises));
    results.extend(of_sealing(seen, premises.now));
    let (tested, tried) = tried;
    results.push(tested);
    let fixed = feeds.iter().filter(|feed| is_fixed(feed));
    results.extend(fixed.map(|feed| source(feed, tried.get(feed.id()))));
    results.extend(
        room.layout
            .seats
            .iter()
            .map(|place| seat(room, feeds, place, &tried)),
    );
    results
}

/// Records and plays back a test on every live stream. A session that is being recorded is not disturbed by it.
async fn try_streams(
    room: &Room,
    profile: &Profile,
    folder: &Path,
    feeds: &Feeds,
) -> (CheckResult, BTreeMap<FeedId, Tried>) {
    let item = TEST_RECORDING;
    let none = BTreeMap::new;
    if wanted(room).recording.is_some() {
        let fault = Some(Fault::SessionRecorded);
        let told = result(item, Verdict::Attention, fault, String::new());
        return (told, none());
    }
    let beside = folder.with_file_name("preflight");
    let tried = trial(feeds, &profile.detectors, &beside, profile.storage.sm3);
    let tried = match timeout(TRIAL, tried).await {
        Ok(Ok(tried)) => tried,
        Ok(Err(error)) => {
            let fault = named(error.kind(), error.to_string());
            return (failed(item, fault), none());
        }
        Err(_) => return (failed(item, Fault::DiskSlow), none()),
    };
    let mut unplayed = Vec::new();
    for (feed, tried) in &tried {
        if let Err(why) = &tried.played {
            tracing::warn!(%feed, why, "the test recording cannot be played back");
            unplayed.push(feed.clone());
        }
    }
    let bytes: u64 = tried.values().map(|tried| tried.bytes).sum();
    let detail = format!("{} · {:.1} MB", tried.len(), bytes as f64 / 1e6);
    let told = match (tried.is_empty(), unplayed.is_empty()) {
        (true, _) => result(item, Verdict::Attention, Some(Fault::NoSignalYet), detail),
        (false, true) => passed(item, detail),
        (false, false) => failed(item, Fault::NotPlayable { feeds: unplayed }),
    };
    (told, tried)
}

fn disk_health(health: Health) -> CheckResult {
    let item = "disk-health";
    match health {
        Health::Good(disks) => passed(item, disks.join(" · ")),
        Health::Failing(disk) => failed(item, Fault::DiskFailing { disk }),
        Health::Unknown(detail) => {
            let fault = Fault::DiskHealthUnknown { detail };
            result(item, Verdict::Attention, Some(fault), String::new())
        }
    }
}

fn expiring(item: &str, days: i64, warn: i64) -> CheckResult {
    if days >= warn {
        return passed(item, format!("{days} d"));
    }
    let verdict = match days < 0 {
        true => Verdict::Failed,
        false => Verdict::Attention,
    };
    let fault = Fault::CertificateExpiring { days };
    result(item, verdict, Some(fault), String::new())
}

/// The console's certificate.
fn certificate(premises: &Premises) -> Option<CheckResult> {
    let item = "certificate";
    Some(match checks::certificate_days(premises)? {
        Ok(days) => expiring(item, days, checks::WARN_DAYS),
        Err(why) => {
            let detail = why.of(Lang::En).to_owned();
            failed(item, Fault::Other { detail })
        }
    })
}

fn of_sealing(seen: SealingSeen, now: Utc) -> Vec<CheckResult> {
    let item = "audit-certificate";
    let attention = |item, fault| result(item, Verdict::Attention, Some(fault), String::new());
    let mut results = vec![match seen.audit {
        None => attention(item, Fault::NoAuditCertificate),
        Some(Err(detail)) => failed(item, Fault::AuditCertificateUnfit { detail }),
        Some(Ok(ends)) => {
            let days = checks::days_until(ends, now);
            expiring(item, days, checks::AUDIT_WARN_DAYS)
        }
    }];
    let item = "pool-certificate";
    match seen.pool {
        PoolSeen::NoHub => {}
        // lawful: told, and nobody's business to mend
        PoolSeen::NotSet => results.push(passed(item, "—".to_owned())),
        PoolSeen::Unfit(detail) => {
            results.push(attention(item, Fault::PoolCertificateUnfit { detail }))
        }
        PoolSeen::Until(ends) => {
            let days = checks::days_until(ends, now);
            results.push(expiring(item, days, checks::AUDIT_WARN_DAYS));
        }
    }
    results.extend(seen.sm2.map(|key| match key {
        Err(detail) => failed("sm2-key", Fault::Sm2KeyUnfit { detail }),
        Ok(ends) => {
            let days = checks::days_until(ends, now);
            expiring("sm2-key", days, checks::AUDIT_WARN_DAYS)
        }
    }));
    results.extend(seen.tsa.map(|(address, answered)| match answered {
        Ok(()) => passed("time-stamp", address),
        Err(detail) => attention("time-stamp", Fault::NoTimeStamp { detail }),
    }));
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
fn disk(folder: &Path, least: u64, needs: u64) -> Vec<CheckResult> {
    let free = space(folder).free_bytes;
    let hours = free / needs.max(1) / 3600;
    let room = match free < least {
        true => failed("disk-space", Fault::DiskNearlyFull { free_bytes: free }),
        false => passed(
            "disk-space",
            format!("{} GB · {hours} h", free / 1_000_000_000),
        ),
    };
    let speed = match checks::measure(folder) {
        Err(error) => failed("disk-recordings", named(error.kind(), error.to_string())),
        Ok(disk) if disk.writes < needs => {
            let fault = Fault::DiskTooSlow {
                writes: disk.writes,
                needs,
            };
            failed("disk-recordings", fault)
        }
        Ok(disk) => {
            let megabytes = |rate: u64| format!("{:.1} MB/s", rate as f64 / 1e6);
            let detail = format!("{} ≥ {}", megabytes(disk.writes), megabytes(needs));
            passed("disk-recordings", detail)
        }
    };
    vec![room, speed]
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

fn source(feed: &Feed, tried: Option<&Tried>) -> CheckResult {
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
            if let SourceFault::NothingUsable { offered } = cause {
                let codec = offered.join(" · ");
                return failed(item, Fault::NotShowable { codec });
            }
            failed(item, Fault::NoSignal { cause })
        }
        Liveness::Absent => failed(item, Fault::NoSignalYet),
        Liveness::Live { .. } if !status.is_showable() => {
            failed(item, Fault::NotShowable { codec: detail })
        }
        Liveness::Live { .. } => match (status.troubles.values().next(), worst(tried)) {
            (None, None) => passed(item, detail),
            (_, Some(anomaly)) => anomalous(item, anomaly, detail),
            (Some(cause), None) => {
                let fault = Fault::SendsWrongly {
                    cause: cause.clone(),
                };
                result(item, Verdict::Attention, Some(fault), detail)
            }
        },
    }
}

/// What is worst of a feed's picture and sound.
fn worst(tried: Option<&Tried>) -> Option<Anomaly> {
    tried?.anomalies.iter().next().copied()
}

/// A picture that shows nothing is no evidence; a muted microphone may be meant.
fn anomalous(item: &str, anomaly: Anomaly, detail: String) -> CheckResult {
    let verdict = match anomaly {
        Anomaly::Frozen | Anomaly::Black => Verdict::Failed,
        Anomaly::Silent | Anomaly::TooLoud => Verdict::Attention,
    };
    result(item, verdict, Some(Fault::Anomalous { anomaly }), detail)
}

/// A seat: its workstation is enrolled, and sends face and screen.
fn seat(room: &Room, feeds: &Feeds, place: &Seat, tried: &BTreeMap<FeedId, Tried>) -> CheckResult {
    let item = format!("seat-{}", place.no);
    if !room.workstations.contains_key(&place.no) {
        return result(
            &item,
            Verdict::Attention,
            Some(Fault::NotEnrolled),
            String::new(),
        );
    }
    let of_seat: Vec<&Feed> = feeds
        .iter()
        .filter(|feed| feed.spec().place == Place::Seat(place.no))
        .collect();
    let mut found = of_seat.iter().map(|feed| worst(tried.get(feed.id())));
    let wrong = found.find_map(|anomaly| anomaly);
    let silent: Vec<FeedId> = of_seat
        .iter()
        .filter(|feed| !matches!(feed.status().borrow().liveness, Liveness::Live { .. }))
        .map(|feed| feed.id().clone())
        .collect();
    match silent.is_empty() {
        true => match wrong {
            Some(anomaly) => anomalous(&item, anomaly, String::new()),
            None => passed(&item, String::new()),
        },
        false => {
            let fault = Fault::NotSending { feeds: silent };
            result(&item, Verdict::Attention, Some(fault), String::new())
        }
    }
}
