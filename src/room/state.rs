//! Owns the room's state, and how an event changes it. `apply` is total: what happened, happened.

use super::archive::Archive;
use super::call::Callee;
use super::callout::{self, CallOut, CallOutPolicies};
use super::committee::{Conflict, Member, Presence, ReportSignature};
use super::draw::{self, AbortedDraw, Draw, DrawEvidence, DrawStage};
use super::equipment::{Failure, Preflight};
use super::event::{BreakKind, Entry, Event, Ruling};
use super::ids::{EquipmentId, MemberNo, SeatNo, Seq, SessionId, WorkstationId};
use super::keeping::{Age, HandedOver, Kept, PersonalData, Replica};
use super::layout::{Layout, Policies};
use super::order::{RefusedOrder, WaitingOrder};
use super::phones::{self, Phones};
use super::recordings::{Gap, KnownGap};
use super::relay::{Relay, RelayEnd};
use super::session::{
    CurrentBreak, DueBreak, FeedState, FeedStates, HelpCall, NoticeState, Outage, Phase, Session,
    TalkBack,
};
use super::source_fault::SourceFault;
use super::time::Stamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The room: everything that follows from the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Room {
    /// The last entry in it.
    pub seq: Seq,
    /// What it consists of.
    pub layout: Layout,
    /// How it runs, where a plan says nothing else.
    pub policies: Policies,
    /// SHA-256 of the profile, hex.
    pub profile_sha256: String,
    /// Open sessions, those that ended last, and those whose archive is not made yet.
    pub sessions: BTreeMap<SessionId, Session>,
    /// Sealed archives that the box keeps.
    pub archives: BTreeMap<SessionId, Kept>,
    /// How long the box has run.
    pub age: Age,
    /// Numbers that were used before.
    pub past_sessions: BTreeSet<SessionId>,
    /// Enrolled workstations.
    pub workstations: BTreeMap<SeatNo, WorkstationId>,
    /// Feeds the room has seen.
    pub feeds: FeedStates,
    /// What is broken.
    pub failures: BTreeMap<EquipmentId, Failure>,
    /// The last preflight.
    pub preflight: Preflight,
    /// The last order of the hub that was not taken, until one is or a draw is prepared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_order: Option<RefusedOrder>,
    /// The phone lines, and the calls that are open.
    #[serde(default)]
    pub phones: Phones,
}

impl Room {
    /// The session that holds the seats.
    pub fn occupant(&self) -> Option<(&SessionId, &Session)> {
        self.sessions
            .iter()
            .find(|(_, session)| session.phase.occupies())
    }

    /// Whether a feed lives.
    pub fn is_live(&self, feed: &super::ids::FeedId) -> bool {
        matches!(self.feeds.get(feed), Some(FeedState::Live { .. }))
    }
}

/// Takes an entry into the room.
pub fn apply(room: &mut Room, entry: &Entry) {
    room.seq = entry.seq;
    let at = &entry.stamp;
    room.age.note(at);
    let rest = room.policies.call_out.line_rest;
    let session = entry.session.as_ref();
    phones::apply_to_phones(&mut room.phones, at, rest, session, &entry.event);
    match &entry.session {
        None => apply_to_room(room, at, &entry.event),
        Some(id) => {
            if let Event::SessionPlanned { plan } = &entry.event {
                room.past_sessions.insert(id.clone());
                room.sessions
                    .insert(id.clone(), Session::planned(plan.clone(), at.clone()));
                return;
            }
            if let Event::CheckInOpened { .. } = &entry.event {
                room.sessions
                    .retain(|other, session| other == id || !session.is_archived());
            }
            if let Some(session) = room.sessions.get_mut(id) {
                apply_to_session(session, at, &entry.event);
                let policies = session.policies(&room.policies).call_out.clone();
                apply_to_draw(session, at, &policies, &entry.event);
            }
            apply_to_archives(room, id, at, &entry.event);
            if let Event::OrderArrived { .. } | Event::DrawPrepared { .. } = &entry.event {
                room.refused_order = None;
            }
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
fn apply_to_room(room: &mut Room, at: &Stamp, event: &Event) {
    match event {
        Event::RoomConfigured {
            layout,
            policies,
            profile_sha256,
        } => {
            room.layout = layout.clone();
            room.policies = policies.clone();
            room.profile_sha256.clone_from(profile_sha256);
            let seats: BTreeSet<SeatNo> = layout.seats.iter().map(|s| s.no).collect();
            room.workstations.retain(|seat, _| seats.contains(seat));
            let feeds: BTreeSet<_> = layout.feeds.iter().map(|f| &f.id).collect();
            room.feeds.retain(|feed, _| feeds.contains(feed));
        }
        Event::DaemonStarted { .. } => {
            // nothing of what the last process saw is known to hold
            let since = at.clone();
            for state in room.feeds.values_mut() {
                if let FeedState::Live { .. } = state {
                    let cause = SourceFault::DaemonStarted;
                    *state = FeedState::Lost {
                        since: since.clone(),
                        cause,
                    };
                }
            }
            for session in room.sessions.values_mut() {
                session.recordings.running.clear();
                session.anomalies.clear();
                session.talk_back = None;
            }
            if let Preflight::Running { .. } = room.preflight {
                room.preflight = Preflight::Never;
            }
        }
        Event::WorkstationEnrolled { seat, workstation } => {
            room.workstations.insert(*seat, workstation.clone());
        }
        Event::WorkstationRevoked { seat } => {
            room.workstations.remove(seat);
        }
        Event::PreflightRequested => room.preflight = Preflight::Running { since: at.clone() },
        Event::PreflightDone { results } => {
            room.preflight = Preflight::Done {
                at: at.clone(),
                results: results.clone(),
            };
        }
        Event::EquipmentFailed { equipment, fault } => {
            let since = room
                .failures
                .get(equipment)
                .map_or(at, |known| &known.since)
                .clone();
            room.failures.insert(
                equipment.clone(),
                Failure {
                    fault: fault.clone(),
                    since,
                },
            );
        }
        Event::EquipmentRecovered { equipment } => {
            room.failures.remove(equipment);
        }
        Event::OrderRefused {
            session,
            sha256,
            fault,
        } => {
            room.refused_order = Some(RefusedOrder {
                at: at.at,
                session: session.clone(),
                sha256: sha256.clone(),
                fault: *fault,
            });
        }
        Event::FeedWentLive { feed } => {
            room.feeds
                .insert(feed.clone(), FeedState::Live { since: at.clone() });
        }
        Event::FeedLost { feed, cause } => {
            let lost = FeedState::Lost {
                since: at.clone(),
                cause: cause.clone(),
            };
            room.feeds.insert(feed.clone(), lost);
        }
        _ => {}
    }
}

fn apply_to_session(session: &mut Session, at: &Stamp, event: &Event) {
    if apply_to_phase(session, at, event)
        || apply_to_committee(session, at, event)
        || apply_to_breaks(session, at, event)
    {
        return;
    }
    apply_to_supervision(session, at, event);
    apply_to_recordings(session, at, event);
    apply_to_archive(session, at, event);
}

/// The phase and what goes with it; whether the event was one of these.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
fn apply_to_phase(session: &mut Session, at: &Stamp, event: &Event) -> bool {
    let phase = match event {
        Event::CommitteeConvened { members } => {
            for new in members {
                let no = session.committee.next_no();
                session
                    .committee
                    .members
                    .insert(no, Member::expected(no, new));
            }
            Phase::Convened
        }
        Event::CheckInOpened { seats } => {
            for assigned in seats {
                if let Some(member) = session.committee.members.get_mut(&assigned.member) {
                    member.seat = Some(assigned.seat);
                }
            }
            Phase::CheckIn
        }
        Event::SignInConfirmed => Phase::Ready {
            recording_confirmed: false,
            authorised: false,
        },
        Event::RecordingConfirmed => {
            if let Phase::Ready {
                recording_confirmed,
                ..
            } = &mut session.phase
            {
                *recording_confirmed = true;
            }
            return true;
        }
        Event::StartAuthorised => {
            if let Phase::Ready { authorised, .. } = &mut session.phase {
                *authorised = true;
            }
            return true;
        }
        Event::ReadinessLost { .. } => {
            if let Phase::Ready {
                recording_confirmed,
                authorised,
            } = &mut session.phase
            {
                *recording_confirmed = false;
                *authorised = false;
            }
            return true;
        }
        Event::SessionStarted => {
            session.started = Some(at.clone());
            session.opened = Some(at.clone());
            session.breaks.working_since = Some(at.clone());
            Phase::InSession
        }
        Event::SessionSuspended { cause, reason } => Phase::Suspended {
            cause: *cause,
            reason: reason.clone(),
            since: at.clone(),
            expired: false,
            in_closing: matches!(session.phase, Phase::Closing),
        },
        Event::SessionResumed => match session.phase {
            Phase::Suspended {
                in_closing: true, ..
            } => Phase::Closing,
            _ => Phase::InSession,
        },
        Event::OvernightBegun => {
            session.breaks.current = None;
            session.breaks.due.clear();
            Phase::Overnight {
                returned: BTreeSet::new(),
            }
        }
        Event::OvernightEnded => {
            session.opened = Some(at.clone());
            session.breaks.working_since = Some(at.clone());
            Phase::InSession
        }
        Event::ClosingBegun => {
            session.breaks.due.clear();
            Phase::Closing
        }
        Event::SessionSealed { .. } => {
            end(session);
            Phase::Sealed
        }
        Event::SessionAborted { reason } => {
            end(session);
            Phase::Aborted {
                reason: reason.clone(),
            }
        }
        Event::OutageTimeExpired => {
            if let Phase::Suspended { expired, .. } = &mut session.phase {
                *expired = true;
            } else if let Some(outage) = &mut session.outage {
                outage.expired = true;
            }
            return true;
        }
        _ => return false,
    };
    session.phase = phase;
    session.since = at.clone();
    true
}

fn end(session: &mut Session) {
    session.anomalies.clear();
    session.talk_back = None;
    session.relays.clear();
    session.help.clear();
    session.warnings.clear();
    session.outage = None;
    session.breaks.current = None;
    session.breaks.due.clear();
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
fn apply_to_committee(session: &mut Session, at: &Stamp, event: &Event) -> bool {
    let planned_start = session.plan.start;
    let committee = &mut session.committee;
    let mut change = |no: &MemberNo, change: &dyn Fn(&mut Member)| {
        if let Some(member) = committee.members.get_mut(no) {
            change(member);
        }
    };
    match event {
        Event::CodeHandedOut { member } => change(member, &|m| m.code_handed_out = true),
        Event::MemberCheckedIn { member, seat, late } => change(member, &|m| {
            m.seat = Some(*seat);
            // he came after all: what was approved while he was missing is void
            m.replacement_approved = false;
            m.presence = Presence::Present {
                since: at.clone(),
                late: *late,
            };
        }),
        Event::LatenessExcused { member } => change(member, &|m| m.excused = true),
        Event::MemberAbsent { member } => change(member, &|m| m.presence = Presence::Absent),
        Event::PledgeSigned { member, pledge } => change(member, &|m| {
            m.pledges.insert(*pledge);
        }),
        Event::ConflictDeclared { member, kind } => {
            change(member, &|m| {
                m.conflict = Some(Conflict {
                    kind: *kind,
                    ruling: None,
                })
            });
        }
        Event::ConflictRuled { member, ruling } => change(member, &|m| {
            if let Some(conflict) = &mut m.conflict {
                conflict.ruling = Some(*ruling);
            }
            if *ruling == Ruling::Removed {
                m.presence = Presence::Removed { at: at.clone() };
            }
        }),
        Event::ReplacementApproved { member } => change(member, &|m| m.replacement_approved = true),
        Event::MemberReplaced {
            member,
            by,
            as_member,
            seat,
        } => {
            change(member, &|m| {
                m.presence = Presence::Replaced { by: *as_member }
            });
            let mut new = Member::expected(*as_member, by);
            new.seat = *seat;
            // whoever is called in after the planned start cannot be in time for it
            new.excused = committee.grace_ended || at.at >= planned_start;
            committee.members.insert(*as_member, new);
        }
        Event::MemberLeft { member, reason } => {
            change(member, &|m| {
                m.presence = Presence::Left {
                    at: at.clone(),
                    reason: *reason,
                }
            });
        }
        Event::MemberReturned { member } => {
            if let Phase::Overnight { returned } = &mut session.phase {
                returned.insert(*member);
            }
        }
        Event::ReportSigned { member, dissent } => change(member, &|m| {
            m.report = Some(ReportSignature {
                at: at.clone(),
                dissent: *dissent,
            });
        }),
        Event::GraceEnded { .. } => committee.grace_ended = true,
        Event::ChairVoteCast { voter, candidate } => {
            committee.votes.insert(*voter, *candidate);
        }
        Event::ChairElected { member } => committee.chair = Some(*member),
        _ => return false,
    }
    // a chair who is no longer there is no chair; once the signatures have begun, he stays on the record
    let signing = match &session.phase {
        Phase::Suspended { in_closing, .. } => *in_closing,
        phase => matches!(phase, Phase::Closing) || phase.is_over(),
    };
    let chair = committee.chair.and_then(|no| committee.members.get(&no));
    if chair.is_some_and(|chair| !chair.presence.is_active()) && !signing {
        committee.chair = None;
        committee.votes.clear();
    }
    true
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
fn apply_to_breaks(session: &mut Session, at: &Stamp, event: &Event) -> bool {
    let breaks = &mut session.breaks;
    match event {
        Event::BreakDue { kind, meal } => {
            breaks.due.insert(
                *kind,
                DueBreak {
                    since: at.clone(),
                    overdue: false,
                },
            );
            if meal.is_some() {
                breaks.last_meal = *meal;
            }
        }
        Event::BreakOverdue { kind } => {
            if let Some(due) = breaks.due.get_mut(kind) {
                due.overdue = true;
            }
        }
        Event::BreakBegun { kind } => {
            breaks.current = Some(CurrentBreak {
                kind: *kind,
                since: at.clone(),
            });
            // a meal is a rest as well
            breaks.due.remove(&BreakKind::Rest);
            breaks.due.remove(kind);
        }
        Event::BreakEnded { .. } => {
            breaks.current = None;
            breaks.working_since = Some(at.clone());
        }
        _ => return false,
    }
    true
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
fn apply_to_supervision(session: &mut Session, at: &Stamp, event: &Event) {
    match event {
        Event::PlanChanged { plan } => session.plan = plan.clone(),
        Event::OutageDeclared { cause } => {
            session.outage = Some(Outage {
                cause: cause.clone(),
                since: at.clone(),
                expired: false,
            });
        }
        Event::OutageEnded => session.outage = None,
        Event::TendererWaits => {
            if let Some(outage) = &mut session.outage {
                outage.since = at.clone();
                outage.expired = false;
            }
        }
        Event::LockPostponed { until } => session.lock_postponed = Some(*until),
        Event::HelpCalled { seat, kind } => {
            session.help.insert(
                *seat,
                HelpCall {
                    kind: *kind,
                    since: at.clone(),
                    overdue: false,
                },
            );
        }
        Event::HelpOverdue { seat } => {
            if let Some(call) = session.help.get_mut(seat) {
                call.overdue = true;
            }
        }
        Event::HelpAnswered { seat } => {
            session.help.remove(seat);
        }
        Event::MomentMarked { .. } => session.marks += 1,
        Event::SeatWarned { seat, text } => {
            session.warnings.insert(*seat, text.clone());
        }
        Event::WarningAcknowledged { seat } => {
            session.warnings.remove(seat);
        }
        Event::TalkBackStarted { seats } => {
            session.talk_back = Some(TalkBack {
                seats: seats.clone(),
                since: at.clone(),
            });
        }
        Event::TalkBackEnded => session.talk_back = None,
        Event::RelayStarted {
            relay,
            feeds,
            until,
        } => {
            let on = Relay::On {
                feeds: feeds.clone(),
                since: at.clone(),
                until: *until,
            };
            session.relays.insert(relay.clone(), on);
        }
        Event::RelayEnded { relay, by } => match by {
            RelayEnd::House => {
                session.relays.insert(relay.clone(), Relay::Barred);
            }
            RelayEnd::City | RelayEnd::Time => {
                session.relays.remove(relay);
            }
        },
        Event::ClosingRecordSigned => session.closing_record_signed = true,
        Event::AnomalyBegan {
            feed,
            anomaly,
            from,
        } => session.anomalies.begin(feed, *anomaly, *from),
        Event::AnomalyEnded { feed, anomaly } => session.anomalies.end(feed, *anomaly),
        _ => {}
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
fn apply_to_recordings(session: &mut Session, at: &Stamp, event: &Event) {
    let recordings = &mut session.recordings;
    match event {
        Event::RecordingStarted { feed } => {
            recordings.running.insert(feed.clone(), at.clone());
        }
        Event::RecordingEnded { feed, head } => {
            recordings.running.remove(feed);
            recordings.heads.insert(feed.clone(), head.clone());
        }
        Event::RecordingGapOpened {
            gap,
            feed,
            track,
            from,
            cause,
        } => {
            let opened = Gap {
                feed: feed.clone(),
                track: *track,
                from: *from,
                cause: *cause,
            };
            let known = KnownGap {
                gap: opened,
                to: None,
                explanations: Vec::new(),
            };
            recordings.gaps.insert(*gap, known);
        }
        Event::RecordingGapClosed { gap, to, .. } => {
            if let Some(gap) = recordings.gaps.get_mut(gap) {
                gap.to = Some(*to);
            }
        }
        Event::GapExplained { gap, text } => {
            if let Some(gap) = recordings.gaps.get_mut(gap) {
                gap.explanations.push(text.clone());
            }
        }
        Event::IndexHeads { heads } => recordings.heads.extend(heads.clone()),
        _ => {}
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
fn apply_to_archive(session: &mut Session, at: &Stamp, event: &Event) {
    match event {
        Event::ArchiveSealed { seal } => {
            session.archive = Archive::Sealed {
                at: at.clone(),
                seal: seal.clone(),
            };
        }
        Event::ArchiveReadBack { damaged, .. } => {
            if let Archive::Sealed { seal, at: sealed } = &session.archive {
                session.archive = Archive::ReadBack {
                    at: at.clone(),
                    seal: seal.clone(),
                    damaged: *damaged,
                    sealed: Some(sealed.at),
                };
            }
        }
        _ => {}
    }
}

/// The draw and its call-out.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
fn apply_to_draw(session: &mut Session, at: &Stamp, policies: &CallOutPolicies, event: &Event) {
    match event {
        Event::OrderArrived { order } => {
            session.order = Some(WaitingOrder {
                since: at.at,
                order: order.clone(),
            });
        }
        Event::DrawPrepared {
            attempt,
            basis,
            notice,
        } => {
            let mut aborted = Vec::new();
            if let Some(last) = session.draw.take() {
                aborted = last.aborted;
                if let DrawStage::Aborted { since, reason } = last.stage {
                    let (attempt, at) = (last.attempt, since);
                    aborted.push(AbortedDraw {
                        attempt,
                        at,
                        reason,
                    });
                }
            }
            session.draw = Some(Draw {
                attempt: *attempt,
                basis: basis.clone(),
                notice: notice.clone(),
                stage: DrawStage::Prepared { since: at.clone() },
                evidence: DrawEvidence::default(),
                aborted,
            });
            session.callout = None;
            session.notice = NoticeState::Missing;
        }
        Event::NoticeReady { digest } => {
            let digest = digest.clone();
            session.notice = NoticeState::Ready { digest };
        }
        Event::NoticeFailed { reason } => {
            let reason = reason.clone();
            session.notice = NoticeState::Failed { reason };
        }
        Event::CallPlaced {
            attempt,
            line,
            callee: Callee::Candidate { candidate, .. },
            ..
        } => {
            if let Some(callout) = &mut session.callout {
                callout::placed(callout, *candidate, at, attempt, line);
            }
        }
        _ => {
            if let Some(draw) = &mut session.draw {
                draw::apply_to_stage(draw, at, event);
            }
            if let (Event::DrawSeeded { .. }, Some(draw)) = (event, &session.draw) {
                session.callout = Some(CallOut::new(&draw.basis));
            }
            if let Some(callout) = &mut session.callout {
                callout::apply_to_callout(callout, at, policies, event);
            }
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
fn apply_to_archives(room: &mut Room, id: &SessionId, at: &Stamp, event: &Event) {
    if let Event::ArchiveReadBack { damaged, .. } = event {
        if let Some(session) = room.sessions.get(id)
            && let Archive::ReadBack { seal, sealed, .. } = &session.archive
        {
            let retention = session.policies(&room.policies).retention;
            let mut kept = Kept::new(
                at,
                room.age.by(at),
                session.plan.kind,
                seal,
                *damaged,
                retention,
            );
            kept.sealed = *sealed;
            kept.personal_retention = session.policies(&room.policies).personal_retention;
            room.archives.insert(id.clone(), kept);
        }
        return;
    }
    let Some(kept) = room.archives.get_mut(id) else {
        return;
    };
    match event {
        Event::ArchiveReplicated { replica, .. }
        | Event::ReplicaVerified { replica, .. }
        | Event::ReplicaHealed { replica, .. } => {
            let verified = at.clone();
            let whole = Replica::Whole { verified };
            kept.replicas.insert(replica.clone(), whole);
        }
        Event::ReplicaDamaged { replica, .. } => {
            let since = at.clone();
            let damaged = Replica::Damaged { since };
            kept.replicas.insert(replica.clone(), damaged);
        }
        Event::ArchiveVerified { damaged, .. } => {
            kept.damaged = *damaged;
            kept.verified = Some(at.clone());
        }
        Event::ArchiveHandedOver { to, .. } => {
            kept.handed_over = Some(HandedOver {
                to: to.clone(),
                at: at.at,
            });
        }
        Event::ArchiveHeld { reason } => kept.hold = Some(reason.clone()),
        Event::HoldLifted { .. } => kept.hold = None,
        Event::ArchiveReleased => kept.released = true,
        Event::ArchiveRequested => kept.requested = Some(at.at),
        Event::ArchiveDeleted => {
            room.archives.remove(id);
        }
        Event::PersonalDataReleased => kept.personal_data = PersonalData::Going,
        Event::PersonalDataErased => {
            kept.personal_data = PersonalData::Gone;
            // each has to let go of them before it is whole again
            kept.replicas.clear();
        }
        _ => {}
    }
}
