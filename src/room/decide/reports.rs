//! Owns what the daemon's parts report. What is known already makes no event.

use super::Case;
use crate::room::anomaly::Anomaly;
use crate::room::command::Command;
use crate::room::equipment::Preflight;
use crate::room::event::Event;
use crate::room::ids::FeedId;
use crate::room::recordings::{GapCause, IndexHead, Track};
use crate::room::refusal::Refusal;
use crate::room::session::{FeedState, Phase};
use crate::room::state::Room;
use crate::room::time::{Span, Utc};
use crate::room::wanted;
use std::collections::BTreeSet;

pub(super) fn run_preflight(room: &Room) -> Result<Vec<Event>, Refusal> {
    if let Preflight::Running { .. } = room.preflight {
        return Err(Refusal::PreflightRuns);
    }
    Ok(vec![Event::PreflightRequested])
}

/// Reports about the room itself; none for commands of another kind.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other commands belong to sessions"
)]
pub(super) fn of_room(room: &Room, command: &Command) -> Result<Option<Vec<Event>>, Refusal> {
    let known_feed = |feed: &FeedId| match room.layout.feed(feed) {
        Some(_) => Ok(()),
        None => Err(Refusal::NoSuchFeed { feed: feed.clone() }),
    };
    let event = match command {
        Command::ConfigureRoom {
            layout,
            policies,
            profile_sha256,
        } => {
            let same = &room.layout == layout
                && &room.policies == policies
                && &room.profile_sha256 == profile_sha256;
            (!same).then(|| Event::RoomConfigured {
                layout: layout.clone(),
                policies: policies.clone(),
                profile_sha256: profile_sha256.clone(),
            })
        }
        Command::ReportStart { version } => Some(Event::DaemonStarted {
            version: version.clone(),
        }),
        Command::ReportArchiveReceived {
            session,
            seal,
            files,
            bytes,
            from,
        } => Some(Event::ArchiveReceived {
            session: session.clone(),
            seal: seal.clone(),
            files: *files,
            bytes: *bytes,
            from: from.clone(),
        }),
        Command::ReportOrderRefused {
            session,
            sha256,
            fault,
        } => {
            let known = room.refused_order.as_ref();
            let told = known.is_some_and(|known| {
                (&known.session, &known.sha256, &known.fault) == (session, sha256, fault)
            });
            (!told).then(|| Event::OrderRefused {
                session: session.clone(),
                sha256: sha256.clone(),
                fault: *fault,
            })
        }
        Command::ReportStop => Some(Event::DaemonStopping),
        Command::ReportClockJump { by_ms } => Some(Event::ClockJumped { by_ms: *by_ms }),
        Command::ReportPreflight { results } => Some(Event::PreflightDone {
            results: results.clone(),
        }),
        Command::ReportFault { equipment, fault } => {
            let known = room
                .failures
                .get(equipment)
                .is_some_and(|known| &known.fault == fault);
            (!known).then(|| Event::EquipmentFailed {
                equipment: equipment.clone(),
                fault: fault.clone(),
            })
        }
        Command::ReportRecovery { equipment } => {
            room.failures
                .contains_key(equipment)
                .then(|| Event::EquipmentRecovered {
                    equipment: equipment.clone(),
                })
        }
        Command::ReportFeedLive { feed } => {
            known_feed(feed)?;
            (!room.is_live(feed)).then(|| Event::FeedWentLive { feed: feed.clone() })
        }
        Command::ReportFeedLost { feed, cause } => {
            known_feed(feed)?;
            let known = matches!(room.feeds.get(feed), Some(FeedState::Lost { .. }));
            (!known).then(|| Event::FeedLost {
                feed: feed.clone(),
                cause: cause.clone(),
            })
        }
        _ => return Ok(None),
    };
    Ok(Some(event.into_iter().collect()))
}

pub(super) fn recording_started(case: &Case<'_>, feed: &FeedId) -> Result<Vec<Event>, Refusal> {
    if case.session.recordings.running.contains_key(feed) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::RecordingStarted { feed: feed.clone() }])
}

pub(super) fn recording_ended(
    case: &Case<'_>,
    feed: &FeedId,
    head: &IndexHead,
) -> Result<Vec<Event>, Refusal> {
    if !case.session.recordings.running.contains_key(feed) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::RecordingEnded {
        feed: feed.clone(),
        head: head.clone(),
    }])
}

pub(super) fn gap_opened(
    case: &Case<'_>,
    feed: &FeedId,
    track: Track,
    from: Utc,
    cause: GapCause,
) -> Result<Vec<Event>, Refusal> {
    let recordings = &case.session.recordings;
    if recordings.open_gap(feed, track).is_some() {
        return Ok(Vec::new());
    }
    let gap = recordings.gaps.keys().last().map_or(1, |last| last + 1);
    let mut events = vec![Event::RecordingGapOpened {
        gap,
        feed: feed.clone(),
        track,
        from,
        cause,
    }];
    let confirmed = matches!(
        case.session.phase,
        Phase::Ready {
            recording_confirmed: true,
            ..
        }
    );
    if confirmed && wanted::recorded_feeds(case.room, case.session).contains(feed) {
        events.push(Event::ReadinessLost {
            feeds: BTreeSet::from([feed.clone()]),
        });
    }
    Ok(events)
}

pub(super) fn gap_closed(
    case: &Case<'_>,
    feed: &FeedId,
    track: Track,
    to: Utc,
) -> Result<Vec<Event>, Refusal> {
    Ok(match case.session.recordings.open_gap(feed, track) {
        None => Vec::new(),
        Some(gap) => {
            vec![Event::RecordingGapClosed {
                gap,
                feed: feed.clone(),
                track,
                to,
            }]
        }
    })
}

pub(super) fn anomaly(
    case: &Case<'_>,
    feed: &FeedId,
    anomaly: Anomaly,
    lasted: Span,
) -> Result<Vec<Event>, Refusal> {
    if case.room.layout.feed(feed).is_none() {
        return Err(Refusal::NoSuchFeed { feed: feed.clone() });
    }
    // a report of a session that has ended meanwhile comes too late
    if !case.session.phase.occupies() || case.session.anomalies.has(feed, anomaly) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::AnomalyBegan {
        feed: feed.clone(),
        anomaly,
        from: case.now.stamp.at - lasted,
    }])
}

pub(super) fn anomaly_ended(
    case: &Case<'_>,
    feed: &FeedId,
    anomaly: Anomaly,
) -> Result<Vec<Event>, Refusal> {
    if !case.session.anomalies.has(feed, anomaly) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::AnomalyEnded {
        feed: feed.clone(),
        anomaly,
    }])
}
