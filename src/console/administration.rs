//! Owns what administrators do: accounts, tokens, workstations, the audit trail. Access decides about each.

use super::commands::parse;
use super::guard::Asker;
use super::problem::{Answer, No};
use super::state::Door;
use super::wire::{self, AccountAct};
use crate::access::{
    Access, AccessError, Account, Act, Token, TokenId, TrailFilter, TrailRow, Workstation,
};
use crate::keys::Secret;
use crate::room::{AccountId, Utc};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

async fn with_access<T: Send + 'static>(
    door: &Door,
    asker: Asker,
    work: impl FnOnce(&Access, Act<'_>) -> Result<T, AccessError> + Send + 'static,
) -> Answer<T> {
    let now = door.now().stamp.at;
    let done = door.access.background(move |access| {
        work(
            access,
            Act {
                by: &asker.principal,
                address: asker.address,
                now,
            },
        )
    });
    Ok(done.await?)
}

/// `GET /api/accounts`.
pub(super) async fn accounts(State(door): State<Door>, asker: Asker) -> Answer<Json<Vec<Account>>> {
    Ok(Json(with_access(&door, asker, Access::accounts).await?))
}

/// `POST /api/accounts`.
pub(super) async fn create_account(
    State(door): State<Door>,
    asker: Asker,
    body: Bytes,
) -> Answer<Json<wire::IssuedPassword>> {
    let form: wire::NewAccount = parse(&body)?;
    let made = with_access(&door, asker, move |access, act| {
        access.create_account(act, &form.id, form.role)
    });
    Ok(issued(Some(made.await?.password)))
}

/// `POST /api/accounts/{account}`.
pub(super) async fn account_act(
    State(door): State<Door>,
    Path(id): Path<AccountId>,
    asker: Asker,
    body: Bytes,
) -> Answer<Json<wire::IssuedPassword>> {
    let form: wire::AccountOrder = parse(&body)?;
    let password = with_access(&door, asker, move |access, act| match form.act {
        AccountAct::Close => access.close_account(act, &id).map(|()| None),
        AccountAct::Approve => access.approve_account(act, &id).map(|()| None),
        AccountAct::Unlock => access.unlock_account(act, &id).map(|()| None),
        AccountAct::ResetPassword => access
            .reset_password(act, &id)
            .map(|made| Some(made.password)),
        AccountAct::ResetFactor => access.reset_factor(act, &id).map(|()| None),
    });
    Ok(issued(password.await?))
}

fn issued(password: Option<Secret>) -> Json<wire::IssuedPassword> {
    Json(wire::IssuedPassword {
        password: password.map(|password| password.expose().to_owned()),
    })
}

/// `GET /api/tokens`.
pub(super) async fn tokens(State(door): State<Door>, asker: Asker) -> Answer<Json<Vec<Token>>> {
    Ok(Json(with_access(&door, asker, Access::tokens).await?))
}

/// `POST /api/tokens`.
pub(super) async fn create_token(
    State(door): State<Door>,
    asker: Asker,
    body: Bytes,
) -> Answer<Json<wire::IssuedToken>> {
    let form: wire::NewTokenOrder = parse(&body)?;
    let made = with_access(&door, asker, move |access, act| {
        access.make_token(act, &form.name, &form.scopes, form.expires)
    })
    .await?;
    Ok(Json(wire::IssuedToken {
        id: made.id.0,
        token: made.token.expose().to_owned(),
    }))
}

/// `DELETE /api/tokens/{token}`.
pub(super) async fn revoke_token(
    State(door): State<Door>,
    Path(id): Path<i64>,
    asker: Asker,
) -> Answer<StatusCode> {
    with_access(&door, asker, move |access, act| {
        access.revoke_token(act, TokenId(id))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/workstations`.
pub(super) async fn workstations(State(door): State<Door>) -> Answer<Json<Vec<Workstation>>> {
    Ok(Json(door.access.background(Access::workstations).await?))
}

/// How a page narrows the audit trail.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AuditQuery {
    before: Option<u64>,
    limit: Option<u32>,
    from: Option<Utc>,
    to: Option<Utc>,
    kind: Option<String>,
    subject: Option<String>,
    object: Option<String>,
    refused: Option<bool>,
}

/// `GET /api/audit`.
pub(super) async fn audit(
    State(door): State<Door>,
    Query(query): Query<AuditQuery>,
    asker: Asker,
) -> Answer<Json<Vec<TrailRow>>> {
    let filter = TrailFilter {
        from: query.from,
        to: query.to,
        kind: query.kind,
        subject: query.subject,
        object: query.object,
        refused: query.refused,
    };
    let rows = with_access(&door, asker, move |access, act| {
        access.read_audit(act, &filter, query.before, query.limit.unwrap_or(100))
    });
    Ok(Json(rows.await?))
}

/// `GET /api/audit/verification`.
pub(super) async fn verify_audit(
    State(door): State<Door>,
    asker: Asker,
) -> Answer<Json<wire::AuditVerification>> {
    let verified = with_access(&door, asker, Access::verify_audit).await?;
    Ok(Json(match verified {
        Ok(head) => wire::AuditVerification {
            rows: head.rows,
            fault: None,
        },
        Err(fault) => wire::AuditVerification {
            rows: 0,
            fault: Some(fault.to_string()),
        },
    }))
}

impl From<axum::extract::rejection::QueryRejection> for No {
    fn from(rejection: axum::extract::rejection::QueryRejection) -> Self {
        No::bad_request(rejection.body_text())
    }
}
