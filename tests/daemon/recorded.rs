//! Owns a session that is recorded from real cameras, and what its indexes and files must say whatever happened to it.

use crate::cameras::{Cameras, PASSWORD, USER};
use crate::kills::SESSION;
use crate::probe::decode;
use crate::support;
use bidroom::archive::index::{Depth, read, verify};
use bidroom::archive::{GapRecord, Record, SegmentRecord, feed_folder};
use bidroom::room::{Track, Utc};
use std::path::{Path, PathBuf};

/// A room with these cameras, all of them recorded from check-in on; nothing else is.
pub(crate) fn profile(cameras: &Cameras, names: &[&str], recordings: Option<&Path>) -> String {
    let whole = support::profile();
    let (before, after) = whole.split_once("[[cameras]]").expect("cameras");
    let (_, after) = after.split_once("[policies]").expect("policies");
    let port = cameras.port;
    let cameras: String = names
        .iter()
        .map(|name| {
            format!(
                "[[cameras]]\nid = \"{name}\"\nname = \"{name}\"\nplace = \"evaluation-room\"\n\
                 main = \"rtsp://127.0.0.1:{port}/{name}/main\"\n\
                 username = \"{USER}\"\npassword = \"{PASSWORD}\"\n"
            )
        })
        .collect();
    let folder = recordings.map(|folder| format!("recordings = {folder:?}\n"));
    let storage = format!(
        "[[recording]]\nkinds = [\"camera\"]\n\
         phases = [\"check-in\", \"ready\", \"in-session\", \"suspended\", \"overnight\", \"closing\"]\n\
         [storage]\n{}",
        folder.unwrap_or_default()
    );
    format!(
        "{before}{cameras}[policies]{}",
        after.replace("[storage]\n", &storage)
    )
}

/// Where a feed of the session lies.
pub(crate) fn folder_of(root: &Path, feed: &str) -> PathBuf {
    let session = SESSION.parse().expect("an id");
    feed_folder(root, &session, &feed.parse().expect("an id"))
}

/// A feed's records: chain and files verified, every file decoded by ffmpeg.
pub(crate) fn sound(folder: &Path) -> Vec<Record> {
    verify(folder, Depth::Files).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let (lines, _) = read(folder).expect("an index");
    let records: Vec<_> = lines.into_iter().map(|line| line.record).collect();
    for segment in segments(&records) {
        decode(&folder.join(&segment.file));
    }
    records
}

pub(crate) fn segments(records: &[Record]) -> impl DoubleEndedIterator<Item = &SegmentRecord> {
    records.iter().filter_map(|record| match record {
        Record::Segment(segment) => Some(segment),
        Record::Gap(_) | Record::Start(_) | Record::Stop(_) => None,
    })
}

pub(crate) fn gaps(records: &[Record]) -> impl DoubleEndedIterator<Item = &GapRecord> {
    records.iter().filter_map(|record| match record {
        Record::Gap(gap) => Some(gap),
        Record::Segment(_) | Record::Start(_) | Record::Stop(_) => None,
    })
}

/// The last moment of a track in a segment.
pub(crate) fn last_of(segment: &SegmentRecord, track: Track) -> Option<Utc> {
    let track = segment.tracks.iter().find(|t| t.track == track)?;
    Some(Utc(
        segment.from.0 + i64::try_from(track.last?.at).expect("short")
    ))
}

/// Every moment of the picture from the first to the last is in a segment or in a gap.
pub(crate) fn nothing_is_missing_unsaid(records: &[Record]) {
    let mut known: Vec<(i64, i64)> = segments(records)
        .filter_map(|s| Some((s.from.0, last_of(s, Track::Video)?.0)))
        .chain(
            gaps(records)
                .filter(|gap| gap.track == Track::Video)
                .map(|gap| (gap.from.0, gap.to.0)),
        )
        .collect();
    known.sort();
    let mut reached = known.first().expect("something is recorded").1;
    for (from, to) in known {
        // a frame of 10 a second lasts 100 ms, and its successor may come late
        assert!(
            from - reached <= 400,
            "{} ms are missing unsaid: {records:#?}",
            from - reached
        );
        reached = reached.max(to);
    }
}
