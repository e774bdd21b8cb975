//! Owns the nameless public record of a draw: all that a stranger needs to compute the same order.

use super::commit::PoolLine;
use super::opening::Opening;
use crate::room::{
    AbortReason, Actor, CallOut, Draw, DrawStage, Hex32, Session, SessionId, Standing, Utc,
};
use crate::vault::{Document, Vault, VaultError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The word that names the algorithm; the README says what it means.
pub(super) const ALGORITHM: &str = "bidroom-draw/1";

/// A draw as anybody may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicRecord {
    /// `bidroom-draw/1`.
    pub algorithm: String,
    /// The session's number.
    pub session: SessionId,
    /// Which of the session's draws.
    pub attempt: u16,
    /// Earlier draws that were ended, and why.
    pub aborted: Vec<AbortedLine>,
    /// The specialities in order, and how many are needed.
    pub groups: Vec<GroupLine>,
    /// Salted Merkle root (RFC 6962) over the lines of `pool`.
    pub root: Hex32,
    /// Hash of the rules.
    pub rules: Hex32,
    /// Hash of the box's secret.
    pub box_commitment: Hex32,
    /// Hash of the supervisor's.
    pub supervisor_commitment: Option<Hex32>,
    /// The supervisor's secret.
    pub supervisor_secret: Option<Hex32>,
    /// The box's secret.
    pub box_secret: Option<Hex32>,
    /// The seed.
    pub seed: Option<Hex32>,
    /// Each row of the pool: its salted hash, and its groups or why it cannot be drawn. Empty before the draw is seeded.
    pub pool: Vec<String>,
    /// Who was drawn, in the order of drawing.
    pub drawn: Vec<DrawnLine>,
}

/// One of the specialities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupLine {
    /// As the pool writes it.
    pub speciality: String,
    /// How many.
    pub count: u8,
}

/// One drawn candidate, and what became of him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrawnLine {
    /// His mask.
    pub candidate: u16,
    /// For which group, counted from 0.
    pub group: u8,
    /// His row in `pool`, counted from 0.
    pub row: u32,
    /// `accepted`, `declined`, `given_up`, `released`, `withdrew`, `open`.
    pub outcome: String,
}

/// A draw that was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AbortedLine {
    /// Which.
    pub attempt: u16,
    /// When.
    pub at: Utc,
    /// Why.
    pub reason: AbortReason,
}

/// The record of a session's draw as it stands.
///
/// # Errors
/// The vault's. A draw whose basis is lost has no list.
pub fn public_record(
    vault: &Vault,
    id: &SessionId,
    session: &Session,
    draw: &Draw,
    actor: &Actor,
    now: Utc,
) -> Result<PublicRecord, VaultError> {
    let seeded = draw.evidence.seed.is_some();
    let pool = match seeded {
        false => Vec::new(),
        true => list(vault, id, draw, actor, now)?,
    };
    let evidence = draw.evidence.clone();
    Ok(PublicRecord {
        algorithm: ALGORITHM.to_owned(),
        session: id.clone(),
        attempt: draw.attempt,
        aborted: aborted(draw),
        groups: draw
            .basis
            .groups
            .iter()
            .map(|g| GroupLine {
                speciality: g.speciality.clone(),
                count: g.count,
            })
            .collect(),
        root: draw.basis.root.clone(),
        rules: draw.basis.rules.clone(),
        box_commitment: draw.basis.commitment.clone(),
        supervisor_commitment: evidence.supervisor,
        supervisor_secret: evidence.supervisor_secret,
        box_secret: evidence.box_secret,
        seed: evidence.seed,
        pool,
        drawn: session.callout.as_ref().map(drawn).unwrap_or_default(),
    })
}

fn list(
    vault: &Vault,
    id: &SessionId,
    draw: &Draw,
    actor: &Actor,
    now: Utc,
) -> Result<Vec<String>, VaultError> {
    let document = Document::Draw(draw.basis.root.clone());
    let text = vault.document(id, &document, actor, now)?;
    let opening = text.and_then(|text| serde_json::from_slice::<Opening>(&text).ok());
    let lines = opening.and_then(|opening| opening.lines().ok());
    Ok(lines
        .unwrap_or_default()
        .iter()
        .map(PoolLine::text)
        .collect())
}

fn aborted(draw: &Draw) -> Vec<AbortedLine> {
    let earlier = draw.aborted.iter().map(|a| AbortedLine {
        attempt: a.attempt,
        at: a.at.at,
        reason: a.reason.clone(),
    });
    let this = match &draw.stage {
        DrawStage::Aborted { since, reason } => Some(AbortedLine {
            attempt: draw.attempt,
            at: since.at,
            reason: reason.clone(),
        }),
        DrawStage::Prepared { .. }
        | DrawStage::Committed { .. }
        | DrawStage::Revealed { .. }
        | DrawStage::Seeded { .. } => None,
    };
    earlier.chain(this).collect()
}

fn drawn(callout: &CallOut) -> Vec<DrawnLine> {
    let lines = callout.candidates.iter().map(|(id, candidate)| DrawnLine {
        candidate: id.0,
        group: candidate.group,
        row: candidate.row,
        outcome: outcome(&candidate.standing).to_owned(),
    });
    lines.collect()
}

fn outcome(standing: &Standing) -> &'static str {
    match standing {
        Standing::Waiting { .. } | Standing::Calling => "open",
        Standing::Accepted { .. } | Standing::Withdrawing { .. } => "accepted",
        Standing::Declined { .. } => "declined",
        Standing::GivenUp { .. } => "given_up",
        Standing::Released { .. } => "released",
        Standing::Withdrew { .. } => "withdrew",
    }
}
