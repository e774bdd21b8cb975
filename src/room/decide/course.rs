//! Owns the course of an evaluation: chair, suspension, nights, breaks, and members who leave.

use super::{Case, check_in, none_of, readiness};
use crate::room::committee::Presence;
use crate::room::event::{BreakKind, Event, LeavingReason, SuspensionCause};
use crate::room::ids::MemberNo;
use crate::room::note::Note;
use crate::room::plan::MemberKind;
use crate::room::refusal::Refusal;
use crate::room::session::Phase;
use crate::room::time::Span;
use std::collections::BTreeSet;

pub(super) fn vote(case: &Case<'_>, candidate: MemberNo) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::InSession))?;
    let me = case.me()?;
    let committee = &case.session.committee;
    if committee.chair.is_some() {
        return Err(Refusal::ChairElected);
    }
    let chosen = case.member(candidate)?;
    if !matches!(chosen.presence, Presence::Present { .. }) {
        return Err(Refusal::NotPresent { member: candidate });
    }
    if case.policies().chair_is_expert && chosen.kind != MemberKind::Expert {
        return Err(Refusal::ChairMustBeExpert);
    }
    let mut events = vec![Event::ChairVoteCast {
        voter: me.no,
        candidate,
    }];
    let mut counted = committee.clone();
    counted.votes.insert(me.no, candidate);
    if let Some(member) = counted.majority() {
        events.push(Event::ChairElected { member });
    }
    Ok(events)
}

pub(super) fn suspend(
    case: &Case<'_>,
    cause: SuspensionCause,
    reason: &Note,
) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::InSession | Phase::Closing))?;
    // an order is the supervisor's, whatever else he calls it; nobody else gives one
    if (cause == SuspensionCause::Order) != case.by_supervisor() {
        return Err(Refusal::NotYourRole);
    }
    Ok(vec![Event::SessionSuspended {
        cause,
        reason: reason.clone(),
    }])
}

pub(super) fn resume(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    let Phase::Suspended { cause, expired, .. } = &case.session.phase else {
        return Err(case.wrong_phase());
    };
    if *expired {
        return Err(Refusal::OutageTooLong);
    }
    if *cause == SuspensionCause::Order && !case.by_supervisor() {
        return Err(Refusal::OrderedBySupervisor);
    }
    check_in::all_signed_in(case)?;
    readiness::complete(case)?;
    Ok(vec![Event::SessionResumed])
}

pub(super) fn begin_overnight(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::InSession))?;
    Ok(vec![Event::OvernightBegun])
}

pub(super) fn postpone_lock(case: &Case<'_>, by: Span) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::InSession))?;
    if by < Span::minutes(1) || by > Span::hours(6) {
        return Err(Refusal::BadPlan {
            field: "by".to_owned(),
        });
    }
    let from = case
        .session
        .lock_postponed
        .filter(|until| *until > case.now.stamp.at);
    let lock = from.or_else(|| {
        let lock = case.policies().overnight_lock?;
        Some(case.now.next_local(lock))
    });
    let until = lock.unwrap_or(case.now.stamp.at) + by;
    Ok(vec![Event::LockPostponed { until }])
}

pub(super) fn end_overnight(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    let Phase::Overnight { returned } = &case.session.phase else {
        return Err(case.wrong_phase());
    };
    let away: BTreeSet<_> = case
        .session
        .committee
        .active_without(|m| returned.contains(&m.no));
    none_of(away, |members| Refusal::MembersMissing { members })?;
    check_in::all_signed_in(case)?;
    readiness::complete(case)?;
    Ok(vec![Event::OvernightEnded])
}

pub(super) fn begin_break(case: &Case<'_>, kind: BreakKind) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::InSession))?;
    match &case.session.breaks.current {
        Some(current) => Err(Refusal::BreakLasts { kind: current.kind }),
        None => Ok(vec![Event::BreakBegun { kind }]),
    }
}

pub(super) fn end_break(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    match &case.session.breaks.current {
        Some(current) => Ok(vec![Event::BreakEnded { kind: current.kind }]),
        None => Err(Refusal::NoBreak),
    }
}

pub(super) fn record_leaving(
    case: &Case<'_>,
    no: MemberNo,
    reason: LeavingReason,
) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| phase.occupies() || phase.is_over())?;
    let member = case.member(no)?;
    if !matches!(member.presence, Presence::Present { .. }) {
        return Err(Refusal::NotPresent { member: no });
    }
    if reason == LeavingReason::Expelled && !case.by_supervisor() {
        return Err(Refusal::NotYourRole);
    }
    let mut events = vec![Event::MemberLeft { member: no, reason }];
    if member.report.is_none() {
        events.extend(after_loss(case));
    }
    Ok(events)
}

/// What follows when a member is gone before his work is done: readiness is lost, or the session is
/// suspended until the committee is lawful again. (Rulings during closing leave the signatures open.)
pub(super) fn after_loss(case: &Case<'_>) -> Option<Event> {
    let phase = &case.session.phase;
    if let Phase::Ready { .. } = phase {
        return Some(Event::ReadinessLost {
            feeds: BTreeSet::new(),
        });
    }
    matches!(phase, Phase::InSession | Phase::Closing).then(|| {
        let reason = Note::new("委员会不完整 / committee incomplete").expect("a short line");
        Event::SessionSuspended {
            cause: SuspensionCause::Committee,
            reason,
        }
    })
}
