//! Owns how the console says no: a problem (RFC 9457) with a code that the page translates.

use super::wire::{Problem, RowFaultView};
use crate::access::AccessError;
use crate::clerk::SubmitError;
use crate::draw::{PrepareError, TableFault};
use crate::journal::JournalError;
use crate::room::{OrderFault, Refusal, Utc};
use crate::vault::{ImportError, VaultError};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A no, on its way to the client.
#[derive(Debug)]
pub struct No {
    status: StatusCode,
    problem: Box<Problem>,
}

/// What handlers give back.
pub(super) type Answer<T> = Result<T, No>;

impl No {
    /// A no with a code of its own.
    pub(super) fn new(status: StatusCode, code: &str, title: impl Into<String>) -> Self {
        let problem = Problem {
            code: code.to_owned(),
            title: title.into(),
            status: status.as_u16(),
            refusal: None,
            rows: Vec::new(),
            until: None,
        };
        Self {
            status,
            problem: Box::new(problem),
        }
    }

    /// Nobody is signed in, or not well enough.
    pub(super) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "sign_in_first", "sign in first")
    }

    /// Somebody else may, this one may not.
    pub(super) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "not_permitted", "not permitted")
    }

    /// There is no such thing.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no such {what}"),
        )
    }

    /// What came in cannot be understood; the place is named.
    pub(super) fn bad_request(title: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", title)
    }

    /// Something broke here; the log knows more.
    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        let title = "the box could not do it; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", title)
    }

    fn until(mut self, until: Utc) -> Self {
        self.problem.until = Some(until);
        self
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(&*self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Refusal> for No {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others have the same answer"
    )]
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::NotYourRole => StatusCode::FORBIDDEN,
            Refusal::NoSuchSession { .. } => StatusCode::NOT_FOUND,
            _ => StatusCode::CONFLICT,
        };
        let mut no = Self::new(status, "refused", refusal.to_string());
        no.problem.refusal = Some(refusal);
        no
    }
}

impl From<SubmitError> for No {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Refused(refusal) => refusal.into(),
            SubmitError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "the room is busy; try again",
            ),
            SubmitError::Stopped => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                "the daemon is stopping",
            ),
            SubmitError::NotWritten => {
                let title = "the journal cannot be written; see to the disk, then try again";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "not_written", title)
            }
            SubmitError::IdReused => Self::new(
                StatusCode::CONFLICT,
                "id_reused",
                "another command had this id",
            ),
            SubmitError::Fault => Self::internal(&error),
        }
    }
}

impl From<JournalError> for No {
    fn from(error: JournalError) -> Self {
        Self::internal(&error)
    }
}

impl From<AccessError> for No {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others have the same answer"
    )]
    fn from(error: AccessError) -> Self {
        let title = error.to_string();
        match error {
            AccessError::Refused => Self::new(StatusCode::UNAUTHORIZED, "wrong_credentials", title),
            AccessError::LockedOut { until } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "locked_out", title).until(until)
            }
            AccessError::TooMany { until } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", title).until(until)
            }
            AccessError::WeakPassword(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "weak_password", title)
            }
            AccessError::NotPermitted => Self::forbidden(),
            AccessError::Unknown(what) => Self::not_found(what),
            AccessError::AccountExists => Self::new(StatusCode::CONFLICT, "account_exists", title),
            AccessError::LastAdministrator => {
                Self::new(StatusCode::CONFLICT, "last_administrator", title)
            }
            AccessError::CodeNotValid => Self::new(StatusCode::FORBIDDEN, "code_not_valid", title),
            AccessError::WrongSeat { right, .. } => Refusal::WrongSeat { yours: right }.into(),
            AccessError::SeatTaken => Self::new(StatusCode::CONFLICT, "seat_taken", title),
            AccessError::NotEnrolled => Self::new(StatusCode::FORBIDDEN, "not_enrolled", title),
            AccessError::BadName => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_name", title),
            AccessError::Stopping => Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", title),
            other => Self::internal(&other),
        }
    }
}

impl From<VaultError> for No {
    fn from(error: VaultError) -> Self {
        Self::internal(&error)
    }
}

impl From<ImportError> for No {
    fn from(error: ImportError) -> Self {
        let title = error.to_string();
        match error {
            ImportError::Rows(rows) => {
                let mut no = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "faults_in_table", title);
                no.problem.rows = rows
                    .into_iter()
                    .map(|row| RowFaultView {
                        line: row.line,
                        column: row.column.map(|column| word(&column)),
                        code: word(&row.code),
                        table: None,
                    })
                    .collect();
                no
            }
            ImportError::Vault(vault) => vault.into(),
        }
    }
}

impl From<PrepareError> for No {
    fn from(error: PrepareError) -> Self {
        let title = error.to_string();
        let unfit = |code: &str| Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, title.clone());
        let faults: Vec<TableFault> = match &error {
            PrepareError::Tables(faults) => faults.clone(),
            PrepareError::Named(ImportError::Rows(rows)) => rows.iter().map(Into::into).collect(),
            PrepareError::NamedRecused(_) => return unfit("named_must_be_avoided"),
            PrepareError::Given(fault) => return unfit(&word(&OrderFault::from(fault))),
            PrepareError::Groups => return unfit("bad_specialities"),
            PrepareError::Named(ImportError::Vault(_))
            | PrepareError::Vault(_)
            | PrepareError::Json(_) => return Self::internal(&error),
        };
        let mut no = unfit("faults_in_table");
        no.problem.rows = faults
            .into_iter()
            .map(|fault| RowFaultView {
                line: fault.line,
                column: fault.column.map(|column| word(&column)),
                code: word(&fault.code),
                table: Some(word(&fault.table)),
            })
            .collect();
        no
    }
}

/// An enum's name on the wire.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}
