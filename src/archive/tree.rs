//! Owns the walk over all that lies below a folder. It follows no link.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// All below `root` that is no folder: its path from there, and what it is. Nothing where there is no such folder.
///
/// # Errors
/// The disk's.
pub(super) fn below(root: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(root.join(&folder)) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let metadata = entry.metadata()?;
            match metadata.is_dir() {
                true => folders.push(path),
                false => found.push((path, metadata)),
            }
        }
    }
    Ok(found)
}

/// Removes the files below `root` whose names are such.
///
/// # Errors
/// The disk's.
pub(super) fn remove(root: &Path, is_such: impl Fn(&str) -> bool) -> io::Result<()> {
    for (path, _) in below(root)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_such(&name) {
            fs::remove_file(root.join(&path))?;
        }
    }
    Ok(())
}
