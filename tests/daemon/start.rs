//! A box that has been at work for years starts as quickly as a new one, and goes on with the session it was in.

use crate::support::aged::{self, Age, CURRENT};
use crate::support::{self, Room};
use bidroom::archive::index::{Depth, read, verify};
use bidroom::archive::{Record, feed_folder};
use bidroom::config::Profile;
use std::fs;

/// Little of a long life is enough to see that a start does not grow with it; `scripts/bench` has all of it.
const AGE: Age = Age {
    events: 20_000,
    segments: 2_000,
    current: 500,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_box_with_a_long_past_goes_on_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("profile.toml");
    fs::write(&file, support::profile()).expect("the profile");
    let profile = Profile::load(&file).expect("a profile");
    let data = folder.path().join("data");
    aged::make(&data, &profile, AGE);
    // whoever opens a sealed session's index waits at this pipe for ever
    let camera = "camera-1".parse().expect("an id");
    let sealed = feed_folder(&data, &"OLD-1".parse().expect("an id"), &camera);
    let index = sealed.join("index.jsonl");
    fs::remove_file(&index).expect("an index");
    let made = std::process::Command::new("mkfifo").arg(&index).status();
    assert!(made.expect("mkfifo").success());

    let room = Room::start_in(folder);
    let view = room.ctl(&["status"]);
    assert_eq!(view["session"]["id"], CURRENT);
    assert_eq!(view["session"]["phase"], "in_session");
    let log = room.log();
    let replayed = log.lines().find(|line| line.contains("replayed"));
    let replayed = replayed.expect("the clerk says how it began");
    assert!(replayed.contains("replayed=999"), "{replayed}");
    // the camera does not answer: what there is of it ends where the last daemon ended
    let current = feed_folder(&data, &CURRENT.parse().expect("an id"), &camera);
    let lines = read(&current).expect("an index").0;
    let starts = lines
        .iter()
        .filter(|line| matches!(line.record, Record::Start(_)));
    assert_eq!(starts.count(), 2, "recording was asked for again");
    verify(&current, Depth::Files).expect("the chain holds");
    support::until("the gap is known", || {
        let view = room.ctl(&["status"]);
        let gaps = view["session"]["gaps"].as_array().expect("gaps");
        let of_camera = |gap: &serde_json::Value| {
            gap["gap"]["feed"] == "camera-1" && gap["gap"]["cause"] == "daemon_not_running"
        };
        gaps.iter().any(of_camera)
    })
    .await;
}
