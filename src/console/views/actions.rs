//! Owns which buttons a page offers, and why one cannot be pressed: each is decided dry, by the room itself.

use crate::room::{
    Actor, BreakKind, Command, HelpKind, Note, Now, PhaseKind, Pledge, Refusal, Room, SessionId,
    Span, SuspensionCause, decide,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

/// What a button does; the command's name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the command of the same name")]
pub enum Action {
    RunPreflight,
    OpenCheckIn,
    ConfirmSignIn,
    ConfirmRecording,
    AuthoriseStart,
    StartSession,
    DeclareOutage,
    EndOutage,
    RecordTendererWaits,
    SuspendSession,
    ResumeSession,
    BeginOvernight,
    PostponeLock,
    EndOvernight,
    BeginBreak,
    EndBreak,
    Mark,
    StartTalkBack,
    EndTalkBack,
    BeginClosing,
    SignClosingRecord,
    SealSession,
    AbortSession,
    SignPledge,
    DeclareConflict,
    VoteForChair,
    CallForHelp,
    AcknowledgeWarning,
    SignReport,
    Leave,
    AbortDraw,
    PauseCallOut,
    ResumeCallOut,
    StopCallOut,
    AllowSingleLine,
}

/// A button: whether it can be pressed, and if not, why.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ActionView {
    /// What it does.
    pub action: Action,
    /// Whether it can be pressed now.
    pub allowed: bool,
    /// Why not.
    pub refusal: Option<Refusal>,
}

/// The technician's buttons.
pub(super) const TECHNICIAN: &[Action] = &[
    Action::RunPreflight,
    Action::OpenCheckIn,
    Action::ConfirmSignIn,
    Action::ConfirmRecording,
    Action::StartSession,
    Action::DeclareOutage,
    Action::EndOutage,
    Action::RecordTendererWaits,
    Action::SuspendSession,
    Action::ResumeSession,
    Action::BeginOvernight,
    Action::EndOvernight,
    Action::BeginBreak,
    Action::EndBreak,
    Action::BeginClosing,
    Action::SealSession,
    Action::AbortSession,
];

/// The supervisor's buttons.
pub(super) const SUPERVISOR: &[Action] = &[
    Action::AuthoriseStart,
    Action::SuspendSession,
    Action::ResumeSession,
    Action::PostponeLock,
    Action::Mark,
    Action::StartTalkBack,
    Action::EndTalkBack,
    Action::SignClosingRecord,
    Action::AbortSession,
];

/// The technician's buttons of a session's draw.
pub(super) const TECHNICIAN_OF_DRAWS: &[Action] = &[
    Action::AbortDraw,
    Action::PauseCallOut,
    Action::ResumeCallOut,
];

/// The supervisor's.
pub(super) const SUPERVISOR_OF_DRAWS: &[Action] = &[
    Action::AbortDraw,
    Action::PauseCallOut,
    Action::ResumeCallOut,
    Action::StopCallOut,
    Action::AllowSingleLine,
];

/// A member's buttons.
pub(super) const MEMBER: &[Action] = &[
    Action::SignPledge,
    Action::DeclareConflict,
    Action::VoteForChair,
    Action::CallForHelp,
    Action::AcknowledgeWarning,
    Action::SignReport,
    Action::Leave,
];

/// Decides each button dry.
pub(super) fn action_views(
    room: &Room,
    now: &Now,
    actor: &Actor,
    session: Option<&SessionId>,
    actions: &[Action],
) -> Vec<ActionView> {
    actions
        .iter()
        .filter_map(|action| {
            let command = sample(*action, room, actor, session)?;
            let refusal = decide(room, now, actor, session, &command).err();
            Some(ActionView {
                action: *action,
                allowed: refusal.is_none(),
                refusal,
            })
        })
        .collect()
}

/// The command that a button stands for, with values that cannot be the reason of a refusal.
fn sample(
    action: Action,
    room: &Room,
    actor: &Actor,
    session: Option<&SessionId>,
) -> Option<Command> {
    // the preflight is the room's, all else a session's
    if session.is_none() && action != Action::RunPreflight {
        return None;
    }
    let note = Note::new("-")?;
    let id = session.cloned();
    let cause = match actor {
        Actor::Supervisor { .. } => SuspensionCause::Order,
        Actor::Technician { .. }
        | Actor::Administrator { .. }
        | Actor::Member { .. }
        | Actor::Workstation { .. }
        | Actor::Bidder { .. }
        | Actor::Daemon { .. } => SuspensionCause::Outage,
    };
    Some(match action {
        Action::RunPreflight => Command::RunPreflight,
        Action::OpenCheckIn => Command::OpenCheckIn,
        Action::ConfirmSignIn => Command::ConfirmSignIn,
        Action::ConfirmRecording => Command::ConfirmRecording,
        Action::AuthoriseStart => Command::AuthoriseStart,
        Action::StartSession => Command::StartSession,
        Action::DeclareOutage => Command::DeclareOutage { cause: note },
        Action::EndOutage => Command::EndOutage,
        Action::RecordTendererWaits => Command::RecordTendererWaits,
        Action::SuspendSession => Command::SuspendSession {
            cause,
            reason: note,
        },
        Action::ResumeSession => Command::ResumeSession,
        Action::BeginOvernight => Command::BeginOvernight,
        Action::PostponeLock => Command::PostponeLock { by: Span::hours(1) },
        Action::EndOvernight => Command::EndOvernight,
        Action::BeginBreak => Command::BeginBreak {
            kind: BreakKind::Rest,
        },
        Action::EndBreak => Command::EndBreak,
        Action::Mark => Command::Mark { feed: None, note },
        Action::StartTalkBack => Command::StartTalkBack {
            seats: BTreeSet::new(),
        },
        Action::EndTalkBack => Command::EndTalkBack,
        Action::BeginClosing => Command::BeginClosing,
        Action::SignClosingRecord => Command::SignClosingRecord,
        Action::SealSession => Command::SealSession { typed: id? },
        Action::AbortSession => Command::AbortSession {
            typed: id?,
            reason: note,
        },
        Action::SignPledge => Command::SignPledge {
            pledge: Pledge::Integrity,
        },
        Action::DeclareConflict => Command::DeclareConflict {
            kind: crate::room::ConflictKind::Other,
        },
        Action::VoteForChair => {
            let session = room.sessions.get(&id?)?;
            let candidate = session.committee.present().next()?.no;
            Command::VoteForChair { candidate }
        }
        Action::CallForHelp => Command::CallForHelp {
            kind: HelpKind::Technical,
        },
        Action::AcknowledgeWarning => Command::AcknowledgeWarning,
        Action::SignReport => Command::SignReport { dissent: false },
        Action::Leave => Command::Leave,
        Action::AbortDraw => Command::AbortDraw { reason: note },
        Action::PauseCallOut => Command::PauseCallOut { reason: note },
        Action::ResumeCallOut => Command::ResumeCallOut,
        Action::StopCallOut => Command::StopCallOut { reason: note },
        Action::AllowSingleLine => Command::AllowSingleLine,
    })
}

/// The one next step of the technician.
pub(super) fn next_step(phase: PhaseKind, recording_confirmed: bool) -> Option<Action> {
    match phase {
        PhaseKind::Planned | PhaseKind::Sealed | PhaseKind::Aborted => None,
        PhaseKind::Convened => Some(Action::OpenCheckIn),
        PhaseKind::CheckIn => Some(Action::ConfirmSignIn),
        PhaseKind::Ready if recording_confirmed => Some(Action::StartSession),
        PhaseKind::Ready => Some(Action::ConfirmRecording),
        PhaseKind::InSession => Some(Action::BeginClosing),
        PhaseKind::Suspended => Some(Action::ResumeSession),
        PhaseKind::Overnight => Some(Action::EndOvernight),
        PhaseKind::Closing => Some(Action::SealSession),
    }
}
