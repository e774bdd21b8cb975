//! The detectors against a real RTSP server whose room freezes, goes black, falls silent or roars, and
//! against an hour of a still room.

use crate::encoded::{self, Encoded};
use crate::room::{Browser, Room, loopback};
use bidroom::config::Profile;
use bidroom::media::capture::{self, Password, RtspSource, Source};
use bidroom::media::detect::{Found, Job, Wanted, watch};
use bidroom::media::feed::{Codec, Feed, Feeds, Layer, Liveness, Unit};
use bidroom::media::trial::trial;
use bidroom::room::{Anomaly, FeedId, FeedKind, FeedSpec, Place};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};
use tokio::sync::watch as watched;
use tokio::task::JoinSet;

/// A fault is told within ten seconds, however it falls between key frames; a machine that tests may be late.
const BOUND: Duration = Duration::from_secs(15);

/// What goes wrong, and what it is called.
const FAULTS: [(&str, Anomaly); 4] = [
    ("frozen", Anomaly::Frozen),
    ("black", Anomaly::Black),
    ("silent", Anomaly::Silent),
    ("loud", Anomaly::TooLoud),
];

/// Detectors over some feeds, with the settings of a profile that says nothing of them.
struct Detectors {
    feeds: Feeds,
    found: watched::Receiver<Found>,
    _wanted: watched::Sender<Wanted>,
    _stop: SyncSender<()>,
}

impl Detectors {
    fn over(specs: &[(&str, FeedKind)]) -> Self {
        let ids: Vec<_> = specs.iter().map(|(id, _)| *id).collect();
        let specs: Vec<_> = specs
            .iter()
            .map(|(id, kind)| FeedSpec {
                id: id.parse().unwrap(),
                name: (*id).to_owned(),
                kind: *kind,
                place: Place::EvaluationRoom,
                simulated: false,
            })
            .collect();
        Self::of(Feeds::new(&specs), &ids)
    }

    fn of(feeds: Feeds, ids: &[&str]) -> Self {
        gstreamer::init().unwrap();
        // BIDROOM_LOG=bidroom::media::detect=trace shows what was observed
        let filter = tracing_subscriber::EnvFilter::from_env("BIDROOM_LOG");
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_test_writer()
            .try_init();
        let all: BTreeSet<_> = Anomaly::ALL.into();
        let wanted = ids.iter().map(|id| (id.parse().unwrap(), all.clone()));
        let (wanted_tx, wanted) = watched::channel(wanted.collect());
        let (found_tx, found) = watched::channel(Found::new());
        let (stop_tx, stop) = std::sync::mpsc::sync_channel(0);
        let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/room-profiles/demo.toml");
        let job = Job {
            feeds: feeds.clone(),
            detectors: Profile::load(profile).unwrap().detectors,
            wanted,
            found: found_tx,
            stop,
        };
        std::thread::spawn(move || watch(job));
        Self {
            feeds,
            found,
            _wanted: wanted_tx,
            _stop: stop_tx,
        }
    }

    fn feed(&self, id: &str) -> Feed {
        self.feeds.get(&id.parse().unwrap()).unwrap().clone()
    }

    fn now(&self) -> BTreeSet<(String, Anomaly)> {
        let found = self.found.borrow();
        let what = found.keys().map(|(feed, what)| (feed.to_string(), *what));
        what.collect()
    }

    /// Waits until exactly that is found, and tells how long it took.
    async fn until(&mut self, expected: &[(&str, Anomaly)], within: Duration) -> Duration {
        let begun = Instant::now();
        let expected: BTreeSet<(FeedId, Anomaly)> = expected
            .iter()
            .map(|(feed, what)| (feed.parse().unwrap(), *what))
            .collect();
        let is_so = |found: &Found| found.keys().cloned().collect::<BTreeSet<_>>() == expected;
        let seen = tokio::time::timeout(within, self.found.wait_for(is_so))
            .await
            .is_ok();
        assert!(seen, "after {within:?}: {:?}, not {expected:?}", self.now());
        begun.elapsed()
    }
}

/// `still_room.py` as a process of its own.
struct StillRoom {
    child: Child,
    orders: ChildStdin,
    port: u16,
    _folder: tempfile::TempDir,
}

impl StillRoom {
    fn serve(only: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/media/still_room.py");
        let mut child = Command::new("/usr/bin/python3")
            .args([script, "--only", only, "--picture"])
            .arg(folder.path().join("room.png"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        told.read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).expect("it says its port");
        Self {
            orders: child.stdin.take().unwrap(),
            port: u16::try_from(told["port"].as_u64().unwrap()).unwrap(),
            child,
            _folder: folder,
        }
    }

    fn becomes(&mut self, state: &str) {
        writeln!(self.orders, "{state}").unwrap();
    }

    fn source(&self, camera: &str, sub: bool) -> Source {
        let stream = |role: &str| RtspSource {
            url: format!("rtsp://127.0.0.1:{}/{camera}/{role}", self.port)
                .parse()
                .unwrap(),
            username: String::new(),
            password: Password::default(),
        };
        Source::Rtsp {
            main: stream("main"),
            sub: sub.then(|| stream("sub")),
        }
    }
}

impl Drop for StillRoom {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The preflight's test: all that cameras send is recorded and played back, and what is wrong with it is found meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_test_recording_is_played_back_and_what_is_wrong_is_found() {
    let mut room = StillRoom::serve("cbr,reduced,vbr");
    let cameras = ["cbr", "reduced", "vbr"];
    let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/room-profiles/demo.toml");
    let settings = Profile::load(profile).unwrap().detectors;
    let detectors = Detectors::over(&cameras.map(|id| (id, FeedKind::Camera)));
    let mut captures = JoinSet::new();
    for id in cameras {
        let (feed, source) = (detectors.feed(id), room.source(id, id != "vbr"));
        captures.spawn(async move {
            let never = capture::run(feed, source).await;
            match never {}
        });
    }
    for id in cameras {
        let mut status = detectors.feed(id).status();
        let live = status.wait_for(|s| matches!(s.liveness, Liveness::Live { .. }));
        tokio::time::timeout(Duration::from_secs(20), live)
            .await
            .unwrap()
            .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let beside = folder.path().join("preflight");
    for (state, wrong) in [("fine", None)]
        .into_iter()
        .chain(FAULTS.map(|(state, anomaly)| (state, Some(anomaly))))
    {
        room.becomes(state);
        let tried = trial(&detectors.feeds, &settings, &beside, true)
            .await
            .unwrap();
        assert_eq!(tried.len(), cameras.len());
        for (feed, tried) in tried {
            assert_eq!(tried.played, Ok(()), "{feed} {state}");
            assert!(
                tried.bytes > 10_000,
                "{feed} {state}: {} bytes",
                tried.bytes
            );
            let anomalies: Vec<_> = tried.anomalies.into_iter().collect();
            assert_eq!(anomalies, Vec::from_iter(wrong), "{feed} {state}");
        }
        assert!(!beside.exists(), "the test recording is gone");
    }
}

/// Three kinds of encoders and of sound, two with a small stream and one without.
#[tokio::test(flavor = "multi_thread")]
async fn faults_of_a_real_camera_are_told_within_ten_seconds_and_their_end_too() {
    let mut room = StillRoom::serve("cbr,reduced,vbr");
    let cameras = ["cbr", "reduced", "vbr"];
    let mut detectors = Detectors::over(&cameras.map(|id| (id, FeedKind::Camera)));
    let mut captures = JoinSet::new();
    for id in cameras {
        let (feed, source) = (detectors.feed(id), room.source(id, id != "vbr"));
        captures.spawn(async move {
            let never = capture::run(feed, source).await;
            match never {}
        });
    }
    for id in cameras {
        let mut status = detectors.feed(id).status();
        let live = status.wait_for(|s| matches!(s.liveness, Liveness::Live { .. }));
        tokio::time::timeout(Duration::from_secs(20), live)
            .await
            .unwrap()
            .unwrap();
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(detectors.now(), BTreeSet::new(), "the still room is fine");
    for (state, anomaly) in FAULTS {
        room.becomes(state);
        let told = detectors
            .until(&cameras.map(|id| (id, anomaly)), BOUND)
            .await;
        room.becomes("fine");
        let ended = detectors.until(&[], BOUND).await;
        println!("{state}: told after {told:.1?}, ended after {ended:.1?}");
    }
}

/// A workstation's face: simulcast, key frames only when asked; a muted track sends black and silence.
#[tokio::test(flavor = "multi_thread")]
async fn faults_of_a_real_browser_are_told_within_ten_seconds_and_their_end_too() {
    let room = Room::start(loopback()).await;
    let mut detectors = Detectors::of(room.feeds.clone(), &["seat-1-face"]);
    let mut browser = Browser::start(&room).await;
    let given = json!({
        "url": room.url("/api/whip/seat-1-face"), "owner": "seat-1", "simulcast": true, "staged": true,
    });
    let _: Value = browser.act("seat", "publish", given).await;
    room.until("seat-1-face", "small too", |s| {
        s.layers.contains(&Layer::Small)
    })
    .await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(detectors.now(), BTreeSet::new(), "somebody sits still");
    for (state, anomaly) in FAULTS {
        let _: Value = browser.act("seat", "become", json!(state)).await;
        let told = detectors.until(&[("seat-1-face", anomaly)], BOUND).await;
        let _: Value = browser.act("seat", "become", json!("fine")).await;
        let ended = detectors.until(&[], BOUND).await;
        println!("{state}: told after {told:.1?}, ended after {ended:.1?}");
    }
}

/// An hour of a still room, through the detectors at many times its speed.
#[tokio::test(flavor = "multi_thread")]
async fn an_hour_of_a_still_room_has_no_alarm() {
    let mut detectors = Detectors::over(&[
        ("constant", FeedKind::Camera),
        ("reduced", FeedKind::Camera),
    ]);
    let length = Duration::from_secs(30);
    let tracks = [
        (
            "constant",
            encoded::still_room("bitrate=150", 30),
            encoded::hum(Codec::Pcma, 30),
        ),
        (
            "reduced",
            encoded::still_room("pass=quant quantizer=28 noise-reduction=1000", 30),
            encoded::hum(Codec::Aac, 30),
        ),
    ];
    let begin = Instant::now();
    for feed in tracks.iter().map(|(id, _, _)| detectors.feed(id)) {
        feed.update(|status| status.liveness = Liveness::Live { since: begin });
    }
    // the detectors subscribe with their first round
    tokio::time::sleep(Duration::from_secs(1)).await;
    for n in 0..120 {
        for (id, picture, sound) in &tracks {
            let feed = detectors.feed(id);
            give(&feed, picture, begin + length * n);
            give(&feed, sound, begin + length * n);
        }
        // a round takes what came: more at once would be lost
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(
            detectors.now(),
            BTreeSet::new(),
            "before {:?}",
            length * (n + 1)
        );
    }
    // the same source, frozen: the detectors were awake
    let (_, picture, _) = &tracks[1];
    let mut frozen = picture.clone();
    frozen
        .units
        .retain(|unit| unit.dts < Duration::from_secs(2));
    for n in 0..8 {
        give(
            &detectors.feed("reduced"),
            &frozen,
            begin + length * 120 + Duration::from_secs(2) * n,
        );
    }
    detectors
        .until(&[("reduced", Anomaly::Frozen)], BOUND)
        .await;
}

/// Publishes a track at once; it arrives as it plays.
fn give(feed: &Feed, track: &Encoded, begin: Instant) {
    let opened = feed.clock(begin);
    for unit in &track.units {
        feed.publish_unit(Unit {
            format: track.format.clone(),
            pts: opened + unit.pts,
            dts: opened + unit.dts,
            arrival: begin + unit.dts,
            rtp: 0,
            ntp: None,
            key: unit.key,
            data: unit.data.clone(),
        });
    }
}
