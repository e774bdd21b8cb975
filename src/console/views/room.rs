//! Owns the view of the whole room: the technician's and the supervisor's page draw the same picture,
//! each with its own buttons and its own right to look at feeds.

use super::actions::{self, Action, ActionView, action_views};
use super::alarms::{Alarm, alarms};
use super::convening::{ConveningView, LineView, convening_views, line_views};
use super::feeds::{FeedView, RecordingState, feed_views};
use super::parts::{
    HelpView, Line, Me, MemberView, RoomHead, SeatView, SessionLine, SessionView, Storage,
    Surroundings,
};
use super::relays::{RelayView, relay_views};
use crate::room::{
    AccountId, Actor, Archive, FeedKind, Now, Phase, Place, Preflight, Room, Seat, Seq, Session,
    SessionId, Utc, usual_size,
};
use schemars::JsonSchema;
use serde::Serialize;

/// The room, for technicians and supervisors.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RoomView {
    /// The journal's number it stands at.
    pub seq: Seq,
    /// When it was folded.
    pub at: Utc,
    /// The room.
    pub room: RoomHead,
    /// Who looks.
    pub me: Me,
    /// The session the page is about: the one that holds the room, else the next.
    pub session: Option<SessionView>,
    /// All open sessions.
    pub sessions: Vec<SessionLine>,
    /// Draw and call-out of those whose committee is drawn, or still to come.
    pub convening: Vec<ConveningView>,
    /// The phone lines.
    pub lines: Vec<LineView>,
    /// The seats.
    pub seats: Vec<SeatView>,
    /// The feeds.
    pub feeds: Vec<FeedView>,
    /// What needs somebody's eye, worst first.
    pub alarms: Vec<Alarm>,
    /// What happened last, newest first.
    pub timeline: Vec<Line>,
    /// The buttons.
    pub actions: Vec<ActionView>,
    /// The technician's one next step.
    pub next: Option<Action>,
    /// Where feeds may leave the house to, and which do.
    pub relays: Vec<RelayView>,
    /// The last preflight.
    pub preflight: Preflight,
    /// Recordings: wanted, and really written.
    pub recording: RecordingCount,
    /// The disk.
    pub storage: Storage,
    /// The clock's offset in ms, where something measures it.
    pub clock_offset_ms: Option<f64>,
}

/// How many feeds are to be recorded, and how many are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordingCount {
    /// To be recorded.
    pub wanted: usize,
    /// Being written without a gap.
    pub writing: usize,
}

/// Folds the room for a technician or supervisor. `timeline` is newest first.
pub fn room_view(
    room: &Room,
    now: &Now,
    actor: &Actor,
    around: &Surroundings,
    timeline: Vec<Line>,
) -> RoomView {
    let shown = shown_session(room);
    let feeds = feed_views(room, actor, around);
    let id = shown.map(|(id, _)| id);
    let (buttons, account) = match actor {
        Actor::Technician { account } => (actions::TECHNICIAN, Some(account.clone())),
        Actor::Supervisor { account } => (actions::SUPERVISOR, Some(account.clone())),
        Actor::Administrator { .. }
        | Actor::Member { .. }
        | Actor::Workstation { .. }
        | Actor::Bidder { .. }
        | Actor::Daemon { .. } => (&[][..], None::<AccountId>),
    };
    RoomView {
        seq: room.seq,
        at: now.stamp.at,
        room: RoomHead::of(&room.layout),
        me: Me { account },
        session: shown.map(|(id, session)| SessionView::of(id, session, room)),
        sessions: room
            .sessions
            .iter()
            .map(|(id, session)| line(id, session))
            .collect(),
        convening: convening_views(room, now, actor),
        lines: line_views(&room.phones),
        seats: room
            .layout
            .seats
            .iter()
            .map(|seat| seat_view(room, seat, shown.map(|s| s.1)))
            .collect(),
        recording: count(&feeds),
        feeds,
        alarms: alarms(room, now.stamp.at, around),
        timeline,
        actions: action_views(room, now, actor, id, buttons),
        next: shown.and_then(|(_, session)| {
            let confirmed = matches!(
                session.phase,
                Phase::Ready {
                    recording_confirmed: true,
                    ..
                }
            );
            actions::next_step(session.phase.kind(), confirmed)
        }),
        relays: relay_views(room, around),
        preflight: room.preflight.clone(),
        storage: Storage {
            sessions: usual_size(room)
                .and_then(|size| around.storage.spare_bytes.checked_div(size)),
            ..around.storage.clone()
        },
        clock_offset_ms: around.clock_offset_ms,
    }
}

/// The session that holds the room, else the open one that starts first, else the one that ended last.
pub(in crate::console) fn shown_session(room: &Room) -> Option<(&SessionId, &Session)> {
    let open = || {
        let open = room
            .sessions
            .iter()
            .filter(|(_, session)| !session.phase.is_over());
        open.min_by_key(|(_, session)| session.plan.start)
    };
    let ended = || {
        room.sessions
            .iter()
            .max_by_key(|(_, session)| session.since.at)
    };
    room.occupant().or_else(open).or_else(ended)
}

fn line(id: &SessionId, session: &Session) -> SessionLine {
    SessionLine {
        id: id.clone(),
        kind: session.plan.kind,
        phase: session.phase.kind(),
        start: session.plan.start,
        damaged: match session.archive {
            Archive::ReadBack { damaged, .. } => Some(damaged),
            Archive::Open | Archive::Sealed { .. } => None,
        },
    }
}

fn count(feeds: &[FeedView]) -> RecordingCount {
    let wanted = feeds
        .iter()
        .filter(|f| f.recording.state != RecordingState::NotWanted);
    let writing = feeds
        .iter()
        .filter(|f| f.recording.state == RecordingState::Writing);
    RecordingCount {
        wanted: wanted.count(),
        writing: writing.count(),
    }
}

fn seat_view(room: &Room, seat: &Seat, session: Option<&Session>) -> SeatView {
    let feed = |kind: FeedKind| {
        let mut feeds = room.layout.feeds.iter();
        feeds
            .find(|f| f.kind == kind && f.place == Place::Seat(seat.no))
            .map(|f| f.id.clone())
    };
    let member = session.and_then(|s| s.committee.at_seat(seat.no).map(|m| MemberView::of(m, s)));
    let face = feed(FeedKind::Face);
    let wanted = session
        .map(|s| crate::room::recorded_feeds(room, s))
        .unwrap_or_default();
    SeatView {
        no: seat.no,
        x: seat.x,
        y: seat.y,
        enrolled: room.workstations.contains_key(&seat.no),
        member,
        recorded: face.as_ref().is_some_and(|face| wanted.contains(face)),
        face,
        screen: feed(FeedKind::Screen),
        help: session
            .and_then(|s| s.help.get(&seat.no))
            .map(|call| HelpView {
                kind: call.kind,
                since: call.since.at,
                overdue: call.overdue,
            }),
        warning: session.and_then(|s| s.warnings.get(&seat.no).cloned()),
    }
}
