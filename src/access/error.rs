//! Owns why access says no; no message holds a secret or tells an outsider which part was wrong.

use super::passwords::PasswordFault;
use crate::room::{SeatNo, Utc};
use std::path::PathBuf;

/// Why access said no or could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Account, password or code are wrong; which one is not said.
    #[error("account, password or code is wrong")]
    Refused,
    /// Too many failures for this account name.
    #[error("too many failures: this account is locked for a while")]
    LockedOut {
        /// When it can be tried again.
        until: Utc,
    },
    /// Too many failures from this network address, or too many at once.
    #[error("too many attempts: wait a little")]
    TooMany {
        /// When it can be tried again.
        until: Utc,
    },
    /// The new password is too weak.
    #[error("the new password is refused: {0}")]
    WeakPassword(PasswordFault),
    /// The principal may not do that.
    #[error("not permitted")]
    NotPermitted,
    /// There is no such account, sign-in, workstation or token.
    #[error("no such {0}")]
    Unknown(&'static str),
    /// That account exists already.
    #[error("there is an account of that name already")]
    AccountExists,
    /// The last of the three administrators cannot be closed.
    #[error("this is the last account of its administration: make another first")]
    LastAdministrator,
    /// The code is unknown, used or too old; which is not said.
    #[error("the code is not valid (any more)")]
    CodeNotValid,
    /// The check-in code is good, but at another seat.
    #[error("this code is for seat {right}, and this is seat {here}")]
    WrongSeat {
        /// Where the code is good.
        right: SeatNo,
        /// Where it was typed.
        here: SeatNo,
    },
    /// Somebody else is checked in at this workstation.
    #[error("somebody else is checked in at this seat")]
    SeatTaken,
    /// This browser is not enrolled to any seat.
    #[error("this browser is not enrolled to a seat")]
    NotEnrolled,
    /// The name of a token is not short and plain.
    #[error("a name has 1 to 40 letters, digits, spaces and '-', '_', '.'")]
    BadName,
    /// The database file cannot be used.
    #[error("{path}: {source}")]
    Open {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The database belongs to other keys.
    #[error("{path} was written with other keys: restore the keys folder that belongs to it")]
    OtherKeys {
        /// Which file.
        path: PathBuf,
    },
    /// What the database holds is not what was written.
    #[error("access database: damaged {0}")]
    Damaged(&'static str),
    /// A statement failed: disk full, or damaged.
    #[error("access database: {0}")]
    Sql(#[from] rusqlite::Error),
    /// The passwords of the first start could not be handed over.
    #[error("the first passwords could not be written: {0}")]
    HandOver(std::io::Error),
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
}
