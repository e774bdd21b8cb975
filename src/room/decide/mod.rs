//! Owns the answer to every command: events, or a refusal. Reads the room, changes nothing.

mod callout;
mod check_in;
mod closing;
mod course;
mod draw;
mod keeping;
mod planning;
mod readiness;
mod relays;
mod reports;
mod supervision;
mod workstations;

pub(super) use callout::confirmed_end;

use super::actor::{Actor, Part};
use super::callout::{CallOut, Candidate};
use super::campaign;
use super::command::Command;
use super::committee::Member;
use super::deadlines;
use super::draw::Draw;
use super::event::Event;
use super::ids::{CandidateId, MemberNo, SeatNo, SessionId};
use super::layout::Policies;
use super::refusal::Refusal;
use super::session::{Phase, Session};
use super::state::Room;
use super::time::Now;

/// An event that is about to be journalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The session it belongs to; none for the room's own.
    pub session: Option<SessionId>,
    /// What is to happen.
    pub event: Event,
}

/// What a command leads to.
///
/// Deny by default: a command names the roles that may give it, and everybody else is refused first.
///
/// # Errors
/// A [`Refusal`] with its reason. No events then.
pub fn decide(
    room: &Room,
    now: &Now,
    actor: &Actor,
    session: Option<&SessionId>,
    command: &Command,
) -> Result<Vec<Draft>, Refusal> {
    let mut drafts = judge(room, now, actor, session, command)?;
    drafts.extend(campaign::follow(room, now, &drafts));
    Ok(drafts)
}

/// What a command leads to by itself.
fn judge(
    room: &Room,
    now: &Now,
    actor: &Actor,
    session: Option<&SessionId>,
    command: &Command,
) -> Result<Vec<Draft>, Refusal> {
    permit(actor, command)?;
    if let Some(drafts) = callout::of_phones(room, command)? {
        return Ok(drafts);
    }
    if let Some(events) = of_room(room, now, command)? {
        return Ok(events);
    }
    let id = session.ok_or(Refusal::NoSessionNamed)?;
    if let Command::PlanSession { plan } = command {
        return planning::plan(room, now, id, plan).map(|events| of_session(id, events));
    }
    if let Some(events) = keeping::decide(room, now, id, command)? {
        return Ok(of_session(id, events));
    }
    let found = room
        .sessions
        .get(id)
        .ok_or_else(|| Refusal::NoSuchSession {
            session: id.clone(),
        })?;
    let case = Case {
        room,
        now,
        actor,
        id,
        session: found,
    };
    case.decide(command).map(|events| of_session(id, events))
}

fn of_session(id: &SessionId, events: Vec<Event>) -> Vec<Draft> {
    events
        .into_iter()
        .map(|event| Draft {
            session: Some(id.clone()),
            event,
        })
        .collect()
}

fn for_room(events: Vec<Event>) -> Vec<Draft> {
    events
        .into_iter()
        .map(|event| Draft {
            session: None,
            event,
        })
        .collect()
}

/// Who may give which command.
fn permit(actor: &Actor, command: &Command) -> Result<(), Refusal> {
    let technician = matches!(actor, Actor::Technician { .. });
    let supervisor = matches!(actor, Actor::Supervisor { .. });
    let member = matches!(actor, Actor::Member { .. });
    let part = |part: Part| matches!(actor, Actor::Daemon { part: is } if *is == part);
    let allowed = match command {
        Command::PlanSession { .. } | Command::ChangePlan { .. } => technician || part(Part::Hub),
        Command::ConveneCommittee { .. }
        | Command::PrepareDraw { .. }
        | Command::RecordWithdrawal { .. }
        | Command::RedrawMember { .. }
        | Command::RetryLine { .. }
        | Command::RunPreflight
        | Command::OpenCheckIn
        | Command::HandOutCode { .. }
        | Command::RecordAbsence { .. }
        | Command::ReplaceMember { .. }
        | Command::ConfirmSignIn
        | Command::ConfirmRecording
        | Command::StartSession
        | Command::DeclareOutage { .. }
        | Command::EndOutage
        | Command::RecordTendererWaits
        | Command::BeginOvernight
        | Command::EndOvernight
        | Command::BeginBreak { .. }
        | Command::EndBreak
        | Command::AnswerHelp { .. }
        | Command::BeginClosing
        | Command::SealSession { .. } => technician,
        Command::SuspendSession { .. }
        | Command::ResumeSession
        | Command::RecordLeaving { .. }
        | Command::ExplainGap { .. }
        | Command::AbortDraw { .. }
        | Command::PauseCallOut { .. }
        | Command::ResumeCallOut => technician || supervisor,
        Command::AbortSession { .. } => technician || supervisor || part(Part::Hub),
        Command::CommitToDraw { .. }
        | Command::RevealToDraw { .. }
        | Command::AcceptGivenOrder
        | Command::StopCallOut { .. }
        | Command::AllowSingleLine
        | Command::RuleOnWithdrawal { .. }
        | Command::ExcuseLateness { .. }
        | Command::RuleOnConflict { .. }
        | Command::ApproveReplacement { .. }
        | Command::AuthoriseStart
        | Command::PostponeLock { .. }
        | Command::Mark { .. }
        | Command::Warn { .. }
        | Command::StartTalkBack { .. }
        | Command::SignClosingRecord
        | Command::HoldArchive { .. }
        | Command::LiftHold { .. }
        | Command::ReleaseArchive { .. }
        | Command::ReleasePersonalData { .. } => supervisor,
        Command::StartRelay { .. } => part(Part::Hub),
        Command::EndRelay { .. } => technician || supervisor || part(Part::Hub),
        // a supervisor whose page vanished must not stay on the air
        Command::EndTalkBack => supervisor || part(Part::Media),
        Command::SignPledge { .. }
        | Command::DeclareConflict { .. }
        | Command::VoteForChair { .. }
        | Command::AcknowledgeWarning
        | Command::SignReport { .. }
        | Command::Leave => member,
        Command::CallForHelp { .. } => member || matches!(actor, Actor::Workstation { .. }),
        Command::CheckIn { .. } | Command::EnrolWorkstation { .. } => part(Part::Access),
        Command::RevokeWorkstation { .. } => technician || part(Part::Access),
        Command::ConfigureRoom { .. } | Command::ReportStart { .. } | Command::ReportStop => {
            part(Part::App)
        }
        Command::PassDeadlines | Command::ReportClockJump { .. } => part(Part::Clock),
        Command::ReportPreflight { .. } => part(Part::Health),
        Command::ReportFault { .. } | Command::ReportRecovery { .. } => {
            part(Part::Health) || part(Part::Media)
        }
        Command::ReportFeedLive { .. }
        | Command::ReportFeedLost { .. }
        | Command::ReportRecordingStarted { .. }
        | Command::ReportRecordingEnded { .. }
        | Command::ReportAnomaly { .. }
        | Command::ReportAnomalyEnded { .. } => part(Part::Media),
        // what a crash left open of a session that is over is closed before it is sealed
        Command::ReportGapOpened { .. }
        | Command::ReportGapClosed { .. }
        | Command::ReportHeads { .. } => part(Part::Media) || part(Part::Archive),
        Command::ReportDrawSecret { .. }
        | Command::ReportDrawFailed { .. }
        | Command::ReportDrawn { .. }
        | Command::ReportPoolExhausted { .. } => part(Part::Draw),
        Command::ReportPhonesStarted { .. }
        | Command::ReportLine { .. }
        | Command::ReportNoticeReady { .. }
        | Command::ReportNoticeFailed { .. }
        | Command::ReportCallProgress { .. }
        | Command::ReportCallTaken { .. }
        | Command::ReportCallEnded { .. }
        | Command::ReportTextEnded { .. }
        | Command::ReportCallerRangBack { .. } => part(Part::Phones),
        Command::ReportArchiveSealed { .. }
        | Command::ReportArchiveReadBack { .. }
        | Command::ReportReplica { .. }
        | Command::ReportReplicaDamaged { .. }
        | Command::ReportArchiveVerified { .. }
        | Command::ReportHandedOver { .. }
        | Command::ReportArchiveReceived { .. }
        | Command::ReportArchiveDeleted
        | Command::ReportPersonalDataErased => part(Part::Archive),
        Command::RequestArchive
        | Command::ReportOrderArrived { .. }
        | Command::ReportOrderRefused { .. }
        | Command::CountersignDraw { .. }
        | Command::ReportAttendanceStated { .. } => part(Part::Hub),
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::NotYourRole)
    }
}

/// Commands that need no session; none for all others.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other commands belong to sessions"
)]
fn of_room(room: &Room, now: &Now, command: &Command) -> Result<Option<Vec<Draft>>, Refusal> {
    let events = match command {
        Command::PassDeadlines => return Ok(Some(deadlines::pass(room, now))),
        Command::EnrolWorkstation { seat, workstation } => {
            workstations::enrol(room, *seat, workstation)?
        }
        Command::RevokeWorkstation { seat } => workstations::revoke(room, *seat)?,
        Command::RunPreflight => reports::run_preflight(room)?,
        _ => match reports::of_room(room, command)? {
            Some(events) => events,
            None => return Ok(None),
        },
    };
    Ok(Some(for_room(events)))
}

/// A command to one session, with all it can be judged by.
struct Case<'a> {
    room: &'a Room,
    now: &'a Now,
    actor: &'a Actor,
    id: &'a SessionId,
    session: &'a Session,
}

impl Case<'_> {
    fn decide(&self, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::ChangePlan { plan } => planning::change(self, plan),
            Command::ConveneCommittee { members } => planning::convene(self, members),

            Command::PrepareDraw { basis } => draw::prepare(self, basis),
            Command::ReportOrderArrived { order } => draw::order_arrived(self, order),
            Command::CommitToDraw { commitment } => draw::commit(self, commitment),
            Command::AcceptGivenOrder => draw::accept_given(self),
            Command::CountersignDraw { attempt, signature } => {
                draw::countersign(self, *attempt, signature)
            }
            Command::RevealToDraw { secret } => draw::reveal(self, secret),
            Command::AbortDraw { reason } => draw::abort(self, reason),
            Command::ReportDrawSecret { secret } => draw::box_secret(self, secret),
            Command::ReportDrawFailed { reason } => draw::failed(self, reason),
            Command::ReportDrawn { candidates } => draw::drawn(self, candidates),
            Command::ReportPoolExhausted { group } => draw::exhausted(self, *group),
            Command::PauseCallOut { reason } => callout::pause(self, reason),
            Command::ResumeCallOut => callout::resume(self),
            Command::StopCallOut { reason } => callout::stop(self, reason),
            Command::AllowSingleLine => callout::allow_single_line(self),
            Command::RecordWithdrawal { candidate } => callout::record_withdrawal(self, *candidate),
            Command::RuleOnWithdrawal { candidate, granted } => {
                callout::rule_on_withdrawal(self, *candidate, *granted)
            }
            Command::RedrawMember { member } => callout::redraw_member(self, *member),
            Command::ReportNoticeReady { digest } => callout::notice_ready(self, digest),
            Command::ReportNoticeFailed { reason } => callout::notice_failed(self, reason),
            Command::ReportCallerRangBack { candidate } => callout::rang_back(self, *candidate),

            Command::OpenCheckIn => check_in::open(self),
            Command::HandOutCode { member } => check_in::hand_out_code(self, *member),
            Command::CheckIn { member, seat } => check_in::check_in(self, *member, *seat),
            Command::ExcuseLateness { member } => check_in::excuse(self, *member),
            Command::RecordAbsence { member } => check_in::record_absence(self, *member),
            Command::SignPledge { pledge } => check_in::sign_pledge(self, *pledge),
            Command::DeclareConflict { kind } => check_in::declare_conflict(self, *kind),
            Command::RuleOnConflict { member, ruling } => {
                check_in::rule_on_conflict(self, *member, *ruling)
            }
            Command::ApproveReplacement { member } => check_in::approve_replacement(self, *member),
            Command::ReplaceMember { member, by } => check_in::replace(self, *member, by),

            Command::ConfirmSignIn => readiness::confirm_sign_in(self),
            Command::ConfirmRecording => readiness::confirm_recording(self),
            Command::AuthoriseStart => readiness::authorise(self),
            Command::StartSession => readiness::start(self),
            Command::DeclareOutage { cause } => readiness::declare_outage(self, cause),
            Command::EndOutage => readiness::end_outage(self),
            Command::RecordTendererWaits => readiness::tenderer_waits(self),

            Command::VoteForChair { candidate } => course::vote(self, *candidate),
            Command::SuspendSession { cause, reason } => course::suspend(self, *cause, reason),
            Command::ResumeSession => course::resume(self),
            Command::BeginOvernight => course::begin_overnight(self),
            Command::PostponeLock { by } => course::postpone_lock(self, *by),
            Command::EndOvernight => course::end_overnight(self),
            Command::BeginBreak { kind } => course::begin_break(self, *kind),
            Command::EndBreak => course::end_break(self),
            Command::RecordLeaving { member, reason } => {
                course::record_leaving(self, *member, *reason)
            }

            Command::CallForHelp { kind } => supervision::call_for_help(self, *kind),
            Command::AnswerHelp { seat } => supervision::answer_help(self, *seat),
            Command::Mark { feed, note } => supervision::mark(self, feed.as_ref(), note),
            Command::Warn { seat, text } => supervision::warn(self, *seat, text),
            Command::AcknowledgeWarning => supervision::acknowledge(self),
            Command::StartTalkBack { seats } => supervision::start_talk_back(self, seats),
            Command::EndTalkBack => supervision::end_talk_back(self),
            Command::StartRelay {
                relay,
                feeds,
                until,
            } => relays::start(self, relay, feeds, *until),
            Command::EndRelay { relay } => relays::end(self, relay),
            Command::ExplainGap { gap, text } => supervision::explain_gap(self, *gap, text),

            Command::BeginClosing => closing::begin(self),
            Command::SignReport { dissent } => closing::sign_report(self, *dissent),
            Command::Leave => closing::leave(self),
            Command::SignClosingRecord => closing::sign_record(self),
            Command::SealSession { typed } => closing::seal(self, typed),
            Command::AbortSession { typed, reason } => closing::abort(self, typed, reason),

            Command::ReportRecordingStarted { feed } => reports::recording_started(self, feed),
            Command::ReportRecordingEnded { feed, head } => {
                reports::recording_ended(self, feed, head)
            }
            Command::ReportGapOpened {
                feed,
                track,
                from,
                cause,
            } => reports::gap_opened(self, feed, *track, *from, *cause),
            Command::ReportGapClosed { feed, track, to } => {
                reports::gap_closed(self, feed, *track, *to)
            }
            Command::ReportAnomaly {
                feed,
                anomaly,
                lasted,
            } => reports::anomaly(self, feed, *anomaly, *lasted),
            Command::ReportAnomalyEnded { feed, anomaly } => {
                reports::anomaly_ended(self, feed, *anomaly)
            }
            Command::ReportHeads { heads } => Ok(vec![Event::IndexHeads {
                heads: heads.clone(),
            }]),
            Command::ReportArchiveSealed { seal } => closing::archive_sealed(self, seal),
            Command::ReportArchiveReadBack {
                files,
                bytes,
                damaged,
                named,
            } => closing::archive_read_back(self, *files, *bytes, *damaged, named),

            // decided before a session was looked for
            Command::PlanSession { .. }
            | Command::HoldArchive { .. }
            | Command::LiftHold { .. }
            | Command::ReleaseArchive { .. }
            | Command::ReleasePersonalData { .. }
            | Command::ReportReplica { .. }
            | Command::ReportReplicaDamaged { .. }
            | Command::ReportArchiveVerified { .. }
            | Command::ReportHandedOver { .. }
            | Command::ReportArchiveReceived { .. }
            | Command::ReportArchiveDeleted
            | Command::ReportPersonalDataErased
            | Command::RequestArchive
            | Command::ReportAttendanceStated { .. }
            | Command::ReportOrderRefused { .. }
            | Command::RunPreflight
            | Command::EnrolWorkstation { .. }
            | Command::RevokeWorkstation { .. }
            | Command::ConfigureRoom { .. }
            | Command::ReportStart { .. }
            | Command::ReportStop
            | Command::PassDeadlines
            | Command::ReportClockJump { .. }
            | Command::ReportPreflight { .. }
            | Command::ReportFault { .. }
            | Command::ReportRecovery { .. }
            | Command::ReportFeedLive { .. }
            | Command::ReportFeedLost { .. }
            | Command::RetryLine { .. }
            | Command::ReportPhonesStarted { .. }
            | Command::ReportLine { .. }
            | Command::ReportCallProgress { .. }
            | Command::ReportCallTaken { .. }
            | Command::ReportTextEnded { .. }
            | Command::ReportCallEnded { .. } => Ok(Vec::new()),
        }
    }

    fn policies(&self) -> &Policies {
        self.session.policies(&self.room.policies)
    }

    /// Refuses unless the phase passes.
    fn in_phase(&self, passes: impl Fn(&Phase) -> bool) -> Result<(), Refusal> {
        if passes(&self.session.phase) {
            Ok(())
        } else {
            Err(self.wrong_phase())
        }
    }

    fn wrong_phase(&self) -> Refusal {
        Refusal::WrongPhase {
            phase: self.session.phase.kind(),
        }
    }

    /// Refuses while a draw is on, or while its committee stands.
    fn no_draw(&self) -> Result<(), Refusal> {
        match &self.session.draw {
            Some(draw) if !draw.is_aborted() => Err(Refusal::DrawLasts),
            Some(_) | None => Ok(()),
        }
    }

    fn draw(&self) -> Result<&Draw, Refusal> {
        self.session.draw.as_ref().ok_or(Refusal::NoDraw)
    }

    fn callout(&self) -> Result<&CallOut, Refusal> {
        self.session.callout.as_ref().ok_or(Refusal::NoCallOut)
    }

    fn candidate(&self, candidate: CandidateId) -> Result<&Candidate, Refusal> {
        let found = self.callout()?.candidates.get(&candidate);
        found.ok_or(Refusal::NoSuchCandidate { candidate })
    }

    fn member(&self, no: MemberNo) -> Result<&Member, Refusal> {
        self.session
            .committee
            .members
            .get(&no)
            .ok_or(Refusal::NoSuchMember { member: no })
    }

    /// The member who gives the command; he must be present.
    fn me(&self) -> Result<&Member, Refusal> {
        let Actor::Member { session, member } = self.actor else {
            return Err(Refusal::NotYourRole);
        };
        if session != self.id {
            return Err(Refusal::NotYourRole);
        }
        let me = self.member(*member)?;
        if !matches!(me.presence, super::committee::Presence::Present { .. }) {
            return Err(Refusal::NotPresent { member: me.no });
        }
        Ok(me)
    }

    /// The seat at which the command is given.
    fn my_seat(&self) -> Result<SeatNo, Refusal> {
        if let Actor::Workstation { seat } = self.actor {
            return Ok(*seat);
        }
        self.me()?.seat.ok_or(Refusal::NotYourRole)
    }

    fn by_supervisor(&self) -> bool {
        matches!(self.actor, Actor::Supervisor { .. })
    }

    fn seat_exists(&self, seat: SeatNo) -> Result<(), Refusal> {
        if self.room.layout.has_seat(seat) {
            Ok(())
        } else {
            Err(Refusal::NoSuchSeat { seat })
        }
    }
}

/// Refuses with the set that `wrap` takes, unless it is empty.
fn none_of<T>(
    set: std::collections::BTreeSet<T>,
    wrap: impl FnOnce(std::collections::BTreeSet<T>) -> Refusal,
) -> Result<(), Refusal> {
    if set.is_empty() {
        Ok(())
    } else {
        Err(wrap(set))
    }
}
