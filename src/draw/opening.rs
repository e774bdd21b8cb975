//! Owns what the box committed to, in clear: it lies in the vault, and opens the public record for an auditor.

use super::commit::{PoolLine, merkle_root};
use super::judge::{Rules, Status};
use super::pool::PoolPerson;
use crate::room::{DrawBasis, DrawHub, Exclusion, GivenOrder, Group, Hex32, NewMember};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Pool, salts, rules and the box's secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The box's secret; public once the draw is seeded.
    pub secret: Hex32,
    /// The rules, as the text that was hashed.
    pub rules: String,
    /// The pool's rows in the table's order.
    pub rows: Vec<OpenRow>,
}

/// One row of the pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRow {
    /// 32 random bytes, hex: without them nobody can guess who a hash is.
    pub salt: String,
    /// The row, as the text that was hashed.
    pub row: String,
}

impl Opening {
    /// Seals pool and rules to texts.
    pub(super) fn new(
        secret: Hex32,
        rules: &Rules,
        pool: &[PoolPerson],
        mut salt: impl FnMut() -> String,
    ) -> serde_json::Result<Self> {
        let row = |person| {
            Ok(OpenRow {
                salt: salt(),
                row: serde_json::to_string(person)?,
            })
        };
        Ok(Self {
            secret,
            rules: serde_json::to_string(rules)?,
            rows: pool.iter().map(row).collect::<serde_json::Result<_>>()?,
        })
    }

    /// The rules.
    ///
    /// # Errors
    /// The text is none of this program.
    pub fn rules(&self) -> serde_json::Result<Rules> {
        serde_json::from_str(&self.rules)
    }

    /// Who stands in a row.
    pub(super) fn person(&self, row: u32) -> Option<PoolPerson> {
        let row = self.rows.get(row as usize)?;
        serde_json::from_str(&row.row).ok()
    }

    /// The public list.
    pub(super) fn lines(&self) -> serde_json::Result<Vec<PoolLine>> {
        let rules = self.rules()?;
        let line = |open: &OpenRow| {
            let person: PoolPerson = serde_json::from_str(&open.row)?;
            Ok(PoolLine::new(&open.salt, &open.row, rules.judge(&person)))
        };
        self.rows.iter().map(line).collect()
    }

    /// What the box commits to.
    pub(super) fn basis(
        &self,
        counts: &[u8],
        named: Vec<NewMember>,
        hub: Option<DrawHub>,
        given: Option<GivenOrder>,
    ) -> serde_json::Result<DrawBasis> {
        let (rules, lines) = (self.rules()?, self.lines()?);
        let mut excluded: BTreeMap<Exclusion, u32> = BTreeMap::new();
        let mut eligible = vec![0_u32; rules.specialities.len()];
        let mut any = 0;
        for line in &lines {
            match &line.status {
                Status::Excluded(exclusion) => *excluded.entry(*exclusion).or_default() += 1,
                Status::Eligible(groups) => {
                    any += 1;
                    groups.iter().for_each(|g| eligible[usize::from(*g)] += 1);
                }
            }
        }
        let groups = rules.specialities.iter().zip(counts).zip(eligible);
        let texts: Vec<String> = lines.iter().map(PoolLine::text).collect();
        Ok(DrawBasis {
            rows: u32::try_from(lines.len()).unwrap_or(u32::MAX),
            eligible: any,
            excluded,
            groups: groups
                .map(|((speciality, count), eligible)| Group {
                    speciality: speciality.clone(),
                    count: *count,
                    eligible,
                })
                .collect(),
            named,
            root: merkle_root(&texts),
            rules: Hex32::sha256(&self.rules),
            commitment: Hex32::sha256(self.secret.as_str()),
            hub,
            given,
        })
    }

    /// Whether it is what the box committed to.
    pub(super) fn fits(&self, basis: &DrawBasis) -> bool {
        let counts: Vec<u8> = basis.groups.iter().map(|g| g.count).collect();
        let own = self.basis(
            &counts,
            basis.named.clone(),
            basis.hub.clone(),
            basis.given.clone(),
        );
        own.is_ok_and(|own| &own == basis)
    }
}
