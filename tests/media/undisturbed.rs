//! What is recorded of a camera is what it sent, whoever watches: the same bytes with nobody and with viewers that
//! come and go.

use crate::in_step::{Server, ffmpeg};
use crate::recording::{files, session, until};
use crate::room::{self, Browser, loopback};
use bidroom::archive::feed_folder;
use bidroom::media::capture::{self, Password, RtspSource, Source};
use bidroom::media::feed::Layer;
use bidroom::media::recorder::{Recorders, WantedRecordings};
use serde_json::{Value, json};
use std::path::Path;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// The pictures' slices in a file, in order: parameter sets are repeated by whoever transports them.
fn slices(file: &Path) -> Vec<Vec<u8>> {
    let stream = ffmpeg(&[
        "-i",
        file.to_str().unwrap(),
        "-map",
        "0:v",
        "-c",
        "copy",
        "-bsf:v",
        "h264_mp4toannexb",
        "-f",
        "h264",
        "-",
    ]);
    let mut starts: Vec<usize> = stream
        .windows(3)
        .enumerate()
        .filter(|(_, w)| *w == [0, 0, 1])
        .map(|(at, _)| at + 3)
        .collect();
    starts.push(stream.len() + 3);
    let units = starts.windows(2).map(|pair| {
        let unit = &stream[pair[0]..pair[1] - 3];
        let end = unit.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
        unit[..end].to_vec()
    });
    units
        .filter(|unit| matches!(unit.first().map(|b| b & 0x1f), Some(1 | 5)))
        .collect()
}

/// Records the clip's camera for two files' time; the slices of all.
async fn recorded(clip: &Path, watched: bool) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of(clip);
    let room = room::Room::start(loopback()).await;
    let id = "camera-1".parse().unwrap();
    let (wanted, wanted_rx) = watch::channel(WantedRecordings {
        session: Some(session()),
        feeds: [id].into(),
    });
    let (reports, mut told) = mpsc::channel(64);
    let recorders = Recorders::new(folder.path().to_owned(), false);
    let handle = recorders.handle();
    let running = tokio::spawn(recorders.run(wanted_rx, room.feeds.clone(), reports));
    handle
        .status()
        .wait_for(|status| !status.feeds.is_empty())
        .await
        .unwrap();
    let feed = room.feed("camera-1");
    let source = Source::Rtsp {
        main: RtspSource {
            url: format!("rtsp://127.0.0.1:{}/main", server.1)
                .parse()
                .unwrap(),
            username: String::new(),
            password: Password::from(String::new()),
        },
        sub: None,
    };
    let mut camera = JoinSet::new();
    let captured = feed.clone();
    camera.spawn(async move { match capture::run(captured, source).await {} });
    let place = feed_folder(folder.path(), &session(), feed.id());
    let mut joined = 0;
    if watched {
        let mut browser = Browser::start(&room).await;
        let url = room.url("/api/whep/camera-1");
        while files(&place).len() < 2 {
            let page = format!("viewer-{}", joined % 3);
            let _: Value = browser
                .act(&page, "watch", json!({ "url": url, "owner": "supervisor" }))
                .await;
            joined += 1;
            if joined % 3 == 0 {
                browser
                    .until(&page, "a picture", |seen| {
                        seen["frames"].as_f64() > Some(0.0)
                    })
                    .await;
                // without a goodbye, as a page that crashed
                for page in ["viewer-0", "viewer-1"] {
                    let _: Value = browser.act(page, "kill", json!(null)).await;
                }
            }
        }
        assert!(
            joined >= 6 && feed.viewers(Layer::Main) > 0,
            "{joined} came"
        );
    } else {
        until("two files", || files(&place).len() >= 2).await;
    }
    drop(wanted);
    while told.recv().await.is_some() {}
    running.await.unwrap();
    eprintln!("recorded with {joined} viewers that came and went");
    files(&place).iter().flat_map(|file| slices(file)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_is_recorded_byte_for_byte_whoever_watches() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mov");
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=640x360:rate=25:duration=30",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:sample_rate=8000:duration=30",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-profile:v",
        "baseline",
        "-g",
        "50",
        "-c:a",
        "pcm_alaw",
        clip.to_str().unwrap(),
    ]);
    let sent = slices(&clip);
    for watched in [false, true] {
        let kept = recorded(&clip, watched).await;
        assert!(kept.len() > 250, "{} slices", kept.len());
        let first = kept.iter().zip(&sent).position(|(kept, sent)| kept != sent);
        assert_eq!(
            first,
            None,
            "watched: {watched}; the first that differs of {}",
            kept.len()
        );
    }
}
