//! Owns checkpoints: signed statements of where a session's journal and indexes stood, so that whoever keeps one is a witness.
//!
//! A line of `checkpoints.jsonl` is `{"checkpoint":{…},"key":…,"signature":…}`; the Ed25519 signature is over the very bytes
//! of the checkpoint's JSON (`jq -cj .checkpoint`). `prev` is the SHA-256 of the line before, as in the indexes.

use super::bag_folder;
use crate::keys::Keys;
use crate::room::{FeedId, IndexHead, Seq, SessionId, Utc};
use ring::signature::{ED25519, UnparsedPublicKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::broadcast;

/// The file's name in the bag.
pub const CHECKPOINTS: &str = "checkpoints.jsonl";
/// How many a slow subscriber may be behind; it loses the oldest, and every later one covers what they said.
const BEHIND: usize = 64;

/// Where everything stood at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Which room.
    pub room: String,
    /// Which session.
    pub session: SessionId,
    /// When.
    pub at: Utc,
    /// The box's last journal entry.
    pub seq: Seq,
    /// SHA-256 of its line, hex.
    pub head: String,
    /// The session's last journal entry.
    pub session_seq: Seq,
    /// SHA-256 of its line, hex.
    pub session_head: String,
    /// Where the segment indexes stood.
    pub indexes: BTreeMap<FeedId, IndexHead>,
    /// SHA-256 of the line before, hex; 64 zeros in the first.
    pub prev: String,
}

/// A checkpoint with the box's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedCheckpoint {
    /// What is stated.
    pub checkpoint: Checkpoint,
    /// The box's Ed25519 key, hex.
    pub key: String,
    /// Its signature, hex.
    pub signature: String,
}

impl SignedCheckpoint {
    fn new(checkpoint: Checkpoint, keys: &Keys) -> serde_json::Result<Self> {
        let signature = hex::encode(keys.sign(&serde_json::to_vec(&checkpoint)?));
        Ok(Self {
            checkpoint,
            key: hex::encode(keys.public_key()),
            signature,
        })
    }

    /// Whether the signature is that key's over these very words.
    pub fn is_genuine(&self) -> bool {
        let (Ok(key), Ok(signature)) = (hex::decode(&self.key), hex::decode(&self.signature))
        else {
            return false;
        };
        serde_json::to_vec(&self.checkpoint).is_ok_and(|stated| {
            UnparsedPublicKey::new(&ED25519, key)
                .verify(&stated, &signature)
                .is_ok()
        })
    }
}

/// A session's checkpoints, as the lines of its file; empty where there are none. A line torn by a crash is left out.
///
/// # Errors
/// The disk's.
pub fn kept(data: &Path, session: &SessionId) -> io::Result<Vec<u8>> {
    let mut known = match fs::read(bag_folder(data, session).join(CHECKPOINTS)) {
        Ok(known) => known,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(fault) => return Err(fault),
    };
    let whole = known
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |at| at + 1);
    known.truncate(whole);
    Ok(known)
}

fn last(kept: &[u8]) -> Option<&[u8]> {
    kept.split(|&b| b == b'\n').rfind(|line| !line.is_empty())
}

/// The newest of the kept checkpoints in so few words that a QR code holds them: without the indexes. Its `prev` is the hash
/// of the one that it shortens, so that whoever keeps it has fixed the indexes too.
///
/// # Errors
/// There is none, or it is damaged.
pub fn brief(keys: &Keys, kept: &[u8]) -> io::Result<SignedCheckpoint> {
    let line = last(kept).ok_or(io::ErrorKind::NotFound)?;
    let mut newest: SignedCheckpoint = serde_json::from_slice(line)?;
    newest.checkpoint.indexes.clear();
    newest.checkpoint.prev = hex::encode(Sha256::digest(line));
    Ok(SignedCheckpoint::new(newest.checkpoint, keys)?)
}

/// Hands checkpoints to whoever subscribes: the hub, other venues.
#[derive(Debug, Clone)]
pub struct Witnesses(broadcast::Sender<Arc<SignedCheckpoint>>);

impl Default for Witnesses {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }
}

impl Witnesses {
    /// The checkpoints from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<SignedCheckpoint>> {
        self.0.subscribe()
    }

    /// Signs a checkpoint, keeps it on the disk, and hands it on. `prev` is filled in here.
    ///
    /// # Errors
    /// The disk's; it is handed to nobody then.
    pub fn state(&self, data: &Path, keys: &Keys, mut checkpoint: Checkpoint) -> io::Result<()> {
        let folder = bag_folder(data, &checkpoint.session);
        fs::create_dir_all(&folder)?;
        let path = folder.join(CHECKPOINTS);
        // a last line torn by a crash was handed to nobody
        let known = kept(data, &checkpoint.session)?;
        checkpoint.prev = match last(&known) {
            None => "0".repeat(64),
            Some(line) => hex::encode(Sha256::digest(line)),
        };
        let signed = SignedCheckpoint::new(checkpoint, keys)?;
        let mut line = serde_json::to_vec(&signed)?;
        line.push(b'\n');
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        file.set_len(known.len() as u64)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        file.write_all(&line)?;
        file.sync_all()?;
        fs::File::open(&folder)?.sync_all()?;
        // nobody may listen
        drop(self.0.send(Arc::new(signed)));
        Ok(())
    }
}
