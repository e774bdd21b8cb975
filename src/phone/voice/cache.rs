//! Owns what was spoken: each piece is spoken once, and kept under a name that says nothing (a keyed hash of its text and voice).

use super::engine::{Engine, SpeechFault};
use super::text::{Phrase, no_calls, phrases};
use crate::keys::{Keys, MacPurpose};
use crate::phone::dialogue::Piece;
use crate::phone::frame::{Frame, RATE};
use crate::phone::wav;
use crate::room::Notice;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A session's pieces, ready to be said.
#[derive(Debug, Clone)]
pub struct Spoken {
    pieces: BTreeMap<Piece, Arc<[Frame]>>,
    digest: String,
}

impl Spoken {
    /// One piece's sound.
    pub fn piece(&self, piece: Piece) -> Option<Arc<[Frame]>> {
        self.pieces.get(&piece).cloned()
    }

    /// SHA-256 over all sound, hex: what was said in the calls.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// A piece as a WAV file, to listen to.
    pub fn wav(&self, piece: Piece) -> Option<Vec<u8>> {
        let frames = self.pieces.get(&piece)?;
        let samples: Vec<i16> = frames.iter().flat_map(|frame| frame.0).collect();
        Some(wav::write(&samples, 1))
    }

    /// Of sound that is there already.
    pub fn of(pieces: BTreeMap<Piece, Arc<[Frame]>>) -> Self {
        let mut hash = Sha256::new();
        for frames in pieces.values() {
            hash.update(
                u64::try_from(frames.len())
                    .unwrap_or(u64::MAX)
                    .to_le_bytes(),
            );
            for sample in frames.iter().flat_map(|frame| frame.0) {
                hash.update(sample.to_le_bytes());
            }
        }
        Self {
            digest: hex::encode(hash.finalize()),
            pieces,
        }
    }
}

/// What speaks, and where it is kept.
#[derive(Debug, Clone)]
pub struct Voice {
    engine: Engine,
    folder: PathBuf,
    keys: Keys,
}

impl Voice {
    /// `folder` holds what was spoken before.
    pub fn new(engine: Engine, folder: PathBuf, keys: Keys) -> Self {
        Self {
            engine,
            folder,
            keys,
        }
    }

    /// All pieces of a notice: from the cache, or spoken now.
    ///
    /// # Errors
    /// [`SpeechFault`].
    pub async fn speak(&self, notice: &Notice) -> Result<Spoken, SpeechFault> {
        self.speak_of(&Piece::ALL, notice).await
    }

    /// Some of its pieces.
    ///
    /// # Errors
    /// [`SpeechFault`].
    pub async fn speak_of(&self, some: &[Piece], notice: &Notice) -> Result<Spoken, SpeechFault> {
        let mut pieces = BTreeMap::new();
        for piece in some.iter().copied() {
            pieces.insert(piece, self.frames(&phrases(piece, notice)).await?);
        }
        Ok(Spoken::of(pieces))
    }

    /// What strangers hear; no session is needed for it.
    ///
    /// # Errors
    /// [`SpeechFault`].
    pub async fn speak_to_strangers(&self) -> Result<Spoken, SpeechFault> {
        let frames = self.frames(&no_calls()).await?;
        Ok(Spoken::of(BTreeMap::from([(Piece::NoCalls, frames)])))
    }

    async fn frames(&self, phrases: &[Phrase]) -> Result<Arc<[Frame]>, SpeechFault> {
        let samples = self.samples(phrases).await?;
        // phones and gateways swallow the beginning
        let sound = [vec![0; usize::try_from(RATE / 5).unwrap_or(0)], samples].concat();
        Ok(Frame::cut(&sound).into())
    }

    async fn samples(&self, phrases: &[Phrase]) -> Result<Vec<i16>, SpeechFault> {
        let text: String = phrases
            .iter()
            .flat_map(|p| [p.characters.as_str(), "/", p.pinyin.as_str(), "\n"])
            .collect();
        let mut named = self.engine.tag().into_bytes();
        named.extend(
            self.recorded(&phrases.iter().map(|p| p.file.as_str()).collect::<Vec<_>>())
                .await,
        );
        named.push(0);
        named.extend(text.as_bytes());
        let name = hex::encode(&self.keys.hmac(MacPurpose::Speech, &named)[..16]);
        let path = self.folder.join(format!("{name}.wav"));
        if let Some(samples) = kept(&path).await {
            return Ok(samples);
        }
        let samples = self.engine.speak(phrases).await?;
        keep(&path, &wav::write(&samples, 1))
            .await
            .map_err(|cause| SpeechFault::Cache {
                cause: cause.to_string(),
            })?;
        Ok(samples)
    }

    /// What tells a site's recordings of today from those of yesterday.
    async fn recorded(&self, files: &[&str]) -> Vec<u8> {
        let Engine::Recordings { folder } = &self.engine else {
            return Vec::new();
        };
        let mut hash = Sha256::new();
        for file in files {
            // one that is missing is found by the engine
            hash.update(
                tokio::fs::read(folder.join(format!("{file}.wav")))
                    .await
                    .unwrap_or_default(),
            );
        }
        hash.finalize().to_vec()
    }
}

async fn kept(path: &Path) -> Option<Vec<i16>> {
    let file = tokio::fs::read(path).await.ok()?;
    let (rate, samples) = wav::read(&file).ok()?;
    (rate == RATE && !samples.is_empty()).then_some(samples)
}

async fn keep(path: &Path, file: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    let new = path.with_extension("new");
    tokio::fs::write(&new, file).await?;
    tokio::fs::rename(&new, path).await
}
