//! Owns sealing: a session's folder becomes a BagIt 1.0 bag (RFC 8493) in time that does not grow with its gigabytes.
//!
//! The recordings lie in `data/` already, and their hashes stand in the indexes; only the small files are written and hashed.
//! The signature is written last: a bag that has one is sealed, one that has none is made anew. So it can be killed anywhere.

use super::checkpoints::CHECKPOINTS;
use super::index::{CloseCause, GapRecord, INDEX_FILE, Index, Record, StopRecord};
use super::recover::recover;
use super::segment::{hash_file, segment_start};
use super::signature::{self, SignFault};
use super::{bag_folder, feeds_folder};
use crate::keys::Keys;
use crate::room::{FeedId, Gap, GapCause, IndexHead, Plan, Seal, SessionId, SessionKind, Utc};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is signed.
pub const SIGNED: &str = "tagmanifest-sha256.txt";
/// The signature: CMS, detached, DER. A bag that has it is sealed.
pub const SIGNATURE: &str = "signatures/tagmanifest-sha256.txt.p7s";
/// The time stamp: an RFC 3161 answer.
pub const TOKEN: &str = "signatures/tagmanifest-sha256.txt.tsr";
/// Personal data, encrypted to the audit key. No manifest names it, so that it can be erased.
pub const PERSONAL: &str = "sealed/personal.cms";
/// Where recordings of calls lie, each encrypted to the audit key. They can be erased, as the personal data can.
pub const CALLS: &str = "sealed/calls";
/// The tag file that holds their hashes; the tag manifest names it.
pub const CALLS_LIST: &str = "calls-sha256.txt";
/// The tag that holds the container's hash.
pub const PERSONAL_TAG: &str = "Personal-Data-SHA256";

/// What of a session goes into the bag beside its recordings.
#[derive(Debug)]
pub struct Papers {
    /// Its journal's lines, without line feeds.
    pub journal: Vec<Vec<u8>>,
    /// Its plan.
    pub plan: Plan,
    /// Who came and went, by mask; JSON.
    pub attendance: Vec<u8>,
    /// The profile without passwords; TOML.
    pub profile: String,
    /// The sealing report; HTML.
    pub report: String,
    /// The container of personal data, where there is one.
    pub personal: Option<Vec<u8>>,
    /// The room's name, and whose it is.
    pub room: (String, String),
    /// When it is sealed.
    pub at: Utc,
}

/// Where all indexes stand, and the gaps that had to be written, with their ends.
pub type Settled = (BTreeMap<FeedId, IndexHead>, Vec<(Gap, Utc)>);

/// Ends what a crash left open of a session that is over: torn segments, indexes without a stop.
///
/// # Errors
/// The disk's.
pub fn settle(data: &Path, session: &SessionId, over: Utc, sm3: bool) -> io::Result<Settled> {
    let (mut heads, mut gaps) = (BTreeMap::new(), Vec::new());
    let folders = match fs::read_dir(feeds_folder(data, session)) {
        Ok(folders) => folders,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok((heads, gaps)),
        Err(fault) => return Err(fault),
    };
    for folder in folders {
        let folder = folder?;
        let Ok(feed) = folder.file_name().to_string_lossy().parse::<FeedId>() else {
            continue;
        };
        let mut found = recover(&folder.path(), sm3)?;
        if let Some(cut) = found.cut_short {
            for (track, from) in cut.tracks {
                if from >= over {
                    continue;
                }
                let (to, cause) = (over, GapCause::DaemonNotRunning);
                let record = GapRecord {
                    track,
                    from,
                    to,
                    cause,
                };
                found.index.append(Record::Gap(record))?;
                let feed = feed.clone();
                let gap = Gap {
                    feed,
                    track,
                    from,
                    cause,
                };
                gaps.push((gap, to));
            }
            close(&mut found.index, over)?;
        }
        heads.insert(feed, found.index.head().clone());
    }
    Ok((heads, gaps))
}

fn close(index: &mut Index, at: Utc) -> io::Result<()> {
    let cause = CloseCause::Stop;
    index.append(Record::Stop(StopRecord { at, cause }))
}

/// The seal of a session that has one.
///
/// # Errors
/// The disk's.
pub fn sealed(data: &Path, session: &SessionId) -> io::Result<Option<Seal>> {
    let bag = bag_folder(data, session);
    if !bag.join(SIGNATURE).exists() {
        return Ok(None);
    }
    let info = fs::read_to_string(bag.join("bag-info.txt"))?;
    let oxum = info
        .lines()
        .find_map(|line| line.strip_prefix("Payload-Oxum: ")?.split_once('.'));
    let (bytes, files) =
        oxum.ok_or_else(|| io::Error::other("bag-info.txt has no Payload-Oxum"))?;
    let number = |text: &str| text.parse().map_err(io::Error::other);
    Ok(Some(Seal {
        sha256: hex::encode(Sha256::digest(fs::read(bag.join(SIGNED))?)),
        files: number(files)?,
        bytes: number(bytes)?,
        timestamped: bag.join(TOKEN).exists(),
    }))
}

/// Writes all but the signature, and gives back what is to be signed.
///
/// # Errors
/// The disk's; it can be tried again.
pub fn prepare(data: &Path, session: &SessionId, papers: &Papers) -> io::Result<Vec<u8>> {
    let bag = bag_folder(data, session);
    let payload = bag.join("data");
    fs::create_dir_all(&payload)?;
    let mut journal = papers.journal.join(&b'\n');
    journal.push(b'\n');
    write_whole(&payload.join("journal.jsonl"), &journal)?;
    write_whole(&payload.join("plan.json"), &json(&papers.plan)?)?;
    write_whole(&payload.join("attendance.json"), &papers.attendance)?;
    write_whole(&payload.join("profile.toml"), papers.profile.as_bytes())?;
    write_whole(&payload.join("report.html"), papers.report.as_bytes())?;
    let files = payload_files(&bag)?;
    let mut tags = vec!["bagit.txt", "bag-info.txt", "manifest-sha256.txt"];
    write_whole(
        &bag.join("bagit.txt"),
        b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
    )?;
    let manifest = |of: &dyn Fn(&PayloadFile) -> String| -> String {
        let lines = files
            .iter()
            .map(|(path, file)| format!("{}  {path}\n", of(file)));
        lines.collect()
    };
    write_whole(
        &bag.join("manifest-sha256.txt"),
        manifest(&|file| file.sha256.clone()).as_bytes(),
    )?;
    // BagIt wants each manifest whole, so this one is there only where every file has the hash
    if !files.is_empty() && files.values().all(|file| file.sm3.is_some()) {
        let text = manifest(&|file| file.sm3.clone().unwrap_or_default());
        write_whole(&bag.join("manifest-sm3.txt"), text.as_bytes())?;
        tags.push("manifest-sm3.txt");
    }
    if let Some(personal) = &papers.personal {
        fs::create_dir_all(bag.join("sealed"))?;
        write_whole(&bag.join(PERSONAL), personal)?;
        File::open(bag.join("sealed"))?.sync_all()?;
    }
    let bytes = files.values().map(|file| file.bytes).sum();
    let info = bag_info(session, papers, bytes, files.len())?;
    write_whole(&bag.join("bag-info.txt"), info.as_bytes())?;
    if bag.join(CHECKPOINTS).exists() {
        tags.push(CHECKPOINTS);
    }
    let calls = calls(&bag)?;
    if !calls.is_empty() {
        write_whole(&bag.join(CALLS_LIST), calls.as_bytes())?;
        tags.push(CALLS_LIST);
    }
    let mut signed = String::new();
    for tag in tags {
        signed.push_str(&format!(
            "{}  {tag}\n",
            hash_file(&bag.join(tag), false)?.sha256
        ));
    }
    write_whole(&bag.join(SIGNED), signed.as_bytes())?;
    for folder in [&payload, &bag] {
        File::open(folder)?.sync_all()?;
    }
    Ok(signed.into_bytes())
}

/// Signs what [`prepare`] gave, and keeps the token where there is one. After this the session is sealed.
///
/// # Errors
/// The disk's or the key's; it can be tried again.
pub fn sign(
    data: &Path,
    session: &SessionId,
    keys: &Keys,
    signed: &[u8],
    token: Option<&[u8]>,
    at: Utc,
) -> Result<(), SealFault> {
    let bag = bag_folder(data, session);
    fs::create_dir_all(bag.join("signatures"))?;
    if let Some(token) = token {
        write_whole(&bag.join(TOKEN), token)?;
    }
    let signature = signature::sign(keys, signed, at)?;
    File::open(&bag)?.sync_all()?;
    write_whole(&bag.join(SIGNATURE), &signature)?;
    Ok(File::open(bag.join("signatures"))?.sync_all()?)
}

/// Why a session could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealFault {
    /// The disk.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// The key.
    #[error(transparent)]
    Sign(#[from] SignFault),
}

struct PayloadFile {
    bytes: u64,
    sha256: String,
    sm3: Option<String>,
}

/// All payload files by path. A segment's hashes are those made while it was written; whatever else lies there is hashed now.
/// The recordings of calls, a line each.
fn calls(bag: &Path) -> io::Result<String> {
    let files = match fs::read_dir(bag.join(CALLS)) {
        Ok(files) => files,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(fault) => return Err(fault),
    };
    let mut lines = Vec::new();
    for file in files {
        let path = file?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        // what is not finished is none yet
        if let Some(name) = name.filter(|n| n.ends_with(".cms") || n.ends_with(".box")) {
            lines.push(format!(
                "{}  {CALLS}/{name}\n",
                hash_file(&path, false)?.sha256
            ));
        }
    }
    lines.sort_unstable_by(|a, b| a[64..].cmp(&b[64..]));
    Ok(lines.concat())
}

fn payload_files(bag: &Path) -> io::Result<BTreeMap<String, PayloadFile>> {
    let mut known = BTreeMap::new();
    let mut files = BTreeMap::new();
    let mut folders = vec![PathBuf::from("data")];
    while let Some(folder) = folders.pop() {
        let mut here = Vec::new();
        for entry in fs::read_dir(bag.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // what a killed sealing left
            if name.ends_with(PART) {
                fs::remove_file(entry.path())?;
                continue;
            }
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push(folder.join(name)),
                kind if kind.is_file() => here.push((name, entry.metadata()?.len())),
                _ => tracing::error!(file = name, "is no file, and is left out of the archive"),
            }
        }
        if here.iter().any(|(name, _)| name == INDEX_FILE) {
            for record in super::index::records(&bag.join(&folder))? {
                if let Record::Segment(segment) = record {
                    known.insert(folder.join(&segment.file), segment);
                }
            }
        }
        for (name, bytes) in here {
            let path = folder.join(&name);
            let measured = match known.remove(&path) {
                Some(segment) if segment_start(&name).is_some() && segment.bytes == bytes => {
                    PayloadFile {
                        bytes,
                        sha256: segment.sha256,
                        sm3: segment.sm3,
                    }
                }
                _ => {
                    let measure = hash_file(&bag.join(&path), true)?;
                    PayloadFile {
                        bytes: measure.bytes,
                        sha256: measure.sha256,
                        sm3: measure.sm3,
                    }
                }
            };
            files.insert(path.to_string_lossy().into_owned(), measured);
        }
    }
    Ok(files)
}

/// The bag's metadata; `DAT63-…` are the elements of DA/T 63 that a bag can state.
fn bag_info(session: &SessionId, papers: &Papers, bytes: u64, files: usize) -> io::Result<String> {
    let (room, city) = &papers.room;
    let day = |at: Utc| -> io::Result<String> {
        let time = jiff::Timestamp::from_millisecond(at.0).map_err(io::Error::other)?;
        Ok(time.strftime("%Y-%m-%d").to_string())
    };
    let kind = match papers.plan.kind {
        SessionKind::Real => "real",
        SessionKind::Rehearsal => "rehearsal",
    };
    let title = match papers.plan.kind {
        SessionKind::Real => format!("{session} 评标录音录像"),
        SessionKind::Rehearsal => format!("{session} 演练录音录像（非正式评标）"),
    };
    let mut tags = vec![
        ("Source-Organization", city.clone()),
        ("External-Identifier", session.to_string()),
        ("Bagging-Date", day(papers.at)?),
        ("Payload-Oxum", format!("{bytes}.{files}")),
        (
            "Bag-Software-Agent",
            concat!("bidroom ", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
        ("Session-Kind", kind.to_owned()),
        ("DAT63-题名", title),
        ("DAT63-责任者", city.clone()),
        ("DAT63-摄录地点", room.clone()),
        ("DAT63-摄录日期", day(papers.plan.start)?),
        ("DAT63-归档日期", day(papers.at)?),
        ("DAT63-计算机文件大小", bytes.to_string()),
        ("DAT63-格式名称", "MP4 (ISO/IEC 14496-12)".to_owned()),
        ("DAT63-数字签名", SIGNATURE.to_owned()),
    ];
    if let Some(personal) = &papers.personal {
        tags.push((PERSONAL_TAG, hex::encode(Sha256::digest(personal))));
    }
    Ok(tags
        .iter()
        .map(|(label, value)| format!("{label}: {value}\n"))
        .collect())
}

fn json(value: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec_pretty(value)?)
}

const PART: &str = ".part";

/// Writes a file so that after a crash it is there whole or not at all. The folder is synced by the caller.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(PART);
    let part = PathBuf::from(name);
    let mut file = File::create(&part)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&part, path)
}
