//! Owns the worker that computes: it reveals the box's secret once the supervisor has revealed his, and draws the next
//! candidates as the room wants them. What it does follows from vault and seed alone, so a restart does it again alike.

use super::commit::{next_row, order};
use super::opening::Opening;
use crate::clerk::{ClerkHandle, Clock, SubmitError};
use crate::room::{
    AbortReason, Actor, Command, Draw, DrawnCandidate, Part, Room, Session, SessionId, Utc,
    WantedDraw, wanted,
};
use crate::vault::{Document, Vault, VaultError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// After a failure of the disk, it tries again so much later.
const RETRY: Duration = Duration::from_secs(2);

/// What the worker works with.
#[derive(Debug, Clone)]
pub struct DrawWorker {
    /// Where it reports to, and what it follows.
    pub clerk: ClerkHandle,
    /// Who is drawn.
    pub vault: Vault,
    /// When it reads.
    pub clock: Arc<dyn Clock>,
}

impl DrawWorker {
    /// Does what is wanted for as long as the clerk works.
    pub async fn run(self) {
        let mut room_rx = self.clerk.watch();
        loop {
            let room = room_rx.borrow_and_update().room.clone();
            let mut failed = false;
            for (session, wish) in wanted(&room).draws {
                if let Err(error) = self.turn(&room, &session, &wish).await {
                    tracing::error!(%session, %error, "the draw waits");
                    failed = true;
                }
            }
            let changed = room_rx.changed();
            if failed {
                // a full or failing disk ends no draw; chance has spoken already, or not at all
                drop(tokio::time::timeout(RETRY, changed).await);
            } else if changed.await.is_err() {
                return;
            }
        }
    }

    async fn turn(
        &self,
        room: &Arc<Room>,
        session: &SessionId,
        wish: &WantedDraw,
    ) -> anyhow::Result<()> {
        let (room, id, wish) = (room.clone(), session.clone(), wish.clone());
        let now = self.clock.now().stamp.at;
        let command = self
            .vault
            .background(move |vault| Turn::compute(vault, &room, &id, &wish, now))
            .await?;
        let Some(command) = command else {
            return Ok(());
        };
        let submitted = self
            .clerk
            .submit(actor(), Some(session.clone()), None, command)
            .await;
        match submitted {
            Ok(_) | Err(SubmitError::Stopped) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn actor() -> Actor {
    Actor::Daemon { part: Part::Draw }
}

/// One turn of the worker, without the clerk: what it reports next.
#[derive(Debug)]
pub struct Turn;

impl Turn {
    /// What is to be reported for what the room wants; none where it wants nothing any more.
    ///
    /// # Errors
    /// The vault's disk fails; what is missing or damaged there is reported, not returned.
    pub fn compute(
        vault: &Vault,
        room: &Room,
        id: &SessionId,
        wish: &WantedDraw,
        now: Utc,
    ) -> Result<Option<Command>, VaultError> {
        let Some((session, draw)) = find(room, id) else {
            return Ok(None);
        };
        let document = Document::Draw(draw.basis.root.clone());
        let text = match vault.document(id, &document, &actor(), now) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(failed(AbortReason::BasisLost)),
            Err(VaultError::DamagedDocument(_) | VaultError::DamagedKey(_)) => {
                return Ok(failed(AbortReason::BasisDiffers));
            }
            Err(error) => return Err(error),
        };
        let opening: Option<Opening> = serde_json::from_slice(&text).ok();
        let Some(opening) = opening.filter(|opening| opening.fits(&draw.basis)) else {
            return Ok(failed(AbortReason::BasisDiffers));
        };
        match wish {
            WantedDraw::Secret => Ok(Some(Command::ReportDrawSecret {
                secret: opening.secret,
            })),
            WantedDraw::Candidates(groups) => {
                next_candidates(vault, id, session, draw, &opening, groups, now)
            }
        }
    }
}

fn find<'a>(room: &'a Room, id: &SessionId) -> Option<(&'a Session, &'a Draw)> {
    let session = room.sessions.get(id)?;
    Some((session, session.draw.as_ref()?))
}

fn failed(reason: AbortReason) -> Option<Command> {
    Some(Command::ReportDrawFailed { reason })
}

fn next_candidates(
    vault: &Vault,
    id: &SessionId,
    session: &Session,
    draw: &Draw,
    opening: &Opening,
    groups: &[u8],
    now: Utc,
) -> Result<Option<Command>, VaultError> {
    let (Some(seed), Some(callout)) = (&draw.evidence.seed, &session.callout) else {
        return Ok(None);
    };
    let Ok(lines) = opening.lines() else {
        return Ok(failed(AbortReason::BasisDiffers));
    };
    let order = order(seed, &lines);
    let mut drawn: BTreeSet<u32> = callout.candidates.values().map(|c| c.row).collect();
    let mut candidates = Vec::new();
    let mut number = callout.next_candidate();
    for group in groups {
        let Some(row) = next_row(&order, &lines, *group, &drawn) else {
            // whoever was found before is reported first
            if candidates.is_empty() {
                return Ok(Some(Command::ReportPoolExhausted { group: *group }));
            }
            break;
        };
        let Some(person) = opening.person(row) else {
            return Ok(failed(AbortReason::BasisDiffers));
        };
        let reference = match vault.store(id, &person.person()) {
            Ok(reference) => reference,
            // he was stored, and the daemon ended before it was reported
            Err(VaultError::Duplicate(_)) => {
                let known = vault.find_by_id_number(id, &person.id_number, &actor(), now)?;
                known.ok_or_else(|| VaultError::DamagedDocument(id.clone()))?
            }
            Err(error) => return Err(error),
        };
        drawn.insert(row);
        candidates.push(DrawnCandidate {
            candidate: number,
            group: *group,
            row,
            person: reference,
        });
        number.0 += 1;
    }
    Ok(Some(Command::ReportDrawn { candidates }))
}
