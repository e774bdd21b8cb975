//! Owns what the outer world should be like, given the room. Workers converge to it.

use super::equipment::Preflight;
use super::ids::{FeedId, SeatNo, SessionId};
use super::layout::{FeedKind, FeedSpec, Place};
use super::session::Session;
use super::state::Room;
use super::time::Stamp;
use std::collections::BTreeSet;

/// What workers should make true.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// What is to be recorded, and into which session.
    pub recording: Option<WantedRecording>,
    /// A preflight that was asked for, and when.
    pub preflight: Option<Stamp>,
    /// The seats that hear the supervisor.
    pub talk_back: BTreeSet<SeatNo>,
    /// Sessions that are over, and whose archives are to be sealed and read back.
    pub archiving: BTreeSet<SessionId>,
    /// Archives whose time is over, and that are to be deleted.
    pub deleting: BTreeSet<SessionId>,
}

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRecording {
    /// For which session.
    pub session: SessionId,
    /// Which feeds.
    pub feeds: BTreeSet<FeedId>,
}

/// What the outer world should be like.
pub fn wanted(room: &Room) -> Wanted {
    let occupant = room.occupant();
    Wanted {
        recording: occupant.map(|(id, session)| WantedRecording {
            session: id.clone(),
            feeds: recorded_feeds(room, session),
        }),
        preflight: match &room.preflight {
            Preflight::Running { since } => Some(since.clone()),
            Preflight::Never | Preflight::Done { .. } => None,
        },
        talk_back: occupant
            .and_then(|(_, session)| session.talk_back.as_ref())
            .map(|talk| talk.seats.clone())
            .unwrap_or_default(),
        archiving: room
            .sessions
            .iter()
            .filter(|(_, session)| session.phase.is_over() && !session.archive.is_done())
            .map(|(id, _)| id.clone())
            .collect(),
        deleting: room
            .archives
            .iter()
            .filter(|(_, kept)| kept.released)
            .map(|(id, _)| id.clone())
            .collect(),
    }
}

/// The feeds that the policy records in a session's phase: seats only while somebody is expected there
/// and their workstation is enrolled, talk-back only while the supervisor speaks.
pub fn recorded_feeds(room: &Room, session: &Session) -> BTreeSet<FeedId> {
    let phase = session.phase.kind();
    let rules = &session.policies(&room.policies).recording;
    let by_policy = |kind: FeedKind| {
        rules
            .iter()
            .any(|rule| rule.kinds.contains(&kind) && rule.phases.contains(&phase))
    };
    let there = |spec: &FeedSpec| match (spec.kind, spec.place) {
        (FeedKind::TalkBack, _) => session.talk_back.is_some(),
        (_, Place::Seat(seat)) => session.committee.at_seat(seat).is_some(),
        _ => true,
    };
    let feeds = room
        .layout
        .feeds
        .iter()
        .filter(|spec| by_policy(spec.kind) && there(spec));
    feeds.map(|spec| spec.id.clone()).collect()
}
