//! Every candidate is as likely as any other, wherever he stands in the table; and the hashes are those of the standard.

use super::super::commit::{PoolLine, merkle_root, next_row, order};
use super::super::judge::Status;
use crate::room::{Exclusion, Hex32};
use std::collections::BTreeSet;

fn pool(rows: u32) -> Vec<PoolLine> {
    let line = |no: u32| PoolLine {
        hash: Hex32::sha256(&format!("row {no}")),
        status: Status::Eligible(vec![0]),
    };
    (0..rows).map(line).collect()
}

/// χ² of `draws` first picks among `rows`, and of the second pick after the first.
fn chi_squared(rows: u32, draws: u32, seed_of: impl Fn(u32) -> Hex32) -> [f64; 2] {
    let pool = pool(rows);
    let mut counts = [vec![0_u32; rows as usize], vec![0_u32; rows as usize]];
    for no in 0..draws {
        let order = order(&seed_of(no), &pool);
        counts[0][order[0] as usize] += 1;
        counts[1][order[1] as usize] += 1;
    }
    let expected = f64::from(draws) / f64::from(rows);
    counts.map(|counts| {
        counts
            .iter()
            .map(|n| (f64::from(*n) - expected).powi(2) / expected)
            .sum()
    })
}

/// 99.99 % of χ² with 49 degrees of freedom lie between these.
const LEAST: f64 = 18.0;
const MOST: f64 = 96.0;

#[test]
fn twenty_thousand_draws_favour_nobody() {
    for chi in chi_squared(50, 20_000, |no| Hex32::sha256(&format!("seed {no}"))) {
        assert!((LEAST..MOST).contains(&chi), "χ² is {chi}");
    }
}

#[test]
fn a_seed_that_repeats_itself_is_found_out() {
    let [chi, _] = chi_squared(50, 20_000, |no| Hex32::sha256(&format!("seed {}", no % 40)));
    assert!(chi > MOST, "χ² is {chi}");
}

#[test]
fn the_order_does_not_depend_on_the_table() {
    let seed = Hex32::sha256("seed");
    let (one, mut other) = (pool(300), pool(300));
    other.reverse();
    let hashes = |pool: &[PoolLine]| -> Vec<Hex32> {
        let order = order(&seed, pool);
        order
            .iter()
            .map(|row| pool[*row as usize].hash.clone())
            .collect()
    };
    assert_eq!(hashes(&one), hashes(&other));
}

#[test]
fn a_group_takes_the_first_of_its_own_who_was_not_drawn() {
    let mut pool = pool(6);
    pool[2].status = Status::Eligible(vec![0, 1]);
    pool[4].status = Status::Eligible(vec![1]);
    pool[5].status = Status::Excluded(Exclusion::Ban);
    let order = order(&Hex32::sha256("seed"), &pool);
    assert!(!order.contains(&5));
    let mut drawn = BTreeSet::new();
    let mut of_one = Vec::new();
    while let Some(row) = next_row(&order, &pool, 1, &drawn) {
        drawn.insert(row);
        of_one.push(row);
    }
    let expected: Vec<u32> = order
        .iter()
        .copied()
        .filter(|r| [2, 4].contains(r))
        .collect();
    assert_eq!(of_one, expected);
    assert_eq!(
        next_row(&order, &pool, 0, &drawn).map(|r| [2, 4].contains(&r)),
        Some(false)
    );
}

/// The root over 0 to 3 lines by hand, as RFC 6962 has it.
#[test]
fn the_root_is_the_one_of_the_standard() {
    let sha = |bytes: &[u8]| {
        use sha2::{Digest, Sha256};
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        hash
    };
    let leaf = |text: &str| sha(&[b"\0", text.as_bytes()].concat());
    let node = |l: [u8; 32], r: [u8; 32]| sha(&[b"\x01", &l[..], &r[..]].concat());
    let lines = |n: usize| -> Vec<String> {
        ["a", "b", "c"][..n]
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(merkle_root(&lines(0)), Hex32::of(sha(b"")));
    assert_eq!(merkle_root(&lines(1)), Hex32::of(leaf("a")));
    let two = node(leaf("a"), leaf("b"));
    assert_eq!(merkle_root(&lines(2)), Hex32::of(two));
    assert_eq!(merkle_root(&lines(3)), Hex32::of(node(two, leaf("c"))));
}
