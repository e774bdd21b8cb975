//! Who may do what. People prove who they are with password and second factor, workstations with
//! the credential of their seat, committee members with a code from the gate, programs with
//! tokens. [`Access::authenticate`] turns what a request carries into a [`Principal`]; [`may`] is
//! the one table of what principals may do, and says no to all it does not name. Everything that
//! matters is written to the audit trail in the same transaction as what it tells of.

// who, and what they may
mod permission;
mod principal;

// what the handle is built of
mod audit;
mod code;
mod error;
mod factor;
mod limiter;
mod passwords;
mod policy;
mod proof;
mod request;

// the handle
mod store;

// what it does, from the first account to a member at his seat
mod accounts;
mod authenticate;
mod check_in;
mod sign_in;
mod tokens;
mod workstations;

pub use accounts::{Account, FirstPassword};
pub use audit::{Act, AuditKind, AuditObject, AuditResult};
pub use check_in::CheckedIn;
pub use error::AccessError;
pub use factor::FactorEnrolment;
pub use passwords::PasswordFault;
pub use permission::{Permission, may};
pub use policy::{AccessPolicy, SecondFactor};
pub use principal::{Principal, Role, Scope, SignInId, SignInState, TokenId};
pub use request::{Request, SIGN_IN_COOKIE, WORKSTATION_COOKIE, clear_cookie, set_cookie};
pub use sign_in::{OpenSignIn, SignedIn};
pub use store::Access;
pub use tokens::{NewToken, Token};
pub use workstations::{Enrolled, Workstation};

pub use crate::keys::{TrailFault, TrailFilter, TrailHead, TrailRow};

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests;
