//! Owns the start barrier: signed in, recorded, authorised, started; and outages before it.

use super::{Case, check_in, none_of};
use crate::room::event::Event;
use crate::room::note::Note;
use crate::room::plan::{MemberKind, check_composition};
use crate::room::refusal::Refusal;
use crate::room::session::Phase;
use crate::room::wanted;

pub(super) fn confirm_sign_in(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::CheckIn))?;
    check_in::all_signed_in(case)?;
    complete(case)?;
    Ok(vec![Event::SignInConfirmed])
}

/// Refuses unless the members make a lawful committee: the active ones, and those who have signed the report
/// and left, for their part is done.
pub(super) fn complete(case: &Case<'_>) -> Result<(), Refusal> {
    let committee = &case.session.committee;
    let here = (
        committee.count(MemberKind::Expert),
        committee.count(MemberKind::TendererRepresentative),
    );
    check_composition(
        here,
        // the other venues see to their own
        case.session.plan.elsewhere().unwrap_or_default(),
        case.room.layout.seats.len(),
        case.policies(),
    )
}

pub(super) fn confirm_recording(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    let Phase::Ready {
        recording_confirmed,
        ..
    } = case.session.phase
    else {
        return Err(case.wrong_phase());
    };
    if recording_confirmed {
        return Err(Refusal::AlreadyDone);
    }
    all_recording(case)?;
    Ok(vec![Event::RecordingConfirmed])
}

/// Refuses unless bytes of every wanted feed reach the disk.
fn all_recording(case: &Case<'_>) -> Result<(), Refusal> {
    let silent = wanted::recorded_feeds(case.room, case.session)
        .into_iter()
        .filter(|feed| !case.session.recordings.is_whole(feed))
        .collect();
    none_of(silent, |feeds| Refusal::NotRecording { feeds })
}

pub(super) fn authorise(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    let Phase::Ready {
        recording_confirmed,
        authorised,
    } = case.session.phase
    else {
        return Err(case.wrong_phase());
    };
    if authorised {
        return Err(Refusal::AlreadyDone);
    }
    if !recording_confirmed {
        return Err(Refusal::RecordingNotConfirmed);
    }
    Ok(vec![Event::StartAuthorised])
}

pub(super) fn start(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    let Phase::Ready {
        recording_confirmed,
        authorised,
    } = case.session.phase
    else {
        return Err(case.wrong_phase());
    };
    if case.session.outage.is_some() {
        return Err(Refusal::OutageLasts);
    }
    if let Some((id, _)) = case
        .room
        .failures
        .iter()
        .find(|(_, f)| f.fault.blocks_start())
    {
        return Err(Refusal::EquipmentUnfit {
            equipment: id.to_string(),
        });
    }
    if !recording_confirmed {
        return Err(Refusal::RecordingNotConfirmed);
    }
    check_in::all_signed_in(case)?;
    complete(case)?;
    all_recording(case)?;
    if !authorised {
        return Err(Refusal::NotAuthorised);
    }
    Ok(vec![Event::SessionStarted])
}

fn before_start(phase: &Phase) -> bool {
    matches!(phase, Phase::CheckIn | Phase::Ready { .. })
}

pub(super) fn declare_outage(case: &Case<'_>, cause: &Note) -> Result<Vec<Event>, Refusal> {
    case.in_phase(before_start)?;
    if case.session.outage.is_some() {
        return Err(Refusal::OutageLasts);
    }
    Ok(vec![Event::OutageDeclared {
        cause: cause.clone(),
    }])
}

pub(super) fn end_outage(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.in_phase(before_start)?;
    match &case.session.outage {
        None => Err(Refusal::NoOutage),
        Some(_) => Ok(vec![Event::OutageEnded]),
    }
}

pub(super) fn tenderer_waits(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.in_phase(before_start)?;
    match &case.session.outage {
        Some(outage) if outage.expired => Ok(vec![Event::TendererWaits]),
        Some(_) => Err(Refusal::OutageLasts),
        None => Err(Refusal::NoOutage),
    }
}
