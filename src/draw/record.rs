//! Owns the nameless public record of a draw: all that a stranger needs to compute the same order.

use super::commit::PoolLine;
use super::opening::Opening;
use crate::room::{
    AbortReason, Actor, CallOut, Draw, DrawStage, Hex32, Hex64, Session, SessionId, Standing, Utc,
    draw_algorithm,
};
use crate::vault::{Document, Vault, VaultError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A draw as anybody may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicRecord {
    /// `bidroom-draw/1`, or `bidroom-draw/2` where a hub signs; the README says what it means.
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
    /// Where the pool's owner had drawn already: his key. The secrets and commitments are his then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_key: Option<Hex32>,
    /// Which of his draws it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_attempt: Option<u16>,
    /// His signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_signature: Option<Hex64>,
    /// The hub's key, where a hub signs what was committed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub_key: Option<Hex32>,
    /// Its signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub_signature: Option<Hex64>,
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

/// Where the record of a session that is over lies: in its archive.
#[derive(Debug)]
pub struct DrawRecordFile(PathBuf);

impl DrawRecordFile {
    /// That of a session; `data` holds `sessions`.
    pub fn of(data: &Path, session: &SessionId) -> Self {
        let bag = data.join("sessions").join(session.as_str());
        Self(bag.join("data").join("draw.json"))
    }

    /// Writes it, for good.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, record: &PublicRecord) -> io::Result<()> {
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        // what a kill leaves is removed by the next sealing
        let new = self.0.with_extension("part");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(record)?)?;
        file.sync_all()?;
        fs::rename(&new, &self.0)
    }

    /// Reads it; none where there is none.
    ///
    /// # Errors
    /// The disk's, or the file is damaged.
    pub fn read(&self) -> io::Result<Option<PublicRecord>> {
        match fs::read(&self.0) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
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
    let given = draw.basis.given.as_ref();
    Ok(PublicRecord {
        algorithm: draw_algorithm(draw.basis.hub.is_some()).to_owned(),
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
        supervisor_commitment: evidence
            .supervisor
            .or_else(|| given.map(|given| given.supervisor.clone())),
        given_key: given.map(|given| given.key.clone()),
        given_attempt: given.map(|given| given.attempt),
        given_signature: given.map(|given| given.signature.clone()),
        hub_key: draw.basis.hub.as_ref().map(|hub| hub.key.clone()),
        hub_signature: evidence.hub,
        supervisor_secret: evidence
            .supervisor_secret
            .or_else(|| given.map(|given| given.supervisor_secret.clone())),
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
        | DrawStage::Countersigned { .. }
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
