//! What recording costs, in a process of its own: CPU time with and without recorders.

use crate::encoded::{Encoded, audio, publish, video_of};
use bidroom::media::feed::{Codec, Feeds};
use bidroom::media::recorder::{RecorderReport, Recorders, WantedRecordings};
use bidroom::room::{FeedId, FeedKind, FeedSpec, Place};
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

const FEEDS: u32 = 8;
const SECONDS: u32 = 12;

#[test]
fn the_cost_of_recording_is_printed() {
    let out = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "recorder_cost::child_that_measures",
        ])
        .env("BIDROOM_TEST_MEASURE", "1")
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let said = String::from_utf8_lossy(&out.stderr);
    let figure = said
        .lines()
        .find(|line| line.contains("ms CPU/s"))
        .expect("a figure");
    eprintln!("{figure}");
}

/// Not a check of its own: what the test before it starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_measures() {
    if std::env::var_os("BIDROOM_TEST_MEASURE").is_none() {
        return;
    }
    let picture = video_of(Codec::H264, (1280, 720), SECONDS, 0, 2_000);
    let sound = audio(Codec::Opus, SECONDS);
    let bytes: usize = picture.units.iter().map(|unit| unit.data.len()).sum();
    let alone = cost(&picture, &sound, false).await;
    let recording = cost(&picture, &sound, true).await;
    let each = (recording - alone) / f64::from(FEEDS) / f64::from(SECONDS);
    let mbit = bytes as f64 * 8.0 / 1e6 / f64::from(SECONDS);
    eprintln!("recording one feed of {mbit:.1} Mbit/s: {each:.2} ms CPU/s");
}

async fn cost(picture: &Encoded, sound: &Encoded, record: bool) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let ids: BTreeSet<FeedId> = (1..=FEEDS)
        .map(|n| format!("camera-{n}").parse().unwrap())
        .collect();
    let spec = |id: &FeedId| FeedSpec {
        id: id.clone(),
        name: "全景".into(),
        kind: FeedKind::Camera,
        place: Place::EvaluationRoom,
        simulated: false,
    };
    let feeds = Feeds::new(&ids.iter().map(spec).collect::<Vec<_>>());
    let recorders = Recorders::new(folder.path().to_owned(), false);
    let mut status = recorders.handle().status();
    let session = record.then(|| "BS-1".parse().unwrap());
    let (wanted_tx, wanted) = watch::channel(WantedRecordings {
        session,
        feeds: ids.clone(),
    });
    let (reports_tx, mut reports) = mpsc::channel::<RecorderReport>(1024);
    let worker = tokio::spawn(recorders.run(wanted, feeds.clone(), reports_tx));
    if record {
        status
            .wait_for(|status| status.feeds.len() == ids.len())
            .await
            .unwrap();
    }
    let before = cpu();
    let mut sources = tokio::task::JoinSet::new();
    for feed in feeds.iter() {
        let (feed, picture, sound) = (feed.clone(), picture.clone(), sound.clone());
        sources.spawn(async move { publish(&feed, &[&picture, &sound], 1).await });
    }
    sources.join_all().await;
    let spent = cpu() - before;
    drop(wanted_tx);
    let mut gaps = 0;
    while let Some(report) = reports.recv().await {
        gaps += u32::from(matches!(report, RecorderReport::GapOpened { .. }));
    }
    assert_eq!(gaps, 0, "nothing is missing");
    worker.await.unwrap();
    spent.as_secs_f64() * 1000.0
}

// time on a CPU of all threads of this process, ended ones too; the scheduler's own sum, not ticks
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
