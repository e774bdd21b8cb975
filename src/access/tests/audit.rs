//! The audit trail: complete, chained, and free of personal data.

use super::*;
use rusqlite::Connection;

fn auditor() -> Principal {
    of_role(Role::AuditAdministrator)
}

fn rows(room: &Room, filter: TrailFilter) -> Vec<(String, String, String, String)> {
    let rows = room
        .access
        .read_audit(room.act(&auditor()), &filter, None, 100)
        .unwrap();
    rows.into_iter()
        .map(|r| (r.kind, r.subject, r.object, r.result))
        .collect()
}

fn words(
    kind: &str,
    subject: &str,
    object: &str,
    result: &str,
) -> (String, String, String, String) {
    (
        kind.to_owned(),
        subject.to_owned(),
        object.to_owned(),
        result.to_owned(),
    )
}

#[test]
fn what_happens_is_written_down() {
    let (room, supervisor) = Room::with(SecondFactor::Off, "supervisor");
    let by = room.who(&supervisor);
    let _ = room.sign_in_with("supervisor", &Secret::new("wrong password"), None);
    let _ = room.sign_in_with("Zhang San 13917264850", &Secret::new("x"), None);
    let view = AuditObject::Feed("seat-3-face".parse().unwrap());
    room.access
        .record(room.act(&by), AuditKind::ViewFeed, &view, AuditResult::Done)
        .unwrap();
    let workstation = room.workstation(3);
    room.check_in(&workstation, &room.gate_code(1, 3)).unwrap();
    room.access.sign_out(&supervisor, room.now).unwrap();
    let station = room.access.workstations().unwrap()[0].id.clone();
    assert_eq!(
        rows(
            &room,
            TrailFilter {
                from: Some(room.now),
                ..TrailFilter::default()
            }
        )[1..12],
        [
            words(
                "sign-out",
                "supervisor:supervisor",
                "account:supervisor",
                "done"
            ),
            words("check-in", "workstation:3", "member:BS-1123-04:1", "done"),
            words(
                "hand-out-code",
                "technician:technician",
                "member:BS-1123-04:1",
                "done"
            ),
            words(
                "enrol-workstation",
                "anonymous",
                &format!("workstation:3:{station}"),
                "done"
            ),
            words(
                "make-enrolment-code",
                "technician:technician",
                "seat:3",
                "done"
            ),
            words(
                "view-feed",
                "supervisor:supervisor",
                "feed:seat-3-face",
                "done"
            ),
            words("sign-in", "anonymous", "", "unknown-account"),
            words("sign-in", "anonymous", "account:supervisor", "wrong"),
            words(
                "change-password",
                "supervisor:supervisor",
                "account:supervisor",
                "done"
            ),
            words(
                "sign-in",
                "supervisor:supervisor",
                "account:supervisor",
                "done"
            ),
            words("bootstrap", "daemon", "account:supervisor", "done"),
        ]
    );
    // reading it is, too
    assert_eq!(
        rows(&room, TrailFilter::default())[0],
        words(
            "read-audit",
            "audit-administrator:audit-administrator",
            "",
            "done"
        )
    );
}

#[test]
fn it_is_read_in_pages_newest_first_and_by_filter() {
    let room = Room::fresh(SecondFactor::Off);
    for seat in 1..=9 {
        room.workstation(seat);
    }
    let auditor = auditor();
    let page = |before| {
        let filter = TrailFilter {
            kind: Some("enrol-workstation".to_owned()),
            ..TrailFilter::default()
        };
        room.access
            .read_audit(room.act(&auditor), &filter, before, 4)
            .unwrap()
    };
    let first = page(None);
    let second = page(first.last().map(|r| r.number));
    let third = page(second.last().map(|r| r.number));
    let seats: Vec<_> = [first, second, third]
        .concat()
        .iter()
        .map(|r| r.object.split(':').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(seats, ["9", "8", "7", "6", "5", "4", "3", "2", "1"]);
    let refused = TrailFilter {
        refused: Some(true),
        ..TrailFilter::default()
    };
    assert_eq!(rows(&room, refused.clone()), []);
    let _ = room.access.tokens(room.act(&technician()));
    assert_eq!(
        rows(&room, refused),
        [words("read", "technician:technician", "", "not-permitted")]
    );
    let later = TrailFilter {
        from: Some(room.now + Span::seconds(1)),
        ..TrailFilter::default()
    };
    assert_eq!(rows(&room, later), []);
}

#[test]
fn nothing_of_it_can_be_changed() {
    let room = Room::fresh(SecondFactor::Off);
    let db = Connection::open(room.data.path().join("access.sqlite")).unwrap();
    for sql in [
        "UPDATE audit SET subject = 'nobody' WHERE number = 1",
        "DELETE FROM audit WHERE number = 1",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 1",
    ] {
        let before: i64 = db
            .query_row("SELECT count(*) FROM audit", [], |row| row.get(0))
            .unwrap();
        let outcome = db.execute(sql, []);
        let after: i64 = db
            .query_row("SELECT count(*) FROM audit", [], |row| row.get(0))
            .unwrap();
        assert!(outcome.is_err() && before == after, "{sql}: {outcome:?}");
    }
    assert_eq!(room.access.check_audit().unwrap().unwrap().rows, 5);
}

#[test]
fn who_tampers_with_the_file_itself_is_found() {
    let tamper = |sql: &str| {
        let room = Room::fresh(SecondFactor::Off);
        let witnessed = room
            .access
            .verify_audit(room.act(&auditor()))
            .unwrap()
            .unwrap();
        assert_eq!(witnessed.rows, 5);
        assert_eq!(room.access.audit_head().unwrap(), witnessed);
        let db = Connection::open(room.data.path().join("access.sqlite")).unwrap();
        db.execute_batch("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;")
            .unwrap();
        db.execute_batch(sql).unwrap();
        drop(db);
        room.access.verify_audit(room.act(&auditor())).unwrap()
    };
    assert!(tamper("SELECT 1").is_ok(), "the check can pass");
    for (row, column) in ["at", "kind", "subject", "object", "result", "address"]
        .iter()
        .enumerate()
    {
        let row = row as u64 % 5 + 1;
        let value = if *column == "at" { "7" } else { "'changed'" };
        let found = tamper(&format!(
            "UPDATE audit SET {column} = {value} WHERE number = {row}"
        ));
        assert_eq!(found, Err(TrailFault::Changed { row }), "{column}");
    }
    assert_eq!(
        tamper("UPDATE audit SET hash = zeroblob(32) WHERE number = 2"),
        Err(TrailFault::Changed { row: 2 })
    );
    assert_eq!(
        tamper("UPDATE audit SET prev = x'00' WHERE number = 2").unwrap_err(),
        TrailFault::Changed { row: 2 }
    );
    assert_eq!(
        tamper("DELETE FROM audit WHERE number = 3"),
        Err(TrailFault::Missing { row: 3 })
    );
    assert_eq!(
        tamper("DELETE FROM audit WHERE number = 1"),
        Err(TrailFault::Missing { row: 1 })
    );
    // the end cut off, and the head made to fit
    let cut = "DELETE FROM audit WHERE number = 5; UPDATE audit_head SET rows = 4;";
    assert_eq!(tamper(cut), Err(TrailFault::WrongEnd { row: 4 }));
    assert_eq!(
        tamper("DELETE FROM audit; DELETE FROM audit_head;"),
        Err(TrailFault::WrongEnd { row: 0 })
    );
    // rows that were added by who has no key, chained as they should be
    let forged = "DROP TRIGGER audit_in_order; INSERT INTO audit SELECT 6, at, kind, subject, object, result, address, hash, hash FROM audit WHERE number = 5;";
    assert_eq!(tamper(forged), Err(TrailFault::Changed { row: 6 }));
}
