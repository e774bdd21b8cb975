//! Owns an order that the pool's owner has drawn already: how it is written, and that it is proven before anybody is called.
//!
//! The owner draws by the algorithm of the README, with two parties of his own, signs what a stranger needs, and encrypts all of it
//! to the box. So the order is checked like the box's own, and the public record covers both.

use super::day::local_day;
use super::judge::Rules;
use super::opening::{OpenRow, Opening};
use super::pool::PoolPerson;
use crate::keys::{EnvelopeFault, Keys};
use crate::room::{
    ArrivedOrder, DrawCommitments, GivenOrder, Hex32, Hex64, Now, OrderFault, SessionId, Utc,
    draw_algorithm,
};
use crate::vault::{check_id_number, check_mobile, name_fault};
use jiff::civil::Date;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// Rows at most: a pool of a city.
const MOST_ROWS: usize = 20_000;

/// The file inside the envelope, JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenFile {
    /// `bidroom-draw/1`.
    pub algorithm: String,
    /// For which session.
    pub session: SessionId,
    /// Which of the owner's draws for it.
    pub attempt: u16,
    /// Hash of the second party's secret.
    pub supervisor_commitment: Hex32,
    /// That secret.
    pub supervisor_secret: Hex32,
    /// The owner's secret.
    pub box_secret: Hex32,
    /// The rules, as the text that was hashed.
    pub rules: String,
    /// The rows, as the texts that were hashed.
    pub rows: Vec<OpenRow>,
    /// The owner's Ed25519 key.
    pub key: Hex32,
    /// Over the text of the README.
    pub signature: Hex64,
}

impl std::fmt::Debug for GivenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GivenFile(…)")
    }
}

/// Why an order is not taken. Names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GivenFault {
    /// Not for this box, or no container.
    #[error(transparent)]
    Envelope(#[from] crate::keys::EnvelopeFault),
    /// No such file.
    #[error("the order's file is not as the README describes it (line {line}, column {column})")]
    Unreadable {
        /// Where.
        line: usize,
        /// Where in it.
        column: usize,
    },
    /// Drawn by an algorithm that is not known here.
    #[error("the order was drawn by another algorithm than bidroom-draw/1")]
    Algorithm,
    /// For another session.
    #[error("the order is for another session")]
    OtherSession,
    /// Nobody here trusts that key.
    #[error("the order's key is none of [hub] pool_keys, or of [hub] keys where there are none")]
    UnknownKey,
    /// Changed, or another key's.
    #[error("the order's signature is not its key's")]
    Signature,
    /// A secret is not what was committed to.
    #[error("a secret of the order is not the one that was committed to")]
    Secret,
    /// The rules cannot be read.
    #[error("the order's rules cannot be read")]
    Rules,
    /// The rules are for another day.
    #[error("the order avoids people by another day than the session's: {day}")]
    OtherDay {
        /// The order's.
        day: Date,
    },
    /// A row cannot be used.
    #[error(
        "row {row} of the order, counted from 0: its name, number or ID number is not valid, or it stands there twice"
    )]
    Row {
        /// Which.
        row: usize,
    },
    /// No row, or too many.
    #[error("the order has no row, or more than 20,000")]
    Rows,
    /// The specialities are others.
    #[error("the order's specialities are not the ones that are asked for")]
    Groups,
    /// Somebody is named who could be drawn too.
    #[error(
        "a named member stands in the order and could be drawn too; ask its owner for an order that leaves him out"
    )]
    Named,
}

impl From<&GivenFault> for OrderFault {
    fn from(fault: &GivenFault) -> Self {
        match fault {
            GivenFault::Envelope(EnvelopeFault::NotOne) => Self::NotAnEnvelope,
            GivenFault::Envelope(EnvelopeFault::NotForThisBox) => Self::NotForThisBox,
            GivenFault::Unreadable { .. } | GivenFault::Rules | GivenFault::Rows => {
                Self::Unreadable
            }
            GivenFault::Algorithm => Self::OtherAlgorithm,
            GivenFault::OtherSession => Self::OtherSession,
            GivenFault::UnknownKey => Self::UnknownKey,
            GivenFault::Signature | GivenFault::Secret => Self::NotProven,
            GivenFault::OtherDay { .. } => Self::OtherDay,
            GivenFault::Row { .. } => Self::BadRow,
            GivenFault::Groups => Self::OtherSpecialities,
            GivenFault::Named => Self::NamedMember,
        }
    }
}

/// Whom an order is judged for.
pub(super) struct Expected<'a> {
    pub(super) session: &'a SessionId,
    pub(super) day: Date,
    pub(super) trusted: &'a [Hex32],
    /// ID numbers of named members.
    pub(super) named: &'a [String],
}

/// Opens an order and proves it for a session that begins at `start`, before anybody asks for specialities or names members.
///
/// # Errors
/// Why it is not taken.
pub fn prove_order(
    keys: &Keys,
    container: &[u8],
    (session, start): (&SessionId, Utc),
    trusted: &[Hex32],
    now: &Now,
) -> Result<ArrivedOrder, GivenFault> {
    let text = keys.open_envelope(container)?;
    let expected = Expected {
        session,
        day: local_day(start, now.utc_offset),
        trusted,
        named: &[],
    };
    let (opening, rules, order) = read(&text, &expected)?;
    Ok(ArrivedOrder {
        sha256: Hex32::of(Sha256::digest(container).into()),
        bytes: container.len() as u64,
        key: order.key,
        rows: u32::try_from(opening.rows.len()).unwrap_or(u32::MAX),
        specialities: rules.specialities,
    })
}

/// Reads an order that was opened, and proves it.
pub(super) fn read(
    text: &[u8],
    expected: &Expected<'_>,
) -> Result<(Opening, Rules, GivenOrder), GivenFault> {
    let file: GivenFile = serde_json::from_slice(text).map_err(|fault| GivenFault::Unreadable {
        line: fault.line(),
        column: fault.column(),
    })?;
    let held = |holds: bool, fault: GivenFault| if holds { Ok(()) } else { Err(fault) };
    held(
        file.algorithm == draw_algorithm(false),
        GivenFault::Algorithm,
    )?;
    held(&file.session == expected.session, GivenFault::OtherSession)?;
    held(expected.trusted.contains(&file.key), GivenFault::UnknownKey)?;
    held((1..=MOST_ROWS).contains(&file.rows.len()), GivenFault::Rows)?;
    let supervisor = Hex32::sha256(file.supervisor_secret.as_str());
    held(supervisor == file.supervisor_commitment, GivenFault::Secret)?;
    let opening = Opening {
        secret: file.box_secret,
        rules: file.rules,
        rows: file.rows,
    };
    let rules = opening.rules().map_err(|_| GivenFault::Rules)?;
    let day = rules.day;
    held(day == expected.day, GivenFault::OtherDay { day })?;
    rows(&opening, &rules, expected)?;
    let basis = opening.basis(&[], Vec::new(), None, None);
    let basis = basis.map_err(|_| GivenFault::Rules)?;
    let given = GivenOrder {
        key: file.key,
        attempt: file.attempt,
        supervisor,
        supervisor_secret: file.supervisor_secret,
        box_secret: opening.secret.clone(),
        signature: file.signature,
    };
    let commitments = DrawCommitments::of(given.attempt, &basis, &given.supervisor);
    let text = given.text(expected.session, &commitments);
    let signed = is_signed(&given.key, &given.signature, &text);
    held(signed, GivenFault::Signature)?;
    Ok((opening, rules, given))
}

fn rows(opening: &Opening, rules: &Rules, expected: &Expected<'_>) -> Result<(), GivenFault> {
    let mut known = HashSet::new();
    for (row, open) in opening.rows.iter().enumerate() {
        let wrong = GivenFault::Row { row };
        let person: PoolPerson = serde_json::from_str(&open.row).map_err(|_| wrong.clone())?;
        let valid = name_fault(&person.name).is_none()
            && check_mobile(&person.phone).is_some_and(|phone| *phone == person.phone)
            && check_id_number(&person.id_number).is_ok()
            && known.insert(person.id_number.clone());
        if !valid {
            return Err(wrong);
        }
        let named = expected.named.contains(&person.id_number);
        if named && matches!(rules.judge(&person), super::judge::Status::Eligible(_)) {
            return Err(GivenFault::Named);
        }
    }
    Ok(())
}

/// Whether that key has signed the text.
pub(super) fn is_signed(key: &Hex32, signature: &Hex64, text: &str) -> bool {
    let (mut bytes, mut signed) = ([0; 32], [0; 64]);
    hex::decode_to_slice(key.as_str(), &mut bytes).is_ok()
        && hex::decode_to_slice(signature.as_str(), &mut signed).is_ok()
        && UnparsedPublicKey::new(&ED25519, bytes)
            .verify(text.as_bytes(), &signed)
            .is_ok()
}
