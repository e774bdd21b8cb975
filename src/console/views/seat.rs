//! Owns what a seat's page gets: its own state, and of its colleagues only their masks.

use super::actions::{ActionView, MEMBER, action_views};
use super::feeds::{FeedView, feed_views};
use super::parts::{
    BreakView, HelpView, MemberView, RoomHead, SessionView, Surroundings, SuspensionView,
};
use crate::room::{
    Actor, FeedKind, MemberKind, MemberNo, Note, Now, PhaseKind, Place, Presence, Room, SeatNo,
    Seq, Session, SessionId, SessionKind, Utc,
};
use schemars::JsonSchema;
use serde::Serialize;

/// A seat's page.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SeatPageView {
    /// The journal's number it stands at.
    pub seq: Seq,
    /// When it was folded.
    pub at: Utc,
    /// The room.
    pub room: RoomHead,
    /// The seat.
    pub seat: SeatNo,
    /// The session that holds the room.
    pub session: Option<SeatSession>,
    /// The member who checked in here.
    pub me: Option<MemberView>,
    /// Whom he voted for as chair.
    pub my_vote: Option<MemberNo>,
    /// The seat's own feeds, and the supervisor's voice while it speaks to it.
    pub feeds: Vec<FeedView>,
    /// Whether the supervisor speaks to this seat.
    pub talk_back: bool,
    /// A warning to acknowledge.
    pub warning: Option<Note>,
    /// An open help call.
    pub help: Option<HelpView>,
    /// The buttons.
    pub actions: Vec<ActionView>,
}

/// What a seat may know of the session.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SeatSession {
    /// Its number.
    pub id: SessionId,
    /// Real, or a rehearsal.
    pub kind: SessionKind,
    /// Where it stands.
    pub phase: PhaseKind,
    /// Since when.
    pub since: Utc,
    /// The planned start.
    pub start: Utc,
    /// When the evaluation began.
    pub started: Option<Utc>,
    /// Why it is suspended.
    pub suspension: Option<SuspensionView>,
    /// The break that lasts.
    pub current_break: Option<BreakView>,
    /// The chair.
    pub chair: Option<MemberNo>,
    /// The others.
    pub colleagues: Vec<Colleague>,
}

/// Another member, by mask.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Colleague {
    /// The mask.
    pub no: MemberNo,
    /// Expert or tenderer representative.
    pub kind: MemberKind,
    /// Where he sits.
    pub seat: Option<SeatNo>,
    /// Whether he is here.
    pub present: bool,
    /// Whether he signed the report.
    pub signed: bool,
}

/// Folds the room for the workstation of a seat, and the member there.
pub fn seat_view(
    room: &Room,
    now: &Now,
    actor: &Actor,
    seat: SeatNo,
    around: &Surroundings,
) -> SeatPageView {
    let shown = shown(room, actor);
    let session = shown.map(|(_, session)| session);
    let me = match (actor, session) {
        (Actor::Member { member, .. }, Some(session)) => session.committee.members.get(member),
        _ => None,
    };
    let id = shown.map(|(id, _)| id);
    let mine = |feed: &FeedView| feed.place == Place::Seat(seat) || feed.kind == FeedKind::TalkBack;
    SeatPageView {
        seq: room.seq,
        at: now.stamp.at,
        room: RoomHead::of(&room.layout),
        seat,
        session: shown.map(|(id, session)| SeatSession::of(id, session, room)),
        me: me
            .zip(session)
            .map(|(member, session)| MemberView::of(member, session)),
        my_vote: me.and_then(|m| session.and_then(|s| s.committee.votes.get(&m.no).copied())),
        feeds: feed_views(room, actor, around)
            .into_iter()
            .filter(mine)
            .collect(),
        talk_back: session
            .and_then(|s| s.talk_back.as_ref())
            .is_some_and(|talk| talk.seats.contains(&seat)),
        warning: session.and_then(|s| s.warnings.get(&seat).cloned()),
        help: session
            .and_then(|s| s.help.get(&seat))
            .map(|call| HelpView {
                kind: call.kind,
                since: call.since.at,
                overdue: call.overdue,
            }),
        actions: action_views(room, now, actor, id, MEMBER),
    }
}

/// The member's own session, else the one that holds the room.
fn shown<'a>(room: &'a Room, actor: &Actor) -> Option<(&'a SessionId, &'a Session)> {
    if let Actor::Member { session, .. } = actor
        && let Some(own) = room.sessions.get_key_value(session)
    {
        return Some(own);
    }
    room.occupant()
}

impl SeatSession {
    fn of(id: &SessionId, session: &Session, room: &Room) -> Self {
        let whole = SessionView::of(id, session, room);
        Self {
            id: whole.id,
            kind: whole.kind,
            phase: whole.phase,
            since: whole.since,
            start: whole.start,
            started: whole.started,
            suspension: whole.suspension,
            current_break: whole.current_break,
            chair: whole.chair,
            colleagues: session
                .committee
                .active()
                .map(|member| Colleague {
                    no: member.no,
                    kind: member.kind,
                    seat: member.seat,
                    present: matches!(member.presence, Presence::Present { .. }),
                    signed: member.report.is_some(),
                })
                .collect(),
        }
    }
}
