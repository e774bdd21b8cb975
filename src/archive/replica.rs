//! Owns copies of sealed bags elsewhere: a folder on a second disk, or S3-compatible storage.
//!
//! What must be there is what the bag's own manifests say, which the journalled seal fixes; what is there is what a
//! listing and a read-back show. Nothing else is remembered, so a copy that was killed anywhere just goes on.

use super::bag_folder;
use super::detection::{DETECTION, DETECTION_SIGNATURE};
use super::scrub::FETCHING;
use super::seal::{BESIDE, CALLS, CALLS_LIST, PERSONAL, PERSONAL_TAG, SIGNED};
use super::segment::hash_file;
use super::tree;
use super::verify::vouchers;
use crate::config::{Bucket, ReplicaPlace};
use crate::room::{Seal, SessionId};
use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What is held in memory of a file that is written: a larger one goes in parts of this size.
const PART: usize = 16 << 20;
/// What is read of a file at a time.
const CHUNK: usize = 1 << 20;
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(120);
/// How long a server may take to answer the call.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a request is tried again before it is a fault that people are told of.
const RETRIES: RetryConfig = RetryConfig {
    backoff: object_store::BackoffConfig {
        init_backoff: Duration::from_millis(200),
        max_backoff: Duration::from_secs(5),
        base: 2.0,
    },
    max_retries: 4,
    retry_timeout: Duration::from_secs(60),
};

/// One file that a copy of a bag must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its path in the bag.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    sha256: String,
}

/// Why a copy could not be made or looked at.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaFault {
    /// The replica's folder is not there: its disk is not mounted.
    #[error("{} is not there: mount the disk, or make the folder on it", .0.display())]
    NoFolder(PathBuf),
    /// The keys cannot be read.
    #[error(
        "{} holds no aws_access_key_id = … and aws_secret_access_key = …: {cause}", path.display()
    )]
    NoKeys {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// A file of the box's own archive is not what the manifest says, so it is not copied.
    #[error("{0} in the box's own archive is not what its manifest says; it was not copied")]
    OwnDamaged(String),
    /// What was written comes back as something else.
    #[error("{0} was written to the replica and comes back as something else")]
    ComesBackOther(String),
    /// The box's disk.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// The replica. Its own words name addresses and lengths of time, so they are for the log.
    #[error("{}", words(.0))]
    Store(#[from] object_store::Error),
}

fn words(error: &object_store::Error) -> &'static str {
    use object_store::Error::{NotFound, PermissionDenied, Unauthenticated};
    // nobody gives a kind to it, but rustls names it so
    let mut causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
    if causes.any(|cause| cause.to_string().starts_with("invalid peer certificate")) {
        return "nobody this machine trusts vouches for the replica's certificate, or it is out of date: \
                add its authority by update-ca-certificates";
    }
    if matches!(error, NotFound { .. }) {
        "the replica has no such bucket or folder: make it"
    } else if matches!(error, PermissionDenied { .. } | Unauthenticated { .. }) {
        "the replica refuses the keys, or they may not list, read and write there"
    } else {
        "the replica does not answer, or fails; the log says how"
    }
}

/// What a sealed bag holds, with hashes that come from the seal down: tag manifest, manifest, files.
///
/// # Errors
/// [`ReplicaFault::OwnDamaged`] where the manifests are not those that were sealed; the disk's.
pub fn pieces(data: &Path, session: &SessionId, seal: &Seal) -> Result<Vec<Piece>, ReplicaFault> {
    let bag = bag_folder(data, session);
    let mut hashes = BTreeMap::from([(SIGNED.to_owned(), seal.sha256.clone())]);
    for manifest in [SIGNED, "manifest-sha256.txt"] {
        let bytes = fs::read(bag.join(manifest))?;
        if hashes.get(manifest) != Some(&hex::encode(Sha256::digest(&bytes))) {
            return Err(ReplicaFault::OwnDamaged(manifest.to_owned()));
        }
        let text = String::from_utf8_lossy(&bytes);
        let named = text.lines().filter_map(|line| line.split_once("  "));
        hashes.extend(named.map(|(sha256, path)| (path.to_owned(), sha256.to_owned())));
    }
    // what signs the manifests, and what was found when they were read back: none of them names it, each proves itself
    if let Some(file) = vouchers(&bag).into_iter().next() {
        return Err(ReplicaFault::OwnDamaged(file));
    }
    let found = [DETECTION, DETECTION_SIGNATURE];
    for beside in BESIDE.into_iter().chain(found) {
        let path = bag.join(beside);
        if path.exists() {
            hashes.insert(beside.to_owned(), hash_file(&path, false)?.sha256);
        }
    }
    // personal data may have been erased
    if bag.join(PERSONAL).exists() {
        let info = fs::read_to_string(bag.join("bag-info.txt"))?;
        let mut tags = info.lines().filter_map(|line| line.split_once(": "));
        let tag = tags.find(|(label, _)| *label == PERSONAL_TAG);
        hashes.extend(tag.map(|(_, sha256)| (PERSONAL.to_owned(), sha256.to_owned())));
    }
    if hashes.contains_key(CALLS_LIST) {
        let list = fs::read_to_string(bag.join(CALLS_LIST))?;
        let named = list.lines().filter_map(|line| line.split_once("  "));
        let kept = named.filter(|(_, path)| bag.join(path).exists());
        hashes.extend(kept.map(|(sha256, path)| (path.to_owned(), sha256.to_owned())));
    }
    let piece = |(path, sha256): (String, String)| {
        let bytes = fs::metadata(bag.join(&path))
            .map_err(|_| ReplicaFault::OwnDamaged(path.clone()))?
            .len();
        Ok(Piece {
            path,
            bytes,
            sha256,
        })
    };
    hashes.into_iter().map(piece).collect()
}

/// A place that bags are copied to, open.
#[derive(Debug, Clone)]
pub struct Replica {
    store: Arc<dyn ObjectStore>,
    /// What all names begin with.
    prefix: String,
    /// Where the files lie, if they lie in a folder.
    folder: Option<PathBuf>,
    reads_back: bool,
}

impl Replica {
    /// Opens it; asks no server yet. Unless it `reads_back`, its listing is believed.
    ///
    /// # Errors
    /// The folder is not there, or the keys cannot be read.
    pub fn open(place: &ReplicaPlace, reads_back: bool) -> Result<Self, ReplicaFault> {
        match place {
            ReplicaPlace::Folder(folder) => {
                if !folder.is_dir() {
                    return Err(ReplicaFault::NoFolder(folder.clone()));
                }
                let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
                Ok(Self {
                    store: Arc::new(store),
                    prefix: String::new(),
                    folder: Some(folder.clone()),
                    reads_back,
                })
            }
            ReplicaPlace::S3(bucket) => Ok(Self {
                store: Arc::new(s3(bucket)?),
                prefix: bucket.prefix.clone(),
                folder: None,
                reads_back,
            }),
        }
    }

    /// Those of the pieces that are missing there or are not what they should be: by a listing, then by reading all
    /// that is listed. At most `rate` bytes a second where that says so.
    ///
    /// # Errors
    /// The replica's.
    pub async fn lacking<'a>(
        &self,
        session: &SessionId,
        pieces: &'a [Piece],
        rate: impl Fn() -> Option<u64>,
    ) -> Result<Vec<&'a Piece>, ReplicaFault> {
        let there = self.listed(session).await?;
        let mut lacking = Vec::new();
        for piece in pieces {
            let key = self.key(session, &piece.path);
            let right = there.get(&key) == Some(&piece.bytes)
                && (!self.reads_back
                    || self.hash(&key, &rate).await?.as_deref() == Some(&piece.sha256));
            if !right {
                lacking.push(piece);
            }
        }
        Ok(lacking)
    }

    /// Writes a piece from the box's own bag, and reads it back.
    ///
    /// # Errors
    /// The box's file is not what the manifest says, or what comes back is not; the disk's and the replica's.
    pub async fn write(
        &self,
        data: &Path,
        session: &SessionId,
        piece: &Piece,
        rate: impl Fn() -> Option<u64>,
    ) -> Result<(), ReplicaFault> {
        let own = bag_folder(data, session).join(&piece.path);
        let key = self.key(session, &piece.path);
        let mut file = tokio::fs::File::open(&own).await?;
        let mut writer = BufWriter::with_capacity(Arc::clone(&self.store), key.clone(), PART)
            .with_max_concurrency(1);
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            let n = file.read(&mut chunk).await?;
            if n == 0 {
                break;
            }
            hash.update(&chunk[..n]);
            writer.write_all(&chunk[..n]).await?;
            take_time(n, rate()).await;
        }
        if hex::encode(hash.finalize()) != piece.sha256 {
            writer.abort().await?;
            return Err(ReplicaFault::OwnDamaged(piece.path.clone()));
        }
        writer.shutdown().await?;
        match self.hash(&key, &rate).await? {
            Some(sha256) if sha256 == piece.sha256 => Ok(()),
            Some(_) | None => Err(ReplicaFault::ComesBackOther(piece.path.clone())),
        }
    }

    /// Erases the containers of personal data and call recordings there. (Where a bucket keeps old versions, its lifecycle
    /// rule ends them.)
    ///
    /// # Errors
    /// The replica's.
    pub async fn erase_personal(&self, session: &SessionId) -> Result<(), ReplicaFault> {
        let containers = [PERSONAL, CALLS].map(|path| self.key(session, path));
        for key in self.listed(session).await?.into_keys() {
            if containers.iter().any(|of| key.prefix_matches(of)) {
                self.store.delete(&key).await?;
            }
        }
        Ok(())
    }

    /// Fetches a file that the box's own bag has lost, if the replica has it as it must be; `sha256` is none where nothing but the
    /// file itself says what it must be. Gives whether it did.
    ///
    /// # Errors
    /// The replica's and the disk's.
    pub async fn fetch(
        &self,
        data: &Path,
        session: &SessionId,
        (file, sha256): (&str, Option<&str>),
        rate: impl Fn() -> Option<u64>,
    ) -> Result<bool, ReplicaFault> {
        let found = match self.store.get(&self.key(session, file)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            found => found?,
        };
        let own = bag_folder(data, session).join(file);
        let folder = own.parent().unwrap_or(data).to_owned();
        tokio::fs::create_dir_all(&folder).await?;
        let part = own.with_added_extension(FETCHING);
        let mut fetched = tokio::fs::File::create(&part).await?;
        let mut hash = Sha256::new();
        let mut chunks = found.into_stream();
        while let Some(chunk) = chunks.try_next().await? {
            hash.update(&chunk);
            fetched.write_all(&chunk).await?;
            take_time(chunk.len(), rate()).await;
        }
        fetched.sync_all().await?;
        if sha256.is_some_and(|sha256| sha256 != hex::encode(hash.finalize())) {
            tokio::fs::remove_file(&part).await?;
            return Ok(false);
        }
        tokio::fs::rename(&part, &own).await?;
        tokio::fs::File::open(&folder).await?.sync_all().await?;
        Ok(true)
    }

    /// Removes what a killed copy left half written in a folder, so that the copy there is a bag like any other.
    /// (Object stores keep the parts of a broken upload out of sight; a lifecycle rule of the bucket removes them.)
    ///
    /// # Errors
    /// The disk's.
    pub fn tidy(&self, session: &SessionId) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        // `LocalFileSystem` writes to `<name>#<number>` first
        tree::remove(&folder.join(session.as_str()), |name| {
            let staged = name.rsplit_once('#');
            staged.is_some_and(|(_, n)| n.bytes().all(|b| b.is_ascii_digit()))
        })
    }

    fn key(&self, session: &SessionId, path: &str) -> Key {
        Key::from(format!("{}/{session}/{path}", self.prefix))
    }

    async fn listed(&self, session: &SessionId) -> Result<BTreeMap<Key, u64>, ReplicaFault> {
        let folder = self.key(session, "");
        let all = self.store.list(Some(&folder));
        let all = all.map_ok(|object| (object.location, object.size));
        match all.try_collect().await {
            Ok(all) => Ok(all),
            Err(error) => {
                // a failed listing does not say that the keys are refused, a question for one object does
                use object_store::Error::{PermissionDenied, Unauthenticated};
                let asked = self.store.head(&self.key(session, SIGNED)).await;
                let refused = asked.err().filter(|error| {
                    matches!(error, PermissionDenied { .. } | Unauthenticated { .. })
                });
                Err(refused.unwrap_or(error).into())
            }
        }
    }

    /// SHA-256 of what lies there; none where nothing does.
    async fn hash(
        &self,
        key: &Key,
        rate: impl Fn() -> Option<u64>,
    ) -> Result<Option<String>, ReplicaFault> {
        if let Some(folder) = &self.folder {
            // from the disk, not from memory
            if let Ok(file) = tokio::fs::File::open(folder.join(key.as_ref())).await {
                rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)
                    .map_err(io::Error::from)?;
            }
        }
        let found = match self.store.get(key).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            found => found?,
        };
        let mut hash = Sha256::new();
        let mut chunks = found.into_stream();
        while let Some(chunk) = chunks.try_next().await? {
            hash.update(&chunk);
            take_time(chunk.len(), rate()).await;
        }
        Ok(Some(hex::encode(hash.finalize())))
    }
}

/// Takes the time that so many bytes may take.
async fn take_time(bytes: usize, rate: Option<u64>) {
    if let Some(rate) = rate {
        tokio::time::sleep(Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64)).await;
    }
}

fn s3(bucket: &Bucket) -> Result<AmazonS3, ReplicaFault> {
    // reqwest takes the process's provider; an error says that there is one already
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (key_id, secret) = keys(&bucket.credentials_file)?;
    // a slow line may take its time, a dead one not
    let options = ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(CONNECT)
        .with_read_timeout(SILENCE)
        .with_allow_http(bucket.endpoint.starts_with("http://"));
    let built = AmazonS3Builder::new()
        .with_endpoint(&bucket.endpoint)
        .with_region(&bucket.region)
        .with_bucket_name(&bucket.bucket)
        .with_access_key_id(key_id)
        .with_secret_access_key(secret.as_str())
        .with_client_options(options)
        .with_retry(RETRIES)
        .build();
    Ok(built?)
}

/// The first key and its secret in a file as the AWS tools write it; sections are passed over.
fn keys(path: &Path) -> Result<(String, zeroize::Zeroizing<String>), ReplicaFault> {
    let fault = |cause: String| ReplicaFault::NoKeys {
        path: path.to_owned(),
        cause,
    };
    let text = fs::read_to_string(path).map_err(|e| fault(e.to_string()))?;
    let text = zeroize::Zeroizing::new(text);
    let value = |key: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        let found = lines.find(|(name, _)| name.trim() == key);
        found
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| fault(format!("{key} is missing")))
    };
    let secret = zeroize::Zeroizing::new(value("aws_secret_access_key")?);
    Ok((value("aws_access_key_id")?, secret))
}
