//! Owns the board of draw and call-out: for every session whose committee is drawn, how far it is. Candidates are masks, and
//! the row of the pool that somebody is stays out, as whoever has the pool's table could follow it.

use super::actions::{self, ActionView, action_views};
use crate::room::{
    AbortReason, Actor, CallEnd, CallOut, CallOutStage, CallProgress, CandidateId, Draw, DrawStage,
    Exclusion, Hex32, Hex64, Key, Line, LineId, LineKind, LineState, MemberKind, MemberNo,
    NoticeState, Now, PauseCause, PhaseKind, Phones, Room, Session, SessionId, SessionKind, Span,
    Standing, TextEnd, Utc, WithdrawalSource,
};
use schemars::JsonSchema;
use serde::Serialize;

/// Draw and call-out of one session.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ConveningView {
    /// The session's number.
    pub session: SessionId,
    /// Real, or a rehearsal.
    pub kind: SessionKind,
    /// Where it stands.
    pub phase: PhaseKind,
    /// The planned start.
    pub start: Utc,
    /// How long it is expected to take.
    pub expected: Span,
    /// When the committee should be complete.
    pub complete_by: Utc,
    /// Before which no draw may be prepared.
    pub draw_from: Option<Utc>,
    /// Experts that were planned.
    pub experts: u8,
    /// Tenderer representatives that were planned.
    pub tenderer_representatives: u8,
    /// What the composition must be.
    pub composition: Composition,
    /// The order that the hub has brought, until a draw is prepared.
    pub order: Option<ArrivedOrderView>,
    /// The draw.
    pub draw: Option<DrawView>,
    /// What is said on the phone.
    pub notice: NoticeState,
    /// The call-out.
    pub callout: Option<CallOutView>,
    /// The buttons.
    pub actions: Vec<ActionView>,
}

/// An order that the hub has brought. It was proven when it came; a draw has not used it yet.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ArrivedOrderView {
    /// SHA-256 of its envelope; the hub's board shows the same.
    pub sha256: Hex32,
    /// When it was whole.
    pub since: Utc,
    /// The key of the pool's owner.
    pub key: Hex32,
    /// People in the pool.
    pub rows: u32,
    /// The specialities that it was drawn for, in its order.
    pub specialities: Vec<String>,
}

/// The rules of composition, and whether the plan keeps them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Composition {
    /// Members in all.
    pub members: u8,
    /// The smallest committee.
    pub least: u8,
    /// Whether it must be odd.
    pub odd: bool,
    /// Experts must be `.0` of `.1` at least.
    pub expert_share: (u8, u8),
    /// Whether the committee as it would be now keeps all of them.
    pub complete: bool,
}

/// The draw and its proof.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DrawView {
    /// Which of the session's draws.
    pub attempt: u16,
    /// Where it stands.
    pub stage: DrawStep,
    /// Since when.
    pub since: Utc,
    /// People in the pool.
    pub rows: u32,
    /// How many may be drawn.
    pub eligible: u32,
    /// How many may not, by reason.
    pub excluded: Vec<ExcludedView>,
    /// The specialities.
    pub groups: Vec<GroupView>,
    /// Designated experts.
    pub designated: usize,
    /// The pool's root.
    pub root: Hex32,
    /// Hash of the rules.
    pub rules: Hex32,
    /// Hash of the box's secret.
    pub box_commitment: Hex32,
    /// Hash of the supervisor's.
    pub supervisor_commitment: Option<Hex32>,
    /// Whose order it is, where the pool's owner had drawn already.
    pub given: Option<GivenView>,
    /// The hub's signature, or that it is waited for until then; none where no hub signs.
    pub hub: Option<HubSignatureView>,
    /// The seed.
    pub seed: Option<Hex32>,
    /// Draws that were ended, this one included.
    pub aborted: Vec<AbortedView>,
}

/// Where a draw stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrawStep {
    /// Waits for the supervisor's commitment.
    Prepared,
    /// Waits for the hub's signature where one signs, for the supervisor's secret else.
    Committed,
    /// The hub has signed: waits for the supervisor's secret.
    Countersigned,
    /// The box reveals its own.
    Revealed,
    /// The order is fixed.
    Seeded,
    /// Ended.
    Aborted,
}

/// An order that was drawn already.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GivenView {
    /// The key of the pool's owner.
    pub key: Hex32,
    /// Which of his draws.
    pub attempt: u16,
}

/// How the hub's signature over the commitments stands.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HubSignatureView {
    /// The hub's key, which was fixed before.
    pub key: Hex32,
    /// Its signature.
    pub signature: Option<Hex64>,
    /// Until when it is waited for.
    pub until: Option<Utc>,
}

/// Rows that cannot be drawn.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExcludedView {
    /// Why.
    pub reason: Exclusion,
    /// How many.
    pub rows: u32,
}

/// A speciality, and how it fills.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GroupView {
    /// As the pool writes it.
    pub speciality: String,
    /// How many are needed.
    pub count: u8,
    /// How many may be drawn.
    pub eligible: u32,
    /// How many have accepted.
    pub filled: usize,
    /// Whether its pool is empty.
    pub exhausted: bool,
}

/// A draw that was ended.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AbortedView {
    /// Which.
    pub attempt: u16,
    /// When.
    pub at: Utc,
    /// Why.
    pub reason: AbortReason,
}

/// The call-out.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CallOutView {
    /// Whether it goes on.
    pub stage: CallOutStep,
    /// Since when it is paused or ended.
    pub since: Option<Utc>,
    /// Why it is paused.
    pub pause: Option<PauseCause>,
    /// Why it was ended.
    pub stopped: Option<crate::room::Note>,
    /// Places in all.
    pub places: usize,
    /// Places that are taken.
    pub filled: usize,
    /// Calls that are open.
    pub calling: usize,
    /// Who declined.
    pub declined: usize,
    /// Who was given up.
    pub given_up: usize,
    /// Who was drawn beyond the first draw.
    pub redrawn: usize,
    /// Whether places are open that nobody can fill.
    pub stuck: bool,
    /// Whether it is not complete though it should be.
    pub overdue: bool,
    /// Whether one line is enough to give a candidate up.
    pub single_line: bool,
    /// The candidates in the order of drawing.
    pub candidates: Vec<CandidateView>,
}

/// Whether a call-out goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOutStep {
    /// It draws and calls.
    Running,
    /// No new call.
    Paused,
    /// Ended for good.
    Stopped,
    /// Everybody is there.
    Complete,
}

/// A candidate, by mask.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CandidateView {
    /// The mask: 候选 3.
    pub candidate: CandidateId,
    /// The group, counted from 0.
    pub group: u8,
    /// Whether he was drawn in somebody's place.
    pub redraw: bool,
    /// Where he stands.
    pub standing: StandingKind,
    /// Since when, where it is decided.
    pub since: Option<Utc>,
    /// The member he became.
    pub member: Option<MemberNo>,
    /// When he may be called again.
    pub next_call: Option<Utc>,
    /// How the last attempt ended, where that is why he was given up.
    pub cause: Option<CallEnd>,
    /// How it is known that he will not come.
    pub withdrawal: Option<WithdrawalSource>,
    /// The calls to him, oldest first.
    pub attempts: Vec<AttemptView>,
    /// What became of the text message to him.
    pub text: Option<TextView>,
}

/// A text message to a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TextView {
    /// What became of it; none while it is being sent.
    pub end: Option<TextEnd>,
}

/// Where a candidate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "as the room's own")]
pub enum StandingKind {
    Waiting,
    Calling,
    Accepted,
    Declined,
    GivenUp,
    Released,
    Withdrawing,
    Withdrew,
    /// Everybody is there before he was reached.
    NotNeeded,
}

/// A call to a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AttemptView {
    /// On which line.
    pub line: LineId,
    /// When it was placed.
    pub placed: Utc,
    /// How far it came.
    pub progress: Option<CallProgress>,
    /// The keys that were understood.
    pub keys: Vec<Key>,
    /// How it ended.
    pub end: Option<CallEnd>,
    /// When.
    pub ended: Option<Utc>,
}

/// A phone line.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LineView {
    /// Its name.
    pub line: LineId,
    /// SIP or modem.
    pub kind: LineKind,
    /// How it stands.
    pub state: LineState,
    /// Since when.
    pub since: Utc,
    /// Whether its test number was reached; true as well where it has none.
    pub probed: bool,
    /// Whether it takes no call after faults.
    pub resting: bool,
    /// Its last fault.
    pub last_fault: Option<CallEnd>,
    /// Whom it calls.
    pub calling: Option<LineCall>,
}

/// What a line is doing.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LineCall {
    /// The candidate; none for the test number, or a stranger.
    pub candidate: Option<CandidateId>,
    /// Since when.
    pub placed: Utc,
    /// Whether the other side called.
    pub taken: bool,
}

/// All sessions whose committee is drawn, or still to come.
pub(super) fn convening_views(room: &Room, now: &Now, actor: &Actor) -> Vec<ConveningView> {
    let buttons = match actor {
        Actor::Technician { .. } => actions::TECHNICIAN_OF_DRAWS,
        Actor::Supervisor { .. } => actions::SUPERVISOR_OF_DRAWS,
        Actor::Administrator { .. }
        | Actor::Member { .. }
        | Actor::Workstation { .. }
        | Actor::Bidder { .. }
        | Actor::Daemon { .. } => &[],
    };
    let open = room.sessions.iter().filter(|(_, session)| {
        let planned = matches!(session.phase, crate::room::Phase::Planned);
        !session.phase.is_over() && (planned || session.draw.is_some())
    });
    open.map(|(id, session)| {
        let policies = session.policies(&room.policies);
        let plan = &session.plan;
        let before = policies.call_out.complete_before;
        let callout = session.callout.as_ref();
        ConveningView {
            session: id.clone(),
            kind: plan.kind,
            phase: session.phase.kind(),
            start: plan.start,
            expected: plan.expected,
            complete_by: plan.start - before,
            draw_from: policies.call_out.earliest.map(|e| plan.start - e),
            experts: plan.experts,
            tenderer_representatives: plan.tenderer_representatives,
            composition: Composition {
                members: plan.whole().members(),
                least: policies.committee_min,
                odd: policies.committee_odd,
                expert_share: policies.expert_share,
                complete: callout.is_some_and(CallOut::is_complete),
            },
            order: order_view(session),
            draw: session.draw.as_ref().map(|draw| draw_view(draw, callout)),
            notice: session.notice.clone(),
            callout: callout.map(|callout| callout_view(session, callout, now)),
            actions: action_views(room, now, actor, Some(id), buttons),
        }
    })
    .collect()
}

fn order_view(session: &Session) -> Option<ArrivedOrderView> {
    let drawn = session.draw.as_ref().is_some_and(|draw| !draw.is_aborted());
    let waits = session.order.as_ref().filter(|_| !drawn)?;
    let order = &waits.order;
    Some(ArrivedOrderView {
        sha256: order.sha256.clone(),
        since: waits.since,
        key: order.key.clone(),
        rows: order.rows,
        specialities: order.specialities.clone(),
    })
}

fn draw_view(draw: &Draw, callout: Option<&CallOut>) -> DrawView {
    let filled = |group: u8, count: u8| {
        callout.map_or(0, |callout| {
            usize::from(count).saturating_sub(callout.open(group))
        })
    };
    let groups = draw.basis.groups.iter().zip(0_u8..);
    let mut view = DrawView {
        attempt: draw.attempt,
        stage: DrawStep::Prepared,
        since: Utc(0),
        rows: draw.basis.rows,
        eligible: draw.basis.eligible,
        excluded: draw
            .basis
            .excluded
            .iter()
            .map(|(reason, rows)| ExcludedView {
                reason: *reason,
                rows: *rows,
            })
            .collect(),
        groups: groups
            .map(|(group, no)| GroupView {
                speciality: group.speciality.clone(),
                count: group.count,
                eligible: group.eligible,
                filled: filled(no, group.count),
                exhausted: callout.is_some_and(|c| c.is_exhausted(no)),
            })
            .collect(),
        designated: draw
            .basis
            .named
            .iter()
            .filter(|m| m.kind == MemberKind::Expert)
            .count(),
        root: draw.basis.root.clone(),
        rules: draw.basis.rules.clone(),
        box_commitment: draw.basis.commitment.clone(),
        supervisor_commitment: draw.evidence.supervisor.clone(),
        given: draw.basis.given.as_ref().map(|given| GivenView {
            key: given.key.clone(),
            attempt: given.attempt,
        }),
        hub: hub_view(draw),
        seed: draw.evidence.seed.clone(),
        aborted: draw
            .aborted
            .iter()
            .map(|a| AbortedView {
                attempt: a.attempt,
                at: a.at.at,
                reason: a.reason.clone(),
            })
            .collect(),
    };
    let (stage, since) = match &draw.stage {
        DrawStage::Prepared { since } => (DrawStep::Prepared, since),
        DrawStage::Committed { since } => (DrawStep::Committed, since),
        DrawStage::Countersigned { since } => (DrawStep::Countersigned, since),
        DrawStage::Revealed { since } => (DrawStep::Revealed, since),
        DrawStage::Seeded { since } => (DrawStep::Seeded, since),
        DrawStage::Aborted { since, reason } => {
            view.aborted.push(AbortedView {
                attempt: draw.attempt,
                at: since.at,
                reason: reason.clone(),
            });
            (DrawStep::Aborted, since)
        }
    };
    view.stage = stage;
    view.since = since.at;
    view
}

fn hub_view(draw: &Draw) -> Option<HubSignatureView> {
    let hub = draw.basis.hub.as_ref()?;
    let until = match &draw.stage {
        DrawStage::Committed { since } => Some(since.at + hub.wait),
        DrawStage::Prepared { .. }
        | DrawStage::Countersigned { .. }
        | DrawStage::Revealed { .. }
        | DrawStage::Seeded { .. }
        | DrawStage::Aborted { .. } => None,
    };
    Some(HubSignatureView {
        key: hub.key.clone(),
        signature: draw.evidence.hub.clone(),
        until,
    })
}

fn callout_view(session: &Session, callout: &CallOut, now: &Now) -> CallOutView {
    let (stage, since, pause, stopped) = match &callout.stage {
        _ if callout.is_complete() => (CallOutStep::Complete, None, None, None),
        CallOutStage::Running => (CallOutStep::Running, None, None, None),
        CallOutStage::Paused { cause, since } => {
            let cause = Some(cause.clone());
            (CallOutStep::Paused, Some(since.at), cause, None)
        }
        CallOutStage::Stopped { reason, at } => {
            let reason = Some(reason.clone());
            (CallOutStep::Stopped, Some(at.at), None, reason)
        }
    };
    let candidates: Vec<CandidateView> = callout
        .candidates
        .keys()
        .map(|id| candidate_view(session, callout, *id, now))
        .collect();
    let count = |kind| candidates.iter().filter(|c| c.standing == kind).count();
    let places: usize = callout.groups.iter().map(|g| usize::from(g.count)).sum();
    CallOutView {
        stage,
        since,
        pause,
        stopped,
        places,
        filled: places.saturating_sub(callout.open_places()),
        calling: count(StandingKind::Calling),
        declined: count(StandingKind::Declined),
        given_up: count(StandingKind::GivenUp),
        redrawn: candidates.iter().filter(|c| c.redraw).count(),
        stuck: callout.is_stuck(),
        overdue: callout.overdue && !callout.is_complete(),
        single_line: callout.single_line,
        candidates,
    }
}

fn candidate_view(
    session: &Session,
    callout: &CallOut,
    id: CandidateId,
    now: &Now,
) -> CandidateView {
    let candidate = &callout.candidates[&id];
    let earlier = callout.candidates.range(..id);
    let earlier = earlier.filter(|(_, c)| c.group == candidate.group).count();
    let count = callout.groups.get(usize::from(candidate.group));
    let members = session.committee.members.values();
    let mut view = CandidateView {
        candidate: id,
        group: candidate.group,
        redraw: count.is_some_and(|g| earlier >= usize::from(g.count)),
        standing: StandingKind::Waiting,
        since: None,
        member: members
            .into_iter()
            .find(|m| m.person == candidate.person)
            .map(|m| m.no),
        next_call: None,
        cause: None,
        withdrawal: None,
        attempts: candidate
            .attempts
            .iter()
            .map(|a| AttemptView {
                line: a.line.clone(),
                placed: a.placed.at,
                progress: a.progress,
                keys: a.keys.clone(),
                end: a.end.as_ref().map(|e| e.end),
                ended: a.end.as_ref().map(|e| e.at.at),
            })
            .collect(),
        text: candidate
            .text
            .as_ref()
            .map(|text| TextView { end: text.end }),
    };
    let (standing, since) = match &candidate.standing {
        Standing::Waiting { .. } if callout.open(candidate.group) == 0 => {
            (StandingKind::NotNeeded, None)
        }
        Standing::Waiting { wait } => {
            let left = wait.as_ref().map(|wait| wait.left(now));
            let left = left.filter(|left| *left > Span::ZERO);
            view.next_call = left.and(wait.as_ref()).map(|w| w.since.at + w.length);
            (StandingKind::Waiting, None)
        }
        Standing::Calling => (StandingKind::Calling, None),
        Standing::Accepted { at } => (StandingKind::Accepted, Some(at)),
        Standing::Declined { at } => (StandingKind::Declined, Some(at)),
        Standing::GivenUp { at, cause } => {
            view.cause = Some(*cause);
            (StandingKind::GivenUp, Some(at))
        }
        Standing::Released { at } => (StandingKind::Released, Some(at)),
        Standing::Withdrawing { since, .. } => (StandingKind::Withdrawing, Some(since)),
        Standing::Withdrew { at, by } => {
            view.withdrawal = Some(*by);
            (StandingKind::Withdrew, Some(at))
        }
    };
    view.standing = standing;
    view.since = since.map(|at| at.at);
    view
}

/// The phone lines.
pub(super) fn line_views(phones: &Phones) -> Vec<LineView> {
    let view = |(id, line): (&LineId, &Line)| LineView {
        line: id.clone(),
        kind: line.spec.kind,
        state: line.state,
        since: line.since.at,
        probed: line.probed || !line.spec.probed,
        resting: line.resting,
        last_fault: line.last_fault,
        calling: phones
            .calls
            .values()
            .find(|call| &call.line == id)
            .map(|call| LineCall {
                candidate: match &call.callee {
                    crate::room::Callee::Candidate { candidate, .. } => Some(*candidate),
                    crate::room::Callee::TestNumber | crate::room::Callee::Stranger => None,
                },
                taken: call.taken,
                placed: call.placed.at,
            }),
    };
    phones.lines.iter().map(view).collect()
}
