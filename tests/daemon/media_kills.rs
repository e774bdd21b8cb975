//! `kill -9` while everything is recorded: cameras by RTSP, a microphone, and workstations in Chromium by WHIP. Each
//! feed is recorded again within seconds, at most a second of it is lost, the gap is in index and journal, all plays.
//!
//! Browsers need a machine to themselves, so they take part in the long series only:
//! `BIDROOM_MEDIA_KILLS=20 scripts/test -E 'test(media_kills)'`.

#![allow(clippy::disallowed_methods, reason = "a test measures for itself")]

use crate::cameras::Cameras;
use crate::kills::{self, Order, SESSION, status};
use crate::recorded::{self, folder_of, gaps, last_of, segments};
use crate::support::{Room, committee, until};
use bidroom::archive::index::records;
use bidroom::archive::{CloseCause, Record};
use bidroom::journal::Reader;
use bidroom::room::{Event, GapCause, SessionId, Track};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const KILLS: u32 = 2;
const SEATS: u8 = 3;
const CAMERAS: [&str; 3] = ["camera-3", "camera-4", "qa-camera"];
/// Until recording goes on, and what was not on the disk before, ms. A debug build beside other tests is slow to start.
const AGAIN: i64 = if cfg!(debug_assertions) { 6_000 } else { 3_000 };
const LOST: i64 = 1_000;

/// A room whose ports stay when it is started again, so that workstations find it.
fn profile(cameras: &Cameras, seats: u8) -> String {
    let tcp = || {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        free.local_addr().expect("a port").port()
    };
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let udp = udp.local_addr().expect("a port").port();
    let microphone = "[[microphones]]\nid = \"microphone-1\"\nname = \"吊装话筒\"\n\
                      place = \"evaluation-room\"\ndevice = \"hw:0\"\nsimulated = true\n[policies]\ncommittee_min = 3\n";
    let kinds = match seats {
        0 => "kinds = [\"camera\", \"microphone\"]",
        _ => "kinds = [\"camera\", \"microphone\", \"face\", \"screen\"]",
    };
    recorded::profile(cameras, &CAMERAS, None)
        .replace("kinds = [\"camera\"]", kinds)
        .replace("[policies]\n", microphone)
        .replace("https_port = 0", &format!("https_port = {}", tcp()))
        .replace("webrtc_udp_port = 0", &format!("webrtc_udp_port = {udp}"))
        .replace("ice_tcp_port = 0", &format!("ice_tcp_port = {}", tcp()))
}

/// The experts' browsers.
struct Workstations(Child);

impl Workstations {
    fn open(room: &Room) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/workstations.mjs");
        let child = Command::new("node")
            .args([
                script,
                "--seats",
                &SEATS.to_string(),
                "--bidroom",
                env!("CARGO_BIN_EXE_bidroom"),
            ])
            .args(["--url", &room.url(""), "--data"])
            .arg(room.data())
            .stdout(Stdio::null())
            .stdin(Stdio::null())
            .spawn();
        Self(child.expect("node is installed"))
    }
}

impl Drop for Workstations {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        // it closes its browsers
        let _ = rustix::process::kill_process(pid, Signal::TERM);
        let _ = self.0.wait();
    }
}

/// Plans, and starts as soon as everybody has signed in and everything is written. Who sits there is played by the
/// workstations.
async fn start_session(room: &Room) {
    // members are given seats that have a workstation
    until("workstations", || {
        let view = status(&room.data());
        let seats = view["seats"].as_array().expect("seats");
        seats.iter().filter(|seat| seat["enrolled"] == true).count() >= usize::from(SEATS)
    })
    .await;
    let names = ["张三丰", "李四光", "王五六"];
    room.ctl(&[
        "plan",
        SESSION,
        "--start",
        "+30m",
        "--rehearsal",
        "--experts",
        "3",
    ]);
    let file = room.data().join("committee.csv");
    std::fs::write(&file, committee(&names)).expect("the table");
    room.ctl(&["committee", SESSION, file.to_str().expect("a path")]);
    let steps = [
        ("technician", "open_check_in"),
        ("technician", "confirm_sign_in"),
        ("technician", "confirm_recording"),
        ("supervisor", "authorise_start"),
        ("technician", "start_session"),
    ];
    let (began, mut round) = (Instant::now(), 0);
    while status(&room.data())["session"]["phase"] != "in_session" {
        round += 1;
        let mut told = Vec::new();
        for (who, what) in steps {
            let id = format!("{}-{round}", what.replace('_', "-"));
            let order = Order::new(id, who, json!({"type": what}));
            told.push(order.give(&room.data()).await.err());
        }
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "{told:?} {}",
            status(&room.data())
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn known(room: &Room, feed: &str) -> Vec<Record> {
    records(&folder_of(&room.data(), feed)).expect("an index")
}

/// Bytes that the room says are written of a feed, in this run of it.
fn written(view: &Value, feed: &str) -> u64 {
    let feeds = view["feeds"].as_array().expect("feeds");
    let feed = feeds.iter().find(|known| known["id"] == feed);
    feed.and_then(|feed| feed["recording"]["bytes"].as_u64())
        .unwrap_or(0)
}

fn feeds(seats: u8) -> Vec<String> {
    let seats =
        (1..=seats).flat_map(|seat| [format!("seat-{seat}-face"), format!("seat-{seat}-screen")]);
    let cameras = CAMERAS.iter().map(|camera| (*camera).to_owned());
    cameras
        .chain(["microphone-1".to_owned()])
        .chain(seats)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_daemon_records_every_feed_again_within_seconds() {
    let asked = std::env::var("BIDROOM_MEDIA_KILLS").ok();
    let (times, seats) = match &asked {
        Some(kills) => (kills.parse().expect("a number"), SEATS),
        None => (KILLS, 0),
    };
    let cameras = Cameras::serve(&CAMERAS.join(","));
    let mut room = Room::start_with(&profile(&cameras, seats)).await;
    let _workstations = (seats > 0).then(|| Workstations::open(&room));
    match seats {
        0 => drop(kills::start_session(&room.data()).await),
        _ => start_session(&room).await,
    }
    let feeds = feeds(seats);
    let mut killed = Vec::new();
    for _ in 0..times {
        let view = status(&room.data());
        let before: Vec<u64> = feeds.iter().map(|feed| written(&view, feed)).collect();
        until("all grow", || {
            let view = status(&room.data());
            feeds
                .iter()
                .zip(&before)
                .all(|(feed, before)| written(&view, feed) > *before)
        })
        .await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(1_000..5_000))).await;
        killed.push(now());
        room.restart(Signal::KILL);
        let kill = *killed.last().expect("a kill");
        until("all are recorded again", || {
            feeds
                .iter()
                .all(|feed| gaps(&known(&room, feed)).any(|gap| gap.to.0 > kill))
        })
        .await;
    }
    room.end(Signal::TERM);
    report(&room, &feeds, &killed);
}

/// Judges every kill by what indexes, files and journal say.
fn report(room: &Room, feeds: &[String], killed: &[i64]) {
    let (mut again, mut lost) = (Vec::new(), Vec::new());
    for feed in feeds {
        let records = recorded::sound(&folder_of(&room.data(), feed));
        let track = if feed == "microphone-1" {
            Track::Audio
        } else {
            Track::Video
        };
        for kill in killed {
            let gap = gaps(&records).find(|gap| gap.track == track && gap.to.0 > *kill);
            let gap = gap.unwrap_or_else(|| panic!("{feed}: no gap after {kill}: {records:#?}"));
            assert_eq!(gap.cause, GapCause::DaemonNotRunning, "{feed}");
            assert!(
                in_journal(&room.data(), feed, gap.from.0),
                "{feed}: {gap:?} is not journalled"
            );
            let last =
                segments(&records).filter(|s| s.cause == CloseCause::Recovered || s.from.0 < *kill);
            let last = last
                .filter(|s| s.from.0 < *kill)
                .filter_map(|s| last_of(s, track))
                .max();
            // nothing moves on a made screen for a while: its last picture may be old
            if !feed.ends_with("-screen") {
                lost.push((kill - last.expect("something was recorded").0, feed));
            }
            again.push((gap.to.0 - kill, feed));
        }
    }
    again.sort_unstable();
    lost.sort_unstable();
    let (worst, median) = (again.last().expect("kills"), again[again.len() / 2]);
    eprintln!(
        "{} kills of {} feeds: recording again after {} ms (median), {} ms at most ({}); lost {} ms (median), {} ms at most ({})",
        killed.len(),
        feeds.len(),
        median.0,
        worst.0,
        worst.1,
        lost[lost.len() / 2].0,
        lost[lost.len() - 1].0,
        lost[lost.len() - 1].1,
    );
    assert!(worst.0 <= AGAIN, "{again:?}");
    assert!(lost[lost.len() - 1].0 <= LOST, "{lost:?}");
}

fn in_journal(data: &Path, of: &str, since: i64) -> bool {
    let reader = Reader::open(&data.join("journal.sqlite")).expect("the journal");
    let session: SessionId = SESSION.parse().expect("an id");
    let entries = reader.session_entries(&session).expect("entries");
    entries.iter().any(|entry| match &entry.event {
        Event::RecordingGapOpened { feed, from, .. } => feed.as_str() == of && from.0 == since,
        _ => false,
    })
}
