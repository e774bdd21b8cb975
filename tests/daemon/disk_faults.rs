//! A disk that writes slowly, hangs, fails or becomes read-only under a session's recordings: it is named at once, the
//! journal and the pages live on, recording goes on by itself when the disk does, and nothing that was there is gone.

#![allow(clippy::disallowed_methods, reason = "a test measures for itself")]

use crate::cameras::Cameras;
use crate::kills::{Order, start_session, status};
use crate::preflight;
use crate::recorded::{self, folder_of, gaps, segments};
use crate::support::disks::{self, Cache, CutDisk, SickDisk};
use crate::support::{Room, until};
use bidroom::archive::Record;
use bidroom::room::GapCause;
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const CAMERAS: [&str; 2] = ["camera-1", "camera-3"];
/// How soon a fault is to be named.
const AT_ONCE: Duration = Duration::from_secs(5);

struct Scene {
    room: Room,
    recordings: PathBuf,
    marks: u64,
    _cameras: Cameras,
}

impl Scene {
    async fn start(recordings: &Path) -> Self {
        let cameras = Cameras::serve(&CAMERAS.join(","));
        let profile = recorded::profile(&cameras, &CAMERAS, Some(recordings));
        let room = Room::start_with(&profile).await;
        start_session(&room.data()).await;
        let scene = Self {
            room,
            recordings: recordings.to_owned(),
            marks: 0,
            _cameras: cameras,
        };
        until("files grow", || scene.files().len() >= CAMERAS.len()).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        scene
    }

    fn alarms(&self) -> Vec<Value> {
        let view = status(&self.room.data());
        view["alarms"].as_array().expect("alarms").clone()
    }

    /// What the recordings' disk is said to suffer from.
    fn fault(&self) -> Option<String> {
        let alarms = self.alarms();
        let of_disk = |alarm: &&Value| alarm["what"]["equipment"] == "disk-recordings";
        let alarm = alarms.iter().find(of_disk)?;
        Some(alarm["what"]["fault"]["kind"].as_str()?.to_owned())
    }

    /// Cameras that are known to lack something because of the disk.
    fn lacking(&self) -> BTreeSet<String> {
        let alarms = self.alarms();
        let of_disk = |alarm: &&Value| {
            alarm["what"]["kind"] == "recording_gap" && alarm["what"]["cause"] == "disk"
        };
        let feeds = alarms.iter().filter(of_disk);
        feeds
            .map(|alarm| alarm["what"]["feed"].as_str().expect("a feed").to_owned())
            .collect()
    }

    /// The journal takes commands, and the pages answer.
    async fn lives(&mut self) {
        self.marks += 1;
        let began = Instant::now();
        Order::mark(self.marks)
            .give(&self.room.data())
            .await
            .expect("marked");
        let health = self.room.browser().get("/healthz").await;
        assert!(health.status().is_success(), "{}", health.status());
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    }

    fn files(&self) -> BTreeSet<PathBuf> {
        let folders = CAMERAS
            .iter()
            .map(|camera| folder_of(&self.recordings, camera));
        let files = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let files = files.map(|file| file.expect("an entry").path());
        files
            .filter(|file| file.extension().is_some_and(|kind| kind == "mp4"))
            .collect()
    }

    async fn is_named(&self, kind: &str) -> Duration {
        let began = Instant::now();
        until(kind, || self.fault().as_deref() == Some(kind)).await;
        let took = began.elapsed();
        assert!(took < AT_ONCE, "{kind} was named after {took:?}");
        took
    }

    async fn is_well_again(&self) -> Duration {
        let began = Instant::now();
        until("well again", || {
            self.fault().is_none() && self.lacking().is_empty()
        })
        .await;
        began.elapsed()
    }

    /// Ends in order; all that was there before and all that came is whole, and what is missing is said.
    fn end(mut self, before: &BTreeSet<PathBuf>) -> Vec<Vec<Record>> {
        self.room.end(Signal::TERM);
        let after = self.files();
        assert!(
            before.is_subset(&after),
            "gone: {:?}",
            before.difference(&after)
        );
        let records = CAMERAS.map(|camera| recorded::sound(&folder_of(&self.recordings, camera)));
        for records in &records {
            recorded::nothing_is_missing_unsaid(records);
        }
        records.into()
    }
}

fn lacks(records: &[Vec<Record>]) -> usize {
    records
        .iter()
        .flat_map(|records| gaps(records))
        .filter(|gap| gap.cause == GapCause::Disk)
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_disk_and_one_that_hangs_are_named_and_cost_nothing() {
    if !disks::can_mount() {
        return;
    }
    let disk = SickDisk::new();
    let mut scene = Scene::start(&disk.path()).await;
    let before = scene.files();
    disk.becomes("slow");
    let slow = scene.is_named("disk_slow").await;
    scene.lives().await;
    disk.becomes("well");
    let quick = scene.is_well_again().await;
    disk.becomes("hung");
    let hung = scene.is_named("disk_slow").await;
    scene.lives().await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    scene.lives().await;
    disk.becomes("well");
    let back = scene.is_well_again().await;
    eprintln!(
        "named: slow after {slow:?}, hung after {hung:?}; well again after {quick:?} and {back:?}"
    );
    let records = scene.end(&before);
    assert_eq!(lacks(&records), 0, "{records:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preflight_finds_a_disk_that_is_slow_hangs_fails_or_is_read_only() {
    if !disks::can_mount() {
        return;
    }
    let cameras = Cameras::serve("camera-3");
    let on = |disk: &Path| recorded::profile(&cameras, &["camera-3"], Some(disk));
    let disk = SickDisk::new();
    let room = Room::start_with(&on(&disk.path())).await;
    let technician = room.signed_in("technician").await;
    for (manner, verdict, fault) in [
        ("well", "passed", Value::Null),
        ("slow", "failed", "disk_too_slow".into()),
        ("hung", "failed", "disk_slow".into()),
        ("eio", "failed", "disk_not_writable".into()),
        ("well", "passed", Value::Null),
    ] {
        disk.becomes(manner);
        let results = preflight::run(&room, &technician).await;
        let found = preflight::of(&results, "disk-recordings");
        assert_eq!(found["verdict"], verdict, "{manner}: {results}");
        assert_eq!(found["fault"]["kind"], fault, "{manner}: {results}");
    }
    drop(room);

    let disk = CutDisk::new(Cache::None);
    let room = Room::start_with(&on(&disk.path())).await;
    let technician = room.signed_in("technician").await;
    disk.become_read_only();
    let results = preflight::run(&room, &technician).await;
    for item in ["disk-recordings", "test-recording"] {
        let found = preflight::of(&results, item);
        assert_eq!(found["fault"]["kind"], "disk_read_only", "{results}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_with_faults_is_named_and_recording_goes_on_after_it() {
    if !disks::can_mount() {
        return;
    }
    let disk = SickDisk::new();
    let mut scene = Scene::start(&disk.path()).await;
    let before = scene.files();
    disk.becomes("eio");
    let named = scene.is_named("disk_not_writable").await;
    until("gaps", || scene.lacking().len() == CAMERAS.len()).await;
    scene.lives().await;
    disk.becomes("well");
    let well = scene.is_well_again().await;
    eprintln!("EIO: named after {named:?}, recording again after {well:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let records = scene.end(&before);
    assert!(lacks(&records) >= CAMERAS.len(), "{records:#?}");
    for records in &records {
        assert!(segments(records).count() >= 2, "{records:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_became_read_only_is_named_and_recording_goes_on_once_it_is_mended() {
    if !disks::can_mount() {
        return;
    }
    let mut disk = CutDisk::new(Cache::None);
    let mut scene = Scene::start(&disk.path()).await;
    let before = scene.files();
    disk.become_read_only();
    let named = scene.is_named("disk_read_only").await;
    until("gaps", || scene.lacking().len() == CAMERAS.len()).await;
    scene.lives().await;
    disk.mend();
    let well = scene.is_well_again().await;
    eprintln!("read-only: named after {named:?}, recording again {well:?} after it was mended");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let records = scene.end(&before);
    assert!(lacks(&records) >= CAMERAS.len(), "{records:#?}");
}
