//! Owns what needs somebody's eye now: alarms follow from the state, and go when their reason goes.

use super::feeds::source_fault;
use super::parts::{LiveFeed, Surroundings};
use crate::room::{
    Anomaly, BreakKind, EquipmentId, Fault, FeedId, FeedState, GapCause, HelpKind, MemberNo, Phase,
    Room, SeatNo, Session, SourceFault, Track, Utc, recorded_feeds,
};
use schemars::JsonSchema;
use serde::Serialize;

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
}

/// All alarms, worst and oldest first.
pub(super) fn alarms(room: &Room, around: &Surroundings) -> Vec<Alarm> {
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
        of_session(session, &mut alarms);
        of_committee(session, &mut alarms);
    }
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
