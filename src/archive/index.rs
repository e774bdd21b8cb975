//! Owns a feed's index: `index.jsonl`, one JSON object a line, each bound to the line before it.
//!
//! # Format
//!
//! A line ends with one `\n` and is only ever appended. Its fields:
//!
//! | field | meaning |
//! |---|---|
//! | `n` | the line's number, from 1 |
//! | `prev` | SHA-256 (hex) of the previous line's bytes without its `\n`; 64 zeros in line 1 |
//! | `record` | `start`, `segment`, `gap` or `stop` |
//!
//! A **segment** is one closed file: `file` (its name: about when it began, in UTC), `from` and `to` (wall time, ms since
//! 1970 UTC; `from` is the moment of its time 0), `from_mono` and `to_mono` (ns of the box's monotonic clock) with `boot` (the
//! kernel's boot id they belong to; all three null where a crash lost them), `tracks`, `bytes`, `sha256`, `sm3`
//! (hex, of the whole file; `sm3` only where the room asks for it) and `cause` (why it was closed).
//! A track has `track`, `codec`, `samples`, and `first` and `last`: the sample's `at` (ms from the file's start),
//! `rtp` (the source's RTP timestamp, unaltered) and `ntp` (the source's NTP time in ns since 1900, where it told it).
//!
//! **One clock for all feeds**: a sample's moment is its segment's `from` and its time in the file. `from` is where the
//! box's clock stood when the segment's time 0 arrived, judged by the least delayed of its samples and of those of the
//! segment before. What feeds show at one moment was before their lenses at most as far apart as their sources' delays
//! differ: encoder, network, the assembly of the unit. That is under 0.1 s between cameras that encode without delay, and as much
//! as a source takes from lens to first packet otherwise. Where a source tells its own time (`ntp`), `ntp` less the moment
//! is exactly that delay, as good as the source's clock. Sound and picture of one feed are in step to 40 ms.
//!
//! A **gap** is a stretch that is known to be missing: `track`, `from`, `to` (ms since 1970 UTC), `cause`.
//!
//! A **start** (`at`) says since when the feed was to be recorded, a **stop** (`at`, `cause`) until when. Between them every moment of
//! an expected track is in a segment or in a gap; an index that ends without a stop is growing, or was cut by a crash.
//!
//! Lines stand in the order in which files were closed, which is not always the order of `from`.
//! To check by hand: `sha256sum` each file, and `head -n N index.jsonl | tail -n 1 | tr -d '\n' | sha256sum` for `prev`.

use crate::room::{GapCause, IndexHead, Track, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The index's file name.
pub const INDEX_FILE: &str = "index.jsonl";

/// One line of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Its number, from 1.
    pub n: u64,
    /// What it says.
    #[serde(flatten)]
    pub record: Record,
    /// SHA-256 of the previous line's bytes, hex.
    pub prev: String,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "record")]
pub enum Record {
    /// A closed file.
    Segment(SegmentRecord),
    /// A known absence.
    Gap(GapRecord),
    /// Recording was asked for.
    Start(StartRecord),
    /// Recording was no longer asked for, or the daemon went down in order.
    Stop(StopRecord),
}

/// Recording was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StartRecord {
    /// When.
    pub at: Utc,
}

/// Recording ended in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StopRecord {
    /// When.
    pub at: Utc,
    /// By whom: `stop` or `shutdown`.
    pub cause: CloseCause,
}

/// A closed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SegmentRecord {
    /// Its name, in the index's folder.
    pub file: String,
    /// The moment of its time 0.
    pub from: Utc,
    /// When its last sample ends.
    pub to: Utc,
    /// `from` on the box's monotonic clock, ns.
    pub from_mono: Option<u64>,
    /// `to` on the box's monotonic clock, ns.
    pub to_mono: Option<u64>,
    /// Which boot the monotonic times belong to.
    pub boot: Option<String>,
    /// What is in it.
    pub tracks: Vec<TrackRecord>,
    /// Its length.
    pub bytes: u64,
    /// Of the whole file, hex.
    pub sha256: String,
    /// Of the whole file, hex, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm3: Option<String>,
    /// Why it was closed.
    pub cause: CloseCause,
}

/// One track of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrackRecord {
    /// Picture or sound.
    pub track: Track,
    /// `h264`, `h265`, `opus`, `aac`, `pcma` or `pcmu`.
    pub codec: String,
    /// How many samples (pictures or sound packets).
    pub samples: u64,
    /// The first of them; none if there are none.
    pub first: Option<SampleTime>,
    /// The last of them.
    pub last: Option<SampleTime>,
}

/// A sample on the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SampleTime {
    /// Presentation, ms from the file's start.
    pub at: u64,
    /// RTP timestamp as sent; none in a file recovered after a crash.
    pub rtp: Option<u32>,
    /// The source's NTP time in ns since 1900, where it told it.
    pub ntp: Option<u64>,
}

/// Why a segment was closed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CloseCause {
    /// It was long enough.
    Age,
    /// The source's format changed, or a track came or went.
    FormatChange,
    /// The source sends no more.
    SourceLost,
    /// The session asks for no more.
    Stop,
    /// The daemon went down in order.
    Shutdown,
    /// The disk failed while it was written; what was on it was read back.
    DiskFault,
    /// A crash or power cut; what was on the disk was read back.
    Recovered,
}

/// A known absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GapRecord {
    /// Which track.
    pub track: Track,
    /// The last moment that was recorded.
    pub from: Utc,
    /// The first moment that was recorded again, or the end of the recording.
    pub to: Utc,
    /// Why.
    pub cause: GapCause,
}

/// Takes a line into the head.
fn advance(head: &mut IndexHead, line: &[u8], record: &Record) {
    count(head, Some(record));
    head.sha256 = hash(line);
}

/// Counts a line. `record` is none where it could not be read.
fn count(head: &mut IndexHead, record: Option<&Record>) {
    head.lines += 1;
    if let Some(Record::Segment(segment)) = record {
        head.segments += 1;
        // a line that was tampered with may say anything
        head.bytes = head.bytes.saturating_add(segment.bytes);
    }
}

fn hash(line: &[u8]) -> String {
    hex::encode(Sha256::digest(line))
}

/// What is wrong with an index or a file it names.
#[derive(Debug, thiserror::Error)]
pub enum IndexFault {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not what the writer wrote.
    #[error("line {line}: {fault}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong.
        fault: String,
    },
    /// A file is not what its line says.
    #[error("line {line}: {file}: {fault}")]
    File {
        /// The line that names it.
        line: u64,
        /// Its name.
        file: String,
        /// What is wrong.
        fault: String,
    },
}

/// How much [`verify`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The chain only.
    Chain,
    /// The chain, and each file's length and hashes.
    Files,
}

/// All lines of the index in `folder`, chain checked. No index is an empty one.
///
/// # Errors
/// The first line that is not as written, or why the file cannot be read.
pub fn read(folder: &Path) -> Result<(Vec<Line>, IndexHead), IndexFault> {
    let path = folder.join(INDEX_FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(IndexFault::Io { path, source }),
    };
    let mut head = IndexHead::default();
    let mut lines = Vec::new();
    for text in bytes.split_inclusive(|&b| b == b'\n') {
        let number = head.lines + 1;
        let wrong = |fault: String| IndexFault::Line {
            line: number,
            fault,
        };
        let text = text
            .strip_suffix(b"\n")
            .ok_or_else(|| wrong("does not end: torn while it was written".into()))?;
        let line: Line =
            serde_json::from_slice(text).map_err(|e| wrong(format!("cannot be read: {e}")))?;
        if line.n != number {
            return Err(wrong(format!("says it is line {}", line.n)));
        }
        if line.prev != head.sha256 {
            return Err(wrong(format!(
                "`prev` is not the hash of the line before it, which is {}",
                head.sha256
            )));
        }
        advance(&mut head, text, &line.record);
        lines.push(line);
    }
    Ok((lines, head))
}

/// The records of the index in `folder` that can be read, chain unchecked, in their order.
///
/// # Errors
/// The file is there and cannot be read.
pub fn records(folder: &Path) -> io::Result<Vec<Record>> {
    match std::fs::read(folder.join(INDEX_FILE)) {
        Ok(bytes) => Ok(readable(&bytes)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(fault) => Err(fault),
    }
}

fn readable(bytes: &[u8]) -> Vec<Record> {
    lines(bytes).filter_map(record_of).collect()
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&b| b == b'\n').filter(|text| !text.is_empty())
}

fn record_of(text: &[u8]) -> Option<Record> {
    let line: Line = serde_json::from_slice(text).ok()?;
    Some(line.record)
}

/// Checks the index in `folder`, and with [`Depth::Files`] every file it names.
///
/// # Errors
/// The first fault found: its line, its file, and what is wrong.
pub fn verify(folder: &Path, depth: Depth) -> Result<IndexHead, IndexFault> {
    let (lines, head) = read(folder)?;
    if depth == Depth::Files {
        for line in &lines {
            if let Record::Segment(segment) = &line.record {
                verify_file(folder, line.n, segment)?;
            }
        }
    }
    Ok(head)
}

fn verify_file(folder: &Path, line: u64, segment: &SegmentRecord) -> Result<(), IndexFault> {
    let wrong = |fault: String| IndexFault::File {
        line,
        file: segment.file.clone(),
        fault,
    };
    if !is_segment_name(&segment.file) {
        return Err(wrong("is not a segment's name".into()));
    }
    let found = super::segment::hash_file(&folder.join(&segment.file), segment.sm3.is_some())
        .map_err(|e| wrong(e.to_string()))?;
    if found.bytes != segment.bytes {
        return Err(wrong(format!(
            "has {} bytes, not {}",
            found.bytes, segment.bytes
        )));
    }
    if found.sha256 != segment.sha256 {
        return Err(wrong(format!(
            "has SHA-256 {}, not {}",
            found.sha256, segment.sha256
        )));
    }
    if found.sm3 != segment.sm3 {
        return Err(wrong("has another SM3 hash".into()));
    }
    Ok(())
}

/// Whether `name` is one that a segment can have: `20261124T015310.123Z.mp4`.
pub fn is_segment_name(name: &str) -> bool {
    let shape = "00000000T000000.000Z.mp4";
    name.len() == shape.len()
        && name.bytes().zip(shape.bytes()).all(|(b, s)| {
            if s == b'0' {
                b.is_ascii_digit()
            } else {
                b == s
            }
        })
}

/// The one writer of a feed's index.
///
/// A record that could not be written waits, and is written before any later one.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    file: Option<File>,
    length: u64,
    head: IndexHead,
    waiting: VecDeque<Record>,
}

impl Index {
    /// Opens the index of `folder` to append to, and hands out what stands in it. A last line torn by a crash is cut off: its
    /// file is found again by [`super::recover`]. The chain goes on even behind a line that was tampered with, because
    /// recording must; [`verify`] names that line.
    ///
    /// # Errors
    /// The file cannot be read, made or cut.
    pub fn open(folder: &Path) -> io::Result<(Self, Vec<Record>)> {
        let path = folder.join(INDEX_FILE);
        let mut index = Self {
            path,
            file: None,
            length: 0,
            head: IndexHead::default(),
            waiting: VecDeque::new(),
        };
        let new = !index.path.exists();
        let file = index.reopen()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        if whole < bytes.len() {
            tracing::warn!(folder = %folder.display(), bytes = bytes.len() - whole, "last line was torn and is cut off");
            file.set_len(whole as u64)?;
            file.sync_all()?;
        }
        let mut records = Vec::new();
        for text in lines(&bytes[..whole]) {
            let record = record_of(text);
            count(&mut index.head, record.as_ref());
            records.extend(record);
        }
        // of the chain only its end is needed: a day's index has thousands of lines, and recording waits for this
        if let Some(last) = lines(&bytes[..whole]).last() {
            index.head.sha256 = hash(last);
        }
        index.length = whole as u64;
        if new {
            File::open(folder)?.sync_all()?;
        }
        Ok((index, records))
    }

    /// Where it stands on the disk.
    pub fn head(&self) -> &IndexHead {
        &self.head
    }

    /// How many records wait for the disk.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Closes the file until the next record, so that whoever mends the disk can unmount it.
    pub fn let_go(&mut self) {
        self.file = None;
    }

    /// Appends a record and syncs it, after all that wait.
    ///
    /// # Errors
    /// The disk's. The record waits then; [`Self::flush`] tries again.
    pub fn append(&mut self, record: Record) -> io::Result<()> {
        self.waiting.push_back(record);
        self.flush()
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// The disk's. What is unwritten waits on.
    pub fn flush(&mut self) -> io::Result<()> {
        while let Some(record) = self.waiting.front() {
            let line = Line {
                n: self.head.lines + 1,
                record: record.clone(),
                prev: self.head.sha256.clone(),
            };
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            if let Err(fault) = self.write(&text) {
                // a failed fsync leaves the pages in doubt: the next try cuts the line off and writes it anew
                self.file = None;
                return Err(fault);
            }
            self.length += text.len() as u64;
            text.pop();
            advance(&mut self.head, &text, &line.record);
            self.waiting.pop_front();
        }
        Ok(())
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        let length = self.length;
        if self.file.is_none() {
            let file = self.reopen()?;
            if file.metadata()?.len() < length {
                self.file = None;
                let why = "is shorter than what was written: another disk, or somebody cut it";
                return Err(io::Error::other(format!("{} {why}", self.path.display())));
            }
            file.set_len(length)?;
        }
        let file = self
            .file
            .as_mut()
            .ok_or_else(|| io::Error::other("not open"))?;
        file.seek(SeekFrom::Start(length))?;
        file.write_all(text)?;
        file.sync_data()
    }

    fn reopen(&mut self) -> io::Result<&mut File> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.path)?;
        Ok(self.file.insert(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_goes_on_behind_lines_that_say_anything() {
        let folder = tempfile::tempdir().expect("a folder");
        let line = format!(
            r#"{{"n":1,"record":"segment","file":"x","from":0,"to":0,"from_mono":null,"to_mono":null,"boot":null,"tracks":[],"bytes":{},"sha256":"","cause":"age","prev":""}}"#,
            u64::MAX
        );
        std::fs::write(folder.path().join(INDEX_FILE), format!("{line}\n{line}\n"))
            .expect("written");
        let (index, _) = Index::open(folder.path()).expect("opened");
        assert_eq!((index.head().lines, index.head().bytes), (2, u64::MAX));
    }
}
