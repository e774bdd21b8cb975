//! Owns how a public record is verified: every hash, the seed, and each candidate is computed anew; with the opening that
//! the auditor's container holds, also who was in the pool and who had to be avoided.

use super::commit::{PoolLine, merkle_root, next_row, order};
use super::given::is_signed;
use super::opening::Opening;
use super::record::PublicRecord;
use crate::room::{DrawCommitments, GivenOrder, Hex32, SeedParts, draw_algorithm, draw_seed};
use std::collections::BTreeSet;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// What is wrong, each in a line.
    pub faults: Vec<String>,
    /// What was computed and is right.
    pub right: Vec<String>,
}

impl Findings {
    fn check(&mut self, right: bool, what: &str) {
        let list = if right {
            &mut self.right
        } else {
            &mut self.faults
        };
        list.push(what.to_owned());
    }
}

/// Computes a draw anew.
pub fn verify(record: &PublicRecord, opening: Option<&Opening>) -> Findings {
    let mut found = Findings::default();
    found.check(
        record.algorithm == draw_algorithm(record.hub_key.is_some()),
        "the algorithm is known",
    );
    let (Some(commitment), Some(supervisor_secret), Some(box_secret), Some(seed)) = (
        &record.supervisor_commitment,
        &record.supervisor_secret,
        &record.box_secret,
        &record.seed,
    ) else {
        found
            .faults
            .push("the draw has no seed: it was ended, or is not over".to_owned());
        return found;
    };
    let pool: Option<Vec<PoolLine>> = record.pool.iter().map(|l| PoolLine::parse(l)).collect();
    let Some(pool) = pool else {
        found
            .faults
            .push("a line of the pool cannot be read".to_owned());
        return found;
    };
    let hashes: BTreeSet<&Hex32> = pool.iter().map(|line| &line.hash).collect();
    found.check(
        hashes.len() == pool.len(),
        "no row stands in the pool twice",
    );
    found.check(
        merkle_root(&record.pool) == record.root,
        "the pool is the one that was committed to",
    );
    found.check(
        &Hex32::sha256(supervisor_secret.as_str()) == commitment,
        "the supervisor's secret is the one that was committed to",
    );
    found.check(
        Hex32::sha256(box_secret.as_str()) == record.box_commitment,
        "the box's secret is the one that was committed to",
    );
    let commitments = DrawCommitments {
        attempt: record.given_attempt.unwrap_or(record.attempt),
        root: record.root.clone(),
        rules: record.rules.clone(),
        commitment: record.box_commitment.clone(),
        supervisor: commitment.clone(),
    };
    if let Some(key) = &record.hub_key {
        let text = commitments.text(&record.session);
        let signed = record.hub_signature.as_ref();
        found.check(
            signed.is_some_and(|signature| is_signed(key, signature, &text)),
            "the hub's key has signed what was committed to",
        );
    }
    if let Some(key) = &record.given_key {
        let signed = record.given_signature.as_ref().is_some_and(|signature| {
            let given = GivenOrder {
                key: key.clone(),
                attempt: commitments.attempt,
                supervisor: commitments.supervisor.clone(),
                supervisor_secret: supervisor_secret.clone(),
                box_secret: box_secret.clone(),
                signature: signature.clone(),
            };
            is_signed(key, signature, &given.text(&record.session, &commitments))
        });
        found.check(signed, "the pool's owner has signed the order that he drew");
    }
    let parts = SeedParts {
        commitments: &commitments,
        supervisor_secret,
        box_secret,
        hub: record.hub_signature.as_ref(),
    };
    let own = draw_seed(&record.session, &parts);
    found.check(&own == seed, "the seed follows from all of these");
    candidates(record, &pool, &own, &mut found);
    if let Some(opening) = opening {
        open(record, &pool, opening, &mut found);
    }
    found
}

fn candidates(record: &PublicRecord, pool: &[PoolLine], seed: &Hex32, found: &mut Findings) {
    let order = order(seed, pool);
    let mut drawn = BTreeSet::new();
    let mut wrong = 0_usize;
    for line in &record.drawn {
        let row = next_row(&order, pool, line.group, &drawn);
        if row != Some(line.row) {
            wrong += 1;
            found.faults.push(format!(
                "candidate {} of group {} is row {}, and should be {}",
                line.candidate,
                line.group,
                line.row,
                row.map_or("nobody".to_owned(), |row| row.to_string())
            ));
        }
        drawn.insert(line.row);
    }
    if wrong == 0 {
        found.right.push(format!(
            "all {} candidates stand where the order puts them",
            record.drawn.len()
        ));
    }
    for (group, number) in record.groups.iter().zip(0_u8..) {
        let accepted = record
            .drawn
            .iter()
            .filter(|line| line.group == number && matches!(line.outcome.as_str(), "accepted"));
        if accepted.count() > usize::from(group.count) {
            found.faults.push(format!(
                "more accepted for group {number} than it has places"
            ));
        }
    }
}

fn open(record: &PublicRecord, pool: &[PoolLine], opening: &Opening, found: &mut Findings) {
    found.check(
        Hex32::sha256(&opening.rules) == record.rules,
        "the rules are the ones that were committed to",
    );
    let own = opening.lines().ok();
    found.check(
        own.as_deref() == Some(pool),
        "every row of the pool, and who had to be avoided, follows from the opened pool and rules",
    );
}
