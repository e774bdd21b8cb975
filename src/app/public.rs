//! Owns what of the room the city may know: folded from the view that the pages have, which knows masks only, and without these.

use crate::console::views::{
    Alarm, Level, PresenceKind, RelayView, Sending, SourceState, Surroundings, room_view,
};
use crate::hub::contract::{
    Health, PlannedSession, PublicAlarm, PublicClock, PublicRelay, PublicRelayed, PublicSession,
    PublicState, RecordedFeeds,
};
use crate::room::{Actor, FeedKind, Now, Part, Replica, Room};
use serde::Serialize;
use serde_json::Value;
use std::fs;

/// More alarms than anybody reads from afar.
const ALARMS: usize = 40;

/// Folds the room for the city.
pub(super) fn fold(room: &Room, now: &Now, around: &Surroundings) -> PublicState {
    let actor = Actor::Daemon { part: Part::Hub };
    let view = room_view(room, now, &actor, around, Vec::new());
    let cameras: Vec<_> = view
        .feeds
        .iter()
        .filter(|feed| feed.kind == FeedKind::Camera)
        .collect();
    let live = cameras
        .iter()
        .filter(|feed| feed.source == SourceState::Live);
    let session = view.session.map(|session| PublicSession {
        expected_members: u32::from(session.planned.experts)
            + u32::from(session.planned.tenderer_representatives),
        present_members: count(
            session
                .members
                .iter()
                .filter(|member| member.presence == PresenceKind::Present),
        ),
        clocks: session
            .clocks
            .iter()
            .map(|clock| PublicClock {
                what: word(&clock.kind),
                ends: clock.ends,
            })
            .collect(),
        id: session.id,
        kind: session.kind,
        phase: session.phase,
        since: session.since,
        start: session.start,
        expected: session.expected,
        started: session.started,
    });
    PublicState {
        seq: view.seq,
        at: view.at,
        name: view.room.name,
        version: view.room.version,
        seats: count(view.seats.iter()),
        enrolled: count(view.seats.iter().filter(|seat| seat.enrolled)),
        session,
        sessions: planned(room),
        alarms: view.alarms.iter().take(ALARMS).map(alarm).collect(),
        recording: RecordedFeeds {
            wanted: small(view.recording.wanted),
            writing: small(view.recording.writing),
        },
        health: Health {
            disk_free_bytes: view.storage.free_bytes,
            disk_total_bytes: view.storage.total_bytes,
            disk_hours: view.storage.hours,
            clock_offset_ms: view.clock_offset_ms,
            temperature_c: temperature(),
            cameras: small(cameras.len()),
            cameras_live: count(live),
            ..backups(room)
        },
        relays: view.relays.into_iter().map(relay).collect(),
        unreceipted: 0,
    }
}

fn relay(relay: RelayView) -> PublicRelay {
    let feeds = relay.feeds.into_iter().map(|one| PublicRelayed {
        feed: one.feed,
        state: match one.sending {
            Sending::Waiting => "waiting",
            Sending::Offering => "offering",
            Sending::Sending => "sending",
            Sending::Failed { .. } => "failed",
        }
        .to_owned(),
    });
    PublicRelay {
        feeds: feeds.collect(),
        id: relay.id,
        host: relay.host,
        permitted: relay.permitted.into_iter().collect(),
        sound: relay.sound,
        until: relay.until,
        barred: relay.barred,
    }
}

fn planned(room: &Room) -> Vec<PlannedSession> {
    let open = room
        .sessions
        .iter()
        .filter(|(_, session)| !session.phase.is_over());
    open.map(|(id, session)| PlannedSession {
        id: id.clone(),
        phase: session.phase.kind(),
        start: session.plan.start,
        expected: session.plan.expected,
        seats: u32::from(session.plan.experts) + u32::from(session.plan.tenderer_representatives),
    })
    .collect()
}

/// Kind, subject and fault in fixed words: an alarm's free text stays in the room.
fn alarm(alarm: &Alarm) -> PublicAlarm {
    let what = serde_json::to_value(&alarm.what).unwrap_or(Value::Null);
    let text = |pointer: &str| match what.pointer(pointer) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(_) | None => None,
    };
    PublicAlarm {
        urgent: alarm.level == Level::Bad,
        since: alarm.since,
        kind: text("/kind").unwrap_or_default(),
        subject: text("/feed")
            .or_else(|| text("/equipment"))
            .or_else(|| text("/seat")),
        fault: text("/fault/kind")
            .or_else(|| text("/anomaly"))
            .or_else(|| text("/of")),
    }
}

fn backups(room: &Room) -> Health {
    let replicas = &room.layout.replicas;
    let verified = room
        .archives
        .values()
        .flat_map(|kept| kept.replicas.values())
        .filter_map(|replica| match replica {
            Replica::Whole { verified } => Some(verified.at),
            Replica::Damaged { .. } => None,
        });
    let lacking = room.archives.values().filter(|kept| {
        let whole = |id| matches!(kept.replicas.get(id), Some(Replica::Whole { .. }));
        !replicas.iter().all(whole)
    });
    Health {
        last_backup: verified.max(),
        archives_not_replicated: count(lacking),
        ..Health::default()
    }
}

/// The hottest of the kernel's sensors, degrees Celsius; none where there is none, as in a virtual machine.
fn temperature() -> Option<f64> {
    let zones = fs::read_dir("/sys/class/thermal").ok()?;
    let read = |file: std::path::PathBuf| -> Option<f64> {
        let milli: f64 = fs::read_to_string(file).ok()?.trim().parse().ok()?;
        Some(milli / 1000.0)
    };
    zones
        .filter_map(|zone| read(zone.ok()?.path().join("temp")))
        .filter(|degrees| (-50.0..200.0).contains(degrees))
        .max_by(f64::total_cmp)
}

fn word(of: &impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

fn count(of: impl Iterator) -> u32 {
    small(of.count())
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
