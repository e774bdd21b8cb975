//! Owns the seam between the phones and whoever journals what they see.

use crate::room::{
    Answer, AttemptId, CallEnd, CallProgress, CallRecording, Callee, CandidateId, LineId, LineSpec,
    LineState, Script, SessionId, TextEnd, Texting,
};
use async_trait::async_trait;
use std::fmt::Debug;

/// What the phones report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneReport {
    /// They run, with these lines; calls that are open in the journal were interrupted.
    Started { lines: Vec<LineSpec> },
    /// A line stands otherwise.
    Line { line: LineId, state: LineState },
    /// A session's notice is spoken; what is spoken has this digest.
    NoticeReady { session: SessionId, digest: String },
    /// It cannot be spoken; why, for people.
    NoticeFailed { session: SessionId, reason: String },
    /// A call came so far.
    Progress {
        attempt: AttemptId,
        progress: CallProgress,
    },
    /// A key was confirmed in a call that goes on for its thanks.
    Confirmed { attempt: AttemptId, answer: Answer },
    /// Somebody who called back confirmed that he will not come.
    Withdrew {
        attempt: AttemptId,
        session: SessionId,
        candidate: CandidateId,
    },
    /// What became of a text message.
    Text { to: Texting, end: TextEnd },
    /// A call is over; where a key was confirmed in it, that is how it ended.
    Ended {
        attempt: AttemptId,
        end: CallEnd,
        recording: Option<CallRecording>,
    },
}

/// A call that came in, and that a line takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenCall {
    /// Its number.
    pub attempt: AttemptId,
    /// Which line.
    pub line: LineId,
    /// Who calls.
    pub caller: Callee,
}

/// What is reported was not journalled; nothing may be done that rests on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKept {
    /// Not now: it is worth trying again.
    NotNow,
    /// For good: the room says no, or the daemon stops.
    Never,
}

/// Takes reports to the journal.
#[async_trait]
pub trait Reports: Debug + Send + Sync {
    /// Returns once the report is on the disk.
    ///
    /// # Errors
    /// It is not.
    async fn report(&self, report: PhoneReport) -> Result<(), NotKept>;

    /// Has one of these lines take a call that comes in; which, and whom the room takes the caller for then. Returns once that is on
    /// the disk.
    ///
    /// # Errors
    /// No line takes it.
    async fn take(&self, lines: Vec<LineId>, caller: Callee) -> Result<TakenCall, NotKept>;

    /// What is wanted to be said in a call, after all that was reported; none where the call is not wanted.
    fn script(&self, attempt: &AttemptId) -> Option<Script>;
}
