//! Accounts: made, changed, blocked, and never guessed.

use super::*;

#[test]
fn a_box_begins_with_five_accounts_once() {
    let room = Room::fresh(SecondFactor::Off);
    let names: Vec<_> = room.first.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["audit", "security", "supervisor", "system", "technician"]
    );
    let passwords: std::collections::BTreeSet<_> =
        room.first.values().map(Secret::expose).collect();
    assert_eq!(passwords.len(), 5);
    assert!(passwords.iter().all(|p| p.len() == 16));
    assert!(
        !room
            .access
            .bootstrap(START, |_| unreachable!("twice"))
            .unwrap()
    );
}

#[test]
fn passwords_that_were_not_handed_over_open_nothing() {
    let data = tempfile::tempdir().unwrap();
    let access = open(data.path(), SecondFactor::Off);
    let mut lost = None;
    let failed = access.bootstrap(START, |passwords| {
        lost = passwords.first().cloned();
        Err(std::io::Error::other("disk full"))
    });
    assert!(matches!(failed, Err(AccessError::HandOver(_))));
    let lost = lost.unwrap();
    assert!(
        access
            .sign_in(lost.account.as_str(), &lost.password, None, HERE, START)
            .is_err()
    );
    assert!(access.bootstrap(START, |_| Ok(())).unwrap());
}

#[test]
fn the_three_administrations_are_apart() {
    let room = Room::fresh(SecondFactor::Off);
    let (system, security, audit) = (
        of_role(Role::SystemAdministrator),
        of_role(Role::SecurityAdministrator),
        of_role(Role::AuditAdministrator),
    );
    let new = id("second-technician");
    for by in [
        &security,
        &audit,
        &technician(),
        &of_role(Role::Supervisor),
        &Principal::Anonymous,
    ] {
        let act = room.act(by);
        assert!(matches!(
            room.access.create_account(act, &new, Role::Technician),
            Err(AccessError::NotPermitted)
        ));
        assert!(matches!(
            room.access.close_account(act, &id("technician")),
            Err(AccessError::NotPermitted)
        ));
    }
    for by in [&system, &audit, &technician(), &Principal::Local { uid: 0 }] {
        let act = room.act(by);
        let technician = id("technician");
        assert!(matches!(
            room.access.unlock_account(act, &technician),
            Err(AccessError::NotPermitted)
        ));
        assert!(matches!(
            room.access.reset_factor(act, &technician),
            Err(AccessError::NotPermitted)
        ));
        assert!(matches!(
            room.access.reset_password(act, &technician),
            Err(AccessError::NotPermitted)
        ));
        assert!(matches!(
            room.access.approve_account(act, &technician),
            Err(AccessError::NotPermitted)
        ));
        assert!(matches!(
            room.access.make_token(act, "x", &[], None),
            Err(AccessError::NotPermitted)
        ));
    }
    for by in [&system, &security, &technician()] {
        let read = room
            .access
            .read_audit(room.act(by), &TrailFilter::default(), None, 10);
        assert!(matches!(read, Err(AccessError::NotPermitted)));
        assert!(matches!(
            room.access.verify_audit(room.act(by)),
            Err(AccessError::NotPermitted)
        ));
    }
    room.access
        .create_account(room.act(&system), &new, Role::Technician)
        .unwrap();
    room.access
        .unlock_account(room.act(&security), &new)
        .unwrap();
    room.access
        .read_audit(room.act(&audit), &TrailFilter::default(), None, 10)
        .unwrap();
    let kinds: Vec<_> = [&system, &security, &audit]
        .map(|by| {
            let all = [
                Permission::AdministerAccounts,
                Permission::AdministerSecurity,
                Permission::ReadAudit,
            ];
            all.iter().filter(|p| may(by, p)).count()
        })
        .into();
    assert_eq!(kinds, [1, 1, 1]);
}

#[test]
fn nobody_makes_himself_a_second_administration() {
    let room = Room::fresh(SecondFactor::Off);
    let (system, security) = (
        of_role(Role::SystemAdministrator),
        of_role(Role::SecurityAdministrator),
    );
    let friend = id("friend");
    let made = room
        .access
        .create_account(room.act(&system), &friend, Role::AuditAdministrator)
        .unwrap();
    assert!(room.sign_in_with("friend", &made.password, None).is_err());
    assert!(
        room.access
            .approve_account(room.act(&system), &friend)
            .is_err()
    );
    room.access
        .approve_account(room.act(&security), &friend)
        .unwrap();
    assert!(room.sign_in_with("friend", &made.password, None).is_ok());
    // the same name is the same account, in any spelling
    let again = room
        .access
        .create_account(room.act(&system), &id("FRIEND"), Role::Technician);
    assert!(matches!(again, Err(AccessError::AccountExists)));
}

#[test]
fn accounts_are_listed_closed_and_reset() {
    let (mut room, technician) = Room::with(SecondFactor::Off, "technician");
    let (system, security) = (
        of_role(Role::SystemAdministrator),
        of_role(Role::SecurityAdministrator),
    );
    for _ in 0..5 {
        let _ = room.sign_in_with("supervisor", &Secret::new("not the password"), None);
    }
    let accounts = room.access.accounts(room.act(&security)).unwrap();
    let find = |name: &str| accounts.iter().find(|a| a.id == id(name)).unwrap();
    assert_eq!(
        find("supervisor").locked_until,
        Some(room.now + Span::minutes(15))
    );
    assert!(find("supervisor").one_time_password && !find("technician").one_time_password);
    assert_eq!(find("technician").last_sign_in, Some(room.now));
    assert!(
        room.access
            .accounts(room.act(&of_role(Role::Supervisor)))
            .is_err()
    );

    room.access
        .unlock_account(room.act(&security), &id("supervisor"))
        .unwrap();
    let first = room.first["supervisor"].clone();
    assert!(room.sign_in_with("supervisor", &first, None).is_ok());

    let reset = room
        .access
        .reset_password(room.act(&security), &id("technician"))
        .unwrap();
    assert_eq!(reset.role, Role::Technician);
    assert_eq!(room.state(&technician), None, "his sign-ins end");
    assert!(room.sign_in("technician").is_err());
    let request = room
        .sign_in_with("technician", &reset.password, None)
        .unwrap();
    assert_eq!(room.state(&request), Some(SignInState::MustChangePassword));

    room.wait(Span::minutes(1));
    room.access
        .close_account(room.act(&system), &id("technician"))
        .unwrap();
    assert_eq!(room.state(&request), None);
    assert!(
        room.sign_in_with("technician", &reset.password, None)
            .is_err()
    );
    for name in ["system", "security", "audit"] {
        let closed = room.access.close_account(room.act(&system), &id(name));
        assert!(
            matches!(closed, Err(AccessError::LastAdministrator)),
            "{name}"
        );
    }
}

#[test]
fn root_on_the_box_lets_a_security_administrator_in_again_and_nobody_else() {
    let room = Room::fresh(SecondFactor::Off);
    let (root, user) = (Principal::Local { uid: 0 }, Principal::Local { uid: 1000 });
    let security = Principal::Account {
        id: id("security"),
        role: Role::SecurityAdministrator,
        sign_in: SignInId(1),
        state: SignInState::Open,
    };
    assert!(
        room.access
            .reset_password(room.act(&security), &id("security"))
            .is_err(),
        "not himself"
    );
    assert!(
        room.access
            .reset_factor(room.act(&security), &id("security"))
            .is_err()
    );
    assert!(
        room.access
            .reset_password(room.act(&user), &id("security"))
            .is_err()
    );
    assert!(
        room.access
            .reset_password(room.act(&root), &id("audit"))
            .is_err()
    );
    let reset = room
        .access
        .reset_password(room.act(&root), &id("security"))
        .unwrap();
    assert!(room.sign_in_with("security", &reset.password, None).is_ok());
}
