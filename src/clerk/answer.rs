//! Owns what a command is answered with.

use crate::room::{Entry, Refusal, Seq};

/// What a command led to. It is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// A view of the room with this number or a later one shows it.
    pub seq: Seq,
    /// What happened; nothing where all was so already.
    pub entries: Vec<Entry>,
    /// The command was carried out before, under the same id; this is what it led to then.
    pub repeated: bool,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The room says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too much waits; nothing was done. Try again.
    #[error("busy: too many commands wait")]
    Busy,
    /// The journal could not be written, so nothing holds. After a fault of the disk it may show that the
    /// command was kept nevertheless: send it again under the same id.
    #[error("the journal cannot be written; send the command again under the same id")]
    NotWritten,
    /// Another command was carried out under that id.
    #[error("this command id was used for another command")]
    IdReused,
    /// A fault of this program; nothing was done.
    #[error("the command could not be judged: a fault of this program, which the log describes")]
    Fault,
    /// The daemon is stopping; nothing was done.
    #[error("the daemon is stopping")]
    Stopped,
}
