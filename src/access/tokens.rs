//! Owns bearer tokens: what programs show instead of a cookie to publish, watch or read metrics.

use super::audit::{Act, AuditKind, AuditObject, AuditResult};
use super::code::{bearer_hash, new_bearer};
use super::error::AccessError;
use super::permission::Permission;
use super::principal::{Principal, Scope, TokenId};
use super::store::{Access, is_current};
use crate::keys::Secret;
use crate::room::Utc;
use rusqlite::{OptionalExtension, params};

/// What a token begins with, so that scanners of files and logs find leaked ones.
const PREFIX: &str = "bidroom_";

/// A token that was just made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Which.
    pub id: TokenId,
    /// The token itself; shown once, kept nowhere.
    pub token: Secret,
}

/// A token that is not revoked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Token {
    /// Which.
    pub id: TokenId,
    /// What it is for, as its maker called it.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub made: Utc,
    /// Until when it is good; none: until it is revoked.
    pub expires: Option<Utc>,
}

impl Access {
    /// Makes a token.
    ///
    /// # Errors
    /// For the security administrator only; the name is not short and plain.
    pub fn make_token(
        &self,
        act: Act<'_>,
        name: &str,
        scopes: &[Scope],
        expires: Option<Utc>,
    ) -> Result<NewToken, AccessError> {
        self.permit(
            act,
            Permission::AdministerSecurity,
            AuditKind::MakeToken,
            &AuditObject::None,
        )?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
        if !(1..=40).contains(&name.len()) || !name.chars().all(plain) {
            return Err(AccessError::BadName);
        }
        let token = new_bearer(PREFIX);
        let scopes = serde_json::to_string(scopes).map_err(|_| AccessError::Damaged("scopes"))?;
        let mut db = self.db();
        let tx = db.transaction()?;
        tx.execute(
            "INSERT INTO token (hash, name, scopes, made, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                bearer_hash(&token),
                name,
                scopes,
                act.now.0,
                expires.map(|t| t.0)
            ],
        )?;
        let id = TokenId(tx.last_insert_rowid());
        self.append(
            &tx,
            act,
            AuditKind::MakeToken,
            &AuditObject::Token(id),
            AuditResult::Done,
        )?;
        tx.commit()?;
        Ok(NewToken { id, token })
    }

    /// The tokens that are not revoked, expired ones too.
    ///
    /// # Errors
    /// For the security administrator only.
    pub fn tokens(&self, act: Act<'_>) -> Result<Vec<Token>, AccessError> {
        self.permit(
            act,
            Permission::AdministerSecurity,
            AuditKind::Read,
            &AuditObject::None,
        )?;
        let db = self.db();
        let mut statement =
            db.prepare_cached("SELECT * FROM token WHERE revoked IS NULL ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            let token = Token {
                id: TokenId(row.get("id")?),
                name: row.get("name")?,
                scopes: Vec::new(),
                made: Utc(row.get("made")?),
                expires: row.get::<_, Option<i64>>("expires")?.map(Utc),
            };
            Ok((token, row.get::<_, String>("scopes")?))
        })?;
        rows.map(|row| {
            let (token, scopes) = row?;
            Ok(Token {
                scopes: parse_scopes(&scopes)?,
                ..token
            })
        })
        .collect()
    }

    /// Revokes a token at once.
    ///
    /// # Errors
    /// For the security administrator only; there is no such token.
    pub fn revoke_token(&self, act: Act<'_>, id: TokenId) -> Result<(), AccessError> {
        let object = AuditObject::Token(id);
        self.permit(
            act,
            Permission::AdministerSecurity,
            AuditKind::RevokeToken,
            &object,
        )?;
        let mut db = self.db();
        let tx = db.transaction()?;
        let changed = tx.execute(
            "UPDATE token SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL",
            params![id.0, act.now.0],
        )?;
        if changed == 0 {
            return Err(AccessError::Unknown("token"));
        }
        self.append(&tx, act, AuditKind::RevokeToken, &object, AuditResult::Done)?;
        Ok(tx.commit()?)
    }

    /// The program that shows that token.
    pub(super) fn token_principal(
        &self,
        token: &Secret,
        now: Utc,
    ) -> Result<Principal, AccessError> {
        type Found = (i64, String, i64, Option<i64>);
        let found: Option<Found> = self
            .db()
            .prepare_cached(
                "SELECT id, scopes, made, expires FROM token WHERE hash = ?1 AND revoked IS NULL",
            )?
            .query_row([bearer_hash(token)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let good = found.filter(|(_, _, made, expires)| {
            is_current(Utc(*made), Utc(expires.unwrap_or(i64::MAX)), now)
        });
        let Some((id, scopes, ..)) = good else {
            return Ok(Principal::Anonymous);
        };
        Ok(Principal::Token {
            id: TokenId(id),
            scopes: parse_scopes(&scopes)?,
        })
    }
}

fn parse_scopes(json: &str) -> Result<Vec<Scope>, AccessError> {
    serde_json::from_str(json).map_err(|_| AccessError::Damaged("token"))
}
