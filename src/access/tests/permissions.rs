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

#[test]
fn who_does_what() {
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
        (P::CheckIn, "technician local"),
        (P::EnrolWorkstation, "technician local"),
        (P::AdministerAccounts, "system"),
        (P::AdministerSecurity, "security"),
        (P::ReadAudit, "audit"),
    ];
    for (permission, expected) in table {
        let allowed: Vec<_> = subjects
            .iter()
            .filter(|(_, p)| may(p, permission))
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
                assert!(
                    !may(&unfinished, permission),
                    "{name} {state:?} {permission:?}"
                );
            }
        }
    }
}
