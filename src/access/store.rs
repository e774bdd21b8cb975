//! Owns the database of access and its handle.

use super::audit::TRAIL;
use super::error::AccessError;
use super::limiter::Limiter;
use super::passwords::Hasher;
use super::policy::AccessPolicy;
use crate::keys::{Keys, OWNER_SCHEMA, belongs_to, open_database};
use crate::room::{Span, Utc, WorkstationId};
use rusqlite::Connection;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SCHEMA: &str = "
    CREATE TABLE account (
        id TEXT PRIMARY KEY COLLATE NOCASE, role TEXT NOT NULL, password TEXT NOT NULL,
        one_time INTEGER NOT NULL, factor BLOB, factor_pending BLOB,
        approved INTEGER NOT NULL, closed INTEGER NOT NULL DEFAULT 0,
        created INTEGER NOT NULL, last_sign_in INTEGER
    ) STRICT;
    CREATE TABLE used_step (
        account TEXT NOT NULL, step INTEGER NOT NULL, PRIMARY KEY (account, step)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE attempt (
        name BLOB PRIMARY KEY, failures INTEGER NOT NULL, locked_until INTEGER, last INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE sign_in (
        id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,
        account TEXT NOT NULL REFERENCES account (id), address TEXT NOT NULL,
        began INTEGER NOT NULL, active INTEGER NOT NULL,
        locked INTEGER NOT NULL DEFAULT 0, ended INTEGER
    ) STRICT;
    CREATE TABLE enrolment_code (
        hash BLOB PRIMARY KEY, seat INTEGER NOT NULL, made INTEGER NOT NULL, expires INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE workstation (
        id TEXT PRIMARY KEY, seat INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,
        enrolled INTEGER NOT NULL, revoked INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX workstation_of_seat ON workstation (seat) WHERE revoked IS NULL;
    CREATE TABLE gate_code (
        hash BLOB PRIMARY KEY, session TEXT NOT NULL, member INTEGER NOT NULL, seat INTEGER NOT NULL,
        made INTEGER NOT NULL, expires INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE member (
        id INTEGER PRIMARY KEY, session TEXT NOT NULL, member INTEGER NOT NULL, seat INTEGER NOT NULL,
        workstation TEXT NOT NULL REFERENCES workstation (id),
        since INTEGER NOT NULL, ended INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX member_at_workstation ON member (workstation) WHERE ended IS NULL;
    CREATE UNIQUE INDEX member_once ON member (session, member) WHERE ended IS NULL;
    CREATE TABLE token (
        id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
        scopes TEXT NOT NULL, made INTEGER NOT NULL, expires INTEGER, revoked INTEGER
    ) STRICT;";

/// The handle to everything about access. Cheap to clone; every call may wait for the disk, and
/// those that take a password compute for a while: from async code go through
/// [`Access::background`].
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    path: PathBuf,
    keys: Keys,
    policy: AccessPolicy,
    hasher: Hasher,
    db: Mutex<Connection>,
    addresses: Mutex<Limiter<IpAddr>>,
    code_failures: Mutex<Limiter<WorkstationId>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("path", &self.0.path)
            .finish_non_exhaustive()
    }
}

impl Access {
    /// Opens or makes the database.
    ///
    /// # Errors
    /// A file that cannot be used, or that belongs to other keys.
    pub fn open(path: &Path, keys: Keys, policy: AccessPolicy) -> Result<Self, AccessError> {
        let failed = |source| AccessError::Open {
            path: path.to_owned(),
            source,
        };
        let schema = format!("{OWNER_SCHEMA}{SCHEMA}{}", TRAIL.schema());
        let mut db = open_database(path, &[&schema]).map_err(failed)?;
        if !belongs_to(&mut db, &keys, &[TRAIL]).map_err(failed)? {
            return Err(AccessError::OtherKeys {
                path: path.to_owned(),
            });
        }
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            hasher: Hasher::new(&keys)?,
            addresses: Mutex::new(Limiter::new(policy.address_failures, policy.address_refill)),
            // a handful of mistypings, then one try a minute
            code_failures: Mutex::new(Limiter::new(5, Span::minutes(1))),
            keys,
            policy,
            db: Mutex::new(db),
        })))
    }

    /// Runs `work` where waiting for the disk or computing a hash holds up nobody.
    ///
    /// # Errors
    /// Those of `work`; [`AccessError::Stopping`] if the runtime ends meanwhile.
    pub async fn background<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, AccessError> + Send + 'static,
    ) -> Result<T, AccessError> {
        let access = self.clone();
        tokio::task::spawn_blocking(move || work(&access))
            .await
            .map_err(|_| AccessError::Stopping)?
    }

    /// By which policy it runs.
    pub fn policy(&self) -> &AccessPolicy {
        &self.0.policy
    }

    pub(super) fn db(&self) -> MutexGuard<'_, Connection> {
        // a panic elsewhere rolled its transaction back
        self.0.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    pub(super) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// Refuses a network address that failed too often.
    pub(super) fn check_address(
        &self,
        address: Option<IpAddr>,
        now: Utc,
    ) -> Result<(), AccessError> {
        let wait = self.addresses().wait(&source(address), now);
        wait.map_or(Ok(()), |until| Err(AccessError::TooMany { until }))
    }

    /// Counts a failure against a network address.
    pub(super) fn address_failed(&self, address: Option<IpAddr>, now: Utc) {
        self.addresses().failed(&source(address), now);
    }

    fn addresses(&self) -> MutexGuard<'_, Limiter<IpAddr>> {
        self.0
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn code_failures(&self) -> MutexGuard<'_, Limiter<WorkstationId>> {
        self.0
            .code_failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The box itself counts as one address.
fn source(address: Option<IpAddr>) -> IpAddr {
    address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// What began at `made` and is good until `expires`. Something made in the future was made by a
/// clock that has been put right since: it is not good, rather than good for years.
pub(super) fn is_current(made: Utc, expires: Utc, now: Utc) -> bool {
    const CLOCK_STEP: Span = Span::minutes(2);
    made <= now + CLOCK_STEP && now < expires
}
