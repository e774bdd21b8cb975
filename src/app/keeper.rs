//! Owns that sealed archives are copied to every replica, verified there and on the box, healed from one another, and that
//! what was released is deleted.

use super::health;
use crate::archive::replica::{self, Piece, Replica};
use crate::archive::retention;
use crate::archive::scrub::{self, Look};
use crate::clerk::{ClerkHandle, Clock, SubmitError};
use crate::config::{Profile, ReplicaSpec};
use crate::room::{
    Actor, Command, EquipmentId, Fault, Part, PersonalData, Refusal, ReplicaId, Seal, SessionId,
    wanted, wanted_copies, wanted_looks,
};
use crate::vault::Vault;
use anyhow::Context;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How soon what failed is tried again, and how often the room is asked what has become due.
const AGAIN: Duration = Duration::from_secs(10);
/// Damaged files that are named in an event.
const NAMED: usize = 20;

/// In whose name all this is done.
const ACTOR: Actor = Actor::Daemon {
    part: Part::Archive,
};

/// What the ids of replicas as equipment begin with.
const REPLICA: &str = "replica-";

fn equipment(id: &ReplicaId) -> String {
    format!("{REPLICA}{id}")
}

/// The worker that keeps archives.
#[derive(Debug, Clone)]
pub(super) struct Keeper {
    pub(super) clerk: ClerkHandle,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) profile: Arc<Profile>,
    /// The folder that holds `sessions`.
    pub(super) data: PathBuf,
    /// The box's own CA, DER.
    pub(super) ca: Vec<u8>,
    pub(super) vault: Vault,
    /// Whether replicas are read back; else their listings are believed, which only tests want to see fail.
    pub(super) reads_back: bool,
}

impl Keeper {
    /// Keeps one replica, for ever: what it lacks is copied, what is there is verified as often as the policy says.
    pub(super) async fn replicate(self, spec: ReplicaSpec) {
        let mut changes = self.clerk.watch();
        let equipment = equipment(&spec.id);
        // one archive that cannot be copied must not hold up the others
        let mut failed = BTreeSet::new();
        loop {
            let now = self.clock.now().stamp;
            let wanted = wanted_copies(&self.clerk.room(), &spec.id, &now);
            if let Some(id) = wanted.iter().find(|id| !failed.contains(*id)) {
                let Err(error) = self.one(&spec, id).await else {
                    continue;
                };
                tracing::error!(replica = %spec.id, session = %id, error = format!("{error:#}"), "not replicated yet");
                // the first, without what differs each time: a fault that lasts is one event
                if failed.is_empty() {
                    let detail = format!("{id}: {error}");
                    let fault = Some(Fault::Other { detail });
                    health::report(&self.clerk, &equipment, fault).await;
                }
                failed.insert(id.clone());
            } else if !failed.is_empty() {
                sleep(AGAIN).await;
                failed.clear();
            } else {
                health::report(&self.clerk, &equipment, None).await;
                if matches!(timeout(AGAIN, changes.changed()).await, Ok(Err(_))) {
                    return;
                }
            }
        }
    }

    /// Brings one archive in one replica to what its manifests say.
    async fn one(&self, spec: &ReplicaSpec, id: &SessionId) -> anyhow::Result<()> {
        let room = self.clerk.room();
        let Some(kept) = room.archives.get(id).cloned() else {
            return Ok(());
        };
        let (seal, was_whole) = (kept.seal.clone(), kept.is_whole_in(&spec.id));
        let (place, reads_back) = (spec.place.clone(), self.reads_back);
        let (of, data) = (id.clone(), self.data.clone());
        let opened = tokio::task::spawn_blocking(move || {
            let replica = Replica::open(&place, reads_back)?;
            replica.tidy(&of)?;
            let pieces = replica::pieces(&data, &of, &seal)?;
            anyhow::Ok((replica, pieces))
        });
        let (replica, pieces) = opened.await??;
        let rate = || self.rate();
        if kept.personal_data == PersonalData::Gone {
            replica.erase_personal(id).await?;
        }
        let lacking = replica.lacking(id, &pieces, rate).await?;
        if was_whole && !lacking.is_empty() {
            self.damaged(&spec.id, id, &lacking).await?;
        }
        for piece in &lacking {
            replica.write(&self.data, id, piece, rate).await?;
        }
        let now = self.clerk.room().archives.get(id).cloned();
        if now.is_none_or(|now| now.personal_data != kept.personal_data) {
            // what was just written may hold what has to go: it is looked at again
            return Ok(());
        }
        let command = Command::ReportReplica {
            replica: spec.id.clone(),
            files: pieces.len() as u64,
            bytes: pieces.iter().map(|piece| piece.bytes).sum(),
            written: lacking.len() as u64,
        };
        self.tell(id, command).await
    }

    async fn damaged(
        &self,
        replica: &ReplicaId,
        id: &SessionId,
        lacking: &[&Piece],
    ) -> anyhow::Result<()> {
        let named = lacking.iter().take(NAMED).map(|piece| piece.path.clone());
        let command = Command::ReportReplicaDamaged {
            replica: replica.clone(),
            damaged: u32::try_from(lacking.len()).unwrap_or(u32::MAX),
            named: named.collect(),
        };
        self.tell(id, command).await
    }

    /// Reads the box's own archives again as often as the policy says, and fetches from replicas what they have lost, for ever.
    pub(super) async fn look_again(self) {
        let mut changes = self.clerk.watch();
        loop {
            let now = self.clock.now().stamp;
            let wanted = wanted_looks(&self.clerk.room(), &now);
            let failed = match wanted.first() {
                Some(id) => self.look(id).await.err(),
                None => {
                    if matches!(timeout(AGAIN, changes.changed()).await, Ok(Err(_))) {
                        return;
                    }
                    continue;
                }
            };
            if let Some(error) = failed {
                tracing::error!(error = format!("{error:#}"), "not verified yet");
                sleep(AGAIN).await;
            }
        }
    }

    async fn look(&self, id: &SessionId) -> anyhow::Result<()> {
        let Some(kept) = self.clerk.room().archives.get(id).cloned() else {
            return Ok(());
        };
        let mut look = self.looked(id, &kept.seal).await?;
        let mut healed = 0;
        if !look.damaged.is_empty() {
            tracing::error!(session = %id, files = look.damaged.len(), "the archive is not as it was sealed");
            healed = self.heal(id, &kept.seal, &look.damaged).await;
            look = self.looked(id, &kept.seal).await?;
        }
        let damaged = u32::try_from(look.damaged.len()).unwrap_or(u32::MAX);
        let command = Command::ReportArchiveVerified {
            files: look.files,
            bytes: look.bytes,
            healed,
            damaged,
            named: look.damaged.into_iter().take(NAMED).collect(),
        };
        self.tell(id, command).await?;
        let room = self.clerk.room();
        let still = room.archives.iter().filter(|(_, kept)| kept.damaged > 0);
        let still: Vec<_> = still.map(|(id, kept)| (id, kept.damaged)).collect();
        let fault = still.first().map(|(id, damaged)| Fault::Other {
            detail: format!("{id}: {damaged} files are not as they were sealed"),
        });
        health::report(&self.clerk, "archives", fault).await;
        Ok(())
    }

    async fn looked(&self, id: &SessionId, seal: &Seal) -> anyhow::Result<Look> {
        let (this, id, seal) = (self.clone(), id.clone(), seal.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let rate = |_| this.rate();
            scrub::look(&this.data, &id, &seal, &this.ca, &rate)
        });
        Ok(looked.await?)
    }

    /// How fast what can wait may be read or written now.
    fn rate(&self) -> Option<u64> {
        let busy = self.clerk.room().occupant().is_some();
        busy.then_some(self.profile.storage.replica_rate.0)
    }

    /// Fetches what is damaged from whichever replica has it; gives how many files came.
    async fn heal(&self, id: &SessionId, seal: &Seal, damaged: &[String]) -> u64 {
        let mut lost: Vec<&String> = damaged.iter().collect();
        for spec in &self.profile.storage.replicas {
            let mut still = Vec::new();
            for file in lost {
                let fetched = self.fetch(id, seal, spec, file).await;
                if let Err(error) = &fetched {
                    tracing::error!(replica = %spec.id, session = %id, error = format!("{error:#}"), "cannot heal");
                }
                if !fetched.unwrap_or(false) {
                    still.push(file);
                }
            }
            lost = still;
        }
        (damaged.len() - lost.len()) as u64
    }

    async fn fetch(
        &self,
        id: &SessionId,
        seal: &Seal,
        spec: &ReplicaSpec,
        file: &str,
    ) -> anyhow::Result<bool> {
        let (data, of, seal, name) = (self.data.clone(), id.clone(), seal.clone(), file.to_owned());
        let expected =
            tokio::task::spawn_blocking(move || scrub::expected(&data, &of, &seal, &name)).await?;
        let replica = Replica::open(&spec.place, self.reads_back)?;
        let wanted = (file, expected.as_deref());
        Ok(replica
            .fetch(&self.data, id, wanted, || self.rate())
            .await?)
    }

    /// Deletes what was released, for ever.
    pub(super) async fn delete(self) {
        self.forget().await;
        let mut changes = self.clerk.watch();
        loop {
            let wanted = wanted(&self.clerk.room());
            let mut failed = None;
            let mut note = |id: &SessionId, done: anyhow::Result<()>| {
                if let Err(error) = done {
                    tracing::error!(session = %id, error = format!("{error:#}"), "not deleted yet");
                    failed = Some(Fault::Other {
                        detail: format!("{id}: {error:#}"),
                    });
                }
            };
            for id in &wanted.erasing {
                let done = Command::ReportPersonalDataErased;
                note(id, self.go(id, retention::erase_personal, done).await);
            }
            for id in &wanted.deleting {
                let done = Command::ReportArchiveDeleted;
                note(id, self.go(id, retention::delete, done).await);
            }
            let again = failed.is_some();
            health::report(&self.clerk, "retention", failed).await;
            if again {
                sleep(AGAIN).await;
            } else if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// A replica that the profile names no more has no faults.
    async fn forget(&self) {
        let named = |id: &EquipmentId| {
            let specs = &self.profile.storage.replicas;
            specs.iter().any(|spec| equipment(&spec.id) == id.as_str())
        };
        let room = self.clerk.room();
        let known = room.failures.keys();
        for id in known.filter(|id| id.as_str().starts_with(REPLICA) && !named(id)) {
            health::report(&self.clerk, id.as_str(), None).await;
        }
    }

    /// Removes something of an archive from the box, and what the vault holds of its people; then says so.
    async fn go(
        &self,
        id: &SessionId,
        remove: fn(&Path, &SessionId) -> io::Result<()>,
        done: Command,
    ) -> anyhow::Result<()> {
        let (this, of) = (self.clone(), id.clone());
        let gone = tokio::task::spawn_blocking(move || {
            remove(&this.data, &of)?;
            let now = this.clock.now().stamp.at;
            anyhow::Ok(this.vault.shred(&of, &ACTOR, now)?)
        });
        gone.await??;
        tracing::info!(session = %id, done = done.name(), "deleted");
        self.tell(id, done).await
    }

    async fn tell(&self, id: &SessionId, command: Command) -> anyhow::Result<()> {
        let told = self
            .clerk
            .submit(ACTOR, Some(id.clone()), None, command)
            .await;
        match told {
            // it was deleted meanwhile
            Ok(_)
            | Err(SubmitError::Stopped | SubmitError::Refused(Refusal::NoSuchArchive { .. })) => {
                Ok(())
            }
            Err(error) => Err(error).context("journalling"),
        }
    }
}
