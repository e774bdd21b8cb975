//! Owns the verdict on an archive: what is wrong with which feed and when, whose signature it bears, and what nobody witnessed.

use crate::room::Utc;
use serde::Serialize;

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The bag is not built as BagIt says.
    Structure,
    /// A file is not there.
    Missing,
    /// A file is there that no manifest or index names.
    Extra,
    /// A file is not what was sealed.
    Altered,
    /// A file stands under another file's name.
    Renamed,
    /// An index is not the chain that was written.
    Index,
    /// The journal is not the chain that was written.
    Journal,
    /// A checkpoint is not genuine, or says something else than the archive.
    Checkpoint,
    /// The signature is not right.
    Signature,
    /// The time stamp is not right.
    Timestamp,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What kind.
    pub kind: FaultKind,
    /// Which file of the bag.
    pub file: String,
    /// Of which feed, where it is one's.
    pub feed: Option<String>,
    /// From which moment on.
    pub from: Option<Utc>,
    /// Until when.
    pub to: Option<Utc>,
    /// What is wrong.
    pub detail: String,
}

/// Whose the archive is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Trust {
    /// It bears no signature.
    #[default]
    Unsigned,
    /// Its signature is right, but nobody vouches for the certificate.
    NotTrusted {
        /// Who signed.
        signer: String,
    },
    /// Signed under a trusted certificate.
    Trusted {
        /// Who signed.
        signer: String,
    },
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// From.
    pub from: Utc,
    /// To.
    pub to: Utc,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// The session's number.
    pub session: String,
    /// `real` or `rehearsal`, as the journal says.
    pub session_kind: String,
    /// What is wrong, in order.
    pub faults: Vec<Fault>,
    /// Whose it is.
    pub trust: Trust,
    /// When the signer says that it signed.
    pub signed_at: Option<Utc>,
    /// Who signed it under the national algorithms; none where nobody did.
    pub sm2: Option<Trust>,
    /// When a time-stamping authority saw it, and whether that authority is trusted.
    pub timestamp: Option<(Utc, bool)>,
    /// Whether the personal data are there: they may be erased.
    pub personal: bool,
    /// Stretches for which no witness outside the box keeps a checkpoint.
    pub unwitnessed: Vec<Stretch>,
    /// Files that a clip leaves out; 0 of a whole archive.
    pub left_out: u64,
    /// Files read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Verdict {
    /// 0 whole and trusted, 1 faults, 3 whole, but unsigned or not trusted, 4 a clip: what is here is right and trusted.
    pub fn exit_code(&self) -> u8 {
        match (&self.faults[..], &self.trust) {
            ([], Trust::Trusted { .. }) if self.left_out > 0 => 4,
            ([], Trust::Trusted { .. }) => 0,
            ([], Trust::Unsigned | Trust::NotTrusted { .. }) => 3,
            _ => 1,
        }
    }

    pub(super) fn fault(&mut self, kind: FaultKind, file: &str, detail: impl Into<String>) {
        // `data/feeds/<feed>/<utc>.mp4`
        let mut parts = file.strip_prefix("data/feeds/").unwrap_or("").split('/');
        let feed = parts.next().filter(|feed| !feed.is_empty());
        let from = parts
            .next()
            .and_then(crate::archive::segment::segment_start);
        self.faults.push(Fault {
            kind,
            file: file.to_owned(),
            feed: feed.map(str::to_owned),
            from,
            to: None,
            detail: detail.into(),
        });
    }

    pub(super) fn fault_at(
        &mut self,
        kind: FaultKind,
        file: &str,
        at: (Utc, Utc),
        detail: impl Into<String>,
    ) {
        self.fault(kind, file, detail);
        if let Some(fault) = self.faults.last_mut() {
            (fault.from, fault.to) = (Some(at.0), Some(at.1));
        }
    }
}
