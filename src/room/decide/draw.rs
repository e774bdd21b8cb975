//! Owns how a draw comes to its order: commitments before chance, then both secrets, and no way back.

use super::Case;
use crate::room::call::Notice;
use crate::room::draw::{
    AbortReason, DrawBasis, DrawCommitments, DrawStage, DrawnCandidate, Hex32, Hex64, SeedParts,
    draw_seed,
};
use crate::room::event::Event;
use crate::room::ids::PersonRef;
use crate::room::note::Note;
use crate::room::order::{ArrivedOrder, order_fault};
use crate::room::plan::MemberKind;
use crate::room::refusal::Refusal;
use crate::room::session::Phase;
use std::collections::BTreeSet;

/// More groups than any committee has members.
const MOST_GROUPS: usize = 20;

pub(super) fn prepare(case: &Case<'_>, basis: &DrawBasis) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Planned))?;
    case.no_draw()?;
    // candidates are counted anew: a call of the last draw must not be taken for one of this
    if case.room.phones.calls_of(case.id).next().is_some() {
        return Err(Refusal::CallsOpen);
    }
    let plan = &case.session.plan;
    let earliest = case.policies().call_out.earliest;
    let from = earliest.map(|before| plan.start - before);
    if let Some(from) = from.filter(|from| case.now.stamp.at < *from) {
        return Err(Refusal::DrawTooEarly { from });
    }
    if case.now.stamp.at >= plan.start {
        return Err(Refusal::DrawTooLate);
    }
    as_planned(case, basis)?;
    Ok(vec![Event::DrawPrepared {
        attempt: case
            .session
            .draw
            .as_ref()
            .map_or(1, |draw| draw.attempt.saturating_add(1)),
        basis: basis.clone(),
        notice: notice(case),
    }])
}

/// An order of the hub that lies in the vault; whoever reports it has proven it.
pub(super) fn order_arrived(case: &Case<'_>, order: &ArrivedOrder) -> Result<Vec<Event>, Refusal> {
    if let Some(fault) = order_fault(case.room, case.id, case.now.stamp.at) {
        return Err(Refusal::OrderUnfit { fault });
    }
    let known = case.session.order.as_ref();
    if known.is_some_and(|known| known.order.sha256 == order.sha256) {
        return Ok(Vec::new()); // told before
    }
    let order = order.clone();
    Ok(vec![Event::OrderArrived { order }])
}

/// The groups and the named members together are the committee that was planned.
fn as_planned(case: &Case<'_>, basis: &DrawBasis) -> Result<(), Refusal> {
    let plan = &case.session.plan;
    let named = |kind| basis.named.iter().filter(|m| m.kind == kind).count();
    let drawn: usize = basis.groups.iter().map(|g| usize::from(g.count)).sum();
    if drawn + named(MemberKind::Expert) != usize::from(plan.experts)
        || named(MemberKind::TendererRepresentative) != usize::from(plan.tenderer_representatives)
        || drawn == 0
        || basis.groups.len() > MOST_GROUPS
    {
        return Err(Refusal::NotAsPlanned {
            experts: plan.experts,
            representatives: plan.tenderer_representatives,
        });
    }
    let persons: BTreeSet<_> = basis.named.iter().map(|m| &m.person).collect();
    if persons.len() != basis.named.len() {
        return Err(Refusal::PersonTwice);
    }
    for (group, number) in basis.groups.iter().zip(0..) {
        if u32::from(group.count) > group.eligible || group.count == 0 {
            return Err(Refusal::PoolTooSmall {
                group: number,
                eligible: group.eligible,
                needed: group.count,
            });
        }
    }
    Ok(())
}

/// What is said on the phone: the whitelisted fields, none of which knows the project.
fn notice(case: &Case<'_>) -> Notice {
    let (plan, policies) = (&case.session.plan, case.policies());
    let layout = &case.room.layout;
    let end = plan.start + plan.expected;
    let overnight = policies.overnight_lock.is_some_and(|lock| {
        let offset = i64::from(case.now.utc_offset) * 1000;
        let (start, end) = (plan.start.0 + offset, end.0 + offset);
        let midnight = start.div_euclid(DAY_MS) * DAY_MS;
        end > midnight + i64::from(lock.0) * 60_000
    });
    Notice {
        venue: format!("{}{}", layout.city, layout.name),
        start: plan.start,
        utc_offset: case.now.utc_offset,
        expected: plan.expected,
        overnight,
        terminal_phone: policies.call_out.terminal_phone.clone(),
    }
}

const DAY_MS: i64 = 24 * 3600 * 1000;

pub(super) fn commit(case: &Case<'_>, commitment: &Hex32) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Planned))?;
    let draw = case.draw()?;
    if draw.basis.given.is_some() {
        return Err(Refusal::OrderGiven);
    }
    match &draw.stage {
        DrawStage::Prepared { .. } => {
            let mut events = vec![Event::DrawCommitted {
                commitment: commitment.clone(),
            }];
            if draw.basis.hub.is_some() {
                events.push(Event::DrawSignatureAsked {
                    commitments: DrawCommitments::of(draw.attempt, &draw.basis, commitment),
                });
            }
            Ok(events)
        }
        DrawStage::Committed { .. }
        | DrawStage::Countersigned { .. }
        | DrawStage::Revealed { .. }
        | DrawStage::Seeded { .. }
        | DrawStage::Aborted { .. } => Err(Refusal::WrongDrawStage),
    }
}

/// The supervisor lets an order be called that the pool's owner has drawn. Whoever prepared it has proven it.
pub(super) fn accept_given(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Planned))?;
    if case.now.stamp.at >= case.session.plan.start {
        return Err(Refusal::DrawTooLate);
    }
    let draw = case.draw()?;
    let (DrawStage::Prepared { .. }, Some(given)) = (&draw.stage, &draw.basis.given) else {
        return Err(Refusal::WrongDrawStage);
    };
    let parts = SeedParts {
        commitments: &DrawCommitments::of(given.attempt, &draw.basis, &given.supervisor),
        supervisor_secret: &given.supervisor_secret,
        box_secret: &given.box_secret,
        hub: None,
    };
    Ok(vec![Event::DrawSeeded {
        secret: given.box_secret.clone(),
        seed: draw_seed(case.id, &parts),
    }])
}

/// The hub's signature comes in, while nobody has revealed anything.
pub(super) fn countersign(
    case: &Case<'_>,
    attempt: u16,
    signature: &Hex64,
) -> Result<Vec<Event>, Refusal> {
    let draw = case.draw()?;
    if draw.attempt == attempt && draw.evidence.hub.as_ref() == Some(signature) {
        return Ok(Vec::new()); // told before
    }
    if draw.attempt != attempt || draw.unsigned().is_none() {
        return Err(Refusal::WrongDrawStage);
    }
    let signature = signature.clone();
    Ok(vec![Event::DrawCountersigned { signature }])
}

pub(super) fn reveal(case: &Case<'_>, secret: &Hex32) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Planned))?;
    if case.now.stamp.at >= case.session.plan.start {
        return Err(Refusal::DrawTooLate);
    }
    let draw = case.draw()?;
    match (&draw.stage, &draw.basis.hub) {
        (DrawStage::Committed { .. }, None) | (DrawStage::Countersigned { .. }, _) => {}
        // whoever revealed now would let others know the seed before it is fixed
        (DrawStage::Committed { .. }, Some(_)) => return Err(Refusal::HubSignatureMissing),
        (
            DrawStage::Prepared { .. }
            | DrawStage::Revealed { .. }
            | DrawStage::Seeded { .. }
            | DrawStage::Aborted { .. },
            _,
        ) => return Err(Refusal::WrongDrawStage),
    }
    if draw.evidence.supervisor != Some(Hex32::sha256(secret.as_str())) {
        return Err(Refusal::SecretDiffers);
    }
    Ok(vec![Event::DrawRevealed {
        secret: secret.clone(),
    }])
}

pub(super) fn abort(case: &Case<'_>, reason: &Note) -> Result<Vec<Event>, Refusal> {
    let draw = case.draw()?;
    if !draw.is_open() {
        return Err(Refusal::WrongDrawStage);
    }
    // once the supervisor has a stake in it, only he ends it
    if !matches!(draw.stage, DrawStage::Prepared { .. }) && !case.by_supervisor() {
        return Err(Refusal::NotYourRole);
    }
    let note = reason.clone();
    Ok(vec![Event::DrawAborted {
        reason: AbortReason::Ordered { note },
    }])
}

pub(super) fn box_secret(case: &Case<'_>, secret: &Hex32) -> Result<Vec<Event>, Refusal> {
    let draw = case.draw()?;
    let evidence = &draw.evidence;
    let (DrawStage::Revealed { .. }, Some(supervisor), Some(supervisor_secret)) = (
        &draw.stage,
        &evidence.supervisor,
        &evidence.supervisor_secret,
    ) else {
        return Ok(Vec::new()); // told before
    };
    if Hex32::sha256(secret.as_str()) != draw.basis.commitment {
        let reason = AbortReason::BasisDiffers;
        return Ok(vec![Event::DrawAborted { reason }]);
    }
    let parts = SeedParts {
        commitments: &DrawCommitments::of(draw.attempt, &draw.basis, supervisor),
        supervisor_secret,
        box_secret: secret,
        hub: evidence.hub.as_ref(),
    };
    let seed = draw_seed(case.id, &parts);
    Ok(vec![Event::DrawSeeded {
        secret: secret.clone(),
        seed,
    }])
}

pub(super) fn failed(case: &Case<'_>, reason: &AbortReason) -> Result<Vec<Event>, Refusal> {
    if case.draw()?.is_aborted() {
        return Ok(Vec::new());
    }
    let reason = reason.clone();
    Ok(vec![Event::DrawAborted { reason }])
}

pub(super) fn drawn(case: &Case<'_>, drawn: &[DrawnCandidate]) -> Result<Vec<Event>, Refusal> {
    let callout = case.callout()?;
    let wanted = callout.to_draw(case.policies().call_out.spare);
    let first = drawn.first().map(|d| d.candidate);
    // what was drawn for a state that has passed is drawn again, and comes out the same
    if first != Some(callout.next_candidate()) || !callout.is_running() {
        return Ok(Vec::new());
    }
    let known: BTreeSet<&PersonRef> = callout.candidates.values().map(|c| &c.person).collect();
    let rows: BTreeSet<u32> = callout.candidates.values().map(|c| c.row).collect();
    let new: BTreeSet<u32> = drawn.iter().map(|d| d.row).collect();
    let in_order = drawn.iter().zip(callout.next_candidate().0..);
    let fits = in_order
        .zip(&wanted)
        .filter(|((d, no), group)| {
            d.candidate.0 == *no
                && d.group == **group
                && !rows.contains(&d.row)
                && !known.contains(&d.person)
        })
        .count();
    if fits != drawn.len() || new.len() != drawn.len() {
        return Err(Refusal::WrongDrawStage);
    }
    Ok(vec![Event::CandidatesDrawn {
        candidates: drawn.to_vec(),
    }])
}

pub(super) fn exhausted(case: &Case<'_>, group: u8) -> Result<Vec<Event>, Refusal> {
    let callout = case.callout()?;
    if callout.is_exhausted(group) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::PoolExhausted { group }])
}
