//! Owns how a request becomes a principal.

use super::accounts::StoredAccount;
use super::audit::AuditResult;
use super::error::AccessError;
use super::principal::Principal;
use super::request::Request;
use super::sign_in::StoredSignIn;
use super::store::{Access, is_current};
use crate::keys::Secret;
use crate::room::{Span, Utc};
use rusqlite::params;

/// `active` is written at most this often.
const TOUCH_EVERY: Span = Span::seconds(15);

impl Access {
    /// Who a request comes from: the bearer token if there is one, else the signed-in account,
    /// else the workstation.
    ///
    /// # Errors
    /// The disk fails; then nobody is known, and the request must be refused.
    pub fn authenticate(&self, request: &Request, now: Utc) -> Result<Principal, AccessError> {
        if let Some(bearer) = &request.bearer {
            return self.token_principal(bearer, now);
        }
        if let Some(cookie) = &request.sign_in
            && let Some(principal) = self.account_principal(cookie, request, now)?
        {
            return Ok(principal);
        }
        self.authenticate_seat(request)
    }

    /// Who sits at the workstation that a request comes from, whoever else is signed in in the
    /// same browser; for the seat's own page and its feeds.
    ///
    /// # Errors
    /// As [`Access::authenticate`].
    pub fn authenticate_seat(&self, request: &Request) -> Result<Principal, AccessError> {
        match (&request.bearer, &request.workstation) {
            (None, Some(cookie)) => self.workstation_principal(cookie),
            (Some(_), _) | (None, None) => Ok(Principal::Anonymous),
        }
    }

    fn account_principal(
        &self,
        cookie: &Secret,
        request: &Request,
        now: Utc,
    ) -> Result<Option<Principal>, AccessError> {
        let mut db = self.db();
        let Some(mut sign_in) = StoredSignIn::find(&db, cookie)? else {
            return Ok(None);
        };
        let account = StoredAccount::find(&db, sign_in.account.as_str())?
            .ok_or(AccessError::Damaged("account of a sign-in"))?;
        if account.closed {
            return Ok(None);
        }
        if !is_current(
            sign_in.began,
            sign_in.began + self.policy().longest_sign_in,
            now,
        ) {
            self.end(
                &mut db,
                &sign_in,
                request.address,
                AuditResult::Refused("too-long"),
                now,
            )?;
            return Ok(None);
        }
        if !sign_in.locked && self.is_idle(&sign_in, now) {
            self.lock_now(&mut db, &sign_in, request.address, now)?;
            sign_in.locked = true;
        }
        if request.by_person && !sign_in.locked && now >= sign_in.active + TOUCH_EVERY {
            db.prepare_cached("UPDATE sign_in SET active = ?2 WHERE id = ?1")?
                .execute(params![sign_in.id.0, now.0])?;
        }
        let state = self.state_of(&account, sign_in.locked);
        Ok(Some(Principal::Account {
            id: account.id,
            role: account.role,
            sign_in: sign_in.id,
            state,
        }))
    }
}
