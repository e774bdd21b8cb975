//! Watching by WHEP: cameras that make key frames when they like, networks that change or let no UDP
//! pass, viewers that come and go.

use crate::room::{Browser, PATIENCE, Room, loopback};
use bidroom::media::feed::{Codec, Feed, Format, Layer, LivePacket, Liveness};
use bidroom::media::h264::begins_key_frame;
use bidroom::media::peer::{Settings, rtp};
use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;
use rtc::shared::marshal::Unmarshal;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A camera: 720p of a key frame every 4 s, which no wish brings forward; and a sub stream.
pub(crate) struct Camera {
    pipeline: gst::Pipeline,
    made: Arc<AtomicU64>,
}

impl Camera {
    pub(crate) fn start(feed: &Feed, layers: &[Layer], sound: Codec) -> Self {
        gst::init().unwrap();
        let mut text = String::new();
        for layer in layers {
            let (width, height) = match layer {
                Layer::Main => (1280, 720),
                Layer::Small => (320, 180),
            };
            text += &format!(
                "videotestsrc is-live=true pattern=ball ! video/x-raw,width={width},height={height},framerate=25/1 \
                 ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=100 \
                 ! video/x-h264,profile=high ! rtph264pay mtu=1200 ! appsink name={layer:?} sync=false "
            );
        }
        let encoder = match sound {
            Codec::Pcma => "alawenc ! rtppcmapay",
            Codec::Opus => "opusenc ! rtpopuspay",
            Codec::H264 | Codec::H265 | Codec::Aac | Codec::Pcmu => panic!("not a test's sound"),
        };
        let rate = if sound == Codec::Pcma { 8_000 } else { 48_000 };
        text += &format!(
            "audiotestsrc is-live=true samplesperbuffer={} ! audio/x-raw,rate={rate},channels=1 ! {encoder} \
             ! appsink name=sound sync=false",
            rate / 50
        );
        let made = Arc::new(AtomicU64::new(0));
        let pipeline = gst::parse::launch(&text)
            .unwrap()
            .downcast::<gst::Pipeline>()
            .unwrap();
        for &layer in layers {
            let format = format(Codec::H264, 90_000);
            forward(
                &pipeline,
                &format!("{layer:?}"),
                feed.clone(),
                vec![layer],
                format,
                made.clone(),
            );
        }
        forward(
            &pipeline,
            "sound",
            feed.clone(),
            vec![Layer::Main, Layer::Small],
            format(sound, rate),
            Arc::default(),
        );
        pipeline.set_state(gst::State::Playing).unwrap();
        let layers = layers.to_vec();
        feed.update(|status| {
            status.layers = layers;
            status.liveness = Liveness::Live {
                since: Instant::now(),
            };
        });
        Self { pipeline, made }
    }

    /// How many pictures it has sent, all layers.
    pub(crate) fn made(&self) -> f64 {
        self.made.load(Ordering::Relaxed) as f64
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn format(codec: Codec, clock_rate: u32) -> Arc<Format> {
    let channels = if codec == Codec::H264 { 0 } else { 1 };
    Arc::new(Format {
        codec,
        clock_rate,
        channels,
        setup: Bytes::new(),
    })
}

fn forward(
    pipeline: &gst::Pipeline,
    name: &str,
    feed: Feed,
    layers: Vec<Layer>,
    format: Arc<Format>,
    made: Arc<AtomicU64>,
) {
    let sink = pipeline
        .by_name(name)
        .unwrap()
        .downcast::<AppSink>()
        .unwrap();
    let take = move |sink: &AppSink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let buffers: Vec<gst::Buffer> = match sample.buffer_list_owned() {
            Some(list) => list.iter_owned().collect(),
            None => sample.buffer_owned().into_iter().collect(),
        };
        for buffer in buffers {
            let map = buffer.map_readable().unwrap();
            let packet = rtp::Packet::unmarshal(&mut Bytes::copy_from_slice(&map)).unwrap();
            made.fetch_add(u64::from(packet.header.marker), Ordering::Relaxed);
            let key = format.codec == Codec::H264 && begins_key_frame(&packet.payload);
            for &layer in &layers {
                let (format, packet) = (format.clone(), packet.clone());
                feed.publish_packet(
                    layer,
                    LivePacket {
                        format,
                        key,
                        arrival: Instant::now(),
                        packet,
                    },
                );
            }
        }
        Ok(gst::FlowSuccess::Ok)
    };
    sink.set_callbacks(
        gstreamer_app::AppSinkCallbacks::builder()
            .new_sample(take)
            .build(),
    );
}

pub(crate) fn watch(room: &Room, path: &str) -> Value {
    json!({ "url": room.url(path), "owner": "supervisor" })
}

pub(crate) fn number(seen: &Value, name: &str) -> f64 {
    seen[name].as_f64().unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_is_seen_at_once_and_live_though_its_key_frames_are_rare() {
    let room = Room::start(loopback()).await;
    let feed = room.feed("camera-1");
    let _camera = Camera::start(&feed, &[Layer::Main], Codec::Pcma);
    // 2 s into the group of pictures
    tokio::time::sleep(Duration::from_secs(6)).await;
    let mut browser = Browser::start(&room).await;
    // the tile falls back to the main stream, as the camera has no other
    for (page, layer) in [("one", "main"), ("two", "small"), ("three", "main")] {
        let _: Value = browser
            .act(
                page,
                "watch",
                watch(&room, &format!("/api/whep/camera-1?layer={layer}")),
            )
            .await;
        let seen = browser
            .until(page, "a picture", |seen| number(seen, "firstFrame") > 0.0)
            .await;
        // generous: how soon is measured by scripts/bench join
        assert!(number(&seen, "firstFrame") < 3000.0, "{seen}");
    }
    let first = browser
        .until("one", "more", |seen| number(seen, "frames") > 100.0)
        .await;
    browser
        .until("one", "the camera's G.711 sound", |seen| {
            number(seen, "energy") > 0.01 && number(seen, "sound") > 50.0
        })
        .await;
    assert_eq!(number(&first, "lost"), 0.0, "{first}");
    let more = number(&first, "frames") + 50.0;
    browser
        .until("one", "pictures that go on", |seen| {
            number(seen, "frames") > more
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_changes_to_its_layer_when_it_appears_and_back_when_it_goes() {
    let room = Room::start(loopback()).await;
    let feed = room.feed("camera-1");
    let _camera = Camera::start(&feed, &[Layer::Main, Layer::Small], Codec::Opus);
    feed.update(|status| status.layers = vec![Layer::Small]);
    let mut browser = Browser::start(&room).await;
    let _: Value = browser
        .act("one", "watch", watch(&room, "/api/whep/camera-1"))
        .await;
    browser
        .until("one", "the small picture", |seen| {
            number(seen, "width") == 320.0
        })
        .await;
    feed.update(|status| status.layers = vec![Layer::Main, Layer::Small]);
    browser
        .until("one", "the main picture", |seen| {
            number(seen, "width") == 1280.0
        })
        .await;
    feed.update(|status| status.layers = vec![Layer::Small]);
    let seen = browser
        .until("one", "the small picture", |seen| {
            number(seen, "width") == 320.0
        })
        .await;
    assert_eq!(seen["connection"], "connected");
    assert_eq!(number(&seen, "lost"), 0.0, "numbers go on: {seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ice_is_restarted_without_losing_the_picture() {
    let room = Room::start(loopback()).await;
    let _camera = Camera::start(&room.feed("camera-1"), &[Layer::Main], Codec::Opus);
    let mut browser = Browser::start(&room).await;
    let _: Value = browser
        .act("one", "watch", watch(&room, "/api/whep/camera-1"))
        .await;
    let before = browser
        .until("one", "a picture", |seen| number(seen, "frames") > 10.0)
        .await;
    let restarted: Value = browser
        .act("one", "restart", json!({ "owner": "supervisor" }))
        .await;
    assert_eq!(
        restarted["changed"], true,
        "the new ICE session has a new tag"
    );
    let fragment = restarted["fragment"].as_str().unwrap();
    assert!(
        fragment.contains("a=candidate:") && fragment.contains("m="),
        "{fragment}"
    );
    let more = number(&before, "frames") + 100.0;
    browser
        .until("one", "the picture again", |seen| {
            number(seen, "frames") > more
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_whose_network_lets_no_udp_pass_comes_by_tcp() {
    let settings = Settings {
        tcp_port: Some(0),
        ..loopback()
    };
    let room = Room::start(settings).await;
    let _camera = Camera::start(&room.feed("camera-1"), &[Layer::Main], Codec::Opus);
    let mut browser = Browser::start(&room).await;
    let only_tcp =
        json!({ "url": room.url("/api/whep/camera-1"), "owner": "supervisor", "onlyTcp": true });
    for page in ["one", "two"] {
        let _: Value = browser.act(page, "watch", only_tcp.clone()).await;
        let seen = browser
            // Chromium names the way a little after it is used
            .until(page, "a picture and its way", |seen| {
                number(seen, "frames") > 30.0 && seen["protocol"].is_string()
            })
            .await;
        assert_eq!(seen["protocol"], "tcp", "{seen}");
        eprintln!(
            "{page}: first frame over TCP after {} ms",
            seen["firstFrame"]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_that_vanish_are_cleaned_up() {
    let room = Room::start(loopback()).await;
    let _camera = Camera::start(&room.feed("camera-1"), &[Layer::Main], Codec::Opus);
    let mut browser = Browser::start(&room).await;
    let _: Value = browser
        .act("one", "watch", watch(&room, "/api/whep/camera-1"))
        .await;
    browser
        .until("one", "a picture", |seen| number(seen, "frames") > 10.0)
        .await;
    assert_eq!(room.peers.counts().viewers, 1);
    // closing a page says goodbye by DTLS; the whole browser at once does not
    drop(browser);
    all_gone(&room).await;
}

/// File descriptors and resident kilobytes of this process, which is the box here.
pub(crate) fn held() -> (usize, usize) {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    (
        descriptors,
        line.split_whitespace().nth(1).unwrap().parse().unwrap(),
    )
}

/// `BIDROOM_JOINS` makes it a soak, e.g. 1000.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_and_leaving_leaves_nothing_behind() {
    let joins = std::env::var("BIDROOM_JOINS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(40);
    let room = Room::start(loopback()).await;
    let mut browser = Browser::start(&room).await;
    let hop = |times| json!({ "url": room.url("/api/whep/talkback"), "owner": "supervisor", "times": times });
    // those that leave without a word stay 15 s, so the first half sets how many are there at once
    let mut half = Vec::new();
    for _ in 0..2 {
        for _ in 0..joins / 20 {
            let _: u32 = browser.act("one", "hop", hop(10)).await;
        }
        all_gone(&room).await;
        half.push(held());
    }
    let (before, after) = (half[0], half[1]);
    eprintln!(
        "{joins} joins: file descriptors {} to {}, memory {} to {} kB",
        before.0, after.0, before.1, after.1
    );
    // the browser keeps a few HTTP connections open
    assert!(
        after.0 <= before.0 + 6,
        "file descriptors: {} became {}",
        before.0,
        after.0
    );
    // a connection takes some 300 kB; the allocator needs some room of its own
    assert!(
        after.1 < before.1 + 4_000 + joins,
        "memory: {} kB became {} kB",
        before.1,
        after.1
    );
}

pub(crate) async fn all_gone(room: &Room) {
    let gone = async {
        while room.peers.counts().viewers > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone)
        .await
        .expect("the viewers are cleaned up");
}
