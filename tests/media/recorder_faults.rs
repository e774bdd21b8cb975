//! Killed, full, cut or changed: recordings stay playable, and what is wrong is named.

use crate::encoded::{audio, publish, video};
use crate::probe::{Probed, decode, probe};
use crate::recording::{Room, close_to, files, gaps, segments, session, until};
use bidroom::archive::index::{Depth, verify};
use bidroom::archive::{CloseCause, feed_folder, index};
use bidroom::media::feed::Codec;
use bidroom::media::recorder::RecorderReport;
use bidroom::room::{FeedKind, GapCause};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_not_there_yet_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("sessions");
    std::fs::write(&blocked, "a file where a folder should be").unwrap();
    let picture = video(Codec::H264, (320, 240), 12, 0);
    let mut room = Room::at(folder.path(), FeedKind::Camera);
    room.live(&[&picture]);
    room.ready().await;
    let feed = room.feed().clone();
    let source = tokio::spawn(async move { publish(&feed, &[&picture], 1).await });
    let opened = room
        .report("gap", |report| {
            matches!(report, RecorderReport::GapOpened { .. })
        })
        .await;
    let RecorderReport::GapOpened { gap, .. } = opened else {
        unreachable!()
    };
    assert_eq!(gap.cause, GapCause::Disk);
    std::fs::remove_file(&blocked).unwrap();
    room.report("end of the gap", |report| {
        matches!(report, RecorderReport::GapClosed { .. })
    })
    .await;
    let records = room.stop().await;
    source.abort();
    assert_eq!(segments(&records).len(), 1, "{records:#?}");
    assert_eq!(gaps(&records)[0].cause, GapCause::Disk);
}

/// Not a check of its own: what the test after it starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_records_until_it_is_killed() {
    let Some(data) = std::env::var_os("BIDROOM_TEST_RECORD_INTO") else {
        return;
    };
    let picture = video(Codec::H264, (320, 240), 60, 0);
    let sound = audio(Codec::Opus, 60);
    let mut room = Room::at(Path::new(&data), FeedKind::Camera);
    room.live(&[&picture, &sound]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 1).await;
    panic!("nobody killed it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kill_9_all_files_play_and_the_gap_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "recorder_faults::child_that_records_until_it_is_killed",
        ])
        .env("BIDROOM_TEST_RECORD_INTO", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let feed = feed_folder(folder.path(), &session(), &"camera-1".parse().unwrap());
    // one closed segment, and some seconds of the next
    until("the second segment grows", || {
        let sizes: Vec<_> = files(&feed)
            .iter()
            .map(|file| std::fs::metadata(file).unwrap().len())
            .collect();
        sizes.len() == 2 && sizes[1] > 200_000
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64;

    let torn = files(&feed).pop().unwrap();
    let before: f64 = probe(&torn).0.iter().map(Probed::end).fold(0.0, f64::max);
    // and a power cut that tears the last fragment
    let length = std::fs::metadata(&torn).unwrap().len();
    std::fs::File::options()
        .write(true)
        .open(&torn)
        .unwrap()
        .set_len(length - 1000)
        .unwrap();

    let picture = video(Codec::H264, (320, 240), 2, 0);
    let sound = audio(Codec::Opus, 2);
    let mut room = Room::at(folder.path(), FeedKind::Camera);
    room.live(&[&picture, &sound]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 1).await;
    let records = room.stop().await;
    let segments = segments(&records);
    assert_eq!(segments.len(), 3, "{records:#?}");
    assert_eq!(segments[1].cause, CloseCause::Recovered);
    segments.iter().for_each(|s| decode(&feed.join(&s.file)));
    let whole = probe(&feed.join(&segments[1].file)).0;
    let after: f64 = whole.iter().map(Probed::end).fold(0.0, f64::max);
    assert!(
        after <= before && after > before - 0.6,
        "{after} of {before} s are left"
    );
    assert_eq!(segments[1].tracks[0].samples, whole[0].packets.len() as u64);
    close_to(
        (segments[1].to.0 - segments[1].from.0) as f64 / 1000.0,
        after,
        "the recovered duration",
    );
    assert!(
        (segments[1].to.0..segments[1].to.0 + 1_000).contains(&killed),
        "{killed} {segments:#?}"
    );
    let gaps = gaps(&records);
    assert_eq!(gaps.len(), 2, "{gaps:#?}");
    for gap in gaps {
        assert_eq!(gap.cause, GapCause::DaemonNotRunning);
        assert!(
            gap.from <= segments[1].to && gap.from.0 > segments[1].to.0 - 200,
            "{gap:?}"
        );
        assert!(
            (gap.to.0 - segments[2].from.0).abs() < 100,
            "{gap:?} {:?}",
            segments[2]
        );
    }
    room.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_is_a_gap_and_a_stop_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let picture = video(Codec::H264, (320, 240), 2, 0);
    for expected in [0, 1] {
        let mut room = Room::at(folder.path(), FeedKind::Camera);
        room.live(&[&picture]);
        room.ready().await;
        publish(room.feed(), &[&picture], 4).await;
        room.report("start", |report| {
            matches!(report, RecorderReport::Started { .. })
        })
        .await;
        let (lines, _) = index::read(&room.folder()).unwrap();
        let records: Vec<_> = lines.into_iter().map(|line| line.record).collect();
        assert_eq!(gaps(&records).len(), expected, "{records:#?}");
        if expected == 0 {
            room.shut_down().await;
        } else {
            room.stop().await;
        }
    }
    let mut room = Room::at(folder.path(), FeedKind::Camera);
    room.live(&[&picture]);
    room.ready().await;
    publish(room.feed(), &[&picture], 4).await;
    let records = room.stop().await;
    assert_eq!(
        gaps(&records).len(),
        1,
        "the stop made no gap: {records:#?}"
    );
    assert_eq!(segments(&records).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_at_once_and_recording_goes_on_when_there_is_room() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: mounting a small disk needs root");
        return;
    }
    let disk = SmallDisk::new("3m");
    let picture = video(Codec::H264, (640, 360), 30, 0);
    let sound = audio(Codec::Opus, 30);
    let mut room = Room::at(disk.path(), FeedKind::Camera);
    room.live(&[&picture, &sound]);
    room.ready().await;
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 2_700_000]).unwrap();
    let feed = room.feed().clone();
    let source = tokio::spawn(async move { publish(&feed, &[&picture, &sound], 1).await });
    let opened = room
        .report("gap", |report| {
            matches!(report, RecorderReport::GapOpened { .. })
        })
        .await;
    let RecorderReport::GapOpened { gap, .. } = opened else {
        unreachable!()
    };
    assert_eq!(gap.cause, GapCause::Disk);
    std::fs::remove_file(&ballast).unwrap();
    for _ in 0..2 {
        room.report("end of the gap", |report| {
            matches!(report, RecorderReport::GapClosed { .. })
        })
        .await;
    }
    let mut status = room.handle.status();
    let id = room.id.clone();
    let healed = status.wait_for(|status| {
        status.feeds[&id].gaps.is_empty() && status.feeds[&id].head.segments > 0
    });
    tokio::time::timeout(Duration::from_secs(10), healed)
        .await
        .expect("heals")
        .unwrap();
    let records = room.stop().await;
    source.abort();
    let segments = segments(&records);
    assert!(
        segments
            .iter()
            .any(|segment| segment.cause == CloseCause::DiskFault),
        "{records:#?}"
    );
    assert!(
        gaps(&records).iter().all(|gap| gap.cause == GapCause::Disk),
        "{records:#?}"
    );
    segments
        .iter()
        .for_each(|s| decode(&room.folder().join(&s.file)));
    assert_eq!(
        files(&room.folder()).len(),
        segments.len(),
        "no file is left over"
    );
    room.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_line_or_file_is_named() {
    let picture = video(Codec::H264, (320, 240), 21, 0);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&picture]);
    room.ready().await;
    publish(room.feed(), &[&picture], 20).await;
    let records = room.stop().await;
    let path = room.folder().join("index.jsonl");
    let good = std::fs::read_to_string(&path).unwrap();
    let fault = |text: &str| {
        std::fs::write(&path, text).unwrap();
        verify(&room.folder(), Depth::Files)
            .unwrap_err()
            .to_string()
    };
    let second = segments(&records)[0];
    let longer = good.replacen(
        &format!("\"to\":{}", second.to.0),
        &format!("\"to\":{}", second.to.0 + 1),
        1,
    );
    assert!(
        fault(&longer).starts_with("line 3: `prev`"),
        "{}",
        fault(&longer)
    );
    let without: String = good
        .lines()
        .enumerate()
        .filter(|(n, _)| *n != 2)
        .map(|(_, l)| format!("{l}\n"))
        .collect();
    assert!(
        fault(&without).starts_with("line 3: says it is line 4"),
        "{}",
        fault(&without)
    );
    assert!(
        fault(good.trim_end()).contains("does not end"),
        "{}",
        fault(good.trim_end())
    );
    std::fs::write(&path, &good).unwrap();
    let file = room.folder().join(&second.file);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let named = verify(&room.folder(), Depth::Files)
        .unwrap_err()
        .to_string();
    assert!(
        named.starts_with(&format!("line 2: {}: has SHA-256", second.file)),
        "{named}"
    );
    assert!(verify(&room.folder(), Depth::Chain).is_ok());
}

/// A tmpfs of that size, unmounted at the end.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new(size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .status();
        assert!(mounted.unwrap().success(), "tmpfs is mounted");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}
