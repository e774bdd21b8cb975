//! Owns how members come in: seats by chance, the grace period, pledges, conflicts, replacements.

use super::{Case, none_of};
use crate::room::committee::Presence;
use crate::room::event::{ConflictKind, Event, Pledge, Ruling, SeatAssignment};
use crate::room::ids::{MemberNo, SeatNo};
use crate::room::plan::NewMember;
use crate::room::refusal::Refusal;
use crate::room::session::Phase;
use std::collections::BTreeSet;

pub(super) fn open(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| matches!(phase, Phase::Convened))?;
    if let Some((other, _)) = case.room.occupant() {
        return Err(Refusal::RoomOccupied { by: other.clone() });
    }
    if let Some((id, _)) = case
        .room
        .failures
        .iter()
        .find(|(_, f)| f.fault.blocks_start())
    {
        return Err(Refusal::EquipmentUnfit {
            equipment: id.to_string(),
        });
    }
    Ok(vec![Event::CheckInOpened {
        seats: assign_seats(case),
    }])
}

/// Deals the seats to the members by chance: a Fisher-Yates shuffle driven by the clerk's seed. Seats whose
/// workstation is enrolled come first, as nobody can work at another.
fn assign_seats(case: &Case<'_>) -> Vec<SeatAssignment> {
    let mut seats: Vec<SeatNo> = case.room.layout.seats.iter().map(|s| s.no).collect();
    let mut chance = Chance(case.now.seed);
    for last in (1..seats.len()).rev() {
        seats.swap(last, chance.below(last + 1));
    }
    seats.sort_by_key(|seat| !case.room.workstations.contains_key(seat));
    let members = case.session.committee.active().map(|m| m.no);
    members
        .zip(seats)
        .map(|(member, seat)| SeatAssignment { member, seat })
        .collect()
}

/// SplitMix64 (Steele, Lea, Flood 2014): a seed stretched to as many numbers as a room needs.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`; the bias is below 2^-56 for the seats of a room.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).expect("a room has few seats");
        usize::try_from(self.next() % limit).expect("below a room's seats")
    }
}

pub(super) fn hand_out_code(case: &Case<'_>, no: MemberNo) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::occupies)?;
    match case.member(no)?.presence {
        Presence::Expected => Ok(vec![Event::CodeHandedOut { member: no }]),
        // after a night everybody is identified again
        Presence::Present { .. } if matches!(case.session.phase, Phase::Overnight { .. }) => {
            Ok(vec![Event::CodeHandedOut { member: no }])
        }
        Presence::Present { .. } => Err(Refusal::AlreadyPresent),
        Presence::Left { .. } => Err(Refusal::NoReEntry),
        Presence::Absent | Presence::Removed { .. } | Presence::Replaced { .. } => {
            Err(Refusal::NotExpected)
        }
    }
}

pub(super) fn check_in(case: &Case<'_>, no: MemberNo, seat: SeatNo) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::occupies)?;
    case.seat_exists(seat)?;
    let member = case.member(no)?;
    match member.presence {
        Presence::Left { .. } => return Err(Refusal::NoReEntry),
        Presence::Absent | Presence::Removed { .. } | Presence::Replaced { .. } => {
            return Err(Refusal::NotExpected);
        }
        Presence::Expected | Presence::Present { .. } => {}
    }
    if let Some(yours) = member.seat.filter(|yours| *yours != seat) {
        return Err(Refusal::WrongSeat { yours });
    }
    // whoever replaces a member that was absent before the seats were dealt takes a free one
    if member.seat.is_none() && case.session.committee.at_seat(seat).is_some() {
        return Err(Refusal::SeatInUse { seat });
    }
    if !case.room.workstations.contains_key(&seat) {
        return Err(Refusal::SeatNotEnrolled { seat });
    }
    if let Presence::Present { .. } = member.presence {
        let Phase::Overnight { returned } = &case.session.phase else {
            return Err(Refusal::AlreadyPresent);
        };
        if returned.contains(&no) {
            return Err(Refusal::AlreadyPresent);
        }
        return Ok(vec![Event::MemberReturned { member: no }]);
    }
    if case.session.committee.grace_ended && !member.excused {
        return Err(Refusal::TooLate {
            grace: case.policies().grace,
        });
    }
    let late = case.now.stamp.at > case.session.plan.start;
    let mut events = vec![Event::MemberCheckedIn {
        member: no,
        seat,
        late,
    }];
    if let Phase::Overnight { .. } = case.session.phase {
        events.push(Event::MemberReturned { member: no });
    }
    Ok(events)
}

pub(super) fn excuse(case: &Case<'_>, no: MemberNo) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::occupies)?;
    let member = case.member(no)?;
    match member.presence {
        Presence::Expected if member.excused => Err(Refusal::AlreadyDone),
        Presence::Expected => Ok(vec![Event::LatenessExcused { member: no }]),
        Presence::Present { .. } => Err(Refusal::AlreadyPresent),
        Presence::Left { .. } => Err(Refusal::NoReEntry),
        Presence::Absent | Presence::Removed { .. } | Presence::Replaced { .. } => {
            Err(Refusal::NotExpected)
        }
    }
}

pub(super) fn record_absence(case: &Case<'_>, no: MemberNo) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| phase.occupies() || matches!(phase, Phase::Convened))?;
    match case.member(no)?.presence {
        Presence::Expected => Ok(vec![Event::MemberAbsent { member: no }]),
        Presence::Present { .. } => Err(Refusal::AlreadyPresent),
        Presence::Absent => Err(Refusal::AlreadyDone),
        Presence::Left { .. } => Err(Refusal::NoReEntry),
        Presence::Removed { .. } | Presence::Replaced { .. } => Err(Refusal::NotExpected),
    }
}

pub(super) fn sign_pledge(case: &Case<'_>, pledge: Pledge) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::occupies)?;
    let me = case.me()?;
    if me.pledges.contains(&pledge) {
        return Err(Refusal::AlreadySigned);
    }
    if pledge == Pledge::Recusal && me.conflict_open() {
        return Err(Refusal::ConflictUndecided {
            members: BTreeSet::from([me.no]),
        });
    }
    Ok(vec![Event::PledgeSigned {
        member: me.no,
        pledge,
    }])
}

pub(super) fn declare_conflict(case: &Case<'_>, kind: ConflictKind) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| phase.occupies() && !matches!(phase, Phase::Closing))?;
    let me = case.me()?;
    if me.conflict_open() {
        return Err(Refusal::AlreadyDeclared);
    }
    Ok(vec![Event::ConflictDeclared {
        member: me.no,
        kind,
    }])
}

pub(super) fn rule_on_conflict(
    case: &Case<'_>,
    no: MemberNo,
    ruling: Ruling,
) -> Result<Vec<Event>, Refusal> {
    case.in_phase(Phase::occupies)?;
    let member = case.member(no)?;
    if !member.conflict_open() || !member.presence.is_active() {
        return Err(Refusal::NoConflict { member: no });
    }
    let mut events = vec![Event::ConflictRuled { member: no, ruling }];
    if ruling == Ruling::Removed {
        events.extend(super::course::after_loss(case));
    }
    Ok(events)
}

pub(super) fn approve_replacement(case: &Case<'_>, no: MemberNo) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| phase.occupies() && !matches!(phase, Phase::Closing))?;
    let member = case.member(no)?;
    if !is_missing(case, no)? {
        return Err(Refusal::MemberNotMissing { member: no });
    }
    if member.replacement_approved {
        return Err(Refusal::AlreadyDone);
    }
    Ok(vec![Event::ReplacementApproved { member: no }])
}

/// Whether somebody may take this member's place: gone for good, or not here after the grace period.
pub(super) fn is_missing(case: &Case<'_>, no: MemberNo) -> Result<bool, Refusal> {
    Ok(match case.member(no)?.presence {
        Presence::Absent | Presence::Left { .. } | Presence::Removed { .. } => true,
        Presence::Expected => case.session.committee.grace_ended,
        Presence::Present { .. } | Presence::Replaced { .. } => false,
    })
}

pub(super) fn replace(
    case: &Case<'_>,
    no: MemberNo,
    by: &NewMember,
) -> Result<Vec<Event>, Refusal> {
    case.in_phase(|phase| phase.occupies() && !matches!(phase, Phase::Closing))?;
    let member = case.member(no)?;
    if !is_missing(case, no)? {
        return Err(Refusal::MemberNotMissing { member: no });
    }
    if !member.replacement_approved {
        return Err(Refusal::NotApproved { member: no });
    }
    let known: BTreeSet<_> = case
        .session
        .committee
        .members
        .values()
        .map(|m| &m.person)
        .collect();
    if known.contains(&by.person) {
        return Err(Refusal::PersonTwice);
    }
    if member.kind != by.kind {
        let plan = &case.session.plan;
        return Err(Refusal::NotAsPlanned {
            experts: plan.experts,
            representatives: plan.tenderer_representatives,
        });
    }
    Ok(vec![Event::MemberReplaced {
        member: no,
        by: by.clone(),
        as_member: case.session.committee.next_no(),
        seat: member.seat,
    }])
}

/// Refuses unless every active member is here, has pledged, and has no open conflict.
pub(super) fn all_signed_in(case: &Case<'_>) -> Result<(), Refusal> {
    let committee = &case.session.committee;
    let missing = committee.active_without(|m| matches!(m.presence, Presence::Present { .. }));
    none_of(missing, |members| Refusal::MembersMissing { members })?;
    let undecided = committee.active_without(|m| !m.conflict_open());
    none_of(undecided, |members| Refusal::ConflictUndecided { members })?;
    for pledge in Pledge::ALL {
        let unsigned = committee.active_without(|m| m.pledges.contains(&pledge));
        none_of(unsigned, |members| Refusal::PledgesMissing {
            members,
            pledge,
        })?;
    }
    Ok(())
}
