//! Owns the ballast: a file whose only use is to be deleted when the disk is full, so that the journal
//! lives on for some thousand entries.

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
    bytes: u64,
}

impl Ballast {
    /// The ballast beside a journal.
    pub(super) fn beside(journal: &Path, bytes: u64) -> Self {
        Self {
            path: journal.with_extension("ballast"),
            bytes,
        }
    }

    /// Whether it is there, or none is wanted.
    pub(super) fn is_there(&self) -> bool {
        self.bytes == 0 || fs::metadata(&self.path).is_ok_and(|m| m.len() >= self.bytes)
    }

    /// Takes it in where it is missing and the disk has room for it twice; whether it is there now.
    pub(super) fn take_in(&self) -> io::Result<bool> {
        if self.is_there() {
            return Ok(true);
        }
        if self.free()? < self.bytes.saturating_mul(2) {
            return Ok(false);
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&self.path)?;
        let taken =
            fallocate(&file, FallocateFlags::empty(), 0, self.bytes).map_err(io::Error::from);
        if taken.and_then(|()| file.sync_all()).is_err() {
            fs::remove_file(&self.path)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Throws it off; whether there was anything to throw.
    pub(super) fn throw_off(&self) -> io::Result<bool> {
        if self.bytes == 0 || !self.is_there() {
            return Ok(false);
        }
        fs::remove_file(&self.path)?;
        sync_folder(&self.path)?;
        Ok(true)
    }

    /// Free bytes on its disk.
    pub(super) fn free(&self) -> io::Result<u64> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let fs = statvfs(folder)?;
        Ok(fs.f_bavail.saturating_mul(fs.f_frsize))
    }
}

/// Makes a file's entry in its folder durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
