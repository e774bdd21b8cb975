//! Owns a draw as a value: what box and supervisor committed to before chance spoke, what they revealed, and the seed.
//!
//! The protocol, and how a stranger computes the same order, stand in the README; the seed is made here so that no
//! other part can make another one.

use super::call::Notice;
use super::event::Event;
use super::ids::{CandidateId, PersonRef, SessionId};
use super::note::Note;
use super::plan::NewMember;
use super::time::{Span, Stamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The first line of what is hashed to the seed: another algorithm would be another word.
const ALGORITHM: &str = "bidroom-draw/1";
/// The same where a hub has signed the commitments.
const WITH_HUB: &str = "bidroom-draw/2";
/// The first line of what a hub signs.
const HUB_SIGNS: &str = "bidroom-draw-hub/1";

/// The first line of what a pool's owner signs who has drawn already.
const OWNER_SIGNS: &str = "bidroom-draw-given/1";

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

/// An Ed25519 signature, written as 128 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Hex64(String);

impl Hex64 {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Hex64 {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 128 && text.bytes().all(digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err("not 128 lower-case hexadecimal digits")
        }
    }
}

impl<'de> Deserialize<'de> for Hex64 {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Hex64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hub that signs a draw's commitments, as it was fixed before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrawHub {
    /// Its Ed25519 key: no other signature counts.
    pub key: Hex32,
    /// How long it is waited for; then the draw is ended.
    pub wait: Span,
}

/// An order that the pool's owner has drawn already, proven by his own two secrets and signed by him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GivenOrder {
    /// The owner's Ed25519 key.
    pub key: Hex32,
    /// Which of his draws for this session.
    pub attempt: u16,
    /// Hash of the second party's secret.
    pub supervisor: Hex32,
    /// That secret.
    pub supervisor_secret: Hex32,
    /// The owner's secret, which takes the place of the box's.
    pub box_secret: Hex32,
    /// The owner's signature.
    pub signature: Hex64,
}

impl GivenOrder {
    /// The text that the owner signs: eight lines, joined by line feeds, without one at the end.
    pub fn text(&self, session: &SessionId, commitments: &DrawCommitments) -> String {
        let lines = [
            OWNER_SIGNS,
            &format!("{session} {}", self.attempt),
            commitments.root.as_str(),
            commitments.rules.as_str(),
            commitments.commitment.as_str(),
            self.supervisor.as_str(),
            self.supervisor_secret.as_str(),
            self.box_secret.as_str(),
        ];
        lines.join("\n")
    }
}

/// What a hub signs: all that was committed to, before any secret is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrawCommitments {
    /// Which of the session's draws.
    pub attempt: u16,
    /// Salted Merkle root over the pool.
    pub root: Hex32,
    /// Hash of the rules.
    pub rules: Hex32,
    /// Hash of the box's secret.
    pub commitment: Hex32,
    /// Hash of the supervisor's secret.
    pub supervisor: Hex32,
}

impl DrawCommitments {
    /// Those of a basis, with the other party's.
    pub fn of(attempt: u16, basis: &DrawBasis, supervisor: &Hex32) -> Self {
        Self {
            attempt,
            root: basis.root.clone(),
            rules: basis.rules.clone(),
            commitment: basis.commitment.clone(),
            supervisor: supervisor.clone(),
        }
    }

    /// The text that is signed: six lines, joined by line feeds, without one at the end.
    pub fn text(&self, session: &SessionId) -> String {
        let lines = [
            HUB_SIGNS,
            &format!("{session} {}", self.attempt),
            self.root.as_str(),
            self.rules.as_str(),
            self.commitment.as_str(),
            self.supervisor.as_str(),
        ];
        lines.join("\n")
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
    /// The hub that signs what was committed to; none where there is no hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<DrawHub>,
    /// The order that was given, where this box draws none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<GivenOrder>,
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
    /// The hub's signature over what was committed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<Hex64>,
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
/// prepared ─► committed ─► (countersigned, where there is a hub) ─► revealed ─► seeded   (no way back, no second seed)
///     │           └───────────────────┴────────────────────────────────┴─► aborted
///     ├─► aborted
///     └─► seeded, where the order was given and the supervisor has accepted it
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
    /// The hub has signed both commitments. Without a hub there is no such step.
    Countersigned {
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
    /// The hub did not sign in time.
    HubSilent,
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
            | DrawStage::Countersigned { .. }
            | DrawStage::Revealed { .. } => true,
            DrawStage::Seeded { .. } | DrawStage::Aborted { .. } => false,
        }
    }

    /// Whether its order is fixed, and not void.
    pub fn is_seeded(&self) -> bool {
        matches!(self.stage, DrawStage::Seeded { .. })
    }

    /// What the hub is to sign; none where it need not, or has, or nobody waits for it any more.
    pub fn unsigned(&self) -> Option<(&DrawHub, DrawCommitments)> {
        let hub = self.basis.hub.as_ref()?;
        let DrawStage::Committed { .. } = self.stage else {
            return None;
        };
        let supervisor = self.evidence.supervisor.as_ref()?;
        let commitments = DrawCommitments::of(self.attempt, &self.basis, supervisor);
        Some((hub, commitments))
    }

    /// Whether it was ended.
    pub fn is_aborted(&self) -> bool {
        matches!(self.stage, DrawStage::Aborted { .. })
    }
}

/// The word for the algorithm by which a draw's seed is made.
pub fn draw_algorithm(with_hub: bool) -> &'static str {
    if with_hub { WITH_HUB } else { ALGORITHM }
}

/// What the seed is made of, beside the session's number.
#[derive(Debug, Clone, Copy)]
pub struct SeedParts<'a> {
    /// The commitments.
    pub commitments: &'a DrawCommitments,
    /// The supervisor's secret.
    pub supervisor_secret: &'a Hex32,
    /// The box's secret.
    pub box_secret: &'a Hex32,
    /// The hub's signature, where there is a hub.
    pub hub: Option<&'a Hex64>,
}

/// The seed: SHA-256 over eight lines, or nine with a hub's signature, joined by line feeds, without one at the end.
pub fn draw_seed(session: &SessionId, parts: &SeedParts<'_>) -> Hex32 {
    let commitments = parts.commitments;
    let of = format!("{session} {}", commitments.attempt);
    let mut lines = vec![
        draw_algorithm(parts.hub.is_some()),
        &of,
        commitments.root.as_str(),
        commitments.rules.as_str(),
        commitments.commitment.as_str(),
        commitments.supervisor.as_str(),
        parts.supervisor_secret.as_str(),
        parts.box_secret.as_str(),
    ];
    lines.extend(parts.hub.map(Hex64::as_str));
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
        Event::DrawCountersigned { signature } => evidence.hub = Some(signature.clone()),
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
        Event::DrawCountersigned { .. } => DrawStage::Countersigned { since },
        Event::DrawRevealed { .. } => DrawStage::Revealed { since },
        Event::DrawSeeded { .. } => DrawStage::Seeded { since },
        Event::DrawAborted { reason } => DrawStage::Aborted {
            since,
            reason: reason.clone(),
        },
        _ => return,
    };
}
