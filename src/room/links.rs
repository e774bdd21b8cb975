//! Owns who may see, hear and send what: one table by role, feed and moment. Inquiry will be rows of it.

use super::actor::Actor;
use super::ids::SeatNo;
use super::layout::{FeedKind, FeedSpec, Place};
use super::session::Session;
use super::state::Room;

/// Whether an actor may watch a feed now. Denied unless a row says otherwise.
pub fn may_view(room: &Room, actor: &Actor, feed: &FeedSpec) -> bool {
    match actor {
        // supervision sees and hears everything
        Actor::Supervisor { .. } => true,
        // the technician looks after the room; once the evaluation is on, he sees only its cameras
        Actor::Technician { .. } => match feed.kind {
            FeedKind::Camera => true,
            FeedKind::Face | FeedKind::Screen | FeedKind::Microphone => !room
                .occupant()
                .is_some_and(|(_, session)| confidential(session)),
            FeedKind::TalkBack => false,
        },
        Actor::Member { session, member } => {
            let found = room.sessions.get(session);
            let seat = found
                .and_then(|s| s.committee.members.get(member))
                .and_then(|m| m.seat);
            seat.is_some_and(|seat| at_seat(room, seat, feed))
        }
        Actor::Workstation { seat } => at_seat(room, *seat, feed),
        Actor::Administrator { .. } | Actor::Bidder { .. } | Actor::Daemon { .. } => false,
    }
}

/// Whether an actor may send a feed.
pub fn may_publish(room: &Room, actor: &Actor, feed: &FeedSpec) -> bool {
    match actor {
        Actor::Member { session, member } => {
            let found = room.sessions.get(session);
            let seat = found
                .and_then(|s| s.committee.members.get(member))
                .and_then(|m| m.seat);
            seat.is_some_and(|seat| is_sent_from(seat, feed))
        }
        Actor::Workstation { seat } => is_sent_from(*seat, feed),
        Actor::Supervisor { .. } => {
            feed.kind == FeedKind::TalkBack
                && room
                    .occupant()
                    .is_some_and(|(_, session)| session.talk_back.is_some())
        }
        Actor::Technician { .. }
        | Actor::Administrator { .. }
        | Actor::Bidder { .. }
        | Actor::Daemon { .. } => false,
    }
}

/// Whether a seat's workstation makes a feed: a fixed camera there is not its own.
fn is_sent_from(seat: SeatNo, feed: &FeedSpec) -> bool {
    feed.place == Place::Seat(seat) && matches!(feed.kind, FeedKind::Face | FeedKind::Screen)
}

/// Whether what is said and shown at the seats is the committee's own: from the start to the end.
fn confidential(session: &Session) -> bool {
    session.started.is_some() && !session.phase.is_over()
}

/// A seat sees its own picture, and hears the supervisor when he speaks to it.
fn at_seat(room: &Room, seat: SeatNo, feed: &FeedSpec) -> bool {
    if feed.place == Place::Seat(seat) {
        return true;
    }
    let talk = room
        .occupant()
        .and_then(|(_, session)| session.talk_back.as_ref());
    feed.kind == FeedKind::TalkBack && talk.is_some_and(|talk| talk.seats.contains(&seat))
}
