//! Owns what people and phones may do to a call-out. What follows of itself is `campaign`'s.

use super::{Case, check_in};
use crate::room::call::{
    Answer, CallEnd, CallProgress, CallRecording, Callee, LineSpec, LineState,
};
use crate::room::callout::{CallOutStage, PauseCause, Standing, WithdrawalSource};
use crate::room::committee::Presence;
use crate::room::decide::Draft;
use crate::room::draw::AbortReason;
use crate::room::event::Event;
use crate::room::ids::{AttemptId, CandidateId, LineId, MemberNo, SessionId};
use crate::room::note::Note;
use crate::room::phones::Call;
use crate::room::refusal::Refusal;
use crate::room::session::{NoticeState, Phase};
use crate::room::state::Room;
use crate::room::text_message::{TextEnd, Texting};

pub(super) fn pause(case: &Case<'_>, reason: &Note) -> Result<Vec<Event>, Refusal> {
    if !case.callout()?.is_running() {
        return Err(Refusal::CallOutRests);
    }
    let reason = reason.clone();
    Ok(vec![Event::CallOutPaused {
        cause: PauseCause::Ordered { reason },
    }])
}

pub(super) fn resume(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    let CallOutStage::Paused { cause, .. } = &case.callout()?.stage else {
        return Err(Refusal::NotPaused);
    };
    if matches!(cause, PauseCause::Unanswered { .. }) && !case.by_supervisor() {
        return Err(Refusal::NotYourRole);
    }
    Ok(vec![Event::CallOutResumed])
}

pub(super) fn stop(case: &Case<'_>, reason: &Note) -> Result<Vec<Event>, Refusal> {
    let callout = case.callout()?;
    if let CallOutStage::Stopped { .. } = callout.stage {
        return Err(Refusal::AlreadyDone);
    }
    let stopped = Event::CallOutStopped {
        reason: reason.clone(),
    };
    let note = reason.clone();
    let aborted = Event::DrawAborted {
        reason: AbortReason::Ordered { note },
    };
    // a committee that was convened stays; without one the draw is void
    Ok(match callout.convened {
        true => vec![stopped],
        false => vec![stopped, aborted],
    })
}

pub(super) fn allow_single_line(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    match case.callout()?.single_line {
        true => Err(Refusal::AlreadyDone),
        false => Ok(vec![Event::SingleLineAllowed]),
    }
}

pub(super) fn record_withdrawal(
    case: &Case<'_>,
    candidate: CandidateId,
) -> Result<Vec<Event>, Refusal> {
    match case.candidate(candidate)?.standing {
        Standing::Accepted { .. } => {
            not_here(case, candidate)?;
            Ok(vec![Event::WithdrawalTold { candidate }])
        }
        Standing::Withdrawing { .. } => Err(Refusal::AlreadyDone),
        Standing::Waiting { .. }
        | Standing::Calling
        | Standing::Declined { .. }
        | Standing::GivenUp { .. }
        | Standing::Released { .. }
        | Standing::Withdrew { .. } => Err(Refusal::NotAccepted { candidate }),
    }
}

pub(super) fn rule_on_withdrawal(
    case: &Case<'_>,
    candidate: CandidateId,
    granted: bool,
) -> Result<Vec<Event>, Refusal> {
    let Standing::Withdrawing { .. } = case.candidate(candidate)?.standing else {
        return Err(Refusal::NotWithdrawing { candidate });
    };
    if granted {
        withdraw(case, candidate, WithdrawalSource::Told)
    } else {
        Ok(vec![Event::WithdrawalRefused { candidate }])
    }
}

pub(super) fn rang_back(case: &Case<'_>, candidate: CandidateId) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| !matches!(phase, Phase::Closing) && !phase.is_over())?;
    if !case.candidate(candidate)?.standing.has_place() {
        return Ok(Vec::new());
    }
    withdraw(case, candidate, WithdrawalSource::CalledBack)
}

fn withdraw(
    case: &Case<'_>,
    candidate: CandidateId,
    by: WithdrawalSource,
) -> Result<Vec<Event>, Refusal> {
    let member = not_here(case, candidate)?;
    let withdrew = Event::CandidateWithdrew { candidate, by };
    let absent = member.map(|member| Event::MemberAbsent { member });
    Ok([withdrew].into_iter().chain(absent).collect())
}

/// The member that a candidate has become, where he is expected; nobody withdraws who is here.
fn not_here(case: &Case<'_>, candidate: CandidateId) -> Result<Option<MemberNo>, Refusal> {
    let person = &case.candidate(candidate)?.person;
    let mut members = case.session.committee.members.values();
    let Some(member) = members.find(|m| &m.person == person) else {
        return Ok(None);
    };
    match member.presence {
        Presence::Expected => Ok(Some(member.no)),
        Presence::Present { .. } => Err(Refusal::AlreadyPresent),
        Presence::Absent
        | Presence::Left { .. }
        | Presence::Removed { .. }
        | Presence::Replaced { .. } => Ok(None),
    }
}

pub(super) fn redraw_member(case: &Case<'_>, no: MemberNo) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| phase.occupies() && !matches!(phase, Phase::Closing))?;
    let callout = case.callout()?;
    if !callout.is_running() {
        return Err(Refusal::CallOutRests);
    }
    let member = case.member(no)?;
    if !check_in::is_missing(case, no)? {
        return Err(Refusal::MemberNotMissing { member: no });
    }
    if !member.replacement_approved {
        return Err(Refusal::NotApproved { member: no });
    }
    let candidate = callout
        .candidate_of(&member.person)
        .filter(|c| callout.candidates[c].standing.has_place())
        .ok_or(Refusal::NotDrawn { member: no })?;
    let by = WithdrawalSource::Missing;
    let withdrew = Event::CandidateWithdrew { candidate, by };
    // whoever is replaced does not check in any more
    let expected = matches!(member.presence, Presence::Expected);
    let absent = expected.then_some(Event::MemberAbsent { member: no });
    Ok([withdrew].into_iter().chain(absent).collect())
}

pub(super) fn notice_ready(case: &Case<'_>, digest: &str) -> Result<Vec<Event>, Refusal> {
    let now = NoticeState::Ready {
        digest: digest.to_owned(),
    };
    if case.draw()?.is_aborted() || case.session.notice == now {
        return Ok(Vec::new());
    }
    Ok(vec![Event::NoticeReady {
        digest: digest.to_owned(),
    }])
}

pub(super) fn notice_failed(case: &Case<'_>, reason: &Note) -> Result<Vec<Event>, Refusal> {
    let now = NoticeState::Failed {
        reason: reason.clone(),
    };
    if case.draw()?.is_aborted() || case.session.notice == now {
        return Ok(Vec::new());
    }
    Ok(vec![Event::NoticeFailed {
        reason: reason.clone(),
    }])
}

/// What the phones report of lines and calls, whoever is called.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other commands are not the phones'"
)]
pub(super) fn of_phones(
    room: &Room,
    command: &crate::room::Command,
) -> Result<Option<Vec<Draft>>, Refusal> {
    use crate::room::Command;
    let drafts = match command {
        Command::ReportPhonesStarted { lines } => started(room, lines),
        Command::ReportLine { line, state } => vec![for_room(line_changed(room, line, state)?)],
        Command::RetryLine { line } => {
            known(room, line)?;
            vec![for_room(Some(Event::LineRetried { line: line.clone() }))]
        }
        Command::ReportCallProgress { attempt, progress } => {
            vec![progressed(room, attempt, progress)]
        }
        Command::ReportTextEnded { to, end } => vec![text_ended(room, to, *end)],
        Command::ReportCallTaken { lines, callee } => vec![Some(taken(room, lines, callee)?)],
        Command::ReportCallEnded {
            attempt,
            end,
            recording,
        } => return Ok(Some(ended(room, attempt, end, recording.as_ref()))),
        _ => return Ok(None),
    };
    Ok(Some(drafts.into_iter().flatten().collect()))
}

fn for_room(event: Option<Event>) -> Option<Draft> {
    event.map(|event| Draft {
        session: None,
        event,
    })
}

fn started(room: &Room, lines: &[LineSpec]) -> Vec<Option<Draft>> {
    let interrupted = room.phones.calls.iter().map(|(attempt, call)| {
        let end = match call.confirmed {
            // the answer was journalled, whatever was still to be said
            Some(_) => confirmed_end(room, attempt).unwrap_or(CallEnd::Interrupted),
            None => CallEnd::Interrupted,
        };
        Some(of_call(
            call,
            Event::CallEnded {
                attempt: attempt.clone(),
                end,
                recording: None,
            },
        ))
    });
    // one may have been sent, and none is sent again by itself
    let texts = room.phones.texting.values();
    let texts = texts.map(|to| text_ended(room, to, TextEnd::Interrupted));
    let lines = lines.to_vec();
    let began = for_room(Some(Event::PhonesStarted { lines }));
    interrupted.chain(texts).chain([began]).collect()
}

fn text_ended(room: &Room, to: &Texting, end: TextEnd) -> Option<Draft> {
    let open = room.phones.texting.values().any(|texting| texting == to);
    open.then(|| Draft {
        session: Some(to.session.clone()),
        event: Event::TextEnded {
            candidate: to.candidate,
            end,
        },
    })
}

fn taken(room: &Room, lines: &[LineId], callee: &Callee) -> Result<Draft, Refusal> {
    let phones = &room.phones;
    // who has lost his place meanwhile is as strange as anybody
    let callee = match callee {
        Callee::Candidate { session, candidate } if has_place(room, session, *candidate) => {
            callee.clone()
        }
        Callee::Candidate { .. } | Callee::TestNumber | Callee::Stranger => Callee::Stranger,
    };
    let line = phones
        .line_for(lines, &callee)
        .ok_or(Refusal::NoLineFree)?
        .clone();
    let event = Event::CallTaken {
        attempt: phones.next_attempt(),
        line,
        callee: callee.clone(),
    };
    let session = session_of(&callee);
    Ok(Draft { session, event })
}

fn has_place(room: &Room, session: &SessionId, candidate: CandidateId) -> bool {
    let session = room.sessions.get(session);
    let open = session.filter(|session| !session.phase.is_over());
    let callout = open.and_then(|session| session.callout.as_ref());
    let found = callout.and_then(|callout| callout.candidates.get(&candidate));
    found.is_some_and(|found| found.standing.has_place())
}

/// How a call was confirmed that still goes on.
pub(in crate::room) fn confirmed_end(room: &Room, attempt: &AttemptId) -> Option<CallEnd> {
    let callouts = room.sessions.values().filter_map(|s| s.callout.as_ref());
    let mut attempts = callouts.flat_map(|c| c.candidates.values().flat_map(|c| &c.attempts));
    let found = attempts.find(|a| &a.id == attempt)?;
    Some(found.end.as_ref()?.end)
}

fn known(room: &Room, line: &LineId) -> Result<(), Refusal> {
    match room.phones.lines.contains_key(line) {
        true => Ok(()),
        false => Err(Refusal::NoSuchLine { line: line.clone() }),
    }
}

fn line_changed(room: &Room, id: &LineId, state: &LineState) -> Result<Option<Event>, Refusal> {
    known(room, id)?;
    let same = room.phones.lines[id].state == *state;
    Ok((!same).then(|| Event::LineChanged {
        line: id.clone(),
        state: *state,
    }))
}

fn of_call(call: &Call, event: Event) -> Draft {
    let session = session_of(&call.callee);
    Draft { session, event }
}

fn session_of(callee: &Callee) -> Option<SessionId> {
    match callee {
        Callee::Candidate { session, .. } => Some(session.clone()),
        Callee::TestNumber | Callee::Stranger => None,
    }
}

fn progressed(room: &Room, attempt: &AttemptId, progress: &CallProgress) -> Option<Draft> {
    let call = room.phones.calls.get(attempt)?;
    let again = call.progress == Some(*progress) && !matches!(progress, CallProgress::Key { .. });
    (!again).then(|| {
        of_call(
            call,
            Event::CallProgressed {
                attempt: attempt.clone(),
                progress: *progress,
            },
        )
    })
}

/// An end, and what the callee's confirmed key means: the places are dealt here, one after the other.
fn ended(
    room: &Room,
    attempt: &AttemptId,
    end: &CallEnd,
    recording: Option<&CallRecording>,
) -> Vec<Draft> {
    let Some(call) = room.phones.calls.get(attempt) else {
        return Vec::new(); // told before
    };
    // whatever ends a call after its confirmation, the confirmation is how it ended
    let end = match &call.confirmed {
        Some(_) => &confirmed_end(room, attempt).unwrap_or(*end),
        None => end,
    };
    let mut events = vec![Event::CallEnded {
        attempt: attempt.clone(),
        end: *end,
        recording: recording.cloned(),
    }];
    let line = room.phones.lines.get(&call.line);
    if line.is_some_and(|line| line.rests_after(call.script, end)) {
        events.push(Event::LineRested {
            line: call.line.clone(),
        });
    }
    if let (Callee::Candidate { session, candidate }, None) = (&call.callee, &call.confirmed) {
        let session = room.sessions.get(session);
        let callout = session.and_then(|s| Some((s, s.callout.as_ref()?)));
        events.extend(callout.and_then(|(session, callout)| {
            let found = callout.candidates.get(candidate)?;
            found.attempts.iter().find(|a| &a.id == attempt)?;
            let group = found.group;
            let stopped = matches!(callout.stage, CallOutStage::Stopped { .. });
            let takes = !stopped && !session.phase.is_over() && callout.open(group) > 0;
            let candidate = *candidate;
            match end {
                CallEnd::Confirmed(Answer::Attends) if takes => {
                    Some(Event::CandidateAccepted { candidate })
                }
                CallEnd::Confirmed(Answer::Attends) => Some(Event::CandidateReleased { candidate }),
                CallEnd::Confirmed(Answer::Declines) => {
                    Some(Event::CandidateDeclined { candidate })
                }
                CallEnd::Reached
                | CallEnd::NoKey
                | CallEnd::HungUp
                | CallEnd::Busy
                | CallEnd::NoAnswer
                | CallEnd::Rejected
                | CallEnd::Unreachable
                | CallEnd::NoSuchNumber
                | CallEnd::AnsweredLate
                | CallEnd::Cancelled
                | CallEnd::Interrupted
                | CallEnd::BadNumber
                | CallEnd::LineFault(_)
                | CallEnd::AuthFault => None,
            }
        }));
    }
    events
        .into_iter()
        .map(|event| of_call(call, event))
        .collect()
}
