//! Owns how keys lie on disk: private, written whole or not at all, and checked when read.

use super::error::KeyError;
use super::secret::random;
use ring::digest::{SHA256, digest};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// First word of a raw key's file.
const FORMAT: &str = "bidroom-key-1";
/// More than any key file has; a larger one is none.
const LARGEST: u64 = 64 * 1024;

/// Makes a folder that only its owner may enter.
pub(super) fn make_private_folder(path: &Path) -> Result<(), KeyError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(KeyError::io(path, "create"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
        .map_err(KeyError::io(path, "chmod"))
}

/// Writes a file so that after a crash it is the old one or the new one, never a part.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<(), KeyError> {
    let new = path.with_extension("new");
    remove_if_there(&new)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .map_err(KeyError::io(&new, "create"))?;
    file.write_all(content)
        .map_err(KeyError::io(&new, "write"))?;
    file.sync_all().map_err(KeyError::io(&new, "fsync"))?;
    fs::rename(&new, path).map_err(KeyError::io(path, "rename"))?;
    sync_folder_of(path)
}

/// Makes a rename or a new entry last.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), KeyError> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(KeyError::io(folder, "fsync"))
}

/// The file's text, or none where there is no such file. Refuses files that others can read;
/// systemd hands credentials to a group of one, so there the group may.
pub(super) fn read_private(
    path: &Path,
    group_may: bool,
) -> Result<Option<Zeroizing<String>>, KeyError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(KeyError::io(path, "stat")(e)),
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & (if group_may { 0o007 } else { 0o077 }) != 0 {
        return Err(KeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    if metadata.len() > LARGEST {
        return Err(KeyError::damaged(path, "too large"));
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(KeyError::io(path, "read"))?);
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::damaged(path, "not text"))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

fn remove_if_there(path: &Path) -> Result<(), KeyError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(KeyError::io(path, "remove")(e)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A new raw key as the text of its file: format, name, key and checksum. The checksum tells a
/// flipped bit from a wrong password.
pub(super) fn new_raw_key(name: &str) -> Zeroizing<String> {
    let key = random::<32>();
    let hex = Zeroizing::new(hex::encode(key.as_slice()));
    Zeroizing::new(format!(
        "{FORMAT} {name} {} {}\n",
        *hex,
        checksum(name, key.as_slice())
    ))
}

/// Reads what [`new_raw_key`] wrote.
pub(super) fn parse_raw_key(
    path: &Path,
    name: &str,
    text: &str,
) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let body = text
        .strip_suffix('\n')
        .ok_or(KeyError::damaged(path, "half-written"))?;
    let words: Vec<&str> = body.split(' ').collect();
    let [FORMAT, found, key_hex, sum] = words.as_slice() else {
        return Err(KeyError::damaged(path, "not a bidroom key"));
    };
    if *found != name {
        return Err(KeyError::damaged(path, "another key's file"));
    }
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(key_hex, key.as_mut_slice())
        .map_err(|_| KeyError::damaged(path, "not a 256-bit key"))?;
    if checksum(name, key.as_slice()) != *sum {
        return Err(KeyError::damaged(path, "checksum differs"));
    }
    Ok(key)
}

fn checksum(name: &str, key: &[u8]) -> String {
    let content = Zeroizing::new([name.as_bytes(), b"\0checksum\0", key].concat());
    hex::encode(&digest(&SHA256, &content).as_ref()[..8])
}
