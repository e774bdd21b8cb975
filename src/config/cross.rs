//! Owns what must hold between the sections of a profile.

use super::document::{At, Log, Wrong};
use super::profile::{Camera, VideoSource};
use super::sections::Parts;
use crate::room::{FeedId, Seat};
use std::collections::{BTreeMap, BTreeSet};

/// Two seats nearer than this, in percent of the map in both directions, cover each other.
const SEAT_APART: u8 = 6;

/// Notes the faults that no section shows by itself.
pub(super) fn check(parts: &Parts, log: &Log<'_>) {
    seats(&parts.seats, log);
    feeds(parts, log);
    streams(&parts.cameras, log);
    committee(parts, log);
    ports(parts, log);
    relays(parts, log);
}

fn seats(seats: &[At<Seat>], log: &Log<'_>) {
    for (n, seat) in seats.iter().enumerate() {
        let no = seat.value.no;
        if let Some(first) = seats[..n].iter().find(|s| s.value.no == no) {
            let line = log.line(first.offset);
            let wrong = Wrong {
                what: text!(
                    "席位 {no} 已在第 {line} 行出现",
                    "seat {no} is already there, in line {line}"
                ),
                allowed: text!("每个席位号只出现一次", "each number once"),
                remedy: text!(
                    "改正 no，或删去重复的一节",
                    "correct no, or remove the second section"
                ),
            };
            log.fault(seat.offset, "seats.no", wrong);
            continue;
        }
        let covers = |s: &&At<Seat>| {
            s.value.x.abs_diff(seat.value.x) < SEAT_APART
                && s.value.y.abs_diff(seat.value.y) < SEAT_APART
        };
        if let Some(first) = seats[..n].iter().find(covers) {
            let (other, line) = (first.value.no, log.line(first.offset));
            let wrong = Wrong {
                what: text!(
                    "席位 {no} 与席位 {other}（第 {line} 行）在席位图上重叠",
                    "seat {no} covers seat {other} (line {line}) on the map"
                ),
                allowed: text!(
                    "x 或 y 至少相差 {SEAT_APART}",
                    "at least {SEAT_APART} apart in x or in y"
                ),
                remedy: text!("改正 x 或 y", "correct x or y"),
            };
            log.fault(seat.offset, "seats.x", wrong);
        }
    }
}

/// Feed ids are folder names and addresses: each once, and none of those that seats have.
fn feeds(parts: &Parts, log: &Log<'_>) {
    let cameras = parts
        .cameras
        .iter()
        .map(|c| (&c.value.id, c.offset, "cameras.id"));
    let microphones = parts
        .microphones
        .iter()
        .map(|m| (&m.value.id, m.offset, "microphones.id"));
    let mut taken: BTreeMap<&FeedId, usize> = BTreeMap::new();
    for (id, offset, key) in cameras.chain(microphones) {
        let derived = id.as_str() == "talkback" || id.as_str().starts_with("seat-");
        if derived {
            let wrong = Wrong {
                what: text!("{id} 是保留名称", "{id} is a name that is taken"),
                allowed: text!(
                    "除 talkback 和 seat-… 以外的名称",
                    "any but talkback and seat-…"
                ),
                remedy: text!(
                    "换一个名称，例如 camera-1",
                    "choose another name, such as camera-1"
                ),
            };
            log.fault(offset, key, wrong);
        } else if let Some(first) = taken.get(id) {
            let line = log.line(*first);
            let wrong = Wrong {
                what: text!(
                    "{id} 已在第 {line} 行出现",
                    "{id} is already there, in line {line}"
                ),
                allowed: text!("每路信号的 id 只出现一次", "each feed's id once"),
                remedy: text!("换一个 id", "choose another id"),
            };
            log.fault(offset, key, wrong);
        } else {
            taken.insert(id, offset);
        }
    }
}

/// Two cameras with one address record the same picture twice and another one never.
fn streams(cameras: &[At<Camera>], log: &Log<'_>) {
    let mut taken: BTreeMap<String, (&FeedId, usize)> = BTreeMap::new();
    for camera in cameras {
        let source = match &camera.value.source {
            VideoSource::Rtsp(source) => source.main.to_string(),
            VideoSource::Device { device, .. } => device.display().to_string(),
            VideoSource::TestPattern(_) => continue,
        };
        let id = &camera.value.id;
        if let Some((other, offset)) = taken.get(&source) {
            let line = log.line(*offset);
            let wrong = Wrong {
                what: text!(
                    "{id} 与 {other}（第 {line} 行）是同一信号源",
                    "{id} has the same source as {other} (line {line})"
                ),
                allowed: text!(
                    "每路摄像机各有自己的地址",
                    "an address of its own for each camera"
                ),
                remedy: text!("改正 main 或 device", "correct main or device"),
            };
            log.fault(camera.offset, "cameras.main", wrong);
        } else {
            taken.insert(source, (id, camera.offset));
        }
    }
}

fn committee(parts: &Parts, log: &Log<'_>) {
    let Some(policies) = &parts.policies else {
        return;
    };
    let (least, seats) = (policies.committee_min, parts.seats_named);
    if seats > 0 && usize::from(least) > seats {
        let wrong = Wrong {
            what: text!(
                "评标委员会至少 {least} 人，而房间只有 {seats} 个席位",
                "a committee of at least {least} in a room of {seats} seats"
            ),
            allowed: text!("不超过席位数", "no more than there are seats"),
            remedy: text!(
                "改小 committee_min，或补上席位",
                "lower committee_min, or add the missing seats"
            ),
        };
        log.fault(parts.committee_min_at, "policies.committee_min", wrong);
    }
}

/// What leaves the house is a picture of this room that somebody named, and each place is named once.
fn relays(parts: &Parts, log: &Log<'_>) {
    let Some(Some(hub)) = &parts.hub else {
        return;
    };
    let cameras = parts.cameras.iter().map(|c| c.value.id.to_string());
    let seats = parts.seats.iter().flat_map(|seat| {
        let no = seat.value.no;
        [format!("seat-{no}-face"), format!("seat-{no}-screen")]
    });
    let known: BTreeSet<String> = cameras.chain(seats).collect();
    for (n, relay) in hub.relays.iter().enumerate() {
        let id = &relay.spec.id;
        if hub.relays[..n].iter().any(|other| other.spec.id == *id) {
            let wrong = Wrong {
                what: text!("{id} 已经出现过", "{id} is already there"),
                allowed: text!("每个 id 只出现一次", "each id once"),
                remedy: text!("换一个 id", "choose another id"),
            };
            log.fault(parts.relays_at, "hub.relays.id", wrong);
        }
        for feed in relay
            .spec
            .feeds
            .iter()
            .filter(|feed| !known.contains(feed.as_str()))
        {
            let wrong = Wrong {
                what: text!(
                    "{id}：本室没有可外送的画面 {feed}",
                    "{id}: this room has no picture {feed} to send"
                ),
                allowed: text!(
                    "摄像机的 id，或席位画面 seat-1-face、seat-1-screen",
                    "cameras by their id, or a seat's seat-1-face, seat-1-screen"
                ),
                remedy: text!("改正 feeds", "correct feeds"),
            };
            log.fault(parts.relays_at, "hub.relays.feeds", wrong);
        }
    }
}

fn ports(parts: &Parts, log: &Log<'_>) {
    let Some(network) = &parts.network else {
        return;
    };
    let port = network.https_port;
    if port != 0 && port == network.ice_tcp_port {
        let wrong = Wrong {
            what: text!(
                "https_port 与 ice_tcp_port 都是 {port}",
                "https_port and ice_tcp_port are both {port}"
            ),
            allowed: text!("两个不同的 TCP 端口", "two different TCP ports"),
            remedy: text!("改其中一个", "change one of them"),
        };
        log.fault(parts.ice_tcp_port_at, "network.ice_tcp_port", wrong);
    }
}
