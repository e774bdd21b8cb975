//! Chromium publishes by WHIP and watches by WHEP, through every coming and going.

use crate::recording::{files, session};
use crate::room::{Browser, PATIENCE, Room, loopback};
use bidroom::archive::feed_folder;
use bidroom::media::feed::{Codec, FeedStatus, Layer, Liveness, TrackKind, Unit};
use bidroom::media::recorder::{RecorderReport, Recorders, WantedRecordings};
use bidroom::room::{FeedId, SourceFault};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};

fn publish(room: &Room, owner: &str) -> Value {
    json!({ "url": room.url("/api/whip/seat-1-face"), "owner": owner, "simulcast": true })
}

fn watch(room: &Room, layer: &str) -> Value {
    json!({ "url": room.url(&format!("/api/whep/seat-1-face?layer={layer}")), "owner": "supervisor" })
}

fn number(seen: &Value, name: &str) -> f64 {
    seen[name].as_f64().unwrap_or(0.0)
}

/// All units that came in some time.
async fn record(units: &mut broadcast::Receiver<Arc<Unit>>, time: Duration) -> Vec<Arc<Unit>> {
    let mut recorded = Vec::new();
    let deadline = tokio::time::Instant::now() + time;
    while let Ok(unit) = tokio::time::timeout_at(deadline, units.recv()).await {
        recorded.push(unit.expect("the recorder keeps up"));
    }
    recorded
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_face_is_published_recorded_and_watched_in_both_sizes() {
    let room = Room::start(loopback()).await;
    let mut browser = Browser::start(&room).await;
    let mut units = room.feed("seat-1-face").units();
    let _: Value = browser
        .act("seat", "publish", publish(&room, "seat-1"))
        .await;
    room.until("seat-1-face", "live in both sizes", |s| {
        matches!(s.liveness, Liveness::Live { .. }) && s.layers == [Layer::Main, Layer::Small]
    })
    .await;

    let _: Value = browser.act("large", "watch", watch(&room, "main")).await;
    let _: Value = browser.act("tile", "watch", watch(&room, "small")).await;
    let has_all = |seen: &Value| number(seen, "frames") > 30.0 && number(seen, "sound") > 50.0;
    let large = browser.until("large", "picture and sound", has_all).await;
    let tile = browser.until("tile", "picture and sound", has_all).await;
    assert!(
        number(&large, "width") > 2.0 * number(&tile, "width"),
        "{large} {tile}"
    );
    assert!(number(&large, "energy") > 0.0, "the fake microphone beeps");
    assert!(number(&large, "firstFrame") < 1000.0 && number(&tile, "firstFrame") < 1000.0);

    let recorded = record(&mut units, Duration::from_secs(3)).await;
    let pictures: Vec<_> = recorded
        .iter()
        .filter(|u| u.format.codec == Codec::H264)
        .collect();
    let sounds: Vec<_> = recorded
        .iter()
        .filter(|u| u.format.codec == Codec::Opus)
        .collect();
    assert!(
        pictures.len() > 60 && sounds.len() > 100,
        "{} {}",
        pictures.len(),
        sounds.len()
    );
    assert!(
        pictures[0].key && pictures[0].data.starts_with(&[0, 0, 0, 1, 0x67]),
        "SPS before the key frame"
    );
    for track in [&pictures, &sounds] {
        assert!(
            track.windows(2).all(|pair| pair[0].pts <= pair[1].pts),
            "time goes on"
        );
    }
    assert!(
        pictures.last().unwrap().ntp.is_some() && sounds.last().unwrap().ntp.is_some(),
        "the sender's clock is kept"
    );
    let status = room.feed("seat-1-face").status().borrow().clone();
    assert_eq!(
        status.formats.keys().copied().collect::<Vec<_>>(),
        [TrackKind::Video, TrackKind::Audio]
    );
    assert!(status.size.is_some() && status.bytes > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_changes_its_size_begins_a_new_file_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::start(loopback()).await;
    let mut browser = Browser::start(&room).await;
    let id: FeedId = "seat-1-face".parse().unwrap();
    let (wanted, wanted_rx) = watch::channel(WantedRecordings {
        session: Some(session()),
        feeds: [id.clone()].into(),
    });
    let (reports, mut told) = mpsc::channel(64);
    let recorders = Recorders::new(folder.path().to_owned(), false);
    let running = tokio::spawn(recorders.run(wanted_rx, room.feeds.clone(), reports));
    let given = json!({
        "url": room.url("/api/whip/seat-1-face"), "owner": "seat-1", "simulcast": true, "flash": true,
    });
    let _: Value = browser.act("seat", "publish", given).await;
    let height = |s: &FeedStatus| s.size.map(|(_, height)| height);
    room.until("seat-1-face", "a picture of 480 lines", |s| {
        height(s) == Some(480)
    })
    .await;
    let size = json!({ "width": 960, "height": 720 });
    let _: Value = browser.act("seat", "resize", size).await;
    room.until("seat-1-face", "a picture of 720 lines", |s| {
        height(s) == Some(720)
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let _: Value = browser.act("seat", "still", json!(null)).await;
    let sent = browser.look("seat").await;
    let made = number(&sent["sent"]["h"], "frames");
    drop(wanted);
    let mut gaps = Vec::new();
    while let Some(report) = told.recv().await {
        if let RecorderReport::GapOpened { gap, .. } = report {
            gaps.push(gap);
        }
    }
    running.await.unwrap();
    assert_eq!(gaps, [], "{sent}");
    let place = feed_folder(folder.path(), &session(), &id);
    let (mut sizes, mut stored) = (Vec::new(), 0);
    for file in files(&place) {
        let (size, pictures) = picture_of(&file);
        sizes.push(size);
        stored += pictures;
    }
    sizes.dedup();
    // Chromium grows to the large size by its own steps
    assert_eq!(sizes.last().unwrap(), "960,720", "{sizes:?}");
    assert!(sizes.iter().any(|size| size == "640,480"), "{sizes:?}");
    eprintln!("{stored} of {made} pictures, {sizes:?}");
    // what came before the large layer had its first key frame was recorded of the small one
    assert!(stored as f64 >= made - 1.0, "{stored} of {made} pictures");
}

/// Size and number of a file's pictures, as ffprobe decodes them.
fn picture_of(file: &Path) -> (String, usize) {
    let out = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "v",
            "-count_frames",
            "-of",
            "csv=p=0",
        ])
        .args(["-show_entries", "stream=width,height,nb_read_frames"])
        .arg(file)
        .output()
        .unwrap();
    assert!(
        out.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let told = String::from_utf8(out.stdout).unwrap();
    let (size, pictures) = told.trim().rsplit_once(',').unwrap();
    (size.to_owned(), pictures.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_survive_the_loss_and_return_of_the_workstation() {
    let room = Room::start(loopback()).await;
    let mut browser = Browser::start(&room).await;
    // a viewer may come first, and see the picture when it comes
    let _: Value = browser.act("wall", "watch", watch(&room, "small")).await;
    browser
        .until("wall", "a connection", |seen| {
            seen["connection"] == "connected"
        })
        .await;
    let _: Value = browser
        .act("seat", "publish", publish(&room, "seat-1"))
        .await;
    let before = browser
        .until("wall", "a picture", |seen| number(seen, "frames") > 10.0)
        .await;

    // the machine is switched off: no DELETE, no goodbye
    let _: Value = browser.act("seat", "kill", json!(null)).await;
    room.until("seat-1-face", "lost", |s| {
        matches!(s.liveness, Liveness::Lost { .. })
    })
    .await;
    let _: Value = browser
        .act("seat", "publish", publish(&room, "seat-1"))
        .await;
    room.until("seat-1-face", "live", |s| {
        matches!(s.liveness, Liveness::Live { .. })
    })
    .await;
    let more = number(&before, "frames") + 100.0;
    let after = browser
        .until("wall", "the picture again", |seen| {
            number(seen, "frames") > more
        })
        .await;
    assert_eq!(
        after["connection"], "connected",
        "it is the same connection"
    );
    assert!(number(&after, "sound") > number(&before, "sound") + 100.0);

    // a goodbye is known at once, and by its name
    let status: u16 = browser
        .act("seat", "end", json!({ "owner": "seat-1" }))
        .await;
    assert_eq!(status, 200);
    let lost = room.feed("seat-1-face").status().borrow().liveness.clone();
    let Liveness::Lost { cause, .. } = lost else {
        panic!("{lost:?}")
    };
    assert_eq!(cause, SourceFault::WorkstationLeft);
    assert_eq!(room.peers.counts().publishers, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebooted_workstation_does_not_wait_and_another_does_not_get_in() {
    let room = Room::start(loopback()).await;
    let mut browser = Browser::start(&room).await;
    let _: Value = browser
        .act("first", "publish", publish(&room, "seat-1"))
        .await;
    room.until("seat-1-face", "live", |s| {
        matches!(s.liveness, Liveness::Live { .. })
    })
    .await;
    let mut bursts = room.feed("seat-1-face").bursts(Layer::Main);
    let mut units = room.feed("seat-1-face").units();
    let collected = tokio::spawn(async move {
        let mut numbers: BTreeMap<TrackKind, Vec<u16>> = BTreeMap::new();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(6);
        while let Ok(burst) = tokio::time::timeout_at(deadline, bursts.recv()).await {
            for packet in burst.expect("the test keeps up").iter() {
                numbers
                    .entry(packet.format.codec.track())
                    .or_default()
                    .push(packet.packet.header.sequence_number);
            }
        }
        numbers
    });
    let _: Value = browser
        .act("second", "publish", publish(&room, "seat-1"))
        .await;
    browser
        .until("first", "that it was replaced", |seen| {
            seen["connection"] != "connected"
        })
        .await;
    room.until("seat-1-face", "live", |s| {
        matches!(s.liveness, Liveness::Live { .. })
    })
    .await;

    // numbers go on from one connection to the next
    let numbers = collected.await.unwrap();
    assert_eq!(numbers.len(), 2, "picture and sound came");
    for (kind, numbers) in numbers {
        assert!(numbers.len() > 200, "{kind:?}: {}", numbers.len());
        for pair in numbers.windows(2) {
            let step = pair[1].wrapping_sub(pair[0]);
            assert!(
                step.wrapping_add(50) < 100,
                "{kind:?}: {} is followed by {}",
                pair[0],
                pair[1]
            );
        }
    }
    let recorded = record(&mut units, Duration::from_millis(1)).await;
    let pts: Vec<_> = recorded
        .iter()
        .filter(|u| u.format.codec == Codec::H264)
        .map(|u| u.pts)
        .collect();
    assert!(
        pts.windows(2).all(|pair| pair[0] <= pair[1]),
        "time does not go back"
    );
    drop(recorded);

    let offer = reqwest_offer(&room, &mut browser).await;
    assert_eq!(offer, 409, "another's feed");
    assert_eq!(
        room.peers.counts().publishers,
        2,
        "the face and the borrowed talk-back"
    );
}

/// The status that somebody else gets for an offer that would be taken.
async fn reqwest_offer(room: &Room, browser: &mut Browser) -> u16 {
    let published: Value = browser
        .act(
            "third",
            "publish",
            json!({ "url": room.url("/api/whip/talkback"), "owner": "x", "noVideo": true }),
        )
        .await;
    let sdp = published["offer"].as_str().unwrap().to_owned();
    let answer = reqwest::Client::new()
        .post(room.url("/api/whip/seat-1-face"))
        .header("content-type", "application/sdp")
        .bearer_auth("seat-2")
        .body(sdp)
        .send();
    tokio::time::timeout(PATIENCE, answer)
        .await
        .unwrap()
        .unwrap()
        .status()
        .as_u16()
}
