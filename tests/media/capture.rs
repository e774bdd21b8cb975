//! Cameras are captured, lost with a cause, and found again.

use crate::cameras::{Cameras, stream};
use bidroom::media::capture::{
    self, Password, PictureFormat, Source, Stage, TestPattern, V4l2Source, probe,
};
use bidroom::media::feed::{
    Burst, Codec, Feed, FeedStatus, Layer, LivePacket, Liveness, TrackKind, Unit,
};
use bidroom::room::{FeedKind, FeedSpec, Place, SourceFault};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_secs(15);

fn feed(id: &str) -> Feed {
    let id = id.parse().unwrap();
    Feed::new(FeedSpec {
        id,
        name: "摄像机".into(),
        kind: FeedKind::Camera,
        place: Place::EvaluationRoom,
        simulated: false,
    })
}

/// Runs a source until the set is dropped.
fn capture(feed: &Feed, source: Source) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let feed = feed.clone();
    tasks.spawn(async move {
        capture::run(feed, source).await;
    });
    tasks
}

async fn until(feed: &Feed, what: &str, met: impl FnMut(&FeedStatus) -> bool) -> FeedStatus {
    let mut status = feed.status();
    let waiting = tokio::time::timeout(PATIENCE, status.wait_for(met));
    match waiting.await {
        Ok(reached) => reached.unwrap().clone(),
        Err(_) => panic!(
            "not {what} within {PATIENCE:?}: {:?}",
            feed.status().borrow()
        ),
    }
}

fn is_live(status: &FeedStatus) -> bool {
    matches!(status.liveness, Liveness::Live { .. })
}

fn lost_by(status: &FeedStatus, words: &str) -> bool {
    status
        .fault()
        .is_some_and(|fault| fault.to_string().contains(words))
}

/// Units for `span` after the first one of each of these tracks came.
async fn units(
    rx: &mut broadcast::Receiver<Arc<Unit>>,
    tracks: &[TrackKind],
    span: Duration,
) -> Vec<Arc<Unit>> {
    let mut got: Vec<Arc<Unit>> = Vec::new();
    let mut first = BTreeMap::new();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let unit = tokio::time::timeout_at(deadline.into(), rx.recv())
            .await
            .expect("units in time")
            .unwrap();
        first
            .entry(unit.format.codec.track())
            .or_insert_with(Instant::now);
        got.push(unit);
        if tracks
            .iter()
            .all(|track| first.get(track).is_some_and(|at| at.elapsed() > span))
        {
            return got;
        }
    }
}

async fn packets(rx: &mut broadcast::Receiver<Burst>, count: usize) -> Vec<Arc<LivePacket>> {
    let mut got = Vec::new();
    while got.len() < count {
        let burst = tokio::time::timeout(PATIENCE, rx.recv()).await;
        got.extend_from_slice(&burst.expect("packets in time").unwrap());
    }
    got
}

fn track(units: &[Arc<Unit>], track: TrackKind) -> Vec<Arc<Unit>> {
    units
        .iter()
        .filter(|unit| unit.format.codec.track() == track)
        .cloned()
        .collect()
}

fn after_start_codes(setup: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<_> = (0..setup.len())
        .filter(|&i| setup[i..].starts_with(&[0, 0, 0, 1]))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([setup.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| &setup[start + 4..end])
        .collect()
}

fn assert_ordered(units: &[Arc<Unit>]) {
    for kind in [TrackKind::Video, TrackKind::Audio] {
        let of_kind = track(units, kind);
        assert!(
            of_kind
                .windows(2)
                .all(|w| w[0].dts < w[1].dts && w[0].arrival <= w[1].arrival),
            "{kind:?}"
        );
    }
}

/// What each camera sends arrives, in the form that recorder and viewers were promised.
async fn arrives(
    camera: &str,
    picture: Codec,
    sound: Codec,
    live_sound: Codec,
    layers: &[Layer],
    size: (u32, u32),
) {
    let cameras = Cameras::serve(camera);
    let feed = feed(camera);
    let mut all = feed.units();
    let _capture = capture(&feed, cameras.source(camera));
    let status = until(&feed, "live", |s| {
        is_live(s) && s.layers == layers && s.formats.len() == 2
    })
    .await;
    assert_eq!(status.size, Some(size));

    let got = units(
        &mut all,
        &[TrackKind::Video, TrackKind::Audio],
        Duration::from_secs(3),
    )
    .await;
    let (pictures, sounds) = (track(&got, TrackKind::Video), track(&got, TrackKind::Audio));
    assert!(
        pictures
            .iter()
            .all(|u| u.format.codec == picture && u.format.clock_rate == 90_000)
    );
    assert!(
        sounds
            .iter()
            .all(|u| u.format.codec == sound && u.key && u.format.channels == 1)
    );
    assert_ordered(&got);
    let keys: Vec<_> = pictures.iter().filter(|u| u.key).collect();
    assert!(
        keys.len() >= 2 && keys.len() < pictures.len(),
        "{} of {}",
        keys.len(),
        pictures.len()
    );
    for key in keys {
        assert!(!key.format.setup.is_empty());
        let slice = |w: &[u8]| match picture {
            Codec::H265 => w[..3] == [0, 0, 1] && matches!(w[3] >> 1, 16..=21),
            Codec::H264 | Codec::Aac | Codec::Opus | Codec::Pcma | Codec::Pcmu => {
                w[..3] == [0, 0, 1] && w[3] & 0x1f == 5
            }
        };
        let head = &key.data[..key.data.windows(4).position(slice).unwrap()];
        let sets = after_start_codes(&key.format.setup);
        assert!(sets.len() >= 2);
        assert!(
            sets.iter()
                .all(|set| head.windows(set.len()).any(|w| w == *set)),
            "sets stand before the picture"
        );
    }
    if sound == Codec::Aac {
        // AudioSpecificConfig: AAC-LC, 16 kHz, mono (ISO 14496-3, 1.6.2.1)
        assert_eq!(&sounds[0].format.setup[..2], [0x14, 0x08]);
        assert!(
            sounds
                .iter()
                .all(|u| u.data.get(..2) != Some(&[0xff, 0xf1])),
            "raw, without ADTS"
        );
    }
    // arrival and presentation run alike, and the sender's own clock is kept beside them
    let (first, last) = (&pictures[2], &pictures[pictures.len() - 1]);
    let off = (last.pts - first.pts).abs_diff(last.arrival - first.arrival);
    assert!(
        off < Duration::from_millis(200),
        "presentation is {off:?} off arrival"
    );
    let sent = f64::from(last.rtp.wrapping_sub(first.rtp)) / 90_000.0;
    assert!(
        (sent - (last.pts - first.pts).as_secs_f64()).abs() < 0.2,
        "RTP says {sent} s"
    );
    let (unit, ntp) = pictures
        .iter()
        .rev()
        .find_map(|u| u.ntp.map(|ntp| (u, ntp)))
        .expect("RTCP came");
    let wall = SystemTime::now() - unit.arrival.elapsed();
    let since_1900 =
        Duration::from_secs(2_208_988_800) + wall.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let off = since_1900.abs_diff(Duration::from_nanos(ntp));
    assert!(
        off < Duration::from_millis(500),
        "the camera's clock is the box's here, {off:?} apart"
    );
    let epoch = |u: &Unit| {
        u.ntp
            .map(|ntp| ntp - u64::try_from(u.pts.as_nanos()).unwrap())
    };
    let last_of = |of: &[Arc<Unit>]| of.iter().rev().find_map(|u| epoch(u)).unwrap();
    let apart = last_of(&pictures).abs_diff(last_of(&sounds));
    assert!(
        apart < 250_000_000,
        "picture and sound are {apart} ns apart by the camera's clock"
    );
    let early = pictures[0].pts.abs_diff(sounds[0].pts);
    assert!(
        early < Duration::from_secs(2),
        "one clock for both tracks, {early:?} apart"
    );

    for layer in [Layer::Main, Layer::Small] {
        let got = packets(&mut feed.bursts(layer), 120).await;
        let (pictures, sounds): (Vec<_>, Vec<_>) = got
            .iter()
            .partition(|p| p.format.codec.track() == TrackKind::Video);
        assert!(sounds.iter().all(|p| p.format.codec == live_sound) && !sounds.is_empty());
        assert_eq!(pictures.is_empty(), !layers.contains(&layer), "{layer:?}");
        assert!(pictures.iter().all(|p| p.format.codec == Codec::H264));
        for of_track in [pictures, sounds] {
            let sequence = |p: &LivePacket| p.packet.header.sequence_number;
            assert!(
                of_track
                    .windows(2)
                    .all(|w| sequence(w[1]) == sequence(w[0]).wrapping_add(1))
            );
            assert!(of_track.iter().all(|p| p.packet.payload.len() <= 1200));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_aac_arrives() {
    arrives(
        "camera-1",
        Codec::H264,
        Codec::Aac,
        Codec::Opus,
        &[Layer::Main, Layer::Small],
        (1280, 720),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h265_is_recorded_and_its_sub_stream_shown() {
    arrives(
        "camera-2",
        Codec::H265,
        Codec::Aac,
        Codec::Opus,
        &[Layer::Small],
        (1280, 720),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_law_arrives() {
    arrives(
        "camera-3",
        Codec::H264,
        Codec::Pcma,
        Codec::Pcma,
        &[Layer::Main, Layer::Small],
        (960, 540),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mu_law_arrives() {
    arrives(
        "camera-4",
        Codec::H264,
        Codec::Pcmu,
        Codec::Pcmu,
        &[Layer::Main, Layer::Small],
        (960, 540),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_camera_is_lost_with_its_cause_and_found_again() {
    let mut cameras = Cameras::serve("qa-camera");
    let feed = feed("qa-camera");
    let mut all = feed.units();
    let mut live = feed.bursts(Layer::Main);
    let _capture = capture(&feed, cameras.source("qa-camera"));
    until(&feed, "live", is_live).await;
    let mut got = units(
        &mut all,
        &[TrackKind::Video, TrackKind::Audio],
        Duration::from_secs(1),
    )
    .await;

    let killed = Instant::now();
    cameras.kill();
    let lost = until(&feed, "lost", |s| !is_live(s)).await;
    assert!(
        killed.elapsed() < Duration::from_secs(2),
        "lost after {:?}",
        killed.elapsed()
    );
    let ended_by = |s: &FeedStatus| match &s.liveness {
        Liveness::Lost { cause, .. } => cause.clone(),
        Liveness::Live { .. } | Liveness::Absent => panic!("not lost"),
    };
    assert_eq!(ended_by(&lost), SourceFault::Closed);
    // the sub stream's connection ends by itself
    let refused = until(&feed, "refused", |s| {
        lost_by(s, "connection refused") && s.layers.is_empty()
    })
    .await;
    let since = |s: &FeedStatus| match s.liveness {
        Liveness::Lost { since, .. } => since,
        Liveness::Live { .. } | Liveness::Absent => panic!("not lost"),
    };
    assert_eq!(
        since(&lost),
        since(&refused),
        "one loss, whatever its causes"
    );
    assert_eq!(
        ended_by(&refused),
        SourceFault::Closed,
        "what ended it stays"
    );

    let _again = Cameras::serve_at("qa-camera", cameras.port);
    let listening = Instant::now();
    until(&feed, "live again", is_live).await;
    let back = listening.elapsed();
    assert!(
        back < Duration::from_secs(2),
        "live {back:?} after it listens again"
    );
    got.extend(
        units(
            &mut all,
            &[TrackKind::Video, TrackKind::Audio],
            Duration::from_secs(1),
        )
        .await,
    );
    assert_ordered(&got);
    assert!(
        track(&got, TrackKind::Video)
            .windows(2)
            .all(|w| w[0].pts < w[1].pts)
    );
    let gap = track(&got, TrackKind::Video)
        .windows(2)
        .map(|w| w[1].pts - w[0].pts)
        .max()
        .unwrap();
    assert!(
        gap > Duration::from_millis(200) && gap < killed.elapsed(),
        "the gap is on the clock: {gap:?}"
    );

    let mut last: BTreeMap<TrackKind, (u16, u32)> = BTreeMap::new();
    while let Ok(burst) = live.try_recv() {
        for packet in burst.iter() {
            let header = &packet.packet.header;
            let now = (header.sequence_number, header.timestamp);
            if let Some(before) = last.insert(packet.format.codec.track(), now) {
                assert_eq!(
                    now.0,
                    before.0.wrapping_add(1),
                    "numbers go on over the loss"
                );
                assert!(
                    now.1.wrapping_sub(before.1) < u32::MAX / 2,
                    "time goes on over the loss: {before:?} {now:?} {:?}",
                    packet.format.codec
                );
            }
        }
    }
    assert_eq!(last.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_camera_is_lost_within_two_seconds() {
    let cameras = Cameras::serve("qa-camera");
    let feed = feed("qa-camera");
    let _capture = capture(&feed, cameras.source("qa-camera"));
    until(&feed, "live", |s| is_live(s) && s.layers.len() == 2).await;
    let frozen = Instant::now();
    cameras.freeze();
    let lost = until(&feed, "lost", |s| !is_live(s)).await;
    assert!(
        frozen.elapsed() < Duration::from_millis(2_200),
        "lost after {:?}",
        frozen.elapsed()
    );
    assert!(lost_by(&lost, "no picture for"), "{lost:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_comes_later_is_picked_up() {
    let port = free_port().await;
    let feed = feed("qa-camera");
    let source = Source::Rtsp {
        main: stream(port, "qa-camera/main"),
        sub: None,
    };
    let _capture = capture(&feed, source);
    until(&feed, "refused", |s| lost_by(s, "connection refused")).await;
    let _cameras = Cameras::serve_at("qa-camera", port);
    let status = until(&feed, "live", is_live).await;
    assert_eq!(status.layers, [Layer::Main]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_credentials_and_paths_are_named() {
    let cameras = Cameras::serve("qa-camera");
    let mut wrong = stream(cameras.port, "qa-camera/main");
    wrong.password = Password::from("not it".to_owned());
    let feed = feed("qa-camera");
    let _capture = capture(
        &feed,
        Source::Rtsp {
            main: wrong.clone(),
            sub: None,
        },
    );
    until(&feed, "refused", |s| lost_by(s, "wrong credentials")).await;

    let nowhere = stream(cameras.port, "qa-camera/nothing");
    let seen = probe(
        &Source::Rtsp {
            main: wrong,
            sub: Some(nowhere),
        },
        PATIENCE,
    )
    .await;
    let main = seen.main.unwrap_err();
    assert_eq!(
        (main.fault.clone(), main.stage()),
        (SourceFault::WrongCredentials, Stage::Auth)
    );
    let sub = seen.sub.unwrap().unwrap_err();
    assert_eq!(
        (sub.fault.clone(), sub.stage()),
        (SourceFault::NoSuchStream, Stage::Describe)
    );
    assert_eq!(sub.to_string(), "sub stream: no such stream on the camera");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_tells_what_a_browser_can_show() {
    let cameras = Cameras::serve("camera-2");
    let both = probe(&cameras.source("camera-2"), PATIENCE).await;
    assert!(both.is_showable(), "{both:?}");
    let main = both.main.clone().unwrap();
    assert_eq!(main.formats[&TrackKind::Video].codec, Codec::H265);
    assert_eq!(main.formats[&TrackKind::Audio].codec, Codec::Aac);
    assert_eq!((main.size, main.missing.len()), (Some((1280, 720)), 0));
    assert_eq!(both.sub.unwrap().unwrap().size, Some((640, 360)));

    let alone = Source::Rtsp {
        main: stream(cameras.port, "camera-2/main"),
        sub: None,
    };
    assert!(
        !probe(&alone, PATIENCE).await.is_showable(),
        "no browser shows H.265"
    );

    let port = free_port().await;
    let gone = probe(
        &Source::Rtsp {
            main: stream(port, "x"),
            sub: None,
        },
        PATIENCE,
    )
    .await
    .main
    .unwrap_err();
    assert_eq!(gone.stage(), Stage::Connect);
    let unknown = format!("rtsp://no-such-camera.invalid:{port}/")
        .parse()
        .unwrap();
    let mut unknown_host = stream(port, "x");
    unknown_host.url = unknown;
    let gone = probe(
        &Source::Rtsp {
            main: unknown_host,
            sub: None,
        },
        PATIENCE,
    )
    .await
    .main
    .unwrap_err();
    assert_eq!(gone.stage(), Stage::Resolve, "{gone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_test_pattern_answers_key_frame_wishes() {
    let pattern = TestPattern {
        width: 640,
        height: 360,
        fps: 10,
        kbps: 300,
        tone_hz: 440,
    };
    let feed = feed("camera-9");
    let mut small = feed.bursts(Layer::Small);
    let mut all = feed.units();
    let mut running = capture(&feed, Source::Test(pattern));
    let status = until(&feed, "live", |s| {
        is_live(s) && s.layers.len() == 2 && s.formats.len() == 2
    })
    .await;
    assert_eq!(status.size, Some((640, 360)));
    assert_eq!(status.formats[&TrackKind::Audio].codec, Codec::Opus);
    let got = units(
        &mut all,
        &[TrackKind::Video, TrackKind::Audio],
        Duration::from_millis(300),
    )
    .await;
    assert_ordered(&got);
    // key frames come each 2 s by themselves: two wishes are answered sooner than that
    for _ in 0..2 {
        while small.try_recv().is_ok() {}
        let wished = Instant::now();
        feed.wish_key_frame(Layer::Small);
        loop {
            let burst = tokio::time::timeout(PATIENCE, small.recv())
                .await
                .unwrap()
                .unwrap();
            if burst.iter().any(|packet| packet.key) {
                break;
            }
        }
        assert!(
            wished.elapsed() < Duration::from_millis(800),
            "a key frame after {:?}",
            wished.elapsed()
        );
    }
    running.shutdown().await;
    let stopped = until(&feed, "stopped", |s| lost_by(s, "its capture was stopped")).await;
    assert!(stopped.layers.is_empty());
    assert!(
        feed.take_wishes().is_some(),
        "the next source can have the wishes"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b_frames_are_recorded_in_order_and_the_sub_stream_shown() {
    let cameras = Cameras::serve_with_b_frames("qa-camera");
    let feed = feed("qa-camera");
    let mut all = feed.units();
    let _capture = capture(&feed, cameras.source("qa-camera"));
    until(&feed, "shown by its sub stream", |s| {
        is_live(s) && s.layers == [Layer::Small]
    })
    .await;
    let got = units(&mut all, &[TrackKind::Video], Duration::from_secs(3)).await;
    let mut pictures = track(&got, TrackKind::Video);
    assert_ordered(&got);
    assert!(
        pictures.windows(2).any(|w| w[1].pts < w[0].pts),
        "B-frames were sent"
    );
    // the parameter sets say how far they are reordered
    assert!(pictures.iter().all(|u| u.dts <= u.pts));
    let first = pictures[0].clone();
    pictures.sort_by_key(|u| u.pts);
    for unit in &pictures {
        let sent = Duration::from_secs(unit.rtp.wrapping_sub(first.rtp).into()) / 90_000;
        let shown = unit.pts - first.pts;
        assert!(
            shown.abs_diff(sent) < Duration::from_millis(10),
            "sent for {sent:?}, shown at {shown:?}"
        );
    }
}

/// No camera hangs on a test machine: what can be had of one is its absence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_device_of_the_box_is_named() {
    for format in [PictureFormat::Mjpeg, PictureFormat::Raw] {
        let camera = V4l2Source {
            device: "/dev/v4l/by-id/no-such-camera".into(),
            format,
            width: 1280,
            height: 720,
            fps: 15,
            kbps: 1500,
        };
        let source = Source::V4l2 {
            camera,
            sound: Some("hw:77".parse().unwrap()),
        };
        let missing = probe(&source, PATIENCE).await.main.unwrap_err();
        assert!(
            matches!(&missing.fault, SourceFault::Device { detail: why } if why.contains("no-such-camera") || why.contains("hw:77")),
            "{missing}"
        );
    }
    let missing = probe(&Source::Alsa("hw:77".parse().unwrap()), PATIENCE)
        .await
        .main
        .unwrap_err();
    assert!(
        matches!(missing.fault, SourceFault::Device { .. }),
        "{missing}"
    );
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A peer that answers each request on a connection with the next of `answers`, then hangs up.
async fn hostile(answers: Vec<String>) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut camera, _)) = listener.accept().await {
            for (i, answer) in answers.iter().enumerate() {
                let mut request = [0; 4096];
                if camera.read(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
                let sequence = format!("CSeq: {}\r\n", i + 1);
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
                if camera
                    .write_all(answer.replace("{CSEQ}", &sequence).as_bytes())
                    .await
                    .is_err()
                {
                    break;
                }
            }
        }
    });
    (port, tasks)
}

const OPTIONS: &str =
    "RTSP/1.0 200 OK\r\n{CSEQ}Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n";

/// Answers that no camera should give: each becomes a named fault, again and again, and nothing panics.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_answers_are_faults_with_a_name() {
    let described = |media: &str| {
        let sdp = format!("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\n{media}");
        let head = "RTSP/1.0 200 OK\r\n{CSEQ}Content-Type: application/sdp";
        format!("{head}\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len())
    };
    let h264 = described("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t0\r\n");
    let metadata =
        described("m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n");
    let garbage = described("\0\0\0\0m=\u{1}");
    let broken = "RTSP/1.0 500 Internal Server Error\r\n{CSEQ}\r\n";
    let peers: [(&str, &[&str], &str); 8] = [
        ("hangs up at once", &[], "closed by the camera"),
        (
            "no RTSP",
            &["HTTP/1.0 200 OK\r\n\r\n<html>"],
            "answers wrongly",
        ),
        (
            "garbage",
            &["\u{1}\u{2}\u{3}\r\n\r\n\0\0\0\0"],
            "answers wrongly",
        ),
        ("silent", &[OPTIONS, ""], "timeout"),
        (
            "hangs up after DESCRIBE",
            &[OPTIONS, &h264],
            "closed by the camera|sets up no transport",
        ),
        (
            "metadata only",
            &[OPTIONS, &metadata, OPTIONS],
            "no picture or sound that can be recorded",
        ),
        (
            "garbage for a description",
            &[OPTIONS, &garbage, OPTIONS],
            "SDP contains no streams",
        ),
        ("broken inside", &[OPTIONS, broken], "(500)"),
    ];
    for (name, answers, words) in peers {
        let (port, _peer) = hostile(answers.iter().map(|&a| a.to_owned()).collect()).await;
        let feed = feed("camera-1");
        let _capture = capture(
            &feed,
            Source::Rtsp {
                main: stream(port, "main"),
                sub: None,
            },
        );
        let status = until(&feed, name, |s| !matches!(s.liveness, Liveness::Absent)).await;
        let cause = status.fault().expect("not live").to_string();
        assert!(
            words.split('|').any(|w| cause.contains(w)),
            "{name}: {cause}"
        );
    }
}
