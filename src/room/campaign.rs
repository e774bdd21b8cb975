//! Owns what follows of itself in a call-out: who is called next on which line, who is given up, when it stops, when the
//! committee is complete. Each step is an event, so that nothing is done that the journal does not know.

use super::actor::{Actor, Part};
use super::call::{CallEnd, Callee, LineState, Script};
use super::callout::{CallOut, CallOutPolicies, CallOutStage, Candidate, PauseCause, Standing};
use super::decide::{Draft, confirmed_end};
use super::event::{Entry, Event};
use super::ids::{CandidateId, LineId, SessionId};
use super::phones::Line;
use super::plan::{MemberKind, NewMember};
use super::session::{NoticeState, Phase, Session};
use super::state::{Room, apply};
use super::time::{Now, Span};
use std::collections::BTreeSet;

/// A call whose thanks last longer has ended without a word.
const THANKS: Span = Span::seconds(60);
/// More steps than lines, candidates and groups can lead to at once: a fault of this program ends there.
const MOST_STEPS: usize = 10_000;

/// All that follows once `drafts` have happened.
pub(super) fn follow(room: &Room, now: &Now, drafts: &[Draft]) -> Vec<Draft> {
    let begins = |d: &Draft| matches!(d.event, Event::DrawSeeded { .. });
    if !concerns(room) && !drafts.iter().any(begins) {
        return Vec::new();
    }
    let mut scratch = room.clone();
    for draft in drafts {
        happen(&mut scratch, now, draft);
    }
    let mut follows = Vec::new();
    while let Some(draft) = step(&scratch, now) {
        happen(&mut scratch, now, &draft);
        follows.push(draft);
        if follows.len() >= MOST_STEPS {
            break;
        }
    }
    follows
}

/// How long until time alone leads to a step; none where it will not.
pub(super) fn deadline(room: &Room, now: &Now) -> Option<Span> {
    if !concerns(room) {
        return None;
    }
    if step(room, now).is_some() {
        return Some(Span::ZERO);
    }
    let lines = room.phones.lines.values();
    let lines = lines.filter_map(|line| line.wait.as_ref().map(|wait| wait.left(now)));
    let thanks = room.phones.calls.values().filter_map(|call| {
        let confirmed = call.confirmed.as_ref()?;
        Some(confirmed.remaining(THANKS, &now.stamp))
    });
    let of_sessions = going(room).flat_map(|(_, session, callout)| {
        let waits = callout
            .candidates
            .values()
            .filter_map(|c| match &c.standing {
                Standing::Waiting { wait } => wait.as_ref().map(|wait| wait.left(now)),
                Standing::Calling
                | Standing::Accepted { .. }
                | Standing::Declined { .. }
                | Standing::GivenUp { .. }
                | Standing::Released { .. }
                | Standing::Withdrawing { .. }
                | Standing::Withdrew { .. } => None,
            });
        let policies = session.policies(&room.policies);
        let due = session.plan.start - policies.call_out.complete_before;
        waits.chain([now.until(due)])
    });
    let all = lines.chain(thanks).chain(of_sessions);
    let moments: BTreeSet<Span> = all.filter(|left| *left > Span::ZERO).collect();
    // not every time that runs out leads to a step: a line may be well again, and nobody be left to call
    moments
        .into_iter()
        .find(|left| step(room, &later(now, *left)).is_some())
}

fn later(now: &Now, by: Span) -> Now {
    let mut later = now.clone();
    later.stamp.at = later.stamp.at + by;
    later.stamp.mono += by.0;
    later
}

/// Whether there is any call-out, call or message to look after.
fn concerns(room: &Room) -> bool {
    let phones = &room.phones;
    let may_write = phones.lines.values().any(|line| line.spec.texts);
    let writes = || may_write && unwritten(room).next().is_some();
    !phones.calls.is_empty() || going(room).next().is_some() || writes()
}

/// The call-outs that go on, or that are paused, with their sessions.
fn going(room: &Room) -> impl Iterator<Item = (&SessionId, &Session, &CallOut)> {
    room.sessions.iter().filter_map(|(id, session)| {
        let callout = session.callout.as_ref()?;
        let stopped = matches!(callout.stage, CallOutStage::Stopped { .. });
        let done = callout.convened && callout.is_complete();
        let closing = matches!(session.phase, Phase::Closing) || session.phase.is_over();
        let aborted = session.draw.as_ref().is_none_or(|draw| draw.is_aborted());
        let rests = stopped || closing || aborted || (done && settled(session, callout));
        (!rests).then_some((id, session, callout))
    })
}

/// Whether everybody who has a place is in the committee.
fn settled(session: &Session, callout: &CallOut) -> bool {
    callout.replacement(&session.committee).is_none()
}

fn happen(room: &mut Room, now: &Now, draft: &Draft) {
    let entry = Entry {
        seq: room.seq.next(),
        stamp: now.stamp.clone(),
        session: draft.session.clone(),
        actor: Actor::Daemon { part: Part::Clock },
        command: None,
        event: draft.event.clone(),
    };
    apply(room, &entry);
}

/// The next thing that follows; none when all rests.
fn step(room: &Room, now: &Now) -> Option<Draft> {
    let late = thanks_over(room, now);
    late.or_else(|| {
        going(room).find_map(|(id, session, callout)| {
            let event = of_session(room, now, id, session, callout)?;
            // a probe is the line's affair, not the session's
            let probe = matches!(
                &event,
                Event::CallPlaced {
                    callee: Callee::TestNumber,
                    ..
                }
            );
            let session = (!probe).then(|| id.clone());
            Some(Draft { session, event })
        })
    })
    .or_else(|| next_text(room, now))
}

/// Lines that may send a message now.
fn writing_lines(room: &Room) -> impl Iterator<Item = &LineId> {
    let phones = &room.phones;
    let can = |(id, line): &(&LineId, &Line)| {
        line.spec.texts && line.state == LineState::Ready && !phones.is_busy(id)
    };
    phones.lines.iter().filter(can).map(|(id, _)| id)
}

/// Who has confirmed, and was sent no message.
fn unwritten(room: &Room) -> impl Iterator<Item = (&SessionId, &Session, CandidateId)> {
    let open = room
        .sessions
        .iter()
        .filter(|(_, session)| !session.phase.is_over());
    open.flat_map(|(id, session)| {
        let candidates = session.callout.iter().flat_map(|c| &c.candidates);
        let due = |found: &Candidate| {
            matches!(found.standing, Standing::Accepted { .. }) && found.text.is_none()
        };
        candidates
            .filter(move |(_, found)| due(found))
            .map(move |(candidate, _)| (id, session, *candidate))
    })
}

/// The next message, before the session begins. Calls come first.
fn next_text(room: &Room, now: &Now) -> Option<Draft> {
    let line = writing_lines(room).next()?;
    let (id, _, candidate) =
        unwritten(room).find(|(_, session, _)| now.until(session.plan.start) > Span::ZERO)?;
    let event = Event::TextPlaced {
        candidate,
        line: line.clone(),
    };
    let session = Some(id.clone());
    Some(Draft { session, event })
}

/// A call that was confirmed, and whose end nobody reports.
fn thanks_over(room: &Room, now: &Now) -> Option<Draft> {
    let over = room.phones.calls.iter().find(|(_, call)| {
        let confirmed = call.confirmed.as_ref();
        confirmed.is_some_and(|at| at.remaining(THANKS, &now.stamp) == Span::ZERO)
    });
    let (attempt, call) = over?;
    let session = match &call.callee {
        Callee::Candidate { session, .. } => Some(session.clone()),
        Callee::TestNumber | Callee::Stranger => None,
    };
    let event = Event::CallEnded {
        attempt: attempt.clone(),
        end: confirmed_end(room, attempt).unwrap_or(CallEnd::Interrupted),
        recording: None,
    };
    Some(Draft { session, event })
}

fn of_session(
    room: &Room,
    now: &Now,
    id: &SessionId,
    session: &Session,
    callout: &CallOut,
) -> Option<Event> {
    let policies = &session.policies(&room.policies).call_out;
    completed(session, callout)
        .or_else(|| overdue(now, session, callout, policies))
        .or_else(|| {
            if !callout.is_running() {
                return None;
            }
            silent(callout, policies)
                .or_else(|| given_up(room, callout, policies))
                .or_else(|| next_call(room, now, id, session, callout))
        })
}

/// All places are taken: the committee is there; or somebody takes the place of a member who is gone.
fn completed(session: &Session, callout: &CallOut) -> Option<Event> {
    if let Phase::Planned = session.phase {
        let named = &session.draw.as_ref()?.basis.named;
        let drawn = callout.placed().map(|(_, candidate)| NewMember {
            kind: MemberKind::Expert,
            person: candidate.person.clone(),
        });
        return callout.is_complete().then(|| Event::CommitteeConvened {
            members: drawn.chain(named.iter().cloned()).collect(),
        });
    }
    let (member, person) = callout.replacement(&session.committee)?;
    let by = NewMember {
        kind: MemberKind::Expert,
        person: person.clone(),
    };
    Some(Event::MemberReplaced {
        member,
        by,
        as_member: session.committee.next_no(),
        seat: session.committee.members[&member].seat,
    })
}

fn overdue(
    now: &Now,
    session: &Session,
    callout: &CallOut,
    policies: &CallOutPolicies,
) -> Option<Event> {
    let due = session.plan.start - policies.complete_before;
    let late = !callout.overdue && !callout.is_complete() && now.until(due) == Span::ZERO;
    late.then_some(Event::CallOutOverdue)
}

/// Unusually many do not answer. Nobody is given up before the supervisor has looked.
fn silent(callout: &CallOut, policies: &CallOutPolicies) -> Option<Event> {
    let (most, of) = policies.unanswered;
    let unanswered = callout.recent.iter().filter(|silent| **silent).count();
    if callout.recent.len() < usize::from(of) || unanswered < usize::from(most) || of == 0 {
        return None;
    }
    Some(Event::CallOutPaused {
        cause: PauseCause::Unanswered {
            unanswered: u8::try_from(unanswered).unwrap_or(u8::MAX),
            of,
        },
    })
}

fn given_up(room: &Room, callout: &CallOut, policies: &CallOutPolicies) -> Option<Event> {
    let mut waiting = callout.candidates.iter().filter(|(_, c)| c.is_waiting());
    waiting.find_map(|(candidate, found)| {
        let ends: Vec<(&LineId, &CallEnd)> = found.counted().collect();
        let (_, last) = ends.last()?;
        let lines: BTreeSet<&LineId> = ends.iter().map(|(line, _)| *line).collect();
        let enough = lines.len() >= lines_needed(room, callout);
        let spent = ends.len() >= usize::from(policies.attempts) && enough;
        (spent || **last == CallEnd::BadNumber).then_some(Event::CandidateGivenUp {
            candidate: *candidate,
            cause: **last,
        })
    })
}

/// Over how many lines a candidate must have been tried: two, so that no gateway decides alone.
fn lines_needed(room: &Room, callout: &CallOut) -> usize {
    if callout.single_line {
        1
    } else {
        room.phones.enabled().count().clamp(1, 2)
    }
}

/// The next call: a probe where a line was not heard of yet, else the next candidate whose time has come.
fn next_call(
    room: &Room,
    now: &Now,
    id: &SessionId,
    session: &Session,
    callout: &CallOut,
) -> Option<Event> {
    if !matches!(session.notice, NoticeState::Ready { .. }) || callout.is_complete() {
        return None;
    }
    let phones = &room.phones;
    let free = phones.lines.iter().filter(|(id, _)| !phones.is_busy(id));
    let mut able = free.filter_map(|(line, state)| Some((line, state.can(now)?)));
    let (line, callee, script) = able.find_map(|(line, script)| match script {
        Script::Probe => Some((line, Callee::TestNumber, script)),
        Script::CallBack | Script::NoCalls => None,
        Script::Notice | Script::Thanks => {
            let candidate = next_candidate(room, now, callout, line)?;
            let session = id.clone();
            Some((line, Callee::Candidate { session, candidate }, script))
        }
    })?;
    Some(Event::CallPlaced {
        attempt: phones.next_attempt(),
        line: line.clone(),
        callee,
        script,
    })
}

/// Who is called on this line: in the order of drawing, whose time has come, and who was not called on it before while
/// there is another.
fn next_candidate(room: &Room, now: &Now, callout: &CallOut, line: &LineId) -> Option<CandidateId> {
    let needed = lines_needed(room, callout);
    let due = |c: &Candidate| match &c.standing {
        Standing::Waiting { wait } => wait.as_ref().is_none_or(|w| w.left(now) == Span::ZERO),
        Standing::Calling
        | Standing::Accepted { .. }
        | Standing::Declined { .. }
        | Standing::GivenUp { .. }
        | Standing::Released { .. }
        | Standing::Withdrawing { .. }
        | Standing::Withdrew { .. } => false,
    };
    let another = |c: &Candidate| {
        let last = c.counted().last();
        needed < 2 || last.is_none_or(|(last, _)| last != line)
    };
    let mut all = callout.candidates.iter();
    let found = all.find(|(_, c)| callout.open(c.group) > 0 && due(c) && another(c));
    found.map(|(candidate, _)| *candidate)
}
