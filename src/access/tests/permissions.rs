//! Roles: denied unless granted.

use super::*;
use crate::room::WorkstationId;

fn seat_3() -> (Principal, Principal) {
    let workstation: WorkstationId = "ab".parse().unwrap();
    let seat = SeatNo(3);
    let member = Principal::Member {
        session: session(),
        member: MemberNo(1),
        seat,
        workstation: workstation.clone(),
    };
    (Principal::Workstation { seat, workstation }, member)
}

/// Every kind of feed that a room has.
fn feeds() -> Vec<FeedSpec> {
    vec![
        feed("seat-3-face", FeedKind::Face, Place::Seat(SeatNo(3))),
        feed("seat-3-screen", FeedKind::Screen, Place::Seat(SeatNo(3))),
        feed("seat-4-face", FeedKind::Face, Place::Seat(SeatNo(4))),
        feed("seat-3-camera", FeedKind::Camera, Place::Seat(SeatNo(3))),
        feed("camera-1", FeedKind::Camera, Place::EvaluationRoom),
        feed("microphone-1", FeedKind::Microphone, Place::EvaluationRoom),
        feed("qa-camera", FeedKind::Camera, Place::QaRoom),
        feed("talkback", FeedKind::TalkBack, Place::SupervisionRoom),
    ]
}

fn publishes(principal: &Principal) -> Vec<String> {
    let all = feeds();
    let allowed = all
        .iter()
        .filter(|f| may(principal, &Permission::PublishFeed(f)));
    allowed.map(|f| f.id.to_string()).collect()
}

fn views(principal: &Principal, preflight: bool) -> Vec<String> {
    let all = feeds();
    let allowed = all
        .iter()
        .filter(|feed| may(principal, &Permission::ViewFeed { feed, preflight }));
    allowed.map(|f| f.id.to_string()).collect()
}

#[test]
fn who_publishes_what() {
    let (workstation, member) = seat_3();
    for seat in [&workstation, &member] {
        assert_eq!(publishes(seat), ["seat-3-face", "seat-3-screen"]);
    }
    assert_eq!(publishes(&of_role(Role::Supervisor)), ["talkback"]);
    for role in Role::ALL.into_iter().filter(|r| *r != Role::Supervisor) {
        assert_eq!(publishes(&of_role(role)), Vec::<String>::new(), "{role:?}");
    }
    let scopes = vec![Scope::Publish("camera-1".parse().unwrap())];
    assert_eq!(
        publishes(&Principal::Token {
            id: TokenId(1),
            scopes
        }),
        ["camera-1"]
    );
    for nobody in [
        Principal::Anonymous,
        Principal::Daemon,
        Principal::Local { uid: 0 },
    ] {
        assert_eq!(publishes(&nobody), Vec::<String>::new());
    }
}

#[test]
fn who_views_what() {
    let (workstation, member) = seat_3();
    let cameras = ["seat-3-camera", "camera-1", "qa-camera"];
    for at_box in [technician(), Principal::Local { uid: 0 }] {
        assert_eq!(views(&at_box, false), cameras);
        assert_eq!(views(&at_box, true).len(), feeds().len());
    }
    assert_eq!(
        views(&of_role(Role::Supervisor), false).len(),
        feeds().len()
    );
    for preflight in [false, true] {
        assert_eq!(views(&member, preflight), ["talkback"]);
        let rest = [
            Role::Expert,
            Role::Bidder,
            Role::SystemAdministrator,
            Role::SecurityAdministrator,
            Role::AuditAdministrator,
        ];
        for nobody in rest
            .map(of_role)
            .iter()
            .chain([&workstation, &Principal::Anonymous])
        {
            assert_eq!(views(nobody, preflight), Vec::<String>::new(), "{nobody}");
        }
    }
    let token = |scope| Principal::Token {
        id: TokenId(1),
        scopes: vec![scope],
    };
    assert_eq!(
        views(&token(Scope::View("camera-1".parse().unwrap())), false),
        ["camera-1"]
    );
    assert_eq!(views(&token(Scope::ViewAll), false).len(), feeds().len());
    assert_eq!(views(&token(Scope::Metrics), false), Vec::<String>::new());
}

#[test]
fn who_does_what_else() {
    use Permission as P;
    let (workstation, member) = seat_3();
    let metrics = Principal::Token {
        id: TokenId(1),
        scopes: vec![Scope::Metrics],
    };
    let viewer = Principal::Token {
        id: TokenId(1),
        scopes: vec![Scope::ViewAll],
    };
    let subjects = [
        ("technician", technician()),
        ("supervisor", of_role(Role::Supervisor)),
        ("expert", of_role(Role::Expert)),
        ("bidder", of_role(Role::Bidder)),
        ("system", of_role(Role::SystemAdministrator)),
        ("security", of_role(Role::SecurityAdministrator)),
        ("audit", of_role(Role::AuditAdministrator)),
        ("workstation", workstation),
        ("member", member),
        ("metrics", metrics),
        ("viewer", viewer),
        ("local", Principal::Local { uid: 1000 }),
        ("daemon", Principal::Daemon),
        ("anonymous", Principal::Anonymous),
    ];
    let table = [
        (P::ViewRoom, "technician supervisor local"),
        (P::ViewWall, "supervisor"),
        (P::ViewSeat(SeatNo(3)), "workstation member"),
        (P::ViewSeat(SeatNo(4)), ""),
        (P::PlanSession, "technician local"),
        (P::RunSession, "technician local"),
        (P::Supervise, "supervisor"),
        (P::CheckIn, "technician local"),
        (P::EnrolWorkstation, "technician local"),
        (P::RedeemCode(SeatNo(3)), "workstation"),
        (P::RedeemCode(SeatNo(4)), ""),
        (P::MemberActs, "member"),
        (
            P::KeepMedia,
            "technician supervisor workstation member viewer local",
        ),
        (P::Playback, "supervisor"),
        (P::ReadMetrics, "technician system metrics local"),
        (P::ReadSystem, "technician system local"),
        (P::AdministerAccounts, "system"),
        (P::AdministerSecurity, "security"),
        (P::ReadAudit, "audit"),
    ];
    for (permission, expected) in table {
        let allowed: Vec<_> = subjects
            .iter()
            .filter(|(_, p)| may(p, &permission))
            .map(|(n, _)| *n)
            .collect();
        assert_eq!(allowed.join(" "), expected, "{permission:?}");
    }
    for (name, subject) in subjects {
        let Principal::Account {
            id, role, sign_in, ..
        } = subject
        else {
            continue;
        };
        for state in [
            SignInState::MustChangePassword,
            SignInState::MustEnrolFactor,
            SignInState::Locked,
        ] {
            let unfinished = Principal::Account {
                id: id.clone(),
                role,
                sign_in,
                state,
            };
            for (permission, _) in table {
                let kept = permission == P::KeepMedia && state == SignInState::Locked;
                assert_eq!(
                    may(&unfinished, &permission),
                    kept,
                    "{name} {state:?} {permission:?}"
                );
            }
        }
    }
}
