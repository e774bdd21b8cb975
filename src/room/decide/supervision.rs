//! Owns what passes between seats, technician and supervisor: help, marks, warnings, talk-back, explanations.

use super::Case;
use crate::room::event::{Event, HelpKind};
use crate::room::ids::{FeedId, SeatNo};
use crate::room::note::Note;
use crate::room::refusal::Refusal;
use crate::room::session::Phase;
use std::collections::BTreeSet;

pub(super) fn call_for_help(case: &Case<'_>, kind: HelpKind) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::occupies)?;
    let seat = case.my_seat()?;
    if case.session.help.contains_key(&seat) {
        return Err(Refusal::HelpAlreadyCalled);
    }
    Ok(vec![Event::HelpCalled { seat, kind }])
}

pub(super) fn answer_help(case: &Case<'_>, seat: SeatNo) -> Result<Vec<Event>, Refusal> {
    if case.session.help.contains_key(&seat) {
        Ok(vec![Event::HelpAnswered { seat }])
    } else {
        Err(Refusal::NoHelpCall { seat })
    }
}

pub(super) fn mark(
    case: &Case<'_>,
    feed: Option<&FeedId>,
    note: &Note,
) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::occupies)?;
    if let Some(feed) = feed.filter(|feed| case.room.layout.feed(feed).is_none()) {
        return Err(Refusal::NoSuchFeed { feed: feed.clone() });
    }
    Ok(vec![Event::MomentMarked {
        feed: feed.cloned(),
        note: note.clone(),
    }])
}

pub(super) fn warn(case: &Case<'_>, seat: SeatNo, text: &Note) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::occupies)?;
    case.seat_exists(seat)?;
    Ok(vec![Event::SeatWarned {
        seat,
        text: text.clone(),
    }])
}

pub(super) fn acknowledge(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    let seat = case.my_seat()?;
    if case.session.warnings.contains_key(&seat) {
        Ok(vec![Event::WarningAcknowledged { seat }])
    } else {
        Err(Refusal::NoWarning)
    }
}

pub(super) fn start_talk_back(
    case: &Case<'_>,
    seats: &BTreeSet<SeatNo>,
) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::occupies)?;
    if case.session.talk_back.is_some() {
        return Err(Refusal::TalkBackLasts);
    }
    seats.iter().try_for_each(|seat| case.seat_exists(*seat))?;
    let all = case.room.layout.seats.iter().map(|s| s.no);
    let seats = if seats.is_empty() {
        all.collect()
    } else {
        seats.clone()
    };
    Ok(vec![Event::TalkBackStarted { seats }])
}

pub(super) fn end_talk_back(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    match case.session.talk_back {
        Some(_) => Ok(vec![Event::TalkBackEnded]),
        None => Err(Refusal::NoTalkBack),
    }
}

pub(super) fn explain_gap(case: &Case<'_>, gap: u32, text: &Note) -> Result<Vec<Event>, Refusal> {
    if matches!(case.session.phase, Phase::Sealed) {
        return Err(case.wrong_phase());
    }
    if case.session.recordings.gaps.contains_key(&gap) {
        Ok(vec![Event::GapExplained {
            gap,
            text: text.clone(),
        }])
    } else {
        Err(Refusal::NoSuchGap { gap })
    }
}
