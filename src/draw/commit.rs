//! Owns the hashes of a draw: rows, the Merkle root over the public list, and the order that follows from the seed.

use super::judge::Status;
use crate::room::Hex32;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// A line of the public pool list: the row's salted hash, a space, its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PoolLine {
    pub(super) hash: Hex32,
    pub(super) status: Status,
}

impl PoolLine {
    /// From the row's salt and text.
    pub(super) fn new(salt: &str, row: &str, status: Status) -> Self {
        let hash = Hex32::sha256(&format!("{salt}\n{row}"));
        Self { hash, status }
    }

    pub(super) fn parse(line: &str) -> Option<Self> {
        let (hash, status) = line.split_once(' ')?;
        Some(Self {
            hash: hash.parse().ok()?,
            status: status.parse().ok()?,
        })
    }

    pub(super) fn text(&self) -> String {
        format!("{} {}", self.hash, self.status)
    }

    fn is_for(&self, group: u8) -> bool {
        match &self.status {
            Status::Eligible(groups) => groups.contains(&group),
            Status::Excluded(_) => false,
        }
    }
}

/// Merkle Tree Hash of RFC 6962, section 2.1, over the lines.
pub(super) fn merkle_root(lines: &[String]) -> Hex32 {
    Hex32::of(subtree(lines))
}

fn subtree(lines: &[String]) -> [u8; 32] {
    let hash = |parts: &[&[u8]]| {
        let mut sha = Sha256::new();
        parts.iter().for_each(|part| sha.update(part));
        sha.finalize().into()
    };
    match lines {
        [] => hash(&[]),
        [line] => hash(&[b"\0", line.as_bytes()]),
        _ => {
            // the largest power of two below the number of lines
            let left = lines.len().next_power_of_two() / 2;
            let (left, right) = lines.split_at(left);
            hash(&[b"\x01", &subtree(left), &subtree(right)])
        }
    }
}

/// The permutation: all rows that may be drawn, by SHA-256 of seed and row hash, as numbers of rows.
pub(super) fn order(seed: &Hex32, pool: &[PoolLine]) -> Vec<u32> {
    let eligible = pool.iter().zip(0_u32..);
    let eligible = eligible.filter(|(line, _)| matches!(line.status, Status::Eligible(_)));
    let mut ranked: Vec<(Hex32, u32)> = eligible
        .map(|(line, row)| (Hex32::sha256(&format!("{seed}{}", line.hash)), row))
        .collect();
    ranked.sort();
    ranked.into_iter().map(|(_, row)| row).collect()
}

/// The next row for a group: the first in the order that is of the group and was not drawn.
pub(super) fn next_row(
    order: &[u32],
    pool: &[PoolLine],
    group: u8,
    drawn: &BTreeSet<u32>,
) -> Option<u32> {
    let mut rows = order.iter().copied();
    rows.find(|row| pool[*row as usize].is_for(group) && !drawn.contains(row))
}
