//! Owns the later looks at the box's own bags: which files are not as they were sealed, and what a file must be that takes
//! the place of one.

use super::bag_folder;
use super::seal::SIGNED;
use super::tree;
use super::verify::{self, Order, Rate};
use crate::room::{Seal, SessionId};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The bag's list of its payload.
const MANIFEST: &str = "manifest-sha256.txt";
/// What makes a folder a bag: without it nothing else is looked at.
const DECLARATION: &str = "bagit.txt";

/// What ends the name of a file that is being fetched.
pub(super) const FETCHING: &str = "part";

/// What one look found.
#[derive(Debug, Default)]
pub struct Look {
    /// Files read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that are not as they were sealed. Lists before what they list.
    pub damaged: Vec<String>,
}

/// Reads all of a bag again, from the disk, at most as fast as `rate` says; `ca` is the box's own, DER.
pub fn look(data: &Path, session: &SessionId, seal: &Seal, ca: &[u8], rate: Rate<'_>) -> Look {
    let bag = bag_folder(data, session);
    let order = Order {
        bag: bag.clone(),
        trusted: vec![ca.to_vec()],
        witnesses: Vec::new(),
    };
    // no sealed file has such a name
    let fetching = format!(".{FETCHING}");
    if let Err(fault) = tree::remove(&bag, |name| name.ends_with(&fetching)) {
        tracing::error!(%session, %fault, "what a killed healing left cannot be removed");
    }
    let mut damaged = BTreeSet::new();
    let (mut files, mut bytes) = (0, 0);
    match verify::read_back(&order, rate) {
        Ok(verdict) => {
            (files, bytes) = (verdict.files, verdict.bytes);
            damaged.extend(verdict.faults.into_iter().map(|fault| fault.file));
        }
        Err(why) => {
            tracing::error!(%session, why, "the archive cannot be read");
            damaged.insert(DECLARATION.to_owned());
        }
    }
    if sha256(&bag, SIGNED).as_ref() != Some(&seal.sha256) {
        damaged.insert(SIGNED.to_owned());
    }
    // a sum in bag-info.txt that is not right any more says nothing against bag-info.txt
    let mut damaged: Vec<_> = damaged
        .into_iter()
        .filter(|file| {
            let expected = expected(data, session, seal, file);
            expected.is_none() || sha256(&bag, file) != expected
        })
        .collect();
    damaged.sort_by_key(|file| match file.as_str() {
        SIGNED => 0,
        MANIFEST => 1,
        _ => 2,
    });
    Look {
        files,
        bytes,
        damaged,
    }
}

/// The SHA-256 that a file of the bag must have, from the seal down; none where no list that is whole names it: signatures,
/// and what was found when the bag was read back.
pub fn expected(data: &Path, session: &SessionId, seal: &Seal, file: &str) -> Option<String> {
    let bag = bag_folder(data, session);
    let named = |list: &str, file: &str| {
        let text = fs::read_to_string(bag.join(list)).ok()?;
        let mut lines = text.lines().filter_map(|line| line.split_once("  "));
        let found = lines.find(|(_, path)| *path == file);
        found.map(|(sha256, _)| sha256.to_owned())
    };
    if file == SIGNED {
        return Some(seal.sha256.clone());
    }
    if sha256(&bag, SIGNED).as_ref() != Some(&seal.sha256) {
        return None;
    }
    let of_manifest = named(SIGNED, MANIFEST);
    match file.starts_with("data/") {
        false => named(SIGNED, file),
        true if sha256(&bag, MANIFEST) == of_manifest => named(MANIFEST, file),
        true => None,
    }
}

fn sha256(bag: &Path, file: &str) -> Option<String> {
    let bytes = fs::read(bag.join(file)).ok()?;
    Some(hex::encode(Sha256::digest(bytes)))
}
