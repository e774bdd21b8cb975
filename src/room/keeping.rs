//! Owns what the room knows of the archives that the box keeps: for how long, in which replicas, on hold or not, and
//! when one may go.
//!
//! An archive goes when its retention is over by **two clocks that do not trust each other**: the wall clock, and the
//! time that the box has demonstrably run ([`Age`]). A wall clock that stands 20 years ahead deletes nothing; a box
//! that is off ages too slowly, never too fast. Where a box was off for years, a supervisor stands in for the second
//! clock: he types the archive's number and today's date, and a date that is not the box's is refused.
//!
//! Whatever the time, nothing goes that was not sealed and read back whole, that a configured replica lacks, or that is on
//! hold. Only the box's own copy goes: what lies in replicas is theirs to keep. Its personal data and call recordings may have an
//! end of their own, by the same two clocks; they go from the replicas too.

use super::archive::Seal;
use super::ids::{ReplicaId, SessionId};
use super::note::Note;
use super::plan::SessionKind;
use super::refusal::Refusal;
use super::state::Room;
use super::time::{Now, Span, Stamp, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long the box has demonstrably run: monotonic time between the journal's entries, summed up over the boots. It
/// cannot be set, and is never more than what has passed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Age {
    ran: Span,
    last: Option<Stamp>,
}

impl Age {
    /// How long by `now`.
    pub fn by(&self, now: &Stamp) -> Span {
        let since = match &self.last {
            Some(last) if last.boot == now.boot => last.elapsed(now).0,
            // what passed between two boots only the wall clock knows
            Some(_) | None => 0,
        };
        Span(self.ran.0.saturating_add(since))
    }

    pub(super) fn note(&mut self, at: &Stamp) {
        self.ran = self.by(at);
        self.last = Some(at.clone());
    }
}

/// A sealed archive that the box keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// When it had been sealed and read back.
    pub since: Stamp,
    /// How long the box had run by then.
    pub age: Span,
    /// Real, or a rehearsal.
    pub kind: SessionKind,
    /// What the seal closes.
    pub seal: Seal,
    /// When its own files were read again last; none before the first time.
    #[serde(default)]
    pub verified: Option<Stamp>,
    /// Files that were not what the manifest says.
    pub damaged: u32,
    /// For how long it is kept, by the policy at that time; none means for good.
    pub retention: Option<Span>,
    /// Why it may not go, whatever its age.
    pub hold: Option<Note>,
    /// What is known of its replicas.
    pub replicas: BTreeMap<ReplicaId, Replica>,
    /// Who has it too, by the last receipt.
    #[serde(default)]
    pub handed_over: Option<HandedOver>,
    /// Whether it was decided that it goes. There is no way back.
    pub released: bool,
    /// When it was sealed; none where an earlier version did.
    #[serde(default)]
    pub sealed: Option<Utc>,
    /// When the municipal hub asked for it last.
    #[serde(default)]
    pub requested: Option<Utc>,
    /// For how long its personal data and call recordings are kept; none means as long as itself.
    #[serde(default)]
    pub personal_retention: Option<Span>,
    /// Whether it still holds them.
    #[serde(default)]
    pub personal_data: PersonalData,
}

/// Whether an archive holds its personal data and call recordings.
///
/// ```text
/// kept ──its own retention over──► going ──erased on the box──► gone (and from each replica at its next look)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonalData {
    /// As it was sealed.
    #[default]
    Kept,
    /// It was decided that they go. There is no way back.
    Going,
    /// They are erased.
    Gone,
}

/// What is known of an archive in one replica.
///
/// ```text
/// (nothing) ──every file read back there──► whole ──a file is not what it was──► damaged ──healed──► whole
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Replica {
    /// Every file was read back.
    Whole {
        /// When last.
        verified: Stamp,
    },
    /// A file is missing or is not what it was.
    Damaged {
        /// When that was found.
        since: Stamp,
    },
}

/// That another venue has an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandedOver {
    /// Who signed the receipt.
    pub to: Note,
    /// When it came.
    pub at: Utc,
}

impl Kept {
    /// An archive that was just read back.
    pub(super) fn new(
        since: &Stamp,
        age: Span,
        kind: SessionKind,
        seal: &Seal,
        damaged: u32,
        retention: Option<Span>,
    ) -> Self {
        Self {
            since: since.clone(),
            age,
            kind,
            seal: seal.clone(),
            verified: None,
            damaged,
            retention,
            hold: None,
            replicas: BTreeMap::new(),
            handed_over: None,
            released: false,
            sealed: None,
            requested: None,
            personal_retention: None,
            personal_data: PersonalData::Kept,
        }
    }

    /// Whether every file of it was read back in that replica, and nothing else was found since.
    pub fn is_whole_in(&self, replica: &ReplicaId) -> bool {
        matches!(self.replicas.get(replica), Some(Replica::Whole { .. }))
    }

    /// When the wall clock says that it may go; none where it is kept for good.
    pub fn until(&self) -> Option<Utc> {
        self.retention.map(|retention| self.since.at + retention)
    }

    /// When the wall clock says that its personal data may go; none where they are kept as long as itself.
    pub fn personal_until(&self) -> Option<Utc> {
        self.personal_retention
            .map(|retention| self.since.at + retention)
    }

    /// What keeps its personal data, whatever its age.
    pub(super) fn personal_kept_by(&self) -> Result<(), Refusal> {
        if self.released {
            return Err(Refusal::AlreadyReleased);
        }
        if self.personal_data != PersonalData::Kept {
            return Err(Refusal::PersonalDataGone);
        }
        match self.hold {
            Some(_) => Err(Refusal::ArchiveHeld),
            None => Ok(()),
        }
    }

    /// What keeps it, whatever its age.
    pub(super) fn kept_by(&self, room: &Room) -> Result<(), Refusal> {
        if self.released {
            return Err(Refusal::AlreadyReleased);
        }
        if self.hold.is_some() {
            return Err(Refusal::ArchiveHeld);
        }
        if self.damaged > 0 {
            return Err(Refusal::ArchiveDamaged);
        }
        let lacking = room.layout.replicas.iter();
        let lacking = lacking.filter(|id| !self.is_whole_in(id));
        let replicas: std::collections::BTreeSet<_> = lacking.cloned().collect();
        match replicas.is_empty() {
            true => Ok(()),
            false => Err(Refusal::NotReplicated { replicas }),
        }
    }

    /// How long until both clocks let it go; none where something else keeps it.
    pub(super) fn remaining(&self, room: &Room, now: &Now) -> Option<Span> {
        self.kept_by(room).ok()?;
        Some(self.by_both_clocks(room, now, self.retention?))
    }

    /// The same for its personal data.
    pub(super) fn personal_remaining(&self, room: &Room, now: &Now) -> Option<Span> {
        self.personal_kept_by().ok()?;
        Some(self.by_both_clocks(room, now, self.personal_retention?))
    }

    fn by_both_clocks(&self, room: &Room, now: &Now, retention: Span) -> Span {
        let by_wall = now.until(self.since.at + retention);
        let ran = room.age.by(&now.stamp).0.saturating_sub(self.age.0);
        by_wall.max(Span(retention.0.saturating_sub(ran)))
    }
}

/// The archives that a replica wants, in this order: what it lacks, oldest first, then what was not verified for as long
/// as the policy says.
pub fn wanted_copies(room: &Room, replica: &ReplicaId, now: &Stamp) -> Vec<SessionId> {
    let mut wanted: Vec<_> = room
        .archives
        .iter()
        .filter(|(_, kept)| !kept.released)
        .filter_map(|(id, kept)| {
            let verified = match kept.replicas.get(replica) {
                Some(Replica::Whole { verified }) => Some(verified),
                Some(Replica::Damaged { .. }) | None => None,
            };
            let due = verified.is_none_or(|at| at.elapsed(now) >= room.policies.scrub);
            due.then(|| (verified.map(|at| at.at), kept.since.at, id.clone()))
        })
        .collect();
    wanted.sort();
    wanted.into_iter().map(|(_, _, id)| id).collect()
}

/// How soon an archive is looked at again that is damaged: a replica may have come back that can heal it.
const DAMAGED: Span = Span::hours(24);

/// The archives whose own files are to be read again, the one that waits longest first: each as often as the policy says.
pub fn wanted_looks(room: &Room, now: &Stamp) -> Vec<SessionId> {
    let mut wanted: Vec<_> = room
        .archives
        .iter()
        .filter(|(_, kept)| !kept.released)
        .filter_map(|(id, kept)| {
            let last = kept.verified.as_ref().unwrap_or(&kept.since);
            let every = match kept.damaged {
                0 => room.policies.scrub,
                _ => room.policies.scrub.min(DAMAGED),
            };
            (last.elapsed(now) >= every).then(|| (last.at, id.clone()))
        })
        .collect();
    wanted.sort();
    wanted.into_iter().map(|(_, id)| id).collect()
}

/// Of how many archives the usual size is the mean.
const USUAL: usize = 10;

/// The usual size of a real session's archive in bytes, by the last ones; none before there is one.
pub fn usual_size(room: &Room) -> Option<u64> {
    let real = room
        .archives
        .values()
        .filter(|kept| kept.kind == SessionKind::Real);
    let mut sizes: Vec<_> = real.map(|kept| (kept.since.at, kept.seal.bytes)).collect();
    sizes.sort();
    let last = sizes.iter().rev().take(USUAL).map(|(_, bytes)| *bytes);
    let count = last.len() as u64;
    last.sum::<u64>().checked_div(count)
}
