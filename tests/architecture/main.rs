//! Keeps the shape of the source: who imports whom, what has one home, and what stands where.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::unused_async,
    reason = "a test ends by panicking, and reads the clock for its deadlines"
)]

mod homes;
mod imports;
mod source;

use homes::HOMES;
use source::{Source, files_under, root};
use std::collections::BTreeSet;
use std::fs;

#[track_caller]
fn none(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn imports_go_one_way() {
    none(
        files_under("src")
            .iter()
            .flat_map(imports::breaches)
            .collect(),
    );
}

#[test]
fn clocks_tasks_and_webrtc_stay_at_home() {
    let sources = files_under("src");
    let breaches = HOMES
        .iter()
        .flat_map(|home| sources.iter().flat_map(|s| home.breaches(s)));
    none(breaches.collect());
}

#[test]
fn every_exception_is_needed() {
    let sources = files_under("src");
    let idle = HOMES.iter().flat_map(|home| {
        let used: BTreeSet<&str> = sources
            .iter()
            .filter(|source| home.stands_in(source))
            .filter_map(|source| home.place_of(source))
            .collect();
        let idle = home.places.iter().filter(move |(place, why)| {
            // a home may be empty; an exception to it may not
            !used.contains(place) && !why.starts_with("its home")
        });
        idle.map(move |(place, _)| format!("{place} does not need {} any more", home.what))
    });
    none(idle.collect());
}

#[test]
fn every_file_says_what_it_owns() {
    let all = ["src", "tests"].map(files_under);
    none(all.iter().flatten().filter_map(untold).collect());
}

/// The fault of a file that does not begin by saying what it is for.
fn untold(source: &Source) -> Option<String> {
    let told =
        source.text.starts_with("//! ") && source.text.lines().next().is_some_and(|l| l.len() > 20);
    (!told).then(|| format!("{}: does not begin with a //! sentence", source.path))
}

/// What may stand at the top of the repository, and what tools leave there.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "README.md",
    "room-profiles",
    "scripts",
    "src",
    "systemd",
    "tests",
    // tools demand them there
    ".cargo",
    ".ci",
    ".git",
    ".gitignore",
    "clippy.toml",
    "deny.toml",
    "target",
];

#[test]
fn the_top_level_is_the_agreed_one() {
    let entries = fs::read_dir(root()).expect("a folder");
    let names = entries.map(|entry| entry.expect("readable").file_name());
    let names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    none(strange(&names));
}

fn strange(names: &[String]) -> Vec<String> {
    let strange = names.iter().filter(|name| !TOP.contains(&name.as_str()));
    strange
        .map(|name| format!("{name} does not belong at the top"))
        .collect()
}

// each rule can fail

#[track_caller]
fn found(path: &str, text: &str) {
    let source = Source::new(path, text);
    let by_home = HOMES.iter().flat_map(|home| home.breaches(&source));
    let all: Vec<String> = imports::breaches(&source)
        .into_iter()
        .chain(by_home)
        .collect();
    assert!(!all.is_empty(), "{path}: nobody minds\n{text}");
}

#[track_caller]
fn fine(path: &str, text: &str) {
    let source = Source::new(path, text);
    none(imports::breaches(&source));
    none(
        HOMES
            .iter()
            .flat_map(|home| home.breaches(&source))
            .collect(),
    );
}

#[test]
fn forbidden_imports_are_found() {
    found("src/room/state.rs", "use crate::journal::Journal;");
    found(
        "src/room/decide/mod.rs",
        "fn f() { crate::clerk::Clerk::start() }",
    );
    found(
        "src/journal/writer.rs",
        "use crate::{clerk::ClerkHandle, room::Seq};",
    );
    found(
        "src/journal/writer.rs",
        "use super::super::clerk::ClerkHandle;",
    );
    found("src/journal/mod.rs", "use super::clerk::ClerkHandle;");
    found("src/clerk/desk.rs", "use crate::config::Profile;");
    found("src/media/feed.rs", "use crate::journal::Reader;");
    found("src/media/feed.rs", "use crate::clerk::Clerk;");
    found("src/media/feed.rs", "use crate::archive::playback::Player;");
    found(
        "src/console/live.rs",
        "use crate::media::recorder::Recorders;",
    );
    found("src/console/live.rs", "use crate::{room::Seq, app::run};");
    found("src/console/live.rs", "use crate::journal::Journal;");
    found("src/vault/store.rs", "use crate::access::Access;");
    found("src/hub/link/run.rs", "use crate::vault::Vault;");
    found(
        "src/hub/reference/keeper.rs",
        "use crate::console::wire::Problem;",
    );
    found("src/main.rs", "use bidroom::journal::Journal;");
    found("src/lottery/mod.rs", "use crate::room::Seq;");
    fine(
        "src/clerk/desk.rs",
        "use crate::{journal::{self, Journal}, room};",
    );
    fine(
        "src/journal/writer.rs",
        "use super::reader::Reader;\nuse crate::room::Seq;",
    );
    fine(
        "src/journal/writer.rs",
        "// unlike crate::clerk\nconst A: &str = \"crate::clerk\";",
    );
    fine(
        "src/media/reports.rs",
        "use crate::clerk::{ClerkHandle, SubmitError};",
    );
}

#[test]
fn an_impure_room_is_found() {
    found("src/room/state.rs", "use tokio::sync::watch;");
    found("src/room/state.rs", "use std::time::Instant;");
    found("src/room/state.rs", "fn f() { let _ = std::fs::read(x); }");
    found("src/room/state.rs", "use rand::Rng;");
    found("src/room/state.rs", "use uuid::Uuid;");
    fine(
        "src/room/state.rs",
        "use serde::Serialize;\nuse std::time::Duration;",
    );
    fine("src/room/mod.rs", "mod actor;\npub use actor::*;");
}

#[test]
fn what_left_its_home_is_found() {
    found("src/clerk/run.rs", "async fn f() { tokio::spawn(g()); }");
    found(
        "src/journal/writer.rs",
        "let now = std::time::SystemTime::now();",
    );
    found("src/console/state.rs", "let began = Instant::now();");
    found("src/vault/store.rs", "let now = jiff::Timestamp::now();");
    found("src/media/recorder/tape.rs", "use rtc::rtp::Packet;");
    found("src/hub/link/run.rs", "use rumqttc::QoS;");
    found(
        "src/console/whip.rs",
        "use webrtc::peer_connection::PeerConnection;",
    );
    found(
        "src/access/codes.rs",
        "let (tx, rx) = mpsc::unbounded_channel();",
    );
    fine(
        "src/media/peer/sdp.rs",
        "use webrtc::peer_connection::PeerConnection;",
    );
    fine(
        "src/media/feed.rs",
        "use bytes::Bytes;\nlet began = Instant::now();",
    );
    fine(
        "src/console/state.rs",
        "#[cfg(test)]\nmod tests {\n    let began = Instant::now();\n}",
    );
    fine(
        "src/console/state.rs",
        "/* Instant::now() */ let a = \"tokio::spawn\";",
    );
    fine("src/console/state.rs", "let a = self::netrtc::x();");
}

#[test]
fn a_file_without_a_word_and_a_stray_entry_are_found() {
    assert!(untold(&Source::new("src/a.rs", "use std::fs;")).is_some());
    assert!(untold(&Source::new("src/a.rs", "//! Owns.\n")).is_some());
    assert!(untold(&Source::new("src/a.rs", "//! Owns something of its own.\n")).is_none());
    assert_eq!(
        strange(&["src".to_owned(), "notes.txt".to_owned()]).len(),
        1
    );
}

#[test]
fn comments_and_texts_are_no_code() {
    let source = Source::new(
        "src/a.rs",
        "let a = 'x'; // b\nlet c = \"d \\\" e\"; let f = r#\"g \" h\"#; /* i /* j */ k */ let l = '\\''; let m = '\"'; n",
    );
    let words: String = source.code().split_whitespace().collect();
    assert_eq!(words, "leta=;letc=\"\";letf=;letl=;letm=;n");
}
