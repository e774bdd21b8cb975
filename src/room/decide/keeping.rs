//! Owns what may be done with sealed archives: hold, release, and what is reported of their replicas.

use crate::room::command::Command;
use crate::room::event::Event;
use crate::room::ids::{ReplicaId, SessionId};
use crate::room::keeping::{Kept, PersonalData, Replica};
use crate::room::refusal::Refusal;
use crate::room::state::Room;
use crate::room::time::{Day, Now, Utc};

/// Answers commands about kept archives, whose sessions the room need not hold any more; none for all others.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other commands are not about kept archives"
)]
pub(super) fn decide(
    room: &Room,
    now: &Now,
    id: &SessionId,
    command: &Command,
) -> Result<Option<Vec<Event>>, Refusal> {
    let kept = || {
        room.archives.get(id).ok_or_else(|| Refusal::NoSuchArchive {
            session: id.clone(),
        })
    };
    let event = match command {
        Command::HoldArchive { reason } => {
            let kept = kept()?;
            if kept.released {
                return Err(Refusal::AlreadyReleased);
            }
            if kept.hold.is_some() {
                return Err(Refusal::ArchiveHeld);
            }
            Some(Event::ArchiveHeld {
                reason: reason.clone(),
            })
        }
        Command::LiftHold { reason } => {
            if kept()?.hold.is_none() {
                return Err(Refusal::NotHeld);
            }
            Some(Event::HoldLifted {
                reason: reason.clone(),
            })
        }
        Command::ReleaseArchive { typed, today } => {
            let kept = kept()?;
            kept.kept_by(room)?;
            released_by_hand(now, kept.until(), *today)?;
            if typed != id {
                return Err(Refusal::TypedNumberDiffers);
            }
            Some(Event::ArchiveReleased)
        }
        Command::ReleasePersonalData { typed, today } => {
            let kept = kept()?;
            kept.personal_kept_by()?;
            released_by_hand(now, kept.personal_until(), *today)?;
            if typed != id {
                return Err(Refusal::TypedNumberDiffers);
            }
            Some(Event::PersonalDataReleased)
        }
        Command::ReportReplica {
            replica,
            files,
            bytes,
            written,
        } => Some(seen_whole(kept()?, replica, *files, *bytes, *written)),
        Command::ReportReplicaDamaged {
            replica,
            damaged,
            named,
        } => kept()?.is_whole_in(replica).then(|| Event::ReplicaDamaged {
            replica: replica.clone(),
            damaged: *damaged,
            named: named.clone(),
        }),
        Command::ReportArchiveVerified {
            files,
            bytes,
            healed,
            damaged,
            named,
        } => kept().map(|_| {
            Some(Event::ArchiveVerified {
                files: *files,
                bytes: *bytes,
                healed: *healed,
                damaged: *damaged,
                named: named.clone(),
            })
        })?,
        Command::ReportHandedOver { seal, to, receipt } => {
            if &kept()?.seal.sha256 != seal {
                return Err(Refusal::ReceiptOfAnother);
            }
            Some(Event::ArchiveHandedOver {
                to: to.clone(),
                receipt: receipt.clone(),
            })
        }
        Command::RequestArchive => kept().map(|_| Some(Event::ArchiveRequested))?,
        Command::ReportAttendanceStated { sha256 } => {
            if !room.past_sessions.contains(id) {
                return Err(Refusal::NoSuchSession {
                    session: id.clone(),
                });
            }
            Some(Event::AttendanceStated {
                sha256: sha256.clone(),
            })
        }
        Command::ReportArchiveDeleted => kept()?.released.then_some(Event::ArchiveDeleted),
        Command::ReportPersonalDataErased => {
            (kept()?.personal_data == PersonalData::Going).then_some(Event::PersonalDataErased)
        }
        _ => return Ok(None),
    };
    Ok(Some(event.into_iter().collect()))
}

/// A supervisor stands in for the clock that counts running time, not for the wall clock: he says what day it is, and
/// a box whose clock is set to another day does not believe him.
fn released_by_hand(now: &Now, until: Option<Utc>, today: Day) -> Result<(), Refusal> {
    if until.is_none_or(|until| now.stamp.at < until) {
        return Err(Refusal::StillKept { until });
    }
    match today == now.day() {
        true => Ok(()),
        false => Err(Refusal::DateDiffers),
    }
}

fn seen_whole(kept: &Kept, replica: &ReplicaId, files: u64, bytes: u64, written: u64) -> Event {
    let replica_id = replica.clone();
    match kept.replicas.get(replica) {
        None => Event::ArchiveReplicated {
            replica: replica_id,
            files,
            bytes,
        },
        Some(Replica::Damaged { .. }) => Event::ReplicaHealed {
            replica: replica_id,
            files,
            bytes,
            written,
        },
        Some(Replica::Whole { .. }) => Event::ReplicaVerified {
            replica: replica_id,
            files,
            bytes,
        },
    }
}
