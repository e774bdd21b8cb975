//! Whether a sealed archive is whole and whose it is, without the box: reads only, follows no link, and takes nothing for
//! granted of what it reads. Reading order: the verdict, the files and manifests, the chains, the signatures.

mod chains;
mod files;
mod signatures;
mod verdict;

pub use verdict::{Fault, FaultKind, Stretch, Trust, Verdict};

use std::path::{Path, PathBuf};

/// What to verify, and whom to trust.
#[derive(Debug, Default)]
pub struct Order {
    /// The bag's folder.
    pub bag: PathBuf,
    /// Certificates that are trusted, DER.
    pub trusted: Vec<Vec<u8>>,
    /// Checkpoints that others kept: files of lines as in `checkpoints.jsonl`.
    pub witnesses: Vec<PathBuf>,
}

/// Is told the bytes that were just read, and says how many a second may be read at this moment; none where it does not matter.
pub type Rate<'a> = &'a (dyn Fn(u64) -> Option<u64> + Sync);

/// Verifies a bag, on all cores.
///
/// # Errors
/// It is no bag, or cannot be read at all.
pub fn verify(order: &Order) -> Result<Verdict, String> {
    judge(order, None)
}

/// Verifies a bag that this machine wrote: from the disk and not from memory, one file after the other, at most as fast as
/// `rate` says.
///
/// # Errors
/// As [`verify`].
pub fn read_back(order: &Order, rate: Rate<'_>) -> Result<Verdict, String> {
    judge(order, Some(rate))
}

fn judge(order: &Order, rate: Option<Rate<'_>>) -> Result<Verdict, String> {
    let mut verdict = Verdict::default();
    let found = files::read(&order.bag, rate, &mut verdict)?;
    chains::check(order, &found, &mut verdict);
    signatures::check(order, &found, &mut verdict);
    Ok(verdict)
}

/// Which of the signatures and what they sign beside the manifests are not right in themselves, whoever signed.
pub fn vouchers(bag: &Path) -> Vec<String> {
    let order = Order {
        bag: bag.to_owned(),
        ..Order::default()
    };
    let mut verdict = Verdict::default();
    signatures::vouchers(&order, &mut verdict);
    verdict.faults.into_iter().map(|fault| fault.file).collect()
}

/// A small file of the bag, as long as it is small.
fn tag_file(bag: &Path, name: &str) -> Option<Vec<u8>> {
    files::small(&bag.join(name)).ok()
}
