//! Owns what needs somebody's eye now: alarms follow from the state, and go when their reason goes.

use super::feeds::source_fault;
use super::parts::{LiveFeed, Surroundings};
use crate::room::{
    Anomaly, BreakKind, CallEnd, CallOutStage, CandidateId, EquipmentId, Fault, FeedId, FeedState,
    GapCause, HelpKind, LineId, LineState, MemberNo, Note, NoticeState, OrderFault, PauseCause,
    Phase, Relay, RelayId, Room, SeatNo, Session, SessionId, SourceFault, Span, Standing, TextEnd,
    Track, Utc, recorded_feeds,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

/// An order that was not taken is told for so long; the hub's operator knows it too.
const ORDER_REFUSED: Span = Span::hours(24);
/// That an archive was asked for is told for so long, or until it is handed over.
const ARCHIVE_REQUESTED: Span = Span::hours(72);

/// Something that needs somebody's eye.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Alarm {
    /// How bad.
    pub level: Level,
    /// Since when.
    pub since: Utc,
    /// What.
    pub what: AlarmKind,
}

/// How bad an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Somebody must act now.
    Bad,
    /// Somebody should look.
    Warn,
}

impl Level {
    /// A picture that shows nothing is no evidence; a muted microphone may be meant.
    pub(super) fn of(anomaly: Anomaly) -> Self {
        match anomaly {
            Anomaly::Frozen | Anomaly::Black => Level::Bad,
            Anomaly::Silent | Anomaly::TooLoud => Level::Warn,
        }
    }
}

/// What an alarm is about. The page says what to do.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum AlarmKind {
    /// A feed that is to be recorded is lost.
    FeedLost { feed: FeedId, fault: SourceFault },
    /// A feed that is to be recorded has not come yet; why, where that is known.
    FeedAbsent {
        feed: FeedId,
        fault: Option<SourceFault>,
    },
    /// A recording lacks something at this moment.
    RecordingGap {
        gap: u32,
        feed: FeedId,
        track: Track,
        cause: GapCause,
        /// What is wrong with the source.
        fault: Option<SourceFault>,
    },
    /// Something is wrong with what a feed shows or sounds.
    Anomaly { feed: FeedId, anomaly: Anomaly },
    /// A piece of equipment failed.
    Equipment {
        equipment: EquipmentId,
        fault: Fault,
    },
    /// Somebody needs help.
    Help {
        seat: SeatNo,
        help: HelpKind,
        overdue: bool,
    },
    /// A rest or meal is due.
    BreakDue { of: BreakKind, overdue: bool },
    /// A member has not come within the grace period.
    MemberMissing { member: MemberNo },
    /// A declared conflict waits for the supervisor.
    ConflictWaits { member: MemberNo },
    /// A missing member: the supervisor may approve a replacement, then the technician names it.
    ReplacementWaits { member: MemberNo, approved: bool },
    /// The outage clock ran out.
    OutageExpired,
    /// An outage lasts.
    OutageLasts,
    /// A phone line cannot call while a call-out is on.
    LineDown { line: LineId, state: LineState },
    /// A phone line's last calls failed by its own fault; it is tried again.
    LineFails {
        line: LineId,
        fault: CallEnd,
        faults: u8,
    },
    /// A phone line rests after faults in a row.
    LineRests { line: LineId, fault: CallEnd },
    /// Unusually many do not answer: the supervisor decides.
    CallOutSilent {
        session: SessionId,
        unanswered: u8,
        of: u8,
    },
    /// The committee is not complete by the time it should be.
    CallOutOverdue { session: SessionId },
    /// Nobody is left to be drawn, and places are open.
    PoolEmpty { session: SessionId },
    /// The notice could not be spoken.
    NoticeFailed { session: SessionId, reason: Note },
    /// The municipal hub has asked for an archive, and was told which it is.
    ArchiveRequested {
        /// Of which session.
        session: SessionId,
    },
    /// The municipal hub has brought an order that is not taken.
    OrderRefused {
        /// For which session it was sent.
        session: SessionId,
        /// Why.
        fault: OrderFault,
    },
    /// The notice in writing was not sent to somebody who has confirmed, or nobody knows whether.
    TextUnsent {
        session: SessionId,
        candidate: CandidateId,
    },
    /// Feeds leave the house, because the city asked for them.
    Relayed {
        /// To which place.
        relay: RelayId,
        /// Its server.
        host: String,
        /// Which.
        feeds: BTreeSet<FeedId>,
        /// Until when.
        until: Utc,
    },
    /// Somebody is said to withdraw: the supervisor decides.
    WithdrawalWaits {
        session: SessionId,
        candidate: CandidateId,
    },
}

/// All alarms, worst and oldest first.
pub(super) fn alarms(room: &Room, now: Utc, around: &Surroundings) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = room
        .failures
        .iter()
        .map(|(equipment, failure)| Alarm {
            level: if failure.fault.is_urgent() {
                Level::Bad
            } else {
                Level::Warn
            },
            since: failure.since.at,
            what: AlarmKind::Equipment {
                equipment: equipment.clone(),
                fault: failure.fault.clone(),
            },
        })
        .collect();
    if let Some((_, session)) = room.occupant() {
        of_feeds(room, session, around, &mut alarms);
        of_relays(room, session, &mut alarms);
        of_session(session, &mut alarms);
        of_committee(session, &mut alarms);
    }
    of_callouts(room, &mut alarms);
    of_archives(room, now, &mut alarms);
    of_orders(room, now, &mut alarms);
    alarms.sort_by_key(|alarm| (alarm.level, alarm.since));
    alarms
}

fn of_feeds(room: &Room, session: &Session, around: &Surroundings, alarms: &mut Vec<Alarm>) {
    let unknown = LiveFeed::default();
    let fault_of =
        |feed: &FeedId| source_fault(room, feed, around.feeds.get(feed).unwrap_or(&unknown));
    for feed in recorded_feeds(room, session) {
        match room.feeds.get(&feed) {
            Some(FeedState::Live { .. }) => {}
            Some(FeedState::Lost { since, cause }) => alarms.push(Alarm {
                level: Level::Bad,
                since: since.at,
                what: AlarmKind::FeedLost {
                    fault: fault_of(&feed).unwrap_or_else(|| cause.clone()),
                    feed,
                },
            }),
            None => alarms.push(Alarm {
                level: Level::Bad,
                since: session.since.at,
                what: AlarmKind::FeedAbsent {
                    fault: fault_of(&feed),
                    feed,
                },
            }),
        }
    }
    for (feed, anomaly, since) in session.anomalies.iter() {
        let level = Level::of(anomaly);
        let feed = feed.clone();
        alarms.push(Alarm {
            level,
            since,
            what: AlarmKind::Anomaly { feed, anomaly },
        });
    }
    for (no, gap) in session.recordings.open_gaps() {
        let (feed, track, cause) = (gap.feed.clone(), gap.track, gap.cause);
        alarms.push(Alarm {
            level: Level::Bad,
            since: gap.from,
            what: AlarmKind::RecordingGap {
                gap: no,
                fault: fault_of(&feed),
                feed,
                track,
                cause,
            },
        });
    }
}

/// What leaves the house stands before everybody's eyes for as long as it does.
fn of_relays(room: &Room, session: &Session, alarms: &mut Vec<Alarm>) {
    for spec in &room.layout.relays {
        if let Some(Relay::On {
            feeds,
            since,
            until,
        }) = session.relays.get(&spec.id)
        {
            alarms.push(Alarm {
                level: Level::Warn,
                since: since.at,
                what: AlarmKind::Relayed {
                    relay: spec.id.clone(),
                    host: spec.host.clone(),
                    feeds: feeds.clone(),
                    until: *until,
                },
            });
        }
    }
}

fn of_session(session: &Session, alarms: &mut Vec<Alarm>) {
    for (seat, call) in &session.help {
        let urgent = call.overdue || call.kind == HelpKind::Unwell;
        alarms.push(Alarm {
            level: if urgent { Level::Bad } else { Level::Warn },
            since: call.since.at,
            what: AlarmKind::Help {
                seat: *seat,
                help: call.kind,
                overdue: call.overdue,
            },
        });
    }
    for (kind, due) in &session.breaks.due {
        alarms.push(Alarm {
            level: if due.overdue { Level::Bad } else { Level::Warn },
            since: due.since.at,
            what: AlarmKind::BreakDue {
                of: *kind,
                overdue: due.overdue,
            },
        });
    }
    let suspended = match &session.phase {
        Phase::Suspended {
            cause: crate::room::SuspensionCause::Outage,
            since,
            expired,
            ..
        } => Some((since.at, *expired)),
        Phase::Planned
        | Phase::Convened
        | Phase::CheckIn
        | Phase::Ready { .. }
        | Phase::InSession
        | Phase::Suspended { .. }
        | Phase::Overnight { .. }
        | Phase::Closing
        | Phase::Sealed
        | Phase::Aborted { .. } => session.outage.as_ref().map(|o| (o.since.at, o.expired)),
    };
    if let Some((since, expired)) = suspended {
        let what = if expired {
            AlarmKind::OutageExpired
        } else {
            AlarmKind::OutageLasts
        };
        alarms.push(Alarm {
            level: Level::Bad,
            since,
            what,
        });
    }
}

/// What keeps call-outs from going on, and the lines while one is on.
fn of_callouts(room: &Room, alarms: &mut Vec<Alarm>) {
    let mut on = false;
    for (id, session) in &room.sessions {
        let going = session.draw.as_ref().is_some_and(|d| d.is_seeded());
        let Some(callout) = session.callout.as_ref().filter(|_| going) else {
            continue;
        };
        if session.phase.is_over() || matches!(callout.stage, CallOutStage::Stopped { .. }) {
            continue;
        }
        on |= !callout.is_complete();
        let mut alarm = |level, since: Utc, what| alarms.push(Alarm { level, since, what });
        let session_id = || id.clone();
        if let CallOutStage::Paused {
            cause: PauseCause::Unanswered { unanswered, of },
            since,
        } = &callout.stage
        {
            let what = AlarmKind::CallOutSilent {
                session: session_id(),
                unanswered: *unanswered,
                of: *of,
            };
            alarm(Level::Bad, since.at, what);
        }
        let policies = session.policies(&room.policies);
        let due = session.plan.start - policies.call_out.complete_before;
        if callout.overdue && !callout.is_complete() {
            let session = session_id();
            alarm(Level::Bad, due, AlarmKind::CallOutOverdue { session });
        }
        if callout.is_stuck() {
            let session_id = session_id();
            let what = AlarmKind::PoolEmpty {
                session: session_id,
            };
            alarm(Level::Bad, session.since.at, what);
        }
        if let (NoticeState::Failed { reason }, false) = (&session.notice, callout.is_complete()) {
            let what = AlarmKind::NoticeFailed {
                session: session_id(),
                reason: reason.clone(),
            };
            alarm(Level::Bad, session.since.at, what);
        }
        for (candidate, found) in &callout.candidates {
            let text = found.text.as_ref();
            let unsent = text.filter(|text| text.end.is_some_and(|end| end != TextEnd::Sent));
            if let (Some(text), true) = (unsent, found.standing.has_place()) {
                let what = AlarmKind::TextUnsent {
                    session: session_id(),
                    candidate: *candidate,
                };
                alarm(Level::Warn, text.placed.at, what);
            }
            if let Standing::Withdrawing { since, .. } = &found.standing {
                let what = AlarmKind::WithdrawalWaits {
                    session: session_id(),
                    candidate: *candidate,
                };
                alarm(Level::Warn, since.at, what);
            }
        }
    }
    if on {
        of_lines(room, alarms);
    }
}

fn of_archives(room: &Room, now: Utc, alarms: &mut Vec<Alarm>) {
    for (id, kept) in &room.archives {
        let Some(since) = kept.requested else {
            continue;
        };
        let handed = kept
            .handed_over
            .as_ref()
            .is_some_and(|over| over.at > since);
        if !handed && now < since + ARCHIVE_REQUESTED {
            let session = id.clone();
            alarms.push(Alarm {
                level: Level::Warn,
                since,
                what: AlarmKind::ArchiveRequested { session },
            });
        }
    }
}

fn of_orders(room: &Room, now: Utc, alarms: &mut Vec<Alarm>) {
    let refused = room.refused_order.as_ref();
    if let Some(refused) = refused.filter(|refused| now < refused.at + ORDER_REFUSED) {
        alarms.push(Alarm {
            level: Level::Warn,
            since: refused.at,
            what: AlarmKind::OrderRefused {
                session: refused.session.clone(),
                fault: refused.fault,
            },
        });
    }
}

fn of_lines(room: &Room, alarms: &mut Vec<Alarm>) {
    for (id, line) in &room.phones.lines {
        let mut level = Level::Bad;
        let what = match (&line.state, line.last_fault) {
            (LineState::Fault(_) | LineState::AuthFault, _) => AlarmKind::LineDown {
                line: id.clone(),
                state: line.state,
            },
            (LineState::Ready, Some(fault)) if line.resting => AlarmKind::LineRests {
                line: id.clone(),
                fault,
            },
            (LineState::Ready, Some(fault)) => {
                level = Level::Warn;
                AlarmKind::LineFails {
                    line: id.clone(),
                    fault,
                    faults: line.faults,
                }
            }
            (LineState::Ready, None)
            | (LineState::Unknown | LineState::Registering | LineState::Disabled, _) => continue,
        };
        let since = line.wait.as_ref().map_or(line.since.at, |w| w.since.at);
        alarms.push(Alarm { level, since, what });
    }
}

fn of_committee(session: &Session, alarms: &mut Vec<Alarm>) {
    use crate::room::Presence;
    for member in session.committee.members.values() {
        let no = member.no;
        if member.conflict_open() && member.presence.is_active() {
            let what = AlarmKind::ConflictWaits { member: no };
            alarms.push(Alarm {
                level: Level::Warn,
                since: session.since.at,
                what,
            });
        }
        let unfinished = member.report.is_none();
        let what = match &member.presence {
            Presence::Expected if session.committee.grace_ended && !member.excused => {
                AlarmKind::MemberMissing { member: no }
            }
            Presence::Absent | Presence::Removed { .. } => AlarmKind::ReplacementWaits {
                member: no,
                approved: member.replacement_approved,
            },
            Presence::Left { .. } if unfinished => AlarmKind::ReplacementWaits {
                member: no,
                approved: member.replacement_approved,
            },
            Presence::Expected
            | Presence::Present { .. }
            | Presence::Left { .. }
            | Presence::Replaced { .. } => continue,
        };
        alarms.push(Alarm {
            level: Level::Bad,
            since: session.since.at,
            what,
        });
    }
}
