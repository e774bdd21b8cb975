//! The vault: sealed, read for a purpose, destroyed for good.

use super::*;
use crate::keys::canary::find_in;
use crate::keys::{KeySources, Keys, TrailFault, TrailFilter};
use crate::room::{Actor, MemberKind, Part, PersonRef, SeatNo, SessionId, Utc};
use std::path::Path;

const NOW: Utc = Utc(1_772_323_200_000);

struct Room {
    data: tempfile::TempDir,
    vault: Vault,
}

fn keys(folder: &Path) -> Keys {
    let sources = KeySources {
        folder: folder.join("keys"),
        credentials: None,
    };
    Keys::open(sources, &["localhost".parse().unwrap()], NOW).unwrap()
}

fn room() -> Room {
    let data = tempfile::tempdir().unwrap();
    let vault = Vault::open(&data.path().join("vault.sqlite"), keys(data.path())).unwrap();
    Room { data, vault }
}

fn session(no: u8) -> SessionId {
    format!("BS-1123-{no:02}").parse().unwrap()
}

fn gate() -> Actor {
    Actor::Technician {
        account: "technician".parse().unwrap(),
    }
}

/// A valid ID number with that serial number.
fn id_number(serial: u16) -> String {
    let body = format!("31011319700307{serial:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body
        .bytes()
        .zip(weights)
        .map(|(b, w)| u32::from(b - b'0') * w)
        .sum();
    format!(
        "{body}{}",
        ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize]
    )
}

const NAME: &str = "欧阳慕雪";
const PHONE: &str = "13917264850";
const EMPLOYER: &str = "宝山区水务勘测设计院";

fn person(name: &str, phone: &str, id_number: &str, employer: &str) -> Person {
    Person {
        name: name.to_owned(),
        phone: phone.to_owned(),
        id_number: id_number.to_owned(),
        employer: employer.to_owned(),
    }
}

fn canary() -> Person {
    person(NAME, PHONE, &id_number(123), EMPLOYER)
}

fn other() -> Person {
    person("Li Wei", "18621300411", &id_number(124), EMPLOYER)
}

#[test]
fn a_person_is_given_out_for_a_purpose_and_it_is_written_down() {
    let room = room();
    let stored = room.vault.store(&session(1), &canary()).unwrap();
    let read = |purpose| room.vault.read(&stored, purpose, &gate(), NOW).unwrap();
    assert_eq!(read(Purpose::FeeStatement), canary());
    assert_eq!(read(Purpose::Seat), person(NAME, "", "", ""));
    assert_eq!(read(Purpose::CallOut), person(NAME, PHONE, "", ""));
    assert_eq!(read(Purpose::Gate), person(NAME, "", &id_number(123), ""));
    let nobody: PersonRef = "0".repeat(32).parse().unwrap();
    let error = room
        .vault
        .read(&nobody, Purpose::Gate, &gate(), NOW)
        .unwrap_err();
    assert!(matches!(error, VaultError::UnknownPerson(_)));

    let rows = room
        .vault
        .disclosures(&TrailFilter::default(), None, 10)
        .unwrap();
    let kinds: Vec<_> = rows
        .iter()
        .map(|r| (r.kind.as_str(), r.result.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("gate", "unreadable"),
            ("gate", "done"),
            ("call-out", "done"),
            ("seat", "done"),
            ("fee-statement", "done")
        ]
    );
    assert_eq!(rows[1].object, stored.as_str());
    assert_eq!(rows[1].subject, "technician:technician");
    assert_eq!(room.vault.verify_disclosures().unwrap().unwrap().rows, 5);
}

#[test]
fn references_differ_in_every_session() {
    let room = room();
    let first = room.vault.store(&session(1), &canary()).unwrap();
    let second = room.vault.store(&session(2), &canary()).unwrap();
    assert_ne!(first, second);
    assert!(matches!(
        room.vault.store(&session(1), &canary()),
        Err(VaultError::Duplicate(_))
    ));
    assert_eq!(room.vault.people(&session(1)).unwrap(), [first]);
}

#[test]
fn who_was_not_taken_in_is_taken_out_again() {
    let room = room();
    let stays = room.vault.store(&session(1), &canary()).unwrap();
    let goes = room.vault.store(&session(1), &other()).unwrap();
    let elsewhere = room.vault.store(&session(2), &other()).unwrap();
    let both = [goes.clone(), elsewhere.clone()];
    room.vault.remove(&session(1), &both).unwrap();
    assert_eq!(room.vault.people(&session(1)).unwrap(), [stays]);
    assert_eq!(room.vault.people(&session(2)).unwrap(), [elsewhere]);
    assert!(room.vault.read(&goes, Purpose::Seat, &gate(), NOW).is_err());
    assert!(room.vault.store(&session(1), &other()).is_ok());
}

#[test]
fn the_gate_finds_whoever_is_expected_however_the_number_is_typed() {
    let room = room();
    let stored = room.vault.store(&session(1), &canary()).unwrap();
    room.vault.store(&session(1), &other()).unwrap();
    let find = |s, number: &str| {
        room.vault
            .find_by_id_number(&session(s), number, &gate(), NOW)
            .unwrap()
    };
    let number = id_number(123);
    let wide: String = number
        .chars()
        .map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap())
        .collect();
    let spaced = format!(
        "{} {}-{} ",
        &number[..6],
        &number[6..14],
        &number[14..].to_lowercase()
    );
    for typed in [&number, &wide, &spaced] {
        assert_eq!(find(1, typed).as_ref(), Some(&stored), "{typed}");
    }
    assert_eq!(find(1, &id_number(125)), None);
    assert_eq!(find(2, &number), None);
    let results: Vec<_> = room
        .vault
        .disclosures(&TrailFilter::default(), None, 2)
        .unwrap();
    assert!(
        results
            .iter()
            .all(|r| r.kind == "id-number-lookup" && r.result == "nobody")
    );
}

#[test]
fn a_note_that_names_somebody_is_noticed() {
    let room = room();
    room.vault.store(&session(1), &canary()).unwrap();
    room.vault.store(&session(1), &other()).unwrap();
    let minority = person("买买提·阿不都拉", "15900000001", &id_number(200), "");
    room.vault.store(&session(1), &minority).unwrap();
    let mentions = |text: &str| {
        room.vault
            .mentions(&session(1), text, &gate(), NOW)
            .unwrap()
    };
    for leak in [
        "欧阳慕雪迟到了",
        "欧 阳\u{200b}慕-雪",
        "请联系 139 1726 4850",
        "电话：１３９１７２６４８５０",
        "打一三九幺七二六四八五零",
        "尾号17264850",
        &format!("ID {}", canary().id_number.to_lowercase()),
        "LI  WEI called",
        "阿不都拉要喝水",
    ] {
        assert!(mentions(leak), "{leak}");
    }
    for fine in [
        "专家3摄像头黑屏，已更换",
        "seat 3: 13:05 camera replaced, serial 88172630",
        "欧阳先生",
        "",
    ] {
        assert!(!mentions(fine), "{fine}");
    }
    assert!(
        !room
            .vault
            .mentions(&session(2), "欧阳慕雪", &gate(), NOW)
            .unwrap()
    );
}

#[test]
fn shredding_leaves_nothing_to_read() {
    let room = room();
    let stored = room.vault.store(&session(1), &canary()).unwrap();
    let kept = room.vault.store(&session(2), &canary()).unwrap();
    let wrapped: Vec<u8> = rusqlite::Connection::open(room.data.path().join("vault.sqlite"))
        .unwrap()
        .query_row(
            "SELECT key FROM session WHERE id = ?1",
            [session(1).as_str()],
            |row| row.get(0),
        )
        .unwrap();
    let on_disk = || {
        ["vault.sqlite", "vault.sqlite-wal"].iter().any(|file| {
            let bytes = std::fs::read(room.data.path().join(file)).unwrap_or_default();
            bytes.windows(wrapped.len()).any(|w| w == wrapped)
        })
    };
    assert!(on_disk());
    let daemon = Actor::Daemon { part: Part::App };
    room.vault.shred(&session(1), &daemon, NOW).unwrap();
    assert!(!on_disk());
    assert!(
        room.vault
            .read(&stored, Purpose::Gate, &gate(), NOW)
            .is_err()
    );
    assert_eq!(
        room.vault
            .find_by_id_number(&session(1), &canary().id_number, &gate(), NOW)
            .unwrap(),
        None
    );
    assert!(matches!(
        room.vault.store(&session(1), &canary()),
        Err(VaultError::Shredded(_))
    ));
    room.vault.shred(&session(1), &daemon, NOW).unwrap();
    assert_eq!(
        room.vault
            .read(&kept, Purpose::FeeStatement, &gate(), NOW)
            .unwrap(),
        canary()
    );
}

#[test]
fn nothing_of_a_person_lies_on_the_disk_or_shows_in_debug() {
    let room = room();
    let stored = room.vault.store(&session(1), &canary()).unwrap();
    room.vault
        .read(&stored, Purpose::FeeStatement, &gate(), NOW)
        .unwrap();
    room.vault
        .find_by_id_number(&session(1), &canary().id_number, &gate(), NOW)
        .unwrap();
    let table = format!(
        "姓名,手机号,身份证号,类别\n诸葛灵犀,13801234567,{},专家\n",
        id_number(7)
    );
    room.vault
        .import_committee(&session(1), table.as_bytes())
        .unwrap();
    for secret in [
        NAME,
        PHONE,
        &id_number(123),
        EMPLOYER,
        "诸葛灵犀",
        "13801234567",
    ] {
        assert_eq!(find_in(room.data.path(), secret), Vec::<String>::new());
        assert!(!format!("{:?} {:?}", canary(), room.vault).contains(secret));
    }
    // the search sees the log too: what is public is found there
    assert!(!find_in(room.data.path(), "BS-1123-01").is_empty());
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(room.data.path().join("vault.sqlite-wal"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn exchanged_and_changed_records_are_refused() {
    let room = room();
    let first = room.vault.store(&session(1), &canary()).unwrap();
    let second = room.vault.store(&session(1), &other()).unwrap();
    let db = rusqlite::Connection::open(room.data.path().join("vault.sqlite")).unwrap();
    db.execute(
        "UPDATE person SET record = (SELECT record FROM person WHERE ref = ?2) WHERE ref = ?1",
        [first.as_str(), second.as_str()],
    )
    .unwrap();
    assert!(matches!(
        room.vault.read(&first, Purpose::Seat, &gate(), NOW),
        Err(VaultError::Damaged(_))
    ));
    assert!(
        room.vault
            .read(&second, Purpose::Seat, &gate(), NOW)
            .is_ok()
    );

    // the trail of disclosures cannot be thinned out unnoticed either
    assert!(
        db.execute("DELETE FROM disclosure WHERE number = 2", [])
            .is_err()
    );
    db.execute_batch("DROP TRIGGER disclosure_no_delete; DELETE FROM disclosure WHERE number = 2;")
        .unwrap();
    assert_eq!(
        room.vault.verify_disclosures().unwrap(),
        Err(TrailFault::WrongEnd { row: 1 })
    );
}

#[test]
fn a_vault_of_other_keys_is_refused() {
    let room = room();
    let elsewhere = tempfile::tempdir().unwrap();
    let error = Vault::open(
        &room.data.path().join("vault.sqlite"),
        keys(elsewhere.path()),
    )
    .unwrap_err();
    assert!(matches!(error, VaultError::OtherKeys { .. }), "{error}");
    assert!(
        Vault::open(
            &room.data.path().join("vault.sqlite"),
            keys(room.data.path())
        )
        .is_ok()
    );
}

#[tokio::test]
async fn the_disk_is_waited_for_in_the_background() {
    let room = room();
    let stored = room
        .vault
        .background(|v| v.store(&session(1), &canary()))
        .await
        .unwrap();
    let seat = Actor::Workstation { seat: SeatNo(3) };
    let read = room
        .vault
        .background(move |v| v.read(&stored, Purpose::Seat, &seat, NOW))
        .await
        .unwrap();
    assert_eq!(read.name, NAME);
}

mod import {
    use super::*;
    use CommitteeColumn::{Employer, IdNumber, Kind, Name, Phone};

    fn table() -> String {
        format!(
            "姓名,手机号,身份证号,类别,单位\n欧阳慕雪,13917264850,{},专家,宝山区水务勘测设计院\n\
             李伟,+86 186-2130-0411,{},招标人代表,\n",
            id_number(123),
            id_number(124).to_lowercase()
        )
    }

    fn kinds_of(bytes: &[u8]) -> Vec<MemberKind> {
        let room = room();
        let imported = room.vault.import_committee(&session(1), bytes).unwrap();
        let first = room
            .vault
            .read(&imported[0].0, Purpose::FeeStatement, &gate(), NOW)
            .unwrap();
        assert_eq!(first, canary());
        let second = room
            .vault
            .read(&imported[1].0, Purpose::FeeStatement, &gate(), NOW)
            .unwrap();
        assert_eq!(
            (second.phone.as_str(), second.id_number.as_str()),
            ("18621300411", id_number(124).as_str())
        );
        imported.iter().map(|(_, kind)| *kind).collect()
    }

    #[test]
    fn utf8_gb18030_and_english_headers_are_read() {
        let both = [MemberKind::Expert, MemberKind::TendererRepresentative];
        assert_eq!(kinds_of(table().as_bytes()), both);
        assert_eq!(
            kinds_of(&[b"\xef\xbb\xbf", table().as_bytes()].concat()),
            both
        );
        let utf8 = table();
        let (gb, _, lost) = encoding_rs::GB18030.encode(&utf8);
        assert!(!lost && std::str::from_utf8(&gb).is_err());
        assert_eq!(kinds_of(&gb), both);
        let english = table()
            .replace(
                "姓名,手机号,身份证号,类别,单位",
                "Name,Phone,ID_Number,Kind,Employer",
            )
            .replace("专家", "expert")
            .replace("招标人代表", "tenderer_representative")
            .replace('\n', "\r\n");
        assert_eq!(kinds_of(english.as_bytes()), both);
        assert_eq!(kinds_of(table().replace(',', "\t").as_bytes()), both);
    }

    fn faults_of(table: &[u8]) -> Vec<(u64, Option<CommitteeColumn>, RowFaultCode)> {
        let room = room();
        let error = room.vault.import_committee(&session(1), table).unwrap_err();
        assert_eq!(room.vault.people(&session(1)).unwrap(), []);
        let ImportError::Rows(faults) = error else {
            unreachable!("{error}")
        };
        faults.iter().map(|f| (f.line, f.column, f.code)).collect()
    }

    #[test]
    fn every_fault_is_named_by_line_and_column() {
        let mut wrong_check = id_number(123);
        wrong_check.replace_range(17.., if wrong_check.ends_with('1') { "2" } else { "1" });
        let good = id_number(124);
        let table = format!(
            "姓名,手机号,身份证号,类别,单位\n\
             ,12345,{wrong_check},专家,甲\n\
             \n\
             王芳1,1.38E+10,31011319701340123X,组长,甲\n\
             李伟,18621300411,{good},专家,{}\n\
             李伟,18621300411,{good},专家,乙\n\
             李伟,18621300411,{good},招标人代表,乙\n\
             李强,,310113,,乙\n",
            "甲".repeat(101)
        );
        assert_eq!(
            faults_of(table.as_bytes()),
            [
                (2, Some(Name), RowFaultCode::Empty),
                (2, Some(Phone), RowFaultCode::NotAMobile),
                (2, Some(IdNumber), RowFaultCode::Checksum),
                (4, Some(Name), RowFaultCode::NotAName),
                (4, Some(Phone), RowFaultCode::NotAMobile),
                (4, Some(IdNumber), RowFaultCode::BirthDate),
                (4, Some(Kind), RowFaultCode::UnknownKind),
                (5, Some(Employer), RowFaultCode::TooLong),
                (7, Some(IdNumber), RowFaultCode::Duplicate),
                (7, Some(Phone), RowFaultCode::DuplicatePhone),
                (8, Some(Phone), RowFaultCode::Empty),
                (8, Some(IdNumber), RowFaultCode::NotAnIdNumber),
                (8, Some(Kind), RowFaultCode::Empty),
            ]
        );
    }

    #[test]
    fn tables_that_are_none_are_refused() {
        let header = "姓名,手机号,身份证号,类别\n";
        assert_eq!(
            faults_of(b"PK\x03\x04\0\0"),
            [(1, None, RowFaultCode::Encoding)]
        );
        assert_eq!(
            faults_of(b"\xff\xff\xff"),
            [(1, None, RowFaultCode::Encoding)]
        );
        assert_eq!(
            faults_of(header.as_bytes()),
            [(2, None, RowFaultCode::NoRows)]
        );
        assert_eq!(faults_of(b"").len(), 4);
        let (missing, twice) = (RowFaultCode::ColumnMissing, RowFaultCode::ColumnTwice);
        assert_eq!(
            faults_of("姓名,身份证号,类别,姓名\n".as_bytes()),
            [(1, Some(Name), twice), (1, Some(Phone), missing)]
        );
        let row = |n: u16| format!("李伟,13{:09},{},专家\n", n, id_number(n));
        let long: String = (0..300).map(row).collect();
        let faults = faults_of(format!("{header}{long}").as_bytes());
        assert_eq!(faults, [(202, None, RowFaultCode::TooManyRows)]);
        // rows that are none count too: a large file of the wrong kind is not read to its end
        let faults = faults_of(format!("{header}{}", "x,\n".repeat(300_000)).as_bytes());
        assert_eq!(
            (faults.len(), faults.last()),
            (801, Some(&(202, None, RowFaultCode::TooManyRows)))
        );
        let empty = format!("{header}{}\n李伟,1,1,专家\n", ",,,\n".repeat(300_000));
        assert_eq!(faults_of(empty.as_bytes())[0].0, 300_003);
    }

    #[test]
    fn faults_never_repeat_what_stood_there() {
        let room = room();
        room.vault.store(&session(1), &canary()).unwrap();
        let error = room
            .vault
            .import_committee(&session(1), table().as_bytes())
            .unwrap_err();
        let ImportError::Rows(faults) = &error else {
            unreachable!("{error}")
        };
        assert_eq!(faults[0].code, RowFaultCode::AlreadyInSession);
        assert_eq!(faults.len(), 1);
        let bad = table()
            .replace("13917264850", "139172648501")
            .replace("专家", "组长");
        let other_error = room
            .vault
            .import_committee(&session(2), bad.as_bytes())
            .unwrap_err();
        let shown = format!("{error} {error:?} {other_error} {other_error:?}");
        for value in ["欧阳慕雪", "1391726", "组长", &id_number(123), "李伟"] {
            assert!(!shown.contains(value), "{shown}");
        }
    }
}
