//! Owns one open segment file: bytes are hashed while they are written, and are on the disk after each `sync`. Only
//! in what was written last can bytes still be amended; it is hashed when more follows.

use crate::room::Utc;
use sha2::{Digest, Sha256};
use sm3::Sm3;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What a closed file measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Its length.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// SM3, hex, where asked for.
    pub sm3: Option<String>,
}

/// One open segment file.
///
/// After any error the file is to be abandoned: every later call fails, and no fsync is tried twice, because the kernel
/// tells of a lost page only once. What reached the disk is found again by [`super::recover`].
pub struct SegmentWriter {
    path: PathBuf,
    name: String,
    file: File,
    hashes: Hashes,
    /// What was written last.
    last: Vec<u8>,
    failed: bool,
}

impl fmt::Debug for SegmentWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentWriter")
            .field("path", &self.path)
            .field("bytes", &self.bytes())
            .finish()
    }
}

impl SegmentWriter {
    /// Makes a new file in `folder`, named by its start; a taken name moves it by milliseconds.
    ///
    /// # Errors
    /// The disk's.
    pub fn create(folder: &Path, start: Utc, sm3: bool) -> io::Result<Self> {
        let mut at = start;
        let (path, name, file) = loop {
            let name = segment_name(at)?;
            let path = folder.join(&name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => break (path, name, file),
                Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => at = Utc(at.0 + 1),
                Err(fault) => return Err(fault),
            }
        };
        // without this the whole file can vanish in a power cut, synced or not
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .inspect_err(|_| drop(std::fs::remove_file(&path)))?;
        Ok(Self {
            path,
            name,
            file,
            hashes: Hashes::new(sm3),
            last: Vec::new(),
            failed: false,
        })
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.hashes.bytes + self.last.len() as u64
    }

    /// Appends `bytes`, all of them.
    ///
    /// # Errors
    /// The disk's; the file is to be abandoned.
    pub fn write(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.guarded(|this| {
            this.file.write_all(&bytes)?;
            this.hashes.update(&this.last);
            this.last = bytes;
            Ok(())
        })
    }

    /// Puts `bytes` in the place of those that begin at `at` in what was written last.
    ///
    /// # Errors
    /// The disk's; the file is to be abandoned.
    ///
    /// # Panics
    /// They are not all in what was written last.
    pub fn amend(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        self.guarded(|this| {
            this.last[at..at + bytes.len()].copy_from_slice(bytes);
            this.file.write_all_at(bytes, this.hashes.bytes + at as u64)
        })
    }

    /// Puts all that was written onto the disk.
    ///
    /// # Errors
    /// The disk's; the file is to be abandoned.
    pub fn sync(&mut self) -> io::Result<()> {
        self.guarded(|this| this.file.sync_data())
    }

    /// Syncs for the last time and tells what the file measures.
    ///
    /// # Errors
    /// The disk's; the file is to be abandoned.
    pub fn finish(mut self) -> io::Result<Measure> {
        self.sync()?;
        self.hashes.update(&self.last);
        Ok(self.hashes.finish())
    }

    fn guarded(&mut self, act: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("the file failed before and is abandoned"));
        }
        let done = act(self);
        self.failed = done.is_err();
        done
    }
}

/// Whether the disk takes a new file in `folder` and keeps it.
///
/// # Errors
/// The disk's.
pub(crate) fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join(".probe");
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&[0; 1 << 16])?;
        file.sync_all()
    });
    written.and(std::fs::remove_file(&path))
}

/// The file name of a segment that starts at `start`.
///
/// # Errors
/// The year is not one of four digits.
pub(crate) fn segment_name(start: Utc) -> io::Result<String> {
    let time = jiff::Timestamp::from_millisecond(start.0).map_err(io::Error::other)?;
    let name = format!("{}.mp4", time.strftime("%Y%m%dT%H%M%S.%3fZ"));
    if super::index::is_segment_name(&name) {
        Ok(name)
    } else {
        Err(io::Error::other("the clock is not set"))
    }
}

/// When the segment of that name starts; nothing where [`segment_name`] gives no such name, as with a 60th second.
pub(crate) fn segment_start(name: &str) -> Option<Utc> {
    let shown = name
        .strip_suffix("Z.mp4")
        .filter(|_| super::index::is_segment_name(name))?;
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S.%f", shown).ok()?;
    let time = jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?;
    let start = Utc(time.as_millisecond());
    (segment_name(start).ok()? == name).then_some(start)
}

/// Measures a closed file.
///
/// # Errors
/// It cannot be read.
pub fn hash_file(path: &Path, sm3: bool) -> io::Result<Measure> {
    let mut file = File::open(path)?;
    let mut hashes = Hashes::new(sm3);
    let mut chunk = vec![0; 1 << 18];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hashes.finish()),
            n => hashes.update(&chunk[..n]),
        }
    }
}

struct Hashes {
    bytes: u64,
    sha256: Sha256,
    sm3: Option<Sm3>,
}

impl Hashes {
    fn new(sm3: bool) -> Self {
        Self {
            bytes: 0,
            sha256: Sha256::new(),
            sm3: sm3.then(Sm3::new),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.sha256.update(bytes);
        if let Some(sm3) = &mut self.sm3 {
            sm3.update(bytes);
        }
    }

    fn finish(self) -> Measure {
        Measure {
            bytes: self.bytes,
            sha256: hex::encode(self.sha256.finalize()),
            sm3: self.sm3.map(|sm3| hex::encode(sm3.finalize())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_start_and_are_never_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let start = Utc(1_795_485_190_123);
        let first = SegmentWriter::create(folder.path(), start, false).expect("made");
        let second = SegmentWriter::create(folder.path(), start, false).expect("made");
        assert_eq!(first.name(), "20261124T015310.123Z.mp4");
        assert_eq!(second.name(), "20261124T015310.124Z.mp4");
        assert_eq!(segment_start(first.name()), Some(start));
        for other in ["../../../etc/passwd.mp4", "20261124T030660.123Z.mp4"] {
            assert_eq!(segment_start(other), None, "{other}");
        }
    }

    #[test]
    fn hashes_are_those_of_other_tools() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = SegmentWriter::create(folder.path(), Utc(0), true).expect("made");
        writer.write(b"x".to_vec()).expect("written");
        writer.amend(0, b"a").expect("amended");
        writer.write(b"bx".to_vec()).expect("written");
        writer.amend(1, b"c").expect("amended");
        assert_eq!(writer.bytes(), 3);
        let path = writer.path().to_owned();
        let measure = writer.finish().expect("synced");
        // `printf abc | sha256sum`; GB/T 32905 annex A, example 1
        assert_eq!(
            measure.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let sm3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
        assert_eq!(measure.sm3.as_deref(), Some(sm3));
        assert_eq!(hash_file(&path, true).expect("read"), measure);
    }
}
