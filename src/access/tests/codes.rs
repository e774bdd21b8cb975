//! Check-in and enrolment codes: once, in time, for their seat.

use super::*;
use crate::room::FeedId;

#[test]
fn a_browser_is_enrolled_by_a_code_that_is_good_once() {
    let room = Room::fresh(SecondFactor::Off);
    let code = room
        .access
        .make_enrolment_code(room.act(&technician()), SeatNo(3))
        .unwrap();
    assert_eq!(code.expose().len(), 9);
    // as people type it
    let typed = Secret::new(format!(
        " {} ",
        code.expose().to_lowercase().replace('-', " ")
    ));
    let enrolled = room.access.enrol(&typed, HERE, room.now).unwrap();
    assert_eq!((enrolled.seat, &enrolled.replaced), (SeatNo(3), &None));
    assert!(matches!(
        room.access.enrol(&code, HERE, room.now),
        Err(AccessError::CodeNotValid)
    ));
    let request = Request {
        workstation: Some(enrolled.cookie),
        ..Request::default()
    };
    let seat = Principal::Workstation {
        seat: SeatNo(3),
        workstation: enrolled.workstation,
    };
    assert_eq!(room.who(&request), seat);
    // it is still known after a restart, however long
    let again = open(room.data.path(), SecondFactor::Off);
    assert_eq!(
        again
            .authenticate(&request, room.now + Span::hours(24 * 900))
            .unwrap(),
        seat
    );
}

#[test]
fn enrolment_codes_run_out_and_replace_each_other() {
    let mut room = Room::fresh(SecondFactor::Off);
    let first = room
        .access
        .make_enrolment_code(room.act(&technician()), SeatNo(3))
        .unwrap();
    let second = room
        .access
        .make_enrolment_code(room.act(&technician()), SeatNo(3))
        .unwrap();
    assert!(matches!(
        room.access.enrol(&first, HERE, room.now),
        Err(AccessError::CodeNotValid)
    ));
    room.wait(Span::minutes(10));
    assert!(matches!(
        room.access.enrol(&second, HERE, room.now),
        Err(AccessError::CodeNotValid)
    ));
    for by in [
        of_role(Role::Supervisor),
        of_role(Role::SystemAdministrator),
        Principal::Anonymous,
    ] {
        let made = room.access.make_enrolment_code(room.act(&by), SeatNo(3));
        assert!(matches!(made, Err(AccessError::NotPermitted)));
    }
    // a code for the gate enrols nobody
    let gate = room.gate_code(1, 3);
    assert!(room.access.enrol(&gate, HERE, room.now).is_err());
}

#[test]
fn guessing_enrolment_codes_is_stopped() {
    let room = Room::fresh(SecondFactor::Off);
    for _ in 0..20 {
        let guess = room.access.enrol(&Secret::new("AAAA-AAAA"), HERE, room.now);
        assert!(matches!(guess, Err(AccessError::CodeNotValid)));
    }
    let code = room
        .access
        .make_enrolment_code(room.act(&technician()), SeatNo(1))
        .unwrap();
    assert!(matches!(
        room.access.enrol(&code, HERE, room.now),
        Err(AccessError::TooMany { .. })
    ));
    assert!(
        room.access
            .enrol(&code, HERE, room.now + Span::seconds(15))
            .is_ok()
    );
}

#[test]
fn a_revoked_or_replaced_workstation_is_nobody() {
    let room = Room::fresh(SecondFactor::Off);
    let old = room.workstation(3);
    room.check_in(&old, &room.gate_code(1, 3)).unwrap();
    let new = room.workstation(3);
    assert_eq!(room.who(&old), Principal::Anonymous);
    assert!(
        matches!(
            room.who(&new),
            Principal::Workstation {
                seat: SeatNo(3),
                ..
            }
        ),
        "the member is not taken along"
    );
    let listed = room.access.workstations().unwrap();
    assert_eq!(listed.len(), 1);
    let by = of_role(Role::Supervisor);
    assert!(
        room.access
            .revoke_workstation(room.act(&by), &listed[0].id)
            .is_err()
    );
    room.access
        .revoke_workstation(room.act(&technician()), &listed[0].id)
        .unwrap();
    assert_eq!(room.who(&new), Principal::Anonymous);
    let again = room
        .access
        .revoke_workstation(room.act(&technician()), &listed[0].id);
    assert!(matches!(again, Err(AccessError::Unknown(_))));
}

#[test]
fn a_member_checks_in_at_his_own_seat_only() {
    let room = Room::fresh(SecondFactor::Off);
    let (third, fourth) = (room.workstation(3), room.workstation(4));
    let code = room.gate_code(1, 3);
    let wrong = room.check_in(&fourth, &code);
    assert!(
        matches!(
            wrong,
            Err(AccessError::WrongSeat {
                right: SeatNo(3),
                here: SeatNo(4)
            })
        ),
        "{wrong:?}"
    );
    // which leaves the code good
    let checked_in = room.check_in(&third, &code).unwrap();
    assert_eq!(
        (checked_in.member, checked_in.seat),
        (MemberNo(1), SeatNo(3))
    );
    assert!(
        matches!(
            room.check_in(&fourth, &code),
            Err(AccessError::CodeNotValid)
        ),
        "single use"
    );
    let member = room.who(&third);
    assert!(
        matches!(
            &member,
            Principal::Member {
                member: MemberNo(1),
                seat: SeatNo(3),
                ..
            }
        ),
        "{member}"
    );
    assert!(matches!(room.who(&fourth), Principal::Workstation { .. }));
    // a reload or a reboot, of workstation or box, needs no click
    let again = open(room.data.path(), SecondFactor::Off);
    assert_eq!(
        again
            .authenticate(&third, room.now + Span::hours(9))
            .unwrap(),
        member
    );
    // nobody else sits down there
    let second = room.gate_code(2, 3);
    assert!(matches!(
        room.check_in(&third, &second),
        Err(AccessError::SeatTaken)
    ));
    // no browser without a seat, no account, no program
    for by in [
        Principal::Anonymous,
        technician(),
        Principal::Local { uid: 0 },
    ] {
        assert!(matches!(
            room.access.check_in(room.act(&by), &second),
            Err(AccessError::NotEnrolled)
        ));
    }
    assert!(
        room.access
            .hand_out(
                room.act(&of_role(Role::Supervisor)),
                &session(),
                MemberNo(1),
                SeatNo(1),
                room.now
            )
            .is_err()
    );
}

#[test]
fn gate_codes_run_out_replace_each_other_and_cannot_be_guessed() {
    let mut room = Room::fresh(SecondFactor::Off);
    let workstation = room.workstation(3);
    let first = room.gate_code(1, 3);
    let second = room.gate_code(1, 3);
    assert!(matches!(
        room.check_in(&workstation, &first),
        Err(AccessError::CodeNotValid)
    ));
    room.wait(Span::hours(1));
    assert!(matches!(
        room.check_in(&workstation, &second),
        Err(AccessError::CodeNotValid)
    ));
    let good = room.gate_code(1, 3);
    for _ in 0..4 {
        assert!(matches!(
            room.check_in(&workstation, &Secret::new("AAAAAAAA")),
            Err(AccessError::CodeNotValid)
        ));
    }
    let refused = room.check_in(&workstation, &good).unwrap_err();
    let AccessError::TooMany { until } = refused else {
        unreachable!("{refused}")
    };
    room.now = until;
    assert!(room.check_in(&workstation, &good).is_ok());
}

#[test]
fn leaving_ends_the_sign_in_and_voids_codes() {
    let room = Room::fresh(SecondFactor::Off);
    let (third, fourth) = (room.workstation(3), room.workstation(4));
    room.check_in(&third, &room.gate_code(1, 3)).unwrap();
    room.check_in(&fourth, &room.gate_code(2, 4)).unwrap();
    let spare = room.gate_code(1, 5);
    let first = room.who(&third);
    let second = room.who(&fourth);
    assert!(
        room.access
            .end_member(room.act(&second), &session(), MemberNo(1))
            .is_err(),
        "not for another"
    );
    room.access
        .end_member(room.act(&first), &session(), MemberNo(1))
        .unwrap();
    assert!(matches!(
        room.who(&third),
        Principal::Workstation {
            seat: SeatNo(3),
            ..
        }
    ));
    assert!(matches!(
        room.check_in(&room.workstation(5), &spare),
        Err(AccessError::CodeNotValid)
    ));
    let left = room.gate_code(3, 3);
    room.access.end_session(&session(), room.now).unwrap();
    assert!(matches!(
        room.who(&fourth),
        Principal::Workstation {
            seat: SeatNo(4),
            ..
        }
    ));
    assert!(room.check_in(&third, &left).is_err());
}

#[test]
fn a_member_who_moves_is_at_one_seat() {
    let room = Room::fresh(SecondFactor::Off);
    let (third, fourth) = (room.workstation(3), room.workstation(4));
    room.check_in(&third, &room.gate_code(1, 3)).unwrap();
    room.check_in(&fourth, &room.gate_code(1, 4)).unwrap();
    assert!(matches!(room.who(&third), Principal::Workstation { .. }));
    assert!(matches!(
        room.who(&fourth),
        Principal::Member {
            member: MemberNo(1),
            seat: SeatNo(4),
            ..
        }
    ));
}

#[test]
fn a_technician_signed_in_at_a_workstation_does_not_stop_its_seat() {
    let (room, technician) = Room::with(SecondFactor::Off, "technician");
    let seat = room.workstation(3);
    let both = Request {
        sign_in: technician.sign_in.clone(),
        ..seat.clone()
    };
    assert!(matches!(room.who(&both), Principal::Account { .. }));
    assert_eq!(
        room.access.authenticate_seat(&both).unwrap(),
        room.who(&seat)
    );
    let bearer = Request {
        bearer: Some(Secret::new("nonsense")),
        ..both
    };
    assert_eq!(room.who(&bearer), Principal::Anonymous);
    assert_eq!(
        room.access.authenticate_seat(&bearer).unwrap(),
        Principal::Anonymous
    );
}

#[test]
fn tokens_are_good_for_their_scopes_until_they_expire_or_are_revoked() {
    let mut room = Room::fresh(SecondFactor::Off);
    let security = of_role(Role::SecurityAdministrator);
    let camera: FeedId = "camera-1".parse().unwrap();
    let scopes = [Scope::Publish(camera.clone()), Scope::Metrics];
    let expires = room.now + Span::hours(1);
    let made = room
        .access
        .make_token(room.act(&security), "encoder 1", &scopes, Some(expires))
        .unwrap();
    assert!(made.token.expose().starts_with("bidroom_"));
    let request = Request {
        bearer: Some(made.token.clone()),
        ..Request::default()
    };
    assert_eq!(
        room.who(&request),
        Principal::Token {
            id: made.id,
            scopes: scopes.to_vec()
        }
    );
    for bad in ["", "名字", "a\nb", &"x".repeat(41)] {
        assert!(matches!(
            room.access.make_token(room.act(&security), bad, &[], None),
            Err(AccessError::BadName)
        ));
    }
    let listed = room.access.tokens(room.act(&security)).unwrap();
    assert_eq!(
        (listed.len(), listed[0].name.as_str(), listed[0].expires),
        (1, "encoder 1", Some(expires))
    );
    assert!(room.access.tokens(room.act(&technician())).is_err());
    room.now = expires;
    assert_eq!(room.who(&request), Principal::Anonymous);

    let lasting = room
        .access
        .make_token(room.act(&security), "wall", &[Scope::ViewAll], None)
        .unwrap();
    let request = Request {
        bearer: Some(lasting.token),
        ..Request::default()
    };
    room.wait(Span::hours(24 * 365));
    assert!(matches!(room.who(&request), Principal::Token { .. }));
    room.access
        .revoke_token(room.act(&security), lasting.id)
        .unwrap();
    assert_eq!(room.who(&request), Principal::Anonymous);
    assert!(matches!(
        room.access.revoke_token(room.act(&security), lasting.id),
        Err(AccessError::Unknown(_))
    ));
}
