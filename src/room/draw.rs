//! Owns a draw as a value: what box and supervisor committed to before chance spoke, what they revealed, and the seed.
//!
//! The protocol, and how a stranger computes the same order, stand in the README; the seed is made here so that no
//! other part can make another one.

use super::call::Notice;
use super::event::Event;
use super::ids::{CandidateId, PersonRef, SessionId};
use super::note::Note;
use super::plan::NewMember;
use super::time::Stamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The first line of what is hashed to the seed: another algorithm would be another word.
const ALGORITHM: &str = "bidroom-draw/1";

/// 32 bytes, written as 64 lower-case hexadecimal digits: a hash, a secret, or the seed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Hex32(String);

impl Hex32 {
    /// SHA-256 of a text's UTF-8 bytes: what `printf %s "$text" | sha256sum` prints.
    pub fn sha256(text: &str) -> Self {
        Self::of(Sha256::digest(text.as_bytes()).into())
    }

    /// These bytes.
    pub fn of(bytes: [u8; 32]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        let digits = bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]);
        Self(digits.collect())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Hex32 {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err("not 64 lower-case hexadecimal digits")
        }
    }
}

impl<'de> Deserialize<'de> for Hex32 {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Hex32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a row of the pool cannot be drawn. One reason a row: the first that holds, in this order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// Works for a recusal unit.
    Employer,
    /// Left a recusal unit within the look-back.
    FormerEmployer,
    /// A relative works for a recusal unit, or he is listed as a relative.
    Relative,
    /// Is under a ban on that day.
    Ban,
    /// Stands in a list of names.
    Listed,
    /// Is in the committee already, by name of the tenderer.
    Named,
    /// Has none of the specialities that are asked for.
    Speciality,
}

/// Candidates of one speciality, and how many of them the committee needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// The speciality as the pool writes it.
    pub speciality: String,
    /// How many are needed.
    pub count: u8,
    /// How many of the pool may be drawn for it.
    pub eligible: u32,
}

/// What the box commits to before anybody knows the seed. Nothing in it names anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrawBasis {
    /// People in the pool.
    pub rows: u32,
    /// How many of them may be drawn.
    pub eligible: u32,
    /// How many may not, by reason.
    pub excluded: BTreeMap<Exclusion, u32>,
    /// The specialities in the plan's order.
    pub groups: Vec<Group>,
    /// Designated experts and tenderer representatives: members who are not drawn.
    pub named: Vec<NewMember>,
    /// Salted Merkle root over the pool.
    pub root: Hex32,
    /// Hash of the rules: recusals, bans, look-back, specialities; salted too.
    pub rules: Hex32,
    /// Hash of the box's secret.
    pub commitment: Hex32,
}

/// A session's draws. Only one is on; those that were ended stay on the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Draw {
    /// Counts the session's draws from 1: whoever tries again is seen to.
    pub attempt: u16,
    /// What the box committed to.
    pub basis: DrawBasis,
    /// What is said on the phone.
    pub notice: Notice,
    /// Where it stands.
    pub stage: DrawStage,
    /// What was revealed of it, whatever became of it after.
    pub evidence: DrawEvidence,
    /// Earlier draws that were ended.
    pub aborted: Vec<AbortedDraw>,
}

/// What was revealed of a draw.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DrawEvidence {
    /// Hash of the supervisor's secret.
    pub supervisor: Option<Hex32>,
    /// His secret.
    pub supervisor_secret: Option<Hex32>,
    /// The box's secret.
    pub box_secret: Option<Hex32>,
    /// The seed.
    pub seed: Option<Hex32>,
}

/// Where a draw stands.
///
/// ```text
/// prepared ─► committed ─► revealed ─► seeded        (no way back, no second seed)
///     └───────────┴────────────┴─► aborted
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum DrawStage {
    /// The box has committed itself.
    Prepared {
        /// When.
        since: Stamp,
    },
    /// The supervisor has too.
    Committed {
        /// When.
        since: Stamp,
    },
    /// He has revealed his secret; the box's follows by itself.
    Revealed {
        /// When.
        since: Stamp,
    },
    /// Both are revealed: the order of all candidates is fixed.
    Seeded {
        /// When.
        since: Stamp,
    },
    /// Ended before there was an order, or by a stop of the call-out.
    Aborted {
        /// When.
        since: Stamp,
        /// Why.
        reason: AbortReason,
    },
}

/// A draw that was ended: an abort is recorded for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AbortedDraw {
    /// Which.
    pub attempt: u16,
    /// When.
    pub at: Stamp,
    /// Why.
    pub reason: AbortReason,
}

/// Why a draw was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum AbortReason {
    /// Somebody ended it.
    Ordered {
        /// Why, in his words.
        note: Note,
    },
    /// What the box had committed to is not in its vault any more.
    BasisLost,
    /// What is in the vault is not what the box had committed to.
    BasisDiffers,
    /// The session ended.
    SessionEnded,
}

/// One drawn candidate as the draw reports him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrawnCandidate {
    /// His mask.
    pub candidate: CandidateId,
    /// For which group, counted from 0.
    pub group: u8,
    /// His row in the public pool list, counted from 0.
    pub row: u32,
    /// Who he is, opaquely.
    pub person: PersonRef,
}

impl Draw {
    /// Whether it may still be ended without a seed being known.
    pub fn is_open(&self) -> bool {
        match self.stage {
            DrawStage::Prepared { .. }
            | DrawStage::Committed { .. }
            | DrawStage::Revealed { .. } => true,
            DrawStage::Seeded { .. } | DrawStage::Aborted { .. } => false,
        }
    }

    /// Whether its order is fixed, and not void.
    pub fn is_seeded(&self) -> bool {
        matches!(self.stage, DrawStage::Seeded { .. })
    }

    /// Whether it was ended.
    pub fn is_aborted(&self) -> bool {
        matches!(self.stage, DrawStage::Aborted { .. })
    }
}

/// The seed: SHA-256 over eight lines, joined by line feeds, without one at the end.
pub fn draw_seed(
    session: &SessionId,
    attempt: u16,
    basis: &DrawBasis,
    supervisor: &Hex32,
    supervisor_secret: &Hex32,
    box_secret: &Hex32,
) -> Hex32 {
    let lines = [
        ALGORITHM,
        &format!("{session} {attempt}"),
        basis.root.as_str(),
        basis.rules.as_str(),
        basis.commitment.as_str(),
        supervisor.as_str(),
        supervisor_secret.as_str(),
        box_secret.as_str(),
    ];
    Hex32::sha256(&lines.join("\n"))
}

/// Takes what happened to a draw in; what is prepared anew is the session's.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
pub(super) fn apply_to_stage(draw: &mut Draw, at: &Stamp, event: &Event) {
    let evidence = &mut draw.evidence;
    match event {
        Event::DrawCommitted { commitment } => evidence.supervisor = Some(commitment.clone()),
        Event::DrawRevealed { secret } => evidence.supervisor_secret = Some(secret.clone()),
        Event::DrawSeeded { secret, seed } => {
            evidence.box_secret = Some(secret.clone());
            evidence.seed = Some(seed.clone());
        }
        _ => {}
    }
    let since = at.clone();
    draw.stage = match event {
        Event::DrawCommitted { .. } => DrawStage::Committed { since },
        Event::DrawRevealed { .. } => DrawStage::Revealed { since },
        Event::DrawSeeded { .. } => DrawStage::Seeded { since },
        Event::DrawAborted { reason } => DrawStage::Aborted {
            since,
            reason: reason.clone(),
        },
        _ => return,
    };
}
