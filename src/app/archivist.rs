//! Owns that what is over becomes a sealed archive, is read back, and that checkpoints are stated meanwhile.

use super::health;
use super::tsa;
use crate::archive::bag_folder;
use crate::archive::checkpoints::{Checkpoint, Witnesses};
use crate::archive::container::{self, Recipient};
use crate::archive::detection::{self, Detection};
use crate::archive::papers::{self, Circumstances};
use crate::archive::seal::{self, Papers};
use crate::archive::sm2::Sm2Signer;
use crate::archive::verify::{self, Verdict};
use crate::clerk::{ClerkHandle, Clock, SubmitError};
use crate::config::Profile;
use crate::draw::{DrawRecordFile, Opening, public_record};
use crate::journal::Reader;
use crate::keys::Keys;
use crate::media::recorder::RecordersHandle;
use crate::room::{
    Actor, Archive, Command, Fault, FeedId, IndexHead, Part, PhaseKind, Seal, Seq, SessionId, Utc,
    wanted,
};
use crate::vault::{Document, Person, Purpose, Vault};
use anyhow::Context;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How often a checkpoint is stated where nothing else happens.
const CHECKPOINT: Duration = Duration::from_secs(60);
/// How soon what failed is tried again.
const AGAIN: Duration = Duration::from_secs(10);
/// How long the last reports of recordings are waited for.
const LAST_REPORTS: Duration = Duration::from_secs(5);
/// Bytes a second that are read back while a session is on: a tenth of what a disk gives.
const BESIDE_A_SESSION: u64 = 15_000_000;

/// What the container holds: who the masks were, and what opens the draw's record.
#[derive(serde::Serialize)]
struct Personal {
    #[serde(flatten)]
    people: BTreeMap<String, Person>,
    #[serde(skip_serializing_if = "Option::is_none")]
    draw: Option<Opening>,
}

/// The worker that archives.
#[derive(Debug, Clone)]
pub(super) struct Archivist {
    pub(super) clerk: ClerkHandle,
    pub(super) recorders: RecordersHandle,
    pub(super) history: Reader,
    pub(super) vault: Vault,
    pub(super) keys: Keys,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) profile: Arc<Profile>,
    /// The folder that holds `sessions`.
    pub(super) data: PathBuf,
    pub(super) witnesses: Witnesses,
}

impl Archivist {
    /// States a checkpoint each minute, and whenever the phase or an index's journalled head changes.
    pub(super) async fn state(self) {
        let mut changes = self.clerk.watch();
        let mut minute = interval(CHECKPOINT);
        minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut known: Option<(SessionId, PhaseKind, BTreeMap<FeedId, IndexHead>)> = None;
        loop {
            let due = tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => false,
                    Err(_) => return,
                },
                _ = minute.tick() => true,
            };
            let now = self.clerk.room().occupant().map(|(id, session)| {
                (
                    id.clone(),
                    session.phase.kind(),
                    session.recordings.heads.clone(),
                )
            });
            if let Some((id, ..)) = &now
                && (due || now != known)
                && let Err(error) = self.checkpoint(id).await
            {
                tracing::error!(session = %id, error = format!("{error:#}"), "no checkpoint");
            }
            known = now;
        }
    }

    async fn checkpoint(&self, id: &SessionId) -> anyhow::Result<()> {
        let (this, id) = (self.clone(), id.clone());
        tokio::task::spawn_blocking(move || {
            // what the room knows was journalled before
            let room = this.clerk.room();
            let indexes = room.sessions.get(&id).map(|s| s.recordings.heads.clone());
            let box_head = this.history.head()?;
            let head = this.history.session_head(&id)?.context("no entries")?;
            let checkpoint = Checkpoint {
                room: this.profile.room.id.to_string(),
                session: id,
                at: this.clock.now().stamp.at,
                seq: box_head.seq,
                head: box_head.sha256.to_string(),
                session_seq: head.seq,
                session_head: head.sha256.to_string(),
                indexes: indexes.unwrap_or_default(),
                prev: String::new(),
            };
            Ok(this.witnesses.state(&this.data, &this.keys, checkpoint)?)
        })
        .await?
    }

    /// Archives what is over, one session after the other, for ever.
    pub(super) async fn archive(self) {
        let mut changes = self.clerk.watch();
        loop {
            let mut failed = None;
            for id in wanted(&self.clerk.room()).archiving {
                if let Err(error) = self.one(&id).await {
                    tracing::error!(session = %id, error = format!("{error:#}"), "not archived yet");
                    failed = Some(Fault::Other {
                        detail: format!("{id}: {error:#}"),
                    });
                }
            }
            let again = failed.is_some();
            health::report(&self.clerk, "archive", failed).await;
            if again {
                sleep(AGAIN).await;
            } else if wanted(&self.clerk.room()).archiving.is_empty()
                && changes.changed().await.is_err()
            {
                return;
            }
        }
    }

    /// The next step of one session: seal it, or read it back.
    async fn one(&self, id: &SessionId) -> anyhow::Result<()> {
        let archive = match self.clerk.room().sessions.get(id) {
            Some(session) => session.archive.clone(),
            None => return Ok(()),
        };
        match archive {
            Archive::Open => {
                self.recordings_ended(id).await;
                let seal = self.seal(id).await?;
                tracing::info!(session = %id, files = seal.files, bytes = seal.bytes, "sealed");
                self.tell(id, Command::ReportArchiveSealed { seal }).await
            }
            Archive::Sealed { seal, .. } => {
                let (this, session) = (self.clone(), id.clone());
                let read = tokio::task::spawn_blocking(move || this.read_back(&session, &seal));
                let read = read.await?.context("reading the archive back")?;
                let damaged: BTreeSet<String> = read.faults.into_iter().map(|f| f.file).collect();
                let command = Command::ReportArchiveReadBack {
                    files: read.files,
                    bytes: read.bytes,
                    damaged: u32::try_from(damaged.len()).unwrap_or(u32::MAX),
                    named: damaged.into_iter().take(20).collect(),
                };
                self.tell(id, command).await
            }
            Archive::ReadBack { .. } => Ok(()),
        }
    }

    /// Waits until no recorder writes for the session; what they report last is waited for too, as long as they may live.
    async fn recordings_ended(&self, id: &SessionId) {
        let mut status = self.recorders.status();
        let idle = status.wait_for(|all| all.feeds.values().all(|feed| &feed.session != id));
        // the recorders are gone: nobody writes any more
        let _ = idle.await.map(drop);
        let mut changes = self.clerk.watch();
        let reported = changes.wait_for(|at| {
            at.room.sessions.get(id).is_none_or(|session| {
                let recordings = &session.recordings;
                recordings.running.is_empty() && recordings.open_gaps().next().is_none()
            })
        });
        // a daemon that was killed left some open for good
        let _ = timeout(LAST_REPORTS, reported).await;
    }

    async fn seal(&self, id: &SessionId) -> anyhow::Result<Seal> {
        let (this, session) = (self.clone(), id.clone());
        let known =
            tokio::task::spawn_blocking(move || seal::sealed(&this.data, &session)).await??;
        if let Some(seal) = known {
            return Ok(seal);
        }
        self.settle(id).await?;
        self.checkpoint(id).await?;
        let (this, session) = (self.clone(), id.clone());
        let signed = tokio::task::spawn_blocking(move || this.prepare(&session)).await??;
        let token = match &self.profile.storage.tsa {
            None => None,
            Some(tsa) => match tsa::stamp(tsa, &signed).await {
                Ok(token) => Some(token),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "sealed without a time stamp");
                    None
                }
            },
        };
        let (this, session) = (self.clone(), id.clone());
        let sealed = tokio::task::spawn_blocking(move || {
            let sm2 = this.profile.storage.sm2.as_deref().map(Sm2Signer::read);
            let sm2 = sm2.transpose()?;
            let beside = seal::Beside {
                sm2: sm2.as_ref(),
                token: token.as_deref(),
            };
            let at = this.clock.now().stamp.at;
            seal::sign(&this.data, &session, &this.keys, &signed, &beside, at)?;
            seal::sealed(&this.data, &session)?.context("the signature is not there")
        });
        sealed.await?
    }

    /// Ends what a crash left open, and journals where everything stands.
    async fn settle(&self, id: &SessionId) -> anyhow::Result<()> {
        let room = self.clerk.room();
        let session = room.sessions.get(id).context("no such session")?;
        let over = session.since.at;
        let (this, of) = (self.clone(), id.clone());
        let settled = tokio::task::spawn_blocking(move || {
            seal::settle(&this.data, &of, over, this.profile.storage.sm3)
        });
        let (heads, gaps) = settled.await?.context("closing the recordings")?;
        for (_, gap) in session.recordings.open_gaps() {
            let (feed, track, to) = (gap.feed.clone(), gap.track, over);
            self.tell(id, Command::ReportGapClosed { feed, track, to })
                .await?;
        }
        for (gap, to) in gaps {
            let (feed, track, from, cause) = (gap.feed, gap.track, gap.from, gap.cause);
            let opened = Command::ReportGapOpened {
                feed: feed.clone(),
                track,
                from,
                cause,
            };
            self.tell(id, opened).await?;
            self.tell(id, Command::ReportGapClosed { feed, track, to })
                .await?;
        }
        if heads.is_empty() {
            return Ok(());
        }
        self.tell(id, Command::ReportHeads { heads }).await
    }

    fn prepare(&self, id: &SessionId) -> anyhow::Result<Vec<u8>> {
        let entries = self.history.session_entries(id)?;
        let last = entries.last().context("no entries")?.seq;
        let lines = self.history.session_lines(id, Seq(0), usize::MAX)?;
        let journal = lines.into_iter().filter(|(seq, _)| *seq <= last);
        let room = self.clerk.room();
        let heads = room.sessions.get(id).map(|s| s.recordings.heads.clone());
        let heads = heads.unwrap_or_default();
        let personal = self.personal(id)?;
        let at = self.clock.now().stamp.at;
        let around = Circumstances {
            heads: &heads,
            room: (&self.profile.room.name, &self.profile.room.city),
            zone: &self.profile.room.time_zone,
            at,
            container: personal.is_some(),
            sm3: self.profile.storage.sm3,
        };
        let profile =
            std::fs::read_to_string(self.profile.file()).context("reading the profile")?;
        let papers = Papers {
            plan: papers::plan(&entries).context("no plan")?.clone(),
            attendance: papers::attendance(&entries)?,
            // the whole error would quote the line, which may hold a password
            profile: papers::without_passwords(&profile)
                .map_err(|e| anyhow::anyhow!("the profile is no TOML any more: {}", e.message()))?,
            report: papers::report(&entries, &around),
            journal: journal.map(|(_, line)| line).collect(),
            personal,
            room: (
                self.profile.room.name.clone(),
                self.profile.room.city.clone(),
            ),
            at,
        };
        self.draw_record(id)?;
        Ok(seal::prepare(&self.data, id, &papers)?)
    }

    /// Lays the nameless record of the session's draw beside its recordings: what is public stays so when the vault is emptied.
    fn draw_record(&self, id: &SessionId) -> anyhow::Result<()> {
        let room = self.clerk.room();
        let session = room.sessions.get(id);
        let Some((session, draw)) = session.and_then(|s| Some((s, s.draw.as_ref()?))) else {
            return Ok(());
        };
        let actor = Actor::Daemon {
            part: Part::Archive,
        };
        let now = self.clock.now().stamp.at;
        let record = public_record(&self.vault, id, session, draw, &actor, now)?;
        let file = DrawRecordFile::of(&self.data, id);
        Ok(file.write(&record)?)
    }

    /// Verifies what was sealed as a stranger would, from the disk, and writes the detection report beside it.
    fn read_back(&self, id: &SessionId, seal: &Seal) -> anyhow::Result<Verdict> {
        detection::forget(&self.data, id)?;
        let order = verify::Order {
            bag: bag_folder(&self.data, id),
            trusted: vec![self.keys.ca_certificate().to_vec()],
            witnesses: Vec::new(),
        };
        let busy = |_| self.clerk.room().occupant().map(|_| BESIDE_A_SESSION);
        let verdict = verify::read_back(&order, &busy).map_err(anyhow::Error::msg)?;
        let found = Detection {
            seal,
            verdict: &verdict,
            playable: detection::playable(&self.data, id)?,
            told: papers::told(&self.history.session_entries(id)?),
            zone: &self.profile.room.time_zone,
            at: self.clock.now().stamp.at,
        };
        detection::write(&self.data, id, &self.keys, &found)?;
        Ok(verdict)
    }

    /// The committee's personal data, encrypted to the audit certificate; none where the profile names no certificate.
    fn personal(&self, id: &SessionId) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(path) = &self.profile.storage.audit_certificate else {
            return Ok(None);
        };
        let recipient = Recipient::read(path)?;
        let actor = Actor::Daemon {
            part: Part::Archive,
        };
        let now = self.clock.now().stamp.at;
        let mut people = BTreeMap::new();
        for reference in self.vault.people(id)? {
            let person = self.vault.read(&reference, Purpose::Archive, &actor, now)?;
            people.insert(reference.to_string(), person);
        }
        let opening = self.opening(id, &actor, now)?;
        let all = Personal {
            people,
            draw: opening,
        };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec_pretty(&all)?);
        Ok(Some(container::encrypt(&recipient, &plain)?))
    }

    /// What the box committed to before the session's draw, where there was one.
    fn opening(&self, id: &SessionId, actor: &Actor, now: Utc) -> anyhow::Result<Option<Opening>> {
        let room = self.clerk.room();
        let draw = room.sessions.get(id).and_then(|s| s.draw.as_ref());
        let Some(draw) = draw else { return Ok(None) };
        let document = Document::Draw(draw.basis.root.clone());
        let text = self.vault.document(id, &document, actor, now)?;
        Ok(text.map(|text| serde_json::from_slice(&text)).transpose()?)
    }

    async fn tell(&self, id: &SessionId, command: Command) -> anyhow::Result<()> {
        let actor = Actor::Daemon {
            part: Part::Archive,
        };
        match self
            .clerk
            .submit(actor, Some(id.clone()), None, command)
            .await
        {
            Ok(_) | Err(SubmitError::Stopped) => Ok(()),
            Err(error) => Err(error).context("journalling"),
        }
    }
}
