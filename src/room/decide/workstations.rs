//! Owns which browser stands for which seat.

use crate::room::event::Event;
use crate::room::ids::{SeatNo, WorkstationId};
use crate::room::refusal::Refusal;
use crate::room::state::Room;

pub(super) fn enrol(
    room: &Room,
    seat: SeatNo,
    workstation: &WorkstationId,
) -> Result<Vec<Event>, Refusal> {
    if !room.layout.has_seat(seat) {
        return Err(Refusal::NoSuchSeat { seat });
    }
    Ok(vec![Event::WorkstationEnrolled {
        seat,
        workstation: workstation.clone(),
    }])
}

pub(super) fn revoke(room: &Room, seat: SeatNo) -> Result<Vec<Event>, Refusal> {
    if !room.workstations.contains_key(&seat) {
        return Err(Refusal::NotEnrolled { seat });
    }
    Ok(vec![Event::WorkstationRevoked { seat }])
}
