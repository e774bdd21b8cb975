//! Owns accounts: the system administrator makes and closes them, the security administrator
//! approves other administrators and resets what was lost. An account has one role, so nobody
//! holds two of the three administrations.

use super::audit::{Act, AuditKind, AuditObject, AuditResult};
use super::error::AccessError;
use super::passwords;
use super::permission::{Permission, may};
use super::principal::{Principal, Role};
use super::proof::attempt_key;
use super::sign_in::end_sign_ins;
use super::store::Access;
use crate::keys::Secret;
use crate::room::{AccountId, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::io;

/// An account, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Account {
    /// Its name.
    pub id: AccountId,
    /// What it is for.
    pub role: Role,
    /// Whether an administrator's account was approved by the security administrator.
    pub approved: bool,
    /// Whether it was closed for good.
    pub closed: bool,
    /// Whether the one-time password still has to be replaced.
    pub one_time_password: bool,
    /// Whether a second factor is enrolled.
    pub second_factor: bool,
    /// Until when it is locked after failures.
    pub locked_until: Option<Utc>,
    /// When it was made.
    pub created: Utc,
    /// When somebody last signed in.
    pub last_sign_in: Option<Utc>,
}

/// A one-time password, to be handed over once.
#[derive(Debug, Clone)]
pub struct FirstPassword {
    /// For which account.
    pub account: AccountId,
    /// Its role.
    pub role: Role,
    /// The password; must be changed at the first sign-in.
    pub password: Secret,
}

/// The accounts a box begins with.
const FIRST: [(&str, Role); 5] = [
    ("system", Role::SystemAdministrator),
    ("security", Role::SecurityAdministrator),
    ("audit", Role::AuditAdministrator),
    ("technician", Role::Technician),
    ("supervisor", Role::Supervisor),
];

impl Access {
    /// Makes the first accounts where there are none; says whether it did. `hand_over` gets the
    /// one-time passwords before the accounts exist for good: if it fails or the box crashes,
    /// there are no accounts, and the next start does it again.
    ///
    /// # Errors
    /// The passwords could not be handed over, or the disk fails.
    pub fn bootstrap(
        &self,
        now: Utc,
        hand_over: impl FnOnce(&[FirstPassword]) -> io::Result<()>,
    ) -> Result<bool, AccessError> {
        let any = "SELECT EXISTS (SELECT 1 FROM account)";
        if self.db().query_row(any, [], |row| row.get::<_, bool>(0))? {
            return Ok(false);
        }
        let mut first = Vec::new();
        for (name, role) in FIRST {
            let account: AccountId = name.parse().expect("plain words are accounts' names");
            let password = passwords::one_time();
            let hash = self.hasher().hash(&password, now)?;
            first.push((
                FirstPassword {
                    account,
                    role,
                    password,
                },
                hash,
            ));
        }
        let mut db = self.db();
        let tx = db.transaction()?;
        let act = Act {
            by: &Principal::Daemon,
            address: None,
            now,
        };
        for (made, hash) in &first {
            insert(&tx, &made.account, made.role, hash, true, now)?;
            let object = AuditObject::Account(made.account.clone());
            self.append(&tx, act, AuditKind::Bootstrap, &object, AuditResult::Done)?;
        }
        let passwords: Vec<FirstPassword> = first.into_iter().map(|(made, _)| made).collect();
        hand_over(&passwords).map_err(AccessError::HandOver)?;
        tx.commit()?;
        Ok(true)
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// For the system and the security administrator only.
    pub fn accounts(&self, act: Act<'_>) -> Result<Vec<Account>, AccessError> {
        if !may(act.by, Permission::AdministerSecurity) {
            self.permit(
                act,
                Permission::AdministerAccounts,
                AuditKind::Read,
                &AuditObject::None,
            )?;
        }
        let db = self.db();
        let mut statement = db.prepare_cached("SELECT * FROM account ORDER BY id")?;
        let stored = statement
            .query_map([], StoredAccount::read)?
            .collect::<Result<Vec<_>, _>>()?;
        stored
            .into_iter()
            .map(|account| {
                let account = account?;
                let key = attempt_key(self.keys(), account.id.as_str());
                let locked_until = db
                    .prepare_cached(
                        "SELECT locked_until FROM attempt WHERE name = ?1 AND locked_until > ?2",
                    )?
                    .query_row(params![key, act.now.0], |row| row.get(0).map(Utc))
                    .optional()?;
                Ok(Account {
                    role: account.role,
                    approved: account.approved,
                    closed: account.closed,
                    one_time_password: account.one_time,
                    second_factor: account.factor.is_some(),
                    locked_until,
                    created: account.created,
                    last_sign_in: account.last_sign_in,
                    id: account.id,
                })
            })
            .collect()
    }

    /// Makes an account with a one-time password. Administrators' accounts cannot sign in before
    /// [`Access::approve_account`]: nobody makes himself a second administration.
    ///
    /// # Errors
    /// For the system administrator only; the name is taken.
    pub fn create_account(
        &self,
        act: Act<'_>,
        id: &AccountId,
        role: Role,
    ) -> Result<FirstPassword, AccessError> {
        let object = AuditObject::Account(id.clone());
        self.permit(
            act,
            Permission::AdministerAccounts,
            AuditKind::CreateAccount,
            &object,
        )?;
        let password = passwords::one_time();
        let hash = self.hasher().hash(&password, act.now)?;
        let mut db = self.db();
        let tx = db.transaction()?;
        let inserted = insert(&tx, id, role, &hash, !role.is_administrator(), act.now)?;
        let result = if inserted {
            AuditResult::Done
        } else {
            AuditResult::Refused("name-taken")
        };
        self.append(&tx, act, AuditKind::CreateAccount, &object, result)?;
        tx.commit()?;
        if !inserted {
            return Err(AccessError::AccountExists);
        }
        Ok(FirstPassword {
            account: id.clone(),
            role,
            password,
        })
    }

    /// Lets a new administrator's account sign in.
    ///
    /// # Errors
    /// For the security administrator only; there is no such account.
    pub fn approve_account(&self, act: Act<'_>, id: &AccountId) -> Result<(), AccessError> {
        self.change(
            act,
            Permission::AdministerSecurity,
            AuditKind::ApproveAccount,
            id,
            |tx, account| {
                tx.execute(
                    "UPDATE account SET approved = 1 WHERE id = ?1",
                    [account.id.as_str()],
                )?;
                Ok(())
            },
        )
    }

    /// Closes an account for good and ends its sign-ins; its name stays taken, as the audit trail
    /// speaks of it.
    ///
    /// # Errors
    /// For the system administrator only; the last of an administration cannot be closed.
    pub fn close_account(&self, act: Act<'_>, id: &AccountId) -> Result<(), AccessError> {
        self.change(act, Permission::AdministerAccounts, AuditKind::CloseAccount, id, |tx, account| {
            let others: i64 = tx.query_row(
                "SELECT count(*) FROM account WHERE role = ?1 AND id <> ?2 AND approved AND NOT closed",
                params![account.role.word(), account.id.as_str()],
                |row| row.get(0),
            )?;
            if account.role.is_administrator() && account.approved && others == 0 {
                return Err(AccessError::LastAdministrator);
            }
            tx.execute("UPDATE account SET closed = 1 WHERE id = ?1", [account.id.as_str()])?;
            end_sign_ins(tx, &account.id, None, act.now)
        })
    }

    /// Lifts the lockout after failures.
    ///
    /// # Errors
    /// For the security administrator only; there is no such account.
    pub fn unlock_account(&self, act: Act<'_>, id: &AccountId) -> Result<(), AccessError> {
        self.change(
            act,
            Permission::AdministerSecurity,
            AuditKind::UnlockAccount,
            id,
            |tx, account| {
                tx.execute(
                    "DELETE FROM attempt WHERE name = ?1",
                    [attempt_key(self.keys(), account.id.as_str())],
                )?;
                Ok(())
            },
        )
    }

    /// Gives an account a new one-time password, ends its sign-ins and lifts its lockout.
    ///
    /// # Errors
    /// For the security administrator, and not for his own account; his is reset by root on the
    /// box, over the control socket.
    pub fn reset_password(
        &self,
        act: Act<'_>,
        id: &AccountId,
    ) -> Result<FirstPassword, AccessError> {
        let password = passwords::one_time();
        let hash = self.hasher().hash(&password, act.now)?;
        let mut role = Role::Expert;
        self.change(
            act,
            Permission::AdministerSecurity,
            AuditKind::ResetPassword,
            id,
            |tx, account| {
                not_own(act.by, account)?;
                role = account.role;
                tx.execute(
                    "UPDATE account SET password = ?2, one_time = 1 WHERE id = ?1",
                    params![account.id.as_str(), hash],
                )?;
                tx.execute(
                    "DELETE FROM attempt WHERE name = ?1",
                    [attempt_key(self.keys(), account.id.as_str())],
                )?;
                end_sign_ins(tx, &account.id, None, act.now)
            },
        )?;
        Ok(FirstPassword {
            account: id.clone(),
            role,
            password,
        })
    }

    /// Takes the second factor away (a lost phone) and ends the sign-ins; the next one enrols
    /// another.
    ///
    /// # Errors
    /// As [`Access::reset_password`].
    pub fn reset_factor(&self, act: Act<'_>, id: &AccountId) -> Result<(), AccessError> {
        self.change(
            act,
            Permission::AdministerSecurity,
            AuditKind::ResetFactor,
            id,
            |tx, account| {
                not_own(act.by, account)?;
                tx.execute(
                    "UPDATE account SET factor = NULL, factor_pending = NULL WHERE id = ?1",
                    [account.id.as_str()],
                )?;
                end_sign_ins(tx, &account.id, None, act.now)
            },
        )
    }

    /// Changes an account in one transaction with the line that tells of it, also of a refusal.
    fn change(
        &self,
        act: Act<'_>,
        permission: Permission,
        kind: AuditKind,
        id: &AccountId,
        apply: impl FnOnce(&Connection, &StoredAccount) -> Result<(), AccessError>,
    ) -> Result<(), AccessError> {
        let object = AuditObject::Account(id.clone());
        let mut db = self.db();
        let tx = db.transaction()?;
        let account = StoredAccount::find(&tx, id.as_str())?.filter(|account| !account.closed);
        let recovery = account
            .as_ref()
            .is_some_and(|account| is_recovery(act.by, permission, account));
        let outcome = if !may(act.by, permission) && !recovery {
            Err(AccessError::NotPermitted)
        } else {
            account
                .ok_or(AccessError::Unknown("account"))
                .and_then(|account| apply(&tx, &account))
        };
        let result = match &outcome {
            Ok(()) => AuditResult::Done,
            Err(AccessError::NotPermitted) => AuditResult::Refused("not-permitted"),
            Err(AccessError::LastAdministrator) => AuditResult::Refused("last-administrator"),
            Err(AccessError::Unknown(_)) => AuditResult::Refused("unknown"),
            Err(_) => return outcome,
        };
        self.append(&tx, act, kind, &object, result)?;
        tx.commit()?;
        outcome
    }
}

/// Root on the box may let a security administrator in again who lost password or phone, and
/// nothing else: otherwise nobody could.
fn is_recovery(by: &Principal, permission: Permission, account: &StoredAccount) -> bool {
    *by == Principal::Local { uid: 0 }
        && permission == Permission::AdministerSecurity
        && account.role == Role::SecurityAdministrator
        && account.approved
}

fn not_own(by: &Principal, account: &StoredAccount) -> Result<(), AccessError> {
    if matches!(by, Principal::Account { id, .. } if *id == account.id) {
        return Err(AccessError::NotPermitted);
    }
    Ok(())
}

fn insert(
    tx: &Connection,
    id: &AccountId,
    role: Role,
    hash: &str,
    approved: bool,
    now: Utc,
) -> Result<bool, AccessError> {
    let inserted = tx.execute(
        "INSERT INTO account (id, role, password, one_time, approved, created)
         VALUES (?1, ?2, ?3, 1, ?4, ?5) ON CONFLICT DO NOTHING",
        params![id.as_str(), role.word(), hash, approved, now.0],
    )?;
    Ok(inserted == 1)
}

/// An account as it is stored.
pub(super) struct StoredAccount {
    pub(super) id: AccountId,
    pub(super) role: Role,
    pub(super) password: String,
    pub(super) one_time: bool,
    /// The sealed secret of the second factor.
    pub(super) factor: Option<Vec<u8>>,
    /// The same while it is being enrolled.
    pub(super) factor_pending: Option<Vec<u8>>,
    pub(super) approved: bool,
    pub(super) closed: bool,
    created: Utc,
    last_sign_in: Option<Utc>,
}

impl StoredAccount {
    /// The account of that name, as it was typed.
    pub(super) fn find(db: &Connection, name: &str) -> Result<Option<Self>, AccessError> {
        db.prepare_cached("SELECT * FROM account WHERE id = ?1")?
            .query_row([name], Self::read)
            .optional()?
            .transpose()
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Result<Self, AccessError>> {
        let (id, role): (String, String) = (row.get("id")?, row.get("role")?);
        let (Ok(id), Some(role)) = (id.parse(), Role::of_word(&role)) else {
            return Ok(Err(AccessError::Damaged("account")));
        };
        Ok(Ok(Self {
            id,
            role,
            password: row.get("password")?,
            one_time: row.get("one_time")?,
            factor: row.get("factor")?,
            factor_pending: row.get("factor_pending")?,
            approved: row.get("approved")?,
            closed: row.get("closed")?,
            created: Utc(row.get("created")?),
            last_sign_in: row.get::<_, Option<i64>>("last_sign_in")?.map(Utc),
        }))
    }
}
