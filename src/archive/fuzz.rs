//! Owns what must hold of whatever lies in a feed's folder. Run by `tests/fuzz`; each function panics
//! where it does not hold.

use super::index::{
    self, CloseCause, Depth, INDEX_FILE, Index, Record, StartRecord, is_segment_name,
};
use super::recover::{recover, recover_file};
use super::segment::{segment_name, segment_start};
use crate::room::Utc;
use std::path::{Path, PathBuf};

/// An empty folder of this process in TMPDIR, best on a tmpfs.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("bidroom-fuzz-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the files");
    folder
}

fn start(at: i64) -> Record {
    Record::Start(StartRecord { at: Utc(at) })
}

/// An index: what is whole is read as it is, and whatever it is, recording goes on behind it.
pub fn index(bytes: &[u8]) {
    let folder = folder();
    let file = folder.join(INDEX_FILE);
    std::fs::write(&file, bytes).expect("written");
    let read = index::read(&folder);
    let records = index::records(&folder).expect("the disk is good");
    assert!(records.len() <= bytes.split(|b| *b == b'\n').count());
    for record in &records {
        if let Record::Segment(segment) = record
            && let Some(start) = segment_start(&segment.file)
        {
            assert!(is_segment_name(&segment.file));
            assert_eq!(segment_name(start).ok().as_ref(), Some(&segment.file));
        }
    }
    let recovered = recover(&folder, false).expect("the disk is good");
    let mut index = recovered.index;
    if let Ok((lines, head)) = &read {
        assert_eq!(index.head(), head);
        assert_eq!(head.lines, lines.len() as u64);
        assert!(index::verify(&folder, Depth::Chain).is_ok());
    }
    let before = index.head().clone();
    index.append(start(7)).expect("the disk is good");
    assert_eq!(index.head().lines, before.lines + 1);
    let written = std::fs::read(&file).expect("it is there");
    let kept = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    assert_eq!(&written[..kept], &bytes[..kept], "what was written stays");
    if read.is_ok() {
        assert!(index::read(&folder).is_ok_and(|(_, head)| head == *index.head()));
    }
    drop(index);
    let (again, _) = Index::open(&folder).expect("the disk is good");
    assert_eq!(again.head().lines, before.lines + 1);
    let _ = std::fs::remove_dir_all(&folder);
}

const NAME: &str = "20261124T015310.123Z.mp4";

/// A segment file: what is taken of it lies in it, and taking it again changes nothing.
pub fn segment(bytes: &[u8]) {
    if let Ok(name) = std::str::from_utf8(&bytes[..bytes.len().min(NAME.len())])
        && let Some(start) = segment_start(name)
    {
        assert_eq!(segment_name(start).ok().as_deref(), Some(name));
    }
    let folder = folder();
    let path = folder.join(NAME);
    std::fs::write(&path, bytes).expect("written");
    let read = |path: &Path| std::fs::read(path).ok();
    let take = || recover_file(&folder, NAME, CloseCause::Recovered, true);
    match take().expect("the disk is good") {
        None => assert_eq!(read(&path), None, "nothing in it, so it is removed"),
        Some(taken) => {
            let left = read(&path).expect("it stays");
            assert!(bytes.starts_with(&left) && left.len() as u64 == taken.bytes);
            let samples: u64 = taken.tracks.iter().map(|t| t.samples).sum();
            assert!(samples > 0 && samples <= bytes.len() as u64);
            assert_eq!(take().expect("the disk is good"), Some(taken));
            assert_eq!(read(&path), Some(left));
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
}
