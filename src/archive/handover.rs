//! Owns the handover of sealed bags between venues: what the main venue's box takes from a sub-venue, and the receipt that it
//! signs for it.
//!
//! `handovers/received/<session>-<seal>/` is the bag, `<session>-<seal>.json` beside it the receipt, `.json.p7s` its CMS
//! signature. A sub-venue keeps receipts that it was given in `handovers/receipts/` by the same names.

use super::seal::{SIGNATURE, SIGNED, write_whole};
use super::signature::{self, SignFault};
use super::tree;
use super::verify::{self, Order, Trust, Verdict};
use crate::keys::Keys;
use crate::room::{Note, SessionId, Utc};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folder, beside `sessions`.
pub const HANDOVERS: &str = "handovers";
/// What is copied at a time.
const CHUNK: usize = 1 << 20;
/// A receipt is a few hundred bytes.
const LARGEST_RECEIPT: usize = 64 * 1024;

/// What the receiver says that it has. (Fields may be added; whoever reads an older one is not disturbed.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The session whose archive it is.
    pub session: SessionId,
    /// Real or a rehearsal, as its journal says.
    pub kind: String,
    /// SHA-256 of its `tagmanifest-sha256.txt`, which fixes all else.
    pub seal: String,
    /// Files that were read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whose archive it is, by its signature.
    pub sealed_by: String,
    /// The room that has it now.
    pub received_by: String,
    /// Since when.
    pub at: Utc,
}

/// Why a bag was not taken, or a receipt not believed.
#[derive(Debug, thiserror::Error)]
pub enum HandoverFault {
    /// Nobody's archives are taken.
    #[error(
        "{path}: {cause}; write the CAs of the other venues' boxes into it (their /api/ca.pem), and name it as venues in [storage]"
    )]
    NoVenues {
        /// The file.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// It is no sealed bag.
    #[error("{0} is no sealed archive: name the folder that holds bagit.txt and {SIGNATURE}")]
    NoArchive(String),
    /// It is not as it was sealed, or nobody here trusts who sealed it.
    #[error("the archive was not taken: {0}")]
    NotWhole(String),
    /// There is no room for it.
    #[error("the archive needs {needs} bytes, and {free} are free beyond what sessions need")]
    NoSpace {
        /// Its bytes.
        needs: u64,
        /// What is free.
        free: u64,
    },
    /// The receipt is no receipt, or not by a venue.
    #[error("the receipt is not believed: {0}")]
    Receipt(String),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// The key.
    #[error(transparent)]
    Sign(#[from] SignFault),
}

/// The certificates of other venues' boxes, DER.
///
/// # Errors
/// The file is not there, or holds none.
pub fn venues(path: &Path) -> Result<Vec<Vec<u8>>, HandoverFault> {
    let wrong = |cause: &str| HandoverFault::NoVenues {
        path: path.display().to_string(),
        cause: cause.to_owned(),
    };
    let text = fs::read(path).map_err(|e| wrong(&e.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.map_err(|_| wrong("is no PEM"))?;
    match certificates.is_empty() {
        true => Err(wrong("holds no certificate")),
        false => Ok(certificates.iter().map(|der| der.to_vec()).collect()),
    }
}

/// What taking an archive needs beside it.
#[derive(Debug)]
pub struct Taking<'a> {
    /// The folder that holds `sessions`.
    pub data: &'a Path,
    /// Whose archives are taken, DER.
    pub venues: &'a [Vec<u8>],
    /// Signs the receipt.
    pub keys: &'a Keys,
    /// This room.
    pub room: &'a str,
    /// Free bytes beyond those without which no session starts.
    pub spare: u64,
    /// When.
    pub at: Utc,
}

/// Copies a bag, verifies the copy from the disk, and signs the receipt; `progress` is told the bytes that are done and all of
/// them: copying is the first half, verifying the second. An archive that is here already gets its receipt anew.
///
/// # Errors
/// It is no archive of a trusted venue, is not whole, or does not fit; then nothing of it stays. The disk's and the key's.
pub fn take(
    taking: &Taking<'_>,
    from: &Path,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<(PathBuf, Receipt), HandoverFault> {
    let seal = sealed_by_a_venue(taking, from)?;
    let files = listed(from)?;
    let bytes: u64 = files.iter().map(|(_, bytes)| bytes).sum();
    let received = taking.data.join(HANDOVERS).join("received");
    fs::create_dir_all(&received)?;
    let part = received.join(format!("{}.part", &seal[..16]));
    let known = here(&received, &seal);
    let mut verified = |done| progress(bytes + done, 2 * bytes);
    let verdict = match known
        .as_deref()
        .map(|bag| whole(taking, bag, &mut verified))
    {
        Some(Ok(verdict)) => verdict,
        // what is here has suffered meanwhile: the one that was brought takes its place
        Some(Err(_)) | None => {
            if bytes > taking.spare {
                let free = taking.spare;
                return Err(HandoverFault::NoSpace { needs: bytes, free });
            }
            let taken = copy(from, &part, &files, &mut |done| progress(done, 2 * bytes))
                .map_err(HandoverFault::from)
                .and_then(|()| whole(taking, &part, &mut |done| progress(bytes + done, 2 * bytes)));
            if taken.is_err() && part.exists() {
                fs::remove_dir_all(&part)?;
            }
            taken?
        }
    };
    let session: SessionId = verdict
        .session
        .parse()
        .map_err(|_| HandoverFault::NotWhole("its journal names no session".to_owned()))?;
    let name = format!("{session}-{}", &seal[..16]);
    let bag = received.join(&name);
    if part.exists() {
        if bag.exists() {
            fs::remove_dir_all(&bag)?;
        }
        fs::rename(&part, &bag)?;
        File::open(&received)?.sync_all()?;
    }
    let receipt = Receipt {
        session,
        kind: verdict.session_kind,
        seal,
        files: verdict.files,
        bytes: verdict.bytes,
        sealed_by: match verdict.trust {
            Trust::Trusted { signer } => signer,
            Trust::Unsigned | Trust::NotTrusted { .. } => String::new(),
        },
        received_by: taking.room.to_owned(),
        at: taking.at,
    };
    let mut text = serde_json::to_vec_pretty(&receipt).map_err(io::Error::from)?;
    text.push(b'\n');
    let signature = signature::sign(taking.keys, &text, taking.at)?;
    keep(&received, &name, &text, &signature)?;
    Ok((received.join(format!("{name}.json")), receipt))
}

/// The seal of a bag that a trusted venue signed; its files are not looked at yet.
fn sealed_by_a_venue(taking: &Taking<'_>, from: &Path) -> Result<String, HandoverFault> {
    let none = || HandoverFault::NoArchive(from.display().to_string());
    let signed = fs::read(from.join(SIGNED)).map_err(|_| none())?;
    let signature = fs::read(from.join(SIGNATURE)).map_err(|_| none())?;
    let by = signature::check(&signature, Some(&signed))
        .map_err(|why| HandoverFault::NotWhole(format!("its signature {why}")))?;
    let at = by.at.unwrap_or(taking.at);
    match signature::chain(&by, taking.venues, at) {
        Ok(true) => Ok(hex::encode(Sha256::digest(&signed))),
        Ok(false) => Err(HandoverFault::NotWhole(format!(
            "it is signed by {}, which is none of this room's venues",
            signature::subject(&by.signer)
        ))),
        Err(why) => Err(HandoverFault::NotWhole(why)),
    }
}

/// All files of a folder with their lengths, by path; a link or a device is none.
fn listed(bag: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let files = tree::below(bag)?.into_iter();
    files
        .map(|(path, metadata)| match metadata.is_file() {
            true => Ok((path, metadata.len())),
            false => {
                let what = format!("{} is a link or a device", path.display());
                Err(io::Error::other(what))
            }
        })
        .collect()
}

/// The bag with that seal, where it was taken before.
fn here(received: &Path, seal: &str) -> Option<PathBuf> {
    let folders = fs::read_dir(received).ok()?.flatten();
    let ending = format!("-{}", &seal[..16]);
    folders
        .map(|entry| entry.path())
        .find(|path| path.is_dir() && path.to_string_lossy().ends_with(&ending))
}

fn copy(
    from: &Path,
    to: &Path,
    files: &[(PathBuf, u64)],
    progress: &mut dyn FnMut(u64),
) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    let mut done = 0;
    let mut chunk = vec![0; CHUNK];
    for (path, _) in files {
        let own = to.join(path);
        fs::create_dir_all(own.parent().unwrap_or(to))?;
        let mut source = File::open(from.join(path))?;
        let mut copy = File::create(&own)?;
        loop {
            let n = source.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            copy.write_all(&chunk[..n])?;
            done += n as u64;
            progress(done);
        }
        copy.sync_all()?;
    }
    Ok(())
}

/// Verifies a bag that lies here, from the disk, and tells the bytes that are done.
fn whole(
    taking: &Taking<'_>,
    bag: &Path,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Verdict, HandoverFault> {
    let order = Order {
        bag: bag.to_owned(),
        trusted: taking.venues.to_vec(),
        witnesses: Vec::new(),
    };
    let told = Mutex::new((0, progress));
    let read = |bytes| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.0 += bytes;
        let done = told.0;
        (told.1)(done);
        None
    };
    let verdict = verify::read_back(&order, &read).map_err(HandoverFault::NotWhole)?;
    if let Some(fault) = verdict.faults.first() {
        let why = format!(
            "{} faults, the first: {}: {}",
            verdict.faults.len(),
            fault.file,
            fault.detail
        );
        return Err(HandoverFault::NotWhole(why));
    }
    match verdict.exit_code() {
        0 => Ok(verdict),
        4 => Err(HandoverFault::NotWhole("it is a clip".to_owned())),
        _ => Err(HandoverFault::NotWhole("it is not trusted".to_owned())),
    }
}

fn keep(folder: &Path, name: &str, text: &[u8], signature: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    write_whole(&folder.join(format!("{name}.json.p7s")), signature)?;
    write_whole(&folder.join(format!("{name}.json")), text)?;
    File::open(folder)?.sync_all()
}

/// Believes a receipt that a trusted venue signed, and keeps both. Gives it, whose it is, and its SHA-256.
///
/// # Errors
/// It is no receipt, or nobody here trusts who signed it; the disk's.
pub fn believe(
    data: &Path,
    venues: &[Vec<u8>],
    (text, signature): (&[u8], &[u8]),
    at: Utc,
) -> Result<(Receipt, Note, String), HandoverFault> {
    let no = |why: String| HandoverFault::Receipt(why);
    if text.len() > LARGEST_RECEIPT {
        return Err(no("it is far too long for one".to_owned()));
    }
    let by = signature::check(signature, Some(text))
        .map_err(|why| no(format!("its signature {why}")))?;
    let signer = signature::subject(&by.signer);
    if !signature::chain(&by, venues, by.at.unwrap_or(at)).map_err(no)? {
        return Err(no(format!(
            "it is signed by {signer}, which is none of this room's venues"
        )));
    }
    let receipt: Receipt =
        serde_json::from_slice(text).map_err(|e| no(format!("it is no receipt: {e}")))?;
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !hex(&receipt.seal) {
        return Err(no("its seal is no SHA-256".to_owned()));
    }
    let signer = Note::new(&signer).ok_or_else(|| no("its signer has no name".to_owned()))?;
    let name = format!("{}-{}", receipt.session, &receipt.seal[..16]);
    keep(
        &data.join(HANDOVERS).join("receipts"),
        &name,
        text,
        signature,
    )?;
    Ok((receipt, signer, hex::encode(Sha256::digest(text))))
}
