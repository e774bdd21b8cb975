//! A stranger's client, GStreamer's webrtcbin, publishes and watches with a token.

use crate::room::{PATIENCE, Room, loopback};
use bidroom::media::feed::{Codec, Liveness, TrackKind};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

struct Stranger {
    stdin: ChildStdin,
    child: Child,
}

impl Stranger {
    /// Returns when media flow.
    async fn start(act: &str, url: String, token: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/media/stranger.py");
        let mut child = Command::new("/usr/bin/python3")
            .args([script, act, &url, token])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Debian's python3 is installed");
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line())
            .await
            .expect("media flow in time");
        let line = line
            .unwrap()
            .unwrap_or_else(|| panic!("the stranger could not {act}"));
        assert!(line.contains("\"flows\": true"), "{line}");
        Self { stdin, child }
    }

    /// Lets it say goodbye.
    async fn end(mut self) {
        drop(self.stdin);
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("it ends in time");
        assert!(status.unwrap().success(), "DELETE is answered");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gstreamer_publishes_and_watches() {
    let room = Room::start(loopback()).await;
    let mut units = room.feed("seat-1-face").units();
    let publisher = Stranger::start("publish", room.url("/api/whip/seat-1-face"), "sdk").await;
    let status = room
        .until("seat-1-face", "live with picture and sound", |s| {
            matches!(s.liveness, Liveness::Live { .. }) && s.formats.len() == 2
        })
        .await;
    assert_eq!(status.formats[&TrackKind::Video].codec, Codec::H264);
    assert_eq!(status.formats[&TrackKind::Audio].codec, Codec::Opus);
    assert_eq!(status.size, Some((640, 360)));
    assert!(units.recv().await.is_ok());

    let viewer = Stranger::start("watch", room.url("/api/whep/seat-1-face"), "sdk-2").await;
    assert_eq!(
        (room.peers.counts().publishers, room.peers.counts().viewers),
        (1, 1)
    );
    viewer.end().await;
    publisher.end().await;
    assert_eq!(
        (room.peers.counts().publishers, room.peers.counts().viewers),
        (0, 0)
    );
    room.until("seat-1-face", "lost", |s| {
        matches!(s.liveness, Liveness::Lost { .. })
    })
    .await;
}
