//! Owns the faults of the room's equipment, and the preflight (自检).

use super::anomaly::Anomaly;
use super::ids::{EquipmentId, FeedId};
use super::source_fault::SourceFault;
use super::time::Stamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is wrong with a piece of equipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Fault {
    /// Too little room for recordings.
    DiskNearlyFull {
        /// What is left.
        free_bytes: u64,
    },
    /// No room at all: recordings cannot be written.
    DiskFull,
    /// The disk became read-only, which is what a file system does that found itself damaged.
    DiskReadOnly,
    /// The disk makes its writers wait so long that recordings may come to lack something.
    DiskSlow,
    /// Recordings cannot be written for another reason.
    DiskNotWritable {
        /// The system's words.
        detail: String,
    },
    /// The clock is off, or nothing keeps it right.
    ClockOff {
        /// By how much, ms; none where nobody knows.
        offset_ms: Option<i64>,
    },
    /// A camera or microphone does not answer.
    NoSignal {
        /// Why.
        #[serde(alias = "detail", deserialize_with = "SourceFault::read")]
        cause: SourceFault,
    },
    /// A camera or microphone has not been heard of yet.
    NoSignalYet,
    /// A camera sends, but not all that it should, or not as it should.
    SendsWrongly {
        /// What is wrong.
        cause: SourceFault,
    },
    /// A seat has no workstation yet.
    NotEnrolled,
    /// A seat's workstation does not send these.
    NotSending {
        /// Face, screen or both.
        feeds: Vec<FeedId>,
    },
    /// A camera sends what no browser can show, and has no sub stream.
    NotShowable {
        /// What it sends.
        codec: String,
    },
    /// A certificate ends soon.
    CertificateExpiring {
        /// Days left.
        days: i64,
    },
    /// The disk writes slower than the room's feeds need together, bytes a second.
    DiskTooSlow {
        /// What was measured.
        writes: u64,
        /// What is needed.
        needs: u64,
    },
    /// A disk says of itself that it fails (SMART).
    DiskFailing {
        /// Which.
        disk: String,
    },
    /// Whether the disks are well is not known.
    DiskHealthUnknown {
        /// Why, in English.
        detail: String,
    },
    /// A live feed's picture or sound is worth nothing.
    Anomalous {
        /// What is wrong.
        anomaly: Anomaly,
    },
    /// What was recorded for a test cannot be played back.
    NotPlayable {
        /// Of which feeds.
        feeds: Vec<FeedId>,
    },
    /// A session is being recorded: no test is recorded beside it.
    SessionRecorded,
    /// Nobody is named to whom personal data can be sealed.
    NoAuditCertificate,
    /// Nothing can be encrypted to the audit certificate, so nothing can be sealed.
    AuditCertificateUnfit {
        /// Why, in English.
        detail: String,
    },
    /// Nothing can be encrypted to the pool owner's certificate, so no attendance can be stated.
    PoolCertificateUnfit {
        /// Why, in English.
        detail: String,
    },
    /// Nothing can be signed with the SM2 key, so nothing can be sealed.
    Sm2KeyUnfit {
        /// Why, in English.
        detail: String,
    },
    /// The time-stamping authority gives no time stamp.
    NoTimeStamp {
        /// Why, in English.
        detail: String,
    },
    /// The hub has not been reached for a while: what happens is delivered later.
    HubUnreachable {
        /// Why, in the system's words.
        detail: String,
    },
    /// The hub has stored another history of this room than the journal holds.
    HubHistoryDiffers {
        /// The entry up to which they should be one.
        upto: u64,
    },
    /// Another box has taken this room's place at the hub.
    HubFenced,
    /// The hub knows another box in this room's place, and has not taken this one in.
    HubNotAdmitted,
    /// Somebody sent receipts or commands that are not the hub's.
    HubForgery,
    /// The hub's store went back to a time before this box had its place: what it lost is delivered again.
    HubRestored {
        /// The epoch that this box had.
        before: u64,
        /// The one that the hub says now.
        now: u64,
    },
    /// A feed that the city asked for does not reach its server.
    RelayFailed {
        /// Why, in English.
        detail: String,
    },
    /// Something else, in its own words.
    Other {
        /// What.
        detail: String,
    },
}

impl Fault {
    /// Whether a session must not start with it.
    pub fn blocks_start(&self) -> bool {
        match self {
            Fault::DiskNearlyFull { .. }
            | Fault::DiskFull
            | Fault::DiskReadOnly
            | Fault::DiskNotWritable { .. }
            | Fault::ClockOff { .. } => true,
            Fault::DiskSlow
            | Fault::NoSignal { .. }
            | Fault::NotShowable { .. }
            | Fault::SendsWrongly { .. }
            | Fault::NoSignalYet
            | Fault::NotEnrolled
            | Fault::NotSending { .. }
            | Fault::CertificateExpiring { .. }
            | Fault::DiskTooSlow { .. }
            | Fault::DiskFailing { .. }
            | Fault::DiskHealthUnknown { .. }
            | Fault::Anomalous { .. }
            | Fault::NotPlayable { .. }
            | Fault::SessionRecorded
            | Fault::NoAuditCertificate
            | Fault::AuditCertificateUnfit { .. }
            | Fault::PoolCertificateUnfit { .. }
            | Fault::Sm2KeyUnfit { .. }
            | Fault::NoTimeStamp { .. }
            | Fault::HubUnreachable { .. }
            | Fault::HubHistoryDiffers { .. }
            | Fault::HubFenced
            | Fault::HubNotAdmitted
            | Fault::HubForgery
            | Fault::HubRestored { .. }
            | Fault::RelayFailed { .. }
            | Fault::Other { .. } => false,
        }
    }

    /// Whether somebody must act now: a session cannot be held, or somebody's word about it is not to be trusted.
    pub fn is_urgent(&self) -> bool {
        self.blocks_start()
            || matches!(
                self,
                Fault::HubHistoryDiffers { .. } | Fault::HubFenced | Fault::HubForgery
            )
    }
}

/// A fault and since when it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// What is wrong.
    pub fault: Fault,
    /// Since when.
    pub since: Stamp,
}

/// What one check of the preflight found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// What was checked.
    pub item: EquipmentId,
    /// How it stands.
    pub verdict: Verdict,
    /// The fault, where there is one.
    pub fault: Option<Fault>,
    /// Measured values for people, e.g. `38.2 TB`, `1.2 ms`.
    pub detail: String,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it must be.
    Passed,
    /// A session may start, but somebody should look.
    Attention,
    /// Not as it must be.
    Failed,
}

/// The preflight's state.
///
/// ```text
/// never ──► running ──► done ──► running …
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Preflight {
    /// Nobody asked for one.
    #[default]
    Never,
    /// The checks run.
    Running {
        /// Since when.
        since: Stamp,
    },
    /// The checks were made.
    Done {
        /// When.
        at: Stamp,
        /// What they found.
        results: Vec<CheckResult>,
    },
}
