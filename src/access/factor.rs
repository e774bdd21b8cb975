//! Owns the second factor: time-based one-time passwords (RFC 6238), each good once.

use super::accounts::StoredAccount;
use super::audit::{Act, AuditKind, AuditObject, AuditResult};
use super::error::AccessError;
use super::principal::{Principal, SignInState};
use super::store::Access;
use crate::keys::{Keys, SealPurpose, Secret, random};
use crate::room::{AccountId, Utc};
use qrcode::QrCode;
use qrcode::render::svg;
use rusqlite::{Connection, params};
use totp_rs::{Builder, Totp};

/// What an authenticator needs to know; shown once.
#[derive(Debug, Clone)]
pub struct FactorEnrolment {
    /// `otpauth://totp/…`.
    pub url: Secret,
    /// The same as a QR code, an SVG document.
    pub qr_svg: Secret,
    /// The shared secret in base 32, for typing.
    pub secret: Secret,
}

impl Access {
    /// Begins to enrol a second factor for the signed-in account; nothing changes before
    /// [`Access::confirm_factor`]. Who has one already has it reset first.
    ///
    /// # Errors
    /// Not signed in, locked, the password not yet changed, or a factor is there.
    pub fn begin_factor(&self, act: Act<'_>) -> Result<FactorEnrolment, AccessError> {
        let id = enrolling(act.by)?;
        let secret = random::<20>();
        let totp = totp(secret.as_slice(), &id, &self.policy().issuer)?;
        let sealed = self.keys().seal(
            SealPurpose::SecondFactor,
            place(&id).as_bytes(),
            secret.as_slice(),
        );
        let changed = self.db().execute(
            "UPDATE account SET factor_pending = ?2 WHERE id = ?1 AND factor IS NULL",
            params![id.as_str(), sealed],
        )?;
        if changed == 0 {
            return Err(AccessError::NotPermitted);
        }
        let damaged = |_| AccessError::Damaged("second factor");
        let url = Secret::new(totp.to_url().map_err(damaged)?);
        let code = QrCode::new(url.expose()).map_err(|_| AccessError::Damaged("second factor"))?;
        let svg = code
            .render::<svg::Color<'_>>()
            .min_dimensions(240, 240)
            .build();
        Ok(FactorEnrolment {
            qr_svg: Secret::new(svg),
            secret: Secret::new(totp.secret().to_base32()),
            url,
        })
    }

    /// Ends the enrolment with a first code from the authenticator.
    ///
    /// # Errors
    /// The code is wrong, or no enrolment was begun.
    pub fn confirm_factor(&self, act: Act<'_>, code: &Secret) -> Result<(), AccessError> {
        let id = enrolling(act.by)?;
        self.check_address(act.address, act.now)?;
        let object = AuditObject::Account(id.clone());
        let mut db = self.db();
        let tx = db.transaction()?;
        let account =
            StoredAccount::find(&tx, id.as_str())?.ok_or(AccessError::Unknown("account"))?;
        let right = match &account.factor_pending {
            Some(pending) if account.factor.is_none() => {
                check_code(&tx, self.keys(), &id, pending, code, act.now)?
            }
            Some(_) | None => false,
        };
        if right {
            tx.execute(
                "UPDATE account SET factor = factor_pending, factor_pending = NULL WHERE id = ?1",
                [id.as_str()],
            )?;
        }
        let result = if right {
            AuditResult::Done
        } else {
            AuditResult::Refused("wrong-code")
        };
        self.append(&tx, act, AuditKind::EnrolFactor, &object, result)?;
        tx.commit()?;
        if right {
            return Ok(());
        }
        self.address_failed(act.address, act.now);
        Err(AccessError::Refused)
    }
}

fn enrolling(by: &Principal) -> Result<AccountId, AccessError> {
    match by {
        Principal::Account {
            id,
            state: SignInState::MustEnrolFactor | SignInState::Open,
            ..
        } => Ok(id.clone()),
        Principal::Account {
            state: SignInState::MustChangePassword | SignInState::Locked,
            ..
        }
        | Principal::Member { .. }
        | Principal::Workstation { .. }
        | Principal::Token { .. }
        | Principal::Local { .. }
        | Principal::Daemon
        | Principal::Anonymous => Err(AccessError::NotPermitted),
    }
}

/// Whether the code is right, at most one step of 30 s early or late, and was not used before.
/// Marks it as used.
pub(super) fn check_code(
    tx: &Connection,
    keys: &Keys,
    account: &AccountId,
    sealed: &[u8],
    code: &Secret,
    now: Utc,
) -> Result<bool, AccessError> {
    let secret = keys
        .open_sealed(SealPurpose::SecondFactor, place(account).as_bytes(), sealed)
        .map_err(|_| AccessError::Damaged("second factor"))?;
    let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
    let typed = Secret::new(
        code.expose()
            .chars()
            .filter(char::is_ascii_digit)
            .collect::<String>(),
    );
    let Some(step) = totp(&secret, account, "")?.check(typed.expose(), seconds) else {
        return Ok(false);
    };
    let step = i64::try_from(step).map_err(|_| AccessError::Damaged("clock"))?;
    // older ones cannot come back; newer ones can, where the clock was wrong
    tx.execute(
        "DELETE FROM used_step WHERE account = ?1 AND step < ?2",
        params![account.as_str(), step - 4],
    )?;
    let fresh = tx.execute(
        "INSERT OR IGNORE INTO used_step VALUES (?1, ?2)",
        params![account.as_str(), step],
    )?;
    Ok(fresh == 1)
}

fn totp(secret: &[u8], account: &AccountId, issuer: &str) -> Result<Totp, AccessError> {
    // a colon would split the label in two
    let issuer = issuer.replace(':', " ");
    Builder::new()
        .with_secret(secret.to_vec())
        .with_account_name(account.as_str())
        .with_issuer((!issuer.is_empty()).then_some(issuer))
        .build()
        .map_err(|_| AccessError::Damaged("second factor"))
}

/// Binds the secret to its account, so that rows cannot be exchanged.
fn place(account: &AccountId) -> String {
    format!("second-factor:{}", account.as_str().to_ascii_lowercase())
}
