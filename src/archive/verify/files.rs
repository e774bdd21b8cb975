//! Owns the check of a bag's files: structure, manifests, and every file's hash, on all cores.

use super::Rate;
use super::verdict::{FaultKind, Verdict};
use crate::archive::clip::{FETCH, LEFT_OUT};
use sha2::{Digest, Sha256};
use sm3::Sm3;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Tag files and chains that are read into memory: a session's journal has some ten megabytes.
const SMALL: u64 = 256 << 20;
/// More files than any session has.
const MOST_FILES: usize = 2_000_000;

/// What is in the bag.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// SHA-256 of every file that was read, by path in the bag.
    pub(super) sha256: BTreeMap<String, String>,
    /// Its length.
    pub(super) bytes: BTreeMap<String, u64>,
    /// Payload that a clip says it leaves out, and that is not there.
    pub(super) left_out: BTreeSet<String>,
}

type Manifest = BTreeMap<String, String>;

/// Reads the bag.
pub(super) fn read(
    bag: &Path,
    rate: Option<Rate<'_>>,
    verdict: &mut Verdict,
) -> Result<Found, String> {
    let declaration = bag.join("bagit.txt");
    let text =
        small(&declaration).map_err(|e| format!("{}: {e}: no bag", declaration.display()))?;
    let right = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8";
    if String::from_utf8_lossy(&text).trim().replace("\r\n", "\n") != right {
        verdict.fault(
            FaultKind::Structure,
            "bagit.txt",
            "does not declare BagIt 1.0 in UTF-8",
        );
    }
    let present = walk(bag, verdict)?;
    let payload = manifest(bag, "manifest-sha256.txt", verdict).unwrap_or_default();
    let tags = manifest(bag, "tagmanifest-sha256.txt", verdict).unwrap_or_default();
    let has_sm3 = present.contains_key("manifest-sm3.txt");
    let sm3 = has_sm3
        .then(|| manifest(bag, "manifest-sm3.txt", verdict))
        .flatten();
    for needed in ["bag-info.txt", "manifest-sha256.txt"] {
        if !tags.contains_key(needed) {
            let why = "is not named by tagmanifest-sha256.txt, so nothing fixes it";
            verdict.fault(FaultKind::Structure, needed, why);
        }
    }
    let wanted: Vec<(&String, u64)> = present
        .iter()
        .filter(|(path, _)| path.starts_with("data/") || tags.contains_key(*path))
        .map(|(path, bytes)| (path, *bytes))
        .collect();
    let hashes = hash_all(bag, &wanted, sm3.is_some(), rate);
    let mut found = Found::default();
    for ((path, bytes), hashed) in wanted.into_iter().zip(hashes) {
        match hashed {
            Ok((sha256, by_sm3)) => {
                if let (Some(manifest), Some(by_sm3)) = (&sm3, by_sm3)
                    && manifest.get(path).is_some_and(|stated| *stated != by_sm3)
                {
                    verdict.fault(FaultKind::Altered, path, "has another SM3 hash than sealed");
                }
                found.sha256.insert(path.clone(), sha256);
                found.bytes.insert(path.clone(), bytes);
                verdict.files += 1;
                verdict.bytes += bytes;
            }
            Err(why) => verdict.fault(FaultKind::Altered, path, format!("cannot be read: {why}")),
        }
    }
    found.left_out = left_out(bag, &payload, &found);
    verdict.left_out = found.left_out.len() as u64;
    compare(&found, &payload, "data/", verdict);
    compare(&found, &tags, "", verdict);
    if let Some(sm3) = &sm3 {
        for path in payload.keys().filter(|path| !sm3.contains_key(*path)) {
            verdict.fault(FaultKind::Structure, path, "is not in manifest-sm3.txt");
        }
    }
    Ok(found)
}

/// What a clip leaves out; nothing where the bag is none.
fn left_out(bag: &Path, payload: &Manifest, found: &Found) -> BTreeSet<String> {
    let Ok(text) = small(&bag.join(FETCH)) else {
        return BTreeSet::new();
    };
    let text = String::from_utf8_lossy(&text);
    let named = text.lines().filter_map(|line| {
        let mut words = line.splitn(3, ' ');
        let from = words.next()?;
        let path = words.nth(1)?;
        from.starts_with(LEFT_OUT).then(|| path.to_owned())
    });
    named
        .filter(|path| payload.contains_key(path) && !found.sha256.contains_key(path))
        .collect()
}

/// Names what differs: missing, extra, altered, or under another file's name.
fn compare(found: &Found, manifest: &Manifest, under: &str, verdict: &mut Verdict) {
    let mut by_hash: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, sha256) in manifest {
        by_hash.insert(sha256, path);
    }
    for (path, stated) in manifest {
        match found.sha256.get(path) {
            Some(is) if is == stated => {}
            Some(is) => match by_hash.get(is.as_str()) {
                Some(other) if *other != path => {
                    let why = format!("holds what belongs into {other}");
                    verdict.fault(FaultKind::Renamed, path, why);
                }
                _ => verdict.fault(FaultKind::Altered, path, "is not what was sealed"),
            },
            None if found.left_out.contains(path) => {}
            None => verdict.fault(FaultKind::Missing, path, "is not there"),
        }
    }
    if under.is_empty() {
        return;
    }
    for (path, is) in &found.sha256 {
        if path.starts_with(under) && !manifest.contains_key(path) {
            match by_hash.get(is.as_str()) {
                Some(original) => {
                    let why = format!("is a copy of {original} under another name");
                    verdict.fault(FaultKind::Renamed, path, why);
                }
                None => verdict.fault(FaultKind::Extra, path, "is named by no manifest"),
            }
        }
    }
}

/// A file that fits into memory; never through a link, never a device.
pub(super) fn small(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    if length > SMALL {
        return Err(io::Error::other("is far too large"));
    }
    let mut bytes = Vec::new();
    file.take(SMALL).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("is no file"))
    }
}

/// All regular files with their lengths, by path with `/`.
fn walk(bag: &Path, verdict: &mut Verdict) -> Result<BTreeMap<String, u64>, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(PathBuf::new(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let here = bag.join(&folder);
        let entries = match fs::read_dir(&here) {
            Ok(entries) => entries,
            Err(why) if folder.as_os_str().is_empty() => return Err(why.to_string()),
            Err(why) => {
                verdict.fault(
                    FaultKind::Structure,
                    &prefix,
                    format!("cannot be read: {why}"),
                );
                continue;
            }
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let shown = format!("{prefix}{}", name.to_string_lossy());
            if name.to_str().is_none() {
                verdict.fault(FaultKind::Structure, &shown, "has a name that is not UTF-8");
                continue;
            }
            let Ok(metadata) = fs::symlink_metadata(entry.path()) else {
                verdict.fault(FaultKind::Structure, &shown, "cannot be read");
                continue;
            };
            if metadata.is_dir() {
                folders.push((folder.join(&name), format!("{shown}/")));
            } else if metadata.is_file() {
                files.insert(shown, metadata.len());
            } else {
                let why = "is a link or a device, which no archive holds";
                verdict.fault(FaultKind::Structure, &shown, why);
            }
            if files.len() > MOST_FILES {
                return Err(format!("more than {MOST_FILES} files: no session's bag"));
            }
        }
    }
    Ok(files)
}

/// A manifest; none where it is not there or no text, which is a fault.
fn manifest(bag: &Path, name: &str, verdict: &mut Verdict) -> Option<Manifest> {
    let bytes = match small(&bag.join(name)) {
        Ok(bytes) => bytes,
        Err(why) => {
            verdict.fault(FaultKind::Structure, name, format!("cannot be read: {why}"));
            return None;
        }
    };
    let Ok(text) = std::str::from_utf8(&bytes) else {
        verdict.fault(FaultKind::Structure, name, "is not UTF-8");
        return None;
    };
    let mut manifest = Manifest::new();
    let mut seen = BTreeSet::new();
    for (n, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
    {
        let split = line.split_once([' ', '\t']);
        let Some((hash, path)) = split.map(|(h, p)| (h, p.trim_start_matches([' ', '\t', '*'])))
        else {
            verdict.fault(
                FaultKind::Structure,
                name,
                format!("line {} is no entry", n + 1),
            );
            continue;
        };
        let path = path
            .replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%25", "%");
        let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
        let inside = !path.starts_with('/')
            && !path.contains('\0')
            && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !inside || (name.starts_with("manifest") && !path.starts_with("data/")) {
            let why = format!("line {} names a path outside the bag", n + 1);
            verdict.fault(FaultKind::Structure, name, why);
            continue;
        }
        if hash.len() != 64 || hex::decode(hash).is_err() {
            let why = format!("line {} holds no hash", n + 1);
            verdict.fault(FaultKind::Structure, name, why);
        }
        if !seen.insert(path.clone()) {
            verdict.fault(
                FaultKind::Structure,
                name,
                format!("line {} is a second one for its path", n + 1),
            );
        }
        manifest.insert(path, hash.to_ascii_lowercase());
    }
    Some(manifest)
}

type Hashes = Result<(String, Option<String>), String>;

/// Hashes files in any order, on all cores where no rate is to be kept; the answers stand in the order of the files.
fn hash_all(
    bag: &Path,
    files: &[(&String, u64)],
    sm3: bool,
    rate: Option<Rate<'_>>,
) -> Vec<Hashes> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Hashes)>> = Mutex::new(Vec::with_capacity(files.len()));
    let cores = match rate {
        Some(_) => 1,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut chunk = vec![0; 1 << 20];
                let mut own = Vec::new();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some((path, _)) = files.get(n) else {
                        break;
                    };
                    own.push((n, hash(&bag.join(path), sm3, rate, &mut chunk)));
                }
                done.lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .append(&mut own);
            });
        }
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, hashes)| hashes).collect()
}

fn hash(path: &Path, sm3: bool, rate: Option<Rate<'_>>, chunk: &mut [u8]) -> Hashes {
    let mut file = open(path).map_err(|e| e.to_string())?;
    if rate.is_some() {
        // from the disk, not from memory
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)
            .map_err(|e| e.to_string())?;
    }
    let (mut sha256, mut by_sm3) = (Sha256::new(), sm3.then(Sm3::new));
    loop {
        let n = file.read(chunk).map_err(|e| e.to_string())?;
        if n == 0 {
            break;
        }
        sha256.update(&chunk[..n]);
        if let Some(by_sm3) = &mut by_sm3 {
            by_sm3.update(&chunk[..n]);
        }
        if let Some(rate) = rate.and_then(|rate| rate(n as u64)) {
            std::thread::sleep(Duration::from_secs_f64(n as f64 / rate.max(1) as f64));
        }
    }
    Ok((
        hex::encode(sha256.finalize()),
        by_sm3.map(|hash| hex::encode(hash.finalize())),
    ))
}
