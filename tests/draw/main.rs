//! A draw's protocol from the tables to the public record: killed at every step, tampered with, and computed anew by a
//! stranger.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::unused_async,
    reason = "a test ends by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod box_of;
mod hall;
mod hub;
mod model;
mod races;
mod walks;

use bidroom::draw::{DrawRecordFile, Opening, PublicRecord, verify};
use bidroom::room::{AbortReason, DrawStage, Hex32};
use box_of::{Box, SUPERVISOR};
use std::process::Command;

/// A pool large enough that all stay in it, whoever declines.
const POOL: u16 = 40;

#[test]
fn a_stranger_gets_the_same_order() {
    let mut room = Box::prepared(POOL);
    room.seed();
    for _ in 0..12 {
        room.work(|_| false);
        room.one_declines();
    }
    let record = room.record();
    assert_eq!(record.drawn.len(), 5 + 12 - 1);
    assert_eq!(verify(&record, None).faults, [""; 0]);
    assert_eq!(verify(&record, Some(&room.opening())).faults, [""; 0]);
    let drawn: Vec<String> = record.drawn.iter().map(|d| d.row.to_string()).collect();
    let (code, told) = stranger(&record);
    assert_eq!((code, told.trim()), (0, drawn.join(" ").as_str()));
    let (code, told) = by_bidroom(&record);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("抽取记录正确"), "{told}");
}

#[test]
fn a_draw_that_was_stopped_can_still_be_verified() {
    let mut room = Box::prepared(POOL);
    room.seed();
    room.work(|_| false);
    room.stop();
    let record = room.record();
    assert_eq!(record.aborted.len(), 1);
    assert_eq!(record.drawn.len(), 5);
    assert_eq!(verify(&record, Some(&room.opening())).faults, [""; 0]);
    assert_eq!(stranger(&record).0, 0);
    // and whoever was drawn may be drawn again by the next
    room.prepare(POOL);
    room.seed();
    room.work(|_| false);
    assert_eq!(room.record().attempt, 2);
    assert_eq!(verify(&room.record(), None).faults, [""; 0]);
    assert_eq!(room.people(), 5);
}

#[test]
fn whatever_is_changed_in_a_record_is_found_by_both() {
    let mut room = Box::prepared(POOL);
    room.seed();
    room.work(|_| false);
    let record = room.record();
    type Change = fn(&mut PublicRecord);
    let changes: [(&str, Change); 7] = [
        ("another row was drawn", |r| r.drawn[0].row = r.drawn[1].row),
        ("two candidates exchanged", |r| {
            let row = r.drawn[1].row;
            r.drawn[1].row = r.drawn[0].row;
            r.drawn[0].row = row;
        }),
        ("a row is left out", |r| {
            r.pool.pop();
        }),
        ("somebody may not be drawn", |r| {
            let hash = r.pool[0].split(' ').next().unwrap().to_owned();
            r.pool[0] = format!("{hash} ban");
        }),
        ("the box's secret", |r| {
            r.box_secret = Some(Hex32::sha256("another"));
        }),
        ("the supervisor's secret", |r| {
            r.supervisor_secret = Some(Hex32::sha256("another"));
        }),
        ("the number of the draw", |r| r.attempt += 1),
    ];
    for (what, change) in changes {
        let mut changed = record.clone();
        change(&mut changed);
        assert!(!verify(&changed, None).faults.is_empty(), "{what}");
        assert_eq!(by_bidroom(&changed).0, 1, "{what}");
        assert_eq!(stranger(&changed).0, 1, "{what}");
    }
    // who was in the pool, and who was avoided, an auditor sees by the opening
    let mut opening: Opening = room.opening();
    opening.rules = opening
        .rules
        .replace("\"look_back_years\":3", "\"look_back_years\":0");
    assert_eq!(verify(&record, Some(&opening)).faults.len(), 1);
}

#[test]
fn the_record_names_nobody() {
    let mut room = Box::prepared(POOL);
    room.seed();
    room.work(|_| false);
    let record = serde_json::to_string(&room.record()).unwrap();
    let journal = serde_json::to_string(&room.entries).unwrap();
    for text in [&record, &journal] {
        for canary in box_of::canaries() {
            assert!(!text.contains(&canary), "{canary} in what all may see");
        }
    }
    // and the table's order says nothing of the record's
    let drawn = room.record().drawn;
    assert!(drawn.iter().any(|d| d.row >= u32::from(POOL) / 3));
}

#[test]
fn the_record_stays_in_the_archive_when_the_vault_is_emptied() {
    let mut room = Box::prepared(POOL);
    room.seed();
    room.work(|_| false);
    let folder = tempfile::tempdir().unwrap();
    let file = DrawRecordFile::of(folder.path(), &"S-1".parse().unwrap());
    assert_eq!(file.read().unwrap(), None);
    file.write(&room.record()).unwrap();
    let place = folder.path().join("sessions/S-1/data/draw.json");
    assert!(
        place.is_file(),
        "beside what is recorded, so that the bag's manifests name it"
    );
    assert_eq!(file.read().unwrap(), Some(room.record()));
    std::fs::write(&place, "{").unwrap();
    assert!(file.read().is_err(), "damaged is not absent");
}

#[test]
fn killed_at_every_step_the_order_is_the_same() {
    let mut restarts = 0;
    let mut no = 0_u64;
    while restarts < 1_000 {
        let mut room = Box::prepared(30);
        room.seed();
        let mut chance = no.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
        let mut kill = |_: &bidroom::room::Command| {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (chance >> 60) < 10
        };
        for _ in 0..4 {
            restarts += room.work(&mut kill);
            room.one_declines();
        }
        restarts += room.work(&mut kill);
        let record = room.record();
        assert_eq!(verify(&record, Some(&room.opening())).faults, [""; 0]);
        assert_eq!(record.drawn.len(), 9);
        // a restart leaves nobody in the vault who was not drawn
        assert_eq!(room.people(), record.drawn.len());
        no += 1;
    }
    println!("{restarts} restarts in {no} draws");
}

#[test]
fn what_is_lost_or_damaged_is_an_abort_on_the_record() {
    for (damage, reason) in [
        (box_of::Damage::Lost, AbortReason::BasisLost),
        (box_of::Damage::Exchanged, AbortReason::BasisDiffers),
    ] {
        let mut room = Box::prepared(12);
        room.commit();
        room.damage(damage);
        room.reveal(SUPERVISOR);
        room.work(|_| false);
        let stage = room.draw().stage.clone();
        let DrawStage::Aborted { reason: is, .. } = stage else {
            panic!("{damage:?}: {stage:?}");
        };
        assert_eq!(is, reason);
        // the next draw is the second one, for good
        room.prepare(12);
        assert_eq!(room.record().attempt, 2);
        assert_eq!(room.record().aborted.len(), 1);
    }
}

#[test]
fn a_second_preparation_does_not_take_the_first_ones_basis_away() {
    let mut room = Box::prepared(12);
    room.commit();
    assert!(room.try_prepare(12).is_err());
    room.reveal(SUPERVISOR);
    room.work(|_| false);
    assert_eq!(room.record().drawn.len(), 5);
}

fn file(record: &PublicRecord) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), serde_json::to_vec(record).unwrap()).unwrap();
    file
}

pub(crate) fn stranger(record: &PublicRecord) -> (i32, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/draw/stranger.py");
    run(Command::new("python3").arg(script).arg(file(record).path()))
}

pub(crate) fn by_bidroom(record: &PublicRecord) -> (i32, String) {
    let record = file(record);
    let bidroom = env!("CARGO_BIN_EXE_bidroom");
    run(Command::new(bidroom)
        .args(["draw", "verify"])
        .arg(record.path()))
}

fn run(command: &mut Command) -> (i32, String) {
    let done = command.output().unwrap();
    let code = done.status.code().unwrap();
    (code, String::from_utf8(done.stdout).unwrap())
}
