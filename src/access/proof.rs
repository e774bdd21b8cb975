//! Owns how an account proves itself: its password and second factor, and the count of failures
//! that locks it.
//!
//! A failure is counted before the password is checked and taken back if it was right, so that
//! many attempts at once count like many in a row.

use super::accounts::StoredAccount;
use super::audit::{Act, AuditKind, AuditObject, AuditResult};
use super::error::AccessError;
use super::factor::check_code;
use super::policy::SecondFactor;
use super::principal::Principal;
use super::store::Access;
use crate::keys::{Keys, MacPurpose, Secret};
use crate::room::{Span, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use std::net::IpAddr;

/// After so long without a failure, earlier ones no longer count.
const FORGET_FAILURES: Span = Span::hours(24);

impl Access {
    /// Checks password and second factor, counting and writing down a failure.
    pub(super) fn prove(
        &self,
        kind: AuditKind,
        name: &str,
        password: &Secret,
        code: Option<&Secret>,
        address: Option<IpAddr>,
        now: Utc,
    ) -> Result<StoredAccount, AccessError> {
        let account = self.prove_password(kind, name, password, address, now)?;
        let mut db = self.db();
        let tx = db.transaction()?;
        let asked = self.policy().second_factor != SecondFactor::Off;
        let right = match (&account.factor, code) {
            (Some(sealed), Some(code)) if asked => {
                check_code(&tx, self.keys(), &account.id, sealed, code, now)?
            }
            (Some(_), None) if asked => false,
            (Some(_) | None, _) => true,
        };
        if right {
            forgive(&tx, self.keys(), name)?;
            tx.commit()?;
            return Ok(account);
        }
        let object = AuditObject::Account(account.id.clone());
        let act = Act {
            by: &Principal::Anonymous,
            address,
            now,
        };
        self.append(&tx, act, kind, &object, AuditResult::Refused("wrong"))?;
        tx.commit()?;
        self.address_failed(address, now);
        Err(AccessError::Refused)
    }

    /// Checks the password. The failure stays counted until [`forgive`].
    pub(super) fn prove_password(
        &self,
        kind: AuditKind,
        name: &str,
        password: &Secret,
        address: Option<IpAddr>,
        now: Utc,
    ) -> Result<StoredAccount, AccessError> {
        let act = Act {
            by: &Principal::Anonymous,
            address,
            now,
        };
        let refuse = |object: &AuditObject, why| {
            self.address_failed(address, now);
            self.record(act, kind, object, AuditResult::Refused(why))
        };
        let found = {
            let mut db = self.db();
            let tx = db.transaction()?;
            let locked = self.count_attempt(&tx, name, now)?;
            let found = StoredAccount::find(&tx, name)?.filter(|a| a.approved && !a.closed);
            tx.commit()?;
            drop(db);
            if let Some(until) = locked {
                refuse(&object_of(found.as_ref()), "locked-out")?;
                return Err(AccessError::LockedOut { until });
            }
            found
        };
        let hash = found.as_ref().map(|account| account.password.as_str());
        let right = match self.hasher().verify(password, hash, now) {
            Ok(right) => right,
            Err(busy) => {
                // nothing was tried
                take_back(&self.db(), self.keys(), name)?;
                return Err(busy);
            }
        };
        match found {
            Some(account) if right => Ok(account),
            wrong => {
                refuse(
                    &object_of(wrong.as_ref()),
                    if wrong.is_some() {
                        "wrong"
                    } else {
                        "unknown-account"
                    },
                )?;
                Err(AccessError::Refused)
            }
        }
    }

    /// Counts an attempt as a failure; until when the name is locked, if it is.
    fn count_attempt(
        &self,
        tx: &Connection,
        name: &str,
        now: Utc,
    ) -> Result<Option<Utc>, AccessError> {
        let key = attempt_key(self.keys(), name);
        tx.execute(
            "DELETE FROM attempt WHERE last < ?1 OR last > ?2 OR locked_until <= ?3",
            params![
                now.0 - span_ms(FORGET_FAILURES),
                (now + Span::minutes(2)).0,
                now.0
            ],
        )?;
        let stored: Option<(u32, Option<i64>)> = tx
            .query_row(
                "SELECT failures, locked_until FROM attempt WHERE name = ?1",
                [key],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let (failures, locked_until) = stored.unwrap_or((0, None));
        if let Some(until) = locked_until {
            return Ok(Some(Utc(until)));
        }
        let failures = failures + 1;
        let locked_until =
            (failures >= self.policy().failures).then(|| (now + self.policy().lockout).0);
        tx.execute(
            "INSERT OR REPLACE INTO attempt VALUES (?1, ?2, ?3, ?4)",
            params![key, failures, locked_until, now.0],
        )?;
        Ok(None)
    }
}

fn object_of(account: Option<&StoredAccount>) -> AuditObject {
    // what was typed as a name may be a password, or anybody's name
    account.map_or(AuditObject::None, |account| {
        AuditObject::Account(account.id.clone())
    })
}

fn span_ms(span: Span) -> i64 {
    i64::try_from(span.0).unwrap_or(i64::MAX)
}

/// Under which failures of a name are counted; what was typed cannot be read from it.
pub(super) fn attempt_key(keys: &Keys, name: &str) -> [u8; 32] {
    keys.hmac(
        MacPurpose::Attempt,
        name.trim().to_ascii_lowercase().as_bytes(),
    )
}

/// Forgets a name's failures: it proved itself.
pub(super) fn forgive(tx: &Connection, keys: &Keys, name: &str) -> Result<(), AccessError> {
    tx.execute(
        "DELETE FROM attempt WHERE name = ?1",
        [attempt_key(keys, name)],
    )?;
    Ok(())
}

/// Takes one counted failure back.
fn take_back(db: &Connection, keys: &Keys, name: &str) -> Result<(), AccessError> {
    db.execute(
        "UPDATE attempt SET failures = failures - 1, locked_until = NULL WHERE name = ?1",
        [attempt_key(keys, name)],
    )?;
    Ok(())
}
