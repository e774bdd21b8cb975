//! Owns sign-ins: password and second factor in, a cookie out, and how a sign-in locks, unlocks
//! and ends.

use super::accounts::StoredAccount;
use super::audit::{Act, AuditKind, AuditObject, AuditResult};
use super::code::{bearer_hash, new_bearer};
use super::error::AccessError;
use super::passwords;
use super::permission::{Permission, may};
use super::policy::SecondFactor;
use super::principal::{Principal, SignInId, SignInState};
use super::proof::forgive;
use super::request::Request;
use super::store::{Access, is_current};
use crate::keys::Secret;
use crate::room::{AccountId, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::net::IpAddr;

/// A sign-in that succeeded.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The value of the sign-in cookie; kept nowhere else.
    pub cookie: Secret,
    /// Who it is, and what he must do first.
    pub principal: Principal,
}

/// A sign-in that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct OpenSignIn {
    /// Which.
    pub id: SignInId,
    /// Whose.
    pub account: AccountId,
    /// From which network address it began; empty for the box itself.
    pub address: String,
    /// When it began.
    pub began: Utc,
    /// When somebody last did something in it, 15 s more or less.
    pub active: Utc,
    /// Whether it is locked.
    pub locked: bool,
}

impl Access {
    /// Signs an account in. `code` is the second factor's; whoever has none leaves it out.
    ///
    /// # Errors
    /// [`AccessError::Refused`] for an unknown account, a wrong password and a wrong or used code
    /// alike, and in the same time; [`AccessError::LockedOut`] and [`AccessError::TooMany`]
    /// say when to try again.
    pub fn sign_in(
        &self,
        account: &str,
        password: &Secret,
        code: Option<&Secret>,
        address: Option<IpAddr>,
        now: Utc,
    ) -> Result<SignedIn, AccessError> {
        self.check_address(address, now)?;
        let name = account.trim();
        let found = self.prove(AuditKind::SignIn, name, password, code, address, now)?;
        let cookie = new_bearer("");
        let mut db = self.db();
        let tx = db.transaction()?;
        // the account may have been closed or reset while the hash was computed
        let inserted = tx.execute(
            "INSERT INTO sign_in (hash, account, address, began, active)
             SELECT ?1, id, ?3, ?4, ?4 FROM account WHERE id = ?2 AND password = ?5 AND NOT closed",
            params![
                bearer_hash(&cookie),
                found.id.as_str(),
                address.map(|a| a.to_string()).unwrap_or_default(),
                now.0,
                found.password
            ],
        )?;
        if inserted == 0 {
            return Err(AccessError::Refused);
        }
        let sign_in = SignInId(tx.last_insert_rowid());
        tx.execute(
            "UPDATE account SET last_sign_in = ?2 WHERE id = ?1",
            params![found.id.as_str(), now.0],
        )?;
        let state = self.state_of(&found, false);
        let principal = Principal::Account {
            id: found.id.clone(),
            role: found.role,
            sign_in,
            state,
        };
        let act = Act {
            by: &principal,
            address,
            now,
        };
        self.append(
            &tx,
            act,
            AuditKind::SignIn,
            &AuditObject::Account(found.id),
            AuditResult::Done,
        )?;
        tx.commit()?;
        drop(db);
        Ok(SignedIn { cookie, principal })
    }

    /// Unlocks a sign-in that was idle for too long.
    ///
    /// # Errors
    /// As [`Access::sign_in`]; the sign-in has ended.
    pub fn unlock(
        &self,
        request: &Request,
        password: &Secret,
        code: Option<&Secret>,
        now: Utc,
    ) -> Result<Principal, AccessError> {
        self.check_address(request.address, now)?;
        let sign_in = self.current_sign_in(request, now)?;
        let name = sign_in.account.as_str();
        let found = self.prove(
            AuditKind::Unlock,
            name,
            password,
            code,
            request.address,
            now,
        )?;
        let mut db = self.db();
        let tx = db.transaction()?;
        let changed = tx.execute(
            "UPDATE sign_in SET locked = 0, active = ?2 WHERE id = ?1 AND ended IS NULL",
            params![sign_in.id.0, now.0],
        )?;
        if changed == 0 {
            return Err(AccessError::Unknown("sign-in"));
        }
        let state = self.state_of(&found, false);
        let principal = Principal::Account {
            id: found.id.clone(),
            role: found.role,
            sign_in: sign_in.id,
            state,
        };
        let act = Act {
            by: &principal,
            address: request.address,
            now,
        };
        self.append(
            &tx,
            act,
            AuditKind::Unlock,
            &AuditObject::Account(found.id),
            AuditResult::Done,
        )?;
        tx.commit()?;
        Ok(principal)
    }

    /// Locks a sign-in at once: its owner leaves the console for a while.
    ///
    /// # Errors
    /// Not signed in.
    pub fn lock(&self, request: &Request, now: Utc) -> Result<(), AccessError> {
        let sign_in = self.current_sign_in(request, now)?;
        let mut db = self.db();
        self.lock_now(&mut db, &sign_in, request.address, now)
    }

    /// Ends a sign-in.
    ///
    /// # Errors
    /// Not signed in.
    pub fn sign_out(&self, request: &Request, now: Utc) -> Result<(), AccessError> {
        let sign_in = self.current_sign_in(request, now)?;
        let mut db = self.db();
        self.end(&mut db, &sign_in, request.address, AuditResult::Done, now)
    }

    /// Changes the password of the signed-in account and ends its other sign-ins.
    ///
    /// # Errors
    /// The old password is wrong, the new one too weak, or the sign-in is locked.
    pub fn change_password(
        &self,
        request: &Request,
        old: &Secret,
        new: &Secret,
        now: Utc,
    ) -> Result<(), AccessError> {
        self.check_address(request.address, now)?;
        let sign_in = self.current_sign_in(request, now)?;
        if sign_in.locked {
            return Err(AccessError::NotPermitted);
        }
        passwords::check(new, &sign_in.account).map_err(AccessError::WeakPassword)?;
        if old == new {
            return Err(AccessError::WeakPassword(passwords::PasswordFault::Same));
        }
        let name = sign_in.account.as_str();
        let found =
            self.prove_password(AuditKind::ChangePassword, name, old, request.address, now)?;
        let hash = self.hasher().hash(new, now)?;
        let mut db = self.db();
        let tx = db.transaction()?;
        forgive(&tx, self.keys(), name)?;
        let changed = tx.execute(
            "UPDATE account SET password = ?2, one_time = 0 WHERE id = ?1 AND password = ?3 AND NOT closed",
            params![found.id.as_str(), hash, found.password],
        )?;
        if changed == 0 {
            return Err(AccessError::Refused);
        }
        end_sign_ins(&tx, &found.id, Some(sign_in.id), now)?;
        let state = self.state_of(&found, false);
        let principal = Principal::Account {
            id: found.id.clone(),
            role: found.role,
            sign_in: sign_in.id,
            state,
        };
        let act = Act {
            by: &principal,
            address: request.address,
            now,
        };
        self.append(
            &tx,
            act,
            AuditKind::ChangePassword,
            &AuditObject::Account(found.id),
            AuditResult::Done,
        )?;
        Ok(tx.commit()?)
    }

    /// The sign-ins that have not ended: one's own, or all for the security administrator.
    ///
    /// # Errors
    /// For accounts only.
    pub fn open_sign_ins(&self, act: Act<'_>) -> Result<Vec<OpenSignIn>, AccessError> {
        let all = may(act.by, Permission::AdministerSecurity);
        let own = if let Principal::Account {
            id,
            state: SignInState::Open,
            ..
        } = act.by
        {
            (!all).then_some(id.as_str())
        } else {
            return Err(AccessError::NotPermitted);
        };
        let db = self.db();
        let mut statement = db.prepare_cached(
            "SELECT * FROM sign_in WHERE ended IS NULL AND (?1 IS NULL OR account = ?1) ORDER BY id DESC",
        )?;
        let stored = statement
            .query_map([own], StoredSignIn::read)?
            .collect::<Result<Vec<_>, _>>()?;
        let stored = stored.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(stored
            .into_iter()
            .filter(|s| is_current(s.began, s.began + self.policy().longest_sign_in, act.now))
            .map(|s| OpenSignIn {
                locked: s.locked || self.is_idle(&s, act.now),
                id: s.id,
                account: s.account,
                address: s.address,
                began: s.began,
                active: s.active,
            })
            .collect())
    }

    /// Ends a sign-in from elsewhere: one's own, or any for the security administrator.
    ///
    /// # Errors
    /// Somebody else's, or none of that id.
    pub fn revoke_sign_in(&self, act: Act<'_>, id: SignInId) -> Result<(), AccessError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let sign_in = tx
            .query_row(
                "SELECT * FROM sign_in WHERE id = ?1 AND ended IS NULL",
                [id.0],
                StoredSignIn::read,
            )
            .optional()?
            .transpose()?
            .ok_or(AccessError::Unknown("sign-in"))?;
        let own = matches!(act.by, Principal::Account { id, state: SignInState::Open, .. }
            if *id == sign_in.account);
        let allowed = own || may(act.by, Permission::AdministerSecurity);
        if allowed {
            tx.execute(
                "UPDATE sign_in SET ended = ?2 WHERE id = ?1",
                params![id.0, act.now.0],
            )?;
        }
        let result = if allowed {
            AuditResult::Done
        } else {
            AuditResult::Refused("not-permitted")
        };
        self.append(
            &tx,
            act,
            AuditKind::RevokeSignIn,
            &AuditObject::Account(sign_in.account),
            result,
        )?;
        tx.commit()?;
        if allowed {
            Ok(())
        } else {
            Err(AccessError::NotPermitted)
        }
    }

    pub(super) fn is_idle(&self, sign_in: &StoredSignIn, now: Utc) -> bool {
        !is_current(
            sign_in.active,
            sign_in.active + self.policy().idle_lock,
            now,
        )
    }

    pub(super) fn state_of(&self, account: &StoredAccount, locked: bool) -> SignInState {
        let factor_needed =
            self.policy().second_factor == SecondFactor::Required && account.factor.is_none();
        match () {
            () if locked => SignInState::Locked,
            () if account.one_time => SignInState::MustChangePassword,
            () if factor_needed => SignInState::MustEnrolFactor,
            () => SignInState::Open,
        }
    }

    /// The sign-in of a request's cookie, with its lock as it stands now.
    fn current_sign_in(&self, request: &Request, now: Utc) -> Result<StoredSignIn, AccessError> {
        let cookie = request
            .sign_in
            .as_ref()
            .ok_or(AccessError::Unknown("sign-in"))?;
        let mut sign_in =
            StoredSignIn::find(&self.db(), cookie)?.ok_or(AccessError::Unknown("sign-in"))?;
        if !is_current(
            sign_in.began,
            sign_in.began + self.policy().longest_sign_in,
            now,
        ) {
            return Err(AccessError::Unknown("sign-in"));
        }
        sign_in.locked |= self.is_idle(&sign_in, now);
        Ok(sign_in)
    }

    pub(super) fn lock_now(
        &self,
        db: &mut Connection,
        sign_in: &StoredSignIn,
        address: Option<IpAddr>,
        now: Utc,
    ) -> Result<(), AccessError> {
        let tx = db.transaction()?;
        tx.execute(
            "UPDATE sign_in SET locked = 1 WHERE id = ?1",
            [sign_in.id.0],
        )?;
        let object = AuditObject::Account(sign_in.account.clone());
        let act = Act {
            by: &Principal::Daemon,
            address,
            now,
        };
        self.append(&tx, act, AuditKind::Lock, &object, AuditResult::Done)?;
        Ok(tx.commit()?)
    }

    pub(super) fn end(
        &self,
        db: &mut Connection,
        sign_in: &StoredSignIn,
        address: Option<IpAddr>,
        result: AuditResult,
        now: Utc,
    ) -> Result<(), AccessError> {
        let tx = db.transaction()?;
        tx.execute(
            "UPDATE sign_in SET ended = ?2 WHERE id = ?1",
            params![sign_in.id.0, now.0],
        )?;
        let object = AuditObject::Account(sign_in.account.clone());
        let account = StoredAccount::find(&tx, sign_in.account.as_str())?;
        let by = account.map_or(Principal::Daemon, |account| Principal::Account {
            id: account.id,
            role: account.role,
            sign_in: sign_in.id,
            state: SignInState::Open,
        });
        self.append(
            &tx,
            Act {
                by: &by,
                address,
                now,
            },
            AuditKind::SignOut,
            &object,
            result,
        )?;
        Ok(tx.commit()?)
    }
}

/// Ends an account's sign-ins, but for one.
pub(super) fn end_sign_ins(
    tx: &Connection,
    account: &AccountId,
    but: Option<SignInId>,
    now: Utc,
) -> Result<(), AccessError> {
    tx.execute(
        "UPDATE sign_in SET ended = ?3 WHERE account = ?1 AND id <> ?2 AND ended IS NULL",
        params![account.as_str(), but.map_or(-1, |id| id.0), now.0],
    )?;
    Ok(())
}

/// A sign-in as it is stored.
pub(super) struct StoredSignIn {
    pub(super) id: SignInId,
    pub(super) account: AccountId,
    pub(super) address: String,
    pub(super) began: Utc,
    pub(super) active: Utc,
    pub(super) locked: bool,
}

impl StoredSignIn {
    pub(super) fn find(db: &Connection, cookie: &Secret) -> Result<Option<Self>, AccessError> {
        db.prepare_cached("SELECT * FROM sign_in WHERE hash = ?1 AND ended IS NULL")?
            .query_row([bearer_hash(cookie)], Self::read)
            .optional()?
            .transpose()
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Result<Self, AccessError>> {
        let Ok(account) = row.get::<_, String>("account")?.parse() else {
            return Ok(Err(AccessError::Damaged("sign-in")));
        };
        Ok(Ok(Self {
            id: SignInId(row.get("id")?),
            account,
            address: row.get("address")?,
            began: Utc(row.get("began")?),
            active: Utc(row.get("active")?),
            locked: row.get("locked")?,
        }))
    }
}
