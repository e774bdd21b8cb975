//! Owns how a session comes to be: the plan and the committee.

use super::Case;
use crate::room::event::Event;
use crate::room::ids::SessionId;
use crate::room::plan::{MemberKind, NewMember, Plan, SessionKind, check_composition};
use crate::room::refusal::Refusal;
use crate::room::session::Phase;
use crate::room::state::Room;
use crate::room::time::{Now, Span};
use std::collections::BTreeSet;

pub(super) fn plan(
    room: &Room,
    now: &Now,
    id: &SessionId,
    plan: &Plan,
) -> Result<Vec<Event>, Refusal> {
    if room.past_sessions.contains(id) {
        return Err(Refusal::SessionExists {
            session: id.clone(),
        });
    }
    let plan = plan.under_its_rules(&room.policies, now.utc_offset);
    check(room, id, &plan)?;
    Ok(vec![Event::SessionPlanned { plan }])
}

pub(super) fn change(case: &Case<'_>, plan: &Plan) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Planned))?;
    case.no_draw()?;
    let plan = plan.under_its_rules(&case.room.policies, case.now.utc_offset);
    check(case.room, case.id, &plan)?;
    Ok(vec![Event::PlanChanged { plan }])
}

fn check(room: &Room, id: &SessionId, plan: &Plan) -> Result<(), Refusal> {
    let bad = |field: &str| {
        Err(Refusal::BadPlan {
            field: field.to_owned(),
        })
    };
    if &plan.id != id {
        return bad("id");
    }
    if plan.expected < Span::minutes(5) || plan.expected > Span::hours(24 * 14) {
        return bad("expected");
    }
    let policies = plan.policies.as_ref().unwrap_or(&room.policies);
    if policies.expert_share.1 == 0 || policies.expert_share.0 > policies.expert_share.1 {
        return bad("policies.expert_share");
    }
    let (experts, others) = (plan.experts.into(), plan.tenderer_representatives.into());
    if experts + others == 0 {
        return bad("experts");
    }
    let Some(elsewhere) = plan.elsewhere() else {
        return bad("committee");
    };
    let seats = room.layout.seats.len();
    check_composition((experts, others), elsewhere, seats, policies)?;
    if plan.kind == SessionKind::Real {
        let simulated: BTreeSet<_> = room
            .layout
            .feeds
            .iter()
            .filter(|f| f.simulated)
            .map(|f| f.id.clone())
            .collect();
        super::none_of(simulated, |feeds| Refusal::TestFeeds { feeds })?;
    }
    Ok(())
}

pub(super) fn convene(case: &Case<'_>, members: &[NewMember]) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Planned))?;
    case.no_draw()?;
    let plan = &case.session.plan;
    let experts = members
        .iter()
        .filter(|m| m.kind == MemberKind::Expert)
        .count();
    let representatives = members.len() - experts;
    if experts != usize::from(plan.experts)
        || representatives != usize::from(plan.tenderer_representatives)
    {
        return Err(Refusal::NotAsPlanned {
            experts: plan.experts,
            representatives: plan.tenderer_representatives,
        });
    }
    let persons: BTreeSet<_> = members.iter().map(|m| &m.person).collect();
    if persons.len() != members.len() {
        return Err(Refusal::PersonTwice);
    }
    Ok(vec![Event::CommitteeConvened {
        members: members.to_vec(),
    }])
}
