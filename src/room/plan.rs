//! Owns the plan of a session, and the rules by which a committee is composed.

use super::ids::{PersonRef, SessionId};
use super::layout::Policies;
use super::refusal::Refusal;
use super::rules::RuleSet;
use super::time::{Span, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was planned, by the technician or by the hub. (A later hub may say more than this room knows: what it does not
/// know it passes over.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The session's number, e.g. `BS-1123-04`.
    pub id: SessionId,
    /// Real, or a rehearsal.
    pub kind: SessionKind,
    /// The planned start.
    pub start: Utc,
    /// How long it is expected to take.
    pub expected: Span,
    /// How many experts sit here.
    pub experts: u8,
    /// How many tenderer representatives sit here.
    pub tenderer_representatives: u8,
    /// The whole committee, where it sits in several venues; none where all of it sits here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committee: Option<CommitteeSize>,
    /// The rules that it falls under; those of the policies where none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RuleSet>,
    /// Policies for this session only; the profile's where none are given.
    #[serde(default)]
    pub policies: Option<Policies>,
}

/// How many make a committee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct CommitteeSize {
    /// Experts.
    pub experts: u8,
    /// Tenderer representatives.
    pub tenderer_representatives: u8,
}

impl CommitteeSize {
    /// All of them.
    pub fn members(&self) -> u8 {
        self.experts.saturating_add(self.tenderer_representatives)
    }
}

impl Plan {
    /// The whole committee, wherever its members sit.
    pub fn whole(&self) -> CommitteeSize {
        self.committee.unwrap_or(CommitteeSize {
            experts: self.experts,
            tenderer_representatives: self.tenderer_representatives,
        })
    }

    /// The plan with the policies that its rules come to in a room with policies of its own.
    pub(super) fn under_its_rules(&self, of_room: &Policies, utc_offset: i32) -> Self {
        let mut plan = self.clone();
        if let Some(rules) = self.rules {
            let policies = plan.policies.unwrap_or_else(|| of_room.clone());
            plan.policies = Some(policies.under(rules, self.start, utc_offset));
        }
        plan
    }

    /// The part of the committee that sits in other venues; none where the plan names less than sits here.
    pub(super) fn elsewhere(&self) -> Option<CommitteeSize> {
        let whole = self.whole();
        let others = whole.tenderer_representatives;
        Some(CommitteeSize {
            experts: whole.experts.checked_sub(self.experts)?,
            tenderer_representatives: others.checked_sub(self.tenderer_representatives)?,
        })
    }
}

/// Whether a session counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// An evaluation.
    Real,
    /// Practice. All it makes says so, and it is never taken for a real one.
    Rehearsal,
}

/// What a committee member is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    /// 评标专家.
    Expert,
    /// 招标人代表.
    TendererRepresentative,
}

/// A person who joins a committee; who it is stands in the vault only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewMember {
    /// What he is.
    pub kind: MemberKind,
    /// Who he is, opaquely.
    pub person: PersonRef,
}

/// Checks a committee's composition with those who sit elsewhere: size, odd number, share of experts; and that this room's
/// seats are enough for those who sit here.
pub(super) fn check_composition(
    (experts, representatives): (usize, usize),
    elsewhere: CommitteeSize,
    seats: usize,
    policies: &Policies,
) -> Result<(), Refusal> {
    let here = experts + representatives;
    let experts = experts + usize::from(elsewhere.experts);
    let representatives = representatives + usize::from(elsewhere.tenderer_representatives);
    let size = experts + representatives;
    if size < usize::from(policies.committee_min) {
        return Err(Refusal::CommitteeTooSmall {
            members: size,
            least: policies.committee_min,
        });
    }
    if policies.committee_odd && size.is_multiple_of(2) {
        return Err(Refusal::CommitteeEven { members: size });
    }
    let (share, of) = policies.expert_share;
    if experts * usize::from(of) < size * usize::from(share) {
        return Err(Refusal::TooFewExperts {
            experts,
            members: size,
            share,
            of,
        });
    }
    if here > seats {
        return Err(Refusal::TooFewSeats {
            members: here,
            seats,
        });
    }
    Ok(())
}
