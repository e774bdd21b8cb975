//! Owns the committee: who is expected, who is here, where he sits, what he signed.

use super::event::{ConflictKind, LeavingReason, Pledge, Ruling};
use super::ids::{MemberNo, PersonRef, SeatNo};
use super::plan::{MemberKind, NewMember};
use super::time::Stamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The members by mask, and what they decided together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Committee {
    /// Everybody who was ever in it.
    pub members: BTreeMap<MemberNo, Member>,
    /// Votes for a chair: voter to candidate.
    pub votes: BTreeMap<MemberNo, MemberNo>,
    /// The chair.
    pub chair: Option<MemberNo>,
    /// The grace period is over.
    pub grace_ended: bool,
}

impl Committee {
    /// Those who count: expected or here.
    pub fn active(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|m| m.presence.is_active())
    }

    /// Those who are here.
    pub fn present(&self) -> impl Iterator<Item = &Member> {
        self.members
            .values()
            .filter(|m| matches!(m.presence, Presence::Present { .. }))
    }

    /// The active member of a seat.
    pub fn at_seat(&self, seat: SeatNo) -> Option<&Member> {
        self.active().find(|m| m.seat == Some(seat))
    }

    /// Whoever of the active members fails a test.
    pub(super) fn active_without(&self, test: impl Fn(&Member) -> bool) -> BTreeSet<MemberNo> {
        self.active().filter(|m| !test(m)).map(|m| m.no).collect()
    }

    /// How many of a kind are active, or have done their part.
    pub(super) fn count(&self, kind: MemberKind) -> usize {
        let counted = |m: &&Member| m.presence.is_active() || m.report.is_some();
        let of_kind = self.members.values().filter(|m| m.kind == kind);
        of_kind.filter(counted).count()
    }

    /// The number that the next member gets.
    pub(super) fn next_no(&self) -> MemberNo {
        MemberNo(
            self.members
                .keys()
                .last()
                .map_or(1, |last| last.0.saturating_add(1)),
        )
    }

    /// Who leads the votes with more than half of those who are present.
    pub(super) fn majority(&self) -> Option<MemberNo> {
        let present: BTreeSet<MemberNo> = self.present().map(|m| m.no).collect();
        let mut count: BTreeMap<MemberNo, usize> = BTreeMap::new();
        for (voter, candidate) in &self.votes {
            if present.contains(voter) && present.contains(candidate) {
                *count.entry(*candidate).or_default() += 1;
            }
        }
        count
            .into_iter()
            .find(|(_, votes)| votes * 2 > present.len())
            .map(|(member, _)| member)
    }
}

/// One member, by mask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// The mask: 专家 3.
    pub no: MemberNo,
    /// Expert or tenderer representative.
    pub kind: MemberKind,
    /// Who it is; opaque, and known to the vault alone.
    pub person: PersonRef,
    /// The seat that chance gave him.
    pub seat: Option<SeatNo>,
    /// Whether he is here.
    pub presence: Presence,
    /// Identified at the gate.
    pub code_handed_out: bool,
    /// May come later than the grace period.
    pub excused: bool,
    /// What he pledged.
    pub pledges: BTreeSet<Pledge>,
    /// A conflict he declared.
    pub conflict: Option<Conflict>,
    /// May be replaced.
    pub replacement_approved: bool,
    /// His signature under the report.
    pub report: Option<ReportSignature>,
}

impl Member {
    pub(super) fn expected(no: MemberNo, new: &NewMember) -> Self {
        Self {
            no,
            kind: new.kind,
            person: new.person.clone(),
            seat: None,
            presence: Presence::Expected,
            code_handed_out: false,
            excused: false,
            pledges: BTreeSet::new(),
            conflict: None,
            replacement_approved: false,
            report: None,
        }
    }

    /// Whether a conflict waits for the supervisor.
    pub fn conflict_open(&self) -> bool {
        self.conflict.as_ref().is_some_and(|c| c.ruling.is_none())
    }
}

/// Whether a member is here.
///
/// ```text
/// expected ──► present ──► left        (no way back)
///     └──► absent    └──► removed
/// absent, removed, left ──► replaced
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Presence {
    /// Not here yet.
    Expected,
    /// Checked in.
    Present {
        /// When.
        since: Stamp,
        /// After the planned start.
        late: bool,
    },
    /// Did not come.
    Absent,
    /// Left for good.
    Left {
        /// When.
        at: Stamp,
        /// Why.
        reason: LeavingReason,
    },
    /// Removed for a conflict of interest.
    Removed {
        /// When.
        at: Stamp,
    },
    /// Somebody else has his place.
    Replaced {
        /// Who.
        by: MemberNo,
    },
}

impl Presence {
    /// Whether he counts as a member: expected or here.
    pub fn is_active(&self) -> bool {
        matches!(self, Presence::Expected | Presence::Present { .. })
    }
}

/// A declared conflict of interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conflict {
    /// Of what kind.
    pub kind: ConflictKind,
    /// What the supervisor said.
    pub ruling: Option<Ruling>,
}

/// A signature under the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportSignature {
    /// When.
    pub at: Stamp,
    /// Whether he dissents, in writing.
    pub dissent: bool,
}
