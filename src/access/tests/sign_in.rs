//! Signing in: two factors, lockout, and timeouts.

use super::*;

fn password() -> Secret {
    Secret::new(GOOD)
}

fn wrong() -> Secret {
    Secret::new("Kestrel-over-Luodian-43")
}

/// What the authenticator of that enrolment shows.
fn code(enrolment: &FactorEnrolment, now: Utc) -> Secret {
    let secret = totp_rs::Secret::try_from_base32(enrolment.secret.expose()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    Secret::new(totp.generate(now.0 as u64 / 1000).to_string())
}

fn with_factor() -> (Room, Request, FactorEnrolment) {
    let (mut room, request) = Room::with(SecondFactor::Required, "supervisor");
    let by = room.who(&request);
    let enrolment = room.access.begin_factor(room.act(&by)).unwrap();
    room.access
        .confirm_factor(room.act(&by), &code(&enrolment, room.now))
        .unwrap();
    room.wait(Span::minutes(1));
    (room, request, enrolment)
}

#[test]
fn the_first_sign_in_leads_to_a_password_and_a_factor_of_ones_own() {
    let mut room = Room::fresh(SecondFactor::Required);
    let first = room.first["supervisor"].clone();
    let request = room.sign_in_with("supervisor", &first, None).unwrap();
    assert_eq!(room.state(&request), Some(SignInState::MustChangePassword));
    let by = room.who(&request);
    assert!(matches!(
        room.access.begin_factor(room.act(&by)),
        Err(AccessError::NotPermitted)
    ));
    assert!(!may(&by, &Permission::ViewWall));

    let change = |old: &Secret, new: &str| {
        room.access
            .change_password(&request, old, &Secret::new(new), room.now)
    };
    let weak = |result| match result {
        Err(AccessError::WeakPassword(fault)) => fault,
        other => unreachable!("{other:?}"),
    };
    assert_eq!(weak(change(&first, "Short-1!x")), PasswordFault::TooShort);
    assert_eq!(
        weak(change(&first, "the-Supervisor-77")),
        PasswordFault::ContainsName
    );
    for common in [
        "password123456",
        "1234567890",
        "aaaaaaaaaaaa",
        "Admin@123456",
        "qwertyuiop12",
        "Huawei@2026!",
    ] {
        assert_eq!(
            weak(change(&first, common)),
            PasswordFault::Common,
            "{common}"
        );
    }
    assert_eq!(weak(change(&first, first.expose())), PasswordFault::Same);
    assert!(matches!(change(&wrong(), GOOD), Err(AccessError::Refused)));
    change(&first, GOOD).unwrap();
    assert_eq!(room.state(&request), Some(SignInState::MustEnrolFactor));

    let by = room.who(&request);
    let enrolment = room.access.begin_factor(room.act(&by)).unwrap();
    assert!(
        enrolment.url.expose().starts_with("otpauth://totp/"),
        "{}",
        enrolment.url.expose()
    );
    assert!(enrolment.qr_svg.expose().contains("<svg"));
    let refused = room
        .access
        .confirm_factor(room.act(&by), &Secret::new("000000"));
    assert!(matches!(refused, Err(AccessError::Refused)));
    assert_eq!(room.state(&request), Some(SignInState::MustEnrolFactor));
    room.access
        .confirm_factor(room.act(&by), &code(&enrolment, room.now))
        .unwrap();
    assert_eq!(room.state(&request), Some(SignInState::Open));
    assert!(may(&room.who(&request), &Permission::ViewWall));
    // a second phone only after the first was reset
    let by = room.who(&request);
    assert!(room.access.begin_factor(room.act(&by)).is_err());

    room.wait(Span::minutes(1));
    assert!(
        room.sign_in_with("supervisor", &first, Some(&code(&enrolment, room.now)))
            .is_err()
    );
    assert!(
        room.sign_in_with("Supervisor", &password(), Some(&code(&enrolment, room.now)))
            .is_ok()
    );
}

#[test]
fn a_code_of_the_second_factor_is_good_once_and_for_a_step_around() {
    let (mut room, _, enrolment) = with_factor();
    let sign_in = |room: &Room, at: Utc| {
        room.sign_in_with("supervisor", &password(), Some(&code(&enrolment, at)))
    };
    let now = room.now;
    assert!(sign_in(&room, now).is_ok());
    assert!(
        matches!(sign_in(&room, now), Err(AccessError::Refused)),
        "replayed"
    );
    assert!(
        sign_in(&room, now + Span::seconds(30)).is_ok(),
        "a clock that is ahead"
    );
    assert!(
        sign_in(&room, Utc(now.0 - 30_000)).is_ok(),
        "a clock that is behind"
    );
    assert!(
        sign_in(&room, now + Span::seconds(60)).is_err(),
        "too far ahead"
    );
    assert!(
        sign_in(&room, Utc(now.0 - 60_000)).is_err(),
        "too far behind"
    );
    // the step that was used from ahead stays used when it comes
    room.wait(Span::seconds(30));
    assert!(sign_in(&room, room.now).is_err());
    room.wait(Span::seconds(60));
    assert!(sign_in(&room, room.now).is_ok());
    // across a restart too
    let again = open(room.data.path(), SecondFactor::Required);
    let replayed = again.sign_in(
        "supervisor",
        &password(),
        Some(&code(&enrolment, room.now)),
        HERE,
        room.now,
    );
    assert!(matches!(replayed, Err(AccessError::Refused)));
    assert!(
        matches!(room.sign_in("supervisor"), Err(AccessError::Refused)),
        "without a code"
    );
}

#[test]
fn the_policy_says_whether_a_second_factor_is_asked() {
    let (room, request) = Room::with(SecondFactor::Optional, "supervisor");
    assert_eq!(room.state(&request), Some(SignInState::Open));
    let by = room.who(&request);
    let enrolment = room.access.begin_factor(room.act(&by)).unwrap();
    room.access
        .confirm_factor(room.act(&by), &code(&enrolment, room.now))
        .unwrap();
    assert!(room.sign_in("supervisor").is_err());
    let off = open(room.data.path(), SecondFactor::Off);
    assert!(
        off.sign_in("supervisor", &password(), None, HERE, room.now)
            .is_ok()
    );
}

#[test]
fn the_sixth_try_is_refused_for_a_quarter_of_an_hour() {
    let (mut room, _) = Room::with(SecondFactor::Off, "supervisor");
    room.first_sign_in("technician");
    for _ in 0..4 {
        assert!(matches!(
            room.sign_in_with("supervisor", &wrong(), None),
            Err(AccessError::Refused)
        ));
    }
    room.sign_in("supervisor").unwrap(); // which forgives the four
    for attempt in 1..=5 {
        let refused = room.sign_in_with(" SUPERVISOR", &wrong(), None);
        assert!(matches!(refused, Err(AccessError::Refused)), "{attempt}");
    }
    let until = room.now + Span::minutes(15);
    let sixth = room.sign_in("supervisor");
    assert!(
        matches!(sixth, Err(AccessError::LockedOut { until: u }) if u == until),
        "{sixth:?}"
    );
    assert!(room.sign_in("technician").is_ok(), "others are not locked");
    // a restart does not help
    let again = open(room.data.path(), SecondFactor::Off);
    let refused = again.sign_in("supervisor", &password(), None, HERE, room.now);
    assert!(matches!(refused, Err(AccessError::LockedOut { .. })));
    drop(again);
    room.now = Utc(until.0 - 1);
    assert!(matches!(
        room.sign_in("supervisor"),
        Err(AccessError::LockedOut { .. })
    ));
    room.now = until;
    assert!(room.sign_in("supervisor").is_ok());
}

#[test]
fn an_unknown_account_looks_like_a_wrong_password() {
    let room = Room::fresh(SecondFactor::Off);
    for account in ["supervisor", "nobody"] {
        for attempt in 1..=5 {
            let refused = room.sign_in_with(account, &wrong(), None).unwrap_err();
            assert!(
                matches!(refused, AccessError::Refused),
                "{account} {attempt}: {refused}"
            );
        }
        let sixth = room.sign_in_with(account, &wrong(), None).unwrap_err();
        assert!(
            matches!(sixth, AccessError::LockedOut { .. }),
            "{account}: {sixth}"
        );
    }
}

#[test]
fn attempts_at_once_count_like_attempts_in_a_row() {
    let (room, _) = Room::with(SecondFactor::Off, "supervisor");
    let room = &room;
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..12)
            .map(|_| {
                scope.spawn(move || room.sign_in_with("supervisor", &wrong(), None).unwrap_err())
            })
            .collect();
        tries.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let tried = outcomes
        .iter()
        .filter(|e| matches!(e, AccessError::Refused))
        .count();
    assert_eq!(tried, 5, "{outcomes:?}");
}

#[test]
fn one_address_cannot_try_many_accounts() {
    let mut room = Room::fresh(SecondFactor::Off);
    for n in 0..20 {
        let refused = room.sign_in_with(&format!("nobody-{n}"), &wrong(), None);
        assert!(matches!(refused, Err(AccessError::Refused)), "{n}");
    }
    let refused = room.sign_in_with("nobody-20", &wrong(), None).unwrap_err();
    let AccessError::TooMany { until } = refused else {
        unreachable!("{refused}")
    };
    assert_eq!(until, room.now + Span::seconds(15));
    let first = room.first["technician"].clone();
    assert!(
        room.access
            .sign_in("technician", &first, None, None, room.now)
            .is_ok(),
        "from elsewhere"
    );
    room.now = until;
    assert!(room.sign_in_with("technician", &first, None).is_ok());
}

#[test]
fn an_idle_sign_in_locks_and_is_unlocked() {
    let (mut room, request) = Room::with(SecondFactor::Off, "supervisor");
    let page = Request {
        by_person: false,
        ..request.clone()
    };
    room.wait(Span::minutes(14));
    assert_eq!(room.state(&request), Some(SignInState::Open));
    // streams and polls do not keep it open
    room.wait(Span::minutes(10));
    assert_eq!(room.state(&page), Some(SignInState::Open));
    room.wait(Span::minutes(5));
    assert_eq!(room.state(&page), Some(SignInState::Locked));
    assert_eq!(
        room.state(&request),
        Some(SignInState::Locked),
        "a click does not open it again"
    );
    let locked = room.who(&request);
    let camera = feed("camera-1", FeedKind::Camera, Place::EvaluationRoom);
    assert!(may(&locked, &Permission::KeepMedia), "media goes on");
    assert!(!may(
        &locked,
        &Permission::ViewFeed {
            feed: &camera,
            preflight: false
        }
    ));
    let change = room
        .access
        .change_password(&request, &password(), &wrong(), room.now);
    assert!(matches!(change, Err(AccessError::NotPermitted)));

    let unlock = |p: &Secret| room.access.unlock(&request, p, None, room.now);
    assert!(matches!(unlock(&wrong()), Err(AccessError::Refused)));
    assert_eq!(room.state(&request), Some(SignInState::Locked));
    unlock(&password()).unwrap();
    assert_eq!(room.state(&page), Some(SignInState::Open));

    room.access.lock(&request, room.now).unwrap();
    assert_eq!(room.state(&request), Some(SignInState::Locked));
    for _ in 0..5 {
        let _ = unlock(&wrong());
    }
    assert!(
        matches!(unlock(&password()), Err(AccessError::LockedOut { .. })),
        "guessing here counts too"
    );
}

#[test]
fn unlocking_asks_for_the_second_factor() {
    let (mut room, request, enrolment) = with_factor();
    room.wait(Span::minutes(20));
    assert_eq!(room.state(&request), Some(SignInState::Locked));
    assert!(
        room.access
            .unlock(&request, &password(), None, room.now)
            .is_err()
    );
    let good = code(&enrolment, room.now);
    room.access
        .unlock(&request, &password(), Some(&good), room.now)
        .unwrap();
    assert_eq!(room.state(&request), Some(SignInState::Open));
}

#[test]
fn a_sign_in_ends_after_twelve_hours_and_by_sign_out() {
    let (mut room, request) = Room::with(SecondFactor::Off, "supervisor");
    for _ in 0..(12 * 6 - 1) {
        room.wait(Span::minutes(10));
        assert_eq!(room.state(&request), Some(SignInState::Open));
    }
    room.wait(Span::minutes(10));
    assert_eq!(room.state(&request), None);
    assert!(
        room.access
            .unlock(&request, &password(), None, room.now)
            .is_err()
    );

    let request = room.sign_in("supervisor").unwrap();
    room.access.sign_out(&request, room.now).unwrap();
    assert_eq!(room.state(&request), None);
    assert!(room.access.sign_out(&request, room.now).is_err());
}

#[test]
fn a_clock_that_was_ahead_leaves_nothing_open() {
    let (mut room, _) = Room::with(SecondFactor::Off, "supervisor");
    room.wait(Span::hours(24 * 365));
    let request = room.sign_in("supervisor").unwrap();
    room.now = START + Span::hours(1);
    assert_eq!(room.state(&request), None);
    assert!(room.sign_in("supervisor").is_ok());
}

#[test]
fn changing_the_password_ends_the_other_sign_ins() {
    let (room, request) = Room::with(SecondFactor::Off, "supervisor");
    let other = room.sign_in("supervisor").unwrap();
    room.access
        .change_password(&request, &password(), &wrong(), room.now)
        .unwrap();
    assert_eq!(room.state(&request), Some(SignInState::Open));
    assert_eq!(room.state(&other), None);
}

#[test]
fn sign_ins_are_listed_and_revoked() {
    let (room, supervisor) = Room::with(SecondFactor::Off, "supervisor");
    let technician = room.first_sign_in("technician");
    let security = room.first_sign_in("security");
    let by = room.who(&technician);
    let own = room.access.open_sign_ins(room.act(&by)).unwrap();
    assert_eq!(
        own.iter().map(|s| s.account.as_str()).collect::<Vec<_>>(),
        ["technician"]
    );
    let admin = room.who(&security);
    let all = room.access.open_sign_ins(room.act(&admin)).unwrap();
    assert_eq!(all.len(), 3);
    let supervisors = all
        .iter()
        .find(|s| s.account == id("supervisor"))
        .unwrap()
        .id;
    assert!(matches!(
        room.access.revoke_sign_in(room.act(&by), supervisors),
        Err(AccessError::NotPermitted)
    ));
    assert!(room.state(&supervisor).is_some());
    room.access
        .revoke_sign_in(room.act(&admin), supervisors)
        .unwrap();
    assert_eq!(room.state(&supervisor), None);
    room.access
        .revoke_sign_in(room.act(&by), own[0].id)
        .unwrap();
    assert_eq!(room.state(&technician), None);
}

#[test]
fn cookies_are_read_strictly_and_written_safely() {
    let (room, request) = Room::with(SecondFactor::Off, "supervisor");
    let cookie = request.sign_in.unwrap();
    let header = format!("other=1; {SIGN_IN_COOKIE}={}; x", cookie.expose());
    let read = |cookies: &[&str], authorization| {
        Request::from_headers(cookies.iter().copied(), authorization, HERE, true)
    };
    assert_eq!(room.state(&read(&[&header], None)), Some(SignInState::Open));
    let planted = format!("{SIGN_IN_COOKIE}=planted");
    assert_eq!(
        room.state(&read(&[&header, &planted], None)),
        None,
        "nobody knows which is right"
    );
    assert_eq!(
        room.state(&read(&[&header], Some("Bearer nonsense"))),
        None,
        "a bad token hides no cookie"
    );
    assert_eq!(room.state(&read(&[&header], Some("Basic Zm9v"))), None);
    assert_eq!(room.state(&read(&[], None)), None);
    let set = set_cookie(SIGN_IN_COOKIE, &cookie, Some(Span::hours(1)));
    for wanted in [
        "__Host-bidroom=",
        "; Path=/",
        "; Secure",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Max-Age=3600",
    ] {
        assert!(set.contains(wanted), "{set}");
    }
    assert!(!set.contains("Domain"));
    assert!(clear_cookie(WORKSTATION_COOKIE).starts_with("__Host-workstation=; "));
}
