//! Owns one session.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The phases by name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// The plan is there.
    Planned,
    /// The committee is there.
    Convened,
    /// Experts check in; the seats are assigned.
    CheckIn,
    /// All are seated and every stream is being written; waits for the supervisor and the start.
    Ready,
    /// 评标中.
    InSession,
    /// 暂停: locked, material sealed.
    Suspended,
    /// 隔夜: locked for the night.
    Overnight,
    /// Signatures are given.
    Closing,
    /// 封存.
    Sealed,
    /// Ended without a result.
    Aborted,
}
