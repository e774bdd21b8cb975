//! Recordings are found, opened and played by a browser.

use crate::encoded::{audio, publish, video};
use crate::recording::{Room, segments, session, until};
use bidroom::archive::playback;
use bidroom::media::feed::Codec;
use bidroom::room::FeedKind;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Files of each codec pair that Chromium has decoders for, short.
async fn record_once(data: &Path, video_codec: Codec, audio_codec: Codec) -> PathBuf {
    let picture = video(video_codec, (320, 240), 4, 0);
    let sound = audio(audio_codec, 4).later(picture.units[0].pts);
    let mut room = Room::at(data, FeedKind::Camera);
    room.live(&[&picture, &sound]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 8).await;
    let records = room.stop().await;
    let file = room.folder().join(&segments(&records).last().unwrap().file);
    room.shut_down().await;
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_plays_and_seeks_every_file() {
    let folder = tempfile::tempdir().unwrap();
    for sound in [Codec::Opus, Codec::Aac, Codec::Pcma, Codec::Pcmu] {
        let file = record_once(folder.path(), Codec::H264, sound).await;
        let played = chromium_plays(&file);
        assert_eq!(played, "320x240_seeked_ended_error=null", "{sound:?}");
    }
}

/// Plays the first half second, seeks to 3 s, plays to the end; what the page then says.
fn chromium_plays(file: &Path) -> String {
    // virtual time runs ahead of media: the page tells when it is done by a request
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let page = file.with_extension("html");
    let name = file.file_name().unwrap().to_str().unwrap();
    let html = format!(
        r#"<body><video id=v src="{name}"></video><script>
        const v = document.getElementById('v');
        const seen = [];
        const say = (event) => new Promise((done) => v.addEventListener(event, done, {{ once: true }}));
        const wait = (ms) => new Promise((done) => setTimeout(done, ms));
        (async () => {{
          await v.play();
          while (v.currentTime < 0.5) await wait(20);
          seen.push(v.videoWidth + 'x' + v.videoHeight);
          v.currentTime = 3;
          await say('seeked');
          if (Math.abs(v.currentTime - 3) < 0.5) seen.push('seeked');
          await say('ended');
          seen.push('ended', 'error=' + v.error);
        }})().catch((fault) => seen.push(fault)).finally(() => fetch('http://127.0.0.1:{port}/' + seen.join('_'), {{ mode: 'no-cors' }}));
        </script>"#
    );
    std::fs::write(&page, html).unwrap();
    let profile = tempfile::tempdir().unwrap();
    let mut chromium = Command::new("chromium")
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--mute-audio",
        ])
        .arg("--autoplay-policy=no-user-gesture-required")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", page.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromium is installed");
    let told = told_within(&listener, Duration::from_secs(30));
    chromium.kill().unwrap();
    chromium.wait().unwrap();
    told.expect("the page tells what it saw")
}

fn told_within(listener: &TcpListener, limit: Duration) -> Option<String> {
    listener.set_nonblocking(true).unwrap();
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Ok((mut request, _)) = listener.accept() {
            request.set_nonblocking(false).unwrap();
            let mut start = [0; 256];
            let length = request.read(&mut start).unwrap();
            let line = String::from_utf8_lossy(&start[..length]).into_owned();
            return line
                .split_whitespace()
                .nth(1)
                .map(|path| path.trim_start_matches('/').to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_recorded_can_be_listed_and_opened_while_it_grows() {
    let picture = video(Codec::H264, (320, 240), 12, 0);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&picture]);
    room.ready().await;
    publish(room.feed(), &[&picture], 10).await;
    let listed = || playback::list(&room.data, &session()).unwrap();
    until("a closed and a growing file", || {
        listed()[0]
            .segments
            .iter()
            .map(|segment| segment.to.is_some())
            .collect::<Vec<_>>()
            == [true, false]
    })
    .await;
    let listed = listed();
    let file = &listed[0].segments[0].file;
    let (path, from) = playback::locate(&room.data, &session(), &room.id, file).unwrap();
    assert_eq!(
        std::fs::metadata(path).unwrap().len(),
        listed[0].segments[0].bytes
    );
    assert_eq!(from, listed[0].segments[0].from);
    std::os::unix::fs::symlink(
        "/etc/passwd",
        room.folder().join("20261124T000000.000Z.mp4"),
    )
    .unwrap();
    for name in [
        "../../../../etc/passwd",
        "/etc/passwd",
        "index.jsonl",
        "",
        "20261124T000000.000Z.mp4",
    ] {
        let found = playback::locate(&room.data, &session(), &room.id, name);
        assert_eq!(found, None, "{name}");
    }
    assert!(
        playback::list(&room.data, &"other".parse().unwrap())
            .unwrap()
            .is_empty()
    );
}
