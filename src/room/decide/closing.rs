//! Owns the end: signatures, sealing, leaving, and ending without a result.

use super::{Case, none_of};
use crate::room::archive::{Archive, Seal};
use crate::room::event::{Event, LeavingReason};
use crate::room::ids::SessionId;
use crate::room::note::Note;
use crate::room::refusal::Refusal;
use crate::room::session::Phase;

pub(super) fn begin(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::InSession))?;
    if let Some(current) = &case.session.breaks.current {
        return Err(Refusal::BreakLasts { kind: current.kind });
    }
    if case.session.committee.chair.is_none() {
        return Err(Refusal::NoChair);
    }
    Ok(vec![Event::ClosingBegun])
}

pub(super) fn sign_report(case: &Case<'_>, dissent: bool) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Closing))?;
    let me = case.me()?;
    if me.report.is_some() {
        return Err(Refusal::AlreadySigned);
    }
    Ok(vec![Event::ReportSigned {
        member: me.no,
        dissent,
    }])
}

pub(super) fn leave(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Closing) || phase.is_over())?;
    let me = case.me()?;
    if me.report.is_none() && !case.session.phase.is_over() {
        return Err(Refusal::SignFirst);
    }
    Ok(vec![Event::MemberLeft {
        member: me.no,
        reason: LeavingReason::Finished,
    }])
}

pub(super) fn sign_record(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Closing))?;
    if case.session.closing_record_signed {
        return Err(Refusal::AlreadySigned);
    }
    Ok(vec![Event::ClosingRecordSigned])
}

pub(super) fn seal(case: &Case<'_>, typed: &SessionId) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Closing))?;
    let unsigned = case
        .session
        .committee
        .active_without(|m| m.report.is_some());
    none_of(unsigned, |members| Refusal::SignaturesMissing { members })?;
    if !case.session.closing_record_signed {
        return Err(Refusal::ClosingRecordUnsigned);
    }
    if typed != case.id {
        return Err(Refusal::TypedNumberDiffers);
    }
    Ok(vec![Event::SessionSealed {
        kind: case.session.plan.kind,
    }])
}

pub(super) fn abort(
    case: &Case<'_>,
    typed: &SessionId,
    reason: &Note,
) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| !phase.is_over())?;
    // once it has begun, only the supervisor ends an evaluation
    if case.session.started.is_some() && !case.by_supervisor() {
        return Err(Refusal::NotYourRole);
    }
    if typed != case.id {
        return Err(Refusal::TypedNumberDiffers);
    }
    Ok(vec![Event::SessionAborted {
        reason: reason.clone(),
    }])
}

/// What was sealed is sealed: a second report makes no event.
pub(super) fn archive_sealed(case: &Case<'_>, seal: &Seal) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::is_over)?;
    Ok(match case.session.archive {
        Archive::Open => vec![Event::ArchiveSealed { seal: seal.clone() }],
        Archive::Sealed { .. } | Archive::ReadBack { .. } => Vec::new(),
    })
}

pub(super) fn archive_read_back(
    case: &Case<'_>,
    files: u64,
    bytes: u64,
    damaged: u32,
    named: &[String],
) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::is_over)?;
    Ok(match case.session.archive {
        Archive::Sealed { .. } => vec![Event::ArchiveReadBack {
            files,
            bytes,
            damaged,
            named: named.to_vec(),
        }],
        Archive::Open | Archive::ReadBack { .. } => Vec::new(),
    })
}
