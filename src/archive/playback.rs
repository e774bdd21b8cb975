//! Owns reading recordings back while they grow: what a session has of each feed, and its files for playing.

use super::index::{CloseCause, GapRecord, Record, TrackRecord, records};
use super::segment::segment_start;
use super::{feed_folder, feeds_folder};
use crate::room::{FeedId, SessionId, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What there is of one feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FeedRecording {
    /// Which feed.
    pub feed: FeedId,
    /// Its files, by start.
    pub segments: Vec<PlayableSegment>,
    /// What is known to be missing, by start. Gaps that are still open are the room's to tell.
    pub gaps: Vec<GapRecord>,
}

/// One file that can be played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlayableSegment {
    /// Its name.
    pub file: String,
    /// When its first sample arrived: the file's time 0.
    pub from: Utc,
    /// When its last sample ends; none while it grows.
    pub to: Option<Utc>,
    /// What is in it; empty while it grows.
    pub tracks: Vec<TrackRecord>,
    /// Its length.
    pub bytes: u64,
    /// Why it was closed; none while it grows.
    pub cause: Option<CloseCause>,
}

/// What there is of a session, feed by feed. A session without recordings is an empty list.
///
/// # Errors
/// The disk's.
pub fn list(data: &Path, session: &SessionId) -> io::Result<Vec<FeedRecording>> {
    let folders = match fs::read_dir(feeds_folder(data, session)) {
        Ok(folders) => folders,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(fault) => return Err(fault),
    };
    let mut feeds = Vec::new();
    for folder in folders {
        let folder = folder?;
        if let Ok(feed) = folder.file_name().to_string_lossy().parse::<FeedId>()
            && folder.file_type()?.is_dir()
        {
            feeds.push(list_feed(&folder.path(), feed)?);
        }
    }
    feeds.sort_by(|a, b| a.feed.cmp(&b.feed));
    Ok(feeds)
}

fn list_feed(folder: &Path, feed: FeedId) -> io::Result<FeedRecording> {
    // names before lines: a file that is closed in between is then in both, and in none twice
    let mut growing = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(from) = segment_start(&name) {
            let bytes = entry.metadata()?.len();
            growing.push(PlayableSegment {
                file: name,
                from,
                to: None,
                tracks: Vec::new(),
                bytes,
                cause: None,
            });
        }
    }
    let (mut segments, mut gaps) = (Vec::new(), Vec::new());
    for record in records(folder)? {
        match record {
            Record::Segment(s) => segments.push(PlayableSegment {
                file: s.file,
                from: s.from,
                to: Some(s.to),
                tracks: s.tracks,
                bytes: s.bytes,
                cause: Some(s.cause),
            }),
            Record::Gap(gap) => gaps.push(gap),
            Record::Start(_) | Record::Stop(_) => {}
        }
    }
    growing.retain(|file| !segments.iter().any(|known| known.file == file.file));
    segments.append(&mut growing);
    segments.sort_by_key(|segment| segment.from);
    gaps.sort_by_key(|gap| (gap.from, gap.track));
    Ok(FeedRecording {
        feed,
        segments,
        gaps,
    })
}

/// The sessions that have a folder.
///
/// # Errors
/// The disk's.
pub fn sessions(data: &Path) -> io::Result<Vec<SessionId>> {
    let folders = match fs::read_dir(data.join("sessions")) {
        Ok(folders) => folders,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(fault) => return Err(fault),
    };
    let names = folders.map(|folder| Ok(folder?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<io::Result<_>>()?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// The detection report of a session's archive; none before it was read back.
///
/// # Errors
/// The disk's.
pub fn detection(data: &Path, session: &SessionId) -> io::Result<Option<Vec<u8>>> {
    match fs::read(super::bag_folder(data, session).join(super::detection::DETECTION)) {
        Ok(report) => Ok(Some(report)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Where a segment lies, and when it begins; none where that is no segment of this feed.
pub fn locate(
    data: &Path,
    session: &SessionId,
    feed: &FeedId,
    name: &str,
) -> Option<(PathBuf, Utc)> {
    let from = segment_start(name)?;
    let path = feed_folder(data, session, feed).join(name);
    // a link that somebody put there is not ours to follow
    fs::symlink_metadata(&path)
        .is_ok_and(|found| found.is_file())
        .then_some((path, from))
}
