//! What lies on the disk: no secret in the clear.

use super::*;
use crate::keys::canary::find_in;

#[test]
fn no_secret_lies_on_the_disk() {
    let mut room = Room::fresh(SecondFactor::Required);
    let one_time = room.first.values().map(Secret::expose);
    let mut secrets: Vec<(&str, String)> = one_time
        .map(|p| ("one-time password", p.to_owned()))
        .collect();
    let mut keep = |what, secret: &str| secrets.push((what, secret.to_owned()));

    let request = room.first_sign_in("security");
    keep("password", GOOD);
    keep("cookie", request.sign_in.as_ref().unwrap().expose());
    let by = room.who(&request);
    let enrolment = room.access.begin_factor(room.act(&by)).unwrap();
    keep("second factor", enrolment.secret.expose());
    let raw = totp_rs::Secret::try_from_base32(enrolment.secret.expose()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(raw).build().unwrap();
    let code = Secret::new(totp.generate(room.now.0 as u64 / 1000).to_string());
    room.access.confirm_factor(room.act(&by), &code).unwrap();
    let typed = ["ZhangSanfeng 13917264850", "my-password-in-the-name-field"];
    for name in typed {
        let _ = room.sign_in_with(name, &Secret::new("Never-Stored-Anywhere"), None);
        keep("typed name", name);
    }
    keep("typed password", "Never-Stored-Anywhere");

    let enrolment_code = room
        .access
        .make_enrolment_code(room.act(&technician()), SeatNo(4))
        .unwrap();
    let gate_code = room.gate_code(1, 3);
    for code in [&enrolment_code, &gate_code] {
        keep("code", code.expose());
        keep("code", &code.expose().replace('-', ""));
    }
    let workstation = room.workstation(3);
    keep(
        "workstation cookie",
        workstation.workstation.as_ref().unwrap().expose(),
    );
    room.check_in(&workstation, &gate_code).unwrap();
    let by = room.who(&request);
    let token = room
        .access
        .make_token(room.act(&by), "encoder", &[Scope::Metrics], None)
        .unwrap();
    keep("token", token.token.expose());
    keep(
        "token",
        token.token.expose().strip_prefix("bidroom_").unwrap(),
    );
    room.wait(Span::hours(1));
    let _ = room.who(&request);

    for (what, secret) in &secrets {
        assert_eq!(
            find_in(room.data.path(), secret),
            Vec::<String>::new(),
            "{what}"
        );
    }
    // the search sees database and log: what is public is found there
    assert!(!find_in(room.data.path(), "encoder").is_empty());
    let shown = format!(
        "{:?} {enrolment:?} {token:?} {request:?} {workstation:?}",
        room.access
    );
    for (what, secret) in &secrets {
        assert!(!shown.contains(secret), "{what}");
    }
}

#[test]
fn the_database_is_private_and_bound_to_its_keys() {
    let room = Room::fresh(SecondFactor::Off);
    let path = room.data.path().join("access.sqlite");
    for file in ["access.sqlite", "access.sqlite-wal", "access.sqlite-shm"] {
        let metadata = std::fs::metadata(room.data.path().join(file)).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let sources = KeySources {
        folder: elsewhere.path().join("keys"),
        credentials: None,
    };
    let keys = Keys::open(sources, &["localhost".parse().unwrap()], START).unwrap();
    let error = Access::open(&path, keys, AccessPolicy::default()).unwrap_err();
    assert!(matches!(error, AccessError::OtherKeys { .. }), "{error}");
    let db = rusqlite::Connection::open(&path).unwrap();
    let hash: String = db
        .query_row("SELECT password FROM account LIMIT 1", [], |row| row.get(0))
        .unwrap();
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
}

#[test]
fn a_second_factor_cannot_be_moved_to_another_account() {
    let (room, request) = Room::with(SecondFactor::Optional, "supervisor");
    let by = room.who(&request);
    let enrolment = room.access.begin_factor(room.act(&by)).unwrap();
    let raw = totp_rs::Secret::try_from_base32(enrolment.secret.expose()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(raw).build().unwrap();
    let code = |at: Utc| Secret::new(totp.generate(at.0 as u64 / 1000).to_string());
    room.access
        .confirm_factor(room.act(&by), &code(room.now))
        .unwrap();
    let db = rusqlite::Connection::open(room.data.path().join("access.sqlite")).unwrap();
    let sql = "UPDATE account SET factor = (SELECT factor FROM account WHERE id = 'supervisor') WHERE id = 'system'";
    assert_eq!(db.execute(sql, []).unwrap(), 1);
    let next = code(room.now + Span::seconds(30));
    let stolen = room.sign_in_with("system", &room.first["system"], Some(&next));
    assert!(matches!(stolen, Err(AccessError::Damaged(_))), "{stolen:?}");
}

#[tokio::test]
async fn many_sign_ins_at_once_do_not_hold_up_others() {
    let (room, request) = Room::with(SecondFactor::Off, "supervisor");
    let mut set = tokio::task::JoinSet::new();
    for n in 0..64 {
        let access = room.access.clone();
        let now = room.now;
        set.spawn(async move {
            let name = format!("nobody-{n}");
            access
                .background(move |a| a.sign_in(&name, &Secret::new("x"), None, None, now))
                .await
                .unwrap_err()
        });
    }
    // requests of those who are signed in are answered meanwhile
    let who = room.access.background({
        let now = room.now;
        move |a| a.authenticate(&request, now)
    });
    assert!(matches!(who.await.unwrap(), Principal::Account { .. }));
    let outcomes = set.join_all().await;
    let busy = outcomes
        .iter()
        .filter(|e| matches!(e, AccessError::TooMany { .. }))
        .count();
    assert!(
        busy > 0
            && outcomes
                .iter()
                .all(|e| matches!(e, AccessError::TooMany { .. } | AccessError::Refused))
    );
}
