//! Owns clips: a part of a sealed bag that proves by itself that it belongs to it.
//!
//! A clip is the sealed bag with most of its payload left out. All tag files are there, so the signature, the manifests
//! and `sha256sum --check --ignore-missing` say of what is in the clip what they say of the whole. What is left out
//! stands in `fetch.txt`, as RFC 8493 (2.2.3) has it of a bag that is not complete.

use super::index::{INDEX_FILE, Record, records};
use super::seal::{PERSONAL, SIGNATURE, SIGNED, TOKEN, sealed};
use super::{bag_folder, feed_folder};
use crate::room::{FeedId, SessionId, Utc};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Names what is left out; nobody answers there (RFC 2606).
pub(super) const LEFT_OUT: &str = "https://left-out.invalid/";
/// The list of what is left out.
pub(super) const FETCH: &str = "fetch.txt";
const MANIFEST: &str = "manifest-sha256.txt";

/// What a clip is to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of which session.
    pub session: SessionId,
    /// These feeds.
    pub feeds: BTreeSet<FeedId>,
    /// From this moment on.
    pub from: Utc,
    /// To this one.
    pub to: Utc,
}

/// Why there is no clip.
#[derive(Debug, thiserror::Error)]
pub enum ClipFault {
    /// The session is not sealed: nothing could prove that the clip belongs to it.
    #[error("session {0} is not sealed yet")]
    NotSealed(SessionId),
    /// None of the feeds has a recording of that time.
    #[error("none of these feeds has a recording of that time")]
    Nothing,
    /// The disk's.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// A clip that is ready to be written.
#[derive(Debug)]
pub struct Clip {
    bag: PathBuf,
    session: SessionId,
    /// Paths in the bag.
    files: Vec<String>,
    fetch: String,
}

/// Chooses the whole files that hold what is wanted: a file cannot be cut without losing its hash.
///
/// # Errors
/// [`ClipFault`].
pub fn choose(data: &Path, wanted: &Wanted) -> Result<Clip, ClipFault> {
    if sealed(data, &wanted.session)?.is_none() {
        return Err(ClipFault::NotSealed(wanted.session.clone()));
    }
    let bag = bag_folder(data, &wanted.session);
    let mut chosen = BTreeSet::new();
    for feed in &wanted.feeds {
        let found = match records(&feed_folder(data, &wanted.session, feed)) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
            found => found?,
        };
        let before = chosen.len();
        chosen.extend(found.into_iter().filter_map(|record| match record {
            Record::Segment(segment) if segment.from < wanted.to && segment.to > wanted.from => {
                Some(format!("data/feeds/{feed}/{}", segment.file))
            }
            Record::Segment(_) | Record::Gap(_) | Record::Start(_) | Record::Stop(_) => None,
        }));
        if chosen.len() > before {
            chosen.insert(format!("data/feeds/{feed}/{INDEX_FILE}"));
        }
    }
    if chosen.is_empty() {
        return Err(ClipFault::Nothing);
    }
    let manifest = fs::read_to_string(bag.join(MANIFEST))?;
    let payload = manifest.lines().filter_map(|line| line.split_once("  "));
    let mut fetch = String::new();
    for (_, path) in payload.filter(|(_, path)| !chosen.contains(*path)) {
        let bytes =
            fs::metadata(bag.join(path)).map_or_else(|_| "-".into(), |m| m.len().to_string());
        fetch += &format!("{LEFT_OUT}{path} {bytes} {path}\n");
    }
    let signed = fs::read_to_string(bag.join(SIGNED))?;
    let tags = signed.lines().filter_map(|line| line.split_once("  "));
    let mut files: Vec<String> = tags.map(|(_, path)| path.to_owned()).collect();
    files.extend([SIGNED, SIGNATURE, TOKEN].map(str::to_owned));
    files.extend(chosen);
    // what the box has lost is in the manifest and not in `fetch.txt`: whoever verifies the clip is told
    files.retain(|path| path != PERSONAL && bag.join(path).exists());
    Ok(Clip {
        bag,
        session: wanted.session.clone(),
        files,
        fetch,
    })
}

impl Clip {
    /// Writes it as a ZIP file of stored files.
    ///
    /// # Errors
    /// The disk's, or those of `out`.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        let mut zip = ZipWriter::new_stream(out);
        let stored = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .unix_permissions(0o644);
        for path in &self.files {
            zip.start_file(format!("{}/{path}", self.session), stored)?;
            io::copy(&mut File::open(self.bag.join(path))?, &mut zip)?;
        }
        zip.start_file(format!("{}/{FETCH}", self.session), stored)?;
        zip.write_all(self.fetch.as_bytes())?;
        zip.finish()?.into_inner().flush()
    }
}
