//! Owns what the outer world should be like, given the room. Workers converge to it.

use super::call::{Callee, Script, WantedCall, WantedNotice};
use super::callout::{CallOutStage, Standing};
use super::draw::DrawStage;
use super::equipment::Preflight;
use super::ids::{AttemptId, FeedId, LineId, SeatNo, SessionId};
use super::keeping::PersonalData;
use super::layout::{FeedKind, FeedSpec, Place};
use super::phones::Call;
use super::relay::{WantedRelay, wanted_relays};
use super::session::Session;
use super::state::Room;
use super::text_message::{Texting, WantedText};
use super::time::Stamp;
use std::collections::{BTreeMap, BTreeSet};

/// What workers should make true.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// What is to be recorded, and into which session.
    pub recording: Option<WantedRecording>,
    /// A preflight that was asked for, and when.
    pub preflight: Option<Stamp>,
    /// The seats that hear the supervisor.
    pub talk_back: BTreeSet<SeatNo>,
    /// Feeds that are to leave the house.
    pub relays: BTreeSet<WantedRelay>,
    /// Sessions that are over, and whose archives are to be sealed and read back.
    pub archiving: BTreeSet<SessionId>,
    /// Archives whose time is over, and that are to be deleted.
    pub deleting: BTreeSet<SessionId>,
    /// Archives whose personal data are to be erased.
    pub erasing: BTreeSet<SessionId>,
    /// What is to be drawn or revealed.
    pub draws: BTreeMap<SessionId, WantedDraw>,
    /// What is to be spoken and kept ready for calls.
    pub notices: Vec<WantedNotice>,
    /// Text messages that are to be sent.
    pub texts: Vec<WantedText>,
    /// Calls that are to be made, or to go on; what leaves is hung up.
    pub calls: BTreeMap<AttemptId, WantedCall>,
}

/// What a draw waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedDraw {
    /// The box's secret.
    Secret,
    /// The next candidates: one of each of these groups, in this order.
    Candidates(Vec<u8>),
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
        relays: wanted_relays(room),
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
        erasing: room
            .archives
            .iter()
            .filter(|(_, kept)| kept.personal_data == PersonalData::Going)
            .map(|(id, _)| id.clone())
            .collect(),
        draws: room
            .sessions
            .iter()
            .filter_map(|(id, session)| Some((id.clone(), wanted_draw(room, session)?)))
            .collect(),
        notices: room.sessions.iter().filter_map(wanted_notice).collect(),
        texts: room
            .phones
            .texting
            .iter()
            .filter_map(|(line, to)| wanted_text(room, line, to))
            .collect(),
        calls: room
            .phones
            .calls
            .iter()
            // who called is talked to by whoever took the call
            .filter(|(_, call)| !call.taken)
            .filter_map(|(attempt, call)| {
                let script = script_of(room, attempt, call)?;
                let wanted = WantedCall {
                    attempt: attempt.clone(),
                    line: call.line.clone(),
                    callee: call.callee.clone(),
                    script,
                };
                Some((attempt.clone(), wanted))
            })
            .collect(),
    }
}

fn wanted_draw(room: &Room, session: &Session) -> Option<WantedDraw> {
    let draw = session.draw.as_ref().filter(|_| !session.phase.is_over())?;
    if let DrawStage::Revealed { .. } = draw.stage {
        return Some(WantedDraw::Secret);
    }
    let callout = session.callout.as_ref().filter(|c| c.is_running())?;
    let groups = callout.to_draw(session.policies(&room.policies).call_out.spare);
    (!groups.is_empty()).then_some(WantedDraw::Candidates(groups))
}

fn wanted_notice((id, session): (&SessionId, &Session)) -> Option<WantedNotice> {
    let draw = session.draw.as_ref().filter(|draw| !draw.is_aborted())?;
    (!session.phase.is_over()).then(|| WantedNotice {
        session: id.clone(),
        notice: draw.notice.clone(),
    })
}

fn wanted_text(room: &Room, line: &LineId, to: &Texting) -> Option<WantedText> {
    let draw = room.sessions.get(&to.session)?.draw.as_ref()?;
    Some(WantedText {
        to: to.clone(),
        line: line.clone(),
        notice: draw.notice.clone(),
    })
}

/// What is said in a call that is open; none where it is to be hung up. Whoever can get no place any more is thanked.
fn script_of(room: &Room, attempt: &AttemptId, call: &Call) -> Option<Script> {
    let Callee::Candidate { session, candidate } = &call.callee else {
        return Some(call.script);
    };
    let session = room.sessions.get(session)?;
    let callout = session.callout.as_ref()?;
    let found = callout.candidates.get(candidate)?;
    found.attempts.iter().find(|a| &a.id == attempt)?;
    let stopped = matches!(callout.stage, CallOutStage::Stopped { .. });
    if stopped || session.phase.is_over() {
        return None;
    }
    let released = matches!(found.standing, Standing::Released { .. });
    let late = call.confirmed.is_none() && callout.open(found.group) == 0;
    Some(if released || late {
        Script::Thanks
    } else {
        call.script
    })
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
