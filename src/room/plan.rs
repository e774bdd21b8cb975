//! Owns the plan of a session, and the rules by which a committee is composed.

use super::ids::{PersonRef, SessionId};
use super::layout::Policies;
use super::refusal::Refusal;
use super::time::{Span, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was planned: by the technician today, by the hub later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The session's number, e.g. `BS-1123-04`.
    pub id: SessionId,
    /// Real, or a rehearsal.
    pub kind: SessionKind,
    /// The planned start.
    pub start: Utc,
    /// How long it is expected to take.
    pub expected: Span,
    /// How many experts.
    pub experts: u8,
    /// How many tenderer representatives.
    pub tenderer_representatives: u8,
    /// Policies for this session only; the profile's where none are given.
    #[serde(default)]
    pub policies: Option<Policies>,
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

/// Checks a committee's composition: size, odd number, share of experts, and the room's seats.
pub(super) fn check_composition(
    experts: usize,
    representatives: usize,
    seats: usize,
    policies: &Policies,
) -> Result<(), Refusal> {
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
    if size > seats {
        return Err(Refusal::TooFewSeats {
            members: size,
            seats,
        });
    }
    Ok(())
}
