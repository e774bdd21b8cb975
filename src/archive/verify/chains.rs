//! Owns the check of what is chained: the journal, each feed's index against journal and files, and the checkpoints.

use super::files::{Found, small};
use super::verdict::{FaultKind, Stretch, Verdict};
use super::{Order, tag_file};
use crate::archive::checkpoints::{CHECKPOINTS, SignedCheckpoint};
use crate::archive::index::{INDEX_FILE, Line, Record, SegmentRecord, is_segment_name};
use crate::room::{IndexHead, Seq, Utc};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

const JOURNAL: &str = "data/journal.jsonl";
/// A checkpoint is made each minute; a longer stretch than this without one is told.
const WITNESSED_MS: i64 = 90_000;

/// What is read of a journal's line, whatever event it holds.
#[derive(Deserialize)]
struct JournalLine {
    seq: Seq,
    session_prev: Option<String>,
    session: Option<String>,
    stamp: JournalStamp,
    event: Value,
}

#[derive(Deserialize)]
struct JournalStamp {
    at: Utc,
}

#[derive(Default)]
struct Journal {
    hashes: BTreeMap<Seq, String>,
    /// Where the journal says an index stood, and when.
    heads: Vec<(String, Utc, IndexHead)>,
    from: Option<Utc>,
    to: Option<Utc>,
}

/// An index by its lines: the hash after each, and its segments.
#[derive(Default)]
struct Chain {
    hashes: Vec<String>,
    segments: Vec<SegmentRecord>,
    ends: Option<Utc>,
}

pub(super) fn check(order: &Order, found: &Found, verdict: &mut Verdict) {
    if found.left_out.contains(JOURNAL) {
        return check_clip(order, found, verdict);
    }
    let journal = read_journal(order, verdict);
    let mut feeds: BTreeSet<String> = journal
        .heads
        .iter()
        .map(|(feed, ..)| feed.clone())
        .collect();
    for path in found.sha256.keys() {
        feeds.extend(feed_of(path).map(str::to_owned));
    }
    let chains: BTreeMap<String, Chain> = feeds
        .into_iter()
        .map(|feed| {
            let chain = read_index(order, &feed, verdict);
            compare_files(&feed, &chain, found, verdict);
            (feed, chain)
        })
        .collect();
    for (feed, at, head) in &journal.heads {
        compare_head(feed, chains.get(feed), *at, head, "the journal", verdict);
    }
    checkpoints(order, &journal, &chains, verdict);
}

/// A clip has no journal: what its manifests say of its files is all there is beside the indexes.
fn check_clip(order: &Order, found: &Found, verdict: &mut Verdict) {
    let info = tag_file(&order.bag, "bag-info.txt").unwrap_or_default();
    let info = String::from_utf8_lossy(&info);
    let tag = |label| info.lines().find_map(|line| line.strip_prefix(label));
    tag("External-Identifier: ")
        .unwrap_or_default()
        .clone_into(&mut verdict.session);
    tag("Session-Kind: ")
        .unwrap_or_default()
        .clone_into(&mut verdict.session_kind);
    let feeds: BTreeSet<&str> = found
        .sha256
        .keys()
        .filter_map(|path| feed_of(path))
        .collect();
    for feed in feeds {
        let chain = read_index(order, feed, verdict);
        compare_files(feed, &chain, found, verdict);
    }
}

fn feed_of(path: &str) -> Option<&str> {
    path.strip_prefix("data/feeds/")?.split('/').next()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty())
}

fn read_journal(order: &Order, verdict: &mut Verdict) -> Journal {
    let mut journal = Journal::default();
    let Some(bytes) = tag_file(&order.bag, JOURNAL) else {
        verdict.fault(FaultKind::Journal, JOURNAL, "is not there");
        return journal;
    };
    let mut prev = "0".repeat(64);
    let mut ended = false;
    for (n, text) in lines(&bytes).enumerate() {
        let n = n + 1;
        let line: JournalLine = match serde_json::from_slice(text) {
            Ok(line) => line,
            Err(why) => {
                verdict.fault(FaultKind::Journal, JOURNAL, format!("line {n}: {why}"));
                return journal;
            }
        };
        let at = line.stamp.at;
        if line.session_prev.as_ref() != Some(&prev) {
            let why = format!("line {n} does not follow the line before it");
            verdict.fault_at(
                FaultKind::Journal,
                JOURNAL,
                (journal.to.unwrap_or(at), at),
                why,
            );
        }
        prev = sha256(text);
        let session = line.session.unwrap_or_default();
        if n == 1 {
            verdict.session = session;
        } else if session != verdict.session {
            let why = format!("line {n} is of another session");
            verdict.fault_at(FaultKind::Journal, JOURNAL, (at, at), why);
        }
        let kind = line.event["type"].as_str().unwrap_or("");
        match kind {
            "session_planned" | "plan_changed" => {
                let kind = line.event["plan"]["kind"].as_str().unwrap_or("");
                kind.clone_into(&mut verdict.session_kind);
            }
            "index_heads" => {
                let heads: BTreeMap<String, IndexHead> =
                    serde_json::from_value(line.event["heads"].clone()).unwrap_or_default();
                journal
                    .heads
                    .extend(heads.into_iter().map(|(feed, head)| (feed, at, head)));
            }
            "recording_ended" => {
                let head = serde_json::from_value(line.event["head"].clone());
                if let (Some(feed), Ok(head)) = (line.event["feed"].as_str(), head) {
                    journal.heads.push((feed.to_owned(), at, head));
                }
            }
            "session_sealed" | "session_aborted" => ended = true,
            _ => {}
        }
        journal.hashes.insert(line.seq, prev.clone());
        journal.from.get_or_insert(at);
        journal.to = Some(at);
    }
    if !ended {
        let at = journal.to.unwrap_or_default();
        let why = "ends before the session did: lines are cut off";
        verdict.fault_at(FaultKind::Journal, JOURNAL, (at, at), why);
    }
    journal
}

fn read_index(order: &Order, feed: &str, verdict: &mut Verdict) -> Chain {
    let path = format!("data/feeds/{feed}/{INDEX_FILE}");
    let mut chain = Chain::default();
    let Some(bytes) = tag_file(&order.bag, &path) else {
        verdict.fault(FaultKind::Index, &path, "is not there");
        return chain;
    };
    let mut prev = "0".repeat(64);
    for (n, text) in lines(&bytes).enumerate() {
        let line: Line = match serde_json::from_slice(text) {
            Ok(line) => line,
            Err(why) => {
                verdict.fault(FaultKind::Index, &path, format!("line {}: {why}", n + 1));
                break;
            }
        };
        if line.prev != prev || line.n != n as u64 + 1 {
            let why = format!("line {} does not follow the line before it", n + 1);
            let at = moment(&line.record);
            verdict.fault_at(FaultKind::Index, &path, (chain.ends.unwrap_or(at), at), why);
        }
        prev = sha256(text);
        chain.hashes.push(prev.clone());
        chain.ends = Some(moment(&line.record));
        if let Record::Segment(segment) = line.record {
            chain.segments.push(segment);
        }
    }
    chain
}

fn moment(record: &Record) -> Utc {
    match record {
        Record::Segment(segment) => segment.to,
        Record::Gap(gap) => gap.to,
        Record::Start(start) => start.at,
        Record::Stop(stop) => stop.at,
    }
}

/// Every segment of the index is there as it was written, and no other.
fn compare_files(feed: &str, chain: &Chain, found: &Found, verdict: &mut Verdict) {
    let folder = format!("data/feeds/{feed}/");
    let known: BTreeMap<&str, &SegmentRecord> = chain
        .segments
        .iter()
        .map(|s| (s.sha256.as_str(), s))
        .collect();
    for segment in &chain.segments {
        let path = format!("{folder}{}", segment.file);
        let at = (segment.from, segment.to);
        match found.sha256.get(&path) {
            None if found.left_out.contains(&path) => {}
            None => verdict.fault_at(FaultKind::Missing, &path, at, "the index names it"),
            Some(is) if *is == segment.sha256 => {}
            Some(is) => match known.get(is.as_str()) {
                Some(other) => {
                    let why = format!("holds what was recorded as {}", other.file);
                    verdict.fault_at(FaultKind::Renamed, &path, at, why);
                }
                None => {
                    let bytes = found.bytes.get(&path).copied().unwrap_or(0);
                    let why = if bytes < segment.bytes {
                        format!("was cut to {bytes} of {} bytes", segment.bytes)
                    } else {
                        "is not what was recorded".to_owned()
                    };
                    verdict.fault_at(FaultKind::Altered, &path, at, why);
                }
            },
        }
    }
    let names: BTreeSet<&str> = chain.segments.iter().map(|s| s.file.as_str()).collect();
    for path in found.sha256.keys() {
        let name = path.strip_prefix(&folder).unwrap_or("");
        if is_segment_name(name) && !names.contains(name) {
            verdict.fault(FaultKind::Extra, path, "its index does not name it");
        }
    }
}

/// The index stood where somebody says it did.
fn compare_head(
    feed: &str,
    chain: Option<&Chain>,
    at: Utc,
    head: &IndexHead,
    by: &str,
    verdict: &mut Verdict,
) {
    let path = format!("data/feeds/{feed}/{INDEX_FILE}");
    let line = usize::try_from(head.lines).unwrap_or(usize::MAX);
    if line == 0 {
        return;
    }
    let hashes = chain.map_or(&[][..], |chain| &chain.hashes);
    let ends = chain.and_then(|chain| chain.ends).unwrap_or(at);
    match hashes.get(line - 1) {
        None => {
            let why = format!(
                "has {} lines, and {by} saw {line}: its end is cut off",
                hashes.len()
            );
            verdict.fault_at(FaultKind::Index, &path, (ends, at), why);
        }
        Some(is) if *is != head.sha256 => {
            let why = format!("line {line} is not the one that {by} saw");
            verdict.fault_at(FaultKind::Index, &path, (at, at), why);
        }
        Some(_) => {}
    }
}

/// The box's own checkpoints, and those that witnesses keep.
fn checkpoints(
    order: &Order,
    journal: &Journal,
    chains: &BTreeMap<String, Chain>,
    verdict: &mut Verdict,
) {
    let mut key = None;
    let start = "0".repeat(64);
    let mut stated = BTreeSet::from([start.clone()]);
    if let Some(bytes) = tag_file(&order.bag, CHECKPOINTS) {
        let mut prev = start;
        for (n, text) in lines(&bytes).enumerate() {
            stated.insert(sha256(text));
            let Some(signed) = genuine(text) else {
                let why = format!("line {} is no genuine checkpoint", n + 1);
                verdict.fault(FaultKind::Checkpoint, CHECKPOINTS, why);
                continue;
            };
            if signed.checkpoint.prev != prev {
                let at = signed.checkpoint.at;
                let why = format!("line {} does not follow the line before it", n + 1);
                verdict.fault_at(FaultKind::Checkpoint, CHECKPOINTS, (at, at), why);
            }
            prev = sha256(text);
            if *key.get_or_insert(signed.key.clone()) != signed.key {
                let why = format!("line {} is signed with another key", n + 1);
                verdict.fault(FaultKind::Checkpoint, CHECKPOINTS, why);
            }
            compare_checkpoint(&signed, CHECKPOINTS, journal, chains, verdict);
        }
    }
    let mut seen = BTreeSet::new();
    for path in &order.witnesses {
        let shown = path.display().to_string();
        let bytes = match small(path) {
            Ok(bytes) => bytes,
            Err(why) => {
                verdict.fault(FaultKind::Checkpoint, &shown, why.to_string());
                continue;
            }
        };
        for text in lines(&bytes) {
            match genuine(text) {
                Some(signed) if signed.checkpoint.session.as_str() != verdict.session => {}
                Some(signed) if key.as_ref().is_some_and(|key| *key != signed.key) => {
                    let why = "the witness's checkpoints bear another key than the archive's";
                    verdict.fault(FaultKind::Checkpoint, &shown, why);
                }
                Some(signed) => {
                    seen.insert(signed.checkpoint.at);
                    if !stated.contains(&signed.checkpoint.prev) {
                        let at = signed.checkpoint.at;
                        let why = format!("the checkpoint before the one in {shown} is not there");
                        verdict.fault_at(FaultKind::Checkpoint, CHECKPOINTS, (at, at), why);
                    }
                    compare_checkpoint(&signed, &shown, journal, chains, verdict);
                }
                None => verdict.fault(
                    FaultKind::Checkpoint,
                    &shown,
                    "holds what is no genuine checkpoint",
                ),
            }
        }
    }
    let (Some(from), Some(to)) = (journal.from, journal.to) else {
        return;
    };
    let mut last = from;
    for at in seen.into_iter().filter(|at| *at <= to).chain([to]) {
        let alone = at == to || at.0 - last.0 > WITNESSED_MS;
        if alone && at > last {
            verdict.unwitnessed.push(Stretch { from: last, to: at });
        }
        last = at.max(last);
    }
}

fn genuine(text: &[u8]) -> Option<SignedCheckpoint> {
    let signed: SignedCheckpoint = serde_json::from_slice(text).ok()?;
    signed.is_genuine().then_some(signed)
}

fn compare_checkpoint(
    signed: &SignedCheckpoint,
    file: &str,
    journal: &Journal,
    chains: &BTreeMap<String, Chain>,
    verdict: &mut Verdict,
) {
    let stated = &signed.checkpoint;
    if journal.hashes.get(&stated.session_seq) != Some(&stated.session_head) {
        let why = format!("{file} saw another line as entry {}", stated.session_seq.0);
        verdict.fault_at(FaultKind::Journal, JOURNAL, (stated.at, stated.at), why);
    }
    for (feed, head) in &stated.indexes {
        compare_head(
            feed.as_str(),
            chains.get(feed.as_str()),
            stated.at,
            head,
            file,
            verdict,
        );
    }
}
